//! From a body to the steps of a search: what is ready is tried at once, then the variable with the
//! fewest candidates by the real counts is bound; parts that share no variable are searched apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use typed_arena::Arena;

use super::expressions::{as_thing, comparison, place};
use super::missing::loose;
use super::order::{best_order, fewest_candidates, is_look_up};
use super::outline::SUBJECTS;
use super::request::{Inputs, Request};
use super::rewritten::rewritten;
use super::spread::size;
use super::state::{Pending, State, components, kept};
use crate::base::{BitSet, FileId, Idx, InOrder, Span};
use crate::engine::planted::{Bug, planted};
use crate::engine::{AtomPlan, Conjunction, Index, Place, Program, Step, Table};
use crate::facts::units_at;
use crate::model::clause::{as_var, bind, cond_vars};
use crate::model::{Atom, Clause, Cond, Expr, KindId, Term, Ty, VarId};

/// Choices that join a missing value are multiplied out into at most this many branches; past it they
/// are searched like others, which may take for possible what is not.
const MOST_BRANCHES: usize = 256;

/// Where no text is: the place of the atom that holds the subjects.
pub(super) const NOWHERE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

/// Whether one of these variables may stand for a missing value, so that it joins what it does not equal.
pub fn may_miss(inputs: &Inputs<'_>, clause: &Clause, vars: &[VarId]) -> bool {
    let loose = loose(inputs, clause);
    vars.iter().any(|var| loose.contains(var))
}

/// Compiles a body.
pub fn compile(inputs: &Inputs<'_>, request: &Request<'_>) -> Program {
    let arena = Arena::default();
    let clause = rewritten(inputs, request.clause, request.delta.is_some());
    let request = &request.of(&clause);
    let mut compiler = Compiler {
        inputs,
        request,
        arena: &arena,
        types: request.clause.vars.iter().map(|var| var.ty).collect(),
        loose: loose(inputs, request.clause),
        branches_left: MOST_BRANCHES,
        subjects: None,
        atoms: Vec::new(),
        ranges: 0,
        most_rows: 0,
        asked: BTreeMap::new(),
        figures: 0,
        made: Vec::new(),
        columns: Vec::new(),
        names: Vec::new(),
        lets: Vec::new(),
    };
    let mut items = Vec::new();
    flatten(&request.clause.when, &mut items);
    if let Some(unless) = &request.clause.unless
        && !planted(Bug::NoUnless)
    {
        items.push(Item::Not(unless));
    }
    let enumerate = !request.needed.is_empty();
    let mut items = compiler.scope(items, &request.bound, request.possible);
    items.extend(compiler.behind(&items));
    if let Some(subjects) = &request.subjects {
        let args = subjects.vars.iter().map(|var| Term::Var(*var)).collect();
        items.push(Item::Is(arena.alloc(Cond::Atom(Atom {
            source: SUBJECTS,
            args,
            known: true,
            span: NOWHERE,
        }))));
    }
    compiler.most_rows = compiler.most_rows(&items);
    let body = compiler.conjunction(items, &request.bound, &request.needed, request.possible, enumerate);
    let subjects = compiler.subjects;
    let atoms = compiler.atoms.into_iter().flatten().collect();
    Program { body, atoms, vars: compiler.types.len(), ranges: compiler.ranges, subjects }
}

/// A condition, or what must not be.
#[derive(Clone, Copy)]
pub(super) enum Item<'c> {
    Is(&'c Cond),
    Not(&'c Cond),
}

pub(super) fn flatten<'c>(cond: &'c Cond, out: &mut Vec<Item<'c>>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| flatten(part, out)),
        Cond::Not(inner, _) => out.push(Item::Not(inner)),
        other => out.push(Item::Is(other)),
    }
}

pub(super) fn vars_of(item: Item<'_>) -> BTreeSet<VarId> {
    let mut vars = Vec::new();
    match item {
        Item::Is(cond) | Item::Not(cond) => cond_vars(cond, &mut vars),
    }
    vars.into_iter().collect()
}

/// Whether something is counted or added up within.
pub(super) fn aggregates(item: Item<'_>) -> bool {
    let mut found = false;
    match item {
        Item::Is(cond) | Item::Not(cond) => cond.aggregated(&mut |_| found = true),
    }
    found
}

