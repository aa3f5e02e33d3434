//! How bodies are searched by the counts of the facts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{evaluated, grid, memory};
use parallax::session::{Options, Session};

const HEAD: &str = "language 1\nkind User\nkind Session\nkind Place\nrelation Session belongs to User\n\
    relation Session began on Date\nrelation Session used device: Text\nrelation inviter: User invited invitee: User\n\
    relation User lives in Place\n\
    relation User scored points: Number in Text\nrelation small: Place is part of large: Place\n\
    relation small: Place lies within large: Place\ndefine small lies within large\n  when small is part of large\n\
    define small lies within large\n  when small lies within middle and middle is part of large\n";

/// A thousand users with four sessions each, who invite each other and live in six hundred places.
fn folder(name: &str, rules: &str) -> PathBuf {
    folder_of(name, rules, 4000)
}

/// The same with so many sessions.
fn folder_of(name: &str, rules: &str, sessions: u32) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    let tables = "from \"sessions.csv\" {\n  id belongs to user\n  id began on day\n  id used device\n}\n\
        from \"users.csv\" {\n  by invited user\n  user lives in place\n  user scored points in round\n}\nfrom \"places.csv\" {\n  small is part of large\n}\n";
    std::fs::write(path.join("rules.lens"), format!("{HEAD}{rules}{tables}")).expect("written");
    let session = |at: u32| {
        let (user, day, device) = (at * 7 % 1000, at * 11 % 28 + 1, at * at % 4);
        format!("s{at},u{user},2025-0{}-{day:02},d{device}\n", at % 9 + 1)
    };
    let sessions: String = (0..sessions).map(session).collect();
    let user = |at: u32| format!("u{at},u{},p{},{},{}\n", at * 31 % 1000, at % 600, at * 17 % 997, at % 3);
    let users: String = (0..1000).map(user).collect();
    let places: String = (1..600).map(|at| format!("p{at},p{}\n", at / 2)).collect();
    for (file, text) in [
        ("sessions.csv", format!("id,user,day,device\n{sessions}")),
        ("users.csv", format!("user,by,place,points,round\n{users}")),
        ("places.csv", format!("small,large\n{places}")),
    ] {
        std::fs::write(path.join(file), text).expect("written");
    }
    path
}

fn plan(folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_parallax"))
        .args(["dump", "--stage", "plan", &folder.to_string_lossy()])
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Where something stands in what is said of a row.
fn place(plan: &str, what: &str) -> usize {
    assert!(plan.contains(what), "`{what}` is not in\n{plan}");
    plan.find(what).unwrap_or_default()
}

const AMONG: &str = "question User is in | out\n  among any session belongs to user\n";

#[test]
fn few_dates_of_somebody_are_compared_instead_of_all_dates_narrowed() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when session belongs to user and session began on day and not (any other belongs \
         to user and other began on any later and later > day)\n  otherwise out\n}}\n"
    );
    let plan = plan(&folder("plans-few-dates", &rules));
    assert!(!plan.contains("narrow"), "a user has four sessions:\n{plan}");
}

#[test]
fn those_at_one_place_are_compared_instead_of_all_who_have_more() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when user lives in home and other lives in home and user scored n in \"1\" and other \
         scored m in \"1\" and m > 2 * n\n  otherwise out\n}}\nfacts {{\n  u1 lives in p5\n}}\n"
    );
    let plan = plan(&folder("plans-home", &rules));
    let row = &plan[place(&plan, "lens a")..];
    assert!(!plan.contains("narrow"), "two live at a place:\n{plan}");
    assert!(place(row, "each other") < place(row, "each m"), "{plan}");
}

#[test]
fn what_need_only_exist_is_followed_along_what_is_known() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when inviter invited user and s1 belongs to inviter and s1 used device and s2 belongs \
         to user and s2 used device\n  otherwise out\n}}\n"
    );
    let plan = plan(&folder("plans-follow", &rules));
    let row = &plan[place(&plan, "each user")..];
    assert!(place(row, "each inviter") < place(row, "each s1"), "there is one inviter:\n{plan}");
}

