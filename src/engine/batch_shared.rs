//! Aggregates whose outer ids come up again: each combination of ids is worked out once, in whatever row it is
//! met first, and remembered as long as that pays.

use std::sync::{Mutex, PoisonError};

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

/// Rows of a batch that agree on some columns.
struct Groups {
    columns: Vec<usize>,
    /// All rows, those that agree side by side.
    rows: Vec<u32>,
    /// The place in `rows` at which each group begins.
    begins: Vec<usize>,
}

impl Groups {
    fn new(batch: &Batch, columns: Vec<usize>) -> Self {
        let ids = |row: u32| columns.iter().map(move |column| batch.columns[*column][row as usize]);
        let mut rows: Vec<u32> = (0..batch.len as u32).collect();
        match columns.as_slice() {
            [column] => rows.sort_unstable_by_key(|row| (batch.columns[*column][*row as usize], *row)),
            _ => rows.sort_unstable_by(|left, right| ids(*left).cmp(ids(*right)).then(left.cmp(right))),
        }
        let differs = |at: &usize| *at == 0 || !ids(rows[at - 1]).eq(ids(rows[*at]));
        let begins = (0..rows.len()).filter(differs).collect();
        Self { columns, rows, begins }
    }

    fn rows(&self, group: usize) -> &[u32] {
        let end = self.begins.get(group + 1).copied().unwrap_or(self.rows.len());
        &self.rows[self.begins[group]..end]
    }

    /// Puts the first row of each of some groups into an empty batch.
    fn firsts(&self, batch: &Batch, groups: &[usize], firsts: &mut Batch) {
        for column in &self.columns {
            let first = |group: &usize| batch.columns[*column][self.rows(*group)[0] as usize];
            firsts.columns[*column].extend(groups.iter().map(first));
        }
        firsts.len = groups.len();
    }

    /// Says what an aggregate comes to of each row of a group.
    fn tell(&self, group: usize, computed: &Computed, out: &mut Vec<(u32, Computed)>) {
        out.extend(self.rows(group).iter().map(|row| (*row, computed.clone())));
    }

    /// The ids that the rows of a group agree on.
    fn ids(&self, batch: &Batch, group: usize) -> impl ExactSizeIterator<Item = u32> {
        let row = self.rows[self.begins[group]] as usize;
        self.columns.iter().map(move |column| batch.columns[*column][row])
    }
}

impl Run<'_, '_> {
    /// What an aggregate comes to in each row; `None` where that must be worked out row by row.
    pub(super) fn outcomes(&mut self, ranged: &Ranged<'_>, batch: &Batch) -> Result<Option<Outcomes>, Bail> {
        let nothing = ranged.plan.kind.of(Vec::new()).map_err(|_| Bail::Calculation)?;
        let nothing = nothing.map_or(Computed::Nothing, Computed::Value);
        if let Known::One(known) = &ranged.plan.known {
            let only = self.only(ranged, known, nothing)?;
            return Ok(only.map(|only| Outcomes { nothing: only, some: Vec::new() }));
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
        let groups = Groups::new(batch, ranged.reads());
        let mut out = Vec::with_capacity(batch.len);
        let mut left: Vec<usize> = (0..groups.begins.len()).collect();
        // Columns read beside the outer variables differ from program to program.
        let alone = groups.columns == ranged.plan.outer;
        let remembers = alone && results.pays(&results.look());
        if remembers {
            let found = results.look();
            let mut unknown = Vec::new();
            for group in &left {
                match found.get(&Ids::of(groups.ids(batch, *group))) {
                    Some(Ok(computed)) => groups.tell(*group, computed, &mut out),
                    Some(Err(_)) => return Err(Bail::Calculation),
                    None => unknown.push(*group),
                }
            }
            results.count(left.len(), left.len() - unknown.len());
            left = unknown;
        }
        if alone
            && !left.is_empty()
            && let Some(all) = self.all_at_once(ranged.plan, results, left.len())?
        {
            for group in left.drain(..) {
                match all.get(&Ids::of(groups.ids(batch, group))) {
                    Some(Ok(computed)) => groups.tell(group, computed, &mut out),
                    Some(Err(_)) => return Err(Bail::Calculation),
                    None => {}
                }
            }
        }
        if !left.is_empty() {
            results.work(left.len());
            let mut firsts = self.spare();
            groups.firsts(batch, &left, &mut firsts);
            let some = self.worked_out(ranged, &firsts);
            self.give_back(firsts);
            let Some(some) = some? else { return Ok(None) };
            some.iter().for_each(|(at, computed)| groups.tell(left[*at as usize], computed, &mut out));
            if remembers {
                let mut found = results.add();
                let mut some = some.into_iter().peekable();
                for (at, group) in (0..).zip(left) {
                    let computed = some.next_if(|(other, _)| *other == at).map(|(_, computed)| computed);
                    let computed = computed.unwrap_or_else(|| nothing.clone());
                    if results.has_room(&found) {
                        found.insert(Ids::of(groups.ids(batch, group)), Ok(computed));
                    }
                }
            }
        }
        out.sort_unstable_by_key(|(row, _)| *row);
        Ok(Some(out))
    }
}
