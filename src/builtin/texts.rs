//! Functions on texts.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_lite::Regex;

use super::fitting::needed;
use super::{Builtin, Takes};
use crate::value::{Decimal, DomainError, Value, ValueKind};

/// Patterns a thread keeps compiled.
const MOST_PATTERNS: usize = 1024;

thread_local! {
    static PATTERNS: RefCell<HashMap<Box<str>, Option<Pattern>>> = RefCell::default();
}

fn text(values: &[Value], at: usize) -> Result<&str, DomainError> {
    match values.get(at) {
        Some(Value::Text(text)) => Ok(text),
        // INVARIANT: `model` has checked what the function takes.
        _ => Err(DomainError::Overflow),
    }
}

fn flag(values: &[Value], test: impl FnOnce(&str, &str) -> bool) -> Result<Value, DomainError> {
    Ok(Value::Flag(test(text(values, 0)?, text(values, 1)?)))
}

fn changed(values: &[Value], change: impl FnOnce(&str) -> String) -> Result<Value, DomainError> {
    Ok(Value::Text(change(text(values, 0)?).as_str().into()))
}

/// A pattern that can be read.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    /// Texts one of which stands in every text that it is met in; none where nothing is known.
    needed: Vec<String>,
}

impl Pattern {
    /// The pattern a text is; `None` where it cannot be read.
    pub fn new(text: &str) -> Option<Self> {
        Regex::new(text).ok().map(|regex| Self { regex, needed: needed(text) })
    }

    /// Why a text cannot be read as a pattern; `None` where it can.
    pub fn refusal(text: &str) -> Option<String> {
        Regex::new(text).err().map(|error| error.to_string())
    }

    /// Whether it is met somewhere in a text.
    pub fn is_met(&self, text: &str) -> bool {
        (self.needed.is_empty() || self.needed.iter().any(|needed| text.contains(needed.as_str())))
            && self.regex.is_match(text)
    }
}

fn matches(values: &[Value]) -> Result<Value, DomainError> {
    let (text, pattern) = (text(values, 0)?, text(values, 1)?);
    PATTERNS.with_borrow_mut(|patterns| {
        let met = |compiled: &Option<Pattern>| {
            compiled.as_ref().map(|pattern| Value::Flag(pattern.is_met(text))).ok_or(DomainError::BadPattern)
        };
        if let Some(compiled) = patterns.get(pattern) {
            return met(compiled);
        }
        if patterns.len() >= MOST_PATTERNS {
            patterns.clear();
        }
        met(patterns.entry(pattern.into()).or_insert_with(|| Pattern::new(pattern)))
    })
}

const TEXT: Takes = Takes::Kinds(&[ValueKind::Text]);
const TWO: Takes = Takes::Kinds(&[ValueKind::Text, ValueKind::Text]);

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "lower",
        takes: TEXT,
        gives: Some(ValueKind::Text),
        text: "The text in small letters.",
        examples: &[("lower(\"Straße A\")", "\"straße a\"")],
        evaluate: |values| changed(values, str::to_lowercase),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "trim",
        takes: TEXT,
        gives: Some(ValueKind::Text),
        text: "The text without blanks at its ends.",
        examples: &[("trim(\"  a b \")", "\"a b\"")],
        evaluate: |values| changed(values, |text| text.trim().to_owned()),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "length",
        takes: TEXT,
        gives: Some(ValueKind::Number),
        text: "How many characters (Unicode scalar values) the text has.",
        examples: &[("length(\"naïve\")", "5"), ("length(\"\")", "0")],
        evaluate: |values| Ok(Value::Number(Decimal::from(text(values, 0)?.chars().count() as i64))),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "contains",
        takes: TWO,
        gives: Some(ValueKind::Flag),
        text: "Whether the second text stands somewhere in the first; case counts.",
        examples: &[("contains(\"GPL-3.0\", \"GPL\")", "yes"), ("contains(\"MIT\", \"mit\")", "no")],
        evaluate: |values| flag(values, |text, part| text.contains(part)),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "starts-with",
        takes: TWO,
        gives: Some(ValueKind::Flag),
        text: "Whether the first text begins with the second.",
        examples: &[("starts-with(\"GPL-3.0\", \"GPL\")", "yes")],
        evaluate: |values| flag(values, |text, part| text.starts_with(part)),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "ends-with",
        takes: TWO,
        gives: Some(ValueKind::Flag),
        text: "Whether the first text ends with the second.",
        examples: &[("ends-with(\"GPL-3.0-only\", \"-only\")", "yes")],
        evaluate: |values| flag(values, |text, part| text.ends_with(part)),
        near: None,
        grows: &[],
    },
    Builtin {
        name: "matches",
        takes: TWO,
        gives: Some(ValueKind::Flag),
        text: "Whether the pattern of the second text, a regular expression, is met somewhere in the first; \
               `^` and `$` stand for its ends. The time grows with the length of the text alone.",
        examples: &[("matches(\"N14228\", \"^N[0-9]+$\")", "yes"), ("matches(\"x\", \"^N\")", "no")],
        evaluate: matches,
        near: None,
        grows: &[],
    },
];
