//! The pattern table as CSV: a column per lens, the count, the exemplar's names.

use super::{Report, Section};

/// Prints the patterns of all questions, one table after the other.
pub fn patterns(report: &Report) -> String {
    report.sections.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn section(section: &Section) -> String {
    let mut out = String::new();
    let lenses = section.lenses.iter().map(|lens| lens.name.as_str());
    let slots = section.slots.iter().map(|slot| format!("example {slot}")).collect::<Vec<_>>();
    line(&mut out, lenses.chain(["count"]).chain(slots.iter().map(String::as_str)));
    for (pattern, shown) in section.agreement.patterns.iter().zip(&section.patterns) {
        let count = pattern.count.to_string();
        let outcomes = shown.outcomes.iter().map(AsRef::as_ref);
        line(
            &mut out,
            outcomes.chain([count.as_str()]).chain(shown.exemplar.names.iter().map(String::as_str)),
        );
    }
    out
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
