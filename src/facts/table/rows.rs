//! Rows of a table to facts one by one, with a diagnostic for whatever cannot be read.

use std::borrow::Cow;

use simd_csv::ByteRecord;

use super::cells::{cell_text, columns_of, compare, header_problem, named_columns, place_of, read};
use super::{BLOCK, TableFormat, digest, lines};
use crate::diag::{Code, DataPlace, Diagnostic};
use crate::facts::{FactSetBuilder, Origin, TableRead};
use crate::model::{BadRows, CellCond, CellTerm, Column, Constant, Ruleset, Table, TableStates, Ty};
use crate::source::BAD;
use crate::value::{Value, ValueKind};

/// What is expected of a cell that holds an error or what is no text.
const READABLE: &str = "a readable value";

/// States what the rows of table `at` of the ruleset say; hands back what is wrong with them.
pub(super) fn read_rows(
    ruleset: &Ruleset,
    at: usize,
    bytes: &[u8],
    format: TableFormat,
    builder: &mut FactSetBuilder<'_>,
) -> Vec<Diagnostic> {
    let table = &ruleset.tables[at];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(problem) = not_text(table, bytes) {
        return vec![problem];
    }
    let by_ending = match format {
        TableFormat::Separated(by_ending) => by_ending,
        TableFormat::JsonLines => return read_lines(ruleset, at, bytes, builder),
    };
    let delimiter = table.cells.delimiter.unwrap_or(by_ending);
    if let Some(line) = unclosed_quote(bytes, delimiter) {
        let place = DataPlace { file: table.path.clone(), row: line, ..DataPlace::default() };
        return vec![
            Diagnostic::new(Code::BadRow, "a quoted cell is not closed")
                .at(table.span, "in this table")
                .data(place)
                .help("add `\"` where the cell ends; a quote inside a quoted cell is written twice"),
        ];
    }
    let mut reader = simd_csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);
    let mut rows = Rows::new(ruleset, at);
    let mut record = ByteRecord::new();
    let mut lines = Lines::new(bytes);
    let mut first = true;
    loop {
        let line = lines.start_of_row(reader.position() as usize);
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                rows.fault(Code::BadRow, line, None, &error.to_string(), "a row of cells");
                break;
            }
        }
        let cells: Vec<&str> =
            record.iter().map(|cell| std::str::from_utf8(cell).unwrap_or_default()).collect();
        if first {
            first = false;
            let named = table.cells.header;
            rows.header = if named {
                cells.iter().map(|cell| cell.trim().to_owned()).collect()
            } else {
                (1..=cells.len()).map(|column| format!("c{column}")).collect()
            };
            if let Some(problem) = header_problem(rows.table, &rows.header) {
                return vec![problem];
            }
            if named {
                continue;
            }
        }
        rows.row(&cells, line, builder);
    }
    if first && table.cells.header {
        let place = DataPlace { file: table.path.clone(), ..DataPlace::default() };
        return vec![
            Diagnostic::new(Code::BadFile, format!("`{}` is empty", table.path))
                .at(table.span, "named here")
                .data(place)
                .help("its first line must name the columns, unless the block says `no header`"),
        ];
    }
    builder.note_read(rows.outcome(digest_of(bytes)));
    rows.finish()
}

fn digest_of(bytes: &[u8]) -> String {
    digest(bytes.chunks(BLOCK).map(xxhash_rust::xxh3::xxh3_64))
}

/// Rows whose cells were taken by columns: `visit` calls with each row's cells, in the order of the header,
/// and its number.
pub(super) fn read_taken(
    ruleset: &Ruleset,
    at: usize,
    header: Vec<String>,
    digest: String,
    visit: impl FnOnce(&mut dyn FnMut(&[&str], u64)),
    builder: &mut FactSetBuilder<'_>,
) -> Vec<Diagnostic> {
    let mut rows = Rows::new(ruleset, at);
    rows.header = header;
    rows.by_row = true;
    visit(&mut |cells, number| rows.row(cells, number, builder));
    builder.note_read(rows.outcome(digest));
    rows.finish()
}

