//! The parts of an explanation one after the other: first what all lenses say and why, then what would change it.

use std::collections::BTreeSet;

use super::change::{Answer, Search};
use super::lookup::Tuple;
use super::run::Run;
use super::world::World;
use super::{Coverage, Explanation, Flips, LensStory, Parting, Request, Standing, Trouble};
use crate::checker::{Facts, FalseStep, replay};

/// An answer that rests on very many facts is told all the same: for that alone so many times the steps may be taken.
const MORE_STEPS: [u64; 3] = [1, 8, 64];

/// The world as it is, asked one thing after another.
struct Asked<'w> {
    beyond: &'w Run<'w>,
    run: Run<'w>,
    /// Steps for one answer.
    budget: u64,
    /// Steps for all answers that take more.
    left: u64,
}

impl<'w> Asked<'w> {
    fn new(beyond: &'w Run<'w>, budget: u64) -> Self {
        let most = MORE_STEPS.into_iter().max().unwrap_or(1);
        Self { beyond, run: Run::beside(beyond, budget), budget, left: budget.saturating_mul(most) }
    }

    /// An answer, with more steps where it takes more. What rests on something that is too much to work out beside
    /// an evaluation that left it out is none.
    fn ask<T, E: Into<Trouble>>(&mut self, ask: impl Fn(&Run<'w>) -> Result<T, E>) -> Result<T, Trouble> {
        let is_whole = self.beyond.world.evaluation.left_out.is_nothing();
        let mut answer = Err(Trouble::Spent);
        for more in MORE_STEPS {
            let steps = self.budget.saturating_mul(more).min(self.left);
            if more > 1 {
                // What a search that ran short left behind is not built on.
                self.run = Run::beside(self.beyond, steps);
            }
            self.run.refill(steps);
            answer = ask(&self.run).map_err(Into::into);
            if more > 1 {
                self.left -= steps - self.run.left();
            }
            if !matches!(answer, Err(Trouble::Spent)) || !is_whole {
                break;
            }
        }
        if is_short(self.beyond.world) { Err(Trouble::LeftOut) } else { answer }
    }
}

/// What is told already: where an evaluation has to be gone on with, this is not told anew.
#[derive(Default)]
pub(super) struct SoFar {
    standing: Option<Standing>,
    lenses: Vec<LensStory>,
    parting: Option<Parting>,
    /// Of how many lenses what would change it is told, and the steps left for that.
    changed: usize,
    left: Option<u64>,
    /// By lens the steps that the search for its changes was given.
    shares: Vec<u64>,
    /// Of how many lenses was seen whether that search is worth going on with.
    again: usize,
}

impl SoFar {
    /// The rest of it.
    pub fn go_on(&mut self, world: &World<'_>, request: &Request) -> Result<Explanation, Trouble> {
        let beyond = Run::apart(world);
        let mut asked = Asked::new(&beyond, request.budget);
        let subject: Tuple = request.subject.iter().map(|constant| world.id(constant)).collect();
        let standing = match self.standing {
            Some(known) => known,
            None => match asked.ask(|run| run.standing(request.question, &subject))? {
                None => Standing::Outside,
                Some(false) => Standing::Perhaps,
                Some(true) => Standing::Inside,
            },
        };
        self.standing = Some(standing);
        for lens in request.lenses.iter().skip(self.lenses.len()) {
            let story = asked.ask(|run| run.story(*lens, &subject, standing))?;
            prove(world, &story)?;
            self.lenses.push(story);
        }
        if let Some((left, right)) = request.parting.filter(|_| standing != Standing::Outside)
            && self.parting.is_none()
        {
            let within = (request.size.max(1), request.budget);
            let own = self.lenses.iter().filter(|story| [left, right].contains(&story.lens));
            let near: BTreeSet<_> = own.flat_map(|story| asked.run.behind(story)).collect();
            self.parting = Some(asked.ask(|run| run.parting([left, right], &subject, within, near.clone()))?);
        }
        asked.run.refill(request.budget);
        for at in self.changed..self.lenses.len() {
            self.changes(&asked, request, (at, standing), &subject)?;
            if is_short(world) {
                return Err(Trouble::LeftOut);
            }
            self.changed = at + 1;
        }
        for at in self.again..self.lenses.len() {
            self.changes_again(&asked, request, at, &subject)?;
            if is_short(world) {
                return Err(Trouble::LeftOut);
            }
            self.again = at + 1;
        }
        let Self { lenses, parting, .. } = std::mem::take(self);
        let (question, subject) = (request.question, request.subject.clone());
        let parameters = world.evaluation.parameters.clone();
        let newcomers = world.newcomers.clone();
        Ok(Explanation { question, subject, standing, lenses, parting, parameters, newcomers })
    }

