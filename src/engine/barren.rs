//! Rows of an atom in which nothing was found: whoever comes to the same rows again need not look.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::program::{Place, Program, Step};

/// What is remembered of a step, by all threads. Rows left of one atom decide alone what it finds.
#[derive(Debug)]
pub(super) struct Barren {
    /// The place of that atom among those of the step.
    pub place: usize,
    /// The rows of its index.
    rows: usize,
    /// By the first of the rows left, whether nothing was found.
    seen: OnceLock<Vec<AtomicU64>>,
}

impl Barren {
    /// What a step within a search can remember: where one of its atoms is narrowed, by variables of which one takes
    /// its ids in the steps just before it, so that the same rows may be left again and again, and the others are asked
    /// about all their rows.
    pub fn of(program: &Program, before: &[Step], step: &Step) -> Option<Self> {
        let Step::Extend { atoms, .. } = step else { return None };
        let mut narrow = atoms.iter().enumerate().filter(|(_, (_, from, _))| *from > 0);
        let (place, (atom, from, _)) = narrow.next()?;
        if narrow.next().is_some() || atoms.len() < 2 {
            return None;
        }
        if atoms.iter().any(|(atom, ..)| program.atoms[*atom].narrowed) {
            return None;
        }
        let is_given = |place: &Place| match place {
            Place::Var(var) => {
                before.iter().any(|step| matches!(step, Step::Extend { var: own, .. } if own == var))
            }
            Place::Id(_) => false,
        };
        let plan = &program.atoms[*atom];
        let within = |step: &Step| matches!(step, Step::Within(within) if within.atom == *atom);
        let is_fit = plan.levels[..*from].iter().any(is_given) && !before.iter().any(within);
        is_fit.then(|| Self { place, rows: plan.index.columns[0].len(), seen: OnceLock::new() })
    }

    /// Whether nothing was found in these rows.
    #[inline]
    pub fn contains(&self, (first, past): (u32, u32)) -> bool {
        let word = self.seen.get().and_then(|seen| seen.get(first as usize / 64));
        first < past && word.is_some_and(|word| word.load(Ordering::Relaxed) >> (first % 64) & 1 == 1)
    }

    /// Remembers that.
    #[inline]
    pub fn insert(&self, (first, past): (u32, u32)) {
        if first < past {
            let seen =
                self.seen.get_or_init(|| (0..self.rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect());
            seen[first as usize / 64].fetch_or(1 << (first % 64), Ordering::Relaxed);
        }
    }
}
