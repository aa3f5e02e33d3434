//! Loops of rules in a changed world: what may rest on what is gone is taken away, and what holds all
//! the same, or is new, is put in again until nothing more comes.

use std::collections::BTreeSet;

use super::cone::{Cone, Wide};
use crate::explain::lookup::{Tuple, Want, fits};
use crate::explain::run::Run;
use crate::explain::solve::{Env, gives};
use crate::explain::world::Node;
use crate::model::{AtomSource, Clause, Cond, RelationId, Rule, Term};

/// A tuple of a relation of the loop.
type Held = (RelationId, Tuple);

/// The sentences of a clause that ask a relation of the loop.
fn inside<'c>(cond: &'c Cond, members: &[RelationId], out: &mut Vec<(RelationId, &'c [Term])>) {
    match cond {
        Cond::And(all) | Cond::Or(all) => all.iter().for_each(|part| inside(part, members, out)),
        Cond::Atom(atom) => {
            if let AtomSource::Relation(relation) = atom.source
                && members.contains(&relation)
            {
                out.push((relation, &atom.args));
            }
        }
        // INVARIANT: nothing in a loop is asked in a negative part.
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::Stated { .. }
        | Cond::IsKind { .. } => {}
    }
}

/// Whether a world has a tuple.
fn holds(run: &Run<'_>, relation: RelationId, tuple: &[u32], possible: bool) -> Result<bool, Wide> {
    let want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
    let mut found = false;
    run.tuples(relation, &want, possible, &mut |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

impl Cone<'_, '_> {
    /// Works the relations of a loop out.
    pub fn grow(&mut self, members: &[RelationId]) -> Result<(), Wide> {
        let world = self.old.world;
        let values = |relation: &RelationId| {
            let slots = world.ruleset.relations[*relation].slots.len();
            (0..slots).any(|slot| world.is_value(*relation, slot))
        };
        if members.iter().any(values) {
            return Err(Wide::Loop);
        }
        let rules: Vec<&Rule> =
            world.ruleset.rules.iter().filter(|rule| members.contains(&rule.relation)).collect();
        let gone = self.overdeleted(members, &rules)?;
        // While the loop is worked out, what is read of it is what was found so far.
        members.iter().for_each(|relation| self.new.settled.change_relation(*relation, |_| {}));
        let mut left: BTreeSet<Held> = BTreeSet::new();
        for (relation, tuple) in gone {
            for possible in [false, true] {
                let before = holds(self.old, relation, &tuple, possible)?;
                self.new
                    .settled
                    .change_relation(relation, |overlay| overlay.set(possible, &tuple, before, false));
            }
            left.insert((relation, tuple));
        }
        for rule in &rules {
            self.reached(&rule.clause, &mut |run, env| {
                let head: Option<Tuple> = rule.head.iter().map(|term| run.term(term, env)).collect();
                left.extend(head.map(|head| (rule.relation, head)));
            })?;
        }
        while let Some((relation, tuple)) = left.pop_first() {
            for possible in [false, true] {
                if holds(self.new, relation, &tuple, possible)?
                    || !self.follows(&rules, relation, &tuple, possible)?
                {
                    continue;
                }
                let before = holds(self.old, relation, &tuple, possible)?;
                self.new
                    .settled
                    .change_relation(relation, |overlay| overlay.set(possible, &tuple, before, true));
                self.consequences(self.new, members, &rules, (relation, &tuple), &mut |held| {
                    left.insert(held);
                })?;
            }
        }
        for relation in members {
            let changed = self.new.settled.relation(*relation).map(|overlay| overlay.changed());
            self.replace(*relation, changed.unwrap_or_default());
        }
        Ok(())
    }

    /// What may rest on something that is different.
    fn overdeleted(&self, members: &[RelationId], rules: &[&Rule]) -> Result<BTreeSet<Held>, Wide> {
        let mut left: BTreeSet<Held> = BTreeSet::new();
        for relation in members.iter().filter(|relation| self.new.is_touched(Node::Relation(**relation))) {
            left.extend(self.changed(*relation).into_iter().map(|tuple| (*relation, tuple)));
        }
        for rule in rules {
            self.reached(&rule.clause, &mut |run, env| {
                let head: Option<Tuple> = rule.head.iter().map(|term| run.term(term, env)).collect();
                left.extend(head.map(|head| (rule.relation, head)));
            })?;
        }
        let mut gone = BTreeSet::new();
        while let Some((relation, tuple)) = left.pop_first() {
            if gone.contains(&(relation, tuple.clone())) {
                continue;
            }
            self.consequences(self.old, members, rules, (relation, &tuple), &mut |held| {
                left.insert(held);
            })?;
            gone.insert((relation, tuple));
        }
        Ok(gone)
    }

    /// What follows in one step from a tuple of the loop.
    fn consequences(
        &self,
        run: &Run<'_>,
        members: &[RelationId],
        rules: &[&Rule],
        (relation, tuple): (RelationId, &[u32]),
        visit: &mut dyn FnMut(Held),
    ) -> Result<(), Wide> {
        for rule in rules {
            let mut asked = Vec::new();
            inside(&rule.clause.when, members, &mut asked);
            let mut outer = BTreeSet::new();
            gives(&rule.clause.when, &mut outer);
            for (_, args) in asked.into_iter().filter(|(other, _)| *other == relation) {
                let Some(mut env) = self.bound(&rule.clause, (tuple, args, Some(relation)), (true, &outer))
                else {
                    continue;
                };
                run.clause(&rule.clause, &mut env, true, &mut |env| {
                    let head: Option<Tuple> = rule.head.iter().map(|term| run.term(term, env)).collect();
                    head.into_iter().for_each(|head| visit((rule.relation, head)));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Whether a tuple is stated in the changed world, or follows from what holds there so far.
    fn follows(
        &self,
        rules: &[&Rule],
        relation: RelationId,
        tuple: &[u32],
        possible: bool,
    ) -> Result<bool, Wide> {
        let want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
        let mut found = false;
        self.new.stated(relation, &want, possible, &mut |other| {
            found |= fits(&want, other);
            Ok(())
        })?;
        let pattern: Vec<Option<u32>> = tuple.iter().map(|id| Some(*id)).collect();
        for rule in rules.iter().filter(|rule| rule.relation == relation) {
            if found {
                break;
            }
            found = self.concludes(&rule.clause, &rule.head, &pattern, possible)?;
        }
        Ok(found)
    }

    fn concludes(
        &self,
        clause: &Clause,
        head: &[Term],
        pattern: &[Option<u32>],
        possible: bool,
    ) -> Result<bool, Wide> {
        let mut env = Env::new(&clause.vars);
        if !self.new.enter(head, pattern, &mut env) {
            return Ok(false);
        }
        Ok(self.new.holds(|run, visit| run.clause(clause, &mut env, possible, visit))?)
    }
}
