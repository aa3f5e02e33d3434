//! Comparisons of a value that is sought with what is given: the rows of its sentence lie in the order of the values,
//! and are narrowed by halves.

use super::compile::{Compiler, Item};
use super::expressions::{comparison, fixed, operation};
use super::order::searched;
use super::state::{Pending, State};
use crate::base::{Idx, InOrder};
use crate::engine::planted::pays_from;
use crate::engine::{Bound, Calculation, Comparison, Step, Valued, Within};
use crate::facts::{MISSING, units_at};
use crate::model::clause::{as_var, expr_vars};
use crate::model::{CompareOp, Cond, Constant, Expr, Term, Ty, VarId};
use crate::value::ValueKind;

/// Where fewer rows are left for each way so far, going through them is quick.
pub(super) const FEW_ROWS: f64 = 16.0;

/// Putting rows in order takes about so many times the time of going through them.
const DEAR: f64 = 4.0;

/// Sentences at hand that lead to so many times fewer rows are gone through first.
const MORE_ROWS: f64 = 4.0;

/// A comparison that a value meets from some one on, or up to some one.
pub(super) struct Bounded<'r> {
    pub(super) var: VarId,
    lhs: &'r Expr,
    op: CompareOp,
    rhs: &'r Expr,
    rising: bool,
}

/// Both sides of a comparison.
pub(super) type Sides = (Calculation, Comparison, Calculation);

impl<'r> Bounded<'r> {
    /// The words it compares.
    pub(super) fn reads(&self) -> Vec<VarId> {
        let mut vars = Vec::new();
        expr_vars(self.lhs, &mut vars);
        expr_vars(self.rhs, &mut vars);
        vars
    }

    /// Whether it is asked again and again of what these words stand for, as it reads something else that is given.
    pub(super) fn is_asked_with(&self, words: &[VarId]) -> bool {
        self.reads().iter().any(|read| *read != self.var && !words.contains(read))
    }

    /// Both sides and how they compare.
    pub(super) fn sides(&self, compiler: &Compiler<'_, 'r>) -> Option<Sides> {
        Some((compiler.plainly(self.lhs)?, comparison(self.op), compiler.plainly(self.rhs)?))
    }
}

