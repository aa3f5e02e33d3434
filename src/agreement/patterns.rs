//! The pattern table: subjects to whom the lenses say the same, counted in one pass on all cores.

use std::collections::HashMap;
use std::ops::Range;

use rustc_hash::FxBuildHasher;

use super::{Pattern, compare_subjects};
use crate::base::IndexVec;
use crate::base::parallel::each;
use crate::facts::Dictionary;
use crate::model::{DomainId, Ruleset};
use crate::verdict::{LensColumn, VerdictTable};

/// Subjects a thread counts at a time.
const CHUNK: usize = 1 << 16;

/// So many patterns that may be are found by their place in an array.
const DIRECT: usize = 1 << 14;

/// What the lenses say of subjects, counted.
pub(super) struct PatternTable {
    /// The patterns, in the order of their first subjects.
    pub patterns: Vec<Pattern>,
    /// Subjects only possibly in the population.
    pub perhaps: u64,
    /// Per subject the place of its pattern, where that is asked for; none where it is only possible.
    pub places: Vec<Option<u32>>,
}

/// One pattern among the subjects of a chunk.
struct Counted {
    codes: Vec<u16>,
    count: u64,
    exemplar: usize,
    /// The key of the exemplar's first id.
    key: u64,
    /// The first id of subjects that were last found to come after the exemplar.
    passed: u32,
}

/// Counts patterns over the lenses given.
pub(super) fn patterns(
    ruleset: &Ruleset,
    dictionaries: &IndexVec<DomainId, Dictionary>,
    table: &VerdictTable,
    columns: &[&LensColumn],
    with_places: bool,
) -> PatternTable {
    let count = table.len();
    let all_certain = table.perhaps.count() == 0;
    let chunk = |at: usize| {
        let subjects = at * CHUNK..((at + 1) * CHUNK).min(count);
        Chunk::new(ruleset, dictionaries, table, columns, all_certain).count(subjects, with_places)
    };
    let chunks = count.div_ceil(CHUNK);
    let counted: Vec<(Vec<Counted>, Vec<Option<u32>>)> = each(chunks, chunk);
    let mut known: HashMap<Vec<u16>, usize, FxBuildHasher> = HashMap::default();
    let mut out = PatternTable { patterns: Vec::new(), perhaps: 0, places: Vec::new() };
    for (own, places) in counted {
        let mut renamed = Vec::with_capacity(own.len());
        for counted in own {
            if let Some(at) = known.get(&counted.codes) {
                let pattern = &mut out.patterns[*at];
                pattern.count += counted.count;
                let (new, old) = (counted.exemplar, pattern.exemplar);
                if compare_subjects(ruleset, dictionaries, table, new, old).is_lt() {
                    pattern.exemplar = new;
                }
                renamed.push(*at as u32);
            } else {
                let outcomes = counted.codes.iter().map(|code| table.outcomes[*code as usize]).collect();
                renamed.push(out.patterns.len() as u32);
                known.insert(counted.codes, out.patterns.len());
                let (count, exemplar) = (counted.count, counted.exemplar);
                out.patterns.push(Pattern { outcomes, count, weight: None, exemplar });
            }
        }
        out.places.extend(places.iter().map(|place| place.map(|own| renamed[own as usize])));
    }
    out.perhaps = table.perhaps.count() as u64;
    out
}

/// The patterns of one chunk.
struct Chunk<'c> {
    ruleset: &'c Ruleset,
    dictionaries: &'c IndexVec<DomainId, Dictionary>,
    table: &'c VerdictTable,
    columns: &'c [&'c LensColumn],
    /// Bits that tell codes apart.
    bits: u32,
    /// Whether all subjects are certainly in the population.
    all_certain: bool,
    /// The dictionary of the first ids.
    names: Option<&'c Dictionary>,
    /// The first id of the last subject, with its key in the order of names.
    last: (u32, u64),
    found: Vec<Counted>,
}

