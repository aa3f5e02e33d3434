//! Relations: slots, readings, what is kept.

use super::ir::{Keeping, Reading, ReadingPart, Relation, RelationId, Slot, Ty};
use super::resolver::Resolver;
use crate::base::{Idx, Span};
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::{self, Word};
use crate::value::ValueKind;

/// The type a kind's name stands for; reports unknown ones.
pub(super) fn type_of(resolver: &mut Resolver<'_>, kind: &Word) -> Option<Ty> {
    match ValueKind::find(&kind.text) {
        Some(value) => Some(Ty::Value(value)),
        None => resolver.find_kind(kind).map(Ty::Thing),
    }
}

pub(super) fn slot_name(slot: &ast::Slot) -> String {
    slot.name.as_ref().map_or_else(|| slot.kind.text.to_lowercase(), |name| name.text.clone())
}

/// The slots of a sentence; `None` where one is broken.
pub(super) fn declare_slots<'a>(
    resolver: &mut Resolver<'_>,
    slots: impl Iterator<Item = &'a ast::Slot>,
) -> Option<Vec<Slot>> {
    let mut declared: Vec<(Slot, Span)> = Vec::new();
    let mut sound = true;
    for slot in slots {
        let name = slot_name(slot);
        if let Some((_, first)) = declared.iter().find(|(known, _)| known.name == name) {
            resolver.report(
                Diagnostic::new(Code::Duplicate, format!("two slots are both called `{name}`"))
                    .at(slot.span, "the second")
                    .at(*first, "the first")
                    .help(format!("name them, as in `giver: {0}` and `taker: {0}`", slot.kind.text)),
            );
            sound = false;
        }
        match type_of(resolver, &slot.kind) {
            Some(ty) => declared.push((Slot { name, ty }, slot.span)),
            None => sound = false,
        }
    }
    sound.then(|| declared.into_iter().map(|(slot, _)| slot).collect())
}

pub(super) fn declare_relation(resolver: &mut Resolver<'_>, relation: &ast::Relation, span: Span) {
    let id = RelationId::from_usize(resolver.out.relations.len());
    let Some(main) = relation.readings.first() else {
        resolver.broken.relations = true;
        return;
    };
    let slots = || main.parts.iter().filter_map(as_slot);
    let Some(declared) = declare_slots(resolver, slots()) else {
        resolver.broken.relations = true;
        return;
    };
    let marked: Vec<&ast::Slot> = slots().collect();
    let open = open_slot(resolver, &marked, &declared, relation.keeping.is_some());
    let keeping = relation.keeping.and_then(|(keeping, at)| keep_slot(resolver, &declared, keeping, at));
    let mut readings = Vec::new();
    for reading in &relation.readings {
        let Some(parts) = reading_parts(resolver, reading, &declared, main.span) else {
            resolver.broken.relations = true;
            return;
        };
        let known = resolver.readings.add(id, parts.clone(), reading.span);
        if let Some((first, both)) = known.map(|known| (known.span, read_by_both(&known.parts, &parts))) {
            resolver.broken.relations = true;
            let why = both.map_or_else(
                || "has the same words in the same places".to_owned(),
                |both| format!("`{both}` could be either: a word of one may stand for the slot of the other"),
            );
            resolver.report(
                Diagnostic::new(Code::Collision, "this sentence cannot be told apart from an earlier one")
                    .at(reading.span, why)
                    .at(first, "as this one")
                    .help("change a word that stands between the kinds in one of them"),
            );
            continue;
        }
        readings.push(Reading { parts, span: reading.span });
    }
    let text = relation.text.as_ref().map(|text| text.text.clone());
    let rules = Vec::new();
    resolver.out.relations.push(Relation { readings, slots: declared, open, keeping, rules, text, span });
}

/// A sentence that two readings match of which one has a word where the other has a slot; `None` where there is no such.
fn read_by_both(left: &[ReadingPart], right: &[ReadingPart]) -> Option<String> {
    let mut differ = false;
    let both = left.iter().zip(right).map(|pair| match pair {
        (ReadingPart::Word(left), ReadingPart::Word(_)) => left.as_str(),
        (ReadingPart::Word(word), _) | (_, ReadingPart::Word(word)) => {
            differ = true;
            word.as_str()
        }
        _ => "…",
    });
    let both: Vec<&str> = both.collect();
    differ.then(|| both.join(" "))
}

