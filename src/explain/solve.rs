//! All ways to meet a body, one after the other, for the bound that is asked.

use std::collections::BTreeSet;

use super::calculate::{Calc, compare};
use super::lookup::{Flow, Stop, Want};
use super::run::Run;
use super::without::NO_VALUE;
use crate::base::{Idx, InOrder, IndexVec};
use crate::engine::Computed;
use crate::facts::MISSING;
use crate::model::clause::{as_var, expr_vars};
use crate::model::{Atom, AtomSource, Clause, Cond, Term, Ty, Var, VarId};
use crate::verdict::Outcome;

/// Of so many rows it makes little difference how many they are; of more, twice as many count as one more slot that is open.
const FEW_ROWS: usize = 64;
const MOST_CROWD: usize = 8;

/// What the words of a body stand for so far.
#[derive(Clone, Debug)]
pub(super) struct Env<'r> {
    pub vars: &'r IndexVec<VarId, Var>,
    pub ids: Vec<Option<u32>>,
}

impl<'r> Env<'r> {
    /// Nothing has a value yet.
    pub fn new(vars: &'r IndexVec<VarId, Var>) -> Self {
        Self { vars, ids: vec![None; vars.len()] }
    }

    /// The first words stand for the subject.
    pub fn of_subject(vars: &'r IndexVec<VarId, Var>, subject: &[u32]) -> Self {
        let mut env = Self::new(vars);
        env.ids.iter_mut().zip(subject).for_each(|(id, own)| *id = Some(*own));
        env
    }

    /// What the words that name things stand for.
    pub fn things(&self) -> Vec<Option<u32>> {
        let of = |(var, id): (&Var, &Option<u32>)| id.filter(|_| matches!(var.ty, Ty::Thing(_)));
        self.vars.iter().zip(&self.ids).map(of).collect()
    }

    /// Whether the word stands for a value.
    pub fn is_value(&self, var: VarId) -> bool {
        matches!(self.vars[var].ty, Ty::Value(_))
    }
}

/// Calls back with each way.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&mut Env<'_>) -> Flow;

