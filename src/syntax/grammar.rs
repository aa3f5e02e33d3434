//! The grammar's door: a parser for one logical line.

/// Parses by a rule of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/parallax.pest"]
pub(super) struct Grammar;
