//! Calculations and constants as the engine takes them.

use super::compile::Inputs;
use crate::base::Idx;
use crate::engine::{Calculation, Comparison, NOBODY, Place};
use crate::model::{BinaryOp, Clause, CompareOp, Constant, DateUnit, Expr, Ruleset, Term, Ty};

/// Where the id of a term comes from.
pub fn place(inputs: &Inputs<'_>, term: &Term) -> Place {
    match term {
        Term::Var(var) => Place::Var(var.index()),
        Term::Constant(constant) => Place::Id(id(inputs, constant)),
        Term::Parameter(parameter) => {
            let value = inputs.parameters[*parameter].clone().map(Constant::Value);
            Place::Id(value.map_or(NOBODY, |value| id(inputs, &value)))
        }
    }
}

fn id(inputs: &Inputs<'_>, constant: &Constant) -> u32 {
    let domain = match constant {
        Constant::Thing(domain, _) => *domain,
        Constant::Value(value) => inputs.ruleset.domain_of(Ty::Value(value.kind())),
    };
    inputs.dictionaries[domain].find(constant).unwrap_or(NOBODY)
}

/// Whether an expression stands for a thing.
pub(super) fn as_thing(clause: &Clause, expr: &Expr) -> Option<Term> {
    match expr {
        Expr::Term(term @ Term::Var(var)) if matches!(clause.vars[*var].ty, Ty::Thing(_)) => {
            Some(term.clone())
        }
        Expr::Term(term @ Term::Constant(Constant::Thing(..))) => Some(term.clone()),
        _ => None,
    }
}

pub(super) fn calculation(inputs: &Inputs<'_>, clause: &Clause, expr: &Expr) -> Calculation {
    let inner = |expr: &Expr| Box::new(calculation(inputs, clause, expr));
    match expr {
        Expr::Term(Term::Var(var)) => {
            let domain = domain_of(inputs.ruleset, clause.vars[*var].ty);
            Calculation::Var { var: var.index(), domain }
        }
        Expr::Term(Term::Constant(Constant::Value(value))) => Calculation::Value(value.clone()),
        // INVARIANT: `model` lets no thing into a calculation.
        Expr::Term(Term::Constant(Constant::Thing(_, name))) => {
            Calculation::Value(crate::value::Value::Text(name.as_str().into()))
        }
        Expr::Term(Term::Parameter(parameter)) => match &inputs.parameters[*parameter] {
            Some(value) => Calculation::Value(value.clone()),
            None => Calculation::Value(crate::value::Value::Flag(false)),
        },
        Expr::Negate(x) => Calculation::Negate(inner(x)),
        Expr::Binary(op, x, y) => {
            let (x, y) = (inner(x), inner(y));
            match op {
                BinaryOp::Add => Calculation::Add(x, y),
                BinaryOp::Subtract => Calculation::Subtract(x, y),
                BinaryOp::Multiply => Calculation::Multiply(x, y),
                BinaryOp::Divide => Calculation::Divide(x, y),
                BinaryOp::Power => Calculation::Power(x, y),
            }
        }
        Expr::DaysBetween(x, y) => Calculation::Days(inner(x), inner(y)),
        Expr::Shift { date, amount, unit, back } => {
            let unit = match unit {
                DateUnit::Days => 0,
                DateUnit::Months => 1,
                DateUnit::Years => 2,
            };
            Calculation::Shift { date: inner(date), amount: inner(amount), unit, back: *back }
        }
    }
}

pub(super) fn domain_of(ruleset: &Ruleset, ty: Ty) -> usize {
    ruleset.domain_of(ty).index()
}

pub(super) fn comparison(op: CompareOp) -> Comparison {
    match op {
        CompareOp::Eq => Comparison::Equal,
        CompareOp::Ne => Comparison::NotEqual,
        CompareOp::Lt => Comparison::Less,
        CompareOp::Le => Comparison::AtMost,
        CompareOp::Gt => Comparison::Greater,
        CompareOp::Ge => Comparison::AtLeast,
    }
}
