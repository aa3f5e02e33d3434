//! Of changes that differ by one value only, the least stays, with how far the same holds beyond it.

use std::collections::BTreeMap;

use super::Reach;
use super::lookup::Want;
use super::moves::Move;
use super::run::Run;
use super::world::{Change, World};
use crate::checker::Says;
use crate::facts::MISSING;
use crate::model::{RelationId, Ty};
use crate::value::{Value, ValueKind};

/// A set of changes that was tried, and what lenses say after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tried {
    pub moves: Vec<Move>,
    pub says: Vec<Says>,
    pub reach: Reach,
}

/// The change whose value varies, without it, and the changes beside it.
type Shape = (Move, Vec<Move>);

impl World<'_> {
    /// Whether values of a change come in an order.
    pub fn is_valued(&self, one: &Move) -> bool {
        self.valued(one).is_some()
    }

    /// Keeps of the sets found that differ by one value the least change; `beside` are sets tried in vain.
    pub fn least(&self, mut found: Vec<Tried>, beside: &[Tried]) -> Vec<Tried> {
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
                group.sort_by(|left, right| left.0.cmp(&right.0));
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
                for says in told {
                    let own: Vec<&(Value, Tried)> =
                        group.iter().filter(|(_, one)| one.says == says).collect();
                    let others: Vec<&Value> = tried
                        .iter()
                        .filter(|(_, other)| **other != says[..])
                        .map(|(value, _)| value)
                        .collect();
                    out.extend(sides(&own, &others, old.as_ref()));
                }
            }
            found = out;
        }
        found
    }

    fn shape(&self, moves: &[Move], at: usize) -> Option<(Shape, Value)> {
        let valued: Vec<usize> = (0..moves.len()).filter(|place| self.is_valued(&moves[*place])).collect();
        let place = *valued.get(at)?;
        let (relation, slot, id) = self.valued(&moves[place])?;
        let value = self.values.value(self.domain(relation, slot), id)?;
        let mut rest = moves.to_vec();
        let mut own = rest.remove(place);
        let (Move::Add(_, tuple) | Move::Set(_, tuple) | Move::Remove(_, tuple)) = &mut own;
        tuple[slot] = MISSING;
        Some(((own, rest), value))
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

    /// The value a key has now.
    fn stated_value(&self, one: &Move) -> Option<Value> {
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

/// The least change above the value there is now, and the one below it; without one the least of all.
fn sides(own: &[&(Value, Tried)], others: &[&Value], old: Option<&Value>) -> Vec<Tried> {
    let told =
        |one: Option<&&(Value, Tried)>, reach: Reach| one.map(|(_, one)| Tried { reach, ..one.clone() });
    let Some(old) = old else {
        let (Some((first, _)), Some((last, _))) = (own.first(), own.last()) else { return Vec::new() };
        let several = own.len() > 1;
        let one = match (others.iter().all(|other| *other < first), others.iter().all(|other| *other > last))
        {
            (true, true) if several => told(own.first(), Reach::Any),
            (true, _) if several => told(own.first(), Reach::Up),
            (_, true) if several => told(own.last(), Reach::Down),
            _ => told(own.first(), Reach::Only),
        };
        return one.into_iter().collect();
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
