//! Comparisons decided by floating point where the two sides lie further apart than rounding can
//! account for (`value::About`); the rest is left to exact arithmetic.

use std::cmp::Ordering;

use super::batch::Batch;
use super::batch_aggregate::Ready;
use super::calculate::{Leaf, calculate, number};
use super::program::{Calculation, Comparison, Computed, address};
use super::run::Frame;
use super::values::Values;
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::DomainId;
use crate::value::{About, DomainError};

/// How two numbers compare, where they lie far enough apart.
fn compares(left: About, op: Comparison, right: About) -> Option<bool> {
    let order = left.compare(right)?;
    Some(match op {
        Comparison::Equal => false,
        Comparison::NotEqual => true,
        Comparison::Less | Comparison::AtMost => order == Ordering::Less,
        Comparison::Greater | Comparison::AtLeast => order == Ordering::Greater,
    })
}

/// How two sides compare for the ids of a frame, where floating point can tell.
pub(super) fn decided(
    left: &Calculation,
    op: Comparison,
    right: &Calculation,
    frame: &Frame,
    values: &Values<'_>,
) -> Option<bool> {
    compares(about(left, frame, values)?, op, about(right, frame, values)?)
}

/// How two sides compare in some rows of a batch, ascending, where floating point can tell; with what aggregates came to.
pub(super) fn decided_in(
    rows: &[u32],
    (batch, ready): (&Batch, &[Ready]),
    (left, op, right): (&Calculation, Comparison, &Calculation),
    values: &Values<'_>,
) -> Vec<Option<bool>> {
    let of = |side: &Calculation| column(side, rows, (batch, ready), values);
    let Some((left, right)) = of(left).zip(of(right)) else { return vec![None; rows.len()] };
    left.into_iter().zip(right).map(|(left, right)| compares(left?, op, right?)).collect()
}

/// A calculation in some rows of a batch; `None` where floating point is of no use.
fn column(
    calculation: &Calculation,
    rows: &[u32],
    (batch, ready): (&Batch, &[Ready]),
    values: &Values<'_>,
) -> Option<Vec<Option<About>>> {
    let of = |calculation: &Calculation| column(calculation, rows, (batch, ready), values);
    let both = |left: &Calculation, right: &Calculation, made: fn(About, About) -> Option<About>| {
        let (left, right) = (of(left)?, of(right)?);
        Some(left.into_iter().zip(right).map(|(left, right)| made(left?, right?)).collect())
    };
    match calculation {
        Calculation::Value(value) => Some(vec![About::of(number(value).ok()?); rows.len()]),
        Calculation::Var { var, domain } => {
            let ids = &batch.columns[*var];
            Some(rows.iter().map(|row| of_id(*domain, ids[*row as usize], values)).collect())
        }
        Calculation::Aggregate(plan) => {
            let ready = ready.iter().find(|ready| ready.plan == address(plan))?;
            let nothing = of_computed(&ready.nothing);
            let mut some = ready.some.iter().peekable();
            let of_row = |row: &u32| {
                while some.next_if(|(at, _)| at < row).is_some() {}
                some.next_if(|(at, _)| at == row).map_or(nothing, |(_, computed)| of_computed(computed))
            };
            Some(rows.iter().map(of_row).collect())
        }
        Calculation::Negate(inner) => {
            Some(of(inner)?.into_iter().map(|about| about.map(About::negated)).collect())
        }
        Calculation::Add(left, right) => both(left, right, About::plus),
        Calculation::Subtract(left, right) => both(left, right, About::minus),
        Calculation::Multiply(left, right) => both(left, right, About::times),
        Calculation::Divide(left, right) => both(left, right, About::through),
        Calculation::Power(..)
        | Calculation::Call(..)
        | Calculation::Days(..)
        | Calculation::Shift { .. } => None,
    }
}

/// What something came to, where that is a number.
fn of_computed(computed: &Computed) -> Option<About> {
    match computed {
        Computed::Value(value) => About::of(number(value).ok()?),
        _ => None,
    }
}

fn about(calculation: &Calculation, frame: &Frame, values: &Values<'_>) -> Option<About> {
    let of = |calculation: &Calculation| about(calculation, frame, values);
    match calculation {
        Calculation::Value(value) => About::of(number(value).ok()?),
        Calculation::Var { var, domain } => of_id(*domain, frame.ids[*var], values),
        Calculation::Aggregate(plan) => {
            let (_, computed) = frame.ready.iter().find(|(ready, _)| *ready == address(plan))?;
            of_computed(computed)
        }
        Calculation::Negate(inner) => Some(of(inner)?.negated()),
        Calculation::Add(left, right) => of(left)?.plus(of(right)?),
        Calculation::Subtract(left, right) => of(left)?.minus(of(right)?),
        Calculation::Multiply(left, right) => of(left)?.times(of(right)?),
        Calculation::Divide(left, right) => of(left)?.through(of(right)?),
        Calculation::Power(base, power) => of(base)?.power(of(power)?),
        Calculation::Call(function, args) if let Some(near) = function.near => {
            near(&args.iter().map(of).collect::<Option<Vec<About>>>()?)
        }
        Calculation::Call(..) | Calculation::Days(..) | Calculation::Shift { .. } => {
            exactly(calculation, frame, values)
        }
    }
}

