//! Has the checker replay all that an explanation claims.

use super::{Explanation, Trouble};
use crate::checker::{Facts, FalseStep, Replay};
use crate::model::{KindFact, Ruleset};
use crate::verdict::Evaluation;

/// How many claims of each sort were replayed; and of how many the checker could tell all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Replayed {
    /// Outcomes of lenses.
    pub outcomes: Count,
    /// Proofs.
    pub proofs: Count,
    /// Why rows do not match.
    pub why_nots: Count,
    /// What open answers hang on.
    pub open: Count,
    /// Sets of changes.
    pub changes: Count,
    /// Ways in which constraints are broken, or are not.
    pub nevers: Count,
}

/// Claims replayed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Count {
    /// All.
    pub all: usize,
    /// Those replayed to the end; of the others something hangs on what is not known.
    pub whole: usize,
}

impl Count {
    pub(super) fn note(&mut self, replayed: Result<bool, FalseStep>) -> Result<(), Trouble> {
        self.all += 1;
        self.whole += usize::from(replayed.map_err(|FalseStep(what)| Trouble::Bug(what))?);
        Ok(())
    }
}

/// Replays all claims of an explanation over the facts of its world; the first that is false is an error.
pub fn verify(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    kinds: &[KindFact],
    explanation: &Explanation,
) -> Result<Replayed, Trouble> {
    let facts = Facts {
        ruleset,
        stated: evaluation.stated.as_deref().ok_or(Trouble::NotKept)?,
        dictionaries: &evaluation.dictionaries,
        parameters: &evaluation.parameters,
        kinds,
    };
    let replay = Replay::new(facts);
    let subject = &explanation.subject;
    let mut replayed = Replayed::default();
    for story in &explanation.lenses {
        replayed.outcomes.note(replay.says(story.lens, subject, &story.says))?;
        for proof in story.proofs() {
            replayed.proofs.note(replay.proof(proof))?;
        }
        for why in &story.why_not {
            replayed.why_nots.note(replay.why_not(story.lens, subject, why))?;
        }
        if let Some(open) = &story.open {
            replayed.open.note(replay.open(story.lens, subject, (&story.says, open)))?;
        }
        for flip in story.flips.iter().flat_map(|flips| &flips.found) {
            let says = (&story.says, &flip.says[0]);
            replayed.changes.note(replay.change(story.lens, subject, says, &flip.changes))?;
        }
    }
    if let Some(parting) = &explanation.parting {
        for (lens, lacks) in [(parting.left, &parting.left_lacks), (parting.right, &parting.right_lacks)] {
            for why in lacks {
                replayed.why_nots.note(replay.why_not(lens, subject, why))?;
            }
        }
        for flip in &parting.agreeing.found {
            if flip.says[0] != flip.says[1] {
                return Err(Trouble::Bug(format!("they do not agree: {flip:?}")));
            }
            for (lens, says) in [parting.left, parting.right].into_iter().zip(&flip.says) {
                let before = explanation.lenses.iter().find(|story| story.lens == lens);
                if let Some(before) = before.filter(|before| before.says != *says) {
                    let says = (&before.says, says);
                    replayed.changes.note(replay.change(lens, subject, says, &flip.changes))?;
                }
            }
        }
    }
    Ok(replayed)
}
