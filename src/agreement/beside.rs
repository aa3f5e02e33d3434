//! What a ruleset says of subjects beside its verdicts: their weight, the slice they are in, what a
//! thing is called, and what is not known where a lens cannot decide.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::base::{Idx, InOrder};
use crate::diag::{Code, Diagnostic};
use crate::facts::MISSING;
use crate::model::raw::show_parts;
use crate::model::{AtomSource, Clause, Cond, LensId, QuestionId, RelationId, RepeatRole, Ruleset, Ty};
use crate::value::{Decimal, Value};
use crate::verdict::Evaluation;

/// What is known of each subject beside the verdicts; by place in the verdict table.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The sentence that weighs subjects, and how much each counts.
    pub weight: Option<(String, Vec<Decimal>)>,
    /// A dimension: its name, and per subject the values it has there; none where nothing is stated.
    pub slice: Option<(String, Vec<Vec<String>>)>,
}

/// The slot of a relation that holds things of the subject, with the subject's slot.
fn joined(ruleset: &Ruleset, question: QuestionId, relation: RelationId) -> Option<(usize, usize)> {
    let slots = &ruleset.questions[question].slots;
    ruleset.relations[relation].slots.iter().enumerate().find_map(|(at, slot)| {
        let Ty::Thing(kind) = slot.ty else { return None };
        let fits = |other: &Ty| match other {
            Ty::Thing(other) => ruleset.is_part_of(*other, kind) || ruleset.is_part_of(kind, *other),
            Ty::Value(_) => false,
        };
        slots.iter().position(|own| fits(&own.ty)).map(|own| (at, own))
    })
}

/// Per thing the ids that stand beside it in a relation of two slots.
fn by_thing(evaluation: &Evaluation, relation: RelationId, thing: usize) -> HashMap<u32, Vec<u32>> {
    let mut found: HashMap<u32, Vec<u32>> = HashMap::new();
    let columns = &evaluation.relations[relation].certain;
    if let (Some(things), Some(others)) = (columns.get(thing), columns.get(1 - thing)) {
        for (thing, other) in things.iter().zip(others.iter()) {
            found.entry(*thing).or_default().push(*other);
        }
    }
    found
}

/// A relation's sentence with the names of its slots.
pub fn sentence(ruleset: &Ruleset, relation: RelationId) -> String {
    let entry = &ruleset.relations[relation];
    let parts = entry.readings.first().map_or(&[][..], |reading| reading.parts.as_slice());
    show_parts(parts, |slot| ruleset.type_name(entry.slots[slot].ty).to_owned())
}

/// The weights of a question's subjects, where one is declared: each has exactly one, not below zero.
pub fn weights(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    question: QuestionId,
) -> Result<Option<(String, Vec<Decimal>)>, Box<Diagnostic>> {
    let mut declared = ruleset
        .repeats
        .iter()
        .filter(|repeat| repeat.role == RepeatRole::Weight)
        .filter_map(|repeat| joined(ruleset, question, repeat.relation).map(|slots| (repeat, slots)));
    let Some((repeat, (thing, slot))) = declared.next() else { return Ok(None) };
    if let Some((other, _)) = declared.next() {
        return Err(Box::new(
            Diagnostic::new(Code::BadWeight, "the subjects of one question have two weights")
                .at(other.span, "the second")
                .at(repeat.span, "the first")
                .help("keep one of them"),
        ));
    }
    let known = by_thing(evaluation, repeat.relation, thing);
    let relation = &ruleset.relations[repeat.relation];
    let things = &evaluation.dictionaries[ruleset.domain_of(relation.slots[thing].ty)];
    let numbers = &evaluation.dictionaries[ruleset.domain_of(relation.slots[1 - thing].ty)];
    let table = &evaluation.tables[question];
    let mut weights = Vec::with_capacity(table.len());
    for id in table.subjects[slot].iter() {
        let values = known.get(id).map_or(&[][..], Vec::as_slice);
        let value = match values {
            [only] if *only != MISSING => numbers.value(*only),
            _ => None,
        };
        match value {
            Some(Value::Number(number)) if !number.is_negative() => weights.push(*number),
            _ => {
                let problem = match values {
                    [] => "no weight".to_owned(),
                    [MISSING] => "a weight that is not known".to_owned(),
                    [only] => format!("the weight {}", numbers.show(*only)),
                    several => format!("{} weights", several.len()),
                };
                return Err(Box::new(
                    Diagnostic::new(Code::BadWeight, format!("`{}` has {problem}", things.show(*id)))
                        .at(repeat.span, "each subject needs one weight, not below zero")
                        .help("state the weight, or leave such subjects out with `among`"),
                ));
            }
        }
    }
    Ok(Some((sentence(ruleset, repeat.relation), weights)))
}

