//! Of an answer that stays open: what it hangs on, and whether it hangs on anything at all.

use std::collections::{BTreeMap, BTreeSet};

use super::halving::{self, half_way};
use super::lookup::{Stop, Tuple};
use super::run::{Run, Trace};
use super::tried::Tried;
use super::world::{Change, Node, World};
use super::{Answered, Open, Pivotal};
use crate::checker::Says;
use crate::facts::MISSING;
use crate::model::{Constant, LensId, RelationId, Ty};
use crate::value::{Value, ValueKind};
use crate::verdict::OutcomeSet;

/// The most doubtful facts one answer is decided over.
pub(super) const MOST_DOUBTS: usize = 24;
/// The most worlds that are worked out for one answer.
const MOST_WORLDS: usize = 20_000;
/// The whole, of which each way to fill the gaps has its part.
const WHOLE: u64 = 1 << 60;
/// Values are far off from others by so many times what these lie apart.
const NEAR: f64 = 10.0;
/// Days lie apart by so many at least, numbers by so much.
const YEARS: f64 = 400.0;
const FEW: f64 = 50.0;
/// The most facts whose answers are put together.
const MOST_TOGETHER: usize = 3;

/// Something that is not known: a doubtful fact, or a key without a value.
type Doubt = (RelationId, Tuple);

/// How what is not known turns out: a fact holds or not, a value is this.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Turn {
    Not,
    Holds(Tuple),
}

/// All ways to fill the gaps, as far as they matter.
enum Tree {
    Leaf(OutcomeSet),
    Node(Doubt, Vec<(Turn, Tree)>),
}

struct Builder<'w> {
    world: &'w World<'w>,
    base: &'w Run<'w>,
    lens: LensId,
    subject: &'w [u32],
    constants: BTreeSet<Value>,
    worlds: usize,
    left: u64,
    values: bool,
    /// What the answer was read off before anything turned out.
    first: Option<Trace>,
}

impl World<'_> {
    /// What an open answer hangs on.
    pub fn open(&self, beyond: &Run<'_>, lens: LensId, subject: &[u32], budget: u64) -> Open {
        let constants = self.constants_of(&self.reads(Node::Lens(lens)));
        let base = Run::beside(beyond, budget);
        let mut builder = Builder {
            world: self,
            base: &base,
            lens,
            subject,
            constants,
            worlds: 0,
            left: budget,
            values: false,
            first: None,
        };
        let mut doubts = BTreeSet::new();
        let tree = builder.tree(&Change::default(), &mut BTreeSet::new(), &mut doubts);
        let told = |doubt: &Doubt| self.fact(doubt.0, &doubt.1);
        let Ok(tree) = tree else {
            let doubts: Vec<_> = doubts.iter().map(told).collect();
            return Open {
                doubts,
                complete: false,
                by_values: builder.values,
                agreed: None,
                pivotal: Vec::new(),
                settling: Vec::new(),
            };
        };
        let mut outcomes = BTreeSet::new();
        leaves(&tree, &mut outcomes);
        let agreed = match outcomes.iter().collect::<Vec<_>>().as_slice() {
            [one] if one.len() == 1 => outcomes_of(&tree).map(super::story::says),
            _ => None,
        };
        let mut pivotal: Vec<(u64, Doubt)> = doubts
            .iter()
            .map(|doubt| (influence(self, &tree, doubt), doubt.clone()))
            .filter(|(weight, _)| *weight > 0)
            .collect();
        pivotal.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
        let settling = if agreed.is_some() { Vec::new() } else { builder.settling(&tree, &pivotal) };
        Open {
            doubts: doubts.iter().map(told).collect(),
            complete: true,
            by_values: builder.values,
            agreed,
            pivotal: pivotal
                .iter()
                .map(|(weight, doubt)| Pivotal {
                    fact: told(doubt),
                    share: (u128::from(*weight) * 1_000_000 / u128::from(WHOLE)) as u64,
                })
                .collect(),
            settling,
        }
    }

    /// The branch in which something turns out so: of a value that is not among those tried there, that of the one below
    /// it, since between two side by side nothing turns.
    fn branch<'t>(&self, doubt: &Doubt, branches: &'t [(Turn, Tree)], turn: &Turn) -> Option<&'t Tree> {
        if let Some((_, branch)) = branches.iter().find(|(own, _)| own == turn) {
            return Some(branch);
        }
        let slot = self.ruleset.relations[doubt.0].open?;
        let value = |turn: &Turn| match turn {
            Turn::Holds(tuple) => self.values.value(self.domain(doubt.0, slot), tuple[slot]),
            Turn::Not => None,
        };
        let (wanted, first) = (value(turn)?, branches.first()?);
        let below = branches.iter().rfind(|(own, _)| value(own).is_some_and(|own| own <= wanted));
        Some(&below.unwrap_or(first).1)
    }

    fn said(&self, doubt: &Doubt, turn: &Turn) -> Option<Vec<Option<Constant>>> {
        match turn {
            Turn::Not => None,
            Turn::Holds(tuple) => Some(self.constants(doubt.0, tuple)),
        }
    }

    fn answered(&self, doubt: &Doubt, turn: &Turn) -> Answered {
        match turn {
            Turn::Not => Answered { fact: self.fact(doubt.0, &doubt.1), holds: false },
            Turn::Holds(tuple) => Answered { fact: self.fact(doubt.0, tuple), holds: true },
        }
    }

    /// A world in which something turned out so. Names stay of the kinds they were.
    fn turned(&self, change: &Change, doubt: &Doubt, turn: &Turn) -> Change {
        let mut next = change.clone();
        let (relation, tuple) = doubt;
        let maybe = self.ruleset.relations[*relation].open.is_none();
        next.take(*relation, tuple, maybe);
        if let Turn::Holds(tuple) = turn {
            next.put(*relation, tuple.clone(), false);
        }
        next
    }
}

