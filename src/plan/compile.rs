//! From a body to the steps of a search: what is ready is tried at once, then the variable with the
//! fewest candidates by the real counts is bound; parts that share no variable are searched apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::expressions::{as_thing, calculation, comparison, domain_of, place};
use crate::base::{BitSet, Idx, IndexVec};
use crate::engine::planted::{Bug, planted};
use crate::engine::{AtomPlan, Conjunction, Index, Program, Step, Table};
use crate::facts::Dictionary;
use crate::model::clause::{as_var, bind, cond_vars, expr_vars};
use crate::model::{Atom, AtomSource, Clause, Cond, DomainId, KindId, ParameterId, Ruleset, Term, VarId};
use crate::value::Value;

/// What bodies read.
pub struct Inputs<'i> {
    /// The ruleset.
    pub ruleset: &'i Ruleset,
    /// Names and values; every constant of a rule has an id.
    pub dictionaries: &'i IndexVec<DomainId, Dictionary>,
    /// The values of parameters.
    pub parameters: &'i IndexVec<ParameterId, Option<Value>>,
    /// Who is of which kind.
    pub members: &'i IndexVec<KindId, Arc<BitSet>>,
    /// The tuples an atom asks, certain or possible.
    pub tables: &'i dyn Fn(&AtomSource, bool) -> Arc<Table>,
}

/// Which program is wanted.
pub struct Request<'r> {
    /// The body.
    pub clause: &'r Clause,
    /// Variables whose values are given.
    pub bound: BTreeSet<VarId>,
    /// Variables whose values are wanted; without any, only whether the body can be met.
    pub needed: BTreeSet<VarId>,
    /// Whether to ask what is possible instead of what is certain.
    pub possible: bool,
    /// An atom that reads other tuples than its relation's: what a fixpoint found last.
    pub delta: Option<(&'r Atom, Arc<Table>)>,
}

/// Compiles a body.
pub fn compile(inputs: &Inputs<'_>, request: &Request<'_>) -> Program {
    let mut compiler = Compiler { inputs, request, atoms: Vec::new(), ranges: 0 };
    let mut items = Vec::new();
    flatten(&request.clause.when, &mut items);
    if let Some(unless) = &request.clause.unless
        && !planted(Bug::NoUnless)
    {
        items.push(Item::Not(unless));
    }
    let enumerate = !request.needed.is_empty();
    let body = compiler.conjunction(items, &request.bound, &request.needed, request.possible, enumerate);
    let atoms = compiler.atoms.into_iter().flatten().collect();
    Program { body, atoms, vars: request.clause.vars.len(), ranges: compiler.ranges }
}

#[derive(Clone, Copy)]
enum Item<'c> {
    Is(&'c Cond),
    Not(&'c Cond),
}

fn flatten<'c>(cond: &'c Cond, out: &mut Vec<Item<'c>>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| flatten(part, out)),
        Cond::Not(inner, _) => out.push(Item::Not(inner)),
        other => out.push(Item::Is(other)),
    }
}

fn vars_of(item: Item<'_>) -> BTreeSet<VarId> {
    let mut vars = Vec::new();
    match item {
        Item::Is(cond) | Item::Not(cond) => cond_vars(cond, &mut vars),
    }
    vars.into_iter().collect()
}

/// An atom whose places are being filled.
struct Pending<'c> {
    cond: &'c Cond,
    atom: &'c Atom,
    table: Arc<Table>,
    slot: usize,
    /// Columns in the order they get their values.
    columns: Vec<usize>,
}

impl Pending<'_> {
    fn unfilled(&self, var: VarId) -> impl Iterator<Item = usize> + '_ {
        (0..self.atom.args.len())
            .filter(move |column| self.atom.args[*column] == Term::Var(var) && !self.columns.contains(column))
    }

    /// The number of rows left, by the counts of the columns filled.
    fn rows(&self) -> f64 {
        let rows = self.table.len() as f64;
        self.columns.iter().fold(rows, |rows, column| rows / self.table.distinct(*column).max(1) as f64)
    }
}

