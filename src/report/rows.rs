//! `run`: one row per subject, as CSV, JSON Lines or Parquet.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use rayon::prelude::*;
use serde_json::json;

use super::csv::{column, line};
use crate::agreement::{Measure, Side, in_name_order, side};
use crate::base::parallel::each_of;
use crate::facts::Dictionary;
use crate::guard::{behind, show_outcomes};
use crate::model::{LensId, Otherwise, QuestionId, RowId, Ruleset, Slot, VerdictId};
use crate::verdict::{Evaluation, LensColumn, Outcome, OutcomeSet, VerdictTable};

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

/// Subjects whose rows one thread puts together at a time.
const SHARE: usize = 1 << 13;

/// Writes all subjects, by name.
///
/// # Errors
/// What the writer says.
pub fn write_rows(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    options: &RowOptions,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    let table = &evaluation.tables[options.question];
    let places: Vec<u32> = (0..table.len() as u32)
        .into_par_iter()
        .filter(|place| wanted(ruleset, evaluation, options, *place as usize))
        .collect();
    let places = in_name_order(ruleset, &evaluation.dictionaries, table, &places);
    let rows = Rows::new(ruleset, evaluation, options);
    let names = rows.names();
    let keys: Vec<String> = names.iter().map(|name| json!(name).to_string()).collect();
    let flags = rows.any_perhaps.then_some(rows.perhaps_at());
    let mut text = String::new();
    match options.format {
        RowFormat::Parquet => {
            let rows = places.iter().map(|place| rows.cells(*place as usize));
            return write_parquet(&names, flags, rows, out);
        }
        RowFormat::Csv => line(&mut text, names.iter().map(String::as_str)),
        RowFormat::JsonLines => {}
    }
    out.write_all(text.as_bytes())?;
    let share = |places: &[u32]| {
        let mut text = String::new();
        for place in places {
            let cells = rows.cells(*place as usize);
            match options.format {
                RowFormat::JsonLines => object(&mut text, &keys, &cells, flags),
                RowFormat::Csv | RowFormat::Parquet => line(&mut text, cells.iter().map(AsRef::as_ref)),
            }
        }
        text
    };
    // A few shares at a time, so that not all of the text is held.
    for places in places.chunks(SHARE * 4 * rayon::current_num_threads()) {
        let texts: Vec<String> = each_of(places.chunks(SHARE).collect(), share);
        for text in texts {
            out.write_all(text.as_bytes())?;
        }
    }
    out.flush()
}

/// Writes a row as an object on a line of its own, its keys in the order of the columns.
fn object(out: &mut String, keys: &[String], cells: &[Cow<'_, str>], flags: Option<usize>) {
    for (at, (key, cell)) in keys.iter().zip(cells).enumerate() {
        let value = if flags == Some(at) { json!(cell == "yes") } else { json!(cell) };
        let open = if at == 0 { '{' } else { ',' };
        let _ = write!(out, "{open}{key}:{value}");
    }
    out.push_str("}\n");
}

#[cfg(feature = "parquet")]
use super::parquet::write as write_parquet;

#[cfg(not(feature = "parquet"))]
fn write_parquet<'a>(
    _: &[String],
    _: Option<usize>,
    _: impl Iterator<Item = Vec<Cow<'a, str>>>,
    _: &mut (dyn Write + Send),
) -> io::Result<()> {
    Err(io::Error::other(RowFormat::Parquet.refusal().unwrap_or_default()))
}

/// What rows are made of.
struct Rows<'a> {
    ruleset: &'a Ruleset,
    evaluation: &'a Evaluation,
    table: &'a VerdictTable,
    /// Per slot, what its ids mean.
    dictionaries: Vec<&'a Dictionary>,
    lenses: Vec<&'a LensColumn>,
    /// In words, by the place of outcomes in the table; and which are open, where not just one is.
    words: Vec<(String, String)>,
    /// Whether some are only perhaps subjects, which takes a column.
    any_perhaps: bool,
    reasons: bool,
}

