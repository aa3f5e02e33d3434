//! Facts as they stand in texts.

use super::ir::{Constant, Fact, KindFact, RelationId, Statements, Ty};
use super::readings::plain_word;
use super::resolver::Resolver;
use super::types::is_bare_name;
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::{FactLine, Sentence, TermKind, Word};

impl Resolver<'_> {
    /// Adds a fact or a kind stated by a line.
    pub fn state(&mut self, line: &FactLine, into: &mut Statements) {
        if let Some((name, kind)) = self.kind_statement(&line.sentence) {
            if line.maybe {
                self.report(
                    Diagnostic::new(Code::NotAFact, "a kind cannot be doubtful")
                        .at(line.span, "`maybe` does not go with `is a`")
                        .help("leave `maybe` out, or state a relation instead"),
                );
            } else if let Some(kind) = self.find_kind(&kind)
                && let Some(Constant::Thing(_, name)) = self.fact_constant(name, Ty::Thing(kind))
            {
                into.kinds.push(KindFact { name, kind, span: line.span });
            }
            return;
        }
        if let Some((relation, args)) = self.fact(&line.sentence) {
            if line.maybe && self.no_doubt(relation, line.span) {
                return;
            }
            into.facts.push(Fact { relation, args, maybe: line.maybe, span: line.span });
        }
    }

    /// Reports `maybe` before a sentence with a value that may be missing.
    pub fn no_doubt(&mut self, relation: RelationId, span: crate::base::Span) -> bool {
        let entry = &self.out.relations[relation];
        if entry.open.is_none() {
            return false;
        }
        let declared = entry.span;
        self.report(
            Diagnostic::new(Code::NotAFact, "a value that may be missing cannot be doubtful too")
                .at(span, "`maybe` does not go with it")
                .at(declared, "declared with `?` here")
                .help("leave the fact out: its value is then not known"),
        );
        true
    }

    /// The fact a sentence states; reports where it states none.
    pub fn fact(&mut self, sentence: &Sentence) -> Option<(RelationId, Vec<Constant>)> {
        let Some(found) = self.readings.find(sentence) else {
            self.report_unknown_sentence(sentence, None);
            return None;
        };
        let types: Vec<Ty> = self.out.relations[found.relation].slots.iter().map(|slot| slot.ty).collect();
        let mut args = Vec::new();
        let mut sound = true;
        for (term, ty) in found.args.iter().zip(types) {
            match self.fact_constant(term, ty) {
                Some(constant) => args.push(constant),
                None => sound = false,
            }
        }
        sound.then_some((found.relation, args))
    }

    /// `acme is an Organisation`, unless a relation reads so.
    fn kind_statement<'a>(&self, sentence: &'a Sentence) -> Option<(&'a crate::syntax::ast::Term, Word)> {
        let [name, is, article, kind] = sentence.parts.as_slice() else { return None };
        let fits = plain_word(is) == Some("is") && matches!(plain_word(article), Some("a" | "an"));
        let TermKind::Word(word) = &kind.kind else { return None };
        (fits && !is_bare_name(word) && self.readings.find(sentence).is_none())
            .then(|| (name, Word { text: word.clone(), span: kind.span }))
    }
}
