//! `parallax whatif` on constraints, limits, and kinds that tables state.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use parallax::base::{StopReason, StopSign};
use parallax::engine::Limits;
use parallax::explain::whatif::{Hindrance, Wanted, WhatIfOptions, whatif};
use parallax::session::{Options, Session, Side};

use super::whatif_cases::said;
use crate::support::{Memory, memory};

const RULES: &str = "\
language 1
kind Party
relation a: Party pays b: Party
relation a: Party trusts b: Party
question Party is active | idle among party pays any other
lens paying {
  p: active when party pays any other and any third trusts party
  otherwise idle
}
never self-dealing \"Nobody pays whom he trusts\" when payer pays payee and payer trusts payee
never lonely when count(x: any y trusts x) < 1
facts {
  ann pays bob
  bob pays cid
  ann trusts bob
  maybe bob trusts cid
}
";

#[test]
fn constraints_newly_broken_and_mended_are_named() {
    let files = memory(RULES);
    insta::assert_snapshot!(
        "whatif_nevers",
        said(&files, &["- ann trusts bob", "+ cid pays ann", "+ cid trusts ann", "+ bob trusts cid"])
    );
    let all = said(&files, &["- ann trusts bob", "- maybe bob trusts cid"]);
    assert!(all.contains("lonely: broken 0 times before, 1 after\n  newly broken, 1\n"), "{all}");
    let none = said(&files, &["+ ann trusts cid"]);
    assert!(!none.contains("Constraints"), "{none}");
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("rules.lens"), RULES).expect("written");
    path
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parallax"));
    command.arg("whatif").arg(folder).args(args).output().expect("the command runs")
}

#[test]
fn a_constraint_newly_broken_is_a_finding_where_one_gates_on_it() {
    let folder = folder("nevers");
    let broken = ["--add", "cid pays ann", "--add", "cid trusts ann"];
    assert_eq!(run(&folder, &broken).status.code(), Some(0));
    let gated = run(&folder, &[&broken[..], &["--fail-on", "never"]].concat());
    assert_eq!(gated.status.code(), Some(1), "{}", String::from_utf8_lossy(&gated.stderr));
    let mended = ["--remove", "ann trusts bob", "--fail-on", "never"];
    assert_eq!(run(&folder, &mended).status.code(), Some(0));
    let of = |format: &str| {
        let output = run(&folder, &[&broken[..], &["--format", format, "--verify"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("replayed over the facts alone") && said.contains("2 constraints"), "{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    insta::assert_snapshot!("whatif_nevers_csv", of("csv"));
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    assert_eq!(
        json["nevers"],
        serde_json::json!([{
            "name": "self-dealing",
            "title": "Nobody pays whom he trusts",
            "place": "rules.lens:10",
            "before": { "certain": 1, "possible": 1 },
            "after": { "certain": 2, "possible": 1 },
            "ways": [{
                "before": "no", "after": "certain", "count": 1, "examples": ["payer = cid, payee = ann"],
            }],
        }])
    );
}

/// What comes of a change within limits of its own.
fn limited(limits: &Limits, budget: u64) -> Result<(), Hindrance> {
    let files = memory(RULES);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let given = [(Side::Add, "--add".to_owned(), "cid pays ann".to_owned())];
    let sentences = session.sentences(&given);
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
    let (mut evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let wanted = Wanted { add: &sentences.add, remove: &sentences.remove, kinds: &ruleset.facts.kinds };
    let lenses = ruleset.lenses.ids().collect();
    let options = WhatIfOptions { lenses, budget, proofs: 10, limits: limits.clone() };
    whatif(ruleset, &mut evaluation, &wanted, &options).map(|_| ())
}

#[test]
fn the_search_ends_when_its_time_is_over_or_it_is_asked_to() {
    let code = |limits: &Limits, budget| match limited(limits, budget) {
        Err(Hindrance::Stopped(problem)) => problem.code.name(),
        other => unreachable!("{other:?}"),
    };
    for budget in [1_000_000, 0] {
        let over = Limits { time: Some(Duration::ZERO), ..Limits::default() };
        assert_eq!(code(&over, budget), "PX0706");
        for (reason, expected) in [(StopReason::Memory, "PX0707"), (StopReason::Interrupted, "PX0708")] {
            let stop = StopSign::default();
            stop.ask(reason);
            assert_eq!(code(&Limits { stop, ..Limits::default() }, budget), expected);
        }
        limited(&Limits { time: Some(Duration::MAX), ..Limits::default() }, budget)
            .expect("there is time enough");
    }
}

const KINDS: &str = "\
language 1
kind Party
kind Club: Party
kind Team: Club
relation Club admits Party
question Party is club | person among party is a Party
lens by-kind {
  c: club when party is a Club
  otherwise person
}
from \"clubs.csv\" {
  name is a Club
}
from \"teams.csv\" {
  name is a Team
}
facts {
  chess admits ann
  boules admits ann
  rowing admits bob
}
";

fn tables(clubs: &str) -> Memory {
    Memory::default()
        .with("rules/main.lens", KINDS)
        .with("rules/clubs.csv", format!("name\n{clubs}"))
        .with("rules/teams.csv", "name\nrowing\n")
}

#[test]
fn a_kind_that_a_table_states_of_some_does_not_keep_others_in_it() {
    let files = tables("boules\nchess-2\n");
    // Only this fact puts chess in a kind.
    let gone = said(&files, &["- chess admits ann"]);
    assert!(gone.contains("asked about no longer, 1: chess"), "{gone}");
    // The tables say so of these too, of the second through a kind that is part of it.
    for fact in ["- boules admits ann", "- rowing admits bob"] {
        let stays = said(&files, &[fact]);
        assert!(!stays.contains("boules") || !stays.contains("no longer, 1: boules"), "{stays}");
        assert!(!stays.contains("no longer, 1: rowing"), "{stays}");
    }
}

#[test]
fn what_a_table_states_of_kinds_can_be_taken_away() {
    let files = tables("boules\nchess-2\n");
    let gone = said(&files, &["- chess-2 is a Club"]);
    assert!(gone.contains("asked about no longer, 1: chess-2"), "{gone}");
    // A fact keeps it there.
    let stays = said(&files, &["- boules is a Club"]);
    assert!(stays.contains("nobody moves"), "{stays}");
    let both = said(&files, &["- boules is a Club", "- boules admits ann"]);
    assert!(both.contains("asked about no longer, 1: boules"), "{both}");
    // It is of that kind, but nobody says so outright.
    assert!(said(&files, &["- chess is a Club"]).starts_with("PX0616"));
}
