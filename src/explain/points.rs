//! Of a gap what is open with each value: those that rules and facts name, and those between them at which sides of
//! comparisons meet or the answer turns.

use std::collections::BTreeSet;

use super::along::{is_short, rounds, worth};
use super::halving::{self, half_way};
use super::lookup::Stop;
use super::meeting;
use super::plain::plainer;
use super::roots::{EQUAL, Noted, Sides, across, is_alike, parted, unseen};
use super::run::Run;
use super::unknown::{Builder, Doubt, MOST_WORLDS, Reading, Taken};
use super::world::Change;
use crate::base::InOrder;
use crate::value::{Decimal, Value, ValueKind};

/// The most values that are found for one gap where sides of comparisons would meet.
const MOST_MET: usize = 24;
/// The same along lines that are not straight.
const MOST_BENT: usize = 80;
/// So often it is looked between two values that rules name.
const DEEPEST: usize = 3;
/// Of up to so many gaps each is asked last once.
const MOST_ORDERED: usize = 3;
/// Steps between values that were found on the way are ten to this power at least.
const FINE: i32 = -6;
/// So many worlds are worked out for that, and so many values kept of each.
const MOST_LEARNING: usize = 2000;
const MOST_LEARNED: usize = 8;
/// Sides less than ten to this power apart are so by rounding.
const ROUNDING: i32 = -20;

/// A value that was tried for a gap, what is open then, and how far apart the sides of comparisons are.
pub(super) type Point = (Value, Reading, Sides);

