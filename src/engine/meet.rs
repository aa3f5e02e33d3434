//! The ids that several atoms allow at once: the one with the fewest rows left proposes them in ascending
//! order, the others are asked about each in turn and go on from where they were asked last.

use super::barren::Barren;
use super::batch::Bail;
use super::planted::{Bug, planted};
use super::ranges::{self, Marked};
use super::table::Index;

/// An atom that has a say in the ids.
pub(super) struct Asked<'b> {
    pub index: &'b Index,
    /// The levels at which the id stands, from the first to past the last.
    pub from: usize,
    pub to: usize,
    /// Its rows left before.
    pub begun: Begun<'b>,
    /// Where the ids of those lie, where they are the same many in every row.
    pub marked: Option<Marked>,
}

/// The rows left of an atom before an operator.
pub(super) enum Begun<'b> {
    /// The same in every row of the batch.
    All((u32, u32)),
    /// The first, and past the last, by row.
    Each(&'b [u32], &'b [u32]),
}

impl Begun<'_> {
    #[inline]
    pub(super) fn at(&self, row: usize) -> (u32, u32) {
        match self {
            Self::All(range) => *range,
            Self::Each(first, past) => (first[row], past[row]),
        }
    }

    /// How many rows are left in `count` rows of the batch.
    fn rows(&self, count: usize) -> usize {
        let len = |(first, past): (u32, u32)| (past - first) as usize;
        match self {
            Self::All(range) => count * len(*range),
            Self::Each(first, past) => {
                first[..count].iter().zip(*past).map(|(first, past)| len((*first, *past))).sum()
            }
        }
    }

    /// The rows left, where they are the same in all of these rows of the batch.
    pub(super) fn same(&self, mut rows: impl Iterator<Item = usize>) -> Option<(u32, u32)> {
        match self {
            Self::All(range) => Some(*range),
            Self::Each(..) => {
                let first = self.at(rows.next()?);
                rows.all(|row| self.at(row) == first).then_some(first)
            }
        }
    }

    /// Reads what stands in the first of the rows left in each row: those lie all over an index, and are waited for
    /// together here instead of one after the other.
    pub(super) fn touch(&self, column: &[u32]) {
        if let Self::Each(first, _) = self {
            let read =
                first.iter().fold(0, |read, row| read ^ column.get(*row as usize).copied().unwrap_or(0));
            std::hint::black_box(read);
        }
    }
}

/// Up to so many rows are all compared.
const SHORT: u32 = 24;

/// Rows compared at once.
const AT_ONCE: usize = 8;

/// What to look at after an id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next id of the row.
    Id,
    /// The next row.
    Row,
    /// The next row, and this one again later.
    Later,
}

/// Rows not at their end: where the leading atom goes on in each.
pub(super) type Open = Vec<(u32, u32)>;

