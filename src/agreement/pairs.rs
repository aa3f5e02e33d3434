//! Two lenses side by side, for the focus verdict and for all outcomes.

use super::{Pattern, Side, side};
use crate::base::parallel::each_of;
use crate::model::VerdictId;
use crate::verdict::{Outcome, OutcomeSet};

/// So many patterns, over all pairs, are counted on all threads.
const MANY: usize = 1 << 16;

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
    // Every set of outcomes that occurs, and per lens the place of each pattern's.
    let mut sets: Vec<OutcomeSet> = patterns.iter().flat_map(|pattern| pattern.outcomes.clone()).collect();
    sets.sort_unstable();
    sets.dedup();
    let codes: Vec<Vec<usize>> = (0..lenses)
        .map(|lens| {
            // INVARIANT: each outcome is among the sets, which were made of them.
            let code = |pattern: &Pattern| sets.binary_search(&pattern.outcomes[lens]).unwrap_or(0);
            patterns.iter().map(code).collect()
        })
        .collect();
    let all: Vec<(usize, usize)> =
        (0..lenses).flat_map(|left| (left + 1..lenses).map(move |right| (left, right))).collect();
    let pair = |(left, right): (usize, usize)| {
        let mut counts = vec![0_u64; sets.len() * sets.len()];
        for (pattern, (a, b)) in patterns.iter().zip(codes[left].iter().zip(&codes[right])) {
            counts[a * sets.len() + b] += pattern.count;
        }
        let met = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let met = met.map(|(at, count)| (sets[at / sets.len()], sets[at % sets.len()], *count));
        pair(left, right, met, focus)
    };
    if all.len() * patterns.len() < MANY { all.into_iter().map(pair).collect() } else { each_of(all, pair) }
}

/// Two lenses, from how many subjects each two sets of outcomes have.
fn pair(
    left: usize,
    right: usize,
    counts: impl Iterator<Item = (OutcomeSet, OutcomeSet, u64)>,
    focus: VerdictId,
) -> Pair {
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
    for (a, b, subjects) in counts {
        let count = match (side(a, focus), side(b, focus)) {
            (Side::Undecided, _) | (_, Side::Undecided) => &mut pair.undecided,
            (Side::Yes, Side::Yes) => &mut pair.both,
            (Side::Yes, Side::No) => &mut pair.left_only,
            (Side::No, Side::Yes) => &mut pair.right_only,
            (Side::No, Side::No) => &mut pair.neither,
        };
        *count += subjects;
        if let (Some(a), Some(b)) = (category(a), category(b)) {
            if a != b {
                pair.differing += subjects;
            }
            pair.table.push(((a, b), subjects));
        }
    }
    pair.table.sort_unstable();
    pair
}

/// The category of a decided outcome; unknown and conflict have none.
pub(super) fn category(set: OutcomeSet) -> Option<VerdictKey> {
    match set.settled()? {
        Outcome::Verdict(verdict) => Some(Some(verdict)),
        Outcome::None => Some(None),
        Outcome::Conflict => None,
    }
}
