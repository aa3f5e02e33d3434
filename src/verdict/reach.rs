//! Relations that are worked out without a common set of what was found: those whose rules do not need
//! them, by sorting; those that grow one tuple from another, along a graph where what they grow by is one, else
//! in parts that never meet, on all cores.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::branches::alternatives;
use super::evaluate::Evaluator;
use super::legs::Leg;
use super::relations::occurrences;
use super::rounds::Rounds;
use super::search::{self, Wanted};
use super::steps::{Compiled, Step};
use super::stops::Stop;
use super::walks::{Kept, Layout, best, walked};
use crate::base::parallel::{each, each_of};
use crate::engine::planted::{Bug, planted};
use crate::engine::{Bail, Clock, Gather, Lists, Place, Program, Reached, Sorted, Table, Values};
use crate::model::clause::as_var;
use crate::model::{Clause, DomainId, Keeping, RelationId, Rule};
use crate::plan::{Inputs, Request, compile, outline, place};

/// Tuples a part begins with: few enough that all it finds stays near.
const PART: usize = 1 << 12;

/// So many tuples may always be found before it is asked whether walking a graph is less.
const MANY: usize = 1 << 14;

/// Rules that call on nothing of their loop, and those that do as steps.
struct Rules<'r> {
    outer: Vec<&'r Rule>,
    steps: Vec<Step<'r>>,
}

impl Evaluator<'_> {
    /// All tuples of relations that need each other, or of one; `None` where they must be worked out another way.
    pub(super) fn at_once(
        &mut self,
        members: &[RelationId],
        rules: &[&Rule],
        recursive: bool,
        possible: bool,
    ) -> Result<Option<Vec<Table>>, Stop> {
        let keeping = |relation: RelationId| self.ruleset.relations[relation].keeping;
        let keeps = members.iter().any(|relation| keeping(*relation).is_some());
        if planted(Bug::LostDelta) || keeps && (planted(Bug::FirstKept) || members.len() > 1) {
            return Ok(None);
        }
        let (inner, outer): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().partition(|rule| recursive && !occurrences(&rule.clause, members).is_empty());
        let only = inner.len() == 1;
        let steps: Option<Vec<Step<'_>>> =
            inner.iter().map(|rule| Step::new(rule, members, only, keeping(rule.relation))).collect();
        let Some(steps) = steps else { return Ok(None) };
        if !steps.is_empty() && self.may_miss(members, rules) {
            return Ok(None);
        }
        let rules = Rules { outer, steps };
        let stated: Vec<Sorted> =
            members.iter().map(|relation| self.stated_tuples(*relation, possible)).collect();
        let found = self.with_inputs(true, |evaluator, inputs, values| {
            let mut all = Vec::new();
            for (relation, stated) in members.iter().zip(stated) {
                match evaluator.seeds(*relation, &rules, stated, possible, inputs, values)? {
                    Some(seeds) => all.push(seeds),
                    None => return Ok(None),
                }
            }
            let grown = match members {
                [relation] => {
                    let seeds = all.pop().unwrap_or_default();
                    let kept = kept_slot(inputs, *relation);
                    let arity = inputs.ruleset.relations[*relation].slots.len();
                    if rules.steps.is_empty() {
                        return Ok(Some(vec![as_table(&seeds, arity)]));
                    }
                    let growing = Growing { seeds, arity, steps: &rules.steps, kept, possible };
                    growing.grow(inputs, values, &evaluator.clock).map(|table| table.map(|table| vec![table]))
                }
                _ => together(members, all, &rules.steps, possible, inputs, values, &evaluator.clock),
            };
            match grown {
                Ok(found) => Ok(found),
                Err(Bail::Reached(reached)) => Err(reached),
                Err(Bail::Calculation) => Ok(None),
            }
        });
        found.map_err(Stop::Reached)
    }

    fn stated_tuples(&self, relation: RelationId, possible: bool) -> Sorted {
        let arity = self.ruleset.relations[relation].slots.len();
        let facts = &self.facts.relations[relation];
        let mut stated = Gather::new(arity);
        let mut tuple = Vec::with_capacity(arity);
        for tuples in std::iter::once(&facts.certain).chain(possible.then_some(&facts.maybe)) {
            for row in 0..tuples.len() {
                tuple.clear();
                tuple.extend(tuples.row(row));
                stated.add(&tuple);
            }
        }
        stated.finish()
    }

    /// What a relation begins with: what is stated and what rules conclude that need nothing of its loop.
    fn seeds(
        &self,
        relation: RelationId,
        rules: &Rules<'_>,
        stated: Sorted,
        possible: bool,
        inputs: &Inputs<'_>,
        values: &Values<'_>,
    ) -> Result<Option<Lists>, Reached> {
        let outer = rules.outer.iter().filter(|rule| rule.relation == relation);
        let bodies: Vec<(&Rule, Clause)> = outer
            .flat_map(|rule| alternatives(&rule.clause).into_iter().map(move |body| (*rule, body)))
            .collect();
        let program = |(rule, body): &(&Rule, Clause)| {
            let needed = rule.head.iter().filter_map(as_var).collect();
            let request = Request { lookups: true, ..Request::new(body, needed, possible) };
            (compile(inputs, &request), head(inputs, rule))
        };
        let programs: Vec<(Program, Vec<Place>)> = bodies.iter().map(program).collect();
        for ((_, body), (program, _)) in bodies.iter().zip(&programs) {
            self.profile.note(None, || outline(inputs.ruleset, body, program));
        }
        let wanted: Vec<Wanted<'_>> =
            programs.iter().map(|(program, head)| Wanted { program, head }).collect();
        let Some(found) = search::ways(&wanted, values, &self.clock)? else { return Ok(None) };
        let arity = inputs.ruleset.relations[relation].slots.len();
        let before = stated.len();
        let seeds = if before == 0 {
            found
        } else {
            let mut all = Gather::new(arity);
            all.add_all(&stated);
            all.add_all(&found.whole());
            all.finish().into()
        };
        let seeds = match kept_slot(inputs, relation) {
            Some((keeping, domain)) => best(&seeds.whole(), arity, keeping, domain, values).map(Lists::from),
            None => Some(seeds),
        };
        let Some(seeds) = seeds else { return Ok(None) };
        self.clock.derived(seeds.len().saturating_sub(before) as u64)?;
        Ok(Some(seeds))
    }
}

