//! Texts as dense ids, in the order they were first met. A text of up to eight bytes is kept as one word. Open
//! addressing over slots of eight bytes that hold part of a hash; a caller may look at the slots of many texts
//! before it resolves the first, so that the waits for memory overlap. The slots are built when they are needed.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Texts with ids from 0.
#[derive(Debug)]
pub struct Names {
    /// Where each text is found; empty where there are none yet.
    slots: Vec<Slot>,
    /// The slots of texts that came without any, once many are sought among them.
    late: OnceLock<Vec<Slot>>,
    entries: Vec<Entry>,
    /// The longer texts, each after its length.
    long: Vec<u8>,
    /// Differs from run to run, so that no input can be made to collide.
    seed: u64,
    /// Look-ups that went through all texts for want of slots.
    searched: AtomicU32,
}

impl Clone for Names {
    fn clone(&self) -> Self {
        let Self { slots, late, entries, long, seed, searched } = self;
        Self {
            slots: slots.clone(),
            late: late.clone(),
            entries: entries.clone(),
            long: long.clone(),
            seed: *seed,
            searched: AtomicU32::new(searched.load(Ordering::Relaxed)),
        }
    }
}

/// The place of one text.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The hash of the key.
    tag: u32,
    /// The id and one; 0 where the slot is free.
    occupant: u32,
}

/// What a text is compared by before its bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Key {
    /// A short text itself, or a hash of a longer one.
    word: u64,
    /// A hash, the upper bits of which say where the search for the text begins; the last bit is set where the
    /// text is long.
    tag: u32,
}

/// A text of up to eight bytes with zeros behind it; of a longer one where its length stands among the long
/// ones, with `LONG` behind that.
type Entry = [u8; SHORT];

const SHORT: usize = 8;

/// Stands last in the entry of a long text: no text has this byte.
const LONG: u8 = 0xFF;

/// Stands last in the hash of a long text, so that it is no entry: no text has this byte.
const HASHED: u8 = 0xFE;

/// Is no text's entry or hash.
const NOBODY: u64 = u64::MAX;

/// Bytes of the length before a long text.
const LENGTH: usize = 4;

/// The id of a text that is not there.
pub const NOWHERE: u32 = u32::MAX;

/// Texts looked up together.
const BATCH: usize = 256;

/// So few look-ups among many texts go through all of them instead of building slots.
const SEARCHES: u32 = 8;

/// Up to so many texts the slots are built at once.
const FEW: usize = 1 << 16;

const FEWEST_SLOTS: usize = 64;

/// A text that is looked up, and what stood in its slot.
#[derive(Clone, Copy, Debug)]
pub struct Sought {
    key: Key,
    seen: Slot,
    /// The entry of what is in that slot.
    entry: u64,
}

impl Key {
    #[inline]
    fn is_long(self) -> bool {
        self.tag & 1 == 1
    }
}

/// The bytes of a short text as its entry; a zero at the end would be lost.
#[inline]
fn word_of(text: &[u8]) -> Option<u64> {
    match text.first_chunk::<SHORT>() {
        Some(whole) if text.len() == SHORT => {
            Some(u64::from_le_bytes(*whole)).filter(|_| whole[SHORT - 1] != 0)
        }
        Some(_) => None,
        None if text.last() == Some(&0) => None,
        None => {
            let mut bytes = [0; SHORT];
            bytes[..text.len()].copy_from_slice(text);
            Some(u64::from_le_bytes(bytes))
        }
    }
}

