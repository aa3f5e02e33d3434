//! What would change an answer: the smallest sets of changes, each tried by working the answer out again.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::cone::Wide;
use super::lookup::{Stop, Tuple};
use super::loops::settle;
use super::moves::{Move, Scope, Sofar};
use super::nearest::Tried;
use super::newcomer::Newcomers;
use super::roots::{Compared, Noted, Sides};
use super::run::{Run, Trace};
use super::world::{Change, Node, World};
use super::{Coverage, Fact, FactChange, Flip, Flips, Reach};
use crate::base::{Idx, InOrder};
use crate::checker::Says;
use crate::facts::MISSING;
use crate::model::{Constant, KindId, LensId, RelationId, Slot, Ty};
use crate::value::{Decimal, Value, ValueKind};
use crate::verdict::OutcomeSet;

/// What a lens says of a subject, and whether it is certainly of the population; nothing outside.
pub(super) type Answer = Option<(OutcomeSet, bool)>;

/// What making one more world costs, in steps: there are many where several changes are tried together.
const A_WORLD: u64 = 800;

/// The same of looking whether a set was tried already.
const A_SET: u64 = 4;

/// With the world that comes first so many changes are tried before the next world, with others fewer.
const AT_ONCE: usize = 64;
const FEWEST_AT_ONCE: usize = 16;

/// So many changes at most wait until every world had its turn.
const MOST_WAITING: usize = 1 << 18;

/// The most sets that are named.
const NAMED: usize = 40;

/// One part in so many of the steps is kept for finding where answers turn.
const KEPT: u64 = 3;

/// A world that was looked at on the way, and by which changes it came.
#[derive(Default)]
struct Visited {
    moves: Vec<Move>,
    change: Change,
    says: Vec<Says>,
    sides: Rc<Sides>,
}

/// Looks for the smallest sets of changes after which an answer meets what is wanted.
pub(super) struct Search<'w> {
    pub world: &'w World<'w>,
    /// The world as it is.
    pub base: &'w Run<'w>,
    /// Steps left for all worlds together.
    pub left: u64,
    /// The largest sets looked for.
    pub size: usize,
    /// Whether an evaluation of the last world ends because something has no result.
    pub failed: bool,
    /// How far apart the sides of comparisons were in the last world.
    pub sides: Rc<Sides>,
    /// What proofs rest on: that is tried first.
    pub first: BTreeSet<(RelationId, Tuple)>,
    /// Values at which alone an answer is another than with those right beside them.
    pub lone: BTreeSet<Value>,
    /// Changes of which not all values could be tried that may matter: nothing is said of how far the same holds.
    pub cut: BTreeSet<Move>,
    /// The values tried for each change, whatever was changed beside it.
    pub values: BTreeMap<Move, BTreeSet<Value>>,
    /// The kinds of values that were tried.
    kinds: BTreeSet<ValueKind>,
    /// Kinds of values of which nothing is said beyond those tried.
    endless: BTreeSet<ValueKind>,
}

/// Of whom lenses are asked, and whether what they say is what is looked for.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    pub lenses: &'q [LensId],
    pub subject: &'q [u32],
    pub wanted: &'q dyn Fn(&[Answer]) -> bool,
}

/// Changes without values, what lenses say, and how each comparison comes out.
type Alike = (Vec<Move>, Vec<String>, Vec<(Compared, Vec<Ordering>)>);

/// The sets of one size.
#[derive(Default)]
struct Level {
    found: Vec<Tried>,
    beside: Vec<Tried>,
    next: Vec<Visited>,
}

impl<'w> Search<'w> {
    /// Nothing is known of what proofs rest on.
    pub fn new(world: &'w World<'w>, base: &'w Run<'w>, left: u64, size: usize) -> Self {
        Self {
            world,
            base,
            left,
            size,
            failed: false,
            sides: Rc::default(),
            first: BTreeSet::new(),
            lone: BTreeSet::new(),
            cut: BTreeSet::new(),
            values: BTreeMap::new(),
            kinds: BTreeSet::new(),
            endless: BTreeSet::new(),
        }
    }

