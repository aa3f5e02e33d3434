//! Relations used for more than rules: weights, labels, slices, what may be proposed to change.

use super::ir::{ReadingPart, Relation, RelationId, Repeat, RepeatRole, Ty};
use super::relations::type_of;
use super::resolver::Resolver;
use crate::base::Span;
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast;
use crate::value::ValueKind;

impl Resolver<'_> {
    /// Enters a `weight`, `label`, `slice` or `changeable`.
    pub fn declare_repeat(&mut self, written: &ast::Repeat, span: Span) {
        let Some(relation) = self.repeated(&written.reading) else { return };
        if let Some(problem) = misfit(written.role, &self.out.relations[relation]) {
            let declared = self.out.relations[relation].span;
            self.report(
                Diagnostic::new(Code::BadReading, problem)
                    .at(span, "used so here")
                    .at(declared, "declared here")
                    .help(match written.role {
                        RepeatRole::Weight => "write it as in `weight Person stands for Number`",
                        RepeatRole::Label => "write it as in `label Body is called Text`",
                        RepeatRole::Slice => "write it as in `slice state: Person lives in Text`",
                        RepeatRole::Changeable => "repeat a declared relation",
                    }),
            );
            return;
        }
        let name = written.name.as_ref().map(|name| name.text.clone());
        let same = |known: &&Repeat| {
            known.role == written.role
                && match written.role {
                    RepeatRole::Slice => known.name == name,
                    RepeatRole::Weight | RepeatRole::Label => {
                        thing_of(&self.out.relations[known.relation])
                            == thing_of(&self.out.relations[relation])
                    }
                    RepeatRole::Changeable => known.relation == relation,
                }
        };
        if let Some(first) = self.out.repeats.iter().find(same).map(|known| known.span) {
            self.report(
                Diagnostic::new(Code::Duplicate, "this is declared twice")
                    .at(span, "declared again here")
                    .at(first, "first declared here")
                    .help("delete one of the two"),
            );
            return;
        }
        self.out.repeats.push(Repeat { role: written.role, name, relation, span });
    }

    /// The relation a reading repeats.
    fn repeated(&mut self, written: &ast::Reading) -> Option<RelationId> {
        let mut parts: Vec<Result<&str, Ty>> = Vec::new();
        for part in &written.parts {
            parts.push(match part {
                ast::ReadingPart::Word(word) => Ok(&word.text),
                ast::ReadingPart::Slot(slot) => Err(type_of(self, &slot.kind)?),
            });
        }
        let reads = |relation: &Relation| {
            relation.readings.iter().any(|reading| {
                reading.parts.len() == parts.len()
                    && reading.parts.iter().zip(&parts).all(|(part, written)| match (part, written) {
                        (ReadingPart::Word(word), Ok(written)) => word == written,
                        (ReadingPart::Slot(slot), Err(ty)) => relation.slots[*slot].ty == *ty,
                        _ => false,
                    })
            })
        };
        let found = self.out.relations.iter_enumerated().find(|(_, relation)| reads(relation));
        let found = found.map(|(id, _)| id);
        if found.is_none() && !self.broken.relations && !self.broken.kinds {
            self.report(
                Diagnostic::new(Code::UnknownSentence, "no relation reads so")
                    .at(written.span, "matches no declared sentence")
                    .help("repeat the sentence of a `relation`, with its kinds"),
            );
        }
        found
    }
}

/// The type of a relation's only thing.
fn thing_of(relation: &Relation) -> Option<Ty> {
    relation.slots.iter().map(|slot| slot.ty).find(|ty| matches!(ty, Ty::Thing(_)))
}

fn misfit(role: RepeatRole, relation: &Relation) -> Option<&'static str> {
    let types: Vec<Ty> = relation.slots.iter().map(|slot| slot.ty).collect();
    let value = |kind: ValueKind| types.contains(&Ty::Value(kind));
    let things = types.iter().filter(|ty| matches!(ty, Ty::Thing(_))).count();
    match role {
        RepeatRole::Changeable => None,
        _ if types.len() != 2 || things == 0 => {
            Some("this takes a sentence about one thing and one more slot")
        }
        RepeatRole::Weight if !value(ValueKind::Number) => Some("a weight is a Number of a thing"),
        RepeatRole::Label if !value(ValueKind::Text) => Some("a label is a Text of a thing"),
        RepeatRole::Weight | RepeatRole::Label | RepeatRole::Slice => None,
    }
}
