//! Steps that a search may take: counted, and shared out.

use std::cell::Cell;

use super::lookup::{Flow, Stop};
use super::run::Run;

impl Run<'_> {
    /// The steps that work here is counted against.
    fn steps(&self) -> &Cell<u64> {
        if self.apart { &self.world.pot } else { &self.left }
    }

    /// How many of these are left.
    pub fn steps_left(&self) -> u64 {
        self.steps().get()
    }

    /// Does work that may take so many steps; `None` where they do not do, but more are left.
    pub fn within<T>(&self, most: u64, work: impl FnOnce() -> Result<T, Stop>) -> Result<Option<T>, Stop> {
        let (steps, short) = (self.steps(), self.world.short.get());
        let before = steps.get();
        let allowed = before.min(most);
        steps.set(allowed);
        let result = work();
        steps.set(before - (allowed - steps.get()));
        match result {
            Ok(found) => Ok(Some(found)),
            // What another ran short of is not to be had here either.
            Err(Stop::Spent)
                if steps.get() > 0
                    && self.world.over().is_none()
                    && (self.apart || self.world.short.get() == short) =>
            {
                self.world.short.set(short);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Whether no loop is being worked out.
    pub fn is_at_rest(&self) -> bool {
        self.driven.borrow().is_empty()
    }

    /// Counts a step.
    pub fn tick(&self) -> Flow {
        let steps = self.steps();
        let left = steps.get();
        if left == 0 || self.world.over().is_some() {
            self.world.short.set(self.world.short.get() || self.apart);
            return Err(Stop::Spent);
        }
        steps.set(left - 1);
        Ok(())
    }
}
