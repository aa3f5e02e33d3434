//! Rules of a loop as steps: each makes a tuple of a relation from another one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::relations::{occurrences, place_of};
use crate::base::Idx;
use crate::engine::{Place, Program, Table};
use crate::model::clause::{all_cond_vars, as_var};
use crate::model::{
    Atom, AtomSource, BinaryOp, Clause, CompareOp, Cond, Constant, Expr, Keeping, RelationId, Rule, Term,
    VarId,
};
use crate::plan::{Inputs, Request, compile, place};
use crate::value::{Decimal, Value};

/// A rule that makes one tuple of a relation from another, or from one of another relation of its loop.
pub(super) struct Step<'r> {
    rule: &'r Rule,
    /// What it reads of the relation.
    atom: &'r Atom,
    /// What else must hold.
    rest: Clause,
    /// A variable of `rest` that nothing names: it stands for the place of the tuple that is read.
    pub(super) place: VarId,
    /// What else it reads of the relation, where that may as well be what the relation begins with.
    again: Option<&'r Atom>,
    /// What it does to the value that is kept, where one is; `rest` then says nothing of it.
    pub(super) growth: Option<Growth>,
}

/// What a step does to a kept value.
pub(super) struct Growth {
    /// What it adds, or takes away where the most is kept; not negative.
    pub by: Decimal,
    /// How what comes of it must compare.
    pub bounds: Vec<(CompareOp, Term)>,
}

