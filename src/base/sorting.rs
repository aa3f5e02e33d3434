//! Sorting of lists that are never long, by one piece of code for whatever they hold: the standard library's is built
//! anew for each type and each way to compare, which makes up a tenth of all that must be built.

use std::cmp::Ordering;

/// So many are put in order where they stand.
const FEW: usize = 8;

/// Lists that are put in order; what compares equal keeps its order.
pub trait InOrder<T> {
    /// In the order of the things themselves.
    fn order(&mut self)
    where
        T: Ord;

    /// In the order of a comparison.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// In the order of what each has, which is worked out once for each.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> InOrder<T> for [T] {
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }

    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        if self.len() <= FEW {
            return inserted(self, &mut compare);
        }
        let places =
            places(self.len(), &mut |one, other| compare(&self[one as usize], &self[other as usize]));
        arranged(self, places);
    }

    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K) {
        if self.len() < 2 {
            return;
        }
        let keys: Vec<K> = self.iter().map(key).collect();
        let places = places(self.len(), &mut |one, other| keys[one as usize].cmp(&keys[other as usize]));
        arranged(self, places);
    }
}

/// Puts a few in order, each before those that are greater.
fn inserted<T>(list: &mut [T], compare: &mut dyn FnMut(&T, &T) -> Ordering) {
    for added in 1..list.len() {
        let mut at = added;
        while at > 0 && compare(&list[at], &list[at - 1]).is_lt() {
            list.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// The places of a list of so many in their order.
fn places(count: usize, compare: &mut dyn FnMut(u32, u32) -> Ordering) -> Vec<u32> {
    let mut places: Vec<u32> = (0..count as u32).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Puts what stands at each of some places where the place stands in the list of them.
fn arranged<T>(list: &mut [T], mut places: Vec<u32>) {
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at as u32) as usize;
            if from == start {
                break;
            }
            list.swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_keep_their_order() {
        let mut seed = 1_u32;
        for length in 0..200_u32 {
            let next = |place: u32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24 & 15, place)
            };
            let list: Vec<(u32, u32)> = (0..length).map(next).collect();
            let mut expected = list.clone();
            expected.sort_by_key(|(key, _)| *key);
            for turn in 0..3 {
                let mut own = list.clone();
                match turn {
                    0 => own.order(),
                    1 => own.order_by(|one, other| one.0.cmp(&other.0)),
                    _ => own.order_by_key(|(key, _)| *key),
                }
                assert_eq!(own, expected);
            }
        }
    }
}
