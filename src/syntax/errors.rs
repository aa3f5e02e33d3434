//! What is said when a line does not fit the grammar: slips known from other languages by name,
//! everything else by the place and an example of the line that was meant.

use pest::error::{Error, InputLocation};

use super::Rule;
use crate::base::Span;
use crate::diag::{Code, Diagnostic, Fix};

/// Signs and words of other languages, with what is written here.
const SLIPS: [(&str, &str, &str); 13] = [
    ("==", "=", "values are compared with one `=`"),
    ("<>", "!=", "`not equal` is written `!=`"),
    ("=>", ">=", "`at least` is written `>=`"),
    ("=<", "<=", "`at most` is written `<=`"),
    ("&&", "and", "`and` is written out"),
    ("||", "or", "`or` is written out"),
    (":=", "=", "a value is given with `=`"),
    ("≥", ">=", "`at least` is written `>=`"),
    ("≤", "<=", "`at most` is written `<=`"),
    ("≠", "!=", "`not equal` is written `!=`"),
    ("“", "\"", "texts stand in straight quotes"),
    ("”", "\"", "texts stand in straight quotes"),
    ("!", "not ", "`not` is written out"),
];

/// Words that are easily written for ours.
const WORDS: [(&str, &str); 6] = [
    ("if", "when"),
    ("else", "otherwise"),
    ("except", "unless"),
    ("AND", "and"),
    ("OR", "or"),
    ("NOT", "not"),
];

/// The text without the blanks and comments it ends with.
pub(super) fn without_trailing(text: &str) -> &str {
    let mut rest = text.trim_end();
    // A comment can only be trailing if it begins on the last line, outside of quotes.
    loop {
        let start = rest.rfind('\n').map_or(0, |at| at + 1);
        let Some(comment) = comment_start(&rest[start..]) else { return rest };
        rest = rest[..start + comment].trim_end();
    }
}

fn comment_start(line: &str) -> Option<usize> {
    let mut quote: Option<u8> = None;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(b'"') if byte == b'\\' => escaped = true,
            Some(open) if byte == open => quote = None,
            None if byte == b'#' => return Some(at),
            None if byte == b'"' || byte == b'`' => quote = Some(byte),
            Some(_) | None => {}
        }
    }
    None
}

/// Describes why a line does not fit.
pub(super) fn describe(line: Span, text: &str, error: &Error<Rule>, form: &'static str) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at.min(text.len()),
    };
    let base = line.start as usize;
    let span = |start: usize, len: usize| Span::new(line.file, base + start, base + start + len);
    if let Some((start, wrong, right, why)) = slip(text, at) {
        return Diagnostic::new(Code::UnexpectedText, format!("`{wrong}` is not written so here"))
            .at(span(start, wrong.len()), why)
            .help(format!("write `{}`", right.trim()))
            .fix(Fix::replace(format!("write `{}`", right.trim()), span(start, wrong.len()), right, false));
    }
    let rest = &text[at..];
    let found = found(rest);
    if let (":", Some((start, words))) = (found, comma_list(&text[..at])) {
        let right = words.replace(',', "");
        return Diagnostic::new(Code::UnexpectedText, "words after `for each` stand without commas")
            .at(span(start, words.len()), "blanks are enough between them")
            .help(format!("write `for each {right}: …`"))
            .fix(Fix::replace(format!("write `{right}`"), span(start, words.len()), right, true));
    }
    if found.is_empty() {
        let end = without_trailing(text).len();
        return Diagnostic::new(Code::UnexpectedText, "something is missing at the end of this line")
            .at(span(end, 0), "the line ends too early")
            .help(format!("such a line reads `{form}`"));
    }
    let (code, message, label) = match found {
        "and" | "or" | "not" | "when" | "unless" | "where" | "among" | "according" | "otherwise" | "any"
        | "known" | "maybe" => (
            Code::ReservedWord,
            format!("the word `{found}` cannot stand here"),
            "this word has a meaning of its own",
        ),
        _ if found.starts_with(|c: char| c.is_ascii_digit()) => {
            (Code::BadNumber, format!("`{found}` does not fit here"), "not a number, date or word that fits")
        }
        _ => (
            Code::UnexpectedText,
            format!("`{}` does not fit here", crate::base::printable(found)),
            "not expected here",
        ),
    };
    Diagnostic::new(code, message).at(span(at, found.len()), label).help(match found {
        // Facts deny nothing.
        "not" if at > 0 && form.contains("when") => {
            "`not` stands before a whole sentence, as in `not person has left`".to_owned()
        }
        "where" => "conditions are joined by `and`".to_owned(),
        "unless" if form.contains("when … unless") => {
            format!("`unless` takes away from what `when` says: say that first, as in `{form}`")
        }
        _ => format!("such a line reads `{form}`"),
    })
}

/// Where the words after the last `for each` begin, and they, where commas stand between them.
fn comma_list(before: &str) -> Option<(usize, &str)> {
    const EACH: &str = "for each ";
    let start = before.rfind(EACH)? + EACH.len();
    let words = &before[start..];
    let are_words = words.split(',').all(|word| {
        let word = word.trim();
        !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
    });
    (words.contains(',') && are_words).then_some((start, words))
}

/// The word or sign a text begins with.
fn found(rest: &str) -> &str {
    let rest_start = rest.trim_start();
    if rest_start.is_empty() || rest_start.starts_with('#') {
        return "";
    }
    let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    if word > 0 { &rest[..word] } else { &rest[..rest.chars().next().map_or(0, char::len_utf8)] }
}

/// A known slip at the place of the error or right before it.
fn slip(text: &str, at: usize) -> Option<(usize, &'static str, &'static str, &'static str)> {
    for (wrong, right, why) in SLIPS {
        for start in [at, at.saturating_sub(1)] {
            if text.get(start..).is_some_and(|rest| rest.starts_with(wrong)) {
                return Some((start, wrong, right, why));
            }
        }
    }
    // A word is taken for part of a sentence, so the parser stops only later: look for it from the start.
    let quoted = text.find('"').unwrap_or(text.len());
    for (wrong, right) in WORDS {
        let mut from = 0;
        while let Some(found) = text[from..quoted.max(from)].find(wrong) {
            let start = from + found;
            let before = text[..start].chars().next_back().is_none_or(char::is_whitespace);
            let after = text[start + wrong.len()..].chars().next().is_none_or(char::is_whitespace);
            if before && after {
                return Some((start, wrong, right, "another word is used here"));
            }
            from = start + wrong.len();
        }
    }
    None
}
