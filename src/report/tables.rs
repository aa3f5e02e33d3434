//! Columns of text, aligned.

use std::fmt::Write as _;

use crate::base::printable;

/// A table being laid out; cells are made safe for a terminal as they come in.
#[derive(Default)]
pub(super) struct Columns {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Columns {
    /// `right` says which columns are aligned to the right.
    pub fn new(right: &[bool]) -> Self {
        Self { rows: Vec::new(), right: right.to_vec() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell).into_owned()).collect());
    }

    /// The rows with two blanks between columns, each line indented.
    pub fn text(&self, indent: usize) -> String {
        let widths = self.widths();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (at, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[at].saturating_sub(width(cell)));
                let right = self.right.get(at).copied().unwrap_or(false);
                let _ = if right { write!(line, "{pad}{cell}  ") } else { write!(line, "{cell}{pad}  ") };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The rows as a Markdown table; the first is its head.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
            if at == 0 {
                let rule = |column: usize| {
                    if self.right.get(column).copied().unwrap_or(false) { "---:" } else { "---" }
                };
                let rules: Vec<&str> = (0..row.len()).map(rule).collect();
                let _ = writeln!(out, "| {} |", rules.join(" | "));
            }
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..columns)
            .map(|at| {
                self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect()
    }
}

/// The columns a text takes on a terminal.
fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// A text as Markdown shows it literally.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
