//! Functions on dates.

use super::{Builtin, Takes};
use crate::value::{Date, Decimal, DomainError, Value, ValueKind};

fn date(values: &[Value], at: usize) -> Result<Date, DomainError> {
    match values.get(at) {
        Some(Value::Date(date)) => Ok(*date),
        // INVARIANT: `model` has checked what the function takes.
        _ => Err(DomainError::Overflow),
    }
}

fn part(values: &[Value], pick: impl FnOnce((i32, i32, i32)) -> i32) -> Result<Value, DomainError> {
    Ok(Value::Number(Decimal::from(i64::from(pick(date(values, 0)?.ymd())))))
}

/// Whole years from one day to a later one: birthdays passed. In a year without the day, its month's
/// last day counts.
fn years(from: Date, to: Date) -> i64 {
    if to < from {
        return -years(to, from);
    }
    let years = i64::from(to.ymd().0 - from.ymd().0);
    let reached = from.add_years(years).is_some_and(|day| day <= to);
    if reached { years } else { years - 1 }
}

const DATE: Takes = Takes::Kinds(&[ValueKind::Date]);
const GIVES: Option<ValueKind> = Some(ValueKind::Number);

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "year",
        takes: DATE,
        gives: GIVES,
        text: "The year of a date.",
        examples: &[("year(2026-02-28)", "2026")],
        evaluate: |values| part(values, |(year, _, _)| year),
        near: None,
        grows: &[true],
    },
    Builtin {
        name: "month",
        takes: DATE,
        gives: GIVES,
        text: "The month of a date, from 1.",
        examples: &[("month(2026-02-28)", "2")],
        evaluate: |values| part(values, |(_, month, _)| month),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "day",
        takes: DATE,
        gives: GIVES,
        text: "The day of the month of a date, from 1.",
        examples: &[("day(2026-02-28)", "28")],
        evaluate: |values| part(values, |(_, _, day)| day),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "years-between",
        takes: Takes::Kinds(&[ValueKind::Date, ValueKind::Date]),
        gives: GIVES,
        text: "The whole years from the first date to the second; negative where the second is earlier.",
        examples: &[
            ("years-between(2000-06-15, 2026-06-14)", "25"),
            ("years-between(2000-06-15, 2026-06-15)", "26"),
            ("years-between(2004-02-29, 2005-02-28)", "1"),
            ("years-between(2026-06-15, 2000-06-15)", "-26"),
        ],
        evaluate: |values| Ok(Value::Number(Decimal::from(years(date(values, 0)?, date(values, 1)?)))),
        near: None,
        grows: &[false, true],
    },
];
