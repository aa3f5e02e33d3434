//! What a proof is, and whether it is one: each step replayed from the rules and the facts alone.
//! Knows nothing of how a proof was found; imports the model and the facts.

mod changed;
mod claims;
mod lenses;
mod open;
mod plain;
mod proof;
mod replay;

pub use claims::Replay;
pub use open::is_known_asked;
pub use proof::{
    Amount, Answered, Claim, Derivation, Fact, FactChange, Gap, Held, Member, Open, Pivotal, Says, Shown,
    Sides, Step, Through, WhyNot, WithoutResult,
};
pub use replay::{Facts, FalseStep, replay};
