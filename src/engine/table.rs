//! Relations as columns of ids, with indexes made on demand: rows sorted by some order of the
//! columns, the first of them addressed directly because ids are dense.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::joins::Joined;
use super::pairs::Kept;
use super::ranges::Ranges;
use super::stars::Star;
use super::starts::{Starts, is_sparse};
use crate::base;
use crate::base::parallel::each_of;
use crate::facts::MISSING;

/// So many ids at least a thread counts.
const COUNTED: usize = 1 << 16;

/// Columns up to this length are looked through from their start.
const SHORT: usize = 8;

/// Of columns up to this length all ids are compared.
pub(super) const FEW: usize = 48;

/// Of larger tables only a sample of ids is counted.
const SAMPLED: usize = 1 << 18;

/// So many ids of a sample tell how many there are.
const TELLING: usize = 1 << 9;

/// Ids looked at at once, of which the sample is taken.
const NEAR: usize = 1 << 10;

/// One of so many ids is in a sample.
const SAMPLE: usize = 16;

/// As often an id counts that is not met.
const UNMET: f64 = 0.5;

/// Whether an id is in the sample: as good as by chance, whatever ids follow each other.
fn is_of_sample(id: u32) -> bool {
    // The golden ratio spreads them evenly (D. Knuth, The Art of Computer Programming, volume 3, 6.4).
    id.wrapping_mul(0x9E37_79B1) >> (u32::BITS - SAMPLE.trailing_zeros()) == 0
}

/// The ids of a sample, as often as they stand in a column.
fn sample(ids: &[u32]) -> Vec<u32> {
    let of = |ids: &[u32]| {
        let mut found = Vec::with_capacity(ids.len() / SAMPLE);
        let mut near = [0; NEAR];
        for ids in ids.chunks(NEAR) {
            let mut held = 0;
            for id in ids {
                near[held] = *id;
                held += usize::from(is_of_sample(*id));
            }
            found.extend_from_slice(&near[..held]);
        }
        found
    };
    each_of(ids.chunks(part_of(ids)).collect(), of).concat()
}

/// How many ids a thread looks at.
fn part_of(ids: &[u32]) -> usize {
    (ids.len() / rayon::current_num_threads()).max(COUNTED) + 1
}

/// How many different ids there are.
fn count(ids: &[u32]) -> usize {
    if is_sparse(ids) {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        return ids.len();
    }
    let words = ids.iter().max().map_or(0, |id| *id as usize / 64 + 1);
    let seen_in = |ids: &[u32]| {
        let mut seen = vec![0_u64; words];
        ids.iter().for_each(|id| seen[*id as usize / 64] |= 1 << (id % 64));
        seen
    };
    let either = |mut seen: Vec<u64>, other: Vec<u64>| {
        seen.iter_mut().zip(other).for_each(|(word, other)| *word |= other);
        seen
    };
    let parts = each_of(ids.chunks(part_of(ids)).collect(), seen_in);
    let seen = parts.into_iter().reduce(either).unwrap_or_default();
    seen.iter().map(|word| word.count_ones() as usize).sum()
}

/// How many different ids a column has.
#[derive(Clone, Copy, Debug)]
struct Different {
    about: usize,
    /// Whether only a sample was counted.
    sampled: bool,
    /// Whether some id was met twice.
    repeats: bool,
}

/// A set of tuples.
#[derive(Debug, Default)]
pub struct Table {
    pub(super) columns: Vec<Arc<Vec<u32>>>,
    rows: usize,
    /// Whether the tuples ascend and stand in it once each.
    pub(super) sorted: bool,
    indexes: Mutex<Indexes>,
    distinct: Vec<OnceLock<Different>>,
    keys: Vec<OnceLock<bool>>,
    /// Whether several columns tell rows apart.
    wide_keys: Mutex<BTreeMap<Vec<usize>, bool>>,
    pub(super) joins: Mutex<Vec<Joined>>,
    /// What several tables say of the same things, this one first.
    pub(super) stars: Mutex<Vec<Star>>,
    /// Of each column some ids, as often as they stand in it, ascending.
    pub(super) samples: Vec<OnceLock<Vec<u32>>>,
    /// Conditions between a word of it and another one.
    pub(super) pairs: Mutex<Vec<Kept>>,
}

/// Indexes by the order of their columns.
type Indexes = BTreeMap<(Vec<usize>, Option<Valued>), Arc<Index>>;

/// A place in the order of an index at which ids come in the order of their values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Valued {
    /// The place.
    pub at: usize,
    /// Whether missing values come last; else they come first.
    pub missing_last: bool,
}

