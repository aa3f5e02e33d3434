//! What the engine owes whatever the facts: an end within its limits, the same answer in any order.

use std::path::Path;
use std::time::Duration;

use parallax::engine::Limits;
use parallax::session::{Options, Session};

use crate::support::{evaluated, grid, memory};

/// The lines of the grid, or the code of the error.
fn answer(text: &str, limits: Limits) -> Result<Vec<String>, &'static str> {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let Some(ruleset) = session.ruleset() else {
        let said: Vec<String> = session.diagnostics().into_iter().map(|found| found.message).collect();
        unreachable!("the ruleset is sound: {said:?}\n{text}");
    };
    match session.evaluate(ruleset, &Options { limits, ..Options::default() }) {
        Ok((evaluation, _)) => Ok(grid(ruleset, &evaluation)),
        Err(found) => Err(found[0].code.name()),
    }
}

/// A ruleset whose one row divides, over these facts.
fn quotient(row: &str, facts: &[&str]) -> String {
    format!(
        "kind T\nrelation T has Number up\nrelation T has Number below\nrelation T counts\nrelation T owns Number\n\
         question T is good | bad\n  among t counts\nlens l {{\n  a: good when {row}\n  otherwise bad\n}}\n\
         facts {{\n  {}\n}}\n",
        facts.join("\n  ")
    )
}

/// Many things that count, beside these lines.
fn crowd(lines: &str) -> String {
    let facts: String = (0..300).map(|at| format!("  t{at} counts\n")).collect();
    format!(
        "kind T\nrelation T counts\nrelation a: T meets b: T with c: T by d: T\n{lines}facts {{\n{facts}}}\n"
    )
}

/// Ways to go through 300^4 combinations.
fn products() -> [String; 3] {
    let all = "a counts and b counts and c counts and d counts";
    [
        crowd(&format!("define a meets b with c by d\n  when {all}\n")),
        crowd(&format!(
            "question a: T is good | bad of b: T with c: T by d: T\n  among {all}\nlens l {{\n  otherwise bad\n}}\n"
        )),
        crowd(&format!(
            "question a: T is good | bad of b: T with c: T by d: T\nlens l {{\n  r: good when {all}\n}}\n"
        )),
    ]
}

#[test]
fn a_product_ends_at_the_limit_of_facts() {
    for text in products() {
        let limits = Limits { facts: 50_000, ..Limits::default() };
        assert_eq!(answer(&text, limits), Err("PX0704"), "{}", &text[..300]);
    }
}

#[test]
fn a_product_ends_at_the_limit_of_time() {
    for text in products() {
        let limits = Limits { time: Some(Duration::from_millis(100)), ..Limits::default() };
        assert_eq!(answer(&text, limits), Err("PX0706"), "{}", &text[..300]);
    }
}

#[test]
fn a_search_that_finds_nothing_ends_at_the_limit_of_time() {
    let text = crowd(
        "question T is good | bad\n  among t counts\nlens l {\n  r: good when a counts and b counts and c counts \
         and (a meets b with c by t or count(other: other meets a with b by c) > 0)\n  otherwise bad\n}\n",
    );
    let limits = Limits { time: Some(Duration::from_millis(100)), ..Limits::default() };
    assert_eq!(answer(&text, limits), Err("PX0706"));
}

#[test]
fn a_missing_result_does_not_read_what_another_subject_had() {
    let row = "t has u up and t has d below and n = u / d and n > 3";
    for first in ["a has 10 up", "a has 1 up"] {
        let facts = ["a counts", "b counts", first, "a has 1 below", "b has 5 up", "b has 0 below"];
        assert_eq!(answer(&quotient(row, &facts), Limits::default()), Err("PX0610"), "{first}");
    }
}

#[test]
fn a_missing_result_matters_only_where_nothing_else_decides() {
    for row in [
        "t has u up and t has d below and u / d > 3",
        "t has u up and t has d below and n = u / d and n > 3",
        "t has u up and ((t has d below and u / d > 3) or t owns u)",
    ] {
        for facts in [
            ["a counts", "a has 5 up", "a has 0 below", "a has 1 below"],
            ["a counts", "a has 5 up", "a has 1 below", "a has 0 below"],
        ] {
            let found = answer(&quotient(row, &facts), Limits::default());
            assert_eq!(found, Ok(vec!["a: l=good".to_owned()]), "{row} {facts:?}");
        }
        let only = ["a counts", "a has 5 up", "a has 0 below"];
        assert_eq!(answer(&quotient(row, &only), Limits::default()), Err("PX0610"), "{row}");
    }
}

