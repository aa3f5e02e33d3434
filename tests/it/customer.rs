//! The shipped rulesets say what their sources say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use parallax::model::{AtomSource, Cond, Ruleset};
use parallax::report::{Look, PATTERNS, ReportOptions, build, json, text};
use parallax::session::{Options, Session};
use parallax::source::Disk;
use parallax::verdict::Outcome;

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn open() -> Session<'static> {
    Session::open(&Disk, &root("rulesets/customer")).expect("the ruleset is shipped")
}

fn ruleset<'s>(session: &'s Session<'_>) -> &'s Ruleset {
    session.ruleset().expect("the ruleset is sound")
}

/// The definitions that must decide everybody.
const DEFINITIONS: [&str; 7] =
    ["seybold", "mier", "watermark", "kde", "customers-customer", "pays-for-the-offering", "industry-usage"];

#[test]
fn every_published_case_holds() {
    let table = std::fs::read_to_string(root("tests/fixtures/cases.csv")).expect("the fixture is there");
    let session = open();
    let ruleset = ruleset(&session);
    let (evaluation, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    let verdicts = &evaluation.tables[parallax::model::QuestionId(0)];
    let question = &ruleset.questions[parallax::model::QuestionId(0)];
    let mut checked = 0;
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.splitn(6, ',').collect();
        let [case, organisation, party, lens, verdict, _] = cells[..] else { unreachable!("a row: {line}") };
        let id = |slot: usize, name: &str| {
            let domain = ruleset.domain_of(question.slots[slot].ty);
            evaluation.dictionaries[domain].find_name(&format!("{case}/{name}"))
        };
        let ids: Option<Vec<u32>> = [id(0, party), id(1, organisation)].into_iter().collect();
        let place =
            ids.and_then(|ids| verdicts.find(&ids)).unwrap_or_else(|| unreachable!("outside: {line}"));
        let lens = ruleset
            .lenses
            .iter_enumerated()
            .find(|(_, entry)| entry.name == lens)
            .expect("the lens is there")
            .0;
        let open = verdicts.outcome(verdicts.column(lens).expect("a column"), place);
        let found = parallax::guard::show_outcomes(ruleset, parallax::model::QuestionId(0), open);
        assert_eq!(found, verdict, "{line}");
        checked += 1;
    }
    assert_eq!(checked, 119);
}

#[test]
fn the_definitions_decide_everybody_and_a_role_only_its_own_case() {
    let session = open();
    let ruleset = ruleset(&session);
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for id in ruleset.scenarios.ids() {
        let evaluation = session
            .evaluate_scenario(ruleset, id, &parallax::engine::Limits::default())
            .expect("it can be evaluated");
        let table = &evaluation.tables[parallax::model::QuestionId(0)];
        for column in &table.lenses {
            let name = &ruleset.lenses[column.lens].name;
            let decided = (0..table.len()).filter(|place| {
                let settled = table.outcome(column, *place).settled();
                matches!(settled, Some(Outcome::Verdict(_)))
            });
            let decided = decided.count();
            if DEFINITIONS.contains(&name.as_str()) {
                assert_eq!(decided, table.len(), "{name} in {}", ruleset.scenarios[id].name);
            } else if name != "house" && decided > 0 {
                *answers.entry(name.clone()).or_default() += 1;
            }
        }
    }
    let two = answers.remove("product-line-marketer");
    assert_eq!(two, Some(2), "Seybold reports this role at a carmaker and at an insurer");
    assert_eq!(answers.len(), 7);
    assert!(answers.values().all(|cases| *cases == 1), "{answers:?}");
}

