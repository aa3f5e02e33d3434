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
    /// The folder's guard.
    pub guard: Guard,
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
    match entry {
        Entry::Folder => path.clone_into(&mut loaded.root),
        Entry::File(_) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.unwrap_or(Path::new(".")).clone_into(&mut loaded.root);
        }
        Entry::Other => return Err("it is neither a file nor a folder".to_owned()),
    }
    loaded.guard = Guard::new(files, &loaded.root)?;
    let mut loader = Loader { files, loaded, seen: Vec::new() };
    if entry == Entry::Folder {
        let mut wanted = Vec::new();
        loader.find(path, 0, &mut wanted)?;
        if wanted.is_empty() && loader.loaded.diagnostics.is_empty() {
            return Err("it holds no .lens file".to_owned());
        }
        for path in wanted {
            loader.file(&path, None, &mut Vec::new());
        }
    } else {
        // The user named this very file, so a link to it is followed; what it uses is guarded.
        loader.read(path, None, &mut Vec::new());
    }
    Ok(loader.loaded)
}

struct Loader<'f> {
    files: &'f dyn Files,
    loaded: Loaded,
    /// Files read, links followed.
    seen: Vec<PathBuf>,
}

impl Loader<'_> {
    /// The rulesets in a folder and the folders below it, in order of their names.
    fn find(&mut self, folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<(), String> {
        let mut names = self.files.list(folder)?;
        names.sort();
        for name in names {
            if name.starts_with('.') || name == "target" {
                continue;
            }
            let path = folder.join(&name);
            let is_lens = path.extension().is_some_and(|ending| ending == "lens");
            let entry = self.files.entry(&path);
            let is_folder = matches!(entry, Ok(Entry::Folder));
            if !is_folder && !is_lens {
                continue;
            }
            if self.loaded.guard.leads_out(self.files, &path) {
                self.report_outside(&self.name(&path), None);
            } else if out.len() >= MOST_FILES || is_folder && depth >= DEEPEST {
                let what =
                    if is_folder { format!("{DEEPEST} folders deep") } else { format!("{MOST_FILES} files") };
                let message = format!("a ruleset has at most {what}; `{}` is one too many", self.name(&path));
                self.report(Diagnostic::new(Code::TooMany, message).help("split the ruleset into several"));
                return Ok(());
            } else if is_folder && !is_lens {
                self.find(&path, depth + 1, out)?;
            } else if !is_folder {
                out.push(path);
            }
        }
        Ok(())
    }

    fn report_outside(&mut self, name: &str, used: Option<&Word>) {
        let diagnostic =
            Diagnostic::new(Code::OutsideFolder, format!("`{name}` lies outside the ruleset's folder"))
                .help("move the file into the folder, or point the command at the folder that holds both");
        let diagnostic = match used {
            Some(word) => diagnostic.at(word.span, "leads out of the folder"),
            None => diagnostic,
        };
        self.report(diagnostic);
    }

    /// Reads one file and what it uses, unless it lies outside. `way` holds the files that led here,
    /// for loops.
    fn file(&mut self, path: &Path, used: Option<&Word>, way: &mut Vec<PathBuf>) {
        if self.loaded.guard.leads_out(self.files, path) {
            let name = used.map_or_else(|| self.name(path), |word| word.text.clone());
            self.report_outside(&name, used);
        } else {
            self.read(path, used, way);
        }
    }

    fn read(&mut self, path: &Path, used: Option<&Word>, way: &mut Vec<PathBuf>) {
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
            self.file(&target, Some(&word), way);
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
