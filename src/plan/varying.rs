//! What of a ruleset a parameter has a say in.

use super::Task;
use crate::base::InOrder;
use crate::model::checks::{Graph, Node, atoms};
use crate::model::clause::parameters_of;
use crate::model::{AtomSource, Clause, LensId, ParameterId, QuestionId, RelationId, Ruleset, Term};

/// Relations, populations and lenses that may come out otherwise where a parameter has another value.
#[derive(Clone, Debug)]
pub struct Varying {
    parameter: ParameterId,
    relations: Vec<bool>,
    populations: Vec<bool>,
    lenses: Vec<bool>,
}

impl Varying {
    /// Those that name the parameter, and all that rest on them.
    pub fn of(ruleset: &Ruleset, parameter: ParameterId) -> Self {
        let graph = Graph::new(ruleset);
        let names = |clause: &Clause| parameters_of(clause).contains(&parameter);
        let mut varies = vec![false; graph.nodes.len()];
        let mut mark = |node: Node| varies[Graph::place(ruleset, node)] = true;
        for rule in &ruleset.rules {
            if names(&rule.clause) || rule.head.contains(&Term::Parameter(parameter)) {
                mark(Node::Relation(rule.relation));
            }
        }
        for (id, question) in ruleset.questions.iter_enumerated() {
            if question.among.as_ref().is_some_and(names) {
                mark(Node::Population(id));
            }
        }
        for (id, lens) in ruleset.lenses.iter_enumerated() {
            if lens.rows.iter().any(|row| names(&row.clause)) {
                mark(Node::Lens(id));
            }
        }
        // Components are numbered above those they need.
        let mut places: Vec<usize> = (0..varies.len()).collect();
        places.order_by_key(|place| graph.component[*place]);
        for of_one in places.chunk_by(|left, right| graph.component[*left] == graph.component[*right]) {
            let rests =
                |place: &usize| varies[*place] || graph.edges[*place].iter().any(|edge| varies[edge.to]);
            if of_one.iter().any(rests) {
                of_one.iter().for_each(|place| varies[*place] = true);
            }
        }
        let mut varies = varies.into_iter();
        let mut next = |count: usize| varies.by_ref().take(count).collect();
        Self {
            parameter,
            relations: next(ruleset.relations.len()),
            populations: next(ruleset.questions.len()),
            lenses: next(ruleset.lenses.len()),
        }
    }

    fn relation(&self, relation: RelationId) -> bool {
        self.relations[relation.0 as usize]
    }

    /// Whether who is asked about may change.
    pub fn population(&self, question: QuestionId) -> bool {
        self.populations[question.0 as usize]
    }

    fn lens(&self, lens: LensId) -> bool {
        self.lenses[lens.0 as usize]
    }

    /// Whether what a step works out may change.
    pub fn task(&self, task: &Task) -> bool {
        match task {
            Task::Relations { members, .. } => members.iter().any(|member| self.relation(*member)),
            Task::Population(question) => self.population(*question),
            Task::Lens(lens) => self.lens(*lens),
        }
    }

    /// Whether what a body says may change.
    pub fn clause(&self, clause: &Clause) -> bool {
        let mut found = parameters_of(clause).contains(&self.parameter);
        atoms(clause, &mut |atom| {
            found |= match &atom.source {
                AtomSource::Relation(relation) => self.relation(*relation),
                AtomSource::Verdict { lenses, .. } => lenses.iter().any(|lens| self.lens(*lens)),
                AtomSource::Disagree { left, right, .. } => self.lens(*left) || self.lens(*right),
            };
        });
        found
    }
}
