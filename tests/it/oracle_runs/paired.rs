//! Conditions between words of different sentences: tables large enough that what goes together is worked out from the
//! values, small enough for the plain evaluator.

use std::fmt::Write as _;

use super::{both, opened};
use crate::generator::Random;

const HEAD: &str = "kind Item\nkind Term\nkind Group\n\
    relation Item has code Text\nrelation Item is called name: Text?\nrelation Item has size Number\n\
    relation Item has weight Number?\nrelation Item came on Date\nrelation Item is in Group\n\
    relation Term reads Text\nrelation Term means name: Text?\nrelation Term measures Number\n\
    relation Term carries Number?\nrelation Term began on Date\nrelation Term lies in Group\n\
    relation Term asks for Text\nrelation Item resembles Term\nrelation Item is like other: Item\n\
    define item resembles term when item is called m and term reads t and lower(m) = lower(t)\n\
    define item resembles term when item has size w and term measures v and w * 2 = v + 1\n\
    define item is like other when item has code c and other has code d and starts-with(d, c) and item is not other\n\
    question Item is top | low\n  among item has code any c\n";

/// Conditions on an item in group `g` with code `c`, name `n`, size `s`, weight `k` and day `d`.
const CONDITIONS: &[&str] = &[
    "any q reads t and starts-with(c, t) and length(t) > 1",
    "not (any q reads any t and starts-with(t, c))",
    "count(q: q reads any t and starts-with(lower(n), t)) > 2",
    "count(q: q means any t and starts-with(n, t)) < 4",
    "any q means t and ends-with(c, t) and length(t) > 1",
    "not (any q means any t and ends-with(lower(t), lower(n)))",
    "not (any q reads any t and contains(n, t) and q lies in g)",
    "any q means t and contains(lower(t), lower(c))",
    "count(t: any q means t and contains(c, t)) > 3",
    "any q reads t and lower(n) = lower(t)",
    "not (any q means any t and lower(n) = lower(t))",
    "not (any q means any t and n = t)",
    "any q means t and c = t",
    "count(q: q means any t and trim(lower(t)) = c and q lies in g) > 0",
    "count(q: q began on any e and year(e) = year(d) and month(e) = month(d)) > 40",
    "not (any q began on any e and e - 3 days = d and q lies in g)",
    "any q measures m and m * 2 = s + 1 and q carries any w",
    "count(q: q carries any m and k + 1 = m * 2) > 3",
    "not (any q carries any m and k = m and not q lies in g)",
    "sum(m for each q m: q measures m and round(m / 3) = round(s / 3)) > 100",
    "any q asks for t and matches(n, t)",
    "not (any q asks for any t and matches(c, t))",
    "item resembles q and q lies in g",
    "count(q: item resembles q) > 2",
    "count(i: item is like i) > 2",
    "not (any q reads any t and (starts-with(c, t) or starts-with(t, lower(n))))",
    "x = lower(n) and not (any q means any t and lower(t) = x)",
    "x = s + 1 and y = x * 2 and count(q: q measures any m and m + 2 = y) > 0",
    "not (any q lies in g and q means any t and starts-with(t, c) = no)",
    "count(q: q lies in g and q means any t and ends-with(lower(n), trim(t))) > 1",
    "count(q: q lies in g and q carries any m and round(m / 3) < round(k / 2)) > 2",
    "any q measures m and 10 / s = m",
    "any q measures m and 30 / m = s",
];

const LETTERS: &[&str] = &["a", "b", "A", "B", "ß", "É", "é", " "];
const PATTERNS: &[&str] = &["^a", "^[ab]+$", "b.*a", "É|é", "^.B", "a$", "(?i)ab", "B+a*"];

fn word(random: &mut Random, most: usize) -> String {
    let length = random.below(most + 1);
    (0..length).map(|_| LETTERS[random.below(LETTERS.len())]).collect()
}

fn text(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("language 1\n{HEAD}");
    for (lens, condition) in CONDITIONS.iter().enumerate() {
        let words: Vec<&str> = condition.split(|letter: char| !letter.is_alphanumeric()).collect();
        let said =
            |word: &'static str| if words.contains(&word) { word.to_owned() } else { format!("any {word}1") };
        // A word named once is any.
        let once = words.iter().filter(|word| **word == "q").count() == 1;
        let condition = condition.strip_prefix("any ").filter(|_| !once).unwrap_or(condition);
        let _ = writeln!(
            text,
            "lens v{lens} {{\n  a: top when item is in {} and item has code {} and item is called {} and \
             item has size {} and item has weight {} and item came on {} and {condition}\n  otherwise low\n}}",
            said("g"),
            said("c"),
            said("n"),
            said("s"),
            said("k"),
            said("d")
        );
    }
    text.push_str("facts {\n");
    for at in 0..150 {
        let is_item = at % 2 == 0;
        let name = if is_item { "i" } else { "t" };
        let day = format!("2025-0{}-{:02}", random.below(3) + 1, random.below(28) + 1);
        let (code, called) = (word(&mut random, 4), word(&mut random, 3));
        let (group, size) = (random.below(4), random.below(40) + 1);
        let weight = format!("{}.{}", random.below(12), random.below(2) * 5);
        let said = |item: &str, term: &str, value: &str| {
            format!("{name}{at} {} {value}", if is_item { item } else { term })
        };
        let _ = writeln!(text, "  {}", said("has code", "reads", &format!("\"{code}\"")));
        for stated in [
            said("is in", "lies in", &format!("g{group}")),
            said("has size", "measures", &size.to_string()),
            said("came on", "began on", &day),
        ] {
            let maybe = if random.below(15) == 0 { "maybe " } else { "" };
            let _ = writeln!(text, "  {maybe}{stated}");
        }
        for stated in
            [said("is called", "means", &format!("\"{called}\"")), said("has weight", "carries", &weight)]
        {
            if random.below(15) != 0 {
                let _ = writeln!(text, "  {stated}");
            }
        }
        if !is_item {
            let _ = writeln!(text, "  t{at} asks for \"{}\"", PATTERNS[random.below(PATTERNS.len())]);
        }
    }
    // Dividing by its size has no result, which does not matter: it is in no group.
    text.push_str("  lone has code \"a\"\n  lone has size 0\n}\n");
    text
}

#[test]
pub(super) fn conditions_between_two_words_agree_with_the_plain_evaluator() {
    for seed in 0..4 {
        let text = text(seed);
        let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
        assert_eq!(difference, Some(None), "seed {seed}\n{text}");
    }
}
