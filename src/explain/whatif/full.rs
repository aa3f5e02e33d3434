//! A changed world evaluated from its facts on, and what is different there.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::engine::{Limits, Profile};
use crate::explain::cone::Found;
use crate::explain::lookup::Tuple;
use crate::explain::world::{Change, World};
use crate::facts::{FactSet, FactsChange, Origin, changed};
use crate::model::{KindId, Ruleset};
use crate::verdict::{Evaluation, Extras, Holds, differing, evaluate};

/// Evaluates a world that differs so from one that was.
pub(super) fn evaluate_changed(
    world: &World<'_>,
    change: &Change,
    limits: &Limits,
    profile: &Profile,
) -> Result<Evaluation, Box<Diagnostic>> {
    let facts = facts_after(world, change);
    let extras = Extras { holds: Holds::Stated, ..Extras::default() };
    evaluate(world.ruleset, facts, &world.evaluation.parameters, limits, profile, extras)
}

/// What is stated in a world that differs so from one that was evaluated.
pub(super) fn facts_after(world: &World<'_>, change: &Change) -> FactSet {
    let evaluation = world.evaluation;
    let kinds = |changes: &BTreeMap<(KindId, u32), bool>| -> Vec<_> {
        changes.iter().map(|((kind, id), is)| (*kind, *id, *is)).collect()
    };
    let (members, outright) = (kinds(&change.members), kinds(&change.outright));
    let of = |relation| {
        let Some(delta) = change.relations.get(&relation) else { return FactsChange::default() };
        let added = [false, true].map(|maybe| {
            let tuples = delta.added[usize::from(maybe)].iter();
            let origin = |tuple: &Tuple| change.origins.get(&(relation, tuple.clone())).copied();
            tuples.map(|tuple| (tuple.as_slice(), origin(tuple).unwrap_or(Origin::Nobody))).collect()
        });
        FactsChange { added, removed: Some(&delta.removed) }
    };
    let kinds = (members.as_slice(), outright.as_slice());
    changed(world.stated, &evaluation.dictionaries, &evaluation.reads, &of, kinds)
}

/// Of whom lenses say something else; ids of things are the same in both.
pub(super) fn compare(ruleset: &Ruleset, old: &Evaluation, new: &Evaluation) -> Found {
    let mut found = Found::new();
    for (question, table) in old.tables.iter_enumerated() {
        for lens in ruleset.lenses_of(question) {
            found.insert(lens, differing(table, &new.tables[question], lens).into_iter().collect());
        }
    }
    found
}
