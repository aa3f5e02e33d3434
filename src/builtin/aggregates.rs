//! Aggregates: what one value for each of several is made into.

use crate::base::InOrder;
use crate::value::{Decimal, DomainError, Sum, Value};

/// An aggregate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Aggregate {
    /// Its name.
    pub name: &'static str,
    /// Which.
    pub kind: AggregateKind,
    /// Whether it takes `for each`, and must.
    pub for_each: bool,
    /// What it means, in a sentence.
    pub text: &'static str,
}

/// Which aggregate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AggregateKind {
    /// How many different ones.
    Count,
    /// The sum.
    Sum,
    /// The sum through the number or weight.
    Average,
    /// The value at half the weight.
    Median,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// All aggregates.
pub const AGGREGATES: [Aggregate; 6] = [
    Aggregate {
        name: "count",
        kind: AggregateKind::Count,
        for_each: false,
        text: "How many different ones there are; 0 where there is none.",
    },
    Aggregate {
        name: "sum",
        kind: AggregateKind::Sum,
        for_each: true,
        text: "The sum, each value times its weight; 0 where there is none. Rounded once.",
    },
    Aggregate {
        name: "average",
        kind: AggregateKind::Average,
        for_each: true,
        text: "The sum through the number of values, or through the sum of their weights.",
    },
    Aggregate {
        name: "median",
        kind: AggregateKind::Median,
        for_each: true,
        text: "The first value, in order, at which more than half of the weight is reached; where exactly \
               half is, the mean of it and the next.",
    },
    Aggregate { name: "min", kind: AggregateKind::Min, for_each: false, text: "The least value." },
    Aggregate { name: "max", kind: AggregateKind::Max, for_each: false, text: "The greatest value." },
];

impl Aggregate {
    /// The aggregate of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        AGGREGATES.iter().find(|aggregate| aggregate.name == name)
    }
}

impl AggregateKind {
    /// Its name.
    pub fn name(self) -> &'static str {
        AGGREGATES.iter().find(|aggregate| aggregate.kind == self).map_or("", |aggregate| aggregate.name)
    }

    /// The aggregate of values with their weights (1 where none is given); `None` where there is
    /// nothing to take it of. Not for `Count`, which has no values.
    pub fn of(self, mut members: Vec<(Value, Decimal)>) -> Result<Option<Value>, DomainError> {
        let number = |value: &Value| match value {
            Value::Number(number) => Ok(*number),
            Value::Text(_) | Value::Date(_) | Value::Flag(_) => Err(DomainError::Overflow),
        };
        let mut weights = Sum::default();
        members.iter().for_each(|(_, weight)| weights.add(*weight));
        match self {
            Self::Count => Ok(Some(Value::Number(Decimal::from(members.len() as i64)))),
            Self::Sum | Self::Average => {
                let mut sum = Sum::default();
                for (value, weight) in &members {
                    sum.add_product(number(value)?, *weight);
                }
                let sum = sum.total()?;
                if self == Self::Sum {
                    return Ok(Some(Value::Number(sum)));
                }
                let weights = weights.total()?;
                if weights == Decimal::ZERO {
                    return Ok(None);
                }
                sum.checked_div(weights).map(|average| Some(Value::Number(average)))
            }
            Self::Median => {
                members.retain(|(_, weight)| *weight != Decimal::ZERO);
                members.order_by(|left, right| left.0.cmp(&right.0));
                let whole = weights.total()?;
                let mut reached = Sum::default();
                for (at, (value, weight)) in members.iter().enumerate() {
                    reached.add(*weight);
                    let twice = reached.clone().total()?.checked_mul(Decimal::from(2))?;
                    if twice > whole {
                        return Ok(Some(value.clone()));
                    }
                    if let (true, Some((next, _))) = (twice == whole, members.get(at + 1)) {
                        let both = number(value)?.checked_add(number(next)?)?;
                        return both.checked_div(Decimal::from(2)).map(|mean| Some(Value::Number(mean)));
                    }
                }
                Ok(None)
            }
            Self::Min => Ok(members.into_iter().map(|(value, _)| value).min()),
            Self::Max => Ok(members.into_iter().map(|(value, _)| value).max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect("a number")
    }

    fn of(kind: AggregateKind, members: &[(&str, &str)]) -> Option<String> {
        let members =
            members.iter().map(|(value, weight)| (Value::Number(number(value)), number(weight))).collect();
        kind.of(members).expect("in range").map(|value| value.to_string())
    }

    #[test]
    fn of_several() {
        use AggregateKind::{Average, Max, Median, Min, Sum};
        let plain = [("4", "1"), ("1", "1"), ("2", "1"), ("9", "1")];
        assert_eq!(of(Sum, &plain).as_deref(), Some("16"));
        assert_eq!(of(Average, &plain).as_deref(), Some("4"));
        assert_eq!(of(Median, &plain).as_deref(), Some("3"));
        assert_eq!((of(Min, &plain).as_deref(), of(Max, &plain).as_deref()), (Some("1"), Some("9")));
        let weighted = [("10", "1"), ("20", "3"), ("30", "1.5"), ("99", "0")];
        assert_eq!(of(Median, &weighted).as_deref(), Some("20"));
        assert_eq!(of(Median, &[("1", "2"), ("5", "1"), ("7", "1")]).as_deref(), Some("3"));
        assert_eq!(of(Sum, &[]).as_deref(), Some("0"));
        assert_eq!((of(Average, &[]), of(Median, &[]), of(Min, &[])), (None, None, None));
        assert_eq!(of(Average, &[("3", "0")]), None);
    }
}