struct Compiler<'i, 'r> {
    inputs: &'i Inputs<'i>,
    request: &'r Request<'r>,
    atoms: Vec<Option<AtomPlan>>,
    ranges: usize,
}

impl<'r> Compiler<'_, 'r> {
    fn conjunction(
        &mut self,
        items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
        possible: bool,
        enumerate: bool,
    ) -> Conjunction {
        let mut state = State {
            steps: Vec::new(),
            bound: bound.clone(),
            needed: needed.clone(),
            possible,
            pending: Vec::new(),
            rest: Vec::new(),
            known: bound.clone(),
        };
        for item in &items {
            if let Item::Is(cond) = item {
                bind(cond, &mut state.known);
            }
        }
        let enumerate = enumerate && !needed.is_subset(bound);
        if !enumerate {
            let parts = components(&items, bound);
            if parts.len() > 1 {
                state.steps = self.apart(parts, bound, possible);
                return Conjunction { steps: state.steps };
            }
        }
        for item in items {
            match item {
                Item::Is(cond @ Cond::Atom(atom)) => {
                    let pending = self.begin(cond, atom, possible);
                    state.pending.push(pending);
                }
                other => state.rest.push(other),
            }
        }
        // Small tables first: they rule out most at least cost.
        state.pending.sort_by_key(|pending| pending.table.len());
        self.fill(&mut state, None);
        self.search(&mut state, enumerate);
        for pending in state.pending {
            self.finish(pending);
        }
        Conjunction { steps: state.steps }
    }

    /// Parts that share no unbound variable: each only has to exist.
    fn apart(&mut self, parts: Vec<Vec<Item<'r>>>, bound: &BTreeSet<VarId>, possible: bool) -> Vec<Step> {
        let none = BTreeSet::new();
        let mut steps = Vec::new();
        for part in parts {
            let inner = self.conjunction(part, bound, &none, possible, false);
            let simple = inner.steps.iter().all(|step| {
                matches!(
                    step,
                    Step::Seek { .. }
                        | Step::Member { .. }
                        | Step::Same { .. }
                        | Step::Compare { .. }
                        | Step::Not { .. }
                )
            });
            if simple {
                steps.extend(inner.steps);
            } else {
                steps.push(Step::Exists(inner));
            }
        }
        // Cheap look-ups before searches.
        steps.sort_by_key(|step| match step {
            Step::Seek { .. } | Step::Member { .. } | Step::Same { .. } => 0,
            Step::Compare { .. } => 1,
            Step::Not { .. } => 2,
            _ => 3,
        });
        steps
    }

    fn begin(&mut self, cond: &'r Cond, atom: &'r Atom, possible: bool) -> Pending<'r> {
        let table = match &self.request.delta {
            Some((delta, table)) if std::ptr::eq(*delta, atom) => Arc::clone(table),
            _ => (self.inputs.tables)(&atom.source, possible),
        };
        self.atoms.push(None);
        Pending { cond, atom, table, slot: self.atoms.len() - 1, columns: Vec::new() }
    }

    /// The atom's index, now that the order of its columns is known.
    fn finish(&mut self, mut pending: Pending<'r>) {
        let filled = pending.columns.len();
        for column in 0..pending.atom.args.len() {
            if !pending.columns.contains(&column) {
                pending.columns.push(column);
            }
        }
        let levels = pending.columns[..filled]
            .iter()
            .map(|column| place(self.inputs, &pending.atom.args[*column]))
            .collect();
        let index: Arc<Index> = pending.table.index(&pending.columns);
        let ranges = self.ranges;
        self.ranges += pending.columns.len() + 1;
        self.atoms[pending.slot] = Some(AtomPlan { index, levels, ranges });
    }

    /// Narrows atoms by what is bound: at the start by everything (`None`), later by these.
    #[expect(clippy::unused_self, reason = "one of the steps of compiling")]
    fn fill(&self, state: &mut State<'r>, vars: Option<&BTreeSet<VarId>>) {
        for pending in &mut state.pending {
            let from = pending.columns.len();
            // Subjects come in the order of their first slots: looked up in that order too, their
            // rows lie side by side.
            let mut columns: Vec<usize> = (0..pending.atom.args.len()).collect();
            columns.sort_by_key(|column| as_var(&pending.atom.args[*column]));
            for column in columns {
                let ready = match &pending.atom.args[column] {
                    Term::Var(var) => match vars {
                        Some(vars) => vars.contains(var),
                        None => state.bound.contains(var),
                    },
                    Term::Constant(_) | Term::Parameter(_) => vars.is_none(),
                };
                if ready && !pending.columns.contains(&column) {
                    pending.columns.push(column);
                }
            }
            let to = pending.columns.len();
            if to > from || vars.is_none() {
                state.steps.push(Step::Seek { atom: pending.slot, from, to });
            }
        }
    }

    fn search(&mut self, state: &mut State<'r>, enumerate: bool) {
        loop {
            self.ready(state);
            let open = state.open_vars();
            if open.is_empty() && state.rest.is_empty() {
                return;
            }
            if enumerate && state.needed.is_subset(&state.bound) {
                let inner = self.leave(state);
                let bound = state.bound.clone();
                let inner = self.conjunction(inner, &bound, &BTreeSet::new(), state.possible, false);
                state.steps.push(Step::Exists(inner));
                return;
            }
            if !enumerate {
                let items: Vec<Item<'r>> = state.items();
                let parts = components(&items, &state.bound);
                if parts.len() > 1 {
                    self.leave(state);
                    let bound = state.bound.clone();
                    let steps = self.apart(parts, &bound, state.possible);
                    state.steps.extend(steps);
                    return;
                }
            }
            if !self.extend(state, &open) && !self.branch(state) && !self.members(state) {
                // INVARIANT: `model` has checked that every word gets a value, so something binds.
                return;
            }
        }
    }

    /// What is left, taken out of the state; atoms are begun anew inside.
    #[expect(clippy::unused_self, reason = "one of the steps of compiling")]
    fn leave(&self, state: &mut State<'r>) -> Vec<Item<'r>> {
        let items = state.items();
        state.rest.clear();
        items
    }

    /// Tries everything whose variables are bound.
    fn ready(&mut self, state: &mut State<'r>) {
        loop {
            let at = state.rest.iter().position(|item| state.is_ready(*item));
            let Some(at) = at else { return };
            let item = state.rest.remove(at);
            let step = self.step(state, item);
            state.steps.push(step);
            if let Item::Is(Cond::Let { var, .. }) = item {
                state.bound.insert(*var);
                self.fill(state, Some(&BTreeSet::from([*var])));
            }
        }
    }

    fn step(&mut self, state: &State<'r>, item: Item<'r>) -> Step {
        let clause = self.request.clause;
        let none = BTreeSet::new();
        let cond = match item {
            Item::Not(inner) => {
                let mut items = Vec::new();
                flatten(inner, &mut items);
                let other = state.possible == planted(Bug::WrongBound);
                let doubtful = self.is_doubtful(inner);
                let inner = self.conjunction(items, &state.bound, &none, other, false);
                return Step::Not { inner, doubtful };
            }
            Item::Is(cond) => cond,
        };
        match cond {
            Cond::Compare { lhs, op, rhs, .. } => match (as_thing(clause, lhs), as_thing(clause, rhs)) {
                (Some(left), Some(right)) => Step::Same {
                    left: place(self.inputs, &left),
                    right: place(self.inputs, &right),
                    equal: *op == crate::model::CompareOp::Eq,
                },
                _ => Step::Compare {
                    left: calculation(self.inputs, clause, lhs),
                    op: comparison(*op),
                    right: calculation(self.inputs, clause, rhs),
                },
            },
            Cond::Let { var, value, .. } => Step::Assign {
                var: var.index(),
                domain: domain_of(self.inputs.ruleset, clause.vars[*var].ty),
                value: calculation(self.inputs, clause, value),
            },
            Cond::IsKind { term, kind, .. } => {
                Step::Member { term: place(self.inputs, term), members: self.members_of(*kind) }
            }
            Cond::Or(branches) => {
                let branches = kept(branches)
                    .iter()
                    .map(|branch| {
                        let mut items = Vec::new();
                        flatten(branch, &mut items);
                        self.conjunction(items, &state.bound, &none, state.possible, false)
                    })
                    .collect();
                Step::AnyOf(branches)
            }
            // Flattened away or kept among the atoms; an empty `and` is always met.
            Cond::And(_) | Cond::Not(..) | Cond::Atom(_) => Step::AnyOf(vec![Conjunction::default()]),
        }
    }

    /// Whether anything these read has two bounds.
    fn is_doubtful(&self, cond: &Cond) -> bool {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().any(|part| self.is_doubtful(part)),
            Cond::Not(inner, _) => self.is_doubtful(inner),
            Cond::Atom(atom) => {
                let tables = self.inputs.tables;
                !Arc::ptr_eq(&tables(&atom.source, false), &tables(&atom.source, true))
            }
            Cond::Compare { .. } | Cond::Let { .. } | Cond::IsKind { .. } => false,
        }
    }

    fn members_of(&self, kind: KindId) -> Arc<BitSet> {
        let kind = if planted(Bug::AnyKind) { self.inputs.ruleset.kinds[kind].root } else { kind };
        Arc::clone(&self.inputs.members[kind])
    }

    /// Binds the variable with the fewest candidates.
    #[expect(clippy::unused_self, reason = "one of the steps of compiling")]
    fn extend(&self, state: &mut State<'r>, open: &BTreeSet<VarId>) -> bool {
        let candidates = |var: VarId| {
            state
                .pending
                .iter()
                .filter_map(|pending| {
                    let column = pending.unfilled(var).next()?;
                    let rows =
                        if pending.columns.is_empty() { pending.table.len() as f64 } else { pending.rows() };
                    Some(rows.min(pending.table.distinct(column) as f64))
                })
                .fold(f64::INFINITY, f64::min)
        };
        let best = open
            .iter()
            .map(|var| (candidates(*var), *var))
            .filter(|(count, _)| count.is_finite())
            .min_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        let Some((_, var)) = best else { return false };
        let mut atoms = Vec::new();
        for pending in &mut state.pending {
            let columns: Vec<usize> = pending.unfilled(var).collect();
            if !columns.is_empty() {
                let from = pending.columns.len();
                pending.columns.extend(columns);
                atoms.push((pending.slot, from, pending.columns.len()));
            }
        }
        state.steps.push(Step::Extend { var: var.index(), atoms });
        state.bound.insert(var);
        true
    }

    /// Goes through the branches of an `or` that gives words their values.
    fn branch(&mut self, state: &mut State<'r>) -> bool {
        let at = state.rest.iter().position(|item| matches!(item, Item::Is(Cond::Or(_))));
        let Some(at) = at else { return false };
        let item = state.rest.remove(at);
        let Item::Is(cond @ Cond::Or(branches)) = item else { return false };
        let mut after = state.bound.clone();
        bind(cond, &mut after);
        let new: BTreeSet<VarId> = after.difference(&state.bound).copied().collect();
        let branches = kept(branches)
            .iter()
            .map(|branch| {
                let mut items = Vec::new();
                flatten(branch, &mut items);
                self.conjunction(items, &state.bound, &new, state.possible, true)
            })
            .collect();
        state.steps.push(Step::Branch(branches));
        state.bound = after;
        self.fill(state, Some(&new));
        true
    }

    /// Goes through the members of a kind.
    fn members(&mut self, state: &mut State<'r>) -> bool {
        let at = state.rest.iter().position(|item| matches!(item, Item::Is(Cond::IsKind { .. })));
        let Some(at) = at else { return false };
        let Item::Is(Cond::IsKind { term, kind, .. }) = state.rest.remove(at) else { return false };
        let Some(var) = as_var(term) else { return false };
        state.steps.push(Step::Members { var: var.index(), members: self.members_of(*kind) });
        state.bound.insert(var);
        self.fill(state, Some(&BTreeSet::from([var])));
        true
    }
}

