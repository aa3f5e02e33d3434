//! Whom a body matches where for some subject a calculation has no result: the search over batches in halves, and halves of
//! those, so that only few subjects are gone through one way after the other.

use std::ops::Range;

use super::decide::Classes;
use super::evaluate::Evaluator;
use super::search::{may_search, subjects};
use crate::base::{BitSet, Idx};
use crate::engine::planted::pays_from;
use crate::engine::{Frame, Halt, Profile, Runner, Table, Values};
use crate::model::{Clause, VarId};
use crate::plan::{Inputs, Subjects};

/// Fewer subjects are gone through one way after the other at once.
const FEW: usize = 1 << 10;

/// So few are not halved further.
const FEWEST: usize = 16;

/// So many searches are tried: one subject without a result takes about two for each time that the subjects are halved.
const MOST_TRIES: usize = 96;

/// The search one way after the other, whose first variables are the subject's words.
pub(super) struct OneByOne<'a> {
    pub(super) classes: &'a Classes,
    pub(super) possible: bool,
    pub(super) runner: Runner<'a>,
}

impl OneByOne<'_> {
    /// Whether a subject is matched.
    pub(super) fn holds(&self, subject: usize, frame: &mut Frame) -> Result<bool, Halt> {
        for (slot, column) in self.classes.subjects.iter().enumerate() {
            frame.ids[slot] = column[subject];
        }
        // Where the population is only possible, a calculation cannot be known to matter.
        let raise = !self.possible && !self.classes.perhaps.contains(subject);
        self.runner.holds(frame, raise)
    }
}

/// A body, and what it is asked of.
type Body<'a> = (&'a Clause, &'a Inputs<'a>, &'a Values<'a>);

impl Evaluator<'_> {
    /// Whom a body matches; `None` where there are few subjects, or too many without a result.
    pub(super) fn by_halves(&self, asked: &OneByOne<'_>, body: Body<'_>) -> Result<Option<BitSet>, Halt> {
        let count = asked.classes.len();
        if count < pays_from(FEW) || !may_search(&asked.classes.asked(), body.0, body.1) {
            return Ok(None);
        }
        let (mut met, mut tries) = (BitSet::new(count), MOST_TRIES);
        let all = self.halved((asked, body), 0..count, &mut tries, &mut met)?;
        Ok(all.then_some(met))
    }

    /// Some subjects among whom there are such without a result; whether all were asked.
    fn halved(
        &self,
        (asked, body): (&OneByOne<'_>, Body<'_>),
        some: Range<usize>,
        tries: &mut usize,
        met: &mut BitSet,
    ) -> Result<bool, Halt> {
        if some.len() <= FEWEST {
            let mut frame = asked.runner.frame();
            for subject in some {
                if asked.holds(subject, &mut frame)? {
                    met.insert(subject);
                }
            }
            return Ok(true);
        }
        let middle = some.start + some.len() / 2;
        for half in [some.start..middle, middle..some.end] {
            let Some(left) = tries.checked_sub(1) else { return Ok(false) };
            *tries = left;
            let words = &asked.classes.subjects;
            let columns = words.iter().map(|column| column[half.clone()].to_vec()).collect();
            let vars = (0..words.len()).map(VarId::from_usize).collect();
            let subset = Subjects { table: Table::sorted(columns).into(), vars };
            let ((clause, inputs, values), profile) = (body, Profile::default());
            let found = subjects(&subset, clause, asked.possible, inputs, values, &self.clock, &profile)?;
            match found {
                Some(found) => found.iter().for_each(|place| met.insert(half.start + place)),
                None if self.halved((asked, body), half, tries, met)? => {}
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}
