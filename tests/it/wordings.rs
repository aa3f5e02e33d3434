//! Wordings that mean the same, of which one is looked up and the other gone through: both give the same, where groups
//! have few members and where one has most, where some are in two, and where values are missing.

use std::fmt::Write as _;

use crate::support::{evaluated, grid};

const HEAD: &str = "language 1
kind Person
kind House
kind School
relation Person lives in House
relation Person was born on Date
relation Person earns Number
relation Person attends School
relation Person is citizen of Text?
relation Person turned up on Date?
relation Person is a pupil
relation Person is tied
relation House is touched
define person is tied when person is a pupil
define person is tied when person lives in house and other lives in house and other is tied
define house is touched when person lives in house and person is a pupil
define house is touched when person lives in house and person lives in other and other is touched
question Person is old | young
  among person was born on any day
";

/// What is asked of the days of birth of two who live together.
const OF_DAYS: [&str; 12] = [
    "b >= c + 60 years",
    "b - 60 years >= c",
    "c + 700 months < b",
    "c + 20000 days <= b",
    "c - 3 days > b + 60 years",
    "year(b) >= year(c) + 60",
    "year(b) - year(c) > 62",
    "years-between(c, b) >= 61",
    "years-between(b, c) <= -63",
    "x = c + 60 years and b >= x",
    "x = year(c) + 62 and x <= year(b)",
    "greatest(c, 1950-06-01) + 55 years < b",
];

/// What is asked of what two earn who live together.
const OF_SUMS: [&str; 8] = [
    "e > f * 40",
    "f / -3 + 300 <= e - 500",
    "0 - f * 0.5 >= 100 - e",
    "floor(f / 7) > e - 10",
    "ceiling(e) > 45 * f",
    "least(e, f) > 960",
    "f * 0 >= e - 3",
    "least(f, 500) * 2 > e + 980",
];

/// What is counted of those who live together with somebody, or have the same citizenship.
const COUNTED: [&str; 12] = [
    "lives in house and count(other: other lives in house and other was born on any c and c < b and other attends any school) >= 9",
    "lives in house and count(other: other lives in house and other is not person and other attends any school) >= 3",
    "lives in house and e > 1.9 * average(f for each other: other lives in house and other is not person and other earns f)",
    "lives in house and e >= max(f: any other lives in house and other is not person and other earns f)",
    "lives in house and e < median(f for each other: other lives in house and other is not person and other earns f) - 300",
    "is citizen of c and count(other: other is citizen of c and other was born on any d and d < b) >= 60",
    "is citizen of c and count(other: known other is citizen of c and other was born on any d and d < b) >= 60",
    "is citizen of c and count(other: known other is citizen of c and known other turned up on any d and d > b) >= 90",
    "is citizen of c and count(other: other is citizen of c and other turned up on any d and d > b + 60 years) >= 20",
    "turned up on t and count(other: known other turned up on any d and d < t) >= 200",
    "is citizen of c and not count(other: other is citizen of c and other attends any school and other was born on any d and d < b) < 30",
    "is citizen of c and max(f: any other is citizen of c and other was born on any d and d < b and other earns f) > 995",
];

/// People in houses, every so many of them in another one too; `most` of them live in one.
fn facts(people: u32, most: u32, twice: u32) -> String {
    let mut text = String::from("facts {\n");
    let mut say = |line: std::fmt::Arguments<'_>| writeln!(text, "  {line}").expect("a text takes all");
    for at in 0..people {
        let house = if at < most { 0 } else { at / 3 };
        say(format_args!("p{at} lives in h{house}"));
        if twice > 0 && at % twice == 1 {
            say(format_args!("p{at} lives in h{}", people + at));
            say(format_args!("p{at} attends s{}", at % 11));
        }
        say(format_args!(
            "p{at} was born on {}-{:02}-{:02}",
            1930 + at * 31 % 80,
            at * 7 % 12 + 1,
            at * at % 28 + 1
        ));
        say(format_args!("p{at} earns {}.{}", at * at % 1009, at % 4 * 25));
        if at % 5 < 2 {
            say(format_args!("p{at} attends s{}", at % 7));
        }
        if at % 23 != 4 {
            say(format_args!("p{at} is citizen of \"{}\"", ["CH", "LI", "AT"][at as usize * 3 % 8 % 3]));
        }
        if at % 17 != 5 {
            say(format_args!("p{at} turned up on {}-02-{:02}", 1990 + at % 37, at % 28 + 1));
        }
        if at % 199 == 7 {
            say(format_args!("p{at} is a pupil"));
        }
    }
    text.push_str("}\n");
    text
}

