//! A world looked at plainly, name by name: only what is certain is said to hold. Where something
//! doubtful, missing or too large to look through could matter, it is said that this cannot be told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::replay::{Facts, compares, worked};
use crate::base::Idx;
use crate::builtin::AggregateKind;
use crate::model::clause::{all_cond_vars, bind, expr_vars};
use crate::model::{
    Aggregate, Atom, AtomSource, Cond, Constant, Expr, Keeping, KindId, RelationId, Term, Ty, VarId,
};
use crate::value::{Decimal, Value};

/// The most facts of one relation that are looked through.
const MOST_FACTS: usize = 50_000;
/// The most steps one world may take.
const MOST_STEPS: u64 = 4_000_000;
/// The most steps a completion may take; there are many of one world.
const STEPS_OF_A_COMPLETION: u64 = 100_000;

pub(super) type Args = Vec<Option<Constant>>;
/// What words stand for; a word without a value is free.
pub(super) type Env = Vec<Option<Constant>>;
/// Called with each way; true ends the search.
type Visit<'v> = &'v mut dyn FnMut(&Env) -> bool;

/// Whether something is so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Truth {
    Yes,
    No,
    /// Something doubtful, missing or too large could matter.
    Unsure,
}

/// What is certain of a relation, what is not, and whether more could hold.
#[derive(Clone, Default, Debug)]
pub(super) struct Table {
    pub certain: BTreeSet<Args>,
    pub doubtful: BTreeSet<Args>,
    pub unsure: bool,
}

/// What calculations come to.
pub(super) enum Worked {
    Is(Constant),
    /// The aggregate of nothing.
    Nothing,
    Unsure,
}

/// A world.
pub(super) struct Plain<'f> {
    pub facts: Facts<'f>,
    tables: RefCell<BTreeMap<RelationId, Rc<Table>>>,
    /// Stated facts that differ from those of the world evaluated.
    pub(super) changed: BTreeMap<RelationId, Table>,
    /// Things that are of a kind now, or no longer.
    pub(super) members: BTreeMap<(KindId, String), bool>,
    /// Things of which it is said outright now that they are of a kind, or no longer.
    pub(super) outright: BTreeMap<(KindId, String), bool>,
    /// Whether even who is of which kind cannot be told.
    pub(super) blind: bool,
    /// The world in which it is asked what is known, where this one is a completion of it.
    pub(super) knowing: Option<&'f Plain<'f>>,
    /// Per relation those its rules read, all the way down.
    reads: BTreeMap<RelationId, BTreeSet<RelationId>>,
    unsure: Cell<bool>,
    left: Cell<u64>,
}

impl<'f> Plain<'f> {
    /// The world as it is.
    pub fn new(facts: Facts<'f>) -> Self {
        Self {
            facts,
            tables: RefCell::default(),
            changed: BTreeMap::new(),
            members: BTreeMap::new(),
            outright: BTreeMap::new(),
            blind: false,
            knowing: None,
            reads: reads(&facts),
            unsure: Cell::new(false),
            left: Cell::new(MOST_STEPS),
        }
    }

    /// A completion of a world, of whose stated facts these differ; what is known stays what it is there, and
    /// names stay of the kinds they were.
    pub fn completing(base: &'f Self, changed: BTreeMap<RelationId, Table>) -> Self {
        Self {
            facts: base.facts,
            tables: RefCell::default(),
            changed,
            members: base.members.clone(),
            outright: base.outright.clone(),
            blind: base.blind,
            knowing: Some(base),
            reads: base.reads.clone(),
            unsure: Cell::new(false),
            left: Cell::new(STEPS_OF_A_COMPLETION),
        }
    }

    /// Whether it took more steps than it may.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Asks without hearing of what is unsure elsewhere.
    pub(super) fn apart<T>(&self, ask: impl FnOnce() -> T) -> (T, bool) {
        let before = self.unsure.replace(false);
        let answer = ask();
        (answer, self.unsure.replace(before))
    }

    pub(super) fn doubt(&self) -> bool {
        self.unsure.set(true);
        false
    }

    /// Whether a condition holds in some way.
    pub fn exists(&self, cond: &Cond, env: &Env) -> Truth {
        let (found, unsure) = self.apart(|| self.ways(&[cond], &mut env.clone(), &mut |_| true));
        match (found, unsure) {
            (true, _) => Truth::Yes,
            (false, true) => Truth::Unsure,
            (false, false) => Truth::No,
        }
    }