    /// A changed world, where what is different of loops that lenses read is worked out from what the change reaches.
    fn changed(&mut self, lenses: &[LensId], change: Change) -> Result<Run<'w>, Stop> {
        // One world that takes very long is not to leave nothing for all others.
        let most = self.left.min(MOST_STEPS.min((self.left / A_SHARE).max(LEAST_STEPS)));
        let made = |change| self.base.differing(change, most).noting(Noted::few());
        let (old, new) = (self.base.differing(Change::default(), most), made(change));
        let short = self.world.short.get();
        let settled = settle((&old, &new), lenses, MOST_SETTLING);
        // What was left out may be too much to work out for that.
        self.world.short.set(short);
        self.left = self.left.saturating_sub(most - new.left());
        match settled {
            Ok(()) => Ok(new),
            Err(Wide::Steps) => Err(Stop::Spent),
            Err(Wide::Lost) => Err(Stop::Lost),
            // From what is stated it can still be told.
            Err(Wide::Loop | Wide::Failed) => Ok(made(new.change)),
        }
    }
}

impl Search<'_> {
    /// The smallest sets after which `wanted` is met by the answers of these lenses.
    pub fn smallest(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        wanted: &dyn Fn(&[Answer]) -> bool,
    ) -> Flips {
        let question = Question { lenses, subject, wanted };
        let scope = self.world.scope(lenses, subject, &self.first);
        self.endless.clone_from(&scope.found.endless);
        let mut out =
            Flips { found: Vec::new(), size: 0, coverage: Coverage::Whole, unnamed: 0, rough: Vec::new() };
        let mut level = VecDeque::from([Visited::default()]);
        let mut seen: BTreeSet<Vec<Move>> = BTreeSet::new();
        // Sets that are enough: with more beside them they are not the smallest.
        let mut enough: BTreeSet<Vec<Move>> = BTreeSet::new();
        let mut kept = self.left / KEPT;
        self.left -= kept;
        for size in 1..=self.size {
            let (mut sets, coverage) = self.level(&question, level, &scope, (&mut seen, &enough));
            out.coverage = out.coverage.max(coverage);
            enough.extend(sets.found.iter().map(|tried| tried.moves.clone()));
            let is_spent = self.left == 0;
            if is_spent {
                out.coverage = Coverage::Spent;
            }
            self.left += kept;
            let (least, whole) = self.nearest(&question, &mut sets, &seen);
            kept = kept.min(self.left);
            self.left -= kept;
            out.coverage = out.coverage.max(Coverage::of(whole));
            let answered = least.iter().any(|tried| tried.says.iter().any(|says| !says.is_empty()));
            let own = least.first().map_or(size, |tried| tried.moves.len());
            out.found.extend(least.into_iter().map(|tried| self.flip(tried)));
            // Another answer tells more than that nobody asks any longer.
            if answered || out.found.is_empty() || out.size == 0 {
                out.size = own;
            }
            if answered || is_spent || self.left == 0 {
                break;
            }
            level = self.told_apart(std::mem::take(&mut sets.next), &scope);
        }
        self.left += kept;
        let mut rough = scope.found.rough.clone();
        if out.size != 1 {
            rough.extend(&scope.found.rough_together);
        }
        out.rough = rough.intersection(&self.kinds).copied().collect();
        let unasked = |flip: &Flip| flip.says.iter().all(Says::is_empty);
        let rank =
            |flip: &Flip| flip.changes.iter().map(|change| rank(change, &self.world.newcomers)).sum::<u32>();
        let is_odd = |flip: &Flip| flip.changes.iter().any(|change| self.world.is_odd(change));
        out.found.order_by_key(|flip| (unasked(flip), flip.changes.len(), is_odd(flip), rank(flip)));
        out.unnamed = out.found.len().saturating_sub(NAMED);
        if out.unnamed > 0 {
            out.found = of_every_shape(std::mem::take(&mut out.found));
        }
        out
    }

    /// All sets of one more change than those made before, and whether nothing was left out. Of each world the nearest
    /// changes come first: where not all can be tried, sets of near ones are.
    fn level(
        &mut self,
        question: &Question<'_>,
        level: VecDeque<Visited>,
        scope: &Scope,
        (seen, enough): (&mut BTreeSet<Vec<Move>>, &BTreeSet<Vec<Move>>),
    ) -> (Level, Coverage) {
        let (mut sets, mut whole) = (Level::default(), true);
        let mut coverage = Coverage::Whole;
        let mut open = VecDeque::new();
        let mut waiting = 0;
        for (at, visited) in level.into_iter().enumerate() {
            if self.left == 0 {
                whole = false;
                break;
            }
            let trace = self.trace(question.lenses, question.subject, visited.change.clone());
            let left = self.size - visited.moves.len();
            let sofar = Sofar { moves: &visited.moves, change: &visited.change, left };
            let (moves, own) = self.world.moves(&trace, scope, &sofar);
            coverage = coverage.max(own);
            let mut moves = moves.into_iter();
            let few = (AT_ONCE / (at + 1)).max(FEWEST_AT_ONCE);
            whole &= self.tried_with(question, &visited, moves.by_ref().take(few), (seen, enough), &mut sets);
            if visited.moves.is_empty() || waiting + moves.len() <= MOST_WAITING {
                waiting += moves.len();
                open.push_back((visited, moves));
            } else {
                whole &= moves.len() == 0;
            }
        }
        let mut few = AT_ONCE;
        while let Some((visited, mut moves)) = open.pop_front() {
            // How far a change holds is told of those made alone.
            if self.left == 0 && !visited.moves.is_empty() {
                whole &= moves.len() == 0;
                continue;
            }
            whole &= self.tried_with(question, &visited, moves.by_ref().take(few), (seen, enough), &mut sets);
            if moves.len() > 0 {
                open.push_back((visited, moves));
            }
            few += FEWEST_AT_ONCE;
        }
        (sets, coverage.max(Coverage::of(whole)))
    }

    /// Tries each change with those made before; whether that could be done to the end.
    fn tried_with(
        &mut self,
        question: &Question<'_>,
        visited: &Visited,
        mut moves: impl Iterator<Item = Move>,
        (seen, enough): (&mut BTreeSet<Vec<Move>>, &BTreeSet<Vec<Move>>),
        sets: &mut Level,
    ) -> bool {
        let mut whole = true;
        while let Some(one) = moves.next() {
            if visited.moves.iter().any(|known| clashes(self.world, known, &one)) {
                continue;
            }
            let mut all = visited.moves.clone();
            all.push(one.clone());
            all.order();
            if self.left == 0 {
                std::iter::once(one).chain(moves).for_each(|one| self.cut(&one));
                return false;
            }
            self.left = self.left.saturating_sub(A_SET);
            if parts(&all).any(|part| enough.contains(&part)) || !seen.insert(all.clone()) {
                continue;
            }
            let Some(change) = self.world.after(&visited.change, &one) else { continue };
            if let Some(((own, _), value)) = self.world.shape(std::slice::from_ref(&one), 0) {
                self.values.entry(own).or_default().insert(value);
            }
            self.kinds.extend(self.world.kinds_in(&one));
            if all.len() > 1 {
                self.left = self.left.saturating_sub(A_WORLD);
            }
            let Ok(answers) = self.answers(question.lenses, question.subject, change.clone()) else {
                whole = false;
                self.cut(&one);
                continue;
            };
            let says = said(&answers);
            let sides = Rc::clone(&self.sides);
            let tried = Tried { moves: all.clone(), says, reach: Reach::Only, sides };
            if (question.wanted)(&answers) {
                // What could not be evaluated as a whole says nothing.
                if self.failed || self.doubles(&all) {
                    whole = false;
                    sets.beside.push(Tried { says: Vec::new(), ..tried });
                } else {
                    sets.found.push(tried);
                }
                continue;
            }
            if all.iter().any(|one| self.world.is_valued(one)) {
                sets.beside.push(tried);
            }
            if all.len() < self.size {
                let (says, sides) = (said(&answers), Rc::clone(&self.sides));
                sets.next.push(Visited { moves: all, change, says, sides });
            }
        }
        whole
    }

    /// Notes that some value of a change could not be tried.
    pub(super) fn cut(&mut self, one: &Move) {
        self.cut.extend(self.world.shape(std::slice::from_ref(one), 0).map(|((own, _), _)| own));
    }

    /// Of worlds that differ by a value nobody names, in which all comparisons come out the same, one and the outermost: what
    /// is tried beside these does the same in the others, up to where it turns.
    fn told_apart(&self, next: Vec<Visited>, scope: &Scope) -> VecDeque<Visited> {
        let key = |visited: &Visited| {
            let sign = |apart: &Decimal| apart.cmp(&Decimal::ZERO);
            let signs =
                visited.sides.iter().map(|(key, apart)| (key.clone(), apart.iter().map(sign).collect()));
            (self.world.without_values(&visited.moves), told(&visited.says), signs.collect())
        };
        let (made, mut out): (Vec<_>, Vec<_>) =
            next.into_iter().partition(|visited| self.world.is_made(&visited.moves));
        let known: BTreeSet<Alike> = out.iter().map(key).collect();
        let mut alike: BTreeMap<Alike, Vec<Visited>> = BTreeMap::new();
        for visited in made {
            alike.entry(key(&visited)).or_default().push(visited);
        }
        for (key, mut group) in alike {
            // What beside them turns far off turns nowhere near: the outermost are followed too.
            group.order_by_key(|visited| self.world.shape(&visited.moves, 0).map(|(_, value)| value));
            let outermost = if group.len() > 2 { [group.pop(), Some(group.remove(0))] } else { [None, None] };
            out.extend(outermost.into_iter().flatten());
            group.order_by(|one, other| self.world.nearer(&one.moves, &other.moves));
            out.extend(group.into_iter().next().filter(|_| !known.contains(&key)));
        }
        out.order_by_key(|visited| {
            let of = |one: &Move| (self.world.nearness(one, scope), self.world.order_of(one));
            visited.moves.iter().map(of).collect::<Vec<_>>()
        });
        out.into()
    }

    /// Of sets that differ by values the nearest, brought to where the answer turns; and whether nothing was left out.
    fn nearest(
        &mut self,
        question: &Question<'_>,
        sets: &mut Level,
        seen: &BTreeSet<Vec<Move>>,
    ) -> (Vec<Tried>, bool) {
        let Level { found, beside, .. } = sets;
        found
            .order_by_key(|tried| tried.moves.iter().map(|one| self.world.order_of(one)).collect::<Vec<_>>());
        self.narrow(question, found, beside);
        let several = |tried: &Tried| tried.moves.len() > 1 && self.world.is_valued_at(&tried.moves, 0);
        let (many, single): (Vec<Tried>, Vec<Tried>) = std::mem::take(found).into_iter().partition(several);
        let mut least = self.world.least(single, beside, (&self.endless, &self.lone, &self.cut));
        least.extend(self.corners(question, many));
        let before = least.len();
        least.retain(|tried| self.is_whole(question.lenses, question.subject, &tried.moves));
        let whole = least.len() == before;
        let least = self.without_more(question, least, seen);
        (self.world.without_twins(least), whole)
    }

    /// Leaves out sets of which some part is enough, which may be one that was not tried by itself; that takes its place.
    fn without_more(
        &mut self,
        question: &Question<'_>,
        found: Vec<Tried>,
        seen: &BTreeSet<Vec<Move>>,
    ) -> Vec<Tried> {
        let mut out: Vec<Tried> = Vec::new();
        for tried in found {
            let mut own: Vec<Vec<Move>> = parts(&tried.moves).filter(|part| !seen.contains(part)).collect();
            own.order_by_key(Vec::len);
            let mut less = None;
            for part in own {
                let answers = self.after_all(question.lenses, question.subject, &part);
                if let Ok(Some(answers)) = answers
                    && (question.wanted)(&answers)
                    && !self.failed
                {
                    let sides = Rc::clone(&self.sides);
                    less = Some(Tried { moves: part, says: said(&answers), reach: Reach::Only, sides });
                    break;
                }
            }
            let tried = less.unwrap_or(tried);
            if !out.iter().any(|known| known.moves == tried.moves) {
                out.push(tried);
            }
        }
        let least = out.iter().map(|tried| tried.moves.len()).min().unwrap_or(0);
        out.retain(|tried| tried.moves.len() == least);
        out
    }

    /// What lenses say in a world.
    pub(super) fn answers(
        &mut self,
        lenses: &[LensId],
        subject: &[u32],
        change: Change,
    ) -> Result<Vec<Answer>, Stop> {
        let run = self.changed(lenses, change)?;
        let answers = self.asked(&run, lenses, subject)?;
        self.failed = run.broken().is_some();
        self.sides = Rc::new(run.sides.map(Noted::into_sides).unwrap_or_default());
        Ok(answers)
    }

    /// What that is read off.
    fn trace(&mut self, lenses: &[LensId], subject: &[u32], change: Change) -> Trace {
        let goes_round = lenses.iter().any(|lens| self.world.goes_round(Node::Lens(*lens)));
        let most = self.left.min(MOST_STEPS) / 2;
        let first = if goes_round { most.min(MOST_TRACING) } else { most };
        let run = Run::tracing(self.world, change.clone(), first);
        if self.asked(&run, lenses, subject).is_ok() {
            return run.into_trace();
        }
        // Where that is too much to note, what proofs rest on is tried, and of loops what lies near.
        let mut trace = Trace::default();
        if goes_round {
            let run = Run::tracing_near(self.base, change, most);
            if self.asked(&run, lenses, subject).is_ok() {
                trace = run.into_trace();
            }
        }
        let known = self.first.iter().filter_map(|(relation, tuple)| {
            Some((*relation, tuple.clone(), self.world.origin(*relation, tuple)?.1))
        });
        trace.facts.extend(known);
        trace.near = true;
        trace
    }

    fn asked(&mut self, run: &Run<'_>, lenses: &[LensId], subject: &[u32]) -> Result<Vec<Answer>, Stop> {
        let before = run.left();
        let answers = lenses.iter().map(|lens| run.result(*lens, subject)).collect();
        self.left = self.left.saturating_sub(before - run.left() + 1);
        answers
    }

    fn flip(&self, tried: Tried) -> Flip {
        let Tried { moves, says, reach, .. } = tried;
        // How far the same holds hangs on what changes beside it; what is met again and again holds nowhere for good.
        let is_endless =
            moves.iter().flat_map(|one| self.world.kinds_in(one)).any(|kind| self.endless.contains(&kind));
        let reach = if moves.len() == 1 && !is_endless { reach } else { Reach::Only };
        let changes = moves.iter().map(|one| self.world.told(one)).collect();
        let stated = match moves.as_slice() {
            [one] => self.world.is_stated_within(one, &reach),
            _ => false,
        };
        let now = moves.iter().map(|one| self.world.now(one)).collect();
        Flip { changes, says, reach, stated, now }
    }
}

