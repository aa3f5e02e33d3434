//! A sweep in words: counts per value, and the values at which somebody flips. Takes a `Sweep`, computes nothing.

mod data;
mod text;

pub use data::{SCHEMA, csv, json};
pub use text::text;

use crate::agreement::{QuestionSweep, Sweep, SweepFlip};
use crate::guard::show_outcomes;
use crate::model::{Constant, QuestionId, Ruleset};
use crate::verdict::OutcomeSet;

/// A sweep with the ruleset that names what is in it.
#[derive(Clone, Copy)]
struct Shown<'s> {
    ruleset: &'s Ruleset,
    sweep: &'s Sweep,
}

impl Shown<'_> {
    fn parameter(&self) -> &str {
        &self.ruleset.parameters[self.sweep.parameter].name
    }

    fn value(&self, at: usize) -> String {
        self.sweep.values[at].to_string()
    }

    fn outcome(&self, question: QuestionId, outcome: Option<OutcomeSet>) -> String {
        outcome.map_or_else(|| "outside".to_owned(), |set| show_outcomes(self.ruleset, question, set))
    }

    fn lens(&self, flip: &SweepFlip) -> &str {
        &self.ruleset.lenses[flip.lens].name
    }

    fn focus(&self, entry: &QuestionSweep) -> &str {
        let question = &self.ruleset.questions[entry.compared.question];
        &question.verdicts[entry.compared.focus].name
    }
}

fn names(subject: &[Constant]) -> Vec<String> {
    let name = |constant: &Constant| match constant {
        Constant::Thing(_, name) => name.clone(),
        Constant::Value(value) => value.to_string(),
    };
    subject.iter().map(name).collect()
}
