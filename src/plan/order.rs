//! In which order the variables of a conjunction are best bound, by the real counts.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::compile::{Item, vars_of};
use super::equal::Given;
use super::outline::{PAIRED, SUBJECTS};
use super::spread::{Ranged, Spread};
use super::state::Pending;
use super::state::State;
use super::within::FEW_ROWS as FEW_TO_NARROW;
use crate::base::InOrder;
use crate::engine::planted::pays_from;
use crate::engine::{Step, Table};
use crate::model::clause::as_var;
use crate::model::{Term, VarId};

/// After so many variables tried, the best order found so far is taken.
const MOST_TRIED: usize = 4000;

/// Below so many rows in all, any order will do.
const FEW_ROWS: usize = 1 << 10;

/// Of what need only exist and is not tested further, so many candidates are looked at before one is met, at
/// most.
const TRIES: f64 = 8.0;

/// How much dearer a search is that does not go through subjects in their order: what it looks up lies
/// scattered, and how much of it there is may be far from what the counts let expect.
const SCATTERED: f64 = 4.0;

/// The same of one look-up, where each thing leads to one other at most.
const APART: f64 = 2.0;

/// How much of what such an order takes counts: it goes on by batches without trying anything in vain.
const STRAIGHT: f64 = 0.5;

/// What it takes, in look-ups, to put what is found out of order in its place: a subject of one word, anything else.
const MARKED: f64 = 2.0;
const SORTED: f64 = 8.0;

/// What it takes, in look-ups, to narrow rows by halves.
const HALVES: f64 = 4.0;

/// Whether a step only looks something up.
pub(super) fn is_look_up(step: &Step) -> bool {
    matches!(step, Step::Seek { .. } | Step::Member { .. } | Step::Same { .. } | Step::Stated(_))
}

/// The variable with the fewest candidates.
pub(super) fn fewest_candidates(state: &State<'_>, open: &BTreeSet<VarId>) -> Option<VarId> {
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
    open.iter()
        .map(|var| (candidates(*var), *var))
        .filter(|(count, _)| count.is_finite())
        .min_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)))
        .map(|(_, var)| var)
}

/// The cheapest order found of the variables that atoms give their values, some of which follow from others;
/// empty where it matters little.
pub(super) fn best_order(
    state: &State<'_>,
    givens: Vec<Given<'_>>,
    spread: impl FnOnce() -> Spread,
    enumerate: bool,
) -> Vec<VarId> {
    let rows: usize = state.pending.iter().map(|pending| pending.table.len()).sum();
    if rows < pays_from(FEW_ROWS) || sought(state).len() < 2 {
        return Vec::new();
    }
    searched(state, givens, &spread(), enumerate, None).1
}

/// The variables that are open and to which atoms give their values.
fn sought(state: &State<'_>) -> Vec<VarId> {
    let bound_by_atoms =
        |var: &VarId| state.pending.iter().any(|pending| pending.unfilled(*var).next().is_some());
    state.open_vars().into_iter().filter(bound_by_atoms).collect()
}

/// Pairs of two variables that would take the place of a condition.
pub(super) struct Instead {
    pub(super) rows: f64,
    /// Each variable with its different ids.
    pub(super) columns: [(VarId, f64); 2],
}

/// About how many look-ups the cheapest order found takes, and that order; where it is asked so, with pairs instead of
/// a condition.
pub(super) fn searched(
    state: &State<'_>,
    givens: Vec<Given<'_>>,
    spread: &Spread,
    enumerate: bool,
    instead: Option<&Instead>,
) -> (f64, Vec<VarId>) {
    let open = sought(state);
    let mut atoms: Vec<Counted> = state.pending.iter().map(|pending| Counted::new(pending, &open)).collect();
    atoms.extend(instead.map(|instead| Counted::of(instead, &open)));
    let needed: BTreeSet<VarId> =
        if enumerate { state.needed.difference(&state.bound).copied().collect() } else { BTreeSet::new() };
    let whole = state.bound.is_empty();
    let tests = |item: &Item<'_>| vars_of(*item).iter().any(|var| open.contains(var));
    // What goes together by a condition rules out as much as the condition itself.
    let tested = state.rest.iter().any(tests) || state.pending.iter().any(|it| it.atom.source == PAIRED);
    let rows = atoms.iter().map(|atom| atom.rows).collect();
    let mut follows: Vec<Follows> = givens.into_iter().map(Follows::from).collect();
    for follows in &mut follows {
        follows.reads.retain(|var| !state.bound.contains(var));
    }
    let marks = needed.len() == 1 && state.pending.iter().any(|it| it.atom.source == SUBJECTS);
    let mut search = Search {
        placed: if marks { MARKED } else { SORTED },
        follows,
        shares: &spread.shares,
        ranged: spread
            .ranged
            .iter()
            .map(|own| (own, own.reads.difference(&state.bound).copied().collect()))
            .collect(),
        skews: RefCell::default(),
        atoms: &atoms,
        open: &open,
        needed: &needed,
        whole,
        tested,
        tried: 0,
        best: (f64::INFINITY, Vec::new()),
    };
    let mut partial = Partial { rows, tuples: 1.0, cost: 0.0, exists: None, straight: None };
    let mut taken = Vec::new();
    search.follow(&mut taken, &mut partial);
    search.go(&mut taken, &partial);
    search.best
}

