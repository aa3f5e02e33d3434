//! Values worked out while a program runs.

use super::planted::{Bug, planted};
use super::program::{Calculation, Comparison};
use super::run::{Frame, NOBODY, Runner};
use crate::base::Idx;
use crate::model::DomainId;
use crate::value::{Decimal, DomainError, Value};

impl Runner<'_> {
    pub(super) fn calculate(&self, calculation: &Calculation, frame: &Frame) -> Result<Value, DomainError> {
        if let Calculation::Value(value) = calculation {
            return Ok(value.clone());
        }
        if let Calculation::Var { var, domain } = calculation {
            // `NOBODY` where the variable's own value could not be worked out.
            let id = frame.ids[*var];
            let value = (id != NOBODY).then(|| self.values.value(DomainId::from_usize(*domain), id));
            return value.flatten().ok_or(frame.missing.unwrap_or(DomainError::Overflow));
        }
        let number = |calculation: &Calculation| self.number(calculation, frame);
        let result = match calculation {
            Calculation::Value(_) | Calculation::Var { .. } => return Err(DomainError::Overflow),
            Calculation::Negate(x) => -number(x)?,
            Calculation::Add(x, y) => number(x)?.checked_add(number(y)?)?,
            Calculation::Subtract(x, y) => number(x)?.checked_sub(number(y)?)?,
            Calculation::Multiply(x, y) => number(x)?.checked_mul(number(y)?)?,
            Calculation::Divide(x, y) => number(x)?.checked_div(number(y)?)?,
            Calculation::Power(x, y) => number(x)?.checked_pow(number(y)?)?,
            Calculation::Days(x, y) => {
                let (Value::Date(x), Value::Date(y)) = (self.calculate(x, frame)?, self.calculate(y, frame)?)
                else {
                    return Err(DomainError::Overflow);
                };
                Decimal::from(x.days_since(y))
            }
            Calculation::Shift { date, amount, unit, back } => {
                let Value::Date(date) = self.calculate(date, frame)? else {
                    return Err(DomainError::Overflow);
                };
                let amount = number(amount)?.to_i64().ok_or(DomainError::FractionalPower)?;
                let amount = if *back { amount.checked_neg() } else { Some(amount) };
                let moved = amount.and_then(|amount| match unit {
                    0 => date.add_days(amount),
                    1 => date.add_months(amount),
                    _ => date.add_years(amount),
                });
                return moved.map(Value::Date).ok_or(DomainError::Overflow);
            }
        };
        Ok(Value::Number(result))
    }

    fn number(&self, calculation: &Calculation, frame: &Frame) -> Result<Decimal, DomainError> {
        match self.calculate(calculation, frame)? {
            Value::Number(number) => Ok(number),
            Value::Text(_) | Value::Date(_) | Value::Flag(_) => Err(DomainError::Overflow),
        }
    }
}

pub(super) fn compare(left: &Value, op: Comparison, right: &Value) -> bool {
    match op {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right || planted(Bug::WeakLess) && left == right,
        Comparison::AtMost => left <= right,
        Comparison::Greater => left > right,
        Comparison::AtLeast => left >= right,
    }
}
