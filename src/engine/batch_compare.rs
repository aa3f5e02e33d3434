//! Comparisons over batches. A variable beside a constant is compared once per id, not once per row; an
//! aggregate once for all rows without members.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::aggregate::of_nothing;
use super::approximate::{decided, decided_in};
use super::batch::{Bail, Batch};
use super::batch_aggregate::Ready;
use super::batch_sides::Sides;
use super::batch_units::{Amounts, NONE, Units, compares};
use super::calculate::compare;
use super::lower::{Op, calculation_vars};
use super::operators::Run;
use super::program::{Calculation, Comparison, Computed, Known, address, figure_beside};
use super::values::Values;
use crate::builtin::AggregateKind;
use crate::facts::{MISSING, units_at};
use crate::value::{Date, Value};

/// So many rows per id of the domain are compared before what came out is remembered by id.
const WORTH: usize = 4;

pub(super) const NO: u8 = 1;
pub(super) const YES: u8 = 2;

/// Which ids of a variable compare so with a constant, as far as it was asked.
#[derive(Debug, Default)]
pub(super) struct Truths {
    asked: AtomicUsize,
    known: OnceLock<Vec<AtomicU8>>,
}

impl Truths {
    /// What is remembered by id, once enough rows ask for it to be worth the room.
    pub(super) fn known(&self, rows: usize, ids: usize) -> Option<&[AtomicU8]> {
        if let Some(known) = self.known.get() {
            return Some(known);
        }
        let asked = self.asked.fetch_add(rows, Ordering::Relaxed);
        if asked.saturating_mul(WORTH) < ids {
            return None;
        }
        Some(self.known.get_or_init(|| (0..ids).map(|_| AtomicU8::new(0)).collect()))
    }
}

/// Two sides and how they are compared.
#[derive(Clone, Copy)]
pub(super) struct Test<'t> {
    pub left: &'t Calculation,
    pub op: Comparison,
    pub right: &'t Calculation,
    pub possible: bool,
}

/// Where a comparison of an aggregate is met.
struct FiguresMet {
    /// Rows that have members, ascending.
    some: Vec<(u32, bool)>,
    /// All other rows.
    otherwise: bool,
}

/// A variable that is compared with a constant, both in the same units.
#[derive(Clone, Copy)]
struct Threshold<'v> {
    var: usize,
    /// How many units each id is.
    units: &'v [i64],
    constant: i64,
    /// How the variable must compare with the constant.
    op: Comparison,
}

impl<'v> Threshold<'v> {
    fn of(test: Test<'_>, values: &'v Values<'_>) -> Option<Self> {
        let (var, domain, value, op) = match (test.left, test.right) {
            (Calculation::Var { var, domain }, Calculation::Value(value)) => (*var, *domain, value, test.op),
            (Calculation::Value(value), Calculation::Var { var, domain }) => {
                (*var, *domain, value, test.op.turned())
            }
            _ => return None,
        };
        let (units, constant) = match value {
            Value::Number(number) => {
                let lane = values.lane(domain)?;
                (lane.units.as_slice(), number.in_units(lane.exponent)?)
            }
            Value::Date(date) => (values.days(domain)?, date.days_since(Date::EPOCH)),
            Value::Text(_) | Value::Flag(_) => return None,
        };
        Some(Self { var, units, constant, op })
    }
}