impl Run<'_> {
    /// The ways to meet a whole clause.
    pub fn clause(&self, clause: &Clause, env: &mut Env<'_>, possible: bool, visit: Visit<'_>) -> Flow {
        let mut parts = Vec::new();
        flatten(&clause.when, &mut parts);
        self.note_barring(clause, env)?;
        let Some(unless) = &clause.unless else { return self.all(&parts, env, possible, visit) };
        self.all(&parts, env, possible, &mut |env| {
            if self.bars(unless, env, possible)? { Ok(()) } else { visit(env) }
        })
    }

    /// Whether a condition is met in some way.
    pub fn meets(&self, cond: &Cond, env: &Env<'_>, possible: bool) -> Result<bool, Stop> {
        let mut parts = Vec::new();
        flatten(cond, &mut parts);
        let mut env = env.clone();
        self.holds(|run, visit| run.all(&parts, &mut env, possible, visit))
    }

    /// The ways to meet every part. A part that looks at a word waits until no other part left can still
    /// give that word its value.
    pub fn all(&self, left: &[&Cond], env: &mut Env<'_>, possible: bool, visit: Visit<'_>) -> Flow {
        self.tick()?;
        let Some(at) = self.next(left, env) else { return visit(env) };
        let mut rest = left.to_vec();
        let part = rest.remove(at);
        self.one(part, &rest, env, possible, visit)
    }

    /// The ways to meet one part and then the rest; afterwards words stand for what they did.
    fn one(&self, part: &Cond, rest: &[&Cond], env: &mut Env<'_>, possible: bool, visit: Visit<'_>) -> Flow {
        match part {
            Cond::And(_) => {
                let mut parts = Vec::new();
                flatten(part, &mut parts);
                parts.extend(rest);
                self.all(&parts, env, possible, visit)
            }
            Cond::Or(branches) => {
                // What is stated is looked up first: where one branch will do, the others may never be asked.
                let mut branches: Vec<&Cond> = branches.iter().collect();
                branches.order_by_key(|branch| self.world.weight(branch));
                branches.into_iter().try_for_each(|branch| {
                    let mut parts = Vec::new();
                    flatten(branch, &mut parts);
                    parts.extend(rest);
                    self.all(&parts, env, possible, visit)
                })
            }
            Cond::Not(inner, _) => {
                if self.bars(inner, env, possible)? {
                    Ok(())
                } else {
                    self.all(rest, env, possible, visit)
                }
            }
            Cond::Atom(atom) => {
                self.note_joined(atom, rest, env)?;
                self.atom(atom, env, possible, &mut |env| self.all(rest, env, possible, visit))
            }
            Cond::Compare { lhs, op, rhs, .. } => {
                self.note_turning(lhs, rhs, env)?;
                let (lhs, rhs) = (self.calculate(lhs, env)?, self.calculate(rhs, env)?);
                self.note_sides(part, env, &lhs, &rhs)?;
                let is_without = [&lhs, &rhs].into_iter().any(|side| *side == Calc::Failed);
                let is_met = if is_without { self.fails(part) } else { compare(&lhs, *op, &rhs, possible) };
                if is_met { self.all(rest, env, possible, visit) } else { self.note_others(rest, env) }
            }
            Cond::Let { var, value, .. } => {
                let value = match self.calculate(value, env)? {
                    Calc::Of(Computed::Value(value)) => self.world.id(&crate::model::Constant::Value(value)),
                    Calc::Thing(id) => id,
                    Calc::Of(Computed::Missing | Computed::Between { perhaps_nothing: false, .. }) => MISSING,
                    Calc::Of(Computed::Between { .. } | Computed::PerhapsMissing) if possible => MISSING,
                    Calc::Failed if self.fails(part) => NO_VALUE,
                    Calc::Of(Computed::Between { .. } | Computed::PerhapsMissing | Computed::Nothing)
                    | Calc::Failed => return Ok(()),
                };
                let before = env.ids[var.index()].replace(value);
                let result = self.all(rest, env, possible, visit);
                env.ids[var.index()] = before;
                result
            }
            Cond::Stated { var, .. } => {
                if env.ids[var.index()] == Some(MISSING) {
                    Ok(())
                } else {
                    self.all(rest, env, possible, visit)
                }
            }
            Cond::IsKind { term, kind, .. } => match self.term(term, env) {
                Some(id) => {
                    if self.is_member(*kind, id) {
                        self.all(rest, env, possible, visit)
                    } else {
                        Ok(())
                    }
                }
                None => self.members(*kind).into_iter().try_for_each(|id| {
                    let Some(var) = as_var(term) else { return self.all(rest, env, possible, visit) };
                    env.ids[var.index()] = Some(id);
                    let result = self.all(rest, env, possible, visit);
                    env.ids[var.index()] = None;
                    result
                }),
            },
        }
    }

    /// Which part comes next: the one that leaves the fewest ways, as far as one can see.
    pub fn next(&self, left: &[&Cond], env: &Env<'_>) -> Option<usize> {
        if left.len() < 2 {
            return if left.is_empty() { None } else { Some(0) };
        }
        let open = |var: &VarId| env.ids[var.index()].is_none_or(|id| id == MISSING && env.is_value(*var));
        let mut seen = Vec::new();
        let mut waits = |at: usize| {
            seen.clear();
            looks_at(left[at], &mut seen);
            let others = || left[..at].iter().chain(&left[at + 1..]);
            seen.iter().any(|var| open(var) && others().any(|other| gives_to(other, *var)))
        };
        let cost = |part: &Cond| match part {
            Cond::Compare { .. } | Cond::Stated { .. } | Cond::Let { .. } => 0,
            Cond::IsKind { term, .. } if self.term(term, env).is_some() => 0,
            Cond::And(_) => 1,
            Cond::Atom(atom) => self.cost(atom, env),
            Cond::Not(..) => 10,
            Cond::Or(_) => 12,
            Cond::IsKind { .. } => 40,
        };
        let mut best: Option<(usize, usize)> = None;
        for (at, part) in left.iter().enumerate() {
            let own = cost(part);
            if best.is_none_or(|(least, _)| own < least) && !waits(at) {
                best = Some((own, at));
            }
            if own == 0 && best == Some((0, at)) {
                break;
            }
        }
        best.map(|(_, at)| at).or(Some(0))
    }

    fn cost(&self, atom: &Atom, env: &Env<'_>) -> usize {
        let bound = atom.args.iter().filter(|term| self.term(term, env).is_some()).count();
        let open = atom.args.len() - bound;
        // What grows from itself is asked about when as much as can be is known.
        let grows = match &atom.source {
            AtomSource::Relation(relation) => usize::from(self.world.loops[*relation].is_some()),
            AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => 0,
        };
        match (bound, open) {
            (_, 0) => 2,
            (0, open) => 20 + open + grows,
            (_, open) => 4 + open.min(5) + grows + self.crowd(atom, env),
        }
    }

    /// How much is to be gone through where some slots are known, beyond a few rows.
    fn crowd(&self, atom: &Atom, env: &Env<'_>) -> usize {
        let AtomSource::Relation(relation) = atom.source else { return 0 };
        let known = (0..atom.args.len()).filter(|slot| self.term(&atom.args[*slot], env).is_some());
        let rows = known.map(|slot| self.world.rows_of_one(relation, slot)).min().unwrap_or(0);
        (rows / FEW_ROWS).checked_ilog2().map_or(0, |more| (more as usize + 1).min(MOST_CROWD))
    }

    /// The tuples a sentence meets, with the words that takes.
    pub fn atom(&self, atom: &Atom, env: &mut Env<'_>, possible: bool, visit: Visit<'_>) -> Flow {
        let possible = possible && !atom.known;
        let Some(want) = self.wants(atom, env, possible) else { return Ok(()) };
        self.note_misses(atom, &want, env, possible)?;
        let before = env.ids.clone();
        let asked = if atom.known { self.knowing() } else { self };
        // What is looked up is worked out by itself.
        self.strictly(|lenient| {
            asked.source(&atom.source, &want, possible, &mut |tuple| {
                let is_so = self.unify(atom, tuple, env, possible);
                let result = if is_so { self.again(lenient, || visit(env)) } else { Ok(()) };
                env.ids.clone_from(&before);
                result
            })
        })
    }

    /// What a sentence wants in its slots; `None` where nothing can meet it.
    pub fn wants(&self, atom: &Atom, env: &Env<'_>, possible: bool) -> Option<Vec<Want>> {
        let mut want = Vec::with_capacity(atom.args.len());
        for (slot, term) in atom.args.iter().enumerate() {
            let is_value = match &atom.source {
                AtomSource::Relation(relation) => self.world.is_value(*relation, slot),
                AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => false,
            };
            want.push(match self.term(term, env) {
                None => Want::Any,
                Some(MISSING) if is_value && possible => Want::Any,
                Some(MISSING) if is_value => return None,
                Some(id) if is_value && possible => Want::IsOrMissing(id),
                Some(id) => Want::Is(id),
            });
        }
        Some(want)
    }

    /// The tuples of whatever a sentence asks.
    fn source(
        &self,
        source: &AtomSource,
        want: &[Want],
        possible: bool,
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        let whole = self.whole();
        match source {
            AtomSource::Relation(relation) => self.tuples(*relation, want, possible, visit),
            AtomSource::Verdict { question, verdict, needed, lenses } => {
                let wanted = Outcome::Verdict(*verdict);
                let open = self.world.ruleset.questions[*question].among.is_none();
                for subject in whole.subjects(*question, *verdict, lenses, want, possible)? {
                    let mut count = 0;
                    for lens in lenses {
                        let says = if open {
                            whole.local(*lens, &subject, wanted, possible)?
                        } else {
                            let set = whole.outcome(*lens, &subject)?;
                            set.contains(wanted) && (possible || set.settled().is_some())
                        };
                        count += u32::from(says);
                    }
                    if count >= *needed {
                        visit(&subject)?;
                    }
                }
                Ok(())
            }
            AtomSource::Disagree { question, left, right } => {
                for subject in whole.population(*question, want, possible)? {
                    let (left, right) = (whole.outcome(*left, &subject)?, whole.outcome(*right, &subject)?);
                    let meets = if possible {
                        left.settled().is_none() || left != right
                    } else {
                        left.is_disjoint(right)
                    };
                    if meets {
                        visit(&subject)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Whether a tuple is as a sentence says; its words stand for what is in it then.
    pub fn unify(&self, atom: &Atom, tuple: &[u32], env: &mut Env<'_>, possible: bool) -> bool {
        for (slot, (term, id)) in atom.args.iter().zip(tuple).enumerate() {
            let is_value = match &atom.source {
                AtomSource::Relation(relation) => self.world.is_value(*relation, slot),
                AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => false,
            };
            let missing = |id: u32| is_value && id == MISSING;
            let carried = match self.term(term, env) {
                None => *id,
                Some(known) if missing(known) || missing(*id) => {
                    if !possible {
                        return false;
                    }
                    if missing(known) { *id } else { known }
                }
                Some(known) if known == *id => continue,
                Some(_) => return false,
            };
            if let Term::Var(var) = term {
                env.ids[var.index()] = Some(carried);
            }
        }
        true
    }
}

/// The parts of a condition that must all hold.
pub(super) fn flatten<'c>(cond: &'c Cond, out: &mut Vec<&'c Cond>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| flatten(part, out)),
        other => out.push(other),
    }
}

/// The words a part gives values to.
pub(super) fn gives(cond: &Cond, out: &mut BTreeSet<VarId>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| gives(part, out)),
        Cond::Or(parts) => {
            let mut branches = parts.iter().map(|part| {
                let mut own = BTreeSet::new();
                gives(part, &mut own);
                own
            });
            if let Some(first) = branches.next() {
                out.extend(branches.fold(first, |all, own| all.intersection(&own).copied().collect()));
            }
        }
        Cond::Atom(atom) => out.extend(atom.args.iter().filter_map(as_var)),
        Cond::IsKind { term, .. } => out.extend(as_var(term)),
        Cond::Let { var, .. } => _ = out.insert(*var),
        Cond::Not(..) | Cond::Compare { .. } | Cond::Stated { .. } => {}
    }
}

