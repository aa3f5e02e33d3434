//! Who moves when facts change, held against the plain evaluator before and after.

use std::collections::{BTreeMap, BTreeSet};

use parallax::checker::Says;
use parallax::engine::Limits;
use parallax::explain::whatif::{Hindrance, Wanted, WhatIf, WhatIfOptions, verify, whatif};
use parallax::explain::{Replayed, Standing};
use parallax::model::{Constant, Fact, KindFact, QuestionId, Ruleset, Statements, Ty};
use parallax::value::{Date, Decimal, Value, ValueKind};
use parallax::verdict::{Bound, Evaluation};

use super::kept;
use crate::generator::{OTHERS, Random, THINGS, case};
use crate::oracle::{Answers, Out, answers, missing};

/// Random changes of a world: facts that go, facts that come.
fn random_changes(ruleset: &Ruleset, random: &mut Random) -> (Statements, Statements) {
    let (mut add, mut remove) = (Statements::default(), Statements::default());
    let stated = &ruleset.facts.facts;
    for _ in 0..random.below(3) {
        if stated.is_empty() {
            break;
        }
        let fact = &stated[random.below(stated.len())];
        if remove.facts.iter().all(|other: &Fact| !same(other, fact)) {
            // It may be stated as doubtful and for certain: both go.
            remove.facts.push(Fact { maybe: false, ..fact.clone() });
        }
    }
    for _ in 0..=random.below(2) {
        let relations: Vec<_> = ruleset.relations.ids().collect();
        let relation = relations[random.below(relations.len())];
        let entry = &ruleset.relations[relation];
        if entry.keeping.is_some() {
            continue;
        }
        let args: Vec<Constant> =
            entry.slots.iter().map(|slot| random_arg(ruleset, slot.ty, random)).collect();
        let span = ruleset.questions[QuestionId(0)].span;
        let maybe = entry.open.is_none() && random.below(4) == 0;
        let fact = Fact { relation, args, maybe, span };
        if remove.facts.iter().any(|other| same(other, &fact))
            || add.facts.iter().any(|other| clashes(ruleset, other, &fact))
        {
            continue;
        }
        if entry.open.is_some() {
            let old = stated.iter().find(|other| clashes(ruleset, other, &fact));
            if let Some(old) = old.filter(|old| remove.facts.iter().all(|other| !same(other, old))) {
                if same(old, &fact) {
                    continue;
                }
                remove.facts.push(old.clone());
            }
        }
        add.facts.push(fact);
    }
    random_kinds(ruleset, random, &mut add, &mut remove);
    (add, remove)
}

/// Kinds stated outright that go or come.
fn random_kinds(ruleset: &Ruleset, random: &mut Random, add: &mut Statements, remove: &mut Statements) {
    let stated = &ruleset.facts.kinds;
    if !stated.is_empty() && random.below(2) == 0 {
        remove.kinds.push(stated[0].clone());
    } else if random.below(4) == 0 {
        let (kind, entry) =
            ruleset.kinds.iter_enumerated().find(|(_, kind)| kind.name == "S").expect("a kind");
        let name = THINGS[random.below(THINGS.len())].to_owned();
        add.kinds.push(KindFact { kind, name, span: entry.span });
    }
}

fn same(one: &Fact, other: &Fact) -> bool {
    (one.relation, &one.args) == (other.relation, &other.args)
}

/// Whether two facts are one, or give one key two values.
fn clashes(ruleset: &Ruleset, one: &Fact, other: &Fact) -> bool {
    let open = ruleset.relations[one.relation].open;
    one.relation == other.relation
        && one.args.iter().zip(&other.args).enumerate().all(|(at, (a, b))| Some(at) == open || a == b)
}

