//! What aggregates within the rows of a lens come to, for all rows and both bounds that reckon the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::Idx;
use crate::engine::Results;
use crate::model::canonical;
use crate::model::clause::cond_vars;
use crate::model::{Aggregate, Clause, CompareOp, Cond, Constant, Expr, Term, Ty, VarId};
use crate::value::Value;

/// Of words with more ids it is not kept for each of them what a figure comes to.
const MOST_IDS: usize = 1 << 24;

/// What figures of subjects come to, for all bodies that name the same ones: by what tells figures apart.
#[derive(Debug)]
pub struct Figures {
    /// Words of the subject: the first variables of each body.
    slots: usize,
    /// How often aggregates are asked for.
    expected: Mutex<BTreeMap<String, usize>>,
    /// The body that is asked: words that are not the subject's mean the same only there.
    body: AtomicUsize,
    results: Mutex<BTreeMap<String, Arc<Results>>>,
}

impl Figures {
    /// Nothing yet, of subjects of so many words.
    pub fn new(slots: usize) -> Self {
        Self { slots, expected: Mutex::default(), body: AtomicUsize::new(0), results: Mutex::default() }
    }

    /// Notes that a body is asked so many times: what aggregates come to that are worked out again is kept in any case.
    pub fn expect(&self, clause: &Clause, times: usize) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        for cond in std::iter::once(&clause.when).chain(&clause.unless) {
            cond.each_aggregate(&mut |aggregate| {
                if let Some((key, true)) = self.key(clause, aggregate) {
                    *expected.entry(key).or_default() += times;
                }
            });
        }
    }

    /// Says that another body is asked from now on.
    pub fn begin(&self, body: usize) {
        self.body.store(body, Ordering::Relaxed);
    }

    /// Where an aggregate keeps what it comes to, which reads words from outside, the first of them with one of so many ids;
    /// `None` where no other body or bound reckons the same.
    pub(super) fn of(
        &self,
        clause: &Clause,
        aggregate: &Aggregate,
        outer: &BTreeSet<VarId>,
        ids: usize,
    ) -> Option<Arc<Results>> {
        let (key, of_subject) = self.key(clause, aggregate)?;
        let by_id = of_subject && outer.len() == 1 && ids <= MOST_IDS;
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        if by_id && expected.get(&key).is_none_or(|times| *times < 2) {
            return None;
        }
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(if by_id { Results::by_id(ids) } else { Results::default() });
        Some(Arc::clone(results.entry(key).or_insert_with(new)))
    }

    /// What tells an aggregate from others, and whether it reads no words from outside but the subject's; `None` where it
    /// reads values, which may be worked out anew.
    fn key(&self, clause: &Clause, aggregate: &Aggregate) -> Option<(String, bool)> {
        let alone = Cond::Compare {
            lhs: Expr::Aggregate(Box::new(aggregate.clone())),
            op: CompareOp::Eq,
            rhs: Expr::Term(Term::Constant(Constant::Value(Value::Flag(true)))),
            span: aggregate.span,
        };
        let mut outer = Vec::new();
        cond_vars(&alone, &mut outer);
        let is_subject = |var: &VarId| var.index() < self.slots;
        let is_lasting = |var: &VarId| {
            let types = clause.vars.get(*var).map(|var| var.ty);
            is_subject(var) || matches!(types, Some(Ty::Thing(_)))
        };
        let is_known = aggregate.own.end as usize <= clause.vars.len();
        if !is_known || !outer.iter().all(is_lasting) {
            return None;
        }
        let key = canonical::about_subject(&clause.vars, &alone, self.slots);
        if outer.iter().all(is_subject) {
            return Some((key, true));
        }
        Some((format!("{} {outer:?} {key}", self.body.load(Ordering::Relaxed)), false))
    }
}
