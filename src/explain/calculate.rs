//! Calculations and aggregates over what a world holds; what they come to is the engine's to say.

use std::collections::BTreeSet;

use super::lookup::{Stop, Tuple};
use super::run::Run;
use super::solve::{Env, flatten};
use crate::base::Idx;
use crate::builtin::AggregateKind;
use crate::engine::{Calculation, Combinations, Computed, Leaf, Members};
use crate::facts::MISSING;
use crate::model::clause::expr_vars;
use crate::model::{Aggregate, CompareOp, Constant, Expr, Term, Ty, VarId};
use crate::value::{Decimal, DomainError, Value};

/// What a calculation comes to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Calc {
    /// A value, or what is known of one.
    Of(Computed),
    /// A thing.
    Thing(u32),
    /// It has no result.
    Failed,
}

impl From<Result<Computed, DomainError>> for Calc {
    fn from(result: Result<Computed, DomainError>) -> Self {
        result.map_or(Self::Failed, Self::Of)
    }
}

impl Run<'_> {
    /// What a calculation comes to.
    pub fn calculate(&self, expr: &Expr, env: &Env<'_>) -> Result<Calc, Stop> {
        let found = self.work_out(expr, env)?;
        if found == Calc::Failed {
            self.failed.set(true);
        }
        Ok(found)
    }

    fn work_out(&self, expr: &Expr, env: &Env<'_>) -> Result<Calc, Stop> {
        match expr {
            Expr::Term(term) => return Ok(self.term_value(term, env)),
            Expr::Aggregate(aggregate) => return self.aggregate(aggregate, env),
            Expr::Negate(_)
            | Expr::Binary(..)
            | Expr::DaysBetween(..)
            | Expr::Shift { .. }
            | Expr::Call(..) => {}
        }
        let mut parts: Vec<Result<Calc, Stop>> = Vec::new();
        let operation = crate::plan::operation(expr, &mut |part| {
            parts.push(self.calculate(part, env));
            Calculation::Var { var: parts.len() - 1, domain: 0 }
        });
        let mut known = Vec::new();
        for part in parts {
            match part? {
                Calc::Of(computed) => known.push(computed),
                Calc::Thing(_) | Calc::Failed => return Ok(Calc::Failed),
            }
        }
        let result = crate::engine::calculate(&operation, &mut |leaf| match leaf {
            Leaf::Var(part, _) => Ok(known[part].clone()),
            // INVARIANT: an aggregate is worked out as a part.
            Leaf::Aggregate(_) => Err(DomainError::Overflow),
        });
        Ok(result.into())
    }

    fn term_value(&self, term: &Term, env: &Env<'_>) -> Calc {
        match term {
            Term::Var(var) => match (env.vars[*var].ty, env.ids[var.index()]) {
                (_, None) => Calc::Failed,
                (Ty::Thing(_), Some(id)) => Calc::Thing(id),
                (Ty::Value(_), Some(MISSING)) => Calc::Of(Computed::Missing),
                (ty @ Ty::Value(_), Some(id)) => {
                    let value = self.world.values.value(self.world.ruleset.domain_of(ty), id);
                    value.map_or(Calc::Failed, |value| Calc::Of(Computed::Value(value)))
                }
            },
            Term::Constant(Constant::Value(value)) => Calc::Of(Computed::Value(value.clone())),
            Term::Constant(thing @ Constant::Thing(..)) => Calc::Thing(self.world.id(thing)),
            Term::Parameter(parameter) => match &self.world.evaluation.parameters[*parameter] {
                Some(value) => Calc::Of(Computed::Value(value.clone())),
                None => Calc::Failed,
            },
        }
    }

    /// Per combination its value and weight, missing where it has two; nothing where a certain one has two.
    pub fn members_of(
        &self,
        aggregate: &Aggregate,
        env: &Env<'_>,
        possible: bool,
    ) -> Result<Option<Members>, Stop> {
        let keys = keys(aggregate);
        let mut combinations = Combinations::default();
        let mut clash = false;
        let mut parts = Vec::new();
        flatten(&aggregate.body, &mut parts);
        let one = Decimal::from(1);
        self.all(&parts, &mut env.clone(), possible, &mut |way| {
            let key: Tuple = keys.iter().filter_map(|var| way.ids[var.index()]).collect();
            let missing = keys.iter().any(|var| way.is_value(*var) && way.ids[var.index()] == Some(MISSING));
            let value = if missing {
                None
            } else if aggregate.kind == AggregateKind::Count {
                Some((Value::Number(one), one))
            } else {
                let weight = match &aggregate.weight {
                    None => Some(one),
                    Some(weight) => match self.calculate(weight, way)? {
                        Calc::Of(Computed::Value(Value::Number(number))) => Some(number),
                        _ => None,
                    },
                };
                let value = match self.calculate(&aggregate.value, way)? {
                    Calc::Of(Computed::Value(value)) => Some(value),
                    _ => None,
                };
                value.zip(weight)
            };
            clash |= combinations.add(key, value);
            Ok(())
        })?;
        Ok(if !possible && clash { None } else { Some(combinations.members) })
    }
}

/// The words by which members of an aggregate are told apart.
pub(super) fn keys(aggregate: &Aggregate) -> BTreeSet<VarId> {
    if !aggregate.each.is_empty() {
        return aggregate.each.iter().copied().collect();
    }
    let mut read = Vec::new();
    expr_vars(&aggregate.value, &mut read);
    read.into_iter().filter(|var| aggregate.owns(*var)).collect()
}

/// Whether two sides compare so: some two values of theirs (possible), or all (certain).
pub(super) fn compare(lhs: &Calc, op: CompareOp, rhs: &Calc, possible: bool) -> bool {
    match (lhs, rhs) {
        (Calc::Of(lhs), Calc::Of(rhs)) => {
            crate::engine::compare(lhs, crate::plan::comparison(op), rhs, possible)
        }
        (Calc::Thing(lhs), Calc::Thing(rhs)) => match op {
            CompareOp::Eq => lhs == rhs,
            CompareOp::Ne => lhs != rhs,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => false,
        },
        _ => false,
    }
}
