//! Every change that is named flips the outcome in the plain evaluator, and where none is named no
//! change of one fact does, by trying all.

use std::collections::BTreeSet;

use parallax::explain::FactChange;
use parallax::model::{Constant, Fact, LensId, QuestionId, RelationId, Ruleset, Statements, Ty};

use super::{explained, kept, subjects};
use crate::generator::{OTHERS, THINGS, case};
use crate::oracle::{Out, answers};

type Outcome = Option<BTreeSet<Out>>;

/// What lenses say of a subject in a world; nothing outside the population.
fn says(ruleset: &Ruleset, statements: &Statements, subject: &[Constant]) -> Vec<Outcome> {
    let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let found = answers(ruleset, statements, parameters);
    let of = |lens: LensId| found.lenses[&lens].get(subject).cloned();
    ruleset.lenses.ids().map(of).collect()
}

/// The facts after one more change.
fn change(ruleset: &Ruleset, statements: &Statements, one: &FactChange) -> Statements {
    let mut facts = statements.facts.clone();
    let (FactChange::Remove(fact) | FactChange::Add(fact) | FactChange::Set(fact)) = one;
    let args: Vec<Constant> = fact.args.iter().flatten().cloned().collect();
    let slot = ruleset.relations[fact.relation].open;
    facts.retain(|known| {
        let same = known.relation == fact.relation
            && known.args.iter().zip(&args).enumerate().all(|(at, (a, b))| Some(at) == slot || a == b);
        !same
    });
    if !matches!(one, FactChange::Remove(_)) {
        let span = ruleset.questions[QuestionId(0)].span;
        facts.push(Fact { relation: fact.relation, args, maybe: false, span });
    }
    Statements { facts, kinds: statements.kinds.clone() }
}

/// Whether taking one fact away, or stating one of names at hand, flips what a lens says.
fn single(ruleset: &Ruleset, subject: &[Constant], now: &[Outcome]) -> Vec<bool> {
    let mut flips = vec![false; now.len()];
    let mut note = |statements: &Statements| {
        for (flip, (then, now)) in flips.iter_mut().zip(says(ruleset, statements, subject).iter().zip(now)) {
            *flip |= then != now;
        }
    };
    let stated = &ruleset.facts;
    for at in 0..stated.facts.len() {
        let mut facts = stated.facts.clone();
        let gone = facts.remove(at);
        facts.retain(|fact| (fact.relation, &fact.args) != (gone.relation, &gone.args));
        note(&Statements { facts, kinds: stated.kinds.clone() });
    }
    let span = ruleset.questions[QuestionId(0)].span;
    for (relation, entry) in ruleset.relations.iter_enumerated() {
        let derived = ruleset.rules.iter().any(|rule| rule.relation == relation);
        if entry.open.is_some() || derived || entry.slots.iter().any(|slot| matches!(slot.ty, Ty::Value(_))) {
            continue;
        }
        let mut ways: Vec<Vec<Constant>> = vec![Vec::new()];
        for slot in &entry.slots {
            let Ty::Thing(kind) = slot.ty else { continue };
            let domain = ruleset.kinds[kind].domain;
            let names: &[&str] = if domain.0 == 0 { &THINGS } else { &OTHERS };
            let all = names.iter().copied().chain(["newcomer"]);
            let named: Vec<Constant> = all.map(|name| Constant::Thing(domain, name.to_owned())).collect();
            ways = ways
                .iter()
                .flat_map(|way| {
                    named.iter().map(|name| [way.as_slice(), std::slice::from_ref(name)].concat())
                })
                .collect();
        }
        for args in ways {
            let mut facts = stated.facts.clone();
            facts.push(Fact { relation, args, maybe: false, span });
            note(&Statements { facts, kinds: stated.kinds.clone() });
        }
    }
    flips
}

fn relations(ruleset: &Ruleset) -> Vec<RelationId> {
    ruleset.relations.ids().collect()
}

#[test]
fn changes_flip_and_none_is_missed() {
    let (mut named, mut none) = (0, 0);
    for seed in 0..12 {
        let text = case(seed).text;
        kept(&text, |ruleset, evaluation| {
            assert!(!relations(ruleset).is_empty());
            let lenses: Vec<_> = ruleset.lenses.ids().collect();
            for subject in subjects(ruleset, evaluation).into_iter().take(2) {
                let now = says(ruleset, &ruleset.facts, &subject);
                let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), 1);
                let all = single(ruleset, &subject, &now);
                for (at, story) in explanation.lenses.iter().enumerate() {
                    let flips = story.flips.as_ref().expect("asked for");
                    for flip in &flips.found {
                        let after = flip
                            .changes
                            .iter()
                            .fold(ruleset.facts.clone(), |facts, one| change(ruleset, &facts, one));
                        let then = says(ruleset, &after, &subject);
                        assert_ne!(then[at], now[at], "seed {seed}: {subject:?} {at} {flip:#?}\n{text}");
                        named += 1;
                    }
                    if flips.found.is_empty() && flips.complete {
                        none += 1;
                        assert!(!all[at], "seed {seed}: {subject:?}, lens {at}: a change is missed\n{text}");
                    }
                }
            }
        });
    }
    assert!(named > 40, "{named} changes, {none} without");
}
