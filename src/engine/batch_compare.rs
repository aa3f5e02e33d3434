//! Comparisons over batches. A variable beside a constant is compared once per id, not once per row; an
//! aggregate once for all rows without members.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::batch::{Bail, Batch};
use super::batch_aggregate::Ready;
use super::calculate::compare;
use super::lower::{Op, calculation_vars};
use super::operators::Run;
use super::program::{Calculation, Comparison, Computed, address};
use crate::facts::MISSING;

/// So many rows per id of the domain are compared before what came out is remembered by id.
const WORTH: usize = 4;

const NO: u8 = 1;
const YES: u8 = 2;

/// Which ids of a variable compare so with a constant, as far as it was asked.
#[derive(Debug, Default)]
pub(super) struct Truths {
    asked: AtomicUsize,
    known: OnceLock<Vec<AtomicU8>>,
}

impl Truths {
    /// What is remembered by id, once enough rows ask for it to be worth the room.
    fn known(&self, rows: usize, ids: usize) -> Option<&[AtomicU8]> {
        if let Some(known) = self.known.get() {
            return Some(known);
        }
        let asked = self.asked.fetch_add(rows, Ordering::Relaxed);
        if asked.saturating_mul(WORTH) < ids {
            return None;
        }
        Some(self.known.get_or_init(|| (0..ids).map(|_| AtomicU8::new(0)).collect()))
    }
}

/// A comparison, with the side that varies first or second.
#[derive(Clone, Copy)]
struct Test<'t> {
    op: Comparison,
    constant: &'t Computed,
    constant_is_left: bool,
    possible: bool,
}

impl Test<'_> {
    fn of(self, side: &Computed) -> bool {
        if self.constant_is_left {
            compare(self.constant, self.op, side, self.possible)
        } else {
            compare(side, self.op, self.constant, self.possible)
        }
    }
}

impl Run<'_, '_> {
    /// The rows in which two sides compare so.
    pub(super) fn compared(
        &mut self,
        op: &Op<'_>,
        (left, how, right, possible): (&Calculation, Comparison, &Calculation, bool),
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let ready = self.aggregates(op, batch)?;
        let constant = |side: &Calculation| match side {
            Calculation::Value(value) => Some(Computed::Value(value.clone())),
            _ => None,
        };
        let (constant, side, constant_is_left) = match (constant(left), constant(right)) {
            (None, Some(constant)) => (constant, left, false),
            (Some(constant), None) => (constant, right, true),
            _ => return self.one_by_one(left, how, right, possible, ready, batch, rows),
        };
        let test = Test { op: how, constant: &constant, constant_is_left, possible };
        match side {
            Calculation::Var { var, domain } if self.values.bound(*domain) > 0 => {
                self.by_id(op, test, *domain, &batch.columns[*var][..batch.len], rows)
            }
            Calculation::Aggregate(plan) if ready.iter().any(|ready| ready.plan == address(plan)) => {
                for ready in ready.iter().filter(|ready| ready.plan == address(plan)) {
                    by_row(test, ready, batch.len, rows);
                }
                Ok(())
            }
            _ => self.one_by_one(left, how, right, possible, ready, batch, rows),
        }
    }

    fn by_id(
        &mut self,
        op: &Op<'_>,
        test: Test<'_>,
        domain: usize,
        ids: &[u32],
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let bound = self.values.bound(domain);
        let truth = |id: u32| -> Option<bool> {
            if id == MISSING {
                return Some(test.of(&Computed::Missing));
            }
            Some(test.of(&Computed::Value(self.values.known(domain, id)?.clone())))
        };
        let known = op.truths.known(ids.len(), bound);
        for (row, id) in (0_u32..).zip(ids) {
            let remembered = known.and_then(|known| known.get(*id as usize));
            let met = match remembered.map(|truth| truth.load(Ordering::Relaxed)) {
                Some(NO) => false,
                Some(YES) => true,
                _ => {
                    let met = match truth(*id) {
                        Some(met) => met,
                        // A value made since.
                        None => match self.values.value(crate::base::Idx::from_usize(domain), *id) {
                            Some(value) => test.of(&Computed::Value(value)),
                            None => return Err(Bail::Calculation),
                        },
                    };
                    if let Some(truth) = remembered {
                        truth.store(if met { YES } else { NO }, Ordering::Relaxed);
                    }
                    met
                }
            };
            if met {
                rows.push(row);
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a comparison and what it reads")]
    fn one_by_one(
        &mut self,
        left: &Calculation,
        how: Comparison,
        right: &Calculation,
        possible: bool,
        mut ready: Vec<Ready>,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<(), Bail> {
        let mut vars = Vec::new();
        calculation_vars(left, &mut |var| vars.push(var));
        calculation_vars(right, &mut |var| vars.push(var));
        for row in 0..batch.len {
            vars.iter().for_each(|var| self.frame.ids[*var] = batch.columns[*var][row]);
            self.take(&mut ready, row);
            let left = self.calculate(left)?;
            let right = self.calculate(right)?;
            if compare(&left, how, &right, possible) {
                rows.push(row as u32);
            }
        }
        Ok(())
    }
}

/// The rows in which an aggregate compares so with a constant.
fn by_row(test: Test<'_>, ready: &Ready, count: usize, rows: &mut Vec<u32>) {
    let otherwise = test.of(&ready.nothing);
    let mut next = 0;
    for (row, computed) in &ready.some {
        if otherwise {
            rows.extend(next..*row);
        }
        if test.of(computed) {
            rows.push(*row);
        }
        next = row + 1;
    }
    if otherwise {
        rows.extend(next..count as u32);
    }
}
