//! Sentences of which a comparison with a constant leaves little: only those rows are searched, so that the search may
//! begin with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item, NOWHERE};
use super::expressions::comparison;
use super::join::joined_args;
use super::outline::{LEFT, SUBJECTS};
use crate::base::{Idx, Span};
use crate::engine::planted::pays_from;
use crate::engine::{Comparison, Table, compares, holds};
use crate::model::clause::as_var;
use crate::model::{Atom, AtomSource, Cond, Constant, Expr, Term, VarId};
use crate::value::{Date, Value};

/// Fewer rows are gone through as they are.
const MANY: usize = 1 << 12;

/// At most one of so many rows may be left.
const RARE: usize = 8;

/// Rows looked at, to tell how many may be left.
const SAMPLE: usize = 1 << 10;

impl<'r> Compiler<'_, 'r> {
    /// The same conditions, where a comparison that leaves few rows of a sentence is met by those rows. What names something
    /// given or needed is gone through with that.
    pub(super) fn filtered(
        &mut self,
        mut items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
        possible: bool,
    ) -> Vec<Item<'r>> {
        if self.request.delta.is_some() || items.len() < 3 || self.most_rows < pays_from(MANY) {
            return items;
        }
        let mut at = 0;
        while at < items.len() {
            match self.left_of(&items, at, bound, needed, possible) {
                Some((sentence, cond)) => {
                    items[sentence] = Item::Is(cond);
                    items.remove(at);
                    self.join_left(&mut items, sentence - usize::from(sentence > at), possible);
                    at = 0;
                }
                None => at += 1,
            }
        }
        items
    }

    /// The sentence that a comparison leaves little of, and what it leaves.
    fn left_of(
        &mut self,
        items: &[Item<'r>],
        at: usize,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
        possible: bool,
    ) -> Option<(usize, &'r Cond)> {
        let Item::Is(Cond::Compare { lhs, op, rhs, .. }) = items[at] else { return None };
        let (var, op, constant) = match (lhs, rhs) {
            (Expr::Term(Term::Var(var)), Expr::Term(other)) => (*var, comparison(*op), other),
            (Expr::Term(other), Expr::Term(Term::Var(var))) => (*var, comparison(*op).turned(), other),
            _ => return None,
        };
        let constant = match constant {
            Term::Constant(Constant::Value(value)) => value.clone(),
            Term::Parameter(parameter) => self.inputs.parameters[*parameter].clone()?,
            Term::Var(_) | Term::Constant(Constant::Thing(..)) => return None,
        };
        let is_free = |var: VarId| !bound.contains(&var) && !needed.contains(&var);
        if self.loose.contains(&var) || !is_free(var) {
            return None;
        }
        let mut places = items.iter().enumerate().flat_map(|(place, item)| {
            let args = match item {
                Item::Is(Cond::Atom(atom)) => atom.args.as_slice(),
                _ => &[],
            };
            let own = args.iter().enumerate().filter(move |(_, term)| as_var(term) == Some(var));
            own.map(move |(column, _)| (place, column))
        });
        let (Some((sentence, column)), None) = (places.next(), places.next()) else { return None };
        let Item::Is(Cond::Atom(atom)) = items[sentence] else { return None };
        if atom.source == SUBJECTS || !atom.args.iter().filter_map(as_var).all(is_free) {
            return None;
        }
        let table = self.table(atom, possible);
        if table.len() < pays_from(MANY) {
            return None;
        }
        let rows = self.rows_left(&table, column, var, op, &constant)?;
        Some((sentence, self.left(Arc::new(table.kept(&rows)), atom.args.clone())))
    }

    fn left(&mut self, table: Arc<Table>, args: Vec<Term>) -> &'r Cond {
        self.made(LEFT, table, args)
    }

    /// A sentence of these rows.
    pub(super) fn made(&mut self, source: AtomSource, table: Arc<Table>, args: Vec<Term>) -> &'r Cond {
        // It may be copied into other conditions, and is found by its place.
        let place = self.made.len() as u32;
        let span = Span { start: place, ..NOWHERE };
        self.made.push(table);
        self.arena.alloc(Cond::Atom(Atom { source, args, known: true, span }))
    }

    /// Whether conditions bound a value of a sentence by others.
    fn is_bounded(&self, items: &[Item<'r>], atom: &Atom) -> bool {
        atom.args.iter().filter_map(as_var).any(|var| {
            let given = |other: VarId| other != var;
            items.iter().any(|item| self.bounded(*item, &given).is_some_and(|bounded| bounded.var == var))
        })
    }

    /// Joins what is left with what other sentences say of the same thing, each one thing of each, where others bound that:
    /// of these too little is left then, which can be narrowed by halves.
    fn join_left(&mut self, items: &mut Vec<Item<'r>>, sentence: usize, possible: bool) {
        let Item::Is(Cond::Atom(atom)) = items[sentence] else { return };
        let (mut table, mut args) = (self.table(atom, possible), atom.args.clone());
        let is_key = |(column, term): (usize, &Term)| {
            as_var(term).filter(|_| table.is_key(column)).map(|var| (column, var))
        };
        let Some((mut own, var)) = args.iter().enumerate().find_map(is_key) else { return };
        let mut joined = Vec::new();
        for at in (0..items.len()).filter(|at| *at != sentence) {
            let Item::Is(Cond::Atom(atom)) = items[at] else { continue };
            let mut columns = (0..atom.args.len()).filter(|column| atom.args[*column] == Term::Var(var));
            let (Some(column), None) = (columns.next(), columns.next()) else { continue };
            if atom.source == SUBJECTS || !self.is_bounded(items, atom) {
                continue;
            }
            let other = self.table(atom, possible);
            if other.len() < table.len() || !other.is_key(column) {
                continue;
            }
            let Some(both) = table.joined(own, &other, column) else { continue };
            args = joined_args((&args, own), (&atom.args, column));
            (table, own) = (both, 0);
            joined.push(at);
        }
        if !joined.is_empty() {
            items[sentence] = Item::Is(self.left(table, args));
            joined.into_iter().rev().for_each(|at| _ = items.remove(at));
        }
    }

    /// The rows in which a column's values compare so with a constant; `None` where they are many.
    fn rows_left(
        &self,
        table: &Table,
        column: usize,
        var: VarId,
        op: Comparison,
        constant: &Value,
    ) -> Option<Vec<u32>> {
        let dictionary = &self.inputs.dictionaries[self.inputs.ruleset.domain_of(self.types[var.index()])];
        let units = match constant {
            Value::Number(number) => dictionary
                .lane()
                .and_then(|lane| Some((lane.units.as_slice(), number.in_units(lane.exponent)?))),
            Value::Date(date) => dictionary.days().map(|days| (days, date.days_since(Date::EPOCH))),
            Value::Text(_) | Value::Flag(_) => None,
        };
        let met = |id: u32| {
            if let Some((units, constant)) = units
                && let Some(own) = crate::facts::units_at(units, id)
            {
                return compares(own.cmp(&constant) as i64, op);
            }
            dictionary.value(id).is_some_and(|value| holds(value, op, constant))
        };
        let ids = &table.columns()[column];
        let step = (ids.len() / SAMPLE).max(1);
        let sample = ids.iter().step_by(step);
        let looked = sample.len();
        if sample.filter(|id| met(**id)).count() * pays_from(RARE) > looked {
            return None;
        }
        let rows: Vec<u32> =
            (0_u32..).zip(ids.iter()).filter(|(_, id)| met(**id)).map(|(row, _)| row).collect();
        (rows.len() * pays_from(RARE) <= ids.len()).then_some(rows)
    }
}
