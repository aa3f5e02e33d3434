//! What an explanation works out by itself is what evaluating everything finds.

use std::path::Path;

use parallax::engine::{Limits, Profile};
use parallax::explain::{Explanation, Request, Standing, Trouble, explain, explain_anyway, verify};
use parallax::model::{Constant, LensId, QuestionId, Ruleset};
use parallax::report::Look;
use parallax::report::explanation::{json, tell, text};
use parallax::session::{Options, Session};
use parallax::verdict::{Evaluation, Scope};

use super::subjects;
use crate::generator::case;
use crate::support::memory;

/// Evaluates for explanations, or everything.
fn evaluated(session: &Session<'_>, ruleset: &Ruleset, scope: Scope<'static>) -> Evaluation {
    let options = Options { holds: parallax::verdict::Holds::Stated, scope, ..Options::default() };
    session.evaluate(ruleset, &options).expect("it can be evaluated").0
}

fn request(subject: &[Constant], lenses: &[LensId], budget: u64) -> Request {
    Request {
        question: QuestionId(0),
        subject: subject.to_vec(),
        lenses: lenses.to_vec(),
        budget,
        size: 1,
        parting: None,
        limits: Limits::default(),
    }
}

/// Names that are known, but of whom nobody asks.
fn somebody_else(ruleset: &Ruleset, evaluation: &Evaluation) -> Option<Vec<Constant>> {
    let mut ways: Vec<Vec<u32>> = vec![Vec::new()];
    let domains: Vec<_> =
        ruleset.questions[QuestionId(0)].slots.iter().map(|slot| ruleset.domain_of(slot.ty)).collect();
    for domain in &domains {
        let count = evaluation.dictionaries[*domain].len() as u32;
        ways = ways.iter().flat_map(|way| (0..count).map(|id| [way.as_slice(), &[id]].concat())).collect();
    }
    let other = ways.into_iter().rev().find(|way| evaluation.tables[QuestionId(0)].find(way).is_none())?;
    domains.iter().zip(other).map(|(domain, id)| evaluation.dictionaries[*domain].constant(id)).collect()
}

fn told(session: &Session<'_>, ruleset: &Ruleset, found: Result<Explanation, Trouble>) -> String {
    match found {
        Ok(found) => {
            let told = tell(ruleset, session.sources(), &found, None);
            format!("{}\n{}", text(&told, Look::Plain, true), json(&told))
        }
        Err(trouble) => format!("{trouble:?}"),
    }
}

#[test]
fn what_was_left_out_is_explained_as_if_it_had_been_evaluated() {
    let (mut seen, mut further, mut left_out, mut outside, mut short) = (0, 0, 0, 0, 0);
    for seed in 0..36 {
        let text = case(seed).text;
        let files = memory(&text);
        let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
        let Some(ruleset) = session.ruleset() else { continue };
        let whole = evaluated(&session, ruleset, Scope::All);
        let all: Vec<LensId> = ruleset.lenses_of(QuestionId(0)).collect();
        let mut asked = subjects(ruleset, &whole);
        asked.truncate(3);
        asked.extend(somebody_else(ruleset, &whole));
        let one = [all[seed as usize % all.len()]];
        for lenses in [all.as_slice(), &one] {
            let part = evaluated(&session, ruleset, Scope::Stated);
            left_out += usize::from(!part.left_out.lenses.is_empty());
            for (subject, budget) in asked.iter().zip([20_000, 700, 60, 5_000]) {
                let kinds = &ruleset.facts.kinds;
                let tried = explain(ruleset, &part, kinds, &request(subject, lenses, budget));
                // Of too few steps nothing else is to be expected.
                short += usize::from(budget > 1000 && matches!(tried, Err(Trouble::LeftOut)));
                let both = |budget: u64| {
                    let request = request(subject, lenses, budget);
                    let mut own = part.clone();
                    let found = explain_anyway(ruleset, &mut own, kinds, &request, &Profile::default());
                    if let Ok(found) = &found {
                        verify(ruleset, &own, kinds, found).expect("all of it replays");
                    }
                    let outside = found.as_ref().is_ok_and(|found| found.standing == Standing::Outside);
                    let known = explain(ruleset, &whole, kinds, &request);
                    (told(&session, ruleset, found), told(&session, ruleset, known), outside)
                };
                let (mut found, mut known, nobody) = both(budget);
                outside += usize::from(nobody);
                // Who asks on demand may take more or fewer steps, and so get less or more far where there are few.
                if found != known {
                    (found, known, _) = both(2_000_000);
                    further += 1;
                }
                assert_eq!(found, known, "seed {seed}: {subject:?}\n{text}");
                seen += 1;
            }
        }
    }
    assert!(further * 6 < seen, "{further} of {seen}");
    assert!(seen > 200 && left_out > 50 && outside > 20, "{seen} {left_out} {outside}");
    assert!(short * 10 < seen, "{short} of {seen}");
}

