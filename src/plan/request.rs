//! What a body is compiled for, and what it reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::figures::Figures;
use crate::base::{BitSet, IndexVec};
use crate::engine::{Clock, Table};
use crate::facts::Dictionary;
use crate::model::{Atom, AtomSource, Clause, DomainId, KindId, ParameterId, Ruleset, VarId};
use crate::value::Value;

/// What bodies read.
pub struct Inputs<'i> {
    /// The ruleset.
    pub ruleset: &'i Ruleset,
    /// Names and values; every constant of a rule has an id.
    pub dictionaries: &'i IndexVec<DomainId, Dictionary>,
    /// The values of parameters.
    pub parameters: &'i IndexVec<ParameterId, Option<Value>>,
    /// Who is of which kind.
    pub members: &'i IndexVec<KindId, Arc<BitSet>>,
    /// The tuples an atom asks, certain or possible.
    pub tables: &'i dyn Fn(&AtomSource, bool) -> Arc<Table>,
    /// Whether a value in this slot of an atom may be missing.
    pub missing: &'i dyn Fn(&AtomSource, usize) -> bool,
    /// What ends the work before its time.
    pub clock: &'i Clock,
    /// Where bodies that are asked of the same subjects keep what figures come to.
    pub figures: Option<&'i Figures>,
}

/// Subjects that are sought.
#[derive(Clone, Debug)]
pub struct Subjects {
    /// Them, each once.
    pub table: Arc<Table>,
    /// The variable of each of its columns.
    pub vars: Vec<VarId>,
}

/// Which program is wanted.
pub struct Request<'r> {
    /// The body.
    pub clause: &'r Clause,
    /// Variables whose values are given.
    pub bound: BTreeSet<VarId>,
    /// Variables whose values are wanted; without any, only whether the body can be met.
    pub needed: BTreeSet<VarId>,
    /// Whether to ask what is possible instead of what is certain.
    pub possible: bool,
    /// An atom that reads other tuples than its relation's: what a fixpoint found last.
    pub delta: Option<(&'r Atom, Arc<Table>)>,
    /// The subjects, where some variables are to be theirs and are sought with the rest.
    pub subjects: Option<Subjects>,
    /// Whether it is wanted of all subjects what figures come to, so that none is passed over for want of something.
    pub figures: bool,
    /// Whether ids may be looked up by what is worked out; a calculation without a result then ends the search.
    pub lookups: bool,
}

impl<'r> Request<'r> {
    /// The same of another body that means the same.
    pub(super) fn of(&self, clause: &'r Clause) -> Self {
        Self {
            clause,
            bound: self.bound.clone(),
            needed: self.needed.clone(),
            delta: self.delta.clone(),
            subjects: self.subjects.clone(),
            ..*self
        }
    }

    /// All ways to give these variables their values; nothing is given, and nothing else asked.
    pub fn new(clause: &'r Clause, needed: BTreeSet<VarId>, possible: bool) -> Self {
        Self {
            clause,
            bound: BTreeSet::new(),
            needed,
            possible,
            delta: None,
            subjects: None,
            figures: false,
            lookups: false,
        }
    }
}
