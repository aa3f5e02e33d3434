//! Expectations and stories where something is doubtful or contradicted.

use std::path::Path;

use parallax::engine::Limits;
use parallax::report::{Look, PATTERNS, ReportOptions, RowFormat, RowOptions, build, text, write_rows};
use parallax::session::{Options, Session};

use crate::support::memory;

const RULES: &str = "language 1
kind Party
kind Shop
relation Party pays Shop
relation Party uses Shop
relation Party visits Shop
question Party is customer | other of Shop
  among party visits shop or party uses shop
lens payers {
  p: customer \"pays\" when party pays shop
  otherwise other
}
lens users {
  u: customer \"uses\" when party uses shop
  otherwise other
}
lens both {
  p: customer when party pays shop
  v: other when party visits shop
}
scenario small {
  ann visits shop
  ann pays shop
  ann uses shop
  bob visits shop
  maybe bob pays shop
  bob uses shop
  maybe cleo visits shop
";

/// What does not hold of these expectations.
fn failures(expectations: &str) -> Vec<String> {
    let files = memory(&format!("{RULES}{expectations}}}\n"));
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("the ruleset is sound");
    let (id, scenario) = ruleset.scenarios.iter_enumerated().next().expect("a scenario");
    let evaluation = session.evaluate_scenario(ruleset, id, &Limits::default()).expect("it can be evaluated");
    let found = parallax::guard::check_scenario(ruleset, scenario, &evaluation);
    found.into_iter().map(|failure| failure.found).collect()
}

/// What a missing value would be is neither certain nor impossible.
#[test]
fn a_missing_value_is_neither_expected_nor_denied() {
    let text = "language 1
kind Flight
relation Flight is late by Number?
question Flight is late | punctual
  among flight is late by any n
lens l { r: late when flight is late by n and n > 5
  otherwise punctual }
scenario s {
  a is late by 7
  b is a Flight
  expect a is late by 7
  expect not a is late by 8
  expect b is late by 20
  expect not b is late by 20
}
";
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("the ruleset is sound");
    let (id, scenario) = ruleset.scenarios.iter_enumerated().next().expect("a scenario");
    let evaluation = session.evaluate_scenario(ruleset, id, &Limits::default()).expect("it can be evaluated");
    let found = parallax::guard::check_scenario(ruleset, scenario, &evaluation);
    let found: Vec<String> = found.into_iter().map(|failure| failure.found).collect();
    assert_eq!(found, ["it is only possible", "it is only possible"]);
}

#[test]
fn what_is_denied_must_be_out_of_the_question() {
    let open = failures("  expect not bob is customer of shop according to payers\n");
    assert_eq!(open, ["unknown (customer or other) by `p` (pays) or no row"]);
    assert!(failures("  expect not bob is other of shop according to users\n").is_empty());
    assert!(failures("  expect not ann is unknown of shop according to payers\n").is_empty());
    assert_eq!(failures("  expect not lenses payers and users disagree on bob, shop\n").len(), 1);
    assert!(failures("  expect not lenses payers and users disagree on ann, shop\n").is_empty());
}

#[test]
fn who_is_perhaps_in_the_population_is_classified() {
    assert!(failures("  expect cleo, shop: other by payers, users\n").is_empty());
    assert_eq!(failures("  expect outside cleo, shop\n"), ["cleo, shop is perhaps in it"]);
    assert!(failures("  expect outside dora, shop\n").is_empty());
}

#[test]
fn rows_that_agree_or_contradict_are_all_named() {
    assert_eq!(failures("  expect ann, shop: customer by both\n"), ["conflict by `p` or `v`"]);
    assert!(failures("  expect ann is customer of shop according to payers by p\n").is_empty());
}

#[test]
fn a_small_report_says_why_of_everybody() {
    let files = memory(&format!("{RULES}}}\n"));
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("the ruleset is sound");
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    let options = ReportOptions { from_scenarios: true, ..ReportOptions::default() };
    let report = build(ruleset, session.sources(), &evaluation, &options).expect("nothing weighs");
    insta::assert_snapshot!("small_report", text(&report, Look::Plain, PATTERNS));
    for format in [RowFormat::Csv, RowFormat::JsonLines] {
        let mut out = Vec::new();
        let question = parallax::model::QuestionId(0);
        let options = RowOptions { format, question, only: None, reasons: true };
        write_rows(ruleset, &evaluation, &options, &mut out).expect("memory takes it");
        insta::assert_snapshot!(format!("rows_{format:?}"), String::from_utf8_lossy(&out));
    }
}
