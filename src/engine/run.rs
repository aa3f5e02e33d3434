//! Runs programs. A variable is bound at a time, from the atom with the fewest rows left; what need
//! only exist is left at its first match.

use super::batch::Bail;
use super::calculate::compare;
use super::limits::{Clock, Reached};
use super::program::{Calculation, Computed, Conjunction, Place, Program, Step};
use super::values::Values;
use crate::base::Idx;
use crate::facts::MISSING;
use crate::model::DomainId;
use crate::value::DomainError;

/// An id nothing has.
pub const NOBODY: u32 = u32::MAX;

/// Candidates looked at between two looks at the clock, less one; all low bits set.
const PATIENCE: u32 = (1 << 14) - 1;

/// The ids of the variables, and the rows left of each atom at each level.
#[derive(Debug, Default)]
pub struct Frame {
    /// Per variable its id; meaningless until bound, `NOBODY` where its value could not be worked out.
    pub ids: Vec<u32>,
    pub(super) ranges: Vec<(u32, u32)>,
    /// A calculation without result on the way here.
    failed: Option<DomainError>,
    /// Why the last variable that is `NOBODY` became so.
    pub(super) missing: Option<DomainError>,
    looked: u32,
    stopped: Option<Bail>,
    /// Aggregates that were worked out already, by their addresses.
    pub(super) ready: Vec<(usize, Computed)>,
}

impl Frame {
    /// Why the search ended before its time, where it did.
    pub(super) fn stopped(&self) -> Option<Bail> {
        self.stopped
    }
}

/// A calculation without result where all else holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Why it has none.
    pub error: DomainError,
    /// The ids of the variables then; those the search had not bound mean nothing.
    pub ids: Vec<u32>,
}

/// Why a search came to no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Halt {
    /// It met a limit.
    Reached(Reached),
    /// A calculation has no result, all else holds, and nothing else decides.
    Failed(Failure),
}

impl From<Reached> for Halt {
    fn from(reached: Reached) -> Self {
        Self::Reached(reached)
    }
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
    pub(super) program: &'p Program,
    pub(super) values: &'p Values<'p>,
    clock: &'p Clock,
}

impl<'p> Runner<'p> {
    /// A runner.
    pub fn new(program: &'p Program, values: &'p Values<'p>, clock: &'p Clock) -> Self {
        Self { program, values, clock }
    }

    /// A frame for this program with nothing bound.
    pub fn frame(&self) -> Frame {
        let mut ranges = vec![(0, 0); self.program.ranges];
        for atom in &self.program.atoms {
            ranges[atom.ranges] = atom.index.all();
        }
        Frame {
            ids: vec![0; self.program.vars],
            ranges,
            failed: None,
            missing: None,
            looked: 0,
            stopped: None,
            ready: Vec::new(),
        }
    }

    /// Whether the body can be met, its bound variables being set in the frame. With `raise`, a
    /// calculation without result is an error where nothing but that keeps every way from being
    /// one; otherwise it is just not met.
    pub fn holds(&self, frame: &mut Frame, raise: bool) -> Result<bool, Halt> {
        let found = self.exists(&self.program.body, frame, raise);
        self.ended(frame)?;
        match found {
            Found::Yes => Ok(true),
            Found::No => Ok(false),
            Found::Failed(error) => Err(Halt::Failed(Failure { error, ids: frame.ids.clone() })),
        }
    }

    /// Calls `emit` for each way to meet the body and, with `raise`, for each that only lacks the
    /// result of a calculation, with that error.
    pub fn each(
        &self,
        frame: &mut Frame,
        raise: bool,
        emit: &mut dyn FnMut(&Frame, Option<DomainError>) -> Flow,
    ) -> Result<(), Halt> {
        self.steps(&self.program.body, 0, frame, raise, &mut |_, frame| emit(frame, frame.failed));
        self.ended(frame)
    }

    /// An error where the search ended before its time. Programs that look up what is worked out are searched in
    /// batches; way by way only parts of them are.
    #[expect(clippy::unused_self, reason = "reads as a part of running")]
    fn ended(&self, frame: &Frame) -> Result<(), Halt> {
        match (frame.stopped, frame.missing) {
            (None, _) | (Some(Bail::Calculation), None) => Ok(()),
            (Some(Bail::Reached(reached)), _) => Err(Halt::Reached(reached)),
            (Some(Bail::Calculation), Some(error)) => {
                Err(Halt::Failed(Failure { error, ids: frame.ids.clone() }))
            }
        }
    }

    /// Whether some way is there; one without a result counts only where no other is, so that the
    /// order of the search does not matter.
    fn exists(&self, conjunction: &Conjunction, frame: &mut Frame, raise: bool) -> Found {
        let mut found = Found::No;
        let outer = frame.failed.take();
        self.steps(conjunction, 0, frame, raise, &mut |_, frame| match frame.failed {
            None => {
                found = Found::Yes;
                Flow::Enough
            }
            Some(error) => {
                if found == Found::No {
                    found = Found::Failed(error);
                }
                Flow::More
            }
        });
        frame.failed = outer;
        found
    }

