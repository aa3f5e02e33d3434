//! The kinds of value and the value itself.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::{Date, Decimal};

/// The built-in kinds of value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ValueKind {
    /// A decimal number.
    Number,
    /// A text.
    Text,
    /// A calendar date.
    Date,
    /// `yes` or `no`.
    Flag,
}

impl ValueKind {
    /// All kinds in the order of their domains.
    pub const ALL: [ValueKind; 4] = [Self::Number, Self::Text, Self::Date, Self::Flag];

    /// The kind as rulesets write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "Number",
            Self::Text => "Text",
            Self::Date => "Date",
            Self::Flag => "Flag",
        }
    }

    /// The kind written as `name`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A value. Values of one kind are ordered: numbers and dates by size, texts by bytes, no before yes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    /// A number.
    Number(Decimal),
    /// A text.
    Text(Arc<str>),
    /// A date.
    Date(Date),
    /// `yes` or `no`.
    Flag(bool),
}

// There may be tens of millions.
const _: () = assert!(size_of::<Value>() == 24);

impl Value {
    /// Its kind.
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Number(_) => ValueKind::Number,
            Self::Text(_) => ValueKind::Text,
            Self::Date(_) => ValueKind::Date,
            Self::Flag(_) => ValueKind::Flag,
        }
    }

    /// The order of two values of one kind; `None` where the kinds differ.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        (self.kind() == other.kind()).then(|| self.cmp(other))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Date(date) => date.fmt(f),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
        }
    }
}
