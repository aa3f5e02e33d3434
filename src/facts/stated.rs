//! The facts of a world as they were stated, kept beside an evaluation for whoever asks where they stand.
//! Shares its columns with the evaluation where a relation has no rules.

use std::sync::Arc;

use super::{Dictionary, FactSet, Origin, StoredFacts, TableRead, Tuples};
use crate::base::{BitSet, IndexVec};
use crate::model::{DomainId, KindId, RelationId};

/// What was stated in one world.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// The facts of each relation.
    pub relations: IndexVec<RelationId, StatedFacts>,
    /// The things stated to be of each kind, parts of the kind included.
    pub members: IndexVec<KindId, Arc<BitSet>>,
    /// Those of them that a text or a table says outright to be of the kind.
    pub outright: IndexVec<KindId, BitSet>,
}

impl Stated {
    /// What a set of facts states.
    pub fn of(mut facts: FactSet) -> Self {
        Self {
            relations: facts
                .relations
                .iter_mut()
                .map(std::mem::take)
                .map(|stored| StatedFacts::new(stored.certain, stored.maybe))
                .collect(),
            members: facts.members.iter_mut().map(std::mem::take).map(Arc::new).collect(),
            outright: facts.outright,
        }
    }

    /// The set of facts that states this, given what names them and the tables read.
    pub fn into_facts(
        mut self,
        dictionaries: IndexVec<DomainId, Dictionary>,
        reads: Vec<TableRead>,
    ) -> FactSet {
        FactSet {
            dictionaries,
            relations: self.relations.iter_mut().map(std::mem::take).map(StatedFacts::into_stored).collect(),
            members: self.members.iter_mut().map(std::mem::take).map(Arc::unwrap_or_clone).collect(),
            outright: self.outright,
            reads,
            repeated: Vec::new(),
        }
    }
}

/// What was stated of one relation.
#[derive(Clone, Debug, Default)]
pub struct StatedFacts {
    /// The certain facts, a column per slot, ascending; values nobody stated among them.
    pub certain: Vec<Arc<Vec<u32>>>,
    /// Facts that are only possible.
    pub maybe: Vec<Arc<Vec<u32>>>,
    origins: [Tuples; 2],
}

impl StatedFacts {
    /// Takes the columns of the certain and the doubtful facts; where they stand is kept.
    pub fn new(mut certain: Tuples, mut maybe: Tuples) -> Self {
        let columns = |tuples: &mut Tuples| std::mem::take(&mut tuples.columns);
        Self { certain: columns(&mut certain), maybe: columns(&mut maybe), origins: [certain, maybe] }
    }

    fn into_stored(self) -> StoredFacts {
        // Where there are no facts no columns may have been kept.
        let slots = self.certain.len().max(self.maybe.len());
        let [mut certain, mut maybe] = self.origins;
        for (tuples, columns) in [(&mut certain, self.certain), (&mut maybe, self.maybe)] {
            tuples.columns = columns;
            tuples.columns.resize_with(slots, Arc::default);
        }
        StoredFacts { certain, maybe }
    }

    /// The number of certain or of doubtful facts.
    pub fn len(&self, maybe: bool) -> usize {
        self.columns(maybe).first().map_or(0, |column| column.len())
    }

    /// The columns of the certain or of the doubtful facts.
    pub fn columns(&self, maybe: bool) -> &[Arc<Vec<u32>>] {
        if maybe { &self.maybe } else { &self.certain }
    }

    /// The fact in a place.
    pub fn row(&self, maybe: bool, row: usize) -> Vec<u32> {
        self.columns(maybe).iter().map(|column| column[row]).collect()
    }

    /// The place of a fact, and whether it is doubtful.
    pub fn find(&self, ids: &[u32]) -> Option<(bool, usize)> {
        [false, true].into_iter().find_map(|maybe| {
            let columns = self.columns(maybe);
            let order = |row: usize| columns.iter().map(|column| column[row]).cmp(ids.iter().copied());
            let (mut low, mut high) = (0, self.len(maybe));
            while low < high {
                let middle = low.midpoint(high);
                match order(middle) {
                    std::cmp::Ordering::Less => low = middle + 1,
                    std::cmp::Ordering::Greater => high = middle,
                    std::cmp::Ordering::Equal => return Some((maybe, middle)),
                }
            }
            None
        })
    }

    /// Where the fact in a place was first stated.
    pub fn origin(&self, maybe: bool, row: usize) -> Origin {
        self.origins[usize::from(maybe)].origin(row)
    }
}
