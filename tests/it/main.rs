//! Tests of the whole, from texts to answers.

mod alike;
mod cache;
mod cli;
mod customer;
mod docs;
mod engine;
mod errors;
mod explain;
mod fields;
mod generator;
mod groups;
mod guard;
mod hostile;
mod layers;
mod many;
mod oracle;
mod oracle_runs;
mod plans;
mod sources;
mod stars;
mod stopping;
mod support;
mod sweep;
mod wordings;
