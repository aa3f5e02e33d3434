//! Values that sentences state for a word which others name too: to state one of the others with such a value may be what
//! an answer lacks, though nobody looked for it. So with names, of kinds that have too many for all to be tried.

use std::collections::BTreeSet;

use super::lookup::{Flow, Stop, Want};
use super::prove::ended;
use super::run::{Run, Trace};
use super::solve::Env;
use super::tried::ALL_NAMES;
use super::world::Node;
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::clause::as_var;
use crate::model::{Atom, AtomSource, Clause, Cond, DomainId, RelationId, Ty, VarId};
use crate::value::Value;

/// Of a sentence that states more values than these none is noted, nor where so many facts do.
const MOST: usize = 24;
const MOST_FACTS: usize = 200;
/// So many values are noted in all, after so many looks at most.
const MOST_VALUES: usize = 60;
const MOST_LOOKS: usize = 1000;

/// Of a sentence that says something of many names so many are noted, and so many in all.
const SOME_NAMES: usize = 8;
const MOST_NAMES: usize = 60;

/// Values stated for words that other sentences name too.
#[derive(Clone, Default, Debug)]
pub(super) struct Joined {
    pub values: BTreeSet<Value>,
    pub names: BTreeSet<(DomainId, u32)>,
    /// Where they were looked for.
    looks: BTreeSet<(usize, Vec<Want>)>,
    /// Whether some values were left out, and some names.
    pub partial: bool,
    pub few_names: bool,
}

impl Joined {
    /// Adds what was found elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.values.extend(other.values);
        self.names.extend(other.names);
        self.looks.extend(other.looks);
        self.partial |= other.partial;
        self.few_names |= other.few_names;
    }
}

