//! Names and values that are tried where an answer looked for something.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Coverage;
use super::constants::Found;
use super::lookup::{Tuple, Want};
use super::plain::plainer;
use super::roots::middle_of;
use super::run::Trace;
use super::world::World;
use crate::builtin::fitting;
use crate::facts::MISSING;
use crate::model::{Constant, Domain, DomainId, RelationId};
use crate::value::{Date, Decimal, Value, ValueKind};

/// Up to this many names of a kind, or texts, all are tried; of more, only those met.
pub(super) const ALL_NAMES: usize = 40;
/// Of up to this many constants the sums and differences are tried too.
const FEW_CONSTANTS: usize = 6;
/// For so many texts that were met others are made which they are met in, where they stand for patterns.
const MOST_PATTERNS: usize = 40;
/// Between so many constants another value is tried.
const MOST_BETWEEN: usize = 8;
/// The most ways to fill what was looked for with names and values.
const FILLINGS: usize = 400;

/// What is tried for an answer that was read off this: worked out once for each domain.
pub(super) struct Tried<'t> {
    world: &'t World<'t>,
    rules: &'t Found,
    trace: &'t Trace,
    /// How many names of a domain were brought in already.
    new: BTreeMap<DomainId, u32>,
    found: RefCell<BTreeMap<DomainId, Rc<[u32]>>>,
}

impl<'t> Tried<'t> {
    /// With what rules compare with.
    pub fn new(world: &'t World<'t>, rules: &'t Found, trace: &'t Trace) -> Self {
        Self { world, rules, trace, new: BTreeMap::new(), found: RefCell::default() }
    }

    /// The same beside changes that brought in so many names already.
    pub fn beside(self, new: BTreeMap<DomainId, u32>) -> Self {
        Self { new, ..self }
    }

    /// The names that nothing has: those brought in, and one more.
    pub fn newcomers(&self, domain: DomainId) -> std::ops::RangeInclusive<u32> {
        let count = self.world.evaluation.dictionaries[domain].len() as u32;
        count..=count + self.new.get(&domain).copied().unwrap_or(0)
    }

    /// The names or values tried in slots of a domain.
    pub fn of(&self, domain: DomainId) -> Rc<[u32]> {
        if let Some(known) = self.found.borrow().get(&domain) {
            return Rc::clone(known);
        }
        let ids: Rc<[u32]> = match self.world.ruleset.domains[domain] {
            Domain::Values(kind) => self.values(domain, kind).into(),
            Domain::Things(_) => self.names(domain).into(),
        };
        self.found.borrow_mut().insert(domain, Rc::clone(&ids));
        ids
    }

    /// Values tried in a slot: those rules compare with, one past each, and those met.
    fn values(&self, domain: DomainId, kind: ValueKind) -> Vec<u32> {
        let (world, constants, trace) = (self.world, &self.rules.values, self.trace);
        let mut values: BTreeSet<Value> =
            constants.iter().filter(|value| value.kind() == kind).cloned().collect();
        values.extend(self.met(domain));
        if self.rules.patterns && kind == ValueKind::Text {
            let met: Vec<Value> = values.iter().take(MOST_PATTERNS).cloned().collect();
            let made = met.iter().flat_map(|value| match value {
                Value::Text(pattern) => fitting(pattern),
                Value::Number(_) | Value::Date(_) | Value::Flag(_) => Vec::new(),
            });
            values.extend(made.map(|text| Value::Text(text.as_str().into())));
        }
        // A text may have to be one of which nothing was read, because another sentence found nothing first; a date had better
        // be near others that facts state.
        let dictionary = &world.evaluation.dictionaries[domain];
        let is_wanted = kind == ValueKind::Text || kind == ValueKind::Date && values.is_empty();
        if is_wanted && dictionary.len() <= ALL_NAMES {
            values.extend((0..dictionary.len() as u32).filter_map(|id| dictionary.value(id).cloned()));
        }
        let noted = trace.turning.iter().chain(&trace.joined.values);
        values.extend(noted.filter(|value| value.kind() == kind).cloned());
        // Where a rule compares a sum or difference with a constant, the threshold is another such.
        let numbers: Vec<Decimal> = constants.iter().filter_map(number).collect();
        if kind == ValueKind::Number && numbers.len() <= FEW_CONSTANTS {
            for left in &numbers {
                for right in &numbers {
                    let both = [left.checked_sub(*right), left.checked_add(*right)];
                    values.extend(both.into_iter().flatten().map(Value::Number));
                }
            }
        }
        if kind == ValueKind::Date {
            values.extend(super::dates::made(self.rules, &values));
        }
        let beside: Vec<Value> = values.iter().flat_map(beside).collect();
        values.extend(beside);
        if self.rules.narrow {
            // Between two thresholds there has to be room for one value, beside which another lies.
            let own: Vec<&Value> = constants.iter().filter(|value| value.kind() == kind).collect();
            let between = own.windows(2).take(MOST_BETWEEN).filter_map(|pair| middle_of(pair[0], pair[1]));
            values.extend(between);
        }
        if kind == ValueKind::Text {
            values.extend(self.fresh(domain, &values));
        }
        if values.is_empty() {
            values.extend(usual(kind));
        }
        let far = far(values.iter());
        values.extend(far);
        values.into_iter().map(|value| world.id(&Constant::Value(value))).collect()
    }

