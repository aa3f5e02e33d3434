//! Which subjects a change can reach: bodies are met anew only where something they read is different,
//! from the facts up to the lenses. What is found different is settled, so that nothing is derived twice.

use std::collections::{BTreeMap, BTreeSet};

use super::lookup::{Stop, Tuple, Want};
use super::run::Run;
use super::solve::{Env, flatten, gives};
use super::world::Node;
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::clause::as_var;
use crate::model::{
    AtomSource, Clause, Cond, KindId, LensId, Otherwise, QuestionId, RelationId, Term, Ty, VarId,
};
use crate::plan::Task;
use crate::verdict::Answer;

/// Why it is better to work everything out again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wide {
    /// The search took too many steps.
    Steps,
    /// A loop of rules hands on values.
    Loop,
    /// A calculation has no result.
    Failed,
    /// What was found before was not found again: a bug of ours.
    Lost,
}

impl From<Stop> for Wide {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Lost => Self::Lost,
            Stop::Enough | Stop::Spent => Self::Steps,
        }
    }
}

/// Subjects that may be different, by lens, with what holds now and then.
pub(super) type Found = BTreeMap<LensId, BTreeMap<Tuple, (Answer, Answer)>>;

/// Two worlds side by side, and what was found different so far.
pub(super) struct Cone<'r, 'w> {
    /// The world as evaluated.
    pub old: &'r Run<'w>,
    /// The changed one.
    pub new: &'r Run<'w>,
    relations: BTreeMap<RelationId, BTreeSet<Tuple>>,
    kinds: BTreeMap<KindId, BTreeSet<u32>>,
    lenses: BTreeMap<LensId, BTreeSet<Tuple>>,
    populations: BTreeMap<QuestionId, BTreeSet<Tuple>>,
    found: Found,
}

/// Something a body asks, and whether it must hold itself for the body to.
enum Asked<'c> {
    Atom(&'c AtomSource, &'c [Term]),
    Kind(&'c Term, KindId),
}

/// Where a body asks that: itself, or in a negative part or an aggregate, with the sentences beside it there, all the way
/// up to the body.
#[derive(Clone, Copy)]
struct Place<'p, 'c> {
    positive: bool,
    beside: &'p [&'c Cond],
}

/// Calls back with everything a clause asks.
type Visit<'v, 'c> = &'v mut dyn FnMut(Asked<'c>, Place<'_, 'c>) -> Result<(), Wide>;

fn asked<'c>(clause: &'c Clause, visit: Visit<'_, 'c>) -> Result<(), Wide> {
    parts(&clause.when, true, &mut Vec::new(), visit)?;
    clause.unless.iter().try_for_each(|unless| inner(unless, &mut Vec::new(), visit))
}

fn parts<'c>(
    cond: &'c Cond,
    positive: bool,
    beside: &mut Vec<&'c Cond>,
    visit: Visit<'_, 'c>,
) -> Result<(), Wide> {
    match cond {
        Cond::And(all) => all.iter().try_for_each(|part| parts(part, positive, beside, visit))?,
        Cond::Or(all) => all.iter().try_for_each(|part| {
            if positive { parts(part, true, beside, visit) } else { inner(part, beside, visit) }
        })?,
        Cond::Not(body, _) => inner(body, beside, visit)?,
        Cond::Atom(atom) => visit(Asked::Atom(&atom.source, &atom.args), Place { positive, beside })?,
        Cond::IsKind { term, kind, .. } => visit(Asked::Kind(term, *kind), Place { positive, beside })?,
        Cond::Compare { .. } | Cond::Let { .. } | Cond::Stated { .. } => {}
    }
    let mut bodies = Vec::new();
    cond.aggregated(&mut |body| bodies.push(body));
    bodies.into_iter().try_for_each(|body| inner(body, beside, visit))
}

/// The same of a negative part, or of what an aggregate goes through.
fn inner<'c>(body: &'c Cond, beside: &mut Vec<&'c Cond>, visit: Visit<'_, 'c>) -> Result<(), Wide> {
    let before = beside.len();
    let mut all = Vec::new();
    flatten(body, &mut all);
    beside.extend(all.into_iter().filter(|part| matches!(part, Cond::Atom(_))));
    let result = parts(body, false, beside, visit);
    beside.truncate(before);
    result
}

