//! Figures in the form that costs least.

use std::sync::Arc;

use super::Body;
use super::comparisons::straight;
use crate::builtin::AggregateKind;
use crate::engine::planted::pays_from;
use crate::model::clause::{all_cond_vars, as_var, cond_vars, expr_vars, is_risky};
use crate::model::{Aggregate, Atom, CompareOp, Cond, Constant, Expr, Term, Ty, VarId};
use crate::plan::expressions::fixed;
use crate::plan::inline::in_expr;
use crate::value::{Decimal, Value};

/// Where each thing leads to fewer members than this, they are gone through soon.
const FEW_MEMBERS: f64 = 16.0;

/// The same with a word that is only worked out to be taken (`x = abs(w - b)`) replaced by what it is worked out from.
pub(super) fn written_out(mut aggregate: Aggregate) -> Aggregate {
    if aggregate.kind == AggregateKind::Count {
        return aggregate;
    }
    while let Cond::And(parts) = &aggregate.body
        && let Some((at, var, by)) = only_taken(&aggregate, parts)
    {
        let value = in_expr(&aggregate.value, var, &by);
        let weight = aggregate.weight.as_ref().map(|weight| in_expr(weight, var, &by));
        let rest = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| part.clone());
        let body = Cond::And(rest.collect());
        aggregate = Aggregate { value, weight, body, ..aggregate };
    }
    aggregate
}

/// Such a word, where it is worked out and from what.
fn only_taken(aggregate: &Aggregate, parts: &[Cond]) -> Option<(usize, VarId, Expr)> {
    parts.iter().enumerate().find_map(|(at, part)| {
        let Cond::Let { var, value, .. } = part else { return None };
        let mut figures = false;
        value.aggregates(&mut |_| figures = true);
        let mut read = Vec::new();
        let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
        others.for_each(|(_, other)| all_cond_vars(other, &mut read));
        let is_only_taken = !figures
            && parts.len() > 1
            && aggregate.owns(*var)
            && !aggregate.each.contains(var)
            && !read.contains(var);
        is_only_taken.then(|| (at, *var, value.clone()))
    })
}

/// Whether a sentence leads from something outside to a figure's own.
pub(super) fn leads_in(aggregate: &Aggregate, cond: &Cond) -> bool {
    match cond {
        Cond::Atom(atom) => {
            let own = |var: &VarId| aggregate.owns(*var);
            let mut vars = atom.args.iter().filter_map(as_var);
            vars.clone().any(|var| own(&var)) && !vars.all(|var| own(&var))
        }
        _ => false,
    }
}

