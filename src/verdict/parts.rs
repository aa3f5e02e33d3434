//! Rows in parts: what of a row shares no word but the subject's is worked out on its own, as a set of
//! subjects, and once for all rows that say it. A row is then an `and` of sets.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::columns::Column;
use super::evaluate::{Evaluator, Stop};
use super::search;
use crate::base::{BitSet, FileId, Idx, IndexVec, Span, gathered};
use crate::engine::Table;
use crate::engine::planted::{Bug, planted};
use crate::model::canonical;
use crate::model::clause::{cond_vars, is_risky};
use crate::model::{AtomSource, Clause, CompareOp, Cond, Expr, QuestionId, Term, Var, VarId};

/// The most bytes of sets and columns that are kept for other rows, by question.
const MOST_KEPT: usize = 256 << 20;

/// Parts of their own are looked for only among so small a share of the subjects, where other parts leave
/// no more.
const FEW: usize = 4;

/// Where no text is.
const NOWHERE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

/// What parts of rows say of the subjects of one question.
#[derive(Default)]
pub(super) struct Parts {
    /// How many rows, or parts of rows, say it; aggregates too.
    used: Option<HashMap<String, usize>>,
    found: HashMap<(String, bool), Arc<BitSet>>,
    columns: HashMap<String, Option<Arc<Column>>>,
    /// Bytes kept so far.
    kept: usize,
}

