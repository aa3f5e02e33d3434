//! Names and values as dense ids, and back.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::OnceLock;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::names::Names;
use crate::base::IndexVec;
use crate::model::{Constant, Domain, DomainId, Ruleset};
use crate::value::{Date, Value, ValueKind};

/// Numbers of up to so many digits are whole numbers of units without fail.
const MOST_DIGITS: i32 = 18;

/// Units are kept where at least one number of so many is a multiple.
const WORTH_UNITS: usize = 8;

/// Where one number of so many is added that is no multiple of the unit, another one may do.
const FEW_OUTSIDE: usize = 256;

/// Among so many values, those that rules name are sought in one go.
const MANY: usize = 1 << 16;

fn indexed(values: &[Value]) -> HashTable<u32> {
    let mut index = HashTable::with_capacity(values.len());
    for (id, value) in (1_u32..).zip(values) {
        index.insert_unique(hash(value), id, |&id| hash(&values[id as usize - 1]));
    }
    index
}

/// The id, in every domain of values, of a value that nobody stated.
pub const MISSING: u32 = 0;

/// The entries of one domain; ids count in the order entries were first met, from 0 for names and
/// from 1 for values.
#[derive(Clone, Debug)]
pub struct Dictionary {
    entries: Entries,
    /// Its numbers in one unit, or its dates in days, once somebody asks.
    lane: OnceLock<Option<Lane>>,
}

/// Numbers as whole multiples of one unit: sums of them are sums of integers.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The unit is ten to this power.
    pub exponent: i32,
    /// By id how many units; 0 for what is missing, `OUTSIDE` for numbers that are no such multiples.
    pub units: Vec<i64>,
    /// How many are no such multiples, and how many there may be before another unit is sought.
    outside: usize,
    most: usize,
}

/// How many units a value is: ten to the power of `exponent`, or days.
fn units_of(value: &Value, exponent: i32) -> i64 {
    match value {
        Value::Number(number) => number.in_units(exponent).unwrap_or(Lane::OUTSIDE),
        Value::Date(date) => date.days_since(Date::EPOCH),
        Value::Text(_) | Value::Flag(_) => Lane::OUTSIDE,
    }
}

impl Lane {
    /// Stands for a number that is too large, or has too many digits, for the unit.
    pub const OUTSIDE: i64 = i64::MIN;

    /// Adds a value; whether the unit still serves.
    fn add(&mut self, value: &Value) -> bool {
        let units = units_of(value, self.exponent);
        self.units.push(units);
        self.outside += usize::from(units == Self::OUTSIDE);
        self.outside <= self.most
    }

    /// How many units a number is; `None` where it is no multiple, or was made since.
    #[inline]
    pub fn at(&self, id: u32) -> Option<i64> {
        units_at(&self.units, id)
    }
}

/// How many units an id stands for, of a lane's units.
#[inline]
pub fn units_at(units: &[i64], id: u32) -> Option<i64> {
    units.get(id as usize).copied().filter(|units| *units != Lane::OUTSIDE)
}

#[derive(Clone, Debug)]
enum Entries {
    Names {
        domain: DomainId,
        names: Names,
    },
    Values {
        kind: ValueKind,
        values: Vec<Value>,
        /// The ids of those that rules name.
        named: HashMap<Value, u32, FxBuildHasher>,
        /// Made when another one is first sought.
        index: OnceLock<HashTable<u32>>,
    },
}

impl Entries {
    /// Different values of a kind.
    fn new(kind: ValueKind, values: Vec<Value>) -> Self {
        Self::Values { kind, values, named: HashMap::default(), index: OnceLock::new() }
    }
}

fn hash<T: Hash + ?Sized>(item: &T) -> u64 {
    FxBuildHasher.hash_one(item)
}

/// How many numbers there are of an exponent, by how many digits they have.
struct Digits {
    exponent: i32,
    counts: [usize; MOST_DIGITS as usize + 2],
}

