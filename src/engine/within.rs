//! Rows that lie in the order of their values, narrowed by what a value must compare with: by halves, not one by one.

use super::batch::{Bail, Batch};
use super::batch_units::{Amounts, NONE, Units, compares};
use super::calculate::compare;
use super::lower::calculation_vars;
use super::meet::Begun;
use super::operators::Run;
use super::program::{Bound, Within};
use super::run::{Frame, Runner, fail};
use crate::facts::{MISSING, units_at};

/// The first row, and the one past the last, in each row of a batch.
type Ends = [Vec<u32>; 2];

impl Run<'_, '_> {
    /// The rows of a batch for which an atom has rows whose values compare so, which are kept.
    pub(super) fn within(
        &mut self,
        within: &Within,
        batch: &mut Batch,
        rows: &mut Vec<u32>,
        keep: &[usize],
    ) -> Result<(), Bail> {
        self.clock.time()?;
        let plan = &self.whole.program.atoms[within.atom];
        let at = self.whole.registers.range(plan.ranges + within.level);
        let ends = match within.level {
            0 => self.bounded(within, &Begun::All(plan.index.all()), batch)?,
            _ => {
                let begun = Begun::Each(&batch.columns[at][..batch.len], &batch.columns[at + 1][..batch.len]);
                self.bounded(within, &begun, batch)?
            }
        };
        let left = (0..).zip(ends[0].iter().zip(&ends[1]));
        rows.extend(left.filter(|(_, (first, past))| first < past).map(|(row, _)| row));
        for (register, end) in (at..).zip(ends) {
            if keep.binary_search(&register).is_ok() {
                batch.columns[register] = end;
            }
        }
        Ok(())
    }

    /// What is left of an atom's rows in each row of a batch.
    pub(super) fn bounded(
        &mut self,
        within: &Within,
        begun: &Begun<'_>,
        batch: &Batch,
    ) -> Result<Ends, Bail> {
        let (first, past) = (0..batch.len).map(|row| begun.at(row)).unzip();
        let mut ends = [first, past];
        for bound in &within.tests {
            if !self.bounded_in_units(within, bound, batch, &mut ends) {
                self.bounded_by_value(within, bound, batch, &mut ends)?;
            }
        }
        Ok(ends)
    }

    /// One bound where both sides are in units; whether they are.
    fn bounded_in_units(&self, within: &Within, bound: &Bound, batch: &Batch, ends: &mut Ends) -> bool {
        let values = self.values;
        let Some(difference) = Units::difference(&bound.left, &bound.right, values) else { return false };
        let Some(slope) = difference.slope(within.var) else { return false };
        let lane = match values.lane(within.domain) {
            Some(lane) => Some(lane.units.as_slice()),
            None => values.days(within.domain),
        };
        let Some(units) = lane else { return false };
        let Amounts { units: rest, too_large } = difference.without(within.var).amounts(batch);
        if !too_large.is_empty() {
            return false;
        }
        let column = &self.whole.program.atoms[within.atom].index.columns[within.level];
        for (row, rest) in rest.into_iter().enumerate() {
            let met = |id: u32| match units_at(units, id) {
                Some(units) if id != MISSING && rest != NONE => {
                    let difference = i128::from(slope) * i128::from(units) + i128::from(rest);
                    compares(difference.signum() as i64, bound.op)
                }
                _ => within.possible && !(id == MISSING && within.stated),
            };
            let range = (ends[0][row], ends[1][row]);
            (ends[0][row], ends[1][row]) = halved(column, range, bound.rising, met);
        }
        true
    }

    /// One bound by what its sides come to.
    fn bounded_by_value(
        &mut self,
        within: &Within,
        bound: &Bound,
        batch: &Batch,
        ends: &mut Ends,
    ) -> Result<(), Bail> {
        let mut vars = Vec::new();
        calculation_vars(&bound.left, &mut |var| vars.push(var));
        calculation_vars(&bound.right, &mut |var| vars.push(var));
        vars.retain(|var| *var != within.var);
        let [first, past] = ends;
        for (row, (low, high)) in first.iter_mut().zip(past).enumerate() {
            vars.iter().for_each(|var| self.frame.ids[*var] = batch.columns[*var][row]);
            let left = self.runner.bounded(within, bound, (*low, *high), &mut self.frame);
            (*low, *high) = left.map_err(|_| Bail::Calculation)?;
        }
        Ok(())
    }
}

impl Runner<'_> {
    /// Narrows an atom's rows in a frame, which stand in `place`; whether some are left.
    pub(super) fn within(&self, within: &Within, place: usize, frame: &mut Frame, raise: bool) -> bool {
        let mut range = frame.ranges[place];
        for bound in &within.tests {
            match self.bounded(within, bound, range, frame) {
                Ok(left) => range = left,
                // The result that is missing does not hang on which row it is.
                Err(error) if !fail(frame, raise, error) => return false,
                Err(_) => {}
            }
        }
        frame.ranges[place] = range;
        range.0 < range.1
    }

    /// What one bound leaves of a range of rows.
    fn bounded(
        &self,
        within: &Within,
        bound: &Bound,
        range: (u32, u32),
        frame: &mut Frame,
    ) -> Result<(u32, u32), crate::value::DomainError> {
        let column = &self.program.atoms[within.atom].index.columns[within.level];
        let mut error = None;
        let left = halved(column, range, bound.rising, |id| {
            if id == MISSING && within.stated {
                return false;
            }
            frame.ids[within.var] = id;
            let left = self.calculate(&bound.left, frame);
            let compared = left.and_then(|left| {
                let right = self.calculate(&bound.right, frame)?;
                Ok(compare(&left, bound.op, &right, within.possible))
            });
            compared.unwrap_or_else(|found| {
                error = Some(found);
                false
            })
        });
        error.map_or(Ok(left), Err)
    }
}

/// The part of a range of rows whose ids meet a test that all of them from one on do, or up to one.
fn halved(
    column: &[u32],
    (low, high): (u32, u32),
    rising: bool,
    mut met: impl FnMut(u32) -> bool,
) -> (u32, u32) {
    let ids = &column[low as usize..high as usize];
    let before = ids.partition_point(|id| met(*id) != rising) as u32;
    if rising { (low + before, high) } else { (low, low + before) }
}