impl Builder<'_> {
    fn tree(
        &mut self,
        change: &Change,
        settled: &mut BTreeSet<Doubt>,
        doubts: &mut BTreeSet<Doubt>,
    ) -> Result<Tree, Stop> {
        self.worlds += 1;
        if self.worlds > MOST_WORLDS {
            return Err(Stop::Spent);
        }
        let run = Run::completing(self.base, change.clone(), self.left);
        let set = run.outcome(self.lens, self.subject)?;
        self.left = run.left();
        if set.len() == 1 {
            return Ok(Tree::Leaf(set));
        }
        let trace = run.trace();
        self.first.get_or_insert_with(|| trace.clone());
        let Some(doubt) = self.next(&trace, settled) else { return Ok(Tree::Leaf(set)) };
        doubts.insert(doubt.clone());
        if doubts.len() > MOST_DOUBTS {
            return Err(Stop::Spent);
        }
        settled.insert(doubt.clone());
        let mut branches = Vec::new();
        for turn in self.turns(change, &doubt, &trace)? {
            let next = self.world.turned(change, &doubt, &turn);
            branches.push((turn, self.tree(&next, settled, doubts)?));
        }
        settled.remove(&doubt);
        Ok(Tree::Node(doubt, branches))
    }

    /// The fewest answers after which nothing is open.
    fn settling(&mut self, tree: &Tree, pivotal: &[(u64, Doubt)]) -> Vec<(Vec<Answered>, Says)> {
        let mut out: Vec<(BTreeMap<Doubt, Turn>, OutcomeSet, bool)> = Vec::new();
        let mut level: Vec<BTreeMap<Doubt, Turn>> = vec![BTreeMap::new()];
        for _ in 0..MOST_TOGETHER {
            let mut next = Vec::new();
            for known in &level {
                let after = known.keys().next_back();
                for (_, doubt) in pivotal.iter().filter(|(_, doubt)| after.is_none_or(|last| doubt > last)) {
                    let mut turns = BTreeSet::new();
                    turns_of(tree, doubt, &mut turns);
                    let mut turns = Vec::from_iter(turns);
                    // By what is said, not by ids: values got those as they came up.
                    turns.sort_by_cached_key(|turn| self.world.said(doubt, turn));
                    for turn in turns {
                        let far = self.is_far(doubt, &turn);
                        if far && !known.is_empty() {
                            continue;
                        }
                        let mut more = known.clone();
                        more.insert(doubt.clone(), turn);
                        let mut found = BTreeSet::new();
                        let mut set = None;
                        given(self.world, tree, &more, &mut found, &mut set);
                        match (found.len(), set) {
                            (1, Some(set)) if set.len() == 1 && self.is_settled(&more, set) => {
                                out.push((more, set, far));
                            }
                            _ if far => {}
                            _ => next.push(more),
                        }
                    }
                }
            }
            if out.iter().any(|(_, _, far)| !far) || next.len() > MOST_WORLDS {
                break;
            }
            out.clear();
            level = next;
        }
        // What lies far off only shows how far the same holds.
        let near = |more: &BTreeMap<Doubt, Turn>, set: &OutcomeSet| {
            out.iter().any(|(other, then, far)| !far && then == set && other.keys().eq(more.keys()))
        };
        let told = out.iter().filter(|(more, set, _)| near(more, set));
        let answered = |(doubt, turn): (&Doubt, &Turn)| self.world.answered(doubt, turn);
        told.map(|(more, set, _)| (more.iter().map(answered).collect(), super::story::says(*set))).collect()
    }

    /// Whether a value lies so far from all that rules and facts name that it only shows what holds beyond them.
    fn is_far(&self, doubt: &Doubt, turn: &Turn) -> bool {
        let (Some(trace), Turn::Holds(tuple)) = (&self.first, turn) else { return false };
        let Some(slot) = self.world.ruleset.relations[doubt.0].open else { return false };
        let domain = self.world.domain(doubt.0, slot);
        let about = |value: Value| match value {
            Value::Number(number) => Some(number.about()),
            Value::Date(date) => Some(f64::from(date.days())),
            Value::Text(_) | Value::Flag(_) => None,
        };
        let Some(value) = self.world.values.value(domain, tuple[slot]) else { return false };
        let kind = value.kind();
        let constants = self.constants.iter().filter(|value| value.kind() == kind).cloned();
        let met = trace.facts.iter().flat_map(|(relation, tuple, _)| {
            let own = move |slot: &usize| self.world.domain(*relation, *slot) == domain;
            (0..tuple.len()).filter(own).filter_map(|slot| self.world.values.value(domain, tuple[slot]))
        });
        let ends = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
        let mut met = constants.chain(met).filter_map(about);
        let first = met.next().unwrap_or(0.0);
        let (least, most) = met.fold((first, first), ends);
        let least_span = if kind == ValueKind::Date { YEARS } else { FEW.max(least.abs().max(most.abs())) };
        let span = NEAR * (most - least).max(least_span);
        about(value).is_some_and(|value| !(least - span..=most + span).contains(&value))
    }

    /// Whether answers settle it to this, whatever else turns out how: values of the rest are tried for them anew.
    fn is_settled(&mut self, known: &BTreeMap<Doubt, Turn>, set: OutcomeSet) -> bool {
        let mut change = Change::default();
        for (doubt, turn) in known {
            change = self.world.turned(&change, doubt, turn);
        }
        let mut settled = known.keys().cloned().collect();
        if !self.comes_to(&change, &mut settled, set) {
            return false;
        }
        let is_value = |(relation, _): &Doubt| self.world.ruleset.relations[*relation].open.is_some();
        if !known.keys().any(is_value) {
            return true;
        }
        // A value that is stated is known too, which may be asked.
        let stated = self.base.differing(change.clone(), self.left);
        let mut told = Builder {
            world: self.world,
            base: &stated,
            lens: self.lens,
            subject: self.subject,
            constants: self.constants.clone(),
            worlds: self.worlds,
            left: self.left,
            values: self.values,
            first: None,
        };
        let is_so = told.comes_to(&change, &mut known.keys().cloned().collect(), set);
        (self.worlds, self.left) = (told.worlds, told.left);
        is_so
    }

    /// Whether all ways to fill what is not settled come to this.
    fn comes_to(&mut self, change: &Change, settled: &mut BTreeSet<Doubt>, set: OutcomeSet) -> bool {
        let Ok(tree) = self.tree(change, settled, &mut BTreeSet::new()) else { return false };
        let mut outcomes = BTreeSet::new();
        leaves(&tree, &mut outcomes);
        outcomes.len() == 1 && outcomes.contains(&key(set))
    }

    /// The first thing read that is not known.
    fn next(&self, trace: &Trace, settled: &BTreeSet<Doubt>) -> Option<Doubt> {
        let open = |relation: RelationId, tuple: &Tuple| {
            self.world.ruleset.relations[relation].open.is_some_and(|slot| tuple[slot] == MISSING)
        };
        let doubts = trace.facts.iter().filter(|(relation, tuple, maybe)| *maybe || open(*relation, tuple));
        doubts.map(|(relation, tuple, _)| (*relation, tuple.clone())).find(|doubt| !settled.contains(doubt))
    }

    /// The ways in which something may turn out: of values those that rules tell apart.
    fn turns(&mut self, change: &Change, doubt: &Doubt, trace: &Trace) -> Result<Vec<Turn>, Stop> {
        let (relation, tuple) = doubt;
        let Some(slot) = self.world.ruleset.relations[*relation].open else {
            return Ok(vec![Turn::Not, Turn::Holds(tuple.clone())]);
        };
        let domain = self.world.domain(*relation, slot);
        let values = Tried::new(self.world, &self.constants, trace).of(domain);
        let with = |id: u32| {
            let mut tuple = tuple.clone();
            tuple[slot] = id;
            Turn::Holds(tuple)
        };
        let kind = self.world.ruleset.relations[*relation].slots[slot].ty;
        self.values |= !matches!(kind, Ty::Value(ValueKind::Flag));
        if !matches!(kind, Ty::Value(ValueKind::Number | ValueKind::Date)) {
            return Ok(values.iter().copied().map(with).collect());
        }
        let mut outcomes: Vec<(Value, OutcomeSet)> = Vec::new();
        for id in values.iter() {
            let Some(value) = self.world.values.value(domain, *id) else { continue };
            outcomes.push((value, self.outcome(change, doubt, &with(*id))?));
        }
        outcomes.sort_by(|left, right| left.0.cmp(&right.0));
        let step = halving::step(outcomes.iter().map(|(value, _)| value));
        let mut pairs: Vec<[(Value, OutcomeSet); 2]> =
            outcomes.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect();
        while let Some([low, high]) = pairs.pop() {
            let Some(value) = half_way(&low.0, &high.0, step).filter(|_| low.1 != high.1) else { continue };
            let id = self.world.id(&Constant::Value(value.clone()));
            let middle = (value, self.outcome(change, doubt, &with(id))?);
            outcomes.push(middle.clone());
            pairs.push([low, middle.clone()]);
            pairs.push([middle, high]);
        }
        outcomes.sort_by(|left, right| left.0.cmp(&right.0));
        // Of values side by side that settle it the same way, the first and the last will do.
        let of_same = |at: usize, other: Option<usize>| {
            other.and_then(|other| outcomes.get(other)).is_some_and(|(_, set)| *set == outcomes[at].1)
        };
        let is_between = |at: usize| {
            outcomes[at].1.len() == 1 && of_same(at, at.checked_sub(1)) && of_same(at, Some(at + 1))
        };
        let told = (0..outcomes.len()).filter(|at| !is_between(*at));
        Ok(told.map(|at| with(self.world.id(&Constant::Value(outcomes[at].0.clone())))).collect())
    }

    /// What is left open where something turns out so.
    fn outcome(&mut self, change: &Change, doubt: &Doubt, turn: &Turn) -> Result<OutcomeSet, Stop> {
        self.worlds += 1;
        if self.worlds > MOST_WORLDS {
            return Err(Stop::Spent);
        }
        let run = Run::completing(self.base, self.world.turned(change, doubt, turn), self.left);
        let set = run.outcome(self.lens, self.subject)?;
        self.left = run.left();
        Ok(set)
    }
}

