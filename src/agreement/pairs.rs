//! Two lenses side by side, for the focus verdict and for all outcomes.

use super::{Pattern, Side, side};
use crate::model::VerdictId;

/// Figures of two lenses, as places among the lenses compared.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The first.
    pub left: usize,
    /// The second.
    pub right: usize,
    /// Both give the focus verdict (a).
    pub both: u64,
    /// Only the first does (b).
    pub left_only: u64,
    /// Only the second does (c).
    pub right_only: u64,
    /// Neither does (d).
    pub neither: u64,
    /// Either is undecided; in none of the four.
    pub undecided: u64,
    /// Subjects both decide, but not alike, whatever the verdicts.
    pub differing: u64,
    /// Per two verdicts (first, second) the subjects both decide so.
    pub table: Vec<((VerdictKey, VerdictKey), u64)>,
}

/// A settled verdict, or none: the categories of an agreement table.
pub type VerdictKey = Option<VerdictId>;

/// How the focus sets of two lenses lie to each other, on this data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// The same subjects.
    Equal,
    /// The first's are among the second's.
    Inside,
    /// The second's are among the first's.
    Contains,
    /// No subject in common.
    Disjoint,
    /// Some in common, some not.
    Overlaps,
}

impl Pair {
    /// The relation of the two focus sets among subjects both decide.
    pub fn relation(&self) -> Relation {
        match (self.left_only, self.right_only, self.both) {
            (0, 0, _) => Relation::Equal,
            (0, _, 1..) => Relation::Inside,
            (_, 0, 1..) => Relation::Contains,
            (_, _, 0) => Relation::Disjoint,
            _ => Relation::Overlaps,
        }
    }

    /// Subjects both decide.
    pub fn decided(&self) -> u64 {
        self.both + self.left_only + self.right_only + self.neither
    }
}

/// All pairs, in order.
pub(super) fn pairs(patterns: &[Pattern], lenses: usize, focus: VerdictId) -> Vec<Pair> {
    let mut out = Vec::new();
    for left in 0..lenses {
        for right in left + 1..lenses {
            out.push(pair(patterns, left, right, focus));
        }
    }
    out
}

fn pair(patterns: &[Pattern], left: usize, right: usize, focus: VerdictId) -> Pair {
    let mut pair = Pair {
        left,
        right,
        both: 0,
        left_only: 0,
        right_only: 0,
        neither: 0,
        undecided: 0,
        differing: 0,
        table: Vec::new(),
    };
    for pattern in patterns {
        let (a, b) = (pattern.outcomes[left], pattern.outcomes[right]);
        let count = match (side(a, focus), side(b, focus)) {
            (Side::Undecided, _) | (_, Side::Undecided) => &mut pair.undecided,
            (Side::Yes, Side::Yes) => &mut pair.both,
            (Side::Yes, Side::No) => &mut pair.left_only,
            (Side::No, Side::Yes) => &mut pair.right_only,
            (Side::No, Side::No) => &mut pair.neither,
        };
        *count += pattern.count;
        if let (Some(a), Some(b)) = (category(a), category(b)) {
            if a != b {
                pair.differing += pattern.count;
            }

            match pair.table.iter_mut().find(|(key, _)| *key == (a, b)) {
                Some((_, count)) => *count += pattern.count,
                None => pair.table.push(((a, b), pattern.count)),
            }
        }
    }
    pair.table.sort_unstable();
    pair
}

/// The category of a decided outcome; unknown and conflict have none.
pub(super) fn category(set: crate::verdict::OutcomeSet) -> Option<VerdictKey> {
    match set.settled()? {
        crate::verdict::Outcome::Verdict(verdict) => Some(Some(verdict)),
        crate::verdict::Outcome::None => Some(None),
        crate::verdict::Outcome::Conflict => None,
    }
}
