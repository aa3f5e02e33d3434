//! Runs programs over batches of rows: each operator is a loop over columns. Finds the same as `run`,
//! which goes way by way; where a calculation has no result it gives up, and `run` says what that means.

use std::sync::{Mutex, PoisonError};

use super::batch_parts::Remembered;
use super::limits::{Clock, Reached};
use super::lower::{Inner, Op, Ranged, Registers, lower};
use super::once::Once;
use super::operators::Run;
use super::program::{Computed, Place, Program, Step};
use super::run::Runner;
use super::table::Index;
use super::values::Values;
use crate::base::BitSet;
use crate::facts::MISSING;

/// Rows of a batch.
pub(super) const ROWS: usize = 1024;

/// Why a run over batches ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bail {
    /// It met a limit.
    Reached(Reached),
    /// A calculation has no result: ways must be looked at one by one.
    Calculation,
}

impl From<Reached> for Bail {
    fn from(reached: Reached) -> Self {
        Self::Reached(reached)
    }
}

/// Rows as columns of ids.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub len: usize,
    pub columns: Vec<Vec<u32>>,
    /// What the rows yield, where they do.
    pub yielded: Vec<Computed>,
}

impl Batch {
    pub fn clear(&mut self, keep: &[usize]) {
        self.len = 0;
        keep.iter().for_each(|register| self.columns[*register].clear());
    }

    /// Keeps the rows of these places, in the columns that are read later.
    pub fn pick(&mut self, keep: &[usize], rows: &[u32]) {
        if rows.len() == self.len {
            return;
        }
        for register in keep {
            let column = &mut self.columns[*register];
            for (to, from) in rows.iter().enumerate() {
                column[to] = column[*from as usize];
            }
            column.truncate(rows.len());
        }
        self.len = rows.len();
    }
}

/// A program ready to run over batches.
pub struct BatchProgram<'p> {
    pub(super) program: &'p Program,
    pub(super) registers: Registers,
    ops: Vec<Op<'p>>,
    /// Columns read before anything gives them values: of variables sought within, which are bound there.
    reads: Vec<usize>,
    count: usize,
    /// What searches that are over remembered of calculations, for those to come.
    remembered: Mutex<Vec<Remembered>>,
}

/// An atom with the levels at which a variable stands, from the first to past the last.
type Stands = (usize, usize, usize);

/// What the found rows are handed on by.
pub struct Found<'b> {
    batch: &'b Batch,
    registers: Registers,
    program: &'b Program,
}

impl Found<'_> {
    /// The number of rows.
    #[expect(clippy::len_without_is_empty, reason = "never handed on empty")]
    pub fn len(&self) -> usize {
        self.batch.len
    }

    /// The ids of a variable.
    pub fn var(&self, var: usize) -> &[u32] {
        &self.batch.columns[var]
    }

    /// What each row yields, where the program ends with that.
    pub fn yielded(&self) -> &[Computed] {
        &self.batch.yielded
    }

    /// The first row of a whole narrowed atom.
    pub fn row_of(&self, atom: usize) -> &[u32] {
        let plan = &self.program.atoms[atom];
        &self.batch.columns[self.registers.range(plan.ranges + plan.index.columns.len())]
    }
}

impl<'p> BatchProgram<'p> {
    /// Prepares a program of which these variables are wanted, and the rows of these atoms.
    pub fn new(program: &'p Program, wanted: impl Iterator<Item = usize>, rows_of: Option<usize>) -> Self {
        let registers = Registers::of(program);
        let mut live = BitSet::default();
        wanted.for_each(|var| live.insert(var));
        if let Some(atom) = rows_of {
            let plan = &program.atoms[atom];
            live.insert(registers.range(plan.ranges + plan.index.columns.len()));
        }
        let ops = lower(program, registers, &program.body, &mut live, 0);
        let count = registers.origin(depth(&ops) + 1);
        Self { program, registers, ops, reads: live.iter().collect(), count, remembered: Mutex::default() }
    }

    /// Hands on each way once at least, and not every way: where only one id is read later, ways that come to one that
    /// another has come to, in this run or an earlier one, are left out.
    #[must_use]
    pub fn each_once(mut self) -> Self {
        for at in 1..self.ops.len() {
            let (before, own) = self.ops.split_at_mut(at);
            own[0].once = Once::behind(before, self.registers, self.program);
        }
        self
    }

    /// Lets the assignment that a program ends with hand on what it comes to instead of an id: values then
    /// get their ids in one order whatever thread works them out. The variable, its domain, and whether
    /// what is possible counts; `None` where the program ends otherwise.
    pub fn defer(&mut self) -> Option<(usize, usize, bool)> {
        let last = self.ops.last_mut()?;
        let Step::Assign { var, domain, possible, .. } = last.step else { return None };
        last.deferred = true;
        Some((*var, *domain, *possible))
    }

    /// The ids of the first variable that is sought, from the least to past the greatest, with about so
    /// many parts of equal work; `None` where the search begins otherwise.
    pub fn windows(&self, parts: usize) -> Option<Vec<(u32, u32)>> {
        let (_, atoms) = self.begins_with()?;
        let begun = atoms.iter().map(|(atom, from, _)| (*atom, *from, self.begun_with(*atom, *from)));
        let (atom, from, rows) = begun.min_by_key(|(_, _, (first, past))| past - first)?;
        self.program.atoms[atom].index.windows(from, rows, parts)
    }