#[test]
fn everything_is_evaluated_where_one_answer_hangs_on_all_others() {
    use std::fmt::Write as _;
    const MANY: usize = 130;
    let mut text = "kind P\nrelation P knows other: P\nrelation P shines\n\
        question P is good | bad of other: P\n  among p knows other\n\
        lens near {\n  a: good when p shines\n  otherwise bad\n}\n\
        lens far {\n  a: good when p shines and sum(1 for each q r: q is good of r according to near) > 10\n  \
        otherwise bad\n}\nfacts {\n  p1 shines\n"
        .to_owned();
    for left in 0..MANY {
        (0..MANY).for_each(|right| _ = writeln!(text, "  p{left} knows p{right}"));
    }
    text.push_str("}\n");
    let files = memory(&text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let whole = evaluated(&session, ruleset, Scope::All);
    let subject = subjects(ruleset, &whole).remove(MANY);
    let request = Request { size: 0, ..request(&subject, &[LensId(1)], 50_000_000) };
    let kinds = &ruleset.facts.kinds;
    let mut part = evaluated(&session, ruleset, Scope::Stated);
    assert!(!part.left_out.is_nothing());
    assert!(matches!(explain(ruleset, &part, kinds, &request), Err(Trouble::LeftOut)));
    let found = explain_anyway(ruleset, &mut part, kinds, &request, &Profile::default());
    assert!(part.left_out.is_nothing(), "everything was evaluated");
    let known = explain(ruleset, &whole, kinds, &request);
    assert!(known.is_ok(), "{known:?}");
    assert_eq!(told(&session, ruleset, found), told(&session, ruleset, known));
}

/// Explains a subject over what is stated alone, without looking for changes; asserts that this does and that
/// it is what is said over everything.
fn by_itself(text: &str, lens: LensId, who: &[&str]) -> String {
    let files = memory(text);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let part = evaluated(&session, ruleset, Scope::Stated);
    let slots = &ruleset.questions[QuestionId(0)].slots;
    let name = |(slot, name): (&parallax::model::Slot, &&str)| {
        Constant::Thing(ruleset.domain_of(slot.ty), (*name).to_owned())
    };
    let subject: Vec<Constant> = slots.iter().zip(who).map(name).collect();
    let request = Request { size: 0, ..request(&subject, &[lens], 50_000_000) };
    let kinds = &ruleset.facts.kinds;
    let found = explain(ruleset, &part, kinds, &request);
    if let Ok(found) = &found {
        verify(ruleset, &part, kinds, found).expect("all of it replays");
    }
    let whole = evaluated(&session, ruleset, Scope::All);
    let known = explain(ruleset, &whole, kinds, &request);
    let found = told(&session, ruleset, found);
    assert_eq!(found, told(&session, ruleset, known));
    found
}

#[test]
fn a_chain_longer_than_goals_may_wait_for_each_other_is_followed_from_its_begin() {
    use std::fmt::Write as _;
    const LONG: usize = 170;
    let mut text = "kind P\nkind T\nrelation P makes T\nrelation P sells T to buyer: P\n\
        relation maker: P offers T down to buyer: P\n\
        define maker offers t down to buyer\n  when maker makes t and maker sells t to buyer\n\
        define maker offers t down to buyer\n  when maker offers t down to seller and seller sells t to buyer\n\
        question P is near | far of maker: P\n  among maker makes any t and any s sells any u to p\n\
        lens l {\n  a: near when maker offers any t down to p\n  otherwise far\n}\n\
        facts {\n  m makes t\n  other makes u\n  m sells t to p0\n"
        .to_owned();
    (0..LONG).for_each(|at| _ = writeln!(text, "  p{at} sells t to p{}", at + 1));
    text.push_str("}\n");
    // As much as the program gives itself.
    let checked = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
        let last = format!("p{LONG}");
        assert!(by_itself(&text, LensId(0), &[&last, "m"]).contains("● l: near"));
        assert!(by_itself(&text, LensId(0), &[&last, "other"]).contains("○ l: far"));
    });
    checked.expect("a thread").join().expect("both are explained");
}

#[test]
fn figures_of_nothing_are_not_looked_for_among_all_who_are_asked_about() {
    use std::fmt::Write as _;
    const MANY: usize = 20_000;
    let mut text = "kind P\nrelation P knows other: P\nrelation P gave Number to other: P\n\
        relation P likes other: P\n\
        question P is good | bad of other: P\n  among p knows other\n\
        lens near {\n  a: good when sum(n for each n: p gave n to other) > 0\n  otherwise bad\n}\n\
        lens far {\n  a: good when middle is good of other according to near and middle likes p\n  \
        otherwise bad\n}\nfacts {\n  p7 gave 5 to hub\n  p7 likes p1\n"
        .to_owned();
    (0..MANY).for_each(|at| _ = writeln!(text, "  p{at} knows hub"));
    text.push_str("}\n");
    assert!(by_itself(&text, LensId(1), &["p1", "hub"]).contains("● far: good"));
    assert!(by_itself(&text, LensId(1), &["p2", "hub"]).contains("○ far: bad"));
}

#[test]
fn an_open_answer_beside_what_is_certain_hangs_on_the_same_where_that_was_left_out() {
    let text = "kind P\nrelation P knows other: P\nrelation P counts Number?\nrelation P leads other: P\n\
        define p leads other\n  when p knows other\n\
        define p leads other\n  when p leads middle and middle knows other\n\
        question P is good | bad\n  among p knows any other or any other knows p\n\
        lens certain {\n  a: good when p leads p\n  otherwise bad\n}\n\
        lens open {\n  first match wins\n  a: good when p is good according to certain and p counts n and n > 10\n  \
        b: good when p leads other and other counts n and n > 20\n  otherwise bad\n}\n\
        facts {\n  a knows b\n  b knows a\n  b knows c\n  c counts 3\n  d knows c\n  d counts 7\n}\n";
    let told = by_itself(text, LensId(1), &["a"]);
    assert!(told.contains("? open: unknown (good or bad)"), "{told}");
    assert!(told.contains("if a counts 11 (or more"), "{told}");
    assert!(by_itself(text, LensId(1), &["d"]).contains("○ open: bad"));
}
