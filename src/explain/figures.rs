//! What aggregates come to, remembered: in one world, and in all that differ from it where nothing an aggregate rests on
//! differs.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use rustc_hash::FxBuildHasher;

use super::calculate::Calc;
use super::lookup::Stop;
use super::run::Run;
use super::solve::Env;
use super::world::cond_reads;
use crate::base::{Idx, Span};
use crate::engine::Computed;
use crate::model::clause::{cond_vars, expr_vars};
use crate::model::{Aggregate, VarId};

/// An aggregate over so many members is not gone through anew where its value is certain whatever is filled in.
const MANY: usize = 1 << 10;

/// An aggregate by its place, and the ids of words that are not its own.
type Key = (Span, Vec<Option<u32>>);

/// What aggregates come to.
pub(super) type Sums = HashMap<Key, Figure, FxBuildHasher>;

/// What an aggregate comes to.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    comes_to: Calc,
    /// Whether there is a value, of many members.
    is_heavy: bool,
}

impl Run<'_> {
    /// What an aggregate comes to.
    pub(super) fn aggregate(&self, aggregate: &Aggregate, env: &Env<'_>) -> Result<Calc, Stop> {
        let whole = self.whole();
        let key = (aggregate.span, outer(aggregate, env));
        // Within a loop more may come yet, and who asks how far sides lie apart wants to hear of all.
        let keeps = whole.sides.is_none() && whole.is_at_rest();
        if let Some(known) = whole.sums.borrow().get(&key).filter(|_| keeps) {
            return Ok(known.comes_to.clone());
        }
        // What is certain in a world is so in each of its completions.
        let completed = whole.completes().filter(|_| whole.is_at_rest());
        let is_same = completed.is_none() && whole.is_at_rest() && whole.reaches_nothing(aggregate);
        let stays = is_same && keeps;
        if let Some(known) = whole.world.sums.borrow().get(&key)
            && (stays || (is_same || completed.is_some()) && known.is_heavy)
        {
            whole.tick()?;
            return Ok(known.comes_to.clone());
        }
        let before = whole.trace.as_ref().filter(|_| completed.is_some()).map(RefCell::take);
        let figure = whole.figure(aggregate, env);
        let agrees = |figure: &Figure| {
            let base = completed.and_then(|base| base.aggregate(aggregate, env).ok());
            base.is_some_and(|base| base == figure.comes_to)
        };
        let is_certain = figure.as_ref().is_ok_and(|figure| figure.is_heavy && agrees(figure));
        if let (Some(before), Some(trace)) = (before, &whole.trace) {
            let own = trace.replace(before);
            if !is_certain {
                trace.borrow_mut().extend(own);
            }
        }
        let figure = figure?;
        if is_certain || stays && figure.comes_to != Calc::Failed {
            whole.world.sums.borrow_mut().insert(key.clone(), figure.clone());
        }
        if keeps && figure.comes_to != Calc::Failed {
            whole.sums.borrow_mut().insert(key, figure.clone());
        }
        Ok(figure.comes_to)
    }

    /// The same, worked out.
    fn figure(&self, aggregate: &Aggregate, env: &Env<'_>) -> Result<Figure, Stop> {
        let members = |possible| self.strictly(|_| self.members_of(aggregate, env, possible));
        let (Some(certain), Some(possible)) = (members(false)?, members(true)?) else {
            return Ok(Figure { comes_to: Calc::Failed, is_heavy: false });
        };
        let comes_to: Calc = crate::engine::aggregated(aggregate.kind, &certain, &possible).into();
        let is_heavy = possible.len() >= MANY && matches!(comes_to, Calc::Of(Computed::Value(_)));
        Ok(Figure { comes_to, is_heavy })
    }

    /// Whether nothing that differs here has a say in an aggregate.
    fn reaches_nothing(&self, aggregate: &Aggregate) -> bool {
        let mut nodes = Vec::new();
        cond_reads(&aggregate.body, &mut nodes);
        let mut inner = Vec::new();
        aggregate.value.aggregates(&mut |other| inner.push(other));
        aggregate.weight.iter().for_each(|weight| weight.aggregates(&mut |other| inner.push(other)));
        let plain = inner.is_empty() && self.trace.is_none();
        plain && nodes.into_iter().all(|node| !self.differs(node))
    }
}

/// What stands in the words of an aggregate that are not its own.
fn outer(aggregate: &Aggregate, env: &Env<'_>) -> Vec<Option<u32>> {
    let mut vars = Vec::new();
    cond_vars(&aggregate.body, &mut vars);
    expr_vars(&aggregate.value, &mut vars);
    aggregate.weight.iter().for_each(|weight| expr_vars(weight, &mut vars));
    let outer: BTreeSet<VarId> = vars.into_iter().filter(|var| !aggregate.owns(*var)).collect();
    outer.into_iter().map(|var| env.ids[var.index()]).collect()
}