/// The unit of which the most numbers are multiples that fit, the finest of those; `None` where there are
/// none, or too few to be worth it.
fn common_exponent(values: &[Value]) -> Option<i32> {
    let mut all: Vec<Digits> = Vec::new();
    for value in values {
        if let Value::Number(number) = value
            && let Some(units) = number.in_units(number.exponent())
        {
            let exponent = number.exponent();
            let at = all.iter().position(|digits| digits.exponent == exponent).unwrap_or_else(|| {
                all.push(Digits { exponent, counts: Default::default() });
                all.len() - 1
            });
            let digits = units.unsigned_abs().checked_ilog10().map_or(0, |digits| digits as usize + 1);
            all[at].counts[digits] += 1;
        }
    }
    all.sort_unstable_by_key(|digits| digits.exponent);
    let fit = |unit: i32| -> usize {
        let fine = all.iter().filter(|digits| digits.exponent >= unit);
        let of = |digits: &Digits| -> usize {
            let more = (digits.exponent - unit) as usize;
            digits.counts.iter().take((MOST_DIGITS as usize + 1).saturating_sub(more)).sum()
        };
        fine.map(of).sum()
    };
    let mut best: Option<(i32, usize)> = None;
    for Digits { exponent, .. } in &all {
        let count = fit(*exponent);
        best = best.filter(|(_, most)| *most >= count).or(Some((*exponent, count)));
    }
    best.filter(|(_, most)| most * WORTH_UNITS >= values.len()).map(|(exponent, _)| exponent)
}

impl Dictionary {
    /// An empty dictionary of names of things.
    pub fn names(domain: DomainId) -> Self {
        Self { entries: Entries::Names { domain, names: Names::new() }, lane: OnceLock::new() }
    }

    /// An empty dictionary of values.
    pub fn values(kind: ValueKind) -> Self {
        let entries = Entries::new(kind, Vec::new());
        Self { entries, lane: OnceLock::new() }
    }

    /// An empty dictionary for each domain of a ruleset.
    pub fn all(ruleset: &Ruleset) -> IndexVec<DomainId, Self> {
        let empty = |(id, domain): (DomainId, &Domain)| match domain {
            Domain::Things(_) => Self::names(id),
            Domain::Values(kind) => Self::values(*kind),
        };
        ruleset.domains.iter_enumerated().map(empty).collect()
    }

