//! Relations that grow along a graph, in every form in which rules may say so: from more starts than are tried,
//! over loops, with what is only carried along and what is read as well, and with doubtful links.

use std::fmt::Write as _;

use super::{both, opened};
use crate::generator::Random;

/// How each relation grows, of which `a reaches b` is what is asked about.
const RULES: &[&str] = &[
    "define a reaches c when a reaches b and b links to c",
    "define a reaches c when a links to b and b reaches c",
    "define a reaches c when a reaches b and b reaches c",
    "define a reaches c when b reaches c and a reaches b",
    "define a reaches c when a reaches b and b links to c\n\
     define a reaches c when a reaches b and c links to b",
    "define a reaches c when a reaches b and b reaches c\n\
     define a reaches c when a reaches b and c links to b",
    "define a reaches c when a reaches b and b links to c unless b blocks c",
    "define a reaches c when a reaches b and b links to c and not c blocks a",
    "define a reaches c when a reaches b and (b links to c or c blocks b)",
    "define a reaches c when a reaches b and b is in g and c is in g",
    "define a reaches c when a reaches a and a links to c",
    "define a reaches b when b reaches a",
    "define a reaches \"n0\" when a reaches b and b blocks any x",
    "relation Node runs along Line to other: Node\n\
     define a runs along l to b when l leads from a to b\n\
     define a runs along l to c when a runs along l to b and l leads from b to c\n\
     define a reaches b when a runs along any l to b",
    "relation Node runs along Line to other: Node\n\
     define a runs along l to b when l leads from a to b\n\
     define a runs along l to c when a runs along l to b and a runs along l to b and b runs along l to c\n\
     define a reaches b when a runs along any l to b",
    "relation Node runs along Line to other: Node\n\
     define a runs along l to b when l leads from a to b\n\
     define a runs along l to c when a runs along l to b and b runs along l to c\n\
     define a reaches b when a runs along any l to b",
    "relation Node runs along Line to other: Node\n\
     define a runs along l to b when l leads from a to b\n\
     define a runs along l to c when a runs along l to b and b links to c\n\
     define a reaches b when a runs along any l to b",
    "define a reaches b when c links to a and c reaches d and d links to b",
    "define a reaches b when c links to a and c reaches d and d links to b and a is in g and b is in g\n\
     define a reaches b when b reaches a",
    "relation Node is met\n\
     define b is met when \"n1\" links to b\n\
     define b is met when a is met and a links to b unless a blocks b\n\
     define a reaches b when a is in any g and b is met",
    "relation Node leads on to other: Node\n\
     define a leads on to c when a reaches b and b links to c\n\
     define b leads on to a when a blocks b\n\
     define a reaches c when a leads on to b and c links to b",
    "relation Node gets Number from other: Node\n\
     define a gets n from b when a links to b and a weighs n\n\
     define a gets n from c when a gets n from b and b links to c\n\
     define a reaches b when a gets any n from b",
    "define a reaches c when a reaches b and b links to c and b owes n and n > 2",
    "define a reaches c when b links to c and b owes n and c owes m and n <= m and a reaches b",
    "define a reaches c when a reaches b and b links to c unless b owes any n and n > 3",
    "define a reaches c when a reaches b and b reaches c and not c owes 4",
    "define a reaches c when a reaches b and b links to c and sum(n for each x: b links to x and x owes n) > 4",
    "relation Node leads on to other: Node\n\
     define a leads on to c when a reaches b and b links to c and b owes n and c owes m and n + m > 3\n\
     define a reaches c when a leads on to b and c links to b and not b owes 1",
    "relation Node gets Number from other: Node\n\
     define a gets n from b when a links to b and a owes n\n\
     define a gets n from c when a gets n from b and b links to c\n\
     define a reaches b when a gets n from b and n > 2",
];