impl<'r> Compiler<'_, 'r> {
    /// The variable that a condition bounds by what is given.
    pub(super) fn bounded(&self, item: Item<'r>, given: &dyn Fn(VarId) -> bool) -> Option<Bounded<'r>> {
        let Item::Is(Cond::Compare { lhs, op, rhs, .. }) = item else { return None };
        let more = match op {
            CompareOp::Gt | CompareOp::Ge => true,
            CompareOp::Lt | CompareOp::Le => false,
            CompareOp::Eq | CompareOp::Ne => return None,
        };
        let vars = |expr: &Expr| {
            let mut vars = Vec::new();
            expr_vars(expr, &mut vars);
            vars
        };
        let mut aggregates = false;
        [lhs, rhs].into_iter().for_each(|side| side.aggregates(&mut |_| aggregates = true));
        let (left, right) = (vars(lhs), vars(rhs));
        let mut sought = left.iter().chain(&right).copied().filter(|var| !given(*var));
        let (Some(var), None) = (sought.next(), sought.next()) else { return None };
        let has_given = left.len() + right.len() > 1;
        let is_ordered = matches!(self.types[var.index()], Ty::Value(ValueKind::Number | ValueKind::Date));
        if aggregates || !has_given || !is_ordered {
            return None;
        }
        let rising =
            if left.contains(&var) { self.rises(lhs, var)? == more } else { self.rises(rhs, var)? != more };
        Some(Bounded { var, lhs, op: *op, rhs, rising })
    }

    /// A calculation of words and constants; `None` of anything else.
    pub(super) fn plainly(&self, expr: &Expr) -> Option<Calculation> {
        match expr {
            Expr::Term(Term::Var(var)) => Some(Calculation::Var { var: var.index(), domain: 0 }),
            Expr::Term(Term::Constant(Constant::Value(value))) => Some(Calculation::Value(value.clone())),
            Expr::Term(Term::Parameter(parameter)) => {
                self.inputs.parameters[*parameter].clone().map(Calculation::Value)
            }
            Expr::Term(Term::Constant(Constant::Thing(..))) | Expr::Aggregate(_) => None,
            other => {
                if let Some(value) = fixed(self.inputs.parameters, other) {
                    return Some(Calculation::Value(value));
                }
                let mut is_plain = true;
                let calculation = operation(other, &mut |part| {
                    let own = self.plainly(part);
                    is_plain &= own.is_some();
                    own.unwrap_or(Calculation::Var { var: usize::MAX, domain: 0 })
                });
                is_plain.then_some(calculation)
            }
        }
    }

    /// Narrows a sentence that leaves many rows by the values it must have.
    pub(super) fn narrow(&mut self, state: &mut State<'r>) {
        if state.bound.is_empty() || self.request.delta.is_some() {
            return;
        }
        let given = |var: VarId| state.bound.contains(&var);
        let bounds: Vec<(usize, Bounded<'r>)> = state
            .rest
            .iter()
            .enumerate()
            .filter_map(|(at, item)| Some((at, self.bounded(*item, &given)?)))
            .filter(|(_, bounded)| !state.joins(bounded.var) && self.is_sure(state, bounded))
            .collect();
        let mut best: Option<(usize, usize, VarId)> = None;
        for (_, bounded) in &bounds {
            let Some((place, column)) = only_place(state, bounded.var) else { continue };
            let rows = |place: usize| state.pending[place].rows();
            let pays = self.pays(met(&state.pending[place], bounded), &state.pending[place])
                && rows(place) < reached(state, place) * MORE_ROWS
                && self.leaves_little(state, place, bounded.var);
            let first = best.is_none_or(|(other, ..)| rows(place) > rows(other));
            if pays && first && self.are_in_units(&state.pending[place], column, bounded.var) {
                best = Some((place, column, bounded.var));
            }
        }
        let Some((place, column, var)) = best else { return };
        let mut own: Vec<(usize, Bounded<'r>)> =
            bounds.into_iter().filter(|(_, bounded)| bounded.var == var).collect();
        own.order_by_key(|(_, bounded)| !bounded.rising);
        let is_missing = state.pending[place].table.columns()[column].contains(&MISSING);
        let states =
            |item: &Item<'r>| matches!(item, Item::Is(Cond::Stated { var: stated, .. }) if *stated == var);
        let stated = state.rest.iter().any(states);
        let counts = state.possible && !stated;
        if counts && is_missing {
            // What is missing lies at one end only.
            own.truncate(1);
        }
        let missing_last = own.first().is_some_and(|(_, bounded)| bounded.rising) == counts;
        let mut taken: Vec<usize> = own.iter().map(|(at, _)| *at).collect();
        taken.sort_unstable();
        let tests = own
            .into_iter()
            .map(|(_, Bounded { lhs, op, rhs, rising, .. })| Bound {
                left: self.calculation(lhs, &state.bound),
                op: comparison(op),
                right: self.calculation(rhs, &state.bound),
                rising,
            })
            .collect();
        for at in taken.into_iter().rev() {
            state.rest.remove(at);
        }
        state.rest.retain(|item| !states(item));
        let valued = Valued { at: state.pending[place].columns.len(), missing_last };
        self.put_within(state, (place, column, var), valued, tests, stated);
    }

    /// Whether which rows are looked at makes no difference to whether a comparison has a result.
    fn is_sure(&self, state: &State<'r>, bounded: &Bounded<'r>) -> bool {
        let Some((place, column)) = only_place(state, bounded.var) else { return false };
        let table = &state.pending[place].table;
        [bounded.lhs, bounded.rhs].iter().all(|side| self.has_results(side, bounded.var, table, column))
    }

    /// Whether narrowing a sentence first leaves less to go through than another order comes to, which narrows it when
    /// all else of it is known.
    fn leaves_little(&self, state: &State<'r>, place: usize, var: VarId) -> bool {
        let open = state.open_vars();
        let pending = &state.pending[place];
        let is_open = |other: VarId| other != var && open.contains(&other);
        if !pending.atom.args.iter().filter_map(as_var).any(is_open) {
            return true;
        }
        let spread = self.spread(state);
        let share = spread.ranged.iter().find(|own| own.var == var).map_or(1.0, |own| own.share);
        let givens = state.rest.iter().flat_map(|item| self.givens(state, *item)).collect();
        let (cost, _) = searched(state, givens, &spread, false, None);
        pending.rows() * share <= cost
    }

    /// Whether what is left could be narrowed now that more is bound than when it was begun.
    pub(super) fn narrows_later(&self, state: &State<'r>) -> bool {
        if state.bound.len() <= state.narrowed_by || self.request.delta.is_some() {
            return false;
        }
        let given = |var: VarId| state.bound.contains(&var);
        let narrows = |item: &Item<'r>| {
            let Some(bounded) = self.bounded(*item, &given) else { return false };
            let Some((place, column)) = only_place(state, bounded.var) else { return false };
            let pending = &state.pending[place];
            let is_linked = |other: &&Pending<'r>| {
                let shared = pending.atom.args.iter().filter_map(as_var).filter(|var| !given(*var));
                !other.columns.is_empty()
                    && shared.into_iter().any(|var| other.unfilled(var).next().is_some())
            };
            let own = (!pending.columns.is_empty()).then(|| pending.rows());
            let linked = state.pending.iter().filter(is_linked).map(Pending::rows);
            let rows = linked.chain(own).fold(f64::INFINITY, f64::min);
            !state.joins(bounded.var)
                && rows.is_finite()
                && self.pays(rows, pending)
                && self.are_in_units(pending, column, bounded.var)
        };
        state.rest.iter().any(narrows)
    }

    /// Whether it pays to put the rows of a sentence in order where so many are left of them each time.
    fn pays(&self, rows: f64, pending: &Pending<'r>) -> bool {
        rows >= pays_from(FEW_ROWS)
            && self.most_rows as f64 * rows >= pays_from(DEAR) * pending.table.len() as f64
    }

    fn put_within(
        &mut self,
        state: &mut State<'r>,
        (place, column, var): (usize, usize, VarId),
        valued: Valued,
        tests: Vec<Bound>,
        stated: bool,
    ) {
        let pending = &mut state.pending[place];
        let (atom, level) = (pending.slot, valued.at);
        if level == 0 {
            // Whether there are rows at all is seen when they are narrowed.
            state.steps.retain(|step| !matches!(step, Step::Seek { atom: other, .. } if *other == atom));
        }
        let filled = pending.columns.clone();
        pending.columns.push(column);
        pending.valued = Some(valued);
        let table = &pending.table;
        let is_key = |column: &usize| {
            // With what is given before, each may have one row all the same.
            let with_filled = || filled.iter().copied().chain([*column]).collect::<Vec<usize>>();
            table.is_key(*column)
                || !filled.is_empty() && !filled.contains(column) && table.is_key_of(&with_filled())
        };
        let columns = (0..pending.atom.args.len()).filter(is_key);
        let keys = columns.filter_map(|column| as_var(&pending.atom.args[column])).map(Idx::index).collect();
        let domain = self.inputs.ruleset.domain_of(self.types[var.index()]).index();
        state.steps.push(Step::Within(Within {
            atom,
            level,
            var: var.index(),
            domain,
            tests,
            keys,
            possible: state.possible,
            stated,
        }));
        let open = state.open_vars();
        let is_read = state.pending[place].atom.args.iter().filter_map(as_var).any(|var| open.contains(&var));
        if is_read {
            state.steps.push(Step::Extend { var: var.index(), atoms: vec![(atom, level, level + 1)] });
        }
        state.bound.insert(var);
    }

    /// Whether all values of a column are numbers of one unit, or dates, known beforehand.
    pub(super) fn are_in_units(&self, pending: &Pending<'r>, column: usize, var: VarId) -> bool {
        let Some(units) = self.units(var) else { return false };
        pending.table.columns()[column].iter().all(|id| units_at(units, *id).is_some())
    }

    /// How many units the values of a variable are, by id.
    pub(super) fn units(&self, var: VarId) -> Option<&[i64]> {
        let dictionary = &self.inputs.dictionaries[self.inputs.ruleset.domain_of(self.types[var.index()])];
        dictionary.lane().map(|lane| lane.units.as_slice()).or_else(|| dictionary.days())
    }
}