    /// What ids are below.
    #[expect(clippy::len_without_is_empty, reason = "values count from 1, so it is never empty")]
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Names { names, .. } => names.len(),
            Entries::Values { values, .. } => values.len() + 1,
        }
    }

    /// The name with this id; empty for dictionaries of values.
    pub fn name(&self, id: u32) -> &str {
        match &self.entries {
            Entries::Names { names, .. } => names.get(id),
            Entries::Values { .. } => "",
        }
    }

    /// The value with this id; `None` for dictionaries of names, and where it is missing.
    pub fn value(&self, id: u32) -> Option<&Value> {
        match &self.entries {
            Entries::Names { .. } => None,
            Entries::Values { values, .. } => values.get((id as usize).checked_sub(1)?),
        }
    }

    /// The entry as it is printed.
    pub fn show(&self, id: u32) -> Cow<'_, str> {
        match &self.entries {
            Entries::Names { .. } => Cow::Borrowed(self.name(id)),
            Entries::Values { .. } => match self.value(id) {
                Some(Value::Text(text)) => Cow::Borrowed(text),
                Some(other) => Cow::Owned(other.to_string()),
                None => Cow::Borrowed("not known"),
            },
        }
    }

    /// The entry as a constant; `None` for a missing value.
    pub fn constant(&self, id: u32) -> Option<Constant> {
        match &self.entries {
            Entries::Names { domain, .. } => Some(Constant::Thing(*domain, self.name(id).to_owned())),
            Entries::Values { .. } => self.value(id).cloned().map(Constant::Value),
        }
    }

    /// The order of two entries: byte order of names and texts, size of numbers and dates; what is
    /// missing comes first.
    pub fn compare(&self, left: u32, right: u32) -> Ordering {
        match &self.entries {
            Entries::Names { names, .. } => names.bytes(left).cmp(names.bytes(right)),
            Entries::Values { .. } => self.value(left).cmp(&self.value(right)),
        }
    }

    /// A number that is lower for one entry than for another only where it comes before it in the order of
    /// [`Self::compare`]: of names the first eight bytes.
    pub fn order_key(&self, id: u32) -> u64 {
        match &self.entries {
            Entries::Names { names, .. } => {
                let bytes = names.bytes(id);
                let mut first = [0; 8];
                let held = bytes.len().min(first.len());
                first[..held].copy_from_slice(&bytes[..held]);
                u64::from_be_bytes(first)
            }
            Entries::Values { .. } => 0,
        }
    }

    /// The id of a name, if it has one.
    pub fn find_name(&self, name: &str) -> Option<u32> {
        match &self.entries {
            Entries::Names { names, .. } => names.find(name),
            Entries::Values { .. } => None,
        }
    }

    /// The id of a value, if it has one.
    pub fn find_value(&self, value: &Value) -> Option<u32> {
        match &self.entries {
            Entries::Names { .. } => None,
            Entries::Values { values, named, index, .. } => {
                if let Some(id) = named.get(value) {
                    return Some(*id);
                }
                let index = index.get_or_init(|| indexed(values));
                index.find(hash(value), |&id| values[id as usize - 1] == *value).copied()
            }
        }
    }

    /// A dictionary of these names, all different.
    pub(super) fn from_names(domain: DomainId, names: Names) -> Self {
        Self { entries: Entries::Names { domain, names }, lane: OnceLock::new() }
    }

    /// A dictionary of these values, all of this kind and different.
    pub(super) fn from_values(kind: ValueKind, values: Vec<Value>) -> Self {
        Self { entries: Entries::new(kind, values), lane: OnceLock::new() }
    }

    /// Its names, where it holds names.
    pub(super) fn stored_names(&self) -> Option<&Names> {
        match &self.entries {
            Entries::Names { names, .. } => Some(names),
            Entries::Values { .. } => None,
        }
    }

    /// Its values, where it holds values.
    pub(super) fn stored_values(&self) -> &[Value] {
        match &self.entries {
            Entries::Names { .. } => &[],
            Entries::Values { values, .. } => values,
        }
    }

    /// Its values, where it holds values, for others to be added that are not among them.
    pub(super) fn values_mut(&mut self) -> Option<&mut Vec<Value>> {
        self.lane = OnceLock::new();
        match &mut self.entries {
            Entries::Names { .. } => None,
            Entries::Values { values, index, .. } => {
                *index = OnceLock::new();
                Some(values)
            }
        }
    }

    /// Its names, where it holds names.
    pub(super) fn names_mut(&mut self) -> Option<&mut Names> {
        match &mut self.entries {
            Entries::Names { names, .. } => Some(names),
            Entries::Values { .. } => None,
        }
    }

    /// The id of a constant of this domain, if it has one.
    pub fn find(&self, constant: &Constant) -> Option<u32> {
        match constant {
            Constant::Thing(_, name) => self.find_name(name),
            Constant::Value(value) => self.find_value(value),
        }
    }

    /// The id of a name, given to it now if it had none; 0 for dictionaries of values.
    pub fn intern_name(&mut self, name: &str) -> u32 {
        self.names_mut().map_or(0, |names| names.intern(name))
    }

    /// The id of a value, given to it now if it had none; missing for dictionaries of names.
    pub fn intern_value(&mut self, value: &Value) -> u32 {
        if let Some(id) = self.find_value(value) {
            return id;
        }
        let Entries::Values { values, index, .. } = &mut self.entries else { return MISSING };
        debug_assert!(values.first().is_none_or(|first| first.kind() == value.kind()));
        values.push(value.clone());
        if self.lane.get_mut().is_some_and(|lane| !lane.as_mut().is_some_and(|lane| lane.add(value))) {
            self.lane = OnceLock::new();
        }
        let id = values.len() as u32;
        // INVARIANT: it was made when the value was sought just now.
        let Some(index) = index.get_mut() else { return id };
        index.insert_unique(hash(value), id, |&id| hash(&values[id as usize - 1]));
        id
    }

    /// Gives values that rules name their ids; among many values they are all sought at once.
    pub fn intern_named(&mut self, wanted: &[Value]) {
        let Entries::Values { values, named, index, .. } = &mut self.entries else { return };
        if values.len() >= MANY && index.get().is_none() {
            let sought: HashSet<&Value, FxBuildHasher> = wanted.iter().collect();
            let ids = (1_u32..).zip(values.iter()).filter(|(_, value)| sought.contains(value));
            named.extend(ids.map(|(id, value)| (value.clone(), id)));
            for value in wanted {
                if !named.contains_key(value) {
                    values.push(value.clone());
                    named.insert(value.clone(), values.len() as u32);
                    self.lane = OnceLock::new();
                }
            }
            return;
        }
        wanted.iter().for_each(|value| _ = self.intern_value(value));
    }

    /// Forgets values with ids from this one on.
    pub fn forget_values(&mut self, from: usize) {
        if let Entries::Values { values, named, index, .. } = &mut self.entries
            && from <= values.len()
        {
            values.truncate(from.saturating_sub(1));
            named.retain(|_, id| (*id as usize) < from);
            *index = OnceLock::new();
            self.lane = OnceLock::new();
        }
    }

    /// The id of a constant of this domain, given to it now if it had none.
    pub fn intern(&mut self, constant: &Constant) -> u32 {
        match constant {
            Constant::Thing(_, name) => self.intern_name(name),
            Constant::Value(value) => self.intern_value(value),
        }
    }

    /// Its numbers as multiples of one unit, where it holds numbers that all are.
    pub fn lane(&self) -> Option<&Lane> {
        self.in_units().filter(|_| self.value_kind() == Some(ValueKind::Number))
    }

    /// Its dates as days since 1970-01-01 by id, where it holds dates.
    pub fn days(&self) -> Option<&[i64]> {
        let lane = self.in_units().filter(|_| self.value_kind() == Some(ValueKind::Date));
        lane.map(|lane| lane.units.as_slice())
    }

    fn in_units(&self) -> Option<&Lane> {
        self.lane.get_or_init(|| self.to_lane()).as_ref()
    }

    fn to_lane(&self) -> Option<Lane> {
        let Entries::Values { kind, values, .. } = &self.entries else { return None };
        let exponent = match kind {
            ValueKind::Number => common_exponent(values)?,
            ValueKind::Date => 0,
            ValueKind::Text | ValueKind::Flag => return None,
        };
        let mut lane = Lane { exponent, units: Vec::with_capacity(values.len() + 1), outside: 0, most: 0 };
        lane.units.push(0);
        lane.units.extend(values.iter().map(|value| units_of(value, exponent)));
        lane.outside = lane.units.iter().filter(|units| **units == Lane::OUTSIDE).count();
        lane.most = lane.outside + lane.units.len() / FEW_OUTSIDE;
        Some(lane)
    }

    /// The kind of value it holds; `None` for names.
    pub fn value_kind(&self) -> Option<ValueKind> {
        match &self.entries {
            Entries::Names { .. } => None,
            Entries::Values { kind, .. } => Some(*kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Decimal;

    #[test]
    fn a_finer_unit_is_sought_once_some_numbers_need_it() {
        let number =
            |units: i128, exponent: i32| Value::Number(Decimal::scaled(units, exponent).expect("in range"));
        let mut dictionary = Dictionary::values(ValueKind::Number);
        for units in 1..2000 {
            dictionary.intern_value(&number(units * 3 + 1, -2));
        }
        assert_eq!(dictionary.lane().map(|lane| lane.exponent), Some(-2));
        let first = dictionary.intern_value(&number(10_001, -4));
        assert_eq!(dictionary.lane().map(|lane| (lane.exponent, lane.at(first))), Some((-2, None)));
        for units in 1..20 {
            dictionary.intern_value(&number(units * 10 + 20_001, -4));
        }
        assert_eq!(dictionary.lane().map(|lane| (lane.exponent, lane.at(first))), Some((-4, Some(10_001))));
    }
}
