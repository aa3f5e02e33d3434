//! What a search has come to before: where all that follows hangs on one id alone, each is gone on from once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::Batch;
use super::lower::{Op, Registers};
use super::program::{Program, Step};

/// The ids of a variable, or the rows an atom has for them, that all threads have come to in all runs of one program.
#[derive(Debug)]
pub(super) struct Once {
    /// The column that tells them apart.
    key: usize,
    /// The columns that are read later.
    keep: Vec<usize>,
    /// The atom and the level that give the variable its ids, where these stand in the column; else the atom of whose
    /// rows the first does.
    of: (usize, Option<usize>),
    seen: OnceLock<Vec<AtomicU64>>,
}

impl Once {
    /// What may be remembered behind an operator: all that is read later is the variable it gives values to, and what
    /// rows that leaves of atoms nothing else was asked about; and something was given or sought before.
    pub fn behind(before: &[Op<'_>], registers: Registers, program: &Program) -> Option<Self> {
        let (op, before) = before.split_last()?;
        let Step::Extend { var, atoms } = op.step else { return None };
        if before.is_empty() || op.scan.as_ref().is_some_and(|scan| scan.vars.len() > 1) {
            return None;
        }
        let fresh = |(atom, from, to): &(usize, usize, usize)| {
            let plan = &program.atoms[*atom];
            let first = registers.range(plan.ranges + to);
            (*from == 0 && !plan.narrowed).then_some((*atom, first))
        };
        let ranges: Vec<(usize, usize)> = atoms.iter().filter_map(fresh).collect();
        let hangs_on_var = |register: &usize| {
            register == var || ranges.iter().any(|(_, first)| [*first, *first + 1].contains(register))
        };
        if op.keep.is_empty() || !op.keep.iter().all(hangs_on_var) {
            return None;
        }
        let (key, of) = if op.keep.contains(var) {
            let (atom, level, _) = *atoms.first()?;
            (*var, (atom, Some(level)))
        } else {
            let (atom, first) = *ranges.iter().find(|(_, first)| op.keep.contains(first))?;
            (first, (atom, None))
        };
        Some(Self { key, keep: op.keep.clone(), of, seen: OnceLock::new() })
    }

    /// Keeps the rows with what no row had before.
    pub fn keep(&self, program: &Program, batch: &mut Batch) {
        let seen = self.seen.get_or_init(|| {
            let (atom, level) = self.of;
            let columns = &program.atoms[atom].index.columns;
            let most = match level {
                Some(level) => columns[level].iter().max().map_or(0, |most| *most as usize),
                None => columns[0].len(),
            };
            (0..=most / 64).map(|_| AtomicU64::new(0)).collect()
        });
        let is_new = |key: u32| {
            let (word, bit) = (&seen[key as usize / 64], 1 << (key % 64));
            word.load(Ordering::Relaxed) & bit == 0 && word.fetch_or(bit, Ordering::Relaxed) & bit == 0
        };
        let keys = &batch.columns[self.key][..batch.len];
        let rows: Vec<u32> = (0..).zip(keys).filter(|(_, key)| is_new(**key)).map(|(row, _)| row).collect();
        batch.pick(&self.keep, &rows);
    }
}
