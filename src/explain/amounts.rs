//! What calculations come to, written down: the values, and what was counted or added up.

use std::collections::BTreeSet;

use super::calculate::Calc;
use super::lookup::Stop;
use super::run::Run;
use super::solve::Env;
use crate::checker::{Amount, Member};
use crate::engine::Computed;
use crate::model::{Aggregate, Constant, Expr, Ty};

/// The most members of an aggregate that are shown.
const MEMBERS: usize = 3;

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

    fn members_shown(
        &self,
        aggregate: &Aggregate,
        env: &Env<'_>,
    ) -> Result<Option<(usize, Vec<Member>)>, Stop> {
        let Some(members) = self.whole().members_of(aggregate, env, false)? else { return Ok(None) };
        let mut read = Vec::new();
        crate::model::clause::expr_vars(&aggregate.value, &mut read);
        let keys: BTreeSet<crate::model::VarId> = if aggregate.each.is_empty() {
            read.into_iter().filter(|var| aggregate.owns(*var)).collect()
        } else {
            aggregate.each.iter().copied().collect()
        };
        let types: Vec<Ty> = keys.iter().map(|var| env.vars[*var].ty).collect();
        let mut shown: Vec<Member> = members
            .iter()
            .map(|(key, value)| Member {
                key: key
                    .iter()
                    .zip(&types)
                    .map(|(id, ty)| self.world.constant(self.world.ruleset.domain_of(*ty), *id))
                    .collect(),
                value: value.as_ref().map(|(value, _)| value.clone()).filter(|_| !aggregate.each.is_empty()),
            })
            .collect();
        let count = shown.len();
        if count > MEMBERS {
            shown.select_nth_unstable_by(MEMBERS, |left, right| left.key.cmp(&right.key));
            shown.truncate(MEMBERS);
        }
        shown.sort_by(|left, right| left.key.cmp(&right.key));
        Ok(Some((count, shown)))
    }
}
