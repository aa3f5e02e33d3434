//! `parallax fmt`.

use std::io::Read;
use std::path::Path;

use super::Exit;
use super::args::FmtArgs;
use super::output::Terminal;
use crate::base::SourceMap;
use crate::format::format;
use crate::source::{Disk, load};
use crate::syntax::parse;

pub(super) fn run(args: &FmtArgs, terminal: &mut Terminal) -> Exit {
    let mut exit = Exit::Done;
    for path in &args.paths {
        let result =
            if path == Path::new("-") { standard_input(args, terminal) } else { files(path, args, terminal) };
        match result {
            Ok(Exit::Done) => {}
            Ok(other) => exit = other,
            Err(exit) => return exit,
        }
    }
    exit
}

fn standard_input(args: &FmtArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut text = String::new();
    if std::io::stdin().lock().read_to_string(&mut text).is_err() {
        terminal.say("parallax: standard input is not UTF-8 text");
        return Err(Exit::Usage);
    }
    match format(&text) {
        Some(formatted) if args.check => Ok(if formatted == text { Exit::Done } else { Exit::Finding }),
        Some(formatted) => {
            terminal.answer(&formatted);
            Ok(Exit::Done)
        }
        None => {
            let mut sources = SourceMap::default();
            let file = sources.add("<standard input>", text.as_str());
            terminal.diagnostics(&parse(file, &text).diagnostics, &sources);
            Ok(Exit::Finding)
        }
    }
}

fn files(path: &Path, args: &FmtArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let loaded = load(&Disk, path).map_err(|reason| {
        terminal.say(&format!("parallax: `{}`: {reason}", path.display()));
        Exit::Usage
    })?;
    if loaded.diagnostics.iter().any(crate::diag::Diagnostic::is_error) {
        terminal.diagnostics(&loaded.diagnostics, &loaded.sources);
    }
    let mut exit = Exit::Done;
    for (file, path) in loaded.sources.files().iter().zip(&loaded.paths) {
        match format(&file.text) {
            Some(formatted) if formatted == *file.text => {}
            Some(_) if args.check => {
                terminal.say(&format!("{} is not laid out as `parallax fmt` writes it", file.name));
                exit = Exit::Finding;
            }
            Some(formatted) => {
                terminal.write_file(path, formatted.as_bytes())?;
                terminal.say(&format!("{} laid out anew", file.name));
            }
            None => exit = Exit::Finding,
        }
    }
    Ok(exit)
}