#[test]
fn words_of_one_value_come_before_those_that_join_them() {
    let rules = "question User is in | out of other: User\n  among user invited other\nlens a {\n  row: in when user \
        lives in i and other lives in j and i lies within w and j lies within w\n  otherwise out\n}\n";
    let plan = plan(&folder("plans-one-value", rules));
    let row = &plan[place(&plan, "lens a")..];
    assert!(
        place(row, "each i") < place(row, "each w") && place(row, "each j") < place(row, "each w"),
        "{plan}"
    );
}

#[test]
fn a_word_that_must_be_a_constant_is_looked_up() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when user lives in i and i lies within w and w is \"p1\"\n  otherwise out\n}}\n"
    );
    let plan = plan(&folder("plans-constant", &rules));
    assert!(plan.contains("look up a constant in small lies within large"), "{plan}");
}

#[test]
fn branches_of_a_population_are_gone_through_in_the_order_of_its_words() {
    let rules = "question User is in | out of other: User\n  among other invited user or user invited other\n\
        lens a {\n  row: in when user invited other\n  otherwise out\n}\n";
    let plan = plan(&folder("plans-branches", rules));
    let all = plan.rfind("population of in").map_or("", |at| &plan[at..]);
    let steps: Vec<&str> =
        all.lines().filter_map(|line| line.split_once("each ")).map(|(_, step)| step).collect();
    assert!(steps.len() >= 4 && steps[0].starts_with("user ") && steps[2].starts_with("user "), "{plan}");
}

#[test]
fn the_others_of_a_group_are_all_of_it_but_for_one() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when user scored n in round and n > average(m for each other: other scored m in round \
         and other is not user)\n  otherwise out\n}}\n"
    );
    let all = plan(&folder("plans-others", &rules));
    assert!(all.contains("average over, but for what is about user"), "{all}");
    // Where each group is of a few there is nothing to gain.
    let few = rules.replace("user scored n in round", "user lives in p and user scored n in any r");
    let few = few.replace("other scored m in round", "other lives in p and other scored m in any q");
    let few = plan(&folder("plans-few-others", &few));
    assert!(!few.contains("but for what is about"), "{few}");
}

/// A few users with very many sessions are asked about as often as they have sessions.
#[test]
fn where_few_have_most_sentences_are_narrowed_though_most_have_few() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when session belongs to user and session began on day and count(other: other belongs \
         to user and other began on any later and later >= day and later - day < 9) >= 3\n  otherwise out\n}}\n"
    );
    let path = folder_of("plans-skewed", &rules, 4);
    let own = |at: u32| if at.is_multiple_of(2) { 0 } else { at };
    let session = |at: u32| format!("s{at},u{},2025-0{}-{:02},d1\n", own(at), at % 9 + 1, at * 11 % 28 + 1);
    let table = |rows: u32| (0..rows).map(session).collect::<String>();
    let write =
        |rows: String| std::fs::write(path.join("sessions.csv"), format!("id,user,day,device\n{rows}"));
    write(table(30_000)).expect("written");
    let skewed = plan(&path);
    assert!(skewed.contains("narrow later"), "{skewed}");
    let even = (0..30_000).map(|at| session(at).replace("u0,", &format!("u{at},"))).collect();
    write(even).expect("written");
    let even = plan(&path);
    assert!(!even.contains("narrow later"), "{even}");
}

#[test]
fn what_is_said_of_many_things_is_put_side_by_side() {
    let rules = format!(
        "{AMONG}lens a {{\n  row: in when s belongs to user and s used \"d1\" and s began on day and t belongs to user \
         and t used \"d0\" and t began on day\n  otherwise out\n}}\n"
    );
    let all = plan(&folder_of("plans-stars", &rules, 22_000));
    assert!(all.matches("something in sentences side by side").count() >= 2, "{all}");
    // Of a few nothing is gained by going through all.
    let few = rules.replace("when s belongs", "when user invited \"u31\" and s belongs");
    let few = plan(&folder_of("plans-few-stars", &few, 22_000));
    assert!(!few.contains("side by side"), "{few}");
}