    /// The variable a search begins with, where it does with all ids of some atoms, of which constants alone are known.
    pub fn first(&self) -> Option<usize> {
        self.begins_with().map(|(var, _)| var)
    }

    /// That variable, and the atoms with the levels at which it stands.
    fn begins_with(&self) -> Option<(usize, &'p [Stands])> {
        let is_constant = |step: &Step| match step {
            Step::Seek { atom, from, to } => {
                let levels = &self.program.atoms[*atom].levels[*from..*to];
                levels.iter().all(|level| matches!(level, Place::Id(_)))
            }
            _ => false,
        };
        let op = self.ops.iter().find(|op| !is_constant(op.step))?;
        let Step::Extend { var, atoms } = op.step else { return None };
        let looks_up = op.scan.as_ref().is_some_and(|scan| scan.single);
        let is_narrowed = |(atom, ..): &Stands| self.program.atoms[*atom].narrowed;
        (!looks_up && !atoms.iter().any(is_narrowed)).then_some((*var, atoms))
    }

    /// The rows of an atom that constants at its first levels leave.
    fn begun_with(&self, atom: usize, levels: usize) -> (u32, u32) {
        let plan = &self.program.atoms[atom];
        let constants = plan.levels[..levels].iter().enumerate();
        constants.fold(plan.index.all(), |rows, (level, place)| match place {
            Place::Id(id) => plan.index.narrow(level, rows, *id),
            Place::Var(_) => rows,
        })
    }

    /// The rows that are all the ways to meet the program just as they stand, where it asks for nothing but rows of one
    /// atom whose first levels are those of the head.
    pub fn listed(&self, head: &[Place]) -> Option<&'p Index> {
        let (mut own, mut level) = (None, 0);
        for step in &self.program.body.steps {
            let atom = match step {
                Step::Seek { atom, from: 0, to: 0 } => *atom,
                Step::Extend { var, atoms } => {
                    let [(atom, from, to)] = atoms.as_slice() else { return None };
                    let is_next = matches!(head.get(level), Some(Place::Var(next)) if next == var);
                    if !is_next || (*from, *to) != (level, level + 1) {
                        return None;
                    }
                    level += 1;
                    *atom
                }
                _ => return None,
            };
            if *own.get_or_insert(atom) != atom {
                return None;
            }
        }
        let plan = &self.program.atoms[own?];
        (level == head.len() && !plan.narrowed).then_some(&*plan.index)
    }

    /// Calls `found` with all ways, in batches. The first variable sought takes only ids of the window,
    /// where there is one.
    pub fn run(
        &self,
        values: &Values<'_>,
        clock: &Clock,
        window: Option<(u32, u32)>,
        found: &mut dyn FnMut(&Found<'_>) -> Result<(), Bail>,
    ) -> Result<(), Bail> {
        let mut batch = self.batch();
        self.begin(&mut batch, 1);
        self.go(values, clock, window, &mut batch, found)
    }

    /// The same for each of many tuples of given variables, which are columns of one length.
    pub fn run_with(
        &self,
        values: &Values<'_>,
        clock: &Clock,
        given: &[(usize, &[u32])],
        found: &mut dyn FnMut(&Found<'_>) -> Result<(), Bail>,
    ) -> Result<(), Bail> {
        let rows = given.first().map_or(0, |(_, ids)| ids.len());
        let mut batch = self.batch();
        for from in (0..rows).step_by(ROWS) {
            let to = rows.min(from + ROWS);
            self.begin(&mut batch, to - from);
            for (var, ids) in given {
                batch.columns[*var].clear();
                batch.columns[*var].extend_from_slice(&ids[from..to]);
            }
            self.go(values, clock, None, &mut batch, found)?;
        }
        Ok(())
    }

    fn begin(&self, batch: &mut Batch, rows: usize) {
        batch.len = rows;
        for register in &self.reads {
            batch.columns[*register].clear();
            batch.columns[*register].resize(rows, MISSING);
        }
    }

    pub(super) fn batch(&self) -> Batch {
        Batch { len: 0, columns: vec![Vec::new(); self.count], yielded: Vec::new() }
    }

    fn go(
        &self,
        values: &Values<'_>,
        clock: &Clock,
        window: Option<(u32, u32)>,
        batch: &mut Batch,
        found: &mut dyn FnMut(&Found<'_>) -> Result<(), Bail>,
    ) -> Result<(), Bail> {
        let runner = Runner::new(self.program, values, clock);
        let frame = runner.frame();
        let pool = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut run = Run::new(self, runner, frame, values, clock, window);
        run.parts = pool().pop().unwrap_or_default();
        let ended = run.ops(&self.ops, 0, batch, &mut |_, batch| {
            found(&Found { batch, registers: self.registers, program: self.program })
        });
        pool().push(run.parts);
        ended
    }
}

fn depth(ops: &[Op<'_>]) -> usize {
    ops.iter().flat_map(within).map(|inner| depth(&inner.ops) + 1).max().unwrap_or(0)
}

/// The conjunctions within an operator.
fn within<'o, 'p>(op: &'o Op<'p>) -> Box<dyn Iterator<Item = &'o Inner<'p>> + 'o> {
    Box::new(op.inner.iter().chain(op.aggregates.iter().flat_map(Ranged::inner)))
}
