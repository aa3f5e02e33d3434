//! Of whom an aggregate compares as it must, where its members are the rows of one atom that lie in the order of the
//! subjects: they are added up group by group in one pass, and no subject is looked for.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::batch::{Bail, Batch};
use super::batch_aggregate::taken;
use super::batch_fold::{Fold, Limit};
use super::limits::Clock;
use super::lower::calculation_vars;
use super::program::{AggregatePlan, Comparison, Conjunction, Place, Program, Step, figure_beside};
use super::table::Index;
use super::values::Values;
use crate::builtin::AggregateKind;
use crate::facts::MISSING;
use crate::value::Value;

/// About so many rows are added up at once: what is read of them stays near.
const NEAR: u32 = 1 << 13;

/// Subjects, and the rows of which each group is asked about one of them.
pub struct Grouped<'p> {
    /// The subjects, at the places they have in their own order.
    subjects: &'p Index,
    /// The rows: first what names the subject, then what belongs to it.
    rows: &'p Index,
    plan: &'p AggregatePlan,
    /// The variables of the levels that belong to a subject.
    members: Vec<usize>,
    /// Those that are added up.
    read: Vec<usize>,
    /// What the aggregate is compared with, it to the left.
    limit: (Comparison, &'p Value, bool),
}

impl<'p> Grouped<'p> {
    /// What a program comes to of which the subjects that meet it are wanted; `subjects` is their atom, all levels of
    /// which stand in their own order. `None` where it is anything else than subjects that have rows and what those add
    /// up to.
    pub fn of(program: &'p Program, subjects: usize) -> Option<Self> {
        let own = &program.atoms[subjects];
        let (last, before) = program.body.steps.split_last()?;
        let Step::Compare { left, op, right, possible } = last else { return None };
        let (plan, op, constant) = figure_beside(left, *op, right)?;
        let (atom, vars) = both(before, subjects)?;
        let rows = &program.atoms[atom];
        if own.narrowed || rows.narrowed || vars.len() != own.index.columns.len() {
            return None;
        }
        let (inner, members) = rows_of(&plan.certain, vars.len())?;
        let inner = &program.atoms[inner];
        let same_vars = vars
            .iter()
            .zip(&inner.levels)
            .all(|(var, level)| matches!(level, Place::Var(other) if other == var));
        let mut keys: Vec<usize> = plan.keys.iter().map(|(var, _)| *var).collect();
        let mut each = members.clone();
        keys.sort_unstable();
        each.sort_unstable();
        each.dedup();
        // Each row is a combination of its own.
        let is_each = each == keys && each.len() == members.len();
        let is_whole = rows.index.distinct && vars.len() + members.len() == rows.index.columns.len();
        let is_same = Arc::ptr_eq(&inner.index, &rows.index) && !inner.narrowed && same_vars;
        let mut read = Vec::new();
        if plan.kind != AggregateKind::Count {
            calculation_vars(&plan.value, &mut |var| read.push(var));
        }
        let is_own = read.iter().all(|var| members.contains(var));
        (plan.possible.is_none() && is_own && is_same && is_whole && is_each).then(|| Self {
            subjects: &own.index,
            rows: &rows.index,
            plan,
            members,
            read,
            limit: (op, constant, *possible),
        })
    }

    /// The first ids of the rows, from the least to past the greatest, in about so many parts of equal work.
    pub fn windows(&self, parts: usize) -> Vec<(u32, u32)> {
        self.rows.windows(0, self.rows.all(), parts).unwrap_or_default()
    }

    /// Calls `met` with the places of the subjects of a window of first ids whose rows add up to what is asked,
    /// ascending.
    pub fn run(
        &self,
        values: &Values<'_>,
        clock: &Clock,
        window: (u32, u32),
        met: &mut dyn FnMut(&[u32]),
    ) -> Result<(), Bail> {
        let Some((units, measure)) = taken(self.plan, values) else { return Err(Bail::Calculation) };
        let (op, constant, possible) = self.limit;
        let (mut at, end) = self.rows.window(window.0, window.1);
        let mut subject = self.subjects.window(window.0, window.1).0;
        let mut batch = Batch::default();
        let mut places = Vec::new();
        while at < end {
            clock.time()?;
            let limit = Limit::new(measure, op, constant, possible).ok_or(Bail::Calculation)?;
            let firsts = self.groups(at, end);
            let past = *firsts.last().unwrap_or(&end);
            let amounts = match &units {
                None => Vec::new(),
                Some(units) => {
                    self.fill(&mut batch, at..past);
                    let amounts = units.amounts(&batch);
                    if !amounts.too_large.is_empty() {
                        return Err(Bail::Calculation);
                    }
                    amounts.units
                }
            };
            let mut fold = Fold::new(self.plan.kind, measure, Some(limit));
            let values: Vec<&[u32]> = self.value_columns().collect();
            for (group, pair) in (0..).zip(firsts.windows(2)) {
                for row in pair[0]..pair[1] {
                    let known = values.iter().all(|ids| ids[row as usize] != MISSING);
                    let amount = amounts.get((row - at) as usize).copied().unwrap_or_default();
                    fold.add(group, amount, known)?;
                }
            }
            places.clear();
            let found = fold.finish()?.met;
            let found = found.iter().filter(|(_, met)| *met).map(|(group, _)| firsts[*group as usize]);
            self.find(found, &mut subject, &mut places);
            met(&places);
            at = past;
        }
        Ok(())
    }

