//! Which of several values that do equally well a person would write.

use std::cmp::Ordering;

use crate::value::{Date, Value};

/// How odd a value is as an example: negative numbers are, those with many places, and those far off.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub(super) struct Oddness(bool, i32, f64);

/// Days are least odd about here where nothing is known of others.
const USUAL_YEAR: i32 = 2000;

/// How odd a value is beside those that are known in its place.
fn oddness(value: &Value, known: &[Value]) -> Oddness {
    match value {
        Value::Number(number) => {
            let about = number.about();
            Oddness(is_odd(value, known), -number.exponent().min(0), about.abs())
        }
        Value::Date(date) => {
            let days = known.iter().filter_map(|value| match value {
                Value::Date(date) => Some(date.days()),
                Value::Number(_) | Value::Text(_) | Value::Flag(_) => None,
            });
            let usual = || Date::from_ymd(USUAL_YEAR, 1, 1).map_or(0, Date::days);
            let far = days.map(|day| (date.days() - day).abs()).min();
            let far = far.unwrap_or_else(|| (date.days() - usual()).abs());
            Oddness(false, 0, f64::from(far))
        }
        Value::Text(text) => Oddness(text.trim().is_empty(), 0, text.chars().count() as f64),
        Value::Flag(_) => Oddness(false, 0, 0.0),
    }
}

/// Whether a number is below nothing where none of those known is.
pub fn is_odd(value: &Value, known: &[Value]) -> bool {
    let is_negative = |value: &Value| matches!(value, Value::Number(number) if number.is_negative());
    is_negative(value) && !known.iter().any(is_negative)
}

/// Which of two values is the less odd as an example, beside those known in their place; of two alike the lesser.
pub fn plainer(one: &Value, other: &Value, known: &[Value]) -> Ordering {
    let odd = oddness(one, known).partial_cmp(&oddness(other, known)).unwrap_or(Ordering::Equal);
    odd.then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Decimal;

    #[test]
    fn a_person_writes_a_value_like_those_known() {
        let number = |text: &str| Value::Number(Decimal::parse(text).expect("a number"));
        let least = |values: &[&str], known: &[&str]| {
            let known: Vec<Value> = known.iter().map(|text| number(text)).collect();
            values.iter().map(|text| number(text)).min_by(|one, other| plainer(one, other, &known))
        };
        assert_eq!(least(&["-12000", "-1", "2.5", "7", "12000"], &[]), Some(number("7")));
        assert_eq!(least(&["-12000", "-1", "2.5", "7"], &["-3"]), Some(number("-1")));
        let day = |year| Value::Date(Date::from_ymd(year, 3, 30).expect("a day"));
        assert_eq!(plainer(&day(2023), &day(1945), &[day(2024)]), Ordering::Less);
    }
}
