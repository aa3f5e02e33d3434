//! Facts that could be taken away, stated or given another value, and the world each leads to.

use std::collections::BTreeSet;

use super::lookup::{Tuple, Want, fits};
use super::run::{Run, Trace};
use super::tried::Tried;
use super::world::{Change, Delta, Node, World};
use crate::facts::{MISSING, Origin};
use crate::model::{Clause, Cond, Constant, Expr, KindId, LensId, RelationId, RepeatRole, Term, Ty};
use crate::value::Value;

/// One change of the facts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Move {
    /// Nobody states it any more.
    Remove(RelationId, Tuple),
    /// It is stated.
    Add(RelationId, Tuple),
    /// The value of a key, stated or not, is this.
    Set(RelationId, Tuple),
}

/// The most changes that could matter of which a search is told; each is a world to work out.
const MOST_MOVES: usize = 50_000;

/// What an answer is worked out from by rules, whatever the facts.
pub(super) struct Scope {
    /// All that is read on the way.
    pub reads: BTreeSet<Node>,
    /// The constants compared with.
    pub constants: BTreeSet<Value>,
}

impl World<'_> {
    /// What lenses are worked out from.
    pub fn scope(&self, lenses: &[LensId]) -> Scope {
        let mut reads = BTreeSet::new();
        lenses.iter().for_each(|lens| reads.extend(self.reads(Node::Lens(*lens)).iter().copied()));
        let constants = self.constants_of(&reads);
        Scope { reads, constants }
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
    fn is_stated_at_all(&self, relation: RelationId) -> bool {
        let facts = &self.stated.relations[relation];
        facts.len(false) + facts.len(true) > 0
            || !self.ruleset.rules.iter().any(|rule| rule.relation == relation)
    }

    /// The changes that could matter to an answer that was read off this.
    pub fn moves(&self, trace: &Trace, scope: &Scope) -> (Vec<Move>, bool) {
        let tried = Tried::new(self, &scope.constants, trace);
        let mut out = BTreeSet::new();
        let mut whole = true;
        for (relation, tuple, _) in &trace.facts {
            if !self.may_change(*relation) {
                continue;
            }
            match self.ruleset.relations[*relation].open {
                Some(slot) => {
                    if tuple[slot] != MISSING {
                        out.insert(Move::Remove(*relation, tuple.clone()));
                    }
                    for id in tried.of(self.domain(*relation, slot)).iter() {
                        if *id != tuple[slot] {
                            let mut other = tuple.clone();
                            other[slot] = *id;
                            out.insert(Move::Set(*relation, other));
                        }
                    }
                }
                None => _ = out.insert(Move::Remove(*relation, tuple.clone())),
            }
        }
        for (relation, want) in &trace.asked {
            if out.len() > MOST_MOVES {
                whole = false;
                break;
            }
            let open = self.ruleset.relations[*relation].open.is_some();
            if open || !self.may_change(*relation) || !self.is_stated_at_all(*relation) {
                continue;
            }
            whole &= tried.fillings(*relation, want, &mut |tuple| {
                out.insert(Move::Add(*relation, tuple));
            });
        }
        for (kind, id) in &trace.kinds {
            whole &= self.kind_moves(*kind, *id, scope, &tried, &mut out);
        }
        whole &= trace.all.is_empty();
        let known: BTreeSet<(RelationId, &Tuple)> =
            trace.facts.iter().filter(|(_, _, maybe)| !maybe).map(|(r, t, _)| (*r, t)).collect();
        let kept = out.iter().filter(|one| match one {
            Move::Add(relation, tuple) => !known.contains(&(*relation, tuple)),
            Move::Remove(..) | Move::Set(..) => true,
        });
        let mut kept: Vec<Move> = kept.cloned().collect();
        // Ids of values are in the order in which they came up, which hangs on what was evaluated before.
        kept.sort_by_cached_key(|one| self.order_of(one));
        (kept, whole)
    }

    fn order_of(&self, one: &Move) -> (u8, RelationId, Vec<(u32, Option<Value>)>) {
        let (sort, relation, tuple) = match one {
            Move::Remove(relation, tuple) => (0, *relation, tuple),
            Move::Add(relation, tuple) => (1, *relation, tuple),
            Move::Set(relation, tuple) => (2, *relation, tuple),
        };
        let of = |(slot, id): (usize, &u32)| {
            let is_value = self.is_value(relation, slot);
            let value = is_value.then(|| self.values.value(self.domain(relation, slot), *id)).flatten();
            (if is_value { 0 } else { *id }, value)
        };
        (sort, relation, tuple.iter().enumerate().map(of).collect())
    }

    /// Facts that put a thing in a kind, or would; whether these are all that could matter.
    fn kind_moves(
        &self,
        kind: KindId,
        id: u32,
        scope: &Scope,
        tried: &Tried<'_>,
        out: &mut BTreeSet<Move>,
    ) -> bool {
        let mut whole = true;
        let member = self.stated.members[kind].contains(id as usize);
        for (relation, entry) in self.ruleset.relations.iter_enumerated() {
            if !self.may_change(relation) || !self.is_stated_at_all(relation) {
                continue;
            }
            for (at, slot) in entry.slots.iter().enumerate() {
                let Ty::Thing(other) = slot.ty else { continue };
                if !self.ruleset.is_part_of(other, kind) {
                    continue;
                }
                let mut want = vec![Want::Any; entry.slots.len()];
                want[at] = Want::Is(id);
                if member {
                    let _ = Run::new(self, Change::default(), u64::MAX).stated(
                        relation,
                        &want,
                        true,
                        &mut |tuple| {
                            if entry.open.is_none_or(|open| tuple[open] != MISSING) {
                                out.insert(Move::Remove(relation, tuple.to_vec()));
                            }
                            Ok(())
                        },
                    );
                } else {
                    // Where the relation is not read, it is all one with whom the fact is.
                    let read = scope.reads.contains(&Node::Relation(relation));
                    let others = if read { &[][..] } else { &entry.slots[..] };
                    for (place, other) in others.iter().enumerate().filter(|(place, _)| *place != at) {
                        let domain = self.ruleset.domain_of(other.ty);
                        want[place] = match other.ty {
                            Ty::Thing(_) => Want::Is(self.evaluation.dictionaries[domain].len() as u32),
                            Ty::Value(_) => match tried.of(domain).first() {
                                Some(id) => Want::Is(*id),
                                None => Want::Any,
                            },
                        };
                    }
                    whole &= tried.fillings(relation, &want, &mut |tuple| {
                        out.insert(if entry.open.is_some() {
                            Move::Set(relation, tuple)
                        } else {
                            Move::Add(relation, tuple)
                        });
                    });
                }
            }
        }
        whole
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

    /// The keys that a new thing of a kind brings.
    fn new_keys(&self, change: &mut Change, kind: KindId, id: u32) -> Option<()> {
        for (relation, entry) in self.ruleset.relations.iter_enumerated() {
            let Some(open) = entry.open else { continue };
            let own: Vec<usize> =
                (0..entry.slots.len()).filter(|slot| entry.slots[*slot].ty == Ty::Thing(kind)).collect();
            for fixed in own {
                let mut ways: Vec<Tuple> = vec![Vec::new()];
                for (slot, other) in entry.slots.iter().enumerate() {
                    let ids: Vec<u32> = match other.ty {
                        _ if slot == open => vec![MISSING],
                        _ if slot == fixed => vec![id],
                        Ty::Thing(kind) => Run::new(self, change.clone(), u64::MAX).members(kind),
                        Ty::Value(_) => {
                            let column = &self.stated.relations[relation].certain[slot];
                            column.iter().copied().collect::<BTreeSet<u32>>().into_iter().collect()
                        }
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
        let said = |other: KindId| {
            let known = self.stated.outright[other].contains(id as usize);
            change.outright.get(&(other, id)).copied().unwrap_or(known)
        };
        if self.ruleset.kinds.ids().any(|other| part(other) && said(other)) {
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

    /// The constants rules that matter here compare with, and parameters' values.
    pub fn constants_of(&self, nodes: &BTreeSet<Node>) -> BTreeSet<Value> {
        let mut out: BTreeSet<Value> = self.evaluation.parameters.iter().flatten().cloned().collect();
        let mut add = |clause: &Clause| {
            values_in(&clause.when, &mut out);
            clause.unless.iter().for_each(|unless| values_in(unless, &mut out));
        };
        for node in nodes {
            match node {
                Node::Relation(relation) => {
                    self.ruleset
                        .rules
                        .iter()
                        .filter(|rule| rule.relation == *relation)
                        .for_each(|rule| add(&rule.clause));
                }
                Node::Population(question) => {
                    self.ruleset.questions[*question].among.iter().for_each(&mut add);
                }
                Node::Lens(lens) => {
                    self.ruleset.lenses[*lens].rows.iter().for_each(|row| add(&row.clause));
                }
                Node::Kind(_) => {}
            }
        }
        out
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

fn values_in(cond: &Cond, out: &mut BTreeSet<Value>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| values_in(part, out)),
        Cond::Not(inner, _) => values_in(inner, out),
        Cond::Atom(atom) => atom.args.iter().for_each(|term| value_of(term, out)),
        Cond::Compare { lhs, rhs, .. } => {
            expr_values(lhs, out);
            expr_values(rhs, out);
        }
        Cond::Let { value, .. } => expr_values(value, out),
        Cond::Stated { .. } | Cond::IsKind { .. } => {}
    }
    let mut bodies = Vec::new();
    cond.aggregated(&mut |body| bodies.push(body));
    bodies.into_iter().for_each(|body| values_in(body, out));
}

fn value_of(term: &Term, out: &mut BTreeSet<Value>) {
    if let Term::Constant(Constant::Value(value)) = term {
        out.insert(value.clone());
    }
}

fn expr_values(expr: &Expr, out: &mut BTreeSet<Value>) {
    match expr {
        Expr::Term(term) => value_of(term, out),
        Expr::Negate(inner) => expr_values(inner, out),
        Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => {
            expr_values(lhs, out);
            expr_values(rhs, out);
        }
        Expr::Shift { date, amount, .. } => {
            expr_values(date, out);
            expr_values(amount, out);
        }
        Expr::Call(_, args) => args.iter().for_each(|arg| expr_values(arg, out)),
        Expr::Aggregate(_) => {}
    }
}
