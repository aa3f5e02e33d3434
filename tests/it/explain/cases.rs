//! The published cases, explained as a person would; and every subject of the shipped rulesets.

use std::process::Command;

fn explain(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_parallax"))
        .arg("explain")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn published_cases_read_well() {
    let customer = "rulesets/customer";
    insta::assert_snapshot!(
        "taxpayer",
        explain(&[customer, "taxpayer, welfare-agency", "--lens", "seybold,kde,mier"])
    );
    insta::assert_snapshot!(
        "dealership_owner",
        explain(&[customer, "dealership-owner, carmaker", "--vs", "kde,customers-customer"])
    );
    insta::assert_snapshot!(
        "grocer",
        explain(&[customer, "grocer, chip-maker", "--lens", "customers-customer", "--tree"])
    );
    insta::assert_snapshot!("sedna", explain(&["rulesets/solar-system", "sedna", "--lens", "iau-2006"]));
    insta::assert_snapshot!("aircraft", explain(&["rulesets/aircraft", "N10156", "--lens", "by-age"]));
}

#[test]
fn forms_are_what_they_say() {
    let of = |format: &str| explain(&["rulesets/licences", "X11", "--lens", "fsf,both", "--format", format]);
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    assert_eq!(json["schema"], "parallax/explanation@1");
    assert_eq!(json["lenses"][0]["outcome"], "open");
    let schema: serde_json::Value =
        serde_json::from_str(parallax::report::explanation::SCHEMA).expect("JSON");
    for key in schema["required"].as_array().expect("a list") {
        assert!(json.get(key.as_str().expect("a name")).is_some(), "{key}");
    }
    insta::assert_snapshot!("dot", of("dot"));
    insta::assert_snapshot!("mermaid", of("mermaid"));
    insta::assert_snapshot!("markdown", of("md"));
}

/// What is said where `explain` refuses what it is asked.
fn refused(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_parallax"))
        .arg("explain")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn names_that_are_wrong_are_met_with_near_ones() {
    assert!(refused(&["rulesets/licences", "X1l"]).contains("did you mean `X11`?"));
    assert!(refused(&["rulesets/customer", "drivr, carmaker"]).contains("did you mean"));
    assert!(refused(&["rulesets/customer", "driver"]).contains("names 1 where 2 are asked about"));
    assert!(refused(&["rulesets/licences", "MIT", "--lens", "osl"]).contains("did you mean `osi`?"));
    assert!(refused(&["rulesets/licences", "--subject", "body=MIT"]).contains("the slots are licence"));
}

#[test]
fn names_in_quotes_and_lenses_named_twice_are_told_apart() {
    let quoted = refused(&["rulesets/customer", r#""a\"b, c", carmaker"#]);
    assert!(quoted.contains(r#"nothing called `a"b, c`"#), "{quoted}");
    let missing = refused(&["rulesets/customer", "driver, nosuch"]);
    assert!(missing.contains("nothing called `nosuch`"), "{missing}");
    let twice = refused(&["rulesets/customer", "driver, carmaker", "--vs", "kde,kde"]);
    assert!(twice.contains("it takes two different lenses"), "{twice}");
    let beside = refused(&["rulesets/customer", "driver, carmaker", "--vs", "kde,mier", "--lens", "kde"]);
    assert!(beside.contains("leave --lens out"), "{beside}");
}

#[test]
fn a_graph_has_the_rows_where_none_matches() {
    let graph = explain(&["rulesets/solar-system", "sedna", "--lens", "iau-2006", "--format", "dot"]);
    assert!(graph.matches(" -> ").count() > 1, "{graph}");
}

#[test]
fn names_in_another_order_and_a_scenario_by_its_name() {
    let output = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_parallax"))
            .arg("explain")
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the command runs")
    };
    let swapped = output(&["rulesets/customer", "carmaker, driver"]);
    assert!(String::from_utf8_lossy(&swapped.stderr).contains("did you mean `driver, carmaker`?"));
    let named = output(&["rulesets/customer", "driver, carmaker", "--scenario", "car-brand"]);
    assert!(
        named.stderr.is_empty() && named.stdout == output(&["rulesets/customer", "driver, carmaker"]).stdout
    );
    let other = output(&["rulesets/customer", "driver, carmaker", "--scenario", "insurance"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("there is nothing called `driver`"));
    let facts = output(&["rulesets/licences", "MIT", "--scenario", "x"]);
    assert!(String::from_utf8_lossy(&facts.stderr).contains("has facts of its own"));
}

#[test]
fn all_that_is_said_replays() {
    let cases = [
        ("rulesets/customer", "taxpayer, welfare-agency"),
        ("rulesets/customer", "grocer, chip-maker"),
        ("rulesets/licences", "X11"),
        ("rulesets/solar-system", "sedna"),
    ];
    for (ruleset, who) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_parallax"))
            .args(["explain", ruleset, who, "--verify"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("the command runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}: {said}");
        assert!(said.contains("replayed over the facts alone"), "{who}: {said}");
    }
}

#[test]
fn a_value_nobody_stated_is_tried_where_a_comparison_turns() {
    let files = crate::support::memory(
        "kind Order\nrelation Order costs Number?\nrelation Order holds Number pieces\nrelation Order is due on Date?\n\
         question Order is dear | cheap\n  among order holds any n pieces\n\
         lens total {\n  big: dear when order holds n pieces and order costs c and c * n > 1000\n  otherwise cheap\n}\n\
         lens soon {\n  late: dear when order is due on d and 2026-03-15 - d > 30\n  otherwise cheap\n}\n\
         facts {\n  o1 holds 3 pieces\n  o2 holds 1000001 pieces\n  o2 costs 1\n}\n",
    );
    insta::assert_snapshot!("turning", super::printed(&files, "o1", 1));
}

#[test]
fn changes_name_the_value_at_which_an_answer_turns() {
    let files = crate::support::memory(
        "kind Test\nkind Patient\nrelation Test is of Patient\nrelation Test was on Date\nrelation Test found Number?\n\
         relation Patient is here\nrelation Test lasted Number minutes\n\
         question Patient is ill | well\n  among patient is here\n\
         lens twice {\n  low: ill when a is of patient and a found x and x < 60 and a was on d \
         and b is of patient and b found y and y < 60 and b was on e and e - d >= 90\n  otherwise well\n}\n\
         lens mean {\n  low: ill when average(x for each a x: a is of patient and a found x) < 40\n  otherwise well\n}\n\
         lens long {\n  all: ill when sum(m for each a m: a is of patient and a lasted m minutes) > 100\n  \
         otherwise well\n}\n\
         lens often {\n  all: ill when count(a: a is of patient) > 3\n  otherwise well\n}\n\
         facts {\n  ann is here\n  t1 is of ann\n  t1 was on 2026-01-01\n  t1 found 50\n  t1 lasted 20 minutes\n  \
         t2 is of ann\n  t2 was on 2026-03-25\n  t2 found 55\n  t2 lasted 30.5 minutes\n}\n",
    );
    insta::assert_snapshot!("turning_changes", super::printed(&files, "ann", 1));
}

#[test]
fn one_answer_settles_nothing_where_another_still_decides() {
    let files = crate::support::memory(
        "kind Parcel\nkind Carrier\nrelation Parcel left on Date\nrelation Parcel came on Date?\n\
         relation Carrier allows Number?\nrelation Parcel goes with Carrier\n\
         question Parcel is late | on-time\n  among parcel left on any day\n\
         lens contract {\n  late: late when parcel left on s and parcel came on d and parcel goes with c \
         and c allows n and d - s > n\n  otherwise on-time\n}\n\
         facts {\n  p left on 2026-02-01\n  p goes with ups\n}\n",
    );
    insta::assert_snapshot!("settled_together", super::printed(&files, "p", 1));
}

#[test]
fn a_text_that_another_sentence_asks_for_is_tried_by_itself() {
    let files = crate::support::memory(
        "kind Person\nkind Club\nrelation Person is here\nrelation Person is called Text\n\
         relation Club has prefix Text\nquestion Person is yes | no\n  among person is here\n\
         lens same {\n  r1: yes when person is called name and any club has prefix head and name = head\n  \
         otherwise no\n}\n\
         facts {\n  ann is here\n  bob is called \"bo\"\n  golf has prefix \"Bo\"\n}\n",
    );
    let told = super::told(&files, "ann");
    assert!(told.contains("if ann is called \"Bo\": yes"), "{told}");
    assert!(!told.contains(" and ann is called"), "{told}");
}

#[test]
fn a_value_settles_only_what_it_does_where_it_is_stated() {
    let files = crate::support::memory(
        "kind Person\nrelation Person is here\nrelation Person earns Number?\n\
         question Person is yes | no\n  among person is here\n\
         lens a {\n  r1: yes when not known person earns any w and person earns x and x < 5\n  otherwise no\n}\n\
         facts {\n  ann is here\n}\n",
    );
    let told = super::told(&files, "ann");
    let settled = told.split("It is settled").nth(1).expect("some value settles it");
    assert!(settled.contains(": no") && !settled.contains(": yes"), "{told}");
}

#[test]
fn sets_of_changes_hold_none_that_is_enough_and_ranges_are_of_one_change() {
    let files = crate::support::memory(
        "kind Person\nrelation Person is here\nrelation Person is banned\nrelation Person paid Number\n\
         question Person is yes | no\n  among person is here\n\
         lens least {\n  r1: yes when person is banned and min(w: person paid w) < 40\n  otherwise no\n}\n\
         lens either {\n  r1: yes when person is banned\n  r2: yes when person paid any w\n  otherwise no\n}\n\
         facts {\n  ann is here\n  ann is banned\n  ann paid 50\n  cyd is here\n}\n",
    );
    let told = super::told_with(&files, "cyd", 2);
    let least = told.split("either: ").next().expect("there is something before");
    assert!(least.contains("if cyd is banned and cyd paid"), "{told}");
    assert!(!least.contains("any other value"), "{told}");
    let told = super::told_with(&files, "ann", 2);
    assert!(told.contains("if nobody stated that ann is here: not asked about"), "{told}");
    assert!(!told.contains("ann is here and"), "{told}");
    assert!(!told.contains("and nobody stated that ann is here"), "{told}");
}
