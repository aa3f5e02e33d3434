//! Relations that grow round by round: what a round finds is put in order, and what of it is new is what the next
//! round grows from. Nothing is looked up tuple by tuple.

use std::ops::Range;

use super::reach::read;
use super::search::vars_of;
use super::steps::Compiled;
use crate::base::parallel::each;
use crate::engine::{Bail, BatchProgram, Clock, Gather, Reached, Sorted, Values};

/// Tuples from which one thread grows others at a time.
const SHARE: usize = 1 << 12;

/// Steps ready to be gone, between the tuples of relations that are told apart by their places.
pub(super) struct Rounds<'s> {
    arities: &'s [usize],
    /// Of each step the place of the relation it reads and that of the relation of which it makes tuples.
    steps: Vec<(usize, usize, &'s Compiled, BatchProgram<'s>)>,
}

/// What has been found of a relation.
struct Found {
    /// What the round before found.
    last: Sorted,
    /// What was found before that, in lists without a tuple in common, each at least twice as long as the next.
    lists: Vec<Sorted>,
}

impl Found {
    /// Takes what a round found; hands back how much of it is new.
    fn take(&mut self, found: Sorted) -> usize {
        let new = self.lists.iter().fold(found.without(&self.last), Sorted::without);
        let mut last = std::mem::replace(&mut self.last, new);
        while let Some(list) = self.lists.pop_if(|list| list.len() < 2 * last.len()) {
            last = last.merged(&list);
        }
        if !last.is_empty() {
            self.lists.push(last);
        }
        self.last.len()
    }

    fn all(self) -> Sorted {
        self.lists.into_iter().rev().fold(self.last, |all, list| all.merged(&list))
    }
}

impl<'s> Rounds<'s> {
    pub fn new(arities: &'s [usize], steps: impl Iterator<Item = (usize, usize, &'s Compiled)>) -> Self {
        let ready = |(from, to, step): (usize, usize, &'s Compiled)| {
            (from, to, step, BatchProgram::new(&step.program, vars_of(&step.head), None).each_once())
        };
        Self { arities, steps: steps.map(ready).collect() }
    }

    /// All tuples that grow from those the relations begin with; `None` where `more`, which is told how many new
    /// ones a round has found, says that it is no use going on.
    pub fn grown(
        &self,
        seeds: Vec<Sorted>,
        more: &(dyn Fn(usize) -> Result<bool, Reached> + Sync),
        values: &Values<'_>,
        clock: &Clock,
    ) -> Result<Option<Vec<Sorted>>, Bail> {
        let mut all: Vec<Found> = seeds.into_iter().map(|last| Found { last, lists: Vec::new() }).collect();
        let mut round = 0;
        while all.iter().any(|found| !found.last.is_empty()) {
            round += 1;
            clock.round(round)?;
            let mut next: Vec<Gather> = self.arities.iter().map(|arity| Gather::new(*arity)).collect();
            for (from, to, step, batch) in &self.steps {
                let from = &all[*from].last;
                let arity = self.arities[*to];
                let share = |share: &Range<usize>| grown(from, share, arity, step, batch, values, clock);
                let shares: Vec<Range<usize>> =
                    (0..from.len()).step_by(SHARE).map(|at| at..from.len().min(at + SHARE)).collect();
                // A few shares at a time, so that what they find need not all be held.
                for shares in shares.chunks(rayon::current_num_threads() * 8) {
                    let found: Vec<Result<Gather, Bail>> = each(shares.len(), |at| share(&shares[at]));
                    for found in found {
                        if let Some(different) = next[*to].absorb(&found?) {
                            clock.gathered(different)?;
                        }
                    }
                }
            }
            for (found, next) in all.iter_mut().zip(next) {
                if !more(found.take(next.finish()))? {
                    return Ok(None);
                }
            }
        }
        Ok(Some(all.into_iter().map(Found::all).collect()))
    }
}

/// What a step makes of some tuples.
fn grown(
    from: &Sorted,
    share: &Range<usize>,
    arity: usize,
    step: &Compiled,
    batch: &BatchProgram<'_>,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Gather, Bail> {
    let mut gather = Gather::new(arity);
    let (_, given) = read(|slot| from.part(slot, share.clone()), share.clone(), &step.args);
    let given: Vec<(usize, &[u32])> = given.iter().map(|(var, ids)| (*var, ids.as_slice())).collect();
    batch.run_with(values, clock, &given, &mut |found| {
        if let Some(different) = gather.add_found(found, &step.head) {
            clock.gathered(different)?;
        }
        Ok(())
    })?;
    Ok(gather)
}
