//! Tables: finds the file, refuses what lies outside, opens it, unpacks it.

use std::path::{Path, PathBuf};

use super::Session;
use crate::base::StopSign;
use crate::diag::{Code, DataPlace, Diagnostic};
use crate::facts::{TableBytes, TableFormat};
use crate::model::Ruleset;
use crate::source::{Entry, ReadAt, Stopped, digest, unpack};

/// A table given from outside, in place of the file a `from` names.
#[derive(Clone, Debug)]
pub struct TableInput {
    /// The path the `from` names.
    pub name: String,
    /// What to read instead.
    pub source: TableSource,
}

/// Where the bytes of a table come from.
#[derive(Clone, Debug)]
pub enum TableSource {
    /// A file, which may lie anywhere.
    File(PathBuf),
    /// These bytes, packed and laid out as the name says.
    Bytes(Vec<u8>),
}

/// A table, found and opened, but not looked into yet.
pub(super) struct Opened {
    /// Its place among `Ruleset::tables`.
    at: usize,
    bytes: Box<dyn ReadAt>,
    format: TableFormat,
    packing: &'static str,
}

/// Tables that could be opened, and what is wrong with the others.
pub(super) type OpenedTables = (Vec<Opened>, Vec<Diagnostic>);

impl Session<'_> {
    /// Opens all tables.
    pub(super) fn open_tables(
        &self,
        ruleset: &Ruleset,
        inputs: &[TableInput],
        stop: &StopSign,
    ) -> OpenedTables {
        let mut problems = Vec::new();
        for input in inputs {
            if !ruleset.tables.iter().any(|table| table.path == input.name) {
                let names: Vec<String> =
                    ruleset.tables.iter().map(|table| format!("`{}`", table.path)).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                problems.push(
                    Diagnostic::new(
                        Code::BadFile,
                        format!("no `from` of the ruleset names `{}`", input.name),
                    )
                    .help(format!("it names {known}")),
                );
            }
        }
        let mut tables = Vec::new();
        for (at, table) in ruleset.tables.iter().enumerate() {
            let found = match inputs.iter().find(|input| input.name == table.path) {
                Some(input) => self.given(input),
                None => {
                    let own = self.loaded.paths.get(table.span.file.0 as usize);
                    let folder = own.and_then(|path| path.parent()).unwrap_or(Path::new("."));
                    self.table_bytes(&folder.join(&table.path), &table.path)
                }
            };
            match found {
                Ok((bytes, format, packing)) => {
                    let bytes = Box::new(Stopped::new(bytes, stop.clone()));
                    tables.push(Opened { at, bytes, format, packing });
                }
                Err(reason) => problems.push(problem(ruleset, at, reason)),
            }
        }
        (tables, problems)
    }

    fn given(&self, input: &TableInput) -> Result<Found, (Code, String)> {
        match &input.source {
            TableSource::Bytes(bytes) => found(Box::new(bytes.clone()), &input.name),
            TableSource::File(path) => {
                let name = path.to_string_lossy().into_owned();
                self.plain_file(path).and_then(|bytes| found(bytes, &name))
            }
        }
    }

    fn table_bytes(&self, path: &Path, name: &str) -> Result<Found, (Code, String)> {
        if self.loaded.guard.leads_out(self.files, path) {
            return Err((Code::OutsideFolder, "lies outside the ruleset's folder".to_owned()));
        }
        format_of(name)?;
        self.plain_file(path).and_then(|bytes| found(bytes, name))
    }

    fn plain_file(&self, path: &Path) -> Result<Box<dyn ReadAt>, (Code, String)> {
        let files = self.files;
        match files.entry(path) {
            Ok(Entry::File(_)) => {}
            Ok(Entry::Folder) => return Err((Code::BadFile, "is a folder".to_owned())),
            Ok(Entry::Other) => return Err((Code::BadFile, "is neither a file nor a folder".to_owned())),
            Err(reason) => return Err((Code::BadFile, format!("cannot be read: {reason}"))),
        }
        files.open(path).map_err(|reason| (Code::BadFile, format!("cannot be read: {reason}")))
    }
}

impl Opened {
    /// What tells its content apart from others, with how it is laid out and packed; `None` where that
    /// cannot be had without reading the table, whose facts are then not kept.
    pub(super) fn digest(&self) -> Option<Vec<u8>> {
        let format = match self.format {
            TableFormat::Separated(by) => [0, by],
            TableFormat::JsonLines => [1, 0],
        };
        let content = digest(&*self.bytes).ok()?.to_le_bytes();
        Some([&format[..], self.packing.as_bytes(), &[0], &content[..]].concat())
    }

    /// Its bytes, unpacked.
    pub(super) fn unpacked(self, ruleset: &Ruleset, stop: &StopSign) -> Result<TableBytes, Box<Diagnostic>> {
        let Self { at, bytes, format, packing } = self;
        if packing.is_empty() {
            return Ok(TableBytes { at, bytes, format });
        }
        let whole = bytes.all().map_err(|reason| format!("cannot be read: {reason}"));
        let whole = whole.and_then(|bytes| {
            unpack(bytes, packing, stop).map_err(|reason| format!("cannot be unpacked: {reason}"))
        });
        match whole {
            Ok(bytes) => {
                Ok(TableBytes { at, bytes: Box::new(Stopped::new(Box::new(bytes), stop.clone())), format })
            }
            Err(reason) => Err(Box::new(problem(ruleset, at, (Code::BadFile, reason)))),
        }
    }
}

fn problem(ruleset: &Ruleset, at: usize, (code, reason): (Code, String)) -> Diagnostic {
    let table = &ruleset.tables[at];
    Diagnostic::new(code, format!("`{}` {reason}", table.path))
        .at(table.span, "named here")
        .data(DataPlace { file: table.path.clone(), ..DataPlace::default() })
        .help("the path is read from the folder of the file it stands in")
}

/// A table's bytes, how they are laid out, and the ending that says how they are packed.
type Found = (Box<dyn ReadAt>, TableFormat, &'static str);

/// How a table is laid out, by the ending of its name, packed or not.
fn format_of(name: &str) -> Result<TableFormat, (Code, String)> {
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let ending = Path::new(plain).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending {
        "csv" | "txt" => Ok(TableFormat::Separated(b',')),
        "tsv" => Ok(TableFormat::Separated(b'\t')),
        "jsonl" | "ndjson" => Ok(TableFormat::JsonLines),
        _ => Err((
            Code::NotYet,
            "cannot be read in this version, which reads .csv, .tsv and .jsonl, each also .gz or .zst"
                .to_owned(),
        )),
    }
}

fn found(bytes: Box<dyn ReadAt>, name: &str) -> Result<Found, (Code, String)> {
    let format = format_of(name)?;
    let packing = [".gz", ".zst"].into_iter().find(|ending| name.ends_with(ending));
    Ok((bytes, format, packing.unwrap_or_default()))
}
