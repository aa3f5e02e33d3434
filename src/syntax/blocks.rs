//! Puts lines and braces together: declarations, and blocks with their lines.

use super::Rule;
use super::ast::{Allow, Ast, Item, ItemKind};
use super::lines::Lines;
use super::split::{DECLARES, Segment, SegmentKind, first_word, is_declaration};
use super::words::word;
use crate::base::Span;
use crate::diag::{Code, Diagnostic, Fix, nearest};

/// A block's lines with the span of all of it.
pub(super) struct Block<'s> {
    pub lines: Vec<&'s Segment>,
    pub span: Span,
}

/// Reads all declarations of a file.
pub(super) fn read(lines: &mut Lines<'_>, segments: &[Segment]) -> Ast {
    let mut reader = Reader { lines, segments, at: 0 };
    let mut ast = Ast::default();
    let mut allows: Vec<Allow> = Vec::new();
    while let Some(segment) = reader.next() {
        match segment.kind {
            SegmentKind::Line { broken } => {
                let text = reader.lines.str(segment);
                if first_word(text) == "allow" && !broken {
                    allows.extend(reader.lines.allow(segment));
                    continue;
                }
                let item = reader.item(segment, std::mem::take(&mut allows), broken);
                ast.items.push(item);
            }
            SegmentKind::Open => {
                let span = reader.lines.span(segment);
                reader.lines.report(
                    Diagnostic::new(Code::MisplacedStatement, "a block opens without a head")
                        .at(span, "what is this a block of?")
                        .help("write `lens NAME {`, `scenario NAME {`, `facts {` or `from \"file\" {`"),
                );
                let block = reader.block(span);
                ast.items.push(Item { allows: Vec::new(), kind: ItemKind::Broken, span: block.span });
            }
            SegmentKind::Close => {
                let span = reader.lines.span(segment);
                reader.lines.report(
                    Diagnostic::new(Code::StrayClose, "a brace closes nothing")
                        .at(span, "no block is open here")
                        .help("delete it, or open the block before it with `{`")
                        .fix(Fix::replace("delete it", span, "", false)),
                );
            }
            SegmentKind::Blank | SegmentKind::Comment => {}
        }
    }
    ast
}

struct Reader<'r, 't, 's> {
    lines: &'r mut Lines<'t>,
    segments: &'s [Segment],
    at: usize,
}

