//! `parallax test`.

use serde_json::{Value, json};

use super::Exit;
use super::args::{TestArgs, TestFormat};
use super::output::Terminal;
use crate::base::printable;
use crate::guard::{Failure, check_scenario, describe_violation};
use crate::session::World;

/// What is shown of the ways a constraint is broken.
const SHOWN: usize = 5;

pub(super) fn run(args: &TestArgs, terminal: &mut Terminal) -> Exit {
    test(args, terminal).unwrap_or_else(|exit| exit)
}

fn test(args: &TestArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let session = terminal.open(&args.path)?;
    let ruleset = terminal.ruleset(&session)?;
    let options = terminal.options(&args.world)?;
    let mut failed: Vec<(String, Vec<Failure>)> = Vec::new();
    let mut expectations = 0;
    for (id, scenario) in ruleset.scenarios.iter_enumerated() {
        expectations += scenario.expectations.len();
        let evaluation = match session.evaluate_scenario(ruleset, id, &options.limits) {
            Ok(evaluation) => evaluation,
            Err(diagnostic) => return Err(terminal.failed(&[*diagnostic], session.sources())),
        };
        let failures = check_scenario(ruleset, scenario, &evaluation);
        if !failures.is_empty() {
            failed.push((scenario.name.clone(), failures));
        }
    }
    if session.world(ruleset) == World::Facts && !ruleset.nevers.is_empty() {
        let (evaluation, warnings) = match session.evaluate(ruleset, &options) {
            Ok(evaluated) => evaluated,
            Err(diagnostics) => return Err(terminal.failed(&diagnostics, session.sources())),
        };
        terminal.diagnostics(&warnings, session.sources());
        for (never, violations) in evaluation.violations.iter_enumerated() {
            let certain: Vec<_> = violations.iter().filter(|violation| violation.certain).collect();
            if certain.is_empty() {
                continue;
            }
            let entry = &ruleset.nevers[never];
            let ways: Vec<String> = certain
                .iter()
                .take(SHOWN)
                .map(|way| describe_violation(ruleset, &evaluation, never, way))
                .collect();
            let found = format!("broken {} times: {}", certain.len(), ways.join("; "));
            let expected = format!("nothing breaks `{}`", entry.name);
            failed.push(("facts".to_owned(), vec![Failure { span: entry.span, expected, found }]));
        }
    }
    let count: usize = failed.iter().map(|(_, failures)| failures.len()).sum();
    let place = |failure: &Failure| session.sources().place(failure.span);
    match args.format {
        TestFormat::Text => {
            let mut text = String::new();
            for (world, failures) in &failed {
                for failure in failures {
                    text.push_str(&format!("✗ {} ({})\n", printable(world), place(failure)));
                    text.push_str(&format!("    expected  {}\n", printable(&failure.expected)));
                    text.push_str(&format!("    found     {}\n", printable(&failure.found)));
                }
            }
            let scenarios = ruleset.scenarios.len();
            text.push_str(&if count == 0 {
                format!("{scenarios} scenarios, {expectations} expectations: all hold\n")
            } else {
                format!("{scenarios} scenarios, {expectations} expectations: {count} do not hold\n")
            });
            terminal.answer(&text);
        }
        TestFormat::Json => {
            let failures: Vec<Value> = failed
                .iter()
                .flat_map(|(world, failures)| failures.iter().map(move |failure| (world, failure)))
                .map(|(world, failure)| {
                    json!({
                        "world": world, "place": place(failure), "expected": failure.expected, "found": failure.found,
                    })
                })
                .collect();
            let all = json!({
                "schema": "parallax/test@1", "scenarios": ruleset.scenarios.len(), "expectations": expectations,
                "failures": failures,
            });
            terminal.answer(&format!("{all:#}\n"));
        }
    }
    Ok(if count == 0 { Exit::Done } else { Exit::Finding })
}
