//! What an evaluation may use before it stops with an error.

use std::time::Duration;

/// Bounds of an evaluation; each has a flag, a default and an error that says what to do.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most facts rules may derive.
    pub facts: u64,
    /// The most rounds a loop of rules may take.
    pub rounds: u32,
    /// The longest it may take; unbounded where `None`.
    pub time: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { facts: 200_000_000, rounds: 1_000_000, time: None }
    }
}
