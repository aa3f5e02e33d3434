//! Why a lens does not give another verdict: for each row that would, what it lacks.

use std::collections::BTreeSet;

use super::lookup::{Stop, Tuple};
use super::run::{Matched, Run};
use super::solve::{Env, flatten, gives, looks_at};
use super::{Gap, Sides, WhyNot};
use crate::base::{Idx, InOrder};
use crate::checker::{Amount, Claim, Derivation, Held, Step};
use crate::model::clause::all_cond_vars;
use crate::model::{AtomSource, Clause, CompareOp, Cond, Constant, LensId, RowId, VarId};
use crate::value::{Decimal, Value};

/// Of a row's conditions, up to so many are tried to be left out together.
const MOST_LEFT_OUT: usize = 4;
/// The most branches of choices that are looked at as rows of their own.
const MOST_BRANCHES: usize = 16;

/// The most ways that are weighed by how much a comparison is missed.
const MOST_WEIGHED: usize = 200;

/// A row without some of its conditions.
struct Split<'c> {
    fails: Vec<&'c Cond>,
    /// Conditions on words that only those would give a value.
    unasked: Vec<&'c Cond>,
    holds: Vec<&'c Cond>,
    /// How many of those that hold are about the subject.
    own: usize,
}

/// Conditions that do not hold, those that do, and what the words stand for.
struct Lack<'c> {
    fails: Vec<&'c Cond>,
    unasked: Vec<&'c Cond>,
    holds: Vec<&'c Cond>,
    barred: bool,
    ids: Vec<Option<u32>>,
}

