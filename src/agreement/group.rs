//! Agreement of all lenses at once. Everything is summed in whole numbers per number of lenses that
//! decide a subject, so that the order of subjects and how the work was split change nothing.

use std::collections::BTreeMap;

use super::figure::{Figure, Undefined, beyond_chance};

/// Coefficients of all lenses together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Group {
    /// Krippendorff's α, nominal, 1 − Do/De (Krippendorff 2011); lenses that leave a subject undecided
    /// say nothing of it.
    pub alpha: Figure,
    /// Fleiss' κ, (P − Pe)/(1 − Pe) (Fleiss 1971), on subjects all lenses decide.
    pub fleiss: Figure,
    /// Gwet's AC1 for any number of raters with missing ratings (Gwet 2014, as in irrCAC).
    pub ac1: Figure,
}

/// Subjects that lenses decide alike: how many lenses give each category, and how many subjects.
pub(super) struct Unit {
    /// Per category the lenses that give it; only categories some lens gives.
    pub ratings: BTreeMap<u32, u64>,
    /// The subjects.
    pub count: u64,
}

impl Unit {
    fn raters(&self) -> u64 {
        self.ratings.values().sum()
    }
}

/// The coefficients of units rated by so many lenses at most.
pub(super) fn group(units: &[Unit], lenses: u64) -> Group {
    if lenses < 2 {
        let one = Err(Undefined::OneLens);
        return Group { alpha: one, fleiss: one, ac1: one };
    }
    Group { alpha: alpha(units), fleiss: fleiss(units, lenses), ac1: ac1(units) }
}

fn alpha(units: &[Unit]) -> Figure {
    // Pairs of different ratings within units, by the number of ratings there.
    let mut apart: BTreeMap<u64, u128> = BTreeMap::new();
    let mut totals: BTreeMap<u32, u128> = BTreeMap::new();
    for unit in units.iter().filter(|unit| unit.raters() > 1) {
        let raters = unit.raters();
        let same: u64 = unit.ratings.values().map(|count| count * (count - 1)).sum();
        *apart.entry(raters).or_default() +=
            u128::from(unit.count) * u128::from(raters * (raters - 1) - same);
        for (category, count) in &unit.ratings {
            *totals.entry(*category).or_default() += u128::from(unit.count) * u128::from(*count);
        }
    }
    let n: u128 = totals.values().sum();
    if n == 0 {
        return Err(Undefined::NobodyDecided);
    }
    let same: u128 = totals.values().map(|count| count * (count - 1)).sum();
    let expected = n * (n - 1) - same;
    if expected == 0 {
        return Err(Undefined::OneVerdict);
    }
    let observed: f64 = apart.iter().map(|(raters, pairs)| *pairs as f64 / (*raters - 1) as f64).sum();
    Ok(1.0 - (n - 1) as f64 * observed / expected as f64)
}

fn fleiss(units: &[Unit], lenses: u64) -> Figure {
    let mut totals: BTreeMap<u32, u128> = BTreeMap::new();
    let (mut n, mut same) = (0_u128, 0_u128);
    for unit in units.iter().filter(|unit| unit.raters() == lenses) {
        n += u128::from(unit.count);
        let pairs: u64 = unit.ratings.values().map(|count| count * (count - 1)).sum();
        same += u128::from(unit.count) * u128::from(pairs);
        for (category, count) in &unit.ratings {
            *totals.entry(*category).or_default() += u128::from(unit.count) * u128::from(*count);
        }
    }
    if n == 0 {
        return Err(Undefined::NobodyDecided);
    }
    if totals.len() == 1 {
        return Err(Undefined::OneVerdict);
    }
    let ratings = (n * u128::from(lenses)) as f64;
    let observed = same as f64 / (n as f64 * (lenses * (lenses - 1)) as f64);
    let expected: f64 = totals.values().map(|total| (*total as f64 / ratings).powi(2)).sum();
    Ok(beyond_chance(observed, expected))
}