impl<'a> Rows<'a> {
    fn new(ruleset: &'a Ruleset, evaluation: &'a Evaluation, options: &RowOptions) -> Self {
        let table = &evaluation.tables[options.question];
        let question = &ruleset.questions[options.question];
        let dictionary = |slot: &Slot| &evaluation.dictionaries[ruleset.domain_of(slot.ty)];
        let show = |set: OutcomeSet| show_outcomes(ruleset, options.question, set);
        let words = |set: &OutcomeSet| match set.settled() {
            Some(_) => (show(*set), String::new()),
            None => {
                let open: Vec<String> = set.iter().map(|outcome| show(OutcomeSet::only(outcome))).collect();
                ("unknown".to_owned(), open.join("|"))
            }
        };
        Self {
            ruleset,
            evaluation,
            table,
            dictionaries: question.slots.iter().map(dictionary).collect(),
            lenses: ruleset.lenses_of(options.question).filter_map(|lens| table.column(lens)).collect(),
            words: table.outcomes.iter().map(words).collect(),
            any_perhaps: table.perhaps.count() > 0,
            reasons: options.reasons,
        }
    }

    /// The place of the column that holds yes or no.
    fn perhaps_at(&self) -> usize {
        self.dictionaries.len() + self.lenses.len() + 1
    }

    /// What the columns are called.
    fn names(&self) -> Vec<String> {
        let slots = &self.ruleset.questions[self.table.question].slots;
        let fixed = ["pattern", "perhaps"];
        let fixed = if self.any_perhaps { &fixed[..] } else { &fixed[..1] };
        let mut names: Vec<String> = slots.iter().map(|slot| column("slot", &slot.name, fixed)).collect();
        let taken: Vec<&str> =
            slots.iter().map(|slot| slot.name.as_str()).chain(fixed.iter().copied()).collect();
        let lenses =
            || self.lenses.iter().map(|own| column("lens", &self.ruleset.lenses[own.lens].name, &taken));
        names.extend(lenses());
        names.extend(fixed.iter().map(|name| (*name).to_owned()));
        if self.reasons {
            names.extend(lenses().flat_map(|lens| [format!("{lens} by"), format!("{lens} open")]));
        }
        names
    }

    /// The row of the subject in a place of the table.
    fn cells(&self, place: usize) -> Vec<Cow<'_, str>> {
        let slots = self.dictionaries.iter().zip(&self.table.subjects);
        let words = |column: &&LensColumn| &self.words[usize::from(column.codes[place])];
        let mut cells: Vec<Cow<'_, str>> = Vec::with_capacity(self.perhaps_at() + 1);
        cells.extend(slots.map(|(dictionary, column)| dictionary.show(column[place])));
        let mut pattern = String::new();
        for (word, _) in self.lenses.iter().map(words) {
            if cells.len() > self.dictionaries.len() {
                pattern.push(',');
            }
            pattern.push_str(word);
            cells.push(Cow::Borrowed(word));
        }
        cells.push(Cow::Owned(pattern));
        if self.any_perhaps {
            cells.push(Cow::Borrowed(if self.table.perhaps.contains(place) { "yes" } else { "no" }));
        }
        if self.reasons {
            for column in &self.lenses {
                cells.extend([Cow::Owned(self.by(column.lens, place)), Cow::Borrowed(&*words(column).1)]);
            }
        }
        cells
    }

    /// The rows of a lens behind what it says.
    fn by(&self, lens: LensId, place: usize) -> String {
        let entry = &self.ruleset.lenses[lens];
        let behind = behind(self.ruleset, self.evaluation, lens, place);
        let label =
            |row: &RowId| entry.rows[*row].label.clone().unwrap_or_else(|| format!("row {}", row.0 + 1));
        let mut by: Vec<String> = behind.rows.iter().map(label).collect();
        if behind.default && entry.otherwise != Otherwise::Nothing {
            by.push("otherwise".to_owned());
        }
        by.join("|")
    }
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
