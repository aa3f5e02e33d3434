//! Sentences in which some values are missing, looked up by a word from further out: as far as possible what is missing
//! is each value that the word may have, so rows are written out for those, and found by ids alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item, vars_of};
use super::outline::{FILLED, is_made};
use crate::engine::Table;
use crate::engine::planted::pays_from;
use crate::facts::MISSING;
use crate::model::clause::as_var;
use crate::model::{Atom, VarId};

/// What is written out may have so many times the rows of the sentence.
pub(super) const MOST: usize = 4;

/// Fewer rows are soon compared.
const FEW_ROWS: usize = 64;

impl<'r> Compiler<'_, 'r> {
    /// A sentence with its missing values written out, where it alone says something here of a word from outside, in the
    /// slot that may be missing.
    pub(super) fn gaps_filled(
        &mut self,
        items: &[Item<'r>],
        at: usize,
        atom: &'r Atom,
        (shared, outside): (&dyn Fn(VarId) -> bool, &BTreeSet<VarId>),
    ) -> Option<Item<'r>> {
        if atom.known || is_made(&atom.source) || self.request.delta.is_some() {
            return None;
        }
        let missing = |slot: &usize| (self.inputs.missing)(&atom.source, *slot);
        let mut slots = (0..atom.args.len()).filter(missing);
        let (slot, None) = (slots.next()?, slots.next()) else { return None };
        let word = as_var(&atom.args[slot]).filter(|word| shared(*word) && outside.contains(word))?;
        let joins = |var: VarId| shared(var) && var != word;
        let elsewhere = items.iter().enumerate().filter(|(other, _)| *other != at);
        if atom.args.iter().filter_map(as_var).any(joins)
            || atom.args.iter().filter(|term| as_var(term) == Some(word)).count() > 1
            || elsewhere.map(|(_, item)| vars_of(*item)).any(|vars| vars.contains(&word))
        {
            return None;
        }
        let table = self.table(atom, true);
        let gaps = table.columns()[slot].iter().filter(|id| **id == MISSING).count();
        let own = self.columns.iter().filter(|(other, ..)| *other == word);
        let (_, asked, column) = own.min_by_key(|(_, table, column)| table.distinct(*column))?;
        let most = MOST * table.len();
        if table.len() < pays_from(FEW_ROWS) || gaps * asked.distinct(*column) > most {
            return None;
        }
        let mut ids = asked.columns()[*column].to_vec();
        ids.sort_unstable();
        ids.dedup();
        let is_asked = ids.first() == Some(&MISSING);
        ids.retain(|id| *id != MISSING);
        if gaps * ids.len() > most {
            return None;
        }
        let table = Arc::new(filled(&table, slot, &ids, is_asked));
        Some(Item::Is(self.made(FILLED, table, atom.args.clone())))
    }
}

/// The rows of a table, those with a missing value once for each of these ids; and with `all`, each with a missing one,
/// which any value may be.
fn filled(table: &Table, slot: usize, ids: &[u32], all: bool) -> Table {
    let columns = table.columns();
    let mut out: Vec<Vec<u32>> = columns.iter().map(|_| Vec::with_capacity(table.len() * 2)).collect();
    let mut push = |row: usize, id: u32| {
        for (at, (out, column)) in out.iter_mut().zip(columns).enumerate() {
            out.push(if at == slot { id } else { column[row] });
        }
    };
    for (row, id) in columns[slot].iter().enumerate() {
        match *id {
            MISSING => ids.iter().for_each(|id| push(row, *id)),
            id => push(row, id),
        }
        if all {
            push(row, MISSING);
        }
    }
    Table::new(out).ordered()
}
