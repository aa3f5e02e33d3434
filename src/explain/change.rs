//! What would change an answer: the smallest sets of changes, each tried by working the answer out again.

use std::collections::{BTreeSet, VecDeque};

use super::lookup::{Stop, Tuple};
use super::moves::Move;
use super::nearest::Tried;
use super::run::{Run, Trace};
use super::world::{Change, World};
use super::{Fact, FactChange, Flip, Flips, Reach};
use crate::checker::Says;
use crate::facts::MISSING;
use crate::model::{Constant, LensId, RelationId};
use crate::verdict::OutcomeSet;

/// What a lens says of a subject, and whether it is certainly of the population; nothing outside.
pub(super) type Answer = Option<(OutcomeSet, bool)>;

/// What making one more world costs, in steps: there are many where several changes are tried together.
const A_WORLD: u64 = 800;

/// Steps for sets beyond those after which a subject is not asked about.
const BEYOND_UNASKED: u64 = 400_000;

/// The most sets that are named.
const NAMED: usize = 40;

/// A world that was looked at on the way, and by which changes it came.
struct Visited {
    moves: Vec<Move>,
    change: Change,
}

/// Looks for the smallest sets of changes after which an answer meets what is wanted.
pub(super) struct Search<'w> {
    pub world: &'w World<'w>,
    /// The world as it is.
    pub base: &'w Run<'w>,
    /// Steps left for all worlds together.
    pub left: u64,
    /// The largest sets looked for.
    pub size: usize,
    /// Whether some calculation had no result in the last world, where all have one in the world as it is.
    pub failed: bool,
}

impl Search<'_> {
    /// The smallest sets after which `wanted` is met by the answers of these lenses.
    pub fn smallest(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        wanted: &dyn Fn(&[Answer]) -> bool,
    ) -> Flips {
        let scope = self.world.scope(lenses);
        let mut out = Flips { found: Vec::new(), size: 0, complete: true };
        let mut level = VecDeque::from([Visited { moves: Vec::new(), change: Change::default() }]);
        let mut seen: BTreeSet<Vec<Move>> = BTreeSet::new();
        // Sets that are enough: with more beside them they are not the smallest.
        let mut enough: BTreeSet<Vec<Move>> = BTreeSet::new();
        for size in 1..=self.size {
            let mut next = VecDeque::new();
            let (mut found, mut beside) = (Vec::new(), Vec::new());
            'sets: while let Some(visited) = level.pop_front() {
                let Ok(trace) = self.trace(lenses, subject, visited.change.clone()) else {
                    out.complete = false;
                    if self.left == 0 || visited.moves.is_empty() {
                        break;
                    }
                    continue;
                };
                let (moves, whole) = self.world.moves(&trace, &scope);
                out.complete &= whole;
                for one in moves {
                    if visited.moves.iter().any(|known| clashes(self.world, known, &one)) {
                        continue;
                    }
                    let mut all = visited.moves.clone();
                    all.push(one.clone());
                    all.sort();
                    if !seen.insert(all.clone()) || parts(&all).any(|part| enough.contains(&part)) {
                        continue;
                    }
                    let Some(change) = self.world.after(&visited.change, &one) else { continue };
                    if size > 1 {
                        self.left = self.left.saturating_sub(A_WORLD);
                    }
                    match self.answers(lenses, subject, change.clone()) {
                        Ok(answers) => {
                            let tried =
                                || Tried { moves: all.clone(), says: said(&answers), reach: Reach::Only };
                            if wanted(&answers) {
                                // What could not be evaluated as a whole says nothing.
                                if self.failed {
                                    out.complete = false;
                                    beside.push(Tried { says: Vec::new(), ..tried() });
                                } else {
                                    found.push(tried());
                                }
                                continue;
                            }
                            if all.iter().any(|one| self.world.is_valued(one)) {
                                beside.push(tried());
                            }
                            if size < self.size {
                                next.push_back(Visited { moves: all, change });
                            }
                        }
                        Err(_) => {
                            out.complete = false;
                            if self.left == 0 {
                                break 'sets;
                            }
                        }
                    }
                }
            }
            enough.extend(found.iter().map(|tried| tried.moves.clone()));
            self.halve(lenses, subject, wanted, &mut found, &mut beside);
            let mut least = self.world.least(found, &beside);
            let before = least.len();
            least.retain(|tried| self.is_whole(lenses, subject, &tried.moves));
            out.complete &= least.len() == before;
            let answered = least.iter().any(|tried| tried.says.iter().any(|says| !says.is_empty()));
            out.found.extend(least.into_iter().map(|tried| self.flip(tried)));
            // Another answer tells more than that nobody asks any longer.
            if answered || out.found.is_empty() || out.size == 0 {
                out.size = size;
            }
            if answered || self.left == 0 {
                break;
            }
            if !out.found.is_empty() {
                self.left = self.left.min(BEYOND_UNASKED);
            }
            level = next;
        }
        let unasked = |flip: &Flip| flip.says.iter().all(Says::is_empty);
        let rank = |flip: &Flip| flip.changes.iter().map(rank).sum::<u32>();
        out.found.sort_by_key(|flip| (flip.changes.len(), unasked(flip), rank(flip)));
        if out.found.len() > NAMED {
            out.found.truncate(NAMED);
            out.complete = false;
        }
        out
    }

    /// What lenses say in a world.
    pub(super) fn answers(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        change: Change,
    ) -> Result<Vec<Answer>, Stop> {
        let run = self.base.differing(change, self.left.min(MOST_STEPS));
        let answers = self.asked(&run, lenses, subject)?;
        self.failed = run.failed.get() && !self.base.failed.get();
        Ok(answers)
    }

    /// What that is read off.
    fn trace(&mut self, lenses: &[LensId], subject: &[u32], change: Change) -> Result<Trace, Stop> {
        let run = Run::tracing(self.world, change, self.left.min(MOST_STEPS));
        self.asked(&run, lenses, subject)?;
        Ok(run.into_trace())
    }

    fn asked(&mut self, run: &Run<'_>, lenses: &[LensId], subject: &[u32]) -> Result<Vec<Answer>, Stop> {
        let before = run.left();
        let answers = lenses.iter().map(|lens| run.result(*lens, subject)).collect();
        self.left = self.left.saturating_sub(before - run.left() + 1);
        answers
    }

    fn flip(&self, tried: Tried) -> Flip {
        let Tried { moves, says, reach } = tried;
        // How far the same holds hangs on what changes beside it.
        let reach = if moves.len() == 1 { reach } else { Reach::Only };
        let changes = moves.iter().map(|one| self.world.told(one)).collect();
        Flip { changes, says, reach }
    }
}

