//! A changed world evaluated from its facts on, and what is different there.

use super::cone::Found;
use crate::diag::Diagnostic;
use crate::engine::{Limits, Profile};
use crate::explain::lookup::Tuple;
use crate::explain::world::{Change, World};
use crate::facts::{FactsChange, Origin, changed};
use crate::model::Ruleset;
use crate::verdict::{Evaluation, Extras, differing, evaluate};

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
            found.insert(lens, differing(table, &new.tables[question], lens).into_iter().collect());
        }
    }
    found
}
