//! How ids and values are spread over the rows of sentences: where a few things stand in many rows, and what part of the
//! rows lies between bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compile::{Compiler, Item, vars_of};
use super::expressions::comparison;
use super::state::{Pending, State};
use super::within::{Bounded, Sides, only_place};
use crate::base::Idx;
use crate::engine::planted::pays_from;
use crate::engine::{Computed, Leaf, Table, calculate, compare};
use crate::model::clause::as_var;
use crate::model::{Cond, Term, Ty, VarId};
use crate::value::{DomainError, Value};

/// So many values of what is given are tried, and so many of what it bounds.
const GIVEN: usize = 6;
const BOUNDED: usize = 32;

/// So many rows tell how many meet a comparison with a constant.
const CONSTANT: usize = 64;

/// A condition of a figure is asked of so many members, as far as one knows beforehand.
const SEVERAL: usize = 4;

/// Of fewer rows nothing is to be gained.
const MANY: usize = 1 << 12;

/// A value that is bounded by what is given, so that its sentence is narrowed by halves where the rest need only exist.
pub(super) struct Ranged {
    pub(super) var: VarId,
    /// What bounds it.
    pub(super) reads: BTreeSet<VarId>,
    /// About which part of the rows lies within.
    pub(super) share: f64,
}

/// How values are spread.
#[derive(Default)]
pub(super) struct Spread {
    pub(super) ranged: Vec<Ranged>,
    /// About which part of its sentence's rows a word is compared with constants as it must be.
    pub(super) shares: BTreeMap<VarId, f64>,
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
        others.map(|(_, other, place)| table.skew(column, other, *place, f64::INFINITY)).reduce(f64::min)
    }

    /// How the values of a conjunction's words are spread, where that may matter for their order.
    pub(super) fn spread(&self, state: &State<'r>) -> Spread {
        let rows: usize = state.pending.iter().map(|pending| pending.table.len()).sum();
        let open = state.open_vars();
        if self.request.delta.is_some() || rows < pays_from(MANY) || open.len() < 2 {
            return Spread::default();
        }
        let mut spread = Spread::default();
        for var in open {
            let Some((place, column)) = only_place(state, var).filter(|_| !state.joins(var)) else {
                continue;
            };
            let table = &state.pending[place].table;
            let given = |other: VarId| other != var;
            let bounds = state.rest.iter().filter_map(|item| self.bounded(*item, &given));
            let bounds: Vec<_> = bounds.filter(|it| it.var == var).collect();
            if !bounds.is_empty() && self.are_in_units(&state.pending[place], column, var) {
                let reads = bounds.iter().flat_map(Bounded::reads).filter(|other| *other != var).collect();
                let sides = bounds.iter().map(|it| it.sides(self)).collect::<Option<Vec<_>>>();
                let share =
                    sides.and_then(|sides| self.share_within(state, (var, table, column), &sides, &reads));
                spread.ranged.extend(share.map(|share| Ranged { var, reads, share }));
            }
            let alone: Vec<Sides> = state.rest.iter().filter_map(|item| self.sides_of(*item, var)).collect();
            if !alone.is_empty() && table.len() >= CONSTANT {
                spread.shares.insert(var, self.share_alone(state, (var, table, column), &alone));
            }
        }
        spread
    }

    /// The sides of a comparison of one word with constants.
    fn sides_of(&self, item: Item<'r>, var: VarId) -> Option<Sides> {
        let Item::Is(Cond::Compare { lhs, op, rhs, .. }) = item else { return None };
        let is_value = matches!(self.types[var.index()], Ty::Value(_));
        if !is_value || vars_of(item) != BTreeSet::from([var]) {
            return None;
        }
        Some((self.plainly(lhs)?, comparison(*op), self.plainly(rhs)?))
    }

    /// The value of a word in a row.
    fn value_at(&self, var: VarId, (table, column): (&Table, usize), at: usize) -> Option<Value> {
        let ids = &table.columns()[column];
        let domain = self.inputs.ruleset.domain_of(self.types[var.index()]);
        let id = *ids.get(at.checked_rem(ids.len())?)?;
        self.inputs.dictionaries[domain].value(id).cloned()
    }

    /// About which part of a column's rows meets comparisons with constants.
    fn share_alone(
        &self,
        state: &State<'r>,
        (var, table, column): (VarId, &Table, usize),
        sides: &[Sides],
    ) -> f64 {
        let states =
            |item: &Item<'r>| matches!(item, Item::Is(Cond::Stated { var: stated, .. }) if *stated == var);
        let counts_missing = state.possible && !state.rest.iter().any(states);
        let met = (0..CONSTANT).filter(|at| {
            match self.value_at(var, (table, column), sampled(*at, CONSTANT, table.len())) {
                Some(value) => are_met(sides, &[(var, value)]),
                None => counts_missing,
            }
        });
        met.count().max(1) as f64 / CONSTANT as f64
    }

    /// About which part of a column's values meets all bounds, by values that sentences at hand have for what bounds them.
    fn share_within(
        &self,
        state: &State<'r>,
        (var, table, column): (VarId, &Table, usize),
        sides: &[Sides],
        reads: &BTreeSet<VarId>,
    ) -> Option<f64> {
        let (mut looked, mut met) = (0_u32, 0_u32);
        for round in 0..GIVEN {
            let value = |read: &VarId| {
                let (table, column) = self.said_of(state, *read)?;
                Some((*read, self.value_at(*read, (&table, column), sampled(round, GIVEN, table.len()))?))
            };
            let mut known: Vec<(VarId, Value)> = reads.iter().map(value).collect::<Option<_>>()?;
            for at in 0..BOUNDED {
                let Some(own) = self.value_at(var, (table, column), sampled(at, BOUNDED, table.len())) else {
                    continue;
                };
                known.push((var, own));
                looked += 1;
                met += u32::from(are_met(sides, &known));
                known.pop();
            }
        }
        (looked > 0).then(|| f64::from(met.max(1)) / f64::from(looked))
    }

    /// About how many things are looked at for a part of a conjunction, by what is bound.
    pub(super) fn looked_at(&self, part: &[Item<'r>], bound: &BTreeSet<VarId>, possible: bool) -> f64 {
        let rows = part.iter().filter_map(|item| {
            let Item::Is(Cond::Atom(atom)) = item else { return None };
            let table = self.table(atom, possible);
            let is_given =
                |column: &usize| as_var(&atom.args[*column]).is_some_and(|var| bound.contains(&var));
            let given: Vec<usize> = (0..atom.args.len()).filter(is_given).collect();
            (!given.is_empty()).then(|| self.left_by(&table, &atom.args, &given))
        });
        rows.fold(f64::INFINITY, f64::min)
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

/// How much is asked in a part of a conjunction: its sentences and comparisons, those of figures several times.
pub(super) fn size(part: &[Item<'_>]) -> usize {
    fn of(cond: &Cond) -> usize {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().map(of).sum(),
            Cond::Not(inner, _) => of(inner),
            Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => 1,
            Cond::Compare { .. } | Cond::Let { .. } => {
                let mut all = 1;
                cond.aggregated(&mut |body| all += SEVERAL * of(body));
                all
            }
        }
    }
    part.iter().map(|(Item::Is(cond) | Item::Not(cond))| of(cond)).sum()
}

/// Whether comparisons are met by these values, as far as they have a result.
fn are_met(sides: &[Sides], known: &[(VarId, Value)]) -> bool {
    let mut leaf = |leaf: Leaf<'_>| match leaf {
        Leaf::Var(at, _) => {
            let value = known.iter().find(|(other, _)| other.index() == at).map(|(_, value)| value.clone());
            Ok(value.map_or(Computed::Missing, Computed::Value))
        }
        Leaf::Aggregate(_) => Err(DomainError::Overflow),
    };
    sides.iter().all(|(left, op, right)| match (calculate(left, &mut leaf), calculate(right, &mut leaf)) {
        (Ok(left), Ok(right)) => compare(&left, *op, &right, false),
        _ => true,
    })
}

/// The place of one of so many rows that lie all over a table, in no step that rows may follow too.
fn sampled(at: usize, of: usize, rows: usize) -> usize {
    let step = rows / of;
    let more = (at as u32).wrapping_mul(0x9E37_79B1) as usize;
    at * step + more.checked_rem(step).unwrap_or(0)
}
