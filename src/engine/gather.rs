//! Tuples gathered in any order, then ascending and each once. Doubles met while gathering are
//! dropped along the way, so that memory follows what is different, not what is found.

use rayon::prelude::*;

use super::batch::Found;
use super::program::Place;
use super::sorted::{Packed, Sorted, wide};
use super::table::Index;

/// Tuples as they are found.
#[derive(Debug)]
pub struct Gather {
    pub(super) arity: usize,
    pub(super) data: Packed,
    /// The length at which doubles are dropped again.
    full: usize,
}

/// Below this many tuples nothing is dropped while gathering.
const SMALL: usize = 1 << 19;

impl Gather {
    /// Nothing yet; the tuples have at least one place.
    pub fn new(arity: usize) -> Self {
        Self { arity: arity.max(1), data: Packed::empty(arity), full: SMALL }
    }

    /// Adds a tuple. Hands back how many different ones there are where that was just worked out.
    pub fn add(&mut self, tuple: &[u32]) -> Option<usize> {
        match &mut self.data {
            Packed::One(data) => data.push(tuple[0]),
            Packed::Two(data) => data.push(u64::from(tuple[0]) << 32 | u64::from(tuple[1])),
            Packed::Four(data) => {
                data.push(tuple.iter().fold(0, |packed, id| packed << 32 | u128::from(*id)));
            }
            Packed::Many(data) => data.extend_from_slice(tuple),
        }
        self.drop_doubles()
    }

    fn drop_doubles(&mut self) -> Option<usize> {
        if self.rows() < self.full {
            return None;
        }
        self.sort();
        self.full = SMALL.max(self.rows() * 2);
        Some(self.rows())
    }

    /// Adds the tuples of a head in all rows found. Hands back how many different ones there are where
    /// that was just worked out.
    pub fn add_found(&mut self, found: &Found<'_>, head: &[Place]) -> Option<usize> {
        let rows = found.len();
        match (&mut self.data, head) {
            (Packed::One(data), [Place::Var(var)]) => data.extend_from_slice(&found.var(*var)[..rows]),
            (Packed::Two(data), [Place::Var(left), Place::Var(right)]) => {
                let pairs = found.var(*left)[..rows].iter().zip(&found.var(*right)[..rows]);
                data.extend(pairs.map(|(left, right)| u64::from(*left) << 32 | u64::from(*right)));
            }
            (Packed::Four(data), [Place::Var(a), Place::Var(b), Place::Var(c)]) => {
                let [a, b, c] = [a, b, c].map(|var| &found.var(*var)[..rows]);
                let packed = |row: usize| {
                    let low = u64::from(b[row]) << 32 | u64::from(c[row]);
                    u128::from(a[row]) << 64 | u128::from(low)
                };
                data.extend((0..rows).map(packed));
            }
            _ => {
                let mut tuple = Vec::with_capacity(head.len());
                let mut different = None;
                for row in 0..rows {
                    tuple.clear();
                    tuple.extend(head.iter().map(|place| match place {
                        Place::Var(var) => found.var(*var)[row],
                        Place::Id(id) => *id,
                    }));
                    different = self.add(&tuple).or(different);
                }
                return different;
            }
        }
        self.drop_doubles()
    }

    /// Adds what stands at the first levels of rows of an index. Hands back how many different ones there are where that
    /// was just worked out.
    pub fn add_rows(&mut self, index: &Index, (low, high): (u32, u32)) -> Option<usize> {
        let rows = low as usize..high as usize;
        let column = |level: usize| &index.columns[level][rows.clone()];
        match &mut self.data {
            Packed::One(data) => add_runs(data, column(0).iter().copied()),
            Packed::Two(data) => {
                let pairs = column(0).iter().zip(column(1));
                add_runs(data, pairs.map(|(left, right)| u64::from(*left) << 32 | u64::from(*right)));
            }
            Packed::Four(data) => {
                let levels = &index.columns[..self.arity];
                let packed =
                    |row: usize| levels.iter().fold(0, |packed, ids| packed << 32 | u128::from(ids[row]));
                add_runs(data, rows.map(packed));
            }
            Packed::Many(data) => {
                let levels = &index.columns[..self.arity];
                rows.for_each(|row| data.extend(levels.iter().map(|ids| ids[row])));
            }
        }
        self.drop_doubles()
    }

    /// Adds what was gathered elsewhere, of tuples as wide. Hands back how many different ones there are where
    /// that was just worked out.
    pub fn absorb(&mut self, other: &Self) -> Option<usize> {
        self.data.extend(&other.data);
        self.drop_doubles()
    }

    /// Adds many.
    pub fn add_all(&mut self, tuples: &Sorted) {
        self.data.extend(&tuples.data);
        self.drop_doubles();
    }

    fn rows(&self) -> usize {
        self.data.len(self.arity)
    }

    /// Sorts the tuples and drops doubles.
    pub(super) fn sort(&mut self) {
        match &mut self.data {
            Packed::One(data) => sort(data),
            Packed::Two(data) => sort_packed(data, |pair| (pair >> 32) as u32),
            Packed::Four(data) => {
                let shift = 32 * (self.arity - 1);
                sort_packed(data, |tuple| (tuple >> shift) as u32);
            }
            Packed::Many(data) => {
                let mut rows = wide(data, self.arity);
                rows.sort_unstable();
                rows.dedup();
                *data = rows.concat();
            }
        }
    }

    /// All of them, ascending, each once.
    pub fn finish(mut self) -> Sorted {
        self.sort();
        Sorted { arity: self.arity, data: self.data }
    }
}

/// Adds tuples, of equal ones that follow each other one.
fn add_runs<T: Copy + PartialEq>(data: &mut Vec<T>, tuples: impl ExactSizeIterator<Item = T>) {
    data.reserve(tuples.len());
    let mut last = None;
    for tuple in tuples {
        if last != Some(tuple) {
            data.push(tuple);
            last = Some(tuple);
        }
    }
}

/// So many are sorted on all threads.
const MANY: usize = 1 << 16;

pub(super) fn sort<T: Ord + Send>(data: &mut Vec<T>) {
    if data.len() < MANY {
        data.sort_unstable();
    } else {
        data.par_sort_unstable();
    }
    data.dedup();
}

/// The same for tuples of which `first` is the first id: a search that begins with it finds those in
/// ascending order, and only what shares it has to be sorted.
fn sort_packed<T: Ord + Send>(data: &mut Vec<T>, first: impl Fn(&T) -> u32) {
    if data.is_sorted_by_key(&first) {
        data.chunk_by_mut(|left, right| first(left) == first(right)).for_each(<[T]>::sort_unstable);
        data.dedup();
    } else {
        sort(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_and_put_together_are_sets() {
        for arity in 1..=5_u32 {
            let of = |numbers: &[u32]| {
                let mut gather = Gather::new(arity as usize);
                for number in numbers {
                    let tuple: Vec<u32> = (0..arity).map(|place| number >> (2 * place) & 3).collect();
                    gather.add(&tuple);
                }
                gather.finish()
            };
            let (even, odd): (Vec<u32>, Vec<u32>) = (0..4_u32.pow(arity)).partition(|number| number % 3 == 0);
            let all: Vec<u32> = even.iter().chain(&odd).copied().collect();
            assert_eq!(of(&all).without(&of(&odd)), of(&even));
            assert_eq!(of(&even).without(&of(&odd)), of(&even));
            assert_eq!(of(&all[..2]).without(&of(&all)), of(&[]));
            assert_eq!(of(&even).merged(&of(&odd)), of(&all));
            assert_eq!(of(&[]).merged(&of(&odd)), of(&odd));
        }
    }
}
