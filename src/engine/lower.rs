//! A program as operators over batches: which columns each has to hand on.

use super::barren::Barren;
use super::batch_compare::Truths;
use super::batch_texts::OfText;
use super::batch_told::Told;
use super::once::Once;
use super::program::{AggregatePlan, AllBut, Calculation, Conjunction, Place, Program, Step};
use crate::base::{BitSet, InOrder};

/// Columns of a batch: one per variable, then two per level of each atom's rows, then one per depth of
/// nesting that names the row outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    vars: usize,
    ranges: usize,
}

impl Registers {
    pub fn of(program: &Program) -> Self {
        Self { vars: program.vars, ranges: program.ranges }
    }

    /// Whether a column is a variable's.
    pub fn is_var(self, column: usize) -> bool {
        column < self.vars
    }

    /// Where the first row of an atom's level stands; the one past its last stands behind.
    pub fn range(self, place: usize) -> usize {
        self.vars + 2 * place
    }

    /// Where the row outside stands, at a depth of nesting.
    pub fn origin(self, depth: usize) -> usize {
        self.vars + 2 * self.ranges + depth
    }
}

/// A step with what lives on after it.
#[derive(Debug)]
pub(super) struct Op<'p> {
    pub step: &'p Step,
    /// The columns that later steps read, ascending.
    pub keep: Vec<usize>,
    /// The conjunctions within.
    pub inner: Vec<Inner<'p>>,
    /// The aggregates that are worked out for all rows at once.
    pub aggregates: Vec<Ranged<'p>>,
    /// Of a comparison with a constant, what came out.
    pub truths: Truths,
    /// The condition on a text that it is.
    pub text: Option<OfText<'p>>,
    /// Whether the value of an assignment is handed on as it is, and not given an id.
    pub deferred: bool,
    /// Variables that take their values from all further columns of one atom, each row of which is a way.
    pub scan: Option<Scan>,
    /// Rows left in which it found nothing.
    pub barren: Option<Barren>,
    /// What it found by the ids it reads.
    pub told: Option<Told>,
    /// Rows come to it once for each id that alone decides what follows, where that is enough.
    pub once: Option<Once>,
}

/// The rows of one atom, with nothing else to ask: a step for one or several variables.
#[derive(Debug)]
pub(super) struct Scan {
    /// The atom.
    pub atom: usize,
    /// The level of the first variable.
    pub from: usize,
    /// The variables, by level from that on.
    pub vars: Vec<usize>,
    /// Whether each row has just one of the atom's left: then the step only adds columns.
    pub single: bool,
    /// Other atoms that are narrowed by the variable then, with the levels at which it stands.
    pub also: Vec<(usize, usize, usize)>,
}

/// A conjunction within a step.
#[derive(Debug)]
pub(super) struct Inner<'p> {
    pub ops: Vec<Op<'p>>,
    /// The columns it reads.
    pub reads: Vec<usize>,
    /// The column that names the row outside, where only is asked whether it can be met.
    pub origin: Option<usize>,
}

/// An aggregate with what it ranges over.
#[derive(Debug)]
pub(super) struct Ranged<'p> {
    pub plan: &'p AggregatePlan,
    /// What it certainly ranges over.
    pub certain: Inner<'p>,
    /// What it possibly ranges over, where that may be more.
    pub possible: Option<Inner<'p>>,
    /// The same of its members but for those about one thing.
    pub all_but: Option<(&'p AllBut, Inner<'p>, Option<Inner<'p>>)>,
}

impl<'p> Ranged<'p> {
    /// The columns it reads, outer variables among them.
    pub fn reads(&self) -> Vec<usize> {
        columns_of(&self.plan.outer, &self.certain, self.possible.as_ref())
    }

    /// All it ranges over.
    pub fn inner(&self) -> impl Iterator<Item = &Inner<'p>> {
        let all_but =
            self.all_but.iter().flat_map(|(_, certain, possible)| std::iter::once(certain).chain(possible));
        std::iter::once(&self.certain).chain(&self.possible).chain(all_but)
    }
}

