//! What keeps a row from matching: for each of its conditions, whom the row would match without it.

use std::collections::BTreeSet;

use super::evaluate::Evaluator;
use super::stops::Stop;
use crate::base::{BitSet, Span};
use crate::model::clause::{bind, cond_vars};
use crate::model::{Clause, Cond, LensId, QuestionId, VarId};

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
                for (span, rest, takes) in without(&entry.clause, slots) {
                    let rest = self.matches(question, &rest, false, entry.span)?;
                    all.push(Without { span, rest, takes });
                }
                if let Some(column) = self.classes[question].lenses.get_mut(&id) {
                    column.rows[row].without = all;
                }
            }
        }
        Ok(())
    }
}

/// The clause without each of its conditions in turn. What it alone tied to the subject goes with it, and
/// so do conditions that look at what has no value then.
fn without(clause: &Clause, slots: u32) -> Vec<(Span, Clause, Vec<usize>)> {
    let parts: Vec<&Cond> = match &clause.when {
        Cond::And(parts) => parts.iter().collect(),
        other => vec![other],
    };
    let mut out = Vec::new();
    let tied = tied(parts.iter().copied(), slots);
    for at in 0..parts.len() {
        let Some(span) = parts[at].span() else { continue };
        let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
        let mut rest: Vec<(usize, Cond)> = others.map(|(other, part)| (other, (*part).clone())).collect();
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
        out.push((span, Clause { vars: clause.vars.clone(), when, unless }, takes));
    }
    if let Some(unless) = &clause.unless
        && let Some(span) = unless.span()
    {
        let when = clause.when.clone();
        out.push((span, Clause { vars: clause.vars.clone(), when, unless: None }, Vec::new()));
    }
    out
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