fn lens(text: &mut String, name: &str, row: &str) {
    writeln!(text, "lens {name} {{\n  row: old when {row}\n  otherwise young\n}}").expect("a text takes all");
}

/// Each condition as it stands, and once as a choice between two that say the same, which is gone through.
fn same_either_way(pairs: &[(String, String)], facts: &str) {
    same_over(HEAD, pairs, facts);
}

fn same_over(head: &str, pairs: &[(String, String)], facts: &str) {
    let mut text = head.to_owned();
    for (at, (quick, plain)) in pairs.iter().enumerate() {
        lens(&mut text, &format!("quick{at}"), quick);
        lens(&mut text, &format!("plain{at}"), plain);
    }
    evaluated(&format!("{text}{facts}"), |ruleset, evaluation| {
        let mut met = vec![[false; 2]; pairs.len()];
        for line in grid(ruleset, evaluation) {
            let says = |lens: &str| {
                let found = line.split_once(&format!("{lens}=")).expect("every lens says something").1;
                found.split(' ').next().unwrap_or_default().to_owned()
            };
            for (at, (quick, _)) in pairs.iter().enumerate() {
                let (own, other) = (says(&format!("quick{at}")), says(&format!("plain{at}")));
                assert_eq!(own, other, "{quick}\n{line}");
                met[at][usize::from(own == "young")] = true;
            }
        }
        let dull: Vec<&str> = met
            .iter()
            .zip(pairs)
            .filter(|(met, _)| !met[0] || !met[1])
            .map(|(_, (quick, _))| quick.as_str())
            .collect();
        assert!(dull.is_empty(), "asked of all or of nobody: {dull:#?}");
    });
}

/// Of comparisons within: the same, or the same and more.
fn either(cond: &str) -> String {
    format!("({cond} or ({cond} and not ({cond})))")
}

#[test]
fn what_calculations_order_is_found_as_what_is_compared() {
    let pair = |said: &str, cond: &str| {
        let head = format!("person lives in house and other lives in house and {said} and ");
        let (given, cond) = cond
            .split_once(" and ")
            .map_or_else(|| (String::new(), cond), |(given, cond)| (format!("{given} and "), cond));
        (format!("{head}{given}{cond}"), format!("{head}{given}{}", either(cond)))
    };
    let days = OF_DAYS.iter().map(|cond| pair("person was born on b and other was born on c", cond));
    let sums = OF_SUMS.iter().map(|cond| pair("person earns e and other earns f", cond));
    let pairs: Vec<(String, String)> = days.chain(sums).collect();
    same_either_way(&pairs, &facts(360, 200, 0));
    same_either_way(&pairs, &facts(300, 90, 40));
}

#[test]
fn what_is_counted_in_groups_is_the_same_either_way() {
    let pair = |cond: &&str| {
        let said = [("b", "person was born on b and "), ("e", "person earns e and ")];
        let words: Vec<&str> = cond.split([' ', '(', ')']).collect();
        let said = said.iter().filter(|(word, _)| words.contains(word)).map(|(_, said)| *said);
        let head = format!("{}person ", said.collect::<String>());
        // Within the figure the last condition once more, as a choice.
        let inner = cond.rfind(')').expect("a figure ends");
        let last = cond[..inner].rfind(" and ").expect("it has conditions") + 5;
        let (own, rest) = (&cond[last..inner], &cond[inner..]);
        let plain = format!("{}({own} or {own}){rest}", &cond[..last]);
        (format!("{head}{cond}"), format!("{head}{plain}"))
    };
    let pairs: Vec<(String, String)> = COUNTED.iter().map(pair).collect();
    for (most, twice) in [(250, 0), (120, 0), (250, 50), (200, 7)] {
        same_either_way(&pairs, &facts(420, most, twice));
    }
}

