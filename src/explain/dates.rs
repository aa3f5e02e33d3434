//! Dates that are tried where rules ask for parts of dates, move them or count what lies between two.

use std::collections::BTreeSet;

use super::constants::Found;
use crate::value::{Date, Decimal, Value};

/// Of so many numbers and dates each date is moved by each number.
const FEW: usize = 8;
/// Dates are made in so many years at most, the first and last ones known.
const MOST_YEARS: usize = 6;
/// From this number on one may stand for a year that is not compared with the year of a date itself.
const LIKE_A_YEAR: i64 = 100;
/// A leap day is looked for in so many years.
const LEAP: i32 = 9;
/// So many dates of one year are made.
const MOST_IN_A_YEAR: usize = 60;

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
    let years: BTreeSet<i64> = found.years.iter().chain(numbers.range(LIKE_A_YEAR..)).copied().collect();
    let mut out = BTreeSet::new();
    if found.called.contains("year") {
        let first = |year: i64| Date::from_ymd(i32::try_from(year).ok()?, 1, 1);
        out.extend(years.iter().flat_map(|year| [first(*year), first(year + 1)]).flatten());
    }
    // What stands beside the year of a date is a year, not so many years.
    let spans: BTreeSet<i64> = numbers.difference(&found.years).copied().collect();
    moved(found, &dates, &spans, &mut out);
    parts(found, &dates, (&numbers, &years), &mut out);
    out.into_iter().map(Value::Date).collect()
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
        years.insert(2000);
    }
    let ends = years.iter().take(MOST_YEARS / 2).chain(years.iter().rev().take(MOST_YEARS / 2));
    let years: BTreeSet<i32> = ends.flat_map(|year| [year - 1, *year, year + 1]).collect();
    let months: Vec<i32> = if month { (1..=12).collect() } else { vec![1, 7] };
    let mut days: BTreeSet<i32> = BTreeSet::from([1]);
    if day {
        let named = numbers.iter().filter(|number| (1..=31).contains(*number)).map(|number| *number as i32);
        let known = dates.iter().map(|date| date.ymd().2).take(FEW);
        days.extend(named.chain(known).flat_map(|day| [day - 1, day, day + 1]));
    }
    for year in years {
        let own = months.iter().flat_map(|month| days.iter().map(move |day| (*month, *day)));
        for (month, day) in own.take(MOST_IN_A_YEAR) {
            let leap = || (1..LEAP).find_map(|more| Date::from_ymd(year + more, month, day));
            out.extend(Date::from_ymd(year, month, day).or_else(leap));
        }
    }
}
