//! One world worked out as far as it is asked about: what a change does not touch is read off the
//! evaluation, the rest is derived again from what is stated.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::lookup::{Flow, Stop, Tuple, Want, fits};
use super::settled::Settled;
use super::solve::Env;
use super::world::{Change, Node, World};
use crate::base::Idx;
use crate::model::{KindId, LensId, Otherwise, QuestionId, RelationId, RowId, Term, Ty};
use crate::verdict::{Outcome, OutcomeSet, outcome_of_rows};

/// The most goals that may wait for each other.
const DEEPEST: usize = 150;

/// What of a relation is asked, and the bound.
pub(super) type Goal = (RelationId, Vec<Option<u32>>, bool);

#[derive(Default)]
struct Table {
    tuples: BTreeSet<Tuple>,
    pass: u64,
    done: bool,
}

/// What the rows of a lens say of a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Matched {
    /// Rows that match certainly.
    pub certain: Vec<usize>,
    /// Rows that match certainly or possibly.
    pub possible: Vec<usize>,
    /// What they give, what holds where none decides left out.
    pub rows: OutcomeSet,
    /// Whether what holds where none decides is open.
    pub default: bool,
}

/// A world, worked out on demand.
pub(super) struct Run<'w> {
    pub world: &'w World<'w>,
    pub change: Change,
    /// The only facts that positive sentences may rest on.
    only: Option<BTreeSet<(RelationId, Tuple)>>,
    /// The world that negative parts are asked in, where `only` restricts this one.
    full: Option<&'w Run<'w>>,
    /// The world in which it is asked what is known, where this one is a completion of it.
    knowing: Option<&'w Run<'w>>,
    changed: BTreeSet<Node>,
    tables: RefCell<HashMap<Goal, Table>>,
    outcomes: RefCell<HashMap<(LensId, Tuple), Matched>>,
    touched: RefCell<BTreeMap<Node, bool>>,
    /// The loops being worked out, with whether the pass found something new.
    driven: RefCell<BTreeMap<usize, bool>>,
    passes: Cell<u64>,
    depth: Cell<usize>,
    left: Cell<u64>,
    trace: Option<RefCell<Trace>>,
    /// What is worked out already.
    pub settled: Settled,
    /// Whether some calculation had no result.
    pub failed: Cell<bool>,
}

/// What an answer was read off: nothing else can change it.
#[derive(Clone, Default, Debug)]
pub(super) struct Trace {
    /// Facts that were seen, and whether they are doubtful.
    pub facts: BTreeSet<(RelationId, Tuple, bool)>,
    /// What was looked for.
    pub asked: BTreeSet<(RelationId, Vec<Want>)>,
    /// Things whose kind was asked.
    pub kinds: BTreeSet<(KindId, u32)>,
    /// Kinds of which all things were asked.
    pub all: BTreeSet<KindId>,
}

impl<'w> Run<'w> {
    /// A world that differs so from the one evaluated, with so many steps to work it out.
    pub fn new(world: &'w World<'w>, change: Change, budget: u64) -> Self {
        let changed = change.nodes();
        Self {
            world,
            change,
            only: None,
            full: None,
            knowing: None,
            changed,
            tables: RefCell::default(),
            outcomes: RefCell::default(),
            touched: RefCell::default(),
            driven: RefCell::default(),
            passes: Cell::new(0),
            depth: Cell::new(0),
            left: Cell::new(budget),
            trace: None,
            settled: Settled::default(),
            failed: Cell::new(false),
        }
    }

    /// The same, noting everything an answer is read off.
    pub fn tracing(world: &'w World<'w>, change: Change, budget: u64) -> Self {
        Self { trace: Some(RefCell::default()), ..Self::new(world, change, budget) }
    }

    /// A completion of a world, tracing: what is known stays what it is there.
    pub fn completing(base: &'w Run<'w>, change: Change, budget: u64) -> Self {
        Self { knowing: Some(base), ..Self::tracing(base.world, change, budget) }
    }

