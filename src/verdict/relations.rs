//! Relations from stated facts and rules; semi-naive where rules need each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::branches::branches;
use super::evaluate::{Bounds, Evaluator};
use super::search::{self, Wanted};
use super::stops::Stop;
use crate::base::{BitSet, Idx, Span};
use crate::engine::planted::{Bug, planted};
use crate::engine::{
    Change, Clock, Failure, Flow, Frame, Gather, Halt, Index, Keep, Lists, Place, Reached, Runner, Sorted,
    Table, TupleSet, Values,
};
use crate::facts::MISSING;
use crate::model::clause::as_var;
use crate::model::{Atom, AtomSource, Clause, Cond, Keeping, RelationId, Rule, Slot, Term, Ty, VarId};
use crate::plan::{Request, compile, outline};

/// Ids found before they are added to a set: one after another, look-ups wait for each other less.
const BATCH: usize = 1 << 12;

impl Evaluator<'_> {
    /// Works out relations that need each other (or one alone).
    pub fn relations(&mut self, members: &[RelationId], recursive: bool) -> Result<(), Stop> {
        let ruleset = self.ruleset;
        let rules: Vec<&Rule> = ruleset.rules_of(members).map(|(_, rule)| rule).collect();
        let stated = members.iter().any(|relation| !self.facts.relations[*relation].maybe.is_empty());
        let doubtful = stated || rules.iter().any(|rule| self.is_doubtful(&rule.clause));
        if rules.is_empty() {
            for relation in members {
                // Nothing else reads what is stated of a relation without rules.
                let facts = self.take_facts(*relation);
                let possible = (!facts.maybe.is_empty()).then(|| {
                    let both = facts.certain.columns.iter().zip(&facts.maybe.columns);
                    Arc::new(Table::new(both.map(|(a, b)| [a.as_slice(), b].concat()).collect()))
                });
                let certain = Arc::new(Table::of(facts.certain.columns));
                self.relations[*relation] = Some(self.with_missing(*relation, certain, possible));
            }
            return Ok(());
        }
        let certain = self.fixpoint(members, &rules, recursive, false)?;
        let possible = if doubtful { Some(self.fixpoint(members, &rules, recursive, true)?) } else { None };
        for (at, relation) in members.iter().enumerate() {
            let certain = Arc::clone(&certain[at]);
            let (certain, possible) =
                self.settle_kept(*relation, certain, possible.as_ref().map(|tables| Arc::clone(&tables[at])));
            // What is certain is possible: as many tuples are the same tuples.
            let possible = possible.filter(|possible| possible.len() != certain.len());
            self.relations[*relation] = Some(self.with_missing(*relation, certain, possible));
        }
        Ok(())
    }

    /// Bounds with the slots in which a value is missing somewhere.
    fn with_missing(
        &self,
        relation: RelationId,
        certain: Arc<Table>,
        possible: Option<Arc<Table>>,
    ) -> Bounds {
        let slots = &self.ruleset.relations[relation].slots;
        let holds = |table: &Table, slot: usize| table.columns()[slot].contains(&MISSING);
        let missing = (0..slots.len())
            .filter(|slot| matches!(slots[*slot].ty, Ty::Value(_)))
            .filter(|slot| {
                holds(&certain, *slot) || possible.as_ref().is_some_and(|table| holds(table, *slot))
            })
            .collect();
        Bounds { certain, possible, missing }
    }

    /// A kept value that doubtful facts could change, or that only they give, is missing.
    fn settle_kept(
        &self,
        relation: RelationId,
        certain: Arc<Table>,
        possible: Option<Arc<Table>>,
    ) -> (Arc<Table>, Option<Arc<Table>>) {
        let kept = self.ruleset.relations[relation].keeping.map(|(_, slot)| slot);
        let (Some(slot), Some(possible)) = (kept, &possible) else { return (certain, possible) };
        // Rows in the order of their keys, of which each has one.
        let slots = 0..certain.columns().len();
        let order: Vec<usize> = slots.filter(|at| *at != slot).chain([slot]).collect();
        let (sure, all) = (certain.index(&order), possible.index(&order));
        let last = order.len() - 1;
        let key = |index: &Index, row: u32| -> Vec<u32> {
            index.columns[..last].iter().map(|column| column[row as usize]).collect()
        };
        let mut values: [Vec<u32>; 2] = [&sure, &all].map(|index| index.columns[last].to_vec());
        let (mut left, mut right) = (0_u32, 0_u32);
        while left < sure.all().1 || right < all.all().1 {
            let own = (left < sure.all().1).then(|| key(&sure, left));
            let other = (right < all.all().1).then(|| key(&all, right));
            let (at, to) = (left as usize, right as usize);
            match (own, other) {
                (Some(own), Some(other)) if own == other => {
                    if values[0][at] != values[1][to] {
                        (values[0][at], values[1][to]) = (MISSING, MISSING);
                    }
                    (left, right) = (left + 1, right + 1);
                }
                (Some(own), other) if other.as_ref().is_none_or(|other| own < *other) => {
                    values[0][at] = MISSING;
                    left += 1;
                }
                _ => {
                    values[1][to] = MISSING;
                    right += 1;
                }
            }
        }
        let [own, others] = values;
        let settled = |index: &Index, values: Vec<u32>| {
            let mut columns: Vec<Vec<u32>> =
                index.columns[..last].iter().map(|column| column.to_vec()).collect();
            columns.insert(slot, values);
            Arc::new(Table::new(columns))
        };
        (settled(&sure, own), Some(settled(&all, others)))
    }

    /// Whether rules of a loop may conclude missing values: they conclude values, and read missing ones or
    /// aggregate.
    pub(super) fn may_miss(&self, members: &[RelationId], rules: &[&Rule]) -> bool {
        let mut found = false;
        for rule in rules.iter().filter(|rule| self.concludes_values(rule)) {
            for cond in std::iter::once(&rule.clause.when).chain(&rule.clause.unless) {
                self.reads_missing(cond, members, &mut found);
            }
        }
        found || members.iter().any(|relation| self.facts.relations[*relation].certain.any_missing())
    }

    /// Whether a variable stands for a value in what a rule concludes.
    fn concludes_values(&self, rule: &Rule) -> bool {
        let slots = &self.ruleset.relations[rule.relation].slots;
        let is_value =
            |(term, slot): (&Term, &Slot)| as_var(term).is_some() && matches!(slot.ty, Ty::Value(_));
        rule.head.iter().zip(slots).any(is_value)
    }

    fn reads_missing(&self, cond: &Cond, members: &[RelationId], found: &mut bool) {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => {
                parts.iter().for_each(|part| self.reads_missing(part, members, found));
            }
            Cond::Not(inner, _) => self.reads_missing(inner, members, found),
            Cond::Atom(Atom { source: AtomSource::Relation(relation), .. }) if members.contains(relation) => {
            }
            Cond::Atom(atom) => *found |= !self.bounds(&atom.source).missing.is_empty(),
            Cond::Compare { .. } | Cond::Let { .. } => cond.aggregated(&mut |_| *found = true),
            Cond::IsKind { .. } | Cond::Stated { .. } => {}
        }
    }

    fn fixpoint(
        &mut self,
        members: &[RelationId],
        rules: &[&Rule],
        recursive: bool,
        possible: bool,
    ) -> Result<Vec<Arc<Table>>, Stop> {
        if let Some(tables) = self.at_once(members, rules, recursive, possible)? {
            return Ok(tables.into_iter().map(Arc::new).collect());
        }
        let mut sets: Vec<TupleSet> = members.iter().map(|relation| self.seed(*relation, possible)).collect();
        let misses = self.may_miss(members, rules);
        for (at, relation) in members.iter().enumerate() {
            self.publish(*relation, &sets[at], misses);
        }
        // Rules that need no relation of the loop hold once and for all.
        let (inner, outer): (Vec<&Rule>, Vec<&Rule>) =
            rules.iter().partition(|rule| recursive && !occurrences(&rule.clause, members).is_empty());
        let mut changed: Vec<Vec<u32>> = sets.iter().map(|set| (0..set.len() as u32).collect()).collect();
        // So do branches that need none, of rules that leave a choice.
        let free = inner.iter().copied().filter(|rule| !needs_one(&rule.clause.when, members));
        for rule in outer.into_iter().chain(free) {
            let place = place_of(members, rule.relation);
            self.derive(rule, None, possible, &mut sets[place], &mut changed[place])?;
        }
        let mut round = 0;
        while recursive && changed.iter().any(|rows| !rows.is_empty()) {
            if planted(Bug::LostDelta) && round > 0 {
                break;
            }
            round += 1;
            self.clock.round(round)?;
            let deltas: Vec<Arc<Table>> =
                sets.iter().zip(&changed).map(|(set, rows)| Arc::new(delta(set, rows))).collect();
            for (at, relation) in members.iter().enumerate() {
                if needs_whole(&inner, members, *relation) {
                    self.publish(*relation, &sets[at], misses);
                }
            }
            changed = vec![Vec::new(); members.len()];
            for rule in &inner {
                let place = place_of(members, rule.relation);
                for atom in occurrences(&rule.clause, members) {
                    let AtomSource::Relation(read) = atom.source else { continue };
                    let read = place_of(members, read);
                    if deltas[read].is_empty() {
                        continue;
                    }
                    let delta = Some((atom, Arc::clone(&deltas[read])));
                    self.derive(rule, delta, possible, &mut sets[place], &mut changed[place])?;
                }
            }
            for rows in &mut changed {
                rows.sort_unstable();
                rows.dedup();
            }
        }
        for relation in members {
            self.relations[*relation] = None;
        }
        Ok(members
            .iter()
            .zip(&sets)
            .map(|(relation, set)| {
                Arc::new(Table::from_rows(self.ruleset.relations[*relation].slots.len(), set.data()))
            })
            .collect())
    }

    /// What is stated of a relation.
    fn seed(&self, relation: RelationId, possible: bool) -> TupleSet {
        let entry = &self.ruleset.relations[relation];
        let keep = entry.keeping.map(|(keeping, slot)| Keep { slot, most: keeping == Keeping::Most });
        let mut set = TupleSet::new(entry.slots.len(), keep);
        let values = Values::new(&self.facts.dictionaries);
        let better = |new, old| self.is_better(relation, &values, new, old);
        let facts = &self.facts.relations[relation];
        let sources = std::iter::once(&facts.certain).chain(possible.then_some(&facts.maybe));
        for tuples in sources {
            for row in 0..tuples.len() {
                let tuple: Vec<u32> = tuples.row(row).collect();
                set.add(&tuple, better);
            }
        }
        set
    }

    fn is_better(&self, relation: RelationId, values: &Values<'_>, new: u32, old: u32) -> bool {
        let entry = &self.ruleset.relations[relation];
        let Some((keeping, slot)) = entry.keeping else { return false };
        let domain = self.ruleset.domain_of(entry.slots[slot].ty);
        match (values.value(domain, new), values.value(domain, old)) {
            (Some(new), Some(old)) => match keeping {
                Keeping::Fewest => new < old,
                Keeping::Most => new > old,
            },
            _ => false,
        }
    }

    /// Lets the rules of the loop read what has been found so far.
    fn publish(&mut self, relation: RelationId, set: &TupleSet, misses: bool) {
        let slots = &self.ruleset.relations[relation].slots;
        let table = Arc::new(Table::from_rows(slots.len(), set.data()));
        let values = (0..slots.len()).filter(|slot| matches!(slots[*slot].ty, Ty::Value(_)));
        let missing = if misses { values.collect() } else { Vec::new() };
        self.relations[relation] = Some(Bounds { certain: table, possible: None, missing });
    }

    /// Adds what a rule concludes to `set`, and the places that changed to `changed`.
    fn derive(
        &mut self,
        rule: &Rule,
        delta: Option<(&Atom, Arc<Table>)>,
        possible: bool,
        set: &mut TupleSet,
        changed: &mut Vec<u32>,
    ) -> Result<(), Stop> {
        let needed: BTreeSet<VarId> = rule.head.iter().filter_map(as_var).collect();
        let found = self.with_inputs(true, |evaluator, inputs, values| {
            let request = Request { delta, ..Request::new(&rule.clause, needed, possible) };
            let first = request.delta.is_none();
            let program = compile(inputs, &request);
            if first {
                evaluator.profile.note(None, || outline(inputs.ruleset, &rule.clause, &program));
            }
            let runner = Runner::new(&program, values, &evaluator.clock);
            let head: Vec<Place> = rule.head.iter().map(|term| crate::plan::place(inputs, term)).collect();
            let better = |new, old| evaluator.is_better(rule.relation, values, new, old);
            let mut failures = Failures::new(head.len());
            let mut found: Vec<u32> = Vec::new();
            let mut add = |found: &mut Vec<u32>| {
                let before = set.len();
                for tuple in found.chunks_exact(head.len()) {
                    if let Change::At(at) = set.add(tuple, better) {
                        changed.push(at);
                    }
                }
                found.clear();
                evaluator.clock.derived((set.len() - before) as u64)
            };
            each_head(&runner, &head, !possible, &mut |tuple, failed| {
                if let Some(failure) = failed {
                    return failures.add(tuple, failure, &evaluator.clock);
                }
                found.extend_from_slice(tuple);
                if found.len() < BATCH { Ok(()) } else { add(&mut found) }
            })?;
            add(&mut found)?;
            failures.decide(|tuple| set.contains(tuple))
        });
        let shown: Vec<VarId> = rule.head.iter().filter_map(as_var).collect();
        found.map_err(|halt| self.halted(halt, &rule.clause, &shown, rule.span))
    }

    /// All ways to meet a body: the ids of the wanted variables, sorted, each way once.
    pub fn ways(
        &mut self,
        clause: &Clause,
        wanted: &[VarId],
        possible: bool,
        span: Span,
    ) -> Result<Sorted, Stop> {
        let mut nowhere = Vec::new();
        Ok(self.ways_by_branch(clause, wanted, possible, span, false, &mut nowhere)?.whole())
    }

    /// The same; where that is asked, `places` then holds the branches of the body that were gone through
    /// one by one, each with the places of what it gives.
    pub(super) fn ways_by_branch(
        &mut self,
        clause: &Clause,
        wanted: &[VarId],
        possible: bool,
        span: Span,
        by_branch: bool,
        places: &mut Vec<(Cond, BitSet)>,
    ) -> Result<Lists, Stop> {
        let needed: BTreeSet<VarId> = wanted.iter().copied().collect();
        let found = self.with_inputs(true, |evaluator, inputs, values| {
            if !wanted.is_empty() {
                let head: Vec<Place> = wanted.iter().map(|var| Place::Var(var.index())).collect();
                let branches = branches(clause);
                let programs: Vec<_> = branches
                    .iter()
                    .map(|branch| {
                        let request =
                            Request { lookups: true, ..Request::new(branch, needed.clone(), possible) };
                        compile(inputs, &request)
                    })
                    .collect();
                for (branch, program) in branches.iter().zip(&programs) {
                    evaluator.profile.note(None, || outline(inputs.ruleset, branch, program));
                }
                let programs: Vec<Wanted<'_>> =
                    programs.iter().map(|program| Wanted { program, head: &head }).collect();
                let found = search::all_ways(&programs, by_branch, values, &evaluator.clock)?;
                if let Some((found, own)) = found {
                    *places = branches.into_iter().map(|branch| branch.when).zip(own).collect();
                    return Ok(found);
                }
            }
            let program = compile(inputs, &Request::new(clause, needed.clone(), possible));
            let runner = Runner::new(&program, values, &evaluator.clock);
            if wanted.is_empty() {
                return runner.holds(&mut runner.frame(), !possible).map(|holds| Sorted::truth(holds).into());
            }
            let head: Vec<Place> = wanted.iter().map(|var| Place::Var(var.index())).collect();
            let mut failures = Failures::new(head.len());
            let mut gather = Gather::new(head.len());
            each_head(&runner, &head, !possible, &mut |tuple, failed| match failed {
                Some(failure) => failures.add(tuple, failure, &evaluator.clock),
                None => match gather.add(tuple) {
                    Some(different) => evaluator.clock.gathered(different),
                    None => Ok(()),
                },
            })?;
            let found = gather.finish();
            evaluator.clock.gathered(found.len())?;
            failures.decide(|tuple| found.contains(tuple))?;
            Ok(found.into())
        });
        found.map_err(|halt| self.halted(halt, clause, wanted, span))
    }
}

