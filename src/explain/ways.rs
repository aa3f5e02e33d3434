//! The ways in which what is not known may turn out, as a tree; what makes a difference, and in what share of them.
//!
//! Shares are counted over what is yes or no: doubtful facts, flags. Of a value that is missing there are ever more
//! ways it may turn out, and no measure of them: there it counts whether some value of it lets something matter.

use std::collections::{BTreeMap, BTreeSet};

use super::Pivotal;
use super::lookup::{Stop, Want};
use super::unknown::{Builder, Doubt, Turn, without_outcome};
use super::world::{Change, World};
use crate::base::InOrder;
use crate::checker::Shown;
use crate::facts::MISSING;
use crate::model::{Constant, DomainId, Ty};
use crate::value::ValueKind;
use crate::verdict::OutcomeSet;

/// The whole, of which each way to fill the gaps has its part.
const WHOLE: u64 = 1 << 60;
/// The most steps that are taken to find in what share of the ways something makes a difference.
const MOST_STEPS: u32 = 100_000;
/// The most worlds in which it is looked after that values make a difference.
const MOST_LOOKED: usize = 1000;

/// All ways to fill the gaps, as far as they matter.
pub(super) enum Tree {
    Leaf(OutcomeSet),
    Node(Doubt, Vec<(Turn, Tree)>),
}

/// A tree in which the thing in question turns out so.
type With<'t> = (&'t Tree, &'t Turn);

/// The outcomes that may be left.
pub(super) fn leaves(tree: &Tree, out: &mut BTreeSet<OutcomeSet>) {
    match tree {
        Tree::Leaf(set) => _ = out.insert(*set),
        Tree::Node(_, branches) => branches.iter().for_each(|(_, branch)| leaves(branch, out)),
    }
}

/// All turns that were tried for something.
pub(super) fn turns_of(tree: &Tree, doubt: &Doubt, out: &mut BTreeSet<Turn>) {
    if let Tree::Node(own, branches) = tree {
        if own == doubt {
            out.extend(branches.iter().map(|(turn, _)| turn.clone()));
        }
        branches.iter().for_each(|(_, branch)| turns_of(branch, doubt, out));
    }
}

/// The values that were tried for a gap; none for a doubtful fact.
pub(super) fn values_of(world: &World<'_>, tree: &Tree, doubt: &Doubt) -> Vec<Constant> {
    let Some(slot) = world.ruleset.relations[doubt.0].open else { return Vec::new() };
    let mut turns = BTreeSet::new();
    turns_of(tree, doubt, &mut turns);
    let value = |turn: &Turn| world.said(doubt, turn)?.into_iter().nth(slot)?;
    let values: BTreeSet<Constant> = turns.iter().filter_map(value).collect();
    values.into_iter().collect()
}

/// The outcomes that stay open once some things are known.
pub(super) fn given(
    world: &World<'_>,
    tree: &Tree,
    known: &BTreeMap<Doubt, Turn>,
    out: &mut BTreeSet<OutcomeSet>,
) {
    match tree {
        Tree::Leaf(own) => _ = out.insert(*own),
        Tree::Node(doubt, branches) => {
            match known.get(doubt).and_then(|turn| world.branch(doubt, branches, turn)) {
                Some(branch) => given(world, branch, known, out),
                None => branches.iter().for_each(|(_, branch)| given(world, branch, known, out)),
            }
        }
    }
}

impl World<'_> {
    /// The things in the key of a missing value that only doubtful facts name.
    fn doubted(&self, (relation, tuple): &Doubt) -> Vec<Constant> {
        if self.ruleset.relations[*relation].open.is_none() {
            return Vec::new();
        }
        let things = (0..tuple.len()).filter(|slot| !self.is_value(*relation, *slot));
        let doubted = things.filter(|slot| !self.is_named(self.domain(*relation, *slot), tuple[*slot]));
        doubted.filter_map(|slot| self.constant(self.domain(*relation, slot), tuple[slot])).collect()
    }

    /// Whether something that is certain names a thing.
    fn is_named(&self, domain: DomainId, id: u32) -> bool {
        let kinds = self.ruleset.kinds.iter_enumerated().filter(|(_, kind)| kind.domain == domain);
        if kinds.into_iter().any(|(kind, _)| self.stated.outright[kind].contains(id as usize)) {
            return true;
        }
        self.ruleset.relations.iter_enumerated().any(|(relation, entry)| {
            let own = (0..entry.slots.len()).filter(|slot| self.domain(relation, *slot) == domain);
            own.into_iter().any(|slot| {
                let mut want = vec![Want::Any; entry.slots.len()];
                want[slot] = Want::Is(id);
                let facts = self.stated.relations[relation].columns(false);
                let found = self.indexes.each(facts, &want, &mut |found| {
                    let states = entry.open.is_none_or(|open| found[open] != MISSING);
                    if states { Err(Stop::Enough) } else { Ok(()) }
                });
                found == Err(Stop::Enough)
            })
        })
    }

    /// Whether something can only be so or not so.
    pub fn is_yes_or_no(&self, doubt: &Doubt) -> bool {
        let entry = &self.ruleset.relations[doubt.0];
        entry.open.is_none_or(|slot| matches!(entry.slots[slot].ty, Ty::Value(ValueKind::Flag)))
    }
}

