//! The least or the greatest of members each of which its combination decides: that one counts once changes nothing, so
//! they need no order.

use super::batch::{Bail, Batch};
use super::batch_fold::Measure;
use super::batch_units::{Amounts, NONE, Units};
use super::lower::{Inner, Ranged, calculation_vars};
use super::operators::Run;
use super::planted::{Bug, planted};
use super::program::{AggregatePlan, Computed};
use crate::builtin::AggregateKind;
use crate::facts::MISSING;

/// The members of one row.
#[derive(Clone, Copy)]
struct Extremes {
    least: i64,
    most: i64,
    /// Whether something about one of them is missing.
    missing: bool,
}

const NOTHING: Extremes = Extremes { least: i64::MAX, most: i64::MIN, missing: false };

impl Extremes {
    fn is_empty(&self) -> bool {
        self.least > self.most && !self.missing
    }
}

/// Whether an aggregate is the least or the greatest of what its combinations decide.
pub(super) fn is_extreme(plan: &AggregatePlan) -> bool {
    let mut decided = matches!(plan.kind, AggregateKind::Min | AggregateKind::Max);
    calculation_vars(&plan.value, &mut |var| {
        decided &= plan.outer.contains(&var) || plan.keys.iter().any(|(key, _)| *key == var);
    });
    decided
}

impl Run<'_, '_> {
    /// What such an aggregate comes to in the rows in which it has members, ascending; `None` where some number is no
    /// whole number of units that fits.
    pub(super) fn extremes(
        &mut self,
        ranged: &Ranged<'_>,
        (units, measure): (&Units<'_>, Measure),
        batch: &Batch,
    ) -> Result<Option<Vec<(u32, Computed)>>, Bail> {
        let Ranged { plan, certain, possible, .. } = ranged;
        let Some(sure) = self.extremes_of(plan, certain, units, batch)? else { return Ok(None) };
        let all = match possible {
            None => None,
            Some(possible) => match self.extremes_of(plan, possible, units, batch)? {
                None => return Ok(None),
                all => all,
            },
        };
        let mut out = Vec::new();
        for (row, sure) in (0..).zip(&sure) {
            let all = all.as_ref().map_or(sure, |all| &all[row as usize]);
            if !all.is_empty() {
                out.push((row, between(plan.kind, sure, all, measure)?));
            }
        }
        Ok(Some(out))
    }

    fn extremes_of(
        &mut self,
        plan: &AggregatePlan,
        inner: &Inner<'_>,
        units: &Units<'_>,
        batch: &Batch,
    ) -> Result<Option<Vec<Extremes>>, Bail> {
        let Some(origin) = inner.origin else { return Err(Bail::Calculation) };
        let mut out = vec![NOTHING; batch.len];
        let mut fit = true;
        let values: Vec<usize> =
            plan.keys.iter().filter(|(_, is_value)| *is_value).map(|(var, _)| *var).collect();
        self.all_ways(inner, batch, &mut |_, ways| {
            if !fit {
                return Ok(());
            }
            let Amounts { units, too_large } = units.amounts(ways);
            fit = too_large.is_empty();
            for (at, (row, units)) in ways.columns[origin][..ways.len].iter().zip(units).enumerate() {
                let own = &mut out[*row as usize];
                if units == NONE || values.iter().any(|var| ways.columns[*var][at] == MISSING) {
                    own.missing = true;
                } else {
                    own.least = own.least.min(units);
                    own.most = own.most.max(units);
                }
            }
            Ok(())
        })?;
        Ok(fit.then_some(out))
    }
}

/// What the least or the greatest lies between, of certain members and of possible ones, the certain among them.
fn between(kind: AggregateKind, sure: &Extremes, all: &Extremes, measure: Measure) -> Result<Computed, Bail> {
    if all.missing {
        return Ok(Computed::Missing);
    }
    let perhaps_nothing = sure.is_empty() && !planted(Bug::SureExtreme);
    let (low, high) = match (perhaps_nothing, kind) {
        (true, _) => (all.least, all.most),
        (false, AggregateKind::Max) => (sure.most, all.most),
        (false, _) => (all.least, sure.least),
    };
    let value = |units: i64| measure.value(i128::from(units));
    if low == high && !perhaps_nothing {
        return value(low).map(Computed::Value);
    }
    Ok(Computed::Between { low: value(low)?, high: value(high)?, perhaps_nothing })
}
