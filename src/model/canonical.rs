//! Conditions as texts in which words stand for themselves: equal texts mean the same, wherever they
//! are written. A word written `any` is named only where its part names it again.

use super::clause::cond_vars;
use super::ir::{Clause, Cond, Expr, Term, VarId};

/// One condition of a clause.
pub(crate) fn condition(clause: &Clause, cond: &Cond) -> String {
    condition_text(clause, cond, &mentions(clause))
}

/// A whole clause.
pub(crate) fn clause(clause: &Clause) -> String {
    let mentions = mentions(clause);
    let unless = clause.unless.as_ref().map(|unless| condition_text(clause, unless, &mentions));
    format!("{} unless {}", condition_text(clause, &clause.when, &mentions), unless.unwrap_or_default())
}

fn mentions(clause: &Clause) -> Vec<VarId> {
    let mut out = Vec::new();
    cond_vars(&clause.when, &mut out);
    clause.unless.iter().for_each(|unless| cond_vars(unless, &mut out));
    out
}

fn condition_text(clause: &Clause, cond: &Cond, mentions: &[VarId]) -> String {
    let list = |parts: &[Cond]| {
        parts.iter().map(|part| condition_text(clause, part, mentions)).collect::<Vec<_>>().join(";")
    };
    let term = |term: &Term| match term {
        Term::Var(var)
            if clause.vars[*var].any && mentions.iter().filter(|other| *other == var).count() < 2 =>
        {
            "_".to_owned()
        }
        Term::Var(var) => format!("?{}", clause.vars[*var].name),
        Term::Constant(constant) => format!("{constant:?}"),
        Term::Parameter(parameter) => format!("${}", parameter.0),
    };
    match cond {
        Cond::And(parts) => format!("and({})", list(parts)),
        Cond::Or(parts) => format!("or({})", list(parts)),
        Cond::Not(inner, _) => format!("not({})", condition_text(clause, inner, mentions)),
        Cond::Atom(atom) => {
            let args: Vec<String> = atom.args.iter().map(term).collect();
            format!("{:?}({})", atom.source, args.join(","))
        }
        Cond::Compare { lhs, op, rhs, .. } => {
            format!("{} {op:?} {}", expr(lhs, &term), expr(rhs, &term))
        }
        Cond::Let { var, value, .. } => format!("{} := {}", term(&Term::Var(*var)), expr(value, &term)),
        Cond::IsKind { term: thing, kind, .. } => format!("{} is {}", term(thing), kind.0),
    }
}

fn expr(value: &Expr, term: &impl Fn(&Term) -> String) -> String {
    match value {
        Expr::Term(inner) => term(inner),
        Expr::Negate(inner) => format!("-({})", expr(inner, term)),
        Expr::Binary(op, lhs, rhs) => format!("({} {op:?} {})", expr(lhs, term), expr(rhs, term)),
        Expr::DaysBetween(lhs, rhs) => format!("days({},{})", expr(lhs, term), expr(rhs, term)),
        Expr::Shift { date, amount, unit, back } => {
            format!("shift({},{},{unit:?},{back})", expr(date, term), expr(amount, term))
        }
    }
}
