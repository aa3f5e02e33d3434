//! Keeps a ruleset inside its folder: by the words of a path, and by where it really leads.

use std::path::{Component, Path, PathBuf};

use super::Files;

/// The folder a ruleset may read from.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// As the user wrote it.
    written: PathBuf,
    /// Links followed.
    root: PathBuf,
}

impl Guard {
    /// Guards a folder.
    pub fn new(files: &dyn Files, root: &Path) -> Result<Self, String> {
        Ok(Self { written: root.to_owned(), root: files.canonical(root)? })
    }

    /// Whether the path leads out of the folder, be it by its words, whether or not anything is
    /// there, or by a link. `path` is joined to the folder as it was written.
    pub fn leads_out(&self, files: &dyn Files, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.written) else { return !self.holds(files, path) };
        let mut depth = 0_i32;
        for part in below.components() {
            match part {
                Component::ParentDir => depth -= 1,
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return true,
            }
            if depth < 0 {
                return true;
            }
        }
        files.canonical(path).is_ok_and(|real| !real.starts_with(&self.root))
    }

    /// Whether the path leads to something within the folder.
    pub fn holds(&self, files: &dyn Files, path: &Path) -> bool {
        files.canonical(path).is_ok_and(|real| real.starts_with(&self.root))
    }
}
