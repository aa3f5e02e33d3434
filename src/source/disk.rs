//! The real file system.

use std::fs;
use std::path::{Path, PathBuf};

use super::bytes::OpenFile;
use super::{Entry, Files, ReadAt};

/// Files as the operating system has them. Pipes and devices are never opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn entry(&self, path: &Path) -> Result<Entry, String> {
        let data = fs::metadata(path).map_err(reason)?;
        Ok(if data.is_file() {
            Entry::File(data.len())
        } else if data.is_dir() {
            Entry::Folder
        } else {
            Entry::Other
        })
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(reason)? {
            // A name that is no text is changed by this, so that the file is reported as missing and
            // not passed over.
            names.push(entry.map_err(reason)?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(reason)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, String> {
        Ok(Box::new(OpenFile::open(path).map_err(reason)?))
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, String> {
        fs::canonicalize(path).map_err(reason)
    }

    fn on_disk(&self, path: &Path) -> Option<PathBuf> {
        Some(path.to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// What went wrong, without the number of the operating system's error.
fn reason(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}
