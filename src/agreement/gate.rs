//! Conditions on a report: `differ(kde, mier) > 5%`, `unknown(kde) > 0`, `never`.

use super::Agreement;
use crate::model::{LensId, Ruleset};

/// A condition that makes a command fail, or picks subjects.
#[derive(Clone, PartialEq, Debug)]
pub enum Gate {
    /// Some house constraint is certainly broken.
    Never,
    /// A count is compared with a number, or with a share of the subjects both lenses decide.
    Count {
        /// What is counted.
        measure: Measure,
        /// How it is compared.
        op: GateOp,
        /// With what.
        bound: f64,
        /// Whether the bound is a share in percent.
        percent: bool,
    },
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// Subjects on whom the two lenses part for the focus verdict.
    Differ(LensId, LensId),
    /// Subjects a lens (or any lens) leaves unknown.
    Unknown(Option<LensId>),
    /// Subjects a lens (or any lens) leaves in conflict.
    Conflict(Option<LensId>),
}

/// A comparison in a gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GateOp {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
}

/// Why a gate cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateError(pub String);

impl Gate {
    /// Reads a gate. A measure alone means that it is more than zero.
    pub fn parse(ruleset: &Ruleset, text: &str) -> Result<Self, GateError> {
        let text = text.trim();
        if text == "never" {
            return Ok(Self::Never);
        }
        let end = text.find(['<', '>', '=']).unwrap_or(text.len());
        let measure = measure(ruleset, text[..end].trim())?;
        let rest = text[end..].trim();
        if rest.is_empty() {
            return Ok(Self::Count { measure, op: GateOp::Above, bound: 0.0, percent: false });
        }
        let (op, number) = [
            (">=", GateOp::AtLeast),
            ("<=", GateOp::AtMost),
            (">", GateOp::Above),
            ("<", GateOp::Below),
            ("=", GateOp::Equal),
        ]
        .into_iter()
        .find_map(|(sign, op)| rest.strip_prefix(sign).map(|number| (op, number.trim())))
        .ok_or_else(|| GateError(format!("`{rest}` is no comparison")))?;
        let (digits, percent) = match number.strip_suffix('%') {
            Some(digits) => (digits.trim(), true),
            None => (number, false),
        };
        let bound: f64 = digits.parse().map_err(|_| GateError(format!("`{number}` is no number")))?;
        if !bound.is_finite() {
            return Err(GateError(format!("`{number}` is no number")));
        }
        Ok(Self::Count { measure, op, bound, percent })
    }

    /// Reads a measure alone, as it picks subjects.
    pub fn parse_measure(ruleset: &Ruleset, text: &str) -> Result<Measure, GateError> {
        if text.contains(['<', '>', '=']) {
            return Err(GateError(format!(
                "`{}` compares a count; a subject is picked without one",
                text.trim()
            )));
        }
        measure(ruleset, text.trim())
    }

    /// Whether the condition is met. `broken` says whether a constraint is certainly broken.
    pub fn is_met(&self, agreement: &Agreement, broken: bool) -> bool {
        let Self::Count { measure, op, bound, percent } = self else { return broken };
        let (count, whole) = measure.count(agreement);
        let value = if *percent {
            if whole == 0 {
                return false;
            }
            count as f64 * 100.0 / whole as f64
        } else {
            count as f64
        };
        match op {
            GateOp::Above => value > *bound,
            GateOp::AtLeast => value >= *bound,
            GateOp::Below => value < *bound,
            GateOp::AtMost => value <= *bound,
            GateOp::Equal => (value - *bound).abs() < f64::EPSILON,
        }
    }
}

impl Measure {
    /// The count, and the subjects a share of it is of.
    fn count(self, agreement: &Agreement) -> (u64, u64) {
        let place = |lens: LensId| agreement.lenses.iter().position(|other| *other == lens);
        match self {
            Self::Differ(left, right) => {
                let (Some(left), Some(right)) = (place(left), place(right)) else { return (0, 0) };
                let (left, right) = (left.min(right), left.max(right));
                agreement
                    .pairs
                    .iter()
                    .find(|pair| (pair.left, pair.right) == (left, right))
                    .map_or((0, 0), |pair| (pair.left_only + pair.right_only, pair.decided()))
            }
            Self::Unknown(lens) => {
                let columns = agreement.columns.iter().enumerate();
                let chosen = columns.filter(|(at, _)| lens.is_none_or(|lens| place(lens) == Some(*at)));
                (chosen.map(|(_, column)| column.unknown).sum(), agreement.subjects)
            }
            Self::Conflict(lens) => {
                let columns = agreement.columns.iter().enumerate();
                let chosen = columns.filter(|(at, _)| lens.is_none_or(|lens| place(lens) == Some(*at)));
                (chosen.map(|(_, column)| column.conflict).sum(), agreement.subjects)
            }
        }
    }
}

fn measure(ruleset: &Ruleset, text: &str) -> Result<Measure, GateError> {
    let (name, args) = match text.split_once('(') {
        Some((name, rest)) => {
            let inner =
                rest.strip_suffix(')').ok_or_else(|| GateError("a bracket is not closed".to_owned()))?;
            (name.trim(), inner.split(',').map(str::trim).collect::<Vec<_>>())
        }
        None => (text, Vec::new()),
    };
    let lens = |name: &str| {
        let found = ruleset.lenses.iter_enumerated().find(|(_, lens)| lens.name == name);
        found.map(|(id, _)| id).ok_or_else(|| {
            let near = crate::diag::nearest(name, ruleset.lenses.iter().map(|lens| lens.name.as_str()));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            GateError(format!("there is no lens called `{name}`{hint}"))
        })
    };
    match (name, args.as_slice()) {
        ("differ", [left, right]) => Ok(Measure::Differ(lens(left)?, lens(right)?)),
        ("unknown", []) => Ok(Measure::Unknown(None)),
        ("unknown", [only]) => Ok(Measure::Unknown(Some(lens(only)?))),
        ("conflict", []) => Ok(Measure::Conflict(None)),
        ("conflict", [only]) => Ok(Measure::Conflict(Some(lens(only)?))),
        _ => Err(GateError(format!(
            "`{text}` is not known; write `differ(a, b)`, `unknown(a)`, `conflict(a)` or `never`"
        ))),
    }
}
