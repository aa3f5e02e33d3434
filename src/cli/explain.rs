//! `parallax explain`.

use super::Exit;
use super::args::{ExplainArgs, ExplainFormat};
use super::output::Terminal;
use super::progress::Progress;
use crate::engine::Profile;
use crate::explain::{Explanation, Replayed, Request, Standing, Trouble, explain, explain_anyway, verify};
use crate::model::{Constant, LensId, QuestionId, Ruleset, ScenarioId};
use crate::report::Look;
use crate::report::explanation::{dot, json, mermaid, tell, text};
use crate::session::{Options, Session, World};
use crate::verdict::{Evaluation, Holds, Scope, limit_reached};

pub(super) fn run(args: &ExplainArgs, terminal: &mut Terminal) -> Exit {
    reasons(args, terminal).unwrap_or_else(|exit| exit)
}

/// Whom to explain, and in which world.
struct Asked {
    /// The questions that may be meant, all about as many.
    questions: Vec<QuestionId>,
    names: Vec<String>,
    scenario: Option<ScenarioId>,
}

fn reasons(args: &ExplainArgs, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let session = terminal.open(&args.path)?;
    let ruleset = terminal.ruleset(&session)?;
    let asked = asked(args, &session, ruleset, terminal)?;
    let only = if let [only] = asked.questions[..] { Some(only) } else { None };
    if !args.vs.is_empty() && !args.lens.is_empty() {
        terminal.say("parallax: --lens beside --vs: --vs names the two lenses itself; leave --lens out");
        return Err(Exit::Usage);
    }
    let parting = match args.vs.as_slice() {
        [] => None,
        [left, right] => {
            let mut find = |name: &str| find_lens(name, ruleset, only, terminal);
            let (left, right) = (find(left)?, find(right)?);
            if left == right {
                let name = &ruleset.lenses[left].name;
                terminal.say(&format!("parallax: --vs names {name} twice; it takes two different lenses"));
                return Err(Exit::Usage);
            }
            Some((left, right))
        }
        _ => {
            terminal.say("parallax: --vs takes two lenses, as in `--vs kde,mier`");
            return Err(Exit::Usage);
        }
    };
    if let Some(only) = only {
        // A lens that is not there is told before facts are read.
        lenses(args, ruleset, only, terminal)?;
    }
    // How many others part for the same reason takes both lenses over all of them.
    let scope = parting.map_or(Scope::Stated, |(left, right)| Scope::Two([left, right]));
    let options = Options { holds: Holds::Stated, scope, ..terminal.options(&args.world)? };
    let (mut evaluation, facts) = evaluated(&options, &session, ruleset, asked.scenario, terminal)?;
    let question = meant(ruleset, &evaluation, &asked, terminal)?;
    let subject = subject(ruleset, &evaluation, (question, &asked.names), terminal)?;
    let request = Request {
        question,
        subject,
        lenses: match parting {
            Some((left, right)) => vec![left, right],
            None => lenses(args, ruleset, question, terminal)?,
        },
        budget: args.budget,
        size: args.changes,
        parting,
        limits: options.limits.clone(),
    };
    let explanation = match explain_anyway(ruleset, &mut evaluation, facts, &request, &Profile::default()) {
        Ok(explanation) => explanation,
        Err(Trouble::World(problem)) => return Err(terminal.failed(&[*problem], session.sources())),
        Err(Trouble::Stopped(reached)) => {
            let problem = limit_reached(reached, &options.limits);
            return Err(terminal.failed(&[problem], session.sources()));
        }
        Err(trouble) => return Err(troubled(&trouble, terminal)),
    };
    if explanation.standing == Standing::Outside
        && let Some(other) = in_other_order(ruleset, &evaluation, facts, &request)
    {
        let other = other.join(", ");
        terminal
            .say(&format!("parallax: did you mean `{other}`? It is in that order that it is asked about"));
    }
    if args.verify {
        match verify(ruleset, &evaluation, facts, &explanation) {
            Ok(replayed) => terminal.say(&told(&replayed)),
            Err(trouble) => return Err(troubled(&trouble, terminal)),
        }
    }
    let name = asked.scenario.map(|id| ruleset.scenarios[id].name.as_str());
    terminal.answer(&print(args, ruleset, &session, &explanation, name));
    Ok(Exit::Done)
}

