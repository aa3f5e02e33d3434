//! Tuples as columns of ids, with where each was stated.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Origin, Origins};
use crate::base::{Order, ascend, gathered, sorted, sorted_once};

/// Tuples as columns of ids, ascending, each once; before `sort`, as they were stated.
#[derive(Clone, Debug, Default)]
pub struct Tuples {
    /// One column per slot; all have the same length. Sentences of one table may share some.
    pub columns: Vec<Arc<Vec<u32>>>,
    /// Where each stated tuple was stated, in the order of stating.
    origins: Origins,
    /// The place of each tuple in that order; as they stand where `None`.
    stated: Option<Vec<u32>>,
    /// Whether it is no longer known which origin is whose.
    scattered: bool,
}

/// Where tuples stood when they were stated.
pub(super) enum Placed {
    /// Where they stand now.
    AsTheyStand,
    /// At these places.
    At(Vec<u32>),
    /// Nobody asks.
    Nowhere,
}

fn shared(columns: Vec<Vec<u32>>) -> Vec<Arc<Vec<u32>>> {
    columns.into_iter().map(Arc::new).collect()
}

impl Tuples {
    /// None yet, of this many slots.
    pub fn new(slots: usize) -> Self {
        Self { columns: shared(vec![Vec::new(); slots]), ..Self::default() }
    }

    /// Where tuples were stated, and the place of each in that order; `None` where that is not known.
    pub(super) fn stating(&self) -> Option<(&Origins, Option<&[u32]>)> {
        (!self.scattered).then_some((&self.origins, self.stated.as_deref()))
    }

    /// Tuples from all their parts, which fit each other.
    pub(super) fn from_parts(columns: Vec<Vec<u32>>, origins: Origins, stated: Placed) -> Self {
        let scattered = matches!(stated, Placed::Nowhere);
        let stated = if let Placed::At(places) = stated { Some(places) } else { None };
        Self { columns: shared(columns), origins, stated, scattered }
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tuple in place `row`.
    pub fn row(&self, row: usize) -> impl Iterator<Item = u32> + '_ {
        self.columns.iter().map(move |column| column[row])
    }

    /// Whether this tuple is among them; they are sorted.
    pub fn contains(&self, ids: &[u32]) -> bool {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle).cmp(ids.iter().copied()) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return true,
            }
        }
        false
    }

    /// Where the tuple in place `row` was first stated.
    pub fn origin(&self, row: usize) -> Origin {
        debug_assert!(!self.scattered, "whoever asks for origins has them kept");
        self.origins.get(self.stated.as_ref().map_or(row as u32, |stated| stated[row]))
    }

    /// Whether some value is missing that should have been stated.
    pub fn any_missing(&self) -> bool {
        self.origins.any_missing()
    }

    /// Adds one.
    pub fn push(&mut self, ids: &[u32], origin: Origin) {
        if let Some(stated) = &mut self.stated {
            stated.push(self.origins.len() as u32);
        }
        self.columns.iter_mut().zip(ids).for_each(|(column, id)| Arc::make_mut(column).push(*id));
        self.origins.push(origin);
    }

    /// Adds those of one part of a table: columns of one length, and of which rows they are, as runs of
    /// a first origin and how many there are from it on. Nothing is sorted yet.
    pub(super) fn append(
        &mut self,
        columns: Vec<Arc<Vec<u32>>>,
        runs: impl FnOnce(&mut dyn FnMut(Origin, usize)),
    ) {
        for (own, more) in self.columns.iter_mut().zip(columns) {
            if own.is_empty() { *own = more } else { Arc::make_mut(own).extend_from_slice(&more) }
        }
        runs(&mut |origin, count| self.origins.push_run(origin, count));
    }

    /// Keeps the tuples for which it is so.
    pub(super) fn retain(&mut self, keep: impl Fn(&[u32]) -> bool) {
        let rows: Vec<u32> = (0..self.len() as u32)
            .filter(|row| keep(&self.row(*row as usize).collect::<Vec<u32>>()))
            .collect();
        if rows.len() < self.len() {
            self.pick(&rows);
        }
    }

    fn pick(&mut self, rows: &[u32]) {
        for column in &mut self.columns {
            *column = Arc::new(gathered(column, rows));
        }
        self.stated = Some(match self.stated.take() {
            Some(stated) => gathered(&stated, rows),
            None => rows.to_vec(),
        });
    }

    /// Sorts the tuples and drops those stated before; hands back where the dropped ones were stated,
    /// and their places among the tuples kept. Without `origins` it is not known afterwards where tuples
    /// were stated; what sorts has less to carry then.
    pub(super) fn sort(&mut self, origins: bool) -> Vec<(Origin, u32)> {
        let columns: Vec<&[u32]> = self.columns.iter().map(|column| column.as_slice()).collect();
        if ascend(&columns) {
            return self.drop_repeated();
        }
        if let Some(columns) = if origins { None } else { sorted_once(&columns) } {
            (self.columns, self.scattered) = (shared(columns), true);
            return Vec::new();
        }
        let Order { columns, places } = sorted(&columns, true);
        self.columns = shared(columns);
        if let Some(places) = places {
            self.stated = Some(match self.stated.take() {
                Some(stated) => gathered(&stated, &places),
                None => places,
            });
        }
        self.drop_repeated()
    }

    /// Adds tuples that nobody stated, none of which is among them, to sorted ones.
    pub(super) fn add_missing(&mut self, columns: &[Vec<u32>]) {
        let (old, more) = (self.len() as u32, columns.first().map_or(0, Vec::len));
        if more == 0 {
            return;
        }
        let known = self.origins.len() as u32;
        self.stated.get_or_insert_with(|| (0..old).collect()).extend(known..known + more as u32);
        self.columns
            .iter_mut()
            .zip(columns)
            .for_each(|(column, more)| Arc::make_mut(column).extend_from_slice(more));
        self.origins.push_run(Origin::Nobody, more);
        let tuple = |row: u32| self.columns.iter().map(move |column| column[row as usize]);
        let mut rows: Vec<u32> = (0..self.len() as u32).collect();
        // Old and new ones are two runs most often, which a stable sort merges.
        rows.sort_by(|left, right| tuple(*left).cmp(tuple(*right)));
        self.pick(&rows);
    }

    /// Of equal tuples, which stand side by side, the first stated stays.
    fn drop_repeated(&mut self) -> Vec<(Origin, u32)> {
        let same = |row: usize| row > 0 && self.columns.iter().all(|column| column[row] == column[row - 1]);
        if !(1..self.len()).any(same) {
            return Vec::new();
        }
        let mut dropped: Vec<(u32, u32)> = Vec::new();
        let mut kept: Vec<u32> = Vec::with_capacity(self.len());
        for row in 0..self.len() {
            if same(row) {
                dropped.push((
                    self.stated.as_ref().map_or(row as u32, |stated| stated[row]),
                    kept.len() as u32 - 1,
                ));
            } else {
                kept.push(row as u32);
            }
        }
        dropped.sort_unstable();
        self.pick(&kept);
        dropped.into_iter().map(|(stated, at)| (self.origins.get(stated), at)).collect()
    }
}
