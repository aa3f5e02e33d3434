//! Aggregates over what is about any other thing of a group: the group is gone through once, and of what it comes to
//! that is taken off which is about the one thing.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rustc_hash::FxBuildHasher;

use super::batch::{Bail, Batch};
use super::batch_aggregate::{InUnits, lies, taken};
use super::batch_fold::{Measure, NO_TOTALS, Totals, median};
use super::batch_shared::Alike;
use super::exact::Exact;
use super::lower::{Inner, Ranged, columns_of};
use super::operators::Run;
use super::program::{AggregatePlan, AllBut, Computed};
use super::results::Ids;
use crate::builtin::AggregateKind;

/// The groups of an aggregate gone through, by the ids of the variables from outside, for all threads.
#[derive(Debug, Default)]
pub struct Groups(RwLock<HashMap<Ids, Arc<Group>, FxBuildHasher>>, Mutex<()>);

/// Members that belong together, in units where all are such.
#[derive(Debug)]
enum Group {
    Units(InUnit),
    Exact(Exact),
}

/// Members that belong together, whose values are multiples of one unit.
#[derive(Debug, Default)]
struct InUnit {
    /// What each combination that counts once is about, ascending.
    about: Vec<u32>,
    members: Vec<Member>,
    /// How many have a value that is missing.
    unknown: usize,
    /// What certain members come to, all, and those that are only possible.
    totals: [Totals; 3],
    /// Of certain members and of all the least and the greatest.
    ends: [[End; 2]; 2],
    /// The units of certain members, ascending, and the place of each there; of medians alone.
    sorted: Vec<i64>,
    places: Vec<u32>,
}

/// A combination that counts once, with its units.
#[derive(Clone, Copy, Debug)]
enum Member {
    Unknown,
    Sure(i64),
    Perhaps(i64),
}

/// The least of numbers, what it is about, and the least of those about anything else.
#[derive(Clone, Copy, Debug)]
struct End {
    best: i64,
    about: Option<u32>,
    next: i64,
}

impl Default for End {
    fn default() -> Self {
        Self { best: i64::MAX, about: None, next: i64::MAX }
    }
}

impl End {
    fn add(&mut self, about: u32, units: i64) {
        if self.about == Some(about) {
            self.best = self.best.min(units);
        } else if self.about.is_none() || units < self.best {
            self.next = self.best;
            (self.best, self.about) = (units, Some(about));
        } else {
            self.next = self.next.min(units);
        }
    }

    fn without(&self, about: u32) -> i64 {
        if self.about == Some(about) { self.next } else { self.best }
    }
}

/// What units are turned to so that the greatest is the least; there and back.
fn turned(units: i64) -> i64 {
    !units
}

impl Totals {
    /// Less what others come to; the least and the greatest stay what they are.
    fn less(&self, other: &Self) -> Self {
        Self {
            count: self.count - other.count,
            sum: self.sum - other.sum,
            below: self.below - other.below,
            ..*self
        }
    }
}

impl InUnit {
    /// Adds a combination; those about the same thing come one after the other.
    fn add(&mut self, about: u32, member: Member) {
        self.about.push(about);
        self.members.push(member);
        let [sure, all] = &mut self.ends;
        for (ends, units) in [(Some(all), member.units()), (member.is_sure().then_some(sure), member.units())]
        {
            if let (Some([least, most]), Some(units)) = (ends, units) {
                least.add(about, units);
                most.add(about, turned(units));
            }
        }
    }

    /// Adds up what was added.
    fn close(&mut self, kind: AggregateKind) {
        (self.unknown, self.totals) = self.added(0..self.members.len());
        if kind != AggregateKind::Median {
            return;
        }
        let sure = self.members.iter().enumerate().filter(|(_, member)| member.is_sure());
        let mut sorted: Vec<(i64, u32)> =
            sure.filter_map(|(at, member)| Some((member.units()?, at as u32))).collect();
        sorted.sort_unstable();
        self.places = vec![0; self.members.len()];
        for (place, (_, at)) in (0..).zip(&sorted) {
            self.places[*at as usize] = place;
        }
        self.sorted = sorted.into_iter().map(|(units, _)| units).collect();
    }

