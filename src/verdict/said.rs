//! Whom lenses say something of: a verdict by so many of them, or different things by two. Read from a set of subjects per
//! outcome of a lens, 64 subjects at a time.

use std::sync::Arc;

use super::decide::Classes;
use super::{Outcome, OutcomeSet};
use crate::base::parallel::each_of;
use crate::base::{BitSet, transposed};
use crate::engine::planted::{Bug, planted};
use crate::model::{LensId, VerdictId};

/// Words of bits that a thread fills at a time.
const WORDS: usize = 512;

/// Bits of a byte.
const BYTE: usize = 8;

/// More lenses than can vote have no more digits than this.
const DIGITS: usize = 32;

/// Of each outcome of a lens, for whom it is open.
#[derive(Debug)]
pub(super) struct Planes {
    outcomes: Vec<(Outcome, Vec<u64>)>,
    /// Of whom just one is.
    settled: Vec<u64>,
}

impl Planes {
    /// What codes of subjects stand for, outcome by outcome.
    pub fn of(codes: &[u16], sets: &[OutcomeSet]) -> Self {
        let all = sets.iter().fold(OutcomeSet::EMPTY, |all, set| all.union(*set));
        let outcomes: Vec<Outcome> = all.iter().collect();
        let mut words: Vec<Vec<u64>> = Vec::with_capacity(outcomes.len());
        for some in outcomes.chunks(BYTE) {
            let bits = |set: &OutcomeSet| {
                let bit = |(at, outcome): (usize, &Outcome)| u8::from(set.contains(*outcome)) << at;
                some.iter().enumerate().map(bit).sum()
            };
            let by_code: Vec<u8> = sets.iter().map(bits).collect();
            // The words of eight outcomes, side by side.
            let mut beside = vec![[0_u64; BYTE]; codes.len().div_ceil(64)];
            let fill = |(words, codes): (&mut [[u64; BYTE]], &[u16])| {
                for (words, codes) in words.iter_mut().zip(codes.chunks(64)) {
                    for (from, codes) in (0..).step_by(BYTE).zip(codes.chunks(BYTE)) {
                        let square = codes.iter().enumerate().fold(0, |square, (at, code)| {
                            square | u64::from(by_code[usize::from(*code)]) << (at * BYTE)
                        });
                        for (word, own) in words.iter_mut().zip(transposed(square).to_le_bytes()) {
                            *word |= u64::from(own) << from;
                        }
                    }
                }
            };
            each_of(beside.chunks_mut(WORDS).zip(codes.chunks(WORDS * 64)).collect(), fill);
            words
                .extend((0..some.len()).map(|at| beside.iter().map(|words| words[at]).collect::<Vec<u64>>()));
        }
        let settled = |at: usize| {
            let (once, twice) = words
                .iter()
                .fold((0, 0), |(once, twice), words| (once | words[at], twice | once & words[at]));
            once & !twice
        };
        let settled = (0..codes.len().div_ceil(64)).map(settled).collect();
        Self { outcomes: outcomes.into_iter().zip(words).collect(), settled }
    }

    fn outcome(&self, wanted: Outcome) -> Option<&[u64]> {
        self.outcomes.iter().find(|(outcome, _)| *outcome == wanted).map(|(_, words)| words.as_slice())
    }
}

/// What lenses say.
pub(super) enum Said {
    /// At least so many of them give a verdict.
    Votes {
        /// What each says.
        votes: Vec<Arc<Planes>>,
        /// What is wanted.
        verdict: VerdictId,
        /// How many must.
        needed: usize,
    },
    /// Two of them disagree.
    Differ {
        /// What one says.
        left: Arc<Planes>,
        /// What the other says.
        right: Arc<Planes>,
    },
}

impl Said {
    /// Whether at least `needed` of the lenses give a verdict.
    pub fn votes(classes: &Classes, lenses: &[LensId], verdict: VerdictId, needed: usize) -> Self {
        let votes = lenses.iter().filter_map(|lens| classes.planes(*lens)).collect();
        Self::Votes { votes, verdict, needed }
    }

    /// Whether two lenses disagree.
    pub fn differ(classes: &Classes, left: LensId, right: LensId) -> Self {
        // INVARIANT: a lens that others ask about is settled before them.
        match (classes.planes(left), classes.planes(right)) {
            (Some(left), Some(right)) => Self::Differ { left, right },
            _ => Self::Votes { votes: Vec::new(), verdict: VerdictId(0), needed: 1 },
        }
    }

    /// The subjects it is said of, certainly, or possibly where that is asked; of those `perhaps` in the population
    /// nothing is certain.
    pub fn subjects(&self, count: usize, perhaps: &BitSet, possible: bool) -> BitSet {
        let mut said = BitSet::full(count);
        match self {
            Self::Votes { votes, verdict, needed } => {
                let wanted = Outcome::Verdict(*verdict);
                let given: Vec<(&[u64], &[u64])> = votes
                    .iter()
                    .filter_map(|vote| Some((vote.outcome(wanted)?, vote.settled.as_slice())))
                    .collect();
                let open_counts = possible && !planted(Bug::SettledOnly);
                let needed = needed.saturating_sub(usize::from(planted(Bug::OneFewer)));
                for (at, word) in said.words_mut().iter_mut().enumerate() {
                    let votes = given.iter().map(
                        |(open, settled)| {
                            if open_counts { open[at] } else { open[at] & settled[at] }
                        },
                    );
                    *word &= at_least(needed, votes);
                }
            }
            Self::Differ { left, right } => {
                for (at, word) in said.words_mut().iter_mut().enumerate() {
                    *word &= differ(left, right, at, possible);
                }
            }
        }
        if !possible {
            perhaps.iter().for_each(|subject| said.remove(subject));
        }
        said
    }
}

/// The bits that at least so many words have: counted in binary, a word per digit.
fn at_least(needed: usize, words: impl Iterator<Item = u64>) -> u64 {
    let mut digits = [0_u64; DIGITS];
    let mut used = (usize::BITS - needed.leading_zeros()) as usize;
    for word in words {
        let mut carry = word;
        let mut at = 0;
        while carry != 0 && at < DIGITS {
            (digits[at], carry) = (digits[at] ^ carry, digits[at] & carry);
            at += 1;
        }
        used = used.max(at);
    }
    digits[..used].iter().enumerate().fold(u64::MAX, |enough, (at, digit)| {
        if needed >> at & 1 == 1 { digit & enough } else { digit | enough }
    })
}

/// On whom of 64 subjects two lenses disagree: no outcome is open to both, or they may differ.
fn differ(left: &Planes, right: &Planes, at: usize, possible: bool) -> u64 {
    let own = left.outcomes.iter().map(|(outcome, words)| (words[at], right.outcome(*outcome)));
    if !possible {
        return !own.fold(0, |both, (left, right)| both | left & right.map_or(0, |words| words[at]));
    }
    let same =
        |all: u64, (left, right): (u64, Option<&[u64]>)| all & !(left ^ right.map_or(0, |words| words[at]));
    !own.fold(left.settled[at] & right.settled[at], same)
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
    let chunks: Vec<Vec<u32>> = each_of(bits.words().chunks(WORDS).enumerate().collect(), in_chunk);
    chunks.concat()
}
