//! One parameter at several values: what each lens says then, and at which values somebody flips.
//! Takes an evaluation per value, in order; hands on `Sweep`.

use std::collections::BTreeMap;

use super::{Beside, Depth, LensFigures, agreement};
use crate::base::{InOrder, IndexVec};
use crate::facts::Dictionary;
use crate::model::{Constant, DomainId, LensId, ParameterId, QuestionId, Ruleset, VerdictId};
use crate::value::Value;
use crate::verdict::{Answer, Evaluation, OutcomeSet, VerdictTable, differing};

/// How many who flip are named.
const EXAMPLES: usize = 3;

/// A parameter swept over values.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The parameter.
    pub parameter: ParameterId,
    /// The values, ascending.
    pub values: Vec<Value>,
    /// What is found, per question.
    pub questions: Vec<QuestionSweep>,
}

/// A question, of which lenses are compared.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The question.
    pub question: QuestionId,
    /// The lenses.
    pub lenses: Vec<LensId>,
    /// The verdict of interest.
    pub focus: VerdictId,
}

/// What is found of one question.
#[derive(Clone, Debug)]
pub struct QuestionSweep {
    /// What is compared.
    pub compared: Compared,
    /// Per value, in order.
    pub points: Vec<Point>,
    /// Who flips, by value and lens.
    pub flips: Vec<SweepFlip>,
}

/// The counts at one value.
#[derive(Clone, Debug)]
pub struct Point {
    /// Subjects certainly in the population.
    pub subjects: u64,
    /// Subjects only possibly in it; in no other figure.
    pub perhaps: u64,
    /// Subjects on which some two lenses certainly disagree.
    pub differing: u64,
    /// Subjects some lens leaves unknown or in conflict.
    pub undecided: u64,
    /// Figures of each lens.
    pub columns: Vec<LensFigures>,
}

/// Subjects of which a lens says something else than at the value before, all the same way.
#[derive(Clone, Debug)]
pub struct SweepFlip {
    /// The place of the value among the values.
    pub at: usize,
    /// The lens.
    pub lens: LensId,
    /// What it said at the value before; nothing outside the population.
    pub before: Option<OutcomeSet>,
    /// What it says at this value.
    pub after: Option<OutcomeSet>,
    /// How many.
    pub count: u64,
    /// Those with the lowest names.
    pub examples: Vec<Vec<Constant>>,
}

/// What lenses said at the value before.
struct Before {
    tables: IndexVec<QuestionId, VerdictTable>,
    /// What names the subjects, where ids do not mean the same at each value.
    dictionaries: IndexVec<DomainId, Dictionary>,
}

/// A sweep being counted.
pub struct Sweeper<'r> {
    ruleset: &'r Ruleset,
    sweep: Sweep,
    before: Option<Before>,
    /// Whether ids of things mean the same at each value.
    same_ids: bool,
}

impl<'r> Sweeper<'r> {
    /// Nothing counted yet. Where scenarios are put together, ids of things are not the same at each value.
    pub fn new(
        ruleset: &'r Ruleset,
        parameter: ParameterId,
        compared: Vec<Compared>,
        same_ids: bool,
    ) -> Self {
        let questions = compared
            .into_iter()
            .map(|compared| QuestionSweep { compared, points: Vec::new(), flips: Vec::new() })
            .collect();
        let sweep = Sweep { parameter, values: Vec::new(), questions };
        Self { ruleset, sweep, before: None, same_ids }
    }

