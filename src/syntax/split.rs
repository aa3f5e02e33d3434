//! Cuts a text into logical lines and braces, in one pass and without nesting, so that an error in
//! one line leaves its neighbours sound. Takes the text, hands on `Segment`s that cover it.

use crate::base::{FileId, Span};
use crate::diag::{Code, Diagnostic, Fix};

/// The deepest brackets may nest.
const DEEPEST: usize = 64;
/// The longest a logical line may be, in bytes.
const LONGEST: usize = 1 << 20;

/// A stretch of the text; all of them together are the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// What it is.
    pub kind: SegmentKind,
    /// First byte.
    pub start: usize,
    /// Past the last byte.
    pub end: usize,
}

/// What a stretch of text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegmentKind {
    /// Blanks and line ends between lines.
    Blank,
    /// A comment between lines, or after one, without its line end.
    Comment,
    /// A logical line; comments may stand inside it.
    Line {
        /// Whether something in it was reported already, so that it is not read any further.
        broken: bool,
    },
    /// `{`.
    Open,
    /// `}`.
    Close,
}

/// Words a line begins with that goes on with the line before.
const CONTINUES: [&str; 7] = ["when", "and", "or", "unless", "among", "where", "according"];

/// Words after which a line is no whole one.
const LEAVES_OPEN: [&str; 3] = ["and", "or", "not"];

/// What operators end with, or begin with: such a line is no whole one.
const OPERATORS: &[u8] = b"+*/^=<>|";

/// Words a declaration begins with.
pub(super) const DECLARES: [&str; 18] = [
    "ruleset",
    "language",
    "use",
    "kind",
    "relation",
    "define",
    "question",
    "lens",
    "never",
    "parameter",
    "panel",
    "weight",
    "label",
    "slice",
    "changeable",
    "allow",
    "scenario",
    "facts",
];

