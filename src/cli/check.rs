//! `parallax check`.

use std::collections::BTreeMap;

use super::Exit;
use super::args::{CheckArgs, DiagnosticFormat};
use super::output::Terminal;
use crate::base::{FileId, InOrder, Span};
use crate::diag::{Diagnostic, Edit, Severity};
use crate::session::Session;

/// Repairs may make others possible; so often at the most.
const ROUNDS: usize = 10;

pub(super) fn run(args: &CheckArgs, terminal: &mut Terminal) -> Exit {
    check(args, terminal).unwrap_or_else(|exit| exit)
}

fn check(args: &CheckArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut session = terminal.open(&args.path)?;
    if args.fix {
        for _ in 0..ROUNDS {
            let changed = repair(&session, terminal)?;
            if changed == 0 {
                break;
            }
            session = terminal.open(&args.path)?;
        }
    }
    let diagnostics = session.diagnostics();
    let machine =
        matches!(args.format, DiagnosticFormat::Json | DiagnosticFormat::Sarif | DiagnosticFormat::Github);
    terminal.answer_diagnostics(&diagnostics, session.sources(), args.format);
    if !machine {
        terminal.say(&summary(&session, &diagnostics));
    }
    Ok(if diagnostics.iter().any(Diagnostic::is_error) { Exit::Finding } else { Exit::Done })
}

/// Applies all safe repairs that do not overlap, each whole; says how many.
fn repair(session: &Session<'_>, terminal: &mut Terminal) -> Result<usize, Exit> {
    let mut by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut count = 0;
    for fix in
        session.diagnostics().into_iter().filter_map(|diagnostic| diagnostic.fix).filter(|fix| fix.safe)
    {
        let clear = |edit: &Edit| {
            let taken = by_file.get(&edit.span.file);
            taken.is_none_or(|taken| taken.iter().all(|other| apart(edit.span, other.span)))
        };
        if fix.edits.iter().all(clear) {
            count += 1;
            for edit in fix.edits {
                by_file.entry(edit.span.file).or_default().push(edit);
            }
        }
    }
    for (file, mut edits) in by_file {
        edits.order_by_key(|edit| (edit.span.start, edit.span.end));
        let mut text = session.sources().file(file).text.to_string();
        for edit in edits.into_iter().rev() {
            text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
        }
        if let Some(path) = session.paths().get(file.0 as usize) {
            terminal.write_file(path, text.as_bytes())?;
        }
    }
    Ok(count)
}

/// Whether two edits can both be made: they neither overlap nor insert at one place.
fn apart(left: Span, right: Span) -> bool {
    left != right && (left.end <= right.start || right.end <= left.start)
}

fn summary(session: &Session<'_>, diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let plural =
        |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let files = plural(session.sources().files().len(), "file");
    if errors + warnings == 0 {
        format!("{files}, nothing wrong")
    } else {
        format!("{files}, {}, {}", plural(errors, "error"), plural(warnings, "warning"))
    }
}
