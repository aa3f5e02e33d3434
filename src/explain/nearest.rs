//! Of changes that differ by one value only, the least stays, with how far the same holds beyond it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::lookup::{Stop, Want};
use super::moves::Move;
use super::plain::{is_odd, plainer};
use super::roots::Sides;
use super::run::Run;
use super::world::{Change, World};
use super::{FactChange, Now, Reach};
use crate::base::InOrder;
use crate::checker::Says;
use crate::facts::MISSING;
use crate::model::{Constant, RelationId, Ty};
use crate::value::{Value, ValueKind};

/// So many values that facts state are looked at to choose an example.
const MOST_KNOWN: usize = 64;
/// And so many facts for them.
const MOST_FACTS: u64 = 20_000;

/// A set of changes that was tried, and what lenses say after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tried {
    pub moves: Vec<Move>,
    pub says: Vec<Says>,
    pub reach: Reach,
    /// How far apart the sides of comparisons are then.
    pub sides: Rc<Sides>,
}

/// The change whose value varies, without it, and the changes beside it.
pub(super) type Shape = (Move, Vec<Move>);

impl World<'_> {
    /// Whether values of a change come in an order.
    pub fn is_valued(&self, one: &Move) -> bool {
        self.valued(one).is_some()
    }

    /// Whether so many changes before another have such values.
    pub fn is_valued_at(&self, moves: &[Move], at: usize) -> bool {
        moves.iter().filter(|one| self.is_valued(one)).nth(at).is_some()
    }

    /// Leaves out sets that bring in another new name where one does for both, and of those that differ by a text that
    /// nothing else names all but one.
    pub fn without_twins(&self, mut found: Vec<Tried>) -> Vec<Tried> {
        let merged = |moves: &[Move]| {
            let mut moves = moves.to_vec();
            for one in &mut moves {
                match one {
                    Move::Leave(kind, id) | Move::Join(kind, id) => {
                        let domain = self.ruleset.kinds[*kind].domain;
                        *id = (*id).min(self.evaluation.dictionaries[domain].len() as u32);
                    }
                    Move::Remove(relation, tuple)
                    | Move::Add(relation, tuple)
                    | Move::Set(relation, tuple) => {
                        for slot in (0..tuple.len()).filter(|slot| !self.is_value(*relation, *slot)) {
                            let first =
                                self.evaluation.dictionaries[self.domain(*relation, slot)].len() as u32;
                            tuple[slot] = tuple[slot].min(first);
                        }
                    }
                }
            }
            moves.order();
            moves
        };
        // Where a text does that nothing names any does: one is enough, best one that is stated in its place.
        let made = |tried: &Tried| self.without_texts(&tried.moves, true) != tried.moves;
        let key = |tried: &Tried| (self.without_texts(&tried.moves, false), tried.says.clone());
        let any: Vec<(Vec<Move>, Vec<Says>)> = found.iter().filter(|tried| made(tried)).map(key).collect();
        let mut best: BTreeMap<usize, (u8, usize)> = BTreeMap::new();
        for (at, tried) in found.iter().enumerate() {
            if let Some(group) = any.iter().position(|other| *other == key(tried)) {
                let order = if self.states_texts(&tried.moves) { 0 } else { 1 + u8::from(made(tried)) };
                let own = best.entry(group).or_insert((order, at));
                *own = (order, at).min(*own);
            }
        }
        let best: BTreeSet<usize> = best.into_values().map(|(_, at)| at).collect();
        let mut at = 0..;
        found.retain(|tried| at.next().is_some_and(|at| best.contains(&at)) || !any.contains(&key(tried)));
        let known: Vec<(Vec<Move>, Vec<Says>)> =
            found.iter().map(|tried| (tried.moves.clone(), tried.says.clone())).collect();
        found.retain(|tried| {
            let own = merged(&tried.moves);
            let is_same = |(moves, says): &(Vec<Move>, Vec<Says>)| *moves == own && *says == tried.says;
            own == tried.moves || !known.iter().any(is_same)
        });
        found
    }

    /// Keeps of the sets found that differ by one value the least change; `beside` are sets tried in vain.
    pub fn least(
        &self,
        mut found: Vec<Tried>,
        beside: &[Tried],
        (endless, lone, cut): (&BTreeSet<ValueKind>, &BTreeSet<Value>, &BTreeSet<Move>),
    ) -> Vec<Tried> {
        let most = found.iter().map(|tried| tried.moves.len()).max().unwrap_or(0);
        for at in 0..most {
            let all = found.clone();
            let mut groups: BTreeMap<Shape, Vec<(Value, Tried)>> = BTreeMap::new();
            let mut out = Vec::new();
            for tried in found {
                match self.shape(&tried.moves, at) {
                    Some((shape, value)) if tried.reach == Reach::Only => {
                        groups.entry(shape).or_default().push((value, tried));
                    }
                    _ => out.push(tried),
                }
            }
            for (shape, mut group) in groups {
                group.order_by(|left, right| left.0.cmp(&right.0));
                let same = |tried: &&Tried| self.shape(&tried.moves, at).is_some_and(|(own, _)| own == shape);
                let tried: Vec<(Value, &[Says])> = all
                    .iter()
                    .chain(beside)
                    .filter(same)
                    .filter_map(|tried| Some((self.shape(&tried.moves, at)?.1, tried.says.as_slice())))
                    .collect();
                let mut told: Vec<Vec<Says>> = Vec::new();
                for (_, one) in &group {
                    if !told.contains(&one.says) {
                        told.push(one.says.clone());
                    }
                }
                let old = self.stated_value(&shape.0);
                let known = self.known_beside(&shape.0);
                for says in told {
                    let own: Vec<&(Value, Tried)> =
                        group.iter().filter(|(_, one)| one.says == says).collect();
                    let others: Vec<&Value> = tried
                        .iter()
                        .filter(|(_, other)| **other != says[..])
                        .map(|(value, _)| value)
                        .collect();
                    let is_endless = own.iter().any(|(value, _)| endless.contains(&value.kind()));
                    let line = Along { old: old.as_ref(), is_endless, known: &known, lone };
                    let mut told = sides(&own, &others, &line);
                    if cut.contains(&shape.0) {
                        told.iter_mut().for_each(|one| one.reach = Reach::Only);
                    }
                    out.extend(told);
                }
            }
            found = out;
        }
        found
    }

    /// Whether facts state each text in the place where changes have it.
    fn states_texts(&self, moves: &[Move]) -> bool {
        let run = Run::new(self, Change::default(), MOST_FACTS);
        let is_stated = |relation: RelationId, slot: usize, id: u32| {
            let mut want = vec![Want::Any; self.ruleset.relations[relation].slots.len()];
            want[slot] = Want::Is(id);
            run.stated(relation, &want, true, &mut |_| Err(Stop::Enough)).is_err()
        };
        moves.iter().filter_map(Move::fact).all(|(relation, tuple)| {
            let is_text = |slot: usize| {
                self.ruleset.relations[relation].slots[slot].ty == Ty::Value(ValueKind::Text)
                    && tuple[slot] != MISSING
            };
            (0..tuple.len()).filter(|slot| is_text(*slot)).all(|slot| is_stated(relation, slot, tuple[slot]))
        })
    }

    /// The changes, whatever the texts in them; or only those that were made to be tried.
    fn without_texts(&self, moves: &[Move], made: bool) -> Vec<Move> {
        let mut moves = moves.to_vec();
        for (relation, tuple) in moves.iter_mut().filter_map(Move::fact_mut) {
            for (slot, id) in tuple.iter_mut().enumerate() {
                let known = &self.evaluation.dictionaries[self.domain(relation, slot)];
                let is_text = self.ruleset.relations[relation].slots[slot].ty == Ty::Value(ValueKind::Text);
                if is_text && *id != MISSING && (!made || known.value(*id).is_none()) {
                    *id = MISSING;
                }
            }
        }
        moves
    }

    pub fn shape(&self, moves: &[Move], at: usize) -> Option<(Shape, Value)> {
        let valued: Vec<usize> = (0..moves.len()).filter(|place| self.is_valued(&moves[*place])).collect();
        let place = *valued.get(at)?;
        let (relation, slot, id) = self.valued(&moves[place])?;
        let value = self.values.value(self.domain(relation, slot), id)?;
        let mut rest = moves.to_vec();
        let mut own = rest.remove(place);
        own.fact_mut()?.1[slot] = MISSING;
        Some(((own, rest), value))
    }

    /// The value of a set of changes of this shape.
    pub fn shape_at(&self, moves: &[Move], shape: &Shape) -> Option<(Shape, Value)> {
        let own = (0..moves.len()).map_while(|at| self.shape(moves, at));
        own.into_iter().find(|(own, _)| own == shape)
    }

    /// The changes of a shape with a value.
    pub fn with_value(&self, (own, rest): &Shape, value: &Value) -> Option<Vec<Move>> {
        let (_, slot, _) = self.valued(own)?;
        let mut own = own.clone();
        own.fact_mut()?.1[slot] = self.id(&Constant::Value(value.clone()));
        let mut moves = rest.clone();
        moves.push(own);
        moves.order();
        Some(moves)
    }

    fn valued(&self, one: &Move) -> Option<(RelationId, usize, u32)> {
        let (Move::Add(relation, tuple) | Move::Set(relation, tuple)) = one else { return None };
        let entry = &self.ruleset.relations[*relation];
        let ordered = |ty: Ty| matches!(ty, Ty::Value(ValueKind::Number | ValueKind::Date));
        let slot = match entry.open {
            Some(slot) => Some(slot).filter(|slot| ordered(entry.slots[*slot].ty)),
            None => entry.slots.iter().position(|slot| ordered(slot.ty)),
        }?;
        Some((*relation, slot, tuple[slot]))
    }

    /// Whether some fact that differs from a new one by a value as far as it reaches is stated already.
    pub fn is_stated_within(&self, one: &Move, reach: &Reach) -> bool {
        let (Move::Add(_, tuple), Some((relation, slot, id))) = (one, self.valued(one)) else { return false };
        let domain = self.domain(relation, slot);
        let mut want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
        want[slot] = Want::Any;
        let own = self.values.value(domain, id);
        let mut is_stated = false;
        let run = Run::new(self, Change::default(), u64::MAX);
        let _ = run.stated(relation, &want, false, &mut |found| {
            let other = self.values.value(domain, found[slot]);
            is_stated |= match reach {
                Reach::Only => false,
                Reach::Any => true,
                Reach::But(but) => other.as_ref() != Some(but),
                Reach::Up => other > own,
                Reach::Down => other < own,
            };
            Ok(())
        });
        is_stated
    }

    /// Values that facts state in the place of the one that varies.
    pub fn known_beside(&self, one: &Move) -> Vec<Value> {
        let Some((relation, slot, _)) = self.valued(one) else { return Vec::new() };
        let mut out = BTreeSet::new();
        let run = Run::new(self, Change::default(), MOST_FACTS);
        let want = vec![Want::Any; self.ruleset.relations[relation].slots.len()];
        let _ = run.stated(relation, &want, true, &mut |found| {
            out.extend(self.values.value(self.domain(relation, slot), found[slot]));
            if out.len() < MOST_KNOWN { Ok(()) } else { Err(Stop::Enough) }
        });
        out.into_iter().collect()
    }

    /// Whether a change states a number below nothing where facts state none.
    pub fn is_odd(&self, change: &FactChange) -> bool {
        let (FactChange::Add(fact) | FactChange::Set(fact)) = change else { return false };
        let tuple: Vec<u32> =
            fact.args.iter().map(|arg| arg.as_ref().map_or(MISSING, |arg| self.id(arg))).collect();
        let one = Move::Add(fact.relation, tuple);
        let value = self.shape(std::slice::from_ref(&one), 0).map(|(_, value)| value);
        value.is_some_and(|value| is_odd(&value, &self.known_beside(&one)))
    }

    /// What is stated now of what a change states.
    pub fn now(&self, one: &Move) -> Now {
        if let Some(value) = self.stated_value(one) {
            return Now::Value(value);
        }
        let Move::Add(relation, tuple) = one else { return Now::Nothing };
        let values = (0..tuple.len()).any(|slot| self.is_value(*relation, slot));
        if !values && tuple.len() < 2 {
            return Now::Nothing;
        }
        let want = |(slot, id): (usize, &u32)| {
            let is_said = if values { self.is_value(*relation, slot) } else { slot + 1 == tuple.len() };
            if is_said { Want::Any } else { Want::Is(*id) }
        };
        let want: Vec<Want> = tuple.iter().enumerate().map(want).collect();
        let mut now = Now::Nothing;
        let run = Run::new(self, Change::default(), u64::MAX);
        let _ = run.stated(*relation, &want, false, &mut |_| {
            now = Now::Others;
            Err(Stop::Enough)
        });
        now
    }

    /// The value a key has now.
    pub fn stated_value(&self, one: &Move) -> Option<Value> {
        let Move::Set(relation, tuple) = one else { return None };
        let slot = self.ruleset.relations[*relation].open?;
        let mut want: Vec<Want> = tuple.iter().map(|id| Want::Is(*id)).collect();
        want[slot] = Want::Any;
        let mut value = None;
        let run = Run::new(self, Change::default(), u64::MAX);
        let _ = run.stated(*relation, &want, false, &mut |found| {
            value = self.values.value(self.domain(*relation, slot), found[slot]);
            Ok(())
        });
        value
    }
}

