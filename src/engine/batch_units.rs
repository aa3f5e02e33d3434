//! Calculations over batches in whole numbers: where all numbers are multiples of units known beforehand,
//! sums, differences and products are worked out as integers. What grows past 34 digits, where numbers
//! are rounded, is left to the calculation value by value.

use super::batch::Batch;
use super::planted::{Bug, planted};
use super::program::{Calculation, Comparison};
use super::values::Values;
use crate::facts::MISSING;
use crate::value::{Date, Value};

/// Past this numbers are rounded.
const EXACT: i128 = 10_i128.pow(34);

/// Why a row must be calculated value by value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooLarge;

/// A calculation in multiples of ten to the power of `exponent`, or in days.
pub(super) struct Units<'v> {
    node: Node<'v>,
    exponent: i32,
}

enum Node<'v> {
    Var(usize, &'v [i64]),
    Constant(i128),
    /// Each side with what brings it to the common unit.
    Sum(Box<Node<'v>>, i128, Box<Node<'v>>, i128),
    Product(Box<Node<'v>>, Box<Node<'v>>),
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
                Some(Self { node: Node::Constant(units.into()), exponent })
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
            Calculation::Value(_)
            | Calculation::Divide(..)
            | Calculation::Power(..)
            | Calculation::Call(..)
            | Calculation::Aggregate(_)
            | Calculation::Shift { .. } => None,
        }
    }

    /// A date as a number of days; `None` where it is no plain date.
    pub fn of_dates(calculation: &Calculation, values: &'v Values<'_>) -> Option<Self> {
        match calculation {
            Calculation::Var { var, domain } => {
                Some(Self { node: Node::Var(*var, values.days(*domain)?), exponent: 0 })
            }
            Calculation::Value(Value::Date(date)) => {
                Some(Self { node: Node::Constant(date.days_since(Date::EPOCH).into()), exponent: 0 })
            }
            _ => None,
        }
    }

    fn sum(left: Self, right: Self, sign: i128) -> Option<Self> {
        let exponent = left.exponent.min(right.exponent);
        let lift = |side: i32| 10_i128.checked_pow((side - exponent) as u32).filter(|lift| *lift < EXACT);
        let (lift_left, lift_right) = (lift(left.exponent)?, lift(right.exponent)? * sign);
        let node = Node::Sum(Box::new(left.node), lift_left, Box::new(right.node), lift_right);
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

    /// How many units it is in a row; `None` where a value is missing.
    #[inline]
    pub fn at(&self, batch: &Batch, row: usize) -> Result<Option<i128>, TooLarge> {
        self.node.at(batch, row)
    }
}

impl Node<'_> {
    fn at(&self, batch: &Batch, row: usize) -> Result<Option<i128>, TooLarge> {
        match self {
            Self::Var(var, units) => match batch.columns[*var][row] {
                MISSING => Ok(None),
                // A value made since has no units.
                id => units.get(id as usize).map(|units| Some((*units).into())).ok_or(TooLarge),
            },
            Self::Constant(units) => Ok(Some(*units)),
            Self::Sum(left, lift_left, right, lift_right) => {
                let (Some(left), Some(right)) = (left.at(batch, row)?, right.at(batch, row)?) else {
                    return Ok(None);
                };
                let sides = left.checked_mul(*lift_left).zip(right.checked_mul(*lift_right));
                exact(sides.and_then(|(left, right)| left.checked_add(right)))
            }
            Self::Product(left, right) => {
                let (Some(left), Some(right)) = (left.at(batch, row)?, right.at(batch, row)?) else {
                    return Ok(None);
                };
                exact(left.checked_mul(right))
            }
        }
    }
}

fn exact(units: Option<i128>) -> Result<Option<i128>, TooLarge> {
    match units {
        Some(units) if -EXACT < units && units < EXACT => Ok(Some(units)),
        _ => Err(TooLarge),
    }
}

/// Whether a difference of that sign compares so.
pub(super) fn compares(difference: i128, op: Comparison) -> bool {
    match op {
        Comparison::Equal => difference == 0,
        Comparison::NotEqual => difference != 0,
        Comparison::Less => difference < 0 || planted(Bug::WeakLess) && difference == 0,
        Comparison::AtMost => difference <= 0,
        Comparison::Greater => difference > 0,
        Comparison::AtLeast => difference >= 0,
    }
}
