//! One body with its conclusion: words become variables, then it is checked that every word has a
//! value wherever it is used.

use std::collections::BTreeSet;

use super::ir::{Atom, Clause, CompareOp, Cond, Expr, Slot, Term, Ty, Var, VarId};
use super::raw::{Raw, Side};
use super::readings::plain_word;
use super::resolver::Resolver;
use super::settle::settle;
use super::types::{a, is_bare_name};
use super::variables::Variables;
pub(crate) use super::walk::{
    all_cond_vars, as_var, bind, clauses, cond_vars, expr_vars, is_risky, may_fail, parameters_in,
    parameters_of,
};
use crate::base::Span;
use crate::diag::{Code, Diagnostic, Fix};
use crate::syntax::ast::{self, Body, ExprKind, Term as Written, TermKind};

/// The most conditions of one body: the search for ways to meet it is planned pair by pair.
const MOST_CONDITIONS: usize = 500;

/// What a clause is for.
pub(super) struct Purpose<'a> {
    /// The question's slots, bound from outside where `bound`.
    pub subject: &'a [Slot],
    /// Whether the population gives the subject its values.
    pub bound: bool,
    /// A conclusion's terms with the types of their slots.
    pub head: Vec<(&'a Written, Ty)>,
    /// Where the whole clause stands.
    pub span: Span,
}

