//! A sweep as JSON, `parallax/sweep@1`, and as CSV.

use serde_json::{Value, json};

use super::{Shown, names};
use crate::agreement::{LensFigures, Point, QuestionSweep, Sweep, SweepFlip};
use crate::model::Ruleset;
use crate::report::csv::line;

/// The schema of what `json` prints.
pub const SCHEMA: &str = include_str!("sweep.schema.json");

/// Prints a sweep as JSON.
pub fn json(ruleset: &Ruleset, sweep: &Sweep) -> String {
    let shown = Shown { ruleset, sweep };
    let parameter = &ruleset.parameters[sweep.parameter];
    let value = json!({
        "schema": "parallax/sweep@1",
        "parameter": parameter.name,
        "unit": parameter.text,
        "own": parameter.value.as_ref().map(ToString::to_string),
        "values": (0..sweep.values.len()).map(|at| shown.value(at)).collect::<Vec<_>>(),
        "questions": sweep.questions.iter().map(|entry| question(&shown, entry)).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn question(shown: &Shown<'_>, entry: &QuestionSweep) -> Value {
    let ruleset = shown.ruleset;
    let lenses: Vec<&str> =
        entry.compared.lenses.iter().map(|lens| ruleset.lenses[*lens].name.as_str()).collect();
    let points = entry.points.iter().enumerate().map(|(at, point)| one_point(shown, entry, at, point));
    json!({
        "name": ruleset.questions[entry.compared.question].name,
        "focus": shown.focus(entry),
        "lenses": lenses,
        "points": points.collect::<Vec<_>>(),
        "flips": entry.flips.iter().map(|one| flip(shown, entry, one)).collect::<Vec<_>>(),
    })
}

fn one_point(shown: &Shown<'_>, entry: &QuestionSweep, at: usize, point: &Point) -> Value {
    let verdicts = &shown.ruleset.questions[entry.compared.question].verdicts;
    let lens = |figures: &LensFigures| {
        let counts: serde_json::Map<String, Value> = verdicts
            .iter()
            .zip(&figures.verdicts)
            .map(|(verdict, count)| (verdict.name.clone(), json!(count)))
            .collect();
        json!({
            "verdicts": counts,
            "unknown": figures.unknown,
            "conflict": figures.conflict,
            "none": figures.none,
        })
    };
    json!({
        "value": shown.value(at),
        "subjects": point.subjects,
        "perhaps": point.perhaps,
        "differing": point.differing,
        "undecided": point.undecided,
        "lenses": point.columns.iter().map(lens).collect::<Vec<_>>(),
    })
}

fn flip(shown: &Shown<'_>, entry: &QuestionSweep, flip: &SweepFlip) -> Value {
    let question = entry.compared.question;
    json!({
        "at": shown.value(flip.at),
        "lens": shown.lens(flip),
        "before": shown.outcome(question, flip.before),
        "after": shown.outcome(question, flip.after),
        "count": flip.count,
        "examples": flip.examples.iter().map(|subject| names(subject)).collect::<Vec<_>>(),
    })
}

/// Prints a row per value, a table per question: of each lens how many get each verdict, and how many flip there.
pub fn csv(ruleset: &Ruleset, sweep: &Sweep) -> String {
    let shown = Shown { ruleset, sweep };
    sweep.questions.iter().map(|entry| table(&shown, entry)).collect::<Vec<_>>().join("\n")
}

fn table(shown: &Shown<'_>, entry: &QuestionSweep) -> String {
    let ruleset = shown.ruleset;
    let mut head: Vec<String> = vec![shown.parameter().to_owned()];
    head.extend(["subjects", "perhaps", "differing", "undecided"].map(str::to_owned));
    for lens in &entry.compared.lenses {
        let name = &ruleset.lenses[*lens].name;
        let verdicts = ruleset.questions[entry.compared.question].verdicts.iter();
        let counted =
            verdicts.map(|verdict| verdict.name.as_str()).chain(["unknown", "conflict", "none", "flips"]);
        head.extend(counted.map(|what| format!("{name} {what}")));
    }
    let mut out = String::new();
    line(&mut out, head.iter().map(String::as_str));
    for (at, point) in entry.points.iter().enumerate() {
        let counts = [point.subjects, point.perhaps, point.differing, point.undecided];
        let mut cells = vec![shown.value(at)];
        cells.extend(counts.map(|count| count.to_string()));
        for (lens, figures) in entry.compared.lenses.iter().zip(&point.columns) {
            let flips = entry.flips.iter().filter(|flip| flip.at == at && flip.lens == *lens);
            let flips: u64 = flips.map(|flip| flip.count).sum();
            let rest = [figures.unknown, figures.conflict, figures.none, flips];
            cells.extend(figures.verdicts.iter().chain(&rest).map(ToString::to_string));
        }
        line(&mut out, cells.iter().map(String::as_str));
    }
    out
}
