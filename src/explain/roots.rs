//! At which value of a change the sides of a comparison would be equal: found along a straight line through two
//! values that were tried, so through sums, averages, counts and all that is worked out from them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::along::snapped;
use super::calculate::Calc;
use super::lookup::Stop;
use super::run::Run;
use super::solve::Env;
use crate::base::Idx;
use crate::model::clause::expr_vars;
use crate::model::{CompareOp, Cond};
use crate::value::{Date, Decimal, Value};

/// How far apart the sides of comparisons are, each with the things its words stand for.
pub(super) type Sides = BTreeMap<Compared, Vec<Decimal>>;

/// A comparison, by where it stands in memory, which of its lines, and the things its words stand for.
pub(super) type Compared = (usize, usize, Vec<Option<u32>>);

/// How many lines are noted of a comparison at most.
pub(super) const LINES: usize = 4;
/// The first line of a comparison that asks whether its sides are equal.
pub(super) const EQUAL: usize = LINES;
/// So many values are tried between two.
const MOST_ROOTS: usize = 12;
/// Of one world so many comparisons are noted, and each so many times.
const MOST_NOTED: (usize, usize) = (4096, 64);

/// What is noted of one world on the way.
#[derive(Debug)]
pub(super) struct Noted {
    sides: RefCell<Sides>,
    /// Whether it is noted too how far values lie from those that sentences want in their place.
    pub misses: bool,
    /// So many comparisons are noted, and each so many times.
    most: (usize, usize),
}

impl Noted {
    /// What is kept of each of very many worlds.
    pub fn few() -> Self {
        Self { sides: RefCell::default(), misses: false, most: (64, 4) }
    }

    /// What is kept of worlds that differ by the value of one gap.
    pub fn many() -> Self {
        Self { sides: RefCell::default(), misses: true, most: MOST_NOTED }
    }

    /// Notes how far something is from being equal.
    pub fn note(&self, key: Compared, apart: Decimal) {
        let mut sides = self.sides.borrow_mut();
        let is_full = sides.len() >= self.most.0;
        let known = if is_full { sides.get_mut(&key) } else { Some(sides.entry(key).or_default()) };
        if let Some(known) = known
            && known.len() < self.most.1
        {
            known.push(apart);
        }
    }

    /// What was noted.
    pub fn into_sides(self) -> Sides {
        self.sides.into_inner()
    }
}

impl Run<'_> {
    /// Notes how far apart the sides of a comparison are.
    pub fn note_sides(&self, cond: &Cond, env: &Env<'_>, lhs: &Calc, rhs: &Calc) -> Result<(), Stop> {
        let Some(noted) = &self.sides else { return Ok(()) };
        let lines = self.lines(cond, (lhs, rhs), env)?;
        let first =
            if matches!(cond, Cond::Compare { op: CompareOp::Eq | CompareOp::Ne, .. }) { EQUAL } else { 0 };
        for (line, apart) in lines.into_iter().enumerate().filter_map(|(line, apart)| Some((line, apart?))) {
            noted.note((std::ptr::from_ref(cond) as usize, first + line, env.things()), apart);
        }
        Ok(())
    }
}

impl Run<'_> {
    /// The same of comparisons that were not come to, because another did not hold: where that does, they may.
    pub fn note_others(&self, rest: &[&Cond], env: &Env<'_>) -> Result<(), Stop> {
        if self.sides.is_none() {
            return Ok(());
        }
        for part in rest {
            let Cond::Compare { lhs, rhs, .. } = part else { continue };
            let (mut vars, mut figures) = (Vec::new(), false);
            for side in [lhs, rhs] {
                expr_vars(side, &mut vars);
                side.aggregates(&mut |_| figures = true);
            }
            if figures || vars.iter().any(|var| env.ids[var.index()].is_none()) {
                continue;
            }
            let failed = self.failed.get();
            let (lhs, rhs) = (self.calculate(lhs, env)?, self.calculate(rhs, env)?);
            self.failed.set(failed);
            if lhs != Calc::Failed && rhs != Calc::Failed {
                self.note_sides(part, env, &lhs, &rhs)?;
            }
        }
        Ok(())
    }
}

/// Whether the same comparisons come to the same at two values, and all were noted: what goes on evenly does so between
/// them too.
pub(super) fn is_alike(low: &Sides, high: &Sides) -> bool {
    let is_full = low.len() >= MOST_NOTED.0 || low.values().any(|apart| apart.len() >= MOST_NOTED.1);
    let signs = |all: &[Decimal]| all.iter().map(|apart| apart.cmp(&Decimal::ZERO)).collect::<Vec<_>>();
    !is_full
        && low.len() == high.len()
        && low.iter().zip(high).all(|(low, high)| low.0 == high.0 && signs(low.1) == signs(high.1))
}