impl Resolver<'_> {
    /// Resolves a body; `None` where something in it was reported.
    pub fn clause(
        &mut self,
        when: &Body,
        unless: Option<&Body>,
        purpose: &Purpose<'_>,
    ) -> Option<(Clause, Vec<Term>)> {
        self.unread.clear();
        self.unread_part = false;
        let raw_when = self.raw(when);
        let raw_unless = unless.map(|body| self.raw(body));
        let mut variables = Variables::new(purpose.subject, purpose.span);
        variables.broken = raw_when.is_broken() || raw_unless.as_ref().is_some_and(Raw::is_broken);
        let conditions = raw_when.count() + raw_unless.as_ref().map_or(0, Raw::count);
        if conditions > MOST_CONDITIONS {
            self.report(
                Diagnostic::new(Code::TooMany, format!("{conditions} conditions stand in one body"))
                    .at(when.span, format!("at most {MOST_CONDITIONS} can be read"))
                    .help("define parts of it as sentences of their own"),
            );
            return None;
        }
        self.introduce_positive(&mut variables, &raw_when);
        introduce_values(&mut variables, &raw_when);
        let when = self.cond(&mut variables, &raw_when);
        let head = self.conclusion(&mut variables, &purpose.head);
        let unless = raw_unless.as_ref().map(|raw| {
            variables.enter_negative();
            introduce_values(&mut variables, raw);
            let cond = self.cond(&mut variables, raw);
            variables.leave_negative();
            cond
        });
        self.check_anys(&variables);
        if variables.broken {
            return None;
        }
        let mut clause = Clause { vars: variables.vars.clone(), when, unless };
        settle(&mut clause);
        let sound = self.check_clause(&variables, &clause, &head, purpose);
        sound.then_some((clause, head))
    }

    /// Introduces the words of all sentences outside negative parts.
    fn introduce_positive(&mut self, variables: &mut Variables, raw: &Raw<'_>) {
        match raw {
            Raw::And(parts) | Raw::Or(parts) => {
                for part in parts {
                    self.introduce_positive(variables, part);
                }
            }
            Raw::Atom { args, .. } => {
                for (term, _) in args {
                    self.introduce_term(variables, term);
                }
            }
            Raw::IsKind { term, .. } => self.introduce_term(variables, term),
            Raw::Known(inner, _) => self.introduce_positive(variables, inner),
            Raw::Holds(..) | Raw::Not(..) | Raw::Compare { .. } | Raw::Is { .. } | Raw::Broken => {}
        }
    }

    fn introduce_term(&mut self, variables: &mut Variables, term: &Written) {
        if let Some(word) = plain_word(term)
            && is_bare_name(word)
            && word != "yes"
            && word != "no"
            && word != "today"
            && self.parameters.get(word).is_none()
        {
            variables.introduce(word, term.span);
        }
    }

    pub fn cond(&mut self, variables: &mut Variables, raw: &Raw<'_>) -> Cond {
        match raw {
            Raw::And(parts) => Cond::And(parts.iter().map(|part| self.cond(variables, part)).collect()),
            Raw::Or(parts) => Cond::Or(parts.iter().map(|part| self.cond(variables, part)).collect()),
            Raw::Not(inner, span) => {
                variables.enter_negative();
                introduce_values(variables, inner);
                let inner = self.cond(variables, inner);
                variables.leave_negative();
                Cond::Not(Box::new(inner), *span)
            }
            Raw::Atom { source, args, span } => {
                let terms: Option<Vec<Term>> =
                    args.iter().map(|(term, ty)| self.slot_term(variables, term, *ty)).collect();
                terms.map_or(Cond::And(Vec::new()), |args| {
                    Cond::Atom(Atom { source: source.clone(), args, known: false, span: *span })
                })
            }
            Raw::Known(inner, span) => {
                let inner = self.cond(variables, inner);
                self.known(variables, inner, *span)
            }
            Raw::Holds(expr, span) => self.holds(variables, expr, *span).unwrap_or_else(|| broken(variables)),
            Raw::Compare { lhs, op, rhs, span } => {
                self.compare(variables, lhs, *op, rhs, *span).unwrap_or_else(|| broken(variables))
            }
            Raw::Is { lhs, rhs, not, span } => {
                self.is(variables, lhs, rhs, *not, *span).unwrap_or_else(|| broken(variables))
            }
            Raw::IsKind { term, kind, span } => match self.slot_term(variables, term, Ty::Thing(*kind)) {
                Some(term) => Cond::IsKind { term, kind: *kind, span: *span },
                None => broken(variables),
            },
            Raw::Broken => broken(variables),
        }
    }

    /// What `known` stands before, decided by what is certain alone: no word of it may hold a missing
    /// value.
    fn known(&mut self, variables: &mut Variables, cond: Cond, span: Span) -> Cond {
        match cond {
            Cond::Atom(atom) => {
                let values: BTreeSet<VarId> = atom
                    .args
                    .iter()
                    .filter_map(as_var)
                    .filter(|var| matches!(variables.type_of(*var), Some(Ty::Value(_))))
                    .collect();
                let span = atom.span;
                let mut parts = vec![Cond::Atom(Atom { known: true, ..atom })];
                parts.extend(values.into_iter().map(|var| Cond::Stated { var, span }));
                Cond::And(parts)
            }
            // A sentence whose last word is compared.
            Cond::And(parts) if matches!(parts.as_slice(), [Cond::Atom(_), Cond::Compare { .. }]) => {
                Cond::And(
                    parts
                        .into_iter()
                        .map(|part| match part {
                            Cond::Atom(_) => self.known(variables, part, span),
                            other => other,
                        })
                        .collect(),
                )
            }
            Cond::IsKind { .. } => cond,
            _ if variables.broken => cond,
            _ => {
                variables.broken = true;
                self.report(
                    Diagnostic::new(Code::UnexpectedText, "`known` stands before a sentence of facts")
                        .at(span, "no such sentence")
                        .help("write it as in `known flight arrived late by any minutes`"),
                );
                cond
            }
        }
    }

    fn conclusion(&mut self, variables: &mut Variables, head: &[(&Written, Ty)]) -> Vec<Term> {
        let mut terms = Vec::new();
        // A body that could not be read may name any word.
        let unread = variables.broken;
        for (term, ty) in head {
            if let TermKind::Any(word) = &term.kind {
                variables.broken = true;
                self.report(
                    Diagnostic::new(Code::BadAny, "a conclusion cannot be about just any")
                        .at(term.span, "which one?")
                        .help(format!("write `{}` and name it in the body", word.text)),
                );
                continue;
            }
            let unnamed = plain_word(term).filter(|word| {
                is_bare_name(word)
                    && !matches!(*word, "yes" | "no" | "today")
                    && self.parameters.get(word).is_none()
                    && !variables.knows(word)
            });
            if let Some(word) = unnamed {
                variables.broken = true;
                if !unread {
                    self.report(unbound_conclusion(word, term.span));
                }
            } else if let Some(term) = self.head_term(variables, term, *ty) {
                terms.push(term);
            }
        }
        terms
    }

    /// A term of a conclusion. It narrows nothing: what the body says must do.
    fn head_term(&mut self, variables: &mut Variables, term: &Written, ty: Ty) -> Option<Term> {
        let word = plain_word(term).filter(|word| is_bare_name(word) && variables.knows(word));
        let Some(word) = word else { return self.slot_term(variables, term, ty) };
        let var = self.named(variables, word, term.span)?;
        if let (Some(Ty::Thing(have)), Ty::Thing(need)) = (variables.type_of(var), ty)
            && self.out.kinds[have].root == self.out.kinds[need].root
        {
            return Some(Term::Var(var));
        }
        self.narrow(variables, var, ty, term.span).then_some(Term::Var(var))
    }

    fn check_clause(
        &mut self,
        variables: &Variables,
        clause: &Clause,
        head: &[Term],
        purpose: &Purpose<'_>,
    ) -> bool {
        let mut outer: BTreeSet<VarId> = BTreeSet::new();
        if purpose.bound {
            outer.extend((0..purpose.subject.len() as u32).map(VarId));
        }
        let mut check = Check { variables, part: 0, problems: Vec::new() };
        let mut known = outer.clone();
        bind(&clause.when, &mut known);
        check.uses(&clause.when, &known);
        if let Some(unless) = &clause.unless {
            check.part += 1;
            let part = check.part;
            check.negative(unless, part, &known, unless.span().unwrap_or(purpose.span));
        }
        let problems = check.problems;
        let mut sound = problems.is_empty();
        for (var, span) in problems {
            self.report_unbound(&clause.vars[var], span);
        }
        sound &= self.check_conclusion(clause, head, &known, purpose);
        sound & self.check_mentions(variables)
    }

    fn check_conclusion(
        &mut self,
        clause: &Clause,
        head: &[Term],
        known: &BTreeSet<VarId>,
        purpose: &Purpose<'_>,
    ) -> bool {
        let mut sound = true;
        for (term, (written, ty)) in head.iter().zip(&purpose.head) {
            let Term::Var(var) = term else { continue };
            let entry = &clause.vars[*var];
            if !known.contains(var) {
                sound = false;
                self.report(unbound_conclusion(&entry.name, written.span));
            } else if let (Ty::Thing(have), Ty::Thing(need)) = (entry.ty, ty)
                && !self.out.is_part_of(have, *need)
            {
                sound = false;
                let (have, need) = (&self.out.kinds[have].name, &self.out.kinds[*need].name);
                let diagnostic = Diagnostic::new(
                    Code::WrongWidening,
                    format!(
                        "`{}` is known to be {}, but the conclusion needs {}",
                        entry.name,
                        a(have),
                        a(need)
                    ),
                )
                .at(written.span, format!("must be {}", a(need)))
                .at(entry.span, format!("only {} here", a(have)))
                .help(format!("add `and {} is {}`", entry.name, a(need)));
                self.report(diagnostic);
            }
        }
        if !purpose.bound {
            for (at, slot) in purpose.subject.iter().enumerate() {
                if !known.contains(&VarId(at as u32)) {
                    sound = false;
                    self.report(
                        Diagnostic::new(
                            Code::UnboundConclusion,
                            format!("nothing here names `{}`", slot.name),
                        )
                        .at(purpose.span, "every word of the subject must be named")
                        .help(format!(
                            "add a sentence that names `{}` outside of `not` and `unless`",
                            slot.name
                        )),
                    );
                }
            }
        }
        sound
    }

    fn check_mentions(&mut self, variables: &Variables) -> bool {
        let mut sound = true;
        for (id, var) in variables.vars.iter_enumerated() {
            let state = variables.state(id);
            if var.any || state.is_subject || state.mentions > 1 {
                continue;
            }
            sound = false;
            // That it also stands as `any` is reported: then it is told how to name it.
            if variables.is_any_too(&var.name) {
                continue;
            }
            // Of two words that differ by a slip, each named once, the later is taken for the slip.
            let later = variables.vars.iter_enumerated().any(|(other, entry)| {
                other > id
                    && !entry.any
                    && variables.state(other).mentions == 1
                    && crate::diag::nearest(&var.name, [entry.name.as_str()]).is_some()
            });
            if later {
                continue;
            }
            if state.is_let {
                self.report(
                    Diagnostic::new(
                        Code::UnusedValue,
                        format!("`{}` gets a value that nothing uses", var.name),
                    )
                    .at(var.span, "used nowhere else")
                    .help("use it, or delete this condition"),
                );
            } else {
                self.report_named_once(var, variables);
            }
        }
        sound
    }

    fn report_named_once(&mut self, var: &Var, variables: &Variables) {
        let others = variables.vars.iter().filter(|other| other.name != var.name && !other.any);
        let near =
            crate::diag::nearest(&var.name, others.map(|other| other.name.as_str())).map(str::to_owned);
        let choice = format!(
            "write `any {0}` if whichever it is does not matter, or `\"{0}\"` if that is a name",
            var.name
        );
        let help = match &near {
            Some(near) => format!("did you mean `{near}`? Else {choice}"),
            None => choice,
        };
        let text = near.unwrap_or_else(|| format!("any {}", var.name));
        let diagnostic = Diagnostic::new(Code::NamedOnce, format!("`{}` is named only once", var.name))
            .at(var.span, "nothing else here speaks of it")
            .help(help)
            .fix(Fix::replace(format!("write `{text}`"), var.span, text, false));
        self.report(diagnostic);
    }

    fn report_unbound(&mut self, var: &Var, span: Span) {
        let mut diagnostic =
            Diagnostic::new(Code::UnboundWord, format!("no sentence says what `{}` is", var.name))
                .at(span, "has no value here");
        if var.span != span {
            diagnostic = diagnostic.at(var.span, "named here, but not always when it is needed");
        }
        self.report(diagnostic.help(format!(
            "name `{}` in a sentence outside of `not`; after `or`, in every branch",
            var.name
        )));
    }
}

