//! Goals of relations that grow one tuple from another: from what is wanted back to what it rests on, or from what
//! it begins with on to all that grows from that, whichever takes fewer steps.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::goals::Goal;
use super::lookup::{Flow, Stop, Tuple, Want, fits};
use super::run::Run;
use super::solve::{Env, flatten};
use super::world::World;
use crate::model::clause::as_var;
use crate::model::{Atom, AtomSource, Cond, Keeping, RelationId, Rule, RuleId};
use crate::value::Value;

/// Steps that are first taken back from what is wanted, all that wants the same together; then so many times as many
/// on from what it begins with, and so on in turns.
const FIRST: u64 = 1000;
const MORE: u64 = 4;

/// The rules of a relation, where each makes a tuple from nothing of it, or from one of its tuples.
pub(super) struct Growing {
    seeds: Vec<RuleId>,
    steps: Vec<RuleId>,
    /// Slots that every step hands on as they are.
    carried: Vec<usize>,
    /// Whether of tuples that differ in one value alone one is kept.
    keeps: bool,
}

/// A rule that makes one tuple from another.
struct Step<'w> {
    rule: &'w Rule,
    parts: Vec<&'w Cond>,
    /// Which of them asks the relation.
    at: usize,
    atom: &'w Atom,
    rest: Vec<&'w Cond>,
}

/// All that grows, with what stands in each slot.
pub(super) struct Grown {
    rows: Vec<Tuple>,
    /// Per slot the rows of each id.
    by: Vec<HashMap<u32, Vec<u32>, FxBuildHasher>>,
}

impl Growing {
    /// How a relation grows, where it does.
    pub fn new(world: &World<'_>, relation: RelationId) -> Option<Self> {
        let ruleset = world.ruleset;
        let entry = &ruleset.relations[relation];
        let place = world.loops[relation]?;
        let alone = world.loops.iter().filter(|other| **other == Some(place)).count() == 1;
        let kept = entry.keeping.map(|(_, slot)| slot);
        let values = (0..entry.slots.len()).any(|slot| world.is_value(relation, slot) && kept != Some(slot));
        if !alone || values {
            return None;
        }
        let carried = (0..entry.slots.len()).filter(|slot| kept != Some(*slot)).collect();
        let mut out = Self { seeds: Vec::new(), steps: Vec::new(), carried, keeps: kept.is_some() };
        for (id, rule) in ruleset.rules_of(&[relation]) {
            match asked(&rule.clause.when, relation) {
                0 => out.seeds.push(id),
                1 => {
                    let step = Step::new(rule)?;
                    out.carried.retain(|slot| step.carries(*slot));
                    out.steps.push(id);
                }
                _ => return None,
            }
        }
        Some(out)
    }

    fn steps<'w>(&self, world: &World<'w>) -> Vec<Step<'w>> {
        let ruleset = world.ruleset;
        self.steps.iter().filter_map(|rule| Step::new(&ruleset.rules[*rule])).collect()
    }

    /// Of what is wanted, what every tuple has that it can grow from.
    fn reduced(&self, pattern: &[Option<u32>]) -> Vec<Option<u32>> {
        let own = |(slot, id): (usize, &Option<u32>)| id.filter(|_| self.carried.contains(&slot));
        pattern.iter().enumerate().map(own).collect()
    }
}

impl<'w> Step<'w> {
    fn new(rule: &'w Rule) -> Option<Self> {
        let mut parts = Vec::new();
        flatten(&rule.clause.when, &mut parts);
        let (at, atom) = parts.iter().enumerate().find_map(|(at, part)| match part {
            Cond::Atom(atom) if atom.source == AtomSource::Relation(rule.relation) && !atom.known => {
                Some((at, atom))
            }
            _ => None,
        })?;
        let mut rest = parts.clone();
        rest.remove(at);
        Some(Self { rule, parts, at, atom, rest })
    }

    fn carries(&self, slot: usize) -> bool {
        as_var(&self.rule.head[slot]).is_some() && self.rule.head[slot] == self.atom.args[slot]
    }
}

/// How often a condition asks a relation, choices included.
fn asked(cond: &Cond, relation: RelationId) -> usize {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().map(|part| asked(part, relation)).sum(),
        Cond::Atom(atom) => usize::from(atom.source == AtomSource::Relation(relation)),
        // INVARIANT: nothing in a loop is asked in a negative part.
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::Stated { .. }
        | Cond::IsKind { .. } => 0,
    }
}

