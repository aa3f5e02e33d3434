//! Explanations in words: one telling, printed as text, tree, Markdown, JSON, DOT or Mermaid.

mod amounts;
mod changes;
mod data;
mod graph;
mod open;
mod parting;
mod tell;
mod text;
mod whynot;
pub(super) mod words;

pub use changes::ToldChange;
pub use data::{SCHEMA, json};
pub use graph::{dot, mermaid};
pub use tell::{Line, Told, ToldLens, ToldNote, ToldRow, tell};
pub(super) use text::escape;
pub use text::text;
