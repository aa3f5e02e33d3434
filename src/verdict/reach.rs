//! Relations that are worked out without a common set of what was found: those whose rules do not need
//! them, by sorting; those that grow one tuple from another, along a graph where what they grow by is one, else
//! in parts that never meet, on all cores.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::evaluate::{Evaluator, Stop};
use super::relations::occurrences;
use super::search::{self, Wanted, each_tuple};
use super::walks::{Layout, walked};
use crate::base::Idx;
use crate::engine::planted::{Bug, planted};
use crate::engine::{
    Bail, BatchProgram, Change, Clock, Gather, Place, Program, Reached, Sorted, Table, TupleSet, Values,
};
use crate::model::clause::{all_cond_vars, as_var};
use crate::model::{Atom, Clause, Cond, RelationId, Rule, Term, VarId};
use crate::plan::{Inputs, Request, compile, outline, place};

/// Tuples a part begins with: few enough that all it finds stays near.
const PART: usize = 1 << 12;

/// So many tuples may always be found before it is asked whether walking a graph is less.
const MANY: usize = 1 << 14;

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
        let only = inner.len() == 1;
        let steps: Option<Vec<Step<'_>>> = inner.iter().map(|rule| Step::new(rule, relation, only)).collect();
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
                return Ok(Some(as_table(&seeds, arity)));
            }
            match grow(&seeds, arity, &steps, inputs, possible, values, clock) {
                Ok(found) => Ok(found),
                Err(Bail::Reached(reached)) => Err(reached),
                Err(Bail::Calculation) => Ok(None),
            }
        });
        found.map_err(Stop::Reached)
    }
}

fn as_table(tuples: &Sorted, arity: usize) -> Table {
    Table::sorted((0..arity).map(|slot| tuples.column(slot)).collect())
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
pub(super) struct Step<'r> {
    rule: &'r Rule,
    /// What it reads of the relation.
    atom: &'r Atom,
    /// What else must hold.
    rest: Clause,
    /// A variable of `rest` that nothing names: it stands for the place of the tuple that is read.
    place: VarId,
    /// What else it reads of the relation, where that may as well be what the relation begins with.
    again: Option<&'r Atom>,
}

impl<'r> Step<'r> {
    /// The rule as such a step, where it reads the relation once, outside any choice, or where it is the
    /// `only` one that leads further and puts ways together.
    fn new(rule: &'r Rule, relation: RelationId, only: bool) -> Option<Self> {
        let atoms = occurrences(&rule.clause, &[relation]);
        let (atom, again) = match atoms.as_slice() {
            [atom] => (*atom, None),
            [one, other] if only => {
                match (puts_together(rule, one, other), puts_together(rule, other, one)) {
                    (true, _) => (*one, Some(*other)),
                    (_, true) => (*other, Some(*one)),
                    _ => return None,
                }
            }
            _ => return None,
        };
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
        let first = atom.args.iter().find_map(as_var)?;
        let mut vars = rule.clause.vars.clone();
        let place = vars.push(vars[first].clone());
        let rest = Clause { vars, when, unless: rule.clause.unless.clone() };
        Some(Self { rule, atom, rest, place, again })
    }

    /// Whether the slot of what it makes is that of what it is made from.
    fn carries(&self, slot: usize) -> bool {
        as_var(&self.rule.head[slot]).is_some() && self.rule.head[slot] == self.atom.args[slot]
    }

