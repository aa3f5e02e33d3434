//! Stated facts that stay beside an evaluation, where they are asked for.

use std::sync::Arc;

use super::evaluate::Evaluator;
use super::{Evaluation, RelationBounds};
use crate::base::IndexVec;
use crate::facts::{FactSet, Stated, StatedFacts, StoredFacts, Tuples};
use crate::model::RelationId;

impl Evaluation {
    /// The facts as they were before anything was worked out, for which the evaluation is used up; `None`
    /// where they were not kept.
    pub fn take_facts(&mut self) -> Option<FactSet> {
        let stated = self.stated.take()?;
        // Columns are shared with what goes here.
        self.relations.iter_mut().for_each(|bounds| *bounds = RelationBounds::default());
        let mut dictionaries = std::mem::take(&mut self.dictionaries);
        for (dictionary, known) in dictionaries.iter_mut().zip(self.left_out.known.iter()) {
            dictionary.forget_values(*known);
        }
        Some(Arc::unwrap_or_clone(stated).into_facts(dictionaries, std::mem::take(&mut self.reads)))
    }
}

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
            if self.ruleset.is_derived(id) || self.left_out.relations.contains(&id) {
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