/// Conclusions that only lack the result of a calculation, each once.
struct Failures {
    tuples: TupleSet,
    failures: Vec<Failure>,
}

impl Failures {
    fn new(arity: usize) -> Self {
        Self { tuples: TupleSet::new(arity, None), failures: Vec::new() }
    }

    fn add(&mut self, tuple: &[u32], failure: Failure, clock: &Clock) -> Result<(), Reached> {
        if self.tuples.add(tuple, |_, _| false) == Change::Nothing {
            return Ok(());
        }
        self.failures.push(failure);
        clock.gathered(self.failures.len())
    }

    /// The least of those that do not hold in some other way, so that no order of search matters.
    fn decide(self, holds: impl Fn(&[u32]) -> bool) -> Result<(), Halt> {
        let open = self.failures.into_iter().zip(0..).filter(|(_, at)| !holds(self.tuples.row(*at)));
        let least = open.min_by(|left, right| self.tuples.row(left.1).cmp(self.tuples.row(right.1)));
        least.map_or(Ok(()), |(failure, _)| Err(Halt::Failed(failure)))
    }
}

/// Whether nothing meets a condition without a tuple of these relations.
fn needs_one(when: &Cond, members: &[RelationId]) -> bool {
    match when {
        Cond::And(parts) => parts.iter().any(|part| needs_one(part, members)),
        Cond::Or(parts) => parts.iter().all(|part| needs_one(part, members)),
        Cond::Atom(Atom { source: AtomSource::Relation(relation), .. }) => members.contains(relation),
        Cond::Atom(_)
        | Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::IsKind { .. }
        | Cond::Stated { .. } => false,
    }
}

