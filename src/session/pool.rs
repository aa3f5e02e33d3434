//! Scenarios put together for a report. Each is worked out in its own world, since it may give
//! parameters other values and rules may name things; then all subjects stand in one table, each name
//! written `scenario/name`.

use std::sync::Arc;

use crate::base::{BitSet, InOrder, IndexVec};
use crate::facts::Dictionary;
use crate::model::{Constant, QuestionId, Ruleset};
use crate::verdict::{
    Evaluation, LeftOut, LensColumn, OutcomeSet, RelationBounds, RowMatches, VerdictTable, Violation, Without,
};

/// One evaluation out of those of several worlds, each with the prefix of its names. The tuples of
/// relations stay behind: ids of one world mean nothing in another, and no report shows them.
pub(super) fn pool(ruleset: &Ruleset, worlds: &[(String, Evaluation)]) -> Evaluation {
    let mut dictionaries = Dictionary::all(ruleset);
    let tables =
        ruleset.questions.ids().map(|question| table(ruleset, question, worlds, &mut dictionaries)).collect();
    let violations = ruleset
        .nevers
        .ids()
        .map(|never| {
            let all = worlds.iter().flat_map(|(prefix, world)| {
                world.violations[never].iter().map(|violation| prefixed(violation, prefix))
            });
            let mut all: Vec<Violation> = all.collect();
            all.order();
            all
        })
        .collect();
    let relations = ruleset.relations.iter().map(|_| RelationBounds::default()).collect();
    let parameters = ruleset.parameters.iter().map(|parameter| parameter.value.clone()).collect();
    Evaluation {
        dictionaries,
        tables,
        relations,
        reads: Vec::new(),
        violations,
        parameters,
        stated: None,
        left_out: LeftOut::default(),
    }
}

fn prefixed(violation: &Violation, prefix: &str) -> Violation {
    let bindings = violation
        .bindings
        .iter()
        .map(|(var, constant)| match constant {
            Some(Constant::Thing(domain, name)) => {
                (*var, Some(Constant::Thing(*domain, format!("{prefix}{name}"))))
            }
            Some(Constant::Value(_)) | None => (*var, constant.clone()),
        })
        .collect();
    Violation { bindings, certain: violation.certain }
}

/// A subject of a world: its ids in the pool, its world, its place there.
type Subject = (Vec<u32>, usize, usize);

fn table(
    ruleset: &Ruleset,
    question: QuestionId,
    worlds: &[(String, Evaluation)],
    dictionaries: &mut IndexVec<crate::model::DomainId, Dictionary>,
) -> VerdictTable {
    let slots = &ruleset.questions[question].slots;
    let mut subjects: Vec<Subject> = Vec::new();
    for (at, (prefix, world)) in worlds.iter().enumerate() {
        let own = &world.tables[question];
        for place in 0..own.len() {
            let ids = slots
                .iter()
                .zip(&own.subjects)
                .map(|(slot, column)| {
                    let domain = ruleset.domain_of(slot.ty);
                    let name = world.dictionaries[domain].name(column[place]);
                    dictionaries[domain].intern_name(&format!("{prefix}{name}"))
                })
                .collect();
            subjects.push((ids, at, place));
        }
    }
    subjects.sort_unstable();
    let own = |subject: &Subject| &worlds[subject.1].1.tables[question];
    let mut perhaps = BitSet::new(subjects.len());
    let mut outcomes: Vec<OutcomeSet> = Vec::new();
    for (at, subject) in subjects.iter().enumerate() {
        if own(subject).perhaps.contains(subject.2) {
            perhaps.insert(at);
        }
    }
    let lenses = ruleset
        .lenses_of(question)
        .map(|lens| {
            let mut codes = Vec::with_capacity(subjects.len());
            let rows = ruleset.lenses[lens].rows.len();
            let mut matches: IndexVec<_, RowMatches> = (0..rows)
                .map(|_| RowMatches {
                    certain: BitSet::new(subjects.len()),
                    possible: None,
                    without: Vec::new(),
                })
                .collect();
            for (at, subject) in subjects.iter().enumerate() {
                let table = own(subject);
                // INVARIANT: every lens of a question has a column in each of its tables.
                let Some(column) = table.column(lens) else { continue };
                let open = table.outcome(column, subject.2);
                let code = outcomes.iter().position(|known| *known == open).unwrap_or_else(|| {
                    outcomes.push(open);
                    outcomes.len() - 1
                });
                codes.push(code as u16);
                for (row, found) in matches.iter_mut().zip(&column.rows) {
                    let (certain, possible) =
                        (found.certain.contains(subject.2), found.possible().contains(subject.2));
                    if certain {
                        row.certain.insert(at);
                    }
                    if row.without.is_empty() {
                        let empty = |without: &Without| Without {
                            span: without.span,
                            rest: BitSet::new(subjects.len()),
                            takes: without.takes.clone(),
                        };
                        row.without = found.without.iter().map(empty).collect();
                    }
                    for (all, own) in row.without.iter_mut().zip(&found.without) {
                        if own.rest.contains(subject.2) {
                            all.rest.insert(at);
                        }
                    }
                    if possible != certain && row.possible.is_none() {
                        row.possible = Some(row.certain.clone());
                    }
                    if let (Some(bits), true) = (&mut row.possible, possible) {
                        bits.insert(at);
                    }
                }
            }
            LensColumn { lens, codes, rows: matches }
        })
        .collect();
    let columns = (0..slots.len())
        .map(|slot| Arc::new(subjects.iter().map(|subject| subject.0[slot]).collect()))
        .collect();
    VerdictTable { question, subjects: columns, perhaps, lenses, outcomes }
}