/// A conjunction being compiled.
struct State<'r> {
    steps: Vec<Step>,
    bound: BTreeSet<VarId>,
    needed: BTreeSet<VarId>,
    possible: bool,
    pending: Vec<Pending<'r>>,
    /// Conditions other than atoms, not tried yet.
    rest: Vec<Item<'r>>,
    /// What the whole conjunction gives values to.
    known: BTreeSet<VarId>,
}

impl<'r> State<'r> {
    /// Unbound variables that something else than their one place in one atom is about.
    fn open_vars(&self) -> BTreeSet<VarId> {
        let mut places: Vec<VarId> = Vec::new();
        for pending in &self.pending {
            places.extend(pending.atom.args.iter().filter_map(as_var));
        }
        let mut others: BTreeSet<VarId> = self.needed.clone();
        for item in &self.rest {
            others.extend(vars_of(*item));
        }
        let repeated = |var: &VarId| places.iter().filter(|place| *place == var).count() > 1;
        places
            .iter()
            .copied()
            .filter(|var| !self.bound.contains(var) && (repeated(var) || others.contains(var)))
            .collect()
    }

    fn is_ready(&self, item: Item<'_>) -> bool {
        match item {
            Item::Not(inner) => {
                let mut vars = Vec::new();
                cond_vars(inner, &mut vars);
                vars.iter().all(|var| self.bound.contains(var) || !self.known.contains(var))
            }
            Item::Is(Cond::Or(_)) => {
                let vars = vars_of(item);
                let mut outside = self.needed.clone();
                for pending in &self.pending {
                    outside.extend(pending.atom.args.iter().filter_map(as_var));
                }
                let others = self.rest.iter().filter(|other| !same_item(**other, item));
                others.for_each(|other| outside.extend(vars_of(*other)));
                vars.iter().all(|var| self.bound.contains(var) || !outside.contains(var))
            }
            Item::Is(Cond::Let { value, .. }) => {
                let mut vars = Vec::new();
                expr_vars(value, &mut vars);
                vars.iter().all(|var| self.bound.contains(var))
            }
            Item::Is(_) => vars_of(item).iter().all(|var| self.bound.contains(var)),
        }
    }

