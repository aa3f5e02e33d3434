//! What can be said in two ways: as something that exists and as a count of it. Both give the same, whatever the search
//! begins with, and whatever it asks once for several. Enough facts that the order of a search is chosen by their counts.

use std::fmt::Write as _;

use crate::support::{evaluated, grid};

const FLIGHTS: u32 = 9000;

const HEAD: &str = "language 1
kind Flight
kind Airline
kind Airport
kind Report
relation Airline operates Flight
relation Flight departs from Airport
relation Flight lands at Airport
relation Flight is planned on Date
relation Flight arrived late by Number?
relation Flight notes Text
relation Flight costs Number
relation Report is about Airport on Date
relation Report says Text
relation Report measured Number?
relation Airport lies in region: Text
question Flight is odd | fine
  among flight is planned on any day
question Flight is out | in for Airport
  among flight departs from airport or flight lands at airport
";

/// What stands before, the word that is counted, and all that is said of it; `~` marks where a word comes first.
const ALIKE: [(&str, &str, &str); 18] = [
    ("", "other", "~airline operates flight and airline operates ~other and other costs ~c and c > 998"),
    (
        "",
        "other",
        "~airline operates flight and airline operates ~other and known other arrived late by ~m and m < 4",
    ),
    (
        "",
        "other",
        "flight departs from ~p and ~other lands at p and other costs ~c and c <= 3 and other is planned on ~day and \
         flight is planned on day",
    ),
    (
        "",
        "other",
        "~airline operates flight and airline operates ~other and other arrived late by ~m and m > 590",
    ),
    (
        "",
        "other",
        "~airline operates flight and airline operates ~other and other arrived late by ~m and m > 590 and other is not flight",
    ),
    (
        "",
        "other",
        "flight departs from ~p and flight lands at ~q and flight is planned on ~day and ~other departs from p and other \
         lands at q and other is planned on day and other is not flight",
    ),
    (
        "",
        "report",
        "flight departs from ~p and flight is planned on ~day and ~report is about p on ~d and d = day - 1 days and report \
         says ~t and contains(lower(t), \"storm\")",
    ),
    ("", "report", "flight lands at ~p and ~report is about p on any d and report says \"hail\""),
    (
        "flight notes note and ends-with(note, \"7\") and ",
        "other",
        "flight departs from ~p and ~other lands at p and other notes ~n and starts-with(n, \"zz\") and length(n) >= 4",
    ),
    ("", "airline", "~airline operates flight and airline operates ~other and other notes \"zz77\""),
    (
        "",
        "other",
        "flight arrived late by ~m and ~airline operates flight and airline operates ~other and other arrived late by ~n and \
         n > 580 and m > n - 400",
    ),
    ("", "other", "flight departs from ~p and ~other departs from p and other is planned on 2026-01-05"),
    (
        "",
        "report",
        "flight is planned on ~day and ~report is about ~p on day and report says \"hail\" and p lies in \"r3\"",
    ),
    // Within some days at one place.
    (
        "",
        "report",
        "flight departs from ~p and flight is planned on ~day and ~report is about p on ~d and day - d >= 0 and day - d <= 2 \
         and known report measured ~w and w > 88",
    ),
    (
        "",
        "report",
        "flight departs from ~p and flight is planned on ~day and ~report is about p on ~d and day - d >= 0 and day - d <= 2 \
         and report measured ~w and w > 88",
    ),
    (
        "",
        "report",
        "flight lands at ~p and flight is planned on ~day and ~report is about p on ~d and d > day and report measured ~w and \
         w <= 3",
    ),
    (
        "",
        "report",
        "flight departs from ~p and flight is planned on ~day and ~report is about p on ~d and d < day - 25 days and report \
         says ~t and contains(lower(t), \"storm\") and known report measured ~w and w > 60",
    ),
    (
        "",
        "other",
        "flight departs from ~p and flight is planned on ~day and ~other departs from p and other is planned on ~d and \
         d - day >= 1 and d - day <= 3 and other costs ~c and c > 900",
    ),
];