#[test]
fn groups_that_recursion_comes_to_again_are_gone_through_once() {
    let tied = ("person is tied".to_owned(), "person lives in house and house is touched".to_owned());
    for (most, twice) in [(300, 0), (3, 0), (3, 2), (200, 9)] {
        same_either_way(std::slice::from_ref(&tied), &facts(400, most, twice));
    }
}

/// A word that holds a missing value makes what `known` stands before false, in rows and figures alike.
#[test]
fn known_finds_nobody_for_a_word_that_is_missing() {
    let lenses = [
        ("join", "person is citizen of c and known any other is citizen of c", "young"),
        ("none", "person is citizen of c and not known any other is citizen of c", "old"),
        ("count", "person is citizen of c and count(other: known other is citizen of c) >= 1", "young"),
        ("nought", "person is citizen of c and not count(other: known other is citizen of c) >= 1", "old"),
        ("open", "person is citizen of c and other is citizen of c and other is not person", "unknown"),
    ];
    let mut text = HEAD.to_owned();
    lenses.iter().for_each(|(name, row, _)| lens(&mut text, name, row));
    text.push_str(
        "facts {\n  p was born on 2000-01-01\n  q was born on 2000-01-02\n  q is citizen of \"CH\"\n}\n",
    );
    evaluated(&text, |ruleset, evaluation| {
        let lines = grid(ruleset, evaluation);
        let own = lines.iter().find(|line| line.starts_with("p:")).expect("a subject");
        for (name, _, outcome) in lenses {
            assert!(own.contains(&format!("{name}={outcome}")), "{own}");
        }
    });
}

/// Figures about the house of somebody, with what is counted or added up of those in it.
const OF_HOUSE: [&str; 9] = [
    "count(other: GROUPother lives in house and other is a pupil) >= 1",
    "count(other: GROUPother lives in house and other attends any school and other is not person) >= 2",
    "e > 1.9 * average(f for each other: GROUPother lives in house and other earns f)",
    "e >= max(f: GROUPany other lives in house and other earns f)",
    "e < median(f for each other: GROUPother lives in house and other is not person and other earns f) - 300",
    "2 * e > sum(f for each other: GROUPother lives in house and other earns f)",
    "not sum(f for each other: GROUPother lives in house and other is a pupil and other earns f) >= 1",
    "count(other: GROUPother lives in house and other turned up on any d and d > 2019-02-01) >= 1",
    "count(other: GROUPother lives in house and other attends any school) * 300 > e",
];

#[test]
fn a_figure_that_names_the_group_itself_comes_to_the_same_as_one_about_a_group_named_before_it() {
    let pair = |cond: &&str| {
        let within = cond.replace("GROUP", "person lives in any house and ");
        // Once as a word of its own.
        let within = within
            .strip_suffix(" * 300 > e")
            .map_or(within.clone(), |figure| format!("n = {figure} and n * 300 > e"));
        let outside = cond.replace("GROUP", "");
        let nobody = cond.replace("GROUP", "person is a pupil and not person is a pupil and ");
        let of_none = nobody.replace("lives in house", "lives in any abode");
        let is_read =
            [" e", "e "].iter().any(|e| cond.starts_with(e) || cond.ends_with(e)) || cond.contains("* e");
        let said = if is_read { "person earns e" } else { "person earns any e" };
        (
            format!("{said} and {within}"),
            format!(
                "{said} and ((person lives in house and {outside}) \
                 or (not person lives in any abode and {of_none}))"
            ),
        )
    };
    let pairs: Vec<(String, String)> = OF_HOUSE.iter().map(pair).collect();
    let some = facts(1200, 300, 0);
    let homeless: String =
        some.lines().filter(|line| !line.contains("3 lives in")).map(|line| format!("{line}\n")).collect();
    same_either_way(&pairs, &some);
    same_either_way(&pairs, &homeless);
}

