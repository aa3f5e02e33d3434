//! Texts of cells as values, and the ids of many values at once. Equal values fall into one bucket by their
//! hash, and each bucket is small enough to be gone through without waiting for memory. Ids count in the
//! order in which values come, however many threads look for equal ones.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::cells::{is_empty, read, wrapped};
use crate::base::parallel::each;
use crate::facts::Dictionary;
use crate::facts::names::Names;
use crate::model::{CellFormat, Column};
use crate::value::{Value, ValueKind};

/// What a text stands for that has no value: the cell is empty.
pub(super) const EMPTY: u32 = u32::MAX;

/// A text that is no value of the kind.
pub(super) const BAD: u32 = u32::MAX - 1;

/// No value before it is the same.
const FIRST: u32 = u32::MAX;

/// Texts and values a thread takes at a time.
const CHUNK: usize = 1 << 16;

/// About so many values to a bucket.
const BUCKET: usize = 1 << 14;

/// At most two to this power buckets.
const MOST_BITS: u32 = 9;

/// A value, or the mark that stands for none.
pub(super) type Meant = Result<Value, u32>;

/// The values of all texts of a pool.
pub(super) fn values_of(format: &CellFormat, column: &Column, kind: ValueKind, texts: &Names) -> Vec<Meant> {
    let meant = |text: u32| {
        let cell = texts.get(text);
        if is_empty(format, cell) {
            return Err(EMPTY);
        }
        read(format, kind, &wrapped(column, cell)).ok_or(BAD)
    };
    (0..texts.len() as u32).into_par_iter().with_min_len(CHUNK / 8).map(meant).collect()
}

/// The ids of values, given to them now where they had none; marks stay.
pub(super) fn ids_of(meant: Vec<Vec<Meant>>, dictionary: &mut Dictionary) -> Vec<Vec<u32>> {
    let all: usize = dictionary.len() + meant.iter().map(Vec::len).sum::<usize>();
    if all >= FIRST as usize {
        let mut own = |meant: Meant| meant.map_or_else(|mark| mark, |value| dictionary.intern_value(&value));
        return meant.into_iter().map(|run| run.into_iter().map(&mut own).collect()).collect();
    }
    let Some(values) = dictionary.values_mut() else { return Vec::new() };
    let mut places = Places { values, runs: &meant, ends: Vec::new() }.earlier();
    let known = values.len();
    places.drain(..known);
    values.reserve_exact(places.iter().filter(|place| **place == FIRST).count());
    // Each place becomes the id of its value; a place of a value known before is its id less one.
    let mut out = Vec::with_capacity(meant.len());
    let mut before = 0;
    for run in meant {
        let to = before + run.len();
        for (at, meant) in (before..to).zip(run) {
            places[at] = match (meant, places[at]) {
                (Err(mark), _) => mark,
                (Ok(value), FIRST) => {
                    values.push(value);
                    values.len() as u32
                }
                (Ok(_), earlier) => match (earlier as usize).checked_sub(known) {
                    Some(place) => places[place],
                    None => earlier + 1,
                },
            };
        }
        out.push(places[before..to].to_vec());
        before = to;
    }
    out
}

/// Values at places: first those known before, then run by run.
struct Places<'v> {
    values: &'v [Value],
    runs: &'v [Vec<Meant>],
    /// The place after each run.
    ends: Vec<usize>,
}

/// Hashes of some places with the places, those of one bucket side by side.
struct Chunk {
    begins: Vec<u32>,
    entries: Vec<(u32, u32)>,
}

