//! A world after some changes of its facts.

use super::FalseStep;
use super::plain::{Args, Plain, Table, Truth};
use super::proof::FactChange;
use super::replay::Facts;
use crate::model::{Constant, KindId, RelationId, Ty};

impl<'f> Plain<'f> {
    /// The world after these changes: what is taken away must be stated, what is stated anew must not be
    /// certain yet.
    pub fn after(facts: Facts<'f>, changes: &[FactChange]) -> Result<Self, FalseStep> {
        let mut world = Self::new(facts);
        let mut gone: Vec<(KindId, String)> = Vec::new();
        for change in changes {
            let refused = || FalseStep(format!("this change cannot be made: {change:?}"));
            let (named, is_new) = match change {
                FactChange::Leave(kind, name) | FactChange::Join(kind, name) => {
                    let joins = matches!(change, FactChange::Join(..));
                    if world.is_outright(*kind, name) == joins {
                        return Err(refused());
                    }
                    world.outright.insert((*kind, name.clone()), joins);
                    (world.above(*kind, name), joins)
                }
                FactChange::Remove(fact) => {
                    let mut table = world.stated(fact.relation);
                    if !table.unsure
                        && !table.certain.contains(&fact.args)
                        && !table.doubtful.contains(&fact.args)
                    {
                        return Err(refused());
                    }
                    table.certain.remove(&fact.args);
                    table.doubtful.remove(&fact.args);
                    if let Some(slot) = facts.ruleset.relations[fact.relation].open {
                        let mut missing = fact.args.clone();
                        missing[slot] = None;
                        table.doubtful.insert(missing);
                    }
                    world.changed.insert(fact.relation, table);
                    (world.named(fact.relation, &fact.args), false)
                }
                FactChange::Add(fact) | FactChange::Set(fact) => {
                    let mut table = world.stated(fact.relation);
                    if table.certain.contains(&fact.args) {
                        return Err(refused());
                    }
                    if let Some(slot) = facts.ruleset.relations[fact.relation].open {
                        let same = |other: &Args| {
                            let mut pairs = other.iter().zip(&fact.args).enumerate();
                            pairs.all(|(at, (one, other))| at == slot || one == other)
                        };
                        table.certain.retain(|args| !same(args));
                        table.doubtful.retain(|args| !same(args));
                    }
                    table.doubtful.remove(&fact.args);
                    table.certain.insert(fact.args.clone());
                    world.changed.insert(fact.relation, table);
                    (world.named(fact.relation, &fact.args), true)
                }
            };
            if is_new {
                world.members.extend(named.into_iter().map(|thing| (thing, true)));
            } else {
                gone.extend(named);
            }
        }
        let mut members = std::mem::take(&mut world.members);
        for (kind, name) in gone {
            match world.is_put_in(kind, &name) {
                Truth::Yes => {}
                Truth::No => _ = members.insert((kind, name), false),
                Truth::Unsure => world.blind = true,
            }
        }
        members.retain(|(kind, name), is| {
            let id = facts.dictionaries[facts.ruleset.kinds[*kind].domain].find_name(name);
            id.is_some_and(|id| facts.stated.members[*kind].contains(id as usize)) != *is
        });
        world.members = members;
        Ok(world)
    }

    /// The things a fact names, each with the kinds that puts it in.
    fn named(&self, relation: RelationId, args: &[Option<Constant>]) -> Vec<(KindId, String)> {
        let mut out = Vec::new();
        for (slot, arg) in self.facts.ruleset.relations[relation].slots.iter().zip(args) {
            if let (Ty::Thing(kind), Some(Constant::Thing(_, name))) = (slot.ty, arg) {
                out.extend(self.above(kind, name));
            }
        }
        out
    }

    /// A thing with its kind and all above it.
    fn above(&self, kind: KindId, name: &str) -> Vec<(KindId, String)> {
        let up = |kind: &KindId| self.facts.ruleset.kinds[*kind].parent;
        std::iter::successors(Some(kind), up).map(|kind| (kind, name.to_owned())).collect()
    }

    /// Whether it is said outright that a thing is of a kind.
    fn is_outright(&self, kind: KindId, name: &str) -> bool {
        self.outright.get(&(kind, name.to_owned())).copied().unwrap_or_else(|| {
            let id = self.facts.dictionaries[self.facts.ruleset.kinds[kind].domain].find_name(name);
            id.is_some_and(|id| self.facts.stated.outright[kind].contains(id as usize))
        })
    }

    /// Whether a statement puts a thing in a kind.
    pub(super) fn is_put_in(&self, kind: KindId, name: &str) -> Truth {
        let ruleset = self.facts.ruleset;
        let part = |other: KindId| ruleset.is_part_of(other, kind);
        if ruleset.kinds.ids().any(|other| part(other) && self.is_outright(other, name)) {
            return Truth::Yes;
        }
        let is_root = ruleset.kinds[kind].root == kind;
        let names = |arg: &Option<Constant>| matches!(arg, Some(Constant::Thing(_, own)) if own == name);
        let mut truth = Truth::No;
        for (relation, entry) in ruleset.relations.iter_enumerated() {
            let table: Table = self.stated(relation);
            for (slot, other) in entry.slots.iter().enumerate() {
                let Ty::Thing(other) = other.ty else { continue };
                let certain = part(other) && table.certain.iter().any(|args| names(&args[slot]));
                // A key whose value is missing states nothing.
                let whole = |args: &&Args| args.iter().all(Option::is_some);
                let doubtful = is_root
                    && ruleset.kinds[other].root == kind
                    && table.doubtful.iter().filter(whole).any(|args| names(&args[slot]));
                if certain || doubtful {
                    return Truth::Yes;
                }
                if table.unsure && ruleset.kinds[other].root == ruleset.kinds[kind].root {
                    truth = Truth::Unsure;
                }
            }
        }
        truth
    }
}