    fn depth(&self) -> usize {
        self.subjects.columns.len()
    }

    /// The first rows of about so many rows' groups from one row on, and then where the last of them ends.
    fn groups(&self, from: u32, end: u32) -> Vec<u32> {
        let end = end as usize;
        let mut firsts = Vec::with_capacity(NEAR as usize + 2);
        firsts.push(from);
        let mut row = from as usize + 1;
        while row < end {
            let until = end.min(row + NEAR as usize);
            let held = firsts.len();
            firsts.resize(held + until - row, 0);
            let mut at = held;
            // Written whether a group begins there or not, so that nothing is guessed.
            let pairs = |ids: &'p [u32]| ids[row - 1..until].array_windows::<2>();
            match &self.rows.columns[..self.depth()] {
                [one, other] => {
                    for (row, ([a, b], [c, d])) in (row as u32..).zip(pairs(one).zip(pairs(other))) {
                        firsts[at] = row;
                        at += usize::from((a ^ b) | (c ^ d) != 0);
                    }
                }
                keys => {
                    for row in row..until {
                        firsts[at] = row as u32;
                        at += usize::from(keys.iter().any(|ids| ids[row] != ids[row - 1]));
                    }
                }
            }
            firsts.truncate(at);
            row = until;
            if firsts.len() > 1 {
                break;
            }
        }
        if row == end {
            firsts.push(end as u32);
        }
        firsts
    }

    /// The column of a variable that belongs to a subject.
    fn column(&self, var: usize) -> Option<&'p [u32]> {
        let level = self.members.iter().position(|member| *member == var)?;
        Some(&self.rows.columns[self.depth() + level])
    }

    /// Puts what is added up of some rows into a batch.
    fn fill(&self, batch: &mut Batch, rows: Range<u32>) {
        batch.len = rows.len();
        for var in &self.read {
            let ids = self.column(*var).map(|ids| &ids[rows.start as usize..rows.end as usize]);
            if batch.columns.len() <= *var {
                batch.columns.resize(var + 1, Vec::new());
            }
            batch.columns[*var].clear();
            batch.columns[*var].extend_from_slice(ids.unwrap_or_default());
        }
    }

    /// The columns in which values count beside what is added up.
    fn value_columns(&self) -> impl Iterator<Item = &'p [u32]> {
        let values = self.plan.keys.iter().filter(|(_, is_value)| *is_value);
        values.filter_map(|(var, _)| self.column(*var))
    }

    /// The places of the subjects that these rows belong to, ascending; `from` is the first subject looked at.
    fn find(&self, rows: impl Iterator<Item = u32>, from: &mut u32, places: &mut Vec<u32>) {
        let (own, keys) = (&self.subjects.columns, &self.rows.columns);
        let firsts = own[0].as_slice();
        let mut at = *from as usize;
        for row in rows {
            let row = row as usize;
            let first = keys[0][row];
            if firsts.get(at).is_some_and(|id| *id < first) {
                at = self.subjects.window(first, first).0 as usize;
            }
            let rest = |at: usize| (1..own.len()).map(move |level| own[level][at].cmp(&keys[level][row]));
            let mut order = Ordering::Less;
            while firsts.get(at) == Some(&first) {
                order = rest(at).fold(Ordering::Equal, Ordering::then);
                if order.is_ge() {
                    break;
                }
                at += 1;
            }
            if order.is_eq() {
                places.push(at as u32);
            }
        }
        *from = at as u32;
    }
}

/// The atom that has the ids of the subjects' at all of its first levels, with the variables there; `None` where steps
/// ask for more.
fn both(steps: &[Step], subjects: usize) -> Option<(usize, Vec<usize>)> {
    let (mut own, mut vars, mut sought) = (None, Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Seek { atom, from: 0, to: 0 } => sought.push(*atom),
            Step::Extend { var, atoms } => {
                let [one, other] = atoms.as_slice() else { return None };
                let other = if one.0 == subjects { other } else { one };
                let level = vars.len();
                let is_next = |(_, from, to): &(usize, usize, usize)| (*from, *to) == (level, level + 1);
                let has_subject = atoms.iter().any(|(atom, ..)| *atom == subjects);
                if !has_subject || other.0 == subjects || !atoms.iter().all(is_next) {
                    return None;
                }
                if *own.get_or_insert(other.0) != other.0 {
                    return None;
                }
                vars.push(*var);
            }
            _ => return None,
        }
    }
    // That these have some row follows from what is found.
    let atom = own.filter(|own| sought.iter().all(|atom| atom == own || *atom == subjects))?;
    Some((atom, vars))
}

/// The atom of which conditions ask for all rows that belong to what its first levels name, with the variables of the
/// levels after those; `None` where they ask for anything else.
fn rows_of(conjunction: &Conjunction, depth: usize) -> Option<(usize, Vec<usize>)> {
    let (first, rest) = conjunction.steps.split_first()?;
    let Step::Seek { atom, from: 0, to } = first else { return None };
    if *to != depth {
        return None;
    }
    let mut members = Vec::new();
    for step in rest {
        let Step::Extend { var, atoms } = step else { return None };
        let level = depth + members.len();
        if atoms.as_slice() != [(*atom, level, level + 1)] {
            return None;
        }
        members.push(*var);
    }
    Some((*atom, members))
}
