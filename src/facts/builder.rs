//! Gathers stated facts of one world: interns, drops duplicates, works out who is of which kind.

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

use super::{Dictionary, FactSet, Origin, StoredFacts, Tuples};
use crate::base::{BitSet, IndexVec};
use crate::model::{Constant, KindId, RelationId, Ruleset, Statements, Ty};

/// Builds a `FactSet` for one ruleset.
pub struct FactSetBuilder<'r> {
    ruleset: &'r Ruleset,
    facts: FactSet,
    certain: IndexVec<RelationId, TupleIndex>,
    maybe: IndexVec<RelationId, TupleIndex>,
}

#[derive(Default)]
struct TupleIndex(HashTable<u32>);

impl TupleIndex {
    /// Whether the tuple is new; if so it is added with its origin.
    fn add(&mut self, tuples: &mut Tuples, ids: &[u32], origin: Origin) -> bool {
        let hashed = FxBuildHasher.hash_one(ids);
        let same = |tuples: &Tuples, row: u32| {
            tuples.columns.iter().zip(ids).all(|(column, id)| column[row as usize] == *id)
        };
        if self.0.find(hashed, |&row| same(tuples, row)).is_some() {
            return false;
        }
        let row = tuples.len() as u32;
        for (column, id) in tuples.columns.iter_mut().zip(ids) {
            column.push(*id);
        }
        tuples.origins.push(origin);
        let rehash = |&row: &u32| {
            let tuple: Vec<u32> = tuples.columns.iter().map(|column| column[row as usize]).collect();
            FxBuildHasher.hash_one(tuple.as_slice())
        };
        self.0.insert_unique(hashed, row, rehash);
        true
    }

    fn contains(&self, tuples: &Tuples, ids: &[u32]) -> bool {
        let hashed = FxBuildHasher.hash_one(ids);
        self.0
            .find(hashed, |&row| {
                tuples.columns.iter().zip(ids).all(|(column, id)| column[row as usize] == *id)
            })
            .is_some()
    }
}

impl<'r> FactSetBuilder<'r> {
    /// A world without facts.
    pub fn new(ruleset: &'r Ruleset) -> Self {
        let dictionaries = Dictionary::all(ruleset);
        let empty = |slots: usize| Tuples { columns: vec![Vec::new(); slots], origins: Vec::new() };
        let relations = ruleset
            .relations
            .iter()
            .map(|relation| StoredFacts {
                certain: empty(relation.slots.len()),
                maybe: empty(relation.slots.len()),
            })
            .collect();
        let index = || ruleset.relations.iter().map(|_| TupleIndex::default()).collect();
        Self {
            ruleset,
            facts: FactSet {
                dictionaries,
                relations,
                members: ruleset.kinds.iter().map(|_| BitSet::default()).collect(),
            },
            certain: index(),
            maybe: index(),
        }
    }

    /// States a fact; the constants fit the relation's slots. Returns whether it is new.
    pub fn state(&mut self, relation: RelationId, args: &[Constant], maybe: bool, origin: Origin) -> bool {
        let ruleset = self.ruleset;
        let ids: Vec<u32> = ruleset.relations[relation]
            .slots
            .iter()
            .zip(args)
            .map(|(slot, arg)| self.facts.dictionaries[ruleset.domain_of(slot.ty)].intern(arg))
            .collect();
        self.state_ids(relation, &ids, maybe, origin)
    }

    /// States a fact whose ids are in the dictionaries already. Returns whether it is new.
    pub fn state_ids(&mut self, relation: RelationId, ids: &[u32], maybe: bool, origin: Origin) -> bool {
        let stored = &mut self.facts.relations[relation];
        if maybe {
            self.maybe[relation].add(&mut stored.maybe, ids, origin)
        } else {
            self.certain[relation].add(&mut stored.certain, ids, origin)
        }
    }

    /// States that the thing is of the kind.
    pub fn state_kind(&mut self, name: &str, kind: KindId) {
        let domain = self.ruleset.kinds[kind].domain;
        let id = self.facts.dictionaries[domain].intern_name(name);
        self.facts.members[kind].insert(id as usize);
    }

    /// States all facts of a text; names get `prefix` put before them.
    pub fn state_all(&mut self, statements: &Statements, prefix: &str) {
        let named = |constant: &Constant| match constant {
            Constant::Thing(domain, name) if !prefix.is_empty() => {
                Constant::Thing(*domain, format!("{prefix}{name}"))
            }
            other => other.clone(),
        };
        for fact in &statements.facts {
            let args: Vec<Constant> = fact.args.iter().map(named).collect();
            self.state(fact.relation, &args, fact.maybe, Origin::Text(fact.span));
        }
        for kind in &statements.kinds {
            self.state_kind(&format!("{prefix}{}", kind.name), kind.kind);
        }
    }

    /// The dictionary of a domain, to give ids before `state_ids`.
    pub fn dictionary_mut(&mut self, domain: crate::model::DomainId) -> &mut Dictionary {
        &mut self.facts.dictionaries[domain]
    }

    /// The finished facts: doubtful ones that are certain too are dropped, memberships completed.
    pub fn finish(mut self) -> FactSet {
        for relation in self.ruleset.relations.ids() {
            self.drop_settled_doubts(relation);
            self.complete_members(relation);
        }
        for kind in self.ruleset.kinds.ids() {
            let members: Vec<usize> = self.facts.members[kind].iter().collect();
            let mut above = self.ruleset.kinds[kind].parent;
            while let Some(parent) = above {
                for &member in &members {
                    self.facts.members[parent].insert(member);
                }
                above = self.ruleset.kinds[parent].parent;
            }
        }
        self.facts
    }

    fn drop_settled_doubts(&mut self, relation: RelationId) {
        let stored = &mut self.facts.relations[relation];
        if stored.maybe.is_empty() || stored.certain.is_empty() {
            return;
        }
        let keep: Vec<bool> = (0..stored.maybe.len())
            .map(|row| {
                let ids: Vec<u32> = stored.maybe.row(row).collect();
                !self.certain[relation].contains(&stored.certain, &ids)
            })
            .collect();
        let mut at = keep.iter();
        stored.maybe.origins.retain(|_| at.next().copied().unwrap_or(false));
        for column in &mut stored.maybe.columns {
            let mut at = keep.iter();
            column.retain(|_| at.next().copied().unwrap_or(false));
        }
    }

    fn complete_members(&mut self, relation: RelationId) {
        let FactSet { relations, members, .. } = &mut self.facts;
        for (slot, column) in
            self.ruleset.relations[relation].slots.iter().zip(&relations[relation].certain.columns)
        {
            if let Ty::Thing(kind) = slot.ty {
                for &id in column {
                    members[kind].insert(id as usize);
                }
            }
        }
        // A thing only doubtful facts mention is of the root kind there.
        for (slot, column) in
            self.ruleset.relations[relation].slots.iter().zip(&relations[relation].maybe.columns)
        {
            if let Ty::Thing(kind) = slot.ty {
                let root = self.ruleset.kinds[kind].root;
                for &id in column {
                    members[root].insert(id as usize);
                }
            }
        }
    }
}