/// As many of these as are named, in their order: of changes to the same relations as many as of any others, while there
/// are such.
fn of_every_shape(found: Vec<Flip>) -> Vec<Flip> {
    let mut shapes: BTreeMap<Vec<(u8, usize)>, usize> = BTreeMap::new();
    let turn = |flip: &Flip| {
        let shape = flip.changes.iter().map(|change| match change {
            FactChange::Remove(fact) => (0, fact.relation.index()),
            FactChange::Add(fact) => (1, fact.relation.index()),
            FactChange::Set(fact) => (2, fact.relation.index()),
            FactChange::Leave(kind, _) => (3, kind.index()),
            FactChange::Join(kind, _) => (4, kind.index()),
        });
        let before = shapes.entry(shape.collect()).or_default();
        *before += 1;
        *before
    };
    let turns: Vec<usize> = found.iter().map(turn).collect();
    let mut places: Vec<usize> = (0..found.len()).collect();
    places.order_by_key(|at| turns[*at]);
    let named: BTreeSet<usize> = places.into_iter().take(NAMED).collect();
    found.into_iter().enumerate().filter(|(at, _)| named.contains(at)).map(|(_, flip)| flip).collect()
}

/// What lenses say as something that comes in an order.
pub(super) fn told(says: &[Says]) -> Vec<String> {
    says.iter().map(|says| format!("{says:?}")).collect()
}

