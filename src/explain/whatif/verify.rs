//! Has the checker replay what is said of both worlds: what lenses say of whoever moves, the proofs, and
//! the constraints broken otherwise. That nobody else moves is seen in the changed world evaluated as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Hindrance, LensMoves, Side, Wanted, WhatIf, changes, full, go_on, kinds_after, nevers, not_evaluated,
    standing,
};
use crate::checker::{Facts, Replay, Says};
use crate::engine::{Clock, Limits, Profile};
use crate::explain::world::World;
use crate::explain::{Fact, Replayed, Standing, Trouble};
use crate::facts::{MISSING, Stated};
use crate::model::{Constant, LensId, RelationId, Ruleset, Ty};
use crate::verdict::{Answer, Bound, Evaluation, OutcomeSet};

/// Replays all claims over the facts of the two worlds, and evaluates the changed one to see that nobody is left
/// out; the first claim that is false is an error.
pub fn verify(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    wanted: &Wanted<'_>,
    found: &WhatIf,
    limits: &Limits,
) -> Result<Replayed, Hindrance> {
    let kinds = kinds_after(wanted);
    let mut world = World::new(ruleset, evaluation, &kinds).ok_or(Hindrance::NotKept)?;
    world.most_keys = super::MOST_KEYS;
    let clock = Clock::start(limits);
    world.clock = Some(&clock);
    let changed = changes::change(&world, wanted.add, wanted.remove);
    go_on(&world, limits)?;
    let (change, _) = changed.map_err(Hindrance::Sentences)?;
    let whole = full::evaluate_changed(&world, &change, &clock.rest(), &Profile::default());
    let whole = whole.map_err(not_evaluated)?;
    let then = World::new(ruleset, &whole, &kinds).ok_or(Hindrance::NotKept)?.stated;
    listed(&world, then, found)?;
    let facts = Facts {
        ruleset,
        stated: world.stated,
        dictionaries: &evaluation.dictionaries,
        parameters: &evaluation.parameters,
        kinds: wanted.kinds,
    };
    let (before, after) = (Replay::new(facts), Replay::new(Facts { stated: then, kinds: &kinds, ..facts }));
    let mut replayed = Replayed::default();
    memberships(ruleset, &after, found)?;
    for lens in found.questions.iter().flat_map(|question| &question.lenses) {
        for moved in &lens.moved {
            for (replay, side) in [(&before, &moved.before), (&after, &moved.after)] {
                replay_side(replay, lens.lens, &moved.subject, side, &mut replayed)?;
            }
        }
    }
    for moves in &found.nevers {
        for way in &moves.ways {
            for (replay, bound) in [(&before, way.before), (&after, way.after)] {
                let certain = (bound != Bound::Impossible).then_some(bound == Bound::Certain);
                replayed.nevers.note(replay.never(moves.never, &way.bindings, certain))?;
            }
        }
    }
    nobody_else(&world, &whole, found)?;
    Ok(replayed)
}

impl From<Trouble> for Hindrance {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NotKept => Self::NotKept,
            Trouble::World(problem) => Self::World(problem),
            Trouble::Spent | Trouble::LeftOut | Trouble::Stopped(_) => {
                Self::Bug("a search without bounds was stopped".to_owned())
            }
            Trouble::Bug(what) => Self::Bug(what),
        }
    }
}

fn replay_side(
    replay: &Replay<'_>,
    lens: LensId,
    subject: &[Constant],
    side: &Side,
    replayed: &mut Replayed,
) -> Result<(), Hindrance> {
    replayed.outcomes.note(replay.says(lens, subject, &side.says))?;
    for proof in side.story.iter().flat_map(super::LensStory::proofs) {
        replayed.proofs.note(replay.proof(proof))?;
    }
    Ok(())
}

