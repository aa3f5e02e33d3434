//! Texts as dense ids, in the order they were first met. Open addressing over 16-byte slots that hold
//! texts of up to eight bytes themselves; a caller may look at the slots of many texts before it
//! resolves the first, so that the waits for memory overlap. The slots are built when they are needed.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Texts with ids from 0.
#[derive(Debug)]
pub struct Names {
    /// Where each text is found; empty where there are none yet.
    slots: Vec<Slot>,
    /// The slots of texts that came without any, once many are sought among them.
    late: OnceLock<Vec<Slot>>,
    /// The texts end to end.
    text: Vec<u8>,
    ends: Ends,
    /// Differs from run to run, so that no input can be made to collide.
    seed: u64,
    /// Look-ups that went through all texts for want of slots.
    searched: AtomicU32,
}

impl Clone for Names {
    fn clone(&self) -> Self {
        let Self { slots, late, text, ends, seed, searched } = self;
        Self {
            slots: slots.clone(),
            late: late.clone(),
            text: text.clone(),
            ends: ends.clone(),
            seed: *seed,
            searched: AtomicU32::new(searched.load(Ordering::Relaxed)),
        }
    }
}

/// The place of one text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot {
    key: u64,
    /// The id and one; 0 where the slot is free.
    occupant: u32,
    len: u32,
}

/// Where each text ends; in four bytes as long as that is enough.
#[derive(Clone, Debug)]
enum Ends {
    Near(Vec<u32>),
    Far(Vec<u64>),
}

impl Ends {
    fn len(&self) -> usize {
        match self {
            Self::Near(ends) => ends.len(),
            Self::Far(ends) => ends.len(),
        }
    }

    #[inline]
    fn range(&self, id: usize) -> std::ops::Range<usize> {
        match self {
            Self::Near(ends) => {
                let start = if id == 0 { 0 } else { ends[id - 1] as usize };
                start..ends[id] as usize
            }
            Self::Far(ends) => {
                let start = if id == 0 { 0 } else { ends[id - 1] as usize };
                start..ends[id] as usize
            }
        }
    }

    fn push(&mut self, end: usize) {
        match self {
            Self::Near(ends) => match u32::try_from(end) {
                Ok(end) => ends.push(end),
                Err(_) => {
                    let mut far: Vec<u64> = ends.iter().map(|end| u64::from(*end)).collect();
                    far.push(end as u64);
                    *self = Self::Far(far);
                }
            },
            Self::Far(ends) => ends.push(end as u64),
        }
    }
}

const SHORT: usize = 8;

/// So many slots grow fourfold; more only twofold, for the room they take.
const MANY: usize = 1 << 22;

/// The id of a text that is not there.
pub const NOWHERE: u32 = u32::MAX;

/// Texts looked up together.
const BATCH: usize = 256;

/// So few look-ups among many texts go through all of them instead of building slots.
const SEARCHES: u32 = 8;

/// Up to so many texts the slots are built at once.
const FEW: usize = 1 << 16;

/// Up to eight bytes themselves, or a hash of more.
pub fn key_of(text: &[u8]) -> u64 {
    match text.first_chunk::<SHORT>() {
        Some(whole) if text.len() == SHORT => u64::from_le_bytes(*whole),
        Some(_) => xxhash_rust::xxh3::xxh3_64(text),
        None => {
            let mut bytes = [0; SHORT];
            bytes[..text.len()].copy_from_slice(text);
            u64::from_le_bytes(bytes)
        }
    }
}

