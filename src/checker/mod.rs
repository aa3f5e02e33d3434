//! What a proof is, and whether it is one: each step replayed from the rules and the facts alone.
//! Knows nothing of how a proof was found; imports the model and the facts.

mod proof;
mod replay;

pub use proof::{Amount, Claim, Derivation, Held, Member, Says, Step, Through};
pub use replay::{Facts, FalseStep, replay};
