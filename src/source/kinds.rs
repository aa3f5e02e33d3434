//! The kinds of tables that are no text, each behind a feature of the build; what is said where a build
//! has it not.

use std::cell::Cell;
use std::path::Path;
use std::time::Instant;

use super::ReadAt;
use super::cells::{Cells, Refusal, Style};
use crate::diag::Code;

/// Until when a database may work on a query.
pub type Deadline = Option<Instant>;

/// Opens a Parquet file.
pub fn parquet(bytes: Box<dyn ReadAt>, style: Style) -> Result<Box<dyn Cells>, Refusal> {
    #[cfg(feature = "parquet")]
    return super::parquet::open(bytes, style);
    #[cfg(not(feature = "parquet"))]
    {
        let _ = (bytes, style);
        Err(not_built("parquet", "a Parquet file"))
    }
}

/// Opens a workbook at a sheet, its first where none is named; `header` says whether the first row names the
/// columns.
pub fn workbook(
    bytes: &dyn ReadAt,
    sheet: Option<&str>,
    header: bool,
    style: &Style,
) -> Result<Box<dyn Cells>, Refusal> {
    #[cfg(feature = "xlsx")]
    return super::xlsx::open(bytes, sheet, header, style);
    #[cfg(not(feature = "xlsx"))]
    {
        let _ = (bytes, sheet, header, style);
        Err(not_built("xlsx", "a workbook"))
    }
}

/// Asks a query of the SQLite database at a path.
pub fn sqlite(path: &Path, query: &str, style: &Style, until: Deadline) -> Result<Box<dyn Cells>, Refusal> {
    #[cfg(feature = "sqlite")]
    return super::sqlite::open(path, query, style, until);
    #[cfg(not(feature = "sqlite"))]
    {
        let _ = (path, query, style, until);
        Err(not_built("sqlite", "an SQLite database"))
    }
}

/// Asks a query of the PostgreSQL database that an address leads to. Says nothing of the address.
pub fn postgres(
    address: &str,
    query: &str,
    style: &Style,
    until: Deadline,
) -> Result<Box<dyn Cells>, Refusal> {
    #[cfg(feature = "postgres")]
    return super::postgres::open(address, query, style, until);
    #[cfg(not(feature = "postgres"))]
    {
        let _ = (address, query, style, until);
        Err(not_built("postgres", "a PostgreSQL database"))
    }
}

/// Why this build cannot read PostgreSQL databases, where it cannot: known before one is asked for.
pub fn postgres_refusal() -> Option<Refusal> {
    let built = cfg!(feature = "postgres");
    (!built).then(|| not_built("postgres", "a PostgreSQL database"))
}

fn not_built(feature: &str, what: &str) -> Refusal {
    Refusal {
        code: Code::NotBuilt,
        reason: format!("is {what}, which this build of Parallax cannot read"),
        help: format!("build it with `cargo build --release --features {feature}`"),
    }
}

/// A query that a database does not answer.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn failed(reason: impl std::fmt::Display) -> Refusal {
    Refusal {
        code: Code::QueryFailed,
        reason: format!("does not answer the query: {reason}"),
        help: "try the query in the database's own shell; it must be one `select` that changes nothing"
            .to_owned(),
    }
}

/// What is said where the time ran out.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn too_late() -> Refusal {
    Refusal {
        code: Code::TimeLimit,
        reason: "takes longer than the time allows".to_owned(),
        help: "give it more time with `--max-time`, or ask for less".to_owned(),
    }
}

thread_local! {
    static CALM: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is reading a file that may be damaged, so that giving up on it is no bug of ours.
pub fn is_calm() -> bool {
    CALM.get()
}

/// Runs what a crate reads a file with; a file so damaged that the crate gives up on it is an error like
/// any other.
#[cfg(any(feature = "parquet", feature = "xlsx"))]
pub(super) fn calmly<T>(read: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let before = CALM.replace(true);
    // INVARIANT: nothing of what was read is used after this.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    CALM.set(before);
    read.unwrap_or_else(|_| Err(Refusal::broken("it is damaged")))
}
