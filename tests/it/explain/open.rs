//! What an open answer hangs on, against every completion of the doubtful facts.

use std::collections::BTreeSet;

use parallax::model::{Constant, Fact, LensId, RelationId, Ruleset, Statements};

use super::{explained, kept, subjects};
use crate::generator::case;
use crate::oracle::{Out, answers_with, members, missing};

/// The most doubtful facts whose completions are tried.
const DOUBTFUL: usize = 8;

type Doubt = (RelationId, Vec<Constant>);

/// What a lens says where just these of the doubtful facts hold.
fn completed(
    ruleset: &Ruleset,
    doubtful: &[Doubt],
    choice: usize,
    lens: LensId,
    subject: &[Constant],
) -> BTreeSet<Out> {
    let mut facts: Vec<Fact> = ruleset.facts.facts.iter().filter(|fact| !fact.maybe).cloned().collect();
    let span = ruleset.questions[ruleset.lenses[lens].question].span;
    for (at, (relation, args)) in doubtful.iter().enumerate() {
        if choice >> at & 1 == 1 {
            facts.push(Fact { relation: *relation, args: args.clone(), maybe: false, span });
        }
    }
    let statements = Statements { facts, kinds: ruleset.facts.kinds.clone() };
    let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    let found = answers_with(ruleset, &statements, parameters, members(ruleset, &ruleset.facts));
    found.lenses[&lens].get(subject).cloned().unwrap_or_default()
}

/// The doubtful facts, each once, that are not certain too.
fn doubts(ruleset: &Ruleset) -> Vec<Doubt> {
    let of = |maybe: bool| -> BTreeSet<Doubt> {
        let facts = ruleset.facts.facts.iter().filter(|fact| fact.maybe == maybe);
        facts.map(|fact| (fact.relation, fact.args.clone())).collect()
    };
    let certain = of(false);
    of(true).into_iter().filter(|fact| !certain.contains(fact)).collect()
}

#[test]
fn pivotal_facts_are_pivotal_and_none_is_missed() {
    let mut checked = 0;
    for seed in 0..1200 {
        let text = case(seed).text;
        // A population without `among` changes with the facts.
        // What is known is the same in every completion; the plain evaluator has no such.
        if !text.contains("among") || text.contains("known") {
            continue;
        }
        kept(&text, |ruleset, evaluation| {
            let doubtful = doubts(ruleset);
            if doubtful.is_empty() || doubtful.len() > DOUBTFUL {
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
                    let all: Vec<BTreeSet<Out>> = (0..1_usize << doubtful.len())
                        .map(|choice| completed(ruleset, &doubtful, choice, story.lens, &subject))
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
                    for (at, (relation, args)) in doubtful.iter().enumerate() {
                        let named = open.pivotal.iter().any(|one| {
                            let own: Vec<Constant> =
                                one.fact.args.iter().map(|arg| arg.clone().unwrap_or_else(missing)).collect();
                            one.fact.relation == *relation && own == *args
                        });
                        let pivotal = (0..all.len()).any(|choice| all[choice] != all[choice ^ (1 << at)]);
                        assert_eq!(
                            named, pivotal,
                            "seed {seed}: {args:?} for {subject:?}: {open:#?}\n{text}"
                        );
                    }
                }
            }
        });
    }
    assert!(checked > 10, "only {checked} open answers were looked at");
}
