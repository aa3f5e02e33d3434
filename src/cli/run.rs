//! `parallax run`.

use std::io::{self, BufWriter, IsTerminal};

use super::Exit;
use super::args::{RowFormatArg, RunArgs};
use super::output::Terminal;
use super::progress::Progress;
use crate::agreement::Gate;
use crate::report::{RowFormat, RowOptions, write_rows};
use crate::session::Options;

pub(super) fn run(args: &RunArgs, terminal: &mut Terminal) -> Exit {
    rows(args, terminal).unwrap_or_else(|exit| exit)
}

fn rows(args: &RunArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let format = match args.format {
        RowFormatArg::Csv => RowFormat::Csv,
        RowFormatArg::Jsonl => RowFormat::JsonLines,
        RowFormatArg::Parquet => RowFormat::Parquet,
    };
    let on_terminal = format == RowFormat::Parquet && args.out.is_none() && io::stdout().is_terminal();
    let unreadable = "Parquet is no text for a terminal; write it to a file with `--out PATH`";
    if let Some(refusal) = format.refusal().or(on_terminal.then_some(unreadable)) {
        terminal.say(&format!("parallax: {refusal}"));
        return Err(Exit::Usage);
    }
    let session = terminal.open(&args.path)?;
    let ruleset = terminal.ruleset(&session)?;
    let question = match super::report::question(args.question.as_deref(), ruleset, terminal)? {
        Some(question) => question,
        None if ruleset.questions.len() == 1 => crate::model::QuestionId(0),
        None => {
            let names: Vec<&str> = ruleset.questions.iter().map(|question| question.name.as_str()).collect();
            let hint = if names.is_empty() { "the ruleset asks none".to_owned() } else { names.join(", ") };
            terminal.say(&format!("parallax: which question? Name one with --question: {hint}"));
            return Err(Exit::Usage);
        }
    };
    let only = match &args.only {
        None => None,
        Some(text) => match Gate::parse_measure(ruleset, text) {
            Ok(measure) => Some(measure),
            Err(error) => {
                terminal.say(&format!("parallax: --only: {}", error.0));
                return Err(Exit::Usage);
            }
        },
    };
    let asked = ruleset.lenses.iter_enumerated().filter(|(_, lens)| lens.question == question);
    let compared = Some(asked.map(|(id, _)| id).collect());
    let wanted = Options { compared, ..terminal.options(&args.world)? };
    let evaluated = {
        let _progress = Progress::start("reading facts and classifying");
        session.evaluate(ruleset, &wanted)
    };
    terminal.profile(&wanted.profile, session.sources());
    let (evaluation, warnings) = match evaluated {
        Ok(evaluated) => evaluated,
        Err(diagnostics) => return Err(terminal.failed(&diagnostics, session.sources())),
    };
    terminal.diagnostics(&warnings, session.sources());
    let options = RowOptions { format, question, only, reasons: args.reasons };
    match &args.out {
        Some(path) => {
            terminal.write_file_with(path, |file| {
                write_rows(ruleset, &evaluation, &options, &mut BufWriter::new(file))
            })?;
        }
        None => {
            let written = {
                let mut out = BufWriter::new(io::stdout());
                write_rows(ruleset, &evaluation, &options, &mut out)
            };
            terminal.note(written);
        }
    }
    Ok(Exit::Done)
}
