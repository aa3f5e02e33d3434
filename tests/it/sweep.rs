//! `report --sweep`: every value as if the constant were written out, and what is said of wrong ranges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use parallax::agreement::{Sweep, Sweeper};
use parallax::base::Idx;
use parallax::model::{Constant, Ruleset};
use parallax::report::{Look, ReportOptions, sweep, sweeping};
use parallax::session::{Options, Session, World, sweep_values};
use parallax::verdict::{Evaluation, OutcomeSet};

use crate::generator::case;
use crate::support::memory;

fn swept(text: &str, range: &str) -> Option<Sweep> {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset()?;
    let (parameter, values) = sweep_values(ruleset, range).expect("a range");
    let same_ids = session.world(ruleset) == World::Facts;
    let mut sweeper =
        Sweeper::new(ruleset, parameter, sweeping(ruleset, &ReportOptions::default()), same_ids);
    let options = Options::default();
    session
        .sweep(ruleset, &options, (parameter, &values), &mut |value, found| sweeper.add(value.clone(), found))
        .expect("it can be evaluated");
    Some(sweeper.finish())
}

type Says = BTreeMap<(u32, Vec<Constant>), OutcomeSet>;

fn said(ruleset: &Ruleset, evaluation: &Evaluation) -> Says {
    let mut out = Says::new();
    for (question, table) in evaluation.tables.iter_enumerated() {
        let slots = &ruleset.questions[question].slots;
        for column in &table.lenses {
            // Who is asked about only perhaps is counted nowhere.
            for place in (0..table.len()).filter(|place| !table.perhaps.contains(*place)) {
                let names = slots.iter().zip(&table.subjects).filter_map(|(slot, column)| {
                    evaluation.dictionaries[ruleset.domain_of(slot.ty)].constant(column[place])
                });
                out.insert((column.lens.0, names.collect()), table.outcome(column, place));
            }
        }
    }
    out
}

/// What is said where the constant is written out.
fn written_out(text: &str) -> Says {
    crate::support::evaluated(text, said)
}

fn counted(sweep: &Sweep, at: usize) -> Vec<(u32, u64)> {
    let of = |entry: &parallax::agreement::QuestionSweep| -> Vec<(u32, u64)> {
        let columns = entry.compared.lenses.iter().zip(&entry.points[at].columns);
        columns.map(|(lens, figures)| (lens.0, figures.verdicts[entry.compared.focus.index()])).collect()
    };
    sweep.questions.iter().flat_map(of).collect()
}

#[test]
fn every_value_is_as_if_written_out() {
    const OWN: &str = "parameter since: Date = 2026-02-10";
    let (mut flipped, mut compared) = (0, 0);
    for seed in 0..200 {
        let text = case(seed).text;
        let Some(sweep) = swept(&text, "since=2026-01-05..2026-03-20:24 days") else { continue };
        let each: Vec<Says> = sweep
            .values
            .iter()
            .map(|value| written_out(&text.replace(OWN, &format!("parameter since: Date = {value}"))))
            .collect();
        assert_eq!(each.len(), 4);
        let focus = OutcomeSet::only(parallax::verdict::Outcome::Verdict(parallax::model::VerdictId(0)));
        for (at, says) in each.iter().enumerate() {
            for (lens, count) in counted(&sweep, at) {
                // Those who are perhaps asked about count in no figure.
                let all =
                    says.iter().filter(|((other, _), set)| *other == lens && **set == focus).count() as u64;
                let perhaps = sweep.questions[0].points[at].perhaps;
                assert!(count <= all && all <= count + perhaps, "seed {seed}, {at}: {count}, {all}\n{text}");
                compared += 1;
            }
        }
        for entry in &sweep.questions {
            for at in 1..each.len() {
                for lens in &entry.compared.lenses {
                    let who: BTreeSet<_> = each[at - 1]
                        .keys()
                        .chain(each[at].keys())
                        .filter(|(other, _)| *other == lens.0)
                        .collect();
                    let differ: BTreeSet<_> =
                        who.into_iter().filter(|key| each[at - 1].get(*key) != each[at].get(*key)).collect();
                    let flips: Vec<_> =
                        entry.flips.iter().filter(|flip| flip.at == at && flip.lens == *lens).collect();
                    let count: u64 = flips.iter().map(|flip| flip.count).sum();
                    assert_eq!(count, differ.len() as u64, "seed {seed}, {at}\n{text}");
                    for subject in flips.iter().flat_map(|flip| &flip.examples) {
                        assert!(
                            differ.contains(&(lens.0, subject.clone())),
                            "seed {seed}: {subject:?}\n{text}"
                        );
                    }
                    flipped += count;
                }
            }
        }
    }
    assert!(flipped > 2 && compared > 300, "{flipped} flipped, {compared} compared");
}

const RULES: &str = "\
language 1
kind Person
relation Person waits Number
parameter limit: Number = 30 \"days\"
parameter from: Date = 2026-01-31
parameter strict: Flag = no
question Person is late | fine
  among person waits any n1
lens short {
  row: late when person waits n and n > limit
  otherwise fine
}
lens double {
  row: late when person waits n and n > 2 * limit
  otherwise fine
}
";

const FACTS: &str = "facts {\n  ann waits 5\n  bob waits 25\n  cid waits 25\n  dan waits 70\n}\n";

/// A sweep of a text as it is printed.
pub fn shown(text: &str, range: &str, format: &str) -> String {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let sweep = swept(text, range).expect("it is sound");
    match format {
        "md" => sweep::text(ruleset, &sweep, Look::Markdown),
        "csv" => sweep::csv(ruleset, &sweep),
        "json" => sweep::json(ruleset, &sweep),
        _ => sweep::text(ruleset, &sweep, Look::Plain),
    }
}

