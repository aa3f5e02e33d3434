//! Plans that pay only with very many rows, tried on the few rows that the plain evaluator can go through.

use parallax::engine::planted::eager;

use super::{CASES, both, opened};
use crate::generator::case;

/// While it lives, what pays only with much is done with however little, on this thread.
struct Eager;

impl Eager {
    fn begin() -> Eager {
        eager(true);
        Eager
    }
}

impl Drop for Eager {
    fn drop(&mut self) {
        eager(false);
    }
}

#[test]
fn eager_plans_agree_with_the_plain_evaluator() {
    let _eager = Eager::begin();
    for seed in 0..CASES / 2 {
        let text = case(seed).text;
        let difference = opened(seed, &text, |ruleset, evaluation| both(ruleset, evaluation).0).flatten();
        assert_eq!(difference, None, "seed {seed}\n{text}");
    }
}

#[test]
fn eager_plans_agree_where_much_is_joined() {
    let _eager = Eager::begin();
    super::beside::what_is_read_as_it_lies_agrees_with_the_plain_evaluator();
    super::figures::figures_agree_with_the_plain_evaluator();
    super::joined::joined_sentences_agree_with_the_plain_evaluator();
    super::paired::conditions_between_two_words_agree_with_the_plain_evaluator();
}
