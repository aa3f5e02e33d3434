//! PostgreSQL: one query, handed over by `COPY … TO STDOUT` in a transaction that may only read. Nothing of
//! the address, which holds credentials, is ever said.

use std::io::BufRead;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::postgres::error::SqlState;
use ::postgres::types::Type;
use ::postgres::{Client, Config, Error, NoTls, Transaction};

use super::ReadAt;
use super::cells::{CHUNK, CellColumn, Cells, Chunk, Refusal, Style};
use super::kinds::{Deadline, failed, too_late};
use crate::diag::Code;
use crate::value::Date;

/// How long a server may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the database what columns the query gives.
pub(super) fn open(
    address: &str,
    query: &str,
    style: &Style,
    until: Deadline,
) -> Result<Box<dyn Cells>, Refusal> {
    // What is wrong with an address could quote it.
    let mut config: Config = address.parse().map_err(|_| Refusal {
        code: Code::BadFile,
        reason: "holds no address of a PostgreSQL database".to_owned(),
        help: "write it as in `postgres://name:password@host:5432/database`".to_owned(),
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    let mut client = config.connect(NoTls).map_err(|error| unreachable_server(&error))?;
    let query = query.trim().trim_end_matches(';').trim_end().to_owned();
    let columns = {
        let mut transaction = begin(&mut client, until)?;
        // INVARIANT: what is a statement by itself cannot close the bracket that `COPY` puts around it.
        let statement = transaction.prepare(&query).map_err(|error| refusal(&error))?;
        statement
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), Form::of(column.type_())))
            .collect()
    };
    let (columns, forms): (Vec<String>, Vec<Form>) = Vec::into_iter(columns).unzip();
    if columns.is_empty() {
        return Err(failed("it gives no columns"));
    }
    Ok(Box::new(Copy { client: Mutex::new(client), query, columns, forms, style: style.clone(), until }))
}

/// Begins a transaction that reads, of the same moment throughout, with dates and times in one form.
fn begin(client: &mut Client, until: Deadline) -> Result<Transaction<'_>, Refusal> {
    let start = client.build_transaction().read_only(true).start();
    let mut transaction = start.map_err(|error| refusal(&error))?;
    let mut settings = "set local datestyle = 'ISO, YMD'; set local intervalstyle = 'iso_8601'; \
                        set local timezone = 'UTC'; set local bytea_output = 'hex'; \
                        set local extra_float_digits = 1"
        .to_owned();
    if let Some(until) = until {
        let left = until.saturating_duration_since(Instant::now()).as_millis().clamp(1, 2_000_000_000);
        settings.push_str(&format!("; set local statement_timeout = {left}"));
    }
    transaction.batch_execute(&settings).map_err(|error| refusal(&error))?;
    Ok(transaction)
}

struct Copy {
    client: Mutex<Client>,
    query: String,
    columns: Vec<String>,
    forms: Vec<Form>,
    style: Style,
    until: Deadline,
}

/// How a column's values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Plain,
    Number,
    Flag,
    Date,
    Moment,
    Bytes,
}

impl Form {
    fn of(ty: &Type) -> Self {
        match *ty {
            Type::BOOL => Self::Flag,
            Type::DATE => Self::Date,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Moment,
            Type::BYTEA => Self::Bytes,
            Type::NUMERIC | Type::FLOAT4 | Type::FLOAT8 => Self::Number,
            _ => Self::Plain,
        }
    }

    fn write(self, text: &str, style: &Style, cells: &mut CellColumn) {
        match self {
            Self::Plain => cells.text(text),
            Self::Number => style.number(cells, text),
            Self::Flag => cells.text(if text == "t" { "true" } else { "false" }),
            Self::Date => match Date::parse_iso(text) {
                Some(date) => style.date(cells, date),
                None => cells.text(text),
            },
            Self::Moment => moment(text, style, cells),
            Self::Bytes => cells.bad(text),
        }
    }
}

/// A timestamp: a date where it is midnight, ISO otherwise.
fn moment(text: &str, style: &Style, cells: &mut CellColumn) {
    let Some((day, time)) = text.split_once(' ') else { return cells.text(text) };
    let (time, zone) = match time.strip_suffix("+00") {
        Some(time) => (time, "Z"),
        None => (time, ""),
    };
    match Date::parse_iso(day) {
        Some(date) if time == "00:00:00" => style.date(cells, date),
        Some(date) => cells.show(format_args!("{date}T{time}{zone}")),
        None => cells.text(text),
    }
}

impl Cells for Copy {
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
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = begin(&mut client, self.until)?;
        let copy = format!("copy ({}\n) to stdout", self.query);
        let mut reader = transaction.copy_out(&copy).map_err(|error| refusal(&error))?;
        let mut chunk = Chunk::new(columns.len(), 1);
        let (mut line, mut cell) = (Vec::new(), Vec::new());
        while read_line(&mut reader, &mut line)? {
            let mut wanted = columns.iter().zip(&mut chunk.columns).peekable();
            for (at, raw) in line.split(|byte| *byte == b'\t').enumerate() {
                let Some((_, cells)) = wanted.next_if(|(column, _)| **column == at) else { continue };
                if raw == b"\\N" {
                    cells.empty();
                    continue;
                }
                unescape(raw, &mut cell);
                match std::str::from_utf8(&cell) {
                    Ok(text) => self.forms[at].write(text, &self.style, cells),
                    Err(_) => cells.bytes(&cell),
                }
            }
            if wanted.next().is_some() {
                return Err(failed("a row has fewer columns than the query"));
            }
            chunk.rows += 1;
            if chunk.rows == CHUNK {
                chunk.hand_on(take);
            }
        }
        chunk.hand_on(take);
        Ok(())
    }

    fn bytes(&self) -> Option<&dyn ReadAt> {
        None
    }
}

/// The next line without its end.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, Refusal> {
    line.clear();
    let read = reader.read_until(b'\n', line).map_err(|error| {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        inner.map_or_else(|| failed(&error), refusal)
    })?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(read > 0)
}

/// A cell of `COPY`'s text form as it is.
fn unescape(raw: &[u8], cell: &mut Vec<u8>) {
    cell.clear();
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        cell.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(other) => other,
                None => b'\\',
            },
            byte => byte,
        });
    }
}

fn refusal(error: &Error) -> Refusal {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::QUERY_CANCELED => too_late(),
        Some(said) => failed(said.message()),
        None => failed("the connection was lost"),
    }
}

/// What the server or the way to it says; neither names a password.
fn unreachable_server(error: &Error) -> Refusal {
    let reason = match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => std::error::Error::source(error).map_or_else(|| "no answer".to_owned(), ToString::to_string),
    };
    Refusal {
        code: Code::BadFile,
        reason: format!("leads to no database: {reason}"),
        help: "check the address in the environment variable, and whether the server runs".to_owned(),
    }
}
