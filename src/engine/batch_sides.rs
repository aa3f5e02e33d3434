//! Comparisons over batches of two words that have nothing to do with each other: what is worked out of either is worked
//! out once for each of its ids, and texts are looked at where they lie.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::batch::{Bail, Batch};
use super::batch_compare::Test;
use super::calculate::holds;
use super::operators::{FEW_IDS, Run, only_var};
use super::program::{Calculation, Comparison, Computed};
use crate::facts::MISSING;
use crate::value::Value;

/// What calculations came to by id; nothing where a value is missing.
pub(super) type Worked = HashMap<u32, Option<Value>, FxBuildHasher>;

/// How two values are compared.
#[derive(Clone, Copy)]
enum Check {
    Compare(Comparison),
    /// The left text is asked about the right one; whether that must be so.
    Texts(fn(&str, &str) -> bool, bool),
}

/// One of two sides.
#[derive(Clone, Copy)]
enum Side<'t> {
    /// The value of a variable of a domain.
    Plain(usize, usize),
    /// What is worked out of a variable.
    Worked(usize, &'t Calculation),
}

/// Two sides that read a variable each.
pub(super) struct Sides<'t> {
    check: Check,
    left: Side<'t>,
    right: Side<'t>,
}

impl<'t> Sides<'t> {
    /// The two sides of a comparison without aggregates, where it has two such.
    pub fn of(test: Test<'t>) -> Option<Self> {
        let texts = match (test.left, test.op, test.right) {
            (Calculation::Call(function, args), Comparison::Equal, Calculation::Value(Value::Flag(is)))
            | (Calculation::Value(Value::Flag(is)), Comparison::Equal, Calculation::Call(function, args)) => {
                match (function.name, args.as_slice()) {
                    ("starts-with", [left, right]) => {
                        Some((begins as fn(&str, &str) -> bool, *is, left, right))
                    }
                    ("ends-with", [left, right]) => Some((ends as fn(&str, &str) -> bool, *is, left, right)),
                    ("contains", [left, right]) => {
                        Some((contains as fn(&str, &str) -> bool, *is, left, right))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let (check, left, right) = match texts {
            Some((texts, is, left, right)) => (Check::Texts(texts, is), left, right),
            None => (Check::Compare(test.op), test.left, test.right),
        };
        Some(Self { check, left: Side::of(left)?, right: Side::of(right)? })
    }
}

fn begins(text: &str, head: &str) -> bool {
    text.starts_with(head)
}

fn ends(text: &str, end: &str) -> bool {
    text.ends_with(end)
}

fn contains(text: &str, part: &str) -> bool {
    text.contains(part)
}

impl<'t> Side<'t> {
    fn of(calculation: &'t Calculation) -> Option<Self> {
        match calculation {
            Calculation::Var { var, domain } => Some(Self::Plain(*var, *domain)),
            _ => only_var(calculation).map(|(var, _)| Self::Worked(var, calculation)),
        }
    }

    fn var(self) -> usize {
        match self {
            Self::Plain(var, _) | Self::Worked(var, _) => var,
        }
    }

    /// Where what it comes to is remembered.
    fn place(self) -> usize {
        match self {
            Self::Plain(..) => 0,
            Self::Worked(_, calculation) => std::ptr::from_ref(calculation).addr(),
        }
    }
}

impl Run<'_, '_> {
    /// The rows in which both sides compare so; `false` where they must be compared one by one.
    pub(super) fn by_sides(
        &mut self,
        sides: &Sides<'_>,
        possible: bool,
        batch: &Batch,
        rows: &mut Vec<u32>,
    ) -> Result<bool, Bail> {
        let known = |side: Side<'_>| match side {
            Side::Plain(var, domain) => {
                let bound = self.values.bound(domain);
                batch.columns[var][..batch.len].iter().all(|id| (*id as usize) < bound)
            }
            Side::Worked(..) => true,
        };
        if !known(sides.left) || !known(sides.right) {
            return Ok(false);
        }
        let left = self.side_worked_out(sides.left, batch)?;
        let right = self.side_worked_out(sides.right, batch)?;
        let values = self.values;
        let value = |side: Side<'_>, id: u32| match side {
            Side::Plain(_, domain) => values.known(domain, id),
            Side::Worked(..) if side.place() == sides.left.place() => left.get(&id).and_then(Option::as_ref),
            Side::Worked(..) => right.get(&id).and_then(Option::as_ref),
        };
        let (own, others) = (&batch.columns[sides.left.var()], &batch.columns[sides.right.var()]);
        // The same id often comes again in the next row.
        let mut before = (MISSING, None);
        for (row, (id, other)) in (0..batch.len as u32).zip(own.iter().zip(others)) {
            if *id != before.0 {
                before = (*id, value(sides.left, *id));
            }
            let met = match (before.1, value(sides.right, *other), sides.check) {
                (Some(left), Some(right), Check::Compare(op)) => holds(left, op, right),
                (Some(Value::Text(left)), Some(Value::Text(right)), Check::Texts(texts, is)) => {
                    texts(left, right) == is
                }
                _ => possible,
            };
            if met {
                rows.push(row);
            }
        }
        for (side, worked) in [(sides.left, left), (sides.right, right)] {
            self.worked.insert(side.place(), worked);
        }
        Ok(true)
    }

    /// What a side comes to for all ids of a batch, and what it came to before.
    fn side_worked_out(&mut self, side: Side<'_>, batch: &Batch) -> Result<Worked, Bail> {
        let Side::Worked(var, calculation) = side else { return Ok(Worked::default()) };
        let mut worked = self.worked.remove(&side.place()).unwrap_or_default();
        if worked.len() > FEW_IDS {
            worked.clear();
        }
        let mut before = None;
        for id in &batch.columns[var][..batch.len] {
            if before.replace(*id) == Some(*id) || worked.contains_key(id) {
                continue;
            }
            self.frame.ids[var] = *id;
            let value = match self.calculate(calculation)? {
                Computed::Value(value) => Some(value),
                _ => None,
            };
            worked.insert(*id, value);
        }
        Ok(worked)
    }
}
