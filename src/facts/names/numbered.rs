//! Texts that are numbered: a common beginning and up to eight digits. Where they lie close together, the id of each
//! stands in a table at its number, which says as much as the text does; nothing is compared.

use crate::base::InOrder;

/// The most digits of a number.
const DIGITS: usize = 8;

/// A beginning is no longer than this.
const LONGEST: usize = 8;

/// The most beginnings that are told apart.
const MOST: usize = 4;

/// Fewer texts are not worth it: their slots stay near.
pub(super) const FEWEST: usize = if cfg!(test) { 1 << 9 } else { 1 << 14 };

/// So many texts are looked at to find the beginnings.
const SAMPLE: usize = 64;

/// A table has up to so many places for each text.
const ROOM: usize = 6;

/// Texts by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbered(Vec<Family>);

/// Texts with one beginning.
#[derive(Clone, Debug)]
struct Family {
    beginning: Beginning,
    /// By how many digits the number has, less one.
    tables: [Table; DIGITS],
}

/// What stands before a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Beginning {
    /// Its bytes, with zeros behind.
    word: u64,
    len: usize,
}

/// The ids of the numbers from the first on.
#[derive(Clone, Debug, Default)]
struct Table {
    first: u32,
    /// The id of each number and one; 0 where it has none.
    ids: Vec<u32>,
    /// How many have one.
    count: usize,
    /// The least number behind that has an id which does not stand here; it never will.
    bound: Option<u32>,
}

/// Where a numbered text belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    family: u8,
    digits: u8,
    number: u32,
}

/// What a table says of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// Its id and one, or 0 where it has none.
    Id(u32),
    /// It is not for the table to say.
    Nothing,
}

/// A text by its first eight bytes, its last eight and its length; zeros stand for what it has not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    start: u64,
    end: u64,
    len: usize,
}

impl Ends {
    /// Those of a text of up to eight bytes, given with zeros behind it.
    #[inline]
    pub fn of_word(word: u64, len: usize) -> Self {
        Self { start: word, end: word.checked_shl(64 - 8 * len as u32).unwrap_or(0), len }
    }

    /// Those of any text.
    #[inline]
    pub fn of(text: &[u8]) -> Self {
        match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(start), Some(end)) => {
                Self { start: u64::from_le_bytes(*start), end: u64::from_le_bytes(*end), len: text.len() }
            }
            _ => {
                let mut bytes = [0; 8];
                bytes[..text.len()].copy_from_slice(text);
                Self::of_word(u64::from_le_bytes(bytes), text.len())
            }
        }
    }

    /// How many digits it ends with, up to eight.
    fn digits(self) -> usize {
        const LOWER: u64 = 0x7F7F_7F7F_7F7F_7F7F;
        const ABOVE_NINE: u64 = 0x7676_7676_7676_7676;
        let values = self.end ^ ZEROS;
        // The upper bit of each byte that is no digit.
        let others = (((values & LOWER) + ABOVE_NINE) | values) & !LOWER;
        (others.leading_zeros() as usize / 8).min(self.len)
    }

    /// What stands before the number, where there is one, and that is short enough.
    fn beginning(self) -> Option<Beginning> {
        let digits = self.digits();
        let len = self.len - digits;
        (digits > 0 && len <= LONGEST).then(|| Beginning { word: self.start & mask(len), len })
    }
}

/// Eight zeros as digits.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The first bytes of a word, so many of them.
#[inline]
fn mask(bytes: usize) -> u64 {
    if bytes >= 8 { u64::MAX } else { !(u64::MAX << (8 * bytes)) }
}

/// The number that the last bytes of a word are in decimal digits, from one to eight of them; `None` where they are no
/// digits. All are worked out at once: bytes to pairs, pairs to fours, those to eight.
#[inline]
fn number(end: u64, digits: usize) -> Option<u32> {
    const UPPER: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const SIX: u64 = 0x0606_0606_0606_0606;
    let own = u64::MAX << (64 - 8 * digits);
    let values = (end ^ ZEROS) & own;
    if (values | values.wrapping_add(SIX)) & UPPER != 0 {
        return None;
    }
    let pairs = (values.wrapping_mul(10)).wrapping_add(values >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100)).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    Some((fours.wrapping_mul(10_000)).wrapping_add(fours >> 32) as u32)
}

impl Numbered {
    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many texts stand in tables.
    pub fn len(&self) -> usize {
        self.0.iter().flat_map(|family| &family.tables).map(|table| table.count).sum()
    }

    /// Where a text belongs, if it has one of the beginnings and a number.
    #[inline]
    pub fn place(&self, text: Ends) -> Option<Place> {
        for (family, Family { beginning: Beginning { word, len }, .. }) in (0_u8..).zip(&self.0) {
            let digits = text.len.wrapping_sub(*len);
            if (1..=DIGITS).contains(&digits)
                && text.start & mask(*len) == *word
                && let Some(number) = number(text.end, digits)
            {
                return Some(Place { family, digits: digits as u8, number });
            }
        }
        None
    }

