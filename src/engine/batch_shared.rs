//! Aggregates whose outer ids come up again: each combination of ids is worked out once, in whatever row it is
//! met first, and remembered as long as that pays.

use std::sync::{Mutex, PoisonError};

use super::aggregate::of_nothing;
use super::batch::{Bail, Batch};
use super::lower::Ranged;
use super::operators::Run;
use super::program::{Computed, Known};
use super::results::{Ids, Results};
use crate::value::DomainError;

/// What an aggregate comes to in the rows of a batch.
pub(super) struct Outcomes {
    /// In rows that are not among `some`.
    pub nothing: Computed,
    /// Rows, ascending, and what it comes to there.
    pub some: Vec<(u32, Computed)>,
}

/// Rows of a batch that agree on some columns, groups in the order of their ids.
pub(super) struct Alike {
    columns: Vec<usize>,
    /// The first row of each group.
    firsts: Vec<u32>,
    /// The group of each row.
    of_row: Vec<u32>,
}

impl Alike {
    pub fn new(batch: &Batch, columns: Vec<usize>) -> Self {
        let mut out = Self { columns, firsts: Vec::new(), of_row: vec![0; batch.len] };
        let all = 0..batch.len as u32;
        if out.columns.len() <= 2 {
            let key = |row: u32| {
                let ids = out.columns.iter().map(|column| batch.columns[*column][row as usize]);
                ids.fold(0, |key, id| key << 32 | u64::from(id))
            };
            let mut rows: Vec<(u64, u32)> = all.map(|row| (key(row), row)).collect();
            rows.sort_unstable();
            out.divide(&rows, |row| row.1, |left, right| left.0 == right.0);
        } else {
            let columns = out.columns.clone();
            let ids = |row: u32| columns.iter().map(move |column| batch.columns[*column][row as usize]);
            let mut rows: Vec<u32> = all.collect();
            rows.sort_unstable_by(|left, right| ids(*left).cmp(ids(*right)).then(left.cmp(right)));
            out.divide(&rows, |row| *row, |left, right| ids(*left).eq(ids(*right)));
        }
        out
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The group of a row.
    pub fn of(&self, row: usize) -> usize {
        self.of_row[row] as usize
    }

    /// Makes groups of rows that lie side by side.
    fn divide<R>(&mut self, rows: &[R], row: impl Fn(&R) -> u32, same: impl Fn(&R, &R) -> bool) {
        for group in rows.chunk_by(same) {
            let at = self.firsts.len() as u32;
            self.firsts.extend(group.first().map(&row));
            group.iter().for_each(|own| self.of_row[row(own) as usize] = at);
        }
    }

    /// Puts the first row of each of some groups into an empty batch.
    pub fn put_firsts(&self, batch: &Batch, groups: &[usize], firsts: &mut Batch) {
        for column in &self.columns {
            let first = |group: &usize| batch.columns[*column][self.firsts[*group] as usize];
            firsts.columns[*column].extend(groups.iter().map(first));
        }
        firsts.len = groups.len();
    }

    /// The ids that the rows of a group agree on.
    pub fn ids(&self, batch: &Batch, group: usize) -> impl ExactSizeIterator<Item = u32> {
        let row = self.firsts[group] as usize;
        self.columns.iter().map(move |column| batch.columns[*column][row])
    }

    /// What an aggregate comes to by row, given what it comes to by group.
    fn by_row(&self, by_group: &[Option<Computed>]) -> Vec<(u32, Computed)> {
        let one = |(row, group): (u32, &u32)| Some((row, by_group[*group as usize].clone()?));
        (0..).zip(&self.of_row).filter_map(one).collect()
    }
}

impl Run<'_, '_> {
    /// What an aggregate comes to in each row; `None` where that must be worked out row by row.
    pub(super) fn outcomes(&mut self, ranged: &Ranged<'_>, batch: &Batch) -> Result<Option<Outcomes>, Bail> {
        let nothing = of_nothing(ranged.plan.kind).map_err(|_| Bail::Calculation)?;
        if let Known::One(known) = &ranged.plan.known {
            let only = self.only(ranged, known, nothing)?;
            return Ok(only.map(|only| Outcomes { nothing: only, some: Vec::new() }));
        }
        if let Some(some) = self.of_others(ranged, batch)? {
            return Ok(Some(Outcomes { nothing, some }));
        }
        let some = match (self.counted(ranged, batch), &ranged.plan.known) {
            (None, Known::Some(known)) => self.shared(ranged, known, &nothing, batch)?,
            (None, _) => self.worked_out(ranged, batch)?,
            (counted, _) => counted,
        };
        Ok(some.map(|some| Outcomes { nothing, some }))
    }

    /// What an aggregate without outer variables comes to: the thread that asks first finds out, others wait;
    /// `None` where it must be worked out way by way.
    fn only(
        &mut self,
        ranged: &Ranged<'_>,
        known: &Mutex<Option<Result<Computed, DomainError>>>,
        nothing: Computed,
    ) -> Result<Option<Computed>, Bail> {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            let mut one = self.spare();
            one.len = 1;
            let some = self.worked_out(ranged, &one);
            self.give_back(one);
            let Some(some) = some? else { return Ok(None) };
            *known = Some(Ok(some.into_iter().next().map_or(nothing, |(_, computed)| computed)));
        }
        known.clone().transpose().map_err(|_| Bail::Calculation)
    }

    /// What an aggregate comes to, once for each combination of the ids it reads.
    fn shared(
        &mut self,
        ranged: &Ranged<'_>,
        results: &Results,
        nothing: &Computed,
        batch: &Batch,
    ) -> Result<Option<Vec<(u32, Computed)>>, Bail> {
        let groups = Alike::new(batch, ranged.reads());
        let mut told: Vec<Option<Computed>> = vec![None; groups.firsts.len()];
        let mut left: Vec<usize> = (0..told.len()).collect();
        // Columns read beside the outer variables differ from program to program.
        let remembers = groups.columns == ranged.plan.outer && results.is_worth_it();
        let turn = if remembers { results.turn() } else { None };
        if remembers {
            let asked = left.len();
            let known = results.known(left.iter().map(|group| Ids::of(groups.ids(batch, *group))));
            let mut unknown = Vec::new();
            for (group, known) in left.into_iter().zip(known) {
                match known {
                    Some(Ok(computed)) => told[group] = Some(computed),
                    Some(Err(_)) => return Err(Bail::Calculation),
                    None => unknown.push(group),
                }
            }
            left = unknown;
            results.count(asked, asked - left.len());
        }
        if !left.is_empty() {
            let mut firsts = self.spare();
            groups.put_firsts(batch, &left, &mut firsts);
            let some = self.worked_out(ranged, &firsts);
            self.give_back(firsts);
            let Some(some) = some? else { return Ok(None) };
            some.into_iter().for_each(|(at, computed)| told[left[at as usize]] = Some(computed));
            if remembers {
                let computed = |group: usize| told[group].as_ref().unwrap_or(nothing).clone();
                let new =
                    left.into_iter().map(|group| (Ids::of(groups.ids(batch, group)), Ok(computed(group))));
                results.remember(new);
            }
        }
        drop(turn);
        Ok(Some(groups.by_row(&told)))
    }
}
