//! The world an explanation is about, and worlds that differ from it by a few facts.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::figures::Sums;
use super::grow::Growing;
use super::lookup::{Indexes, Tuple};
use super::newcomer::Newcomers;
use crate::base::{BitSet, Idx, IndexVec};
use crate::engine::{Clock, Reached, Values};
use crate::facts::{MISSING, Origin, Stated};
use crate::model::{
    AtomSource, Clause, Cond, Constant, Domain, DomainId, KindFact, KindId, LensId, Otherwise, QuestionId,
    RelationId, RowId, Ruleset, Ty, VarId,
};
use crate::plan::{Plan, Task, plan};
use crate::verdict::Evaluation;

/// The most keys without a value that a new name may bring where changes are only tried.
const NEW_KEYS: usize = 1000;

/// Working out on demand what an evaluation left out may take so many steps in a small world; in a large
/// one as many as there are facts to so many: about half of what it takes to evaluate everything.
const LEAST_POT: u64 = 100_000;
const FACTS_A_STEP: u64 = 4;

/// After how many steps the clock is looked at again.
const LOOK: u32 = 1024;

/// Ids, where they are no more than may be.
type Few = Option<Rc<[u32]>>;

/// One evaluated world.
pub(super) struct World<'w> {
    pub ruleset: &'w Ruleset,
    pub evaluation: &'w Evaluation,
    pub stated: &'w Stated,
    pub values: Values<'w>,
    pub indexes: Indexes,
    /// Kinds stated outright.
    pub kinds: &'w [KindFact],
    /// How those are called whom a change brings in.
    pub newcomers: Newcomers,
    /// Per relation the loop it belongs to, if any.
    pub loops: IndexVec<RelationId, Option<usize>>,
    /// What is worked out in which order.
    pub plan: Plan,
    /// Per lens the steps to the loops it reads.
    pub to_loops: RefCell<BTreeMap<LensId, Rc<BTreeSet<usize>>>>,
    /// The most keys without a value that a new name may bring.
    pub most_keys: usize,
    /// What ends all work in this world before it is done, where something does.
    pub clock: Option<&'w Clock>,
    /// Steps left to work out what the evaluation left out.
    pub pot: Cell<u64>,
    /// Whether that did not do, so that everything must be evaluated.
    pub short: Cell<bool>,
    over: Cell<Option<Reached>>,
    looks: Cell<u32>,
    /// The values that stand in slots, where they are no more than keys may be brought.
    pub slot_values: RefCell<BTreeMap<(RelationId, usize), Few>>,
    /// The ids of things named so far: to find one among all names takes much longer.
    named: RefCell<HashMap<Constant, u32, FxBuildHasher>>,
    /// What a relation, question or lens is worked out from, all the way down.
    reads: RefCell<BTreeMap<Node, Rc<BTreeSet<Node>>>>,
    weights: RefCell<BTreeMap<Node, u8>>,
    /// Whether nothing open has a say in it.
    sure: RefCell<BTreeMap<Node, bool>>,
    /// What a row that leads nowhere by itself asks at least.
    least: RefCell<BTreeMap<(LensId, RowId), Rc<Clause>>>,
    /// What aggregates come to that no change looked at had a say in.
    pub sums: RefCell<Sums>,
    /// How many rows of a relation name one and the same in a slot.
    crowds: RefCell<BTreeMap<(RelationId, usize), usize>>,
    /// How relations of loops grow, where they do.
    growing: RefCell<BTreeMap<RelationId, Option<Rc<Growing>>>>,
}

/// How far what rules that go in circles have a say in is from what is stated.
const CIRCLES: u8 = 2;

/// Something that is worked out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Node {
    Relation(RelationId),
    Population(QuestionId),
    Lens(LensId),
    Kind(KindId),
}