/// The values strictly between two at which sides are equal that were not noted at a value between them.
pub(super) fn across(
    (low, middle, high): (&Value, &Sides, &Value),
    (before, after): (&Sides, &Sides),
    step: i32,
) -> Vec<Value> {
    let left = before.iter().filter(|(key, _)| !middle.contains_key(key) && after.contains_key(key));
    let left: Sides = left.map(|(key, apart)| (key.clone(), apart.clone())).collect();
    if left.is_empty() { Vec::new() } else { roots((low, &left), (high, after), step) }
}

/// How far apart sides are at one value and at another, of those that are not as far apart at both: in the same order, as
/// a rule, else each may have come to be any other.
pub(super) fn moved(starts: &[Decimal], ends: &[Decimal]) -> Vec<(Decimal, Decimal)> {
    let (gone, come) = (without(starts, ends), without(ends, starts));
    if gone.len() == come.len() {
        return gone.into_iter().zip(come).collect();
    }
    gone.iter().flat_map(|start| come.iter().map(|end| (*start, *end))).collect()
}

/// Those of some numbers that are not among others, each of which takes one away.
fn without(all: &[Decimal], others: &[Decimal]) -> Vec<Decimal> {
    let mut left = all.to_vec();
    for other in others {
        if let Some(at) = left.iter().position(|own| own == other) {
            left.remove(at);
        }
    }
    left
}

/// The values strictly between two at which sides are equal, ascending, and one between each two of these where none in
/// whole steps lies there.
pub(super) fn roots(low: (&Value, &Sides), high: (&Value, &Sides), step: i32) -> Vec<Value> {
    let (Some(first), Some(last)) = (place(low.0), place(high.0)) else { return Vec::new() };
    let mut found: BTreeSet<Decimal> = BTreeSet::new();
    for (key, starts) in low.1 {
        let Some(ends) = high.1.get(key) else { continue };
        for (start, end) in moved(starts, ends) {
            let root = || {
                let slope = end.checked_sub(start).ok()?;
                let span = last.checked_sub(first).ok()?;
                let over = Decimal::ZERO.checked_sub(start).ok()?.checked_mul(span).ok()?;
                first.checked_add(over.checked_div(slope).ok()?).ok().map(snapped)
            };
            if let Some(root) = root()
                && first < root
                && root < last
            {
                found.insert(root);
            }
        }
    }
    let mut out: BTreeSet<Decimal> = BTreeSet::new();
    for root in found.iter().take(MOST_ROOTS) {
        out.insert(*root);
        out.extend(beside(*root, step));
    }
    let found = Vec::from_iter(found);
    for pair in found.windows(2).take(MOST_ROOTS) {
        let is_step = |at: &Decimal| pair[0] < *at && *at < pair[1];
        if !beside(pair[0], step).iter().any(is_step) {
            out.extend(middle(pair[0], pair[1]));
        }
    }
    let inside = out.into_iter().filter(|at| first < *at && *at < last);
    inside.filter_map(|at| like(low.0, at)).collect()
}

/// Values between two that were tried, where something may hold between them only: the sides of comparisons are equal
/// at both, or at one of them, and some comparison is come to at only one. One in whole steps where one lies there, which
/// may be stated already, and one before it; of days the one half way between.
pub(super) fn unseen(low: (&Value, &Sides), high: (&Value, &Sides), step: i32) -> Vec<Value> {
    // What is so at both for another reason than the value counts for nothing.
    let is_equal = |own: &Sides, other: &Sides| {
        own.iter().any(|(key, apart)| {
            let left = other.get(key).map_or_else(|| apart.clone(), |other| without(apart, other));
            left.contains(&Decimal::ZERO)
        })
    };
    let equal = [is_equal(low.1, high.1), is_equal(high.1, low.1)];
    if equal == [false, false] || equal != [true, true] && low.1.keys().eq(high.1.keys()) {
        return Vec::new();
    }
    let (Value::Number(first), Value::Number(last)) = (low.0, high.0) else {
        return middle_of(low.0, high.0).into_iter().collect();
    };
    let whole = beside(*first, step).into_iter().find(|at| first < at && at < last);
    let before = middle(*first, whole.unwrap_or(*last));
    before.into_iter().chain(whole).map(Value::Number).collect()
}