/// A JSON object per line.
fn read_lines(
    ruleset: &Ruleset,
    at: usize,
    bytes: &[u8],
    builder: &mut FactSetBuilder<'_>,
) -> Vec<Diagnostic> {
    let mut rows = Rows::new(ruleset, at);
    let mut names: Vec<String> = named_columns(rows.table).iter().map(|column| column.name.clone()).collect();
    names.sort();
    names.dedup();
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let mut lines = text.lines().zip(1_u64..).filter(|(line, _)| !line.trim().is_empty()).peekable();
    // `row` is the row's number, unless the first line has something of that name.
    let first = lines.peek().and_then(|(line, _)| lines::object(line).ok());
    if first.is_none_or(|object| object.get("row").is_none()) {
        names.retain(|name| name != "row");
    }
    let paths: Vec<Vec<String>> =
        names.iter().map(|name| name.split('.').map(str::to_owned).collect()).collect();
    let mut seen = vec![false; names.len()];
    let mut any = false;
    rows.header = names;
    for (line, number) in lines {
        any = true;
        match lines::object(line).and_then(|object| lines::cells(&object, &paths)) {
            Ok(cells) => {
                seen.iter_mut().zip(&cells).for_each(|(seen, cell)| *seen |= cell.is_some());
                let cells: Vec<&str> = cells.iter().map(|cell| cell.as_deref().unwrap_or_default()).collect();
                rows.row(&cells, number, builder);
            }
            Err((column, raw)) => {
                let name = column.map(|column| rows.header[column].clone());
                let (code, expected) = match &name {
                    Some(_) => (Code::BadCell, "a single value"),
                    None => (Code::BadRow, "a JSON object"),
                };
                rows.fault(code, number, name.as_deref(), &raw, expected);
                rows.number += 1;
                rows.skipped += 1;
            }
        }
    }
    // A column of which no line has anything; where lines cannot be read, that is the cause.
    let never = seen.iter().position(|seen| !seen);
    if let (Some(at), true, true) = (never, any, rows.faults.is_empty()) {
        rows.header.remove(at);
        return header_problem(rows.table, &rows.header).into_iter().collect();
    }
    builder.note_read(rows.outcome(digest_of(bytes)));
    rows.finish()
}

/// The line each row begins at; empty lines between rows are counted and passed over.
pub(super) struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

impl<'b> Lines<'b> {
    /// At the first line.
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// The line of the row that begins at or after a place.
    pub(super) fn start_of_row(&mut self, from: usize) -> u64 {
        let from = from.min(self.bytes.len()).max(self.at);
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.at..from]).count() as u64;
        self.at = from;
        for byte in self.bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')) {
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// The line at which a quoted cell opens that never closes.
pub(super) fn unclosed_quote(bytes: &[u8], delimiter: u8) -> Option<u64> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'"', &bytes[at..]) {
        let open = at + found;
        let opens = open == 0 || bytes[open - 1] == delimiter || matches!(bytes[open - 1], b'\n' | b'\r');
        if !opens {
            at = open + 1;
            continue;
        }
        let mut close = open + 1;
        loop {
            let Some(found) = memchr::memchr(b'"', &bytes[close..]) else {
                return Some(memchr::memchr_iter(b'\n', &bytes[..open]).count() as u64 + 1);
            };
            close += found + 1;
            if bytes.get(close) != Some(&b'"') {
                break;
            }
            close += 1;
        }
        at = close;
    }
    None
}

fn not_text(table: &Table, bytes: &[u8]) -> Option<Diagnostic> {
    let (at, what, hint) = match std::str::from_utf8(bytes) {
        Ok(_) => match (memchr::memchr(0, bytes), only_returns(bytes)) {
            (Some(at), _) => (at, format!("has a NUL byte: byte {at}"), "it is no plain text"),
            (None, Some(at)) => (
                at,
                format!("ends its lines with a carriage return alone: byte {at} is 0x0d"),
                "save it with line feeds (LF, or CR and LF)",
            ),
            (None, None) => return None,
        },
        Err(error) => {
            let at = error.valid_up_to();
            let hint = match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16; save it as UTF-8",
                _ => "it may be Latin-1 or Windows-1252; save it as UTF-8",
            };
            (at, format!("is not UTF-8 text: byte {at} is {:#04x}", bytes[at]), hint)
        }
    };
    let line = memchr::memchr_iter(b'\n', &bytes[..at]).count() as u64 + 1;
    Some(
        Diagnostic::new(Code::NotText, format!("`{}` {what}", table.path))
            .at(table.span, "named here")
            .data(DataPlace { file: table.path.clone(), row: line, ..DataPlace::default() })
            .help(hint),
    )
}

/// Where the first line ends, in a text without line feeds that has several lines all the same.
fn only_returns(bytes: &[u8]) -> Option<usize> {
    let first = memchr::memchr2(b'\n', b'\r', bytes)?;
    let more = bytes.len() > first + 1 && bytes[first] == b'\r';
    (more && memchr::memchr(b'\n', bytes).is_none()).then_some(first)
}