pub(super) fn said(answers: &[Answer]) -> Vec<Says> {
    answers.iter().map(|answer| answer.map(|(set, _)| super::story::says(set)).unwrap_or_default()).collect()
}

/// Steps one world may take.
const MOST_STEPS: u64 = 2_000_000;

/// One part in so many of those left, but some in any case.
const A_SHARE: u64 = 8;
const LEAST_STEPS: u64 = 20_000;

/// Of these half to note all that an answer is read off, and no more than so many where loops of rules are.
const MOST_TRACING: u64 = 100_000;

/// And so many to work out what is different of loops.
const MOST_SETTLING: u64 = 100_000;

/// All sets of some of these changes but not all.
fn parts(moves: &[Move]) -> impl Iterator<Item = Vec<Move>> {
    let picked = |part: usize| move |(at, one): (usize, &Move)| (part >> at & 1 == 1).then(|| one.clone());
    (1..(1_usize << moves.len()) - 1)
        .map(move |part| moves.iter().enumerate().filter_map(picked(part)).collect())
}

/// Whether two changes are about the same fact or key.
fn clashes(world: &World<'_>, one: &Move, other: &Move) -> bool {
    let parts = |one: &Move| {
        let (relation, tuple) = one.fact()?;
        let mut tuple = tuple.clone();
        if let Some(slot) = world.ruleset.relations[relation].open {
            tuple[slot] = MISSING;
        }
        Some((relation, tuple))
    };
    match (one, other) {
        (Move::Leave(kind, id) | Move::Join(kind, id), Move::Leave(same, own) | Move::Join(same, own)) => {
            (kind, id) == (same, own)
        }
        _ => parts(one).is_some_and(|own| Some(own) == parts(other)),
    }
}

