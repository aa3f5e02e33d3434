//! Changes of values, and those by which things come into a kind or leave it, held against all changes of one fact
//! and of two over names at hand, new ones and the values around those that rules and facts name.

use std::collections::{BTreeMap, BTreeSet};

use parallax::explain::{Coverage, Fact, FactChange, Flip, NEWCOMER, Reach};
use parallax::model::{Constant, RelationId, Ruleset, Ty};
use parallax::value::{Decimal, Value, ValueKind};

use super::changes::{Outcome, after, key, says};
use super::{explained, kept, subjects};
use crate::generator::Random;

/// Conditions about somebody, with `#` for a number and `~` for a comparison.
const PARTS: &[&str] = &[
    "p paid n1 and n1 ~ #",
    "sum(n2 for each n2: p paid n2) ~ #",
    "average(n3 for each n3: p paid n3) ~ #",
    "max(n4: p paid n4) ~ #",
    "min(n5: p paid n5) * 2 + 1 ~ #",
    "count(n6: p paid n6) ~ 2",
    "p leads c1 and c1 is aged a1 and a1 ~ #",
    "any c2 is aged a2 and a2 ~ #",
    "average(a3 for each c3: c3 is aged a3) ~ #",
    "not (any c4 is aged any a4 and a4 ~ #)",
    "p is banned",
    "not p is banned",
    "p leads any c5",
    "count(c6: p leads c6) >= 2",
    "not (any q7 leads any c7)",
    "p paid n8 and any c8 is aged a8 and n8 + a8 ~ #",
    "p paid n9 and p owes m9 and n9 * 2 - m9 ~ #",
    "known any c10 is aged any a10",
];
const NUMBERS: &[&str] = &["5", "10", "10.5", "20", "30"];
const COMPARISONS: &[&str] = &[">=", ">", "<", "<=", "=", "!="];

fn pick<'a>(random: &mut Random, items: &[&'a str]) -> &'a str {
    items[random.below(items.len())]
}

/// A small random world with values, in which two kinds have things that facts alone put there.
fn world(seed: u64, parts: usize) -> String {
    let mut random = Random::new(seed + 31_337);
    let mut lenses = String::new();
    for at in 0..2 {
        let mut chosen = Vec::new();
        for _ in 0..parts {
            let part = pick(&mut random, PARTS);
            if chosen.iter().any(|(known, _)| *known == part) {
                continue;
            }
            let told = part.replace('#', pick(&mut random, NUMBERS));
            chosen.push((part, told.replace('~', pick(&mut random, COMPARISONS))));
        }
        let told: Vec<String> = chosen.into_iter().map(|(_, told)| told).collect();
        lenses += &format!("lens l{at} {{\n  r: yes-v when {}\n  otherwise no-v\n}}\n", told.join(" and "));
    }
    let stated = [
        "ann paid 10",
        "ann paid 0.25",
        "ann paid 7",
        "ann owes 4",
        "bob leads chess",
        "ann leads chess",
        "chess is aged 20",
        "golf is aged 8",
        "ann is banned",
        "bob paid 20",
    ];
    let facts: String =
        stated.iter().filter(|_| random.below(100) < 35).map(|fact| format!("  {fact}\n")).collect();
    format!(
        "language 1\nkind P\nkind C\nrelation P is here\nrelation P paid Number\nrelation P owes Number\n\
         relation P leads C\nrelation P is banned\nrelation C is aged Number?\n\
         question P is yes-v | no-v\n  among p is here\n{lenses}facts {{\n  ann is here\n{facts}}}\n"
    )
}

fn number(text: &str) -> Decimal {
    Decimal::parse(text).expect("a number")
}