fn as_slot(part: &ast::ReadingPart) -> Option<&ast::Slot> {
    match part {
        ast::ReadingPart::Slot(slot) => Some(slot),
        ast::ReadingPart::Word(_) => None,
    }
}

/// The one value slot marked `?`.
fn open_slot(
    resolver: &mut Resolver<'_>,
    marked: &[&ast::Slot],
    slots: &[Slot],
    keeping: bool,
) -> Option<usize> {
    let mut open = marked.iter().enumerate().filter(|(_, slot)| slot.open).map(|(at, _)| at);
    let first = open.next()?;
    let problem = match (open.next(), slots[first].ty) {
        (Some(_), _) => "only one value of a sentence may be missing",
        (None, Ty::Thing(_)) => "only a value may be missing, not a thing",
        (None, Ty::Value(_)) if keeping => "a value that is kept cannot be one that may be missing",
        (None, Ty::Value(_)) if slots.len() == 1 => "whose value may be missing is not said",
        (None, Ty::Value(_)) => return Some(first),
    };
    resolver.report(
        Diagnostic::new(Code::BadReading, problem)
            .at(marked[first].span, "marked `?`")
            .help("write it as in `relation Flight arrived late by Number?`"),
    );
    None
}

fn keep_slot(
    resolver: &mut Resolver<'_>,
    slots: &[Slot],
    keeping: Keeping,
    at: Span,
) -> Option<(Keeping, usize)> {
    let kept: Vec<usize> = slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| matches!(slot.ty, Ty::Value(ValueKind::Number | ValueKind::Date)))
        .map(|(place, _)| place)
        .collect();
    if let [only] = kept.as_slice() {
        return Some((keeping, *only));
    }
    resolver.report(
        Diagnostic::new(Code::BadKeeping, "it is not clear which value is kept")
            .at(at, format!("the sentence has {} slots for a Number or Date", kept.len()))
            .help("`keeping` needs exactly one slot for a Number or Date"),
    );
    None
}

/// The parts of a reading with its slots numbered as in the main reading.
fn reading_parts(
    resolver: &mut Resolver<'_>,
    reading: &ast::Reading,
    slots: &[Slot],
    main: Span,
) -> Option<Vec<ReadingPart>> {
    let mut seen = vec![false; slots.len()];
    let mut parts = Vec::new();
    for part in &reading.parts {
        let slot = match part {
            ast::ReadingPart::Word(word) => {
                parts.push(ReadingPart::Word(word.text.clone()));
                continue;
            }
            ast::ReadingPart::Slot(slot) => slot,
        };
        let name = slot_name(slot);
        let place = slots.iter().position(|known| known.name == name).filter(|place| !seen[*place]);
        let ty = type_of(resolver, &slot.kind)?;
        match place {
            Some(place) if slots[place].ty == ty => {
                seen[place] = true;
                parts.push(ReadingPart::Slot(place));
            }
            _ => {
                resolver.report(
                    Diagnostic::new(Code::BadReading, format!("`{name}` is no slot of the first sentence"))
                        .at(slot.span, "not named there so")
                        .at(main, "the first sentence")
                        .help("another way to say it has the same slots, each once"),
                );
                return None;
            }
        }
    }
    let fixed = parts.iter().any(|part| matches!(part, ReadingPart::Word(_)));
    if !fixed || slots.is_empty() || seen.contains(&false) {
        let problem = if !fixed {
            "a sentence needs a word between its kinds"
        } else if slots.is_empty() {
            "a sentence needs at least one kind"
        } else {
            "a slot of the first sentence is missing here"
        };
        resolver.report(
            Diagnostic::new(Code::BadReading, problem)
                .at(reading.span, "this sentence")
                .help("write lower-case words around kinds, as in `Organisation makes Offering`"),
        );
        return None;
    }
    Some(parts)
}