/// The same of pairs of a flight and an airport.
const OF_PAIRS: [(&str, &str); 7] = [
    ("report", "~report is about airport on any d and report says \"hail\""),
    (
        "airline",
        "~airline operates flight and airline operates ~other and other notes \"zz77\" and airport lies in \"r1\"",
    ),
    (
        "other",
        "flight departs from ~p and ~other lands at p and other lands at airport and other arrived late by ~m and m > 570",
    ),
    (
        "day",
        "flight is planned on ~day and airport lies in ~r and r is one of \"r1\", \"r4\" and any report is about airport on day",
    ),
    // By what leads on to what is given.
    (
        "other",
        "~other lands at airport and other departs from ~q and q lies in \"r2\" and other costs ~c and flight costs ~own and \
         c > own + 900",
    ),
    (
        "other",
        "~airline operates flight and ~other lands at airport and airline operates other and other departs from ~q and q lies \
         in ~r and airport lies in r",
    ),
    (
        "report",
        "~report is about airport on ~d and report says \"fair\" and flight is planned on d and ~other lands at airport and other departs from ~q and q \
         lies in \"r5\" and other is planned on d",
    ),
];

fn facts() -> String {
    let mut text = String::from("facts {\n");
    let mut say = |line: std::fmt::Arguments<'_>| writeln!(text, "  {line}").expect("a text takes all");
    for at in 0..FLIGHTS {
        // Some airlines and airports have far more than others.
        let (airline, from, to) = (at * at % 97 % 31, at * at / 7 % 89 % 40, at * 31 % 40);
        say(format_args!("l{airline} operates f{at}"));
        say(format_args!("f{at} departs from p{from}"));
        say(format_args!("f{at} lands at p{to}"));
        say(format_args!("f{at} is planned on 2026-{:02}-{:02}", at % 3 + 1, at * 13 % 28 + 1));
        say(format_args!("f{at} notes \"{}{}\"", if at % 701 == 5 { "zz" } else { "n" }, at % 83));
        say(format_args!("f{at} costs {}", at * at % 1009));
        if at % 11 != 0 {
            say(format_args!("f{at} arrived late by {}", at * 17 % 601));
        }
    }
    say(format_args!("f5 notes \"zz77\""));
    for at in 0..6000 {
        say(format_args!("r{at} is about p{} on 2026-{:02}-{:02}", at * 7 % 30, at % 3 + 1, at * 5 % 28 + 1));
        let says = match at {
            4321 => "hail",
            _ if at % 97 == 3 => "Storm",
            _ => "fair",
        };
        say(format_args!("r{at} says \"{says}\""));
        if at % 13 != 4 {
            say(format_args!("r{at} measured {}", at * at % 101));
        }
    }
    for at in 0..40 {
        say(format_args!("p{at} lies in \"r{}\"", at % 7));
    }
    text.push_str("}\n");
    text
}

/// A lens that says something exists, one that counts it, and the same of what must not be.
fn lenses(question: &str, [yes, no]: [&str; 2], before: &str, word: &str, body: &str, at: usize) -> String {
    let mut text = String::new();
    let counted = body.replace(&format!("~{word} "), &format!("{word} ")).replace('~', "any ");
    for (name, cond) in [
        (format!("{question}{at}-some"), format!("{before}{}", body.replace('~', ""))),
        (format!("{question}{at}-count"), format!("{before}count({word}: {counted}) > 0")),
        (format!("{question}{at}-none"), format!("{before}not ({})", body.replace('~', "any "))),
        (format!("{question}{at}-nought"), format!("{before}count({word}: {counted}) = 0")),
    ] {
        writeln!(text, "lens {name} answers {yes} {{\n  row: {yes} when {cond}\n  otherwise {no}\n}}")
            .expect("a text takes all");
    }
    text
}

