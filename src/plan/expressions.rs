//! Calculations and constants as the engine takes them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::compile::{Compiler, flatten};
use super::request::Inputs;
use crate::base::{Idx, IndexVec};
use crate::builtin::AggregateKind;
use crate::engine::{AggregatePlan, Calculation, Comparison, Computed, Known, NOBODY, Place, calculate};
use crate::model::clause::{cond_vars, expr_vars};
use crate::model::{Aggregate, BinaryOp, CompareOp, Constant, DateUnit, Expr, ParameterId, Term, Ty, VarId};
use crate::value::{DomainError, Value};

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
pub(super) fn as_thing(types: &[Ty], expr: &Expr) -> Option<Term> {
    match expr {
        Expr::Term(term @ Term::Var(var)) if matches!(types[var.index()], Ty::Thing(_)) => Some(term.clone()),
        Expr::Term(term @ Term::Constant(Constant::Thing(..))) => Some(term.clone()),
        _ => None,
    }
}

impl<'r> Compiler<'_, 'r> {
    /// A calculation, worked out where these variables have their values.
    pub(super) fn calculation(&mut self, expr: &'r Expr, bound: &BTreeSet<VarId>) -> Calculation {
        let inputs = self.inputs;
        match expr {
            Expr::Term(Term::Var(var)) => {
                let domain = inputs.ruleset.domain_of(self.types[var.index()]).index();
                Calculation::Var { var: var.index(), domain }
            }
            Expr::Term(Term::Constant(Constant::Value(value))) => Calculation::Value(value.clone()),
            // INVARIANT: `model` lets no thing into a calculation.
            Expr::Term(Term::Constant(Constant::Thing(_, name))) => {
                Calculation::Value(Value::Text(name.as_str().into()))
            }
            Expr::Term(Term::Parameter(parameter)) => match &inputs.parameters[*parameter] {
                Some(value) => Calculation::Value(value.clone()),
                None => Calculation::Value(Value::Flag(false)),
            },
            Expr::Negate(_)
            | Expr::Binary(..)
            | Expr::DaysBetween(..)
            | Expr::Shift { .. }
            | Expr::Call(..) => match fixed(inputs.parameters, expr) {
                // What reads no word is worked out here, once.
                Some(value) => Calculation::Value(value),
                None => operation(expr, &mut |part| self.calculation(part, bound)),
            },
            Expr::Aggregate(aggregate) => Calculation::Aggregate(Arc::new(self.aggregate(aggregate, bound))),
        }
    }

    fn aggregate(&mut self, aggregate: &'r Aggregate, bound: &BTreeSet<VarId>) -> AggregatePlan {
        let mut read = Vec::new();
        expr_vars(&aggregate.value, &mut read);
        let keys: BTreeSet<VarId> = match aggregate.kind {
            AggregateKind::Sum | AggregateKind::Average | AggregateKind::Median => {
                aggregate.each.iter().copied().collect()
            }
            AggregateKind::Count | AggregateKind::Min | AggregateKind::Max => {
                read.iter().copied().filter(|var| aggregate.owns(*var)).collect()
            }
        };
        aggregate.weight.iter().for_each(|weight| expr_vars(weight, &mut read));
        let mut needed = keys.clone();
        needed.extend(read.into_iter().filter(|var| aggregate.owns(*var)));
        let mut outer = Vec::new();
        cond_vars(&aggregate.body, &mut outer);
        let outer: BTreeSet<VarId> = outer.into_iter().filter(|var| !aggregate.owns(*var)).collect();
        let doubtful = self.is_doubtful(&aggregate.body);
        self.figures += 1;
        let mut search = |possible: bool| {
            let mut items = Vec::new();
            flatten(&aggregate.body, &mut items);
            let items = self.scope(items, bound, possible);
            self.conjunction(items, bound, &needed, possible, true)
        };
        let certain = search(false);
        let possible = doubtful.then(|| search(true));
        self.figures -= 1;
        let mut inside = bound.clone();
        inside.extend(&needed);
        let value = self.calculation(&aggregate.value, &inside);
        let weight = aggregate.weight.as_ref().map(|weight| self.calculation(weight, &inside));
        let keys = keys
            .into_iter()
            .map(|var| (var.index(), matches!(self.types[var.index()], Ty::Value(_))))
            .collect();
        let shared = || {
            let (kept, word) = self.inputs.figures.zip(outer.first())?;
            let domain = self.inputs.ruleset.domain_of(self.types[word.index()]);
            let ids = self.inputs.dictionaries[domain].len();
            kept.of(self.request.clause, aggregate, &outer, ids)
        };
        let known = if outer.is_empty() {
            Known::One(Mutex::default())
        } else if outer.len() < bound.len() {
            Known::Some(shared().unwrap_or_default())
        } else if doubtful {
            // What lies between bounds is worked out from both, for either.
            shared().map_or(Known::Nothing, Known::Some)
        } else {
            Known::Nothing
        };
        let all_but = self.all_but(aggregate, (bound, &needed), &outer, doubtful);
        let outer = outer.into_iter().map(Idx::index).collect();
        AggregatePlan { kind: aggregate.kind, certain, possible, keys, value, weight, outer, known, all_but }
    }
}