    /// Whether it carries a slot whose value it reads for nothing else.
    pub(super) fn only_carries(&self, slot: usize) -> bool {
        let Some(var) = as_var(&self.rule.head[slot]).filter(|_| self.carries(slot)) else { return false };
        let once =
            |terms: &[Term]| terms.iter().filter_map(as_var).filter(|other| *other == var).count() == 1;
        let mut read = Vec::new();
        all_cond_vars(&self.rest.when, &mut read);
        self.rest.unless.iter().for_each(|unless| all_cond_vars(unless, &mut read));
        once(&self.rule.head) && once(&self.atom.args) && !read.contains(&var)
    }
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

/// All tuples that grow from some: by walking a graph where that is less, else in parts that share no tuple.
fn grow(
    seeds: &Sorted,
    arity: usize,
    steps: &[Step<'_>],
    inputs: &Inputs<'_>,
    possible: bool,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Table>, Bail> {
    let begins = Arc::new(as_table(seeds, arity));
    let compiled: Vec<Compiled> = steps
        .iter()
        .map(|step| {
            let given = std::iter::once(step.place);
            let request = Request {
                clause: &step.rest,
                bound: step.atom.args.iter().filter_map(as_var).chain(given.clone()).collect(),
                needed: step.rule.head.iter().filter_map(as_var).chain(given).collect(),
                possible,
                delta: step.again.map(|again| (again, Arc::clone(&begins))),
                subjects: None,
                lookups: true,
            };
            let args = step.atom.args.iter().map(|term: &Term| place(inputs, term)).collect();
            let program = compile(inputs, &request);
            Compiled { program, head: head(inputs, step.rule), args, place: step.place.index() }
        })
        .collect();
    if compiled.iter().any(|step| search::makes_values(&step.program.body.steps)) {
        return Ok(None);
    }
    let read =
        |step: &Compiled| step.program.atoms.iter().map(|atom| atom.index.columns[0].len()).sum::<usize>();
    let enough = MANY + 2 * (seeds.len() + compiled.iter().map(read).sum::<usize>());
    let layout = Layout::of(steps, arity);
    let graph = |layout: &Layout| walked(seeds, layout, &compiled, enough * 8, values, clock);
    if let Some(layout) = layout.as_ref().filter(|layout| layout.is_simple())
        && let Some(table) = graph(layout)?
    {
        return Ok(Some(table));
    }
    let limit = layout.as_ref().filter(|layout| !layout.is_simple()).map(|_| enough);
    if let Some(found) = in_parts(seeds, arity, steps, &compiled, limit, values, clock)? {
        return Ok(Some(found));
    }
    let found = layout.as_ref().map(graph).transpose()?.flatten();
    if found.is_some() { Ok(found) } else { in_parts(seeds, arity, steps, &compiled, None, values, clock) }
}

/// The same in parts, which are those that share what is carried along; `None` where that is more than
/// `limit` tuples.
fn in_parts(
    seeds: &Sorted,
    arity: usize,
    steps: &[Step<'_>],
    compiled: &[Compiled],
    limit: Option<usize>,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Table>, Bail> {
    let carried = (0..arity).find(|slot| steps.iter().all(|step| step.carries(*slot)));
    let parts = parts(seeds, carried);
    let batches: Vec<BatchProgram<'_>> = compiled
        .iter()
        .map(|step| BatchProgram::new(&step.program, search::vars_of(&step.head), None))
        .collect();
    let all = AtomicUsize::new(0);
    let found = |more: usize| -> Result<bool, Reached> {
        let all = all.fetch_add(more, Ordering::Relaxed) + more;
        match limit {
            // Counted when it is known that they are used.
            Some(limit) => Ok(all <= limit),
            None => clock.derived(more as u64).map(|()| true),
        }
    };
    let work = |rows: &Vec<u32>| part(seeds, rows, arity, compiled, &batches, &found, values, clock);
    let found: Vec<Result<Option<Sorted>, Bail>> = if parts.len() == 1 {
        parts.iter().map(work).collect()
    } else {
        parts.par_iter().map(work).collect()
    };
    let found: Vec<Option<Sorted>> = found.into_iter().collect::<Result<_, Bail>>()?;
    let Some(found) = found.into_iter().collect::<Option<Vec<Sorted>>>() else { return Ok(None) };
    if limit.is_some() {
        clock.derived(all.into_inner() as u64)?;
    }
    Ok(Some(match carried {
        // Parts by the first slot come one after the other.
        Some(0) => as_table(&Sorted::concat(found), arity),
        _ => {
            let mut all = Gather::new(arity);
            found.iter().for_each(|part| all.add_all(part));
            as_table(&all.finish(), arity)
        }
    }))
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

/// What grows from some of the seeds, round by round; `None` where
/// `found`, which is told how many more there are, says that these are enough.
#[expect(clippy::too_many_arguments, reason = "what a search needs, handed on")]
fn part(
    seeds: &Sorted,
    rows: &[u32],
    arity: usize,
    steps: &[Compiled],
    batches: &[BatchProgram<'_>],
    found: &(dyn Fn(usize) -> Result<bool, Reached> + Sync),
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Sorted>, Bail> {
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
            let (_, given) = read(|at| set.row(at as u32), from..to, &step.args);
            let given: Vec<(usize, &[u32])> = given.iter().map(|(var, ids)| (*var, ids.as_slice())).collect();
            let before = set.len();
            let mut add = |tuple: &[u32]| match set.add(tuple, |_, _| false) {
                Change::At(_) | Change::Nothing => Ok(()),
            };
            batch.run_with(values, clock, &given, &mut |rows| {
                each_tuple(rows, &step.head, &mut tuple, &mut add)
            })?;
            if !found(set.len() - before)? {
                return Ok(None);
            }
        }
        from = to;
    }
    let mut sorted = Gather::new(arity);
    for row in 0..set.len() as u32 {
        sorted.add(set.row(row));
    }
    Ok(Some(sorted.finish()))
}

/// The variables that tuples give their values, as columns, and the places of these tuples; those that do not
/// fit are left out.
pub(super) fn read<'t>(
    row: impl Fn(usize) -> &'t [u32],
    rows: Range<usize>,
    args: &[Place],
) -> (Vec<u32>, Vec<(usize, Vec<u32>)>) {
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
    let mut places = Vec::with_capacity(rows.len());
    for at in rows {
        let tuple = row(at);
        let fit = |(slot, arg): &(usize, Place)| match arg {
            Place::Id(id) => tuple[*slot] == *id,
            Place::Var(var) => {
                vars.iter().any(|(known, first)| known == var && tuple[*slot] == tuple[*first])
            }
        };
        if fits.iter().all(fit) {
            places.push(at as u32);
            out.iter_mut().zip(&vars).for_each(|((_, ids), (_, slot))| ids.push(tuple[*slot]));
        }
    }
    (places, out)
}
