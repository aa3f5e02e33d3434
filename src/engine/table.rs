//! Relations as columns of ids, with indexes made on demand: rows sorted by some order of the
//! columns, the first of them addressed directly because ids are dense.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

/// A set of tuples.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<Vec<u32>>,
    rows: usize,
    indexes: Mutex<BTreeMap<Vec<usize>, Arc<Index>>>,
    distinct: Vec<OnceLock<usize>>,
}

/// The tuples of a table sorted by its columns in one order.
#[derive(Debug)]
pub struct Index {
    /// The columns in that order.
    pub columns: Vec<Vec<u32>>,
    /// Where the rows of each id of the first column begin; one more entry than ids. Empty where
    /// there are far more ids than rows: then the first column is searched like the others.
    starts: Vec<u32>,
}

impl Table {
    /// A table from columns of one length; tuples may stand in it more than once.
    pub fn new(columns: Vec<Vec<u32>>) -> Self {
        let rows = columns.first().map_or(0, Vec::len);
        let distinct = columns.iter().map(|_| OnceLock::new()).collect();
        Self { columns, rows, indexes: Mutex::default(), distinct }
    }

    /// A table from tuples end to end.
    pub fn from_rows(arity: usize, data: &[u32]) -> Self {
        let columns =
            (0..arity).map(|slot| data.iter().skip(slot).step_by(arity.max(1)).copied().collect()).collect();
        Self::new(columns)
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
    pub fn columns(&self) -> &[Vec<u32>] {
        &self.columns
    }

    /// The number of different ids in a column.
    pub fn distinct(&self, column: usize) -> usize {
        *self.distinct[column].get_or_init(|| {
            let ids = &self.columns[column];
            if is_sparse(ids) {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                return ids.len();
            }
            let mut seen = crate::base::BitSet::new(ids.iter().max().map_or(0, |id| *id as usize + 1));
            ids.iter().for_each(|id| seen.insert(*id as usize));
            seen.count()
        })
    }

    /// The tuples sorted by the columns in this order, which names each column once.
    pub fn index(&self, order: &[usize]) -> Arc<Index> {
        // A panic while holding the lock would be our own bug; the map stays sound through it.
        let lock = || self.indexes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = lock().get(order) {
            return Arc::clone(found);
        }
        let index = Arc::new(Index::new(&self.columns, order, self.rows));
        Arc::clone(lock().entry(order.to_vec()).or_insert(index))
    }
}

impl Index {
    fn new(columns: &[Vec<u32>], order: &[usize], rows: usize) -> Self {
        let first = &columns[order[0]];
        let (places, starts) = if is_sparse(first) {
            let mut places: Vec<u32> = (0..rows as u32).collect();
            sort(&mut places, columns, order);
            (places, Vec::new())
        } else {
            let (mut places, starts) = counted(first);
            if order.len() > 1 {
                for ends in starts.windows(2) {
                    sort(&mut places[ends[0] as usize..ends[1] as usize], columns, &order[1..]);
                }
            }
            (places, starts)
        };
        let columns = order
            .iter()
            .map(|column| places.iter().map(|row| columns[*column][*row as usize]).collect())
            .collect();
        Self { columns, starts }
    }

    /// All rows.
    pub fn all(&self) -> (u32, u32) {
        (0, self.columns[0].len() as u32)
    }

    /// The rows of a range whose id at `level` is `id`; the range agrees on all levels before.
    pub fn narrow(&self, level: usize, (low, high): (u32, u32), id: u32) -> (u32, u32) {
        if level == 0 && !self.starts.is_empty() {
            let at = id as usize;
            return match (self.starts.get(at), self.starts.get(at + 1)) {
                (Some(start), Some(end)) => (*start, *end),
                _ => (0, 0),
            };
        }
        let column = &self.columns[level][low as usize..high as usize];
        let start = column.partition_point(|other| *other < id);
        let count = gallop(&column[start..], id);
        (low + start as u32, low + (start + count) as u32)
    }

    /// The row after the last one, from `at` on, with the same id at `level`.
    pub fn skip(&self, level: usize, at: u32, high: u32) -> u32 {
        let id = self.columns[level][at as usize];
        if level == 0 && !self.starts.is_empty() {
            return self.starts[id as usize + 1].min(high);
        }
        at + gallop(&self.columns[level][at as usize..high as usize], id) as u32
    }
}

/// Whether the ids range so much wider than there are rows that an entry per id would be waste: a
/// fixpoint makes a small table each round.
fn is_sparse(ids: &[u32]) -> bool {
    ids.iter().max().is_some_and(|most| *most as usize / 8 > ids.len())
}

/// Rows by the ids of one column, and where those of each id begin.
fn counted(ids: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let count = ids.iter().max().map_or(0, |id| *id as usize + 1);
    let mut starts = vec![0_u32; count + 1];
    for id in ids {
        starts[*id as usize + 1] += 1;
    }
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let mut places = vec![0_u32; ids.len()];
    for (row, id) in ids.iter().enumerate() {
        let place = &mut next[*id as usize];
        places[*place as usize] = row as u32;
        *place += 1;
    }
    (places, starts)
}

/// Sorts rows by columns in this order.
fn sort(places: &mut [u32], columns: &[Vec<u32>], order: &[usize]) {
    if let [column] = order {
        let column = &columns[*column];
        return places.sort_unstable_by_key(|row| column[*row as usize]);
    }
    places.sort_unstable_by(|left, right| {
        let key = |row: u32| order.iter().map(move |column| columns[*column][row as usize]);
        key(*left).cmp(key(*right))
    });
}

/// How many ids at the start of a sorted column are at most `id`.
fn gallop(column: &[u32], id: u32) -> usize {
    let mut step = 1;
    while step < column.len() && column[step] <= id {
        step *= 2;
    }
    let low = step / 2;
    let high = step.min(column.len());
    low + column[low..high].partition_point(|other| *other <= id)
}
