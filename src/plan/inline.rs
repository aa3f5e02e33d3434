//! Words that need no value of their own: one that must be a constant stands for that, and one that is only compared
//! stands for what it is worked out from.

use std::collections::BTreeSet;

use super::compile::{Compiler, Item, vars_of};
use super::expressions::fixed;
use super::missing::loose;
use super::request::Inputs;
use super::rewritten::comparisons::{bounds, distance, is_difference};
use crate::base::{Idx, IndexVec};
use crate::model::clause::{as_var, expr_vars, may_fail};
use crate::model::{Aggregate, Atom, Clause, CompareOp, Cond, Expr, Term, Var, VarId};

/// So many comparisons may read what is worked out once in each of them.
const MOST_TIMES: usize = 3;

/// The same conditions with each word that must be a constant replaced by that; the first so many words, and those
/// whose value may be missing, stay.
pub fn with_constants(
    inputs: &Inputs<'_>,
    vars: &IndexVec<VarId, Var>,
    slots: usize,
    mut items: Vec<Cond>,
) -> Vec<Cond> {
    let clause = Clause { vars: vars.clone(), when: Cond::And(items.clone()), unless: None };
    let loose = loose(inputs, &clause);
    let is_free = |var: VarId| var.index() >= slots && !loose.contains(&var);
    loop {
        let all: Vec<Item<'_>> = items.iter().map(Item::Is).collect();
        let Some((at, var, constant)) = constant(&all, is_free) else { return items };
        items.remove(at);
        let by = Expr::Term(constant);
        items.iter_mut().for_each(|item| *item = in_cond(item, var, &by));
    }
}

impl<'r> Compiler<'_, 'r> {
    /// The same conditions without such words; of those bound or needed, and of those whose value may be missing, none
    /// is a constant.
    pub(super) fn inlined(
        &self,
        mut items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
    ) -> Vec<Item<'r>> {
        // What was made beside the clause's own words joins what may be missing.
        let own = self.request.clause.vars.len();
        let is_free = |var: VarId| var.index() < own && !bound.contains(&var) && !needed.contains(&var);
        while let Some((at, var, constant)) =
            constant(&items, |var| is_free(var) && !self.loose.contains(&var))
        {
            items.remove(at);
            items = self.replaced(&items, var, &Expr::Term(constant));
        }
        while let Some((at, var, value)) = self.only_compared(&items, is_free) {
            items.remove(at);
            items = self.replaced(&items, var, value);
        }
        items
    }

    fn replaced(&self, items: &[Item<'r>], var: VarId, by: &Expr) -> Vec<Item<'r>> {
        let own = |item: &Item<'r>| {
            if !vars_of(*item).contains(&var) {
                return vec![*item];
            }
            match item {
                Item::Is(cond) => {
                    let cond = in_cond(cond, var, by);
                    match bounds(&cond) {
                        Some(both) => both.map(|bound| Item::Is(&*self.arena.alloc(bound))).into(),
                        None => vec![Item::Is(self.arena.alloc(cond))],
                    }
                }
                Item::Not(cond) => vec![Item::Not(self.arena.alloc(in_cond(cond, var, by)))],
            }
        };
        items.iter().flat_map(own).collect()
    }

    /// A word that is worked out from others, or takes its value from figures over facts none of which is doubtful, and that
    /// one comparison alone reads.
    fn only_compared(
        &self,
        items: &[Item<'r>],
        is_free: impl Fn(VarId) -> bool,
    ) -> Option<(usize, VarId, &'r Expr)> {
        items.iter().enumerate().find_map(|(at, item)| {
            let Item::Is(cond @ Cond::Let { var, value, .. }) = item else { return None };
            let (mut figures, mut doubtful) = (false, false);
            cond.aggregated(&mut |body| {
                figures = true;
                doubtful |= self.is_doubtful(body);
            });
            let steady = |expr: &Expr| fixed(self.inputs.parameters, expr);
            if doubtful || figures && may_fail(value, &steady) || !is_free(*var) {
                return None;
            }
            if !figures && matches!(value, Expr::Term(_)) {
                return None;
            }
            let others = items.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, item)| item);
            let reads: Vec<&Item<'r>> = others.filter(|item| vars_of(**item).contains(var)).collect();
            let is_compared = |item: &&Item<'r>| match item {
                Item::Is(Cond::Compare { lhs, rhs, .. }) => plainly(lhs, *var) + plainly(rhs, *var) == 1,
                _ => false,
            };
            // How far two are apart is soon worked out again, and narrows what is looked up.
            let most = if is_difference(value) || distance(value).is_some() { MOST_TIMES } else { 1 };
            (1..=most).contains(&reads.len()).then_some(())?;
            reads.iter().all(is_compared).then_some((at, *var, value))
        })
    }
}