/// A number worked out exactly: what gives whole numbers, or makes them of dates and texts.
fn exactly(calculation: &Calculation, frame: &Frame, values: &Values<'_>) -> Option<About> {
    let computed = calculate(calculation, &mut |leaf| match leaf {
        Leaf::Var(var, domain) => match frame.ids[var] {
            MISSING => Ok(Computed::Missing),
            id => {
                let value = values.value(DomainId::from_usize(domain), id);
                value.map(Computed::Value).ok_or(DomainError::Overflow)
            }
        },
        Leaf::Aggregate(_) => Err(DomainError::Overflow),
    });
    match computed.ok()? {
        Computed::Value(value) => About::of(number(&value).ok()?),
        Computed::Missing | Computed::PerhapsMissing | Computed::Nothing | Computed::Between { .. } => None,
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
    About::of(known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::IndexVec;
    use crate::builtin;
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
            agrees(cases.into(), (c, near))?;
        }

        /// The same of powers and logarithms.
        #[test]
        fn filter_agrees_on_powers_and_logarithms(
            base in 1_i64..4_000_000, digits in -9_i32..2, power in -9000_i64..9000, near in -3_i64..4
        ) {
            let base = Decimal::scaled(i128::from(base), digits).expect("in range");
            let power = Decimal::scaled(i128::from(power), -3).expect("in range");
            let value = |number: Decimal| Calculation::Value(Value::Number(number));
            let call = |name: &str, args: Vec<Calculation>| Calculation::Call(builtin::find(name).expect("one of ours"), args);
            let raised = |base: Calculation| Calculation::Power(Box::new(base), Box::new(value(power)));
            let one = Decimal::from(1);
            let (least, greatest) = (base.min(one), base.max(one));
            let cases = vec![
                (raised(value(base)), base.checked_pow(power).ok()),
                (call("ln", vec![value(base)]), base.checked_ln().ok()),
                (call("exp", vec![value(power)]), power.checked_exp().ok()),
                (raised(call("least", vec![value(base), value(one)])), least.checked_pow(power).ok()),
                (raised(call("greatest", vec![value(one), value(base)])), greatest.checked_pow(power).ok()),
                (
                    Calculation::Multiply(Box::new(raised(call("abs", vec![value(-base)]))), Box::new(call("floor", vec![value(power)]))),
                    base.checked_pow(power).and_then(|raised| raised.checked_mul(power.floor())).ok(),
                ),
            ];
            agrees(cases, (power, near))?;
        }
    }

    /// Whether what is claimed of calculations beside a number, beside what they come to, and beside what is a hair more or
    /// less, is what exact arithmetic says.
    fn agrees(
        cases: Vec<(Calculation, Option<Decimal>)>,
        (c, near): (Decimal, i64),
    ) -> Result<(), TestCaseError> {
        let value = |number: Decimal| Calculation::Value(Value::Number(number));
        let known = IndexVec::default();
        let values = Values::new(&known);
        let frame = Frame::default();
        for (left, result) in cases {
            let Some(result) = result else { continue };
            // Numbers far from the result, at it, and a hair beside it.
            let beside =
                result.checked_mul(Decimal::scaled(10_i128.pow(15) + i128::from(near), -15).unwrap_or(c));
            for other in [c, result, beside.unwrap_or(c)] {
                for op in [
                    Comparison::Equal,
                    Comparison::NotEqual,
                    Comparison::Less,
                    Comparison::AtMost,
                    Comparison::Greater,
                    Comparison::AtLeast,
                ] {
                    let says = decided(&left, op, &value(other), &frame, &values);
                    let in_batch =
                        decided_in(&[0], (&Batch::default(), &[]), (&left, op, &value(other)), &values);
                    prop_assert!(in_batch == vec![says] || in_batch == vec![None]);
                    let of = |number| Computed::Value(Value::Number(number));
                    let is = compare(&of(result), op, &of(other), false);
                    prop_assert!(says.is_none_or(|says| says == is), "{left:?} {op:?} {other:?}");
                }
            }
        }
        Ok(())
    }
}
