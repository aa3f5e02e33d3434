//! Work on all cores, by one piece of code for whatever is worked out: shares are few and take long, so that it does not
//! matter how they are handed out, and what would be built anew for each kind of share is built once.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// What a job makes of each number below a count, in their order.
pub fn each<R: Send>(count: usize, job: impl Fn(usize) -> R + Sync) -> Vec<R> {
    if count < 2 {
        return (0..count).map(job).collect();
    }
    let results: Vec<Mutex<Option<R>>> = (0..count).map(|_| Mutex::new(None)).collect();
    run(count, &|at| {
        let result = job(at);
        *results[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    // INVARIANT: each number was worked out.
    results
        .into_iter()
        .filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// What a job makes of each of some shares, which it takes, in their order.
pub fn each_of<I: Send, R: Send>(shares: Vec<I>, job: impl Fn(I) -> R + Sync) -> Vec<R> {
    let shares: Vec<Mutex<Option<I>>> = shares.into_iter().map(|share| Mutex::new(Some(share))).collect();
    let done = |at: usize| {
        let share = shares[at].lock().unwrap_or_else(PoisonError::into_inner).take();
        share.map(&job)
    };
    each(shares.len(), done).into_iter().flatten().collect()
}

/// What a job makes of each part of a list, cut after so many items each, in their order; it is told which part it is.
pub fn each_part_mut<T: Send, R: Send>(
    list: &mut [T],
    size: usize,
    job: impl Fn(usize, &mut [T]) -> R + Sync,
) -> Vec<R> {
    each_of(list.chunks_mut(size).enumerate().collect(), |(part, items)| job(part, items))
}

fn run(count: usize, job: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(job);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        assert_eq!(each(0, |at| at), Vec::<usize>::new());
        assert_eq!(each(1000, |at| at * at), (0..1000).map(|at| at * at).collect::<Vec<_>>());
        assert_eq!(each_of(vec!["a".to_owned(), "b".to_owned()], |name| name + "!"), ["a!", "b!"]);
        let mut list = vec![1; 10];
        let sums = each_part_mut(&mut list, 4, |part, items| {
            items.iter_mut().for_each(|item| *item += part);
            items.iter().sum::<usize>()
        });
        assert_eq!((list, sums), (vec![1, 1, 1, 1, 2, 2, 2, 2, 3, 3], vec![4, 8, 6]));
    }
}
