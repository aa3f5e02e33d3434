//! Aggregates over what is about any other thing than one outside (`p is not package`): the members of a whole group are
//! gone through once instead, where many ask about the same group.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item, flatten, vars_of};
use crate::base::Idx;
use crate::builtin::AggregateKind;
use crate::engine::planted::pays_from;
use crate::engine::{AllBut, Groups, Table};
use crate::model::clause::expr_vars;
use crate::model::{Aggregate, CompareOp, Cond, Expr, Term, Ty, VarId};

/// So many ask about one group at least.
const MANY: f64 = 4.0;

impl<'r> Compiler<'_, 'r> {
    /// An aggregate without the condition that leaves one thing out; nothing where there is no such, or groups are small.
    pub(super) fn all_but(
        &mut self,
        aggregate: &'r Aggregate,
        (bound, needed): (&BTreeSet<VarId>, &BTreeSet<VarId>),
        outer: &BTreeSet<VarId>,
        doubtful: bool,
    ) -> Option<AllBut> {
        let mut items = Vec::new();
        flatten(&aggregate.body, &mut items);
        let mut found =
            items.iter().enumerate().filter_map(|(at, item)| Some((at, self.other(aggregate, *item)?)));
        let (at, (own, outside)) = found.next()?;
        items.remove(at);
        let mut elsewhere = Vec::new();
        expr_vars(&aggregate.value, &mut elsewhere);
        aggregate.weight.iter().for_each(|weight| expr_vars(weight, &mut elsewhere));
        let names = |item: &Item<'r>| vars_of(*item).contains(&outside);
        if elsewhere.contains(&outside) || items.iter().any(names) || !outer.contains(&outside) {
            return None;
        }
        // What counts once is about one thing, unless it does not matter how often it counts.
        let counts = match aggregate.kind {
            AggregateKind::Sum | AggregateKind::Average | AggregateKind::Median => {
                aggregate.each.contains(&own)
            }
            AggregateKind::Count => elsewhere.contains(&own),
            AggregateKind::Min | AggregateKind::Max => true,
        };
        let outer: Vec<VarId> = outer.iter().copied().filter(|var| *var != outside).collect();
        if !counts || aggregate.weight.is_some() || !self.are_few(&outer) {
            return None;
        }
        let mut wanted = needed.clone();
        wanted.insert(own);
        self.figures += 1;
        let mut search = |possible: bool| {
            let items = self.scope(items.clone(), bound, possible);
            self.conjunction(items, bound, &wanted, possible, true)
        };
        let certain = search(false);
        let possible = doubtful.then(|| search(true));
        self.figures -= 1;
        Some(AllBut {
            certain,
            possible,
            own: own.index(),
            outside: outside.index(),
            outer: outer.into_iter().map(Idx::index).collect(),
            groups: Groups::default(),
        })
    }

    /// The aggregate's own thing and the one outside that a condition says it must not be.
    fn other(&self, aggregate: &Aggregate, item: Item<'r>) -> Option<(VarId, VarId)> {
        let Item::Is(Cond::Compare { lhs, op: CompareOp::Ne, rhs, .. }) = item else { return None };
        let (Expr::Term(Term::Var(left)), Expr::Term(Term::Var(right))) = (lhs, rhs) else { return None };
        let is_thing = |var: &VarId| matches!(self.types[var.index()], Ty::Thing(_));
        match (aggregate.owns(*left), aggregate.owns(*right)) {
            _ if !is_thing(left) || !is_thing(right) => None,
            (true, false) => Some((*left, *right)),
            (false, true) => Some((*right, *left)),
            _ => None,
        }
    }

    /// Whether far fewer groups are asked about than there are who ask.
    fn are_few(&self, outer: &[VarId]) -> bool {
        let different = |var: &VarId| {
            let columns = self.names.iter().chain(&self.columns).filter(|(own, ..)| own == var);
            columns.map(|(_, table, column)| table.distinct(*column) as f64).reduce(f64::min)
        };
        // Where one group has most of those who ask, it counts how many ask with whoever asks.
        if let [var] = outer {
            let own = |(other, ..): &&(VarId, Arc<Table>, usize)| other == var;
            let mut columns = self.names.iter().chain(&self.columns).filter(own);
            if columns.any(|(_, table, column)| table.met(&[*column]) >= pays_from(MANY)) {
                return true;
            }
        }
        let groups = outer.iter().try_fold(1.0, |groups, var| Some(groups * different(var)?));
        groups.is_some_and(|groups| groups * pays_from(MANY) <= self.most_rows as f64)
    }
}
