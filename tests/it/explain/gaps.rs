//! Small random worlds with missing values and doubtful facts: what an open answer is said to hang on, held against
//! every way to fill the gaps, with values at, below and above all constants, between them, and far off.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use parallax::explain::{Answered, Open};
use parallax::model::{Constant, Fact, LensId, QuestionId, RelationId, Ruleset, Statements};
use parallax::value::{Date, Decimal, Value};

use super::{explained, kept, subjects};
use crate::generator::Random;
use crate::oracle::{Oracle, Out, completed, members, missing, worked};

/// The most ways of one world that are looked at.
const MOST_WAYS: usize = 4000;

const PEOPLE: [&str; 3] = ["ann", "bob", "cyd"];
const DECLARATIONS: &str = "language 1\nkind Person\nrelation Person is here\nrelation Person is in\n\
    relation Person is out\nrelation Person is trusted\nrelation Person paid Number\nrelation Person earns Number?\n\
    relation Person owes Number?\nrelation Person came on Date?\nrelation Person is member Flag?\n\
    relation Person weighs Number\nquestion Person is yea | nay | mid\n  \
    among person is here\ndefine person is trusted\n  when person is in unless person is out\n\
    define person weighs w\n  when person earns n and person owes m and w = n * 2 - m\n";

/// A world's text.
fn text(seed: u64) -> String {
    let mut random = Random::new(seed);
    let people = &PEOPLE[..2 + random.below(2)];
    let mut out = DECLARATIONS.to_owned();
    for lens in 0..2 {
        let _ = writeln!(out, "lens l{lens} {{");
        if random.below(3) == 0 {
            out.push_str("  first match wins\n");
        }
        for row in 0..=random.below(2) {
            let mut conds: Vec<String> = Vec::new();
            for at in 0..=random.below(2) {
                conds.push(condition(&mut random, lens * 100 + row * 10 + at));
            }
            let verdict = ["yea", "mid", "nay"][random.below(3)];
            let unless = ["", "", " unless person is out", " unless person is in"][random.below(4)];
            let _ = writeln!(out, "  r{row}: {verdict} when {}{unless}", conds.join(" and "));
        }
        out.push_str(["  otherwise nay\n}\n", "  otherwise nay\n}\n", "}\n"][random.below(3)]);
    }
    out.push_str("facts {\n");
    let (mut gaps, mut maybes) = (0, 0);
    for person in people {
        let _ = writeln!(out, "  {person} is here");
        for relation in ["in", "out"] {
            match random.below(4) {
                0 => _ = writeln!(out, "  {person} is {relation}"),
                1 if maybes < 3 => {
                    maybes += 1;
                    let _ = writeln!(out, "  maybe {person} is {relation}");
                }
                _ => {}
            }
        }
        let _ = writeln!(out, "  {person} paid {}", random.below(6));
        for relation in ["earns", "owes", "came on", "is member"] {
            if gaps < 2 && random.below(4) == 0 {
                gaps += 1;
                continue;
            }
            let value = if relation == "is member" {
                ["yes", "no"][random.below(2)].to_owned()
            } else if relation == "came on" {
                format!("2020-01-0{}", 1 + random.below(7))
            } else {
                random.below(7).to_string()
            };
            let _ = writeln!(out, "  {person} {relation} {value}");
        }
    }
    out.push_str("}\n");
    out
}

fn condition(random: &mut Random, at: usize) -> String {
    let op = [">=", "<", "=", "!=", ">", "<="][random.below(6)];
    let limit = random.below(7);
    let by = ["earns", "owes"][random.below(2)];
    match random.below(23) {
        20 => format!("person {by} n{at} and q{at} {by} n{at} and q{at} is in"),
        21 => format!("person weighs w{at} and w{at} {op} {limit}"),
        22 => format!("person weighs w{at} and q{at} paid w{at} and q{at} is here"),
        18 => format!("person came on d{at} and d{at} {op} 2020-01-0{}", 1 + limit),
        19 => format!("person came on d{at} and 2020-01-05 - d{at} {op} {limit} - 2"),
        0 | 1 => format!("person {by} n{at} and n{at} {op} {limit}"),
        2 | 3 => format!("sum(n{at} for each p{at}: p{at} {by} n{at}) {op} {}", limit * 2),
        4 | 5 => format!("average(n{at} for each p{at}: p{at} {by} n{at}) {op} {limit}"),
        6 => format!("min(n{at}: any q{at} {by} n{at}) {op} {limit}"),
        7 => format!("person earns n{at} and person owes m{at} and n{at} + m{at} {op} {}", limit * 2),
        8 => format!("person earns n{at} and person owes m{at} and n{at} * 2 - m{at} {op} {limit}"),
        9 => "person is in".to_owned(),
        10 => "not person is trusted".to_owned(),
        11 => "person is trusted".to_owned(),
        12 => "person is member yes".to_owned(),
        13 => format!("count(p{at}: p{at} is in) {op} 2"),
        14 => format!("q{at} {by} n{at} and q{at} is in and n{at} {op} {limit}"),
        15 => format!("known person {by} any n{at}"),
        16 => format!("not known person {by} any n{at}"),
        _ => format!("not (any q{at} {by} any n{at} and q{at} is trusted and n{at} {op} {limit})"),
    }
}

