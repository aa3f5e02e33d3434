//! Where both sides of a comparison meet while one value moves: found along straight lines between values that were
//! tried, whatever the value goes through on its way (sums, averages, products, definitions).

use super::along::snapped;
use super::calculate::Calc;
use super::lookup::{Flow, Stop, Want};
use super::prove::ended;
use super::roots::{Sides, middle};
use super::run::Run;
use super::solve::Env;
use super::turning::apart;
use crate::engine::Computed;
use crate::facts::MISSING;
use crate::model::{Atom, AtomSource};
use crate::value::{Date, Decimal, Value};

/// A value that is found along a line is kept as it is with so many places at most, else with so many.
const MOST_PLACES: i32 = 6;
const PLACES: i64 = 3;
/// With up to so many where it is small, so that it is off by one part in so many at most.
const MOST_SHORT: i64 = 12;
const NEAR: i64 = 100;

/// Of so many facts it is looked how far they lie from a value that is wanted.
const MOST_BESIDE: usize = 64;

impl Run<'_> {
    /// Notes how far values that a sentence wants lie from those it would find in their place, where somebody wants to
    /// hear of it: two sentences that name one value ask for an equality as well.
    pub fn note_misses(&self, atom: &Atom, want: &[Want], env: &Env<'_>, possible: bool) -> Flow {
        let noted = self.sides.as_ref().filter(|noted| noted.misses && !atom.known);
        let (Some(noted), AtomSource::Relation(relation)) = (noted, &atom.source) else { return Ok(()) };
        for (slot, wanted) in want.iter().enumerate() {
            let (Want::Is(id) | Want::IsOrMissing(id)) = wanted else { continue };
            let domain = self.world.domain(*relation, slot);
            let value = |id: u32| self.world.values.value(domain, id);
            let Some(wanted) = Some(*id).filter(|id| self.world.is_value(*relation, slot) && *id != MISSING)
            else {
                continue;
            };
            let Some(wanted) = value(wanted).filter(is_measured) else { continue };
            let mut loose = want.to_vec();
            loose[slot] = Want::Any;
            let mut seen = 0;
            ended(self.tuples(*relation, &loose, possible, &mut |tuple| {
                let found = if tuple[slot] == MISSING { None } else { value(tuple[slot]) };
                let computed = |value: Value| Calc::Of(Computed::Value(value));
                if let Some(gap) = found.and_then(|found| apart(&computed(found), &computed(wanted.clone())))
                {
                    let mut things = env.things();
                    let own = tuple.iter().enumerate().filter(|(at, _)| !self.world.is_value(*relation, *at));
                    things.extend(own.map(|(_, id)| Some(*id)));
                    noted.note((std::ptr::from_ref(atom) as usize, 0, things), gap);
                }
                seen += 1;
                if seen < MOST_BESIDE { Ok(()) } else { Err(Stop::Enough) }
            }))?;
        }
        Ok(())
    }
}

fn is_measured(value: &Value) -> bool {
    matches!(value, Value::Number(_) | Value::Date(_))
}

/// A value strictly between two at which the sides of some comparison would meet, if they neared each other evenly.
/// Half way between them where `halve` says so.
pub(super) fn between(
    (low, before): (&Value, &Sides),
    (high, after): (&Value, &Sides),
    halve: bool,
) -> Option<Value> {
    // Of what is divided the product comes last, which goes along a straight line.
    before.iter().rev().find_map(|(place, old)| {
        let new = after.get(place)?;
        let gone = old.iter().filter(|gap| !new.contains(gap));
        let come = new.iter().filter(|gap| !old.contains(gap));
        gone.zip(come).find_map(|(old, new)| {
            let crosses =
                *old < Decimal::ZERO && *new > Decimal::ZERO || *old > Decimal::ZERO && *new < Decimal::ZERO;
            match (crosses, low, high) {
                (true, Value::Number(low), Value::Number(high)) if halve => {
                    middle(*low, *high).map(Value::Number)
                }
                (true, ..) => met(low, high, *old, *new),
                (false, ..) => None,
            }
        })
    })
}

/// A number with few places that is near one with many.
fn short(at: Decimal) -> Option<Decimal> {
    let is_near = |short: &Decimal| {
        let off = short.checked_sub(at).and_then(|off| off.checked_mul(Decimal::from(NEAR)));
        off.is_ok_and(|off| off.abs() <= at.abs())
    };
    let mut found = (PLACES..=MOST_SHORT).filter_map(|places| at.round_to(places).ok());
    found.find(is_near).or_else(|| at.round_to(PLACES).ok())
}

/// Where a straight line from the first gap to the second is at nothing.
fn met(low: &Value, high: &Value, old: Decimal, new: Decimal) -> Option<Value> {
    let part = |span: Decimal| -> Option<Decimal> {
        let moved = span.checked_mul(old).ok()?;
        moved.checked_div(old.checked_sub(new).ok()?).ok()
    };
    match (low, high) {
        (Value::Number(low), Value::Number(high)) => {
            let at = snapped(low.checked_add(part(high.checked_sub(*low).ok()?)?).ok()?);
            let is_inside = |at: &Decimal| *low < *at && *at < *high;
            // Where one with few places was tried already, it takes all there are.
            let few = if at.exponent() < -MOST_PLACES { short(at).filter(is_inside) } else { None };
            Some(few.unwrap_or(at)).filter(is_inside).map(Value::Number)
        }
        (Value::Date(low), Value::Date(high)) => {
            let days = part(Decimal::from(high.days_since(*low)))?.about();
            let of =
                |days: f64| Date::from_days(low.days() + days as i32).filter(|day| low < day && day < high);
            of(days.floor()).or_else(|| of(days.ceil())).map(Value::Date)
        }
        _ => None,
    }
}
