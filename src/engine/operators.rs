//! The operators of a search over batches: each takes a batch and hands the rows it leaves, or makes, to
//! those after it.

use std::borrow::Cow;
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::batch::{Bail, Batch, BatchProgram, ROWS};
use super::batch_compare::Test;
use super::batch_parts::{Parts, Remembered};
use super::batch_sides::Worked;
use super::extend::narrowed;
use super::limits::{Clock, Reached};
use super::lower::{Inner, Op, Scan, calculation_vars};
use super::meet::Begun;
use super::program::{Calculation, Computed, Place, Step};
use super::run::{Frame, Runner};
use super::values::Values;
use crate::base::{BitSet, Idx};
use crate::facts::MISSING;
use crate::model::DomainId;

/// Of so many different ids what a calculation comes to is remembered.
pub(super) const FEW_IDS: usize = 1 << 16;

/// The state of one search.
pub(super) struct Run<'r, 'p> {
    pub whole: &'r BatchProgram<'p>,
    pub runner: Runner<'r>,
    pub values: &'r Values<'r>,
    pub clock: &'r Clock,
    pub frame: Frame,
    /// For the first variable sought, taken by it.
    pub window: Option<(u32, u32)>,
    spare: Vec<Batch>,
    /// What calculations of one variable came to, by where they stand and its id.
    known: HashMap<(usize, u32), Computed, FxBuildHasher>,
    /// What calculations of several steps came to.
    pub parts: Remembered,
    /// What sides of comparisons came to, by where they stand.
    pub(super) worked: HashMap<usize, Worked, FxBuildHasher>,
    /// Of the conjunctions gone into, innermost last, the rows outside that are met.
    pub(super) met: Vec<Met>,
}

/// Of a conjunction of which only is asked whether it can be met: the rows outside for which it is.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// The column that names the row outside; `None` where all ways are wanted.
    pub origin: Option<usize>,
    pub rows: BitSet,
}

/// What comes after an operator.
pub(super) type Then<'t> = dyn FnMut(&mut Run<'_, '_>, &mut Batch) -> Result<(), Bail> + 't;

impl<'r, 'p> Run<'r, 'p> {
    /// Nothing run yet.
    pub fn new(
        whole: &'r BatchProgram<'p>,
        runner: Runner<'r>,
        frame: Frame,
        values: &'r Values<'r>,
        clock: &'r Clock,
        window: Option<(u32, u32)>,
    ) -> Self {
        Self {
            whole,
            runner,
            values,
            clock,
            frame,
            window,
            spare: Vec::new(),
            known: HashMap::default(),
            parts: HashMap::default(),
            worked: HashMap::default(),
            met: Vec::new(),
        }
    }
}

