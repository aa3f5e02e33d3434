//! At which value of a word that is missing a comparison turns: those values are tried for it.

use std::collections::BTreeSet;

use super::along::{is_short, snapped};
use super::calculate::Calc;
use super::constants::{calls, varies};
use super::lookup::Stop;
use super::roots::LINES;
use super::run::Run;
use super::solve::Env;
use crate::base::Idx;
use crate::builtin::fitting;
use crate::engine::Computed;
use crate::facts::MISSING;
use crate::model::clause::expr_vars;
use crate::model::{BinaryOp, Cond, Constant, Expr, Term, Ty, VarId};
use crate::value::{Date, Decimal, Value, ValueKind};

impl Run<'_> {
    /// Notes where both sides would be equal if the one word in them that is missing stood for that; found along
    /// a straight line through two values.
    pub fn note_turning(&self, lhs: &Expr, rhs: &Expr, env: &Env<'_>) -> Result<(), Stop> {
        if self.trace.is_none() {
            return Ok(());
        }
        self.note_texts(lhs, rhs, env)?;
        let mut aggregates = false;
        let mut vars = Vec::new();
        for side in [lhs, rhs] {
            side.aggregates(&mut |_| aggregates = true);
            expr_vars(side, &mut vars);
        }
        let missing =
            vars.into_iter().filter(|var| env.is_value(*var) && env.ids[var.index()] == Some(MISSING));
        let missing: BTreeSet<VarId> = missing.collect();
        if let (Some(var), 1, false) = (missing.first(), missing.len(), aggregates) {
            let failed = self.failed.get();
            let turning = self.turning(lhs, rhs, env, *var);
            self.failed.set(failed);
            let values = turning?;
            self.note(|trace| trace.turning.extend(values));
        }
        Ok(())
    }

    /// Notes texts in which a pattern that is no constant is met.
    fn note_texts(&self, lhs: &Expr, rhs: &Expr, env: &Env<'_>) -> Result<(), Stop> {
        for side in [lhs, rhs] {
            let Expr::Call(function, args) = side else { continue };
            let ("matches", [_, pattern @ Expr::Term(Term::Var(_))]) = (function.name, args.as_slice())
            else {
                continue;
            };
            if let Calc::Of(Computed::Value(Value::Text(pattern))) = self.calculate(pattern, env)? {
                let texts = fitting(&pattern).into_iter().map(|text| Value::Text(text.as_str().into()));
                self.note(|trace| trace.turning.extend(texts));
            }
        }
        Ok(())
    }

    fn turning(&self, lhs: &Expr, rhs: &Expr, env: &Env<'_>, var: VarId) -> Result<Vec<Value>, Stop> {
        let of = |at: Decimal| match env.vars[var].ty {
            Ty::Value(ValueKind::Number) if is_short(snapped(at)) => vec![Value::Number(snapped(at))],
            // To be equal may take all places there are.
            Ty::Value(ValueKind::Number) => vec![Value::Number(at), Value::Number(short(at))],
            Ty::Value(ValueKind::Date) => days(at).map(Value::Date).collect(),
            Ty::Value(_) | Ty::Thing(_) => Vec::new(),
        };
        // The month or day of a date goes along no line.
        let is_stepped = [lhs, rhs].into_iter().any(|side| calls(side, &["month", "day"]));
        if is_stepped && env.vars[var].ty == Ty::Value(ValueKind::Date) {
            return Ok(Vec::new());
        }
        let mut ends = Vec::new();
        for at in [0, 1] {
            let Some(value) = of(Decimal::from(at)).pop() else { return Ok(Vec::new()) };
            let mut own = env.clone();
            own.ids[var.index()] = Some(self.world.id(&Constant::Value(value)));
            let Some(apart) = apart(&self.calculate(lhs, &own)?, &self.calculate(rhs, &own)?) else {
                return Ok(Vec::new());
            };
            ends.push(apart);
        }
        let slope = ends[1].checked_sub(ends[0]);
        let turning = slope.and_then(|slope| Decimal::ZERO.checked_sub(ends[0])?.checked_div(slope));
        Ok(turning.map(of).unwrap_or_default())
    }
}

