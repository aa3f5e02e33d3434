//! Whom lenses say something of: a verdict by so many of them, or different things by two. Read column by column, many
//! subjects at a time.

use rayon::prelude::*;

use super::decide::Classes;
use super::{Outcome, OutcomeSet};
use crate::base::BitSet;
use crate::engine::planted::{Bug, planted};
use crate::model::{LensId, VerdictId};

/// Words of bits that a thread fills at a time.
const WORDS: usize = 512;

/// What lenses say by code, a column each.
pub(super) enum Said<'c> {
    /// At least so many of them give a verdict.
    Votes {
        /// Per lens the codes of the subjects, and by code whether it counts: certainly, and possibly.
        votes: Vec<(&'c [u16], Vec<[bool; 2]>)>,
        /// How many must.
        needed: usize,
    },
    /// Two of them disagree.
    Differ {
        /// The codes by one.
        left: &'c [u16],
        /// The codes by the other.
        right: &'c [u16],
        /// What the codes stand for.
        outcomes: &'c [OutcomeSet],
    },
}

impl<'c> Said<'c> {
    /// Whether at least `needed` of the lenses give a verdict.
    pub fn votes(classes: &'c Classes, lenses: &[LensId], verdict: VerdictId, needed: usize) -> Self {
        let wanted = Outcome::Verdict(verdict);
        let columns = lenses.iter().filter_map(|lens| classes.lenses.get(lens));
        let votes = columns.map(|column| {
            let meets = |set: &OutcomeSet| [set.settled() == Some(wanted), set.contains(wanted)];
            (column.codes.as_slice(), classes.outcomes.iter().map(meets).collect())
        });
        Self::Votes { votes: votes.collect(), needed }
    }

    /// Whether two lenses disagree.
    pub fn differ(classes: &'c Classes, left: LensId, right: LensId) -> Self {
        // INVARIANT: a lens that others ask about is settled before them.
        let codes =
            |lens: LensId| classes.lenses.get(&lens).map_or(&[][..], |column| column.codes.as_slice());
        Self::Differ { left: codes(left), right: codes(right), outcomes: &classes.outcomes }
    }

    /// The subjects it is said of, certainly, or possibly where that is asked; of those `perhaps` in the population
    /// nothing is certain.
    pub fn subjects(&self, count: usize, perhaps: &BitSet, possible: bool) -> BitSet {
        let mut said = BitSet::new(count);
        said.words_mut().par_chunks_mut(WORDS).enumerate().for_each(|(chunk, words)| {
            let from = chunk * WORDS * 64;
            self.fill(from, count.min(from + words.len() * 64), possible, words);
        });
        if !possible {
            perhaps.iter().for_each(|subject| said.remove(subject));
        }
        said
    }

    /// Sets the bits of subjects in a range.
    fn fill(&self, from: usize, to: usize, possible: bool, words: &mut [u64]) {
        let set = |words: &mut [u64], at: usize, is: bool| words[at / 64] |= u64::from(is) << (at % 64);
        match self {
            Self::Votes { votes, needed } => {
                let mut counts = vec![u16::from(planted(Bug::OneFewer)); to - from];
                for (codes, meets) in votes {
                    let counts_by_code: Vec<u16> =
                        meets.iter().map(|meets| u16::from(meets[usize::from(possible)])).collect();
                    for (count, code) in counts.iter_mut().zip(&codes[from..to]) {
                        *count += counts_by_code[*code as usize];
                    }
                }
                for (at, count) in counts.into_iter().enumerate() {
                    set(words, at, usize::from(count) >= *needed);
                }
            }
            Self::Differ { left, right, outcomes } => {
                let pairs = left.iter().zip(right.iter()).skip(from).take(to - from);
                for (at, (left, right)) in pairs.enumerate() {
                    let (left, right) = (outcomes[*left as usize], outcomes[*right as usize]);
                    let differ = if possible {
                        left.settled().is_none() || left != right
                    } else {
                        left.is_disjoint(right)
                    };
                    set(words, at, differ);
                }
            }
        }
    }
}

/// The places of the bits that are set, ascending.
pub(super) fn places(bits: &BitSet) -> Vec<u32> {
    let in_chunk = |(chunk, words): (usize, &[u64])| {
        let mut places = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                places.push(((chunk * WORDS + at) * 64) as u32 + left.trailing_zeros());
                left &= left - 1;
            }
        }
        places
    };
    let chunks: Vec<Vec<u32>> = bits.words().par_chunks(WORDS).enumerate().map(in_chunk).collect();
    chunks.concat()
}
