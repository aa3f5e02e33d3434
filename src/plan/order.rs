//! In which order the variables of a conjunction are best bound, by the real counts.

use std::collections::BTreeSet;

use super::compile::Pending;
use super::state::State;
use crate::model::VarId;
use crate::model::clause::as_var;

/// Orders of up to this many variables are all tried.
const MOST_VARS: usize = 5;

/// Below so many rows in all, any order will do.
const FEW_ROWS: usize = 1 << 10;

/// Of what need only exist, so many candidates are looked at before one is met, at most.
const TRIES: f64 = 8.0;

/// How much dearer a search is that does not go through subjects in their order: what it looks up lies
/// scattered.
const SCATTERED: f64 = 4.0;

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

/// The cheapest order of the variables that atoms give their values; empty where it matters little or
/// there are too many.
pub(super) fn best_order(state: &State<'_>, enumerate: bool) -> Vec<VarId> {
    if state.pending.iter().map(|pending| pending.table.len()).sum::<usize>() < FEW_ROWS {
        return Vec::new();
    }
    let open: Vec<VarId> = state.open_vars().into_iter().collect();
    let bound_by_atoms =
        |var: &VarId| state.pending.iter().any(|pending| pending.unfilled(*var).next().is_some());
    let open: Vec<VarId> = open.into_iter().filter(bound_by_atoms).collect();
    if open.len() < 2 || open.len() > MOST_VARS {
        return Vec::new();
    }
    let atoms: Vec<Counted> = state.pending.iter().map(|pending| Counted::new(pending, &open)).collect();
    let needed: BTreeSet<VarId> =
        if enumerate { state.needed.difference(&state.bound).copied().collect() } else { BTreeSet::new() };
    let whole = state.bound.is_empty();
    let mut best = (f64::INFINITY, Vec::new());
    let mut taken = Vec::new();
    permutations(&open, &mut taken, &mut |order| {
        let cost = cost(&atoms, order, &needed, whole);
        if cost < best.0 {
            best = (cost, order.to_vec());
        }
    });
    best.1
}

fn permutations(vars: &[VarId], taken: &mut Vec<VarId>, visit: &mut dyn FnMut(&[VarId])) {
    if taken.len() == vars.len() {
        return visit(taken);
    }
    for var in vars {
        if !taken.contains(var) {
            taken.push(*var);
            permutations(vars, taken, visit);
            taken.pop();
        }
    }
}

/// An atom's counts: its rows by what is filled already, and per column its variable and different ids,
/// of variables that are to be ordered.
struct Counted {
    rows: f64,
    columns: Vec<(VarId, f64)>,
}

impl Counted {
    fn new(pending: &Pending<'_>, ordered: &[VarId]) -> Self {
        let open = (0..pending.atom.args.len()).filter(|column| !pending.columns.contains(column));
        let columns = open.filter_map(|column| {
            let var = as_var(&pending.atom.args[column]).filter(|var| ordered.contains(var))?;
            Some((var, pending.table.distinct(column).max(1) as f64))
        });
        Self { rows: pending.rows(), columns: columns.collect() }
    }
}

/// About how many look-ups a search in this order takes. `whole` tells that it goes through all there is,
/// not through what belongs to something given.
fn cost(atoms: &[Counted], order: &[VarId], needed: &BTreeSet<VarId>, whole: bool) -> f64 {
    let mut rows: Vec<f64> = atoms.iter().map(|atom| atom.rows).collect();
    let mut left: BTreeSet<VarId> = needed.clone();
    let (mut tuples, mut cost) = (1.0_f64, 0.0);
    for var in order {
        let sought = !left.is_empty();
        left.remove(var);
        let mut candidates = f64::INFINITY;
        let mut widest = 1.0_f64;
        let mut about: Vec<(usize, f64)> = Vec::new();
        for (at, atom) in atoms.iter().enumerate() {
            for (_, distinct) in atom.columns.iter().filter(|(other, _)| other == var) {
                let own = rows[at].min(*distinct).max(f64::MIN_POSITIVE);
                candidates = candidates.min(own);
                widest = widest.max(*distinct);
                about.push((at, own));
                rows[at] /= distinct;
            }
        }
        if about.is_empty() {
            continue;
        }
        let looked = if sought { candidates } else { candidates.min(TRIES) };
        cost += tuples * (1.0 + looked * about.len() as f64);
        // Each other atom has a candidate as often as its own ids lie among all.
        let mut met = candidates;
        let mut lead = true;
        for (_, own) in &about {
            #[expect(clippy::float_cmp, reason = "the very number found above")]
            if lead && *own == candidates {
                lead = false;
                continue;
            }
            met *= (own / widest).min(1.0);
        }
        tuples *= if sought { met } else { met.min(1.0) };
    }
    let in_order = needed.first().is_none_or(|first| order.first() == Some(first));
    if whole && !in_order { cost * SCATTERED } else { cost }
}
