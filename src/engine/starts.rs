//! Where the rows of each id lie in a sorted column: a byte per id and the first rows of those that have some, so that
//! it takes little room, and what has no rows is told from bytes that stay near.

use rayon::prelude::*;

/// So many ids may come on each row: where they lie further apart, rows are searched for instead. A fixpoint makes
/// a small table each round.
const FAR: usize = 16;

/// Ids whose marks count from the same number.
const BLOCK: usize = 64;

/// Fewer rows are sooner gone through by one thread.
const MANY: usize = 1 << 15;

/// What marks an id that has rows.
const HAS_ROWS: u8 = 1 << 7;

/// Where the rows of each id lie.
#[derive(Clone, Debug)]
pub(super) struct Starts {
    /// Per id whether it has rows, and how many ids of its block before it have some.
    marks: Vec<u8>,
    /// How many ids with rows stand before each block.
    before: Vec<u32>,
    /// The first row of each id with rows, then the number of rows; empty where each has one row.
    rows: Vec<u32>,
    count: u32,
}

impl Starts {
    /// Where the rows of each id lie in an ascending column; `None` where ids lie too far apart.
    pub fn new(ids: &[u32]) -> Option<Self> {
        Self::by(ids, if ids.len() < MANY { 1 } else { rayon::current_num_threads() })
    }

    /// The same, worked out by this thread alone.
    pub fn alone(ids: &[u32]) -> Option<Self> {
        Self::by(ids, 1)
    }

