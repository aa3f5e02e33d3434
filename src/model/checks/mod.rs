//! Checks on a ruleset in which every name is known: loops, kept values, populations,
//! contradictions. One file per check.

mod contradiction;
mod graph;
mod keeping;
mod loops;
mod population;
mod subsumed;
mod unused;

pub(crate) use graph::{Graph, Node};
pub(crate) use population::{aggregated, atoms, atoms_of};

use super::resolver::Resolver;

/// Runs all checks.
pub(super) fn check(resolver: &mut Resolver<'_>) {
    let graph = Graph::new(&resolver.out);
    let mut found = loops::check(&resolver.out, &graph);
    found.extend(population::check(&resolver.out, &graph));
    found.extend(keeping::check(&resolver.out, &graph));
    found.extend(contradiction::check(&resolver.out));
    if found.is_empty() {
        found.extend(subsumed::check(&resolver.out));
        found.extend(unused::check(&resolver.out));
    }
    for diagnostic in found {
        resolver.report(diagnostic);
    }
}
