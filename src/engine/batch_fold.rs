//! What an aggregate comes to row by row, in units: a value, or how it compares with a constant, for which no value need
//! be made.

use std::cmp::Ordering;

use super::batch::Bail;
use super::batch_units::{NONE, compares};
use super::calculate::compare;
use super::program::{Comparison, Computed};
use crate::builtin::AggregateKind;
use crate::value::{Date, Decimal, Value};

/// What an aggregate of numbers in units, or of things, comes to in one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub count: i64,
    pub sum: i128,
    /// Of the members below zero alone.
    pub below: i128,
    pub least: i64,
    pub most: i64,
}

/// Of no members.
pub(super) const NO_TOTALS: Totals = Totals { count: 0, sum: 0, below: 0, least: i64::MAX, most: i64::MIN };

impl Default for Totals {
    fn default() -> Self {
        NO_TOTALS
    }
}

impl Totals {
    pub fn add(&mut self, units: i64) {
        self.count += 1;
        self.sum += i128::from(units);
        self.below += i128::from(units.min(0));
        self.least = self.least.min(units);
        self.most = self.most.max(units);
    }
}

/// What units are.
#[derive(Clone, Copy)]
pub(super) enum Measure {
    /// Multiples of ten to the power of this.
    Number(i32),
    /// Days since 1970-01-01.
    Date,
}

impl Measure {
    pub fn value(self, units: i128) -> Result<Value, Bail> {
        match self {
            Self::Number(exponent) => {
                Decimal::scaled(units, exponent).map(Value::Number).map_err(|_| Bail::Calculation)
            }
            Self::Date => {
                let date = i32::try_from(units).ok().and_then(Date::from_days);
                date.map(Value::Date).ok_or(Bail::Calculation)
            }
        }
    }
}

/// A constant that an aggregate is compared with.
pub(super) struct Limit {
    op: Comparison,
    constant: Computed,
    /// Whether what could hold counts.
    possible: bool,
    /// What brings units to those of the constant, and how many of these it is.
    lift: i128,
    units: i128,
}

impl Limit {
    /// How an aggregate, on the left, must compare with a constant; `None` where they are not in units that go together.
    pub fn new(measure: Measure, op: Comparison, constant: &Value, possible: bool) -> Option<Self> {
        let (lift, units) = match (measure, constant) {
            (Measure::Number(exponent), Value::Number(number)) => {
                let unit = exponent.min(number.exponent());
                let more = u32::try_from(exponent.checked_sub(unit)?).ok()?;
                (10_i64.checked_pow(more)?, number.in_units(unit)?)
            }
            (Measure::Date, Value::Date(date)) => (1, date.days_since(Date::EPOCH)),
            _ => return None,
        };
        let constant = Computed::Value(constant.clone());
        Some(Self { op, constant, possible, lift: lift.into(), units: units.into() })
    }

    /// How an aggregate of known members lies to the constant; `None` where that takes larger numbers. An average is not
    /// divided: that it is rounded to 34 digits does not matter, since a count of 32 bits and a constant of 64 leave it
    /// further from the constant than that, or just there.
    fn order(&self, kind: AggregateKind, totals: &Totals) -> Option<Ordering> {
        let (sum, count) = match kind {
            AggregateKind::Count => (totals.count.into(), 1),
            AggregateKind::Sum => (totals.sum, 1),
            AggregateKind::Average => (totals.sum, i128::from(u32::try_from(totals.count).ok()?)),
            AggregateKind::Min => (totals.least.into(), 1),
            AggregateKind::Max => (totals.most.into(), 1),
            AggregateKind::Median => return None,
        };
        Some(sum.checked_mul(self.lift)?.cmp(&self.units.checked_mul(count)?))
    }
}

/// What an aggregate comes to row by row, made of members that come in the order of their rows.
pub(super) struct Fold {
    kind: AggregateKind,
    measure: Measure,
    /// The row of the members that were added last.
    row: Option<u32>,
    totals: Totals,
    /// Whether no value of theirs is missing.
    known: bool,
    /// All of them, where they must be put in order.
    all: Vec<i64>,
    /// What it is compared with, where that alone is wanted.
    limit: Option<Limit>,
    out: Folded,
}

