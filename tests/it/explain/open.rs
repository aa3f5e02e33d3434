//! What an open answer hangs on, against every completion of the doubtful facts, and of a missing value
//! those with many values.

use std::collections::BTreeSet;

use parallax::explain::{Answered, Open};
use parallax::model::{Constant, Fact, LensId, QuestionId, RelationId, Ruleset, Statements};
use parallax::value::{Decimal, Value};

use super::{explained, kept, subjects};
use crate::generator::case;
use crate::oracle::{Answers, Oracle, Out, completed, members, missing, worked};

/// The most doubtful facts whose completions are tried, and the most with a missing value beside them.
const DOUBTFUL: usize = 8;
const BESIDE_A_VALUE: usize = 4;
/// The most worlds with a missing value that are looked at.
const VALUED_WORLDS: usize = 25;

type Doubt = (RelationId, Vec<Constant>);

/// Values that a missing one is tried with: those that random rules compare with, and some about them.
const VALUES: [&str; 10] = ["-2", "-1", "0", "0.5", "1", "1.5", "2", "2.25", "2.5", "5"];

/// The doubtful facts, each once, that are not certain too.
fn doubts(ruleset: &Ruleset) -> Vec<Doubt> {
    let of = |maybe: bool| -> BTreeSet<Doubt> {
        let facts = ruleset.facts.facts.iter().filter(|fact| fact.maybe == maybe);
        facts.map(|fact| (fact.relation, fact.args.clone())).collect()
    };
    let certain = of(false);
    of(true).into_iter().filter(|fact| !certain.contains(fact)).collect()
}

/// The keys without a value, as facts that lack it.
fn valueless(base: &Oracle<'_>) -> Vec<Doubt> {
    let open = base.ruleset.relations.iter_enumerated().filter(|(_, relation)| relation.open.is_some());
    let keys =
        open.flat_map(|(id, _)| base.answers.relations[&id].certain.iter().map(move |args| (id, args)));
    keys.filter(|(_, args)| args.contains(&missing())).map(|(id, args)| (id, args.clone())).collect()
}

/// A world with what is not known about it.
struct World<'r> {
    base: &'r Oracle<'r>,
    doubtful: Vec<Doubt>,
    /// A key without a value, where there is one.
    key: Option<Doubt>,
}

impl World<'_> {
    /// What holds where just these of the doubtful facts do, and the key has this value.
    fn completed(&self, choice: usize, value: Option<&Constant>) -> Answers {
        let ruleset = self.base.ruleset;
        let mut facts: Vec<Fact> = ruleset.facts.facts.iter().filter(|fact| !fact.maybe).cloned().collect();
        let span = ruleset.questions[QuestionId(0)].span;
        let mut state = |relation: RelationId, args: Vec<Constant>| {
            facts.push(Fact { relation, args, maybe: false, span });
        };
        for (at, (relation, args)) in self.doubtful.iter().enumerate() {
            if choice >> at & 1 == 1 {
                state(*relation, args.clone());
            }
        }
        if let (Some((relation, args)), Some(value)) = (&self.key, value) {
            let given = |arg: &Constant| if *arg == missing() { value.clone() } else { arg.clone() };
            state(*relation, args.iter().map(given).collect());
        }
        completed(self.base, &Statements { facts, kinds: ruleset.facts.kinds.clone() })
    }

    /// All completions: per value of the key, every choice of the doubtful facts.
    fn all(&self) -> Vec<Vec<Answers>> {
        let values = self.key.iter().flat_map(|_| VALUES);
        let number = |text| Constant::Value(Value::Number(Decimal::parse(text).expect("a number")));
        let values: Vec<Option<Constant>> = match self.key {
            Some(_) => values.map(|text| Some(number(text))).collect(),
            None => vec![None],
        };
        let of = |value: &Option<Constant>| {
            (0..1_usize << self.doubtful.len()).map(|choice| self.completed(choice, value.as_ref())).collect()
        };
        values.iter().map(of).collect()
    }
}

type Outs = BTreeSet<Out>;

/// What an explanation says of one subject and lens, held against all completions.
fn check(
    world: &World<'_>,
    all: &[Vec<Answers>],
    (lens, subject): (LensId, &[Constant]),
    open: &Open,
) -> Result<bool, String> {
    let says = |answers: &Answers| answers.lenses[&lens].get(subject).cloned().unwrap_or_default();
    let outs: Vec<Vec<Outs>> = all.iter().map(|ways| ways.iter().map(says).collect()).collect();
    if outs.iter().flatten().any(BTreeSet::is_empty) {
        return Ok(false);
    }
    let same = outs.iter().flatten().all(|one| *one == outs[0][0] && one.len() == 1);
    if open.agreed.is_some() && !same || open.agreed.is_none() && same && world.key.is_none() {
        return Err(format!("agreed, but {outs:?}"));
    }
    if let Some(reached) = &open.reached {
        let all: Outs = outs.iter().flatten().flatten().copied().collect();
        let told = super::whatif::outs(reached);
        if !all.is_subset(&told) || world.key.is_none() && all != told {
            return Err(format!("{told:?} are reached, but {all:?}"));
        }
    }
    let named = |doubt: &Doubt| {
        open.pivotal.iter().any(|one| {
            let own: Vec<Constant> =
                one.fact.args.iter().map(|arg| arg.clone().unwrap_or_else(missing)).collect();
            (one.fact.relation, &own) == (doubt.0, &doubt.1)
        })
    };
    for (at, doubt) in world.doubtful.iter().enumerate() {
        let pivotal =
            outs.iter().any(|ways| (0..ways.len()).any(|choice| ways[choice] != ways[choice ^ (1 << at)]));
        if pivotal && !named(doubt) || named(doubt) && !pivotal && world.key.is_none() {
            return Err(format!("{doubt:?} is pivotal: {pivotal}"));
        }
    }
    if let Some(key) = &world.key
        && (0..outs[0].len()).any(|choice| outs.iter().any(|ways| ways[choice] != outs[0][choice]))
        && !named(key)
    {
        return Err(format!("{key:?} is pivotal"));
    }
    settled(world, &outs, (lens, subject), open)?;
    Ok(true)
}

