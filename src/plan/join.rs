//! Sentences about one thing that are searched as one. What stands in a row of a table are sentences of their own,
//! each about what the row is about: who departs from here, who departs today. Where a search goes through all that
//! belong to each of several given things, the sentences are joined once, and looked up by all that is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item};
use super::gaps;
use super::outline::{FILLED, JOINED, SUBJECTS, is_made};
use super::state::State;
use super::within::Bounded;
use crate::base::Idx;
use crate::engine::Table;
use crate::engine::planted::pays_from;
use crate::model::clause::as_var;
use crate::model::{Atom, Cond, Term, Ty, VarId};

/// Where each look-up of one sentence leaves fewer rows, going through them is quick.
const FEW_ROWS: f64 = 16.0;

/// A join takes about so many times the time of going through its rows.
const DEAR: f64 = 4.0;

/// And one of all rows with what each leads to so many.
const DEARER: f64 = 8.0;

/// The same where each look-up leads to another one.
const FEW_FURTHER: f64 = 4.0;

/// A sentence that may be joined, or two of which the first leads to the other.
struct Part<'r> {
    conds: Vec<&'r Cond>,
    args: Vec<Term>,
    /// The column of what it is about.
    column: usize,
    table: Arc<Table>,
    /// Whether it names something given, or a value that what is given bounds.
    given: bool,
    /// Rows left for what is given.
    left: f64,
}

