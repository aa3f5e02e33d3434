//! What would change an answer: the smallest sets of changes, each tried by working the answer out again.

use std::collections::{BTreeSet, VecDeque};

use super::lookup::{Stop, Tuple, Want};
use super::moves::Move;
use super::run::{Run, Trace};
use super::world::{Change, Node, World};
use super::{Fact, FactChange, Flip, Flips};
use crate::facts::MISSING;
use crate::model::{Constant, LensId, RelationId};
use crate::value::Value;
use crate::verdict::OutcomeSet;

/// What a lens says of a subject, and whether it is certainly of the population; nothing outside.
pub(super) type Answer = Option<(OutcomeSet, bool)>;

/// The most sets that are named.
const NAMED: usize = 40;

/// A world that was looked at on the way, and by which changes it came.
struct Visited {
    moves: Vec<Move>,
    change: Change,
    trace: Trace,
}

/// Looks for the smallest sets of changes after which an answer meets what is wanted.
pub(super) struct Search<'w> {
    pub world: &'w World<'w>,
    /// Steps left for all worlds together.
    pub left: u64,
    /// The largest sets looked for.
    pub size: usize,
}

impl Search<'_> {
    /// The smallest sets after which `wanted` is met by the answers of these lenses.
    pub fn smallest(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        wanted: &dyn Fn(&[Answer]) -> bool,
    ) -> Flips {
        let mut nodes = BTreeSet::new();
        for lens in lenses {
            nodes.extend(self.world.reads(Node::Lens(*lens)));
        }
        let constants: BTreeSet<Value> = self.world.constants_of(&nodes);
        let mut out = Flips { found: Vec::new(), size: 0, complete: true };
        let Ok((_, trace)) = self.answers(lenses, subject, Change::default()) else {
            out.complete = false;
            return out;
        };
        let mut level = VecDeque::from([Visited { moves: Vec::new(), change: Change::default(), trace }]);
        let mut seen: BTreeSet<Vec<Move>> = BTreeSet::new();
        for size in 1..=self.size {
            let mut next = VecDeque::new();
            while let Some(visited) = level.pop_front() {
                let (moves, whole) = self.world.moves(&visited.trace, &constants);
                out.complete &= whole;
                for one in moves {
                    if visited.moves.iter().any(|known| clashes(self.world, known, &one)) {
                        continue;
                    }
                    let mut all = visited.moves.clone();
                    all.push(one.clone());
                    all.sort();
                    if !seen.insert(all.clone()) {
                        continue;
                    }
                    let Some(change) = self.world.after(&visited.change, &one) else { continue };
                    match self.answers(lenses, subject, change.clone()) {
                        Ok((answers, trace)) => {
                            if wanted(&answers) {
                                out.found.push(self.flip(&all, &answers));
                            } else if size < self.size {
                                next.push_back(Visited { moves: all, change, trace });
                            }
                        }
                        Err(_) => {
                            out.complete = false;
                            if self.left == 0 {
                                return out;
                            }
                        }
                    }
                }
            }
            out.size = size;
            if !out.found.is_empty() {
                break;
            }
            level = next;
        }
        out.found.sort_by_key(|flip| flip.changes.iter().map(FactChange::rank).sum::<u32>());
        self.nearest(&mut out.found);
        if out.found.len() > NAMED {
            out.found.truncate(NAMED);
            out.complete = false;
        }
        out
    }

    /// What lenses say in a world, and what that is read off.
    pub fn answers(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        change: Change,
    ) -> Result<(Vec<Answer>, Trace), Stop> {
        let run = Run::tracing(self.world, change, self.left.min(MOST_STEPS));
        let before = run.left();
        let answers: Result<Vec<Answer>, Stop> =
            lenses.iter().map(|lens| run.result(*lens, subject)).collect();
        self.left = self.left.saturating_sub(before - run.left() + 1);
        Ok((answers?, run.trace()))
    }

    /// Of several values of one key with the same effect only the one nearest to the stated value stays.
    fn nearest(&self, found: &mut Vec<Flip>) {
        let key = |flip: &Flip| match flip.changes.as_slice() {
            [FactChange::Set(fact)] => {
                let slot = self.world.ruleset.relations[fact.relation].open?;
                let mut args = fact.args.clone();
                let value = args[slot].take();
                Some((fact.relation, slot, args, value))
            }
            _ => None,
        };
        let old = |relation: RelationId, slot: usize, args: &[Option<Constant>]| {
            let want: Vec<Want> = args
                .iter()
                .map(|arg| arg.as_ref().map_or(Want::Any, |arg| Want::Is(self.world.id(arg))))
                .collect();
            let mut value = None;
            let run = Run::new(self.world, Change::default(), u64::MAX);
            let _ = run.stated(relation, &want, false, &mut |tuple| {
                value.clone_from(&self.world.constants(relation, tuple)[slot]);
                Ok(())
            });
            value
        };
        let distance = |flip: &Flip| {
            let (relation, slot, args, value) = key(flip)?;
            match (old(relation, slot, &args)?, value?) {
                (Constant::Value(Value::Number(old)), Constant::Value(Value::Number(new))) => {
                    old.checked_sub(new).ok().map(crate::value::Decimal::abs)
                }
                _ => None,
            }
        };
        found.sort_by_cached_key(|flip| {
            (flip.changes.iter().map(FactChange::rank).sum::<u32>(), distance(flip))
        });
        let mut seen = Vec::new();
        found.retain(|flip| {
            let Some((relation, _, args, _)) = key(flip) else { return true };
            let one = (relation, args, flip.says.clone());
            let new = !seen.contains(&one);
            if new {
                seen.push(one);
            }
            new
        });
    }

    fn flip(&self, moves: &[Move], answers: &[Answer]) -> Flip {
        let says = answers
            .iter()
            .map(|answer| answer.map(|(set, _)| super::story::says(set)).unwrap_or_default())
            .collect();
        Flip { changes: moves.iter().map(|one| self.world.told(one)).collect(), says }
    }
}

/// Steps one world may take.
const MOST_STEPS: u64 = 2_000_000;

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
