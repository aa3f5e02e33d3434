//! Bodies with their sentences matched to what they ask; words are still words.

use super::ir::{
    AtomSource, CompareOp, KindId, LensId, Question, QuestionId, ReadingPart, RelationId, Slot, Ty, VerdictId,
};
use super::readings::plain_word;
use super::resolver::Resolver;
use super::types::is_bare_name;
use crate::base::Span;
use crate::diag::{Code, Diagnostic, Fix, nearest};
use crate::syntax::ast::{self, Body, BodyKind, LensSelection, Quantifier, Sentence, Term, Word};

/// A condition with its sentences matched.
pub(super) enum Raw<'a> {
    And(Vec<Raw<'a>>),
    Or(Vec<Raw<'a>>),
    Not(Box<Raw<'a>>, Span),
    Atom {
        source: AtomSource,
        args: Vec<(&'a Term, Ty)>,
        span: Span,
    },
    Compare {
        lhs: Side<'a>,
        op: CompareOp,
        rhs: &'a ast::Expr,
        span: Span,
    },
    Is {
        lhs: &'a Term,
        rhs: &'a Term,
        not: bool,
        span: Span,
    },
    IsKind {
        term: &'a Term,
        kind: KindId,
        span: Span,
    },
    Known(Box<Raw<'a>>, Span),
    /// A calculation that is true or false.
    Holds(&'a ast::Expr, Span),
    Broken,
}

/// The left side of a comparison: a calculation, or the last word of a sentence.
pub(super) enum Side<'a> {
    Expr(&'a ast::Expr),
    Term(&'a Term),
}

impl Resolver<'_> {
    /// Matches all sentences of a body; reports those that match nothing.
    pub fn raw<'a>(&mut self, body: &'a Body) -> Raw<'a> {
        match &body.kind {
            BodyKind::And(parts) => Raw::And(parts.iter().map(|part| self.raw(part)).collect()),
            BodyKind::Or(parts) => Raw::Or(parts.iter().map(|part| self.raw(part)).collect()),
            BodyKind::Not(inner) => Raw::Not(Box::new(self.raw(inner)), body.span),
            BodyKind::Known(inner) => Raw::Known(Box::new(self.raw(inner)), body.span),
            BodyKind::Sentence(sentence) => self.raw_sentence(sentence),
            BodyKind::SentenceCompare { sentence, op, rhs } => {
                self.raw_compared(sentence, *op, rhs, body.span)
            }
            BodyKind::Compare { lhs, op, rhs } => {
                Raw::Compare { lhs: Side::Expr(lhs), op: *op, rhs, span: body.span }
            }
            BodyKind::OneOf { item, not, options } => {
                let parts = options
                    .iter()
                    .map(|rhs| Raw::Is { lhs: item, rhs, not: *not, span: body.span })
                    .collect();
                if *not { Raw::And(parts) } else { Raw::Or(parts) }
            }
            BodyKind::AccordingTo { sentence, lenses } => {
                self.raw_according(sentence, lenses, body.span).unwrap_or(Raw::Broken)
            }
            BodyKind::Disagree { left, right, on } => {
                self.raw_disagree(left, right, on, body.span).unwrap_or(Raw::Broken)
            }
            BodyKind::Calculation(expr) if matches!(expr.kind, ast::ExprKind::Call { .. }) => {
                Raw::Holds(expr, body.span)
            }
            BodyKind::Calculation(expr) => {
                self.report(
                    Diagnostic::new(Code::UnexpectedText, "a value stands where a condition is needed")
                        .at(expr.span, "neither true nor false")
                        .help("compare it, as in `a + b > 10`"),
                );
                Raw::Broken
            }
            BodyKind::Broken => {
                self.broken.others = true;
                self.unread_part = true;
                Raw::Broken
            }
        }
    }

    fn raw_sentence<'a>(&mut self, sentence: &'a Sentence) -> Raw<'a> {
        if let Some(found) = self.readings.find(sentence) {
            let slots = &self.out.relations[found.relation].slots;
            let args = found.args.into_iter().zip(slots).map(|(term, slot)| (term, slot.ty)).collect();
            return Raw::Atom { source: AtomSource::Relation(found.relation), args, span: sentence.span };
        }
        if let Some(raw) = self.raw_is(sentence) {
            return raw;
        }
        self.unread.extend(sentence.parts.iter().filter_map(plain_word).map(str::to_owned));
        let meant = self.meant(sentence);
        self.report_unknown_sentence(sentence, meant);
        Raw::Broken
    }

    /// `flight arrived late by delay >= 15`: the sentence, and its last word compared.
    fn raw_compared<'a>(
        &mut self,
        sentence: &'a Sentence,
        op: CompareOp,
        rhs: &'a ast::Expr,
        span: Span,
    ) -> Raw<'a> {
        let atom = self.raw_sentence(sentence);
        if let (Raw::Atom { .. }, Some(last)) = (&atom, sentence.parts.last()) {
            let compare = Raw::Compare { lhs: Side::Term(last), op, rhs, span };
            return Raw::And(vec![atom, compare]);
        }
        Raw::Broken
    }

    /// `a is b`, `a is not b`, `x is a Kind`, `x is not a Kind`.
    fn raw_is<'a>(&mut self, sentence: &'a Sentence) -> Option<Raw<'a>> {
        let (first, rest) = sentence.parts.split_first()?;
        let words: Vec<Option<&str>> = rest.iter().map(plain_word).collect();
        let (not, object) = match words.as_slice() {
            [Some("is"), Some("not"), ..] => (true, &rest[2..]),
            [Some("is"), ..] => (false, &rest[1..]),
            _ => return None,
        };
        let span = sentence.span;
        match object {
            [other] => match plain_word(other) {
                Some(kind) if !is_bare_name(kind) && self.kinds.get(kind).is_some() => {
                    self.report(
                        Diagnostic::new(
                            Code::UnknownSentence,
                            format!("`{kind}` is a kind and needs `a` before it"),
                        )
                        .at(other.span, "a kind")
                        .help(format!("write `is a {kind}`"))
                        .fix(Fix::replace(
                            "add `a`",
                            other.span,
                            format!("a {kind}"),
                            true,
                        )),
                    );
                    Some(Raw::Broken)
                }
                _ => Some(Raw::Is { lhs: first, rhs: other, not, span }),
            },
            [article, kind] if matches!(plain_word(article), Some("a" | "an")) => {
                let name = plain_word(kind).filter(|name| !is_bare_name(name))?;
                let word = Word { text: name.to_owned(), span: kind.span };
                let Some(kind) = self.find_kind(&word) else { return Some(Raw::Broken) };
                let is = Raw::IsKind { term: first, kind, span };
                Some(if not { Raw::Not(Box::new(is), span) } else { is })
            }
            _ => None,
        }
    }

    /// Says that a sentence matches no relation, with what was meant, or with the nearest that is declared.
    pub fn report_unknown_sentence(&mut self, sentence: &Sentence, meant: Option<String>) {
        if self.broken.relations || self.broken.kinds {
            return;
        }
        let text = self.sources.slice(sentence.span);
        let mut diagnostic = match self.verdict_sentence(sentence) {
            Some(question) => Diagnostic::new(
                Code::VerdictAsFact,
                format!("`{text}` is a verdict, and it is not said whose"),
            )
            .at(sentence.span, "a verdict holds only by a lens")
            .at(self.out.questions[question].span, "the question it answers")
            .help("add `according to LENS`"),
            None => Diagnostic::new(Code::UnknownSentence, format!("no relation reads `{text}`"))
                .at(sentence.span, "matches no declared sentence"),
        };
        if diagnostic.code == Code::UnknownSentence
            && let Some(help) = meant
        {
            diagnostic = diagnostic.help(help);
        } else if diagnostic.code == Code::UnknownSentence {
            let near = if self.is_crowded() { None } else { self.readings.nearest(sentence) };
            diagnostic = match near {
                Some(near) => {
                    let shown = self.show_reading(&near.parts, near.relation);
                    let with_place = diagnostic.at(near.span, "the nearest declared sentence");
                    let named = self.compared(sentence, &near.parts, near.relation).unwrap_or_default();
                    let helped = with_place.help(format!("did you mean `{shown}`?{named}"));
                    match repair(&near.parts, sentence) {
                        Some(fix) => helped.fix(fix),
                        None => helped,
                    }
                }
                None => diagnostic.help(format!("declare it, as in `relation {}`", suggestion(sentence))),
            };
        }
        self.report(diagnostic);
    }

    fn verdict_sentence(&self, sentence: &Sentence) -> Option<QuestionId> {
        self.out.questions.iter_enumerated().find_map(|(id, question)| {
            let place = match_question(question, sentence).ok()?;
            let word = plain_word(&sentence.parts[place])?;
            question.verdicts.iter().any(|verdict| verdict.name == word).then_some(id)
        })
    }

    /// How a value is compared, where a comparison follows a sentence and the reading has just one value.
    fn compared(&self, sentence: &Sentence, parts: &[ReadingPart], relation: RelationId) -> Option<String> {
        let text = &self.sources.file(sentence.span.file).text;
        let after = text.get(sentence.span.end as usize..)?;
        if !after.trim_start().starts_with(['<', '>', '=', '!']) {
            return None;
        }
        let slots = &self.out.relations[relation].slots;
        let word = |slot: &Slot| match slot.ty {
            Ty::Thing(kind) => self.out.kinds[kind].name.to_lowercase(),
            Ty::Value(_) => "n".to_owned(),
        };
        let values = slots.iter().filter(|slot| matches!(slot.ty, Ty::Value(_))).count();
        let named = show_parts(parts, |slot| word(&slots[slot]));
        (values == 1).then(|| format!(" A value is named and then compared, as in `{named} and n < …`"))
    }

    fn show_reading(&self, parts: &[ReadingPart], relation: RelationId) -> String {
        let slots = &self.out.relations[relation].slots;
        show_parts(parts, |slot| self.out.type_name(slots[slot].ty).to_owned())
    }

    fn raw_according<'a>(
        &mut self,
        sentence: &'a Sentence,
        selection: &LensSelection,
        span: Span,
    ) -> Option<Raw<'a>> {
        let (question, lenses) = self.lens_list(selection)?;
        let (verdict, args) = self.verdict_parts(question, sentence)?;
        let verdict = self.find_verdict(question, verdict)?;
        let count = lenses.len() as u32;
        let needed = match selection.quantifier {
            Quantifier::Each if count > 1 => {
                self.report(
                    Diagnostic::new(Code::BadThreshold, "it is not said how many of these lenses must agree")
                        .at(selection.span, "several lenses")
                        .help("write `any of`, `all of` or `at least 2 of` before them"),
                );
                return None;
            }
            Quantifier::Each | Quantifier::Any => 1,
            Quantifier::All => count,
            Quantifier::AtLeast(needed) => needed,
        };
        if needed == 0 || needed > count {
            self.report(
                Diagnostic::new(
                    Code::BadThreshold,
                    format!("at least {needed} of {count} lenses cannot be asked for"),
                )
                .at(selection.span, format!("{count} named here"))
                .help(format!("write a number from 1 to {count}")),
            );
            return None;
        }
        let types: Vec<Ty> = self.out.questions[question].slots.iter().map(|slot| slot.ty).collect();
        let source = AtomSource::Verdict { question, verdict, needed, lenses };
        Some(Raw::Atom { source, args: args.into_iter().zip(types).collect(), span })
    }

    /// The lenses of a selection, sorted, all of one question.
    pub fn lens_list(&mut self, selection: &LensSelection) -> Option<(QuestionId, Vec<LensId>)> {
        let mut lenses: Vec<LensId> = Vec::new();
        let mut sound = true;
        for name in &selection.lenses {
            match self.find_lens(name) {
                Some(lens) if lenses.contains(&lens) => {
                    self.report(
                        Diagnostic::new(Code::Duplicate, format!("the lens `{}` is named twice", name.text))
                            .at(name.span, "named already")
                            .help("name each lens once"),
                    );
                    sound = false;
                }
                Some(lens) => {
                    if let Some(first) = lenses.first()
                        && !self.same_question(*first, lens, name.span)
                    {
                        sound = false;
                    }
                    lenses.push(lens);
                }
                None => sound = false,
            }
        }
        let first = *lenses.first()?;
        lenses.sort_unstable();
        sound.then(|| (self.out.lenses[first].question, lenses))
    }

    /// Whether two lenses answer one question; reports it where not.
    pub fn same_question(&mut self, left: LensId, right: LensId, span: Span) -> bool {
        let (left, right) = (&self.out.lenses[left], &self.out.lenses[right]);
        if left.question == right.question {
            return true;
        }
        let diagnostic = Diagnostic::new(
            Code::OtherQuestion,
            format!("`{}` and `{}` answer different questions", left.name, right.name),
        )
        .at(span, "another question than the lens before")
        .at(right.span, "declared here")
        .help("name lenses of one question only");
        self.report(diagnostic);
        false
    }

    /// The verdict's word and the subject of a sentence that must be the question's.
    pub fn verdict_parts<'a>(
        &mut self,
        question: QuestionId,
        sentence: &'a Sentence,
    ) -> Option<(Word, Vec<&'a Term>)> {
        let asked = &self.out.questions[question];
        match match_question(asked, sentence) {
            Ok(place) => {
                let term = &sentence.parts[place];
                let text = plain_word(term).unwrap_or_default().to_owned();
                let args = asked
                    .reading
                    .parts
                    .iter()
                    .zip(&sentence.parts)
                    .filter(|(part, _)| matches!(part, ReadingPart::Slot(_)))
                    .map(|(_, term)| term)
                    .collect();
                Some((Word { text, span: term.span }, args))
            }
            Err(()) => {
                let text = self.sources.slice(sentence.span);
                let shown = self.show_question(question);
                let diagnostic = Diagnostic::new(
                    Code::UnknownSentence,
                    format!("`{text}` is not a sentence of the question"),
                )
                .at(sentence.span, "a lens answers only its question")
                .at(self.out.questions[question].span, "the question")
                .help(format!("write it as `{shown}`"));
                self.report(diagnostic);
                None
            }
        }
    }

    fn show_question(&self, question: QuestionId) -> String {
        let question = &self.out.questions[question];
        show_parts(&question.reading.parts, |slot| question.slots[slot].name.clone())
            .replace('|', question.verdicts.as_slice().first().map_or("", |verdict| verdict.name.as_str()))
    }

    /// The verdict of this name; reports it where the question has none.
    pub fn find_verdict(&mut self, question: QuestionId, word: Word) -> Option<VerdictId> {
        let asked = &self.out.questions[question];
        let found = asked.verdicts.iter_enumerated().find(|(_, verdict)| verdict.name == word.text);
        if let Some((id, _)) = found {
            return Some(id);
        }
        let names: Vec<String> = asked.verdicts.iter().map(|verdict| format!("`{}`", verdict.name)).collect();
        let near = nearest(&word.text, asked.verdicts.iter().map(|verdict| verdict.name.as_str()))
            .map(str::to_owned);
        let mut diagnostic = Diagnostic::new(
            Code::UnknownVerdict,
            format!("`{}` is not a verdict of the question", word.text),
        )
        .at(word.span, "not one of its verdicts")
        .at(asked.span, "they are named here");
        diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(Fix::replace(
                format!("write `{near}`"),
                word.span,
                near,
                false,
            )),
            None => diagnostic.help(format!("write one of {}", names.join(", "))),
        };
        self.report(diagnostic);
        None
    }

    fn raw_disagree<'a>(&mut self, left: &Word, right: &Word, on: &'a [Term], span: Span) -> Option<Raw<'a>> {
        let (question, left, right) = self.disagreement(left, right)?;
        let types: Vec<Ty> = self.out.questions[question].slots.iter().map(|slot| slot.ty).collect();
        self.fits_subject(question, on, span)?;
        let source = AtomSource::Disagree { question, left, right };
        Some(Raw::Atom { source, args: on.iter().zip(types).collect(), span })
    }

    /// Two different lenses of one question.
    pub fn disagreement(&mut self, left: &Word, right: &Word) -> Option<(QuestionId, LensId, LensId)> {
        let found = (self.find_lens(left), self.find_lens(right));
        let (Some(first), Some(second)) = found else { return None };
        if first == second {
            self.report(
                Diagnostic::new(Code::BadThreshold, format!("`{}` cannot disagree with itself", left.text))
                    .at(right.span, "the same lens")
                    .help("name two lenses"),
            );
            return None;
        }
        self.same_question(first, second, right.span)
            .then(|| (self.out.lenses[first].question, first, second))
    }

    /// Whether as many words stand here as the question's subject has.
    pub fn fits_subject(&mut self, question: QuestionId, terms: &[Term], span: Span) -> Option<()> {
        let slots = &self.out.questions[question].slots;
        if slots.len() == terms.len() {
            return Some(());
        }
        let wanted: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
        let diagnostic = Diagnostic::new(
            Code::BadExpectation,
            format!("a subject of this question is named by {} words", slots.len()),
        )
        .at(span, format!("{} stand here", terms.len()))
        .help(format!("write `{}`", wanted.join(", ")));
        self.report(diagnostic);
        None
    }
}

