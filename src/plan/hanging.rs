//! Parts of a body that hang on one word: whether they can be met is the same wherever that word stands for the same,
//! so they need only exist, and are asked once for each of its ids.

use std::collections::BTreeSet;

use super::compile::{Compiler, Item, NOWHERE, vars_of};
use super::expressions;
use super::outline::SUBJECTS;
use crate::base::Idx;
use crate::engine::Place;
use crate::engine::planted::pays_from;
use crate::model::clause::{as_var, is_risky};
use crate::model::{Cond, Expr, VarId};

/// An id stands in so many rows, where something hangs on it.
const COARSE: usize = 4;

/// Among fewer rows nothing is gained.
const FEW_ROWS: usize = 8;

impl<'r> Compiler<'_, 'r> {
    /// The same conditions, where what hangs on one word alone is one condition: it names nothing that is given or needed,
    /// and the word takes its value elsewhere, where it has few different ones.
    pub(super) fn hanging(
        &mut self,
        items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
        possible: bool,
    ) -> Vec<Item<'r>> {
        if self.request.delta.is_some() || items.len() < 3 || self.most_rows < pays_from(FEW_ROWS) {
            return items;
        }
        let fixed: BTreeSet<VarId> = bound.union(needed).copied().collect();
        let words: BTreeSet<VarId> = items.iter().flat_map(|item| vars_of(*item)).collect();
        let mut most: Option<Vec<bool>> = None;
        for word in words.difference(bound) {
            let Some(hangs) = self.hangs_on(&items, *word, &fixed, possible) else { continue };
            let count = |hangs: &[bool]| hangs.iter().filter(|hangs| **hangs).count();
            if most.as_ref().is_none_or(|most| count(most) < count(&hangs)) {
                most = Some(hangs);
            }
        }
        let Some(hangs) = most else { return items };
        let (mut kept, mut parts) = (Vec::new(), Vec::new());
        for (item, hangs) in items.into_iter().zip(hangs) {
            match item {
                Item::Is(cond) if hangs => parts.push(cond.clone()),
                Item::Not(inner) if hangs => parts.push(Cond::Not(Box::new(inner.clone()), NOWHERE)),
                other => kept.push(other),
            }
        }
        kept.push(Item::Is(self.arena.alloc(Cond::Or(vec![Cond::And(parts)]))));
        kept
    }

    /// Which conditions hang on a word; `None` where none do, or where there is too little to gain.
    fn hangs_on(
        &self,
        items: &[Item<'r>],
        word: VarId,
        fixed: &BTreeSet<VarId>,
        possible: bool,
    ) -> Option<Vec<bool>> {
        // What is tied to something fixed, other than by the word.
        let mut tied: Vec<bool> = vec![false; items.len()];
        let mut known: BTreeSet<VarId> = fixed.clone();
        known.remove(&word);
        loop {
            let before = known.len();
            for (item, tied) in items.iter().zip(&mut tied) {
                let mut vars = vars_of(*item);
                vars.remove(&word);
                if !*tied && !vars.is_disjoint(&known) {
                    *tied = true;
                    known.extend(vars);
                }
            }
            if known.len() == before {
                break;
            }
        }
        // Whether a missing result matters is for the conditions at hand to say.
        let steady = |expr: &Expr| expressions::fixed(self.inputs.parameters, expr);
        let is_plain = |item: &Item<'_>| match item {
            Item::Is(cond @ (Cond::Atom(_) | Cond::Compare { .. })) => !is_risky(cond, &steady),
            Item::Not(inner) => !is_risky(inner, &steady),
            Item::Is(_) => false,
        };
        let hangs: Vec<bool> = items
            .iter()
            .zip(&tied)
            .map(|(item, tied)| !tied && vars_of(*item) != BTreeSet::from([word]))
            .collect();
        let hanging = || items.iter().zip(&hangs).filter(|(_, hangs)| **hangs).map(|(item, _)| item);
        if hanging().count() < 2 || !hanging().all(is_plain) {
            return None;
        }
        // Where a value may be missing, a join is written out among the conditions at hand.
        let written = self.request.clause.vars.len();
        let mut own = hanging().flat_map(|item| vars_of(*item));
        if own.any(|var| self.loose.contains(&var) && joins(items, var) || var.index() >= written)
            || !hanging().any(|item| vars_of(*item).contains(&word))
        {
            return None;
        }
        let coarse = items.iter().zip(&hangs).any(|(item, hangs)| {
            !hangs
                && self
                    .rows_by(*item, word, possible)
                    .is_some_and(|(rows, ids)| rows >= ids * pays_from(COARSE as f64))
        });
        let ids = hanging().filter_map(|item| self.rows_by(*item, word, possible)).map(|(_, ids)| ids);
        let ids = ids.fold(f64::INFINITY, f64::min);
        // What is rare had better lead.
        let rare = hanging().any(|item| {
            self.rows_of(*item, possible).is_some_and(|rows| rows < ids * pays_from(COARSE as f64))
        });
        (coarse && ids.is_finite() && !rare).then_some(hangs)
    }

    /// The rows of a sentence that names a word, and how many different ids that has there.
    fn rows_by(&self, item: Item<'r>, word: VarId, possible: bool) -> Option<(f64, f64)> {
        let Item::Is(Cond::Atom(atom)) = item else { return None };
        let column = atom.args.iter().position(|term| as_var(term) == Some(word))?;
        if atom.source == SUBJECTS {
            return None;
        }
        let table = self.table(atom, possible);
        Some((table.len() as f64, table.distinct(column) as f64))
    }

    /// The rows of a sentence in which its constants stand.
    pub(super) fn rows_of(&self, item: Item<'r>, possible: bool) -> Option<f64> {
        let Item::Is(Cond::Atom(atom)) = item else { return None };
        let table = self.table(atom, possible);
        let places = atom.args.iter().map(|term| expressions::place(self.inputs, term)).enumerate();
        let shares = places.filter_map(|(column, place)| match place {
            Place::Id(id) => Some(table.share(column, id)),
            Place::Var(_) => None,
        });
        Some(shares.fold(table.len() as f64, |rows, share| rows * share))
    }
}

/// Whether a word is more than taken from one sentence and compared.
fn joins(items: &[Item<'_>], var: VarId) -> bool {
    let others = items.iter().filter(|item| !matches!(item, Item::Is(Cond::Compare { .. })));
    let mut others = others.filter(|item| vars_of(**item).contains(&var));
    match (others.next(), others.next()) {
        (Some(Item::Is(Cond::Atom(atom))), None) => {
            atom.args.iter().filter(|term| as_var(term) == Some(var)).count() > 1
        }
        (None, _) => false,
        _ => true,
    }
}
