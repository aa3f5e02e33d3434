//! Where lenses agree: the pattern table, and every figure drawn from it.
//! Takes a `VerdictTable`, hands on `Agreement`; exact counts first, coefficients from them.

mod beside;
mod coefficients;
mod figure;
mod gate;
mod group;
mod order;
mod pairs;
mod patterns;
mod splits;
mod sweep;
mod weighted;

pub use beside::{Beside, Cause, causes, labels, left_out, sentence, slice, weights};
pub use coefficients::{Coefficients, PARADOX, coefficients};
pub use figure::{Figure, Undefined};
pub use gate::{Gate, GateError, GateOp, Measure};
pub use group::Group;
pub use order::{compare_subjects, in_name_order};
pub use pairs::{Pair, Relation};
pub use splits::{Split, Why};
pub use sweep::{Compared, Point, QuestionSweep, Sweep, SweepFlip, Sweeper};
pub use weighted::{Slice, Weighted};

use group::{Unit, group};
use patterns::PatternTable;
use weighted::{Slicer, weighted};

use crate::base::{BitSet, Idx, InOrder, IndexVec};
use crate::facts::Dictionary;
use crate::model::{DomainId, LensId, Policy, Ruleset, VerdictId};
use crate::value::{Decimal, DomainError, Sum};
use crate::verdict::{LensColumn, Outcome, OutcomeSet, VerdictTable};

/// What a report says of one question.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The lenses compared, in the order shown.
    pub lenses: Vec<LensId>,
    /// The verdict of interest.
    pub focus: VerdictId,
    /// Subjects certainly in the population.
    pub subjects: u64,
    /// Subjects only possibly in it; in no other figure.
    pub perhaps: u64,
    /// Patterns, the most frequent first, then by exemplar.
    pub patterns: Vec<Pattern>,
    /// Figures of each lens.
    pub columns: Vec<LensFigures>,
    /// Figures of each pair of lenses, in order.
    pub pairs: Vec<Pair>,
    /// Subjects on which some two lenses certainly disagree: no outcome is open to both.
    pub differing: u64,
    /// Subjects some lens leaves unknown or in conflict.
    pub undecided: u64,
    /// Agreement of all lenses on all verdicts.
    pub group: Group,
    /// Agreement of all lenses on who gets the focus verdict.
    pub group_focus: Group,
    /// The counts by weight, where subjects have one.
    pub weighted: Option<Weighted>,
    /// The counts by a dimension, where one is asked for.
    pub slices: Vec<Slice>,
    /// What splits each pair, where it was worked out.
    pub splits: Vec<Split>,
}

/// Subjects to whom the lenses say the same.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What each lens says.
    pub outcomes: Vec<OutcomeSet>,
    /// How many subjects.
    pub count: u64,
    /// How much they weigh together, where subjects have a weight.
    pub weight: Option<Decimal>,
    /// The subject with the lowest key, as its place in the verdict table.
    pub exemplar: usize,
}

impl Pattern {
    /// Whether some two lenses certainly disagree: no outcome is open to both.
    pub fn parts(&self) -> bool {
        let all = &self.outcomes;
        all.iter().enumerate().any(|(at, left)| all[at + 1..].iter().any(|right| left.is_disjoint(*right)))
    }

    /// Whether some lens leaves them unknown or in conflict.
    pub fn is_undecided(&self, focus: VerdictId) -> bool {
        self.outcomes.iter().any(|set| side(*set, focus) == Side::Undecided)
    }

    /// How many lenses give each category, undecided ones left out.
    fn unit(&self, category: impl Fn(OutcomeSet) -> Option<u32>) -> Unit {
        let mut ratings = std::collections::BTreeMap::new();
        for given in self.outcomes.iter().filter_map(|set| category(*set)) {
            *ratings.entry(given).or_default() += 1;
        }
        Unit { ratings, count: self.count }
    }
}

/// Figures of one lens.
#[derive(Clone, Debug, Default)]
pub struct LensFigures {
    /// Subjects per verdict, in order of declaration.
    pub verdicts: Vec<u64>,
    /// Subjects left unknown.
    pub unknown: u64,
    /// Subjects in conflict.
    pub conflict: u64,
    /// Subjects without an outcome.
    pub none: u64,
    /// Subjects to whom this lens alone gives the focus verdict, the others deciding otherwise.
    pub alone_for: u64,
    /// Subjects to whom this lens alone refuses the focus verdict.
    pub alone_against: u64,
    /// Figures of its rows, in order.
    pub rows: Vec<RowFigures>,
}

/// How often a row of a lens matches, among subjects certainly in the population.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RowFigures {
    /// Subjects it matches certainly.
    pub matched: u64,
    /// Those of them for whom an earlier row, or one that overrides it, certainly matches too.
    pub overruled: u64,
}

/// For the focus verdict: that verdict, another or none, or not decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The focus verdict.
    Yes,
    /// Another verdict, or none.
    No,
    /// Unknown or in conflict.
    Undecided,
}

/// Which side a set of open outcomes is on.
pub fn side(set: OutcomeSet, focus: VerdictId) -> Side {
    match set.settled() {
        Some(Outcome::Verdict(verdict)) if verdict == focus => Side::Yes,
        Some(Outcome::Verdict(_) | Outcome::None) => Side::No,
        Some(Outcome::Conflict) | None => Side::Undecided,
    }
}

/// How much is worked out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Depth {
    /// Every figure.
    #[default]
    All,
    /// The patterns, and what is summed over them; of pairs and coefficients of all lenses nothing.
    Patterns,
}