fn ac1(units: &[Unit]) -> Figure {
    // Agreeing pairs and prevalence of each category, by the number of ratings of a unit.
    let mut same: BTreeMap<u64, (u128, u128)> = BTreeMap::new();
    let mut prevalence: BTreeMap<u32, BTreeMap<u64, u128>> = BTreeMap::new();
    let mut rated = 0_u128;
    for unit in units.iter().filter(|unit| unit.raters() > 0) {
        let raters = unit.raters();
        rated += u128::from(unit.count);
        if raters > 1 {
            let pairs: u64 = unit.ratings.values().map(|count| count * (count - 1)).sum();
            let entry = same.entry(raters).or_default();
            entry.0 += u128::from(unit.count) * u128::from(pairs);
            entry.1 += u128::from(unit.count);
        }
        for (category, count) in &unit.ratings {
            *prevalence.entry(*category).or_default().entry(raters).or_default() +=
                u128::from(unit.count) * u128::from(*count);
        }
    }
    let compared: u128 = same.values().map(|(_, count)| count).sum();
    if compared == 0 {
        return Err(Undefined::NobodyDecided);
    }
    let agreeing: f64 =
        same.iter().map(|(raters, (pairs, _))| *pairs as f64 / (raters * (raters - 1)) as f64).sum();
    let observed = agreeing / compared as f64;
    let categories = prevalence.len();
    if categories < 2 {
        return Ok(observed);
    }
    let spread: f64 = prevalence
        .values()
        .map(|by_raters| {
            let sum: f64 = by_raters.iter().map(|(raters, count)| *count as f64 / *raters as f64).sum();
            let share = sum / rated as f64;
            share * (1.0 - share)
        })
        .sum();
    Ok(beyond_chance(observed, spread / (categories - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(ratings: &[(u32, u64)], count: u64) -> Unit {
        Unit { ratings: ratings.iter().copied().collect(), count }
    }

    fn close(found: Figure, wanted: f64) {
        assert!(found.is_ok_and(|found| (found - wanted).abs() < 5e-4), "{found:?} {wanted}");
    }

    /// Krippendorff 2011, example C: four observers, twelve units, some missing; nominal α = 0.743.
    #[test]
    fn alpha_of_the_published_example() {
        let units = [
            unit(&[(1, 3)], 1),
            unit(&[(2, 3), (3, 1)], 1),
            unit(&[(3, 4)], 1),
            unit(&[(3, 4)], 1),
            unit(&[(2, 4)], 1),
            unit(&[(1, 1), (2, 1), (3, 1), (4, 1)], 1),
            unit(&[(4, 4)], 1),
            unit(&[(1, 3), (2, 1)], 1),
            unit(&[(2, 4)], 1),
            unit(&[(5, 3)], 1),
            unit(&[(1, 2)], 1),
            unit(&[(3, 1)], 1),
        ];
        close(group(&units, 4).alpha, 0.743);
        // The same data with Gwet's AC1 by the formula of irrCAC.
        close(group(&units, 4).ac1, 0.775);
    }

    /// Fleiss 1971 as worked out in the usual textbook table: 10 subjects, 14 raters, κ = 0.210.
    #[test]
    fn fleiss_of_the_textbook_table() {
        let rows: [[u64; 5]; 10] = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ];
        let units: Vec<Unit> = rows
            .iter()
            .map(|row| Unit {
                ratings: (0..5).zip(row.iter().copied()).filter(|(_, count)| *count > 0).collect(),
                count: 1,
            })
            .collect();
        close(group(&units, 14).fleiss, 0.210);
    }

    #[test]
    fn what_is_not_defined_says_why() {
        let none = group(&[], 2);
        assert_eq!((none.alpha, none.ac1), (Err(Undefined::NobodyDecided), Err(Undefined::NobodyDecided)));
        let one = group(&[unit(&[(0, 2)], 5)], 2);
        assert_eq!((one.alpha, one.fleiss), (Err(Undefined::OneVerdict), Err(Undefined::OneVerdict)));
        close(one.ac1, 1.0);
        assert_eq!(group(&[unit(&[(0, 1)], 5)], 1).alpha, Err(Undefined::OneLens));
        let apart = group(&[unit(&[(0, 1), (1, 1)], 4)], 2);
        close(apart.fleiss, -1.0);
        assert!(apart.alpha.is_ok_and(|alpha| alpha < 0.0));
    }
}
