//! Ids to values and back while rules run: new values get ids past those of the facts.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::worked::Key;
use crate::base::{Idx, IndexVec};
use crate::facts::{Dictionary, Lane};
use crate::model::DomainId;
use crate::value::Value;

/// The dictionaries, and the values made since.
#[derive(Debug)]
pub struct Values<'d> {
    known: &'d IndexVec<DomainId, Dictionary>,
    made: Vec<Mutex<Option<Dictionary>>>,
    worked: Mutex<Vec<(Key, Arc<[AtomicI64]>)>>,
}

impl<'d> Values<'d> {
    /// Nothing made yet.
    pub fn new(known: &'d IndexVec<DomainId, Dictionary>) -> Self {
        Self { known, made: known.iter().map(|_| Mutex::default()).collect(), worked: Mutex::default() }
    }

    /// What calculations of one word come to, kept for all who ask for the same.
    pub(super) fn worked(&self, key: Key, fresh: impl FnOnce() -> Arc<[AtomicI64]>) -> Arc<[AtomicI64]> {
        let mut all = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = all.iter().find(|(other, _)| *other == key) {
            return Arc::clone(known);
        }
        let known = fresh();
        all.push((key, Arc::clone(&known)));
        known
    }

    fn made(&self, domain: DomainId) -> MutexGuard<'_, Option<Dictionary>> {
        self.made[domain.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of an id; `None` for things, and where it is missing.
    pub fn value(&self, domain: DomainId, id: u32) -> Option<Value> {
        let known = &self.known[domain];
        match (id as usize).checked_sub(known.len()) {
            None => known.value(id).cloned(),
            Some(at) => self.made(domain).as_ref().and_then(|made| made.value(at as u32 + 1).cloned()),
        }
    }

    /// The value of an id that facts or rules state; `None` for things, where it is missing, and for
    /// values made since.
    pub fn known(&self, domain: usize, id: u32) -> Option<&Value> {
        self.known[DomainId::from_usize(domain)].value(id)
    }

    /// What ids of values that facts or rules state are below.
    pub fn bound(&self, domain: usize) -> usize {
        self.known[DomainId::from_usize(domain)].len()
    }

    /// The numbers of a domain in one unit; ids past them are of values made since.
    pub fn lane(&self, domain: usize) -> Option<&Lane> {
        self.known[DomainId::from_usize(domain)].lane()
    }

    /// The dates of a domain as days since 1970-01-01, by id; ids past them are of values made since.
    pub fn days(&self, domain: usize) -> Option<&[i64]> {
        self.known[DomainId::from_usize(domain)].days()
    }

    /// The id of a value, where it has one.
    pub fn find(&self, domain: DomainId, value: &Value) -> Option<u32> {
        let known = &self.known[domain];
        known.find_value(value).or_else(|| {
            let at = self.made(domain).as_ref()?.find_value(value)?;
            Some(made_id(known, at))
        })
    }

    /// The id of a value, given to it now if it had none, and its place among the values made.
    pub fn intern(&self, domain: DomainId, value: &Value) -> (u32, usize) {
        let known = &self.known[domain];
        if let Some(id) = known.find_value(value) {
            return (id, 0);
        }
        let mut made = self.made(domain);
        let at = made.get_or_insert_with(|| Dictionary::values(value.kind())).intern_value(value);
        (made_id(known, at), at as usize)
    }

    /// The values made, per domain in the order of their ids.
    pub fn into_made(self) -> Vec<(DomainId, Vec<Value>)> {
        self.made
            .into_iter()
            .enumerate()
            .filter_map(|(at, made)| {
                let made = made.into_inner().unwrap_or_else(PoisonError::into_inner)?;
                let values = (1..made.len() as u32).filter_map(|id| made.value(id).cloned()).collect();
                Some((DomainId::from_usize(at), values))
            })
            .collect()
    }
}

/// The id of a value made, by its own among those: ids of values begin after the one that stands for a
/// missing value.
fn made_id(known: &Dictionary, at: u32) -> u32 {
    known.len() as u32 + at - 1
}
