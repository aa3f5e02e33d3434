//! What an explanation claims of an open answer or of a change is so: cases in which it was not.

use super::says;

/// People of whom little is known: `rules` ask, `facts` state.
fn people(rules: &str, facts: &str) -> String {
    format!(
        "language 1\nkind Person\nrelation Person exists\nrelation Person is aged Number\n\
         relation Person owes Number?\nrelation Person was born on Date?\nrelation Person knows other: Person\n\
         question Person is yea | nay\n  among person exists\n\
         lens l {{\n{rules}\n  otherwise nay\n}}\nfacts {{\n{facts}\n}}\n"
    )
}

#[test]
fn a_value_matters_whatever_doubtful_facts_of_a_figure_turn_out() {
    for figure in ["median", "average", "sum"] {
        for most in ["10", "2", "3.5"] {
            let rule = format!(
                "  a: yea when person owes n and n > 1 unless {figure}(m for each m: person is aged m) > {most}"
            );
            let text = people(&rule, "  bo exists\n  maybe bo is aged 2.5\n  maybe ada is aged 2.5");
            // The checker, which works out every way, is asked as well.
            let told = says(&text, "bo", &["the value nobody stated in: bo owes …"]);
            let is_in_all = most == "10" || most == "3.5";
            let line = told.lines().find(|line| line.contains("stated in: bo owes")).unwrap_or_default();
            assert_eq!(is_in_all, !line.contains('%'), "{figure} {most}: {told}");
        }
    }
}

#[test]
fn a_new_name_has_no_value_although_another_value_of_the_sentence_is_gone() {
    let rule = "  a: yea when person knows v1 and v1 owes v2 and v2 <= 2\n     unless person owes any v4 and v4 != 18";
    let text = people(rule, "  bo exists\n  bo owes 12");
    let parts = ["if bo knows a new Person and nobody stated that bo owes 12: unknown (yea or nay)"];
    let told = super::told_with(&crate::support::memory(&text), "bo", 2);
    parts.iter().for_each(|part| assert!(told.contains(part), "{told}"));
}

#[test]
fn a_date_far_from_those_named_settles_what_a_function_of_it_is_asked() {
    let cases = [
        ("years-between(t, 2024-02-29) >= 18", "2006-02-28", "yea", "2006-03-01"),
        ("2024-02-29 - t >= 6570", "2006-03-05", "yea", "2006-03-06"),
        ("t + 18 years <= 2024-02-29", "2006-02-28", "yea", "2006-03-01"),
        ("year(t) >= 1900", "1899-12-31", "nay", "1900-01-01"),
        ("t + 9000 years > 9999-01-01", "0999-01-01", "nay", "0999-01-02"),
    ];
    for (asked, last, says_then, next) in cases {
        let text = people(&format!("  a: yea when person was born on t and {asked}"), "  bo exists");
        let other = if says_then == "yea" { "nay" } else { "yea" };
        let told = says(&text, "bo", &["It is settled:"]);
        let is_told = |date: &str, beyond: &str, says: &str| {
            let start = format!("if bo was born on {date} (or {beyond} to ");
            told.lines().any(|line| line.contains(&start) && line.ends_with(&format!(": {says}")))
        };
        let (before, after) =
            (is_told(last, "earlier; tried back", says_then), is_told(next, "later; tried up", other));
        assert!(before && after, "{asked}: {told}");
    }
}

