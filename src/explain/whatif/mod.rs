//! Who moves when facts change: from what to what, by which lens, and why. Takes an evaluation that kept
//! what was stated, and sentences; hands on `WhatIf`. Only whom the change reaches is looked at again;
//! where that cannot be told cheaply, everything is evaluated anew and compared.

mod changes;
mod full;
mod nevers;
mod verify;

use std::collections::BTreeMap;

use self::nevers::Broken;
pub use self::nevers::{NeverMoves, NeverWay};
pub use self::verify::verify;
use super::cone::{Cone, Found, Wide};
use super::run::Run;
use super::story::ruled_out;
use super::world::{Change, World};
use super::{Fact, LensStory, Standing, Trouble};
use crate::base::{Idx, InOrder};
use crate::checker::Says;
use crate::diag::{Code, Diagnostic};
use crate::engine::{Clock, Limits, Profile};
use crate::model::{Constant, DomainId, KindFact, LensId, QuestionId, RowId, Ruleset, Statements};
use crate::verdict::{Answer, Evaluation, limit_reached};

/// The most keys without a value that new names may bring.
const MOST_KEYS: usize = 100_000;

/// What is wanted otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Facts stated then.
    pub add: &'a Statements,
    /// Facts stated no longer.
    pub remove: &'a Statements,
    /// Kinds stated outright in the world as it is.
    pub kinds: &'a [KindFact],
}

/// How it is looked for.
#[derive(Clone, Debug)]
pub struct WhatIfOptions {
    /// Of which lenses it is told who moves, in order.
    pub lenses: Vec<LensId>,
    /// How many steps may be taken before everything is evaluated anew; with 0 it is at once.
    pub budget: u64,
    /// Of how many subjects that move the same way, per lens, the proofs are found.
    pub proofs: usize,
    /// Limits of an evaluation; those of time and from outside end the search too.
    pub limits: Limits,
}

/// Who moves.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// Facts stated then, as far as they were not before.
    pub added: Vec<Fact>,
    /// Facts stated no longer, with where they are stated.
    pub removed: Vec<Fact>,
    /// Kinds stated outright then, as far as they were not known before.
    pub added_kinds: Vec<KindFact>,
    /// Kinds stated outright no longer.
    pub removed_kinds: Vec<KindFact>,
    /// Names that no fact had before.
    pub new_names: Vec<Constant>,
    /// Per question with lenses asked about: what happens.
    pub questions: Vec<QuestionMoves>,
    /// The constraints that are broken otherwise.
    pub nevers: Vec<NeverMoves>,
    /// Whether everything was evaluated anew.
    pub anew: bool,
}

/// What happens to the subjects of one question.
#[derive(Clone, Debug)]
pub struct QuestionMoves {
    /// The question.
    pub question: QuestionId,
    /// The subjects before, those only perhaps asked about among them.
    pub before: usize,
    /// The subjects after.
    pub after: usize,
    /// Subjects that are asked about then, or no longer, or only perhaps.
    pub standings: Vec<(Vec<Constant>, Standing, Standing)>,
    /// Who moves, by lens.
    pub lenses: Vec<LensMoves>,
}

/// Who moves under one lens.
#[derive(Clone, Debug)]
pub struct LensMoves {
    /// The lens.
    pub lens: LensId,
    /// Subjects of which it says something else, in order of their names.
    pub moved: Vec<Moved>,
}

/// A subject of which a lens says something else.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The subject.
    pub subject: Vec<Constant>,
    /// As it is.
    pub before: Side,
    /// As it would be.
    pub after: Side,
}

/// What a lens says of a subject in one of the two worlds.
#[derive(Clone, Debug)]
pub struct Side {
    /// Whether it is asked about.
    pub standing: Standing,
    /// What is said; nothing outside.
    pub says: Says,
    /// The rows behind that, and whether each matches for certain.
    pub rows: Vec<(RowId, bool)>,
    /// Whether what holds where no row decides is behind it.
    pub default: bool,
    /// The rows with their proofs, where those were asked for and found.
    pub story: Option<LensStory>,
}

