//! Which answers settle what stays open: the fewest, each tried against all ways in which the rest may turn out.

use std::collections::{BTreeMap, BTreeSet};

use super::Answered;
use super::lookup::Stop;
use super::tried::usual;
use super::unknown::{Builder, Doubt, MOST_WORLDS, Taken, Turn, is_settled};
use super::ways::{Tree, given, turns_of};
use super::world::Change;
use crate::base::InOrder;
use crate::checker::Says;
use crate::value::{Value, ValueKind};
use crate::verdict::OutcomeSet;

/// Values are far off from others by so many times what these lie apart.
const NEAR: f64 = 10.0;
/// Days lie apart by so many at least, numbers by so much.
const YEARS: f64 = 400.0;
const FEW: f64 = 50.0;
/// The most facts whose answers are put together.
pub const MOST_TOGETHER: usize = 3;

/// So many answers are put together with more.
const MOST_TRIED: usize = 5000;

/// So many worlds are worked out to check one set, where not all values were followed before.
const MOST_CHECKED: usize = 4000;

/// So many values that rules name are tried where nothing turns.
const MOST_NAMED: usize = 8;

/// Of more sets than these no further ones are looked for.
const MOST_FOUND: usize = 400;

/// Answers, and what is settled by them.
type Settled = (Vec<Answered>, Says);

/// How some of what is not known turns out.
type Turns = BTreeMap<Doubt, Turn>;

/// Turns one after the other, on a way down a tree.
type Path = Vec<(Doubt, Turn)>;

/// Answers, what is settled by them, and whether one lies far off.
type Found = (Turns, OutcomeSet, bool);

