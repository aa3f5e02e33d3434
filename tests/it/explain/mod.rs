//! Explanations of random worlds, held against the plain evaluator.

mod changes;
mod open;
mod proofs;

use std::path::Path;

use parallax::explain::{Explanation, Request, explain};
use parallax::model::{Constant, LensId, QuestionId, Ruleset};
use parallax::session::{Options, Session};
use parallax::verdict::Evaluation;

use crate::support::memory;

/// Evaluates a text, keeping what is stated; nothing where it is not sound.
pub fn kept<T>(text: &str, then: impl FnOnce(&Ruleset, &Evaluation) -> T) -> Option<T> {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset()?;
    let options = Options { stated: true, ..Options::default() };
    let (evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    Some(then(ruleset, &evaluation))
}

/// The subjects of the question, each with what the engine says of it.
pub fn subjects(ruleset: &Ruleset, evaluation: &Evaluation) -> Vec<Vec<Constant>> {
    let question = QuestionId(0);
    let table = &evaluation.tables[question];
    let slots = &ruleset.questions[question].slots;
    (0..table.len())
        .map(|place| {
            slots
                .iter()
                .zip(&table.subjects)
                .map(|(slot, column)| {
                    let domain = ruleset.domain_of(slot.ty);
                    evaluation.dictionaries[domain].constant(column[place]).expect("a thing")
                })
                .collect()
        })
        .collect()
}

/// What the lenses say of a subject, and why.
pub fn explained(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    subject: &[Constant],
    lenses: Vec<LensId>,
    size: usize,
) -> Explanation {
    let request = Request {
        question: QuestionId(0),
        subject: subject.to_vec(),
        lenses,
        budget: 50_000_000,
        size,
        parting: None,
    };
    match explain(ruleset, evaluation, &ruleset.facts.kinds, &request) {
        Ok(explanation) => explanation,
        Err(trouble) => unreachable!("{trouble:?} with {subject:?}"),
    }
}
