//! Calculations over batches in whole numbers: where all numbers are multiples of units known beforehand,
//! sums, differences and products are worked out as integers. What does not fit is left to the
//! calculation value by value.

use super::batch::Batch;
use super::planted::{Bug, planted};
use super::program::{Calculation, Comparison};
use super::values::Values;
use super::worked::Worked;
use crate::builtin::Builtin;
use crate::facts::{MISSING, units_at};
use crate::value::{Date, Value};

/// Stands for the units of a value that is missing.
pub(super) const NONE: i64 = i64::MIN;

/// A calculation in multiples of ten to the power of `exponent`, or in days.
pub(super) struct Units<'v> {
    node: Node<'v>,
    pub exponent: i32,
}

enum Node<'v> {
    Var(usize, &'v [i64]),
    Constant(i64),
    /// Each side with what brings it to the common unit.
    Sum(Box<Node<'v>>, i64, Box<Node<'v>>, i64),
    Product(Box<Node<'v>>, Box<Node<'v>>),
    /// Without its sign.
    Size(Box<Node<'v>>),
    /// A date so many days later.
    Shifted(Box<Node<'v>>, i64),
    /// What a function gives of one word.
    Worked(Worked<'v>),
    /// What a function gives of two dates.
    OfDates(Box<Node<'v>>, Box<Node<'v>>, &'static Builtin),
    /// The greatest of two sides in the common unit, or the least.
    Extreme(Box<Node<'v>>, i64, Box<Node<'v>>, i64, Extreme),
}

/// Which of two sides counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extreme {
    Greatest,
    Least,
}

/// How many units something is in each row of a batch, `NONE` where a value is missing or where it does
/// not fit.
pub(super) struct Amounts {
    /// By row.
    pub units: Vec<i64>,
    /// The rows that must be calculated value by value, ascending.
    pub too_large: Vec<u32>,
}

impl<'v> Units<'v> {
    /// A calculation of numbers in whole units; `None` where it is no such.
    pub fn of_numbers(calculation: &Calculation, values: &'v Values<'_>) -> Option<Self> {
        match calculation {
            Calculation::Var { var, domain } => {
                let lane = values.lane(*domain)?;
                Some(Self { node: Node::Var(*var, &lane.units), exponent: lane.exponent })
            }
            Calculation::Value(Value::Number(number)) => {
                let exponent = number.exponent();
                let units = number.in_units(exponent)?;
                Some(Self { node: Node::Constant(units), exponent })
            }
            Calculation::Negate(inner) => {
                let inner = Self::of_numbers(inner, values)?;
                let node = Node::Product(Box::new(Node::Constant(-1)), Box::new(inner.node));
                Some(Self { node, exponent: inner.exponent })
            }
            Calculation::Add(left, right) => {
                Self::sum(Self::of_numbers(left, values)?, Self::of_numbers(right, values)?, 1)
            }
            Calculation::Subtract(left, right) => {
                Self::sum(Self::of_numbers(left, values)?, Self::of_numbers(right, values)?, -1)
            }
            Calculation::Multiply(left, right) => {
                let (left, right) = (Self::of_numbers(left, values)?, Self::of_numbers(right, values)?);
                let exponent = left.exponent.checked_add(right.exponent)?;
                Some(Self { node: Node::Product(Box::new(left.node), Box::new(right.node)), exponent })
            }
            Calculation::Days(left, right) => {
                Self::sum(Self::of_dates(left, values)?, Self::of_dates(right, values)?, -1)
            }
            Calculation::Call(function, args) => Self::called(function.name, args, values)
                .or_else(|| Self::worked(function, args, values))
                .or_else(|| Self::of_two_dates(function, args, values)),
            Calculation::Value(_)
            | Calculation::Divide(..)
            | Calculation::Power(..)
            | Calculation::Aggregate(_)
            | Calculation::Shift { .. } => None,
        }
    }

    fn called(function: &str, args: &[Calculation], values: &'v Values<'_>) -> Option<Self> {
        let mut args = args.iter().map(|arg| Self::of_numbers(arg, values));
        let first = args.next()??;
        match function {
            "abs" => Some(Self { node: Node::Size(Box::new(first.node)), exponent: first.exponent }),
            "greatest" => args.try_fold(first, |all, arg| all.or(arg?, Extreme::Greatest)),
            "least" => args.try_fold(first, |all, arg| all.or(arg?, Extreme::Least)),
            _ => None,
        }
    }

    fn worked(function: &'static Builtin, args: &[Calculation], values: &'v Values<'_>) -> Option<Self> {
        Some(Self { node: Node::Worked(Worked::of(function, args, values)?), exponent: 0 })
    }

    fn of_two_dates(
        function: &'static Builtin,
        args: &[Calculation],
        values: &'v Values<'_>,
    ) -> Option<Self> {
        let [one, other] = args else { return None };
        let (one, other) = (Self::of_dates(one, values)?, Self::of_dates(other, values)?);
        let node = Node::OfDates(Box::new(one.node), Box::new(other.node), function);
        function.is_whole().then_some(Self { node, exponent: 0 })
    }

    fn or(self, other: Self, which: Extreme) -> Option<Self> {
        let (exponent, lift, other_lift) = Self::lifts(&self, &other)?;
        let node = Node::Extreme(Box::new(self.node), lift, Box::new(other.node), other_lift, which);
        Some(Self { node, exponent })
    }

    /// The common unit of two sides, and what brings each to it.
    fn lifts(left: &Self, right: &Self) -> Option<(i32, i64, i64)> {
        let exponent = left.exponent.min(right.exponent);
        let lift = |side: i32| 10_i64.checked_pow((side - exponent) as u32);
        Some((exponent, lift(left.exponent)?, lift(right.exponent)?))
    }

    /// A date as a number of days; `None` where it is no plain date.
    pub fn of_dates(calculation: &Calculation, values: &'v Values<'_>) -> Option<Self> {
        match calculation {
            Calculation::Var { var, domain } => {
                Some(Self { node: Node::Var(*var, values.days(*domain)?), exponent: 0 })
            }
            Calculation::Value(Value::Date(date)) => {
                Some(Self { node: Node::Constant(date.days_since(Date::EPOCH)), exponent: 0 })
            }
            Calculation::Shift { date, amount, unit: 0, back } => {
                let Calculation::Value(Value::Number(amount)) = &**amount else { return None };
                let days = amount.in_units(0)?;
                let days = if *back { days.checked_neg()? } else { days };
                let date = Self::of_dates(date, values)?;
                Some(Self { node: Node::Shifted(Box::new(date.node), days), exponent: 0 })
            }
            _ => None,
        }
    }

    fn sum(left: Self, right: Self, sign: i64) -> Option<Self> {
        let (exponent, lift_left, lift_right) = Self::lifts(&left, &right)?;
        let node = Node::Sum(Box::new(left.node), lift_left, Box::new(right.node), lift_right * sign);
        Some(Self { node, exponent })
    }

    /// The difference of two calculations, whose sign tells how they compare; `None` where they are not in
    /// units that go together.
    pub fn difference(left: &Calculation, right: &Calculation, values: &'v Values<'_>) -> Option<Self> {
        let numbers = || Some((Self::of_numbers(left, values)?, Self::of_numbers(right, values)?));
        let dates = || Some((Self::of_dates(left, values)?, Self::of_dates(right, values)?));
        let (left, right) = numbers().or_else(dates)?;
        Self::sum(left, right, -1)
    }

    /// How many units more it is for each unit more of a variable; `None` where that is not the same everywhere.
    pub fn slope(&self, var: usize) -> Option<i64> {
        self.node.slope(var)
    }

    /// The same with nothing in the place of a variable.
    pub fn without(mut self, var: usize) -> Self {
        self.node.take_out(var);
        self
    }

    /// Whether a calculation may be one of numbers in whole units, as far as its shape tells.
    pub fn may_be(calculation: &Calculation) -> bool {
        match calculation {
            Calculation::Var { .. } | Calculation::Value(_) => true,
            Calculation::Negate(inner) => Self::may_be(inner),
            Calculation::Add(left, right)
            | Calculation::Subtract(left, right)
            | Calculation::Multiply(left, right)
            | Calculation::Days(left, right) => Self::may_be(left) && Self::may_be(right),
            Calculation::Call(function, args) => {
                let is_known = matches!(function.name, "abs" | "greatest" | "least") || function.is_whole();
                is_known && args.iter().all(Self::may_be)
            }
            Calculation::Divide(..)
            | Calculation::Power(..)
            | Calculation::Aggregate(_)
            | Calculation::Shift { .. } => false,
        }
    }

    /// How many units it is in each row.
    pub fn amounts(&self, batch: &Batch) -> Amounts {
        let mut too_large = Vec::new();
        let units = self.node.column(batch, &mut too_large);
        too_large.sort_unstable();
        too_large.dedup();
        Amounts { units, too_large }
    }
}

impl Node<'_> {
    fn slope(&self, var: usize) -> Option<i64> {
        match self {
            Self::Var(own, _) => Some(i64::from(*own == var)),
            Self::Constant(_) => Some(0),
            Self::Sum(left, lift_left, right, lift_right) => {
                let left = left.slope(var)?.checked_mul(*lift_left)?;
                left.checked_add(right.slope(var)?.checked_mul(*lift_right)?)
            }
            Self::Product(left, right) => match (&**left, &**right) {
                (Self::Constant(factor), other) | (other, Self::Constant(factor)) => {
                    other.slope(var)?.checked_mul(*factor)
                }
                (left, right) => (left.slope(var)? == 0 && right.slope(var)? == 0).then_some(0),
            },
            Self::Size(inner) => (inner.slope(var)? == 0).then_some(0),
            Self::Shifted(inner, _) => inner.slope(var),
            Self::Worked(worked) => (worked.var != var).then_some(0),
            Self::Extreme(left, _, right, ..) | Self::OfDates(left, right, _) => {
                (left.slope(var)? == 0 && right.slope(var)? == 0).then_some(0)
            }
        }
    }

    fn take_out(&mut self, var: usize) {
        match self {
            Self::Var(own, _) if *own == var => *self = Self::Constant(0),
            Self::Var(..) | Self::Constant(_) | Self::Worked(_) => {}
            Self::Sum(left, _, right, _)
            | Self::Product(left, right)
            | Self::Extreme(left, _, right, ..)
            | Self::OfDates(left, right, _) => {
                left.take_out(var);
                right.take_out(var);
            }
            Self::Size(inner) | Self::Shifted(inner, _) => inner.take_out(var),
        }
    }

    fn column(&self, batch: &Batch, too_large: &mut Vec<u32>) -> Vec<i64> {
        match self {
            Self::Var(var, known) => {
                let ids = &batch.columns[*var][..batch.len];
                let units = |(row, id): (u32, &u32)| match units_at(known, *id) {
                    Some(_) if *id == MISSING => NONE,
                    Some(units) => units,
                    // A value made since, or with too many digits.
                    None => {
                        too_large.push(row);
                        NONE
                    }
                };
                (0..).zip(ids).map(units).collect()
            }
            Self::Constant(units) => vec![*units; batch.len],
            Self::Sum(left, lift_left, right, lift_right) => {
                let sum = |left: i64, right: i64| {
                    left.checked_mul(*lift_left)?.checked_add(right.checked_mul(*lift_right)?)
                };
                Self::both(left, right, sum, batch, too_large)
            }
            Self::Product(left, right) => Self::both(left, right, i64::checked_mul, batch, too_large),
            Self::Size(inner) => {
                let mut out = inner.column(batch, too_large);
                out.iter_mut().filter(|units| **units != NONE).for_each(|units| *units = units.abs());
                out
            }
            Self::Shifted(inner, days) => {
                let mut out = inner.column(batch, too_large);
                for (row, units) in (0..).zip(&mut out).filter(|(_, units)| **units != NONE) {
                    *units = date_of(units.saturating_add(*days)).map_or(NONE, |_| *units + days);
                    if *units == NONE {
                        too_large.push(row);
                    }
                }
                out
            }
            Self::Worked(worked) => {
                let ids = &batch.columns[worked.var][..batch.len];
                let whole = |(row, id): (u32, &u32)| {
                    worked.whole(*id).unwrap_or_else(|| {
                        if *id != MISSING {
                            too_large.push(row);
                        }
                        NONE
                    })
                };
                (0..).zip(ids).map(whole).collect()
            }
            Self::OfDates(left, right, function) => {
                let of_dates = |left: i64, right: i64| {
                    let dates = [Value::Date(date_of(left)?), Value::Date(date_of(right)?)];
                    match (function.evaluate)(&dates).ok()? {
                        Value::Number(number) => number.in_units(0),
                        Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
                    }
                };
                Self::both(left, right, of_dates, batch, too_large)
            }
            Self::Extreme(left, lift_left, right, lift_right, which) => {
                let extreme = |left: i64, right: i64| {
                    let (left, right) = (left.checked_mul(*lift_left)?, right.checked_mul(*lift_right)?);
                    Some(if *which == Extreme::Greatest { left.max(right) } else { left.min(right) })
                };
                Self::both(left, right, extreme, batch, too_large)
            }
        }
    }

    #[inline]
    fn both(
        left: &Self,
        right: &Self,
        calculate: impl Fn(i64, i64) -> Option<i64>,
        batch: &Batch,
        too_large: &mut Vec<u32>,
    ) -> Vec<i64> {
        let mut out = left.column(batch, too_large);
        let right = right.column(batch, too_large);
        for (row, (out, right)) in (0..).zip(out.iter_mut().zip(right)) {
            *out = if *out == NONE || right == NONE {
                NONE
            } else {
                match calculate(*out, right) {
                    Some(units) if units != NONE => units,
                    _ => {
                        too_large.push(row);
                        NONE
                    }
                }
            };
        }
        out
    }
}

/// The day so many days after 1970-01-01, where the calendar has it.
fn date_of(days: i64) -> Option<Date> {
    i32::try_from(days).ok().and_then(Date::from_days)
}

/// Whether a difference of that sign compares so.
pub fn compares(difference: i64, op: Comparison) -> bool {
    match op {
        Comparison::Equal => difference == 0,
        Comparison::NotEqual => difference != 0,
        Comparison::Less => difference < 0 || planted(Bug::WeakLess) && difference == 0,
        Comparison::AtMost => difference <= 0,
        Comparison::Greater => difference > 0,
        Comparison::AtLeast => difference >= 0,
    }
}