    /// How many members of some are not known, and what the others come to.
    fn added(&self, members: Range<usize>) -> (usize, [Totals; 3]) {
        let (mut unknown, [mut sure, mut all, mut perhaps]) = (0, [NO_TOTALS; 3]);
        for member in &self.members[members] {
            match member {
                Member::Unknown => unknown += 1,
                Member::Sure(units) => {
                    all.add(*units);
                    sure.add(*units);
                }
                Member::Perhaps(units) => {
                    all.add(*units);
                    perhaps.add(*units);
                }
            }
        }
        (unknown, [sure, all, perhaps])
    }

    /// What all members come to that are not about one thing; nothing where there are none.
    fn without(&self, about: u32, kind: AggregateKind, measure: Measure) -> Result<Option<Computed>, Bail> {
        let first = self.about.partition_point(|other| *other < about);
        let past = first + self.about[first..].partition_point(|other| *other == about);
        let (unknown, own) = self.added(first..past);
        if self.unknown > unknown {
            return Ok(Some(Computed::Missing));
        }
        let [mut sure, mut all, perhaps] = [0, 1, 2].map(|at: usize| self.totals[at].less(&own[at]));
        for (totals, [least, most]) in [(&mut sure, &self.ends[0]), (&mut all, &self.ends[1])] {
            (totals.least, totals.most) = (least.without(about), turned(most.without(about)));
        }
        if all.count == 0 {
            return Ok(None);
        }
        let middle = || median(&mut self.middle(first..past, sure.count as usize), measure);
        lies(kind, measure, [&sure, &all, &perhaps], middle).map(Some)
    }

    /// The one or two in the middle of the certain members that are left without some.
    fn middle(&self, without: Range<usize>, left: usize) -> Vec<i64> {
        let gone = without.filter(|at| self.members[*at].is_sure());
        let mut gone: Vec<u32> = gone.map(|at| self.places[at]).collect();
        gone.sort_unstable();
        let nth = |place: usize| {
            let place = gone.iter().fold(place, |place, gone| place + usize::from(*gone as usize <= place));
            self.sorted[place]
        };
        let upper = left / 2;
        if left.is_multiple_of(2) { vec![nth(upper - 1), nth(upper)] } else { vec![nth(upper)] }
    }
}

impl Member {
    fn units(self) -> Option<i64> {
        match self {
            Self::Unknown => None,
            Self::Sure(units) | Self::Perhaps(units) => Some(units),
        }
    }

    fn is_sure(self) -> bool {
        matches!(self, Self::Sure(_))
    }
}

impl Run<'_, '_> {
    /// What an aggregate comes to in the rows in which it has members, ascending, where these are those of a group that
    /// are not about one thing; `None` where they are not, or not in units.
    pub(super) fn of_others(
        &mut self,
        ranged: &Ranged<'_>,
        batch: &Batch,
    ) -> Result<Option<Vec<(u32, Computed)>>, Bail> {
        let Some((all_but, certain, possible)) = &ranged.all_but else { return Ok(None) };
        let columns = columns_of(&all_but.outer, certain, possible.as_ref());
        if columns != all_but.outer {
            return Ok(None);
        }
        let alike = Alike::new(batch, columns);
        let mut groups = all_but.groups.known(&alike, batch);
        // No two threads go through the same group: it may be large.
        let turn = if groups.iter().all(Option::is_some) { None } else { Some(all_but.groups.turn()) };
        if turn.is_some() {
            groups = all_but.groups.known(&alike, batch);
        }
        let left: Vec<usize> = (0..groups.len()).filter(|at| groups[*at].is_none()).collect();
        if !left.is_empty() {
            let mut firsts = self.spare();
            alike.put_firsts(batch, &left, &mut firsts);
            let made = self.groups(ranged.plan, (all_but, certain, possible.as_ref()), &firsts);
            self.give_back(firsts);
            let Some(made) = made? else { return Ok(None) };
            for (at, group) in left.into_iter().zip(made) {
                groups[at] = Some(all_but.groups.keep(Ids::of(alike.ids(batch, at)), group));
            }
        }
        drop(turn);
        let measure = taken(ranged.plan, self.values).map_or(Measure::Number(0), |(_, measure)| measure);
        let mut out = Vec::new();
        for (row, about) in (0_u32..).zip(&batch.columns[all_but.outside][..batch.len]) {
            let group = groups[alike.of(row as usize)].as_ref();
            let without = |group: &Arc<Group>| match &**group {
                Group::Units(group) => group.without(*about, ranged.plan.kind, measure),
                Group::Exact(group) => group.without(*about, ranged.plan.kind),
            };
            let computed = group.map(without).transpose()?;
            out.extend(computed.flatten().map(|computed| (row, computed)));
        }
        Ok(Some(out))
    }

