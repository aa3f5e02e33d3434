//! What is stated instead of what a sentence asks.

use super::lookup::{Stop, Tuple, Want};
use super::prove::ended;
use super::run::Run;
use super::solve::Env;
use crate::checker::Fact;
use crate::facts::MISSING;
use crate::model::{AtomSource, Cond};

impl Run<'_> {
    /// The one fact that says another value of what a sentence names; nothing where the sentence does not name all of it,
    /// or where something else is said too. With `only_settled` of relations alone that state at most one value of
    /// anything: there it is this fact that rules the other value out.
    pub(super) fn instead(
        &self,
        cond: &Cond,
        env: &Env<'_>,
        only_settled: bool,
    ) -> Result<Option<Fact>, Stop> {
        let Cond::Atom(atom) = cond else { return Ok(None) };
        let AtomSource::Relation(relation) = atom.source else { return Ok(None) };
        let ruleset = self.world.ruleset;
        let entry = &ruleset.relations[relation];
        let slot = if only_settled { entry.open } else { entry.value_slot() };
        let Some(slot) = slot else { return Ok(None) };
        let asked: Option<Tuple> = atom.args.iter().map(|term| self.term(term, env)).collect();
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
        if [tuple[slot], asked[slot]].contains(&MISSING) || tuple[slot] == asked[slot] {
            return Ok(None);
        }
        let args = self.world.constants(relation, &tuple);
        let stated = self.origin(&(relation, tuple)).filter(|(_, maybe)| !maybe);
        Ok(stated.map(|(origin, maybe)| Fact { relation, args, origin: Some(origin), maybe }))
    }
}