fn print(
    args: &ExplainArgs,
    ruleset: &Ruleset,
    session: &Session<'_>,
    explanation: &Explanation,
    scenario: Option<&str>,
) -> String {
    let told = tell(ruleset, session.sources(), explanation, scenario);
    match args.format {
        ExplainFormat::Text => text(&told, Look::Plain, args.tree),
        ExplainFormat::Md => text(&told, Look::Markdown, args.tree),
        ExplainFormat::Json => json(&told),
        ExplainFormat::Dot => dot(&told),
        ExplainFormat::Mermaid => mermaid(&told),
    }
}

/// What was replayed, and of what not all can be told from what is certain.
pub(super) fn told(replayed: &Replayed) -> String {
    let all = [
        ("outcome", replayed.outcomes),
        ("proof", replayed.proofs),
        ("why not", replayed.why_nots),
        ("open answer", replayed.open),
        ("change", replayed.changes),
        ("constraint", replayed.nevers),
    ];
    let parts = all.iter().filter(|(_, count)| count.all > 0).map(|(what, count)| {
        let more = if count.all == 1 { "" } else { "s" };
        let open = count.all - count.whole;
        let open = if open == 0 { String::new() } else { format!(" ({open} only in part)") };
        format!("{} {what}{more}{open}", count.all)
    });
    format!("parallax: replayed over the facts alone: {}", parts.collect::<Vec<_>>().join(", "))
}

fn troubled(trouble: &Trouble, terminal: &mut Terminal) -> Exit {
    match trouble {
        Trouble::Spent => {
            terminal.say("parallax: explaining this takes more steps than allowed; allow more with --budget");
            Exit::Limit
        }
        // What replays has no limits.
        Trouble::NotKept | Trouble::Stopped(_) | Trouble::LeftOut | Trouble::World(_) => Exit::Bug,
        Trouble::Bug(what) => {
            terminal
                .say(&format!("parallax: this is a bug of ours: {what}; please report it with the ruleset"));
            Exit::Bug
        }
    }
}

/// The world that is asked about, with what was stated kept; the kinds stated outright in it.
pub(super) fn evaluated<'r>(
    options: &Options,
    session: &Session<'_>,
    ruleset: &'r Ruleset,
    scenario: Option<ScenarioId>,
    terminal: &mut Terminal,
) -> Result<(Evaluation, &'r [crate::model::KindFact]), Exit> {
    let _progress = Progress::start("reading facts and classifying");
    let found = match scenario {
        Some(id) => session
            .evaluate_scenario_stated(ruleset, id, options)
            .map(|evaluation| (evaluation, Vec::new()))
            .map_err(|diagnostic| vec![*diagnostic]),
        None => session.evaluate(ruleset, options),
    };
    match found {
        Ok((evaluation, warnings)) => {
            terminal.profile(&options.profile, session.sources());
            terminal.diagnostics(&warnings, session.sources());
            let kinds = scenario.map_or(&ruleset.facts.kinds, |id| &ruleset.scenarios[id].statements.kinds);
            Ok((evaluation, kinds))
        }
        Err(diagnostics) => Err(terminal.failed(&diagnostics, session.sources())),
    }
}