impl<'r> Step<'r> {
    /// The rule as such a step, where it reads the relation once, outside any choice, or where it is the
    /// `only` one that leads further and puts ways together. Of a relation that keeps a value, where the step
    /// moves it by a constant.
    pub(super) fn new(
        rule: &'r Rule,
        members: &[RelationId],
        only: bool,
        keeping: Option<(Keeping, usize)>,
    ) -> Option<Self> {
        let atoms = occurrences(&rule.clause, members);
        let (atom, again) = match atoms.as_slice() {
            [atom] => (*atom, None),
            [one, other] if only && keeping.is_none() => {
                match (puts_together(rule, one, other), puts_together(rule, other, one)) {
                    (true, _) => (*one, Some(*other)),
                    (_, true) => (*other, Some(*one)),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let is_it = |cond: &Cond| matches!(cond, Cond::Atom(other) if other.span == atom.span);
        let mut parts = match &rule.clause.when {
            Cond::And(parts) => parts.clone(),
            only => vec![only.clone()],
        };
        parts.remove(parts.iter().position(is_it)?);
        let growth = match keeping {
            Some((keeping, slot)) => Some(Growth::of(rule, atom, &mut parts, keeping, slot)?),
            None => None,
        };
        let first = atom.args.iter().find_map(as_var)?;
        let mut vars = rule.clause.vars.clone();
        let place = vars.push(vars[first].clone());
        let rest = Clause { vars, when: Cond::And(parts), unless: rule.clause.unless.clone() };
        let step = Self { rule, atom, rest, place, again, growth };
        let is_told = |slot: usize| once(&rule.head, slot) && once(&atom.args, slot);
        keeping.is_none_or(|(_, slot)| is_told(slot) && !step.reads(slot)).then_some(step)
    }

    /// The relation whose tuples it reads and the one whose tuples it makes, as places among the members of a loop.
    pub(super) fn between(&self, members: &[RelationId]) -> (usize, usize) {
        let from = match self.atom.source {
            AtomSource::Relation(relation) => place_of(members, relation),
            AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => 0,
        };
        (from, place_of(members, self.rule.relation))
    }

    /// What else must hold, what it reads of the relation and what it makes of it; nothing where it reads more of it.
    pub(super) fn body(&self) -> Option<(&Clause, &[Term], &[Term])> {
        self.again.is_none().then_some((&self.rest, &self.atom.args, &self.rule.head))
    }

    /// Whether it reads the relation a second time, as what that begins with.
    pub(super) fn reads_twice(&self) -> bool {
        self.again.is_some()
    }

    /// Whether the slot of what it makes is that of what it is made from.
    pub(super) fn carries(&self, slot: usize) -> bool {
        as_var(&self.rule.head[slot]).is_some() && self.rule.head[slot] == self.atom.args[slot]
    }

    /// Whether it carries a slot whose value it reads for nothing else.
    pub(super) fn only_carries(&self, slot: usize) -> bool {
        let is_told = once(&self.rule.head, slot) && once(&self.atom.args, slot);
        self.carries(slot) && is_told && !self.reads(slot)
    }

    /// Whether what else must hold says anything of what stands in a slot, before or after.
    fn reads(&self, slot: usize) -> bool {
        let mut read = Vec::new();
        all_cond_vars(&self.rest.when, &mut read);
        self.rest.unless.iter().for_each(|unless| all_cond_vars(unless, &mut read));
        [&self.rule.head, &self.atom.args]
            .into_iter()
            .filter_map(|terms| as_var(&terms[slot]))
            .any(|var| read.contains(&var))
    }

    /// Compiles it. `begins` is what the relation begins with, `kept` the slot of a kept value.
    pub(super) fn compile(
        &self,
        inputs: &Inputs<'_>,
        begins: Option<&Arc<Table>>,
        possible: bool,
        kept: Option<usize>,
    ) -> Compiled {
        let of = |terms: &[Term]| -> BTreeSet<VarId> {
            let told = terms.iter().enumerate().filter(|(slot, _)| Some(*slot) != kept);
            told.filter_map(|(_, term)| as_var(term)).chain(std::iter::once(self.place)).collect()
        };
        let request = Request {
            bound: of(&self.atom.args),
            delta: self.again.zip(begins.map(Arc::clone)),
            lookups: true,
            ..Request::new(&self.rest, of(&self.rule.head), possible)
        };
        let places = |terms: &[Term]| terms.iter().map(|term| place(inputs, term)).collect();
        Compiled {
            program: compile(inputs, &request),
            head: places(&self.rule.head),
            args: places(&self.atom.args),
            place: self.place.index(),
        }
    }
}

/// Whether a slot has a variable that stands in no other.
fn once(terms: &[Term], slot: usize) -> bool {
    as_var(&terms[slot])
        .is_some_and(|var| terms.iter().filter_map(as_var).filter(|other| *other == var).count() == 1)
}

impl Growth {
    /// What a rule does to the value in a slot; takes what says so out of its conditions.
    fn of(rule: &Rule, atom: &Atom, parts: &mut Vec<Cond>, keeping: Keeping, slot: usize) -> Option<Self> {
        let (from, to) = (as_var(&atom.args[slot])?, as_var(&rule.head[slot])?);
        let mut growth = Self { by: Decimal::ZERO, bounds: Vec::new() };
        if from == to {
            return Some(growth);
        }
        let at = parts.iter().position(|part| matches!(part, Cond::Let { var, .. } if *var == to))?;
        let Cond::Let { value, .. } = parts.remove(at) else { return None };
        growth.by = added(&value, from, keeping)?;
        parts.retain(|part| match bound(part, to, keeping) {
            Some(bound) => {
                growth.bounds.push(bound);
                false
            }
            None => true,
        });
        Some(growth)
    }
}

/// What is added to a variable, or taken from it.
fn added(value: &Expr, from: VarId, keeping: Keeping) -> Option<Decimal> {
    let is_it = |expr: &Expr| matches!(expr, Expr::Term(Term::Var(var)) if *var == from);
    let number = |expr: &Expr| match expr {
        Expr::Term(Term::Constant(Constant::Value(Value::Number(number)))) => Some(*number),
        _ => None,
    };
    let by = match (value, keeping) {
        (Expr::Binary(BinaryOp::Add, left, right), Keeping::Fewest) if is_it(left) => number(right),
        (Expr::Binary(BinaryOp::Add, left, right), Keeping::Fewest) if is_it(right) => number(left),
        (Expr::Binary(BinaryOp::Subtract, left, right), Keeping::Most) if is_it(left) => number(right),
        _ => None,
    };
    by.filter(|by| !by.is_negative())
}

/// A comparison that only ends the way: with a constant that the value comes past sooner or later.
fn bound(part: &Cond, var: VarId, keeping: Keeping) -> Option<(CompareOp, Term)> {
    let Cond::Compare { lhs: Expr::Term(left), op, rhs: Expr::Term(right), .. } = part else { return None };
    let (op, term) = match (left, right) {
        (Term::Var(left), term) if *left == var => (*op, term),
        (term, Term::Var(right)) if *right == var => (op.mirrored(), term),
        _ => return None,
    };
    let ends = match keeping {
        Keeping::Fewest => matches!(op, CompareOp::Lt | CompareOp::Le),
        Keeping::Most => matches!(op, CompareOp::Gt | CompareOp::Ge),
    };
    (ends && as_var(term).is_none()).then(|| (op, term.clone()))
}

/// Whether a rule only puts two ways together, the second where the first ends: then a way may as well be
/// led further by what all ways begin with, one after the other.
fn puts_together(rule: &Rule, one: &Atom, other: &Atom) -> bool {
    let is_all =
        matches!(&rule.clause.when, Cond::And(parts) if parts.len() == 2) && rule.clause.unless.is_none();
    let vars = |terms: &[Term]| terms.iter().map(as_var).collect::<Option<Vec<VarId>>>();
    let (Some(head), Some(one), Some(other)) = (vars(&rule.head), vars(&one.args), vars(&other.args)) else {
        return false;
    };
    let slots = 0..head.len();
    let carried = |slot: usize| head[slot] == one[slot] && head[slot] == other[slot];
    let moved: Vec<usize> = slots.clone().filter(|slot| !carried(*slot)).collect();
    let [a, b] = moved[..] else { return false };
    let (begin, end) = if one[b] == other[a] { (a, b) } else { (b, a) };
    let mut different: BTreeSet<VarId> = slots.filter(|slot| carried(*slot)).map(|slot| head[slot]).collect();
    let [first, middle, last] = [head[begin], one[end], head[end]];
    is_all
        && one[begin] == first
        && other[begin] == middle
        && other[end] == last
        && [first, middle, last].into_iter().all(|var| different.insert(var))
        && different.len() == head.len() + 1
}

/// A step, compiled.
pub(super) struct Compiled {
    pub(super) program: Program,
    pub(super) head: Vec<Place>,
    /// Per slot of the tuple read the variable it gives its value, or what must stand there.
    pub(super) args: Vec<Place>,
    /// The variable for the place of the tuple read.
    pub(super) place: usize,
}