/// What is said to settle an answer does, and nothing less.
fn settled(
    world: &World<'_>,
    outs: &[Vec<Outs>],
    (lens, subject): (LensId, &[Constant]),
    open: &Open,
) -> Result<(), String> {
    let mut by_value = 0;
    for (answers, then) in &open.settling {
        let wanted: Outs = super::whatif::outs(then);
        let (choices, value) = meant(world, answers)?;
        let fits = |choice: usize| choices.iter().all(|(at, holds)| (choice >> at & 1 == 1) == *holds);
        let own = (0..outs[0].len()).filter(|choice| fits(*choice));
        let found: BTreeSet<Outs> = match value {
            None => own.flat_map(|choice| outs.iter().map(move |ways| ways[choice].clone())).collect(),
            Some(_) if by_value == 3 => continue,
            Some(value) => {
                by_value += 1;
                own.map(|choice| world.completed(choice, Some(&value)))
                    .map(|answers| answers.lenses[&lens].get(subject).cloned().unwrap_or_default())
                    .collect()
            }
        };
        if found != BTreeSet::from([wanted]) {
            return Err(format!("{answers:?} comes to {found:?}"));
        }
    }
    let size = open.settling.first().map_or(0, |(answers, _)| answers.len());
    if size < 2 || world.key.is_some() {
        return Ok(());
    }
    for at in 0..world.doubtful.len() {
        for holds in [false, true] {
            let own = (0..outs[0].len()).filter(|choice| (choice >> at & 1 == 1) == holds);
            let found: BTreeSet<&Outs> = own.map(|choice| &outs[0][choice]).collect();
            if found.len() == 1 {
                return Err(format!("{:?} = {holds} settles it alone", world.doubtful[at]));
            }
        }
    }
    Ok(())
}

/// Which doubtful facts turn out how, and the value of the key.
type Meant = (Vec<(usize, bool)>, Option<Constant>);

fn meant(world: &World<'_>, answers: &[Answered]) -> Result<Meant, String> {
    let (mut choices, mut value) = (Vec::new(), None);
    for one in answers {
        let args: Vec<Constant> = one.fact.args.iter().flatten().cloned().collect();
        match world.doubtful.iter().position(|doubt| *doubt == (one.fact.relation, args.clone())) {
            Some(at) => choices.push((at, one.holds)),
            None if world.key.as_ref().is_some_and(|key| key.0 == one.fact.relation) => {
                value = args.last().cloned();
            }
            None => return Err(format!("{one:?} is no doubt")),
        }
    }
    Ok((choices, value))
}

#[test]
fn pivotal_facts_are_pivotal_and_none_is_missed() {
    let (mut checked, mut known, mut valued, mut settling, mut worlds) = (0, 0, 0, 0, 0);
    for seed in 0..300 {
        let text = case(seed).text;
        // A population without `among` changes with the facts.
        if !text.contains("among") {
            continue;
        }
        kept(&text, |ruleset, evaluation| {
            let parameters =
                ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
            let base = worked(ruleset, &ruleset.facts, parameters, members(ruleset, &ruleset.facts), None);
            let (doubtful, keys) = (doubts(ruleset), valueless(&base));
            if doubtful.len() > DOUBTFUL || doubtful.len() + keys.len() == 0 {
                return;
            }
            // With one missing value all completions are tried; answers that hang on none need no values.
            let few = keys.len() == 1 && doubtful.len() <= BESIDE_A_VALUE && worlds < VALUED_WORLDS;
            let world = World { base: &base, doubtful, key: few.then(|| keys[0].clone()) };
            let lenses: Vec<_> = ruleset.lenses.ids().collect();
            let mut all: Option<Vec<Vec<Answers>>> = None;
            let table = &evaluation.tables[QuestionId(0)];
            let is_open =
                |place: usize| table.lenses.iter().any(|column| table.outcome(column, place).len() > 1);
            for (place, subject) in subjects(ruleset, evaluation).into_iter().enumerate() {
                if !is_open(place) {
                    continue;
                }
                let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), 0);
                for story in &explanation.lenses {
                    let Some(open) = story.open.as_ref().filter(|open| open.complete) else { continue };
                    let hangs = open.by_values || open.doubts.iter().any(|fact| !fact.maybe);
                    if hangs && world.key.is_none() {
                        continue;
                    }
                    worlds += usize::from(all.is_none() && world.key.is_some());
                    let all = all.get_or_insert_with(|| world.all());
                    match check(&world, all, (story.lens, &subject), open) {
                        Ok(true) => {
                            checked += 1;
                            known += usize::from(text.contains("known"));
                            valued += usize::from(hangs);
                            settling += open.settling.len();
                        }
                        Ok(false) => {}
                        Err(problem) => unreachable!("seed {seed}: {problem}\n{subject:?} {open:#?}\n{text}"),
                    }
                }
            }
        });
    }
    let seen =
        format!("{checked} open answers, {known} beside `known`, {valued} by values, {settling} settled");
    assert!(checked > 60 && known > 20 && valued > 10 && settling > 100, "{seen}");
}