    /// Visits the ways in which all conditions hold; whether a visit ended it.
    pub fn ways(&self, parts: &[&Cond], env: &mut Env, visit: Visit<'_>) -> bool {
        if self.left.get() == 0 {
            return self.doubt();
        }
        self.left.set(self.left.get() - 1);
        let Some(at) = next(parts, env) else { return visit(env) };
        let mut rest = parts.to_vec();
        let part = rest.remove(at);
        match part {
            Cond::And(inner) => {
                let all: Vec<&Cond> = inner.iter().chain(rest).collect();
                self.ways(&all, env, visit)
            }
            Cond::Or(branches) => branches.iter().any(|branch| {
                let all: Vec<&Cond> = std::iter::once(branch).chain(rest.iter().copied()).collect();
                self.ways(&all, env, visit)
            }),
            Cond::Not(inner, _) => match self.exists(inner, env) {
                Truth::No => self.ways(&rest, env, visit),
                Truth::Yes => false,
                Truth::Unsure => self.doubt(),
            },
            Cond::Atom(atom) => self.atom(atom, env, &mut |env| self.ways(&rest, &mut env.clone(), visit)),
            Cond::Compare { lhs, op, rhs, .. } => match (self.value(lhs, env), self.value(rhs, env)) {
                (Worked::Nothing, _) | (_, Worked::Nothing) => false,
                (Worked::Is(lhs), Worked::Is(rhs)) => {
                    compares(&lhs, *op, &rhs) && self.ways(&rest, env, visit)
                }
                _ => self.doubt(),
            },
            Cond::Let { var, value, .. } => match self.value(value, env) {
                Worked::Is(value) => {
                    let before = env[var.index()].replace(value.clone());
                    let fits = before.as_ref().is_none_or(|before| *before == value);
                    let found = fits && self.ways(&rest, env, visit);
                    env[var.index()] = before;
                    found
                }
                Worked::Nothing => false,
                Worked::Unsure => self.doubt(),
            },
            Cond::Stated { var, .. } => match &env[var.index()] {
                Some(_) => self.ways(&rest, env, visit),
                None => self.doubt(),
            },
            Cond::IsKind { term, kind, .. } => match (self.term(term, env), term) {
                (Some(Constant::Thing(_, name)), _) => {
                    self.is_member(*kind, &name) && self.ways(&rest, env, visit)
                }
                (None, Term::Var(var)) => self.all_of(*kind).into_iter().any(|thing| {
                    env[var.index()] = Some(thing);
                    let found = self.ways(&rest, env, visit);
                    env[var.index()] = None;
                    found
                }),
                _ => self.doubt(),
            },
        }
    }

    pub(super) fn term(&self, term: &Term, env: &Env) -> Option<Constant> {
        match term {
            Term::Var(var) => env[var.index()].clone(),
            Term::Constant(constant) => Some(constant.clone()),
            Term::Parameter(parameter) => self.facts.parameters[*parameter].clone().map(Constant::Value),
        }
    }

    pub(super) fn is_member(&self, kind: KindId, name: &str) -> bool {
        self.members.get(&(kind, name.to_owned())).copied().unwrap_or_else(|| {
            let domain = self.facts.ruleset.kinds[kind].domain;
            let id = self.facts.dictionaries[domain].find_name(name);
            id.is_some_and(|id| self.facts.stated.members[kind].contains(id as usize))
        })
    }

    fn all_of(&self, kind: KindId) -> Vec<Constant> {
        let domain = self.facts.ruleset.kinds[kind].domain;
        let known = &self.facts.dictionaries[domain];
        let mut names: BTreeSet<String> =
            self.facts.stated.members[kind].iter().map(|id| known.name(id as u32).to_owned()).collect();
        for ((other, name), is) in &self.members {
            if *other == kind {
                if *is {
                    names.insert(name.clone())
                } else {
                    names.remove(name)
                };
            }
        }
        names.into_iter().map(|name| Constant::Thing(domain, name)).collect()
    }

