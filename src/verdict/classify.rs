//! Populations, and rows of lenses over them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::RowMatches;
use super::decide::{Classes, OpenLens, RowTuples, TooMany};
use super::evaluate::Evaluator;
use super::exclusive::Apart;
use super::halves::OneByOne;
use super::search::subjects;
use super::stops::Stop;
use crate::base::parallel::each_part_mut;
use crate::base::{BitSet, Idx, IndexVec, Span};
use crate::engine::{Gather, Halt, Runner, Sorted, Values};
use crate::model::{Clause, LensId, QuestionId, RowId, VarId};
use crate::plan::{Figures, Inputs, Request, compile};

/// Subjects a thread takes at a time; a multiple of 64, so that threads share no word.
const CHUNK: usize = 64 * 64;

impl Evaluator<'_> {
    /// The population of a question that has an `among`.
    pub fn population(&mut self, question: QuestionId) -> Result<(), Stop> {
        let ruleset = self.ruleset;
        let entry = &ruleset.questions[question];
        let Some(among) = &entry.among else { return Ok(()) };
        let slots: Vec<VarId> = (0..entry.slots.len()).map(VarId::from_usize).collect();
        let doubtful = self.is_doubtful(among);
        let mut branches = Vec::new();
        let certain = self.ways_by_branch(among, &slots, false, entry.span, !doubtful, &mut branches)?;
        self.keep_branches(question, &among.vars, branches);
        let all = if doubtful { Some(self.ways(among, &slots, true, entry.span)?) } else { None };
        self.classes[question] = match all {
            Some(all) => doubtful_classes(&certain.whole(), &all),
            None => classes(certain.columns(slots.len()), BitSet::new(certain.len())),
        };
        Ok(())
    }

    /// All rows of a lens, and what follows for each subject.
    pub fn lens(&mut self, id: LensId) -> Result<(), Stop> {
        let ruleset = self.ruleset;
        let lens = &ruleset.lenses[id];
        let question = lens.question;
        if ruleset.questions[question].among.is_none() {
            return self.open_lens(id);
        }
        let figures = Figures::new(ruleset.questions[question].slots.len());
        for row in &lens.rows {
            figures.expect(&row.clause, if self.is_doubtful(&row.clause) { 2 } else { 1 });
        }
        self.figures = Some(Arc::new(figures));
        let rows = self.rows(id);
        self.figures = None;
        let apart = Apart::new(ruleset, lens, &self.parameters);
        self.classes[question].settle(id, lens, &apart, rows?).map_err(|TooMany| TooMany::at(lens.span))
    }

    /// Whom each row of a lens matches.
    fn rows(&mut self, id: LensId) -> Result<IndexVec<RowId, RowMatches>, Stop> {
        let lens = &self.ruleset.lenses[id];
        let question = lens.question;
        let mut rows = IndexVec::new();
        for (at, row) in lens.rows.iter_enumerated() {
            if let Some(known) = self.steady_row(id, at) {
                rows.push(known);
                continue;
            }
            self.figures.iter().for_each(|figures| figures.begin(at.index()));
            let (certain, possible) = self.both_matches(question, &row.clause, row.span)?;
            let possible = possible.filter(|possible| *possible != certain);
            let matches = RowMatches { certain, possible, without: Vec::new() };
            self.keep_steady(id, at, &matches);
            rows.push(matches);
        }
        Ok(rows)
    }

    /// Whom a body matches, among the subjects.
    pub fn matches(
        &mut self,
        question: QuestionId,
        clause: &Clause,
        possible: bool,
        span: Span,
    ) -> Result<BitSet, Stop> {
        self.clock.time()?;
        match self.by_parts(question, clause, possible, span)? {
            Some(found) => Ok(Arc::unwrap_or_clone(found)),
            None => self.matches_one(question, clause, possible, span),
        }
    }

    /// Whom a body matches certainly, and where something that it reads is doubtful, whom possibly. Mostly those are few:
    /// then they are found first, and who of them is certain is asked of them alone.
    fn both_matches(
        &mut self,
        question: QuestionId,
        clause: &Clause,
        span: Span,
    ) -> Result<(BitSet, Option<BitSet>), Stop> {
        if !self.is_doubtful(clause) {
            return Ok((self.matches(question, clause, false, span)?, None));
        }
        self.clock.time()?;
        let Some(possible) = self.by_parts(question, clause, true, span)? else {
            let certain = self.matches(question, clause, false, span)?;
            return Ok((certain, Some(self.matches_one(question, clause, true, span)?)));
        };
        let certain = match self.by_parts_within(question, clause, &possible, span)? {
            Some(certain) => certain,
            None => self.matches(question, clause, false, span)?,
        };
        Ok((certain, Some(Arc::unwrap_or_clone(possible))))
    }

    /// Whom a body matches, searched as a whole.
    fn matches_one(
        &mut self,
        question: QuestionId,
        clause: &Clause,
        possible: bool,
        span: Span,
    ) -> Result<BitSet, Stop> {
        let profile = self.profile;
        let what = || if possible { "row, as far as possible" } else { "row" }.to_owned();
        // Values made by the threads in any order are gone after this: only truth is handed on.
        let found = profile.part(
            what,
            |found: &Result<BitSet, Halt>| found.as_ref().map_or(0, BitSet::count),
            || {
                self.with_inputs(false, |evaluator, inputs, values| {
                    let classes = &evaluator.classes[question];
                    profile.note(clause.when.span().or(Some(span)), String::new);
                    if let Some(found) = subjects(
                        &classes.asked(),
                        clause,
                        possible,
                        inputs,
                        values,
                        &evaluator.clock,
                        profile,
                    )? {
                        return Ok(found);
                    }
                    evaluator.match_subjects(classes, clause, possible, inputs, values)
                })
            },
        );
        let slots: Vec<VarId> = (0..self.classes[question].subjects.len()).map(VarId::from_usize).collect();
        found.map_err(|halt| self.halted(halt, clause, &slots, span))
    }

    fn match_subjects(
        &self,
        classes: &Classes,
        clause: &Clause,
        possible: bool,
        inputs: &Inputs<'_>,
        values: &Values<'_>,
    ) -> Result<BitSet, Halt> {
        let count = classes.len();
        let slots = classes.subjects.len();
        let bound = (0..slots).map(VarId::from_usize).collect();
        let request = Request { bound, ..Request::new(clause, BTreeSet::new(), possible) };
        let program = compile(inputs, &request);
        let asked = OneByOne { classes, possible, runner: Runner::new(&program, values, &self.clock) };
        if let Some(found) = self.by_halves(&asked, (clause, inputs, values))? {
            return Ok(found);
        }
        let chunk = |(at, words): (usize, &mut [u64])| -> Result<(), Halt> {
            let mut frame = asked.runner.frame();
            let first = at * CHUNK;
            for subject in first..(first + CHUNK).min(count) {
                if asked.holds(subject, &mut frame)? {
                    words[(subject - first) / 64] |= 1 << (subject % 64);
                }
            }
            Ok(())
        };
        let mut words = vec![0_u64; count.div_ceil(64)];
        if count <= CHUNK {
            chunk((0, &mut words))?;
        } else {
            // The error of the first chunk that has one, whichever thread was first.
            let results: Vec<Result<(), Halt>> =
                each_part_mut(&mut words, CHUNK / 64, |at, own| chunk((at, own)));
            results.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(BitSet::from_words(words, count))
    }

    /// A lens of a question without `among`: whom its rows match.
    fn open_lens(&mut self, id: LensId) -> Result<(), Stop> {
        let ruleset = self.ruleset;
        let lens = &ruleset.lenses[id];
        let slots: Vec<VarId> =
            (0..ruleset.questions[lens.question].slots.len()).map(VarId::from_usize).collect();
        let mut rows = Vec::new();
        for row in &lens.rows {
            let certain = self.ways(&row.clause, &slots, false, row.span)?;
            let doubtful = self.is_doubtful(&row.clause);
            let possible =
                if doubtful { self.ways(&row.clause, &slots, true, row.span)? } else { certain.clone() };
            rows.push((certain, possible));
        }
        let mut local = population_of(slots.len(), std::iter::once(&rows));
        let matches = row_matches(&local, &rows);
        let apart = Apart::new(ruleset, lens, &self.parameters);
        local.settle(id, lens, &apart, matches).map_err(|TooMany| TooMany::at(lens.span))?;
        self.classes[lens.question].open.insert(id, OpenLens { rows, local: Box::new(local) });
        Ok(())
    }

    /// Without `among`: the population is whom any row of any lens matches.
    pub fn finish_open(&mut self, question: QuestionId) -> Result<(), Stop> {
        let ruleset = self.ruleset;
        if ruleset.questions[question].among.is_some() {
            return Ok(());
        }
        let open = std::mem::take(&mut self.classes[question].open);
        let slots = ruleset.questions[question].slots.len();
        let mut classes = population_of(slots, open.values().map(|lens| &lens.rows));
        let mut left: Vec<LensId> = open.keys().copied().collect();
        // `otherwise as` reads another lens, so that one comes first.
        while !left.is_empty() {
            let ready = left.iter().position(|id| match ruleset.lenses[*id].otherwise {
                crate::model::Otherwise::As(other, _) => classes.lenses.contains_key(&other),
                _ => true,
            });
            let id = left.remove(ready.unwrap_or(0));
            let matches = row_matches(&classes, &open[&id].rows);
            let lens = &ruleset.lenses[id];
            let apart = Apart::new(ruleset, lens, &self.parameters);
            classes.settle(id, lens, &apart, matches).map_err(|TooMany| TooMany::at(lens.span))?;
        }
        self.classes[question] = classes;
        Ok(())
    }
}