impl Run<'_> {
    /// What goes along a straight line with a value of a comparison: how far apart its sides are, and where they are
    /// divided by something what that is, and the product of both; last, where a side is only known to lie between two
    /// values, how far apart they are at the greatest, which come first at the least. Nothing in the place of what is not
    /// known.
    pub fn lines(
        &self,
        cond: &Cond,
        (lhs, rhs): (&Calc, &Calc),
        env: &Env<'_>,
    ) -> Result<[Option<Decimal>; LINES], Stop> {
        let [apart, most] = [false, true].map(|most| apart(&end(lhs, most), &end(rhs, most)));
        let most = most.filter(|most| apart != Some(*most));
        let Cond::Compare { lhs, rhs, .. } = cond else { return Ok([apart, None, None, most]) };
        let Some(divisor) = divisor(lhs).or_else(|| divisor(rhs)) else {
            return Ok([apart, None, None, most]);
        };
        let failed = self.failed.get();
        let found = self.calculate(divisor, env);
        self.failed.set(failed);
        let divisor = match found? {
            Calc::Of(Computed::Value(Value::Number(number))) => Some(number),
            _ => None,
        };
        let product = apart.zip(divisor).and_then(|(apart, divisor)| apart.checked_mul(divisor).ok());
        Ok([apart, divisor, product, most])
    }
}

/// The least or the greatest of what a side is known to lie between; else the side itself.
fn end(side: &Calc, most: bool) -> Calc {
    match side {
        Calc::Of(Computed::Between { low, high, .. }) => {
            Calc::Of(Computed::Value(if most { high.clone() } else { low.clone() }))
        }
        other => other.clone(),
    }
}

/// What hangs on facts and something is divided by.
fn divisor(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Binary(BinaryOp::Divide, _, rhs) if varies(rhs) => Some(rhs),
        Expr::Binary(_, lhs, rhs) => divisor(lhs).or_else(|| divisor(rhs)),
        Expr::Negate(inner) => divisor(inner),
        Expr::Term(_) | Expr::DaysBetween(..) | Expr::Shift { .. } | Expr::Call(..) | Expr::Aggregate(_) => {
            None
        }
    }
}

/// How far the left side lies above the right one, in numbers or days.
pub(super) fn apart(left: &Calc, right: &Calc) -> Option<Decimal> {
    match (left, right) {
        (Calc::Of(Computed::Value(Value::Number(left))), Calc::Of(Computed::Value(Value::Number(right)))) => {
            left.checked_sub(*right).ok()
        }
        (Calc::Of(Computed::Value(Value::Date(left))), Calc::Of(Computed::Value(Value::Date(right)))) => {
            Some(Decimal::from(left.days_since(*right)))
        }
        _ => None,
    }
}

/// The days on both sides of a number of days since 1970-01-01; one where it is whole.
fn days(at: Decimal) -> impl Iterator<Item = Date> {
    let whole = at.to_i64();
    let around = whole.map_or_else(
        || {
            let low = at.about().floor() as i64;
            vec![low + 1, low]
        },
        |day| vec![day],
    );
    around.into_iter().filter_map(|day| Date::from_days(i32::try_from(day).ok()?))
}

/// The number, or one near it where it has many digits: values one more and one less are tried as well.
fn short(at: Decimal) -> Decimal {
    const MOST_DECIMALS: i32 = -6;
    let thousandths = (at.about() * 1000.0).round();
    if at.exponent() >= MOST_DECIMALS || thousandths.abs() > i64::MAX as f64 {
        return at;
    }
    Decimal::scaled(thousandths as i128, -3).unwrap_or(at)
}
