//! Tests of the whole, from texts to answers.

mod cli;
mod customer;
mod docs;
mod errors;
mod hostile;
mod layers;
mod support;