/// All changes of one fact over names at hand, one that nothing has, and these numbers.
fn candidates(ruleset: &Ruleset, numbers: &[Decimal]) -> Vec<FactChange> {
    let stated = &ruleset.facts.facts;
    let told = |relation: RelationId, args: &[Constant]| Fact {
        relation,
        args: args.iter().cloned().map(Some).collect(),
        origin: None,
        maybe: false,
    };
    let known: BTreeSet<(RelationId, &[Constant])> =
        stated.iter().map(|fact| (fact.relation, fact.args.as_slice())).collect();
    let mut out: Vec<FactChange> =
        known.iter().map(|(relation, args)| FactChange::Remove(told(*relation, args))).collect();
    let named: BTreeSet<&Constant> = stated.iter().flat_map(|fact| &fact.args).collect();
    for (relation, entry) in ruleset.relations.iter_enumerated() {
        let mut ways: Vec<Vec<Constant>> = vec![Vec::new()];
        for slot in &entry.slots {
            let all: Vec<Constant> = match slot.ty {
                Ty::Thing(kind) => {
                    let domain = ruleset.kinds[kind].domain;
                    let own = named
                        .iter()
                        .filter(|name| matches!(name, Constant::Thing(other, _) if *other == domain));
                    let new = Constant::Thing(domain, NEWCOMER.to_owned());
                    own.map(|name| (*name).clone()).chain([new]).collect()
                }
                Ty::Value(ValueKind::Number) => {
                    numbers.iter().map(|number| Constant::Value(Value::Number(*number))).collect()
                }
                Ty::Value(_) => Vec::new(),
            };
            ways = ways
                .iter()
                .flat_map(|way| all.iter().map(|one| [way.as_slice(), std::slice::from_ref(one)].concat()))
                .collect();
        }
        ways.retain(|args| !known.contains(&(relation, args.as_slice())));
        let change = |args: &Vec<Constant>| {
            let fact = told(relation, args);
            if entry.open.is_some() { FactChange::Set(fact) } else { FactChange::Add(fact) }
        };
        out.extend(ways.iter().map(change));
    }
    out
}

fn fact(change: &FactChange) -> &Fact {
    match change {
        FactChange::Remove(fact) | FactChange::Add(fact) | FactChange::Set(fact) => fact,
        FactChange::Leave(..) | FactChange::Join(..) => unreachable!("nothing is asked of kinds here"),
    }
}

fn value(change: &FactChange) -> Option<Decimal> {
    match change {
        FactChange::Remove(_) | FactChange::Leave(..) | FactChange::Join(..) => None,
        FactChange::Add(fact) | FactChange::Set(fact) => {
            fact.args.iter().flatten().find_map(|arg| match arg {
                Constant::Value(Value::Number(number)) => Some(*number),
                Constant::Value(_) | Constant::Thing(..) => None,
            })
        }
    }
}

/// What is changed, whatever the value.
type Shape = (u8, RelationId, Vec<Option<Constant>>);

fn shape(change: &FactChange) -> Shape {
    let sort = match change {
        FactChange::Remove(_) => 0,
        FactChange::Add(_) => 1,
        FactChange::Set(_) => 2,
        FactChange::Leave(..) | FactChange::Join(..) => 3,
    };
    let args = fact(change).args.iter().map(|arg| match arg {
        Some(Constant::Value(Value::Number(_))) if sort > 0 => None,
        other => other.clone(),
    });
    (sort, fact(change).relation, args.collect())
}

fn is_new(change: &FactChange) -> bool {
    fact(change)
        .args
        .iter()
        .flatten()
        .any(|arg| matches!(arg, Constant::Thing(_, name) if name.starts_with(NEWCOMER)))
}

fn with_value(change: &FactChange, number: Decimal) -> FactChange {
    let mut changed = change.clone();
    let (FactChange::Remove(fact) | FactChange::Add(fact) | FactChange::Set(fact)) = &mut changed else {
        unreachable!("nothing is asked of kinds here")
    };
    for arg in fact.args.iter_mut().flatten() {
        if matches!(arg, Constant::Value(Value::Number(_))) {
            *arg = Constant::Value(Value::Number(number));
        }
    }
    changed
}

/// What a lens says after changes; nothing where one of them is stated already.
struct Asked<'r> {
    ruleset: &'r Ruleset,
    subject: Vec<Constant>,
    lens: usize,
}

impl Asked<'_> {
    fn after(&self, changes: &[FactChange]) -> Outcome {
        says(self.ruleset, &after(self.ruleset, changes), &self.subject)[self.lens].clone()
    }

    fn is_stated(&self, change: &FactChange) -> bool {
        let args: Vec<Constant> = fact(change).args.iter().flatten().cloned().collect();
        let known =
            |other: &&parallax::model::Fact| other.relation == fact(change).relation && other.args == args;
        self.ruleset.facts.facts.iter().any(|fact| known(&fact))
    }
}

