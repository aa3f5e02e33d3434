//! Sentences put together that name a thing which only has to exist: within a figure each way to name the others is
//! enough once, and what is counted is then a number of rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item, vars_of};
use super::outline::is_made;
use crate::model::clause::as_var;
use crate::model::{Cond, VarId};

impl<'r> Compiler<'_, 'r> {
    /// The same conditions of a figure, where no sentence put together names what nothing else reads.
    pub(super) fn projected(
        &mut self,
        mut items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
    ) -> Vec<Item<'r>> {
        if self.figures == 0 {
            return items;
        }
        for at in 0..items.len() {
            let Item::Is(Cond::Atom(atom)) = items[at] else { continue };
            if !is_made(&atom.source) {
                continue;
            }
            let is_read = |column: &usize| {
                let Some(var) = as_var(&atom.args[*column]) else { return true };
                let own = atom.args.iter().filter(|term| as_var(term) == Some(var)).count();
                let others = items.iter().enumerate().filter(|(other, _)| *other != at);
                own > 1
                    || bound.contains(&var)
                    || needed.contains(&var)
                    || others.map(|(_, item)| vars_of(*item)).any(|vars| vars.contains(&var))
            };
            let read: Vec<usize> = (0..atom.args.len()).filter(is_read).collect();
            if read.is_empty() || read.len() == atom.args.len() {
                continue;
            }
            let table = Arc::new(self.table(atom, false).projected(&read));
            let args = read.iter().map(|column| atom.args[*column].clone()).collect();
            items[at] = Item::Is(self.made(atom.source.clone(), table, args));
        }
        items
    }
}
