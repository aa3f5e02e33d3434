//! Facts that could be taken away, stated or given another value, and the world each leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::Coverage;
use super::constants::Found;
use super::lookup::{Tuple, Want, fits};
use super::members::About;
use super::run::{Run, Trace};
use super::tried::{Tried, beside};
use super::world::{Change, Delta, Node, World};
use crate::base::InOrder;
use crate::facts::{MISSING, Origin};
use crate::model::{Constant, DomainId, KindId, LensId, RelationId, RepeatRole, Ty};
use crate::value::{Value, ValueKind};

/// One change of the facts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Move {
    /// Nobody states it any more.
    Remove(RelationId, Tuple),
    /// It is stated.
    Add(RelationId, Tuple),
    /// The value of a key, stated or not, is this.
    Set(RelationId, Tuple),
    /// Nobody says outright any more that a thing is of a kind.
    Leave(KindId, u32),
    /// That is said outright.
    Join(KindId, u32),
}

impl Move {
    /// The fact it is about, where it is about one.
    pub fn fact(&self) -> Option<(RelationId, &Tuple)> {
        match self {
            Self::Remove(relation, tuple) | Self::Add(relation, tuple) | Self::Set(relation, tuple) => {
                Some((*relation, tuple))
            }
            Self::Leave(..) | Self::Join(..) => None,
        }
    }

    /// The same, to be given other names or values.
    pub fn fact_mut(&mut self) -> Option<(RelationId, &mut Tuple)> {
        match self {
            Self::Remove(relation, tuple) | Self::Add(relation, tuple) | Self::Set(relation, tuple) => {
                Some((*relation, tuple))
            }
            Self::Leave(..) | Self::Join(..) => None,
        }
    }
}

/// The most changes that could matter of which a search is told; each is a world to work out.
const MOST_MOVES: usize = 50_000;

/// So many facts are looked at that state another value than the one that was wanted.
const MOST_HELD: usize = 64;

/// What an answer is worked out from by rules, whatever the facts, and what of the facts is tried first.
pub(super) struct Scope {
    /// All that is read on the way.
    pub reads: BTreeSet<Node>,
    /// What rules compare with.
    pub found: Found,
    /// Whom the answer is about, each with the kind.
    pub subject: Vec<(KindId, u32)>,
    /// Facts that proofs rest on, without the values of keys.
    pub first: BTreeSet<(RelationId, Tuple)>,
}

/// The changes made so far, and how many more there may be.
pub(super) struct Sofar<'c> {
    pub moves: &'c [Move],
    pub change: &'c Change,
    pub left: usize,
}

