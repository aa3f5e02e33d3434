//! The operators of a search over batches: each takes a batch and hands the rows it leaves, or makes, to
//! those after it.

use super::batch::{Bail, Batch, BatchProgram, ROWS};
use super::limits::Clock;
use super::lower::{Inner, Op, calculation_vars};
use super::program::{Calculation, Computed, Place, Step};
use super::run::{Frame, Runner};
use super::values::Values;
use crate::base::{BitSet, Idx};
use crate::facts::MISSING;
use crate::model::DomainId;

/// The state of one search.
pub(super) struct Run<'r, 'p> {
    whole: &'r BatchProgram<'p>,
    pub runner: Runner<'r>,
    pub values: &'r Values<'r>,
    clock: &'r Clock,
    pub frame: Frame,
    /// For the first variable sought, taken by it.
    window: Option<(u32, u32)>,
    spare: Vec<Batch>,
}

/// What comes after an operator.
type Then<'t> = dyn FnMut(&mut Run<'_, '_>, &mut Batch) -> Result<(), Bail> + 't;

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
        Self { whole, runner, values, clock, frame, window, spare: Vec::new() }
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
            if batch.len == 0 {
                return Ok(());
            }
            at += 1;
            match op.step {
                Step::Extend { var, atoms } => return self.extend(ops, at, *var, atoms, batch, then),
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

    fn spare(&mut self) -> Batch {
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
                self.compared(lowered, (left, *op, right, *possible), batch, &mut rows)?;
            }
            Step::Assign { var, domain, value, possible } => {
                let mut vars = Vec::new();
                calculation_vars(value, &mut |var| vars.push(var));
                let mut ids = Vec::with_capacity(batch.len);
                let mut ready = self.aggregates(lowered, batch)?;
                for row in 0..batch.len {
                    vars.iter().for_each(|var| self.frame.ids[*var] = batch.columns[*var][row]);
                    self.take(&mut ready, row);
                    let (met, id) = match self.calculate(value)? {
                        Computed::Nothing => (false, MISSING),
                        Computed::Missing | Computed::Between { perhaps_nothing: false, .. } => {
                            (true, MISSING)
                        }
                        Computed::Between { .. } => (*possible, MISSING),
                        Computed::Value(value) => {
                            let (id, made) = self.values.intern(DomainId::from_usize(*domain), &value);
                            if made % ROWS == ROWS - 1 {
                                self.clock.gathered(made)?;
                            }
                            (true, id)
                        }
                    };
                    ids.push(id);
                    if met {
                        rows.push(row as u32);
                    }
                }
                batch.columns[*var] = ids;
            }
            Step::Not { .. } => {
                let mut met = BitSet::new(batch.len);
                self.exists(&op.inner[0], batch, &mut met)?;
                rows.extend(each(batch, |row| !met.contains(row)));
            }
            Step::Exists(_) | Step::AnyOf(_) => {
                let mut met = BitSet::new(batch.len);
                for inner in &op.inner {
                    self.exists(inner, batch, &mut met)?;
                }
                rows.extend(each(batch, |row| met.contains(row)));
            }
            Step::Extend { .. } | Step::Members { .. } | Step::Branch(_) => {
                rows.extend(0..batch.len as u32);
            }
        }
        batch.pick(&lowered.keep, &rows);
        Ok(())
    }

    pub fn calculate(&mut self, calculation: &Calculation) -> Result<Computed, Bail> {
        let computed = self.runner.calculate(calculation, &mut self.frame);
        if let Some(reached) = self.frame.stopped() {
            return Err(Bail::Reached(reached));
        }
        computed.map_err(|_| Bail::Calculation)
    }

    /// Marks the rows for which some way to meet a conjunction is there; marked ones are passed over.
    fn exists(&mut self, inner: &Inner<'_>, batch: &Batch, met: &mut BitSet) -> Result<(), Bail> {
        // INVARIANT: conjunctions of which only is asked whether they can be met have one.
        let Some(origin) = inner.origin else { return Ok(()) };
        let mut own = self.copy(batch, inner);
        if met.iter().next().is_some() {
            let rows: Vec<u32> = each(batch, |row| !met.contains(row)).collect();
            let mut kept = inner.reads.clone();
            kept.push(origin);
            own.pick(&kept, &rows);
        }
        let ended = self.ops(&inner.ops, 0, &mut own, &mut |_, batch| {
            batch.columns[origin][..batch.len].iter().for_each(|row| met.insert(*row as usize));
            Ok(())
        });
        self.give_back(own);
        ended
    }

    fn range(&self, batch: &Batch, atom: usize, level: usize, row: usize) -> (u32, u32) {
        let plan = &self.whole.program.atoms[atom];
        if level == 0 {
            return plan.index.all();
        }
        let at = self.whole.registers.range(plan.ranges + level);
        (batch.columns[at][row], batch.columns[at + 1][row])
    }

    fn seek(
        &self,
        atom: usize,
        from: usize,
        to: usize,
        batch: &mut Batch,
        rows: &mut Vec<u32>,
        keep: &[usize],
    ) {
        let plan = &self.whole.program.atoms[atom];
        let at = self.whole.registers.range(plan.ranges + to);
        if from == to {
            rows.extend(each(batch, |row| {
                let (low, high) = self.range(batch, atom, from, row);
                low < high
            }));
            return;
        }
        let wanted = [at, at + 1].map(|register| keep.binary_search(&register).is_ok());
        let mut ends = [Vec::new(), Vec::new()];
        for row in 0..batch.len {
            let mut range = self.range(batch, atom, from, row);
            for level in from..to {
                range = plan.index.narrow(level, range, id(plan.levels[level], batch, row));
                if range.0 >= range.1 {
                    break;
                }
            }
            if range.0 < range.1 {
                rows.push(row as u32);
            }
            if wanted[0] {
                ends[0].push(range.0);
            }
            if wanted[1] {
                ends[1].push(range.1);
            }
        }
        let [low, high] = ends;
        if wanted[0] {
            batch.columns[at] = low;
        }
        if wanted[1] {
            batch.columns[at + 1] = high;
        }
    }

    fn extend(
        &mut self,
        ops: &[Op<'_>],
        next: usize,
        var: usize,
        atoms: &[(usize, usize, usize)],
        batch: &mut Batch,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        self.clock.time()?;
        let whole = self.whole;
        let keep = &ops[next - 1].keep;
        let kept = |register: usize| keep.binary_search(&register).is_ok();
        // What the operator makes: the variable, and the rows left of each atom.
        let levels: Vec<(usize, usize, [bool; 2])> = atoms
            .iter()
            .enumerate()
            .map(|(place, (atom, _, to))| {
                let at = whole.registers.range(whole.program.atoms[*atom].ranges + to);
                (place, at, [kept(at), kept(at + 1)])
            })
            .filter(|(_, _, ends)| ends[0] || ends[1])
            .collect();
        let made = |register: usize| {
            register == var || levels.iter().any(|(_, at, _)| register == *at || register == at + 1)
        };
        let copied: Vec<usize> = keep.iter().copied().filter(|register| !made(*register)).collect();
        let wants_var = kept(var);
        let window = if atoms.iter().all(|(_, from, _)| *from == 0) { self.window.take() } else { None };
        let last = ops.len() == next;
        let mut out = self.spare();
        out.clear(keep);
        let mut parents: Vec<u32> = Vec::with_capacity(ROWS);
        let mut ranges = vec![(0_u32, 0_u32); atoms.len()];
        let mut begun = vec![(0_u32, 0_u32); atoms.len()];
        // Of a conjunction that need only be met, one way is enough.
        let only = last
            && copied.len() == 1
            && levels.is_empty()
            && !wants_var
            && copied[0] >= whole.registers.origin(0);
        for row in 0..batch.len {
            let mut lead = 0;
            for (place, (atom, from, _)) in atoms.iter().enumerate() {
                begun[place] = self.range(batch, *atom, *from, row);
                if let Some((low, high)) = window {
                    begun[place] = whole.program.atoms[*atom].index.window(low, high);
                }
                if begun[place].1 - begun[place].0 < begun[lead].1 - begun[lead].0 {
                    lead = place;
                }
            }
            let (atom, level, lead_to) = atoms[lead];
            let index = &*whole.program.atoms[atom].index;
            let (mut low, high) = begun[lead];
            let ids = &index.columns[level];
            while low < high {
                let sought = ids[low as usize];
                let end = index.skip(level, low, high);
                ranges[lead] = (low, end);
                low = end;
                let mut met = true;
                for (place, (atom, from, to)) in atoms.iter().enumerate() {
                    let (mut range, from, to) = if place == lead {
                        (ranges[lead], level + 1, lead_to)
                    } else {
                        (begun[place], *from, *to)
                    };
                    for level in from..to {
                        range = whole.program.atoms[*atom].index.narrow(level, range, sought);
                        if range.0 >= range.1 {
                            break;
                        }
                    }
                    ranges[place] = range;
                    if range.0 >= range.1 {
                        met = false;
                        break;
                    }
                }
                if !met {
                    continue;
                }
                parents.push(row as u32);
                if wants_var {
                    out.columns[var].push(sought);
                }
                for (place, at, ends) in &levels {
                    if ends[0] {
                        out.columns[*at].push(ranges[*place].0);
                    }
                    if ends[1] {
                        out.columns[at + 1].push(ranges[*place].1);
                    }
                }
                if parents.len() == ROWS {
                    self.hand_on(ops, next, batch, &mut out, &mut parents, &copied, then)?;
                }
                if only {
                    break;
                }
            }
        }
        self.hand_on(ops, next, batch, &mut out, &mut parents, &copied, then)?;
        self.give_back(out);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one operator")]
    fn hand_on(
        &mut self,
        ops: &[Op<'_>],
        next: usize,
        batch: &Batch,
        out: &mut Batch,
        parents: &mut Vec<u32>,
        copied: &[usize],
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        for register in copied {
            let from = &batch.columns[*register];
            out.columns[*register].clear();
            out.columns[*register].extend(parents.iter().map(|row| from[*row as usize]));
        }
        out.len = parents.len();
        parents.clear();
        self.ops(ops, next, out, then)?;
        out.clear(&ops[next - 1].keep);
        Ok(())
    }
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
