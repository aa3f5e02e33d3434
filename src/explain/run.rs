//! One world worked out as far as it is asked about: what a change does not touch is read off the
//! evaluation, the rest is derived again from what is stated.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::figures::Sums;
use super::goals::{Goal, NEAR};
use super::grow::Grown;
use super::joined::Joined;
use super::lookup::{Flow, Tuple, Want, fits};
use super::roots::Noted;
use super::settled::Settled;
use super::solve::Env;
use super::without::Without;
use super::world::{Change, Node, World};
use crate::base::Idx;
use crate::model::{KindId, LensId, QuestionId, RelationId, Term, Ty};
use crate::value::Value;
use crate::verdict::OutcomeSet;

/// Of whom it is asked whether somebody asks about them, and the bound.
type Subject = (QuestionId, Tuple, bool);

/// What is known of a goal.
#[derive(Default)]
pub(super) struct Table {
    pub tuples: Rc<BTreeSet<Tuple>>,
    /// The pass in which it was worked out last.
    pub pass: u64,
    pub done: bool,
}

/// What the rows of a lens say of a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Matched {
    /// Rows that match certainly.
    pub certain: Vec<usize>,
    /// Rows that match certainly or possibly.
    pub possible: Vec<usize>,
    /// What they give, what holds where none decides left out.
    pub rows: OutcomeSet,
    /// Whether what holds where none decides is open.
    pub default: bool,
}

/// A world, worked out on demand.
pub(super) struct Run<'w> {
    pub world: &'w World<'w>,
    pub change: Change,
    /// The only facts that positive sentences may rest on.
    only: Option<BTreeSet<(RelationId, Tuple)>>,
    /// The world that negative parts are asked in, where `only` restricts this one.
    pub(super) full: Option<&'w Run<'w>>,
    /// The world in which it is asked what is known, where this one is a completion of it.
    knowing: Option<&'w Run<'w>>,
    changed: BTreeSet<Node>,
    pub(super) tables: RefCell<HashMap<Goal, Table, FxBuildHasher>>,
    pub outcomes: RefCell<HashMap<(LensId, Tuple), Matched, FxBuildHasher>>,
    /// Who is asked about, certainly or possibly, and whether some calculation had no result there.
    pub standings: RefCell<HashMap<Subject, (bool, bool), FxBuildHasher>>,
    touched: RefCell<BTreeMap<Node, bool>>,
    /// The loops being worked out, with whether the pass found something new.
    pub driven: RefCell<BTreeMap<usize, bool>>,
    /// Goals of loops, in the order in which the passes under way came by them.
    pub(super) passed: RefCell<Vec<Goal>>,
    /// Goals that lay too deep to be passed when they were asked.
    pub(super) later: RefCell<Vec<Goal>>,
    pub(super) passes: Cell<u64>,
    /// The number of the last pass begun: none is used twice.
    pub(super) last_pass: Cell<u64>,
    /// What grows with the same in slots that are handed on.
    pub grown: RefCell<HashMap<Goal, Rc<Grown>, FxBuildHasher>>,
    /// How many steps were taken to find out instead what that rests on, and how many may be.
    pub backwards: RefCell<HashMap<Goal, (u64, u64), FxBuildHasher>>,
    pub(super) depth: Cell<usize>,
    /// How deep loops are followed at most, and how many of their goals, where they are read off the evaluation then.
    pub(super) near: Option<(usize, usize)>,
    pub left: Cell<u64>,
    pub trace: Option<RefCell<Trace>>,
    /// What tells of the world as it is where the evaluation left something out.
    beyond: Option<&'w Run<'w>>,
    /// Whether this is what tells of that.
    pub apart: bool,
    /// What is worked out already.
    pub settled: Settled,
    /// Whether some calculation had no result.
    pub failed: Cell<bool>,
    /// What is known of such calculations.
    pub without: Without,
    /// How far apart the sides of comparisons are, where that is wanted.
    pub sides: Option<Noted>,
    /// What aggregates came to.
    pub sums: RefCell<Sums>,
}

