//! Rows that repeat a fact: harmless, unless the fact is counted or added up, which only rules say.

use super::FactSet;
use crate::diag::{Code, DataPlace, Diagnostic, Severity};
use crate::model::{BadRows, RelationId, Ruleset};

/// Rows of a table that repeat facts of a relation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepeatedRows {
    /// The relation.
    pub relation: RelationId,
    /// The table's place among `Ruleset::tables`.
    pub table: u32,
    /// The line of the first such row.
    pub line: u32,
    /// What it states.
    pub shown: String,
    /// How many more there are.
    pub others: u64,
}

/// A diagnostic for each table whose rows repeat what is counted or added up: such a row may have been
/// meant to count.
pub fn repeated_rows(ruleset: &Ruleset, facts: &FactSet) -> Vec<Diagnostic> {
    let aggregated = ruleset.aggregated();
    let harmful = facts.repeated.iter().filter(|rows| aggregated.contains(&rows.relation));
    harmful
        .map(|rows| {
            let table = &ruleset.tables[rows.table as usize];
            let by_row = facts.reads.iter().any(|read| read.table == rows.table && read.by_row);
            let place = DataPlace {
                by_row,
                file: table.path.clone(),
                row: u64::from(rows.line),
                raw: Some(rows.shown.clone()),
                expected: Some("a row that states something new".to_owned()),
                others: rows.others,
                ..DataPlace::default()
            };
            let mut diagnostic =
                Diagnostic::new(Code::DuplicateRows, "a row repeats a fact that is counted or added up")
                    .at(table.span, "in this table")
                    .data(place)
                    .help("give the sentence a slot for `row`, or write `on duplicates merge`");
            if table.cells.bad_rows != BadRows::Fail {
                diagnostic.severity = Severity::Warning;
            }
            diagnostic
        })
        .collect()
}
