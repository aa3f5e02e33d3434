//! What is so at least wherever a body is met, in sentences that lead from one thing to another: where figures of
//! nothing would not compare so, there is something behind them.

use super::world::World;
use crate::model::{Clause, Cond};
use crate::plan::needs_some;

/// A clause that is met, possibly, wherever this one is.
pub(super) fn least(world: &World<'_>, clause: &Clause) -> Clause {
    Clause { vars: clause.vars.clone(), when: cond(world, &clause.when), unless: None }
}

fn cond(world: &World<'_>, own: &Cond) -> Cond {
    let all = |parts: &[Cond]| parts.iter().map(|part| cond(world, part)).collect();
    match own {
        Cond::And(parts) => Cond::And(all(parts)),
        Cond::Or(branches) => Cond::Or(all(branches)),
        Cond::Compare { .. } => match needs_some(&world.evaluation.parameters, own) {
            Some(aggregate) => cond(world, &aggregate.body),
            None => own.clone(),
        },
        Cond::Not(..) | Cond::Atom(_) | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => {
            own.clone()
        }
    }
}
