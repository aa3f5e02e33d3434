//! Tables to facts. Plain tables are scanned by columns, in parts, on all cores; whatever is odd about
//! one, or laid out otherwise, is read row by row, with a diagnostic for each thing that cannot be read.

mod cells;
mod chunks;
mod columns;
mod lines;
mod meaning;
mod merge;
mod rows;
mod scan;
mod slots;
mod values;

use super::FactSetBuilder;
use crate::diag::{Code, DataPlace, Diagnostic};
use crate::model::Ruleset;
use crate::source::{Cells, ReadAt, Refusal};

/// How a table is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableFormat {
    /// Cells separated by this byte, unless the block names another.
    Separated(u8),
    /// A JSON object per line.
    JsonLines,
}

/// A table's bytes, unpacked.
pub struct TableBytes {
    /// The table's place among `Ruleset::tables`.
    pub at: usize,
    /// The bytes.
    pub bytes: Box<dyn ReadAt>,
    /// How they are laid out.
    pub format: TableFormat,
}

/// A table that is no text: its cells by columns.
pub struct TableCells {
    /// The table's place among `Ruleset::tables`.
    pub at: usize,
    /// The cells.
    pub cells: Box<dyn Cells>,
}

/// Bytes that are read and digested together.
const BLOCK: usize = 256 << 10;

/// The digest of blocks, in hexadecimal digits.
fn digest(blocks: impl Iterator<Item = u64>) -> String {
    let bytes: Vec<u8> = blocks.flat_map(u64::to_le_bytes).collect();
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes))
}

/// States what the rows of tables say; hands back what is wrong with them.
pub fn read_tables(
    ruleset: &Ruleset,
    tables: &[TableBytes],
    cells: &[TableCells],
    builder: &mut FactSetBuilder<'_>,
) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let odd = columns::read(ruleset, tables, builder, &mut problems);
    for table in tables.iter().filter(|table| odd.contains(&table.at)) {
        match table.bytes.all() {
            Ok(bytes) => {
                problems.extend(rows::read_rows(ruleset, table.at, &bytes, table.format, builder));
            }
            Err(reason) => problems.push(unreadable(ruleset, table.at, &reason)),
        }
    }
    for table in cells {
        problems.extend(chunks::read(ruleset, table, builder));
    }
    problems
}

/// What is said of a table that is not read.
pub fn refused(ruleset: &Ruleset, at: usize, refusal: &Refusal) -> Diagnostic {
    chunks::refused(ruleset, at, refusal)
}

fn unreadable(ruleset: &Ruleset, at: usize, reason: &str) -> Diagnostic {
    let table = &ruleset.tables[at];
    Diagnostic::new(Code::BadFile, format!("`{}` cannot be read: {reason}", table.path))
        .at(table.span, "named here")
        .data(DataPlace { file: table.path.clone(), ..DataPlace::default() })
        .help("run again when nothing writes to it")
}
