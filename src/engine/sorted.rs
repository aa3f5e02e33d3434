//! Tuples that ascend, each once, as whole numbers where they have few places: so they are compared, merged and
//! copied fastest.

use std::cmp::Ordering;
use std::ops::Range;

use crate::base::BitSet;
use crate::base::parallel::each;

/// Tuples of ids, ascending, each once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sorted {
    pub(super) arity: usize,
    pub(super) data: Packed,
}

/// Tuples in the form that sorts fastest: as whole numbers, the first id in the upper bits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Packed {
    /// One id, or none at all.
    One(Vec<u32>),
    Two(Vec<u64>),
    /// Three or four.
    Four(Vec<u128>),
    /// More, end to end.
    Many(Vec<u32>),
}

impl Packed {
    /// No tuples of so many places.
    pub(super) fn empty(arity: usize) -> Self {
        match arity {
            0 | 1 => Self::One(Vec::new()),
            2 => Self::Two(Vec::new()),
            3 | 4 => Self::Four(Vec::new()),
            _ => Self::Many(Vec::new()),
        }
    }

    /// Adds others, of tuples as wide.
    pub(super) fn extend(&mut self, others: &Self) {
        match (self, others) {
            (Self::One(data), Self::One(others)) | (Self::Many(data), Self::Many(others)) => {
                data.extend_from_slice(others);
            }
            (Self::Two(data), Self::Two(others)) => data.extend_from_slice(others),
            (Self::Four(data), Self::Four(others)) => data.extend_from_slice(others),
            // INVARIANT: as wide, so packed alike.
            _ => {}
        }
    }

    /// How many tuples there are.
    pub(super) fn len(&self, arity: usize) -> usize {
        match self {
            Self::One(data) => data.len(),
            Self::Two(data) => data.len(),
            Self::Four(data) => data.len(),
            Self::Many(data) => data.len() / arity,
        }
    }
}

/// Calls something generic with what both hold, which is packed alike; wide tuples go as slices.
macro_rules! both {
    ($arity:expr, $left:expr, $right:expr, $with:ident) => {
        match ($left, $right) {
            (Packed::One(left), Packed::One(right)) => Packed::One($with(left, right)),
            (Packed::Two(left), Packed::Two(right)) => Packed::Two($with(left, right)),
            (Packed::Four(left), Packed::Four(right)) => Packed::Four($with(left, right)),
            (Packed::Many(left), Packed::Many(right)) => {
                let rows = |data| wide(data, $arity);
                Packed::Many($with(&rows(left), &rows(right)).concat())
            }
            // INVARIANT: as wide, so packed alike.
            (left, _) => left.clone(),
        }
    };
}

impl Default for Sorted {
    fn default() -> Self {
        Self { arity: 0, data: Packed::empty(0) }
    }
}