/// How values are compared, as the engine has it.
pub fn comparison(op: CompareOp) -> Comparison {
    match op {
        CompareOp::Eq => Comparison::Equal,
        CompareOp::Ne => Comparison::NotEqual,
        CompareOp::Lt => Comparison::Less,
        CompareOp::Le => Comparison::AtMost,
        CompareOp::Gt => Comparison::Greater,
        CompareOp::Ge => Comparison::AtLeast,
    }
}

/// What an expression without variables comes to; `None` of others, and where it has no result.
pub fn fixed(parameters: &IndexVec<ParameterId, Option<Value>>, expr: &Expr) -> Option<Value> {
    let computed = calculate(&fixed_calculation(parameters, expr)?, &mut |_| Err(DomainError::Overflow));
    match computed {
        Ok(Computed::Value(value)) => Some(value),
        _ => None,
    }
}

fn fixed_calculation(parameters: &IndexVec<ParameterId, Option<Value>>, expr: &Expr) -> Option<Calculation> {
    match expr {
        Expr::Term(Term::Constant(Constant::Value(value))) => Some(Calculation::Value(value.clone())),
        Expr::Term(Term::Parameter(parameter)) => parameters[*parameter].clone().map(Calculation::Value),
        Expr::Term(Term::Var(_) | Term::Constant(Constant::Thing(..))) | Expr::Aggregate(_) => None,
        other => {
            let mut is_fixed = true;
            let calculation = operation(other, &mut |part| {
                let own = fixed_calculation(parameters, part);
                is_fixed &= own.is_some();
                own.unwrap_or(Calculation::Value(Value::Flag(false)))
            });
            is_fixed.then_some(calculation)
        }
    }
}

/// The calculation an expression is, given what its parts are; one without parts is what it is itself.
pub fn operation<'e>(expr: &'e Expr, part: &mut dyn FnMut(&'e Expr) -> Calculation) -> Calculation {
    let mut boxed = |expr: &'e Expr| Box::new(part(expr));
    match expr {
        Expr::Negate(x) => Calculation::Negate(boxed(x)),
        Expr::Binary(op, x, y) => {
            let (x, y) = (boxed(x), boxed(y));
            match op {
                BinaryOp::Add => Calculation::Add(x, y),
                BinaryOp::Subtract => Calculation::Subtract(x, y),
                BinaryOp::Multiply => Calculation::Multiply(x, y),
                BinaryOp::Divide => Calculation::Divide(x, y),
                BinaryOp::Power => Calculation::Power(x, y),
            }
        }
        Expr::DaysBetween(x, y) => Calculation::Days(boxed(x), boxed(y)),
        Expr::Shift { date, amount, unit, back } => {
            let unit = match unit {
                DateUnit::Days => 0,
                DateUnit::Months => 1,
                DateUnit::Years => 2,
            };
            Calculation::Shift { date: boxed(date), amount: boxed(amount), unit, back: *back }
        }
        Expr::Call(function, args) => Calculation::Call(function, args.iter().map(part).collect()),
        Expr::Term(_) | Expr::Aggregate(_) => part(expr),
    }
}