    /// Everything not settled yet, atoms with open variables included.
    fn items(&self) -> Vec<Item<'r>> {
        let open = self.open_vars();
        let atoms = self
            .pending
            .iter()
            .filter(|pending| pending.atom.args.iter().filter_map(as_var).any(|var| open.contains(&var)))
            .map(|pending| Item::Is(pending.cond));
        atoms.chain(self.rest.iter().copied()).collect()
    }
}

fn same_item(left: Item<'_>, right: Item<'_>) -> bool {
    match (left, right) {
        (Item::Is(left), Item::Is(right)) | (Item::Not(left), Item::Not(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}

/// All branches.
fn kept(branches: &[Cond]) -> &[Cond] {
    if planted(Bug::LostBranch) { &branches[..branches.len() - 1] } else { branches }
}

/// Groups items by the unbound variables they share. Items without any stand each alone.
fn components<'c>(items: &[Item<'c>], bound: &BTreeSet<VarId>) -> Vec<Vec<Item<'c>>> {
    let mut groups: Vec<(BTreeSet<VarId>, Vec<Item<'c>>)> = Vec::new();
    for item in items {
        let mut vars: BTreeSet<VarId> = vars_of(*item).difference(bound).copied().collect();
        let mut members = Vec::new();
        let mut kept = Vec::new();
        for (other, inside) in groups {
            if other.is_disjoint(&vars) {
                kept.push((other, inside));
            } else {
                vars.extend(other);
                members.extend(inside);
            }
        }
        members.push(*item);
        kept.push((vars, members));
        groups = kept;
    }
    groups.into_iter().map(|(_, members)| members).collect()
}