/// The tuples of a table sorted by its columns in one order.
#[derive(Debug)]
pub struct Index {
    /// The columns in that order.
    pub columns: Vec<Arc<Vec<u32>>>,
    /// Where the rows of each id of the first column lie. `None` where there are far more ids than rows: then the first
    /// column is searched like the others.
    starts: Option<Starts>,
    /// Ranges of the others in which many ids are looked up.
    pub(super) ranges: Ranges,
    /// Whether each tuple stands in it once.
    pub(super) distinct: bool,
    /// Whether each id of the first column has one row.
    pub(super) single: bool,
    /// Whether the first column is 0, 1, 2 … to its end.
    pub(super) dense: bool,
}

impl Table {
    /// A table from columns of one length; tuples may stand in it more than once.
    pub fn new(columns: Vec<Vec<u32>>) -> Self {
        Self { sorted: false, ..Self::of(columns.into_iter().map(Arc::new).collect()) }
    }

    /// A table from columns whose tuples ascend, each once.
    pub fn sorted(columns: Vec<Vec<u32>>) -> Self {
        Self { sorted: true, ..Self::new(columns) }
    }

    /// The same of columns that are shared.
    pub fn of(columns: Vec<Arc<Vec<u32>>>) -> Self {
        let rows = columns.first().map_or(0, |column| column.len());
        let distinct = columns.iter().map(|_| OnceLock::new()).collect();
        let keys = columns.iter().map(|_| OnceLock::new()).collect();
        let samples = columns.iter().map(|_| OnceLock::new()).collect();
        Self {
            columns,
            rows,
            sorted: true,
            indexes: Mutex::default(),
            distinct,
            keys,
            wide_keys: Mutex::default(),
            joins: Mutex::default(),
            stars: Mutex::default(),
            samples,
            pairs: Mutex::default(),
        }
    }

