//! The counts again, each subject counting as much as it weighs; exact decimals.

use std::collections::BTreeMap;

use super::{Pattern, Side, side};
use crate::base::InOrder;
use crate::model::VerdictId;
use crate::value::{Decimal, DomainError, Sum};
use crate::verdict::{Outcome, OutcomeSet};

/// Weighted counts.
#[derive(Clone, PartialEq, Debug)]
pub struct Weighted {
    /// All subjects.
    pub subjects: Decimal,
    /// Subjects on which some two lenses certainly disagree.
    pub differing: Decimal,
    /// Subjects some lens leaves unknown or in conflict.
    pub undecided: Decimal,
    /// Per lens, in order: per verdict, then unknown, conflict and none.
    pub lenses: Vec<Vec<Decimal>>,
    /// Per pair of lenses, in order: both, only the first, only the second, neither, undecided.
    pub pairs: Vec<[Decimal; 5]>,
}

/// Sums the weights of patterns; each has one.
pub(super) fn weighted(
    patterns: &[Pattern],
    lenses: usize,
    verdicts: usize,
    focus: VerdictId,
) -> Result<Weighted, DomainError> {
    let total = |meets: &dyn Fn(&Pattern) -> bool| {
        let mut sum = Sum::default();
        patterns.iter().filter(|pattern| meets(pattern)).filter_map(|p| p.weight).for_each(|w| sum.add(w));
        sum.total()
    };
    let slot = |set: OutcomeSet| match set.settled() {
        Some(Outcome::Verdict(verdict)) => verdict.0 as usize,
        None => verdicts,
        Some(Outcome::Conflict) => verdicts + 1,
        Some(Outcome::None) => verdicts + 2,
    };
    let column = |lens: usize| {
        (0..verdicts + 3).map(|at| total(&|pattern| slot(pattern.outcomes[lens]) == at)).collect()
    };
    let cell = |set: (Side, Side)| match set {
        (Side::Undecided, _) | (_, Side::Undecided) => 4,
        (Side::Yes, Side::Yes) => 0,
        (Side::Yes, Side::No) => 1,
        (Side::No, Side::Yes) => 2,
        (Side::No, Side::No) => 3,
    };
    let mut pairs = Vec::new();
    for left in 0..lenses {
        for right in left + 1..lenses {
            let mut cells = [Decimal::ZERO; 5];
            for (at, sum) in cells.iter_mut().enumerate() {
                *sum = total(&|pattern| {
                    cell((side(pattern.outcomes[left], focus), side(pattern.outcomes[right], focus))) == at
                })?;
            }
            pairs.push(cells);
        }
    }
    Ok(Weighted {
        subjects: total(&|_| true)?,
        differing: total(&Pattern::parts)?,
        undecided: total(&|pattern| pattern.is_undecided(focus))?,
        lenses: (0..lenses).map(column).collect::<Result<_, _>>()?,
        pairs,
    })
}

/// One value of a dimension.
#[derive(Clone, PartialEq, Debug)]
pub struct Slice {
    /// The value; `None` for subjects of which none is stated.
    pub value: Option<String>,
    /// The subjects there.
    pub subjects: u64,
    /// Those on which some two lenses certainly disagree.
    pub differing: u64,
    /// The share of them among the subjects there, through the share among all; `None` where no two
    /// lenses disagree anywhere.
    pub lift: Option<f64>,
}

/// Counts by the values of a dimension; a subject with several values counts under each.
#[derive(Default)]
pub(super) struct Slicer {
    cells: BTreeMap<Option<String>, (u64, u64)>,
}

impl Slicer {
    pub fn add(&mut self, values: &[String], differs: bool) {
        let mut add = |value: Option<String>| {
            let cell = self.cells.entry(value).or_default();
            cell.0 += 1;
            cell.1 += u64::from(differs);
        };
        if values.is_empty() {
            add(None);
        }
        values.iter().for_each(|value| add(Some(value.clone())));
    }

    /// The slices, the largest first.
    pub fn slices(self, subjects: u64, differing: u64) -> Vec<Slice> {
        let overall = differing as f64 / subjects.max(1) as f64;
        let mut slices: Vec<Slice> = self
            .cells
            .into_iter()
            .map(|(value, (count, differs))| Slice {
                value,
                subjects: count,
                differing: differs,
                lift: (differing > 0).then(|| differs as f64 / count as f64 / overall),
            })
            .collect();
        slices.order_by(|left, right| {
            right.subjects.cmp(&left.subjects).then_with(|| left.value.cmp(&right.value))
        });
        slices
    }
}
