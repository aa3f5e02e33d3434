//! The report as JSON, schema `parallax/report@1`: sorted keys, whole counts, six decimals.

use std::io::{self, BufWriter, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{LensText, ReasonText, Report, Says, Section, SplitText, SubjectText};
use crate::agreement::{Figure, Group, LensFigures, Pair, Relation, Weighted, coefficients};
use crate::value::Decimal;

/// Prints a report.
pub fn json(report: &Report) -> String {
    let mut out = Vec::new();
    // INVARIANT: memory takes all that is written, and all of it is text.
    drop(write_json(report, &mut out));
    String::from_utf8(out).unwrap_or_default()
}

/// Writes the same, piece by piece: patterns of many lenses can be longer than all else that is held.
///
/// # Errors
/// What the writer says.
pub fn write_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, &Whole(report))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The report, whose questions are put together one by one.
struct Whole<'a>(&'a Report);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let questions = Questions(&self.0.sections);
        with_last(&around(self.0), "questions", &questions, serializer)
    }
}

struct Questions<'a>(&'a [Section]);

impl Serialize for Questions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Question))
    }
}

/// A question, whose patterns are put together one by one.
struct Question<'a>(&'a Section);

impl Serialize for Question<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        with_last(&section(self.0), "patterns", &Patterns(self.0), serializer)
    }
}

struct Patterns<'a>(&'a Section);

impl Serialize for Patterns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let patterns = self.0.agreement.patterns.iter().zip(&self.0.exemplars);
        serializer.collect_seq(patterns.map(|(pattern, exemplar)| {
            let outcomes: Vec<&str> = pattern.outcomes.iter().map(|set| self.0.outcome(*set)).collect();
            json!({
                "outcomes": outcomes, "count": pattern.count, "weight": pattern.weight.map(exact),
                "example": subject(self.0, exemplar),
            })
        }))
    }
}

/// An object of what is held and one thing more, its keys in order.
fn with_last<S: Serializer>(
    held: &Value,
    key: &str,
    last: &impl Serialize,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let held = held.as_object().into_iter().flatten();
    let before = held.clone().take_while(|(other, _)| other.as_str() < key);
    let mut map = serializer.serialize_map(None)?;
    for (key, value) in before {
        map.serialize_entry(key, value)?;
    }
    map.serialize_entry(key, last)?;
    for (key, value) in held.skip_while(|(other, _)| other.as_str() < key) {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

/// All of a report but its questions.
fn around(report: &Report) -> Value {
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
    let data: Vec<Value> = report
        .data
        .iter()
        .map(|read| {
            json!({
                "table": read.path, "rows": read.rows, "skipped": read.skipped, "repeated": read.repeated,
                "digest": read.digest,
            })
        })
        .collect();
    json!({
        "schema": "parallax/report@1",
        "data": data,
        "left_out": report.left_out.iter().map(|(sentence, count)| json!({ "sentence": sentence, "values": count }))
            .collect::<Vec<_>>(),
        "title": report.title,
        "facts": if report.from_scenarios { "scenarios" } else { "facts" },
        "ruleset_digest": report.ruleset_digest,
        "violations": violations,
    })
}

/// Six decimals, or nothing where it is not defined; why is noted.
fn noted(name: &str, figure: Figure, why: &mut Map<String, Value>) -> Value {
    match figure {
        Ok(figure) => decimals(Some(figure)),
        Err(undefined) => {
            why.insert(name.to_owned(), json!(undefined.why()));
            Value::Null
        }
    }
}

/// Some coefficients with, under `undefined`, why some are not.
fn coefficients_value(all: &[(&str, Figure)]) -> Map<String, Value> {
    let mut why = Map::new();
    let mut out: Map<String, Value> =
        all.iter().map(|(name, figure)| ((*name).to_owned(), noted(name, *figure, &mut why))).collect();
    out.insert("undefined".to_owned(), Value::Object(why));
    out
}

fn group_value(group: &Group) -> Value {
    let all = [("alpha", group.alpha), ("fleiss_kappa", group.fleiss), ("ac1", group.ac1)];
    Value::Object(coefficients_value(&all))
}

/// A decimal as a number that keeps all its digits.
fn exact(number: Decimal) -> Value {
    Value::Number(serde_json::Number::from_string_unchecked(number.to_string()))
}

fn weighted_value(section: &Section, weighted: &Weighted) -> Value {
    let names = section.verdicts.iter().map(String::as_str).chain(["unknown", "conflict", "none"]);
    let names: Vec<&str> = names.collect();
    let lenses: Map<String, Value> = section
        .lenses
        .iter()
        .zip(&weighted.lenses)
        .map(|(lens, counts)| {
            let counts: Map<String, Value> =
                names.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), exact(*count))).collect();
            (lens.name.clone(), Value::Object(counts))
        })
        .collect();
    let pairs: Vec<Value> = section
        .agreement
        .pairs
        .iter()
        .zip(&weighted.pairs)
        .map(|(pair, [both, left, right, neither, undecided])| {
            json!({
                "a": section.lenses[pair.left].name, "b": section.lenses[pair.right].name,
                "both": exact(*both), "a_only": exact(*left), "b_only": exact(*right),
                "neither": exact(*neither), "undecided": exact(*undecided),
            })
        })
        .collect();
    json!({
        "by": section.weight, "subjects": exact(weighted.subjects), "differing": exact(weighted.differing),
        "undecided": exact(weighted.undecided), "lenses": lenses, "pairs": pairs,
    })
}

