//! Short texts that a pattern is met in, made from the pattern itself, and one that it is not met in.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::Pattern;

/// No text that is made is longer than this, in bytes.
const LONGEST: usize = 64;
/// The most texts that are made for one pattern.
const MOST: usize = 4;

/// Looking for more texts than these takes as long as the pattern.
const MOST_NEEDED: usize = 8;

/// Texts that are tried where a pattern must not be met.
const OTHERS: [&str; 6] = ["x", "0", "X", "-", " ", ""];

/// A few short texts that the pattern is met in; none where none can be made.
pub fn fitting(pattern: &str) -> Vec<String> {
    let (Some(hir), Some(known)) = (parsed(pattern), Pattern::new(pattern)) else { return Vec::new() };
    let made = texts(&hir);
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

fn parsed(pattern: &str) -> Option<Hir> {
    let parsed = |unicode| ParserBuilder::new().unicode(unicode).utf8(false).build().parse(pattern).ok();
    parsed(false).or_else(|| parsed(true))
}

/// Texts one of which stands in every text that the pattern is met in; none where nothing is known.
pub(super) fn needed(pattern: &str) -> Vec<String> {
    parsed(pattern).and_then(|hir| needed_by(&hir)).unwrap_or_default()
}

fn needed_by(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Capture(capture) => needed_by(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed_by(&repetition.sub),
        // Of several the one of which there are fewest, and of those the one that says most.
        HirKind::Concat(parts) => {
            let length = |texts: &Vec<String>| texts.iter().map(String::len).min();
            let all = parts.iter().filter_map(needed_by);
            all.min_by_key(|texts| (texts.len(), std::cmp::Reverse(length(texts))))
        }
        HirKind::Alternation(parts) => {
            let all: Vec<String> = parts.iter().map(needed_by).collect::<Option<Vec<_>>>()?.concat();
            (all.len() <= MOST_NEEDED).then_some(all)
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) | HirKind::Repetition(_) => None,
    }
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
    fn what_is_needed_stands_in_every_text_that_fits() {
        assert_eq!(needed("(api[_-]?key|password|token) *="), ["="]);
        assert_eq!(needed("^(cat|dog)s?$"), ["cat", "dog"]);
        assert_eq!(needed("a+(bc|d)e{2}"), ["a"]);
        for nothing in ["x*", "(a|b?)", "(?i)token", "[ab]c?", "(", "", "^$", r"\bab*|."] {
            assert!(needed(nothing).is_empty(), "{nothing}");
        }
        let letters = ["", "a", "b", "=", " ", "A", "é", "É"];
        let texts: Vec<String> = (0..8 * 8 * 8 * 8)
            .map(|at| [at / 512, at / 64 % 8, at / 8 % 8, at % 8].map(|letter| letters[letter]).concat())
            .collect();
        for pattern in [
            "(a|b+)=",
            "a b?=*",
            "(?i)a=|é",
            "[ab]{2}é",
            "((a|bb)(=| )+)+",
            "(?i)É",
            "a(b|)= ?",
            "(?x) a b # =\n",
        ] {
            let (known, plain) = (Pattern::new(pattern), regex_lite::Regex::new(pattern));
            let (known, plain) = (known.expect("a pattern"), plain.expect("a pattern"));
            for text in &texts {
                assert_eq!(known.is_met(text), plain.is_match(text), "{pattern} in {text}");
            }
        }
    }

    #[test]
    fn some_text_does_not_fit() {
        assert_eq!(unfitting("^[a-z]+$").as_deref(), Some("0"));
        assert_eq!(unfitting("").as_deref(), None);
    }
}
