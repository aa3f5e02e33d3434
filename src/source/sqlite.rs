//! SQLite: one query of a database that is opened for reading and may do nothing but read.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::ReadAt;
use super::cells::{CHUNK, CellColumn, Cells, Chunk, Refusal, Style};
use super::kinds::{Deadline, failed, too_late};

/// Steps of the database's machine between two looks at the clock.
const STEPS: i32 = 100_000;

/// Opens the database and checks the query.
pub(super) fn open(
    path: &Path,
    query: &str,
    style: &Style,
    until: Deadline,
) -> Result<Box<dyn Cells>, Refusal> {
    // No address with options in it: the path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(refusal)?;
    guard(&mut connection, until).map_err(refusal)?;
    let columns = {
        let statement = connection.prepare(query).map_err(refusal)?;
        statement.column_names().map(str::to_owned).collect::<Vec<String>>()
    };
    if columns.is_empty() {
        return Err(failed("it gives no columns"));
    }
    Ok(Box::new(Select {
        connection: Mutex::new(connection),
        query: query.to_owned(),
        columns,
        style: style.clone(),
    }))
}

/// Allows reading and nothing else: no writing, no other files, no settings.
fn guard(connection: &mut Connection, until: Deadline) -> rusqlite::Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))?;
    if let Some(until) = until {
        connection.progress_handler(STEPS, Some(move || Instant::now() >= until))?;
    }
    Ok(())
}

struct Select {
    connection: Mutex<Connection>,
    query: String,
    columns: Vec<String>,
    style: Style,
}

impl Cells for Select {
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
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare(&self.query).map_err(refusal)?;
        let mut rows = statement.query([]).map_err(refusal)?;
        let mut chunk = Chunk::new(columns.len(), 1);
        while let Some(row) = rows.next().map_err(refusal)? {
            for (column, cells) in columns.iter().zip(&mut chunk.columns) {
                self.cell(row.get_ref(*column).map_err(refusal)?, cells);
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

impl Select {
    fn cell(&self, value: ValueRef<'_>, cells: &mut CellColumn) {
        match value {
            ValueRef::Null => cells.empty(),
            ValueRef::Integer(number) => cells.show(number),
            ValueRef::Real(number) => self.style.float(cells, number),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => cells.text(text),
                Err(_) => cells.bytes(bytes),
            },
            ValueRef::Blob(bytes) => cells.bytes(bytes),
        }
    }
}

fn refusal(error: Error) -> Refusal {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => too_late(),
        Some(ErrorCode::NotADatabase) => Refusal::broken("it is no SQLite database"),
        Some(ErrorCode::DatabaseCorrupt) => Refusal::broken("it is damaged"),
        Some(ErrorCode::CannotOpen) => Refusal::broken("it cannot be opened"),
        Some(ErrorCode::AuthorizationForStatementDenied) => failed("it does more than read this database"),
        _ => match error {
            Error::MultipleStatement => failed("it is more than one statement"),
            Error::SqlInputError { msg, .. } => failed(msg),
            error => failed(error),
        },
    }
}
