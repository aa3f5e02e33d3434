//! `parallax whatif` as people and machines call it, and sentences that cannot be meant.

use std::path::Path;
use std::process::{Command, Output};

use parallax::diag::render::{RenderOptions, render};
use parallax::engine::Limits;
use parallax::explain::whatif::{Hindrance, Wanted, WhatIfOptions, whatif};
use parallax::report::Look;
use parallax::report::whatif::{SCHEMA, tell, text};
use parallax::session::{Options, Session, Side, changes};

use crate::support::{Memory, memory};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parallax"))
        .arg("whatif")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs")
}

fn answer(args: &[&str]) -> String {
    let output = run(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const RULES: &str = "\
language 1
kind Party
kind Club: Party
relation Club admits Party
relation Party pays Number?
relation a: Party knows b: Party
relation a: Party reaches b: Party
define x reaches y when x knows y
define x reaches y when x reaches z and z knows y
question Party is member | guest of Club
  among club admits any p1 and party pays any n1
lens dues {
  pays: member \"pays enough\" when club admits party and party pays n and n >= 10
  otherwise guest
}
facts {
  chess admits ann
  chess admits bob
  ann pays 12
  maybe ann knows cid
  bob knows ann
}
";

/// What is said of changes, given with a `+` or `-` before each: the answer, or what is wrong.
pub fn said(files: &Memory, changes: &[&str]) -> String {
    let session = Session::open(files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let given: Vec<_> = changes
        .iter()
        .map(|change| match change.strip_prefix('+') {
            Some(add) => (Side::Add, "--add".to_owned(), add.trim().to_owned()),
            None => (Side::Remove, "--remove".to_owned(), change.trim_start_matches('-').trim().to_owned()),
        })
        .collect();
    let sentences = session.sentences(&given);
    let shown = |problems: &[parallax::diag::Diagnostic]| {
        render(problems, &sentences.sources, &RenderOptions::default())
    };
    if !sentences.diagnostics.is_empty() {
        return shown(&sentences.diagnostics);
    }
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
    let (mut evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let wanted = Wanted { add: &sentences.add, remove: &sentences.remove, kinds: &ruleset.facts.kinds };
    let options = WhatIfOptions {
        lenses: ruleset.lenses.ids().collect(),
        budget: 1_000_000,
        proofs: 10,
        limits: Limits::default(),
    };
    match whatif(ruleset, &mut evaluation, &wanted, &options) {
        Ok((found, warnings)) => {
            let told = tell(ruleset, &sentences.sources, &found, None);
            format!("{}{}", shown(&warnings), text(&told, Look::Plain, usize::MAX))
        }
        Err(Hindrance::Sentences(problems)) => shown(&problems),
        Err(other) => unreachable!("{other:?}"),
    }
}

#[test]
fn published_cases_move_as_a_person_would_expect() {
    let customer = "rulesets/customer";
    insta::assert_snapshot!(
        "whatif_staff",
        answer(&[
            customer,
            "--scenario",
            "leader-and-staff",
            "--remove",
            "staff-member relies on team-leader",
            "--lens",
            "seybold,mier,watermark",
        ])
    );
    insta::assert_snapshot!(
        "whatif_newcomer",
        answer(&[
            customer,
            "--add",
            "\"internal-it/neighbour\" uses phone-help",
            "--lens",
            "seybold,kde",
            "--format",
            "md",
        ])
    );
}

#[test]
fn forms_of_moves_are_what_they_say() {
    let of = |format: &str| {
        let world = ["rulesets/customer", "--scenario", "internal-it", "--lens", "seybold,watermark"];
        let change = ["--remove", "caller uses phone-help", "--format", format];
        answer(&[&world[..], &change[..]].concat())
    };
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    assert_eq!(json["schema"], "parallax/whatif@1");
    assert_eq!(json["removed"][0]["sentence"], "caller uses phone-help");
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("JSON");
    for key in schema["required"].as_array().expect("a list") {
        assert!(json.get(key.as_str().expect("a name")).is_some(), "{key}");
    }
    insta::assert_snapshot!("whatif_csv", of("csv"));
    assert_eq!(of("json"), of("json"));
}

#[test]
fn sentences_that_cannot_be_meant_are_explained() {
    let files = memory(RULES);
    let cases: [(&str, &[&str]); 10] = [
        ("PX0201", &["+ ann dances"]),
        ("PX0504", &["+ ann is member of chess"]),
        ("PX0601", &["+ ann pays much"]),
        ("PX0601", &["+ chess admits any x"]),
        ("PX0607", &["+ ann pays 13"]),
        ("PX0616", &["- bob knows cid"]),
        ("PX0616", &["- bob reaches ann"]),
        ("PX0616", &["- ann pays 13"]),
        ("PX0616", &["- chess admits anne"]),
        ("PX0618", &["- chess admits ann", "+ chess admits ann"]),
    ];
    for (code, changes) in cases {
        let found = said(&files, changes);
        assert!(found.starts_with(code), "{changes:?}: {found}");
    }
    insta::assert_snapshot!("whatif_not_stated", said(&files, &["- chess admits anne", "- ann pays 13"]));
    insta::assert_snapshot!("whatif_taken_back", said(&files, &["- chess admits ann", "+ chess admits ann"]));
}

#[test]
fn changes_that_come_to_nothing_are_warned_of() {
    let files = memory(RULES);
    let nothing = said(&files, &["+ ann pays 12"]);
    assert!(nothing.starts_with("PX0617") && nothing.contains("no fact changes"), "{nothing}");
    let ruled = said(&files, &["+ ann reaches bob"]);
    assert!(ruled.starts_with("PX0619"), "{ruled}");
    let twice = said(&files, &["+ cid pays 1", "+ cid pays 1"]);
    assert!(twice.starts_with("PX0617") && twice.contains("+ cid pays 1"), "{twice}");
    assert!(said(&files, &["+"]).starts_with("PX0606"));
    assert!(said(&files, &["+ ann knows bob }"]).starts_with("PX0106"));
}

#[test]
fn values_are_replaced_and_doubts_settled() {
    let files = memory(RULES);
    insta::assert_snapshot!(
        "whatif_value",
        said(
            &files,
            &["- ann pays 12", "+ ann pays 3", "+ bob pays 30", "+ cid is a Club", "+ ann knows cid"]
        )
    );
    // Who is named by that fact alone is gone with it.
    let gone = said(&files, &["- maybe ann knows cid"]);
    assert!(gone.contains("asked about no longer, 1: cid, chess"), "{gone}");
}

#[test]
fn a_list_of_changes_keeps_its_lines() {
    let both = changes("list", "# why\n+ a b\n\n - c d\n+ e f\n").expect("a list");
    assert_eq!(
        both,
        [
            (Side::Add, "list".to_owned(), "\n  a b\n\n\n  e f\n".to_owned()),
            (Side::Remove, "list".to_owned(), "\n\n\n   c d\n\n".to_owned()),
        ]
    );
    assert_eq!(changes("list", "+ a\nb\n"), Err(2));
    assert_eq!(changes("list", ""), Ok(Vec::new()));
}

#[test]
fn wrong_invocations_of_whatif_end_with_2() {
    let code = |args: &[&str]| run(args).status.code().expect("an exit code");
    let customer = "rulesets/customer";
    assert_eq!(code(&[customer]), 2);
    assert_eq!(code(&[customer, "--changes", "nothing.txt"]), 2);
    assert_eq!(code(&[customer, "--add", "a b c"]), 2);
    assert_eq!(code(&[customer, "--add", "new-one uses new-thing"]), 2);
    assert_eq!(code(&[customer, "--scenario", "internal-itt", "--add", "a uses b"]), 2);
    assert_eq!(code(&[customer, "--scenario", "internal-it", "--add", "a uses b", "--lens", "kdee"]), 2);
    assert_eq!(code(&[customer, "--scenario", "internal-it", "--add", "a uses b"]), 0);
}
