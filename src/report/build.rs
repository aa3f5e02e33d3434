//! Puts figures and names together.

use std::collections::{BTreeMap, HashMap};

use super::{
    BrokenConstraint, LensText, ReasonText, Report, RowText, SMALL, Says, Section, SplitText, SubjectText,
};
use crate::agreement::{
    Beside, Compared, Depth, Pattern, RowFigures, Split, Why, agreement, causes, in_name_order, labels,
    left_out, slice, weights,
};
use crate::base::SourceMap;
use crate::diag::{Code, Diagnostic};
use crate::guard::{behind, describe_violation, show_outcomes};
use crate::model::raw::show_parts;
use crate::model::{Lens, LensId, Otherwise, PanelId, Policy, QuestionId, Ruleset, VerdictId};
use crate::verdict::{Evaluation, OutcomeSet};

/// Of how many patterns, the most frequent ones, the story of one subject is told.
const TOLD: usize = 1000;

/// How many ways a constraint is broken are named.
const EXAMPLES: usize = 5;

/// What is reported on.
#[derive(Clone, Debug, Default)]
pub struct ReportOptions {
    /// Only these lenses, in this order.
    pub lenses: Option<Vec<LensId>>,
    /// Only the lenses of this panel.
    pub panel: Option<PanelId>,
    /// The verdict of interest, instead of each question's first.
    pub focus: Option<String>,
    /// Only this question.
    pub question: Option<QuestionId>,
    /// Whether the subjects come from the scenarios.
    pub from_scenarios: bool,
    /// A declared slice to count by.
    pub by: Option<String>,
    /// How much is worked out; with patterns alone no subject's story is told.
    pub depth: Depth,
}

/// Builds the report; `Err` where subjects lack the weight they should have.
pub fn build(
    ruleset: &Ruleset,
    sources: &SourceMap,
    evaluation: &Evaluation,
    options: &ReportOptions,
) -> Result<Report, Box<Diagnostic>> {
    let sections: Vec<Section> = ruleset
        .questions
        .ids()
        .filter(|question| options.question.is_none_or(|only| only == *question))
        .filter_map(|question| section(ruleset, sources, evaluation, question, options).transpose())
        .collect::<Result<_, _>>()?;
    let violations = evaluation
        .violations
        .iter_enumerated()
        .filter(|(_, violations)| !violations.is_empty())
        .map(|(never, violations)| {
            let certain = violations.iter().filter(|violation| violation.certain).count() as u64;
            let in_order =
                violations.iter().filter(|v| v.certain).chain(violations.iter().filter(|v| !v.certain));
            BrokenConstraint {
                name: ruleset.nevers[never].name.clone(),
                title: ruleset.nevers[never].title.clone(),
                certain,
                possible: violations.len() as u64 - certain,
                examples: in_order
                    .take(EXAMPLES)
                    .map(|violation| describe_violation(ruleset, evaluation, never, violation))
                    .collect(),
            }
        })
        .collect();
    Ok(Report {
        title: ruleset.title.clone(),
        from_scenarios: options.from_scenarios,
        ruleset_digest: digest(sources),
        data: evaluation.reads.clone(),
        left_out: left_out(ruleset, evaluation),
        sections,
        violations,
    })
}

/// XXH3 over names and texts: tells two rulesets apart, guards against nothing.
fn digest(sources: &SourceMap) -> String {
    let mut state = xxhash_rust::xxh3::Xxh3::new();
    for file in sources.files() {
        for part in [file.name.as_bytes(), file.text.as_bytes()] {
            state.update(&(part.len() as u64).to_le_bytes());
            state.update(part);
        }
    }
    format!("{:016x}", state.digest())
}

/// The lenses of a question that a report compares where none are named.
pub fn compared(ruleset: &Ruleset, question: QuestionId) -> Vec<LensId> {
    chosen(ruleset, question, &ReportOptions::default())
}

/// All lenses that a report compares.
pub fn comparing(ruleset: &Ruleset, options: &ReportOptions) -> Vec<LensId> {
    sweeping(ruleset, options).into_iter().flat_map(|compared| compared.lenses).collect()
}

/// What a sweep compares, per question with lenses.
pub fn sweeping(ruleset: &Ruleset, options: &ReportOptions) -> Vec<Compared> {
    let asked = ruleset.questions.ids().filter(|id| options.question.is_none_or(|only| only == *id));
    let compared = asked.map(|question| Compared {
        question,
        lenses: chosen(ruleset, question, options),
        focus: focus(ruleset, question, options),
    });
    compared.filter(|compared| !compared.lenses.is_empty()).collect()
}

