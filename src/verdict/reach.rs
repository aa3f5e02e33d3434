//! Relations that are worked out without a common set of what was found: those whose rules do not need
//! them, by sorting; those that grow one tuple from another, in parts that never meet, on all cores.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::evaluate::{Evaluator, Stop};
use super::relations::occurrences;
use super::search::{self, Wanted, each_tuple};
use crate::engine::planted::{Bug, planted};
use crate::engine::{
    Bail, BatchProgram, Change, Clock, Gather, Place, Program, Reached, Sorted, Table, TupleSet, Values,
};
use crate::model::clause::as_var;
use crate::model::{Atom, Clause, Cond, RelationId, Rule, Term, VarId};
use crate::plan::{Inputs, Request, compile, outline, place};

/// Tuples a part begins with: few enough that all it finds stays near.
const PART: usize = 1 << 12;

impl Evaluator<'_> {
    /// All tuples of a relation; `None` where it must be worked out another way.
    pub(super) fn at_once(
        &mut self,
        relation: RelationId,
        rules: &[&Rule],
        recursive: bool,
        possible: bool,
    ) -> Result<Option<Table>, Stop> {
        if self.ruleset.relations[relation].keeping.is_some() || planted(Bug::LostDelta) {
            return Ok(None);
        }
        let members = [relation];
        let (inner, outer): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().partition(|rule| recursive && !occurrences(&rule.clause, &members).is_empty());
        let steps: Option<Vec<Step<'_>>> = inner.iter().map(|rule| Step::new(rule, relation)).collect();
        let Some(steps) = steps else { return Ok(None) };
        if !steps.is_empty() && self.may_miss(&members, rules) {
            return Ok(None);
        }
        let arity = self.ruleset.relations[relation].slots.len();
        let facts = &self.facts.relations[relation];
        let mut stated = Gather::new(arity);
        for tuples in std::iter::once(&facts.certain).chain(possible.then_some(&facts.maybe)) {
            let mut tuple = Vec::with_capacity(arity);
            for row in 0..tuples.len() {
                tuple.clear();
                tuple.extend(tuples.row(row));
                stated.add(&tuple);
            }
        }
        let stated = stated.finish();
        let found = self.with_inputs(true, |evaluator, inputs, values| {
            let clock = &evaluator.clock;
            let programs: Vec<(Program, Vec<Place>)> = outer
                .iter()
                .map(|rule| (compile(inputs, &request(rule, possible)), head(inputs, rule)))
                .collect();
            for (rule, (program, _)) in outer.iter().zip(&programs) {
                evaluator.profile.note(None, || outline(inputs.ruleset, &rule.clause, program));
            }
            let wanted: Vec<Wanted<'_>> =
                programs.iter().map(|(program, head)| Wanted { program, head }).collect();
            let Some(found) = search::ways(&wanted, values, clock)? else { return Ok(None) };
            let seeds = if stated.is_empty() {
                found
            } else {
                let mut all = Gather::new(arity);
                all.add_all(&stated);
                all.add_all(&found);
                all.finish()
            };
            clock.derived((seeds.len() - stated.len()) as u64)?;
            if steps.is_empty() {
                return Ok(Some(seeds));
            }
            grow(&seeds, arity, &steps, inputs, possible, values, clock)
        });
        let found = found.map_err(Stop::Reached)?;
        Ok(found.map(|found| Table::sorted((0..arity).map(|slot| found.column(slot)).collect())))
    }
}

fn request(rule: &Rule, possible: bool) -> Request<'_> {
    let needed = rule.head.iter().filter_map(as_var).collect();
    Request {
        clause: &rule.clause,
        bound: BTreeSet::new(),
        needed,
        possible,
        delta: None,
        subjects: None,
        lookups: true,
    }
}

fn head(inputs: &Inputs<'_>, rule: &Rule) -> Vec<Place> {
    rule.head.iter().map(|term| place(inputs, term)).collect()
}

/// A rule that makes one tuple of a relation from another.
struct Step<'r> {
    rule: &'r Rule,
    /// What it reads of the relation.
    atom: &'r Atom,
    /// What else must hold.
    rest: Clause,
}

impl<'r> Step<'r> {
    /// The rule as such a step, where it reads the relation once, outside any choice.
    fn new(rule: &'r Rule, relation: RelationId) -> Option<Self> {
        let atoms = occurrences(&rule.clause, &[relation]);
        let [atom] = atoms.as_slice() else { return None };
        let is_it = |cond: &Cond| matches!(cond, Cond::Atom(other) if other.span == atom.span);
        let when = match &rule.clause.when {
            Cond::And(parts) => {
                let at = parts.iter().position(is_it)?;
                Cond::And(
                    parts
                        .iter()
                        .enumerate()
                        .filter(|(other, _)| *other != at)
                        .map(|(_, part)| part.clone())
                        .collect(),
                )
            }
            only if is_it(only) => Cond::And(Vec::new()),
            _ => return None,
        };
        atom.args.iter().find_map(as_var)?;
        let rest = Clause { vars: rule.clause.vars.clone(), when, unless: rule.clause.unless.clone() };
        Some(Self { rule, atom, rest })
    }

    /// Whether the slot of what it makes is that of what it is made from.
    fn carries(&self, slot: usize) -> bool {
        as_var(&self.rule.head[slot]).is_some() && self.rule.head[slot] == self.atom.args[slot]
    }
}

/// A step, compiled.
struct Compiled {
    program: Program,
    head: Vec<Place>,
    /// Per slot of the tuple read the variable it gives its value, or what must stand there.
    args: Vec<Place>,
}