/// Rows that have members, ascending.
#[derive(Default)]
pub(super) struct Folded {
    /// What the aggregate comes to.
    pub values: Vec<(u32, Computed)>,
    /// Instead of that, whether it compares as it must.
    pub met: Vec<(u32, bool)>,
}

impl Fold {
    /// Nothing added yet; with `limit` only how it compares with that is wanted.
    pub fn new(kind: AggregateKind, measure: Measure, limit: Option<Limit>) -> Self {
        let (all, out) = (Vec::new(), Folded::default());
        Self { kind, measure, row: None, totals: NO_TOTALS, known: true, all, limit, out }
    }

    /// Adds a member of a row: its units, `NONE` where they are missing, and whether all else about it is known.
    #[inline]
    pub fn add(&mut self, row: u32, units: i64, known: bool) -> Result<(), Bail> {
        if self.row != Some(row) {
            self.close()?;
            self.row = Some(row);
        }
        self.known &= known && units != NONE;
        match self.kind {
            AggregateKind::Count => self.totals.count += 1,
            AggregateKind::Median => self.all.push(units),
            _ => self.totals.add(units),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Bail> {
        let Some(row) = self.row.take() else { return Ok(()) };
        let told = self.limit.as_ref().filter(|_| self.known);
        if let Some((limit, order)) =
            told.and_then(|limit| Some((limit, limit.order(self.kind, &self.totals)?)))
        {
            self.out.met.push((row, compares(order as i64, limit.op)));
        } else {
            let computed = match self.kind {
                _ if !self.known => Computed::Missing,
                AggregateKind::Median => median(&mut self.all, self.measure)?,
                kind => total(kind, &self.totals, self.measure)?,
            };
            match &self.limit {
                None => self.out.values.push((row, computed)),
                Some(Limit { op, constant, possible, .. }) => {
                    self.out.met.push((row, compare(&computed, *op, constant, *possible)));
                }
            }
        }
        (self.totals, self.known) = (NO_TOTALS, true);
        self.all.clear();
        Ok(())
    }

    /// All rows that have members.
    pub fn finish(mut self) -> Result<Folded, Bail> {
        self.close()?;
        Ok(self.out)
    }
}

/// What an aggregate of these members comes to.
pub(super) fn total(kind: AggregateKind, totals: &Totals, measure: Measure) -> Result<Computed, Bail> {
    let value = match kind {
        AggregateKind::Count | AggregateKind::Median => Value::Number(Decimal::from(totals.count)),
        AggregateKind::Sum => measure.value(totals.sum)?,
        AggregateKind::Average => {
            let Value::Number(sum) = measure.value(totals.sum)? else { return Err(Bail::Calculation) };
            let average = sum.checked_div(Decimal::from(totals.count));
            Value::Number(average.map_err(|_| Bail::Calculation)?)
        }
        AggregateKind::Min => measure.value(i128::from(totals.least))?,
        AggregateKind::Max => measure.value(i128::from(totals.most))?,
    };
    Ok(Computed::Value(value))
}

/// The middle of some numbers in units, or the mean of the two in the middle.
pub(super) fn median(units: &mut [i64], measure: Measure) -> Result<Computed, Bail> {
    let middle = units.len() / 2;
    let even = units.len().is_multiple_of(2);
    let (before, upper, _) = units.select_nth_unstable(middle);
    let upper = measure.value(i128::from(*upper))?;
    let Some(lower) = before.iter().max().filter(|_| even) else { return Ok(Computed::Value(upper)) };
    let (Value::Number(lower), Value::Number(upper)) = (measure.value(i128::from(*lower))?, upper) else {
        return Err(Bail::Calculation);
    };
    let mean = lower.checked_add(upper).and_then(|both| both.checked_div(Decimal::from(2)));
    mean.map(|mean| Computed::Value(Value::Number(mean))).map_err(|_| Bail::Calculation)
}
