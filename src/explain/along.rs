//! How sides of comparisons run along the one value that varies, and what that says of values not tried yet: beyond the
//! outermost where they would meet if they went on as they do, and between where they near each other and part again.

use std::collections::{BTreeMap, BTreeSet};

use super::roots::{Compared, Sides, beside, like, moved, place};
use crate::value::{Decimal, Value};

/// So many values are handed on at once.
const MOST: usize = 16;
/// So often values are looked for beside those found so.
const ROUNDS: usize = 3;
/// Beyond this nothing is looked for: ten to this power.
const FARTHEST: i32 = 15;
/// Slopes that differ by one part in so many are the same.
const ROUNDING: f64 = 1e-9;
/// Along a line that is not straight it is looked so many times as far.
const CLOSE: f64 = 10.0;
/// A number with more places than these is no short one.
const SHORTEST: i32 = -15;
/// Of so many digits the last ones may be off by rounding.
const SURE: i64 = 28;

/// Where a comparison was met along the way, and how far apart its sides were there.
type Line<'s> = Vec<(Decimal, &'s Vec<Decimal>)>;

/// How often values are looked for so: once where all values tried come to the same.
pub(super) fn rounds(is_same: bool) -> usize {
    if is_same { 1 } else { ROUNDS }
}

/// Values worth trying beside these, which come in order.
pub(super) fn worth<'p>(points: impl Iterator<Item = (&'p Value, &'p Sides)>, step: i32) -> Vec<Value> {
    let points: Vec<(&Value, &Sides)> = points.collect();
    let Some((kind, _)) = points.first() else { return Vec::new() };
    let known: BTreeSet<Decimal> = points.iter().filter_map(|(value, _)| place(value)).collect();
    let mut lines: BTreeMap<&Compared, Line<'_>> = BTreeMap::new();
    for (value, sides) in &points {
        let Some(at) = place(value) else { return Vec::new() };
        for (key, apart) in *sides {
            lines.entry(key).or_default().push((at, apart));
        }
    }
    let mut found = BTreeSet::new();
    for line in lines.values() {
        let mut backwards = line.clone();
        backwards.reverse();
        for way in [line, &backwards] {
            beyond(way, step, &mut found);
        }
        line.windows(3).for_each(|three| turned(three, step, &mut found));
    }
    let new = found.into_iter().filter(|at| !known.contains(at));
    let mut out: Vec<Value> = new.filter_map(|at| like(kind, at)).collect();
    out.dedup();
    out.truncate(MOST);
    out
}

/// Where sides would meet beyond the first of a line, the whole steps beside that, and one as far off again.
fn beyond(line: &Line<'_>, step: i32, out: &mut BTreeSet<Decimal>) {
    let [(first, ends), (second, starts), ..] = line.as_slice() else { return };
    for (start, end) in moved(starts, ends) {
        let Some(root) = root((*second, start), (*first, end)) else { continue };
        // A line that is not straight goes another way before long.
        let is_straight = line.get(2).is_some_and(|(third, apart)| {
            apart.iter().any(|apart| is_straight((*third, *apart), (*second, start), (*first, end)))
        });
        if !is_straight && !is_close(root, *first) {
            continue;
        }
        let is_beyond = (*second < *first && *first < root) || (root < *first && *first < *second);
        if !is_beyond || !is_near(root) {
            continue;
        }
        out.insert(snapped(root));
        out.extend(beside(root, step));
        let again = root.checked_sub(*first).and_then(|more| root.checked_add(more));
        out.extend(again.ok().map(|at| if *second < *first { at.ceiling() } else { at.floor() }));
    }
}

/// Where a curve through three values turns back, if it comes near to meeting in the middle.
fn turned(three: &[(Decimal, &Vec<Decimal>)], step: i32, out: &mut BTreeSet<Decimal>) {
    let [(low, before), (middle, own), (high, after)] = three else { return };
    let (first, second) = (moved(before, own), moved(own, after));
    let same = first.len() == second.len();
    for ((left, at), (_, right)) in
        first.into_iter().zip(second).filter(|((_, at), (other, _))| same && at == other)
    {
        let zero = Decimal::ZERO;
        let is_one_side =
            left < zero && at <= zero && right < zero || left > zero && at >= zero && right > zero;
        if !is_one_side || at.abs() > left.abs() || at.abs() > right.abs() {
            continue;
        }
        let Some(turn) = vertex((*low, left), (*middle, at), (*high, right)) else { continue };
        if *low < turn && turn < *high {
            let near = if is_short(turn) { vec![turn] } else { beside(turn, step - 1) };
            out.extend(near.into_iter().filter(|at| *low < *at && *at < *high));
        }
    }
}

/// Where the parabola through three points turns; nothing of a straight line.
fn vertex(low: (Decimal, Decimal), middle: (Decimal, Decimal), high: (Decimal, Decimal)) -> Option<Decimal> {
    let slope = |(from, start): (Decimal, Decimal), (to, end): (Decimal, Decimal)| {
        end.checked_sub(start).ok()?.checked_div(to.checked_sub(from).ok()?).ok()
    };
    let (first, second) = (slope(low, middle)?, slope(middle, high)?);
    let bend = second.checked_sub(first).ok()?;
    let span = high.0.checked_sub(low.0).ok()?;
    // The slope at the first point's half way to the second grows evenly along the way.
    let half = Decimal::scaled(5, -1).ok()?;
    let from = low.0.checked_add(middle.0).ok()?.checked_mul(half).ok()?;
    let way = Decimal::ZERO.checked_sub(first).ok()?.checked_mul(span.checked_mul(half).ok()?).ok()?;
    Some(snapped(from.checked_add(way.checked_div(bend).ok()?).ok()?))
}

/// Where a straight line through two points is at nothing.
fn root((from, start): (Decimal, Decimal), (to, end): (Decimal, Decimal)) -> Option<Decimal> {
    let slope = end.checked_sub(start).ok()?;
    let over = Decimal::ZERO.checked_sub(start).ok()?.checked_mul(to.checked_sub(from).ok()?).ok()?;
    from.checked_add(over.checked_div(slope).ok()?).ok()
}

/// Whether three points lie on one straight line, but for rounding.
fn is_straight(low: (Decimal, Decimal), middle: (Decimal, Decimal), high: (Decimal, Decimal)) -> bool {
    let slope = |(from, start): (Decimal, Decimal), (to, end): (Decimal, Decimal)| {
        Some(end.checked_sub(start).ok()?.about() / to.checked_sub(from).ok()?.about())
    };
    let (Some(first), Some(second)) = (slope(low, middle), slope(middle, high)) else { return false };
    (first - second).abs() <= ROUNDING * first.abs().max(second.abs())
}

/// Whether one number lies not much further out than another.
fn is_close(at: Decimal, outermost: Decimal) -> bool {
    at.about().abs() <= CLOSE * outermost.about().abs().max(1.0)
}

/// Whether a number is not too far off to be looked at.
fn is_near(at: Decimal) -> bool {
    Decimal::scaled(1, FARTHEST).is_ok_and(|most| at.abs() <= most)
}

/// Whether a number has few places.
pub(super) fn is_short(at: Decimal) -> bool {
    at.exponent() >= SHORTEST
}

/// The short number that one with many places is but for rounding, if there is one; else itself.
pub(super) fn snapped(at: Decimal) -> Decimal {
    if is_short(at) {
        return at;
    }
    let digits = at.abs().about().max(f64::MIN_POSITIVE).log10().floor() as i64 + 1;
    at.round_to(SURE - digits).ok().filter(|short| is_short(*short)).unwrap_or(at)
}