    /// A table from tuples end to end.
    pub fn from_rows(arity: usize, data: &[u32]) -> Self {
        let column = |slot| data.chunks_exact(arity.max(1)).map(|tuple| tuple[slot]).collect();
        Self::new((0..arity).map(column).collect())
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether it has no tuples.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The columns.
    pub fn columns(&self) -> &[Arc<Vec<u32>>] {
        &self.columns
    }

    /// Some of the rows, ascending.
    #[must_use]
    pub fn kept(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter().map(|column| base::gathered(column, rows)).collect();
        Self { sorted: self.sorted, ..Self::new(columns) }
    }

    /// The same tuples in ascending order.
    #[must_use]
    pub fn ordered(self) -> Self {
        Self::of(self.in_order())
    }

    /// What stands in some of the columns, each tuple once.
    #[must_use]
    pub fn projected(&self, columns: &[usize]) -> Self {
        let columns: Vec<&[u32]> = columns.iter().map(|column| self.columns[*column].as_slice()).collect();
        Self::sorted(base::different(&columns))
    }

    /// The columns with the tuples in ascending order.
    pub fn in_order(&self) -> Vec<Arc<Vec<u32>>> {
        if self.sorted || self.columns.is_empty() {
            return self.columns.clone();
        }
        let order: Vec<usize> = (0..self.columns.len()).collect();
        self.index(&order).columns.clone()
    }

    /// About how many different ids stand in a column; just so many where the table is not large.
    pub fn distinct(&self, column: usize) -> usize {
        self.different(column).about
    }

    /// In about which share of the rows an id stands in a column; of what is not met a share that is not nothing.
    pub fn share(&self, column: usize, id: u32) -> f64 {
        let ids = &self.columns[column];
        let count = |ids: &[u32]| ids.iter().filter(|other| **other == id).count();
        let (looked, met) = if self.rows < SAMPLED {
            (self.rows, count(ids))
        } else {
            let blocks = || ids.chunks_exact(NEAR).step_by(SAMPLE);
            (blocks().len() * NEAR, blocks().map(count).sum())
        };
        (met as f64).max(UNMET) / looked.max(1) as f64
    }

    /// Whether no two rows agree in all of these columns.
    pub fn is_key_of(&self, columns: &[usize]) -> bool {
        if let [column] = columns {
            return self.is_key(*column);
        }
        let lock = || self.wide_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(columns) {
            return *known;
        }
        let rest = (0..self.columns.len()).filter(|column| !columns.contains(column));
        let order: Vec<usize> = columns.iter().copied().chain(rest).collect();
        let index = self.index(&order);
        let own = &index.columns[..columns.len()];
        let agree = |row: usize| own.iter().all(|ids| ids[row] == ids[row - 1]);
        let is_key = !(1..self.rows).any(agree);
        *lock().entry(columns.to_vec()).or_insert(is_key)
    }

    /// Whether each row has an id of its own in a column.
    pub fn is_key(&self, column: usize) -> bool {
        if let Some(known) = self.keys[column].get() {
            return *known;
        }
        let Different { about, sampled, repeats } = self.different(column);
        let is_key = !repeats && if sampled { self.count_distinct(column) } else { about } == self.rows;
        *self.keys[column].get_or_init(|| is_key)
    }

    fn different(&self, column: usize) -> Different {
        if let Some(known) = self.distinct[column].get() {
            return *known;
        }
        // Not while others wait for it: counting may set this thread to other work, which may ask for the same.
        let counted = self.sampled(column).unwrap_or_else(|| {
            let about = self.count_distinct(column);
            Different { about, sampled: false, repeats: about < self.rows }
        });
        *self.distinct[column].get_or_init(|| counted)
    }

    /// What a sample tells; `None` of what is counted faster, and where the sample has too few ids to tell.
    fn sampled(&self, column: usize) -> Option<Different> {
        if self.rows < SAMPLED || self.sorted && column == 0 {
            return None;
        }
        let sample = sample(&self.columns[column]);
        let count = count(&sample);
        let about = (count * SAMPLE).min(self.rows);
        (count >= TELLING).then_some(Different { about, sampled: true, repeats: count < sample.len() })
    }

    fn count_distinct(&self, column: usize) -> usize {
        let ids = &self.columns[column];
        if self.sorted && column == 0 {
            // Each part knows the id before it; comparing all takes no branches.
            let part = part_of(ids);
            let changes = |(at, own): (usize, &[u32])| {
                let before = if at == 0 { &ids[..0] } else { &ids[at * part - 1..at * part] };
                let first = before.iter().zip(own).filter(|(before, first)| before != first).count();
                let inner = own.iter().zip(&own[1..]).map(|(left, right)| u32::from(left != right));
                first + inner.sum::<u32>() as usize
            };
            let changes: usize = each_of(ids.chunks(part).enumerate().collect(), changes).into_iter().sum();
            return changes + usize::from(!ids.is_empty());
        }
        count(ids)
    }

    /// The tuples sorted by the columns in this order, which names a column at most once. Tuples that
    /// differ only in columns it does not name stand in it once.
    pub fn index(&self, order: &[usize]) -> Arc<Index> {
        // A panic while holding the lock would be our own bug; the map stays sound through it.
        let lock = || self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (order.to_vec(), None);
        if let Some(found) = lock().get(&key) {
            return Arc::clone(found);
        }
        let longer = {
            let known = lock();
            let starts_so = |(own, valued): &&(Vec<usize>, Option<Valued>)| {
                valued.is_none() && own.len() > order.len() && own.starts_with(order)
            };
            known.keys().find(starts_so).and_then(|key| known.get(key).cloned())
        };
        let made = longer.map_or_else(|| Index::new(self, order), |longer| longer.first(order.len()));
        Arc::clone(lock().entry(key).or_insert(Arc::new(made)))
    }

    /// The same with the ids at one place in the order of their values, of which `units` says how many units each is.
    pub fn index_by_value(&self, order: &[usize], valued: Valued, units: &dyn Fn(u32) -> i64) -> Arc<Index> {
        let lock = || self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (order.to_vec(), Some(valued));
        if let Some(found) = lock().get(&key) {
            return Arc::clone(found);
        }
        let index = Arc::new(Index::by_value(self, order, valued, units));
        Arc::clone(lock().entry(key).or_insert(index))
    }
}

impl Index {
    fn new(table: &Table, order: &[usize]) -> Self {
        let ascends = |columns: &[usize]| columns.windows(2).all(|pair| pair[0] < pair[1]);
        if table.sorted && ascends(order) && order.len() == table.columns.len() {
            let columns = order.iter().map(|column| Arc::clone(&table.columns[*column])).collect();
            return Self::of(columns, true);
        }
        let columns: Vec<&[u32]> = order.iter().map(|column| table.columns[*column].as_slice()).collect();
        let whole = order.len() == table.columns.len();
        let columns = if whole { base::sorted(&columns, false).columns } else { base::different(&columns) };
        Self::of(columns.into_iter().map(Arc::new).collect(), table.sorted || !whole)
    }

