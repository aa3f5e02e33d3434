//! Explanations for people: plain text, the tree of steps, Markdown.

use std::fmt::Write as _;

use super::tell::{Line, Told, ToldLens, ToldNote, ToldRow};
use crate::report::Look;

/// How deep the steps behind a sentence are shown where the tree is not asked for.
const DEPTH: usize = 2;

/// How many of several notes are shown there.
const FEW: usize = 4;

/// Prints an explanation; with `tree` all steps down to the facts.
pub fn text(told: &Told, look: Look, tree: bool) -> String {
    let mut page = Page { look, tree, out: String::new() };
    page.head(told);
    page.parting(told);
    for lens in &told.lenses {
        page.lens(lens);
    }
    page.out
}

struct Page {
    look: Look,
    tree: bool,
    out: String,
}

impl Page {
    fn head(&mut self, told: &Told) {
        let place =
            told.scenario.as_ref().map(|name| format!(" (in the scenario {name})")).unwrap_or_default();
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{}{place}", told.subject),
            Look::Markdown => writeln!(self.out, "# {}{place}", escape(&told.subject)),
        };
        if let Some(note) = &told.note {
            let _ = writeln!(self.out, "\n{}", self.shown(note));
        }
    }

    fn parting(&mut self, told: &Told) {
        if !told.parting.is_empty() {
            self.out.push('\n');
        }
        // In Markdown what stands in the first two depths is one list.
        let depth = usize::from(self.look == Look::Markdown);
        for note in &told.parting {
            self.note(note, depth);
        }
    }

    fn note(&mut self, note: &ToldNote, depth: usize) {
        let shown = self.tree || matches!(note.kind, "other" | "change" | "unknown" | "why not" | "shared");
        let text = if note.lines.is_empty() || !shown {
            note.text.clone()
        } else {
            format!("{}:", note.text.trim_end_matches(['.', ':']))
        };
        self.item(depth, &text, None);
        if shown {
            let most = if self.tree { usize::MAX } else { FEW };
            self.lines(&note.lines[..note.lines.len().min(most)], depth + 1);
            if note.lines.len() > most {
                self.item(depth + 1, &format!("… {} more, with --tree", note.lines.len() - most), None);
            }
        }
    }

    fn shown(&self, text: &str) -> String {
        match self.look {
            Look::Plain => text.to_owned(),
            Look::Markdown => escape(text),
        }
    }

    fn lens(&mut self, lens: &ToldLens) {
        let glyph = match lens.outcome.as_str() {
            _ if lens.focus => "●",
            "conflict" => "!",
            "none" => "∅",
            "outside" => "–",
            other if other.starts_with("unknown") => "?",
            _ => "○",
        };
        let title = lens.title.as_ref().map(|title| format!(", \"{title}\"")).unwrap_or_default();
        let head = self.shown(&format!("{}{title}: {}", lens.name, lens.outcome));
        let sentence = self.shown(&lens.sentence);
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "\n{glyph} {head}\n  {sentence}"),
            Look::Markdown => writeln!(self.out, "\n## {glyph} {head}\n\n{sentence}\n"),
        };
        if !lens.cites.is_empty() {
            self.item(1, &format!("after {}", lens.cites.join("; ")), None);
        }
        for row in &lens.rows {
            self.row(row);
        }
        for note in &lens.notes {
            self.note(note, 1);
        }
    }

    fn row(&mut self, row: &ToldRow) {
        let reason = row.reason.as_ref().map(|reason| format!(", \"{reason}\"")).unwrap_or_default();
        let may = if row.certain { "row" } else { "perhaps row" };
        self.item(1, &format!("{may} {}{reason}: {}", row.label, row.verdict), Some(&row.place));
        self.lines(&row.lines, 2);
    }

    fn lines(&mut self, lines: &[Line], depth: usize) {
        for line in lines {
            self.item(depth, &line.text, line.place.as_deref());
            if self.tree || depth < 2 + DEPTH {
                self.lines(&line.from, depth + 1);
            } else if !line.from.is_empty() {
                let count = count(&line.from);
                let steps = if count == 1 { "step" } else { "steps" };
                self.item(depth + 1, &format!("… {count} more {steps}, with --tree"), None);
            }
        }
    }

    fn item(&mut self, depth: usize, text: &str, place: Option<&str>) {
        let text = self.shown(text);
        let place = place.map(|place| format!(" ({})", self.shown(place))).unwrap_or_default();
        let _ = match self.look {
            Look::Plain => writeln!(self.out, "{}{text}{place}", "  ".repeat(depth + 1)),
            Look::Markdown => writeln!(self.out, "{}- {text}{place}", "  ".repeat(depth.saturating_sub(1))),
        };
    }
}

fn count(lines: &[Line]) -> usize {
    lines.iter().map(|line| 1 + count(&line.from)).sum()
}

/// Text that Markdown leaves as it is.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