/// What an answer was read off: nothing else can change it.
#[derive(Clone, Default, Debug)]
pub(super) struct Trace {
    /// Facts that were seen, and whether they are doubtful; of what rests on nothing open, what follows.
    pub facts: BTreeSet<(RelationId, Tuple, bool)>,
    /// What was looked for.
    pub asked: BTreeSet<(RelationId, Vec<Want>)>,
    /// Things whose kind was asked.
    pub kinds: BTreeSet<(KindId, u32)>,
    /// Kinds of which all things were asked.
    pub all: BTreeSet<KindId>,
    /// Values at which comparisons with a missing one turn.
    pub turning: BTreeSet<Value>,
    /// Values that other sentences state for words that were looked for.
    pub joined: Joined,
    /// Whether loops were followed only so far.
    pub near: bool,
}

impl Trace {
    /// Adds what another answer was read off.
    pub fn extend(&mut self, other: Self) {
        let Self { facts, asked, kinds, all, turning, joined, near } = other;
        self.near |= near;
        self.facts.extend(facts);
        self.asked.extend(asked);
        self.kinds.extend(kinds);
        self.all.extend(all);
        self.turning.extend(turning);
        self.joined.extend(joined);
    }
}

impl<'w> Run<'w> {
    /// A world that differs so from the one evaluated, with so many steps to work it out.
    pub fn new(world: &'w World<'w>, change: Change, budget: u64) -> Self {
        let changed = change.nodes();
        Self {
            world,
            change,
            only: None,
            full: None,
            knowing: None,
            changed,
            tables: RefCell::default(),
            outcomes: RefCell::default(),
            standings: RefCell::default(),
            touched: RefCell::default(),
            driven: RefCell::default(),
            passed: RefCell::default(),
            later: RefCell::default(),
            passes: Cell::new(0),
            last_pass: Cell::new(0),
            grown: RefCell::default(),
            backwards: RefCell::default(),
            depth: Cell::new(0),
            near: None,
            left: Cell::new(budget),
            trace: None,
            beyond: None,
            apart: false,
            settled: Settled::default(),
            failed: Cell::new(false),
            without: Without::default(),
            sides: None,
            sums: RefCell::default(),
        }
    }

    /// What works out, in the world as it is, whatever the evaluation left out. It has steps of its own: whoever
    /// asks counts at most those that reading it off the evaluation would take.
    pub fn apart(world: &'w World<'w>) -> Self {
        Self { apart: true, ..Self::new(world, Change::default(), 0) }
    }

    /// The world as it is, where another tells what the evaluation left out.
    pub fn beside(beyond: &'w Run<'w>, budget: u64) -> Self {
        Self { beyond: Some(beyond), ..Self::new(beyond.world, Change::default(), budget) }
    }

    /// A world that differs so from the one this is, left out what is left out here.
    pub fn differing(&self, change: Change, budget: u64) -> Self {
        Self { beyond: self.beyond, ..Self::new(self.world, change, budget) }
    }

    /// The same world, noting how far apart the sides of comparisons are.
    pub fn noting(self, sides: Noted) -> Self {
        Self { sides: Some(sides), ..self }
    }

    /// A world that differs so, noting everything an answer is read off.
    pub fn tracing(world: &'w World<'w>, change: Change, budget: u64) -> Self {
        Self { trace: Some(RefCell::default()), ..Self::new(world, change, budget) }
    }

    /// The same, where loops that go far are read off the evaluation of another but for what lies near.
    pub fn tracing_near(base: &Run<'w>, change: Change, budget: u64) -> Self {
        Self { near: Some(NEAR), beyond: base.beyond, ..Self::tracing(base.world, change, budget) }
    }

