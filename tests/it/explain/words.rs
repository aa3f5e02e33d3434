//! What explanations say in which words: near misses, witnesses, doubts, names, and where two lenses part.

use super::says;

const TESTS: &str = "kind Patient\nkind Test\nrelation Test is of Patient\nrelation Test was on Date\n\
    relation Test found Number\nrelation Patient asks\nquestion Patient is ill | well\n  among patient asks\n\
    lens twice {\n  low: ill when test is of patient and test was on d and test2 is of patient and test2 was on d2 and d2 - d >= 90\n  \
    otherwise well\n}\n\
    lens close {\n  low: ill when test is of patient and test was on d and test2 is of patient and test2 is not test and test2 was on d2 and \
    d2 - d < 30 and d2 >= d\n  otherwise well\n}\n\
    lens high {\n  alb: ill when test3 is of patient and test3 found a and a >= 30\n  otherwise well\n}\n\
    facts {\n  p1 asks\n  t1 is of p1\n  t1 was on 2026-01-01\n  t2 is of p1\n  t2 was on 2026-05-01\n\
    \x20 p2 asks\n  t3 is of p2\n  t3 was on 2026-01-01\n  t4 is of p2\n  t4 was on 2026-03-25\n  t5 is of p3\n  t5 found 29\n}\n";

#[test]
fn a_near_miss_of_the_subject_goes_before_facts_of_others() {
    let text = says(
        TESTS,
        "p2",
        &["Not `ill` by row `low`: d2 - d is 83, not at least 90, off by 7:", "would still ask: a >= 30"],
    );
    assert!(text.contains("Not `ill` by row `alb`: there is no record that t3 found any a:"), "{text}");
    assert!(!text.contains("t5"), "{text}");
    assert!(text.contains("d2 - d is 83, not less than 30, off by 53:"), "{text}");
}

const NOT: &str = "kind P\nrelation P is round\nrelation P is old\nrelation P is shy\nrelation P knows other: P\n\
    question P is yes-v | no-v\n  among p is round\n\
    lens social {\n  s: yes-v when p is round and not (any o knows p and o is old)\n  otherwise no-v\n}\n\
    lens barred {\n  s: yes-v when p is round and p is shy unless any o2 knows p and o2 is not p\n  otherwise no-v\n}\n\
    lens both {\n  s: yes-v when p is yes-v according to all of social, barred\n  otherwise no-v\n}\n\
    facts {\n  c is round\n  d knows c\n  d is old\n  e is round\n  f knows e\n  maybe f is old\n}\n";

#[test]
fn what_a_not_finds_is_named() {
    says(
        NOT,
        "c",
        &[
            "Not `yes-v` by row `s`: d knows c and d is old:",
            "against it: d is old (main.lens:",
            "; and its `unless` holds, as d knows c and d is not c:",
        ],
    );
}

#[test]
fn what_is_only_possible_is_said_to_be_so() {
    let rules = "kind P\nkind T\nrelation P asks\nrelation P has T\nrelation P is calm\nrelation P is loud\n\
        question P is ok | bad\n  among p asks\n\
        lens three {\n  a: ok when count(t: p has t) >= 3\n  otherwise bad\n}\n\
        lens many {\n  a: ok when count(t: p has t) >= 15\n  otherwise bad\n}\n\
        lens calm {\n  a: ok when p is calm and not p is loud\n  otherwise bad\n}\n\
        facts {\n  ann asks\n  maybe ann has t1\n  maybe ann has t2\n  maybe ann has t3\n  maybe ann is loud\n}\n";
    let text = says(
        rules,
        "ann",
        &[
            "count(t: ann has t) is between 0 and 3, perhaps at least 3",
            "is between 0 and 3, not at least 15, at least 12 more needed",
            "there is no record that ann is calm; and perhaps ann is loud:",
        ],
    );
    assert!(!text.contains("off by 15"), "{text}");
}

#[test]
fn lenses_that_do_not_say_so_are_told_one_by_one() {
    says(
        NOT,
        "c",
        &[
            "it is not so that c is yes-v according to all of social, barred:",
            "social says `no-v` (main.lens:",
            "barred says `no-v` (main.lens:",
            "no row of it matches\n",
        ],
    );
}