    fn atom(&self, atom: &Atom, env: &Env, visit: Visit<'_>) -> bool {
        let want: Args = atom.args.iter().map(|term| self.term(term, env)).collect();
        let mut enter = |args: &Args| {
            let mut env = env.clone();
            let fits = atom.args.iter().zip(args).all(|(term, arg)| match term {
                Term::Var(var) => {
                    let known =
                        env[var.index()].get_or_insert_with(|| arg.clone().expect("no value is missing"));
                    Some(&*known) == arg.as_ref()
                }
                Term::Constant(_) | Term::Parameter(_) => true,
            });
            fits && visit(&env)
        };
        let asked = self.knowing.filter(|_| atom.known).unwrap_or(self);
        match &atom.source {
            AtomSource::Relation(relation) => {
                let table = asked.table(*relation);
                let found = matching(&table.certain, &want).any(|args| {
                    self.left.set(self.left.get().saturating_sub(1));
                    enter(args)
                });
                if !found
                    && (table.unsure || !atom.known && table.doubtful.iter().any(|args| fits(args, &want)))
                {
                    self.doubt();
                }
                found
            }
            AtomSource::Verdict { .. } | AtomSource::Disagree { .. } => {
                let (found, unsure) = asked.apart(|| asked.asked(&atom.source, &want));
                found.iter().any(enter) || unsure && self.doubt()
            }
        }
    }

    /// The facts of a relation, stated and derived.
    pub(super) fn table(&self, relation: RelationId) -> Rc<Table> {
        if let Some(known) = self.tables.borrow().get(&relation) {
            return Rc::clone(known);
        }
        let own = |other: &RelationId| {
            *other == relation
                || self.reads[&relation].contains(other) && self.reads[other].contains(&relation)
        };
        let group: Vec<RelationId> = self.facts.ruleset.relations.ids().filter(own).collect();
        for member in &group {
            self.tables.borrow_mut().insert(*member, Rc::new(self.stated(*member)));
        }
        let rules: Vec<_> = self.facts.ruleset.rules_of(&group).map(|(_, rule)| rule).collect();
        let (settled, unsure) = self.apart(|| {
            loop {
                let mut next: BTreeMap<RelationId, Table> =
                    group.iter().map(|id| (*id, (*self.tables.borrow()[id]).clone())).collect();
                for rule in &rules {
                    let mut heads = BTreeSet::new();
                    let mut env: Env = vec![None; rule.clause.vars.len()];
                    self.ways(&[&rule.clause.when], &mut env, &mut |env| {
                        let bars = rule.clause.unless.as_ref().map(|unless| self.exists(unless, env));
                        match bars {
                            None | Some(Truth::No) => {
                                _ = heads.insert(
                                    rule.head.iter().map(|term| self.term(term, env)).collect::<Args>(),
                                );
                            }
                            Some(Truth::Yes) => {}
                            Some(Truth::Unsure) => _ = self.doubt(),
                        }
                        false
                    });
                    if let Some(table) = next.get_mut(&rule.relation) {
                        table
                            .certain
                            .extend(heads.into_iter().filter(|head| head.iter().all(Option::is_some)));
                    }
                }
                let mut same = true;
                for (id, mut table) in next {
                    self.keep(id, &mut table.certain);
                    let mut tables = self.tables.borrow_mut();
                    same &= tables.get(&id).is_some_and(|old| old.certain == table.certain);
                    tables.insert(id, Rc::new(table));
                }
                if same || self.left.get() == 0 {
                    break same;
                }
            }
        });
        let doubtful = group.iter().any(|id| {
            let table = Rc::clone(&self.tables.borrow()[id]);
            !rules.is_empty() && (table.unsure || !table.doubtful.is_empty())
        });
        for member in &group {
            let mut tables = self.tables.borrow_mut();
            let mut table = (*tables[member]).clone();
            let open = unsure || !settled || doubtful;
            table.unsure |= open;
            if open && self.facts.ruleset.relations[*member].keeping.is_some() {
                // Something doubtful could give another value.
                table.certain.clear();
            }
            tables.insert(*member, Rc::new(table));
        }
        Rc::clone(&self.tables.borrow()[&relation])
    }

