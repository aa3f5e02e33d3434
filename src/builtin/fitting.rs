//! Short texts that a pattern is met in, made from the pattern itself, and one that it is not met in.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::Pattern;

/// No text that is made is longer than this, in bytes.
const LONGEST: usize = 64;
/// The most texts that are made for one pattern.
const MOST: usize = 4;

/// Texts that are tried where a pattern must not be met.
const OTHERS: [&str; 6] = ["x", "0", "X", "-", " ", ""];

/// A few short texts that the pattern is met in; none where none can be made.
pub fn fitting(pattern: &str) -> Vec<String> {
    let parsed = |unicode| {
        ParserBuilder::new().unicode(unicode).utf8(false).build().parse(pattern).ok().map(|hir| texts(&hir))
    };
    let (Some(made), Some(known)) = (parsed(false).or_else(|| parsed(true)), Pattern::new(pattern)) else {
        return Vec::new();
    };
    let mut out: Vec<String> = Vec::new();
    for text in made {
        if out.len() < MOST && !out.contains(&text) && known.is_met(&text) {
            out.push(text);
        }
    }
    // Where small and large letters are the same to a pattern, a text may have both.
    let mixed: Vec<String> = out.iter().map(|text| mixed(text)).collect();
    for text in mixed {
        if !out.contains(&text) && known.is_met(&text) {
            out.push(text);
        }
    }
    out
}

/// A text with its first letter large and its others small.
fn mixed(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.flat_map(char::to_lowercase)).collect()
}

/// A text that the pattern is not met in, where one is at hand.
pub fn unfitting(pattern: &str) -> Option<String> {
    let known = Pattern::new(pattern)?;
    OTHERS.into_iter().find(|text| !known.is_met(text)).map(str::to_owned)
}

/// Texts made in several ways: with the fewest repetitions and one more, by each of the first alternatives.
fn texts(hir: &Hir) -> Vec<String> {
    let ways = (0..MOST).flat_map(|branch| [0, 1].map(|more| (branch, more)));
    let made = ways.filter_map(|(branch, more)| {
        let mut out = Vec::new();
        write(hir, branch, more, &mut out)?;
        String::from_utf8(out).ok()
    });
    made.collect()
}

/// Appends a text; nothing where none can be made, or only a long one.
fn write(hir: &Hir, branch: usize, more: u32, out: &mut Vec<u8>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend(&literal.0),
        HirKind::Class(class) => {
            let letter = character(class)?;
            out.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.saturating_add(more).min(most) {
                write(&repetition.sub, branch, more, out)?;
                // What repeats nothing would do so for long.
                if out.is_empty() || out.len() > LONGEST {
                    break;
                }
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, branch, more, out)?,
        HirKind::Concat(parts) => {
            parts.iter().try_for_each(|part| write(part, branch, more, out))?;
        }
        HirKind::Alternation(parts) => write(parts.get(branch % parts.len().max(1))?, branch, more, out)?,
    }
    (out.len() <= LONGEST).then_some(())
}

/// A character of a class: a letter or a digit where it has one, else one that can be seen.
fn character(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .filter(|range| range.start().is_ascii())
            .map(|range| (char::from(range.start()), char::from(range.end().min(0x7f))))
            .collect(),
    };
    let wanted = [('a', 'z'), ('A', 'Z'), ('0', '9'), ('!', '~'), (' ', ' ')];
    let first = wanted.into_iter().find_map(|(low, high)| {
        let shared = ranges.iter().map(|(from, to)| (low.max(*from), high.min(*to)));
        shared.into_iter().find(|(from, to)| from <= to).map(|(from, _)| from)
    });
    first.or_else(|| ranges.first().map(|(from, _)| *from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_fit_a_pattern() {
        let first = |pattern: &str| fitting(pattern).into_iter().next();
        assert_eq!(first("^[A-Z]+$").as_deref(), Some("A"));
        assert_eq!(first("^N[0-9]{3}$").as_deref(), Some("N000"));
        assert_eq!(fitting("^(cat|dog)s?$"), ["cat", "cats", "dog", "dogs"]);
        assert_eq!(first(r"^\d{2}\.\w$").as_deref(), Some("00.a"));
        assert_eq!(first("^ü+$").as_deref(), Some("ü"));
        assert_eq!(first("(").as_deref(), None, "what cannot be read fits nothing");
        assert_eq!(first("^a{1000}$").as_deref(), None, "too long a text is not made");
        assert_eq!(first("^()*$").as_deref(), Some(""));
        assert!(fitting("(?i)^ab$").contains(&"Ab".to_owned()), "small and large letters are the same to it");
        assert_eq!(first(r"a\bb").as_deref(), None, "nothing fits it");
    }

    #[test]
    fn some_text_does_not_fit() {
        assert_eq!(unfitting("^[a-z]+$").as_deref(), Some("0"));
        assert_eq!(unfitting("").as_deref(), None);
    }
}
