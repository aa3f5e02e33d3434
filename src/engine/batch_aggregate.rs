//! Aggregates for all rows of a batch at once.

use super::batch::{Bail, Batch};
use super::lower::{Inner, Op, calculation_vars};
use super::operators::Run;
use super::program::{AggregatePlan, Computed, address};
use crate::value::{Decimal, Value};

/// What an aggregate comes to, row by row, and which it is.
pub(super) type Ready = (usize, Vec<Computed>);

impl Run<'_, '_> {
    /// What the aggregates of an operator come to, row by row.
    pub(super) fn aggregates(&mut self, op: &Op<'_>, batch: &Batch) -> Result<Vec<Ready>, Bail> {
        self.frame.ready.clear();
        op.aggregates
            .iter()
            .map(|(plan, inner)| Ok((address(plan), self.aggregate(plan, inner, batch)?)))
            .collect()
    }

    /// Lets calculations read the aggregates of one row.
    pub(super) fn take(&mut self, ready: &[Ready], row: usize) {
        self.frame.ready.clear();
        self.frame.ready.extend(ready.iter().map(|(plan, computed)| (*plan, computed[row].clone())));
    }

    /// One aggregate for all rows: all ways to meet its body at once, then one pass over them by row
    /// and combination.
    fn aggregate(
        &mut self,
        plan: &AggregatePlan,
        inner: &Inner<'_>,
        batch: &Batch,
    ) -> Result<Vec<Computed>, Bail> {
        let Some(origin) = inner.origin else { return Err(Bail::Calculation) };
        let mut own = self.copy(batch, inner);
        let width = 1 + plan.keys.len();
        let mut keys: Vec<u32> = Vec::new();
        let mut members: Vec<Option<(Value, Decimal)>> = Vec::new();
        let mut vars = Vec::new();
        calculation_vars(&plan.value, &mut |var| vars.push(var));
        plan.weight.iter().for_each(|weight| calculation_vars(weight, &mut |var| vars.push(var)));
        let ended = self.ops(&inner.ops, 0, &mut own, &mut |run, batch| {
            for row in 0..batch.len {
                keys.push(batch.columns[origin][row]);
                keys.extend(plan.keys.iter().map(|(var, _)| batch.columns[*var][row]));
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
        let key = |member: u32| &keys[member as usize * width..(member as usize + 1) * width];
        let mut order: Vec<u32> = (0..members.len() as u32).collect();
        if !order.windows(2).all(|pair| key(pair[0]) < key(pair[1])) {
            order.sort_unstable_by(|left, right| key(*left).cmp(key(*right)));
        }
        let nothing = plan.kind.of(Vec::new()).map_err(|_| Bail::Calculation)?;
        let nothing = nothing.map_or(Computed::Nothing, Computed::Value);
        let mut out = vec![nothing; batch.len];
        for group in order.chunk_by(|left, right| key(*left)[0] == key(*right)[0]) {
            let row = key(group[0])[0] as usize;
            out[row] = folded(plan, group, key, &members)?;
        }
        Ok(out)
    }
}

/// The aggregate of members that belong together, sorted by combination; each combination counts once.
fn folded<'k>(
    plan: &AggregatePlan,
    group: &[u32],
    key: impl Fn(u32) -> &'k [u32],
    members: &[Option<(Value, Decimal)>],
) -> Result<Computed, Bail> {
    let mut taken = Vec::with_capacity(group.len());
    let mut last: Option<u32> = None;
    for member in group {
        let own = &members[*member as usize];
        if let Some(before) = last
            && key(before) == key(*member)
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
