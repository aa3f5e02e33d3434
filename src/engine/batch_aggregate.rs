//! Aggregates for all rows of a batch at once.

use super::batch::{Bail, Batch};
use super::batch_extremes::is_extreme;
use super::batch_fold::{Fold, Measure, NO_TOTALS, Totals, median, total};
use super::batch_shared::Outcomes;
use super::batch_units::{Amounts, NONE, Units};
use super::lower::{Inner, Op, Ranged, calculation_vars};
use super::operators::Run;
use super::program::{AggregatePlan, Computed, address};
use super::values::Values;
use crate::builtin::AggregateKind;
use crate::facts::MISSING;
use crate::value::{Decimal, Value};

/// What an aggregate comes to in the rows of a batch.
pub(super) struct Ready {
    /// Which aggregate.
    pub plan: usize,
    /// What it comes to in rows without members.
    pub nothing: Computed,
    /// The other rows, ascending, and what it comes to there.
    pub some: Vec<(u32, Computed)>,
    /// How far `some` has been read.
    read: usize,
}

impl Ready {
    /// What it comes to in a row; rows are asked for in ascending order.
    fn at(&mut self, row: usize) -> &Computed {
        while self.some.get(self.read).is_some_and(|(at, _)| (*at as usize) < row) {
            self.read += 1;
        }
        match self.some.get(self.read) {
            Some((at, computed)) if *at as usize == row => computed,
            _ => &self.nothing,
        }
    }
}

/// Ways to meet the body of an aggregate, as columns.
#[derive(Default)]
pub(super) struct Members {
    /// The row of each way.
    rows: Vec<u32>,
    /// The combination that counts once, place by place.
    pub keys: Vec<Vec<u32>>,
}

impl Members {
    fn new(keys: &[(usize, bool)]) -> Self {
        Self { rows: Vec::new(), keys: vec![Vec::new(); keys.len()] }
    }

    fn add(&mut self, keys: &[(usize, bool)], origin: usize, batch: &Batch) {
        self.rows.extend_from_slice(&batch.columns[origin][..batch.len]);
        for (key, (var, _)) in self.keys.iter_mut().zip(keys) {
            key.extend_from_slice(&batch.columns[*var][..batch.len]);
        }
    }

    pub fn row(&self, member: u32) -> u32 {
        self.rows[member as usize]
    }

    /// Whether a way has the combination that one of others has.
    fn has_key_of(&self, member: u32, others: &Self, other: u32) -> bool {
        self.keys.iter().zip(&others.keys).all(|(own, others)| own[member as usize] == others[other as usize])
    }

    fn compare(&self, left: u32, right: u32) -> std::cmp::Ordering {
        let keys = self.keys.iter().map(|key| key[left as usize].cmp(&key[right as usize]));
        keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    }

    /// The ways by row and combination.
    pub fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        if !self.rows.is_sorted() {
            order.sort_by_key(|member| self.row(*member));
        }
        for group in order.chunk_by_mut(|left, right| self.row(*left) == self.row(*right)) {
            if let [key] = self.keys.as_slice() {
                group.sort_unstable_by_key(|member| key[*member as usize]);
            } else {
                group.sort_unstable_by(|left, right| self.compare(*left, *right));
            }
        }
        order
    }
}

/// What an aggregate takes of its members, in units; of what it only counts nothing. `None` where it is no such.
pub(super) fn taken<'v>(
    plan: &AggregatePlan,
    values: &'v Values<'_>,
) -> Option<(Option<Units<'v>>, Measure)> {
    if !is_in_units(plan) {
        return None;
    }
    if plan.kind == AggregateKind::Count {
        return Some((None, Measure::Number(0)));
    }
    if let Some(units) = Units::of_numbers(&plan.value, values) {
        let measure = Measure::Number(units.exponent);
        return Some((Some(units), measure));
    }
    match plan.kind {
        AggregateKind::Min | AggregateKind::Max => {
            Units::of_dates(&plan.value, values).map(|units| (Some(units), Measure::Date))
        }
        _ => None,
    }
}

/// Whether an aggregate only counts, or takes numbers that sums and products make, so that it may be worked out in units.
pub(super) fn is_in_units(plan: &AggregatePlan) -> bool {
    plan.weight.is_none() && (plan.kind == AggregateKind::Count || Units::may_be(&plan.value))
}

impl Run<'_, '_> {
    /// What the aggregates of an operator come to, row by row; those that cannot be worked out for all
    /// rows at once are left out.
    pub(super) fn aggregates(&mut self, op: &Op<'_>, batch: &Batch) -> Result<Vec<Ready>, Bail> {
        self.frame.ready.clear();
        let mut out = Vec::new();
        for ranged in &op.aggregates {
            if let Some(Outcomes { nothing, some }) = self.outcomes(ranged, batch)? {
                out.push(Ready { plan: address(ranged.plan), nothing, some, read: 0 });
            }
        }
        Ok(out)
    }