/// Spreads keys: both halves of the product, so that every byte of a text counts in every bit. (Names that are
/// numbered differ in single digits, which a product of 64 bits alone leaves in its upper bits.)
fn mix(key: u64) -> usize {
    let product = u128::from(key) * 0x9E37_79B9_7F4A_7C15;
    (product as u64 ^ (product >> 64) as u64) as usize
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

impl Names {
    /// No texts yet.
    pub fn new() -> Self {
        let seed = RandomState::new().build_hasher().finish();
        Self {
            slots: Vec::new(),
            late: OnceLock::new(),
            text: Vec::new(),
            ends: Ends::Near(Vec::new()),
            seed,
            searched: AtomicU32::new(0),
        }
    }

    /// The texts end to end, and where each ends.
    pub fn parts(&self) -> (&[u8], impl Iterator<Item = u64> + '_) {
        (&self.text, (0..self.len()).map(|id| self.ends.range(id).end as u64))
    }

    /// Different texts from `parts`. Their slots are made when some are sought.
    pub fn from_parts(text: String, ends: Vec<u64>) -> Self {
        let ends = if text.len() < u32::MAX as usize {
            Ends::Near(ends.into_iter().map(|end| end as u32).collect())
        } else {
            Ends::Far(ends)
        };
        Self { text: text.into_bytes(), ends, ..Self::new() }
    }

    /// Slots for all texts.
    fn made_slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::default(); (self.len() * 2 + 1).next_power_of_two().max(64)];
        for id in 0..self.len() as u32 {
            let text = self.bytes(id);
            let slot = Slot { key: key_of(text), occupant: id + 1, len: text.len() as u32 };
            place(&mut slots, self.seed, slot);
        }
        slots
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of the text with this id.
    #[inline]
    pub fn bytes(&self, id: u32) -> &[u8] {
        &self.text[self.ends.range(id as usize)]
    }

    /// The text with this id.
    pub fn get(&self, id: u32) -> &str {
        // INVARIANT: callers add UTF-8; what is not would be shown as the empty text.
        std::str::from_utf8(self.bytes(id)).unwrap_or_default()
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        if let Ends::Near(ends) = &mut self.ends {
            ends.reserve_exact(more);
        }
    }

    /// Lets the memory of look-ups go.
    pub fn forget_slots(&mut self) {
        self.slots = Vec::new();
        self.late = OnceLock::new();
    }

    /// Adds a text that is surely not among them, without a slot; look-ups build those anew.
    #[inline]
    pub fn add_new(&mut self, text: &[u8]) {
        debug_assert!(self.slots.is_empty() && self.late.get().is_none());
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
    }

    fn home(&self, key: u64) -> usize {
        home(self.slots.len(), self.seed, key)
    }

    /// The first slot a text with this key may be in.
    #[inline]
    pub fn probe(&self, key: u64) -> Slot {
        if self.slots.is_empty() { Slot::default() } else { self.slots[self.home(key)] }
    }

    #[inline]
    fn is(&self, slot: Slot, key: u64, text: &[u8]) -> bool {
        slot.key == key
            && slot.len as usize == text.len()
            && (text.len() <= SHORT || self.bytes(slot.occupant - 1) == text)
    }

    /// The id of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        let text = text.as_bytes();
        if self.slots.is_empty() && self.late.get().is_none() && self.is_worth_searching() {
            return (0..self.len() as u32).find(|id| self.bytes(*id) == text);
        }
        if self.len() == 0 {
            return None;
        }
        let slots =
            if self.slots.is_empty() { self.late.get_or_init(|| self.made_slots()) } else { &self.slots };
        self.find_in(slots, key_of(text), text)
    }

    /// Whether to go through all texts: slots for millions of them are dear where only a handful of
    /// constants is sought.
    fn is_worth_searching(&self) -> bool {
        self.len() > FEW && self.searched.fetch_add(1, Ordering::Relaxed) < SEARCHES
    }

    fn find_in(&self, slots: &[Slot], key: u64, text: &[u8]) -> Option<u32> {
        let mut at = home(slots.len(), self.seed, key);
        loop {
            let slot = slots[at];
            if slot.occupant == 0 {
                return None;
            }
            if self.is(slot, key, text) {
                return Some(slot.occupant - 1);
            }
            at = (at + 1) & (slots.len() - 1);
        }
    }

    /// For texts of another pool, from one id to before another, the ids they have here, or `NOWHERE`.
    /// The slots are built.
    pub fn find_all(&self, other: &Self, ids: std::ops::Range<u32>, out: &mut Vec<u32>) {
        if self.slots.is_empty() {
            out.extend(ids.map(|_| NOWHERE));
            return;
        }
        let mut seen = Vec::with_capacity(BATCH);
        let mut from = ids.start;
        while from < ids.end {
            let to = ids.end.min(from + BATCH as u32);
            seen.clear();
            seen.extend((from..to).map(|id| {
                let key = key_of(other.bytes(id));
                (key, self.probe(key))
            }));
            out.extend((from..to).zip(&seen).map(|(id, (key, slot))| {
                let text = other.bytes(id);
                match slot.occupant {
                    0 => NOWHERE,
                    id if self.is(*slot, *key, text) => id - 1,
                    _ => self.find_in(&self.slots, *key, text).unwrap_or(NOWHERE),
                }
            }));
            from = to;
        }
    }

    /// The id of a text, given to it now if it had none.
    pub fn intern(&mut self, text: &str) -> u32 {
        let key = key_of(text.as_bytes());
        if self.slots.is_empty()
            && self.late.get().is_none()
            && self.len() > FEW
            && self.searched.load(Ordering::Relaxed) < SEARCHES
        {
            if let Some(id) = self.find(text) {
                return id;
            }
            self.add_new(text.as_bytes());
            return self.len() as u32 - 1;
        }
        self.build_slots();
        self.resolve(self.probe(key), key, text.as_bytes())
    }

    /// Builds the slots, where there are none.
    pub fn build_slots(&mut self) {
        if self.slots.is_empty() && self.len() > 0 {
            self.slots = self.late.take().unwrap_or_else(|| self.made_slots());
        }
    }

    /// The id of the text with this key, given to it now if it had none. `seen` is what `probe` said,
    /// perhaps some texts ago; the text is UTF-8, and the slots are built.
    #[inline]
    pub fn resolve(&mut self, seen: Slot, key: u64, text: &[u8]) -> u32 {
        if seen.occupant != 0 && self.is(seen, key, text) {
            return seen.occupant - 1;
        }
        self.resolve_slowly(key, text)
    }

    fn resolve_slowly(&mut self, key: u64, text: &[u8]) -> u32 {
        if self.is_full() {
            self.grow();
        }
        let mut at = self.home(key);
        loop {
            let slot = self.slots[at];
            if slot.occupant == 0 {
                break;
            }
            if self.is(slot, key, text) {
                return slot.occupant - 1;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let id = self.ends.len() as u32;
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
        self.slots[at] = Slot { key, occupant: id + 1, len: text.len() as u32 };
        id
    }

    /// Large tables are filled to two thirds.
    fn is_full(&self) -> bool {
        let room = self.slots.len();
        if room < MANY { self.len() * 2 >= room } else { self.len() * 3 >= room * 2 }
    }

    fn grow(&mut self) {
        let size =
            if self.slots.len() < MANY { (self.slots.len() * 4).max(64) } else { self.slots.len() * 2 };
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        let seed = self.seed;
        old.into_iter().filter(|slot| slot.occupant != 0).for_each(|slot| place(&mut self.slots, seed, slot));
    }
}

fn home(slots: usize, seed: u64, key: u64) -> usize {
    mix(key ^ seed) & slots.wrapping_sub(1)
}

fn place(slots: &mut [Slot], seed: u64, slot: Slot) {
    let mut at = home(slots.len(), seed, slot.key);
    while slots[at].occupant != 0 {
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at] = slot;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_with_slots_and_without() {
        let text = |at: usize| format!("name {}", at % 70_001);
        let mut names = Names::new();
        let ids: Vec<u32> = (0..80_000).map(|at| names.intern(&text(at))).collect();
        names.forget_slots();
        assert_eq!(names.find("name 7"), Some(ids[7]));
        // The first look-ups go through all texts, later ones build slots.
        for (at, id) in ids.iter().enumerate().take(20) {
            assert_eq!(names.intern(&text(at)), *id);
        }
        assert_eq!(names.intern("new"), 70_001);
        let mut other = Names::new();
        ["name 5", "nobody", ""].into_iter().for_each(|text| _ = other.intern(text));
        let mut found = Vec::new();
        names.find_all(&other, 0..3, &mut found);
        assert_eq!(found, [ids[5], NOWHERE, NOWHERE]);
    }
}
