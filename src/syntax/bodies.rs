//! Conditions: runs of pieces become sentences or comparisons.

use pest::iterators::Pair;

use super::Rule;
use super::ast::{Body, BodyKind, CompareOp, LensSelection, Quantifier, Sentence, Term, TermKind, Word};
use super::expressions::{Piece, is_calculation};
use super::lines::{Base, Lines};
use super::words::word;
use crate::base::Span;
use crate::diag::{Code, Diagnostic};

impl Lines<'_> {
    /// Conditions joined by `and` or `or`.
    pub fn body(&mut self, base: Base, pair: Pair<'_, Rule>) -> Body {
        let span = base.span(&pair);
        let mut parts = Vec::new();
        let mut joints: Vec<(bool, Span)> = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_and => joints.push((true, base.span(&part))),
                Rule::kw_or => joints.push((false, base.span(&part))),
                _ => parts.push(self.condition(base, part)),
            }
        }
        let first = joints.first().copied();
        if let Some((kind, first_span)) = first
            && let Some((_, other)) = joints.iter().find(|(other, _)| *other != kind)
        {
            self.report(
                Diagnostic::new(Code::MixedAndOr, "`and` and `or` stand side by side")
                    .at(*other, "it is not clear which belongs together")
                    .at(first_span, "beside this one")
                    .help("put brackets around what belongs together, as in `a and (b or c)`"),
            );
            return Body { kind: BodyKind::Broken, span };
        }
        match first {
            None => parts.pop().unwrap_or(Body { kind: BodyKind::Broken, span }),
            Some((true, _)) => Body { kind: BodyKind::And(parts), span },
            Some((false, _)) => Body { kind: BodyKind::Or(parts), span },
        }
    }

    fn condition(&mut self, base: Base, pair: Pair<'_, Rule>) -> Body {
        let span = base.span(&pair);
        let mut nots = 0;
        let mut known = false;
        let mut rest = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_not => nots += 1,
                Rule::kw_known => known = true,
                _ => rest.push(part),
            }
        }
        let inner_span = rest.first().map_or(span, |first| base.span(first).to(span));
        let mut body = self.asked(base, rest, inner_span).unwrap_or(Body { kind: BodyKind::Broken, span });
        if known {
            body = Body { kind: BodyKind::Known(Box::new(body)), span: inner_span };
        }
        for _ in 0..nots {
            body = Body { kind: BodyKind::Not(Box::new(body)), span };
        }
        body
    }

    /// `None` where something was reported.
    fn asked(&mut self, base: Base, parts: Vec<Pair<'_, Rule>>, span: Span) -> Option<Body> {
        let mut runs = Vec::new();
        let mut compare = None;
        let mut options = Vec::new();
        let mut according = None;
        for part in parts {
            match part.as_rule() {
                Rule::disagree => {
                    let (left, right, on) = self.disagree(base, part)?;
                    return Some(Body { kind: BodyKind::Disagree { left, right, on }, span });
                }
                Rule::run => runs.push(self.pieces(base, part)?),
                Rule::compare => compare = compare_op(part.as_str()),
                Rule::options => {
                    for value in part.into_inner() {
                        options.push(self.value(base, value)?);
                    }
                }
                Rule::according => according = Some(Self::selection(base, part).0),
                _ => {}
            }
        }
        let mut runs = runs.into_iter();
        let first = runs.next()?;
        if let Some(op) = compare {
            return self.comparison(first, op, runs.next()?, span);
        }
        if let Some(lenses) = according {
            let sentence = self.sentence(first, span)?;
            return Some(Body { kind: BodyKind::AccordingTo { sentence, lenses }, span });
        }
        if is_calculation(&first) && !matches!(first.as_slice(), [Piece::Group(..)]) && !is_wrapped(&first) {
            let expr = self.expression(first)?;
            return Some(Body { kind: BodyKind::Calculation(expr), span });
        }
        if let [Piece::Group(_, _)] = first.as_slice() {
            return first.into_iter().next().and_then(|piece| match piece {
                Piece::Group(body, _) => Some(body),
                _ => None,
            });
        }
        let sentence = self.sentence(first, span)?;
        if let Some((item, not, one)) = one_of(&sentence) {
            let options = std::iter::once(one).chain(options).collect();
            return Some(Body { kind: BodyKind::OneOf { item, not, options }, span });
        }
        if let Some(stray) = options.first() {
            self.report(
                Diagnostic::new(Code::UnexpectedText, "a list does not fit here")
                    .at(stray.span, "not expected")
                    .help("lists follow `is one of`, as in `x is one of \"a\", \"b\"`; conditions are joined by `and`"),
            );
            return None;
        }
        Some(Body { kind: BodyKind::Sentence(sentence), span })
    }

    fn comparison(&mut self, lhs: Vec<Piece>, op: CompareOp, rhs: Vec<Piece>, span: Span) -> Option<Body> {
        let is_sentence = lhs.len() > 1 && !is_calculation(&lhs);
        if is_sentence {
            let sentence = self.sentence(lhs, span)?;
            let rhs = self.expression(rhs)?;
            return Some(Body { kind: BodyKind::SentenceCompare { sentence, op, rhs }, span });
        }
        let lhs = self.expression(lhs)?;
        let rhs = self.expression(rhs)?;
        Some(Body { kind: BodyKind::Compare { lhs, op, rhs }, span })
    }

    /// A run as a sentence; reports signs of calculation in it.
    pub fn sentence(&mut self, pieces: Vec<Piece>, span: Span) -> Option<Sentence> {
        let mut parts: Vec<Term> = Vec::new();
        let mut sign: Option<Span> = None;
        for piece in pieces {
            match piece {
                Piece::Term(mut term) => {
                    if let Some(at) = sign.take() {
                        let TermKind::Number(number) = term.kind else {
                            self.report_sign(at);
                            return None;
                        };
                        term = Term { kind: TermKind::Number(-number), span: at.to(term.span) };
                    }
                    parts.push(term);
                }
                Piece::Sign(at) if sign.is_none() => sign = Some(at),
                Piece::Call { function, mut args, span: at } => {
                    if let (Some(arg), true) = (args.pop(), args.is_empty())
                        && let super::ast::ExprKind::Term(column) = arg.kind
                    {
                        let kind = TermKind::Wrapped { function, column: Box::new(column) };
                        parts.push(Term { kind, span: at });
                    } else {
                        self.report_calculation(at);
                        return None;
                    }
                }
                Piece::Sign(at) | Piece::Operator(_, at) | Piece::Group(_, at) | Piece::Aggregate(_, at) => {
                    self.report_calculation(at);
                    return None;
                }
            }
        }
        if let Some(at) = sign {
            self.report_sign(at);
            return None;
        }
        let span = parts.first().zip(parts.last()).map_or(span, |(first, last)| first.span.to(last.span));
        Some(Sentence { parts, span })
    }

    fn report_sign(&mut self, at: Span) {
        self.report(
            Diagnostic::new(Code::UnexpectedText, "a sign stands before something that is no number")
                .at(at, "not expected here")
                .help("between two values a minus has a blank on both sides"),
        );
    }

    pub(super) fn report_calculation(&mut self, at: Span) {
        self.report(
            Diagnostic::new(Code::UnexpectedText, "a calculation stands in a sentence")
                .at(at, "not expected here")
                .help("give the result a word beside it, as in `… in x and x = a + 1`, and use that word"),
        );
    }

    pub fn disagree(&mut self, base: Base, pair: Pair<'_, Rule>) -> Option<(Word, Word, Vec<Term>)> {
        let mut names = Vec::new();
        let mut on = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word | Rule::string => names.push(word(base, &part)),
                Rule::value => on.push(self.value(base, part)?),
                Rule::any_word => on.push(self.term(base, &part)?),
                _ => {}
            }
        }
        let mut names = names.into_iter();
        Some((names.next()?, names.next()?, on))
    }

    /// `according to …`, with the label after `by` in expectations.
    pub fn selection(base: Base, pair: Pair<'_, Rule>) -> (LensSelection, Option<Word>) {
        let span = base.span(&pair);
        let mut selection = LensSelection { quantifier: Quantifier::Each, lenses: Vec::new(), span };
        let mut by = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::quantifier => {
                    for inner in part.into_inner() {
                        selection.quantifier = match inner.as_rule() {
                            Rule::any_of => Quantifier::Any,
                            Rule::all_of => Quantifier::All,
                            _ => {
                                let digits = inner.into_inner().next();
                                let count = digits.and_then(|digits| digits.as_str().trim().parse().ok());
                                Quantifier::AtLeast(count.unwrap_or(0))
                            }
                        };
                    }
                }
                Rule::names => selection.lenses = part.into_inner().map(|name| word(base, &name)).collect(),
                Rule::by_label => by = part.into_inner().next().map(|name| word(base, &name)),
                _ => {}
            }
        }
        (selection, by)
    }
}

