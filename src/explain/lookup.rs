//! Looking tuples up by what stands in some of their slots: sorted columns, and indexes made when a
//! column has been asked often enough.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

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

/// How often a column is searched from end to end before an index of it is made.
const SCANS: u32 = 6;

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
    Scanned(u32),
    Indexed(Rc<ByColumn>),
}

/// Indexes of columns, by where the columns lie.
#[derive(Default, Debug)]
pub(super) struct Indexes {
    known: RefCell<HashMap<usize, Known>>,
}

impl Indexes {
    fn index(&self, column: &Arc<Vec<u32>>) -> Option<Rc<ByColumn>> {
        let mut known = self.known.borrow_mut();
        let entry = known.entry(Arc::as_ptr(column) as usize).or_insert(Known::Scanned(0));
        match entry {
            Known::Indexed(index) => Some(Rc::clone(index)),
            Known::Scanned(times) if *times < SCANS => {
                *times += 1;
                None
            }
            Known::Scanned(_) => {
                let index = Rc::new(ByColumn::new(column));
                *entry = Known::Indexed(Rc::clone(&index));
                Some(index)
            }
        }
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
        let (mut low, mut high) = (0, first.len());
        let mut narrowed = false;
        for (want, column) in want.iter().zip(columns) {
            let Want::Is(id) = want else { break };
            let run = &column[low..high];
            let from = run.partition_point(|other| other < id);
            let to = run.partition_point(|other| other <= id);
            (low, high) = (low + from, low + to);
            narrowed = true;
        }
        let fixed = want.iter().position(|want| matches!(want, Want::Is(_)));
        let loose = want.iter().position(|want| matches!(want, Want::IsOrMissing(_)));
        let column = if narrowed { None } else { fixed.or(loose) };
        let index = column.and_then(|at| Some((at, self.index(&columns[at])?)));
        match index {
            Some((at, index)) => {
                let ids = match want[at] {
                    Want::Is(id) => vec![id],
                    Want::IsOrMissing(id) => vec![MISSING, id],
                    Want::Any => Vec::new(),
                };
                ids.iter().flat_map(|id| index.places(*id)).try_for_each(|place| check(*place as usize))
            }
            None => match column.map(|at| (want[at], &columns[at])) {
                Some((Want::Is(id), column)) => {
                    let places = column.iter().enumerate().filter(|(_, other)| **other == id);
                    places.map(|(place, _)| place).try_for_each(check)
                }
                Some(_) | None => (low..high).try_for_each(check),
            },
        }
    }
}
