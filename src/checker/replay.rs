//! Replays proofs, one step at a time, over the facts alone. Conditions are looked at by trying every
//! name and value; what follows is worked out from the bottom up, as plainly as can be.

use std::collections::BTreeSet;

use super::{Claim, Derivation, Fact, Held, Step};
use crate::base::IndexVec;
use crate::facts::{Dictionary, Stated};
use crate::model::{
    Atom, AtomSource, BinaryOp, CompareOp, Cond, Constant, DateUnit, DomainId, Expr, KindFact, ParameterId,
    Relation, RelationId, Ruleset, Term, Ty,
};
use crate::value::Value;

/// The first step of a proof that is false.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FalseStep(pub String);

/// The facts of a world, and what names and values their ids stand for.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The ruleset.
    pub ruleset: &'f Ruleset,
    /// What was stated.
    pub stated: &'f Stated,
    /// Names and values by domain.
    pub dictionaries: &'f IndexVec<DomainId, Dictionary>,
    /// The values of parameters.
    pub parameters: &'f IndexVec<ParameterId, Option<Value>>,
    /// The kinds stated outright.
    pub kinds: &'f [KindFact],
}

type Args = Vec<Option<Constant>>;

impl Facts<'_> {
    fn id(&self, slot: Ty, constant: Option<&Constant>) -> Option<u32> {
        match constant {
            None => Some(crate::facts::MISSING),
            Some(constant) => self.dictionaries[self.ruleset.domain_of(slot)].find(constant),
        }
    }

    /// Whether a fact is stated, and whether only as doubtful.
    fn stated(&self, relation: RelationId, args: &[Option<Constant>]) -> Option<bool> {
        let slots = &self.ruleset.relations[relation].slots;
        let ids: Option<Vec<u32>> =
            slots.iter().zip(args).map(|(slot, arg)| self.id(slot.ty, arg.as_ref())).collect();
        self.stated.relations[relation].find(&ids?).map(|(maybe, _)| maybe)
    }

    /// Whether some stated fact of a relation without rules fits; `None` wants nothing in particular.
    fn any(&self, relation: RelationId, want: &[Held], possible: bool) -> bool {
        let slots = &self.ruleset.relations[relation].slots;
        let facts = &self.stated.relations[relation];
        // Per slot the id wanted, and whether a missing value would do too.
        let wanted: Vec<Option<(u32, bool)>> = slots
            .iter()
            .zip(want)
            .map(|(slot, want)| {
                let is_value = matches!(slot.ty, Ty::Value(_));
                match want {
                    Held::Free => None,
                    Held::Missing if possible => None,
                    Held::Missing => Some((u32::MAX, false)),
                    Held::Is(known) => {
                        Some((self.id(slot.ty, Some(known)).unwrap_or(u32::MAX), is_value && possible))
                    }
                }
            })
            .collect();
        [false, true].into_iter().filter(|maybe| possible || !maybe).any(|maybe| {
            let columns = facts.columns(maybe);
            (0..facts.len(maybe)).any(|row| {
                wanted.iter().zip(columns).all(|(wanted, column)| {
                    wanted.is_none_or(|(id, loose)| {
                        column[row] == id || loose && column[row] == crate::facts::MISSING
                    })
                })
            })
        })
    }
}

/// Replays a proof of a row: every condition of its body must be met by a step, every fact be stated,
/// every comparison hold, and nothing be found where nothing may be.
pub fn replay(facts: &Facts<'_>, proof: &Derivation) -> Result<(), FalseStep> {
    let Some(clause) = proof.claim.clause(facts.ruleset) else {
        return Err(FalseStep("it is about no row or rule".to_owned()));
    };
    if clause.vars.len() != proof.words.len() {
        return Err(FalseStep("its words are not those of the body".to_owned()));
    }
    let checker = Checker { facts, proof };
    if !checker.holds(&clause.when) {
        return Err(FalseStep(format!("{:?} is not met by its steps", proof.claim)));
    }
    if let Some(unless) = &clause.unless
        && checker.found(unless)
    {
        return Err(FalseStep(format!("{:?} is barred", proof.claim)));
    }
    proof.steps.iter().try_for_each(|step| checker.step(step))
}