/// Of variables that one atom alone has a say in, the one that comes next in its table: any order of those finds the same,
/// and this one needs no sorting. In a figure too where its search begins, and where it must be sorted anyway: then things
/// come before what is said of them, so that what counts once for each of them lies side by side. What else begins a search
/// has an order in which it is handed on.
fn as_it_stands(state: &State<'_>, figure_of: Option<&[Ty]>, var: VarId) -> Option<VarId> {
    let pending = state.pending.iter().find(|pending| pending.unfilled(var).next().is_some())?;
    let next = pending.columns.len();
    let is_natural = pending.columns.iter().copied().eq(0..next);
    if pending.valued.is_some() || figure_of.is_none() && (next == 0 || !is_natural) {
        return None;
    }
    let is_alone = |var: VarId| {
        let mut others = state.pending.iter().filter(|other| other.slot != pending.slot);
        pending.unfilled(var).count() == 1
            && others.all(|other| other.unfilled(var).next().is_none())
            && !state.rest.iter().any(|item| vars_of(*item).contains(&var))
    };
    let left = || (0..pending.atom.args.len()).filter(|column| !pending.columns.contains(column));
    let mut vars = left().filter_map(|column| as_var(&pending.atom.args[column]));
    if let (false, Some(types)) = (is_natural, figure_of) {
        let is_thing = |var: &VarId| matches!(types[var.index()], Ty::Thing(_));
        return vars.clone().all(is_alone).then(|| vars.find(is_thing)).flatten();
    }
    let own = pending.atom.args.get(next).and_then(as_var)?;
    // Where a search begins, all of it must be in this order.
    let goes_on = if next > 0 { is_alone(var) && is_alone(own) } else { vars.all(is_alone) };
    goes_on.then_some(own)
}

