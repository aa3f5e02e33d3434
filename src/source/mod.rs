//! The outside: a ruleset's files and tables, found and read through doors that tests can stand in for.
//! Hands on texts, and cells of tables that are no text; knows no rules beyond `use`.

mod bytes;
mod cells;
mod digest;
mod disk;
mod guard;
pub mod kinds;
mod load;
mod memory;
mod memory_use;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stopped;
mod store;
mod unpack;
#[cfg(feature = "xlsx")]
mod xlsx;

pub use bytes::ReadAt;
pub use cells::{BAD, CellColumn, Cells, Chunk, Refusal, Style};
pub use digest::digest;
pub use disk::Disk;
pub use guard::Guard;
pub use load::{Loaded, load};
pub use memory::{Memory, memory};
pub use memory_use::{memory_held, memory_peak};
pub use stopped::Stopped;
pub use store::{FolderStore, Store, Writing};
pub use unpack::unpack;

use std::path::{Path, PathBuf};

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A plain file of this many bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A pipe, device, socket or anything else that is not read.
    Other,
}

/// The door to files. Paths are as the user wrote them or joined to those.
pub trait Files {
    /// What a path leads to.
    fn entry(&self, path: &Path) -> Result<Entry, String>;
    /// The names in a folder, in any order.
    fn list(&self, folder: &Path) -> Result<Vec<String>, String>;
    /// The bytes of a plain file.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;
    /// The bytes of a plain file, to be read piece by piece.
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, String>;
    /// The path without links and dots, so that two ways to a file are seen to be one.
    fn canonical(&self, path: &Path) -> Result<PathBuf, String>;
    /// Where the operating system finds a file, for databases that open their own; `None` where it
    /// does not.
    fn on_disk(&self, path: &Path) -> Option<PathBuf> {
        let _ = path;
        None
    }
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}
