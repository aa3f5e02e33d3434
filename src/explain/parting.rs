//! Where two lenses part on a subject, and what would make them agree.

use std::collections::BTreeSet;

use super::change::Search;
use super::lookup::Tuple;
use super::run::{Matched, Run};
use super::{Parting, Trouble, WhyNot};
use crate::base::{BitSet, InOrder};
use crate::model::{LensId, RelationId, RowId, VerdictId};
use crate::verdict::{Outcome, OutcomeSet, RowMatches};

impl Run<'_> {
    /// Where two lenses of one question part on a subject; what would make them agree is looked for first among facts
    /// that are near.
    pub fn parting(
        &self,
        [left, right]: [LensId; 2],
        subject: &[u32],
        (size, budget): (usize, u64),
        near: BTreeSet<(RelationId, Tuple)>,
    ) -> Result<Parting, Trouble> {
        let (one, other) = (self.outcome(left, subject)?, self.outcome(right, subject)?);
        let (rows, other_rows) = (self.matched(left, subject)?, self.matched(right, subject)?);
        let agree = one == other;
        let mut facts = Vec::new();
        for lens in [left, right] {
            let mut own = BTreeSet::new();
            for proof in self.through(lens, subject)?.rows {
                self.facts_of(&proof.steps, &mut own);
            }
            facts.push(own);
        }
        let mut shared: Vec<_> = facts[0].intersection(&facts[1]).cloned().collect();
        shared.order_by_key(|fact| self.order(fact));
        let mut search = Search::new(self.world, self, budget, size);
        search.first = near;
        search.first.extend(facts.iter().flatten().cloned());
        let agreeing = search.smallest(&[left, right], subject, &|answers| match (answers[0], answers[1]) {
            (Some((one, _)), Some((other, _))) => !agree && one == other && one.settled().is_some(),
            _ => false,
        });
        Ok(Parting {
            left,
            right,
            agree,
            shared: shared.iter().map(|(relation, tuple)| self.world.fact(*relation, tuple)).collect(),
            right_lacks: self.lacking(right, subject, &other_rows, one)?,
            left_lacks: self.lacking(left, subject, &rows, other)?,
            agreeing,
            others: self.others(left, right, subject),
        })
    }

    /// What rows of a lens that give this verdict lack.
    fn lacking(
        &self,
        lens: LensId,
        subject: &[u32],
        matched: &Matched,
        wanted: OutcomeSet,
    ) -> Result<Vec<WhyNot>, Trouble> {
        let Some(Outcome::Verdict(verdict)) = wanted.settled() else { return Ok(Vec::new()) };
        let (all, _) = self.why_not(lens, subject, matched)?;
        let gives = |row: RowId| -> VerdictId { self.world.ruleset.lenses[lens].rows[row].verdict };
        Ok(all.into_iter().filter(|why| gives(why.row) == verdict).collect())
    }

    /// Other subjects on whom they part with the same outcomes by the same rows.
    fn others(&self, left: LensId, right: LensId, subject: &[u32]) -> u64 {
        let table = &self.world.evaluation.tables[self.world.ruleset.lenses[left].question];
        let (Some(place), Some(one), Some(other)) =
            (table.find(subject), table.column(left), table.column(right))
        else {
            return 0;
        };
        let rows = || one.rows.iter().chain(other.rows.iter());
        let same = |at: usize| {
            let bit = |set: &BitSet| set.contains(at) == set.contains(place);
            let alike = |row: &RowMatches| bit(&row.certain) && bit(row.possible());
            one.codes[at] == one.codes[place] && other.codes[at] == other.codes[place] && rows().all(alike)
        };
        let parts = table.outcome(one, place) != table.outcome(other, place);
        let counts = |at: &usize| *at != place && !table.perhaps.contains(*at) && same(*at);
        if parts { (0..table.len()).filter(counts).count() as u64 } else { 0 }
    }
}
