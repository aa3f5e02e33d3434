//! Texts as dense ids, in the order they were first met. Open addressing over 16-byte slots that hold
//! texts of up to eight bytes themselves; a caller may look at the slots of many texts before it
//! resolves the first, so that the waits for memory overlap.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

/// Texts with ids from 0.
#[derive(Clone, Debug)]
pub struct Names {
    slots: Vec<Slot>,
    /// The texts end to end; the text `id` is `text[ends[id-1]..ends[id]]`.
    text: String,
    ends: Vec<u64>,
    /// Differs from run to run, so that no input can be made to collide.
    seed: u64,
    /// The slots of texts that came without any, once a text is sought among them.
    late: OnceLock<Vec<Slot>>,
}

/// The place of one text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot {
    key: u64,
    /// The id and one; 0 where the slot is free.
    occupant: u32,
    len: u32,
}

const SHORT: usize = 8;

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

fn mix(key: u64) -> usize {
    let folded = (key ^ (key >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (folded ^ (folded >> 29)) as usize
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
        Self { slots: Vec::new(), text: String::new(), ends: Vec::new(), seed, late: OnceLock::new() }
    }

    /// The texts end to end, and where each ends.
    pub fn parts(&self) -> (&str, &[u64]) {
        (&self.text, &self.ends)
    }

    /// Different texts from `parts`. Their slots are made when one is first sought.
    pub fn from_parts(text: String, ends: Vec<u64>) -> Self {
        Self { text, ends, ..Self::new() }
    }

    /// Slots for all texts.
    fn made_slots(&self) -> Vec<Slot> {
        let size = (self.len() * 2 + 1).next_power_of_two().max(64);
        let mut slots = vec![Slot::default(); size];
        for id in 0..self.len() as u32 {
            let text = self.get(id).as_bytes();
            let key = key_of(text);
            place(&mut slots, self.seed, Slot { key, occupant: id + 1, len: text.len() as u32 });
        }
        slots
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text with this id.
    pub fn get(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.text[start as usize..self.ends[id] as usize]
    }

    fn home(&self, key: u64) -> usize {
        home(self.slots.len(), self.seed, key)
    }

    /// The first slot a text with this key may be in.
    pub fn probe(&self, key: u64) -> Slot {
        if self.slots.is_empty() { Slot::default() } else { self.slots[self.home(key)] }
    }

    fn is(&self, slot: Slot, key: u64, text: &[u8]) -> bool {
        slot.key == key
            && slot.len as usize == text.len()
            && (text.len() <= SHORT || self.get(slot.occupant - 1).as_bytes() == text)
    }

    /// The id of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        if self.ends.is_empty() {
            return None;
        }
        let slots =
            if self.slots.is_empty() { self.late.get_or_init(|| self.made_slots()) } else { &self.slots };
        let key = key_of(text.as_bytes());
        let mut at = home(slots.len(), self.seed, key);
        loop {
            let slot = slots[at];
            if slot.occupant == 0 {
                return None;
            }
            if self.is(slot, key, text.as_bytes()) {
                return Some(slot.occupant - 1);
            }
            at = (at + 1) & (slots.len() - 1);
        }
    }

    /// The id of a text, given to it now if it had none.
    pub fn intern(&mut self, text: &str) -> u32 {
        let key = key_of(text.as_bytes());
        self.resolve(self.probe(key), key, text.as_bytes())
    }

    /// The id of the text with this key, given to it now if it had none. `seen` is what `probe` said,
    /// perhaps some texts ago; the text is UTF-8.
    #[inline]
    pub fn resolve(&mut self, seen: Slot, key: u64, text: &[u8]) -> u32 {
        if seen.occupant != 0 && self.is(seen, key, text) {
            return seen.occupant - 1;
        }
        self.resolve_slowly(key, text)
    }

    fn resolve_slowly(&mut self, key: u64, text: &[u8]) -> u32 {
        if self.slots.is_empty() && !self.ends.is_empty() {
            self.slots = self.late.take().unwrap_or_else(|| self.made_slots());
        }
        if self.ends.len() * 2 >= self.slots.len() {
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
        // INVARIANT: callers pass UTF-8; what is not would become the empty text.
        self.text.push_str(std::str::from_utf8(text).unwrap_or_default());
        self.ends.push(self.text.len() as u64);
        self.slots[at] = Slot { key, occupant: id + 1, len: text.len() as u32 };
        id
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 4).max(64);
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
