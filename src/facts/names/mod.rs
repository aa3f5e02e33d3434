//! Texts as dense ids, in the order they were first met. A text of up to eight bytes is kept as one word. Numbered
//! texts are found by their numbers where these lie close together, others by slots that hold part of a hash; a caller
//! may look at what is known of many texts before it resolves the first, so that the waits for memory overlap. What
//! texts are found by is built when it is needed.

mod numbered;
mod slots;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use numbered::{Ends, Numbered, Said};
use slots::{Slot, Slots};

/// Texts with ids from 0.
#[derive(Debug)]
pub struct Names {
    /// By what each text is found; empty where nothing was built yet.
    finder: Finder,
    /// That of texts that came without any, once many are sought among them.
    late: OnceLock<Finder>,
    entries: Vec<Entry>,
    /// The longer texts, each after its length.
    long: Vec<u8>,
    /// Differs from run to run, so that no input can be made to collide.
    seed: u64,
    /// Look-ups that went through all texts for want of a finder.
    searched: AtomicU32,
}

/// By what texts are found.
#[derive(Clone, Debug, Default)]
struct Finder {
    /// Of numbered texts.
    numbered: Numbered,
    /// Of all others.
    slots: Slots,
}

impl Clone for Names {
    fn clone(&self) -> Self {
        let Self { finder, late, entries, long, seed, searched } = self;
        Self {
            finder: finder.clone(),
            late: late.clone(),
            entries: entries.clone(),
            long: long.clone(),
            seed: *seed,
            searched: AtomicU32::new(searched.load(Ordering::Relaxed)),
        }
    }
}

/// What a text is compared by before its bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Key {
    /// A short text itself, or a hash of a longer one.
    word: u64,
    /// A hash, the upper bits of which say where the search for the text begins; the last two bits say what text it is.
    tag: u32,
}

/// The last bits of a tag.
const KIND: u32 = 3;

/// Those of a long text.
const IS_LONG: u32 = 1;

/// The tag of a text of which a table of numbers said all.
const BY_NUMBER: u32 = 2;

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