    /// Whether to go on: now and then looks at the clock.
    fn patient(&self, frame: &mut Frame) -> bool {
        frame.looked = frame.looked.wrapping_add(1);
        if frame.looked & PATIENCE == 0 && frame.stopped.is_none() {
            frame.stopped = self.clock.time().err().map(Bail::Reached);
        }
        frame.stopped.is_none()
    }

    /// Runs the steps from `at`; calls `done` for each way to meet them all.
    pub(super) fn steps(
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
                        if !self.patient(frame)
                            || self.steps(conjunction, at, frame, raise, done) == Flow::Enough
                        {
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
                Step::Within(within) => {
                    let place = self.program.atoms[within.atom].ranges + within.level;
                    let before = frame.ranges[place];
                    let left = self.within(within, place, frame, raise);
                    let flow =
                        if left { self.steps(conjunction, at, frame, raise, done) } else { Flow::More };
                    frame.ranges[place] = before;
                    return flow;
                }
                Step::Member { term, members } => members.contains(id_of(*term, frame) as usize),
                Step::Same { left, right, equal } => (id_of(*left, frame) == id_of(*right, frame)) == *equal,
                Step::Compare { left, op, right, possible } => {
                    let left = self.calculate(left, frame);
                    let compared = left.and_then(|left| {
                        self.calculate(right, frame).map(|right| compare(&left, *op, &right, *possible))
                    });
                    compared.unwrap_or_else(|error| fail(frame, raise, error))
                }
                // For batches only; whether there is a way does not hang on it.
                Step::Yield(_) => true,
                Step::Stated(var) => frame.ids[*var] != MISSING,
                Step::Join { var, from, fresh } => {
                    let (old, new) = (frame.ids[*var], frame.ids[*from]);
                    if *fresh {
                        frame.ids[*var] = new;
                        true
                    } else if old == MISSING && new != MISSING {
                        frame.ids[*var] = new;
                        let flow = self.steps(conjunction, at, frame, raise, done);
                        frame.ids[*var] = old;
                        return flow;
                    } else {
                        new == MISSING || old == new
                    }
                }
                Step::Assign { var, domain, value, possible } => {
                    let value = self.calculate(value, frame);
                    self.assign(*var, *domain, value, *possible, frame, raise)
                }
                Step::Find { var, domain, value } => self.find(*var, *domain, value, frame, raise),
                // Where only a result is missing, neither is certain; and it is an error only if
                // what stands beside it inside is certain.
                Step::Not { inner, doubtful } => match self.exists(inner, frame, raise) {
                    Found::Yes => false,
                    Found::Failed(_) if *doubtful => false,
                    Found::No | Found::Failed(_) if frame.stopped.is_some() => false,
                    Found::No => true,
                    failed @ Found::Failed(_) => self.note(failed, frame),
                },
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
        // INVARIANT: what a stopped search seems to have found is never handed on.
        if frame.stopped.is_some() { Flow::Enough } else { done(self, frame) }
    }

    /// Gives a variable what was worked out; whether that can be.
    fn assign(
        &self,
        var: usize,
        domain: usize,
        value: Result<Computed, DomainError>,
        possible: bool,
        frame: &mut Frame,
        raise: bool,
    ) -> bool {
        match value {
            Ok(Computed::Nothing) => false,
            Ok(Computed::Missing | Computed::Between { perhaps_nothing: false, .. }) => {
                frame.ids[var] = MISSING;
                true
            }
            // Where it may be nothing, it is not certain.
            Ok(Computed::Between { .. } | Computed::PerhapsMissing) => {
                frame.ids[var] = MISSING;
                possible
            }
            Ok(Computed::Value(value)) => {
                let (id, made) = self.values.intern(DomainId::from_usize(domain), &value);
                frame.ids[var] = id;
                if made & PATIENCE as usize == PATIENCE as usize {
                    frame.stopped = frame.stopped.or(self.clock.gathered(made).err().map(Bail::Reached));
                }
                frame.stopped.is_none()
            }
            Err(error) => {
                frame.ids[var] = NOBODY;
                frame.missing = Some(error);
                fail(frame, raise, error)
            }
        }
    }

    /// Gives a variable the id of what a calculation comes to; whether there is one.
    fn find(&self, var: usize, domain: usize, value: &Calculation, frame: &mut Frame, raise: bool) -> bool {
        match self.calculate(value, frame) {
            Ok(Computed::Value(value)) => {
                let found = self.values.find(DomainId::from_usize(domain), &value);
                frame.ids[var] = found.unwrap_or(NOBODY);
                found.is_some()
            }
            Ok(_) => false,
            Err(_) if !raise => false,
            Err(error) => {
                frame.missing = Some(error);
                frame.stopped = frame.stopped.or(Some(Bail::Calculation));
                false
            }
        }
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
            if !self.patient(frame) {
                return Flow::Enough;
            }
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
}

fn id_of(place: Place, frame: &Frame) -> u32 {
    match place {
        Place::Var(var) => frame.ids[var],
        Place::Id(id) => id,
    }
}

/// A calculation without result: where everything is certain the search goes on to see whether all
/// other conditions hold; elsewhere it is just not met.
pub(super) fn fail(frame: &mut Frame, raise: bool, error: DomainError) -> bool {
    if raise {
        frame.failed.get_or_insert(error);
    }
    raise
}
