//! Calculations of several steps over batches: each step is worked out once for each combination of what it is worked out
//! from. Columns often have few different values, and what is made of them fewer still.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::batch::{Bail, Batch};
use super::calculate::{Leaf, calculate};
use super::operators::Run;
use super::program::{Calculation, Computed};
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::DomainId;
use crate::value::Value;

/// So many results of one step are remembered, or what it was worked out from.
const MOST_RESULTS: usize = 1 << 17;

/// After so many rows it is asked whether remembering pays: whether fewer than three in four had to be worked out.
const TRIAL: usize = 1 << 13;

/// One step of a calculation: an operation or a function of variables, constants and what other steps come to.
struct Part {
    /// The step alone: its variables are the places of what it takes.
    own: Calculation,
    takes: Vec<Take>,
    /// Codes of results by those of what they were worked out from, while that pays.
    known: Option<HashMap<u64, u32, FxBuildHasher>>,
    /// Results by code, each once.
    results: Vec<Computed>,
    codes: HashMap<Computed, u32, FxBuildHasher>,
    asked: usize,
    worked_out: usize,
}

/// What a step takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    /// The value of a variable of a domain.
    Var(usize, usize),
    /// What an earlier step comes to.
    Part(usize),
}

/// A calculation as steps, the last of which is the whole.
pub(super) struct Parts {
    parts: Vec<Part>,
    /// Whether remembering pays.
    pays: bool,
}

/// Calculations as steps, by where they stand; nothing of those of which it does not pay to remember anything.
pub(super) type Remembered = HashMap<usize, Option<Parts>, FxBuildHasher>;

impl Parts {
    /// The steps of a calculation; `None` where it is too little to remember anything of, or where aggregates or steps of
    /// more than two things are among them.
    pub fn of(calculation: &Calculation) -> Option<Self> {
        let mut parts = Vec::new();
        let last = add(calculation, &mut parts)?;
        let is_dear = |part: &Part| {
            matches!(part.own, Calculation::Power(..) | Calculation::Divide(..) | Calculation::Call(..))
        };
        let is_worth = matches!(last, Take::Part(_)) && parts.len() > 1 && parts.iter().any(is_dear);
        is_worth.then_some(Self { parts, pays: true })
    }

    /// Whether remembering pays, as far as is known.
    pub fn pays(&self) -> bool {
        self.pays
    }

    /// What the whole comes to, by the codes that rows were given.
    pub fn results(&self) -> &[Computed] {
        self.parts.last().map_or(&[], |part| &part.results)
    }

    /// Forgets what was worked out where that is much, and asks whether remembering paid.
    fn settle(&mut self) {
        let is_much = |part: &Part| {
            let known = part.known.as_ref().map_or(0, HashMap::len);
            part.results.len().max(known) > MOST_RESULTS
        };
        // What is known of a step goes by the codes of those it takes: it is forgotten with them.
        let mut forgotten = vec![false; self.parts.len()];
        for at in 0..self.parts.len() {
            let part = &mut self.parts[at];
            let is_of_such = |take: &Take| matches!(take, Take::Part(other) if forgotten[*other]);
            forgotten[at] = is_much(part) || part.takes.iter().any(is_of_such);
            if forgotten[at] {
                part.results.clear();
                part.codes.clear();
                part.known.iter_mut().for_each(HashMap::clear);
            }
        }
        for part in self.parts.iter_mut().filter(|part| part.asked >= TRIAL) {
            if part.worked_out * 4 > part.asked * 3 {
                part.known = None;
            }
        }
        let asked: usize = self.parts.iter().map(|part| part.asked).sum();
        let worked_out: usize = self.parts.iter().map(|part| part.worked_out).sum();
        self.pays = asked < TRIAL * self.parts.len() || worked_out * 4 < asked * 3;
    }
}

/// Adds the steps of a calculation to those there are; what it comes to then.
fn add(calculation: &Calculation, parts: &mut Vec<Part>) -> Option<Take> {
    if let Calculation::Var { var, domain } = calculation {
        return Some(Take::Var(*var, *domain));
    }
    let mut takes = Vec::new();
    let mut operand = |inner: &Calculation| -> Option<Calculation> {
        if let Some(value) = constant(inner) {
            return Some(Calculation::Value(value));
        }
        takes.push(add(inner, parts)?);
        Some(Calculation::Var { var: takes.len() - 1, domain: 0 })
    };
    let own = calculation.with_operands(&mut operand)?;
    if takes.is_empty() || takes.len() > 2 {
        return None;
    }
    let is_same = |part: &Part| part.takes == takes && part.own.is_like(&own);
    if let Some(same) = parts.iter().position(is_same) {
        return Some(Take::Part(same));
    }
    let (known, codes) = (Some(HashMap::default()), HashMap::default());
    parts.push(Part { own, takes, known, results: Vec::new(), codes, asked: 0, worked_out: 0 });
    Some(Take::Part(parts.len() - 1))
}

