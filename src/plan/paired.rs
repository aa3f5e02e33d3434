//! Conditions between two words of different sentences: where trying pair by pair would be dear, what goes together is
//! worked out once from the values (`engine::pairs`) and stands among the sentences like another one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::{Compiler, Item};
use super::expressions::operation;
use super::order::{Instead, searched};
use super::outline::PAIRED;
use super::state::State;
use crate::base::Idx;
use crate::engine::planted::pays_from;
use crate::engine::{Calculation, Pairs, Relating, Side, Step, Table, pairs};
use crate::model::clause::as_var;
use crate::model::{CompareOp, Cond, Expr, Term, Ty, VarId};
use crate::value::Value;

/// Below so many look-ups any way to search will do.
const FEW: f64 = (1 << 12) as f64;

/// Working out a value takes about so many times the time of a look-up.
const DEAR: f64 = 8.0;

/// Words worked out from words are written out so far.
pub(super) const MOST_LETS: usize = 8;

/// A condition between two words.
struct Between {
    /// Its place among what is left.
    item: usize,
    relating: Relating,
    left: Word,
    right: Word,
}

/// A word with what is worked out of it, and a column in which it has all ids it may have.
pub(super) struct Word {
    pub var: VarId,
    pub value: Calculation,
    pub table: Arc<Table>,
    pub column: usize,
}

impl Word {
    fn ids(&self) -> f64 {
        self.table.distinct(self.column) as f64
    }
}

