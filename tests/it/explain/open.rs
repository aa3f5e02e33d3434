//! What an open answer hangs on, against every completion of the doubtful facts.

use std::collections::BTreeSet;

use parallax::model::{Constant, Fact, LensId, RelationId, Ruleset, Statements};

use super::{explained, kept, subjects};
use crate::generator::case;
use crate::oracle::{Out, answers_with, members, missing};

/// The most doubtful facts whose completions are tried.
const DOUBTFUL: usize = 7;

/// What a lens says where just these of the doubtful facts hold.
fn completed(ruleset: &Ruleset, choice: u32, lens: LensId, subject: &[Constant]) -> BTreeSet<Out> {
    let mut place = 0;
    let mut facts: Vec<Fact> = Vec::new();
    for fact in &ruleset.facts.facts {
        let mut fact = fact.clone();
        if fact.maybe {
            fact.maybe = false;
            place += 1;
            if choice >> (place - 1) & 1 == 0 {
                continue;
            }
        }
        facts.push(fact);
    }
    let statements = Statements { facts, kinds: ruleset.facts.kinds.clone() };
    let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let found = answers_with(ruleset, &statements, parameters, members(ruleset, &ruleset.facts));
    found.lenses[&lens].get(subject).cloned().unwrap_or_default()
}

#[test]
fn pivotal_facts_are_pivotal_and_none_is_missed() {
    let mut checked = 0;
    for seed in 0..600 {
        let text = case(seed).text;
        // A population without `among` changes with the facts.
        if !text.contains("among") {
            continue;
        }
        kept(&text, |ruleset, evaluation| {
            let doubtful: Vec<&Fact> = ruleset.facts.facts.iter().filter(|fact| fact.maybe).collect();
            let distinct: BTreeSet<(RelationId, &Vec<Constant>)> =
                doubtful.iter().map(|fact| (fact.relation, &fact.args)).collect();
            let stated =
                |fact: &Fact| {
                    ruleset.facts.facts.iter().any(|other| {
                        !other.maybe && other.relation == fact.relation && other.args == fact.args
                    })
                };
            if doubtful.is_empty()
                || doubtful.len() > DOUBTFUL
                || distinct.len() < doubtful.len()
                || doubtful.iter().any(|fact| stated(fact))
            {
                return;
            }
            let lenses: Vec<_> = ruleset.lenses.ids().collect();
            for subject in subjects(ruleset, evaluation) {
                let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), 0);
                for story in &explanation.lenses {
                    let Some(open) = story.open.as_ref().filter(|open| open.complete) else { continue };
                    // Missing values have more completions than can be tried.
                    let valued = |fact: &parallax::explain::Fact| !fact.maybe;
                    if open.by_values || open.doubts.iter().any(valued) {
                        continue;
                    }
                    let all: Vec<BTreeSet<Out>> = (0..1_u32 << doubtful.len())
                        .map(|choice| completed(ruleset, choice, story.lens, &subject))
                        .collect();
                    if all.iter().any(BTreeSet::is_empty) {
                        continue;
                    }
                    checked += 1;
                    let same = all.iter().all(|one| *one == all[0] && one.len() == 1);
                    assert_eq!(
                        open.agreed.is_some(),
                        same,
                        "seed {seed}: {subject:?} {open:#?} {all:?}\n{text}"
                    );
                    for (at, fact) in doubtful.iter().enumerate() {
                        let args: Vec<Constant> = fact.args.clone();
                        let named = open.pivotal.iter().any(|one| {
                            let own: Vec<Constant> =
                                one.fact.args.iter().map(|arg| arg.clone().unwrap_or_else(missing)).collect();
                            one.fact.relation == fact.relation && own == args
                        });
                        let pivotal = (0..all.len()).any(|choice| all[choice] != all[choice ^ (1 << at)]);
                        assert_eq!(
                            named, pivotal,
                            "seed {seed}: {fact:?} for {subject:?}: {open:#?}\n{text}"
                        );
                    }
                }
            }
        });
    }
    assert!(checked > 10, "only {checked} open answers were looked at");
}