    /// What would change what a lens says, and what it hangs on.
    fn changes(
        &mut self,
        asked: &Asked<'_>,
        request: &Request,
        (at, standing): (usize, Standing),
        subject: &[u32],
    ) -> Result<(), Trouble> {
        // Steps for changes are shared out over the lenses; what one leaves goes to those after it.
        let left = self.left.unwrap_or(request.budget);
        let share = left / (self.lenses.len() - at) as u64;
        let story = &mut self.lenses[at];
        if request.size > 0 {
            let (flips, over) = flips(&asked.run, (share, request.size), story, subject)?;
            story.flips = Some(flips);
            self.left = Some(left - share + over);
            // Where everything had to be evaluated meanwhile, it is searched once more.
            self.shares.truncate(at);
            self.shares.push(share);
        }
        if story.says.len() > 1 {
            let world = asked.beyond.world;
            story.open = Some(world.open(asked.beyond, (story.lens, standing), subject, request.budget));
        }
        Ok(())
    }

    /// The same where that ended for want of steps and other lenses left many.
    fn changes_again(
        &mut self,
        asked: &Asked<'_>,
        request: &Request,
        at: usize,
        subject: &[u32],
    ) -> Result<(), Trouble> {
        let is_spent =
            |story: &LensStory| story.flips.as_ref().is_some_and(|flips| flips.coverage == Coverage::Spent);
        let several = self.lenses[at..].iter().filter(|story| is_spent(story)).count() as u64;
        let (Some(left), true) = (self.left, is_spent(&self.lenses[at])) else { return Ok(()) };
        let share = left / several.max(1);
        if share < WORTH * self.shares[at] {
            return Ok(());
        }
        let story = &mut self.lenses[at];
        let (flips, over) = flips(&asked.run, (share, request.size), story, subject)?;
        story.flips = Some(flips);
        self.left = Some(left - share + over);
        Ok(())
    }
}

/// A search that ran out of steps is begun anew where others leave so many times as many.
const WORTH: u64 = 2;

/// Whether an evaluation left out what is too much to work out beside it.
fn is_short(world: &World<'_>) -> bool {
    world.short.get() && !world.evaluation.left_out.is_nothing()
}

/// The smallest changes after which a lens says something else, and the steps that are left.
fn flips(
    run: &Run<'_>,
    (share, size): (u64, usize),
    story: &LensStory,
    subject: &[u32],
) -> Result<(Flips, u64), Trouble> {
    let mut search = Search::new(run.world, run, share, size);
    search.first = run.behind(story);
    let now = run.result(story.lens, subject)?;
    let flips = search.smallest(&[story.lens], subject, &|answers| {
        let outcome = |answer: &Answer| answer.map(|(set, _)| set);
        outcome(&answers[0]) != outcome(&now)
    });
    Ok((flips, search.left))
}

/// Has every proof replayed by the checker, which knows nothing of how it was found.
fn prove(world: &World<'_>, story: &LensStory) -> Result<(), Trouble> {
    let facts = Facts {
        ruleset: world.ruleset,
        stated: world.stated,
        dictionaries: &world.evaluation.dictionaries,
        parameters: &world.evaluation.parameters,
        kinds: world.kinds,
    };
    for proof in story.proofs() {
        replay(&facts, proof).map_err(|FalseStep(what)| Trouble::Bug(what))?;
    }
    Ok(())
}
