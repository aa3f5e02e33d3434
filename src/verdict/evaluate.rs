//! Works a plan off: relations, populations, lenses, constraints. What each finds is an ordinary
//! table to what comes later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::decide::Classes;
use super::parts::Parts;
use super::stops::{Stop, explain_stop, missing_parameter};
use super::sweep::Steady;
use super::{Evaluation, LeftOut, RelationBounds, Violation};
use crate::base::{BitSet, Idx, IndexVec, Span};
use crate::diag::Diagnostic;
use crate::engine::{Clock, Failure, Halt, Limits, Profile, Sorted, Table, Values};
use crate::facts::{FactSet, StatedFacts};
use crate::model::VarId;
use crate::model::{
    AtomSource, Clause, Cond, Constant, DomainId, KindId, LensId, NeverId, ParameterId, QuestionId,
    RelationId, Ruleset, Term, Ty,
};
use crate::plan::{Figures, Inputs, Plan, Task, below, comparing, plan, read_last, stated, through};
use crate::value::Value;

/// What is certain, and what is possible where that is more.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub certain: Arc<Table>,
    pub possible: Option<Arc<Table>>,
    /// The slots in which a value may be missing.
    pub missing: Vec<usize>,
}

impl Bounds {
    /// Bounds of what only holds things.
    pub fn of_things(certain: Arc<Table>, possible: Option<Arc<Table>>) -> Self {
        Self { certain, possible, missing: Vec::new() }
    }

    pub fn get(&self, possible: bool) -> &Arc<Table> {
        if possible { self.possible.as_ref().unwrap_or(&self.certain) } else { &self.certain }
    }
}

/// An evaluation in progress.
pub(super) struct Evaluator<'r> {
    pub ruleset: &'r Ruleset,
    pub facts: FactSet,
    pub parameters: IndexVec<ParameterId, Option<Value>>,
    pub members: IndexVec<KindId, Arc<BitSet>>,
    pub clock: Clock,
    pub profile: &'r Profile,
    pub relations: IndexVec<RelationId, Option<Bounds>>,
    pub classes: IndexVec<QuestionId, Classes>,
    asked: Mutex<BTreeMap<AtomSource, Bounds>>,
    /// What parts of rows say, by question.
    pub parts: IndexVec<QuestionId, Parts>,
    /// What figures come to in the rows of the lens that is being worked out.
    pub figures: Option<Arc<Figures>>,
    /// Whether it is also asked whom rows would match without each of their conditions.
    pub reasons: bool,
    /// What was stated of each relation, where it is kept.
    pub stated: Option<IndexVec<RelationId, StatedFacts>>,
    /// Relations that were let go.
    gone: BTreeSet<RelationId>,
    pub left_out: LeftOut,
    /// Where a parameter takes several values, what stays the same.
    pub steady: Option<Steady>,
}

/// How much is worked out.
#[derive(Clone, Copy, Default, Debug)]
pub enum Scope<'l> {
    /// All of it.
    #[default]
    All,
    /// The relations that these lenses rest on, with what those need; no constraints.
    Below(&'l [LensId]),
    /// What these two lenses say, with what that needs; no constraints.
    Two([LensId; 2]),
    /// What these lenses say, beside all relations, populations and constraints.
    Comparing(&'l [LensId]),
    /// What is stated; nothing that rules conclude.
    Stated,
}

/// What an evaluation hands on beside what everybody needs.
#[derive(Clone, Copy, Default, Debug)]
pub struct Extras<'l> {
    /// Whom each row would match without each of its conditions.
    pub splits: bool,
    /// What the evaluation holds of relations and facts.
    pub holds: Holds,
    /// What may be left out.
    pub scope: Scope<'l>,
}

/// What an evaluation holds of relations and facts at its end.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Holds {
    /// All relations.
    #[default]
    Relations,
    /// These, and the facts as they were stated.
    Stated,
    /// Relations of which something is not known or from which figures are drawn: others are let go when nothing
    /// reads them any more.
    Least,
}