/// Tuples that were found, by what they are but for a value of which one is kept.
struct Seen {
    keeping: Option<(Keeping, usize)>,
    best: HashMap<Tuple, u32, FxBuildHasher>,
}

impl Seen {
    fn new(keeping: Option<(Keeping, usize)>) -> Self {
        Self { keeping, best: HashMap::default() }
    }

    fn parts(&self, tuple: &Tuple) -> (Tuple, u32) {
        let mut key = tuple.clone();
        let value = self.keeping.map_or(0, |(_, slot)| key.remove(slot));
        (key, value)
    }

    /// Whether it was not found before, or nothing that is kept instead of it; `value` tells what stands in a slot.
    fn insert(&mut self, tuple: &Tuple, value: impl Fn(&Tuple, usize) -> Option<Value>) -> bool {
        let (key, own) = self.parts(tuple);
        let is_new = match (self.best.get(&key), self.keeping) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(old), Some((keeping, slot))) => {
                let mut before = tuple.clone();
                before[slot] = *old;
                let (before, own) = (value(&before, slot), value(tuple, slot));
                match keeping {
                    Keeping::Fewest => own < before,
                    Keeping::Most => own > before,
                }
            }
        };
        if is_new {
            self.best.insert(key, own);
        }
        is_new
    }

    /// Whether it is among those that are kept.
    fn contains(&self, tuple: &Tuple) -> bool {
        let (key, own) = self.parts(tuple);
        self.best.get(&key) == Some(&own)
    }
}

impl Grown {
    fn new(arity: usize, rows: Vec<Tuple>) -> Self {
        let mut by = vec![HashMap::default(); arity];
        for (row, tuple) in rows.iter().enumerate() {
            for (slot, id) in tuple.iter().enumerate() {
                let rows: &mut Vec<u32> = HashMap::entry(&mut by[slot], *id).or_default();
                rows.push(row as u32);
            }
        }
        Self { rows, by }
    }

    /// Those that are as wanted.
    fn of(&self, pattern: &[Option<u32>]) -> BTreeSet<Tuple> {
        let mut least: Option<&[u32]> = None;
        for (slot, id) in pattern.iter().enumerate() {
            let Some(id) = id else { continue };
            let rows = self.by[slot].get(id).map_or(&[][..], Vec::as_slice);
            if least.is_none_or(|least| rows.len() < least.len()) {
                least = Some(rows);
            }
        }
        let want = wants(pattern);
        match least {
            Some(rows) => {
                let rows = rows.iter().map(|row| &self.rows[*row as usize]);
                rows.filter(|tuple| fits(&want, tuple)).cloned().collect()
            }
            None => self.rows.iter().cloned().collect(),
        }
    }
}

pub(super) fn wants(pattern: &[Option<u32>]) -> Vec<Want> {
    pattern.iter().map(|id| id.map_or(Want::Any, Want::Is)).collect()
}

