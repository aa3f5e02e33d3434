//! Open addressing over slots of eight bytes that hold part of a hash.

use super::Key;

/// The place of one text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    /// The hash of the key.
    pub tag: u32,
    /// The id and one; 0 where the slot is free.
    pub occupant: u32,
}

/// The slots of texts, more than twice as many as there are texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    occupied: usize,
}

const FEWEST: usize = 64;

/// Whether so many slots are too few for one text more: fuller ones take less room, but searches among them go on
/// over several more often.
fn is_full(texts: usize, slots: usize) -> bool {
    texts * 2 >= slots
}

impl Slots {
    /// Free slots for so many texts.
    pub fn of(texts: usize) -> Self {
        let mut room = FEWEST;
        while is_full(texts, room) {
            room *= 2;
        }
        Self { slots: vec![Slot::default(); room], occupied: 0 }
    }

    /// Whether there are no slots at all.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether there must be more for one text more.
    #[inline]
    pub fn is_full(&self) -> bool {
        is_full(self.occupied, self.slots.len())
    }

    /// How many are occupied.
    pub fn occupied(&self) -> usize {
        self.occupied
    }

    /// The slot at which the search for a text begins.
    #[inline]
    pub fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.slots.len() as u64) >> 32) as usize
    }

    #[inline]
    pub fn at(&self, place: usize) -> Slot {
        self.slots[place]
    }

    /// The slot after this one.
    #[inline]
    pub fn next(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    /// The id of a text among those with its hash, one of which `is_it`.
    #[inline]
    pub fn find(&self, key: Key, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(key.tag);
        loop {
            let slot = self.slots[at];
            if slot.occupant == 0 {
                return None;
            }
            if slot.tag == key.tag && is_it(slot.occupant - 1) {
                return Some(slot.occupant - 1);
            }
            at = self.next(at);
        }
    }

    /// Adds a text that has no slot yet.
    #[inline]
    pub fn add(&mut self, tag: u32, id: u32) {
        let mut at = self.home(tag);
        while self.slots[at].occupant != 0 {
            at = self.next(at);
        }
        self.slots[at] = Slot { tag, occupant: id + 1 };
        self.occupied += 1;
    }

    /// Twice as many slots. Those of neighbours stay near each other, so that memory is gone through in order.
    pub fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(FEWEST);
        let grown = Self { slots: vec![Slot::default(); size], occupied: 0 };
        let old = std::mem::replace(self, grown);
        old.slots
            .into_iter()
            .filter(|slot| slot.occupant != 0)
            .for_each(|slot| self.add(slot.tag, slot.occupant - 1));
    }
}

#[cfg(test)]
impl Slots {
    /// How many texts begin their search at each slot.
    pub fn begun(&self) -> Vec<u8> {
        let mut begun = vec![0_u8; self.slots.len()];
        for slot in self.slots.iter().filter(|slot| slot.occupant != 0) {
            begun[self.home(slot.tag)] += 1;
        }
        begun
    }
}
