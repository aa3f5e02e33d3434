//! Tuples in ascending order of their ids: spread over buckets by their first id, each bucket sorted as
//! whole numbers that hold a tuple, on all cores.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::parallel::{each, each_of};
use super::radix::sorted_by_bits;

/// Below this many tuples one thread does it.
const FEW: usize = 1 << 14;

/// About so many tuples share a bucket, so that sorting one stays near.
const BUCKET: usize = 1 << 12;

/// The most buckets tuples are spread over at once.
const MOST_BUCKETS: usize = 1 << 11;

/// Tuples that a thread writes at a time.
const SHARE: usize = 1 << 16;

/// Tuples in ascending order.
pub struct Order {
    /// The columns in that order.
    pub columns: Vec<Vec<u32>>,
    /// The place each tuple had before; as they stand where `None`, or where nobody asked.
    pub places: Option<Vec<u32>>,
}

/// Sorts tuples by their columns, equal ones by place; with `places` where each stood before.
pub fn sorted(columns: &[&[u32]], places: bool) -> Order {
    if ascend(columns) {
        return as_they_stand(columns);
    }
    in_buckets(columns, places, Repeats::Kept).unwrap_or_else(|| by_comparing(columns))
}

/// The columns of tuples in ascending order; `None` where some are equal, or too wide to be known at once.
pub fn sorted_once(columns: &[&[u32]]) -> Option<Vec<Vec<u32>>> {
    in_buckets(columns, false, Repeats::Refused).map(|order| order.columns)
}

/// The columns of tuples in ascending order, each tuple once.
pub fn different(columns: &[&[u32]]) -> Vec<Vec<u32>> {
    let stands = ascend(columns);
    if !stands && let Some(order) = in_buckets(columns, false, Repeats::Dropped) {
        return order.columns;
    }
    let Order { mut columns, .. } = if stands { as_they_stand(columns) } else { by_comparing(columns) };
    drop_repeated(&mut columns);
    columns
}

fn as_they_stand(columns: &[&[u32]]) -> Order {
    Order { columns: columns.iter().map(|column| column.to_vec()).collect(), places: None }
}

/// Tuples in order as whole numbers; `None` where they are too wide for that, or some are equal and that is of no use.
fn in_buckets(columns: &[&[u32]], places: bool, repeats: Repeats) -> Option<Order> {
    let rows = columns.first().map_or(0, |column| column.len());
    let widths: Vec<u32> = columns.iter().map(|column| bits(most(column))).collect();
    let place = if places { bits(rows as u32) } else { 0 };
    let whole = widths.iter().sum::<u32>() + place;
    let spread = Spread::new(columns, widths, place, rows, repeats);
    // The buckets tell the upper bits of the first column apart.
    let order = match whole - spread.known_bits() {
        ..=64 => spread.sort::<u64>(),
        65..=128 => spread.sort::<u128>(),
        _ => return None,
    };
    (!spread.refused.into_inner()).then_some(order)
}

/// Leaves one of equal tuples, which stand side by side.
pub fn drop_repeated(columns: &mut [Vec<u32>]) {
    let rows = columns.first().map_or(0, Vec::len);
    let mut kept = 0;
    for row in 0..rows {
        if row == 0 || columns.iter().any(|column| column[row] != column[kept - 1]) {
            columns.iter_mut().for_each(|column| column[kept] = column[row]);
            kept += 1;
        }
    }
    columns.iter_mut().for_each(|column| column.truncate(kept));
}

/// The ids of a column in this order.
pub fn gathered(column: &[u32], places: &[u32]) -> Vec<u32> {
    if places.len() < FEW {
        return places.iter().map(|place| column[*place as usize]).collect();
    }
    places.par_iter().with_min_len(FEW).map(|place| column[*place as usize]).collect()
}

