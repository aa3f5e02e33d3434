//! Calculations that grow or shrink with a word wherever it is: what they come to orders its values as they stand.

use super::compile::Compiler;
use super::expressions::fixed;
use crate::base::Idx;
use crate::engine::{Computed, Leaf, Table, calculate};
use crate::facts::{MISSING, units_at};
use crate::model::clause::{as_var, expr_vars};
use crate::model::{BinaryOp, Expr, VarId};
use crate::value::{Decimal, DomainError, Value};

impl Compiler<'_, '_> {
    /// Whether a calculation grows with a variable (or stays), or shrinks (or stays); `None` where it does neither
    /// everywhere.
    pub(super) fn rises(&self, expr: &Expr, var: VarId) -> Option<bool> {
        let flipped = |rises: bool| !rises;
        let number = |expr: &Expr| match fixed(self.inputs.parameters, expr)? {
            Value::Number(number) => Some(number),
            _ => None,
        };
        match expr {
            Expr::Term(term) => (as_var(term) == Some(var)).then_some(true),
            Expr::Negate(inner) => self.rises(inner, var).map(flipped),
            Expr::Binary(BinaryOp::Add, left, right) => match (reads(left, var), reads(right, var)) {
                (true, false) => self.rises(left, var),
                (false, true) => self.rises(right, var),
                _ => None,
            },
            Expr::Binary(BinaryOp::Subtract, left, right) | Expr::DaysBetween(left, right) => {
                match (reads(left, var), reads(right, var)) {
                    (true, false) => self.rises(left, var),
                    (false, true) => self.rises(right, var).map(flipped),
                    _ => None,
                }
            }
            Expr::Binary(BinaryOp::Multiply, left, right) => {
                let (own, other) = if reads(left, var) { (left, right) } else { (right, left) };
                let rises = self.rises(own, var)?;
                Some(rises == (number(other)? >= Decimal::ZERO))
            }
            Expr::Binary(BinaryOp::Divide, own, other) => {
                let rises = self.rises(own, var)?;
                Some(rises == (number(other)? > Decimal::ZERO))
            }
            Expr::Binary(BinaryOp::Power, ..) | Expr::Aggregate(_) => None,
            Expr::Shift { date, amount, .. } => {
                number(amount)?;
                self.rises(date, var)
            }
            Expr::Call(function, args) => {
                let mut all: Option<bool> = None;
                for (place, arg) in args.iter().enumerate().filter(|(_, arg)| reads(arg, var)) {
                    let rises = self.rises(arg, var)? == function.grows_with(place)?;
                    if *all.get_or_insert(rises) != rises {
                        return None;
                    }
                }
                all
            }
        }
    }

    /// Whether parts of a calculation that may have no result have one for all values of a column, which they grow or
    /// shrink with: then whether there is one does not hang on which of them are looked at.
    pub(super) fn has_results(&self, expr: &Expr, var: VarId, table: &Table, column: usize) -> bool {
        let mut parts = Vec::new();
        doubtful(expr, var, &mut parts);
        if parts.is_empty() {
            return true;
        }
        let Some(units) = self.units(var) else { return false };
        let key = |id: &u32| units_at(units, *id);
        let ids = || table.columns()[column].iter().copied().filter(|id| *id != MISSING);
        let domain = self.inputs.ruleset.domain_of(self.types[var.index()]);
        let dictionary = &self.inputs.dictionaries[domain];
        let ends = [ids().min_by_key(key), ids().max_by_key(key)];
        parts.iter().all(|part| {
            let Some(calculation) = self.plainly(part) else { return false };
            ends.iter().flatten().all(|id| {
                let mut leaf = |leaf: Leaf<'_>| match (leaf, dictionary.value(*id)) {
                    (Leaf::Var(read, _), Some(value)) if read == var.index() => {
                        Ok(Computed::Value(value.clone()))
                    }
                    _ => Err(DomainError::Overflow),
                };
                calculate(&calculation, &mut leaf).is_ok()
            })
        })
    }
}

/// Whether a calculation reads a variable.
fn reads(expr: &Expr, var: VarId) -> bool {
    let mut vars = Vec::new();
    expr_vars(expr, &mut vars);
    vars.contains(&var)
}

/// The outermost parts of a calculation that read a variable and may have no result.
fn doubtful<'e>(expr: &'e Expr, var: VarId, out: &mut Vec<&'e Expr>) {
    if !reads(expr, var) {
        return;
    }
    match expr {
        Expr::Term(_) | Expr::Aggregate(_) => {}
        Expr::Negate(inner) => doubtful(inner, var, out),
        Expr::Binary(BinaryOp::Add | BinaryOp::Subtract, left, right) | Expr::DaysBetween(left, right) => {
            doubtful(left, var, out);
            doubtful(right, var, out);
        }
        Expr::Call(_, args) => args.iter().for_each(|arg| doubtful(arg, var, out)),
        Expr::Binary(..) | Expr::Shift { .. } => out.push(expr),
    }
}
