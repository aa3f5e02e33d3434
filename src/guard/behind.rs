//! Which rows stand behind an outcome: those that decide it, contradict each other, or leave it open.

use crate::model::{LensId, Policy, RowId, Ruleset};
use crate::verdict::{Evaluation, RowMatches};

/// The rows behind an outcome.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Behind {
    /// The rows, in order: those that match, certainly or possibly, and that no earlier or stronger
    /// row certainly rules out.
    pub rows: Vec<RowId>,
    /// Those of them that match certainly.
    pub certain: Vec<RowId>,
    /// Whether what holds where no row decides is open too.
    pub default: bool,
}

/// The rows behind what a lens says of the subject in a place of its table.
pub fn behind(ruleset: &Ruleset, evaluation: &Evaluation, lens: LensId, place: usize) -> Behind {
    let entry = &ruleset.lenses[lens];
    let Some(column) = evaluation.tables[entry.question].column(lens) else { return Behind::default() };
    let matching = |meets: &dyn Fn(&RowMatches) -> bool| -> Vec<RowId> {
        column.rows.iter_enumerated().filter(|(_, row)| meets(row)).map(|(id, _)| id).collect()
    };
    let certain = matching(&|row| row.certain.contains(place));
    let possible = matching(&|row| row.possible().contains(place));
    let stays = |row: &RowId| match &entry.policy {
        Policy::FirstMatch => certain.first().is_none_or(|first| row <= first),
        Policy::Unique { overrides } => {
            !certain.iter().any(|strong| overrides.binary_search(&(*strong, *row)).is_ok())
        }
    };
    let rows: Vec<RowId> = possible.into_iter().filter(stays).collect();
    let default = certain.is_empty();
    let certain = rows.iter().copied().filter(|row| certain.contains(row)).collect();
    Behind { rows, certain, default }
}
