//! How ids and values are spread over the rows of sentences: where a few things stand in many rows, and what part of the
//! rows lies between bounds.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::Compiler;
use super::state::{Pending, State};
use super::within::{Bounded, only_place};
use crate::base::Idx;
use crate::engine::{Calculation, Comparison, Computed, Leaf, Table, calculate, compare};
use crate::model::clause::as_var;
use crate::model::{Term, VarId};
use crate::value::{DomainError, Value};

/// So many values of what is given are tried, and so many of what it bounds.
const GIVEN: usize = 12;
const BOUNDED: usize = 64;

/// Where fewer rows are left, going through them is quick.
const FEW_ROWS: f64 = 16.0;

/// A value that is bounded by what is given, so that its sentence is narrowed by halves where the rest need only exist.
pub(super) struct Ranged {
    pub(super) var: VarId,
    /// What bounds it.
    pub(super) reads: BTreeSet<VarId>,
    /// About which part of the rows lies within.
    pub(super) share: f64,
}

impl Ranged {
    /// Whether it pays to narrow so many rows.
    pub(super) fn pays(rows: f64) -> bool {
        rows >= FEW_ROWS
    }
}

impl<'r> Compiler<'_, 'r> {
    /// Notes for columns that get their values now how many times more rows have those than on average.
    pub(super) fn note_skews(&self, pending: &mut Pending<'r>, columns: &[usize]) {
        for column in columns {
            let Some(var) = as_var(&pending.atom.args[*column]) else { continue };
            if let Some(skew) = self.skew(var, &pending.table, *column).filter(|skew| *skew > 1.0) {
                pending.skews.insert(*column, skew);
            }
        }
    }

    /// How many times more rows have what a word stands for than on average, as far as other sentences tell.
    pub(super) fn skew(&self, var: VarId, table: &Arc<Table>, column: usize) -> Option<f64> {
        let others = self.names.iter().filter(|(other, own, _)| *other == var && !Arc::ptr_eq(own, table));
        others.map(|(_, other, place)| table.skew(column, other, *place)).reduce(f64::min)
    }

    /// The values that others bound once these are known.
    pub(super) fn ranged(&self, state: &State<'r>) -> Vec<Ranged> {
        if self.request.delta.is_some() {
            return Vec::new();
        }
        let mut out = Vec::new();
        for var in state.open_vars() {
            let given = |other: VarId| other != var;
            let bounds: Vec<_> = state
                .rest
                .iter()
                .filter_map(|item| self.bounded(*item, &given))
                .filter(|it| it.var == var)
                .collect();
            let Some((place, column)) =
                only_place(state, var).filter(|_| !bounds.is_empty() && !state.joins(var))
            else {
                continue;
            };
            let pending = &state.pending[place];
            if !self.are_in_units(pending, column, var) {
                continue;
            }
            let reads: BTreeSet<VarId> =
                bounds.iter().flat_map(Bounded::reads).filter(|other| *other != var).collect();
            if let Some(share) = self.share_within(state, (var, &pending.table, column), &bounds, &reads) {
                out.push(Ranged { var, reads, share });
            }
        }
        out
    }

    /// About which part of a column's values meets all bounds, by values that sentences at hand have for what bounds them.
    fn share_within(
        &self,
        state: &State<'r>,
        (var, table, column): (VarId, &Table, usize),
        bounds: &[Bounded<'r>],
        reads: &BTreeSet<VarId>,
    ) -> Option<f64> {
        let sides: Vec<(Calculation, Comparison, Calculation)> =
            bounds.iter().map(|it| it.sides(self)).collect::<Option<_>>()?;
        let value = |var: VarId, table: &Table, column: usize, at: usize| {
            let ids = &table.columns()[column];
            let domain = self.inputs.ruleset.domain_of(self.types[var.index()]);
            let id = *ids.get(at.checked_rem(ids.len())?)?;
            self.inputs.dictionaries[domain].value(id).cloned()
        };
        let (mut looked, mut met) = (0_u32, 0_u32);
        for round in 0..GIVEN {
            let known: Option<Vec<(VarId, Value)>> = reads
                .iter()
                .map(|read| {
                    let (table, column) = self.said_of(state, *read)?;
                    Some((*read, value(*read, &table, column, spread(round, GIVEN, table.len()))?))
                })
                .collect();
            let known = known?;
            for at in 0..BOUNDED {
                let Some(own) = value(var, table, column, spread(at, BOUNDED, table.len())) else { continue };
                let of = |at: usize| {
                    if at == var.index() {
                        return Some(own.clone());
                    }
                    known.iter().find(|(other, _)| other.index() == at).map(|(_, value)| value.clone())
                };
                let mut leaf = |leaf: Leaf<'_>| match leaf {
                    Leaf::Var(at, _) => Ok(of(at).map_or(Computed::Missing, Computed::Value)),
                    Leaf::Aggregate(_) => Err(DomainError::Overflow),
                };
                looked += 1;
                met += u32::from(sides.iter().all(|(left, op, right)| {
                    match (calculate(left, &mut leaf), calculate(right, &mut leaf)) {
                        (Ok(left), Ok(right)) => compare(&left, *op, &right, false),
                        _ => true,
                    }
                }));
            }
        }
        (looked > 0).then(|| f64::from(met.max(1)) / f64::from(looked))
    }

    /// A column that has a word's values: of a sentence at hand, or of one further out.
    fn said_of(&self, state: &State<'r>, var: VarId) -> Option<(Arc<Table>, usize)> {
        let at_hand = state.pending.iter().find_map(|pending| {
            let column = pending.atom.args.iter().position(|term| *term == Term::Var(var))?;
            Some((Arc::clone(&pending.table), column))
        });
        let further = || {
            self.columns
                .iter()
                .find(|(other, ..)| *other == var)
                .map(|(_, table, column)| (Arc::clone(table), *column))
        };
        at_hand.or_else(further)
    }
}

/// The place of one of so many rows that lie all over a table, in no step that rows may follow too.
fn spread(at: usize, of: usize, rows: usize) -> usize {
    let step = rows / of;
    let more = (at as u32).wrapping_mul(0x9E37_79B1) as usize;
    at * step + more.checked_rem(step).unwrap_or(0)
}
