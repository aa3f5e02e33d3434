//! Competing definitions of one word over real data: where they disagree, who is affected, why,
//! and what would change it.

mod base;
mod diag;
mod syntax;
mod value;
