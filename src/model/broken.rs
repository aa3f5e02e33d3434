//! Which sorts of declaration could not be read, so that what depends on them is not reported too.

use super::resolver::Resolver;
use crate::base::FileId;
use crate::syntax::ast::{Ast, ItemKind};

/// What is broken.
#[derive(Default, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one per sort of declaration, not a state")]
pub(super) struct Broken {
    pub kinds: bool,
    pub relations: bool,
    pub lenses: bool,
    pub questions: bool,
    pub parameters: bool,
    pub others: bool,
}

impl Broken {
    pub fn any(&self) -> bool {
        self.kinds || self.relations || self.lenses || self.questions || self.parameters || self.others
    }
}

impl Resolver<'_> {
    /// Looks at what each unreadable declaration was going to be.
    pub fn note_broken(&mut self, files: &[(FileId, Ast)]) {
        for item in files.iter().flat_map(|(_, ast)| &ast.items) {
            if !matches!(item.kind, ItemKind::Broken) {
                continue;
            }
            let text = self.sources.slice(item.span);
            match text
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default()
                .to_lowercase()
                .as_str()
            {
                "kind" | "kinds" => self.broken.kinds = true,
                "relation" | "relations" => self.broken.relations = true,
                "lens" => self.broken.lenses = true,
                "question" => self.broken.questions = true,
                "parameter" => self.broken.parameters = true,
                "never" | "panel" | "scenario" | "facts" | "define" | "from" => self.broken.others = true,
                // A declaration that begins like none may be any of them.
                _ => {
                    self.broken = Broken {
                        kinds: true,
                        relations: true,
                        lenses: true,
                        questions: true,
                        parameters: true,
                        others: true,
                    }
                }
            }
        }
    }
}
