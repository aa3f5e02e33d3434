//! Engine and oracle side by side: everything an evaluation holds, and the first thing that differs.

use std::collections::BTreeSet;

use parallax::base::BitSet;
use parallax::model::{DomainId, Ruleset, Slot};
use parallax::verdict::{Evaluation, Outcome, OutcomeSet, VerdictTable};

use crate::oracle::{Answers, Both, Out, Tuple, missing};

/// The first thing on which the two differ.
pub fn difference(ruleset: &Ruleset, evaluation: &Evaluation, expected: &Answers) -> Option<String> {
    relations(ruleset, evaluation, expected)
        .or_else(|| tables(ruleset, evaluation, expected))
        .or_else(|| violations(evaluation, expected))
}

fn relations(ruleset: &Ruleset, evaluation: &Evaluation, expected: &Answers) -> Option<String> {
    for (id, bounds) in evaluation.relations.iter_enumerated() {
        let domains = domains(ruleset, &ruleset.relations[id].slots);
        let certain = tuples(evaluation, &domains, &bounds.certain);
        let possible =
            bounds.possible.as_ref().map_or_else(|| certain.clone(), |all| tuples(evaluation, &domains, all));
        let found = Both { certain, possible };
        if found != expected.relations[&id] {
            return Some(format!("relation {id:?}: {found:?}\nexpected {:?}", expected.relations[&id]));
        }
    }
    None
}

fn tables(ruleset: &Ruleset, evaluation: &Evaluation, expected: &Answers) -> Option<String> {
    for (question, table) in evaluation.tables.iter_enumerated() {
        let domains = domains(ruleset, &ruleset.questions[question].slots);
        let population = &expected.populations[&question];
        let found = tuples(evaluation, &domains, &table.subjects);
        if found != population.possible {
            return Some(format!("population {found:?}\nexpected {:?}", population.possible));
        }
        for place in 0..table.len() {
            let subject = subject(evaluation, table, &domains, place);
            if table.perhaps.contains(place) == population.certain.contains(&subject) {
                return Some(format!("perhaps {subject:?}"));
            }
            for column in &table.lenses {
                let open = outs(table.outcome(column, place));
                let wanted = &expected.lenses[&column.lens][&subject];
                if open != *wanted {
                    let lens = &ruleset.lenses[column.lens].name;
                    return Some(format!("{lens} of {subject:?}: {open:?}\nexpected {wanted:?}"));
                }
            }
        }
        for column in &table.lenses {
            for ((row, matches), wanted) in column.rows.iter_enumerated().zip(&expected.rows[&column.lens]) {
                let whom = |set: &BitSet| -> BTreeSet<Tuple> {
                    (0..table.len())
                        .filter(|place| set.contains(*place))
                        .map(|place| subject(evaluation, table, &domains, place))
                        .collect()
                };
                let found = Both { certain: whom(&matches.certain), possible: whom(matches.possible()) };
                if found != *wanted {
                    let lens = &ruleset.lenses[column.lens].name;
                    return Some(format!("{lens}, {row:?} matches {found:?}\nexpected {wanted:?}"));
                }
            }
        }
    }
    None
}

fn violations(evaluation: &Evaluation, expected: &Answers) -> Option<String> {
    for (violations, both) in evaluation.violations.iter().zip(&expected.violations) {
        let way = |certain: bool| -> BTreeSet<Tuple> {
            violations
                .iter()
                .filter(|violation| violation.certain || !certain)
                .map(|violation| {
                    violation
                        .bindings
                        .iter()
                        .map(|(_, constant)| constant.clone().unwrap_or_else(missing))
                        .collect()
                })
                .collect()
        };
        if way(true) != both.certain || way(false) != both.possible {
            return Some(format!("violations {violations:?}\nexpected {both:?}"));
        }
    }
    None
}

/// An open set in the oracle's words.
pub fn outs(open: OutcomeSet) -> BTreeSet<Out> {
    open.iter()
        .map(|outcome| match outcome {
            Outcome::Verdict(verdict) => Out::Verdict(verdict),
            Outcome::Conflict => Out::Conflict,
            Outcome::None => Out::None,
        })
        .collect()
}

fn domains(ruleset: &Ruleset, slots: &[Slot]) -> Vec<DomainId> {
    slots.iter().map(|slot| ruleset.domain_of(slot.ty)).collect()
}

fn subject(evaluation: &Evaluation, table: &VerdictTable, domains: &[DomainId], place: usize) -> Tuple {
    let names = domains.iter().zip(&table.subjects);
    names
        .map(|(domain, column)| {
            evaluation.dictionaries[*domain].constant(column[place]).unwrap_or_else(missing)
        })
        .collect()
}

fn tuples(
    evaluation: &Evaluation,
    domains: &[DomainId],
    columns: &[std::sync::Arc<Vec<u32>>],
) -> BTreeSet<Tuple> {
    let rows = columns.first().map_or(0, |column| column.len());
    let constant = |row: usize| {
        domains.iter().zip(columns).map(move |(domain, column)| {
            evaluation.dictionaries[*domain].constant(column[row]).unwrap_or_else(missing)
        })
    };
    (0..rows).map(|row| constant(row).collect()).collect()
}