impl<'s> Reader<'_, '_, 's> {
    /// The next segment that is neither blank nor a comment.
    fn next(&mut self) -> Option<&'s Segment> {
        let segment = self.peek()?;
        self.at += 1;
        Some(segment)
    }

    fn peek(&mut self) -> Option<&'s Segment> {
        while let Some(segment) = self.segments.get(self.at) {
            if !matches!(segment.kind, SegmentKind::Blank | SegmentKind::Comment) {
                return Some(segment);
            }
            self.at += 1;
        }
        None
    }

    fn item(&mut self, head: &Segment, allows: Vec<Allow>, broken: bool) -> Item {
        let span = self.lines.span(head);
        let opens = self.peek().is_some_and(|next| next.kind == SegmentKind::Open);
        let block = opens.then(|| {
            self.next();
            self.block(span)
        });
        let span = block.as_ref().map_or(span, |block| span.to(block.span));
        let kind = if broken { ItemKind::Broken } else { self.declaration(head, block) };
        Item { allows, kind, span }
    }

    /// The lines up to the brace that closes the block; a declaration at the margin ends it too.
    fn block(&mut self, opened: Span) -> Block<'s> {
        let mut lines = Vec::new();
        let mut span = opened;
        while let Some(segment) = self.peek() {
            let text = self.lines.str(segment);
            let at_margin = segment.start == 0 || self.lines.text.as_bytes()[segment.start - 1] == b'\n';
            match segment.kind {
                SegmentKind::Close => {
                    span = span.to(self.lines.span(segment));
                    self.at += 1;
                    return Block { lines, span };
                }
                SegmentKind::Open => {
                    let at = self.lines.span(segment);
                    self.at += 1;
                    self.lines.report(
                        Diagnostic::new(Code::MisplacedStatement, "a block cannot stand inside a block")
                            .at(at, "opens here")
                            .at(opened, "inside this one")
                            .help("close the outer block first"),
                    );
                    let inner = self.block(at);
                    span = span.to(inner.span);
                }
                SegmentKind::Line { .. } if at_margin && is_declaration(first_word(text)) => break,
                SegmentKind::Line { .. } => {
                    span = span.to(self.lines.span(segment));
                    self.at += 1;
                    lines.push(segment);
                }
                SegmentKind::Blank | SegmentKind::Comment => self.at += 1,
            }
        }
        let end = Span { start: span.end, ..span };
        self.lines.report(
            Diagnostic::new(Code::UnclosedBlock, "a block is not closed")
                .at(opened, "opened here")
                .help("add `}` where it ends")
                .fix(Fix::replace("add `}`", end, "\n}", false)),
        );
        Block { lines, span }
    }

    fn declaration(&mut self, head: &Segment, block: Option<Block<'s>>) -> ItemKind {
        let text = self.lines.str(head);
        let keyword = first_word(text);
        let takes_block = matches!(keyword, "lens" | "scenario" | "facts" | "from");
        if takes_block != block.is_some() && is_declaration(keyword) {
            self.report_block(head, keyword, takes_block);
            return ItemKind::Broken;
        }
        let lines = &mut *self.lines;
        match (keyword, block) {
            ("lens", Some(block)) => lines.lens(head, &block),
            ("scenario", Some(block)) => lines.scenario(head, &block),
            ("facts", Some(block)) => lines.facts(head, &block),
            ("from", Some(block)) => lines.from(head, &block),
            ("ruleset", _) => lines.headline(head, Rule::ruleset_line, "ruleset \"Title\""),
            ("language", _) => lines.headline(head, Rule::language_line, "language 1"),
            ("use", _) => lines.headline(head, Rule::use_line, "use \"file.lens\""),
            ("kind", _) => lines.kind(head),
            ("relation", _) => lines.relation(head),
            ("define", _) => lines.define(head),
            ("question", _) => lines.question(head),
            ("never", _) => lines.never(head),
            ("parameter", _) => lines.parameter(head),
            ("panel", _) => lines.panel(head),
            ("weight" | "label" | "changeable" | "slice", _) => lines.repeat(head, keyword),
            _ => {
                self.report_unknown(head, text, keyword);
                ItemKind::Broken
            }
        }
    }

    fn report_block(&mut self, head: &Segment, keyword: &str, takes_block: bool) {
        let span = self.lines.span(head);
        let diagnostic = if takes_block {
            let end = Span { start: span.end, ..span };
            Diagnostic::new(Code::UnclosedBlock, format!("`{keyword}` needs a block"))
                .at(end, "`{` is missing here")
                .help("add `{` at the end of this line and `}` after the last line of the block")
        } else {
            Diagnostic::new(Code::MisplacedStatement, format!("`{keyword}` takes no block"))
                .at(span, "followed by `{`")
                .help("delete the braces")
        };
        self.lines.report(diagnostic);
    }

    fn report_unknown(&mut self, head: &Segment, text: &str, keyword: &str) {
        let span = self.lines.span(head);
        let len = keyword.len().max(text.chars().next().map_or(0, char::len_utf8));
        let at = Span { end: span.start + len as u32, ..span };
        let shown = crate::base::printable(&text[..len]);
        let diagnostic =
            Diagnostic::new(Code::UnknownStatement, format!("no declaration begins with `{shown}`"))
                .at(at, "not known here");
        let lower = keyword.to_lowercase();
        let near = if DECLARES.contains(&lower.as_str()) {
            Some(lower.as_str())
        } else {
            nearest(&lower, DECLARES.iter().copied())
        };
        let diagnostic = match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(Fix::replace(format!("write `{near}`"), at, near, false)),
            None => diagnostic.help(
                "facts stand inside `facts { … }` or a scenario, rows inside `lens NAME { … }`; other lines begin with \
                 `kind`, `relation`, `define`, `question`, `never`, `parameter` or `panel`",
            ),
        };
        self.lines.report(diagnostic);
    }
}

impl Lines<'_> {
    fn allow(&mut self, segment: &Segment) -> Option<Allow> {
        let line = self.parse(segment, Rule::allow_line, "allow unused \"why\"")?;
        let mut parts = line.pair.into_inner();
        let lint = word(line.base, &parts.next()?);
        let reason = parts.find(|part| part.as_rule() == Rule::string).map(|part| word(line.base, &part));
        Some(Allow { lint, reason, span: self.span(segment) })
    }
}
