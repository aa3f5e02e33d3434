//! Tuples gathered in any order, then ascending and each once. Doubles met while gathering are
//! dropped along the way, so that memory follows what is different, not what is found.

use rayon::prelude::*;

use super::batch::Found;
use super::program::Place;
use super::sorted::{Packed, Sorted, wide};
use crate::base::BitSet;

/// Tuples as they are found.
#[derive(Debug)]
pub struct Gather {
    arity: usize,
    data: Packed,
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
    fn sort(&mut self) {
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

/// The tuples of several gatherings, ascending and each once, and of each gathering the places of its own
/// among them.
pub fn united(gathered: Vec<Gather>) -> (Sorted, Vec<BitSet>) {
    let arity = gathered.first().map_or(1, |first| first.arity);
    let shift = 32 * (arity as u32 - 1);
    let (mut one, mut two, mut four, mut many) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for mut gather in gathered {
        if matches!(gather.data, Packed::Many(_)) {
            gather.sort();
        }
        match gather.data {
            Packed::One(data) => one.push(by_first(data, shift)),
            Packed::Two(data) => two.push(by_first(data, shift)),
            Packed::Four(data) => four.push(by_first(data, shift)),
            Packed::Many(data) => many.push(data),
        }
    }
    let (data, places) = if !two.is_empty() {
        let (all, places) = united_by_first(&two, shift);
        (Packed::Two(all), places)
    } else if !four.is_empty() {
        let (all, places) = united_by_first(&four, shift);
        (Packed::Four(all), places)
    } else if !many.is_empty() {
        let (all, places) = united_rows(&many, arity);
        (Packed::Many(all), places)
    } else {
        let (all, places) = united_by_first(&one, shift);
        (Packed::One(all), places)
    };
    (Sorted { arity, data }, places)
}

/// A tuple as a whole number, its first id in the upper bits: all but the lowest `shift` ones.
trait Whole: Copy + Ord + Send {
    /// The first id.
    fn first(self, shift: u32) -> u32;
    /// What stands behind the first id, with the list it comes from behind it.
    fn tagged(self, list: usize) -> Self;
    /// The list, and the tuple again.
    fn untagged(self, first: u32, shift: u32) -> (usize, Self);
}

/// Bits for the number of a list. A body holds far fewer conditions than that many lists.
const TAG: u32 = 16;

macro_rules! whole {
    ($number:ty) => {
        impl Whole for $number {
            #[inline]
            fn first(self, shift: u32) -> u32 {
                (self >> shift) as u32
            }

            #[inline]
            fn tagged(self, list: usize) -> Self {
                self << TAG | list as Self
            }

            #[inline]
            fn untagged(self, first: u32, shift: u32) -> (usize, Self) {
                let rest = self >> TAG & !(Self::MAX << shift);
                ((self & ((1 << TAG) - 1)) as usize, Self::from(first) << shift | rest)
            }
        }
    };
}

whole!(u32);
whole!(u64);
whole!(u128);

/// The same tuples in ascending order of their first ids.
fn by_first<T: Whole>(mut data: Vec<T>, shift: u32) -> Vec<T> {
    if !data.is_sorted_by_key(|tuple| tuple.first(shift)) {
        sort(&mut data);
    }
    data
}

/// The union of lists in ascending order of their first ids, and the places of each list's own in it. What
/// shares a first id is sorted together.
fn united_by_first<T: Whole>(lists: &[Vec<T>], shift: u32) -> (Vec<T>, Vec<BitSet>) {
    let most = lists.iter().map(Vec::len).sum::<usize>();
    let mut all: Vec<T> = Vec::with_capacity(most);
    let mut places: Vec<Vec<u64>> = lists.iter().map(|_| vec![0; most.div_ceil(64)]).collect();
    let mut left: Vec<&[T]> = lists.iter().map(Vec::as_slice).collect();
    // The first id of what is left of each list; past all ids where nothing is.
    let head = |left: &[T]| left.first().map_or(u64::MAX, |tuple| u64::from(tuple.first(shift)));
    let mut heads: Vec<u64> = left.iter().map(|left| head(left)).collect();
    let mut group: Vec<T> = Vec::new();
    while let Some(least) = heads.iter().copied().min().filter(|least| *least < u64::MAX) {
        let first = least as u32;
        group.clear();
        for (list, (left, next)) in left.iter_mut().zip(&mut heads).enumerate() {
            if *next != least {
                continue;
            }
            let own = left.iter().take_while(|tuple| tuple.first(shift) == first).count();
            group.extend(left[..own].iter().map(|tuple| tuple.tagged(list)));
            *left = &left[own..];
            *next = head(left);
        }
        group.sort_unstable();
        for tagged in &group {
            let (list, tuple) = tagged.untagged(first, shift);
            if all.last() != Some(&tuple) {
                all.push(tuple);
            }
            let place = all.len() - 1;
            places[list][place / 64] |= 1 << (place % 64);
        }
    }
    let own = |mut words: Vec<u64>| {
        words.truncate(all.len().div_ceil(64));
        BitSet::from_words(words, all.len())
    };
    let places = places.into_iter().map(own).collect();
    (all, places)
}

/// The same for tuples too wide to be packed, end to end.
fn united_rows(lists: &[Vec<u32>], arity: usize) -> (Vec<u32>, Vec<BitSet>) {
    let lists: Vec<Vec<&[u32]>> = lists.iter().map(|list| wide(list, arity)).collect();
    let mut all: Vec<&[u32]> = lists.concat();
    // The lists are runs, which a stable sort merges.
    all.sort();
    all.dedup();
    let own = |list: &Vec<&[u32]>| {
        let mut own = BitSet::new(all.len());
        list.iter().filter_map(|tuple| all.binary_search(tuple).ok()).for_each(|at| own.insert(at));
        own
    };
    let places = lists.iter().map(own).collect();
    (all.concat(), places)
}

/// So many are sorted on all threads.
const MANY: usize = 1 << 16;

fn sort<T: Ord + Send>(data: &mut Vec<T>) {
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

    #[test]
    fn what_is_united_ascends_and_keeps_whose_it_was() {
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for arity in 1..=6 {
            for (below, ascending) in [(3, false), (40, true), (1 << 24, false)] {
                let mut lists: Vec<Vec<Vec<u32>>> = (0..4)
                    .map(|list| (0..list * 50).map(|_| (0..arity).map(|_| next(below)).collect()).collect())
                    .collect();
                // The upper bits of all ids are used too.
                lists[1].push(vec![u32::MAX; arity]);
                lists[3].push(vec![u32::MAX; arity]);
                if ascending {
                    lists.iter_mut().for_each(|list| list.sort_by_key(|tuple| tuple[0]));
                }
                let gathered = lists.iter().map(|list| {
                    let mut gather = Gather::new(arity);
                    list.iter().for_each(|tuple| _ = gather.add(tuple));
                    gather
                });
                let (all, places) = united(gathered.collect());
                let mut wanted: Vec<&Vec<u32>> = lists.iter().flatten().collect();
                wanted.sort();
                wanted.dedup();
                assert_eq!(
                    all.rows().collect::<Vec<_>>(),
                    wanted.iter().map(|t| (*t).clone()).collect::<Vec<_>>()
                );
                for (list, own) in lists.iter().zip(&places) {
                    let found: Vec<bool> = (0..all.len()).map(|at| own.contains(at)).collect();
                    let whose: Vec<bool> = wanted.iter().map(|tuple| list.contains(tuple)).collect();
                    assert_eq!((own.len(), found), (all.len(), whose));
                }
            }
        }
    }
}
