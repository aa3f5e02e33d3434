//! A sign, seen by all threads, that the work is to end before it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Why work is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// The process holds more memory than it may.
    Memory,
    /// The user interrupted it.
    Interrupted,
}

/// The sign. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct StopSign(Arc<AtomicU8>);

impl StopSign {
    /// Asks for the end; the first reason stays.
    pub fn ask(&self, reason: StopReason) {
        let number = match reason {
            StopReason::Memory => 1,
            StopReason::Interrupted => 2,
        };
        // Where it was asked before, that reason stays.
        let _ = self.0.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Why the work is to end, where it is.
    pub fn asked(&self) -> Option<StopReason> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(StopReason::Memory),
            _ => Some(StopReason::Interrupted),
        }
    }
}