impl Builder<'_> {
    /// What is open at values, and at those between them at which sides of comparisons meet or the answer turns.
    pub fn points(
        &mut self,
        values: Vec<Value>,
        change: &Change,
        (doubt, slot): (&Doubt, usize),
    ) -> Result<Vec<Point>, Stop> {
        let mut points = self.told_apart(values, change, (doubt, slot))?;
        // A comparison that is not come to at a value, or has no result there, is looked at across it.
        let step = halving::step(points.iter().map(|(value, ..)| value));
        let beyond = points.windows(3).flat_map(|three| {
            let [(low, _, before), (_, _, middle), (high, _, after)] = three else { return Vec::new() };
            across((low, middle, high), (before, after), step)
        });
        let beyond: BTreeSet<Value> = beyond.take(MOST_MET).collect();
        for value in beyond {
            if points.iter().all(|point| point.0 != value) {
                points.push(self.point(value, change, (doubt, slot))?);
            }
        }
        points.order_by(|left, right| left.0.cmp(&right.0));
        // Beside what lies far off nothing is looked for farther yet.
        let is_same = points.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let rounds = if self.far > 0 { 0 } else { rounds(is_same) };
        for _ in 0..rounds {
            let new = worth(points.iter().map(|(value, _, sides)| (value, sides)), step);
            if new.is_empty() {
                break;
            }
            for value in new {
                points.push(self.point(value, change, (doubt, slot))?);
            }
            points.order_by(|left, right| left.0.cmp(&right.0));
        }
        let mut pairs: Vec<[Point; 2]> =
            points.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
        // Along a line that is not straight it takes more.
        let bent = self.rules.rough.contains(&ValueKind::Number);
        let mut met = if bent { MOST_BENT } else { MOST_MET };
        let mut apart = Vec::new();
        while let Some([low, high]) = pairs.pop() {
            let value = meeting::between((&low.0, &low.2), (&high.0, &high.2), bent && met % 2 == 0);
            let value = value.filter(|_| met > 0);
            let Some(value) = value else {
                apart.push(([low, high], 0));
                continue;
            };
            met -= 1;
            let middle = self.point(value, change, (doubt, slot))?;
            points.push(middle.clone());
            pairs.push([low, middle.clone()]);
            pairs.push([middle, high]);
        }
        // Values that were found only now have finer steps, within bounds.
        let is_coarse = |value: &&Value| !matches!(value, Value::Number(number) if number.exponent() < FINE);
        let step = step.min(halving::step(points.iter().map(|(value, ..)| value).filter(is_coarse)));
        let mut left = MOST_MET;
        while let Some(([low, high], depth)) = apart.pop() {
            let is_same = low.1 == high.1;
            let inside = match half_way(&low.0, &high.0, step) {
                Some(value) if !is_same => vec![value],
                _ if is_same && depth < DEEPEST && left > 0 => {
                    let (low, high) = ((&low.0, &low.2), (&high.0, &high.2));
                    let inside = unseen(low, high, step);
                    if inside.is_empty() { parted(low, high).into_iter().collect() } else { inside }
                }
                _ => Vec::new(),
            };
            let depth = depth + usize::from(is_same);
            left -= usize::from(is_same && !inside.is_empty());
            let mut row = vec![low];
            for value in inside {
                let point = self.point(value, change, (doubt, slot))?;
                points.push(point.clone());
                row.push(point);
            }
            if row.len() > 1 {
                row.push(high);
                apart.extend(row.windows(2).map(|pair| ([pair[0].clone(), pair[1].clone()], depth)));
            }
        }
        points.order_by(|left, right| left.0.cmp(&right.0));
        points.dedup_by(|left, right| left.0 == right.0);
        self.missed |= points.iter().any(all_but_met);
        let mut points = without_long(points);
        // Where the value at which it turns had very many places, there is room again between those beside it.
        let mut apart: Vec<[Point; 2]> =
            points.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
        while let Some([low, high]) = apart.pop() {
            let Some(value) = half_way(&low.0, &high.0, step).filter(|_| low.1 != high.1) else { continue };
            let middle = self.point(value, change, (doubt, slot))?;
            points.push(middle.clone());
            apart.extend([[low, middle.clone()], [middle, high]]);
        }
        points.order_by(|left, right| left.0.cmp(&right.0));
        self.learn(doubt, &points);
        if self.far == 0 {
            let turns = points.windows(2).filter(|pair| pair[0].1 != pair[1].1);
            self.near.extend(turns.flatten().map(|(value, ..)| value.clone()));
        }
        Ok(points)
    }

    /// What is open at values, which ascend; of those between which nothing can turn at the first and the last.
    fn told_apart(
        &mut self,
        values: Vec<Value>,
        change: &Change,
        (doubt, slot): (&Doubt, usize),
    ) -> Result<Vec<Point>, Stop> {
        let is_even = self.world.kind_of(doubt).is_some_and(|kind| self.rules.even.has(kind));
        let mut points: Vec<Option<Point>> = values.iter().map(|_| None).collect();
        let whole = (0, values.len().saturating_sub(1));
        let mut spans = if is_even { vec![whole] } else { (0..values.len()).map(|at| (at, at)).collect() };
        while let Some((low, high)) = spans.pop() {
            for at in [low, high] {
                if let (None, Some(value)) = (&points[at], values.get(at)) {
                    points[at] = Some(self.point(value.clone(), change, (doubt, slot))?);
                }
            }
            let (Some(first), Some(last)) = (&points[low], &points[high]) else { continue };
            let is_same = first.1 == last.1 && is_alike(&first.2, &last.2);
            if high - low > 1 && !is_same {
                let middle = low.midpoint(high);
                spans.extend([(low, middle), (middle, high)]);
            }
        }
        Ok(points.into_iter().flatten().collect())
    }

    /// Asks each gap of a few after all others, which gives the values at which the answer turns once these are known:
    /// some of them nobody would try before. Whether there are such.
    pub fn learn_all(&mut self, doubts: &BTreeSet<Doubt>, budget: u64) -> bool {
        let is_measured =
            |doubt: &&Doubt| matches!(self.world.kind_of(doubt), Some(ValueKind::Number | ValueKind::Date));
        let gaps: Vec<Doubt> = doubts.iter().filter(is_measured).cloned().collect();
        if gaps.is_empty() || doubts.len() < 2 || gaps.len() > MOST_ORDERED || doubts.len() > MOST_ORDERED + 1
        {
            return false;
        }
        // Where it turns for one way only in which other gaps turn out, each of these asks for a value of its own; facts
        // that hold or not leave few such ways.
        let several = usize::from(gaps.len() > 1);
        let most = std::mem::replace(&mut self.most, if gaps.len() > 2 { 4 } else { 8 });
        let near = self.near.clone();
        for gap in &gaps {
            (self.worlds, self.left, self.last) = (MOST_WORLDS - MOST_LEARNING, budget, Some(gap.clone()));
            let grown = self.tree(&Change::default(), &mut BTreeSet::new(), &mut BTreeSet::new());
            // What takes too long tells enough.
            drop(grown);
            let turning = std::mem::take(&mut self.turning).into_iter();
            let mut all: Vec<Value> =
                turning.filter(|(_, count)| *count > several).map(|(value, _)| value).collect();
            all.order_by(|one, other| plainer(one, other, &[]));
            self.learned.insert(gap.clone(), all.into_iter().take(MOST_LEARNED).collect());
        }
        (self.worlds, self.left, self.last, self.most, self.near) = (0, budget, None, most, near);
        self.learned.values().any(|values| !values.is_empty())
    }

    /// Keeps the values at which an answer turns once all else is known.
    fn learn(&mut self, doubt: &Doubt, points: &[Point]) {
        if self.last.as_ref() != Some(doubt) {
            return;
        }
        let of_same = |at: usize, other: Option<usize>| {
            other.and_then(|other| points.get(other)).is_none_or(|point| point.1 == points[at].1)
        };
        let turns = |at: &usize| !(of_same(*at, at.checked_sub(1)) && of_same(*at, Some(at + 1)));
        for at in (0..points.len()).filter(turns).filter(|at| !is_long(&points[*at].0)) {
            *self.turning.entry(points[at].0.clone()).or_default() += 1;
        }
    }

    /// What is left open where a gap is filled with a value, and how far apart the sides of comparisons are then.
    fn point(
        &mut self,
        value: Value,
        change: &Change,
        (doubt, slot): (&Doubt, usize),
    ) -> Result<Point, Stop> {
        self.worlds += 1;
        if self.worlds > MOST_WORLDS {
            return Err(Stop::Spent);
        }
        let change = self.world.turned(change, doubt, &self.world.filled(doubt, slot, &value));
        let mut run = if self.taken == Taken::Known {
            self.base.differing(change, self.left)
        } else if self.world.pot.get() > self.pot {
            Run::filling(self.base, change, self.left)
        } else {
            // What the evaluation left out is worked out for others too: they need some of the steps for that.
            Run::completing(self.base, change, self.left)
        };
        run.sides = Some(Noted::many());
        let reading = self.reading(&run)?;
        self.left = run.left();
        Ok((value, reading, run.sides.take().map(Noted::into_sides).unwrap_or_default()))
    }
}

/// Whether a number has very many places.
fn is_long(value: &Value) -> bool {
    matches!(value, Value::Number(number) if !is_short(*number))
}

/// Whether sides that are asked to be equal are so but for rounding, at a value of very many places.
fn all_but_met((value, _, sides): &Point) -> bool {
    let nothing = Decimal::scaled(1, ROUNDING).unwrap_or(Decimal::ZERO);
    let is_near = |apart: &Decimal| *apart != Decimal::ZERO && apart.abs() < nothing;
    is_long(value) && sides.iter().any(|((_, line, _), apart)| *line == EQUAL && apart.iter().any(is_near))
}

/// The same without values of very many places, but where something is so at such a one alone.
fn without_long(points: Vec<Point>) -> Vec<Point> {
    let mut out: Vec<Point> = Vec::new();
    let mut left = points.into_iter().peekable();
    while let Some(point) = left.next() {
        let beside = [out.last(), left.peek()];
        if !is_long(&point.0) || beside.iter().all(|other| other.is_some_and(|other| other.1 != point.1)) {
            out.push(point);
        }
    }
    out
}
