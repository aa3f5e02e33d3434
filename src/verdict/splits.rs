//! What keeps a row from matching: for each of its conditions, whom the row would match without it.

use std::collections::BTreeSet;

use super::evaluate::Evaluator;
use super::stops::Stop;
use crate::base::{BitSet, Span};
use crate::model::clause::{bind, cond_vars, is_risky};
use crate::model::{Clause, Cond, Expr, LensId, QuestionId, VarId};
use crate::plan::fixed;

/// A condition of a row, and whom the row certainly matches without it, by place of the subject.
#[derive(Clone, Debug)]
pub struct Without {
    /// The condition; an `unless` is one.
    pub span: Span,
    /// Whom the rest matches.
    pub rest: BitSet,
    /// Conditions that go with it, as places: they look at what it alone gave a value.
    pub takes: Vec<usize>,
}

impl Evaluator<'_> {
    /// Works out what each row of a question's lenses would match without each of its conditions.
    pub fn splits(&mut self, question: QuestionId) -> Result<(), Stop> {
        let ruleset = self.ruleset;
        let slots = ruleset.questions[question].slots.len() as u32;
        let lenses: Vec<LensId> = self.classes[question].lenses.keys().copied().collect();
        for id in lenses {
            for (row, entry) in ruleset.lenses[id].rows.iter_enumerated() {
                let mut all = Vec::new();
                for one in without(&entry.clause, slots) {
                    all.push(self.matching(question, &entry.clause, one, entry.span)?);
                }
                if let Some(column) = self.classes[question].lenses.get_mut(&id) {
                    column.rows[row].without = all;
                }
            }
        }
        Ok(())
    }

    /// Whom a clause matches without one of its conditions. Where that keeps calculations from having no result, those go
    /// with it.
    fn matching(
        &mut self,
        question: QuestionId,
        whole: &Clause,
        one: Lacking,
        span: Span,
    ) -> Result<Without, Stop> {
        match self.matches(question, &one.clause, false, span) {
            Err(Stop::Domain { .. }) => {}
            rest => return Ok(one.matching(rest?)),
        }
        let slots = self.ruleset.questions[question].slots.len() as u32;
        let parts = parts_of(whole);
        let fixed = |expr: &Expr| fixed(&self.parameters, expr);
        let risky: Vec<usize> = (0..parts.len()).filter(|at| is_risky(parts[*at], &fixed)).collect();
        let at = parts.iter().position(|part| part.span() == Some(one.span));
        let one = match at {
            Some(at) => lacking(whole, slots, (at, one.span), &risky),
            None => one,
        };
        match self.matches(question, &one.clause, false, span) {
            // Nothing is to be said of whom it would match.
            Err(Stop::Domain { .. }) => {
                let count = self.classes[question].subjects.first().map_or(0, |ids| ids.len());
                Ok(one.matching(BitSet::new(count)))
            }
            rest => Ok(one.matching(rest?)),
        }
    }
}

/// A clause without one of its conditions.
struct Lacking {
    span: Span,
    clause: Clause,
    /// Conditions that go with it, as places.
    takes: Vec<usize>,
}

impl Lacking {
    fn matching(self, rest: BitSet) -> Without {
        Without { span: self.span, rest, takes: self.takes }
    }
}

/// The clause without each of its conditions in turn.
fn without(clause: &Clause, slots: u32) -> Vec<Lacking> {
    let parts = parts_of(clause);
    let each = parts.iter().enumerate().filter_map(|(at, part)| part.span().map(|span| (at, span)));
    let mut out: Vec<Lacking> = each.map(|(at, span)| lacking(clause, slots, (at, span), &[])).collect();
    if let Some(unless) = &clause.unless
        && let Some(span) = unless.span()
    {
        let when = clause.when.clone();
        let clause = Clause { vars: clause.vars.clone(), when, unless: None };
        out.push(Lacking { span, clause, takes: Vec::new() });
    }
    out
}

fn parts_of(clause: &Clause) -> Vec<&Cond> {
    match &clause.when {
        Cond::And(parts) => parts.iter().collect(),
        other => vec![other],
    }
}

