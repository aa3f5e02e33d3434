//! Tables: finds each file or database, refuses what is not allowed, opens it, unpacks it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Options, Session};
use crate::diag::{Code, Diagnostic};
use crate::facts::{TableBytes, TableCells, TableFormat, refused};
use crate::model::{Ruleset, Table, TableFrom};
use crate::source::{Cells, Entry, Guard, ReadAt, Refusal, Stopped, Style, digest, kinds, unpack};

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

/// A table, found and opened, but not looked into yet.
pub(super) struct Opened {
    /// Its place among `Ruleset::tables`.
    at: usize,
    content: Content,
}

/// What a table is read from.
enum Content {
    /// Bytes, packed as this ending says.
    Bytes { bytes: Box<dyn ReadAt>, layout: Layout, packing: &'static str },
    /// The answer of a database.
    Cells(Box<dyn Cells>),
}

/// A table whose rows can be read.
pub(super) enum Readable {
    /// A text.
    Bytes(TableBytes),
    /// Cells by columns.
    Cells(TableCells),
}

/// Tables that could be opened, and what is wrong with the others.
pub(super) type OpenedTables = (Vec<Opened>, Vec<Diagnostic>);

/// How a table is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layout {
    Text(TableFormat),
    Parquet,
    Workbook,
    Sqlite,
}

