//! Goals: what of a relation with rules is asked, worked out from what that rests on; those of loops pass by pass, until
//! nothing new comes.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::grow::wants;
use super::lookup::{Flow, Stop, Tuple, Want, fits};
use super::run::Run;
use super::solve::Env;
use crate::base::Idx;
use crate::model::{RelationId, Term};

/// The most goals that may wait for each other.
const DEEPEST: usize = 150;

/// Of loops that go too far so many goals that wait for each other are looked at, and so many in all.
pub(super) const NEAR: (usize, usize) = (12, 400);

/// What of a relation is asked, and the bound.
pub(super) type Goal = (RelationId, Vec<Option<u32>>, bool);

impl Run<'_> {
    /// The tuples of a relation with rules, derived from what they rest on.
    pub fn derived(&self, relation: RelationId, want: &[Want], possible: bool) -> Result<Vec<Tuple>, Stop> {
        let keeping = self.world.ruleset.relations[relation].keeping;
        let raw = self.goal(relation, want, possible)?;
        let inside =
            self.world.loops[relation].is_some_and(|place| self.driven.borrow().contains_key(&place));
        let Some((_, slot)) = keeping.filter(|_| !inside) else {
            return Ok(raw.iter().filter(|tuple| fits(want, tuple)).cloned().collect());
        };
        // A kept value that doubtful facts could change, or that only they give, is missing.
        let other = self.goal(relation, want, !possible)?;
        let settled = raw.iter().cloned().map(|mut tuple| {
            if !other.contains(&tuple) {
                tuple[slot] = crate::facts::MISSING;
            }
            tuple
        });
        Ok(settled.filter(|tuple| fits(want, tuple)).collect())
    }

    /// The tuples of a relation with these things in their slots, whatever the values.
    fn goal(&self, relation: RelationId, want: &[Want], possible: bool) -> Result<Rc<BTreeSet<Tuple>>, Stop> {
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
            return Ok(Rc::clone(&table.tuples));
        }
        let depth = self.depth.get();
        let place = self.world.loops[relation];
        let is_far = |(deep, most): (usize, usize)| {
            depth > deep || self.tables.borrow().len() > most || self.world.growing(relation).is_some()
        };
        if place.is_some() && self.near.is_some_and(is_far) {
            let want = wants(&goal.1);
            let mut known = BTreeSet::new();
            self.evaluated(relation, &want, possible, &mut |tuple| {
                known.insert(tuple.to_vec());
                Ok(())
            })?;
            return Ok(Rc::new(known));
        }
        if depth > DEEPEST {
            let is_driven = place.is_some_and(|place| self.driven.borrow().contains_key(&place));
            if !is_driven || self.world.growing(relation).is_some() {
                return Err(Stop::Spent);
            }
            // What lies too deep is passed once those who wait are done; what they miss by that the next pass finds.
            let known = self.tables.borrow().get(&goal).map(|table| Rc::clone(&table.tuples));
            self.later.borrow_mut().push(goal);
            return Ok(known.unwrap_or_default());
        }
        self.depth.set(depth + 1);
        let result = match place {
            Some(place) if !self.driven.borrow().contains_key(&place) => self.looped(place, &goal),
            _ => self.pass(&goal).map(|()| None),
        };
        self.depth.set(depth);
        let found = result?;
        let mut tables = self.tables.borrow_mut();
        let table = tables.entry(goal).or_default();
        table.done |= place.is_none() || found.is_some();
        if let Some(found) = found {
            table.tuples = Rc::new(found);
        }
        Ok(Rc::clone(&table.tuples))
    }

    /// Begins a pass with a number of its own; hands back that of the one it is within.
    pub fn fresh_pass(&self) -> u64 {
        let outer = self.passes.get();
        self.last_pass.set(self.last_pass.get() + 1);
        self.passes.set(self.last_pass.get());
        outer
    }

    /// Ends it: what was not done in it is asked anew.
    pub fn end_pass(&self, outer: u64) {
        if self.driven.borrow().is_empty() {
            self.fresh_pass();
        } else {
            self.passes.set(outer);
        }
    }

    /// Works a goal of a loop out, pass by pass, until nothing new comes.
    pub fn drive(&self, place: usize, goal: &Goal) -> Flow {
        let outer = self.passes.get();
        let first = self.passed.borrow().len();
        let result = loop {
            self.fresh_pass();
            self.driven.borrow_mut().insert(place, false);
            self.passed.borrow_mut().truncate(first);
            self.later.borrow_mut().retain(|goal| self.world.loops[goal.0] != Some(place));
            let passed = self.pass(goal).and_then(|()| self.pass_later(place));
            let more = self.driven.borrow_mut().remove(&place);
            if passed.is_err() || more != Some(true) {
                break passed;
            }
        };
        let mut tables = self.tables.borrow_mut();
        for other in self.passed.borrow_mut().drain(first..) {
            match tables.get_mut(&other) {
                Some(table) if self.world.loops[other.0] == Some(place) && result.is_ok() => {
                    table.done = true;
                }
                // Goals of an outer loop are of its pass again.
                Some(table) if !table.done => table.pass = 0,
                _ => {}
            }
        }
        drop(tables);
        self.end_pass(outer);
        result
    }

    /// Passes the goals of a loop that lay too deep.
    fn pass_later(&self, place: usize) -> Flow {
        loop {
            let mut later = self.later.borrow_mut();
            let Some(at) = later.iter().rposition(|goal| self.world.loops[goal.0] == Some(place)) else {
                return Ok(());
            };
            let goal = later.swap_remove(at);
            drop(later);
            let is_passed =
                self.tables.borrow().get(&goal).is_some_and(|table| table.pass == self.passes.get());
            if !is_passed {
                self.pass(&goal)?;
            }
        }
    }

    fn pass(&self, goal: &Goal) -> Flow {
        let (relation, pattern, possible) = goal;
        let before = {
            let mut tables = self.tables.borrow_mut();
            let table = tables.entry(goal.clone()).or_default();
            table.pass = self.passes.get();
            Rc::clone(&table.tuples)
        };
        if self.world.loops[*relation].is_some() {
            self.passed.borrow_mut().push(goal.clone());
        }
        let mut found = BTreeSet::clone(&before);
        let want = wants(pattern);
        self.stated(*relation, &want, *possible, &mut |tuple| {
            found.insert(tuple.to_vec());
            Ok(())
        })?;
        let mut without = Vec::new();
        for (_, rule) in self.world.ruleset.rules_of(&[*relation]) {
            let mut env = Env::new(&rule.clause.vars);
            let failed = self.failed.replace(false);
            if !self.enter(&rule.head, pattern, &mut env) {
                continue;
            }
            self.clause(&rule.clause, &mut env, *possible, &mut |env| {
                let tuple: Option<Tuple> = rule.head.iter().map(|term| self.term(term, env)).collect();
                found.extend(tuple.filter(|tuple| fits(&want, tuple)));
                Ok(())
            })?;
            without.extend((self.failed.get() && !possible).then_some(rule));
            self.failed.set(failed || self.failed.get());
        }
        for rule in without {
            self.concludes(rule, pattern, &|tuple| !fits(&want, tuple) || found.contains(tuple))?;
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
        if found != *before {
            if let Some(place) = self.world.loops[*relation] {
                self.driven.borrow_mut().insert(place, true);
            }
            if let Some(table) = self.tables.borrow_mut().get_mut(goal) {
                table.tuples = Rc::new(found);
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
}