/// The clause without the condition at a place, and without others. What it alone tied to the subject goes with it, and
/// so do conditions that look at what has no value then.
fn lacking(clause: &Clause, slots: u32, (at, span): (usize, Span), others: &[usize]) -> Lacking {
    let parts = parts_of(clause);
    let tied = tied(parts.iter().copied(), slots);
    let left = parts.iter().enumerate().filter(|(place, _)| *place != at && !others.contains(place));
    let mut rest: Vec<(usize, Cond)> = left.map(|(place, part)| (place, (*part).clone())).collect();
    let still = self::tied(rest.iter().map(|(_, part)| part), slots);
    rest.retain(|(_, part)| !is_tied(part, &tied) || is_tied(part, &still));
    let lost = drop_unbound(&mut rest, slots);
    let stays = |place: &usize| rest.iter().any(|(other, _)| other == place);
    let mut takes: Vec<usize> = (0..parts.len()).filter(|place| *place != at && !stays(place)).collect();
    // An `unless` about words that have no value now says nothing.
    let unless = clause.unless.clone().filter(|unless| {
        let mut vars = Vec::new();
        cond_vars(unless, &mut vars);
        vars.iter().all(|var| !lost.contains(var))
    });
    if clause.unless.is_some() && unless.is_none() {
        takes.push(parts.len());
    }
    let when = Cond::And(rest.into_iter().map(|(_, part)| part).collect());
    Lacking { span, clause: Clause { vars: clause.vars.clone(), when, unless }, takes }
}

/// The subject's words and those that conditions tie to them, one after the other, by giving words their
/// values. What only compares ties nothing: it would leave any value to be compared with.
fn tied<'c>(parts: impl Iterator<Item = &'c Cond>, slots: u32) -> BTreeSet<VarId> {
    let mut known: BTreeSet<VarId> = (0..slots).map(VarId).collect();
    let mut left: Vec<BTreeSet<VarId>> = parts.filter_map(given).collect();
    loop {
        let before = left.len();
        left.retain(|vars| {
            let apart = vars.is_disjoint(&known);
            if !apart {
                known.extend(vars);
            }
            apart
        });
        if left.len() == before {
            return known;
        }
    }
}

/// The words of a condition that gives words their values; `None` where it is no such.
fn given(part: &Cond) -> Option<BTreeSet<VarId>> {
    let mut own = BTreeSet::new();
    bind(part, &mut own);
    let mut vars = Vec::new();
    cond_vars(part, &mut vars);
    (!own.is_empty()).then(|| vars.into_iter().collect())
}

/// Whether a condition gives words their values that are tied to the subject.
fn is_tied(part: &Cond, tied: &BTreeSet<VarId>) -> bool {
    given(part).is_some_and(|vars| !vars.is_disjoint(tied))
}

/// Takes out conditions that look at variables without a value; hands back those variables.
fn drop_unbound(parts: &mut Vec<(usize, Cond)>, slots: u32) -> BTreeSet<VarId> {
    let mut lost = BTreeSet::new();
    loop {
        let mut known: BTreeSet<VarId> = (0..slots).map(VarId).collect();
        let whole = Cond::And(parts.iter().map(|(_, part)| part.clone()).collect());
        bind(&whole, &mut known);
        let before = parts.len();
        parts.retain(|(_, part)| {
            let mut looks = Vec::new();
            looks_at(part, &mut looks);
            let unbound: Vec<VarId> = looks.into_iter().filter(|var| !known.contains(var)).collect();
            lost.extend(&unbound);
            unbound.is_empty()
        });
        if parts.len() == before {
            return lost;
        }
    }
}

/// The variables a condition needs from outside: those of calculations, and of negative parts that it
/// does not itself introduce.
fn looks_at(cond: &Cond, out: &mut Vec<VarId>) {
    match cond {
        Cond::And(parts) => {
            let mut own = BTreeSet::new();
            bind(cond, &mut own);
            let mut inner = Vec::new();
            parts.iter().for_each(|part| looks_at(part, &mut inner));
            out.extend(inner.into_iter().filter(|var| !own.contains(var)));
        }
        Cond::Or(parts) => parts.iter().for_each(|part| looks_at(part, out)),
        Cond::Not(inner, _) => {
            let mut own = BTreeSet::new();
            bind(inner, &mut own);
            let mut vars = Vec::new();
            looks_at(inner, &mut vars);
            out.extend(vars.into_iter().filter(|var| !own.contains(var)));
        }
        Cond::Compare { .. } | Cond::Stated { .. } => cond_vars(cond, out),
        Cond::Let { value, .. } => crate::model::clause::expr_vars(value, out),
        Cond::Atom(_) | Cond::IsKind { .. } => {}
    }
}
