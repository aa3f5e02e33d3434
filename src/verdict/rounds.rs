//! Relations that grow round by round: what a round finds is put in order, and what of it is new is what the next
//! round grows from. Nothing is looked up tuple by tuple.

use std::ops::Range;

use rayon::prelude::*;

use super::reach::read;
use super::search::vars_of;
use super::steps::Compiled;
use crate::engine::{Bail, BatchProgram, Clock, Gather, Sorted, Values};

/// Tuples from which one thread grows others at a time.
const SHARE: usize = 1 << 12;

/// A step from the tuples of one relation to those of another, or of the same.
pub(super) struct Leading {
    pub from: usize,
    pub to: usize,
    pub step: Compiled,
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
        let new = self.lists.iter().fold(found.without(&self.last), |new, list| new.without(list));
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

/// All tuples that grow from those the relations begin with.
pub(super) fn in_rounds(
    seeds: Vec<Sorted>,
    arities: &[usize],
    steps: &[Leading],
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Vec<Sorted>, Bail> {
    let batches: Vec<BatchProgram<'_>> = steps
        .iter()
        .map(|leading| BatchProgram::new(&leading.step.program, vars_of(&leading.step.head), None))
        .collect();
    let mut all: Vec<Found> = seeds.into_iter().map(|last| Found { last, lists: Vec::new() }).collect();
    let mut round = 0;
    while all.iter().any(|found| !found.last.is_empty()) {
        round += 1;
        clock.round(round)?;
        let mut next: Vec<Gather> = arities.iter().map(|arity| Gather::new(*arity)).collect();
        for (leading, batch) in steps.iter().zip(&batches) {
            let from = &all[leading.from].last;
            let arity = arities[leading.to];
            let share = |share: &Range<usize>| grown(from, share, arity, &leading.step, batch, values, clock);
            let shares: Vec<Range<usize>> =
                (0..from.len()).step_by(SHARE).map(|at| at..from.len().min(at + SHARE)).collect();
            // A few shares at a time, so that what they find need not all be held.
            for shares in shares.chunks(rayon::current_num_threads() * 8) {
                let found: Vec<Result<Gather, Bail>> = match shares {
                    [only] => vec![share(only)],
                    _ => shares.par_iter().map(share).collect(),
                };
                for found in found {
                    if let Some(different) = next[leading.to].absorb(found?) {
                        clock.gathered(different)?;
                    }
                }
            }
        }
        for (found, next) in all.iter_mut().zip(next) {
            clock.derived(found.take(next.finish()) as u64)?;
        }
    }
    Ok(all.into_iter().map(Found::all).collect())
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
    let (_, given) = read(|at| from.row(at), share.clone(), &step.args);
    let given: Vec<(usize, &[u32])> = given.iter().map(|(var, ids)| (*var, ids.as_slice())).collect();
    batch.run_with(values, clock, &given, &mut |found| {
        if let Some(different) = gather.add_found(found, &step.head) {
            clock.gathered(different)?;
        }
        Ok(())
    })?;
    Ok(gather)
}