fn leaves(tree: &Tree, out: &mut BTreeSet<Vec<u8>>) {
    match tree {
        Tree::Leaf(set) => _ = out.insert(key(*set)),
        Tree::Node(_, branches) => branches.iter().for_each(|(_, branch)| leaves(branch, out)),
    }
}

/// A set of outcomes as something that can be ordered; as long as there are outcomes in it.
fn key(set: OutcomeSet) -> Vec<u8> {
    set.iter()
        .map(|outcome| match outcome {
            crate::verdict::Outcome::Verdict(verdict) => verdict.0 as u8,
            crate::verdict::Outcome::Conflict => 254,
            crate::verdict::Outcome::None => 255,
        })
        .collect()
}

fn outcomes_of(tree: &Tree) -> Option<OutcomeSet> {
    match tree {
        Tree::Leaf(set) => Some(*set),
        Tree::Node(_, branches) => branches.first().and_then(|(_, branch)| outcomes_of(branch)),
    }
}

fn turns_of(tree: &Tree, doubt: &Doubt, out: &mut BTreeSet<Turn>) {
    if let Tree::Node(own, branches) = tree {
        if own == doubt {
            out.extend(branches.iter().map(|(turn, _)| turn.clone()));
        }
        branches.iter().for_each(|(_, branch)| turns_of(branch, doubt, out));
    }
}

