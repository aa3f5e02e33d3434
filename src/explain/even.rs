//! Kinds of values that have a say only where one of them is compared with something fixed: while one goes on, the sides
//! of each comparison come nearer or part evenly, and nothing else asks what it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::IndexVec;
use crate::model::clause::expr_vars;
use crate::model::{BinaryOp, Clause, Cond, Constant, Expr, Term, Ty, Var, VarId};
use crate::value::ValueKind;

/// The kinds that are of the sort in some clauses.
#[derive(Clone, Debug)]
pub(super) struct Even(BTreeSet<ValueKind>);

impl Default for Even {
    fn default() -> Self {
        Self(BTreeSet::from([ValueKind::Number, ValueKind::Date]))
    }
}

impl Even {
    /// Whether a kind is one of them.
    pub fn has(&self, kind: ValueKind) -> bool {
        self.0.contains(&kind)
    }

    /// Takes the kinds out of which a clause asks more.
    pub fn clause(&mut self, clause: &Clause) {
        let mut own = Own { vars: &clause.vars, places: BTreeMap::new(), uneven: BTreeSet::new() };
        for cond in std::iter::once(&clause.when).chain(&clause.unless) {
            own.cond(cond);
        }
        // Sentences that name one value ask whether two are equal.
        let joined = own.places.iter().filter(|(_, places)| **places > 1).map(|(var, _)| *var);
        let joined: Vec<ValueKind> = joined.filter_map(|var| own.kind(var)).collect();
        self.0.retain(|kind| !own.uneven.contains(kind) && !joined.contains(kind));
    }

    /// Takes out the kind of a value of which a relation keeps the least or the greatest.
    pub fn keeps(&mut self, ty: Ty) {
        if let Ty::Value(kind) = ty {
            self.0.remove(&kind);
        }
    }
}

/// What one clause asks of values.
struct Own<'c> {
    vars: &'c IndexVec<VarId, Var>,
    /// In how many places of sentences a word stands.
    places: BTreeMap<VarId, usize>,
    uneven: BTreeSet<ValueKind>,
}

impl Own<'_> {
    fn kind(&self, var: VarId) -> Option<ValueKind> {
        match self.vars[var].ty {
            Ty::Value(kind) => Some(kind),
            Ty::Thing(_) => None,
        }
    }

    /// The kinds of the words of a calculation, those of what its aggregates make values of among them.
    fn kinds<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>) -> Vec<ValueKind> {
        let mut vars = Vec::new();
        exprs.into_iter().for_each(|expr| expr_vars(expr, &mut vars));
        vars.into_iter().filter_map(|var| self.kind(var)).collect()
    }

    fn uneven<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        let kinds = self.kinds(exprs);
        self.uneven.extend(kinds);
    }

    fn cond(&mut self, cond: &Cond) {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| self.cond(part)),
            Cond::Not(inner, _) => self.cond(inner),
            Cond::Atom(atom) => {
                for term in &atom.args {
                    match term {
                        Term::Constant(Constant::Value(value)) => {
                            self.uneven.insert(value.kind());
                        }
                        // A parameter may be of any kind.
                        Term::Parameter(_) => self.uneven.extend([ValueKind::Number, ValueKind::Date]),
                        Term::Constant(Constant::Thing(..)) => {}
                        Term::Var(var) => *self.places.entry(*var).or_default() += 1,
                    }
                }
            }
            Cond::Compare { lhs, rhs, .. } => self.sides(&[lhs, rhs]),
            Cond::Let { var, value, .. } => {
                // Where a sentence names it too, it must be equal to that.
                *self.places.entry(*var).or_default() += 1;
                self.sides(&[value]);
            }
            Cond::Stated { .. } | Cond::IsKind { .. } => {}
        }
        let mut bodies = Vec::new();
        cond.aggregated(&mut |body| bodies.push(body));
        bodies.into_iter().for_each(|body| self.cond(body));
    }

    /// A comparison, or what a word stands for.
    fn sides(&mut self, sides: &[&Expr]) {
        let mut figures = 0;
        sides.iter().for_each(|side| side.aggregates(&mut |_| figures += 1));
        let words = self.kinds(sides.iter().copied());
        if words.len() + figures > 1 {
            self.uneven.extend(words);
        }
        sides.iter().for_each(|side| self.expr(side));
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Term(_) => {}
            Expr::Negate(inner) => self.expr(inner),
            Expr::Binary(op, lhs, rhs) => {
                if matches!(op, BinaryOp::Divide | BinaryOp::Power) {
                    self.uneven([&**lhs, &**rhs]);
                }
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::DaysBetween(lhs, rhs) => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Shift { date, amount, .. } => self.uneven([&**date, &**amount]),
            Expr::Call(_, args) => self.uneven(args),
            // What members come to hangs on all of them.
            Expr::Aggregate(aggregate) => {
                self.uneven(std::iter::once(&aggregate.value).chain(&aggregate.weight));
                let counted: Vec<ValueKind> =
                    aggregate.each.iter().filter_map(|var| self.kind(*var)).collect();
                self.uneven.extend(counted);
            }
        }
    }
}