/// Spreads words: both halves of the product, so that every byte of a text counts in every bit. (Names that are
/// numbered differ in single digits, which a product of 64 bits alone leaves in its upper bits.)
#[inline]
fn mix(word: u64) -> u32 {
    let product = u128::from(word) * 0x9E37_79B9_7F4A_7C15;
    ((product as u64 ^ (product >> 64) as u64) >> 32) as u32
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
            entries: Vec::new(),
            long: Vec::new(),
            seed,
            searched: AtomicU32::new(0),
        }
    }

    /// The texts end to end, and where each ends.
    pub fn parts(&self) -> (Vec<u8>, Vec<u64>) {
        let mut text = Vec::with_capacity(self.len() * SHORT + self.long.len());
        let ends = (0..self.len() as u32).map(|id| {
            text.extend_from_slice(self.bytes(id));
            text.len() as u64
        });
        let ends = ends.collect();
        (text, ends)
    }

    /// Different texts from `parts`. Their slots are made when some are sought.
    pub fn from_parts(text: &str, ends: &[u64]) -> Self {
        let mut names = Self::new();
        names.reserve(ends.len());
        let mut start = 0;
        for end in ends {
            names.add_new(&text.as_bytes()[start..*end as usize]);
            start = *end as usize;
        }
        names
    }

    /// Slots for all texts.
    fn made_slots(&self) -> Vec<Slot> {
        let mut room = FEWEST_SLOTS;
        while is_full(self.len(), room) {
            room *= 2;
        }
        let mut slots = vec![Slot::default(); room];
        for id in 0..self.len() as u32 {
            place(&mut slots, Slot { tag: self.key_like(self, id).tag, occupant: id + 1 });
        }
        slots
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes of the text with this id.
    #[inline]
    pub fn bytes(&self, id: u32) -> &[u8] {
        let entry = &self.entries[id as usize];
        if entry[SHORT - 1] == LONG {
            return self.long_bytes(u64::from_le_bytes(*entry));
        }
        let zeros = u64::from_le_bytes(*entry).leading_zeros() as usize / 8;
        &entry[..SHORT - zeros]
    }

    fn long_bytes(&self, entry: u64) -> &[u8] {
        let start = (entry & (u64::MAX >> 8)) as usize;
        let len = self.long[start..].first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
        &self.long[start + LENGTH..][..len as usize]
    }

    /// The text with this id.
    pub fn get(&self, id: u32) -> &str {
        // INVARIANT: callers add UTF-8; what is not would be shown as the empty text.
        std::str::from_utf8(self.bytes(id)).unwrap_or_default()
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve_exact(more);
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
        self.push(word_of(text), text);
    }

    #[inline]
    fn push(&mut self, word: Option<u64>, text: &[u8]) {
        let entry = word.unwrap_or_else(|| {
            let start = self.long.len() as u64;
            self.long.extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.long.extend_from_slice(text);
            start | u64::from(LONG) << 56
        });
        self.entries.push(entry.to_le_bytes());
    }

    #[inline]
    fn short(&self, word: u64) -> Key {
        Key { word, tag: mix(word ^ self.seed) & !1 }
    }

    fn key_of(&self, text: &[u8]) -> Key {
        word_of(text).map_or_else(
            || {
                let hash = xxh3_64_with_seed(text, self.seed);
                Key { word: hash >> 8 | u64::from(HASHED) << 56, tag: hash as u32 | 1 }
            },
            |word| self.short(word),
        )
    }

    /// The key here of a text of another pool, or of this one.
    #[inline]
    fn key_like(&self, other: &Self, id: u32) -> Key {
        let entry = other.entries[id as usize];
        if entry[SHORT - 1] == LONG {
            self.key_of(other.bytes(id))
        } else {
            self.short(u64::from_le_bytes(entry))
        }
    }

    #[inline]
    fn probe(key: Key) -> Sought {
        Sought { key, seen: Slot::default(), entry: NOBODY }
    }

    /// Looks at what is in the slots of texts whose look-up has begun: in the first that is free or has the text's tag.
    /// The loops that wait for memory do little else, so that many of their waits overlap.
    pub fn look(&self, sought: &mut [Sought]) {
        let slots = self.slots.as_slice();
        if slots.is_empty() {
            return;
        }
        for one in sought.iter_mut() {
            one.seen = slots[home(slots, one.key.tag)];
        }
        for one in sought.iter_mut() {
            let mut at = home(slots, one.key.tag);
            while one.seen.occupant != 0 && one.seen.tag != one.key.tag {
                at = (at + 1) & (slots.len() - 1);
                one.seen = slots[at];
            }
        }
        for one in sought {
            let entry = self.entries.get((one.seen.occupant as usize).wrapping_sub(1));
            one.entry = entry.map_or(NOBODY, |entry| u64::from_le_bytes(*entry));
        }
    }

    /// Begins the look-up of a text.
    #[inline]
    pub fn seek(&self, text: &[u8]) -> Sought {
        Self::probe(self.key_of(text))
    }

    /// Begins the look-up of a text of up to eight bytes, none of them zero, given with zeros behind it.
    #[inline]
    pub fn seek_short(&self, word: u64) -> Sought {
        Self::probe(self.short(word))
    }

    #[inline]
    fn is(&self, slot: Slot, key: Key, text: &[u8]) -> bool {
        if slot.tag != key.tag {
            return false;
        }
        let entry = u64::from_le_bytes(self.entries[slot.occupant as usize - 1]);
        if key.is_long() { self.long_bytes(entry) == text } else { entry == key.word }
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
        self.find_in(slots, self.key_of(text), text)
    }

    /// Whether to go through all texts: slots for millions of them are dear where only a handful of
    /// constants is sought.
    fn is_worth_searching(&self) -> bool {
        self.len() > FEW && self.searched.fetch_add(1, Ordering::Relaxed) < SEARCHES
    }

    fn find_in(&self, slots: &[Slot], key: Key, text: &[u8]) -> Option<u32> {
        let mut at = home(slots, key.tag);
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
        let mut sought = Vec::with_capacity(BATCH);
        let mut from = ids.start;
        while from < ids.end {
            let to = ids.end.min(from + BATCH as u32);
            sought.clear();
            sought.extend((from..to).map(|id| Self::probe(self.key_like(other, id))));
            self.look(&mut sought);
            out.extend((from..to).zip(&sought).map(|(id, Sought { key, seen, entry })| {
                if seen.occupant == 0 {
                    return NOWHERE;
                }
                if *entry == key.word {
                    return seen.occupant - 1;
                }
                let text = if key.is_long() { other.bytes(id) } else { &[] };
                self.find_in(&self.slots, *key, text).unwrap_or(NOWHERE)
            }));
            from = to;
        }
    }

    /// The id of a text, given to it now if it had none.
    pub fn intern(&mut self, text: &str) -> u32 {
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
        self.resolve_slowly(self.key_of(text.as_bytes()), text.as_bytes())
    }

    /// The ids of the numbers from 1 to `count` as texts, given to them now where they had none.
    pub fn intern_numbers(&mut self, count: usize) -> Vec<u32> {
        let mut numbers = Numbers::default();
        if self.entries.is_empty() {
            self.forget_slots();
            self.reserve(count);
            (0..count).for_each(|_| self.add_new(numbers.next()));
            return (0..count as u32).collect();
        }
        self.build_slots();
        let mut ids = Vec::with_capacity(count);
        let mut sought = Vec::with_capacity(BATCH);
        for from in (0..count).step_by(BATCH) {
            let mut same = numbers.clone();
            sought.clear();
            sought.extend((from..count.min(from + BATCH)).map(|_| self.seek(numbers.next())));
            self.look(&mut sought);
            ids.extend(sought.iter().map(|sought| self.resolve(*sought, same.next())));
        }
        ids
    }

    /// Builds the slots, where there are none.
    pub fn build_slots(&mut self) {
        if self.slots.is_empty() && self.len() > 0 {
            self.slots = self.late.take().unwrap_or_else(|| self.made_slots());
        }
    }

    /// The id of a text, given to it now if it had none. `sought` is what `seek` and `look` said of it, perhaps
    /// some texts ago; the text is UTF-8, and the slots are built.
    #[inline]
    pub fn resolve(&mut self, sought: Sought, text: &[u8]) -> u32 {
        let Sought { key, seen, entry } = sought;
        // A long text's tag is no free slot's.
        if entry == key.word || key.is_long() && seen.tag == key.tag && self.long_bytes(entry) == text {
            return seen.occupant - 1;
        }
        self.resolve_slowly(key, text)
    }

    fn resolve_slowly(&mut self, key: Key, text: &[u8]) -> u32 {
        if is_full(self.len(), self.slots.len()) {
            self.grow();
        }
        let mut at = home(&self.slots, key.tag);
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
        self.push(Some(key.word).filter(|_| !key.is_long()), text);
        let id = self.len() as u32 - 1;
        self.slots[at] = Slot { tag: key.tag, occupant: id + 1 };
        id
    }

    /// Twice as many slots. Those of neighbours stay near each other, so that memory is gone through in order.
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(FEWEST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        old.into_iter().filter(|slot| slot.occupant != 0).for_each(|slot| place(&mut self.slots, slot));
    }
}

