//! One parameter at several values: what it has no say in is worked out once.

use std::collections::HashMap;

use super::evaluate::{Evaluator, Extras};
use super::stops::{Stop, explain_stop};
use super::{Evaluation, LeftOut, RowMatches};
use crate::base::IndexVec;
use crate::diag::Diagnostic;
use crate::engine::{Clock, Limits, Profile};
use crate::facts::{Dictionary, FactSet};
use crate::model::{LensId, ParameterId, RowId, Ruleset};
use crate::plan::{Task, Varying, plan};
use crate::value::Value;

/// Rows that come out the same at each value, once they are worked out.
pub(super) struct Steady {
    pub varying: Varying,
    pub rows: HashMap<(LensId, RowId), RowMatches>,
}

/// Calls `visit` with what lenses say where a parameter has each of these values, as `evaluate` would find it. Of an
/// evaluation that is visited there are the answers and what names them; relations and constraints are left out.
pub fn evaluate_each(
    ruleset: &Ruleset,
    facts: FactSet,
    parameters: &IndexVec<ParameterId, Option<Value>>,
    (parameter, values): (ParameterId, &[Value]),
    (limits, profile): (&Limits, &Profile),
    visit: &mut dyn FnMut(&Value, &mut Evaluation),
) -> Result<(), Box<Diagnostic>> {
    let Some(first) = values.first() else { return Ok(()) };
    let mut parameters = parameters.clone();
    parameters[parameter] = Some(first.clone());
    let mut evaluator = Evaluator::new(ruleset, facts, parameters, limits, profile, Extras::default())?;
    evaluator.each(parameter, values, limits, visit).map_err(|stop| Box::new(explain_stop(stop, limits)))
}

impl Evaluator<'_> {
    fn each(
        &mut self,
        parameter: ParameterId,
        values: &[Value],
        limits: &Limits,
        visit: &mut dyn FnMut(&Value, &mut Evaluation),
    ) -> Result<(), Stop> {
        let varying = Varying::of(self.ruleset, parameter);
        let (varies, steady): (Vec<Task>, Vec<Task>) =
            plan(self.ruleset).steps.into_iter().partition(|task| varying.task(task));
        self.steady = Some(Steady { varying, rows: HashMap::new() });
        for task in &steady {
            self.task(task)?;
        }
        // What only rests on what stays is kept from one value to the next; all else is let go.
        let known: Vec<usize> = self.facts.dictionaries.iter().map(Dictionary::len).collect();
        let (relations, classes, parts) = (self.relations.clone(), self.classes.clone(), self.parts.clone());
        let asked = self.asked();
        for value in values {
            self.clock = Clock::start(limits);
            self.parameters[parameter] = Some(value.clone());
            self.intern_constants();
            for task in &varies {
                self.task(task)?;
            }
            let mut evaluation = self.answers()?;
            visit(value, &mut evaluation);
            self.facts.dictionaries = evaluation.dictionaries;
            for (dictionary, known) in self.facts.dictionaries.iter_mut().zip(&known) {
                dictionary.forget_values(*known);
            }
            self.relations.clone_from(&relations);
            self.classes.clone_from(&classes);
            self.parts.clone_from(&parts);
            self.set_asked(asked.clone());
        }
        Ok(())
    }

    /// What lenses say, with what names it, which is lent out.
    fn answers(&mut self) -> Result<Evaluation, Stop> {
        let questions = || self.ruleset.questions.ids();
        for question in questions() {
            self.finish_open(question)?;
        }
        let classes = self.classes.iter_mut().map(std::mem::take);
        let tables = self.ruleset.questions.ids().zip(classes);
        Ok(Evaluation {
            tables: tables.map(|(question, classes)| classes.into_table(question)).collect(),
            dictionaries: std::mem::take(&mut self.facts.dictionaries),
            relations: IndexVec::new(),
            reads: self.facts.reads.clone(),
            violations: IndexVec::new(),
            parameters: self.parameters.clone(),
            stated: None,
            left_out: LeftOut {
                relations: self.ruleset.relations.ids().collect(),
                constraints: true,
                ..LeftOut::default()
            },
        })
    }

    /// Whom a row matches, where that is known from another value of the parameter.
    pub(super) fn steady_row(&self, lens: LensId, row: RowId) -> Option<RowMatches> {
        self.steady.as_ref()?.rows.get(&(lens, row)).cloned()
    }

    /// Keeps whom a row matches, where that is the same at each value of the parameter.
    pub(super) fn keep_steady(&mut self, lens: LensId, row: RowId, matches: &RowMatches) {
        let ruleset = self.ruleset;
        let Some(steady) = &mut self.steady else { return };
        let question = ruleset.lenses[lens].question;
        if !steady.varying.population(question)
            && !steady.varying.clause(&ruleset.lenses[lens].rows[row].clause)
        {
            steady.rows.insert((lens, row), matches.clone());
        }
    }
}