#[test]
fn a_row_that_is_so_for_certain_is_the_reason() {
    let rules = "kind F\nrelation F was due at Number\nrelation F came at Number?\nrelation F was cancelled\n\
        question F is late | fine\n  among f was due at any t0\n\
        lens passenger {\n  late: late when f was due at t and f came at u and u > t\n  gone: late when f was cancelled\n  otherwise fine\n}\n\
        lens firm {\n  first match wins\n  gone: fine when f was cancelled\n  late: late when f was due at t and f came at u and u > t\n  otherwise fine\n}\n\
        facts {\n  f4 was due at 800\n  f4 was cancelled\n}\n";
    let text = says(
        rules,
        "f4",
        &[
            "f4 is late according to passenger, because f4 was cancelled.",
            "Row `late` (`late`) perhaps matches too, but `gone` goes before it.",
        ],
    );
    assert!(!text.contains("Not `late`"), "{text}");
}

const PARTS: &str = "kind P\nkind O\nrelation P uses O\nrelation P makes O\nrelation P pays P for O\nrelation P is old\n\
    question P is customer | partner | other of P\n  among p pays p2 for any o\n\
    lens user {\n  uses: customer when p uses o and p2 makes o\n  swap: partner when p pays p2 for any o1 and p2 pays p for any o2\n  \
    swap overrides uses\n  otherwise other\n}\n\
    lens payer {\n  pays: customer when p pays p2 for any o\n  otherwise other\n}\n\
    lens young {\n  first match wins\n  old: other when p is old\n  pays: customer when p pays p2 for any o\n  otherwise other\n}\n";

#[test]
fn lenses_part_on_the_row_that_goes_before() {
    let rules = PARTS.replace("P pays P for", "P pays payee: P for").replace("of P\n", "of p2: P\n");
    let facts =
        "facts {\n  ann uses tea\n  ann pays acme for pen\n  acme pays ann for ink\n  ann is old\n}\n";
    let rules = format!("{rules}{facts}");
    says(
        &rules,
        "ann, acme | user, payer",
        &[
            "user: Row `swap` goes before `uses` (`customer`), because ann pays acme for pen and acme pays ann for ink; \
             besides, there is no record that acme makes tea:",
            "payer: No row of it says `partner`.",
        ],
    );
    says(
        &rules,
        "ann, acme | young, payer",
        &["young: Row `pays` (`customer`) matches too, but `old` goes before it, because ann is old:"],
    );
}

#[test]
fn sides_of_operations_stand_in_brackets_where_they_are_operations() {
    let rules = "kind P\nrelation P was due on Date\nrelation P came on Date\nrelation P owes Number\n\
        question P is ok | bad\n  among p was due on any d\n\
        lens a {\n  r: ok when p was due on d and p came on e and p owes n and 2 ^ (e - d) * -(n + 1) < -100\n  otherwise bad\n}\n\
        facts {\n  ann was due on 2026-01-01\n  ann came on 2026-01-04\n  ann owes 4\n}\n";
    says(rules, "ann", &["(2 ^ (e - d)) * -(n + 1) is -40, not less than -100"]);
}

#[test]
fn aggregates_name_what_stands_outside_them() {
    let rules = "kind P\nrelation P limit is Number\nquestion P is ok | bad\n  among p limit is any n\n\
        lens a {\n  r: ok when p limit is m and count(o: o limit is m >= 3) > 2\n  otherwise bad\n}\n\
        lens b {\n  r: ok when p limit is m and sum(1 for each o: o limit is m\n    and o is one of p, \"x y\") > 1\n  otherwise bad\n}\n\
        facts {\n  ann limit is 5\n  bob limit is 5\n}\n";
    says(
        rules,
        "ann",
        &[
            "count(o: o limit is 5 >= 3) is 2, not more than 2, 1 more needed",
            "sum(1 for each o: o limit is 5 and o is one of ann, \"x y\") is 1, not more than 1",
        ],
    );
}

