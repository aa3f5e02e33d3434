//! `parallax report`.

use std::io::{self, Write};
use std::path::Path;

use super::Exit;
use super::args::{ReportArgs, ReportFormat};
use super::output::Terminal;
use super::progress::Progress;
use crate::agreement::{Depth, Gate};
use crate::model::{QuestionId, Ruleset};
use crate::report::{Look, Report, ReportOptions, build, comparing, text, write_csv, write_json};
use crate::session::{Options, World};

pub(super) fn run(args: &ReportArgs, terminal: &mut Terminal) -> Exit {
    report(args, terminal).unwrap_or_else(|exit| exit)
}

fn report(args: &ReportArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let session = terminal.open(&args.path)?;
    let ruleset = terminal.ruleset(&session)?;
    let mut options = choose(args, ruleset, terminal)?;
    options.from_scenarios = session.world(ruleset) == World::Scenarios;
    let gates = gates(&args.fail_on, ruleset, terminal)?;
    let files = files(&args.out, terminal)?;
    if let Some(range) = &args.sweep {
        return super::sweep::run((args, range), &session, ruleset, &options, &files, terminal);
    }
    // The patterns alone need no reasons.
    let splits =
        args.format != ReportFormat::Csv || files.iter().any(|(format, _)| *format != ReportFormat::Csv);
    if !splits && gates.is_empty() {
        options.depth = Depth::Patterns;
    }
    let compared = Some(comparing(ruleset, &options));
    let holds = crate::verdict::Holds::Least;
    let wanted = Options { splits, holds, compared, ..terminal.options(&args.world)? };
    let evaluated = {
        let _progress = Progress::start("reading facts and classifying");
        session.evaluate(ruleset, &wanted)
    };
    let (evaluation, warnings) = match evaluated {
        Ok(evaluated) => evaluated,
        Err(diagnostics) => {
            terminal.profile(&wanted.profile, session.sources());
            return Err(terminal.failed(&diagnostics, session.sources()));
        }
    };
    terminal.diagnostics(&warnings, session.sources());
    let built = wanted.profile.part(
        || "counting patterns".to_owned(),
        |built: &Result<Report, _>| built.as_ref().map_or(0, Report::patterns),
        || build(ruleset, session.sources(), &evaluation, &options),
    );
    terminal.profile(&wanted.profile, session.sources());
    let report = match built {
        Ok(report) => report,
        Err(diagnostic) => return Err(terminal.failed(&[*diagnostic], session.sources())),
    };
    for (format, path) in files {
        terminal.write_file_with(Path::new(path), |file| write(&report, format, args.patterns, file))?;
    }
    terminal.note(write(&report, args.format, args.patterns, &mut io::stdout().lock()));
    let broken = report.violations.iter().any(|broken| broken.certain > 0);
    let mut exit = Exit::Done;
    for (gate, text) in gates {
        if report.sections.iter().any(|section| gate.is_met(&section.agreement, broken))
            || gate == Gate::Never && broken
        {
            terminal.say(&format!("parallax: `{text}` is met"));
            exit = Exit::Finding;
        }
    }
    Ok(exit)
}

/// Writes a report; for people, with up to so many patterns.
fn write(report: &Report, format: ReportFormat, patterns: usize, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ReportFormat::Text => out.write_all(text(report, Look::Plain, patterns).as_bytes()),
        ReportFormat::Md => out.write_all(text(report, Look::Markdown, patterns).as_bytes()),
        ReportFormat::Json => write_json(report, out),
        ReportFormat::Csv => write_csv(report, out),
    }?;
    out.flush()
}

fn choose(args: &ReportArgs, ruleset: &Ruleset, terminal: &mut Terminal) -> Result<ReportOptions, Exit> {
    let mut options = ReportOptions::default();
    if !args.lenses.is_empty() {
        let mut lenses = Vec::new();
        for name in &args.lenses {
            let known = ruleset.lenses.iter_enumerated().map(|(id, lens)| (id, lens.name.as_str()));
            lenses.push(find(name.trim(), "lens", known, terminal)?);
        }
        options.lenses = Some(lenses);
    }
    if let Some(name) = &args.panel {
        let known = ruleset.panels.iter_enumerated().map(|(id, panel)| (id, panel.name.as_str()));
        options.panel = Some(find(name, "panel", known, terminal)?);
    }
    if let Some(name) = &args.focus {
        let known = ruleset.questions.iter().flat_map(|question| &question.verdicts);
        find(name, "verdict", known.map(|verdict| ((), verdict.name.as_str())), terminal)?;
        options.focus = Some(name.clone());
    }
    if let Some(name) = &args.by {
        let known = ruleset.repeats.iter().filter_map(|repeat| repeat.name.as_deref());
        options.by = Some(find(name, "slice", known.map(|name| (name.to_owned(), name)), terminal)?);
    }
    options.question = question(args.question.as_deref(), ruleset, terminal)?;
    Ok(options)
}

/// The question named, if one is.
pub(super) fn question(
    name: Option<&str>,
    ruleset: &Ruleset,
    terminal: &mut Terminal,
) -> Result<Option<QuestionId>, Exit> {
    let Some(name) = name else { return Ok(None) };
    let known = ruleset.questions.iter_enumerated().map(|(id, question)| (id, question.name.as_str()));
    find(name, "question", known, terminal).map(Some)
}

/// What a name on the command line stands for; says what is near where there is nothing.
pub(super) fn find<'n, I>(
    name: &str,
    what: &str,
    known: impl Iterator<Item = (I, &'n str)>,
    terminal: &mut Terminal,
) -> Result<I, Exit> {
    let mut names = Vec::new();
    for (id, other) in known {
        if other == name {
            return Ok(id);
        }
        names.push(other);
    }
    let near = crate::diag::nearest(name, names);
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    terminal.say(&format!("parallax: there is no {what} called `{name}`{hint}"));
    Err(Exit::Usage)
}

fn gates<'a>(
    texts: &'a [String],
    ruleset: &Ruleset,
    terminal: &mut Terminal,
) -> Result<Vec<(Gate, &'a str)>, Exit> {
    texts
        .iter()
        .map(|text| match Gate::parse(ruleset, text) {
            Ok(gate) => Ok((gate, text.as_str())),
            Err(error) => {
                terminal.say(&format!("parallax: --fail-on: {}", error.0));
                Err(Exit::Usage)
            }
        })
        .collect()
}

fn files<'a>(outs: &'a [String], terminal: &mut Terminal) -> Result<Vec<(ReportFormat, &'a str)>, Exit> {
    outs.iter()
        .map(|out| {
            let (format, path) = out.split_once('=').unwrap_or((out, ""));
            let format = match format {
                "text" => Some(ReportFormat::Text),
                "md" => Some(ReportFormat::Md),
                "json" => Some(ReportFormat::Json),
                "csv" => Some(ReportFormat::Csv),
                _ => None,
            };
            match format {
                Some(format) if !path.is_empty() => Ok((format, path)),
                _ => {
                    terminal.say(&format!("parallax: --out {out}: write it as in `--out json=report.json`"));
                    Err(Exit::Usage)
                }
            }
        })
        .collect()
}