    /// Of columns whose tuples ascend.
    fn of(columns: Vec<Arc<Vec<u32>>>, distinct: bool) -> Self {
        let starts = Starts::new(&columns[0]);
        let single = starts.as_ref().map_or_else(|| ascend(&columns[0]), Starts::is_single);
        let dense = single && counts_up(&columns[0]);
        Self { columns, starts, ranges: Ranges::default(), distinct, single, dense }
    }

    /// The same by the first columns only: what is sorted by more is sorted by them.
    fn first(&self, columns: usize) -> Self {
        let shared = &self.columns[..columns];
        let is_repeated = |row: usize| shared.iter().all(|column| column[row] == column[row - 1]);
        if !(1..shared[0].len()).any(is_repeated) {
            let (starts, single, dense) = (self.starts.clone(), self.single, self.dense);
            let (columns, ranges) = (shared.to_vec(), Ranges::default());
            return Self { columns, starts, ranges, distinct: true, single, dense };
        }
        let mut columns: Vec<Vec<u32>> = shared.iter().map(|column| column.to_vec()).collect();
        base::drop_repeated(&mut columns);
        Self::of(columns.into_iter().map(Arc::new).collect(), true)
    }

    fn by_value(table: &Table, order: &[usize], valued: Valued, units: &dyn Fn(u32) -> i64) -> Self {
        let ids = &table.columns[order[valued.at]];
        let mut different = ids.to_vec();
        different.sort_unstable();
        different.dedup();
        let missing_at = if valued.missing_last { 2 } else { 0 };
        different.sort_by_cached_key(|id| match *id {
            MISSING => (missing_at, 0),
            id => (1, units(id)),
        });
        let mut ranks = vec![0; different.iter().max().map_or(0, |most| *most as usize + 1)];
        (0_u32..).zip(&different).for_each(|(rank, id)| ranks[*id as usize] = rank);
        let ranked: Vec<u32> = ids.iter().map(|id| ranks[*id as usize]).collect();
        let column = |(at, column): (usize, &usize)| match at {
            at if at == valued.at => ranked.as_slice(),
            _ => table.columns[*column].as_slice(),
        };
        let columns: Vec<&[u32]> = order.iter().enumerate().map(column).collect();
        let whole = order.len() == table.columns.len();
        let mut columns =
            if whole { base::sorted(&columns, false).columns } else { base::different(&columns) };
        columns[valued.at].iter_mut().for_each(|rank| *rank = different[*rank as usize]);
        let columns: Vec<Arc<Vec<u32>>> = columns.into_iter().map(Arc::new).collect();
        let distinct = table.sorted || !whole;
        if valued.at > 0 {
            return Self::of(columns, distinct);
        }
        Self { columns, starts: None, ranges: Ranges::default(), distinct, single: false, dense: false }
    }

    /// The rows whose first ids lie in this range.
    pub fn window(&self, from: u32, to: u32) -> (u32, u32) {
        let row = |id: u32| match &self.starts {
            Some(starts) => starts.from(id),
            None => self.columns[0].partition_point(|other| *other < id) as u32,
        };
        (row(from), row(to))
    }

    /// Of rows that agree on all levels before one, those whose ids at that level lie in this range.
    pub(super) fn window_at(
        &self,
        level: usize,
        (low, high): (u32, u32),
        (from, to): (u32, u32),
    ) -> (u32, u32) {
        let ids = &self.columns[level][low as usize..high as usize];
        let row = |id: u32| low + ids.partition_point(|other| *other < id) as u32;
        (row(from), row(to))
    }

    /// The ids at a level of rows that agree on all levels before, from the least to past the greatest, with about so
    /// many parts of equal rows; `None` where there are no rows.
    pub fn windows(&self, level: usize, rows: (u32, u32), parts: usize) -> Option<Vec<(u32, u32)>> {
        let ids = &self.columns[level][rows.0 as usize..rows.1 as usize];
        let last = *ids.last()?;
        let mut bounds: Vec<u32> = (1..parts).map(|part| ids[ids.len() * part / parts]).collect();
        bounds.insert(0, 0);
        bounds.push(last + 1);
        bounds.dedup();
        Some(bounds.windows(2).map(|pair| (pair[0], pair[1])).collect())
    }

    /// Where the rows of each id of the first column lie, where that is known.
    pub(super) fn starts(&self) -> Option<&Starts> {
        self.starts.as_ref()
    }

    /// All rows.
    pub fn all(&self) -> (u32, u32) {
        (0, self.columns[0].len() as u32)
    }

