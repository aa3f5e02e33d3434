//! Counts that are just the number of rows left of an atom: nothing is gone through.

use super::batch::Batch;
use super::lower::{Inner, Ranged};
use super::meet::Begun;
use super::operators::Run;
use super::program::{AggregatePlan, Computed, Step, Within};
use crate::builtin::AggregateKind;
use crate::facts::MISSING;
use crate::value::{Decimal, Value};

/// An atom whose rows, once they are narrowed, are just the things an aggregate counts.
struct Counted<'p> {
    atom: usize,
    /// The levels it is narrowed by.
    from: usize,
    to: usize,
    /// What it is narrowed by then.
    within: Option<&'p Within>,
    /// Words from further out without which nothing is counted.
    stated: Vec<usize>,
}

impl Run<'_, '_> {
    /// An aggregate that counts just the rows an atom is narrowed to, in the rows of a batch for which there are some.
    pub(super) fn counted(&mut self, ranged: &Ranged<'_>, batch: &Batch) -> Option<Vec<(u32, Computed)>> {
        let Ranged { plan, certain, possible, .. } = ranged;
        if plan.kind != AggregateKind::Count || plan.weight.is_some() {
            return None;
        }
        let certain = self.rows_counted(plan, certain)?;
        let possible = match possible {
            Some(possible) => Some(self.rows_counted(plan, possible)?),
            None => None,
        };
        let number = |count: u32| Value::Number(Decimal::from(i64::from(count)));
        let sure = self.count(&certain, batch)?;
        let Some(possible) = possible else {
            let some = (0..).zip(sure).filter(|(_, count)| *count > 0);
            return Some(some.map(|(row, count)| (row, Computed::Value(number(count)))).collect());
        };
        let all = self.count(&possible, batch)?;
        let computed = |(sure, all): (u32, u32)| {
            if sure == all {
                return Computed::Value(number(all));
            }
            Computed::Between { low: number(sure), high: number(all), perhaps_nothing: false }
        };
        let some = (0..).zip(sure.into_iter().zip(all)).filter(|(_, (_, all))| *all > 0);
        Some(some.map(|(row, counts)| (row, computed(counts))).collect())
    }

    /// How many rows are left in each row of a batch.
    fn count(&mut self, counted: &Counted<'_>, batch: &Batch) -> Option<Vec<u32>> {
        let Counted { atom, from, to, within, .. } = *counted;
        let mut rows = Vec::new();
        let mut ends = if from < to { self.sought(atom, from, to, batch, &mut rows) } else { None };
        if let Some(within) = within {
            let all = Begun::All(self.whole.program.atoms[atom].index.all());
            let begun = ends.as_ref().map_or(all, |[first, past]| Begun::Each(first, past));
            ends = Some(self.bounded(within, &begun, batch).ok()?);
        }
        let [first, past] = ends?;
        let is_stated = |row: usize| counted.stated.iter().all(|var| batch.columns[*var][row] != MISSING);
        let count = |(row, (first, past)): (usize, (&u32, &u32))| {
            if is_stated(row) { past.saturating_sub(*first) } else { 0 }
        };
        Some(first.iter().zip(&past).enumerate().map(count).collect())
    }

    /// The atom whose rows left are just the things an aggregate counts.
    fn rows_counted<'p>(&self, plan: &AggregatePlan, inner: &Inner<'p>) -> Option<Counted<'p>> {
        let (rest, narrowing) = inner.ops.split_last()?;
        let mut stated = Vec::new();
        let mut steps: Vec<&Step> = Vec::new();
        for op in narrowing {
            match op.step {
                Step::Stated(var) if steps.is_empty() => stated.push(*var),
                step => steps.push(step),
            }
        }
        let counted = match steps.as_slice() {
            [Step::Seek { atom, from, to }] if from < to => {
                Counted { atom: *atom, from: *from, to: *to, within: None, stated }
            }
            [Step::Seek { atom, from, to }, Step::Within(within)] if within.atom == *atom => {
                Counted { atom: *atom, from: *from, to: *to, within: Some(within), stated }
            }
            [Step::Within(within)] => {
                Counted { atom: within.atom, from: 0, to: 0, within: Some(within), stated }
            }
            _ => return None,
        };
        let Counted { atom, to, .. } = counted;
        let vars: Vec<usize> = match (&rest.scan, rest.step) {
            (Some(scan), _) if scan.atom == atom && scan.from == to && scan.also.is_empty() => {
                scan.vars.clone()
            }
            (None, Step::Extend { var, atoms }) if *atoms == [(atom, to, to + 1)] => vec![*var],
            _ => return None,
        };
        let index = &self.whole.program.atoms[atom].index;
        let is_whole = index.distinct && to + vars.len() == index.columns.len();
        let is_key = |within: &Within| plan.keys.iter().any(|(var, _)| within.keys.contains(var));
        let all_told = plan.keys.len() == vars.len() || counted.within.is_some_and(is_key);
        let are_things = plan.keys.iter().all(|(var, is_value)| !is_value && vars.contains(var));
        (is_whole && all_told && are_things).then_some(counted)
    }
}
