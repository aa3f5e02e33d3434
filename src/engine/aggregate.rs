//! Aggregates: all ways to meet a body, each combination once; where some are only possible, what the
//! result lies between.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::PoisonError;

use rustc_hash::FxBuildHasher;

use super::calculate::number;
use super::program::{AggregatePlan, Computed, Conjunction, Known, address};
use super::results::Ids;
use super::run::{Flow, Frame, Runner};
use crate::builtin::AggregateKind;
use crate::facts::MISSING;
use crate::value::{Decimal, DomainError, Value};

/// Per combination its value and weight; `None` where one is missing.
pub type Members = HashMap<Vec<u32>, Option<(Value, Decimal)>, FxBuildHasher>;

/// Combinations as they are met, in any order.
#[derive(Debug, Default)]
pub struct Combinations {
    /// What each gives; `None` where values of it differ: none of them can be taken.
    pub members: Members,
    /// Of those whose values differ a stated one.
    stated: Members,
}

impl Combinations {
    /// Adds what a combination gives once more; whether it has two different stated values now.
    pub fn add(&mut self, key: Vec<u32>, member: Option<(Value, Decimal)>) -> bool {
        let mut place = match self.members.entry(key) {
            Entry::Vacant(place) => {
                place.insert(member);
                return false;
            }
            Entry::Occupied(place) if *place.get() == member => return false,
            Entry::Occupied(place) => place,
        };
        let known = self.stated.entry(place.key().clone()).or_default();
        let mut differ = false;
        for value in [place.insert(None), member].into_iter().flatten() {
            differ |= known.as_ref().is_some_and(|known| *known != value);
            *known = Some(value);
        }
        differ
    }
}

impl Runner<'_> {
    pub(super) fn aggregate(&self, plan: &AggregatePlan, frame: &mut Frame) -> Result<Computed, DomainError> {
        if let Some((_, computed)) = frame.ready.iter().find(|(known, _)| *known == address(plan)) {
            return Ok(computed.clone());
        }
        match &plan.known {
            Known::Nothing => self.compute(plan, frame),
            Known::One(known) => {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(found) = &*known {
                    return found.clone();
                }
                let computed = self.compute(plan, frame);
                // What a search that was stopped seems to have found is of no use to others.
                *known = frame.stopped().is_none().then(|| computed.clone());
                computed
            }
            Known::Some(results) => {
                let own = Ids::of(plan.outer.iter().map(|var| frame.ids[*var]));
                let known = results.known_of(&own);
                results.count(1, usize::from(known.is_some()));
                if let Some(known) = known {
                    return known;
                }
                let computed = self.compute(plan, frame);
                if frame.stopped().is_none() {
                    results.remember(std::iter::once((own, computed.clone())));
                }
                computed
            }
        }
    }

    fn compute(&self, plan: &AggregatePlan, frame: &mut Frame) -> Result<Computed, DomainError> {
        let certain = self.members(plan, &plan.certain, true, frame)?;
        let possible = match &plan.possible {
            Some(possible) => self.members(plan, possible, false, frame)?,
            None => certain.clone(),
        };
        aggregated(plan.kind, &certain, &possible)
    }

    /// What is there to aggregate.
    fn members(
        &self,
        plan: &AggregatePlan,
        conjunction: &Conjunction,
        certain: bool,
        frame: &mut Frame,
    ) -> Result<Members, DomainError> {
        let mut combinations = Combinations::default();
        let mut error = None;
        self.steps(conjunction, 0, frame, false, &mut |runner, frame| {
            let key: Vec<u32> = plan.keys.iter().map(|(var, _)| frame.ids[*var]).collect();
            match runner.member(plan, frame) {
                Ok(member) => {
                    if combinations.add(key, member) && certain {
                        error = Some(DomainError::TwoValues);
                    }
                }
                Err(found) => error = Some(found),
            }
            if error.is_some() { Flow::Enough } else { Flow::More }
        });
        error.map_or(Ok(combinations.members), Err)
    }

    /// The value and weight of one combination; `None` where one is missing.
    pub(super) fn member(
        &self,
        plan: &AggregatePlan,
        frame: &mut Frame,
    ) -> Result<Option<(Value, Decimal)>, DomainError> {
        if plan.keys.iter().any(|(var, is_value)| *is_value && frame.ids[*var] == MISSING) {
            return Ok(None);
        }
        let one = Decimal::from(1);
        if plan.kind == AggregateKind::Count {
            return Ok(Some((Value::Number(one), one)));
        }
        let weight = match &plan.weight {
            None => Some(one),
            Some(weight) => match self.calculate(weight, frame)? {
                Computed::Value(weight) => Some(number(&weight)?),
                _ => None,
            },
        };
        let value = match self.calculate(&plan.value, frame)? {
            Computed::Value(value) => Some(value),
            _ => None,
        };
        Ok(value.zip(weight))
    }
}

