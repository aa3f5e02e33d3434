//! Loops of rules in a changed world: what has no proof any longer is taken away, and what is new is put in until nothing
//! more comes.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::cone::{Cone, Wide};
use super::lookup::{Tuple, Want, fits};
use super::run::Run;
use super::solve::Env;
use super::world::{Node, World};
use crate::model::{AtomSource, Clause, Cond, LensId, RelationId, Rule, Term};
use crate::plan::Task;

/// A tuple of a relation of the loop.
type Held = (RelationId, Tuple);

/// Tuples met while a proof is looked for, and the ways in which each follows from others.
#[derive(Default)]
struct Met {
    all: Vec<Held>,
    places: FxHashMap<Held, usize>,
    /// Per way what it concludes, and how much of what it rests on is not proved yet.
    ways: Vec<(usize, usize)>,
    /// Per tuple the ways that rest on it.
    used: Vec<Vec<usize>>,
}

impl Met {
    fn place(&mut self, held: Held) -> usize {
        if let Some(place) = self.places.get(&held) {
            return *place;
        }
        let place = self.all.len();
        self.all.push(held.clone());
        self.used.push(Vec::new());
        self.places.insert(held, place);
        place
    }

    /// Notes a way to conclude a tuple; what it rests on is looked at later, unless it is proved.
    fn add_way(&mut self, head: usize, premises: Vec<Held>, proved: &mut FxHashSet<Held>) {
        let open: BTreeSet<Held> = premises.into_iter().filter(|held| !proved.contains(held)).collect();
        if open.is_empty() {
            self.prove(head, proved);
            return;
        }
        let way = self.ways.len();
        self.ways.push((head, open.len()));
        for held in open {
            let place = self.place(held);
            self.used[place].push(way);
        }
    }

    /// A tuple is proved, and with it what follows.
    fn prove(&mut self, place: usize, proved: &mut FxHashSet<Held>) {
        let mut left = vec![place];
        while let Some(place) = left.pop() {
            if !proved.insert(self.all[place].clone()) {
                continue;
            }
            for way in &self.used[place] {
                let (head, open) = &mut self.ways[*way];
                *open -= 1;
                if *open == 0 {
                    left.push(*head);
                }
            }
        }
    }
}

/// The sentences of a clause that ask a relation of the loop.
fn inside<'c>(cond: &'c Cond, members: &[RelationId], out: &mut Vec<(RelationId, &'c [Term])>) {
    match cond {
        Cond::And(all) | Cond::Or(all) => all.iter().for_each(|part| inside(part, members, out)),
        Cond::Atom(atom) => {
            if let AtomSource::Relation(relation) = atom.source
                && members.contains(&relation)
            {
                out.push((relation, &atom.args));
            }
        }
        // INVARIANT: nothing in a loop is asked in a negative part.
        Cond::Not(..)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::Stated { .. }
        | Cond::IsKind { .. } => {}
    }
}

