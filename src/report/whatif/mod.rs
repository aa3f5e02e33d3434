//! Who moves when facts change, in words: told once, printed as text, Markdown, JSON or CSV.

mod data;
mod tell;
mod text;

pub use data::{SCHEMA, csv, json};
pub use tell::{
    ToldFact, ToldGroup, ToldLens, ToldMove, ToldMoves, ToldNever, ToldQuestion, ToldReason, ToldSide, tell,
};
pub use text::text;
