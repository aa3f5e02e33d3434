//! The facts of a world that differs by a few from one that was evaluated.

use std::collections::BTreeSet;

use super::{Dictionary, FactSet, Origin, Stated, StoredFacts, TableRead, Tuples};
use crate::base::{BitSet, IndexVec};
use crate::model::{DomainId, KindId, RelationId};

/// What is different of a relation: certain facts first, doubtful ones second.
#[derive(Clone, Default, Debug)]
pub struct FactsChange<'c> {
    /// Facts stated now, with the ids of the dictionaries, and where; a value that is missing nobody states.
    pub added: [Vec<(&'c [u32], Origin)>; 2],
    /// Facts stated no longer.
    pub removed: Option<&'c [BTreeSet<Vec<u32>>; 2]>,
}

/// A thing that is of a kind now, or no longer.
pub type KindChange = (KindId, u32, bool);

/// The facts as they were stated but for a change of relations, of who is of which kind, and of whom that is
/// said outright.
pub fn changed<'c>(
    stated: &Stated,
    dictionaries: &IndexVec<DomainId, Dictionary>,
    reads: &[TableRead],
    change: &dyn Fn(RelationId) -> FactsChange<'c>,
    (members, outright): (&[KindChange], &[KindChange]),
) -> FactSet {
    let mut relations = IndexVec::new();
    for (id, facts) in stated.relations.iter_enumerated() {
        let change = change(id);
        let tuples = |maybe: bool| {
            let (columns, at) = (facts.columns(maybe), usize::from(maybe));
            // A relation without doubtful facts may have kept no columns for them.
            let slots = columns.len().max(facts.columns(false).len());
            let mut out = Tuples::new(slots);
            let mut ids = vec![0; columns.len()];
            for row in 0..facts.len(maybe) {
                ids.iter_mut().zip(columns).for_each(|(id, column)| *id = column[row]);
                if !change.removed.is_some_and(|removed| removed[at].contains(&ids)) {
                    out.push(&ids, facts.origin(maybe, row));
                }
            }
            change.added[at].iter().for_each(|(tuple, origin)| out.push(tuple, *origin));
            out.sort(true);
            out
        };
        relations.push(StoredFacts { certain: tuples(false), maybe: tuples(true) });
    }
    let mut all: IndexVec<KindId, BitSet> = stated.members.iter().map(|set| BitSet::clone(set)).collect();
    let mut said = stated.outright.clone();
    for (sets, changes) in [(&mut all, members), (&mut said, outright)] {
        for (kind, id, is) in changes {
            let set = &mut sets[*kind];
            if *is {
                set.insert(*id as usize);
            } else {
                set.remove(*id as usize);
            }
        }
    }
    FactSet {
        dictionaries: dictionaries.clone(),
        relations,
        members: all,
        outright: said,
        reads: reads.to_vec(),
        repeated: Vec::new(),
    }
}
