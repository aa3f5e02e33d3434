//! Facts that give a thing a second value where a sum, an average or a median takes one of each: it has no result then, for
//! whomever that is asked.

use std::collections::BTreeSet;

use super::calculate::keys;
use super::change::Search;
use super::lookup::{Flow, Stop, Want};
use super::moves::Move;
use super::run::Run;
use super::solve::{Env, flatten};
use super::world::{Change, World};
use crate::base::Idx;
use crate::builtin::AggregateKind;
use crate::model::clause::{as_var, clauses, expr_vars};
use crate::model::{Aggregate, Atom, AtomSource, Clause, Cond, RelationId, Ty, VarId};

impl World<'_> {
    /// Whether what is stated after a change has the same things with other values.
    fn has_another(&self, change: &Change, relation: RelationId, tuple: &[u32]) -> bool {
        let slots = tuple.iter().enumerate();
        let want: Vec<Want> = slots
            .map(|(slot, id)| if self.is_value(relation, slot) { Want::Any } else { Want::Is(*id) })
            .collect();
        let run = Run::new(self, change.clone(), u64::MAX);
        let is_other = &mut |found: &[u32]| if found == tuple { Ok(()) } else { Err(Stop::Enough) };
        want.contains(&Want::Any) && run.stated(relation, &want, true, is_other).is_err()
    }
}

/// The sentences of a body in which a relation gives what an aggregate takes of its members, which does not tell them apart.
fn taken<'a>(aggregate: &'a Aggregate, parts: &[&'a Cond], relation: RelationId) -> Vec<&'a Atom> {
    let takes_one =
        matches!(aggregate.kind, AggregateKind::Sum | AggregateKind::Average | AggregateKind::Median);
    let mut read = Vec::new();
    expr_vars(&aggregate.value, &mut read);
    aggregate.weight.iter().for_each(|weight| expr_vars(weight, &mut read));
    let keys = keys(aggregate);
    let taken: BTreeSet<VarId> = read.into_iter().filter(|var| !keys.contains(var)).collect();
    let gives = |part: &&'a Cond| match *part {
        Cond::Atom(atom) if atom.source == AtomSource::Relation(relation) => {
            atom.args.iter().filter_map(as_var).any(|var| taken.contains(&var)).then_some(atom)
        }
        _ => None,
    };
    if takes_one { parts.iter().filter_map(gives).collect() } else { Vec::new() }
}

impl Search<'_> {
    /// Whether some change gives a member of an aggregate a second value.
    pub(super) fn doubles(&self, moves: &[Move]) -> bool {
        let Some(change) = self.world.after_all(moves) else { return false };
        moves.iter().any(|one| match one {
            Move::Add(relation, tuple) if self.world.has_another(&change, *relation, tuple) => {
                let run = self.base.differing(change.clone(), self.left);
                clauses(self.world.ruleset).any(|clause| run.doubles_in(clause, *relation, tuple))
            }
            Move::Add(..) | Move::Remove(..) | Move::Set(..) | Move::Leave(..) | Move::Join(..) => false,
        })
    }
}

impl Run<'_> {
    /// Whether an aggregate of a clause goes through a second value of these things.
    fn doubles_in(&self, clause: &Clause, relation: RelationId, tuple: &[u32]) -> bool {
        let mut all = Vec::new();
        for cond in std::iter::once(&clause.when).chain(&clause.unless) {
            cond.each_aggregate(&mut |aggregate| all.push(aggregate));
        }
        all.into_iter().any(|aggregate| {
            let mut parts = Vec::new();
            flatten(&aggregate.body, &mut parts);
            let atoms = taken(aggregate, &parts, relation);
            atoms.into_iter().any(|atom| self.is_met(clause, &parts, atom, tuple))
        })
    }

    /// Whether what an aggregate goes through is met where a sentence of it names these things.
    fn is_met(&self, clause: &Clause, parts: &[&Cond], atom: &Atom, tuple: &[u32]) -> bool {
        let mut env = Env::new(&clause.vars);
        for (term, id) in atom.args.iter().zip(tuple) {
            if let Some(var) = as_var(term).filter(|var| matches!(clause.vars[*var].ty, Ty::Thing(_))) {
                env.ids[var.index()] = Some(*id);
            }
        }
        let met: Flow = self.all(parts, &mut env, false, &mut |_| Err(Stop::Enough));
        met == Err(Stop::Enough)
    }
}
