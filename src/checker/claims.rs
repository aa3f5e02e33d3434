//! Replays what is claimed beside a proof: denials over what follows, totals and counts with their
//! members, why a row does not match, what changes flip an answer. `false`: that cannot be told here.

use super::plain::{Env, Plain, Truth, Worked};
use super::proof::{Amount, Claim, Derivation, FactChange, Gap, Held, Says, Sides, Step, WhyNot};
use super::replay::{Checker, Facts, FalseStep, compares, replay};
use crate::base::Idx;
use crate::model::clause::all_cond_vars;
use crate::model::{AtomSource, Cond, Constant, Expr, KindId, LensId, NeverId, VarId};
use crate::value::Value;

/// Whether all of a claim could be replayed; an error where some of it is false.
pub(super) type Replayed = Result<bool, FalseStep>;

/// A world in which claims are replayed.
pub struct Replay<'f> {
    facts: Facts<'f>,
    pub(super) plain: Plain<'f>,
}

impl<'f> Replay<'f> {
    /// Takes the facts of a world.
    pub fn new(facts: Facts<'f>) -> Self {
        Self { facts, plain: Plain::new(facts) }
    }

    /// Replays a proof down to the facts, denials and aggregates with it.
    pub fn proof(&self, proof: &Derivation) -> Replayed {
        replay(&self.facts, proof)?;
        self.deeply(proof)
    }

    fn deeply(&self, proof: &Derivation) -> Replayed {
        let Some(env) = words(&proof.words) else { return Ok(false) };
        let mut whole = true;
        for step in &proof.steps {
            whole &= self.step(step, &env, proof.certain)?;
        }
        Ok(whole && proof.certain)
    }

    fn step(&self, step: &Step, env: &Env, certain: bool) -> Replayed {
        match step {
            Step::Fact { .. } | Step::Kind { .. } | Step::Known { .. } => Ok(true),
            Step::Derived { relation, args, maybe, by } => {
                let told = by.as_ref().map_or(Ok(false), |(_, by)| self.deeply(by))?;
                if certain && by.is_some() {
                    return Ok(told);
                }
                let table = self.plain.table(*relation);
                let is_certain = table.certain.contains(args);
                if is_certain && *maybe || !is_certain && !maybe && !table.unsure && !args.contains(&None) {
                    return Err(FalseStep(format!("{relation:?} {args:?} is certain: {is_certain}")));
                }
                Ok(is_certain)
            }
            Step::Nothing { cond, .. } => match self.plain.exists(cond, env) {
                Truth::Yes => Err(FalseStep(format!("something is so that must not be: {cond:?}"))),
                Truth::No => Ok(true),
                Truth::Unsure => Ok(false),
            },
            Step::Compare { cond, lhs, rhs } => {
                let Cond::Compare { lhs: left, op, rhs: right, .. } = &**cond else {
                    return Err(FalseStep("it compares nothing".to_owned()));
                };
                let told = self.amount(left, lhs, env)? && self.amount(right, rhs, env)?;
                match (&lhs.range, &rhs.range) {
                    (Some((low, high)), Some((least, most))) if low == high && least == most => {
                        if certain && !compares(low, *op, least) {
                            return Err(FalseStep(format!("{low:?} and {least:?} do not compare so")));
                        }
                        Ok(told)
                    }
                    _ => Ok(false),
                }
            }
            Step::Value { cond, value } => match &**cond {
                Cond::Let { value: expr, .. } => self.amount(expr, value, env),
                _ => Err(FalseStep("it gives no word a value".to_owned())),
            },
            Step::Lenses { asked, subject, says } => {
                let mut whole = true;
                for through in says {
                    whole &= self.says(through.lens, subject, &through.says)?;
                    for row in &through.rows {
                        whole &= self.deeply(row)?;
                    }
                }
                Ok(whole && !matches!(asked, AtomSource::Relation(_)))
            }
        }
    }

    /// Whether a calculation comes to what is said, of what is said.
    fn amount(&self, expr: &Expr, said: &Amount, env: &Env) -> Replayed {
        let wrong = |what: String| Err(FalseStep(format!("{expr:?} is {what}, not {said:?}")));
        match (self.plain.value(expr, env), &said.range) {
            (Worked::Is(found), Some((low, high))) => {
                if found != *low || found != *high {
                    return wrong(format!("{found:?}"));
                }
            }
            (Worked::Is(found), None) => return wrong(format!("{found:?}")),
            (Worked::Nothing, None) if said.perhaps_nothing => {}
            (Worked::Nothing, _) => return wrong("nothing".to_owned()),
            (Worked::Unsure, _) => return Ok(false),
        }
        let Expr::Aggregate(aggregate) = expr else { return Ok(true) };
        let (Some(members), Some((count, shown))) = (self.plain.members_of(aggregate, env), &said.members)
        else {
            return Ok(said.members.is_none());
        };
        let is_one = |member: &super::Member| {
            let known = members.get(&member.key);
            known.is_some_and(|(value, _)| member.value.as_ref().is_none_or(|said| said == value))
        };
        if members.len() != *count || shown.len() > *count || !shown.iter().all(is_one) {
            return wrong(format!("made of {members:?}"));
        }
        Ok(true)
    }

