//! Rows in parts: what of a row shares no word but the subject's is worked out on its own, as a set of
//! subjects, and once for all rows that say it. A row is then an `and` of sets.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::branches::branches;
use super::columns::Column;
use super::conditions::{
    Words, aggregate_of, count, expression_key, flattened, grouped, has_figures, items_of, key,
    names_no_subject,
};
use super::evaluate::Evaluator;
use super::of_word::Names;
use super::search;
use super::stops::Stop;
use crate::base::{BitSet, Idx, InOrder, IndexVec, Span, gathered};
use crate::engine::Table;
use crate::engine::planted::{Bug, pays_from, planted};
use crate::model::clause::is_risky;
use crate::model::{AtomSource, Clause, Cond, Expr, QuestionId, Term, Var, VarId};
use crate::plan::{Subjects, fixed, with_constants};

/// The most bytes of sets and columns that are kept for other rows, by question.
const MOST_KEPT: usize = 256 << 20;

/// Parts of their own are looked for only among so small a share of the subjects, where other parts leave
/// no more.
const FEW: usize = 4;

/// The same of parts that something else than the subjects leads to.
const VERY_FEW: usize = 32;

/// Below so many subjects it does not matter what leads to them.
const MANY: usize = 1 << 13;

/// What parts of rows say of the subjects of one question.
#[derive(Clone, Default)]
pub(super) struct Parts {
    /// How many rows, or parts of rows, say it; aggregates too.
    used: Option<HashMap<String, usize>>,
    found: HashMap<(String, bool), Arc<BitSet>>,
    columns: HashMap<String, Option<Arc<Column>>>,
    /// Bytes kept so far.
    kept: usize,
    /// By word of the subjects.
    pub names: Names,
}

impl Parts {
    /// Nothing yet, of subjects of so many words.
    pub fn of(slots: usize) -> Self {
        Self { names: (0..slots).map(|_| OnceLock::new()).collect(), ..Self::default() }
    }
}

/// Of whose subjects a part is asked, and whether what could hold counts.
#[derive(Clone, Copy)]
struct Asked<'c> {
    question: QuestionId,
    words: Words<'c>,
    possible: bool,
    /// The row that asks.
    span: Span,
}

/// Subjects, or nothing where the search way by way must say.
pub(super) type Found = Result<Option<Arc<BitSet>>, Stop>;

