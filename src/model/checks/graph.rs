//! What depends on what: relations, populations and lenses as nodes, with the loops among them.

use crate::base::{Idx, Span, components};
use crate::model::ir::{AtomSource, Clause, Cond, LensId, Otherwise, QuestionId, RelationId, Ruleset};

/// A thing that is worked out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Node {
    /// A relation.
    Relation(RelationId),
    /// The population of a question that has an `among`.
    Population(QuestionId),
    /// A lens.
    Lens(LensId),
}

/// One node needs another.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Where it leads, as a place among the nodes.
    pub to: usize,
    /// Whether it may be part of a loop: only plain sentences between relations may.
    pub plain: bool,
    /// The sentence that needs it.
    pub span: Span,
}

/// All nodes with what each needs.
pub struct Graph {
    /// The nodes: relations, populations, lenses.
    pub nodes: Vec<Node>,
    /// Per node what it needs.
    pub edges: Vec<Vec<Edge>>,
    /// Per node the number of its component; a component's number is above those it needs.
    pub component: Vec<usize>,
}

impl Graph {
    /// Reads the dependencies off a ruleset.
    pub fn new(ruleset: &Ruleset) -> Self {
        let nodes: Vec<Node> = ruleset
            .relations
            .ids()
            .map(Node::Relation)
            .chain(ruleset.questions.ids().map(Node::Population))
            .chain(ruleset.lenses.ids().map(Node::Lens))
            .collect();
        let mut graph = Self { edges: vec![Vec::new(); nodes.len()], component: Vec::new(), nodes };
        for rule in &ruleset.rules {
            let from = rule.relation.index();
            graph.clause(ruleset, from, &rule.clause, true);
        }
        for (id, question) in ruleset.questions.iter_enumerated() {
            if let Some(among) = &question.among {
                let from = Self::population(ruleset, id);
                graph.clause(ruleset, from, among, false);
            }
        }
        for (id, lens) in ruleset.lenses.iter_enumerated() {
            let from = Self::lens(ruleset, id);
            for row in &lens.rows {
                graph.clause(ruleset, from, &row.clause, false);
            }
            if ruleset.questions[lens.question].among.is_some() {
                let to = Self::population(ruleset, lens.question);
                graph.edges[from].push(Edge { to, plain: false, span: lens.span });
            }
            if let Otherwise::As(other, span) = lens.otherwise {
                let to = Self::lens(ruleset, other);
                graph.edges[from].push(Edge { to, plain: false, span });
            }
        }
        let edge = |node: usize, at: usize| graph.edges[node].get(at).map(|edge| edge.to);
        graph.component = components(graph.edges.len(), edge);
        graph
    }

    fn population(ruleset: &Ruleset, question: QuestionId) -> usize {
        ruleset.relations.len() + question.index()
    }

    fn lens(ruleset: &Ruleset, lens: LensId) -> usize {
        ruleset.relations.len() + ruleset.questions.len() + lens.index()
    }

    fn clause(&mut self, ruleset: &Ruleset, from: usize, clause: &Clause, plain: bool) {
        self.cond(ruleset, from, &clause.when, plain);
        if let Some(unless) = &clause.unless {
            self.cond(ruleset, from, unless, false);
        }
    }

    fn cond(&mut self, ruleset: &Ruleset, from: usize, cond: &Cond, plain: bool) {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => {
                parts.iter().for_each(|part| self.cond(ruleset, from, part, plain));
            }
            Cond::Not(inner, _) => self.cond(ruleset, from, inner, false),
            Cond::Atom(atom) => {
                let plain = plain && !atom.known;
                let mut add =
                    |to: usize, plain: bool| self.edges[from].push(Edge { to, plain, span: atom.span });
                let lens_at = |lens: LensId| ruleset.relations.len() + ruleset.questions.len() + lens.index();
                match &atom.source {
                    AtomSource::Relation(relation) => add(relation.index(), plain),
                    AtomSource::Verdict { lenses, .. } => {
                        lenses.iter().for_each(|lens| add(lens_at(*lens), false));
                    }
                    AtomSource::Disagree { left, right, .. } => {
                        add(lens_at(*left), false);
                        add(lens_at(*right), false);
                    }
                }
            }
            Cond::Compare { .. } | Cond::Let { .. } => {
                let mut bodies = Vec::new();
                cond.aggregated(&mut |body| bodies.push(body));
                bodies.into_iter().for_each(|body| self.cond(ruleset, from, body, false));
            }
            Cond::IsKind { .. } | Cond::Stated { .. } => {}
        }
    }

    /// The place of a node.
    pub fn place(ruleset: &Ruleset, node: Node) -> usize {
        match node {
            Node::Relation(relation) => relation.index(),
            Node::Population(question) => Self::population(ruleset, question),
            Node::Lens(lens) => Self::lens(ruleset, lens),
        }
    }

    /// The relations that a node needs at once.
    pub fn read_by(&self, node: usize) -> impl Iterator<Item = RelationId> {
        self.edges[node].iter().filter_map(|edge| match self.nodes[edge.to] {
            Node::Relation(relation) => Some(relation),
            Node::Population(_) | Node::Lens(_) => None,
        })
    }

    /// All that some nodes need, those themselves included.
    pub fn reach(&self, from: &[usize]) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut left = from.to_vec();
        while let Some(node) = left.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                left.extend(self.edges[node].iter().map(|edge| edge.to));
            }
        }
        seen
    }

    /// Whether the node is in a loop (of itself or with others).
    pub fn is_recursive(&self, node: usize) -> bool {
        self.edges[node].iter().any(|edge| self.component[edge.to] == self.component[node])
    }

    /// The relations of each component, components in the order they can be worked out.
    pub fn order(&self) -> Vec<Vec<Node>> {
        let count = self.component.iter().max().map_or(0, |last| last + 1);
        let mut order = vec![Vec::new(); count];
        for (node, component) in self.nodes.iter().zip(&self.component) {
            order[*component].push(*node);
        }
        order
    }
}