    /// What the table of a text says of it.
    #[inline]
    pub fn at(&self, place: Place) -> Said {
        let table = &self.0[place.family as usize].tables[place.digits as usize - 1];
        match table.ids.get(place.number.wrapping_sub(table.first) as usize) {
            Some(id) => Said::Id(*id),
            None => Said::Nothing,
        }
    }

    /// Notes the id of a text that has none. Whether it stands in a table now; where not, it must be found otherwise.
    pub fn add(&mut self, place: Place, id: u32) -> bool {
        let table = &mut self.0[place.family as usize].tables[place.digits as usize - 1];
        table.reach(place.number);
        match table.ids.get_mut(place.number.wrapping_sub(table.first) as usize) {
            Some(own) => {
                *own = id + 1;
                table.count += 1;
                true
            }
            None => {
                if place.number > table.first {
                    table.bound = Some(table.bound.map_or(place.number, |bound| bound.min(place.number)));
                }
                false
            }
        }
    }

    /// How far the numbers of texts reach, by family and digits.
    fn spans(&self, texts: impl Iterator<Item = Ends>) -> Vec<[Span; DIGITS]> {
        let mut spans = vec![[Span::NONE; DIGITS]; self.0.len()];
        for Place { family, digits, number } in texts.filter_map(|text| self.place(text)) {
            let span = &mut spans[family as usize][digits as usize - 1];
            *span =
                Span { least: span.least.min(number), most: span.most.max(number), count: span.count + 1 };
        }
        spans
    }

    /// The numbered ones among texts with ids from 0 on, where they lie close enough together.
    pub fn among(count: usize, text: &dyn Fn(u32) -> Ends) -> Self {
        let family = |beginning| Family { beginning, tables: Default::default() };
        let mut numbered = Self(beginnings(count, text).into_iter().map(family).collect());
        // Where some of them lie far apart already, all do.
        let sample = SAMPLE.min(count);
        let sampled = (0..sample).map(|at| text((count * at / sample.max(1)) as u32));
        if !numbered.spans(sampled).iter().flatten().any(|span| span.is_close(count.div_ceil(sample.max(1))))
        {
            return Self::default();
        }
        let spans = numbered.spans((0..count as u32).map(text));
        let mut any = false;
        for (family, spans) in numbered.0.iter_mut().zip(spans) {
            for (table, span) in family.tables.iter_mut().zip(spans) {
                if span.count == 0 {
                    continue;
                }
                if span.is_close(1) {
                    (table.first, table.ids) = (span.least, vec![0; span.len()]);
                    any = true;
                } else {
                    table.bound = Some(span.least);
                }
            }
        }
        if !any {
            return Self::default();
        }
        for id in 0..count as u32 {
            if let Some(place) = numbered.place(text(id)) {
                numbered.add(place, id);
            }
        }
        numbered
    }
}

impl Table {
    /// Makes room for a number, where numbers lie close enough together.
    #[inline]
    fn reach(&mut self, number: u32) {
        let needed = number.wrapping_sub(self.first) as usize + 1;
        if needed <= self.ids.len() || number < self.first {
            return;
        }
        let most = (ROOM * (self.count + 1))
            .min(self.bound.map_or(usize::MAX, |bound| (bound - self.first) as usize));
        if needed <= most {
            self.ids.resize((needed * 2).min(most), 0);
        }
    }
}

/// How far numbers reach, and how many they are.
#[derive(Clone, Copy, Debug)]
struct Span {
    least: u32,
    most: u32,
    count: usize,
}

impl Span {
    const NONE: Self = Self { least: u32::MAX, most: 0, count: 0 };

    fn len(self) -> usize {
        (self.most - self.least) as usize + 1
    }

    /// Whether they lie close enough together, where each stands for so many.
    fn is_close(self, each: usize) -> bool {
        self.count > 0 && self.len() <= ROOM * self.count * each
    }
}

/// What stands before the numbers of many of the texts, the most frequent first.
fn beginnings(count: usize, text: &dyn Fn(u32) -> Ends) -> Vec<Beginning> {
    let mut found: Vec<(Beginning, usize)> = Vec::new();
    let sample = SAMPLE.min(count);
    for at in 0..sample {
        let Some(own) = text((count * at / sample) as u32).beginning() else { continue };
        match found.iter_mut().find(|(known, _)| *known == own) {
            Some((_, count)) => *count += 1,
            None => found.push((own, 1)),
        }
    }
    found.retain(|(_, count)| *count >= sample / 16);
    found.order_by_key(|(beginning, count)| (std::cmp::Reverse(*count), beginning.len));
    found.truncate(MOST);
    found.into_iter().map(|(beginning, _)| beginning).collect()
}
