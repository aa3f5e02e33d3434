//! Bodies in the form that costs least, where others mean the same: `not o is part` as `o is not part`, a difference that
//! is compared with nothing as its two sides, a sum of ones as a count, and a figure about a group that it names itself as
//! one about a group named before it.
//! A choice between what leads to the members of a figure is one between ways to all of them.

pub(super) mod comparisons;
mod figures;

use std::borrow::Cow;
use std::collections::BTreeSet;

use comparisons::{apart, bounds, straight};

use super::compile::NOWHERE;
use super::inline::{in_cond, in_expr};
use super::missing::loose;
use super::outline::is_made;
use super::request::Inputs;
use crate::base::IndexVec;
use crate::builtin::AggregateKind;
use crate::engine::planted::pays_from;
use crate::model::clause::{as_var, cond_vars, expr_vars};
use crate::model::{Aggregate, Atom, BinaryOp, Clause, Cond, Constant, Expr, Term, Ty, Var, VarId};
use crate::value::{Decimal, Value};

/// In a shorter table groups are small, and gone through soon.
const SHORT: usize = 1 << 10;
/// So many figures of a body get a group named before them: each doubles what must be looked at.
const MOST_NAMED: usize = 3;

/// So many figures of a body become several: each time there is more to work out.
const MOST_SPLIT: usize = 4;

/// Of so many ways of a choice each is gone by itself.
const MOST_WAYS: usize = 4;

/// The body in that form. `delta` says that some sentence of it reads other facts than its relation's.
pub(super) fn rewritten<'c>(inputs: &Inputs<'_>, clause: &'c Clause, delta: bool) -> Cow<'c, Clause> {
    let conds = || std::iter::once(&clause.when).chain(&clause.unless);
    if !conds().any(is_worth_it) {
        return Cow::Borrowed(clause);
    }
    let named = if delta { MOST_NAMED } else { 0 };
    let mut body = Body { inputs, vars: clause.vars.clone(), loose: loose(inputs, clause), named, split: 0 };
    let when = body.cond(&clause.when);
    let unless = clause.unless.as_ref().map(|unless| body.cond(unless));
    Cow::Owned(Clause { vars: body.vars, when, unless })
}

/// Whether something may be written otherwise.
fn is_worth_it(cond: &Cond) -> bool {
    let own = match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(is_worth_it),
        Cond::Not(inner, _) => matches!(**inner, Cond::Compare { .. }) || is_worth_it(inner),
        Cond::Compare { lhs, rhs, .. } => {
            apart(lhs, rhs).or_else(|| apart(rhs, lhs)).is_some() || bounds(cond).is_some()
        }
        Cond::Atom(_) | Cond::Let { .. } | Cond::IsKind { .. } | Cond::Stated { .. } => false,
    };
    let mut figures = false;
    cond.aggregated(&mut |_| figures = true);
    own || figures
}

/// A body that is being written anew.
struct Body<'b> {
    inputs: &'b Inputs<'b>,
    vars: IndexVec<VarId, Var>,
    /// Words whose value may be missing.
    loose: BTreeSet<VarId>,
    /// For how many figures a group was named.
    named: usize,
    /// How many figures became several.
    split: usize,
}

