//! What of a changed world is worked out already, as its differences to the evaluation: what stands
//! here is read off the evaluation and these, not derived again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::lookup::{Flow, Tuple, Want, fits};
use super::world::Node;
use crate::model::{LensId, QuestionId, RelationId};
use crate::verdict::OutcomeSet;

/// Tuples of a relation that hold otherwise than in the evaluation, by bound: certain, possible.
#[derive(Clone, Default, Debug)]
pub(super) struct Overlay {
    pub added: [BTreeSet<Tuple>; 2],
    pub removed: [BTreeSet<Tuple>; 2],
}

impl Overlay {
    /// Notes that a tuple holds now, or no longer; `before` is what the evaluation says.
    pub fn set(&mut self, possible: bool, tuple: &[u32], before: bool, now: bool) {
        let at = usize::from(possible);
        self.added[at].remove(tuple);
        self.removed[at].remove(tuple);
        match (before, now) {
            (false, true) => _ = self.added[at].insert(tuple.to_vec()),
            (true, false) => _ = self.removed[at].insert(tuple.to_vec()),
            (true, true) | (false, false) => {}
        }
    }

    /// Whether a tuple holds, where the evaluation says `before`.
    pub fn holds(&self, possible: bool, tuple: &[u32], before: bool) -> bool {
        let at = usize::from(possible);
        if before { !self.removed[at].contains(tuple) } else { self.added[at].contains(tuple) }
    }

    /// Every tuple that is different in some bound.
    pub fn changed(&self) -> BTreeSet<Tuple> {
        self.added.iter().chain(&self.removed).flatten().cloned().collect()
    }

    /// The tuples that are new and as wanted.
    pub fn new_ones(&self, possible: bool, want: &[Want], visit: &mut dyn FnMut(&[u32]) -> Flow) -> Flow {
        let lead: Tuple = want
            .iter()
            .map_while(|want| match want {
                Want::Is(id) => Some(*id),
                Want::Any | Want::IsOrMissing(_) => None,
            })
            .collect();
        let from = self.added[usize::from(possible)].range(lead.clone()..);
        let near = from.take_while(|tuple| tuple.starts_with(&lead));
        near.filter(|tuple| fits(want, tuple)).try_for_each(|tuple| visit(tuple))
    }
}

/// Subjects whose standing in a population is otherwise: outside, perhaps, certain.
pub(super) type Standings = BTreeMap<Tuple, Option<bool>>;

/// Subjects of which a lens says something else now.
pub(super) type Outcomes = BTreeMap<Tuple, OutcomeSet>;

/// What is worked out.
#[derive(Default, Debug)]
pub(super) struct Settled {
    relations: RefCell<BTreeMap<RelationId, Rc<Overlay>>>,
    populations: RefCell<BTreeMap<QuestionId, Rc<Standings>>>,
    lenses: RefCell<BTreeMap<LensId, Rc<Outcomes>>>,
}

impl Settled {
    /// Whether a node is worked out.
    pub fn knows(&self, node: Node) -> bool {
        match node {
            Node::Relation(relation) => self.relations.borrow().contains_key(&relation),
            Node::Population(question) => self.populations.borrow().contains_key(&question),
            Node::Lens(lens) => self.lenses.borrow().contains_key(&lens),
            Node::Kind(_) => false,
        }
    }

    pub fn relation(&self, relation: RelationId) -> Option<Rc<Overlay>> {
        self.relations.borrow().get(&relation).cloned()
    }

    pub fn population(&self, question: QuestionId) -> Option<Rc<Standings>> {
        self.populations.borrow().get(&question).cloned()
    }

    /// What a lens says otherwise of a subject.
    pub fn outcome(&self, lens: LensId, subject: &[u32]) -> Option<OutcomeSet> {
        self.lenses.borrow().get(&lens)?.get(subject).copied()
    }

    /// A relation is worked out so far; while a loop is, more comes.
    pub fn change_relation(&self, relation: RelationId, change: impl FnOnce(&mut Overlay)) {
        change(Rc::make_mut(self.relations.borrow_mut().entry(relation).or_default()));
    }

    pub fn settle_population(&self, question: QuestionId, standings: Standings) {
        self.populations.borrow_mut().insert(question, Rc::new(standings));
    }

    pub fn settle_lens(&self, lens: LensId, outcomes: Outcomes) {
        self.lenses.borrow_mut().insert(lens, Rc::new(outcomes));
    }
}
