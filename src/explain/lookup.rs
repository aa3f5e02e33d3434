//! Looking tuples up by what stands in some of their slots: sorted columns, and indexes made when a
//! column has been asked often enough.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::facts::MISSING;

/// Why a search ended before it had seen everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// Whoever asked has enough.
    Enough,
    /// The budget is used up.
    Spent,
    /// What was found before was not found again: a bug of ours.
    Lost,
}

/// Whether a search goes on.
pub(super) type Flow = Result<(), Stop>;

/// A tuple of ids.
pub(super) type Tuple = Vec<u32>;

/// What is wanted in a slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Want {
    /// Anything.
    Any,
    /// This.
    Is(u32),
    /// This value, or one nobody stated.
    IsOrMissing(u32),
}

impl Want {
    /// What alone is wanted, if so.
    pub fn given(self) -> Option<u32> {
        match self {
            Self::Is(id) => Some(id),
            Self::Any | Self::IsOrMissing(_) => None,
        }
    }

    /// Whether an id is what is wanted.
    pub fn fits(self, id: u32) -> bool {
        match self {
            Self::Any => true,
            Self::Is(wanted) => id == wanted,
            Self::IsOrMissing(wanted) => id == wanted || id == MISSING,
        }
    }
}

/// Whether a tuple is as wanted.
pub(super) fn fits(want: &[Want], tuple: &[u32]) -> bool {
    want.iter().zip(tuple).all(|(want, id)| want.fits(*id))
}

/// How often a column is looked through, counted in whole columns, before an index of it is made.
const SCANS: u64 = 6;

/// Ids that are looked through at a time.
const RUN: usize = 256;

