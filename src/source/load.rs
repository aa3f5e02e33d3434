//! Finds all files of a ruleset: one file or a folder of them, and what they `use`.

use std::path::{Path, PathBuf};

use super::guard::Guard;
use super::{Entry, Files};
use crate::base::{FileId, SourceMap, Span};
use crate::diag::{Code, Diagnostic, nearest};
use crate::syntax::ast::{Ast, ItemKind, Word};
use crate::syntax::{Parse, parse};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;
/// The most folders within folders.
const DEEPEST: usize = 16;
/// The most files of one ruleset.
const MOST_FILES: usize = 10_000;

/// A ruleset's files, read and parsed.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts.
    pub sources: SourceMap,
    /// What was read from each, in the same order.
    pub parses: Vec<(FileId, Parse)>,
    /// Where each file lies, in the same order.
    pub paths: Vec<PathBuf>,
    /// The folder that paths in the ruleset are kept inside of.
    pub root: PathBuf,
    /// What could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// The files' syntax, as the resolver takes it.
    pub fn asts(&self) -> Vec<(FileId, Ast)> {
        self.parses.iter().map(|(file, parse)| (*file, parse.ast.clone())).collect()
    }
}

/// Reads a ruleset. `Err` where the path itself leads nowhere.
pub fn load(files: &dyn Files, path: &Path) -> Result<Loaded, String> {
    let entry = files.entry(path)?;
    let mut loaded = Loaded::default();
    let mut wanted = Vec::new();
    match entry {
        Entry::Folder => {
            path.clone_into(&mut loaded.root);
            find(files, path, 0, &mut wanted)?;
            if wanted.is_empty() {
                return Err("it holds no .lens file".to_owned());
            }
        }
        Entry::File(_) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.unwrap_or(Path::new(".")).clone_into(&mut loaded.root);
            wanted.push(path.to_owned());
        }
        Entry::Other => return Err("it is neither a file nor a folder".to_owned()),
    }
    let guard = Guard::new(files, &loaded.root)?;
    let mut loader = Loader { files, guard, loaded, seen: Vec::new() };
    for path in wanted {
        loader.file(&path, None, &mut Vec::new());
    }
    Ok(loader.loaded)
}

fn find(files: &dyn Files, folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let mut names = files.list(folder)?;
    names.sort();
    for name in names {
        if name.starts_with('.') || name == "target" || out.len() >= MOST_FILES {
            continue;
        }
        let path = folder.join(&name);
        match files.entry(&path) {
            Ok(Entry::Folder) if depth < DEEPEST => find(files, &path, depth + 1, out)?,
            Ok(Entry::File(_) | Entry::Other) if path.extension().is_some_and(|ending| ending == "lens") => {
                out.push(path);
            }
            _ => {}
        }
    }
    Ok(())
}

struct Loader<'f> {
    files: &'f dyn Files,
    guard: Guard,
    loaded: Loaded,
    /// Files read, links followed.
    seen: Vec<PathBuf>,
}

