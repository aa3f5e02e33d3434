//! Who is classified may not depend on how they are classified.

use std::collections::BTreeSet;

use super::graph::{Graph, Node};
use crate::diag::{Code, Diagnostic};
use crate::model::clause::clauses;
use crate::model::ir::{Atom, AtomSource, Clause, Cond, LensId, Otherwise, RelationId, Ruleset, VerdictId};

pub(super) fn check(ruleset: &Ruleset, graph: &Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        if let Node::Population(question) = node
            && let Some(lens) = reaches_lens(graph, at)
        {
            let (question, lens) = (&ruleset.questions[*question], &ruleset.lenses[lens]);
            found.push(
                Diagnostic::new(Code::BadPopulation, format!("`among` depends on the lens `{}`", lens.name))
                    .at(question.span, "who is asked about must follow from facts alone")
                    .at(lens.span, "this lens")
                    .help("leave the lens out of `among` and of every sentence it uses"),
            );
        }
    }
    for clause in clauses(ruleset) {
        atoms(clause, &mut |atom| found.extend(open_population(ruleset, atom)));
    }
    found
}

fn reaches_lens(graph: &Graph, start: usize) -> Option<LensId> {
    let mut seen = vec![false; graph.nodes.len()];
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        if let Node::Lens(lens) = graph.nodes[node] {
            return Some(lens);
        }
        for edge in &graph.edges[node] {
            if !std::mem::replace(&mut seen[edge.to], true) {
                stack.push(edge.to);
            }
        }
    }
    None
}

/// Without `among`, whom a lens's `otherwise` reaches is not known while rules are worked out.
fn open_population(ruleset: &Ruleset, atom: &Atom) -> Option<Diagnostic> {
    let problem = match &atom.source {
        AtomSource::Relation(_) => return None,
        AtomSource::Verdict { question, verdict, lenses, .. } => {
            if ruleset.questions[*question].among.is_some() {
                return None;
            }
            let lens = lenses.iter().find(|lens| otherwise_gives(ruleset, **lens, *verdict))?;
            format!("`{}` gives this verdict by its `otherwise`", ruleset.lenses[*lens].name)
        }
        AtomSource::Disagree { question, .. } => {
            if ruleset.questions[*question].among.is_some() {
                return None;
            }
            "disagreement is asked of a question without `among`".to_owned()
        }
    };
    Some(
        Diagnostic::new(Code::BadPopulation, problem)
            .at(atom.span, "whom this is about is not known yet")
            .help("give the question an `among`, or ask for a verdict that only rows give"),
    )
}

fn otherwise_gives(ruleset: &Ruleset, lens: LensId, verdict: VerdictId) -> bool {
    let mut at = lens;
    for _ in 0..=ruleset.lenses.len() {
        match ruleset.lenses[at].otherwise {
            Otherwise::Nothing => return false,
            Otherwise::Verdict(given, _) => return given == verdict,
            Otherwise::As(other, _) => at = other,
        }
        // A lens taken over gives its rows' verdicts to whomever ours leave, so they count too.
        if ruleset.lenses[at].rows.iter().any(|row| row.verdict == verdict) {
            return true;
        }
    }
    true
}

/// The relations whose facts are counted or added up somewhere.
pub(crate) fn aggregated(ruleset: &Ruleset) -> BTreeSet<RelationId> {
    let mut out = BTreeSet::new();
    for clause in clauses(ruleset) {
        for cond in std::iter::once(&clause.when).chain(&clause.unless) {
            aggregated_in(cond, &mut out);
        }
    }
    out
}

fn aggregated_in(cond: &Cond, out: &mut BTreeSet<RelationId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| aggregated_in(part, out)),
        Cond::Not(inner, _) => aggregated_in(inner, out),
        Cond::Compare { .. } | Cond::Let { .. } => cond.aggregated(&mut |body| {
            atoms_of(body, &mut |atom| {
                if let AtomSource::Relation(relation) = atom.source {
                    out.insert(relation);
                }
            });
        }),
        Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
}

/// Calls `visit` with every sentence of a clause.
pub(crate) fn atoms<'c>(clause: &'c Clause, visit: &mut impl FnMut(&'c Atom)) {
    atoms_of(&clause.when, visit);
    if let Some(unless) = &clause.unless {
        atoms_of(unless, visit);
    }
}

/// Calls `visit` with every sentence of a condition.
pub(crate) fn atoms_of<'c>(cond: &'c Cond, visit: &mut impl FnMut(&'c Atom)) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| atoms_of(part, visit)),
        Cond::Not(inner, _) => atoms_of(inner, visit),
        Cond::Atom(atom) => visit(atom),
        Cond::Compare { .. } | Cond::Let { .. } => {
            let mut bodies = Vec::new();
            cond.aggregated(&mut |body| bodies.push(body));
            bodies.into_iter().for_each(|body| atoms_of(body, visit));
        }
        Cond::IsKind { .. } | Cond::Stated { .. } => {}
    }
}
