//! A growing set of tuples: what a fixpoint has found so far.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::planted::{Bug, planted};

/// Of which slot the least or greatest is kept per the others.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// The slot.
    pub slot: usize,
    /// Whether the greatest is kept.
    pub most: bool,
}

/// What adding a tuple did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It was there, or a better one is kept.
    Nothing,
    /// It stands at this place now.
    At(u32),
}

/// Tuples end to end, each once; with `Keep`, one per key.
#[derive(Debug)]
pub struct TupleSet {
    arity: usize,
    data: Vec<u32>,
    index: HashTable<u32>,
    keep: Option<Keep>,
}

impl TupleSet {
    /// The empty set.
    pub fn new(arity: usize, keep: Option<Keep>) -> Self {
        Self { arity, data: Vec::new(), index: HashTable::new(), keep }
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.data.len() / self.arity.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The tuples end to end.
    pub fn data(&self) -> &[u32] {
        &self.data
    }

    /// The tuple at a place.
    pub fn row(&self, at: u32) -> &[u32] {
        let start = at as usize * self.arity;
        &self.data[start..start + self.arity]
    }

    /// Whether this very tuple is among them.
    pub fn contains(&self, tuple: &[u32]) -> bool {
        let kept = self.keep.map(|keep| keep.slot);
        self.index.find(hash(tuple, kept), |&at| self.row(at) == tuple).is_some()
    }

    /// The place of a tuple, which is added where it is new.
    pub fn place(&mut self, tuple: &[u32]) -> u32 {
        let found = self.index.find(hash(tuple, None), |&at| self.row(at) == tuple).copied();
        found.unwrap_or_else(|| match self.add(tuple, |_, _| false) {
            Change::At(at) => at,
            Change::Nothing => 0,
        })
    }

    /// Adds a tuple; `better` says whether the first kept value is to replace the second.
    pub fn add(&mut self, tuple: &[u32], better: impl Fn(u32, u32) -> bool) -> Change {
        let Self { arity, data, index, keep } = self;
        let kept = keep.map(|keep| keep.slot);
        let hashed = hash(tuple, kept);
        let same = |&at: &u32| {
            let row = &data[at as usize * *arity..(at as usize + 1) * *arity];
            row.iter().zip(tuple).enumerate().all(|(slot, (a, b))| Some(slot) == kept || a == b)
        };
        if let Some(&at) = index.find(hashed, same) {
            let Some(slot) = kept else { return Change::Nothing };
            let place = at as usize * *arity + slot;
            if data[place] == tuple[slot] || planted(Bug::FirstKept) || !better(tuple[slot], data[place]) {
                return Change::Nothing;
            }
            data[place] = tuple[slot];
            return Change::At(at);
        }
        let at = (data.len() / (*arity).max(1)) as u32;
        data.extend_from_slice(tuple);
        index.insert_unique(hashed, at, |&at| {
            hash(&data[at as usize * *arity..(at as usize + 1) * *arity], kept)
        });
        Change::At(at)
    }
}

fn hash(tuple: &[u32], kept: Option<usize>) -> u64 {
    let mut state = 0_u64;
    for (slot, id) in tuple.iter().enumerate() {
        if Some(slot) != kept {
            state = FxBuildHasher.hash_one((state, *id));
        }
    }
    state
}
