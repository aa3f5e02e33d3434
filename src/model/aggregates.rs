//! Functions and aggregates: whether they are given what they take, and which words are their own.

use super::clause::introduce_values;
use super::exprs::NUMBER;
use super::ir::{Aggregate, CompareOp, Cond, Constant, Expr, Term, Ty, VarId};
use super::raw::Raw;
use super::readings::plain_word;
use super::resolver::Resolver;
use super::types::{is_bare_name, literal};
use super::variables::Variables;
use crate::base::Span;
use crate::builtin::{self, AGGREGATES, AggregateKind, Builtin, Takes};
use crate::diag::{Code, Diagnostic, nearest};
use crate::syntax::ast::{self, ExprKind, Word};
use crate::value::{Value, ValueKind};

const FLAG: Ty = Ty::Value(ValueKind::Flag);

impl Resolver<'_> {
    /// A calculation that is true or false, as a condition.
    pub fn holds(&mut self, variables: &mut Variables, expr: &ast::Expr, span: Span) -> Option<Cond> {
        let (lhs, ty) = self.expr(variables, expr)?;
        if ty != FLAG {
            self.report(
                Diagnostic::new(Code::UnexpectedText, "a value stands where a condition is needed")
                    .at(span, "neither true nor false")
                    .help("compare it, as in `abs(a) > 10`"),
            );
            return None;
        }
        let rhs = Expr::Term(Term::Constant(Constant::Value(Value::Flag(true))));
        Some(Cond::Compare { lhs, op: CompareOp::Eq, rhs, span })
    }

    /// A function's call.
    pub fn call(
        &mut self,
        variables: &mut Variables,
        function: &Word,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<(Expr, Ty)> {
        let resolved: Option<Vec<(Expr, Ty)>> = args.iter().map(|arg| self.expr(variables, arg)).collect();
        let Some(found) = builtin::find(&function.text) else {
            self.report_unknown_function(function);
            return None;
        };
        let resolved = resolved?;
        let types: Vec<Ty> = resolved.iter().map(|(_, ty)| *ty).collect();
        if !takes(found, &types) {
            self.report_bad_call(found, &types, span);
            return None;
        }
        if found.name == "matches"
            && let Some(Value::Text(pattern)) = args.get(1).and_then(constant)
            && let Some(why) = builtin::Pattern::refusal(&pattern)
        {
            self.report(
                Diagnostic::new(Code::BadCall, "this pattern cannot be read")
                    .at(args[1].span, format!("no regular expression: {why}"))
                    .help("write `\\\\` before a sign that stands for itself, as in `\"\\\\.\"`"),
            );
            return None;
        }
        let ty = found.gives.map_or_else(|| types[0], Ty::Value);
        Some((Expr::Call(found, resolved.into_iter().map(|(arg, _)| arg).collect()), ty))
    }

    fn report_unknown_function(&mut self, function: &Word) {
        let names =
            || builtin::all().map(|known| known.name).chain(AGGREGATES.iter().map(|known| known.name));
        if let Some(aggregate) = builtin::Aggregate::find(&function.text) {
            self.report(
                Diagnostic::new(
                    Code::BadAggregate,
                    format!("`{}` does not say what it ranges over", aggregate.name),
                )
                .at(function.span, "no `:` inside")
                .help(form(aggregate)),
            );
            return;
        }
        let near = nearest(&function.text, names()).map(str::to_owned);
        let declare = format!("there are {}", names().collect::<Vec<_>>().join(", "));
        self.report_unknown(Code::UnknownFunction, "function", function, near.as_deref(), &declare);
    }

    fn report_bad_call(&mut self, function: &Builtin, types: &[Ty], span: Span) {
        let have: Vec<&str> = types.iter().map(|ty| self.out.type_name(*ty)).collect();
        let kinds = |kinds: &[ValueKind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        let want = match function.takes {
            Takes::Kinds(all) => kinds(all),
            Takes::Optional(all, last) => format!("{}, and perhaps a {}", kinds(all), last.name()),
            Takes::Several => "two or more values, all Number or all Date".to_owned(),
        };
        let example = function.examples.first().map_or("", |(call, _)| call);
        let diagnostic =
            Diagnostic::new(Code::BadCall, format!("`{}` is given the wrong values", function.name))
                .at(
                    span,
                    format!("given {}", if have.is_empty() { "nothing".to_owned() } else { have.join(", ") }),
                )
                .help(format!("it takes {want}, as in `{example}`"));
        self.report(diagnostic);
    }

    /// An aggregate: the words before its colon are its own.
    pub fn aggregate(
        &mut self,
        variables: &mut Variables,
        written: &ast::Aggregate,
        span: Span,
    ) -> Option<(Expr, Ty)> {
        let Some(found) = builtin::Aggregate::find(&written.function.text) else {
            self.report_unknown_function(&written.function);
            return None;
        };
        let raw = self.raw(&written.body);
        if !self.well_formed(found, written, span) || raw.is_broken() {
            variables.broken = true;
            return None;
        }
        let mut words = Vec::new();
        self.words(&written.value, &mut words);
        words.extend(written.for_each.iter().cloned());
        written.weight.iter().for_each(|weight| self.words(weight, &mut words));
        if let Some(word) = words.iter().find(|word| variables.knows(&word.text)) {
            variables.broken = true;
            self.report(
                Diagnostic::new(Code::BadAggregate, format!("`{}` is in use outside already", word.text))
                    .at(word.span, "here it must be a new word")
                    .help("what an aggregate ranges over has words of its own before the `:`"),
            );
            return None;
        }
        let first = variables.vars.len() as u32;
        variables.enter_negative();
        // Those no sentence names take their value by `=`, if they have one.
        let named = words.iter().filter(|word| names(&raw, &word.text));
        named.for_each(|word| variables.introduce(&word.text, word.span));
        introduce_values(variables, &raw);
        words.iter().for_each(|word| variables.introduce(&word.text, word.span));
        let body = self.cond(variables, &raw);
        if variables.broken {
            variables.leave_negative();
            return None;
        }
        let value = self.expr(variables, &written.value);
        let each: Option<Vec<VarId>> =
            written.for_each.iter().map(|word| self.named(variables, &word.text, word.span)).collect();
        let weight = match &written.weight {
            None => Some(None),
            Some(weight) => self.weight(variables, weight).map(Some),
        };
        variables.leave_negative();
        let own = first..variables.vars.len() as u32;
        let ((value, ty), each, weight) = (value?, each?, weight?);
        let ty = self.result(found, ty, written)?;
        let outside = variables.uses_within(span, 0..first);
        let aggregate = Aggregate { kind: found.kind, value, each, weight, body, own, outside, span };
        Some((Expr::Aggregate(Box::new(aggregate)), ty))
    }

    fn weight(&mut self, variables: &mut Variables, weight: &ast::Expr) -> Option<Expr> {
        let (expr, ty) = self.expr(variables, weight)?;
        self.need_kind(ty, NUMBER, weight.span)?;
        Some(expr)
    }

    /// The kind of an aggregate of values of this kind.
    fn result(&mut self, found: &builtin::Aggregate, ty: Ty, written: &ast::Aggregate) -> Option<Ty> {
        match found.kind {
            AggregateKind::Count => Some(NUMBER),
            AggregateKind::Sum | AggregateKind::Average | AggregateKind::Median => {
                self.need_kind(ty, NUMBER, written.value.span)?;
                Some(NUMBER)
            }
            AggregateKind::Min | AggregateKind::Max => {
                if ty == Ty::Value(ValueKind::Date) {
                    return Some(ty);
                }
                self.need_kind(ty, NUMBER, written.value.span)?;
                Some(NUMBER)
            }
        }
    }

    fn well_formed(&mut self, found: &builtin::Aggregate, written: &ast::Aggregate, span: Span) -> bool {
        let mut words = Vec::new();
        self.words(&written.value, &mut words);
        let lone = matches!(written.value.kind, ExprKind::Term(_)) && words.len() == 1;
        let problem = if found.for_each && written.for_each.is_empty() {
            Some("it is not said what counts once")
        } else if !found.for_each && !written.for_each.is_empty() {
            Some("`for each` does not go with it")
        } else if !found.for_each && written.weight.is_some() {
            Some("`weighted by` does not go with it")
        } else if found.kind == AggregateKind::Count && !lone {
            Some("what is counted must be one word")
        } else if !found.for_each && words.is_empty() {
            Some("it names no word of its own")
        } else {
            None
        };
        if let Some(problem) = problem {
            self.report(
                Diagnostic::new(Code::BadAggregate, format!("`{}`: {problem}", found.name))
                    .at(span, "not well formed")
                    .help(form(found)),
            );
        }
        problem.is_none()
    }

    /// The bare words of a calculation that are no parameters; each once.
    fn words(&self, expr: &ast::Expr, out: &mut Vec<Word>) {
        match &expr.kind {
            ExprKind::Term(term) => {
                if let Some(word) = plain_word(term)
                    && is_bare_name(word)
                    && !matches!(word, "yes" | "no" | "today")
                    && self.parameters.get(word).is_none()
                    && out.iter().all(|known| known.text != word)
                {
                    out.push(Word { text: word.to_owned(), span: term.span });
                }
            }
            ExprKind::Negate(inner) | ExprKind::Duration(inner, _) => self.words(inner, out),
            ExprKind::Binary(_, lhs, rhs) => {
                self.words(lhs, out);
                self.words(rhs, out);
            }
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.words(arg, out)),
            ExprKind::Aggregate(_) | ExprKind::Broken => {}
        }
    }
}