/// The place of the verdict, where the sentence has the question's form.
fn match_question(question: &Question, sentence: &Sentence) -> Result<usize, ()> {
    let parts = &question.reading.parts;
    let fits = parts.len() == sentence.parts.len()
        && parts.iter().zip(&sentence.parts).all(|(part, term)| match part {
            ReadingPart::Word(word) => plain_word(term) == Some(word),
            ReadingPart::Slot(_) => true,
            ReadingPart::Verdict => plain_word(term).is_some(),
        });
    let place = parts.iter().position(|part| matches!(part, ReadingPart::Verdict));
    if fits { place.ok_or(()) } else { Err(()) }
}

/// A sentence's frame with its slots named by `slot`; the verdict's place is `|`.
pub(crate) fn show_parts(parts: &[ReadingPart], slot: impl Fn(usize) -> String) -> String {
    let shown: Vec<String> = parts
        .iter()
        .map(|part| match part {
            ReadingPart::Word(word) => word.clone(),
            ReadingPart::Slot(place) => slot(*place),
            ReadingPart::Verdict => "|".to_owned(),
        })
        .collect();
    shown.join(" ")
}

/// One word replaced, where that makes the sentence match.
fn repair(parts: &[ReadingPart], sentence: &Sentence) -> Option<Fix> {
    if parts.len() != sentence.parts.len() {
        return None;
    }
    let mut wrong = parts.iter().zip(&sentence.parts).filter_map(|(part, term)| match part {
        ReadingPart::Word(word) if plain_word(term) != Some(word) => Some((word, term.span)),
        _ => None,
    });
    let (word, span) = wrong.next()?;
    wrong.next().is_none().then(|| Fix::replace(format!("write `{word}`"), span, word.as_str(), false))
}

fn suggestion(sentence: &Sentence) -> String {
    let last = sentence.parts.len().saturating_sub(1);
    let shown: Vec<String> = sentence
        .parts
        .iter()
        .enumerate()
        .map(|(at, term)| match plain_word(term) {
            Some(word) if at > 0 && at < last => word.to_owned(),
            _ => "KIND".to_owned(),
        })
        .collect();
    shown.join(" ")
}