/// The outcomes that stay open once some things are known.
fn given(
    world: &World<'_>,
    tree: &Tree,
    known: &BTreeMap<Doubt, Turn>,
    out: &mut BTreeSet<Vec<u8>>,
    set: &mut Option<OutcomeSet>,
) {
    match tree {
        Tree::Leaf(own) => {
            out.insert(key(*own));
            *set = Some(*own);
        }
        Tree::Node(doubt, branches) => {
            match known.get(doubt).and_then(|turn| world.branch(doubt, branches, turn)) {
                Some(branch) => given(world, branch, known, out, set),
                None => branches.iter().for_each(|(_, branch)| given(world, branch, known, out, set)),
            }
        }
    }
}

/// In what share of the ways to fill the other gaps this one makes a difference.
fn influence(world: &World<'_>, tree: &Tree, doubt: &Doubt) -> u64 {
    let mut turns = BTreeSet::new();
    turns_of(tree, doubt, &mut turns);
    let known: Vec<BTreeMap<Doubt, Turn>> =
        turns.into_iter().map(|turn| BTreeMap::from([(doubt.clone(), turn)])).collect();
    differ(world, &known.iter().map(|known| (tree, known.clone())).collect::<Vec<_>>(), WHOLE)
}

/// The share in which trees, each with some things known, do not all come to the same.
fn differ(world: &World<'_>, trees: &[(&Tree, BTreeMap<Doubt, Turn>)], share: u64) -> u64 {
    let mut at: Vec<(&Tree, BTreeMap<Doubt, Turn>)> = Vec::new();
    for (tree, known) in trees {
        let mut tree = *tree;
        while let Tree::Node(doubt, branches) = tree {
            let Some(turn) = known.get(doubt) else { break };
            match world.branch(doubt, branches, turn) {
                Some(branch) => tree = branch,
                None => break,
            }
        }
        at.push((tree, known.clone()));
    }
    let open = at.iter().find_map(|(tree, known)| match tree {
        Tree::Node(doubt, branches) if !known.contains_key(doubt) => Some((doubt, branches)),
        _ => None,
    });
    match open {
        None => {
            let mut outcomes = BTreeSet::new();
            at.iter().for_each(|(tree, _)| leaves(tree, &mut outcomes));
            if outcomes.len() > 1 { share } else { 0 }
        }
        Some((doubt, branches)) => branches
            .iter()
            .map(|(turn, _)| {
                let with = |(tree, known): &(_, BTreeMap<Doubt, Turn>)| {
                    let mut known = known.clone();
                    known.insert(doubt.clone(), turn.clone());
                    (*tree, known)
                };
                differ(world, &at.iter().map(with).collect::<Vec<_>>(), share / branches.len() as u64)
            })
            .sum(),
    }
}
