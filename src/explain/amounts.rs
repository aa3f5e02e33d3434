//! What calculations come to, written down: the values, and what was counted or added up.

use std::cmp::Ordering;

use super::calculate::{Calc, keys};
use super::lookup::{Stop, Tuple};
use super::run::Run;
use super::solve::Env;
use crate::checker::{Amount, Member};
use crate::engine::{Computed, Members};
use crate::model::{Aggregate, Constant, Expr, Ty};
use crate::value::{Decimal, Value};

/// The most members of an aggregate that are shown.
const MEMBERS: usize = 3;

/// How many members an aggregate has, and the first of them.
pub(super) type Shown = (usize, Vec<Member>);

impl Run<'_> {
    /// What a calculation comes to, with what was counted or added up.
    pub fn amount(&self, expr: &Expr, env: &Env<'_>) -> Result<Amount, Stop> {
        let members = match expr {
            Expr::Aggregate(aggregate) => self.members_shown(aggregate, env)?,
            _ => None,
        };
        Ok(Amount { members, ..self.range(expr, env)? })
    }

    /// The same without what was counted or added up.
    pub fn range(&self, expr: &Expr, env: &Env<'_>) -> Result<Amount, Stop> {
        let calc = self.calculate(expr, env)?;
        let domain = |env: &Env<'_>| match expr {
            Expr::Term(crate::model::Term::Var(var)) => self.world.ruleset.domain_of(env.vars[*var].ty),
            Expr::Term(crate::model::Term::Constant(Constant::Thing(domain, _))) => *domain,
            _ => crate::model::DomainId(0),
        };
        let without = calc == Calc::Failed;
        let (range, perhaps_nothing) = match calc {
            Calc::Of(Computed::Value(value)) => {
                let value = Constant::Value(value);
                (Some((value.clone(), value)), false)
            }
            Calc::Thing(id) => {
                (self.world.constant(domain(env), id).map(|thing| (thing.clone(), thing)), false)
            }
            Calc::Of(Computed::Between { low, high, perhaps_nothing }) => {
                (Some((Constant::Value(low), Constant::Value(high))), perhaps_nothing)
            }
            Calc::Of(Computed::Missing | Computed::PerhapsMissing) | Calc::Failed => (None, false),
            Calc::Of(Computed::Nothing) => (None, true),
        };
        Ok(Amount { range, perhaps_nothing, without, members: None })
    }

    fn members_shown(&self, aggregate: &Aggregate, env: &Env<'_>) -> Result<Option<Shown>, Stop> {
        if let Some(known) = self.shown_of_many(aggregate, env)? {
            return Ok(Some(known));
        }
        let members = self.whole().members_of(aggregate, env, false)?;
        Ok(members.map(|members| self.shown(aggregate, env, &members)))
    }

    /// How many members there are, and the first.
    pub fn shown(&self, aggregate: &Aggregate, env: &Env<'_>, members: &Members) -> Shown {
        let types: Vec<Ty> = keys(aggregate).into_iter().map(|var| env.vars[var].ty).collect();
        let mut first: Vec<(&Tuple, &Option<(Value, Decimal)>)> = Vec::new();
        for member in members {
            let place =
                first.partition_point(|other| self.in_order(other.0, member.0, &types) == Ordering::Less);
            if place < MEMBERS {
                first.insert(place, member);
                first.truncate(MEMBERS);
            }
        }
        let told = |(key, value): (&Tuple, &Option<(Value, Decimal)>)| Member {
            key: key
                .iter()
                .zip(&types)
                .map(|(id, ty)| self.world.constant(self.world.ruleset.domain_of(*ty), *id))
                .collect(),
            value: value.as_ref().map(|(value, _)| value.clone()).filter(|_| !aggregate.each.is_empty()),
        };
        (members.len(), first.into_iter().map(told).collect())
    }

    /// In which order two members are told: by names, and by values.
    fn in_order(&self, left: &[u32], right: &[u32], types: &[Ty]) -> Ordering {
        let slots = left.iter().zip(right).zip(types);
        let own = |((left, right), ty): ((&u32, &u32), &Ty)| {
            if left == right {
                return Ordering::Equal;
            }
            let domain = self.world.ruleset.domain_of(*ty);
            let names = &self.world.evaluation.dictionaries[domain];
            if matches!(ty, Ty::Thing(_)) && [left, right].iter().all(|id| (**id as usize) < names.len()) {
                return names.name(*left).cmp(names.name(*right));
            }
            self.world.constant(domain, *left).cmp(&self.world.constant(domain, *right))
        };
        slots.map(own).find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
    }
}