fn random_arg(ruleset: &Ruleset, ty: Ty, random: &mut Random) -> Constant {
    match ty {
        Ty::Thing(kind) => {
            let domain = ruleset.kinds[kind].domain;
            let names: &[&str] = if domain.0 == 0 { &THINGS } else { &OTHERS };
            let at = random.below(names.len() + 1);
            let name =
                names.get(at).copied().unwrap_or(if random.below(2) == 0 { "newcomer" } else { "stranger" });
            Constant::Thing(domain, name.to_owned())
        }
        Ty::Value(kind) => Constant::Value(match kind {
            ValueKind::Number => Value::Number(Decimal::from(random.below(8) as i64)),
            ValueKind::Date => Value::Date(
                Date::parse_iso(["2026-01-15", "2026-02-10", "2026-03-01"][random.below(3)]).expect("a date"),
            ),
            ValueKind::Flag => Value::Flag(random.below(2) == 0),
            ValueKind::Text => Value::Text("text".into()),
        }),
    }
}

/// The ways in which constraints are broken otherwise, by the plain evaluator.
fn check_nevers(ruleset: &Ruleset, found: &WhatIf, before: &Answers, after: &Answers) -> Result<(), String> {
    type Ways = BTreeSet<(u32, Vec<Constant>, Bound, Bound)>;
    let mut expected = Ways::new();
    for never in ruleset.nevers.ids() {
        let at = never.0 as usize;
        let bound = |answers: &Answers, way: &Vec<Constant>| {
            let all = &answers.violations[at];
            match (all.certain.contains(way), all.possible.contains(way)) {
                (true, _) => Bound::Certain,
                (false, true) => Bound::Possible,
                (false, false) => Bound::Impossible,
            }
        };
        for way in before.violations[at].possible.union(&after.violations[at].possible) {
            let (old, new) = (bound(before, way), bound(after, way));
            if old != new {
                expected.insert((never.0, way.clone(), old, new));
            }
        }
    }
    let mut ways = Ways::new();
    for moves in &found.nevers {
        let count = |answers: &Answers| {
            let all = &answers.violations[moves.never.0 as usize];
            (all.certain.len(), all.possible.difference(&all.certain).count())
        };
        if (moves.before, moves.after) != (count(before), count(after)) {
            return Err(format!("{moves:?} is miscounted"));
        }
        for way in &moves.ways {
            let words = way.bindings.iter().map(|(_, word)| word.clone().unwrap_or_else(missing)).collect();
            ways.insert((moves.never.0, words, way.before, way.after));
        }
    }
    if ways == expected { Ok(()) } else { Err(format!("broken {ways:?}\nexpected {expected:?}")) }
}

/// The facts as they stand after the changes.
fn after(ruleset: &Ruleset, add: &Statements, remove: &Statements) -> Statements {
    let mut facts = ruleset.facts.facts.clone();
    facts.retain(|fact| remove.facts.iter().all(|gone| !same(gone, fact)));
    facts.extend(add.facts.iter().cloned());
    let mut kinds = ruleset.facts.kinds.clone();
    kinds.retain(|kind| remove.kinds.iter().all(|gone| (gone.kind, &gone.name) != (kind.kind, &kind.name)));
    kinds.extend(add.kinds.iter().cloned());
    Statements { facts, kinds }
}

/// What a lens says, as the plain evaluator tells it.
pub fn outs(says: &Says) -> BTreeSet<Out> {
    let verdicts = says.verdicts.iter().map(|verdict| Out::Verdict(*verdict));
    verdicts.chain(says.conflict.then_some(Out::Conflict)).chain(says.none.then_some(Out::None)).collect()
}

type Movers = BTreeMap<(u32, Vec<Constant>), (BTreeSet<Out>, BTreeSet<Out>)>;

