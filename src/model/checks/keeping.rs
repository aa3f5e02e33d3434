//! Rules in a loop make no new values, except a kept one that only grows (or, for `the most`,
//! shrinks) on its way, so that every loop of rules ends.

use super::graph::Graph;
use crate::base::{Idx, Span};
use crate::diag::{Code, Diagnostic};
use crate::model::clause::{as_var, expr_vars};
use crate::model::ir::{
    Atom, AtomSource, BinaryOp, Cond, Constant, Expr, Keeping, Rule, Ruleset, Term, VarId,
};
use crate::value::{Decimal, Value};

pub(super) fn check(ruleset: &Ruleset, graph: &Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &ruleset.rules {
        let component = graph.component[rule.relation.index()];
        let mut inner: Vec<&Atom> = Vec::new();
        positive_atoms(&rule.clause.when, &mut |atom| {
            if let AtomSource::Relation(relation) = atom.source
                && graph.component[relation.index()] == component
            {
                inner.push(atom);
            }
        });
        if !inner.is_empty() {
            found.extend(check_rule(ruleset, rule, &inner));
        }
    }
    found
}

fn check_rule(ruleset: &Ruleset, rule: &Rule, inner: &[&Atom]) -> Option<Diagnostic> {
    let keeping = ruleset.relations[rule.relation].keeping;
    let kept: Vec<VarId> = inner
        .iter()
        .filter_map(|atom| match atom.source {
            AtomSource::Relation(relation) => {
                let (_, slot) = ruleset.relations[relation].keeping?;
                as_var(&atom.args[slot])
            }
            AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => None,
        })
        .collect();
    let mut values: Vec<(VarId, &Expr, Span)> = Vec::new();
    lets(&rule.clause.when, &mut values);
    for (slot, term) in rule.head.iter().enumerate() {
        let Some(var) = as_var(term) else { continue };
        let made = values.iter().find(|(made, ..)| *made == var).map(|(_, value, span)| (*value, *span));
        let is_kept_slot = keeping.is_some_and(|(_, place)| place == slot);
        match made {
            Some((value, span)) if is_kept_slot => {
                let (keeping, _) = keeping?;
                if !grows(value, keeping, &kept) && depends(value, &values, inner) {
                    return Some(bad_keeping(span, keeping));
                }
            }
            Some((value, _)) if !is_constant(value) => {
                return Some(
                    Diagnostic::new(Code::EndlessValues, "this rule makes new values again and again")
                        .at(
                            rule.span,
                            format!("`{}` is worked out anew in each round", rule.clause.vars[var].name),
                        )
                        .help(
                            "declare the relation with `, keeping the fewest`, or take the value from a fact",
                        ),
                );
            }
            _ => {}
        }
    }
    // A kept value may change while the loop is worked out, so nothing else may look at it.
    let uses = |var: VarId| {
        let mut count = 0;
        count_uses(&rule.clause.when, var, &mut count);
        if let Some(unless) = &rule.clause.unless {
            count_uses(unless, var, &mut count);
        }
        count
    };
    let lets_using = |var: VarId| {
        values
            .iter()
            .filter(|(_, value, _)| {
                let mut used = Vec::new();
                expr_vars(value, &mut used);
                used.contains(&var)
            })
            .count()
    };
    let in_head = |var: VarId| {
        rule.head
            .iter()
            .enumerate()
            .any(|(slot, term)| as_var(term) == Some(var) && keeping.is_none_or(|(_, place)| place != slot))
    };
    let misused = kept.iter().any(|&var| uses(var) > 1 + lets_using(var) || in_head(var));
    misused.then(|| bad_keeping(rule.span, keeping.map_or(Keeping::Fewest, |(keeping, _)| keeping)))
}

fn bad_keeping(span: Span, keeping: Keeping) -> Diagnostic {
    let (step, word) = match keeping {
        Keeping::Fewest => ("added", "n = m + 1"),
        Keeping::Most => ("taken off", "n = m - 1"),
    };
    Diagnostic::new(Code::BadKeeping, "in a loop a kept value may only be handed on")
        .at(span, format!("as it is, or with a number above 0, written here, {step}"))
        .help(format!("write it as in `{word}`, and compare the value in another rule"))
}

/// `kept + positive constant` (or minus, for the most).
fn grows(value: &Expr, keeping: Keeping, kept: &[VarId]) -> bool {
    let is_kept = |expr: &Expr| matches!(expr, Expr::Term(Term::Var(var)) if kept.contains(var));
    match (value, keeping) {
        (Expr::Term(Term::Var(var)), _) => kept.contains(var),
        (Expr::Binary(BinaryOp::Add, lhs, rhs), Keeping::Fewest) => {
            is_kept(lhs) && is_positive(rhs) || is_kept(rhs) && is_positive(lhs)
        }
        (Expr::Binary(BinaryOp::Subtract, lhs, rhs), Keeping::Most) => is_kept(lhs) && is_positive(rhs),
        (Expr::Shift { date, amount, back, .. }, keeping) => {
            is_kept(date) && is_positive(amount) && *back == (keeping == Keeping::Most)
        }
        _ => false,
    }
}

fn is_positive(expr: &Expr) -> bool {
    matches!(expr, Expr::Term(Term::Constant(Constant::Value(Value::Number(number)))) if *number > Decimal::ZERO)
}

fn is_constant(expr: &Expr) -> bool {
    let mut used = Vec::new();
    expr_vars(expr, &mut used);
    used.is_empty()
}

/// Whether the value comes, by way of other values, from the loop itself.
fn depends(value: &Expr, values: &[(VarId, &Expr, Span)], inner: &[&Atom]) -> bool {
    let mut stack = Vec::new();
    expr_vars(value, &mut stack);
    let mut seen: Vec<VarId> = Vec::new();
    while let Some(var) = stack.pop() {
        if seen.contains(&var) {
            continue;
        }
        seen.push(var);
        if inner.iter().any(|atom| atom.args.iter().any(|term| as_var(term) == Some(var))) {
            return true;
        }
        for (_, value, _) in values.iter().filter(|(made, ..)| *made == var) {
            expr_vars(value, &mut stack);
        }
    }
    false
}

fn lets<'c>(cond: &'c Cond, out: &mut Vec<(VarId, &'c Expr, Span)>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| lets(part, out)),
        Cond::Let { var, value, span } => out.push((*var, value, *span)),
        Cond::Not(..) | Cond::Atom(_) | Cond::Compare { .. } | Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
}

fn positive_atoms<'c>(cond: &'c Cond, visit: &mut impl FnMut(&'c Atom)) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| positive_atoms(part, visit)),
        Cond::Atom(atom) => visit(atom),
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::IsKind { .. }
        | Cond::Stated { .. } => {}
    }
}

fn count_uses(cond: &Cond, var: VarId, count: &mut usize) {
    let mut all = Vec::new();
    crate::model::clause::cond_vars(cond, &mut all);
    *count += all.into_iter().filter(|used| *used == var).count();
}
