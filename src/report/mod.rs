//! The disagreement report: one value, printed as text, Markdown, JSON or CSV.
//! Computes nothing: all figures come from `agreement`.

mod build;
mod csv;
pub mod explanation;
mod json;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod schema;
pub mod sweep;
mod tables;
mod text;
pub mod whatif;

pub use build::{ReportOptions, build, compared, comparing, sweeping};
pub use csv::{csv, write_csv};
pub use json::{json, write_json};
pub use rows::{RowFormat, RowOptions, write_rows};
pub use schema::SCHEMA;
pub use text::{Look, PATTERNS, text};

use std::collections::BTreeMap;

use crate::agreement::{Agreement, RowFigures};
use crate::facts::TableRead;
use crate::verdict::OutcomeSet;

/// Up to this many subjects the whole grid is shown, and no percentages.
pub const SMALL: u64 = 30;
/// Under this many subjects no percentages or coefficients are shown on screen.
pub const FEW: u64 = 20;

/// A report on all questions of a ruleset.
#[derive(Clone, Debug)]
pub struct Report {
    /// The ruleset's title.
    pub title: String,
    /// Whether the subjects come from the scenarios, for want of facts.
    pub from_scenarios: bool,
    /// A digest of the ruleset's texts, in hexadecimal digits.
    pub ruleset_digest: String,
    /// The tables the facts come from.
    pub data: Vec<TableRead>,
    /// Sentences of which aggregates leave out what is not known, and how many values that is.
    pub left_out: Vec<(String, u64)>,
    /// One section per question.
    pub sections: Vec<Section>,
    /// Constraints that are broken.
    pub violations: Vec<BrokenConstraint>,
}

impl Report {
    /// The number of patterns of all questions.
    pub fn patterns(&self) -> usize {
        self.sections.iter().map(|section| section.agreement.patterns.len()).sum()
    }
}

/// What is said of one question.
#[derive(Clone, Debug)]
pub struct Section {
    /// The question's sentence.
    pub question: String,
    /// Names of the subject's slots.
    pub slots: Vec<String>,
    /// Names of its verdicts.
    pub verdicts: Vec<String>,
    /// The verdict of interest.
    pub focus: String,
    /// The lenses compared.
    pub lenses: Vec<LensText>,
    /// All figures.
    pub agreement: Agreement,
    /// What outcomes are in words.
    pub outcomes: BTreeMap<OutcomeSet, String>,
    /// For each pattern, in the order of the figures, the subject with the lowest key.
    pub exemplars: Vec<SubjectText>,
    /// Every subject, where there are few; by name.
    pub grid: Option<Vec<SubjectText>>,
    /// The sentence subjects are weighed by.
    pub weight: Option<String>,
    /// The dimension counts are sliced by.
    pub slice: Option<String>,
    /// What splits each pair, in words.
    pub splits: Vec<SplitText>,
    /// Why lenses leave subjects unknown: lens, sentence of which something is not known, subjects.
    pub causes: Vec<(String, String, u64)>,
}

impl Section {
    /// Outcomes that some pattern has, in words.
    pub fn outcome(&self, set: OutcomeSet) -> &str {
        self.outcomes.get(&set).map_or("", String::as_str)
    }
}

/// A lens in words.
#[derive(Clone, Debug)]
pub struct LensText {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its sources.
    pub cites: Vec<String>,
    /// How its rows are settled.
    pub policy: &'static str,
    /// Its rows.
    pub rows: Vec<RowText>,
}

/// A row of a lens in words.
#[derive(Clone, Debug)]
pub struct RowText {
    /// Its label, or its number.
    pub label: String,
    /// The verdict it gives.
    pub verdict: String,
    /// How often it matches.
    pub figures: RowFigures,
}

/// What splits a pair, on one side.
#[derive(Clone, Debug)]
pub struct SplitText {
    /// The lens that gives the focus verdict.
    pub yes: String,
    /// The lens that decides otherwise.
    pub no: String,
    /// Why it does, and of how many subjects.
    pub reasons: Vec<ReasonText>,
}

/// Why a lens decides otherwise.
#[derive(Clone, Debug)]
pub struct ReasonText {
    /// `alone`, `jointly`, `overruled`, `not known` or `no row`.
    pub kind: &'static str,
    /// The row it is about.
    pub row: Option<String>,
    /// The conditions, any of which is all the row lacks.
    pub conditions: Vec<String>,
    /// The subjects.
    pub count: u64,
}

/// A subject in words.
#[derive(Clone, Debug)]
pub struct SubjectText {
    /// Its names, in slot order.
    pub names: Vec<String>,
    /// Whether it is only possibly in the population.
    pub perhaps: bool,
    /// Per lens what it says and why; nothing where that is not told.
    pub says: Vec<Says>,
}

/// What a lens says of a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Says {
    /// The outcome in words.
    pub outcome: String,
    /// The rows behind it, by label: one that decides, several that agree, contradict each other or
    /// leave it open; `otherwise` where no row decides or none may.
    pub by: String,
    /// Their reasons.
    pub reason: Option<String>,
    /// Where the first of them stands.
    pub place: Option<String>,
}

/// A constraint that is broken.
#[derive(Clone, Debug)]
pub struct BrokenConstraint {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// How often it is certainly broken.
    pub certain: u64,
    /// How often it is only possibly broken.
    pub possible: u64,
    /// The first ways, in words.
    pub examples: Vec<String>,
}

/// The glyph beside an outcome, so that no meaning hangs on colour.
pub(crate) fn glyph(outcome: &str, focus: &str) -> &'static str {
    match outcome {
        _ if outcome == focus => "●",
        "conflict" => "!",
        "none" => "∅",
        _ if outcome.starts_with("unknown") => "?",
        _ => "○",
    }
}