/// Why it cannot be told who moves.
#[derive(Clone, Debug)]
pub enum Hindrance {
    /// The evaluation did not keep what was stated.
    NotKept,
    /// The sentences cannot be meant so.
    Sentences(Vec<Diagnostic>),
    /// The changed world cannot be evaluated.
    World(Box<Diagnostic>),
    /// A limit of time or memory was reached, or the end was asked for.
    Stopped(Box<Diagnostic>),
    /// A bug of ours.
    Bug(String),
}

/// Tells who moves; hands back warnings about the sentences too. Names that are new become known to the
/// evaluation's dictionaries, which changes nothing else about it.
pub fn whatif(
    ruleset: &Ruleset,
    evaluation: &mut Evaluation,
    wanted: &Wanted<'_>,
    options: &WhatIfOptions,
) -> Result<(WhatIf, Vec<Diagnostic>), Hindrance> {
    let new_names = make_known(ruleset, evaluation, wanted);
    let evaluation = &*evaluation;
    let kinds = kinds_after(wanted);
    let mut world = World::new(ruleset, evaluation, &kinds).ok_or(Hindrance::NotKept)?;
    world.most_keys = MOST_KEYS;
    let clock = Clock::start(&options.limits);
    world.clock = Some(&clock);
    let changed = changes::change(&world, wanted.add, wanted.remove);
    // INVARIANT: what a search that was stopped seems to have found is never handed on.
    go_on(&world, &options.limits)?;
    let (change, warnings) = changed.map_err(Hindrance::Sentences)?;
    let mut whatif = WhatIf {
        added: told(&world, wanted.add, &change, true),
        removed: told(&world, wanted.remove, &change, false),
        added_kinds: wanted.add.kinds.iter().filter(|kind| !is_of(&world, kind)).cloned().collect(),
        removed_kinds: wanted.remove.kinds.clone(),
        new_names,
        questions: Vec::new(),
        nevers: Vec::new(),
        anew: false,
    };
    let old = Run::new(&world, Change::default(), options.budget);
    let new = Run::new(&world, change.clone(), options.budget);
    let found = if options.budget == 0 { Err(Wide::Steps) } else { reached(&old, &new) };
    match found {
        Ok((found, broken)) => {
            // Rows and proofs are looked for with steps of their own.
            old.refill(options.budget);
            new.refill(options.budget);
            whatif.questions = moves(ruleset, &found, (&old, &new), options)?;
            whatif.nevers = nevers::moves(evaluation, broken);
        }
        Err(Wide::Lost) => return Err(Hindrance::Bug("a proof was lost".to_owned())),
        Err(Wide::Steps | Wide::Loop | Wide::Failed) => {
            go_on(&world, &options.limits)?;
            let then = full::evaluate_changed(&world, &change, &clock.rest(), &Profile::default())
                .map_err(not_evaluated)?;
            let found = full::compare(ruleset, evaluation, &then);
            let mut then_world = World::new(ruleset, &then, &kinds).ok_or(Hindrance::NotKept)?;
            then_world.clock = Some(&clock);
            let before = Run::new(&world, Change::default(), u64::MAX);
            let after = Run::new(&then_world, Change::default(), u64::MAX);
            whatif.questions = moves(ruleset, &found, (&before, &after), options)?;
            whatif.nevers = nevers::moves(evaluation, nevers::compare(ruleset, evaluation, &then));
            whatif.anew = true;
            go_on(&then_world, &options.limits)?;
        }
    }
    go_on(&world, &options.limits)?;
    Ok((whatif, warnings))
}

/// Whom the change reaches, and which constraints are broken otherwise.
fn reached(old: &Run<'_>, new: &Run<'_>) -> Result<(Found, Broken), Wide> {
    let mut cone = Cone::new(old, new);
    cone.spread(&old.world.plan.steps)?;
    let (found, broken) = (cone.found()?, cone.nevers()?);
    if new.failed.get() { Err(Wide::Failed) } else { Ok((found, broken)) }
}

