//! Random rulesets over random facts: the engine and the plain evaluator must say the same.

mod beside;
mod compared;
mod completions;
mod difference;
#[cfg(feature = "planted-bugs")]
mod eager;
mod figures;
mod grown;
mod joined;
mod lean;
mod metamorphic;
mod paired;
mod ranked;
mod shrink;
mod threads;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[cfg(feature = "planted-bugs")]
use parallax::engine::planted::{Bug, eager, plant};
use parallax::model::{Constant, Ruleset, Ty};
use parallax::session::{Options, Session};
use parallax::verdict::Evaluation;

use crate::generator::{ALL_FEATURES, case};
use crate::oracle::{Answers, Out, answers};
use crate::support::memory;

const CASES: u64 = 2000;

/// Evaluates a text and hands the result on. Nothing where the text holds conditions that rule each
/// other out, which the generator may write; anything else wrong with it fails the test.
fn opened<T>(seed: u64, text: &str, then: impl FnOnce(&Ruleset, &Evaluation) -> T) -> Option<T> {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let Some(ruleset) = session.ruleset() else {
        let errors: Vec<_> =
            session.diagnostics().into_iter().filter(parallax::diag::Diagnostic::is_error).collect();
        if errors.iter().all(|error| error.code.name() == "PX0406") {
            return None;
        }
        let messages: Vec<String> =
            errors.iter().map(|error| format!("{} {}", error.code.name(), error.message)).collect();
        unreachable!("seed {seed} is not sound: {messages:?}\n{text}");
    };
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    Some(then(ruleset, &evaluation))
}

/// What the two say of a sound text: a difference, the oracle's answers, how many subjects could be
/// but are not in a population.
fn both(ruleset: &Ruleset, evaluation: &Evaluation) -> (Option<String>, Answers, usize) {
    let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let expected = answers(ruleset, &ruleset.facts, parameters);
    let outside = outside(ruleset, &expected);
    (difference::difference(ruleset, evaluation, &expected), expected, outside)
}

/// How many combinations of things the facts name, per lens, are not in the population.
fn outside(ruleset: &Ruleset, expected: &Answers) -> usize {
    let mut names: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for constant in ruleset.facts.facts.iter().flat_map(|fact| &fact.args) {
        if let Constant::Thing(domain, name) = constant {
            names.entry(domain.0).or_default().insert(name);
        }
    }
    let of = |lens: &parallax::model::Lens| {
        let slots = &ruleset.questions[lens.question].slots;
        let sizes = slots.iter().map(|slot| match slot.ty {
            Ty::Thing(kind) => names.get(&ruleset.kinds[kind].domain.0).map_or(0, BTreeSet::len),
            Ty::Value(_) => unreachable!("subjects are things"),
        });
        sizes.product::<usize>().saturating_sub(expected.populations[&lens.question].possible.len())
    };
    ruleset.lenses.iter().map(of).sum()
}

#[cfg(feature = "planted-bugs")]
fn compare(seed: u64) -> Option<(Option<String>, Answers, usize)> {
    opened(seed, &case(seed).text, both)
}

/// Whether engine and oracle differ on a text that is sound; for shrinking.
fn differs(text: &str) -> bool {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let Some(ruleset) = session.ruleset() else { return false };
    let found = session.evaluate(ruleset, &Options::default());
    found.is_ok_and(|(evaluation, _)| both(ruleset, &evaluation).0.is_some())
}

#[test]
fn the_engine_agrees_with_the_plain_evaluator() {
    let mut features: BTreeMap<&str, u64> = BTreeMap::new();
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seeds = 0..;
    let mut compared = 0;
    while compared < CASES {
        let seed = seeds.next().unwrap_or_default();
        let case = case(seed);
        let Some((difference, expected, outside)) = opened(seed, &case.text, both) else { continue };
        compared += 1;
        if let Some(difference) = difference {
            let small = shrink::shrink(&case.text, differs);
            unreachable!("seed {seed}: {difference}\n{}\ncut down:\n{small}", case.text);
        }
        for feature in case.features {
            *features.entry(feature).or_default() += 1;
        }
        for open in expected.lenses.values().flat_map(BTreeMap::values) {
            let word = match open.first() {
                _ if open.len() > 1 => "unknown",
                Some(Out::Verdict(verdict)) if verdict.0 == 0 => "first verdict",
                Some(Out::Verdict(verdict)) if verdict.0 == 1 => "second verdict",
                Some(Out::Verdict(_)) => "further verdict",
                Some(Out::Conflict) => "conflict",
                _ => "none",
            };
            *outcomes.entry(word).or_default() += 1;
        }
        *outcomes.entry("outside").or_default() += outside as u64;
    }
    let tried = seeds.next().unwrap_or_default();
    assert!(tried * 4 < CASES * 5, "{tried} cases tried for {CASES} without rows that contradict themselves");
    let missing: Vec<_> = ALL_FEATURES.iter().filter(|feature| !features.contains_key(*feature)).collect();
    assert!(missing.is_empty(), "never come up: {missing:?}");
    let rare: Vec<_> = features.iter().filter(|(_, count)| **count * 10 < CASES).collect();
    assert!(rare.is_empty(), "in under a tenth of the cases: {rare:?}");
    let all: u64 = outcomes.values().sum();
    let rare: Vec<_> = outcomes.iter().filter(|(_, count)| **count * 20 < all).collect();
    assert!(
        rare.is_empty() && outcomes.len() == 7,
        "under a twentieth of {all} verdicts: {rare:?} of {outcomes:?}"
    );
}

/// Each of the bugs, planted one at a time, is seen in some case.
#[cfg(feature = "planted-bugs")]
#[test]
fn planted_bugs_are_all_found() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(bug) = Bug::ALL.get(next.fetch_add(1, Relaxed)) {
            assert!((0..CASES).any(|seed| shows(*bug, seed)), "{bug:?} goes unseen");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(worker);
        scope.spawn(worker);
    });
}

/// Whether a bug, planted on this thread, makes a difference in a case in which there is none without it.
#[cfg(feature = "planted-bugs")]
fn shows(bug: Bug, seed: u64) -> bool {
    let differs_in_case = || compare(seed).is_some_and(|(difference, ..)| difference.is_some());
    // It makes a difference only where few rows are left of many.
    eager(bug == Bug::NeverMissing);
    plant(Some(bug));
    let seen = differs_in_case();
    if seen && bug == Bug::NoUnless {
        let text = case(seed).text;
        let small = shrink::shrink(&text, differs);
        assert!(small.len() < text.len() && differs(&small), "{small}");
    }
    plant(None);
    let shows = seen && !differs_in_case();
    eager(false);
    shows
}
