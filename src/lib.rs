//! Competing definitions of one word over real data: where they disagree, who is affected, why,
//! and what would change it.

pub mod agreement;
pub mod base;
pub mod cli;
pub mod diag;
pub mod engine;
pub mod facts;
pub mod format;
pub mod guard;
pub mod model;
pub mod plan;
pub mod report;
pub mod session;
pub mod source;
pub mod syntax;
pub mod value;
pub mod verdict;