/// All tuples that grow from some; parts that share no tuple are worked out on their own.
fn grow(
    seeds: &Sorted,
    arity: usize,
    steps: &[Step<'_>],
    inputs: &Inputs<'_>,
    possible: bool,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Sorted>, Reached> {
    let compiled: Vec<Compiled> = steps
        .iter()
        .map(|step| {
            let bound: BTreeSet<VarId> = step.atom.args.iter().filter_map(as_var).collect();
            let needed: BTreeSet<VarId> = step.rule.head.iter().filter_map(as_var).collect();
            let request = Request {
                clause: &step.rest,
                bound,
                needed,
                possible,
                delta: None,
                subjects: None,
                lookups: true,
            };
            let args = step.atom.args.iter().map(|term: &Term| place(inputs, term)).collect();
            Compiled { program: compile(inputs, &request), head: head(inputs, step.rule), args }
        })
        .collect();
    if compiled.iter().any(|step| search::makes_values(&step.program.body.steps)) {
        return Ok(None);
    }
    let carried = (0..arity).find(|slot| steps.iter().all(|step| step.carries(*slot)));
    let parts = parts(seeds, carried);
    let batches: Vec<BatchProgram<'_>> = compiled
        .iter()
        .map(|step| BatchProgram::new(&step.program, search::vars_of(&step.head), None))
        .collect();
    let work = |rows: &Vec<u32>| part(seeds, rows, arity, &compiled, &batches, values, clock);
    let found: Vec<Result<Sorted, Bail>> = if parts.len() == 1 {
        parts.iter().map(work).collect()
    } else {
        parts.par_iter().map(work).collect()
    };
    let found: Result<Vec<Sorted>, Bail> = found.into_iter().collect();
    match found {
        // Parts by the first slot come one after the other.
        Ok(found) if carried == Some(0) => Ok(Some(Sorted::concat(found))),
        Ok(found) => {
            let mut all = Gather::new(arity);
            found.iter().for_each(|part| all.add_all(part));
            Ok(Some(all.finish()))
        }
        Err(Bail::Reached(reached)) => Err(reached),
        Err(Bail::Calculation) => Ok(None),
    }
}

/// Groups of seeds, by place, so that those that share what is carried along are together.
fn parts(seeds: &Sorted, carried: Option<usize>) -> Vec<Vec<u32>> {
    let mut rows: Vec<u32> = (0..seeds.len() as u32).collect();
    let Some(slot) = carried else { return vec![rows] };
    let key = |row: &u32| seeds.row(*row as usize)[slot];
    if slot > 0 {
        rows.par_sort_by_key(key);
    }
    let mut out = Vec::new();
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let least = PART.min(rest.len());
        let last = key(&rest[least - 1]);
        let end = least + rest[least..].iter().take_while(|row| key(row) == last).count();
        out.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
    out
}

/// What grows from some of the seeds, round by round.
fn part(
    seeds: &Sorted,
    rows: &[u32],
    arity: usize,
    steps: &[Compiled],
    batches: &[BatchProgram<'_>],
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Sorted, Bail> {
    let mut set = TupleSet::new(arity, None);
    for row in rows {
        set.add(seeds.row(*row as usize), |_, _| false);
    }
    let mut from = 0;
    let mut tuple = Vec::with_capacity(arity);
    let mut round = 0;
    while from < set.len() {
        round += 1;
        clock.round(round)?;
        let to = set.len();
        for (step, batch) in steps.iter().zip(batches) {
            let given = read(&set, from..to, &step.args);
            let given: Vec<(usize, &[u32])> = given.iter().map(|(var, ids)| (*var, ids.as_slice())).collect();
            let before = set.len();
            let mut found = |tuple: &[u32]| match set.add(tuple, |_, _| false) {
                Change::At(_) | Change::Nothing => Ok(()),
            };
            batch.run_with(values, clock, &given, &mut |rows| {
                each_tuple(rows, &step.head, &mut tuple, &mut found)
            })?;
            clock.derived((set.len() - before) as u64)?;
        }
        from = to;
    }
    let mut sorted = Gather::new(arity);
    for row in 0..set.len() as u32 {
        sorted.add(set.row(row));
    }
    Ok(sorted.finish())
}

/// The variables that tuples give their values, as columns; tuples that do not fit are left out.
fn read(set: &TupleSet, rows: std::ops::Range<usize>, args: &[Place]) -> Vec<(usize, Vec<u32>)> {
    let mut vars: Vec<(usize, usize)> = Vec::new();
    let mut fits: Vec<(usize, Place)> = Vec::new();
    for (slot, arg) in args.iter().enumerate() {
        match arg {
            Place::Var(var) => match vars.iter().find(|(known, _)| known == var) {
                Some(_) => fits.push((slot, *arg)),
                None => vars.push((*var, slot)),
            },
            Place::Id(_) => fits.push((slot, *arg)),
        }
    }
    let mut out: Vec<(usize, Vec<u32>)> = vars.iter().map(|(var, _)| (*var, Vec::new())).collect();
    for row in rows {
        let tuple = set.row(row as u32);
        let fit = |(slot, arg): &(usize, Place)| match arg {
            Place::Id(id) => tuple[*slot] == *id,
            Place::Var(var) => {
                vars.iter().any(|(known, first)| known == var && tuple[*slot] == tuple[*first])
            }
        };
        if fits.iter().all(fit) {
            out.iter_mut().zip(&vars).for_each(|((_, ids), (_, slot))| ids.push(tuple[*slot]));
        }
    }
    out
}