/// Whether the work goes on, or some limit was reached.
fn go_on(world: &World<'_>, limits: &Limits) -> Result<(), Hindrance> {
    match world.over() {
        None => Ok(()),
        Some(reached) => Err(Hindrance::Stopped(Box::new(limit_reached(reached, limits)))),
    }
}

fn not_evaluated(problem: Box<Diagnostic>) -> Hindrance {
    match problem.code {
        Code::TimeLimit | Code::MemoryLimit | Code::Interrupted => Hindrance::Stopped(problem),
        _ => Hindrance::World(problem),
    }
}

/// Gives new names and values ids; hands back the names that are new.
fn make_known(ruleset: &Ruleset, evaluation: &mut Evaluation, wanted: &Wanted<'_>) -> Vec<Constant> {
    let domain_of = |constant: &Constant| -> DomainId {
        match constant {
            Constant::Thing(domain, _) => *domain,
            Constant::Value(value) => ruleset.domain_of(crate::model::Ty::Value(value.kind())),
        }
    };
    let mut new = Vec::new();
    let kinds = wanted.add.kinds.iter().chain(&wanted.remove.kinds);
    let named = kinds.map(|kind| Constant::Thing(ruleset.kinds[kind.kind].domain, kind.name.clone()));
    let facts =
        wanted.add.facts.iter().chain(&wanted.remove.facts).flat_map(|fact| fact.args.iter().cloned());
    for constant in facts.chain(named) {
        let dictionary = &mut evaluation.dictionaries[domain_of(&constant)];
        let count = dictionary.len();
        dictionary.intern(&constant);
        if dictionary.len() > count && matches!(constant, Constant::Thing(..)) {
            new.push(constant);
        }
    }
    new
}

fn kinds_after(wanted: &Wanted<'_>) -> Vec<KindFact> {
    let gone = |kind: &KindFact| {
        wanted.remove.kinds.iter().any(|other| (other.kind, &other.name) == (kind.kind, &kind.name))
    };
    wanted.kinds.iter().filter(|kind| !gone(kind)).chain(&wanted.add.kinds).cloned().collect()
}

/// Whether a thing is known to be of the kind in the world as it is.
fn is_of(world: &World<'_>, kind: &KindFact) -> bool {
    let name = Constant::Thing(world.ruleset.kinds[kind.kind].domain, kind.name.clone());
    world.stated.members[kind.kind].contains(world.id(&name) as usize)
}

/// The facts that do change, in the order they were named.
fn told(world: &World<'_>, statements: &Statements, change: &Change, add: bool) -> Vec<Fact> {
    let mut out = Vec::new();
    for fact in &statements.facts {
        let tuple: Vec<u32> = fact.args.iter().map(|arg| world.id(arg)).collect();
        let Some(delta) = change.relations.get(&fact.relation) else { continue };
        let sets = if add { &delta.added } else { &delta.removed };
        if let Some(maybe) =
            [false, true].into_iter().find(|maybe| sets[usize::from(*maybe)].contains(&tuple))
        {
            let origin = if add {
                change.origins.get(&(fact.relation, tuple.clone())).copied()
            } else {
                world.origin(fact.relation, &tuple).map(|(origin, _)| origin)
            };
            let fact =
                Fact { relation: fact.relation, args: world.constants(fact.relation, &tuple), origin, maybe };
            out.push(fact);
        }
    }
    out
}

type Runs<'r, 'w, 'v> = (&'r Run<'w>, &'r Run<'v>);

