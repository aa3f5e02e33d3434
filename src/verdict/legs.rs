//! Steps from tuple to tuple, whole or in legs: where all that a step does hangs on one word in between (the household in
//! which two live), it first leads there and from there on, and what lies behind is gone through once for each such stop.

use std::collections::BTreeSet;

use super::steps::{Compiled, Step};
use crate::base::{Idx, InOrder};
use crate::engine::{Place, Program};
use crate::model::clause::{all_cond_vars, as_var};
use crate::model::{Clause, Cond, Term, VarId};
use crate::plan::{Inputs, Request, compile, place};

/// A step or a part of one, between nodes: those of the relation (0) and those where ways of one step only pass.
pub(super) struct Leg<'c> {
    pub program: &'c Program,
    /// What it takes from each part of the node it begins at, and what stands in the one it leads to.
    pub args: Vec<Place>,
    pub head: Vec<Place>,
    /// The variable for the place of the node it begins at.
    pub place: usize,
    /// Which nodes it leads from and to.
    pub from: usize,
    pub to: usize,
    /// The step of which it is the first part, or all.
    pub step: Option<usize>,
}

impl<'c> Leg<'c> {
    /// A whole step between nodes that stand in these slots.
    pub fn whole(step: usize, compiled: &'c Compiled, slots: &[usize]) -> Self {
        let of = |places: &[Place]| slots.iter().map(|slot| places[*slot]).collect();
        Self {
            program: &compiled.program,
            args: of(&compiled.args),
            head: of(&compiled.head),
            place: compiled.place,
            from: 0,
            to: 0,
            step: Some(step),
        }
    }

    /// The parts of a step, whose stops are numbered from `first` on.
    pub fn parts(step: usize, parts: &'c [Compiled], first: usize) -> Vec<Self> {
        let last = parts.len() - 1;
        let leg = |(at, part): (usize, &'c Compiled)| Self {
            program: &part.program,
            args: part.args.clone(),
            head: part.head.clone(),
            place: part.place,
            from: if at == 0 { 0 } else { first + at - 1 },
            to: if at == last { 0 } else { first + at },
            step: (at == 0).then_some(step),
        };
        parts.iter().enumerate().map(leg).collect()
    }
}

impl Step<'_> {
    /// The step in parts with one word between each and the next, what stands in nodes as arguments and heads. `None` where
    /// it has no such word, which a sentence gives its values.
    pub(super) fn in_parts(
        &self,
        slots: &[usize],
        inputs: &Inputs<'_>,
        possible: bool,
    ) -> Option<Vec<Compiled>> {
        let (rest, args, head) = self.body()?;
        let of = |terms: &[Term]| -> Vec<Term> { slots.iter().map(|slot| terms[*slot].clone()).collect() };
        let (args, head) = (of(args), of(head));
        let vars = |terms: &[Term]| -> BTreeSet<VarId> { terms.iter().filter_map(as_var).collect() };
        let (from, to) = (vars(&args), vars(&head));
        let Cond::And(parts) = &rest.when else { return None };
        if rest.unless.is_some() || from.is_empty() || to.is_empty() || !from.is_disjoint(&to) {
            return None;
        }
        let stops = stops(parts, &from, &to);
        if stops.is_empty() {
            return None;
        }
        let mut ends: Vec<Vec<Term>> = vec![args];
        ends.extend(stops.iter().map(|(stop, _)| vec![Term::Var(*stop)]));
        ends.push(head);
        let groups = grouped(parts, &stops);
        let legs = ends.windows(2).zip(groups).map(|(ends, parts)| {
            let clause = Clause { vars: rest.vars.clone(), when: Cond::And(parts), unless: None };
            let with_place = |terms: &[Term]| {
                let mut vars = vars(terms);
                vars.insert(self.place);
                vars
            };
            let request = Request {
                bound: with_place(&ends[0]),
                lookups: true,
                ..Request::new(&clause, with_place(&ends[1]), possible)
            };
            let places = |terms: &[Term]| terms.iter().map(|term| place(inputs, term)).collect();
            Compiled {
                program: compile(inputs, &request),
                head: places(&ends[1]),
                args: places(&ends[0]),
                place: self.place.index(),
            }
        });
        Some(legs.collect())
    }
}

/// A word through which all ways lead, with the words that lie before it.
type Through = (VarId, BTreeSet<VarId>);

/// The words through which all that ties these words to those leads, in order; each has its values from a sentence
/// that lies before it.
fn stops(parts: &[Cond], from: &BTreeSet<VarId>, to: &BTreeSet<VarId>) -> Vec<Through> {
    let of: Vec<BTreeSet<VarId>> = parts
        .iter()
        .map(|part| {
            let mut vars = Vec::new();
            all_cond_vars(part, &mut vars);
            vars.into_iter().collect()
        })
        .collect();
    let before = |stop: Option<VarId>| {
        let mut reached = from.clone();
        loop {
            let count = reached.len();
            let touched = of.iter().filter(|vars| !vars.is_disjoint(&reached));
            let more: Vec<VarId> = touched.flatten().copied().filter(|var| Some(*var) != stop).collect();
            reached.extend(more);
            if reached.len() == count {
                return reached;
            }
        }
    };
    if before(None).is_disjoint(to) {
        return Vec::new();
    }
    let all: BTreeSet<VarId> = of.iter().flatten().copied().collect();
    let inner = all.into_iter().filter(|var| !from.contains(var) && !to.contains(var));
    let mut stops: Vec<Through> =
        inner.map(|var| (var, before(Some(var)))).filter(|(_, before)| before.is_disjoint(to)).collect();
    stops.order_by_key(|(_, before)| before.len());
    loop {
        let groups = grouped(parts, &stops);
        let is_told = |(stop, parts): (&Through, &Vec<Cond>)| {
            let names =
                |part: &Cond| matches!(part, Cond::Atom(atom) if atom.args.contains(&Term::Var(stop.0)));
            parts.iter().any(names)
        };
        let Some(at) = stops.iter().zip(&groups).position(|pair| !is_told(pair)) else { return stops };
        stops.remove(at);
    }
}

/// The conditions up to each stop, and those behind the last.
fn grouped(parts: &[Cond], stops: &[Through]) -> Vec<Vec<Cond>> {
    let mut groups = vec![Vec::new(); stops.len() + 1];
    for part in parts {
        let mut vars = Vec::new();
        all_cond_vars(part, &mut vars);
        let lies_before =
            |(stop, before): &Through| vars.iter().all(|var| var == stop || before.contains(var));
        let at = stops.iter().position(lies_before).unwrap_or(stops.len());
        groups[at].push(part.clone());
    }
    groups
}