#[test]
fn what_exists_is_what_is_counted() {
    let mut rules = String::new();
    for (at, (before, word, body)) in ALIKE.iter().enumerate() {
        rules.push_str(&lenses("f", ["odd", "fine"], before, word, body, at));
    }
    for (at, (word, body)) in OF_PAIRS.iter().enumerate() {
        rules.push_str(&lenses("p", ["out", "in"], "", word, body, at));
    }
    let lines = evaluated(&format!("{HEAD}{rules}{}", facts()), grid);
    assert!(lines.len() > FLIGHTS as usize * 2, "{}", lines.len());
    let mut said = std::collections::BTreeSet::new();
    for line in &lines {
        let outcomes: Vec<(&str, &str)> = line.split(' ').filter_map(|part| part.split_once('=')).collect();
        for pair in outcomes.chunks(2) {
            let [(one, left), (other, right)] = pair else { unreachable!("{line}") };
            assert_eq!(left, right, "{one} and {other} of {line}");
            said.insert((*one, *left));
        }
    }
    for at in 0..ALIKE.len() {
        for verdict in ["odd", "fine"] {
            let is_said =
                said.iter().any(|(lens, own)| lens.starts_with(&format!("f{at}-")) && *own == verdict);
            assert!(is_said, "f{at} is never {verdict}");
        }
    }
    for at in 0..OF_PAIRS.len() {
        for verdict in ["out", "in"] {
            let is_said =
                said.iter().any(|(lens, own)| lens.starts_with(&format!("p{at}-")) && *own == verdict);
            assert!(is_said, "p{at} is never {verdict}");
        }
    }
}

/// Conditions on an airport that reckon the same several times, between other conditions.
const FIGURES: [&str; 8] = [
    "flight departs from airport and flight is planned on last and last = max(d: any f departs from airport and f is planned on d) \
     and flight costs c and c > 990",
    "flight departs from airport and flight arrived late by m and flight is planned on last and \
     last = max(d: any f departs from airport and f is planned on d) and m > 560",
    "flight departs from airport and flight costs c and last = min(m: any f departs from airport and f arrived late by m) and \
     c < least(40, 2 * last) and flight arrived late by n and n > 500",
    "flight departs from airport and last = min(m: any f departs from airport and f arrived late by m) and \
     flight arrived late by n and n < last + 1 and flight costs c and c > 300",
    "average(m for each f: f departs from airport and known f arrived late by m and f is planned on any d and \
     d > 2026-03-01 - 2 months) > 300",
    "average(m for each f: f departs from airport and known f arrived late by m and f is planned on any d and \
     d > 2026-03-01 - 2 months) < 299",
    "count(r: r says \"hail\" and r is about airport on any d) >= 1",
    "sum(c ^ 0.5 / 2 for each f: f departs from airport and f costs c) > 3000 and \
     count(f: f departs from airport and f arrived late by any m and m ^ 0.5 * exp(m / 600) > 20.5) > 120",
];

#[test]
fn rows_that_reckon_the_same_say_what_each_says_alone() {
    let mut rules = "question Airport is busy | calm\n  among any flight departs from airport\n".to_owned();
    let mut together = "lens together answers busy {\n".to_owned();
    for (at, figure) in FIGURES.iter().enumerate() {
        writeln!(together, "  r{at}: busy when {figure}").expect("a text takes all");
        writeln!(rules, "lens alone{at} answers busy {{\n  row: busy when {figure}\n  otherwise calm\n}}")
            .expect("a text takes all");
    }
    for pair in 0..FIGURES.len() / 2 {
        writeln!(
            rules,
            "lens both{pair} answers busy {{\n  a: busy when {}\n  b: busy when {}\n  otherwise calm\n}}",
            FIGURES[2 * pair],
            FIGURES[2 * pair + 1]
        )
        .expect("a text takes all");
    }
    rules.push_str(&together);
    rules.push_str("  otherwise calm\n}\n");
    let lines = evaluated(&format!("{HEAD}{rules}{}", facts()), grid);
    let lines: Vec<&String> = lines.iter().filter(|line| line.contains("together=")).collect();
    assert!(lines.len() >= 40, "{}", lines.len());
    let any = |outcomes: &[&str]| match outcomes {
        _ if outcomes.contains(&"busy") => "busy",
        _ if outcomes.iter().all(|outcome| *outcome == "calm") => "calm",
        _ => "unknown",
    };
    let mut said = std::collections::BTreeSet::new();
    for line in lines {
        let outcomes: std::collections::BTreeMap<&str, &str> =
            line.split(' ').filter_map(|part| part.split_once('=')).collect();
        let alone: Vec<&str> = (0..FIGURES.len()).map(|at| outcomes[format!("alone{at}").as_str()]).collect();
        for (at, own) in alone.iter().enumerate() {
            said.insert((at, *own));
        }
        for (pair, own) in alone.chunks(2).enumerate() {
            assert_eq!(any(own), outcomes[format!("both{pair}").as_str()], "{pair} of {line}");
        }
        assert_eq!(any(&alone), outcomes["together"], "{line}");
    }
    assert!(said.len() >= 2 * FIGURES.len() - 3, "{said:?}");
}

