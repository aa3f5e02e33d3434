//! Dates that are tried where rules ask for parts of dates, move them or count what lies between two.

use std::collections::BTreeSet;

use super::constants::Found;
use crate::model::{BinaryOp, Constant, Expr, Term};
use crate::value::{Date, Decimal, Value, ValueKind};

/// Of so many numbers and dates each date is moved by each number.
const FEW: usize = 8;
/// Dates are made in so many years at most, the first and last ones known.
const MOST_YEARS: usize = 6;
/// From this number on one may stand for a year that is not compared with the year of a date itself.
pub(super) const LIKE_A_YEAR: i64 = 100;
/// So many years on either side of those known are tried where something recurs.
const AROUND: i32 = 10;
/// No year from this one on is looked for.
const LAST_YEAR: i64 = 9999;
/// The year that is taken where none is known.
const USUAL_YEAR: i32 = 2000;
/// A leap day is looked for in so many years.
const LEAP: i32 = 9;
/// So many dates of one year are made.
const MOST_IN_A_YEAR: usize = 96;
/// Months have so many days at least and at most.
const SHORTEST: i32 = 28;
const LAST_DAY: i32 = 31;

/// What rules may ask for of dates, by the values they name and those that were met.
pub(super) fn made(found: &Found, values: &BTreeSet<Value>) -> BTreeSet<Value> {
    let of = |value: &Value| match value {
        Value::Date(date) => Some(*date),
        Value::Number(_) | Value::Text(_) | Value::Flag(_) => None,
    };
    let dates: Vec<Date> = values.iter().filter_map(of).collect();
    let whole = |value: &Value| match value {
        Value::Number(number) => Decimal::to_i64(*number),
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
    };
    let numbers: BTreeSet<i64> = found.values.iter().filter_map(whole).collect();
    let mut years: BTreeSet<i64> = found.years.iter().chain(numbers.range(LIKE_A_YEAR..)).copied().collect();
    let mut out = BTreeSet::new();
    if found.called.contains("year") {
        years.extend(recurring(found, &dates));
        let first = |year: i64| Date::from_ymd(i32::try_from(year).ok()?, 1, 1);
        out.extend(years.iter().flat_map(|year| [first(*year), first(year + 1)]).flatten());
    }
    // What stands beside the year of a date is a year, not so many years.
    let spans: BTreeSet<i64> = numbers.difference(&found.years).copied().collect();
    moved(found, &dates, &spans, &mut out);
    parts(found, &dates, (&numbers, &years), &mut out);
    out.into_iter().map(Value::Date).collect()
}

/// The years beside the first and last known, where what is asked of years may be met again and again.
fn recurring(found: &Found, dates: &[Date]) -> BTreeSet<i64> {
    if !found.endless.contains(&ValueKind::Date) {
        return BTreeSet::new();
    }
    let known: BTreeSet<i32> = dates.iter().map(|date| date.ymd().0).collect();
    let ends = [known.first(), known.last()].map(|year| year.copied().unwrap_or(USUAL_YEAR));
    ends.into_iter().flat_map(|year| (year - AROUND..=year + AROUND).map(i64::from)).collect()
}

/// The year at or after which sides of a comparison are equal, where these are worked out of the year of a date and of
/// nothing else that varies, and go along a straight line.
pub(super) fn turning_year(lhs: &Expr, rhs: &Expr) -> Option<i64> {
    let apart = |year: i64| {
        let year = Decimal::from(year);
        in_year(lhs, year)?.checked_sub(in_year(rhs, year)?).ok()
    };
    let (first, next, later) = (apart(0)?, apart(1)?, apart(2)?);
    let slope = next.checked_sub(first).ok()?;
    if later.checked_sub(next).ok()? != slope {
        return None;
    }
    let year = Decimal::ZERO.checked_sub(first).ok()?.checked_div(slope).ok()?;
    year.floor().to_i64().filter(|year| (1..LAST_YEAR).contains(year))
}