#[test]
fn a_missing_result_of_few_among_many_matters_as_among_few() {
    let lines: Vec<String> = (0..3000)
        .flat_map(|at| {
            let (up, below) = (at % 7, at % 3 + 1);
            [format!("t{at} counts"), format!("t{at} has {up} up"), format!("t{at} has {below} below")]
        })
        .collect();
    let answered = |more: &[&'static str]| {
        let facts: Vec<&str> = lines.iter().map(String::as_str).chain(more.iter().copied()).collect();
        answer(&quotient("t has u up and t has d below and u / d > 3", &facts), Limits::default())
    };
    let all = answered(&[]);
    assert!(all.as_ref().is_ok_and(|all| all.len() == 3000 && all.contains(&"t6: l=good".to_owned())));
    // Both are good by what else they have below.
    assert_eq!(answered(&["t6 has 0 below", "t2988 has 0 below"]), all);
    assert_eq!(answered(&["t6 has 0 below", "t1234 has 0 below"]), Err("PX0610"));
}

#[test]
fn a_value_that_could_not_be_worked_out_is_nobody_s() {
    let row = "t has u up and t has d below and n = u / d and not t owns n";
    let facts =
        ["b counts", "a counts", "b has 5 up", "b has 1 below", "a has 5 up", "a has 0 below", "a owns 5"];
    assert_eq!(answer(&quotient(row, &facts), Limits::default()), Err("PX0610"));
}