fn broken(variables: &mut Variables) -> Cond {
    variables.broken = true;
    Cond::And(Vec::new())
}

fn unbound_conclusion(word: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnboundConclusion, format!("nothing in the body says what `{word}` is"))
        .at(span, "named only in the conclusion")
        .help(format!("add a sentence that names `{word}`, or give it a value as in `{word} = …`"))
}

/// Introduces the words that take a value by `=`, in textual order, after all sentences.
pub(super) fn introduce_values(variables: &mut Variables, raw: &Raw<'_>) {
    let mut anys = Vec::new();
    // Outside negative parts `any` introduces nothing that could be named again.
    if variables.in_negative() {
        any_words(raw, &mut anys);
    }
    introduce_unless_any(variables, raw, &anys);
}

/// The words that sentences of this part introduce by `any`.
fn any_words<'r>(raw: &'r Raw<'_>, anys: &mut Vec<&'r str>) {
    match raw {
        Raw::And(parts) | Raw::Or(parts) => parts.iter().for_each(|part| any_words(part, anys)),
        Raw::Known(inner, _) => any_words(inner, anys),
        Raw::Atom { args, .. } => args.iter().for_each(|(term, _)| any_word(term, anys)),
        Raw::IsKind { term, .. } => any_word(term, anys),
        Raw::Holds(..) | Raw::Not(..) | Raw::Compare { .. } | Raw::Is { .. } | Raw::Broken => {}
    }
}