#[test]
fn ways_in_which_nobody_asks_about_the_subject_do_not_count() {
    let only = people("  a: yea when person exists", "  maybe ada exists");
    says(
        &only,
        "ada",
        &["Every way to fill the gaps in which ada is asked about comes to `yea` all the same."],
    );
    // Whether Ada exists decides whether she is asked about; what she owes matters whenever she is.
    let both = people(
        "  a: yea when person owes n and n > 2 and not person knows ada",
        "  maybe ada exists\n  maybe ada knows ada",
    );
    let both = both.replace("person knows ada", "person knows \"ada\"");
    let told = says(
        &both,
        "ada",
        &[
            "It hangs on this, where it is asked about, for the values tried:",
            "the value nobody stated in: ada owes … (matters, for some values, in 50 % of the ways",
            "It is settled, where it is asked about:",
            "if ada knows ada: nay",
        ],
    );
    assert!(!told.contains("whether ada exists"), "{told}");
    // The same where the value is asked for first.
    let pays = "language 1\nkind Party\nrelation Party pays Number?\nrelation Party is used\n\
                question Party is cust | other\n  among party is used\n\
                lens b {\n  r: cust when party pays n and n > average(m for each p: p pays m)\n  otherwise other\n}\n\
                facts {\n  z is used\n  maybe w is used\n  z pays 3\n}\n";
    let told = says(pays, "w", &["the value nobody stated in: w pays …"]);
    assert!(!told.contains('%'), "{told}");
}

/// What would change an answer about Bo.
fn changes(rules: &str, facts: &str) -> String {
    says(&people(rules, facts), "bo", &["It would say something else"])
}

#[test]
fn a_value_that_another_sentence_states_is_tried() {
    let told = changes("  a: yea when person is aged n and person owes n", "  bo exists\n  bo owes 7");
    assert!(told.contains("if bo is aged 7: yea"), "{told}");
    let told = changes(
        "  a: yea when person knows other and other owes n and person is aged n",
        "  bo exists\n  bo knows cy\n  cy owes 7",
    );
    assert!(told.contains("if bo is aged 7: yea"), "{told}");
    // Between two such values it need not hold.
    let told = changes(
        "  a: yea when person exists unless person is aged any v and person owes v",
        "  bo exists\n  bo is aged 1\n  bo is aged 12\n  bo owes 18",
    );
    assert!(told.contains("if bo owes 12: nay") && !told.contains("(from"), "{told}");
    // Where another sentence bars it, no value is said to do as well as any other.
    let told = changes("  a: yea when person is aged n unless person owes n", "  bo exists\n  bo owes 7");
    assert!(!told.contains("or any other value"), "{told}");
}

#[test]
fn values_around_a_divisor_that_is_nothing_are_tried() {
    let told = changes("  a: yea when person owes n and n != 0 and 1 / n > 2", "  bo exists\n  bo owes 5");
    assert!(told.contains("if bo owes 0.2: yea"), "{told}");
    let open = people("  a: yea when person owes n and n != 0 and 1 / n > 2", "  bo exists");
    says(&open, "bo", &["if bo owes 0.1 (or more; tried up to 0.4): yea"]);
}

#[test]
fn very_large_numbers_are_tried() {
    let large = "1000000000000000000000000000000";
    let told =
        changes(&format!("  a: yea when person is aged n and n > {large}"), "  bo exists\n  bo is aged 3");
    assert!(told.contains("if bo is aged 1000000000000000000000000000001 (from "), "{told}");
    let told =
        changes(&format!("  a: yea when person owes n and n * 10 > {large}"), "  bo exists\n  bo owes 3");
    assert!(told.contains("if bo owes 100000000000000000000000000001 (from "), "{told}");
}

#[test]
fn what_comes_again_and_again_is_said_to_hold_nowhere_for_good() {
    let rules = "  a: yea when person was born on d and month(d) <= 6";
    let told = changes(rules, "  bo exists\n  bo was born on 2024-08-01");
    assert!(told.contains("if bo was born on 2024-06-30: yea"), "{told}");
    assert!(!told.contains("(from") && !told.contains("(up to"), "{told}");
    let rules = "  a: yea when person was born on d and month(d) = 2 and day(d) = 29";
    let told = changes(rules, "  bo exists\n  bo was born on 2021-08-01");
    assert!(told.contains("if bo was born on 2020-02-29: yea"), "{told}");
    let even = "  a: yea when person owes n and n - floor(n / 2) * 2 = 0";
    let told = changes(even, "  bo exists\n  bo owes 5");
    assert!(!told.contains("(from") && told.contains("(not every number was tried)"), "{told}");
}

