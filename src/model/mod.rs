//! What a ruleset means: names become ids, sentences atoms, words variables.
//! Takes the files' syntax, hands on a `Model` for tools and, without errors, a `Ruleset`.

mod aggregates;
mod allowed;
mod broken;
pub(crate) mod canonical;
pub(crate) mod checks;
pub(crate) mod clause;
mod declare;
mod exprs;
mod ir;
mod lens;
mod meant;
pub(crate) mod raw;
pub(crate) mod readings;
mod relations;
mod repeats;
mod resolver;
mod scenario;
mod settle;
mod statements;
mod table;
mod types;
mod variables;
mod walk;
mod world;

pub use ir::*;

/// The most verdicts a question may have.
pub const MOST_VERDICTS: usize = 62;

use crate::base::{FileId, SourceMap};
use crate::diag::Diagnostic;
use crate::syntax::ast::{Ast, FactLine};
use crate::value::ValueKind;

/// What could be made of a ruleset, errors or not.
#[derive(Clone, Debug)]
pub struct Model {
    partial: Ruleset,
    /// Everything that is wrong or doubtful, in order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

impl Model {
    /// The ruleset, if no error was found.
    pub fn ruleset(&self) -> Option<&Ruleset> {
        (!self.diagnostics.iter().any(Diagnostic::is_error)).then_some(&self.partial)
    }

    /// What was understood, even where there are errors: for tools that list or complete, not for
    /// evaluation.
    pub fn partial(&self) -> &Ruleset {
        &self.partial
    }
}

/// Finds the meaning of a ruleset's files.
pub fn resolve(sources: &SourceMap, files: &[(FileId, Ast)]) -> Model {
    let mut resolver = resolver::Resolver::new(sources);
    resolver.note_broken(files);
    declare::declare(&mut resolver, files);
    lens::resolve_rules(&mut resolver, files);
    scenario::resolve_worlds(&mut resolver, files);
    if !resolver.has_errors() {
        checks::check(&mut resolver);
    }
    let (partial, mut diagnostics) = resolver.finish();
    allowed::apply(files, &mut diagnostics);
    Model { partial, diagnostics }
}

/// What facts that stand beside a sound ruleset state, and what is wrong with them.
pub fn statements(
    sources: &SourceMap,
    files: &[(FileId, Ast)],
    lines: &[FactLine],
) -> (Statements, Vec<Diagnostic>) {
    let mut resolver = resolver::Resolver::new(sources);
    declare::declare(&mut resolver, files);
    let known = resolver.reported();
    let mut statements = Statements::default();
    for line in lines {
        resolver.state(line, &mut statements);
    }
    let (_, mut diagnostics) = resolver.finish();
    (statements, diagnostics.split_off(known))
}

impl Ruleset {
    /// The domain whose ids stand in slots of this type.
    pub fn domain_of(&self, ty: Ty) -> DomainId {
        match ty {
            Ty::Thing(kind) => self.kinds[kind].domain,
            Ty::Value(kind) => {
                let values = self.domains.len() - ValueKind::ALL.len();
                DomainId((values + kind as usize) as u32)
            }
        }
    }

    /// Whether `kind` is `other` or a part of it.
    pub fn is_part_of(&self, kind: KindId, other: KindId) -> bool {
        let mut at = Some(kind);
        while let Some(this) = at {
            if this == other {
                return true;
            }
            at = self.kinds[this].parent;
        }
        false
    }

    /// The relations whose facts some rule counts or adds up.
    pub fn aggregated(&self) -> std::collections::BTreeSet<RelationId> {
        checks::aggregated(self)
    }

    /// Whether some rule concludes this relation.
    pub fn is_derived(&self, relation: RelationId) -> bool {
        !self.relations[relation].rules.is_empty()
    }

    /// The rules that conclude one of these relations, in order.
    pub fn rules_of<'r>(
        &'r self,
        members: &[RelationId],
    ) -> impl Iterator<Item = (RuleId, &'r Rule)> + use<'r> {
        let mut ids: Vec<RuleId> =
            members.iter().flat_map(|relation| &self.relations[*relation].rules).copied().collect();
        ids.sort_unstable();
        ids.into_iter().map(|id| (id, &self.rules[id]))
    }

    /// The lenses of a question, in order of declaration.
    pub fn lenses_of(&self, question: QuestionId) -> impl Iterator<Item = LensId> + '_ {
        self.lenses.iter_enumerated().filter(move |(_, lens)| lens.question == question).map(|(id, _)| id)
    }

    /// The name of a type as rulesets write it.
    pub fn type_name(&self, ty: Ty) -> &str {
        match ty {
            Ty::Thing(kind) => &self.kinds[kind].name,
            Ty::Value(kind) => kind.name(),
        }
    }
}