fn any_word<'r>(term: &'r Written, anys: &mut Vec<&'r str>) {
    if let TermKind::Any(word) = &term.kind {
        anys.push(&word.text);
    }
}

fn introduce_unless_any(variables: &mut Variables, raw: &Raw<'_>, anys: &[&str]) {
    match raw {
        Raw::And(parts) | Raw::Or(parts) => {
            for part in parts {
                introduce_unless_any(variables, part, anys);
            }
        }
        Raw::Compare { lhs: Side::Expr(lhs), op: CompareOp::Eq, .. } => {
            if let Some((word, span)) = lone_word(lhs)
                && !variables.knows(word)
                && !anys.contains(&word)
            {
                variables.introduce_value(word, span);
            }
        }
        Raw::Compare { .. }
        | Raw::Holds(..)
        | Raw::Known(..)
        | Raw::Not(..)
        | Raw::Atom { .. }
        | Raw::Is { .. }
        | Raw::IsKind { .. }
        | Raw::Broken => {}
    }
}

/// The word an expression consists of.
pub(super) fn lone_word(expr: &ast::Expr) -> Option<(&str, Span)> {
    match &expr.kind {
        ExprKind::Term(term) => {
            let word = plain_word(term)
                .filter(|word| is_bare_name(word) && !matches!(*word, "yes" | "no" | "today"))?;
            Some((word, term.span))
        }
        _ => None,
    }
}

