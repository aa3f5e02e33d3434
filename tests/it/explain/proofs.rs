//! Every proof holds in a world of its facts alone, and none of them can be left out.

use std::collections::BTreeSet;

use parallax::checker::{Claim, Derivation, Step};
use parallax::model::{Clause, Cond, Constant, Fact, RelationId, Ruleset, Statements};

use super::{explained, kept, subjects};
use crate::generator::case;
use crate::oracle::{answers_with, members};

type Stated = (RelationId, Vec<Constant>);

/// The facts a proof rests on; nothing where a value is missing in it.
fn facts(steps: &[Step], out: &mut BTreeSet<Stated>) -> bool {
    steps.iter().all(|step| match step {
        Step::Fact { relation, args, .. } => {
            let args: Option<Vec<Constant>> = args.iter().cloned().collect();
            args.is_some_and(|args| {
                out.insert((*relation, args));
                true
            })
        }
        Step::Derived { by, .. } => by.as_ref().is_some_and(|(_, by)| facts(&by.steps, out)),
        _ => true,
    })
}

/// Whether a body rests on what it names alone: no denial, no aggregate, no lens, all the way down.
fn is_positive(ruleset: &Ruleset, clause: &Clause, seen: &mut BTreeSet<RelationId>) -> bool {
    clause.unless.is_none() && is_plain(ruleset, &clause.when, seen)
}

fn is_plain(ruleset: &Ruleset, cond: &Cond, seen: &mut BTreeSet<RelationId>) -> bool {
    let mut aggregates = false;
    cond.aggregated(&mut |_| aggregates = true);
    !aggregates
        && match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().all(|part| is_plain(ruleset, part, seen)),
            Cond::Not(..) => false,
            Cond::Atom(atom) => match atom.source {
                parallax::model::AtomSource::Relation(relation) => {
                    // A key always has a value, stated or not: leaving one out is no loss.
                    ruleset.relations[relation].keeping.is_none()
                        && ruleset.relations[relation].open.is_none()
                        && (!seen.insert(relation)
                            || ruleset
                                .rules
                                .iter()
                                .filter(|rule| rule.relation == relation)
                                .all(|rule| is_positive(ruleset, &rule.clause, seen)))
                }
                _ => false,
            },
            _ => true,
        }
}

/// Whether the row matches in a world of these facts alone.
fn matches(ruleset: &Ruleset, facts: &BTreeSet<Stated>, proof: &Derivation, subject: &[Constant]) -> bool {
    let Claim::Row(lens, row) = proof.claim else { return false };
    let span = ruleset.questions[ruleset.lenses[lens].question].span;
    let facts = facts
        .iter()
        .map(|(relation, args)| Fact { relation: *relation, args: args.clone(), maybe: false, span })
        .collect();
    let statements = Statements { facts, kinds: ruleset.facts.kinds.clone() };
    let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
    // The row as a population of its own, so that only its body counts.
    let mut alone = ruleset.clone();
    let question = ruleset.lenses[lens].question;
    let mut questions: Vec<_> = alone.questions.iter().cloned().collect();
    questions[question.0 as usize].among = Some(ruleset.lenses[lens].rows[row].clause.clone());
    alone.questions = questions.into_iter().collect();
    let found = answers_with(&alone, &statements, parameters, members(ruleset, &ruleset.facts));
    found.populations[&question].certain.contains(subject)
}

#[test]
fn proofs_hold_and_have_no_fact_to_spare() {
    let mut checked = 0;
    for seed in 0..150 {
        let text = case(seed).text;
        kept(&text, |ruleset, evaluation| {
            let lenses: Vec<_> = ruleset.lenses.ids().collect();
            for subject in subjects(ruleset, evaluation) {
                let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), 0);
                for proof in explanation.lenses.iter().flat_map(|story| &story.rows) {
                    let clause = proof.claim.clause(ruleset).expect("a row");
                    let mut used = BTreeSet::new();
                    if !is_positive(ruleset, &clause, &mut BTreeSet::new()) || !facts(&proof.steps, &mut used)
                    {
                        continue;
                    }
                    checked += 1;
                    assert!(
                        matches(ruleset, &used, proof, &subject),
                        "seed {seed}: {subject:?} {proof:#?}\n{text}"
                    );
                    for fact in &used {
                        let mut fewer = used.clone();
                        fewer.remove(fact);
                        assert!(
                            !matches(ruleset, &fewer, proof, &subject),
                            "seed {seed}: {fact:?} can be left out for {subject:?}: {proof:#?}\n{text}"
                        );
                    }
                }
            }
        });
    }
    assert!(checked > 200, "only {checked} proofs were looked at");
}
