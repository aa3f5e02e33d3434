//! Which facts are looked at: those of the ruleset, or its scenarios together, or one scenario.

use std::path::PathBuf;
use std::sync::Arc;

use super::Session;
use super::pool::pool;
use super::tables::TableInput;
use crate::base::IndexVec;
use crate::diag::{Code, Diagnostic, nearest};
use crate::engine::{Limits, Profile};
use crate::facts::FactSetBuilder;
use crate::model::{LensId, ParameterId, Ruleset, ScenarioId};
use crate::source::Store;
use crate::value::{Date, Decimal, Value, ValueKind};
use crate::verdict::{Evaluation, Extras, Holds, Scope, VerdictTable, evaluate};

/// The value of each parameter that has one.
pub(super) type Parameters = IndexVec<ParameterId, Option<Value>>;

/// How a world is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Parameters set from outside, as `name=value`.
    pub set: Vec<String>,
    /// Tables given in place of files that `from`s name.
    pub tables: Vec<TableInput>,
    /// Whether to work out what keeps rows from matching, for reports.
    pub splits: bool,
    /// What is held of relations and facts: those as they were stated for explanations, the least for reports.
    pub holds: Holds,
    /// How much is worked out. Where single subjects are explained and nothing else is asked, what is stated will
    /// do: the rest is worked out as far as that takes it.
    pub scope: Scope<'static>,
    /// The lenses that alone are compared, if only some are: in place of `scope` others are worked out only where
    /// something asks them. Scenarios put together are worked out as a whole.
    pub compared: Option<Vec<LensId>>,
    /// Gathers what the parts of the work take.
    pub profile: Arc<Profile>,
    /// Folders tables may lie in, beside the ruleset's own.
    pub allow_paths: Vec<PathBuf>,
    /// Whether databases may be asked over the network.
    pub allow_network: bool,
    /// Limits.
    pub limits: Limits,
    /// Where facts of tables are kept for the next run.
    pub cache: Option<Arc<dyn Store>>,
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
        if self.world(ruleset) == World::Scenarios {
            return Ok((self.scenarios(ruleset, &parameters, options)?, Vec::new()));
        }
        let profile = &*options.profile;
        let (facts, warnings) = self.facts(ruleset, options)?;
        let Options { splits, holds, scope, .. } = *options;
        let scope = options.compared.as_deref().map_or(scope, Scope::Comparing);
        let extras = Extras { splits, holds, scope };
        let evaluation = evaluate(ruleset, facts, &parameters, &options.limits, profile, extras);
        Ok((evaluation.map_err(|diagnostic| vec![*diagnostic])?, warnings))
    }

    /// All scenarios put together, with these values of parameters where they give no others.
    pub(super) fn scenarios(
        &self,
        ruleset: &Ruleset,
        parameters: &Parameters,
        options: &Options,
    ) -> Result<Evaluation, Vec<Diagnostic>> {
        let mut worlds = Vec::new();
        for (id, scenario) in ruleset.scenarios.iter_enumerated() {
            let extras = Extras { splits: options.splits, ..Extras::default() };
            let evaluation = options.profile.part(
                || format!("scenario {}", scenario.name),
                |found: &Result<Evaluation, _>| found.as_ref().map_or(0, subjects),
                || {
                    options.profile.note(Some(scenario.span), String::new);
                    self.scenario(ruleset, id, parameters.clone(), &options.limits, &options.profile, extras)
                },
            );
            worlds.push((format!("{}/", scenario.name), evaluation.map_err(|diagnostic| vec![*diagnostic])?));
        }
        Ok(pool(ruleset, &worlds))
    }

    /// Evaluates the ruleset over one scenario's world: it sees no other facts and no `--set`.
    pub fn evaluate_scenario(
        &self,
        ruleset: &Ruleset,
        scenario: ScenarioId,
        limits: &Limits,
    ) -> Result<Evaluation, Box<Diagnostic>> {
        self.scenario(ruleset, scenario, defaults(ruleset), limits, &Profile::default(), Extras::default())
    }

    /// The same with the facts as they were stated kept, and parameters set as for the whole report.
    pub fn evaluate_scenario_stated(
        &self,
        ruleset: &Ruleset,
        scenario: ScenarioId,
        options: &Options,
    ) -> Result<Evaluation, Box<Diagnostic>> {
        let parameters = parameters(ruleset, &options.set)?;
        let extras = Extras { holds: Holds::Stated, scope: options.scope, ..Extras::default() };
        self.scenario(ruleset, scenario, parameters, &options.limits, &options.profile, extras)
    }

    #[expect(clippy::unused_self, reason = "a world of this session")]
    fn scenario(
        &self,
        ruleset: &Ruleset,
        scenario: ScenarioId,
        mut parameters: Parameters,
        limits: &Limits,
        profile: &Profile,
        extras: Extras<'_>,
    ) -> Result<Evaluation, Box<Diagnostic>> {
        let scenario = &ruleset.scenarios[scenario];
        let mut builder = FactSetBuilder::new(ruleset);
        builder.state_all(&scenario.statements, "");
        for (parameter, value) in &scenario.given {
            parameters[*parameter] = Some(value.clone());
        }
        let (facts, _) = builder.finish().map_err(|mut problems| Box::new(problems.swap_remove(0)))?;
        evaluate(ruleset, facts, &parameters, limits, profile, extras)
    }
}

/// How many subjects are asked about.
fn subjects(evaluation: &Evaluation) -> usize {
    evaluation.tables.iter().map(VerdictTable::len).sum()
}

fn defaults(ruleset: &Ruleset) -> Parameters {
    ruleset.parameters.iter().map(|parameter| parameter.value.clone()).collect()
}

/// The parameters' values: defaults, then `name=value`.
pub(super) fn parameters(ruleset: &Ruleset, set: &[String]) -> Result<Parameters, Box<Diagnostic>> {
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