    /// Whether two sides are as far apart as is said.
    fn gap(&self, (lhs, rhs): (&Expr, &Expr), said: &Sides, env: &Env) -> Replayed {
        let (Worked::Is(left), Worked::Is(right)) = (self.plain.value(lhs, env), self.plain.value(rhs, env))
        else {
            return Ok(said.gap.is_none());
        };
        let (low, high) = if left < right { (left, right) } else { (right, left) };
        let found = match (high, low) {
            (Constant::Value(Value::Number(high)), Constant::Value(Value::Number(low))) => {
                high.checked_sub(low).ok().map(Gap::Number)
            }
            (Constant::Value(Value::Date(high)), Constant::Value(Value::Date(low))) => {
                Some(Gap::Days(high.days_since(low)))
            }
            _ => None,
        };
        if found == said.gap { Ok(true) } else { Err(FalseStep(format!("{said:?} are {found:?} apart"))) }
    }

    /// Replays what a lens is said to say of a subject.
    pub fn says(&self, lens: LensId, subject: &[Constant], says: &Says) -> Replayed {
        match self.plain.outcome(lens, subject) {
            Some(found) if found != *says => {
                Err(FalseStep(format!("{lens:?} says {found:?} of {subject:?}, not {says:?}")))
            }
            found => Ok(found.is_some()),
        }
    }

    /// Replays why a row of a lens does not match a subject.
    pub fn why_not(&self, lens: LensId, subject: &[Constant], why: &WhyNot) -> Replayed {
        let Some(row) = self.facts.ruleset.lenses.get(lens).and_then(|lens| lens.rows.get(why.row)) else {
            return Err(FalseStep("there is no such row".to_owned()));
        };
        let clause = &row.clause;
        let names: Vec<Held> = subject.iter().cloned().map(Held::Is).collect();
        if why.words.len() != clause.vars.len() || why.words[..names.len()] != names[..] {
            return Err(FalseStep(format!("the words of {why:?} are not those of the row")));
        }
        let Some(env) = words(&why.words) else { return Ok(false) };
        let args: Vec<Option<Constant>> = subject.iter().cloned().map(Some).collect();
        let mut whole = match self.plain.meets(clause, &args) {
            Truth::Yes => return Err(FalseStep(format!("row {:?} of {lens:?} matches after all", why.row))),
            Truth::No => true,
            Truth::Unsure => false,
        };
        let held = Derivation {
            claim: Claim::Row(lens, why.row),
            certain: true,
            words: why.words.clone(),
            steps: why.holds.clone(),
        };
        let checker = Checker { facts: &self.facts, proof: &held };
        for step in &why.holds {
            checker.step(step)?;
            whole &= self.step(step, &env, true)?;
        }
        for (cond, sides) in &why.fails {
            match self.plain.exists(cond, &env) {
                Truth::Yes => return Err(FalseStep(format!("{cond:?} does hold"))),
                Truth::No => {}
                Truth::Unsure => whole = false,
            }
            if let (Cond::Compare { lhs, rhs, .. }, Some(sides)) = (cond, sides) {
                whole &= self.amount(lhs, &sides.left, &env)? && self.amount(rhs, &sides.right, &env)?;
                whole &= self.gap((lhs, rhs), sides, &env)?;
            }
        }
        for (cond, fact) in &why.instead {
            checker.instead(cond, fact)?;
        }
        for cond in &why.unasked {
            let mut read = Vec::new();
            all_cond_vars(cond, &mut read);
            if read.iter().all(|var| env[var.index()].is_some()) {
                return Err(FalseStep(format!("{cond:?} can be asked")));
            }
        }
        // What neither is said to hold nor to fail must hold.
        if !self.named(&clause.when, why, &env) {
            return Err(FalseStep(format!("a condition of row {:?} is left out: {why:?}", why.row)));
        }
        match (&why.barred, &clause.unless) {
            (None, _) => {}
            (Some((cond, certain)), Some(unless)) if cond.span() == unless.span() => {
                match self.plain.exists(cond, &env) {
                    Truth::Yes => {}
                    Truth::No => return Err(FalseStep(format!("nothing bars row {:?}", why.row))),
                    Truth::Unsure => whole &= !certain,
                }
            }
            (Some(_), _) => return Err(FalseStep(format!("row {:?} is barred by something else", why.row))),
        }
        for (cond, found) in &why.against {
            whole &= self.against(cond, found, why)?;
        }
        Ok(whole)
    }