impl Raw<'_> {
    fn count(&self) -> usize {
        match self {
            Raw::And(parts) | Raw::Or(parts) => parts.iter().map(Raw::count).sum(),
            Raw::Not(inner, _) | Raw::Known(inner, _) => inner.count(),
            Raw::Broken
            | Raw::Holds(..)
            | Raw::Atom { .. }
            | Raw::Compare { .. }
            | Raw::Is { .. }
            | Raw::IsKind { .. } => 1,
        }
    }

    pub fn is_broken(&self) -> bool {
        match self {
            Raw::And(parts) | Raw::Or(parts) => parts.iter().any(Raw::is_broken),
            Raw::Not(inner, _) | Raw::Known(inner, _) => inner.is_broken(),
            Raw::Broken => true,
            Raw::Holds(..) | Raw::Atom { .. } | Raw::Compare { .. } | Raw::Is { .. } | Raw::IsKind { .. } => {
                false
            }
        }
    }
}

/// Walks a clause and notes words used where they have no value. Negative parts are numbered as
/// `Variables` numbered them: in textual order, the `unless` last.
struct Check<'v> {
    variables: &'v Variables,
    part: usize,
    problems: Vec<(VarId, Span)>,
}

impl Check<'_> {
    fn uses(&mut self, cond: &Cond, known: &BTreeSet<VarId>) {
        match cond {
            Cond::And(parts) => {
                for part in parts {
                    self.uses(part, known);
                }
            }
            Cond::Or(parts) => {
                for part in parts {
                    let mut branch = known.clone();
                    bind(part, &mut branch);
                    self.uses(part, &branch);
                }
            }
            Cond::Not(inner, span) => {
                self.part += 1;
                let part = self.part;
                self.negative(inner, part, known, *span);
            }
            Cond::Compare { lhs, rhs, span, .. } => {
                let mut used = Vec::new();
                expr_vars(lhs, &mut used);
                expr_vars(rhs, &mut used);
                self.need(&used, known, *span);
                self.within(lhs, known);
                self.within(rhs, known);
            }
            Cond::Let { value, span, .. } => {
                let mut used = Vec::new();
                expr_vars(value, &mut used);
                self.need(&used, known, *span);
                self.within(value, known);
            }
            Cond::Atom(_) | Cond::IsKind { .. } | Cond::Stated { .. } => {}
        }
    }

    /// The aggregates of a calculation.
    fn within(&mut self, expr: &Expr, known: &BTreeSet<VarId>) {
        let mut found = Vec::new();
        expr.aggregates(&mut |aggregate| found.push(aggregate));
        for aggregate in found {
            self.part += 1;
            let mut inside = known.clone();
            bind(&aggregate.body, &mut inside);
            self.uses(&aggregate.body, &inside);
            let mut used = aggregate.each.clone();
            for expr in std::iter::once(&aggregate.value).chain(&aggregate.weight) {
                expr_vars(expr, &mut used);
                self.within(expr, &inside);
            }
            self.need(&used, &inside, aggregate.span);
        }
    }

    fn negative(&mut self, inner: &Cond, part: usize, known: &BTreeSet<VarId>, span: Span) {
        let mut mentioned = Vec::new();
        cond_vars(inner, &mut mentioned);
        let outer: Vec<VarId> =
            mentioned.into_iter().filter(|var| self.variables.state(*var).part < part).collect();
        self.need(&outer, known, span);
        let mut inside = known.clone();
        bind(inner, &mut inside);
        self.uses(inner, &inside);
    }

    fn need(&mut self, used: &[VarId], known: &BTreeSet<VarId>, span: Span) {
        for var in used {
            let reported = self.problems.iter().any(|(seen, _)| seen == var);
            if !known.contains(var) && !reported {
                self.problems.push((*var, span));
            }
        }
    }
}
