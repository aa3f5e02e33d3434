//! Several gatherings of tuples in one, of which it is known whose each tuple was.

use super::gather::{Gather, sort};
use super::sorted::{Packed, Sorted, wide};
use crate::base::{BitSet, sorted_by_bits};

/// So many pairs are near enough to be moved about all at once.
const NEAR: usize = 1 << 18;

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
            Packed::Two(data) => two.push(data),
            Packed::Four(data) => four.push(by_first(data, shift)),
            Packed::Many(data) => many.push(data),
        }
    }
    let (data, places) = if !two.is_empty() {
        let (all, places) = united_pairs(two);
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
    let places = places.into_iter().map(|words| own_places(words, all.len())).collect();
    (all, places)
}

/// The same of pairs. Few of them are put in order by their bits, which takes no branches; what they say beside their
/// ids, their list and that, must fit into a whole number.
fn united_pairs(lists: Vec<Vec<u64>>) -> (Vec<u64>, Vec<BitSet>) {
    let most = lists.iter().map(Vec::len).sum::<usize>();
    let (mut least, mut firsts, mut seconds) = (u64::MAX, 0, 0);
    for pair in lists.iter().flatten() {
        (least, firsts) = (least.min(pair >> 32), firsts.max(pair >> 32));
        seconds |= pair & u64::from(u32::MAX);
    }
    let bits = |number: u64| u64::BITS - number.leading_zeros();
    let tag = bits(lists.len() as u64 - 1);
    let (rest, first) = (bits(seconds), bits(firsts.saturating_sub(least)));
    if most > NEAR || tag + rest + first > u64::BITS {
        let lists: Vec<Vec<u64>> = lists.into_iter().map(|list| by_first(list, u32::BITS)).collect();
        return united_by_first(&lists, u32::BITS);
    }
    let mut tagged = Vec::with_capacity(most);
    for (list, own) in lists.iter().enumerate() {
        let key = |pair: &u64| {
            let pair_bits = ((pair >> 32) - least) << rest | pair & u64::from(u32::MAX);
            pair_bits << tag | list as u64
        };
        tagged.extend(own.iter().map(key));
    }
    let mut all = sorted_by_bits(tagged, tag..tag + rest + first);
    let mut places: Vec<Vec<u64>> = lists.iter().map(|_| vec![0; most.div_ceil(64)]).collect();
    let mut different = 0;
    let mut last = None;
    for at in 0..all.len() {
        let key = all[at] >> tag;
        let list = (all[at] & ((1 << tag) - 1)) as usize;
        different += usize::from(last != Some(key));
        last = Some(key);
        let place = different - 1;
        all[place] = ((key >> rest) + least) << 32 | key & ((1 << rest) - 1);
        places[list][place / 64] |= 1 << (place % 64);
    }
    let own = |words| own_places(words, different);
    // A copy, so that what doubles took is free at once.
    (all[..different].to_vec(), places.into_iter().map(own).collect())
}

/// The places of a list's own, of so many in all.
fn own_places(mut words: Vec<u64>, all: usize) -> BitSet {
    words.truncate(all.div_ceil(64));
    BitSet::from_words(words, all)
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

#[cfg(test)]
mod tests {
    use super::*;

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