    /// What is stated of a relation.
    pub(super) fn stated(&self, relation: RelationId) -> Table {
        let entry = &self.facts.ruleset.relations[relation];
        // Who is new of a kind has keys without a value, whatever else of the relation was changed before.
        let grown = entry.open.is_some() && self.members.values().any(|is| *is);
        if let Some(changed) = self.changed.get(&relation) {
            return Table { unsure: changed.unsure || grown, ..changed.clone() };
        }
        let stated = &self.facts.stated.relations[relation];
        let mut table = Table { unsure: grown, ..Table::default() };
        if stated.len(false) + stated.len(true) > MOST_FACTS {
            return Table { unsure: true, ..table };
        }
        for maybe in [false, true] {
            for row in 0..stated.len(maybe) {
                let ids = stated.row(maybe, row);
                let args: Args = entry
                    .slots
                    .iter()
                    .zip(ids)
                    .map(|(slot, id)| match slot.ty {
                        Ty::Value(_) if id == crate::facts::MISSING => None,
                        ty => self.facts.dictionaries[self.facts.ruleset.domain_of(ty)].constant(id),
                    })
                    .collect();
                if maybe || args.iter().any(Option::is_none) {
                    table.doubtful.insert(args);
                } else {
                    table.certain.insert(args);
                }
            }
        }
        table
    }

    fn keep(&self, relation: RelationId, tuples: &mut BTreeSet<Args>) {
        let Some((keeping, slot)) = self.facts.ruleset.relations[relation].keeping else { return };
        let mut best: BTreeMap<Args, Option<Constant>> = BTreeMap::new();
        for mut key in std::mem::take(tuples) {
            let value = key[slot].take();
            let kept = best.entry(key).or_insert_with(|| value.clone());
            let better = match keeping {
                Keeping::Fewest => value < *kept,
                Keeping::Most => value > *kept,
            };
            if better {
                *kept = value;
            }
        }
        tuples.extend(best.into_iter().map(|(mut key, value)| {
            key[slot] = value;
            key
        }));
    }

    /// What a calculation comes to.
    pub fn value(&self, expr: &Expr, env: &Env) -> Worked {
        if let Expr::Aggregate(aggregate) = expr {
            return self.aggregate(aggregate, env);
        }
        let found = worked(expr, &mut |leaf| match leaf {
            Expr::Term(term) => self.term(term, env),
            Expr::Aggregate(aggregate) => match self.aggregate(aggregate, env) {
                Worked::Is(value) => Some(value),
                Worked::Nothing | Worked::Unsure => None,
            },
            _ => None,
        });
        found.map_or(Worked::Unsure, Worked::Is)
    }

    fn aggregate(&self, aggregate: &Aggregate, env: &Env) -> Worked {
        let Some(members) = self.members_of(aggregate, env) else { return Worked::Unsure };
        match aggregate.kind.of(members.into_values().collect()) {
            Ok(Some(value)) => Worked::Is(Constant::Value(value)),
            Ok(None) => Worked::Nothing,
            Err(_) => Worked::Unsure,
        }
    }

    /// What is counted or added up, by what stands for it; `None` where that is not certain.
    pub fn members_of(&self, aggregate: &Aggregate, env: &Env) -> Option<BTreeMap<Args, (Value, Decimal)>> {
        let mut read = Vec::new();
        expr_vars(&aggregate.value, &mut read);
        let keys: BTreeSet<VarId> = if aggregate.each.is_empty() {
            read.into_iter().filter(|var| aggregate.owns(*var)).collect()
        } else {
            aggregate.each.iter().copied().collect()
        };
        let mut members: BTreeMap<Args, (Value, Decimal)> = BTreeMap::new();
        let one = Decimal::from(1);
        let (_, unsure) = self.apart(|| {
            self.ways(&[&aggregate.body], &mut env.clone(), &mut |way| {
                let key: Args = keys.iter().map(|var| way[var.index()].clone()).collect();
                let weight = match &aggregate.weight {
                    None => Some(one),
                    Some(weight) => match self.value(weight, way) {
                        Worked::Is(Constant::Value(Value::Number(number))) => Some(number),
                        _ => None,
                    },
                };
                let value = if aggregate.kind == AggregateKind::Count {
                    Some(Value::Number(one))
                } else {
                    match self.value(&aggregate.value, way) {
                        Worked::Is(Constant::Value(value)) => Some(value),
                        _ => None,
                    }
                };
                match value.zip(weight) {
                    Some(member) => {
                        if *members.entry(key).or_insert_with(|| member.clone()) != member {
                            self.doubt();
                        }
                    }
                    None => _ = self.doubt(),
                }
                false
            })
        });
        (!unsure).then_some(members)
    }
}