/// A value between two between which several comparisons turn: there they may come out otherwise than at both.
pub(super) fn parted(low: (&Value, &Sides), high: (&Value, &Sides)) -> Option<Value> {
    let turns = |(key, starts): (&Compared, &Vec<Decimal>)| {
        let ends = high.1.get(key).filter(|ends| ends.len() == starts.len());
        let sign = |apart: &Decimal| apart.cmp(&Decimal::ZERO);
        let pairs = ends.into_iter().flat_map(|ends| starts.iter().zip(ends));
        let pairs = pairs.map(|(start, end)| (sign(start), sign(end))).filter(|(start, end)| start != end);
        // Some must turn strictly between.
        pairs.fold((0, 0), |(all, strict), (start, end)| {
            (all + 1, strict + usize::from(start == end.reverse()))
        })
    };
    let add = |(all, strict): (usize, usize), (more, own): (usize, usize)| (all + more, strict + own);
    let (all, strict) = low.1.iter().map(turns).fold((0, 0), add);
    if all < 2 || strict == 0 {
        return None;
    }
    middle_of(low.0, high.0)
}

/// A value half way between two.
pub(super) fn middle_of(low: &Value, high: &Value) -> Option<Value> {
    match (low, high) {
        (Value::Number(first), Value::Number(last)) => middle(*first, *last).map(Value::Number),
        (Value::Date(first), Value::Date(last)) => {
            let day = first.days().midpoint(last.days());
            Date::from_days(day).filter(|day| first < day && day < last).map(Value::Date)
        }
        _ => None,
    }
}

/// A number, or the day as one.
pub(super) fn place(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Date(date) => Some(Decimal::from(i64::from(date.days()))),
        Value::Text(_) | Value::Flag(_) => None,
    }
}

pub(super) fn like(value: &Value, at: Decimal) -> Option<Value> {
    match value {
        Value::Number(_) => Some(Value::Number(at)),
        Value::Date(_) => Date::from_days(i32::try_from(at.to_i64()?).ok()?).map(Value::Date),
        Value::Text(_) | Value::Flag(_) => None,
    }
}

/// The values in whole steps on both sides of a number.
pub(super) fn beside(at: Decimal, step: i32) -> Vec<Decimal> {
    let Ok(unit) = Decimal::scaled(1, step) else { return Vec::new() };
    let Ok(count) = at.checked_div(unit) else { return Vec::new() };
    let low = count.floor();
    let steps = [Some(low), low.checked_add(Decimal::from(1)).ok()];
    steps.into_iter().flatten().filter_map(|count| count.checked_mul(unit).ok()).collect()
}

/// A short number between two.
pub(super) fn middle(low: Decimal, high: Decimal) -> Option<Decimal> {
    let half = Decimal::scaled(5, -1).ok()?;
    let middle = low.checked_add(high).ok()?.checked_mul(half).ok()?;
    let short = (0..=12).filter_map(|places| middle.round_to(places).ok());
    short.into_iter().find(|at| low < *at && *at < high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(Decimal::parse(text).expect("a number"))
    }

    fn noted(apart: &[&str]) -> Sides {
        let all = apart.iter().map(|text| Decimal::parse(text).expect("a number"));
        all.enumerate().map(|(at, apart)| ((at, 0, Vec::new()), vec![apart])).collect()
    }

    fn between(low: (&str, &[&str]), high: (&str, &[&str])) -> Vec<String> {
        let (start, end) = (noted(low.1), noted(high.1));
        let found = roots((&number(low.0), &start), (&number(high.0), &end), 0);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sides_are_equal_along_a_straight_line() {
        assert_eq!(between(("0", &["-10"]), ("10", &["10"])), ["5", "6"]);
        assert_eq!(between(("0", &["-5"]), ("10", &["15"])), ["2", "2.5", "3"]);
        assert_eq!(between(("0", &["1"]), ("10", &["2"])), [""; 0]);
        assert_eq!(between(("0", &["-5", "-6"]), ("10", &["15", "14"])), ["2", "2.5", "2.8", "3", "4"]);
    }

    #[test]
    fn between_two_values_that_rules_name_something_is_tried() {
        let unseen = |low: (&str, &[&str]), high: (&str, &[&str])| -> Vec<String> {
            let (start, end) = (noted(low.1), noted(high.1));
            let found = unseen((&number(low.0), &start), (&number(high.0), &end), 0);
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(unseen(("0", &["0"]), ("1", &["1", "0"])), ["0.5"]);
        assert_eq!(unseen(("1", &["0"]), ("2", &["1", "-0.5"])), ["1.5"]);
        assert_eq!(unseen(("1", &["0"]), ("2", &["1"])), [""; 0]);
        assert_eq!(unseen(("1", &["0"]), ("3", &["2", "0"])), ["1.5", "2"]);
        assert_eq!(unseen(("1", &["-1"]), ("2", &["0", "1"])), ["1.5"]);
    }

    #[test]
    fn between_two_of_them_something_is_tried() {
        assert_eq!(between(("2", &["-0.2", "-0.6"]), ("3", &["0.8", "0.4"])), ["2.2", "2.4", "2.6"]);
    }
}
