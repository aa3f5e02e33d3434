//! Parses one logical line by a rule of the grammar; collects what cannot be read.

use pest::Parser;
use pest::iterators::Pair;

use super::split::Segment;
use super::{Grammar, MOST_DIAGNOSTICS, Rule, errors};
use crate::base::{FileId, InOrder, Span};
use crate::diag::Diagnostic;

/// The file being read.
pub(super) struct Lines<'t> {
    pub file: FileId,
    pub text: &'t str,
    diagnostics: Vec<Diagnostic>,
}

/// A line parsed: its pairs, and where in the file it begins.
pub(super) struct Line<'t> {
    pub pair: Pair<'t, Rule>,
    pub base: Base,
}

/// Where a line begins: turns places in it into places in the file.
#[derive(Clone, Copy)]
pub(super) struct Base {
    file: FileId,
    start: usize,
}

impl Base {
    pub fn span(self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        // Trailing blanks and comments belong to no part.
        let trimmed = errors::without_trailing(span.as_str());
        Span::new(self.file, self.start + span.start(), self.start + span.start() + trimmed.len())
    }
}

impl<'t> Lines<'t> {
    pub fn new(file: FileId, text: &'t str, diagnostics: Vec<Diagnostic>) -> Self {
        Self { file, text, diagnostics }
    }

    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.order_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
        self.diagnostics
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MOST_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    pub fn span(&self, segment: &Segment) -> Span {
        Span::new(self.file, segment.start, segment.end)
    }

    pub fn str(&self, segment: &Segment) -> &'t str {
        &self.text[segment.start..segment.end]
    }

    /// Parses a segment by a rule; reports it, with `form` as an example, where it does not fit.
    pub fn parse(&mut self, segment: &Segment, rule: Rule, form: &'static str) -> Option<Line<'t>> {
        let text = self.str(segment);
        match Grammar::parse(rule, text) {
            Ok(mut pairs) => {
                let base = Base { file: self.file, start: segment.start };
                pairs.next().map(|pair| Line { pair, base })
            }
            Err(error) => {
                let diagnostic = errors::describe(self.span(segment), text, &error, form);
                self.report(diagnostic);
                None
            }
        }
    }

    /// Parses a segment by a rule that it may or may not fit.
    pub fn try_parse(&self, segment: &Segment, rule: Rule) -> Option<Line<'t>> {
        let base = Base { file: self.file, start: segment.start };
        Grammar::parse(rule, self.str(segment))
            .ok()
            .and_then(|mut pairs| pairs.next())
            .map(|pair| Line { pair, base })
    }
}