/// Evaluates a ruleset over one world. A parameter that a rule uses needs a value.
pub fn evaluate(
    ruleset: &Ruleset,
    facts: FactSet,
    parameters: &IndexVec<ParameterId, Option<Value>>,
    limits: &Limits,
    profile: &Profile,
    extras: Extras<'_>,
) -> Result<Evaluation, Box<Diagnostic>> {
    let (plan, is_whole) = match extras.scope {
        Scope::All => (plan(ruleset), true),
        Scope::Below(lenses) => (below(ruleset, lenses), false),
        Scope::Two(lenses) => (through(ruleset, &lenses), false),
        Scope::Comparing(lenses) => (comparing(ruleset, lenses), false),
        Scope::Stated => (stated(ruleset), false),
    };
    let mut left_out =
        if is_whole { LeftOut::default() } else { LeftOut::of(ruleset, &plan, &facts.dictionaries) };
    left_out.constraints &= !matches!(extras.scope, Scope::Comparing(_));
    let mut evaluator = Evaluator::new(ruleset, facts, parameters.clone(), limits, profile, extras)?;
    evaluator.left_out = left_out;
    evaluator.run(plan, extras).map_err(|stop| Box::new(explain_stop(stop, limits)))
}

impl<'r> Evaluator<'r> {
    /// Nothing worked out yet; a parameter that a rule uses needs a value.
    pub fn new(
        ruleset: &'r Ruleset,
        facts: FactSet,
        parameters: IndexVec<ParameterId, Option<Value>>,
        limits: &Limits,
        profile: &'r Profile,
        extras: Extras<'_>,
    ) -> Result<Self, Box<Diagnostic>> {
        if let Some((id, _)) = parameters.iter_enumerated().find(|(_, value)| value.is_none()) {
            return Err(Box::new(missing_parameter(ruleset, id)));
        }
        let mut evaluator = Self {
            members: facts.members.iter().map(|members| Arc::new(members.clone())).collect(),
            facts,
            ruleset,
            parameters,
            clock: Clock::start(limits),
            profile,
            relations: ruleset.relations.iter().map(|_| None).collect(),
            classes: ruleset.questions.iter().map(|_| Classes::default()).collect(),
            asked: Mutex::default(),
            parts: ruleset.questions.iter().map(|question| Parts::of(question.slots.len())).collect(),
            figures: None,
            reasons: extras.splits,
            stated: (extras.holds == Holds::Stated)
                .then(|| ruleset.relations.iter().map(|_| StatedFacts::default()).collect()),
            gone: BTreeSet::new(),
            left_out: LeftOut::default(),
            steady: None,
        };
        evaluator.intern_constants();
        Ok(evaluator)
    }
}

