//! Values that are kept, as lengths of ways: whole units of which the least counts.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Walked;
use super::walker::Length;
use crate::base;
use crate::engine::{Bail, Gather, Sorted, Values};
use crate::model::{CompareOp, Constant, DomainId, Keeping, Term};
use crate::plan::Inputs;
use crate::value::{Decimal, Value};
use crate::verdict::legs::Leg;
use crate::verdict::steps::Step;

/// The kept values of what a relation begins with and what its steps add, in one unit.
pub(in crate::verdict) struct Kept {
    domain: DomainId,
    /// The unit, as a power of ten.
    exponent: i32,
    /// Whether the most is kept: lengths are then what is short of it.
    most: bool,
    /// Per tuple to begin with.
    lengths: Vec<i64>,
    /// Per step.
    steps: Vec<Length>,
}

impl Kept {
    /// Reads the values in a slot of what a relation begins with. `None` where one is no number that goes
    /// into whole units with the others.
    pub fn new(
        seeds: &Sorted,
        (keeping, slot): (Keeping, usize),
        domain: DomainId,
        steps: &[Step<'_>],
        inputs: &Inputs<'_>,
        values: &Values<'_>,
    ) -> Option<Self> {
        let number = |value: &Value| if let Value::Number(number) = value { Some(*number) } else { None };
        let ids = seeds.column(slot);
        let different: FxHashSet<u32> = ids.iter().copied().collect();
        let numbers: FxHashMap<u32, Decimal> = different
            .into_iter()
            .map(|id| values.value(domain, id).as_ref().and_then(number).map(|value| (id, value)))
            .collect::<Option<_>>()?;
        let told = |term: &Term| match term {
            Term::Constant(Constant::Value(value)) => number(value),
            Term::Parameter(parameter) => inputs.parameters[*parameter].as_ref().and_then(number),
            _ => None,
        };
        let growths: Vec<(Decimal, Vec<(CompareOp, Decimal)>)> = steps
            .iter()
            .map(|step| {
                let growth = step.growth.as_ref()?;
                let bounds = growth.bounds.iter().map(|(op, term)| Some((*op, told(term)?)));
                Some((growth.by, bounds.collect::<Option<_>>()?))
            })
            .collect::<Option<_>>()?;
        let all = numbers.values().chain(
            growths
                .iter()
                .flat_map(|(by, bounds)| std::iter::once(by).chain(bounds.iter().map(|(_, to)| to))),
        );
        let exponent = all.map(|number| number.exponent()).min().unwrap_or(0).min(0);
        let most = keeping == Keeping::Most;
        // Half of what there is room for: lengths then never reach the one that stands for none.
        let length = |number: Decimal| {
            let units = number.in_units(exponent).filter(|units| units.unsigned_abs() < 1 << 62)?;
            Some(if most { -units } else { units })
        };
        let steps = growths.iter().map(|(by, bounds)| {
            let adds = by.in_units(exponent)?;
            let most = bounds.iter().map(|(op, to)| {
                let is_strict = matches!(op, CompareOp::Lt | CompareOp::Gt);
                Some(length(*to)? - i64::from(is_strict))
            });
            let most = most.collect::<Option<Vec<i64>>>()?.into_iter().min();
            Some(Length { adds, most: most.unwrap_or(i64::MAX) })
        });
        let steps = steps.collect::<Option<_>>()?;
        let units: FxHashMap<u32, i64> =
            numbers.into_iter().map(|(id, number)| Some((id, length(number)?))).collect::<Option<_>>()?;
        Some(Self { domain, exponent, most, lengths: ids.iter().map(|id| units[id]).collect(), steps })
    }

    /// What each of some legs adds: the first of a step all that the step does.
    pub(super) fn of_legs(&self, legs: &[Leg<'_>]) -> Vec<Length> {
        let rest = Length { adds: 0, most: i64::MAX };
        legs.iter().map(|leg| leg.step.map_or(rest, |step| self.steps[step])).collect()
    }

    /// The lengths that some seeds begin with.
    pub(super) fn lengths(&self, seeds: impl Iterator<Item = usize>) -> impl Iterator<Item = i64> {
        seeds.map(|at| self.lengths[at])
    }

    /// The ids of all lengths found, given to them in ascending order.
    pub(super) fn ids(&self, found: &[Walked], values: &Values<'_>) -> Result<FxHashMap<i64, u32>, Bail> {
        let different: FxHashSet<i64> = found.iter().flat_map(|walked| &walked.lengths).copied().collect();
        let mut different: Vec<i64> = different.into_iter().collect();
        different.sort_unstable();
        let id = |length: i64| -> Result<(i64, u32), Bail> {
            let units = i128::from(if self.most { -length } else { length });
            let number = Decimal::scaled(units, self.exponent).map_err(|_| Bail::Calculation)?;
            Ok((length, values.intern(self.domain, &Value::Number(number)).0))
        };
        different.into_iter().map(id).collect()
    }
}

/// Of tuples that differ only in a kept value the one with the best. `None` where a value is missing.
pub(in crate::verdict) fn best(
    tuples: &Sorted,
    arity: usize,
    (keeping, slot): (Keeping, usize),
    domain: DomainId,
    values: &Values<'_>,
) -> Option<Sorted> {
    let kept = tuples.column(slot);
    let different: FxHashSet<u32> = kept.iter().copied().collect();
    let mut ranked: Vec<(Value, u32)> = different
        .into_iter()
        .map(|id| values.value(domain, id).map(|value| (value, id)))
        .collect::<Option<_>>()?;
    ranked.sort();
    if keeping == Keeping::Most {
        ranked.reverse();
    }
    let ranks: FxHashMap<u32, u32> = (0..).zip(&ranked).map(|(rank, (_, id))| (*id, rank)).collect();
    let mut columns: Vec<Vec<u32>> =
        (0..arity).filter(|other| *other != slot).map(|other| tuples.column(other)).collect();
    columns.push(kept.iter().map(|id| ranks[id]).collect());
    let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
    let mut columns = base::sorted(&slices, false).columns;
    let kept = columns.pop()?;
    let mut gather = Gather::new(arity);
    let mut tuple = Vec::with_capacity(arity);
    for (row, rank) in kept.iter().enumerate() {
        if row > 0 && columns.iter().all(|column| column[row] == column[row - 1]) {
            continue;
        }
        tuple.clear();
        tuple.extend(columns.iter().map(|column| column[row]));
        tuple.insert(slot, ranked[*rank as usize].1);
        gather.add(&tuple);
    }
    Some(gather.finish())
}
