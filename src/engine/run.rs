//! Runs programs. A variable is bound at a time, from the atom with the fewest rows left; what need
//! only exist is left at its first match.

use super::planted::{Bug, planted};
use super::program::{Calculation, Comparison, Conjunction, Place, Program, Step};
use super::values::Values;
use crate::base::Idx;
use crate::model::DomainId;
use crate::value::{Decimal, DomainError, Value};

/// The ids of the variables, and the rows left of each atom at each level.
#[derive(Debug)]
pub struct Frame {
    /// Per variable its id; meaningless until bound.
    pub ids: Vec<u32>,
    ranges: Vec<(u32, u32)>,
    /// A calculation without result on the way here.
    failed: Option<DomainError>,
}

/// A calculation without result where all else holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Why it has none.
    pub error: DomainError,
    /// The ids of the variables then; those the search had not bound mean nothing.
    pub ids: Vec<u32>,
}

/// Whether to look for more ways.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Yes.
    More,
    /// No.
    Enough,
}

/// Whether a condition can be met.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    No,
    Yes,
    /// But for a calculation that has no result.
    Failed(DomainError),
}

/// Runs one program.
pub struct Runner<'p> {
    program: &'p Program,
    values: &'p Values<'p>,
    /// Whether calculations without result are errors (they are where everything is certain).
    raise: bool,
}

impl<'p> Runner<'p> {
    /// A runner; `raise` says whether a calculation without result is an error or just not met.
    pub fn new(program: &'p Program, values: &'p Values<'p>, raise: bool) -> Self {
        Self { program, values, raise }
    }

    /// A frame for this program with nothing bound.
    pub fn frame(&self) -> Frame {
        let mut ranges = vec![(0, 0); self.program.ranges];
        for atom in &self.program.atoms {
            ranges[atom.ranges] = atom.index.all();
        }
        Frame { ids: vec![0; self.program.vars], ranges, failed: None }
    }

    /// Whether the body can be met, its bound variables being set in the frame.
    pub fn holds(&self, frame: &mut Frame) -> Result<bool, Failure> {
        match self.exists(&self.program.body, frame, self.raise) {
            Found::Yes => Ok(true),
            Found::No => Ok(false),
            Found::Failed(error) => Err(Failure { error, ids: frame.ids.clone() }),
        }
    }

    /// Calls `emit` for each way to meet the body.
    pub fn each(&self, frame: &mut Frame, emit: &mut dyn FnMut(&Frame) -> Flow) -> Result<(), Failure> {
        let mut failure = None;
        let mut on_way = |_: &Self, frame: &mut Frame| match frame.failed {
            Some(error) => {
                failure = Some(Failure { error, ids: frame.ids.clone() });
                Flow::Enough
            }
            None => emit(frame),
        };
        self.steps(&self.program.body, 0, frame, self.raise, &mut on_way);
        failure.map_or(Ok(()), Err)
    }

    fn exists(&self, conjunction: &Conjunction, frame: &mut Frame, raise: bool) -> Found {
        let mut found = Found::No;
        let outer = frame.failed.take();
        self.steps(conjunction, 0, frame, raise, &mut |_, frame| {
            found = frame.failed.map_or(Found::Yes, Found::Failed);
            Flow::Enough
        });
        frame.failed = outer;
        found
    }

    /// Runs the steps from `at`; calls `done` for each way to meet them all.
    fn steps(
        &self,
        conjunction: &Conjunction,
        at: usize,
        frame: &mut Frame,
        raise: bool,
        done: &mut dyn FnMut(&Self, &mut Frame) -> Flow,
    ) -> Flow {
        let failed_before = frame.failed;
        let flow = self.steps_inner(conjunction, at, frame, raise, done);
        frame.failed = failed_before;
        flow
    }

    fn steps_inner(
        &self,
        conjunction: &Conjunction,
        mut at: usize,
        frame: &mut Frame,
        raise: bool,
        done: &mut dyn FnMut(&Self, &mut Frame) -> Flow,
    ) -> Flow {
        while let Some(step) = conjunction.steps.get(at) {
            at += 1;
            let met = match step {
                Step::Extend { var, atoms } => {
                    return self.extend(conjunction, at, *var, atoms, frame, raise, done);
                }
                Step::Members { var, members } => {
                    for id in members.iter() {
                        frame.ids[*var] = id as u32;
                        if self.steps(conjunction, at, frame, raise, done) == Flow::Enough {
                            return Flow::Enough;
                        }
                    }
                    return Flow::More;
                }
                Step::Branch(branches) => {
                    for branch in branches {
                        let flow = self.steps(branch, 0, frame, raise, &mut |runner, frame| {
                            runner.steps(conjunction, at, frame, raise, done)
                        });
                        if flow == Flow::Enough {
                            return Flow::Enough;
                        }
                    }
                    return Flow::More;
                }
                Step::Seek { atom, from, to } => self.seek(*atom, *from, *to, frame),
                Step::Member { term, members } => members.contains(id_of(*term, frame) as usize),
                Step::Same { left, right, equal } => (id_of(*left, frame) == id_of(*right, frame)) == *equal,
                Step::Compare { left, op, right } => {
                    let compared = self.calculate(left, frame).and_then(|left| {
                        self.calculate(right, frame).map(|right| compare(&left, *op, &right))
                    });
                    compared.unwrap_or_else(|error| fail(frame, raise, error))
                }
                Step::Assign { var, domain, value } => match self.calculate(value, frame) {
                    Ok(value) => {
                        frame.ids[*var] = self.values.intern(DomainId::from_usize(*domain), &value);
                        true
                    }
                    Err(error) => fail(frame, raise, error),
                },
                Step::Not(inner) => self.exists(inner, frame, false) == Found::No,
                Step::Exists(inner) => self.note(self.exists(inner, frame, raise), frame),
                Step::AnyOf(branches) => {
                    let mut found = Found::No;
                    for branch in branches {
                        match self.exists(branch, frame, raise) {
                            Found::Yes => {
                                found = Found::Yes;
                                break;
                            }
                            Found::No => {}
                            failed @ Found::Failed(_) => found = failed,
                        }
                    }
                    self.note(found, frame)
                }
            };
            if !met {
                return Flow::More;
            }
        }
        done(self, frame)
    }

