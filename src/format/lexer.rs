//! A logical line cut into words, texts and signs, with the blanks between them made regular.

/// A part of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub text: String,
    /// Whether it touched the part before it in the source.
    pub touches: bool,
    /// Whether it is a comment, after which the line must break.
    pub comment: bool,
    /// How many brackets are open around it.
    pub depth: usize,
}

/// Cuts a line.
pub(super) fn parts(line: &str) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    let bytes = line.as_bytes();
    let (mut at, mut depth, mut touches) = (0, 0_usize, false);
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                touches = false;
                continue;
            }
            b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end),
            quote @ (b'"' | b'`') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' && quote == b'"' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
            }
            b'<' | b'>' | b'!' if bytes.get(at + 1) == Some(&b'=') => at += 2,
            byte if b"()=<>,;:|+*/^-?!".contains(&byte) => at += 1,
            _ => {
                let inside = |byte: &u8| {
                    byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'_' | b'-' | b'.')
                };
                at += bytes[at..].iter().take_while(|byte| inside(byte)).count().max(1);
            }
        }
        let text = line[start..at].trim_end().to_owned();
        if text == ")" {
            depth = depth.saturating_sub(1);
        }
        out.push(Part { comment: text.starts_with('#'), touches, depth, text: text.clone() });
        if text == "(" {
            depth += 1;
        }
        touches = true;
    }
    out
}

/// Parts as one line, with regular blanks.
pub(super) fn join(parts: &[Part]) -> String {
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 && spaced(&parts[at - 1], part, parts, at) {
            out.push(' ');
        }
        out.push_str(&part.text);
    }
    out
}

fn spaced(before: &Part, part: &Part, parts: &[Part], at: usize) -> bool {
    if matches!(part.text.as_str(), "," | ";" | ":" | ")" | "?") || before.text == "(" {
        return false;
    }
    if part.text == "(" && part.touches {
        // A call; a bracket after anything else is set apart.
        return !before.text.chars().next_back().is_some_and(char::is_alphanumeric);
    }
    if before.text == "-" {
        // A sign touches its number; it stands first or after another sign, or had no blank after it.
        let first = at < 2 || !parts[at - 2].text.is_empty();
        return !(part.touches && first);
    }
    true
}
