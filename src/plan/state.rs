//! A conjunction while it is compiled: what is bound, what is left, what may be tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compile::{Item, vars_of};
use crate::engine::planted::{Bug, planted};
use crate::engine::{Step, Table, Valued};
use crate::model::clause::{as_var, cond_vars, expr_vars};
use crate::model::{Atom, Cond, Term, VarId};

/// An atom whose places are being filled.
pub(super) struct Pending<'c> {
    pub(super) cond: &'c Cond,
    pub(super) atom: &'c Atom,
    pub(super) table: Arc<Table>,
    pub(super) slot: usize,
    /// Columns in the order they get their values.
    pub(super) columns: Vec<usize>,
    /// By column that is to be a constant, the share of the rows in which it is.
    pub(super) shares: BTreeMap<usize, f64>,
    /// By column that has its value, how many times more rows than on average have that.
    pub(super) skews: BTreeMap<usize, f64>,
    /// Columns whose values nobody asks.
    pub(super) free: Vec<usize>,
    /// Where the rows lie in the order of values.
    pub(super) valued: Option<Valued>,
}

impl Pending<'_> {
    pub(super) fn unfilled(&self, var: VarId) -> impl Iterator<Item = usize> + '_ {
        (0..self.atom.args.len())
            .filter(move |column| self.atom.args[*column] == Term::Var(var) && !self.columns.contains(column))
    }

    /// Whether several columns filled leave one row at most.
    fn has_one_row(&self) -> bool {
        self.columns.len() > 1 && self.valued.is_none() && self.table.is_key_of(&self.columns)
    }

    /// The number of rows left, by the counts of the columns filled.
    pub(super) fn rows(&self) -> f64 {
        let rows = |rows: f64, column: &usize| match self.atom.args[*column] {
            Term::Var(_) => {
                let skew = self.skews.get(column).copied().unwrap_or(1.0);
                rows * skew / self.table.distinct(*column).max(1) as f64
            }
            Term::Constant(_) | Term::Parameter(_) => rows * self.shares[column],
        };
        self.columns.iter().fold(self.table.len() as f64, rows)
    }
}

/// A conjunction being compiled.
pub(super) struct State<'r> {
    pub(super) steps: Vec<Step>,
    pub(super) bound: BTreeSet<VarId>,
    pub(super) needed: BTreeSet<VarId>,
    pub(super) possible: bool,
    pub(super) pending: Vec<Pending<'r>>,
    /// Conditions other than atoms, not tried yet.
    pub(super) rest: Vec<Item<'r>>,
    /// What the whole conjunction gives values to.
    pub(super) known: BTreeSet<VarId>,
    /// The order in which variables are best bound, as far as it was worked out.
    pub(super) order: Vec<VarId>,
    /// How many variables were bound when sentences were last narrowed by values.
    pub(super) narrowed_by: usize,
    /// The same for when it was looked whether sentences can be joined.
    pub(super) joined_by: usize,
}

impl<'r> State<'r> {
    /// Unbound variables that something else than their one place in one atom is about.
    pub(super) fn open_vars(&self) -> BTreeSet<VarId> {
        let mut places: Vec<VarId> = Vec::new();
        for pending in &self.pending {
            places.extend(pending.atom.args.iter().filter_map(as_var));
        }
        let mut others: BTreeSet<VarId> = self.needed.clone();
        for item in &self.rest {
            others.extend(vars_of(*item));
        }
        let repeated = |var: &VarId| places.iter().filter(|place| *place == var).count() > 1;
        places
            .iter()
            .copied()
            .filter(|var| !self.bound.contains(var) && (repeated(var) || others.contains(var)))
            .collect()
    }

    /// Whether some atom can still give an open variable its value.
    pub(super) fn binds_more(&self) -> bool {
        let open = self.open_vars();
        self.pending.iter().any(|pending| open.iter().any(|var| pending.unfilled(*var).next().is_some()))
    }

