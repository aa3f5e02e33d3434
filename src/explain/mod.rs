//! Why a lens says what it says of one subject, why not something else, and what would change it.
//! Takes an evaluation that kept what was stated, hands on an `Explanation`: values, not text.

mod along;
mod amounts;
mod answers;
mod calculate;
mod change;
mod cone;
mod constants;
mod corner;
mod dates;
mod doubled;
mod even;
mod figures;
mod goals;
mod grow;
mod halving;
mod instead;
mod joined;
mod lookup;
mod loops;
mod meeting;
mod members;
mod moves;
mod near;
mod nearest;
mod necessary;
mod newcomer;
mod parting;
mod plain;
mod points;
mod prove;
mod roots;
mod run;
mod settled;
mod settling;
mod solve;
mod steps;
mod story;
mod telling;
mod texts;
mod tried;
mod turning;
mod unknown;
mod verify;
mod ways;
pub mod whatif;
mod whynot;
mod without;
mod world;

pub(crate) use instead::asked_beside;

use crate::base::IndexVec;
pub use crate::checker::{Answered, Fact, FactChange, Gap, Open, Pivotal, Sides, WhyNot, WithoutResult};
use crate::checker::{Derivation, Says, Through};
use crate::diag::Diagnostic;
use crate::engine::{Clock, Limits, Profile, Reached};
use crate::model::{Constant, KindFact, LensId, ParameterId, QuestionId, RowId, Ruleset};
use crate::plan::below;
use crate::value::{Value, ValueKind};
use crate::verdict::{Evaluation, Extras, Holds, Scope, evaluate};
pub use newcomer::{NEWCOMER, Newcomers};
pub use plain::plainer;
pub use settling::MOST_TOGETHER;
use telling::SoFar;
pub use unknown::MOST_DOUBTS;
pub use verify::{Count, Replayed, verify};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The question.
    pub question: QuestionId,
    /// Of whom, in slot order.
    pub subject: Vec<Constant>,
    /// Which lenses are explained, in order.
    pub lenses: Vec<LensId>,
    /// How many steps a search may take before it says that it stopped; those for changes go round all lenses.
    pub budget: u64,
    /// The largest sets of changes that are looked for; none are with 0.
    pub size: usize,
    /// Two lenses of which is asked where they part.
    pub parting: Option<(LensId, LensId)>,
    /// What ends all searches before they are done: the time, and who asks for the end.
    pub limits: Limits,
}

/// Why the lenses say what they say of one subject.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The question.
    pub question: QuestionId,
    /// The subject, in slot order.
    pub subject: Vec<Constant>,
    /// Whether the subject is in the population.
    pub standing: Standing,
    /// What each lens says, in order.
    pub lenses: Vec<LensStory>,
    /// Where two lenses part, where that is asked.
    pub parting: Option<Parting>,
    /// The values parameters had.
    pub parameters: IndexVec<ParameterId, Option<Value>>,
    /// How those are called whom changes bring in.
    pub newcomers: Newcomers,
}

/// Where two lenses part on a subject.
#[derive(Clone, Debug)]
pub struct Parting {
    /// One lens.
    pub left: LensId,
    /// The other.
    pub right: LensId,
    /// Whether they say the same.
    pub agree: bool,
    /// The facts that the proofs of both rest on.
    pub shared: Vec<Fact>,
    /// What the second lacks to say what the first says, least first.
    pub right_lacks: Vec<WhyNot>,
    /// What the first lacks to say what the second says.
    pub left_lacks: Vec<WhyNot>,
    /// The smallest sets of changes after which they say the same.
    pub agreeing: Flips,
    /// How many other subjects they part on by the same rows.
    pub others: u64,
}

/// Whether a subject is in the population.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Certainly.
    Inside,
    /// Only possibly.
    Perhaps,
    /// Not.
    Outside,
}

/// Why one lens says what it says.
#[derive(Clone, Debug)]
pub struct LensStory {
    /// The lens.
    pub lens: LensId,
    /// What it says; nothing of somebody outside the population.
    pub says: Says,
    /// The rows behind that, each with its proof.
    pub rows: Vec<Derivation>,
    /// Whether what holds where no row decides is behind it too.
    pub default: bool,
    /// Where that is what another lens says: how that comes.
    pub other: Option<Through>,
    /// Rows that match too, and which row rules each out.
    pub overruled: Vec<(RowId, RowId, Derivation)>,
    /// Rows that would match but for their `unless`: what they ask, and what bars them.
    pub barred: Vec<(RowId, Derivation, Derivation)>,
    /// What rows that do not match lack, the least first.
    pub why_not: Vec<WhyNot>,
    /// Whether all rows were looked at as far as they go.
    pub why_not_complete: bool,
    /// The smallest sets of changes after which it says something else.
    pub flips: Option<Flips>,
    /// Of an answer that is open: what it hangs on.
    pub open: Option<Open>,
}

impl LensStory {
    /// All proofs in it.
    pub fn proofs(&self) -> impl Iterator<Item = &Derivation> {
        let overruled = self.overruled.iter().map(|(_, _, proof)| proof);
        let barred = self.barred.iter().flat_map(|(_, asks, bars)| [asks, bars]);
        let other = self.other.iter().flat_map(|through| &through.rows);
        self.rows.iter().chain(overruled).chain(barred).chain(other)
    }
}

/// A set of changes, and what follows.
#[derive(Clone, Debug)]
pub struct Flip {
    /// The changes.
    pub changes: Vec<FactChange>,
    /// What each lens asked about says then; nothing where the subject is no longer asked about.
    pub says: Vec<Says>,
    /// How far the same holds beyond the value in it.
    pub reach: Reach,
    /// Whether facts with some of these values are stated already: to state them changes nothing.
    pub stated: bool,
    /// By change, what is stated now of what it is about.
    pub now: Vec<Now>,
}

