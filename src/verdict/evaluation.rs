//! Everything one evaluation found out, with the dictionaries that name it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::IndexVec;
use crate::facts::{Dictionary, MISSING, Stated, TableRead};
use crate::model::{
    Constant, DomainId, LensId, NeverId, ParameterId, QuestionId, RelationId, Ruleset, VarId,
};
use crate::plan::{Plan, Task};
use crate::value::Value;

use super::VerdictTable;

/// The result of evaluating a ruleset over one world.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Names and values by domain, those that rules made included.
    pub dictionaries: IndexVec<DomainId, Dictionary>,
    /// The outcomes of each question.
    pub tables: IndexVec<QuestionId, VerdictTable>,
    /// The tuples of each relation, stated and derived.
    pub relations: IndexVec<RelationId, RelationBounds>,
    /// The tables the facts come from.
    pub reads: Vec<TableRead>,
    /// The ways each constraint is broken, sorted.
    pub violations: IndexVec<NeverId, Vec<Violation>>,
    /// The values parameters had.
    pub parameters: IndexVec<ParameterId, Option<Value>>,
    /// The facts as they were stated, where that was asked for.
    pub stated: Option<Arc<Stated>>,
    /// What was not worked out.
    pub left_out: LeftOut,
}

/// What an evaluation did not work out, where it was not asked to.
#[derive(Clone, Default, Debug)]
pub struct LeftOut {
    /// Relations: what is stated of them is kept all the same.
    pub relations: BTreeSet<RelationId>,
    /// Questions of which it is not known who is asked about.
    pub populations: BTreeSet<QuestionId>,
    /// Lenses.
    pub lenses: BTreeSet<LensId>,
    /// Whether it is not known how constraints are broken.
    pub constraints: bool,
    /// How many names or values of each domain the facts came with.
    pub(super) known: IndexVec<DomainId, usize>,
}

impl LeftOut {
    /// What a plan leaves out of a ruleset.
    pub(super) fn of(ruleset: &Ruleset, plan: &Plan, dictionaries: &IndexVec<DomainId, Dictionary>) -> Self {
        let mut out = Self {
            relations: ruleset.relations.ids().collect(),
            populations: ruleset.questions.ids().collect(),
            lenses: ruleset.lenses.ids().collect(),
            constraints: !ruleset.nevers.is_empty(),
            known: dictionaries.iter().map(Dictionary::len).collect(),
        };
        for step in &plan.steps {
            match step {
                Task::Relations { members, .. } => members.iter().for_each(|id| _ = out.relations.remove(id)),
                Task::Population(question) => _ = out.populations.remove(question),
                // What a lens says where there is no `among` hangs on all lenses of the question.
                Task::Lens(lens) => {
                    if ruleset.questions[ruleset.lenses[*lens].question].among.is_some() {
                        out.lenses.remove(lens);
                    }
                }
            }
        }
        out
    }

    /// Whether some relation is left out that a plan works out.
    pub fn is_missing(&self, plan: &Plan) -> bool {
        plan.steps.iter().any(|step| match step {
            Task::Relations { members, .. } => members.iter().any(|id| self.relations.contains(id)),
            Task::Population(_) | Task::Lens(_) => false,
        })
    }

    /// Whether everything was worked out.
    pub fn is_nothing(&self) -> bool {
        let parts = self.relations.len() + self.populations.len() + self.lenses.len();
        parts == 0 && !self.constraints
    }
}

/// The tuples of a relation: columns of ids, each tuple once, ascending by ids.
#[derive(Clone, Debug, Default)]
pub struct RelationBounds {
    /// What certainly holds.
    pub certain: Vec<Arc<Vec<u32>>>,
    /// What certainly or possibly holds; `None` where it is the same.
    pub possible: Option<Vec<Arc<Vec<u32>>>>,
}

/// One way a constraint is broken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Violation {
    /// The words of the constraint with what they stand for, in order of their first mention;
    /// words named only in negative parts or written `any` are left out. `None` for a missing value.
    pub bindings: Vec<(VarId, Option<Constant>)>,
    /// Whether it is certain or only possible.
    pub certain: bool,
}

/// How far something holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Bound {
    /// In no completion of the facts.
    Impossible,
    /// Perhaps.
    Possible,
    /// In every completion.
    Certain,
}

impl Evaluation {
    /// The ids of constants in the domains given, where all have one.
    pub fn ids(&self, constants: &[Constant], domains: &[DomainId]) -> Option<Vec<u32>> {
        constants
            .iter()
            .zip(domains)
            .map(|(constant, domain)| self.dictionaries[*domain].find(constant))
            .collect()
    }
}

impl RelationBounds {
    /// How far a tuple holds: per slot its id, where it has one, and whether it is a value. A tuple whose
    /// values are missing where this one has some holds possibly.
    pub fn bound(&self, slots: &[(Option<u32>, bool)]) -> Bound {
        let ids: Option<Vec<u32>> = slots.iter().map(|(id, _)| *id).collect();
        let possible = self.possible.as_deref().unwrap_or(&self.certain);
        if ids.as_ref().is_some_and(|ids| contains(&self.certain, ids)) {
            return Bound::Certain;
        }
        let rows = possible.first().map_or(0, |column| column.len());
        let fits = |row: usize| {
            slots.iter().zip(possible).all(|((id, is_value), column)| {
                *id == Some(column[row]) || *is_value && column[row] == MISSING
            })
        };
        if ids.is_some_and(|ids| contains(possible, &ids)) || (0..rows).any(fits) {
            Bound::Possible
        } else {
            Bound::Impossible
        }
    }
}

fn contains(columns: &[Arc<Vec<u32>>], ids: &[u32]) -> bool {
    let rows = columns.first().map_or(0, |column| column.len());
    let compare = |row: usize| columns.iter().map(|column| column[row]).cmp(ids.iter().copied());
    let (mut low, mut high) = (0, rows);
    while low < high {
        let middle = low.midpoint(high);
        match compare(middle) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}