impl Run<'_, '_> {
    /// The rows in which two sides compare so.
    pub(super) fn compared(
        &mut self,
        op: &Op<'_>,
        test: Test<'_>,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        if let Some(FiguresMet { some, otherwise }) = self.figures_met(op, test, batch)? {
            by_row(&some, |met| *met, otherwise, batch.len, rows);
            return Ok(());
        }
        let ready = self.aggregates(op, batch)?;
        if let Some((ready, constant, constant_is_left)) = with_constant(test, &ready) {
            let met = |side: &Computed| {
                if constant_is_left {
                    compare(&constant, test.op, side, test.possible)
                } else {
                    compare(side, test.op, &constant, test.possible)
                }
            };
            by_row(&ready.some, met, met(&ready.nothing), batch.len, rows);
            return Ok(());
        }
        if !has_aggregate(test.left) && !has_aggregate(test.right) {
            if let Some(threshold) = Threshold::of(test, self.values) {
                return self.by_threshold(&threshold, test, batch, rows);
            }
            if let Some(of) = &op.text {
                return self.by_text(op, of, test, &batch.columns[of.var][..batch.len], rows);
            }
            if let Some((var, domain)) = only_variable(test) {
                return self.by_id(op, test, var, domain, &batch.columns[var][..batch.len], rows);
            }
            let values = self.values;
            if let Some(difference) = Units::difference(test.left, test.right, values) {
                return self.by_units(&difference, test, batch, rows);
            }
            if let Some(sides) = Sides::of(test)
                && self.by_sides(&sides, test.possible, batch, rows)?
            {
                return Ok(());
            }
        }
        self.one_by_one(test, ready, batch, rows)
    }

    /// Where one aggregate of rows of one atom is compared with a constant: in which rows that have members it is met, and
    /// whether it is in the others.
    fn figures_met(
        &mut self,
        op: &Op<'_>,
        test: Test<'_>,
        batch: &Batch,
    ) -> Result<Option<FiguresMet>, Bail> {
        let [ranged] = op.aggregates.as_slice() else { return Ok(None) };
        let Some((_, how, constant)) = figure_beside(test.left, test.op, test.right) else { return Ok(None) };
        let plan = ranged.plan;
        if !matches!(plan.known, Known::Nothing) || plan.kind == AggregateKind::Count {
            return Ok(None);
        }
        let Some(some) = self.met_by_rows(ranged, (how, constant, test.possible), batch)? else {
            return Ok(None);
        };
        let nothing = of_nothing(plan.kind).map_err(|_| Bail::Calculation)?;
        let otherwise = compare(&nothing, how, &Computed::Value(constant.clone()), test.possible);
        Ok(Some(FiguresMet { some, otherwise }))
    }

    /// Compares the units of each id with those of the constant.
    fn by_threshold(
        &mut self,
        threshold: &Threshold<'_>,
        test: Test<'_>,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let Threshold { var, units, constant, op } = *threshold;
        for (row, id) in (0_u32..).zip(&batch.columns[var][..batch.len]) {
            let met = match units_at(units, *id) {
                _ if *id == MISSING => test.possible,
                Some(units) => compares(units.cmp(&constant) as i64, op),
                // A value made since, or with too many digits.
                None => {
                    self.frame.ids[var] = *id;
                    self.met(test)?
                }
            };
            if met {
                rows.push(row);
            }
        }
        Ok(())
    }

    /// Asks once per id of the one variable.
    fn by_id(
        &mut self,
        op: &Op<'_>,
        test: Test<'_>,
        var: usize,
        domain: usize,
        ids: &[u32],
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let known = op.truths.known(ids.len(), self.values.bound(domain));
        for (row, id) in (0_u32..).zip(ids) {
            // A value made since has no place among those remembered.
            let remembered = known.and_then(|known| known.get(*id as usize));
            let met = match remembered.map(|truth| truth.load(Ordering::Relaxed)) {
                Some(NO) => false,
                Some(YES) => true,
                _ => {
                    self.frame.ids[var] = *id;
                    let met = self.met(test)?;
                    if let Some(truth) = remembered {
                        truth.store(if met { YES } else { NO }, Ordering::Relaxed);
                    }
                    met
                }
            };
            if met {
                rows.push(row);
            }
        }
        Ok(())
    }

    fn by_units(
        &mut self,
        difference: &Units<'_>,
        test: Test<'_>,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let Amounts { units, too_large } = difference.amounts(batch);
        let vars = variables(test);
        let known = decided_in(&too_large, (batch, &[]), (test.left, test.op, test.right), self.values);
        let mut too_large = too_large.into_iter().zip(known).peekable();
        for (row, units) in (0..).zip(units) {
            let met = match units {
                NONE if let Some((_, known)) = too_large.next_if(|(other, _)| *other == row) => match known {
                    Some(met) => met,
                    None => {
                        vars.iter().for_each(|var| self.frame.ids[*var] = batch.columns[*var][row as usize]);
                        let left = self.calculate(test.left)?;
                        let right = self.calculate(test.right)?;
                        compare(&left, test.op, &right, test.possible)
                    }
                },
                NONE => test.possible,
                difference => compares(difference, test.op),
            };
            if met {
                rows.push(row);
            }
        }
        Ok(())
    }

    /// Whether the sides compare so for the ids of the frame.
    pub(super) fn met(&mut self, test: Test<'_>) -> Result<bool, Bail> {
        if let Some(met) = decided(test.left, test.op, test.right, &self.frame, self.values) {
            return Ok(met);
        }
        let left = self.calculate(test.left)?;
        let right = self.calculate(test.right)?;
        Ok(compare(&left, test.op, &right, test.possible))
    }

    fn one_by_one(
        &mut self,
        test: Test<'_>,
        mut ready: Vec<Ready>,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let vars = variables(test);
        let all: Vec<u32> = (0..batch.len as u32).collect();
        let decided = decided_in(&all, (batch, &ready), (test.left, test.op, test.right), self.values);
        for (row, decided) in all.into_iter().zip(decided) {
            let met = match decided {
                Some(met) => met,
                None => {
                    vars.iter().for_each(|var| self.frame.ids[*var] = batch.columns[*var][row as usize]);
                    self.take(&mut ready, row as usize);
                    self.met(test)?
                }
            };
            if met {
                rows.push(row);
            }
        }
        Ok(())
    }
}

