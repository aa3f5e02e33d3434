//! Searches over batches on all cores: all ways to meet bodies, and whom of the subjects a body matches.
//! Where some calculation has no result they hand back nothing, and the search way by way decides.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::{BitSet, Idx};
use crate::engine::{
    Bail, BatchProgram, Clock, Found, Gather, Place, Program, Reached, Sorted, Step, Table, Values,
};
use crate::model::{Clause, Cond, Expr, VarId};
use crate::plan::{Inputs, Request, compile, may_miss};

/// Below so many rows in all, one thread searches.
const FEW: usize = 1 << 13;

/// An `or` of up to so many branches is searched branch by branch.
const MOST_BRANCHES: usize = 8;

/// Parts of a search per thread: enough that none waits long for the last.
const PARTS: usize = 16;

/// Branches of an `or` that can be searched one by one: nothing in them can lack a result, and nothing
/// else decides. The whole clause where it is no such.
pub(super) fn branches(clause: &Clause) -> Vec<Clause> {
    let parts = match &clause.when {
        _ if clause.unless.is_some() => None,
        Cond::Or(parts) if parts.iter().all(is_plain) => Some(parts.clone()),
        Cond::And(parts) => distributed(parts),
        _ => None,
    };
    let branch = |when| Clause { vars: clause.vars.clone(), when, unless: None };
    parts.map_or_else(|| vec![clause.clone()], |parts| parts.into_iter().map(branch).collect())
}

/// What must hold, with each branch of the one `or` among it in its place.
fn distributed(parts: &[Cond]) -> Option<Vec<Cond>> {
    let mut choices = parts.iter().enumerate().filter(|(_, part)| matches!(part, Cond::Or(_)));
    let (at, choice) = choices.next()?;
    let Cond::Or(inner) = choice else { return None };
    if choices.next().is_some() || inner.len() > MOST_BRANCHES || !parts.iter().all(is_plain) {
        return None;
    }
    let whole = |branch: &Cond| {
        let mut all: Vec<Cond> = parts.to_vec();
        match branch {
            Cond::And(own) => drop(all.splice(at..=at, own.iter().cloned())),
            other => all[at] = other.clone(),
        }
        Cond::And(all)
    };
    Some(inner.iter().map(whole).collect())
}

/// Whether a condition calculates nothing.
fn is_plain(cond: &Cond) -> bool {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().all(is_plain),
        Cond::Not(inner, _) => is_plain(inner),
        Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => true,
        Cond::Compare { lhs, rhs, .. } => {
            matches!((lhs, rhs), (Expr::Term(_), Expr::Term(_)))
        }
        Cond::Let { .. } => false,
    }
}

/// Whether a program makes values, which then count in the order they are made.
pub(super) fn makes_values(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Assign { .. } => true,
        Step::Not { inner, .. } | Step::Exists(inner) => makes_values(&inner.steps),
        Step::AnyOf(parts) | Step::Branch(parts) => parts.iter().any(|part| makes_values(&part.steps)),
        _ => false,
    })
}

/// Hands on the tuples of a head, one after the other.
pub(super) fn each_tuple(
    found: &Found<'_>,
    head: &[Place],
    tuple: &mut Vec<u32>,
    mut emit: impl FnMut(&[u32]) -> Result<(), Reached>,
) -> Result<(), Bail> {
    for row in 0..found.len() {
        tuple.clear();
        tuple.extend(head.iter().map(|place| match place {
            Place::Var(var) => found.var(*var)[row],
            Place::Id(id) => *id,
        }));
        emit(tuple)?;
    }
    Ok(())
}

pub(super) fn vars_of(head: &[Place]) -> impl Iterator<Item = usize> + '_ {
    head.iter().filter_map(|place| match place {
        Place::Var(var) => Some(*var),
        Place::Id(_) => None,
    })
}

/// A program with the head of which the ways are wanted.
pub(super) struct Wanted<'p> {
    pub program: &'p Program,
    pub head: &'p [Place],
}

