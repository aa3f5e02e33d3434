//! What moves as JSON, `parallax/whatif@1`, and as CSV.

use serde_json::{Value, json};

use super::tell::{
    ToldFact, ToldGroup, ToldLens, ToldMove, ToldMoves, ToldNever, ToldQuestion, ToldReason, ToldSide,
};
use crate::report::csv::{column, line};

/// The schema of what `json` prints.
pub const SCHEMA: &str = include_str!("whatif.schema.json");

/// Prints what moves as JSON, naming so many subjects of each sort.
pub fn json(told: &ToldMoves, most: usize) -> String {
    let facts = |facts: &[ToldFact]| -> Vec<Value> {
        let one =
            |fact: &ToldFact| json!({ "sentence": fact.sentence, "place": fact.place, "maybe": fact.maybe });
        facts.iter().map(one).collect()
    };
    let value = json!({
        "schema": "parallax/whatif@1",
        "scenario": told.scenario,
        "added": facts(&told.added),
        "removed": facts(&told.removed),
        "new_names": told.new_names,
        "questions": told.questions.iter().map(|one| question(one, most)).collect::<Vec<_>>(),
        "nevers": told.nevers.iter().map(|one| never(one, most)).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn question(question: &ToldQuestion, most: usize) -> Value {
    let standings = question.standings.iter().map(|(before, after, subjects)| {
        let named: Vec<_> = subjects.iter().take(most).collect();
        json!({ "before": before, "after": after, "count": subjects.len(), "subjects": named })
    });
    json!({
        "name": question.name,
        "slots": question.slots,
        "subjects_before": question.subjects.0,
        "subjects_after": question.subjects.1,
        "moving": question.moving,
        "standings": standings.collect::<Vec<_>>(),
        "lenses": question.lenses.iter().map(|one| lens(one, most)).collect::<Vec<_>>(),
    })
}

fn never(never: &ToldNever, most: usize) -> Value {
    let count = |(certain, possible): (usize, usize)| json!({ "certain": certain, "possible": possible });
    let ways = never.ways.iter().map(|(before, after, ways)| {
        let named: Vec<_> = ways.iter().take(most).collect();
        json!({ "before": before, "after": after, "count": ways.len(), "examples": named })
    });
    json!({
        "name": never.name,
        "title": never.title,
        "place": never.place,
        "before": count(never.before),
        "after": count(never.after),
        "ways": ways.collect::<Vec<_>>(),
    })
}

fn lens(lens: &ToldLens, most: usize) -> Value {
    let group = |group: &ToldGroup| {
        json!({
            "before": group.before,
            "after": group.after,
            "count": group.moves.len(),
            "subjects": group.moves.iter().take(most).map(moved).collect::<Vec<_>>(),
        })
    };
    let count: usize = lens.groups.iter().map(|group| group.moves.len()).sum();
    json!({
        "name": lens.name,
        "title": lens.title,
        "count": count,
        "moves": lens.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

fn moved(one: &ToldMove) -> Value {
    json!({ "subject": one.subject, "before": side(&one.before), "after": side(&one.after) })
}

fn side(side: &ToldSide) -> Value {
    let row = |row: &ToldReason| {
        json!({
            "label": row.label.trim_matches('`'),
            "verdict": row.verdict,
            "reason": row.reason,
            "place": row.place,
            "certain": row.certain,
        })
    };
    json!({
        "standing": side.standing,
        "outcome": side.outcome,
        "sentence": side.sentence,
        "rows": side.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Prints a row per lens and subject that moves, a table per question; then, where constraints are broken
/// otherwise, a table of the ways.
pub fn csv(told: &ToldMoves, most: usize) -> String {
    let questions = told.questions.iter().map(|question| table(question, most));
    let nevers = (!told.nevers.is_empty()).then(|| broken(&told.nevers, most));
    questions.chain(nevers).collect::<Vec<_>>().join("\n")
}

fn broken(nevers: &[ToldNever], most: usize) -> String {
    let mut out = String::new();
    line(&mut out, ["never", "before", "after", "way"].into_iter());
    for never in nevers {
        for (before, after, ways) in &never.ways {
            for way in ways.iter().take(most) {
                line(&mut out, [never.name.as_str(), before, after, way].into_iter());
            }
        }
    }
    out
}

fn table(question: &ToldQuestion, most: usize) -> String {
    let mut out = String::new();
    let fixed = ["before", "after", "rows before", "rows after", "why before", "why after"];
    let taken: Vec<&str> = ["lens"].into_iter().chain(fixed).collect();
    let slots: Vec<String> = question.slots.iter().map(|slot| column("slot", slot, &taken)).collect();
    line(&mut out, ["lens"].into_iter().chain(slots.iter().map(String::as_str)).chain(fixed));
    let rows = |side: &ToldSide| -> String {
        let one = |row: &ToldReason| {
            let reason = row.reason.as_ref().map(|reason| format!(" \"{reason}\"")).unwrap_or_default();
            format!("{}{reason}", row.label.trim_matches('`'))
        };
        side.rows.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    for lens in &question.lenses {
        for group in &lens.groups {
            for one in group.moves.iter().take(most) {
                let (before, after) = (rows(&one.before), rows(&one.after));
                let why = |side: &ToldSide| side.sentence.clone().unwrap_or_default();
                let (because, then) = (why(&one.before), why(&one.after));
                let cells = [&group.before, &group.after, &before, &after, &because, &then];
                let names = [&lens.name].into_iter().chain(&one.subject).chain(cells);
                line(&mut out, names.map(String::as_str));
            }
        }
    }
    out
}