pub(super) fn place_of(members: &[RelationId], relation: RelationId) -> usize {
    // INVARIANT: rules and occurrences of a component are of its members.
    members.iter().position(|member| *member == relation).unwrap_or(0)
}

/// The atoms outside negative parts that read one of the relations.
pub(super) fn occurrences<'c>(clause: &'c Clause, members: &[RelationId]) -> Vec<&'c Atom> {
    let mut out = Vec::new();
    positive(&clause.when, &mut |atom| {
        if matches!(atom.source, AtomSource::Relation(relation) if members.contains(&relation)) {
            out.push(atom);
        }
    });
    out
}

fn positive<'c>(cond: &'c Cond, visit: &mut impl FnMut(&'c Atom)) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| positive(part, visit)),
        Cond::Atom(atom) => visit(atom),
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::IsKind { .. }
        | Cond::Stated { .. } => {}
    }
}

/// Whether some rule reads the relation beside another one of the loop, so that what was found
/// before matters too.
fn needs_whole(rules: &[&Rule], members: &[RelationId], relation: RelationId) -> bool {
    rules.iter().any(|rule| {
        let atoms = occurrences(&rule.clause, members);
        atoms.len() > 1 && atoms.iter().any(|atom| atom.source == AtomSource::Relation(relation))
    })
}

