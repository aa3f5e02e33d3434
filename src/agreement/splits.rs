//! What splits a pair: where one lens gives the focus verdict and the other decides otherwise, what
//! kept the other's rows from giving it too.

use std::collections::BTreeMap;

use super::{Pair, Side, side};
use crate::base::{Idx, Span};
use crate::model::{LensId, RowId, Ruleset, VerdictId};
use crate::verdict::{LensColumn, VerdictTable};

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
    let sides: Vec<Vec<Side>> = columns
        .iter()
        .map(|column| (0..table.len()).map(|subject| side(table.outcome(column, subject), focus)).collect())
        .collect();
    let mut out = Vec::new();
    for pair in pairs {
        let directions = [(pair.left, pair.right, pair.left_only), (pair.right, pair.left, pair.right_only)];
        for (yes, no, count) in directions {
            if count == 0 {
                continue;
            }
            let mut reasons: BTreeMap<Why, u64> = BTreeMap::new();
            for (subject, (given, refused)) in sides[yes].iter().zip(&sides[no]).enumerate() {
                let apart = *given == Side::Yes && *refused == Side::No;
                if apart && !table.perhaps.contains(subject) {
                    let why = why(ruleset, columns[no].lens, columns[no], focus, subject);
                    *reasons.entry(why).or_default() += 1;
                }
            }
            let mut reasons: Vec<(Why, u64)> = reasons.into_iter().collect();
            reasons.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
            out.push(Split { yes, no, reasons });
        }
    }
    out
}

fn why(ruleset: &Ruleset, lens: LensId, column: &LensColumn, focus: VerdictId, subject: usize) -> Why {
    let entry = &ruleset.lenses[lens];
    let rows: Vec<RowId> = (0..entry.rows.len())
        .map(RowId::from_usize)
        .filter(|row| entry.rows[*row].verdict == focus)
        .collect();
    if rows.is_empty() {
        return Why::NoRow;
    }
    if let Some(row) = rows.iter().find(|row| column.rows[**row].certain.contains(subject)) {
        return Why::Overruled(*row);
    }
    if let Some(row) = rows.iter().find(|row| column.rows[**row].possible().contains(subject)) {
        return Why::NotKnown(*row);
    }
    let alone = rows.iter().find_map(|row| {
        let without = &column.rows[*row].without;
        let lacks = |at: &usize| without[*at].rest.contains(subject);
        // What takes another condition along that is enough by itself is not the one to blame.
        let lacking = (0..without.len()).filter(lacks).filter(|at| !without[*at].takes.iter().any(lacks));
        let spans: Vec<Span> = lacking.map(|at| without[at].span).collect();
        (!spans.is_empty()).then_some(Why::Alone(*row, spans))
    });
    alone.unwrap_or(Why::Jointly)
}
