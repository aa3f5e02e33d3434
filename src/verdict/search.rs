//! Searches over batches on all cores: all ways to meet bodies, and whom of the subjects a body matches.
//! Where some calculation has no result they hand back nothing, and the search way by way decides.

use super::columns::{Column, Part};
use crate::base::parallel::each_of;
use crate::base::{BitSet, Idx};
use crate::engine::{
    Bail, BatchProgram, Calculation, Clock, Computed, Found, Gather, Grouped, Index, Lists, Place, Profile,
    Program, Reached, Sorted, Step, Values, assigned, united,
};
use crate::model::Clause;
use crate::plan::{Inputs, Request, Subjects, compile, may_miss, outline};

/// Below so many rows in all, one thread searches.
const FEW: usize = 1 << 13;

/// Parts of a search per thread: enough that none waits long for the last.
const PARTS: usize = 16;

/// Whether a program makes values, which then count in the order they are made.
pub(super) fn makes_values(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Assign { .. } => true,
        Step::Not { inner, .. } | Step::Exists(inner) => makes_values(&inner.steps),
        Step::AnyOf(parts) | Step::Branch(parts) => parts.iter().any(|part| makes_values(&part.steps)),
        _ => false,
    })
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

/// Bodies that are searched, ready to run.
struct Bodies<'b> {
    wanted: &'b [Wanted<'b>],
    batches: Vec<BatchProgram<'b>>,
    /// Of those that ask for nothing but rows of one table, these.
    listed: Vec<Option<&'b Index>>,
    arity: usize,
    values: &'b Values<'b>,
    clock: &'b Clock,
}

impl<'b> Bodies<'b> {
    /// `None` where there are none.
    fn of(wanted: &'b [Wanted<'b>], values: &'b Values<'b>, clock: &'b Clock) -> Option<Self> {
        let arity = wanted.first()?.head.len();
        let batch = |own: &'b Wanted<'b>| BatchProgram::new(own.program, vars_of(own.head), None);
        let batches: Vec<BatchProgram<'b>> = wanted.iter().map(batch).collect();
        let listed = batches.iter().zip(wanted).map(|(batch, wanted)| batch.listed(wanted.head)).collect();
        Some(Self { wanted, batches, listed, arity, values, clock })
    }

    /// The rows of all tables that a body reads.
    fn rows(&self, at: usize) -> usize {
        self.wanted[at].program.atoms.iter().map(|atom| atom.index.columns[0].len()).sum()
    }

    /// Whether a body makes values.
    fn makes(&self, at: usize) -> bool {
        makes_values(&self.wanted[at].program.body.steps)
    }

    /// Whether a body makes values at its end alone.
    fn makes_last(&self, at: usize) -> bool {
        let steps = self.wanted[at].program.body.steps.split_last();
        steps.is_some_and(|(_, before)| !makes_values(before))
    }

    /// The windows of first ids in which a body is searched; one without bounds where it begins otherwise.
    fn windows(&self, at: usize) -> Vec<Option<(u32, u32)>> {
        let windows = self.batches[at].windows(rayon::current_num_threads() * PARTS);
        windows.map_or_else(|| vec![None], |windows| windows.into_iter().map(Some).collect())
    }

    /// Gathers what a body gives within a window.
    fn collect(&self, at: usize, window: Option<(u32, u32)>, gather: &mut Gather) -> Result<(), Bail> {
        let (clock, head) = (self.clock, self.wanted[at].head);
        let counted = |different: Option<usize>| match different {
            Some(different) => clock.gathered(different).map_err(Bail::from),
            None => Ok(()),
        };
        if let Some(index) = self.listed[at] {
            clock.time()?;
            let rows = window.map_or(index.all(), |(from, to)| index.window(from, to));
            return counted(gather.add_rows(index, rows));
        }
        self.batches[at].run(self.values, clock, window, &mut |found| counted(gather.add_found(found, head)))
    }

    fn part(&self, (at, window): (usize, Option<(u32, u32)>)) -> Result<(usize, Sorted), Bail> {
        let mut gather = Gather::new(self.arity);
        self.collect(at, window, &mut gather).map(|()| (at, gather.finish()))
    }

    /// One body after the other, since values count in the order they are made; all cores work at each.
    fn in_turn(&self) -> Result<Sorted, Bail> {
        let mut gather = Gather::new(self.arity);
        for at in 0..self.wanted.len() {
            if self.makes(at) {
                match assigned_last(&self.wanted[at], self.values, self.clock, &mut gather) {
                    Some(outcome) => outcome?,
                    None => self.collect(at, None, &mut gather)?,
                }
                continue;
            }
            for found in each_of(self.windows(at), |window| self.part((at, window))) {
                gather.add_all(&found?.1);
            }
        }
        Ok(gather.finish())
    }
}