#[test]
fn a_missing_result_that_something_must_equal_matters_only_where_all_else_holds() {
    let owners = ["w1 owns 1", "w2 owns 2", "w3 owns 3", "w4 owns 4"];
    let all = ["a counts", "b counts", "a has 5 up", "a has 0 below", "b has 6 up", "b has 2 below"];
    let facts = |more: &[&'static str]| [&owners[..], &all[..], more].concat();
    for row in [
        "t has u up and t has d below and w owns n and w has any m up and n = u / d",
        "t has u up and t has d below and not (t owns 1 and u / d = 1) and any w owns n and u / d = n and t owns 7",
    ] {
        let nobody = answer(&quotient(row, &facts(&[])), Limits::default());
        assert_eq!(nobody, Ok(vec!["a: l=bad".to_owned(), "b: l=bad".to_owned()]), "{row}");
        let only_b = answer(&quotient(row, &facts(&["w3 has 1 up", "a owns 7"])), Limits::default());
        assert_eq!(only_b, Err("PX0610"), "{row}");
    }
    let row = "t has u up and t has d below and count(w: w owns n and w has any m up and n = u / d) > 0";
    let counted = answer(&quotient(row, &facts(&["w3 has 1 up"])), Limits::default());
    assert_eq!(counted, Ok(vec!["a: l=bad".to_owned(), "b: l=good".to_owned()]));
    let row = "t has u up and any w owns n and t has d below and n = u / d";
    let fine = ["b counts", "b has 6 up", "b has 2 below"];
    let found = answer(&quotient(row, &[&owners[..], &fine[..]].concat()), Limits::default());
    assert_eq!(found, Ok(vec!["b: l=good".to_owned()]));
}

#[test]
fn a_missing_result_is_no_more_certain_under_a_negation() {
    let facts = ["a counts", "a has 5 up", "a has 0 below"];
    for row in [
        "t has u up and t has d below and not u / d > 3",
        "t has u up and t has d below and not (not u / d > 3)",
        "t has u up and t has d below unless u / d > 3",
        "t has u up and not (t has any d below and u / d > 3)",
    ] {
        assert_eq!(answer(&quotient(row, &facts), Limits::default()), Err("PX0610"), "{row}");
    }
    let doubtful = ["a counts", "a has 5 up", "maybe a has 0 below"];
    let row = "t has u up and not (t has any d below and u / d > 3)";
    let found = answer(&quotient(row, &doubtful), Limits::default());
    assert_eq!(found, Ok(vec!["a: l=unknown (good or bad)".to_owned()]));
}

/// Whether a day leaves the calendar does not hang on which of many are looked at to find those that compare so.
#[test]
fn a_day_that_leaves_the_calendar_is_an_error_whether_days_are_searched_or_gone_through() {
    let mut head =
        String::from("language 1\nkind P\nkind H\nrelation P lives in H\nrelation P was born on Date\n");
    head.push_str("question P is a | b\n  among p was born on any day\nfacts {\n");
    for at in 0..200 {
        head.push_str(&format!(
            "  p{at} lives in h\n  p{at} was born on {}-03-0{}\n",
            1990 + at % 30,
            at % 9 + 1
        ));
    }
    head.push_str("}\n");
    for (years, is_error) in [(7_000, false), (7_985, true), (9_000, true)] {
        let later = format!("b >= c + {years} years");
        for cond in
            [later.clone(), format!("({later} or {later})"), format!("x = c + {years} years and b >= x")]
        {
            let text = format!(
                "{head}lens l {{\n  r: a when p lives in h and other lives in h and p was born on b and other was born on c \
                 and {cond}\n  otherwise b\n}}\n"
            );
            let found = answer(&text, Limits::default());
            assert_eq!(found.err(), is_error.then_some("PX0610"), "{cond}");
        }
    }
}

#[test]
fn values_made_on_the_way_are_bounded() {
    let facts: Vec<String> = (0..500).map(|at| format!("t{at} has {} up", 1_000_003 + at * 7919)).collect();
    let facts: Vec<&str> = std::iter::once("t0 counts").chain(facts.iter().map(String::as_str)).collect();
    let row = "t counts and any x has u up and any y has v up and n = u * v and n < 0 and n > 7 - n";
    let limits = Limits { facts: 20_000, ..Limits::default() };
    assert_eq!(answer(&quotient(row, &facts), limits), Err("PX0704"));
}

#[test]
fn a_missing_result_of_a_conclusion_does_not_depend_on_the_order_of_facts() {
    let rules = "define t owns n\n  when t has u up and t has d below and n = u and u / d > 3\nquestion";
    let text = |facts: &[&str]| quotient("t owns n and n > 3", facts).replacen("question", rules, 1);
    for facts in [
        ["a counts", "a has 5 up", "a has 0 below", "a has 1 below"],
        ["a counts", "a has 5 up", "a has 1 below", "a has 0 below"],
    ] {
        assert_eq!(answer(&text(&facts), Limits::default()), Ok(vec!["a: l=good".to_owned()]));
    }
    let only = ["a counts", "a has 5 up", "a has 0 below"];
    assert_eq!(answer(&text(&only), Limits::default()), Err("PX0610"));
}

#[test]
fn a_missing_result_of_a_perhaps_subject_is_not_an_error() {
    let row = "t has u up and t has d below and u / d > 3";
    let facts = ["maybe a counts", "a has 5 up", "a has 0 below"];
    assert_eq!(answer(&quotient(row, &facts), Limits::default()), Ok(vec!["a: perhaps l=bad".to_owned()]));
}

#[test]
fn what_a_doubt_adds_nothing_to_has_one_bound() {
    let text = "kind T\nrelation T counts\nrelation T matters\ndefine t matters\n  when t counts\n\
                facts {\n  a counts\n  a matters\n  maybe b counts\n  b matters\n}\n";
    evaluated(text, |ruleset, evaluation| {
        let both: Vec<bool> = evaluation.relations.iter().map(|bounds| bounds.possible.is_some()).collect();
        assert_eq!(both, [true, false]);
        assert_eq!(ruleset.relations.len(), 2);
    });
}

/// Each round of a loop touches only what it found.
#[test]
fn a_long_chain_takes_no_time_per_name() {
    let chain: String = (0..20_000).map(|at| format!("  n{at} leads to n{}\n", at + 1)).collect();
    let text = format!(
        "kind T\nrelation T leads to next: T\nrelation T is reached\ndefine t is reached\n  when s is reached and s leads to t\n\
         facts {{\n  n0 is reached\n{chain}}}\n"
    );
    evaluated(&text, |_, evaluation| {
        assert_eq!(evaluation.relations.as_slice()[1].certain[0].len(), 20_001);
    });
}

/// An aggregate of aggregates: who likes as many as anybody.
#[test]
fn a_word_of_an_aggregate_may_take_its_value_inside() {
    let text = "language 1\nkind P\nkind Q\nrelation P likes Q\nrelation P is here\nquestion P is most | fewer\n  among p is here\nlens l {\n  m: most when count(q: p likes q) = max(k: any r is here and k = count(s: r likes s))\n  otherwise fewer\n}\nfacts {\n  a is here\n  b is here\n  a likes x\n  a likes y\n  b likes x\n}\n";
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    let table = &evaluation.tables[parallax::model::QuestionId(0)];
    let most = |place: usize| {
        let first = parallax::verdict::Outcome::Verdict(parallax::model::VerdictId(0));
        table.outcome(&table.lenses[0], place).settled() == Some(first)
    };
    assert_eq!((most(0), most(1)), (true, false));
}

/// Two values for one combination cannot be added up; where one of them is only possible, it is not
/// known.
#[test]
fn one_combination_has_one_value() {
    let rules = |fact: &str| {
        format!(
            "language 1\nkind P\nkind Q\nrelation P pays Q as much as Number\nrelation P is here\nquestion P is big | small\n  among p is here\nlens l {{\n  b: big when sum(n for each q: p pays q as much as n) > 4\n  otherwise small\n}}\nfacts {{\n  a is here\n  a pays x as much as 3\n  {fact}\n}}\n"
        )
    };
    let open = |text: &str| {
        let files = memory(text);
        let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
        let ruleset = session.ruleset().expect("it is sound");
        let found = session.evaluate(ruleset, &Options::default());
        found.map(|(evaluation, _)| {
            let table = &evaluation.tables[parallax::model::QuestionId(0)];
            table.outcome(&table.lenses[0], 0).len()
        })
    };
    assert_eq!(open(&rules("a pays y as much as 2")).ok(), Some(1));
    assert_eq!(open(&rules("maybe a pays x as much as 2")).ok(), Some(2));
    let error = open(&rules("a pays x as much as 2")).expect_err("two values");
    assert!(error[0].message.contains("two values"), "{error:?}");
}

#[test]
fn what_any_introduces_in_a_negative_part_is_compared_by_equality() {
    let text = "kind T\nrelation T scores Number?\nrelation T meets other: T\nrelation T counts\n\
        question T is good | bad\n  among t counts\n\
        lens negated {\n  a: good when not (t scores any v and v = 60)\n  otherwise bad\n}\n\
        lens barred {\n  a: good when t counts unless t scores any v and v = 60\n  otherwise bad\n}\n\
        lens counted {\n  a: good when count(o: t meets o and o scores any v and v = 60) >= 1\n  otherwise bad\n}\n\
        facts {\n  x counts\n  y counts\n  z counts\n  x scores 60\n  y scores 61\n  y meets x\n}\n";
    evaluated(text, |ruleset, evaluation| {
        assert_eq!(
            grid(ruleset, evaluation),
            [
                "x: negated=bad barred=bad counted=bad",
                "y: negated=good barred=good counted=good",
                "z: negated=unknown (good or bad) barred=unknown (good or bad) counted=bad",
            ]
        );
    });
}

#[test]
fn a_word_that_a_sentence_gives_its_value_in_a_negative_part_is_compared() {
    let text = "kind T\nrelation T has Number points\nrelation T scored Number\nrelation T counts\n\
        question T is good | bad\n  among t counts\n\
        lens negated {\n  a: good when not (any w has n points and t scored any m and n = m + 1)\n  otherwise bad\n}\n\
        lens before {\n  a: good when not (t scored any m and n = m + 1 and any w has n points)\n  otherwise bad\n}\n\
        lens barred {\n  a: good when t counts unless t scored any m and n = m + 1 and t has n points\n  otherwise bad\n}\n\
        lens counted {\n  a: good when count(w: w has n points and t scored any m and n = m + 1) = 0\n  otherwise bad\n}\n\
        facts {\n  x counts\n  y counts\n  x has 50 points\n  y has 7 points\n  x scored 2\n  x scored 3\n  x scored 4\n\
        \x20 y scored 6\n  y scored 7\n}\n";
    evaluated(text, |ruleset, evaluation| {
        assert_eq!(
            grid(ruleset, evaluation),
            [
                "x: negated=good before=good barred=good counted=good",
                "y: negated=bad before=bad barred=bad counted=bad"
            ]
        );
    });
}

/// A rule that leaves a choice holds by the branch that needs nothing of its own relation, before anything grew.
#[test]
fn recursion_within_a_choice_begins_with_the_other_branch() {
    let text = "kind M\nrelation M has m1: M below\nrelation M stands below top: M\n\
                define m stands below top\n  when top has m below or (top has x below and m stands below x)\n\
                question M is under | over\n  among m has any m2 below or any m2 has m below\n\
                lens any-of-them {\n  a: under when m stands below any t\n  otherwise over\n}\n\
                lens round {\n  a: under when m stands below m\n  otherwise over\n}\n\
                lens top {\n  a: under when m stands below \"d\"\n  otherwise over\n}\n\
                facts {\n  a has b below\n  b has a below\n  d has c below\n  c has b below\n}\n";
    let expected = [
        "a: any-of-them=under round=under top=under",
        "b: any-of-them=under round=under top=under",
        "c: any-of-them=under round=over top=under",
        "d: any-of-them=over round=over top=over",
    ];
    assert_eq!(answer(text, Limits::default()).expect("it is evaluated"), expected);
}
