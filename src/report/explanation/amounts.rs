//! What calculations come to, and how they compare, in words.

use super::words::{Body, Words, symbol};
use crate::checker::Amount;
use crate::model::{CompareOp, Cond, Constant, Expr, Term};
use crate::value::{Decimal, Value};

impl Words<'_> {
    /// What a calculation comes to.
    pub fn amount(&self, amount: &Amount) -> String {
        match &amount.range {
            None if amount.perhaps_nothing => "nothing".to_owned(),
            None if amount.without => "without a result".to_owned(),
            None => "not known".to_owned(),
            Some((low, high)) => {
                let nothing = if amount.perhaps_nothing { ", or nothing" } else { "" };
                if low == high {
                    format!("{}{nothing}", self.rounded(low))
                } else {
                    format!("between {} and {}{nothing}", self.rounded(low), self.rounded(high))
                }
            }
        }
    }

    /// A value that was worked out: exact where that is short.
    fn rounded(&self, constant: &Constant) -> String {
        match constant {
            Constant::Value(Value::Number(number)) => rounded(*number),
            Constant::Value(_) | Constant::Thing(..) => self.written(constant),
        }
    }

    /// What was counted or added up: ` (of 12: a, b, c and 9 more)`.
    pub fn members(&self, amount: &Amount) -> String {
        let Some((count, members)) = &amount.members else { return String::new() };
        if *count == 0 {
            return String::new();
        }
        let show = |member: &crate::checker::Member| {
            let key: Vec<String> = member.key.iter().map(|part| self.held(part.as_ref())).collect();
            match &member.value {
                Some(Value::Number(value)) => format!("{}: {}", key.join(", "), rounded(*value)),
                Some(value) => {
                    format!("{}: {}", key.join(", "), self.written(&Constant::Value(value.clone())))
                }
                None => key.join(", "),
            }
        };
        let shown: Vec<String> = members.iter().map(show).collect();
        let more = count - members.len();
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!(" (of {count}: {}{rest})", shown.join("; "))
    }

    /// A comparison with its values: `n is 500, which is less than 900`.
    pub fn comparison(
        &self,
        cond: &Cond,
        (lhs, rhs): (&Amount, &Amount),
        certain: bool,
        body: &Body<'_>,
    ) -> String {
        let Cond::Compare { lhs: left, op, rhs: right, .. } = cond else { return self.cond(cond, body) };
        let things = |amount: &Amount| matches!(&amount.range, Some((Constant::Thing(..), _)));
        if things(lhs) || things(rhs) {
            return format!("{} {} {}", self.amount(lhs), symbol(*op, left, right), self.amount(rhs));
        }
        let ((left, lhs), op, (right, rhs)) = worked_out_first((left, lhs), *op, (right, rhs));
        let side = |expr: &Expr, amount: &Amount| match expr {
            Expr::Term(Term::Constant(_)) => self.amount(amount),
            other => format!("{} ({}){}", self.expr(other, body), self.amount(amount), self.members(amount)),
        };
        let expr = left;
        let left = match left {
            Expr::Term(Term::Constant(_)) => self.amount(lhs),
            other => format!("{} is {}{},", self.expr(other, body), self.amount(lhs), self.members(lhs)),
        };
        let known = certain || is_sure(lhs, op, rhs);
        let is_literal = |expr: &Expr| matches!(expr, Expr::Term(Term::Constant(_)));
        let says_all = is_flag(lhs) || op == CompareOp::Eq && is_literal(right) && is_settled(lhs);
        if known && says_all && !is_literal(expr) {
            // Of yes and no the one says enough, and so does what it is said to be.
            return left.trim_end_matches(',').to_owned();
        }
        let perhaps = if known { "" } else { "perhaps " };
        format!("{left} {perhaps}{} {}", compared(op, is_day(lhs) || is_day(rhs)), side(right, rhs))
    }
}

/// Whether there is one value that it is.
pub(super) fn is_settled(amount: &Amount) -> bool {
    amount.range.as_ref().is_some_and(|(low, high)| low == high) && !amount.perhaps_nothing
}

/// Whether a side is a day.
pub(super) fn is_day(amount: &Amount) -> bool {
    matches!(&amount.range, Some((Constant::Value(Value::Date(_)), _)))
}

/// Whether a side is known to be yes, or to be no.
pub(super) fn is_flag(amount: &Amount) -> bool {
    let one = |constant: &Constant| matches!(constant, Constant::Value(Value::Flag(_)));
    amount.range.as_ref().is_some_and(|(low, high)| one(low) && low == high) && !amount.perhaps_nothing
}

/// A side of a comparison, and what it comes to.
type Side<'e> = (&'e Expr, &'e Amount);

/// The two sides of a comparison with what is worked out on the left, where only the other one is fixed: *the sum is 5,
/// more than 3* is told, not *3 is less than the sum*.
pub(super) fn worked_out_first<'e>(
    left: Side<'e>,
    op: CompareOp,
    right: Side<'e>,
) -> (Side<'e>, CompareOp, Side<'e>) {
    let is_fixed = |expr: &Expr| matches!(expr, Expr::Term(Term::Constant(_) | Term::Parameter(_)));
    if !is_fixed(left.0) || is_fixed(right.0) {
        return (left, op, right);
    }
    (right, op.mirrored(), left)
}

/// Whether two sides compare so whichever of their values they have.
pub(super) fn is_sure(lhs: &Amount, op: CompareOp, rhs: &Amount) -> bool {
    let (Some((least, most)), Some((low, high))) = (&lhs.range, &rhs.range) else { return false };
    let sure = match op {
        CompareOp::Eq => least == high && most == low,
        CompareOp::Ne => most < low || least > high,
        CompareOp::Lt => most < low,
        CompareOp::Le => most <= low,
        CompareOp::Gt => least > high,
        CompareOp::Ge => least >= high,
    };
    sure && !lhs.perhaps_nothing && !rhs.perhaps_nothing
}

/// A number that was worked out, with four places where it has more than six.
pub(super) fn rounded(number: Decimal) -> String {
    let exact = number.to_string();
    let places = exact.split_once('.').map_or(0, |(_, places)| places.len());
    match number.round_to(4) {
        Ok(short) if places > 6 && short != Decimal::ZERO => format!("about {short}"),
        _ => exact,
    }
}

/// How the left side of a comparison stands to the right one.
pub(super) fn compared(op: CompareOp, is_day: bool) -> &'static str {
    match (op, is_day) {
        (CompareOp::Eq, _) => "the same as",
        (CompareOp::Ne, _) => "not",
        (CompareOp::Lt, false) => "less than",
        (CompareOp::Lt, true) => "before",
        (CompareOp::Le, false) => "at most",
        (CompareOp::Le, true) => "on or before",
        (CompareOp::Gt, false) => "more than",
        (CompareOp::Gt, true) => "after",
        (CompareOp::Ge, false) => "at least",
        (CompareOp::Ge, true) => "on or after",
    }
}
