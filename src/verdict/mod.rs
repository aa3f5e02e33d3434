//! What each lens says of each subject.
//! Takes the engine's outcome columns, hands on one `VerdictTable` per question.

mod branches;
mod by_bits;
mod classify;
mod columns;
mod conditions;
mod decide;
mod differing;
mod evaluate;
mod evaluation;
mod exclusive;
mod halves;
mod kept;
mod legs;
mod of_word;
mod outcome;
mod parts;
mod reach;
mod relations;
mod rounds;
mod ruled_out;
mod said;
mod search;
mod splits;
mod steps;
mod stops;
mod sweep;
mod walks;

pub use decide::outcome_of_rows;
pub use differing::{Answer, differing};
pub use evaluate::{Extras, Holds, Scope, evaluate};
pub use evaluation::{Bound, Evaluation, LeftOut, RelationBounds, Violation};
pub use outcome::{Outcome, OutcomeSet};
pub use splits::Without;
pub use stops::{asked_to_stop, limit_reached};
pub use sweep::evaluate_each;

use std::sync::Arc;

use crate::base::{BitSet, IndexVec};
use crate::model::{LensId, QuestionId, RowId};

/// The outcomes of one question.
#[derive(Clone, Debug)]
pub struct VerdictTable {
    /// The question.
    pub question: QuestionId,
    /// The subjects: one column of ids per slot (of the slot's domain), all of one length, each
    /// tuple once, in ascending order of ids. Perhaps-subjects are among them.
    pub subjects: Vec<Arc<Vec<u32>>>,
    /// Subjects that are only possibly in the population; empty where none is.
    pub perhaps: BitSet,
    /// The lenses of the question, in order of declaration.
    pub lenses: Vec<LensColumn>,
    /// What the codes in the lenses' columns stand for.
    pub outcomes: Vec<OutcomeSet>,
}

/// One lens over all subjects.
#[derive(Clone, Debug)]
pub struct LensColumn {
    /// The lens.
    pub lens: LensId,
    /// Per subject the place of its outcomes in `VerdictTable::outcomes`.
    pub codes: Vec<u16>,
    /// Per row, whom it matches.
    pub rows: IndexVec<RowId, RowMatches>,
}

/// Whom a row matches, by place of the subject.
#[derive(Clone, Debug)]
pub struct RowMatches {
    /// Certainly.
    pub certain: BitSet,
    /// Certainly or possibly; `None` where it is the same.
    pub possible: Option<BitSet>,
    /// Whom it would match without each of its conditions, where that was asked for.
    pub without: Vec<Without>,
}

impl VerdictTable {
    /// The number of subjects, perhaps-subjects included.
    pub fn len(&self) -> usize {
        self.subjects.first().map_or(0, |column| column.len())
    }

    /// Whether there are no subjects.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of a lens of this question.
    pub fn column(&self, lens: LensId) -> Option<&LensColumn> {
        self.lenses.iter().find(|column| column.lens == lens)
    }

    /// What a lens says of the subject in place `subject`.
    pub fn outcome(&self, column: &LensColumn, subject: usize) -> OutcomeSet {
        self.outcomes[column.codes[subject] as usize]
    }

    /// The place of a subject, given its ids in slot order.
    pub fn find(&self, ids: &[u32]) -> Option<usize> {
        let compare =
            |place: usize| self.subjects.iter().map(|column| column[place]).cmp(ids.iter().copied());
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match compare(middle) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

impl RowMatches {
    /// Whom it matches possibly, certain matches included.
    pub fn possible(&self) -> &BitSet {
        self.possible.as_ref().unwrap_or(&self.certain)
    }
}
