//! Values worked out while a program runs.

use super::planted::{Bug, planted};
use super::program::{AggregatePlan, Calculation, Comparison, Computed};
use super::run::{Frame, NOBODY, Runner};
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::DomainId;
use crate::value::{Decimal, DomainError, Value};

/// Parts of a calculation, or what it comes to without them.
type Parts<T> = Result<Result<T, Computed>, DomainError>;

/// What a calculation takes from outside itself.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'c> {
    /// The value of a variable of a domain.
    Var(usize, usize),
    /// One value made of several.
    Aggregate(&'c AggregatePlan),
}

/// What a calculation comes to, given what its leaves do.
pub fn calculate<F>(calculation: &Calculation, leaf: &mut F) -> Result<Computed, DomainError>
where
    F: FnMut(Leaf<'_>) -> Result<Computed, DomainError>,
{
    let result = match calculation {
        Calculation::Value(value) => return Ok(Computed::Value(value.clone())),
        Calculation::Var { var, domain } => return leaf(Leaf::Var(*var, *domain)),
        Calculation::Aggregate(plan) => return leaf(Leaf::Aggregate(plan)),
        Calculation::Call(function, args) => match parts(args, leaf)? {
            Ok(values) => return (function.evaluate)(&values).map(Computed::Value),
            Err(other) => return Ok(other),
        },
        Calculation::Shift { date, amount, unit, back } => {
            return shift(date, amount, *unit, *back, leaf);
        }
        Calculation::Days(x, y) => match two(x, y, leaf)? {
            Ok((Value::Date(x), Value::Date(y))) => Decimal::from(x.days_since(y)),
            Ok(_) => return Err(DomainError::Overflow),
            Err(other) => return Ok(other),
        },
        Calculation::Negate(x) => match parts(std::slice::from_ref(&**x), leaf)? {
            Ok(values) => -number(&values[0])?,
            Err(other) => return Ok(other),
        },
        Calculation::Add(x, y)
        | Calculation::Subtract(x, y)
        | Calculation::Multiply(x, y)
        | Calculation::Divide(x, y)
        | Calculation::Power(x, y) => {
            let (x, y) = match two(x, y, leaf)? {
                Ok((x, y)) => (number(&x)?, number(&y)?),
                Err(other) => return Ok(other),
            };
            match calculation {
                Calculation::Add(..) => x.checked_add(y)?,
                Calculation::Subtract(..) => x.checked_sub(y)?,
                Calculation::Multiply(..) => x.checked_mul(y)?,
                Calculation::Divide(..) => x.checked_div(y)?,
                _ => x.checked_pow(y)?,
            }
        }
    };
    Ok(Computed::Value(Value::Number(result)))
}

/// The values of all parts; where one has none, what the whole comes to: of what is missing
/// nothing is known, of nothing there is nothing.
fn parts<F>(parts: &[Calculation], leaf: &mut F) -> Parts<Vec<Value>>
where
    F: FnMut(Leaf<'_>) -> Result<Computed, DomainError>,
{
    let mut values = Vec::with_capacity(parts.len());
    let mut other = None;
    for part in parts {
        match calculate(part, leaf)? {
            Computed::Value(value) => values.push(value),
            Computed::Nothing => other = Some(Computed::Nothing),
            Computed::Missing | Computed::Between { perhaps_nothing: false, .. } => {
                other = other.or(Some(Computed::Missing));
            }
            // Neither a value nor surely none: as far as it is known, anything or nothing.
            Computed::Between { perhaps_nothing: true, .. } | Computed::PerhapsMissing => {
                other = other.filter(|known| *known == Computed::Nothing).or(Some(Computed::PerhapsMissing));
            }
        }
    }
    Ok(other.map_or(Ok(values), Err))
}

fn two<F>(x: &Calculation, y: &Calculation, leaf: &mut F) -> Parts<(Value, Value)>
where
    F: FnMut(Leaf<'_>) -> Result<Computed, DomainError>,
{
    let (x, y) = (calculate(x, leaf)?, calculate(y, leaf)?);
    Ok(match (x, y) {
        (Computed::Value(x), Computed::Value(y)) => Ok((x, y)),
        (Computed::Nothing, _) | (_, Computed::Nothing) => Err(Computed::Nothing),
        (Computed::Between { perhaps_nothing: true, .. } | Computed::PerhapsMissing, _)
        | (_, Computed::Between { perhaps_nothing: true, .. } | Computed::PerhapsMissing) => {
            Err(Computed::PerhapsMissing)
        }
        _ => Err(Computed::Missing),
    })
}

fn shift<F>(
    date: &Calculation,
    amount: &Calculation,
    unit: u8,
    back: bool,
    leaf: &mut F,
) -> Result<Computed, DomainError>
where
    F: FnMut(Leaf<'_>) -> Result<Computed, DomainError>,
{
    let (date, amount) = match two(date, amount, leaf)? {
        Ok((Value::Date(date), amount)) => (date, number(&amount)?),
        Ok(_) => return Err(DomainError::Overflow),
        Err(other) => return Ok(other),
    };
    let amount = amount.to_i64().ok_or(DomainError::FractionalShift)?;
    let amount = if back { amount.checked_neg() } else { Some(amount) };
    let moved = amount.and_then(|amount| match unit {
        0 => date.add_days(amount),
        1 => date.add_months(amount),
        _ => date.add_years(amount),
    });
    moved.map(|date| Computed::Value(Value::Date(date))).ok_or(DomainError::Overflow)
}

impl Runner<'_> {
    pub(super) fn calculate(
        &self,
        calculation: &Calculation,
        frame: &mut Frame,
    ) -> Result<Computed, DomainError> {
        calculate(calculation, &mut |leaf| match leaf {
            Leaf::Var(var, domain) => self.variable(var, domain, frame),
            Leaf::Aggregate(plan) => self.aggregate(plan, frame),
        })
    }

    fn variable(&self, var: usize, domain: usize, frame: &Frame) -> Result<Computed, DomainError> {
        match frame.ids[var] {
            MISSING => Ok(Computed::Missing),
            // Its own value could not be worked out.
            NOBODY => Err(frame.missing.unwrap_or(DomainError::Overflow)),
            id => {
                let value = self.values.value(DomainId::from_usize(domain), id);
                value.map(Computed::Value).ok_or(DomainError::Overflow)
            }
        }
    }
}

pub(super) fn number(value: &Value) -> Result<Decimal, DomainError> {
    match value {
        Value::Number(number) => Ok(*number),
        // INVARIANT: `model` lets only numbers into arithmetic.
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => Err(DomainError::Overflow),
    }
}

/// Whether two values compare so.
pub fn holds(left: &Value, op: Comparison, right: &Value) -> bool {
    match op {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right || planted(Bug::WeakLess) && left == right,
        Comparison::AtMost => left <= right,
        Comparison::Greater => left > right,
        Comparison::AtLeast => left >= right,
    }
}

/// Whether two sides compare so; what is missing compares with anything where what is possible is
/// asked, and with nothing where what is certain is.
pub fn compare(left: &Computed, op: Comparison, right: &Computed, possible: bool) -> bool {
    if let (Computed::Value(left), Computed::Value(right)) = (left, right) {
        return holds(left, op, right);
    }
    let ends = |side: &Computed| match side {
        Computed::Value(value) => Some((value.clone(), value.clone(), false)),
        Computed::Between { low, high, perhaps_nothing } => {
            Some((low.clone(), high.clone(), *perhaps_nothing))
        }
        Computed::Missing | Computed::PerhapsMissing | Computed::Nothing => None,
    };
    if *left == Computed::Nothing || *right == Computed::Nothing {
        return false;
    }
    let (Some((low, high, maybe)), Some((other_low, other_high, other_maybe))) = (ends(left), ends(right))
    else {
        return possible;
    };
    if !possible && (maybe || other_maybe) {
        return false;
    }
    let point = low == high && other_low == other_high;
    let equal = point && low == other_low;
    let meet = low <= other_high && other_low <= high;
    // Over all that the two sides can be: some two compare so, or every two do.
    match (op, possible) {
        (Comparison::Equal, true) | (Comparison::NotEqual, false) => meet == (op == Comparison::Equal),
        (Comparison::Equal, false) | (Comparison::NotEqual, true) => equal == (op == Comparison::Equal),
        (Comparison::Less, true) => low < other_high || planted(Bug::WeakLess) && low == other_high,
        (Comparison::Less, false) => high < other_low || planted(Bug::WeakLess) && high == other_low,
        (Comparison::AtMost, true) => low <= other_high,
        (Comparison::AtMost, false) => high <= other_low,
        (Comparison::Greater, true) => high > other_low,
        (Comparison::Greater, false) => low > other_high,
        (Comparison::AtLeast, true) => high >= other_low,
        (Comparison::AtLeast, false) => low >= other_high,
    }
}
