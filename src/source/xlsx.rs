//! Workbooks: the rows of one sheet, the first of which names the columns. Read as a stream, so that a cell
//! far out costs no more than one close by.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};

use super::ReadAt;
use super::cells::{BAD, CHUNK, CellColumn, Cells, Chunk, Refusal, Style, time};
use super::kinds::calmly;
use crate::diag::{Code, nearest};
use crate::value::Date;

/// Digits that a workbook shows of a number that is not whole.
const SHOWN: usize = 15;

/// The most columns a sheet has.
const MOST_COLUMNS: u32 = 16_384;

/// Opens a sheet; the first where none is named.
pub(super) fn open(
    bytes: &dyn ReadAt,
    sheet: Option<&str>,
    header: bool,
    style: &Style,
) -> Result<Box<dyn Cells>, Refusal> {
    let bytes: Arc<[u8]> = bytes.all().map_err(Refusal::broken)?.into();
    calmly(|| {
        let mut book: Book = Xlsx::new(Cursor::new(Arc::clone(&bytes)))
            .map_err(|_| Refusal::broken("it is no workbook, or damaged"))?;
        let names = book.sheet_names();
        let name = match sheet {
            None => names.first().cloned().ok_or_else(|| Refusal::broken("it has no sheet"))?,
            Some(sheet) if names.iter().any(|name| name == sheet) => sheet.to_owned(),
            Some(sheet) => return Err(no_sheet(sheet, &names)),
        };
        let (columns, places, body) = first_row(&mut book, &name, header, style)?;
        let book = Mutex::new(book);
        let bytes = Bytes(bytes);
        Ok(Box::new(Sheet { bytes, book, name, columns, places, body, style: style.clone() })
            as Box<dyn Cells>)
    })
}

fn no_sheet(sheet: &str, names: &[String]) -> Refusal {
    let near = nearest(sheet, names.iter().map(String::as_str));
    let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Refusal {
        code: Code::BadFile,
        reason: format!("has no sheet `{sheet}`"),
        help: near
            .map_or_else(|| format!("its sheets are {}", all()), |near| format!("did you mean `{near}`?")),
    }
}

/// The names of the columns, the places of these in the sheet, and the first row after them.
fn first_row(
    book: &mut Book,
    name: &str,
    header: bool,
    style: &Style,
) -> Result<(Vec<String>, Vec<u32>, u32), Refusal> {
    let mut cells = book.worksheet_cells_reader(name).map_err(|error| broken(name, &error))?;
    let width = cells.dimensions().end.1.saturating_add(1).min(MOST_COLUMNS);
    let mut first = None;
    let mut found: BTreeMap<u32, String> = BTreeMap::new();
    while let Some(cell) = cells.next_cell().map_err(|error| broken(name, &error))? {
        let (row, column) = cell.get_position();
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        if *first.get_or_insert(row) != row {
            break;
        }
        let mut text = CellColumn::default();
        write(cell.get_value(), style, &mut text);
        let text = text.texts().0.trim().trim_start_matches(BAD);
        if !text.is_empty() {
            found.insert(column, text.to_owned());
        }
    }
    let Some(first) = first.filter(|_| !found.is_empty()) else {
        return Err(Refusal {
            help:
                "the first row with anything in it must name the columns, unless the block says `no header`"
                    .to_owned(),
            reason: "is empty".to_owned(),
            ..Refusal::broken(name)
        });
    };
    if header {
        let (places, names) = found.into_iter().unzip();
        return Ok((names, places, first + 1));
    }
    let last = found.keys().next_back().map_or(0, |last| last + 1);
    let places: Vec<u32> = (0..last.max(width)).collect();
    Ok((places.iter().map(|place| format!("c{}", place + 1)).collect(), places, first))
}

fn broken(sheet: &str, error: &XlsxError) -> Refusal {
    Refusal::broken(format_args!("its sheet `{sheet}`: {error}"))
}

type Book = Xlsx<Cursor<Arc<[u8]>>>;

struct Sheet {
    bytes: Bytes,
    book: Mutex<Book>,
    name: String,
    columns: Vec<String>,
    /// Where each column stands in the sheet.
    places: Vec<u32>,
    /// The first row after the names.
    body: u32,
    style: Style,
}