fn moves(
    ruleset: &Ruleset,
    found: &Found,
    runs: Runs<'_, '_, '_>,
    options: &WhatIfOptions,
) -> Result<Vec<QuestionMoves>, Hindrance> {
    let mut out = Vec::new();
    for question in ruleset.questions.ids() {
        let asked: Vec<LensId> = options
            .lenses
            .iter()
            .copied()
            .filter(|lens| ruleset.lenses[*lens].question == question)
            .collect();
        if asked.is_empty() {
            continue;
        }
        let constants = |subject: &[u32]| names(runs.0.world, question, subject);
        let mut standings = BTreeMap::new();
        for (subject, (before, after)) in
            ruleset.lenses_of(question).filter_map(|lens| found.get(&lens)).flatten()
        {
            let of = |answer: &Answer| standing(answer.map(|(certain, _)| certain));
            if of(before) != of(after) {
                standings.insert(constants(subject), (of(before), of(after)));
            }
        }
        let count = runs.0.world.evaluation.tables[question].len();
        let left = standings.values().filter(|(_, after)| *after == Standing::Outside).count();
        let came = standings.values().filter(|(before, _)| *before == Standing::Outside).count();
        let mut lenses = Vec::new();
        for lens in asked {
            lenses.push(LensMoves { lens, moved: moved(ruleset, found, runs, lens, options)? });
        }
        let standings =
            standings.into_iter().map(|(subject, (before, after))| (subject, before, after)).collect();
        out.push(QuestionMoves { question, before: count, after: count + came - left, standings, lenses });
    }
    Ok(out)
}

fn standing(certain: Option<bool>) -> Standing {
    match certain {
        None => Standing::Outside,
        Some(false) => Standing::Perhaps,
        Some(true) => Standing::Inside,
    }
}

fn names(world: &World<'_>, question: QuestionId, subject: &[u32]) -> Vec<Constant> {
    let slots = world.ruleset.questions[question].slots.iter().zip(subject);
    slots.filter_map(|(slot, id)| world.constant(world.ruleset.domain_of(slot.ty), *id)).collect()
}

fn moved(
    ruleset: &Ruleset,
    found: &Found,
    (old, new): Runs<'_, '_, '_>,
    lens: LensId,
    options: &WhatIfOptions,
) -> Result<Vec<Moved>, Hindrance> {
    let question = ruleset.lenses[lens].question;
    let mut movers = Vec::new();
    for (subject, (before, after)) in found.get(&lens).into_iter().flatten() {
        if before.map(|(_, says)| says) != after.map(|(_, says)| says) {
            movers.push((names(old.world, question, subject), subject, before, after));
        }
    }
    movers.order();
    let mut told: BTreeMap<_, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for (subject, ids, before, after) in movers {
        let same = told.entry((before.map(|(_, says)| says), after.map(|(_, says)| says))).or_default();
        *same += 1;
        let proof = *same <= options.proofs;
        out.push(Moved {
            subject,
            before: side(old, lens, ids, before, proof)?,
            after: side(new, lens, ids, after, proof)?,
        });
    }
    Ok(out)
}

fn side(
    run: &Run<'_>,
    lens: LensId,
    subject: &[u32],
    answer: &Answer,
    proof: bool,
) -> Result<Side, Hindrance> {
    let standing = standing(answer.map(|(certain, _)| certain));
    let Some((_, says)) = answer else {
        return Ok(Side { standing, says: Says::default(), rows: Vec::new(), default: false, story: None });
    };
    let bug = |what: &str| Hindrance::Bug(what.to_owned());
    // Finding rows again takes steps of its own; where a mover needs very many, it stays without.
    let matched = match run.matched(lens, subject) {
        Ok(matched) => Some(matched),
        Err(super::lookup::Stop::Lost) => return Err(bug("a row was lost")),
        Err(_) => None,
    };
    let policy = &run.world.ruleset.lenses[lens].policy;
    let rows = matched.iter().flat_map(|matched| {
        let deciding = matched.possible.iter().filter(|row| ruled_out(policy, matched, **row).is_none());
        deciding.map(|row| (RowId::from_usize(*row), matched.certain.contains(row)))
    });
    let story = match proof.then(|| run.brief(lens, subject, standing)) {
        None | Some(Err(Trouble::Spent | Trouble::Stopped(_) | Trouble::LeftOut)) => None,
        Some(Ok(story)) => Some(story),
        Some(Err(Trouble::Bug(what))) => return Err(bug(&what)),
        Some(Err(Trouble::NotKept)) => return Err(Hindrance::NotKept),
        Some(Err(Trouble::World(problem))) => return Err(Hindrance::World(problem)),
    };
    Ok(Side {
        standing,
        says: super::story::says(*says),
        rows: rows.collect(),
        default: matched.as_ref().is_some_and(|matched| matched.default),
        story,
    })
}
