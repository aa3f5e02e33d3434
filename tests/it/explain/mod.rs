//! Explanations of random worlds, held against the plain evaluator.

mod along;
mod cases;
mod changes;
mod claims;
mod false_claims;
mod gaps;
mod large;
mod on_demand;
mod open;
mod proofs;
mod stated;
mod turning;
mod unknown;
mod valued;
mod whatif;
mod whatif_cases;
mod whatif_world;
mod words;

pub use whatif_cases::said as whatif_said;

use std::path::Path;

use parallax::base::{StopReason, StopSign};
use parallax::engine::{Limits, Reached};
use parallax::explain::{Explanation, Request, Trouble, explain, verify};
use parallax::model::{Constant, LensId, QuestionId, Ruleset};
use parallax::report::Look;
use parallax::report::explanation::{tell, text};
use parallax::session::{Options, Session};
use parallax::verdict::Evaluation;

use crate::support::memory;

/// Evaluates a text, keeping what is stated; nothing where it is not sound.
pub fn kept<T>(text: &str, then: impl FnOnce(&Ruleset, &Evaluation) -> T) -> Option<T> {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset()?;
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
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
        limits: Limits::default(),
    };
    match explain(ruleset, evaluation, &ruleset.facts.kinds, &request) {
        Ok(explanation) => {
            // Everything claimed is replayed by the checker.
            if let Err(trouble) = verify(ruleset, evaluation, &ruleset.facts.kinds, &explanation) {
                unreachable!("{trouble:?} with {explanation:#?}");
            }
            explanation
        }
        Err(trouble) => unreachable!("{trouble:?} with {subject:?}"),
    }
}

/// What `explain` prints in a world in memory; `who` names the subject, and after a bar two lenses.
pub fn told(files: &crate::support::Memory, who: &str) -> String {
    told_with(files, who, 1)
}

/// The same without what a change replaces or comes beside.
pub fn plainly(told: &str) -> String {
    let line = |line: &str| {
        let mut line = line.replace(" as well", "");
        while let Some(from) = line.find(" instead of ") {
            let rest = &line[from + 1..];
            let ends = [" and ", " (", ": "].iter().filter_map(|end| rest.find(end));
            let to = ends.min().map_or(line.len(), |to| from + 1 + to);
            line.replace_range(from..to, "");
        }
        line + "\n"
    };
    told.lines().map(line).collect()
}

/// What is said of somebody in a world, where all these parts are.
#[track_caller]
pub fn says(rules: &str, who: &str, parts: &[&str]) -> String {
    let text = told(&memory(rules), who);
    for part in parts {
        assert!(text.contains(part), "`{part}` is not said:\n{text}");
    }
    text
}

/// The same, where sets of so many changes are looked for too.
pub fn told_with(files: &crate::support::Memory, who: &str, size: usize) -> String {
    plainly(&printed(files, who, size))
}

/// All that is printed.
pub fn printed(files: &crate::support::Memory, who: &str, size: usize) -> String {
    let session = Session::open(files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
    let (evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let (names, vs) = who.split_once('|').map_or((who, None), |(names, vs)| (names, Some(vs)));
    let slots = &ruleset.questions[QuestionId(0)].slots;
    let named = slots.iter().zip(names.split(','));
    let subject = named
        .map(|(slot, name)| Constant::Thing(ruleset.domain_of(slot.ty), name.trim().to_owned()))
        .collect();
    let lens = |name: &str| {
        let mut lenses = ruleset.lenses.iter_enumerated();
        lenses.find(|(_, lens)| lens.name == name.trim()).expect("the lens is there").0
    };
    let parting = vs.and_then(|vs| vs.split_once(',')).map(|(left, right)| (lens(left), lens(right)));
    let request = Request {
        question: QuestionId(0),
        subject,
        lenses: ruleset.lenses.ids().collect(),
        budget: 50_000_000,
        size,
        parting,
        limits: Limits::default(),
    };
    let explanation = explain(ruleset, &evaluation, &ruleset.facts.kinds, &request).expect("explained");
    verify(ruleset, &evaluation, &ruleset.facts.kinds, &explanation).expect("all of it replays");
    text(&tell(ruleset, session.sources(), &explanation, None), Look::Plain, false)
}

#[test]
fn an_explanation_ends_when_its_time_is_over_or_it_is_asked_to() {
    let text = "kind T\nrelation T counts\nquestion T is good | bad\n  among t counts\n\
                lens l {\n  a: good when t counts\n  otherwise bad\n}\nfacts {\n  t counts\n}\n";
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
    let (evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let ended = |limits: Limits| {
        let request = Request {
            question: QuestionId(0),
            subject: vec![Constant::Thing(
                ruleset.domain_of(ruleset.questions[QuestionId(0)].slots[0].ty),
                "t".to_owned(),
            )],
            lenses: ruleset.lenses.ids().collect(),
            budget: 1000,
            size: 2,
            parting: None,
            limits,
        };
        explain(ruleset, &evaluation, &ruleset.facts.kinds, &request).err()
    };
    assert_eq!(ended(Limits::default()), None);
    let over = Limits { time: Some(std::time::Duration::ZERO), ..Limits::default() };
    assert_eq!(ended(over), Some(Trouble::Stopped(Reached::Time)));
    let stop = StopSign::default();
    stop.ask(StopReason::Interrupted);
    let asked = Reached::Asked(StopReason::Interrupted);
    assert_eq!(ended(Limits { stop, ..Limits::default() }), Some(Trouble::Stopped(asked)));
}

#[test]
fn explanations_are_the_same_on_any_number_of_threads() {
    for seed in 0..6 {
        let text = crate::generator::case(seed).text;
        let on = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can start");
            pool.install(|| {
                kept(&text, |ruleset, evaluation| {
                    let lenses: Vec<_> = ruleset.lenses.ids().collect();
                    let all = subjects(ruleset, evaluation);
                    let of =
                        |subject: &Vec<Constant>| explained(ruleset, evaluation, subject, lenses.clone(), 1);
                    format!("{:#?}", all.iter().take(2).map(of).collect::<Vec<_>>())
                })
            })
        };
        let one = on(1);
        assert_eq!(one, on(2), "seed {seed}");
        assert_eq!(one, on(4), "seed {seed}");
    }
}
