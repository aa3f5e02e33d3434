//! Explanations of worlds that are too large to be gone through: what lies near is found all the same, in the steps there
//! are, and nothing is claimed of what was not looked at.

use std::fmt::Write as _;
use std::path::Path;

use parallax::engine::Limits;
use parallax::explain::whatif::{Wanted, WhatIfOptions, whatif};
use parallax::explain::{Request, explain, verify};
use parallax::model::{Constant, QuestionId};
use parallax::report::Look;
use parallax::report::explanation::{tell, text};
use parallax::session::{Options, Session, Side};
use parallax::verdict::Holds;

use super::says;
use crate::support::memory;

/// What is said of somebody within so many steps.
fn told_within(rules: &str, who: &str, budget: u64) -> String {
    let files = memory(rules);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let options = Options { holds: Holds::Stated, ..Options::default() };
    let (evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let slots = &ruleset.questions[QuestionId(0)].slots;
    let named = slots.iter().zip(who.split(", "));
    let subject = named.map(|(slot, name)| Constant::Thing(ruleset.domain_of(slot.ty), name.to_owned()));
    let request = Request {
        question: QuestionId(0),
        subject: subject.collect(),
        lenses: ruleset.lenses.ids().collect(),
        budget,
        size: 1,
        parting: None,
        limits: Limits::default(),
    };
    let found = explain(ruleset, &evaluation, &ruleset.facts.kinds, &request).expect("explained");
    verify(ruleset, &evaluation, &ruleset.facts.kinds, &found).expect("all of it replays");
    super::plainly(&text(&tell(ruleset, session.sources(), &found, None), Look::Plain, true))
}

/// Checks on a stack such as the command has: where goals wait for each other, builds without optimisation take much of it.
fn on_a_deep_stack(check: impl FnOnce() + Send + 'static) {
    let checked = std::thread::Builder::new().stack_size(64 << 20).spawn(check);
    checked.expect("a thread can start").join().expect("what is checked holds");
}

/// Packages that taint each other in two ways, so that no relation grows by itself.
const TAINT: &str = "language 1\nkind Package\nrelation Package exists\nrelation a: Package requires b: Package\n\
    relation Package is bad\nrelation Package is shipped\nrelation Package is tainted\nrelation Package is embedded\n\
    define package is tainted when package is bad\n\
    define package is tainted when package requires other and other is tainted\n\
    define package is tainted when package is embedded\n\
    define package is embedded when other requires package and other is tainted and package is shipped\n\
    question Package is clean | dirty\n  among package exists\n\
    lens l {\n  t: dirty when package is tainted\n  otherwise clean\n}\n";

#[test]
fn what_goes_very_deep_in_a_loop_of_several_relations_is_looked_at() {
    let mut rules = format!("{TAINT}facts {{\n  p0 exists\n  p200 is bad\n");
    (0..200).for_each(|at| _ = writeln!(rules, "  p{at} requires p{}", at + 1));
    on_a_deep_stack(move || {
        let told = told_within(&format!("{rules}}}\n"), "p0", 2_000_000);
        assert!(told.contains("if nobody stated that p0 requires p1: clean"), "{told}");
    });
}

#[test]
fn of_a_loop_that_goes_too_far_what_a_proof_rests_on_is_tried() {
    // All packages reach each other; one that is dirty by itself lies one step from the subject.
    let mut rules = format!("{TAINT}facts {{\n  s exists\n  s requires p7\n  p7 is bad\n");
    for at in 0..3000 {
        let _ = writeln!(rules, "  p{at} requires p{}", (at + 1) % 3000);
        let _ = writeln!(rules, "  p{at} requires p{}", (at * 7 + 3) % 3000);
    }
    on_a_deep_stack(move || {
        let told = told_within(&format!("{rules}}}\n"), "s", 200_000);
        let part = "if nobody stated that s requires p7: clean";
        assert!(told.contains(part) && told.contains("not everything was tried"), "{told}");
    });
}

#[test]
fn what_few_rows_name_is_looked_up_before_what_many_do() {
    let mut rules = "language 1\nkind Package\nkind Person\nrelation Package exists\n\
        relation Person maintains Package since Date\nrelation Person uses two factors Flag\n\
        question Package is safe | risky\n  among package exists\n\
        lens l {\n  weak: risky when person maintains package since any d and person uses two factors no\n  \
        otherwise safe\n}\nfacts {\n  p exists\n  dev7 maintains p since 2024-01-01\n  dev8 maintains p since 2024-01-01\n"
        .to_owned();
    (0..4000).for_each(|at| {
        let uses = if at == 7 { "no" } else { "yes" };
        let _ = writeln!(rules, "  dev{at} uses two factors {uses}");
    });
    (5000..7000).for_each(|at| _ = writeln!(rules, "  dev{at} uses two factors no"));
    let told = told_within(&format!("{rules}}}\n"), "p", 20_000);
    let part = "if nobody stated that dev7 maintains p since 2024-01-01: safe";
    assert!(told.contains(part), "{told}");
}

/// Where a search ends early, it claims of no value what it did not look at.
#[test]
fn how_far_a_value_holds_is_told_only_where_all_were_tried() {
    let rules = "language 1\nkind Company\nrelation Company exists\nrelation Company employed Number? people in year: Number\n\
        question Company is small | medium | large\n  among company exists\n\
        lens last answers small {\n  \
        small: small when company employed s people in last and last = max(y: known company employed any n people in y) and s < 50\n  \
        medium: medium when company employed s people in last and last = max(y: known company employed any n people in y) \
        and s >= 50 and s < 250\n  \
        large: large when company employed s people in last and last = max(y: known company employed any n people in y) and s >= 250\n}\n\
        facts {\n  c exists\n  other exists\n  other employed 4 people in 2021\n  other employed 60 people in 2022\n  \
        other employed 6 people in 2023\n  other employed 300 people in 2024\n  c employed 7 people in 2020\n}\n";
    let ranges = |told: &str| -> Vec<String> {
        told.lines().filter(|line| line.contains(" (from ")).map(|line| line.trim().to_owned()).collect()
    };
    let whole = ranges(&told_within(rules, "c", 50_000_000));
    assert!(whole.iter().any(|line| line.contains("people in 2021 (from 250 up): large")), "{whole:?}");
    let mut seen = 0;
    for budget in (0..130).map(|at| 2_000 * (10 + at) * (10 + at) / 100) {
        for line in ranges(&told_within(rules, "c", budget)) {
            assert!(whole.contains(&line), "{budget}: {line} of {whole:#?}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// A day on which somebody else began is one of its own; how far an earlier one holds is told of the others.
#[test]
fn values_up_to_which_something_holds_are_not_drawn_together_with_one_that_is_equal_to_another() {
    let rules = "language 1\nkind Package\nkind Org\nrelation Org uses Package since Date\n\
        question Package is safe | risky for Org\n  among org uses package since any d1\n\
        lens elder answers safe {\n  \
        first: risky when org uses package since d and not (org uses any q since any d2 and d2 < d)\n  \
        same: risky when org uses package since d and org uses other since d and other is not package\n  \
        otherwise safe\n}\nfacts {\n  acme uses a since 2020-09-06\n  acme uses b since 2020-09-10\n  \
        acme uses c since 2022-01-24\n}\n";
    let parts =
        ["if acme uses c since 2020-09-06 (or before): risky", "if acme uses c since 2020-09-10: risky"];
    says(rules, "c, acme", &parts);
}

#[test]
fn a_second_value_where_a_figure_takes_one_of_each_is_not_proposed() {
    let rules = |weighs: &str| {
        format!(
            "language 1\nkind Package\nrelation Package exists\nrelation Package weighs Number{weighs}\n\
            relation a: Package requires b: Package\nquestion Package is heavy | light\n  among package exists\n\
            lens own {{\n  a: heavy when package weighs k and k > 90\n  otherwise light\n}}\n\
            lens needs {{\n  a: heavy when average(k for each o: package requires o and o weighs k) > 90\n  otherwise light\n}}\n\
            facts {{\n  p exists\n  q exists\n  q requires p\n  p weighs 12\n}}\n"
        )
    };
    let told = says(&rules(""), "p", &["○ own: light"]);
    assert!(!told.contains("if p weighs"), "{told}");
    says(&rules("?"), "p", &["if p weighs 91 (from 91 up): heavy"]);
    let both = super::printed(&memory(&rules("")), "p", 2);
    assert!(both.contains("if p weighs 91 instead of 12: heavy"), "{both}");
}

/// A change within what an aggregate goes through reaches only whom the sentences beside it lead to.
#[test]
fn who_an_aggregate_is_about_is_told_by_the_sentences_beside_a_changed_one() {
    let mut rules = "language 1\nkind Patient\nkind Lab\nrelation Patient exists\nrelation Lab was taken from Patient\n\
        relation Lab gave Number?\nquestion Patient is ill | well\n  among patient exists\n\
        lens l {\n  a: ill when median(v for each l: l was taken from patient and known l gave v) < 60\n  otherwise well\n}\n\
        lens never {\n  a: well when not (any l was taken from patient and l gave any v and v < 60)\n  otherwise ill\n}\nfacts {\n"
        .to_owned();
    for at in 0..2000 {
        let _ =
            writeln!(rules, "  p{at} exists\n  l{at} was taken from p{at}\n  l{at} gave {}", 70 + at % 20);
    }
    rules.push_str("}\n");
    let files = memory(&rules);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let options = Options { holds: Holds::Stated, ..Options::default() };
    let (mut evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let given = [(Side::Add, "l7 gave 50"), (Side::Remove, "l7 gave 77")];
    let given = given.map(|(side, sentence)| (side, "a change".to_owned(), sentence.to_owned()));
    let sentences = session.sentences(&given);
    let wanted = Wanted { add: &sentences.add, remove: &sentences.remove, kinds: &ruleset.facts.kinds };
    let options = WhatIfOptions {
        lenses: ruleset.lenses.ids().collect(),
        budget: 5_000,
        proofs: 1,
        limits: Limits::default(),
    };
    let (found, _) = whatif(ruleset, &mut evaluation, &wanted, &options).expect("it can be told");
    let moved = |at: usize| found.questions[0].lenses[at].moved.len();
    assert_eq!((found.anew, moved(0), moved(1)), (false, 1, 1));
}
