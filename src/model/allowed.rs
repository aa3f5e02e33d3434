//! `allow LINT "reason"`: warnings about a declaration that its author knows and means.

use crate::base::FileId;
use crate::diag::{Code, Diagnostic, TABLE, nearest};
use crate::syntax::ast::Ast;

/// Takes out the warnings that are allowed; reports what cannot be allowed.
pub(super) fn apply(files: &[(FileId, Ast)], diagnostics: &mut Vec<Diagnostic>) {
    let mut found = Vec::new();
    for item in files.iter().flat_map(|(_, ast)| &ast.items) {
        for allow in &item.allows {
            let Some(code) = Code::find(&allow.lint.text).filter(|code| code.name() >= "PX09") else {
                let lints = || TABLE.iter().map(|entry| entry.name).filter(|name| *name >= "PX09");
                let near = nearest(&allow.lint.text.to_uppercase(), lints());
                let known = lints().collect::<Vec<_>>().join(", ");
                found.push(
                    Diagnostic::new(Code::UnknownName, format!("`{}` cannot be allowed", allow.lint.text))
                        .at(allow.lint.span, "no code of a warning")
                        .help(near.map_or_else(
                            || format!("there are {known}"),
                            |near| format!("did you mean `{near}`?"),
                        )),
                );
                continue;
            };
            diagnostics.retain(|diagnostic| {
                let inside = diagnostic.labels.first().is_some_and(|label| {
                    label.span.file == item.span.file
                        && item.span.start <= label.span.start
                        && label.span.end <= item.span.end
                });
                diagnostic.is_error() || diagnostic.code != code || !inside
            });
        }
    }
    diagnostics.extend(found);
}
