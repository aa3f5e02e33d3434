//! Which facts are looked at: those of the ruleset, or its scenarios together, or one scenario.

use super::Session;
use crate::base::IndexVec;
use crate::diag::{Code, Diagnostic, nearest};
use crate::engine::Limits;
use crate::facts::{FactSet, FactSetBuilder};
use crate::model::{ParameterId, Ruleset, ScenarioId};
use crate::value::{Date, Decimal, Value, ValueKind};
use crate::verdict::{Evaluation, evaluate};

/// The value of each parameter that has one.
type Parameters = IndexVec<ParameterId, Option<Value>>;

/// How a world is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Parameters set from outside, as `name=value`.
    pub set: Vec<String>,
    /// Limits.
    pub limits: Limits,
}

/// The facts a report is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// Those of the ruleset itself.
    Facts,
    /// All scenarios together, each name written `scenario/name`.
    Scenarios,
}

impl Session<'_> {
    /// The facts `report` and `run` look at: the ruleset's own, or, where it has none, its scenarios.
    pub fn world(&self, ruleset: &Ruleset) -> World {
        let own =
            !ruleset.facts.facts.is_empty() || !ruleset.facts.kinds.is_empty() || !ruleset.tables.is_empty();
        if own || ruleset.scenarios.is_empty() { World::Facts } else { World::Scenarios }
    }

    /// Evaluates the ruleset over its facts, or over its scenarios where it has no facts.
    ///
    /// Hands back warnings about the facts too; `Err` holds what made them unusable.
    pub fn evaluate(
        &self,
        ruleset: &Ruleset,
        options: &Options,
    ) -> Result<(Evaluation, Vec<Diagnostic>), Vec<Diagnostic>> {
        let parameters = parameters(ruleset, &options.set).map_err(|diagnostic| vec![*diagnostic])?;
        let mut warnings = Vec::new();
        let (facts, parameters) = match self.world(ruleset) {
            World::Facts => {
                let mut builder = FactSetBuilder::new(ruleset);
                builder.state_all(&ruleset.facts, "");
                warnings = self.read_tables(ruleset, &mut builder)?;
                (builder.finish(), parameters)
            }
            World::Scenarios => pooled(ruleset, parameters).map_err(|diagnostic| vec![*diagnostic])?,
        };
        let evaluation =
            evaluate(ruleset, facts, &parameters, &options.limits).map_err(|diagnostic| vec![*diagnostic])?;
        Ok((evaluation, warnings))
    }

    /// Evaluates the ruleset over one scenario's world: it sees no other facts and no `--set`.
    pub fn evaluate_scenario(
        &self,
        ruleset: &Ruleset,
        scenario: ScenarioId,
        limits: &Limits,
    ) -> Result<Evaluation, Box<Diagnostic>> {
        let scenario = &ruleset.scenarios[scenario];
        let mut builder = FactSetBuilder::new(ruleset);
        builder.state_all(&scenario.statements, "");
        let mut parameters: Parameters = defaults(ruleset);
        for (parameter, value) in &scenario.given {
            parameters[*parameter] = Some(value.clone());
        }
        evaluate(ruleset, builder.finish(), &parameters, limits)
    }
}

fn defaults(ruleset: &Ruleset) -> Parameters {
    ruleset.parameters.iter().map(|parameter| parameter.value.clone()).collect()
}

/// All scenarios in one world. They share their parameters, so those must not differ among them.
fn pooled(ruleset: &Ruleset, set: Parameters) -> Result<(FactSet, Parameters), Box<Diagnostic>> {
    let mut builder = FactSetBuilder::new(ruleset);
    for scenario in &ruleset.scenarios {
        builder.state_all(&scenario.statements, &format!("{}/", scenario.name));
    }
    let mut parameters = set;
    for (id, parameter) in ruleset.parameters.iter_enumerated() {
        let mut given = ruleset.scenarios.iter().filter_map(|scenario| {
            scenario.given.iter().find(|(known, _)| *known == id).map(|(_, value)| (value, scenario))
        });
        let Some((value, first)) = given.next() else { continue };
        let count = 1 + given.clone().count();
        let differs = given.find(|(other, _)| *other != value);
        let everywhere = count == ruleset.scenarios.len() || parameters[id].as_ref() == Some(value);
        if differs.is_some() || !everywhere && parameters[id].is_some() {
            let name = &parameter.name;
            return Err(Box::new(
                Diagnostic::new(
                    Code::ParameterValue,
                    format!("the scenarios give `{name}` different values"),
                )
                .at(first.span, "one of them")
                .help("state facts in a `facts` block or table to report on, or use `parallax test`"),
            ));
        }
        parameters[id] = Some(value.clone());
    }
    Ok((builder.finish(), parameters))
}

/// The parameters' values: defaults, then `name=value`.
fn parameters(ruleset: &Ruleset, set: &[String]) -> Result<Parameters, Box<Diagnostic>> {
    let mut values = defaults(ruleset);
    for pair in set {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, text) = (name.trim(), text.trim());
        let Some((id, parameter)) =
            ruleset.parameters.iter_enumerated().find(|(_, known)| known.name == name)
        else {
            let near = nearest(name, ruleset.parameters.iter().map(|parameter| parameter.name.as_str()));
            let help = near.map_or_else(
                || "declare it in the ruleset with `parameter`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no parameter called `{name}`");
            return Err(Box::new(Diagnostic::new(Code::UnknownParameter, message).help(help)));
        };
        let value = read_value(parameter.kind, text);
        if value.is_none() {
            let message = format!("`{text}` is not a {} for `{name}`", parameter.kind.name());
            return Err(Box::new(
                Diagnostic::new(Code::ParameterValue, message).at(parameter.span, "declared here").help(
                    format!(
                        "write it as in `--set {name}={}`",
                        parameter.value.as_ref().map_or_else(|| "2026-01-31".to_owned(), ToString::to_string)
                    ),
                ),
            ));
        }
        values[id] = value;
    }
    Ok(values)
}

/// A value of a kind from its text in a cell or on the command line.
pub(super) fn read_value(kind: ValueKind, text: &str) -> Option<Value> {
    match kind {
        ValueKind::Number => Decimal::parse(text).map(Value::Number),
        ValueKind::Date => Date::parse_iso(text).map(Value::Date),
        ValueKind::Text => Some(Value::Text(text.into())),
        ValueKind::Flag => match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => Some(Value::Flag(true)),
            "no" | "false" | "0" => Some(Value::Flag(false)),
            _ => None,
        },
    }
}