impl Evaluator<'_> {
    fn run(mut self, plan: Plan, extras: Extras<'_>) -> Result<Evaluation, Stop> {
        let ruleset = self.ruleset;
        let splits = extras.splits;
        let mut read_last = match extras.holds {
            Holds::Least => read_last(ruleset, &plan.steps, splits),
            Holds::Relations | Holds::Stated => Vec::new(),
        }
        .into_iter();
        for task in plan.steps {
            self.task(&task)?;
            read_last.next().into_iter().flatten().for_each(|relation| self.let_go(relation));
        }
        for question in ruleset.questions.ids() {
            if !self.left_out.populations.contains(&question) {
                self.finish_open(question)?;
            }
        }
        for question in self.ruleset.questions.ids().filter(|_| splits) {
            self.splits(question)?;
        }
        let mut violations = IndexVec::new();
        for never in ruleset.nevers.ids() {
            let left_out = self.left_out.constraints;
            violations.push(if left_out { Vec::new() } else { self.constraint(never)? });
        }
        Ok(self.finish(violations))
    }

    /// Works out what a step of a plan does.
    pub fn task(&mut self, task: &Task) -> Result<(), Stop> {
        let (ruleset, profile) = (self.ruleset, self.profile);
        self.clock.time()?;
        let rows = |rows: &Result<usize, Stop>| rows.as_ref().map_or(0, |rows| *rows);
        profile.part(
            || task.name(ruleset),
            rows,
            || match task {
                Task::Relations { members, recursive } => {
                    self.relations(members, *recursive)?;
                    Ok(members
                        .iter()
                        .filter_map(|id| Some(self.relations[*id].as_ref()?.certain.len()))
                        .sum())
                }
                Task::Population(question) => {
                    self.population(*question)?;
                    Ok(self.classes[*question].len())
                }
                Task::Lens(lens) => {
                    self.lens(*lens)?;
                    Ok(self.classes[ruleset.lenses[*lens].question].len())
                }
            },
        )?;
        Ok(())
    }

    /// What lenses were asked as relations so far.
    pub fn asked(&self) -> BTreeMap<AtomSource, Bounds> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes this for what lenses were asked so far.
    pub fn set_asked(&mut self, asked: BTreeMap<AtomSource, Bounds>) {
        self.asked = Mutex::new(asked);
    }

    /// Lets a relation go that nothing reads any more, unless figures are drawn from it.
    fn let_go(&mut self, relation: RelationId) {
        let is_told = self.ruleset.repeats.iter().any(|repeat| repeat.relation == relation);
        let is_plain = |bounds: &Bounds| bounds.possible.is_none() && bounds.missing.is_empty();
        if !is_told && self.relations[relation].as_ref().is_some_and(is_plain) {
            self.relations[relation] = None;
            self.gone.insert(relation);
        }
    }

    /// Gives every constant of a rule an id, so that bodies compare ids alone.
    pub fn intern_constants(&mut self) {
        let mut constants: BTreeSet<Constant> = BTreeSet::new();
        let ruleset = self.ruleset;
        for rule in &ruleset.rules {
            rule.head.iter().for_each(|term| constant_of(term, &mut constants));
            constants_of(&rule.clause, &mut constants);
        }
        for question in &ruleset.questions {
            question.among.iter().for_each(|clause| constants_of(clause, &mut constants));
        }
        for row in ruleset.lenses.iter().flat_map(|lens| lens.rows.iter()) {
            constants_of(&row.clause, &mut constants);
        }
        ruleset.nevers.iter().for_each(|never| constants_of(&never.clause, &mut constants));
        constants.extend(self.parameters.iter().flatten().cloned().map(Constant::Value));
        let mut values: BTreeMap<DomainId, Vec<Value>> = BTreeMap::new();
        for constant in constants {
            match constant {
                Constant::Thing(domain, name) => _ = self.facts.dictionaries[domain].intern_name(&name),
                Constant::Value(value) => {
                    values.entry(ruleset.domain_of(Ty::Value(value.kind()))).or_default().push(value);
                }
            }
        }
        for (domain, values) in values {
            self.facts.dictionaries[domain].intern_named(&values);
        }
    }

    /// Calls `work` with everything bodies read. Values it makes get ids that last where `keep` says
    /// so; they count in the order they were made, so `work` must then make them in a fixed order.
    pub fn with_inputs<T>(
        &mut self,
        keep: bool,
        work: impl FnOnce(&Self, &Inputs<'_>, &Values<'_>) -> T,
    ) -> T {
        let values = Values::new(&self.facts.dictionaries);
        let tables = |source: &AtomSource, possible: bool| Arc::clone(self.bounds(source).get(possible));
        let missing = |source: &AtomSource, slot: usize| self.bounds(source).missing.contains(&slot);
        let inputs = Inputs {
            ruleset: self.ruleset,
            dictionaries: &self.facts.dictionaries,
            parameters: &self.parameters,
            members: &self.members,
            tables: &tables,
            missing: &missing,
            clock: &self.clock,
            figures: self.figures.as_deref(),
        };
        let result = work(self, &inputs, &values);
        for (domain, made) in values.into_made().into_iter().filter(|_| keep) {
            for value in made {
                self.facts.dictionaries[domain].intern_value(&value);
            }
        }
        result
    }

    /// What an atom asks.
    pub fn bounds(&self, source: &AtomSource) -> Bounds {
        if let AtomSource::Relation(relation) = source {
            assert!(!self.gone.contains(relation), "a relation is let go after it was read last");
            return self.relations[*relation].clone().unwrap_or_else(|| {
                // A relation of the loop being worked out: read by its rules only through deltas
                // and what has been found so far, which stands there already.
                let arity = self.ruleset.relations[*relation].slots.len();
                Bounds::of_things(Arc::new(Table::from_rows(arity, &[])), None)
            });
        }
        let lock = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().get(source) {
            return found.clone();
        }
        let bounds = self.ask(source);
        lock().insert(source.clone(), bounds.clone());
        bounds
    }

    fn ask(&self, source: &AtomSource) -> Bounds {
        match source {
            AtomSource::Relation(_) => self.bounds(source),
            AtomSource::Verdict { question, verdict, needed, lenses } => {
                self.classes[*question].verdict(lenses, *verdict, *needed as usize)
            }
            AtomSource::Disagree { question, left, right } => {
                self.classes[*question].disagreement(*left, *right)
            }
        }
    }

    /// Whether anything a body reads is doubtful.
    pub fn is_doubtful(&self, clause: &Clause) -> bool {
        let mut found = false;
        let mut visit = |cond: &Cond| found |= self.cond_is_doubtful(cond);
        visit(&clause.when);
        clause.unless.iter().for_each(visit);
        found
    }

    /// Whether anything a condition reads is doubtful.
    pub fn cond_is_doubtful(&self, cond: &Cond) -> bool {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().any(|part| self.cond_is_doubtful(part)),
            Cond::Not(inner, _) => self.cond_is_doubtful(inner),
            Cond::Atom(atom) => !atom.known && self.source_is_doubtful(&atom.source),
            Cond::Compare { .. } | Cond::Let { .. } => {
                let mut found = false;
                cond.aggregated(&mut |body| found |= self.cond_is_doubtful(body));
                found
            }
            Cond::IsKind { .. } | Cond::Stated { .. } => false,
        }
    }

    fn source_is_doubtful(&self, source: &AtomSource) -> bool {
        let bounds = || {
            let bounds = self.bounds(source);
            bounds.possible.is_some() || !bounds.missing.is_empty()
        };
        match source {
            AtomSource::Relation(_) => bounds(),
            AtomSource::Verdict { question, .. } | AtomSource::Disagree { question, .. } => {
                if self.ruleset.questions[*question].among.is_none() {
                    return bounds();
                }
                let said = |possible: bool| self.classes[*question].said(source, possible);
                said(false) != said(true)
            }
        }
    }

    /// Why a search stopped, in the reader's words.
    pub fn halted(&self, halt: Halt, clause: &Clause, shown: &[VarId], span: Span) -> Stop {
        match halt {
            Halt::Reached(reached) => Stop::Reached(reached),
            Halt::Failed(failure) => self.domain_error(&failure, clause, shown, span),
        }
    }

    /// A calculation without result, with the things it was about. Of a conclusion's words only those
    /// are named that take no value by `=`: that value is what is missing.
    fn domain_error(&self, failure: &Failure, clause: &Clause, shown: &[VarId], span: Span) -> Stop {
        let mut known = BTreeSet::new();
        named_by_sentences(&clause.when, &mut known);
        let facts: Vec<String> = shown
            .iter()
            .filter(|var| known.contains(*var))
            .filter_map(|var| {
                let entry = &clause.vars[*var];
                let dictionary = &self.facts.dictionaries[self.ruleset.domain_of(entry.ty)];
                let id = failure.ids[var.index()];
                let name = ((id as usize) < dictionary.len()).then(|| dictionary.show(id))?;
                Some(format!("{} = {name}", entry.name))
            })
            .collect();
        Stop::Domain { error: failure.error, span, facts: facts.join(", ") }
    }

    /// The ways a constraint is broken, as a part of the work of its own.
    fn constraint(&mut self, never: NeverId) -> Result<Vec<Violation>, Stop> {
        let profile = self.profile;
        profile.part(
            || "constraint".to_owned(),
            |found: &Result<Vec<Violation>, Stop>| found.as_ref().map_or(0, Vec::len),
            || {
                profile.note(Some(self.ruleset.nevers[never].span), String::new);
                self.violations(never)
            },
        )
    }

    fn violations(&mut self, never: NeverId) -> Result<Vec<Violation>, Stop> {
        let ruleset = self.ruleset;
        let entry = &ruleset.nevers[never];
        let mut known = BTreeSet::new();
        crate::model::clause::bind(&entry.clause.when, &mut known);
        let shown: Vec<_> = known.into_iter().filter(|var| !entry.clause.vars[*var].any).collect();
        let doubtful = self.is_doubtful(&entry.clause);
        let certain = self.ways(&entry.clause, &shown, false, entry.span)?;
        let possible =
            if doubtful { self.ways(&entry.clause, &shown, true, entry.span)? } else { Sorted::default() };
        let name = |(var, id): (&VarId, &u32)| {
            let domain = ruleset.domain_of(entry.clause.vars[*var].ty);
            (*var, self.facts.dictionaries[domain].constant(*id))
        };
        let violation = |way: Vec<u32>, certain| Violation {
            bindings: shown.iter().zip(&way).map(name).collect(),
            certain,
        };
        let mut out: Vec<Violation> = certain.rows().map(|way| violation(way, true)).collect();
        let doubts = possible.without(&certain);
        out.extend(doubts.rows().map(|way| violation(way, false)));
        out.sort();
        Ok(out)
    }

    fn finish(mut self, violations: IndexVec<NeverId, Vec<Violation>>) -> Evaluation {
        let relations: IndexVec<RelationId, RelationBounds> = self
            .relations
            .iter_mut()
            .map(|bounds| match bounds.take() {
                Some(Bounds { certain, possible, .. }) => RelationBounds {
                    certain: certain.in_order(),
                    possible: possible.map(|possible| possible.in_order()),
                },
                None => RelationBounds::default(),
            })
            .collect();
        let classes = self.classes.iter_mut().map(std::mem::take);
        let tables = self.ruleset.questions.ids().zip(classes);
        let tables = tables.map(|(question, classes)| classes.into_table(question)).collect();
        let stated = self.stated_facts(&relations);
        Evaluation {
            dictionaries: self.facts.dictionaries,
            tables,
            relations,
            reads: self.facts.reads,
            violations,
            parameters: self.parameters.clone(),
            stated,
            left_out: self.left_out,
        }
    }
}