    /// Of the values tried in slots of a domain, where any will do, the one a person would write.
    pub fn plainest(&self, domain: DomainId) -> Option<u32> {
        let value = |id: &u32| self.world.values.value(domain, *id).map(|value| (value, *id));
        let known: Vec<Value> = self.met(domain).into_iter().collect();
        let tried = self.of(domain);
        let all = tried.iter().filter_map(value);
        all.min_by(|(one, _), (other, _)| plainer(one, other, &known)).map(|(_, id)| id)
    }

    /// The values that facts which were seen state in slots of a domain.
    fn met(&self, domain: DomainId) -> BTreeSet<Value> {
        let (world, mut out) = (self.world, BTreeSet::new());
        for (relation, tuple, _) in &self.trace.facts {
            let own = (0..tuple.len()).filter(|slot| world.domain(*relation, *slot) == domain);
            out.extend(own.filter_map(|slot| world.values.value(domain, tuple[slot])));
        }
        out
    }

    /// A text that is none of those tried, and that nobody states.
    fn fresh(&self, domain: DomainId, values: &BTreeSet<Value>) -> Option<Value> {
        let dictionary = &self.world.evaluation.dictionaries[domain];
        let is_new = |value: &Value| !values.contains(value) && dictionary.find_value(value).is_none();
        let text = |length: usize| Value::Text("x".repeat(length).as_str().into());
        (1..=values.len() + 1).map(text).find(is_new)
    }

    /// Whether all names of a domain are tried.
    pub fn tries_all(&self, domain: DomainId) -> bool {
        self.world.evaluation.dictionaries[domain].len() <= ALL_NAMES
    }

    /// Names tried in a slot: all where there are few, else those met; and one that nothing has.
    fn names(&self, domain: DomainId) -> Vec<u32> {
        let (world, trace) = (self.world, self.trace);
        let count = world.evaluation.dictionaries[domain].len() as u32;
        let mut names: BTreeSet<u32> = if count as usize <= ALL_NAMES {
            (0..count).collect()
        } else {
            let met = trace.facts.iter().flat_map(|(relation, tuple, _)| {
                tuple.iter().enumerate().filter(|(slot, _)| world.domain(*relation, *slot) == domain)
            });
            let said = trace.joined.names.range((domain, 0)..=(domain, u32::MAX));
            met.map(|(_, id)| *id).chain(said.map(|(_, id)| *id)).collect()
        };
        // A name of nothing cannot be written.
        let dictionary = &world.evaluation.dictionaries[domain];
        names.retain(|id| *id >= count || !dictionary.name(*id).is_empty());
        names.extend(self.newcomers(domain));
        names.into_iter().collect()
    }

    /// The ways to fill what was looked for, and how many of those that could matter these are. Where they are too many,
    /// values are those that rules name and those near what facts state there, and where that does not do, any name is one
    /// that nothing has.
    pub fn fillings(&self, relation: RelationId, want: &[Want], visit: &mut dyn FnMut(Tuple)) -> Coverage {
        let covered = [Fill::All, Fill::Near, Fill::New].into_iter().find_map(|fill| {
            let ways = self.ways(relation, want, fill)?;
            ways.into_iter().for_each(&mut *visit);
            Some(match fill {
                Fill::All => Coverage::Whole,
                Fill::Near => Coverage::Part,
                Fill::New => Coverage::SomeNames,
            })
        });
        covered.unwrap_or(Coverage::Part)
    }

