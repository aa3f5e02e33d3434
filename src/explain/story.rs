//! What one lens says of one subject: the rows behind it, those ruled out, those barred.

use super::lookup::Stop;
use super::run::{Matched, Run};
use super::solve::Env;
use super::{LensStory, Standing, Trouble};
use crate::base::Idx;
use crate::checker::{Claim, Derivation, Says, Step, Through};
use crate::model::{AtomSource, Clause, Constant, LensId, Otherwise, Policy, RowId};
use crate::verdict::{Outcome, OutcomeSet};

/// Open outcomes in the words of proofs.
pub(super) fn says(set: OutcomeSet) -> Says {
    let mut says = Says::default();
    for outcome in set.iter() {
        match outcome {
            Outcome::Verdict(verdict) => says.verdicts.push(verdict),
            Outcome::Conflict => says.conflict = true,
            Outcome::None => says.none = true,
        }
    }
    says
}

impl Run<'_> {
    /// Everything behind what a lens says.
    pub fn story(&self, lens: LensId, subject: &[u32], standing: Standing) -> Result<LensStory, Trouble> {
        let matched = self.matched(lens, subject)?;
        self.compare(lens, subject, &matched)?;
        let mut story = self.brief(lens, subject, standing)?;
        story.barred = self.barred(lens, subject, &matched)?;
        if standing != Standing::Outside {
            (story.why_not, story.why_not_complete) = self.why_not(lens, subject, &matched)?;
        }
        Ok(story)
    }

    /// What a lens says and the rows behind that, without what might have been.
    pub fn brief(&self, lens: LensId, subject: &[u32], standing: Standing) -> Result<LensStory, Trouble> {
        let entry = &self.world.ruleset.lenses[lens];
        let matched = self.matched(lens, subject)?;
        let mut story = LensStory {
            lens,
            says: Says::default(),
            rows: Vec::new(),
            default: false,
            other: None,
            overruled: Vec::new(),
            why_not: Vec::new(),
            why_not_complete: true,
            flips: None,
            open: None,
            barred: Vec::new(),
        };
        if standing == Standing::Outside {
            return Ok(story);
        }
        story.says = says(self.outcome(lens, subject)?);
        story.default = matched.default;
        for row in &matched.possible {
            let certain = matched.certain.contains(row);
            let proof = self.row_proof(lens, RowId::from_usize(*row), subject, certain)?;
            match ruled_out(&entry.policy, &matched, *row) {
                Some(by) => story.overruled.push((RowId::from_usize(*row), by, proof)),
                None => story.rows.push(proof),
            }
        }
        if let (true, Otherwise::As(other, _)) = (matched.default, entry.otherwise) {
            story.other = Some(self.through(other, subject)?);
        }
        Ok(story)
    }

    /// What was found again must be what was evaluated.
    fn compare(&self, lens: LensId, subject: &[u32], matched: &Matched) -> Result<(), Trouble> {
        let table = &self.world.evaluation.tables[self.world.ruleset.lenses[lens].question];
        let (Some(place), Some(column)) = (table.find(subject), table.column(lens)) else { return Ok(()) };
        if !self.change.is_empty() {
            return Ok(());
        }
        for (row, known) in column.rows.iter_enumerated() {
            let found = (matched.certain.contains(&row.index()), matched.possible.contains(&row.index()));
            if found != (known.certain.contains(place), known.possible().contains(place)) {
                let name = &self.world.ruleset.lenses[lens].name;
                return Err(Trouble::Bug(format!("row {} of {name} matches otherwise", row.0 + 1)));
            }
        }
        Ok(())
    }

    /// The proof that a row matches.
    fn row_proof(
        &self,
        lens: LensId,
        row: RowId,
        subject: &[u32],
        certain: bool,
    ) -> Result<Derivation, Stop> {
        let clause = &self.world.ruleset.lenses[lens].rows[row].clause;
        let env = Env::of_subject(&clause.vars, subject);
        // INVARIANT: only rows that were found to match are asked about.
        self.proof(Claim::Row(lens, row), clause, &env, certain)?.ok_or(Stop::Lost)
    }

    /// What another lens says, with the proofs of the rows behind it.
    pub fn through(&self, lens: LensId, subject: &[u32]) -> Result<Through, Stop> {
        let entry = &self.world.ruleset.lenses[lens];
        let matched = self.matched(lens, subject)?;
        let mut rows = Vec::new();
        for row in &matched.possible {
            if ruled_out(&entry.policy, &matched, *row).is_none() {
                let certain = matched.certain.contains(row);
                rows.push(self.row_proof(lens, RowId::from_usize(*row), subject, certain)?);
            }
        }
        let says = says(self.outcome(lens, subject)?);
        Ok(Through { lens, says, rows, default: matched.default })
    }

    /// A step that asks lenses; `None` where somebody asked about has no name.
    pub fn lenses_step(
        &self,
        asked: &AtomSource,
        subject: &[u32],
        certain: bool,
    ) -> Result<Option<Step>, Stop> {
        self.lenses_saying(asked, subject, &|set| match asked {
            AtomSource::Verdict { verdict, .. } => {
                set.contains(Outcome::Verdict(*verdict)) && (!certain || set.settled().is_some())
            }
            AtomSource::Relation(_) | AtomSource::Disagree { .. } => true,
        })
    }

    /// The same with all lenses that are asked, whatever they say; nothing of whom they are not asked about.
    pub fn all_lenses_step(&self, asked: &AtomSource, subject: &[u32]) -> Result<Option<Step>, Stop> {
        let (AtomSource::Verdict { question, .. } | AtomSource::Disagree { question, .. }) = asked else {
            return Ok(None);
        };
        let mut step = self.lenses_saying(asked, subject, &|_| true)?;
        if let Some(Step::Lenses { says, .. }) = &mut step
            && self.whole().standing(*question, subject)?.is_none()
        {
            for through in says {
                *through =
                    Through { lens: through.lens, says: Says::default(), rows: Vec::new(), default: false };
            }
        }
        Ok(step)
    }

    fn lenses_saying(
        &self,
        asked: &AtomSource,
        subject: &[u32],
        wanted: &dyn Fn(OutcomeSet) -> bool,
    ) -> Result<Option<Step>, Stop> {
        let (question, lenses): (_, Vec<LensId>) = match asked {
            AtomSource::Relation(_) => return Ok(None),
            AtomSource::Verdict { question, lenses, .. } => (*question, lenses.clone()),
            AtomSource::Disagree { question, left, right } => (*question, vec![*left, *right]),
        };
        let whole = self.whole();
        let mut all = Vec::new();
        for lens in lenses {
            if wanted(whole.outcome(lens, subject)?) {
                all.push(whole.through(lens, subject)?);
            }
        }
        let slots = &self.world.ruleset.questions[question].slots;
        let subject: Option<Vec<Constant>> = slots
            .iter()
            .zip(subject)
            .map(|(slot, id)| self.world.constant(self.world.ruleset.domain_of(slot.ty), *id))
            .collect();
        Ok(subject.map(|subject| Step::Lenses { asked: asked.clone(), subject, says: all }))
    }

    /// Rows that would match but for their `unless`.
    fn barred(
        &self,
        lens: LensId,
        subject: &[u32],
        matched: &Matched,
    ) -> Result<Vec<(RowId, Derivation, Derivation)>, Stop> {
        let mut out = Vec::new();
        for (row, entry) in self.world.ruleset.lenses[lens].rows.iter_enumerated() {
            let (Some(unless), false) = (&entry.clause.unless, matched.possible.contains(&row.index()))
            else {
                continue;
            };
            let vars = &entry.clause.vars;
            let when = Clause { vars: vars.clone(), when: entry.clause.when.clone(), unless: None };
            let env = Env::of_subject(vars, subject);
            let Some(asks) = self.proof(Claim::When(lens, row), &when, &env, true)? else { continue };
            // What bars this way of meeting it.
            let mut env = Env::of_subject(vars, subject);
            for (id, held) in env.ids.iter_mut().zip(&asks.words) {
                if let crate::checker::Held::Is(constant) = held {
                    *id = Some(self.world.id(constant));
                }
            }
            let bars = Clause { vars: vars.clone(), when: unless.clone(), unless: None };
            if let Some(bars) = self.proof(Claim::Unless(lens, row), &bars, &env, true)? {
                out.push((row, asks, bars));
            }
        }
        Ok(out)
    }
}

/// The row that certainly rules a matching one out.
pub(super) fn ruled_out(policy: &Policy, matched: &Matched, row: usize) -> Option<RowId> {
    match policy {
        Policy::FirstMatch => {
            matched.certain.first().filter(|first| **first < row).map(|first| RowId::from_usize(*first))
        }
        Policy::Unique { overrides } => matched
            .certain
            .iter()
            .map(|strong| RowId::from_usize(*strong))
            .find(|strong| overrides.binary_search(&(*strong, RowId::from_usize(row))).is_ok()),
    }
}
