//! Values compared with those of all others of a group: tables large enough that the rows are put in the order of
//! their values, small enough for the plain evaluator.

use std::fmt::Write as _;

use super::{both, opened};
use crate::generator::Random;

const HEAD: &str = "kind Pupil\nkind Class\n\
    relation Pupil is in Class\nrelation Pupil has mark Number?\nrelation Pupil weighs Number\n\
    relation Pupil came on Date\nrelation Pupil owes Number?\nrelation Pupil knows other: Pupil\n\
    question Pupil is top | low\n  among pupil is in any c\n";

/// Conditions on a pupil in `c` with mark `n`, weight `w`, day `d` and debt `o`.
const CONDITIONS: &[&str] = &[
    "not (any q is in c and q has mark any m and m > n)",
    "not (any q is in c and known (q has mark any m) and m >= n and q is not pupil)",
    "count(q: q is in c and known (q has mark any m) and m > n) < 3",
    "count(q: q is in c and q has mark any m and n < m) < 3",
    "count(q: q has mark any m and m < n * 1.5) > 30",
    "count(q: q is in c and q came on any e and e >= d and e < d + 1 months) > 4",
    "count(q: q is in c and q came on any e and e - d >= 0 and e - d <= 7 and q is not pupil) > 1",
    "not (any q came on any e and d - e > 20)",
    "sum(m for each q m: q is in c and q weighs m and m <= w) > 60",
    "average(m for each q m: q weighs m and m > w - 5 and m < w + 5) > w",
    "max(m: any q is in c and q has mark m and m < n) > 5",
    "count(m: any q is in c and q has mark m and -m < 10 - n) > 6",
    "count(q: q is in c and q owes any m and m < o) > 2",
    "not (any q owes any m and m > o and not q knows pupil)",
    "count(q: q is in c and q weighs any m and m > w and q knows pupil) > 0",
    "count(q: q weighs any m and m / 2 > w) < 9",
    "count(q: q is in c and q has mark any m and m > n and q weighs any v and v > w) < 4",
    "count(q: q is in c and ((q has mark any m and m > n) or (q weighs any v and v > w))) < 12",
];

/// Pupils at random, some of whom have two marks, some none, one that nobody knows or none for certain.
fn text(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("language 1\n{HEAD}");
    for (lens, condition) in CONDITIONS.iter().enumerate() {
        let words: Vec<&str> = condition.split(|letter: char| !letter.is_alphanumeric()).collect();
        let said =
            |word: &'static str| if words.contains(&word) { word.to_owned() } else { format!("any {word}1") };
        let _ = writeln!(
            text,
            "lens v{lens} {{\n  a: top when pupil is in {} and pupil has mark {} and pupil weighs {} and \
             pupil came on {} and pupil owes {} and {condition}\n  otherwise low\n}}",
            said("c"),
            said("n"),
            said("w"),
            said("d"),
            said("o")
        );
    }
    text.push_str("facts {\n");
    for pupil in 0..90 {
        let maybe = if random.below(14) == 0 { "maybe " } else { "" };
        let _ = writeln!(text, "  {maybe}p{pupil} is in c{}", random.below(3));
        if random.below(9) != 0 {
            let _ = writeln!(text, "  p{pupil} has mark {}.{}", random.below(12), random.below(2) * 5);
        }
        if random.below(12) != 0 {
            let _ = writeln!(text, "  p{pupil} owes {}", random.below(9));
        }
        let day = random.below(28) + 1;
        let _ = writeln!(
            text,
            "  p{pupil} weighs {}\n  p{pupil} came on 2025-0{}-{day:02}",
            random.below(30),
            1 + day % 3
        );
        if random.below(3) == 0 {
            let _ = writeln!(text, "  p{pupil} knows p{}", random.below(90));
        }
    }
    text.push_str("}\n");
    text
}

#[test]
fn values_in_order_agree_with_the_plain_evaluator() {
    for seed in 0..4 {
        let text = text(seed);
        let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
        assert_eq!(difference, Some(None), "seed {seed}\n{text}");
    }
}
