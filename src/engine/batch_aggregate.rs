//! Aggregates for all rows of a batch at once.

use super::batch::{Bail, Batch};
use super::lower::{Inner, Op, calculation_vars};
use super::operators::Run;
use super::program::{AggregatePlan, Calculation, Computed, address};
use crate::builtin::AggregateKind;
use crate::facts::{Lane, MISSING};
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

/// Ways to meet the body of an aggregate, and what each gives.
#[derive(Default)]
struct Members {
    /// The row, and the combination that counts once, of each way.
    keys: Vec<u32>,
    width: usize,
}

impl Members {
    fn key(&self, member: u32) -> &[u32] {
        &self.keys[member as usize * self.width..(member as usize + 1) * self.width]
    }

    /// The ways by row and combination.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..(self.keys.len() / self.width) as u32).collect();
        if !order.windows(2).all(|pair| self.key(pair[0]) < self.key(pair[1])) {
            order.sort_unstable_by(|left, right| self.key(*left).cmp(self.key(*right)));
        }
        order
    }

    fn add(&mut self, plan: &AggregatePlan, origin: usize, batch: &Batch) {
        for row in 0..batch.len {
            self.keys.push(batch.columns[origin][row]);
            self.keys.extend(plan.keys.iter().map(|(var, _)| batch.columns[*var][row]));
        }
    }
}

impl Run<'_, '_> {
    /// What the aggregates of an operator come to, row by row.
    pub(super) fn aggregates(&mut self, op: &Op<'_>, batch: &Batch) -> Result<Vec<Ready>, Bail> {
        self.frame.ready.clear();
        op.aggregates
            .iter()
            .map(|(plan, inner)| {
                let nothing = plan.kind.of(Vec::new()).map_err(|_| Bail::Calculation)?;
                let nothing = nothing.map_or(Computed::Nothing, Computed::Value);
                let some = self.aggregate(plan, inner, batch)?;
                Ok(Ready { plan: address(plan), nothing, some, read: 0 })
            })
            .collect()
    }

    /// Lets calculations read the aggregates of one row; rows come in ascending order.
    pub(super) fn take(&mut self, ready: &mut [Ready], row: usize) {
        self.frame.ready.clear();
        for ready in ready {
            let plan = ready.plan;
            self.frame.ready.push((plan, ready.at(row).clone()));
        }
    }

    /// One aggregate for all rows: all ways to meet its body at once, then one pass over them by row
    /// and combination.
    fn aggregate(
        &mut self,
        plan: &AggregatePlan,
        inner: &Inner<'_>,
        batch: &Batch,
    ) -> Result<Vec<(u32, Computed)>, Bail> {
        let Some(origin) = inner.origin else { return Err(Bail::Calculation) };
        let values = self.values;
        let in_units = match (plan.kind, &plan.weight, &plan.value) {
            (AggregateKind::Count, None, _) => Some((None, None)),
            (AggregateKind::Median, ..) | (_, Some(_), _) => None,
            (_, None, Calculation::Var { var, domain }) => {
                values.lane(*domain).map(|lane| (Some(lane), Some(*var)))
            }
            _ => None,
        };
        match in_units {
            Some((lane, var)) => self.in_units(plan, inner, origin, lane, var, batch),
            None => self.by_value(plan, inner, origin, batch),
        }
    }

