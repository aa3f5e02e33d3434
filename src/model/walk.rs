//! Which variables conditions and calculations mention, and which they give their values.

use std::collections::BTreeSet;

use super::ir::{BinaryOp, Clause, Cond, Expr, ParameterId, Ruleset, Term, VarId};
use crate::value::{Decimal, Value};

/// Adds the variables that a condition gives a value whenever it holds.
pub(crate) fn bind(cond: &Cond, known: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) => loop {
            let before = known.len();
            for part in parts {
                bind(part, known);
            }
            if known.len() == before {
                break;
            }
        },
        Cond::Or(parts) => {
            let mut branches = parts.iter().map(|part| {
                let mut branch = known.clone();
                bind(part, &mut branch);
                branch
            });
            if let Some(first) = branches.next() {
                let all = branches.fold(first, |all, branch| all.intersection(&branch).copied().collect());
                known.extend(all);
            }
        }
        Cond::Atom(atom) => known.extend(atom.args.iter().filter_map(as_var)),
        Cond::IsKind { term, .. } => known.extend(as_var(term)),
        Cond::Let { var, value, .. } => {
            let mut used = Vec::new();
            expr_vars(value, &mut used);
            if used.iter().all(|var| known.contains(var)) {
                known.insert(*var);
            }
        }
        Cond::Not(..) | Cond::Compare { .. } | Cond::Stated { .. } => {}
    }
}

pub(crate) fn as_var(term: &Term) -> Option<VarId> {
    match term {
        Term::Var(var) => Some(*var),
        Term::Constant(_) | Term::Parameter(_) => None,
    }
}

/// The variables a calculation needs the values of; an aggregate's own are not among them.
pub(crate) fn expr_vars(expr: &Expr, out: &mut Vec<VarId>) {
    expr_vars_in(expr, false, out);
}

fn expr_vars_in(expr: &Expr, own: bool, out: &mut Vec<VarId>) {
    match expr {
        Expr::Term(term) => out.extend(as_var(term)),
        Expr::Negate(inner) => expr_vars_in(inner, own, out),
        Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => {
            expr_vars_in(lhs, own, out);
            expr_vars_in(rhs, own, out);
        }
        Expr::Shift { date, amount, .. } => {
            expr_vars_in(date, own, out);
            expr_vars_in(amount, own, out);
        }
        Expr::Call(_, args) => args.iter().for_each(|arg| expr_vars_in(arg, own, out)),
        Expr::Aggregate(aggregate) => {
            let mut inner = aggregate.each.clone();
            expr_vars_in(&aggregate.value, own, &mut inner);
            aggregate.weight.iter().for_each(|weight| expr_vars_in(weight, own, &mut inner));
            cond_vars_in(&aggregate.body, own, &mut inner);
            out.extend(inner.into_iter().filter(|var| own || !aggregate.owns(*var)));
        }
    }
}

/// All variables a condition mentions, but for aggregates' own.
pub(crate) fn cond_vars(cond: &Cond, out: &mut Vec<VarId>) {
    cond_vars_in(cond, false, out);
}

/// All variables a condition mentions, aggregates' own included.
pub(crate) fn all_cond_vars(cond: &Cond, out: &mut Vec<VarId>) {
    cond_vars_in(cond, true, out);
}

fn cond_vars_in(cond: &Cond, own: bool, out: &mut Vec<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| cond_vars_in(part, own, out)),
        Cond::Not(inner, _) => cond_vars_in(inner, own, out),
        Cond::Atom(atom) => out.extend(atom.args.iter().filter_map(as_var)),
        Cond::IsKind { term, .. } => out.extend(as_var(term)),
        Cond::Stated { var, .. } => out.push(*var),
        Cond::Let { var, value, .. } => {
            out.push(*var);
            expr_vars_in(value, own, out);
        }
        Cond::Compare { lhs, rhs, .. } => {
            expr_vars_in(lhs, own, out);
            expr_vars_in(rhs, own, out);
        }
    }
}

/// Calls `visit` with every term of a condition.
pub(crate) fn each_term(cond: &Cond, visit: &mut dyn FnMut(&Term)) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| each_term(part, visit)),
        Cond::Not(inner, _) => each_term(inner, visit),
        Cond::Atom(atom) => atom.args.iter().for_each(visit),
        Cond::IsKind { term, .. } => visit(term),
        Cond::Stated { .. } => {}
        Cond::Let { value, .. } => each_term_of(value, visit),
        Cond::Compare { lhs, rhs, .. } => {
            each_term_of(lhs, visit);
            each_term_of(rhs, visit);
        }
    }
}

