//! The library behind the `parallax` command. The README is its front page.
#![doc = include_str!("../README.md")]

pub mod agreement;
pub mod base;
pub mod builtin;
pub mod checker;
pub mod cli;
pub mod diag;
pub mod engine;
pub mod explain;
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

pub use session::{Options, Session, World};
pub use source::{Disk, Files, Memory, memory};
