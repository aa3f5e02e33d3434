//! Constraints that a change breaks or mends: a `never` is asked again where something it reads is
//! different, and its ways held against those of the world as it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Idx, InOrder};
use crate::explain::cone::{Cone, Wide};
use crate::explain::run::Run;
use crate::explain::solve::Env;
use crate::model::clause::bind;
use crate::model::{Clause, Constant, NeverId, Ruleset, Ty, VarId};
use crate::verdict::{Bound, Evaluation, Violation};

/// A way in which a constraint is broken otherwise then.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NeverWay {
    /// The words of the constraint with what they stand for, as in a `Violation`.
    pub bindings: Vec<(VarId, Option<Constant>)>,
    /// Whether it is broken so in the world as it is.
    pub before: Bound,
    /// Whether it would be.
    pub after: Bound,
}

/// What is said of one constraint then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NeverMoves {
    /// The constraint.
    pub never: NeverId,
    /// In how many ways it is broken for certain, and perhaps, in the world as it is.
    pub before: (usize, usize),
    /// In how many it would be.
    pub after: (usize, usize),
    /// The ways that differ.
    pub ways: Vec<NeverWay>,
}

/// Constraints that are broken otherwise then.
pub(super) type Broken = BTreeMap<NeverId, Vec<NeverWay>>;

type Names = Vec<Option<Constant>>;
type Words = Vec<(VarId, Option<Constant>)>;
type Ways = BTreeMap<Words, Bound>;

/// The words of a constraint that are told.
fn shown(clause: &Clause) -> Vec<VarId> {
    let mut known = BTreeSet::new();
    bind(&clause.when, &mut known);
    known.into_iter().filter(|var| !clause.vars[*var].any).collect()
}

fn ways<'v>(violations: impl IntoIterator<Item = &'v Violation>) -> Ways {
    let bound = |one: &Violation| if one.certain { Bound::Certain } else { Bound::Possible };
    violations.into_iter().map(|one| (one.bindings.clone(), bound(one))).collect()
}

/// Ways that are not the same in both.
fn differing(before: &Ways, after: &Ways) -> Vec<NeverWay> {
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let of = |ways: &Ways, bindings: &[(VarId, Option<Constant>)]| {
        ways.get(bindings).copied().unwrap_or(Bound::Impossible)
    };
    all.into_iter()
        .map(|way| NeverWay { bindings: way.clone(), before: of(before, way), after: of(after, way) })
        .filter(|way| way.before != way.after)
        .collect()
}

/// The constraints that are broken otherwise in another evaluation.
pub(super) fn compare(ruleset: &Ruleset, old: &Evaluation, new: &Evaluation) -> Broken {
    let of = |never| differing(&ways(&old.violations[never]), &ways(&new.violations[never]));
    let all = ruleset.nevers.ids().map(|never| (never, of(never)));
    all.filter(|(_, ways)| !ways.is_empty()).collect()
}

/// What is told of the constraints that differ, with how often each is broken.
pub(super) fn moves(evaluation: &Evaluation, broken: Broken) -> Vec<NeverMoves> {
    let counted = |(never, ways): (NeverId, Vec<NeverWay>)| {
        let all = &evaluation.violations[never];
        let certain = all.iter().filter(|one| one.certain).count();
        let before = (certain, all.len() - certain);
        let then = |before: usize, bound: Bound| {
            let gone = ways.iter().filter(|way| way.before == bound).count();
            before + ways.iter().filter(|way| way.after == bound).count() - gone
        };
        let after = (then(before.0, Bound::Certain), then(before.1, Bound::Possible));
        NeverMoves { never, before, after, ways }
    };
    broken.into_iter().map(counted).collect()
}

impl Cone<'_, '_> {
    /// The constraints that are broken otherwise.
    pub fn nevers(&self) -> Result<Broken, Wide> {
        let mut broken = Broken::new();
        for never in self.old.world.ruleset.nevers.ids() {
            let ways = self.never(never)?;
            if !ways.is_empty() {
                broken.insert(never, ways);
            }
        }
        Ok(broken)
    }

    /// The ways in which a constraint is broken otherwise.
    fn never(&self, never: NeverId) -> Result<Vec<NeverWay>, Wide> {
        let clause = &self.old.world.ruleset.nevers[never].clause;
        let shown = shown(clause);
        // Things are looked up again; values go with them, for a missing one meets any.
        let things: Vec<VarId> =
            shown.iter().copied().filter(|var| matches!(clause.vars[*var].ty, Ty::Thing(_))).collect();
        let mut patterns: BTreeSet<Vec<Option<u32>>> = BTreeSet::new();
        self.reached(clause, &mut |_, env| {
            patterns.insert(things.iter().map(|var| env.ids[var.index()]).collect());
        })?;
        if patterns.is_empty() {
            return Ok(Vec::new());
        }
        let mut known: BTreeMap<Names, Vec<&Violation>> = BTreeMap::new();
        for one in &self.old.world.evaluation.violations[never] {
            let names = one.bindings.iter().filter(|(var, _)| things.contains(var));
            known.entry(names.map(|(_, name)| name.clone()).collect()).or_default().push(one);
        }
        let mut out = Vec::new();
        for pattern in patterns {
            let ids = things.iter().zip(&pattern);
            let names: Names = ids.map(|(var, id)| self.name(clause, *var, (*id)?)).collect();
            let before = ways(known.get(&names).into_iter().flatten().copied());
            let mut after = Ways::new();
            for (possible, bound) in [(true, Bound::Possible), (false, Bound::Certain)] {
                for way in self.met(self.new, clause, (&things, &pattern), &shown, possible)? {
                    after.insert(way, bound);
                }
            }
            out.extend(differing(&before, &after));
        }
        out.order();
        out.dedup();
        Ok(out)
    }

    fn name(&self, clause: &Clause, var: VarId, id: u32) -> Option<Constant> {
        self.old.world.constant(self.old.world.ruleset.domain_of(clause.vars[var].ty), id)
    }

    /// The ways in which a constraint is broken where some words stand for these things.
    fn met(
        &self,
        run: &Run<'_>,
        clause: &Clause,
        (things, pattern): (&[VarId], &[Option<u32>]),
        shown: &[VarId],
        possible: bool,
    ) -> Result<BTreeSet<Words>, Wide> {
        let mut env = Env::new(&clause.vars);
        things.iter().zip(pattern).for_each(|(var, id)| env.ids[var.index()] = *id);
        let mut found = BTreeSet::new();
        run.clause(clause, &mut env, possible, &mut |env| {
            let of = |var: &VarId| (*var, env.ids[var.index()].and_then(|id| self.name(clause, *var, id)));
            found.insert(shown.iter().map(of).collect());
            Ok(())
        })?;
        Ok(found)
    }
}