/// The questions that the arguments fit: several only where names alone tell them apart.
fn questions(
    args: &ExplainArgs,
    ruleset: &Ruleset,
    terminal: &mut Terminal,
) -> Result<Vec<QuestionId>, Exit> {
    if let Some(question) = super::report::question(args.question.as_deref(), ruleset, terminal)? {
        return Ok(vec![question]);
    }
    if let Some(name) = args.lens.first().or(args.vs.first()) {
        return find_lens(name, ruleset, None, terminal).map(|lens| vec![ruleset.lenses[lens].question]);
    }
    let count = args.who.as_deref().and_then(split).map(|names| names.len());
    let all = ruleset.questions.iter_enumerated();
    let fits = all.filter(|(_, question)| {
        let has = |pair: &String| {
            let slot = pair.split_once('=').map_or(pair.as_str(), |(slot, _)| slot).trim();
            question.slots.iter().any(|known| known.name == slot)
        };
        count.is_none_or(|count| question.slots.len() == count) && args.subject.iter().all(has)
    });
    let fitting: Vec<QuestionId> = fits.map(|(id, _)| id).collect();
    match (fitting.as_slice(), ruleset.questions.len()) {
        (_, 1) => Ok(vec![QuestionId(0)]),
        ([_], _) => Ok(fitting),
        ([_, ..], _) if args.who.is_some() && args.subject.is_empty() => Ok(fitting),
        ([], 2..) if let (Some(who), Some(count)) = (&args.who, count) => {
            terminal.say(&format!("parallax: `{who}` names {count}, and no question is about as many"));
            Err(which(ruleset, ruleset.questions.ids(), terminal))
        }
        ([], 2..) if !args.subject.is_empty() => {
            terminal
                .say(&format!("parallax: --subject {}: no question has such slots", args.subject.join(" ")));
            Err(which(ruleset, ruleset.questions.ids(), terminal))
        }
        _ => Err(which(ruleset, ruleset.questions.ids(), terminal)),
    }
}

fn which(ruleset: &Ruleset, among: impl Iterator<Item = QuestionId>, terminal: &mut Terminal) -> Exit {
    let names: Vec<&str> = among.map(|question| ruleset.questions[question].name.as_str()).collect();
    let hint = if names.is_empty() { "the ruleset asks none".to_owned() } else { names.join(", ") };
    terminal.say(&format!("parallax: which question? Name one with --question: {hint}"));
    Exit::Usage
}

/// The question about what has these names.
fn meant(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    asked: &Asked,
    terminal: &mut Terminal,
) -> Result<QuestionId, Exit> {
    let knows = |question: &QuestionId| {
        let slots = ruleset.questions[*question].slots.iter();
        slots
            .zip(&asked.names)
            .all(|(slot, name)| evaluation.dictionaries[ruleset.domain_of(slot.ty)].find_name(name).is_some())
    };
    let known: Vec<QuestionId> = asked.questions.iter().copied().filter(knows).collect();
    let dictionary = |question: &QuestionId, at: usize| {
        &evaluation.dictionaries[ruleset.domain_of(ruleset.questions[*question].slots[at].ty)]
    };
    match known.as_slice() {
        [] if asked.questions.len() > 1 => {
            let is_new = |(at, name): &(usize, &String)| {
                asked.questions.iter().all(|question| dictionary(question, *at).find_name(name).is_none())
            };
            let Some((at, name)) = asked.names.iter().enumerate().find(is_new) else {
                return Err(which(ruleset, asked.questions.iter().copied(), terminal));
            };
            let all = asked.questions.iter().map(|question| dictionary(question, at));
            let all = all.flat_map(|own| (0..own.len() as u32).map(move |id| own.name(id)));
            Err(unknown(name, all, terminal, "no fact names it"))
        }
        [] => Ok(asked.questions[0]),
        [one] => Ok(*one),
        several => Err(which(ruleset, several.iter().copied(), terminal)),
    }
}