impl Body<'_> {
    fn cond(&mut self, cond: &Cond) -> Cond {
        match cond {
            Cond::And(parts) => Cond::And(parts.iter().map(|part| self.cond(part)).collect()),
            Cond::Or(parts) => Cond::Or(parts.iter().map(|part| self.cond(part)).collect()),
            Cond::Not(inner, span) => match straight(cond) {
                Some(straight) => self.cond(&straight),
                None => Cond::Not(Box::new(self.cond(inner)), *span),
            },
            Cond::Compare { lhs, op, rhs, span } => {
                let (lhs, op, rhs) = match (apart(lhs, rhs), apart(rhs, lhs)) {
                    (Some((one, other)), _) => (one, *op, other),
                    (_, Some((one, other))) => (one, op.mirrored(), other),
                    _ => (lhs, *op, rhs),
                };
                if let Some(bounds) =
                    bounds(&Cond::Compare { lhs: lhs.clone(), op, rhs: rhs.clone(), span: *span })
                {
                    return Cond::And(bounds.into());
                }
                if let Some(body) = self.of_none(lhs, op, rhs) {
                    return Cond::Not(Box::new(self.cond(&body)), *span);
                }
                let (lhs, rhs) = (self.expr(lhs), self.expr(rhs));
                self.with_groups_named(Cond::Compare { lhs, op, rhs, span: *span })
            }
            Cond::Let { var, value, span } => {
                let value = self.expr(value);
                self.with_groups_named(Cond::Let { var: *var, value, span: *span })
            }
            Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => cond.clone(),
        }
    }

    fn expr(&mut self, expr: &Expr) -> Expr {
        match expr {
            Expr::Aggregate(aggregate) => {
                let own =
                    |body: &mut Self, one: Aggregate| Box::new(body.expr(&Expr::Aggregate(Box::new(one))));
                let less = |all, those| Expr::Binary(BinaryOp::Subtract, all, those);
                if self.split >= MOST_SPLIT {
                    return Expr::Aggregate(Box::new(self.aggregate(aggregate)));
                }
                if let Some([all, those]) = self.less_those(aggregate) {
                    self.split += 1;
                    let [all, those] = [all, those].map(|one| own(self, one));
                    less(all, those)
                } else if let Some(parts) = self.of_either(aggregate) {
                    self.split += 1;
                    let [one, other, both] = parts.map(|one| own(self, one));
                    less(Box::new(Expr::Binary(BinaryOp::Add, one, other)), both)
                } else {
                    Expr::Aggregate(Box::new(self.aggregate(aggregate)))
                }
            }
            _ => expr.with_parts(&mut |part| self.expr(part)),
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Aggregate {
        // What is within is asked of each member: a group named there gains nothing.
        let named = std::mem::replace(&mut self.named, MOST_NAMED);
        let body = self.cond(&aggregate.body);
        self.named = named;
        let body = multiplied_out(aggregate, &body).unwrap_or(body);
        let mut own = figures::written_out(Aggregate { body, ..aggregate.clone() });
        let one = Value::Number(Decimal::from(1));
        if own.kind == AggregateKind::Sum
            && own.weight.is_none()
            && matches!(&own.value, Expr::Term(Term::Constant(Constant::Value(value))) if *value == one)
            && let [each] = own.each[..]
            && matches!(self.vars[each].ty, Ty::Thing(_))
        {
            own.kind = AggregateKind::Count;
            own.value = Expr::Term(Term::Var(each));
            own.each.clear();
        }
        own
    }

    /// The same where a figure of it names a group of something outside, which has one such group at most: of what has
    /// one the figure is one about that group, which is worked out once for all in it; of what has none it is about nothing.
    fn with_groups_named(&mut self, cond: Cond) -> Cond {
        if self.named >= MOST_NAMED {
            return cond;
        }
        let mut found = None;
        let mut look = |expr: &Expr| {
            expr.aggregates(&mut |aggregate| {
                if found.is_none() {
                    found = self.group_of(aggregate).map(|(atom, group)| (atom.clone(), group));
                }
            });
        };
        match &cond {
            Cond::Compare { lhs, rhs, .. } => {
                look(lhs);
                look(rhs);
            }
            Cond::Let { value, .. } => look(value),
            _ => {}
        }
        let Some((atom, group)) = found else { return cond };
        self.named += 1;
        let mut fresh = |name: &Atom| -> (VarId, Cond) {
            let var = self.vars.push(self.vars[group].clone());
            let by = Expr::Term(Term::Var(var));
            (var, in_cond(&Cond::Atom(name.clone()), group, &by))
        };
        let (outside, named) = fresh(&atom);
        let (_, other) = fresh(&atom);
        let of_group = |expr: &Expr| about(expr, &atom, group, outside);
        let about = match &cond {
            Cond::Compare { lhs, op, rhs, span } => {
                Cond::Compare { lhs: of_group(lhs), op: *op, rhs: of_group(rhs), span: *span }
            }
            Cond::Let { var, value, span } => Cond::Let { var: *var, value: of_group(value), span: *span },
            _ => return cond,
        };
        Cond::Or(vec![
            Cond::And(vec![named, self.with_groups_named(about)]),
            Cond::And(vec![Cond::Not(Box::new(other), NOWHERE), cond]),
        ])
    }

    /// The sentence of a figure that gives something outside one group at most, and the word for that.
    fn group_of<'a>(&self, aggregate: &'a Aggregate) -> Option<(&'a Atom, VarId)> {
        let Cond::And(parts) = &aggregate.body else { return None };
        let is_told = |var: &VarId| !aggregate.owns(*var);
        parts.iter().enumerate().find_map(|(at, part)| {
            let Cond::Atom(atom) = part else { return None };
            let mut own = (0..atom.args.len())
                .filter(|slot| as_var(&atom.args[*slot]).is_some_and(|var| !is_told(&var)));
            let (slot, None) = (own.next()?, own.next()) else { return None };
            let group = as_var(&atom.args[slot])?;
            let others: Vec<usize> = (0..atom.args.len()).filter(|other| *other != slot).collect();
            let is_about = others.iter().any(|other| as_var(&atom.args[*other]).is_some());
            let mut counted = Vec::new();
            expr_vars(&aggregate.value, &mut counted);
            let is_counted = aggregate.kind == AggregateKind::Count && counted.contains(&group)
                || aggregate.each == [group];
            let rest = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| part);
            let joins = rest
                .clone()
                .any(|part| matches!(part, Cond::Atom(atom) if atom.args.contains(&Term::Var(group))));
            let is_asked = rest.clone().any(|part| asks_stated(part, group));
            if !is_about || is_counted || !joins || is_asked || is_made(&atom.source) {
                return None;
            }
            // Without what else of the outside stands in it nothing is shared.
            let mut read = counted;
            rest.for_each(|part| cond_vars(part, &mut read));
            aggregate.weight.iter().for_each(|weight| expr_vars(weight, &mut read));
            let is_read =
                others.iter().filter_map(|other| as_var(&atom.args[*other])).all(|var| read.contains(&var));
            (!is_read && self.is_single(atom, &others)).then_some((atom, group))
        })
    }

    /// Whether facts, all of them certain, state nothing twice of what stands in these slots.
    fn is_single(&self, atom: &Atom, slots: &[usize]) -> bool {
        let table = (self.inputs.tables)(&atom.source, true);
        self.is_certain(atom) && table.len() >= pays_from(SHORT) && table.is_key_of(slots)
    }
}