/// The columns that variables from outside stand in and bodies read, ascending.
pub(super) fn columns_of(outer: &[usize], certain: &Inner<'_>, possible: Option<&Inner<'_>>) -> Vec<usize> {
    let mut columns = outer.to_vec();
    columns.extend(&certain.reads);
    columns.extend(possible.iter().flat_map(|possible| &possible.reads));
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The operators of a conjunction, after which the columns of `live` are read; hands back those read
/// before, too.
pub(super) fn lower<'p>(
    program: &'p Program,
    registers: Registers,
    conjunction: &'p Conjunction,
    live: &mut BitSet,
    depth: usize,
) -> Vec<Op<'p>> {
    let mut ops = Vec::with_capacity(conjunction.steps.len());
    for (at, step) in conjunction.steps.iter().enumerate().rev() {
        let keep: Vec<usize> = live.iter().collect();
        let inner = match step {
            Step::Not { inner, .. } | Step::Exists(inner) => {
                vec![within(program, registers, inner, live, depth)]
            }
            Step::AnyOf(branches) => {
                let mut inner: Vec<Inner<'p>> =
                    branches.iter().map(|branch| within(program, registers, branch, live, depth)).collect();
                // What needs no calculation first: the rest is asked of fewer rows.
                inner.order_by_key(|inner| inner.ops.iter().any(|op| !op.aggregates.is_empty()));
                inner
            }
            Step::Branch(branches) => {
                let none = BitSet::new(live.len());
                let after = std::mem::replace(live, none);
                branches
                    .iter()
                    .map(|branch| {
                        let mut own = after.clone();
                        let ops = lower(program, registers, branch, &mut own, depth);
                        own.iter().for_each(|register| live.insert(register));
                        Inner { ops, reads: own.iter().collect(), origin: None }
                    })
                    .collect()
            }
            _ => Vec::new(),
        };
        let mut plans = Vec::new();
        match step {
            Step::Compare { left, right, .. } => {
                aggregates_of(left, &mut plans);
                aggregates_of(right, &mut plans);
            }
            Step::Assign { value, .. } | Step::Find { value, .. } | Step::Yield(value) => {
                aggregates_of(value, &mut plans);
            }
            _ => {}
        }
        defined(program, registers, step, live);
        used(program, registers, step, live);
        let aggregates = plans
            .into_iter()
            .map(|plan| {
                let mut inner = |body| ranged(program, registers, plan, body, live, depth);
                let certain = inner(&plan.certain);
                let possible = plan.possible.as_ref().map(&mut inner);
                let all_but = plan.all_but.as_ref().map(|all_but| {
                    let possible = all_but.possible.as_ref();
                    (all_but, inner(&all_but.certain), possible.map(&mut inner))
                });
                Ranged { plan, certain, possible, all_but }
            })
            .collect();
        ops.push(Op {
            step,
            keep,
            told: Told::of(registers, step, &inner),
            inner,
            aggregates,
            truths: Truths::default(),
            text: OfText::of(step),
            deferred: false,
            scan: None,
            once: None,
            barren: if depth > 0 { Barren::of(program, &conjunction.steps[..at], step) } else { None },
        });
    }
    ops.reverse();
    fused(program, ops, depth == 0)
}

/// Makes one step of steps that give variables the ids of one atom's columns in turn, where no other atom
/// has a say; with `asks`, where all ways are wanted, so too at the beginning of a search where others have.
fn fused<'p>(program: &'p Program, ops: Vec<Op<'p>>, asks: bool) -> Vec<Op<'p>> {
    let alone = |op: &Op<'p>| match op.step {
        Step::Extend { var, atoms } => match atoms.as_slice() {
            [(atom, from, to)] if from + 1 == *to => Some((*atom, *from, *var)),
            _ => None,
        },
        _ => None,
    };
    let mut out: Vec<Op<'p>> = Vec::with_capacity(ops.len());
    let mut ops = ops.into_iter().peekable();
    while let Some(mut op) = ops.next() {
        let is_first =
            asks && out.iter().all(|op| matches!(op.step, Step::Seek { from, to, .. } if from == to));
        let pairs = if is_first { ops.peek().and_then(|next| pairs_of(program, &op, next)) } else { None };
        if let Some((scan, next)) = pairs.and_then(|scan| Some((scan, ops.next()?))) {
            op.keep = next.keep;
            op.scan = Some(scan);
            out.push(op);
        } else if let Some((atom, from, var)) = alone(&op) {
            let index = &program.atoms[atom].index;
            let single = index.single && from > 0;
            let mut scan = Scan { atom, from, vars: vec![var], single, also: Vec::new() };
            let next = |op: &Op<'p>, scan: &Scan| {
                alone(op).filter(|(other, level, _)| *other == atom && *level == from + scan.vars.len())
            };
            let mut rest = Vec::new();
            while let Some((_, _, var)) = ops.peek().and_then(|op| next(op, &scan)) {
                scan.vars.push(var);
                rest.extend(ops.next());
            }
            // Where none of the ids is read, one way is enough, and no scan.
            let keep = rest.last().map_or(&op.keep, |last| &last.keep);
            let read = scan.vars.iter().any(|var| keep.binary_search(var).is_ok());
            let whole = from + scan.vars.len() == index.columns.len();
            let several = scan.vars.len() > 1 || from > 0 && asks;
            if single || read && whole && index.distinct && several {
                if let Some(last) = rest.pop() {
                    op.keep = last.keep;
                }
                op.scan = Some(scan);
                out.push(op);
            } else {
                out.push(op);
                out.extend(rest);
            }
        } else {
            op.scan = looked_up(program, op.step);
            out.push(op);
        }
    }
    out
}