/// What is said of texts.
fn texts(rule: &str, facts: &str) -> String {
    let text = format!(
        "language 1\nkind Person\nrelation Person exists\nrelation Person says Text\n\
         question Person is yea | nay\n  among person exists\n\
         lens l {{\n  a: yea when person says t and {rule}\n  otherwise nay\n}}\nfacts {{\n  bo exists\n{facts}}}\n"
    );
    says(&text, "bo", &[])
}

#[test]
fn texts_that_nothing_names_are_tried() {
    let told = texts("t != \"x\" and t != \"ab\"", "  cy says \"xx\"\n");
    assert!(told.contains("if bo says \"xx\": yea"), "{told}");
    let told = texts("t != \"x\" and t != \"ab\"", "");
    assert!(told.contains("if bo says \"xx\": yea") && !told.contains("was tried"), "{told}");
    let told = texts("lower(t) = \"ab\" and t != \"ab\"", "");
    assert!(told.contains("if bo says \"AB\": yea"), "{told}");
    let told = texts(
        "starts-with(t, \"a\") and ends-with(t, \"b\") and not contains(t, \"x\") and length(t) = 5",
        "",
    );
    assert!(told.contains("(not every text was tried)"), "{told}");
}

#[test]
fn a_flag_that_is_not_the_one_asked_for_can_be_taken_away() {
    let text = "language 1\nkind Person\nrelation Person exists\nrelation Person is vip as Flag?\n\
                question Person is yea | nay\n  among person exists\n\
                lens l {\n  a: yea when person is vip as yes\n  otherwise nay\n}\n\
                facts {\n  bo exists\n  bo is vip as no\n}\n";
    says(
        text,
        "bo",
        &["if nobody stated that bo is vip as no: unknown (yea or nay)", "if bo is vip as yes: yea"],
    );
}

#[test]
fn names_stand_in_quotes_where_an_answer_is_open() {
    let text = people("  a: yea when person owes n and n > 2", "  \"a and b\" exists\n  \"a: b\" exists");
    says(&text, "a and b", &["l leaves open for \"a and b\": `yea` or `nay`."]);
    says(&text, "a: b", &["l leaves open for \"a: b\": `yea` or `nay`."]);
}

#[test]
fn what_is_said_outright_of_kinds_can_change_too() {
    let text = "language 1\nkind Person\nkind Elder: Person\nrelation Person exists\nrelation Elder leads Person\n\
                question Person is yea | nay\n  among person exists\n\
                lens l {\n  a: yea when person exists unless person is an Elder\n  otherwise nay\n}\n\
                facts {\n  ada exists\n  ada is an Elder\n  bo exists\n  cy exists\n  cy is an Elder\n  cy leads bo\n}\n";
    says(text, "ada", &["if nobody stated that ada is an Elder: yea"]);
    says(text, "bo", &["if bo is an Elder: nay", "if bo leads a new Person: nay"]);
    let pair = super::told_with(&crate::support::memory(text), "cy", 2);
    assert!(
        pair.contains("if nobody stated that cy leads bo and nobody stated that cy is an Elder: yea"),
        "{pair}"
    );
    // Where a ruleset says what may change, nothing else does.
    let only = text.replace("lens l", "changeable Person exists\nlens l");
    let told = says(&only, "ada", &[]);
    assert!(!told.contains("is an Elder:"), "{told}");
}

#[test]
fn what_only_doubtful_facts_name_is_said_to_be_so() {
    let text = "language 1\nkind Person\nkind Club\nrelation Person exists\nrelation Person joined Club\n\
                relation Club costs Number?\nquestion Person is yea | nay\n  among person exists\n\
                lens l {\n  a: nay when any club costs n and n > 5\n  otherwise yea\n}\n\
                facts {\n  ada exists\n  maybe ada joined chess\n}\n";
    says(text, "ada", &["the value nobody stated in: chess costs … (only doubtful facts name chess)"]);
    let certain = text.replace("maybe ada", "ada");
    assert!(!says(&certain, "ada", &[]).contains("only doubtful facts"), "it is certain");
}