/// The values of a declared slice, by its name; `None` where there is no such slice of this question.
pub fn slice(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    question: QuestionId,
    name: &str,
) -> Option<(String, Vec<Vec<String>>)> {
    let repeat = ruleset
        .repeats
        .iter()
        .find(|repeat| repeat.role == RepeatRole::Slice && repeat.name.as_deref() == Some(name))?;
    let (thing, slot) = joined(ruleset, question, repeat.relation)?;
    let known = by_thing(evaluation, repeat.relation, thing);
    let relation = &ruleset.relations[repeat.relation];
    let values = &evaluation.dictionaries[ruleset.domain_of(relation.slots[1 - thing].ty)];
    let own = |id: &u32| -> Vec<String> {
        let ids = known.get(id).map_or(&[][..], Vec::as_slice).iter();
        let mut shown: Vec<String> = ids.map(|id| values.show(*id).into_owned()).collect();
        shown.sort();
        shown
    };
    let all = evaluation.tables[question].subjects[slot].iter().map(own).collect();
    Some((name.to_owned(), all))
}

/// What things are called beside their names: per slot of the subject, by id.
pub fn labels(ruleset: &Ruleset, evaluation: &Evaluation, question: QuestionId) -> Vec<HashMap<u32, String>> {
    let mut labels = vec![HashMap::new(); ruleset.questions[question].slots.len()];
    for repeat in ruleset.repeats.iter().filter(|repeat| repeat.role == RepeatRole::Label) {
        let Some((thing, _)) = joined(ruleset, question, repeat.relation) else { continue };
        let relation = &ruleset.relations[repeat.relation];
        let texts = &evaluation.dictionaries[ruleset.domain_of(relation.slots[1 - thing].ty)];
        let root = |ty: Ty| match ty {
            Ty::Thing(kind) => Some(ruleset.kinds[kind].root),
            Ty::Value(_) => None,
        };
        for (id, ids) in by_thing(evaluation, repeat.relation, thing) {
            let mut shown: Vec<String> =
                ids.iter().filter(|id| **id != MISSING).map(|id| texts.show(*id).into_owned()).collect();
            shown.sort();
            let Some(text) = shown.into_iter().next() else { continue };
            for (slot, own) in ruleset.questions[question].slots.iter().zip(&mut labels) {
                if root(slot.ty) == root(relation.slots[thing].ty) {
                    own.insert(id, text.clone());
                }
            }
        }
    }
    labels
}

/// The sentences of which aggregates leave out what is not known (`known` before them), and how many
/// keys have no stated value.
pub fn left_out(ruleset: &Ruleset, evaluation: &Evaluation) -> Vec<(String, u64)> {
    let mut relations = BTreeSet::new();
    let mut visit = |clause: &Clause| {
        for cond in std::iter::once(&clause.when).chain(&clause.unless) {
            known_in(cond, false, &mut relations);
        }
    };
    ruleset.rules.iter().for_each(|rule| visit(&rule.clause));
    ruleset.questions.iter().filter_map(|question| question.among.as_ref()).for_each(&mut visit);
    ruleset.lenses.iter().flat_map(|lens| lens.rows.iter()).for_each(|row| visit(&row.clause));
    ruleset.nevers.iter().for_each(|never| visit(&never.clause));
    let missing = |relation: RelationId| {
        let slots = ruleset.relations[relation].slots.iter().zip(&evaluation.relations[relation].certain);
        let values = slots.filter(|(slot, _)| matches!(slot.ty, Ty::Value(_)));
        values.map(|(_, column)| column.iter().filter(|id| **id == MISSING).count() as u64).max().unwrap_or(0)
    };
    let counted = relations.into_iter().map(|relation| (sentence(ruleset, relation), missing(relation)));
    counted.filter(|(_, count)| *count > 0).collect()
}

