//! What an evaluation may use before it stops with an error.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::base::{StopReason, StopSign};

/// Bounds of an evaluation; each has a flag, a default and an error that says what to do.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most facts rules may derive.
    pub facts: u64,
    /// The most rounds a loop of rules may take.
    pub rounds: u32,
    /// The longest it may take; unbounded where `None`.
    pub time: Option<Duration>,
    /// The most bytes of memory; told in messages, watched by whoever sets `stop`.
    pub memory: Option<u64>,
    /// Asks for the end from outside.
    pub stop: StopSign,
}

impl Default for Limits {
    fn default() -> Self {
        Self { facts: 200_000_000, rounds: 1_000_000, time: None, memory: None, stop: StopSign::default() }
    }
}

/// Which limit was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// The facts.
    Facts,
    /// The rounds.
    Rounds,
    /// The time.
    Time,
    /// The end was asked for from outside.
    Asked(StopReason),
}

/// Counts what an evaluation has used.
#[derive(Debug)]
pub struct Clock {
    limits: Limits,
    facts: AtomicU64,
    until: Option<Instant>,
}

impl Clock {
    /// Starts counting. The time is read only where a limit on it is set.
    pub fn start(limits: &Limits) -> Self {
        let until = limits.time.and_then(|time| Instant::now().checked_add(time));
        Self { limits: limits.clone(), facts: AtomicU64::new(0), until }
    }

    /// The limits for what is still to be done: of the time what is left of it.
    pub fn rest(&self) -> Limits {
        let time = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        Limits { time, ..self.limits.clone() }
    }

    /// Counts derived facts.
    pub fn derived(&self, facts: u64) -> Result<(), Reached> {
        let before = self.facts.fetch_add(facts, Ordering::Relaxed);
        if before + facts > self.limits.facts { Err(Reached::Facts) } else { Ok(()) }
    }

    /// Checks a number of different tuples that are being gathered and not counted yet.
    pub fn gathered(&self, tuples: usize) -> Result<(), Reached> {
        if tuples as u64 > self.limits.facts { Err(Reached::Facts) } else { self.time() }
    }

    /// Whether so many rounds of a loop of rules may be taken.
    pub fn allows(&self, rounds: usize) -> bool {
        rounds <= self.limits.rounds as usize
    }

    /// Checks the rounds of a loop of rules.
    pub fn round(&self, round: u32) -> Result<(), Reached> {
        if round > self.limits.rounds { Err(Reached::Rounds) } else { self.time() }
    }

    /// Checks the time, and whether the end was asked for.
    pub fn time(&self) -> Result<(), Reached> {
        if let Some(reason) = self.limits.stop.asked() {
            return Err(Reached::Asked(reason));
        }
        match self.until {
            Some(until) if Instant::now() >= until => Err(Reached::Time),
            _ => Ok(()),
        }
    }
}