/// An atom's counts: its rows by what is filled already, and per column its variable and different ids,
/// of variables that are to be ordered.
struct Counted<'t> {
    rows: f64,
    columns: Vec<(VarId, f64)>,
    /// Whether something is filled, and whether that has one row at most for each of its ids.
    is_given: bool,
    is_keyed: bool,
    /// The table, with the place in it of each of the columns.
    table: Option<(&'t Table, Vec<usize>)>,
}

impl<'t> Counted<'t> {
    fn new(pending: &'t Pending<'_>, ordered: &[VarId]) -> Self {
        let open = (0..pending.atom.args.len()).filter(|column| !pending.columns.contains(column));
        let (columns, places) = open
            .filter_map(|column| {
                let var = as_var(&pending.atom.args[column]).filter(|var| ordered.contains(var))?;
                Some(((var, pending.table.distinct(column).max(1) as f64), column))
            })
            .unzip();
        let is_keyed = pending.columns.iter().any(|column| {
            matches!(pending.atom.args[*column], Term::Var(_)) && pending.table.is_key(*column)
        });
        let is_given = !pending.columns.is_empty();
        Self { rows: pending.rows(), columns, is_given, is_keyed, table: Some((&pending.table, places)) }
    }

    /// Whether some of it has its value: given, or by one of these variables.
    fn is_begun(&self, taken: &[VarId]) -> bool {
        self.is_given || self.columns.iter().any(|(var, _)| taken.contains(var))
    }

    /// How many times more rows it has of what another leads to by a variable than on average, so many counted at most.
    fn skew(&self, var: VarId, from: &Self, at_most: f64) -> f64 {
        let place = |atom: &Self| {
            let (table, places) = atom.table.as_ref()?;
            let at = atom.columns.iter().position(|(other, _)| *other == var)?;
            Some((*table, places[at]))
        };
        let (Some((own, column)), Some((other, from))) = (place(self), place(from)) else { return 1.0 };
        own.skew(column, other, from, at_most)
    }

    /// Whether some of these variables has one row at most for each of its ids.
    fn is_keyed_by(&self, taken: &[VarId]) -> bool {
        let Some((table, places)) = &self.table else { return false };
        let mut own = self.columns.iter().zip(places);
        own.any(|((var, _), place)| taken.contains(var) && table.is_key(*place))
    }

    /// Of a variable that has its value, only the pairs with that are left.
    fn of(instead: &Instead, ordered: &[VarId]) -> Self {
        let (open, given): (Vec<_>, Vec<_>) =
            instead.columns.iter().partition(|(var, _)| ordered.contains(var));
        let rows = given.iter().fold(instead.rows, |rows, (_, distinct)| rows / distinct.max(1.0));
        Self { rows, columns: open, is_given: !given.is_empty(), is_keyed: false, table: None }
    }
}

/// A variable that has its value once others have theirs.
struct Follows {
    var: VarId,
    reads: BTreeSet<VarId>,
}

impl From<Given<'_>> for Follows {
    fn from(Given { var, reads, .. }: Given<'_>) -> Self {
        Self { var, reads }
    }
}