    #[expect(clippy::unused_self, reason = "reads as a part of running")]
    fn note(&self, found: Found, frame: &mut Frame) -> bool {
        match found {
            Found::Yes => true,
            Found::No => false,
            Found::Failed(error) => {
                frame.failed.get_or_insert(error);
                true
            }
        }
    }

    fn seek(&self, atom: usize, from: usize, to: usize, frame: &mut Frame) -> bool {
        let plan = &self.program.atoms[atom];
        let mut range = frame.ranges[plan.ranges + from];
        for level in from..to {
            range = plan.index.narrow(level, range, id_of(plan.levels[level], frame));
            if range.0 >= range.1 {
                return false;
            }
            frame.ranges[plan.ranges + level + 1] = range;
        }
        range.0 < range.1
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one step of the search")]
    fn extend(
        &self,
        conjunction: &Conjunction,
        next: usize,
        var: usize,
        atoms: &[(usize, usize, usize)],
        frame: &mut Frame,
        raise: bool,
        done: &mut dyn FnMut(&Self, &mut Frame) -> Flow,
    ) -> Flow {
        let rows = |frame: &Frame, (atom, from, _): (usize, usize, usize)| {
            let (low, high) = frame.ranges[self.program.atoms[atom].ranges + from];
            high - low
        };
        let Some(least) = (0..atoms.len()).min_by_key(|at| rows(frame, atoms[*at])) else {
            return Flow::More;
        };
        let (lead, level, _) = atoms[least];
        let plan = &self.program.atoms[lead];
        let (mut low, high) = frame.ranges[plan.ranges + level];
        while low < high {
            let id = plan.index.columns[level][low as usize];
            let end = plan.index.skip(level, low, high);
            frame.ids[var] = id;
            frame.ranges[plan.ranges + level + 1] = (low, end);
            let all = atoms.iter().enumerate().all(|(at, &(atom, from, to))| {
                let from = if at == least { from + 1 } else { from };
                from == to || self.seek(atom, from, to, frame)
            });
            if all && self.steps(conjunction, next, frame, raise, done) == Flow::Enough {
                return Flow::Enough;
            }
            low = end;
        }
        Flow::More
    }

    fn calculate(&self, calculation: &Calculation, frame: &Frame) -> Result<Value, DomainError> {
        if let Calculation::Value(value) = calculation {
            return Ok(value.clone());
        }
        if let Calculation::Var { var, domain } = calculation {
            return self
                .values
                .value(DomainId::from_usize(*domain), frame.ids[*var])
                .ok_or(frame.failed.unwrap_or(DomainError::Overflow));
        }
        let number = |calculation: &Calculation| self.number(calculation, frame);
        let result = match calculation {
            Calculation::Value(_) | Calculation::Var { .. } => return Err(DomainError::Overflow),
            Calculation::Negate(x) => -number(x)?,
            Calculation::Add(x, y) => number(x)?.checked_add(number(y)?)?,
            Calculation::Subtract(x, y) => number(x)?.checked_sub(number(y)?)?,
            Calculation::Multiply(x, y) => number(x)?.checked_mul(number(y)?)?,
            Calculation::Divide(x, y) => number(x)?.checked_div(number(y)?)?,
            Calculation::Power(x, y) => number(x)?.checked_pow(number(y)?)?,
            Calculation::Days(x, y) => {
                let (Value::Date(x), Value::Date(y)) = (self.calculate(x, frame)?, self.calculate(y, frame)?)
                else {
                    return Err(DomainError::Overflow);
                };
                Decimal::from(x.days_since(y))
            }
            Calculation::Shift { date, amount, unit, back } => {
                let Value::Date(date) = self.calculate(date, frame)? else {
                    return Err(DomainError::Overflow);
                };
                let amount = number(amount)?.to_i64().ok_or(DomainError::FractionalPower)?;
                let amount = if *back { amount.checked_neg() } else { Some(amount) };
                let moved = amount.and_then(|amount| match unit {
                    0 => date.add_days(amount),
                    1 => date.add_months(amount),
                    _ => date.add_years(amount),
                });
                return moved.map(Value::Date).ok_or(DomainError::Overflow);
            }
        };
        Ok(Value::Number(result))
    }

    fn number(&self, calculation: &Calculation, frame: &Frame) -> Result<Decimal, DomainError> {
        match self.calculate(calculation, frame)? {
            Value::Number(number) => Ok(number),
            Value::Text(_) | Value::Date(_) | Value::Flag(_) => Err(DomainError::Overflow),
        }
    }
}

fn id_of(place: Place, frame: &Frame) -> u32 {
    match place {
        Place::Var(var) => frame.ids[var],
        Place::Id(id) => id,
    }
}

/// A calculation without result: where everything is certain the search goes on to see whether all
/// other conditions hold; elsewhere it is just not met.
fn fail(frame: &mut Frame, raise: bool, error: DomainError) -> bool {
    if raise {
        frame.failed.get_or_insert(error);
    }
    raise
}

fn compare(left: &Value, op: Comparison, right: &Value) -> bool {
    match op {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right || planted(Bug::WeakLess) && left == right,
        Comparison::AtMost => left <= right,
        Comparison::Greater => left > right,
        Comparison::AtLeast => left >= right,
    }
}