impl Sorted {
    /// Just the tuple without places, or nothing.
    pub fn truth(holds: bool) -> Self {
        Self { arity: 0, data: Packed::One(vec![0; usize::from(holds)]) }
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.data.len(self.arity)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id in one place of the tuple at `at`.
    #[inline]
    pub fn id(&self, at: usize, place: usize) -> u32 {
        match &self.data {
            Packed::One(data) => data[at],
            Packed::Two(data) => (data[at] >> (32 * (1 - place))) as u32,
            Packed::Four(data) => (data[at] >> (32 * (self.arity - 1 - place))) as u32,
            Packed::Many(data) => data[at * self.arity + place],
        }
    }

    /// The tuple at `at`.
    pub fn row(&self, at: usize) -> Vec<u32> {
        (0..self.arity).map(|place| self.id(at, place)).collect()
    }

    /// All tuples in order.
    pub fn rows(&self) -> impl Iterator<Item = Vec<u32>> {
        (0..self.len()).map(|at| self.row(at))
    }

    /// Whether the tuple is among them.
    pub fn contains(&self, tuple: &[u32]) -> bool {
        let order = |at: usize| (0..self.arity).map(|place| self.id(at, place)).cmp(tuple.iter().copied());
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match order(middle) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return true,
            }
        }
        false
    }

    /// The ids in one place of all tuples.
    pub fn column(&self, place: usize) -> Vec<u32> {
        self.part(place, 0..self.len())
    }

    /// The ids in one place of some tuples.
    pub fn part(&self, place: usize, rows: Range<usize>) -> Vec<u32> {
        let mut column = vec![0; rows.len()];
        self.fill(place, rows.start, &mut column);
        column
    }

    /// Writes the ids in one place of the tuples from `at` on.
    fn fill(&self, place: usize, at: usize, column: &mut [u32]) {
        match &self.data {
            Packed::One(data) => column.copy_from_slice(&data[at..at + column.len()]),
            Packed::Two(data) => {
                let shift = 32 * (1 - place);
                column.iter_mut().zip(&data[at..]).for_each(|(id, tuple)| *id = (tuple >> shift) as u32);
            }
            Packed::Four(data) => {
                let shift = 32 * (self.arity - 1 - place);
                column.iter_mut().zip(&data[at..]).for_each(|(id, tuple)| *id = (tuple >> shift) as u32);
            }
            Packed::Many(data) => {
                let rows = data.chunks_exact(self.arity).skip(at);
                column.iter_mut().zip(rows).for_each(|(id, tuple)| *id = tuple[place]);
            }
        }
    }

    /// All columns.
    pub fn columns(&self) -> Vec<Vec<u32>> {
        (0..self.arity).map(|place| self.column(place)).collect()
    }

    /// The tuples in these places, which ascend.
    #[must_use]
    pub fn picked(&self, places: &[u32]) -> Self {
        fn of<T: Copy>(data: &[T], places: &[u32]) -> Vec<T> {
            places.iter().map(|place| data[*place as usize]).collect()
        }
        let data = match &self.data {
            Packed::One(data) => Packed::One(of(data, places)),
            Packed::Two(data) => Packed::Two(of(data, places)),
            Packed::Four(data) => Packed::Four(of(data, places)),
            Packed::Many(data) => Packed::Many(of(&wide(data, self.arity), places).concat()),
        };
        Self { arity: self.arity, data }
    }

    /// The tuples in some places that follow each other.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let data = match &self.data {
            Packed::One(data) => Packed::One(data[rows].to_vec()),
            Packed::Two(data) => Packed::Two(data[rows].to_vec()),
            Packed::Four(data) => Packed::Four(data[rows].to_vec()),
            Packed::Many(data) => Packed::Many(data[rows.start * self.arity..rows.end * self.arity].to_vec()),
        };
        Self { arity: self.arity, data }
    }

    /// Where so many tuples from `at` on end, and with them all that share the last one's first id.
    fn end_of_first(&self, at: usize, count: usize) -> usize {
        let mut end = (at + count.max(1)).min(self.len());
        while end < self.len() && self.id(end, 0) == self.id(end - 1, 0) {
            end += 1;
        }
        end
    }

    /// Those that are not among others.
    #[must_use]
    pub fn without(self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return self;
        }
        Self { arity: self.arity, data: both!(self.arity, &self.data, &other.data, less) }
    }

    /// The places of those that are not among others.
    pub fn places_without(&self, other: &Self) -> BitSet {
        let mut places = BitSet::new(self.len());
        let mut from = 0;
        for at in 0..self.len() {
            let order = |from: usize| {
                let ids = (0..self.arity).map(|place| (other.id(from, place), self.id(at, place)));
                ids.map(|(other, own)| other.cmp(&own)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            };
            while from < other.len() && order(from).is_lt() {
                from += 1;
            }
            if from == other.len() || order(from).is_gt() {
                places.insert(at);
            }
        }
        places
    }

    /// These and others, which have none in common.
    #[must_use]
    pub fn merged(self, other: &Self) -> Self {
        match self.arity {
            _ if self.is_empty() => other.clone(),
            _ if other.is_empty() => self,
            arity => Self { arity, data: both!(arity, &self.data, &other.data, merged) },
        }
    }
}

/// Rows of lists: which list, and which of its rows.
pub type Part = Vec<(usize, Range<usize>)>;

/// Tuples in lists, each of which goes on where the one before ends.
#[derive(Clone, Debug, Default)]
pub struct Lists(Vec<Sorted>);

