//! Runs of pieces as calculations: `^` binds tightest and to the right, then sign, `* /`, `+ -`.

use pest::iterators::Pair;

use super::Rule;
use super::ast::{Aggregate, BinaryOp, Body, BodyKind, DateUnit, Expr, ExprKind, Term, TermKind, Word};
use super::lines::{Base, Lines};
use super::words::word;
use crate::base::Span;
use crate::builtin::{self, AggregateKind};
use crate::diag::{Code, Diagnostic};

/// A piece of a run.
pub(super) enum Piece {
    Term(Term),
    Sign(Span),
    Operator(BinaryOp, Span),
    Group(Body, Span),
    Call { function: Word, args: Vec<Expr>, span: Span },
    Aggregate(Box<Aggregate>, Span),
}

impl Piece {
    pub fn span(&self) -> Span {
        match self {
            Piece::Term(term) => term.span,
            Piece::Sign(span)
            | Piece::Operator(_, span)
            | Piece::Group(_, span)
            | Piece::Call { span, .. }
            | Piece::Aggregate(_, span) => *span,
        }
    }
}

/// So many words one after the other are no part of a calculation.
const WORDS_OF_A_SENTENCE: usize = 3;

/// Whether a run is a calculation and no sentence.
pub(super) fn is_calculation(pieces: &[Piece]) -> bool {
    let operators = pieces.iter().any(|piece| {
        matches!(piece, Piece::Operator(..) | Piece::Group(..) | Piece::Aggregate(..) | Piece::Call { .. })
    });
    operators || matches!(pieces, [Piece::Sign(_), _])
}

