//! Hostile input: an error or a result, never a panic, never without end.

use std::path::Path;

use crate::support::{Memory, diagnostics, memory};

fn codes(files: &Memory) -> Vec<&'static str> {
    let mut codes: Vec<&str> = diagnostics(files).iter().map(|diagnostic| diagnostic.code.name()).collect();
    codes.dedup();
    codes
}

#[test]
fn a_hundred_thousand_brackets() {
    let text = format!("never x when {}a is b{}\n", "(".repeat(100_000), ")".repeat(100_000));
    assert!(codes(&memory(&text)).contains(&"PX0701"));
    let unclosed = format!("never x when {}a is b\n", "(".repeat(100_000));
    assert!(codes(&memory(&unclosed)).contains(&"PX0701"));
    let bare = "(".repeat(100_000);
    assert!(!codes(&memory(&bare)).is_empty());
}

#[test]
fn nested_brackets_within_the_bound_are_read_quickly() {
    let text =
        format!("kind A\nrelation A sings\nnever x when {}a sings{}\n", "(".repeat(60), ")".repeat(60));
    assert!(codes(&memory(&text)).is_empty() || !codes(&memory(&text)).contains(&"PX0701"));
    let calls = format!("never x when n = {}1{}\n", "abs(".repeat(60), ")".repeat(60));
    assert!(!codes(&memory(&calls)).is_empty());
}

#[test]
fn fifty_megabytes_on_one_line() {
    let text = format!("kind {}\n", "a".repeat(50 << 20));
    assert!(codes(&memory(&text)).contains(&"PX0702"));
}

#[test]
fn one_body_of_very_many_conditions() {
    let text =
        format!("kind A\nrelation A sings\nnever x when {}\n", vec!["any a sings"; 50_000].join(" and "));
    assert!(codes(&memory(&text)).contains(&"PX0703"));
    let words = format!("kind A\nfacts {{\n{}}}\n", "  unknown sentence here\n".repeat(100_000));
    assert!(diagnostics(&memory(&words)).len() <= 2001);
}

#[test]
fn a_million_errors_are_counted_not_kept() {
    let text = "?\n".repeat(1_000_000);
    assert!(diagnostics(&memory(&text)).len() <= 2000);
}

#[test]
fn bytes_that_are_no_text() {
    let latin = Memory::default().with("rules/main.lens", b"kind Caf\xe9\n".to_vec());
    assert!(codes(&latin).contains(&"PX0108"));
    let wide = Memory::default().with("rules/main.lens", b"\xff\xfek\x00".to_vec());
    assert!(codes(&wide).contains(&"PX0108"));
    assert!(codes(&memory("kind Party\u{0}\n")).contains(&"PX0107"));
    assert!(
        codes(&Memory::default().with("rules/main.lens", b"\xef\xbb\xbflanguage 1\n".to_vec())).is_empty()
    );
}

#[test]
fn files_that_use_each_other_or_lead_out() {
    let circle = Memory::default()
        .with("rules/a.lens", "language 1\nuse \"b.lens\"\n")
        .with("rules/b.lens", "use \"a.lens\"\n");
    assert!(codes(&circle).contains(&"PX0211"));
    let out = Memory::default()
        .with("rules/a.lens", "language 1\nuse \"../secret.lens\"\n")
        .with("secret.lens", "kind Secret\n");
    assert!(codes(&out).contains(&"PX0605"));
    let missing = Memory::default()
        .with("rules/a.lens", "language 1\nuse \"vocabluary.lens\"\n")
        .with("rules/vocabulary.lens", "");
    let found = diagnostics(&missing);
    assert!(found.iter().any(|d| d.help.as_deref() == Some("did you mean `vocabulary.lens`?")), "{found:?}");
}

#[test]
fn random_lines_never_panic() {
    let pieces = [
        "kind",
        "Party",
        "relation",
        "uses",
        "any",
        "not",
        "and",
        "or",
        "(",
        ")",
        "{",
        "}",
        "\"a",
        "\"",
        "when",
        "unless",
        ":",
        ",",
        "|",
        "=",
        ">=",
        "-",
        "5",
        "1.5e3",
        "2026-01-31",
        "lens",
        "scenario",
        "expect",
        "by",
        "facts",
        "#x",
        "\n",
        "\n",
        "`c`",
        "is",
        "a",
        "n",
        "question",
        "among",
        "define",
        "according",
        "to",
        "otherwise",
        "as",
        "é",
        "\t",
        "\\",
        "from",
        "count(x: ",
        "known",
        "maybe",
        "?",
        "never",
        "first match wins",
        "overrides",
        "language 1\n",
    ];
    let mut state = 11_u64;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            if state >> 62 != 0 {
                text.push(' ');
            }
        }
        let parse = parallax::syntax::parse(parallax::base::FileId(0), &text);
        assert_eq!(parse.tree.source(&text), text);
        let _ = diagnostics(&memory(&text));
        if let Some(once) = parallax::format::format(&text) {
            assert_eq!(parallax::format::format(&once).as_deref(), Some(once.as_str()), "{text:?}");
        }
    }
}

#[test]
fn a_folder_without_rules_and_a_path_to_nothing() {
    let files = Memory::default().with("rules/readme.txt", "");
    assert!(parallax::session::Session::open(&files, Path::new("rules")).is_err());
    assert!(parallax::session::Session::open(&files, Path::new("nowhere")).is_err());
}
