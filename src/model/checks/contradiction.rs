//! Conditions of one `and` that can never hold together.

use crate::base::Span;
use crate::diag::{Code, Diagnostic};
use crate::model::clause::clauses;
use crate::model::ir::{Atom, CompareOp, Cond, Constant, Expr, Ruleset, Term, VarId};
use crate::value::Value;

pub(super) fn check(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for clause in clauses(ruleset) {
        within(&clause.when, &mut found);
    }
    found
}

fn within(cond: &Cond, found: &mut Vec<Diagnostic>) {
    match cond {
        Cond::And(parts) => {
            let mut flat = Vec::new();
            flatten(parts, &mut flat);
            if let Some((left, right)) = clash(&flat) {
                found.push(
                    Diagnostic::new(Code::Contradiction, "these conditions can never hold together")
                        .at(right, "this rules out the other")
                        .at(left, "this one")
                        .help("delete or change one of them"),
                );
            }
            flat.iter().for_each(|part| within(part, found));
        }
        Cond::Or(parts) => parts.iter().for_each(|part| within(part, found)),
        Cond::Not(..)
        | Cond::Atom(_)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::IsKind { .. }
        | Cond::Stated { .. } => {}
    }
}

fn flatten<'c>(parts: &'c [Cond], out: &mut Vec<&'c Cond>) {
    for part in parts {
        match part {
            Cond::And(inner) => flatten(inner, out),
            other => out.push(other),
        }
    }
}

fn clash(parts: &[&Cond]) -> Option<(Span, Span)> {
    for (at, left) in parts.iter().enumerate() {
        for right in &parts[at + 1..] {
            let pair = match (left, right) {
                (Cond::Atom(atom), Cond::Not(inner, span)) | (Cond::Not(inner, span), Cond::Atom(atom)) => {
                    denies(atom, inner).then_some((atom.span, *span))
                }
                (
                    Cond::Compare { lhs, op, rhs, span },
                    Cond::Compare { lhs: other_lhs, op: other_op, rhs: other_rhs, span: other },
                ) => {
                    never_both((lhs, *op, rhs), (other_lhs, *other_op, other_rhs)).then_some((*span, *other))
                }
                _ => None,
            };
            if pair.is_some() {
                return pair;
            }
        }
    }
    None
}

fn denies(atom: &Atom, inner: &Cond) -> bool {
    match inner {
        Cond::Atom(other) => atom.source == other.source && atom.args == other.args,
        Cond::And(parts) => matches!(parts.as_slice(), [only] if denies(atom, only)),
        _ => false,
    }
}

type Comparison<'c> = (&'c Expr, CompareOp, &'c Expr);

/// Whether no value meets both comparisons of one word with constants.
fn never_both(left: Comparison<'_>, right: Comparison<'_>) -> bool {
    let (Some((var, op, value)), Some((other_var, other_op, other))) = (bound(left), bound(right)) else {
        return false;
    };
    if var != other_var {
        return false;
    }
    match (value, other) {
        (Constant::Value(value), Constant::Value(other)) => {
            value.kind() == other.kind() && disjoint(op, value, other_op, other)
        }
        (value, other) => match (op, other_op) {
            (CompareOp::Eq, CompareOp::Eq) => value != other,
            (CompareOp::Eq, CompareOp::Ne) | (CompareOp::Ne, CompareOp::Eq) => value == other,
            _ => false,
        },
    }
}

fn bound((lhs, op, rhs): Comparison<'_>) -> Option<(VarId, CompareOp, &Constant)> {
    match (lhs, rhs) {
        (Expr::Term(Term::Var(var)), Expr::Term(Term::Constant(constant))) => Some((*var, op, constant)),
        (Expr::Term(Term::Constant(constant)), Expr::Term(Term::Var(var))) => {
            Some((*var, op.mirrored(), constant))
        }
        _ => None,
    }
}

fn disjoint(op: CompareOp, value: &Value, other_op: CompareOp, other: &Value) -> bool {
    use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
    let meets = |candidate: &Value, op: CompareOp, bound: &Value| match op {
        Eq => candidate == bound,
        Ne => candidate != bound,
        Lt => candidate < bound,
        Le => candidate <= bound,
        Gt => candidate > bound,
        Ge => candidate >= bound,
    };
    match (op, other_op) {
        (Eq, _) => !meets(value, other_op, other),
        (_, Eq) => !meets(other, op, value),
        (Lt | Le, Gt | Ge) => value < other || value == other && (op == Lt || other_op == Gt),
        (Gt | Ge, Lt | Le) => other < value || value == other && (op == Gt || other_op == Lt),
        _ => false,
    }
}