#[test]
fn choices_of_sentences_lead_to_what_the_rest_asks() {
    let rules = format!(
        "relation User meets other: User\ndefine user meets other\n  when user lives in p and (user invited friend or friend \
         invited user) and friend lives in q and other lives in q and p is not q\n{AMONG}lens a {{\n  row: in when user \
         meets any other\n  otherwise out\n}}\n"
    );
    let all = plan(&folder("plans-choices", &rules));
    let own = &all[all.rfind("relation user meets other").unwrap_or_default()
        ..all.rfind("population of").unwrap_or_default()];
    assert!(own.contains("each friend") && !own.contains("one is enough"), "{own}");
}

#[test]
fn what_names_no_subject_is_asked_once() {
    // The same of all, whatever stands beside it; where nobody is asked about, of nobody.
    let rules = "language 1\nkind Person\nrelation Person is here\nrelation Person is away\nrelation Person is old\n\
        question Person is in | out\n  among person is here\nlens a {\n  row: in when any other is away and person is old\n  \
        otherwise out\n}\nlens b {\n  row: in when not any other is away\n  otherwise out\n}\n";
    let says = |facts: &str| {
        let text = format!("{rules}facts {{\n{facts}}}\n");
        let files = memory(&text);
        let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
        let ruleset = session.ruleset().expect("no errors");
        let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it evaluates");
        let table = &evaluation.tables[parallax::model::QuestionId(0)];
        let of = |at: usize| table.lenses.iter().map(|column| table.outcome(column, at)).collect::<Vec<_>>();
        (0..table.len()).map(of).map(|sets| format!("{sets:?}")).collect::<Vec<_>>()
    };
    let here = "  ann is here\n  bob is here\n  ann is old\n";
    let (none, some, maybe) =
        (says(here), says(&format!("{here}  cyd is away\n")), says(&format!("{here}  maybe cyd is away\n")));
    assert_eq!((none.len(), some.len(), maybe.len()), (2, 2, 2));
    assert!(none.iter().all(|said| *said == none[0]), "out and in: {none:?}");
    assert!(some[0] != some[1] && maybe[0] != maybe[1], "who is old alone is in: {some:?} {maybe:?}");
    assert!(some != maybe && none != maybe, "{maybe:?}");
    assert!(says("  cyd is away\n").is_empty());
}

/// Of a sentence that many rows say, a constant that few of them have is what the search begins with; where no value is
/// stated it may be that constant.
#[test]
fn constants_that_few_rows_have_may_stand_where_none_is_stated() {
    let rules = "language 1
kind Trip
kind Leg
relation Leg belongs to Trip
relation Leg is checked Flag?
relation Leg took Number?
relation Leg is called Text?
relation Trip is late
define trip is late
  when leg belongs to trip and leg took 7
question Trip is fine | barred
  among any leg belongs to trip
lens flag {
  barred: barred when leg belongs to trip and leg is checked no
  otherwise fine
}
lens text {
  barred: barred when leg belongs to trip and leg is called \"x\"
  otherwise fine
}
lens defined {
  barred: barred when trip is late
  otherwise fine
}
lens negated {
  fine: fine when leg belongs to trip and not leg is checked no
  otherwise barred
}
";
    let mut text = rules.to_owned() + "facts {\n";
    for leg in 0..6000 {
        _ = writeln!(text, "  l{leg} belongs to t{leg}");
        let (flag, number, name) = match leg % 10 {
            0 => continue,
            1 => ("no", 7, "x"),
            _ => ("yes", 8, "y"),
        };
        _ = writeln!(
            text,
            "  l{leg} is checked {flag}\n  l{leg} took {number}\n  l{leg} is called \"{name}\""
        );
    }
    let lines: BTreeSet<String> = evaluated(&(text + "}\n"), grid).into_iter().collect();
    for leg in 0..6000 {
        let says = match leg % 10 {
            0 => "unknown (fine or barred)",
            1 => "barred",
            _ => "fine",
        };
        let line = format!("t{leg}: flag={says} text={says} defined={says} negated={says}");
        assert!(
            lines.contains(&line),
            "{line}: {:?}",
            lines.iter().find(|other| other.starts_with(&format!("t{leg}:")))
        );
    }
}