fn variables(test: Test<'_>) -> Vec<usize> {
    let mut vars = Vec::new();
    calculation_vars(test.left, &mut |var| vars.push(var));
    calculation_vars(test.right, &mut |var| vars.push(var));
    vars
}

/// An aggregate that is ready, the constant it is compared with, and whether that is the left side.
fn with_constant<'r>(test: Test<'_>, ready: &'r [Ready]) -> Option<(&'r Ready, Computed, bool)> {
    let aggregate = |side: &Calculation| match side {
        Calculation::Aggregate(plan) => ready.iter().find(|ready| ready.plan == address(plan)),
        _ => None,
    };
    match (test.left, test.right) {
        (Calculation::Value(value), side) => Some((aggregate(side)?, Computed::Value(value.clone()), true)),
        (side, Calculation::Value(value)) => Some((aggregate(side)?, Computed::Value(value.clone()), false)),
        _ => None,
    }
}

fn has_aggregate(calculation: &Calculation) -> bool {
    let mut found = false;
    calculation.each(&mut |part| found |= matches!(part, Calculation::Aggregate(_)));
    found
}

/// The one variable both sides read, with its domain; `None` where there are several or none.
fn only_variable(test: Test<'_>) -> Option<(usize, usize)> {
    let mut only = None;
    let mut several = false;
    for side in [test.left, test.right] {
        side.each(&mut |part| {
            if let Calculation::Var { var, domain } = part {
                several |= only.is_some_and(|(other, _)| other != *var);
                only = Some((*var, *domain));
            }
        });
    }
    only.filter(|_| !several)
}

/// The rows in which something is met, told of some of them, ascending; `otherwise` of all others.
fn by_row<T>(
    some: &[(u32, T)],
    met: impl Fn(&T) -> bool,
    otherwise: bool,
    count: usize,
    rows: &mut Vec<u32>,
) {
    let mut next = 0;
    for (row, told) in some {
        if otherwise {
            rows.extend(next..*row);
        }
        if met(told) {
            rows.push(*row);
        }
        next = row + 1;
    }
    if otherwise {
        rows.extend(next..count as u32);
    }
}
