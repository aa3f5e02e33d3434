//! Streams and files: answers to standard output, talk to standard error, files whole or not at all.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::Exit;
use super::args::{Color, DiagnosticFormat};
use crate::base::SourceMap;
use crate::diag::render::{Format, RenderOptions, render};
use crate::diag::{Code, Diagnostic};
use crate::model::Ruleset;
use crate::session::Session;
use crate::source::Disk;

/// Where a command's answer and talk go.
pub(super) struct Terminal {
    color: Color,
}

impl Terminal {
    pub fn new(color: Color) -> Self {
        Self { color }
    }

    /// Writes an answer. A closed pipe is silent.
    #[expect(clippy::unused_self, reason = "answers go through the terminal that may colour them")]
    pub fn answer(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes talk.
    #[expect(clippy::unused_self, reason = "talk goes through the terminal that may colour it")]
    pub fn say(&mut self, text: &str) {
        Self::complain(text);
    }

    /// Writes one line to standard error.
    pub fn complain(text: &str) {
        let mut out = io::stderr().lock();
        let _ = writeln!(out, "{text}");
    }

    /// `NO_COLOR` before `--color` before `CLICOLOR_FORCE` before what the stream is.
    fn colors(&self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        match self.color {
            _ if set("NO_COLOR") => false,
            Color::Always => true,
            Color::Never => false,
            Color::Auto => set("CLICOLOR_FORCE") || terminal,
        }
    }

    /// Prints diagnostics for people to standard error.
    pub fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if !diagnostics.is_empty() {
            let color = self.colors(io::stderr().is_terminal());
            let options = RenderOptions { format: Format::Graphic, color, ..RenderOptions::default() };
            self.say(render(diagnostics, sources, &options).trim_end());
        }
    }

    /// Prints diagnostics as a command's answer.
    pub fn answer_diagnostics(
        &mut self,
        diagnostics: &[Diagnostic],
        sources: &SourceMap,
        format: DiagnosticFormat,
    ) {
        let color = self.colors(io::stdout().is_terminal());
        let limit = if io::stdout().is_terminal() { 20 } else { usize::MAX };
        let format = match format {
            DiagnosticFormat::Graphic => Format::Graphic,
            DiagnosticFormat::Narrated => Format::Narrated,
            DiagnosticFormat::Short => Format::Short,
            DiagnosticFormat::Json => Format::Json,
            DiagnosticFormat::Sarif => Format::Sarif,
            DiagnosticFormat::Github => Format::Github,
        };
        let people = matches!(format, Format::Graphic | Format::Narrated | Format::Short);
        let limit = if people { limit.min(20) } else { limit };
        let text = render(diagnostics, sources, &RenderOptions { format, color, limit });
        self.answer(&text);
    }

    /// Opens a ruleset; says why where its path leads nowhere.
    pub fn open(&mut self, path: &Path) -> Result<Session<'static>, Exit> {
        Session::open(&Disk, path).map_err(|reason| {
            self.say(&format!("parallax: `{}`: {reason}", path.display()));
            Exit::Usage
        })
    }

    /// The checked ruleset; prints its errors where it has any.
    pub fn ruleset<'s>(&mut self, session: &'s Session<'_>) -> Result<&'s Ruleset, Exit> {
        session.ruleset().ok_or_else(|| {
            let errors: Vec<Diagnostic> =
                session.diagnostics().into_iter().filter(Diagnostic::is_error).collect();
            self.diagnostics(&errors, session.sources());
            Exit::Finding
        })
    }

    /// Prints why an evaluation failed.
    pub fn failed(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) -> Exit {
        self.diagnostics(diagnostics, sources);
        exit_of(diagnostics)
    }

    /// Writes a file whole or not at all: to a file beside it, which then takes its name.
    pub fn write_file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Exit> {
        let written = write_atomically(path, bytes);
        written.map_err(|error| {
            self.say(&format!("parallax: `{}` cannot be written: {error}", path.display()));
            Exit::Usage
        })
    }
}

fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let beside = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let result = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// The exit code of errors met while facts were read or rules worked out.
fn exit_of(diagnostics: &[Diagnostic]) -> Exit {
    let all = |codes: &[Code]| diagnostics.iter().any(|diagnostic| codes.contains(&diagnostic.code));
    if all(&[Code::FactLimit, Code::RoundLimit, Code::TimeLimit, Code::TooDeep, Code::TooLong]) {
        Exit::Limit
    } else if all(&[Code::UnknownParameter, Code::ParameterValue]) {
        Exit::Usage
    } else {
        Exit::Facts
    }
}
