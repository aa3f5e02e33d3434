//! Conditions as texts in which words stand for themselves: equal texts mean the same, wherever they
//! are written. A word written `any` is named only where its part names it again.

use super::clause::all_cond_vars;
use super::ir::{Clause, Cond, Expr, Term, Var, VarId};
use crate::base::{Idx, IndexVec};

/// One condition of a clause.
pub(crate) fn condition(clause: &Clause, cond: &Cond) -> String {
    condition_text(clause, cond, &mentions(clause))
}

/// A condition about a subject whose slots are the first variables; other words are numbered as they come, so that how they are spelled changes
/// nothing.
pub(crate) fn about_subject(vars: &IndexVec<VarId, Var>, cond: &Cond, slots: usize) -> String {
    let mut met = Vec::new();
    all_cond_vars(cond, &mut met);
    let mut renamed = vars.clone();
    let mut next = slots;
    let mut known = vec![false; vars.len()];
    for var in met {
        let at = var.index();
        if std::mem::replace(&mut known[at], true) {
            continue;
        }
        let number = if at < slots { at } else { next };
        next += usize::from(at >= slots);
        renamed[var].name = format!("{number}:{:?}", vars[var].ty);
        renamed[var].any = false;
    }
    let clause = Clause { vars: renamed, when: Cond::And(Vec::new()), unless: None };
    condition_text(&clause, cond, &[])
}

fn mentions(clause: &Clause) -> Vec<VarId> {
    let mut out = Vec::new();
    all_cond_vars(&clause.when, &mut out);
    clause.unless.iter().for_each(|unless| all_cond_vars(unless, &mut out));
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
    let inner = |cond: &Cond| condition_text(clause, cond, mentions);
    match cond {
        Cond::And(parts) => format!("and({})", list(parts)),
        Cond::Or(parts) => format!("or({})", list(parts)),
        Cond::Not(inner, _) => format!("not({})", condition_text(clause, inner, mentions)),
        Cond::Atom(atom) => {
            let args: Vec<String> = atom.args.iter().map(term).collect();
            format!("{}{:?}({})", if atom.known { "known " } else { "" }, atom.source, args.join(","))
        }
        Cond::Stated { var, .. } => format!("stated {}", term(&Term::Var(*var))),
        Cond::Compare { lhs, op, rhs, .. } => {
            format!("{} {op:?} {}", expr(lhs, &term, &inner), expr(rhs, &term, &inner))
        }
        Cond::Let { var, value, .. } => {
            format!("{} := {}", term(&Term::Var(*var)), expr(value, &term, &inner))
        }
        Cond::IsKind { term: thing, kind, .. } => format!("{} is {}", term(thing), kind.0),
    }
}

fn expr(value: &Expr, term: &dyn Fn(&Term) -> String, body: &dyn Fn(&Cond) -> String) -> String {
    let part = |value: &Expr| expr(value, term, body);
    match value {
        Expr::Term(inner) => term(inner),
        Expr::Negate(inner) => format!("-({})", part(inner)),
        Expr::Binary(op, lhs, rhs) => format!("({} {op:?} {})", part(lhs), part(rhs)),
        Expr::DaysBetween(lhs, rhs) => format!("days({},{})", part(lhs), part(rhs)),
        Expr::Shift { date, amount, unit, back } => {
            format!("shift({},{},{unit:?},{back})", part(date), part(amount))
        }
        Expr::Call(function, args) => {
            format!("{}({})", function.name, args.iter().map(part).collect::<Vec<_>>().join(","))
        }
        Expr::Aggregate(aggregate) => {
            let each: Vec<String> = aggregate.each.iter().map(|var| term(&Term::Var(*var))).collect();
            let weight = aggregate.weight.as_ref().map(part).unwrap_or_default();
            format!(
                "{:?}({} each {} by {weight}: {})",
                aggregate.kind,
                part(&aggregate.value),
                each.join(","),
                body(&aggregate.body)
            )
        }
    }
}
