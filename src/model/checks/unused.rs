//! Declarations that nothing uses.

use std::collections::BTreeSet;

use super::population::atoms;
use crate::base::Span;
use crate::diag::{Code, Diagnostic};
use crate::model::clause::clauses;
use crate::model::clause::parameters_of;
use crate::model::ir::{
    AtomSource, Cond, ExpectationKind, KindId, ParameterId, RelationId, Ruleset, Term, Ty,
};
use crate::model::raw::show_parts;

pub(super) fn check(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut found = relations(ruleset);
    found.extend(parameters(ruleset));
    found.extend(kinds(ruleset));
    found
}

fn unused(what: &str, name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::Unused, format!("the {what} `{name}` is used nowhere"))
        .at(span, "no rule speaks of it")
        .help("use it, or delete it")
}

fn relations(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut used: BTreeSet<RelationId> = BTreeSet::new();
    for clause in clauses(ruleset) {
        atoms(clause, &mut |atom| {
            if let AtomSource::Relation(relation) = atom.source {
                used.insert(relation);
            }
        });
    }
    used.extend(ruleset.repeats.iter().map(|repeat| repeat.relation));
    // A definition may be there for its own sake: a scenario tests it.
    for scenario in &ruleset.scenarios {
        used.extend(scenario.expectations.iter().filter_map(|expectation| match expectation.kind {
            ExpectationKind::Plain(relation, _) => Some(relation),
            _ => None,
        }));
    }
    ruleset
        .relations
        .iter_enumerated()
        .filter(|(id, _)| !used.contains(id))
        .map(|(_, relation)| {
            let parts = relation.readings.first().map_or(&[][..], |reading| reading.parts.as_slice());
            let name = show_parts(parts, |slot| ruleset.type_name(relation.slots[slot].ty).to_owned());
            unused("relation", &name, relation.span)
        })
        .collect()
}

fn parameters(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut named: BTreeSet<ParameterId> = clauses(ruleset).flat_map(parameters_of).collect();
    named.extend(ruleset.rules.iter().flat_map(|rule| &rule.head).filter_map(|term| match term {
        Term::Parameter(parameter) => Some(*parameter),
        Term::Var(_) | Term::Constant(_) => None,
    }));
    ruleset
        .parameters
        .iter_enumerated()
        .filter(|(id, parameter)| parameter.name != "today" && !named.contains(id))
        .map(|(_, parameter)| unused("parameter", &parameter.name, parameter.span))
        .collect()
}

fn kinds(ruleset: &Ruleset) -> Vec<Diagnostic> {
    let mut used: BTreeSet<KindId> = BTreeSet::new();
    let mut add = |ty: Ty| {
        let mut at = match ty {
            Ty::Thing(kind) => Some(kind),
            Ty::Value(_) => None,
        };
        while let Some(kind) = at {
            used.insert(kind);
            at = ruleset.kinds[kind].parent;
        }
    };
    for relation in &ruleset.relations {
        relation.slots.iter().for_each(|slot| add(slot.ty));
    }
    for question in &ruleset.questions {
        question.slots.iter().for_each(|slot| add(slot.ty));
    }
    for clause in clauses(ruleset) {
        clause.vars.iter().for_each(|var| add(var.ty));
        kinds_in(&clause.when, &mut add);
        clause.unless.iter().for_each(|unless| kinds_in(unless, &mut add));
    }
    ruleset
        .kinds
        .iter_enumerated()
        .filter(|(id, _)| !used.contains(id))
        .map(|(_, kind)| unused("kind", &kind.name, kind.span))
        .collect()
}

fn kinds_in(cond: &Cond, add: &mut impl FnMut(Ty)) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| kinds_in(part, add)),
        Cond::Not(inner, _) => kinds_in(inner, add),
        Cond::IsKind { kind, .. } => add(Ty::Thing(*kind)),
        Cond::Compare { .. } | Cond::Let { .. } => {
            let mut bodies = Vec::new();
            cond.aggregated(&mut |body| bodies.push(body));
            bodies.into_iter().for_each(|body| kinds_in(body, add));
        }
        Cond::Atom(_) | Cond::Stated { .. } => {}
    }
}