fn each_term_of(expr: &Expr, visit: &mut dyn FnMut(&Term)) {
    match expr {
        Expr::Term(term) => visit(term),
        Expr::Negate(inner) => each_term_of(inner, visit),
        Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => {
            each_term_of(lhs, visit);
            each_term_of(rhs, visit);
        }
        Expr::Shift { date, amount, .. } => {
            each_term_of(date, visit);
            each_term_of(amount, visit);
        }
        Expr::Call(_, args) => args.iter().for_each(|arg| each_term_of(arg, visit)),
        Expr::Aggregate(aggregate) => {
            each_term_of(&aggregate.value, visit);
            aggregate.weight.iter().for_each(|weight| each_term_of(weight, visit));
            each_term(&aggregate.body, visit);
        }
    }
}

/// All clauses of a ruleset.
pub(crate) fn clauses(ruleset: &Ruleset) -> impl Iterator<Item = &Clause> {
    let rules = ruleset.rules.iter().map(|rule| &rule.clause);
    let among = ruleset.questions.iter().filter_map(|question| question.among.as_ref());
    let rows = ruleset.lenses.iter().flat_map(|lens| lens.rows.iter().map(|row| &row.clause));
    let nevers = ruleset.nevers.iter().map(|never| &never.clause);
    rules.chain(among).chain(rows).chain(nevers)
}

/// The parameters that a clause names.
pub(crate) fn parameters_of(clause: &Clause) -> BTreeSet<ParameterId> {
    std::iter::once(&clause.when).chain(&clause.unless).flat_map(parameters_in).collect()
}

/// The parameters that a condition names.
pub(crate) fn parameters_in(cond: &Cond) -> BTreeSet<ParameterId> {
    let mut found = BTreeSet::new();
    each_term(cond, &mut |term| {
        if let Term::Parameter(parameter) = term {
            found.insert(*parameter);
        }
    });
    found
}

/// What an expression without variables comes to; `None` of others, and where it has no result.
pub(crate) type Fixed<'f> = &'f dyn Fn(&Expr) -> Option<Value>;

/// Whether a condition calculates what often has no result unless other conditions hold.
pub(crate) fn is_risky(cond: &Cond, fixed: Fixed<'_>) -> bool {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(|part| is_risky(part, fixed)),
        Cond::Not(inner, _) => is_risky(inner, fixed),
        Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => false,
        Cond::Compare { lhs, rhs, .. } => may_fail(lhs, fixed) || may_fail(rhs, fixed),
        Cond::Let { value, .. } => may_fail(value, fixed),
    }
}

/// Whether a calculation often has no result.
pub(crate) fn may_fail(expr: &Expr, fixed: Fixed<'_>) -> bool {
    match expr {
        Expr::Term(_) => false,
        Expr::Negate(inner) => may_fail(inner, fixed),
        // A power of what is not above zero has a result where it is whole and not below zero.
        Expr::Binary(op @ (BinaryOp::Divide | BinaryOp::Power), lhs, rhs) => {
            let is_safe = |number: &Value| match number {
                Value::Number(number) if *op == BinaryOp::Divide => *number != Decimal::ZERO,
                Value::Number(number) => number.to_i64().is_some_and(|whole| whole >= 0),
                Value::Date(_) | Value::Text(_) | Value::Flag(_) => false,
            };
            let is_above_zero =
                |number: Value| matches!(number, Value::Number(number) if number > Decimal::ZERO);
            let is_raised = *op == BinaryOp::Power && fixed(lhs).is_some_and(is_above_zero);
            may_fail(lhs, fixed)
                || may_fail(rhs, fixed)
                || !is_raised && !fixed(rhs).is_some_and(|number| is_safe(&number))
        }
        Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => {
            may_fail(lhs, fixed) || may_fail(rhs, fixed)
        }
        Expr::Shift { .. } => fixed(expr).is_none(),
        Expr::Call(function, args) => {
            function.name == "ln" && fixed(expr).is_none() || args.iter().any(|arg| may_fail(arg, fixed))
        }
        Expr::Aggregate(aggregate) => {
            may_fail(&aggregate.value, fixed)
                || aggregate.weight.as_ref().is_some_and(|weight| may_fail(weight, fixed))
                || is_risky(&aggregate.body, fixed)
        }
    }
}
