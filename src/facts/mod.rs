//! Facts as columns of dense ids. Takes stated facts and rows of tables, hands on a `FactSet`.
//! Knows no rules.

mod builder;
mod dictionary;
mod names;
mod origins;
mod stated;
mod table;
mod tuples;

pub use builder::FactSetBuilder;
pub use dictionary::{Dictionary, MISSING};
pub use origins::{Origin, Origins};
pub use stated::{Stated, StatedFacts};
pub use table::{TableBytes, TableFormat, read_tables};
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
    /// The tables read, in order.
    pub reads: Vec<TableRead>,
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
    /// hexadecimal digits.
    pub digest: String,
}

/// The facts of one relation: each tuple once, ascending.
#[derive(Clone, Debug, Default)]
pub struct StoredFacts {
    /// The certain facts.
    pub certain: Tuples,
    /// Facts that are only possible; none of them is certain too.
    pub maybe: Tuples,
}