impl Builder<'_> {
    /// The fewest answers after which nothing is open, in order; the places before which others were tried after which
    /// something is; whether all sets of that size were looked at.
    pub fn settling(&mut self, tree: &Tree, pivotal: &[Doubt]) -> (Vec<Settled>, Vec<usize>, bool) {
        let mut out: Vec<Found> = Vec::new();
        let mut level: Vec<Turns> = vec![BTreeMap::new()];
        let mut complete = true;
        let mut vain: Vec<Turns> = Vec::new();
        // Growing the tree may have taken nearly all worlds there were.
        self.worlds = 0;
        for _ in 0..MOST_TOGETHER.min(pivotal.len()) {
            let mut next = Vec::new();
            complete &= self.level(tree, &level, pivotal, false, (&mut out, &mut next));
            if !out.is_empty() {
                complete &= self.level(tree, &level, pivotal, true, (&mut out, &mut next));
                vain = next;
                break;
            }
            if next.len() > MOST_TRIED {
                complete = false;
                self.settled_on_paths(tree, pivotal.len().min(MOST_TOGETHER), (&mut out, &mut vain));
                break;
            }
            level = next;
        }
        // What lies far off only shows how far the same holds.
        let near = |more: &Turns, set: &OutcomeSet| {
            out.iter().any(|(other, then, far)| !far && then == set && other.keys().eq(more.keys()))
        };
        let mut told: Vec<&Found> = out.iter().filter(|(more, set, _)| near(more, set)).collect();
        // By what is said, not by ids: values got those as they came up.
        let key = |more: &Turns| {
            let said: Vec<_> = more.iter().map(|(doubt, turn)| self.world.said(doubt, turn)).collect();
            (more.keys().cloned().collect::<Vec<_>>(), said)
        };
        told.order_by_key(|(more, ..)| key(more));
        let keys: Vec<_> = told.iter().map(|(more, ..)| key(more)).collect();
        let mut vain: Vec<_> = vain.iter().map(key).collect();
        vain.sort_unstable();
        let lies_between = |at: &usize| {
            let first = vain.partition_point(|other| *other <= keys[at - 1]);
            vain.get(first).is_some_and(|other| *other < keys[*at])
        };
        let gaps = (1..keys.len()).filter(lies_between).collect();
        let answered = |(doubt, turn): (&Doubt, &Turn)| self.world.answered(doubt, turn);
        let told = told
            .into_iter()
            .map(|(more, set, _)| (more.iter().map(answered).collect(), super::story::says(*set)));
        (told.collect(), gaps, complete)
    }

    /// Where there are too many answers to put together, those that stand together on a way down the tree.
    fn settled_on_paths(
        &mut self,
        tree: &Tree,
        most: usize,
        (out, vain): (&mut Vec<Found>, &mut Vec<Turns>),
    ) {
        let mut paths = Vec::new();
        self.paths(tree, &mut Path::new(), most, (&mut paths, vain));
        for (path, set) in paths {
            let far = path.last().is_some_and(|(doubt, turn)| self.is_far(doubt, turn));
            let known: Turns = path.into_iter().collect();
            match self.is_settled(&known, set) {
                Ok(true) => out.push((known, set, far)),
                Ok(false) => vain.push(known),
                Err(_) => return,
            }
        }
    }

    /// The first ways down a tree of so many turns: those to one outcome, and those that leave it open; only their last
    /// turn may be far off.
    fn paths(
        &self,
        tree: &Tree,
        path: &mut Path,
        most: usize,
        (out, vain): (&mut Vec<(Path, OutcomeSet)>, &mut Vec<Turns>),
    ) {
        match tree {
            Tree::Leaf(set) if set.len() == 1 && path.len() == most => out.push((path.clone(), *set)),
            Tree::Node(doubt, branches) if path.len() < most => {
                for (turn, branch) in branches {
                    let is_last = matches!(branch, Tree::Leaf(_));
                    if out.len() > MOST_FOUND || !is_last && self.is_far(doubt, turn) {
                        continue;
                    }
                    path.push((doubt.clone(), turn.clone()));
                    self.paths(branch, path, most, (out, vain));
                    path.pop();
                }
            }
            Tree::Leaf(_) | Tree::Node(..) if path.len() == most => vain.push(path.iter().cloned().collect()),
            Tree::Leaf(_) | Tree::Node(..) => {}
        }
    }

    /// Puts one more answer beside those of each set: one near what rules and facts name, or one far off where near ones
    /// of the same settle it. Whether it could be told of all what they settle.
    fn level(
        &mut self,
        tree: &Tree,
        level: &[Turns],
        pivotal: &[Doubt],
        far: bool,
        (out, next): (&mut Vec<Found>, &mut Vec<Turns>),
    ) -> bool {
        let found: BTreeSet<Vec<Doubt>> =
            out.iter().map(|(known, ..)| known.keys().cloned().collect()).collect();
        let mut told = true;
        for known in level {
            let after = known.keys().next_back();
            for doubt in pivotal.iter().filter(|doubt| after.is_none_or(|last| *doubt > last)) {
                let both: Vec<Doubt> = known.keys().chain([doubt]).cloned().collect();
                if far && !found.contains(&both) {
                    continue;
                }
                let mut turns = BTreeSet::new();
                turns_of(tree, doubt, &mut turns);
                if known.is_empty() {
                    turns.extend(self.named(doubt));
                    turns.extend(self.turns_where_known(doubt));
                }
                let mut turns: Vec<Turn> =
                    turns.into_iter().filter(|turn| self.is_far(doubt, turn) == far).collect();
                turns.order_by_key(|turn| self.world.said(doubt, turn));
                for turn in turns {
                    if out.len() > MOST_FOUND {
                        return false;
                    }
                    let mut more = known.clone();
                    more.insert(doubt.clone(), turn);
                    let mut left = BTreeSet::new();
                    given(self.world, tree, &more, &mut left);
                    left.remove(&OutcomeSet::EMPTY);
                    let one = left.first().filter(|set| left.len() == 1 && set.len() == 1);
                    match one.map(|set| (*set, self.is_settled(&more, *set))) {
                        Some((set, Ok(true))) => out.push((more, set, far)),
                        Some((_, Err(_))) => told = false,
                        _ => next.push(more),
                    }
                }
            }
        }
        told
    }

    /// The values of a gap that rules name: beside other gaps nothing may turn there.
    fn named(&self, doubt: &Doubt) -> Vec<Turn> {
        let (Some(slot), Some(kind)) =
            (self.world.ruleset.relations[doubt.0].open, self.world.kind_of(doubt))
        else {
            return Vec::new();
        };
        if !matches!(kind, ValueKind::Number | ValueKind::Date) {
            return Vec::new();
        }
        let own = self.rules.values.iter().filter(|value| value.kind() == kind).take(MOST_NAMED);
        own.map(|value| self.world.filled(doubt, slot, value)).collect()
    }

    /// The values of a gap at which the answer turns where they are known, which rules may ask.
    fn turns_where_known(&mut self, doubt: &Doubt) -> Vec<Turn> {
        let Some(trace) = self.first.clone().filter(|_| self.rules.known > 0) else { return Vec::new() };
        self.taken = Taken::Known;
        let turns = self.turns(&Change::default(), doubt, &trace);
        self.taken = Taken::Open;
        turns.unwrap_or_default()
    }

    /// Whether a value lies so far from all that rules and facts name that it only shows what holds beyond them.
    pub fn is_far(&self, doubt: &Doubt, turn: &Turn) -> bool {
        let (Some(trace), Turn::Holds(tuple)) = (&self.first, turn) else { return false };
        let Some(slot) = self.world.ruleset.relations[doubt.0].open else { return false };
        let domain = self.world.domain(doubt.0, slot);
        let about = |value: Value| match value {
            Value::Number(number) => Some(number.about()),
            Value::Date(date) => Some(f64::from(date.days())),
            Value::Text(_) | Value::Flag(_) => None,
        };
        let Some(value) = self.world.values.value(domain, tuple[slot]) else { return false };
        if self.near.contains(&value) {
            return false;
        }
        let kind = value.kind();
        let constants = self.rules.values.iter().filter(|value| value.kind() == kind).cloned();
        let met = trace.facts.iter().flat_map(|(relation, tuple, _)| {
            let own = move |slot: &usize| self.world.domain(*relation, *slot) == domain;
            (0..tuple.len()).filter(own).filter_map(|slot| self.world.values.value(domain, tuple[slot]))
        });
        let ends = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
        let mut met = constants.chain(met).filter_map(about);
        let first = met.next().or_else(|| about(usual(kind)?)).unwrap_or(0.0);
        let (least, most) = met.fold((first, first), ends);
        let least_span = if kind == ValueKind::Date { YEARS } else { FEW.max(least.abs().max(most.abs())) };
        let span = NEAR * (most - least).max(least_span);
        about(value).is_some_and(|value| !(least - span..=most + span).contains(&value))
    }

    /// Whether answers settle it to this, whatever else turns out how: values of the rest are tried for them anew.
    fn is_settled(&mut self, known: &Turns, set: OutcomeSet) -> Result<bool, Stop> {
        let mut change = Change::default();
        for (doubt, turn) in known {
            change = self.world.turned(&change, doubt, turn);
        }
        // A value that is not tried may come to something else.
        let most = std::mem::replace(&mut self.most, usize::MAX);
        let before = self.worlds;
        if most != usize::MAX {
            self.worlds = MOST_WORLDS.saturating_sub(MOST_CHECKED);
        }
        let is_so = self.is_settled_by(known, &change, set);
        if most != usize::MAX {
            // Most sets fail at once: what a check took beyond that is not taken from what is left for others.
            self.worlds = before + MOST_CHECKED / 10;
        }
        self.most = most;
        is_so
    }

    fn is_settled_by(&mut self, known: &Turns, change: &Change, set: OutcomeSet) -> Result<bool, Stop> {
        self.far = known.iter().filter(|(doubt, turn)| self.is_far(doubt, turn)).count();
        let mut settled: BTreeSet<Doubt> = known.keys().cloned().collect();
        if !self.comes_to(change, &mut settled, set)? {
            return Ok(false);
        }
        let is_value = |(relation, _): &Doubt| self.world.ruleset.relations[*relation].open.is_some();
        if !known.keys().any(is_value) {
            return Ok(true);
        }
        // A value that is stated is known too, which may be asked.
        let stated = self.base.differing(change.clone(), self.left);
        let mut told = Builder {
            world: self.world,
            base: &stated,
            lens: self.lens,
            subject: self.subject,
            rules: self.rules.clone(),
            worlds: self.worlds,
            left: self.left,
            pot: self.pot,
            values: self.values,
            perhaps: self.perhaps,
            first: None,
            near: std::mem::take(&mut self.near),
            far: self.far,
            taken: Taken::Open,
            broken: None,
            most: self.most,
            missed: false,
            last: None,
            turning: BTreeMap::new(),
            learned: std::mem::take(&mut self.learned),
        };
        let is_so = told.comes_to(change, &mut settled, set);
        (self.worlds, self.left) = (told.worlds, told.left);
        self.near = std::mem::take(&mut told.near);
        self.learned = std::mem::take(&mut told.learned);
        is_so
    }

    /// Whether all ways to fill what is not settled come to this, as far as the subject is asked about; the first that does
    /// not ends it.
    fn comes_to(
        &mut self,
        change: &Change,
        settled: &mut BTreeSet<Doubt>,
        set: OutcomeSet,
    ) -> Result<bool, Stop> {
        let (own, trace) = self.read(change)?;
        let is_so = own.0 == set || own.0.is_empty();
        if is_settled(own) {
            return Ok(is_so);
        }
        let Some(doubt) = self.next(&trace, settled) else { return Ok(is_so) };
        self.missed = false;
        let turns = self.turns(change, &doubt, &trace)?;
        // That no number is written just so is nothing to tell of a number that was tried.
        if self.missed && settled.iter().any(|known| self.world.kind_of(known) == Some(ValueKind::Number)) {
            return Ok(false);
        }
        for turn in turns {
            settled.insert(doubt.clone());
            let far = usize::from(self.is_far(&doubt, &turn));
            self.far += far;
            let is_so = self.comes_to(&self.world.turned(change, &doubt, &turn), settled, set);
            self.far -= far;
            settled.remove(&doubt);
            if !is_so? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