impl Lines<'_> {
    /// The pieces of a run.
    pub fn pieces(&mut self, base: Base, run: Pair<'_, Rule>) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        for part in run.into_inner() {
            let span = base.span(&part);
            match part.as_rule() {
                Rule::sign => pieces.push(Piece::Sign(span)),
                Rule::operator => pieces.push(Piece::Operator(binary_op(part.as_str().trim()), span)),
                Rule::group => {
                    let body = part.into_inner().next()?;
                    pieces.push(Piece::Group(self.body(base, body), span));
                }
                Rule::call => pieces.push(self.call(base, part, span)?),
                Rule::is_not => {
                    let is = Span { end: span.start + 2, ..span };
                    let not = Span { start: span.end - 3, ..span };
                    pieces.push(Piece::Term(Term { kind: TermKind::Word("is".to_owned()), span: is }));
                    pieces.push(Piece::Term(Term { kind: TermKind::Word("not".to_owned()), span: not }));
                }
                _ => pieces.push(Piece::Term(self.term(base, &part)?)),
            }
        }
        Some(pieces)
    }

    fn call(&mut self, base: Base, pair: Pair<'_, Rule>, span: Span) -> Option<Piece> {
        let mut function = None;
        let mut runs: Vec<Vec<Piece>> = Vec::new();
        let mut range = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::call_name => function = Some(word(base, &part)),
                Rule::run => runs.push(self.pieces(base, part)?),
                Rule::range => {
                    let body = part.into_inner().next()?;
                    range = Some(self.body(base, body));
                }
                _ => {}
            }
        }
        let function = function?;
        match range {
            Some(body) => self.aggregate(function, runs.pop().unwrap_or_default(), body, span),
            None => {
                if let [run] = runs.as_slice()
                    && let Some(aggregate) = builtin::Aggregate::find(&function.text)
                    && let ([first, .., last], true) = (run.as_slice(), run.len() >= WORDS_OF_A_SENTENCE)
                    && run.iter().all(|piece| matches!(piece, Piece::Term(_)))
                {
                    self.report_sentence_in(aggregate, first.span().to(last.span()));
                    return None;
                }
                let args: Option<Vec<Expr>> = runs.into_iter().map(|run| self.expression(run)).collect();
                Some(Piece::Call { function, args: args?, span })
            }
        }
    }

    /// Reports an aggregate that a sentence stands in, without what it is taken of.
    fn report_sentence_in(&mut self, aggregate: &builtin::Aggregate, at: Span) {
        let name = aggregate.name;
        let example = match aggregate.kind {
            AggregateKind::Count => "person: person …",
            AggregateKind::Sum | AggregateKind::Average | AggregateKind::Median => {
                "amount for each payment: payment …"
            }
            AggregateKind::Min | AggregateKind::Max => "amount: any payment …",
        };
        self.report(
            Diagnostic::new(Code::UnexpectedText, format!("`{name}` does not say what it is taken of"))
                .at(at, "a sentence")
                .help(format!("name that before a `:`, as in `{name}({example})`")),
        );
    }

    /// `sum(amount for each payment weighted by people: …)`.
    fn aggregate(&mut self, function: Word, mut run: Vec<Piece>, body: Body, span: Span) -> Option<Piece> {
        let weight = match find_words(&run, ["weighted", "by"]) {
            Some(at) => {
                let weight = run.split_off(at + 2);
                run.truncate(at);
                Some(self.expression(weight)?)
            }
            None => None,
        };
        let mut for_each = Vec::new();
        if let Some(at) = find_words(&run, ["for", "each"]) {
            for piece in run.split_off(at).into_iter().skip(2) {
                match piece {
                    Piece::Term(Term { kind: TermKind::Word(text), span }) => {
                        if text != "and" {
                            for_each.push(Word { text, span });
                        }
                    }
                    other => {
                        self.report(
                            Diagnostic::new(Code::UnexpectedText, "`for each` is followed by words")
                                .at(other.span(), "not a word")
                                .help("write it as in `sum(amount for each payment: …)`"),
                        );
                        return None;
                    }
                }
            }
        }
        let is_word = |piece: &Piece| matches!(piece, Piece::Term(Term { kind: TermKind::Word(_), .. }));
        if let ([first, .., last], true) = (run.as_slice(), run.iter().all(is_word)) {
            let combined = match function.text.as_str() {
                "count" => "count combinations as in `sum(1 for each person place: …)`",
                _ => "write one word or calculation before the `:`",
            };
            self.report(
                Diagnostic::new(Code::UnexpectedText, format!("`{}` takes one word", function.text))
                    .at(first.span().to(last.span()), "several words")
                    .help(combined),
            );
            return None;
        }
        let value = self.expression(run)?;
        Some(Piece::Aggregate(Box::new(Aggregate { function, value, for_each, weight, body }), span))
    }

    /// A run as a calculation.
    pub fn expression(&mut self, pieces: Vec<Piece>) -> Option<Expr> {
        let whole = pieces.first().zip(pieces.last()).map(|(first, last)| first.span().to(last.span()));
        // What begins as a sentence was meant as one.
        let words = pieces.iter().take_while(|piece| matches!(piece, Piece::Term(_))).count();
        let in_sentence = pieces.get(words).filter(|_| words >= WORDS_OF_A_SENTENCE).map(Piece::span);
        let called = pieces.windows(2).find_map(|pair| match pair {
            [Piece::Term(Term { kind: TermKind::Word(name), .. }), Piece::Group(_, at)] => {
                Some((name.clone(), *at))
            }
            _ => None,
        });
        let mut parser = Calculation { pieces: pieces.into_iter().peekable(), lines: self, whole };
        let expr = parser.sum()?;
        if let Some(extra) = parser.pieces.next() {
            let at = extra.span();
            if let Some(at) = in_sentence {
                self.report_calculation(at);
                return None;
            }
            let help = match called.filter(|(_, group)| *group == at) {
                Some((name, _)) => format!("a function has no blank before its bracket: `{name}(…)`"),
                None if matches!(&extra, Piece::Term(Term { kind: TermKind::Word(word), .. }) if word == "in") => {
                    "one of several values is asked for as in `x is one of \"a\", \"b\"`".to_owned()
                }
                None => "write one value, or values joined by `+ - * / ^` with blanks around them".to_owned(),
            };
            self.report(
                Diagnostic::new(Code::UnexpectedText, "this does not fit into a calculation")
                    .at(at, "an operator such as `+` is missing before it, or it is one too many")
                    .help(help),
            );
            return None;
        }
        Some(expr)
    }
}

/// A calculation being read. Its nesting is bounded by the brackets of the line.
struct Calculation<'a, 't> {
    pieces: std::iter::Peekable<std::vec::IntoIter<Piece>>,
    lines: &'a mut Lines<'t>,
    whole: Option<Span>,
}

impl Calculation<'_, '_> {
    fn operator(&mut self, wanted: &[BinaryOp]) -> Option<BinaryOp> {
        match self.pieces.peek() {
            Some(Piece::Operator(op, _)) if wanted.contains(op) => {
                let op = *op;
                self.pieces.next();
                Some(op)
            }
            _ => None,
        }
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut lhs = self.product()?;
        while let Some(op) = self.operator(&[BinaryOp::Add, BinaryOp::Subtract]) {
            let rhs = self.product()?;
            lhs = binary(op, lhs, rhs);
        }
        Some(lhs)
    }

    fn product(&mut self) -> Option<Expr> {
        let mut lhs = self.signed()?;
        while let Some(op) = self.operator(&[BinaryOp::Multiply, BinaryOp::Divide]) {
            let rhs = self.signed()?;
            lhs = binary(op, lhs, rhs);
        }
        Some(lhs)
    }