/// Whom the arguments name.
fn asked(
    args: &ExplainArgs,
    session: &Session<'_>,
    ruleset: &Ruleset,
    terminal: &mut Terminal,
) -> Result<Asked, Exit> {
    let questions = questions(args, ruleset, terminal)?;
    let question = questions[0];
    let slots = &ruleset.questions[question].slots;
    let wanted: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
    let mut names: Vec<Option<String>> = vec![None; slots.len()];
    if let Some(text) = &args.who {
        let Some(given) = split(text) else {
            terminal.say(&format!("parallax: `{text}`: a quotation mark is not closed"));
            return Err(Exit::Usage);
        };
        if given.len() != slots.len() {
            let hint = if given.len() > slots.len() {
                "; a name that holds a comma stands in quotation marks, as in '\"Smith, Ann\"'"
            } else {
                ""
            };
            terminal.say(&format!(
                "parallax: `{text}` names {} where {} asked about: {}{hint}",
                given.len(),
                if slots.len() == 1 { "1 is".to_owned() } else { format!("{} are", slots.len()) },
                wanted.join(", ")
            ));
            return Err(Exit::Usage);
        }
        names = given.into_iter().map(Some).collect();
    }
    for pair in &args.subject {
        let (slot, name) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(place) = slots.iter().position(|known| known.name == slot.trim()) else {
            terminal.say(&format!("parallax: --subject {pair}: the slots are {}", wanted.join(", ")));
            return Err(Exit::Usage);
        };
        names[place] = Some(name.trim().to_owned());
    }
    let all: Option<Vec<String>> = names.into_iter().collect();
    let Some(mut names) = all else {
        let example = wanted.iter().map(|slot| format!("<{slot}>")).collect::<Vec<_>>().join(", ");
        terminal.say(&format!("parallax: whom? Write it as in `parallax explain PATH \"{example}\"`"));
        return Err(Exit::Usage);
    };
    let mut scenario = None;
    if let Some(name) = &args.scenario {
        if session.world(ruleset) == World::Facts {
            terminal.say("parallax: --scenario: the ruleset has facts of its own, and those are explained");
            return Err(Exit::Usage);
        }
        let all = ruleset.scenarios.iter_enumerated().map(|(id, scenario)| (id, scenario.name.as_str()));
        scenario = Some(super::report::find(name, "scenario", all, terminal)?);
    }
    if session.world(ruleset) == World::Scenarios {
        let named = |name: &str| {
            let (before, rest) = name.split_once('/')?;
            let found = ruleset.scenarios.iter_enumerated().find(|(_, scenario)| scenario.name == before);
            found.map(|(id, _)| (id, rest.to_owned()))
        };
        for name in &mut names {
            if let Some((id, rest)) = named(name) {
                if scenario.is_some_and(|other| other != id) {
                    terminal.say("parallax: these names are of two scenarios; each is a world of its own");
                    return Err(Exit::Usage);
                }
                scenario = Some(id);
                *name = rest;
            }
        }
        if scenario.is_none() {
            let fitting = scenarios_with(ruleset, &names);
            if let [_, _, ..] = fitting.as_slice() {
                let fitting: Vec<&str> =
                    fitting.iter().map(|id| ruleset.scenarios[*id].name.as_str()).collect();
                return Err(which_scenario(&fitting, terminal));
            }
            scenario = fitting.first().copied();
        }
        if scenario.is_none() {
            let known: Vec<String> = ruleset
                .scenarios
                .iter()
                .flat_map(|scenario| {
                    let facts = scenario.statements.facts.iter().flat_map(|fact| &fact.args);
                    facts.filter_map(move |arg| match arg {
                        Constant::Thing(_, name) => Some(name.clone()),
                        Constant::Value(_) => None,
                    })
                })
                .collect();
            let Some(missing) = names.iter().find(|name| !known.contains(name)) else {
                terminal.say(
                    "parallax: each of these names stands in some scenario, but no one scenario has them all",
                );
                return Err(Exit::Usage);
            };
            return Err(unknown(missing, known.iter().map(String::as_str), terminal, "no scenario names it"));
        }
    }
    Ok(Asked { questions, names, scenario })
}

/// Asks in which of some scenarios.
pub(super) fn which_scenario(names: &[&str], terminal: &mut Terminal) -> Exit {
    terminal.say(&format!(
        "parallax: in which scenario? Each is a world of its own; name one with --scenario: {}",
        names.join(", ")
    ));
    Exit::Usage
}

/// The scenarios that have all the names.
fn scenarios_with(ruleset: &Ruleset, names: &[String]) -> Vec<ScenarioId> {
    let has = |scenario: &crate::model::Scenario| {
        names.iter().all(|wanted| {
            let facts = scenario.statements.facts.iter().flat_map(|fact| &fact.args);
            facts.into_iter().any(|arg| matches!(arg, Constant::Thing(_, name) if name == wanted))
        })
    };
    ruleset.scenarios.iter_enumerated().filter(|(_, scenario)| has(scenario)).map(|(id, _)| id).collect()
}

