//! Explanations as JSON, `parallax/explanation@1`.

use serde_json::{Value, json};

use super::tell::{Line, Told, ToldLens, ToldNote, ToldRow};

/// The schema of what `json` prints.
pub const SCHEMA: &str = include_str!("explanation.schema.json");

/// Prints an explanation as JSON.
pub fn json(told: &Told) -> String {
    let slots: Vec<Value> =
        told.slots.iter().map(|(slot, name)| json!({ "slot": slot, "name": name })).collect();
    let value = json!({
        "schema": "parallax/explanation@1",
        "subject": slots,
        "scenario": told.scenario,
        "standing": told.standing,
        "note": told.note,
        "lenses": told.lenses.iter().map(lens).collect::<Vec<_>>(),
        "parting": told.parting.iter().map(note).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn lens(lens: &ToldLens) -> Value {
    json!({
        "name": lens.name,
        "title": lens.title,
        "cites": lens.cites,
        "outcome": lens.outcome,
        "sentence": lens.sentence,
        "rows": lens.rows.iter().map(row).collect::<Vec<_>>(),
        "notes": lens.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

fn row(row: &ToldRow) -> Value {
    json!({
        "label": row.label.trim_matches('`'),
        "verdict": row.verdict,
        "reason": row.reason,
        "place": row.place,
        "certain": row.certain,
        "proof": row.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn note(note: &ToldNote) -> Value {
    json!({ "kind": note.kind, "text": note.text, "lines": note.lines.iter().map(line).collect::<Vec<_>>() })
}

fn line(one: &Line) -> Value {
    let mut value = json!({
        "kind": one.kind,
        "text": one.text,
        "place": one.place,
        "from": one.from.iter().map(line).collect::<Vec<_>>(),
    });
    if let Some(change) = &one.change {
        value["change"] = json!({ "remove": change.remove, "add": change.add, "then": change.then });
    }
    value
}
