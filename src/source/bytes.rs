//! Bytes that are read piece by piece, from any thread.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// Bytes of a known length, read from any place.
pub trait ReadAt: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// Fills the buffer with those from `at` on; an error where there are fewer.
    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
    /// An error where they are no longer what they were when they were opened.
    fn unchanged(&self) -> Result<(), String>;
}

impl dyn ReadAt + '_ {
    /// All of them.
    pub fn all(&self) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; usize::try_from(self.size()).map_err(|_| "it is too large".to_owned())?];
        self.read_at(0, &mut bytes)?;
        self.unchanged()?;
        Ok(bytes)
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let found = self.get(start..start.saturating_add(into.len())).ok_or("it ends too early")?;
        into.copy_from_slice(found);
        Ok(())
    }

    fn unchanged(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A file, open for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    len: u64,
    modified: Option<SystemTime>,
}

impl OpenFile {
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let data = file.metadata()?;
        Ok(Self { file, len: data.len(), modified: stamp(&data) })
    }
}

fn stamp(data: &Metadata) -> Option<SystemTime> {
    data.modified().ok()
}

impl ReadAt for OpenFile {
    fn size(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        read_exact_at(&self.file, at, into).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "it became shorter while it was read".to_owned(),
            _ => error.to_string(),
        })
    }

    fn unchanged(&self) -> Result<(), String> {
        let data = self.file.metadata().map_err(|error| error.to_string())?;
        if data.len() == self.len && stamp(&data) == self.modified {
            return Ok(());
        }
        Err("it changed while it was read".to_owned())
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, at: u64, into: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut at: u64, mut into: &mut [u8]) -> std::io::Result<()> {
    while !into.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, into, at)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        at += read as u64;
        into = &mut into[read..];
    }
    Ok(())
}