/// `council, charity`; a name with a comma stands in quotes. `None` where those are not closed.
fn split(text: &str) -> Option<Vec<String>> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted && chars.peek().is_some_and(|next| matches!(next, '"' | '\\')) => {
                if let (Some(last), Some(next)) = (out.last_mut(), chars.next()) {
                    last.push(next);
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            other => {
                if let Some(last) = out.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    (!quoted).then(|| out.into_iter().map(|name| name.trim().to_owned()).collect())
}

fn subject(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    (question, names): (QuestionId, &[String]),
    terminal: &mut Terminal,
) -> Result<Vec<Constant>, Exit> {
    let slots = &ruleset.questions[question].slots;
    let mut subject = Vec::new();
    for (slot, name) in slots.iter().zip(names) {
        let domain = ruleset.domain_of(slot.ty);
        let dictionary = &evaluation.dictionaries[domain];
        if dictionary.find_name(name).is_none() {
            let known = (0..dictionary.len() as u32).map(|id| dictionary.name(id));
            let mut kinds = ruleset.kinds.iter().filter(|kind| kind.domain != domain);
            let other = kinds.find(|kind| evaluation.dictionaries[kind.domain].find_name(name).is_some());
            let hint = match other {
                Some(other) => {
                    let (kind, slot) = (&other.name, &slot.name);
                    format!(
                        "what is called so is of kind `{kind}`, and the slot `{slot}` asks for another kind"
                    )
                }
                None => format!("no fact names it, in the slot `{}`", slot.name),
            };
            return Err(unknown(name, known, terminal, &hint));
        }
        subject.push(Constant::Thing(domain, name.clone()));
    }
    Ok(subject)
}

/// Names of which two must change places to make what is asked about.
fn in_other_order(
    ruleset: &Ruleset,
    evaluation: &Evaluation,
    facts: &[crate::model::KindFact],
    request: &Request,
) -> Option<Vec<String>> {
    let is_asked_about = |names: &[Constant]| {
        let request =
            Request { subject: names.to_vec(), lenses: Vec::new(), parting: None, ..request.clone() };
        let found = explain(ruleset, evaluation, facts, &request);
        found.is_ok_and(|found| found.standing != Standing::Outside)
    };
    let places = 0..request.subject.len();
    let pairs = places.clone().flat_map(|left| (0..left).map(move |right| (left, right)));
    let mut swapped = pairs.map(|(left, right)| {
        let mut names = request.subject.clone();
        names.swap(left, right);
        names
    });
    let found = swapped.find(|names| is_asked_about(names))?;
    let names = found.into_iter().filter_map(|name| match name {
        Constant::Thing(_, name) if name.contains([',', '"']) => {
            Some(format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        Constant::Thing(_, name) => Some(name),
        Constant::Value(_) => None,
    });
    Some(names.collect())
}

fn unknown<'n>(name: &str, known: impl Iterator<Item = &'n str>, terminal: &mut Terminal, why: &str) -> Exit {
    let near = crate::diag::nearest(name, known.collect::<Vec<&str>>());
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    terminal.say(&format!("parallax: there is nothing called `{name}`: {why}{hint}"));
    Exit::Usage
}

pub(super) fn find_lens(
    name: &str,
    ruleset: &Ruleset,
    question: Option<QuestionId>,
    terminal: &mut Terminal,
) -> Result<LensId, Exit> {
    let known = ruleset.lenses.iter_enumerated();
    let known = known.filter(|(_, lens)| question.is_none_or(|question| lens.question == question));
    super::report::find(name.trim(), "lens", known.map(|(id, lens)| (id, lens.name.as_str())), terminal)
}

/// The lenses asked for; without any, those that a report compares.
fn lenses(
    args: &ExplainArgs,
    ruleset: &Ruleset,
    question: QuestionId,
    terminal: &mut Terminal,
) -> Result<Vec<LensId>, Exit> {
    if args.lens.is_empty() {
        return Ok(crate::report::compared(ruleset, question));
    }
    args.lens.iter().map(|name| find_lens(name, ruleset, Some(question), terminal)).collect()
}
