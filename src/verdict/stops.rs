//! Why an evaluation stopped, in the reader's words.

use crate::base::{Span, StopReason};
use crate::diag::{Code, Diagnostic};
use crate::engine::{Limits, Reached};
use crate::model::{ParameterId, Ruleset};
use crate::value::DomainError;

/// Why an evaluation stopped.
pub(super) enum Stop {
    Reached(Reached),
    Domain { error: DomainError, span: Span, facts: String },
    Other(Box<Diagnostic>),
}

impl From<Reached> for Stop {
    fn from(reached: Reached) -> Self {
        Self::Reached(reached)
    }
}

pub(super) fn missing_parameter(ruleset: &Ruleset, id: ParameterId) -> Diagnostic {
    let parameter = &ruleset.parameters[id];
    Diagnostic::new(Code::ParameterValue, format!("`{}` has no value", parameter.name))
        .at(parameter.span, "needed here")
        .help(format!(
            "give it one with `--set {}=…`, or `given {} = …` in a scenario",
            parameter.name, parameter.name
        ))
}

/// Why the work ended when it was asked to.
pub fn asked_to_stop(reason: StopReason, memory: Option<u64>) -> Diagnostic {
    match reason {
        StopReason::Memory => {
            let most = memory.map_or_else(String::new, |most| format!(" of {} MiB", most >> 20));
            Diagnostic::new(Code::MemoryLimit, format!("the memory limit{most} was reached")).help(
                "allow more with `--max-memory`, state fewer columns of the tables or fewer rows with `where`, \
                 or let `--cache` spare the reading of tables",
            )
        }
        StopReason::Interrupted => Diagnostic::new(Code::Interrupted, "the work was interrupted")
            .help("nothing was written; run it again for an answer"),
    }
}

/// Which limit was reached, and what to do about it.
pub fn limit_reached(reached: Reached, limits: &Limits) -> Diagnostic {
    match reached {
        Reached::Facts => Diagnostic::new(
            Code::FactLimit,
            format!("more than {} facts follow from the rules", limits.facts),
        )
        .help("allow more with `--max-facts`, or look for a rule that joins what does not belong together"),
        Reached::Rounds => Diagnostic::new(
            Code::RoundLimit,
            format!("a loop of rules took more than {} rounds", limits.rounds),
        )
        .help("allow more with `--max-rounds`"),
        Reached::Time => Diagnostic::new(Code::TimeLimit, "the evaluation took longer than allowed")
            .help("allow more with `--max-time`"),
        Reached::Asked(reason) => asked_to_stop(reason, limits.memory),
    }
}

pub(super) fn explain_stop(stop: Stop, limits: &Limits) -> Diagnostic {
    match stop {
        Stop::Reached(reached) => limit_reached(reached, limits),
        Stop::Domain { error, span, facts } => {
            let what = match error {
                DomainError::DivisionByZero => "something is divided by zero",
                DomainError::Overflow => "a number grows too large, or a date leaves the calendar",
                DomainError::NegativeBase => "a negative number is raised to a power that is not whole",
                DomainError::FractionalShift => "a date is moved by a number that is not whole",
                DomainError::LogarithmOfNothing => "zero or a negative number has no logarithm",
                DomainError::BadPattern => "a pattern cannot be read",
                DomainError::TwoValues => "one combination has two values to add up",
            };
            Diagnostic::new(Code::DomainError, what)
                .at(
                    span,
                    if facts.is_empty() {
                        "while working this out".to_owned()
                    } else {
                        format!("for {facts}")
                    },
                )
                .help(match error {
                    DomainError::TwoValues => {
                        "name more words after `for each`, so that each combination has one value"
                    }
                    DomainError::BadPattern => "write a regular expression in quotes",
                    DomainError::FractionalShift => "round the number, as in `round(n)`",
                    DomainError::LogarithmOfNothing => {
                        "add a condition that leaves such facts out, as in `and m > 0`"
                    }
                    DomainError::NegativeBase => {
                        "add a condition that leaves such facts out, as in `and m >= 0`"
                    }
                    DomainError::DivisionByZero => {
                        "add a condition that leaves such facts out, as in `and b != 0`"
                    }
                    DomainError::Overflow => "add a condition that leaves such facts out",
                })
        }
        Stop::Other(diagnostic) => *diagnostic,
    }
}