/// What goes through the rows of the smallest atom a search begins with, where these are pairs of the first two
/// variables: the other atoms, none of which was asked about anything yet, are asked about them afterwards.
fn pairs_of(program: &Program, op: &Op<'_>, next: &Op<'_>) -> Option<Scan> {
    let (Step::Extend { var, atoms }, Step::Extend { var: second, atoms: others }) = (op.step, next.step)
    else {
        return None;
    };
    let is_new = |(atom, from, to): &(usize, usize, usize)| {
        let plan = &program.atoms[*atom];
        (*from, *to) == (0, 1) && !plan.narrowed && plan.index.starts().is_some()
    };
    let index = |atom: usize| &program.atoms[atom].index;
    let (atom, ..) = *atoms.iter().min_by_key(|(atom, ..)| index(*atom).columns[0].len())?;
    let also: Vec<(usize, usize, usize)> =
        atoms.iter().chain(others).copied().filter(|(other, ..)| *other != atom).collect();
    let is_pairs = others.contains(&(atom, 1, 2)) && index(atom).columns.len() == 2 && index(atom).distinct;
    let is_read = [var, second].iter().any(|var| next.keep.binary_search(var).is_ok());
    let each_once = also
        .iter()
        .enumerate()
        .all(|(at, (atom, ..))| also[at + 1..].iter().all(|(other, ..)| other != atom));
    let is_fit = is_pairs && is_read && each_once && is_new(&(atom, 0, 1)) && also.iter().all(is_new);
    is_fit.then(|| Scan { atom, from: 0, vars: vec![*var, *second], single: false, also })
}

/// A step that gives a variable the one id an atom has left for it, and asks other atoms about that.
fn looked_up(program: &Program, step: &Step) -> Option<Scan> {
    let Step::Extend { var, atoms } = step else { return None };
    let is_single = |(atom, from, to): &(usize, usize, usize)| {
        *from > 0 && from + 1 == *to && program.atoms[*atom].index.single
    };
    let lead = atoms.iter().position(is_single)?;
    let mut also = atoms.clone();
    let (atom, from, _) = also.remove(lead);
    Some(Scan { atom, from, vars: vec![*var], single: true, also })
}

/// The operators of a conjunction of which only is asked whether it can be met.
fn within<'p>(
    program: &'p Program,
    registers: Registers,
    inner: &'p Conjunction,
    live: &mut BitSet,
    depth: usize,
) -> Inner<'p> {
    let origin = registers.origin(depth);
    let mut own = BitSet::default();
    own.insert(origin);
    let ops = lower(program, registers, inner, &mut own, depth + 1);
    own.remove(origin);
    own.iter().for_each(|register| live.insert(register));
    Inner { ops, reads: own.iter().collect(), origin: Some(origin) }
}

/// What an aggregate ranges over, after which its combinations, values and weights are read.
fn ranged<'p>(
    program: &'p Program,
    registers: Registers,
    plan: &'p AggregatePlan,
    body: &'p Conjunction,
    live: &mut BitSet,
    depth: usize,
) -> Inner<'p> {
    let origin = registers.origin(depth);
    let mut own = BitSet::default();
    own.insert(origin);
    plan.all_but.iter().for_each(|all_but| own.insert(all_but.own));
    plan.keys.iter().for_each(|(var, _)| own.insert(*var));
    calculation_vars(&plan.value, &mut |var| own.insert(var));
    plan.weight.iter().for_each(|weight| calculation_vars(weight, &mut |var| own.insert(var)));
    let ops = lower(program, registers, body, &mut own, depth + 1);
    own.remove(origin);
    own.iter().for_each(|register| live.insert(register));
    Inner { ops, reads: own.iter().collect(), origin: Some(origin) }
}

/// The aggregates of a calculation; doubtful ones where what lies between bounds can be worked out in units.
fn aggregates_of<'p>(calculation: &'p Calculation, out: &mut Vec<&'p AggregatePlan>) {
    match calculation {
        Calculation::Var { .. } | Calculation::Value(_) => {}
        Calculation::Negate(inner) => aggregates_of(inner, out),
        Calculation::Add(left, right)
        | Calculation::Subtract(left, right)
        | Calculation::Multiply(left, right)
        | Calculation::Divide(left, right)
        | Calculation::Power(left, right)
        | Calculation::Days(left, right) => {
            aggregates_of(left, out);
            aggregates_of(right, out);
        }
        Calculation::Call(_, args) => args.iter().for_each(|arg| aggregates_of(arg, out)),
        Calculation::Aggregate(plan) => {
            let in_units = plan.possible.is_none() || super::batch_aggregate::is_in_units(plan);
            if in_units {
                out.push(plan);
            }
        }
        Calculation::Shift { date, amount, .. } => {
            aggregates_of(date, out);
            aggregates_of(amount, out);
        }
    }
}