/// Calls `take` with each row and each id that all atoms allow there; the rows are all of `count`, or those
/// left open before. Hands back which are open then.
pub(super) fn meet<F>(
    asked: &[Asked<'_>],
    barren: Option<&Barren>,
    count: usize,
    open: Option<&Open>,
    take: &mut F,
) -> Result<Open, Bail>
where
    F: FnMut(u32, u32, &[(u32, u32)]) -> Result<Next, Bail>,
{
    if open.is_none() {
        asked.iter().for_each(|asked| asked.begun.touch(&asked.index.columns[asked.from]));
    }
    match asked.len() {
        2 => meet_of::<2, F>(asked, barren, count, open, take),
        3 => meet_of::<3, F>(asked, barren, count, open, take),
        _ => {
            let state = &mut (vec![(0, 0); asked.len()], vec![(0, 0); asked.len()]);
            in_rows(count, open, |row, from| in_row(asked, row, from, &mut state.0, &mut state.1, take))
        }
    }
}

/// The same with a number of atoms that is known beforehand; rows left in which nothing is found are remembered where
/// that is wanted.
fn meet_of<const N: usize, F>(
    asked: &[Asked<'_>],
    barren: Option<&Barren>,
    count: usize,
    open: Option<&Open>,
    take: &mut F,
) -> Result<Open, Bail>
where
    F: FnMut(u32, u32, &[(u32, u32)]) -> Result<Next, Bail>,
{
    let (mut left, mut found) = ([(0, 0); N], [(0, 0); N]);
    let Some(barren) = barren else {
        return in_rows(count, open, |row, from| in_row(&asked[..N], row, from, &mut left, &mut found, take));
    };
    let begun = &asked[barren.place].begun;
    in_rows(count, open, |row, from| {
        let rows = begun.at(row as usize);
        if from.is_none() && barren.contains(rows) {
            return Ok(None);
        }
        let mut is_barren = from.is_none();
        let taken = &mut |row: u32, id: u32, found: &[(u32, u32)]| {
            is_barren = planted(Bug::FalseBarren);
            take(row, id, found)
        };
        let goes_on = in_row(&asked[..N], row, from, &mut left, &mut found, taken)?;
        if is_barren {
            barren.insert(rows);
        }
        Ok(goes_on)
    })
}

/// Goes through rows; `go` says where a row goes on later, if it does.
pub(super) fn in_rows(
    count: usize,
    open: Option<&Open>,
    mut go: impl FnMut(u32, Option<u32>) -> Result<Option<u32>, Bail>,
) -> Result<Open, Bail> {
    let mut left = Open::new();
    let mut each = |row: u32, from: Option<u32>| -> Result<(), Bail> {
        if let Some(from) = go(row, from)? {
            left.push((row, from));
        }
        Ok(())
    };
    match open {
        None => (0..count as u32).try_for_each(|row| each(row, None))?,
        Some(open) => open.iter().try_for_each(|(row, from)| each(*row, Some(*from)))?,
    }
    Ok(left)
}

#[expect(clippy::inline_always, reason = "so that the number of atoms is known to the loop")]
#[inline(always)]
fn in_row<F>(
    asked: &[Asked<'_>],
    row: u32,
    from: Option<u32>,
    left: &mut [(u32, u32)],
    found: &mut [(u32, u32)],
    take: &mut F,
) -> Result<Option<u32>, Bail>
where
    F: FnMut(u32, u32, &[(u32, u32)]) -> Result<Next, Bail>,
{
    let mut lead = 0;
    let mut fewest = u32::MAX;
    for (place, asked) in asked.iter().enumerate() {
        left[place] = asked.begun.at(row as usize);
        let count = left[place].1 - left[place].0;
        if count < fewest {
            (lead, fewest) = (place, count);
        }
    }
    let (mut low, high) = left[lead];
    low = from.unwrap_or(low);
    if let (2, other) = (asked.len(), 1 - lead.min(1))
        && asked.iter().all(Asked::is_one_level)
        && left[other].1 - left[other].0 <= SHORT
    {
        return side_by_side((&asked[lead], &asked[other]), (low, high), left[other], |id, own, others| {
            (found[lead], found[other]) = (own, others);
            take(row, id, found)
        });
    }
    let leading = &asked[lead];
    let ids = leading.index.columns[leading.from].as_slice();
    'ids: while low < high {
        let id = ids[low as usize];
        let past = if high - low == 1 { high } else { leading.index.skip(leading.from, low, high) };
        found[lead] = leading.within((low, past), id);
        low = past;
        for place in 0..asked.len() {
            if place == lead {
                continue;
            }
            let other = &asked[place];
            let rows = match &other.marked {
                Some(marked) => marked.rows(id),
                None => other.index.advance(other.from, &mut left[place], id),
            };
            found[place] = other.within(rows, id);
            if found[place].0 == found[place].1 {
                if left[place].0 == left[place].1 {
                    return Ok(None);
                }
                continue 'ids;
            }
        }
        if found[lead].0 < found[lead].1 {
            match take(row, id, found)? {
                Next::Id => {}
                Next::Row => return Ok(None),
                Next::Later => return Ok((low < high).then_some(low)),
            }
        }
    }
    Ok(None)
}

/// Asks one of two atoms about each id of the other, which leads: of few rows several are compared at once.
#[inline]
fn side_by_side(
    (lead, other): (&Asked<'_>, &Asked<'_>),
    (low, high): (u32, u32),
    (from, past): (u32, u32),
    mut take: impl FnMut(u32, (u32, u32), (u32, u32)) -> Result<Next, Bail>,
) -> Result<Option<u32>, Bail> {
    let ids = &lead.index.columns[lead.from][..high as usize];
    let others = other.index.columns[other.from].as_slice();
    let (mut at, mut from, past) = (low as usize, from as usize, past as usize);
    if from == past {
        return Ok(None);
    }
    let last = others[past - 1];
    while let Some(id) = ids.get(at).filter(|id| **id <= last) {
        let end = lead.end(ids, at);
        if let Some(place) = first_of(others, from..past, *id) {
            from = other.end(&others[..past], place);
            match take(*id, (at as u32, end as u32), (place as u32, from as u32))? {
                Next::Id => {}
                Next::Row => return Ok(None),
                Next::Later => return Ok((end < ids.len()).then_some(end as u32)),
            }
        }
        at = end;
    }
    Ok(None)
}

/// The first of some rows of a column that has an id.
#[inline]
fn first_of(column: &[u32], rows: std::ops::Range<usize>, id: u32) -> Option<usize> {
    let mut from = rows.start;
    while from < rows.end {
        let Some(chunk) = column.get(from..from + AT_ONCE).and_then(|found| found.first_chunk::<AT_ONCE>())
        else {
            let place = column[from..rows.end].iter().position(|other| *other == id);
            return place.map(|place| from + place);
        };
        if chunk.iter().fold(0, |found, other| found | u32::from(*other == id)) != 0 {
            let place = from + chunk.iter().position(|other| *other == id)?;
            return Some(place).filter(|place| *place < rows.end);
        }
        from += AT_ONCE;
    }
    None
}

/// Has the ids of atoms marked that have the same rows left in each of `count` rows, where so many ids are asked about
/// that this pays.
pub(super) fn mark(asked: &mut [Asked<'_>], count: usize) {
    for place in 0..asked.len() {
        let Asked { index, from, .. } = asked[place];
        let Some(rows) = asked[place].begun.same(0..count) else { continue };
        if rows.1 - rows.0 < ranges::LONG || from == 0 && index.starts().is_some() {
            continue;
        }
        let others = asked.iter().enumerate().filter(|(other, _)| *other != place);
        let Some(most) = others.map(|(_, other)| other.begun.rows(count)).min() else { continue };
        asked[place].marked = index.ranges.marked((from, &index.columns[from]), rows, most);
    }
}

impl Asked<'_> {
    /// Whether the id stands at one level only.
    #[inline]
    fn is_one_level(&self) -> bool {
        self.from + 1 == self.to
    }

    /// The row after the last one, from `at` on, with the same id.
    #[inline]
    fn end(&self, ids: &[u32], at: usize) -> usize {
        if self.index.own_id(self.from) {
            return at + 1;
        }
        at + ids[at..].iter().take_while(|id| **id == ids[at]).count()
    }

    /// The rows that have the id at the further levels too.
    #[inline]
    fn within(&self, mut rows: (u32, u32), id: u32) -> (u32, u32) {
        for level in self.from + 1..self.to {
            rows = self.index.narrow(level, rows, id);
        }
        rows
    }
}
