//! The report as JSON, schema `parallax/report@1`: sorted keys, whole counts, six decimals.

use serde_json::{Map, Value, json};

use super::{LensText, Report, Says, Section, SubjectText};
use crate::agreement::{LensFigures, Pair, Relation, coefficients};

/// Prints a report.
pub fn json(report: &Report) -> String {
    let sections: Vec<Value> = report.sections.iter().map(section).collect();
    let violations: Vec<Value> = report
        .violations
        .iter()
        .map(|broken| {
            json!({
                "name": broken.name, "title": broken.title, "certain": broken.certain, "possible": broken.possible,
                "examples": broken.examples,
            })
        })
        .collect();
    let all = json!({
        "schema": "parallax/report@1",
        "title": report.title,
        "facts": if report.from_scenarios { "scenarios" } else { "facts" },
        "ruleset_digest": report.ruleset_digest,
        "questions": sections,
        "violations": violations,
    });
    format!("{all:#}\n")
}

/// Six decimals, or nothing where it is not defined.
fn figure(value: Option<f64>) -> Value {
    // Without a sign where all six decimals are zero.
    let text = |value: f64| format!("{:.6}", if value.abs() < 5e-7 { 0.0 } else { value });
    value.map_or(Value::Null, |value| Value::Number(serde_json::Number::from_string_unchecked(text(value))))
}

fn section(section: &Section) -> Value {
    let figures = &section.agreement;
    let lenses: Vec<Value> = section
        .lenses
        .iter()
        .zip(&figures.columns)
        .map(|(text, column)| lens(section, text, column))
        .collect();
    let patterns: Vec<Value> = figures
        .patterns
        .iter()
        .zip(&section.patterns)
        .map(|(pattern, shown)| {
            json!({ "outcomes": shown.outcomes, "count": pattern.count, "example": subject(section, &shown.exemplar) })
        })
        .collect();
    json!({
        "question": section.question,
        "slots": section.slots,
        "verdicts": section.verdicts,
        "focus": section.focus,
        "subjects": figures.subjects,
        "perhaps": figures.perhaps,
        "differing": figures.differing,
        "undecided": figures.undecided,
        "lenses": lenses,
        "pairs": figures.pairs.iter().map(|pair| pair_value(section, pair)).collect::<Vec<_>>(),
        "patterns": patterns,
        "grid": section.grid.as_ref().map(|grid| grid.iter().map(|row| subject(section, row)).collect::<Vec<_>>()),
    })
}

fn lens(section: &Section, text: &LensText, figures: &LensFigures) -> Value {
    let counts: Map<String, Value> = section
        .verdicts
        .iter()
        .zip(&figures.verdicts)
        .map(|(name, count)| (name.clone(), json!(count)))
        .collect();
    let rows: Vec<Value> = text
        .rows
        .iter()
        .map(|row| {
            let figures = row.figures;
            json!({
                "row": row.label, "verdict": row.verdict, "matched": figures.matched,
                "overruled": figures.overruled,
            })
        })
        .collect();
    json!({
        "name": text.name, "title": text.title, "cites": text.cites, "policy": text.policy, "verdicts": counts,
        "unknown": figures.unknown, "conflict": figures.conflict, "none": figures.none,
        "alone_for": figures.alone_for, "alone_against": figures.alone_against, "rows": rows,
    })
}

fn pair_value(section: &Section, pair: &Pair) -> Value {
    let all = coefficients(pair);
    let relation = match pair.relation() {
        Relation::Equal => "equal",
        Relation::Inside => "inside",
        Relation::Contains => "contains",
        Relation::Disjoint => "disjoint",
        Relation::Overlaps => "overlaps",
    };
    json!({
        "a": section.lenses[pair.left].name, "b": section.lenses[pair.right].name,
        "both": pair.both, "a_only": pair.left_only, "b_only": pair.right_only, "neither": pair.neither,
        "differ": pair.left_only + pair.right_only, "differing": pair.differing, "undecided": pair.undecided,
        "relation": relation,
        "agreement": figure(all.agreement), "jaccard": figure(all.jaccard),
        "a_in_b": figure(all.left_in_right), "b_in_a": figure(all.right_in_left),
        "kappa": figure(all.kappa), "kappa_all": figure(all.kappa_all), "ac1": figure(all.ac1),
    })
}

fn subject(section: &Section, text: &SubjectText) -> Value {
    let says: Map<String, Value> =
        section.lenses.iter().zip(&text.says).map(|(lens, says)| (lens.name.clone(), say(says))).collect();
    json!({ "subject": text.names, "perhaps": text.perhaps, "says": says })
}

fn say(says: &Says) -> Value {
    json!({ "outcome": says.outcome, "by": says.by, "reason": says.reason, "place": says.place })
}
