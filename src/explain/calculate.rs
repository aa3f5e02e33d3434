//! Calculations and aggregates, with what they lie between where something is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::lookup::{Stop, Tuple};
use super::run::Run;
use super::solve::{Env, flatten};
use crate::base::Idx;
use crate::builtin::AggregateKind;
use crate::facts::MISSING;
use crate::model::clause::expr_vars;
use crate::model::{Aggregate, BinaryOp, CompareOp, Constant, DateUnit, Expr, Term, Ty, VarId};
use crate::value::{Decimal, Value};

/// What a calculation comes to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Calc {
    Value(Value),
    Thing(u32),
    /// From, to, perhaps nothing.
    Between(Value, Value, bool),
    Missing,
    /// The aggregate of nothing.
    Nothing,
    Failed,
}

/// Per combination its values with their weights; `None` where one is missing.
pub(super) type Members = BTreeMap<Tuple, BTreeSet<Option<(Value, Decimal)>>>;

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
        let parts: Vec<&Expr> = match expr {
            Expr::Term(term) => return Ok(self.term_value(term, env)),
            Expr::Aggregate(aggregate) => return self.aggregate(aggregate, env),
            Expr::Negate(x) => vec![x],
            Expr::Binary(_, x, y) | Expr::DaysBetween(x, y) => vec![x, y],
            Expr::Shift { date, amount, .. } => vec![date, amount],
            Expr::Call(_, args) => args.iter().collect(),
        };
        let mut known = Vec::new();
        for part in parts {
            known.push(self.calculate(part, env)?);
        }
        if known.contains(&Calc::Failed) {
            return Ok(Calc::Failed);
        }
        if known.contains(&Calc::Nothing) {
            return Ok(Calc::Nothing);
        }
        if let Some(perhaps) = known.iter().find(|part| matches!(part, Calc::Between(_, _, true))) {
            return Ok(perhaps.clone());
        }
        let values: Option<Vec<Value>> = known
            .into_iter()
            .map(|part| match part {
                Calc::Value(value) => Some(value),
                _ => None,
            })
            .collect();
        let Some(values) = values else { return Ok(Calc::Missing) };
        Ok(worked_out(expr, &values).map_or(Calc::Failed, Calc::Value))
    }

    fn term_value(&self, term: &Term, env: &Env<'_>) -> Calc {
        match term {
            Term::Var(var) => match (env.vars[*var].ty, env.ids[var.index()]) {
                (_, None) => Calc::Failed,
                (Ty::Thing(_), Some(id)) => Calc::Thing(id),
                (Ty::Value(_), Some(MISSING)) => Calc::Missing,
                (ty @ Ty::Value(_), Some(id)) => {
                    let value = self.world.values.value(self.world.ruleset.domain_of(ty), id);
                    value.map_or(Calc::Failed, Calc::Value)
                }
            },
            Term::Constant(Constant::Value(value)) => Calc::Value(value.clone()),
            Term::Constant(thing @ Constant::Thing(..)) => Calc::Thing(self.world.id(thing)),
            Term::Parameter(parameter) => match &self.world.evaluation.parameters[*parameter] {
                Some(value) => Calc::Value(value.clone()),
                None => Calc::Failed,
            },
        }
    }

    fn aggregate(&self, aggregate: &Aggregate, env: &Env<'_>) -> Result<Calc, Stop> {
        let whole = self.whole();
        let (Some(certain), Some(possible)) =
            (whole.members_of(aggregate, env, false)?, whole.members_of(aggregate, env, true)?)
        else {
            return Ok(Calc::Failed);
        };
        let unclear = |key: &Tuple| possible.get(key).is_some_and(|values| Some(values) != certain.get(key));
        let twice = possible.values().any(|values| values.len() > 1);
        if twice || possible.values().flatten().any(Option::is_none) || certain.keys().any(unclear) {
            return Ok(Calc::Missing);
        }
        let list = |members: &Members| -> Vec<(Value, Decimal)> {
            members.values().flatten().flatten().cloned().collect()
        };
        let extra: Members = possible
            .iter()
            .filter(|(key, _)| !certain.contains_key(*key))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let (sure, extra, all) = (list(&certain), list(&extra), list(&possible));
        Ok(between(aggregate.kind, sure, &extra, all).unwrap_or(Calc::Failed))
    }

    /// Per combination the values and weights it has; nothing where a certain one has two.
    pub fn members_of(
        &self,
        aggregate: &Aggregate,
        env: &Env<'_>,
        possible: bool,
    ) -> Result<Option<Members>, Stop> {
        let mut read = Vec::new();
        expr_vars(&aggregate.value, &mut read);
        let keys: BTreeSet<VarId> = if aggregate.each.is_empty() {
            read.into_iter().filter(|var| aggregate.owns(*var)).collect()
        } else {
            aggregate.each.iter().copied().collect()
        };
        let mut members = Members::new();
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
                        Calc::Value(Value::Number(number)) => Some(number),
                        _ => None,
                    },
                };
                let value = match self.calculate(&aggregate.value, way)? {
                    Calc::Value(value) => Some(value),
                    _ => None,
                };
                value.zip(weight)
            };
            members.entry(key).or_default().insert(value);
            Ok(())
        })?;
        let clash = members.values().any(|values| values.iter().flatten().count() > 1);
        Ok(if !possible && clash { None } else { Some(members) })
    }
}

