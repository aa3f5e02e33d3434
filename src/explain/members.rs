//! Changes that work by a thing coming into a kind, or leaving it.

use std::collections::BTreeSet;

use super::Coverage;
use super::lookup::{Stop, Want};
use super::moves::{Move, Scope, Sofar};
use super::run::{Run, Trace};
use super::tried::Tried;
use super::world::{Change, Node, World};
use crate::facts::MISSING;
use crate::model::{KindId, RelationId, Slot, Ty};

/// So many things of a kind are tried to be taken out of it, or put there.
const MOST_THINGS: usize = 200;

/// What changes are looked for around.
pub(super) struct About<'a, 'c> {
    pub trace: &'a Trace,
    pub scope: &'a Scope,
    pub tried: &'a Tried<'a>,
    pub sofar: &'a Sofar<'c>,
}

impl World<'_> {
    /// Facts by which things come into a kind of which all things were asked, or leave it, and how many of those that could
    /// matter these are.
    pub fn comings(&self, kind: KindId, about: &About<'_, '_>, out: &mut BTreeSet<Move>) -> Coverage {
        let domain = self.ruleset.kinds[kind].domain;
        let things = about.tried.of(domain);
        let all = about.tried.tries_all(domain) && things.len() <= MOST_THINGS;
        let mut coverage = if all { Coverage::Whole } else { Coverage::SomeNames };
        for id in things.iter().take(MOST_THINGS) {
            coverage = coverage.max(self.kind_moves(kind, *id, about, out));
        }
        coverage
    }

    /// Facts that put a thing in a kind, or would, and how many of those that could matter these are.
    pub fn kind_moves(
        &self,
        kind: KindId,
        id: u32,
        about: &About<'_, '_>,
        out: &mut BTreeSet<Move>,
    ) -> Coverage {
        if self.is_member(about.sofar.change, kind, id) {
            out.extend(self.holding(about.sofar.change, kind, id, about.sofar.left).into_iter().flatten());
            return Coverage::Whole;
        }
        let before = out.len();
        let mut coverage = Coverage::Whole;
        for (relation, entry) in self.ruleset.relations.iter_enumerated() {
            if !self.may_change(relation) || !self.is_stated_at_all(relation) {
                continue;
            }
            for (at, slot) in entry.slots.iter().enumerate() {
                let Ty::Thing(other) = slot.ty else { continue };
                if !self.ruleset.is_part_of(other, kind) {
                    continue;
                }
                for want in self.wants_with(relation, (at, id), about) {
                    let filled = about.tried.fillings(relation, &want, &mut |tuple| {
                        let is_open = entry.open.is_some();
                        out.insert(if is_open {
                            Move::Set(relation, tuple)
                        } else {
                            Move::Add(relation, tuple)
                        });
                    });
                    coverage = coverage.max(filled);
                }
            }
        }
        // Facts put things in the kind at the top of others as well, where there are such.
        if self.may_kinds_change() && (self.ruleset.kinds[kind].root != kind || out.len() == before) {
            out.insert(Move::Join(kind, id));
        }
        coverage
    }

    /// What is to be taken away so that a thing is not of a kind; nothing where that is more than may be changed.
    fn holding(&self, change: &Change, kind: KindId, id: u32, most: usize) -> Option<BTreeSet<Move>> {
        let part = |other: KindId| self.ruleset.is_part_of(other, kind);
        let said =
            self.ruleset.kinds.ids().filter(|other| part(*other) && self.is_outright(change, *other, id));
        let mut found: BTreeSet<Move> = said.map(|other| Move::Leave(other, id)).collect();
        if found.len() > most || !found.is_empty() && !self.may_kinds_change() {
            return None;
        }
        // Whoever only doubtful facts name is of the root kind.
        let is_root = self.ruleset.kinds[kind].root == kind;
        let run = Run::new(self, change.clone(), u64::MAX);
        for (relation, entry) in self.ruleset.relations.iter_enumerated() {
            for at in 0..entry.slots.len() {
                if !matches!(entry.slots[at].ty, Ty::Thing(other) if part(other)) {
                    continue;
                }
                let mut want = vec![Want::Any; entry.slots.len()];
                want[at] = Want::Is(id);
                let mut is_fixed = false;
                let ended = run.stated(relation, &want, is_root, &mut |tuple| {
                    if entry.open.is_none_or(|open| tuple[open] != MISSING) {
                        is_fixed |= !self.may_change(relation);
                        found.insert(Move::Remove(relation, tuple.to_vec()));
                    }
                    if is_fixed || found.len() > most { Err(Stop::Enough) } else { Ok(()) }
                });
                if ended.is_err() {
                    return None;
                }
            }
        }
        Some(found)
    }

    /// What fills the slots of facts that would put a thing in a slot.
    fn wants_with(
        &self,
        relation: RelationId,
        (at, id): (usize, u32),
        about: &About<'_, '_>,
    ) -> Vec<Vec<Want>> {
        let slots = &self.ruleset.relations[relation].slots;
        let mut wants = vec![vec![Want::Any; slots.len()]];
        wants[0][at] = Want::Is(id);
        // Where the relation is not read, it is all one with whom the fact is.
        if about.scope.reads.contains(&Node::Relation(relation)) {
            return wants;
        }
        for (place, slot) in slots.iter().enumerate().filter(|(place, _)| *place != at) {
            let is_new = id as usize >= self.evaluation.dictionaries[self.domain(relation, at)].len();
            let others = self.others(slot, is_new, about);
            if others.is_empty() {
                continue;
            }
            let with = |want: &Vec<Want>, other: Want| {
                let mut want = want.clone();
                want[place] = other;
                want
            };
            wants = wants
                .iter()
                .flat_map(|want| others.iter().map(|other| with(want, *other)).collect::<Vec<_>>())
                .collect();
        }
        wants
    }

    /// Whom or what a fact may name beside a thing that comes into a kind by it, where that is all one.
    fn others(&self, slot: &Slot, is_new: bool, about: &About<'_, '_>) -> Vec<Want> {
        let domain = self.ruleset.domain_of(slot.ty);
        let Ty::Thing(kind) = slot.ty else {
            return about.tried.plainest(domain).map(Want::Is).into_iter().collect();
        };
        let new = self.evaluation.dictionaries[domain].len() as u32;
        // Another thing of the kind would be one more of those asked about.
        let asked = about.trace.all.iter().any(|all| self.ruleset.is_part_of(kind, *all));
        let is_of = |other: u32| self.is_member(about.sofar.change, kind, other);
        let subject = about.scope.subject.iter().filter(|(own, _)| self.ruleset.kinds[*own].domain == domain);
        let mut known: Vec<u32> = subject.map(|(_, id)| *id).filter(|id| is_of(*id)).collect();
        let mut members = self.stated.members[kind].iter().map(|id| id as u32);
        if known.is_empty() {
            known.extend(members.find(|other| is_of(*other)));
        }
        match known.first() {
            Some(known) if asked => vec![Want::Is(*known), Want::Is(new)],
            Some(known) if is_new => vec![Want::Is(*known)],
            Some(_) | None => vec![Want::Is(new)],
        }
    }
}