/// Whether the only sign of a calculation is `lower(…)` or the like within a sentence.
fn is_wrapped(pieces: &[Piece]) -> bool {
    pieces.len() > 1 && pieces.iter().all(|piece| matches!(piece, Piece::Term(_) | Piece::Call { .. }))
}

fn compare_op(text: &str) -> Option<CompareOp> {
    match text.trim() {
        "=" => Some(CompareOp::Eq),
        "!=" => Some(CompareOp::Ne),
        "<" => Some(CompareOp::Lt),
        "<=" => Some(CompareOp::Le),
        ">" => Some(CompareOp::Gt),
        ">=" => Some(CompareOp::Ge),
        _ => None,
    }
}

/// `x is one of A` and `x is not one of A`: the word, whether denied, the first option.
fn one_of(sentence: &Sentence) -> Option<(Term, bool, Term)> {
    let is = |term: &Term, wanted: &str| matches!(&term.kind, TermKind::Word(word) if word == wanted);
    match sentence.parts.as_slice() {
        [item, a, b, c, option] if is(a, "is") && is(b, "one") && is(c, "of") => {
            Some((item.clone(), false, option.clone()))
        }
        [item, a, b, c, d, option] if is(a, "is") && is(b, "not") && is(c, "one") && is(d, "of") => {
            Some((item.clone(), true, option.clone()))
        }
        _ => None,
    }
}
