//! `parallax whatif`.

use std::io::{IsTerminal, Read};
use std::path::Path;

use super::Exit;
use super::args::{WhatIfArgs, WhatIfFormat, WhatIfGate};
use super::explain::{evaluated, find_lens};
use super::output::Terminal;
use super::progress::Progress;
use crate::diag::Diagnostic;
use crate::explain::whatif::{Hindrance, NeverWay, Wanted, WhatIfOptions, verify, whatif};
use crate::model::{Constant, LensId, Ruleset, ScenarioId, Statements};
use crate::report::Look;
use crate::report::whatif::{csv, json, tell, text};
use crate::session::{Options, Sentences, Session, Side, World, changes};
use crate::verdict::{Bound, Holds};

/// How many movers of a sort are named on a terminal.
const FEW: usize = 5;
/// Of how many the proofs are found.
const PROOFS: usize = 1000;

pub(super) fn run(args: &WhatIfArgs, terminal: &mut Terminal) -> Exit {
    moves(args, terminal).unwrap_or_else(|exit| exit)
}

fn moves(args: &WhatIfArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let session = terminal.open(&args.path)?;
    let ruleset = terminal.ruleset(&session)?;
    let lenses = lenses(args, ruleset, terminal)?;
    let mut sentences = session.sentences(&given(args, terminal)?);
    let wrong: Vec<Diagnostic> = sentences.diagnostics.iter().filter(|one| one.is_error()).cloned().collect();
    if !wrong.is_empty() {
        terminal.diagnostics(&wrong, &sentences.sources);
        return Err(Exit::Usage);
    }
    let scenario = scenario(args, &session, ruleset, &mut sentences, terminal)?;
    let world = Options { holds: Holds::Stated, ..terminal.options(&args.world)? };
    let (mut evaluation, kinds) = evaluated(&world, &session, ruleset, scenario, terminal)?;
    let most = match args.format {
        WhatIfFormat::Text | WhatIfFormat::Md if std::io::stdout().is_terminal() => FEW,
        _ => usize::MAX,
    };
    let most = args.max_examples.unwrap_or(most);
    let options =
        WhatIfOptions { lenses, budget: args.budget, proofs: most.min(PROOFS), limits: world.limits.clone() };
    let wanted = Wanted { add: &sentences.add, remove: &sentences.remove, kinds };
    let found = {
        let _progress = Progress::start("looking for whom the change reaches");
        whatif(ruleset, &mut evaluation, &wanted, &options)
    };
    let sources = &sentences.sources;
    let (found, warnings) = found.map_err(|hindrance| hindered(hindrance, sources, terminal))?;
    terminal.diagnostics(&warnings, sources);
    if args.verify {
        match verify(ruleset, &evaluation, &wanted, &found, &world.limits) {
            Ok(replayed) => terminal.say(&super::explain::told(&replayed)),
            Err(hindrance) => return Err(hindered(hindrance, sources, terminal)),
        }
    }
    let name = scenario.map(|id| ruleset.scenarios[id].name.as_str());
    let told = tell(ruleset, sources, &found, name);
    terminal.answer(&match args.format {
        WhatIfFormat::Text => text(&told, Look::Plain, most),
        WhatIfFormat::Md => text(&told, Look::Markdown, most),
        WhatIfFormat::Json => json(&told, most),
        WhatIfFormat::Csv => csv(&told, most),
    });
    let newly = |way: &NeverWay| way.after == Bound::Certain;
    let broken = found.nevers.iter().flat_map(|never| &never.ways).any(newly);
    if args.fail_on == Some(WhatIfGate::Never) && broken {
        terminal.say("parallax: `never` is met");
        return Ok(Exit::Finding);
    }
    Ok(Exit::Done)
}

fn hindered(hindrance: Hindrance, sources: &crate::base::SourceMap, terminal: &mut Terminal) -> Exit {
    match hindrance {
        Hindrance::Sentences(problems) => {
            terminal.diagnostics(&problems, sources);
            Exit::Usage
        }
        Hindrance::World(problem) => {
            terminal.say("parallax: with these changes the ruleset cannot be evaluated:");
            terminal.failed(&[*problem], sources)
        }
        Hindrance::Stopped(problem) => terminal.failed(&[*problem], sources),
        Hindrance::NotKept => Exit::Bug,
        Hindrance::Bug(what) => {
            terminal
                .say(&format!("parallax: this is a bug of ours: {what}; please report it with the ruleset"));
            Exit::Bug
        }
    }
}

