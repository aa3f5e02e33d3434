//! Equalities of something worked out from a word of a sentence with something given (`month(day) = month(last)`): what
//! it comes to is put beside the sentence once, and the sentence is looked up by that too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item};
use super::filtered::only_sentence;
use super::join::joined_args;
use super::outline::{JOINED, PAIRED, SUBJECTS, is_made};
use super::paired::{MOST_LETS, Word, related};
use crate::base::Idx;
use crate::engine::planted::pays_from;
use crate::engine::{Pairs, Relating, Table, pairs};
use crate::model::clause::{as_var, expr_vars};
use crate::model::{Atom, CompareOp, Cond, Expr, Term, Ty, VarId};

/// Where each look-up of the sentence leaves fewer rows, going through them is quick.
const FEW_ROWS: f64 = 16.0;

/// Putting something beside a sentence takes about so many times the time of going through its rows.
const DEAR: f64 = 8.0;

/// Where fewer different things are worked out, most rows would be left.
const FEW_CLASSES: usize = 4;

/// A sentence with what stands beside it, and what that is for something given.
struct Classed {
    /// The places of the equality and of the sentence.
    places: [usize; 2],
    table: Arc<Table>,
    args: Vec<Term>,
    given: (VarId, Arc<Table>),
    class: VarId,
}

impl<'r> Compiler<'_, 'r> {
    /// Puts what an equality asks beside a sentence of which much would have to be gone through. Hands back the words made
    /// for that, too.
    pub(super) fn classed(
        &mut self,
        mut items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        possible: bool,
    ) -> (Vec<Item<'r>>, Vec<VarId>) {
        let mut words = Vec::new();
        // The tables of a loop are others in each round.
        if bound.is_empty() || self.request.delta.is_some() {
            return (items, words);
        }
        while let Some(found) = (0..items.len()).find_map(|at| self.class_of(&items, at, bound, possible)) {
            let Classed { places, table, args, given: (word, others), class } = found;
            words.push(class);
            let own = items.into_iter().enumerate().filter(|(at, _)| !places.contains(at));
            items = own.map(|(_, item)| item).collect();
            items.push(Item::Is(self.made(JOINED, table, args)));
            items.push(Item::Is(self.made(PAIRED, others, vec![Term::Var(word), Term::Var(class)])));
        }
        (items, words)
    }

    /// The sentence that the equality at a place is put beside.
    fn class_of(
        &mut self,
        items: &[Item<'r>],
        at: usize,
        bound: &BTreeSet<VarId>,
        possible: bool,
    ) -> Option<Classed> {
        let Item::Is(Cond::Compare { lhs, op: CompareOp::Eq, rhs, .. }) = items[at] else { return None };
        [(lhs, rhs), (rhs, lhs)].into_iter().find_map(|(own, other)| {
            let word = worked_out_of(own)?;
            if bound.contains(&word) || !matches!(self.types[word.index()], Ty::Value(_)) {
                return None;
            }
            let (place, atom, column) = only_sentence(items, word)?;
            let table = self.table(atom, possible);
            let is_plain = atom.source != SUBJECTS && !is_made(&atom.source);
            if !is_plain || !self.leaves_many(items, (atom, &table), word, bound) {
                return None;
            }
            let own = self.written_out(own, MOST_LETS);
            let other = self.written_out(other, MOST_LETS);
            let (Relating::Equal, own, other) = related(own, other)? else { return None };
            let given = self.word(other).filter(|other| bound.contains(&other.var))?;
            let own = Word { var: word, value: own, table: Arc::clone(&table), column };
            let found =
                pairs(self.side(&own), Relating::Equal, self.side(&given), possible, self.inputs.clock)?;
            let Pairs::Classes(classes, others) = found else { return None };
            if classes.distinct(1) < pays_from(FEW_CLASSES) {
                return None;
            }
            let table = table.joined(column, &classes, 0)?;
            let class = self.class_word(word);
            let args = joined_args((&atom.args, column), (&[Term::Var(word), Term::Var(class)], 0));
            Some(Classed { places: [at, place], table, args, given: (given.var, others), class })
        })
    }

    /// Whether a sentence leaves many rows for what is given, as often as it is asked.
    fn leaves_many(
        &self,
        items: &[Item<'r>],
        (atom, table): (&Atom, &Arc<Table>),
        word: VarId,
        bound: &BTreeSet<VarId>,
    ) -> bool {
        let is_given = |column: &usize| as_var(&atom.args[*column]).is_none_or(|var| bound.contains(&var));
        let given: Vec<usize> = (0..atom.args.len()).filter(is_given).collect();
        let left = self.met_by(table, &atom.args, &given);
        let known = |var: VarId| bound.contains(&var);
        let is_narrowed = |item: &Item<'r>| self.bounded(*item, &known).is_some_and(|it| it.var == word);
        !given.is_empty()
            && left >= pays_from(FEW_ROWS)
            && self.most_rows as f64 * left >= pays_from(DEAR) * table.len() as f64
            && !items.iter().any(is_narrowed)
    }
}

/// The one word that something is worked out of.
fn worked_out_of(expr: &Expr) -> Option<VarId> {
    let mut aggregates = false;
    expr.aggregates(&mut |_| aggregates = true);
    let mut vars = Vec::new();
    expr_vars(expr, &mut vars);
    vars.dedup();
    match vars[..] {
        [word] if !aggregates && !matches!(expr, Expr::Term(_)) => Some(word),
        _ => None,
    }
}
