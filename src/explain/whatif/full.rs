//! A changed world evaluated from its facts on, and what is different there.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::cone::{Answer, Found};
use crate::diag::Diagnostic;
use crate::engine::{Limits, Profile};
use crate::explain::lookup::Tuple;
use crate::explain::world::{Change, World};
use crate::facts::{FactsChange, Origin, changed};
use crate::model::{LensId, Ruleset};
use crate::verdict::{Evaluation, Extras, VerdictTable, evaluate};

/// Evaluates a world that differs so from one that was.
pub(super) fn evaluate_changed(
    world: &World<'_>,
    change: &Change,
    limits: &Limits,
    profile: &Profile,
) -> Result<Evaluation, Box<Diagnostic>> {
    let evaluation = world.evaluation;
    let members: Vec<_> = change.members.iter().map(|((kind, id), is)| (*kind, *id, *is)).collect();
    let of = |relation| {
        let Some(delta) = change.relations.get(&relation) else { return FactsChange::default() };
        let added = [false, true].map(|maybe| {
            let tuples = delta.added[usize::from(maybe)].iter();
            let origin = |tuple: &Tuple| change.origins.get(&(relation, tuple.clone())).copied();
            tuples.map(|tuple| (tuple.as_slice(), origin(tuple).unwrap_or(Origin::Nobody))).collect()
        });
        FactsChange { added, removed: Some(&delta.removed) }
    };
    let facts = changed(world.stated, &evaluation.dictionaries, &evaluation.reads, &of, &members);
    let extras = Extras { splits: false, stated: true };
    evaluate(world.ruleset, facts, &evaluation.parameters, limits, profile, extras)
}

/// Of whom lenses say something else; ids of things are the same in both.
pub(super) fn compare(ruleset: &Ruleset, old: &Evaluation, new: &Evaluation) -> Found {
    let mut found = Found::new();
    for (question, table) in old.tables.iter_enumerated() {
        for lens in ruleset.lenses_of(question) {
            found.insert(lens, differing(table, &new.tables[question], lens));
        }
    }
    found
}

fn answer(table: &VerdictTable, lens: LensId, place: usize) -> Answer {
    // INVARIANT: every lens of a question has a column in its table.
    let column = table.column(lens)?;
    Some((!table.perhaps.contains(place), table.outcome(column, place)))
}

fn differing(old: &VerdictTable, new: &VerdictTable, lens: LensId) -> BTreeMap<Vec<u32>, (Answer, Answer)> {
    let mut out = BTreeMap::new();
    let (mut left, mut right) = (0, 0);
    let subject = |table: &VerdictTable, place: usize| -> Vec<u32> {
        table.subjects.iter().map(|column| column[place]).collect()
    };
    while left < old.len() || right < new.len() {
        let order = if left == old.len() {
            Ordering::Greater
        } else if right == new.len() {
            Ordering::Less
        } else {
            let ids = |table: &VerdictTable, place: usize| -> Vec<u32> { subject(table, place) };
            ids(old, left).cmp(&ids(new, right))
        };
        let before = (order != Ordering::Greater).then(|| answer(old, lens, left)).flatten();
        let after = (order != Ordering::Less).then(|| answer(new, lens, right)).flatten();
        if before != after {
            let who = if order == Ordering::Greater { subject(new, right) } else { subject(old, left) };
            out.insert(who, (before, after));
        }
        left += usize::from(order != Ordering::Greater);
        right += usize::from(order != Ordering::Less);
    }
    out
}