/// Where one text of so many was not found by its number, the numbered ones are sought anew.
const MANY_SLOTS: usize = 4;

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
        self.tag & KIND == IS_LONG
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
            finder: Finder::default(),
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
        names.reserve(ends.len(), 0);
        let mut start = 0;
        for end in ends {
            names.add_new(&text.as_bytes()[start..*end as usize]);
            start = *end as usize;
        }
        names
    }

    /// What a text of this id begins and ends with.
    #[inline]
    fn ends(&self, id: u32) -> Ends {
        let entry = self.entries[id as usize];
        if entry[SHORT - 1] == LONG {
            return Ends::of(self.long_bytes(u64::from_le_bytes(entry)));
        }
        let word = u64::from_le_bytes(entry);
        Ends::of_word(word, SHORT - word.leading_zeros() as usize / 8)
    }

    /// The numbered ones among the texts.
    fn numbered(&self) -> Numbered {
        if self.len() < numbered::FEWEST {
            return Numbered::default();
        }
        Numbered::among(self.len(), &|id| self.ends(id))
    }

    /// By what all texts are found, the numbered ones of them by their numbers.
    fn finder(&self, numbered: Numbered) -> Finder {
        let count = self.len() - numbered.len();
        let mut slots = Slots::of(count);
        for id in 0..self.len() as u32 {
            let is_numbered = !numbered.is_empty()
                && numbered.place(self.ends(id)).is_some_and(|place| numbered.at(place) != Said::Nothing);
            if !is_numbered {
                slots.add(self.key_like(self, id).tag, id);
            }
        }
        Finder { numbered, slots }
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

    /// Makes room for so many more, the longer ones of them of so many bytes as [`Self::long_len`] counts.
    pub fn reserve(&mut self, more: usize, long: usize) {
        self.entries.reserve_exact(more);
        self.long.reserve_exact(long);
    }

    /// The bytes that its longer texts take.
    pub fn long_len(&self) -> usize {
        self.long.len()
    }

    /// Lets the memory of look-ups go.
    pub fn forget_finder(&mut self) {
        self.finder = Finder::default();
        self.late = OnceLock::new();
    }

    /// Adds a text that is surely not among them, without a slot; look-ups build those anew.
    #[inline]
    pub fn add_new(&mut self, text: &[u8]) {
        debug_assert!(self.finder.is_empty() && self.late.get().is_none());
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
        Key { word, tag: mix(word ^ self.seed) & !KIND }
    }

    fn key_of(&self, text: &[u8]) -> Key {
        word_of(text).map_or_else(
            || {
                let hash = xxh3_64_with_seed(text, self.seed);
                Key { word: hash >> 8 | u64::from(HASHED) << 56, tag: hash as u32 & !KIND | IS_LONG }
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

    /// What a table of numbers says of a text, where that is all.
    #[inline]
    fn by_number(&self, text: Ends) -> Option<Sought> {
        let numbered = &self.finder.numbered;
        if numbered.is_empty() {
            return None;
        }
        let Said::Id(occupant) = numbered.at(numbered.place(text)?) else { return None };
        let key = Key { word: 0, tag: BY_NUMBER };
        let entry = if occupant == 0 { NOBODY } else { key.word };
        Some(Sought { key, seen: Slot { tag: key.tag, occupant }, entry })
    }

    /// Looks at what is in the slots of texts whose look-up has begun: in the first that is free or has the text's tag.
    /// The loops that wait for memory do little else, so that many of their waits overlap.
    pub fn look(&self, sought: &mut [Sought]) {
        if self.finder.slots.is_empty() {
            return;
        }
        if self.finder.numbered.is_empty() {
            self.look_at::<false>(sought);
        } else {
            self.look_at::<true>(sought);
        }
    }

    #[inline]
    fn look_at<const SOME: bool>(&self, sought: &mut [Sought]) {
        let slots = &self.finder.slots;
        let is_open = |one: &&mut Sought| !SOME || one.key.tag != BY_NUMBER;
        for one in sought.iter_mut().filter(is_open) {
            one.seen = slots.at(slots.home(one.key.tag));
        }
        for one in sought.iter_mut().filter(is_open) {
            let mut at = slots.home(one.key.tag);
            while one.seen.occupant != 0 && one.seen.tag != one.key.tag {
                at = slots.next(at);
                one.seen = slots.at(at);
            }
        }
        for one in sought.iter_mut().filter(is_open) {
            let entry = self.entries.get((one.seen.occupant as usize).wrapping_sub(1));
            one.entry = entry.map_or(NOBODY, |entry| u64::from_le_bytes(*entry));
        }
    }

    /// Begins the look-up of a text.
    #[inline]
    pub fn seek(&self, text: &[u8]) -> Sought {
        self.by_number(Ends::of(text)).unwrap_or_else(|| Self::probe(self.key_of(text)))
    }

    /// Begins the look-up of a text of so many bytes, up to eight, none of them zero, given with zeros behind it.
    #[inline]
    pub fn seek_short(&self, word: u64, len: usize) -> Sought {
        self.by_number(Ends::of_word(word, len)).unwrap_or_else(|| Self::probe(self.short(word)))
    }

    #[inline]
    fn is(&self, id: u32, key: Key, text: &[u8]) -> bool {
        let entry = u64::from_le_bytes(self.entries[id as usize]);
        if key.is_long() { self.long_bytes(entry) == text } else { entry == key.word }
    }

    /// The id of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        let text = text.as_bytes();
        if self.finder.is_empty() && self.late.get().is_none() && self.is_worth_searching() {
            return (0..self.len() as u32).find(|id| self.bytes(*id) == text);
        }
        if self.len() == 0 {
            return None;
        }
        let made = || self.finder(self.numbered());
        let finder = if self.finder.is_empty() { self.late.get_or_init(made) } else { &self.finder };
        let said = finder.numbered.place(Ends::of(text)).map(|place| finder.numbered.at(place));
        match said {
            Some(Said::Id(occupant)) => occupant.checked_sub(1),
            _ => self.find_in(&finder.slots, self.key_of(text), text),
        }
    }

    /// Whether to go through all texts: slots for millions of them are dear where only a handful of
    /// constants is sought.
    fn is_worth_searching(&self) -> bool {
        self.len() > FEW && self.searched.fetch_add(1, Ordering::Relaxed) < SEARCHES
    }

    fn find_in(&self, slots: &Slots, key: Key, text: &[u8]) -> Option<u32> {
        slots.find(key, |id| self.is(id, key, text))
    }

    /// For texts of another pool, from one id to before another, the ids they have here, or `NOWHERE`.
    /// The finder is built.
    pub fn find_all(&self, other: &Self, ids: std::ops::Range<u32>, out: &mut Vec<u32>) {
        if self.finder.is_empty() {
            out.extend(ids.map(|_| NOWHERE));
            return;
        }
        let mut sought = Vec::with_capacity(BATCH);
        let mut from = ids.start;
        while from < ids.end {
            let to = ids.end.min(from + BATCH as u32);
            sought.clear();
            sought.extend((from..to).map(|id| {
                self.by_number(other.ends(id)).unwrap_or_else(|| Self::probe(self.key_like(other, id)))
            }));
            self.look(&mut sought);
            out.extend((from..to).zip(&sought).map(|(id, Sought { key, seen, entry })| {
                if seen.occupant == 0 {
                    return NOWHERE;
                }
                if *entry == key.word {
                    return seen.occupant - 1;
                }
                let text = if key.is_long() { other.bytes(id) } else { &[] };
                self.find_in(&self.finder.slots, *key, text).unwrap_or(NOWHERE)
            }));
            from = to;
        }
    }

    /// The id of a text, given to it now if it had none.
    pub fn intern(&mut self, text: &str) -> u32 {
        if self.finder.is_empty()
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
        self.build_finder();
        self.resolve_slowly(text.as_bytes())
    }

    /// The ids of the numbers from 1 to `count` as texts, given to them now where they had none.
    pub fn intern_numbers(&mut self, count: usize) -> Vec<u32> {
        let mut numbers = Numbers::default();
        if self.entries.is_empty() {
            self.forget_finder();
            self.reserve(count, 0);
            (0..count).for_each(|_| self.add_new(numbers.next()));
            return (0..count as u32).collect();
        }
        self.build_finder();
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

    /// Builds what texts are found by, where there is nothing.
    pub fn build_finder(&mut self) {
        if self.finder.is_empty() && self.len() > 0 {
            self.finder = self.late.take().unwrap_or_else(|| self.finder(self.numbered()));
        }
    }

    /// The id of a text, given to it now if it had none. `sought` is what `seek` and `look` said of it, perhaps
    /// some texts ago; the text is UTF-8, and the finder is built.
    #[inline]
    pub fn resolve(&mut self, sought: Sought, text: &[u8]) -> u32 {
        let Sought { key, seen, entry } = sought;
        // A long text's tag is no free slot's.
        if entry == key.word || key.is_long() && seen.tag == key.tag && self.long_bytes(entry) == text {
            return seen.occupant - 1;
        }
        self.resolve_slowly(text)
    }

    fn resolve_slowly(&mut self, text: &[u8]) -> u32 {
        if self.finder.slots.is_full() {
            self.make_room();
        }
        let id = self.len() as u32;
        let place = self.finder.numbered.place(Ends::of(text));
        if let Some(place) = place
            && let Said::Id(occupant) = self.finder.numbered.at(place)
        {
            if occupant != 0 {
                return occupant - 1;
            }
            self.finder.numbered.add(place, id);
            self.push(word_of(text), text);
            return id;
        }
        let key = self.key_of(text);
        if let Some(known) = self.find_in(&self.finder.slots, key, text) {
            return known;
        }
        self.push(Some(key.word).filter(|_| !key.is_long()), text);
        if !place.is_some_and(|place| self.finder.numbered.add(place, id)) {
            self.finder.slots.add(key.tag, id);
        }
        id
    }

    /// Makes room for one text more among the slots. Where many texts stand there, those of them that are numbered may
    /// be found by their numbers.
    fn make_room(&mut self) {
        let slots = &self.finder.slots;
        if self.len() >= numbered::FEWEST && slots.occupied() * MANY_SLOTS >= self.len() {
            let numbered = self.numbered();
            if numbered.len() > self.finder.numbered.len() {
                self.finder = self.finder(numbered);
                return;
            }
        }
        self.finder.slots.grow();
    }
}

impl Finder {
    /// Whether nothing was built yet.
    #[inline]
    fn is_empty(&self) -> bool {
        self.slots.is_empty()
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

#[cfg(test)]
mod tests;
