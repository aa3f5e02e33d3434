//! Comparisons decided by floating point where the two sides lie further apart than rounding can
//! account for; the rest is left to exact arithmetic. A floating-point filter as in J. R. Shewchuk,
//! "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997), with
//! bounds carried along instead of worked out beforehand.

use super::batch::Batch;
use super::calculate::number;
use super::program::{Calculation, Comparison, Computed, address};
use super::run::Frame;
use super::values::Values;
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::DomainId;

/// More than any one operation rounds by, of its result; exact arithmetic rounds far less.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// More than what underflow can lose.
const TINY: f64 = 1e-290;

/// Past this nothing is claimed.
const HUGE: f64 = 1e290;

/// A number and how far it can be off.
#[derive(Clone, Copy)]
struct About {
    value: f64,
    off: f64,
}

impl About {
    fn new(value: f64, off: f64) -> Option<Self> {
        let off = off + value.abs() * ROUNDING + TINY;
        (value.abs() < HUGE && off < HUGE).then_some(Self { value, off })
    }
}

impl About {
    fn negated(self) -> Self {
        Self { value: -self.value, off: self.off }
    }

    fn plus(self, other: Self) -> Option<Self> {
        Self::new(self.value + other.value, self.off + other.off)
    }

    fn minus(self, other: Self) -> Option<Self> {
        Self::new(self.value - other.value, self.off + other.off)
    }

    fn times(self, other: Self) -> Option<Self> {
        let off = self.off * other.value.abs() + other.off * self.value.abs() + self.off * other.off;
        Self::new(self.value * other.value, off * (1.0 + ROUNDING))
    }

    fn through(self, other: Self) -> Option<Self> {
        let least = other.value.abs() - other.off;
        if least <= other.value.abs() / 2.0 {
            return None;
        }
        let value = self.value / other.value;
        Self::new(value, (self.off + value.abs() * other.off) / least * (1.0 + ROUNDING))
    }

    /// How two sides compare, where they lie far enough apart.
    fn compares(self, op: Comparison, right: Self) -> Option<bool> {
        let difference = self.value - right.value;
        if difference.abs() <= 2.0 * (self.off + right.off) {
            return None;
        }
        Some(match op {
            Comparison::Equal => false,
            Comparison::NotEqual => true,
            Comparison::Less | Comparison::AtMost => difference < 0.0,
            Comparison::Greater | Comparison::AtLeast => difference > 0.0,
        })
    }
}

/// How two sides compare for the ids of a frame, where floating point can tell.
pub(super) fn decided(
    left: &Calculation,
    op: Comparison,
    right: &Calculation,
    frame: &Frame,
    values: &Values<'_>,
) -> Option<bool> {
    about(left, frame, values)?.compares(op, about(right, frame, values)?)
}

/// How two sides without aggregates compare in some rows of a batch, where floating point can tell.
pub(super) fn decided_in(
    rows: &[u32],
    batch: &Batch,
    (left, op, right): (&Calculation, Comparison, &Calculation),
    values: &Values<'_>,
) -> Vec<Option<bool>> {
    let sides = column(left, rows, batch, values).zip(column(right, rows, batch, values));
    let Some((left, right)) = sides else { return vec![None; rows.len()] };
    left.into_iter().zip(right).map(|(left, right)| left?.compares(op, right?)).collect()
}

/// A calculation in some rows of a batch; `None` where floating point is of no use.
fn column(
    calculation: &Calculation,
    rows: &[u32],
    batch: &Batch,
    values: &Values<'_>,
) -> Option<Vec<Option<About>>> {
    let of = |calculation: &Calculation| column(calculation, rows, batch, values);
    let both = |left: &Calculation, right: &Calculation, made: fn(About, About) -> Option<About>| {
        let (left, right) = (of(left)?, of(right)?);
        Some(left.into_iter().zip(right).map(|(left, right)| made(left?, right?)).collect())
    };
    match calculation {
        Calculation::Value(value) => Some(vec![stated(number(value).ok()?.about()); rows.len()]),
        Calculation::Var { var, domain } => {
            let ids = &batch.columns[*var];
            Some(rows.iter().map(|row| of_id(*domain, ids[*row as usize], values)).collect())
        }
        Calculation::Negate(inner) => {
            Some(of(inner)?.into_iter().map(|about| about.map(About::negated)).collect())
        }
        Calculation::Add(left, right) => both(left, right, About::plus),
        Calculation::Subtract(left, right) => both(left, right, About::minus),
        Calculation::Multiply(left, right) => both(left, right, About::times),
        Calculation::Divide(left, right) => both(left, right, About::through),
        Calculation::Aggregate(_)
        | Calculation::Power(..)
        | Calculation::Call(..)
        | Calculation::Days(..)
        | Calculation::Shift { .. } => None,
    }
}

