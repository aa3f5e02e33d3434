//! Where the rows of each id lie in a sorted column: a byte per id and the first rows of those that have some, so that
//! it takes little room, and what has no rows is told from bytes that stay near.

/// So many ids may come on each row: where they lie further apart, rows are searched for instead. A fixpoint makes
/// a small table each round.
const FAR: usize = 16;

/// Ids whose marks count from the same number.
const BLOCK: usize = 64;

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
        let most = ids.last().map_or(0, |last| *last as usize + 1);
        if most / FAR > ids.len() {
            return None;
        }
        let mut marks = vec![0_u8; most];
        ids.iter().for_each(|id| marks[*id as usize] = HAS_ROWS);
        let mut before = Vec::with_capacity(marks.len().div_ceil(BLOCK));
        let mut count = 0;
        for block in marks.chunks_mut(BLOCK) {
            before.push(count);
            let mut own = 0;
            for mark in block {
                let has_rows = *mark >> 7;
                *mark |= own;
                own += has_rows;
            }
            count += u32::from(own);
        }
        let mut rows = Vec::new();
        if (count as usize) < ids.len() {
            rows.resize(count as usize + 1, 0);
            let mut at = 1;
            // Written whether the next id begins there or not, so that nothing is guessed.
            for (row, [id, next]) in (1_u32..).zip(ids.array_windows()) {
                rows[at] = row;
                at += usize::from(id != next);
            }
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
}