/// Takes out what a step gives its value.
fn defined(program: &Program, registers: Registers, step: &Step, live: &mut BitSet) {
    let mut range = |atom: usize, level: usize| {
        let at = registers.range(program.atoms[atom].ranges + level);
        live.remove(at);
        live.remove(at + 1);
    };
    match step {
        Step::Seek { atom, from, to } => (*from + 1..=*to).for_each(|level| range(*atom, level)),
        Step::Within(within) => {
            let at = registers.range(program.atoms[within.atom].ranges + within.level);
            live.remove(at);
            live.remove(at + 1);
        }
        Step::Extend { var, atoms } => {
            for (atom, from, to) in atoms {
                (*from + 1..=*to).for_each(|level| range(*atom, level));
            }
            live.remove(*var);
        }
        Step::Members { var, .. }
        | Step::Assign { var, .. }
        | Step::Find { var, .. }
        | Step::Join { var, fresh: true, .. } => {
            live.remove(*var);
        }
        _ => {}
    }
}

/// Puts in what a step reads.
fn used(program: &Program, registers: Registers, step: &Step, live: &mut BitSet) {
    let place = |place: Place, live: &mut BitSet| {
        if let Place::Var(var) = place {
            live.insert(var);
        }
    };
    let seek = |atom: usize, from: usize, to: usize, but: Option<usize>, live: &mut BitSet| {
        let plan = &program.atoms[atom];
        if from > 0 || plan.narrowed {
            let at = registers.range(plan.ranges + from);
            live.insert(at);
            live.insert(at + 1);
        }
        for level in &plan.levels[from..to] {
            if let Place::Var(var) = level
                && Some(*var) != but
            {
                live.insert(*var);
            }
        }
    };
    match step {
        Step::Seek { atom, from, to } => seek(*atom, *from, *to, None, live),
        Step::Extend { var, atoms } => {
            atoms.iter().for_each(|(atom, from, to)| seek(*atom, *from, *to, Some(*var), live));
        }
        Step::Within(within) => {
            if within.level > 0 {
                let at = registers.range(program.atoms[within.atom].ranges + within.level);
                live.insert(at);
                live.insert(at + 1);
            }
            let sides = within.tests.iter().flat_map(|bound| [&bound.left, &bound.right]);
            let mut visit = |var: usize| {
                if var != within.var {
                    live.insert(var);
                }
            };
            sides.for_each(|side| calculation_vars(side, &mut visit));
        }
        Step::Member { term, .. } => place(*term, live),
        Step::Same { left, right, .. } => {
            place(*left, live);
            place(*right, live);
        }
        Step::Compare { left, right, .. } => {
            calculation_vars(left, &mut |var| live.insert(var));
            calculation_vars(right, &mut |var| live.insert(var));
        }
        Step::Assign { value, .. } | Step::Find { value, .. } | Step::Yield(value) => {
            calculation_vars(value, &mut |var| live.insert(var));
        }
        Step::Stated(var) => live.insert(*var),
        Step::Join { var, from, fresh } => {
            live.insert(*from);
            if !fresh {
                live.insert(*var);
            }
        }
        Step::Members { .. } | Step::Not { .. } | Step::Exists(_) | Step::AnyOf(_) | Step::Branch(_) => {}
    }
}

/// Calls `visit` with each variable a calculation reads.
pub(super) fn calculation_vars(calculation: &Calculation, visit: &mut dyn FnMut(usize)) {
    match calculation {
        Calculation::Var { var, .. } => visit(*var),
        Calculation::Value(_) => {}
        Calculation::Negate(inner) => calculation_vars(inner, visit),
        Calculation::Add(left, right)
        | Calculation::Subtract(left, right)
        | Calculation::Multiply(left, right)
        | Calculation::Divide(left, right)
        | Calculation::Power(left, right)
        | Calculation::Days(left, right) => {
            calculation_vars(left, visit);
            calculation_vars(right, visit);
        }
        Calculation::Call(_, args) => args.iter().for_each(|arg| calculation_vars(arg, visit)),
        Calculation::Aggregate(plan) => plan.outer.iter().for_each(|var| visit(*var)),
        Calculation::Shift { date, amount, .. } => {
            calculation_vars(date, visit);
            calculation_vars(amount, visit);
        }
    }
}