/// Values a number is tried with.
fn numbers() -> Vec<Constant> {
    let mut all: Vec<String> = (-14..=20).map(|number| number.to_string()).collect();
    all.extend((0..7).map(|number| format!("{number}.5")));
    all.extend(["-5000", "5000"].map(str::to_owned));
    let number = |text: &String| Constant::Value(Value::Number(Decimal::parse(text).expect("a number")));
    all.iter().map(number).collect()
}

/// Values a day is tried with.
fn days() -> Vec<Constant> {
    let first = Date::from_ymd(2019, 12, 27).expect("a day");
    let far = [Date::from_ymd(1900, 1, 1), Date::from_ymd(2150, 1, 1)];
    let near = (0..20).map(|days| first.add_days(days));
    near.chain(far).flatten().map(|day| Constant::Value(Value::Date(day))).collect()
}

/// Something not known, with the facts that may hold of it; `None`: that it does not.
struct Gap {
    key: (RelationId, Vec<Constant>),
    turns: Vec<Option<Vec<Constant>>>,
    is_yes_or_no: bool,
}

/// All that is not known in a world.
fn gaps(ruleset: &Ruleset, base: &Oracle<'_>) -> Vec<Gap> {
    let mut out = Vec::new();
    let facts = |maybe: bool| ruleset.facts.facts.iter().filter(move |fact| fact.maybe == maybe);
    let certain: BTreeSet<_> = facts(false).map(|fact| (fact.relation, fact.args.clone())).collect();
    let doubtful: BTreeSet<_> = facts(true).map(|fact| (fact.relation, fact.args.clone())).collect();
    for key in doubtful.difference(&certain) {
        out.push(Gap { key: key.clone(), turns: vec![None, Some(key.1.clone())], is_yes_or_no: true });
    }
    for (id, relation) in ruleset.relations.iter_enumerated().filter(|(_, relation)| relation.open.is_some())
    {
        for args in base.answers.relations[&id].certain.iter().filter(|args| args.contains(&missing())) {
            let is_flag = format!("{:?}", relation.slots[1].ty).contains("Flag");
            let flags = [false, true].map(|flag| Constant::Value(Value::Flag(flag))).to_vec();
            let is_date = format!("{:?}", relation.slots[1].ty).contains("Date");
            let values = match (is_flag, is_date) {
                (true, _) => flags,
                (_, true) => days(),
                _ => numbers(),
            };
            let with = |value: Constant| Some(vec![args[0].clone(), value]);
            let turns = values.into_iter().map(with).collect();
            out.push(Gap { key: (id, args.clone()), turns, is_yes_or_no: is_flag });
        }
    }
    out
}

type Outs = BTreeSet<Out>;

struct World<'r> {
    base: &'r Oracle<'r>,
    gaps: Vec<Gap>,
}

