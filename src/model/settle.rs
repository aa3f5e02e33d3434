//! Whether `=` gives a word its value or compares it: in a negative part, and over what is aggregated, a
//! sentence beside it may give the word its value too, and then it is a comparison like any other.

use std::collections::BTreeSet;

use super::ir::{Clause, CompareOp, Cond, Expr, Term, VarId};
use super::walk::as_var;

/// Turns what only looks like a word taking its value into the comparison it is.
pub(super) fn settle(clause: &mut Clause) {
    let mut named = BTreeSet::new();
    name(&clause.when, &mut named);
    cond(&mut clause.when, &named);
    if let Some(unless) = &mut clause.unless {
        cond(unless, &named);
    }
}

/// Adds the words to which sentences give values whenever the condition holds.
fn name(cond: &Cond, out: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| name(part, out)),
        Cond::Or(parts) => {
            let named = |part| {
                let mut named = BTreeSet::new();
                name(part, &mut named);
                named
            };
            let all = parts.iter().map(named).reduce(|all, part| &all & &part);
            out.extend(all.into_iter().flatten());
        }
        Cond::Atom(atom) => out.extend(atom.args.iter().filter_map(as_var)),
        Cond::IsKind { term, .. } => out.extend(as_var(term)),
        Cond::Not(..) | Cond::Let { .. } | Cond::Compare { .. } | Cond::Stated { .. } => {}
    }
}

fn cond(whole: &mut Cond, named: &BTreeSet<VarId>) {
    match whole {
        Cond::And(parts) => {
            let mut all = named.clone();
            parts.iter().for_each(|part| name(part, &mut all));
            parts.iter_mut().for_each(|part| cond(part, &all));
        }
        Cond::Or(parts) => parts.iter_mut().for_each(|part| cond(part, named)),
        Cond::Not(inner, _) => cond(inner, named),
        Cond::Compare { lhs, rhs, .. } => {
            expr(lhs, named);
            expr(rhs, named);
        }
        Cond::Let { var, value, span } => {
            expr(value, named);
            if named.contains(var) {
                let value = std::mem::replace(value, Expr::Term(Term::Var(*var)));
                let lhs = Expr::Term(Term::Var(*var));
                *whole = Cond::Compare { lhs, op: CompareOp::Eq, rhs: value, span: *span };
            }
        }
        Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
}

fn expr(whole: &mut Expr, named: &BTreeSet<VarId>) {
    match whole {
        Expr::Term(_) => {}
        Expr::Negate(inner) => expr(inner, named),
        Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => {
            expr(lhs, named);
            expr(rhs, named);
        }
        Expr::Shift { date, amount, .. } => {
            expr(date, named);
            expr(amount, named);
        }
        Expr::Call(_, args) => args.iter_mut().for_each(|arg| expr(arg, named)),
        Expr::Aggregate(aggregate) => {
            let mut all = named.clone();
            name(&aggregate.body, &mut all);
            cond(&mut aggregate.body, &all);
            expr(&mut aggregate.value, &all);
            aggregate.weight.iter_mut().for_each(|weight| expr(weight, &all));
        }
    }
}