/// The places of each id in a column.
#[derive(Debug)]
struct ByColumn {
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl ByColumn {
    fn new(column: &[u32]) -> Self {
        let most = column.iter().max().map_or(0, |most| *most as usize + 1);
        let mut starts = vec![0_u32; most + 1];
        for id in column {
            starts[*id as usize + 1] += 1;
        }
        for at in 0..most {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut places = vec![0_u32; column.len()];
        for (place, id) in column.iter().enumerate() {
            places[next[*id as usize] as usize] = place as u32;
            next[*id as usize] += 1;
        }
        Self { starts, places }
    }

    fn places(&self, id: u32) -> &[u32] {
        let id = id as usize;
        match (self.starts.get(id), self.starts.get(id + 1)) {
            (Some(from), Some(to)) => &self.places[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

#[derive(Debug)]
enum Known {
    /// So many rows of it were looked through.
    Scanned(u64),
    Indexed(Rc<ByColumn>),
}

/// So few rows are looked at without asking for an index.
const FEW: usize = 64;

/// Leading columns of so many rows get a fence: every so-many-th id of theirs, which stays near.
const LONG: usize = 1 << 13;
const POST: usize = 1 << 8;

/// Indexes of columns, by where the columns lie.
#[derive(Default, Debug)]
pub(super) struct Indexes {
    known: RefCell<HashMap<usize, Known, FxBuildHasher>>,
    fences: RefCell<HashMap<usize, Rc<Vec<u32>>, FxBuildHasher>>,
}

impl Indexes {
    /// The index of a column, where it is worth it; without it so many rows are looked through.
    fn index(&self, column: &Arc<Vec<u32>>, rows: usize) -> Option<Rc<ByColumn>> {
        let mut known = self.known.borrow_mut();
        let entry = known.entry(Arc::as_ptr(column) as usize).or_insert(Known::Scanned(0));
        match entry {
            Known::Indexed(index) => Some(Rc::clone(index)),
            Known::Scanned(all) if *all < SCANS * column.len() as u64 => {
                *all += rows as u64;
                None
            }
            Known::Scanned(_) => {
                let index = Rc::new(ByColumn::new(column));
                *entry = Known::Indexed(Rc::clone(&index));
                Some(index)
            }
        }
    }

    /// The rows of an id in a leading column, which is sorted.
    fn rows(&self, column: &Arc<Vec<u32>>, id: u32) -> (usize, usize) {
        // Of things that have a row each the row is the id.
        let at = id as usize;
        let own = |at: usize| column.get(at) == Some(&id);
        if own(at) && !own(at + 1) && !(at > 0 && own(at - 1)) {
            return (at, at + 1);
        }
        let (mut low, mut high) = (0, column.len());
        if column.len() >= LONG {
            let mut fences = self.fences.borrow_mut();
            let made = || Rc::new(column.iter().step_by(POST).copied().collect());
            let fence = fences.entry(Arc::as_ptr(column) as usize).or_insert_with(made);
            let post = fence.partition_point(|other| *other < id);
            (low, high) = (post.saturating_sub(1) * POST, (post * POST + 1).min(high));
        }
        let from = low + column[low..high].partition_point(|other| *other < id);
        (from, from + before_next(&column[from..], id))
    }

    /// Calls `visit` with each tuple that is as wanted; the columns are sorted.
    pub fn each(
        &self,
        columns: &[Arc<Vec<u32>>],
        want: &[Want],
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        let Some(first) = columns.first() else { return Ok(()) };
        let mut tuple = vec![0; columns.len()];
        let mut check = |row: usize| -> Flow {
            if want.iter().zip(columns).all(|(want, column)| want.fits(column[row])) {
                tuple.iter_mut().zip(columns).for_each(|(id, column)| *id = column[row]);
                visit(&tuple)
            } else {
                Ok(())
            }
        };
        // The leading columns are sorted.
        let leading = want.iter().take_while(|want| matches!(want, Want::Is(_))).count();
        let (mut low, mut high) = (0, first.len());
        for (at, (want, column)) in want.iter().zip(columns).take(leading).enumerate() {
            let Want::Is(id) = want else { break };
            (low, high) = if at == 0 { self.rows(column, *id) } else { narrowed(column, (low, high), *id) };
        }
        if leading > 0 && high - low <= FEW {
            return (low..high).try_for_each(check);
        }
        let others = || want.iter().zip(columns).skip(leading);
        // Of one thing wanted the rows, where an index tells that they are fewer.
        let mut least: Option<(Rc<ByColumn>, u32)> = None;
        for (want, column) in others() {
            if let Want::Is(id) = want
                && let Some(index) = self.index(column, high - low)
                && index.places(*id).len()
                    < least.as_ref().map_or(high - low, |(index, id)| index.places(*id).len())
            {
                least = Some((index, *id));
            }
        }
        if let Some((index, id)) = least {
            let places = index.places(id);
            let from = places.partition_point(|place| (*place as usize) < low);
            let near = places[from..].iter().map(|place| *place as usize);
            return near.take_while(|place| *place < high).try_for_each(check);
        }
        let fixed = others().find_map(|(want, column)| match want {
            Want::Is(id) if leading == 0 => Some((*id, column)),
            Want::Is(_) | Want::Any | Want::IsOrMissing(_) => None,
        });
        if let Some((id, column)) = fixed {
            // Whether a whole run holds the id is seen many ids at a time.
            return column.chunks(RUN).enumerate().try_for_each(|(at, run)| {
                if run.iter().map(|other| u32::from(*other == id)).sum::<u32>() == 0 {
                    return Ok(());
                }
                let places = run.iter().enumerate().filter(|(_, other)| **other == id);
                places.map(|(place, _)| at * RUN + place).try_for_each(&mut check)
            });
        }
        let loose = others().find_map(|(want, column)| match want {
            Want::IsOrMissing(id) if leading == 0 => Some((*id, self.index(column, high)?)),
            Want::Is(_) | Want::Any | Want::IsOrMissing(_) => None,
        });
        match loose {
            Some((id, index)) => {
                let places = [MISSING, id].into_iter().flat_map(|id| index.places(id));
                places.map(|place| *place as usize).try_for_each(check)
            }
            None => (low..high).try_for_each(check),
        }
    }
}

/// Of rows that agree on the columns before those with an id.
fn narrowed(column: &[u32], (low, high): (usize, usize), id: u32) -> (usize, usize) {
    let from = low + column[low..high].partition_point(|other| *other < id);
    (from, from + before_next(&column[from..high], id))
}

/// How many ids at the begin of a sorted column are no greater than `id`; often they are few.
fn before_next(column: &[u32], id: u32) -> usize {
    let mut step = 1;
    while step < column.len() && column[step] <= id {
        step *= 2;
    }
    let (low, high) = (step / 2, step.min(column.len()));
    low + column[low..high].partition_point(|other| *other <= id)
}