impl World<'_> {
    fn ways(&self) -> usize {
        self.gaps.iter().map(|gap| gap.turns.len()).product()
    }

    fn digit(&self, way: usize, at: usize) -> usize {
        let stride: usize = self.gaps[..at].iter().map(|gap| gap.turns.len()).product();
        way / stride % self.gaps[at].turns.len()
    }

    /// What lenses say where each gap is filled so.
    fn filled(&self, turns: &[Option<Vec<Constant>>]) -> BTreeMap<LensId, BTreeMap<Vec<Constant>, Outs>> {
        let ruleset = self.base.ruleset;
        let span = ruleset.questions[QuestionId(0)].span;
        let mut facts: Vec<Fact> = ruleset.facts.facts.iter().filter(|fact| !fact.maybe).cloned().collect();
        for (gap, turn) in self.gaps.iter().zip(turns) {
            let fact =
                |args: &Vec<Constant>| Fact { relation: gap.key.0, args: args.clone(), maybe: false, span };
            facts.extend(turn.iter().map(fact));
        }
        completed(self.base, &Statements { facts, kinds: ruleset.facts.kinds.clone() }).lenses
    }

    fn turns(&self, way: usize) -> Vec<Option<Vec<Constant>>> {
        (0..self.gaps.len()).map(|at| self.gaps[at].turns[self.digit(way, at)].clone()).collect()
    }

    /// The gap an answer is about, and how it fills it.
    fn meant(&self, answer: &Answered) -> Result<(usize, Option<Vec<Constant>>), String> {
        let args: Vec<Constant> = answer.fact.args.iter().flatten().cloned().collect();
        let is_about = |gap: &Gap| {
            let mut own = gap.key.1.iter().zip(&args);
            gap.key.0 == answer.fact.relation && own.all(|(own, arg)| *own == missing() || own == arg)
        };
        let at = self.gaps.iter().position(is_about).ok_or(format!("{answer:?} is no gap"))?;
        Ok((at, answer.holds.then_some(args)))
    }
}

/// Whether a value is among those about the constants.
fn is_small(args: &[Constant]) -> bool {
    let far = |arg: &Constant| match arg {
        Constant::Value(Value::Number(number)) => number.abs() > Decimal::from(100),
        Constant::Value(Value::Date(_)) => !days()[..20].contains(arg),
        _ => false,
    };
    !args.iter().any(far)
}

/// What an explanation says of one subject and lens, held against all ways.
fn check(
    world: &World<'_>,
    ways: &[BTreeMap<LensId, BTreeMap<Vec<Constant>, Outs>>],
    (lens, subject): (LensId, &[Constant]),
    open: &Open,
    known: bool,
) -> Result<usize, String> {
    let says: Vec<&Outs> = ways.iter().map(|lenses| &lenses[&lens][subject]).collect();
    let agreed = says.iter().all(|one| *one == says[0]);
    if open.agreed.is_some() != agreed {
        let other = (0..says.len()).find(|way| says[*way] != says[0]).map(|way| world.turns(way));
        return Err(format!("agreed: {agreed}, as {other:?} shows"));
    }
    let mut singles = 0;
    for (at, gap) in world.gaps.iter().enumerate() {
        let mut differs: BTreeMap<Vec<usize>, BTreeMap<Vec<usize>, BTreeSet<&Outs>>> = BTreeMap::new();
        let mut by_turn: BTreeMap<usize, BTreeSet<&Outs>> = BTreeMap::new();
        for (way, says) in says.iter().enumerate() {
            let others = |finite: bool| -> Vec<usize> {
                let own = (0..world.gaps.len())
                    .filter(|other| *other != at && world.gaps[*other].is_yes_or_no == finite);
                own.map(|other| world.digit(way, other)).collect()
            };
            differs.entry(others(true)).or_default().entry(others(false)).or_default().insert(says);
            by_turn.entry(world.digit(way, at)).or_default().insert(says);
        }
        let so = differs.values().filter(|rest| rest.values().any(|says| says.len() > 1)).count();
        // What lies far off may settle nothing where another lies further: of two values it is not asked.
        let few = world.gaps.iter().filter(|gap| !gap.is_yes_or_no).count() == 1;
        let is_near = |turn: &usize| {
            gap.is_yes_or_no || few && gap.turns[*turn].as_ref().is_some_and(|args| is_small(args))
        };
        singles += by_turn.iter().filter(|(turn, says)| is_near(turn) && says.len() == 1).count();
        let is_named = |fact: &parallax::explain::Fact| {
            let own = fact.args.iter().map(|arg| arg.clone().unwrap_or_else(missing));
            fact.relation == gap.key.0 && own.eq(gap.key.1.iter().cloned())
        };
        let Some(named) = open.pivotal.iter().find(|one| is_named(&one.fact)) else {
            if so > 0 {
                return Err(format!("{:?} is pivotal too", gap.key));
            }
            continue;
        };
        let read = open.doubts.iter().filter(|fact| !fact.maybe).count();
        let share = so as u64 * 1_000_000 / differs.len() as u64;
        // Gaps that are never read do not change a share; rounding is downward.
        if named.share.is_none_or(|said| said.abs_diff(share) > 1) {
            return Err(format!(
                "{:?} matters in {share}, not {:?}, over {read} values",
                gap.key, named.share
            ));
        }
        let shown = named.shown.as_ref().ok_or("it is not shown")?;
        let mut turns = world.turns(0);
        for other in &shown.others {
            let (at, turn) = world.meant(other)?;
            turns[at] = turn;
        }
        let mut says = BTreeSet::new();
        for turn in &shown.turns {
            let (other, turn) = world.meant(turn)?;
            turns[other] = turn;
            says.insert(world.filled(&turns)[&lens][subject].clone());
        }
        if says.len() < 2 {
            return Err(format!("{shown:?} shows no difference"));
        }
    }
    for (answers, then) in open.settling.iter().step_by(1 + open.settling.len() / 12) {
        let wanted: Outs = super::whatif::outs(then);
        let mut fixed: BTreeMap<usize, Option<Vec<Constant>>> = BTreeMap::new();
        for answer in answers {
            let (at, turn) = world.meant(answer)?;
            fixed.insert(at, turn);
        }
        let rest: Vec<usize> =
            (0..says.len()).filter(|way| fixed.keys().all(|at| world.digit(*way, *at) == 0)).collect();
        for way in rest {
            let mut turns = world.turns(way);
            for (at, turn) in &fixed {
                turns[*at].clone_from(turn);
            }
            let found = &world.filled(&turns)[&lens][subject];
            if *found != wanted {
                return Err(format!("{answers:?} comes to {found:?} with {turns:?}"));
            }
        }
    }
    let size = open.settling.first().map_or(usize::MAX, |(answers, _)| answers.len());
    if open.agreed.is_none() && open.settling_complete && size > 1 && singles > 0 && !known {
        return Err(format!("{singles} answers settle it by themselves, not {size}"));
    }
    Ok(open.settling.len())
}