/// Who moves, by the plain evaluator.
fn expected(ruleset: &Ruleset, before: &Answers, after: &Answers) -> Movers {
    let mut out = Movers::new();
    for lens in ruleset.lenses.ids() {
        let (old, new) = (&before.lenses[&lens], &after.lenses[&lens]);
        for subject in old.keys().chain(new.keys()) {
            let of =
                |all: &BTreeMap<Vec<Constant>, BTreeSet<Out>>| all.get(subject).cloned().unwrap_or_default();
            if of(old) != of(new) {
                out.insert((lens.0, subject.clone()), (of(old), of(new)));
            }
        }
    }
    out
}

fn asked(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    add: &Statements,
    remove: &Statements,
    budget: u64,
) -> Result<(WhatIf, Replayed), Hindrance> {
    let options = WhatIfOptions {
        lenses: ruleset.lenses.ids().collect(),
        budget,
        proofs: 100,
        limits: Limits::default(),
    };
    let wanted = Wanted { add, remove, kinds: &ruleset.facts.kinds };
    let mut evaluation = evaluation.clone();
    let (found, _) = whatif(ruleset, &mut evaluation, &wanted, &options)?;
    // Everything claimed is replayed by the checker, in both worlds.
    let replayed = verify(ruleset, &evaluation, &wanted, &found, &Limits::default())?;
    Ok((found, replayed))
}

fn check(ruleset: &Ruleset, found: &WhatIf, before: &Answers, after: &Answers) -> Result<(), String> {
    let mut movers = Movers::new();
    for question in &found.questions {
        let population = |answers: &Answers| answers.populations[&question.question].clone();
        let standing = |answers: &Answers, subject: &Vec<Constant>| {
            let all = population(answers);
            if all.certain.contains(subject) {
                Standing::Inside
            } else if all.possible.contains(subject) {
                Standing::Perhaps
            } else {
                Standing::Outside
            }
        };
        let all: BTreeSet<Vec<Constant>> =
            population(before).possible.union(&population(after).possible).cloned().collect();
        let differ: Vec<_> = all
            .into_iter()
            .map(|subject| (subject.clone(), standing(before, &subject), standing(after, &subject)))
            .filter(|(_, old, new)| old != new)
            .collect();
        if differ != question.standings {
            return Err(format!("standings {:?}\nexpected {differ:?}", question.standings));
        }
        if (question.before, question.after)
            != (population(before).possible.len(), population(after).possible.len())
        {
            return Err(format!("{} before, {} after", question.before, question.after));
        }
        for lens in &question.lenses {
            for moved in &lens.moved {
                movers.insert(
                    (lens.lens.0, moved.subject.clone()),
                    (outs(&moved.before.says), outs(&moved.after.says)),
                );
                for (side, answers) in [(&moved.before, before), (&moved.after, after)] {
                    for (row, certain) in &side.rows {
                        let rows = &answers.rows[&lens.lens][row.0 as usize];
                        let set = if *certain { &rows.certain } else { &rows.possible };
                        if !set.contains(&moved.subject) {
                            return Err(format!("{row:?} does not match {:?}", moved.subject));
                        }
                    }
                    if side.standing != Standing::Outside && side.story.is_none() {
                        return Err(format!("no proof for {:?}", moved.subject));
                    }
                }
            }
        }
    }
    check_nevers(ruleset, found, before, after)?;
    let expected = expected(ruleset, before, after);
    if movers == expected { Ok(()) } else { Err(format!("movers {movers:?}\nexpected {expected:?}")) }
}

/// Rows that leave it to the population to name the subject.
const NAMELESS: &str = "\
define x reaches y when x knows y
define x reaches y when x reaches z and z reaches y
define t dreams of u when t likes u and not (t reaches any x1 and x1 likes u)
question T is yes-v | no-v for U
  among t likes u or t rated u with any m1 or t dreams of u
