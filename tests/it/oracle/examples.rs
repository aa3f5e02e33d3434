//! The oracle by itself, on worlds worked out by hand from the language contract.

use std::collections::{BTreeMap, BTreeSet};

use parallax::model::{Constant, Ruleset};

use super::{Answers, Both, Out, Tuple, answers};
use crate::support::evaluated;

fn words(tuple: &Tuple) -> String {
    let word = |constant: &Constant| match constant {
        Constant::Thing(_, name) => name.clone(),
        Constant::Value(value) => value.to_string(),
    };
    tuple.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn tuples(set: &BTreeSet<Tuple>) -> Vec<String> {
    set.iter().map(words).collect()
}

/// Asks the oracle; the engine is run too, by the helper, but not looked at.
fn ask<T>(text: &str, then: impl FnOnce(&Ruleset, &Answers) -> T) -> T {
    evaluated(text, |ruleset, _| {
        let parameters = ruleset.parameters.iter().filter_map(|parameter| parameter.value.clone()).collect();
        then(ruleset, &answers(ruleset, &ruleset.facts, parameters))
    })
}

/// Per subject what a lens leaves open, as words joined by `|`.
fn says(text: &str, lens: &str) -> BTreeMap<String, String> {
    ask(text, |ruleset, answers| {
        let (id, found) = ruleset
            .lenses
            .iter_enumerated()
            .find(|(_, found)| found.name == lens)
            .expect("the text has the lens");
        let verdicts = &ruleset.questions[found.question].verdicts;
        let word = |out: &Out| match out {
            Out::Verdict(verdict) => verdicts[*verdict].name.clone(),
            Out::Conflict => "conflict".to_owned(),
            Out::None => "none".to_owned(),
        };
        let line = |(subject, open): (&Tuple, &BTreeSet<Out>)| {
            (words(subject), open.iter().map(word).collect::<Vec<_>>().join("|"))
        };
        answers.lenses[&id].iter().map(line).collect()
    })
}

fn relation(text: &str, nth: usize) -> Both {
    ask(text, |_, answers| answers.relations.values().nth(nth).expect("the text has the relation").clone())
}

fn expect(found: &BTreeMap<String, String>, wanted: &[(&str, &str)]) {
    let wanted: BTreeMap<String, String> =
        wanted.iter().map(|(subject, open)| ((*subject).to_owned(), (*open).to_owned())).collect();
    assert_eq!(*found, wanted);
}

const CUSTOMER: &str = r"language 1
kind Party
kind Organisation: Party
kind Offering
relation Organisation makes Offering
relation Party uses Offering
relation Party distributes Offering
relation Party pays Organisation for Offering
relation Organisation pays commission to Party
question Party is customer | partner | other of Organisation
  among (organisation makes thing and party uses thing)
     or (organisation makes thing and party distributes thing)
     or party pays organisation for any offering
lens seybold {
  first match wins
  consumes: customer when organisation makes thing and party uses thing unless party distributes thing
  channel: partner when organisation makes thing and party distributes thing
  otherwise other
}
lens kde {
  pays: customer when party pays organisation for any offering
  otherwise other
}
lens both {
  agreed: customer when party is customer of organisation according to at least 2 of seybold, kde
}
lens either {
  one: customer when party is customer of organisation according to at least 1 of seybold, kde
}
never paid-customer
  when organisation pays commission to party
   and party is customer of organisation according to seybold
facts {
  charity makes advocacy
  client uses advocacy
  council pays charity for advocacy
  maybe client pays charity for advocacy
  charity makes tea
  shop uses tea
  shop distributes tea
  fan uses tea
  fan distributes tea
  fan uses advocacy
  charity pays commission to client
  charity pays commission to shop
}
";

#[test]
fn the_charity_of_section_1() {
    let wanted = [
        ("client, charity", "customer"),
        ("council, charity", "other"),
        // Barred through tea alone; advocacy is another way for `when` to hold.
        ("fan, charity", "customer"),
        ("shop, charity", "partner"),
    ];
    expect(&says(CUSTOMER, "seybold"), &wanted);
    let wanted = [
        ("client, charity", "customer|other"),
        ("council, charity", "customer"),
        ("fan, charity", "other"),
        ("shop, charity", "other"),
    ];
    expect(&says(CUSTOMER, "kde"), &wanted);
}

#[test]
fn at_least_so_many_lenses() {
    let wanted = [
        ("client, charity", "customer|none"),
        ("council, charity", "none"),
        ("fan, charity", "none"),
        ("shop, charity", "none"),
    ];
    expect(&says(CUSTOMER, "both"), &wanted);
    let wanted = [
        ("client, charity", "customer"),
        ("council, charity", "customer"),
        ("fan, charity", "customer"),
        ("shop, charity", "none"),
    ];
    expect(&says(CUSTOMER, "either"), &wanted);
}

#[test]
fn a_constraint_shows_its_words() {
    // In the order in which the clause first names them: organisation, party.
    let found = ask(CUSTOMER, |_, answers| tuples(&answers.violations[0].certain));
    assert_eq!(found, ["charity, client"]);
}

#[test]
fn an_unless_with_a_new_word_bars_whatever_the_thing() {
    let text = CUSTOMER.replace("unless party distributes thing", "unless party distributes any offering");
    assert_eq!(says(&text, "seybold")["fan, charity"], "partner");
}

const ROWS: &str = "language 1
kind T
relation T is red
relation T is blue
relation T is green
relation T exists
question T counts as x | y | z among t exists
lens l {
POLICY
  r: x when t is red
  b: y when t is blue
  g: z when t is green
MORE
}
facts {
  nobody exists
  everybody exists
  everybody is red
  everybody is blue
  everybody is green
  two exists
  two is red
  two is blue
  perhaps exists
  perhaps is red
  maybe perhaps is blue
  open exists
  maybe open is red
  maybe open is blue
}
";

fn rows(policy: &str, more: &str) -> BTreeMap<String, String> {
    says(&ROWS.replace("POLICY\n", policy).replace("MORE\n", more), "l")
}

#[test]
fn rows_of_different_verdicts_conflict() {
    let wanted = [
        ("everybody", "conflict"),
        ("nobody", "none"),
        ("open", "x|y|conflict|none"),
        ("perhaps", "x|conflict"),
        ("two", "conflict"),
    ];
    expect(&rows("", ""), &wanted);
}

#[test]
fn a_row_that_is_out_still_overrides() {
    // r beats b and b beats g. Where all match, b is out but g is out through it: x alone is left.
    let wanted = [("everybody", "x"), ("nobody", "z"), ("open", "x|y|z"), ("perhaps", "x"), ("two", "x")];
    expect(&rows("", "  r overrides b\n  b overrides g\n  otherwise z\n"), &wanted);
}

#[test]
fn the_first_match_down_to_the_first_certain_one() {
    let wanted =
        [("everybody", "x"), ("nobody", "none"), ("open", "x|y|none"), ("perhaps", "x"), ("two", "x")];
    expect(&rows("  first match wins\n", ""), &wanted);
}

#[test]
fn the_fewest_steps_on_a_cycle() {
    let text = "language 1
kind T
relation a: T knows b: T
relation a: T stands Number steps from b: T, keeping the fewest
define x stands 1 steps from y
  when x knows y
define x stands n steps from y
  when x stands m steps from z and z knows y and n = m + 1
facts {
  a knows b
  b knows c
  c knows a
  a knows c
}
";
    let wanted =
        ["a, 1, b", "a, 1, c", "a, 2, a", "b, 1, c", "b, 2, a", "b, 3, b", "c, 1, a", "c, 2, b", "c, 2, c"];
    let found = relation(text, 1);
    assert_eq!(tuples(&found.certain), wanted);
    assert_eq!(found.certain, found.possible);
}

#[test]
fn a_negation_reads_the_other_bound() {
    let text = "language 1
kind T
relation T shines
relation T exists
relation T is dull
define t is dull
  when t exists and not t shines
facts {
  a exists
  b exists
  c exists
  a shines
  maybe b shines
  maybe d exists
}
";
    let found = relation(text, 2);
    assert_eq!(tuples(&found.certain), ["c"]);
    assert_eq!(tuples(&found.possible), ["b", "c", "d"]);
}

#[test]
fn membership_is_read_off_stated_facts() {
    let text = "language 1
kind T
kind S: T
kind R: S
relation S owns T
relation T exists
relation T is special
define t is special
  when t exists and t is a S
facts {
  a exists
  b exists
  c exists
  d exists
  a owns d
  maybe b owns d
  c is a R
}
";
    let found = relation(text, 2);
    assert_eq!(tuples(&found.certain), ["a", "c"]);
    assert_eq!(found.certain, found.possible);
}

#[test]
fn dates_move_to_the_last_day_there_is() {
    let text = "language 1
kind T
relation T began on Date
relation T ends on Date
relation T lasted Number days
define t ends on e
  when t began on d and e = d + 1 months
define t lasted n days
  when t began on d and t ends on e and n = e - d
facts {
  a began on 2026-01-31
  b began on 2028-01-31
}
";
    assert_eq!(tuples(&relation(text, 1).certain), ["a, 2026-02-28", "b, 2028-02-29"]);
    assert_eq!(tuples(&relation(text, 2).certain), ["a, 28", "b, 29"]);
}

#[test]
fn a_word_only_in_a_negative_part_only_has_to_exist() {
    let text = "language 1
kind T
relation a: T knows b: T
relation T shines
relation T is lonely
define t is lonely
  when t shines and not (t knows any w and w shines)
facts {
  a shines
  b shines
  c shines
  a knows b
  b knows d
  c knows c
}
";
    assert_eq!(tuples(&relation(text, 2).certain), ["b"]);
}

#[test]
fn lenses_disagree_certainly_where_they_share_nothing() {
    let text = "language 1
kind T
relation T exists
relation T shines
question T counts as x | y among t exists
lens l {
  a: x when t shines
  otherwise y
}
lens m {
  a: y when t exists
}
never odd when lenses l and m disagree on t and t exists
facts {
  a exists
  b exists
  c exists
  a shines
  maybe b shines
}
";
    ask(text, |_, answers| {
        assert_eq!(tuples(&answers.violations[0].certain), ["a"]);
        assert_eq!(tuples(&answers.violations[0].possible), ["a", "b"]);
    });
}

#[test]
fn the_population_without_among_is_whom_rows_match() {
    let text = "language 1
kind T
relation T shines
relation T glows
question T counts as x | y
lens l {
  a: x when t shines
}
lens m {
  a: y when t glows
  otherwise x
}
facts {
  a shines
  maybe b shines
  c glows
  maybe d glows
  d shines
}
";
    expect(&says(text, "l"), &[("a", "x"), ("b", "x|none"), ("c", "none"), ("d", "x")]);
    expect(&says(text, "m"), &[("a", "x"), ("b", "x"), ("c", "y"), ("d", "x|y")]);
    let perhaps = ask(text, |_, answers| {
        let both = answers.populations.values().next().expect("one question");
        tuples(&both.possible.difference(&both.certain).cloned().collect())
    });
    assert_eq!(perhaps, ["b"]);
}
