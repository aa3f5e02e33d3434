//! Functions on numbers.

use super::{Builtin, Takes};
use crate::value::{About, Decimal, DomainError, Value, ValueKind};

fn number(values: &[Value], at: usize) -> Result<Decimal, DomainError> {
    match values.get(at) {
        Some(Value::Number(number)) => Ok(*number),
        // INVARIANT: `model` has checked what the function takes.
        _ => Err(DomainError::Overflow),
    }
}

fn one(
    values: &[Value],
    work: impl FnOnce(Decimal) -> Result<Decimal, DomainError>,
) -> Result<Value, DomainError> {
    work(number(values, 0)?).map(Value::Number)
}

fn pick(values: &[Value], best: impl Fn(&Value, &Value) -> bool) -> Result<Value, DomainError> {
    let picked = values.iter().reduce(|found, value| if best(value, found) { value } else { found });
    picked.cloned().ok_or(DomainError::Overflow)
}

const NUMBER: Takes = Takes::Kinds(&[ValueKind::Number]);
const GIVES: Option<ValueKind> = Some(ValueKind::Number);

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "abs",
        takes: NUMBER,
        gives: GIVES,
        text: "The number without its sign.",
        examples: &[("abs(-2.5)", "2.5"), ("abs(3)", "3")],
        evaluate: |values| one(values, |number| Ok(number.abs())),
        near: Some(|numbers| Some(numbers.first()?.abs())),
        grows: &[],
    },
    Builtin {
        name: "round",
        takes: Takes::Optional(&[ValueKind::Number], ValueKind::Number),
        gives: GIVES,
        text: "The nearest whole number, or with so many digits after the point; a half goes to the even one.",
        examples: &[
            ("round(2.5)", "2"),
            ("round(3.5)", "4"),
            ("round(1.005, 2)", "1"),
            ("round(1234, -2)", "1200"),
        ],
        evaluate: |values| {
            let places = if values.len() > 1 { number(values, 1)? } else { Decimal::ZERO };
            let places = places.to_i64().ok_or(DomainError::Overflow)?;
            one(values, |number| number.round_to(places))
        },
        near: None,
        grows: &[],
    },
    Builtin {
        name: "floor",
        takes: NUMBER,
        gives: GIVES,
        text: "The greatest whole number that is not above it.",
        examples: &[("floor(2.9)", "2"), ("floor(-2.1)", "-3")],
        evaluate: |values| one(values, |number| Ok(number.floor())),
        near: None,
        grows: &[true],
    },
    Builtin {
        name: "ceiling",
        takes: NUMBER,
        gives: GIVES,
        text: "The least whole number that is not below it.",
        examples: &[("ceiling(2.1)", "3"), ("ceiling(-2.9)", "-2")],
        evaluate: |values| one(values, |number| Ok(number.ceiling())),
        near: None,
        grows: &[true],
    },
    Builtin {
        name: "least",
        takes: Takes::Several,
        gives: None,
        text: "The least of several numbers or dates.",
        examples: &[("least(3, 1, 2)", "1"), ("least(2026-02-01, 2025-12-31)", "2025-12-31")],
        evaluate: |values| pick(values, |value, found| value < found),
        near: Some(|numbers| numbers.iter().copied().reduce(About::least)),
        grows: &[true],
    },
    Builtin {
        name: "greatest",
        takes: Takes::Several,
        gives: None,
        text: "The greatest of several numbers or dates.",
        examples: &[("greatest(3, 1, 2)", "3"), ("greatest(2026-02-01, 2025-12-31)", "2026-02-01")],
        evaluate: |values| pick(values, |value, found| value > found),
        near: Some(|numbers| numbers.iter().copied().reduce(About::greatest)),
        grows: &[true],
    },
    Builtin {
        name: "ln",
        takes: NUMBER,
        gives: GIVES,
        text: "The natural logarithm; zero and negative numbers have none, which is an error.",
        examples: &[("ln(1)", "0"), ("round(ln(10), 6)", "2.302585")],
        evaluate: |values| one(values, Decimal::checked_ln),
        near: Some(|numbers| numbers.first()?.ln()),
        grows: &[],
    },
    Builtin {
        name: "exp",
        takes: NUMBER,
        gives: GIVES,
        text: "e to this power.",
        examples: &[("exp(0)", "1"), ("round(exp(1), 6)", "2.718282")],
        evaluate: |values| one(values, Decimal::checked_exp),
        near: Some(|numbers| numbers.first()?.exp()),
        grows: &[],
    },
];