/// Who moves, and the constraints broken otherwise, must be just those of the changed world evaluated as a whole.
fn nobody_else(world: &World<'_>, whole: &Evaluation, found: &WhatIf) -> Result<(), Hindrance> {
    let bug = |what: String| Err(Hindrance::Bug(what));
    let all = full::compare(world.ruleset, world.evaluation, whole);
    for entry in &found.questions {
        for LensMoves { lens, moved } in &entry.lenses {
            let differing = all.get(lens).into_iter().flatten();
            let moves = differing.filter(|(_, (before, after))| said(before) != said(after));
            let known: BTreeMap<Vec<Constant>, (Told, Told)> = moves
                .map(|(subject, (before, after))| {
                    (super::names(world, entry.question, subject), (told(before), told(after)))
                })
                .collect();
            let claimed: BTreeMap<Vec<Constant>, (Told, Told)> = moved
                .iter()
                .map(|moved| {
                    let told = |side: &Side| (side.standing, side.says.clone());
                    (moved.subject.clone(), (told(&moved.before), told(&moved.after)))
                })
                .collect();
            if known != claimed {
                let subjects = known.keys().chain(claimed.keys());
                let other = subjects.into_iter().find(|subject| known.get(*subject) != claimed.get(*subject));
                let name = &world.ruleset.lenses[*lens].name;
                return bug(format!("{name} moves {other:?} otherwise where all is evaluated"));
            }
        }
    }
    let broken = nevers::compare(world.ruleset, world.evaluation, whole);
    if nevers::moves(world.evaluation, broken) == found.nevers {
        Ok(())
    } else {
        bug("other constraints are broken where all is evaluated".to_owned())
    }
}

/// Whether a subject is asked about, and what is said of it.
type Told = (Standing, Says);

fn said(answer: &Answer) -> Option<OutcomeSet> {
    answer.map(|(_, says)| says)
}

fn told(answer: &Answer) -> Told {
    let says = said(answer).map(crate::explain::story::says);
    (standing(answer.map(|(certain, _)| certain)), says.unwrap_or_default())
}

/// A fact by what it says, and whether only perhaps.
type Said = (RelationId, Vec<Option<Constant>>, bool);

/// What is stated otherwise must be just what is listed, but for values nobody states.
fn listed(world: &World<'_>, then: &Stated, found: &WhatIf) -> Result<(), Hindrance> {
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    for (relation, entry) in world.ruleset.relations.iter_enumerated() {
        for maybe in [false, true] {
            let rows = |stated: &Stated| -> BTreeSet<Vec<u32>> {
                let facts = &stated.relations[relation];
                let rows = (0..facts.len(maybe)).map(|row| facts.row(maybe, row));
                rows.filter(|row| entry.open.is_none_or(|slot| row[slot] != MISSING)).collect()
            };
            let (old, new) = (rows(world.stated), rows(then));
            let said = |row: &Vec<u32>| -> Said { (relation, world.constants(relation, row), maybe) };
            added.extend(new.difference(&old).map(said));
            removed.extend(old.difference(&new).map(said));
        }
    }
    let told = |facts: &[Fact]| -> BTreeSet<Said> {
        facts.iter().map(|fact| (fact.relation, fact.args.clone(), fact.maybe)).collect()
    };
    let (new, old) = (told(&found.added), told(&found.removed));
    // A doubtful fact that is stated for certain is doubtful no longer, which goes without saying.
    removed.retain(|one: &Said| {
        let settled = (one.0, one.1.clone(), false);
        !one.2 || !new.contains(&settled) || old.contains(one)
    });
    if new == added && old == removed {
        Ok(())
    } else {
        Err(Hindrance::Bug(format!("the facts differ by {added:?} and {removed:?}")))
    }
}

/// Whatever a change names must be of the kinds that statements put it in.
fn memberships(ruleset: &Ruleset, after: &Replay<'_>, found: &WhatIf) -> Result<(), Hindrance> {
    let facts = found.added.iter().chain(&found.removed);
    let slots = facts.flat_map(|fact| ruleset.relations[fact.relation].slots.iter().zip(&fact.args));
    let named = slots.filter_map(|(slot, arg)| match (slot.ty, arg) {
        (Ty::Thing(kind), Some(Constant::Thing(_, name))) => Some((kind, name.as_str())),
        _ => None,
    });
    let kinds = found.added_kinds.iter().chain(&found.removed_kinds);
    let all: BTreeSet<_> = named.chain(kinds.map(|kind| (kind.kind, kind.name.as_str()))).collect();
    for (kind, name) in all {
        let mut at = Some(kind);
        while let Some(kind) = at {
            after.member(kind, name).map_err(|crate::checker::FalseStep(what)| Hindrance::Bug(what))?;
            at = ruleset.kinds[kind].parent;
        }
    }
    Ok(())
}
