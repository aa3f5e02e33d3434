//! A failing text made small: facts, rows, rules, lenses and constraints are left out one at a time,
//! for as long as it still fails.

/// The smallest text reached that still fails. A text that is no sound ruleset must not count as
/// failing.
pub fn shrink(text: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut best = text.to_owned();
    loop {
        let smaller =
            parts(&best).into_iter().rev().map(|part| without(&best, part)).find(|text| fails(text));
        match smaller {
            Some(text) => best = text,
            None => return best,
        }
    }
}

fn without(text: &str, (from, to): (usize, usize)) -> String {
    let kept = text.lines().enumerate().filter(|(at, _)| *at < from || *at >= to);
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

/// The lines, from and to, of all that may be left out: whole declarations but kinds and
/// relations, and single lines within braces.
fn parts(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut parts = Vec::new();
    for (from, to) in declarations(text) {
        if ["define ", "lens ", "never "].iter().any(|word| lines[from].starts_with(word)) {
            parts.push((from, to));
        }
        if lines[from].ends_with('{') {
            parts.extend((from + 1..to - 1).map(|at| (at, at + 1)));
        }
    }
    parts
}

/// The lines, from and to, of each declaration. One begins where a line has no indent.
pub fn declarations(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &str| !line.starts_with(' ') && line != "}";
    let starts: Vec<usize> = (0..lines.len()).filter(|at| begins(lines[*at])).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts.iter().copied().zip(ends).collect()
}

#[test]
fn a_failing_text_is_cut_to_what_fails() {
    let text = "kind T\nrelation T shines\ndefine x shines\n  when x knows y\nlens l {\n  r0: a when t shines\n  r1: b when t shines\n}\nfacts {\n  ann shines\n  bob shines\n}\n";
    let shrunk = shrink(text, |text| text.contains("r1") && text.contains("bob"));
    let wanted = "kind T\nrelation T shines\nlens l {\n  r1: b when t shines\n}\nfacts {\n  bob shines\n}\n";
    assert_eq!(shrunk, wanted);
}