#[test]
fn whoever_is_only_perhaps_asked_about_flips_nowhere() {
    let text = "language 1\nkind P\nparameter most: Number = 1\nrelation P asks\nrelation P has Number\n\
        question P is ok | bad\n  among p asks\nlens a {\n  a: ok when p has n and n <= most\n  otherwise bad\n}\n\
        facts {\n  ann asks\n  maybe bob asks\n  ann has 2\n  bob has 2\n}\n";
    let swept = swept(text, "most=1..2:1").expect("the ruleset is sound");
    let flips = &swept.questions[0].flips;
    assert_eq!(flips.iter().map(|flip| flip.count).collect::<Vec<_>>(), [1], "{flips:?}");
}

#[test]
fn a_sweep_reads_well() {
    let text = format!("{RULES}{FACTS}");
    insta::assert_snapshot!("sweep_text", shown(&text, "limit=10 days..40 days:10", "text"));
    insta::assert_snapshot!("sweep_md", shown(&text, "limit=10..40:10days", "md"));
    insta::assert_snapshot!("sweep_csv", shown(&text, "limit=10..40:10", "csv"));
    let json: serde_json::Value =
        serde_json::from_str(&shown(&text, "limit=10..40:10", "json")).expect("JSON");
    assert_eq!(json["questions"][0]["points"][2]["lenses"][0]["verdicts"]["late"], 1);
    assert_eq!(json["questions"][0]["flips"][0]["at"], "20");
    let schema: serde_json::Value = serde_json::from_str(sweep::SCHEMA).expect("JSON");
    for key in schema["required"].as_array().expect("a list") {
        assert!(json.get(key.as_str().expect("a name")).is_some(), "{key}");
    }
}

/// A scenario that gives the parameter a value of its own keeps it, as with `--set`.
#[test]
fn scenarios_are_swept_together() {
    let text = format!(
        "{RULES}scenario one {{\n  ann waits 35\n}}\nscenario two {{\n  given limit = 100\n  bob waits 35\n}}\n"
    );
    let found = shown(&text, "limit=20..40:10", "text");
    assert!(found.contains("at 40, short: late → fine, 1: one/ann\n"), "{found}");
}

#[test]
fn wrong_ranges_are_explained() {
    let files = memory(&format!("{RULES}{FACTS}"));
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let cases = [
        ("limt=1..2:1", "PX0206", "no parameter called `limt`"),
        ("limit", "PX0609", "names no range"),
        ("limit=5", "PX0609", "names no range"),
        ("limit=5..x:1", "PX0609", "`limit` is in days"),
        ("limit=..5:1", "PX0609", "is not a Number"),
        ("limit=5..1:1", "PX0609", "backwards"),
        ("limit=1..5:0", "PX0609", "leads nowhere"),
        ("limit=1..5:-1", "PX0609", "leads nowhere"),
        ("limit=1..5 weeks:1", "PX0609", "`limit` is in days"),
        ("limit=1..5%:1", "PX0609", "`limit` is in days"),
        ("limit=1..2000:1", "PX0703", "more than 1000 values"),
        ("from=2026-01-01..2026-02-01:1 moon", "PX0609", "days, weeks, months or years"),
        ("from=2026-01-01..2026-02-01:1.5", "PX0609", "whole number of days"),
        ("from=2026-01-01..2026-02-31:1", "PX0609", "is not a Date"),
        ("strict=no..yes:1", "PX0609", "has no range"),
        ("today=2026-01-01..2026-01-02:1", "PX0206", "no parameter called `today`"),
    ];
    for (range, code, message) in cases {
        let problem = sweep_values(ruleset, range).expect_err(range);
        assert_eq!(problem.code.name(), code, "{range}: {}", problem.message);
        assert!(problem.message.contains(message), "{range}: {}", problem.message);
    }
    let values = |range: &str| -> Vec<String> {
        let (_, values) = sweep_values(ruleset, range).expect(range);
        values.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        values("from=2026-01-31..2026-04-30:1 month"),
        ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    );
    assert_eq!(values("from=2026-01-31..2026-02-20:1 week"), ["2026-01-31", "2026-02-07", "2026-02-14"]);
    assert_eq!(values("limit=0.1..0.4:0.1"), ["0.1", "0.2", "0.3", "0.4"]);
    assert_eq!(values("limit=-1..1"), ["-1", "0", "1"]);
    assert_eq!(values("limit=3..3:5"), ["3"]);
    assert_eq!(values("limit=1..1000:1").len(), 1000);
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parallax"))
        .arg("report")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs")
}

#[test]
fn sweeps_of_the_command_line() {
    let code = |args: &[&str]| run(args).status.code().expect("an exit code");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sweep");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("rules.lens");
    std::fs::write(&path, format!("{RULES}{FACTS}")).expect("written");
    let path = path.to_string_lossy().into_owned();
    let rules = path.as_str();
    let found = run(&[rules, "--sweep", "limit=15..25:5", "--format", "csv"]);
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!(found.status.code(), Some(0), "{}", String::from_utf8_lossy(&found.stderr));
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(code(&[rules, "--sweep", "limit=25..15:5"]), 2);
    assert_eq!(code(&[rules, "--sweep", "limitt=15..25:5"]), 2);
    assert_eq!(code(&[rules, "--sweep", "limit=15..25:5", "--set", "limit=3"]), 2);
    assert_eq!(code(&[rules, "--sweep", "limit=15..25:5", "--fail-on", "never"]), 2);
}
