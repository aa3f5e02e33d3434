//! One use of the library: a ruleset's files, its meaning, and worlds evaluated.
//! What the command line and other front ends call.

mod facts;
mod pool;
mod sentences;
mod sweep;
mod tables;
mod worlds;

use std::path::{Path, PathBuf};

pub use sentences::{Sentences, Side, changes};
pub use sweep::sweep_values;
pub use tables::{TableInput, TableSource};
pub use worlds::{Options, World};

use crate::base::SourceMap;
use crate::diag::Diagnostic;
use crate::model::{Model, Ruleset, resolve};
use crate::source::{Files, Loaded, load};

/// A ruleset, opened.
pub struct Session<'f> {
    files: &'f dyn Files,
    loaded: Loaded,
    model: Model,
}

impl<'f> Session<'f> {
    /// Reads and checks the ruleset at `path`, a file or a folder; `Err` where the path leads to
    /// neither. Everything wrong within is among the diagnostics.
    pub fn open(files: &'f dyn Files, path: &Path) -> Result<Self, String> {
        let loaded = load(files, path)?;
        let model = resolve(&loaded.sources, &loaded.asts());
        Ok(Self { files, loaded, model })
    }

    /// Everything wrong or doubtful in the ruleset.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.loaded.diagnostics.iter().chain(&self.model.diagnostics).cloned().collect()
    }

    /// The checked ruleset, if it has no error.
    pub fn ruleset(&self) -> Option<&Ruleset> {
        let sound = !self.loaded.diagnostics.iter().any(Diagnostic::is_error);
        self.model.ruleset().filter(|_| sound)
    }

    /// The texts.
    pub fn sources(&self) -> &SourceMap {
        &self.loaded.sources
    }

    /// What was read: syntax and places of the files.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Where each file lies.
    pub fn paths(&self) -> &[PathBuf] {
        &self.loaded.paths
    }
}