/// A change of one fact that flips must be among those named, by its value or a range.
fn covered(
    flips: &[&Flip],
    outcome: &Outcome,
    change: &FactChange,
    asked: &Asked<'_>,
    all: &[Decimal],
) -> bool {
    flips.iter().any(|flip| {
        let [own] = flip.changes.as_slice() else { return false };
        if asked.after(&flip.changes) != *outcome {
            return false;
        }
        if is_new(change) {
            return is_new(own);
        }
        if shape(own) != shape(change) {
            return false;
        }
        let (Some(own), Some(wanted)) = (value(own), value(change)) else { return true };
        match flip.reach {
            Reach::Any => true,
            Reach::But(ref but) if Value::Number(wanted) != *but => true,
            Reach::Up if wanted >= own => true,
            Reach::Down if wanted <= own => true,
            Reach::Only | Reach::Up | Reach::Down | Reach::But(_) => {
                // What lies between says the same: of such values the nearest is named.
                let (low, high) = (own.min(wanted), own.max(wanted));
                let between = all.iter().filter(|number| low <= **number && **number <= high);
                between.into_iter().all(|number| {
                    let other = with_value(change, *number);
                    asked.is_stated(&other) || asked.after(&[other]) == *outcome
                })
            }
        }
    })
}

/// Holds what is said of one flip against the plain evaluator.
fn held(flip: &Flip, asked: &Asked<'_>, all: &[Decimal], said: &dyn Fn() -> String, seen: &mut Seen) {
    let now = asked.after(&[]);
    let then = asked.after(&flip.changes);
    seen.hold(then != now, || format!("{} changes nothing: {}", brief(&flip.changes), said()));
    for gone in 0..flip.changes.len() {
        let mut rest = flip.changes.clone();
        rest.remove(gone);
        if !rest.is_empty() {
            let less = asked.after(&rest) == now;
            seen.hold(less, || format!("{} is more than it takes: {}", brief(&flip.changes), said()));
        }
    }
    for (at, change) in flip.changes.iter().enumerate() {
        let Some(own) = value(change) else { continue };
        let with = |number: Decimal| {
            let mut changes = flip.changes.clone();
            changes[at] = with_value(change, number);
            let twice = flip.changes.iter().any(|other| key([other]) == key([&changes[at]]));
            (!twice && !asked.is_stated(&changes[at])).then(|| asked.after(&changes))
        };
        if flip.changes.len() == 1 {
            let inside = |number: &&Decimal| match &flip.reach {
                Reach::Only => false,
                Reach::Any => true,
                Reach::But(but) => Value::Number(**number) != *but,
                Reach::Up => **number >= own,
                Reach::Down => **number <= own,
            };
            for number in all.iter().filter(inside) {
                let same = with(*number).is_none_or(|other| other == then);
                seen.hold(same, || format!("{} with {number}: {}", brief(&flip.changes), said()));
            }
        }
        // It is the value at which the answer turns, where it turns at all.
        let same = |number: Decimal| with(number).is_some_and(|other| other == then);
        let steps = ["1", "0.1", "0.01"].map(number);
        let turns = steps.iter().any(|step| {
            let beside = [own.checked_add(*step), own.checked_sub(*step)];
            beside.into_iter().flatten().any(|number| !same(number))
        });
        let nowhere = all.iter().all(|number| with(*number).is_none_or(|other| other == then));
        seen.hold(turns || nowhere, || format!("{} does not turn there: {}", brief(&flip.changes), said()));
    }
}

#[derive(Default, Debug)]
struct Seen {
    named: [usize; 3],
    missed: usize,
    compared: usize,
    incomplete: usize,
    faults: Vec<String>,
}

impl Seen {
    fn hold(&mut self, is_so: bool, else_said: impl FnOnce() -> String) {
        if !is_so {
            self.faults.push(else_said());
        }
    }

    /// None of what was compared was false.
    fn sound(&self) {
        assert!(self.faults.is_empty(), "{} faults\n{}", self.faults.len(), self.faults.join("\n\n"));
    }
}

/// Changes in few words.
fn brief(changes: &[FactChange]) -> String {
    let of = |change: &FactChange| {
        let (sort, relation, _) = shape(change);
        let args = fact(change).args.iter().flatten().map(|arg| match arg {
            Constant::Thing(_, name) => name.clone(),
            Constant::Value(value) => value.to_string(),
        });
        format!(
            "{} {}({})",
            ["-", "+", "="][usize::from(sort)],
            relation.0,
            args.collect::<Vec<_>>().join(", ")
        )
    };
    changes.iter().map(of).collect::<Vec<_>>().join(" and ")
}

