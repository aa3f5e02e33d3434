//! Sentences of which a comparison with a constant leaves little: only those rows are searched, so that the search may
//! begin with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item, NOWHERE, vars_of};
use super::expressions::comparison;
use super::join::joined_args;
use super::outline::{LEFT, SUBJECTS};
use super::within::Sides;
use crate::base::{Idx, Span};
use crate::engine::planted::pays_from;
use crate::engine::{Calculation, Comparison, Computed, Leaf, Table, calculate, compare, compares};
use crate::facts::{Dictionary, MISSING, units_at};
use crate::model::clause::as_var;
use crate::model::{Atom, AtomSource, Cond, Term, Ty, VarId};
use crate::value::{Date, DomainError, Value};

/// Fewer rows are gone through as they are.
const MANY: usize = 1 << 12;

/// At most one of so many rows may be left; where other sentences say something of the same things, so that less has to be
/// looked up there, one of so many.
const RARE: usize = 8;
const RARE_BESIDE: usize = 3;

/// Rows looked at, to tell how many may be left.
const SAMPLE: usize = 1 << 10;

/// Of a column with more different values among those, working conditions out for each is dear.
const MANY_VALUES: usize = SAMPLE / 2;

/// A condition on one word that is worked out from its value alone.
enum Test {
    Compares(Sides),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

impl Test {
    /// Whether a value meets it; nothing where a calculation has no result.
    fn is_met(&self, value: &Value) -> Option<bool> {
        let known = |leaf: Leaf<'_>| match leaf {
            Leaf::Var(..) => Ok(Computed::Value(value.clone())),
            Leaf::Aggregate(_) => Err(DomainError::Overflow),
        };
        match self {
            Self::Compares((left, op, right)) => {
                let side = |side| calculate(side, &mut { known }).ok();
                Some(compare(&side(left)?, *op, &side(right)?, false))
            }
            Self::All(parts) => parts.iter().try_fold(true, |met, part| Some(met & part.is_met(value)?)),
            Self::Any(parts) => parts.iter().try_fold(false, |met, part| Some(met | part.is_met(value)?)),
            Self::Not(inner) => Some(!inner.is_met(value)?),
        }
    }

    /// The comparison of the word itself with a constant that it is.
    fn plain(&self) -> Option<(Comparison, &Value)> {
        match self {
            Self::Compares((Calculation::Var { .. }, op, Calculation::Value(value))) => Some((*op, value)),
            Self::Compares((Calculation::Value(value), op, Calculation::Var { .. })) => {
                Some((op.turned(), value))
            }
            _ => None,
        }
    }
}

/// What conditions leave of a sentence.
struct Left<'r> {
    /// Its place, and those of the conditions.
    sentence: usize,
    tested: Vec<usize>,
    cond: &'r Cond,
}

