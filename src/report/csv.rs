//! The pattern table as CSV: a column per lens, the count, the exemplar's names.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::{Report, Section};
use crate::verdict::OutcomeSet;

/// So many bytes of text are put together before they are written.
const PIECE: usize = 1 << 16;

/// The patterns of all questions, one table after the other.
pub fn csv(report: &Report) -> String {
    let mut out = Vec::new();
    // INVARIANT: memory takes all that is written, and all of it is text.
    drop(write_csv(report, &mut out));
    String::from_utf8(out).unwrap_or_default()
}

/// Writes the same, piece by piece: patterns of many lenses can be longer than all else that is held.
///
/// # Errors
/// What the writer says.
pub fn write_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    for (at, section) in report.sections.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        write_section(section, &mut text, out)?;
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn write_section(section: &Section, text: &mut String, out: &mut dyn Write) -> io::Result<()> {
    let lenses: Vec<String> =
        section.lenses.iter().map(|lens| column("lens", &lens.name, &["count"])).collect();
    let slots = section.slots.iter().map(|slot| format!("example {slot}")).collect::<Vec<_>>();
    line(text, lenses.iter().map(String::as_str).chain(["count"]).chain(slots.iter().map(String::as_str)));
    let words: FxHashMap<OutcomeSet, &str> =
        section.outcomes.iter().map(|(set, words)| (*set, words.as_str())).collect();
    for (pattern, exemplar) in section.agreement.patterns.iter().zip(&section.exemplars) {
        let count = pattern.count.to_string();
        let outcomes = pattern.outcomes.iter().map(|set| words.get(set).copied().unwrap_or_default());
        line(text, outcomes.chain([count.as_str()]).chain(exemplar.names.iter().map(String::as_str)));
        if text.len() >= PIECE {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    Ok(())
}

/// The name of a column for a slot, a lens or the like, whose own name other columns may have already: with what it is
/// before it then.
pub(super) fn column(what: &str, name: &str, taken: &[&str]) -> String {
    if taken.contains(&name) { format!("{what} {name}") } else { name.to_owned() }
}

/// Writes one row.
pub(super) fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push('\n');
}

/// A cell, quoted where needed; what a spreadsheet would take for a formula is made a text.
fn write_cell(out: &mut String, cell: &str) {
    let begins = matches!(cell.as_bytes(), [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r', ..]);
    let formula = begins && cell.parse::<f64>().is_err();
    let quoted = formula || cell.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\n' | b'\r'));
    if quoted {
        out.push('"');
    }
    if formula {
        out.push('\'');
    }
    if quoted {
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}
