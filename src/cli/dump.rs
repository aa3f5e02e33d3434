//! `parallax dump`.

use super::Exit;
use super::args::{DumpArgs, Stage};
use super::output::Terminal;
use crate::plan::plan;

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
        Stage::Plan => plan(terminal.ruleset(&session)?).to_string(),
    };
    terminal.answer(&text);
    Ok(Exit::Done)
}