/// Whether a sentence outside negative parts names the word.
fn names(raw: &Raw<'_>, word: &str) -> bool {
    match raw {
        Raw::And(parts) | Raw::Or(parts) => parts.iter().any(|part| names(part, word)),
        Raw::Known(inner, _) => names(inner, word),
        Raw::Atom { args, .. } => args.iter().any(|(term, _)| plain_word(term) == Some(word)),
        Raw::IsKind { term, .. } => plain_word(term) == Some(word),
        Raw::Not(..) | Raw::Compare { .. } | Raw::Is { .. } | Raw::Holds(..) | Raw::Broken => false,
    }
}

fn form(aggregate: &builtin::Aggregate) -> &'static str {
    match aggregate.kind {
        AggregateKind::Count => "write it as in `count(thing: organisation makes thing)`",
        AggregateKind::Min | AggregateKind::Max => "write it as in `min(amount: any payment is of amount)`",
        _ => "write it as in `sum(amount for each payment: payment is of amount)`",
    }
}

fn takes(function: &Builtin, types: &[Ty]) -> bool {
    let fit = |kinds: &[ValueKind]| {
        kinds.len() == types.len() && kinds.iter().zip(types).all(|(kind, ty)| *ty == Ty::Value(*kind))
    };
    match function.takes {
        Takes::Kinds(kinds) => fit(kinds),
        Takes::Optional(kinds, last) => fit(kinds) || fit(&[kinds, &[last]].concat()),
        Takes::Several => {
            types.len() > 1
                && types.iter().all(|ty| ty == &types[0])
                && matches!(types[0], Ty::Value(ValueKind::Number | ValueKind::Date))
        }
    }
}

fn constant(expr: &ast::Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Term(term) => literal(term),
        _ => None,
    }
}