impl<'w> World<'w> {
    /// The world of an evaluation that kept what was stated.
    pub fn new(ruleset: &'w Ruleset, evaluation: &'w Evaluation, kinds: &'w [KindFact]) -> Option<Self> {
        let stated = evaluation.stated.as_deref()?;
        let mut loops: IndexVec<RelationId, Option<usize>> = ruleset.relations.iter().map(|_| None).collect();
        let plan = plan(ruleset);
        for (at, task) in plan.steps.iter().enumerate() {
            if let Task::Relations { members, recursive: true } = task {
                for member in members {
                    loops[*member] = Some(at);
                }
            }
        }
        let values = Values::new(&evaluation.dictionaries);
        let indexes = Indexes::default();
        let (reads, most_keys) = (RefCell::default(), NEW_KEYS);
        let (over, looks) = (Cell::new(None), Cell::new(0));
        let facts = stated.relations.iter().map(|facts| facts.len(false) + facts.len(true)).sum::<usize>();
        let pot = Cell::new(LEAST_POT + facts as u64 / FACTS_A_STEP);
        Some(Self {
            ruleset,
            evaluation,
            stated,
            values,
            indexes,
            kinds,
            newcomers: Newcomers::among(evaluation.dictionaries.iter()),
            loops,
            plan,
            to_loops: RefCell::default(),
            most_keys,
            clock: None,
            pot,
            short: Cell::new(false),
            over,
            looks,
            slot_values: RefCell::default(),
            named: RefCell::default(),
            reads,
            weights: RefCell::default(),
            sure: RefCell::default(),
            least: RefCell::default(),
            sums: RefCell::default(),
            crowds: RefCell::default(),
            growing: RefCell::default(),
        })
    }

    /// Counts a step against the clock; hands back which limit was reached, now or before.
    pub fn over(&self) -> Option<Reached> {
        let clock = self.clock?;
        if self.over.get().is_none() {
            let looks = self.looks.get();
            self.looks.set(looks.wrapping_add(1));
            if looks.is_multiple_of(LOOK) {
                self.over.set(clock.time().err());
            }
        }
        self.over.get()
    }

    /// Whether the evaluation left something out.
    pub fn leaves_out(&self, node: Node) -> bool {
        let left_out = &self.evaluation.left_out;
        match node {
            Node::Relation(relation) => left_out.relations.contains(&relation),
            Node::Population(question) => left_out.populations.contains(&question),
            Node::Lens(lens) => left_out.lenses.contains(&lens),
            Node::Kind(_) => false,
        }
    }

    /// The domain of a slot of a relation.
    pub fn domain(&self, relation: RelationId, slot: usize) -> DomainId {
        self.ruleset.domain_of(self.ruleset.relations[relation].slots[slot].ty)
    }

    /// Whether the ids of a type stand for values.
    pub fn is_value(&self, relation: RelationId, slot: usize) -> bool {
        matches!(self.ruleset.relations[relation].slots[slot].ty, Ty::Value(_))
    }

    /// What an id stands for; `None` for a missing value.
    pub fn constant(&self, domain: DomainId, id: u32) -> Option<Constant> {
        match self.ruleset.domains[domain] {
            Domain::Things(_) => {
                let known = &self.evaluation.dictionaries[domain];
                if let Some(place) = id.checked_sub(known.len() as u32) {
                    return Some(Constant::Thing(domain, self.newcomers.name(place)));
                }
                let thing = Constant::Thing(domain, known.name(id).to_owned());
                self.named.borrow_mut().insert(thing.clone(), id);
                Some(thing)
            }
            Domain::Values(_) if id == MISSING => None,
            Domain::Values(_) => self.values.value(domain, id).map(Constant::Value),
        }
    }

    /// The id of a constant; a name that nothing has gets that of a newcomer.
    pub fn id(&self, constant: &Constant) -> u32 {
        match constant {
            Constant::Thing(domain, name) => {
                if let Some(id) = self.named.borrow().get(constant) {
                    return *id;
                }
                let known = &self.evaluation.dictionaries[*domain];
                let new = || known.len() as u32 + self.newcomers.place(name).unwrap_or(0);
                let id = known.find_name(name).unwrap_or_else(new);
                self.named.borrow_mut().insert(constant.clone(), id);
                id
            }
            Constant::Value(value) => {
                let domain = self.ruleset.domain_of(Ty::Value(value.kind()));
                self.values.intern(domain, value).0
            }
        }
    }