/// Cuts the text.
pub fn split(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Segment> {
    let mut splitter =
        Splitter { file, text, bytes: text.as_bytes(), at: 0, segments: Vec::new(), diagnostics };
    splitter.run();
    splitter.segments
}

struct Splitter<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    segments: Vec<Segment>,
    diagnostics: &'t mut Vec<Diagnostic>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        while self.at < self.bytes.len() {
            let start = self.at;
            match self.bytes[start] {
                b' ' | b'\t' | b'\r' | b'\n' => {
                    let blank =
                        self.bytes[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    self.push(SegmentKind::Blank, start, start + blank);
                }
                b'#' => {
                    let end = self.line_end(start);
                    self.push(SegmentKind::Comment, start, end);
                }
                b'{' => self.push(SegmentKind::Open, start, start + 1),
                b'}' => self.push(SegmentKind::Close, start, start + 1),
                _ => self.line(start),
            }
        }
    }

    fn push(&mut self, kind: SegmentKind, start: usize, end: usize) {
        self.segments.push(Segment { kind, start, end });
        self.at = end;
    }

    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |at| from + at)
    }

    /// One logical line from `start`; ends before a brace, and before a line end that nothing joins
    /// to what follows.
    fn line(&mut self, start: usize) {
        let mut scan =
            Scan { at: start, end: start, depth: 0, deepest: 0, open: Vec::new(), broken: false, last: 0 };
        while scan.at < self.bytes.len() {
            match self.bytes[scan.at] {
                b'\n' => {
                    if !self.goes_on(&scan) {
                        break;
                    }
                    scan.at += 1;
                }
                b'#' => scan.at = self.line_end(scan.at),
                b'{' | b'}' => break,
                b'"' | b'`' => self.quoted(&mut scan),
                b'(' => {
                    scan.depth += 1;
                    scan.deepest = scan.deepest.max(scan.depth);
                    if scan.depth <= DEEPEST {
                        scan.open.push(scan.at);
                    }
                    scan.step();
                }
                b')' => self.close(&mut scan),
                byte if byte.is_ascii_whitespace() => scan.at += 1,
                byte if byte < 0x20 || byte == 0x7f => {
                    self.bad_character(scan.at);
                    scan.broken = true;
                    scan.step();
                }
                byte => {
                    scan.last = byte;
                    scan.step();
                }
            }
        }
        self.finish(start, scan);
    }

    fn finish(&mut self, start: usize, mut scan: Scan) {
        if scan.deepest > DEEPEST {
            scan.broken = true;
            let place = scan.open.last().copied().unwrap_or(start);
            self.report(
                Diagnostic::new(Code::TooDeep, format!("brackets nest {} deep", scan.deepest))
                    .at(self.span(place, place + 1), "too deep from here on")
                    .help(format!(
                        "at most {DEEPEST} levels can be read; define part of it as a sentence of its own"
                    )),
            );
        } else if let (true, Some(open)) = (scan.depth > 0, scan.open.last().copied()) {
            scan.broken = true;
            self.report(
                Diagnostic::new(Code::UnclosedBlock, "a bracket is not closed")
                    .at(self.span(open, open + 1), "opened here")
                    .help("add `)` where it ends")
                    .fix(Fix::replace("add `)`", self.span(scan.end, scan.end), ")", false)),
            );
        }
        if scan.end - start > LONGEST {
            scan.broken = true;
            self.report(
                Diagnostic::new(Code::TooLong, "a line is too long to be read")
                    .at(self.span(start, start + 1), "begins here")
                    .help("a line may have up to a million characters; break it into several"),
            );
        }
        self.push(SegmentKind::Line { broken: scan.broken }, start, scan.end);
    }

    fn quoted(&mut self, scan: &mut Scan) {
        let quote = self.bytes[scan.at];
        let start = scan.at;
        let mut at = start + 1;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\n' => break,
                b'\\' if quote == b'"' && self.bytes.get(at + 1).is_some_and(|next| *next != b'\n') => {
                    at += 2;
                }
                _ if byte == quote => {
                    scan.at = at;
                    scan.last = quote;
                    scan.step();
                    return;
                }
                _ => {
                    if byte < 0x20 && byte != b'\t' && byte != b'\r' {
                        self.bad_character(at);
                        scan.broken = true;
                    }
                    at += 1;
                }
            }
        }
        let at = at.min(self.bytes.len());
        scan.broken = true;
        scan.at = at;
        scan.end = self.text[..at].trim_end().len();
        let what =
            if quote == b'"' { "a quoted text is not closed" } else { "a column's name is not closed" };
        let mark = char::from(quote);
        self.report(
            Diagnostic::new(Code::UnclosedString, what)
                .at(self.span(start, start + 1), "begins here")
                .help(format!("add `{mark}` where it ends; it must end on the same line"))
                .fix(Fix::replace(format!("add `{mark}`"), self.span(scan.end, scan.end), mark, false)),
        );
    }

    fn close(&mut self, scan: &mut Scan) {
        if scan.depth == 0 {
            if !scan.broken {
                self.report(
                    Diagnostic::new(Code::StrayClose, "a bracket closes nothing")
                        .at(self.span(scan.at, scan.at + 1), "nothing is open here")
                        .help("delete it, or add `(` where it begins")
                        .fix(Fix::replace("delete it", self.span(scan.at, scan.at + 1), "", false)),
                );
            }
            scan.broken = true;
        } else {
            scan.depth -= 1;
            if scan.depth < DEEPEST {
                scan.open.truncate(scan.depth);
            }
        }
        scan.last = b')';
        scan.step();
    }

    /// Whether the logical line goes on past the line end at `scan.at`.
    fn goes_on(&self, scan: &Scan) -> bool {
        let Some(next) = self.next_text(scan.at) else { return false };
        let word = first_word(&self.text[next..]);
        let at_margin = next == 0 || self.bytes[next - 1] == b'\n';
        if self.bytes[next] == b'}' || scan.depth > 0 && at_margin && is_declaration(word) {
            return false;
        }
        let dash = scan.last == b'-' && self.bytes[..scan.end].len() > 1 && self.bytes[scan.end - 2] == b' ';
        let begins_on = match self.bytes[next] {
            // A sign has no blank after it.
            b'-' => self.bytes.get(next + 1).is_some_and(u8::is_ascii_whitespace),
            b'!' => true,
            // Marks that a merge left are no operators.
            byte => OPERATORS.contains(&byte) && !self.bytes[next..].starts_with(&[byte; 3]),
        };
        let is_open = dash || scan.last == b',' || scan.last == b';' || OPERATORS.contains(&scan.last);
        let last = last_word(&self.text[..scan.end]);
        let is_left_open = LEAVES_OPEN.contains(&last) && !(at_margin && is_declaration(word));
        scan.depth > 0 || is_open || is_left_open || begins_on || CONTINUES.contains(&word)
    }

    /// The first byte after `from` that is neither blank nor in a comment.
    fn next_text(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            match *self.bytes.get(at)? {
                b'#' => at = self.line_end(at),
                byte if byte.is_ascii_whitespace() => at += 1,
                _ => return Some(at),
            }
        }
    }

    fn bad_character(&mut self, at: usize) {
        let code = self.bytes[at];
        self.report(
            Diagnostic::new(
                Code::BadCharacter,
                format!("the control character U+{code:04X} cannot stand here"),
            )
            .at(self.span(at, at + 1), "here")
            .help("delete it")
            .fix(Fix::replace("delete it", self.span(at, at + 1), "", false)),
        );
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end.min(self.bytes.len()))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < super::MOST_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// The state within one logical line.
struct Scan {
    at: usize,
    /// Past the last byte that belongs to the line.
    end: usize,
    depth: usize,
    deepest: usize,
    /// Where the open brackets stand, down to the deepest allowed.
    open: Vec<usize>,
    broken: bool,
    last: u8,
}

impl Scan {
    fn step(&mut self) {
        self.at += 1;
        self.end = self.at;
    }
}

/// The word a text begins with.
pub(crate) fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    &text[..end]
}

/// The word a text ends with, where a blank stands before it.
fn last_word(text: &str) -> &str {
    text.rsplit_once(char::is_whitespace).map_or("", |(_, word)| word)
}

pub(super) fn is_declaration(word: &str) -> bool {
    DECLARES.contains(&word) || word == "from"
}