    /// Lets calculations read the aggregates of one row; rows come in ascending order.
    pub(super) fn take(&mut self, ready: &mut [Ready], row: usize) {
        self.frame.ready.clear();
        for ready in ready {
            let plan = ready.plan;
            self.frame.ready.push((plan, ready.at(row).clone()));
        }
    }

    /// What an aggregate comes to in the rows in which it has members, ascending; `None` where that must be
    /// worked out row by row.
    pub(super) fn worked_out(
        &mut self,
        ranged: &Ranged<'_>,
        batch: &Batch,
    ) -> Result<Option<Vec<(u32, Computed)>>, Bail> {
        if let Some(some) = self.by_rows(ranged, batch)? {
            return Ok(Some(some));
        }
        match self.in_units(ranged, batch)? {
            None if ranged.possible.is_none() => self.by_value(ranged.plan, &ranged.certain, batch).map(Some),
            some => Ok(some),
        }
    }

    /// One aggregate for all rows, over things that are counted or numbers that are multiples of one unit;
    /// `None` where it is no such.
    fn in_units(&mut self, ranged: &Ranged<'_>, batch: &Batch) -> Result<Option<Vec<(u32, Computed)>>, Bail> {
        let plan = ranged.plan;
        let Some((units, measure)) = taken(plan, self.values) else { return Ok(None) };
        let units = units.as_ref();
        if let (Some(units), true) = (units, is_extreme(plan)) {
            return self.extremes(ranged, (units, measure), batch);
        }
        let Some(sure) = self.members(&plan.keys, &ranged.certain, units, batch)? else { return Ok(None) };
        let all = match &ranged.possible {
            None => None,
            Some(possible) => match self.members(&plan.keys, possible, units, batch)? {
                Some(all) => Some(all),
                None => return Ok(None),
            },
        };
        match all {
            None => sure.certain(plan.kind, measure).map(Some),
            Some(all) => sure.within(&all, plan.kind, measure).map(Some),
        }
    }

    /// The ways to meet the body of an aggregate with their units, of which each combination of some variables counts
    /// once. `None` where some number is no whole number of units that fits.
    pub(super) fn members(
        &mut self,
        keys: &[(usize, bool)],
        inner: &Inner<'_>,
        units: Option<&Units<'_>>,
        batch: &Batch,
    ) -> Result<Option<InUnits>, Bail> {
        let Some(origin) = inner.origin else { return Err(Bail::Calculation) };
        let mut members = Members::new(keys);
        let mut amounts: Vec<i64> = Vec::new();
        let mut fit = true;
        self.all_ways(inner, batch, &mut |_, batch| {
            members.add(keys, origin, batch);
            if let Some(units) = units.filter(|_| fit) {
                let Amounts { units, too_large } = units.amounts(batch);
                fit = too_large.is_empty();
                amounts.extend(units);
            }
            Ok(())
        })?;
        if !fit {
            return Ok(None);
        }
        let value_keys = keys.iter().enumerate().filter(|(_, (_, is_value))| *is_value);
        let value_keys = value_keys.map(|(at, _)| at).collect();
        let order = members.order();
        Ok(Some(InUnits { members, amounts: units.map(|_| amounts), value_keys, order }))
    }

    /// Any aggregate, value by value.
    fn by_value(
        &mut self,
        plan: &AggregatePlan,
        inner: &Inner<'_>,
        batch: &Batch,
    ) -> Result<Vec<(u32, Computed)>, Bail> {
        let (ways, members) = self.valued(plan, &plan.keys, inner, batch)?;
        let order = ways.order();
        let groups = order.chunk_by(|left, right| ways.row(*left) == ways.row(*right));
        groups.map(|group| Ok((ways.row(group[0]), folded(plan, group, &ways, &members)?))).collect()
    }

    /// The ways to meet the body of an aggregate with the value and weight of each, of which each combination of some
    /// variables counts once.
    pub(super) fn valued(
        &mut self,
        plan: &AggregatePlan,
        keys: &[(usize, bool)],
        inner: &Inner<'_>,
        batch: &Batch,
    ) -> Result<(Members, Vec<Valued>), Bail> {
        let Some(origin) = inner.origin else { return Err(Bail::Calculation) };
        let mut ways = Members::new(keys);
        let mut members: Vec<Valued> = Vec::new();
        let mut vars = Vec::new();
        calculation_vars(&plan.value, &mut |var| vars.push(var));
        plan.weight.iter().for_each(|weight| calculation_vars(weight, &mut |var| vars.push(var)));
        self.all_ways(inner, batch, &mut |run, batch| {
            ways.add(keys, origin, batch);
            for row in 0..batch.len {
                for var in vars.iter().chain(plan.keys.iter().map(|(var, _)| var)) {
                    run.frame.ids[*var] = batch.columns[*var][row];
                }
                let member = run.runner.member(plan, &mut run.frame).map_err(|_| Bail::Calculation)?;
                members.push(member);
            }
            Ok(())
        })?;
        Ok((ways, members))
    }
}

