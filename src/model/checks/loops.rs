//! No sentence may depend on its own denial, no lens on itself.

use std::collections::VecDeque;

use super::graph::{Edge, Graph, Node};
use crate::diag::{Code, Diagnostic};
use crate::model::ir::Ruleset;
use crate::model::raw::show_parts;

pub(super) fn check(ruleset: &Ruleset, graph: &Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut reported: Vec<usize> = Vec::new();
    for (from, edges) in graph.edges.iter().enumerate() {
        for edge in edges {
            let component = graph.component[from];
            if edge.plain || graph.component[edge.to] != component || reported.contains(&component) {
                continue;
            }
            reported.push(component);
            found.push(describe(ruleset, graph, from, edge));
        }
    }
    found
}

/// The loop through an edge: the edge, then the shortest way back.
fn describe(ruleset: &Ruleset, graph: &Graph, from: usize, edge: &Edge) -> Diagnostic {
    let way = way_back(graph, edge.to, from);
    let nodes: Vec<usize> = std::iter::once(from).chain(way.iter().map(|(node, _)| *node)).collect();
    let lens = nodes.iter().find_map(|node| match graph.nodes[*node] {
        Node::Lens(lens) => Some(lens),
        Node::Relation(_) | Node::Population(_) => None,
    });
    let names: Vec<String> = nodes.iter().map(|node| name(ruleset, graph.nodes[*node])).collect();
    let path = names.join(" → ");
    let closing = &names[0];
    let mut diagnostic = match lens {
        Some(lens) => Diagnostic::new(
            Code::LensLoop,
            format!("the lens `{}` depends on its own answer: {path} → {closing}", ruleset.lenses[lens].name),
        ),
        None => Diagnostic::new(
            Code::NegationLoop,
            format!("`{closing}` depends on its own denial or count: {path} → {closing}"),
        ),
    };
    diagnostic = diagnostic.at(edge.span, format!("{} needs this", names[0]));
    for (at, (_, edge)) in way.iter().enumerate().skip(1) {
        diagnostic = diagnostic.at(edge.span, format!("{} needs this", names[at]));
    }
    if let Some((_, last)) = way.last()
        && way.len() == 1
        && last.span != edge.span
    {
        diagnostic = diagnostic.at(last.span, "and this leads back");
    }
    diagnostic.help("break the loop: say one of these sentences in terms of facts alone")
}

/// The edges from `start` back to `goal`: each node reached with the edge that left it for the next.
fn way_back(graph: &Graph, start: usize, goal: usize) -> Vec<(usize, Edge)> {
    if start == goal {
        return Vec::new();
    }
    let component = graph.component[goal];
    let mut came: Vec<Option<(usize, Edge)>> = vec![None; graph.nodes.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for edge in &graph.edges[node] {
            if graph.component[edge.to] == component && came[edge.to].is_none() && edge.to != start {
                came[edge.to] = Some((node, *edge));
                queue.push_back(edge.to);
            }
        }
        if came[goal].is_some() {
            break;
        }
    }
    let mut way = Vec::new();
    let mut at = goal;
    while at != start {
        let Some((before, edge)) = came[at] else { break };
        way.push((before, edge));
        at = before;
    }
    way.reverse();
    way
}

fn name(ruleset: &Ruleset, node: Node) -> String {
    match node {
        Node::Relation(relation) => {
            let relation = &ruleset.relations[relation];
            let parts = relation.readings.first().map_or(&[][..], |reading| reading.parts.as_slice());
            show_parts(parts, |slot| relation.slots[slot].name.clone())
        }
        Node::Population(question) => format!("the population of {}", ruleset.questions[question].name),
        Node::Lens(lens) => format!("lens {}", ruleset.lenses[lens].name),
    }
}