/// Which condition comes next: one all of whose words have values, or can get them nowhere else.
fn next(parts: &[&Cond], env: &Env) -> Option<usize> {
    let given: Vec<BTreeSet<VarId>> = parts
        .iter()
        .map(|part| {
            let mut vars: BTreeSet<VarId> =
                (0..env.len()).filter(|at| env[*at].is_some()).map(VarId::from_usize).collect();
            bind(part, &mut vars);
            if let Cond::Let { var, .. } = part {
                vars.insert(*var);
            }
            vars.retain(|var| env[var.index()].is_none());
            vars
        })
        .collect();
    let waits = |at: usize| {
        let mut seen = Vec::new();
        match parts[at] {
            Cond::Let { value, .. } => expr_vars_all(value, &mut seen),
            Cond::Not(..) | Cond::Compare { .. } | Cond::Stated { .. } => all_cond_vars(parts[at], &mut seen),
            Cond::And(_) | Cond::Or(_) | Cond::Atom(_) | Cond::IsKind { .. } => {}
        }
        seen.iter().any(|var| {
            env[var.index()].is_none()
                && given.iter().enumerate().any(|(other, vars)| other != at && vars.contains(var))
        })
    };
    let open = |atom: &Atom| {
        let free = |term: &&Term| matches!(term, Term::Var(var) if env[var.index()].is_none());
        atom.args.iter().filter(free).count()
    };
    let cost = |part: &Cond| match part {
        Cond::And(_) => 0,
        Cond::IsKind { term: Term::Var(var), .. } if env[var.index()].is_none() => 30,
        Cond::Compare { .. } | Cond::Stated { .. } | Cond::Let { .. } | Cond::IsKind { .. } => 1,
        Cond::Atom(atom) => 2 + 2 * open(atom),
        Cond::Not(..) => 3,
        Cond::Or(_) => 20,
    };
    (0..parts.len())
        .filter(|at| !waits(*at))
        .min_by_key(|at| (cost(parts[*at]), *at))
        .or((!parts.is_empty()).then_some(0))
}

fn expr_vars_all(expr: &Expr, out: &mut Vec<VarId>) {
    expr_vars(expr, out);
    expr.aggregates(&mut |aggregate| all_cond_vars(&aggregate.body, out));
}

fn matching<'t>(tuples: &'t BTreeSet<Args>, want: &'t Args) -> impl Iterator<Item = &'t Args> {
    let first = want.first().cloned().flatten();
    let from: Args = first.iter().cloned().map(Some).collect();
    tuples
        .range(from..)
        .take_while(move |args| first.is_none() || args.first().is_some_and(|arg| *arg == first))
        .filter(move |args| args.iter().zip(want).all(|(arg, want)| want.is_none() || arg == want))
}

/// Whether a fact could be what is wanted; a missing value could be any.
fn fits(args: &Args, want: &Args) -> bool {
    args.iter().zip(want).all(|(arg, want)| arg.is_none() || want.is_none() || arg == want)
}

fn reads(facts: &Facts<'_>) -> BTreeMap<RelationId, BTreeSet<RelationId>> {
    let ruleset = facts.ruleset;
    let mut out: BTreeMap<RelationId, BTreeSet<RelationId>> =
        ruleset.relations.ids().map(|id| (id, BTreeSet::new())).collect();
    for rule in &ruleset.rules {
        let own = out.entry(rule.relation).or_default();
        relations(&rule.clause.when, own);
        rule.clause.unless.iter().for_each(|unless| relations(unless, own));
    }
    loop {
        let before = out.clone();
        for own in out.values_mut() {
            let more: Vec<RelationId> = own.iter().flat_map(|id| before[id].iter().copied()).collect();
            own.extend(more);
        }
        if out == before {
            return out;
        }
    }
}

fn relations(cond: &Cond, out: &mut BTreeSet<RelationId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| relations(part, out)),
        Cond::Not(inner, _) => relations(inner, out),
        Cond::Atom(Atom { source: AtomSource::Relation(relation), .. }) => _ = out.insert(*relation),
        Cond::Atom(_)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::Stated { .. }
        | Cond::IsKind { .. } => {}
    }
    cond.aggregated(&mut |body| relations(body, out));
}
