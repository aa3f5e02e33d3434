//! Facts as columns of dense ids. Takes stated facts and rows of tables, hands on a `FactSet`.
//! Knows no rules.

mod builder;
mod dictionary;
mod lines;
mod table;

pub use builder::FactSetBuilder;
pub use dictionary::{Dictionary, MISSING};
pub use table::{TableFormat, read_table};

use crate::base::{BitSet, IndexVec, Span};
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

/// What came of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableRead {
    /// The path the ruleset names.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Rows left out because something in them could not be read.
    pub skipped: u64,
    /// Facts stated by a row and once before; they are one fact.
    pub repeated: u64,
    /// XXH3 of its bytes, unpacked, in hexadecimal digits.
    pub digest: String,
}

/// The facts of one relation: each tuple once, in the order first stated.
#[derive(Clone, Debug, Default)]
pub struct StoredFacts {
    /// The certain facts.
    pub certain: Tuples,
    /// Facts that are only possible; none of them is certain too.
    pub maybe: Tuples,
}

/// Tuples as columns of ids, with where each was stated.
#[derive(Clone, Debug, Default)]
pub struct Tuples {
    /// One column per slot; all have the same length.
    pub columns: Vec<Vec<u32>>,
    /// Where each tuple was first stated.
    pub origins: Vec<Origin>,
}

impl Tuples {
    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.origins.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// The tuple in place `row`.
    pub fn row(&self, row: usize) -> impl Iterator<Item = u32> + '_ {
        self.columns.iter().map(move |column| column[row])
    }
}

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
