//! Aggregates that are worked out for all ids of their outer variables at once, as programs of their own.

use std::collections::BTreeSet;

use super::compile::{Compiler, Item, flatten};
use crate::engine::{Program, Whole};
use crate::model::clause::as_var;
use crate::model::{Aggregate, Cond, VarId};

/// Where fewer ways belong to what is given from outside, an aggregate is worked out for that alone.
const FEW_WAYS: f64 = 16.0;

/// Of so many rows in all, so many times as many ways are gathered at most.
const MANY_WAYS: usize = 4;

impl<'r> Compiler<'_, 'r> {
    /// How to work an aggregate out for all ids of the outer variables at once, where several sentences name some
    /// of them and none names all: then each narrows the search only so far.
    pub(super) fn whole(
        &mut self,
        aggregate: &'r Aggregate,
        outer: &BTreeSet<VarId>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
        doubtful: bool,
    ) -> Option<Whole> {
        let mut inner = false;
        aggregate.value.aggregates(&mut |_| inner = true);
        if inner
            || makes_values(&aggregate.body)
            || aggregate.weight.is_some()
            || outer.iter().any(|var| self.loose.contains(var))
        {
            return None;
        }
        let mut items = Vec::new();
        flatten(&aggregate.body, &mut items);
        let (mut named, mut all, mut least) = (BTreeSet::new(), 0, f64::INFINITY);
        for item in &items {
            let Item::Is(Cond::Atom(atom)) = item else { continue };
            let table = (self.inputs.tables)(&atom.source, doubtful && !atom.known);
            let own = atom.args.iter().enumerate().filter_map(|(slot, term)| Some((slot, as_var(term)?)));
            let own: Vec<(usize, VarId)> = own.filter(|(_, var)| outer.contains(var)).collect();
            let narrowed = |rows: f64, (slot, _): &(usize, VarId)| rows / table.distinct(*slot).max(1) as f64;
            least = least.min(own.iter().fold(table.len() as f64, narrowed));
            let vars: BTreeSet<VarId> = own.into_iter().map(|(_, var)| var).collect();
            if vars == *outer {
                return None;
            }
            named.extend(vars);
            all += table.len();
        }
        if named != *outer || least < FEW_WAYS {
            return None;
        }
        let mut wanted = needed.clone();
        wanted.extend(outer);
        let certain = self.apart_from(aggregate, bound, &wanted, false);
        let possible = doubtful.then(|| self.apart_from(aggregate, bound, &wanted, true));
        Some(Whole {
            certain,
            possible,
            worth: (all as f64 / least) as usize,
            most: all.saturating_mul(MANY_WAYS),
        })
    }

    /// The body of an aggregate as a program of its own, in which nothing is bound from outside.
    fn apart_from(
        &mut self,
        aggregate: &'r Aggregate,
        bound: &BTreeSet<VarId>,
        wanted: &BTreeSet<VarId>,
        possible: bool,
    ) -> Program {
        let atoms = std::mem::take(&mut self.atoms);
        let (ranges, subjects) = (std::mem::take(&mut self.ranges), self.subjects.take());
        let mut items = Vec::new();
        flatten(&aggregate.body, &mut items);
        let items = self.scope(items, bound, possible);
        let body = self.conjunction(items, &BTreeSet::new(), wanted, possible, true);
        let atoms = std::mem::replace(&mut self.atoms, atoms).into_iter().flatten().collect();
        let ranges = std::mem::replace(&mut self.ranges, ranges);
        self.subjects = subjects;
        Program { body, atoms, vars: self.types.len(), ranges, subjects: None }
    }
}

/// Whether a condition works values out, which would get ids in another order.
fn makes_values(cond: &Cond) -> bool {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(makes_values),
        Cond::Not(inner, _) => makes_values(inner),
        Cond::Let { .. } => true,
        Cond::Atom(_) | Cond::Compare { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => false,
    }
}
