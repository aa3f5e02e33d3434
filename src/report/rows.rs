//! `run`: one row per subject, as CSV, JSON Lines or Parquet.

use std::io::{self, Write};

use serde_json::json;

use super::csv::line;
use crate::agreement::{Measure, Side, compare_subjects, side};
use crate::guard::{behind, show_outcomes};
use crate::model::{LensId, Otherwise, QuestionId, RowId, Ruleset, VerdictId};
use crate::verdict::{Evaluation, Outcome};

/// The form of the rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowFormat {
    /// Comma-separated, with a head.
    Csv,
    /// One JSON object per line.
    JsonLines,
    /// Parquet, where the build has it.
    Parquet,
}

impl RowFormat {
    /// What to say where this build cannot write the form.
    pub fn refusal(self) -> Option<&'static str> {
        (self == Self::Parquet && cfg!(not(feature = "parquet"))).then_some(
            "this build cannot write Parquet; build it with `cargo build --release --features parquet`",
        )
    }
}

/// Which rows, and what is in them.
#[derive(Clone, Debug)]
pub struct RowOptions {
    /// The form.
    pub format: RowFormat,
    /// The question.
    pub question: QuestionId,
    /// Only subjects this measure counts.
    pub only: Option<Measure>,
    /// Whether deciding rows and open outcomes are added.
    pub reasons: bool,
}

/// Writes all subjects, by name.
pub fn write_rows(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    options: &RowOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let table = &evaluation.tables[options.question];
    let question = &ruleset.questions[options.question];
    let lenses: Vec<LensId> = ruleset.lenses_of(options.question).collect();
    let mut places: Vec<usize> =
        (0..table.len()).filter(|place| wanted(ruleset, evaluation, options, *place)).collect();
    places.sort_by(|left, right| compare_subjects(ruleset, &evaluation.dictionaries, table, *left, *right));
    let any_perhaps = table.perhaps.count() > 0;
    let mut names: Vec<String> = question.slots.iter().map(|slot| slot.name.clone()).collect();
    names.extend(lenses.iter().map(|lens| ruleset.lenses[*lens].name.clone()));
    names.push("pattern".to_owned());
    let perhaps_at = any_perhaps.then_some(names.len());
    if any_perhaps {
        names.push("perhaps".to_owned());
    }
    if options.reasons {
        for lens in &lenses {
            let lens = &ruleset.lenses[*lens].name;
            names.extend([format!("{lens} by"), format!("{lens} open")]);
        }
    }
    if options.format == RowFormat::Parquet {
        let rows =
            places.into_iter().map(|place| cells(ruleset, evaluation, options, &lenses, place, any_perhaps));
        return write_parquet(&names, perhaps_at, rows, out);
    }
    let mut text = String::new();
    if options.format == RowFormat::Csv {
        line(&mut text, names.iter().map(String::as_str));
        out.write_all(text.as_bytes())?;
    }
    for place in places {
        let cells = cells(ruleset, evaluation, options, &lenses, place, any_perhaps);
        text.clear();
        match options.format {
            RowFormat::Csv | RowFormat::Parquet => line(&mut text, cells.iter().map(String::as_str)),
            RowFormat::JsonLines => {
                // By hand, so that the keys keep the order of the columns.
                text.push('{');
                for (at, (name, cell)) in names.iter().zip(&cells).enumerate() {
                    let value = if Some(at) == perhaps_at { json!(cell == "yes") } else { json!(cell) };
                    let comma = if at > 0 { "," } else { "" };
                    text.push_str(&format!("{comma}{}:{value}", json!(name)));
                }
                text.push_str("}\n");
            }
        }
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

#[cfg(feature = "parquet")]
use super::parquet::write as write_parquet;

#[cfg(not(feature = "parquet"))]
fn write_parquet(
    _: &[String],
    _: Option<usize>,
    _: impl Iterator<Item = Vec<String>>,
    _: &mut dyn Write,
) -> io::Result<()> {
    Err(io::Error::other(RowFormat::Parquet.refusal().unwrap_or_default()))
}

fn cells(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    options: &RowOptions,
    lenses: &[LensId],
    place: usize,
    any_perhaps: bool,
) -> Vec<String> {
    let table = &evaluation.tables[options.question];
    let question = &ruleset.questions[options.question];
    let slots = question.slots.iter().zip(&table.subjects);
    let mut cells: Vec<String> = slots
        .map(|(slot, column)| {
            evaluation.dictionaries[ruleset.domain_of(slot.ty)].show(column[place]).into_owned()
        })
        .collect();
    let open =
        |lens: LensId| table.column(lens).map(|column| table.outcome(column, place)).unwrap_or_default();
    let word = |lens: LensId| {
        let set = open(lens);
        if set.settled().is_some() {
            show_outcomes(ruleset, options.question, set)
        } else {
            "unknown".to_owned()
        }
    };
    let words: Vec<String> = lenses.iter().map(|lens| word(*lens)).collect();
    let pattern = words.join(",");
    cells.extend(words);
    cells.push(pattern);
    if any_perhaps {
        cells.push(if table.perhaps.contains(place) { "yes" } else { "no" }.to_owned());
    }
    if options.reasons {
        for lens in lenses {
            let entry = &ruleset.lenses[*lens];
            let behind = behind(ruleset, evaluation, *lens, place);
            let label =
                |row: &RowId| entry.rows[*row].label.clone().unwrap_or_else(|| format!("row {}", row.0 + 1));
            let mut by: Vec<String> = behind.rows.iter().map(label).collect();
            if behind.default && entry.otherwise != Otherwise::Nothing {
                by.push("otherwise".to_owned());
            }
            let by = by.join("|");
            let set = open(*lens);
            let name = |outcome: Outcome| match outcome {
                Outcome::Verdict(verdict) => question.verdicts[verdict].name.clone(),
                Outcome::Conflict => "conflict".to_owned(),
                Outcome::None => "none".to_owned(),
            };
            let all = if set.settled().is_some() {
                String::new()
            } else {
                set.iter().map(name).collect::<Vec<_>>().join("|")
            };
            cells.extend([by, all]);
        }
    }
    cells
}

fn wanted(ruleset: &Ruleset, evaluation: &Evaluation, options: &RowOptions, place: usize) -> bool {
    let Some(measure) = options.only else { return true };
    let table = &evaluation.tables[options.question];
    let open =
        |lens: LensId| table.column(lens).map(|column| table.outcome(column, place)).unwrap_or_default();
    let chosen = |lens: Option<LensId>| {
        ruleset.lenses_of(options.question).filter(move |id| lens.is_none_or(|lens| lens == *id))
    };
    match measure {
        Measure::Differ(left, right) => {
            let sides = (side(open(left), VerdictId(0)), side(open(right), VerdictId(0)));
            matches!(sides, (Side::Yes, Side::No) | (Side::No, Side::Yes))
        }
        Measure::Unknown(lens) => chosen(lens).any(|lens| open(lens).settled().is_none()),
        Measure::Conflict(lens) => chosen(lens).any(|lens| open(lens).settled() == Some(Outcome::Conflict)),
    }
}
