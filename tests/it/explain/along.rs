//! Values that are found by how sides of comparisons run: far off, between others, beside what another word takes.

use super::says;

/// Somebody of whom these facts are stated, where a lens has one row.
fn people(row: &str, open: [bool; 2], facts: &str) -> String {
    let mark = |is_open: bool| if is_open { "?" } else { "" };
    format!(
        "language 1\nkind Person\nrelation Person exists\nrelation Person owes Number{}\n\
         relation Person has Number{}\nrelation Person left on Date\nrelation Person calls Text?\n\
         relation Person knows other: Person\nquestion Person is yea | nay\n  among person exists\n\
         lens l {{\n  a: yea when {row}\n  otherwise nay\n}}\nfacts {{\n  bo exists\n{facts}}}\n",
        mark(open[0]),
        mark(open[1])
    )
}

/// What is said of somebody of whom nothing else is known.
fn open(row: &str, parts: &[&str]) -> String {
    says(&people(row, [true, true], ""), "bo", parts)
}

#[test]
fn one_answer_settles_nothing_where_another_meets_it_in_all_its_places() {
    let told = open("person owes n and person has m and m != 0 and n / m != 0.3", &["if bo has 0: nay"]);
    assert!(!told.contains("1.999999"), "0.5999997 is three tenths of it: {told}");
    let told = open("person owes n and person has m and n * m = 6", &["if bo has 0: nay"]);
    assert!(!told.contains("if bo owes 7") && !told.contains("if bo owes 13"), "{told}");
    let told = open("person owes n and person has m and m != 0 and n / m = 3 and n > 5 and n < 8", &[]);
    assert!(!told.contains("if bo owes 7 "), "a third of it will do but for rounding: {told}");
}

#[test]
fn what_two_figures_ask_of_one_word_is_found_in_any_order() {
    let row = "sum(k for each q: person knows q and q owes k) = 10 and person owes n and \
               n = average(j for each r: person knows r and r owes j)";
    let told =
        says(&people(row, [true, true], "  bo knows ada\n  bo knows cy\n"), "bo", &["It hangs on this"]);
    assert!(!told.contains("Every way") && !told.contains("if bo owes 5"), "with 5 it may be so: {told}");
}

#[test]
fn between_two_thresholds_there_is_room_for_two_words() {
    let row = "person owes n and person has m and n > 2 and n < m and m < 3";
    open(row, &["It hangs on this", "if bo owes 2 (or less", "if bo has 2 (or "]);
    let row = "person owes n and person has m and n > 0 and n <= m and m < 1";
    let text = people(row, [false, false], "  bo owes 5\n  bo has 6\n");
    let files = crate::support::memory(&text);
    let told = super::told_with(&files, "bo", 2);
    assert!(told.contains("if bo owes 0.") && told.contains(" and bo has 0."), "{told}");
}

#[test]
fn what_lies_far_off_or_between_others_is_found() {
    let single = |row: &str, facts: &str, parts: &[&str]| {
        says(&people(row, [true, true], facts), "bo", parts);
    };
    single("person owes n and n * 0.0001 > 1", "  bo owes 2\n", &["if bo owes 10000.0001 (from"]);
    let row = "person owes n and person has m and n * m > 1";
    single(
        row,
        "  bo owes 2\n  bo has 0.00001\n",
        &["if bo owes 100000.00001 (from", "if bo has 0.50001 (from"],
    );
    single("person owes n and n * (5 - n) > 6", "  bo owes 1\n", &["if bo owes 2.5: yea"]);
    single(
        "person owes n and n > 0.0000001 and n < 0.0000002",
        "  bo owes 1\n",
        &["if bo owes 0.00000015: yea"],
    );
    single(
        "person left on d and year(d) - 2000 > 10 and year(d) * 2 < 4040",
        "  bo left on 1999-01-01\n",
        &["if bo left on 2011-01-01: yea"],
    );
}

#[test]
fn a_value_that_is_stated_already_hides_nothing() {
    let row = "person owes n and n != 0 and 1 / n < 5";
    let told = says(&people(row, [false, true], "  bo owes 0\n"), "bo", &["if bo owes 1"]);
    assert!(!told.contains("any other value"), "a fifth of one will not do: {told}");
}

#[test]
fn any_number_but_one_is_told_in_one_line() {
    says(
        &people("person owes n and n != 0", [true, true], "  bo owes 0\n"),
        "bo",
        &["if bo owes 1 (any number but 0): yea"],
    );
    says(
        &people("person owes n and n = 10", [true, true], "  bo owes 10\n"),
        "bo",
        &["(any number but 10): nay"],
    );
}

#[test]
fn a_text_in_small_and_large_letters_is_tried_where_a_pattern_takes_both() {
    let row = "person calls t and matches(t, \"(?i)^AB$\") and not t = \"AB\" and not t = \"ab\"";
    open(row, &["if bo calls \"Ab\": yea"]);
}

#[test]
fn answers_without_a_result_are_told_as_a_range() {
    let told = open("person owes n and exp(n) > 8", &["(or more"]);
    assert_eq!(told.matches("has no result").count(), 1, "{told}");
}

#[test]
fn where_years_recur_one_near_those_known_is_named() {
    let row = "person left on d and year(d) / 4 = floor(year(d) / 4)";
    let text = people(row, [true, true], "  bo left on 2021-05-03\n");
    let told = says(&text, "bo", &[": yea"]);
    assert!(told.contains("if bo left on 2020-") || told.contains("if bo left on 2024-"), "{told}");
    let row = "person left on d and year(d) - 2000 > 15 and day(d) > 29";
    let text = people(row, [true, true], "").replace("left on Date", "left on Date?");
    says(&text, "bo", &["It hangs on this"]);
}

#[test]
fn a_value_that_a_doubtful_figure_may_come_to_is_left_out_of_a_range() {
    let row = "person owes n and n != min(k: any q has k)";
    let told = says(&people(row, [false, false], "  maybe bo has 3\n"), "bo", &["if bo owes 4 (from 4 up)"]);
    assert!(!told.contains("any other value"), "with 3 it is never so: {told}");
}

#[test]
fn of_an_average_of_doubtful_members_not_every_number_is_tried() {
    let row = "person owes n and n = average(k for each q: q has k)";
    let facts = "  cy has 4\n  maybe di has 1\n";
    let told = says(&people(row, [true, false], facts), "bo", &["It is settled"]);
    assert!(told.contains("not every number was tried"), "with 2.5 it may be so: {told}");
}
