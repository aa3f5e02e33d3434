//! Of changes of several values one stays, each value brought in turn to where the answer turns while the others are held.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Reach;
use super::change::{Question, Search, told};
use super::moves::Move;
use super::nearest::{Along, Tried, sides};
use super::world::World;
use crate::base::InOrder;
use crate::facts::MISSING;
use crate::value::Value;

/// So many sets that differ in more than values are brought there.
const MOST_SHAPES: usize = 40;
/// So often each of its values is.
const MOST_ROUNDS: usize = 2;

/// On which side of what is stated values lie, and what lenses say.
type Kind = (Vec<Option<Ordering>>, Vec<String>);

impl World<'_> {
    /// Whether changes name a value that nothing else names: it was made to be tried.
    pub fn is_made(&self, moves: &[Move]) -> bool {
        moves.iter().any(|one| {
            let Some((relation, tuple)) = one.fact() else { return false };
            let is_made = |slot: usize| {
                let known = &self.evaluation.dictionaries[self.domain(relation, slot)];
                known.value(tuple[slot]).is_none() && tuple[slot] != MISSING
            };
            self.is_valued(one) && (0..tuple.len()).any(|slot| self.is_value(relation, slot) && is_made(slot))
        })
    }

    /// Which of two sets lies nearer to what is stated; of two alike, which comes first.
    pub fn nearer(&self, one: &[Move], other: &[Move]) -> Ordering {
        let order = |moves: &[Move]| moves.iter().map(|one| self.order_of(one)).collect::<Vec<_>>();
        let near = self.distance(one).partial_cmp(&self.distance(other)).unwrap_or(Ordering::Equal);
        near.then_with(|| order(one).cmp(&order(other)))
    }

    /// The changes, whatever their values.
    pub fn without_values(&self, moves: &[Move]) -> Vec<Move> {
        let mut out = moves.to_vec();
        // The places of changes stay the same: what has no value comes first of those that are alike.
        for one in &mut out {
            if let Some((shape, _)) = self.shape(std::slice::from_ref(one), 0) {
                *one = shape.0;
            }
        }
        out.order();
        out
    }

    /// On which side of what is stated the values of changes lie.
    fn ways(&self, moves: &[Move]) -> Vec<Option<Ordering>> {
        let side = |at| {
            let (shape, value) = self.shape(moves, at)?;
            Some(self.stated_value(&shape.0).map(|old| value.cmp(&old)))
        };
        (0..moves.len()).map_while(side).collect()
    }

    /// How far the values of changes lie from what is stated: the nearest come first.
    fn distance(&self, moves: &[Move]) -> Vec<(bool, f64)> {
        let far = |at| {
            let (shape, value) = self.shape(moves, at)?;
            let about = |value: &Value| match value {
                Value::Number(number) => number.about(),
                Value::Date(date) => f64::from(date.days()),
                Value::Text(_) | Value::Flag(_) => 0.0,
            };
            let old = self.stated_value(&shape.0);
            Some((old.is_none(), (about(&value) - old.as_ref().map_or(0.0, about)).abs()))
        };
        (0..moves.len()).map_while(far).collect()
    }
}

impl Search<'_> {
    /// Of sets that differ by several values those nearest to what is stated.
    pub(super) fn corners(&mut self, question: &Question<'_>, found: Vec<Tried>) -> Vec<Tried> {
        let mut groups: BTreeMap<Vec<Move>, BTreeMap<Kind, Vec<Tried>>> = BTreeMap::new();
        for tried in found {
            let shape = self.world.without_values(&tried.moves);
            let kind = (self.world.ways(&tried.moves), told(&tried.says));
            groups.entry(shape).or_default().entry(kind).or_default().push(tried);
        }
        let mut out = Vec::new();
        for (_, ways) in groups.into_iter().take(MOST_SHAPES) {
            for (_, group) in ways {
                let order = |left: &Tried, right: &Tried| self.world.nearer(&left.moves, &right.moves);
                if let Some(first) = group.into_iter().min_by(order) {
                    out.push(self.brought(question, first));
                }
            }
        }
        out
    }

    /// One set, each of its values brought to where the answer turns.
    fn brought(&mut self, question: &Question<'_>, first: Tried) -> Tried {
        let mut now = first;
        // One that is brought there may let another go further.
        for _ in 0..MOST_ROUNDS {
            let before = now.moves.clone();
            for at in 0..now.moves.len() {
                if let Some(next) = self.turned_at(question, &now, at) {
                    now = next;
                }
            }
            if now.moves == before || !self.world.is_valued_at(&now.moves, 1) {
                break;
            }
        }
        Tried { reach: Reach::Only, ..now }
    }

    /// The same set with one value brought there, the others held.
    fn turned_at(&mut self, question: &Question<'_>, now: &Tried, at: usize) -> Option<Tried> {
        let (shape, value) = self.world.shape(&now.moves, at)?;
        let (mut found, mut beside) = (vec![now.clone()], Vec::new());
        let others = self.values.get(&shape.0).cloned().unwrap_or_default();
        for other in others.iter().filter(|other| **other != value) {
            self.point(question, &shape, other, (&mut found, &mut beside));
            if self.left == 0 {
                return None;
            }
        }
        let point = |tried: &Tried| {
            let (_, value) = self.world.shape_at(&tried.moves, &shape)?;
            Some((value, tried.says.clone(), Rc::clone(&tried.sides)))
        };
        let points = found.iter().chain(&beside).filter_map(point).collect();
        self.narrow_one(question, &shape, points, (&mut found, &mut beside));
        let of = |tried: &Tried| Some((self.world.shape_at(&tried.moves, &shape)?.1, tried.clone()));
        let same = found.iter().filter(|tried| tried.says == now.says);
        let mut own: Vec<(Value, Tried)> = same.filter_map(of).collect();
        own.order_by(|left, right| left.0.cmp(&right.0));
        let others = found.iter().filter(|tried| tried.says != now.says).chain(&beside);
        let others: Vec<Value> = others.filter_map(|tried| Some(of(tried)?.0)).collect();
        let old = self.world.stated_value(&shape.0);
        let known = self.world.known_beside(&shape.0);
        // Other values are held: that any but one will do is not said of one of several.
        let line = Along { old: old.as_ref(), is_endless: false, known: &known, lone: &BTreeSet::new() };
        let all = sides(&own.iter().collect::<Vec<_>>(), &others.iter().collect::<Vec<_>>(), &line);
        // Of several ranges that one in which the value lies.
        let apart = |tried: &Tried| {
            let Some((other, _)) = of(tried) else { return usize::MAX };
            let (low, high) = if other < value { (&other, &value) } else { (&value, &other) };
            let crossed = old.as_ref().filter(|old| low < *old && *old < high);
            others.iter().filter(|between| low < *between && *between < high).count()
                + crossed.map_or(0, |_| usize::MAX / 2)
        };
        all.into_iter().min_by_key(apart)
    }
}
