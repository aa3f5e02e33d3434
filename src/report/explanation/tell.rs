//! An explanation told: every value in words, once, for all forms.

use super::changes::ToldChange;
use super::words::{Body, Words, list};
use crate::base::{InOrder, SourceMap, article};
use crate::checker::{Claim, Derivation, Held, Step, Through};
use crate::explain::{Explanation, LensStory, Standing};
use crate::model::{Clause, Constant, LensId, Otherwise, QuestionId, RowId, Ruleset};

/// An explanation in words.
#[derive(Clone, Debug)]
pub struct Told {
    /// The subject.
    pub subject: String,
    /// Names of the subject's slots with the names in them.
    pub slots: Vec<(String, String)>,
    /// The scenario whose world this is.
    pub scenario: Option<String>,
    /// `inside`, `perhaps`, `outside`.
    pub standing: &'static str,
    /// What that means, where it is not plainly inside.
    pub note: Option<String>,
    /// What each lens says.
    pub lenses: Vec<ToldLens>,
    /// Where two lenses part.
    pub parting: Vec<ToldNote>,
}

/// What one lens says, in words.
#[derive(Clone, Debug)]
pub struct ToldLens {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its sources.
    pub cites: Vec<String>,
    /// The outcome.
    pub outcome: String,
    /// Whether that is the verdict of interest.
    pub focus: bool,
    /// The answer in a sentence.
    pub sentence: String,
    /// The rows behind it.
    pub rows: Vec<ToldRow>,
    /// What else there is to say, under a heading each.
    pub notes: Vec<ToldNote>,
}

/// A row of a lens that is behind its answer.
#[derive(Clone, Debug)]
pub struct ToldRow {
    /// Its label or place in the lens.
    pub label: String,
    /// The verdict it gives.
    pub verdict: String,
    /// Its reason.
    pub reason: Option<String>,
    /// Where it stands.
    pub place: String,
    /// Whether it matches for certain.
    pub certain: bool,
    /// The proof.
    pub lines: Vec<Line>,
}

/// Something said beside the answer.
#[derive(Clone, Debug)]
pub struct ToldNote {
    /// What sort of thing: `overruled`, `barred`, …
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
    /// What it rests on.
    pub lines: Vec<Line>,
}

/// A line of a proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// `fact`, `doubtful`, `missing`, `derived`, `absent`, `value`, `kind`, `lens`, `condition`, `more`.
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
    /// Where it is stated or ruled.
    pub place: Option<String>,
    /// What it follows from.
    pub from: Vec<Line>,
    /// Of changes that were looked for, which.
    pub change: Option<ToldChange>,
}

impl Line {
    pub(super) fn new(kind: &'static str, text: String, place: Option<String>) -> Self {
        Self { kind, text, place, from: Vec::new(), change: None }
    }
}

/// Tells an explanation.
pub fn tell(
    ruleset: &Ruleset,
    sources: &SourceMap,
    explanation: &Explanation,
    scenario: Option<&str>,
) -> Told {
    let words = Words {
        ruleset,
        sources,
        parameters: Some(&explanation.parameters),
        newcomers: Some(&explanation.newcomers),
    };
    let question = &ruleset.questions[explanation.question];
    let names: Vec<String> = explanation.subject.iter().map(|name| words.constant(name)).collect();
    let subject = words.listed(&explanation.subject);
    let (standing, note) = match explanation.standing {
        Standing::Inside => ("inside", None),
        Standing::Perhaps => (
            "perhaps",
            Some(format!("Only doubtful facts make {subject} one of those the question is about.")),
        ),
        Standing::Outside => (
            "outside",
            Some(format!("{subject} is not one of those the question is about: no record makes it so.")),
        ),
    };
    Told {
        slots: question.slots.iter().map(|slot| slot.name.clone()).zip(names).collect(),
        subject,
        scenario: scenario.map(str::to_owned),
        standing,
        note,
        lenses: explanation.lenses.iter().map(|story| words.lens(explanation, story)).collect(),
        parting: explanation.parting.iter().flat_map(|part| words.parting(explanation, part)).collect(),
    }
}

