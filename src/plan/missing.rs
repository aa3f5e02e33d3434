//! Values that may be missing: what is joined with one is neither certain nor impossible, so a join of
//! ids alone will not do. Where it can come up, the join is written out as conditions of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compile::{Compiler, Item};
use super::outline::is_made;
use super::request::Inputs;
use super::state::State;
use crate::base::{Idx, Span};
use crate::engine::Step;
use crate::engine::planted::{Bug, planted};
use crate::model::clause::{as_var, cond_vars, expr_vars};
use crate::model::{Atom, Clause, CompareOp, Cond, Expr, Term, VarId};

/// The variables of a clause whose value may be missing.
pub(super) fn loose(inputs: &Inputs<'_>, clause: &Clause) -> BTreeSet<VarId> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for cond in std::iter::once(&clause.when).chain(&clause.unless) {
            loose_in(inputs, cond, &mut found);
        }
        if found.len() == before {
            return found;
        }
    }
}

fn loose_in(inputs: &Inputs<'_>, cond: &Cond, found: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| loose_in(inputs, part, found)),
        Cond::Not(inner, _) => loose_in(inputs, inner, found),
        // What `known` stands before gives no word a missing value.
        Cond::Atom(atom) if atom.known => {}
        Cond::Atom(atom) => {
            let slots = atom.args.iter().enumerate();
            let missing = slots.filter(|(slot, _)| (inputs.missing)(&atom.source, *slot));
            found.extend(missing.filter_map(|(_, term)| as_var(term)));
        }
        Cond::Let { var, value, .. } => {
            let mut read = Vec::new();
            expr_vars(value, &mut read);
            let mut aggregates = false;
            value.aggregates(&mut |_| aggregates = true);
            if aggregates || read.iter().any(|var| found.contains(var)) {
                found.insert(*var);
            }
        }
        Cond::Compare { .. } | Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
    let mut bodies = Vec::new();
    cond.aggregated(&mut |body| bodies.push(body));
    bodies.into_iter().for_each(|body| loose_in(inputs, body, found));
}