#[test]
fn a_flag_that_settles_it_only_while_it_is_not_known_is_not_missed() {
    let text = "language 1\nkind Person\nrelation Person exists\nrelation Person is vip as Flag?\n\
                question Person is yea | nay | mid\n  among person exists\n\
                lens l {\n  a: yea when person exists and not person is vip as yes\n  \
                b: mid when known person is vip as yes\n  b overrides a\n  otherwise nay\n}\n\
                facts {\n  bo exists\n}\n";
    let told = says(text, "bo", &["if bo is vip as no: yea"]);
    let settled = told.split("It is settled").nth(1).expect("something settles it");
    assert!(!settled.contains("vip as yes: nay"), "{told}");
}

/// Values that only two thresholds beside each other leave room for.
#[test]
fn between_thresholds_beside_each_other_something_is_tried() {
    let single = |asked: &str, facts: &str| {
        let rule = format!("  a: yea when person is aged r and {asked}");
        let told = says(&people(&rule, &format!("  bo exists\n{facts}")), "bo", &[]);
        assert!(told.contains("if bo is aged ") && told.contains(": yea"), "{asked}: {told}");
    };
    single("r > 0 and r < 1", "");
    single("r > 2 and r < 3", "");
    single("r > 99 and r < 100", "  bo is aged 100");
    single("r > 0 and r < 1", "  bo is aged 1");
    let figure = |name: &str, least: u8| {
        let own = format!("{name}(n for each n: person is aged n)");
        format!("  a: yea when {own} > {least} and {own} < {}", least + 1)
    };
    let (sum, average) = (figure("sum", 12), figure("average", 2));
    for (rule, facts) in [(sum, "  bo exists\n  bo is aged 10"), (average, "  bo exists")] {
        let told = says(&people(&rule, facts), "bo", &["if bo is aged "]);
        assert!(told.contains(": yea") && !told.contains(" and bo is aged"), "{told}");
    }
}

#[test]
fn what_settles_it_leaves_no_room_between_two_thresholds() {
    let settled = |asked: &str, most: &str| {
        let rule = format!("  a: yea when person owes n and person spends m and {asked}");
        let text = people(&rule, "  bo exists");
        let text = text.replace("relation Person knows other: Person", "relation Person spends Number?");
        // Replayed by the checker too.
        says(&text, "bo", &[&format!("if bo owes {most} (or less")]);
    };
    settled("m > 10 and m < n", "10");
    settled("m > 100 and n - m > -2.5", "97.5");
    settled("m > 100 and abs(n - m) < 2.5", "97.5");
    settled("m > 0 and n / m > 2", "0");
    settled("m > 1 and n / m > 2", "2");
}

#[test]
fn beside_a_value_of_very_many_places_no_room_is_left() {
    // It turns at 2614 / 1095, about 2.387214.
    let text = people("  a: yea when person owes n and 2614 <= n * 3 * 365", "  bo exists");
    says(&text, "bo", &["if bo owes 2.387 (or less", "if bo owes 2.388 (or more"]);
}

#[test]
fn two_dates_of_which_nothing_is_known_settle_it_together() {
    let text = "language 1\nkind Person\nrelation Person exists\nrelation Person began on Date?\n\
                relation Person ended on Date?\nquestion Person is long | short\n  among person exists\n\
                lens stay {\n  l: long when person began on d and person ended on e and e - d >= 365\n  \
                otherwise short\n}\nfacts {\n  ada exists\n}\n";
    let told = says(text, "ada", &["It is settled:", "and ada ended on 2000-12-31 (or later; tried up to "]);
    assert!(!told.contains("No answers to these settle it"), "{told}");
}