#[test]
fn names_and_words_read_as_they_are_written() {
    let rules = "kind P\nkind T\nrelation P asks\nrelation P makes T\nrelation P came on day: Date?\nrelation P circles T\n\
        relation P found Number\nrelation P is tied to other: P\n\
        question P is ok | bad\n  among p asks\n\
        lens quoted {\n  a: ok when p makes \"Äpfel, rot\"\n  otherwise bad\n}\n\
        lens came {\n  a: ok when not known p came on any day\n  otherwise bad\n}\n\
        lens circles {\n  a: ok when p circles t and t is not sun\n  otherwise bad\n}\n\
        lens low {\n  a: ok when p asks and not (any q3 found any e45 and e45 < 45)\n  otherwise bad\n}\n\
        lens mean {\n  a: ok when average(e for each t: t is tied to p and t found e) < 60\n  otherwise bad\n}\n\
        lens more {\n  a: ok when count(t2: p circles t2) > 2\n  otherwise bad\n}\n\
        lens self {\n  a: ok when p is tied to q and q is tied to p\n  otherwise bad\n}\n\
        lens as-self {\n  a: bad when p makes any t9\n  otherwise as self\n}\n\
        facts {\n  \"Müller GmbH\" asks\n  \"Müller GmbH\" circles sun\n  \"Müller GmbH\" is tied to \"Müller GmbH\"\n}\n"
        .replace("is not sun", "is not \"sun\"");
    let text = says(
        &rules,
        "Müller GmbH",
        &[
            "there is no record that \"Müller GmbH\" makes \"Äpfel, rot\".",
            "if \"Müller GmbH\" makes \"Äpfel, rot\": ok",
            "there is no record that \"Müller GmbH\" came on a known day",
            "by row `a`: t is sun:",
            "there is no record that any q found any e and e < 45",
            "there is nothing to average in average(e for each t:",
            "count(t2: \"Müller GmbH\" circles t2) is 1, not more than 2, 2 more needed.",
            "because \"Müller GmbH\" is tied to \"Müller GmbH\".",
            "self comes to it so:",
        ],
    );
    assert_eq!(text.matches("for certain").count(), 0, "{text}");
}

#[test]
fn a_list_that_one_is_not_in_is_told_as_a_list() {
    let text = "kind P\nkind A\nrelation P lives in A\nrelation P has Number\n\
        question P is good | bad\n  among p has any n\n\
        lens l {\n  a: good when p lives in a and a is one of \"north\", \"south\", \"west\" and p has n and n > 3\n  \
        b: good when p has n and n is one of 3, 5\n  \
        c: good when p has n and n is one of 1, 2, 5, 6, 7, 8, 9, 10\n  \
        d: good when p has n and n is one of 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20\n  \
        otherwise bad\n}\n\
        facts {\n  bo lives in east\n  bo has 4\n}\n";
    let told = says(
        text,
        "bo",
        &[
            "Not `good` by row `a`: east is not one of north, south and west:",
            "Not `good` by row `b`: n is 4, not one of 3 and 5:",
            "Not `good` by row `c`: n is 4, not one of 1, 2, 5, 6, 7, 8 and 2 more:",
            "Not `good` by row `d`: n is not one of 1, 2, 5, 6, 7, 8 and 12 more:",
        ],
    );
    assert!(!told.contains("off by"), "{told}");
}

/// What is stated instead of what a condition asks is told, and where.
#[test]
fn a_value_that_is_stated_is_told_in_the_place_of_one_that_is_not() {
    let rules = "language 1
kind Species
relation Species is hunted Flag?
relation Species is of the group Text
question Species is rare | common
  among species is of the group any g
lens ministry {
  agreed: rare when species is of the group \"reptile\" unless species is hunted yes
  bird: common when species is of the group \"bird\"
}
facts {
  lizard is of the group \"reptile\"
  lizard is hunted no
}
";
    says(
        rules,
        "lizard",
        &["lizard is hunted no, not yes (main.lens:13)", "lizard is of the group \"reptile\", not \"bird\""],
    );
}

