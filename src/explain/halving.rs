//! Where an answer turns between two values that were tried: halved until they lie side by side.

use std::collections::BTreeMap;

use super::change::{Answer, Search};
use super::moves::Move;
use super::nearest::{Shape, Tried};
use super::world::Change;
use super::{Reach, lookup::Stop};
use crate::checker::Says;
use crate::model::LensId;
use crate::value::{Date, Decimal, Value};

/// Of so many sets that differ in more than a value it is found where they turn.
const MOST_SHAPES: usize = 40;

/// The finest steps are ten to this power.
const FINEST: i32 = -6;

/// What steps between values of a group are: ten to this power, or days.
pub(super) fn step<'v>(values: impl Iterator<Item = &'v Value>) -> i32 {
    let exponent = |value: &Value| match value {
        Value::Number(number) => number.exponent(),
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => 0,
    };
    values.map(exponent).min().unwrap_or(0).clamp(FINEST, 0)
}

/// The value half way between two that lie more than a step apart; of other values none.
pub(super) fn half_way(low: &Value, high: &Value, step: i32) -> Option<Value> {
    match (low, high) {
        (Value::Number(low), Value::Number(high)) => {
            let (low, high) = (i128::from(low.in_units(step)?), i128::from(high.in_units(step)?));
            (high - low > 1).then(|| Decimal::scaled(low.midpoint(high), step).ok().map(Value::Number))?
        }
        (Value::Date(low), Value::Date(high)) => {
            let (low, high) = (low.days(), high.days());
            (high - low > 1).then(|| Date::from_days(low.midpoint(high)).map(Value::Date))?
        }
        _ => None,
    }
}

impl Search<'_> {
    /// Of sets that differ by one value, tries the values between those after which the lenses do not say the same,
    /// until it is known where they turn.
    pub(super) fn halve(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        wanted: &dyn Fn(&[Answer]) -> bool,
        found: &mut Vec<Tried>,
        beside: &mut Vec<Tried>,
    ) {
        let mut groups: BTreeMap<Shape, Vec<(Value, Vec<Says>)>> = BTreeMap::new();
        for tried in found.iter() {
            if let (Some((shape, _)), None) =
                (self.world.shape(&tried.moves, 0), self.world.shape(&tried.moves, 1))
            {
                groups.entry(shape).or_default();
            }
        }
        for tried in found.iter().chain(beside.iter()) {
            if let Some((shape, value)) = self.world.shape(&tried.moves, 0)
                && let Some(group) = groups.get_mut(&shape)
            {
                group.push((value, tried.says.clone()));
            }
        }
        for (shape, mut group) in groups.into_iter().take(MOST_SHAPES) {
            group.sort_by(|left, right| left.0.cmp(&right.0));
            let step = step(group.iter().map(|(value, _)| value));
            let mut pairs: Vec<[(Value, Vec<Says>); 2]> =
                group.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
            while let Some([low, high]) = pairs.pop() {
                let Some(value) = half_way(&low.0, &high.0, step).filter(|_| low.1 != high.1) else {
                    continue;
                };
                let Some(moves) = self.world.with_value(&shape, &value) else { continue };
                let Ok(Some(answers)) = self.after_all(lenses, subject, &moves) else { continue };
                // Where something has no result nothing is said, so that what lies there is told apart.
                let says = if self.failed { Vec::new() } else { super::change::said(&answers) };
                let tried = Tried { moves, says, reach: Reach::Only };
                let middle = (value, tried.says.clone());
                if wanted(&answers) && !self.failed {
                    found.push(tried);
                } else {
                    beside.push(tried);
                }
                pairs.push([low, middle.clone()]);
                pairs.push([middle, high]);
            }
        }
    }

    /// Whether all lenses of the question can be worked out for the subject after changes, as far as they can as it is:
    /// where one cannot, nothing is evaluated.
    pub(super) fn is_whole(&mut self, lenses: &[LensId], subject: &[u32], moves: &[Move]) -> bool {
        let ruleset = self.world.ruleset;
        let Some(first) = lenses.first() else { return true };
        let all: Vec<LensId> = ruleset.lenses_of(ruleset.lenses[*first].question).collect();
        // What cannot be worked out in time is not known to fail.
        let mut fails = |moves: &[Move]| {
            let answers = self.after_all(&all, subject, moves);
            answers.is_ok() && self.failed
        };
        !fails(moves) || fails(&[])
    }

    /// What lenses say after changes; nothing where these cannot be made.
    fn after_all(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        moves: &[Move],
    ) -> Result<Option<Vec<Answer>>, Stop> {
        let mut change = Change::default();
        for one in moves {
            let Some(next) = self.world.after(&change, one) else { return Ok(None) };
            change = next;
        }
        self.answers(lenses, subject, change).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_halved_until_they_lie_side_by_side() {
        let number = |text: &str| Value::Number(Decimal::parse(text).unwrap_or(Decimal::ZERO));
        assert_eq!(half_way(&number("-3"), &number("8"), 0), Some(number("2")));
        assert_eq!(half_way(&number("2"), &number("3"), 0), None);
        assert_eq!(half_way(&number("2"), &number("3"), -1), Some(number("2.5")));
        assert_eq!(step([number("2"), number("0.25")].iter()), -2);
        let date = |days| Date::from_days(days).map(Value::Date);
        assert_eq!(half_way(&date(10).expect("a day"), &date(14).expect("a day"), 0), date(12));
    }
}
