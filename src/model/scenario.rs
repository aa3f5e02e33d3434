//! Worlds: `facts` blocks, tables and scenarios with what they expect.

use super::ir::{
    Constant, Expectation, ExpectationKind, ExpectedOutcome, LensId, ParameterId, QuestionId, Statements, Ty,
};
use super::resolver::Resolver;
use crate::base::{FileId, Span};
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::{self, Ast, Expect, ExpectKind, ItemKind, ScenarioLine, Term, Word};

/// Resolves everything that states or expects something.
pub(super) fn resolve_worlds(resolver: &mut Resolver<'_>, files: &[(FileId, Ast)]) {
    for item in files.iter().flat_map(|(_, ast)| &ast.items) {
        match &item.kind {
            ItemKind::Facts(lines) => {
                let mut facts = std::mem::take(&mut resolver.out.facts);
                for line in lines {
                    resolver.state(line, &mut facts);
                }
                resolver.out.facts = facts;
            }
            ItemKind::From(from) => resolver.table(from),
            ItemKind::Scenario(scenario) => resolver.scenario(scenario, item.span),
            _ => {}
        }
    }
}

impl Resolver<'_> {
    fn scenario(&mut self, scenario: &ast::Scenario, span: Span) {
        let Some(id) =
            self.scenarios.get(&scenario.name.text).filter(|id| self.out.scenarios[*id].span == span)
        else {
            return;
        };
        let mut statements = Statements::default();
        let mut given: Vec<(ParameterId, crate::value::Value)> = Vec::new();
        let mut expectations = Vec::new();
        for line in &scenario.lines {
            match line {
                ScenarioLine::Fact(fact) => self.state(fact, &mut statements),
                ScenarioLine::Given { name, value, span } => {
                    if let Some((parameter, value)) = self.given(name, value) {
                        if given.iter().any(|(known, _)| *known == parameter) {
                            self.report_duplicate("in this scenario the value of", name, *span);
                        } else {
                            given.push((parameter, value));
                        }
                    }
                }
                ScenarioLine::Expect(expect) => self.expect(expect, &mut expectations),
                ScenarioLine::Broken(_) => self.broken.others = true,
            }
        }
        let out = &mut self.out.scenarios[id];
        out.statements = statements;
        out.given = given;
        out.expectations = expectations;
    }

    fn given(&mut self, name: &Word, value: &Term) -> Option<(ParameterId, crate::value::Value)> {
        let Some(parameter) = self.parameter(&name.text, name.span) else {
            if !self.broken.parameters {
                let near = self.parameters.nearest(&name.text).map(str::to_owned);
                let declare = format!("declare it, as in `parameter {}: Number = 1`", name.text);
                self.report_unknown(Code::UnknownParameter, "parameter", name, near.as_deref(), &declare);
            }
            return None;
        };
        let kind = self.out.parameters[parameter].kind;
        self.value_of(value, kind).map(|value| (parameter, value))
    }

    fn expect(&mut self, expect: &Expect, into: &mut Vec<Expectation>) {
        let span = expect.span;
        let mut add = |kind: ExpectationKind, not: bool| into.push(Expectation { kind, not, span });
        match &expect.kind {
            ExpectKind::Verdict { not, sentence, lenses, by } => {
                let Some((question, ids)) = self.lens_list(lenses) else { return };
                if !self.plain_list(lenses) {
                    return;
                }
                let Some((word, terms)) = self.verdict_parts(question, sentence) else { return };
                let terms: Vec<Term> = terms.into_iter().cloned().collect();
                let outcome = self.outcome(question, word);
                let subject = self.subject(question, &terms, span);
                if let Some(by) = by {
                    self.check_label(&ids, by);
                }
                if let (Some(outcome), Some(subject)) = (outcome, subject) {
                    let by = by.as_ref().map(|by| by.text.clone());
                    add(ExpectationKind::Outcome { subject, outcome, lenses: ids, by }, *not);
                }
            }
            ExpectKind::Grid { subject, cells } => {
                for cell in cells {
                    let selection = ast::LensSelection {
                        quantifier: ast::Quantifier::Each,
                        lenses: cell.lenses.clone(),
                        span: cell.outcome.span,
                    };
                    let Some((question, lenses)) = self.lens_list(&selection) else { continue };
                    let outcome = self.outcome(question, cell.outcome.clone());
                    let subject = self.subject(question, subject, span);
                    if let (Some(outcome), Some(subject)) = (outcome, subject) {
                        let span = cell.outcome.span;
                        let kind = ExpectationKind::Outcome { subject, outcome, lenses, by: None };
                        into.push(Expectation { kind, not: false, span });
                    }
                }
            }
            ExpectKind::Disagree { not, left, right, subject } => {
                if let Some((question, left, right)) = self.disagreement(left, right)
                    && let Some(subject) = self.subject(question, subject, span)
                {
                    add(ExpectationKind::Disagree { left, right, subject }, *not);
                }
            }
            ExpectKind::Outside { subject } => {
                let fitting: Vec<QuestionId> = self
                    .out
                    .questions
                    .iter_enumerated()
                    .filter(|(_, question)| question.slots.len() == subject.len())
                    .map(|(id, _)| id)
                    .collect();
                if fitting.is_empty()
                    && let Some(first) = self.out.questions.ids().next()
                {
                    self.fits_subject(first, subject, span);
                }
                for question in fitting {
                    if let Some(subject) = self.subject(question, subject, span) {
                        add(ExpectationKind::Outside { question, subject }, false);
                    }
                }
            }
            ExpectKind::Breaks { not, name } => match self.nevers.get(&name.text) {
                Some(never) => add(ExpectationKind::Breaks(never), *not),
                None => {
                    if !self.broken.others {
                        let near = self.nevers.nearest(&name.text).map(str::to_owned);
                        let declare = format!("declare it with `never {} \"…\" when …`", name.text);
                        self.report_unknown(Code::UnknownName, "`never`", name, near.as_deref(), &declare);
                    }
                }
            },
            ExpectKind::Plain { not, sentence } => {
                if let Some((relation, args)) = self.fact(sentence) {
                    add(ExpectationKind::Plain(relation, args), *not);
                }
            }
        }
    }

    /// In expectations lenses are listed plainly: each is meant.
    fn plain_list(&mut self, lenses: &ast::LensSelection) -> bool {
        if lenses.quantifier == ast::Quantifier::Each {
            return true;
        }
        self.report(
            Diagnostic::new(Code::BadExpectation, "an expectation speaks of each lens it names")
                .at(lenses.span, "not of some of them")
                .help("list the lenses alone, as in `according to a, b`"),
        );
        false
    }

    fn outcome(&mut self, question: QuestionId, word: Word) -> Option<ExpectedOutcome> {
        match word.text.as_str() {
            "unknown" => Some(ExpectedOutcome::Unknown),
            "conflict" => Some(ExpectedOutcome::Conflict),
            "none" => Some(ExpectedOutcome::None),
            _ => self.find_verdict(question, word).map(ExpectedOutcome::Verdict),
        }
    }

    fn subject(&mut self, question: QuestionId, terms: &[Term], span: Span) -> Option<Vec<Constant>> {
        self.fits_subject(question, terms, span)?;
        let types: Vec<Ty> = self.out.questions[question].slots.iter().map(|slot| slot.ty).collect();
        terms.iter().zip(types).map(|(term, ty)| self.fact_constant(term, ty)).collect()
    }

    fn check_label(&mut self, lenses: &[LensId], by: &Word) {
        let known = lenses
            .iter()
            .all(|lens| self.out.lenses[*lens].rows.iter().any(|row| row.label.as_ref() == Some(&by.text)));
        if !known && !self.broken.others {
            let labels = lenses.iter().flat_map(|lens| self.out.lenses[*lens].rows.iter());
            let near = crate::diag::nearest(&by.text, labels.filter_map(|row| row.label.as_deref()))
                .map(str::to_owned);
            let declare = "name the label of a row of the lens";
            self.report_unknown(Code::UnknownRow, "row", by, near.as_deref(), declare);
        }
    }
}
