//! What a proof is, and whether it is one: each step replayed from the rules and the facts alone.
//! Knows nothing of how a proof was found; imports the model and the facts.

mod changed;
mod claims;
mod lenses;
mod plain;
mod proof;
mod replay;

pub use claims::Replay;
pub use proof::{Amount, Claim, Derivation, Fact, FactChange, Held, Member, Says, Step, Through, WhyNot};
pub use replay::{Facts, FalseStep, replay};
