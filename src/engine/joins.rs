//! Two tables by what stands in a column of each: joined, and about how much of both goes together.

use std::sync::{Arc, PoisonError, Weak};

use super::planted::pays_from;
use super::table::Table;

/// So many ids of a column are looked at, and at most one in so many rows.
const LOOKED: usize = 1 << 12;
const SPARSELY: usize = 8;

/// Of fewer rows nothing is to be said.
const MANY: usize = 1 << 12;

/// Where ids stand in one row and a half on average, or in fewer, few stand in many.
const COARSE: [usize; 2] = [3, 2];

/// Fewer ids in both samples may be met by chance.
const TELLING: u64 = 64;

/// A join with another table.
#[derive(Debug)]
pub(super) struct Joined {
    column: usize,
    other: Weak<Table>,
    other_column: usize,
    /// Nothing where it has too many rows.
    table: Option<Arc<Table>>,
}

impl Table {
    /// The tuples of this table and another that agree in a column each, made once: that column, then the others of
    /// this table, then those of the other. `None` where there are more than both tables have.
    pub fn joined(&self, column: usize, other: &Arc<Self>, other_column: usize) -> Option<Arc<Self>> {
        let lock = || self.joins.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |join: &&Joined| {
            join.column == column
                && join.other_column == other_column
                && std::ptr::eq(join.other.as_ptr(), Arc::as_ptr(other))
        };
        if let Some(known) = lock().iter().find(is_it) {
            return known.table.clone();
        }
        // Not under the lock: sorting may set this thread to other work, which may ask for the same.
        let table = self.join(column, other, other_column).map(Arc::new);
        let mut joins = lock();
        if let Some(known) = joins.iter().find(is_it) {
            return known.table.clone();
        }
        joins.push(Joined { column, other: Arc::downgrade(other), other_column, table: table.clone() });
        table
    }

    fn join(&self, column: usize, other: &Self, other_column: usize) -> Option<Self> {
        let first = |table: &Self, column: usize| {
            let rest = (0..table.columns.len()).filter(|rest| *rest != column);
            table.index(&std::iter::once(column).chain(rest).collect::<Vec<usize>>())
        };
        let (left, right) = (first(self, column), first(other, other_column));
        let (ids, others) = (&left.columns[0], &right.columns[0]);
        let most = self.len() + other.len();
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(ids.len().min(others.len()));
        let mut from = 0;
        for (row, id) in ids.iter().enumerate() {
            while others.get(from).is_some_and(|other| other < id) {
                from += 1;
            }
            let same = others[from..].iter().take_while(|other| *other == id);
            pairs.extend(same.zip(from..).map(|(_, other)| (row as u32, other as u32)));
            if pairs.len() > most {
                return None;
            }
        }
        let own =
            left.columns.iter().map(|column| pairs.iter().map(|(row, _)| column[*row as usize]).collect());
        let rest = right.columns[1..].iter();
        let rest = rest.map(|column| pairs.iter().map(|(_, row)| column[*row as usize]).collect());
        let mut table = Self::new(own.chain(rest).collect());
        table.sorted = left.distinct && right.distinct;
        Some(table)
    }

    /// How many times more rows of a column have the id of some row of another than if all ids stood in as many rows: where
    /// a few stand in many rows of both, what they lead to is far more than the average tells. Of the rows of one id so many
    /// count `at_most`, as where they are looked up among as many others. At least 1; 1 too where a sample cannot tell.
    pub fn skew(&self, column: usize, other: &Self, other_column: usize, at_most: f64) -> f64 {
        if !self.is_coarse(column) || !other.is_coarse(other_column) {
            return 1.0;
        }
        let (own, others) = (self.some(column), other.some(other_column));
        let sampled = own.len() as f64 / self.len() as f64;
        let met = agreeing(others, own, (at_most * sampled) as usize);
        if met < pays_from(TELLING) {
            return 1.0;
        }
        let share = met as f64 / (own.len() as f64 * others.len() as f64);
        (share * self.distinct(column).max(other.distinct(other_column)) as f64).max(1.0)
    }

    /// About how many rows agree with some row in these columns, itself among them: where a few ids have most rows, far
    /// more than each has on average. 0 where a sample cannot tell.
    pub fn met(&self, columns: &[usize]) -> f64 {
        let (Some(first), true) = (columns.first(), columns.iter().all(|column| self.is_coarse(*column)))
        else {
            return 0.0;
        };
        let (looked, met) = match columns {
            [only] => (self.some(*only).len(), agreeing_within(self.some(*only))),
            _ => {
                // As good as the ids themselves: two of so few rows hardly come to the same by chance.
                let of = |row: usize| {
                    let ids = columns.iter().map(|column| u64::from(self.columns()[*column][row]));
                    ids.fold(0, |all, id| mixed(all ^ id))
                };
                let mut some: Vec<u64> = looked_at(self.columns()[*first].len()).map(of).collect();
                some.sort_unstable();
                (some.len(), agreeing_within(&some))
            }
        };
        if looked < 2 || met < pays_from(TELLING) {
            return 0.0;
        }
        met as f64 / (looked as f64 * (looked - 1) as f64) * self.len() as f64
    }

    /// Whether so many rows have the same id of a column as others that a sample may tell.
    fn is_coarse(&self, column: usize) -> bool {
        self.len() >= pays_from(MANY) && self.distinct(column) * COARSE[0] <= self.len() * COARSE[1]
    }

    /// Some ids of a column, as often as they stand in it, ascending.
    fn some(&self, column: usize) -> &[u32] {
        self.samples[column].get_or_init(|| {
            let ids = &self.columns()[column];
            let mut some: Vec<u32> = looked_at(ids.len()).map(|row| ids[row]).collect();
            some.sort_unstable();
            some
        })
    }
}

/// Some of so many rows.
fn looked_at(rows: usize) -> impl Iterator<Item = usize> {
    let at = move |place: u64| (((mixed(place) >> 32) * rows as u64) >> 32) as usize;
    (1..=LOOKED.min(rows / SPARSELY) as u64).map(at)
}

/// A number as good as by chance for each other one: in steps of the same length rows of one id would be met too seldom
/// twice (G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators, 2014).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

/// How many pairs of different places in an ascending column have the same id.
fn agreeing_within<T: PartialEq>(ids: &[T]) -> u64 {
    let others = |ids: &[T]| ids.len() as u64 * (ids.len() as u64 - 1);
    ids.chunk_by(|one, other| one == other).map(others).sum()
}

/// How many pairs of places in two ascending columns have the same id, where of one id in the second so many count at
/// most, one of them always.
fn agreeing(left: &[u32], right: &[u32], at_most: usize) -> u64 {
    let (mut pairs, mut from) = (0, 0);
    for own in left.chunk_by(|one, other| one == other) {
        from += right[from..].partition_point(|id| *id < own[0]);
        let same = right[from..].partition_point(|id| *id == own[0]);
        pairs += own.len() as u64 * same.min(at_most.max(1)) as u64;
    }
    pairs
}