fn delta(set: &TupleSet, rows: &[u32]) -> Table {
    let arity = rows.first().map_or(1, |row| set.row(*row).len());
    let data: Vec<u32> = rows.iter().flat_map(|row| set.row(*row).iter().copied()).collect();
    Table::from_rows(arity, &data)
}

/// Takes a conclusion; with a failure, one that only lacks the result of a calculation.
type Emit<'e> = dyn FnMut(&[u32], Option<Failure>) -> Result<(), Reached> + 'e;

/// Calls `emit` with the head of each way to meet a body, some more than once, or of each that only
/// lacks the result of a calculation.
fn each_head(runner: &Runner<'_>, head: &[Place], raise: bool, emit: &mut Emit<'_>) -> Result<(), Halt> {
    let mut frame = runner.frame();
    let mut tuple: Vec<u32> = Vec::with_capacity(head.len());
    let fill = |tuple: &mut Vec<u32>, frame: &Frame| {
        tuple.clear();
        tuple.extend(head.iter().map(|place| match place {
            Place::Var(var) => frame.ids[*var],
            Place::Id(id) => *id,
        }));
    };
    if head.iter().all(|place| matches!(place, Place::Id(_))) {
        if runner.holds(&mut frame, raise)? {
            fill(&mut tuple, &frame);
            emit(&tuple, None)?;
        }
        return Ok(());
    }
    let mut reached = Ok(());
    runner.each(&mut frame, raise, &mut |frame, failed| {
        fill(&mut tuple, frame);
        reached = emit(&tuple, failed.map(|error| Failure { error, ids: frame.ids.clone() }));
        if reached.is_ok() { Flow::More } else { Flow::Enough }
    })?;
    reached.map_err(Halt::Reached)
}