    fn signed(&mut self) -> Option<Expr> {
        let mut signs = Vec::new();
        while let Some(Piece::Sign(span)) = self.pieces.peek() {
            signs.push(*span);
            self.pieces.next();
        }
        let mut expr = self.power()?;
        for sign in signs.into_iter().rev() {
            let span = sign.to(expr.span);
            expr = Expr { kind: ExprKind::Negate(Box::new(expr)), span };
        }
        Some(expr)
    }

    fn power(&mut self) -> Option<Expr> {
        let mut operands = vec![self.operand()?];
        while self.operator(&[BinaryOp::Power]).is_some() {
            let mut sign = None;
            if let Some(Piece::Sign(span)) = self.pieces.peek() {
                sign = Some(*span);
                self.pieces.next();
            }
            let operand = self.operand()?;
            operands.push(match sign {
                Some(at) => {
                    let span = at.to(operand.span);
                    Expr { kind: ExprKind::Negate(Box::new(operand)), span }
                }
                None => operand,
            });
        }
        let mut expr = operands.pop()?;
        while let Some(base) = operands.pop() {
            expr = binary(BinaryOp::Power, base, expr);
        }
        Some(expr)
    }

    fn operand(&mut self) -> Option<Expr> {
        let Some(piece) = self.pieces.next() else {
            self.report_missing(None);
            return None;
        };
        let span = piece.span();
        let expr = match piece {
            Piece::Term(term) => Expr { kind: ExprKind::Term(term), span },
            Piece::Group(body, _) => self.group(body, span)?,
            Piece::Call { function, args, .. } => Expr { kind: ExprKind::Call { function, args }, span },
            Piece::Aggregate(aggregate, _) => Expr { kind: ExprKind::Aggregate(aggregate), span },
            Piece::Sign(_) | Piece::Operator(..) => {
                self.report_missing(Some(span));
                return None;
            }
        };
        let unit = match self.pieces.peek() {
            Some(Piece::Term(Term { kind: TermKind::Word(word), .. })) => unit_of(word),
            _ => None,
        };
        let Some(unit) = unit else { return Some(expr) };
        let span = self.pieces.next().map_or(span, |piece| span.to(piece.span()));
        Some(Expr { kind: ExprKind::Duration(Box::new(expr), unit), span })
    }

    /// Brackets in a calculation hold a calculation.
    fn group(&mut self, body: Body, span: Span) -> Option<Expr> {
        let inner = match body.kind {
            BodyKind::Sentence(sentence) => match sentence.parts.as_slice() {
                [term] => Some(Expr { kind: ExprKind::Term(term.clone()), span }),
                _ => None,
            },
            BodyKind::Calculation(expr) => Some(Expr { span, ..expr }),
            BodyKind::Broken => return None,
            _ => None,
        };
        if inner.is_none() {
            self.lines.report(
                Diagnostic::new(Code::UnexpectedText, "a condition stands where a value is needed")
                    .at(span, "not a value")
                    .help("put a calculation between these brackets"),
            );
        }
        inner
    }

    fn report_missing(&mut self, span: Option<Span>) {
        let diagnostic = Diagnostic::new(Code::UnexpectedText, "a value is missing in this calculation");
        let Some(span) = span.or(self.whole) else { return };
        self.lines.report(
            diagnostic
                .at(span, "a number or word is needed here")
                .help("write a value on both sides of each sign"),
        );
    }
}

fn binary(op: BinaryOp, lhs: Expr, rhs: Expr) -> Expr {
    let span = lhs.span.to(rhs.span);
    Expr { kind: ExprKind::Binary(op, Box::new(lhs), Box::new(rhs)), span }
}

fn binary_op(text: &str) -> BinaryOp {
    match text {
        "+" => BinaryOp::Add,
        "*" => BinaryOp::Multiply,
        "/" => BinaryOp::Divide,
        "^" => BinaryOp::Power,
        _ => BinaryOp::Subtract,
    }
}

fn unit_of(word: &str) -> Option<DateUnit> {
    match word {
        "day" | "days" => Some(DateUnit::Days),
        "month" | "months" => Some(DateUnit::Months),
        "year" | "years" => Some(DateUnit::Years),
        _ => None,
    }
}

fn find_words(pieces: &[Piece], words: [&str; 2]) -> Option<usize> {
    let is = |piece: &Piece, wanted: &str| matches!(piece, Piece::Term(Term { kind: TermKind::Word(word), .. }) if word == wanted);
    (0..pieces.len().saturating_sub(1)).find(|&at| is(&pieces[at], words[0]) && is(&pieces[at + 1], words[1]))
}