    /// The groups of the rows of a batch; `None` of what cannot be told less some.
    fn groups(
        &mut self,
        plan: &AggregatePlan,
        (all_but, certain, possible): (&AllBut, &Inner<'_>, Option<&Inner<'_>>),
        batch: &Batch,
    ) -> Result<Option<Vec<Group>>, Bail> {
        let others = plan.keys.iter().copied().filter(|(var, _)| *var != all_but.own);
        let keys: Vec<(usize, bool)> = std::iter::once((all_but.own, false)).chain(others).collect();
        if let Some(groups) = self.groups_in_units(plan, &keys, (certain, possible), batch)? {
            return Ok(Some(groups.into_iter().map(Group::Units).collect()));
        }
        if possible.is_some() {
            return Ok(None);
        }
        let groups = self.exact_groups(plan, &keys, certain, batch)?;
        Ok(groups.map(|groups| groups.into_iter().map(Group::Exact).collect()))
    }

    /// The same in units; `None` where some number is no whole number of units that fits.
    fn groups_in_units(
        &mut self,
        plan: &AggregatePlan,
        keys: &[(usize, bool)],
        (certain, possible): (&Inner<'_>, Option<&Inner<'_>>),
        batch: &Batch,
    ) -> Result<Option<Vec<InUnit>>, Bail> {
        let Some((units, _)) = taken(plan, self.values) else { return Ok(None) };
        let Some(sure) = self.members(keys, certain, units.as_ref(), batch)? else { return Ok(None) };
        let all = match possible {
            None => None,
            Some(possible) => match self.members(keys, possible, units.as_ref(), batch)? {
                None => return Ok(None),
                all => all,
            },
        };
        let mut out: Vec<InUnit> = (0..batch.len).map(|_| InUnit::default()).collect();
        InUnits::each(&sure, all.as_ref(), &mut |row, about, (is_sure, units)| {
            let member = match units {
                None => Member::Unknown,
                Some(units) if is_sure => Member::Sure(units),
                Some(units) => Member::Perhaps(units),
            };
            out[row as usize].add(about, member);
        })?;
        out.iter_mut().for_each(|group| group.close(plan.kind));
        Ok(Some(out))
    }
}

impl Groups {
    /// What is known of the groups that rows of a batch belong to.
    fn known(&self, alike: &Alike, batch: &Batch) -> Vec<Option<Arc<Group>>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (0..alike.len()).map(|at| known.get(&Ids::of(alike.ids(batch, at))).map(Arc::clone)).collect()
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, ids: Ids, group: Group) -> Arc<Group> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(ids).or_insert_with(|| Arc::new(group)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_the_others_come_to() {
        let kinds = [
            AggregateKind::Count,
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
            let mut all: Vec<(u32, Member)> = Vec::new();
            for about in 0..4 {
                for _ in 0..next(4) {
                    let units = next(20) as i64 - 10;
                    let member = match next(12) {
                        0 if round % 4 == 0 => Member::Unknown,
                        1 if round % 2 == 0 => Member::Perhaps(units),
                        _ => Member::Sure(units),
                    };
                    all.push((about, member));
                }
            }
            for kind in kinds {
                let group = |without: Option<u32>| {
                    let mut group = InUnit::default();
                    let kept = all.iter().filter(|(about, _)| Some(*about) != without);
                    kept.for_each(|(about, member)| group.add(*about, *member));
                    group.close(kind);
                    group
                };
                for about in 0..5 {
                    let told = group(None).without(about, kind, Measure::Number(0));
                    let others = group(Some(about)).without(9, kind, Measure::Number(0));
                    assert_eq!(told, others, "{kind:?} of {all:?} without {about}");
                }
            }
        }
    }
}
