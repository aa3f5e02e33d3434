//! Names, texts, numbers and the other single pieces of a line.

use pest::iterators::Pair;

use super::Rule;
use super::ast::{Term, TermKind, Word};
use super::lines::{Base, Lines};
use crate::base::Span;
use crate::diag::{Code, Diagnostic};
use crate::value::{Date, Decimal};

/// A bare word, quoted name or number as a word.
pub(super) fn word(base: Base, pair: &Pair<'_, Rule>) -> Word {
    let text = match pair.as_rule() {
        Rule::string => unquote(pair.as_str()),
        _ => pair.as_str().trim().to_owned(),
    };
    Word { text, span: base.span(pair) }
}

/// A text without its quotes, escapes resolved.
pub(super) fn unquote(quoted: &str) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('"' | '\\')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

impl Lines<'_> {
    /// A single piece as a term; reports numbers and dates that are none.
    pub fn term(&mut self, base: Base, pair: &Pair<'_, Rule>) -> Option<Term> {
        let span = base.span(pair);
        let text = pair.as_str().trim();
        let kind = match pair.as_rule() {
            Rule::word => TermKind::Word(text.to_owned()),
            Rule::string => TermKind::Quoted(unquote(text)),
            Rule::column => TermKind::Column(text.trim_matches('`').to_owned()),
            Rule::number => TermKind::Number(self.number(text, span)?),
            Rule::date => match Date::parse_iso(text) {
                Some(date) => TermKind::Date(date),
                None => {
                    self.report(
                        Diagnostic::new(Code::BadNumber, format!("`{text}` is no day of the calendar"))
                            .at(span, "year, month, day")
                            .help("write a day that exists, as in `2026-01-31`"),
                    );
                    return None;
                }
            },
            Rule::any_word => {
                let inner = pair.clone().into_inner().find(|part| part.as_rule() == Rule::word)?;
                TermKind::Any(word(base, &inner))
            }
            _ => return None,
        };
        Some(Term { kind, span })
    }

    fn number(&mut self, text: &str, span: Span) -> Option<Decimal> {
        let number = Decimal::parse(text);
        if number.is_none() {
            self.report(
                Diagnostic::new(Code::BadNumber, format!("`{text}` is too large a number"))
                    .at(span, "cannot be held")
                    .help("numbers have 34 digits and exponents up to about 6000"),
            );
        }
        number
    }

    /// `sign? term` as it stands in lists and values.
    pub fn value(&mut self, base: Base, pair: Pair<'_, Rule>) -> Option<Term> {
        let span = base.span(&pair);
        let mut negative = false;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::sign {
                negative = true;
                continue;
            }
            let mut term = self.term(base, &part)?;
            term.span = span;
            if negative {
                term.kind = match term.kind {
                    TermKind::Number(number) => TermKind::Number(-number),
                    _ => {
                        self.report(
                            Diagnostic::new(Code::BadNumber, "only a number can have a sign")
                                .at(span, "not a number")
                                .help("leave the sign out"),
                        );
                        return None;
                    }
                };
            }
            return Some(term);
        }
        None
    }
}