impl<'c> Chunk<'c> {
    fn new(
        ruleset: &'c Ruleset,
        dictionaries: &'c IndexVec<DomainId, Dictionary>,
        table: &'c VerdictTable,
        columns: &'c [&'c LensColumn],
        all_certain: bool,
    ) -> Self {
        let bits = table.outcomes.len().max(2).next_power_of_two().trailing_zeros();
        let slot = ruleset.questions[table.question].slots.first();
        let names = slot.map(|slot| &dictionaries[ruleset.domain_of(slot.ty)]);
        let last = (u32::MAX, 0);
        Self { ruleset, dictionaries, table, columns, bits, all_certain, names, last, found: Vec::new() }
    }

    fn count(mut self, subjects: Range<usize>, with_places: bool) -> (Vec<Counted>, Vec<Option<u32>>) {
        let width = self.bits * self.columns.len() as u32;
        let mut places = Vec::new();
        let mut take = |own: &mut Self, subject: usize, find: &mut dyn FnMut(&mut Self, usize) -> usize| {
            if own.table.perhaps.contains(subject) {
                places.extend(with_places.then_some(None));
                return;
            }
            let at = find(own, subject);
            own.met(at, subject);
            places.extend(with_places.then_some(Some(at as u32)));
        };
        let patterns = self.table.outcomes.len().checked_pow(self.columns.len() as u32);
        if let Some(patterns) = patterns.filter(|patterns| *patterns <= DIRECT)
            && !with_places
            && self.all_certain
        {
            return (self.count_direct(subjects, patterns), places);
        }
        if width <= 64 {
            // The codes of a subject side by side.
            let mut packed = vec![0_u64; subjects.len()];
            for column in self.columns {
                for (key, code) in packed.iter_mut().zip(&column.codes[subjects.clone()]) {
                    *key = *key << self.bits | u64::from(*code);
                }
            }
            let mut known: HashMap<u64, usize, FxBuildHasher> = HashMap::default();
            for (subject, key) in subjects.zip(packed) {
                take(&mut self, subject, &mut |own, subject| {
                    *known.entry(key).or_insert_with(|| own.add(subject))
                });
            }
        } else {
            let mut known: HashMap<Vec<u16>, usize, FxBuildHasher> = HashMap::default();
            let mut codes = Vec::new();
            for subject in subjects {
                codes.clear();
                codes.extend(self.columns.iter().map(|column| column.codes[subject]));
                take(&mut self, subject, &mut |own, subject| {
                    if let Some(at) = known.get(&codes) {
                        return *at;
                    }
                    let at = own.add(subject);
                    known.insert(codes.clone(), at);
                    at
                });
            }
        }
        (self.found, places)
    }

    /// The same of subjects all of which are certain, where so few patterns may be.
    fn count_direct(mut self, subjects: Range<usize>, patterns: usize) -> Vec<Counted> {
        let outcomes = self.table.outcomes.len() as u16;
        let mut packed = vec![0_u16; subjects.len()];
        for column in self.columns {
            for (key, code) in packed.iter_mut().zip(&column.codes[subjects.clone()]) {
                *key = *key * outcomes + code;
            }
        }
        // Per code its place, how many subjects have it, and the key of its exemplar's first id.
        let mut direct = vec![(u32::MAX, 0_u32, u64::MAX); patterns];
        for (subject, code) in subjects.zip(packed) {
            let key = self.first(subject).1;
            let (place, count, least) = &mut direct[usize::from(code)];
            *count += 1;
            if key > *least {
                continue;
            }
            if *place == u32::MAX {
                *place = self.add(subject) as u32;
            } else {
                self.compare(*place as usize, subject);
            }
            *least = self.found[*place as usize].key;
        }
        for (place, count, _) in direct.into_iter().filter(|(place, ..)| *place < u32::MAX) {
            self.found[place as usize].count = u64::from(count);
        }
        self.found
    }

    /// A pattern met for the first time.
    fn add(&mut self, subject: usize) -> usize {
        let codes = self.columns.iter().map(|column| column.codes[subject]).collect();
        let key = self.first(subject).1;
        self.found.push(Counted { codes, count: 0, exemplar: subject, key, passed: u32::MAX });
        self.found.len() - 1
    }

    /// The first id of a subject, and its key: subjects with one first id come one after another.
    fn first(&mut self, subject: usize) -> (u32, u64) {
        if let (Some(names), Some(ids)) = (self.names, self.table.subjects.first())
            && self.last.0 != ids[subject]
        {
            self.last = (ids[subject], names.order_key(ids[subject]));
        }
        self.last
    }

    /// One more subject of a pattern.
    fn met(&mut self, at: usize, subject: usize) {
        self.found[at].count += 1;
        self.compare(at, subject);
    }

    /// Makes a subject of a pattern its exemplar if it has the lowest key.
    fn compare(&mut self, at: usize, subject: usize) {
        let (first, key) = self.first(subject);
        let counted = &mut self.found[at];
        let is_passed = first == counted.passed && first != u32::MAX;
        if key > counted.key || is_passed || subject == counted.exemplar {
            return;
        }
        if compare_subjects(self.ruleset, self.dictionaries, self.table, subject, counted.exemplar).is_lt() {
            (counted.exemplar, counted.key) = (subject, key);
        } else if self.table.subjects.first().is_some_and(|ids| ids[counted.exemplar] != first) {
            counted.passed = first;
        }
    }
}
