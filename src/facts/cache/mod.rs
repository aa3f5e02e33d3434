//! Facts as bytes and back, so that the next run need not read the tables again. Takes a `FactSet` with
//! the warnings of reading it, or stored bytes; hands on the other. Holds no answers and opens no files.
//! Everything read back is checked: lengths against the size, ids against dictionaries, blocks against
//! their sums. That tuples are sorted and names distinct is guarded by the sums alone.

mod blocks;
mod bytes;
mod content;
mod key;
mod values;

use std::io::{self, Write};

pub use key::{fed, rules_key};

use super::FactSet;
use crate::diag::Diagnostic;
use crate::model::Ruleset;
use crate::source::ReadAt;
use blocks::Streams;

/// Changes with the layout of what is stored.
pub const FORMAT: u32 = 3;

/// Facts ready to be stored.
pub struct Encoded<'f> {
    key: u128,
    content: Vec<u8>,
    streams: Streams<'f>,
}

impl<'f> Encoded<'f> {
    /// What is to be stored of these facts under a key; `None` where a warning points at a place that may
    /// move while the key stays.
    pub fn new(ruleset: &Ruleset, key: u128, facts: &'f FactSet, warnings: &[Diagnostic]) -> Option<Self> {
        let mut streams = Streams::default();
        let content = content::write(ruleset, facts, warnings, &mut streams)?;
        Some(Self { key, content, streams })
    }

    /// How many bytes there will be.
    pub fn size(&self) -> u64 {
        blocks::size(&self.content, &self.streams)
    }

    /// Writes them.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        blocks::write(self.key, &self.content, &self.streams, out)
    }
}

/// The facts stored under a key, and the warnings of reading them; `None` where the bytes are not
/// those of such facts, whole and undamaged. Without `origins` it is not known where tuples were stated, and what says
/// so is not read.
pub fn decode(
    ruleset: &Ruleset,
    key: u128,
    bytes: &dyn ReadAt,
    origins: bool,
) -> Option<(FactSet, Vec<Diagnostic>)> {
    let (content, streams) = blocks::read(key, bytes, origins)?;
    content::read(ruleset, &content, streams)
}