#[test]
fn what_is_said_the_other_way_round_is_the_same() {
    let pairs = [
        (
            "person earns e and e > 1.9 * average(f for each other: other earns f and not other is person)",
            "person earns e and e > 1.9 * average(f for each other: other earns f and other is not person)",
        ),
        (
            "person earns e and person lives in house and sum(f for each other: (other lives in house or other earns e) and other earns f and other attends any school) > e * 3",
            "person earns e and person lives in house and sum(f for each other: other earns f and other attends any school and (other lives in house or f = e)) > e * 3",
        ),
        (
            "person earns e and person attends s and person lives in house and count(other: (other lives in house or other attends s) and other earns any f and e < f) >= 40",
            "person earns e and person attends s and person lives in house and count(other: other earns any f and f > e and not (not other attends s and not other lives in house)) >= 40",
        ),
        (
            "person was born on b and count(other: other was born on any c and c - b = 0 and other attends any school) >= 1",
            "person was born on b and count(other: other was born on b and other attends any school) >= 1",
        ),
        (
            "person earns e and count(other: other earns any f and 0 >= f - e and not f != e and other attends any school) >= 1",
            "person earns e and count(other: other earns e and other attends any school) >= 1",
        ),
        (
            "person earns e and sum(1 for each other: other earns any f and f > e) < 40",
            "person earns e and count(other: other earns any f and f > e) < 40",
        ),
        (
            "person turned up on d and not d < 2001-01-01 and not 2009-01-01 <= d",
            "person turned up on d and d >= 2001-01-01 and d < 2009-01-01",
        ),
    ];
    let pairs: Vec<(String, String)> =
        pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect();
    same_either_way(&pairs, &facts(420, 250, 7));
}

/// What is asked of somebody who earns `e`, was born on `b`, attends `s` and lives in `house`, perhaps with others; each with
/// what means the same and is gone through.
const WRITTEN_OTHERWISE: [(&str, &str); 22] = [
    (
        "count(other: other lives in house and not other attends s) >= 40",
        "count(other: other lives in house) - count(peer: peer lives in house and peer attends s) >= 40",
    ),
    (
        "sum(f for each other: other lives in house and other earns f and not other attends s) > 20000",
        "sum(f for each other: other lives in house and other earns f and (not other attends s or not other attends s)) > 20000",
    ),
    (
        "count(other: other lives in house and other is not person and other earns any f and f > e) < 30",
        "count(other: other lives in house and other earns any f and f > e) < 30",
    ),
    (
        "count(other: other lives in house and not other is person and other earns any f and not f < e) < 30",
        "count(other: other lives in house and other earns any f and f >= e) <= 30",
    ),
    (
        "person turned up on t and count(other: other lives in house and other is not person and other turned up on any d and d > t) < 30",
        "person turned up on t and count(other: other lives in house and other is not person and other turned up on any d and (d > t or d > t)) < 30",
    ),
    (
        "person turned up on t and count(other: other lives in house and not other turned up on t) >= 120",
        "person turned up on t and count(other: other lives in house and (not other turned up on t or not other turned up on t)) >= 120",
    ),
    (
        "count(other: other attends s or other lives in house) >= 60",
        "count(other: other attends s) + count(peer: peer lives in house) \
         - count(third: third attends s and third lives in house) >= 60",
    ),
    (
        "count(other: (other attends s or other lives in house) and other is citizen of \"CH\") >= 30",
        "count(other: other is citizen of \"CH\" and not (not other attends s and not other lives in house)) >= 30",
    ),
    (
        "average(x for each other: other lives in house and other earns any f and x = abs(e - f)) > 300",
        "average(x for each other: other lives in house and other earns any f and x = abs(e - f) and (x >= 0 or x < 0)) > 300",
    ),
    (
        "max(x: any other lives in house and other turned up on any d and x = d - b) > 20000",
        "max(x: any other lives in house and other turned up on any d and x = d - b and (x >= 0 or x < 0)) > 20000",
    ),
    (
        "min(x: any other lives in house and other is not person and other earns any f and x = abs(e - f)) < 2",
        "min(x: any other lives in house and other is not person and other earns any f and x = abs(e - f) and (x >= 0 or x < 0)) < 2",
    ),
    (
        "count(other: other lives in house and other earns any f and f > e and other was born on any c and c < b) = 0",
        "not (any other lives in house and other earns any f and f > e and other was born on any c and c < b)",
    ),
    (
        "1 > count(other: other lives in house and other turned up on any d and d > b + 25000 days and other earns any f and f > e)",
        "not count(other: other lives in house and other turned up on any d and d > b + 25000 days and other earns any f and f > e) >= 1",
    ),
    (
        "e = max(f: any other lives in house and other earns f and other was born on any c and year(c) - year(b) = 0)",
        "e = max(f: any other lives in house and other earns f and other was born on any c and (year(c) = year(b) or year(c) = year(b)))",
    ),
    ("other lives in house and other is not person and other earns f and not abs(f - e) > 1", ""),
    ("other lives in house and other is not person and other was born on c and c - b = 4", ""),
    ("person turned up on t and other lives in house and other turned up on d and d - t = 9", ""),
    (
        "other lives in house and other is not person and other earns f and x = f - e and x > 0 and x <= 2",
        "other lives in house and other is not person and other earns f and (f - e > 0 or f - e > 0) and (f - e <= 2 or f - e <= 2)",
    ),
    (
        "other lives in house and other was born on c and c = max(d: any third lives in house and third was born on d and d < b) and other earns f and e > 9 * f",
        "other lives in house and other was born on c and other earns f and e > 9 * f and (c = max(d: any third lives in house and third was born on d and d < b) or c = max(d: any third lives in house and third was born on d and d < b))",
    ),
    (
        "other lives in house and other was born on c and c = max(d: any third lives in house and third was born on d and known third turned up on any t) and other turned up on u and u > 2010-01-01",
        "other lives in house and other was born on c and (c = max(d: any third lives in house and third was born on d and known third turned up on any t) or c = max(d: any third lives in house and third was born on d and known third turned up on any t)) and other turned up on u and u > 2010-01-01",
    ),
    ("other lives in house and other was born on c and day(c) + 5 * month(c) > month(b) * 5 + 76", ""),
    ("other lives in house and other turned up on d and years-between(b, d) > 96", ""),
];

