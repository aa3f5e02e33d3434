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
fn the_documents_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut whole = 0;
    for page in ["language.md", "unknown.md", "analyst.md", "explain.md", "whatif.md"] {
        let text = std::fs::read_to_string(folder.join(page)).expect("the page is there");
        let mut files = memory("");
        let mut last = String::new();
        for (info, text) in blocks(&text) {
            match info.as_str() {
                // A whole ruleset: sound, and its scenarios hold.
                "lens" => {
                    whole += 1;
                    let failures = failures(&text);
                    assert!(failures.is_empty(), "{failures:#?}\n{text}");
                    last = text;
                }
                "report" => {
                    let report = report(files.clone().with("rules/main.lens", last.clone()));
                    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(squeeze(&report).contains(&squeeze(&text)), "{text}\nis not in\n{report}");
                }
                // What `explain` says of a subject: the names follow the fence.
                asked if asked.starts_with("explain ") => {
                    let files = files.clone().with("rules/main.lens", last.clone());
                    let found = crate::explain::told(&files, asked.trim_start_matches("explain ").trim());
                    assert!(found.contains(text.trim_end()), "{text}\nis not in\n{found}");
                }
                // Who moves by changes: they follow the fence, a `;` between them.
                asked if asked.starts_with("whatif ") => {
                    let files = files.clone().with("rules/main.lens", last.clone());
                    let changes: Vec<&str> = asked["whatif ".len()..].split(';').map(str::trim).collect();
                    let found = crate::explain::whatif_said(&files, &changes);
                    assert!(found.contains(text.trim_end()), "{text}\nis not in\n{found}");
                }
                range if range.starts_with("sweep ") => {
                    let found = crate::sweep::shown(&last, range["sweep ".len()..].trim(), "text");
                    assert!(found.contains(text.trim_end()), "{text}\nis not in\n{found}");
                }
                // A ruleset with the code it is meant to give.
                wrong if wrong.starts_with("lens ") => {
                    let code = wrong.trim_start_matches("lens ").trim();
                    let found = codes(&text);
                    assert!(found.contains(&code), "{code}: {found:?}\n{text}");
                }
                table if table.starts_with("csv ") => {
                    let name = table.trim_start_matches("csv ").trim();
                    files = files.with(&format!("rules/{name}"), text);
                }
                _ => {}
            }
        }
    }
    assert!(whole >= 12, "{whole} examples ran");
}

fn report(files: parallax::Memory) -> String {
    use parallax::report::{Look, PATTERNS, ReportOptions, build, text};
    use parallax::session::{Options, Session};
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    let options = ReportOptions { by: Some("state".to_owned()), ..ReportOptions::default() };
    text(
        &build(ruleset, session.sources(), &evaluation, &options).expect("all weigh something"),
        Look::Plain,
        PATTERNS,
    )
}

/// The page of functions is what the registry says, and every example holds.
#[test]
fn the_page_of_functions_is_true() {
    use parallax::builtin::{AGGREGATES, Takes, all};
    let mut page = "# Functions and aggregates\n\nWritten in calculations, with no blank before the bracket.\n\n| function | takes | gives | meaning | examples |\n|---|---|---|---|---|\n".to_owned();
    for builtin in all() {
        let kinds = |kinds: &[parallax::value::ValueKind]| {
            kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
        };
        let takes = match builtin.takes {
            Takes::Kinds(all) => kinds(all),
            Takes::Optional(all, last) => format!("{}, perhaps {}", kinds(all), last.name()),
            Takes::Several => "two or more Number, or Date".to_owned(),
        };
        let gives = builtin.gives.map_or("the same", |kind| kind.name());
        let examples: Vec<String> =
            builtin.examples.iter().map(|(call, result)| format!("`{call}` is `{result}`")).collect();
        let text = builtin.text.replace('|', "\\|");
        page.push_str(&format!(
            "| `{}` | {takes} | {gives} | {text} | {} |\n",
            builtin.name,
            examples.join("; ")
        ));
        for (call, result) in builtin.examples {
            let kind = match builtin.gives {
                Some(kind) => kind.name(),
                None if result.len() == 10 => "Date",
                None => "Number",
            };
            let rules = format!(
                "language 1\nkind T\nrelation T shines\nrelation T gives {kind}\ndefine t gives x\n  when t shines and x = {call}\nscenario s {{\n  a shines\n  expect a gives {result}\n}}\n"
            );
            let failures = failures(&rules);
            assert!(failures.is_empty(), "{call} is not {result}: {failures:?}");
        }
    }
    page.push_str("\nAggregates name what they range over, as in `count(thing: shop sells thing)`; those with `for each` say what\ncounts once, and may be `weighted by` a number.\n\n| aggregate | `for each` | meaning |\n|---|---|---|\n");
    for aggregate in &AGGREGATES {
        let each = if aggregate.for_each { "yes" } else { "no" };
        page.push_str(&format!("| `{}` | {each} | {} |\n", aggregate.name, aggregate.text));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/functions.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("it can be written");
    }
    assert_eq!(std::fs::read_to_string(path).expect("the page is there"), page, "run with UPDATE_DOCS=1");
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
