//! Files that exist only in memory: for tests, examples and programs that bring their own texts.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{Entry, Files, ReadAt};

/// A file system of texts.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// One file in memory.
pub fn memory(path: &str, bytes: impl Into<Vec<u8>>) -> Memory {
    Memory::default().with(path, bytes)
}

impl Memory {
    /// With one file more.
    #[must_use]
    pub fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(PathBuf::from(path), bytes.into());
        self
    }
}

impl Files for Memory {
    fn entry(&self, path: &Path) -> Result<Entry, String> {
        let path = self.canonical(path)?;
        Ok(self.files.get(&path).map_or(Entry::Folder, |bytes| Entry::File(bytes.len() as u64)))
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, String> {
        let folder = self.canonical(folder)?;
        let below = self.files.keys().filter_map(|path| path.strip_prefix(&folder).ok());
        let mut names: Vec<String> = below
            .filter_map(|rest| rest.components().next())
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.dedup();
        Ok(names)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.files.get(&self.canonical(path)?).cloned().ok_or_else(|| "it is a folder".to_owned())
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, String> {
        Ok(Box::new(self.read(path)?))
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, String> {
        let mut out = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    out.pop();
                }
                other => out.push(other),
            }
        }
        let known = out.as_os_str().is_empty() || self.files.keys().any(|file| file.starts_with(&out));
        if known { Ok(out) } else { Err("there is no such file or folder".to_owned()) }
    }
}
