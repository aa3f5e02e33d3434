//! The one way rulesets are laid out: two-space indent, what belongs together aligned, 100 columns.
//! Takes a text, hands on a text of the same meaning with every comment kept.

mod layout;
mod lexer;

use crate::base::{FileId, SourceMap};
use crate::diag::Diagnostic;
use crate::syntax::parse;
use crate::syntax::split::{Segment, SegmentKind, split};

use layout::Page;

/// Lays a text out; `None` where it has errors of syntax.
pub fn format(text: &str) -> Option<String> {
    let mut sources = SourceMap::default();
    let file = sources.add("", text);
    if parse(file, text).diagnostics.iter().any(Diagnostic::is_error) {
        return None;
    }
    let segments = split(FileId(0), text, &mut Vec::new());
    let mut page = Page::new(text);
    for (at, segment) in segments.iter().enumerate() {
        let source = &text[segment.start..segment.end];
        match segment.kind {
            SegmentKind::Blank => page.blank(source.bytes().filter(|byte| *byte == b'\n').count() > 1),
            SegmentKind::Comment if follows_on_line(text, &segments, at) => page.trailing(source.trim_end()),
            SegmentKind::Comment => page.comment(source.trim_end()),
            SegmentKind::Line { .. } => page.line(segment, opens(&segments, at)),
            SegmentKind::Open => page.open(),
            SegmentKind::Close => page.close(),
        }
    }
    Some(page.finish())
}

/// Whether something stands before a comment on its line.
fn follows_on_line(text: &str, segments: &[Segment], at: usize) -> bool {
    let start = segments[at].start;
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    !text[line..start].trim().is_empty()
}

fn opens(segments: &[Segment], at: usize) -> bool {
    segments[at + 1..]
        .iter()
        .find(|segment| !matches!(segment.kind, SegmentKind::Blank | SegmentKind::Comment))
        .is_some_and(|segment| segment.kind == SegmentKind::Open)
}

#[cfg(test)]
mod tests;
