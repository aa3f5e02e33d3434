//! Proofs as graphs: each sentence a box, from what it follows from. Equal sentences are one box.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::tell::{Line, Told};

/// Boxes and what leads to them.
#[derive(Default)]
struct Graph {
    boxes: Vec<String>,
    places: BTreeMap<String, usize>,
    arrows: Vec<(usize, usize)>,
}

impl Graph {
    fn of(told: &Told) -> Self {
        let mut graph = Self::default();
        for lens in &told.lenses {
            let answer = graph.put(&lens.sentence, None);
            for row in &lens.rows {
                let name = format!("{}, row {}: {}", lens.name, row.label.trim_matches('`'), row.verdict);
                let from = graph.put(&name, Some(&row.place));
                graph.arrow(from, answer);
                row.lines.iter().for_each(|line| graph.line(line, from));
            }
            // Where no row is behind an answer, each is there with what keeps it from matching.
            let rows = lens.notes.iter().filter(|note| matches!(note.kind, "why not" | "barred"));
            for note in rows.filter(|_| lens.rows.is_empty()) {
                let from = graph.put(&format!("{}: {}", lens.name, note.text), None);
                graph.arrow(from, answer);
                note.lines.iter().for_each(|line| graph.line(line, from));
            }
            for line in lens.notes.iter().filter(|note| note.kind == "other").flat_map(|note| &note.lines) {
                graph.line(line, answer);
            }
        }
        graph
    }

    fn put(&mut self, text: &str, place: Option<&str>) -> usize {
        let text = place.map_or_else(|| text.to_owned(), |place| format!("{text}\n{place}"));
        let next = self.boxes.len();
        let at = *self.places.entry(text.clone()).or_insert(next);
        if at == next {
            self.boxes.push(text);
        }
        at
    }

    fn arrow(&mut self, from: usize, to: usize) {
        if !self.arrows.contains(&(from, to)) {
            self.arrows.push((from, to));
        }
    }

    fn line(&mut self, line: &Line, to: usize) {
        let from = self.put(&line.text, line.place.as_deref());
        self.arrow(from, to);
        line.from.iter().for_each(|inner| self.line(inner, from));
    }
}

/// Prints the proofs for Graphviz.
pub fn dot(told: &Told) -> String {
    let graph = Graph::of(told);
    let mut out = "digraph explanation {\n  rankdir=BT;\n  node [shape=box];\n".to_owned();
    for (at, text) in graph.boxes.iter().enumerate() {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = writeln!(out, "  n{at} [label=\"{text}\"];");
    }
    for (from, to) in &graph.arrows {
        let _ = writeln!(out, "  n{from} -> n{to};");
    }
    out.push_str("}\n");
    out
}

/// Prints the proofs for Mermaid.
pub fn mermaid(told: &Told) -> String {
    let graph = Graph::of(told);
    let mut out = "flowchart BT\n".to_owned();
    for (at, text) in graph.boxes.iter().enumerate() {
        let mut safe = String::new();
        for c in text.chars() {
            match c {
                '\n' => safe.push_str("<br>"),
                '"' | '<' | '>' | '#' | '&' | '`' | ';' => {
                    let _ = write!(safe, "#{};", u32::from(c));
                }
                other => safe.push(other),
            }
        }
        let _ = writeln!(out, "  n{at}[\"{safe}\"]");
    }
    for (from, to) in &graph.arrows {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    out
}