struct Rows<'r> {
    ruleset: &'r Ruleset,
    table: &'r Table,
    at: u32,
    header: Vec<String>,
    /// One per code and column: the first place, and how many more.
    faults: Vec<(Code, DataPlace)>,
    skipped: u64,
    /// The number of the row at hand, from 1; lines without cells are none.
    number: u64,
    /// Whether the table has no lines, so that rows are counted.
    by_row: bool,
}

/// Why a row states nothing.
enum Nothing {
    /// A cell is empty or the filter is not met.
    Silent,
    /// A cell cannot be read.
    Bad,
}

impl<'r> Rows<'r> {
    fn new(ruleset: &'r Ruleset, at: usize) -> Self {
        Self {
            ruleset,
            table: &ruleset.tables[at],
            at: at as u32,
            header: Vec::new(),
            faults: Vec::new(),
            skipped: 0,
            number: 0,
            by_row: false,
        }
    }

    /// What came of the table.
    fn outcome(&self, digest: String) -> TableRead {
        TableRead {
            table: self.at,
            path: self.table.path.clone(),
            rows: self.number,
            skipped: self.skipped,
            repeated: 0,
            digest,
            by_row: self.by_row,
        }
    }

    fn row(&mut self, cells: &[&str], line: u64, builder: &mut FactSetBuilder<'_>) {
        if cells.len() != self.header.len() && cells == [""] {
            return;
        }
        self.number += 1;
        if cells.len() != self.header.len() {
            let (have, want) = (cells.len(), self.header.len());
            self.fault(Code::BadRow, line, None, &format!("{have} cells"), &format!("{want} cells"));
            self.skipped += 1;
            return;
        }
        let table = self.table;
        let mut bad = false;
        let mut states = Vec::new();
        for (at, sentence) in table.sentences.iter().enumerate() {
            if let Some(filter) = &sentence.filter {
                match self.meets(filter, cells, line) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(_) => {
                        bad = true;
                        continue;
                    }
                }
            }
            let (terms, types): (Vec<&CellTerm>, Vec<Ty>) = match &sentence.states {
                TableStates::Fact(relation, terms) => {
                    let slots = &self.ruleset.relations[*relation].slots;
                    (terms.iter().collect(), slots.iter().map(|slot| slot.ty).collect())
                }
                TableStates::Kind(term, kind) => (vec![term], vec![Ty::Thing(*kind)]),
            };
            let constants: Result<Vec<Constant>, Nothing> =
                terms.into_iter().zip(types).map(|(term, ty)| self.constant(term, ty, cells, line)).collect();
            match constants {
                Ok(constants) => states.push((at, constants)),
                Err(Nothing::Silent) => {}
                Err(Nothing::Bad) => bad = true,
            }
        }
        if bad && table.cells.bad_rows != BadRows::Unknown {
            self.skipped += 1;
            return;
        }
        for (at, constants) in states {
            let sentence = &table.sentences[at];
            let origin = Origin::Row { table: self.at, line: line as u32 };
            match (&sentence.states, constants.as_slice()) {
                (TableStates::Fact(relation, _), constants) => {
                    builder.state(*relation, constants, sentence.maybe, origin);
                }
                (TableStates::Kind(_, kind), [Constant::Thing(_, name)]) => builder.state_kind(name, *kind),
                (TableStates::Kind(..), _) => {}
            }
        }
    }

    fn place(&self, column: &Column) -> Option<usize> {
        place_of(&self.header, column)
    }

    /// The cell's text, or nothing where it is empty.
    fn cell<'c>(&self, column: &Column, cells: &[&'c str]) -> Option<Cow<'c, str>> {
        cell_text(self.table, column, cells.get(self.place(column)?)?)
    }

    fn constant(&mut self, term: &CellTerm, ty: Ty, cells: &[&str], line: u64) -> Result<Constant, Nothing> {
        let column = match term {
            CellTerm::Constant(constant) => return Ok(constant.clone()),
            CellTerm::Column(column) => column,
        };
        let text = match self.place(column) {
            None => self.number.to_string().into(),
            Some(_) => self.cell(column, cells).ok_or(Nothing::Silent)?,
        };
        if let Some(shown) = text.strip_prefix(BAD) {
            self.fault(Code::BadCell, line, Some(&column.name), shown, READABLE);
            return Err(Nothing::Bad);
        }
        match ty {
            Ty::Thing(kind) => Ok(Constant::Thing(self.ruleset.kinds[kind].domain, text.into_owned())),
            Ty::Value(kind) => match read(&self.table.cells, kind, &text) {
                Some(value) => Ok(Constant::Value(value)),
                None => {
                    let expected = match kind {
                        ValueKind::Number => "a Number".to_owned(),
                        ValueKind::Date => {
                            format!("a Date ({})", self.table.cells.date.as_deref().unwrap_or("YYYY-MM-DD"))
                        }
                        ValueKind::Text => "a Text".to_owned(),
                        ValueKind::Flag => "a Flag (yes, no, true, false, 1 or 0)".to_owned(),
                    };
                    self.fault(Code::BadCell, line, Some(&column.name), &text, &expected);
                    Err(Nothing::Bad)
                }
            },
        }
    }

    /// Whether a row meets a condition; `Err` where it hangs on a cell that cannot be read, unless
    /// such cells count as empty.
    fn meets(&mut self, cond: &CellCond, cells: &[&str], line: u64) -> Result<bool, Nothing> {
        let cells_read = &self.table.cells;
        if let CellCond::Empty(_) | CellCond::Compare(..) | CellCond::CompareColumns(..) = cond {
            let mut columns = Vec::new();
            columns_of(cond, &mut columns);
            for column in columns {
                let Some(text) = self.cell(column, cells) else { continue };
                if let Some(shown) = text.strip_prefix(BAD) {
                    self.fault(Code::BadCell, line, Some(&column.name), shown, READABLE);
                    let empty = matches!(cond, CellCond::Empty(_));
                    return if cells_read.bad_rows == BadRows::Unknown {
                        Ok(empty)
                    } else {
                        Err(Nothing::Bad)
                    };
                }
            }
        }
        match cond {
            CellCond::And(parts) => {
                for part in parts {
                    if !self.meets(part, cells, line)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            CellCond::Or(parts) => {
                for part in parts {
                    if self.meets(part, cells, line)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            CellCond::Not(inner) => Ok(!self.meets(inner, cells, line)?),
            CellCond::Empty(column) => Ok(self.cell(column, cells).is_none()),
            CellCond::Compare(column, op, value) => {
                let Some(text) = self.cell(column, cells) else { return Ok(false) };
                if let Some(cell) = read(cells_read, value.kind(), &text) {
                    return Ok(compare(&cell, *op, value));
                }
                let expected = format!("a {}", value.kind().name());
                self.fault(Code::BadCell, line, Some(&column.name), &text, &expected);
                if self.table.cells.bad_rows == BadRows::Unknown { Ok(false) } else { Err(Nothing::Bad) }
            }
            CellCond::CompareColumns(left, op, right) => {
                let (Some(left), Some(right)) = (self.cell(left, cells), self.cell(right, cells)) else {
                    return Ok(false);
                };
                Ok(
                    match (
                        read(cells_read, ValueKind::Number, &left),
                        read(cells_read, ValueKind::Number, &right),
                    ) {
                        (Some(left), Some(right)) => compare(&left, *op, &right),
                        _ => compare(
                            &Value::Text(left.as_ref().into()),
                            *op,
                            &Value::Text(right.as_ref().into()),
                        ),
                    },
                )
            }
        }
    }

    fn fault(&mut self, code: Code, line: u64, column: Option<&str>, raw: &str, expected: &str) {
        let same =
            |(known, place): &&mut (Code, DataPlace)| *known == code && place.column.as_deref() == column;
        if let Some((_, place)) = self.faults.iter_mut().find(same) {
            place.others += 1;
            return;
        }
        let place = DataPlace {
            file: self.table.path.clone(),
            row: line,
            column: column.map(str::to_owned),
            raw: Some(raw.chars().take(80).collect()),
            expected: Some(expected.to_owned()),
            others: 0,
            by_row: self.by_row,
        };
        self.faults.push((code, place));
    }

    fn finish(self) -> Vec<Diagnostic> {
        let fail = self.table.cells.bad_rows == BadRows::Fail;
        let help = match self.table.cells.bad_rows {
            BadRows::Fail => {
                "mend the table, name the text in `empty is …`, or write `on bad rows skip`".to_owned()
            }
            BadRows::Skip => format!("rows left out of this table: {}", self.skipped),
            BadRows::Unknown => {
                format!("cells like it count as empty; rows left out of this table: {}", self.skipped)
            }
        };
        self.faults
            .into_iter()
            .map(|(code, place)| {
                let message = match code {
                    Code::BadRow if place.expected.as_deref() == Some("a JSON object") => {
                        "a line is no JSON object".to_owned()
                    }
                    Code::BadRow => "a row does not have as many cells as the header".to_owned(),
                    _ => format!("a cell is not {}", place.expected.as_deref().unwrap_or("readable")),
                };
                let mut diagnostic = Diagnostic::new(code, message)
                    .at(self.table.span, "in this table")
                    .data(place)
                    .help(help.clone());
                if !fail {
                    diagnostic.severity = crate::diag::Severity::Warning;
                }
                diagnostic
            })
            .collect()
    }
}
