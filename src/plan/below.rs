//! Which steps of a plan the relations need that some lenses rest on, and after which nothing reads a relation again.

use std::collections::BTreeSet;

use super::{Plan, Task, plan};
use crate::model::checks::{Graph, Node, atoms};
use crate::model::{AtomSource, LensId, RelationId, Ruleset};

/// Of the order of evaluation only the relations that no rule concludes.
pub fn stated(ruleset: &Ruleset) -> Plan {
    let mut steps = plan(ruleset).steps;
    steps.retain(|task| match task {
        Task::Relations { members, .. } => !members.iter().any(|member| ruleset.is_derived(*member)),
        Task::Population(_) | Task::Lens(_) => false,
    });
    Plan { steps }
}

/// Of the order of evaluation what it takes to know every relation that these lenses are worked out
/// from; of populations and lenses only those that such a relation asks.
pub fn below(ruleset: &Ruleset, lenses: &[LensId]) -> Plan {
    let graph = Graph::new(ruleset);
    let seen = seen(ruleset, &graph, lenses);
    let mut relations = places(&graph, |node| matches!(node, Node::Relation(_)));
    relations.retain(|node| seen[*node]);
    kept(ruleset, &graph.reach(&relations))
}

/// Of the order of evaluation what it takes to know what these lenses say of whom.
pub fn through(ruleset: &Ruleset, lenses: &[LensId]) -> Plan {
    let graph = Graph::new(ruleset);
    kept(ruleset, &seen(ruleset, &graph, lenses))
}

/// Of the order of evaluation what it takes to compare these lenses, with populations, constraints and what figures are
/// drawn from: other lenses and relations that follow only where one of those asks them.
pub fn comparing(ruleset: &Ruleset, lenses: &[LensId]) -> Plan {
    let graph = Graph::new(ruleset);
    let mut asked = lenses.to_vec();
    let mut told: BTreeSet<RelationId> = ruleset.repeats.iter().map(|repeat| repeat.relation).collect();
    for never in &ruleset.nevers {
        atoms(&never.clause, &mut |atom| match &atom.source {
            AtomSource::Relation(relation) => _ = told.insert(*relation),
            AtomSource::Verdict { lenses, .. } => asked.extend(lenses),
            AtomSource::Disagree { left, right, .. } => asked.extend([*left, *right]),
        });
    }
    let is_beside = |node: &Node| match node {
        Node::Relation(relation) => told.contains(relation) || !ruleset.is_derived(*relation),
        Node::Population(_) => true,
        Node::Lens(_) => false,
    };
    let beside = graph.reach(&places(&graph, is_beside));
    asked.extend(graph.nodes.iter().zip(&beside).filter_map(|(node, needed)| match node {
        Node::Lens(lens) if *needed => Some(*lens),
        Node::Lens(_) | Node::Relation(_) | Node::Population(_) => None,
    }));
    let own = seen(ruleset, &graph, &asked);
    let needed: Vec<bool> = own.iter().zip(&beside).map(|(own, beside)| own | beside).collect();
    kept(ruleset, &needed)
}

/// Per node of what depends on what whether these lenses need it, themselves included.
fn seen(ruleset: &Ruleset, graph: &Graph, lenses: &[LensId]) -> Vec<bool> {
    let is_asked = |node: &Node| matches!(node, Node::Lens(lens) if lenses.contains(lens));
    let mut from: Vec<usize> = places(graph, is_asked);
    // Without `among` a population is whom any lens of the question matches.
    loop {
        let seen = graph.reach(&from);
        let is_beside = |node: &Node| {
            let Node::Lens(lens) = node else { return false };
            let question = ruleset.lenses[*lens].question;
            let asks = |other: &Node| matches!(other, Node::Lens(other) if ruleset.lenses[*other].question == question);
            ruleset.questions[question].among.is_none()
                && graph.nodes.iter().zip(&seen).any(|(other, seen)| *seen && asks(other))
        };
        let beside = places(graph, is_beside);
        let known = from.len();
        from.extend(beside.into_iter().filter(|node| !seen[*node]));
        if from.len() == known {
            break;
        }
    }
    graph.reach(&from)
}

/// Per step of a plan the relations that neither a later step nor a constraint reads. `again` says that rows of lenses
/// are asked once more at the end.
pub fn read_last(ruleset: &Ruleset, steps: &[Task], again: bool) -> Vec<BTreeSet<RelationId>> {
    let graph = Graph::new(ruleset);
    let mut read: BTreeSet<RelationId> = BTreeSet::new();
    for never in &ruleset.nevers {
        atoms(&never.clause, &mut |atom| read.extend(relation_of(&atom.source)));
    }
    if again {
        let rows = places(&graph, |node| !matches!(node, Node::Relation(_)));
        read.extend(rows.into_iter().flat_map(|node| graph.read_by(node)));
    }
    let mut last: Vec<BTreeSet<RelationId>> = Vec::new();
    for step in steps.iter().rev() {
        let own: Vec<Node> = match step {
            Task::Relations { members, .. } => members.iter().copied().map(Node::Relation).collect(),
            Task::Population(question) => vec![Node::Population(*question)],
            Task::Lens(lens) => vec![Node::Lens(*lens)],
        };
        let own = own.into_iter().flat_map(|node| graph.read_by(Graph::place(ruleset, node)));
        last.push(own.filter(|relation| read.insert(*relation)).collect());
    }
    last.reverse();
    last
}

fn relation_of(source: &AtomSource) -> Option<RelationId> {
    match source {
        AtomSource::Relation(relation) => Some(*relation),
        AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => None,
    }
}

fn kept(ruleset: &Ruleset, needed: &[bool]) -> Plan {
    let is_needed = |own: Node| needed[Graph::place(ruleset, own)];
    let mut steps = plan(ruleset).steps;
    steps.retain(|task| match task {
        Task::Relations { members, .. } => members.iter().any(|member| is_needed(Node::Relation(*member))),
        Task::Population(question) => is_needed(Node::Population(*question)),
        Task::Lens(lens) => is_needed(Node::Lens(*lens)),
    });
    Plan { steps }
}

fn places(graph: &Graph, is: impl Fn(&Node) -> bool) -> Vec<usize> {
    (0..graph.nodes.len()).filter(|node| is(&graph.nodes[*node])).collect()
}