impl Run<'_> {
    /// Works a goal of a loop out: the tuples it finds, or nothing where they stand among the goals then.
    pub fn looped(&self, place: usize, goal: &Goal) -> Result<Option<BTreeSet<Tuple>>, Stop> {
        let (relation, pattern, possible) = goal;
        let Some(growing) = self.world.growing(*relation) else {
            return self.drive(place, goal).map(|()| None);
        };
        let reduced = (*relation, growing.reduced(pattern), *possible);
        let is_whole = reduced.1 == *pattern;
        // What a trace was read off is not to hang on which way was shorter.
        let is_free =
            if is_whole { self.begins(&growing, pattern) } else { reduced.1.iter().any(Option::is_some) };
        if !is_free || growing.keeps || self.trace.is_some() && !is_whole {
            if growing.keeps && self.full.is_some() {
                return self.drive(place, goal).map(|()| None);
            }
            // What lies too deep to be followed back is there once everything has grown.
            let followed = self.within(self.steps_left(), || self.drive(place, goal))?;
            return match followed {
                Some(()) => Ok(None),
                None => Ok(Some(self.grown(&growing, &reduced)?.of(pattern))),
            };
        }
        if is_whole {
            return Ok(Some(self.grown(&growing, &reduced)?.of(pattern)));
        }
        let known = self.grown.borrow().get(&reduced).cloned();
        if let Some(grown) = known {
            return Ok(Some(grown.of(pattern)));
        }
        loop {
            let (spent, allowed) = self.backwards.borrow().get(&reduced).copied().unwrap_or((0, FIRST));
            let before = self.steps_left();
            // What was not reached in these steps may lie too deep; then the other way is tried.
            let found = self.within(allowed.saturating_sub(spent), || self.drive(place, goal))?;
            let spent = if found.is_some() { spent + before - self.steps_left() } else { allowed };
            self.backwards.borrow_mut().insert(reduced.clone(), (spent, allowed));
            if found.is_some() {
                return Ok(None);
            }
            let allowed = allowed.saturating_mul(MORE);
            if let Some(grown) = self.within(allowed, || self.grown(&growing, &reduced))? {
                return Ok(Some(grown.of(pattern)));
            }
            if allowed >= before {
                return Err(Stop::Spent);
            }
            self.backwards.borrow_mut().insert(reduced.clone(), (0, allowed.saturating_mul(MORE)));
        }
    }

    /// Whether it is all one in which order things are read, or rules ask the relation first anyway.
    fn begins(&self, growing: &Growing, pattern: &[Option<u32>]) -> bool {
        self.trace.is_none()
            || growing.steps(self.world).iter().all(|step| {
                let mut env = Env::new(&step.rule.clause.vars);
                !self.enter(&step.rule.head, pattern, &mut env)
                    || self.next(&step.parts, &env) == Some(step.at)
            })
    }

    /// All that grows with this in the slots that are handed on.
    fn grown(&self, growing: &Growing, goal: &Goal) -> Result<Rc<Grown>, Stop> {
        if let Some(known) = self.grown.borrow().get(goal) {
            return Ok(Rc::clone(known));
        }
        let outer = self.fresh_pass();
        let grown = self.grow(growing, goal);
        self.end_pass(outer);
        let grown = Rc::new(Grown::new(goal.1.len(), grown?));
        self.grown.borrow_mut().insert(goal.clone(), Rc::clone(&grown));
        Ok(grown)
    }

    fn grow(&self, growing: &Growing, (relation, pattern, possible): &Goal) -> Result<Vec<Tuple>, Stop> {
        let want = wants(pattern);
        let mut seen = Seen::new(self.world.ruleset.relations[*relation].keeping);
        let mut rows: Vec<Tuple> = Vec::new();
        let mut found: Vec<Tuple> = Vec::new();
        self.stated(*relation, &want, *possible, &mut |tuple| {
            found.push(tuple.to_vec());
            Ok(())
        })?;
        for rule in &growing.seeds {
            let rule = &self.world.ruleset.rules[*rule];
            let mut env = Env::new(&rule.clause.vars);
            if self.enter(&rule.head, pattern, &mut env) {
                self.clause(&rule.clause, &mut env, *possible, &mut |env| {
                    found.extend(self.head(rule, env));
                    Ok(())
                })?;
            }
        }
        let steps = growing.steps(self.world);
        let mut at = 0;
        loop {
            for tuple in found.drain(..).filter(|tuple| fits(&want, tuple)) {
                if seen.insert(&tuple, |tuple, slot| self.value_in(*relation, tuple, slot)) {
                    rows.push(tuple);
                }
            }
            let Some(tuple) = rows.get(at) else {
                rows.retain(|tuple| seen.contains(tuple));
                return Ok(rows);
            };
            at += 1;
            if !seen.contains(tuple) {
                continue;
            }
            for step in &steps {
                let mut env = Env::new(&step.rule.clause.vars);
                if self.enter(&step.rule.head, pattern, &mut env)
                    && self.unify(step.atom, tuple, &mut env, *possible)
                {
                    self.step(step, &mut env, *possible, &mut found)?;
                }
            }
        }
    }

    fn step(&self, step: &Step<'_>, env: &mut Env<'_>, possible: bool, found: &mut Vec<Tuple>) -> Flow {
        self.all(&step.rest, env, possible, &mut |env| {
            let bars = match &step.rule.clause.unless {
                Some(unless) => self.bars(unless, env, possible)?,
                None => false,
            };
            found.extend(self.head(step.rule, env).filter(|_| !bars));
            Ok(())
        })
    }

    fn value_in(&self, relation: RelationId, tuple: &Tuple, slot: usize) -> Option<Value> {
        self.world.values.value(self.world.domain(relation, slot), tuple[slot])
    }

    fn head(&self, rule: &Rule, env: &Env<'_>) -> Option<Tuple> {
        rule.head.iter().map(|term| self.term(term, env)).collect()
    }
}
