//! Claims that were made false are caught by the checker.

use std::path::Path;

use parallax::checker::{Derivation, Fact, Step};
use parallax::engine::Limits;
use parallax::explain::whatif::{self, Wanted, WhatIf, WhatIfOptions};
use parallax::explain::{Explanation, Gap, Request, explain, verify};
use parallax::model::{Cond, Constant, QuestionId};
use parallax::session::{Options, Session, Side};
use parallax::value::{Decimal, Value};
use parallax::verdict::Bound;

use super::kept;
use crate::support::memory;

const RULES: &str = "\
language 1
kind Party
relation Party pays Number
relation Party joins
relation Party stays
question Party is member | guest among party joins or party pays any n
lens dues {
  pays: member when party pays n and n >= 10
  stays: member when party joins and party stays
  otherwise guest
}
never unpaid \"Who stays pays\" when party stays and not (party pays any n)
facts {
  ann pays 7
  ann joins
  maybe ann stays
  bob joins
  bob pays 3
}
";

/// Whether the checker finds an explanation of Ann false after somebody changed it.
fn is_caught(change: impl FnOnce(&mut Explanation)) -> bool {
    let (open, is_caught) = is_caught_of(RULES, "ann", change);
    assert_eq!(open, (1, 1));
    is_caught
}

/// How many open answers of somebody's explanation were replayed, all and as a whole, and whether the checker finds it
/// false after somebody changed it.
fn is_caught_of(rules: &str, who: &str, change: impl FnOnce(&mut Explanation)) -> ((usize, usize), bool) {
    kept(rules, |ruleset, evaluation| {
        let domain = ruleset.kinds.iter().next().expect("a kind").domain;
        let request = Request {
            question: QuestionId(0),
            subject: vec![Constant::Thing(domain, who.to_owned())],
            lenses: ruleset.lenses.ids().collect(),
            budget: 1_000_000,
            size: 1,
            parting: None,
            limits: Limits::default(),
        };
        let kinds = &ruleset.facts.kinds;
        let mut explanation = explain(ruleset, evaluation, kinds, &request).expect("explained");
        let replayed = verify(ruleset, evaluation, kinds, &explanation).expect("all of it replays");
        change(&mut explanation);
        let is_caught = verify(ruleset, evaluation, kinds, &explanation).is_err();
        ((replayed.open.all, replayed.open.whole), is_caught)
    })
    .expect("it is sound")
}

/// What is said to be stated in the place of something else must be stated, of the same thing, and be something else.
#[test]
fn what_is_falsely_said_to_be_stated_instead_is_caught() {
    let rules = "language 1\nkind Species\nrelation Species is hunted Flag?\nrelation Species is of Text\n\
                 question Species is rare | common among species is of any g\n\
                 lens ministry {\n  agreed: rare when species is of \"reptile\" unless species is hunted yes\n  \
                 bird: common when species is of \"bird\"\n}\n\
                 facts {\n  lizard is of \"reptile\"\n  lizard is hunted no\n  heron is of \"bird\"\n  heron is hunted no\n}\n";
    let of = |change: &dyn Fn(&mut Fact), in_proof: bool| {
        let (_, is_caught) = is_caught_of(rules, "lizard", |explanation| {
            let lens = &mut explanation.lenses[0];
            if in_proof {
                let mut steps = lens.rows.iter_mut().flat_map(|row| &mut row.steps);
                let own = steps.find_map(|step| match step {
                    Step::Nothing { instead, .. } => instead.as_mut(),
                    _ => None,
                });
                change(own.expect("a fact rules it out"));
            } else {
                let mut own = lens.why_not.iter_mut().flat_map(|why| &mut why.instead);
                change(&mut own.next().expect("another value is stated").1);
            }
        });
        is_caught
    };
    let heron = |fact: &mut Fact| {
        if let Some(Constant::Thing(_, name)) = &mut fact.args[0] {
            *name = "heron".to_owned();
        }
    };
    for in_proof in [false, true] {
        assert!(!of(&|_| {}, in_proof));
        assert!(of(&heron, in_proof), "it is stated of another");
        let asked = if in_proof { Value::Flag(true) } else { Value::Text("bird".into()) };
        assert!(
            of(&|fact| fact.args[1] = Some(Constant::Value(asked.clone())), in_proof),
            "that is what is asked"
        );
        assert!(of(&|fact| fact.args[1] = None, in_proof), "nobody stated it");
    }
}