fn slices_value(section: &Section) -> Value {
    let slices: Vec<Value> = section
        .agreement
        .slices
        .iter()
        .map(|slice| {
            json!({
                "value": slice.value, "subjects": slice.subjects, "differing": slice.differing,
                "lift": decimals(slice.lift),
            })
        })
        .collect();
    json!({ "by": section.slice, "slices": slices })
}

fn splits_value(section: &Section) -> Vec<Value> {
    let reason = |reason: &ReasonText| {
        json!({
            "why": reason.kind, "row": reason.row, "conditions": reason.conditions, "subjects": reason.count,
        })
    };
    let split = |split: &SplitText| {
        let reasons: Vec<Value> = split.reasons.iter().map(reason).collect();
        json!({ "yes": split.yes, "no": split.no, "reasons": reasons })
    };
    section.splits.iter().map(split).collect()
}

fn causes_value(section: &Section) -> Vec<Value> {
    let one = |(lens, sentence, subjects): &(String, String, u64)| json!({ "lens": lens, "not_known": sentence, "subjects": subjects });
    section.causes.iter().map(one).collect()
}

/// Six decimals, or nothing.
fn decimals(value: Option<f64>) -> Value {
    // Without a sign where all six decimals are zero.
    let text = |value: f64| format!("{:.6}", if value.abs() < 5e-7 { 0.0 } else { value });
    value.map_or(Value::Null, |value| Value::Number(serde_json::Number::from_string_unchecked(text(value))))
}

/// All of a question but its patterns.
fn section(section: &Section) -> Value {
    let figures = &section.agreement;
    let lenses: Vec<Value> = section
        .lenses
        .iter()
        .zip(&figures.columns)
        .map(|(text, column)| lens(section, text, column))
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
        "together": group_value(&figures.group),
        "together_focus": group_value(&figures.group_focus),
        "weighted": figures.weighted.as_ref().map(|weighted| weighted_value(section, weighted)),
        "sliced": section.slice.as_ref().map(|_| slices_value(section)),
        "splits": splits_value(section),
        "unknowns": causes_value(section),
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
    let mut out = coefficients_value(&[
        ("agreement", all.agreement),
        ("jaccard", all.jaccard),
        ("a_in_b", all.left_in_right),
        ("b_in_a", all.right_in_left),
        ("kappa", all.kappa),
        ("kappa_all", all.kappa_all),
        ("ac1", all.ac1),
        ("ac1_all", all.ac1_all),
    ]);
    let counts = json!({
        "a": section.lenses[pair.left].name, "b": section.lenses[pair.right].name,
        "both": pair.both, "a_only": pair.left_only, "b_only": pair.right_only, "neither": pair.neither,
        "differ": pair.left_only + pair.right_only, "differing": pair.differing, "undecided": pair.undecided,
        "relation": relation, "paradox": all.is_paradox(),
    });
    if let Value::Object(counts) = counts {
        out.extend(counts);
    }
    Value::Object(out)
}

fn subject(section: &Section, text: &SubjectText) -> Value {
    let says: Map<String, Value> =
        section.lenses.iter().zip(&text.says).map(|(lens, says)| (lens.name.clone(), say(says))).collect();
    json!({ "subject": text.names, "perhaps": text.perhaps, "says": says })
}

fn say(says: &Says) -> Value {
    json!({ "outcome": says.outcome, "by": says.by, "reason": says.reason, "place": says.place })
}