/// The variables that sentences outside negative parts give their values.
fn named_by_sentences(cond: &Cond, out: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| named_by_sentences(part, out)),
        Cond::Atom(atom) => out.extend(atom.args.iter().filter_map(crate::model::clause::as_var)),
        Cond::IsKind { term, .. } => out.extend(crate::model::clause::as_var(term)),
        Cond::Not(..) | Cond::Compare { .. } | Cond::Let { .. } | Cond::Stated { .. } => {}
    }
}

fn constant_of(term: &Term, out: &mut BTreeSet<Constant>) {
    if let Term::Constant(constant) = term {
        out.insert(constant.clone());
    }
}

fn constants_of(clause: &Clause, out: &mut BTreeSet<Constant>) {
    cond_constants(&clause.when, out);
    clause.unless.iter().for_each(|unless| cond_constants(unless, out));
}

fn cond_constants(cond: &Cond, out: &mut BTreeSet<Constant>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| cond_constants(part, out)),
        Cond::Not(inner, _) => cond_constants(inner, out),
        Cond::Atom(atom) => atom.args.iter().for_each(|term| constant_of(term, out)),
        Cond::IsKind { term, .. } => constant_of(term, out),
        Cond::Compare { lhs, rhs, .. } => {
            for side in [lhs, rhs] {
                if let crate::model::Expr::Term(term) = side {
                    constant_of(term, out);
                }
            }
        }
        Cond::Let { .. } | Cond::Stated { .. } => {}
    }
    let mut bodies = Vec::new();
    cond.aggregated(&mut |body| bodies.push(body));
    bodies.into_iter().for_each(|body| cond_constants(body, out));
}