/// Counts one question's outcomes over the lenses given.
pub fn agreement(
    ruleset: &Ruleset,
    dictionaries: &IndexVec<DomainId, Dictionary>,
    table: &VerdictTable,
    lenses: &[LensId],
    focus: VerdictId,
    beside: &Beside,
    depth: Depth,
) -> Result<Agreement, DomainError> {
    let columns: Vec<_> = lenses.iter().filter_map(|lens| table.column(*lens)).collect();
    let with_places = beside.weight.is_some() || beside.slice.is_some();
    let PatternTable { mut patterns, perhaps, places } =
        patterns::patterns(ruleset, dictionaries, table, &columns, with_places);
    let placed = || places.iter().enumerate().filter_map(|(at, place)| Some((at, (*place)? as usize)));
    let mut slicer = Slicer::default();
    if let Some((_, values)) = &beside.slice {
        let parts: Vec<bool> = patterns.iter().map(Pattern::parts).collect();
        for (subject, at) in placed() {
            slicer.add(&values[subject], parts[at]);
        }
    }
    if let Some((_, weights)) = &beside.weight {
        let mut sums = vec![Sum::default(); patterns.len()];
        for (subject, at) in placed() {
            sums[at].add(weights[subject]);
        }
        for (pattern, sum) in patterns.iter_mut().zip(sums) {
            pattern.weight = Some(sum.total()?);
        }
    }
    patterns.order_by(|left, right| {
        let by_name = || compare_subjects(ruleset, dictionaries, table, left.exemplar, right.exemplar);
        right.count.cmp(&left.count).then_with(by_name)
    });
    let verdicts = ruleset.questions[table.question].verdicts.len();
    let mut figures = lens_figures(&patterns, columns.len(), focus, verdicts);
    for (figures, column) in figures.iter_mut().zip(&columns) {
        figures.rows = row_figures(&ruleset.lenses[column.lens].policy, column, &table.perhaps);
    }
    let sum = |meets: &dyn Fn(&Pattern) -> bool| {
        patterns.iter().filter(|pattern| meets(pattern)).map(|p| p.count).sum()
    };
    let subjects = table.len() as u64 - perhaps;
    let differing = sum(&Pattern::parts);
    let all = |category: &dyn Fn(OutcomeSet) -> Option<u32>| {
        let counted = if depth == Depth::All { patterns.as_slice() } else { &[] };
        let units: Vec<Unit> = counted.iter().map(|pattern| pattern.unit(category)).collect();
        group(&units, columns.len() as u64)
    };
    // Of settled outcomes: no verdict counts as one of its own.
    let verdict = |set| pairs::category(set).map(|key| key.map_or(u32::MAX, |verdict| verdict.0));
    let is_focus = |set| match side(set, focus) {
        Side::Yes => Some(1),
        Side::No => Some(0),
        Side::Undecided => None,
    };
    let weighted = match &beside.weight {
        Some(_) => Some(weighted(&patterns, columns.len(), verdicts, focus)?),
        None => None,
    };
    let pairs = match depth {
        Depth::All => pairs::pairs(&patterns, columns.len(), focus),
        Depth::Patterns => Vec::new(),
    };
    Ok(Agreement {
        splits: splits::splits(ruleset, table, &columns, &pairs, focus),
        lenses: columns.iter().map(|column| column.lens).collect(),
        focus,
        subjects,
        perhaps,
        differing,
        undecided: sum(&|pattern| pattern.is_undecided(focus)),
        columns: figures,
        pairs,
        group: all(&verdict),
        group_focus: all(&is_focus),
        weighted,
        slices: slicer.slices(subjects, differing),
        patterns,
    })
}

fn row_figures(policy: &Policy, column: &LensColumn, perhaps: &BitSet) -> Vec<RowFigures> {
    let words = column.rows.iter().next().map_or(0, |row| row.certain.words().len());
    let in_population = |at: usize| perhaps.words().get(at).map_or(u64::MAX, |word| !word);
    let mut figures = vec![RowFigures::default(); column.rows.len()];
    for at in 0..words {
        let mut earlier = 0;
        for (id, row) in column.rows.iter_enumerated() {
            let matches = row.certain.words()[at] & in_population(at);
            let stronger = match policy {
                Policy::FirstMatch => earlier,
                Policy::Unique { overrides } => overrides
                    .iter()
                    .filter(|(_, weak)| *weak == id)
                    .fold(0, |all, (strong, _)| all | column.rows[*strong].certain.words()[at]),
            };
            let row = &mut figures[id.index()];
            row.matched += u64::from(matches.count_ones());
            row.overruled += u64::from((matches & stronger).count_ones());
            earlier |= matches;
        }
    }
    figures
}

fn lens_figures(patterns: &[Pattern], lenses: usize, focus: VerdictId, verdicts: usize) -> Vec<LensFigures> {
    let mut figures = vec![LensFigures { verdicts: vec![0; verdicts], ..LensFigures::default() }; lenses];
    for pattern in patterns {
        let count = |wanted: Side| pattern.outcomes.iter().filter(|set| side(**set, focus) == wanted).count();
        let (yes, no) = (count(Side::Yes), count(Side::No));
        for (figures, own) in figures.iter_mut().zip(&pattern.outcomes) {
            match own.settled() {
                Some(Outcome::Verdict(verdict)) => figures.verdicts[verdict.index()] += pattern.count,
                Some(Outcome::Conflict) => figures.conflict += pattern.count,
                Some(Outcome::None) => figures.none += pattern.count,
                None => figures.unknown += pattern.count,
            }
            match side(*own, focus) {
                Side::Yes if lenses > 1 && no == lenses - 1 => figures.alone_for += pattern.count,
                Side::No if lenses > 1 && yes == lenses - 1 => figures.alone_against += pattern.count,
                Side::Yes | Side::No | Side::Undecided => {}
            }
        }
    }
    figures
}
