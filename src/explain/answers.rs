//! Who is asked about and what lenses say of them, in one world: read off the evaluation, or worked out.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::lookup::{Flow, Stop, Tuple, Want, fits};
use super::run::{Matched, Run};
use super::solve::{Env, flatten, gives};
use super::world::Node;
use crate::base::Idx;
use crate::model::{Clause, Cond, LensId, Otherwise, QuestionId, RowId, VarId, VerdictId};
use crate::verdict::{Outcome, OutcomeSet, outcome_of_rows};

impl Run<'_> {
    /// Subjects of a question that are as wanted, possible ones or only certain ones.
    pub fn population(
        &self,
        question: QuestionId,
        want: &[Want],
        possible: bool,
    ) -> Result<BTreeSet<Tuple>, Stop> {
        let mut found = BTreeSet::new();
        // Of one who is given that is asked of each lens, and again in each world that it does not change in.
        let one: Option<Tuple> = want.iter().map(|want| want.given()).collect();
        let asked = one.filter(|_| self.trace.is_none() && self.is_at_rest());
        let asked = asked.map(|subject| (question, subject, possible));
        if let Some(asked) = &asked
            && let Some((is, failed)) = self.standings.borrow().get(asked)
        {
            found.extend(is.then(|| asked.1.clone()));
            self.failed.set(self.failed.get() || *failed);
            return Ok(found);
        }
        let failed = self.failed.replace(false);
        self.find_population(question, want, possible, &mut found)?;
        if let Some(asked) = asked {
            self.standings.borrow_mut().insert(asked, (!found.is_empty(), self.failed.get()));
        }
        self.failed.set(failed || self.failed.get());
        Ok(found)
    }

    /// The same, worked out.
    fn find_population(
        &self,
        question: QuestionId,
        want: &[Want],
        possible: bool,
        found: &mut BTreeSet<Tuple>,
    ) -> Flow {
        if !self.is_touched(Node::Population(question)) {
            if let Some(beyond) = self.beyond(Node::Population(question)) {
                let all = beyond.population(question, want, true)?;
                all.iter().try_for_each(|_| self.tick())?;
                *found = if possible { all } else { beyond.population(question, want, false)? };
                return Ok(());
            }
            let table = &self.world.evaluation.tables[question];
            self.world.indexes.each(&table.subjects, want, &mut |tuple| {
                self.tick()?;
                if possible || table.find(tuple).is_some_and(|place| !table.perhaps.contains(place)) {
                    found.insert(tuple.to_vec());
                }
                Ok(())
            })?;
            for (subject, now) in self.settled.population(question).iter().flat_map(|all| all.iter()) {
                if fits(want, subject) {
                    found.remove(subject);
                    found.extend(now.is_some_and(|certain| certain || possible).then(|| subject.clone()));
                }
            }
            return Ok(());
        }
        let ruleset = self.world.ruleset;
        let clauses: Vec<_> = match &ruleset.questions[question].among {
            Some(among) => vec![among],
            None => {
                let lenses = ruleset.lenses_of(question);
                lenses.flat_map(|lens| ruleset.lenses[lens].rows.iter().map(|row| &row.clause)).collect()
            }
        };
        for clause in clauses {
            let failed = self.failed.replace(false);
            self.all_subjects(question, clause, want, possible, found)?;
            if !possible && found.is_empty() {
                self.lacks_subject(question, clause, want)?;
            }
            self.failed.set(failed || self.failed.get());
            if self.trace.is_none()
                && !found.is_empty()
                && want.iter().all(|want| matches!(want, Want::Is(_)))
            {
                break;
            }
        }
        Ok(())
    }

    /// Of whom lenses may give a verdict. Whom rows match is asked first where they lead there from who is
    /// given: to be asked about may take a long chain of facts.
    pub fn subjects(
        &self,
        question: QuestionId,
        verdict: VerdictId,
        lenses: &[LensId],
        want: &[Want],
        possible: bool,
    ) -> Result<BTreeSet<Tuple>, Stop> {
        if !lenses.iter().any(|lens| self.is_touched(Node::Lens(*lens))) {
            let Some(beyond) = self.beyond(Node::Population(question)) else {
                return self.population(question, want, possible);
            };
            let all = beyond.subjects(question, verdict, lenses, want, possible)?;
            all.iter().try_for_each(|_| self.tick())?;
            return Ok(all);
        }
        let is_closed = self.world.ruleset.questions[question].among.is_some();
        let mut rows = Vec::new();
        let by_rows = lenses.iter().all(|lens| self.rows_giving(*lens, verdict, is_closed, &mut rows));
        let mut clauses: Vec<Rc<Clause>> = Vec::new();
        if is_closed {
            // Of one who is given, what the lenses say is asked after this.
            if !by_rows || want.iter().all(|want| matches!(want, Want::Is(_))) {
                return self.population(question, want, possible);
            }
            for (lens, row) in &rows {
                let clause = &self.world.ruleset.lenses[*lens].rows[*row].clause;
                if !self.leads(question, clause, want) {
                    let least = self.world.necessary(*lens, *row);
                    // All that is asked about is among what an answer was read off, so that names in it are tried.
                    if self.trace.is_some() || !self.leads(question, &least, want) {
                        return self.population(question, want, possible);
                    }
                    clauses.push(least);
                }
            }
        }
        let mut found = BTreeSet::new();
        for (lens, row) in rows {
            let clause = &self.world.ruleset.lenses[lens].rows[row].clause;
            if !is_closed || self.leads(question, clause, want) {
                self.all_subjects(question, clause, want, true, &mut found)?;
            }
        }
        for clause in clauses {
            self.all_subjects(question, &clause, want, true, &mut found)?;
        }
        if is_closed {
            let mut kept = BTreeSet::new();
            for subject in found {
                let own: Vec<Want> = subject.iter().map(|id| Want::Is(*id)).collect();
                if !self.population(question, &own, possible)?.is_empty() {
                    kept.insert(subject);
                }
            }
            return Ok(kept);
        }
        Ok(found)
    }

    /// The rows by which a lens gives a verdict; whether it does so by rows alone. What holds where no row
    /// decides counts only where a population says of whom.
    fn rows_giving(
        &self,
        lens: LensId,
        verdict: VerdictId,
        is_closed: bool,
        out: &mut Vec<(LensId, RowId)>,
    ) -> bool {
        let entry = &self.world.ruleset.lenses[lens];
        let own = entry.rows.iter_enumerated().filter(|(_, row)| row.verdict == verdict);
        out.extend(own.map(|(row, _)| (lens, row)));
        match entry.otherwise {
            _ if !is_closed => true,
            Otherwise::Nothing => true,
            Otherwise::Verdict(other, _) => other != verdict,
            Otherwise::As(other, _) => self.rows_giving(other, verdict, is_closed, out),
        }
    }

    /// Whether sentences lead from the things given to all others that a row is about.
    fn leads(&self, question: QuestionId, clause: &Clause, want: &[Want]) -> bool {
        let slots = self.world.slots(question);
        let given = slots.iter().zip(want).filter(|(_, want)| matches!(want, Want::Is(_)));
        let mut known: BTreeSet<VarId> = given.map(|(slot, _)| *slot).collect();
        let mut parts = Vec::new();
        flatten(&clause.when, &mut parts);
        parts.retain(|part| matches!(part, Cond::Atom(_) | Cond::Or(_)));
        loop {
            let before = parts.len();
            parts.retain(|part| {
                let mut words = BTreeSet::new();
                gives(part, &mut words);
                let far = words.is_disjoint(&known);
                if !far {
                    known.extend(words);
                }
                far
            });
            if parts.len() == before {
                return slots.iter().all(|slot| known.contains(slot));
            }
        }
    }

    /// Whom a clause is met by.
    pub fn all_subjects(
        &self,
        question: QuestionId,
        clause: &Clause,
        want: &[Want],
        possible: bool,
        found: &mut BTreeSet<Tuple>,
    ) -> Flow {
        let slots = self.world.slots(question);
        let mut env = Env::new(&clause.vars);
        for (slot, want) in slots.iter().zip(want) {
            if let Want::Is(id) = want {
                env.ids[slot.index()] = Some(*id);
            }
        }
        // Of one subject one way is enough; a trace shows all there are.
        let is_one = self.trace.is_none() && want.iter().all(|want| matches!(want, Want::Is(_)));
        super::prove::ended(self.clause(clause, &mut env, possible, &mut |env| {
            let tuple: Option<Tuple> = slots.iter().map(|slot| env.ids[slot.index()]).collect();
            found.extend(tuple);
            if is_one { Err(Stop::Enough) } else { Ok(()) }
        }))
    }

    /// Whether the rows of a lens alone give the verdict.
    pub fn local(
        &self,
        lens: LensId,
        subject: &[u32],
        wanted: Outcome,
        possible: bool,
    ) -> Result<bool, Stop> {
        if !self.is_touched(Node::Lens(lens)) {
            let set = self.outcome(lens, subject)?;
            return Ok(if possible { set.contains(wanted) } else { set.settled() == Some(wanted) });
        }
        let matched = self.matched(lens, subject)?;
        let settled = matched.rows.settled().is_some() && !matched.certain.is_empty();
        Ok(matched.rows.contains(wanted) && (possible || settled))
    }

    /// Whether the subject is in the population: not, possibly, certainly.
    pub fn standing(&self, question: QuestionId, subject: &[u32]) -> Result<Option<bool>, Stop> {
        let want: Vec<Want> = subject.iter().map(|id| Want::Is(*id)).collect();
        if self.population(question, &want, true)?.is_empty() {
            return Ok(None);
        }
        Ok(Some(!self.population(question, &want, false)?.is_empty()))
    }

    /// Which rows of a lens match a subject.
    pub fn matched(&self, lens: LensId, subject: &[u32]) -> Result<Matched, Stop> {
        let key = (lens, subject.to_vec());
        if let Some(known) = self.outcomes.borrow().get(&key) {
            return Ok(known.clone());
        }
        let entry = &self.world.ruleset.lenses[lens];
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        let failed = self.failed.replace(false);
        for row in entry.rows.ids() {
            let before = self.failed.replace(false);
            let is_possible = self.row(lens, row, subject, true)?;
            if is_possible && self.row(lens, row, subject, false)? {
                certain.push(row.index());
            } else {
                self.lacks_result(lens, row, subject)?;
            }
            possible.extend(is_possible.then(|| row.index()));
            self.failed.set(before || self.failed.get());
        }
        // A calculation without a result may be an error, which only the engine can tell.
        if self.failed.get() && self.trace.is_none() && self.change.is_empty() {
            self.world.short.set(true);
        }
        self.failed.set(failed || self.failed.get());
        let parameters = &self.world.evaluation.parameters;
        let (rows, default) = outcome_of_rows(self.world.ruleset, parameters, lens, &certain, &possible);
        let matched = Matched { certain, possible, rows, default };
        self.outcomes.borrow_mut().insert(key, matched.clone());
        Ok(matched)
    }

    /// Whether a row matches a subject.
    pub fn row(&self, lens: LensId, row: RowId, subject: &[u32], possible: bool) -> Result<bool, Stop> {
        let clause = &self.world.ruleset.lenses[lens].rows[row].clause;
        let mut env = Env::of_subject(&clause.vars, subject);
        self.holds(|run, visit| run.clause(clause, &mut env, possible, visit))
    }

    /// Whether a search finds anything.
    pub fn holds(
        &self,
        search: impl FnOnce(&Self, &mut dyn FnMut(&mut Env<'_>) -> Flow) -> Flow,
    ) -> Result<bool, Stop> {
        match search(self, &mut |_| Err(Stop::Enough)) {
            Ok(()) => Ok(false),
            Err(Stop::Enough) => Ok(true),
            Err(stop @ (Stop::Spent | Stop::Lost)) => Err(stop),
        }
    }

    /// What a lens says of a subject, of the population or not.
    pub fn outcome(&self, lens: LensId, subject: &[u32]) -> Result<OutcomeSet, Stop> {
        let question = self.world.ruleset.lenses[lens].question;
        if !self.is_touched(Node::Lens(lens)) {
            if let Some(known) = self.settled.outcome(lens, subject) {
                return Ok(known);
            }
            if let Some(beyond) = self.beyond(Node::Lens(lens)) {
                let standing = beyond.standing(question, subject)?;
                return if standing.is_some() {
                    beyond.outcome(lens, subject)
                } else {
                    self.says(lens, subject)
                };
            }
            let table = &self.world.evaluation.tables[question];
            if let (Some(place), Some(column)) = (table.find(subject), table.column(lens)) {
                return Ok(table.outcome(column, place));
            }
        }
        self.says(lens, subject)
    }

    /// The same, by its rows.
    fn says(&self, lens: LensId, subject: &[u32]) -> Result<OutcomeSet, Stop> {
        let matched = self.matched(lens, subject)?;
        if !matched.default {
            return Ok(matched.rows);
        }
        Ok(match self.world.ruleset.lenses[lens].otherwise {
            Otherwise::Nothing => matched.rows.with(Outcome::None),
            Otherwise::Verdict(verdict, _) => matched.rows.with(Outcome::Verdict(verdict)),
            Otherwise::As(other, _) => matched.rows.union(self.outcome(other, subject)?),
        })
    }

    /// The outcome, where the subject is in the population for certain or perhaps.
    pub fn result(&self, lens: LensId, subject: &[u32]) -> Result<Option<(OutcomeSet, bool)>, Stop> {
        let question = self.world.ruleset.lenses[lens].question;
        match self.standing(question, subject)? {
            None => Ok(None),
            Some(certain) => Ok(Some((self.outcome(lens, subject)?, certain))),
        }
    }
}