/// What an aggregate lies between, given its certain members, the doubtful ones, and all.
fn between(
    kind: AggregateKind,
    sure: Vec<(Value, Decimal)>,
    extra: &[(Value, Decimal)],
    all: Vec<(Value, Decimal)>,
) -> Option<Calc> {
    if extra.is_empty() {
        return Some(kind.of(sure).ok()?.map_or(Calc::Nothing, Calc::Value));
    }
    let range = |low: Option<Value>, high: Option<Value>, perhaps: bool| match (low, high) {
        (Some(low), Some(high)) if low == high && !perhaps => Calc::Value(low),
        (Some(low), Some(high)) => Calc::Between(low, high, perhaps),
        _ => Calc::Missing,
    };
    let (least, greatest) = (AggregateKind::Min, AggregateKind::Max);
    Some(match kind {
        AggregateKind::Count => range(kind.of(sure).ok()?, kind.of(all).ok()?, false),
        AggregateKind::Sum => {
            let part = |up: bool| -> Option<Option<Value>> {
                let mut members = sure.clone();
                for (value, weight) in extra {
                    let Value::Number(number) = value else { return None };
                    if number.checked_mul(*weight).ok()?.is_negative() != up {
                        members.push((value.clone(), *weight));
                    }
                }
                kind.of(members).ok()
            };
            range(part(false)?, part(true)?, false)
        }
        AggregateKind::Average | AggregateKind::Median => Calc::Missing,
        AggregateKind::Min | AggregateKind::Max => match (sure.is_empty(), kind) {
            (true, _) => range(least.of(all.clone()).ok()?, greatest.of(all).ok()?, true),
            (false, AggregateKind::Min) => range(least.of(all).ok()?, least.of(sure).ok()?, false),
            (false, _) => range(greatest.of(sure).ok()?, greatest.of(all).ok()?, false),
        },
    })
}

/// Whether two sides compare so: some two values of theirs (possible), or all (certain).
pub(super) fn compare(lhs: &Calc, op: CompareOp, rhs: &Calc, possible: bool) -> bool {
    let ends = |side: &Calc| match side {
        Calc::Value(value) => Some((value.clone(), value.clone(), false)),
        Calc::Between(low, high, perhaps) => Some((low.clone(), high.clone(), *perhaps)),
        Calc::Thing(_) | Calc::Missing | Calc::Nothing | Calc::Failed => None,
    };
    if let (Calc::Thing(left), Calc::Thing(right)) = (lhs, rhs) {
        return match op {
            CompareOp::Eq => left == right,
            CompareOp::Ne => left != right,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => false,
        };
    }
    if [lhs, rhs].iter().any(|side| matches!(side, Calc::Nothing | Calc::Failed)) {
        return false;
    }
    let (Some((a, b, nothing)), Some((c, d, nowhere))) = (ends(lhs), ends(rhs)) else { return possible };
    if !possible && (nothing || nowhere) {
        return false;
    }
    let orders = [
        (std::cmp::Ordering::Less, a < d),
        (std::cmp::Ordering::Greater, b > c),
        (std::cmp::Ordering::Equal, a <= d && c <= b),
    ];
    let mut open = orders.iter().filter(|(_, is)| *is).map(|(order, _)| holds(op, *order));
    if possible { open.any(|meets| meets) } else { open.all(|meets| meets) }
}

/// Whether two values in this order compare so.
pub(super) fn holds(op: CompareOp, order: std::cmp::Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

fn worked_out(expr: &Expr, values: &[Value]) -> Option<Value> {
    let number = |at: usize| match &values[at] {
        Value::Number(number) => Some(*number),
        _ => None,
    };
    let date = |at: usize| match &values[at] {
        Value::Date(date) => Some(*date),
        _ => None,
    };
    match expr {
        Expr::Negate(_) => Some(Value::Number(-number(0)?)),
        Expr::Binary(op, ..) => {
            let (x, y) = (number(0)?, number(1)?);
            let result = match op {
                BinaryOp::Add => x.checked_add(y),
                BinaryOp::Subtract => x.checked_sub(y),
                BinaryOp::Multiply => x.checked_mul(y),
                BinaryOp::Divide => x.checked_div(y),
                BinaryOp::Power => x.checked_pow(y),
            };
            result.ok().map(Value::Number)
        }
        Expr::DaysBetween(..) => Some(Value::Number(date(0)?.days_since(date(1)?).into())),
        Expr::Shift { unit, back, .. } => {
            let amount = number(1)?.to_i64()?;
            let amount = if *back { amount.checked_neg()? } else { amount };
            let moved = match unit {
                DateUnit::Days => date(0)?.add_days(amount),
                DateUnit::Months => date(0)?.add_months(amount),
                DateUnit::Years => date(0)?.add_years(amount),
            };
            moved.map(Value::Date)
        }
        Expr::Call(function, _) => (function.evaluate)(values).ok(),
        Expr::Term(_) | Expr::Aggregate(_) => None,
    }
}