impl Places<'_> {
    /// Of each place the first place with the same value, or `FIRST` where that is the place itself.
    fn earlier(mut self) -> Vec<u32> {
        let mut end = self.values.len();
        self.ends = self
            .runs
            .iter()
            .map(|run| {
                end += run.len();
                end
            })
            .collect();
        let count = end;
        let bits = (count / BUCKET).next_power_of_two().ilog2().min(MOST_BITS);
        let chunk = |at: usize| self.chunk(at * CHUNK..((at + 1) * CHUNK).min(count), bits);
        let chunks: Vec<Chunk> = each(count.div_ceil(CHUNK), chunk);
        let buckets: Vec<Vec<(u32, u32)>> = each(1 << bits, |bucket| self.repeated(&chunks, bucket));
        let mut out = vec![FIRST; count];
        buckets.into_iter().flatten().for_each(|(place, first)| out[place as usize] = first);
        out
    }

    fn at(&self, place: u32) -> Option<&Value> {
        let place = place as usize;
        if let Some(known) = self.values.get(place) {
            return Some(known);
        }
        let run = self.ends.partition_point(|end| *end <= place);
        let from = if run == 0 { self.values.len() } else { self.ends[run - 1] };
        self.runs.get(run)?.get(place - from)?.as_ref().ok()
    }

    /// Puts some places into buckets by the hash of their values.
    fn chunk(&self, places: std::ops::Range<usize>, bits: u32) -> Chunk {
        let hashed: Vec<Option<(u32, u32)>> = places
            .clone()
            .map(|place| {
                let hash = FxBuildHasher.hash_one(self.at(place as u32)?).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                Some((hash.checked_shr(64 - bits).unwrap_or(0) as u32, (hash >> 16) as u32))
            })
            .collect();
        let mut begins = vec![0_u32; (1 << bits) + 1];
        hashed.iter().flatten().for_each(|(bucket, _)| begins[*bucket as usize + 1] += 1);
        (1..begins.len()).for_each(|at| begins[at] += begins[at - 1]);
        let mut next = begins.clone();
        let mut entries = vec![(0, 0); begins.last().map_or(0, |end| *end as usize)];
        for (place, hashed) in places.zip(hashed) {
            let Some((bucket, tag)) = hashed else { continue };
            let to = &mut next[bucket as usize];
            entries[*to as usize] = (tag, place as u32);
            *to += 1;
        }
        Chunk { begins, entries }
    }

    /// The places of a bucket whose value comes before, each with the first that has it.
    fn repeated(&self, chunks: &[Chunk], bucket: usize) -> Vec<(u32, u32)> {
        let own = |chunk: &Chunk| chunk.begins[bucket] as usize..chunk.begins[bucket + 1] as usize;
        let hash = |tag: u32| u64::from(tag).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut firsts: HashTable<(u32, u32)> =
            HashTable::with_capacity(chunks.iter().map(|chunk| own(chunk).len()).sum());
        let mut out = Vec::new();
        for (tag, place) in chunks.iter().flat_map(|chunk| &chunk.entries[own(chunk)]) {
            let same = |(other, first): &(u32, u32)| other == tag && self.at(*first) == self.at(*place);
            match firsts.entry(hash(*tag), same, |(tag, _)| hash(*tag)) {
                Entry::Occupied(entry) => out.push((*place, entry.get().1)),
                Entry::Vacant(entry) => _ = entry.insert((*tag, *place)),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_one_value_after_another() {
        for (count, different) in [(0, 1), (5, 2), (1000, 300), (150_000, 40_000), (150_000, 200_000)] {
            let value = |at: u64| Value::Text(format!("v{}", at * 7919 % different).into());
            let meant = |at: u64| if at % 11 == 3 { Err(EMPTY) } else { Ok(value(at)) };
            let run = |from: u64, to: u64| (from..to).map(meant).collect::<Vec<_>>();
            let runs = vec![run(0, count / 3), Vec::new(), run(count / 3, count), run(0, 2)];
            let mut one = Dictionary::values(ValueKind::Text);
            ["v3", "odd", "v1"].into_iter().for_each(|text| _ = one.intern_value(&Value::Text(text.into())));
            let mut all = one.clone();
            let ids = ids_of(runs.clone(), &mut all);
            for (run, ids) in runs.iter().zip(&ids) {
                let own =
                    |meant: &Meant| meant.as_ref().map_or_else(|mark| *mark, |value| one.intern_value(value));
                assert_eq!(*ids, run.iter().map(own).collect::<Vec<_>>());
            }
            assert_eq!((ids.len(), all.stored_values()), (runs.len(), one.stored_values()));
        }
    }
}