impl Run<'_> {
    /// Notes the values that other conditions would find for the words of a sentence.
    pub fn note_joined(&self, atom: &Atom, rest: &[&Cond], env: &Env<'_>) -> Flow {
        if self.trace.is_none() {
            return Ok(());
        }
        let words = values_in(atom, env);
        let things = self.many_things(atom, env);
        if words.is_empty() && things.is_empty() {
            return Ok(());
        }
        for word in words.iter().filter(|word| env.ids[word.index()].is_some()) {
            self.note_stated(atom, *word, env)?;
        }
        let mut others = Vec::new();
        rest.iter().for_each(|part| atoms(part, &mut others));
        for word in &words {
            others.iter().try_for_each(|other| self.note_stated(other, *word, env))?;
        }
        // Of whom something must not be said somebody new will do.
        let mut others = Vec::new();
        rest.iter().for_each(|part| positive(part, &mut others));
        for (word, domain) in things {
            others.iter().try_for_each(|other| self.note_names(other, (word, domain), env))?;
        }
        Ok(())
    }

    /// The words of a sentence that stand for no thing yet, of kinds with more names than are all tried.
    fn many_things(&self, atom: &Atom, env: &Env<'_>) -> Vec<(VarId, DomainId)> {
        let open = |word: VarId| match env.vars[word].ty {
            Ty::Thing(kind) if env.ids[word.index()].is_none() => {
                let domain = self.world.ruleset.kinds[kind].domain;
                let names = self.world.evaluation.dictionaries[domain].len();
                (names > ALL_NAMES).then_some((word, domain))
            }
            _ => None,
        };
        if !matches!(atom.source, AtomSource::Relation(_)) {
            return Vec::new();
        }
        atom.args.iter().filter_map(as_var).filter_map(open).collect()
    }

    /// Notes names of which another sentence says something: a few where they are many.
    fn note_names(&self, atom: &Atom, (word, domain): (VarId, DomainId), env: &Env<'_>) -> Flow {
        let Some(slot) = atom.args.iter().position(|term| as_var(term) == Some(word)) else { return Ok(()) };
        let AtomSource::Relation(relation) = atom.source else {
            // What lenses say of whom is not looked up.
            self.note(|trace| trace.joined.few_names = true);
            return Ok(());
        };
        let Some(want) = self.wants(atom, env, true) else { return Ok(()) };
        if !self.is_new_look(atom, &want, |_| true) {
            return Ok(());
        }
        let mut ids: BTreeSet<u32> = BTreeSet::new();
        let left_out = self.world.leaves_out(Node::Relation(relation));
        if !left_out {
            let bounds = &self.world.evaluation.relations[relation];
            let columns = bounds.possible.as_ref().unwrap_or(&bounds.certain);
            ended(self.world.indexes.each(columns, &want, &mut |tuple| {
                self.tick()?;
                ids.insert(tuple[slot]);
                if ids.len() > SOME_NAMES { Err(Stop::Enough) } else { Ok(()) }
            }))?;
        }
        self.note(|Trace { joined, .. }| {
            joined.few_names |=
                left_out || ids.len() > SOME_NAMES || joined.names.len() + ids.len() > MOST_NAMES;
            let room = MOST_NAMES.saturating_sub(joined.names.len()).min(SOME_NAMES);
            joined.names.extend(ids.into_iter().take(room).map(|id| (domain, id)));
        });
        Ok(())
    }

    /// Notes that it is looked what a sentence says; whether it was not before, and `may` be.
    fn is_new_look(&self, atom: &Atom, want: &[Want], may: impl FnOnce(&Joined) -> bool) -> bool {
        let mut is_new = false;
        self.note(|Trace { joined, .. }| {
            let look = (std::ptr::from_ref(atom) as usize, want.to_vec());
            let is_known = joined.looks.contains(&look);
            joined.partial |= !is_known && joined.looks.len() >= MOST_LOOKS;
            is_new = !is_known && joined.looks.len() < MOST_LOOKS && may(joined) && joined.looks.insert(look);
        });
        is_new
    }

    /// The same of what bars a body, which is not looked at where nothing meets the body.
    pub fn note_barring(&self, clause: &Clause, env: &Env<'_>) -> Flow {
        let Some(unless) = clause.unless.as_ref().filter(|_| self.trace.is_some()) else { return Ok(()) };
        let (mut asked, mut barring) = (Vec::new(), Vec::new());
        atoms(&clause.when, &mut asked);
        atoms(unless, &mut barring);
        let words: BTreeSet<VarId> = asked.iter().flat_map(|atom| values_in(atom, env)).collect();
        for word in words {
            barring.iter().try_for_each(|atom| self.note_stated(atom, word, env))?;
        }
        Ok(())
    }

    /// Notes the values that are stated where a sentence names a word, whatever the word stands for.
    fn note_stated(&self, atom: &Atom, word: VarId, env: &Env<'_>) -> Flow {
        let AtomSource::Relation(relation) = atom.source else { return Ok(()) };
        let Some(slot) = atom.args.iter().position(|term| as_var(term) == Some(word)) else { return Ok(()) };
        let Some(mut want) = self.wants(atom, env, true) else { return Ok(()) };
        want[slot] = Want::Any;
        if !self.is_new_look(atom, &want, |joined| !joined.partial) {
            return Ok(());
        }
        let values = self.values_stated(relation, &want, slot)?;
        self.note(|Trace { joined, .. }| match values {
            Some(values) if joined.values.len() + values.len() <= MOST_VALUES => joined.values.extend(values),
            Some(_) | None => joined.partial = true,
        });
        Ok(())
    }

    /// The values stated in a slot of facts as wanted; nothing where they are many.
    fn values_stated(
        &self,
        relation: RelationId,
        want: &[Want],
        slot: usize,
    ) -> Result<Option<BTreeSet<Value>>, Stop> {
        let domain = self.world.domain(relation, slot);
        let mut ids: BTreeSet<u32> = BTreeSet::new();
        let mut seen = 0;
        let facts = &self.world.stated.relations[relation];
        for maybe in [false, true] {
            ended(self.world.indexes.each(facts.columns(maybe), want, &mut |tuple| {
                self.tick()?;
                seen += 1;
                ids.insert(tuple[slot]);
                if seen > MOST_FACTS || ids.len() > MOST { Err(Stop::Enough) } else { Ok(()) }
            }))?;
        }
        let is_whole = seen <= MOST_FACTS && ids.len() <= MOST;
        let value = |id: u32| if id == MISSING { None } else { self.world.values.value(domain, id) };
        Ok(is_whole.then(|| ids.into_iter().filter_map(value).collect()))
    }
}

/// The words of a sentence that stand for values.
fn values_in(atom: &Atom, env: &Env<'_>) -> BTreeSet<VarId> {
    let words = atom.args.iter().filter_map(as_var);
    words.filter(|word| matches!(atom.source, AtomSource::Relation(_)) && env.is_value(*word)).collect()
}

/// The sentences of a condition that must hold, or one of which must.
fn positive<'c>(cond: &'c Cond, out: &mut Vec<&'c Atom>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| positive(part, out)),
        Cond::Atom(atom) => out.push(atom),
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::Stated { .. }
        | Cond::IsKind { .. } => {}
    }
}

/// All sentences of a condition, those of figures left out.
fn atoms<'c>(cond: &'c Cond, out: &mut Vec<&'c Atom>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| atoms(part, out)),
        Cond::Not(inner, _) => atoms(inner, out),
        Cond::Atom(atom) => out.push(atom),
        Cond::Compare { .. } | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => {}
    }
}