/// What of a value a relation keeps, in which slot, and its domain.
fn kept_slot(inputs: &Inputs<'_>, relation: RelationId) -> Option<((Keeping, usize), DomainId)> {
    let relation = &inputs.ruleset.relations[relation];
    relation.keeping.map(|kept| (kept, inputs.ruleset.domain_of(relation.slots[kept.1].ty)))
}

/// Relations that need each other, from what each begins with.
fn together(
    members: &[RelationId],
    seeds: Vec<Lists>,
    steps: &[Step<'_>],
    possible: bool,
    inputs: &Inputs<'_>,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Vec<Table>>, Bail> {
    let arities: Vec<usize> =
        members.iter().map(|relation| inputs.ruleset.relations[*relation].slots.len()).collect();
    let compiled: Vec<Compiled> =
        steps.iter().map(|step| step.compile(inputs, None, possible, None)).collect();
    if compiled.iter().any(|step| search::makes_values(&step.program.body.steps)) {
        return Ok(None);
    }
    let between = steps.iter().zip(&compiled).map(|(step, compiled)| {
        let (from, to) = step.between(members);
        (from, to, compiled)
    });
    let count = |more: usize| clock.derived(more as u64).map(|()| true);
    let found = Rounds::new(&arities, between).grown(
        seeds.into_iter().map(Lists::whole).collect(),
        &count,
        values,
        clock,
    )?;
    let table = |(found, arity): (Sorted, &usize)| as_table(&found.into(), *arity);
    Ok(found.map(|found| found.into_iter().zip(&arities).map(table).collect()))
}

fn as_table(tuples: &Lists, arity: usize) -> Table {
    Table::sorted(tuples.columns(arity))
}

fn head(inputs: &Inputs<'_>, rule: &Rule) -> Vec<Place> {
    rule.head.iter().map(|term| place(inputs, term)).collect()
}

/// A relation that grows from some tuples by steps.
struct Growing<'g> {
    seeds: Lists,
    arity: usize,
    steps: &'g [Step<'g>],
    /// What of a value is kept, in which slot, and its domain.
    kept: Option<((Keeping, usize), DomainId)>,
    possible: bool,
}