pub(super) struct Checker<'c> {
    pub facts: &'c Facts<'c>,
    pub proof: &'c Derivation,
}

impl Checker<'_> {
    /// Whether a step is true by itself.
    pub fn step(&self, step: &Step) -> Result<(), FalseStep> {
        let ruleset = self.facts.ruleset;
        match step {
            Step::Fact { relation, args, maybe, .. } => match self.facts.stated(*relation, args) {
                Some(stated) if stated == *maybe && !(self.proof.certain && stated) => Ok(()),
                _ => Err(FalseStep(format!("nobody stated {relation:?} {args:?}"))),
            },
            Step::Derived { relation, args, maybe, by: Some((rule, by)) } => {
                if *maybe && self.proof.certain {
                    return Err(FalseStep(format!("{relation:?} {args:?} is only possible")));
                }
                let entry = ruleset.rules.get(*rule).filter(|entry| entry.relation == *relation);
                let Some(entry) = entry.filter(|_| by.claim == Claim::Rule(*rule)) else {
                    return Err(FalseStep(format!("no such rule {rule:?}")));
                };
                let inner = Checker { facts: self.facts, proof: by };
                let head: Args = entry.head.iter().map(|term| inner.known(term)).collect();
                if head != *args || by.certain != self.proof.certain {
                    return Err(FalseStep(format!("{rule:?} concludes {head:?}, not {args:?}")));
                }
                replay(self.facts, by)
            }
            Step::Lenses { says, .. } => {
                says.iter().flat_map(|through| &through.rows).try_for_each(|row| replay(self.facts, row))
            }
            Step::Kind { thing, kind } => {
                let id = self.facts.id(Ty::Thing(*kind), Some(thing));
                let is = id.is_some_and(|id| self.facts.stated.members[*kind].contains(id as usize));
                if is { Ok(()) } else { Err(FalseStep(format!("{thing:?} is of no such kind"))) }
            }
            Step::Nothing { cond, instead: Some(fact), .. } => self.instead(cond, fact),
            Step::Derived { by: None, .. }
            | Step::Nothing { .. }
            | Step::Compare { .. }
            | Step::Value { .. }
            | Step::Known { .. } => Ok(()),
        }
    }

    /// Whether a fact is stated for certain and says of what a sentence names another value than that asks, or one that
    /// does not compare as is asked beside it.
    pub fn instead(&self, cond: &Cond, fact: &Fact) -> Result<(), FalseStep> {
        let slot = self.facts.ruleset.relations.get(fact.relation).and_then(Relation::value_slot);
        let (atom, compared) = match cond {
            Cond::Atom(atom) => (Some(atom), None),
            Cond::And(parts) => match parts.as_slice() {
                [Cond::Atom(atom), Cond::Compare { lhs, op, rhs, .. }] => (Some(atom), Some((lhs, *op, rhs))),
                _ => (None, None),
            },
            _ => (None, None),
        };
        let is_other = atom.zip(slot).is_some_and(|(atom, slot)| {
            let same = |(term, own): (&Term, &Option<Constant>)| own.is_some() && self.known(term) == *own;
            let mut pairs = atom.args.iter().zip(&fact.args).enumerate();
            let value = fact.args.get(slot).cloned().flatten();
            let says_other = match compared {
                None => !same((&atom.args[slot], &value)),
                Some((lhs, op, rhs)) => {
                    let is_free = self.known(&atom.args[slot]).is_none();
                    let of = |expr: &Expr| match expr {
                        Expr::Term(term) if is_free && *term == atom.args[slot] => value.clone(),
                        other => self.value(other),
                    };
                    is_free
                        && matches!((of(lhs), of(rhs)), (Some(lhs), Some(rhs)) if !compares(&lhs, op, &rhs))
                }
            };
            atom.source == AtomSource::Relation(fact.relation)
                && says_other
                && pairs.all(|(at, pair)| at == slot || same(pair))
        });
        if is_other && self.facts.stated(fact.relation, &fact.args) == Some(false) {
            return Ok(());
        }
        Err(FalseStep(format!("{fact:?} is not stated in the place of {cond:?}")))
    }

    /// Whether a condition is met by the steps, or by itself.
    pub fn holds(&self, cond: &Cond) -> bool {
        match cond {
            Cond::And(parts) => parts.iter().all(|part| self.holds(part)),
            Cond::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Cond::Not(inner, _) => !self.found(inner),
            Cond::Atom(atom) => self.proof.steps.iter().any(|step| self.meets(atom, step)),
            Cond::Compare { lhs, op, rhs, .. } => match (self.value(lhs), self.value(rhs)) {
                (Some(lhs), Some(rhs)) => compares(&lhs, *op, &rhs),
                // An aggregate, or a value that is missing: what it comes to is not this file's to say.
                _ => true,
            },
            Cond::Let { var, value, .. } => match (self.value(value), self.proof.word(*var)) {
                (Some(value), Held::Is(known)) => value == *known,
                (Some(_), Held::Missing) => !self.proof.certain,
                (Some(_), Held::Free) => false,
                (None, _) => true,
            },
            Cond::Stated { var, .. } => matches!(self.proof.word(*var), Held::Is(_)),
            Cond::IsKind { term, kind, .. } => {
                let thing = self.known(term);
                let id = thing.and_then(|thing| self.facts.id(Ty::Thing(*kind), Some(&thing)));
                id.is_some_and(|id| self.facts.stated.members[*kind].contains(id as usize))
            }
        }
    }

    /// Whether a step states what a sentence says with these words.
    fn meets(&self, atom: &Atom, step: &Step) -> bool {
        let loose = !self.proof.certain && !atom.known;
        match (&atom.source, step) {
            (
                AtomSource::Relation(relation),
                Step::Fact { relation: other, args, .. } | Step::Derived { relation: other, args, .. },
            ) => {
                relation == other
                    && atom.args.iter().zip(args).all(|(term, arg)| match (self.term(term), arg) {
                        (Held::Is(known), Some(arg)) => known == *arg,
                        (Held::Missing, None) => true,
                        (Held::Is(_) | Held::Missing, _) => loose,
                        (Held::Free, _) => false,
                    })
            }
            (source, Step::Lenses { asked, subject, .. }) => {
                source == asked
                    && atom
                        .args
                        .iter()
                        .zip(subject)
                        .all(|(term, name)| self.known(term).as_ref() == Some(name))
            }
            _ => false,
        }
    }

    /// What a term stands for.
    fn term(&self, term: &Term) -> Held {
        match term {
            Term::Constant(constant) => Held::Is(constant.clone()),
            Term::Parameter(parameter) => match self.facts.parameters[*parameter].clone() {
                Some(value) => Held::Is(Constant::Value(value)),
                None => Held::Free,
            },
            Term::Var(var) => self.proof.word(*var).clone(),
        }
    }

    /// The same where it stands for something.
    fn known(&self, term: &Term) -> Option<Constant> {
        match self.term(term) {
            Held::Is(constant) => Some(constant),
            Held::Free | Held::Missing => None,
        }
    }

    /// Whether something meets a condition that must not be met: a sentence about stated facts is looked
    /// up; of anything wider nothing is claimed here.
    fn found(&self, cond: &Cond) -> bool {
        match cond {
            Cond::Or(parts) => parts.iter().any(|part| self.found(part)),
            Cond::And(parts) if parts.len() == 1 => self.found(&parts[0]),
            Cond::Atom(Atom { source: AtomSource::Relation(relation), args, known, .. }) => {
                if self.facts.ruleset.is_derived(*relation) {
                    return false;
                }
                let mut repeated = BTreeSet::new();
                let twice = args.iter().any(|term| match term {
                    Term::Var(var) if self.term(term) == Held::Free => !repeated.insert(*var),
                    _ => false,
                });
                let want: Vec<Held> = args.iter().map(|term| self.term(term)).collect();
                !twice && self.facts.any(*relation, &want, self.proof.certain && !known)
            }
            Cond::Compare { lhs, op, rhs, .. } => match (self.value(lhs), self.value(rhs)) {
                (Some(lhs), Some(rhs)) => compares(&lhs, *op, &rhs),
                _ => false,
            },
            Cond::IsKind { term, kind, .. } => {
                let thing = self.known(term);
                let id = thing.and_then(|thing| self.facts.id(Ty::Thing(*kind), Some(&thing)));
                id.is_some_and(|id| self.facts.stated.members[*kind].contains(id as usize))
            }
            Cond::And(_) | Cond::Not(..) | Cond::Atom(_) | Cond::Let { .. } | Cond::Stated { .. } => false,
        }
    }

    /// What a calculation without aggregates comes to.
    fn value(&self, expr: &Expr) -> Option<Constant> {
        worked(expr, &mut |leaf| match leaf {
            Expr::Term(term) => self.known(term),
            _ => None,
        })
    }
}