/// What an order has come to so far.
struct Partial {
    /// The rows left of each atom.
    rows: Vec<f64>,
    /// Ways to meet what is bound.
    tuples: f64,
    /// Look-ups, where of what need only exist the first candidates will do.
    cost: f64,
    /// Of what need only exist: look-ups before it, look-ups if all of it is gone through, and how many ways to meet it
    /// there are then for each way before.
    exists: Option<Exists>,
    /// Look-ups of an order that begins elsewhere than with what is wanted first, and in which each thing leads to one other
    /// at most.
    straight: Option<f64>,
}

/// What need only exist, gone through to the end.
#[derive(Clone, Copy)]
struct Exists {
    before: f64,
    cost: f64,
    /// Ways to meet what is bound before.
    begun: f64,
    tuples: f64,
}

impl Partial {
    /// Look-ups in all: of what need only exist, the share that is gone through until a way is found, if there is one.
    fn whole_cost(&self) -> f64 {
        let exists = |exists: Exists| exists.before + exists.cost / (exists.tuples / exists.begun).max(1.0);
        self.exists.map_or(self.cost, |own| exists(own).max(self.cost))
    }

    /// What it comes to at least, however it goes on.
    fn least_cost(&self) -> f64 {
        self.straight.map_or(f64::INFINITY, |cost| STRAIGHT * cost).min(self.cost)
    }
}

/// Looks for the cheapest order, the cheapest next variable first.
struct Search<'s> {
    follows: Vec<Follows>,
    /// Values that others bound, with what of that is not known beforehand.
    ranged: Vec<(&'s Ranged, BTreeSet<VarId>)>,
    /// About how often a variable's value compares with constants as it must.
    shares: &'s BTreeMap<VarId, f64>,
    /// How many times more a variable leads to from one atom to another than on average, as far as it was asked.
    skews: RefCell<BTreeMap<(VarId, usize, usize, u32), f64>>,
    atoms: &'s [Counted<'s>],
    open: &'s [VarId],
    /// Variables whose values are wanted.
    needed: &'s BTreeSet<VarId>,
    /// Whether it goes through all there is, not through what belongs to something given.
    whole: bool,
    /// Whether more is asked of the variables than what atoms say: then the first candidates may well fail.
    tested: bool,
    /// What it takes to put one thing found out of order in its place.
    placed: f64,
    tried: usize,
    best: (f64, Vec<VarId>),
}