/// The one place of a variable that is sought, as a sentence and a column; `None` where it stands in several.
pub(super) fn only_place(state: &State<'_>, var: VarId) -> Option<(usize, usize)> {
    let places = state.pending.iter().enumerate().flat_map(|(place, pending)| {
        let args = pending.atom.args.iter().enumerate();
        args.filter(|(_, term)| **term == Term::Var(var)).map(move |(column, _)| (place, column))
    });
    let mut places = places;
    let (Some(place), None) = (places.next(), places.next()) else { return None };
    Some(place)
}

/// About how many rows of a sentence those of another lead to that is narrowed by what is bound.
fn reached(state: &State<'_>, place: usize) -> f64 {
    let own = &state.pending[place];
    let others = state.pending.iter().filter(|other| other.slot != own.slot && !other.columns.is_empty());
    let through = |other: &Pending<'_>| {
        let shared = other.atom.args.iter().filter_map(as_var).flat_map(|var| own.unfilled(var));
        shared
            .map(|column| other.rows() * own.rows() / own.table.distinct(column).max(1) as f64)
            .fold(f64::INFINITY, f64::min)
    };
    others.map(through).fold(f64::INFINITY, f64::min)
}

/// The number of rows left for what is given, where that is given together with what bounds a value: the more rows something
/// has, the more often it is mostly asked about.
fn met(pending: &Pending<'_>, bounded: &Bounded<'_>) -> f64 {
    let rows = pending.rows();
    let words = pending.columns.iter().map(|column| as_var(&pending.atom.args[*column]));
    match words.collect::<Option<Vec<VarId>>>() {
        Some(words) if bounded.is_asked_with(&words) => rows.max(pending.table.met(&pending.columns)),
        _ => rows,
    }
}
