//! Proofs, derived again for the one subject asked about: fewest rounds, then in order of the sources,
//! and without a fact that could be left out.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use rustc_hash::FxBuildHasher;

use super::lookup::{Flow, Stop, Tuple, Want};
use super::run::Run;
use super::solve::Env;
use crate::base::{Idx, InOrder};
use crate::checker::{Claim, Derivation, Step};
use crate::facts::{MISSING, Origin};
use crate::model::{AtomSource, Clause, Cond, RelationId, RuleId};

/// What the words of a body stand for, and whether those that stood for something still stand for that.
type Way = (Vec<Option<u32>>, bool);

/// The most ways of one body that are weighed against each other.
const WAYS: usize = 64;
/// The most ways to derive tuples that are looked through for one proof.
const ALTERNATIVES: usize = 50_000;
/// Steps allowed for a proof that rests on few facts.
const SMALL: u64 = 200_000;

/// A tuple of a relation.
pub(super) type Fact = (RelationId, Tuple);
/// The order of sources: texts, tables, what nobody stated.
type Order = (u8, u32, u32);

/// One way to derive a tuple.
struct Alternative {
    rule: RuleId,
    ids: Vec<Option<u32>>,
    premises: Vec<Fact>,
}

/// A condition met, before it is written down.
enum Met<'c> {
    Tuple(RelationId, Tuple),
    Other(&'c Cond),
}

/// Which ways there are to derive tuples, and the fewest rounds each takes.
#[derive(Default)]
struct Graph {
    ways: HashMap<Fact, Vec<Alternative>, FxBuildHasher>,
    ranks: HashMap<Fact, u32, FxBuildHasher>,
    spent: bool,
}

impl Graph {
    /// The fewest rounds that derive each of some facts, all of whose ways are known, from those that are known: the
    /// least first, since a way takes one more than the greatest of what it rests on.
    fn rank(&mut self, new: &[Fact]) {
        let places: HashMap<&Fact, usize, FxBuildHasher> =
            new.iter().enumerate().map(|(at, fact)| (fact, at)).collect();
        // Per fact the ways that wait for it, by what they conclude and how much each still waits for.
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); new.len()];
        let mut ways: Vec<(usize, usize)> = Vec::new();
        // The greatest rank of what each rests on that was known before.
        let mut known: Vec<u32> = Vec::new();
        let mut open: BinaryHeap<Reverse<(u32, usize)>> = BinaryHeap::new();
        for (at, fact) in new.iter().enumerate() {
            open.extend(self.ranks.remove(fact).map(|rank| Reverse((rank, at))));
        }
        for (at, fact) in new.iter().enumerate() {
            for way in self.ways.get(fact).into_iter().flatten() {
                let (mut most, mut left, mut can_be) = (0, Vec::new(), true);
                for premise in &way.premises {
                    match (places.get(premise), self.ranks.get(premise)) {
                        (Some(place), _) => left.push(*place),
                        (None, Some(rank)) => most = most.max(*rank),
                        (None, None) => can_be = false,
                    }
                }
                left.sort_unstable();
                left.dedup();
                if can_be && left.is_empty() {
                    open.push(Reverse((1 + most, at)));
                } else if can_be {
                    left.iter().for_each(|place| waiting[*place].push(ways.len()));
                    ways.push((at, left.len()));
                    known.push(most);
                }
            }
        }
        let mut ranks: Vec<Option<u32>> = vec![None; new.len()];
        while let Some(Reverse((rank, at))) = open.pop() {
            if ranks[at].is_some() {
                continue;
            }
            ranks[at] = Some(rank);
            for way in std::mem::take(&mut waiting[at]) {
                let (concludes, left) = &mut ways[way];
                *left -= 1;
                if *left == 0 {
                    open.push(Reverse((1 + rank.max(known[way]), *concludes)));
                }
            }
        }
        for (fact, rank) in new.iter().zip(ranks) {
            if let Some(rank) = rank {
                self.ranks.insert(fact.clone(), rank);
            }
        }
    }
}

