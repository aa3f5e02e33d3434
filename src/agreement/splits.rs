//! What splits a pair: where one lens gives the focus verdict and the other decides otherwise, what
//! kept the other's rows from giving it too.

use std::collections::BTreeMap;

use super::{Pair, Side, side};
use crate::base::parallel::each;
use crate::base::{BitSet, InOrder, Span};
use crate::model::{RowId, Ruleset, VerdictId};
use crate::verdict::{LensColumn, VerdictTable, Without};

/// Words of 64 subjects that a thread looks at at a time.
const CHUNK: usize = 1 << 10;

/// Why a lens decided otherwise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// A row of the verdict lacks just one condition; where there are several, any of them is all that
    /// it lacks.
    Alone(RowId, Vec<Span>),
    /// Each row of the verdict lacks several conditions at once.
    Jointly,
    /// A row of the verdict matches, and another one decides.
    Overruled(RowId),
    /// A row of the verdict may match, and another one decides.
    NotKnown(RowId),
    /// No row gives the verdict.
    NoRow,
}

/// The reasons on one side of a pair; they add up to the pair's count.
#[derive(Clone, Debug)]
pub struct Split {
    /// The lens that gives the verdict, as its place among the lenses compared.
    pub yes: usize,
    /// The lens that does not.
    pub no: usize,
    /// Why, the most frequent reason first.
    pub reasons: Vec<(Why, u64)>,
}

/// What splits each pair; nothing where it was not worked out.
pub(super) fn splits(
    ruleset: &Ruleset,
    table: &VerdictTable,
    columns: &[&LensColumn],
    pairs: &[Pair],
    focus: VerdictId,
) -> Vec<Split> {
    let worked_out = columns.iter().any(|column| column.rows.iter().any(|row| !row.without.is_empty()));
    if !worked_out {
        return Vec::new();
    }
    let apart = |pair: &Pair| {
        [(pair.left, pair.right, pair.left_only), (pair.right, pair.left, pair.right_only)]
            .into_iter()
            .filter(|(_, _, count)| *count > 0)
            .map(|(yes, no, _)| (yes, no))
    };
    let asked: Vec<(usize, usize)> = pairs.iter().flat_map(apart).collect();
    let refusals: Vec<Refusal<'_>> =
        columns.iter().map(|column| Refusal::new(ruleset, column, focus)).collect();
    let words = table.len().div_ceil(64);
    let chunk = |at: usize| {
        let mut counts: Vec<BTreeMap<Reason, u64>> = vec![BTreeMap::new(); asked.len()];
        for word in at * CHUNK..((at + 1) * CHUNK).min(words) {
            let sides = sides(table, columns, focus, word);
            for (no, refusal) in refusals.iter().enumerate() {
                let givers: Vec<(usize, u64)> = asked
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, other))| *other == no)
                    .map(|(place, (yes, _))| (place, sides[*yes].0 & sides[no].1))
                    .filter(|(_, subjects)| *subjects > 0)
                    .collect();
                let left = givers.iter().fold(0, |all, (_, subjects)| all | subjects);
                refusal.each(word, left, &mut |reason, subjects| {
                    for (place, own) in givers.iter().filter(|(_, own)| own & subjects > 0) {
                        let count = u64::from((own & subjects).count_ones());
                        match counts[*place].get_mut(reason) {
                            Some(known) => *known += count,
                            None => drop(counts[*place].insert(reason.clone(), count)),
                        }
                    }
                });
            }
        }
        counts
    };
    let parts: Vec<Vec<BTreeMap<Reason, u64>>> = each(words.div_ceil(CHUNK), chunk);
    let mut out = Vec::with_capacity(asked.len());
    for (place, (yes, no)) in asked.into_iter().enumerate() {
        let mut reasons: BTreeMap<Why, u64> = BTreeMap::new();
        for (reason, count) in parts.iter().flat_map(|part| &part[place]) {
            *reasons.entry(refusals[no].why(reason)).or_default() += count;
        }
        let mut reasons: Vec<(Why, u64)> = reasons.into_iter().collect();
        reasons.order_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        out.push(Split { yes, no, reasons });
    }
    out
}

