//! `parallax dump`.

use std::sync::Arc;

use super::Exit;
use super::args::{DumpArgs, Stage};
use super::output::Terminal;
use crate::engine::Profile;
use crate::plan::plan;
use crate::session::{Options, Session};

pub(super) fn run(args: &DumpArgs, terminal: &mut Terminal) -> Exit {
    dump(args, terminal).unwrap_or_else(|exit| exit)
}

fn dump(args: &DumpArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let session = terminal.open(&args.path)?;
    let text = match args.stage {
        Stage::Tree | Stage::Ast => {
            let mut text = String::new();
            for (file, parse) in &session.loaded().parses {
                let source = session.sources().file(*file);
                text.push_str(&format!("{}\n", source.name));
                text.push_str(&match args.stage {
                    Stage::Tree => parse.tree.print(&source.text),
                    _ => format!("{:#?}\n", parse.ast),
                });
            }
            text
        }
        Stage::Model => format!("{:#?}\n", terminal.ruleset(&session)?),
        Stage::Plan => searches(args, &session, terminal)?,
    };
    terminal.answer(&text);
    Ok(Exit::Done)
}

/// The order of evaluation; over facts also how each part is searched, which follows from their counts.
fn searches(args: &DumpArgs, session: &Session<'_>, terminal: &mut Terminal) -> Result<String, Exit> {
    let ruleset = terminal.ruleset(session)?;
    let mut text = plan(ruleset).show(ruleset);
    let options = terminal.options(&args.world)?;
    let options = Options { profile: Arc::new(Profile::gathering(|| None)), ..options };
    let evaluated = session.evaluate(ruleset, &options);
    let (_, warnings) = evaluated.map_err(|diagnostics| terminal.failed(&diagnostics, session.sources()))?;
    terminal.diagnostics(&warnings, session.sources());
    text.push('\n');
    for taken in options.profile.taken().iter().filter(|taken| !taken.how.is_empty() || taken.span.is_some())
    {
        let indent = "  ".repeat(taken.depth);
        let place =
            taken.span.map_or_else(String::new, |span| format!(" at {}", session.sources().place(span)));
        text.push_str(&format!("{indent}{}{place}: {} rows\n", taken.what, taken.rows));
        for line in taken.how.lines() {
            text.push_str(&format!("{indent}    {line}\n"));
        }
    }
    Ok(text)
}