#[test]
fn what_is_written_otherwise_within_comes_to_the_same() {
    let said = [("e", "earns"), ("b", "was born on"), ("s", "attends"), ("house", "lives in")];
    let pair = |(own, other): &(&str, &str)| {
        let words: Vec<&str> = own.split([' ', '(', ')', ',']).collect();
        let head: String = said
            .iter()
            .filter(|(word, _)| words.contains(word))
            .map(|(word, says)| format!("person {says} {word} and "))
            .collect();
        let (given, last) = own.rsplit_once(" and ").unwrap_or(("", own));
        let other =
            if other.is_empty() { format!("{given} and {}", either(last)) } else { (*other).to_owned() };
        (format!("{head}{own}"), format!("{head}{other}"))
    };
    let pairs: Vec<(String, String)> = WRITTEN_OTHERWISE.iter().map(pair).collect();
    same_either_way(&pairs, &facts(420, 250, 7));
}

/// Ways through groups from some of their members: where each leads to all others, told once with nothing between the two
/// but the group, and once with a condition on both, so that nothing lies between them.
#[test]
fn ways_through_groups_are_the_same_where_they_stop_there() {
    let rules = |name: &str, rest: &str| {
        format!(
            "relation start: Person {name} other: Person by Number, keeping the fewest\n\
             define start {name} start by 0 when start is a pupil\n\
             define start {name} other by n when start {name} person by m and person lives in house \
               and other lives in house{rest} and n = m + 1\n\
             define start {name} other by n when start {name} person by m and person attends school \
               and third attends school and third lives in house and other lives in house{rest} \
               and n = m + 2 and n < 7\n\
             relation start: Person {name} with other: Person\n\
             define start {name} with start when start is a pupil\n\
             define start {name} with other when start {name} with person and person lives in house \
               and other lives in house{rest}\n"
        )
    };
    let head = format!(
        "{HEAD}{}{}",
        rules("quickly reaches", ""),
        rules("plainly reaches", " and other is not person")
    );
    let mut pairs: Vec<(String, String)> = (1..5)
        .map(|far| {
            let row = |how: &str| format!("any start {how} reaches person by n and n < {far}");
            (row("quickly"), row("plainly"))
        })
        .collect();
    pairs.push((
        "any start quickly reaches with person".to_owned(),
        "any start plainly reaches with person".to_owned(),
    ));
    pairs.push((
        "count(start: start quickly reaches with person) > 1".to_owned(),
        "count(start: start plainly reaches with person) > 1".to_owned(),
    ));
    for (most, twice) in [(600, 0), (500, 45)] {
        same_over(&head, &pairs, &facts(700, most, twice));
    }
}
