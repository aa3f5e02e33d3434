//! Comparisons and calculations: what is compared with what, and whether their kinds fit.

use super::clause::lone_word;
use super::ir::{BinaryOp, CompareOp, Cond, Constant, Expr, Term, Ty};
use super::raw::Side;
use super::readings::plain_word;
use super::resolver::Resolver;
use super::types::{a, is_bare_name, literal};
use super::variables::Variables;
use crate::base::Span;
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::{self, ExprKind, Term as Written, TermKind};
use crate::value::{Value, ValueKind};

pub(super) const NUMBER: Ty = Ty::Value(ValueKind::Number);
const DATE: Ty = Ty::Value(ValueKind::Date);

impl Resolver<'_> {
    /// A comparison; or the value a word takes, where `=` introduces it.
    pub fn compare(
        &mut self,
        variables: &mut Variables,
        lhs: &Side<'_>,
        op: CompareOp,
        rhs: &ast::Expr,
        span: Span,
    ) -> Option<Cond> {
        if let (Side::Expr(lhs), CompareOp::Eq) = (lhs, op)
            && let Some((word, word_span)) = lone_word(lhs)
            && self.parameters.get(word).is_none()
            && variables.knows(word)
            && let Some(var) = variables.untaken(word, word_span)
        {
            let (value, ty) = self.expr(variables, rhs)?;
            variables.set_type(var, ty);
            self.named(variables, word, word_span)?;
            return Some(Cond::Let { var, value, span });
        }
        let (lhs, left) = match lhs {
            Side::Expr(lhs) => self.expr(variables, lhs)?,
            Side::Term(term) => self.term(variables, term)?,
        };
        let (rhs_expr, right) = self.expr(variables, rhs)?;
        match (left, right) {
            (Ty::Value(left), Ty::Value(right)) if left == right => {}
            (Ty::Thing(_), Ty::Thing(_)) => {
                self.report(
                    Diagnostic::new(Code::ValueMismatch, "things are not compared by signs")
                        .at(span, "both sides are things")
                        .help("write `a is b` or `a is not b`"),
                );
                return None;
            }
            _ => {
                let (left, right) = (self.out.type_name(left), self.out.type_name(right));
                let diagnostic = Diagnostic::new(
                    Code::ValueMismatch,
                    format!("{} cannot be compared with {}", a(left), a(right)),
                )
                .at(span, format!("{left} on the left, {right} on the right"))
                .help("compare values of one kind");
                self.report(diagnostic);
                return None;
            }
        }
        Some(Cond::Compare { lhs, op, rhs: rhs_expr, span })
    }

    /// `a is b` and `a is not b`, of things or (in lists) of values.
    pub fn is(
        &mut self,
        variables: &mut Variables,
        lhs: &Written,
        rhs: &Written,
        not: bool,
        span: Span,
    ) -> Option<Cond> {
        let left = self.thing_or_value(variables, lhs)?;
        let right = self.thing_or_value(variables, rhs)?;
        let (lhs, rhs) = match (left, right) {
            (Named::Term(lhs, left), Named::Term(rhs, right)) => {
                if !self.same_root(left, right) {
                    self.report_unlike(left, right, span);
                    return None;
                }
                (lhs, rhs)
            }
            (Named::Term(term, ty), Named::Quoted(text)) | (Named::Quoted(text), Named::Term(term, ty)) => {
                let constant = match ty {
                    Ty::Thing(kind) => Constant::Thing(self.out.kinds[kind].domain, text),
                    Ty::Value(ValueKind::Text) => Constant::Value(Value::Text(text.into())),
                    Ty::Value(_) => {
                        self.report_unlike(ty, Ty::Value(ValueKind::Text), span);
                        return None;
                    }
                };
                (term, Term::Constant(constant))
            }
            (Named::Quoted(_), Named::Quoted(_)) => {
                self.report(
                    Diagnostic::new(Code::Contradiction, "two names are compared with each other")
                        .at(span, "this never changes")
                        .help("compare a word with a name"),
                );
                return None;
            }
        };
        let op = if not { CompareOp::Ne } else { CompareOp::Eq };
        Some(Cond::Compare { lhs: Expr::Term(lhs), op, rhs: Expr::Term(rhs), span })
    }

    fn same_root(&self, left: Ty, right: Ty) -> bool {
        match (left, right) {
            (Ty::Thing(left), Ty::Thing(right)) => self.out.kinds[left].root == self.out.kinds[right].root,
            _ => left == right,
        }
    }

    fn report_unlike(&mut self, left: Ty, right: Ty, span: Span) {
        let (left, right) = (self.out.type_name(left), self.out.type_name(right));
        let diagnostic = Diagnostic::new(Code::ValueMismatch, format!("{} is never {}", a(left), a(right)))
            .at(span, format!("{} and {}", a(left), a(right)))
            .help("compare two of the same kind");
        self.report(diagnostic);
    }

    fn thing_or_value(&mut self, variables: &mut Variables, term: &Written) -> Option<Named> {
        match &term.kind {
            TermKind::Quoted(text) => Some(Named::Quoted(text.clone())),
            _ => {
                let (expr, ty) = self.term(variables, term)?;
                match expr {
                    Expr::Term(term) => Some(Named::Term(term, ty)),
                    _ => None,
                }
            }
        }
    }

    /// A term of a calculation; bare words must have a value.
    fn term(&mut self, variables: &mut Variables, term: &Written) -> Option<(Expr, Ty)> {
        if let Some(word) = plain_word(term)
            && !matches!(word, "yes" | "no")
        {
            if let Some(parameter) = self.parameter(word, term.span) {
                let kind = self.out.parameters[parameter].kind;
                return Some((Expr::Term(Term::Parameter(parameter)), Ty::Value(kind)));
            }
            if !is_bare_name(word) {
                self.report(
                    Diagnostic::new(Code::KindMismatch, format!("`{word}` has no value"))
                        .at(term.span, "a kind, not a word")
                        .help("use a word that begins with a small letter"),
                );
                return None;
            }
            let var = self.named(variables, word, term.span)?;
            let Some(ty) = variables.type_of(var) else {
                self.report(
                    Diagnostic::new(Code::UnboundWord, format!("`{word}` has no value yet"))
                        .at(term.span, "what gives it one stands further on")
                        .help(format!("put this behind the sentence, or the `{word} = …`, that names it")),
                );
                return None;
            };
            return Some((Expr::Term(Term::Var(var)), ty));
        }
        if let Some(value) = literal(term) {
            let ty = Ty::Value(value.kind());
            return Some((Expr::Term(Term::Constant(Constant::Value(value))), ty));
        }
        self.report(
            Diagnostic::new(Code::UnboundWord, "this has no value to compare")
                .at(term.span, "a word or value is needed")
                .help("name it in a sentence first, then compare the word"),
        );
        None
    }

    /// A calculation with the kind of its result.
    pub fn expr(&mut self, variables: &mut Variables, expr: &ast::Expr) -> Option<(Expr, Ty)> {
        match &expr.kind {
            ExprKind::Term(term) => self.term(variables, term),
            ExprKind::Negate(inner) => {
                let (inner, ty) = self.expr(variables, inner)?;
                self.need_kind(ty, NUMBER, expr.span)?;
                Some((Expr::Negate(Box::new(inner)), NUMBER))
            }
            ExprKind::Binary(op, lhs, rhs) => self.binary(variables, *op, lhs, rhs, expr.span),
            ExprKind::Duration(..) => {
                self.report(
                    Diagnostic::new(Code::ValueMismatch, "a length of time stands alone")
                        .at(expr.span, "not added to a date")
                        .help("write it after a date, as in `day + 30 days`; how long ago something was is asked as `a <= b - 18 years`"),
                );
                None
            }
            ExprKind::Call { function, args } => self.call(variables, function, args, expr.span),
            ExprKind::Aggregate(aggregate) => self.aggregate(variables, aggregate, expr.span),
            ExprKind::Broken => {
                self.broken.others = true;
                None
            }
        }
    }

    fn binary(
        &mut self,
        variables: &mut Variables,
        op: BinaryOp,
        lhs: &ast::Expr,
        rhs: &ast::Expr,
        span: Span,
    ) -> Option<(Expr, Ty)> {
        let (left, left_ty) = self.expr(variables, lhs)?;
        if let ExprKind::Duration(amount, unit) = &rhs.kind
            && matches!(op, BinaryOp::Add | BinaryOp::Subtract)
        {
            self.need_kind(left_ty, DATE, lhs.span)?;
            let (amount_expr, ty) = self.expr(variables, amount)?;
            self.need_kind(ty, NUMBER, amount.span)?;
            let back = op == BinaryOp::Subtract;
            let shift =
                Expr::Shift { date: Box::new(left), amount: Box::new(amount_expr), unit: *unit, back };
            return Some((shift, DATE));
        }
        let (right, right_ty) = self.expr(variables, rhs)?;
        if left_ty == DATE && right_ty == DATE && op == BinaryOp::Subtract {
            return Some((Expr::DaysBetween(Box::new(left), Box::new(right)), NUMBER));
        }
        let both = self.need_kind(left_ty, NUMBER, lhs.span).and(self.need_kind(right_ty, NUMBER, rhs.span));
        both?;
        let _ = span;
        Some((Expr::Binary(op, Box::new(left), Box::new(right)), NUMBER))
    }

    pub fn need_kind(&mut self, have: Ty, need: Ty, span: Span) -> Option<()> {
        if have == need {
            return Some(());
        }
        let (have, need) = (self.out.type_name(have), self.out.type_name(need));
        let diagnostic = Diagnostic::new(
            Code::ValueMismatch,
            format!("{} cannot be calculated with like {}", a(have), a(need)),
        )
        .at(span, a(have))
        .help(format!("{} is needed here", a(need)));
        self.report(diagnostic);
        None
    }
}

enum Named {
    Term(Term, Ty),
    Quoted(String),
}
