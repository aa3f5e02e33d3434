//! What a ruleset promises about itself: expectations of scenarios and constraints.
//! Takes evaluations, hands on failures with both sides.

mod behind;

pub use behind::{Behind, behind};

use crate::base::Span;
use crate::model::{
    Constant, Expectation, ExpectationKind, ExpectedOutcome, LensId, NeverId, QuestionId, Ruleset, Scenario,
    Ty,
};
use crate::verdict::{Bound, Evaluation, Outcome, OutcomeSet, Violation};

/// An expectation that does not hold, or a constraint that is broken.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where it is written.
    pub span: Span,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub found: String,
}

/// Checks all expectations of a scenario over its own world, and that nothing breaks a constraint
/// unexpectedly.
pub fn check_scenario(ruleset: &Ruleset, scenario: &Scenario, evaluation: &Evaluation) -> Vec<Failure> {
    let checker = Checker { ruleset, evaluation };
    let mut failures: Vec<Failure> =
        scenario.expectations.iter().flat_map(|expectation| checker.expectation(expectation)).collect();
    for (never, violations) in evaluation.violations.iter_enumerated() {
        let expected = scenario
            .expectations
            .iter()
            .any(|expectation| matches!(expectation.kind, ExpectationKind::Breaks(other) if other == never));
        let certain: Vec<&Violation> = violations.iter().filter(|violation| violation.certain).collect();
        if let (Some(first), false) = (certain.first(), expected) {
            failures.push(Failure {
                span: scenario.span,
                expected: format!("nothing breaks `{}`", ruleset.nevers[never].name),
                found: format!(
                    "it is broken {} times, first by {}",
                    certain.len(),
                    checker.ways(never, first)
                ),
            });
        }
    }
    failures
}

/// A violation in words: `party = ada, organisation = shop`.
pub fn describe_violation(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    never: NeverId,
    violation: &Violation,
) -> String {
    Checker { ruleset, evaluation }.ways(never, violation)
}

struct Checker<'a> {
    ruleset: &'a Ruleset,
    evaluation: &'a Evaluation,
}