/// The words for things in a sentence.
fn things<'a>(clause: &'a Clause, part: &'a Cond) -> impl Iterator<Item = VarId> + 'a {
    let args = match part {
        Cond::Atom(atom) => atom.args.as_slice(),
        _ => &[],
    };
    args.iter().filter_map(as_var).filter(|var| matches!(clause.vars[*var].ty, Ty::Thing(_)))
}

impl<'r, 'w> Cone<'r, 'w> {
    pub fn new(old: &'r Run<'w>, new: &'r Run<'w>) -> Self {
        let mut relations: BTreeMap<RelationId, BTreeSet<Tuple>> = BTreeMap::new();
        for (relation, delta) in &new.change.relations {
            let all = delta.added.iter().chain(&delta.removed).flatten().cloned();
            relations.entry(*relation).or_default().extend(all);
        }
        let mut kinds: BTreeMap<KindId, BTreeSet<u32>> = BTreeMap::new();
        for (kind, id) in new.change.members.keys() {
            kinds.entry(*kind).or_default().insert(*id);
        }
        let (lenses, populations, found) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { old, new, relations, kinds, lenses, populations, found }
    }

    /// Goes through steps of a plan, each of which needs only earlier ones: what they make is different from what is.
    pub fn spread<'t>(&mut self, steps: impl IntoIterator<Item = &'t Task>) -> Result<(), Wide> {
        for task in steps {
            match task {
                Task::Relations { members, recursive } => {
                    if !members.iter().any(|relation| self.new.is_touched(Node::Relation(*relation))) {
                        continue;
                    }
                    if *recursive {
                        self.grow(members)?;
                    } else {
                        members.iter().try_for_each(|relation| self.relation(*relation))?;
                    }
                }
                Task::Population(question) => self.population(*question)?,
                Task::Lens(lens) => self.lens(*lens)?,
            }
        }
        if self.new.failed.get() { Err(Wide::Failed) } else { Ok(()) }
    }

    /// What the lenses say otherwise, and of whom, once all steps are gone through.
    pub fn found(&mut self) -> Result<Found, Wide> {
        let ruleset = self.old.world.ruleset;
        for question in ruleset.questions.ids().filter(|id| ruleset.questions[*id].among.is_none()) {
            self.open_question(question)?;
        }
        if self.new.failed.get() { Err(Wide::Failed) } else { Ok(std::mem::take(&mut self.found)) }
    }

    /// What is known to be different of a relation.
    pub fn changed(&self, relation: RelationId) -> BTreeSet<Tuple> {
        self.relations.get(&relation).cloned().unwrap_or_default()
    }

    /// All that is different of a relation is this.
    pub fn replace(&mut self, relation: RelationId, changed: BTreeSet<Tuple>) {
        self.relations.insert(relation, changed);
    }

    /// Things in the slots of a relation that some rule may conclude otherwise now.
    fn relation(&mut self, relation: RelationId) -> Result<(), Wide> {
        let ruleset = self.old.world.ruleset;
        let own: Vec<_> = ruleset.rules_of(&[relation]).map(|(_, rule)| rule).collect();
        if own.is_empty() {
            return Ok(());
        }
        let things = |tuple: &[Option<u32>]| -> Vec<Option<u32>> {
            let slots = tuple.iter().enumerate();
            slots.map(|(slot, id)| id.filter(|_| !self.old.world.is_value(relation, slot))).collect()
        };
        let mut patterns: BTreeSet<Vec<Option<u32>>> = BTreeSet::new();
        for tuple in self.changed(relation) {
            patterns.insert(things(&tuple.iter().map(|id| Some(*id)).collect::<Vec<_>>()));
        }
        for rule in own {
            self.reached(&rule.clause, &mut |run, env| {
                let head: Vec<Option<u32>> = rule.head.iter().map(|term| run.term(term, env)).collect();
                patterns.insert(things(&head));
            })?;
        }
        let mut changed = BTreeSet::new();
        self.new.settled.change_relation(relation, |_| {});
        let mut differences = Vec::new();
        for pattern in patterns {
            let want: Vec<Want> = pattern.iter().map(|id| id.map_or(Want::Any, Want::Is)).collect();
            for possible in [false, true] {
                let mut before = BTreeSet::new();
                self.old.tuples(relation, &want, possible, &mut |tuple| {
                    before.insert(tuple.to_vec());
                    Ok(())
                })?;
                let after: BTreeSet<Tuple> =
                    self.new.derived(relation, &want, possible)?.into_iter().collect();
                for tuple in before.symmetric_difference(&after) {
                    differences.push((possible, tuple.clone(), before.contains(tuple)));
                    changed.insert(tuple.clone());
                }
            }
        }
        self.new.settled.change_relation(relation, |overlay| {
            for (possible, tuple, before) in &differences {
                overlay.set(*possible, tuple, *before, !before);
            }
        });
        self.relations.insert(relation, changed);
        Ok(())
    }

    fn population(&mut self, question: QuestionId) -> Result<(), Wide> {
        let ruleset = self.old.world.ruleset;
        let Some(among) = &ruleset.questions[question].among else { return Ok(()) };
        if !self.new.is_touched(Node::Population(question)) {
            return Ok(());
        }
        let candidates = self.subjects(question, among)?;
        let mut standings = BTreeMap::new();
        for subject in candidates {
            let (before, after) =
                (self.old.standing(question, &subject)?, self.new.standing(question, &subject)?);
            if before != after {
                standings.insert(subject, after);
            }
        }
        self.populations.insert(question, standings.keys().cloned().collect());
        self.new.settled.settle_population(question, standings);
        Ok(())
    }

    /// The subjects that a clause about them reaches.
    fn subjects(&self, question: QuestionId, clause: &Clause) -> Result<BTreeSet<Tuple>, Wide> {
        let slots = self.old.world.slots(question);
        let mut out = BTreeSet::new();
        self.reached_of(clause, Some(question), &mut |_, env| {
            let subject: Option<Tuple> = slots.iter().map(|slot| env.ids[slot.index()]).collect();
            out.extend(subject);
        })?;
        Ok(out)
    }

    fn candidates(&self, lens: LensId) -> Result<BTreeSet<Tuple>, Wide> {
        let entry = &self.old.world.ruleset.lenses[lens];
        let mut candidates = self.populations.get(&entry.question).cloned().unwrap_or_default();
        for row in &entry.rows {
            candidates.extend(self.subjects(entry.question, &row.clause)?);
        }
        if let Otherwise::As(other, _) = entry.otherwise {
            candidates.extend(self.lenses.get(&other).into_iter().flatten().cloned());
        }
        Ok(candidates)
    }

    fn lens(&mut self, lens: LensId) -> Result<(), Wide> {
        if !self.new.is_touched(Node::Lens(lens)) {
            return Ok(());
        }
        let question = self.old.world.ruleset.lenses[lens].question;
        let candidates = self.candidates(lens)?;
        if self.old.world.ruleset.questions[question].among.is_none() {
            // Who is asked about hangs on all lenses: that is looked at in the end.
            self.lenses.insert(lens, candidates);
            return Ok(());
        }
        let mut outcomes = BTreeMap::new();
        let mut found = BTreeMap::new();
        for subject in candidates {
            let (before, after) = self.both(question, lens, &subject)?;
            if let Some((_, now)) = after
                && before.is_none_or(|(_, then)| then != now)
            {
                outcomes.insert(subject.clone(), now);
            }
            if before != after {
                found.insert(subject, (before, after));
            }
        }
        self.lenses.insert(lens, found.keys().cloned().collect());
        self.found.insert(lens, found);
        self.new.settled.settle_lens(lens, outcomes);
        Ok(())
    }

    fn both(&self, question: QuestionId, lens: LensId, subject: &[u32]) -> Result<(Answer, Answer), Wide> {
        let of = |run: &Run<'_>| -> Result<Answer, Stop> {
            let Some(certain) = run.standing(question, subject)? else { return Ok(None) };
            Ok(Some((certain, run.outcome(lens, subject)?)))
        };
        Ok((of(self.old)?, of(self.new)?))
    }

    /// A question without `among`: its lenses' rows say of whom it is asked.
    fn open_question(&mut self, question: QuestionId) -> Result<(), Wide> {
        let lenses: Vec<LensId> = self.old.world.ruleset.lenses_of(question).collect();
        let all: BTreeSet<Tuple> =
            lenses.iter().flat_map(|lens| self.lenses.get(lens).into_iter().flatten()).cloned().collect();
        for lens in lenses {
            let mut found = BTreeMap::new();
            for subject in &all {
                let (before, after) = self.both(question, lens, subject)?;
                if before != after {
                    found.insert(subject.clone(), (before, after));
                }
            }
            // Who comes to be asked about by another lens is different for this one too.
            self.lenses.entry(lens).or_default().extend(found.keys().cloned());
            self.found.insert(lens, found);
        }
        Ok(())
    }

    /// Calls back with the ways to meet a clause, now or then, that rest on something different. More
    /// ways than those may come, never fewer.
    pub fn reached(&self, clause: &Clause, visit: &mut dyn FnMut(&Run<'w>, &Env<'_>)) -> Result<(), Wide> {
        self.reached_of(clause, None, visit)
    }

    /// The same of a clause about subjects, whose names the clause itself need not give.
    fn reached_of(
        &self,
        clause: &Clause,
        question: Option<QuestionId>,
        visit: &mut dyn FnMut(&Run<'w>, &Env<'_>),
    ) -> Result<(), Wide> {
        let mut outer = BTreeSet::new();
        gives(&clause.when, &mut outer);
        let slots = question.map(|question| self.old.world.slots(question)).unwrap_or_default();
        let open: Vec<VarId> = slots.iter().copied().filter(|slot| !outer.contains(slot)).collect();
        outer.extend(slots);
        let asked_about = question.filter(|_| !open.is_empty()).map(|question| (question, open.as_slice()));
        let nothing = BTreeSet::new();
        let mut seen: BTreeSet<Vec<Option<u32>>> = BTreeSet::new();
        asked(clause, &mut |part, place| match part {
            Asked::Kind(term, kind) => {
                for id in self.kinds.get(&kind).into_iter().flatten() {
                    self.from(
                        clause,
                        (&[*id], std::slice::from_ref(term), None),
                        (place, &outer),
                        asked_about,
                        &mut seen,
                        visit,
                    )?;
                }
                Ok(())
            }
            Asked::Atom(source, args) => {
                let (relation, sets): (_, Vec<&BTreeSet<Tuple>>) = match source {
                    AtomSource::Relation(relation) => {
                        (Some(*relation), vec![self.relations.get(relation).unwrap_or(&nothing)])
                    }
                    AtomSource::Verdict { lenses, .. } => {
                        (None, lenses.iter().filter_map(|lens| self.lenses.get(lens)).collect())
                    }
                    AtomSource::Disagree { left, right, .. } => {
                        (None, [left, right].into_iter().filter_map(|lens| self.lenses.get(lens)).collect())
                    }
                };
                for tuple in sets.into_iter().flatten() {
                    self.from(
                        clause,
                        (tuple, args, relation),
                        (place, &outer),
                        asked_about,
                        &mut seen,
                        visit,
                    )?;
                }
                Ok(())
            }
        })
    }

    /// The ways that rest on this tuple where the body asks for it.
    fn from<'c>(
        &self,
        clause: &'c Clause,
        fact: (&[u32], &[Term], Option<RelationId>),
        (place, outer): (Place<'_, 'c>, &BTreeSet<VarId>),
        asked_about: Option<(QuestionId, &[VarId])>,
        seen: &mut BTreeSet<Vec<Option<u32>>>,
        visit: &mut dyn FnMut(&Run<'w>, &Env<'_>),
    ) -> Result<(), Wide> {
        let Some(within) = self.bound(clause, fact) else { return Ok(()) };
        let led = if place.positive { vec![within] } else { self.led(clause, &within, place.beside, outer)? };
        for env in led {
            if !seen.insert(env.ids.clone()) {
                continue;
            }
            let mut envs = vec![env];
            if let Some((question, open)) = asked_about
                && open.iter().any(|slot| envs[0].ids[slot.index()].is_none())
            {
                envs = self.with_subjects(question, &envs[0])?;
            }
            for env in envs {
                for run in [self.old, self.new] {
                    run.clause(clause, &mut env.clone(), true, &mut |env| {
                        visit(run, env);
                        Ok(())
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The words of a body that what is asked in an inner part leads to: sentences beside it that name what it names have to
    /// hold too, for it to have a say. Words that only the inner part has stay open.
    fn led<'c>(
        &self,
        clause: &'c Clause,
        within: &Env<'c>,
        beside: &[&'c Cond],
        outer: &BTreeSet<VarId>,
    ) -> Result<Vec<Env<'c>>, Wide> {
        let mut known: BTreeSet<VarId> =
            clause.vars.ids().filter(|var| within.ids[var.index()].is_some()).collect();
        let mut env = within.clone();
        known.iter().filter(|var| !outer.contains(var)).for_each(|var| env.ids[var.index()] = None);
        let (mut left, mut near) = (beside.to_vec(), Vec::new());
        while let Some(at) = left.iter().position(|part| things(clause, part).any(|var| known.contains(&var)))
        {
            let part = left.swap_remove(at);
            known.extend(things(clause, part));
            near.push(part);
        }
        let is_open = |var: &VarId| env.ids[var.index()].is_none();
        let reached: Vec<VarId> =
            outer.iter().copied().filter(|var| known.contains(var) && is_open(var)).collect();
        if reached.is_empty() {
            return Ok(vec![env]);
        }
        let mut found = BTreeSet::new();
        for run in [self.old, self.new] {
            run.all(&near, &mut within.clone(), true, &mut |within| {
                found.insert(reached.iter().map(|var| within.ids[var.index()]).collect::<Vec<_>>());
                Ok(())
            })?;
        }
        let with = |ids: Vec<Option<u32>>| {
            let mut env = env.clone();
            reached.iter().zip(ids).for_each(|(var, id)| env.ids[var.index()] = id);
            env
        };
        Ok(found.into_iter().map(with).collect())
    }

    /// The words with the names of every subject, now or then, that fits them.
    fn with_subjects<'c>(&self, question: QuestionId, env: &Env<'c>) -> Result<Vec<Env<'c>>, Wide> {
        let slots = self.old.world.slots(question);
        let want: Vec<Want> =
            slots.iter().map(|slot| env.ids[slot.index()].map_or(Want::Any, Want::Is)).collect();
        let mut subjects = self.old.population(question, &want, true)?;
        subjects.extend(self.new.population(question, &want, true)?);
        let with = |subject: Tuple| {
            let mut env = env.clone();
            slots.iter().zip(subject).for_each(|(slot, id)| env.ids[slot.index()] = Some(id));
            env
        };
        Ok(subjects.into_iter().map(with).collect())
    }

    /// The words that a tuple gives things to, where it fits. Values stay open, for a missing one meets any.
    pub fn bound<'c>(
        &self,
        clause: &'c Clause,
        (tuple, args, relation): (&[u32], &[Term], Option<RelationId>),
    ) -> Option<Env<'c>> {
        let mut env = Env::new(&clause.vars);
        for (slot, (term, id)) in args.iter().zip(tuple).enumerate() {
            if relation.is_some_and(|relation| self.old.world.is_value(relation, slot)) {
                continue;
            }
            match as_var(term) {
                Some(var) if !matches!(clause.vars[var].ty, Ty::Thing(_)) => {}
                Some(var) => match env.ids[var.index()].replace(*id) {
                    Some(known) if known != *id => return None,
                    _ => {}
                },
                None => {
                    if self.old.term(term, &env).is_some_and(|known| known != *id && known != MISSING) {
                        return None;
                    }
                }
            }
        }
        Some(env)
    }
}