impl Session<'_> {
    /// Opens all tables.
    pub(super) fn open_tables(&self, ruleset: &Ruleset, options: &Options) -> OpenedTables {
        let mut problems: Vec<Diagnostic> =
            options.tables.iter().filter_map(|input| unknown_table(ruleset, input)).collect();
        let mut tables = Vec::new();
        for (at, table) in ruleset.tables.iter().enumerate() {
            let asked = Asked::new(table, options);
            let exact = options.tables.iter().find(|input| input.name == table.path);
            let given = exact.or_else(|| options.tables.iter().find(|input| input.name == table.from.name()));
            let opened = match given {
                Some(input) => self.given(&asked, input),
                None => self.named(&asked),
            };
            match opened {
                Ok(content) => tables.push(Opened { at, content }),
                Err(refusal) => problems.push(refused(ruleset, at, &refusal)),
            }
        }
        (tables, problems)
    }

    /// What stands in for a table.
    fn given(&self, asked: &Asked<'_>, input: &TableInput) -> Result<Content, Refusal> {
        match &input.source {
            TableSource::Bytes(bytes) => {
                let (name, layout) = match &asked.table.from {
                    TableFrom::File { path, .. } => (path.as_str(), layout_of(path)?),
                    TableFrom::Sqlite { .. } | TableFrom::Postgres { .. } => {
                        ("", Layout::Text(TableFormat::Separated(b',')))
                    }
                };
                Ok(asked.open(Box::new(bytes.clone()), name, layout))
            }
            TableSource::File(path) => {
                let name = path.to_string_lossy().into_owned();
                match (layout_of(&name)?, &asked.table.from) {
                    (Layout::Sqlite, TableFrom::Sqlite { query, .. }) => self.sqlite(asked, path, query),
                    (layout, _) => Ok(asked.open(self.plain_file(path)?, &name, layout)),
                }
            }
        }
    }

    /// What the `from` itself names.
    fn named(&self, asked: &Asked<'_>) -> Result<Content, Refusal> {
        let own = self.loaded.paths.get(asked.table.span.file.0 as usize);
        let folder = own.and_then(|path| path.parent()).filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        match &asked.table.from {
            TableFrom::File { path, .. } => {
                let full = self.inside(folder.join(path), asked.options)?;
                let layout = layout_of(path)?;
                Ok(asked.open(self.plain_file(&full)?, path, layout))
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

    fn sqlite(&self, asked: &Asked<'_>, path: &Path, query: &str) -> Result<Content, Refusal> {
        self.check_file(path)?;
        let path = self.files.on_disk(path).ok_or_else(|| unread("it lies on no disk"))?;
        kinds::sqlite(&path, query, &asked.style, asked.until).map(Content::Cells)
    }

    fn postgres(&self, asked: &Asked<'_>, variable: &str, query: &str) -> Result<Content, Refusal> {
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
        kinds::postgres(&address, query, &asked.style, asked.until).map(Content::Cells)
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

impl Opened {
    /// What tells its content apart from others, with how it is laid out and packed; `None` where that
    /// cannot be had without reading the table, whose facts are then not kept.
    pub(super) fn digest(&self) -> Option<Vec<u8>> {
        let Content::Bytes { bytes, layout, packing } = &self.content else { return None };
        let layout = match layout {
            Layout::Text(TableFormat::Separated(by)) => [0, *by],
            Layout::Text(TableFormat::JsonLines) => [1, 0],
            Layout::Parquet => [2, 0],
            Layout::Workbook => [3, 0],
            Layout::Sqlite => return None,
        };
        let content = digest(&**bytes).ok()?.to_le_bytes();
        Some([&layout[..], packing.as_bytes(), &[0], &content[..]].concat())
    }

    /// Unpacks its bytes, and finds the cells of what is no text.
    pub(super) fn unpacked(self, ruleset: &Ruleset, options: &Options) -> Result<Readable, Box<Diagnostic>> {
        let at = self.at;
        let asked = Asked::new(&ruleset.tables[at], options);
        let (bytes, layout, packing) = match self.content {
            Content::Bytes { bytes, layout, packing } => (bytes, layout, packing),
            Content::Cells(cells) => return Ok(Readable::Cells(TableCells { at, cells })),
        };
        let readable = asked.unpacked(bytes, packing).and_then(|bytes| match layout {
            Layout::Text(format) => Ok(Readable::Bytes(TableBytes { at, bytes, format })),
            _ => asked.cells(bytes, layout).map(|cells| Readable::Cells(TableCells { at, cells })),
        });
        readable.map_err(|refusal| Box::new(refused(ruleset, at, &refusal)))
    }
}

/// A table that is to be opened.
struct Asked<'a> {
    table: &'a Table,
    options: &'a Options,
    until: kinds::Deadline,
    style: Style,
}

impl<'a> Asked<'a> {
    fn new(table: &'a Table, options: &'a Options) -> Self {
        let until = options.limits.time.and_then(|time| Instant::now().checked_add(time));
        Self { table, options, until, style: style(table) }
    }

    /// Bytes that stop being read when the end is asked for.
    fn stopped(&self, bytes: Box<dyn ReadAt>) -> Box<dyn ReadAt> {
        Box::new(Stopped::new(bytes, self.options.limits.stop.clone()))
    }

    /// A table's bytes, packed as its name says.
    fn open(&self, bytes: Box<dyn ReadAt>, name: &str, layout: Layout) -> Content {
        let packing = [".gz", ".zst"].into_iter().find(|ending| name.ends_with(ending));
        Content::Bytes { bytes: self.stopped(bytes), layout, packing: packing.unwrap_or_default() }
    }

    fn unpacked(&self, bytes: Box<dyn ReadAt>, packing: &str) -> Result<Box<dyn ReadAt>, Refusal> {
        if packing.is_empty() {
            return Ok(bytes);
        }
        let packed = bytes.all().map_err(unread)?;
        let whole = unpack(packed, packing, &self.options.limits.stop);
        let whole = whole
            .map_err(|reason| Refusal { reason: format!("cannot be unpacked: {reason}"), ..unread("") })?;
        Ok(self.stopped(Box::new(whole)))
    }

    /// The cells of a table that is no text.
    fn cells(&self, bytes: Box<dyn ReadAt>, layout: Layout) -> Result<Box<dyn Cells>, Refusal> {
        match layout {
            Layout::Parquet => kinds::parquet(bytes, self.style.clone()),
            Layout::Workbook => {
                let sheet = match &self.table.from {
                    TableFrom::File { sheet, .. } => sheet.as_deref(),
                    TableFrom::Sqlite { .. } | TableFrom::Postgres { .. } => None,
                };
                kinds::workbook(&*bytes, sheet, self.table.cells.header, &self.style)
            }
            Layout::Sqlite | Layout::Text(_) => Err(Refusal {
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
