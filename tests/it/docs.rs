//! The documents are true: every example runs, every code has its page.

use std::path::Path;

use parallax::diag::{Diagnostic, TABLE, page};

use crate::support::{diagnostics, memory};

/// The fenced blocks of a page: what follows the fence, and the text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => out.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    out
}

fn codes(text: &str) -> Vec<&'static str> {
    diagnostics(&memory(text)).iter().map(|diagnostic| diagnostic.code.name()).collect()
}

#[test]
fn each_code_has_a_page_whose_examples_do_what_they_say() {
    for entry in TABLE {
        let page = page(entry.code);
        assert!(page.starts_with(&format!("# {}: {}\n", entry.name, entry.title)), "{}", entry.name);
        let blocks = blocks(page);
        assert!(!blocks.is_empty(), "{} shows nothing", entry.name);
        for (info, text) in blocks {
            match info.as_str() {
                "lens wrong" => {
                    let found = codes(&text);
                    assert!(found.contains(&entry.name), "{} gives {found:?} for\n{text}", entry.name);
                    let causes: std::collections::BTreeSet<_> = diagnostics(&memory(&text))
                        .iter()
                        .filter(|d| d.is_error())
                        .map(|d| d.code.name())
                        .collect();
                    assert!(causes.len() <= 1, "{} has more than one cause: {causes:?}", entry.name);
                }
                "lens" => {
                    let found: Vec<Diagnostic> =
                        diagnostics(&memory(&text)).into_iter().filter(Diagnostic::is_error).collect();
                    assert!(found.is_empty(), "{}: {found:#?}\n{text}", entry.name);
                }
                "text" => {}
                other => unreachable!("{}: a block of an unknown sort {other}", entry.name),
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let pages = std::fs::read_dir(folder).expect("the pages are there").count();
    assert_eq!(pages, TABLE.len(), "pages without a code");
}

#[test]
fn the_language_reference_runs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    let text = std::fs::read_to_string(path).expect("the reference is there");
    let mut whole = 0;
    for (info, text) in blocks(&text) {
        match info.as_str() {
            // A whole ruleset: sound, and its scenarios hold.
            "lens" => {
                whole += 1;
                let failures = failures(&text);
                assert!(failures.is_empty(), "{failures:#?}\n{text}");
            }
            // A ruleset with the code it is meant to give.
            wrong if wrong.starts_with("lens ") => {
                let code = wrong.trim_start_matches("lens ").trim();
                let found = codes(&text);
                assert!(found.contains(&code), "{code}: {found:?}\n{text}");
            }
            _ => {}
        }
    }
    assert!(whole >= 8, "{whole} examples ran");
}

fn failures(text: &str) -> Vec<String> {
    use parallax::session::Session;
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let Some(ruleset) = session.ruleset() else {
        return session
            .diagnostics()
            .iter()
            .map(|d| format!("{} {} ({:?})", d.code.name(), d.message, d.help))
            .collect();
    };
    let mut out = Vec::new();
    for (id, scenario) in ruleset.scenarios.iter_enumerated() {
        match session.evaluate_scenario(ruleset, id, &parallax::engine::Limits::default()) {
            Ok(evaluation) => {
                let found = parallax::guard::check_scenario(ruleset, scenario, &evaluation);
                out.extend(
                    found
                        .iter()
                        .map(|failure| format!("expected {}, found {}", failure.expected, failure.found)),
                );
            }
            Err(diagnostic) => out.push(diagnostic.message.clone()),
        }
    }
    out
}
