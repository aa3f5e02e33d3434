//! What is said of mistakes, rendered as people see it.

use parallax::diag::render::{Format, RenderOptions, render};
use std::path::Path;

use crate::support::memory;

fn rendered(text: &str) -> String {
    let files = memory(text);
    let session = parallax::session::Session::open(&files, Path::new("rules")).expect("the folder is there");
    let options = RenderOptions { format: Format::Graphic, ..RenderOptions::default() };
    render(&session.diagnostics(), session.sources(), &options)
}

/// Every page's wrong example, as a person meets it.
#[test]
fn each_wrong_example_is_explained() {
    for entry in parallax::diag::TABLE {
        let page = parallax::diag::page(entry.code);
        let Some(start) = page.find("```lens wrong\n") else { continue };
        let body = &page[start + 14..];
        let text = &body[..body.find("```").expect("the block ends")];
        insta::assert_snapshot!(entry.name, rendered(text));
    }
}

#[test]
fn all_errors_of_all_places_are_found_in_one_pass() {
    let text = "kind Party\nkind Part\u{e9}e: Nobody\nrelation Party uses\nrelation Party likes Partty\nlens a {\n  row customer\n}\nfacts {\n  ada likes\n";
    let codes: Vec<&str> =
        crate::support::diagnostics(&memory(text)).iter().map(|diagnostic| diagnostic.code.name()).collect();
    assert!(codes.contains(&"PX0202") && codes.contains(&"PX0101") && codes.contains(&"PX0103"), "{codes:?}");
}