    /// The world in which it is asked what is known.
    pub fn knowing(&self) -> &Run<'w> {
        self.knowing.unwrap_or(self)
    }

    /// What the answers so far were read off.
    pub fn trace(&self) -> Trace {
        self.trace.as_ref().map(|trace| trace.borrow().clone()).unwrap_or_default()
    }

    fn note(&self, note: impl FnOnce(&mut Trace)) {
        if let Some(trace) = &self.trace {
            note(&mut trace.borrow_mut());
        }
    }

    /// The same world where positive sentences rest on these facts alone.
    pub fn resting_on(full: &'w Run<'w>, only: BTreeSet<(RelationId, Tuple)>, budget: u64) -> Self {
        Self { only: Some(only), full: Some(full), ..Self::new(full.world, full.change.clone(), budget) }
    }

    /// The world that negative parts, aggregates and lenses are asked in.
    pub fn whole(&self) -> &Run<'w> {
        self.full.unwrap_or(self)
    }

    /// How many steps are left.
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    /// Allows so many steps from here on.
    pub fn refill(&self, budget: u64) {
        self.left.set(budget);
    }

    /// Counts a step.
    pub fn tick(&self) -> Flow {
        let left = self.left.get();
        if left == 0 || self.world.over().is_some() {
            return Err(Stop::Spent);
        }
        self.left.set(left - 1);
        Ok(())
    }

    /// Whether what was evaluated does not tell.
    pub fn is_touched(&self, node: Node) -> bool {
        if self.trace.is_some() || self.changed.is_empty() {
            return self.trace.is_some();
        }
        if self.settled.knows(node) {
            return false;
        }
        if let Some(known) = self.touched.borrow().get(&node) {
            return *known;
        }
        let touched = !self.world.reads(node).is_disjoint(&self.changed);
        self.touched.borrow_mut().insert(node, touched);
        touched
    }

    /// Whether a thing is of a kind.
    pub fn is_member(&self, kind: KindId, id: u32) -> bool {
        self.note(|trace| _ = trace.kinds.insert((kind, id)));
        let known = self.world.stated.members[kind].contains(id as usize);
        self.change.members.get(&(kind, id)).copied().unwrap_or(known)
    }

    /// All things of a kind.
    pub fn members(&self, kind: KindId) -> Vec<u32> {
        self.note(|trace| _ = trace.all.insert(kind));
        let known = self.world.stated.members[kind].iter().map(|id| id as u32);
        let mut all: BTreeSet<u32> = known.collect();
        for ((other, id), is) in &self.change.members {
            if *other == kind {
                if *is {
                    all.insert(*id)
                } else {
                    all.remove(id)
                };
            }
        }
        all.into_iter().collect()
    }

    /// The facts stated of a relation.
    pub fn stated(
        &self,
        relation: RelationId,
        want: &[Want],
        possible: bool,
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        if let Some(only) = &self.only {
            let own = only.range((relation, Vec::new())..).take_while(|(other, _)| *other == relation);
            return own.filter(|(_, tuple)| fits(want, tuple)).try_for_each(|(_, tuple)| visit(tuple));
        }
        self.note(|trace| {
            trace.asked.insert((relation, want.to_vec()));
            let entry = &self.world.ruleset.relations[relation];
            for (slot, want) in entry.slots.iter().zip(want).filter(|_| entry.open.is_some()) {
                if let (Ty::Thing(kind), Want::Is(id)) = (slot.ty, want) {
                    trace.kinds.insert((kind, *id));
                }
            }
        });
        let delta = self.change.relations.get(&relation);
        let facts = &self.world.stated.relations[relation];
        for maybe in [false, true].into_iter().filter(|maybe| possible || !maybe) {
            let gone = |tuple: &[u32]| delta.is_some_and(|d| d.removed[usize::from(maybe)].contains(tuple));
            self.world.indexes.each(facts.columns(maybe), want, &mut |tuple| {
                self.tick()?;
                if gone(tuple) {
                    return Ok(());
                }
                self.note(|trace| _ = trace.facts.insert((relation, tuple.to_vec(), maybe)));
                visit(tuple)
            })?;
            let added = delta.into_iter().flat_map(|delta| &delta.added[usize::from(maybe)]);
            added.filter(|tuple| fits(want, tuple)).try_for_each(|tuple| {
                self.note(|trace| _ = trace.facts.insert((relation, tuple.clone(), maybe)));
                visit(tuple)
            })?;
        }
        Ok(())
    }

    /// The tuples of a relation, stated and derived.
    pub fn tuples(
        &self,
        relation: RelationId,
        want: &[Want],
        possible: bool,
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        if self.only.is_none() && !self.is_touched(Node::Relation(relation)) {
            let bounds = &self.world.evaluation.relations[relation];
            let columns = match &bounds.possible {
                Some(columns) if possible => columns,
                _ => &bounds.certain,
            };
            let overlay = self.settled.relation(relation);
            self.world.indexes.each(columns, want, &mut |tuple| {
                self.tick()?;
                if overlay.as_ref().is_some_and(|overlay| !overlay.holds(possible, tuple, true)) {
                    return Ok(());
                }
                visit(tuple)
            })?;
            return overlay.map_or(Ok(()), |overlay| overlay.new_ones(possible, want, visit));
        }
        if !self.world.ruleset.rules.iter().any(|rule| rule.relation == relation) {
            return self.stated(relation, want, possible, visit);
        }
        for tuple in self.derived(relation, want, possible)? {
            visit(&tuple)?;
        }
        Ok(())
    }

    /// The tuples of a relation with rules, derived from what they rest on.
    pub fn derived(&self, relation: RelationId, want: &[Want], possible: bool) -> Result<Vec<Tuple>, Stop> {
        let keeping = self.world.ruleset.relations[relation].keeping;
        let raw = self.goal(relation, want, possible)?;
        let inside =
            self.world.loops[relation].is_some_and(|place| self.driven.borrow().contains_key(&place));
        let Some((_, slot)) = keeping.filter(|_| !inside) else {
            return Ok(raw.into_iter().filter(|tuple| fits(want, tuple)).collect());
        };
        // A kept value that doubtful facts could change, or that only they give, is missing.
        let other = self.goal(relation, want, !possible)?;
        let settled = raw.into_iter().map(|mut tuple| {
            if !other.contains(&tuple) {
                tuple[slot] = crate::facts::MISSING;
            }
            tuple
        });
        Ok(settled.filter(|tuple| fits(want, tuple)).collect())
    }

    /// The tuples of a relation with these things in their slots, whatever the values.
    fn goal(&self, relation: RelationId, want: &[Want], possible: bool) -> Result<BTreeSet<Tuple>, Stop> {
        let pattern: Vec<Option<u32>> = want
            .iter()
            .enumerate()
            .map(|(slot, want)| match want {
                Want::Is(id) if !self.world.is_value(relation, slot) => Some(*id),
                _ => None,
            })
            .collect();
        let goal = (relation, pattern, possible);
        if let Some(table) = self.tables.borrow().get(&goal)
            && (table.done || table.pass == self.passes.get())
        {
            return Ok(table.tuples.clone());
        }
        let depth = self.depth.get();
        if depth > DEEPEST {
            return Err(Stop::Spent);
        }
        self.depth.set(depth + 1);
        let place = self.world.loops[relation];
        let result = match place {
            Some(place) if !self.driven.borrow().contains_key(&place) => self.drive(place, &goal),
            _ => self.pass(&goal),
        };
        self.depth.set(depth);
        result?;
        let mut tables = self.tables.borrow_mut();
        let table = tables.entry(goal).or_default();
        table.done |= place.is_none();
        Ok(table.tuples.clone())
    }

    /// Works a goal of a loop out, pass by pass, until nothing new comes.
    fn drive(&self, place: usize, goal: &Goal) -> Flow {
        let outer = self.passes.get();
        let mut passes = outer;
        loop {
            passes += 1;
            self.passes.set(passes);
            self.driven.borrow_mut().insert(place, false);
            let passed = self.pass(goal);
            let more = self.driven.borrow_mut().remove(&place);
            passed?;
            if more != Some(true) {
                break;
            }
        }
        for (other, table) in self.tables.borrow_mut().iter_mut() {
            table.done |= self.world.loops[other.0] == Some(place) && table.pass == passes;
        }
        // Goals of an outer loop are of its pass again.
        let mut tables = self.tables.borrow_mut();
        tables.values_mut().filter(|table| !table.done && table.pass == passes).for_each(|t| t.pass = 0);
        self.passes.set(if self.driven.borrow().is_empty() { passes } else { outer });
        Ok(())
    }

    fn pass(&self, goal: &Goal) -> Flow {
        let (relation, pattern, possible) = goal;
        let mut found = {
            let mut tables = self.tables.borrow_mut();
            let table = tables.entry(goal.clone()).or_default();
            table.pass = self.passes.get();
            table.tuples.clone()
        };
        let before = found.clone();
        let want: Vec<Want> = pattern.iter().map(|id| id.map_or(Want::Any, Want::Is)).collect();
        self.stated(*relation, &want, *possible, &mut |tuple| {
            found.insert(tuple.to_vec());
            Ok(())
        })?;
        for rule in self.world.ruleset.rules.iter().filter(|rule| rule.relation == *relation) {
            let mut env = Env::new(&rule.clause.vars);
            if !self.enter(&rule.head, pattern, &mut env) {
                continue;
            }
            self.clause(&rule.clause, &mut env, *possible, &mut |env| {
                let tuple: Option<Tuple> = rule.head.iter().map(|term| self.term(term, env)).collect();
                found.extend(tuple.filter(|tuple| fits(&want, tuple)));
                Ok(())
            })?;
        }
        if let (Some(full), Some(_)) = (self.full, self.world.ruleset.relations[*relation].keeping) {
            // A kept value is the whole world's; fewer facts would give another.
            let mut known = BTreeSet::new();
            full.tuples(*relation, &want, *possible, &mut |tuple| {
                known.insert(tuple.to_vec());
                Ok(())
            })?;
            found.retain(|tuple| known.contains(tuple));
        }
        self.keep(*relation, &mut found);
        if found != before {
            if let Some(place) = self.world.loops[*relation] {
                self.driven.borrow_mut().insert(place, true);
            }
            if let Some(table) = self.tables.borrow_mut().get_mut(goal) {
                table.tuples = found;
            }
        }
        Ok(())
    }

    /// Gives the words of a conclusion the things wanted there; false where they do not fit.
    pub fn enter(&self, head: &[Term], pattern: &[Option<u32>], env: &mut Env<'_>) -> bool {
        head.iter().zip(pattern).all(|(term, id)| match (term, id) {
            (_, None) => true,
            (Term::Var(var), Some(id)) => {
                let known = env.ids[var.index()].replace(*id);
                known.is_none_or(|known| known == *id)
            }
            (other, Some(id)) => self.term(other, env) == Some(*id),
        })
    }

    fn keep(&self, relation: RelationId, tuples: &mut BTreeSet<Tuple>) {
        let Some((keeping, slot)) = self.world.ruleset.relations[relation].keeping else { return };
        let domain = self.world.domain(relation, slot);
        let value = |tuple: &Tuple| self.world.values.value(domain, tuple[slot]);
        let mut best: BTreeMap<Tuple, Tuple> = BTreeMap::new();
        for tuple in tuples.iter() {
            let mut key = tuple.clone();
            key.remove(slot);
            let better = best.get(&key).is_none_or(|old| match keeping {
                crate::model::Keeping::Fewest => value(tuple) < value(old),
                crate::model::Keeping::Most => value(tuple) > value(old),
            });
            if better {
                best.insert(key, tuple.clone());
            }
        }
        *tuples = best.into_values().collect();
    }

    /// Subjects of a question that are as wanted, possible ones or only certain ones.
    pub fn population(
        &self,
        question: QuestionId,
        want: &[Want],
        possible: bool,
    ) -> Result<BTreeSet<Tuple>, Stop> {
        let mut found = BTreeSet::new();
        if !self.is_touched(Node::Population(question)) {
            let table = &self.world.evaluation.tables[question];
            self.world.indexes.each(&table.subjects, want, &mut |tuple| {
                self.tick()?;
                if possible || table.find(tuple).is_some_and(|place| !table.perhaps.contains(place)) {
                    found.insert(tuple.to_vec());
                }
                Ok(())
            })?;
            for (subject, now) in self.settled.population(question).iter().flat_map(|all| all.iter()) {
                if fits(want, subject) {
                    found.remove(subject);
                    found.extend(now.is_some_and(|certain| certain || possible).then(|| subject.clone()));
                }
            }
            return Ok(found);
        }
        let ruleset = self.world.ruleset;
        let clauses: Vec<_> = match &ruleset.questions[question].among {
            Some(among) => vec![among],
            None => {
                let lenses = ruleset.lenses_of(question);
                lenses.flat_map(|lens| ruleset.lenses[lens].rows.iter().map(|row| &row.clause)).collect()
            }
        };
        let slots = self.world.slots(question);
        for clause in clauses {
            let mut env = Env::new(&clause.vars);
            for (slot, want) in slots.iter().zip(want) {
                if let Want::Is(id) = want {
                    env.ids[slot.index()] = Some(*id);
                }
            }
            self.clause(clause, &mut env, possible, &mut |env| {
                let tuple: Option<Tuple> = slots.iter().map(|slot| env.ids[slot.index()]).collect();
                found.extend(tuple);
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Whether the subject is in the population: not, possibly, certainly.
    pub fn standing(&self, question: QuestionId, subject: &[u32]) -> Result<Option<bool>, Stop> {
        let want: Vec<Want> = subject.iter().map(|id| Want::Is(*id)).collect();
        if self.population(question, &want, true)?.is_empty() {
            return Ok(None);
        }
        Ok(Some(!self.population(question, &want, false)?.is_empty()))
    }

    /// Which rows of a lens match a subject.
    pub fn matched(&self, lens: LensId, subject: &[u32]) -> Result<Matched, Stop> {
        let key = (lens, subject.to_vec());
        if let Some(known) = self.outcomes.borrow().get(&key) {
            return Ok(known.clone());
        }
        let entry = &self.world.ruleset.lenses[lens];
        let mut certain = Vec::new();
        let mut possible = Vec::new();
        for row in entry.rows.ids() {
            if self.row(lens, row, subject, true)? {
                possible.push(row.index());
                if self.row(lens, row, subject, false)? {
                    certain.push(row.index());
                }
            }
        }
        let parameters = &self.world.evaluation.parameters;
        let (rows, default) = outcome_of_rows(self.world.ruleset, parameters, lens, &certain, &possible);
        let matched = Matched { certain, possible, rows, default };
        self.outcomes.borrow_mut().insert(key, matched.clone());
        Ok(matched)
    }

    /// Whether a row matches a subject.
    pub fn row(&self, lens: LensId, row: RowId, subject: &[u32], possible: bool) -> Result<bool, Stop> {
        let clause = &self.world.ruleset.lenses[lens].rows[row].clause;
        let mut env = Env::of_subject(&clause.vars, subject);
        self.holds(|run, visit| run.clause(clause, &mut env, possible, visit))
    }

    /// Whether a search finds anything.
    pub fn holds(
        &self,
        search: impl FnOnce(&Self, &mut dyn FnMut(&mut Env<'_>) -> Flow) -> Flow,
    ) -> Result<bool, Stop> {
        match search(self, &mut |_| Err(Stop::Enough)) {
            Ok(()) => Ok(false),
            Err(Stop::Enough) => Ok(true),
            Err(stop @ (Stop::Spent | Stop::Lost)) => Err(stop),
        }
    }

    /// What a lens says of a subject, of the population or not.
    pub fn outcome(&self, lens: LensId, subject: &[u32]) -> Result<OutcomeSet, Stop> {
        let question = self.world.ruleset.lenses[lens].question;
        if !self.is_touched(Node::Lens(lens)) {
            if let Some(known) = self.settled.outcome(lens, subject) {
                return Ok(known);
            }
            let table = &self.world.evaluation.tables[question];
            if let (Some(place), Some(column)) = (table.find(subject), table.column(lens)) {
                return Ok(table.outcome(column, place));
            }
        }
        let matched = self.matched(lens, subject)?;
        if !matched.default {
            return Ok(matched.rows);
        }
        Ok(match self.world.ruleset.lenses[lens].otherwise {
            Otherwise::Nothing => matched.rows.with(Outcome::None),
            Otherwise::Verdict(verdict, _) => matched.rows.with(Outcome::Verdict(verdict)),
            Otherwise::As(other, _) => matched.rows.union(self.outcome(other, subject)?),
        })
    }

    /// The outcome, where the subject is in the population for certain or perhaps.
    pub fn result(&self, lens: LensId, subject: &[u32]) -> Result<Option<(OutcomeSet, bool)>, Stop> {
        let question = self.world.ruleset.lenses[lens].question;
        match self.standing(question, subject)? {
            None => Ok(None),
            Some(certain) => Ok(Some((self.outcome(lens, subject)?, certain))),
        }
    }

    /// A term's id.
    pub fn term(&self, term: &Term, env: &Env<'_>) -> Option<u32> {
        match term {
            Term::Var(var) => env.ids[var.index()],
            Term::Constant(constant) => Some(self.world.id(constant)),
            Term::Parameter(parameter) => {
                let value = self.world.evaluation.parameters[*parameter].clone()?;
                Some(self.world.id(&crate::model::Constant::Value(value)))
            }
        }
    }
}