fn known_in(cond: &Cond, aggregated: bool, out: &mut BTreeSet<RelationId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| known_in(part, aggregated, out)),
        Cond::Not(inner, _) => known_in(inner, aggregated, out),
        Cond::Atom(atom) => {
            if let (AtomSource::Relation(relation), true, true) = (&atom.source, atom.known, aggregated) {
                out.insert(*relation);
            }
        }
        Cond::Compare { .. } | Cond::Let { .. } => {
            let mut bodies = Vec::new();
            cond.aggregated(&mut |body| bodies.push(body));
            bodies.into_iter().for_each(|body| known_in(body, true, out));
        }
        Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
}

/// A sentence of which something is not known, and how many subjects a lens leaves unknown where a row
/// that reads it may match or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// The lens.
    pub lens: LensId,
    /// The sentence.
    pub sentence: String,
    /// The subjects; one may have several causes.
    pub subjects: u64,
}

/// Why lenses leave subjects unknown, the most frequent cause first.
pub fn causes(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    question: QuestionId,
    lenses: &[LensId],
) -> Vec<Cause> {
    let table = &evaluation.tables[question];
    let mut found = Vec::new();
    for lens in lenses {
        let Some(column) = table.column(*lens) else { continue };
        let reads: Vec<Vec<String>> =
            ruleset.lenses[*lens].rows.iter().map(|row| doubtful(ruleset, evaluation, &row.clause)).collect();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for subject in (0..table.len()).filter(|subject| !table.perhaps.contains(*subject)) {
            if table.outcome(column, subject).settled().is_some() {
                continue;
            }
            let undecided = column
                .rows
                .iter_enumerated()
                .filter(|(_, row)| row.possible().contains(subject) && !row.certain.contains(subject));
            let mut sentences: Vec<&str> =
                undecided.flat_map(|(row, _)| reads[row.index()].iter().map(String::as_str)).collect();
            sentences.sort_unstable();
            sentences.dedup();
            for sentence in sentences {
                *counts.entry(sentence).or_default() += 1;
            }
        }
        let mut causes: Vec<Cause> = counts
            .into_iter()
            .map(|(sentence, subjects)| Cause { lens: *lens, sentence: sentence.to_owned(), subjects })
            .collect();
        causes.order_by(|left, right| {
            right.subjects.cmp(&left.subjects).then_with(|| left.sentence.cmp(&right.sentence))
        });
        found.extend(causes);
    }
    found
}

/// The sentences of a body of which something is not known.
fn doubtful(ruleset: &Ruleset, evaluation: &Evaluation, clause: &Clause) -> Vec<String> {
    let mut found = Vec::new();
    for cond in std::iter::once(&clause.when).chain(&clause.unless) {
        doubtful_in(ruleset, evaluation, cond, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn doubtful_in(ruleset: &Ruleset, evaluation: &Evaluation, cond: &Cond, found: &mut Vec<String>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => {
            parts.iter().for_each(|part| doubtful_in(ruleset, evaluation, part, found));
        }
        Cond::Not(inner, _) => doubtful_in(ruleset, evaluation, inner, found),
        Cond::Atom(atom) => match &atom.source {
            AtomSource::Relation(relation) => {
                let bounds = &evaluation.relations[*relation];
                let values = ruleset.relations[*relation].slots.iter().zip(&bounds.certain);
                let missing = values
                    .filter(|(slot, _)| matches!(slot.ty, Ty::Value(_)))
                    .any(|(_, column)| column.contains(&MISSING));
                if missing || bounds.possible.is_some() {
                    found.push(sentence(ruleset, *relation));
                }
            }
            AtomSource::Verdict { lenses, .. } => {
                found.extend(lenses.iter().map(|lens| format!("lens {}", ruleset.lenses[*lens].name)));
            }
            AtomSource::Disagree { left, right, .. } => {
                found.extend([left, right].map(|lens| format!("lens {}", ruleset.lenses[*lens].name)));
            }
        },
        Cond::Compare { .. } | Cond::Let { .. } | Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
    let mut bodies = Vec::new();
    cond.aggregated(&mut |body| bodies.push(body));
    bodies.into_iter().for_each(|body| doubtful_in(ruleset, evaluation, body, found));
}
