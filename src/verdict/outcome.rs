//! What a verdict can be, and sets of open outcomes.

use crate::base::Idx;
use crate::model::VerdictId;

/// A settled outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// A verdict of the question.
    Verdict(VerdictId),
    /// Rows with different verdicts match and nothing says which holds.
    Conflict,
    /// No row, no `otherwise`.
    None,
}

/// The outcomes that are open for a subject; one: settled, more: unknown. Never empty in a table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct OutcomeSet(u64);

const CONFLICT: u32 = 62;
const NONE: u32 = 63;

impl OutcomeSet {
    /// The most verdicts a question may have.
    pub const MOST_VERDICTS: usize = CONFLICT as usize;

    /// No outcome.
    pub const EMPTY: OutcomeSet = OutcomeSet(0);

    /// Just this outcome.
    pub fn only(outcome: Outcome) -> Self {
        Self(1 << bit(outcome))
    }

    /// With this outcome too.
    #[must_use]
    pub fn with(self, outcome: Outcome) -> Self {
        Self(self.0 | 1 << bit(outcome))
    }

    /// The outcomes of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the outcome is open.
    pub fn contains(self, outcome: Outcome) -> bool {
        self.0 >> bit(outcome) & 1 == 1
    }

    /// Whether they share no outcome.
    pub fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// How many outcomes are open.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no outcome is open.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The outcome, where just one is open; `None` means unknown.
    pub fn settled(self) -> Option<Outcome> {
        (self.len() == 1).then(|| outcome(self.0.trailing_zeros()))
    }

    /// The open outcomes: verdicts in order of declaration, then conflict, then none.
    pub fn iter(self) -> impl Iterator<Item = Outcome> {
        (0..64).filter(move |at| self.0 >> at & 1 == 1).map(outcome)
    }
}

fn bit(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Verdict(verdict) => {
            debug_assert!(verdict.index() < OutcomeSet::MOST_VERDICTS);
            verdict.0
        }
        Outcome::Conflict => CONFLICT,
        Outcome::None => NONE,
    }
}

fn outcome(bit: u32) -> Outcome {
    match bit {
        CONFLICT => Outcome::Conflict,
        NONE => Outcome::None,
        verdict => Outcome::Verdict(VerdictId(verdict)),
    }
}
