//! Coefficients of agreement of two lenses.

use std::collections::BTreeMap;

use super::Pair;
use super::figure::{Figure, Undefined, beyond_chance, share};
use super::pairs::VerdictKey;

/// How far κ and AC1 may lie apart before it is pointed out.
pub const PARADOX: f64 = 0.2;

/// The coefficients of a pair.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Coefficients {
    /// (a + d) / n; undefined where no subject is decided by both.
    pub agreement: Figure,
    /// a / (a + b + c), Jaccard 1901; undefined where neither lens gives the focus verdict.
    pub jaccard: Figure,
    /// a / (a + b): how much of the first lies in the second; undefined where the first is empty.
    pub left_in_right: Figure,
    /// a / (a + c): how much of the second lies in the first; undefined where the second is empty.
    pub right_in_left: Figure,
    /// (po − pe) / (1 − pe), Cohen 1960, for the focus verdict; undefined where pe = 1.
    pub kappa: Figure,
    /// The same over all verdicts.
    pub kappa_all: Figure,
    /// (po − pe) / (1 − pe) with pe = 2q(1 − q), q the mean prevalence, Gwet 2008.
    pub ac1: Figure,
    /// The same over all verdicts, pe = Σ q(1 − q) / (k − 1) over the k verdicts either lens gives.
    pub ac1_all: Figure,
}

impl Coefficients {
    /// Whether κ and AC1 lie so far apart that one of them alone misleads.
    pub fn is_paradox(&self) -> bool {
        matches!((self.kappa, self.ac1), (Ok(kappa), Ok(ac1)) if (kappa - ac1).abs() > PARADOX)
    }
}

/// Works the coefficients of a pair out from its counts.
pub fn coefficients(pair: &Pair) -> Coefficients {
    let (a, b, c, d) = (pair.both, pair.left_only, pair.right_only, pair.neither);
    let focus: Table = [((1, 1), a), ((1, 0), b), ((0, 1), c), ((0, 0), d)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    let mut keys: Vec<VerdictKey> =
        pair.table.iter().flat_map(|((left, right), _)| [*left, *right]).collect();
    keys.sort_unstable();
    keys.dedup();
    let place = |key: &VerdictKey| keys.iter().position(|known| known == key).unwrap_or(0);
    let all: Table =
        pair.table.iter().map(|((left, right), count)| ((place(left), place(right)), *count)).collect();
    Coefficients {
        agreement: share(a + d, pair.decided(), Undefined::NobodyDecided),
        jaccard: share(a, a + b + c, Undefined::NobodyMeant),
        left_in_right: share(a, a + b, Undefined::EmptyLens),
        right_in_left: share(a, a + c, Undefined::EmptyLens),
        kappa: kappa(&focus),
        kappa_all: kappa(&all),
        ac1: ac1(&focus),
        ac1_all: ac1(&all),
    }
}

/// Per two categories the subjects the lenses decide so.
type Table = Vec<((usize, usize), u64)>;

/// Subjects, those decided alike, and per category how often each lens gives it.
fn margins(table: &Table) -> (u64, u64, BTreeMap<usize, (u64, u64)>) {
    let mut margins: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    let (mut n, mut same) = (0, 0);
    for ((left, right), count) in table {
        margins.entry(*left).or_default().0 += count;
        margins.entry(*right).or_default().1 += count;
        n += count;
        if left == right {
            same += count;
        }
    }
    (n, same, margins)
}

fn kappa(table: &Table) -> Figure {
    let (n, same, margins) = margins(table);
    // In whole numbers, so that "pe = 1" is decided exactly.
    let expected: u128 = margins.values().map(|(left, right)| u128::from(*left) * u128::from(*right)).sum();
    let square = u128::from(n) * u128::from(n);
    if n == 0 {
        return Err(Undefined::NobodyDecided);
    }
    if expected == square {
        return Err(Undefined::OneVerdict);
    }
    Ok(beyond_chance(same as f64 / n as f64, expected as f64 / square as f64))
}

fn ac1(table: &Table) -> Figure {
    let (n, same, margins) = margins(table);
    if n == 0 {
        return Err(Undefined::NobodyDecided);
    }
    let observed = same as f64 / n as f64;
    if margins.len() < 2 {
        return Ok(observed);
    }
    let spread: f64 = margins
        .values()
        .map(|(left, right)| {
            let q = (left + right) as f64 / (2 * n) as f64;
            q * (1.0 - q)
        })
        .sum();
    Ok(beyond_chance(observed, spread / (margins.len() - 1) as f64))
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

    fn close(left: Figure, right: f64) -> bool {
        left.is_ok_and(|left| (left - right).abs() < 1e-9)
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
        assert!(close(figures.ac1_all, (0.7 - expected) / (1.0 - expected)));
        assert!(!figures.is_paradox());
        // Nearly all say yes: κ falls, AC1 does not.
        assert!(coefficients(&pair(118, 5, 2, 0)).is_paradox());
    }

    #[test]
    fn what_is_not_defined_says_why() {
        let empty = coefficients(&pair(0, 0, 0, 0));
        assert_eq!(
            (empty.agreement, empty.kappa),
            (Err(Undefined::NobodyDecided), Err(Undefined::NobodyDecided))
        );
        assert_eq!((empty.jaccard, empty.ac1), (Err(Undefined::NobodyMeant), Err(Undefined::NobodyDecided)));
        let constant = coefficients(&pair(10, 0, 0, 0));
        assert_eq!(
            (constant.kappa, constant.kappa_all),
            (Err(Undefined::OneVerdict), Err(Undefined::OneVerdict))
        );
        assert!(close(constant.agreement, 1.0) && close(constant.ac1, 1.0));
        let none = coefficients(&pair(0, 0, 0, 10));
        assert_eq!(none.jaccard, Err(Undefined::NobodyMeant));
        assert_eq!(
            (none.left_in_right, none.right_in_left),
            (Err(Undefined::EmptyLens), Err(Undefined::EmptyLens))
        );
    }
}
