//! Facts as columns of dense ids. Takes stated facts and rows of tables, hands on a `FactSet`.
//! Knows no rules.

mod builder;
pub mod cache;
mod changed;
mod dictionary;
mod names;
mod origins;
mod repeats;
mod stated;
mod table;
mod tuples;

pub use builder::FactSetBuilder;
pub use changed::{FactsChange, KindChange, changed};
pub use dictionary::{Dictionary, Lane, MISSING, units_at};
pub use origins::{Origin, Origins};
pub use repeats::{RepeatedRows, repeated_rows};
pub use stated::{Stated, StatedFacts};
pub use table::{TableBytes, TableCells, TableFormat, read_tables, refused};
pub use tuples::Tuples;

use crate::base::{BitSet, IndexVec};
use crate::model::{DomainId, KindId, RelationId};

/// All facts of one world.
#[derive(Clone, Debug)]
pub struct FactSet {
    /// Names and values by domain.
    pub dictionaries: IndexVec<DomainId, Dictionary>,
    /// The facts of each relation.
    pub relations: IndexVec<RelationId, StoredFacts>,
    /// The things stated to be of each kind, parts of the kind included.
    pub members: IndexVec<KindId, BitSet>,
    /// The things that a text or a table says outright to be of each kind.
    pub outright: IndexVec<KindId, BitSet>,
    /// The tables read, in order.
    pub reads: Vec<TableRead>,
    /// Rows that repeat facts, of tables where that is not said to be meant; by relation and table.
    pub repeated: Vec<RepeatedRows>,
}

impl FactSet {
    /// The number of facts, doubtful ones included.
    pub fn len(&self) -> usize {
        self.relations.iter().map(|stored| stored.certain.len() + stored.maybe.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What came of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableRead {
    /// Its place among `Ruleset::tables`.
    pub table: u32,
    /// The path the ruleset names.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Rows left out because something in them could not be read.
    pub skipped: u64,
    /// Facts stated by a row and once before; they are one fact.
    pub repeated: u64,
    /// XXH3 of its bytes, unpacked: of the XXH3s of each 256 KiB of them, one after the other, in
    /// hexadecimal digits. Of the cells read, where they come from a database.
    pub digest: String,
    /// Whether its rows are counted as rows, for want of lines.
    pub by_row: bool,
}

/// The facts of one relation: each tuple once, ascending.
#[derive(Clone, Debug, Default)]
pub struct StoredFacts {
    /// The certain facts.
    pub certain: Tuples,
    /// Facts that are only possible; none of them is certain too.
    pub maybe: Tuples,
}