fn bits(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

fn most(ids: &[u32]) -> u32 {
    ids.iter().copied().max().unwrap_or(0)
}

/// Whether tuples ascend as they stand; equal ones may follow each other.
pub fn ascend(columns: &[&[u32]]) -> bool {
    let [first, rest @ ..] = columns else { return true };
    let rows = first.len();
    let after = |row: usize| {
        let later = |column: &&[u32]| column[row].cmp(&column[row - 1]);
        rest.iter().map(later).find(|order| order.is_ne()).is_none_or(std::cmp::Ordering::is_gt)
    };
    (1..rows).all(|row| first[row] > first[row - 1] || first[row] == first[row - 1] && after(row))
}

/// Tuples too wide to be held in one number.
fn by_comparing(columns: &[&[u32]]) -> Order {
    let rows = columns.first().map_or(0, |column| column.len());
    let mut places: Vec<u32> = (0..rows as u32).collect();
    let key = |place: u32| columns.iter().map(move |column| column[place as usize]);
    places.par_sort_unstable_by(|left, right| key(*left).cmp(key(*right)).then(left.cmp(right)));
    let columns = columns.iter().map(|column| gathered(column, &places)).collect();
    Order { columns, places: Some(places) }
}

/// A whole number that holds a tuple.
trait Key: Copy + Ord + Send + Sync + Default {
    /// With an id of so many bits behind it.
    fn then(self, bits: u32, id: u32) -> Self;
    /// The last id, and what stands before it.
    fn last(self, bits: u32) -> (u32, Self);
    /// Numbers in ascending order, of which none has more bits.
    fn sort(keys: Vec<Self>, bits: u32) -> Vec<Self>;
}

/// Numbers in ascending order.
fn sort<K: Key>(mut keys: Vec<K>) -> Vec<K> {
    if keys.len() < SHARE * 4 {
        keys.sort_unstable();
    } else {
        keys.par_sort_unstable();
    }
    keys
}

/// The same of numbers of so many bits: so many at least are faster put in order by those, if they are near each other.
fn sort_bits(keys: Vec<u64>, bits: u32) -> Vec<u64> {
    if (FEW_KEYS..SHARE).contains(&keys.len()) { sorted_by_bits(keys, 0..bits) } else { sort(keys) }
}

/// Fewer numbers are sooner compared.
const FEW_KEYS: usize = 1 << 9;

macro_rules! key {
    ($number:ty, $sort:expr) => {
        impl Key for $number {
            #[inline]
            fn then(self, bits: u32, id: u32) -> Self {
                self << bits | Self::from(id)
            }

            #[inline]
            fn last(self, bits: u32) -> (u32, Self) {
                ((self & !(Self::MAX << bits)) as u32, self >> bits)
            }

            fn sort(keys: Vec<Self>, bits: u32) -> Vec<Self> {
                $sort(keys, bits)
            }
        }
    };
}

key!(u64, sort_bits);
key!(u128, |keys, _| sort(keys));

/// Tuples to be spread over buckets.
struct Spread<'c> {
    columns: &'c [&'c [u32]],
    /// The bits of each column's ids, and of places where those are wanted.
    widths: Vec<u32>,
    place: u32,
    rows: usize,
    /// First ids are of one bucket where they are equal without so many low bits.
    shift: u32,
    buckets: usize,
    repeats: Repeats,
    /// Whether some tuple stood there twice and that is of no use.
    refused: AtomicBool,
}

/// What becomes of a tuple that stands there again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Kept,
    Dropped,
    /// Then the order is of no use.
    Refused,
}