/// Ways to meet the body of an aggregate whose members have units.
pub(super) struct InUnits {
    members: Members,
    /// Of each way its number, `NONE` where that is missing; of what is only counted nothing.
    amounts: Option<Vec<i64>>,
    /// Places of a key that hold values.
    value_keys: Vec<usize>,
    /// The ways by row and combination.
    order: Vec<u32>,
}

/// The value and weight of a way; `None` where one is missing.
pub(super) type Valued = Option<(Value, Decimal)>;

/// A way that stands for its combination, with its units; `None` where a value is missing.
type Member = (u32, Option<i64>);

impl InUnits {
    fn is_known(&self, member: u32) -> bool {
        self.value_keys.iter().all(|at| self.members.keys[*at][member as usize] != MISSING)
    }

    /// The ways of each row that has some, ascending.
    fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.order.chunk_by(|left, right| self.members.row(*left) == self.members.row(*right))
    }

    /// The combinations of ways of one row, each once, ascending. With `doubtful`, a combination with several values has
    /// none.
    fn combinations(&self, ways: &[u32], doubtful: bool, out: &mut Vec<Member>) -> Result<(), Bail> {
        out.clear();
        for member in ways {
            let units = self.amounts.as_ref().map_or(0, |amounts| amounts[*member as usize]);
            let units = Some(units).filter(|units| *units != NONE && self.is_known(*member));
            match out.last_mut() {
                Some((last, before)) if self.members.has_key_of(*last, &self.members, *member) => {
                    if *before != units {
                        if !doubtful {
                            // One way after the other says what that means.
                            return Err(Bail::Calculation);
                        }
                        *before = None;
                    }
                }
                _ => out.push((*member, units)),
            }
        }
        Ok(())
    }

    /// Calls `visit` with each combination of each row, in order: the row, the first id of the combination, whether it is
    /// certain, and its units, unless something about it is not known. With nothing possible, what is certain is all there
    /// is.
    pub fn each(
        sure: &Self,
        all: Option<&Self>,
        visit: &mut dyn FnMut(u32, u32, (bool, Option<i64>)),
    ) -> Result<(), Bail> {
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        let about = |of: &Self, member: u32| of.members.keys[0][member as usize];
        let Some(all) = all else {
            for ways in sure.rows() {
                sure.combinations(ways, false, &mut certain)?;
                for (member, units) in &certain {
                    visit(sure.members.row(*member), about(sure, *member), (true, *units));
                }
            }
            return Ok(());
        };
        let mut left = sure.rows().peekable();
        for ways in all.rows() {
            let row = all.members.row(ways[0]);
            let own = left.next_if(|own| sure.members.row(own[0]) == row).unwrap_or(&[]);
            sure.combinations(own, false, &mut certain)?;
            all.combinations(ways, true, &mut possible)?;
            let mut own = certain.iter().peekable();
            for (member, units) in &possible {
                let known = own.next_if(|(own, _)| sure.members.has_key_of(*own, &all.members, *member));
                let units = units.filter(|units| known.is_none_or(|(_, known)| *known == Some(*units)));
                visit(row, about(all, *member), (known.is_some(), units));
            }
            if own.peek().is_some() {
                return Err(Bail::Calculation);
            }
        }
        if left.peek().is_some() { Err(Bail::Calculation) } else { Ok(()) }
    }

    /// What the aggregate comes to where nothing about it is doubtful.
    fn certain(&self, kind: AggregateKind, measure: Measure) -> Result<Vec<(u32, Computed)>, Bail> {
        let mut fold = Fold::new(kind, measure, None);
        let mut last: Option<u32> = None;
        for member in self.order.iter().copied() {
            let row = self.members.row(member);
            if let Some(before) = last
                && self.members.row(before) == row
                && self.members.has_key_of(before, &self.members, member)
            {
                // Two values of one combination: one way after the other says what that means.
                let differ = |amounts: &Vec<i64>| amounts[before as usize] != amounts[member as usize];
                if self.amounts.as_ref().is_some_and(differ) {
                    return Err(Bail::Calculation);
                }
                continue;
            }
            last = Some(member);
            let amount = self.amounts.as_ref().map_or(0, |amounts| amounts[member as usize]);
            fold.add(row, amount, self.is_known(member))?;
        }
        fold.finish().map(|folded| folded.values)
    }

    /// What the aggregate lies between, given what it possibly ranges over.
    fn within(
        &self,
        all: &Self,
        kind: AggregateKind,
        measure: Measure,
    ) -> Result<Vec<(u32, Computed)>, Bail> {
        let mut sure = self.rows().peekable();
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        let mut out = Vec::new();
        for ways in all.rows() {
            let row = all.members.row(ways[0]);
            let own = sure.next_if(|own| self.members.row(own[0]) == row).unwrap_or(&[]);
            self.combinations(own, false, &mut certain)?;
            all.combinations(ways, true, &mut possible)?;
            let same = |own: u32, other: u32| self.members.has_key_of(own, &all.members, other);
            out.push((row, between(&certain, &possible, same, kind, measure)?));
        }
        if sure.peek().is_some() {
            return Err(Bail::Calculation);
        }
        Ok(out)
    }
}