/// Per lens which of 64 subjects, certainly in the population, it gives the focus verdict, and which it
/// decides otherwise.
fn sides(table: &VerdictTable, columns: &[&LensColumn], focus: VerdictId, word: usize) -> Vec<(u64, u64)> {
    let subjects = word * 64..((word + 1) * 64).min(table.len());
    let certain = !table.perhaps.words().get(word).copied().unwrap_or(0);
    let of = |column: &&LensColumn| {
        let (mut yes, mut no) = (0_u64, 0_u64);
        for (bit, subject) in subjects.clone().enumerate() {
            match side(table.outcome(column, subject), focus) {
                Side::Yes => yes |= 1 << bit,
                Side::No => no |= 1 << bit,
                Side::Undecided => {}
            }
        }
        (yes & certain, no & certain)
    };
    columns.iter().map(of).collect()
}

/// Why a lens decided otherwise, by places: a row of the verdict and the conditions it lacks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Reason {
    Overruled(usize),
    NotKnown(usize),
    Alone(usize, Vec<usize>),
    Jointly,
}

/// The rows by which a lens could have given the verdict.
struct Refusal<'c> {
    column: &'c LensColumn,
    rows: Vec<RowId>,
}

impl<'c> Refusal<'c> {
    fn new(ruleset: &Ruleset, column: &'c LensColumn, focus: VerdictId) -> Self {
        let rows = ruleset.lenses[column.lens].rows.iter_enumerated();
        let rows = rows.filter(|(_, row)| row.verdict == focus).map(|(id, _)| id).collect();
        Self { column, rows }
    }

    fn why(&self, reason: &Reason) -> Why {
        match reason {
            Reason::Overruled(row) => Why::Overruled(self.rows[*row]),
            Reason::NotKnown(row) => Why::NotKnown(self.rows[*row]),
            Reason::Alone(row, lacking) => {
                let row = self.rows[*row];
                let without = &self.column.rows[row].without;
                Why::Alone(row, lacking.iter().map(|at| without[*at].span).collect())
            }
            Reason::Jointly if self.rows.is_empty() => Why::NoRow,
            Reason::Jointly => Why::Jointly,
        }
    }

    /// Calls `visit` with each reason for some of these subjects of a word, and with those subjects.
    fn each(&self, word: usize, mut left: u64, visit: &mut dyn FnMut(&Reason, u64)) {
        let of = |set: &BitSet| set.words().get(word).copied().unwrap_or(0);
        let matches = |row: &RowId| &self.column.rows[*row];
        for (at, row) in self.rows.iter().enumerate() {
            let own = left & of(&matches(row).certain);
            if own > 0 {
                visit(&Reason::Overruled(at), own);
            }
            left &= !own;
        }
        for (at, row) in self.rows.iter().enumerate() {
            let own = left & of(matches(row).possible());
            if own > 0 {
                visit(&Reason::NotKnown(at), own);
            }
            left &= !own;
        }
        for (at, row) in self.rows.iter().enumerate() {
            if left == 0 {
                return;
            }
            let without = &matches(row).without;
            // What takes another condition along that is enough by itself is not the one to blame.
            let lacks = |without: &Without| {
                let others = without.takes.iter();
                others.fold(of(&without.rest), |own, at| own & !of(&matches(row).without[*at].rest))
            };
            let lacking: Vec<u64> = without.iter().map(|without| left & lacks(without)).collect();
            let any = lacking.iter().fold(0, |all, own| all | own);
            told_apart(&lacking, 0, any, &mut Vec::new(), &mut |places, subjects| {
                visit(&Reason::Alone(at, places.to_vec()), subjects);
            });
            left &= !any;
        }
        if left > 0 {
            visit(&Reason::Jointly, left);
        }
    }
}

/// Tells subjects apart by the sets they are in, from one set on; `taken` are those before it.
fn told_apart(
    sets: &[u64],
    at: usize,
    subjects: u64,
    taken: &mut Vec<usize>,
    visit: &mut dyn FnMut(&[usize], u64),
) {
    if subjects == 0 {
        return;
    }
    let Some(set) = sets.get(at) else { return visit(taken, subjects) };
    taken.push(at);
    told_apart(sets, at + 1, subjects & set, taken, visit);
    taken.pop();
    told_apart(sets, at + 1, subjects & !set, taken, visit);
}