pub(super) struct Compiler<'i, 'r> {
    pub(super) inputs: &'i Inputs<'i>,
    pub(super) request: &'r Request<'r>,
    /// Conditions written out beside those of the clause.
    pub(super) arena: &'r Arena<Cond>,
    /// Of the clause's variables, then of those made beside them.
    pub(super) types: Vec<Ty>,
    /// Variables whose value may be missing.
    pub(super) loose: BTreeSet<VarId>,
    /// How many more branches choices may be multiplied out into.
    pub(super) branches_left: usize,
    /// The atom that holds the subjects.
    subjects: Option<usize>,
    atoms: Vec<Option<AtomPlan>>,
    ranges: usize,
    /// The most rows of a sentence of the clause.
    pub(super) most_rows: usize,
    /// About how many ids sentences further out leave of a word.
    pub(super) asked: BTreeMap<VarId, f64>,
    /// Within how many aggregates it compiles.
    pub(super) figures: usize,
    /// The tables of sentences made here, by their places.
    pub(super) made: Vec<Arc<Table>>,
    /// Columns in which words have their ids, by the sentences at hand and further out that must hold.
    pub(super) columns: Vec<(VarId, Arc<Table>, usize)>,
    /// The same of words that stand for things.
    pub(super) names: Vec<(VarId, Arc<Table>, usize)>,
    /// Words with what they are worked out from.
    pub(super) lets: Vec<(VarId, &'r Expr)>,
}

impl<'r> Compiler<'_, 'r> {
    pub(super) fn conjunction(
        &mut self,
        items: Vec<Item<'r>>,
        bound: &BTreeSet<VarId>,
        needed: &BTreeSet<VarId>,
        possible: bool,
        enumerate: bool,
    ) -> Conjunction {
        let items = self.inlined(items, bound, needed);
        let mut state = State {
            steps: Vec::new(),
            bound: bound.clone(),
            needed: needed.clone(),
            possible,
            pending: Vec::new(),
            rest: Vec::new(),
            known: bound.clone(),
            order: Vec::new(),
            narrowed_by: bound.len(),
            joined_by: bound.len(),
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
        let items = self.filtered(items, bound, needed, possible);
        let items = self.stars(items, (bound, needed), possible);
        let items = self.hanging(items, bound, needed, possible);
        let items = self.join(items, bound, possible);
        let items = self.led(items, bound, possible);
        let (items, classes) = self.classed(items, bound, possible);
        let items = self.projected(items, bound, needed);
        state.known.extend(classes);
        let outside = (self.columns.len(), self.names.len(), self.lets.len());
        for item in items {
            match item {
                Item::Is(cond @ Cond::Atom(atom)) => {
                    let pending = self.begin(cond, atom, possible);
                    state.pending.push(pending);
                }
                other => state.rest.push(other),
            }
        }
        self.note(&state);
        // Small tables first: they rule out most at least cost.
        state.pending.order_by_key(|pending| pending.table.len());
        Self::check_outside(&mut state);
        self.fill(&mut state, None);
        self.narrow(&mut state);
        self.pair(&mut state, enumerate);
        let open = state.open_vars();
        for pending in &mut state.pending {
            let args = pending.atom.args.iter().enumerate();
            let free = args.filter(|(column, arg)| {
                !pending.columns.contains(column) && as_var(arg).is_some_and(|var| !open.contains(&var))
            });
            pending.free = free.map(|(column, _)| column).collect();
        }
        let givens = state.rest.iter().flat_map(|item| self.givens(&state, *item)).collect();
        state.order = best_order(&state, givens, || self.spread(&state), enumerate);
        self.search(&mut state, enumerate);
        self.columns.truncate(outside.0);
        self.names.truncate(outside.1);
        self.lets.truncate(outside.2);
        for pending in state.pending {
            self.finish(pending);
        }
        Conjunction { steps: state.steps }
    }

    /// Parts that share no unbound variable: each only has to exist.
    fn apart(&mut self, mut parts: Vec<Vec<Item<'r>>>, bound: &BTreeSet<VarId>, possible: bool) -> Vec<Step> {
        let none = BTreeSet::new();
        parts.order_by_key(|part| (self.looked_at(part, bound, possible) as u64, size(part)));
        let mut steps = Vec::new();
        for part in parts {
            let inner = self.conjunction(part, bound, &none, possible, false);
            let is_simple =
                |step: &Step| is_look_up(step) || matches!(step, Step::Compare { .. } | Step::Not { .. });
            let simple = inner.steps.iter().all(is_simple);
            if simple {
                steps.extend(inner.steps);
            } else {
                steps.push(Step::Exists(inner));
            }
        }
        // Cheap look-ups before searches.
        steps.order_by_key(|step| match step {
            step if is_look_up(step) => 0,
            Step::Not { inner, .. } if inner.steps.iter().all(is_look_up) => 0,
            Step::Compare { .. } => 1,
            Step::Not { .. } => 2,
            _ => 3,
        });
        steps
    }

    pub(super) fn begin(&mut self, cond: &'r Cond, atom: &'r Atom, possible: bool) -> Pending<'r> {
        if let (Some(subjects), true) = (&self.request.subjects, atom.source == SUBJECTS) {
            self.subjects = Some(self.atoms.len());
            self.atoms.push(None);
            return Pending {
                cond,
                atom,
                table: Arc::clone(&subjects.table),
                slot: self.atoms.len() - 1,
                columns: Vec::new(),
                shares: BTreeMap::new(),
                skews: BTreeMap::new(),
                free: Vec::new(),
                valued: None,
            };
        }
        let table = self.table(atom, possible);
        self.atoms.push(None);
        let share = |(column, term): (usize, &Term)| match place(self.inputs, term) {
            Place::Id(id) => Some((column, table.share(column, id))),
            Place::Var(_) => None,
        };
        let shares = atom.args.iter().enumerate().filter_map(share).collect();
        Pending {
            cond,
            atom,
            table,
            slot: self.atoms.len() - 1,
            columns: Vec::new(),
            shares,
            skews: BTreeMap::new(),
            free: Vec::new(),
            valued: None,
        }
    }

    /// The atom's index, now that the order of its columns is known.
    fn finish(&mut self, mut pending: Pending<'r>) {
        let filled = pending.columns.len();
        let left = (0..pending.atom.args.len()).filter(|column| !pending.columns.contains(column));
        let left: Vec<usize> = left.collect();
        // Rows that differ only in what nobody asks are one, unless the tuples stand in this order anyway.
        let in_order = pending.columns.iter().chain(&left).is_sorted();
        if filled == 0 || in_order || left.iter().any(|column| !pending.free.contains(column)) {
            pending.columns.extend(left);
        }
        let levels = pending.columns[..filled]
            .iter()
            .map(|column| place(self.inputs, &pending.atom.args[*column]))
            .collect();
        let narrowed = pending.valued.is_some_and(|valued| valued.at == 0);
        let index = self.index(&pending);
        let ranges = self.ranges;
        self.ranges += pending.columns.len() + 1;
        let source = pending.atom.source.clone();
        let columns = pending.columns;
        self.atoms[pending.slot] = Some(AtomPlan { source, index, levels, ranges, columns, narrowed });
    }

