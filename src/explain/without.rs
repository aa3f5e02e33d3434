//! What ends an evaluation: a calculation that has no result where all else certainly holds and nothing else leads to
//! the conclusion. What asks for it elsewhere is just not met.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::lookup::{Stop, Tuple, Want};
use super::run::Run;
use super::solve::Env;
use crate::base::Span;
use crate::model::{Clause, Cond, LensId, QuestionId, RowId, Rule, Term};

/// What stands for a value that a calculation does not give: no value has this id.
pub(super) const NO_VALUE: u32 = u32::MAX;

/// What is known of calculations without result in one world.
#[derive(Debug, Default)]
pub(super) struct Without {
    /// Whether conditions that have no result are taken to hold.
    lenient: Cell<bool>,
    /// The last condition that had none.
    last: Cell<Option<Span>>,
    /// The first for which the evaluation ends.
    broken: Cell<Option<Span>>,
    /// Whether it may end once more is known.
    perhaps: Cell<bool>,
}

impl Run<'_> {
    /// The condition for which an evaluation of this world ends, where what was asked so far comes by one.
    pub fn broken(&self) -> Option<Span> {
        self.without.broken.get()
    }

    /// Whether an evaluation may end so once more is known.
    pub fn may_break(&self) -> bool {
        self.without.perhaps.get()
    }

    /// Notes that a condition has no result; whether it is taken to hold.
    pub fn fails(&self, cond: &Cond) -> bool {
        self.without.last.set(cond.span());
        self.without.lenient.get()
    }

    /// Looks for something as if conditions without result held, or as if they did not.
    fn with_lenient<T>(&self, lenient: bool, work: impl FnOnce() -> T) -> T {
        let before = self.without.lenient.replace(lenient);
        let done = work();
        self.without.lenient.set(before);
        done
    }

    /// Looks something up that is worked out by itself: there what has no result does not hold.
    pub fn strictly<T>(&self, work: impl FnOnce(bool) -> T) -> T {
        let before = self.without.lenient.get();
        self.with_lenient(false, || work(before))
    }

    /// The way things were looked for before, within what `strictly` does.
    pub fn again<T>(&self, lenient: bool, work: impl FnOnce() -> T) -> T {
        self.with_lenient(lenient, work)
    }

    /// Whether a condition that must not be met is: for certain where something must be certain, else possibly. Where only a
    /// result is missing for that, neither is certain.
    pub fn bars(&self, inner: &Cond, env: &Env<'_>, possible: bool) -> Result<bool, Stop> {
        let whole = self.whole();
        let lenient = self.without.lenient.get();
        let failed = whole.failed.replace(false);
        let is_met = whole.with_lenient(false, || whole.meets(inner, env, !possible));
        let is_without = whole.failed.get();
        whole.failed.set(failed || is_without);
        if is_met? {
            return Ok(true);
        }
        if possible || !is_without {
            return Ok(false);
        }
        if lenient && whole.with_lenient(true, || whole.meets(inner, env, false))? {
            return Ok(false);
        }
        whole.with_lenient(true, || whole.meets(inner, env, true))
    }

    /// Whether a condition is not met only because a calculation in it has no result.
    pub fn is_without(&self, inner: &Cond, env: &Env<'_>) -> Result<bool, Stop> {
        let whole = self.whole();
        let failed = whole.failed.replace(false);
        let is_met = whole.meets(inner, env, true);
        let is_without = whole.failed.replace(failed) && !is_met?;
        Ok(is_without && whole.with_lenient(true, || whole.meets(inner, env, true))?)
    }

    /// Looks whether a row that does not match for certain would but for a result that is missing.
    pub fn lacks_result(&self, lens: LensId, row: RowId, subject: &[u32]) -> Result<(), Stop> {
        if !self.failed.get() || self.is_part() {
            return Ok(());
        }
        let question = self.world.ruleset.lenses[lens].question;
        // Of somebody who is only perhaps asked about no result need be there.
        if self.with_lenient(true, || self.row(lens, row, subject, false))?
            && self.standing(question, subject)? == Some(true)
        {
            self.breaks();
        } else if self.with_lenient(true, || self.row(lens, row, subject, true))? {
            self.without.perhaps.set(true);
        }
        Ok(())
    }

    /// Looks whether a rule concludes something but for a result that is missing, when what it concludes is known.
    pub fn concludes(
        &self,
        rule: &Rule,
        pattern: &[Option<u32>],
        is_known: &dyn Fn(&Tuple) -> bool,
    ) -> Result<(), Stop> {
        let mut env = Env::new(&rule.clause.vars);
        if self.is_part() || !self.enter(&rule.head, pattern, &mut env) {
            return Ok(());
        }
        self.with_lenient(true, || {
            self.clause(&rule.clause, &mut env, false, &mut |env| {
                let own = |term: &Term| self.term(term, env);
                let tuple: Option<Tuple> = rule.head.iter().map(own).collect();
                if tuple.is_some_and(|tuple| !is_known(&tuple)) {
                    self.breaks();
                }
                Ok(())
            })
        })
    }

    /// The same of whom a question is about, where certainly nobody wanted is.
    pub fn lacks_subject(&self, question: QuestionId, clause: &Clause, want: &[Want]) -> Result<(), Stop> {
        if !self.failed.get() || self.is_part() {
            return Ok(());
        }
        let mut found = BTreeSet::new();
        self.with_lenient(true, || self.all_subjects(question, clause, want, false, &mut found))?;
        if !found.is_empty() {
            self.breaks();
        }
        Ok(())
    }

    /// Notes that the evaluation ends.
    pub fn breaks(&self) {
        if self.without.broken.get().is_none() {
            self.without.broken.set(self.without.last.get());
        }
    }
}