lens sums {
  r0: yes-v when sum(a for each x a: x rated u with a) > 3
  r1: no-v when count(x: t reaches x) >= 2 unless count(x: x shines and x likes u) = 1
  otherwise yes-v
}
lens denies {
  first match wins
  r0: yes-v when not (t shines) and not (any x owns u)
  r1: no-v when (t shines and t has any a points) or \"cat\" likes u
  r2: yes-v when not (t is yes-v for u according to sums)
}
lens asks {
  r0: yes-v when max(a: any w rated u with a) >= 2
  r1: yes-v when not known t scored any w
  otherwise as denies
}
never shiny \"Who shines is reached\" when t shines and t likes any u and not (any x reaches t)
never apart when lenses sums and asks disagree on t, u and t owns u
never scored when t scored n and x scored n and t knows x
never lonely when count(x: x shines) > 2
";

/// The declarations and facts of a random world with those rules.
fn nameless(seed: u64) -> String {
    let text = case(seed).text;
    let facts = text.find("facts {").map_or("", |at| &text[at..]);
    let end = text.find("parameter since").expect("it is declared");
    format!("{}{NAMELESS}{facts}", &text[..end])
}

#[test]
fn movers_are_those_the_plain_evaluator_finds() {
    let seen = compared((0..CASES).map(|seed| (seed, case(seed).text)));
    assert!(seen.moved as u64 > CASES && seen.anew * 4 < seen.all, "{seen:?}");
    assert!(seen.whole * 4 > seen.replayed && seen.nevers > 0, "{seen:?}");
}

#[test]
fn rows_that_do_not_name_their_subject_move_too() {
    let seen = compared((0..CASES).map(|seed| (seed, nameless(seed))));
    assert!(seen.moved as u64 > CASES && seen.anew * 20 < seen.all, "{seen:?}");
    assert!(seen.whole * 4 > seen.replayed && seen.nevers as u64 > CASES, "{seen:?}");
}

/// What was compared.
#[derive(Default, Debug)]
struct Seen {
    /// How many moved.
    moved: usize,
    /// In how many ways constraints are broken otherwise.
    nevers: usize,
    /// Of how many changes everything was evaluated anew.
    anew: usize,
    all: usize,
    /// Claims that the checker replayed, and those it could replay to the end.
    replayed: usize,
    whole: usize,
}

/// Changes random worlds, and holds what is found against the plain evaluator.
fn compared(worlds: impl Iterator<Item = (u64, String)>) -> Seen {
    let mut seen = Seen::default();
    for (seed, text) in worlds {
        kept(&text, |ruleset, evaluation| {
            let parameters =
                || ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
            let before = answers(ruleset, &ruleset.facts, parameters());
            let mut random = Random::new(seed + 77);
            for _ in 0..3 {
                let (add, remove) = random_changes(ruleset, &mut random);
                let after = answers(ruleset, &after(ruleset, &add, &remove), parameters());
                for budget in [5_000_000, 0] {
                    match asked(ruleset, evaluation, &add, &remove, budget) {
                        Ok((found, replayed)) => {
                            if let Err(problem) = check(ruleset, &found, &before, &after) {
                                unreachable!(
                                    "seed {seed}, budget {budget}: {problem}\n+ {:#?}\n- {:#?}\n{text}",
                                    found.added, found.removed
                                );
                            }
                            seen.all += 1;
                            seen.anew += usize::from(found.anew && budget > 0);
                            seen.nevers += found.nevers.iter().map(|never| never.ways.len()).sum::<usize>();
                            for count in [replayed.outcomes, replayed.proofs, replayed.nevers] {
                                seen.replayed += count.all;
                                seen.whole += count.whole;
                            }
                            seen.moved += found
                                .questions
                                .iter()
                                .flat_map(|question| &question.lenses)
                                .map(|lens| lens.moved.len())
                                .sum::<usize>();
                        }
                        Err(Hindrance::World(_)) => {}
                        Err(other) => {
                            unreachable!("seed {seed}: {other:?}\n+ {add:#?}\n- {remove:#?}\n{text}")
                        }
                    }
                }
            }
        });
    }
    seen
}

/// How many random worlds are changed.
const CASES: u64 = 80;