/// So is one that does not compare as is asked beside the sentence.
#[test]
fn a_value_that_compares_otherwise_is_told_in_the_place_of_what_is_not() {
    let rules = "language 1\nkind P\nrelation P asks\nrelation P earns Number?\nrelation P was seen on Date?\n\
        parameter least: Number = 5\nquestion P is ok | bad\n  among p asks\n\
        lens more {\n  a: ok when p asks and not (p earns any n and n > 5)\n  otherwise bad\n}\n\
        lens turned {\n  a: ok when p asks and not (p earns any n and least <= n)\n  otherwise bad\n}\n\
        lens seen {\n  a: ok when p asks unless p was seen on any d and d >= 2020-01-01\n  otherwise bad\n}\n\
        lens just {\n  a: ok when p asks and not (p earns any n and n = 5)\n  otherwise bad\n}\n\
        lens other {\n  a: ok when p asks and not (p earns any n and n != 3)\n  otherwise bad\n}\n\
        lens sum {\n  a: ok when p asks and not (p earns any n and n > count(q: q asks) + 2)\n  otherwise bad\n}\n\
        facts {\n  ann asks\n  ann earns 3\n  ann was seen on 2019-08-21\n}\n";
    says(
        rules,
        "ann",
        &[
            "because ann asks and ann earns 3, not more than 5.",
            "ann earns 3, not at least least (least is 5) (main.lens:",
            "because ann asks and ann earns 3, not 5.",
            "ann is ok according to other, because ann asks and ann earns 3.",
            "ann was seen on 2019-08-21, not on or after 2020-01-01 (main.lens:",
            "there is no record that ann earns any n and n > count(q: q asks) + 2",
        ],
    );
}

/// Of one the words of a sentence may be said as explanations say them.
#[test]
fn what_is_said_of_one_can_be_pasted() {
    let rules = "language 1
kind Flat
relation Flat has Number? rooms
relation Flat is let
question Flat is small | large
  among flat is let
lens size {
  small: small when flat has n rooms and n < 2
  otherwise large
}
facts {
  a is let
  a has 1 room
  b is let
  b has 2 rooms
}
";
    says(rules, "a", &["a has 1 room (main.lens:13)"]);
}

#[test]
fn changes_say_what_they_replace_and_what_they_come_beside() {
    let rules = "language 1\nkind P\nkind Place\nrelation P asks\nrelation P lives in Place\nrelation P earns Number?\n\
        relation P paid Number\nrelation P owes Number\nquestion P is ok | bad\n  among p asks\n\
        lens home {\n  a: ok when p lives in \"docks\" and not p lives in \"quay\"\n  otherwise bad\n}\n\
        lens income {\n  a: ok when p earns n and n < 10\n  otherwise bad\n}\n\
        lens payment {\n  a: ok when p paid 7\n  otherwise bad\n}\n\
        lens debts {\n  a: ok when count(n: p owes n) < 2\n  otherwise bad\n}\n\
        facts {\n  ann asks\n  ann lives in quay\n  ann earns 12\n  ann paid 5\n  ann owes 1\n  ann owes 2\n  ann owes 3\n}\n";
    let told = super::printed(&crate::support::memory(rules), "ann", 2);
    for part in [
        "if ann lives in docks instead of quay: ok",
        "if ann earns 9 instead of 12 (from 9 down): ok",
        "if ann paid 7 as well: ok",
        // What a figure is made of is among what is tried first, and sets after which nobody asks come last.
        "if nobody stated that ann owes 1 and nobody stated that ann owes 2: ok",
    ] {
        assert!(told.contains(part), "`{part}` is not said:\n{told}");
    }
    let last = told.lines().filter(|line| line.contains("ann asks: not asked about")).count();
    assert_eq!(last, 4, "{told}");
    let unasked = told.find("ann asks: not asked about").expect("it is named");
    assert!(told.find("instead of quay").expect("it is named") < unasked, "{told}");
}

/// A figure of few things may be made of very many facts, some of them in doubt.
#[test]
fn of_very_many_facts_behind_a_figure_some_are_tried_first() {
    let mut rules = "language 1\nkind P\nkind Flat\nrelation P asks\nrelation P refused Flat on Date\n\
        question P is barred | ok\n  among p asks\n\
        lens l {\n  a: barred when count(flat: p refused flat on any d) >= 2\n  otherwise ok\n}\n\
        facts {\n  ann asks\n  ann refused old on 2025-01-01\n"
        .to_owned();
    for at in 0..60 {
        rules.push_str(&format!("  ann refused new on 2026-{:02}-{:02}\n", 1 + at / 28, 1 + at % 28));
    }
    rules.push_str("  maybe ann refused new on 2026-12-24\n}\n");
    says(&rules, "ann", &["● l: barred", "if nobody stated that ann refused old on 2025-01-01: ok"]);
}

