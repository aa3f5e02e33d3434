//! The state of resolution: the ruleset so far, the tables of names, the diagnostics.

use std::collections::{BTreeSet, HashMap};

use super::broken::Broken;
use super::ir::{KindId, LensId, NeverId, PanelId, ParameterId, QuestionId, Ruleset, ScenarioId};
use super::readings::Readings;
use crate::base::{SourceMap, Span};
use crate::diag::{Code, Diagnostic, nearest};
use crate::syntax::ast::Word;

/// No more than this many are collected; people see the first twenty.
const MOST_DIAGNOSTICS: usize = 2000;

/// Names of one sort with what they name.
pub(super) struct Names<I> {
    ids: HashMap<String, I>,
    order: Vec<String>,
}

impl<I: Copy> Names<I> {
    fn new() -> Self {
        Self { ids: HashMap::new(), order: Vec::new() }
    }

    pub fn get(&self, name: &str) -> Option<I> {
        self.ids.get(name).copied()
    }

    pub fn insert(&mut self, name: &str, id: I) {
        if self.ids.insert(name.to_owned(), id).is_none() {
            self.order.push(name.to_owned());
        }
    }

    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.order.iter().map(String::as_str))
    }
}

/// Resolution in progress.
pub(super) struct Resolver<'s> {
    pub sources: &'s SourceMap,
    pub out: Ruleset,
    pub kinds: Names<KindId>,
    pub lenses: Names<LensId>,
    pub questions: Names<QuestionId>,
    pub parameters: Names<ParameterId>,
    pub panels: Names<PanelId>,
    pub nevers: Names<NeverId>,
    pub scenarios: Names<ScenarioId>,
    pub readings: Readings,
    pub broken: Broken,
    /// Words of sentences of the body at hand that no relation reads: those sentences may say what they are.
    pub unread: BTreeSet<String>,
    /// Whether some part of it could not be read at all, which may name any word.
    pub unread_part: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'s> Resolver<'s> {
    pub fn new(sources: &'s SourceMap) -> Self {
        Self {
            sources,
            out: Ruleset::default(),
            kinds: Names::new(),
            lenses: Names::new(),
            questions: Names::new(),
            parameters: Names::new(),
            panels: Names::new(),
            nevers: Names::new(),
            scenarios: Names::new(),
            readings: Readings::default(),
            broken: Broken::default(),
            unread: BTreeSet::new(),
            unread_part: false,
            diagnostics: Vec::new(),
        }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MOST_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        } else if diagnostic.is_error() {
            self.broken.others = true;
        }
    }

    /// Whether so much is wrong already that looking for near names is not worth the time.
    pub fn is_crowded(&self) -> bool {
        self.diagnostics.len() > 200
    }

    pub fn has_errors(&self) -> bool {
        self.broken.any() || self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// How much was reported so far.
    pub fn reported(&self) -> usize {
        self.diagnostics.len()
    }

    pub fn finish(self) -> (Ruleset, Vec<Diagnostic>) {
        (self.out, self.diagnostics)
    }

    /// Says that something of this name stands twice.
    pub fn report_duplicate(&mut self, what: &str, name: &Word, first: Span) {
        self.report(
            Diagnostic::new(Code::Duplicate, format!("{what} `{}` is declared twice", name.text))
                .at(name.span, "declared again here")
                .at(first, "first declared here")
                .help("give one of them another name, or delete it"),
        );
    }

    /// Says that a name refers to nothing, with the nearest that exists.
    pub fn report_unknown(&mut self, code: Code, what: &str, name: &Word, near: Option<&str>, declare: &str) {
        let mut diagnostic = Diagnostic::new(code, format!("there is no {what} called `{}`", name.text))
            .at(name.span, format!("no such {what}"));
        diagnostic =
            match near {
                Some(near) => diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .fix(crate::diag::Fix::replace(format!("write `{near}`"), name.span, near, false)),
                None => diagnostic.help(declare.to_owned()),
            };
        self.report(diagnostic);
    }

    /// The lens of this name; reports it where there is none.
    pub fn find_lens(&mut self, name: &Word) -> Option<LensId> {
        if let Some(lens) = self.lenses.get(&name.text) {
            return Some(lens);
        }
        if !self.broken.lenses {
            let near =
                if self.is_crowded() { None } else { self.lenses.nearest(&name.text).map(str::to_owned) };
            self.report_unknown(
                Code::UnknownLens,
                "lens",
                name,
                near.as_deref(),
                "declare it with `lens NAME { … }`",
            );
        }
        None
    }

    /// The kind of this name; reports it where there is none.
    pub fn find_kind(&mut self, name: &Word) -> Option<KindId> {
        if let Some(kind) = self.kinds.get(&name.text) {
            return Some(kind);
        }
        if !self.broken.kinds {
            let near =
                if self.is_crowded() { None } else { self.kinds.nearest(&name.text).map(str::to_owned) };
            let declare = format!("declare it with `kind {}`", name.text);
            self.report_unknown(Code::UnknownKind, "kind", name, near.as_deref(), &declare);
        }
        None
    }
}