impl Builder<'_> {
    /// What makes a difference, what does so in the most ways first.
    pub fn pivotal(&mut self, tree: &Tree, doubts: &BTreeSet<Doubt>) -> Vec<(Pivotal, Doubt)> {
        let mut looked = 0;
        let mut ends = BTreeSet::new();
        leaves(tree, &mut ends);
        let breaks = ends.contains(&without_outcome());
        let mut all: Vec<(Pivotal, Doubt)> = Vec::new();
        for doubt in doubts {
            let mut turns = BTreeSet::new();
            turns_of(tree, doubt, &mut turns);
            let mut turns = Vec::from_iter(turns);
            turns.order_by_key(|turn| self.world.said(doubt, turn));
            let with: Vec<With<'_>> = turns.iter().map(|turn| (tree, turn)).collect();
            let mut ways = Ways {
                builder: &mut *self,
                doubt,
                known: BTreeMap::new(),
                steps: MOST_STEPS,
                looked: &mut looked,
                shown: None,
            };
            let part = ways.part(&with, WHOLE);
            let shown = ways.shown.take();
            let share = match part {
                Ok(Part { differing: 0, .. }) => continue,
                // Ways that cannot be evaluated have no part in it.
                Ok(_) if breaks => None,
                Ok(part) => Some((u128::from(part.differing) * 1_000_000 / u128::from(part.asked)) as u64),
                Err(_) => None,
            };
            let doubted = self.world.doubted(doubt);
            let fact = self.world.fact(doubt.0, &doubt.1);
            all.push((Pivotal { fact, share, shown, doubted }, doubt.clone()));
        }
        all.order_by(|left, right| right.0.share.cmp(&left.0.share).then(left.1.cmp(&right.1)));
        all
    }
}

/// Of the ways for all others those in which the subject is asked about, and in which something makes a difference.
#[derive(Clone, Copy, Default)]
struct Part {
    differing: u64,
    asked: u64,
}

/// Looks whether one thing makes a difference.
struct Ways<'b, 'w> {
    builder: &'b mut Builder<'w>,
    doubt: &'b Doubt,
    /// How other things turned out so far.
    known: BTreeMap<Doubt, Turn>,
    steps: u32,
    looked: &'b mut usize,
    /// The first way found in which it does.
    shown: Option<Shown>,
}

impl Ways<'_, '_> {
    fn step(&mut self) -> Result<(), Stop> {
        self.steps = self.steps.checked_sub(1).ok_or(Stop::Spent)?;
        Ok(())
    }