    /// A completion of a world, tracing: what is known stays what it is there.
    pub fn completing(base: &'w Run<'w>, change: Change, budget: u64) -> Self {
        Self { knowing: Some(base), beyond: base.beyond, ..Self::tracing(base.world, change, budget) }
    }

    /// A completion of a world, where what the change does not reach is read off the evaluation.
    pub fn filling(base: &'w Run<'w>, change: Change, budget: u64) -> Self {
        Self { knowing: Some(base), ..base.differing(change, budget) }
    }

    /// The world that this is a completion of.
    pub fn completes(&self) -> Option<&Run<'w>> {
        self.knowing
    }

    /// The world in which it is asked what is known.
    pub fn knowing(&self) -> &Run<'w> {
        self.knowing.unwrap_or(self)
    }

    /// What the answers of a world that is done with were read off.
    pub fn into_trace(self) -> Trace {
        self.trace.map(RefCell::into_inner).unwrap_or_default()
    }

    pub fn note(&self, note: impl FnOnce(&mut Trace)) {
        if let Some(trace) = &self.trace {
            note(&mut trace.borrow_mut());
        }
    }

    /// The same world where positive sentences rest on these facts alone.
    pub fn resting_on(full: &'w Run<'w>, only: BTreeSet<(RelationId, Tuple)>, budget: u64) -> Self {
        Self { only: Some(only), full: Some(full), ..Self::new(full.world, full.change.clone(), budget) }
    }

    /// The world that negative parts, aggregates and lenses are asked in.
    pub fn whole(&self) -> &Run<'w> {
        self.full.unwrap_or(self)
    }

    /// Whether positive sentences rest on some facts alone.
    pub fn is_part(&self) -> bool {
        self.full.is_some()
    }

    /// How many steps are left.
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    /// Allows so many steps from here on.
    pub fn refill(&self, budget: u64) {
        self.left.set(budget);
    }

    /// What tells of a node that the evaluation left out.
    pub fn beyond(&self, node: Node) -> Option<&Run<'w>> {
        self.beyond.filter(|_| self.world.leaves_out(node))
    }

    /// Whether what was evaluated does not tell.
    pub fn is_touched(&self, node: Node) -> bool {
        if self.apart {
            return self.world.leaves_out(node);
        }
        if self.trace.is_some() {
            // What a completion cannot change was read off nothing that is open.
            return self.knowing.is_none() || !self.world.is_sure(node);
        }
        if self.changed.is_empty() {
            return false;
        }
        if self.settled.knows(node) {
            return false;
        }
        if let Some(known) = self.touched.borrow().get(&node) {
            return *known;
        }
        let touched = !self.world.reads(node).is_disjoint(&self.changed);
        self.touched.borrow_mut().insert(node, touched);
        touched
    }

    /// Whether something that differs here has a say in a node, be it worked out already or not.
    pub fn differs(&self, node: Node) -> bool {
        !self.changed.is_empty() && !self.world.reads(node).is_disjoint(&self.changed)
    }

    /// Whether a thing is of a kind.
    pub fn is_member(&self, kind: KindId, id: u32) -> bool {
        self.note(|trace| _ = trace.kinds.insert((kind, id)));
        let known = self.world.stated.members[kind].contains(id as usize);
        self.change.members.get(&(kind, id)).copied().unwrap_or(known)
    }

    /// All things of a kind.
    pub fn members(&self, kind: KindId) -> Vec<u32> {
        self.note(|trace| _ = trace.all.insert(kind));
        let known = self.world.stated.members[kind].iter().map(|id| id as u32);
        let mut all: BTreeSet<u32> = known.collect();
        for ((other, id), is) in &self.change.members {
            if *other == kind {
                if *is {
                    all.insert(*id)
                } else {
                    all.remove(id)
                };
            }
        }
        all.into_iter().collect()
    }

    /// The facts stated of a relation.
    pub fn stated(
        &self,
        relation: RelationId,
        want: &[Want],
        possible: bool,
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        if let Some(only) = &self.only {
            let own = only.range((relation, Vec::new())..).take_while(|(other, _)| *other == relation);
            return own.filter(|(_, tuple)| fits(want, tuple)).try_for_each(|(_, tuple)| visit(tuple));
        }
        self.note(|trace| {
            trace.asked.insert((relation, want.to_vec()));
            let entry = &self.world.ruleset.relations[relation];
            for (slot, want) in entry.slots.iter().zip(want).filter(|_| entry.open.is_some()) {
                // Every thing of the kind is a key of it.
                match (slot.ty, want) {
                    (Ty::Thing(kind), Want::Is(id)) => _ = trace.kinds.insert((kind, *id)),
                    (Ty::Thing(kind), Want::Any | Want::IsOrMissing(_)) => _ = trace.all.insert(kind),
                    (Ty::Value(_), _) => {}
                }
            }
        });
        let delta = self.change.relations.get(&relation);
        let facts = &self.world.stated.relations[relation];
        for maybe in [false, true].into_iter().filter(|maybe| possible || !maybe) {
            let gone = |tuple: &[u32]| delta.is_some_and(|d| d.removed[usize::from(maybe)].contains(tuple));
            self.world.indexes.each(facts.columns(maybe), want, &mut |tuple| {
                self.tick()?;
                if gone(tuple) {
                    return Ok(());
                }
                self.note(|trace| _ = trace.facts.insert((relation, tuple.to_vec(), maybe)));
                visit(tuple)
            })?;
            let added = delta.into_iter().flat_map(|delta| &delta.added[usize::from(maybe)]);
            added.filter(|tuple| fits(want, tuple)).try_for_each(|tuple| {
                self.note(|trace| _ = trace.facts.insert((relation, tuple.clone(), maybe)));
                visit(tuple)
            })?;
        }
        Ok(())
    }

    /// The tuples of a relation, stated and derived.
    pub fn tuples(
        &self,
        relation: RelationId,
        want: &[Want],
        possible: bool,
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        if self.only.is_none() && !self.is_touched(Node::Relation(relation)) {
            return self.evaluated(relation, want, possible, visit);
        }
        if !self.world.ruleset.is_derived(relation) {
            return self.stated(relation, want, possible, visit);
        }
        for tuple in self.derived(relation, want, possible)? {
            visit(&tuple)?;
        }
        Ok(())
    }

    /// The tuples of a relation as it was evaluated, or as whoever works out what was left out has it, but for what is known
    /// to be different.
    pub fn evaluated(
        &self,
        relation: RelationId,
        want: &[Want],
        possible: bool,
        visit: &mut dyn FnMut(&[u32]) -> Flow,
    ) -> Flow {
        let overlay = self.settled.relation(relation);
        let take = &mut |tuple: &[u32]| {
            self.tick()?;
            if overlay.as_ref().is_some_and(|overlay| !overlay.holds(possible, tuple, true)) {
                return Ok(());
            }
            self.note(|trace| _ = trace.facts.insert((relation, tuple.to_vec(), false)));
            visit(tuple)
        };
        if let Some(beyond) = self.beyond(Node::Relation(relation)) {
            beyond.tuples(relation, want, possible, take)?;
        } else {
            let bounds = &self.world.evaluation.relations[relation];
            let columns = match &bounds.possible {
                Some(columns) if possible => columns,
                _ => &bounds.certain,
            };
            self.world.indexes.each(columns, want, take)?;
        }
        overlay.map_or(Ok(()), |overlay| overlay.new_ones(possible, want, visit))
    }

    /// A term's id.
    pub fn term(&self, term: &Term, env: &Env<'_>) -> Option<u32> {
        match term {
            Term::Var(var) => env.ids[var.index()],
            Term::Constant(constant) => Some(self.world.id(constant)),
            Term::Parameter(parameter) => {
                let value = self.world.evaluation.parameters[*parameter].clone()?;
                Some(self.world.id(&crate::model::Constant::Value(value)))
            }
        }
    }
}
