//! Functions and aggregates that rules may call: one registry with what each takes, gives and means.
//! Knows no rules; hands on `&'static Builtin`.

mod aggregates;
mod dates;
mod fitting;
mod numbers;
mod texts;

pub use aggregates::{AGGREGATES, Aggregate, AggregateKind};
pub use fitting::{fitting, unfitting};
pub use texts::Pattern;

use crate::value::{About, DomainError, Value, ValueKind};

/// What a function comes to of numbers in floating point.
pub type Near = fn(&[About]) -> Option<About>;

/// A function.
#[derive(Clone, Copy)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// The kind of its result; `None` where it is that of its values.
    pub gives: Option<ValueKind>,
    /// What it means, in a sentence.
    pub text: &'static str,
    /// Calls with their results, as rules write them.
    pub examples: &'static [(&'static str, &'static str)],
    /// Works it out; the values are of the kinds it takes.
    pub evaluate: fn(&[Value]) -> Result<Value, DomainError>,
    /// What it comes to of numbers that are known in floating point, where that says anything.
    pub near: Option<Near>,
    /// By argument whether the result grows with it (or stays) or shrinks (or stays), where it does so everywhere and
    /// always has a result; of several values the first says it for all. Empty of others.
    pub grows: &'static [bool],
}

impl Builtin {
    /// Whether the result grows or shrinks with the argument in a place; `None` where it does neither everywhere.
    pub fn grows_with(&self, place: usize) -> Option<bool> {
        let place = if matches!(self.takes, Takes::Several) { 0 } else { place };
        self.grows.get(place).copied()
    }

    /// Whether it gives whole numbers.
    pub fn is_whole(&self) -> bool {
        matches!(self.name, "floor" | "ceiling" | "length" | "year" | "month" | "day" | "years-between")
    }
}

/// What a function takes.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// Values of these kinds.
    Kinds(&'static [ValueKind]),
    /// The first kinds, and perhaps one more value of the last.
    Optional(&'static [ValueKind], ValueKind),
    /// Two or more values, all numbers or all dates.
    Several,
}

impl PartialEq for Builtin {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Builtin {}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All functions, by subject.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    numbers::ALL.iter().chain(texts::ALL).chain(dates::ALL)
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    all().find(|builtin| builtin.name == name)
}
