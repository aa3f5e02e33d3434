//! Facts from tables: finds the file, refuses what lies outside, unpacks it, hands its bytes to `facts`.

use std::path::{Path, PathBuf};

use super::Session;
use crate::diag::{Code, DataPlace, Diagnostic};
use crate::facts::{FactSetBuilder, TableBytes, TableFormat, read_tables};
use crate::model::Ruleset;
use crate::source::{Entry, ReadAt, unpack};

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

impl Session<'_> {
    /// States the facts of all tables; hands back warnings.
    pub(super) fn read_tables(
        &self,
        ruleset: &Ruleset,
        inputs: &[TableInput],
        builder: &mut FactSetBuilder<'_>,
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
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
                Ok((bytes, format)) => tables.push(TableBytes { at, bytes, format }),
                Err((code, reason)) => problems.push(
                    Diagnostic::new(code, format!("`{}` {reason}", table.path))
                        .at(table.span, "named here")
                        .data(DataPlace { file: table.path.clone(), ..DataPlace::default() })
                        .help("the path is read from the folder of the file it stands in"),
                ),
            }
        }
        problems.extend(read_tables(ruleset, &tables, builder));
        if problems.iter().any(Diagnostic::is_error) { Err(problems) } else { Ok(problems) }
    }

    fn given(&self, input: &TableInput) -> Result<Found, (Code, String)> {
        match &input.source {
            TableSource::Bytes(bytes) => unpacked(Box::new(bytes.clone()), &input.name),
            TableSource::File(path) => {
                let name = path.to_string_lossy().into_owned();
                self.plain_file(path).and_then(|bytes| unpacked(bytes, &name))
            }
        }
    }

    fn table_bytes(&self, path: &Path, name: &str) -> Result<Found, (Code, String)> {
        if self.loaded.guard.leads_out(self.files, path) {
            return Err((Code::OutsideFolder, "lies outside the ruleset's folder".to_owned()));
        }
        format_of(name)?;
        self.plain_file(path).and_then(|bytes| unpacked(bytes, name))
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

/// A table's bytes, unpacked, and how they are laid out.
type Found = (Box<dyn ReadAt>, TableFormat);

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

fn unpacked(bytes: Box<dyn ReadAt>, name: &str) -> Result<Found, (Code, String)> {
    let format = format_of(name)?;
    if !name.ends_with(".gz") && !name.ends_with(".zst") {
        return Ok((bytes, format));
    }
    let bytes = bytes.all().map_err(|reason| (Code::BadFile, format!("cannot be read: {reason}")))?;
    let bytes =
        unpack(bytes, name).map_err(|reason| (Code::BadFile, format!("cannot be unpacked: {reason}")))?;
    Ok((Box::new(bytes), format))
}
