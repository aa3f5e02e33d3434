//! Equalities that give a word its value: what equals something bound is looked up, not gone through.

use std::collections::BTreeSet;

use super::compile::{Compiler, Item, aggregates};
use super::state::Pending;
use super::state::State;
use crate::base::Idx;
use crate::engine::Step;
use crate::engine::planted::pays_from;
use crate::model::clause::{as_var, expr_vars};
use crate::model::{CompareOp, Cond, Expr, Term, VarId};

/// Where that many rows are left for each way so far, finding a value by what it must equal is cheaper than
/// comparing the values of all of them.
const MANY: f64 = 2.0;

/// A variable that must equal something else.
pub(super) struct Given<'r> {
    pub(super) var: VarId,
    /// What it equals.
    by: &'r Expr,
    /// The variables of that, one at least.
    pub(super) reads: BTreeSet<VarId>,
}

impl<'r> Compiler<'_, 'r> {
    /// The unbound variables of atoms to which a condition gives their values, once others have theirs.
    pub(super) fn givens(&self, state: &State<'r>, item: Item<'r>) -> Vec<Given<'r>> {
        let Item::Is(Cond::Compare { lhs, op: CompareOp::Eq, rhs, .. }) = item else { return Vec::new() };
        let sides = [(lhs, rhs), (rhs, lhs)].into_iter();
        sides.filter_map(|(side, by)| self.given(state, side, by)).collect()
    }

    fn given(&self, state: &State<'r>, side: &Expr, by: &'r Expr) -> Option<Given<'r>> {
        let Expr::Term(Term::Var(var)) = side else { return None };
        let mut reads = Vec::new();
        expr_vars(by, &mut reads);
        let reads: BTreeSet<VarId> = reads.into_iter().collect();
        // What may be missing equals anything, perhaps.
        let plain = |var: &VarId| !self.loose.contains(var) && !state.joins(*var);
        let is_sought = state.pending.iter().any(|pending| pending.unfilled(*var).next().is_some());
        let fits = !reads.is_empty()
            && !reads.contains(var)
            && plain(var)
            && reads.iter().all(plain)
            && !state.bound.contains(var)
            && is_sought
            && (matches!(by, Expr::Term(_)) || self.request.lookups && !self.is_doubtful_figure(by));
        fits.then_some(Given { var: *var, by, reads })
    }

    /// Whether a calculation has figures over what is not certain, which may come to several values.
    fn is_doubtful_figure(&self, by: &Expr) -> bool {
        let mut doubtful = false;
        by.aggregates(&mut |aggregate| doubtful |= self.is_doubtful(&aggregate.body));
        doubtful
    }

    /// The next equality that gives a variable its value now, with its place among what is left; of figures not where
    /// those wait.
    pub(super) fn next_given(&self, state: &State<'r>, waits: bool) -> Option<(usize, Given<'r>)> {
        let tried = |item: &Item<'r>| !(waits && aggregates(*item));
        state.rest.iter().enumerate().filter(|(_, item)| tried(item)).find_map(|(at, item)| {
            let ready = |given: &Given<'r>| {
                let rows = |pending: &Pending<'r>| pending.unfilled(given.var).next().map(|_| pending.rows());
                let least = state.pending.iter().filter_map(rows).fold(f64::INFINITY, f64::min);
                given.reads.is_subset(&state.bound)
                    && (matches!(given.by, Expr::Term(_)) || least > pays_from(MANY))
            };
            self.givens(state, *item).into_iter().find(ready).map(|given| (at, given))
        })
    }

    /// The step that gives the variable its value.
    pub(super) fn give(&mut self, state: &State<'r>, given: &Given<'r>) -> Step {
        let var = given.var.index();
        match given.by {
            Expr::Term(term) if let Some(from) = as_var(term) => {
                Step::Join { var, from: from.index(), fresh: true }
            }
            by => Step::Find {
                var,
                domain: self.inputs.ruleset.domain_of(self.types[var]).index(),
                value: self.calculation(by, &state.bound),
            },
        }
    }
}