/// The variables of a clause, and how many of them are the subject's.
#[derive(Clone, Copy)]
pub(super) struct Words<'c> {
    pub vars: &'c IndexVec<VarId, Var>,
    pub slots: usize,
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
        let slots = self.ruleset.questions[question].slots.len();
        let words = Words { vars: &clause.vars, slots };
        let items = items_of(clause);
        if slots == 0 || items.iter().any(is_risky) {
            return Ok(None);
        }
        self.count_parts(question);
        self.all_of(Asked { question, words, possible, span }, items, None)
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
            match &mut all {
                None => all = Some((*found).clone()),
                Some(all) => intersect(all, &found),
            }
        }
        if !own.is_empty() {
            let left = all.as_ref().map(BitSet::count);
            let subjects = self.classes[question].len();
            let few = left.is_some_and(|left| left * FEW <= subjects);
            let found = match (left, own.len()) {
                (Some(0), _) => return Ok(all.map(Arc::new)),
                (Some(_), 1) if !few => own.pop().map_or(Ok(None), |part| self.part(asked, part))?,
                _ => {
                    let among = all.as_ref().filter(|_| few);
                    self.searched(question, words, &Cond::And(own), possible, span, among)?.map(Arc::new)
                }
            };
            let Some(found) = found else { return Ok(None) };
            match &mut all {
                None => all = Some(Arc::unwrap_or_clone(found)),
                Some(all) => intersect(all, &found),
            }
        }
        for part in mixed {
            let Some(found) = self.part_among(asked, &part, all.as_ref())? else { return Ok(None) };
            match &mut all {
                None => all = Some(Arc::unwrap_or_clone(found)),
                Some(all) => intersect(all, &found),
            }
        }
        Ok(all.map(Arc::new))
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
        let branches = search::branches(&clause);
        if branches.len() > 1 {
            return self.any_of(asked, branches.into_iter().map(|branch| branch.when).collect(), None);
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
                    let Some(among) = among else {
                        return search::subjects(
                            classes.as_table(),
                            &clause,
                            possible,
                            inputs,
                            values,
                            clock,
                            profile,
                        );
                    };
                    let places: Vec<u32> = among.iter().map(|at| at as u32).collect();
                    let columns = classes.subjects.iter().map(|column| gathered(column, &places)).collect();
                    let table = Arc::new(Table::sorted(columns));
                    let found = search::subjects(&table, &clause, possible, inputs, values, clock, profile)?;
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

fn intersect(all: &mut BitSet, other: &BitSet) {
    all.words_mut().iter_mut().zip(other.words()).for_each(|(word, own)| *word &= own);
}

fn complement(set: &BitSet) -> BitSet {
    let mut all = BitSet::full(set.len());
    all.words_mut().iter_mut().zip(set.words()).for_each(|(word, own)| *word &= !own);
    all
}

/// The conditions of a row, one beside the other.
fn items_of(clause: &Clause) -> Vec<Cond> {
    let mut items = flattened(clause.when.clone());
    if let Some(unless) = &clause.unless
        && !planted(Bug::NoUnless)
    {
        items.push(Cond::Not(Box::new(unless.clone()), unless.span().unwrap_or(NOWHERE)));
    }
    items
}

pub(super) fn flattened(cond: Cond) -> Vec<Cond> {
    match cond {
        Cond::And(parts) => parts.into_iter().flat_map(flattened).collect(),
        other => vec![other],
    }
}

/// Conditions that share words other than the subject's, together.
fn grouped(words: Words<'_>, items: Vec<Cond>) -> Vec<Cond> {
    let mut groups: Vec<(BTreeSet<VarId>, Vec<Cond>)> = Vec::new();
    for item in items {
        let mut vars = Vec::new();
        cond_vars(&item, &mut vars);
        let mut vars: BTreeSet<VarId> = vars.into_iter().filter(|var| var.index() >= words.slots).collect();
        let mut members = Vec::new();
        let mut rest = Vec::new();
        let mut first = None;
        for (other, inside) in groups {
            if other.is_disjoint(&vars) {
                rest.push((other, inside));
            } else {
                first.get_or_insert(rest.len());
                vars.extend(other);
                members.extend(inside);
            }
        }
        members.push(item);
        let at = first.unwrap_or(rest.len());
        rest.insert(at, (vars, members));
        groups = rest;
    }
    groups
        .into_iter()
        .map(|(_, mut members)| match members.len() {
            1 => members.remove(0),
            _ => Cond::And(members),
        })
        .collect()
}

/// Whether a condition is about no word of the subject's.
fn names_no_subject(words: Words<'_>, part: &Cond) -> bool {
    let mut vars = Vec::new();
    cond_vars(part, &mut vars);
    vars.iter().all(|var| var.index() >= words.slots)
}

fn key(words: Words<'_>, part: &Cond) -> String {
    canonical::about_subject(words.vars, part, words.slots)
}

/// What tells the aggregate of a comparison from others: the comparison with itself, which leaves the
/// constant out.
fn expression_key(words: Words<'_>, part: &Cond) -> String {
    let Cond::Compare { lhs, rhs, span, .. } = part else { return String::new() };
    let aggregate = if matches!(lhs, Expr::Aggregate(_)) { lhs } else { rhs };
    let [lhs, rhs] = [aggregate.clone(), aggregate.clone()];
    key(words, &Cond::Compare { lhs, op: CompareOp::Eq, rhs, span: *span })
}

/// The aggregate that a condition compares with a constant, as a condition of its own that names nothing
/// else: of the words outside it only the subject's may stand in it.
fn aggregate_of<'c>(words: Words<'_>, part: &'c Cond) -> Option<&'c Cond> {
    let Cond::Compare { lhs, rhs, .. } = part else { return None };
    let is_constant = |side: &Expr| matches!(side, Expr::Term(Term::Constant(_) | Term::Parameter(_)));
    let aggregate = match (lhs, rhs) {
        (Expr::Aggregate(_), other) | (other, Expr::Aggregate(_)) if is_constant(other) => part,
        _ => return None,
    };
    let mut vars = Vec::new();
    cond_vars(aggregate, &mut vars);
    vars.iter().all(|var| var.index() < words.slots).then_some(aggregate)
}

/// Counts parts and aggregates, those within others once for each that is said differently.
fn count(words: Words<'_>, items: Vec<Cond>, used: &mut HashMap<String, usize>) {
    for part in grouped(words, items) {
        let times = used.entry(key(words, &part)).or_default();
        *times += 1;
        if *times > 1 {
            continue;
        }
        if let Some(aggregate) = aggregate_of(words, &part) {
            *used.entry(expression_key(words, aggregate)).or_default() += 1;
        }
        match part {
            Cond::Not(inner, _) => count(words, flattened(*inner), used),
            Cond::Or(branches) => {
                branches.into_iter().for_each(|branch| count(words, flattened(branch), used));
            }
            Cond::And(_)
            | Cond::Atom(_)
            | Cond::Compare { .. }
            | Cond::Let { .. }
            | Cond::Stated { .. }
            | Cond::IsKind { .. } => {}
        }
    }
}
