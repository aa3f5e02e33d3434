//! Tables that are no text: their cells come by columns, some rows at a time. The door that a kind of
//! table stands behind, one file each; what cells mean is found out later, as for any table.

use std::fmt::{self, Write};
use std::ops::Range;

use super::ReadAt;
use crate::diag::Code;
use crate::value::Date;

/// Rows handed on together.
#[cfg(any(feature = "parquet", feature = "sqlite", feature = "postgres", feature = "xlsx"))]
pub const CHUNK: usize = 4096;

/// What stands before a cell that holds no value one could read; no text of a table holds it.
pub const BAD: char = '\0';

/// Why a table cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The code of the error.
    pub code: Code,
    /// What is the matter, to stand behind the table's name.
    pub reason: String,
    /// What to do.
    pub help: String,
}

impl Refusal {
    /// A file that is not as it should be.
    pub fn broken(reason: impl fmt::Display) -> Self {
        Self {
            code: Code::BadFile,
            reason: format!("cannot be read: {reason}"),
            help: "write it again, or name another file".to_owned(),
        }
    }
}

/// A table of columns.
pub trait Cells: Send + Sync {
    /// The names of its columns.
    fn columns(&self) -> &[String];

    /// How many parts of it can be read side by side.
    fn parts(&self) -> usize {
        1
    }

    /// Hands on the cells of these columns in all rows of these parts. The parts of a table together
    /// hold all its rows, in order.
    fn read(
        &self,
        parts: Range<usize>,
        columns: &[usize],
        take: &mut dyn FnMut(&Chunk),
    ) -> Result<(), Refusal>;

    /// The bytes it is made of, where it is a file.
    fn bytes(&self) -> Option<&dyn ReadAt>;
}

/// Cells of some rows that follow each other.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The number of the first row, as a person would count it.
    pub first: u64,
    /// How many rows.
    pub rows: usize,
    /// A column for each that was asked for.
    pub columns: Vec<CellColumn>,
}

impl Chunk {
    /// No rows of so many columns, the first with this number.
    pub fn new(columns: usize, first: u64) -> Self {
        Self { first, rows: 0, columns: (0..columns).map(|_| CellColumn::default()).collect() }
    }

    /// Hands on the rows, where there are any, and goes on behind them.
    pub fn hand_on(&mut self, take: &mut dyn FnMut(&Self)) {
        if self.rows > 0 {
            take(self);
        }
        self.first += self.rows as u64;
        self.rows = 0;
        self.columns.iter_mut().for_each(CellColumn::clear);
    }
}

/// The texts of a column's cells.
#[derive(Debug, Default)]
pub struct CellColumn {
    text: String,
    ends: Vec<usize>,
}

impl CellColumn {
    /// Takes all cells out.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// The texts end to end, and where each ends.
    pub fn texts(&self) -> (&str, &[usize]) {
        (&self.text, &self.ends)
    }

    /// Adds the one cell of another column; an empty one where it has none.
    pub fn add(&mut self, one: &Self) {
        self.text.push_str(&one.text);
        self.ends.push(self.text.len());
    }

    /// Adds an empty cell.
    pub fn empty(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Adds a cell; a text that no table of text could hold is a bad one.
    pub fn text(&mut self, text: &str) {
        if memchr::memchr(0, text.as_bytes()).is_some() {
            self.text.push(BAD);
        }
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Adds a cell that holds no value one could read.
    pub fn bad(&mut self, shown: impl fmt::Display) {
        self.write(format_args!("{BAD}{shown}"));
    }

    /// Adds a cell that shows something.
    pub fn show(&mut self, shown: impl fmt::Display) {
        self.write(format_args!("{shown}"));
    }

    fn write(&mut self, shown: fmt::Arguments<'_>) {
        // INVARIANT: writing to a text does not fail.
        let _ = self.text.write_fmt(shown);
        self.ends.push(self.text.len());
    }

    /// Adds bytes as they are written in SQL.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let some: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.bad(format_args!("x'{some}{}'", if bytes.len() > 16 { "…" } else { "" }));
    }
}

/// How a block writes values, so that a date or number reads the same whether a table holds it as such or
/// as a text.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// The pattern of dates; ISO where `None`.
    pub date: Option<String>,
    /// Whether a comma separates the decimals.
    pub decimal_comma: bool,
}

impl Style {
    /// Adds a day.
    pub fn date(&self, column: &mut CellColumn, date: Date) {
        match &self.date {
            None => column.show(date),
            Some(pattern) => column.text(&date.show_with(pattern)),
        }
    }

    /// Adds a point in time, in microseconds (or nanoseconds, as `per_second` says) since 1970-01-01: a
    /// date where it is midnight, ISO otherwise.
    pub fn moment(&self, column: &mut CellColumn, units: i128, per_second: i64, zone: &str) {
        let per_day = i128::from(per_second) * 86_400;
        let (day, of_day) = (units.div_euclid(per_day), units.rem_euclid(per_day));
        let days = i64::try_from(day).ok();
        let date = Date::from_ymd(1970, 1, 1).zip(days).and_then(|(first, days)| first.add_days(days));
        match date {
            Some(date) if of_day == 0 => self.date(column, date),
            Some(date) => column.show(format_args!("{date}T{}{zone}", time(of_day as i64, per_second))),
            None => column.bad(format_args!("{units} units of 1/{per_second} s")),
        }
    }

    /// Adds a number written in digits.
    pub fn number(&self, column: &mut CellColumn, digits: impl fmt::Display) {
        if !self.decimal_comma {
            return column.show(digits);
        }
        column.text(&digits.to_string().replace('.', ","));
    }

    /// Adds a number held in binary, by the shortest decimal that means it and no other.
    pub fn float(&self, column: &mut CellColumn, number: f64) {
        let size = number.abs();
        match () {
            () if number.is_nan() => column.text("NaN"),
            () if number.is_infinite() => {
                column.text(if number > 0.0 { "Infinity" } else { "-Infinity" });
            }
            () if size == 0.0 => column.text("0"),
            () if !(1e-5..1e17).contains(&size) => self.number(column, format_args!("{number:e}")),
            () => self.number(column, number),
        }
    }

    /// Adds a number held in binary, in single precision.
    pub fn single(&self, column: &mut CellColumn, number: f32) {
        // Its shortest text is shorter than that of the same number in double precision.
        match format!("{number:e}").parse::<f64>() {
            Ok(double) => self.float(column, double),
            Err(_) => self.float(column, f64::from(number)),
        }
    }
}

/// The time of a day.
pub fn time(of_day: i64, per_second: i64) -> String {
    let (seconds, part) = (of_day / per_second, of_day % per_second);
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if part == 0 {
        return whole;
    }
    let width = per_second.ilog10() as usize;
    let part = format!("{part:0width$}");
    format!("{whole}.{}", part.trim_end_matches('0'))
}
