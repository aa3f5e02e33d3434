//! The bounds against all they bound: each doubtful fact stated or left out, every combination worked
//! out on its own, with certain facts only. Says nothing of the engine; the oracle is under test here.

use std::collections::BTreeSet;

use parallax::model::{Constant, Fact, RelationId, Ruleset, Statements};
use parallax::value::{Decimal, Value};

use super::opened;
use crate::generator::case;
use crate::oracle::{Answers, Both, Tuple, answers, answers_with, members, missing};

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

/// Values a missing one is tried with.
const VALUES: [i64; 4] = [0, 1, 2, 5];

/// Whether the set lies between the bounds, where a missing value stands for any.
fn within(found: &BTreeSet<Tuple>, bounds: &Both) -> bool {
    let covers = |bound: &Tuple, tuple: &Tuple| {
        bound.iter().zip(tuple).all(|(bound, value)| *bound == missing() || bound == value)
    };
    bounds.certain.iter().all(|bound| found.iter().any(|tuple| covers(bound, tuple)))
        && found.iter().all(|tuple| bounds.possible.iter().any(|bound| covers(bound, tuple)))
}

/// The keys without a stated value, as facts that lack it.
fn missing_keys(ruleset: &Ruleset, bounds: &Answers) -> Vec<(RelationId, Constant)> {
    let open = ruleset.relations.iter_enumerated().filter(|(_, relation)| relation.open.is_some());
    open.flat_map(|(id, _)| bounds.relations[&id].certain.iter().map(move |tuple| (id, tuple)))
        .filter(|(_, tuple)| tuple[1] == missing())
        .map(|(id, tuple)| (id, tuple[0].clone()))
        .collect()
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
    let parameters: Vec<_> =
        ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let bounds = answers(ruleset, &ruleset.facts, parameters.clone());
    let keys = missing_keys(ruleset, &bounds);
    // `known` asks what is known now, not what a completion would make known.
    if text.contains("known ") || doubtful + keys.len() == 0 || doubtful + 2 * keys.len() > DOUBTFUL {
        return 0;
    }
    let choices = 1 << (doubtful + 2 * keys.len());
    for choice in 0..choices {
        let mut facts = complete(&ruleset.facts, choice);
        for (at, (relation, key)) in keys.iter().enumerate() {
            let value = VALUES[choice as usize >> (doubtful + 2 * at) & 3];
            let value = Constant::Value(Value::Number(Decimal::from(value)));
            let span = ruleset.relations[*relation].span;
            facts.facts.push(Fact {
                relation: *relation,
                args: vec![key.clone(), value],
                maybe: false,
                span,
            });
        }
        let names = members(ruleset, &ruleset.facts);
        let whole = answers_with(ruleset, &facts, parameters.clone(), names);
        let found = contradiction(&bounds, &whole);
        assert!(found.is_none(), "seed {seed}, choice {choice:b}: {}\n{text}", found.unwrap_or_default());
    }
    choices as usize
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

/// What is worked out of an aggregate that may have no members is not what the aggregate itself comes to.
#[test]
fn calculations_with_what_may_be_nothing_stay_within_their_bounds() {
    let figures = ["max(k: any p lends k)", "min(k: any p lends k)", "average(k for each p k: p lends k)"];
    let conditions = [
        "FIGURE * 2 > 10",
        "FIGURE + 5 > 10",
        "0 - FIGURE < -4",
        "10 / FIGURE < 5",
        "20 - FIGURE >= 15",
        "FIGURE - FIGURE = 0",
        "round(FIGURE / 7) = 10",
        "abs(FIGURE - 20) > 10",
        "m = FIGURE * 2 and m > 10",
        "m = FIGURE * 2 and not m > 10",
        "not FIGURE * 2 > 10",
    ];
    let facts =
        ["maybe cy lends 10", "maybe cy lends 10\n  maybe di lends 3", "cy lends 2\n  maybe di lends 10", ""];
    for (figure, condition) in
        figures.iter().flat_map(|figure| conditions.iter().map(move |own| (figure, own)))
    {
        for facts in facts {
            let condition = condition.replace("FIGURE", figure);
            let text = format!(
                "language 1\nkind Person\nrelation Person exists\nrelation Person lends Number\n\
                 question Person is yea | nay\n  among person exists\nlens a {{\n  y: yea when {condition}\n  \
                 otherwise nay\n}}\nfacts {{\n  bo exists\n  {facts}\n}}\n"
            );
            let found = opened(0, &text, |ruleset, evaluation| {
                check(0, &text, ruleset);
                super::both(ruleset, evaluation).0
            });
            assert_eq!(found, Some(None), "{text}");
        }
    }
}