/// Kept values along the way, with what is kept before each.
const KEPT: &[&str] = &[
    "the fewest\ndefine a is at 1 from b when a links to b\n\
     define a is at n from c when a is at m from b and b links to c and n = m + 1",
    "the fewest\ndefine a is at 0 from a when a links to any b\n\
     define a is at n from c when a is at m from b and b links to c and n = 0.5 + m and n <= 2.5",
    "the fewest\ndefine a is at w from b when a links to b and b weighs w\n\
     define a is at n from c when a is at m from b and b links to c and n = m + 2 and 9 > n\n\
     define a is at n from c when a is at m from b and c links to b and n = m + 3 unless b blocks c\n\
     define a is at m from c when a is at m from b and b blocks c",
    "the most\ndefine a is at 20 from b when a links to b\n\
     define a is at w from b when b links to a and a weighs w\n\
     define a is at n from c when a is at m from b and b links to c and n = m - 1.25 and n >= 3",
    "the most\ndefine a is at w from b when a links to b and a weighs w\n\
     define a is at m from c when a is at m from b and b links to c",
    "the fewest\ndefine a is at n from c when a is at m from b and b links to c and n = m + 1 and n < 4 and n > 1\n\
     define a is at 1 from b when a links to b",
    "the fewest\ndefine a is at w from b when a links to b and b weighs w\n\
     define a is at w from b when b links to a and a weighs w",
    "the fewest\ndefine \"n1\" is at 0 from a when a is in \"g1\"\n\
     define a is at n from c when b is at m from a and b links to c and n = m + 1",
];

#[test]
fn kept_values_agree_with_the_plain_evaluator() {
    for (at, rules) in (0..).zip(KEPT) {
        let rules = format!("relation Node is at Number from other: Node, keeping {rules}");
        for seed in [2 * at, 2 * at + 1] {
            let text = text(&rules, seed);
            let asked = "lens far {\n  a: far when node is at m from any b and m > 2\n  otherwise near\n}\n\
                         lens sum {\n  a: far when sum(m for each b m: node is at m from b) > 40\n  otherwise near\n}\n";
            let text = text.replacen("facts {", &format!("{asked}facts {{"), 1);
            let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
            assert_eq!(difference, Some(None), "seed {seed}\n{text}");
        }
    }
}

/// A ruleset of one way to grow, over links at random: `seed` decides how many and which are doubtful.
fn text(rules: &str, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!(
        "language 1\nkind Node\nkind Line\nkind Group\nrelation Node links to other: Node\n\
         relation Node blocks other: Node\nrelation Node is in Group\nrelation Node weighs Number\n\
         relation Node owes Number?\n\
         relation Line leads from Node to other: Node\n{rules}\nrelation Node reaches other: Node\n\
         define a reaches b when a links to b\n\
         question Node is far | near\n  among node links to any a\n"
    );
    for least in [0, 2, 9, 30] {
        let _ = writeln!(
            text,
            "lens v{least} {{\n  a: far when count(n: node reaches n) > {least}\n  otherwise near\n}}"
        );
    }
    text.push_str("lens loop {\n  a: far when node reaches node\n  otherwise near\n}\n");
    text.push_str("lens first {\n  a: far when \"n1\" reaches node\n  otherwise near\n}\nfacts {\n");
    let count = 90;
    for node in 0..count {
        let near = |random: &mut Random| (node + random.below(7) + count - 2) % count;
        let maybe = if seed % 2 == 1 && random.below(20) == 0 { "maybe " } else { "" };
        let _ = writeln!(text, "  {maybe}n{node} links to n{}", near(&mut random));
        if random.below(4) == 0 {
            let _ = writeln!(text, "  n{node} links to n{}", near(&mut random));
        }
        if random.below(9) == 0 {
            let _ = writeln!(text, "  n{node} blocks n{}", near(&mut random));
        }
        let _ = writeln!(
            text,
            "  n{node} is in g{}\n  n{node} weighs {}\n  l{} leads from n{node} to n{}",
            random.below(20),
            random.below(5),
            random.below(3),
            near(&mut random)
        );
        // Of the others it is not known.
        if random.below(4) > 0 {
            let _ = writeln!(text, "  n{node} owes {}", random.below(6));
        }
    }
    text.push_str("}\n");
    text
}

#[test]
fn what_grows_along_a_graph_agrees_with_the_plain_evaluator() {
    for (at, rules) in (0..).zip(RULES) {
        for seed in [2 * at, 2 * at + 1] {
            let text = text(rules, seed);
            let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0);
            assert_eq!(difference, Some(None), "seed {seed}\n{text}");
        }
    }
}
