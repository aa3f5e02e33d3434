//! Aggregates for all combinations of outer ids at once. Where an aggregate reads several things from outside, such
//! as who departs from one place for another, to look for its ways goes through all that belong to either; after
//! some combinations it is cheaper to go through all ways there are, and to sort them by combination.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustc_hash::FxBuildHasher;

use super::batch::{Bail, BatchProgram};
use super::batch_aggregate::{InUnits, Measure, Members};
use super::batch_units::{Amounts, Units};
use super::limits::{Clock, Limits};
use super::lower::calculation_vars;
use super::operators::Run;
use super::program::{AggregatePlan, Computed, Program, Whole};
use super::results::{AllAtOnce, Found, Ids, Results};

/// The longest it may take to find that there are too many ways.
const LONGEST: Duration = Duration::from_secs(10);

/// Which combination of outer ids has which number.
type Numbers = HashMap<Ids, u32, FxBuildHasher>;

impl Run<'_, '_> {
    /// What an aggregate comes to for all combinations for which it has members, once enough of them were or now
    /// would be worked out one by one: the thread that first finds so does it, others wait. `None` before, and
    /// where it cannot be done.
    pub(super) fn all_at_once(
        &self,
        plan: &AggregatePlan,
        results: &Results,
        wanted: usize,
    ) -> Result<Option<Arc<Found>>, Bail> {
        let is_worth = |whole: &&Whole| results.worked() + wanted >= whole.worth;
        let Some(whole) = plan.whole.as_ref().filter(is_worth) else { return Ok(None) };
        let mut known = results.whole.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            AllAtOnce::Untried => {}
            AllAtOnce::Impossible => return Ok(None),
            AllAtOnce::Found(found) => return Ok(Some(Arc::clone(found))),
        }
        let found = match self.all_combinations(plan, whole) {
            Ok(found) => found.map(Arc::new),
            // One by one it will be seen whether that is true of a combination somebody asks for.
            Err(Bail::Calculation) => None,
            Err(Bail::Reached(_)) => {
                self.clock.time()?;
                None
            }
        };
        *known = found.as_ref().map_or(AllAtOnce::Impossible, |found| AllAtOnce::Found(Arc::clone(found)));
        Ok(found)
    }

    /// `None` where what is aggregated is not in units.
    fn all_combinations(&self, plan: &AggregatePlan, whole: &Whole) -> Result<Option<Found>, Bail> {
        let measure = Measure::of(plan, self.values);
        if matches!(measure, Measure::Values) {
            return Ok(None);
        }
        let units = measure.units();
        let mut numbers = Numbers::default();
        let Some(sure) = self.gathered(plan, &whole.certain, units, whole.most, &mut numbers)? else {
            return Ok(None);
        };
        let all = match &whole.possible {
            None => None,
            Some(possible) => match self.gathered(plan, possible, units, whole.most, &mut numbers)? {
                Some(all) => Some(all),
                None => return Ok(None),
            },
        };
        let outcomes = sure.outcomes(all.as_ref(), plan.kind, units.map_or(0, |units| units.exponent))?;
        let mut by_number: Vec<Option<Computed>> = vec![None; numbers.len()];
        outcomes.into_iter().for_each(|(number, computed)| by_number[number as usize] = Some(computed));
        let one = |(ids, number): (Ids, u32)| Some((ids, Ok(by_number[number as usize].take()?)));
        Ok(Some(numbers.into_iter().filter_map(one).collect()))
    }

    /// The ways to meet the body, each with the number of its combination. `None` where some number is no whole
    /// number of units that fits, or there are too many ways.
    fn gathered(
        &self,
        plan: &AggregatePlan,
        program: &Program,
        units: Option<&Units<'_>>,
        most: usize,
        numbers: &mut Numbers,
    ) -> Result<Option<InUnits>, Bail> {
        let mut wanted = plan.outer.clone();
        wanted.extend(plan.keys.iter().map(|(var, _)| *var));
        calculation_vars(&plan.value, &mut |var| wanted.push(var));
        let rest = self.clock.rest();
        let time = Some(rest.time.map_or(LONGEST, |time| time.min(LONGEST)));
        let clock = Clock::start(&Limits { time, ..rest });
        let mut members = Members::new(plan);
        let mut amounts: Vec<i64> = Vec::new();
        let mut fit = true;
        BatchProgram::new(program, wanted.into_iter(), None).run(
            self.values,
            &clock,
            None,
            &mut |found| {
                for row in 0..found.len() {
                    let next = numbers.len() as u32;
                    let ids = Ids::of(plan.outer.iter().map(|var| found.var(*var)[row]));
                    members.rows.push(match numbers.entry(ids) {
                        Entry::Occupied(known) => *known.get(),
                        Entry::Vacant(new) => *new.insert(next),
                    });
                }
                for (key, (var, _)) in members.keys.iter_mut().zip(&plan.keys) {
                    key.extend_from_slice(found.var(*var));
                }
                if let Some(units) = units {
                    let Amounts { units, too_large } = units.amounts(found.batch());
                    fit &= too_large.is_empty();
                    amounts.extend(units);
                }
                if fit && members.rows.len() <= most {
                    clock.time().map_err(Bail::from)
                } else {
                    Err(Bail::Calculation)
                }
            },
        )?;
        Ok(Some(InUnits::new(plan, members, units.map(|_| amounts))))
    }
}
