//! Streams and files: answers to standard output, talk to standard error, files whole or not at all.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::Exit;
use super::args::{Color, DiagnosticFormat};
use super::watch::{Watch, unfinished};
use crate::base::SourceMap;
use crate::diag::render::{Format, RenderOptions, render};
use crate::diag::{Code, Diagnostic};
use crate::engine::Profile;
use crate::model::Ruleset;
use crate::session::Session;
use crate::source::{Disk, memory_peak};

/// Where a command's answer and talk go.
pub(super) struct Terminal {
    color: Color,
    /// Whether an answer could not be written, other than to a pipe that was closed.
    lost: bool,
    /// Looks after memory and interruption.
    watch: Option<Watch>,
}

impl Terminal {
    pub fn new(color: Color) -> Self {
        Self { color, lost: false, watch: None }
    }

    /// Writes an answer. A closed pipe is silent.
    pub fn answer(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.note(written);
    }

    /// Takes note of how the writing of an answer ended.
    pub fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost = true;
            self.say(&format!("parallax: the answer cannot be written: {error}"));
        }
    }

    /// How the command ended: an answer that was lost is no success.
    pub fn exit(&self, exit: Exit) -> Exit {
        if self.lost && exit == Exit::Done { Exit::Usage } else { exit }
    }

    /// What the arguments of a world mean; says what is wrong with them.
    pub fn options(&mut self, world: &super::args::WorldArgs) -> Result<crate::session::Options, Exit> {
        let options = world.options().and_then(|options| {
            self.watch = Some(Watch::start(&options.limits)?);
            Ok(options)
        });
        options.map_err(|problem| {
            self.say(&format!("parallax: {problem}"));
            Exit::Usage
        })
    }

    /// Says what each part of the work took, where that was gathered.
    pub fn profile(&mut self, profile: &Profile, sources: &SourceMap) {
        if profile.is_on() {
            self.say("     time      memory        rows  part");
        }
        for taken in profile.taken() {
            let memory = taken.memory.map_or_else(String::new, |bytes| format!("{} MiB", bytes >> 20));
            let place = taken.span.map_or_else(String::new, |span| format!(" at {}", sources.place(span)));
            self.say(&format!(
                "{:>7.1} ms  {memory:>10}  {:>10}  {}{}{place}",
                taken.time.as_secs_f64() * 1e3,
                taken.rows,
                "  ".repeat(taken.depth),
                taken.what,
            ));
            for line in taken.how.lines() {
                self.say(&format!("{:36}{}| {line}", "", "  ".repeat(taken.depth)));
            }
        }
        if let (true, Some(peak)) = (profile.is_on(), memory_peak()) {
            self.say(&format!("the most memory at any time: {} MiB", peak >> 20));
        }
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

    /// Writes a file whole or not at all.
    pub fn write_file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Exit> {
        self.write_file_with(path, |file| file.write_all(bytes))
    }

    /// The same of what is written piece by piece: to a file beside it, which then takes its name.
    pub fn write_file_with(
        &mut self,
        path: &Path,
        content: impl FnOnce(&mut fs::File) -> io::Result<()>,
    ) -> Result<(), Exit> {
        let written = write_atomically(path, content);
        written.map_err(|error| {
            self.say(&format!("parallax: `{}` cannot be written: {error}", path.display()));
            Exit::Usage
        })
    }
}

/// A link is followed to the file it names; what is no plain file is never replaced. The new file may
/// be read and written by whom the old one could.
fn write_atomically(path: &Path, content: impl FnOnce(&mut fs::File) -> io::Result<()>) -> io::Result<()> {
    let (target, permissions) = match fs::metadata(path) {
        Ok(data) if data.is_file() => (fs::canonicalize(path)?, Some(data.permissions())),
        Ok(_) => return Err(io::Error::other("there is something that is no plain file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(path).is_ok() {
                return Err(io::Error::other("it is a link that leads nowhere"));
            }
            (path.to_owned(), None)
        }
        Err(error) => return Err(error),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = target.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let beside = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        content(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, &target)
    };
    unfinished(Some(&beside));
    let result = write();
    unfinished(None);
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// The exit code of errors met while facts were read or rules worked out.
pub(super) fn exit_of(diagnostics: &[Diagnostic]) -> Exit {
    let all = |codes: &[Code]| diagnostics.iter().any(|diagnostic| codes.contains(&diagnostic.code));
    if all(&[Code::Interrupted]) {
        Exit::Interrupted
    } else if all(&[
        Code::FactLimit,
        Code::RoundLimit,
        Code::TimeLimit,
        Code::MemoryLimit,
        Code::TooDeep,
        Code::TooLong,
    ]) {
        Exit::Limit
    } else if all(&[Code::UnknownParameter, Code::ParameterValue]) {
        Exit::Usage
    } else {
        Exit::Facts
    }
}
