//! What an aggregate came to by the ids of the outer variables, remembered as long as that pays.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use rustc_hash::FxBuildHasher;

use super::program::Computed;
use crate::value::DomainError;

/// So many results are remembered whether or not they are asked for again; so many at most.
const AT_FIRST: usize = 1 << 16;
const MOST: usize = 1 << 19;

/// Beyond the first ones results are remembered as long as it seems that there are at most so many different
/// questions: where some of them are remembered, that share of the questions is met.
const WORTH: usize = 4 * MOST;

/// Questions that say how many are met of late.
const LATELY: usize = 1 << 15;

/// The ids of the outer variables: always as many for one aggregate.
#[derive(PartialEq, Eq, Hash, Debug)]
pub(super) enum Ids {
    Few(u64),
    Many(Box<[u32]>),
}

impl Ids {
    pub fn of(ids: impl ExactSizeIterator<Item = u32>) -> Self {
        if ids.len() <= 2 {
            Self::Few(ids.fold(0, |key, id| key << 32 | u64::from(id)))
        } else {
            Self::Many(ids.collect())
        }
    }
}

/// What came out, by ids.
pub(super) type Found<T> = HashMap<Ids, T, FxBuildHasher>;

/// What an aggregate comes to.
pub type Outcome = Result<Computed, DomainError>;

/// Results of an aggregate, or of something else that hangs on ids alone, for all threads.
#[derive(Debug)]
pub struct Results<T = Outcome> {
    found: RwLock<Found<T>>,
    /// Questions of late, older ones counting less.
    asked: AtomicUsize,
    /// Those of them that were met.
    met: AtomicUsize,
}

impl<T> Default for Results<T> {
    fn default() -> Self {
        let (asked, met) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { found: RwLock::new(HashMap::default()), asked, met }
    }
}

impl<T> Results<T> {
    /// What is remembered; to be let go before any is put in.
    pub(super) fn look(&self) -> RwLockReadGuard<'_, Found<T>> {
        self.found.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what came out, as far as there is room.
    pub(super) fn remember(&self, all: impl Iterator<Item = (Ids, T)>) {
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        for (ids, computed) in all {
            if found.len() < MOST && self.pays(&found) {
                found.insert(ids, computed);
            }
        }
    }

    /// Counts questions, and how many of them were met. Counts of other threads at the same moment may be
    /// lost, which does no harm.
    pub(super) fn count(&self, asked: usize, met: usize) {
        let (mut all, mut own) = (self.asked.load(Ordering::Relaxed), self.met.load(Ordering::Relaxed));
        if all >= LATELY {
            (all, own) = (all / 2, own / 2);
        }
        self.asked.store(all + asked, Ordering::Relaxed);
        self.met.store(own + met, Ordering::Relaxed);
    }

    /// Whether so many questions were not asked yet, or at least one of some of late was met.
    pub(super) fn meets(&self, tried: usize, one_of: usize) -> bool {
        let (asked, met) = (self.asked.load(Ordering::Relaxed), self.met.load(Ordering::Relaxed));
        asked < tried || met.saturating_mul(one_of) >= asked
    }

    /// Whether it is worth its time to ask and to remember, where so much is remembered.
    pub(super) fn pays(&self, found: &Found<T>) -> bool {
        let (asked, met) = (self.asked.load(Ordering::Relaxed), self.met.load(Ordering::Relaxed));
        found.len() < AT_FIRST || met.saturating_mul(WORTH) >= asked.saturating_mul(found.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many results are remembered of so many questions about so many different ids.
    fn remembered(questions: u32, different: u32) -> usize {
        let results = Results::<Outcome>::default();
        for at in 0..questions {
            let ids = || Ids::of([at.wrapping_mul(0x9E37_79B1) % different].into_iter());
            let met = results.look().contains_key(&ids());
            results.count(1, usize::from(met));
            if !met {
                results.remember(std::iter::once((ids(), Ok(Computed::Nothing))));
            }
        }
        results.look().len()
    }

    #[test]
    fn results_are_remembered_as_long_as_they_are_asked_for_again() {
        assert_eq!(remembered(1 << 20, u32::MAX), AT_FIRST);
        assert!(remembered(1 << 20, 200_000) > 195_000);
        assert_eq!(remembered(1 << 21, 700_000), MOST);
    }
}