    /// Counts the evaluation at the next value, of which it keeps what lenses say.
    pub fn add(&mut self, value: Value, evaluation: &mut Evaluation) {
        let at = self.sweep.values.len();
        for entry in &mut self.sweep.questions {
            let Compared { question, lenses, focus } = &entry.compared;
            let (dictionaries, table) = (&evaluation.dictionaries, &evaluation.tables[*question]);
            let beside = Beside::default();
            // Without weights nothing is added up that could grow too large.
            if let Ok(figures) =
                agreement(self.ruleset, dictionaries, table, lenses, *focus, &beside, Depth::Patterns)
            {
                entry.points.push(Point {
                    subjects: figures.subjects,
                    perhaps: figures.perhaps,
                    differing: figures.differing,
                    undecided: figures.undecided,
                    columns: figures.columns,
                });
            }
            let Some(before) = &self.before else { continue };
            for lens in lenses {
                let moved = moved(self.ruleset, (before, evaluation), *question, *lens, self.same_ids);
                entry.flips.extend(flips(at, *lens, moved));
            }
        }
        self.sweep.values.push(value);
        let dictionaries =
            if self.same_ids { IndexVec::new() } else { std::mem::take(&mut evaluation.dictionaries) };
        self.before = Some(Before { tables: std::mem::take(&mut evaluation.tables), dictionaries });
    }

    /// What was counted.
    pub fn finish(self) -> Sweep {
        self.sweep
    }
}

type Moved = (Vec<Constant>, (Option<OutcomeSet>, Option<OutcomeSet>));

fn moved(
    ruleset: &Ruleset,
    (old, new): (&Before, &Evaluation),
    question: QuestionId,
    lens: LensId,
    same_ids: bool,
) -> Vec<Moved> {
    // Who is asked about only perhaps is counted nowhere.
    let said = |answer: Answer| answer.filter(|(certain, _)| *certain).map(|(_, says)| says);
    if !same_ids {
        let before = by_name(ruleset, (&old.dictionaries, &old.tables[question]), lens);
        let after = by_name(ruleset, (&new.dictionaries, &new.tables[question]), lens);
        let mut all: Vec<&Vec<Constant>> = before.keys().chain(after.keys()).collect();
        all.order();
        all.dedup();
        let both =
            all.into_iter().map(|who| (who.clone(), (before.get(who).copied(), after.get(who).copied())));
        return both.filter(|(_, (before, after))| before != after).collect();
    }
    let found = differing(&old.tables[question], &new.tables[question], lens).into_iter();
    let found = found.map(|(ids, (before, after))| (ids, (said(before), said(after))));
    let found = found.filter(|(_, (before, after))| before != after);
    let of = |ids: Vec<u32>| names(ruleset, &new.dictionaries, question, ids.into_iter());
    found.map(|(ids, both)| (of(ids), both)).collect()
}

fn by_name(
    ruleset: &Ruleset,
    (dictionaries, table): (&IndexVec<DomainId, Dictionary>, &VerdictTable),
    lens: LensId,
) -> BTreeMap<Vec<Constant>, OutcomeSet> {
    let question = ruleset.lenses[lens].question;
    let Some(column) = table.column(lens) else { return BTreeMap::new() };
    let who = |place: usize| {
        names(ruleset, dictionaries, question, table.subjects.iter().map(|column| column[place]))
    };
    let counted = (0..table.len()).filter(|place| !table.perhaps.contains(*place));
    counted.map(|place| (who(place), table.outcome(column, place))).collect()
}

fn names(
    ruleset: &Ruleset,
    dictionaries: &IndexVec<DomainId, Dictionary>,
    question: QuestionId,
    ids: impl Iterator<Item = u32>,
) -> Vec<Constant> {
    let slots = &ruleset.questions[question].slots;
    let named = slots.iter().zip(ids);
    named.filter_map(|(slot, id)| dictionaries[ruleset.domain_of(slot.ty)].constant(id)).collect()
}

fn flips(at: usize, lens: LensId, mut moved: Vec<Moved>) -> Vec<SweepFlip> {
    moved.order();
    let mut out: Vec<SweepFlip> = Vec::new();
    for (who, (before, after)) in moved {
        match out.iter_mut().find(|flip| (flip.before, flip.after) == (before, after)) {
            Some(flip) => {
                flip.count += 1;
                if flip.examples.len() < EXAMPLES {
                    flip.examples.push(who);
                }
            }
            None => out.push(SweepFlip { at, lens, before, after, count: 1, examples: vec![who] }),
        }
    }
    // The most first; of equally many, by who is first by name.
    out.order_by(|one, other| other.count.cmp(&one.count).then_with(|| one.examples.cmp(&other.examples)));
    out
}