/// What is checked, over so many seeds.
fn checked(seeds: std::ops::Range<u64>) -> [usize; 4] {
    let mut counts = [0; 4];
    let (mut unsound, mut problems) = (0, Vec::new());
    for seed in seeds {
        let text = text(seed);
        let sound = kept(&text, |ruleset, evaluation| {
            let base = worked(ruleset, &ruleset.facts, Vec::new(), members(ruleset, &ruleset.facts), None);
            let world = World { gaps: gaps(ruleset, &base), base: &base };
            if world.gaps.is_empty() || world.ways() > MOST_WAYS {
                return;
            }
            let mut ways = None;
            let lenses: Vec<_> = ruleset.lenses.ids().collect();
            for subject in subjects(ruleset, evaluation) {
                let explanation = explained(ruleset, evaluation, &subject, lenses.clone(), 0);
                for story in &explanation.lenses {
                    let Some(open) = story.open.as_ref().filter(|open| open.complete) else { continue };
                    let ways = ways.get_or_insert_with(|| {
                        (0..world.ways()).map(|way| world.filled(&world.turns(way))).collect::<Vec<_>>()
                    });
                    let known = text.contains("known ");
                    match check(&world, ways, (story.lens, &subject), open, known) {
                        Ok(settling) => {
                            counts[0] += 1;
                            counts[1] += usize::from(open.by_values);
                            counts[2] += settling;
                            counts[3] += usize::from(open.agreed.is_some());
                        }
                        Err(problem) => {
                            let lens = &ruleset.lenses[story.lens].name;
                            problems.push(format!("seed {seed}, {lens} of {subject:?}: {problem}\n{text}"));
                        }
                    }
                }
            }
        });
        unsound += usize::from(sound.is_none());
    }
    assert!(
        problems.is_empty(),
        "{} problems: {}",
        problems.len(),
        problems[..problems.len().min(8)].join("\n")
    );
    // Rows that cannot match are refused.
    assert!(unsound < 10, "{unsound} are not sound");
    counts
}

#[test]
fn what_an_answer_hangs_on_is_so_in_every_way_to_fill_the_gaps() {
    let [open, by_values, settling, agreed] = checked(0..240);
    let seen = format!("{open} open, {by_values} by values, {settling} settling, {agreed} agreed");
    assert!(open > 50 && by_values > 25 && settling > 200 && agreed > 1, "{seen}");
}