/// The verdict of interest.
fn focus(ruleset: &Ruleset, question: QuestionId, options: &ReportOptions) -> VerdictId {
    let named = options.focus.as_ref().and_then(|focus| {
        let mut verdicts = ruleset.questions[question].verdicts.iter_enumerated();
        verdicts.find(|(_, verdict)| verdict.name == *focus).map(|(id, _)| id)
    });
    named.unwrap_or(VerdictId(0))
}

/// The lenses a section compares.
fn chosen(ruleset: &Ruleset, question: QuestionId, options: &ReportOptions) -> Vec<LensId> {
    let all: Vec<LensId> = match (&options.lenses, options.panel) {
        (Some(lenses), _) => lenses.clone(),
        (None, Some(panel)) => ruleset.panels[panel].lenses.clone(),
        // Lenses of a panel are shown with their panel: beside the others they would hide them.
        (None, None) => ruleset
            .lenses_of(question)
            .filter(|lens| !ruleset.panels.iter().any(|panel| panel.lenses.contains(lens)))
            .collect(),
    };
    let mut of_question: Vec<LensId> =
        all.into_iter().filter(|lens| ruleset.lenses[*lens].question == question).collect();
    if of_question.is_empty() && options.lenses.is_none() && options.panel.is_none() {
        of_question = ruleset.lenses_of(question).collect();
    }
    of_question
}

fn section(
    ruleset: &Ruleset,
    sources: &SourceMap,
    evaluation: &Evaluation,
    question: QuestionId,
    options: &ReportOptions,
) -> Result<Option<Section>, Box<Diagnostic>> {
    let lenses = chosen(ruleset, question, options);
    if lenses.is_empty() {
        return Ok(None);
    }
    let entry = &ruleset.questions[question];
    let focus = focus(ruleset, question, options);
    let table = &evaluation.tables[question];
    // Scenarios put together have no facts of their own to weigh or slice by.
    let beside = if options.from_scenarios {
        Beside::default()
    } else {
        let slice = options.by.as_ref().and_then(|name| slice(ruleset, evaluation, question, name));
        Beside { weight: weights(ruleset, evaluation, question)?, slice }
    };
    let figures = agreement(ruleset, &evaluation.dictionaries, table, &lenses, focus, &beside, options.depth)
        .map_err(|_| {
            Box::new(Diagnostic::new(Code::BadWeight, "the weights add up to too large a number"))
        })?;
    let labels = labels(ruleset, evaluation, question);
    let told = if options.depth == Depth::All { lenses.as_slice() } else { &[] };
    let teller = Teller { ruleset, sources, evaluation, question, lenses: told, labels };
    let mut outcomes: BTreeMap<OutcomeSet, String> = BTreeMap::new();
    for set in figures.patterns.iter().flat_map(|pattern| &pattern.outcomes) {
        outcomes.entry(*set).or_insert_with(|| show_outcomes(ruleset, question, *set));
    }
    let exemplar = |(at, pattern): (usize, &Pattern)| match at {
        ..TOLD => teller.subject(pattern.exemplar),
        _ => teller.named(pattern.exemplar),
    };
    let exemplars = figures.patterns.iter().enumerate().map(exemplar).collect();
    let all = options.depth == Depth::All;
    let grid = (all && table.len() as u64 <= SMALL || all && options.from_scenarios && table.len() < 200)
        .then(|| {
            let places: Vec<u32> = (0..table.len() as u32).collect();
            let places = in_name_order(ruleset, &evaluation.dictionaries, table, &places);
            places.into_iter().map(|place| teller.subject(place as usize)).collect()
        });
    let lens_texts = lenses
        .iter()
        .zip(&figures.columns)
        .map(|(lens, column)| lens_text(ruleset, &ruleset.lenses[*lens], question, &column.rows))
        .collect();
    let splits = figures.splits.iter().map(|split| split_text(ruleset, sources, &lenses, split)).collect();
    let verdicts: Vec<String> = entry.verdicts.iter().map(|verdict| verdict.name.clone()).collect();
    let joined = verdicts.join(" | ");
    Ok(Some(Section {
        question: show_parts(&entry.reading.parts, |slot| entry.slots[slot].name.clone())
            .replace('|', &joined),
        slots: entry.slots.iter().map(|slot| slot.name.clone()).collect(),
        focus: verdicts[focus.0 as usize].clone(),
        verdicts,
        lenses: lens_texts,
        agreement: figures,
        outcomes,
        exemplars,
        grid,
        splits,
        weight: beside.weight.map(|(sentence, _)| sentence),
        slice: beside.slice.map(|(name, _)| name),
        causes: causes(ruleset, evaluation, question, told)
            .into_iter()
            .map(|cause| (ruleset.lenses[cause.lens].name.clone(), cause.sentence, cause.subjects))
            .collect(),
    }))
}