/// What an expression comes to in a year, where it hangs on nothing else.
fn in_year(expr: &Expr, year: Decimal) -> Option<Decimal> {
    match expr {
        Expr::Term(Term::Constant(Constant::Value(Value::Number(number)))) => Some(*number),
        Expr::Negate(inner) => Some(-in_year(inner, year)?),
        Expr::Call(function, _) if function.name == "year" => Some(year),
        Expr::Binary(op, lhs, rhs) => {
            let (lhs, rhs) = (in_year(lhs, year)?, in_year(rhs, year)?);
            let result = match op {
                BinaryOp::Add => lhs.checked_add(rhs),
                BinaryOp::Subtract => lhs.checked_sub(rhs),
                BinaryOp::Multiply => lhs.checked_mul(rhs),
                BinaryOp::Divide => lhs.checked_div(rhs),
                BinaryOp::Power => lhs.checked_pow(rhs),
            };
            result.ok()
        }
        Expr::Term(_) | Expr::DaysBetween(..) | Expr::Shift { .. } | Expr::Call(..) | Expr::Aggregate(_) => {
            None
        }
    }
}

/// Dates so many units away.
fn moved(found: &Found, dates: &[Date], numbers: &BTreeSet<i64>, out: &mut BTreeSet<Date>) {
    let by = [Date::add_days, Date::add_months, Date::add_years];
    for date in dates.iter().take(FEW) {
        for number in numbers.iter().take(FEW) {
            let ways = by.iter().zip(found.moved).filter(|(_, is_asked)| *is_asked);
            out.extend(ways.flat_map(|(by, _)| [by(*date, *number), by(*date, -number)]).flatten());
        }
    }
}

/// Dates of the months and days that rules name, and others, in the years known and beside them.
fn parts(
    found: &Found,
    dates: &[Date],
    (numbers, named): (&BTreeSet<i64>, &BTreeSet<i64>),
    out: &mut BTreeSet<Date>,
) {
    let (month, day) = (found.called.contains("month"), found.called.contains("day"));
    if !month && !day {
        return;
    }
    let mut years: BTreeSet<i32> = dates.iter().map(|date| date.ymd().0).collect();
    if found.called.contains("year") {
        years.extend(named.iter().filter(|year| **year > 1).filter_map(|year| i32::try_from(*year).ok()));
    }
    if years.is_empty() {
        years.insert(USUAL_YEAR);
    }
    let ends = years.iter().take(MOST_YEARS / 2).chain(years.iter().rev().take(MOST_YEARS / 2));
    let years: BTreeSet<i32> = ends.flat_map(|year| [year - 1, *year, year + 1]).collect();
    let months: Vec<i32> = if month { (1..=12).collect() } else { vec![1, 7] };
    // The first and the last come first.
    let mut days: Vec<i32> = vec![1, LAST_DAY];
    if day {
        let named = numbers.iter().filter(|number| (1..=31).contains(*number)).map(|number| *number as i32);
        let known = dates.iter().map(|date| date.ymd().2).take(FEW);
        let around = named.chain(known).flat_map(|day| [day - 1, day, day + 1]);
        days.extend(around.filter(|day| !matches!(*day, 1 | LAST_DAY)).collect::<BTreeSet<i32>>());
    }
    for year in years {
        let own = days.iter().flat_map(|day| months.iter().map(move |month| (*month, *day)));
        for (month, day) in own.take(MOST_IN_A_YEAR) {
            let leap = || (1..LEAP).find_map(|more| Date::from_ymd(year + more, month, day));
            let last = || (SHORTEST..LAST_DAY).rev().find_map(|day| Date::from_ymd(year, month, day));
            let found = Date::from_ymd(year, month, day).or_else(leap);
            out.extend(if day == LAST_DAY { found.or_else(last) } else { found });
        }
    }
}
