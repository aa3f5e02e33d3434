//! The ways in which what is not known may turn out, as a tree; what makes a difference, and in what share of them.
//!
//! Shares are counted over what is yes or no: doubtful facts, flags. Of a value that is missing there are ever more
//! ways it may turn out, and no measure of them: there it counts whether some value of it lets something matter.

use std::collections::{BTreeMap, BTreeSet};

use super::Pivotal;
use super::lookup::Stop;
use super::unknown::{Builder, Doubt, Turn};
use super::world::{Change, World};
use crate::checker::Shown;
use crate::model::{Constant, Ty};
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
        let mut all: Vec<(Pivotal, Doubt)> = Vec::new();
        for doubt in doubts {
            let mut turns = BTreeSet::new();
            turns_of(tree, doubt, &mut turns);
            let mut turns = Vec::from_iter(turns);
            turns.sort_by_cached_key(|turn| self.world.said(doubt, turn));
            let with: Vec<With<'_>> = turns.iter().map(|turn| (tree, turn)).collect();
            let mut ways = Ways {
                builder: &mut *self,
                doubt,
                known: BTreeMap::new(),
                steps: MOST_STEPS,
                looked: &mut looked,
                shown: None,
            };
            let share = ways.part(&with, WHOLE);
            let shown = ways.shown.take();
            let share = match share {
                Ok(0) => continue,
                Ok(part) => Some((u128::from(part) * 1_000_000 / u128::from(WHOLE)) as u64),
                Err(_) => None,
            };
            all.push((Pivotal { fact: self.world.fact(doubt.0, &doubt.1), share, shown }, doubt.clone()));
        }
        all.sort_by(|left, right| right.0.share.cmp(&left.0.share).then(left.1.cmp(&right.1)));
        all
    }
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

    /// Where the trees stand as far as is known.
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
        trees.iter().map(down).collect()
    }

    /// The part of the ways in which the trees do not all come to the same.
    fn part(&mut self, trees: &[With<'_>], share: u64) -> Result<u64, Stop> {
        self.step()?;
        let at = self.at(trees);
        if is_one(&at) {
            return Ok(0);
        }
        // What can only be so or not so is decided first, what stands on top before what lies below a value.
        let on_top = at.iter().find_map(|(tree, _)| match tree {
            Tree::Node(doubt, branches) if self.builder.world.is_yes_or_no(doubt) => Some((doubt, branches)),
            _ => None,
        });
        let below = || at.iter().find_map(|(tree, own)| self.yes_or_no(tree, own));
        let Some((doubt, branches)) = on_top.or_else(below) else {
            return Ok(if self.exists(&at)? { share } else { 0 });
        };
        let mut part = 0;
        for (turn, _) in branches {
            self.known.insert(doubt.clone(), turn.clone());
            part += self.part(&at, share / branches.len() as u64)?;
        }
        self.known.remove(doubt);
        Ok(part)
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
        turns.sort_by_cached_key(|turn| self.builder.world.said(next, turn));
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
        let Some(pair) = at.windows(2).find(|pair| !is_one(pair)) else { return Ok(false) };
        let turns = [pair[0].1.clone(), pair[1].1.clone()];
        let exact = self.known.keys().chain([self.doubt]).all(|doubt| self.builder.world.is_yes_or_no(doubt));
        if !exact && *self.looked < MOST_LOOKED {
            *self.looked += 2;
            let mut change = Change::default();
            for (doubt, turn) in &self.known {
                change = self.builder.world.turned(&change, doubt, turn);
            }
            let [left, right] = [0, 1].map(|at| {
                let turned = self.builder.world.turned(&change, self.doubt, &turns[at]);
                self.builder.read(&turned).map(|(set, _)| set)
            });
            if left? == right? {
                return Ok(false);
            }
        }
        if self.shown.is_none() {
            let world = self.builder.world;
            let others = self.known.iter().map(|(doubt, turn)| world.answered(doubt, turn)).collect();
            let turns = turns.map(|turn| world.answered(self.doubt, &turn));
            self.shown = Some(Shown { others, turns });
        }
        Ok(true)
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