impl World<'_> {
    /// What lenses are worked out from, asked about a subject whose proofs rest on these facts.
    pub fn scope(&self, lenses: &[LensId], subject: &[u32], first: &BTreeSet<(RelationId, Tuple)>) -> Scope {
        let mut reads = BTreeSet::new();
        lenses.iter().for_each(|lens| reads.extend(self.reads(Node::Lens(*lens)).iter().copied()));
        let found = self.compared_with(&reads);
        let question = lenses.first().map(|lens| self.ruleset.lenses[*lens].question);
        let slots = question.into_iter().flat_map(|question| &self.ruleset.questions[question].slots);
        let of = |(slot, id): (&crate::model::Slot, &u32)| match slot.ty {
            Ty::Thing(kind) => Some((kind, *id)),
            Ty::Value(_) => None,
        };
        let subject = slots.zip(subject).filter_map(of).collect();
        let first = first.iter().map(|(relation, tuple)| (*relation, self.key(*relation, tuple))).collect();
        Scope { reads, found, subject, first }
    }

    /// A fact without the value of its key.
    fn key(&self, relation: RelationId, tuple: &[u32]) -> Tuple {
        let mut key = tuple.to_vec();
        if let Some(slot) = self.ruleset.relations[relation].open {
            key[slot] = MISSING;
        }
        key
    }

    /// Whether facts of a relation may be changed.
    pub fn may_change(&self, relation: RelationId) -> bool {
        let mut changeable =
            self.ruleset.repeats.iter().filter(|r| r.role == RepeatRole::Changeable).peekable();
        if changeable.peek().is_some() {
            return changeable.any(|repeat| repeat.relation == relation);
        }
        true
    }

    /// Whether anybody states facts of a relation: one that only follows is changed through others.
    pub fn is_stated_at_all(&self, relation: RelationId) -> bool {
        let facts = &self.stated.relations[relation];
        facts.len(false) + facts.len(true) > 0 || !self.ruleset.is_derived(relation)
    }

    /// The changes that could matter to an answer that was read off this, what its proofs rest on first, and whether these
    /// are all.
    pub fn moves(&self, trace: &Trace, scope: &Scope, sofar: &Sofar<'_>) -> (Vec<Move>, Coverage) {
        let tried = Tried::new(self, &scope.found, trace).beside(self.brought(sofar.moves));
        let mut out = BTreeSet::new();
        let mut whole = !scope.found.unmade && !trace.joined.partial && !trace.near;
        let mut coverage = if trace.joined.few_names { Coverage::SomeNames } else { Coverage::Whole };
        // Where not all changes of them can be tried, the nearest are.
        let near = |(relation, tuple, _): &&(RelationId, Tuple, bool)| {
            self.nearness(&Move::Remove(*relation, tuple.clone()), scope)
        };
        let mut facts: Vec<&(RelationId, Tuple, bool)> =
            trace.facts.iter().filter(|(relation, ..)| self.may_change(*relation)).collect();
        facts.order_by_key(near);
        for (relation, tuple, _) in facts {
            if out.len() > MOST_MOVES {
                whole = false;
                break;
            }
            let Some(slot) = self.ruleset.relations[*relation].open else {
                out.insert(Move::Remove(*relation, tuple.clone()));
                continue;
            };
            if tuple[slot] != MISSING {
                out.insert(Move::Remove(*relation, tuple.clone()));
            }
            let values = tried.of(self.domain(*relation, slot));
            for id in values.iter().filter(|id| **id != tuple[slot]).take(MOST_MOVES) {
                let mut other = tuple.clone();
                other[slot] = *id;
                out.insert(Move::Set(*relation, other));
            }
        }
        let known: BTreeSet<(RelationId, &Tuple)> =
            trace.facts.iter().filter(|(_, _, maybe)| !maybe).map(|(r, t, _)| (*r, t)).collect();
        let is_new = |relation: RelationId, tuple: &Tuple| !known.contains(&(relation, tuple));
        // What is asked of somebody comes before what is asked of anybody.
        let mut asked: Vec<&(RelationId, Vec<Want>)> = trace.asked.iter().collect();
        asked.order_by_key(|(_, want)| want.iter().filter(|want| matches!(want, Want::Any)).count());
        for (relation, want) in asked {
            if out.len() > MOST_MOVES {
                whole = false;
                break;
            }
            if !self.may_change(*relation) || !self.is_stated_at_all(*relation) {
                continue;
            }
            let is_open = self.ruleset.relations[*relation].open.is_some();
            // A value that is not the one asked for was not read, but it is there to be taken away.
            let held = self.held_in_place(sofar.change, *relation, want);
            out.extend(held.into_iter().map(|tuple| Move::Remove(*relation, tuple)));
            for want in self.wanted_around(*relation, want) {
                let filled = tried.fillings(*relation, &want, &mut |tuple| {
                    if is_new(*relation, &tuple) {
                        out.insert(if is_open {
                            Move::Set(*relation, tuple)
                        } else {
                            Move::Add(*relation, tuple)
                        });
                    }
                });
                coverage = coverage.max(filled);
            }
        }
        let about = About { trace, scope, tried: &tried, sofar };
        for (kind, id) in &trace.kinds {
            coverage = coverage.max(self.kind_moves(*kind, *id, &about, &mut out));
        }
        for kind in &trace.all {
            coverage = coverage.max(self.comings(*kind, &about, &mut out));
        }
        out.retain(|one| match one {
            Move::Add(relation, tuple) => is_new(*relation, tuple),
            Move::Remove(..) | Move::Set(..) | Move::Leave(..) | Move::Join(..) => true,
        });
        let mut kept = Vec::from_iter(out);
        // Ids of values are in the order in which they came up, which hangs on what was evaluated before.
        kept.order_by_key(|one| (self.nearness(one, scope), self.order_of(one)));
        (kept, coverage.max(Coverage::of(whole)))
    }

    /// What was wanted, and the same with the values beside those wanted: what holds with one need not hold with them.
    fn wanted_around(&self, relation: RelationId, want: &[Want]) -> Vec<Vec<Want>> {
        let mut out = vec![want.to_vec()];
        for (slot, wanted) in want.iter().enumerate().filter(|(slot, _)| self.is_value(relation, *slot)) {
            let (Want::Is(id) | Want::IsOrMissing(id)) = wanted else { continue };
            let value = Some(*id).filter(|id| *id != MISSING);
            let value = value.and_then(|id| self.values.value(self.domain(relation, slot), id));
            for beside in value.iter().flat_map(beside).filter(|_| self.is_ordered(relation, slot)) {
                let mut other = want.to_vec();
                other[slot] = Want::Is(self.id(&Constant::Value(beside)));
                out.push(other);
            }
        }
        out
    }

    /// Whether the values in a slot come in an order.
    fn is_ordered(&self, relation: RelationId, slot: usize) -> bool {
        let ty = self.ruleset.relations[relation].slots[slot].ty;
        matches!(ty, Ty::Value(ValueKind::Number | ValueKind::Date))
    }

    /// Facts that state another value for keys of which some value was wanted.
    fn held_in_place(&self, change: &Change, relation: RelationId, want: &[Want]) -> Vec<Tuple> {
        let Some(slot) = self.ruleset.relations[relation].open else { return Vec::new() };
        let mut loose = want.to_vec();
        if std::mem::replace(&mut loose[slot], Want::Any) == Want::Any {
            return Vec::new();
        }
        let mut out = Vec::new();
        let run = Run::new(self, change.clone(), u64::MAX);
        let _ = run.stated(relation, &loose, true, &mut |tuple| {
            if tuple[slot] != MISSING {
                out.push(tuple.to_vec());
            }
            if out.len() < MOST_HELD { Ok(()) } else { Err(super::lookup::Stop::Enough) }
        });
        out
    }

    /// How many names of each domain changes bring in.
    fn brought(&self, moves: &[Move]) -> BTreeMap<DomainId, u32> {
        let mut out = BTreeMap::new();
        let mut note = |domain: DomainId, id: u32| {
            if let Some(place) = id.checked_sub(self.evaluation.dictionaries[domain].len() as u32) {
                let count: &mut u32 = out.entry(domain).or_default();
                *count = (*count).max(place + 1);
            }
        };
        for one in moves {
            match one {
                Move::Leave(kind, id) | Move::Join(kind, id) => note(self.ruleset.kinds[*kind].domain, *id),
                Move::Remove(relation, tuple) | Move::Add(relation, tuple) | Move::Set(relation, tuple) => {
                    let things =
                        tuple.iter().enumerate().filter(|(slot, _)| !self.is_value(*relation, *slot));
                    things.for_each(|(slot, id)| note(self.domain(*relation, slot), *id));
                }
            }
        }
        out
    }

    /// What proofs rest on is tried first, then what names all things the answer is about, then what names one.
    pub fn nearness(&self, one: &Move, scope: &Scope) -> u8 {
        if let Some((relation, tuple)) = one.fact()
            && scope.first.contains(&(relation, self.key(relation, tuple)))
        {
            return 0;
        }
        let named = |(kind, id): &(KindId, u32)| {
            let domain = self.ruleset.kinds[*kind].domain;
            match one {
                Move::Leave(kind, other) | Move::Join(kind, other) => {
                    self.ruleset.kinds[*kind].domain == domain && other == id
                }
                Move::Remove(relation, tuple) | Move::Add(relation, tuple) | Move::Set(relation, tuple) => {
                    let slots = self.ruleset.relations[*relation].slots.iter().zip(tuple);
                    slots
                        .into_iter()
                        .any(|(slot, other)| self.ruleset.domain_of(slot.ty) == domain && other == id)
                }
            }
        };
        match scope.subject.iter().filter(|thing| named(thing)).count() {
            0 => 3,
            all if all == scope.subject.len() => 1,
            _ => 2,
        }
    }

    /// Where a change stands among all, whatever was evaluated before.
    pub fn order_of(&self, one: &Move) -> (u8, u32, Vec<(u32, Option<Value>)>) {
        let (sort, relation, tuple) = match one {
            Move::Remove(relation, tuple) => (0, *relation, tuple),
            Move::Add(relation, tuple) => (1, *relation, tuple),
            Move::Set(relation, tuple) => (2, *relation, tuple),
            Move::Leave(kind, id) => return (3, kind.0, vec![(*id, None)]),
            Move::Join(kind, id) => return (4, kind.0, vec![(*id, None)]),
        };
        let of = |(slot, id): (usize, &u32)| {
            let is_value = self.is_value(relation, slot);
            let value = is_value.then(|| self.values.value(self.domain(relation, slot), *id)).flatten();
            (if is_value { 0 } else { *id }, value)
        };
        (sort, relation.0, tuple.iter().enumerate().map(of).collect())
    }

    /// The world after changes; `None` where they cannot be made.
    pub fn after_all(&self, moves: &[Move]) -> Option<Change> {
        moves.iter().try_fold(Change::default(), |change, one| self.after(&change, one))
    }

    /// The world after one more change; `None` where it cannot be made.
    pub fn after(&self, change: &Change, one: &Move) -> Option<Change> {
        let mut next = change.clone();
        match one {
            Move::Remove(relation, tuple) => {
                let (_, maybe) = self.state_of(change, *relation, tuple)?;
                next.take(*relation, tuple, maybe);
                if let Some(slot) = self.ruleset.relations[*relation].open {
                    let mut missing = tuple.clone();
                    missing[slot] = MISSING;
                    next.put(*relation, missing, false);
                }
                self.drop_members(&mut next, *relation, tuple);
            }
            Move::Add(relation, tuple) => {
                match self.state_of(change, *relation, tuple) {
                    Some((_, false)) => return None,
                    Some((_, true)) => next.take(*relation, tuple, true),
                    None => {}
                }
                next.put(*relation, tuple.clone(), false);
                self.add_members(&mut next, *relation, tuple)?;
            }
            Move::Set(relation, tuple) => {
                let slot = self.ruleset.relations[*relation].open?;
                let want: Vec<Want> = tuple
                    .iter()
                    .enumerate()
                    .map(|(at, id)| if at == slot { Want::Any } else { Want::Is(*id) })
                    .collect();
                let mut old = None;
                let run = Run::new(self, change.clone(), u64::MAX);
                let _ = run.stated(*relation, &want, false, &mut |found| {
                    old = Some(found.to_vec());
                    Ok(())
                });
                if let Some(old) = old {
                    next.take(*relation, &old, false);
                }
                next.put(*relation, tuple.clone(), false);
                self.add_members(&mut next, *relation, tuple)?;
            }
            Move::Leave(kind, id) => {
                next.outright.insert((*kind, *id), false);
                self.leave(&mut next, *kind, *id);
            }
            Move::Join(kind, id) => {
                next.outright.insert((*kind, *id), true);
                self.join(&mut next, *kind, *id)?;
            }
        }
        Some(next)
    }

    /// Whether a fact is stated in a world, and whether it is doubtful there.
    pub fn state_of(&self, change: &Change, relation: RelationId, tuple: &[u32]) -> Option<(Origin, bool)> {
        let delta = change.relations.get(&relation);
        for maybe in [false, true] {
            if delta.is_some_and(|delta| delta.added[usize::from(maybe)].contains(tuple)) {
                return Some((Origin::Nobody, maybe));
            }
        }
        let (origin, maybe) = self.origin(relation, tuple)?;
        let gone = delta.is_some_and(|delta| delta.removed[usize::from(maybe)].contains(tuple));
        (!gone).then_some((origin, maybe))
    }

    /// Puts the names of a new fact among the things of its kinds; new keys get values nobody stated.
    fn add_members(&self, change: &mut Change, relation: RelationId, tuple: &[u32]) -> Option<()> {
        for (slot, id) in tuple.iter().enumerate() {
            let Ty::Thing(kind) = self.ruleset.relations[relation].slots[slot].ty else { continue };
            self.join(change, kind, *id)?;
        }
        Some(())
    }

    /// Makes a thing one of a kind and of those above it; `None` where that brings too many keys.
    pub fn join(&self, change: &mut Change, kind: KindId, id: u32) -> Option<()> {
        let mut at = Some(kind);
        while let Some(kind) = at {
            if !self.is_member(change, kind, id) {
                change.members.insert((kind, id), true);
                self.new_keys(change, kind, id)?;
            }
            at = self.ruleset.kinds[kind].parent;
        }
        Some(())
    }

    /// Whether a thing is of a kind in a world.
    pub fn is_member(&self, change: &Change, kind: KindId, id: u32) -> bool {
        let known = self.stated.members[kind].contains(id as usize);
        change.members.get(&(kind, id)).copied().unwrap_or(known)
    }

    /// Whether it is said outright in a world that a thing is of a kind.
    pub fn is_outright(&self, change: &Change, kind: KindId, id: u32) -> bool {
        let known = self.stated.outright[kind].contains(id as usize);
        change.outright.get(&(kind, id)).copied().unwrap_or(known)
    }

    /// Whether it may change what is said outright of kinds: not where a ruleset says which sentences may.
    pub fn may_kinds_change(&self) -> bool {
        !self.ruleset.repeats.iter().any(|repeat| repeat.role == RepeatRole::Changeable)
    }

    /// The keys that a new thing of a kind brings.
    fn new_keys(&self, change: &mut Change, kind: KindId, id: u32) -> Option<()> {
        for (relation, entry) in self.ruleset.relations.iter_enumerated() {
            let Some(open) = entry.open else { continue };
            let own: Vec<usize> =
                (0..entry.slots.len()).filter(|slot| entry.slots[*slot].ty == Ty::Thing(kind)).collect();
            for fixed in own {
                let mut ways: Vec<Tuple> = vec![Vec::new()];
                for (slot, other) in entry.slots.iter().enumerate() {
                    if ways.is_empty() {
                        break;
                    }
                    let ids: Rc<[u32]> = match other.ty {
                        _ if slot == open => Rc::new([MISSING]),
                        _ if slot == fixed => Rc::new([id]),
                        Ty::Thing(kind) => self.few_members(change, kind)?,
                        Ty::Value(_) => self.few_values(relation, slot)?,
                    };
                    if ways.len() * ids.len() > self.most_keys {
                        return None;
                    }
                    ways = ways
                        .iter()
                        .flat_map(|way| ids.iter().map(|id| [way.as_slice(), &[*id]].concat()))
                        .collect();
                }
                for tuple in ways {
                    let mut want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
                    want[open] = Want::Any;
                    let added = |change: &Change| {
                        let delta = change.relations.get(&relation);
                        delta.is_some_and(|delta| delta.added[0].iter().any(|known| fits(&want, known)))
                    };
                    if !added(change) {
                        change.put(relation, tuple, false);
                    }
                }
            }
        }
        Some(())
    }

    /// The things of a kind in a world; `None` where they are more than keys may be brought.
    fn few_members(&self, change: &Change, kind: KindId) -> Option<Rc<[u32]>> {
        if self.stated.members[kind].iter().nth(self.most_keys.saturating_add(change.members.len())).is_some()
        {
            return None;
        }
        Some(Run::new(self, change.clone(), u64::MAX).members(kind).into())
    }

    /// The values that stand in a slot of what is stated; `None` where they are more.
    fn few_values(&self, relation: RelationId, slot: usize) -> Option<Rc<[u32]>> {
        let mut known = self.slot_values.borrow_mut();
        let found = known.entry((relation, slot)).or_insert_with(|| {
            let mut found = FxHashSet::default();
            for id in self.stated.relations[relation].certain[slot].iter() {
                if found.insert(*id) && found.len() > self.most_keys {
                    return None;
                }
            }
            Some(found.into_iter().collect::<BTreeSet<u32>>().into_iter().collect())
        });
        found.clone()
    }

    /// Takes the names of a fact that is gone from the kinds that nothing else puts them in.
    fn drop_members(&self, change: &mut Change, relation: RelationId, tuple: &[u32]) {
        for (slot, id) in tuple.iter().enumerate() {
            let Ty::Thing(kind) = self.ruleset.relations[relation].slots[slot].ty else { continue };
            self.leave(change, kind, *id);
        }
    }

    /// Takes a thing out of a kind and those above it, unless something else puts it there.
    pub fn leave(&self, change: &mut Change, kind: KindId, id: u32) {
        let mut at = Some(kind);
        while let Some(kind) = at {
            if self.is_member(change, kind, id) && !self.supports(change, kind, id) {
                change.members.insert((kind, id), false);
                self.drop_keys(change, kind, id);
            }
            at = self.ruleset.kinds[kind].parent;
        }
    }

    /// Whether something puts a thing in a kind.
    fn supports(&self, change: &Change, kind: KindId, id: u32) -> bool {
        let is_root = self.ruleset.kinds[kind].root == kind;
        let part = |other: KindId| self.ruleset.is_part_of(other, kind);
        if self.ruleset.kinds.ids().any(|other| part(other) && self.is_outright(change, other, id)) {
            return true;
        }
        let run = Run::new(self, change.clone(), u64::MAX);
        self.ruleset.relations.iter_enumerated().any(|(relation, entry)| {
            entry.slots.iter().enumerate().any(|(slot, other)| {
                let Ty::Thing(other) = other.ty else { return false };
                if !(part(other) || is_root && self.ruleset.kinds[other].root == kind) {
                    return false;
                }
                let mut want = vec![Want::Any; entry.slots.len()];
                want[slot] = Want::Is(id);
                let open = entry.open;
                let mut found = false;
                for possible in [false, true] {
                    if possible && !is_root || found || !possible && !part(other) {
                        continue;
                    }
                    let _ = run.stated(relation, &want, possible, &mut |tuple| {
                        found |= open.is_none_or(|open| tuple[open] != MISSING);
                        if found { Err(super::lookup::Stop::Enough) } else { Ok(()) }
                    });
                }
                found
            })
        })
    }

    fn drop_keys(&self, change: &mut Change, kind: KindId, id: u32) {
        for (relation, entry) in self.ruleset.relations.iter_enumerated() {
            if entry.open.is_none() {
                continue;
            }
            for slot in (0..entry.slots.len()).filter(|slot| entry.slots[*slot].ty == Ty::Thing(kind)) {
                let mut want = vec![Want::Any; entry.slots.len()];
                want[slot] = Want::Is(id);
                let mut gone = Vec::new();
                let run = Run::new(self, change.clone(), u64::MAX);
                let _ = run.stated(relation, &want, false, &mut |tuple| {
                    gone.push(tuple.to_vec());
                    Ok(())
                });
                gone.iter().for_each(|tuple| change.take(relation, tuple, false));
            }
        }
    }
}

impl Change {
    fn delta(&mut self, relation: RelationId) -> &mut Delta {
        self.relations.entry(relation).or_default()
    }

    /// States a fact.
    pub fn put(&mut self, relation: RelationId, tuple: Tuple, maybe: bool) {
        let delta = self.delta(relation);
        if !delta.removed[usize::from(maybe)].remove(&tuple) {
            delta.added[usize::from(maybe)].insert(tuple);
        }
    }

    /// Takes a fact away.
    pub fn take(&mut self, relation: RelationId, tuple: &[u32], maybe: bool) {
        let delta = self.delta(relation);
        if !delta.added[usize::from(maybe)].remove(tuple) {
            delta.removed[usize::from(maybe)].insert(tuple.to_vec());
        }
    }
}
