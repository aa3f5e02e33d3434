//! What an aggregate came to by the ids of the outer variables, remembered as long as that pays.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use rustc_hash::FxBuildHasher;

use super::program::Computed;
use crate::value::DomainError;

/// So many results are remembered whether or not they are asked for again; so many at most.
const AT_FIRST: usize = 1 << 16;
const MOST: usize = 1 << 19;

/// So often one finds out after the other.
const FIRST: usize = 1 << 5;

/// So many different results are remembered at most where it is for each id which.
const MOST_DIFFERENT: usize = 1 << 18;

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
    /// The one id, where it is the only one.
    fn only(&self) -> Option<usize> {
        match self {
            Self::Few(id) => usize::try_from(*id).ok(),
            Self::Many(_) => None,
        }
    }

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
    /// Where they hang on one id and are surely asked for again.
    by_id: Option<ById<T>>,
    /// How often many were asked about at once, and whose turn it is to find something out at first.
    begun: AtomicUsize,
    turn: Mutex<()>,
    /// Questions of late, older ones counting less.
    asked: AtomicUsize,
    /// Those of them that were met.
    met: AtomicUsize,
}

impl<T> Default for Results<T> {
    fn default() -> Self {
        let [begun, asked, met] = [0; 3].map(AtomicUsize::new);
        let found = RwLock::new(HashMap::default());
        Self { found, by_id: None, begun, turn: Mutex::default(), asked, met }
    }
}

/// Results by one id, each different one once.
#[derive(Debug)]
struct ById<T> {
    /// By id the place of its result, from 1 on.
    places: Vec<AtomicU32>,
    different: RwLock<(HashMap<T, u32, FxBuildHasher>, Vec<T>)>,
}

impl<T: Clone + Eq + Hash> Results<T> {
    /// None yet, of questions about one id below `ids` that are surely asked again: remembered in any case, as far as
    /// there is room.
    pub fn by_id(ids: usize) -> Self {
        let places = (0..ids).map(|_| AtomicU32::new(0)).collect();
        Self { by_id: Some(ById { places, different: RwLock::default() }), ..Self::default() }
    }

    /// What is remembered of questions, in their order.
    pub(super) fn known(&self, all: impl Iterator<Item = Ids>) -> Vec<Option<T>> {
        let Some(ById { places, different }) = &self.by_id else {
            let found = self.look();
            return all.map(|ids| found.get(&ids).cloned()).collect();
        };
        let different = different.read().unwrap_or_else(PoisonError::into_inner);
        all.map(|ids| result(places, &different.1, &ids)).collect()
    }

    /// The same of one question.
    pub(super) fn known_of(&self, ids: &Ids) -> Option<T> {
        let Some(ById { places, different }) = &self.by_id else { return self.look().get(ids).cloned() };
        result(places, &different.read().unwrap_or_else(PoisonError::into_inner).1, ids)
    }

    /// Remembers what came out, as far as there is room.
    pub(super) fn remember(&self, all: impl Iterator<Item = (Ids, T)>) {
        let Some(ById { places, different }) = &self.by_id else {
            let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
            for (ids, result) in all {
                if found.len() < MOST && self.pays(&found) {
                    found.insert(ids, result);
                }
            }
            return;
        };
        let mut different = different.write().unwrap_or_else(PoisonError::into_inner);
        let (known, list) = &mut *different;
        for (ids, result) in all {
            let Some(place) = ids.only().and_then(|id| places.get(id)) else { continue };
            let at = known.get(&result).copied().or_else(|| {
                let at = u32::try_from(list.len() + 1).ok().filter(|_| list.len() < MOST_DIFFERENT)?;
                list.push(result.clone());
                known.insert(result, at);
                Some(at)
            });
            at.into_iter().for_each(|at| place.store(at, Ordering::Release));
        }
    }
}

/// What is remembered of an id.
fn result<T: Clone>(places: &[AtomicU32], different: &[T], ids: &Ids) -> Option<T> {
    let place = places.get(ids.only()?)?.load(Ordering::Acquire);
    different.get((place as usize).checked_sub(1)?).cloned()
}

impl<T> Results<T> {
    /// Waits for others at first, so that no two find out the same where it is the same few that all ask about. To be held
    /// until what was found is remembered.
    pub(super) fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        let is_first = self.begun.fetch_add(1, Ordering::Relaxed) < FIRST;
        is_first.then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is remembered; to be let go before any is put in.
    fn look(&self) -> RwLockReadGuard<'_, Found<T>> {
        self.found.read().unwrap_or_else(PoisonError::into_inner)
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

    /// Whether it is worth its time to ask and to remember.
    pub(super) fn is_worth_it(&self) -> bool {
        self.by_id.is_some() || self.pays(&self.look())
    }

    /// The same, where so much is remembered.
    fn pays(&self, found: &Found<T>) -> bool {
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
            let met = results.known(std::iter::once(ids()))[0].is_some();
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

    #[test]
    fn results_by_one_id_are_those_remembered() {
        let results = Results::<Outcome>::by_id(1000);
        let ids = |id: u32| Ids::of([id].into_iter());
        let result =
            |id: u32| if id.is_multiple_of(7) { Ok(Computed::Nothing) } else { Ok(Computed::Missing) };
        results.remember((0..1000).step_by(3).map(|id| (ids(id), result(id))));
        let known = results.known((0..1001).map(ids));
        let wanted = (0..1001).map(|id: u32| (id < 1000 && id.is_multiple_of(3)).then(|| result(id)));
        assert!(known.into_iter().eq(wanted) && results.is_worth_it());
    }
}
