//! Conditions as people write them elsewhere (`t starts with "BAR"`, `b between x and y`): how they are written here.

use super::readings::plain_word;
use super::resolver::Resolver;
use super::types::is_bare_name;
use crate::builtin::{self, Takes};
use crate::syntax::ast::Sentence;
use crate::value::ValueKind;

/// What others call a value that is missing.
const MISSING: [&str; 7] = ["missing", "empty", "null", "nothing", "unset", "blank", "unknown"];

/// The help for a word that others compare a value with to say that there is none.
pub(super) fn missing_word(word: &str) -> Option<&'static str> {
    MISSING.contains(&word).then_some(
        "a value is missing where its sentence is not known: write `not known` before the sentence that gives it, with `any` \
         before the word",
    )
}

impl Resolver<'_> {
    /// How a sentence that no relation reads is written, where it is a condition of another kind.
    pub(super) fn meant(&self, sentence: &Sentence) -> Option<String> {
        let parts: Vec<&str> = sentence.parts.iter().map(|part| self.sources.slice(part.span)).collect();
        let words: Vec<Option<&str>> = sentence.parts.iter().map(plain_word).collect();
        if let [Some(word)] = words[..]
            && is_bare_name(word)
        {
            return Some(format!(
                "a condition is a sentence, or a comparison such as `{word} > 3`; `known` and `not` stand before a whole sentence"
            ));
        }
        if let [value, "between", low] = parts[..] {
            return Some(format!("write `{value} >= {low} and {value} <= …`"));
        }
        if let Some(help) = asked_of_text(&parts) {
            return Some(help);
        }
        let not = words.iter().skip(1).position(|word| *word == Some("not"))? + 1;
        let others: Vec<&str> =
            parts.iter().enumerate().filter(|(at, _)| *at != not).map(|(_, part)| *part).collect();
        Some(format!("`not` stands before a whole sentence, as in `not {}`", others.join(" ")))
    }
}

/// How a function of two texts is called that stands between them.
fn asked_of_text(parts: &[&str]) -> Option<String> {
    let (value, rest) = parts.split_last()?;
    let function = |name: &str| {
        let two = |takes: Takes| matches!(takes, Takes::Kinds([ValueKind::Text, ValueKind::Text]));
        builtin::find(name).filter(|function| two(function.takes)).map(|function| function.name)
    };
    let (name, before) = match rest {
        [before @ .., first, second] if function(&format!("{first}-{second}")).is_some() => {
            (function(&format!("{first}-{second}"))?, before)
        }
        [before @ .., name] => (function(name)?, before),
        [] => return None,
    };
    match before {
        [] => None,
        [text] => Some(format!("a function stands before its values: write `{name}({text}, {value})`")),
        _ => Some(format!(
            "a function stands before its values: write `{} t and {name}(t, {value})`",
            before.join(" ")
        )),
    }
}