/// What a calculation comes to, given what its terms and aggregates do.
pub(super) fn worked(expr: &Expr, leaf: &mut dyn FnMut(&Expr) -> Option<Constant>) -> Option<Constant> {
    let mut part = |expr: &Expr| match worked(expr, leaf)? {
        Constant::Value(value) => Some(value),
        Constant::Thing(..) => None,
    };
    let number = |value: Value| match value {
        Value::Number(number) => Some(number),
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
    };
    let date = |value: Value| match value {
        Value::Date(date) => Some(date),
        Value::Text(_) | Value::Number(_) | Value::Flag(_) => None,
    };
    let found = match expr {
        Expr::Term(_) | Expr::Aggregate(_) => return leaf(expr),
        Expr::Negate(inner) => Value::Number(-number(part(inner)?)?),
        Expr::Binary(op, lhs, rhs) => {
            let (lhs, rhs) = (number(part(lhs)?)?, number(part(rhs)?)?);
            let found = match op {
                BinaryOp::Add => lhs.checked_add(rhs),
                BinaryOp::Subtract => lhs.checked_sub(rhs),
                BinaryOp::Multiply => lhs.checked_mul(rhs),
                BinaryOp::Divide => lhs.checked_div(rhs),
                BinaryOp::Power => lhs.checked_pow(rhs),
            };
            Value::Number(found.ok()?)
        }
        Expr::DaysBetween(lhs, rhs) => {
            let (lhs, rhs) = (date(part(lhs)?)?, date(part(rhs)?)?);
            Value::Number(lhs.days_since(rhs).into())
        }
        Expr::Shift { date: from, amount, unit, back } => {
            let (from, amount) = (date(part(from)?)?, number(part(amount)?)?.to_i64()?);
            let amount = if *back { amount.checked_neg()? } else { amount };
            Value::Date(match unit {
                DateUnit::Days => from.add_days(amount)?,
                DateUnit::Months => from.add_months(amount)?,
                DateUnit::Years => from.add_years(amount)?,
            })
        }
        Expr::Call(function, args) => {
            let values: Option<Vec<Value>> = args.iter().map(part).collect();
            (function.evaluate)(&values?).ok()?
        }
    };
    Some(Constant::Value(found))
}

pub(super) fn compares(lhs: &Constant, op: CompareOp, rhs: &Constant) -> bool {
    let order = lhs.cmp(rhs);
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}