impl Loader<'_> {
    /// Reads one file and what it uses. `way` holds the files that led here, for loops.
    fn file(&mut self, path: &Path, used: Option<&Word>, way: &mut Vec<PathBuf>) {
        let Ok(canonical) = self.files.canonical(path) else {
            self.missing(path, used);
            return;
        };
        if let Some(at) = way.iter().position(|other| *other == canonical) {
            self.report_loop(&way[at..], used);
            return;
        }
        if self.seen.contains(&canonical) || way.len() > MOST_FILES {
            return;
        }
        let name = self.name(path);
        let Some(text) = self.text(path, &name, used) else { return };
        self.seen.push(canonical.clone());
        let file = self.loaded.sources.add(name, text);
        let parsed = parse(file, &self.loaded.sources.file(file).text.clone());
        self.loaded.diagnostics.extend(parsed.diagnostics.iter().cloned());
        let uses: Vec<Word> = parsed
            .ast
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Use(word) => Some(word.clone()),
                _ => None,
            })
            .collect();
        self.loaded.parses.push((file, parsed));
        self.loaded.paths.push(path.to_owned());
        way.push(canonical);
        for word in uses {
            let target = path.parent().unwrap_or(Path::new(".")).join(&word.text);
            if Path::new(&word.text).is_absolute()
                || self.files.canonical(&target).is_ok() && !self.guard.allows(self.files, &target)
            {
                self.report(
                    Diagnostic::new(
                        Code::OutsideFolder,
                        format!("`{}` lies outside the ruleset's folder", word.text),
                    )
                    .at(word.span, "leads out of the folder")
                    .help(
                        "move the file into the folder, or point the command at the folder that holds both",
                    ),
                );
            } else {
                self.file(&target, Some(&word), way);
            }
        }
        way.pop();
    }

    /// The path as it is shown: below the folder the user pointed at.
    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.loaded.root).unwrap_or(path);
        let parts: Vec<String> = below
            .components()
            .filter(|part| !matches!(part, std::path::Component::CurDir))
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        parts.join("/")
    }

    fn text(&mut self, path: &Path, name: &str, used: Option<&Word>) -> Option<String> {
        let problem = match self.files.entry(path) {
            Ok(Entry::File(size)) if size > LARGEST => {
                let limit = LARGEST >> 20;
                let diagnostic =
                    Diagnostic::new(Code::TooLong, format!("`{name}` is larger than {limit} MiB"))
                        .help("split the ruleset into several files");
                self.report(place(diagnostic, used));
                return None;
            }
            Ok(Entry::File(_)) => match self.files.read(path) {
                Ok(bytes) => return self.decode(bytes, name, used),
                Err(reason) => reason,
            },
            Ok(Entry::Folder) => "it is a folder".to_owned(),
            Ok(Entry::Other) => "it is neither a file nor a folder".to_owned(),
            Err(reason) => reason,
        };
        let diagnostic = Diagnostic::new(Code::BadFile, format!("`{name}` cannot be read: {problem}"))
            .help("put a plain text file there, or take it out of the ruleset");
        self.report(place(diagnostic, used));
        None
    }

    fn decode(&mut self, bytes: Vec<u8>, name: &str, used: Option<&Word>) -> Option<String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
        match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let bytes = error.as_bytes();
                let line = memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1;
                let hint = match bytes {
                    [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16; save it as UTF-8",
                    _ => "save it as UTF-8 in your editor",
                };
                let message =
                    format!("`{name}` is not UTF-8 text: byte {at}, in line {line}, is {:#04x}", bytes[at]);
                self.report(place(Diagnostic::new(Code::NotText, message).help(hint), used));
                None
            }
        }
    }

    fn missing(&mut self, path: &Path, used: Option<&Word>) {
        let name = self.name(path);
        let mut diagnostic = Diagnostic::new(Code::BadUse, format!("there is no file `{name}`"));
        let neighbours = path.parent().and_then(|folder| self.files.list(folder).ok()).unwrap_or_default();
        let lens: Vec<&str> =
            neighbours.iter().map(String::as_str).filter(|other| other.ends_with(".lens")).collect();
        let own = path.file_name().and_then(|own| own.to_str()).unwrap_or_default();
        diagnostic = match nearest(own, lens.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("write the path from the folder of this file"),
        };
        self.report(place(diagnostic, used));
    }

    fn report_loop(&mut self, way: &[PathBuf], used: Option<&Word>) {
        let mut names: Vec<String> = way
            .iter()
            .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
            .collect();
        if let Some(first) = names.first().cloned() {
            names.push(first);
        }
        let diagnostic =
            Diagnostic::new(Code::UseLoop, format!("files use each other in a loop: {}", names.join(" → ")))
                .help("let one of them do without the other; what both need goes into a third");
        self.report(place(diagnostic, used));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.loaded.diagnostics.push(diagnostic);
    }
}

fn place(diagnostic: Diagnostic, used: Option<&Word>) -> Diagnostic {
    match used {
        Some(Word { span, .. }) => diagnostic.at(Span { ..*span }, "named here"),
        None => diagnostic,
    }
}