impl Run<'_> {
    /// The proof of a body for these words, where it is met.
    pub fn proof(
        &self,
        claim: Claim,
        clause: &Clause,
        env: &Env<'_>,
        certain: bool,
    ) -> Result<Option<Derivation>, Stop> {
        let Some(mut best) = self.prove(claim, clause, env, certain)? else { return Ok(None) };
        let mut kept: BTreeSet<Fact> = BTreeSet::new();
        loop {
            let mut facts = BTreeSet::new();
            self.facts_of(&best.steps, &mut facts);
            let mut tried: Vec<&Fact> = facts.iter().filter(|fact| !kept.contains(*fact)).collect();
            tried.order_by_key(|fact| Reverse(self.order(fact)));
            let Some(fact) = tried.first().map(|fact| (*fact).clone()) else { return Ok(Some(best)) };
            let stated = self.world.origin(fact.0, &fact.1);
            if stated.is_some_and(|(origin, _)| origin == Origin::Nobody) {
                kept.insert(fact);
                continue;
            }
            let mut rest = facts.clone();
            rest.remove(&fact);
            let small = Run::resting_on(self.whole(), rest, SMALL);
            match small.prove(claim, clause, env, certain) {
                Ok(Some(without)) => best = without,
                Ok(None) | Err(_) => _ = kept.insert(fact),
            }
        }
    }

    /// A proof of the fewest rounds, in order of the sources.
    fn prove(
        &self,
        claim: Claim,
        clause: &Clause,
        env: &Env<'_>,
        certain: bool,
    ) -> Result<Option<Derivation>, Stop> {
        let mut ways: Vec<Vec<Option<u32>>> = Vec::new();
        let mut env = env.clone();
        let searched = self.clause(clause, &mut env, !certain, &mut |env| {
            if !ways.contains(&env.ids) {
                ways.push(env.ids.clone());
            }
            if ways.len() < WAYS { Ok(()) } else { Err(Stop::Enough) }
        });
        if searched == Err(Stop::Spent) {
            return Err(Stop::Spent);
        }
        let mut graph = Graph::default();
        let mut best: Option<(u32, Vec<Order>, Vec<Option<u32>>)> = None;
        for ids in ways {
            let mut own = Env { ids, vars: &clause.vars };
            let Some(met) = self.met(clause, &mut own, certain)? else { continue };
            let mut rank = 0;
            let mut orders = Vec::new();
            for met in &met {
                if let Met::Tuple(relation, tuple) = met {
                    let fact = (*relation, tuple.clone());
                    rank = rank.max(self.rank(&mut graph, &fact, certain)?);
                    orders.push(self.order(&fact));
                }
            }
            orders.sort_unstable();
            let better = best.as_ref().is_none_or(|(r, o, _)| (rank, &orders) < (*r, o));
            if better {
                best = Some((rank, orders, own.ids));
            }
        }
        let Some((_, _, ids)) = best else { return Ok(None) };
        let mut own = Env { ids, vars: &clause.vars };
        self.written(claim, clause, &mut own, certain, &mut graph, 0).map(Some)
    }

    /// The facts a proof rests on; what other lenses rest on is theirs.
    pub fn facts_of(&self, steps: &[Step], out: &mut BTreeSet<Fact>) {
        for step in steps {
            match step {
                Step::Fact { relation, args, .. } => {
                    let ids = args.iter().map(|arg| arg.as_ref().map_or(MISSING, |arg| self.world.id(arg)));
                    out.insert((*relation, ids.collect()));
                }
                Step::Derived { by: Some((_, by)), .. } => self.facts_of(&by.steps, out),
                _ => {}
            }
        }
    }

    /// Where a fact stands among all.
    pub fn order(&self, fact: &Fact) -> Order {
        match self.world.origin(fact.0, &fact.1) {
            Some((Origin::Text(span), _)) => (0, span.file.0, span.start),
            Some((Origin::Row { table, line }, _)) => (1, table, line),
            Some((Origin::Nobody, _)) | None => (2, fact.0.0, fact.1.first().copied().unwrap_or(0)),
        }
    }

    /// What each condition of a body is met by; `None` where it is not met.
    fn met<'c>(
        &self,
        clause: &'c Clause,
        env: &mut Env<'_>,
        certain: bool,
    ) -> Result<Option<Vec<Met<'c>>>, Stop> {
        let mut out = Vec::new();
        if !self.met_by(&clause.when, env, certain, &mut out)? {
            return Ok(None);
        }
        Ok(Some(out))
    }

    fn met_by<'c>(
        &self,
        cond: &'c Cond,
        env: &mut Env<'_>,
        certain: bool,
        out: &mut Vec<Met<'c>>,
    ) -> Result<bool, Stop> {
        match cond {
            Cond::And(parts) => {
                for part in parts {
                    if !self.met_by(part, env, certain, out)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Cond::Or(branches) => {
                let mut other = None;
                for branch in branches {
                    // A value nobody stated joins nothing for certain; the branch finds it again.
                    let mut own = env.clone();
                    let mut vars = Vec::new();
                    crate::model::clause::cond_vars(branch, &mut vars);
                    for var in vars.into_iter().filter(|var| certain && env.is_value(*var)) {
                        if own.ids[var.index()] == Some(MISSING) {
                            own.ids[var.index()] = None;
                        }
                    }
                    if !self.meets(branch, &own, !certain)? {
                        continue;
                    }
                    match self.way(branch, env, own, !certain)? {
                        Some((ids, true)) => {
                            env.ids = ids;
                            return self.met_by(branch, env, certain, out);
                        }
                        Some((ids, false)) => _ = other.get_or_insert((branch, ids)),
                        None => {}
                    }
                }
                let Some((branch, ids)) = other else { return Ok(false) };
                env.ids = ids;
                self.met_by(branch, env, certain, out)
            }
            Cond::Atom(atom) => {
                if let AtomSource::Relation(relation) = &atom.source {
                    let certain = certain || atom.known;
                    let mut first: Option<(bool, Order, Tuple)> = None;
                    let want: Vec<Want> = atom
                        .args
                        .iter()
                        .enumerate()
                        .map(|(slot, term)| {
                            let is_value = self.world.is_value(*relation, slot);
                            match self.term(term, env) {
                                None => Want::Any,
                                Some(MISSING) if is_value && !certain => Want::Any,
                                Some(id) if is_value && !certain => Want::IsOrMissing(id),
                                Some(id) => Want::Is(id),
                            }
                        })
                        .collect();
                    let mut seen = 0;
                    ended(self.tuples(*relation, &want, !certain, &mut |tuple| {
                        let key = (
                            tuple.contains(&MISSING),
                            self.order(&(*relation, tuple.to_vec())),
                            tuple.to_vec(),
                        );
                        if first.as_ref().is_none_or(|first| key < *first) {
                            first = Some(key);
                        }
                        seen += 1;
                        if seen < WAYS { Ok(()) } else { Err(Stop::Enough) }
                    }))?;
                    let Some((_, _, tuple)) = first else { return Ok(false) };
                    out.push(Met::Tuple(*relation, tuple));
                    return Ok(true);
                }
                out.push(Met::Other(cond));
                Ok(true)
            }
            Cond::Not(..)
            | Cond::Compare { .. }
            | Cond::Let { .. }
            | Cond::Stated { .. }
            | Cond::IsKind { .. } => {
                out.push(Met::Other(cond));
                Ok(true)
            }
        }
    }

    /// What the words of a condition stand for in its first way, begun with `own`, after which all words that stand
    /// for something still stand for that, and that it is so; else in its first way: there a value that is missing
    /// became one that is stated.
    fn way(&self, cond: &Cond, env: &Env<'_>, mut own: Env<'_>, possible: bool) -> Result<Option<Way>, Stop> {
        let mut parts = Vec::new();
        super::solve::flatten(cond, &mut parts);
        let mut found = None;
        let mut seen = 0;
        ended(self.all(&parts, &mut own, possible, &mut |way| {
            let same = env.ids.iter().zip(&way.ids).all(|(old, new)| old.is_none() || old == new);
            if same || seen == 0 {
                found = Some((way.ids.clone(), same));
            }
            seen += 1;
            if same || seen == WAYS { Err(Stop::Enough) } else { Ok(()) }
        }))?;
        Ok(found)
    }

    /// The fewest rounds that derive a tuple; 0 where it is stated.
    fn rank(&self, graph: &mut Graph, fact: &Fact, certain: bool) -> Result<u32, Stop> {
        if let Some(rank) = graph.ranks.get(fact) {
            return Ok(*rank);
        }
        let mut left = vec![fact.clone()];
        let mut new = Vec::new();
        let mut count = 0;
        while let Some(fact) = left.pop() {
            if graph.ways.contains_key(&fact) {
                continue;
            }
            let ways = if self.is_stated(&fact, certain)? || count > ALTERNATIVES {
                Vec::new()
            } else {
                self.alternatives(&fact, certain)?
            };
            count += ways.len();
            graph.spent |= count > ALTERNATIVES;
            left.extend(ways.iter().flat_map(|way| way.premises.iter().cloned()));
            graph.ways.insert(fact.clone(), ways);
            new.push(fact);
        }
        for fact in &new {
            if self.is_stated(fact, certain)? {
                graph.ranks.insert(fact.clone(), 0);
            }
        }
        graph.rank(&new);
        Ok(graph.ranks.get(fact).copied().unwrap_or(u32::MAX))
    }

    /// Whether a fact is stated here, in the bound.
    fn is_stated(&self, fact: &Fact, certain: bool) -> Result<bool, Stop> {
        let want: Vec<Want> = fact.1.iter().map(|id| Want::Is(*id)).collect();
        let mut found = false;
        ended(self.stated(fact.0, &want, !certain, &mut |_| {
            found = true;
            Err(Stop::Enough)
        }))?;
        Ok(found)
    }

    /// Whether a fact certainly holds, stated or derived.
    fn is_certain(&self, fact: &Fact) -> Result<bool, Stop> {
        let want: Vec<Want> = fact.1.iter().map(|id| Want::Is(*id)).collect();
        let mut found = false;
        ended(self.whole().tuples(fact.0, &want, false, &mut |_| {
            found = true;
            Err(Stop::Enough)
        }))?;
        Ok(found)
    }

    /// Where a fact of this world is stated, and whether it is doubtful in it.
    pub(super) fn origin(&self, fact: &Fact) -> Option<(Origin, bool)> {
        let added = self.change.relations.get(&fact.0);
        let new = added.and_then(|delta| {
            [false, true].into_iter().find(|at| delta.added[usize::from(*at)].contains(&fact.1))
        });
        match new {
            Some(maybe) => Some((self.change.origins.get(fact).copied().unwrap_or(Origin::Nobody), maybe)),
            None => self.world.origin(fact.0, &fact.1),
        }
    }

    /// The ways to derive a tuple.
    fn alternatives(&self, fact: &Fact, certain: bool) -> Result<Vec<Alternative>, Stop> {
        let (relation, tuple) = fact;
        let mut out = Vec::new();
        for (id, rule) in self.world.ruleset.rules_of(&[*relation]) {
            let pattern: Vec<Option<u32>> = tuple
                .iter()
                .enumerate()
                .map(|(slot, id)| (!self.world.is_value(*relation, slot)).then_some(*id))
                .collect();
            let mut env = Env::new(&rule.clause.vars);
            if !self.enter(&rule.head, &pattern, &mut env) {
                continue;
            }
            let mut ways: Vec<Vec<Option<u32>>> = Vec::new();
            ended(self.clause(&rule.clause, &mut env, !certain, &mut |env| {
                let own: Option<Tuple> = rule.head.iter().map(|term| self.term(term, env)).collect();
                if own.as_ref() == Some(tuple) && !ways.contains(&env.ids) {
                    ways.push(env.ids.clone());
                }
                if ways.len() < WAYS { Ok(()) } else { Err(Stop::Enough) }
            }))?;
            for ids in ways {
                let mut env = Env { ids, vars: &rule.clause.vars };
                let Some(met) = self.met(&rule.clause, &mut env, certain)? else { continue };
                let premises = met.into_iter().filter_map(|met| match met {
                    Met::Tuple(relation, tuple) => Some((relation, tuple)),
                    Met::Other(_) => None,
                });
                out.push(Alternative { rule: id, premises: premises.collect(), ids: env.ids });
            }
        }
        Ok(out)
    }

    /// A body with these words, written down.
    fn written(
        &self,
        claim: Claim,
        clause: &Clause,
        env: &mut Env<'_>,
        certain: bool,
        graph: &mut Graph,
        depth: usize,
    ) -> Result<Derivation, Stop> {
        let met = self.met(clause, env, certain)?.unwrap_or_default();
        let mut steps = Vec::new();
        for met in met {
            match met {
                Met::Tuple(relation, tuple) => {
                    steps.push(self.tuple_step(relation, &tuple, certain, graph, depth)?);
                }
                Met::Other(cond) => steps.extend(self.other_step(cond, env, certain)?),
            }
        }
        if let Some(unless) = &clause.unless {
            let certain = certain || !self.whole().meets(unless, env, true)?;
            let without = self.is_without(unless, env)?;
            let instead = self.instead(unless, env, true)?;
            let cond = Box::new(unless.clone());
            steps.push(Step::Nothing { cond, unless: true, certain, without, instead });
        }
        let words = self.words(env);
        Ok(Derivation { claim, certain, words, steps })
    }

    fn tuple_step(
        &self,
        relation: RelationId,
        tuple: &[u32],
        certain: bool,
        graph: &mut Graph,
        depth: usize,
    ) -> Result<Step, Stop> {
        let args = self.world.constants(relation, tuple);
        let fact = (relation, tuple.to_vec());
        if self.is_stated(&fact, certain)? {
            let (origin, maybe) = self.origin(&fact).unwrap_or((Origin::Nobody, false));
            return Ok(Step::Fact { relation, args, origin, maybe });
        }
        let maybe = !certain && !self.is_certain(&fact)?;
        let rank = self.rank(graph, &fact, certain)?;
        let ways = graph.ways.get(&fact).into_iter().flatten();
        let best = ways
            .filter(|way| {
                way.premises.iter().all(|premise| graph.ranks.get(premise).is_some_and(|r| *r < rank))
            })
            .min_by_key(|way| {
                let mut orders: Vec<Order> = way.premises.iter().map(|premise| self.order(premise)).collect();
                orders.sort_unstable();
                (way.rule, orders)
            });
        let Some((rule, ids)) = best.map(|way| (way.rule, way.ids.clone())).filter(|_| depth < DEEPEST)
        else {
            return Ok(Step::Derived { relation, args, maybe, by: None });
        };
        let clause = &self.world.ruleset.rules[rule].clause;
        let mut env = Env { ids, vars: &clause.vars };
        let by = self.written(Claim::Rule(rule), clause, &mut env, certain, graph, depth + 1)?;
        Ok(Step::Derived { relation, args, maybe, by: Some((rule, Box::new(by))) })
    }

    fn other_step(&self, cond: &Cond, env: &Env<'_>, certain: bool) -> Result<Option<Step>, Stop> {
        Ok(match cond {
            Cond::Not(inner, _) => {
                let certain = certain || !self.whole().meets(inner, env, true)?;
                let without = self.is_without(inner, env)?;
                let instead = self.instead(inner, env, true)?;
                Some(Step::Nothing { cond: inner.clone(), unless: false, certain, without, instead })
            }
            Cond::Compare { lhs, rhs, .. } => Some(Step::Compare {
                lhs: self.amount(lhs, env)?,
                rhs: self.amount(rhs, env)?,
                cond: Box::new(cond.clone()),
            }),
            Cond::Let { value, .. } => {
                Some(Step::Value { value: self.amount(value, env)?, cond: Box::new(cond.clone()) })
            }
            Cond::Stated { var, .. } => Some(Step::Known { var: *var }),
            Cond::IsKind { term, kind, .. } => {
                let domain = self.world.ruleset.kinds[*kind].domain;
                let thing = self.term(term, env).and_then(|id| self.world.constant(domain, id));
                thing.map(|thing| Step::Kind { thing, kind: *kind })
            }
            Cond::Atom(atom) => {
                let subject: Option<Tuple> = atom.args.iter().map(|term| self.term(term, env)).collect();
                let Some(subject) = subject else { return Ok(None) };
                let certain = certain || atom.known;
                self.lenses_step(&atom.source, &subject, certain)?
            }
            Cond::And(_) | Cond::Or(_) => None,
        })
    }

    /// How a condition is met for certain by these words, as one step.
    pub fn met_step(&self, cond: &Cond, env: &Env<'_>) -> Result<Vec<Step>, Stop> {
        let mut met = Vec::new();
        let mut env = env.clone();
        if !self.met_by(cond, &mut env, true, &mut met)? {
            return Ok(Vec::new());
        }
        let mut graph = Graph::default();
        let mut steps = Vec::new();
        for met in met {
            match met {
                Met::Tuple(relation, tuple) => {
                    steps.push(self.tuple_step(relation, &tuple, true, &mut graph, 0)?);
                }
                Met::Other(cond) => steps.extend(self.other_step(cond, &env, true)?),
            }
        }
        Ok(steps)
    }
}

/// The deepest proof that is written down.
const DEEPEST: usize = 500;

/// A search that ended early because it had enough.
pub(super) fn ended(flow: Flow) -> Flow {
    match flow {
        Err(stop @ (Stop::Spent | Stop::Lost)) => Err(stop),
        Ok(()) | Err(Stop::Enough) => Ok(()),
    }
}