#[test]
fn somebody_called_like_a_newcomer_is_named_and_newcomers_are_others() {
    let rules = "kind P\nkind Club\nrelation P asks\nrelation P joined Club\nquestion P is ok | bad\n  among p asks\n\
        lens a {\n  a: ok when p joined any club\n  otherwise bad\n}\n\
        facts {\n  ann asks\n  bob asks\n  bob joined somebody-new\n}\n";
    says(rules, "ann", &["if ann joined somebody-new: ok", "if ann joined a new Club: ok"]);
    let text = says(rules, "bob", &["if nobody stated that bob joined somebody-new"]);
    assert!(!text.contains("a new Club"), "{text}");
}

#[test]
fn texts_that_no_rule_names_are_not_ruled_out() {
    let of = |cond: &str| {
        format!(
            "kind P\nrelation P asks\nrelation P is called Text?\nrelation P is named Text\nrelation P came on Date?\n\
             question P is ok | bad\n  among p asks\nlens a {{\n  a: ok when {cond}\n  otherwise bad\n}}\n\
             facts {{\n  ann asks\n  ann is named \"Bo\"\n}}\n"
        )
    };
    for cond in [
        "p is called t and lower(t) = \"bob\" and t != \"bob\" and t != \"BOB\" and t != \"Bob\"",
        "p is called t and p is named s and starts-with(t, s) and t != s",
        "p came on d and d + 1 months = d + 28 days",
    ] {
        let text = says(&of(cond), "ann", &["was tried"]);
        assert!(!text.contains("all the same"), "{text}");
    }
    says(&of("p is called t and trim(t) != t"), "ann", &["if ann is called \" x\": ok"]);
}

#[test]
fn a_range_that_ends_is_not_said_to_go_on() {
    let rules = "kind P\nrelation P asks\nrelation P weighs Number?\nquestion P is ok | bad\n  among p asks\n\
        lens a {\n  a: ok when p weighs m and m >= 1 and m <= 1000\n  otherwise bad\n}\nfacts {\n  ann asks\n}\n";
    says(
        rules,
        "ann",
        &[
            "if ann weighs 1 (or more; tried up to 1000): ok",
            "if ann weighs 1001 (or more, as far as tried): bad",
        ],
    );
}

#[test]
fn outcomes_that_no_way_comes_to_are_said() {
    let rules = "kind P\nrelation P asks\nrelation P is old\nrelation P is tall\nquestion P is ok | bad\n  among p asks\n\
        lens a {\n  a: ok when p is old and p is tall\n  b: bad when p is old and not p is tall\n}\n\
        facts {\n  ann asks\n  maybe ann is old\n  maybe ann is tall\n}\n";
    says(rules, "ann", &["No way to fill the gaps comes to `conflict`."]);
}

#[test]
fn of_lenses_that_leave_it_open_it_is_said_which_row_does() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("left-open");
    std::fs::create_dir_all(&folder).expect("a folder");
    let rules = "language 1\nkind Site\nkind Machine\nrelation Machine stands in Site\nrelation Machine makes noise: Number?\n\
        question Site is safe | unsafe\n  among any m stands in site\n\
        lens quiet {\n  loud: unsafe when m stands in site and m makes n and n > 85\n  otherwise safe\n}\n\
        lens known-noise {\n  gap: unsafe when m stands in site and not known m makes any n\n  otherwise safe\n}\n\
        lens torn {\n  a: safe when any m stands in site\n  b: unsafe when any m stands in site\n}\n\
        facts {\n  press stands in plant\n  lathe stands in plant\n  lathe makes 70\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let said = |pair: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_parallax"))
            .args(["explain", &folder.to_string_lossy(), "plant", "--vs", pair])
            .output()
            .expect("the command runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let open = said("quiet,known-noise");
    assert!(open.contains("quiet: It is open whether row `loud` (`unsafe`) matches"), "{open}");
    assert!(!open.contains("Not `unsafe` by row `loud`"), "{open}");
    let torn = said("known-noise,torn");
    assert!(torn.contains("torn: Row `a` (`safe`) and row `b` (`unsafe`) contradict each other."), "{torn}");
}