impl Run<'_, '_> {
    /// Runs operators from `at` on over a batch, which they use up.
    pub fn ops(
        &mut self,
        ops: &[Op<'_>],
        mut at: usize,
        batch: &mut Batch,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        while let Some(op) = ops.get(at) {
            if let Some(once) = &op.once {
                once.keep(self.whole.program, batch);
            }
            if batch.len == 0 {
                return Ok(());
            }
            at += 1;
            if let Some(scan) = op.scan.as_ref().filter(|scan| scan.single) {
                self.look_up(scan, &op.keep, batch);
                self.ask_others(scan, &op.keep, batch);
                continue;
            }
            if let Some(scan) = &op.scan {
                return self.scan((ops, at), scan, batch, then);
            }
            match op.step {
                Step::Extend { var, atoms } => return self.extend((ops, at), *var, atoms, batch, then),
                Step::Members { var, members } => {
                    let mut out = self.spare();
                    out.clear(&op.keep);
                    for row in 0..batch.len {
                        for id in members.iter() {
                            for register in op.keep.iter().filter(|register| *register != var) {
                                let kept = batch.columns[*register][row];
                                out.columns[*register].push(kept);
                            }
                            out.columns[*var].push(id as u32);
                            out.len += 1;
                            if out.len == ROWS {
                                self.ops(ops, at, &mut out, then)?;
                                out.clear(&op.keep);
                                out.columns[*var].clear();
                            }
                        }
                    }
                    let ended = self.ops(ops, at, &mut out, then);
                    self.give_back(out);
                    return ended;
                }
                Step::Branch(_) => {
                    for inner in &op.inner {
                        let mut own = self.copy(batch, inner);
                        self.ops(&inner.ops, 0, &mut own, &mut |run, batch| run.ops(ops, at, batch, then))?;
                        self.give_back(own);
                    }
                    return Ok(());
                }
                _ => self.filter(op, batch)?,
            }
        }
        if batch.len == 0 { Ok(()) } else { then(self, batch) }
    }

    pub fn spare(&mut self) -> Batch {
        self.spare.pop().unwrap_or_else(|| self.whole.batch())
    }

    pub fn give_back(&mut self, mut batch: Batch) {
        batch.len = 0;
        batch.columns.iter_mut().for_each(Vec::clear);
        self.spare.push(batch);
    }

    /// A copy of the columns a conjunction reads, with the place of each row where it asks for that.
    pub fn copy(&mut self, batch: &Batch, inner: &Inner<'_>) -> Batch {
        let mut out = self.spare();
        for register in &inner.reads {
            out.columns[*register].extend_from_slice(&batch.columns[*register]);
        }
        if let Some(origin) = inner.origin {
            out.columns[origin].extend(0..batch.len as u32);
        }
        out.len = batch.len;
        out
    }

    /// An operator that only leaves rows out, or gives each one value more.
    fn filter(&mut self, op: &Op<'_>, batch: &mut Batch) -> Result<(), Bail> {
        let mut rows: Vec<u32> = Vec::with_capacity(batch.len);
        let lowered = op;
        match op.step {
            Step::Seek { atom, from, to } => self.seek(*atom, *from, *to, batch, &mut rows, &op.keep),
            Step::Within(within) => self.within(within, batch, &mut rows, &op.keep)?,
            Step::Member { term, members } => {
                rows.extend(each(batch, |row| members.contains(id(*term, batch, row) as usize)));
            }
            Step::Same { left, right, equal } => {
                rows.extend(each(batch, |row| (id(*left, batch, row) == id(*right, batch, row)) == *equal));
            }
            Step::Stated(var) => rows.extend(each(batch, |row| batch.columns[*var][row] != MISSING)),
            Step::Join { var, from, fresh: true } => {
                let ids = batch.columns[*from].clone();
                batch.columns[*var] = ids;
                return Ok(());
            }
            Step::Join { var, from, fresh: false } => {
                for row in 0..batch.len {
                    let (old, new) = (batch.columns[*var][row], batch.columns[*from][row]);
                    if old == MISSING && new != MISSING {
                        batch.columns[*var][row] = new;
                    }
                    if new == MISSING || old == MISSING || old == new {
                        rows.push(row as u32);
                    }
                }
            }
            Step::Compare { left, op, right, possible } => {
                self.clock.time()?;
                let test = Test { left, op: *op, right, possible: *possible };
                self.compared(lowered, test, batch, &mut rows)?;
            }
            Step::Assign { value, .. } if op.deferred => return self.yields(op, value, batch),
            Step::Assign { var, domain, value, possible } => {
                let mut ids = Vec::with_capacity(batch.len);
                self.each_value(lowered, value, batch, &mut |run, row, computed| {
                    let (met, id) = assigned(&computed, *domain, *possible, run.values, run.clock)?;
                    ids.push(id);
                    if met {
                        rows.push(row as u32);
                    }
                    Ok(())
                })?;
                batch.columns[*var] = ids;
            }
            Step::Find { var, domain, value } => {
                let mut ids = Vec::with_capacity(batch.len);
                self.each_value(lowered, value, batch, &mut |run, row, computed| {
                    let id = match computed {
                        Computed::Value(value) => run.values.find(DomainId::from_usize(*domain), &value),
                        _ => None,
                    };
                    ids.push(id.unwrap_or(MISSING));
                    if id.is_some() {
                        rows.push(row as u32);
                    }
                    Ok(())
                })?;
                batch.columns[*var] = ids;
            }
            Step::Yield(value) => return self.yields(op, value, batch),
            Step::Not { .. } => {
                let mut met = BitSet::new(batch.len);
                self.found_in(op, batch, &mut met)?;
                rows.extend(each(batch, |row| !met.contains(row)));
            }
            Step::Exists(_) | Step::AnyOf(_) => {
                let mut met = BitSet::new(batch.len);
                self.found_in(op, batch, &mut met)?;
                rows.extend(each(batch, |row| met.contains(row)));
            }
            Step::Extend { .. } | Step::Members { .. } | Step::Branch(_) => {
                rows.extend(0..batch.len as u32);
            }
        }
        batch.pick(&lowered.keep, &rows);
        Ok(())
    }

    /// Works out a value for each row, to be handed on with it.
    fn yields(&mut self, op: &Op<'_>, value: &Calculation, batch: &mut Batch) -> Result<(), Bail> {
        let mut yielded = std::mem::take(&mut batch.yielded);
        yielded.clear();
        let ended = self.each_value(op, value, batch, &mut |_, _, computed| {
            yielded.push(computed);
            Ok(())
        });
        batch.yielded = yielded;
        ended
    }

    /// What a calculation comes to in each row; where it reads one variable only of few ids, once for each id.
    fn each_value(
        &mut self,
        op: &Op<'_>,
        value: &Calculation,
        batch: &Batch,
        take: &mut dyn FnMut(&mut Self, usize, Computed) -> Result<(), Bail>,
    ) -> Result<(), Bail> {
        let place = std::ptr::from_ref(value).addr();
        let parts = self.parts.remove(&place).unwrap_or_else(|| Parts::of(value));
        if let Some(mut parts) = parts {
            let codes = self.coded(&mut parts, batch)?;
            for (row, code) in codes.into_iter().enumerate() {
                take(self, row, parts.results()[code as usize].clone())?;
            }
            let parts = Some(parts).filter(Parts::pays);
            self.parts.insert(place, parts);
            return Ok(());
        }
        self.parts.insert(place, None);
        let vars = vars_of(value);
        let mut ready = self.aggregates(op, batch)?;
        let by_id = only_var(value).filter(|(_, domain)| self.values.bound(*domain) <= FEW_IDS);
        for row in 0..batch.len {
            if let Some((var, _)) = by_id
                && let Some(known) = self.known.get(&(place, batch.columns[var][row]))
            {
                let known = known.clone();
                take(self, row, known)?;
                continue;
            }
            vars.iter().for_each(|var| self.frame.ids[*var] = batch.columns[*var][row]);
            self.take(&mut ready, row);
            let computed = self.calculate(value)?;
            if let Some((var, _)) = by_id
                && self.known.len() < FEW_IDS
            {
                self.known.insert((place, batch.columns[var][row]), computed.clone());
            }
            take(self, row, computed)?;
        }
        Ok(())
    }

    pub fn calculate(&mut self, calculation: &Calculation) -> Result<Computed, Bail> {
        let computed = self.runner.calculate(calculation, &mut self.frame);
        if let Some(bail) = self.frame.stopped() {
            return Err(bail);
        }
        computed.map_err(|_| Bail::Calculation)
    }

    /// Marks the rows for which some way to meet one of a step's conjunctions is there.
    fn found_in(&mut self, op: &Op<'_>, batch: &Batch, met: &mut BitSet) -> Result<(), Bail> {
        if let (Some(told), [only]) = (&op.told, op.inner.as_slice()) {
            return self.told(told, only, batch, met);
        }
        op.inner.iter().try_for_each(|inner| self.exists(inner, batch, met))
    }

    /// Marks the rows for which some way to meet a conjunction is there; marked ones are passed over.
    pub(super) fn exists(&mut self, inner: &Inner<'_>, batch: &Batch, met: &mut BitSet) -> Result<(), Bail> {
        // INVARIANT: conjunctions of which only is asked whether they can be met have one.
        let Some(origin) = inner.origin else { return Ok(()) };
        if let [Op { step: Step::Seek { atom, from, to }, .. }] = inner.ops.as_slice() {
            let mut rows = Vec::new();
            self.sought(*atom, *from, *to, batch, &mut rows);
            rows.iter().for_each(|row| met.insert(*row as usize));
            return Ok(());
        }
        let mut own = self.copy(batch, inner);
        if met.iter().next().is_some() {
            let rows: Vec<u32> = each(batch, |row| !met.contains(row)).collect();
            let mut kept = inner.reads.clone();
            kept.push(origin);
            own.pick(&kept, &rows);
        }
        self.met.push(Met { origin: inner.origin, rows: std::mem::take(met) });
        let ended = self.ops(&inner.ops, 0, &mut own, &mut |run, batch| {
            if let Some(met) = run.met.last_mut() {
                batch.columns[origin][..batch.len].iter().for_each(|row| met.rows.insert(*row as usize));
            }
            Ok(())
        });
        *met = self.met.pop().unwrap_or_default().rows;
        self.give_back(own);
        ended
    }

    /// Goes through all ways to meet a conjunction.
    pub(super) fn all_ways(
        &mut self,
        inner: &Inner<'_>,
        batch: &Batch,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        let mut own = self.copy(batch, inner);
        self.met.push(Met::default());
        let ended = self.ops(&inner.ops, 0, &mut own, then);
        self.met.pop();
        self.give_back(own);
        ended
    }

    /// Whether only is asked if what is gone through can be met.
    pub(super) fn one_is_enough(&self) -> bool {
        self.met.last().is_some_and(|met| met.origin.is_some())
    }

    /// Whether a row need not be looked at any further: what it belongs to is met.
    #[inline]
    pub(super) fn is_done(&self, batch: &Batch, row: u32) -> bool {
        match self.met.last() {
            Some(Met { origin: Some(origin), rows }) => {
                rows.contains(batch.columns[*origin][row as usize] as usize)
            }
            _ => false,
        }
    }

    /// The rows of an atom that are left at a level.
    #[inline]
    pub fn range(&self, batch: &Batch, atom: usize, level: usize, row: usize) -> (u32, u32) {
        let plan = &self.whole.program.atoms[atom];
        if level == 0 && !plan.narrowed {
            return plan.index.all();
        }
        let at = self.whole.registers.range(plan.ranges + level);
        (batch.columns[at][row], batch.columns[at + 1][row])
    }

    /// The rows of an atom that are left at a level in each row of a batch; where a search begins, which is with one row,
    /// those whose ids lie in the window it was given.
    pub(super) fn left<'b>(
        &self,
        batch: &'b Batch,
        (atom, level): (usize, usize),
        window: Option<(u32, u32)>,
    ) -> Begun<'b> {
        let plan = &self.whole.program.atoms[atom];
        if level > 0 || plan.narrowed {
            let at = self.whole.registers.range(plan.ranges + level);
            let (first, past) = (&batch.columns[at][..batch.len], &batch.columns[at + 1][..batch.len]);
            return match (window, first, past) {
                (Some(window), [first], [past]) => {
                    Begun::All(plan.index.window_at(level, (*first, *past), window))
                }
                _ => Begun::Each(first, past),
            };
        }
        Begun::All(window.map_or_else(|| plan.index.all(), |(low, high)| plan.index.window(low, high)))
    }

    /// Narrows other atoms by the variable that was just looked up.
    pub(super) fn ask_others(&self, scan: &Scan, keep: &[usize], batch: &mut Batch) {
        for (place, (atom, from, to)) in scan.also.iter().enumerate() {
            if batch.len == 0 {
                return;
            }
            // Until all others were asked, what they read is kept too, and what they make is not there yet.
            let later = &scan.also[place + 1..];
            let range = |other: usize, level: usize| {
                let at = self.whole.registers.range(self.whole.program.atoms[other].ranges + level);
                [at, at + 1]
            };
            let makes = |register: &usize| {
                later.iter().any(|(other, from, to)| {
                    (from + 1..=*to).any(|level| range(*other, level).contains(register))
                })
            };
            let mut kept: Vec<usize> = keep.iter().copied().filter(|register| !makes(register)).collect();
            kept.extend(&scan.vars);
            for (other, from, _) in later.iter().filter(|(_, from, _)| *from > 0) {
                kept.extend(range(*other, *from));
            }
            kept.sort_unstable();
            kept.dedup();
            let mut rows = Vec::with_capacity(batch.len);
            self.seek(*atom, *from, *to, batch, &mut rows, &kept);
            batch.pick(&kept, &rows);
        }
    }

    /// Narrows an atom by ids that are known in each row, and says which rows it leaves; `keep` are the
    /// columns read later.
    fn seek(
        &self,
        atom: usize,
        from: usize,
        to: usize,
        batch: &mut Batch,
        rows: &mut Vec<u32>,
        keep: &[usize],
    ) {
        let Some(ends) = self.sought(atom, from, to, batch, rows) else { return };
        let at = self.whole.registers.range(self.whole.program.atoms[atom].ranges + to);
        for (register, end) in (at..).zip(ends) {
            if keep.binary_search(&register).is_ok() {
                batch.columns[register] = end;
            }
        }
    }

    /// The rows of an atom left in each row once the levels are narrowed; `None` where there are no such
    /// levels.
    pub(super) fn sought(
        &self,
        atom: usize,
        from: usize,
        to: usize,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Option<[Vec<u32>; 2]> {
        let plan = &self.whole.program.atoms[atom];
        if from == to {
            rows.extend(each(batch, |row| {
                let (low, high) = self.range(batch, atom, from, row);
                low < high
            }));
            return None;
        }
        let begun = self.left(batch, (atom, from), None);
        let sought = |level: usize| match plan.levels[level] {
            Place::Var(var) => Cow::Borrowed(&batch.columns[var][..batch.len]),
            Place::Id(id) => Cow::Owned(vec![id; batch.len]),
        };
        let mut ends = narrowed(&plan.index, from, &begun, None, &sought(from));
        for level in from + 1..to {
            ends = narrowed(&plan.index, level, &Begun::Each(&ends[0], &ends[1]), None, &sought(level));
        }
        let left = (0..).zip(ends[0].iter().zip(&ends[1]));
        rows.extend(left.filter(|(_, (first, past))| first < past).map(|(row, _)| row));
        Some(ends)
    }
}