    fn index(&self, pending: &Pending<'r>) -> Arc<Index> {
        let Pending { table, columns, .. } = pending;
        let by_value = pending.valued.and_then(|valued| {
            let var = as_var(&pending.atom.args[columns[valued.at]])?;
            let units = self.units(var)?;
            let of = |id: u32| units_at(units, id).unwrap_or(0);
            Some(table.index_by_value(columns, valued, &of))
        });
        by_value.unwrap_or_else(|| table.index(columns))
    }

    /// Narrows atoms by what is bound: at the start by everything (`None`), later by these.
    fn fill(&self, state: &mut State<'r>, vars: Option<&BTreeSet<VarId>>) {
        let grows = self.request.subjects.is_none() && state.bound == self.request.bound;
        for pending in &mut state.pending {
            let from = pending.columns.len();
            let is_ready = |column: &usize| match &pending.atom.args[*column] {
                Term::Var(var) => match vars {
                    Some(vars) => vars.contains(var),
                    None => state.bound.contains(var),
                },
                Term::Constant(_) | Term::Parameter(_) => vars.is_none(),
            };
            let mut columns: Vec<usize> = (0..pending.atom.args.len())
                .filter(|column| is_ready(column) && !pending.columns.contains(column))
                .collect();
            // Subjects come in the order of their first slots: looked up in that order too, their rows lie side by side.
            // Tuples that others grow from are too few to sort a table for that stands in an order of use.
            let stands = grows && from == 0 && columns.iter().copied().eq(0..columns.len());
            if !stands {
                columns.order_by_key(|column| as_var(&pending.atom.args[*column]));
            }
            self.note_skews(pending, &columns);
            pending.columns.extend(columns);
            let to = pending.columns.len();
            if to > from || vars.is_none() {
                state.steps.push(Step::Seek { atom: pending.slot, from, to });
            }
        }
    }

