//! Facts that stand in no file of the ruleset: sentences of the command line, and lists of changes.

use super::Session;
use crate::base::SourceMap;
use crate::diag::{Code, Diagnostic};
use crate::model::{Statements, statements};
use crate::syntax::parse_facts;

/// What a sentence is meant for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// It is stated.
    Add,
    /// Nobody states it any more.
    Remove,
}

/// Sentences as facts, with all texts that places lie in.
#[derive(Clone, Debug)]
pub struct Sentences {
    /// The ruleset's texts, then those of the sentences.
    pub sources: SourceMap,
    /// Facts that are added.
    pub add: Statements,
    /// Facts that are taken away.
    pub remove: Statements,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Session<'_> {
    /// Reads sentences as a scenario states facts, each with the name that its places are shown under.
    pub fn sentences(&self, given: &[(Side, String, String)]) -> Sentences {
        let files = self.loaded().asts();
        let mut sources = self.sources().clone();
        let mut lines = [Vec::new(), Vec::new()];
        let mut diagnostics = Vec::new();
        for (side, name, text) in given {
            let file = sources.add(name.clone(), text.clone());
            let (facts, problems) = parse_facts(file, text);
            if facts.is_empty() && problems.is_empty() {
                diagnostics.push(
                    Diagnostic::new(Code::NotAFact, format!("`{name}` states nothing"))
                        .help("name a fact, as in `acme makes widget`"),
                );
            }
            diagnostics.extend(problems);
            lines[usize::from(*side == Side::Remove)].extend(facts);
        }
        let [(add, more), (remove, others)] = lines.map(|lines| statements(&sources, &files, &lines));
        diagnostics.extend(more.into_iter().chain(others));
        Sentences { sources, add, remove, diagnostics }
    }
}

/// The two sides of a list of changes, each with its lines where they stand: a change per line, `+` before
/// what is added, `-` before what is taken away; blank lines and comments with `#` between. `Err` holds the
/// number of the first line that is none of these.
pub fn changes(name: &str, text: &str) -> Result<Vec<(Side, String, String)>, usize> {
    let mut sides = [String::new(), String::new()];
    let mut any = [false, false];
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let own = match trimmed.chars().next() {
            None | Some('#') => None,
            Some('+') => Some(0),
            Some('-') => Some(1),
            Some(_) => return Err(at + 1),
        };
        for (side, out) in sides.iter_mut().enumerate() {
            if own == Some(side) {
                let sign = line.len() - trimmed.len();
                out.push_str(&line[..sign]);
                out.push(' ');
                out.push_str(&trimmed[1..]);
                any[side] |= !trimmed[1..].trim().is_empty();
            }
            out.push('\n');
        }
    }
    let [add, remove] = sides;
    let both = [(Side::Add, add, any[0]), (Side::Remove, remove, any[1])];
    Ok(both
        .into_iter()
        .filter(|(_, _, any)| *any)
        .map(|(side, text, _)| (side, name.to_owned(), text))
        .collect())
}