/// Whether a variable of a domain takes what a calculation came to, and the id of that.
pub fn assigned(
    computed: &Computed,
    domain: usize,
    possible: bool,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<(bool, u32), Reached> {
    Ok(match computed {
        Computed::Nothing => (false, MISSING),
        Computed::Missing | Computed::Between { perhaps_nothing: false, .. } => (true, MISSING),
        Computed::Between { .. } | Computed::PerhapsMissing => (possible, MISSING),
        Computed::Value(value) => {
            let (id, made) = values.intern(DomainId::from_usize(domain), value);
            if made % ROWS == ROWS - 1 {
                clock.gathered(made)?;
            }
            (true, id)
        }
    })
}

/// The rows for which it is so.
fn each(batch: &Batch, is: impl Fn(usize) -> bool) -> impl Iterator<Item = u32> {
    (0..batch.len).filter(move |row| is(*row)).map(|row| row as u32).collect::<Vec<u32>>().into_iter()
}

fn id(place: Place, batch: &Batch, row: usize) -> u32 {
    match place {
        Place::Var(var) => batch.columns[var][row],
        Place::Id(id) => id,
    }
}

/// The one variable a calculation that works something out of it reads, with its domain; `None` where it reads several,
/// or aggregates.
pub(super) fn only_var(calculation: &Calculation) -> Option<(usize, usize)> {
    let (mut vars, mut aggregates) = (Vec::new(), false);
    calculation.each(&mut |part| match part {
        Calculation::Var { var, domain } => vars.push((*var, *domain)),
        Calculation::Aggregate(_) => aggregates = true,
        _ => {}
    });
    vars.dedup();
    match vars.as_slice() {
        [only] if !aggregates && !matches!(calculation, Calculation::Var { .. }) => Some(*only),
        _ => None,
    }
}

/// The variables a calculation reads.
fn vars_of(calculation: &Calculation) -> Vec<usize> {
    let mut vars = Vec::new();
    calculation_vars(calculation, &mut |var| vars.push(var));
    vars
}
