//! Two verdict tables over the same names side by side: of whom a lens says something else.

use std::cmp::Ordering;

use super::{OutcomeSet, VerdictTable};
use crate::model::LensId;

/// What is said of a subject: nothing outside the population, else whether it is certainly of it, and what the
/// lens says.
pub type Answer = Option<(bool, OutcomeSet)>;

/// Subjects of which a lens says something else in another evaluation, ascending by ids. Ids of things must mean
/// the same in both.
pub fn differing(old: &VerdictTable, new: &VerdictTable, lens: LensId) -> Vec<(Vec<u32>, (Answer, Answer))> {
    let mut out = Vec::new();
    let (mut left, mut right) = (0, 0);
    while left < old.len() || right < new.len() {
        let order = if left == old.len() {
            Ordering::Greater
        } else if right == new.len() {
            Ordering::Less
        } else {
            let ids = |table: &VerdictTable, place: usize| -> [u32; 4] {
                let mut ids = [0; 4];
                ids.iter_mut().zip(&table.subjects).for_each(|(id, column)| *id = column[place]);
                ids
            };
            if old.subjects.len() <= 4 {
                ids(old, left).cmp(&ids(new, right))
            } else {
                subject(old, left).cmp(&subject(new, right))
            }
        };
        let before = (order != Ordering::Greater).then(|| answer(old, lens, left)).flatten();
        let after = (order != Ordering::Less).then(|| answer(new, lens, right)).flatten();
        if before != after {
            let who = if order == Ordering::Greater { subject(new, right) } else { subject(old, left) };
            out.push((who, (before, after)));
        }
        left += usize::from(order != Ordering::Greater);
        right += usize::from(order != Ordering::Less);
    }
    out
}

fn subject(table: &VerdictTable, place: usize) -> Vec<u32> {
    table.subjects.iter().map(|column| column[place]).collect()
}

fn answer(table: &VerdictTable, lens: LensId, place: usize) -> Answer {
    // INVARIANT: every lens of a question has a column in its table.
    let column = table.column(lens)?;
    Some((!table.perhaps.contains(place), table.outcome(column, place)))
}