/// Whether a part gives a word its value.
fn gives_to(cond: &Cond, word: VarId) -> bool {
    match cond {
        Cond::And(parts) => parts.iter().any(|part| gives_to(part, word)),
        Cond::Or(parts) => !parts.is_empty() && parts.iter().all(|part| gives_to(part, word)),
        Cond::Atom(atom) => atom.args.iter().any(|term| as_var(term) == Some(word)),
        Cond::IsKind { term, .. } => as_var(term) == Some(word),
        Cond::Let { var, .. } => *var == word,
        Cond::Not(..) | Cond::Compare { .. } | Cond::Stated { .. } => false,
    }
}

/// The words a part needs the values of, where it can have them.
pub(super) fn looks_at(cond: &Cond, out: &mut Vec<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| looks_at(part, out)),
        Cond::Not(inner, _) => {
            named(inner, out);
            looks_at(inner, out);
        }
        Cond::Compare { lhs, rhs, .. } => {
            expr_vars(lhs, out);
            expr_vars(rhs, out);
        }
        Cond::Let { value, .. } => expr_vars(value, out),
        Cond::Stated { var, .. } => out.push(*var),
        Cond::Atom(_) | Cond::IsKind { .. } => {}
    }
}

fn named(cond: &Cond, out: &mut Vec<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| named(part, out)),
        other => {
            let mut own = BTreeSet::new();
            gives(other, &mut own);
            out.extend(own);
        }
    }
}