#[test]
fn the_vocabulary_is_small_and_shared() {
    let session = open();
    let ruleset = ruleset(&session);
    assert!(ruleset.relations.len() <= 25, "{}", ruleset.relations.len());
    let roles: BTreeSet<_> = ruleset.panels.iter().flat_map(|panel| panel.lenses.iter().copied()).collect();
    let verdicts: BTreeSet<&str> = ruleset
        .questions
        .iter()
        .flat_map(|q| q.verdicts.iter().map(|verdict| verdict.name.as_str()))
        .collect();
    for (id, relation) in ruleset.relations.iter_enumerated() {
        let words: Vec<&str> = relation.readings[0]
            .parts
            .iter()
            .filter_map(|part| match part {
                parallax::model::ReadingPart::Word(word) => Some(word.as_str()),
                _ => None,
            })
            .collect();
        assert!(words.iter().all(|word| !verdicts.contains(word)), "{words:?} names a verdict");
        let cases = ruleset
            .scenarios
            .iter()
            .filter(|s| s.statements.facts.iter().any(|fact| fact.relation == id))
            .count();
        let used = |lens: &parallax::model::Lens| lens.rows.iter().any(|row| reads(&row.clause.when, id));
        let lenses: Vec<_> = ruleset.lenses.iter_enumerated().filter(|(_, lens)| used(lens)).collect();
        let only_roles = !lenses.is_empty() && lenses.iter().all(|(lens, _)| roles.contains(lens));
        assert!(
            only_roles || cases >= 2 || lenses.len() >= 2,
            "{words:?}: {cases} cases, {} lenses",
            lenses.len()
        );
    }
}

fn reads(cond: &Cond, relation: parallax::model::RelationId) -> bool {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().any(|part| reads(part, relation)),
        Cond::Not(inner, _) => reads(inner, relation),
        Cond::Atom(atom) => atom.source == AtomSource::Relation(relation),
        _ => false,
    }
}

#[test]
fn names_mean_nothing() {
    // Every name of a scenario's world gets another one; the outcomes must follow.
    let session = open();
    let ruleset = ruleset(&session);
    let (plain, _) = session.evaluate(ruleset, &Options::default()).expect("it can be evaluated");
    let mut renamed = ruleset.clone();
    let rename = |name: &str| {
        let mixed =
            name.bytes().fold(7_u64, |state, byte| state.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
        format!("n{mixed:016x}")
    };
    for scenario in &mut renamed.scenarios {
        for fact in &mut scenario.statements.facts {
            for arg in &mut fact.args {
                if let parallax::model::Constant::Thing(_, name) = arg {
                    *name = rename(name);
                }
            }
        }
    }
    let (other, _) = session.evaluate(&renamed, &Options::default()).expect("it can be evaluated");
    let translate = |line: &String| {
        let (names, says) = line.split_once(':').expect("names");
        let names: Vec<String> = names
            .split(", ")
            .map(|name| {
                let (scenario, name) = name.split_once('/').expect("pooled names");
                format!("{scenario}/{}", rename(name))
            })
            .collect();
        format!("{}:{says}", names.join(", "))
    };
    let mut expected: Vec<String> = crate::support::grid(ruleset, &plain).iter().map(translate).collect();
    expected.sort();
    assert_eq!(expected, crate::support::grid(&renamed, &other));
}

#[test]
fn the_reports_are_as_last_read() {
    let session = open();
    let ruleset = ruleset(&session);
    let (evaluation, _) = session
        .evaluate(ruleset, &Options { splits: true, ..Options::default() })
        .expect("it can be evaluated");
    let mut options = ReportOptions { from_scenarios: true, ..ReportOptions::default() };
    let report = build(ruleset, session.sources(), &evaluation, &options).expect("nothing weighs");
    insta::assert_snapshot!("customer_text", text(&report, Look::Plain, PATTERNS));
    // The places and digest change with every edit of a comment; outcomes are what is guarded.
    let stable: Vec<String> = json(&report)
        .lines()
        .filter(|line| !line.contains("\"place\"") && !line.contains("ruleset_digest"))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!("customer_json", stable.join("\n"));
    options.panel = Some(parallax::model::PanelId(0));
    let panel = build(ruleset, session.sources(), &evaluation, &options).expect("nothing weighs");
    insta::assert_snapshot!("customer_roles_text", text(&panel, Look::Plain, PATTERNS));
}
