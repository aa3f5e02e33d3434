//! Of an answer that stays open: what it hangs on, and whether it hangs on anything at all. Grows the tree of the
//! ways in which what is not known may turn out; `ways` reads it, `settling` looks for what settles the answer.

use std::collections::{BTreeMap, BTreeSet};

use super::constants::Found;
use super::lookup::{Stop, Tuple};
use super::run::{Run, Trace};
use super::tried::Tried;
use super::ways::{Tree, leaves, turns_of, values_of};
use super::world::{Change, Node, World};
use super::{Answered, Open, Standing, WithoutResult};
use crate::base::{InOrder, Span};
use crate::facts::MISSING;
use crate::model::{Constant, LensId, RelationId, Ty};
use crate::value::{Value, ValueKind};
use crate::verdict::{Outcome, OutcomeSet};

/// The most doubtful facts one answer is decided over.
pub const MOST_DOUBTS: usize = 24;
/// The most worlds that are worked out for one answer.
pub(super) const MOST_WORLDS: usize = 20_000;
/// The most answers that are named because something has no result then.
const MOST_WITHOUT: usize = 12;
/// Where following all values of all gaps takes too long, so many of each are followed, and fewer.
const FEWER: [usize; 2] = [6, 3];
/// Of more gaps than these that is not tried.
const MOST_FOLLOWED: usize = 9;

/// Something that is not known: a doubtful fact, or a key without a value.
pub(super) type Doubt = (RelationId, Tuple);

/// How what is not known turns out: a fact holds or not, a value is this.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Turn {
    Not,
    Holds(Tuple),
}

/// How what turns out is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// Nobody stated it: what is known stays what it was.
    Open,
    /// It is known from then on.
    Known,
}

pub(super) struct Builder<'w> {
    pub world: &'w World<'w>,
    pub base: &'w Run<'w>,
    pub lens: LensId,
    pub subject: &'w [u32],
    pub rules: Found,
    pub worlds: usize,
    pub left: u64,
    /// Steps for what the evaluation left out that are to be kept.
    pub pot: u64,
    pub values: bool,
    /// Whether the subject is only perhaps asked about.
    pub perhaps: bool,
    /// What the answer was read off before anything turned out.
    pub first: Option<Trace>,
    /// Values beside which an answer turns where no other lies far off: those do not either.
    pub near: BTreeSet<Value>,
    /// How much of what turned out so far lies far off.
    pub far: usize,
    pub taken: Taken,
    /// The condition for which the evaluation of the last world ends, if any.
    pub broken: Option<Span>,
    /// So many values of each gap are followed, where following all takes too long.
    pub most: usize,
    /// Whether sides asked to be equal were so but for rounding.
    pub missed: bool,
    /// What is asked after all else.
    pub last: Option<Doubt>,
    /// Values of that at which the answer turns once all else is known, and in how many ways the rest may turn out.
    pub turning: BTreeMap<Value, usize>,
    /// Those of each gap that turn in several.
    pub learned: BTreeMap<Doubt, BTreeSet<Value>>,
}

/// What is open in a world, nothing where the subject is not asked about; and whether it is certain which of both it is.
pub(super) type Reading = (OutcomeSet, bool);

/// What stands for the outcomes of a world that cannot be evaluated: it settles nothing.
pub(super) fn without_outcome() -> OutcomeSet {
    OutcomeSet::only(Outcome::Conflict).with(Outcome::None)
}

/// So many of these, the first and the last among them.
fn spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let last = all.len().saturating_sub(1);
    if last < most {
        return all;
    }
    let kept: BTreeSet<usize> = (0..most).map(|at| at * last / (most - 1)).collect();
    all.into_iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, one)| one).collect()
}

/// Whether nothing is open any more.
pub(super) fn is_settled((set, sure): Reading) -> bool {
    sure && set.len() <= 1
}

