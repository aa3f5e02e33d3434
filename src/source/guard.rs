//! Keeps a ruleset inside its folder.

use std::path::{Path, PathBuf};

use super::Files;

/// The folder a ruleset may read from.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    root: PathBuf,
}

impl Guard {
    pub fn new(files: &dyn Files, root: &Path) -> Result<Self, String> {
        Ok(Self { root: files.canonical(root)? })
    }

    /// Whether the path, links followed, lies inside.
    pub fn allows(&self, files: &dyn Files, path: &Path) -> bool {
        files.canonical(path).is_ok_and(|path| path.starts_with(&self.root))
    }
}
