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
use crate::diag::Diagnostic;

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

use grammar::{Grammar, Rule};