    /// An aggregate over things that are counted, or numbers that are multiples of one unit.
    fn in_units(
        &mut self,
        plan: &AggregatePlan,
        inner: &Inner<'_>,
        origin: usize,
        lane: Option<&Lane>,
        var: Option<usize>,
        batch: &Batch,
    ) -> Result<Vec<(u32, Computed)>, Bail> {
        let mut own = self.copy(batch, inner);
        let mut members = Members { keys: Vec::new(), width: 1 + plan.keys.len() };
        let mut ids: Vec<u32> = Vec::new();
        let ended = self.ops(&inner.ops, 0, &mut own, &mut |_, batch| {
            members.add(plan, origin, batch);
            if let Some(var) = var {
                ids.extend_from_slice(&batch.columns[var][..batch.len]);
            }
            Ok(())
        });
        self.give_back(own);
        ended?;
        if lane.is_some_and(|lane| ids.iter().any(|id| *id as usize >= lane.units.len())) {
            // A value made since has no place among them.
            return self.by_value(plan, inner, origin, batch);
        }
        let missing = |key: &[u32]| {
            plan.keys.iter().zip(&key[1..]).any(|((_, is_value), id)| *is_value && *id == MISSING)
        };
        let order = members.order();
        let mut out = Vec::new();
        let mut at = 0;
        while at < order.len() {
            let row = members.key(order[at])[0];
            let (mut count, mut sum) = (0_i64, 0_i128);
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            let mut known = true;
            let mut last: Option<u32> = None;
            while let Some(member) = order.get(at).copied()
                && members.key(member)[0] == row
            {
                at += 1;
                let key = members.key(member);
                if let Some(before) = last
                    && members.key(before) == key
                {
                    // Two values of one combination: one way after the other says what that means.
                    if lane.is_some() && ids[before as usize] != ids[member as usize] {
                        return Err(Bail::Calculation);
                    }
                    continue;
                }
                last = Some(member);
                count += 1;
                known &= !missing(key);
                if let Some(lane) = lane {
                    let id = ids[member as usize];
                    known &= id != MISSING;
                    let units = lane.units[id as usize];
                    sum += i128::from(units);
                    least = least.min(units);
                    most = most.max(units);
                }
            }
            let exponent = lane.map_or(0, |lane| lane.exponent);
            let number = match plan.kind {
                AggregateKind::Count | AggregateKind::Median => Ok(Decimal::from(count)),
                AggregateKind::Sum => Decimal::scaled(sum, exponent),
                AggregateKind::Average => {
                    Decimal::scaled(sum, exponent).and_then(|sum| sum.checked_div(Decimal::from(count)))
                }
                AggregateKind::Min => Decimal::scaled(i128::from(least), exponent),
                AggregateKind::Max => Decimal::scaled(i128::from(most), exponent),
            };
            let computed = if known {
                Computed::Value(Value::Number(number.map_err(|_| Bail::Calculation)?))
            } else {
                Computed::Missing
            };
            out.push((row, computed));
        }
        Ok(out)
    }

    /// Any aggregate, value by value.
    fn by_value(
        &mut self,
        plan: &AggregatePlan,
        inner: &Inner<'_>,
        origin: usize,
        batch: &Batch,
    ) -> Result<Vec<(u32, Computed)>, Bail> {
        let mut own = self.copy(batch, inner);
        let mut ways = Members { keys: Vec::new(), width: 1 + plan.keys.len() };
        let mut members: Vec<Option<(Value, Decimal)>> = Vec::new();
        let mut vars = Vec::new();
        calculation_vars(&plan.value, &mut |var| vars.push(var));
        plan.weight.iter().for_each(|weight| calculation_vars(weight, &mut |var| vars.push(var)));
        let ended = self.ops(&inner.ops, 0, &mut own, &mut |run, batch| {
            ways.add(plan, origin, batch);
            for row in 0..batch.len {
                for var in vars.iter().chain(plan.keys.iter().map(|(var, _)| var)) {
                    run.frame.ids[*var] = batch.columns[*var][row];
                }
                let member = run.runner.member(plan, &mut run.frame).map_err(|_| Bail::Calculation)?;
                members.push(member);
            }
            Ok(())
        });
        self.give_back(own);
        ended?;
        let order = ways.order();
        let groups = order.chunk_by(|left, right| ways.key(*left)[0] == ways.key(*right)[0]);
        groups.map(|group| Ok((ways.key(group[0])[0], folded(plan, group, &ways, &members)?))).collect()
    }
}

/// The aggregate of members that belong together, sorted by combination; each combination counts once.
fn folded(
    plan: &AggregatePlan,
    group: &[u32],
    ways: &Members,
    members: &[Option<(Value, Decimal)>],
) -> Result<Computed, Bail> {
    let mut taken = Vec::with_capacity(group.len());
    let mut last: Option<u32> = None;
    for member in group {
        let own = &members[*member as usize];
        if let Some(before) = last
            && ways.key(before) == ways.key(*member)
        {
            // Two values of one combination: one way after the other says what that means.
            if *own != members[before as usize] {
                return Err(Bail::Calculation);
            }
            continue;
        }
        last = Some(*member);
        match own {
            None => return Ok(Computed::Missing),
            Some(own) => taken.push(own.clone()),
        }
    }
    let value = plan.kind.of(taken).map_err(|_| Bail::Calculation)?;
    Ok(value.map_or(Computed::Nothing, Computed::Value))
}
