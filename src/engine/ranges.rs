//! Where ids lie within long ranges of an index in which very many are looked up (what a constant leaves): marked once
//! that pays.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::starts::Starts;

/// Shorter ranges are searched by halves.
pub(super) const LONG: u32 = 1 << 10;

/// Marks are made once one in so many of the rows was looked up.
const WORTH: usize = 2;

/// The most ranges of one index that are marked.
const MOST: usize = 16;

/// The ranges of an index that many ids were looked up in.
#[derive(Debug, Default)]
pub(super) struct Ranges(RwLock<Vec<Arc<Range>>>);

/// A range of one level.
#[derive(Debug)]
pub(super) struct Range {
    level: usize,
    rows: (u32, u32),
    asked: AtomicUsize,
    starts: OnceLock<Option<Starts>>,
}

/// A range whose ids are marked.
#[derive(Debug)]
pub(super) struct Marked(Arc<Range>);

impl Marked {
    /// The rows of an id, from the first to past the last.
    #[inline]
    pub fn rows(&self, id: u32) -> (u32, u32) {
        let Some(Some(starts)) = self.0.starts.get() else { return (0, 0) };
        let (first, past) = starts.rows(id);
        (self.0.rows.0 + first, self.0.rows.0 + past)
    }
}

impl Ranges {
    /// The rows of ids in a range of a level, whose ids ascend; `None` where they are sooner searched for.
    pub fn look_up(
        &self,
        (level, column): (usize, &[u32]),
        rows: (u32, u32),
        ids: &[u32],
    ) -> Option<[Vec<u32>; 2]> {
        let marked = self.marked((level, column), rows, ids.len())?;
        Some(ids.iter().map(|id| marked.rows(*id)).unzip().into())
    }

    /// The same range with its ids marked, for as many look-ups; `None` where its ids are sooner searched for.
    pub fn marked(&self, (level, column): (usize, &[u32]), rows: (u32, u32), asked: usize) -> Option<Marked> {
        let length = rows.1 - rows.0;
        if length < LONG {
            return None;
        }
        let range = self.range(level, rows)?;
        let before = range.asked.fetch_add(asked, Ordering::Relaxed);
        if range.starts.get().is_none() && before < length as usize / WORTH {
            return None;
        }
        let ascending = &column[rows.0 as usize..rows.1 as usize];
        range.starts.get_or_init(|| Starts::alone(ascending)).as_ref()?;
        Some(Marked(range))
    }

    fn range(&self, level: usize, rows: (u32, u32)) -> Option<Arc<Range>> {
        let is_it = |range: &&Arc<Range>| range.level == level && range.rows == rows;
        let found = |ranges: &[Arc<Range>]| ranges.iter().find(is_it).map(Arc::clone);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST || known.iter().any(|range| is_it(&range)) {
            return found(&known);
        }
        drop(known);
        let mut ranges = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found(&ranges) {
            return Some(known);
        }
        let (asked, starts) = (AtomicUsize::new(0), OnceLock::new());
        let range = Arc::new(Range { level, rows, asked, starts });
        ranges.push(Arc::clone(&range));
        Some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_is_where_halves_would_find_it() {
        let column: Vec<u32> = (0..9000).map(|row| if row < 3000 { row * 5 } else { row / 2 * 3 }).collect();
        let ranges = Ranges::default();
        let mut told = 0;
        for round in 0..40_u32 {
            for rows in [(0, 3000), (3000, 9000), (500, 700)] {
                let ids: Vec<u32> = (0..400).map(|at| (at * 37 + round * 101) % 16000).collect();
                let Some([first, past]) = ranges.look_up((1, &column), rows, &ids) else { continue };
                told += 1;
                for (id, ends) in ids.iter().zip(first.iter().zip(&past)) {
                    let own = &column[rows.0 as usize..rows.1 as usize];
                    let low = own.partition_point(|other| other < id);
                    let high = own.partition_point(|other| other <= id);
                    let found = (*ends.0 as usize - rows.0 as usize, *ends.1 as usize - rows.0 as usize);
                    assert!(found == (low, high) || low == high && found.0 == found.1, "{id} in {rows:?}");
                }
            }
        }
        assert!(told > 50, "{told}");
    }
}