    /// The ways to fill what was looked for; nothing where they are too many.
    fn ways(&self, relation: RelationId, want: &[Want], fill: Fill) -> Option<Vec<Tuple>> {
        let mut ways: Vec<Tuple> = vec![Vec::new()];
        for (slot, want) in want.iter().enumerate() {
            let domain = self.world.domain(relation, slot);
            let is_value = self.world.is_value(relation, slot);
            let ids: Rc<[u32]> = match want {
                Want::Is(MISSING) if is_value => Rc::new([]),
                Want::Is(id) | Want::IsOrMissing(id) => Rc::new([*id]),
                Want::Any if fill == Fill::New && !is_value => self.newcomers(domain).collect(),
                Want::Any if fill == Fill::Near && is_value => self.near(relation, slot),
                Want::Any => self.of(domain),
            };
            if ways.len() * ids.len() > FILLINGS {
                return None;
            }
            ways =
                ways.iter().flat_map(|way| ids.iter().map(|id| [way.as_slice(), &[*id]].concat())).collect();
        }
        Some(ways)
    }

    /// The values that rules name, and those that facts which were seen state in this slot with those beside them.
    fn near(&self, relation: RelationId, slot: usize) -> Rc<[u32]> {
        let (world, domain) = (self.world, self.world.domain(relation, slot));
        let own = self.trace.facts.iter().filter(|(other, ..)| *other == relation);
        let met: BTreeSet<Value> =
            own.filter_map(|(_, tuple, _)| world.values.value(domain, tuple[slot])).collect();
        let named = self
            .rules
            .values
            .iter()
            .filter(|value| world.ruleset.domains[domain] == Domain::Values(value.kind()));
        let mut all: BTreeSet<Value> =
            met.iter().flat_map(beside).chain(met.iter().cloned()).chain(named.cloned()).collect();
        let far = far(all.iter());
        all.extend(far);
        all.into_iter().map(|value| world.id(&Constant::Value(value))).collect()
    }
}

/// What is put where anything may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    All,
    /// Of values those near what is stated.
    Near,
    /// Of names new ones.
    New,
}

/// The value of a kind that is tried where rules and facts name none.
pub(super) fn usual(kind: ValueKind) -> Option<Value> {
    match kind {
        ValueKind::Number => Some(Value::Number(Decimal::from(1))),
        ValueKind::Flag => Some(Value::Flag(true)),
        ValueKind::Text => Some(Value::Text("x".into())),
        ValueKind::Date => Date::from_ymd(2000, 1, 1).map(Value::Date),
    }
}

/// The values one beside another on either side; of a flag the other one.
pub(super) fn beside(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let one = Decimal::from(1);
            let both = [number.checked_add(one), number.checked_sub(one)];
            both.into_iter().flatten().map(Value::Number).collect()
        }
        Value::Date(date) => {
            [1, -1].into_iter().filter_map(|days| date.add_days(days)).map(Value::Date).collect()
        }
        Value::Flag(flag) => vec![Value::Flag(!flag)],
        Value::Text(_) => Vec::new(),
    }
}

/// So many times as much as the greatest value lies far off.
const FAR: i64 = 1000;
/// So many days are far off.
const FAR_DAYS: i64 = 20_000;

/// Values that lie far off all of these on either side: what holds there is taken to hold beyond.
fn far<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut most = Decimal::ZERO;
    let (mut first, mut last): (Option<Date>, Option<Date>) = (None, None);
    let mut is_number = false;
    for value in values {
        match value {
            Value::Number(number) => {
                is_number = true;
                most = most.max(number.abs());
            }
            Value::Date(date) => {
                first = Some(first.map_or(*date, |first| first.min(*date)));
                last = Some(last.map_or(*date, |last| last.max(*date)));
            }
            Value::Text(_) | Value::Flag(_) => {}
        }
    }
    let days =
        [first.and_then(|date| date.add_days(-FAR_DAYS)), last.and_then(|date| date.add_days(FAR_DAYS))];
    let mut out: Vec<Value> = days.into_iter().flatten().map(Value::Date).collect();
    if is_number {
        let more = most.ceiling().checked_add(Decimal::from(1));
        if let Ok(far) = more.and_then(|more| more.checked_mul(Decimal::from(FAR))) {
            out.extend([far, -far].map(Value::Number));
        }
    }
    out
}

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
    }
}
