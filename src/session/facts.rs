//! The facts of a ruleset's own world: from its text and tables, or from where they were kept for the next run.

use xxhash_rust::xxh3::xxh3_128;

use super::tables::{Opened, OpenedTables, Readable};
use super::{Options, Session};
use crate::diag::{Code, Diagnostic};
use crate::facts::cache::{Encoded, decode, rules_key};
use crate::facts::{FactSet, FactSetBuilder, read_tables, repeated_rows};
use crate::model::Ruleset;
use crate::source::{ReadAt, Stopped, Store};
use crate::verdict::{Holds, asked_to_stop};

/// Facts, and what is doubtful about them.
type Facts = (FactSet, Vec<Diagnostic>);

fn count(facts: Option<&Facts>) -> usize {
    facts.map_or(0, |(facts, _)| facts.len())
}

impl Session<'_> {
    /// The facts of the ruleset's text and tables; `Err` holds what made them unusable.
    pub(super) fn facts(&self, ruleset: &Ruleset, options: &Options) -> Result<Facts, Vec<Diagnostic>> {
        let stop = &options.limits.stop;
        let facts = self.kept_or_read(ruleset, options);
        // Whatever went wrong after the end was asked for went wrong for that.
        match stop.asked() {
            Some(reason) => Err(vec![asked_to_stop(reason, options.limits.memory)]),
            None => facts,
        }
    }

    fn kept_or_read(&self, ruleset: &Ruleset, options: &Options) -> Result<Facts, Vec<Diagnostic>> {
        let profile = &*options.profile;
        let stop = &options.limits.stop;
        let tables = self.open_tables(ruleset, options);
        let store = options.cache.as_deref().filter(|_| tables.1.is_empty() && !tables.0.is_empty());
        let key = store
            .and_then(|_| profile.part(|| "digesting tables".to_owned(), |_| 0, || key(ruleset, &tables.0)));
        let Some((store, key)) = store.zip(key) else { return read(ruleset, tables, options).map(warned) };
        let rows = |facts: &Option<Facts>| count(facts.as_ref());
        let kept =
            profile.part(|| "facts from the cache".to_owned(), rows, || kept(ruleset, store, key, options));
        if let Some((facts, mut warnings)) = kept {
            warnings.extend(repeated_rows(ruleset, &facts));
            let unusable = warnings.iter().any(Diagnostic::is_error);
            return if unusable { Err(warnings) } else { Ok((facts, warnings)) };
        }
        let (facts, warnings, more) = read(ruleset, tables, options)?;
        let keep =
            || if stop.asked().is_none() { keep(ruleset, store, key, &facts, &warnings) } else { None };
        let problem = profile.part(|| "facts to the cache".to_owned(), |_| 0, keep);
        let (facts, mut warnings) = warned((facts, warnings, more));
        warnings.extend(problem);
        Ok((facts, warnings))
    }
}

/// Facts, warnings of reading tables, and warnings that hang on the rules.
type Read = (FactSet, Vec<Diagnostic>, Vec<Diagnostic>);

fn warned((facts, mut warnings, more): Read) -> Facts {
    warnings.extend(more);
    (facts, warnings)
}

fn read(
    ruleset: &Ruleset,
    (tables, mut problems): OpenedTables,
    options: &Options,
) -> Result<Read, Vec<Diagnostic>> {
    let (profile, stop) = (&*options.profile, &options.limits.stop);
    let mut builder = FactSetBuilder::new(ruleset).until(stop.clone());
    if options.holds != Holds::Stated && options.cache.is_none() {
        builder = builder.without_origins();
    }
    builder.state_all(&ruleset.facts, "");
    profile.part(
        || "reading tables".to_owned(),
        |()| 0,
        || {
            let (mut texts, mut cells) = (Vec::new(), Vec::new());
            for table in tables {
                match table.unpacked(ruleset, options) {
                    Ok(Readable::Bytes(table)) => texts.push(table),
                    Ok(Readable::Cells(table)) => cells.push(table),
                    Err(problem) => problems.push(*problem),
                }
            }
            problems.extend(read_tables(ruleset, &texts, &cells, &mut builder));
        },
    );
    if problems.iter().any(Diagnostic::is_error) || stop.asked().is_some() {
        return Err(problems);
    }
    let rows = |facts: &Result<Facts, _>| count(facts.as_ref().ok());
    let (facts, more) = profile.part(|| "sorting facts".to_owned(), rows, || builder.finish())?;
    Ok((facts, problems, more))
}

/// What facts are kept under: the parts of the ruleset that decide them, and the content of all tables.
fn key(ruleset: &Ruleset, tables: &[Opened]) -> Option<u128> {
    let mut bytes = rules_key(ruleset);
    for table in tables {
        bytes.extend(table.digest()?);
    }
    Some(xxh3_128(&bytes))
}

fn kept(ruleset: &Ruleset, store: &dyn Store, key: u128, options: &Options) -> Option<Facts> {
    let bytes = Stopped::new(store.open(key)?, options.limits.stop.clone());
    decode(ruleset, key, &bytes as &dyn ReadAt, options.holds == Holds::Stated)
}

/// Keeps facts; hands back a warning where that cannot be done.
fn keep(
    ruleset: &Ruleset,
    store: &dyn Store,
    key: u128,
    facts: &FactSet,
    warnings: &[Diagnostic],
) -> Option<Diagnostic> {
    let encoded = Encoded::new(ruleset, key, facts, warnings)?;
    let saved = store.save(key, encoded.size(), &mut |out| encoded.write(out));
    let reason = saved.err()?;
    let message = format!("the facts cannot be kept for the next run: {reason}");
    Some(Diagnostic::new(Code::BadCache, message).help(
        "name a folder with room that may be written to, as in `--cache=DIR`, allow more with `--cache-size`, or leave \
         `--cache` out",
    ))
}
