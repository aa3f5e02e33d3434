//! What each part of an evaluation took, where that is asked for.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::Span;

/// What one part took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The part, in words of the ruleset.
    pub what: String,
    /// How many parts it is within.
    pub depth: usize,
    /// From its begin to its end.
    pub time: Duration,
    /// The rows it found.
    pub rows: u64,
    /// The bytes of memory the process held at its end, where the system says so.
    pub memory: Option<u64>,
    /// Where in the ruleset it is written.
    pub span: Option<Span>,
    /// How it went about it, a line per step; empty where there is nothing to say.
    pub how: String,
}

/// Gathers what parts take; nothing where it is off.
#[derive(Debug, Default)]
pub struct Profile {
    on: bool,
    memory: Option<fn() -> Option<u64>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    depth: usize,
    taken: Vec<Taken>,
}

impl Profile {
    /// One that gathers; `memory` says how many bytes the process holds.
    pub fn gathering(memory: fn() -> Option<u64>) -> Self {
        Self { on: true, memory: Some(memory), state: Mutex::default() }
    }

    /// Whether it gathers.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Does a part of the work, on the thread all parts are begun on.
    pub fn part<T>(
        &self,
        what: impl FnOnce() -> String,
        rows: impl FnOnce(&T) -> usize,
        work: impl FnOnce() -> T,
    ) -> T {
        if !self.on {
            return work();
        }
        let lock = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let place = {
            let mut state = lock();
            let (depth, what) = (state.depth, what());
            state.depth += 1;
            let taken = Taken {
                what,
                depth,
                time: Duration::ZERO,
                rows: 0,
                memory: None,
                span: None,
                how: String::new(),
            };
            state.taken.push(taken);
            state.taken.len() - 1
        };
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        let mut state = lock();
        state.depth -= 1;
        let taken = &mut state.taken[place];
        (taken.time, taken.rows) = (time, rows(&result) as u64);
        taken.memory = self.memory.and_then(|memory| memory());
        result
    }

    /// Says how the part at hand goes about it, and where it is written; what is said is added to what was.
    pub fn note(&self, span: Option<Span>, how: impl FnOnce() -> String) {
        if self.on {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let depth = state.depth;
            if let Some(taken) = state.taken.iter_mut().rev().find(|taken| taken.depth + 1 == depth) {
                let how = how();
                if !taken.how.is_empty() && !how.is_empty() {
                    taken.how.push('\n');
                }
                taken.how.push_str(&how);
                taken.span = span.or(taken.span);
            }
        }
    }

    /// All parts, in the order they were begun.
    pub fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }
}
