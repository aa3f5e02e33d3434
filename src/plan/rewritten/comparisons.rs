//! Comparisons in the form that narrows what is looked up.

use crate::model::clause::expr_vars;
use crate::model::{BinaryOp, CompareOp, Cond, Constant, Expr, Term};
use crate::value::{Decimal, Value};

/// What two words or values must be compared, where their difference is compared with nothing.
pub(super) fn apart<'e>(side: &'e Expr, other: &Expr) -> Option<(&'e Expr, &'e Expr)> {
    let zero = Value::Number(Decimal::ZERO);
    let is_zero = matches!(other, Expr::Term(Term::Constant(Constant::Value(value))) if *value == zero);
    match side {
        Expr::DaysBetween(one, other) | Expr::Binary(BinaryOp::Subtract, one, other) if is_zero => {
            Some((one, other))
        }
        _ => None,
    }
}

/// A comparison as the two bounds it comes to: of how far two words are apart at most (`abs(d - e) <= 30`), and of how far
/// just (`d - e = 1`).
pub(in crate::plan) fn bounds(cond: &Cond) -> Option<[Cond; 2]> {
    let Cond::Compare { lhs, op, rhs, span } = cond else { return None };
    let compare =
        |lhs: &Expr, op, rhs: &Expr| Cond::Compare { lhs: lhs.clone(), op, rhs: rhs.clone(), span: *span };
    let (side, op, most) = match (distance(lhs), distance(rhs)) {
        (Some(side), _) => (side, *op, rhs),
        (_, Some(side)) => (side, op.mirrored(), lhs),
        _ => {
            let (side, other) = if is_difference(lhs) { (lhs, rhs) } else { (rhs, lhs) };
            let is_just = *op == CompareOp::Eq && is_difference(side) && words(other) == Some(0);
            return is_just
                .then(|| [compare(side, CompareOp::Ge, other), compare(side, CompareOp::Le, other)]);
        }
    };
    let back = match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt | CompareOp::Ge | CompareOp::Eq | CompareOp::Ne => return None,
    };
    words(most)?;
    Some([compare(side, op, most), compare(side, back, &Expr::Negate(Box::new(most.clone())))])
}

/// The difference whose size a calculation is.
pub(in crate::plan) fn distance(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Call(function, args) if function.name == "abs" => args.first().filter(|arg| is_difference(arg)),
        _ => None,
    }
}

/// Whether a calculation is how far two are apart, each with words of its own.
pub(in crate::plan) fn is_difference(expr: &Expr) -> bool {
    match expr {
        Expr::DaysBetween(one, other) | Expr::Binary(BinaryOp::Subtract, one, other) => {
            [one, other].iter().all(|side| words(side).is_some_and(|words| words > 0))
        }
        _ => false,
    }
}

/// How many words a calculation reads; `None` where it has figures, which should not be worked out twice.
fn words(expr: &Expr) -> Option<usize> {
    let mut vars = Vec::new();
    expr_vars(expr, &mut vars);
    let mut figures = false;
    expr.aggregates(&mut |_| figures = true);
    (!figures).then_some(vars.len())
}

/// What says that a comparison is not so as the comparison that then is; of figures not, since of one that comes to nothing
/// neither holds.
pub(super) fn straight(cond: &Cond) -> Option<Cond> {
    let Cond::Not(inner, _) = cond else { return None };
    let Cond::Compare { lhs, op, rhs, span } = &**inner else { return None };
    words(lhs).and(words(rhs))?;
    Some(Cond::Compare { lhs: lhs.clone(), op: opposite(*op), rhs: rhs.clone(), span: *span })
}

/// What holds where a comparison does not.
fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Ge => CompareOp::Lt,
        CompareOp::Le => CompareOp::Gt,
        CompareOp::Gt => CompareOp::Le,
    }
}