/// Counts from 1, in decimal digits.
#[derive(Clone, Debug, Default)]
struct Numbers(Vec<u8>);

impl Numbers {
    fn next(&mut self) -> &[u8] {
        let nines = self.0.iter().rev().take_while(|digit| **digit == b'9').count();
        let end = self.0.len() - nines;
        self.0[end..].fill(b'0');
        match self.0[..end].last_mut() {
            Some(digit) => *digit += 1,
            None => self.0.insert(0, b'1'),
        }
        &self.0
    }
}

/// Whether so many slots are too few for one text more: fuller ones take less room, but searches among them go on
/// over several more often.
fn is_full(texts: usize, slots: usize) -> bool {
    texts * 2 >= slots
}

/// The slot at which the search for a text begins.
#[inline]
fn home(slots: &[Slot], tag: u32) -> usize {
    ((u64::from(tag) * slots.len() as u64) >> 32) as usize
}

fn place(slots: &mut [Slot], slot: Slot) {
    let mut at = home(slots, slot.tag);
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

    #[test]
    fn texts_stay_as_they_are() {
        let texts = [
            "",
            "a",
            "a\0",
            "a\0b",
            "\0",
            "12345678",
            "1234567\0",
            "123456789",
            "ÿÿÿÿ",
            "\u{10FFFF}abc",
            "a much longer text",
            "\u{FFFF}\u{FFFF}\u{FF}",
        ];
        let mut names = Names::new();
        for text in texts {
            let id = names.intern(text);
            assert_eq!((names.get(id), names.find(text)), (text, Some(id)));
        }
        assert_eq!(names.len(), texts.len());
        let (text, ends) = names.parts();
        let again = Names::from_parts(std::str::from_utf8(&text).expect("texts"), &ends);
        for (id, text) in (0..).zip(texts) {
            assert_eq!((again.get(id), again.find(text), names.intern(text)), (text, Some(id), id));
        }
    }

    #[test]
    fn numbers_are_interned_among_none_and_some() {
        for mut names in [Names::new(), Names::from_parts("7xone2000", &[1, 2, 5, 9])] {
            let before: Vec<String> = (0..names.len() as u32).map(|id| names.get(id).to_owned()).collect();
            let ids = names.intern_numbers(1_234);
            let again: Vec<&str> = ids.iter().map(|id| names.get(*id)).collect();
            assert_eq!(again, (1..=1_234).map(|number| number.to_string()).collect::<Vec<_>>());
            assert_eq!(names.find("1234"), Some(ids[1_233]));
            // Of those there were before, only the seven is met again.
            assert_eq!(names.len(), 1_234 + before.iter().filter(|name| *name != "7").count());
        }
    }

    /// What tables mostly name is numbered: such names must not share their slots.
    #[test]
    fn numbered_names_are_spread() {
        let mut names = Names::new();
        (0..100_000).for_each(|at| _ = names.intern(&format!("P{at:07}")));
        let mut starts = vec![0_u8; names.slots.len()];
        for slot in names.slots.iter().filter(|slot| slot.occupant != 0) {
            starts[home(&names.slots, slot.tag)] += 1;
        }
        assert!(starts.iter().all(|count| *count < 10));
    }
}
