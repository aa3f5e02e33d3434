//! Sentences that must be met for a figure to compare so: where the figure of nothing would not, only those are looked at
//! of whom there is something to work it out from.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{Compiler, Item, NOWHERE, flatten};
use super::expressions::comparison;
use crate::base::{Idx, IndexVec};
use crate::engine::planted::pays_from;
use crate::engine::{Computed, Table, compare, of_nothing};
use crate::model::clause::as_var;
use crate::model::{Aggregate, Atom, Cond, Constant, Expr, ParameterId, Term, VarId};
use crate::value::Value;

/// Sentences lead to so many times fewer rows than subjects before those are sought through them.
const RARE: f64 = 4.0;

/// The aggregate that has to find something for a comparison with a constant to be met, if only possibly.
pub fn needs_some<'c>(
    parameters: &IndexVec<ParameterId, Option<Value>>,
    cond: &'c Cond,
) -> Option<&'c Aggregate> {
    let Cond::Compare { lhs, op, rhs, .. } = cond else { return None };
    let (aggregate, other, is_left) = match (lhs, rhs) {
        (Expr::Aggregate(aggregate), other) => (aggregate, other, true),
        (other, Expr::Aggregate(aggregate)) => (aggregate, other, false),
        _ => return None,
    };
    let value = match other {
        Expr::Term(Term::Constant(Constant::Value(value))) => value.clone(),
        Expr::Term(Term::Parameter(parameter)) => parameters[*parameter].clone()?,
        _ => return None,
    };
    let (nothing, value) = (of_nothing(aggregate.kind).ok()?, Computed::Value(value));
    let (lhs, rhs) = if is_left { (&nothing, &value) } else { (&value, &nothing) };
    (!compare(lhs, comparison(*op), rhs, true)).then_some(aggregate)
}

impl<'r> Compiler<'_, 'r> {
    /// Sentences of which the subjects that figures among these items let through all have one, where fewer do.
    pub(super) fn behind(&mut self, items: &[Item<'r>]) -> Vec<Item<'r>> {
        let subjects = self.request.subjects.as_ref().filter(|_| !self.request.figures);
        let Some(subjects) = subjects.map(|subjects| subjects.table.len()) else { return Vec::new() };
        let mut out = Vec::new();
        for item in items {
            let Item::Is(cond) = item else { continue };
            let Some(aggregate) = needs_some(self.inputs.parameters, cond) else { continue };
            let mut parts = Vec::new();
            flatten(&aggregate.body, &mut parts);
            let sentences = parts.into_iter().filter_map(|part| match part {
                Item::Is(cond @ Cond::Atom(atom)) => Some((cond, atom)),
                _ => None,
            });
            let sentences: Vec<(&'r Cond, &'r Atom)> = sentences.collect();
            let mut names = BTreeMap::new();
            let mut fewest = subjects;
            for (_, atom) in &sentences {
                let table = self.table(atom, self.request.possible);
                if let Some(most) = self.most_groups(aggregate, atom, &table).filter(|most| *most < subjects)
                {
                    fewest = fewest.min(most);
                    let atom = self.apart_from(aggregate, atom, &mut BTreeMap::new());
                    out.push(Item::Is(self.arena.alloc(Cond::Atom(atom))));
                }
            }
            if let Some(pair) = self.rare(aggregate, &sentences, fewest) {
                for atom in pair {
                    let atom = self.apart_from(aggregate, atom, &mut names);
                    out.push(Item::Is(self.arena.alloc(Cond::Atom(atom))));
                }
            }
        }
        out
    }

    /// Two sentences that share a word of the aggregate's own, one of which names a word from outside and the other is so
    /// rare that few rows of the first go with it: far fewer than so many.
    fn rare(
        &self,
        aggregate: &Aggregate,
        sentences: &[(&'r Cond, &'r Atom)],
        fewer: usize,
    ) -> Option<[&'r Atom; 2]> {
        let mut best: Option<(f64, [&'r Atom; 2])> = None;
        for (_, atom) in sentences {
            let table = self.table(atom, self.request.possible);
            if self.most_groups(aggregate, atom, &table).is_none() {
                continue;
            }
            for (own, arg) in atom.args.iter().enumerate() {
                let Some(var) = as_var(arg).filter(|var| aggregate.owns(*var) && !self.loose.contains(var))
                else {
                    continue;
                };
                let rows = table.len() as f64 / table.distinct(own).max(1) as f64;
                for (cond, other) in sentences.iter().filter(|(_, other)| !std::ptr::eq(*other, *atom)) {
                    if !other.args.contains(&Term::Var(var)) || self.may_be_missing(other) {
                        continue;
                    }
                    let Some(others) = self.rows_of(Item::Is(cond), self.request.possible) else { continue };
                    let most = rows * others;
                    if pays_from(most * RARE) < fewer as f64 && best.is_none_or(|(least, _)| most < least) {
                        best = Some((most, [atom, other]));
                    }
                }
            }
        }
        best.map(|(_, pair)| pair)
    }

    /// Whether a value may be missing where a sentence names something.
    fn may_be_missing(&self, atom: &Atom) -> bool {
        let missing = |slot: usize| (self.inputs.missing)(&atom.source, slot);
        (0..atom.args.len()).any(|slot| as_var(&atom.args[slot]).is_none() && missing(slot))
    }

    /// How many combinations of the words from outside have a row of a sentence, at most; `None` where it names none, or
    /// something in whose place a value may be missing.
    fn most_groups(&self, aggregate: &Aggregate, atom: &Atom, table: &Table) -> Option<usize> {
        if self.may_be_missing(atom) {
            return None;
        }
        let outer = |term: &Term| as_var(term).filter(|var| !aggregate.owns(*var));
        let columns: Vec<usize> =
            (0..atom.args.len()).filter(|column| outer(&atom.args[*column]).is_some()).collect();
        let vars: BTreeSet<VarId> = atom.args.iter().filter_map(outer).collect();
        if vars.iter().any(|var| self.loose.contains(var)) {
            return None;
        }
        let by_column = columns.iter().map(|column| table.distinct(*column));
        Some(by_column.reduce(usize::saturating_mul)?.min(table.len()))
    }

    /// The same sentence with words of its own in place of those of the aggregate.
    fn apart_from(&mut self, aggregate: &Aggregate, atom: &Atom, own: &mut BTreeMap<VarId, VarId>) -> Atom {
        let args = atom.args.iter().map(|arg| match as_var(arg) {
            Some(var) if aggregate.owns(var) => Term::Var(*own.entry(var).or_insert_with(|| {
                self.types.push(self.types[var.index()]);
                VarId::from_usize(self.types.len() - 1)
            })),
            _ => arg.clone(),
        });
        let args = args.collect();
        Atom { source: atom.source.clone(), args, known: atom.known, span: NOWHERE }
    }
}
