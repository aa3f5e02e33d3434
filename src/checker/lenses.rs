//! What lenses say in a world looked at plainly.

use std::collections::BTreeSet;

use super::Says;
use super::plain::{Args, Env, Plain, Truth};
use crate::base::Idx;
use crate::model::{
    AtomSource, Clause, Constant, LensId, Otherwise, Policy, QuestionId, RowId, VarId, VerdictId,
};

impl Plain<'_> {
    /// Whether a body is met by a subject, by nothing that bars it.
    pub fn meets(&self, clause: &Clause, subject: &[Option<Constant>]) -> Truth {
        let mut env: Env = vec![None; clause.vars.len()];
        env.iter_mut().zip(subject).for_each(|(word, name)| word.clone_from(name));
        self.met(clause, &mut env)
    }

    /// Whether a body is met where words stand for these, by nothing that bars it.
    pub fn met(&self, clause: &Clause, env: &mut Env) -> Truth {
        let (found, unsure) = self.apart(|| self.within(clause, env, &mut |_| true));
        match (found, unsure) {
            (true, _) => Truth::Yes,
            (false, true) => Truth::Unsure,
            (false, false) => Truth::No,
        }
    }

    fn bodies(
        &self,
        clause: &Clause,
        subject: &[Option<Constant>],
        visit: &mut dyn FnMut(&Env) -> bool,
    ) -> bool {
        let mut env: Env = vec![None; clause.vars.len()];
        env.iter_mut().zip(subject).for_each(|(word, name)| word.clone_from(name));
        self.within(clause, &mut env, visit)
    }

    fn within(&self, clause: &Clause, env: &mut Env, visit: &mut dyn FnMut(&Env) -> bool) -> bool {
        self.ways(&[&clause.when], env, &mut |env| match clause
            .unless
            .as_ref()
            .map(|unless| self.exists(unless, env))
        {
            None | Some(Truth::No) => visit(env),
            Some(Truth::Yes) => false,
            Some(Truth::Unsure) => self.doubt(),
        })
    }

    /// Whether a subject is one of those a question is about.
    pub fn stands(&self, question: QuestionId, subject: &[Constant]) -> Truth {
        let names: Args = subject.iter().cloned().map(Some).collect();
        let ruleset = self.facts.ruleset;
        if let Some(among) = &ruleset.questions[question].among {
            return self.meets(among, &names);
        }
        let lenses = ruleset.lenses.iter().filter(|lens| lens.question == question);
        let mut truth = Truth::No;
        for row in lenses.flat_map(|lens| &lens.rows) {
            match self.meets(&row.clause, &names) {
                Truth::Yes => return Truth::Yes,
                Truth::Unsure => truth = Truth::Unsure,
                Truth::No => {}
            }
        }
        truth
    }

    /// What a lens says of a subject; nothing outside the population, `None` where that cannot be told.
    pub fn outcome(&self, lens: LensId, subject: &[Constant]) -> Option<Says> {
        let entry = &self.facts.ruleset.lenses[lens];
        if self.blind {
            return None;
        }
        match self.stands(entry.question, subject) {
            Truth::Yes => {}
            Truth::No => return Some(Says::default()),
            Truth::Unsure => return None,
        }
        self.answer(lens, subject)
    }

    /// What a lens says of a subject, of the population or not.
    pub fn answer(&self, lens: LensId, subject: &[Constant]) -> Option<Says> {
        let entry = &self.facts.ruleset.lenses[lens];
        let by_rows = self.by_rows(lens, subject)?;
        if !by_rows.is_empty() {
            return Some(by_rows);
        }
        match entry.otherwise {
            Otherwise::Nothing => Some(Says { none: true, ..Says::default() }),
            Otherwise::Verdict(verdict, _) => Some(Says { verdicts: vec![verdict], ..Says::default() }),
            Otherwise::As(other, _) => self.answer(other, subject),
        }
    }

    /// What the rows of a lens say; nothing where none matches.
    fn by_rows(&self, lens: LensId, subject: &[Constant]) -> Option<Says> {
        let entry = &self.facts.ruleset.lenses[lens];
        let names: Args = subject.iter().cloned().map(Some).collect();
        let mut matching: Vec<RowId> = Vec::new();
        for (row, rule) in entry.rows.iter_enumerated() {
            match self.meets(&rule.clause, &names) {
                Truth::Yes => matching.push(row),
                Truth::No => continue,
                Truth::Unsure => return None,
            }
            if entry.policy == Policy::FirstMatch {
                break;
            }
        }
        let out = |weak: &RowId| match &entry.policy {
            Policy::FirstMatch => false,
            Policy::Unique { overrides } => {
                matching.iter().any(|strong| overrides.contains(&(*strong, *weak)))
            }
        };
        let verdicts: BTreeSet<VerdictId> =
            matching.iter().filter(|row| !out(row)).map(|row| entry.rows[*row].verdict).collect();
        Some(match verdicts.len() {
            0 | 1 => Says { verdicts: verdicts.into_iter().collect(), ..Says::default() },
            _ => Says { conflict: true, ..Says::default() },
        })
    }

    /// Of whom what is asked of lenses is so.
    pub(super) fn asked(&self, source: &AtomSource, want: &Args) -> Vec<Args> {
        let question = match source {
            AtomSource::Verdict { question, .. } | AtomSource::Disagree { question, .. } => *question,
            AtomSource::Relation(_) => return Vec::new(),
        };
        let lenses = match source {
            AtomSource::Verdict { lenses, .. } => lenses.clone(),
            AtomSource::Disagree { left, right, .. } => vec![*left, *right],
            AtomSource::Relation(_) => Vec::new(),
        };
        let local = self.facts.ruleset.questions[question].among.is_none()
            && matches!(source, AtomSource::Verdict { .. });
        let subjects = match want.iter().cloned().collect::<Option<Vec<Constant>>>() {
            Some(subject) => BTreeSet::from([subject]),
            None => self.subjects(question, local.then_some(lenses.as_slice()), want),
        };
        let is_so = |subject: &Vec<Constant>| {
            let says = |lens: &LensId| {
                if local { self.by_rows(*lens, subject) } else { self.outcome(*lens, subject) }
            };
            let says: Vec<Option<Says>> = lenses.iter().map(says).collect();
            match source {
                AtomSource::Verdict { verdict, needed, .. } => {
                    let so = says.iter().flatten().filter(|says| says.settled() == Some(*verdict)).count();
                    let perhaps = so + says.iter().filter(|says| says.is_none()).count();
                    so >= *needed as usize || perhaps >= *needed as usize && self.doubt()
                }
                AtomSource::Disagree { .. } => match (&says[0], &says[1]) {
                    (Some(left), Some(right)) => left != right,
                    _ => self.doubt(),
                },
                AtomSource::Relation(_) => false,
            }
        };
        let found = subjects.into_iter().filter(is_so);
        found.map(|subject| subject.into_iter().map(Some).collect()).collect()
    }

    /// Whom a question is about; with lenses, whom rows of theirs match.
    fn subjects(
        &self,
        question: QuestionId,
        lenses: Option<&[LensId]>,
        want: &Args,
    ) -> BTreeSet<Vec<Constant>> {
        let ruleset = self.facts.ruleset;
        let slots: Vec<VarId> = (0..want.len()).map(VarId::from_usize).collect();
        let clauses: Vec<&Clause> = match &ruleset.questions[question].among {
            Some(among) => vec![among],
            None => {
                let own = ruleset.lenses.iter_enumerated().filter(|(id, lens)| {
                    lens.question == question && lenses.is_none_or(|lenses| lenses.contains(id))
                });
                own.flat_map(|(_, lens)| &lens.rows).map(|row| &row.clause).collect()
            }
        };
        let mut found = BTreeSet::new();
        for clause in clauses {
            self.bodies(clause, want, &mut |env| {
                found.extend(
                    slots.iter().map(|slot| env[slot.index()].clone()).collect::<Option<Vec<Constant>>>(),
                );
                false
            });
        }
        found
    }
}