    /// Whether what is bound leaves at most one value for every variable that is open, as each stands in
    /// an atom some bound column of which has no id twice, or no row of which agrees with another in all
    /// columns filled. Then there is one way at most to go on.
    pub(super) fn is_determined(&self) -> bool {
        let plain = |item: &Item<'_>| {
            matches!(
                item,
                Item::Not(_)
                    | Item::Is(
                        Cond::Compare { .. } | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. }
                    )
            )
        };
        if !self.rest.iter().all(plain) {
            return false;
        }
        let mut determined = self.bound.clone();
        let mut open = self.open_vars();
        for item in &self.rest {
            if let Item::Is(Cond::Let { var, .. }) = item {
                open.remove(var);
            }
        }
        loop {
            let before = determined.len();
            for pending in &self.pending {
                let vars = pending.atom.args.iter().map(as_var);
                let is_key = |(column, var): (usize, Option<VarId>)| {
                    let bound = var.is_none_or(|var| determined.contains(&var));
                    bound && pending.table.is_key(column)
                };
                let is_new = |var: VarId| !determined.contains(&var);
                let has_new = vars.clone().flatten().any(is_new);
                if has_new && (vars.clone().enumerate().any(is_key) || pending.has_one_row()) {
                    determined.extend(vars.flatten());
                }
            }
            if open.is_subset(&determined) {
                return true;
            }
            if determined.len() == before {
                return false;
            }
        }
    }

    /// Whether something left still joins the variable.
    pub(super) fn joins(&self, var: VarId) -> bool {
        self.rest.iter().any(|item| matches!(item, Item::Is(Cond::Let { var: joined, .. }) if *joined == var))
    }

    pub(super) fn is_ready(&self, item: Item<'_>) -> bool {
        let read: BTreeSet<VarId> = match item {
            Item::Is(Cond::Let { value, .. }) => {
                let mut vars = Vec::new();
                expr_vars(value, &mut vars);
                vars.into_iter().collect()
            }
            _ => vars_of(item),
        };
        if read.iter().any(|var| self.joins(*var)) {
            return false;
        }
        match item {
            Item::Not(inner) => {
                let mut vars = Vec::new();
                cond_vars(inner, &mut vars);
                vars.iter().all(|var| self.bound.contains(var) || !self.known.contains(var))
            }
            Item::Is(Cond::Or(_)) => {
                let vars = vars_of(item);
                let mut outside = self.needed.clone();
                for pending in &self.pending {
                    outside.extend(pending.atom.args.iter().filter_map(as_var));
                }
                let others = self.rest.iter().filter(|other| !same_item(**other, item));
                others.for_each(|other| outside.extend(vars_of(*other)));
                vars.iter().all(|var| self.bound.contains(var) || !outside.contains(var))
            }
            Item::Is(Cond::Let { value, .. }) => {
                let mut vars = Vec::new();
                expr_vars(value, &mut vars);
                vars.iter().all(|var| self.bound.contains(var))
            }
            Item::Is(_) => vars_of(item).iter().all(|var| self.bound.contains(var)),
        }
    }

    /// Everything not settled yet, atoms with open variables included.
    pub(super) fn items(&self) -> Vec<Item<'r>> {
        let open = self.open_vars();
        let atoms = self
            .pending
            .iter()
            .filter(|pending| pending.atom.args.iter().filter_map(as_var).any(|var| open.contains(&var)))
            .map(|pending| Item::Is(pending.cond));
        atoms.chain(self.rest.iter().copied()).collect()
    }
}

fn same_item(left: Item<'_>, right: Item<'_>) -> bool {
    match (left, right) {
        (Item::Is(left), Item::Is(right)) | (Item::Not(left), Item::Not(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}

/// All branches.
pub(super) fn kept(branches: &[Cond]) -> &[Cond] {
    if planted(Bug::LostBranch) { &branches[..branches.len() - 1] } else { branches }
}

/// Groups items by the unbound variables they share. Items without any stand each alone.
pub(super) fn components<'c>(items: &[Item<'c>], bound: &BTreeSet<VarId>) -> Vec<Vec<Item<'c>>> {
    // What is still joined belongs together, though it has some value already.
    let joined: BTreeSet<VarId> = items
        .iter()
        .filter_map(|item| match item {
            Item::Is(Cond::Let { var, .. }) => Some(*var),
            Item::Is(_) | Item::Not(_) => None,
        })
        .collect();
    let bound: BTreeSet<VarId> = bound.difference(&joined).copied().collect();
    let mut groups: Vec<(BTreeSet<VarId>, Vec<Item<'c>>)> = Vec::new();
    for item in items {
        let mut vars: BTreeSet<VarId> = vars_of(*item).difference(&bound).copied().collect();
        let mut members = Vec::new();
        let mut kept = Vec::new();
        for (other, inside) in groups {
            if other.is_disjoint(&vars) {
                kept.push((other, inside));
            } else {
                vars.extend(other);
                members.extend(inside);
            }
        }
        members.push(*item);
        kept.push((vars, members));
        groups = kept;
    }
    groups.into_iter().map(|(_, members)| members).collect()
}
