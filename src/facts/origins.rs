//! Where tuples were stated, as runs: rows of a table come line after line.

use crate::base::Span;

/// Where a fact was stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nowhere: the value of this key is missing.
    Nobody,
    /// In a ruleset's text.
    Text(Span),
    /// In a row of a table: its place among `Ruleset::tables`, and the line the row starts at.
    Row {
        /// The table.
        table: u32,
        /// The line, from 1.
        line: u32,
    },
}

/// The origins of tuples, by place.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    runs: Vec<Run>,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    start: u32,
    first: Origin,
}

/// The origin `count` places after the first of a run.
fn after(first: Origin, count: u32) -> Origin {
    match first {
        Origin::Row { table, line } => Origin::Row { table, line: line + count },
        Origin::Nobody | Origin::Text(_) => first,
    }
}

impl Origins {
    /// The runs: the place each starts at, and the origin there.
    pub(super) fn runs(&self) -> impl Iterator<Item = (u32, Origin)> + '_ {
        self.runs.iter().map(|run| (run.start, run.first))
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds the origin of one more tuple.
    pub fn push(&mut self, origin: Origin) {
        self.push_run(origin, 1);
    }

    /// Adds the origins of tuples stated one after another, from this on.
    pub fn push_run(&mut self, origin: Origin, count: usize) {
        let goes_on =
            self.runs.last().is_some_and(|run| after(run.first, self.len as u32 - run.start) == origin);
        if !goes_on && count > 0 {
            self.runs.push(Run { start: self.len as u32, first: origin });
        }
        self.len += count;
    }

    /// The origin of the tuple in this place.
    pub fn get(&self, place: u32) -> Origin {
        let run = self.runs.partition_point(|run| run.start <= place) - 1;
        after(self.runs[run].first, place - self.runs[run].start)
    }

    /// Whether some value is missing that should have been stated.
    pub fn any_missing(&self) -> bool {
        self.runs.iter().any(|run| run.first == Origin::Nobody)
    }
}