impl Checker<'_> {
    fn ways(&self, never: NeverId, violation: &Violation) -> String {
        let vars = &self.ruleset.nevers[never].clause.vars;
        let shown: Vec<String> = violation
            .bindings
            .iter()
            .map(|(var, constant)| {
                let shown = constant.as_ref().map_or_else(|| "not known".to_owned(), show);
                format!("{} = {shown}", vars[*var].name)
            })
            .collect();
        shown.join(", ")
    }

    fn expectation(&self, expectation: &Expectation) -> Vec<Failure> {
        let not = expectation.not;
        let fail =
            |expected: String, found: String| vec![Failure { span: expectation.span, expected, found }];
        let opposite = if not { "not " } else { "" };
        match &expectation.kind {
            ExpectationKind::Outcome { subject, outcome, lenses, by } => lenses
                .iter()
                .filter_map(|lens| self.outcome(expectation, subject, *outcome, *lens, by.as_deref()))
                .collect(),
            ExpectationKind::Disagree { left, right, subject } => {
                let question = self.ruleset.lenses[*left].question;
                let (names, who) = ((self.lens(*left), self.lens(*right)), subject_text(subject));
                let expected = format!("lenses {} and {} {opposite}disagree on {who}", names.0, names.1);
                let Some(place) = self.place(question, subject) else {
                    return fail(expected, format!("{who} is outside the population"));
                };
                let (a, b) = (self.open(*left, place), self.open(*right, place));
                let perhaps = self.evaluation.tables[question].perhaps.contains(place);
                let agree = a == b && a.settled().is_some();
                if if not { !agree } else { perhaps || !a.is_disjoint(b) } {
                    let found = format!(
                        "{}: {}, {}: {}",
                        names.0,
                        self.show(question, a),
                        names.1,
                        self.show(question, b)
                    );
                    return fail(expected, found);
                }
                Vec::new()
            }
            ExpectationKind::Outside { question, subject } => {
                if let Some(place) = self.place(*question, subject) {
                    let who = subject_text(subject);
                    let perhaps = self.evaluation.tables[*question].perhaps.contains(place);
                    let found = if perhaps { "is perhaps in it" } else { "is in it" };
                    return fail(format!("{who} outside the population"), format!("{who} {found}"));
                }
                Vec::new()
            }
            ExpectationKind::Breaks(never) => {
                let count =
                    self.evaluation.violations[*never].iter().filter(|violation| violation.certain).count();
                if (count > 0) == not {
                    let name = &self.ruleset.nevers[*never].name;
                    return fail(format!("`{name}` {opposite}broken"), format!("it is broken {count} times"));
                }
                Vec::new()
            }
            ExpectationKind::Plain(relation, args) => {
                let entry = &self.ruleset.relations[*relation];
                let slots: Vec<(Option<u32>, bool)> = entry
                    .slots
                    .iter()
                    .zip(args)
                    .map(|(slot, arg)| {
                        let domain = self.ruleset.domain_of(slot.ty);
                        (self.evaluation.dictionaries[domain].find(arg), matches!(slot.ty, Ty::Value(_)))
                    })
                    .collect();
                let bound = self.evaluation.relations[*relation].bound(&slots);
                let holds = if not { bound == Bound::Impossible } else { bound == Bound::Certain };
                if holds {
                    return Vec::new();
                }
                let found = match bound {
                    Bound::Certain => "it holds",
                    Bound::Possible => "it is only possible",
                    Bound::Impossible => "it does not hold",
                };
                let parts = entry.readings.first().map_or(&[][..], |reading| reading.parts.as_slice());
                let sentence = crate::model::raw::show_parts(parts, |slot| show(&args[slot]));
                fail(format!("{opposite}{sentence}"), found.to_owned())
            }
        }
    }

    fn outcome(
        &self,
        expectation: &Expectation,
        subject: &[Constant],
        outcome: ExpectedOutcome,
        lens: LensId,
        by: Option<&str>,
    ) -> Option<Failure> {
        let question = self.ruleset.lenses[lens].question;
        let wanted = match outcome {
            ExpectedOutcome::Verdict(verdict) => {
                self.ruleset.questions[question].verdicts[verdict].name.clone()
            }
            ExpectedOutcome::Unknown => "unknown".to_owned(),
            ExpectedOutcome::Conflict => "conflict".to_owned(),
            ExpectedOutcome::None => "none".to_owned(),
        };
        let who = subject_text(subject);
        let opposite = if expectation.not { "not " } else { "" };
        let by_row = by.map(|label| format!(" by `{label}`")).unwrap_or_default();
        let expected = format!("{who} {opposite}{wanted} according to {}{by_row}", self.lens(lens));
        let fail =
            |found: String| Some(Failure { span: expectation.span, expected: expected.clone(), found });
        let Some(place) = self.place(question, subject) else {
            return fail(format!("{who} is outside the population"));
        };
        let open = self.open(lens, place);
        let exact = match outcome {
            ExpectedOutcome::Verdict(verdict) => open.settled() == Some(Outcome::Verdict(verdict)),
            ExpectedOutcome::Unknown => open.settled().is_none(),
            ExpectedOutcome::Conflict => open.settled() == Some(Outcome::Conflict),
            ExpectedOutcome::None => open.settled() == Some(Outcome::None),
        };
        // What is denied must be out of the question, not merely unsettled.
        let open_at_all = match outcome {
            ExpectedOutcome::Verdict(verdict) => open.contains(Outcome::Verdict(verdict)),
            ExpectedOutcome::Unknown => exact,
            ExpectedOutcome::Conflict => open.contains(Outcome::Conflict),
            ExpectedOutcome::None => open.contains(Outcome::None),
        };
        let behind = behind(self.ruleset, self.evaluation, lens, place);
        let rows = &self.ruleset.lenses[lens].rows;
        let is_named =
            |label: &str| behind.certain.iter().any(|row| rows[*row].label.as_deref() == Some(label));
        let by_holds = by.is_none_or(is_named);
        let holds = if expectation.not { !(open_at_all && by_holds) } else { exact && by_holds };
        if holds {
            return None;
        }
        let mut through: Vec<String> = behind
            .rows
            .iter()
            .map(|row| {
                let row = &rows[*row];
                let reason = row.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                row.label
                    .as_deref()
                    .map_or_else(|| "a row without label".to_owned(), |label| format!("`{label}`{reason}"))
            })
            .collect();
        if behind.default {
            through.push("no row".to_owned());
        }
        fail(format!("{} by {}", self.show(question, open), through.join(" or ")))
    }

    fn lens(&self, lens: LensId) -> &str {
        &self.ruleset.lenses[lens].name
    }

    fn place(&self, question: QuestionId, subject: &[Constant]) -> Option<usize> {
        let slots = &self.ruleset.questions[question].slots;
        let domains: Vec<_> = slots.iter().map(|slot| self.ruleset.domain_of(slot.ty)).collect();
        let ids = self.evaluation.ids(subject, &domains)?;
        let table = &self.evaluation.tables[question];
        table.find(&ids)
    }

    fn open(&self, lens: LensId, place: usize) -> OutcomeSet {
        let table = &self.evaluation.tables[self.ruleset.lenses[lens].question];
        table.column(lens).map_or(OutcomeSet::EMPTY, |column| table.outcome(column, place))
    }

    fn show(&self, question: QuestionId, open: OutcomeSet) -> String {
        show_outcomes(self.ruleset, question, open)
    }
}

/// Open outcomes in words: a verdict, or `unknown (customer or other)`.
pub fn show_outcomes(ruleset: &Ruleset, question: QuestionId, open: OutcomeSet) -> String {
    let name = |outcome: Outcome| match outcome {
        Outcome::Verdict(verdict) => ruleset.questions[question].verdicts[verdict].name.clone(),
        Outcome::Conflict => "conflict".to_owned(),
        Outcome::None => "none".to_owned(),
    };
    match open.settled() {
        Some(outcome) => name(outcome),
        None => format!("unknown ({})", open.iter().map(name).collect::<Vec<_>>().join(" or ")),
    }
}

fn subject_text(subject: &[Constant]) -> String {
    subject.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn show(constant: &Constant) -> String {
    match constant {
        Constant::Thing(_, name) => name.clone(),
        Constant::Value(value) => value.to_string(),
    }
}
