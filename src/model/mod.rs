//! What a ruleset means: names become ids, sentences atoms, words variables.
//! Takes the files' syntax, hands on a `Model` for tools and, without errors, a `Ruleset`.

mod ir;

pub use ir::*;

impl Ruleset {
    /// The domain whose ids stand in slots of this type.
    pub fn domain_of(&self, ty: Ty) -> DomainId {
        match ty {
            Ty::Thing(kind) => self.kinds[kind].domain,
            Ty::Value(kind) => {
                let values = self.domains.len() - crate::value::ValueKind::ALL.len();
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

    /// The lenses of a question, in order of declaration.
    pub fn lenses_of(&self, question: QuestionId) -> impl Iterator<Item = LensId> + '_ {
        self.lenses.iter_enumerated().filter(move |(_, lens)| lens.question == question).map(|(id, _)| id)
    }
}