    /// Replays what stands behind a condition that does not hold.
    fn against(&self, cond: &Cond, found: &Derivation, why: &WhyNot) -> Replayed {
        let fails = |at: &dyn Fn(&Cond) -> bool| why.fails.iter().any(|(failing, _)| at(failing));
        let denied = fails(&|failing| matches!(failing, Cond::Not(inner, _) if inner.span() == cond.span()))
            || why.barred.as_ref().is_some_and(|(unless, _)| unless.span() == cond.span());
        let same = why.words.iter().zip(&found.words).all(|(word, own)| match word {
            Held::Is(_) => word == own,
            Held::Free | Held::Missing => true,
        });
        if !same || !denied && !fails(&|failing| failing.span() == cond.span()) {
            return Err(FalseStep(format!("{found:?} is not about {why:?}")));
        }
        let checker = Checker { facts: &self.facts, proof: found };
        found.steps.iter().try_for_each(|step| checker.step(step))?;
        if denied && !checker.holds(cond) {
            return Err(FalseStep(format!("{found:?} does not meet {cond:?}")));
        }
        let Some(env) = words(&found.words).filter(|_| found.certain) else { return Ok(false) };
        let mut whole = true;
        for step in &found.steps {
            whole &= self.step(step, &env, true)?;
        }
        Ok(whole)
    }

    /// Whether each condition is among those that fail, or does not fail by itself.
    fn named(&self, cond: &Cond, why: &WhyNot, env: &Env) -> bool {
        if why.fails.iter().any(|(failing, _)| failing.span() == cond.span()) {
            return true;
        }
        match cond {
            Cond::And(parts) => parts.iter().all(|part| self.named(part, why, env)),
            Cond::Or(parts) => parts.iter().any(|part| self.named(part, why, env)),
            Cond::Atom(_)
            | Cond::Not(..)
            | Cond::Compare { .. }
            | Cond::Let { .. }
            | Cond::Stated { .. }
            | Cond::IsKind { .. } => {
                why.unasked.iter().any(|unasked| unasked.span() == cond.span())
                    || self.plain.exists(cond, env) != Truth::No
            }
        }
    }

    /// Replays that a constraint is broken with its words standing for these, for certain or perhaps, or
    /// that it is not.
    pub fn never(
        &self,
        never: NeverId,
        words: &[(VarId, Option<Constant>)],
        broken: Option<bool>,
    ) -> Replayed {
        let clause = &self.facts.ruleset.nevers[never].clause;
        let mut env: Env = vec![None; clause.vars.len()];
        for (var, word) in words {
            let Some(word) = word else { return Ok(false) };
            env[var.index()] = Some(word.clone());
        }
        match (self.plain.met(clause, &mut env), broken) {
            (Truth::Yes, Some(true)) | (Truth::No, None) => Ok(true),
            (Truth::Yes, _) => Err(FalseStep(format!("{never:?} is broken with {words:?}"))),
            (Truth::No, Some(_)) => Err(FalseStep(format!("{never:?} is not broken with {words:?}"))),
            (Truth::Unsure, _) => Ok(false),
        }
    }

    /// Replays whether a thing is of a kind: just where some statement puts it there.
    pub fn member(&self, kind: KindId, name: &str) -> Replayed {
        let is = self.plain.is_member(kind, name);
        match self.plain.is_put_in(kind, name) {
            Truth::Yes if !is => Err(FalseStep(format!("{name} is left out of {kind:?}"))),
            Truth::No if is => Err(FalseStep(format!("nothing puts {name} in {kind:?}"))),
            Truth::Yes | Truth::No => Ok(true),
            Truth::Unsure => Ok(false),
        }
    }

    /// Replays a set of changes: they can be made, and after them the lens says so, which it did not before.
    pub fn change(
        &self,
        lens: LensId,
        subject: &[Constant],
        (before, after): (&Says, &Says),
        changes: &[FactChange],
    ) -> Replayed {
        if before == after {
            return Err(FalseStep(format!("{changes:?} changes nothing")));
        }
        let world = Plain::after(self.facts, changes)?;
        match world.outcome(lens, subject) {
            Some(found) if found != *after => {
                Err(FalseStep(format!("after {changes:?} {lens:?} says {found:?}, not {after:?}")))
            }
            found => Ok(found.is_some()),
        }
    }
}

/// What words stand for; `None` where a value is missing.
fn words(held: &[Held]) -> Option<Env> {
    held.iter()
        .map(|held| match held {
            Held::Free => Some(None),
            Held::Is(constant) => Some(Some(constant.clone())),
            Held::Missing => None,
        })
        .collect()
}