impl Body<'_> {
    /// What there must be none of, where a comparison says that a count is nothing; only where nothing of it is doubtful.
    pub(super) fn of_none(&self, lhs: &Expr, op: CompareOp, rhs: &Expr) -> Option<Cond> {
        let (aggregate, op, number) = match (lhs, rhs) {
            (
                Expr::Aggregate(aggregate),
                Expr::Term(Term::Constant(Constant::Value(Value::Number(number)))),
            ) => (aggregate, op, *number),
            (
                Expr::Term(Term::Constant(Constant::Value(Value::Number(number)))),
                Expr::Aggregate(aggregate),
            ) => (aggregate, op.mirrored(), *number),
            _ => return None,
        };
        let says_none = match op {
            CompareOp::Eq | CompareOp::Le => number == Decimal::ZERO,
            CompareOp::Lt => number == Decimal::from(1),
            CompareOp::Gt | CompareOp::Ge | CompareOp::Ne => false,
        };
        // A count goes through all, so that it says what has no result.
        let steady = |expr: &Expr| fixed(self.inputs.parameters, expr);
        let is_it = says_none
            && aggregate.kind == AggregateKind::Count
            && self.is_sure(&aggregate.body)
            && !is_risky(&aggregate.body, &steady);
        is_it.then(|| aggregate.body.clone())
    }

    /// A count or sum of those that something does not hold of, as one of all and one of those that it does hold of, which is
    /// to be taken off: where it is about the one that is counted and something outside, all are the same for many, or are
    /// counted without being gone through.
    pub(super) fn less_those(&self, aggregate: &Aggregate) -> Option<[Aggregate; 2]> {
        let (counted, is_thing) =
            (counted(aggregate)?, |var: VarId| matches!(self.vars[var].ty, Ty::Thing(_)));
        let Cond::And(parts) = &aggregate.body else { return None };
        if aggregate.weight.is_some() || !is_thing(counted) {
            return None;
        }
        let parts: Vec<Cond> =
            parts.iter().map(|part| straight(part).unwrap_or_else(|| part.clone())).collect();
        let at = parts.iter().position(|part| is_of(aggregate, counted, part, &parts))?;
        let rest: Vec<Cond> = parts
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, part)| part.clone())
            .collect();
        let has_many = |part: &Cond| matches!(part, Cond::Atom(atom) if self.leads_to_many(aggregate, atom));
        if !rest.iter().any(has_many) || !self.is_sure(&aggregate.body) {
            return None;
        }
        let that = match &parts[at] {
            Cond::Not(inner, _) => (**inner).clone(),
            Cond::Compare { lhs, rhs, span, .. } => {
                Cond::Compare { lhs: lhs.clone(), op: CompareOp::Eq, rhs: rhs.clone(), span: *span }
            }
            _ => return None,
        };
        let those = Cond::And(rest.iter().cloned().chain([that]).collect());
        Some([Cond::And(rest), those].map(|body| Aggregate { body, ..aggregate.clone() }))
    }

    /// A count or sum of those that are either, as one of each kind and one of those that are both, which is to be taken off:
    /// each is looked up by itself. Only where nothing else leads from the outside to what is counted.
    pub(super) fn of_either(&self, aggregate: &Aggregate) -> Option<[Aggregate; 3]> {
        let counted = counted(aggregate)?;
        let parts = match &aggregate.body {
            Cond::And(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let leads = |cond: &Cond| match cond {
            Cond::And(parts) => parts.iter().any(|part| leads_in(aggregate, part)),
            cond => leads_in(aggregate, cond),
        };
        let at = parts
            .iter()
            .position(|part| matches!(part, Cond::Or(ways) if ways.len() == 2 && ways.iter().all(leads)))?;
        let Cond::Or(ways) = &parts[at] else { return None };
        let [one, other] = ways.as_slice() else { return None };
        let rest = || parts.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, part)| part);
        let own = |conds: &mut dyn Iterator<Item = &Cond>| {
            let mut read = Vec::new();
            conds.for_each(|cond| all_cond_vars(cond, &mut read));
            read.retain(|var| aggregate.owns(*var) && *var != counted);
            read
        };
        let (in_one, in_other) = (own(&mut std::iter::once(one)), own(&mut std::iter::once(other)));
        let mut elsewhere = own(&mut rest());
        expr_vars(&aggregate.value, &mut elsewhere);
        let is_apart = !in_one.iter().any(|var| in_other.contains(var) || elsewhere.contains(var))
            && !in_other.iter().any(|var| elsewhere.contains(var));
        if !is_apart
            || aggregate.weight.is_some()
            || !matches!(self.vars[counted].ty, Ty::Thing(_))
            || rest().any(|part| leads_in(aggregate, part))
            || !self.is_sure(&aggregate.body)
        {
            return None;
        }
        let with_rest = |ways: &[&Cond]| {
            let mut parts: Vec<Cond> = Vec::new();
            for way in ways {
                match way {
                    Cond::And(own) => parts.extend_from_slice(own),
                    one => parts.push((*one).clone()),
                }
            }
            parts.extend(rest().cloned());
            let body = Cond::And(parts);
            Aggregate { body, ..aggregate.clone() }
        };
        Some([with_rest(&[one]), with_rest(&[other]), with_rest(&[one, other])])
    }

    /// Whether a sentence leads from something outside to many of the figure's own.
    fn leads_to_many(&self, aggregate: &Aggregate, atom: &Atom) -> bool {
        let table = (self.inputs.tables)(&atom.source, true);
        let slot = atom.args.iter().position(|term| as_var(term).is_some_and(|var| !aggregate.owns(var)));
        let owns = atom.args.iter().filter_map(as_var).any(|var| aggregate.owns(var));
        let members =
            |slot: usize| table.met(&[slot]).max(table.len() as f64 / table.distinct(slot).max(1) as f64);
        slot.is_some_and(|slot| owns && members(slot) >= pays_from(FEW_MEMBERS))
    }

    /// Whether all facts that a condition is about are certain, with all their values, and those of the words it reads.
    fn is_sure(&self, cond: &Cond) -> bool {
        let mut read = Vec::new();
        all_cond_vars(cond, &mut read);
        self.has_certain_facts(cond) && !read.iter().any(|var| self.loose.contains(var))
    }

    fn has_certain_facts(&self, cond: &Cond) -> bool {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().all(|part| self.has_certain_facts(part)),
            Cond::Not(inner, _) => self.has_certain_facts(inner),
            Cond::Atom(atom) => self.is_certain(atom),
            Cond::Compare { .. } | Cond::Let { .. } => {
                let mut sure = true;
                cond.aggregated(&mut |body| sure &= self.has_certain_facts(body));
                sure
            }
            Cond::IsKind { .. } => true,
            Cond::Stated { .. } => false,
        }
    }

    /// Whether all facts of a sentence are certain, with all their values.
    pub(super) fn is_certain(&self, atom: &Atom) -> bool {
        let inputs = self.inputs;
        let table = (inputs.tables)(&atom.source, false);
        Arc::ptr_eq(&table, &(inputs.tables)(&atom.source, true))
            && !(0..atom.args.len()).any(|slot| (inputs.missing)(&atom.source, slot))
    }
}

