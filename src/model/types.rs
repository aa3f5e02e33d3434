//! Values and names as they stand in texts: which constant a term is.

use super::ir::{Constant, Ruleset, Ty};
use super::resolver::Resolver;
use crate::base::article;
use crate::diag::{Code, Diagnostic, Fix};
use crate::syntax::ast::{Term, TermKind};
use crate::value::{Value, ValueKind};

/// The value a term writes, whatever its kind; bare words other than `yes` and `no` write none.
pub(super) fn literal(term: &Term) -> Option<Value> {
    match &term.kind {
        TermKind::Number(number) => Some(Value::Number(*number)),
        TermKind::Date(date) => Some(Value::Date(*date)),
        TermKind::Quoted(text) => Some(Value::Text(text.as_str().into())),
        TermKind::Word(word) if word == "yes" => Some(Value::Flag(true)),
        TermKind::Word(word) if word == "no" => Some(Value::Flag(false)),
        TermKind::Word(_) | TermKind::Column(_) | TermKind::Any(_) | TermKind::Wrapped { .. } => None,
    }
}

/// How a term is called in a message.
pub(super) fn describe(term: &Term) -> String {
    match &term.kind {
        TermKind::Word(word) | TermKind::Column(word) => format!("`{word}`"),
        TermKind::Quoted(text) => format!("`\"{text}\"`"),
        TermKind::Number(number) => format!("`{number}`"),
        TermKind::Date(date) => format!("`{date}`"),
        TermKind::Any(word) => format!("`any {}`", word.text),
        TermKind::Wrapped { function, .. } => format!("`{}(…)`", function.text),
    }
}

/// What stands in slots of a type, for messages.
pub(super) fn expected(ruleset: &Ruleset, ty: Ty) -> String {
    match ty {
        Ty::Thing(kind) => format!("the name of a thing (`{}`)", ruleset.kinds[kind].name),
        Ty::Value(ValueKind::Number) => "a number".to_owned(),
        Ty::Value(ValueKind::Text) => "a text in quotes".to_owned(),
        Ty::Value(ValueKind::Date) => "a date such as 2026-01-31".to_owned(),
        Ty::Value(ValueKind::Flag) => "`yes` or `no`".to_owned(),
    }
}

impl Resolver<'_> {
    /// The value a term writes, which must be of this kind; reports it where it is not.
    pub fn value_of(&mut self, term: &Term, kind: ValueKind) -> Option<Value> {
        let value = literal(term).filter(|value| value.kind() == kind);
        if value.is_none() {
            self.report_wrong_value(term, Ty::Value(kind), Code::ParameterValue);
        }
        value
    }

    /// The constant a term of a fact or expectation writes: bare words are names there.
    pub fn fact_constant(&mut self, term: &Term, ty: Ty) -> Option<Constant> {
        let constant = match ty {
            Ty::Thing(kind) => match &term.kind {
                TermKind::Quoted(name) if !name.is_empty() => {
                    Some(Constant::Thing(self.out.kinds[kind].domain, name.clone()))
                }
                TermKind::Word(name) if is_bare_name(name) => {
                    Some(Constant::Thing(self.out.kinds[kind].domain, name.clone()))
                }
                _ => None,
            },
            Ty::Value(kind) => literal(term).filter(|value| value.kind() == kind).map(Constant::Value),
        };
        if constant.is_none() {
            self.report_wrong_value(term, ty, Code::WrongFactValue);
        }
        constant
    }

    fn report_wrong_value(&mut self, term: &Term, ty: Ty, code: Code) {
        let wanted = expected(&self.out, ty);
        let mut diagnostic = Diagnostic::new(code, format!("{} is not {wanted}", describe(term)))
            .at(term.span, format!("expected {wanted}"));
        diagnostic = match (ty, quoted_repair(term, ty)) {
            (_, Some(fix)) => diagnostic.help("put it in quotes").fix(fix),
            (Ty::Thing(_), None) => diagnostic.help("a name begins with a small letter, or stands in quotes"),
            (Ty::Value(kind), None) => {
                diagnostic.help(format!("this place takes a {}: write {wanted}", kind.name()))
            }
        };
        self.report(diagnostic);
    }
}

fn quoted_repair(term: &Term, ty: Ty) -> Option<Fix> {
    let wants_text = matches!(ty, Ty::Thing(_) | Ty::Value(ValueKind::Text));
    let text = match &term.kind {
        TermKind::Word(word) => word.clone(),
        TermKind::Number(number) => number.to_string(),
        TermKind::Date(date) => date.to_string(),
        TermKind::Quoted(_) | TermKind::Column(_) | TermKind::Any(_) | TermKind::Wrapped { .. } => {
            return None;
        }
    };
    wants_text.then(|| Fix::replace("put it in quotes", term.span, quote(&text), false))
}

/// A kind's name with its article.
pub(super) fn a(kind: &str) -> String {
    format!("{} {kind}", article(kind))
}

/// A name in quotes.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a bare word can be a name: it begins with a letter that is no capital.
pub(super) fn is_bare_name(word: &str) -> bool {
    word.chars().next().is_some_and(|first| first.is_alphabetic() && !first.is_uppercase())
}