pub(super) fn said(answers: &[Answer]) -> Vec<Says> {
    answers.iter().map(|answer| answer.map(|(set, _)| super::story::says(set)).unwrap_or_default()).collect()
}

/// Steps one world may take.
const MOST_STEPS: u64 = 2_000_000;

/// All sets of some of these changes but not all.
fn parts(moves: &[Move]) -> impl Iterator<Item = Vec<Move>> {
    let picked = |part: usize| move |(at, one): (usize, &Move)| (part >> at & 1 == 1).then(|| one.clone());
    (1..(1_usize << moves.len()) - 1)
        .map(move |part| moves.iter().enumerate().filter_map(picked(part)).collect())
}

/// Whether two changes are about the same fact or key.
fn clashes(world: &World<'_>, one: &Move, other: &Move) -> bool {
    let parts = |one: &Move| -> (RelationId, Tuple) {
        let (Move::Remove(relation, tuple) | Move::Add(relation, tuple) | Move::Set(relation, tuple)) = one;
        let mut tuple = tuple.clone();
        if let Some(slot) = world.ruleset.relations[*relation].open {
            tuple[slot] = MISSING;
        }
        (*relation, tuple)
    };
    parts(one) == parts(other)
}

impl World<'_> {
    /// A fact in the words of the ruleset.
    pub fn fact(&self, relation: RelationId, tuple: &[u32]) -> Fact {
        let origin = self.origin(relation, tuple);
        Fact {
            relation,
            args: self.constants(relation, tuple),
            origin: origin.map(|(origin, _)| origin),
            maybe: origin.is_some_and(|(_, maybe)| maybe),
        }
    }

    fn told(&self, one: &Move) -> FactChange {
        match one {
            Move::Remove(relation, tuple) => FactChange::Remove(self.fact(*relation, tuple)),
            Move::Add(relation, tuple) => FactChange::Add(self.fact(*relation, tuple)),
            Move::Set(relation, tuple) => FactChange::Set(self.fact(*relation, tuple)),
        }
    }
}

/// What is taken away is named before what is said otherwise, and that before what is new.
fn rank(change: &FactChange) -> u32 {
    let new = |fact: &Fact| {
        let is_new = |arg: &Option<Constant>| matches!(arg, Some(Constant::Thing(_, name)) if name == super::world::NEWCOMER);
        fact.args.iter().filter(|arg| is_new(arg)).count() as u32
    };
    match change {
        FactChange::Remove(_) => 0,
        FactChange::Set(fact) => 10 + new(fact),
        FactChange::Add(fact) => 100 + 10 * new(fact),
    }
}