impl<'r> Compiler<'_, 'r> {
    /// How many rows the sentences of a clause have at most: it is asked about as often, more or less.
    pub(super) fn most_rows(&self, items: &[Item<'r>]) -> usize {
        let rows = |item: &Item<'r>| match item {
            Item::Is(cond @ Cond::Atom(atom)) if atom.source != SUBJECTS => {
                self.table(atom, self.request.possible).len()
            }
            _ => 0,
        };
        let subjects = self.request.subjects.as_ref().map(|subjects| subjects.table.len());
        items.iter().map(rows).chain(subjects).max().unwrap_or(0)
    }

    /// Joins sentences that name different given things and are all about one that is sought.
    pub(super) fn join(
        &mut self,
        mut items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        possible: bool,
    ) -> Vec<Item<'r>> {
        // The tables of a loop are others in each round.
        if bound.is_empty() || self.request.delta.is_some() {
            return items;
        }
        let atom = |item: &Item<'r>| match item {
            Item::Is(Cond::Atom(atom)) => Some(atom),
            _ => None,
        };
        let vars: BTreeSet<VarId> =
            items.iter().filter_map(atom).flat_map(|atom| atom.args.iter().filter_map(as_var)).collect();
        for var in vars.difference(bound) {
            let given = |var: VarId| bound.contains(&var);
            let bounded: Vec<Bounded<'r>> =
                items.iter().filter_map(|item| self.bounded(*item, &given)).collect();
            let all = items.iter().filter_map(|item| self.part(*item, *var, bound, &bounded, possible));
            let (mut parts, mut others): (Vec<Part<'r>>, Vec<Part<'r>>) = all.partition(|part| part.given);
            let mut few = pays_from(FEW_ROWS);
            if let [only] = parts.as_slice()
                && only.left >= pays_from(FEW_FURTHER)
                && let Some((at, further)) = self.leading_on(&items, (only, &others), *var, bound, possible)
            {
                others.remove(at);
                parts.push(further);
                few = pays_from(FEW_FURTHER);
            }
            let least = parts.iter().map(|part| part.left).fold(f64::INFINITY, f64::min);
            let rows: usize = parts.iter().map(|part| part.table.len()).sum();
            let worth = self.most_rows as f64 * least >= pays_from(DEAR) * rows as f64;
            if parts.len() < 2 || least < few || !worth {
                continue;
            }
            // What else is said of each of many is at hand then, and not looked up.
            let share = |part: &Part<'_>| part.left / part.table.len().max(1) as f64;
            let most = parts.iter().map(|part| part.table.len()).max().unwrap_or(0);
            let left = most as f64 * parts.iter().map(share).product::<f64>();
            let other_rows: usize = others.iter().map(|part| part.table.len()).sum();
            if self.most_rows as f64 * left >= pays_from(DEAR) * (rows + other_rows) as f64 {
                parts.extend(others);
            }
            if let Some((table, args)) = joined(&parts, *var) {
                let own = |item: &Item<'r>| match item {
                    Item::Is(cond) => {
                        parts.iter().flat_map(|part| &part.conds).any(|own| std::ptr::eq(*own, *cond))
                    }
                    Item::Not(_) => false,
                };
                items.retain(|item| !own(item));
                items.push(Item::Is(self.made(JOINED, table, args)));
            }
        }
        items
    }

    /// Joins a sentence that names something given with one that says something given, too, of one thing that it names: what
    /// belongs to both is looked up then, where many belong to the first.
    pub(super) fn led(
        &mut self,
        mut items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        possible: bool,
    ) -> Vec<Item<'r>> {
        if bound.is_empty() || self.request.delta.is_some() {
            return items;
        }
        while let Some((places, table, args)) =
            (0..items.len()).find_map(|at| self.leading(&items, at, bound, possible))
        {
            let own = items.into_iter().enumerate().filter(|(at, _)| !places.contains(at));
            items = own.map(|(_, item)| item).collect();
            items.push(Item::Is(self.made(JOINED, table, args)));
        }
        items
    }

    /// The sentence at a place with one that it leads to: their places, and both as one.
    fn leading(
        &self,
        items: &[Item<'r>],
        at: usize,
        bound: &BTreeSet<VarId>,
        possible: bool,
    ) -> Option<([usize; 2], Arc<Table>, Vec<Term>)> {
        let Item::Is(Cond::Atom(atom)) = items[at] else { return None };
        let is_given = |term: &Term| as_var(term).is_some_and(|var| bound.contains(&var));
        let given: Vec<usize> = (0..atom.args.len()).filter(|column| is_given(&atom.args[*column])).collect();
        if atom.source == SUBJECTS || given.is_empty() {
            return None;
        }
        let table = self.table(atom, possible);
        let left = self.met_by(&table, &atom.args, &given);
        if left < pays_from(FEW_ROWS)
            || self.most_rows as f64 * left < pays_from(DEARER) * table.len() as f64
            || self.asks_further(items, atom, bound)
        {
            return None;
        }
        (0..atom.args.len()).find_map(|column| {
            let word = as_var(&atom.args[column]).filter(|var| !bound.contains(var))?;
            if !matches!(self.types[word.index()], Ty::Thing(_)) || self.loose.contains(&word) {
                return None;
            }
            let names = |item: &Item<'r>| match item {
                Item::Is(Cond::Atom(other)) => {
                    other.args.iter().filter(|term| as_var(term) == Some(word)).count()
                }
                _ => 0,
            };
            if items.iter().map(names).sum::<usize>() != 2 || names(&items[at]) != 1 {
                return None;
            }
            let place = (0..items.len()).find(|place| *place != at && names(&items[*place]) == 1)?;
            let Item::Is(Cond::Atom(other)) = items[place] else { return None };
            if other.source == SUBJECTS || !other.args.iter().any(is_given) {
                return None;
            }
            let own = other.args.iter().position(|term| as_var(term) == Some(word))?;
            let leads_to = self.table(other, possible);
            if !leads_to.is_key(own) || leads_to.len() > table.len() {
                return None;
            }
            let joined = table.joined(column, &leads_to, own)?;
            Some(([at, place], joined, joined_args((&atom.args, column), (&other.args, own))))
        })
    }

    /// Whether a sentence that leads on is narrowed by what is given all the same.
    fn asks_further(&self, items: &[Item<'r>], atom: &Atom, bound: &BTreeSet<VarId>) -> bool {
        let given = |var: VarId| bound.contains(&var);
        let is_own = |var: VarId| atom.args.contains(&Term::Var(var));
        items.iter().any(|item| self.bounded(*item, &given).is_some_and(|it| is_own(it.var)))
    }

    /// About how many rows have what is given in these columns, where that is asked about as often as it has rows.
    pub(super) fn met_by(&self, table: &Arc<Table>, args: &[Term], given: &[usize]) -> f64 {
        let left = self.left_by(table, args, given);
        let is_word = |column: &usize| as_var(&args[*column]).is_some();
        if given.iter().all(is_word) { left.max(table.met(given)) } else { left }
    }

    /// Whether sentences could be joined now that more is bound than when they were begun.
    pub(super) fn joins_later(&mut self, state: &mut State<'r>, items: &[Item<'r>]) -> bool {
        if state.bound.len() <= state.joined_by || state.bound.len() == self.request.bound.len() {
            return false;
        }
        state.joined_by = state.bound.len();
        self.join(items.to_vec(), &state.bound, state.possible).len() < items.len()
    }

    /// The tuples an atom asks.
    pub(super) fn table(&self, atom: &Atom, possible: bool) -> Arc<Table> {
        if is_made(&atom.source) {
            return Arc::clone(&self.made[atom.span.start as usize]);
        }
        match &self.request.delta {
            Some((delta, table)) if delta.span == atom.span => Arc::clone(table),
            _ => (self.inputs.tables)(&atom.source, possible && !atom.known),
        }
    }

    /// A sentence as part of a join about a variable: it says one thing of most of what it is about.
    fn part(
        &self,
        item: Item<'r>,
        var: VarId,
        bound: &BTreeSet<VarId>,
        bounded: &[Bounded<'r>],
        possible: bool,
    ) -> Option<Part<'r>> {
        let Item::Is(cond @ Cond::Atom(atom)) = item else { return None };
        if atom.source == SUBJECTS {
            return None;
        }
        let mut own = (0..atom.args.len()).filter(|column| atom.args[*column] == Term::Var(var));
        let (column, None) = (own.next()?, own.next()) else { return None };
        let table = self.table(atom, possible);
        // What a missing value may be is said of its thing beside the rest.
        let most = if atom.source == FILLED { 2 * gaps::MOST } else { 2 };
        if table.distinct(column) * most < table.len() {
            return None;
        }
        let given = |column: &usize| match &atom.args[*column] {
            Term::Var(var) => bound.contains(var),
            Term::Constant(_) | Term::Parameter(_) => true,
        };
        let given: Vec<usize> = (0..atom.args.len()).filter(given).collect();
        let words: Vec<VarId> = given.iter().filter_map(|column| as_var(&atom.args[*column])).collect();
        let left = if bounded.iter().any(|it| it.is_asked_with(&words)) {
            self.met_by(&table, &atom.args, &given)
        } else {
            self.left_by(&table, &atom.args, &given)
        };
        let is_bounded = |term: &Term| as_var(term).is_some_and(|var| bounded.iter().any(|it| it.var == var));
        let given = !given.is_empty() || atom.args.iter().any(is_bounded);
        Some(Part { conds: vec![cond], args: atom.args.clone(), column, table, given, left })
    }

    /// About how many rows have what is given in these columns.
    pub(super) fn left_by(&self, table: &Arc<Table>, args: &[Term], given: &[usize]) -> f64 {
        given.iter().fold(table.len() as f64, |rows, column| {
            let skew = as_var(&args[*column]).and_then(|var| self.skew(var, table, *column)).unwrap_or(1.0);
            rows * skew / table.distinct(*column).max(1) as f64
        })
    }

    /// Of sentences about a variable that name nothing given, one that leads to one other thing each of which one other
    /// sentence says something given, where that pays beside the one that does; its place, and both as one.
    fn leading_on(
        &self,
        items: &[Item<'r>],
        (beside, parts): (&Part<'r>, &[Part<'r>]),
        var: VarId,
        bound: &BTreeSet<VarId>,
        possible: bool,
    ) -> Option<(usize, Part<'r>)> {
        let is_given = |term: &Term| as_var(term).is_none_or(|var| bound.contains(&var));
        let mut all = parts.iter().enumerate().filter(|(_, part)| part.table.is_key(part.column));
        all.find_map(|(at, part)| {
            let leads = (0..part.args.len()).filter(|column| *column != part.column);
            let mut leads = leads.filter_map(|column| Some((column, as_var(&part.args[column])?)));
            leads.find_map(|(column, further)| {
                items.iter().find_map(|item| {
                    let Item::Is(cond @ Cond::Atom(atom)) = item else { return None };
                    let mut own = (0..atom.args.len()).filter(|own| atom.args[*own] == Term::Var(further));
                    let (own, None) = (own.next()?, own.next()) else { return None };
                    let is_own = part.conds.iter().any(|known| std::ptr::eq(*known, *cond));
                    let names = atom.args.contains(&Term::Var(var));
                    if is_own || names || atom.source == SUBJECTS || !atom.args.iter().any(is_given) {
                        return None;
                    }
                    let other = self.table(atom, possible);
                    let known: Vec<usize> =
                        (0..atom.args.len()).filter(|at| is_given(&atom.args[*at])).collect();
                    let share = self.left_by(&other, &atom.args, &known) / other.len().max(1) as f64;
                    let left = beside.left.min(share * part.table.len() as f64);
                    let rows = beside.table.len() + part.table.len();
                    if !other.is_key(own)
                        || left < pays_from(FEW_FURTHER)
                        || self.most_rows as f64 * left < pays_from(DEAR) * rows as f64
                    {
                        return None;
                    }
                    let table = part.table.joined(column, &other, own)?;
                    let args = joined_args((&part.args, column), (&atom.args, own));
                    let column = args.iter().position(|term| *term == Term::Var(var))?;
                    let given: Vec<usize> = (0..args.len()).filter(|at| is_given(&args[*at])).collect();
                    let left = self.left_by(&table, &args, &given);
                    Some((
                        at,
                        Part { conds: vec![part.conds[0], cond], args, column, table, given: true, left },
                    ))
                })
            })
        })
    }
}

/// What stands in the columns of two sentences that are joined by a column each (`Table::joined`): that column, then the
/// others of the first, then those of the second.
pub(super) fn joined_args((left, own): (&[Term], usize), (right, other): (&[Term], usize)) -> Vec<Term> {
    let but = |args: &[Term], column: usize| [&args[..column], &args[column + 1..]].concat();
    [vec![left[own].clone()], but(left, own), but(right, other)].concat()
}

/// The rows of all parts that are about the same, and what stands in their columns.
fn joined(parts: &[Part<'_>], var: VarId) -> Option<(Arc<Table>, Vec<Term>)> {
    let (first, others) = parts.split_first()?;
    let mut args = vec![Term::Var(var)];
    for part in parts {
        let own = part.args.iter().enumerate();
        args.extend(own.filter(|(column, _)| *column != part.column).map(|(_, term)| term.clone()));
    }
    let mut column = first.column;
    let mut table = Arc::clone(&first.table);
    for part in others {
        table = table.joined(column, &part.table, part.column)?;
        column = 0;
    }
    Some((table, args))
}
