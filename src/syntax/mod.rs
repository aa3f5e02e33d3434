//! From text to abstract syntax. The only module that names pest.
//! Takes one file's text, hands on `Parse`; never fails, reports every error of the file.

pub mod ast;
mod blocks;
mod bodies;
mod errors;
mod expressions;
mod grammar;
mod items;
mod lines;
pub(crate) mod split;
mod tree;
mod words;

pub use tree::Tree;

use crate::base::FileId;
use crate::diag::{Code, Diagnostic};

/// No more than this many errors are collected from one file.
pub(crate) const MOST_DIAGNOSTICS: usize = 1000;

/// What was read from one file.
#[derive(Clone, Debug)]
pub struct Parse {
    /// The text in stretches, comments included; prints back to the source.
    pub tree: Tree,
    /// The declarations.
    pub ast: ast::Ast,
    /// Everything that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one file.
pub fn parse(file: FileId, text: &str) -> Parse {
    let mut diagnostics = Vec::new();
    let segments = split::split(file, text, &mut diagnostics);
    let mut lines = lines::Lines::new(file, text, diagnostics);
    let ast = blocks::read(&mut lines, &segments);
    Parse { tree: Tree { segments }, ast, diagnostics: lines.finish() }
}

/// Reads facts that stand alone, a line each.
pub fn parse_facts(file: FileId, text: &str) -> (Vec<ast::FactLine>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let segments = split::split(file, text, &mut diagnostics);
    let mut lines = lines::Lines::new(file, text, diagnostics);
    let mut facts = Vec::new();
    for segment in &segments {
        match segment.kind {
            SegmentKind::Line { broken: false } => facts.extend(lines.fact(segment)),
            SegmentKind::Line { broken: true } | SegmentKind::Blank | SegmentKind::Comment => {}
            SegmentKind::Open | SegmentKind::Close => {
                let span = lines.span(segment);
                lines.report(
                    Diagnostic::new(Code::MisplacedStatement, "a brace stands where a fact is stated")
                        .at(span, "not part of a sentence")
                        .help("write the sentence alone, as in `acme makes widget`"),
                );
            }
        }
    }
    (facts, lines.finish())
}

use grammar::{Grammar, Rule};
use split::SegmentKind;
