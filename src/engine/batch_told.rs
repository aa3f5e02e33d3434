//! Searches for whether something exists whose outer ids come up again: each combination of ids is searched for once,
//! and what was found is remembered as long as that pays.

use super::batch::{Bail, Batch};
use super::batch_shared::Alike;
use super::lower::{Inner, Op, Registers};
use super::operators::Run;
use super::planted::{Bug, planted};
use super::program::Step;
use super::results::{Ids, Results};
use crate::base::BitSet;

/// After so many rows it is clear whether their ids come up again.
const TRIED: usize = 1 << 10;

/// At least one of so many rows must be told without a search.
const WORTH: usize = 4;

/// What searches found by their outer ids, for all threads.
#[derive(Debug, Default)]
pub(super) struct Told(Results<bool>);

impl Told {
    /// What a step can remember: where it only asks whether something exists, and reads nothing but variables.
    pub fn of(registers: Registers, step: &Step, inner: &[Inner<'_>]) -> Option<Self> {
        let [only] = inner else { return None };
        let asks = match step {
            Step::Not { .. } | Step::Exists(_) => true,
            Step::AnyOf(branches) => branches.len() == 1,
            _ => false,
        };
        let is_look_up = matches!(only.ops.as_slice(), [Op { step: Step::Seek { .. }, .. }]);
        let plain = !only.reads.is_empty() && only.reads.iter().all(|column| registers.is_var(*column));
        // What is told already would hide that bug.
        (asks && plain && !is_look_up && !planted(Bug::FalseBarren)).then(Self::default)
    }
}

impl Run<'_, '_> {
    /// Marks the rows for which some way to meet a conjunction is there; rows that agree in what it reads are searched
    /// for once.
    pub(super) fn told(
        &mut self,
        told: &Told,
        inner: &Inner<'_>,
        batch: &Batch,
        met: &mut BitSet,
    ) -> Result<(), Bail> {
        let results = &told.0;
        if !results.meets(TRIED, WORTH) {
            return self.exists(inner, batch, met);
        }
        let groups = Alike::new(batch, inner.reads.clone());
        let mut known: Vec<Option<bool>> =
            results.known((0..groups.len()).map(|group| Ids::of(groups.ids(batch, group))));
        let left: Vec<usize> = (0..groups.len()).filter(|group| known[*group].is_none()).collect();
        results.count(batch.len, batch.len - left.len());
        if !left.is_empty() {
            let mut firsts = self.spare();
            groups.put_firsts(batch, &left, &mut firsts);
            let mut own = BitSet::new(left.len());
            let ended = self.exists(inner, &firsts, &mut own);
            self.give_back(firsts);
            ended?;
            for (at, group) in left.iter().enumerate() {
                known[*group] = Some(own.contains(if planted(Bug::ToldOfOthers) { 0 } else { at }));
            }
            results.remember(
                left.iter()
                    .enumerate()
                    .map(|(at, group)| (Ids::of(groups.ids(batch, *group)), own.contains(at))),
            );
        }
        for row in 0..batch.len {
            if known[groups.of(row)] == Some(true) {
                met.insert(row);
            }
        }
        Ok(())
    }
}
