//! Facts from tables: finds each file or database, refuses what is not allowed, hands bytes or cells to
//! `facts`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Options, Session};
use crate::diag::{Code, Diagnostic};
use crate::facts::{FactSetBuilder, TableBytes, TableCells, TableFormat, read_tables, refused};
use crate::model::{Ruleset, Table, TableFrom};
use crate::source::{Cells, Entry, Guard, ReadAt, Refusal, Style, kinds, unpack};

/// A table given from outside, in place of the file a `from` names.
#[derive(Clone, Debug)]
pub struct TableInput {
    /// The path the `from` names, or the variable; with `#` and the number of the query or the name of the
    /// sheet for one table of several.
    pub name: String,
    /// What to read instead.
    pub source: TableSource,
}

/// Where the bytes of a table come from.
#[derive(Clone, Debug)]
pub enum TableSource {
    /// A file, which may lie anywhere.
    File(PathBuf),
    /// These bytes, packed and laid out as the name says; as CSV in place of a query.
    Bytes(Vec<u8>),
}

/// What a table is read from.
enum Opened {
    Bytes(Box<dyn ReadAt>, TableFormat),
    Cells(Box<dyn Cells>),
}

/// How a table is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layout {
    Text(TableFormat),
    Parquet,
    Workbook,
    Sqlite,
}

impl Session<'_> {
    /// States the facts of all tables; hands back warnings.
    pub(super) fn read_tables(
        &self,
        ruleset: &Ruleset,
        options: &Options,
        builder: &mut FactSetBuilder<'_>,
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let mut problems: Vec<Diagnostic> =
            options.tables.iter().filter_map(|input| unknown_table(ruleset, input)).collect();
        let until = options.limits.time.and_then(|time| Instant::now().checked_add(time));
        let (mut tables, mut cells) = (Vec::new(), Vec::new());
        for (at, table) in ruleset.tables.iter().enumerate() {
            let asked = Asked { table, options, until, style: style(table) };
            let exact = options.tables.iter().find(|input| input.name == table.path);
            let given = exact.or_else(|| options.tables.iter().find(|input| input.name == table.from.name()));
            let opened = match given {
                Some(input) => self.given(&asked, input),
                None => self.named(&asked),
            };
            match opened {
                Ok(Opened::Bytes(bytes, format)) => tables.push(TableBytes { at, bytes, format }),
                Ok(Opened::Cells(own)) => cells.push(TableCells { at, cells: own }),
                Err(refusal) => problems.push(refused(ruleset, at, &refusal)),
            }
        }
        problems.extend(read_tables(ruleset, &tables, &cells, builder));
        if problems.iter().any(Diagnostic::is_error) { Err(problems) } else { Ok(problems) }
    }

    /// What stands in for a table.
    fn given(&self, asked: &Asked<'_>, input: &TableInput) -> Result<Opened, Refusal> {
        match &input.source {
            TableSource::Bytes(bytes) => {
                let (name, layout) = match &asked.table.from {
                    TableFrom::File { path, .. } => (path.as_str(), layout_of(path)?),
                    TableFrom::Sqlite { .. } | TableFrom::Postgres { .. } => {
                        ("", Layout::Text(TableFormat::Separated(b',')))
                    }
                };
                asked.open(Box::new(bytes.clone()), name, layout)
            }
            TableSource::File(path) => {
                let name = path.to_string_lossy().into_owned();
                match (layout_of(&name)?, &asked.table.from) {
                    (Layout::Sqlite, TableFrom::Sqlite { query, .. }) => self.sqlite(asked, path, query),
                    (layout, _) => asked.open(self.plain_file(path)?, &name, layout),
                }
            }
        }
    }

    /// What the `from` itself names.
    fn named(&self, asked: &Asked<'_>) -> Result<Opened, Refusal> {
        let own = self.loaded.paths.get(asked.table.span.file.0 as usize);
        let folder = own.and_then(|path| path.parent()).filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        match &asked.table.from {
            TableFrom::File { path, .. } => {
                let full = self.inside(folder.join(path), asked.options)?;
                let layout = layout_of(path)?;
                asked.open(self.plain_file(&full)?, path, layout)
            }
            TableFrom::Sqlite { path, query } => {
                let full = self.inside(folder.join(path), asked.options)?;
                self.sqlite(asked, &full, query)
            }
            TableFrom::Postgres { variable, query } => self.postgres(asked, variable, query),
        }
    }

    /// The path, where it stays inside the ruleset's folder or a folder that is allowed.
    fn inside(&self, path: PathBuf, options: &Options) -> Result<PathBuf, Refusal> {
        let allowed = |folder: &PathBuf| {
            Guard::new(self.files, folder).is_ok_and(|guard| guard.holds(self.files, &path))
        };
        if self.loaded.guard.leads_out(self.files, &path) && !options.allow_paths.iter().any(allowed) {
            return Err(Refusal {
                code: Code::OutsideFolder,
                reason: "lies outside the ruleset's folder".to_owned(),
                help: "the path is read from the folder of the file it stands in; `--allow-path FOLDER` \
                       allows another folder"
                    .to_owned(),
            });
        }
        Ok(path)
    }

    fn sqlite(&self, asked: &Asked<'_>, path: &Path, query: &str) -> Result<Opened, Refusal> {
        self.check_file(path)?;
        let path = self.files.on_disk(path).ok_or_else(|| unread("it lies on no disk"))?;
        kinds::sqlite(&path, query, &asked.style, asked.until).map(Opened::Cells)
    }

    fn postgres(&self, asked: &Asked<'_>, variable: &str, query: &str) -> Result<Opened, Refusal> {
        if !asked.options.allow_network {
            return Err(Refusal {
                code: Code::NetworkNeeded,
                reason: "is asked over the network, which is not allowed".to_owned(),
                help: "allow it with `--allow-network`, or read a file in its place with `--facts`"
                    .to_owned(),
            });
        }
        if let Some(refusal) = kinds::postgres_refusal() {
            return Err(refusal);
        }
        let address = self.files.variable(variable).ok_or_else(|| Refusal {
            code: Code::BadFile,
            reason: "is no environment variable that is set".to_owned(),
            help: format!("set it as in `{variable}=postgres://name:password@host:5432/database`"),
        })?;
        kinds::postgres(&address, query, &asked.style, asked.until).map(Opened::Cells)
    }

    fn check_file(&self, path: &Path) -> Result<(), Refusal> {
        let reason = match self.files.entry(path) {
            Ok(Entry::File(_)) => return Ok(()),
            Ok(Entry::Folder) => "is a folder".to_owned(),
            Ok(Entry::Other) => "is neither a file nor a folder".to_owned(),
            Err(reason) => format!("cannot be read: {reason}"),
        };
        Err(Refusal { reason, ..unread("") })
    }

    fn plain_file(&self, path: &Path) -> Result<Box<dyn ReadAt>, Refusal> {
        self.check_file(path)?;
        self.files.open(path).map_err(unread)
    }
}