    fn by(ids: &[u32], threads: usize) -> Option<Self> {
        let most = ids.last().map_or(0, |last| *last as usize + 1);
        if most / FAR > ids.len() {
            return None;
        }
        let mut marks = vec![0_u8; most];
        let mut before = vec![0; most.div_ceil(BLOCK)];
        // Ids are shared out by blocks, so that no two threads write the same.
        let blocks = before.len().div_ceil(threads).max(1);
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(threads);
        let (mut left, mut row) = (ids, 0);
        for (at, (marks, before)) in
            marks.chunks_mut(blocks * BLOCK).zip(before.chunks_mut(blocks)).enumerate()
        {
            let first = at * blocks * BLOCK;
            let own = left.partition_point(|id| (*id as usize) < first + marks.len());
            parts.push(Part { ids: &left[..own], first: first as u32, row, count: 0, marks, before });
            (left, row) = (&left[own..], row + own as u32);
        }
        each(&mut parts, Part::mark);
        let mut count = 0;
        for part in &mut parts {
            count += std::mem::replace(&mut part.count, count);
        }
        each(&mut parts, Part::go_on);
        let mut rows = Vec::new();
        if (count as usize) < ids.len() {
            rows.resize(count as usize + 1, 0);
            let mut rest = rows.as_mut_slice();
            let mut written: Vec<(&Part<'_>, &mut [u32])> = Vec::with_capacity(parts.len());
            for (at, part) in parts.iter().enumerate() {
                let next = parts.get(at + 1).map_or(count, |next| next.count);
                let (own, other) = rest.split_at_mut((next - part.count) as usize);
                written.push((part, own));
                rest = other;
            }
            each(&mut written, |(part, rows)| part.write(rows));
            rows[count as usize] = ids.len() as u32;
        }
        Some(Self { marks, before, rows, count })
    }

    /// The rows of an id, from the first to past the last.
    #[inline]
    pub fn rows(&self, id: u32) -> (u32, u32) {
        let Some(mark) = self.marks.get(id as usize) else { return (0, 0) };
        let has_rows = u32::from(mark >> 7);
        let at = self.before[id as usize / BLOCK] + u32::from(mark & !HAS_ROWS);
        if self.rows.is_empty() {
            return (at, at + has_rows);
        }
        (self.rows[at as usize], self.rows[(at + has_rows) as usize])
    }

    /// The first row whose id is not less.
    pub fn from(&self, id: u32) -> u32 {
        let at = match self.marks.get(id as usize) {
            Some(mark) => self.before[id as usize / BLOCK] + u32::from(mark & !HAS_ROWS),
            None => self.count,
        };
        if self.rows.is_empty() { at } else { self.rows[at as usize] }
    }

    /// Whether each id that has rows has one.
    pub fn is_single(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The ids of some blocks.
struct Part<'p> {
    ids: &'p [u32],
    /// The first id of its blocks, and the row of its first id.
    first: u32,
    row: u32,
    /// How many ids with rows it has; then how many stand before it.
    count: u32,
    marks: &'p mut [u8],
    before: &'p mut [u32],
}

impl Part<'_> {
    fn mark(&mut self) {
        self.ids.iter().for_each(|id| self.marks[(id - self.first) as usize] = HAS_ROWS);
        for (block, before) in self.marks.chunks_mut(BLOCK).zip(&mut *self.before) {
            *before = self.count;
            let mut own = 0;
            for mark in block {
                let has_rows = *mark >> 7;
                *mark |= own;
                own += has_rows;
            }
            self.count += u32::from(own);
        }
    }

    /// Counts the ids with rows from those that stand before it on.
    fn go_on(&mut self) {
        self.before.iter_mut().for_each(|before| *before += self.count);
    }

    /// The first row of each id with rows.
    fn write(&self, rows: &mut [u32]) {
        let Some(first) = rows.first_mut() else { return };
        *first = self.row;
        let mut at = 1;
        // Written whether the next id begins there or not, so that nothing is guessed.
        for (row, [id, next]) in (self.row + 1..).zip(self.ids.array_windows()) {
            if let Some(place) = rows.get_mut(at) {
                *place = row;
            }
            at += usize::from(id != next);
        }
    }
}

/// Does something with each of several, on all cores where they are more than one.
fn each<T: Send>(parts: &mut [T], work: impl Fn(&mut T) + Sync + Send) {
    match parts {
        [only] => work(only),
        _ => parts.par_iter_mut().for_each(work),
    }
}

/// Whether ids lie so far apart that a mark for each would be waste.
pub(super) fn is_sparse(ids: &[u32]) -> bool {
    ids.iter().max().is_some_and(|most| *most as usize / FAR > ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_they_lie() {
        let columns: [&[u32]; 6] = [
            &[],
            &[0],
            &[63, 63, 64, 127, 127, 127, 128, 130],
            &[1, 5, 64, 65, 90, 95],
            &[0, 1, 2, 3, 4],
            &[7; 100],
        ];
        for ids in columns {
            let starts = Starts::new(ids).expect("near enough");
            for id in 0..500 {
                let from = ids.partition_point(|other| *other < id) as u32;
                let past = ids.partition_point(|other| *other <= id) as u32;
                let (first, end) = starts.rows(id);
                assert_eq!(end - first, past - from, "{id} of {ids:?}");
                assert!(first == from || first == end);
                assert_eq!(starts.from(id), from, "{id} of {ids:?}");
            }
            let mut different = ids.to_vec();
            different.dedup();
            assert_eq!(starts.is_single(), different == ids);
        }
        assert!(Starts::new(&[1_000_000]).is_none());
    }

    #[test]
    fn shared_out_they_are_the_same() {
        for step in [1, 2, 3, 7] {
            let ids: Vec<u32> =
                (0..MANY as u32 * 3).map(|row| row / step + row % 5 / 4 * 40 * (row / 70_000)).collect();
            let mut ids = ids;
            ids.sort_unstable();
            let starts = Starts::new(&ids).expect("near enough");
            let (mut at, mut different) = (0, 0);
            for same in ids.chunk_by(|left, right| left == right) {
                assert_eq!(starts.rows(same[0]), (at, at + same.len() as u32), "{}", same[0]);
                assert_eq!(starts.from(same[0]), at);
                (at, different) = (at + same.len() as u32, different + 1);
            }
            assert_eq!((starts.count, starts.is_single()), (different, different as usize == ids.len()));
        }
    }
}