/// Holds what is named for the one subject of a world against all changes.
fn held_against_all(text: &str, size: usize, seen: &mut Seen) {
    let made = kept(text, |ruleset, evaluation| {
        let lenses: Vec<_> = ruleset.lenses.ids().collect();
        let Some(subject) = subjects(ruleset, evaluation).into_iter().next() else { return };
        let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), size);
        let all: Vec<Decimal> = (-25..=70).map(|number| Decimal::from(i64::from(number))).collect();
        let singles = candidates(ruleset, &all);
        let now = says(ruleset, &ruleset.facts, &subject);
        let then: Vec<Vec<Outcome>> =
            singles.iter().map(|one| says(ruleset, &after(ruleset, [one]), &subject)).collect();
        for (at, story) in explanation.lenses.iter().enumerate() {
            let flips = story.flips.as_ref().expect("asked for");
            let named: Vec<String> =
                flips.found.iter().map(|flip| format!("{} {:?}", brief(&flip.changes), flip.reach)).collect();
            let said = || format!("lens {at}\n{text}\nnamed: {}", named.join("\n"));
            let asked = Asked { ruleset, subject: subject.clone(), lens: at };
            for flip in &flips.found {
                held(flip, &asked, &all, &said, seen);
                seen.named[flip.changes.len()] += 1;
            }
            seen.incomplete += usize::from(flips.coverage != Coverage::Whole);
            let mut single = BTreeMap::new();
            let named: Vec<&Flip> = flips.found.iter().collect();
            for (one, then) in singles.iter().zip(&then).filter(|(_, then)| then[at] != now[at]) {
                single.insert(format!("{one:?}"), then[at].clone());
                seen.compared += 1;
                let known = flips.coverage != Coverage::Whole
                    || flips.unnamed > 0
                    || covered(&named, &then[at], one, &asked, &all);
                seen.hold(known, || format!("{} missed: {}", brief(std::slice::from_ref(one)), said()));
            }
            let answered = single.values().any(Option::is_some);
            let is_one = !answered || flips.found.iter().any(|flip| flip.changes.len() == 1);
            seen.hold(is_one, || format!("one change would do: {}", said()));
            let told = flips.found.iter().any(|flip| flip.changes.len() == 1 && !flip.says[0].is_empty());
            if size > 1 && !answered && !told && flips.coverage == Coverage::Whole {
                let few: Vec<Decimal> =
                    ["-9", "4", "6", "9", "11", "19", "21", "29", "31", "60"].map(number).to_vec();
                let few = candidates(ruleset, &few);
                let vain: Vec<&FactChange> =
                    few.iter().filter(|one| asked.after(std::slice::from_ref(*one)) == now[at]).collect();
                let shapes: BTreeSet<BTreeSet<Shape>> =
                    flips.found.iter().map(|flip| flip.changes.iter().map(shape).collect()).collect();
                for (place, one) in vain.iter().enumerate() {
                    for other in vain[place + 1..].iter().filter(|other| shape(other) != shape(one)) {
                        let both = [(*one).clone(), (*other).clone()];
                        let own: BTreeSet<Shape> = both.iter().map(shape).collect();
                        if shapes.contains(&own)
                            || both.iter().any(is_new) && shapes.iter().any(|s| s.len() == 2)
                        {
                            continue;
                        }
                        let same = fact(one).relation == fact(other).relation
                            && fact(one).args.first() == fact(other).args.first();
                        seen.compared += 1;
                        let vain = same || asked.after(&both) == now[at];
                        seen.hold(vain, || format!("{} missed: {}", brief(&both), said()));
                    }
                }
            }
        }
    });
    seen.missed += usize::from(made.is_none());
}

#[test]
fn values_are_those_at_which_answers_turn_and_none_is_missed() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        held_against_all(&world(seed, 1 + seed as usize % 2), 1, &mut seen);
    }
    seen.sound();
    assert!(seen.named[1] > 60 && seen.missed < 20, "{seen:?}");
}

#[test]
fn pairs_of_values_are_those_at_which_answers_turn() {
    let mut seen = Seen::default();
    for seed in 1000..1030 {
        held_against_all(&world(seed, 2), 2, &mut seen);
    }
    seen.sound();
    assert!(seen.named[2] > 5 && seen.missed < 10, "{seen:?}");
}