/// A word that must be a constant and stands in a sentence, with the place of what says so.
fn constant(items: &[Item<'_>], is_free: impl Fn(VarId) -> bool) -> Option<(usize, VarId, Term)> {
    let is_named = |var: VarId| {
        items.iter().any(|item| match item {
            Item::Is(Cond::Atom(atom)) => atom.args.contains(&Term::Var(var)),
            _ => false,
        })
    };
    let is_told_otherwise = |var: VarId| {
        items.iter().any(|item| {
            matches!(item, Item::Is(Cond::Let { var: other, .. } | Cond::Stated { var: other, .. }) if *other == var)
        })
    };
    items.iter().enumerate().find_map(|(at, item)| {
        let Item::Is(Cond::Compare { lhs, op: CompareOp::Eq, rhs, .. }) = item else { return None };
        let (var, constant) = match (lhs, rhs) {
            (Expr::Term(Term::Var(var)), Expr::Term(constant @ Term::Constant(_)))
            | (Expr::Term(constant @ Term::Constant(_)), Expr::Term(Term::Var(var))) => (*var, constant),
            _ => return None,
        };
        (is_free(var) && is_named(var) && !is_told_otherwise(var)).then(|| (at, var, constant.clone()))
    })
}

/// How often a calculation reads a word outside figures; more than once where figures read it.
fn plainly(expr: &Expr, var: VarId) -> usize {
    match expr {
        Expr::Term(term) => usize::from(as_var(term) == Some(var)),
        Expr::Negate(inner) => plainly(inner, var),
        Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => plainly(lhs, var) + plainly(rhs, var),
        Expr::Shift { date, amount, .. } => plainly(date, var) + plainly(amount, var),
        Expr::Call(_, args) => args.iter().map(|arg| plainly(arg, var)).sum(),
        Expr::Aggregate(_) => {
            let mut vars = Vec::new();
            expr_vars(expr, &mut vars);
            2 * usize::from(vars.contains(&var))
        }
    }
}

/// A condition with a calculation in the place of a word; of words that stand in sentences only a term may be.
pub(super) fn in_cond(cond: &Cond, var: VarId, by: &Expr) -> Cond {
    let all = |parts: &[Cond]| parts.iter().map(|part| in_cond(part, var, by)).collect();
    match cond {
        Cond::And(parts) => Cond::And(all(parts)),
        Cond::Or(parts) => Cond::Or(all(parts)),
        Cond::Not(inner, span) => Cond::Not(Box::new(in_cond(inner, var, by)), *span),
        Cond::Atom(atom) => {
            let args = atom.args.iter().map(|term| in_term(term, var, by)).collect();
            Cond::Atom(Atom { args, ..atom.clone() })
        }
        Cond::Compare { lhs, op, rhs, span } => {
            Cond::Compare { lhs: in_expr(lhs, var, by), op: *op, rhs: in_expr(rhs, var, by), span: *span }
        }
        Cond::Let { var: own, value, span } => {
            Cond::Let { var: *own, value: in_expr(value, var, by), span: *span }
        }
        Cond::Stated { .. } => cond.clone(),
        Cond::IsKind { term, kind, span } => {
            Cond::IsKind { term: in_term(term, var, by), kind: *kind, span: *span }
        }
    }
}

fn in_term(term: &Term, var: VarId, by: &Expr) -> Term {
    match by {
        Expr::Term(by) if as_var(term) == Some(var) => by.clone(),
        _ => term.clone(),
    }
}

pub(super) fn in_expr(expr: &Expr, var: VarId, by: &Expr) -> Expr {
    match expr {
        Expr::Term(term) if as_var(term) == Some(var) => by.clone(),
        Expr::Aggregate(aggregate) => {
            if aggregate.owns(var) {
                return expr.clone();
            }
            Expr::Aggregate(Box::new(Aggregate {
                value: in_expr(&aggregate.value, var, by),
                weight: aggregate.weight.as_ref().map(|weight| in_expr(weight, var, by)),
                body: in_cond(&aggregate.body, var, by),
                ..(**aggregate).clone()
            }))
        }
        _ => expr.with_parts(&mut |part| in_expr(part, var, by)),
    }
}