#[test]
fn lenses_that_are_both_open_need_not_agree() {
    let text = "language 1\nkind Person\nkind Club\nrelation Person exists\nrelation Person joined Club\n\
                question Person is member | other\n  among person exists\n\
                lens a {\n  m: member when person joined any c\n  otherwise other\n}\n\
                lens b {\n  m: other when person exists and person joined any c\n  otherwise member\n}\n\
                lens c {\n  m: member when person joined any c\n  otherwise other\n}\n\
                facts {\n  ada exists\n  maybe ada joined chess\n  bo exists\n  bo joined chess\n}\n";
    says(text, "ada|a,b", &["a and b need not agree: both say unknown (member or other)."]);
    says(text, "bo|a,c", &["a and c agree: both say member."]);
}

/// Of many names those are tried of which other sentences say what an answer lacks, and that there are more is said.
#[test]
fn of_many_names_those_that_other_sentences_name_are_tried() {
    let told = |names: usize| {
        let mut text = "language 1\nkind Package\nkind Person\nrelation Package exists\nrelation Person maintains Package\n\
            relation Person commits\nquestion Package is live | dead\n  among package exists\n\
            lens l {\n  a: live when person maintains package and person commits\n  otherwise dead\n}\nfacts {\n  p exists\n"
            .to_owned();
        (0..names).for_each(|at| text.push_str(&format!("  dev{at} commits\n")));
        says(&format!("{text}}}\n"), "p", &[])
    };
    let few = told(39);
    assert!(few.contains("if dev1 maintains p: live") && !few.contains("not everything was tried"), "{few}");
    let many = told(300);
    assert!(
        many.contains("if dev1 maintains p: live") && many.contains("not every name was tried"),
        "{many}"
    );
}

/// Where very many values stand in what an answer rests on, the search ends with what lies near.
#[test]
fn changes_of_very_many_values_are_looked_for_as_far_as_that_goes() {
    let mut text = "language 1\nkind Shop\nkind Sale\nrelation Shop exists\nrelation Sale belongs to Shop\nrelation Sale brought Number?\n\
        question Shop is big | small\n  among shop exists\n\
        lens l {\n  a: big when sum(n for each s: s belongs to shop and s brought n) > 100000000\n  otherwise small\n}\nfacts {\n  p exists\n"
        .to_owned();
    (0..1500).for_each(|at| text.push_str(&format!("  s{at} belongs to p\n  s{at} brought {}\n", at * 7)));
    let told = says(&format!("{text}}}\n"), "p", &[]);
    assert!(told.contains("if nobody stated that s1 brought 7: unknown (big or small)"), "{told}");
}

/// Gaps among many records, each compared with a limit alone: of the values between which nothing turns none is worked out.
#[test]
fn two_gaps_among_many_records_are_settled_within_the_steps_there_are() {
    let mut text = "language 1\nkind Patient\nkind Lab\nrelation Patient exists\nrelation Lab was taken from Patient\n\
        relation Lab was taken on Date\nrelation Lab gave Number?\nrelation Lab is low\n\
        define lab is low when lab gave v and v < 60\n\
        question Patient is ill | well\n  among patient exists\nlens l {\n  \
        a: ill when one was taken from patient and one is low and one was taken on first and other was taken from patient \
        and other is low and other was taken on second and second - first >= 90\n  otherwise well\n}\nfacts {\n  p exists\n"
        .to_owned();
    for at in 0..120 {
        text.push_str(&format!(
            "  l{at} was taken from p\n  l{at} was taken on 20{:02}-{:02}-11\n",
            10 + at / 12,
            at % 12 + 1
        ));
        if at != 40 && at != 77 {
            text.push_str(&format!("  l{at} gave {}\n", 61 + at));
        }
    }
    let told = says(
        &format!("{text}}}\n"),
        "p",
        &["? l: unknown (ill or well)", "It is settled", "if l40 gave 60 (or more"],
    );
    assert!(told.contains("if l77 gave 60 (or more") && !told.contains("more steps than allowed"), "{told}");
}