/// What is known of the values of one change.
pub(super) struct Along<'l> {
    /// The value there is now.
    pub old: Option<&'l Value>,
    /// Whether what is asked comes again and again.
    pub is_endless: bool,
    /// Values that facts state in its place.
    pub known: &'l [Value],
    /// Values at which alone an answer is another.
    pub lone: &'l BTreeSet<Value>,
}

/// The least change above the value there is now, and the one below it; without one the least of all, or one of those that
/// come again and again; one for all where any value but one will do.
pub(super) fn sides(own: &[&(Value, Tried)], others: &[&Value], line: &Along<'_>) -> Vec<Tried> {
    let Along { old, is_endless, known, lone } = *line;
    let without: BTreeSet<&Value> = others.iter().copied().chain(old).collect();
    if let [but] = Vec::from_iter(&without)[..]
        && lone.contains(*but)
        && own.iter().any(|(value, _)| value < *but)
        && own.iter().any(|(value, _)| value > *but)
    {
        // The least of those above it, as one would count on.
        let reach = Reach::But((*but).clone());
        let next = own.iter().find(|(value, _)| value > *but);
        return next.map(|(_, one)| Tried { reach, ..one.clone() }).into_iter().collect();
    }
    let told =
        |one: Option<&&(Value, Tried)>, reach: Reach| one.map(|(_, one)| Tried { reach, ..one.clone() });
    let Some(old) = old else {
        let mut all = runs(own, others);
        if is_endless && all.len() > 1 {
            let plain = |one: &&&(Value, Tried), other: &&&(Value, Tried)| plainer(&one.0, &other.0, known);
            let first = |run: &&[&(Value, Tried)]| run.iter().min_by(plain).map(|one| one.0.clone());
            let least = all.iter().min_by(|one, other| match (first(one), first(other)) {
                (Some(one), Some(other)) => plainer(&one, &other, known),
                _ => Ordering::Equal,
            });
            all = least.copied().into_iter().collect();
        }
        return all
            .into_iter()
            .filter_map(|run| {
                let (first, last) = (&run.first()?.0, &run.last()?.0);
                let several = run.len() > 1;
                let lowest = several && others.iter().all(|other| *other > first);
                let highest = several && others.iter().all(|other| *other < last);
                match (lowest, highest) {
                    // A value that a person would write stands for all.
                    (true, true) => {
                        let plain = |one: &&&(Value, Tried), other: &&&(Value, Tried)| {
                            plainer(&one.0, &other.0, known)
                        };
                        told(run.iter().min_by(plain), Reach::Any)
                    }
                    (true, false) => told(run.last(), Reach::Down),
                    (false, true) => told(run.first(), Reach::Up),
                    (false, false) => told(run.first(), Reach::Only),
                }
            })
            .collect();
    };
    let above: Vec<&(Value, Tried)> = own.iter().copied().filter(|(value, _)| value > old).collect();
    let below: Vec<&(Value, Tried)> = own.iter().copied().filter(|(value, _)| value < old).collect();
    let up =
        above.len() > 1 && others.iter().all(|other| above.first().is_some_and(|(least, _)| *other < least));
    let down =
        below.len() > 1 && others.iter().all(|other| below.last().is_some_and(|(most, _)| *other > most));
    let above = told(above.first(), if up { Reach::Up } else { Reach::Only });
    let below = told(below.last(), if down { Reach::Down } else { Reach::Only });
    above.into_iter().chain(below).collect()
}

/// Values between which none of the others lies, ascending.
fn runs<'o>(own: &'o [&'o (Value, Tried)], others: &[&Value]) -> Vec<&'o [&'o (Value, Tried)]> {
    let parts = |low: &Value, high: &Value| others.iter().any(|other| *other > low && *other < high);
    own.chunk_by(|low, high| !parts(&low.0, &high.0)).collect()
}
