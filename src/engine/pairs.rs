//! Conditions between two words as tables of their own: which of the ids they may have go together, worked out once
//! from the values. Takes a column and a calculation for each side, hands on `Pairs`.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, Weak};

use rayon::prelude::*;
use rustc_hash::FxBuildHasher;

use super::calculate::{Leaf, calculate};
use super::limits::Clock;
use super::program::{Calculation, Computed};
use super::run::NOBODY;
use super::table::Table;
use super::texts;
use crate::base::parallel::each_of;
use crate::facts::{Dictionary, MISSING};
use crate::value::{DomainError, Value};

/// Values worked out between two looks at the clock.
const PATIENCE: usize = 1 << 12;

/// Up to so many pairs per id, pairs are written out; past it ids that go together share a class.
const FEW_PAIRS: usize = 4;

/// One side of a condition.
#[derive(Clone, Copy)]
pub struct Side<'s> {
    /// The table whose ids are asked about.
    pub table: &'s Arc<Table>,
    /// Its column.
    pub column: usize,
    /// What the ids stand for.
    pub dictionary: &'s Dictionary,
    /// What is worked out of each, which reads one variable.
    pub value: &'s Calculation,
}

/// What must be so of the values of both sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relating {
    /// They are equal.
    Equal,
    /// The left one begins with the right one.
    Begins,
    /// The left one ends with the right one.
    Ends,
    /// The right one stands somewhere in the left one.
    Contains,
    /// The right one is a pattern that is met in the left one.
    Matches,
}

/// Which ids go together.
#[derive(Clone, Debug)]
pub enum Pairs {
    /// Ids of the left side with ids of the right one.
    Written(Arc<Table>),
    /// Ids of each side with their classes; those of one class go together.
    Classes(Arc<Table>, Arc<Table>),
}

/// A condition that was worked out, kept with the table of its left side.
#[derive(Debug)]
pub(super) struct Kept {
    column: usize,
    value: Calculation,
    relating: Relating,
    possible: bool,
    other: Weak<Table>,
    other_column: usize,
    other_value: Calculation,
    /// Nothing where it cannot be had.
    pairs: Option<Pairs>,
}

/// The pairs of ids for which a condition holds, made once; where what could hold counts, a missing value goes with any.
/// `None` where a calculation has no result, where there are too many, or where the end was asked for.
pub fn pairs(
    left: Side<'_>,
    relating: Relating,
    right: Side<'_>,
    possible: bool,
    clock: &Clock,
) -> Option<Pairs> {
    let lock = || left.table.pairs.lock().unwrap_or_else(PoisonError::into_inner);
    let is_it = |kept: &&Kept| {
        kept.column == left.column
            && kept.other_column == right.column
            && std::ptr::eq(kept.other.as_ptr(), Arc::as_ptr(right.table))
            && (kept.relating, kept.possible) == (relating, possible)
            && kept.value.is_like(left.value)
            && kept.other_value.is_like(right.value)
    };
    if let Some(known) = lock().iter().find(is_it) {
        return known.pairs.clone();
    }
    // Not under the lock: working values out may set this thread to other work, which may ask for the same.
    let pairs = made(left, relating, right, possible, clock);
    if clock.time().is_err() {
        return None;
    }
    let mut kept = lock();
    if let Some(known) = kept.iter().find(is_it) {
        return known.pairs.clone();
    }
    kept.push(Kept {
        column: left.column,
        value: left.value.clone(),
        relating,
        possible,
        other: Arc::downgrade(right.table),
        other_column: right.column,
        other_value: right.value.clone(),
        pairs: pairs.clone(),
    });
    pairs
}

/// The ids of a side with what each comes to.
struct Worked {
    ids: Vec<u32>,
    values: Vec<Value>,
    /// Whether some value is missing and that counts.
    missing: bool,
}

impl Side<'_> {
    fn worked(&self, possible: bool, clock: &Clock) -> Option<Worked> {
        let mut ids = self.table.columns()[self.column].to_vec();
        ids.sort_unstable();
        ids.dedup();
        let missing = ids.first() == Some(&MISSING);
        if missing {
            ids.remove(0);
        }
        let value = |id: &u32| {
            let known = || self.dictionary.value(*id).cloned();
            let mut leaf = |_: Leaf<'_>| known().map(Computed::Value).ok_or(DomainError::Overflow);
            match calculate(self.value, &mut leaf) {
                Ok(Computed::Value(value)) => Some(value),
                _ => None,
            }
        };
        let part = |ids: &[u32]| -> Option<Vec<Value>> {
            clock.time().ok()?;
            ids.iter().map(value).collect()
        };
        let parts: Option<Vec<Vec<Value>>> =
            each_of(ids.chunks(PATIENCE).collect(), part).into_iter().collect();
        let values = parts?.into_iter().flatten().collect();
        Some(Worked { ids, values, missing: missing && possible })
    }
}

