//! Comparisons decided by floating point where the two sides lie further apart than rounding can
//! account for; the rest is left to exact arithmetic. A floating-point filter as in J. R. Shewchuk,
//! "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997), with
//! bounds carried along instead of worked out beforehand.

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

/// How two sides compare for the ids of a frame, where floating point can tell.
pub(super) fn decided(
    left: &Calculation,
    op: Comparison,
    right: &Calculation,
    frame: &Frame,
    values: &Values<'_>,
) -> Option<bool> {
    let left = about(left, frame, values)?;
    let right = about(right, frame, values)?;
    let difference = left.value - right.value;
    if difference.abs() <= 2.0 * (left.off + right.off) {
        return None;
    }
    Some(match op {
        Comparison::Equal => false,
        Comparison::NotEqual => true,
        Comparison::Less | Comparison::AtMost => difference < 0.0,
        Comparison::Greater | Comparison::AtLeast => difference > 0.0,
    })
}

fn about(calculation: &Calculation, frame: &Frame, values: &Values<'_>) -> Option<About> {
    let of = |calculation: &Calculation| about(calculation, frame, values);
    match calculation {
        Calculation::Value(value) => stated(number(value).ok()?.about()),
        Calculation::Var { var, domain } => match frame.ids[*var] {
            MISSING => None,
            id => {
                let known = match values.known(*domain, id) {
                    Some(value) => number(value).ok()?,
                    None => number(&values.value(DomainId::from_usize(*domain), id)?).ok()?,
                };
                stated(known.about())
            }
        },
        Calculation::Aggregate(plan) => {
            let (_, computed) = frame.ready.iter().find(|(ready, _)| *ready == address(plan))?;
            match computed {
                Computed::Value(value) => stated(number(value).ok()?.about()),
                _ => None,
            }
        }
        Calculation::Negate(inner) => {
            let About { value, off } = of(inner)?;
            Some(About { value: -value, off })
        }
        Calculation::Add(left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            About::new(left.value + right.value, left.off + right.off)
        }
        Calculation::Subtract(left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            About::new(left.value - right.value, left.off + right.off)
        }
        Calculation::Multiply(left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            let off = left.off * right.value.abs() + right.off * left.value.abs() + left.off * right.off;
            About::new(left.value * right.value, off * (1.0 + ROUNDING))
        }
        Calculation::Divide(left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            let least = right.value.abs() - right.off;
            if least <= right.value.abs() / 2.0 {
                return None;
            }
            let value = left.value / right.value;
            About::new(value, (left.off + value.abs() * right.off) / least * (1.0 + ROUNDING))
        }
        Calculation::Power(..)
        | Calculation::Call(..)
        | Calculation::Days(..)
        | Calculation::Shift { .. } => None,
    }
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
                        let of = |number| Computed::Value(Value::Number(number));
                        let is = compare(&of(result), op, &of(other), false);
                        prop_assert!(says.is_none_or(|says| says == is), "{left:?} {op:?} {other:?}");
                    }
                }
            }
        }
    }
}
