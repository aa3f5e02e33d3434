//! Stated facts that stay beside an evaluation, where they are asked for.

use std::sync::Arc;

use super::RelationBounds;
use super::evaluate::Evaluator;
use crate::base::IndexVec;
use crate::facts::{Stated, StatedFacts, StoredFacts, Tuples};
use crate::model::RelationId;

impl Evaluator<'_> {
    /// The facts of a relation without rules, which nothing reads again; where they stand is kept.
    pub(super) fn take_facts(&mut self, relation: RelationId) -> StoredFacts {
        let mut facts = std::mem::take(&mut self.facts.relations[relation]);
        if let Some(stated) = &mut self.stated {
            let mut certain = Tuples::new(0);
            std::mem::swap(&mut certain.columns, &mut facts.certain.columns);
            let kept = StatedFacts::new(facts.certain, facts.maybe.clone());
            facts.certain = certain;
            stated[relation] = kept;
        }
        facts
    }

    /// What was stated: columns of relations without rules are those of the evaluation.
    pub(super) fn stated_facts(
        &mut self,
        relations: &IndexVec<RelationId, RelationBounds>,
    ) -> Option<Arc<Stated>> {
        let mut stated = self.stated.take()?;
        let ids: Vec<RelationId> = stated.ids().collect();
        for (id, kept) in ids.into_iter().zip(stated.iter_mut()) {
            if self.ruleset.rules.iter().any(|rule| rule.relation == id) {
                let facts = std::mem::take(&mut self.facts.relations[id]);
                *kept = StatedFacts::new(facts.certain, facts.maybe);
            } else {
                kept.certain.clone_from(&relations[id].certain);
            }
        }
        let outright = std::mem::take(&mut self.facts.outright);
        Some(Arc::new(Stated { relations: stated, members: self.members.clone(), outright }))
    }
}