/// So it is of a value that does not compare as is asked.
#[test]
fn what_is_falsely_said_to_compare_otherwise_is_caught() {
    let rules = "language 1\nkind Species\nrelation Species weighs Number?\nrelation Species is found\n\
                 question Species is rare | common among species is found\n\
                 lens ministry {\n  a: rare when species is found and not (species weighs any n and n > 5)\n  \
                 otherwise common\n}\n\
                 facts {\n  lizard is found\n  lizard weighs 3\n  heron is found\n  heron weighs 7\n  newt weighs 4\n}\n";
    let of = |change: &dyn Fn(&mut Fact)| {
        let (_, is_caught) = is_caught_of(rules, "lizard", |explanation| {
            let mut steps = explanation.lenses[0].rows.iter_mut().flat_map(|row| &mut row.steps);
            let own = steps.find_map(|step| match step {
                Step::Nothing { instead, .. } => instead.as_mut(),
                _ => None,
            });
            change(own.expect("a fact rules it out"));
        });
        is_caught
    };
    let other = |whose: &'static str, value: i64| {
        move |fact: &mut Fact| {
            if let Some(Constant::Thing(_, name)) = &mut fact.args[0] {
                *name = whose.to_owned();
            }
            fact.args[1] = Some(Constant::Value(Value::Number(value.into())));
        }
    };
    let (_, is_caught) = is_caught_of(rules, "lizard", |explanation| {
        let steps = explanation.lenses[0].rows.iter_mut().flat_map(|row| &mut row.steps);
        for step in steps {
            if let Step::Nothing { cond, .. } = step
                && let Cond::And(parts) = &mut **cond
                && let Cond::Compare { op, .. } = &mut parts[1]
            {
                *op = op.negated();
            }
        }
    });
    assert!(is_caught, "it compares as is asked");
    assert!(!of(&|_| {}));
    assert!(of(&other("newt", 4)), "it is stated of another");
    assert!(of(&other("heron", 7)), "it is stated of another, and is what is asked");
    assert!(of(&other("lizard", 4)), "nobody stated it");
    assert!(of(&|fact| fact.args[1] = None), "nobody stated it");
}

#[test]
fn false_reasons_are_caught() {
    assert!(!is_caught(|_| {}));
    let open = |explanation: &mut Explanation| explanation.lenses[0].open.take().expect("it is open");
    let with = |change: &dyn Fn(&mut parallax::explain::Open)| {
        is_caught(|explanation| {
            let mut own = open(explanation);
            change(&mut own);
            explanation.lenses[0].open = Some(own);
        })
    };
    assert!(!with(&|_| {}));
    assert!(with(&|open| open.pivotal.clear()), "what it hangs on is left out");
    assert!(with(&|open| open.pivotal[0].share = Some(500_000)), "a share is wrong");
    let same_twice = |open: &mut parallax::explain::Open| {
        let turns = &mut open.pivotal[0].shown.as_mut().expect("it is shown").turns;
        turns[0] = turns[1].clone();
    };
    assert!(with(&same_twice), "it makes no difference where it is said to");
    assert!(with(&|open| open.agreed = Some(open.settling[0].1.clone())), "it comes to one thing");
    assert!(with(&|open| open.settling[0].0[0].holds ^= true), "it is settled the other way");
    assert!(with(&|open| _ = open.settling.pop()), "one way to settle it is left out");
    let off = |gap: Option<Gap>| {
        is_caught(|explanation| {
            let mut sides = explanation.lenses[0].why_not.iter_mut().flat_map(|why| &mut why.fails);
            let sides = sides.find_map(|(_, sides)| sides.as_mut()).expect("a comparison fails");
            assert_eq!(sides.gap, Some(Gap::Number(Decimal::from(3))));
            sides.gap = gap;
        })
    };
    assert!(off(Some(Gap::Number(Decimal::from(4)))) && off(None) && off(Some(Gap::Days(3))));
    assert!(!off(Some(Gap::Number(Decimal::from(3)))));
}

/// Whether the checker finds what is said of a change false after somebody changed it.
fn is_caught_then(change: impl FnOnce(&mut WhatIf)) -> bool {
    let files = memory(RULES);
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let given = [
        (Side::Add, "--add".to_owned(), "bob stays".to_owned()),
        (Side::Remove, "--remove".to_owned(), "bob pays 3".to_owned()),
    ];
    let sentences = session.sentences(&given);
    let options = Options { holds: parallax::verdict::Holds::Stated, ..Options::default() };
    let (mut evaluation, _) = session.evaluate(ruleset, &options).expect("it can be evaluated");
    let wanted = Wanted { add: &sentences.add, remove: &sentences.remove, kinds: &ruleset.facts.kinds };
    let lenses = ruleset.lenses.ids().collect();
    let options = WhatIfOptions { lenses, budget: 1_000_000, proofs: 10, limits: Limits::default() };
    let (mut found, _) = whatif::whatif(ruleset, &mut evaluation, &wanted, &options).expect("it is found");
    let verified = |found: &WhatIf| whatif::verify(ruleset, &evaluation, &wanted, found, &Limits::default());
    let replayed = verified(&found).expect("all of it replays");
    assert_eq!((replayed.outcomes.whole, replayed.proofs.whole, replayed.nevers.whole), (2, 1, 2));
    change(&mut found);
    verified(&found).is_err()
}

