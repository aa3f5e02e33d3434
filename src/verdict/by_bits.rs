//! Open outcomes of lenses whose rows do not override each other, for 64 subjects at a time: a word of bits per outcome.

use super::decide::WORDS;
use super::exclusive::Apart;
use super::{Outcome, OutcomeSet, RowMatches};
use crate::base::parallel::each_part_mut;
use crate::base::{IndexVec, transposed};
use crate::engine::planted::{Bug, planted};
use crate::model::{Lens, Policy, RowId, VerdictId};

/// At most so many outcomes, what holds where no row decides among them: every set of them has a place in a table.
const MOST: usize = 12;

/// Bits of a byte.
const BYTE: usize = 8;

/// What rows leave open of each subject.
pub(super) struct Open {
    /// Per subject the outcomes that are open, a bit each.
    pub sets: Vec<u16>,
    /// The sets there are, by the first subject that has each.
    pub seen: Vec<u16>,
    /// What the bits stand for; the one after them for what holds where no row decides.
    outcomes: Vec<Outcome>,
}

/// A row: the place of its verdict, and whom it matches certainly and possibly.
type Row<'r> = (usize, &'r [u64], &'r [u64]);

impl Open {
    /// How many different sets there can be.
    pub const SETS: usize = 1 << MOST;

    /// What is open for so many subjects; `None` where rows override each other, or outcomes are too many.
    pub fn of(
        lens: &Lens,
        apart: &Apart,
        rows: &IndexVec<RowId, RowMatches>,
        subjects: usize,
    ) -> Option<Self> {
        let in_order = match &lens.policy {
            Policy::FirstMatch => true,
            Policy::Unique { overrides } if overrides.is_empty() => false,
            Policy::Unique { .. } => return None,
        };
        let mut verdicts: Vec<VerdictId> = lens.rows.iter().map(|row| row.verdict).collect();
        verdicts.sort_unstable();
        verdicts.dedup();
        let mut outcomes: Vec<Outcome> = verdicts.iter().copied().map(Outcome::Verdict).collect();
        outcomes.extend((!in_order).then_some(Outcome::Conflict));
        if outcomes.len() >= MOST {
            return None;
        }
        let places = lens.rows.iter().filter_map(|row| verdicts.binary_search(&row.verdict).ok());
        let rows: Vec<Row<'_>> = places
            .zip(rows.iter())
            .map(|(place, row)| (place, row.certain.words(), row.possible().words()))
            .collect();
        let clashes = if in_order || planted(Bug::NoClash) { Vec::new() } else { clashes(&rows, apart) };
        let mut sets = vec![0_u16; subjects];
        let chunk = |(at, sets): (usize, &mut [u16])| {
            let mut known = [false; Self::SETS];
            let mut seen = Vec::new();
            for (word, sets) in (at * WORDS..).zip(sets.chunks_mut(64)) {
                let mut bits = [0; MOST];
                let open =
                    if in_order { first(&rows, word, &mut bits) } else { unique(&rows, word, &mut bits) };
                for (left, right) in &clashes {
                    bits[verdicts.len()] |= left[word] & right[word];
                }
                bits[outcomes.len()] = open;
                turn(&bits, sets);
                for set in sets {
                    if !std::mem::replace(&mut known[usize::from(*set)], true) {
                        seen.push(*set);
                    }
                }
            }
            seen
        };
        let found: Vec<Vec<u16>> = each_part_mut(&mut sets, WORDS * 64, |at, own| chunk((at, own)));
        let mut seen: Vec<u16> = Vec::new();
        for set in found.into_iter().flatten() {
            if !seen.contains(&set) {
                seen.push(set);
            }
        }
        Some(Self { sets, seen, outcomes })
    }

    /// The outcomes of a set, and whether what holds where no row decides is open too.
    pub fn outcomes(&self, set: u16) -> (OutcomeSet, bool) {
        let is_open = |place: usize| set >> place & 1 == 1;
        let open = self.outcomes.iter().enumerate().filter(|(place, _)| is_open(*place));
        let all = open.fold(OutcomeSet::EMPTY, |all, (_, outcome)| all.with(*outcome));
        (all, is_open(self.outcomes.len()))
    }
}

/// Whom verdicts are open for where the first row that matches decides; hands back whom no row certainly matches.
fn first(rows: &[Row<'_>], word: usize, bits: &mut [u64; MOST]) -> u64 {
    rows.iter().fold(u64::MAX, |left, (place, certain, possible)| {
        bits[*place] |= left & possible[word];
        left & !certain[word]
    })
}

/// The same where all rows that match must agree: a verdict is open where no row certainly matches that gives another.
fn unique(rows: &[Row<'_>], word: usize, bits: &mut [u64; MOST]) -> u64 {
    let mut sure = [0; MOST];
    for (place, certain, possible) in rows {
        bits[*place] |= possible[word];
        sure[*place] |= certain[word];
    }
    let (mut once, mut twice) = (0, 0);
    for sure in sure {
        twice |= once & sure;
        once |= sure;
    }
    for (bits, sure) in bits.iter_mut().zip(sure) {
        *bits &= !(twice | once & !sure);
    }
    !once
}

/// Makes of a word per outcome a set per subject, eight subjects of eight outcomes at a time.
fn turn(bits: &[u64; MOST], sets: &mut [u16]) {
    for (first, sets) in (0..).step_by(BYTE).zip(sets.chunks_mut(BYTE)) {
        for (from, bits) in (0..).step_by(BYTE).zip(bits.chunks(BYTE)) {
            let square = bits
                .iter()
                .enumerate()
                .fold(0, |square, (place, word)| square | (word >> first & 0xff) << (place * BYTE));
            let turned = transposed(square).to_le_bytes();
            for (set, own) in sets.iter_mut().zip(turned) {
                *set |= u16::from(own) << from;
            }
        }
    }
}

/// Whom rows of different verdicts possibly match, pair by pair, but for those that never match together.
fn clashes<'r>(rows: &[Row<'r>], apart: &Apart) -> Vec<(&'r [u64], &'r [u64])> {
    let mut out = Vec::new();
    for (left, (verdict, _, own)) in rows.iter().enumerate() {
        for (right, (other, _, others)) in rows.iter().enumerate().skip(left + 1) {
            if verdict != other && !apart.never_together(left, right) {
                out.push((*own, *others));
            }
        }
    }
    out
}
