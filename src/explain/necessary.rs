//! What is so at least wherever a body is met, in sentences that lead from one thing to another: where figures of
//! nothing would not compare so, there is something behind them.

use super::calculate::{Calc, compare};
use super::world::World;
use crate::engine::Members;
use crate::model::{Aggregate, Clause, CompareOp, Cond, Constant, Expr, Term};

/// A clause that is met, possibly, wherever this one is.
pub(super) fn least(world: &World<'_>, clause: &Clause) -> Clause {
    Clause { vars: clause.vars.clone(), when: cond(world, &clause.when), unless: None }
}

fn cond(world: &World<'_>, own: &Cond) -> Cond {
    let all = |parts: &[Cond]| parts.iter().map(|part| cond(world, part)).collect();
    match own {
        Cond::And(parts) => Cond::And(all(parts)),
        Cond::Or(branches) => Cond::Or(all(branches)),
        Cond::Compare { lhs, op, rhs, .. } => match behind(world, lhs, *op, rhs) {
            Some(aggregate) => cond(world, &aggregate.body),
            None => own.clone(),
        },
        Cond::Not(..) | Cond::Atom(_) | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => {
            own.clone()
        }
    }
}

/// The aggregate that has to find something for a comparison to hold.
fn behind<'c>(world: &World<'_>, lhs: &'c Expr, op: CompareOp, rhs: &'c Expr) -> Option<&'c Aggregate> {
    let (aggregate, other, is_left) = match (lhs, rhs) {
        (Expr::Aggregate(aggregate), other) => (aggregate, other, true),
        (other, Expr::Aggregate(aggregate)) => (aggregate, other, false),
        _ => return None,
    };
    let value = match other {
        Expr::Term(Term::Constant(Constant::Value(value))) => value.clone(),
        Expr::Term(Term::Parameter(parameter)) => world.evaluation.parameters[*parameter].clone()?,
        _ => return None,
    };
    let none = Members::default();
    let nothing = Calc::Of(crate::engine::aggregated(aggregate.kind, &none, &none).ok()?);
    let value = Calc::Of(crate::engine::Computed::Value(value));
    let (lhs, rhs) = if is_left { (nothing, value) } else { (value, nothing) };
    (!compare(&lhs, op, &rhs, true)).then_some(aggregate)
}