impl Evaluator<'_> {
    /// Whom a row matches, put together from its parts; `None` where it must be searched as a whole.
    pub(super) fn by_parts(
        &mut self,
        question: QuestionId,
        clause: &Clause,
        possible: bool,
        span: Span,
    ) -> Found {
        let Some((words, items)) = self.parted(question, clause) else { return Ok(None) };
        self.all_of(Asked { question, words, possible, span }, items, None)
    }

    /// Whom a row matches certainly, of the few whom it matches possibly; `None` where it is sooner asked of all, or must be
    /// searched as a whole.
    pub(super) fn by_parts_within(
        &mut self,
        question: QuestionId,
        clause: &Clause,
        possible: &BitSet,
        span: Span,
    ) -> Result<Option<BitSet>, Stop> {
        let few = possible.count();
        if few == 0 {
            return Ok(Some(possible.clone()));
        }
        if few * pays_from(FEW) > possible.len() {
            return Ok(None);
        }
        let Some((words, items)) = self.parted(question, clause) else { return Ok(None) };
        let found = self.all_of(Asked { question, words, possible: false, span }, items, Some(possible))?;
        Ok(found.map(Arc::unwrap_or_clone))
    }

    /// The conditions of a row that may be worked out in parts; `None` of others.
    fn parted<'c>(&mut self, question: QuestionId, clause: &'c Clause) -> Option<(Words<'c>, Vec<Cond>)> {
        let slots = self.ruleset.questions[question].slots.len();
        let items = items_of(clause);
        let steady = |expr: &Expr| fixed(&self.parameters, expr);
        if slots == 0 || items.iter().any(|item| is_risky(item, &steady)) {
            return None;
        }
        self.count_parts(question);
        Some((Words { vars: &clause.vars, slots }, items))
    }

    /// Counts what rows of the question's lenses say, the first time it is asked.
    fn count_parts(&mut self, question: QuestionId) {
        if self.parts[question].used.is_some() {
            return;
        }
        let ruleset = self.ruleset;
        let mut used = HashMap::new();
        for lens in ruleset.lenses_of(question) {
            for row in &ruleset.lenses[lens].rows {
                let slots = ruleset.questions[question].slots.len();
                let words = Words { vars: &row.clause.vars, slots };
                count(words, items_of(&row.clause), &mut used);
            }
        }
        self.parts[question].used = Some(used);
    }

    /// Whether several rows say it.
    fn is_repeated(&self, question: QuestionId, key: &str) -> bool {
        let used = self.parts[question].used.as_ref();
        used.and_then(|used| used.get(key)).is_some_and(|count| *count > 1)
    }

    /// Whether it is asked for several times.
    fn is_shared(&self, question: QuestionId, key: &str) -> bool {
        self.reasons || self.is_repeated(question, key)
    }

    /// Whether it is known already whom a part matches.
    fn is_kept(&self, question: QuestionId, part: &Cond, key: &str, possible: bool) -> bool {
        let possible = possible && self.cond_is_doubtful(part);
        self.parts[question].found.contains_key(&(key.to_owned(), possible))
    }

    /// Keeps whom each branch of a population matches, for rows that say the same.
    pub(super) fn keep_branches(
        &mut self,
        question: QuestionId,
        vars: &IndexVec<VarId, Var>,
        branches: Vec<(Cond, BitSet)>,
    ) {
        let words = Words { vars, slots: self.ruleset.questions[question].slots.len() };
        for (branch, places) in branches {
            let mut parts = grouped(words, flattened(branch));
            let Some(part) = parts.pop().filter(|_| parts.is_empty()) else { continue };
            let key = (key(words, &part), false);
            let bytes = places.words().len() * 8 + key.0.len();
            let parts = &mut self.parts[question];
            if parts.kept + bytes <= MOST_KEPT {
                parts.kept += bytes;
                parts.found.insert(key, Arc::new(places));
            }
        }
    }

    /// Whether it is known whom a part matches, or columns say it.
    fn is_told(&self, question: QuestionId, words: Words<'_>, part: &Cond, possible: bool) -> bool {
        let all = |items: Cond, possible: bool| {
            grouped(words, flattened(items)).iter().all(|part| self.is_told(question, words, part, possible))
        };
        let direct = match part {
            Cond::Not(inner, _) => all((**inner).clone(), !possible),
            Cond::Or(branches) => branches.iter().all(|branch| all(branch.clone(), possible)),
            Cond::Atom(_) => self.is_said(question, words, part),
            Cond::Compare { .. } => aggregate_of(words, part)
                .is_some_and(|aggregate| self.is_repeated(question, &expression_key(words, aggregate))),
            Cond::And(_) | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => false,
        };
        let shared = || {
            let key = key(words, part);
            self.is_shared(question, &key) || self.is_kept(question, part, &key, possible)
        };
        direct || names_no_subject(words, part) || shared()
    }

    /// Whether a part is a choice or a negation of which something is told.
    fn is_partly_told(&self, question: QuestionId, words: Words<'_>, part: &Cond, possible: bool) -> bool {
        let any = |items: Cond, possible: bool| {
            grouped(words, flattened(items)).iter().any(|part| {
                self.is_told(question, words, part, possible)
                    || self.is_partly_told(question, words, part, possible)
            })
        };
        match part {
            Cond::Not(inner, _) => any((**inner).clone(), !possible),
            Cond::Or(branches) => branches.iter().any(|branch| any(branch.clone(), possible)),
            _ => false,
        }
    }

    /// Whom all of these conditions match; with `among`, of those.
    fn all_of(&mut self, asked: Asked<'_>, items: Vec<Cond>, among: Option<&BitSet>) -> Found {
        let Asked { question, words, possible, span } = asked;
        let parts = grouped(words, items);
        let alone = parts.len() == 1 && among.is_none();
        let mut all: Option<BitSet> = among.cloned();
        let (mut own, mut mixed) = (Vec::new(), Vec::new());
        for part in parts {
            if !alone && !self.is_told(question, words, &part, possible) {
                let is_mixed = self.is_partly_told(question, words, &part, possible);
                if is_mixed { &mut mixed } else { &mut own }.push(part);
                continue;
            }
            let Some(found) = self.part(asked, part)? else { return Ok(None) };
            if alone {
                return Ok(Some(found));
            }
            meet(&mut all, found);
        }
        let straight = if own.len() > 1 { self.straight(asked, &mut own) } else { Vec::new() };
        for part in self.by_word(question, words, &mut own) {
            let left = all.as_ref().map(BitSet::count);
            if left.is_some_and(|left| left * pays_from(FEW) <= self.classes[question].len()) {
                own.push(part);
                continue;
            }
            let Some(found) = self.part(asked, part)? else { return Ok(None) };
            meet(&mut all, found);
        }
        if !own.is_empty() {
            let left = all.as_ref().map(BitSet::count);
            let subjects = self.classes[question].len();
            let few = left.is_some_and(|left| left * pays_from(FEW) <= subjects);
            let found = match (left, own.len()) {
                (Some(0), _) => return Ok(all.map(Arc::new)),
                (Some(_), 1) if !few => own.pop().map_or(Ok(None), |part| self.part(asked, part))?,
                _ => {
                    let among = all.as_ref().filter(|_| few);
                    self.searched(question, words, &Cond::And(own), possible, span, among)?.map(Arc::new)
                }
            };
            let Some(found) = found else { return Ok(None) };
            meet(&mut all, found);
        }
        for part in straight {
            let left = all.as_ref().map(BitSet::count);
            let few = left.is_some_and(|left| left * pays_from(VERY_FEW) <= self.classes[question].len());
            let found = match &all {
                Some(among) if few => {
                    self.searched(question, words, &part, possible, span, Some(among))?.map(Arc::new)
                }
                _ => self.part(asked, part)?,
            };
            let Some(found) = found else { return Ok(None) };
            meet(&mut all, found);
        }
        for part in mixed {
            let Some(found) = self.part_among(asked, &part, all.as_ref())? else { return Ok(None) };
            meet(&mut all, found);
        }
        Ok(all.map(Arc::new))
    }

    /// Takes those out of parts that are best searched by themselves, as something else than the subjects leads to them;
    /// negations come last.
    fn straight(&mut self, asked: Asked<'_>, own: &mut Vec<Cond>) -> Vec<Cond> {
        let Asked { question, words, possible, .. } = asked;
        if words.slots != 1 || self.classes[question].len() < pays_from(MANY) {
            return Vec::new();
        }
        let (mut straight, others): (Vec<Cond>, Vec<Cond>) = std::mem::take(own)
            .into_iter()
            .partition(|part| self.is_straight(question, words, part, possible));
        *own = others;
        straight.order_by_key(|part| matches!(part, Cond::Not(..)));
        straight
    }

    fn is_straight(&mut self, question: QuestionId, words: Words<'_>, part: &Cond, possible: bool) -> bool {
        match part {
            Cond::Not(inner, _) => self.is_straight(question, words, inner, !possible),
            Cond::And(_) | Cond::Atom(_) => {
                let possible = possible && self.cond_is_doubtful(part);
                let clause = Clause { vars: words.vars.clone(), when: part.clone(), unless: None };
                self.with_inputs(false, |evaluator, inputs, _| {
                    search::begins_elsewhere(&evaluator.classes[question].asked(), &clause, possible, inputs)
                })
            }
            _ => false,
        }
    }

    /// Takes those that name one word of several out of parts, those of one word together; what adds something up comes
    /// last.
    fn by_word(&self, question: QuestionId, words: Words<'_>, own: &mut Vec<Cond>) -> Vec<Cond> {
        let mut by_word: BTreeMap<VarId, Vec<Cond>> = BTreeMap::new();
        for part in std::mem::take(own) {
            match self.word_of(question, words, &part) {
                Some(word) => by_word.entry(word).or_default().push(part),
                None => own.push(part),
            }
        }
        let mut parts: Vec<Cond> = by_word
            .into_values()
            .map(|mut parts| if parts.len() == 1 { parts.remove(0) } else { Cond::And(parts) })
            .collect();
        parts.order_by_key(has_figures);
        parts
    }

    /// Whom one part matches.
    fn part(&mut self, asked: Asked<'_>, part: Cond) -> Found {
        let Asked { question, words, possible, .. } = asked;
        let possible = possible && self.cond_is_doubtful(&part);
        let key = (key(words, &part), possible);
        if let Some(found) = self.parts[question].found.get(&key) {
            return Ok(Some(Arc::clone(found)));
        }
        let Some(found) = self.part_among(Asked { possible, ..asked }, &part, None)? else { return Ok(None) };
        let bytes = found.words().len() * 8 + key.0.len();
        let shared = self.is_shared(question, &key.0);
        let parts = &mut self.parts[question];
        if shared && parts.kept + bytes <= MOST_KEPT {
            parts.kept += bytes;
            parts.found.insert(key, Arc::clone(&found));
        }
        Ok(Some(found))
    }

    /// The same, worked out; with `among`, it counts of those alone.
    fn part_among(&mut self, asked: Asked<'_>, part: &Cond, among: Option<&BitSet>) -> Found {
        match part {
            Cond::Not(inner, _) => {
                let other = Asked { possible: asked.possible == planted(Bug::WrongBound), ..asked };
                let found = self.all_of(other, flattened((**inner).clone()), among)?;
                Ok(found.map(|found| Arc::new(complement(&found))))
            }
            Cond::Or(branches) => {
                let kept = branches.len() - usize::from(planted(Bug::LostBranch));
                self.any_of(asked, branches[..kept].to_vec(), among)
            }
            other => self.simple(asked, other),
        }
    }

    /// Whom one of these matches; with `among`, it counts of those alone. What is told comes first, the others are
    /// looked for among who is left.
    fn any_of(&mut self, asked: Asked<'_>, branches: Vec<Cond>, among: Option<&BitSet>) -> Found {
        let Asked { question, words, possible, .. } = asked;
        let mut all = BitSet::new(self.classes[question].len());
        let (told, others): (Vec<Vec<Cond>>, Vec<Vec<Cond>>) =
            branches.into_iter().map(flattened).partition(|items| {
                let parts = grouped(words, items.clone());
                parts.iter().all(|part| self.is_told(question, words, part, possible))
            });
        let mut left = among.cloned();
        let told_first = told.len();
        for (at, items) in told.into_iter().chain(others).enumerate() {
            let among = left.as_ref().filter(|_| at >= told_first);
            let Some(found) = self.all_of(asked, items, among)? else { return Ok(None) };
            all.words_mut().iter_mut().zip(found.words()).for_each(|(word, own)| *word |= own);
            if told_first > 0 || left.is_some() {
                let left = left.get_or_insert_with(|| BitSet::full(found.len()));
                left.words_mut().iter_mut().zip(found.words()).for_each(|(word, own)| *word &= !own);
            }
        }
        Ok(Some(Arc::new(all)))
    }

    /// Whom a part matches that is neither a choice nor a negation: by a column, by the branches of a
    /// choice within it, or searched.
    fn simple(&mut self, asked: Asked<'_>, part: &Cond) -> Found {
        let Asked { question, words, possible, span } = asked;
        if let Some(found) = self.said(question, words, part, possible) {
            return Ok(Some(Arc::new(found)));
        }
        if let Some(found) = self.by_column(asked, part)? {
            return Ok(Some(Arc::new(found)));
        }
        if let Some(found) = self.unless_ruled_out(question, words, part, possible, span)? {
            return Ok(Some(found));
        }
        let count = self.classes[question].len();
        if count > 1 && names_no_subject(words, part) {
            // It is the same of all.
            let mut first = BitSet::new(count);
            first.insert(0);
            let found = self.searched(question, words, part, possible, span, Some(&first))?;
            let all =
                |found: BitSet| if found.contains(0) { BitSet::full(count) } else { BitSet::new(count) };
            return Ok(found.map(|found| Arc::new(all(found))));
        }
        let clause = Clause { vars: words.vars.clone(), when: part.clone(), unless: None };
        let branches = branches(&clause);
        if branches.len() > 1 {
            let branches = self.with_inputs(false, |_, inputs, _| {
                let own = |branch: Clause| {
                    Cond::And(with_constants(inputs, words.vars, words.slots, flattened(branch.when)))
                };
                branches.into_iter().map(own).collect()
            });
            return self.any_of(asked, branches, None);
        }
        Ok(self.searched(question, words, part, possible, span, None)?.map(Arc::new))
    }

    /// Whom what lenses say of the very subject matches.
    fn said(&self, question: QuestionId, words: Words<'_>, part: &Cond, possible: bool) -> Option<BitSet> {
        match part {
            Cond::Atom(atom) if self.is_said(question, words, part) => {
                self.classes[question].said(&atom.source, possible)
            }
            _ => None,
        }
    }

    /// Whether a part is what lenses say of the very subject.
    fn is_said(&self, question: QuestionId, words: Words<'_>, part: &Cond) -> bool {
        let Cond::Atom(atom) = part else { return false };
        let of = match &atom.source {
            AtomSource::Relation(_) => return false,
            AtomSource::Verdict { question, .. } | AtomSource::Disagree { question, .. } => *question,
        };
        let slots = (0..words.slots).map(|slot| Term::Var(VarId::from_usize(slot)));
        let is_subject = of == question && atom.args.iter().cloned().eq(slots);
        is_subject && self.ruleset.questions[question].among.is_some()
    }

    /// Whom a comparison of an aggregate with a constant matches, where others compare the same aggregate.
    fn by_column(&mut self, asked: Asked<'_>, part: &Cond) -> Result<Option<BitSet>, Stop> {
        let Asked { question, words, possible, span } = asked;
        let Some(aggregate) = aggregate_of(words, part) else { return Ok(None) };
        let key = expression_key(words, aggregate);
        if !self.is_repeated(question, &key) {
            return Ok(None);
        }
        let column = match self.parts[question].columns.get(&key) {
            Some(column) => column.clone(),
            None => {
                let column = self.column(question, words.vars, part, span)?.map(Arc::new);
                let bytes = column.as_ref().map_or(0, |column| column.bytes());
                let parts = &mut self.parts[question];
                if parts.kept + bytes <= MOST_KEPT {
                    parts.kept += bytes;
                    parts.columns.insert(key, column.clone());
                }
                column
            }
        };
        let Some(column) = column else { return Ok(None) };
        let Cond::Compare { lhs, op, rhs, .. } = part else { return Ok(None) };
        let constant = if matches!(lhs, Expr::Aggregate(_)) { rhs } else { lhs };
        let Some(constant) = self.constant(constant) else { return Ok(None) };
        let on_the_left = !matches!(lhs, Expr::Aggregate(_));
        Ok(Some(column.compare(crate::plan::comparison(*op), &constant, on_the_left, possible)))
    }

    /// Whom conditions match that share words, where that was kept.
    pub(super) fn kept(
        &self,
        question: QuestionId,
        words: Words<'_>,
        items: Vec<Cond>,
    ) -> Option<Arc<BitSet>> {
        let mut parts = grouped(words, items);
        let part = parts.pop().filter(|_| parts.is_empty())?;
        self.parts[question].found.get(&(key(words, &part), false)).cloned()
    }

    /// Whom conditions match that are searched together, among all subjects or some of them.
    pub(super) fn searched(
        &mut self,
        question: QuestionId,
        words: Words<'_>,
        cond: &Cond,
        possible: bool,
        span: Span,
        among: Option<&BitSet>,
    ) -> Result<Option<BitSet>, Stop> {
        self.clock.time()?;
        let possible = possible && self.cond_is_doubtful(cond);
        let clause = Clause { vars: words.vars.clone(), when: cond.clone(), unless: None };
        let profile = self.profile;
        let found = profile.part(
            || if possible { "row, as far as possible" } else { "row" }.to_owned(),
            |found: &Result<Option<BitSet>, _>| {
                found.as_ref().map_or(0, |found| found.as_ref().map_or(0, BitSet::count))
            },
            || {
                self.with_inputs(false, |evaluator, inputs, values| {
                    profile.note(cond.span().or(Some(span)), String::new);
                    let classes = &evaluator.classes[question];
                    let clock = &evaluator.clock;
                    let search = |asked: &Subjects| {
                        search::subjects(asked, &clause, possible, inputs, values, clock, profile)
                    };
                    let Some(among) = among else {
                        let word = evaluator.word_of(question, words, cond);
                        let Some((word, names)) =
                            word.and_then(|word| Some((word, evaluator.names_of(question, word)?)))
                        else {
                            return search(&classes.asked());
                        };
                        let asked = Subjects { table: Arc::clone(names), vars: vec![word] };
                        let found = search(&asked)?;
                        return Ok(found.map(|found| evaluator.with_names(question, &asked, &found)));
                    };
                    let places: Vec<u32> = among.iter().map(|at| at as u32).collect();
                    let columns = classes.subjects.iter().map(|column| gathered(column, &places)).collect();
                    let found =
                        search(&Subjects { table: Arc::new(Table::sorted(columns)), ..classes.asked() })?;
                    Ok(found.map(|found| {
                        let mut all = BitSet::new(classes.len());
                        found.iter().for_each(|at| all.insert(places[at] as usize));
                        all
                    }))
                })
            },
        );
        found.map_err(Stop::Reached)
    }
}

/// Of all so far those that were found too.
fn meet(all: &mut Option<BitSet>, found: Arc<BitSet>) {
    match all {
        None => *all = Some(Arc::unwrap_or_clone(found)),
        Some(all) => intersect(all, &found),
    }
}

fn intersect(all: &mut BitSet, other: &BitSet) {
    all.words_mut().iter_mut().zip(other.words()).for_each(|(word, own)| *word &= own);
}

fn complement(set: &BitSet) -> BitSet {
    let mut all = BitSet::full(set.len());
    all.words_mut().iter_mut().zip(set.words()).for_each(|(word, own)| *word &= !own);
    all
}
