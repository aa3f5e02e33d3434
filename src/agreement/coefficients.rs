//! Coefficients of agreement of two lenses, each `None` where it is not defined.

use std::collections::BTreeMap;

use super::Pair;
use super::pairs::VerdictKey;

/// The coefficients of a pair.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Coefficients {
    /// (a + d) / n; undefined where no subject is decided by both.
    pub agreement: Option<f64>,
    /// a / (a + b + c), Jaccard 1901; undefined where neither lens gives the focus verdict.
    pub jaccard: Option<f64>,
    /// a / (a + b): how much of the first lies in the second; undefined where the first is empty.
    pub left_in_right: Option<f64>,
    /// a / (a + c): how much of the second lies in the first; undefined where the second is empty.
    pub right_in_left: Option<f64>,
    /// (po − pe) / (1 − pe), Cohen 1960, for the focus verdict; undefined where pe = 1.
    pub kappa: Option<f64>,
    /// The same over all verdicts.
    pub kappa_all: Option<f64>,
    /// (po − pe) / (1 − pe) with pe = 2q(1 − q), q the mean prevalence, Gwet 2008.
    pub ac1: Option<f64>,
}

/// Works the coefficients of a pair out from its counts.
pub fn coefficients(pair: &Pair) -> Coefficients {
    let (a, b, c) = (pair.both as f64, pair.left_only as f64, pair.right_only as f64);
    let d = pair.neither as f64;
    let n = a + b + c + d;
    let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let agreement = ratio(a + d, n);
    let chance = |expected: f64| {
        let observed = agreement?;
        (expected < 1.0).then(|| (observed - expected) / (1.0 - expected))
    };
    let kappa = (n > 0.0).then(|| ((a + b) * (a + c) + (c + d) * (b + d)) / (n * n)).and_then(chance);
    let ac1 = (n > 0.0)
        .then(|| {
            let prevalence = (2.0 * a + b + c) / (2.0 * n);
            2.0 * prevalence * (1.0 - prevalence)
        })
        .and_then(chance);
    Coefficients {
        agreement,
        jaccard: ratio(a, a + b + c),
        left_in_right: ratio(a, a + b),
        right_in_left: ratio(a, a + c),
        kappa,
        kappa_all: kappa_all(pair),
        ac1,
    }
}

fn kappa_all(pair: &Pair) -> Option<f64> {
    let mut rows: BTreeMap<VerdictKey, u64> = BTreeMap::new();
    let mut columns: BTreeMap<VerdictKey, u64> = BTreeMap::new();
    let (mut n, mut same) = (0, 0);
    for ((left, right), count) in &pair.table {
        *rows.entry(*left).or_default() += count;
        *columns.entry(*right).or_default() += count;
        n += count;
        if left == right {
            same += count;
        }
    }
    // In whole numbers, so that "pe = 1" is decided exactly.
    let expected: u128 = rows
        .iter()
        .map(|(key, count)| u128::from(*count) * u128::from(columns.get(key).copied().unwrap_or(0)))
        .sum();
    let square = u128::from(n) * u128::from(n);
    if n == 0 || expected == square {
        return None;
    }
    let (observed, expected) = (same as f64 / n as f64, expected as f64 / square as f64);
    Some((observed - expected) / (1.0 - expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(both: u64, left_only: u64, right_only: u64, neither: u64) -> Pair {
        use crate::model::VerdictId;
        let (yes, no) = (Some(VerdictId(0)), Some(VerdictId(1)));
        let cells =
            [((yes, yes), both), ((yes, no), left_only), ((no, yes), right_only), ((no, no), neither)];
        let table = cells.into_iter().filter(|(_, count)| *count > 0).collect();
        let differing = left_only + right_only;
        Pair { left: 0, right: 1, both, left_only, right_only, neither, undecided: 0, differing, table }
    }

    fn close(left: Option<f64>, right: f64) -> bool {
        left.is_some_and(|left| (left - right).abs() < 1e-9)
    }

    #[test]
    fn a_known_table() {
        // Two readers of 50 grants: 20 both yes, 5 and 10 apart, 15 both no.
        let figures = coefficients(&pair(20, 5, 10, 15));
        assert!(close(figures.agreement, 0.7));
        assert!(close(figures.kappa, 0.4));
        assert!(close(figures.kappa_all, 0.4));
        assert!(close(figures.jaccard, 20.0 / 35.0));
        assert!(close(figures.left_in_right, 0.8));
        let q: f64 = 55.0 / 100.0;
        let expected = 2.0 * q * (1.0 - q);
        assert!(close(figures.ac1, (0.7 - expected) / (1.0 - expected)));
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let empty = coefficients(&pair(0, 0, 0, 0));
        assert_eq!(empty, Coefficients::default());
        let constant = coefficients(&pair(10, 0, 0, 0));
        assert_eq!((constant.kappa, constant.kappa_all), (None, None));
        assert!(close(constant.agreement, 1.0) && close(constant.ac1, 1.0));
        let none = coefficients(&pair(0, 0, 0, 10));
        assert_eq!((none.jaccard, none.left_in_right, none.right_in_left), (None, None, None));
    }
}