fn about(calculation: &Calculation, frame: &Frame, values: &Values<'_>) -> Option<About> {
    let of = |calculation: &Calculation| about(calculation, frame, values);
    match calculation {
        Calculation::Value(value) => stated(number(value).ok()?.about()),
        Calculation::Var { var, domain } => of_id(*domain, frame.ids[*var], values),
        Calculation::Aggregate(plan) => {
            let (_, computed) = frame.ready.iter().find(|(ready, _)| *ready == address(plan))?;
            match computed {
                Computed::Value(value) => stated(number(value).ok()?.about()),
                _ => None,
            }
        }
        Calculation::Negate(inner) => Some(of(inner)?.negated()),
        Calculation::Add(left, right) => of(left)?.plus(of(right)?),
        Calculation::Subtract(left, right) => of(left)?.minus(of(right)?),
        Calculation::Multiply(left, right) => of(left)?.times(of(right)?),
        Calculation::Divide(left, right) => of(left)?.through(of(right)?),
        Calculation::Power(..)
        | Calculation::Call(..)
        | Calculation::Days(..)
        | Calculation::Shift { .. } => None,
    }
}

/// The number of an id.
fn of_id(domain: usize, id: u32, values: &Values<'_>) -> Option<About> {
    if id == MISSING {
        return None;
    }
    let known = match values.known(domain, id) {
        Some(value) => number(value).ok()?,
        None => number(&values.value(DomainId::from_usize(domain), id)?).ok()?,
    };
    stated(known.about())
}

fn stated(value: f64) -> Option<About> {
    About::new(value, 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::IndexVec;
    use crate::engine::calculate::compare;
    use crate::value::{Decimal, Value};

    fn number() -> impl Strategy<Value = Decimal> {
        (any::<i64>(), any::<i64>(), -45_i32..25).prop_filter_map("a number", |(high, low, exponent)| {
            Decimal::scaled(i128::from(high) * i128::from(low % 1000), exponent).ok()
        })
    }

    proptest! {
        /// What is claimed is what exact arithmetic says.
        #[test]
        fn filter_agrees_with_exact_comparison(a in number(), b in number(), c in number(), near in -3_i64..4) {
            let exact = |result: Result<Decimal, _>| result.ok();
            let value = |number: Decimal| Calculation::Value(Value::Number(number));
            let boxed = |number: Decimal| Box::new(value(number));
            let cases = [
                (Calculation::Add(boxed(a), boxed(b)), exact(a.checked_add(b))),
                (Calculation::Subtract(boxed(a), boxed(b)), exact(a.checked_sub(b))),
                (Calculation::Multiply(boxed(a), boxed(b)), exact(a.checked_mul(b))),
                (Calculation::Divide(boxed(a), boxed(b)), exact(a.checked_div(b))),
            ];
            let known = IndexVec::default();
            let values = Values::new(&known);
            let frame = Frame::default();
            for (left, result) in cases {
                let Some(result) = result else { continue };
                // Numbers far from the result, at it, and a hair beside it.
                let beside = result.checked_mul(Decimal::scaled(10_i128.pow(15) + i128::from(near), -15).unwrap_or(a));
                for other in [c, result, beside.unwrap_or(c)] {
                    for op in [
                        Comparison::Equal, Comparison::NotEqual, Comparison::Less,
                        Comparison::AtMost, Comparison::Greater, Comparison::AtLeast,
                    ] {
                        let says = decided(&left, op, &value(other), &frame, &values);
                        let in_batch = decided_in(&[0], &Batch::default(), (&left, op, &value(other)), &values);
                        prop_assert_eq!(in_batch, vec![says]);
                        let of = |number| Computed::Value(Value::Number(number));
                        let is = compare(&of(result), op, &of(other), false);
                        prop_assert!(says.is_none_or(|says| says == is), "{left:?} {op:?} {other:?}");
                    }
                }
            }
        }
    }
}
