//! What is read as it lies: rows that belong to each subject added up, branches of a population that are just sentences or
//! pairs that others are asked about, and what is negated beside a branch.

use std::fmt::Write as _;

use super::{both, opened};
use crate::generator::Random;

const RULES: &str = "kind Party\nkind Thing\n\
    relation org: Party makes Thing\nrelation Party uses Thing\nrelation Party drops Thing\n\
    relation Party pays org: Party for Thing at Number\n\
    relation org: Party hires Party\nrelation Party lives near org: Party by Thing\n\
    question Party is in | out of org: Party\n  among (org makes thing and party uses thing)\n    \
    or party pays org for any t1 at any a\n    or org hires party\n    \
    or party lives near org by any t2\n\
    lens spared {\n  first match wins\n  \
    a: in when org makes thing and party uses thing unless party drops thing\n  \
    b: out when org hires party unless party drops any t\n  otherwise in\n}\n\
    lens nobody {\n  first match wins\n  \
    a: in when org makes thing and party uses thing and not party drops thing and not party lives near org by thing\n  \
    b: in when party lives near org by thing and not (party drops thing and org hires party)\n  otherwise out\n}\n\
    lens total {\n  a: in when sum(n for each t n: party pays org for t at n) > 3\n  otherwise out\n}\n\
    lens little {\n  a: in when -2 > sum(n for each t n: party pays org for t at n)\n  otherwise out\n}\n\
    lens nothing {\n  a: in when sum(n for each t n: party pays org for t at n) <= 0\n  otherwise out\n}\n\
    lens often {\n  a: in when count(t: party lives near org by t) >= 2\n  otherwise out\n}\n\
    lens most {\n  a: in when max(n: party pays org for any t at n) < 5\n  otherwise out\n}\n\
    lens least {\n  a: in when 1 <= min(2 * n - 1: party pays org for any t at n)\n  otherwise out\n}\n\
    lens middle {\n  a: in when median(n for each t n: party pays org for t at n) >= 2.5\n  otherwise out\n}\n\
    lens mean {\n  a: in when average(n for each t n: party pays org for t at n) != 2\n  otherwise out\n}\n\
    lens kept {\n  a: in when party is in of org according to total and sum(n for each t n: party pays org for t at n) < 9\n  \
    otherwise out\n}\n";

/// Facts at random; with `doubtful` some only perhaps hold.
fn text(seed: u64, doubtful: bool) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("language 1\n{RULES}facts {{\n");
    for _ in 0..90 {
        let (party, org, thing) = (random.below(9), random.below(5), random.below(4));
        let number = random.below(9) as i64 - 3;
        let maybe = if doubtful && random.below(9) == 0 { "maybe " } else { "" };
        let _ = match random.below(8) {
            0 => writeln!(text, "  {maybe}p{org} makes t{thing}"),
            1 => writeln!(text, "  {maybe}p{party} uses t{thing}"),
            2 if party < 4 => writeln!(text, "  {maybe}p{party} drops t{thing}"),
            3 => writeln!(text, "  p{org} hires p{party}"),
            4 => writeln!(text, "  {maybe}p{party} lives near p{org} by t{thing}"),
            _ => writeln!(text, "  {maybe}p{party} pays p{org} for t{thing} at {number}"),
        };
    }
    text.push_str("}\n");
    text
}

#[test]
pub(super) fn what_is_read_as_it_lies_agrees_with_the_plain_evaluator() {
    for seed in 0..60 {
        for doubtful in [false, true] {
            let text = text(seed, doubtful);
            let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
            assert_eq!(difference, Some(None), "seed {seed}\n{text}");
        }
    }
}
