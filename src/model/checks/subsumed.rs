//! Under `first match wins`, a row that an earlier one takes everything from. Judged by the text:
//! every condition of the earlier row stands in the later one too.

use std::collections::BTreeSet;

use crate::base::Idx;
use crate::diag::{Code, Diagnostic};
use crate::model::ir::{Clause, Cond, Policy, RowId, Ruleset};

/// Each row is compared with each earlier one, so lenses past this size are not looked at.
const MOST_ROWS: usize = 1500;

pub(super) fn check(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for lens in &ruleset.lenses {
        if lens.policy != Policy::FirstMatch || lens.rows.len() > MOST_ROWS {
            continue;
        }
        let shapes: Vec<Option<BTreeSet<String>>> =
            lens.rows.iter().map(|row| conditions(&row.clause)).collect();
        for (later, row) in lens.rows.iter_enumerated() {
            let Some(own) = conditions_of_when(&row.clause) else { continue };
            let taken =
                (0..later.index()).find(|&at| shapes[at].as_ref().is_some_and(|shape| shape.is_subset(&own)));
            if let Some(at) = taken {
                let earlier = &lens.rows[RowId::from_usize(at)];
                found.push(
                    Diagnostic::new(Code::Subsumed, format!("this row of `{}` never decides", lens.name))
                        .at(row.span, "whatever it matches, an earlier row has taken")
                        .at(earlier.span, "this row takes it")
                        .help("delete it, or put it before the earlier row"),
                );
            }
        }
    }
    found
}

/// The conditions of a row that bars nothing; with an `unless` it does not take everything.
fn conditions(clause: &Clause) -> Option<BTreeSet<String>> {
    if clause.unless.is_some() { None } else { conditions_of_when(clause) }
}

fn conditions_of_when(clause: &Clause) -> Option<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    add(clause, &clause.when, &mut out);
    (!out.is_empty()).then_some(out)
}

fn add(clause: &Clause, cond: &Cond, out: &mut BTreeSet<String>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| add(clause, part, out)),
        other => {
            out.insert(crate::model::canonical::condition(clause, other));
        }
    }
}