/// What an aggregate without members comes to.
pub fn of_nothing(kind: AggregateKind) -> Result<Computed, DomainError> {
    Ok(kind.of(Vec::new())?.map_or(Computed::Nothing, Computed::Value))
}

/// What an aggregate of these members comes to: what it lies between where some are only possible.
pub fn aggregated(
    kind: AggregateKind,
    certain: &Members,
    possible: &Members,
) -> Result<Computed, DomainError> {
    if possible.values().chain(certain.values()).any(Option::is_none) {
        return Ok(Computed::Missing);
    }
    // A combination that has one value certainly and another possibly.
    if certain.iter().any(|(key, member)| possible.get(key).is_some_and(|other| other != member)) {
        return Ok(Computed::Missing);
    }
    let list = |members: &Members| -> Vec<(Value, Decimal)> { members.values().flatten().cloned().collect() };
    let extra: Vec<(Value, Decimal)> = possible
        .iter()
        .filter(|(key, _)| !certain.contains_key(*key))
        .filter_map(|(_, member)| member.clone())
        .collect();
    let (sure, all) = (list(certain), list(possible));
    if extra.is_empty() {
        return Ok(kind.of(sure)?.map_or(Computed::Nothing, Computed::Value));
    }
    let between = |low: Option<Value>, high: Option<Value>, perhaps_nothing: bool| match (low, high) {
        (Some(low), Some(high)) if low == high && !perhaps_nothing => Computed::Value(low),
        (Some(low), Some(high)) => Computed::Between { low, high, perhaps_nothing },
        _ => Computed::Missing,
    };
    match kind {
        AggregateKind::Count => Ok(between(kind.of(sure)?, kind.of(all)?, false)),
        AggregateKind::Sum => {
            let part = |up: bool| -> Result<Option<Value>, DomainError> {
                let mut members = sure.clone();
                for (value, weight) in &extra {
                    if number(value)?.checked_mul(*weight)?.is_negative() != up {
                        members.push((value.clone(), *weight));
                    }
                }
                kind.of(members)
            };
            Ok(between(part(false)?, part(true)?, false))
        }
        AggregateKind::Average | AggregateKind::Median => Ok(Computed::Missing),
        AggregateKind::Min | AggregateKind::Max => {
            let least = AggregateKind::Min;
            let greatest = AggregateKind::Max;
            Ok(match (sure.is_empty(), kind) {
                (true, _) => between(least.of(all.clone())?, greatest.of(all)?, true),
                (false, AggregateKind::Min) => between(least.of(all)?, least.of(sure)?, false),
                (false, _) => between(greatest.of(sure)?, greatest.of(all)?, false),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stated_values_are_seen_in_any_order() {
        let stated = |number: i64| Some((Value::Number(Decimal::from(number)), Decimal::from(1)));
        let all = [None, stated(1), stated(2), stated(1)];
        let orders = [[0, 1, 2, 3], [1, 0, 2, 3], [1, 3, 0, 2], [2, 0, 0, 1], [1, 2, 0, 3], [0, 3, 1, 2]];
        for order in orders {
            let mut combinations = Combinations::default();
            let differ = order.map(|at| combinations.add(vec![7], all[at].clone()));
            assert!(differ.contains(&true), "{order:?}");
            assert_eq!(combinations.members[&vec![7]], None);
        }
        let mut combinations = Combinations::default();
        assert!(!combinations.add(vec![7], None) && !combinations.add(vec![7], stated(1)));
        assert!(!combinations.add(vec![7], stated(1)), "one stated value beside a missing one is no two");
        assert_eq!(combinations.members[&vec![7]], None);
    }
}