    /// What fills the slots of a tuple.
    pub fn constants(&self, relation: RelationId, tuple: &[u32]) -> Vec<Option<Constant>> {
        tuple.iter().enumerate().map(|(slot, id)| self.constant(self.domain(relation, slot), *id)).collect()
    }

    /// Where a fact was stated, and whether it is doubtful.
    pub fn origin(&self, relation: RelationId, tuple: &[u32]) -> Option<(Origin, bool)> {
        let facts = &self.stated.relations[relation];
        let (maybe, row) = facts.find(tuple)?;
        Some((facts.origin(maybe, row), maybe))
    }

    /// Everything something is worked out from, itself included.
    pub fn reads(&self, node: Node) -> Rc<BTreeSet<Node>> {
        if let Some(known) = self.reads.borrow().get(&node) {
            return Rc::clone(known);
        }
        let mut found = BTreeSet::new();
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if found.insert(node) {
                self.next(node, &mut left);
            }
        }
        let found = Rc::new(found);
        self.reads.borrow_mut().insert(node, Rc::clone(&found));
        found
    }

    /// How far a condition's sentences are from what is stated: not at all, rules, rules that go in circles.
    pub fn weight(&self, cond: &Cond) -> u8 {
        let mut nodes = Vec::new();
        cond_reads(cond, &mut nodes);
        nodes.into_iter().map(|node| self.weight_of(node)).max().unwrap_or(0)
    }

    /// Whether rules that go in circles have a say in a node.
    pub fn goes_round(&self, node: Node) -> bool {
        self.weight_of(node) == CIRCLES
    }

    fn weight_of(&self, node: Node) -> u8 {
        if let Some(known) = self.weights.borrow().get(&node) {
            return *known;
        }
        let reads = self.reads(node);
        let in_circles =
            |node: &Node| matches!(node, Node::Relation(relation) if self.loops[*relation].is_some());
        let weight = if reads.iter().any(in_circles) { CIRCLES } else { u8::from(reads.len() > 1) };
        self.weights.borrow_mut().insert(node, weight);
        weight
    }

    /// What is so at least wherever a row matches.
    pub fn necessary(&self, lens: LensId, row: RowId) -> Rc<Clause> {
        let made = || Rc::new(super::necessary::least(self, &self.ruleset.lenses[lens].rows[row].clause));
        Rc::clone(self.least.borrow_mut().entry((lens, row)).or_insert_with(made))
    }

    /// Whether nothing open has a say in a node: no doubtful fact, no value that nobody stated.
    pub fn is_sure(&self, node: Node) -> bool {
        if let Some(known) = self.sure.borrow().get(&node) {
            return *known;
        }
        let open = |node: &Node| match node {
            Node::Relation(relation) => self.is_open(*relation),
            Node::Population(_) | Node::Lens(_) | Node::Kind(_) => false,
        };
        let is_sure = !self.reads(node).iter().any(open);
        self.sure.borrow_mut().insert(node, is_sure);
        is_sure
    }

    /// Whether doubtful facts or values that nobody stated are among those stated of a relation.
    fn is_open(&self, relation: RelationId) -> bool {
        let facts = &self.stated.relations[relation];
        let is_derived = || self.ruleset.is_derived(relation);
        let lacks = |slot: usize| facts.columns(false)[slot].contains(&MISSING) || is_derived();
        facts.len(true) > 0 || self.ruleset.relations[relation].open.is_some_and(lacks)
    }

    /// How many rows of a relation name one and the same in a slot, on average.
    pub fn rows_of_one(&self, relation: RelationId, slot: usize) -> usize {
        if let Some(known) = self.crowds.borrow().get(&(relation, slot)) {
            return *known;
        }
        let is_derived = self.ruleset.is_derived(relation);
        let column = if is_derived {
            self.evaluation.relations[relation].certain.get(slot)
        } else {
            self.stated.relations[relation].columns(false).get(slot)
        };
        let ids = column.map_or(&[][..], |column| column.as_slice());
        let most = ids.iter().filter(|id| **id != MISSING).max().map_or(0, |most| *most as usize + 1);
        let mut seen = BitSet::new(most);
        ids.iter().filter(|id| **id != MISSING).for_each(|id| seen.insert(*id as usize));
        let rows = ids.len() / seen.count().max(1);
        self.crowds.borrow_mut().insert((relation, slot), rows);
        rows
    }

    /// How a relation of a loop grows one tuple from another, where it does.
    pub fn growing(&self, relation: RelationId) -> Option<Rc<Growing>> {
        let mut known = self.growing.borrow_mut();
        known.entry(relation).or_insert_with(|| Growing::new(self, relation).map(Rc::new)).clone()
    }

    fn next(&self, node: Node, out: &mut Vec<Node>) {
        let ruleset = self.ruleset;
        match node {
            Node::Relation(relation) => {
                let entry = &ruleset.relations[relation];
                if entry.open.is_some() {
                    for slot in &entry.slots {
                        if let Ty::Thing(kind) = slot.ty {
                            out.push(Node::Kind(kind));
                        }
                    }
                }
                let own = ruleset.rules_of(&[relation]);
                own.for_each(|(_, rule)| clause_reads(&rule.clause, out));
            }
            Node::Population(question) => match &ruleset.questions[question].among {
                Some(among) => clause_reads(among, out),
                None => {
                    for lens in ruleset.lenses_of(question) {
                        ruleset.lenses[lens].rows.iter().for_each(|row| clause_reads(&row.clause, out));
                    }
                }
            },
            Node::Lens(lens) => {
                let entry = &ruleset.lenses[lens];
                out.push(Node::Population(entry.question));
                entry.rows.iter().for_each(|row| clause_reads(&row.clause, out));
                if let Otherwise::As(other, _) = entry.otherwise {
                    out.push(Node::Lens(other));
                }
            }
            Node::Kind(_) => {}
        }
    }

    /// The slots of a question as variables.
    pub fn slots(&self, question: QuestionId) -> Vec<VarId> {
        (0..self.ruleset.questions[question].slots.len()).map(VarId::from_usize).collect()
    }
}

