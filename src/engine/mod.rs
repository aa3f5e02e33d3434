//! Evaluates a plan over facts. Knows no names, spans or lenses; hands on a `Database`.

mod limits;

pub use limits::Limits;