/// The one word that counts once.
fn counted(aggregate: &Aggregate) -> Option<VarId> {
    match (aggregate.kind, &aggregate.value, &aggregate.each[..]) {
        (AggregateKind::Count, Expr::Term(term), _) => as_var(term),
        (AggregateKind::Sum, _, [each]) => Some(*each),
        _ => None,
    }
}

/// Whether a part of a body keeps out what something holds of that is said of the one counted and of something outside.
fn is_of(aggregate: &Aggregate, counted: VarId, part: &Cond, parts: &[Cond]) -> bool {
    let rest = || parts.iter().filter(|other| !std::ptr::eq(*other, part));
    match part {
        Cond::Not(inner, _) => {
            let (mut read, mut elsewhere) = (Vec::new(), Vec::new());
            all_cond_vars(inner, &mut read);
            rest().for_each(|other| all_cond_vars(other, &mut elsewhere));
            expr_vars(&aggregate.value, &mut elsewhere);
            let shared =
                read.iter().all(|var| *var == counted || !aggregate.owns(*var) || !elsewhere.contains(var));
            shared
                && read.contains(&counted)
                && read.iter().any(|var| !aggregate.owns(*var))
                && matches!(&**inner, Cond::Atom(_))
        }
        // Where the rest hangs on nothing else of the outside, the group is gone through once for all (`all_but`).
        Cond::Compare { lhs: Expr::Term(one), op: CompareOp::Ne, rhs: Expr::Term(other), .. } => {
            let other = match (as_var(one), as_var(other)) {
                (Some(one), Some(other)) if one == counted => other,
                (Some(one), Some(other)) if other == counted => one,
                _ => return false,
            };
            let bounds_by_outside = |part: &Cond| {
                let mut read = Vec::new();
                cond_vars(part, &mut read);
                matches!(part, Cond::Compare { op, .. } if !matches!(op, CompareOp::Eq | CompareOp::Ne))
                    && read.iter().any(|var| !aggregate.owns(*var))
                    && read.iter().any(|var| aggregate.owns(*var))
            };
            !aggregate.owns(other) && rest().any(bounds_by_outside)
        }
        _ => false,
    }
}