impl Cells for Sheet {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn read(
        &self,
        parts: Range<usize>,
        columns: &[usize],
        take: &mut dyn FnMut(&Chunk),
    ) -> Result<(), Refusal> {
        if parts.is_empty() {
            return Ok(());
        }
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cells =
            calmly(|| book.worksheet_cells_reader(&self.name).map_err(|error| broken(&self.name, &error)))?;
        let mut rows = Rows::new(columns.len());
        while let Some(cell) = calmly(|| cells.next_cell().map_err(|error| broken(&self.name, &error)))? {
            let (row, place) = cell.get_position();
            if row < self.body || matches!(cell.get_value(), DataRef::Empty) {
                continue;
            }
            // A cell below no name belongs to no column.
            let Ok(column) = self.places.binary_search(&place) else { continue };
            if !rows.begin(row, take) {
                return Err(Refusal::broken(format_args!(
                    "its sheet `{}`: row {} stands after a later one",
                    self.name,
                    row + 1
                )));
            }
            if let Ok(wanted) = columns.binary_search(&column) {
                let to = &mut rows.row.columns[wanted];
                to.clear();
                write(cell.get_value(), &self.style, to);
            }
        }
        rows.end();
        rows.chunk.hand_on(take);
        Ok(())
    }

    fn bytes(&self) -> Option<&dyn ReadAt> {
        Some(&self.bytes)
    }
}

/// Cells gathered to rows, rows to chunks.
struct Rows {
    at: Option<u32>,
    /// The row at hand: of each column one cell or none.
    row: Chunk,
    chunk: Chunk,
}

impl Rows {
    fn new(columns: usize) -> Self {
        Self { at: None, row: Chunk::new(columns, 0), chunk: Chunk::new(columns, 1) }
    }

    /// A cell of this row comes; `false` where the row came before.
    fn begin(&mut self, row: u32, take: &mut dyn FnMut(&Chunk)) -> bool {
        if self.at == Some(row) {
            return true;
        }
        if self.at.is_some_and(|at| at > row) {
            return false;
        }
        self.end();
        let number = u64::from(row) + 1;
        if self.chunk.rows == CHUNK || self.chunk.first + self.chunk.rows as u64 != number {
            self.chunk.hand_on(take);
            self.chunk.first = number;
        }
        self.at = Some(row);
        true
    }

    fn end(&mut self) {
        if self.at.take().is_some() {
            for (from, to) in self.row.columns.iter_mut().zip(&mut self.chunk.columns) {
                to.add(from);
                from.clear();
            }
            self.chunk.rows += 1;
        }
    }
}

/// Adds a cell as it is shown.
fn write(value: &DataRef<'_>, style: &Style, cells: &mut CellColumn) {
    match value {
        DataRef::Int(number) => cells.show(number),
        DataRef::Float(number) => style.float(cells, shown(*number)),
        DataRef::String(text) | DataRef::DurationIso(text) => cells.text(text),
        DataRef::SharedString(text) => cells.text(text),
        DataRef::Bool(flag) => cells.show(flag),
        DataRef::DateTime(moment) if moment.is_duration() => duration(moment.as_f64(), cells),
        DataRef::DateTime(moment) => date_time(moment, style, cells),
        DataRef::DateTimeIso(text) => match text.get(..10).and_then(Date::parse_iso) {
            Some(date) if matches!(&text[10..], "" | "T00:00:00" | "T00:00:00.000") => {
                style.date(cells, date);
            }
            _ => cells.text(text),
        },
        DataRef::Error(error) => cells.bad(error),
        DataRef::Empty => cells.empty(),
    }
}

/// A number as a workbook shows it, where it is not whole.
fn shown(number: f64) -> f64 {
    if number.fract() == 0.0 {
        return number;
    }
    format!("{number:.*e}", SHOWN - 1).parse().unwrap_or(number)
}

fn duration(days: f64, cells: &mut CellColumn) {
    let milliseconds = (days * 86_400_000.0).round() as i64;
    let sign = if milliseconds < 0 { "-" } else { "" };
    cells.show(format_args!("{sign}{}", time(milliseconds.saturating_abs(), 1000)));
}

fn date_time(moment: &ExcelDateTime, style: &Style, cells: &mut CellColumn) {
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let time = time(of_day * 1000 + i64::from(milli), 1000);
    let days = moment.as_f64();
    if (0.0..1.0).contains(&days) && days > 0.0 {
        return cells.text(&time);
    }
    let date = Date::from_ymd(year.into(), month.into(), day.into());
    match date.filter(|_| (1.0..2_958_466.0).contains(&days)) {
        Some(date) if of_day == 0 && milli == 0 => style.date(cells, date),
        Some(date) => cells.show(format_args!("{date}T{time}")),
        None => cells.bad(format_args!("day {days} of the workbook")),
    }
}

/// The bytes of the whole file.
struct Bytes(Arc<[u8]>);

impl ReadAt for Bytes {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let found = self.0.get(start..start.saturating_add(into.len())).ok_or("it ends too early")?;
        into.copy_from_slice(found);
        Ok(())
    }

    fn unchanged(&self) -> Result<(), String> {
        Ok(())
    }
}
