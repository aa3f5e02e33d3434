//! Groups of members with values that are no multiples of one unit, or that are weighted: what all but some of them
//! come to, with sums that are rounded once, as value by value.

use super::batch::{Bail, Batch};
use super::batch_aggregate::{Valued, once};
use super::lower::Inner;
use super::operators::Run;
use super::program::{AggregatePlan, Computed};
use crate::builtin::AggregateKind;
use crate::value::{Decimal, Sum, Value};

/// Members that belong together, all of them certain.
#[derive(Debug, Default)]
pub(super) struct Exact {
    /// What each is about, ascending.
    about: Vec<u32>,
    members: Vec<Valued>,
    unknown: usize,
    sum: Sum,
    weights: Sum,
    /// The members that have values by those, ascending, and the place of each there: not of sums and averages.
    sorted: Vec<u32>,
    places: Vec<u32>,
}

impl Exact {
    /// Adds up what was added.
    fn close(&mut self, kind: AggregateKind) -> Result<(), Bail> {
        self.unknown = self.members.iter().filter(|member| member.is_none()).count();
        if matches!(kind, AggregateKind::Sum | AggregateKind::Average) {
            for (value, weight) in self.members.iter().flatten() {
                self.sum.add_product(number(value)?, *weight);
                self.weights.add(*weight);
            }
            return Ok(());
        }
        let known = self.members.iter().enumerate().filter(|(_, member)| member.is_some());
        self.sorted = known.map(|(at, _)| at as u32).collect();
        let value = |at: &u32| self.members[*at as usize].as_ref().map(|(value, _)| value);
        self.sorted.sort_by(|left, right| value(left).cmp(&value(right)));
        self.places = vec![0; self.members.len()];
        for (place, at) in (0..).zip(&self.sorted) {
            self.places[*at as usize] = place;
        }
        Ok(())
    }

    /// What all members come to that are not about one thing; nothing where there are none.
    pub fn without(&self, about: u32, kind: AggregateKind) -> Result<Option<Computed>, Bail> {
        let first = self.about.partition_point(|other| *other < about);
        let past = first + self.about[first..].partition_point(|other| *other == about);
        let own = &self.members[first..past];
        if self.unknown > own.iter().filter(|member| member.is_none()).count() {
            return Ok(Some(Computed::Missing));
        }
        let left = self.members.len() - own.len();
        if left == 0 {
            return Ok(None);
        }
        let is_other = |at: &&u32| !(first..past).contains(&(**at as usize));
        let of = |at: u32| self.members[at as usize].as_ref().map(|(value, _)| value.clone());
        let value = match kind {
            AggregateKind::Count => return Err(Bail::Calculation),
            AggregateKind::Sum | AggregateKind::Average => {
                let (mut sum, mut weights) = (self.sum.clone(), self.weights.clone());
                for (value, weight) in own.iter().flatten() {
                    sum.add_product(-number(value)?, *weight);
                    weights.add(-*weight);
                }
                let (sum, weights) = (total(sum)?, total(weights)?);
                if kind == AggregateKind::Sum {
                    Some(sum)
                } else if weights == Decimal::ZERO {
                    None
                } else {
                    Some(sum.checked_div(weights).map_err(|_| Bail::Calculation)?)
                }
                .map(Value::Number)
            }
            AggregateKind::Min => self.sorted.iter().find(is_other).and_then(|at| of(*at)),
            AggregateKind::Max => self.sorted.iter().rev().find(is_other).and_then(|at| of(*at)),
            AggregateKind::Median => {
                let mut gone: Vec<u32> = (first..past)
                    .filter(|at| self.members[*at].is_some())
                    .map(|at| self.places[at])
                    .collect();
                gone.sort_unstable();
                let nth = |place: usize| {
                    let past = |place: usize, gone: &u32| place + usize::from(*gone as usize <= place);
                    of(self.sorted[gone.iter().fold(place, past)])
                };
                let one = Decimal::from(1);
                let middle =
                    if left.is_multiple_of(2) { left / 2 - 1..left / 2 + 1 } else { left / 2..left / 2 + 1 };
                let middle = middle.filter_map(nth).map(|value| (value, one)).collect();
                kind.of(middle).map_err(|_| Bail::Calculation)?
            }
        };
        Ok(Some(value.map_or(Computed::Nothing, Computed::Value)))
    }
}

fn number(value: &Value) -> Result<Decimal, Bail> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => Err(Bail::Calculation),
    }
}

fn total(sum: Sum) -> Result<Decimal, Bail> {
    sum.total().map_err(|_| Bail::Calculation)
}

impl Run<'_, '_> {
    /// The groups of the rows of a batch, of which each combination of some variables, the first what it is about, counts
    /// once; `None` of what cannot be told less some.
    pub(super) fn exact_groups(
        &mut self,
        plan: &AggregatePlan,
        keys: &[(usize, bool)],
        inner: &Inner<'_>,
        batch: &Batch,
    ) -> Result<Option<Vec<Exact>>, Bail> {
        let is_weighted_median = plan.kind == AggregateKind::Median && plan.weight.is_some();
        if plan.kind == AggregateKind::Count || is_weighted_median {
            return Ok(None);
        }
        let (ways, mut members) = self.valued(plan, keys, inner, batch)?;
        let mut out: Vec<Exact> = (0..batch.len).map(|_| Exact::default()).collect();
        for group in ways.order().chunk_by(|left, right| ways.row(*left) == ways.row(*right)) {
            let own = &mut out[ways.row(group[0]) as usize];
            for member in once(group, &ways, &members)? {
                own.about.push(ways.keys[0][member as usize]);
                own.members.push(members[member as usize].take());
            }
        }
        out.iter_mut().try_for_each(|group| group.close(plan.kind))?;
        Ok(Some(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_the_others_come_to() {
        let kinds = [
            AggregateKind::Sum,
            AggregateKind::Average,
            AggregateKind::Median,
            AggregateKind::Min,
            AggregateKind::Max,
        ];
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..400 {
            let mut all: Vec<(u32, Valued)> = Vec::new();
            for about in 0..4 {
                for _ in 0..next(4) {
                    let part =
                        Decimal::from(next(20) as i64 - 10).checked_div(Decimal::from(7)).expect("a number");
                    let weight = if round % 3 == 0 { next(3) as i64 } else { 1 };
                    let missing = round % 4 == 1 && next(12) == 0;
                    all.push((about, (!missing).then(|| (Value::Number(part), Decimal::from(weight)))));
                }
            }
            for kind in kinds {
                if kind == AggregateKind::Median && round % 3 == 0 {
                    continue;
                }
                let mut group = Exact::default();
                for (about, member) in &all {
                    group.about.push(*about);
                    group.members.push(member.clone());
                }
                assert!(group.close(kind).is_ok());
                for about in 0..5 {
                    let others =
                        all.iter().filter(|(other, _)| *other != about).map(|(_, member)| member.clone());
                    let others: Vec<Valued> = others.collect();
                    let wanted = match others.iter().cloned().collect::<Option<Vec<_>>>() {
                        _ if others.is_empty() => None,
                        None => Some(Computed::Missing),
                        Some(known) => {
                            let value = kind.of(known).expect("in range");
                            Some(value.map_or(Computed::Nothing, Computed::Value))
                        }
                    };
                    let told = group.without(about, kind);
                    assert!(told.is_ok_and(|told| told == wanted), "{kind:?} of {all:?} without {about}");
                }
            }
        }
    }
}
