//! The bounds against all they bound: each doubtful fact stated or left out, every combination worked
//! out on its own, with certain facts only. Says nothing of the engine; the oracle is under test here.

use std::collections::BTreeSet;

use parallax::model::{Ruleset, Statements};

use super::opened;
use crate::generator::case;
use crate::oracle::{Answers, Both, Tuple, answers, answers_with, members};

/// The most doubtful facts whose completions are tried.
const DOUBTFUL: usize = 6;

/// The facts with the doubtful ones stated where the choice has a 1, else left out.
fn complete(statements: &Statements, choice: u32) -> Statements {
    let mut facts = Vec::new();
    let mut place = 0;
    for fact in &statements.facts {
        let mut fact = fact.clone();
        if fact.maybe {
            place += 1;
            if choice >> (place - 1) & 1 == 0 {
                continue;
            }
            fact.maybe = false;
        }
        facts.push(fact);
    }
    Statements { facts, kinds: statements.kinds.clone() }
}

/// Whether the set lies between the bounds.
fn within(found: &BTreeSet<Tuple>, bounds: &Both) -> bool {
    bounds.certain.is_subset(found) && found.is_subset(&bounds.possible)
}

/// What the bounds get wrong about a completion.
fn contradiction(bounds: &Answers, whole: &Answers) -> Option<String> {
    for (id, both) in &bounds.relations {
        let found = &whole.relations[id].certain;
        if !within(found, both) {
            return Some(format!("relation {id:?}: {found:?} is not within {both:?}"));
        }
    }
    for (id, both) in &bounds.populations {
        let found = &whole.populations[id].certain;
        if !within(found, both) {
            return Some(format!("population {id:?}: {found:?} is not within {both:?}"));
        }
    }
    for (lens, table) in &whole.lenses {
        for (subject, outcome) in table {
            let open = &bounds.lenses[lens][subject];
            if outcome.len() != 1 || !outcome.is_subset(open) {
                return Some(format!("{lens:?} of {subject:?}: {outcome:?} is not among {open:?}"));
            }
        }
    }
    let found = whole.violations.iter().map(|both| &both.certain);
    for (never, (both, found)) in bounds.violations.iter().zip(found).enumerate() {
        if !within(found, both) {
            return Some(format!("violations of {never}: {found:?} are not within {both:?}"));
        }
    }
    None
}

/// Tries all completions; how many there were.
fn check(seed: u64, text: &str, ruleset: &Ruleset) -> usize {
    let doubtful = ruleset.facts.facts.iter().filter(|fact| fact.maybe).count();
    if doubtful == 0 || doubtful > DOUBTFUL {
        return 0;
    }
    let parameters: Vec<_> =
        ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let bounds = answers(ruleset, &ruleset.facts, parameters.clone());
    for choice in 0..1 << doubtful {
        let facts = complete(&ruleset.facts, choice);
        let names = members(ruleset, &ruleset.facts);
        let whole = answers_with(ruleset, &facts, parameters.clone(), names);
        let found = contradiction(&bounds, &whole);
        assert!(found.is_none(), "seed {seed}, choice {choice:b}: {}\n{text}", found.unwrap_or_default());
    }
    1 << doubtful
}

/// A certain tuple is in every completion, an impossible one in none, and no outcome comes up that
/// was not open; so no settled outcome is ever contradicted.
#[test]
fn bounds_hold_in_every_completion() {
    let mut tried = 0;
    for seed in 0..1000 {
        let text = case(seed).text;
        tried += opened(seed, &text, |ruleset, _| check(seed, &text, ruleset)).unwrap_or_default();
    }
    assert!(tried > 2000, "only {tried} completions were tried");
}
