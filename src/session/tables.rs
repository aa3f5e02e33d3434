//! Facts from tables: finds the file, refuses what lies outside, hands its bytes to `facts`.

use std::path::Path;

use super::Session;
use crate::diag::{Code, DataPlace, Diagnostic};
use crate::facts::{FactSetBuilder, read_table};
use crate::model::Ruleset;
use crate::source::Entry;

impl Session<'_> {
    /// States the facts of all tables; hands back warnings.
    pub(super) fn read_tables(
        &self,
        ruleset: &Ruleset,
        builder: &mut FactSetBuilder<'_>,
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        for (at, table) in ruleset.tables.iter().enumerate() {
            let own = self.loaded.paths.get(table.span.file.0 as usize);
            let folder = own.and_then(|path| path.parent()).unwrap_or(Path::new("."));
            let path = folder.join(&table.path);
            let bytes = match self.table_bytes(&path, &table.path) {
                Ok(bytes) => bytes,
                Err((code, reason)) => {
                    problems.push(
                        Diagnostic::new(code, format!("`{}` {reason}", table.path))
                            .at(table.span, "named here")
                            .data(DataPlace { file: table.path.clone(), ..DataPlace::default() })
                            .help("the path is read from the folder of the file it stands in"),
                    );
                    continue;
                }
            };
            problems.extend(read_table(ruleset, at, &bytes, builder));
        }
        if problems.iter().any(Diagnostic::is_error) { Err(problems) } else { Ok(problems) }
    }

    fn table_bytes(&self, path: &Path, name: &str) -> Result<Vec<u8>, (Code, String)> {
        let files = self.files;
        if self.loaded.guard.leads_out(files, path) {
            return Err((Code::OutsideFolder, "lies outside the ruleset's folder".to_owned()));
        }
        match files.entry(path) {
            Ok(Entry::File(_)) => {}
            Ok(Entry::Folder) => return Err((Code::BadFile, "is a folder".to_owned())),
            Ok(Entry::Other) => return Err((Code::BadFile, "is neither a file nor a folder".to_owned())),
            Err(reason) => return Err((Code::BadFile, format!("cannot be read: {reason}"))),
        }
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !matches!(ending, "csv" | "tsv" | "txt") {
            return Err((
                Code::NotYet,
                "cannot be read in this version, which reads .csv and .tsv".to_owned(),
            ));
        }
        files.read(path).map_err(|reason| (Code::BadFile, format!("cannot be read: {reason}")))
    }
}
