//! From text to abstract syntax. The only module that names pest.
//! Takes one file's text, hands on `Parse`; never fails, reports every error of the file.

pub mod ast;