/// A table that is to be opened.
struct Asked<'a> {
    table: &'a Table,
    options: &'a Options,
    until: kinds::Deadline,
    style: Style,
}

impl Asked<'_> {
    /// Opens a table's bytes, packed as its name says.
    fn open(&self, bytes: Box<dyn ReadAt>, name: &str, layout: Layout) -> Result<Opened, Refusal> {
        let bytes: Box<dyn ReadAt> = if name.ends_with(".gz") || name.ends_with(".zst") {
            let packed = bytes.all().map_err(unread)?;
            let unpacked = unpack(packed, name).map_err(|reason| Refusal {
                reason: format!("cannot be unpacked: {reason}"),
                ..unread("")
            })?;
            Box::new(unpacked)
        } else {
            bytes
        };
        match layout {
            Layout::Text(format) => Ok(Opened::Bytes(bytes, format)),
            Layout::Parquet => kinds::parquet(bytes, self.style.clone()).map(Opened::Cells),
            Layout::Workbook => {
                let sheet = match &self.table.from {
                    TableFrom::File { sheet, .. } => sheet.as_deref(),
                    TableFrom::Sqlite { .. } | TableFrom::Postgres { .. } => None,
                };
                kinds::workbook(&*bytes, sheet, self.table.cells.header, &self.style).map(Opened::Cells)
            }
            Layout::Sqlite => Err(Refusal {
                code: Code::BadFile,
                reason: "is a database, of which a query makes a table".to_owned(),
                help: "write it as in `from sqlite \"crm.db\" query \"select …\" { … }`".to_owned(),
            }),
        }
    }
}

fn style(table: &Table) -> Style {
    Style { date: table.cells.date.clone(), decimal_comma: table.cells.decimal_comma }
}

fn unread(reason: impl std::fmt::Display) -> Refusal {
    Refusal {
        code: Code::BadFile,
        reason: format!("cannot be read: {reason}"),
        help: "the path is read from the folder of the file it stands in".to_owned(),
    }
}

/// An input that stands in for no table.
fn unknown_table(ruleset: &Ruleset, input: &TableInput) -> Option<Diagnostic> {
    let is_it = |table: &Table| table.path == input.name || table.from.name() == input.name;
    if ruleset.tables.iter().any(is_it) {
        return None;
    }
    let names: Vec<String> = ruleset.tables.iter().map(|table| format!("`{}`", table.path)).collect();
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let message = format!("no `from` of the ruleset names `{}`", input.name);
    Some(Diagnostic::new(Code::BadFile, message).help(format!("it names {known}")))
}

/// How a table is laid out, by the ending of its name, packed or not.
fn layout_of(name: &str) -> Result<Layout, Refusal> {
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let ending = Path::new(plain).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending {
        "csv" | "txt" => Ok(Layout::Text(TableFormat::Separated(b','))),
        "tsv" => Ok(Layout::Text(TableFormat::Separated(b'\t'))),
        "jsonl" | "ndjson" => Ok(Layout::Text(TableFormat::JsonLines)),
        "parquet" => Ok(Layout::Parquet),
        "xlsx" => Ok(Layout::Workbook),
        "db" | "sqlite" | "sqlite3" => Ok(Layout::Sqlite),
        _ => Err(Refusal {
            code: Code::NotYet,
            reason: "is laid out in a way this version cannot read".to_owned(),
            help: "it reads .csv, .tsv, .jsonl, .parquet and .xlsx, each also .gz or .zst".to_owned(),
        }),
    }
}