impl World<'_> {
    /// A fact in the words of the ruleset.
    pub fn fact(&self, relation: RelationId, tuple: &[u32]) -> Fact {
        let origin = self.origin(relation, tuple);
        Fact {
            relation,
            args: self.constants(relation, tuple),
            origin: origin.map(|(origin, _)| origin),
            maybe: origin.is_some_and(|(_, maybe)| maybe),
        }
    }

    /// The kinds of the values in a fact that is stated.
    fn kinds_in(&self, one: &Move) -> BTreeSet<ValueKind> {
        let (Move::Add(relation, _) | Move::Set(relation, _)) = one else { return BTreeSet::new() };
        let kind = |slot: &Slot| match slot.ty {
            Ty::Value(kind) => Some(kind),
            Ty::Thing(_) => None,
        };
        self.ruleset.relations[*relation].slots.iter().filter_map(kind).collect()
    }

    /// What a thing of a kind is called.
    fn name_in(&self, kind: KindId, id: u32) -> String {
        match self.constant(self.ruleset.kinds[kind].domain, id) {
            Some(Constant::Thing(_, name)) => name,
            Some(Constant::Value(_)) | None => unreachable!("the domain of a kind holds things"),
        }
    }

    fn told(&self, one: &Move) -> FactChange {
        match one {
            Move::Remove(relation, tuple) => FactChange::Remove(self.fact(*relation, tuple)),
            Move::Add(relation, tuple) => FactChange::Add(self.fact(*relation, tuple)),
            Move::Set(relation, tuple) => FactChange::Set(self.fact(*relation, tuple)),
            Move::Leave(kind, id) => FactChange::Leave(*kind, self.name_in(*kind, *id)),
            Move::Join(kind, id) => FactChange::Join(*kind, self.name_in(*kind, *id)),
        }
    }
}

/// What is taken away is named before what is said otherwise, and that before what is new.
fn rank(change: &FactChange, newcomers: &Newcomers) -> u32 {
    let new = |fact: &Fact| {
        let place = |arg: &Option<Constant>| match arg {
            Some(Constant::Thing(_, name)) => newcomers.place(name).map(|place| place + 1),
            Some(Constant::Value(_)) | None => None,
        };
        fact.args.iter().filter_map(place).sum::<u32>()
    };
    match change {
        FactChange::Remove(_) | FactChange::Leave(..) => 0,
        FactChange::Join(_, name) => 100 + 10 * newcomers.place(name).map_or(0, |place| place + 1),
        FactChange::Set(fact) => 10 + new(fact),
        FactChange::Add(fact) => 100 + 10 * new(fact),
    }
}