/// All ways to meet one of several bodies: the ids of the heads, ascending, each once. `None` where a
/// calculation has no result.
pub(super) fn ways(
    wanted: &[Wanted<'_>],
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Sorted>, Reached> {
    let Some(arity) = wanted.first().map(|wanted| wanted.head.len()) else {
        return Ok(Some(Sorted::default()));
    };
    let batches: Vec<BatchProgram<'_>> =
        wanted.iter().map(|wanted| BatchProgram::new(wanted.program, vars_of(wanted.head), None)).collect();
    let collect = |at: usize, window: Option<(u32, u32)>, gather: &mut Gather| -> Result<(), Bail> {
        batches[at].run(values, clock, window, &mut |found| match gather.add_found(found, wanted[at].head) {
            Some(different) => Ok(clock.gathered(different)?),
            None => Ok(()),
        })
    };
    let leads = |at: usize| match wanted[at].head.first() {
        Some(Place::Var(var)) => batches[at].first() == Some(*var),
        _ => false,
    };
    let ordered = wanted.iter().any(|wanted| makes_values(&wanted.program.body.steps));
    let parts = rayon::current_num_threads() * PARTS;
    let rows = |wanted: &Wanted<'_>| {
        wanted.program.atoms.iter().map(|atom| atom.index.columns[0].len()).sum::<usize>()
    };
    let small = wanted.iter().map(rows).sum::<usize>() < FEW;
    let outcome = if small || ordered {
        let mut gather = Gather::new(arity);
        (0..wanted.len()).try_for_each(|at| collect(at, None, &mut gather)).map(|()| vec![gather.finish()])
    } else if (0..wanted.len()).all(leads) {
        // All take the first id of the tuple first: what one part of its ids gives stands together.
        let windows = (0..wanted.len())
            .max_by_key(|at| rows(&wanted[*at]))
            .and_then(|at| batches[at].windows(parts * 8))
            .unwrap_or_default();
        let mut windows = if windows.is_empty() { vec![(0, u32::MAX)] } else { windows };
        if let Some(last) = windows.last_mut() {
            last.1 = u32::MAX;
        }
        let part = |window: (u32, u32)| {
            let mut gather = Gather::new(arity);
            (0..wanted.len())
                .try_for_each(|at| collect(at, Some(window), &mut gather))
                .map(|()| gather.finish())
        };
        windows.into_par_iter().map(part).collect::<Vec<_>>().into_iter().collect()
    } else {
        let jobs: Vec<(usize, Option<(u32, u32)>)> = (0..wanted.len())
            .flat_map(|at| match batches[at].windows(parts) {
                Some(windows) => windows.into_iter().map(|window| (at, Some(window))).collect(),
                None => vec![(at, None)],
            })
            .collect();
        let part = |(at, window)| {
            let mut gather = Gather::new(arity);
            collect(at, window, &mut gather).map(|()| gather.finish())
        };
        let found: Result<Vec<Sorted>, Bail> =
            jobs.into_par_iter().map(part).collect::<Vec<_>>().into_iter().collect();
        found.map(|found| {
            let mut all = Gather::new(arity);
            found.iter().for_each(|part| all.add_all(part));
            vec![all.finish()]
        })
    };
    match outcome {
        Ok(parts) => {
            let found = Sorted::concat(parts);
            clock.gathered(found.len())?;
            Ok(Some(found))
        }
        Err(Bail::Reached(reached)) => Err(reached),
        Err(Bail::Calculation) => Ok(None),
    }
}

/// Whom a body matches: bits by place among the subjects. `None` where the search way by way must say.
pub(super) fn subjects(
    table: &Arc<Table>,
    clause: &Clause,
    possible: bool,
    inputs: &Inputs<'_>,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<BitSet>, Reached> {
    let count = table.len();
    let slots: Vec<VarId> = (0..table.columns().len()).map(VarId::from_usize).collect();
    if slots.is_empty() || may_miss(inputs, clause, &slots) {
        return Ok(None);
    }
    let request = Request {
        clause,
        bound: BTreeSet::new(),
        needed: slots.into_iter().collect(),
        possible,
        delta: None,
        subjects: Some(Arc::clone(table)),
    };
    let program = compile(inputs, &request);
    let Some(atom) = program.subjects else { return Ok(None) };
    if program.atoms[atom].levels.len() < table.columns().len() {
        return Ok(None);
    }
    let natural: Vec<usize> = (0..table.columns().len()).collect();
    // Rows of the subjects' own order are their places; of another order they are looked up.
    let in_order = program.atoms[atom].in_order();
    let wanted = if in_order { Vec::new() } else { natural.clone() };
    let batch = BatchProgram::new(&program, wanted.iter().copied(), in_order.then_some(atom));
    let index = table.index(&natural);
    // Where the search goes through the subjects in their order, a part of it meets a run of them.
    let runs = in_order && batch.first() == Some(0);
    let part = |window: Option<(u32, u32)>| -> Result<(usize, Vec<u64>), Bail> {
        let (low, high) = match window {
            Some((from, to)) if runs => index.window(from, to),
            _ => (0, count as u32),
        };
        let base = low as usize / 64;
        let mut words = vec![0_u64; (high as usize).div_ceil(64).saturating_sub(base)];
        batch.run(values, clock, window, &mut |found| {
            let mut mark = |at: usize| words[at / 64 - base] |= 1 << (at % 64);
            if in_order {
                found.row_of(atom).iter().for_each(|row| mark(*row as usize));
            } else {
                for row in 0..found.len() {
                    let narrow = |range, slot: &usize| index.narrow(*slot, range, found.var(*slot)[row]);
                    let (low, high) = natural.iter().fold(index.all(), narrow);
                    (low..high).for_each(|at| mark(at as usize));
                }
            }
            Ok(())
        })?;
        Ok((base, words))
    };
    let windows = if count < FEW { None } else { batch.windows(rayon::current_num_threads() * PARTS) };
    let parts: Vec<Result<(usize, Vec<u64>), Bail>> = match windows {
        None => vec![part(None)],
        Some(windows) => windows.into_par_iter().map(|window| part(Some(window))).collect(),
    };
    let mut words = vec![0_u64; count.div_ceil(64)];
    for part in parts {
        match part {
            Ok((base, own)) => words[base..].iter_mut().zip(own).for_each(|(word, own)| *word |= own),
            Err(Bail::Reached(reached)) => return Err(reached),
            Err(Bail::Calculation) => return Ok(None),
        }
    }
    Ok(Some(BitSet::from_words(words, count)))
}
