//! Where an answer turns between two values that were tried: where the sides of a comparison are equal, and else
//! halved until they lie side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::along::{is_short, rounds, worth};
use super::change::{Answer, Question, Search, said};
use super::moves::Move;
use super::nearest::{Shape, Tried};
use super::roots::{Compared, EQUAL, Sides, across, middle_of, roots, unseen};
use super::{Reach, lookup::Stop};
use crate::base::InOrder;
use crate::checker::Says;
use crate::model::LensId;
use crate::value::{Date, Decimal, Value};

/// Of so many sets that differ in more than a value it is found where they turn.
const MOST_SHAPES: usize = 40;
/// Of so many that were tried in vain it is looked whether they turn between two values.
const MOST_VAIN: usize = 200;
/// So many values are tried between those of one set, besides those half way between two.
const MOST_BETWEEN: usize = 120;
/// So many values are tried half way between two.
const MOST_HALVES: usize = 400;
/// So often it is looked between values found along a straight line.
const DEEPEST: usize = 4;
/// So many values are passed over that are stated already.
const MOST_HOLES: i64 = 8;

/// The finest steps are ten to this power.
const FINEST: i32 = -9;
/// What lies right beside a value is so many places finer.
const LITTLE: i32 = 3;

/// A value, what lenses say with it, and how far apart the sides of comparisons are then.
type Point = (Value, Vec<Says>, Rc<Sides>);

/// Two values that were tried, and how often it was looked between them.
type Pair = (Point, Point, usize);

/// The value a step from one on towards another, if it lies between them.
fn next_to(one: &Value, other: &Value, step: i32) -> Option<Value> {
    match (one, other) {
        (Value::Number(from), Value::Number(to)) => {
            let near = super::roots::beside(*from, step);
            let (low, high) = (*near.first()?, *near.last()?);
            let at = match (from < to, low == *from) {
                (true, _) => high,
                (false, true) => from.checked_sub(Decimal::scaled(1, step).ok()?).ok()?,
                (false, false) => low,
            };
            ((*from < at && at < *to) || (*to < at && at < *from)).then_some(Value::Number(at))
        }
        (Value::Date(from), Value::Date(to)) => {
            let at = from.add_days(if from < to { 1 } else { -1 })?;
            (at != *to).then_some(Value::Date(at))
        }
        _ => None,
    }
}

/// What steps between values of a group are: ten to this power, or days.
pub(super) fn step<'v>(values: impl Iterator<Item = &'v Value>) -> i32 {
    let exponent = |value: &Value| match value {
        Value::Number(number) => number.exponent(),
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => 0,
    };
    // What has more places came out of a division.
    values.map(exponent).filter(|exponent| *exponent >= FINEST).min().unwrap_or(0).min(0)
}

/// The value half way between two that lie more than a step apart; of other values none.
pub(super) fn half_way(low: &Value, high: &Value, step: i32) -> Option<Value> {
    between(low, high, step, 0)
}

/// The value so many steps beside the one half way between two.
fn between(low: &Value, high: &Value, step: i32, beside: i64) -> Option<Value> {
    match (low, high) {
        (Value::Number(low), Value::Number(high)) => {
            // A value that is in no whole steps lies between two that are.
            let unit = Decimal::scaled(1, step).ok()?;
            let low = low.checked_div(unit).ok()?.floor();
            let most = high.checked_div(unit).ok()?.ceiling();
            let half = Decimal::scaled(5, -1).ok()?;
            let middle = low.checked_add(most).ok()?.checked_mul(half).ok()?.floor();
            let at = middle.checked_add(Decimal::from(beside)).ok()?;
            let at = (low < at && at < most).then_some(at)?;
            at.checked_mul(unit).ok().map(Value::Number)
        }
        (Value::Date(low), Value::Date(high)) => {
            let (low, high) = (low.days(), high.days());
            let at = low.midpoint(high) + i32::try_from(beside).ok()?;
            (low < at && at < high).then(|| Date::from_days(at).map(Value::Date))?
        }
        _ => None,
    }
}

/// Whether a number is some whole steps.
fn is_in_steps(number: Decimal, step: i32) -> bool {
    let count = Decimal::scaled(1, step).and_then(|unit| number.checked_div(unit));
    count.is_ok_and(|count| count.floor() == count)
}

/// Of sets that differ by one value those tried.
#[derive(Default)]
struct Group {
    points: Vec<Point>,
    /// Whether some are what is wanted.
    works: bool,
    /// Whether other changes are held.
    several: bool,
}