impl<'r> Compiler<'_, 'r> {
    /// Notes where the words of the sentences at hand have their ids, and from what others are worked out.
    pub(super) fn note(&mut self, state: &State<'r>) {
        for pending in &state.pending {
            let vars = pending.atom.args.iter().enumerate();
            let vars = vars.filter_map(|(column, term)| Some((as_var(term)?, column)));
            let (values, things): (Vec<_>, Vec<_>) = vars
                .map(|(var, column)| (var, Arc::clone(&pending.table), column))
                .partition(|(var, ..)| matches!(self.types[var.index()], Ty::Value(_)));
            self.columns.extend(values);
            self.names.extend(things);
        }
        let lets = state.rest.iter().filter_map(|item| match item {
            Item::Is(Cond::Let { var, value, .. }) => Some((*var, value)),
            _ => None,
        });
        self.lets.extend(lets);
    }

    /// Puts what goes together in the place of conditions where that makes the search much shorter.
    pub(super) fn pair(&mut self, state: &mut State<'r>, enumerate: bool) {
        // The tables of a loop are others in each round.
        if self.request.delta.is_some() {
            return;
        }
        let times = if state.bound.is_empty() { 1.0 } else { self.most_rows as f64 };
        let mut tried: Vec<*const Cond> = Vec::new();
        while let Some(between) = self.between(state, &mut tried) {
            let without = times * self.cost(state, enumerate, None);
            let (left, right) = (between.left.ids(), between.right.ids());
            let likely = between.instead(left.max(right));
            let saved = without - times * self.cost(state, enumerate, Some(&likely));
            let build = match between.relating {
                // Each pattern is tried on each text, as far as nothing that must stand in the text tells beforehand.
                Relating::Matches => (DEAR * (left + right)).max(left * right / 2.0),
                _ => DEAR * (left + right),
            };
            if without < pays_from(FEW) || saved < pays_from(build) {
                continue;
            }
            let Some(found) = self.worked_out(&between, state.possible) else { continue };
            let rows = match &found {
                Pairs::Written(table) => table.len() as f64,
                // Of each class, on average, all of one side go with all of the other.
                Pairs::Classes(own, others) => {
                    own.len() as f64 * others.len() as f64 / own.distinct(1).max(1) as f64
                }
            };
            if times * self.cost(state, enumerate, Some(&between.instead(rows))) < without {
                self.put(state, &between, found);
            }
        }
    }

    /// About how many look-ups the search takes.
    fn cost(&self, state: &State<'r>, enumerate: bool, instead: Option<&Instead>) -> f64 {
        let givens = state.rest.iter().flat_map(|item| self.givens(state, *item)).collect();
        searched(state, givens, &self.spread(state), enumerate, instead).0
    }

    /// The next condition between two words one of which at least is sought.
    fn between(&mut self, state: &State<'r>, tried: &mut Vec<*const Cond>) -> Option<Between> {
        for (item, is) in state.rest.iter().enumerate() {
            let Item::Is(cond @ Cond::Compare { lhs, op: CompareOp::Eq, rhs, .. }) = is else { continue };
            if tried.contains(&std::ptr::from_ref(*cond)) {
                continue;
            }
            tried.push(std::ptr::from_ref(*cond));
            let mut aggregates = false;
            [lhs, rhs].into_iter().for_each(|side| side.aggregates(&mut |_| aggregates = true));
            if aggregates {
                continue;
            }
            let (lhs, rhs) = (self.written_out(lhs, MOST_LETS), self.written_out(rhs, MOST_LETS));
            let Some((relating, left, right)) = related(lhs, rhs) else { continue };
            let word = |value| self.word(value).filter(|word| !state.joins(word.var));
            let (Some(left), Some(right)) = (word(left), word(right)) else {
                continue;
            };
            let is_sought = [left.var, right.var].iter().any(|var| !state.bound.contains(var));
            if left.var != right.var && is_sought {
                return Some(Between { item, relating, left, right });
            }
        }
        None
    }

    /// A calculation with what its words are worked out from in their place.
    pub(super) fn written_out(&mut self, expr: &'r Expr, most: usize) -> Calculation {
        match expr {
            Expr::Term(Term::Var(var)) if most > 0 => match self.let_of(*var) {
                Some(value) => self.written_out(value, most - 1),
                None => self.calculation(expr, &BTreeSet::new()),
            },
            Expr::Term(_) | Expr::Aggregate(_) => self.calculation(expr, &BTreeSet::new()),
            _ => operation(expr, &mut |part| self.written_out(part, most)),
        }
    }

    /// What a word is worked out from, where no sentence and nothing else gives it its value.
    fn let_of(&self, var: VarId) -> Option<&'r Expr> {
        let mut own = self.lets.iter().filter(|(other, _)| *other == var);
        let (Some((_, value)), None) = (own.next(), own.next()) else { return None };
        let mut aggregates = false;
        value.aggregates(&mut |_| aggregates = true);
        let is_said = self.columns.iter().any(|(other, ..)| *other == var);
        (!aggregates && !is_said && !matches!(value, Expr::Term(_))).then_some(*value)
    }

    /// The one word a calculation reads, where a sentence at hand or further out says which ids it may have.
    pub(super) fn word(&self, value: Calculation) -> Option<Word> {
        let mut vars = Vec::new();
        value.each(&mut |part| {
            if let Calculation::Var { var, .. } = part {
                vars.push(VarId::from_usize(*var));
            }
        });
        vars.dedup();
        let [var] = vars[..] else { return None };
        let own = self.columns.iter().filter(|(other, ..)| *other == var);
        let (_, table, column) = own.min_by_key(|(_, table, column)| table.distinct(*column))?;
        let (table, column) = (Arc::clone(table), *column);
        Some(Word { var, value, table, column })
    }

    fn worked_out(&self, between: &Between, possible: bool) -> Option<Pairs> {
        let Between { left, relating, right, .. } = between;
        pairs(self.side(left), *relating, self.side(right), possible, self.inputs.clock)
    }

    pub(super) fn side<'w>(&'w self, word: &'w Word) -> Side<'w> {
        let domain = self.inputs.ruleset.domain_of(self.types[word.var.index()]);
        let dictionary = &self.inputs.dictionaries[domain];
        Side { table: &word.table, column: word.column, dictionary, value: &word.value }
    }

    /// Puts what goes together among the sentences, instead of the condition.
    fn put(&mut self, state: &mut State<'r>, between: &Between, found: Pairs) {
        let (left, right) = (between.left.var, between.right.var);
        match found {
            Pairs::Written(table) => self.put_one(state, table, left, right),
            Pairs::Classes(own, others) => {
                let class = self.class_word(left);
                self.put_one(state, own, left, class);
                self.put_one(state, others, right, class);
            }
        }
        state.rest.remove(between.item);
    }

    /// A word for the classes of what is worked out from another.
    pub(super) fn class_word(&mut self, of: VarId) -> VarId {
        let class = VarId::from_usize(self.types.len());
        // Which kind of value it is does not matter: nothing reads it.
        self.types.push(self.types[of.index()]);
        class
    }

    fn put_one(&mut self, state: &mut State<'r>, table: Arc<Table>, first: VarId, second: VarId) {
        let args = vec![Term::Var(first), Term::Var(second)];
        let cond = self.made(PAIRED, table, args);
        let Cond::Atom(atom) = cond else { return };
        let mut pending = self.begin(cond, atom, state.possible);
        let given = [first, second].into_iter().enumerate().filter(|(_, var)| state.bound.contains(var));
        pending.columns = given.map(|(column, _)| column).collect();
        state.steps.push(Step::Seek { atom: pending.slot, from: 0, to: pending.columns.len() });
        state.known.extend([first, second]);
        state.pending.push(pending);
    }
}

impl Between {
    /// That many pairs in the place of the condition.
    fn instead(&self, rows: f64) -> Instead {
        let column = |word: &Word| (word.var, word.ids().min(rows));
        Instead { rows, columns: [column(&self.left), column(&self.right)] }
    }
}

/// What must be so of which calculations where two sides are equal: of themselves, or of what a function that gives yes
/// takes.
pub(super) fn related(lhs: Calculation, rhs: Calculation) -> Option<(Relating, Calculation, Calculation)> {
    let (function, args) = match (lhs, rhs) {
        (Calculation::Call(function, args), Calculation::Value(Value::Flag(true)))
        | (Calculation::Value(Value::Flag(true)), Calculation::Call(function, args)) => (function, args),
        (lhs, rhs) => return Some((Relating::Equal, lhs, rhs)),
    };
    let relating = match function.name {
        "starts-with" => Relating::Begins,
        "ends-with" => Relating::Ends,
        "contains" => Relating::Contains,
        "matches" => Relating::Matches,
        _ => return None,
    };
    let [left, right] = <[Calculation; 2]>::try_from(args).ok()?;
    Some((relating, left, right))
}