/// What an aggregate lies between, of certain members and of possible ones, the certain among them; `same`
/// says which have one combination.
fn between(
    certain: &[Member],
    possible: &[Member],
    same: impl Fn(u32, u32) -> bool,
    kind: AggregateKind,
    measure: Measure,
) -> Result<Computed, Bail> {
    let (mut sure, mut all, mut extra) = (NO_TOTALS, NO_TOTALS, NO_TOTALS);
    let mut left = certain.iter().peekable();
    for (key, units) in possible {
        let Some(units) = *units else { return Ok(Computed::Missing) };
        all.add(units);
        match left.next_if(|(own, _)| same(*own, *key)) {
            Some((_, own)) if *own == Some(units) => sure.add(units),
            Some(_) => return Ok(Computed::Missing),
            None => extra.add(units),
        }
    }
    if left.peek().is_some() {
        // INVARIANT: what is certain is possible; way by way it would be seen what is amiss.
        return Err(Bail::Calculation);
    }
    let middle = || {
        let mut units: Vec<i64> = certain.iter().filter_map(|(_, units)| *units).collect();
        median(&mut units, measure)
    };
    lies(kind, measure, [&sure, &all, &extra], middle)
}

/// What an aggregate lies between whose members are all known, given what certain ones come to, all, and those that are
/// only possible; `middle` is the median of certain ones.
pub(super) fn lies(
    kind: AggregateKind,
    measure: Measure,
    [sure, all, extra]: [&Totals; 3],
    middle: impl FnOnce() -> Result<Computed, Bail>,
) -> Result<Computed, Bail> {
    if extra.count == 0 && kind == AggregateKind::Median {
        return middle();
    }
    if extra.count == 0 {
        return total(kind, sure, measure);
    }
    let count = |count: i64| Value::Number(Decimal::from(count));
    let units = |units: i64| measure.value(i128::from(units));
    let (low, high, perhaps_nothing) = match kind {
        AggregateKind::Count => (count(sure.count), count(all.count), false),
        AggregateKind::Sum => {
            let (low, high) = (sure.sum + extra.below, sure.sum + extra.sum - extra.below);
            (measure.value(low)?, measure.value(high)?, false)
        }
        AggregateKind::Average | AggregateKind::Median => return Ok(Computed::Missing),
        AggregateKind::Min | AggregateKind::Max if sure.count == 0 => {
            (units(all.least)?, units(all.most)?, true)
        }
        AggregateKind::Min => (units(all.least)?, units(sure.least)?, false),
        AggregateKind::Max => (units(sure.most)?, units(all.most)?, false),
    };
    if low == high && !perhaps_nothing {
        return Ok(Computed::Value(low));
    }
    Ok(Computed::Between { low, high, perhaps_nothing })
}

/// The aggregate of members that belong together, sorted by combination; each combination counts once.
fn folded(plan: &AggregatePlan, group: &[u32], ways: &Members, members: &[Valued]) -> Result<Computed, Bail> {
    let own = once(group, ways, members)?;
    let taken: Option<Vec<(Value, Decimal)>> =
        own.into_iter().map(|member| members[member as usize].clone()).collect();
    let Some(taken) = taken else { return Ok(Computed::Missing) };
    let value = plan.kind.of(taken).map_err(|_| Bail::Calculation)?;
    Ok(value.map_or(Computed::Nothing, Computed::Value))
}

/// Of members that belong together, sorted by combination, one of each.
pub(super) fn once(group: &[u32], ways: &Members, members: &[Valued]) -> Result<Vec<u32>, Bail> {
    let mut out: Vec<u32> = Vec::with_capacity(group.len());
    for member in group {
        match out.last() {
            // Two values of one combination: one way after the other says what that means.
            Some(before) if ways.has_key_of(*before, ways, *member) => {
                if members[*member as usize] != members[*before as usize] {
                    return Err(Bail::Calculation);
                }
            }
            _ => out.push(*member),
        }
    }
    Ok(out)
}
