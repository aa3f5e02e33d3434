//! Under `first match wins`, a row that an earlier one takes everything from. Judged by the text:
//! every condition of the earlier row stands in the later one too.

use std::collections::BTreeSet;

use crate::base::Idx;
use crate::diag::{Code, Diagnostic};
use crate::model::ir::{Clause, Cond, Expr, Policy, RowId, Ruleset, Term};

/// Each row is compared with each earlier one, so lenses past this size are not looked at.
const MOST_ROWS: usize = 1500;

pub(super) fn check(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for lens in &ruleset.lenses {
        if lens.policy != Policy::FirstMatch || lens.rows.len() > MOST_ROWS {
            continue;
        }
        let shapes: Vec<Option<BTreeSet<String>>> =
            lens.rows.iter().map(|row| conditions(&row.clause)).collect();
        for (later, row) in lens.rows.iter_enumerated() {
            let Some(own) = conditions_of_when(&row.clause) else { continue };
            let taken =
                (0..later.index()).find(|&at| shapes[at].as_ref().is_some_and(|shape| shape.is_subset(&own)));
            if let Some(at) = taken {
                let earlier = &lens.rows[RowId::from_usize(at)];
                found.push(
                    Diagnostic::new(Code::Subsumed, format!("this row of `{}` never decides", lens.name))
                        .at(row.span, "whatever it matches, an earlier row has taken")
                        .at(earlier.span, "this row takes it")
                        .help("delete it, or put it before the earlier row"),
                );
            }
        }
    }
    found
}

/// The conditions of a row that bars nothing; with an `unless` it does not take everything.
fn conditions(clause: &Clause) -> Option<BTreeSet<String>> {
    if clause.unless.is_some() { None } else { conditions_of_when(clause) }
}

fn conditions_of_when(clause: &Clause) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    add(clause, &clause.when, &mut out);
    (!out.is_empty()).then_some(out)
}

fn add(clause: &Clause, cond: &Cond, out: &mut BTreeSet<String>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| add(clause, part, out)),
        other => {
            out.insert(canonical(clause, other));
        }
    }
}

/// A condition as text in which words stand for themselves; equal texts mean the same.
fn canonical(clause: &Clause, cond: &Cond) -> String {
    let list =
        |parts: &[Cond]| parts.iter().map(|part| canonical(clause, part)).collect::<Vec<_>>().join(";");
    let term = |term: &Term| match term {
        Term::Var(var) if clause.vars[*var].any => "_".to_owned(),
        Term::Var(var) => format!("?{}", clause.vars[*var].name),
        Term::Constant(constant) => format!("{constant:?}"),
        Term::Parameter(parameter) => format!("${}", parameter.0),
    };
    match cond {
        Cond::And(parts) => format!("and({})", list(parts)),
        Cond::Or(parts) => format!("or({})", list(parts)),
        Cond::Not(inner, _) => format!("not({})", canonical(clause, inner)),
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
