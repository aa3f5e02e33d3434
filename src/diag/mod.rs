//! One form of diagnostic, the table of codes and near-name hints.
//! Every stage hands on `Vec<Diagnostic>`; how they look is `render`'s business alone.

mod codes;
mod near;
pub mod render;

pub use codes::{Code, CodeEntry, Severity, TABLE, page};
pub use near::nearest;

use crate::base::Span;

/// Something a person must know about their ruleset or data.
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnostic {
    /// The stable code; its page stands in `docs/errors/`.
    pub code: Code,
    /// Error, warning or advice.
    pub severity: Severity,
    /// What is wrong: one line, lower case, no full stop, user text in backticks.
    pub message: String,
    /// Where; the first is the cause, the others explain it.
    pub labels: Vec<Label>,
    /// The place in data, where the cause is a cell or a row and not a ruleset's text.
    pub data: Option<DataPlace>,
    /// What to do.
    pub help: Option<String>,
    /// A repair that compiles.
    pub fix: Option<Fix>,
}

/// A marked place with what is to be said there.
#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is said there; may be empty.
    pub text: String,
}

/// A place in a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DataPlace {
    /// The file's name as the ruleset writes it.
    pub file: String,
    /// The line the row starts at, from 1, the header included; 0 where no row is meant.
    pub row: u64,
    /// Whether `row` counts rows, for want of lines.
    pub by_row: bool,
    /// The column's name.
    pub column: Option<String>,
    /// The cell as it stands in the file.
    pub raw: Option<String>,
    /// What was expected there.
    pub expected: Option<String>,
    /// How many other cells have the same fault.
    pub others: u64,
}

/// Edits that repair the cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What the repair does, as an imperative.
    pub title: String,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
    /// Whether it keeps the meaning, so that `check --fix` may apply it unasked.
    pub safe: bool,
}

/// Replace the bytes of `span` by `text`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Diagnostic {
    /// A diagnostic of the code's own severity, without a place as yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.entry().severity,
            message: message.into(),
            labels: Vec::new(),
            data: None,
            help: None,
            fix: None,
        }
    }

    /// Adds a place; the first added is the cause.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a repair.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Names the place in data.
    #[must_use]
    pub fn data(mut self, place: DataPlace) -> Self {
        self.data = Some(place);
        self
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Fix {
    /// A repair of one edit.
    pub fn replace(title: impl Into<String>, span: Span, text: impl Into<String>, safe: bool) -> Self {
        Self { title: title.into(), edits: vec![Edit { span, text: text.into() }], safe }
    }
}