    /// The rows of a range whose id at `level` is `id`; the range agrees on all levels before.
    pub fn narrow(&self, level: usize, (low, high): (u32, u32), id: u32) -> (u32, u32) {
        if let (0, Some(starts)) = (level, &self.starts) {
            return starts.rows(id);
        }
        let column = &self.columns[level][low as usize..high as usize];
        if column.len() <= FEW {
            // All are compared: that takes no branches, and several go at once.
            let (mut less, mut past) = (0, 0);
            for other in column {
                less += u32::from(*other < id);
                past += u32::from(*other <= id);
            }
            return (low + less, low + past);
        }
        let start = column.partition_point(|other| *other < id);
        self.same(level, (low + start as u32, high), id)
    }

    /// Those at the start of these rows that have the id, where all before are less.
    pub(super) fn same(&self, level: usize, (low, high): (u32, u32), id: u32) -> (u32, u32) {
        let column = &self.columns[level][low as usize..high as usize];
        let count = if self.distinct && level + 1 == self.columns.len() {
            usize::from(column.first() == Some(&id))
        } else {
            gallop(column, id)
        };
        (low, low + count as u32)
    }

    /// The same for ids asked about in ascending order: what is left shrinks to the rows behind.
    #[inline]
    pub(super) fn advance(&self, level: usize, left: &mut (u32, u32), id: u32) -> (u32, u32) {
        if let (0, Some(starts)) = (level, &self.starts) {
            return starts.rows(id);
        }
        let (low, high) = *left;
        let column = &self.columns[level][low as usize..high as usize];
        if let [only] = column {
            return (low, low + u32::from(*only == id));
        }
        let start = before(column, id);
        let count = match column.get(start) {
            Some(other) if *other == id => {
                if self.distinct && level + 1 == self.columns.len() {
                    1
                } else {
                    gallop(&column[start..], id)
                }
            }
            _ => 0,
        };
        let rows = (low + start as u32, low + (start + count) as u32);
        left.0 = rows.1;
        rows
    }

    /// Whether each of the rows that agree before `level` has an id of its own there.
    #[inline]
    pub(super) fn own_id(&self, level: usize) -> bool {
        level == 0 && self.single || self.distinct && level + 1 == self.columns.len()
    }

    /// The row after the last one, from `at` on, with the same id at `level`.
    #[inline]
    pub fn skip(&self, level: usize, at: u32, high: u32) -> u32 {
        if self.own_id(level) {
            return at + 1;
        }
        let id = self.columns[level][at as usize];
        if level + 1 == self.columns.len() && self.columns[level].get(at as usize + 1) != Some(&id) {
            return at + 1;
        }
        at + gallop(&self.columns[level][at as usize..high as usize], id) as u32
    }
}

/// Whether each id is greater than the one before.
fn ascend(ids: &[u32]) -> bool {
    ids.windows(2).all(|pair| pair[0] < pair[1])
}

/// Whether ascending ids, each there once, are 0, 1, 2 and so on.
fn counts_up(ids: &[u32]) -> bool {
    ids.last().is_none_or(|last| *last as usize + 1 == ids.len())
}

/// How many ids at the start of a sorted column are less than `id`.
#[inline]
fn before(column: &[u32], id: u32) -> usize {
    let short = column.len().min(SHORT);
    let count = column[..short].iter().filter(|other| **other < id).count();
    if count < SHORT || column.len() == short {
        return count;
    }
    let mut step = SHORT;
    while step < column.len() && column[step] < id {
        step *= 2;
    }
    let low = step / 2;
    let high = step.min(column.len());
    low + column[low..high].partition_point(|other| *other < id)
}

/// How many ids at the start of a column are `id`; where it comes there, all of it is there.
fn gallop(column: &[u32], id: u32) -> usize {
    let mut step = 1;
    while step < column.len() && column[step] == id {
        step *= 2;
    }
    let low = step / 2;
    let high = step.min(column.len());
    low + column[low..high].partition_point(|other| *other == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_large_tables_have_different_is_about_told() {
        let rows = SAMPLED as u32 + 5;
        for (different, is_key) in [(1, false), (7, false), (3000, false), (40_000, false), (rows, true)] {
            let ids: Vec<u32> = (0..rows).map(|row| row.wrapping_mul(7919) % different).collect();
            let table = Table::new(vec![ids.clone(), ids]);
            let about = f64::from(table.distinct(1) as u32) / f64::from(different);
            assert!((0.7..1.4).contains(&about), "{about} of {different}");
            assert_eq!(table.is_key(1), is_key, "{different}");
        }
        let mut ids: Vec<u32> = (0..rows).collect();
        ids[9] = 8;
        assert!(!Table::new(vec![ids]).is_key(0), "one id twice, whether in the sample or not");
    }
}