fn made(left: Side<'_>, relating: Relating, right: Side<'_>, possible: bool, clock: &Clock) -> Option<Pairs> {
    let (left, right) = (left.worked(possible, clock)?, right.worked(possible, clock)?);
    if relating == Relating::Equal {
        return Some(equal(&left, &right));
    }
    let (texts, parts) = (all_texts(&left.values)?, all_texts(&right.values)?);
    let places = match relating {
        Relating::Begins => texts::beginning(&texts, &parts, clock),
        Relating::Ends => texts::ending(&texts, &parts, clock),
        Relating::Matches => texts::matching(&texts, &parts, clock),
        Relating::Contains | Relating::Equal => texts::containing(&texts, &parts, clock),
    };
    let pairs = places?.into_iter().map(|(x, y)| (left.ids[x as usize], right.ids[y as usize])).collect();
    Some(written(pairs, &left, &right))
}

fn all_texts(values: &[Value]) -> Option<Vec<&str>> {
    values.iter().map(as_text).collect()
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Number(_) | Value::Date(_) | Value::Flag(_) => None,
    }
}

/// Pairs as a table, together with those of missing values.
fn written(mut pairs: Vec<(u32, u32)>, left: &Worked, right: &Worked) -> Pairs {
    if left.missing {
        pairs.extend(right.ids.iter().map(|id| (MISSING, *id)));
    }
    if right.missing {
        pairs.extend(left.ids.iter().map(|id| (*id, MISSING)));
    }
    if left.missing && right.missing {
        pairs.push((MISSING, MISSING));
    }
    pairs.par_sort_unstable();
    Pairs::Written(Arc::new(table(pairs)))
}

/// A table from different pairs in ascending order.
fn table(pairs: Vec<(u32, u32)>) -> Table {
    let (first, second) = pairs.into_iter().unzip();
    Table::sorted(vec![first, second])
}

/// The classes of equal values: of each left one, and of each right one, `NOBODY` where no left one is equal.
fn classes<K: Hash + Eq>(left: &[K], right: &[K]) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<&K, u32, FxBuildHasher> = HashMap::default();
    let class = |value| {
        let next = known.len() as u32;
        *known.entry(value).or_insert(next)
    };
    let own = left.iter().map(class).collect();
    let others = right.iter().map(|value| known.get(value).copied().unwrap_or(NOBODY)).collect();
    (own, others)
}

fn equal(left: &Worked, right: &Worked) -> Pairs {
    let (own, others) = classes(&left.values, &right.values);
    let count = own.iter().max().map_or(0, |most| *most as usize + 1);
    // How many left ids are of each class, and whether some right one is.
    let mut sizes = vec![0_usize; count];
    own.iter().for_each(|class| sizes[*class as usize] += 1);
    let met = others.iter().filter(|class| **class != NOBODY);
    let total: usize = met.map(|class| sizes[*class as usize]).sum();
    if total <= FEW_PAIRS * (left.ids.len() + right.ids.len()) {
        let mut starts: Vec<usize> = sizes;
        let mut before = 0;
        starts.iter_mut().for_each(|size| before += std::mem::replace(size, before));
        let mut by_class = vec![0; own.len()];
        let mut next = starts.clone();
        for (id, class) in left.ids.iter().zip(&own) {
            by_class[next[*class as usize]] = *id;
            next[*class as usize] += 1;
        }
        let mut pairs = Vec::with_capacity(total);
        for (id, class) in right.ids.iter().zip(&others).filter(|(_, class)| **class != NOBODY) {
            let class = *class as usize;
            pairs.extend(by_class[starts[class]..next[class]].iter().map(|other| (*other, *id)));
        }
        return written(pairs, left, right);
    }
    // What is missing goes with all of the other side: with what has no partner by a class of their own.
    let count = count as u32;
    let (alone, none) = (count, count + 1);
    let mut is_met = vec![false; count as usize];
    others.iter().filter(|class| **class != NOBODY).for_each(|class| is_met[*class as usize] = true);
    let wanted = |class: &u32, other_is_missing: bool| match *class {
        NOBODY => other_is_missing.then_some(alone),
        class => (other_is_missing || is_met[class as usize]).then_some(class),
    };
    let side = |ids: &[u32], classes: &[u32], missing: bool, other_is_missing: bool| {
        let anything = (0..count).chain([alone, none]);
        let mut rows: Vec<(u32, u32)> = anything.filter(|_| missing).map(|class| (MISSING, class)).collect();
        let all = ids.iter().zip(classes);
        rows.extend(all.filter_map(|(id, class)| Some((*id, wanted(class, other_is_missing)?))));
        Arc::new(table(rows))
    };
    Pairs::Classes(
        side(&left.ids, &own, left.missing, right.missing),
        side(&right.ids, &others, right.missing, left.missing),
    )
}