fn clause_reads(clause: &Clause, out: &mut Vec<Node>) {
    cond_reads(&clause.when, out);
    clause.unless.iter().for_each(|unless| cond_reads(unless, out));
}

/// What a condition reads.
pub(super) fn cond_reads(cond: &Cond, out: &mut Vec<Node>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| cond_reads(part, out)),
        Cond::Not(inner, _) => cond_reads(inner, out),
        Cond::Atom(atom) => match &atom.source {
            AtomSource::Relation(relation) => out.push(Node::Relation(*relation)),
            AtomSource::Verdict { lenses, .. } => out.extend(lenses.iter().map(|lens| Node::Lens(*lens))),
            AtomSource::Disagree { left, right, .. } => out.extend([Node::Lens(*left), Node::Lens(*right)]),
        },
        Cond::IsKind { kind, .. } => out.push(Node::Kind(*kind)),
        Cond::Compare { .. } | Cond::Let { .. } | Cond::Stated { .. } => {}
    }
    cond.aggregated(&mut |body| cond_reads(body, out));
}

/// How a world differs from the one evaluated: facts by relation, certain ones and doubtful ones, and
/// things that are of a kind now, or no longer.
#[derive(Clone, Default, Debug)]
pub(super) struct Change {
    pub relations: BTreeMap<RelationId, Delta>,
    pub members: BTreeMap<(KindId, u32), bool>,
    /// Things of which it is said outright now that they are of a kind, or no longer.
    pub outright: BTreeMap<(KindId, u32), bool>,
    /// Where facts are stated that are new, of those that somebody states.
    pub origins: BTreeMap<(RelationId, Tuple), Origin>,
}

/// What is different about the facts of one relation.
#[derive(Clone, Default, Debug)]
pub(super) struct Delta {
    pub added: [BTreeSet<Tuple>; 2],
    pub removed: [BTreeSet<Tuple>; 2],
}

impl Change {
    /// Whether anything is different.
    pub fn is_empty(&self) -> bool {
        self.relations.is_empty() && self.members.is_empty()
    }

    /// What is different itself.
    pub fn nodes(&self) -> BTreeSet<Node> {
        let relations = self.relations.keys().map(|relation| Node::Relation(*relation));
        relations.chain(self.members.keys().map(|(kind, _)| Node::Kind(*kind))).collect()
    }
}
