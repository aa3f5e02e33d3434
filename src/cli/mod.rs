//! The command line: arguments to calls of `session`, results to streams and exit codes.
//! The only module that prints.

mod args;
mod check;
mod dump;
mod explain;
mod fmt;
mod list;
mod misc;
mod output;
mod progress;
mod report;
mod run;
mod size;
mod sweep;
mod test;
mod watch;
mod whatif;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use output::Terminal;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Exit {
    Done,
    /// Something one gates on was found.
    Finding,
    /// Wrong invocation or path.
    Usage,
    /// Facts cannot be read or are against their declaration.
    Facts,
    /// A limit was reached.
    Limit,
    /// Our bug.
    Bug,
    /// The user interrupted it.
    Interrupted,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::Facts => 3,
            Self::Limit => 4,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Runs the command line. Deep work runs on a thread with a stack of its own, so that its size does
/// not depend on the shell's settings.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; a closed pipe is nobody's fault.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    std::panic::set_hook(Box::new(|info| {
        if crate::source::kinds::is_calm() {
            return;
        }
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        Terminal::complain(&format!(
            "parallax: this is a bug of ours{place}; please report it with the ruleset"
        ));
    }));
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(move || dispatch(&cli));
    let exit = match worker {
        Ok(worker) => worker.join().unwrap_or(Exit::Bug),
        Err(_) => Exit::Bug,
    };
    exit.into()
}

fn dispatch(cli: &Cli) -> Exit {
    let mut terminal = Terminal::new(cli.color);
    let exit = match &cli.command {
        Command::Report(args) => report::run(args, &mut terminal),
        Command::Run(args) => run::run(args, &mut terminal),
        Command::Explain(args) => explain::run(args, &mut terminal),
        Command::WhatIf(args) => whatif::run(args, &mut terminal),
        Command::Check(args) => check::run(args, &mut terminal),
        Command::Test(args) => test::run(args, &mut terminal),
        Command::Fmt(args) => fmt::run(args, &mut terminal),
        Command::Dump(args) => dump::run(args, &mut terminal),
        Command::Ls(args) => list::run(args, &mut terminal),
        Command::Code { code } => misc::code(code, &mut terminal),
        Command::Schema { of } => misc::schema(*of, &mut terminal),
        Command::Completions { shell } => misc::completions(*shell, &mut terminal),
        Command::Man => misc::man(&mut terminal),
    };
    terminal.exit(exit)
}
