//! Small commands: `code`, `schema`, `completions`, `man`.

use clap::CommandFactory;

use super::Exit;
use super::args::{Cli, SchemaOf};
use super::output::Terminal;
use crate::diag::{Code, page};
use crate::report::SCHEMA;

pub(super) fn code(name: &str, terminal: &mut Terminal) -> Exit {
    match Code::find(name) {
        Some(code) => {
            terminal.answer(page(code));
            Exit::Done
        }
        None => {
            terminal.say(&format!("parallax: there is no code `{name}`; codes read as in PX0401"));
            Exit::Usage
        }
    }
}

pub(super) fn schema(what: SchemaOf, terminal: &mut Terminal) -> Exit {
    terminal.answer(match what {
        SchemaOf::Report => SCHEMA,
        SchemaOf::Sweep => crate::report::sweep::SCHEMA,
        SchemaOf::WhatIf => crate::report::whatif::SCHEMA,
        SchemaOf::Explanation => crate::report::explanation::SCHEMA,
    });
    Exit::Done
}

pub(super) fn completions(shell: clap_complete::Shell, terminal: &mut Terminal) -> Exit {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "parallax", &mut out);
    terminal.answer(&String::from_utf8_lossy(&out));
    Exit::Done
}

pub(super) fn man(terminal: &mut Terminal) -> Exit {
    let mut out = Vec::new();
    match clap_mangen::Man::new(Cli::command()).render(&mut out) {
        Ok(()) => {
            terminal.answer(&String::from_utf8_lossy(&out));
            Exit::Done
        }
        Err(_) => Exit::Bug,
    }
}