impl Growing<'_> {
    /// All tuples: by walking a graph where that is less, else in parts that share no tuple. `None` where it
    /// must be worked out another way.
    fn grow(
        mut self,
        inputs: &Inputs<'_>,
        values: &Values<'_>,
        clock: &Clock,
    ) -> Result<Option<Table>, Bail> {
        let begins =
            self.steps.iter().any(Step::reads_twice).then(|| Arc::new(as_table(&self.seeds, self.arity)));
        let slot = self.kept.map(|((_, slot), _)| slot);
        let compile = |step: &Step<'_>| step.compile(inputs, begins.as_ref(), self.possible, slot);
        let compiled: Vec<Compiled> = self.steps.iter().map(compile).collect();
        if compiled.iter().any(|step| search::makes_values(&step.program.body.steps)) {
            return Ok(None);
        }
        let rows = |step: &Compiled| {
            step.program.atoms.iter().map(|atom| atom.index.columns[0].len()).sum::<usize>()
        };
        let enough = MANY + 2 * (self.seeds.len() + compiled.iter().map(rows).sum::<usize>());
        let layout = Layout::of(self.steps, self.arity, slot);
        let graph = |seeds: &Sorted, layout: &Layout, kept: Option<&Kept>| {
            let legs: Vec<Leg<'_>> = (0..).zip(&compiled).map(|(at, step)| layout.whole(at, step)).collect();
            if let Some(table) = walked(seeds, layout, &legs, kept, enough * 8, values, clock)? {
                return Ok(Some(table));
            }
            let parts: Vec<Option<Vec<Compiled>>> =
                self.steps.iter().map(|step| layout.parts(step, inputs, self.possible)).collect();
            let legs = layout.legs(&compiled, &parts);
            if legs.len() == compiled.len() || u8::try_from(legs.len()).is_err() {
                return Ok(None);
            }
            walked(seeds, layout, &legs, kept, enough * 8, values, clock)
        };
        let simple = layout.as_ref().is_some_and(Layout::is_simple);
        let Some(layout) = layout else {
            return if self.kept.is_some() {
                Ok(None)
            } else {
                self.in_parts(&compiled, None, values, clock)
            };
        };
        if !simple
            && self.kept.is_none()
            && let Some(found) = self.in_parts(&compiled, Some(enough), values, clock)?
        {
            return Ok(Some(found));
        }
        let seeds = std::mem::take(&mut self.seeds).whole();
        if let Some((keeping, domain)) = self.kept {
            let kept = Kept::new(&seeds, keeping, domain, self.steps, inputs, values);
            return kept.map_or(Ok(None), |kept| graph(&seeds, &layout, Some(&kept)));
        }
        if let Some(table) = graph(&seeds, &layout, None)? {
            return Ok(Some(table));
        }
        self.seeds = seeds.into();
        self.in_parts(&compiled, None, values, clock)
    }

    /// The same in parts, which are those that share what is carried along; `None` where that is more than
    /// `limit` tuples.
    fn in_parts(
        &self,
        compiled: &[Compiled],
        limit: Option<usize>,
        values: &Values<'_>,
        clock: &Clock,
    ) -> Result<Option<Table>, Bail> {
        let carried = (0..self.arity).find(|slot| self.steps.iter().all(|step| step.carries(*slot)));
        let arities = [self.arity];
        let rounds = Rounds::new(&arities, compiled.iter().map(|step| (0, 0, step)));
        let all = AtomicUsize::new(0);
        let found = |more: usize| -> Result<bool, Reached> {
            let all = all.fetch_add(more, Ordering::Relaxed) + more;
            match limit {
                // Counted when it is known that they are used.
                Some(limit) => Ok(all <= limit),
                None => clock.derived(more as u64).map(|()| true),
            }
        };
        let grown = |seeds| -> Result<Option<Sorted>, Bail> {
            Ok(rounds.grown(vec![seeds], &found, values, clock)?.and_then(|mut found| found.pop()))
        };
        let found: Vec<Result<Option<Sorted>, Bail>> = match carried {
            None => vec![grown(self.seeds.clone().whole())],
            // Taken as they are needed, so that they need not all be held once more.
            Some(0) => {
                let parts = self.seeds.by_first(PART);
                each(parts.len(), |at| grown(self.seeds.taken(&parts[at])))
            }
            Some(slot) => each_of(parts(self.seeds.clone().whole(), slot), grown),
        };
        let found: Vec<Option<Sorted>> = found.into_iter().collect::<Result<_, Bail>>()?;
        let Some(found) = found.into_iter().collect::<Option<Vec<Sorted>>>() else { return Ok(None) };
        if limit.is_some() {
            clock.derived(all.into_inner() as u64)?;
        }
        Ok(Some(match carried {
            // Parts by the first slot come one after the other.
            Some(0) | None => as_table(&Lists::new(found), self.arity),
            Some(_) => {
                let mut all = Gather::new(self.arity);
                found.iter().for_each(|part| all.add_all(part));
                as_table(&all.finish().into(), self.arity)
            }
        }))
    }
}