    /// Where the trees stand as far as is known, without those in which nobody asks about the subject.
    fn at<'t>(&self, trees: &[With<'t>]) -> Vec<With<'t>> {
        let down = |(tree, own): &With<'t>| {
            let (mut tree, own) = (*tree, *own);
            while let Tree::Node(doubt, branches) = tree {
                let turn = if doubt == self.doubt { Some(own) } else { self.known.get(doubt) };
                match turn.and_then(|turn| self.builder.world.branch(doubt, branches, turn)) {
                    Some(branch) => tree = branch,
                    None => break,
                }
            }
            (tree, own)
        };
        let is_asked = |(tree, _): &With<'t>| !matches!(tree, Tree::Leaf(OutcomeSet::EMPTY));
        trees.iter().map(down).filter(is_asked).collect()
    }

    /// The part of the ways in which the trees do not all come to the same.
    fn part(&mut self, trees: &[With<'_>], share: u64) -> Result<Part, Stop> {
        self.step()?;
        let at = self.at(trees);
        if at.is_empty() {
            return Ok(Part::default());
        }
        if is_one(&at) {
            return Ok(Part { differing: 0, asked: share });
        }
        // What can only be so or not so is decided first, what stands on top before what lies below a value.
        let on_top = at.iter().find_map(|(tree, _)| match tree {
            Tree::Node(doubt, branches) if self.builder.world.is_yes_or_no(doubt) => Some((doubt, branches)),
            _ => None,
        });
        let below = || at.iter().find_map(|(tree, own)| self.yes_or_no(tree, own));
        let Some((doubt, branches)) = on_top.or_else(below) else {
            let differing = if self.exists(&at)? { share } else { 0 };
            let asked = if differing > 0 || at.iter().any(|(tree, own)| self.is_ever_asked(tree, own)) {
                share
            } else {
                0
            };
            return Ok(Part { differing, asked });
        };
        let mut part = Part::default();
        for (turn, _) in branches {
            self.known.insert(doubt.clone(), turn.clone());
            let own = self.part(&at, share / branches.len() as u64)?;
            part.differing += own.differing;
            part.asked += own.asked;
        }
        self.known.remove(doubt);
        Ok(part)
    }

    /// Whether somebody asks about the subject in some way that is left.
    fn is_ever_asked(&self, tree: &Tree, own: &Turn) -> bool {
        match tree {
            Tree::Leaf(set) => !set.is_empty(),
            Tree::Node(doubt, branches) => {
                let turn = if doubt == self.doubt { Some(own) } else { self.known.get(doubt) };
                match turn.and_then(|turn| self.builder.world.branch(doubt, branches, turn)) {
                    Some(branch) => self.is_ever_asked(branch, own),
                    None => branches.iter().any(|(_, branch)| self.is_ever_asked(branch, own)),
                }
            }
        }
    }

    /// Something within a tree that can only be so or not so, and is not known yet.
    fn yes_or_no<'t>(&self, tree: &'t Tree, own: &Turn) -> Option<(&'t Doubt, &'t Vec<(Turn, Tree)>)> {
        let Tree::Node(doubt, branches) = tree else { return None };
        let turn = if doubt == self.doubt { Some(own) } else { self.known.get(doubt) };
        if let Some(branch) = turn.and_then(|turn| self.builder.world.branch(doubt, branches, turn)) {
            return self.yes_or_no(branch, own);
        }
        if self.builder.world.is_yes_or_no(doubt) {
            return Some((doubt, branches));
        }
        branches.iter().find_map(|(_, branch)| self.yes_or_no(branch, own))
    }

    /// Whether some values of what else is not known let it make a difference.
    fn exists(&mut self, trees: &[With<'_>]) -> Result<bool, Stop> {
        self.step()?;
        let at = self.at(trees);
        let next = at.iter().find_map(|(tree, _)| match tree {
            Tree::Node(doubt, _) => Some(doubt),
            Tree::Leaf(_) => None,
        });
        let Some(next) = next else { return self.is_pivotal(&at) };
        let mut turns: Vec<&Turn> = Vec::new();
        for (tree, _) in &at {
            if let Tree::Node(doubt, branches) = tree
                && doubt == next
            {
                turns.extend(branches.iter().map(|(turn, _)| turn));
            }
        }
        turns.order_by_key(|turn| self.builder.world.said(next, turn));
        turns.dedup();
        for turn in turns {
            self.known.insert(next.clone(), turn.clone());
            let found = self.exists(&at);
            self.known.remove(next);
            if found? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the ends of the trees differ, and so does what is said in such worlds: what was read off values side by
    /// side need not be so of one between.
    fn is_pivotal(&mut self, at: &[With<'_>]) -> Result<bool, Stop> {
        let Some(first) = at.windows(2).position(|pair| !is_one(pair)) else { return Ok(false) };
        let exact = self.known.keys().chain([self.doubt]).all(|doubt| self.builder.world.is_yes_or_no(doubt));
        let breaks = |(tree, _): &With<'_>| matches!(tree, Tree::Leaf(set) if *set == without_outcome());
        let breaks = at.iter().any(breaks);
        let pair = if exact && !breaks { Some([first, first + 1]) } else { self.differing(at, first)? };
        // That nothing can be evaluated any more is a difference too, of which there is nothing to show.
        let Some(pair) = pair else { return Ok(breaks) };
        if self.shown.is_none() {
            let world = self.builder.world;
            let others = self.known.iter().map(|(doubt, turn)| world.answered(doubt, turn)).collect();
            let turns = pair.map(|place| world.answered(self.doubt, at[place].1));
            self.shown = Some(Shown { others, turns });
        }
        Ok(true)
    }

    /// Two turns with which something else is said, looked for where the trees differ first.
    fn differing(&mut self, at: &[With<'_>], first: usize) -> Result<Option<[usize; 2]>, Stop> {
        let mut change = Change::default();
        for (doubt, turn) in &self.known {
            change = self.builder.world.turned(&change, doubt, turn);
        }
        let others = (0..at.len()).filter(|place| !(first..first + 2).contains(place));
        let mut said = None;
        for place in (first..first + 2).chain(others) {
            *self.looked += 1;
            if *self.looked > MOST_LOOKED {
                return Err(Stop::Spent);
            }
            let turned = self.builder.world.turned(&change, self.doubt, at[place].1);
            let (set, _) = self.builder.read(&turned)?.0;
            match said {
                _ if set.is_empty() || self.builder.broken.is_some() => {}
                None => said = Some((place, set)),
                Some((other, before)) if before != set => return Ok(Some([other, place])),
                Some(_) => {}
            }
        }
        Ok(None)
    }
}

/// Whether all trees are at an end, and at the same.
fn is_one(at: &[With<'_>]) -> bool {
    let mut ends = at.iter().map(|(tree, _)| match tree {
        Tree::Leaf(set) => Some(*set),
        Tree::Node(..) => None,
    });
    let Some(Some(first)) = ends.next() else { return false };
    ends.all(|end| end == Some(first))
}
