//! One parameter at several values over facts that are read once.

use super::worlds::{World, parameters, read_value};
use super::{Options, Session};
use crate::diag::{Code, Diagnostic, nearest};
use crate::model::{Parameter, ParameterId, Ruleset};
use crate::value::{Date, Decimal, Value, ValueKind};
use crate::verdict::{Evaluation, evaluate_each};

/// The most values of one sweep.
const MOST_VALUES: usize = 1000;

/// A step between two values.
enum Step {
    Number(Decimal),
    Days(i64),
    Months(i64),
}

/// The parameter and the values that `NAME=FROM..TO:STEP` means, ascending; the step may be left out where it
/// is 1.
pub fn sweep_values(ruleset: &Ruleset, text: &str) -> Result<(ParameterId, Vec<Value>), Box<Diagnostic>> {
    let (name, range) = text.split_once('=').unwrap_or((text, ""));
    let name = name.trim();
    let Some((id, parameter)) = ruleset.parameters.iter_enumerated().find(|(_, known)| known.name == name)
    else {
        let near = nearest(name, ruleset.parameters.iter().map(|parameter| parameter.name.as_str()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it in the ruleset with `parameter`".to_owned(),
        };
        let message = format!("there is no parameter called `{name}`");
        return Err(Box::new(Diagnostic::new(Code::UnknownParameter, message).help(help)));
    };
    let wrong = |message: String| {
        Box::new(
            Diagnostic::new(Code::ParameterValue, message)
                .at(parameter.span, "declared here")
                .help(format!("write it as in `--sweep {name}={}`", example(parameter))),
        )
    };
    if !matches!(parameter.kind, ValueKind::Number | ValueKind::Date) {
        return Err(wrong(format!("`{name}` is a {}, which has no range", parameter.kind.name())));
    }
    let (from, rest) = range
        .split_once("..")
        .ok_or_else(|| wrong(format!("`{range}` names no range from one value to another")))?;
    let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let value = |text: &str| {
        let plain = match parameter.kind {
            ValueKind::Number => without_unit(text, parameter).map_err(&wrong)?,
            ValueKind::Date | ValueKind::Text | ValueKind::Flag => text.trim(),
        };
        read_value(parameter.kind, plain).ok_or_else(|| {
            wrong(format!("`{}` is not a {} for `{name}`", text.trim(), parameter.kind.name()))
        })
    };
    let (first, last) = (value(from)?, value(to)?);
    let step = read_step(step, parameter).map_err(&wrong)?;
    if first > last {
        return Err(wrong(format!("the range goes backwards, from {first} to {last}")));
    }
    let mut values = Vec::new();
    for count in 0.. {
        let Some(next) = stepped(&first, &step, count) else { break };
        if next > last {
            break;
        }
        if values.len() == MOST_VALUES {
            return Err(Box::new(
                Diagnostic::new(Code::TooMany, format!("`{range}` has more than {MOST_VALUES} values"))
                    .help("take larger steps or a shorter range"),
            ));
        }
        values.push(next);
    }
    Ok((id, values))
}

fn example(parameter: &Parameter) -> String {
    match (parameter.kind, &parameter.value) {
        (ValueKind::Date, _) => "2026-01-01..2026-12-31:1 month".to_owned(),
        (_, Some(Value::Number(own))) => {
            let double = own.checked_add(*own).unwrap_or(*own);
            format!("{own}..{double}:10")
        }
        _ => "30..120:10".to_owned(),
    }
}

/// A number without the unit that the parameter declares.
fn without_unit<'t>(text: &'t str, parameter: &Parameter) -> Result<&'t str, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    let Some(end) = end else { return Ok(text) };
    let (number, unit) = (text[..end].trim(), text[end..].trim());
    let own = parameter.text.as_deref().unwrap_or_default();
    if unit == own {
        return Ok(number);
    }
    Err(if own.is_empty() {
        format!("`{}` has no unit, and `{text}` names one", parameter.name)
    } else {
        format!("`{}` is in {own}, and `{text}` is not", parameter.name)
    })
}

fn read_step(text: &str, parameter: &Parameter) -> Result<Step, String> {
    let text = text.trim();
    let step = if parameter.kind == ValueKind::Date {
        let (number, unit) = text.split_once(char::is_whitespace).unwrap_or((text, "days"));
        let count: i64 = number.parse().map_err(|_| format!("`{text}` is not a whole number of days"))?;
        match unit.trim() {
            "day" | "days" => Step::Days(count),
            "week" | "weeks" => Step::Days(count.saturating_mul(7)),
            "month" | "months" => Step::Months(count),
            "year" | "years" => Step::Months(count.saturating_mul(12)),
            other => return Err(format!("dates go by days, weeks, months or years, not by {other}")),
        }
    } else {
        let number = Decimal::parse(without_unit(text, parameter)?);
        Step::Number(number.ok_or_else(|| format!("`{text}` is not a Number to go by"))?)
    };
    let forward = match &step {
        Step::Number(number) => *number > Decimal::from(0),
        Step::Days(count) | Step::Months(count) => *count > 0,
    };
    if forward { Ok(step) } else { Err(format!("a step of {text} leads nowhere")) }
}

/// The value so many steps after the first; months count from the first, so that ends of months stay so.
fn stepped(first: &Value, step: &Step, count: i64) -> Option<Value> {
    match (first, step) {
        (Value::Number(first), Step::Number(step)) => {
            let far = Decimal::from(count).checked_mul(*step).ok()?;
            first.checked_add(far).ok().map(Value::Number)
        }
        (Value::Date(first), Step::Days(days)) => {
            Date::add_days(*first, days.checked_mul(count)?).map(Value::Date)
        }
        (Value::Date(first), Step::Months(months)) => {
            Date::add_months(*first, months.checked_mul(count)?).map(Value::Date)
        }
        _ => None,
    }
}

impl Session<'_> {
    /// Evaluates the ruleset at each value, as `evaluate` would with the parameter set to it; facts are read
    /// once, and what the parameter has no say in is worked out once. Of an evaluation over tables that is visited there are
    /// the answers and what names them. Hands back warnings about the facts.
    pub fn sweep(
        &self,
        ruleset: &Ruleset,
        options: &Options,
        (parameter, values): (ParameterId, &[Value]),
        visit: &mut dyn FnMut(&Value, &mut Evaluation),
    ) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let mut known = parameters(ruleset, &options.set).map_err(|diagnostic| vec![*diagnostic])?;
        if self.world(ruleset) == World::Scenarios {
            for value in values {
                known[parameter] = Some(value.clone());
                visit(value, &mut self.scenarios(ruleset, &known, options)?);
            }
            return Ok(Vec::new());
        }
        let (facts, warnings) = self.facts(ruleset, options)?;
        evaluate_each(
            ruleset,
            facts,
            &known,
            (parameter, values),
            (&options.limits, &options.profile),
            visit,
        )
        .map_err(|diagnostic| vec![*diagnostic])?;
        Ok(warnings)
    }
}
