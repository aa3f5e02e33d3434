//! The lossless tree: stretches of text that together are the source.

use std::fmt::Write as _;

use super::split::{Segment, SegmentKind};

/// A file's text in stretches.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) segments: Vec<Segment>,
}

impl Tree {
    /// The comments that stand between lines or after them, as byte ranges.
    pub fn comments(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.segments
            .iter()
            .filter(|segment| segment.kind == SegmentKind::Comment)
            .map(|segment| (segment.start, segment.end))
    }

    /// The stretches put together again.
    pub fn source(&self, text: &str) -> String {
        self.segments.iter().map(|segment| &text[segment.start..segment.end]).collect()
    }

    /// One line per stretch that is not blank.
    pub fn print(&self, text: &str) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            let kind = match segment.kind {
                SegmentKind::Blank => continue,
                SegmentKind::Comment => "comment",
                SegmentKind::Line { broken: false } => "line",
                SegmentKind::Line { broken: true } => "broken line",
                SegmentKind::Open => "open",
                SegmentKind::Close => "close",
            };
            let content = &text[segment.start..segment.end];
            let _ = writeln!(out, "{}..{} {kind} {content:?}", segment.start, segment.end);
        }
        out
    }
}