/// What a flight is compared with of the others, each of which is another than it is: `~` stands for saying so.
const OTHERS: [&str; 13] = [
    "flight departs from p and flight costs c and c > 1.9 * average(d for each other: other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and 150 * c > sum(d for each other: other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and c >= max(d: any other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and c - 3 <= min(d: any other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and c > median(d for each other: other departs from p and ~ and other costs d)",
    "flight departs from p and count(other: other departs from p and ~ and other costs any d and d > 500) >= 118",
    "flight departs from p and count(other: other departs from p and ~ and other arrived late by any m and m > 300) >= 113",
    "flight departs from p and flight costs c and c > 2.2 * max(m: any other departs from p and ~ and known other arrived late by m)",
    "flight costs c and c * 4530500 > 1000 * sum(d for each other: other costs d and ~)",
    "flight departs from p and flight costs c and c / 7 > 1.9 * average(d / 7 for each other: other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and 1 / (c + 1) > 2 * median(1 / (d + 1) for each other: other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and c / 7 >= max(d / 7: any other departs from p and ~ and other costs d)",
    "flight departs from p and flight costs c and c / 3 > 3 * average(d / 3 for each other: other departs from p and ~ and known other arrived late by d)",
];

#[test]
fn what_the_others_come_to_is_asked_one_by_one_or_taken_off_the_whole() {
    say_the_same(&OTHERS, ("other is not flight", "not other is flight"));
}

/// The least or the greatest of what lies on one side of a value, in two ways of saying so.
const BEYOND: [&str; 4] = [
    "flight departs from p and flight costs c and c - 4 > max(b: any other departs from p and other costs b and ~)",
    "flight departs from p and flight costs c and c - 300 > min(b: any other departs from p and other costs b and ~)",
    "flight departs from p and flight arrived late by c and c - 2 > max(b: any other departs from p and known other arrived late by b \
     and ~)",
    "flight departs from p and flight arrived late by c and c - 2 > max(b: any other departs from p and other arrived late by b and ~)",
];

#[test]
fn what_lies_next_to_a_value_is_found_in_the_order_of_values_or_one_by_one() {
    say_the_same(&BEYOND, ("b < c", "b - c < 0"));
}

/// What something worked out of a word must be, which many rows have of each airport.
const CLASSES: [&str; 3] = [
    "flight departs from p and flight is planned on day and 12 * count(r: r is about p on any d and ~) > count(r2: r2 is about p on any e)",
    "flight departs from p and flight is planned on day and sum(m for each r: r is about p on any d and ~ and known r measured m) > 900",
    "flight departs from p and flight is planned on day and not (any r is about p on any d and ~ and known r measured any m and m > 99)",
];

#[test]
fn what_something_worked_out_equals_is_looked_up_or_compared() {
    say_the_same(&CLASSES, ("month(d) = month(day)", "month(d) - month(day) = 0"));
}

/// Lenses say the same of each flight whichever of two texts stands in them.
fn say_the_same(figures: &[&str], (one, other): (&str, &str)) {
    let mut rules = String::new();
    for (at, figure) in figures.iter().enumerate() {
        for (name, said) in [("one", one), ("other", other)] {
            let figure = figure.replace('~', said);
            writeln!(rules, "lens {name}{at} answers odd {{\n  row: odd when {figure}\n  otherwise fine\n}}")
                .expect("a text takes all");
        }
    }
    let lines = evaluated(&format!("{HEAD}{rules}{}", facts()), grid);
    let lines: Vec<&String> = lines.iter().filter(|line| line.contains("one0=")).collect();
    assert_eq!(lines.len(), FLIGHTS as usize);
    let mut said = std::collections::BTreeSet::new();
    for line in lines {
        let outcomes: Vec<(&str, &str)> = line.split(' ').filter_map(|part| part.split_once('=')).collect();
        for pair in outcomes.chunks(2) {
            let [(one, left), (other, right)] = pair else { unreachable!("{line}") };
            assert_eq!(left, right, "{one} and {other} of {line}");
            said.insert((*one, *left));
        }
    }
    assert!(said.len() >= 2 * figures.len(), "{said:?}");
}
