//! The texts of a ruleset and the way from a byte offset to line and column.

use std::sync::{Arc, OnceLock};

use super::{FileId, IndexVec, Span};

/// One text with the name it is shown under (relative to where the user pointed).
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as the user would write it, with `/` between its parts.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
    lines: OnceLock<Arc<[u32]>>,
}

/// A line and column, both from 1; the column counts characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// All texts of one ruleset.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: IndexVec<FileId, SourceFile>,
}

impl SourceMap {
    /// Adds a text; its length must be under 4 GiB (the reader bounds it far below).
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(SourceFile { name: name.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// The file of `id`.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id]
    }

    /// All files in the order they were added.
    pub fn files(&self) -> &IndexVec<FileId, SourceFile> {
        &self.files
    }

    /// The text a span covers.
    pub fn slice(&self, span: Span) -> &str {
        &self.files[span.file].text[span.start as usize..span.end as usize]
    }

    /// Line and column of a span's first byte.
    pub fn position(&self, span: Span) -> Position {
        self.files[span.file].position(span.start as usize)
    }

    /// `file:line` of a span, as messages and reports print it.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.files[span.file].name, self.position(span).line)
    }
}

impl SourceFile {
    /// Line and column of a byte offset (clamped to the text).
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start as usize <= offset);
        let start = starts[line - 1] as usize;
        let column = self.text.get(start..offset).map_or(1, |before| before.chars().count() + 1);
        Position { line, column }
    }

    /// Byte offsets at which lines begin; never empty.
    pub fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let after = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at as u32 + 1);
            std::iter::once(0).chain(after).collect()
        })
    }
}
