//! What aggregates come to, remembered: in one world, and in all that differ from it where nothing an aggregate rests on
//! differs.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::amounts::Shown;
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

/// Of more members than that not all are noted where an answer is read off them.
const MOST_TRACED: usize = 20_000;
/// An aggregate is gone through anew where there are so many times as many steps left as it had members.
const A_LOOK: u64 = 8;

/// An aggregate by its place, and the ids of words that are not its own.
type Key = (Span, Vec<Option<u32>>);

/// What aggregates come to.
pub(super) type Sums = HashMap<Key, Figure, FxBuildHasher>;

/// What an aggregate comes to.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    comes_to: Calc,
    /// Of how many members.
    members: usize,
    /// How many of these there are for certain, and the first of them, where they are many.
    shown: Option<Rc<Shown>>,
}

impl Figure {
    fn failed() -> Self {
        Self { comes_to: Calc::Failed, members: 0, shown: None }
    }

    /// Whether there is a value, of many members.
    fn is_heavy(&self) -> bool {
        self.members >= MANY && matches!(self.comes_to, Calc::Of(Computed::Value(_)))
    }
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
            && (stays || (is_same || completed.is_some()) && known.is_heavy())
        {
            whole.tick()?;
            return Ok(known.comes_to.clone());
        }
        if completed.is_none()
            && let Some(known) = whole.world.sums.borrow().get(&key)
        {
            if known.members > MOST_TRACED && whole.trace.is_some() {
                // Of so many one changes little: what it comes to as it is will do to tell what else has a say.
                whole.note(|trace| trace.near = true);
                return Ok(known.comes_to.clone());
            }
            if known.members as u64 > whole.steps_left() / A_LOOK {
                return Err(Stop::Spent);
            }
        }
        let before = whole.trace.as_ref().filter(|_| completed.is_some()).map(RefCell::take);
        let figure = whole.figure(aggregate, env);
        let agrees = |figure: &Figure| {
            let base = completed.and_then(|base| base.aggregate(aggregate, env).ok());
            base.is_some_and(|base| base == figure.comes_to)
        };
        let is_certain = figure.as_ref().is_ok_and(|figure| figure.is_heavy() && agrees(figure));
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

    /// How many members an aggregate has for certain, and the first of them, where they are many and were gone through.
    pub(super) fn shown_of_many(&self, aggregate: &Aggregate, env: &Env<'_>) -> Result<Option<Shown>, Stop> {
        self.aggregate(aggregate, env)?;
        let (whole, key) = (self.whole(), (aggregate.span, outer(aggregate, env)));
        let of = |sums: &Sums| sums.get(&key).and_then(|known| known.shown.clone());
        let own = of(&whole.sums.borrow());
        let stays = own.is_none() && whole.is_at_rest() && whole.reaches_nothing(aggregate);
        let known = own.or_else(|| of(&whole.world.sums.borrow()).filter(|_| stays));
        Ok(known.map(|shown| Shown::clone(&shown)))
    }

    /// The same, worked out.
    fn figure(&self, aggregate: &Aggregate, env: &Env<'_>) -> Result<Figure, Stop> {
        let members = |possible| self.strictly(|_| self.members_of(aggregate, env, possible));
        let Some(certain) = members(false)? else {
            return Ok(Figure::failed());
        };
        let shown = (certain.len() >= MANY).then(|| Rc::new(self.shown(aggregate, env, &certain)));
        if shown.is_some() && self.reaches_nothing(aggregate) && self.is_sure_of(aggregate) {
            let comes_to = crate::engine::aggregated(aggregate.kind, &certain, &certain).into();
            return Ok(Figure { comes_to, members: certain.len(), shown });
        }
        let Some(possible) = members(true)? else { return Ok(Figure::failed()) };
        let comes_to = crate::engine::aggregated(aggregate.kind, &certain, &possible).into();
        Ok(Figure { comes_to, members: possible.len(), shown })
    }

    /// Whether nothing open has a say in which members there are, and in what they come to.
    fn is_sure_of(&self, aggregate: &Aggregate) -> bool {
        let mut nodes = Vec::new();
        cond_reads(&aggregate.body, &mut nodes);
        nodes.into_iter().all(|node| self.world.is_sure(node))
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
