//! Changes by which things come into being or cease, and the values at which answers turn.

use parallax::engine::Limits;
use parallax::explain::{Coverage, Request, explain};
use parallax::model::{Constant, QuestionId};
use parallax::session::{Options, Session};

use super::told_with;
use crate::support::memory;

const CLUBS: &str = "kind Person\nkind Club\nrelation Person is here\nrelation Person leads Club\n\
    relation Club is aged Number?\nrelation Person paid Number\nquestion Person is yes | no\n  among person is here\n";

/// What is said of ann where a lens has one row, with these facts.
fn told(row: &str, facts: &str, size: usize) -> String {
    let text = format!(
        "{CLUBS}lens a {{\n  r: yes when {row}\n  otherwise no\n}}\nfacts {{\n  ann is here\n{facts}}}\n"
    );
    told_with(&memory(&text), "ann", size)
}

#[test]
fn a_new_thing_of_a_kind_has_a_value_that_nobody_stated() {
    let told = told("average(n for each c: c is aged n) >= 10", "  golf is aged 20\n", 1);
    assert!(told.contains("if ann leads a new Club: unknown (yes or no)"), "{told}");
    assert!(told.contains("if a new Club is aged -1 (from -1 down): no"), "{told}");
}

#[test]
fn a_value_of_a_new_thing_is_tried() {
    let told = told("any c is aged n and n >= 30", "  golf is aged 20\n", 1);
    assert!(told.contains("if a new Club is aged 30 (from 30 up): yes"), "{told}");
    assert!(told.contains("if golf is aged 30 (from 30 up): yes"), "{told}");
}

#[test]
fn a_thing_ceases_with_the_last_fact_that_names_it() {
    let row = "not (any c is aged any n and n != 20) and any d is aged m and m >= 30";
    let facts = "  bob is here\n  bob leads chess\n";
    let once = told(row, facts, 1);
    assert!(once.contains("if nobody stated that bob leads chess: no"), "{once}");
    let twice = format!("{facts}  cyd leads chess\n");
    let once = told(row, &twice, 1);
    assert!(!once.contains("leads chess: no"), "one of two facts keeps it there: {once}");
    let never = "  ann leads chess\n  bob leads chess\n  chess is aged 5\n";
    let row = "count(p: any c is aged any n and p leads c) >= 0 and not (any d is aged any m and m < 6)";
    let changes = told(row, never, 1);
    assert!(changes.contains("if chess is aged 6 (from 6 up): yes"), "{changes}");
}

#[test]
fn a_stated_value_between_does_not_hide_where_an_answer_turns() {
    let told = told("sum(n for each n: person paid n) > 10.5", "  ann paid 10.25\n  ann paid 0.25\n", 1);
    assert!(told.contains("if ann paid 0.01 (from 0.01 up, but for what is stated): yes"), "{told}");
}

#[test]
fn values_are_solved_from_what_is_worked_out_of_them() {
    let mean = told("average(n for each n: person paid n) = 10", "  ann paid 17\n  ann paid 12\n", 1);
    assert!(mean.contains("if ann paid 1: yes"), "{mean}");
    let window = told(
        "sum(n for each n: person paid n) * 2 > 47 and sum(n for each n: person paid n) * 2 < 49",
        "  ann paid 6\n",
        1,
    );
    assert!(window.contains("if ann paid 18: yes"), "{window}");
    let count = told("count(n: person paid n) >= 4", "  ann paid 10\n  ann paid 5\n  ann paid 8\n", 1);
    assert!(count.contains("(or any other value tried that is not stated yet): yes"), "{count}");
}

#[test]
fn two_values_are_brought_to_where_the_answer_turns() {
    let facts = "  chess is aged 20\n  ann paid 15\n";
    let both = told("person paid n and n < 10 and any c is aged m and m < 20", facts, 2);
    assert!(both.contains("if ann paid 9 and chess is aged 19: yes"), "{both}");
    assert!(!both.contains("ann paid -1"), "{both}");
    let both = told("person paid n and n < 10 and any c is aged m and m = 40", facts, 2);
    assert!(both.contains("if ann paid 9 and chess is aged 40: yes"), "{both}");
    assert!(!both.contains("not everything was tried"), "{both}");
}

#[test]
fn two_new_names_may_come_in_at_once() {
    let told = told("count(c: person leads c) >= 2", "", 2);
    assert!(told.contains("if ann leads a new Club and ann leads another new Club: yes"), "{told}");
}

#[test]
fn a_text_is_made_for_a_pattern() {
    let of = |row: &str, facts: &str| {
        let text = format!(
            "kind Person\nrelation Person is here\nrelation Person is called Text\nrelation Person is bound by Text\n\
             question Person is yes | no\n  among person is here\nlens a {{\n  r: yes when {row}\n  otherwise no\n}}\n\
             facts {{\n  ann is here\n{facts}}}\n"
        );
        told_with(&memory(&text), "ann", 1)
    };
    let told = of("person is called t and matches(t, \"^N[0-9]{3}$\")", "  ann is called \"x\"\n");
    assert!(told.contains("if ann is called \"N000\": yes"), "{told}");
    assert!(!told.contains("N0000") && !told.contains("not everything was tried"), "{told}");
    let told = of("not (person is called any t and matches(t, \"^x\"))", "  ann is here\n");
    assert!(told.contains("if ann is called \"x\": no"), "{told}");
    let bound = "person is bound by b and person is called t and matches(t, b)";
    let told = of(bound, "  ann is bound by \"^[a-c]+[0-9]$\"\n");
    assert!(told.contains("if ann is called \"a0\": yes"), "{told}");
    let told = of("person is called t and matches(t, \"^a{100}$\")", "");
    assert!(told.contains("not everything was tried") || told.contains("was found"), "{told}");
    let told = of("person is called t and length(t) = 3 and starts-with(t, \"A\")", "");
    assert!(told.contains("if ann is called \"AAx\": yes"), "{told}");
}

#[test]
fn what_a_proof_rests_on_is_tried_before_the_budget_is_used_up() {
    let payers: String = (0..3000).map(|at| format!("  p{at} paid {at}\n")).collect();
    let text = format!(
        "kind Person\nrelation Person is here\nrelation Person paid Number\nrelation Person is vouched for\n\
         question Person is yes | no\n  among person is here\n\
         lens a {{\n  r: yes when count(q: q paid any n) >= 10 and person is vouched for\n  otherwise no\n}}\n\
         facts {{\n  ann is here\n  ann is vouched for\n{payers}}}\n"
    );
    let files = memory(&text);
    let session = Session::open(&files, std::path::Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
    let (evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let domain = ruleset.domain_of(ruleset.questions[QuestionId(0)].slots[0].ty);
    let request = Request {
        question: QuestionId(0),
        subject: vec![Constant::Thing(domain, "ann".to_owned())],
        lenses: ruleset.lenses.ids().collect(),
        budget: 300_000,
        size: 1,
        parting: None,
        limits: Limits::default(),
    };
    let explanation = explain(ruleset, &evaluation, &ruleset.facts.kinds, &request).expect("explained");
    let flips = explanation.lenses[0].flips.as_ref().expect("asked for");
    assert!(flips.coverage != Coverage::Whole, "there are too many to try");
    let named: Vec<_> = flips.found.iter().filter(|flip| !flip.says[0].verdicts.is_empty()).collect();
    assert_eq!(named.len(), 1, "{flips:#?}");
}
