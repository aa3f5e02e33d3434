//! Figures over the facts of each subject: of one sentence, of several about the same things, of dates, of values that
//! are missing or doubtful, compared with what nothing would come to.

use std::fmt::Write as _;

use super::{both, opened};
use crate::generator::Random;

const HEAD: &str = "kind Party\nkind Sale\nkind Good\n\
    relation Party has role Text\nrelation Party pays other: Party for Good at Number\n\
    relation Sale is to Party\nrelation Sale is of Good\nrelation Sale costs Number\nrelation Sale was on Date\n\
    relation Sale is rated Number?\nrelation Sale came on Date?\nrelation Party visits Good on Date\n\
    relation Party owes Number\n\
    relation Party earned Number in year: Number by Good\n\
    question Party is high | mid | low of other: Party\n\
    \x20 among party has role any r and other has role any q\n";

/// What must be so of a party and another one.
const CONDITIONS: &[&str] = &[
    "sum(n for each g n: party pays other for g at n) > 0",
    "sum(n for each g n: party pays other for g at n) > 20.5",
    "sum(n for each g n: party pays other for g at n) < 3",
    "0 < sum(n for each g n: party pays other for g at n and n > 4)",
    "sum(n for each n: party pays other for any g at n) >= 12",
    "count(g: party pays other for g at any n) >= 2",
    "count(n: party pays other for any g at n) > 1",
    "average(n for each g n: party pays other for g at n) > 6.25",
    "median(n for each g n: party pays other for g at n and n != 7) <= 6",
    "max(n: party pays other for any g at n) - min(n: party pays other for any g at n) > 5",
    "min(d: party visits any g on d) < 2025-01-09",
    "max(d: party visits any g on d) >= 2025-01-25",
    "max(d: party visits any g on d) - min(d: party visits any g on d) > 14 and other visits any g1 on any d1",
    "count(d: party visits any g on d and d >= 2025-01-10) >= 2",
    "count(d: party visits any g on d and d > 2025-01-05 and d <= 2025-01-20) = 1",
    "sum(c for each s: s is to party and s costs c) > 15",
    "average(c for each s: s is to party and s costs c and c > 2) < 6",
    "sum(r for each s: s is to party and known s is rated r) >= 4",
    "sum(r for each s: s is to party and s is rated r) >= 4",
    "max(r: any s is to party and known s is rated r) > 3",
    "max(d - e: any s is to party and s was on e and known s came on d) > 3",
    "max(d: any s is to party and s came on d) > 2025-01-20",
    "min(d: any s is to party and known s came on d) <= 2025-01-06",
    "count(s: s is to party and s is of any g and other visits g on any d1) > 0",
    "sum(c * 2 - r for each s: s is to party and s costs c and known s is rated r) > 11.5",
    "sum(c for each s: s is to party and s costs c and s was on any d and d > 2025-01-12) > 0",
    "count(s: s is to party and s costs any c and c > 4 and s was on any d) >= 1",
    "sum(c for each s: s is to other and s costs c) > 3 * average(c for each s: s is to party and s costs c)",
    "sum(n: party owes n) > 0",
    "average(n for each y: party earned n in y by any g) > 5",
    "max(n: party earned n in any y by any g) <= 8 and sum(n for each y: party earned n in y by any g) > 0",
    "median(n for each y g: party earned n in y by g and y >= 2021) < 7.5",
    "count(q: q pays party for any g at any n and n > 3) >= 2",
    "not (sum(n for each g n: party pays other for g at n) > 0)",
    "sum(n for each g n: party pays other for g at n) > 0 and max(n: other pays party for any g at n) > 2",
    "average(c for each s: s is to party and s costs c) / 3 < average(r for each s: s is to party and known s is rated r)",
];

fn text(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("language 1\n{HEAD}");
    for (lens, condition) in CONDITIONS.iter().enumerate() {
        let condition = condition.replace("sum(n: party owes n)", "sum(n for each n: party owes n)");
        let _ = writeln!(
            text,
            "lens v{lens} {{\n  a: high when {condition}\n  b: mid when party pays other for any g9 at any n9\n  \
             otherwise low\n}}"
        );
    }
    text.push_str("facts {\n");
    let mut state = |random: &mut Random, doubt: usize, fact: String| {
        let maybe = if random.below(doubt) == 0 { "maybe " } else { "" };
        let _ = writeln!(text, "  {maybe}{fact}");
    };
    let doubt = if seed.is_multiple_of(2) { usize::MAX } else { 9 };
    let amount = |random: &mut Random| format!("{}.{}", random.below(12), random.below(2) * 5);
    let day = |random: &mut Random| format!("2025-01-{:02}", random.below(28) + 1);
    for party in 0..9 {
        state(&mut random, usize::MAX, format!("p{party} has role \"x\""));
        if random.below(3) == 0 {
            let (other, fact) = (amount(&mut random), "owes");
            state(&mut random, doubt, format!("p{party} {fact} {other}"));
        }
        for year in 2019..2024 {
            // What is earned in a year is the same by whatever it was.
            let (goods, amount) = (random.below(3), amount(&mut random));
            for good in 0..goods {
                state(&mut random, doubt, format!("p{party} earned {amount} in {year} by g{good}"));
            }
        }
        for _ in 0..random.below(4) {
            let (good, day) = (random.below(4), day(&mut random));
            state(&mut random, doubt, format!("p{party} visits g{good} on {day}"));
        }
        for _ in 0..random.below(6) {
            let (other, good, amount) = (random.below(9), random.below(4), amount(&mut random));
            state(&mut random, doubt, format!("p{party} pays p{other} for g{good} at {amount}"));
        }
    }
    for sale in 0..14 {
        let (party, good, cost) = (random.below(9), random.below(4), amount(&mut random));
        state(&mut random, doubt, format!("s{sale} is to p{party}"));
        state(&mut random, doubt, format!("s{sale} is of g{good}"));
        if random.below(6) != 0 {
            state(&mut random, usize::MAX, format!("s{sale} costs {cost}"));
        }
        let (on, came) = (day(&mut random), day(&mut random));
        state(&mut random, usize::MAX, format!("s{sale} was on {on}"));
        if random.below(4) != 0 {
            let rating = random.below(5) + 1;
            state(&mut random, usize::MAX, format!("s{sale} is rated {rating}"));
            state(&mut random, usize::MAX, format!("s{sale} came on {came}"));
        }
    }
    text.push_str("}\n");
    text
}

#[test]
pub(super) fn figures_agree_with_the_plain_evaluator() {
    for seed in 0..12 {
        let text = text(seed);
        let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
        assert_eq!(difference, Some(None), "seed {seed}\n{text}");
    }
}