/// What a calculation comes to that takes nothing but constants, where it has a result.
fn constant(calculation: &Calculation) -> Option<Value> {
    let mut is_constant = true;
    calculation.each(&mut |part| {
        is_constant &= !matches!(part, Calculation::Var { .. } | Calculation::Aggregate(_));
    });
    let computed = || calculate(calculation, &mut |_| Ok(Computed::Missing));
    match is_constant.then(computed)? {
        Ok(Computed::Value(value)) => Some(value),
        _ => None,
    }
}

impl Run<'_, '_> {
    /// The code of what a calculation comes to in each row.
    pub(super) fn coded(&mut self, parts: &mut Parts, batch: &Batch) -> Result<Vec<u32>, Bail> {
        parts.settle();
        let mut columns: Vec<Vec<u32>> = Vec::with_capacity(parts.parts.len());
        for at in 0..parts.parts.len() {
            let (before, rest) = parts.parts.split_at_mut(at);
            let part = &mut rest[0];
            let ids = |take: &Take| match *take {
                Take::Var(var, _) => &batch.columns[var][..batch.len],
                Take::Part(part) => &columns[part],
            };
            let (one, other) = (ids(&part.takes[0]), part.takes.get(1).map(ids));
            let mut own = Vec::with_capacity(batch.len);
            let mut last: Option<(u64, u32)> = None;
            for row in 0..batch.len {
                let ids = [one[row], other.map_or(0, |other| other[row])];
                let key = u64::from(ids[0]) << 32 | u64::from(ids[1]);
                let known = last.filter(|(known, _)| *known == key).map(|(_, code)| code);
                let known = known.or_else(|| part.known.as_ref()?.get(&key).copied());
                let code = match known {
                    Some(code) => code,
                    None => self.one(part, before, ids)?,
                };
                last = Some((key, code));
                own.push(code);
            }
            part.asked += batch.len;
            columns.push(own);
        }
        Ok(columns.pop().unwrap_or_default())
    }

    /// Works out one step for what it takes.
    fn one(&self, part: &mut Part, before: &[Part], ids: [u32; 2]) -> Result<u32, Bail> {
        let mut taken: [Computed; 2] = [Computed::Missing, Computed::Missing];
        for ((taken, take), id) in taken.iter_mut().zip(&part.takes).zip(ids) {
            *taken = match *take {
                Take::Part(part) => before[part].results[id as usize].clone(),
                Take::Var(..) if id == MISSING => Computed::Missing,
                Take::Var(_, domain) => {
                    let value = self.values.value(DomainId::from_usize(domain), id);
                    Computed::Value(value.ok_or(Bail::Calculation)?)
                }
            };
        }
        let computed = calculate(&part.own, &mut |leaf| match leaf {
            Leaf::Var(place, _) => Ok(taken[place].clone()),
            Leaf::Aggregate(_) => Ok(Computed::Missing),
        });
        let computed = computed.map_err(|_| Bail::Calculation)?;
        part.worked_out += 1;
        let code = match part.codes.get(&computed) {
            Some(code) => *code,
            None => {
                let code = part.results.len() as u32;
                part.results.push(computed.clone());
                part.codes.insert(computed, code);
                code
            }
        };
        if let Some(known) = &mut part.known {
            known.insert(u64::from(ids[0]) << 32 | u64::from(ids[1]), code);
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use crate::value::Decimal;

    fn number(text: &str) -> Calculation {
        Calculation::Value(Value::Number(Decimal::parse(text).expect("a number")))
    }

    #[test]
    fn steps_are_those_of_which_something_is_to_be_remembered() {
        let var = |var| Box::new(Calculation::Var { var, domain: 0 });
        let own = |calculation: Calculation| Box::new(calculation);
        // (v0 / 7) ^ (0 - 1) * (v0 / 7): what is said twice is one step, and what hangs on nothing is none.
        let seventh = || Calculation::Divide(var(0), own(number("7")));
        let minus = Calculation::Subtract(own(number("0")), own(number("1")));
        let whole =
            Calculation::Multiply(own(Calculation::Power(own(seventh()), own(minus))), own(seventh()));
        assert_eq!(Parts::of(&whole).map(|parts| parts.parts.len()), Some(3));
        assert!(Parts::of(&seventh()).is_none(), "one step is soon done");
        let sum = Calculation::Add(own(Calculation::Add(var(0), var(1))), own(number("2")));
        assert!(Parts::of(&sum).is_none(), "sums are soon done");
        let least = builtin::find("least").expect("there is such a function");
        let three = Calculation::Call(least, vec![*var(0), *var(1), *var(2)]);
        assert!(Parts::of(&Calculation::Power(own(three), own(number("2")))).is_none(), "three at once");
    }
}