fn split_text(ruleset: &Ruleset, sources: &SourceMap, lenses: &[LensId], split: &Split) -> SplitText {
    let lens = |at: usize| &ruleset.lenses[lenses[at]];
    let row = |row: crate::model::RowId| {
        let entry = &lens(split.no).rows[row];
        entry.label.clone().unwrap_or_else(|| format!("row {}", row.0 + 1))
    };
    let condition =
        |span: &crate::base::Span| sources.slice(*span).split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = |(why, count): &(Why, u64)| {
        let (kind, row, conditions) = match why {
            Why::Alone(at, spans) => ("alone", Some(row(*at)), spans.iter().map(condition).collect()),
            Why::Jointly => ("jointly", None, Vec::new()),
            Why::Overruled(at) => ("overruled", Some(row(*at)), Vec::new()),
            Why::NotKnown(at) => ("not known", Some(row(*at)), Vec::new()),
            Why::NoRow => ("no row", None, Vec::new()),
        };
        ReasonText { kind, row, conditions, count: *count }
    };
    SplitText {
        yes: lens(split.yes).name.clone(),
        no: lens(split.no).name.clone(),
        reasons: split.reasons.iter().map(reason).collect(),
    }
}

fn lens_text(ruleset: &Ruleset, lens: &Lens, question: QuestionId, figures: &[RowFigures]) -> LensText {
    let verdicts = &ruleset.questions[question].verdicts;
    let rows = lens
        .rows
        .iter()
        .zip(figures)
        .enumerate()
        .map(|(at, (row, figures))| RowText {
            label: row.label.clone().unwrap_or_else(|| format!("row {}", at + 1)),
            verdict: verdicts[row.verdict].name.clone(),
            figures: *figures,
        })
        .collect();
    let policy = match &lens.policy {
        Policy::FirstMatch => "first match wins",
        Policy::Unique { overrides } if overrides.is_empty() => "matching rows must agree",
        Policy::Unique { .. } => "some rows override others",
    };
    LensText { name: lens.name.clone(), title: lens.title.clone(), cites: lens.cites.clone(), policy, rows }
}

struct Teller<'a> {
    ruleset: &'a Ruleset,
    sources: &'a SourceMap,
    evaluation: &'a Evaluation,
    question: QuestionId,
    lenses: &'a [LensId],
    labels: Vec<HashMap<u32, String>>,
}

impl Teller<'_> {
    /// Who it is, and what each lens says.
    fn subject(&self, place: usize) -> SubjectText {
        let says = self.lenses.iter().map(|lens| self.says(*lens, place)).collect();
        SubjectText { says, ..self.named(place) }
    }

    /// Who it is.
    fn named(&self, place: usize) -> SubjectText {
        let table = &self.evaluation.tables[self.question];
        let slots = &self.ruleset.questions[self.question].slots;
        let names = slots
            .iter()
            .zip(&table.subjects)
            .zip(&self.labels)
            .map(|((slot, column), labels)| {
                let domain = self.ruleset.domain_of(slot.ty);
                let name = self.evaluation.dictionaries[domain].show(column[place]).into_owned();
                match labels.get(&column[place]) {
                    Some(label) => format!("{name} ({label})"),
                    None => name,
                }
            })
            .collect();
        SubjectText { names, perhaps: table.perhaps.contains(place), says: Vec::new() }
    }

    fn says(&self, lens: LensId, place: usize) -> Says {
        let table = &self.evaluation.tables[self.question];
        let open = table.column(lens).map(|column| table.outcome(column, place)).unwrap_or_default();
        let outcome = show_outcomes(self.ruleset, self.question, open);
        let entry = &self.ruleset.lenses[lens];
        let behind = behind(self.ruleset, self.evaluation, lens, place);
        let rows: Vec<_> = behind.rows.iter().map(|row| &entry.rows[*row]).collect();
        let label =
            |row: &&crate::model::Row| row.label.clone().unwrap_or_else(|| self.sources.place(row.span));
        let mut by: Vec<String> = rows.iter().map(label).collect();
        let reasons: Vec<&str> = rows.iter().filter_map(|row| row.reason.as_deref()).collect();
        let mut place = rows.first().map(|row| self.sources.place(row.span));
        if behind.default {
            let (word, at) = match entry.otherwise {
                Otherwise::Nothing => ("no row".to_owned(), None),
                Otherwise::Verdict(_, span) => ("otherwise".to_owned(), Some(span)),
                Otherwise::As(other, span) => {
                    (format!("otherwise as {}", self.ruleset.lenses[other].name), Some(span))
                }
            };
            by.push(word);
            place = place.or_else(|| at.map(|at| self.sources.place(at)));
        }
        let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
        Says { outcome, by: by.join(", "), reason, place }
    }
}