/// The lenses asked for; without any, those that a report compares.
fn lenses(args: &WhatIfArgs, ruleset: &Ruleset, terminal: &mut Terminal) -> Result<Vec<LensId>, Exit> {
    let question = super::report::question(args.question.as_deref(), ruleset, terminal)?;
    if !args.lens.is_empty() {
        return args.lens.iter().map(|name| find_lens(name, ruleset, question, terminal)).collect();
    }
    let asked = ruleset.questions.ids().filter(|id| question.is_none_or(|question| question == *id));
    Ok(asked.flat_map(|id| crate::report::compared(ruleset, id)).collect())
}

/// All sentences, with the names their places are shown under.
fn given(args: &WhatIfArgs, terminal: &mut Terminal) -> Result<Vec<(Side, String, String)>, Exit> {
    let named = |side, name: &str, texts: &[String]| -> Vec<(Side, String, String)> {
        texts.iter().map(|text| (side, name.to_owned(), text.clone())).collect()
    };
    let mut given = named(Side::Add, "--add", &args.add);
    given.extend(named(Side::Remove, "--remove", &args.remove));
    for path in &args.changes {
        let shown = path.display().to_string();
        let text = read(path).map_err(|reason| {
            terminal.say(&format!("parallax: --changes {shown}: {reason}"));
            Exit::Usage
        })?;
        let sides = changes(&shown, text.trim_start_matches('\u{feff}')).map_err(|line| {
            terminal.say(&format!(
                "parallax: {shown}:{line}: a change begins with `+` for a fact that is added or `-` for one that \
                 is taken away"
            ));
            Exit::Usage
        })?;
        given.extend(sides);
    }
    if given.is_empty() && args.changes.is_empty() {
        terminal.say(
            "parallax: what is changed? Name facts, as in `parallax whatif PATH --add 'acme makes widget'`, or \
             with --remove or --changes",
        );
        return Err(Exit::Usage);
    }
    Ok(given)
}

fn read(path: &Path) -> Result<String, String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(|error| error.to_string())?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))
}

/// The scenario whose world is changed, where the ruleset has no facts of its own: the one named, else the
/// only one that has all the names which some scenario has. `scenario/name` names it too.
fn scenario(
    args: &WhatIfArgs,
    session: &Session<'_>,
    ruleset: &Ruleset,
    sentences: &mut Sentences,
    terminal: &mut Terminal,
) -> Result<Option<ScenarioId>, Exit> {
    let all = || ruleset.scenarios.iter_enumerated().map(|(id, scenario)| (id, scenario.name.as_str()));
    if session.world(ruleset) == World::Facts {
        if args.scenario.is_some() {
            terminal.say("parallax: --scenario: the ruleset has facts of its own, and those are changed");
            return Err(Exit::Usage);
        }
        return Ok(None);
    }
    let mut found = args.scenario.as_ref().map(|name| super::report::find(name, "scenario", all(), terminal));
    let mut named = |name: &mut String| {
        let Some((before, rest)) = name.split_once('/') else { return };
        if let Some((id, _)) = all().find(|(_, known)| *known == before) {
            found = found.or(Some(Ok(id)));
            *name = rest.to_owned();
        }
    };
    each_name(&mut sentences.add, &mut named);
    each_name(&mut sentences.remove, &mut named);
    if let Some(found) = found {
        return found.map(Some);
    }
    let mut names = Vec::new();
    each_name(&mut sentences.add, &mut |name| names.push(name.clone()));
    each_name(&mut sentences.remove, &mut |name| names.push(name.clone()));
    let has = |scenario: &crate::model::Scenario, wanted: &str| {
        let facts = scenario.statements.facts.iter().flat_map(|fact| &fact.args);
        facts.into_iter().any(|arg| matches!(arg, Constant::Thing(_, name) if name == wanted))
    };
    names.retain(|name| ruleset.scenarios.iter().any(|scenario| has(scenario, name)));
    let mut fitting = ruleset
        .scenarios
        .iter_enumerated()
        .filter(|(_, scenario)| names.iter().all(|name| has(scenario, name)));
    match (fitting.next(), fitting.next()) {
        (Some((only, _)), None) => Ok(Some(only)),
        _ => {
            let names: Vec<&str> = all().map(|(_, name)| name).collect();
            Err(super::explain::which_scenario(&names, terminal))
        }
    }
}

fn each_name(statements: &mut Statements, visit: &mut dyn FnMut(&mut String)) {
    for arg in statements.facts.iter_mut().flat_map(|fact| &mut fact.args) {
        if let Constant::Thing(_, name) = arg {
            visit(name);
        }
    }
    statements.kinds.iter_mut().for_each(|kind| visit(&mut kind.name));
}