/// All ways to meet one of several bodies: the ids of the heads, ascending, each once. `None` where a
/// calculation has no result.
pub(super) fn ways(
    wanted: &[Wanted<'_>],
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Lists>, Reached> {
    Ok(all_ways(wanted, false, values, clock)?.map(|(found, _)| found))
}

/// The same, with the places of what each body gives where that is asked; of bodies that must be gone
/// through one after the other it is not known, and there are none.
pub(super) fn all_ways(
    wanted: &[Wanted<'_>],
    places: bool,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<(Lists, Vec<BitSet>)>, Reached> {
    let Some(bodies) = Bodies::of(wanted, values, clock) else {
        return Ok(Some((Lists::default(), Vec::new())));
    };
    let arity = bodies.arity;
    let leads = |at: usize| match wanted[at].head.first() {
        Some(Place::Var(var)) => bodies.batches[at].first() == Some(*var),
        _ => false,
    };
    let ordered = (0..wanted.len()).any(|at| bodies.makes(at));
    let small = (0..wanted.len()).map(|at| bodies.rows(at)).sum::<usize>() < FEW;
    if ordered && !small && (0..wanted.len()).all(|at| !bodies.makes(at) || bodies.makes_last(at)) {
        return joined(bodies.in_turn().map(|found| vec![(found, Vec::new())]), 0, clock);
    }
    let places = places && !ordered;
    // All bodies, in one gathering or in one for each.
    let all = |window: Option<(u32, u32)>| -> Result<(Sorted, Vec<BitSet>), Bail> {
        let mut gathered: Vec<Gather> = vec![Gather::new(arity)];
        for at in 0..wanted.len() {
            if places && at > 0 {
                gathered.push(Gather::new(arity));
            }
            if let Some(gather) = gathered.last_mut() {
                bodies.collect(at, window, gather)?;
            }
        }
        match gathered.pop() {
            Some(gather) if !places => Ok((gather.finish(), Vec::new())),
            last => Ok(united(gathered.into_iter().chain(last).collect())),
        }
    };
    let outcome: Result<Vec<(Sorted, Vec<BitSet>)>, Bail> = if small || ordered {
        all(None).map(|found| vec![found])
    } else if (0..wanted.len()).all(leads) {
        // All take the first id of the tuple first: what one part of its ids gives stands together.
        let windows = (0..wanted.len())
            .max_by_key(|at| bodies.rows(*at))
            .and_then(|at| bodies.batches[at].windows(rayon::current_num_threads() * PARTS * 8))
            .unwrap_or_default();
        let mut windows = if windows.is_empty() { vec![(0, u32::MAX)] } else { windows };
        if let Some(last) = windows.last_mut() {
            last.1 = u32::MAX;
        }
        each_of(windows, |window| all(Some(window))).into_iter().collect()
    } else {
        let jobs: Vec<(usize, Option<(u32, u32)>)> = (0..wanted.len())
            .flat_map(|at| bodies.windows(at).into_iter().map(move |window| (at, window)))
            .collect();
        let found: Result<Vec<(usize, Sorted)>, Bail> =
            each_of(jobs, |job| bodies.part(job)).into_iter().collect();
        found.map(|found| {
            let mut gathered: Vec<Gather> = Vec::new();
            gathered.resize_with(if places { wanted.len() } else { 1 }, || Gather::new(arity));
            found.iter().for_each(|(at, part)| gathered[if places { *at } else { 0 }].add_all(part));
            match gathered.pop() {
                Some(gather) if !places => vec![(gather.finish(), Vec::new())],
                last => vec![united(gathered.into_iter().chain(last).collect())],
            }
        })
    };
    joined(outcome, if places { wanted.len() } else { 0 }, clock)
}

/// What parts of a search found, with the places of what each of so many bodies gives.
fn joined(
    outcome: Result<Vec<(Sorted, Vec<BitSet>)>, Bail>,
    bodies: usize,
    clock: &Clock,
) -> Result<Option<(Lists, Vec<BitSet>)>, Reached> {
    match outcome {
        Ok(parts) => {
            let mut all = vec![BitSet::default(); bodies];
            let mut tuples = Vec::with_capacity(parts.len());
            for (found, own) in parts {
                all.iter_mut().zip(&own).for_each(|(all, own)| all.append(own));
                tuples.push(found);
            }
            let found = Lists::new(tuples);
            clock.gathered(found.len())?;
            Ok(Some((found, all)))
        }
        Err(Bail::Reached(reached)) => Err(reached),
        Err(Bail::Calculation) => Ok(None),
    }
}

/// Gathers all ways to meet a body that ends with giving a variable a value: all cores work the values out, and
/// one gives them ids. `None` where it ends otherwise or begins with nothing that can be shared out.
fn assigned_last(
    wanted: &Wanted<'_>,
    values: &Values<'_>,
    clock: &Clock,
    gather: &mut Gather,
) -> Option<Result<(), Bail>> {
    let mut batch = BatchProgram::new(wanted.program, vars_of(wanted.head), None);
    let (var, domain, possible) = batch.defer()?;
    let threads = rayon::current_num_threads();
    let windows = batch.windows(threads * PARTS)?;
    let others: Vec<usize> = vars_of(wanted.head).filter(|other| *other != var).collect();
    let part = |window: &(u32, u32)| -> Result<(Vec<Vec<u32>>, Vec<Computed>), Bail> {
        let mut columns = vec![Vec::new(); others.len()];
        let mut made = Vec::new();
        batch.run(values, clock, Some(*window), &mut |found| {
            for (column, var) in columns.iter_mut().zip(&others) {
                column.extend_from_slice(&found.var(*var)[..found.len()]);
            }
            made.extend_from_slice(found.yielded());
            Ok(())
        })?;
        Ok((columns, made))
    };
    let mut each = |(columns, made): (Vec<Vec<u32>>, Vec<Computed>)| -> Result<(), Bail> {
        let mut tuple = Vec::with_capacity(wanted.head.len());
        for (row, made) in made.iter().enumerate() {
            let (met, id) = assigned(made, domain, possible, values, clock)?;
            if !met {
                continue;
            }
            tuple.clear();
            let mut columns = columns.iter();
            tuple.extend(wanted.head.iter().map(|place| match place {
                Place::Var(other) if *other == var => id,
                Place::Var(_) => columns.next().map_or(0, |column| column[row]),
                Place::Id(id) => *id,
            }));
            if let Some(different) = gather.add(&tuple) {
                clock.gathered(different)?;
            }
        }
        Ok(())
    };
    // A few parts at a time, so that what they found need not all be held.
    for windows in windows.chunks(threads * 4) {
        let parts: Vec<_> = each_of(windows.iter().collect(), part);
        for found in parts {
            if let Err(bail) = found.and_then(&mut each) {
                return Some(Err(bail));
            }
        }
    }
    Some(Ok(()))
}

/// The column of the one aggregate that a body compares, over subjects by place. `None` where the search
/// way by way must say.
pub(super) fn yielded(
    asked: &Subjects,
    clause: &Clause,
    inputs: &Inputs<'_>,
    values: &Values<'_>,
    clock: &Clock,
    profile: &Profile,
) -> Result<Option<Column>, Reached> {
    let Some(mut over) = Over::new(asked, clause, (false, true), inputs) else { return Ok(None) };
    profile.note(None, || outline(inputs.ruleset, clause, &over.program));
    let mut found = 0;
    for step in &mut over.program.body.steps {
        if let Step::Compare { left, right, .. } = step {
            let aggregate = if matches!(left, Calculation::Aggregate(_)) { left } else { right };
            *step = Step::Yield(aggregate.clone());
            found += 1;
        }
    }
    if found != 1 || !matches!(over.program.body.steps.last(), Some(Step::Yield(_))) {
        return Ok(None);
    }
    let parts = over.run(values, clock, |found, places, part: &mut Part| {
        places.iter().zip(found.yielded()).for_each(|(place, result)| part.add(*place, result));
    })?;
    Ok(parts.map(|parts| Column::of(asked.table.len(), parts)))
}

/// Whether the search over batches may say whom of some subjects a body matches.
pub(super) fn may_search(asked: &Subjects, clause: &Clause, inputs: &Inputs<'_>) -> bool {
    !asked.vars.is_empty() && !may_miss(inputs, clause, &asked.vars)
}

/// Whom a body matches: bits by place among the subjects. `None` where the search way by way must say.
pub(super) fn subjects(
    asked: &Subjects,
    clause: &Clause,
    possible: bool,
    inputs: &Inputs<'_>,
    values: &Values<'_>,
    clock: &Clock,
    profile: &Profile,
) -> Result<Option<BitSet>, Reached> {
    let count = asked.table.len();
    let Some(over) = Over::new(asked, clause, (possible, false), inputs) else { return Ok(None) };
    profile.note(None, || outline(inputs.ruleset, clause, &over.program));
    let parts = match over.added_up(values, clock)? {
        Some(parts) => Some(parts),
        None => over.run(values, clock, |_, places, part: &mut Words| part.mark(places))?,
    };
    let Some(parts) = parts else { return Ok(None) };
    let mut words = vec![0_u64; count.div_ceil(64)];
    for Words { base, words: own } in parts {
        words[base..].iter_mut().zip(own).for_each(|(word, own)| *word |= own);
    }
    Ok(Some(BitSet::from_words(words, count)))
}

/// Whether a search for subjects of one word begins with something else than them.
pub(super) fn begins_elsewhere(
    asked: &Subjects,
    clause: &Clause,
    possible: bool,
    inputs: &Inputs<'_>,
) -> bool {
    let Some(over) = Over::new(asked, clause, (possible, false), inputs) else { return false };
    let first = over.program.body.steps.iter().find_map(|step| match step {
        Step::Extend { var, .. } => Some(*var),
        _ => None,
    });
    asked.vars.len() == 1 && first.is_some_and(|first| first != asked.vars[0].index())
}

/// Bits of some subjects that stand near each other.
#[derive(Default)]
struct Words {
    /// The place of the first word.
    base: usize,
    words: Vec<u64>,
}

impl Words {
    fn mark(&mut self, places: &[u32]) {
        for place in places {
            let word = *place as usize / 64;
            if self.words.is_empty() {
                self.base = word;
            }
            if word < self.base {
                let more = self.base - word;
                self.words.splice(0..0, std::iter::repeat_n(0, more));
                self.base = word;
            }
            if word - self.base >= self.words.len() {
                let len = (word - self.base + 1).max(self.words.len() * 2);
                self.words.resize(len, 0);
            }
            self.words[word - self.base] |= 1 << (place % 64);
        }
    }
}

/// A search over subjects that stand in a table of their own.
struct Over<'t> {
    asked: &'t Subjects,
    program: Program,
    /// The atom that holds the subjects.
    atom: usize,
    in_order: bool,
}

impl<'t> Over<'t> {
    /// With `figures`, it is wanted of all of them what those come to.
    fn new(
        asked: &'t Subjects,
        clause: &Clause,
        (possible, figures): (bool, bool),
        inputs: &Inputs<'_>,
    ) -> Option<Self> {
        if !may_search(asked, clause, inputs) {
            return None;
        }
        let request = Request {
            subjects: Some(asked.clone()),
            figures,
            lookups: true,
            ..Request::new(clause, asked.vars.iter().copied().collect(), possible)
        };
        let program = compile(inputs, &request);
        let atom = program.subjects?;
        if program.atoms[atom].levels.len() < asked.vars.len() {
            return None;
        }
        let in_order = program.atoms[atom].in_order();
        Some(Self { asked, program, atom, in_order })
    }

    /// Whom the search finds where it asks only what rows that belong to each subject add up to; `None` where it asks
    /// anything else, or one way after the other must say.
    fn added_up(&self, values: &Values<'_>, clock: &Clock) -> Result<Option<Vec<Words>>, Reached> {
        let grouped = if self.in_order { Grouped::of(&self.program, self.atom) } else { None };
        let Some(grouped) = grouped else { return Ok(None) };
        let part = |window: (u32, u32)| -> Result<Words, Bail> {
            let mut own = Words::default();
            grouped.run(values, clock, window, &mut |places| own.mark(places))?;
            Ok(own)
        };
        let windows = grouped.windows(rayon::current_num_threads() * PARTS);
        let parts: Vec<Result<Words, Bail>> = if self.asked.table.len() < FEW {
            windows.into_iter().map(part).collect()
        } else {
            each_of(windows, part)
        };
        match parts.into_iter().collect() {
            Ok(parts) => Ok(Some(parts)),
            Err(Bail::Reached(reached)) => Err(reached),
            Err(Bail::Calculation) => Ok(None),
        }
    }

    /// Calls `take` with what is found and the places of its subjects, in parts on all cores; hands back
    /// what each part took, in the order of the parts. `None` where a calculation has no result.
    fn run<T: Default + Send>(
        &self,
        values: &Values<'_>,
        clock: &Clock,
        take: impl Fn(&Found<'_>, &[u32], &mut T) + Sync,
    ) -> Result<Option<Vec<T>>, Reached> {
        let natural: Vec<usize> = (0..self.asked.vars.len()).collect();
        let vars: Vec<usize> = self.asked.vars.iter().map(|var| var.index()).collect();
        // Rows of the subjects' own order are their places; of another order they are looked up.
        let wanted = if self.in_order { Vec::new() } else { vars.clone() };
        let rows_of = self.in_order.then_some(self.atom);
        let batch = BatchProgram::new(&self.program, wanted.iter().copied(), rows_of);
        let index = self.asked.table.index(&natural);
        let part = |window: Option<(u32, u32)>| -> Result<T, Bail> {
            let mut own = T::default();
            let mut places = Vec::new();
            batch.run(values, clock, window, &mut |found| {
                if self.in_order {
                    take(found, &found.row_of(self.atom)[..found.len()], &mut own);
                    return Ok(());
                }
                places.clear();
                for row in 0..found.len() {
                    let narrow =
                        |range, (slot, var): (usize, &usize)| index.narrow(slot, range, found.var(*var)[row]);
                    places.push(vars.iter().enumerate().fold(index.all(), narrow).0);
                }
                take(found, &places, &mut own);
                Ok(())
            })?;
            Ok(own)
        };
        let small = self.asked.table.len() < FEW;
        let windows = if small { None } else { batch.windows(rayon::current_num_threads() * PARTS) };
        let parts: Vec<Result<T, Bail>> = match windows {
            None => vec![part(None)],
            Some(windows) => each_of(windows, |window| part(Some(window))),
        };
        match parts.into_iter().collect() {
            Ok(parts) => Ok(Some(parts)),
            Err(Bail::Reached(reached)) => Err(reached),
            Err(Bail::Calculation) => Ok(None),
        }
    }
}