impl<'c> Spread<'c> {
    fn new(columns: &'c [&'c [u32]], widths: Vec<u32>, place: u32, rows: usize, repeats: Repeats) -> Self {
        let wanted = (rows / BUCKET).clamp(1, MOST_BUCKETS).next_power_of_two();
        let shift = widths[0].saturating_sub(wanted.trailing_zeros()).min(u32::BITS - 1);
        let buckets = (most(columns[0]) >> shift) as usize + 1;
        let refused = AtomicBool::new(false);
        Self { columns, widths, place, rows, shift, buckets, repeats, refused }
    }

    fn known_bits(&self) -> u32 {
        self.widths[0] - self.shift
    }

    fn sort<K: Key>(&self) -> Order {
        let threads = if self.rows < FEW { 1 } else { rayon::current_num_threads() };
        let part = |part: usize| {
            let rows = self.rows * part / threads..self.rows * (part + 1) / threads;
            self.spread::<K>(rows)
        };
        let mut parts: Vec<Vec<Vec<K>>> = each(threads, part);
        let mut columns: Vec<Vec<u32>> = self.columns.iter().map(|_| vec![0; self.rows]).collect();
        let mut places = vec![0; if self.place > 0 { self.rows } else { 0 }];
        let mut shares = self.shares(&mut parts, &mut columns, &mut places);
        if threads == 1 {
            shares.iter_mut().for_each(|share| self.finish(share));
        } else {
            each_of(shares.iter_mut().collect(), |share: &mut Share<'_, K>| self.finish(share));
        }
        if self.repeats == Repeats::Dropped {
            let kept: Vec<(usize, usize)> =
                shares.iter().map(|share| (share.columns[0].len(), share.kept)).collect();
            each_of(columns.iter_mut().collect(), |column: &mut Vec<u32>| close(column, &kept));
        }
        Order { columns, places: (self.place > 0).then_some(places) }
    }

    /// The tuples of these rows by bucket.
    fn spread<K: Key>(&self, rows: std::ops::Range<usize>) -> Vec<Vec<K>> {
        let mut counts = vec![0_usize; self.buckets];
        for id in &self.columns[0][rows.clone()] {
            counts[(id >> self.shift) as usize] += 1;
        }
        let mut out: Vec<Vec<K>> = counts.into_iter().map(Vec::with_capacity).collect();
        match (self.columns, self.widths.as_slice()) {
            ([_], _) => self.put(rows, &mut out, |key, _| key),
            ([_, second], [_, bits]) => self.put(rows, &mut out, |key, row| key.then(*bits, second[row])),
            ([_, second, third], [_, bits, more]) => {
                self.put(rows, &mut out, |key, row| key.then(*bits, second[row]).then(*more, third[row]));
            }
            _ => self.put(rows, &mut out, |key, row| {
                let rest = self.columns.iter().zip(&self.widths).skip(1);
                rest.fold(key, |key, (column, bits)| key.then(*bits, column[row]))
            }),
        }
        out
    }

    /// Puts tuples of which `rest` adds what stands behind the first id into their buckets.
    #[inline]
    fn put<K: Key>(&self, rows: std::ops::Range<usize>, out: &mut [Vec<K>], rest: impl Fn(K, usize) -> K) {
        let low = !(u32::MAX.checked_shl(self.shift).unwrap_or(0));
        for row in rows {
            let id = self.columns[0][row];
            let key = rest(K::default().then(0, id & low), row);
            out[(id >> self.shift) as usize].push(self.placed(key, row));
        }
    }

    #[inline]
    fn placed<K: Key>(&self, key: K, row: usize) -> K {
        if self.place > 0 { key.then(self.place, row as u32) } else { key }
    }

    /// Runs of buckets with where their tuples are to be written.
    fn shares<'s, K: Key>(
        &self,
        parts: &'s mut [Vec<Vec<K>>],
        columns: &'s mut [Vec<u32>],
        places: &'s mut [u32],
    ) -> Vec<Share<'s, K>> {
        let mut columns: Vec<&mut [u32]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        let mut places = places;
        let mut shares = Vec::new();
        let mut buckets: Vec<Vec<Vec<K>>> = Vec::new();
        let (mut first, mut held) = (0, 0);
        for bucket in 0..self.buckets {
            let own: Vec<Vec<K>> = parts.iter_mut().map(|part| std::mem::take(&mut part[bucket])).collect();
            held += own.iter().map(Vec::len).sum::<usize>();
            buckets.push(own);
            if held >= SHARE || bucket + 1 == self.buckets {
                let (own, rest): (Vec<_>, Vec<_>) =
                    columns.into_iter().map(|column| column.split_at_mut(held)).unzip();
                columns = rest;
                let (place, rest) = places.split_at_mut(if self.place > 0 { held } else { 0 });
                places = rest;
                shares.push(Share {
                    first,
                    buckets: std::mem::take(&mut buckets),
                    columns: own,
                    places: place,
                    kept: 0,
                });
                (first, held) = (bucket + 1, 0);
            }
        }
        shares
    }

    /// Sorts the buckets of a share and writes their tuples.
    fn finish<K: Key>(&self, share: &mut Share<'_, K>) {
        let mut row = 0;
        for (bucket, parts) in (share.first..).zip(std::mem::take(&mut share.buckets)) {
            let mut parts = parts.into_iter();
            let mut keys = parts.next().unwrap_or_default();
            parts.for_each(|mut more| keys.append(&mut more));
            let mut keys = K::sort(keys, self.widths.iter().skip(1).sum::<u32>() + self.shift + self.place);
            match self.repeats {
                Repeats::Kept => {}
                Repeats::Dropped => keys.dedup(),
                Repeats::Refused => {
                    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                        self.refused.store(true, Ordering::Relaxed);
                    }
                    if self.refused.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
            let base = (bucket as u32) << (self.shift % u32::BITS);
            for (row, key) in (row..).zip(&keys) {
                let mut key = *key;
                if self.place > 0 {
                    (share.places[row], key) = key.last(self.place);
                }
                for (column, bits) in share.columns.iter_mut().zip(&self.widths).skip(1).rev() {
                    (column[row], key) = key.last(*bits);
                }
                share.columns[0][row] = base | key.last(self.shift).0;
            }
            row += keys.len();
        }
        share.kept = row;
    }
}

