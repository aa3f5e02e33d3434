//! What fills the slots of sentences, row by row, to columns of ids. Sentences that say something of the same column
//! in all rows share what comes of it.

use std::sync::Arc;

use crate::base::parallel::each;

/// What fills a slot in the rows of one part.
pub(super) enum Ids<'c> {
    /// Always this, in so many rows.
    Same(u32, usize),
    /// One for each row.
    Rows(&'c [u32]),
    /// Texts, and what each stands for.
    Texts(&'c [u32], &'c [u32]),
}

/// What a sentence states, before its columns are written.
pub(super) struct Filled<'c> {
    /// Per part and slot.
    pub slots: Vec<Vec<Ids<'c>>>,
    /// Per part its rows, all where `None`.
    pub rows: Vec<Option<Vec<u32>>>,
    /// How many rows that are.
    pub count: usize,
}

/// A sentence's facts: a column per slot, and per part its rows, all where `None`.
pub(super) struct Stated {
    pub columns: Vec<Arc<Vec<u32>>>,
    pub rows: Vec<Option<Vec<u32>>>,
}

impl Ids<'_> {
    /// Adds the ids of these rows, or of all.
    fn add_to(&self, rows: Option<&[u32]>, out: &mut Vec<u32>) {
        match (self, rows) {
            (Self::Same(id, count), rows) => {
                out.extend(std::iter::repeat_n(*id, rows.map_or(*count, <[u32]>::len)));
            }
            (Self::Rows(ids), None) => out.extend_from_slice(ids),
            (Self::Rows(ids), Some(rows)) => out.extend(rows.iter().map(|row| ids[*row as usize])),
            (Self::Texts(texts, meanings), None) => {
                out.extend(texts.iter().map(|text| meanings[*text as usize]));
            }
            (Self::Texts(texts, meanings), Some(rows)) => {
                out.extend(rows.iter().map(|row| meanings[texts[*row as usize] as usize]));
            }
        }
    }

    /// Whether they come from the same place.
    fn are(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows(left), Self::Rows(right)) => std::ptr::eq(*left, *right),
            (Self::Texts(left, own), Self::Texts(right, others)) => {
                std::ptr::eq(*left, *right) && std::ptr::eq(*own, *others)
            }
            _ => false,
        }
    }
}

impl Filled<'_> {
    /// The ids that fill a slot.
    fn column(&self, slot: usize) -> Vec<u32> {
        let mut out = Vec::with_capacity(self.count);
        for (own, rows) in self.slots.iter().zip(&self.rows) {
            own[slot].add_to(rows.as_deref(), &mut out);
        }
        out
    }

    fn has_all_rows(&self) -> bool {
        self.rows.iter().all(Option::is_none)
    }

    /// Whether a slot is filled as one of another sentence is.
    fn is_filled_as(&self, slot: usize, other: &Self, there: usize) -> bool {
        let pairs = || self.slots.iter().zip(&other.slots);
        self.has_all_rows()
            && other.has_all_rows()
            && pairs().all(|(own, other)| own[slot].are(&other[there]))
    }
}

/// Writes the columns of sentences of one table.
pub(super) fn written(sentences: Vec<Filled<'_>>) -> Vec<Stated> {
    let arity = |filled: &Filled<'_>| filled.slots.first().map_or(0, Vec::len);
    let all: Vec<(usize, usize)> = sentences
        .iter()
        .enumerate()
        .flat_map(|(at, filled)| (0..arity(filled)).map(move |slot| (at, slot)))
        .collect();
    // Per slot the first that is filled alike, itself or an earlier one.
    let like = |place: usize| {
        let (at, slot) = all[place];
        let earlier = all[..place]
            .iter()
            .position(|(other, there)| sentences[at].is_filled_as(slot, &sentences[*other], *there));
        earlier.unwrap_or(place)
    };
    let likes: Vec<usize> = (0..all.len()).map(like).collect();
    let columns: Vec<Option<Arc<Vec<u32>>>> = each(all.len(), |place| {
        let (at, slot) = all[place];
        (likes[place] == place).then(|| Arc::new(sentences[at].column(slot)))
    });
    let mut place = 0;
    let mut stated = Vec::with_capacity(sentences.len());
    for filled in sentences {
        let own = &likes[place..place + arity(&filled)];
        place += own.len();
        let columns = own.iter().map(|like| columns[*like].clone().unwrap_or_default()).collect();
        stated.push(Stated { columns, rows: filled.rows });
    }
    stated
}