impl Run<'_> {
    /// What each row that does not match lacks, the least first. `None` where the search stopped early.
    pub fn why_not(
        &self,
        lens: LensId,
        subject: &[u32],
        matched: &Matched,
    ) -> Result<(Vec<WhyNot>, bool), Stop> {
        let mut out = Vec::new();
        let mut complete = true;
        for (row, entry) in self.world.ruleset.lenses[lens].rows.iter_enumerated() {
            if matched.certain.contains(&row.index()) {
                continue;
            }
            match self.lacks(&entry.clause, subject) {
                Ok(Some(lack)) => out.push(self.told_lack(lens, row, &entry.clause, &lack)?),
                Ok(None) | Err(Stop::Enough) => complete = false,
                Err(Stop::Spent) => {
                    complete = false;
                    break;
                }
                Err(Stop::Lost) => return Err(Stop::Lost),
            }
        }
        out.order_by_key(|why| {
            (why.fails.len() + why.unasked.len() + usize::from(why.barred.is_some()), why.row)
        });
        Ok((out, complete))
    }

    /// The fewest conditions without which a row would match.
    fn lacks<'c>(&self, clause: &'c Clause, subject: &[u32]) -> Result<Option<Lack<'c>>, Stop> {
        let mut ways: Vec<Vec<&'c Cond>> = vec![Vec::new()];
        let mut parts = Vec::new();
        flatten(&clause.when, &mut parts);
        for part in parts {
            match part {
                Cond::Or(branches) if ways.len() * branches.len() <= MOST_BRANCHES => {
                    ways = ways
                        .iter()
                        .flat_map(|way| {
                            branches.iter().map(move |branch| {
                                let mut own = way.clone();
                                flatten(branch, &mut own);
                                own
                            })
                        })
                        .collect();
                }
                other => ways.iter_mut().for_each(|way| way.push(other)),
            }
        }
        for count in 0..=MOST_LEFT_OUT {
            let mut left_out: Vec<Split<'c>> = ways
                .iter()
                .flat_map(|way| {
                    subsets(way.len(), count)
                        .into_iter()
                        .filter_map(|dropped| Split::new(way, &dropped, subject.len()))
                })
                .collect();
            // What rests most on facts of the subject's own comes first; that two are one and the same says least.
            let same = |split: &Split<'_>| {
                split.fails.iter().any(|cond| matches!(cond, Cond::Compare { op: CompareOp::Ne, .. }))
            };
            left_out.order_by_key(|split| (std::cmp::Reverse(split.own), split.unasked.len(), same(split)));
            for split in left_out {
                if let Some(lack) = self.without(clause, split, subject)? {
                    return Ok(Some(lack));
                }
            }
        }
        Ok(None)
    }

    /// How the rest holds while none of what is left out does, with comparisons missed by the least.
    fn without<'c>(
        &self,
        clause: &'c Clause,
        split: Split<'c>,
        subject: &[u32],
    ) -> Result<Option<Lack<'c>>, Stop> {
        let Split { fails, unasked, holds, own: _ } = split;
        let env = Env::of_subject(&clause.vars, subject);
        let compares = fails.iter().any(|cond| matches!(cond, Cond::Compare { .. }));
        let mut best: Option<(Rank, Vec<Option<u32>>)> = None;
        let mut seen = 0;
        super::prove::ended(self.all(&holds, &mut env.clone(), false, &mut |env| {
            for cond in &fails {
                if self.meets(cond, env, false)? {
                    return Ok(());
                }
            }
            let bars = match &clause.unless {
                Some(unless) => self.meets(unless, env, true)?,
                None => false,
            };
            let mut missed = Vec::new();
            for cond in &fails {
                if let Cond::Compare { lhs, rhs, .. } = cond {
                    missed.push(miss(apart(self.range(lhs, env)?, self.range(rhs, env)?).gap));
                }
            }
            let rank = (bars, missed);
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, env.ids.clone()));
            }
            seen += 1;
            if !bars && !compares || seen == MOST_WEIGHED { Err(Stop::Enough) } else { Ok(()) }
        }))?;
        Ok(best.map(|((barred, _), ids)| Lack { fails, unasked, holds, barred, ids }))
    }

    fn told_lack(&self, lens: LensId, row: RowId, clause: &Clause, lack: &Lack<'_>) -> Result<WhyNot, Stop> {
        let env = Env { vars: &clause.vars, ids: lack.ids.clone() };
        let words = self.words(&env);
        let mut holds = Vec::new();
        for cond in &lack.holds {
            holds.extend(self.met_step(cond, &env)?);
        }
        let claim = Claim::Row(lens, row);
        let mut fails = Vec::new();
        let mut against = Vec::new();
        let mut instead = Vec::new();
        for cond in &lack.fails {
            let amounts = match cond {
                Cond::Compare { lhs, rhs, .. } => {
                    Some(apart(self.amount(lhs, &env)?, self.amount(rhs, &env)?))
                }
                _ => None,
            };
            fails.push(((*cond).clone(), amounts));
            instead.extend(self.instead(cond, &env, false)?.map(|fact| ((*cond).clone(), fact)));
            match cond {
                Cond::Not(inner, _) => {
                    let own = self.found(claim, inner, &env, &[true, false])?;
                    against.extend(own.map(|proof| ((**inner).clone(), proof)));
                }
                Cond::Atom(atom) if !matches!(atom.source, AtomSource::Relation(_)) => {
                    let subject: Option<Tuple> = atom.args.iter().map(|term| self.term(term, &env)).collect();
                    let Some(subject) = subject else { continue };
                    let step = self.all_lenses_step(&atom.source, &subject)?;
                    let certain = !self.meets(cond, &env, true)?;
                    let steps: Vec<Step> = step.into_iter().collect();
                    let words = words.clone();
                    against.push(((*cond).clone(), Derivation { claim, certain, words, steps }));
                }
                Cond::Compare { .. } => {}
                Cond::And(_)
                | Cond::Or(_)
                | Cond::Atom(_)
                | Cond::Let { .. }
                | Cond::Stated { .. }
                | Cond::IsKind { .. } => {
                    let own = self.found(claim, cond, &env, &[false])?;
                    against.extend(own.map(|proof| ((*cond).clone(), proof)));
                }
            }
        }
        let barred = match &clause.unless {
            Some(unless) if lack.barred => {
                let certain = self.meets(unless, &env, false)?;
                let own = self.found(claim, unless, &env, &[certain])?;
                against.extend(own.map(|proof| (unless.clone(), proof)));
                Some((unless.clone(), certain))
            }
            _ => None,
        };
        let unasked = lack.unasked.iter().map(|cond| (*cond).clone()).collect();
        Ok(WhyNot { row, words, holds, fails, unasked, barred, against, instead })
    }

    /// What meets a condition, in the first of these bounds in which something does; nothing where looking for it
    /// takes too long.
    fn found(
        &self,
        claim: Claim,
        cond: &Cond,
        env: &Env<'_>,
        bounds: &[bool],
    ) -> Result<Option<Derivation>, Stop> {
        let clause = Clause { vars: env.vars.clone(), when: cond.clone(), unless: None };
        for certain in bounds {
            match self.proof(claim, &clause, env, *certain) {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(Stop::Lost) => return Err(Stop::Lost),
                Err(Stop::Spent | Stop::Enough) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// What words stand for.
    pub fn words(&self, env: &Env<'_>) -> Vec<Held> {
        let held = |(at, id): (usize, &Option<u32>)| match id {
            None => Held::Free,
            Some(id) => {
                let domain = self.world.ruleset.domain_of(env.vars[VarId::from_usize(at)].ty);
                self.world.constant(domain, *id).map_or(Held::Missing, Held::Is)
            }
        };
        env.ids.iter().enumerate().map(held).collect()
    }
}

impl<'c> Split<'c> {
    /// A way to meet a row without some of its conditions; nothing where one of these could not be asked anyway.
    fn new(way: &[&'c Cond], dropped: &[usize], slots: usize) -> Option<Self> {
        let mut named: BTreeSet<VarId> = BTreeSet::new();
        way.iter().for_each(|part| gives(part, &mut named));
        let mut kept: Vec<usize> = (0..way.len()).filter(|at| !dropped.contains(at)).collect();
        let subject: BTreeSet<VarId> = (0..slots).map(VarId::from_usize).collect();
        let mut unasked = Vec::new();
        loop {
            let mut given = subject.clone();
            kept.iter().for_each(|at| gives(way[*at], &mut given));
            let lost = |at: &usize| {
                let mut seen = Vec::new();
                looks_at(way[*at], &mut seen);
                seen.iter().any(|var| named.contains(var) && !given.contains(var))
            };
            if dropped.iter().any(lost) {
                return None;
            }
            let (gone, rest): (Vec<usize>, Vec<usize>) = kept.iter().partition(|at| lost(at));
            if gone.is_empty() {
                break;
            }
            unasked.extend(gone);
            kept = rest;
        }
        unasked.sort_unstable();
        let conds = |places: &[usize]| places.iter().map(|at| way[*at]).collect::<Vec<_>>();
        let holds = conds(&kept);
        let own = own(&holds, subject);
        Some(Self { fails: conds(dropped), unasked: conds(&unasked), holds, own })
    }
}

/// How many sentences are about the subject, or about what others tie to it.
fn own(holds: &[&Cond], mut known: BTreeSet<VarId>) -> usize {
    let mut far: Vec<(bool, Vec<VarId>)> = holds
        .iter()
        .filter_map(|cond| {
            let mut words = Vec::new();
            all_cond_vars(cond, &mut words);
            match cond {
                Cond::Atom(_) | Cond::Or(_) | Cond::And(_) => Some((true, words)),
                Cond::Let { .. } => Some((false, words)),
                Cond::Not(..) | Cond::Compare { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => None,
            }
        })
        .collect();
    let mut count = 0;
    loop {
        let before = far.len();
        far.retain(|(is_sentence, words)| {
            let near = words.iter().any(|word| known.contains(word));
            if near {
                known.extend(words);
                count += usize::from(*is_sentence);
            }
            !near
        });
        if far.len() == before {
            return count;
        }
    }
}

/// By how much a comparison is missed; what cannot be told comes last.
type Miss = (bool, Decimal);
/// Whether something bars a way, and by how much its comparisons are missed.
type Rank = (bool, Vec<Miss>);

fn miss(gap: Option<Gap>) -> Miss {
    match gap {
        Some(Gap::Number(gap)) => (false, gap),
        Some(Gap::Days(days)) => (false, Decimal::from(days)),
        None => (true, Decimal::from(0)),
    }
}

/// Two sides, with how far apart they are; where one may be several values, how far at least.
fn apart(left: Amount, right: Amount) -> Sides {
    let gap = match (&left.range, &right.range) {
        (Some((least, most)), Some((low, high))) if most <= low => {
            between(low, most).filter(|_| most < low || least == high)
        }
        (Some((least, _)), Some((_, high))) if least >= high => between(least, high).filter(|_| least > high),
        _ => None,
    };
    Sides { left, right, gap }
}

fn between(high: &Constant, low: &Constant) -> Option<Gap> {
    match (high, low) {
        (Constant::Value(Value::Number(high)), Constant::Value(Value::Number(low))) => {
            high.checked_sub(*low).ok().map(Gap::Number)
        }
        (Constant::Value(Value::Date(high)), Constant::Value(Value::Date(low))) => {
            Some(Gap::Days(high.days_since(*low)))
        }
        _ => None,
    }
}

/// All ways to take `count` of the first `len` places.
fn subsets(len: usize, count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    if count > len {
        return Vec::new();
    }
    let mut out = Vec::new();
    for last in count - 1..len {
        for mut rest in subsets(last, count - 1) {
            rest.push(last);
            out.push(rest);
        }
    }
    out
}
