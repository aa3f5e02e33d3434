//! Sentences that each say one thing of the same thing: who a visit was to, when it was, what it cost. Where a search would
//! come to very many such things in no order of theirs, looking up what is said of each, one after the other, waits for
//! memory each time. All that is said of them is put side by side once then, in the order in which it lies, and searched as
//! one sentence.

use std::collections::BTreeSet;

use super::compile::{Compiler, Item};
use super::expressions::place;
use super::outline::{STAR, SUBJECTS};
use crate::base::InOrder;
use crate::engine::planted::pays_from;
use crate::engine::{Place, Ray, Table};
use crate::model::clause::as_var;
use crate::model::{Atom, Cond, Term, VarId};

/// Of fewer rows in all, what is looked up stays near.
const MANY: usize = 1 << 16;

/// And where no sentence has so many, little is looked up.
const ASKED: usize = 1 << 13;

/// To look something up far away takes about so many times as long as to come to it in order.
const FAR: f64 = 32.0;

/// A sentence about a thing.
struct Said<'r> {
    /// Its place among the conditions.
    at: usize,
    atom: &'r Atom,
    ray: Ray,
    /// About how many of its rows have its constants.
    rows: f64,
}

impl<'r> Compiler<'_, 'r> {
    /// The same conditions, where sentences that are about one thing each are one.
    pub(super) fn stars(
        &mut self,
        mut items: Vec<Item<'r>>,
        (bound, needed): (&BTreeSet<VarId>, &BTreeSet<VarId>),
        possible: bool,
    ) -> Vec<Item<'r>> {
        if self.request.delta.is_some() || self.most_rows < pays_from(ASKED) {
            return items;
        }
        let mut vars = BTreeSet::new();
        for item in &items {
            if let Item::Is(Cond::Atom(atom)) = item {
                vars.extend(atom.args.iter().filter_map(as_var));
            }
        }
        for var in &vars {
            let left = self.left_of_others(&items, &[], *var, possible);
            let known = self.asked.entry(*var).or_insert(left);
            *known = known.min(left);
        }
        // Of what is handed on in an order the search goes in that order; what figures range over comes in none.
        let subjects = self.request.subjects.iter().flat_map(|subjects| subjects.vars.iter());
        let mut in_order: BTreeSet<VarId> = subjects.copied().collect();
        if self.figures == 0 {
            in_order.extend(needed);
        }
        for var in vars.into_iter().filter(|var| !bound.contains(var) && !in_order.contains(var)) {
            let mut said: Vec<Said<'r>> =
                (0..items.len()).filter_map(|at| self.said(&items, at, var, possible)).collect();
            if said.len() < 2 || !self.is_far(&items, &said, bound, possible) {
                continue;
            }
            // The same things said in another order are put side by side once.
            said.order_by_key(|said| (said.ray.table.len(), said.at));
            let args = |said: &Said<'r>| {
                let own = said.atom.args.iter().enumerate();
                let kept = own.filter(|(column, term)| *column != said.ray.column && as_var(term).is_some());
                kept.map(|(_, term)| term.clone()).collect::<Vec<Term>>()
            };
            let args: Vec<Term> = std::iter::once(Term::Var(var)).chain(said.iter().flat_map(args)).collect();
            let mut places: Vec<usize> = said.iter().map(|said| said.at).collect();
            let table = Table::star(said.into_iter().map(|said| said.ray).collect());
            items.push(Item::Is(self.made(STAR, table, args)));
            places.sort_unstable();
            places.into_iter().rev().for_each(|at| _ = items.remove(at));
        }
        items
    }

    /// What a condition says of a thing, where it is a sentence that says one thing of each.
    fn said(&self, items: &[Item<'r>], at: usize, var: VarId, possible: bool) -> Option<Said<'r>> {
        let Item::Is(Cond::Atom(atom)) = items[at] else { return None };
        let mut columns = (0..atom.args.len()).filter(|column| atom.args[*column] == Term::Var(var));
        let (column, None) = (columns.next()?, columns.next()) else { return None };
        if atom.source == SUBJECTS || atom.args.len() < 2 {
            return None;
        }
        let table = self.table(atom, possible);
        if !table.is_key(column) {
            return None;
        }
        let constants = self.constants(atom);
        let rows = rows_with(&table, &constants);
        Some(Said { at, atom, ray: Ray { table, column, constants }, rows })
    }

    /// The columns of a sentence in which constants stand, and their ids.
    fn constants(&self, atom: &Atom) -> Vec<(usize, u32)> {
        let constant = |(column, term): (usize, &Term)| match place(self.inputs, term) {
            Place::Id(id) => Some((column, id)),
            Place::Var(_) => None,
        };
        atom.args.iter().enumerate().filter_map(constant).collect()
    }

    /// Whether to go through all that is said is less than to look up what is said of the things that a search comes to.
    fn is_far(&self, items: &[Item<'r>], said: &[Said<'r>], bound: &BTreeSet<VarId>, possible: bool) -> bool {
        let all: usize = said.iter().map(|said| said.ray.table.len()).sum();
        if all < pays_from(MANY) {
            return false;
        }
        // A search may begin with the sentence of which least is left, each time anew, or come from what others say of what
        // is said.
        let is_given =
            |said: &Said<'r>| said.atom.args.iter().filter_map(as_var).any(|var| bound.contains(&var));
        let times = if said.iter().any(is_given) { self.most_rows as f64 } else { 1.0 };
        let mut visits = times * said.iter().map(|said| said.rows).fold(f64::INFINITY, f64::min);
        for own in said {
            let columns = own.atom.args.iter().enumerate().filter(|(column, _)| *column != own.ray.column);
            for (column, other) in columns.filter_map(|(column, term)| Some((column, as_var(term)?))) {
                let different = own.ray.table.distinct(column).max(1) as f64;
                let (given, times) = if bound.contains(&other) {
                    (self.asked.get(&other).copied().unwrap_or(f64::INFINITY).min(self.most_rows as f64), 1.0)
                } else {
                    (self.left_of_others(items, said, other, possible), times)
                };
                visits = visits.min(times * given.min(different) * own.ray.table.len() as f64 / different);
            }
        }
        let looked_up = visits * (said.len() - 1) as f64;
        looked_up * FAR >= pays_from(all as f64)
    }

    /// About how many ids of a variable sentences leave other than these.
    fn left_of_others(&self, items: &[Item<'r>], but: &[Said<'r>], var: VarId, possible: bool) -> f64 {
        let mut least = f64::INFINITY;
        for (at, item) in items.iter().enumerate() {
            let Item::Is(Cond::Atom(atom)) = item else { continue };
            if !atom.args.contains(&Term::Var(var)) || but.iter().any(|said| said.at == at) {
                continue;
            }
            let rows = match &self.request.subjects {
                Some(subjects) if atom.source == SUBJECTS => subjects.table.len() as f64,
                _ => rows_with(&self.table(atom, possible), &self.constants(atom)),
            };
            least = least.min(rows);
        }
        least
    }
}

/// About how many rows of a table have these ids in these columns.
fn rows_with(table: &Table, constants: &[(usize, u32)]) -> f64 {
    constants.iter().fold(table.len() as f64, |rows, (column, id)| rows * table.share(*column, *id))
}
