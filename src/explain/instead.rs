//! What is stated instead of what a sentence asks.

use super::lookup::{Stop, Tuple, Want};
use super::prove::ended;
use super::run::Run;
use super::solve::Env;
use crate::base::Idx;
use crate::checker::Fact;
use crate::facts::MISSING;
use crate::model::clause::{as_var, expr_vars};
use crate::model::{Atom, AtomSource, Cond, Expr, Term, VarId};

impl Run<'_> {
    /// The one fact that says another value of what a sentence names, or one that does not compare as is asked beside the
    /// sentence; nothing where the sentence does not name all of it, or where something else is said too. With
    /// `only_settled` of relations alone that state at most one value of anything: there it is this fact that rules the
    /// other value out.
    pub(super) fn instead(
        &self,
        cond: &Cond,
        env: &Env<'_>,
        only_settled: bool,
    ) -> Result<Option<Fact>, Stop> {
        let Some((atom, compared)) = asked_beside(cond) else { return Ok(None) };
        let AtomSource::Relation(relation) = atom.source else { return Ok(None) };
        let ruleset = self.world.ruleset;
        let entry = &ruleset.relations[relation];
        let slot = if only_settled { entry.open } else { entry.value_slot() };
        let Some(slot) = slot.filter(|_| only_settled || compared.is_none()) else { return Ok(None) };
        let word = match compared {
            None => None,
            Some(compared) => match word_in(compared, &atom.args[slot]) {
                Some(var) if env.ids[var.index()].is_none() => Some(var),
                _ => return Ok(None),
            },
        };
        let args = atom.args.iter().enumerate();
        let asked: Option<Tuple> = args
            .map(|(at, term)| if at == slot && word.is_some() { Some(MISSING) } else { self.term(term, env) })
            .collect();
        let Some(asked) = asked.filter(|_| !ruleset.is_derived(relation)) else {
            return Ok(None);
        };
        let want: Vec<Want> =
            (0..asked.len()).map(|at| if at == slot { Want::Any } else { Want::Is(asked[at]) }).collect();
        let mut found: Vec<Tuple> = Vec::new();
        ended(self.stated(relation, &want, true, &mut |tuple| {
            found.push(tuple.to_vec());
            if found.len() < 2 { Ok(()) } else { Err(Stop::Enough) }
        }))?;
        let Ok([tuple]) = <[Tuple; 1]>::try_from(found) else { return Ok(None) };
        let is_other = match (compared, word) {
            (Some(compared), Some(word)) => {
                let mut own = env.clone();
                own.ids[word.index()] = Some(tuple[slot]);
                tuple[slot] != MISSING && !self.whole().meets(compared, &own, true)?
            }
            _ => ![tuple[slot], asked[slot]].contains(&MISSING) && tuple[slot] != asked[slot],
        };
        if !is_other {
            return Ok(None);
        }
        let args = self.world.constants(relation, &tuple);
        let stated = self.origin(&(relation, tuple)).filter(|(_, maybe)| !maybe);
        Ok(stated.map(|(origin, maybe)| Fact { relation, args, origin: Some(origin), maybe }))
    }
}

/// A sentence, and with one comparison beside it that too.
pub fn asked_beside(cond: &Cond) -> Option<(&Atom, Option<&Cond>)> {
    match cond {
        Cond::Atom(atom) => Some((atom, None)),
        Cond::And(parts) => match parts.as_slice() {
            [Cond::Atom(atom), compared @ Cond::Compare { .. }] => Some((atom, Some(compared))),
            _ => None,
        },
        _ => None,
    }
}

/// The word that a term is, where that is all of one side of a comparison and no part of the other.
fn word_in(compared: &Cond, term: &Term) -> Option<VarId> {
    let (Cond::Compare { lhs, rhs, .. }, Some(var)) = (compared, as_var(term)) else { return None };
    let is_it = |expr: &Expr| matches!(expr, Expr::Term(Term::Var(own)) if *own == var);
    let other = if is_it(lhs) { rhs } else { lhs };
    let mut vars = Vec::new();
    expr_vars(other, &mut vars);
    let mut figures = false;
    compared.aggregated(&mut |_| figures = true);
    ((is_it(lhs) || is_it(rhs)) && !vars.contains(&var) && !figures).then_some(var)
}
