//! Of a gap what is open with each value: those that rules and facts name, and those between them at which sides of
//! comparisons meet or the answer turns.

use std::collections::BTreeSet;

use super::halving::{self, half_way};
use super::lookup::Stop;
use super::meeting;
use super::roots::{Noted, Sides, across, parted, unseen};
use super::run::Run;
use super::unknown::{Builder, Doubt, MOST_WORLDS, Reading};
use super::world::Change;
use crate::value::{Value, ValueKind};

/// The most values that are found for one gap where sides of comparisons would meet.
const MOST_MET: usize = 24;
/// The same along lines that are not straight.
const MOST_BENT: usize = 80;
/// So often it is looked between two values that rules name.
const DEEPEST: usize = 3;

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
        let mut points: Vec<Point> = Vec::new();
        for value in values {
            points.push(self.point(value, change, (doubt, slot))?);
        }
        points.sort_by(|left, right| left.0.cmp(&right.0));
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
        points.sort_by(|left, right| left.0.cmp(&right.0));
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
        let step = halving::step(points.iter().map(|(value, ..)| value));
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
        points.sort_by(|left, right| left.0.cmp(&right.0));
        if self.far == 0 {
            let turns = points.windows(2).filter(|pair| pair[0].1 != pair[1].1);
            self.near.extend(turns.flatten().map(|(value, ..)| value.clone()));
        }
        Ok(points)
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
        let mut run = if self.world.pot.get() > self.pot {
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