/// Whether a world has a tuple.
fn holds(run: &Run<'_>, relation: RelationId, tuple: &[u32], possible: bool) -> Result<bool, Wide> {
    let want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
    let mut found = false;
    run.tuples(relation, &want, possible, &mut |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

impl World<'_> {
    /// Whether tuples of a relation have values.
    fn has_values(&self, relation: RelationId) -> bool {
        let slots = self.ruleset.relations[relation].slots.len();
        (0..slots).any(|slot| self.is_value(relation, slot))
    }

    /// The steps to the loops that a lens reads, where what is different of these can be told from what was evaluated.
    fn steps_to_loops(&self, lens: LensId) -> Rc<BTreeSet<usize>> {
        if let Some(known) = self.to_loops.borrow().get(&lens) {
            return Rc::clone(known);
        }
        // What was left out is asked of whoever works that out; of subjects nobody keeps what is different then.
        let is_told = |node: &Node| match node {
            Node::Relation(relation) => self.loops[*relation].is_none() || !self.has_values(*relation),
            Node::Population(_) | Node::Lens(_) | Node::Kind(_) => !self.leaves_out(*node),
        };
        let mut needed: BTreeSet<Node> = BTreeSet::new();
        for node in &*self.reads(Node::Lens(lens)) {
            let is_loop = matches!(node, Node::Relation(relation) if self.loops[*relation].is_some());
            let reads = self.reads(*node);
            if is_loop && reads.iter().all(is_told) {
                needed.extend(&*reads);
            }
        }
        let is_needed = |task: &Task| match task {
            Task::Relations { members, .. } => {
                members.iter().any(|relation| needed.contains(&Node::Relation(*relation)))
            }
            Task::Population(question) => needed.contains(&Node::Population(*question)),
            Task::Lens(lens) => needed.contains(&Node::Lens(*lens)),
        };
        let own = |(at, task): (usize, &Task)| is_needed(task).then_some(at);
        let steps: Rc<BTreeSet<usize>> =
            Rc::new(self.plan.steps.iter().enumerate().filter_map(own).collect());
        self.to_loops.borrow_mut().insert(lens, Rc::clone(&steps));
        steps
    }
}

/// Works out, in a changed world, what is different of the loops that lenses read, in no more than so many steps.
///
/// # Errors
///
/// Where that cannot be told so; nothing is to be read off that world then.
pub(super) fn settle((old, new): (&Run<'_>, &Run<'_>), lenses: &[LensId], most: u64) -> Result<(), Wide> {
    let (world, allowed) = (new.world, new.left());
    for run in [old, new] {
        run.refill(allowed.min(most));
    }
    let mut needed = BTreeSet::new();
    lenses.iter().for_each(|lens| needed.extend(&*world.steps_to_loops(*lens)));
    let settled = Cone::new(old, new).spread(needed.into_iter().map(|at: usize| &world.plan.steps[at]));
    let spent = [old, new].map(|run| allowed.min(most) - run.left());
    new.refill(allowed.saturating_sub(spent.iter().sum()));
    settled
}

impl Cone<'_, '_> {
    /// Works the relations of a loop out.
    pub fn grow(&mut self, members: &[RelationId]) -> Result<(), Wide> {
        let world = self.old.world;
        if members.iter().any(|relation| world.has_values(*relation)) {
            return Err(Wide::Loop);
        }
        let rules: Vec<&Rule> = world.ruleset.rules_of(members).map(|(_, rule)| rule).collect();
        let mut left = self.met_first(members, &rules)?;
        // While the loop is worked out, what is read of it is what was found so far.
        members.iter().for_each(|relation| self.new.settled.change_relation(*relation, |_| {}));
        for possible in [false, true] {
            let gone = self.gone(members, &rules, left.clone(), possible)?;
            left.extend(gone);
        }
        while let Some((relation, tuple)) = left.pop_first() {
            for possible in [false, true] {
                if holds(self.new, relation, &tuple, possible)?
                    || !self.follows(&rules, relation, &tuple, possible)?
                {
                    continue;
                }
                let before = holds(self.old, relation, &tuple, possible)?;
                self.new
                    .settled
                    .change_relation(relation, |overlay| overlay.set(possible, &tuple, before, true));
                self.consequences(self.new, members, &rules, (relation, &tuple), &mut |held| {
                    left.insert(held);
                })?;
            }
        }
        for relation in members {
            let changed = self.new.settled.relation(*relation).map(|overlay| overlay.changed());
            self.replace(*relation, changed.unwrap_or_default());
        }
        Ok(())
    }

    /// What is stated otherwise of the loop, and what its rules conclude from something different outside it.
    fn met_first(&self, members: &[RelationId], rules: &[&Rule]) -> Result<BTreeSet<Held>, Wide> {
        let mut out: BTreeSet<Held> = BTreeSet::new();
        for relation in members.iter().filter(|relation| self.new.is_touched(Node::Relation(**relation))) {
            out.extend(self.changed(*relation).into_iter().map(|tuple| (*relation, tuple)));
        }
        for rule in rules {
            self.reached(&rule.clause, &mut |run, env| {
                let head: Option<Tuple> = rule.head.iter().map(|term| run.term(term, env)).collect();
                out.extend(head.map(|head| (rule.relation, head)));
            })?;
        }
        Ok(out)
    }

    /// Takes away what has no proof any longer, beginning with these, and hands it back: what holds still is proved again
    /// before anything that follows from it is looked at (the backward/forward algorithm of Motik, Nenov, Piro and Horrocks,
    /// "Incremental update of datalog materialisation", AAAI 2015).
    fn gone(
        &self,
        members: &[RelationId],
        rules: &[&Rule],
        mut left: BTreeSet<Held>,
        possible: bool,
    ) -> Result<BTreeSet<Held>, Wide> {
        let (mut proved, mut gone) = (FxHashSet::default(), BTreeSet::new());
        while let Some(held) = left.pop_first() {
            if proved.contains(&held) || gone.contains(&held) || !holds(self.old, held.0, &held.1, possible)?
            {
                continue;
            }
            let lost = self.unproved(held, (members, rules), possible, &mut proved)?;
            for (relation, tuple) in &lost {
                for run in [self.old, self.new] {
                    self.consequences(run, members, rules, (*relation, tuple), &mut |held| {
                        left.insert(held);
                    })?;
                }
            }
            for (relation, tuple) in &lost {
                self.new
                    .settled
                    .change_relation(*relation, |overlay| overlay.set(possible, tuple, true, false));
            }
            gone.extend(lost);
        }
        Ok(gone)
    }

    /// Looks for a proof of a tuple in the changed world: nothing where there is one, else all that was met on the way and
    /// has none.
    fn unproved(
        &self,
        held: Held,
        (members, rules): (&[RelationId], &[&Rule]),
        possible: bool,
        proved: &mut FxHashSet<Held>,
    ) -> Result<Vec<Held>, Wide> {
        let mut met = Met::default();
        met.place(held.clone());
        let mut at = 0;
        while let Some((relation, tuple)) = met.all.get(at).cloned() {
            if self.is_stated(relation, &tuple, possible)? {
                met.prove(at, proved);
            } else {
                for premises in self.premises((members, rules), (relation, &tuple), possible)? {
                    met.add_way(at, premises, proved);
                }
            }
            if proved.contains(&held) {
                return Ok(Vec::new());
            }
            at += 1;
        }
        Ok(met.all.into_iter().filter(|held| !proved.contains(held)).collect())
    }

    /// Per way in which a rule concludes a tuple in the changed world, what of the loop that rests on.
    fn premises(
        &self,
        (members, rules): (&[RelationId], &[&Rule]),
        (relation, tuple): (RelationId, &[u32]),
        possible: bool,
    ) -> Result<BTreeSet<Vec<Held>>, Wide> {
        let pattern: Vec<Option<u32>> = tuple.iter().map(|id| Some(*id)).collect();
        let mut out = BTreeSet::new();
        for rule in rules.iter().filter(|rule| rule.relation == relation) {
            let mut env = Env::new(&rule.clause.vars);
            if !self.new.enter(&rule.head, &pattern, &mut env) {
                continue;
            }
            let mut asked = Vec::new();
            inside(&rule.clause.when, members, &mut asked);
            self.new.clause(&rule.clause, &mut env, possible, &mut |env| {
                // Of choices the words of those not taken stand for nothing.
                let of = |(relation, args): &(RelationId, &[Term])| {
                    let tuple: Option<Tuple> = args.iter().map(|term| self.new.term(term, env)).collect();
                    Some((*relation, tuple?))
                };
                out.insert(asked.iter().filter_map(of).collect());
                Ok(())
            })?;
        }
        Ok(out)
    }

    /// Whether the changed world states a tuple.
    fn is_stated(&self, relation: RelationId, tuple: &[u32], possible: bool) -> Result<bool, Wide> {
        let want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
        let mut found = false;
        self.new.stated(relation, &want, possible, &mut |other| {
            found |= fits(&want, other);
            Ok(())
        })?;
        Ok(found)
    }

    /// What follows in one step from a tuple of the loop.
    fn consequences(
        &self,
        run: &Run<'_>,
        members: &[RelationId],
        rules: &[&Rule],
        (relation, tuple): (RelationId, &[u32]),
        visit: &mut dyn FnMut(Held),
    ) -> Result<(), Wide> {
        for rule in rules {
            let mut asked = Vec::new();
            inside(&rule.clause.when, members, &mut asked);
            for (_, args) in asked.into_iter().filter(|(other, _)| *other == relation) {
                let Some(mut env) = self.bound(&rule.clause, (tuple, args, Some(relation))) else { continue };
                run.clause(&rule.clause, &mut env, true, &mut |env| {
                    let head: Option<Tuple> = rule.head.iter().map(|term| run.term(term, env)).collect();
                    head.into_iter().for_each(|head| visit((rule.relation, head)));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// Whether a tuple is stated in the changed world, or follows from what holds there so far.
    fn follows(
        &self,
        rules: &[&Rule],
        relation: RelationId,
        tuple: &[u32],
        possible: bool,
    ) -> Result<bool, Wide> {
        let mut found = self.is_stated(relation, tuple, possible)?;
        let pattern: Vec<Option<u32>> = tuple.iter().map(|id| Some(*id)).collect();
        for rule in rules.iter().filter(|rule| rule.relation == relation) {
            if found {
                break;
            }
            found = self.concludes(&rule.clause, &rule.head, &pattern, possible)?;
        }
        Ok(found)
    }

    fn concludes(
        &self,
        clause: &Clause,
        head: &[Term],
        pattern: &[Option<u32>],
        possible: bool,
    ) -> Result<bool, Wide> {
        let mut env = Env::new(&clause.vars);
        if !self.new.enter(head, pattern, &mut env) {
            return Ok(false);
        }
        Ok(self.new.holds(|run, visit| run.clause(clause, &mut env, possible, visit))?)
    }
}