/// Moves together what is kept of each stretch of a column, of which its length and what is kept of its start are given.
fn close(column: &mut Vec<u32>, kept: &[(usize, usize)]) {
    let (mut from, mut to) = (0, 0);
    for (length, kept) in kept {
        if from > to {
            column.copy_within(from..from + kept, to);
        }
        (from, to) = (from + length, to + kept);
    }
    column.truncate(to);
}

/// Some buckets one after another.
struct Share<'s, K> {
    first: usize,
    /// Per bucket what each part put there.
    buckets: Vec<Vec<Vec<K>>>,
    columns: Vec<&'s mut [u32]>,
    places: &'s mut [u32],
    /// How many tuples were written.
    kept: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look like none follows from another.
    fn numbers(count: usize, below: u32, seed: u64) -> Vec<u32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        (0..count).map(|_| next() % below).collect()
    }

    fn check(columns: &[Vec<u32>]) {
        let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let rows = columns[0].len();
        let mut wanted: Vec<(Vec<u32>, u32)> =
            (0..rows).map(|row| (columns.iter().map(|column| column[row]).collect(), row as u32)).collect();
        wanted.sort();
        for places in [false, true] {
            let found = sorted(&columns, places);
            for (at, (tuple, place)) in wanted.iter().enumerate() {
                let own: Vec<u32> = found.columns.iter().map(|column| column[at]).collect();
                assert_eq!(own, *tuple);
                if let (true, Some(places)) = (places, &found.places) {
                    assert_eq!(places[at], *place);
                }
            }
        }
        let mut each: Vec<&Vec<u32>> = wanted.iter().map(|(tuple, _)| tuple).collect();
        each.dedup();
        for (column, found) in different(&columns).iter().enumerate() {
            assert!(each.iter().map(|tuple| tuple[column]).eq(found.iter().copied()));
        }
        let repeated = each.len() < wanted.len();
        let once = sorted_once(&columns);
        assert!(!repeated || once.is_none());
        if let Some(found) = once {
            for (column, found) in found.iter().enumerate() {
                assert!(wanted.iter().map(|(tuple, _)| tuple[column]).eq(found.iter().copied()));
            }
        }
    }

    #[test]
    fn tuples_ascend_whatever_their_width() {
        for count in [0, 1, 2, 100, 5_000, 40_000] {
            for below in [1, 2, 1_000, 9_000_000, u32::MAX] {
                for arity in 1..=5 {
                    let columns: Vec<Vec<u32>> =
                        (0..arity).map(|column| numbers(count, below, column * 7 + 1)).collect();
                    check(&columns);
                }
            }
        }
    }

    #[test]
    fn ids_far_apart_and_all_alike() {
        let mut lonely = vec![5; 30_000];
        lonely.push(u32::MAX);
        check(&[lonely.clone(), numbers(lonely.len(), 10, 3)]);
        check(&[vec![u32::MAX, 3, u32::MAX - 1, 0]]);
        check(&[vec![7; 20_000], numbers(20_000, 1 << 31, 3), vec![0; 20_000]]);
    }
}
