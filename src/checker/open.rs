//! Replays what an open answer is said to hang on: every way in which doubtful facts may turn out is tried.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{Replay, Replayed};
use super::plain::{Plain, Table};
use super::proof::{Answered, Fact, Open, Says};
use super::replay::FalseStep;
use crate::model::{Constant, LensId, RelationId};

/// The most doubtful facts of which every way is tried.
const MOST: usize = 6;

/// A way took more steps than it may.
struct Spent;

impl Replay<'_> {
    /// Replays what an answer hangs on: each doubtful fact that is named makes a difference, in just that share
    /// of the ways, no other does, and what settles it settles it, with nothing smaller that would.
    pub fn open(&self, lens: LensId, subject: &[Constant], open: &Open) -> Replayed {
        let doubts: Vec<&Fact> = open.doubts.iter().filter(|fact| fact.maybe).collect();
        if !open.complete || doubts.len() > MOST {
            return Ok(false);
        }
        if doubts.len() < open.doubts.len() {
            return self.settled_by_values(lens, subject, open, &doubts);
        }
        let all = 0..1_usize << doubts.len();
        let ways: Result<Vec<Option<Says>>, Spent> =
            all.map(|way| self.way(lens, subject, &turns(&doubts, way))).collect();
        let Ok(ways) = ways else { return Ok(false) };
        let whole = ways.iter().all(Option::is_some);
        if let Some(agreed) = &open.agreed
            && ways.iter().flatten().any(|says| says != agreed)
        {
            return Err(FalseStep(format!("not every way comes to {agreed:?} of {subject:?}")));
        }
        for (at, doubt) in doubts.iter().enumerate() {
            pivotal(&ways, at, doubt, open)?;
        }
        if whole && open.agreed.is_none() {
            settling(&ways, &doubts, open)?;
        }
        Ok(whole)
    }

    /// Where values are missing too, only what is said to settle the answer is replayed.
    fn settled_by_values(
        &self,
        lens: LensId,
        subject: &[Constant],
        open: &Open,
        doubts: &[&Fact],
    ) -> Replayed {
        for (answers, says) in &open.settling {
            let free: Vec<&Fact> = doubts
                .iter()
                .copied()
                .filter(|doubt| !answers.iter().any(|one| same(&one.fact, doubt)))
                .collect();
            for way in 0..1_usize << free.len() {
                let mut all = turns(&free, way);
                all.extend(answers.iter().cloned());
                let Ok(found) = self.way(lens, subject, &all) else { return Ok(false) };
                if found.is_some_and(|found| found != *says) {
                    return Err(FalseStep(format!("{answers:?} does not settle it to {says:?}")));
                }
            }
        }
        Ok(false)
    }

    /// What is said where things turn out so, as far as that can be told.
    fn way(&self, lens: LensId, subject: &[Constant], answers: &[Answered]) -> Result<Option<Says>, Spent> {
        let mut changed: BTreeMap<RelationId, Table> = BTreeMap::new();
        for Answered { fact, holds } in answers {
            let table = changed.entry(fact.relation).or_insert_with(|| self.plain.stated(fact.relation));
            let mut key = fact.args.clone();
            table.doubtful.remove(&key);
            if let Some(slot) = self.plain.facts.ruleset.relations[fact.relation].open {
                key[slot] = None;
                table.doubtful.remove(&key);
            }
            if *holds {
                table.certain.insert(fact.args.clone());
            }
        }
        let world = Plain::completing(&self.plain, changed);
        let says = world.answer(lens, subject);
        if world.is_spent() { Err(Spent) } else { Ok(says) }
    }
}

fn same(one: &Fact, other: &Fact) -> bool {
    (one.relation, &one.args) == (other.relation, &other.args)
}

/// How doubtful facts turn out in a way: a bit of it for each.
fn turns(doubts: &[&Fact], way: usize) -> Vec<Answered> {
    let one = |(at, fact): (usize, &&Fact)| Answered { fact: (*fact).clone(), holds: way >> at & 1 == 1 };
    doubts.iter().enumerate().map(one).collect()
}

/// A doubtful fact is named just where it makes a difference.
fn pivotal(ways: &[Option<Says>], at: usize, doubt: &Fact, open: &Open) -> Result<(), FalseStep> {
    let mut differ = 0;
    let mut told = true;
    for way in (0..ways.len()).filter(|way| way >> at & 1 == 0) {
        match (&ways[way], &ways[way | 1 << at]) {
            (Some(left), Some(right)) => differ += u64::from(left != right),
            _ => told = false,
        }
    }
    let named = open.pivotal.iter().find(|one| same(&one.fact, doubt));
    let share = differ * 1_000_000 / (ways.len() as u64 / 2);
    match named {
        None if differ > 0 => Err(FalseStep(format!("{doubt:?} makes a difference too"))),
        Some(_) if told && differ == 0 => Err(FalseStep(format!("{doubt:?} makes no difference"))),
        Some(one) if told && one.share != share => {
            Err(FalseStep(format!("{doubt:?} makes a difference in {share} millionths, not {}", one.share)))
        }
        _ => Ok(()),
    }
}

/// The sets that settle an answer are the smallest, and all of that size.
fn settling(ways: &[Option<Says>], doubts: &[&Fact], open: &Open) -> Result<(), FalseStep> {
    let Some(size) = open.settling.first().map(|(answers, _)| answers.len()) else { return Ok(()) };
    let mut named: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (answers, says) in &open.settling {
        let (mut mask, mut bits) = (0, 0);
        for one in answers {
            let Some(at) = doubts.iter().position(|doubt| same(doubt, &one.fact)) else {
                return Err(FalseStep(format!("{one:?} is in no doubt")));
            };
            mask |= 1 << at;
            bits |= usize::from(one.holds) << at;
        }
        if after(ways, mask, bits) != Some(says) {
            return Err(FalseStep(format!("{answers:?} does not settle it to {says:?}")));
        }
        named.insert((mask, bits));
    }
    for mask in (0..ways.len()).filter(|mask| mask.count_ones() as usize <= size) {
        for bits in (0..ways.len()).filter(|bits| bits & !mask == 0) {
            let smaller = (mask.count_ones() as usize) < size;
            if after(ways, mask, bits).is_some() && (smaller || !named.contains(&(mask, bits))) {
                return Err(FalseStep(format!("{mask:b} = {bits:b} of {doubts:?} settles it too")));
            }
        }
    }
    Ok(())
}

/// What is said in all ways in which the doubts of a mask turn out so, where that is one.
fn after(ways: &[Option<Says>], mask: usize, bits: usize) -> Option<&Says> {
    let mut own = (0..ways.len()).filter(|way| way & mask == bits).filter_map(|way| ways[way].as_ref());
    let first = own.next()?;
    own.all(|says| says == first).then_some(first)
}
