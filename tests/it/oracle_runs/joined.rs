//! Sentences about one thing that are joined before they are searched: tables large enough for that to be worth it,
//! small enough for the plain evaluator.

use std::fmt::Write as _;

use super::{both, opened};
use crate::generator::Random;

const RULES: &str = "kind Flight\nkind Place\nkind Line\n\
    relation Flight leaves Place\nrelation Flight reaches Place\nrelation Flight is flown by Line\n\
    relation Flight is on Date\nrelation Flight waits minutes: Number?\n\
    relation Line joins from: Place with to: Place\nrelation Line shuns Place\n\
    define line joins o with d when flight is flown by line and flight leaves o and flight reaches d\n\
    question Flight is late | fair\n  among flight leaves any o\n\
    lens route {\n  a: late when flight leaves o and flight reaches d and flight waits n \
    and n > average(m for each f m: f leaves o and f reaches d and known (f waits m))\n  otherwise fair\n}\n\
    lens daily {\n  a: late when flight leaves o and flight is on t \
    and count(f: f leaves o and f is on t and f waits any m and m > 30) > 2\n  otherwise fair\n}\n\
    lens share {\n  a: late when flight leaves o and flight is flown by l \
    and sum(m for each f m: f leaves o and f is flown by l and f waits m) > 60\n  \
    b: late when flight leaves o and flight is flown by l \
    and count(f: f leaves o and f is flown by l and not l shuns o) < 3\n  otherwise fair\n}\n\
    lens least {\n  a: late when flight leaves o and flight reaches d and flight is flown by l \
    and min(m: any f leaves o and f reaches d and f is flown by l and f waits m) > 20\n  otherwise fair\n}\n\
    lens shares {\n  a: late when flight leaves o and flight is on t \
    and count(l: any f leaves o and f is on t and f is flown by l) > 1\n  otherwise fair\n}\n\
    lens worst {\n  a: late when flight leaves o and flight is on t and flight waits n \
    and not (any g leaves o and g is on t and g waits any m and m > n)\n  \
    b: late when flight leaves o and g leaves o and g reaches \"p1\" and g is flown by l and l shuns o \
    and flight is on t and g is on t\n  otherwise fair\n}\n";

/// Flights at random, one in some of which nobody knows how long it waits or surely whence it leaves.
fn text(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("language 1\n{RULES}facts {{\n");
    for flight in 0..100 {
        let maybe = if random.below(12) == 0 { "maybe " } else { "" };
        let (from, to, line) = (random.below(3), random.below(4), random.below(3));
        let day = random.below(5) + 1;
        let _ = writeln!(text, "  {maybe}f{flight} leaves p{from}\n  f{flight} reaches p{to}");
        let _ = writeln!(text, "  f{flight} is flown by l{line}\n  f{flight} is on 2025-01-0{day}");
        if random.below(8) != 0 {
            let _ = writeln!(text, "  f{flight} waits {}", random.below(60));
        }
    }
    text.push_str("  l0 shuns p1\n  maybe l1 shuns p2\n}\n");
    text
}

#[test]
pub(super) fn joined_sentences_agree_with_the_plain_evaluator() {
    for seed in 0..5 {
        let text = text(seed);
        let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
        assert_eq!(difference, Some(None), "seed {seed}\n{text}");
    }
}