/// What is stated now of what a change states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Now {
    /// Nothing, or it only takes away.
    Nothing,
    /// Another value, in whose place it comes.
    Value(Value),
    /// Other values of the same things, or of all names but the last another last one, beside which it comes.
    Others,
}

/// How far beyond a value the same holds, by the values tried: those at which rules may change their mind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// There is no such value, or only it.
    Only,
    /// From it up.
    Up,
    /// From it down.
    Down,
    /// Whatever the value.
    Any,
    /// Whatever the value but this one, at which the sides of a comparison are equal.
    But(Value),
}

/// The smallest sets of changes that do something.
#[derive(Clone, Debug)]
pub struct Flips {
    /// The sets, those last after which nobody asks about the subject.
    pub found: Vec<Flip>,
    /// The largest size that was looked at.
    pub size: usize,
    /// How many of the sets up to that size were looked at.
    pub coverage: Coverage,
    /// How many more sets of that size were found than are named here.
    pub unnamed: usize,
    /// Kinds of values of which one that was not tried may do it all the same, for what the rules ask of them.
    pub rough: Vec<ValueKind>,
}

/// How much a search looked at of what may matter, the most first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Coverage {
    /// All of it.
    Whole,
    /// All, but of kinds with very many names only those that were met, some of those that other sentences name, and a
    /// new one.
    SomeNames,
    /// Not all of it.
    Part,
    /// What the steps were enough for.
    Spent,
}

impl Coverage {
    /// Of a search that looked at everything, or left something out.
    pub(crate) fn of(whole: bool) -> Self {
        if whole { Self::Whole } else { Self::Part }
    }
}

/// Why nothing can be explained.
#[derive(Clone, PartialEq, Debug)]
pub enum Trouble {
    /// The evaluation did not keep what was stated.
    NotKept,
    /// The search took more steps than allowed.
    Spent,
    /// What the evaluation left out is too much to work out: it takes a whole evaluation.
    LeftOut,
    /// Everything had to be evaluated after all, and cannot be.
    World(Box<Diagnostic>),
    /// A limit of the request was reached.
    Stopped(Reached),
    /// What was found again is not what was evaluated: a bug of ours.
    Bug(String),
}

impl From<lookup::Stop> for Trouble {
    fn from(stop: lookup::Stop) -> Self {
        match stop {
            lookup::Stop::Lost => Self::Bug("a proof was lost".to_owned()),
            lookup::Stop::Enough | lookup::Stop::Spent => Self::Spent,
        }
    }
}

/// Explains what the lenses say of one subject. `kinds` are the kinds stated outright in this world.
pub fn explain(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    kinds: &[KindFact],
    request: &Request,
) -> Result<Explanation, Trouble> {
    explain_further(ruleset, evaluation, kinds, request, &mut SoFar::default())
}

/// The same, where some of it is told already.
fn explain_further(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    kinds: &[KindFact],
    request: &Request,
    so_far: &mut SoFar,
) -> Result<Explanation, Trouble> {
    let mut world = world::World::new(ruleset, evaluation, kinds).ok_or(Trouble::NotKept)?;
    let is_whole = evaluation.left_out.is_nothing();
    let is_left_out = |lens: LensId| evaluation.left_out.lenses.contains(&lens);
    if request.parting.is_some_and(|(left, right)| is_left_out(left) || is_left_out(right)) {
        return Err(Trouble::LeftOut);
    }
    let clock = Clock::start(&request.limits);
    world.clock = Some(&clock);
    let explanation = so_far.go_on(&world, request);
    // INVARIANT: what a search that was stopped seems to have found is never handed on.
    match world.over() {
        Some(reached) => Err(Trouble::Stopped(reached)),
        None if world.short.get() && !is_whole => Err(Trouble::LeftOut),
        // What lies too deep to be found for one subject stands in an evaluation of everything.
        None if !is_whole && matches!(explanation, Err(Trouble::Spent)) => Err(Trouble::LeftOut),
        None => explanation,
    }
}

/// The same over an evaluation that may have left something out: where that is too much to work out for one
/// subject, the relations that the lenses rest on are evaluated, and where that does not do, everything; that
/// evaluation takes the place of the one given. What is said is the same either way.
pub fn explain_anyway(
    ruleset: &Ruleset,
    evaluation: &mut Evaluation,
    kinds: &[KindFact],
    request: &Request,
    profile: &Profile,
) -> Result<Explanation, Trouble> {
    let mut so_far = SoFar::default();
    let mut explained = explain_further(ruleset, evaluation, kinds, request, &mut so_far);
    for scope in [Scope::Below(&request.lenses), Scope::All] {
        if !matches!(explained, Err(Trouble::LeftOut)) {
            break;
        }
        if let Scope::Below(lenses) = scope
            && (request.parting.is_some() || !evaluation.left_out.is_missing(&below(ruleset, lenses)))
        {
            continue;
        }
        *evaluation = complete(ruleset, evaluation, scope, &request.limits, profile)?;
        explained = explain_further(ruleset, evaluation, kinds, request, &mut so_far);
    }
    explained
}

/// Evaluates so much over the facts of an evaluation, which is used up.
fn complete(
    ruleset: &Ruleset,
    evaluation: &mut Evaluation,
    scope: Scope<'_>,
    limits: &Limits,
    profile: &Profile,
) -> Result<Evaluation, Trouble> {
    let parameters = evaluation.parameters.clone();
    let facts = evaluation.take_facts().ok_or(Trouble::NotKept)?;
    let extras = Extras { holds: Holds::Stated, scope, ..Extras::default() };
    evaluate(ruleset, facts, &parameters, limits, profile, extras).map_err(Trouble::World)
}
