//! Replays what an open answer is said to hang on: every way in which doubtful facts may turn out is tried, missing
//! values with each value that is named for them.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{Replay, Replayed};
use super::plain::{Plain, Table, Truth};
use super::proof::{Answered, Fact, Open, Says, Shown};
use super::replay::FalseStep;
use crate::model::{Cond, Constant, LensId, RelationId, Ruleset, Ty};
use crate::value::{Value, ValueKind};

/// The most things that can only be so or not so of which every way is tried.
const MOST: usize = 6;
/// The most ways that are worked out; of more values some are left out.
const MOST_WAYS: usize = 512;

/// A way took more steps than it may.
struct Spent;

/// Something not known, and the ways in which it is looked at.
struct Side<'o> {
    doubt: &'o Fact,
    turns: Vec<Answered>,
    /// Whether it can only be so or not so.
    is_yes_or_no: bool,
}

/// What is said in every way, where that can be told; nothing where nobody asks about the subject.
struct Grid<'o> {
    sides: Vec<Side<'o>>,
    ways: Vec<Option<Says>>,
    /// Whether no value that is named was left out.
    whole: bool,
}

impl Replay<'_> {
    /// Replays what an answer hangs on: nothing is said but what is left open, each thing that is named makes a difference, in just that share of the ways, no
    /// other does, and what settles it settles it. Where no value is missing, nothing smaller does.
    pub fn open(&self, lens: LensId, subject: &[Constant], (says, open): (&Says, &Open)) -> Replayed {
        if !open.complete {
            return Ok(false);
        }
        let Ok(shown) = self.shown(lens, subject, open)? else { return Ok(false) };
        let sides = self.sides(open)?;
        if sides.iter().filter(|side| side.is_yes_or_no).count() > MOST {
            return Ok(false);
        }
        let Ok(grid) = self.grid(lens, subject, sides) else { return Ok(false) };
        let told = grid.ways.iter().all(Option::is_some);
        if let Some(found) = grid.ways.iter().flatten().find(|found| !is_within(found, says)) {
            return Err(FalseStep(format!("{found:?} of {subject:?} is open too, beside {says:?}")));
        }
        if let Some(agreed) = &open.agreed
            && grid.ways.iter().flatten().any(|says| !says.is_empty() && says != agreed)
        {
            return Err(FalseStep(format!("not every way comes to {agreed:?} of {subject:?}")));
        }
        if let Some(reached) = &open.reached
            && grid.ways.iter().flatten().any(|says| !says.without(reached).is_empty())
        {
            return Err(FalseStep(format!(
                "some way comes to other outcomes than {reached:?} of {subject:?}"
            )));
        }
        for at in 0..grid.sides.len() {
            grid.pivotal(at, open)?;
        }
        for settling in &open.settling {
            grid.settles(settling)?;
        }
        // What cannot be evaluated may seem to come to something here.
        if told
            && open.without.is_none()
            && !open.by_values
            && open.agreed.is_none()
            && open.settling_complete
        {
            grid.fewest(open, is_known_asked(self.plain.facts.ruleset))?;
        }
        Ok(told && shown && grid.whole && open.settling_complete)
    }

    /// Replays the ways in which things are said to make a difference.
    fn shown(
        &self,
        lens: LensId,
        subject: &[Constant],
        open: &Open,
    ) -> Result<Result<bool, Spent>, FalseStep> {
        let mut told = true;
        for one in &open.pivotal {
            let Some(Shown { others, turns }) = &one.shown else {
                told = false;
                continue;
            };
            if turns.iter().any(|turn| !is_turn(&one.fact, turn)) {
                return Err(FalseStep(format!("{turns:?} are no ways in which {:?} may turn out", one.fact)));
            }
            let with = |turn: &Answered| {
                let mut all = others.clone();
                all.push(turn.clone());
                self.way(lens, subject, &all)
            };
            match (with(&turns[0]), with(&turns[1])) {
                (Ok(Some(left)), Ok(Some(right))) if left == right || left.is_empty() || right.is_empty() => {
                    return Err(FalseStep(format!("{turns:?} make no difference with {others:?}")));
                }
                (Ok(Some(_)), Ok(Some(_))) => {}
                (Ok(_), Ok(_)) => told = false,
                _ => return Ok(Err(Spent)),
            }
        }
        Ok(Ok(told))
    }

    /// What is not known, each with the ways in which it may turn out.
    fn sides<'o>(&self, open: &'o Open) -> Result<Vec<Side<'o>>, FalseStep> {
        let mut sides = Vec::new();
        for (doubt, tried) in open.doubts.iter().zip(&open.tried) {
            let relation = &self.plain.facts.ruleset.relations[doubt.relation];
            let as_fact = |args, holds| Answered { fact: Fact { args, ..doubt.clone() }, holds };
            let Some(slot) = relation.open else {
                let turns = [false, true].map(|holds| as_fact(doubt.args.clone(), holds)).to_vec();
                sides.push(Side { doubt, turns, is_yes_or_no: true });
                continue;
            };
            let is_yes_or_no = matches!(relation.slots[slot].ty, Ty::Value(ValueKind::Flag));
            let flags = [false, true].map(|flag| Constant::Value(Value::Flag(flag)));
            if doubt.args[slot].is_some() || is_yes_or_no && flags.iter().any(|flag| !tried.contains(flag)) {
                return Err(FalseStep(format!("{doubt:?} is no gap, or not looked at in every way")));
            }
            let with = |value: &Constant| {
                let mut args = doubt.args.clone();
                args[slot] = Some(value.clone());
                as_fact(args, true)
            };
            sides.push(Side { doubt, turns: tried.iter().map(with).collect(), is_yes_or_no });
        }
        if sides.len() == open.doubts.len() {
            Ok(sides)
        } else {
            Err(FalseStep("what gaps were tried with is left out".to_owned()))
        }
    }

    /// What is said in every way. Of too many values every other one is left out, until there are few enough.
    fn grid<'o>(
        &self,
        lens: LensId,
        subject: &[Constant],
        mut sides: Vec<Side<'o>>,
    ) -> Result<Grid<'o>, Spent> {
        let mut whole = true;
        while count(&sides) > MOST_WAYS {
            let values = sides.iter_mut().filter(|side| !side.is_yes_or_no && side.turns.len() > 1);
            let Some(most) = values.max_by_key(|side| side.turns.len()) else { return Err(Spent) };
            let mut at = 0;
            most.turns.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            whole = false;
        }
        let turned = |way: usize| {
            let one = |at: usize| sides[at].turns[digit(&sides, way, at)].clone();
            (0..sides.len()).map(one).collect::<Vec<Answered>>()
        };
        let ways: Result<Vec<Option<Says>>, Spent> =
            (0..count(&sides)).map(|way| self.way(lens, subject, &turned(way))).collect();
        Ok(Grid { ways: ways?, sides, whole })
    }

    /// What is said where things turn out so, as far as that can be told; whether a subject is asked about has to be seen
    /// where it is only perhaps.
    fn way(&self, lens: LensId, subject: &[Constant], answers: &[Answered]) -> Result<Option<Says>, Spent> {
        let mut changed: BTreeMap<RelationId, Table> = BTreeMap::new();
        for Answered { fact, holds } in answers {
            let table = changed.entry(fact.relation).or_insert_with(|| self.plain.stated(fact.relation));
            let mut key = fact.args.clone();
            table.doubtful.remove(&key);
            if let Some(slot) = self.plain.facts.ruleset.relations[fact.relation].open {
                key[slot] = None;
                table.doubtful.remove(&key);
            }
            if *holds {
                table.certain.insert(fact.args.clone());
            }
        }
        let world = Plain::completing(&self.plain, changed);
        let question = self.plain.facts.ruleset.lenses[lens].question;
        let is_asked = self.plain.stands(question, subject) == Truth::Yes;
        let says = if is_asked { world.answer(lens, subject) } else { world.outcome(lens, subject) };
        if world.is_spent() { Err(Spent) } else { Ok(says) }
    }
}