impl Search<'_> {
    fn go(&mut self, taken: &mut Vec<VarId>, partial: &Partial) {
        if taken.len() == self.open.len() {
            let straight = partial.straight.map(|cost| STRAIGHT * (cost + self.placed * partial.tuples));
            let cost = partial.whole_cost().min(straight.unwrap_or(f64::INFINITY));
            if cost < self.best.0 {
                self.best = (cost, taken.clone());
            }
            return;
        }
        let left = self.open.iter().filter(|var| !taken.contains(var));
        // What has one id at most and narrows something else comes at once.
        let left: Vec<&VarId> = match left.clone().find(|var| self.narrows_at_once(taken, **var)) {
            Some(var) => vec![var],
            None => left.collect(),
        };
        let left = left.into_iter();
        let mut next: Vec<(Vec<VarId>, Partial)> = left.map(|var| self.with(taken, *var, partial)).collect();
        next.order_by(|left, right| left.1.least_cost().total_cmp(&right.1.least_cost()));
        for (vars, partial) in next {
            self.tried += 1;
            let is_found = self.best.0.is_finite();
            if is_found && (partial.least_cost() >= self.best.0 || self.tried > MOST_TRIED) {
                return;
            }
            let before = taken.len();
            taken.extend(vars);
            self.go(taken, &partial);
            taken.truncate(before);
        }
    }

    /// What one more variable and all that follow from it come to.
    fn with(&self, taken: &[VarId], var: VarId, partial: &Partial) -> (Vec<VarId>, Partial) {
        let mut partial = self.after(taken, var, partial);
        let mut all = taken.to_vec();
        all.push(var);
        self.follow(&mut all, &mut partial);
        (all.split_off(taken.len()), partial)
    }

    /// Takes each variable that has its value as others have theirs: of its own there is one at most.
    fn follow(&self, taken: &mut Vec<VarId>, partial: &mut Partial) {
        let next = |taken: &[VarId]| {
            let is_next = |follows: &&Follows| {
                !taken.contains(&follows.var) && follows.reads.iter().all(|var| taken.contains(var))
            };
            self.follows.iter().find(is_next).map(|follows| follows.var)
        };
        while let Some(var) = next(taken) {
            let before = partial.tuples;
            for (rows, atom) in partial.rows.iter_mut().zip(self.atoms) {
                for (_, distinct) in atom.columns.iter().filter(|(other, _)| *other == var) {
                    let met = (*rows / distinct).min(1.0);
                    partial.tuples *= met;
                    partial.cost += before;
                    if let Some(exists) = &mut partial.exists {
                        exists.cost += exists.tuples;
                        exists.tuples *= met;
                    }
                    *rows = (*rows / distinct).max(1.0);
                }
            }
            taken.push(var);
        }
    }

    /// Whether a variable has one id at most, given what is taken, and stands in another sentence that is asked about
    /// something else too.
    fn narrows_at_once(&self, taken: &[VarId], var: VarId) -> bool {
        let names = |atom: &&Counted<'_>| atom.columns.iter().any(|(other, _)| *other == var);
        let is_given = |atom: &Counted<'_>| atom.is_keyed || atom.is_keyed_by(taken);
        let is_open = |(other, _): &(VarId, f64)| *other != var && !taken.contains(other);
        let mut own = self.atoms.iter().filter(names);
        own.clone().any(|atom| atom.columns.iter().any(is_open) && !is_given(atom)) && own.any(is_given)
    }

    /// Whether an order that goes through all there is begins elsewhere than with what is wanted first.
    fn begins_elsewhere(&self, taken: &[VarId]) -> bool {
        self.whole && self.needed.first().is_some_and(|first| taken.first() != Some(first))
    }

    /// How many rows each atom that a variable is looked up in has more than on average: of what is begun or rarest as
    /// many, of others by how what leads there is spread.
    fn skewed(&self, taken: &[VarId], var: VarId, partial: &Partial) -> Vec<(usize, f64)> {
        let own =
            (0..self.atoms.len()).filter(|at| self.atoms[*at].columns.iter().any(|(other, _)| *other == var));
        let is_begun = |at: &usize| self.atoms[*at].is_begun(taken);
        let from = own.clone().min_by(|left, right| {
            let rank = |at: &usize| (!is_begun(at), partial.rows[*at]);
            rank(left).partial_cmp(&rank(right)).unwrap_or(Ordering::Equal)
        });
        let Some(from) = from else { return Vec::new() };
        let skew = |at: usize| {
            if at == from || is_begun(&at) {
                return 1.0;
            }
            let at_most = self.looked_up_in(taken, (var, at), partial);
            let key = (var, from, at, at_most.log2() as u32);
            let known = self.skews.borrow().get(&key).copied();
            known.unwrap_or_else(|| {
                let skew = self.atoms[at].skew(var, &self.atoms[from], at_most);
                self.skews.borrow_mut().insert(key, skew);
                skew
            })
        };
        own.map(|at| (at, skew(at))).collect()
    }

    /// Among how many rows of another atom that is begun what an atom leads to is looked up: of two lists the shorter one is
    /// gone through.
    fn looked_up_in(&self, taken: &[VarId], (var, at): (VarId, usize), partial: &Partial) -> f64 {
        let next = |(other, _): &(VarId, f64)| *other != var && !taken.contains(other);
        let own: Vec<VarId> =
            self.atoms[at].columns.iter().filter(|column| next(column)).map(|it| it.0).collect();
        let [next] = own[..] else { return f64::INFINITY };
        let has_it = |atom: &Counted<'_>| atom.columns.iter().any(|(other, _)| *other == next);
        let others = self.atoms.iter().enumerate().zip(&partial.rows);
        let begun = others.filter(|((other, atom), _)| *other != at && has_it(atom) && atom.is_begun(taken));
        begun.map(|(_, rows)| rows.max(1.0)).fold(f64::INFINITY, f64::min)
    }

    /// What it comes to where a variable is bounded and what is left need only exist: its rows are narrowed by halves. That is
    /// all there is to it where nothing else of them is open.
    fn narrowed(&self, taken: &[VarId], var: VarId, partial: &Partial) -> Option<Partial> {
        let is_known = |(own, reads): &&(&Ranged, BTreeSet<VarId>)| {
            own.var == var && reads.iter().all(|read| taken.contains(read))
        };
        let (ranged, _) = self.ranged.iter().find(is_known)?;
        if !self.needed.iter().all(|needed| taken.contains(needed)) {
            return None;
        }
        let at = self.atoms.iter().position(|atom| atom.columns.iter().any(|(other, _)| *other == var))?;
        let is_last = self.atoms[at].columns.iter().all(|(other, _)| *other == var || taken.contains(other));
        if !is_last || !self.atoms[at].is_begun(taken) || partial.rows[at] < FEW_TO_NARROW {
            return None;
        }
        let mut rows = partial.rows.clone();
        rows[at] *= ranged.share;
        let (before, met) = (partial.tuples, rows[at].min(1.0));
        let exists = partial.exists.map(|own| Exists {
            cost: own.cost + HALVES * own.tuples,
            tuples: own.tuples * met,
            ..own
        });
        Some(Partial {
            rows,
            tuples: before * met,
            cost: partial.cost + HALVES * before,
            exists,
            straight: None,
        })
    }

    /// About what the order comes to with one more variable.
    fn after(&self, taken: &[VarId], var: VarId, partial: &Partial) -> Partial {
        if let Some(narrowed) = self.narrowed(taken, var, partial) {
            return narrowed;
        }
        let mut rows = partial.rows.clone();
        let mut candidates = f64::INFINITY;
        let mut widest = 1.0_f64;
        let mut about: Vec<f64> = Vec::new();
        let (mut apart, mut leads_on) = (0.0, taken.is_empty());
        for (rows, atom) in rows.iter_mut().zip(self.atoms) {
            for (_, distinct) in atom.columns.iter().filter(|(other, _)| *other == var) {
                let own = rows.min(*distinct).max(f64::MIN_POSITIVE);
                candidates = candidates.min(own);
                widest = widest.max(*distinct);
                about.push(own);
                let begun = atom.columns.iter().any(|(other, _)| taken.contains(other));
                apart += if begun || taken.is_empty() { 1.0 } else { APART };
                leads_on |= begun && self.begins_elsewhere(taken) && atom.is_keyed_by(taken);
                // What is met there has a row at least: how often it is, `met` tells.
                *rows /= own;
            }
        }
        if about.is_empty() {
            return Partial { rows, ..*partial };
        }
        self.skewed(taken, var, partial).into_iter().for_each(|(at, skew)| rows[at] *= skew);
        let all = self.tested || self.needed.iter().any(|needed| !taken.contains(needed));
        let looked = if all { candidates } else { candidates.min(TRIES) };
        // Subjects come in the order of their first words; another order finds what it looks up scattered.
        let elsewhere =
            self.begins_elsewhere(if taken.is_empty() { std::slice::from_ref(&var) } else { taken });
        let dearer = if elsewhere { SCATTERED } else { 1.0 };
        let before = if taken.is_empty() { Some(0.0) } else { partial.straight };
        let straight = before
            .filter(|_| elsewhere && leads_on)
            .map(|before| before + partial.tuples * (1.0 + candidates * apart));
        let looks = |tuples: f64, looked: f64| dearer * tuples * (1.0 + looked * about.len() as f64);
        let cost = partial.cost + looks(partial.tuples, looked);
        // Each other atom has a candidate as often as its own ids lie among all.
        let mut met = candidates;
        let mut lead = true;
        for own in &about {
            #[expect(clippy::float_cmp, reason = "the very number found above")]
            if lead && *own == candidates {
                lead = false;
                continue;
            }
            met *= (own / widest).min(1.0);
        }
        // To begin with what compares so takes the rows in the order of their values, which is dearer than to go through all.
        if !taken.is_empty() {
            met *= self.shares.get(&var).copied().unwrap_or(1.0);
        }
        if all {
            return Partial { rows, tuples: partial.tuples * met, cost, exists: partial.exists, straight };
        }
        let Exists { before, cost: gone, begun, tuples } = partial.exists.unwrap_or(Exists {
            before: partial.cost,
            cost: 0.0,
            begun: partial.tuples.max(f64::MIN_POSITIVE),
            tuples: partial.tuples,
        });
        let gone = gone + looks(tuples, candidates);
        let exists = Some(Exists { before, cost: gone, begun, tuples: tuples * met });
        Partial { rows, tuples: partial.tuples * met.min(1.0), cost, exists, straight }
    }
}