/// Groups of seeds, so that those that share what stands in a slot are together.
fn parts(seeds: Sorted, slot: usize) -> Vec<Sorted> {
    let mut rows: Vec<u32> = (0..seeds.len() as u32).collect();
    let key = |row: &u32| seeds.id(*row as usize, slot);
    rows.par_sort_by_key(key);
    let mut groups = rows.chunk_by(|left, right| key(left) == key(right)).peekable();
    let mut out = Vec::new();
    while groups.peek().is_some() {
        let mut part = Vec::new();
        while let Some(group) = groups.next_if(|_| part.len() < PART) {
            part.extend_from_slice(group);
        }
        part.sort_unstable();
        out.push(seeds.picked(&part));
    }
    out
}

/// The variables that tuples give their values, as columns, and the places of these tuples; those that do not
/// fit are left out. `column` hands out what stands in a slot of them.
pub(super) fn read(
    column: impl Fn(usize) -> Vec<u32>,
    rows: Range<usize>,
    args: &[Place],
) -> (Vec<u32>, Vec<(usize, Vec<u32>)>) {
    let mut vars: Vec<(usize, Vec<u32>)> = Vec::new();
    let mut places: Vec<u32> = (rows.start as u32..rows.end as u32).collect();
    let mut fits: Option<Vec<bool>> = None;
    for (slot, arg) in args.iter().enumerate() {
        let own = column(slot);
        let is_met: Vec<bool> = match arg {
            Place::Id(id) => own.iter().map(|own| own == id).collect(),
            Place::Var(var) => match vars.iter().find(|(known, _)| known == var) {
                Some((_, first)) => own.iter().zip(first).map(|(own, first)| own == first).collect(),
                None => {
                    vars.push((*var, own));
                    continue;
                }
            },
        };
        match &mut fits {
            Some(fits) => fits.iter_mut().zip(is_met).for_each(|(fits, is_met)| *fits &= is_met),
            None => fits = Some(is_met),
        }
    }
    if let Some(fits) = fits {
        for ids in std::iter::once(&mut places).chain(vars.iter_mut().map(|(_, ids)| ids)) {
            let mut fits = fits.iter();
            ids.retain(|_| fits.next().is_some_and(|fits| *fits));
        }
    }
    (places, vars)
}