    fn search(&mut self, state: &mut State<'r>, enumerate: bool) {
        loop {
            // Where each further word has one value at most, aggregates wait until all else has had its say.
            let waits = state.binds_more() && state.is_determined();
            self.ready(state, waits);
            let open = state.open_vars();
            if open.is_empty() && state.rest.is_empty() {
                return;
            }
            if enumerate
                && state.needed.is_subset(&state.bound)
                && !state.is_determined()
                && !state.needed.iter().any(|var| state.joins(*var))
            {
                let inner = self.leave(state);
                let bound = state.bound.clone();
                let inner = self.conjunction(inner, &bound, &BTreeSet::new(), state.possible, false);
                state.steps.push(Step::Exists(inner));
                return;
            }
            if !enumerate {
                let items: Vec<Item<'r>> = state.items();
                let parts = components(&items, &state.bound);
                if parts.len() > 1 || self.narrows_later(state) || self.joins_later(state, &items) {
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

    /// Tries everything whose variables are bound; what aggregates not where that waits.
    fn ready(&mut self, state: &mut State<'r>, waits: bool) {
        loop {
            let tried = |item: &Item<'r>| state.is_ready(*item) && !(waits && aggregates(*item));
            let Some(at) = state.rest.iter().position(tried) else {
                let Some((at, given)) = self.next_given(state, waits) else { return };
                state.rest.remove(at);
                let step = self.give(state, &given);
                state.steps.push(step);
                state.bound.insert(given.var);
                self.fill(state, Some(&BTreeSet::from([given.var])));
                continue;
            };
            let item = state.rest.remove(at);
            if let Item::Is(Cond::Let { var, value: Expr::Term(Term::Var(from)), .. }) = item {
                let fresh = !state.bound.contains(var);
                state.steps.push(Step::Join { var: var.index(), from: from.index(), fresh });
                if fresh {
                    state.bound.insert(*var);
                    self.fill(state, Some(&BTreeSet::from([*var])));
                }
                continue;
            }
            let step = self.step(state, item);
            state.steps.push(step);
            if let Item::Is(Cond::Let { var, .. }) = item {
                state.bound.insert(*var);
                self.fill(state, Some(&BTreeSet::from([*var])));
            }
        }
    }

    fn step(&mut self, state: &State<'r>, item: Item<'r>) -> Step {
        let none = BTreeSet::new();
        let cond = match item {
            Item::Not(inner) => {
                let mut items = Vec::new();
                flatten(inner, &mut items);
                let other = state.possible == planted(Bug::WrongBound);
                let doubtful = self.is_doubtful(inner);
                let items = self.scope(items, &state.bound, other);
                let inner = self.conjunction(items, &state.bound, &none, other, false);
                return Step::Not { inner, doubtful };
            }
            Item::Is(cond) => cond,
        };
        match cond {
            Cond::Compare { lhs, op, rhs, .. } => {
                match (as_thing(&self.types, lhs), as_thing(&self.types, rhs)) {
                    (Some(left), Some(right)) => Step::Same {
                        left: place(self.inputs, &left),
                        right: place(self.inputs, &right),
                        equal: *op == crate::model::CompareOp::Eq,
                    },
                    _ => Step::Compare {
                        left: self.calculation(lhs, &state.bound),
                        op: comparison(*op),
                        right: self.calculation(rhs, &state.bound),
                        possible: state.possible,
                    },
                }
            }
            Cond::Let { var, value, .. } => Step::Assign {
                var: var.index(),
                domain: self.inputs.ruleset.domain_of(self.types[var.index()]).index(),
                value: self.calculation(value, &state.bound),
                possible: state.possible,
            },
            Cond::Stated { var, .. } => Step::Stated(var.index()),
            Cond::IsKind { term, kind, .. } => {
                Step::Member { term: place(self.inputs, term), members: self.members_of(*kind) }
            }
            Cond::Or(branches) => {
                let branches = kept(branches)
                    .iter()
                    .map(|branch| {
                        let mut items = Vec::new();
                        flatten(branch, &mut items);
                        let items = self.scope(items, &state.bound, state.possible);
                        self.conjunction(items, &state.bound, &none, state.possible, false)
                    })
                    .collect();
                Step::AnyOf(branches)
            }
            // Flattened away or kept among the atoms; an empty `and` is always met.
            Cond::And(_) | Cond::Not(..) | Cond::Atom(_) => Step::AnyOf(vec![Conjunction::default()]),
        }
    }

    fn members_of(&self, kind: KindId) -> Arc<BitSet> {
        let kind = if planted(Bug::AnyKind) { self.inputs.ruleset.kinds[kind].root } else { kind };
        Arc::clone(&self.inputs.members[kind])
    }

    /// Binds the next variable: by the order found best, else the one with the fewest candidates.
    fn extend(&self, state: &mut State<'r>, open: &BTreeSet<VarId>) -> bool {
        let planned = state.order.iter().copied().find(|var| {
            open.contains(var) && state.pending.iter().any(|pending| pending.unfilled(*var).next().is_some())
        });
        let Some(var) = planned.or_else(|| fewest_candidates(state, open)) else { return false };
        let figure_of = (self.figures > 0).then_some(self.types.as_slice());
        let var = as_it_stands(state, figure_of, var).filter(|own| open.contains(own)).unwrap_or(var);
        let mut atoms = Vec::new();
        for pending in &mut state.pending {
            let columns: Vec<usize> = pending.unfilled(var).collect();
            if !columns.is_empty() {
                let from = pending.columns.len();
                self.note_skews(pending, &columns);
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
        // What gets its value elsewhere too is joined, not just taken.
        let mut outside = state.bound.clone();
        for pending in &state.pending {
            outside.extend(pending.atom.args.iter().filter_map(as_var));
        }
        for other in &state.rest {
            if let Item::Is(other) = other {
                bind(other, &mut outside);
            }
        }
        let branches = kept(branches)
            .iter()
            .map(|branch| {
                let mut items = Vec::new();
                flatten(branch, &mut items);
                let items = self.scope(items, &outside, state.possible);
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