#[test]
fn false_moves_are_caught() {
    assert!(!is_caught_then(|_| {}));
    let moved = |change: &dyn Fn(&mut whatif::Moved)| {
        is_caught_then(|found| change(&mut found.questions[0].lenses[0].moved[0]))
    };
    assert!(!moved(&|_| {}));
    assert!(moved(&|moved| moved.after.says = moved.before.says.clone()), "an outcome is wrong");
    let swapped = |moved: &mut whatif::Moved| std::mem::swap(&mut moved.before.story, &mut moved.after.story);
    assert!(moved(&swapped), "the proofs are of the other world");
    assert!(is_caught_then(|found| found.nevers[0].ways[0].after = Bound::Impossible), "it is not mended");
    assert!(is_caught_then(|found| found.nevers[0].ways[0].before = Bound::Certain), "it is newly broken");
    assert!(is_caught_then(|found| _ = found.questions[0].lenses[0].moved.pop()), "who moves is left out");
    assert!(is_caught_then(|found| _ = found.nevers.pop()), "a constraint is left out");
    assert!(is_caught_then(|found| _ = found.added.pop()), "a fact that comes is left out");
    assert!(is_caught_then(|found| _ = found.removed.pop()), "a fact that goes is left out");
}

#[test]
fn false_witnesses_are_caught() {
    let rules = "kind P\nrelation P is round\nrelation P is old\nrelation P knows other: P\n\
        question P is good | bad\n  among p is round\n\
        lens social {\n  s: good when p is round and not (any o knows p and o is old)\n  otherwise bad\n}\n\
        lens same {\n  s: good when p is good according to social\n  otherwise bad\n}\n\
        facts {\n  c is round\n  d knows c\n  d is old\n  e knows c\n}\n";
    let caught = |change: &dyn Fn(&mut Explanation)| {
        kept(rules, |ruleset, evaluation| {
            let domain = ruleset.kinds.iter().next().expect("a kind").domain;
            let request = Request {
                question: QuestionId(0),
                subject: vec![Constant::Thing(domain, "c".to_owned())],
                lenses: ruleset.lenses.ids().collect(),
                budget: 1_000_000,
                size: 0,
                parting: None,
                limits: Limits::default(),
            };
            let kinds = &ruleset.facts.kinds;
            let mut explanation = explain(ruleset, evaluation, kinds, &request).expect("explained");
            let replayed = verify(ruleset, evaluation, kinds, &explanation).expect("all of it replays");
            assert_eq!((replayed.why_nots.all, replayed.why_nots.whole), (2, 2));
            change(&mut explanation);
            verify(ruleset, evaluation, kinds, &explanation).is_err()
        })
        .expect("it is sound")
    };
    let found = |lens: usize, change: &dyn Fn(&mut Derivation)| {
        caught(&|explanation| change(&mut explanation.lenses[lens].why_not[0].against[0].1))
    };
    assert!(!caught(&|_| {}));
    assert!(found(0, &|found| _ = found.steps.pop()), "one of its facts is left out");
    let another = |found: &mut Derivation| {
        for step in &mut found.steps {
            let Step::Fact { args, .. } = step else { continue };
            for arg in args.iter_mut().flatten() {
                if let Constant::Thing(_, name) = arg
                    && name == "d"
                {
                    "e".clone_into(name);
                }
            }
        }
    };
    assert!(found(0, &another), "somebody else is named");
    let otherwise = |found: &mut Derivation| {
        for step in &mut found.steps {
            let Step::Lenses { says, .. } = step else { continue };
            says[0].says.verdicts = vec![parallax::model::VerdictId(0)];
        }
    };
    assert!(found(1, &otherwise), "a lens is said to say something else");
    let unrelated = |explanation: &mut Explanation| {
        let cond = explanation.lenses[1].why_not[0].against[0].0.clone();
        explanation.lenses[0].why_not[0].against[0].0 = cond;
    };
    assert!(caught(&unrelated), "it stands behind something else");
}