impl Lists {
    /// Lists in this order, of tuples as wide as each other.
    pub fn new(lists: Vec<Sorted>) -> Self {
        Self(lists)
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.0.iter().map(Sorted::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All in one.
    pub fn whole(self) -> Sorted {
        let rows = self.len();
        let mut lists = self.0.into_iter();
        let Some(mut all) = lists.next() else { return Sorted::default() };
        let more = rows - all.len();
        match &mut all.data {
            Packed::One(data) => data.reserve_exact(more),
            Packed::Two(data) => data.reserve_exact(more),
            Packed::Four(data) => data.reserve_exact(more),
            Packed::Many(data) => data.reserve_exact(more * all.arity),
        }
        for list in lists {
            all.data.extend(&list.data);
        }
        all
    }

    /// Parts of at least so many tuples, of which no two share a first id.
    pub fn by_first(&self, least: usize) -> Vec<Part> {
        let mut out = Vec::new();
        let mut part: Part = Vec::new();
        let (mut held, mut last) = (0, None);
        for (at, list) in self.0.iter().enumerate() {
            let mut from = 0;
            while from < list.len() {
                if held >= least && last != Some(list.id(from, 0)) {
                    out.push(std::mem::take(&mut part));
                    held = 0;
                }
                let end = list.end_of_first(from, least.saturating_sub(held));
                part.push((at, from..end));
                (held, last) = (held + end - from, Some(list.id(end - 1, 0)));
                from = end;
            }
        }
        if !part.is_empty() {
            out.push(part);
        }
        out
    }

    /// The tuples of a part.
    pub fn taken(&self, part: &Part) -> Sorted {
        Self(part.iter().map(|(at, rows)| self.0[*at].slice(rows.clone())).collect()).whole()
    }

    /// The columns of tuples of so many places, each filled on a thread of its own.
    pub fn columns(&self, arity: usize) -> Vec<Vec<u32>> {
        let rows = self.len();
        let column = |place| {
            let mut column = vec![0; rows];
            let mut rest = column.as_mut_slice();
            for list in &self.0 {
                let (own, others) = rest.split_at_mut(list.len());
                list.fill(place, 0, own);
                rest = others;
            }
            column
        };
        each(arity, column)
    }
}

impl From<Sorted> for Lists {
    fn from(list: Sorted) -> Self {
        Self(vec![list])
    }
}

/// Tuples end to end as slices.
pub(super) fn wide(data: &[u32], arity: usize) -> Vec<&[u32]> {
    data.chunks_exact(arity).collect()
}

/// What of one list is not in another.
fn less<T: Ord + Copy>(own: &[T], other: &[T]) -> Vec<T> {
    let mut left = Vec::new();
    let mut at = 0;
    for tuple in own {
        let is_less = |at: usize| other.get(at).is_some_and(|other| other < tuple);
        let mut step = 1;
        while is_less(at + step - 1) {
            at += step;
            step *= 2;
        }
        // The first that is not less lies among the last step's.
        while step > 1 {
            step /= 2;
            if is_less(at + step - 1) {
                at += step;
            }
        }
        if other.get(at) != Some(tuple) {
            left.push(*tuple);
        }
    }
    left
}

/// Two lists in one.
fn merged<T: Ord + Copy>(left: &[T], right: &[T]) -> Vec<T> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let (mut own, mut other) = (0, 0);
    while own < left.len() && other < right.len() {
        let is_own = left[own] < right[other];
        all.push(if is_own { left[own] } else { right[other] });
        own += usize::from(is_own);
        other += usize::from(!is_own);
    }
    all.extend_from_slice(&left[own..]);
    all.extend_from_slice(&right[other..]);
    all
}

#[cfg(test)]
mod tests {
    use super::super::Gather;
    use super::*;

    fn sorted(tuples: &[[u32; 3]]) -> Sorted {
        let mut gather = Gather::new(3);
        tuples.iter().for_each(|tuple| _ = gather.add(tuple));
        gather.finish()
    }

    #[test]
    fn parts_of_lists_share_no_first_id() {
        let all: Vec<[u32; 3]> = (0..60).map(|row| [row * row / 70, row, row % 7]).collect();
        for cuts in [vec![], vec![1, 2, 30], vec![10, 10, 45, 59], vec![60]] {
            let ends = cuts.iter().copied().chain([all.len()]);
            let mut from = 0;
            let lists = ends.map(|end| sorted(&all[std::mem::replace(&mut from, end)..end])).collect();
            let lists = Lists::new(lists);
            assert_eq!(lists.columns(3), sorted(&all).columns());
            for least in [1, 3, 8, 100] {
                let parts: Vec<Sorted> = lists.by_first(least).iter().map(|part| lists.taken(part)).collect();
                for pair in parts.windows(2) {
                    assert!(pair[0].len() >= least);
                    assert!(pair[0].id(pair[0].len() - 1, 0) < pair[1].id(0, 0));
                }
                assert_eq!(Lists::new(parts).whole(), sorted(&all));
            }
        }
    }

    #[test]
    fn places_of_what_is_not_among_others() {
        let all: Vec<[u32; 3]> = (0..40).map(|row| [row / 5, row % 5, 7]).collect();
        let some: Vec<[u32; 3]> = all.iter().copied().filter(|tuple| tuple[1] != tuple[0]).collect();
        let left = sorted(&all).places_without(&sorted(&some));
        let wanted: Vec<usize> = (0..40).filter(|row| row % 5 == row / 5).collect();
        assert_eq!(left.iter().collect::<Vec<usize>>(), wanted);
        let places: Vec<u32> = wanted.iter().map(|place| *place as u32).collect();
        assert_eq!(sorted(&all).picked(&places), sorted(&all).without(&sorted(&some)));
    }
}