/// The body of a figure with a choice in it as a choice of bodies, where nothing but the choice leads from the outside to
/// what is gone through: then each way of it is looked up by itself. What several ways lead to counts once all the same.
fn multiplied_out(aggregate: &Aggregate, body: &Cond) -> Option<Cond> {
    let Cond::And(parts) = body else { return None };
    let leads_in = |cond: &Cond| figures::leads_in(aggregate, cond);
    let leads = |cond: &Cond| match cond {
        Cond::And(parts) => parts.iter().any(leads_in),
        cond => leads_in(cond),
    };
    let is_choice =
        |part: &Cond| matches!(part, Cond::Or(ways) if ways.len() <= MOST_WAYS && ways.iter().all(leads));
    let at = parts.iter().position(is_choice)?;
    let Cond::Or(ways) = &parts[at] else { return None };
    let rest = || parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| part);
    if rest().any(leads_in) {
        return None;
    }
    let with_rest = |way: &Cond| {
        let own = match way {
            Cond::And(parts) => parts.clone(),
            one => vec![one.clone()],
        };
        Cond::And(own.into_iter().chain(rest().cloned()).collect())
    };
    Some(Cond::Or(ways.iter().map(with_rest).collect()))
}

/// Whether a condition asks whether a word has a value.
fn asks_stated(cond: &Cond, var: VarId) -> bool {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(|part| asks_stated(part, var)),
        Cond::Not(inner, _) => asks_stated(inner, var),
        Cond::Stated { var: own, .. } => *own == var,
        Cond::Atom(_) | Cond::Compare { .. } | Cond::Let { .. } | Cond::IsKind { .. } => false,
    }
}

/// A calculation whose figure that has this sentence is about a group that is named outside.
fn about(expr: &Expr, atom: &Atom, group: VarId, outside: VarId) -> Expr {
    match expr {
        Expr::Aggregate(aggregate) => {
            let is_it = |part: &Cond| matches!(part, Cond::Atom(other) if other.args == atom.args && other.source == atom.source);
            let Cond::And(parts) = &aggregate.body else { return expr.clone() };
            if !aggregate.owns(group) || !parts.iter().any(is_it) {
                return expr.clone();
            }
            let by = Expr::Term(Term::Var(outside));
            let parts = parts.iter().filter(|part| !is_it(part)).map(|part| in_cond(part, group, &by));
            Expr::Aggregate(Box::new(Aggregate {
                value: in_expr(&aggregate.value, group, &by),
                each: aggregate.each.iter().copied().filter(|each| *each != group).collect(),
                weight: aggregate.weight.as_ref().map(|weight| in_expr(weight, group, &by)),
                body: Cond::And(parts.collect()),
                ..(**aggregate).clone()
            }))
        }
        _ => expr.with_parts(&mut |part| about(part, atom, group, outside)),
    }
}