impl Words<'_> {
    fn lens(&self, explanation: &Explanation, story: &LensStory) -> ToldLens {
        let lens = &self.ruleset.lenses[story.lens];
        let mut rows: Vec<ToldRow> = story.rows.iter().filter_map(|proof| self.row(proof)).collect();
        // What is so for certain is reason enough.
        rows.order_by_key(|row| !row.certain);
        let focus = story.says.settled() == Some(crate::model::VerdictId(0));
        ToldLens {
            name: lens.name.clone(),
            title: lens.title.clone(),
            cites: lens.cites.clone(),
            outcome: self.says(explanation.question, &story.says),
            focus,
            sentence: self.answer(explanation, story),
            rows,
            notes: self.notes(explanation, story),
        }
    }

    fn answer(&self, explanation: &Explanation, story: &LensStory) -> String {
        self.answer_on(explanation.question, &explanation.subject, explanation.standing, story)
    }

    /// What a lens says of a subject, and why, in a sentence.
    pub fn answer_on(
        &self,
        question: QuestionId,
        subject: &[Constant],
        standing: Standing,
        story: &LensStory,
    ) -> String {
        let name = &self.ruleset.lenses[story.lens].name;
        let names: Vec<String> = subject.iter().map(|name| self.written(name)).collect();
        let shown = names.join(", ");
        let all = self.outcomes(question, &story.says);
        if standing == Standing::Outside {
            return format!("{name} is not asked about {shown}.");
        }
        if all.len() > 1 {
            let open: Vec<String> = all.iter().map(|one| format!("`{one}`")).collect();
            return format!("{name} leaves open for {shown}: {}.", list(&open, "or"));
        }
        if story.says.conflict {
            let certain = story.rows.iter().filter(|proof| proof.certain);
            let rows: Vec<String> = certain.filter_map(|proof| self.row_name(proof)).collect();
            return format!("Rows of {name} contradict each other on {shown}: {}.", list(&rows, "and"));
        }
        if story.says.none {
            return format!("{name} says nothing of {shown}: no row of it matches.");
        }
        let sentence = self.verdict(question, subject, &all[0]);
        let certain = story.rows.iter().find(|proof| proof.certain);
        match (certain, &story.other) {
            (Some(proof), _) => {
                format!("{sentence} according to {name}, because {}.", self.because(proof))
            }
            (None, _) if !story.rows.is_empty() => {
                format!("{sentence} according to {name}, {}.", self.either_way(story))
            }
            (None, Some(other)) => {
                let other = &self.ruleset.lenses[other.lens].name;
                format!("{sentence} according to {name}, because no row of it matches and {other} says so.")
            }
            // What is left over seldom reads as a noun in the question's sentence.
            (None, None) => {
                let verdict = &all[0];
                format!(
                    "{name} comes to `{verdict}` for {}, because no row of it matches.",
                    list(&names, "and")
                )
            }
        }
    }

    /// That what perhaps matches says the same as what holds where no row does.
    fn either_way(&self, story: &LensStory) -> String {
        let label = |proof: &Derivation| match proof.claim {
            Claim::Row(lens, row) => Some(self.label(lens, row)),
            Claim::When(..) | Claim::Unless(..) | Claim::Rule(_) | Claim::Among(_) => None,
        };
        let rows: Vec<String> = story.rows.iter().filter_map(label).collect();
        let whether = match rows.as_slice() {
            [one] => format!("whether or not {} matches", in_words(one)),
            many => format!("whichever of {} match", list(many, "and")),
        };
        match &story.other {
            Some(other) => format!("{whether}, as {} says so too", self.ruleset.lenses[other.lens].name),
            None => whether,
        }
    }

    /// The conditions of a proof in one sentence.
    pub(super) fn because(&self, proof: &Derivation) -> String {
        let lines = self.lines(proof);
        let mut parts: Vec<String> = lines.iter().take(MOST_CLAUSES).map(|line| line.text.clone()).collect();
        match lines.len().saturating_sub(MOST_CLAUSES) {
            0 => {}
            1 => parts.push("1 more condition is met".to_owned()),
            more => parts.push(format!("{more} more conditions are met")),
        }
        if parts.is_empty() { "its row asks for nothing".to_owned() } else { list(&parts, "and") }
    }

    fn row_name(&self, proof: &Derivation) -> Option<String> {
        let row = self.row(proof)?;
        Some(format!("{} gives `{}`", row.label, row.verdict))
    }

    pub fn label(&self, lens: LensId, row: RowId) -> String {
        let entry = &self.ruleset.lenses[lens].rows[row];
        entry.label.clone().map_or_else(|| format!("row {}", row.0 + 1), |label| format!("`{label}`"))
    }

    /// The same in a sentence: ``row `label` ``, or `row 1`.
    pub fn row_named(&self, lens: LensId, row: RowId) -> String {
        in_words(&self.label(lens, row))
    }

    fn row(&self, proof: &Derivation) -> Option<ToldRow> {
        let (Claim::Row(lens, row) | Claim::When(lens, row) | Claim::Unless(lens, row)) = proof.claim else {
            return None;
        };
        let entry = &self.ruleset.lenses[lens].rows[row];
        let question = self.ruleset.lenses[lens].question;
        Some(ToldRow {
            label: self.label(lens, row),
            verdict: self.ruleset.questions[question].verdicts[entry.verdict].name.clone(),
            reason: entry.reason.clone(),
            place: self.span(entry.span),
            certain: proof.certain,
            lines: self.lines(proof),
        })
    }

    fn notes(&self, explanation: &Explanation, story: &LensStory) -> Vec<ToldNote> {
        let lens = &self.ruleset.lenses[story.lens];
        let verdict =
            |row: RowId| &self.ruleset.questions[explanation.question].verdicts[lens.rows[row].verdict].name;
        let mut notes = Vec::new();
        if story.default && explanation.standing != Standing::Outside && !story.rows.is_empty() {
            let text = match lens.otherwise {
                Otherwise::Nothing => "Where none of these rows matches, it says nothing.".to_owned(),
                Otherwise::Verdict(id, _) => format!(
                    "Where none of these rows matches, it says `{}`.",
                    self.ruleset.questions[explanation.question].verdicts[id].name
                ),
                Otherwise::As(other, _) => {
                    format!(
                        "Where none of these rows matches, it says what {} says.",
                        self.ruleset.lenses[other].name
                    )
                }
            };
            notes.push(ToldNote { kind: "otherwise", text, lines: Vec::new() });
        }
        if let Some(other) = &story.other {
            let line = self.through(explanation.question, other);
            notes.push(ToldNote {
                kind: "other",
                text: format!("{} comes to it so:", self.ruleset.lenses[other.lens].name),
                lines: vec![line],
            });
        }
        for (row, by, proof) in &story.overruled {
            let text = format!(
                "{} (`{}`) {} too, but {} goes before it.",
                capital(&self.row_named(story.lens, *row)),
                verdict(*row),
                if proof.certain { "matches" } else { "perhaps matches" },
                self.label(story.lens, *by),
            );
            notes.push(ToldNote { kind: "overruled", text, lines: self.lines(proof) });
        }
        for (row, _, bars) in &story.barred {
            notes.push(self.barred(explanation, story.lens, *row, bars));
        }
        if let Some(open) = &story.open {
            notes.extend(self.open(explanation, story, open));
        }
        notes.extend(self.why_not(explanation, story));
        if let Some(flips) = &story.flips
            && story.open.as_ref().is_none_or(|open| open.settling.is_empty())
        {
            notes.push(self.flips(explanation, flips));
        }
        notes
    }

    /// That a row would match but for what bars it.
    pub(super) fn barred(
        &self,
        explanation: &Explanation,
        lens: LensId,
        row: RowId,
        bars: &Derivation,
    ) -> ToldNote {
        let verdict = self.ruleset.lenses[lens].rows[row].verdict;
        let text = format!(
            "{} (`{}`) would match, but its `unless` holds, as {}.",
            capital(&self.row_named(lens, row)),
            self.ruleset.questions[explanation.question].verdicts[verdict].name,
            self.because(bars),
        );
        ToldNote { kind: "barred", text, lines: self.lines(bars) }
    }

    /// What another lens says.
    fn through(&self, question: QuestionId, other: &Through) -> Line {
        let lens = &self.ruleset.lenses[other.lens];
        let mut line = Line::new(
            "lens",
            if other.says.is_empty() {
                format!("{} is not asked: that is not one of those its question is about", lens.name)
            } else {
                format!("{} says `{}`", lens.name, self.says(question, &other.says))
            },
            Some(self.span(lens.span)),
        );
        for proof in &other.rows {
            if let Some(row) = self.row(proof) {
                let reason = row.reason.map(|reason| format!(" \"{reason}\"")).unwrap_or_default();
                let mut inner =
                    Line::new("row", format!("by {}{reason}", in_words(&row.label)), Some(row.place));
                inner.from = row.lines;
                line.from.push(inner);
            }
        }
        if other.default {
            let certain = if other.rows.is_empty() { "" } else { " for certain" };
            line.from.push(Line::new("absent", format!("no row of it matches{certain}"), None));
        }
        line
    }

    /// The lines of a proof.
    pub fn lines(&self, proof: &Derivation) -> Vec<Line> {
        let Some(clause) = proof.claim.clause(self.ruleset) else { return Vec::new() };
        let mut lines: Vec<Line> = Vec::new();
        for line in proof.steps.iter().filter_map(|step| self.line(step, &clause, proof)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn line(&self, step: &Step, clause: &Clause, proof: &Derivation) -> Option<Line> {
        let body = Body::new(clause, proof);
        Some(match step {
            Step::Fact { relation, args, origin, maybe } => {
                let sentence = self.fact(*relation, args);
                match self.place(*origin) {
                    None => Line::new("missing", format!("it is not known: {sentence}"), None),
                    Some(place) if *maybe => {
                        Line::new("doubtful", format!("perhaps {sentence}"), Some(place))
                    }
                    Some(place) => Line::new("fact", sentence, Some(place)),
                }
            }
            Step::Derived { relation, args, maybe, by } => {
                let place = by.as_ref().map(|(rule, _)| self.span(self.ruleset.rules[*rule].span));
                let perhaps = match args.contains(&None) {
                    _ if *maybe => "perhaps ",
                    true => "it is not known: ",
                    false => "",
                };
                let mut line =
                    Line::new("derived", format!("{perhaps}{}", self.fact(*relation, args)), place);
                if let Some((_, by)) = by {
                    line.from = self.lines(by);
                }
                line
            }
            Step::Kind { thing, kind } => {
                let kind = &self.ruleset.kinds[*kind].name;
                Line::new("kind", format!("{} is {} {kind}", self.written(thing), article(kind)), None)
            }
            Step::Nothing { cond, instead: Some(fact), .. } => {
                let place = fact.origin.and_then(|origin| self.place(origin));
                Line::new("fact", self.instead(fact, cond, &body), place)
            }
            Step::Nothing { cond, certain, without, .. } => {
                let why = if *without { ", since something in it has no result" } else { "" };
                Line::new("absent", format!("{}{why}", self.denied(cond, *certain, &body)), None)
            }
            Step::Compare { cond, lhs, rhs } => {
                Line::new("value", self.comparison(cond, (lhs, rhs), proof.certain, &body), None)
            }
            Step::Value { cond, value } => Line::new(
                "value",
                format!("{} = {}{}", self.cond(cond, &body), self.amount(value), self.members(value)),
                None,
            ),
            // The sentence that gives it says so.
            Step::Known { var } if matches!(proof.word(*var), Held::Is(_)) => return None,
            Step::Known { var } => Line::new("value", format!("{} is known", body.name(*var)), None),
            Step::Lenses { asked, subject, says } => {
                let (question, text) = match asked {
                    crate::model::AtomSource::Verdict { question, verdict, needed, lenses } => {
                        let name = &self.ruleset.questions[*question].verdicts[*verdict].name;
                        let names: Vec<String> =
                            lenses.iter().map(|lens| self.ruleset.lenses[*lens].name.clone()).collect();
                        let sentence = self.verdict(*question, subject, name);
                        (
                            *question,
                            format!("{sentence} according to {}", super::words::among(*needed, &names)),
                        )
                    }
                    crate::model::AtomSource::Disagree { question, left, right } => {
                        let name = |lens: LensId| &self.ruleset.lenses[lens].name;
                        (*question, format!("{} and {} disagree", name(*left), name(*right)))
                    }
                    crate::model::AtomSource::Relation(_) => return None,
                };
                let mut line = Line::new("lens", text, None);
                line.from = says.iter().map(|other| self.through(question, other)).collect();
                line
            }
        })
    }
}

/// The most conditions one sentence tells.
const MOST_CLAUSES: usize = 4;

/// A row as a sentence names it.
fn in_words(label: &str) -> String {
    if label.starts_with('`') { format!("row {label}") } else { label.to_owned() }
}

/// Words at the begin of a sentence.
pub(super) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