impl<'r> Compiler<'_, 'r> {
    /// The same conditions, where comparisons with constants that leave few rows of a sentence are met by those rows. What
    /// names something given is gone through with that, and so is what is needed, but in figures.
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
        let given: BTreeSet<VarId> =
            if self.figures > 0 { bound.clone() } else { bound.union(needed).copied().collect() };
        let mut at = 0;
        while at < items.len() {
            match self.left_of(&items, at, &given, possible) {
                Some(Left { mut sentence, tested, cond }) => {
                    items[sentence] = Item::Is(cond);
                    for at in tested.into_iter().rev() {
                        items.remove(at);
                        sentence -= usize::from(sentence > at);
                    }
                    self.join_left(&mut items, sentence, possible);
                    at = 0;
                }
                None => at += 1,
            }
        }
        items
    }

    /// The sentence that the conditions on one word leave little of, and what they leave; the first of them is at this place.
    fn left_of(
        &mut self,
        items: &[Item<'r>],
        at: usize,
        given: &BTreeSet<VarId>,
        possible: bool,
    ) -> Option<Left<'r>> {
        let var = self.only_word(items[at])?;
        let is_free = |var: VarId| !given.contains(&var);
        if self.loose.contains(&var) || !is_free(var) {
            return None;
        }
        let of_it: Vec<usize> =
            (0..items.len()).filter(|at| self.only_word(items[*at]) == Some(var)).collect();
        if of_it.first() != Some(&at) {
            return None;
        }
        let (sentence, atom, column) = only_sentence(items, var)?;
        if atom.source == SUBJECTS || !atom.args.iter().filter_map(as_var).all(is_free) {
            return None;
        }
        let table = self.table(atom, possible);
        if table.len() < pays_from(MANY) {
            return None;
        }
        let all = of_it.into_iter().filter_map(|at| Some((at, self.tested(items[at])?)));
        let (tested, tests): (Vec<usize>, Vec<Test>) = all.unzip();
        if tests.is_empty() {
            return None;
        }
        let stands_beside = |(at, item): (usize, &Item<'r>)| match item {
            Item::Is(Cond::Atom(other)) if at != sentence && other.source != SUBJECTS => {
                let keys = (0..atom.args.len()).filter(|own| *own != column && table.is_key(*own));
                keys.into_iter().any(|own| other.args.contains(&atom.args[own]))
            }
            _ => false,
        };
        let rare = if items.iter().enumerate().any(stands_beside) { RARE_BESIDE } else { RARE };
        let rows = self.rows_left(&table, (column, var), &tests, rare)?;
        let cond = self.left(Arc::new(table.kept(&rows)), atom.args.clone());
        Some(Left { sentence, tested, cond })
    }

    /// The one word of a value that a condition is about.
    fn only_word(&self, item: Item<'r>) -> Option<VarId> {
        let (Item::Is(cond) | Item::Not(cond)) = item;
        if matches!(cond, Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } | Cond::Let { .. }) {
            return None;
        }
        let mut vars = vars_of(item).into_iter();
        let (var, None) = (vars.next()?, vars.next()) else { return None };
        matches!(self.types[var.index()], Ty::Value(_)).then_some(var)
    }

    /// What a condition on one word tests; `None` of what is more than comparisons.
    fn tested(&self, item: Item<'r>) -> Option<Test> {
        match item {
            Item::Is(cond) => self.test(cond),
            Item::Not(cond) => Some(Test::Not(Box::new(self.test(cond)?))),
        }
    }

    fn test(&self, cond: &'r Cond) -> Option<Test> {
        let all = |parts: &'r [Cond]| parts.iter().map(|part| self.test(part)).collect::<Option<Vec<_>>>();
        match cond {
            Cond::Compare { lhs, op, rhs, .. } => {
                Some(Test::Compares((self.plainly(lhs)?, comparison(*op), self.plainly(rhs)?)))
            }
            Cond::And(parts) => all(parts).map(Test::All),
            Cond::Or(parts) => all(parts).map(Test::Any),
            Cond::Not(inner, _) => Some(Test::Not(Box::new(self.test(inner)?))),
            Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } | Cond::Let { .. } => None,
        }
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

    /// The rows in which a column's values meet all tests; `None` where they are more than one in so many, or would take
    /// long to tell.
    fn rows_left(
        &self,
        table: &Table,
        (column, var): (usize, VarId),
        tests: &[Test],
        rare: usize,
    ) -> Option<Vec<u32>> {
        let dictionary = &self.inputs.dictionaries[self.inputs.ruleset.domain_of(self.types[var.index()])];
        let ids = table.columns()[column].as_slice();
        let step = (ids.len() / SAMPLE).max(1);
        let sample: Vec<u32> = ids.iter().step_by(step).copied().collect();
        let few = |found: usize, looked: usize| found * pays_from(rare) <= looked;
        let rows = |is_met: &mut dyn FnMut(u32) -> Option<bool>| {
            let mut found = 0;
            for id in &sample {
                found += usize::from(is_met(*id)?);
            }
            if !few(found, sample.len()) {
                return None;
            }
            let mut rows = Vec::new();
            for (row, id) in (0_u32..).zip(ids) {
                if is_met(*id)? {
                    rows.push(row);
                }
            }
            few(rows.len(), ids.len()).then_some(rows)
        };
        let plain: Option<Vec<(Comparison, &Value)>> = tests.iter().map(Test::plain).collect();
        let in_units =
            |(op, value): (Comparison, &Value)| in_units(dictionary, value).map(|known| (op, known));
        if let Some(all) = plain.and_then(|plain| plain.into_iter().map(in_units).collect::<Option<Vec<_>>>())
        {
            return rows(&mut |id| {
                let met = |(op, (units, constant)): &(Comparison, (&[i64], i64))| {
                    Some(compares(units_at(units, id)?.cmp(constant) as i64, *op))
                };
                let slowly = || {
                    let value = dictionary.value(id)?;
                    tests.iter().try_fold(true, |all, test| Some(all & test.is_met(value)?))
                };
                if id == MISSING {
                    return Some(false);
                }
                all.iter().try_fold(true, |all, one| Some(all & met(one)?)).or_else(slowly)
            });
        }
        let mut different = sample.clone();
        different.sort_unstable();
        different.dedup();
        if different.len() > MANY_VALUES && sample.len() == SAMPLE {
            return None;
        }
        let mut known: Vec<Option<bool>> = vec![None; dictionary.len()];
        rows(&mut |id| {
            let Some(value) = dictionary.value(id) else { return Some(false) };
            if let Some(met) = known[id as usize] {
                return Some(met);
            }
            let met = tests.iter().try_fold(true, |all, test| Some(all & test.is_met(value)?))?;
            known[id as usize] = Some(met);
            Some(met)
        })
    }
}

/// The values of a domain in units by id, and how many of them a constant is.
fn in_units<'d>(dictionary: &'d Dictionary, constant: &Value) -> Option<(&'d [i64], i64)> {
    match constant {
        Value::Number(number) => {
            let lane = dictionary.lane()?;
            Some((&lane.units, number.in_units(lane.exponent)?))
        }
        Value::Date(date) => Some((dictionary.days()?, date.days_since(Date::EPOCH))),
        Value::Text(_) | Value::Flag(_) => None,
    }
}

/// The only sentence that names a word, and in one place; its place among the others and that of the word.
pub(super) fn only_sentence<'r>(items: &[Item<'r>], word: VarId) -> Option<(usize, &'r Atom, usize)> {
    let mut found = None;
    for (place, item) in items.iter().enumerate() {
        let Item::Is(Cond::Atom(atom)) = *item else { continue };
        for column in (0..atom.args.len()).filter(|column| as_var(&atom.args[*column]) == Some(word)) {
            if found.is_some() {
                return None;
            }
            found = Some((place, atom, column));
        }
    }
    found
}