/// Whether sides are equal that are not so elsewhere.
fn meets_more(here: &Sides, there: &Sides) -> bool {
    let meets = |apart: &[Decimal]| apart.contains(&Decimal::ZERO);
    here.iter().any(|(key, apart)| meets(apart) && !there.get(key).is_some_and(|apart| meets(apart)))
}

impl Search<'_> {
    /// Of sets that differ by one value, tries the values between those tried at which lenses may say something else.
    pub(super) fn narrow(
        &mut self,
        question: &Question<'_>,
        found: &mut Vec<Tried>,
        beside: &mut Vec<Tried>,
    ) {
        let mut groups: BTreeMap<Shape, Group> = BTreeMap::new();
        for (tried, works) in found.iter().map(|one| (one, true)).chain(beside.iter().map(|one| (one, false)))
        {
            let several = tried.moves.len() > 1;
            let shapes = (0..tried.moves.len()).map_while(|at| self.world.shape(&tried.moves, at));
            for (shape, value) in shapes {
                let group = groups.entry(shape).or_default();
                group.works |= works;
                group.several = several;
                group.points.push((value, tried.says.clone(), Rc::clone(&tried.sides)));
            }
        }
        // Those among others are brought to where they turn by themselves.
        groups.retain(|_, group| !group.works || !group.several);
        let (works, vain): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(_, group)| group.works);
        self.cut.extend(works.iter().skip(MOST_SHAPES).map(|(shape, _)| shape.0.clone()));
        for (shape, group) in works.into_iter().take(MOST_SHAPES).chain(vain.into_iter().take(MOST_VAIN)) {
            self.narrow_one(question, &shape, group.points, (found, beside));
        }
    }

    /// The same of one such set.
    pub(super) fn narrow_one(
        &mut self,
        question: &Question<'_>,
        shape: &Shape,
        mut points: Vec<Point>,
        (found, beside): (&mut Vec<Tried>, &mut Vec<Tried>),
    ) {
        points.extend(self.as_it_is(question, shape));
        points.order_by(|left, right| left.0.cmp(&right.0));
        let step = step(points.iter().map(|point| &point.0));
        // A comparison that is not come to at a value, or has no result there, is looked at across it.
        let beyond = points.windows(3).flat_map(|three| {
            let [(low, _, before), (_, _, middle), (high, _, after)] = three else { return Vec::new() };
            across((low, middle, high), (before, after), step)
        });
        let beyond: BTreeSet<Value> = beyond.take(MOST_BETWEEN).collect();
        let is_new = |value: &&Value| points.iter().all(|point| point.0 != **value);
        let new: Vec<Value> = beyond.iter().filter(is_new).cloned().collect();
        points.extend(new.iter().filter_map(|value| self.point(question, shape, value, (found, beside))));
        points.order_by(|left, right| left.0.cmp(&right.0));
        let is_same = points.windows(2).all(|pair| pair[0].1 == pair[1].1);
        for _ in 0..rounds(is_same) {
            let new = worth(points.iter().map(|(value, _, sides)| (value, &**sides)), step);
            let before = points.len();
            points.extend(new.iter().filter_map(|value| self.point(question, shape, value, (found, beside))));
            if points.len() == before {
                break;
            }
            points.order_by(|left, right| left.0.cmp(&right.0));
        }
        self.look_beside(question, shape, &points, step, (found, beside));
        let mut most = (MOST_BETWEEN, MOST_HALVES);
        let pairs = points.windows(2).map(|pair| (pair[0].clone(), pair[1].clone(), 0)).collect();
        self.part(question, shape, (pairs, step), &mut most, (found, beside));
        let inside = self.beside_ends(question, shape, step, (found, beside));
        self.part(question, shape, (inside, step), &mut most, (found, beside));
        self.in_steps(shape, step, found, beside);
    }

    /// Between values tried looks for those at which lenses say something else.
    fn part(
        &mut self,
        question: &Question<'_>,
        shape: &Shape,
        (mut pairs, step): (Vec<Pair>, i32),
        (left, halves): &mut (usize, usize),
        (found, beside): (&mut Vec<Tried>, &mut Vec<Tried>),
    ) {
        // Where it is known to turn comes first.
        pairs.order_by_key(|(low, high, _)| low.1 != high.1);
        while let Some((low, high, depth)) = pairs.pop() {
            let mut inside = Vec::new();
            if depth < DEEPEST {
                inside = roots((&low.0, &low.2), (&high.0, &high.2), step);
                inside.truncate(*left);
                *left -= inside.len();
            }
            let mut is_line = !inside.is_empty();
            if inside.is_empty() && low.1 != high.1 {
                if *halves == 0 {
                    self.cut.insert(shape.0.clone());
                    return;
                }
                *halves -= 1;
                inside.extend(half_way(&low.0, &high.0, step));
            }
            let mut points = vec![low.clone()];
            for value in &inside {
                points.extend(self.point(question, shape, value, (found, beside)));
            }
            if let ([_], [only]) = (points.as_slice(), inside.as_slice())
                && low.1 == high.1
            {
                // Where that is stated already, there may be room beside it.
                for value in [middle_of(&low.0, only), middle_of(only, &high.0)].into_iter().flatten() {
                    points.extend(self.point(question, shape, &value, (found, beside)));
                }
            }
            if points.len() == 1 && low.1 == high.1 && depth < DEEPEST && *left > 0 {
                let values = unseen((&low.0, &low.2), (&high.0, &high.2), step);
                (is_line, *left) = (true, *left - usize::from(!values.is_empty()));
                for value in values {
                    points.extend(self.point(question, shape, &value, (found, beside)));
                }
            }
            if points.len() == 1 && low.1 != high.1 {
                // Stated values are passed over.
                for at in 1..=MOST_HOLES {
                    let aside = [at, -at].into_iter().filter_map(|at| between(&low.0, &high.0, step, at));
                    let met = aside
                        .into_iter()
                        .find_map(|value| self.point(question, shape, &value, (found, beside)));
                    if let Some(met) = met {
                        points.push(met);
                        break;
                    }
                }
            }
            if points.len() > 1 {
                points.push(high);
                let depth = if is_line { depth + 1 } else { depth };
                pairs.extend(points.windows(2).map(|pair| (pair[0].clone(), pair[1].clone(), depth)));
            }
        }
    }

    /// Tries the values next to those up to which lenses say one thing, on the side where they say it too: between them and
    /// the next one tried they may not. Hands on those between which they do not.
    fn beside_ends(
        &mut self,
        question: &Question<'_>,
        shape: &Shape,
        step: i32,
        (found, beside): (&mut Vec<Tried>, &mut Vec<Tried>),
    ) -> Vec<Pair> {
        let point = |tried: &Tried| {
            let (_, value) = self.world.shape_at(&tried.moves, shape)?;
            Some((value, tried.says.clone(), Rc::clone(&tried.sides)))
        };
        let mut row: Vec<Point> = found.iter().chain(beside.iter()).filter_map(point).collect();
        row.order_by(|left, right| left.0.cmp(&right.0));
        row.dedup_by(|left, right| left.0 == right.0);
        let mut out = Vec::new();
        for at in 1..row.len() {
            let (low, high) = (&row[at - 1], &row[at]);
            if low.1 != high.1 || low.1.is_empty() {
                continue;
            }
            let ends_below = at >= 2 && row[at - 2].1 != low.1;
            let ends_above = row.get(at + 1).is_some_and(|above| above.1 != high.1);
            let mut next = Vec::new();
            next.extend(ends_below.then(|| next_to(&low.0, &high.0, step)).flatten());
            next.extend(ends_above.then(|| next_to(&high.0, &low.0, step)).flatten());
            for value in next {
                let near = self.point(question, shape, &value, (found, beside));
                if let Some(near) = near.filter(|near| near.1 != low.1) {
                    out.extend([(low.clone(), near.clone(), 0), (near, high.clone(), 0)]);
                }
            }
        }
        out
    }

    /// Looks right beside values that are asked to be equal to something, where those tried on both sides come to the same
    /// and they do not: whether they are so alone.
    fn look_beside(
        &mut self,
        question: &Question<'_>,
        shape: &Shape,
        points: &[Point],
        step: i32,
        (found, beside): (&mut Vec<Tried>, &mut Vec<Tried>),
    ) {
        let Ok(little) = Decimal::scaled(1, step - LITTLE) else { return };
        for three in points.windows(3) {
            let [low, (value, says, sides), high] = three else { continue };
            let is_equal = |((_, line, _), apart): (&Compared, &Vec<Decimal>)| {
                *line == EQUAL && apart.contains(&Decimal::ZERO)
            };
            // What is stated is read off the evaluation, which notes nothing.
            let asks = || sides.is_empty() && low.2.keys().any(|(_, line, _)| *line == EQUAL);
            let Value::Number(number) = value else { continue };
            let is_other = low.1 == high.1 && low.1 != *says && !low.1.is_empty();
            if !is_other || !(sides.iter().any(is_equal) || asks()) {
                continue;
            }
            let around = [number.checked_sub(little), number.checked_add(little)];
            let mut around = around.into_iter().flatten().map(Value::Number);
            if around.all(|near| {
                let point = self.point(question, shape, &near, (&mut *found, &mut *beside));
                point.is_some_and(|point| point.1 == low.1)
            }) {
                self.lone.insert(value.clone());
            }
        }
    }

    /// Leaves out values in no whole steps, unless sides are equal there or no value in whole steps beside it does the same.
    fn in_steps(&self, shape: &Shape, step: i32, found: &mut Vec<Tried>, beside: &[Tried]) {
        let value = |tried: &Tried| Some(self.world.shape_at(&tried.moves, shape)?.1);
        let all: Vec<(Value, Vec<Says>, Rc<Sides>)> = found
            .iter()
            .filter_map(|tried| Some((value(tried)?, tried.says.clone(), Rc::clone(&tried.sides))))
            .collect();
        let mut along: Vec<(Value, bool, Vec<Says>)> = Vec::new();
        for (list, works) in [(found.as_slice(), true), (beside, false)] {
            along.extend(list.iter().filter_map(|tried| Some((value(tried)?, works, tried.says.clone()))));
        }
        along.order_by(|one, other| one.0.cmp(&other.0));
        // At a number of very many places something holds alone, or it is not told.
        let is_alone = |value: &Value, says: &[Says]| {
            let at = along.partition_point(|(other, ..)| other < value);
            let near = [at.checked_sub(1), Some(at + 1)].map(|at| at.and_then(|at| along.get(at)));
            near.into_iter().flatten().all(|(_, works, other)| !works || *other != says)
        };
        found.retain(|tried| {
            let Some(Value::Number(number)) = value(tried) else { return true };
            if !is_short(number) {
                return is_alone(&Value::Number(number), &tried.says);
            }
            if is_in_steps(number, step) {
                return true;
            }
            let near = super::roots::beside(number, step);
            let is_near = |value: &Value| matches!(value, Value::Number(other) if near.contains(other));
            let mut same = all.iter().filter(|(other, says, _)| is_near(other) && *says == tried.says);
            // Sides may be equal here alone.
            same.all(|(_, _, sides)| meets_more(&tried.sides, sides))
        });
    }

    /// Tries one value; nothing where that cannot be.
    pub(super) fn point(
        &mut self,
        question: &Question<'_>,
        shape: &Shape,
        value: &Value,
        (found, beside): (&mut Vec<Tried>, &mut Vec<Tried>),
    ) -> Option<Point> {
        let moves = self.world.with_value(shape, value)?;
        let Ok(answers) = self.after_all(question.lenses, question.subject, &moves) else {
            self.cut.insert(shape.0.clone());
            return None;
        };
        let answers = answers?;
        // Where something has no result nothing is said, so that what lies there is told apart.
        let says = if self.failed { Vec::new() } else { said(&answers) };
        let sides = Rc::clone(&self.sides);
        let tried = Tried { moves, says: says.clone(), reach: Reach::Only, sides: Rc::clone(&sides) };
        let works = (question.wanted)(&answers) && !self.failed;
        if works {
            found.push(tried);
        } else {
            beside.push(tried);
        }
        Some((value.clone(), says, sides))
    }

    /// The value a key has, and what lenses say with it.
    fn as_it_is(&mut self, question: &Question<'_>, shape: &Shape) -> Option<Point> {
        let value = self.world.stated_value(&shape.0)?;
        let answers = self.after_all(question.lenses, question.subject, &shape.1).ok()??;
        let says = if self.failed { Vec::new() } else { said(&answers) };
        Some((value, says, Rc::clone(&self.sides)))
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
        (!fails(moves) || fails(&[])) && !self.doubles(moves)
    }

    /// What lenses say after changes; nothing where these cannot be made.
    pub(super) fn after_all(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        moves: &[Move],
    ) -> Result<Option<Vec<Answer>>, Stop> {
        let Some(change) = self.world.after_all(moves) else { return Ok(None) };
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
        assert_eq!(half_way(&number("2.5"), &number("4"), 0), Some(number("3")));
        assert_eq!(half_way(&number("2.5"), &number("3.5"), 0), Some(number("3")));
        assert_eq!(half_way(&number("2.5"), &number("2.75"), 0), None);
        assert_eq!(step([number("2"), number("0.25")].iter()), -2);
        let date = |days| Date::from_days(days).map(Value::Date);
        assert_eq!(half_way(&date(10).expect("a day"), &date(14).expect("a day"), 0), date(12));
    }
}