/// Whether an answer is about this, which is not known.
fn is_turn(doubt: &Fact, answer: &Answered) -> bool {
    let same = |(own, other): (&Option<Constant>, &Option<Constant>)| own.is_none() || own == other;
    doubt.relation == answer.fact.relation && doubt.args.iter().zip(&answer.fact.args).all(same)
}

/// Whether all that is open in one is open in the other.
fn is_within(found: &Says, says: &Says) -> bool {
    found.verdicts.iter().all(|verdict| says.verdicts.contains(verdict))
        && (says.conflict || !found.conflict)
        && (says.none || !found.none)
}

/// How many ways there are.
fn count(sides: &[Side<'_>]) -> usize {
    sides.iter().fold(1, |count, side| count.saturating_mul(side.turns.len()))
}

/// By how much the number of a way grows from one turn of a side to the next.
fn stride(sides: &[Side<'_>], at: usize) -> usize {
    count(&sides[..at])
}

/// The turn of a side in a way.
fn digit(sides: &[Side<'_>], way: usize, at: usize) -> usize {
    way / stride(sides, at) % sides[at].turns.len()
}

impl Grid<'_> {
    /// Something is named just where it makes a difference, with the share of the ways in which it does.
    fn pivotal(&self, at: usize, open: &Open) -> Result<(), FalseStep> {
        let (doubt, step) = (self.sides[at].doubt, stride(&self.sides, at));
        // By how what else is yes or no turns out: whether the subject is asked about for some values of the rest, and
        // whether it matters for some.
        let mut found: BTreeMap<Vec<usize>, (bool, bool)> = BTreeMap::new();
        let mut told = true;
        for way in (0..self.ways.len()).filter(|way| digit(&self.sides, *way, at) == 0) {
            let others =
                self.sides.iter().enumerate().filter(|(other, side)| *other != at && side.is_yes_or_no);
            let others = others.map(|(other, _)| digit(&self.sides, way, other)).collect();
            let own: Vec<Option<&Says>> =
                (0..self.sides[at].turns.len()).map(|turn| self.ways[way + turn * step].as_ref()).collect();
            told &= own.iter().all(Option::is_some);
            let mut known = own.into_iter().flatten().filter(|says| !says.is_empty());
            let first = known.next();
            let (asked, differs) = found.entry(others).or_default();
            *asked |= first.is_some();
            *differs |= known.any(|says| Some(says) != first);
        }
        let named = open.pivotal.iter().find(|one| same(&one.fact, doubt));
        let so = found.values().filter(|(_, differs)| *differs).count() as u64;
        let asked = found.values().filter(|(asked, _)| *asked).count() as u64;
        let share = so * 1_000_000 / asked.max(1);
        let Some(named) = named else {
            return if so == 0 {
                Ok(())
            } else {
                Err(FalseStep(format!("{doubt:?} makes a difference too")))
            };
        };
        match named.share {
            Some(said) if told && open.without.is_none() && (self.whole && said != share || said < share) => {
                Err(FalseStep(format!("{doubt:?} makes a difference in {share} millionths, not {said}")))
            }
            _ => Ok(()),
        }
    }

    /// Which turns of each side answers leave; `None` where they name a value that was left out.
    fn left(&self, answers: &[Answered]) -> Result<Option<Vec<Option<usize>>>, FalseStep> {
        let mut left = vec![None; self.sides.len()];
        for one in answers {
            let Some(at) = self.sides.iter().position(|side| is_turn(side.doubt, one)) else {
                return Err(FalseStep(format!("{one:?} is in no doubt")));
            };
            let is_it = |turn: &Answered| turn.holds == one.holds && same(&turn.fact, &one.fact);
            let Some(turn) = self.sides[at].turns.iter().position(is_it) else { return Ok(None) };
            left[at] = Some(turn);
        }
        Ok(Some(left))
    }

    /// What is said in all ways that these turns leave, where that is one.
    fn after(&self, left: &[Option<usize>]) -> Option<&Says> {
        let fits = |way: &usize| {
            left.iter()
                .enumerate()
                .all(|(at, turn)| turn.is_none_or(|turn| digit(&self.sides, *way, at) == turn))
        };
        let told = (0..self.ways.len()).filter(fits).filter_map(|way| self.ways[way].as_ref());
        let mut own = told.filter(|says| !says.is_empty());
        let first = own.next()?;
        own.all(|says| says == first).then_some(first)
    }

    /// What is said to settle the answer does.
    fn settles(&self, (answers, says): &(Vec<Answered>, Says)) -> Result<(), FalseStep> {
        let Some(left) = self.left(answers)? else { return Ok(()) };
        match self.after(&left) {
            Some(found) if found == says => Ok(()),
            None if self.ways.iter().any(Option::is_none) => Ok(()),
            _ => Err(FalseStep(format!("{answers:?} does not settle it to {says:?}"))),
        }
    }

    /// The sets that settle an answer are the smallest, and all of that size. Where it is asked what is known, a value that
    /// settles it need not do so once it is stated, which makes it known.
    fn fewest(&self, open: &Open, is_known_asked: bool) -> Result<(), FalseStep> {
        let Some(size) = open.settling.first().map(|(answers, _)| answers.len()) else { return Ok(()) };
        let mut named: BTreeSet<Vec<Option<usize>>> = BTreeSet::new();
        for (answers, _) in &open.settling {
            named.extend(self.left(answers)?);
        }
        let mut sets: Vec<Vec<Option<usize>>> = vec![Vec::new()];
        for side in &self.sides {
            let turns = || std::iter::once(None).chain((0..side.turns.len()).map(Some));
            sets = sets
                .iter()
                .flat_map(|set| turns().map(move |turn| [set.as_slice(), &[turn]].concat()))
                .collect();
        }
        for set in sets {
            let own = set.iter().flatten().count();
            let is_value = |(side, turn): (&Side<'_>, &Option<usize>)| turn.is_some() && !side.doubt.maybe;
            if is_known_asked && self.sides.iter().zip(&set).any(is_value) {
                continue;
            }
            if own <= size && self.after(&set).is_some() && (own < size || !named.contains(&set)) {
                return Err(FalseStep(format!("{set:?} of {:?} settles it too", open.doubts)));
            }
        }
        Ok(())
    }
}

/// Whether rules ask what is known.
pub fn is_known_asked(ruleset: &Ruleset) -> bool {
    let rows = ruleset.lenses.iter().flat_map(|lens| &lens.rows).map(|row| &row.clause);
    let among = ruleset.questions.iter().filter_map(|question| question.among.as_ref());
    let mut clauses = rows.chain(among).chain(ruleset.rules.iter().map(|rule| &rule.clause));
    clauses.any(|clause| std::iter::once(&clause.when).chain(&clause.unless).any(asks_known))
}

/// Whether a condition asks what is known.
fn asks_known(cond: &Cond) -> bool {
    let own = match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(asks_known),
        Cond::Not(inner, _) => asks_known(inner),
        Cond::Atom(atom) => atom.known,
        Cond::Compare { .. } | Cond::Let { .. } | Cond::Stated { .. } | Cond::IsKind { .. } => false,
    };
    let mut within = false;
    cond.aggregated(&mut |body| within |= asks_known(body));
    own || within
}

fn same(one: &Fact, other: &Fact) -> bool {
    (one.relation, &one.args) == (other.relation, &other.args)
}
