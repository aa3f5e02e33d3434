//! `parallax report --sweep`.

use std::path::Path;

use super::Exit;
use super::args::{ReportArgs, ReportFormat};
use super::output::Terminal;
use super::progress::Progress;
use crate::agreement::Sweeper;
use crate::model::Ruleset;
use crate::report::sweep::{csv, json, text};
use crate::report::{Look, ReportOptions, sweeping};
use crate::session::{Session, World, sweep_values};

/// Prints what each lens says at each value that `range` means.
pub(super) fn run(
    (args, range): (&ReportArgs, &str),
    session: &Session<'_>,
    ruleset: &Ruleset,
    options: &ReportOptions,
    files: &[(ReportFormat, &str)],
    terminal: &mut Terminal,
) -> Result<Exit, Exit> {
    let (parameter, values) = sweep_values(ruleset, range).map_err(|problem| {
        terminal.diagnostics(&[*problem], session.sources());
        Exit::Usage
    })?;
    let name = &ruleset.parameters[parameter].name;
    let is_swept = |set: &String| set.split_once('=').is_some_and(|(set, _)| set.trim() == name);
    if args.world.set.iter().any(is_swept) {
        terminal.say(&format!("parallax: `{name}` is swept, so `--set` cannot give it one value"));
        return Err(Exit::Usage);
    }
    let world = terminal.options(&args.world)?;
    let same_ids = session.world(ruleset) == World::Facts;
    let mut sweeper = Sweeper::new(ruleset, parameter, sweeping(ruleset, options), same_ids);
    let found = {
        let _progress = Progress::start("reading facts and classifying at each value");
        session.sweep(ruleset, &world, (parameter, &values), &mut |value, evaluation| {
            sweeper.add(value.clone(), evaluation);
        })
    };
    terminal.profile(&world.profile, session.sources());
    match found {
        Ok(warnings) => terminal.diagnostics(&warnings, session.sources()),
        Err(problems) => return Err(terminal.failed(&problems, session.sources())),
    }
    let sweep = sweeper.finish();
    let print = |format: ReportFormat| match format {
        ReportFormat::Text => text(ruleset, &sweep, Look::Plain),
        ReportFormat::Md => text(ruleset, &sweep, Look::Markdown),
        ReportFormat::Json => json(ruleset, &sweep),
        ReportFormat::Csv => csv(ruleset, &sweep),
    };
    for (format, path) in files {
        terminal.write_file(Path::new(path), print(*format).as_bytes())?;
    }
    terminal.answer(&print(args.format));
    Ok(Exit::Done)
}