impl<'r> Compiler<'_, 'r> {
    /// The conditions of a new scope, those of inner scopes left as they are. Where what is certain is
    /// asked, a word that joins must be stated; where what is possible is, each place of it gets a
    /// variable of its own and joins by itself.
    pub(super) fn scope(
        &mut self,
        items: Vec<Item<'r>>,
        outside: &BTreeSet<VarId>,
        possible: bool,
    ) -> Vec<Item<'r>> {
        let items = self.without_idle_checks(items);
        let constants = |atom: &Atom| {
            let slots = atom.args.iter().enumerate();
            let mut fixed = slots.filter(|(_, term)| as_var(term).is_none());
            !is_made(&atom.source) && fixed.any(|(slot, _)| (self.inputs.missing)(&atom.source, slot))
        };
        let any_constant =
            items.iter().any(|item| matches!(item, Item::Is(Cond::Atom(atom)) if constants(atom)));
        if self.loose.is_empty() && !any_constant {
            return items;
        }
        if possible && let Some(at) = self.joining_choice(&items, outside) {
            return vec![self.multiplied_out(&items, at)];
        }
        let shared = self.shared(&items, outside);
        if shared.is_empty() && !any_constant {
            return items;
        }
        let mut out: Vec<Item<'r>> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match item {
                Item::Is(Cond::Atom(atom)) if possible => {
                    let joins = |var: VarId| shared.contains_key(&var);
                    match self.gaps_filled(&items, at, atom, (&joins, outside)) {
                        Some(item) => out.push(item),
                        None => self.loosened(atom, &shared, &mut out),
                    }
                }
                other => out.push(*other),
            }
        }
        if !possible {
            for (var, span) in shared {
                out.push(Item::Is(self.arena.alloc(Cond::Stated { var, span })));
            }
        }
        out
    }

    /// Whether anything these read has two bounds, or a value that may be missing, their own or one from outside.
    pub(super) fn is_doubtful(&self, cond: &Cond) -> bool {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().any(|part| self.is_doubtful(part)),
            Cond::Not(inner, _) => self.is_doubtful(inner),
            Cond::Atom(atom) => {
                let tables = self.inputs.tables;
                let missing = |slot| (self.inputs.missing)(&atom.source, slot);
                !atom.known
                    && (!Arc::ptr_eq(&tables(&atom.source, false), &tables(&atom.source, true))
                        || (0..atom.args.len()).any(missing)
                        || self.reads_loose(cond))
            }
            Cond::Compare { .. } | Cond::Let { .. } => {
                let mut found = self.reads_loose(cond);
                cond.aggregated(&mut |body| found |= self.is_doubtful(body));
                found
            }
            Cond::IsKind { .. } | Cond::Stated { .. } => false,
        }
    }

    /// Whether a condition reads a word the value of which may be missing, here or further out.
    fn reads_loose(&self, cond: &Cond) -> bool {
        let mut vars = Vec::new();
        cond_vars(cond, &mut vars);
        vars.iter().any(|var| self.loose.contains(var))
    }

    /// The conditions without those that a word is stated which no sentence here or further out gives a missing value.
    fn without_idle_checks(&self, mut items: Vec<Item<'r>>) -> Vec<Item<'r>> {
        let mut missing: BTreeSet<VarId> = BTreeSet::new();
        for item in &items {
            let Item::Is(Cond::Atom(atom)) = item else { continue };
            let slots = atom.args.iter().enumerate();
            let is_loose = |slot: usize| is_made(&atom.source) || (self.inputs.missing)(&atom.source, slot);
            missing.extend(slots.filter(|(slot, _)| is_loose(*slot)).filter_map(|(_, term)| as_var(term)));
        }
        items.retain(|item| match item {
            Item::Is(Cond::Stated { var, .. }) => self.loose.contains(var) || missing.contains(var),
            _ => true,
        });
        items
    }

    /// Checks first that words from further out are stated: where one is not, nothing is searched.
    pub(super) fn check_outside(state: &mut State<'r>) {
        let mut stated: BTreeSet<usize> = BTreeSet::new();
        let bound = &state.bound;
        state.rest.retain(|item| match item {
            Item::Is(Cond::Stated { var, .. }) if bound.contains(var) => {
                stated.insert(var.index());
                false
            }
            _ => true,
        });
        state.steps.extend(stated.into_iter().map(Step::Stated));
    }

    /// Variables that may be missing and that a sentence of this scope joins with something. What must be stated here
    /// is joined as it is: where its value is missing nothing holds.
    fn shared(&self, items: &[Item<'r>], outside: &BTreeSet<VarId>) -> BTreeMap<VarId, Span> {
        let mut places: BTreeMap<VarId, (usize, Span)> = BTreeMap::new();
        for item in items {
            let Item::Is(Cond::Atom(atom)) = item else { continue };
            for var in atom.args.iter().filter_map(as_var).filter(|var| self.loose.contains(var)) {
                places.entry(var).or_insert((0, atom.span)).0 += 1;
            }
        }
        for item in items {
            if let Item::Is(Cond::Stated { var, .. }) = item {
                places.remove(var);
            }
        }
        let joined = places.into_iter().filter(|(var, (count, _))| *count > 1 || outside.contains(var));
        joined.map(|(var, (_, span))| (var, span)).collect()
    }

    /// A choice in some branch of which a word that may be missing is joined with one from elsewhere.
    fn joining_choice(&self, items: &[Item<'r>], outside: &BTreeSet<VarId>) -> Option<usize> {
        let named: Vec<BTreeSet<VarId>> = items
            .iter()
            .map(|item| {
                let mut vars = Vec::new();
                if let Item::Is(cond) = item {
                    positive_vars(cond, &mut vars);
                }
                vars.into_iter().filter(|var| self.loose.contains(var)).collect()
            })
            .collect();
        items.iter().enumerate().position(|(at, item)| {
            let Item::Is(Cond::Or(branches)) = item else { return false };
            let elsewhere = |var: &VarId| {
                outside.contains(var)
                    || named.iter().enumerate().any(|(other, vars)| other != at && vars.contains(var))
            };
            branches.len() <= self.branches_left && named[at].iter().any(elsewhere)
        })
    }

    /// One choice of everything, by the branches of the choice at `at`.
    fn multiplied_out(&mut self, items: &[Item<'r>], at: usize) -> Item<'r> {
        let Item::Is(Cond::Or(branches)) = items[at] else { return items[at] };
        self.branches_left -= branches.len();
        let whole = |branch: &Cond| {
            let others = items.iter().enumerate().filter(|(other, _)| *other != at);
            let others = others.map(|(_, item)| match item {
                Item::Is(cond) => (*cond).clone(),
                Item::Not(inner) => Cond::Not(Box::new((*inner).clone()), inner.span().unwrap_or(NOWHERE)),
            });
            Cond::And(others.chain([branch.clone()]).collect())
        };
        Item::Is(self.arena.alloc(Cond::Or(branches.iter().map(whole).collect())))
    }

    /// An atom with a variable of its own in each place that joins.
    fn loosened(&mut self, atom: &'r Atom, shared: &BTreeMap<VarId, Span>, out: &mut Vec<Item<'r>>) {
        let span = atom.span;
        let mut args = Vec::with_capacity(atom.args.len());
        let mut joins = Vec::new();
        for (slot, term) in atom.args.iter().enumerate() {
            let joined = match term {
                Term::Var(var) => shared.contains_key(var),
                Term::Constant(_) | Term::Parameter(_) => {
                    !atom.known && (self.inputs.missing)(&atom.source, slot)
                }
            };
            if !joined {
                args.push(term.clone());
                continue;
            }
            let ty = match (term, &atom.source) {
                (Term::Var(var), _) => self.types[var.index()],
                (_, crate::model::AtomSource::Relation(relation)) => {
                    self.inputs.ruleset.relations[*relation].slots[slot].ty
                }
                // INVARIANT: only relations have values in their slots.
                _ => crate::model::Ty::Value(crate::value::ValueKind::Number),
            };
            let own = VarId::from_usize(self.types.len());
            self.types.push(ty);
            if !atom.known && (self.inputs.missing)(&atom.source, slot) && !planted(Bug::NeverMissing) {
                self.loose.insert(own);
            }
            args.push(Term::Var(own));
            let own_value = Expr::Term(Term::Var(own));
            joins.push(match term {
                Term::Var(var) => Cond::Let { var: *var, value: own_value, span },
                fixed => {
                    Cond::Compare { lhs: own_value, op: CompareOp::Eq, rhs: Expr::Term(fixed.clone()), span }
                }
            });
            if atom.known {
                joins.push(Cond::Stated { var: own, span });
            }
        }
        let atom = Atom { args, ..atom.clone() };
        out.push(Item::Is(self.arena.alloc(Cond::Atom(atom))));
        out.extend(joins.into_iter().map(|join| Item::Is(&*self.arena.alloc(join))));
    }
}

/// The variables sentences outside negative parts name, in whatever branch.
fn positive_vars(cond: &Cond, out: &mut Vec<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| positive_vars(part, out)),
        Cond::Atom(_) => cond_vars(cond, out),
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::IsKind { .. }
        | Cond::Stated { .. } => {}
    }
}

const NOWHERE: Span = Span { file: crate::base::FileId(0), start: 0, end: 0 };
