//! Why a lens does not give another verdict: for each row that would, what it lacks.

use std::collections::BTreeSet;

use super::lookup::Stop;
use super::run::{Matched, Run};
use super::solve::{Env, flatten, gives, looks_at};
use super::{Gap, Sides, WhyNot};
use crate::base::Idx;
use crate::checker::{Amount, Held};
use crate::model::{Clause, Cond, Constant, LensId, RowId, VarId};
use crate::value::Value;

/// Of a row's conditions, up to so many are tried to be left out together.
const MOST_LEFT_OUT: usize = 4;
/// The most branches of choices that are looked at as rows of their own.
const MOST_BRANCHES: usize = 16;

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
                Ok(Some(lack)) => out.push(self.told_lack(row, &entry.clause, &lack)?),
                Ok(None) | Err(Stop::Enough) => complete = false,
                Err(Stop::Spent) => {
                    complete = false;
                    break;
                }
                Err(Stop::Lost) => return Err(Stop::Lost),
            }
        }
        out.sort_by_key(|why| {
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
            for way in &ways {
                for dropped in subsets(way.len(), count) {
                    if let Some(lack) = self.without(clause, way, &dropped, subject)? {
                        return Ok(Some(lack));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether the rest holds; conditions that look at words it leaves without a value go too.
    fn without<'c>(
        &self,
        clause: &'c Clause,
        way: &[&'c Cond],
        dropped: &[usize],
        subject: &[u32],
    ) -> Result<Option<Lack<'c>>, Stop> {
        let env = Env::of_subject(&clause.vars, subject);
        let kept: Vec<usize> = (0..way.len()).filter(|at| !dropped.contains(at)).collect();
        let mut given: BTreeSet<VarId> = (0..subject.len()).map(VarId::from_usize).collect();
        kept.iter().for_each(|at| gives(way[*at], &mut given));
        let mut named: BTreeSet<VarId> = BTreeSet::new();
        way.iter().for_each(|part| gives(part, &mut named));
        let lost = |part: &Cond| {
            let mut seen = BTreeSet::new();
            looks_at(part, &mut seen);
            seen.iter().any(|var| named.contains(var) && !given.contains(var))
        };
        if kept.iter().any(|at| lost(way[*at])) {
            return Ok(None);
        }
        let rest: Vec<&Cond> = kept.iter().map(|at| way[*at]).collect();
        let mut found: Option<Vec<Option<u32>>> = None;
        let mut barred = false;
        super::prove::ended(self.all(&rest, &mut env.clone(), false, &mut |env| {
            let bars = match &clause.unless {
                Some(unless) => self.meets(unless, env, true)?,
                None => false,
            };
            if found.is_none() || barred && !bars {
                found = Some(env.ids.clone());
                barred = bars;
            }
            if barred { Ok(()) } else { Err(Stop::Enough) }
        }))?;
        let (unasked, fails) = dropped.iter().map(|at| way[*at]).partition(|part| lost(part));
        Ok(found.map(|ids| Lack { fails, unasked, holds: rest, barred, ids }))
    }

    fn told_lack(&self, row: RowId, clause: &Clause, lack: &Lack<'_>) -> Result<WhyNot, Stop> {
        let env = Env { vars: &clause.vars, ids: lack.ids.clone() };
        let words = self.words(&env);
        let mut holds = Vec::new();
        for cond in &lack.holds {
            holds.extend(self.met_step(cond, &env)?);
        }
        let mut fails = Vec::new();
        for cond in &lack.fails {
            let amounts = match cond {
                Cond::Compare { lhs, rhs, .. } => {
                    Some(apart(self.amount(lhs, &env)?, self.amount(rhs, &env)?))
                }
                _ => None,
            };
            fails.push(((*cond).clone(), amounts));
        }
        let barred = match &clause.unless {
            Some(unless) if lack.barred => Some((unless.clone(), self.meets(unless, &env, false)?)),
            _ => None,
        };
        let unasked = lack.unasked.iter().map(|cond| (*cond).clone()).collect();
        Ok(WhyNot { row, words, holds, fails, unasked, barred })
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

/// Two sides, with how far apart they are.
fn apart(left: Amount, right: Amount) -> Sides {
    let gap = match (&left.range, &right.range) {
        (Some((Constant::Value(left), _)), Some((Constant::Value(right), _))) => match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                left.checked_sub(*right).ok().map(|gap| Gap::Number(gap.abs()))
            }
            (Value::Date(left), Value::Date(right)) => Some(Gap::Days(left.days_since(*right).abs())),
            _ => None,
        },
        _ => None,
    };
    Sides { left, right, gap }
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
