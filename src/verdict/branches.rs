//! Bodies with a choice, taken apart: each branch of an `or` is a body of its own, so that its sentences lead to what the
//! rest asks, where the whole would only check them.

use crate::model::{Clause, Cond, Expr};

/// An `or` of up to so many branches is searched branch by branch.
const MOST_BRANCHES: usize = 8;

/// Branches of an `or` that can be searched one by one: nothing in them can lack a result, or sentences stand in each, and
/// nothing else decides. The whole clause where it is no such.
pub(super) fn branches(clause: &Clause) -> Vec<Clause> {
    let parts = match &clause.when {
        _ if clause.unless.is_some() => None,
        Cond::Or(parts) if parts.iter().all(is_plain) => Some(parts.clone()),
        Cond::And(parts)
            if parts.iter().all(is_plain) && parts.iter().filter(|part| is_choice(part)).count() == 1 =>
        {
            distributed(parts, &|_| true)
        }
        _ => None,
    };
    let branch = |when| Clause { vars: clause.vars.clone(), when, unless: None };
    match parts {
        Some(parts) => parts.into_iter().map(branch).collect(),
        None if clause.unless.is_none() => alternatives(clause),
        None => vec![clause.clone()],
    }
}

/// Bodies that come to the same together: one for each branch of choices in every branch of which sentences stand. What
/// bars the whole bars each.
pub(super) fn alternatives(clause: &Clause) -> Vec<Clause> {
    let mut left = vec![clause.when.clone()];
    let mut out = Vec::new();
    while let Some(when) = left.pop() {
        let parts = match &when {
            Cond::And(parts) => distributed(parts, &says_something),
            Cond::Or(parts) if parts.len() <= MOST_BRANCHES && parts.iter().all(says_something) => {
                Some(parts.clone())
            }
            _ => None,
        };
        match parts {
            Some(parts) if left.len() + out.len() + parts.len() <= MOST_BRANCHES => {
                left.extend(parts.into_iter().rev());
            }
            _ => out.push(when),
        }
    }
    let branch = |when| Clause { vars: clause.vars.clone(), when, unless: clause.unless.clone() };
    out.into_iter().map(branch).collect()
}

fn is_choice(cond: &Cond) -> bool {
    matches!(cond, Cond::Or(_))
}

/// What must hold, with each branch of the first `or` among it all branches of which are wanted in its place.
fn distributed(parts: &[Cond], wanted: &dyn Fn(&Cond) -> bool) -> Option<Vec<Cond>> {
    let is_wanted = |part: &Cond| matches!(part, Cond::Or(inner) if inner.iter().all(wanted));
    let at = parts.iter().position(is_wanted)?;
    let Cond::Or(inner) = &parts[at] else { return None };
    if inner.len() > MOST_BRANCHES {
        return None;
    }
    let whole = |branch: &Cond| {
        let mut all: Vec<Cond> = parts.to_vec();
        match branch {
            Cond::And(own) => drop(all.splice(at..=at, own.iter().cloned())),
            other => all[at] = other.clone(),
        }
        Cond::And(all)
    };
    Some(inner.iter().map(whole).collect())
}

/// Whether a sentence must hold where a condition does.
fn says_something(cond: &Cond) -> bool {
    match cond {
        Cond::And(parts) => parts.iter().any(says_something),
        Cond::Or(parts) => parts.iter().all(says_something),
        Cond::Atom(_) => true,
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::IsKind { .. }
        | Cond::Stated { .. } => false,
    }
}

/// Whether a condition calculates nothing.
fn is_plain(cond: &Cond) -> bool {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().all(is_plain),
        Cond::Not(inner, _) => is_plain(inner),
        Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => true,
        Cond::Compare { lhs, rhs, .. } => {
            matches!((lhs, rhs), (Expr::Term(_), Expr::Term(_)))
        }
        Cond::Let { .. } => false,
    }
}