impl World<'_> {
    /// What an open answer hangs on.
    pub fn open(
        &self,
        beyond: &Run<'_>,
        (lens, standing): (LensId, Standing),
        subject: &[u32],
        budget: u64,
    ) -> Open {
        let rules = self.compared_with(&self.reads(Node::Lens(lens)));
        let base = Run::beside(beyond, budget);
        let mut builder = Builder {
            world: self,
            base: &base,
            lens,
            subject,
            rules,
            worlds: 0,
            left: budget,
            pot: self.pot.get() / 2,
            values: false,
            perhaps: standing == Standing::Perhaps,
            first: None,
            near: BTreeSet::new(),
            far: 0,
            taken: Taken::Open,
            broken: None,
            most: usize::MAX,
            missed: false,
            last: None,
            turning: BTreeMap::new(),
            learned: BTreeMap::new(),
        };
        let mut doubts = BTreeSet::new();
        let mut tree = builder.tree(&Change::default(), &mut BTreeSet::new(), &mut doubts);
        for most in FEWER {
            if tree.is_ok() || !builder.values || doubts.len() > MOST_FOLLOWED || self.over().is_some() {
                break;
            }
            (builder.most, builder.worlds, builder.left) = (most, 0, budget);
            doubts.clear();
            tree = builder.tree(&Change::default(), &mut BTreeSet::new(), &mut doubts);
        }
        if tree.is_ok() && builder.learn_all(&doubts, budget) {
            let mut again = BTreeSet::new();
            let grown = builder.tree(&Change::default(), &mut BTreeSet::new(), &mut again);
            if grown.is_ok() {
                (tree, doubts) = (grown, again);
            }
            (builder.worlds, builder.left) = (0, budget);
        }
        let mut open = Open {
            doubts: doubts.iter().map(|doubt| self.fact(doubt.0, &doubt.1)).collect(),
            tried: Vec::new(),
            complete: tree.is_ok(),
            by_values: builder.values,
            agreed: None,
            reached: None,
            pivotal: Vec::new(),
            settling: Vec::new(),
            settling_gaps: Vec::new(),
            settling_complete: true,
            rough: Vec::new(),
            endless: Vec::new(),
            without: None,
        };
        let all: Vec<ValueKind> = doubts.iter().filter_map(|doubt| self.kind_of(doubt)).collect();
        let kinds: BTreeSet<ValueKind> = all.iter().copied().collect();
        let is_rough = |kind: &ValueKind| {
            let several = all.iter().filter(|other| *other == kind).count() > 1;
            builder.rules.rough.contains(kind)
                || several && builder.rules.rough_together.contains(kind)
                || doubts.len() > 1 && builder.rules.rough_beside.contains(kind)
        };
        open.rough = kinds.iter().copied().filter(is_rough).collect();
        open.endless = builder.rules.endless.intersection(&kinds).copied().collect();
        let Ok(tree) = tree else { return open };
        open.tried = doubts.iter().map(|doubt| values_of(self, &tree, doubt)).collect();
        let mut outcomes = BTreeSet::new();
        leaves(&tree, &mut outcomes);
        // Where the subject is not asked about there is no outcome.
        outcomes.remove(&OutcomeSet::EMPTY);
        let breaks = outcomes.contains(&without_outcome());
        open.agreed = match outcomes.first() {
            Some(one) if outcomes.len() == 1 && one.len() == 1 => Some(super::story::says(*one)),
            _ => None,
        };
        if open.agreed.is_none() && open.rough.is_empty() && !breaks {
            let all = outcomes.iter().fold(OutcomeSet::EMPTY, |all, one| all.union(*one));
            open.reached = Some(super::story::says(all));
        }
        let pivotal = builder.pivotal(&tree, &doubts);
        if open.agreed.is_none() {
            // What makes no difference may still decide in which ways the subject is asked about at all.
            let doubts: Vec<Doubt> = if builder.perhaps {
                doubts.iter().cloned().collect()
            } else {
                pivotal.iter().map(|(_, doubt)| doubt.clone()).collect()
            };
            (open.settling, open.settling_gaps, open.settling_complete) = builder.settling(&tree, &doubts);
        }
        open.without = breaks.then(|| builder.without(&tree, pivotal.iter().map(|(_, doubt)| doubt)));
        open.pivotal = pivotal.into_iter().map(|(told, _)| told).collect();
        open
    }

    /// The branch in which something turns out so: of a value that is not among those tried there, that of the one below
    /// it, since between two side by side nothing turns.
    pub fn branch<'t>(&self, doubt: &Doubt, branches: &'t [(Turn, Tree)], turn: &Turn) -> Option<&'t Tree> {
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

    /// The kind of value that is missing.
    pub fn kind_of(&self, (relation, _): &Doubt) -> Option<ValueKind> {
        let entry = &self.ruleset.relations[*relation];
        match entry.slots[entry.open?].ty {
            Ty::Value(kind) => Some(kind),
            Ty::Thing(_) => None,
        }
    }

    /// What a turn says of its key.
    pub fn said(&self, doubt: &Doubt, turn: &Turn) -> Option<Vec<Option<Constant>>> {
        match turn {
            Turn::Not => None,
            Turn::Holds(tuple) => Some(self.constants(doubt.0, tuple)),
        }
    }

    /// A turn as an answer.
    pub fn answered(&self, doubt: &Doubt, turn: &Turn) -> Answered {
        match turn {
            Turn::Not => Answered { fact: self.fact(doubt.0, &doubt.1), holds: false },
            Turn::Holds(tuple) => Answered { fact: self.fact(doubt.0, tuple), holds: true },
        }
    }

    /// A gap with this value in it.
    pub fn filled(&self, doubt: &Doubt, slot: usize, value: &Value) -> Turn {
        let mut tuple = doubt.1.clone();
        tuple[slot] = self.id(&Constant::Value(value.clone()));
        Turn::Holds(tuple)
    }

    /// A world in which something turned out so. Names stay of the kinds they were.
    pub fn turned(&self, change: &Change, doubt: &Doubt, turn: &Turn) -> Change {
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
    /// What is open in a world, and what that was read off.
    pub fn read(&mut self, change: &Change) -> Result<(Reading, Trace), Stop> {
        self.worlds += 1;
        if self.worlds > MOST_WORLDS {
            return Err(Stop::Spent);
        }
        let run = Run::completing(self.base, change.clone(), self.left);
        let reading = self.reading(&run)?;
        self.left = run.left();
        Ok((reading, run.into_trace()))
    }

    /// Where the evaluation ends because something has no result, nothing is settled.
    pub fn reading(&mut self, run: &Run<'_>) -> Result<Reading, Stop> {
        let question = self.world.ruleset.lenses[self.lens].question;
        let standing = if self.perhaps { run.standing(question, self.subject)? } else { Some(true) };
        let reading = match standing {
            None => (OutcomeSet::EMPTY, true),
            Some(certain) => (run.outcome(self.lens, self.subject)?, certain),
        };
        self.broken = run.broken();
        let (set, sure) = reading;
        Ok(if self.broken.is_some() { (without_outcome(), true) } else { (set, sure && !run.may_break()) })
    }

    /// Answers after which the evaluation ends, each with the condition that has no result then.
    fn without<'d>(&mut self, tree: &Tree, doubts: impl Iterator<Item = &'d Doubt>) -> Vec<WithoutResult> {
        let mut out: Vec<WithoutResult> = Vec::new();
        for doubt in doubts {
            let mut turns = BTreeSet::new();
            turns_of(tree, doubt, &mut turns);
            let mut turns = Vec::from_iter(turns);
            turns.order_by_key(|turn| self.world.said(doubt, turn));
            let is_measured = matches!(self.world.kind_of(doubt), Some(ValueKind::Number | ValueKind::Date));
            let mut before = None;
            for turn in turns {
                let change = self.world.turned(&Change::default(), doubt, &turn);
                if self.read(&change).is_err() || out.len() == MOST_WITHOUT {
                    return out;
                }
                let goes_on = is_measured && self.broken.is_some() && self.broken == before;
                before = self.broken;
                let Some(at) = self.broken else { continue };
                let answer = self.world.answered(doubt, &turn);
                match out.last_mut().filter(|_| goes_on) {
                    Some(run) => run.last = answer,
                    None => out.push(WithoutResult { first: answer.clone(), last: answer, at }),
                }
            }
        }
        out
    }

    /// The ways in which what is not known there and not settled may turn out.
    pub fn tree(
        &mut self,
        change: &Change,
        settled: &mut BTreeSet<Doubt>,
        doubts: &mut BTreeSet<Doubt>,
    ) -> Result<Tree, Stop> {
        let (reading, trace) = self.read(change)?;
        if is_settled(reading) {
            return Ok(Tree::Leaf(reading.0));
        }
        self.first.get_or_insert_with(|| trace.clone());
        let Some(doubt) = self.next(&trace, settled) else { return Ok(Tree::Leaf(reading.0)) };
        doubts.insert(doubt.clone());
        if doubts.len() > MOST_DOUBTS {
            return Err(Stop::Spent);
        }
        settled.insert(doubt.clone());
        let mut branches = Vec::new();
        for turn in self.turns(change, &doubt, &trace)? {
            let next = self.world.turned(change, &doubt, &turn);
            let far = usize::from(self.is_far(&doubt, &turn));
            self.far += far;
            let branch = self.tree(&next, settled, doubts);
            self.far -= far;
            branches.push((turn, branch?));
        }
        settled.remove(&doubt);
        Ok(Tree::Node(doubt, branches))
    }

    /// The first thing read that is not known.
    pub fn next(&self, trace: &Trace, settled: &BTreeSet<Doubt>) -> Option<Doubt> {
        let open = |relation: RelationId, tuple: &Tuple| {
            self.world.ruleset.relations[relation].open.is_some_and(|slot| tuple[slot] == MISSING)
        };
        let doubts = trace.facts.iter().filter(|(relation, tuple, maybe)| *maybe || open(*relation, tuple));
        let doubts = doubts.map(|(relation, tuple, _)| (*relation, tuple.clone()));
        let mut left = doubts.filter(|doubt| !settled.contains(doubt));
        let first = left.next()?;
        if self.last.as_ref() == Some(&first) { left.next().or(Some(first)) } else { Some(first) }
    }

    /// The ways in which something may turn out: of values those that rules tell apart.
    pub fn turns(&mut self, change: &Change, doubt: &Doubt, trace: &Trace) -> Result<Vec<Turn>, Stop> {
        let (relation, tuple) = doubt;
        let Some(slot) = self.world.ruleset.relations[*relation].open else {
            return Ok(vec![Turn::Not, Turn::Holds(tuple.clone())]);
        };
        let domain = self.world.domain(*relation, slot);
        let kind = self.world.ruleset.relations[*relation].slots[slot].ty;
        if matches!(kind, Ty::Value(ValueKind::Flag)) {
            return Ok([false, true].map(|flag| self.world.filled(doubt, slot, &Value::Flag(flag))).to_vec());
        }
        self.values = true;
        let values = Tried::new(self.world, &self.rules, trace).of(domain);
        if !matches!(kind, Ty::Value(ValueKind::Number | ValueKind::Date)) {
            let with = |id: &u32| {
                let mut tuple = tuple.clone();
                tuple[slot] = *id;
                Turn::Holds(tuple)
            };
            let all: Vec<Turn> = values.iter().map(with).collect();
            return Ok(if all.len() > self.most { spread(all, self.most) } else { all });
        }
        let mut values: BTreeSet<Value> =
            values.iter().filter_map(|id| self.world.values.value(domain, *id)).collect();
        if self.last.as_ref() != Some(doubt) {
            values.extend(self.learned.get(doubt).into_iter().flatten().cloned());
        }
        let points = self.points(values.into_iter().collect(), change, (doubt, slot))?;
        // Of values side by side that settle it the same way, the first and the last will do.
        let of_same = |at: usize, other: Option<usize>| {
            other.and_then(|other| points.get(other)).is_some_and(|(_, reading, _)| *reading == points[at].1)
        };
        let is_between = |at: usize| {
            is_settled(points[at].1) && of_same(at, at.checked_sub(1)) && of_same(at, Some(at + 1))
        };
        let mut told: Vec<usize> = (0..points.len()).filter(|at| !is_between(*at)).collect();
        if told.len() > self.most {
            // Those beside which it turns tell most.
            let (turns, rest): (Vec<usize>, Vec<usize>) = told.into_iter().partition(|at| {
                let beside = [at.checked_sub(1), Some(at + 1)];
                beside
                    .into_iter()
                    .any(|other| other.is_some_and(|other| other < points.len()) && !of_same(*at, other))
            });
            let more = self.most.saturating_sub(turns.len()).max(2);
            told = spread(turns, self.most);
            told.extend(spread(rest, more));
            told.sort_unstable();
        }
        Ok(told.into_iter().map(|at| self.world.filled(doubt, slot, &points[at].0)).collect())
    }
}
