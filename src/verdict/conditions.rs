//! A row's conditions as parts: those that share a word other than the subject's belong together, and parts that say
//! the same have one key.

use std::collections::{BTreeSet, HashMap};

use crate::base::{FileId, Idx, IndexVec, Span};
use crate::engine::planted::{Bug, planted};
use crate::model::canonical;
use crate::model::clause::cond_vars;
use crate::model::{Clause, CompareOp, Cond, Expr, Term, Var, VarId};

/// Where no text is.
const NOWHERE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

/// The variables of a clause, and how many of them are the subject's.
#[derive(Clone, Copy)]
pub(super) struct Words<'c> {
    pub vars: &'c IndexVec<VarId, Var>,
    pub slots: usize,
}

/// The conditions of a row, one beside the other.
pub(super) fn items_of(clause: &Clause) -> Vec<Cond> {
    let mut items = flattened(clause.when.clone());
    if let Some(unless) = &clause.unless
        && !planted(Bug::NoUnless)
    {
        items.push(Cond::Not(Box::new(unless.clone()), unless.span().unwrap_or(NOWHERE)));
    }
    items
}

pub(super) fn flattened(cond: Cond) -> Vec<Cond> {
    match cond {
        Cond::And(parts) => parts.into_iter().flat_map(flattened).collect(),
        other => vec![other],
    }
}

/// Conditions that share words other than the subject's, together.
pub(super) fn grouped(words: Words<'_>, items: Vec<Cond>) -> Vec<Cond> {
    let mut groups: Vec<(BTreeSet<VarId>, Vec<Cond>)> = Vec::new();
    for item in items {
        let mut vars = Vec::new();
        cond_vars(&item, &mut vars);
        let mut vars: BTreeSet<VarId> = vars.into_iter().filter(|var| var.index() >= words.slots).collect();
        let mut members = Vec::new();
        let mut rest = Vec::new();
        let mut first = None;
        for (other, inside) in groups {
            if other.is_disjoint(&vars) {
                rest.push((other, inside));
            } else {
                first.get_or_insert(rest.len());
                vars.extend(other);
                members.extend(inside);
            }
        }
        members.push(item);
        let at = first.unwrap_or(rest.len());
        rest.insert(at, (vars, members));
        groups = rest;
    }
    groups
        .into_iter()
        .map(|(_, mut members)| match members.len() {
            1 => members.remove(0),
            _ => Cond::And(members),
        })
        .collect()
}

/// Whether something is added up in a condition.
pub(super) fn has_figures(cond: &Cond) -> bool {
    let mut found = false;
    cond.aggregated(&mut |_| found = true);
    found
}

/// Whether a condition is about no word of the subject's.
pub(super) fn names_no_subject(words: Words<'_>, part: &Cond) -> bool {
    let mut vars = Vec::new();
    cond_vars(part, &mut vars);
    vars.iter().all(|var| var.index() >= words.slots)
}

pub(super) fn key(words: Words<'_>, part: &Cond) -> String {
    canonical::about_subject(words.vars, part, words.slots)
}

/// What tells the aggregate of a comparison from others: the comparison with itself, which leaves the
/// constant out.
pub(super) fn expression_key(words: Words<'_>, part: &Cond) -> String {
    let Cond::Compare { lhs, rhs, span, .. } = part else { return String::new() };
    let aggregate = if matches!(lhs, Expr::Aggregate(_)) { lhs } else { rhs };
    let [lhs, rhs] = [aggregate.clone(), aggregate.clone()];
    key(words, &Cond::Compare { lhs, op: CompareOp::Eq, rhs, span: *span })
}

/// The aggregate that a condition compares with a constant, as a condition of its own that names nothing
/// else: of the words outside it only the subject's may stand in it.
pub(super) fn aggregate_of<'c>(words: Words<'_>, part: &'c Cond) -> Option<&'c Cond> {
    let Cond::Compare { lhs, rhs, .. } = part else { return None };
    let is_constant = |side: &Expr| matches!(side, Expr::Term(Term::Constant(_) | Term::Parameter(_)));
    let aggregate = match (lhs, rhs) {
        (Expr::Aggregate(_), other) | (other, Expr::Aggregate(_)) if is_constant(other) => part,
        _ => return None,
    };
    let mut vars = Vec::new();
    cond_vars(aggregate, &mut vars);
    vars.iter().all(|var| var.index() < words.slots).then_some(aggregate)
}

/// Counts parts and aggregates, those within others once for each that is said differently.
pub(super) fn count(words: Words<'_>, items: Vec<Cond>, used: &mut HashMap<String, usize>) {
    for part in grouped(words, items) {
        let times = used.entry(key(words, &part)).or_default();
        *times += 1;
        if *times > 1 {
            continue;
        }
        if let Some(aggregate) = aggregate_of(words, &part) {
            *used.entry(expression_key(words, aggregate)).or_default() += 1;
        }
        match part {
            Cond::Not(inner, _) => count(words, flattened(*inner), used),
            Cond::Or(branches) => {
                branches.into_iter().for_each(|branch| count(words, flattened(branch), used));
            }
            Cond::And(_)
            | Cond::Atom(_)
            | Cond::Compare { .. }
            | Cond::Let { .. }
            | Cond::Stated { .. }
            | Cond::IsKind { .. } => {}
        }
    }
}
