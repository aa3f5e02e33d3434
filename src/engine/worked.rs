//! What a function of one word gives in whole numbers (`month(day)`, `length(name)`), by the id of the word: worked out when
//! it is asked first, so that comparing many pairs takes it from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::program::Calculation;
use super::values::Values;
use crate::builtin::Builtin;
use crate::facts::MISSING;
use crate::value::Value;

/// Not worked out yet.
const OPEN: i64 = i64::MIN;
/// It has no result, or none that is such a number.
const UNFIT: i64 = i64::MIN + 1;

/// Of words with more ids it is worked out each time.
const MOST_IDS: usize = 1 << 22;

/// What tells such calculations apart: the domain of the word, the function, and its arguments but the word.
pub(super) type Key = (usize, &'static str, Vec<Option<Value>>);

/// Such a calculation.
pub(super) struct Worked<'v> {
    /// The word.
    pub var: usize,
    domain: usize,
    function: &'static Builtin,
    args: Vec<Option<Value>>,
    known: Arc<[AtomicI64]>,
    values: &'v Values<'v>,
}

impl<'v> Worked<'v> {
    /// A call of a function that gives whole numbers, all of whose arguments but one word are constants.
    pub fn of(function: &'static Builtin, args: &[Calculation], values: &'v Values<'_>) -> Option<Self> {
        let mut word = None;
        let given = |arg: &Calculation| match arg {
            Calculation::Value(value) => Some(Some(value.clone())),
            Calculation::Var { var, domain } if word.replace((*var, *domain)).is_none() => Some(None),
            _ => None,
        };
        if !function.is_whole() {
            return None;
        }
        let args: Vec<Option<Value>> = args.iter().map(given).collect::<Option<_>>()?;
        let (var, domain) = word.filter(|(_, domain)| values.bound(*domain) <= MOST_IDS)?;
        let key = (domain, function.name, args.clone());
        let fresh = || (0..values.bound(domain)).map(|_| AtomicI64::new(OPEN)).collect();
        Some(Self { var, domain, function, args, known: values.worked(key, fresh), values })
    }

    /// What it comes to for an id; `None` where it must be worked out otherwise.
    pub fn whole(&self, id: u32) -> Option<i64> {
        let known = self.known.get(id as usize).filter(|_| id != MISSING)?;
        let whole = match known.load(Ordering::Relaxed) {
            OPEN => {
                let whole = self.calculated(id).filter(|whole| *whole > UNFIT).unwrap_or(UNFIT);
                known.store(whole, Ordering::Relaxed);
                whole
            }
            whole => whole,
        };
        (whole != UNFIT).then_some(whole)
    }

    fn calculated(&self, id: u32) -> Option<i64> {
        let word = self.values.known(self.domain, id)?;
        let args: Vec<Value> =
            self.args.iter().map(|arg| arg.clone().unwrap_or_else(|| word.clone())).collect();
        match (self.function.evaluate)(&args).ok()? {
            Value::Number(number) => number.in_units(0),
            Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
        }
    }
}