/// Subjects, and those of them that are only possible.
fn classes(subjects: Vec<Vec<u32>>, perhaps: BitSet) -> Classes {
    let subjects = subjects.into_iter().map(Arc::new).collect();
    Classes { subjects, perhaps, ..Classes::default() }
}

/// The same from those that are certain and all that are possible.
fn doubtful_classes(certain: &Sorted, all: &Sorted) -> Classes {
    classes(all.columns(), all.places_without(certain))
}

fn population_of<'a>(slots: usize, lenses: impl Iterator<Item = &'a RowTuples>) -> Classes {
    let (mut certain, mut all) = (Gather::new(slots), Gather::new(slots));
    for (sure, possible) in lenses.flatten() {
        certain.add_all(sure);
        all.add_all(possible);
    }
    doubtful_classes(&certain.finish(), &all.finish())
}

/// Each row's tuples as places among the subjects, which hold them all.
fn row_matches(classes: &Classes, rows: &RowTuples) -> IndexVec<RowId, RowMatches> {
    let set = |tuples: &Sorted| {
        let mut bits = BitSet::new(classes.len());
        let mut subject = 0;
        for row in 0..tuples.len() {
            let is = |at: usize| {
                classes.subjects.iter().enumerate().all(|(slot, column)| column[at] == tuples.id(row, slot))
            };
            while subject < classes.len() && !is(subject) {
                subject += 1;
            }
            bits.insert(subject);
        }
        bits
    };
    rows.iter()
        .map(|(certain, possible)| {
            let same = certain == possible;
            RowMatches {
                certain: set(certain),
                possible: (!same).then(|| set(possible)),
                without: Vec::new(),
            }
        })
        .collect()
}
