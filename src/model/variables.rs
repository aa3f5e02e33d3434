//! The words of one clause: which variable each stands for, where it may be used, of which kind it is.

use std::collections::{HashMap, HashSet};

use super::ir::{Constant, Parameter, ParameterId, Ruleset, Slot, Term, Ty, Var, VarId};
use super::meant::missing_word;
use super::resolver::Resolver;
use super::types::{a, describe, expected, is_bare_name};
use crate::base::{InOrder, IndexVec, Span};
use crate::diag::{Code, Diagnostic, Fix, nearest};
use crate::syntax::ast::{Term as Written, TermKind, Word};
use crate::value::{Value, ValueKind};

/// The words of a clause in the making.
pub(super) struct Variables {
    pub vars: IndexVec<VarId, Var>,
    states: IndexVec<VarId, State>,
    /// The clause's own words, then those of each negative part we are in.
    scopes: Vec<Scope>,
    /// The number of negative parts met so far; numbers them from 1 in textual order.
    parts: usize,
    /// Every `any WORD` with its negative part (0: none).
    anys: Vec<(String, Span)>,
    /// Where words stand for a variable, as far as that was found out.
    uses: Vec<(Span, VarId)>,
    /// Words that nothing names, of which that was said: those are one mistake, however often they are used.
    told: HashSet<String>,
    /// Something was wrong with this clause: its words are not judged any further.
    pub broken: bool,
}

struct Scope {
    part: usize,
    names: HashMap<String, Named>,
}

#[derive(Clone, Copy)]
enum Named {
    One(VarId),
    /// Introduced by `any` more than once, so that the plain word could mean either.
    Several,
}

/// What is known of a variable beside its entry.
pub(super) struct State {
    pub mentions: usize,
    /// The negative part it was introduced in; 0 for none.
    pub part: usize,
    /// Whether it takes a value by `=`.
    pub is_let: bool,
    /// Whether it is a slot of the question.
    pub is_subject: bool,
    /// Whether its type is known.
    pub typed: bool,
}

impl Variables {
    pub fn new(subject: &[Slot], span: Span) -> Self {
        let mut variables = Self {
            vars: IndexVec::new(),
            states: IndexVec::new(),
            scopes: vec![Scope { part: 0, names: HashMap::new() }],
            parts: 0,
            anys: Vec::new(),
            uses: Vec::new(),
            told: HashSet::new(),
            broken: false,
        };
        for slot in subject {
            let var = variables.add(&slot.name, Some(slot.ty), span, false);
            variables.states[var].is_subject = true;
            variables.states[var].mentions = 2;
            variables.scopes[0].names.insert(slot.name.clone(), Named::One(var));
        }
        variables
    }

    fn add(&mut self, name: &str, ty: Option<Ty>, span: Span, any: bool) -> VarId {
        let part = self.scopes.last().map_or(0, |scope| scope.part);
        self.states.push(State { mentions: 0, part, is_let: false, is_subject: false, typed: ty.is_some() });
        let ty = ty.unwrap_or(Ty::Value(ValueKind::Number));
        self.vars.push(Var { name: name.to_owned(), ty, any, span })
    }

    pub fn state(&self, var: VarId) -> &State {
        &self.states[var]
    }

    /// The variable a word stands for here.
    fn lookup(&self, name: &str) -> Option<Named> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name).copied())
    }

    pub fn knows(&self, name: &str) -> bool {
        self.lookup(name).is_some()
    }

    /// Introduces a word of the clause's positive part.
    pub fn introduce(&mut self, name: &str, span: Span) {
        if !self.knows(name) {
            let var = self.add(name, None, span, false);
            let innermost = self.scopes.len() - 1;
            self.scopes[innermost].names.insert(name.to_owned(), Named::One(var));
        }
    }

    /// Introduces a word that takes a value by `=`.
    pub fn introduce_value(&mut self, name: &str, span: Span) -> VarId {
        let var = self.add(name, None, span, false);
        self.states[var].is_let = true;
        let innermost = self.scopes.len() - 1;
        self.scopes[innermost].names.insert(name.to_owned(), Named::One(var));
        var
    }

    /// The variable of this word, where this is the place at which it takes its value by `=`.
    pub fn untaken(&self, name: &str, span: Span) -> Option<VarId> {
        match self.lookup(name)? {
            Named::One(var) => (self.states[var].is_let && self.vars[var].span == span).then_some(var),
            Named::Several => None,
        }
    }

    pub fn enter_negative(&mut self) {
        self.parts += 1;
        self.scopes.push(Scope { part: self.parts, names: HashMap::new() });
    }

    pub fn leave_negative(&mut self) {
        self.scopes.pop();
    }

    /// Whether a word stands somewhere as `any WORD`.
    pub fn is_any_too(&self, word: &str) -> bool {
        self.anys.iter().any(|(other, _)| other == word)
    }

    /// Where words within a text stand for variables of these, each place once, in the order of the text.
    pub fn uses_within(&self, text: Span, vars: std::ops::Range<u32>) -> Vec<(Span, VarId)> {
        let is_inside = |span: &Span| span.start >= text.start && span.end <= text.end;
        let inside = self.uses.iter().filter(|(span, var)| is_inside(span) && vars.contains(&var.0));
        let mut out: Vec<(Span, VarId)> = inside.copied().collect();
        out.order_by_key(|(span, _)| span.start);
        // A word that a sentence names and that is compared there stands for a variable twice.
        out.dedup_by_key(|(span, _)| span.start);
        out
    }

    pub fn in_negative(&self) -> bool {
        self.scopes.len() > 1
    }

    /// Narrows a variable's type to what a place takes; `false` where they do not fit.
    fn narrow(&mut self, ruleset: &Ruleset, var: VarId, ty: Ty) -> bool {
        if !self.states[var].typed {
            self.states[var].typed = true;
            self.vars[var].ty = ty;
            return true;
        }
        match (self.vars[var].ty, ty) {
            (Ty::Value(known), Ty::Value(wanted)) => known == wanted,
            (Ty::Thing(known), Ty::Thing(wanted)) => {
                if ruleset.is_part_of(wanted, known) && !self.states[var].is_subject {
                    self.vars[var].ty = ty;
                }
                ruleset.kinds[known].root == ruleset.kinds[wanted].root
            }
            _ => false,
        }
    }

    pub fn set_type(&mut self, var: VarId, ty: Ty) {
        self.vars[var].ty = ty;
        self.states[var].typed = true;
    }

    pub fn type_of(&self, var: VarId) -> Option<Ty> {
        self.states[var].typed.then(|| self.vars[var].ty)
    }
}

impl Resolver<'_> {
    /// The parameter of this name; `today` comes into being with its first use.
    pub fn parameter(&mut self, name: &str, span: Span) -> Option<ParameterId> {
        if let Some(found) = self.parameters.get(name) {
            return Some(found);
        }
        if name != "today" {
            return None;
        }
        let today = Parameter { name: name.to_owned(), kind: ValueKind::Date, value: None, text: None, span };
        let id = self.out.parameters.push(today);
        self.parameters.insert(name, id);
        Some(id)
    }

    /// What a term in a slot of type `ty` stands for.
    pub fn slot_term(&mut self, variables: &mut Variables, term: &Written, ty: Ty) -> Option<Term> {
        let resolved = match &term.kind {
            TermKind::Word(word) if word == "yes" || word == "no" => {
                self.constant_in_slot(term, ty, Value::Flag(word == "yes"))
            }
            TermKind::Word(word) => self.word_in_slot(variables, word, term, ty),
            TermKind::Quoted(text) => match ty {
                Ty::Thing(kind) => {
                    Some(Term::Constant(Constant::Thing(self.out.kinds[kind].domain, text.clone())))
                }
                Ty::Value(_) => self.constant_in_slot(term, ty, Value::Text(text.as_str().into())),
            },
            TermKind::Number(number) => self.constant_in_slot(term, ty, Value::Number(*number)),
            TermKind::Date(date) => self.constant_in_slot(term, ty, Value::Date(*date)),
            TermKind::Any(word) => self.any_in_slot(variables, word, ty, term.span),
            TermKind::Column(_) | TermKind::Wrapped { .. } => {
                self.report(
                    Diagnostic::new(Code::UnexpectedText, "a column cannot stand in a rule")
                        .at(term.span, "columns belong into `from`")
                        .help("write a word, or a name in quotes"),
                );
                None
            }
        };
        variables.broken |= resolved.is_none();
        resolved
    }

    fn constant_in_slot(&mut self, term: &Written, ty: Ty, value: Value) -> Option<Term> {
        if ty == Ty::Value(value.kind()) {
            return Some(Term::Constant(Constant::Value(value)));
        }
        let wanted = expected(&self.out, ty);
        self.report(
            Diagnostic::new(Code::KindMismatch, format!("{} is not {wanted}", describe(term)))
                .at(term.span, format!("expected {wanted}"))
                .help("write a value of the right kind, or a word that stands for one"),
        );
        None
    }

    fn word_in_slot(
        &mut self,
        variables: &mut Variables,
        word: &str,
        term: &Written,
        ty: Ty,
    ) -> Option<Term> {
        if let Some(parameter) = self.parameter(word, term.span) {
            let kind = self.out.parameters[parameter].kind;
            if ty == Ty::Value(kind) {
                return Some(Term::Parameter(parameter));
            }
            let wanted = expected(&self.out, ty);
            self.report(
                Diagnostic::new(
                    Code::KindMismatch,
                    format!("the parameter `{word}` is {}, not {wanted}", a(kind.name())),
                )
                .at(term.span, format!("expected {wanted}"))
                .at(self.out.parameters[parameter].span, "declared here")
                .help("use another word here"),
            );
            return None;
        }
        if !is_bare_name(word) {
            self.report(
                Diagnostic::new(Code::KindMismatch, format!("`{word}` cannot stand in a sentence's place"))
                    .at(term.span, "words for things begin with a small letter")
                    .help("write a word such as `party`, or a name in quotes")
                    .fix(Fix::replace("write it small", term.span, word.to_lowercase(), false)),
            );
            return None;
        }
        let var = self.named(variables, word, term.span)?;
        self.narrow(variables, var, ty, term.span).then_some(Term::Var(var))
    }

    /// The variable of a word that must be known here; counts the mention.
    pub fn named(&mut self, variables: &mut Variables, word: &str, span: Span) -> Option<VarId> {
        match variables.lookup(word) {
            Some(Named::One(var)) => {
                variables.states[var].mentions += 1;
                variables.uses.push((span, var));
                Some(var)
            }
            Some(Named::Several) => {
                variables.broken = true;
                self.report(
                    Diagnostic::new(Code::BadAny, format!("`{word}` could mean either of two `any {word}`"))
                        .at(span, "not clear which")
                        .help("give the two different words"),
                );
                None
            }
            None => {
                variables.broken = true;
                let near = near_word(variables, word);
                let is_new = variables.told.insert(word.to_owned()) || near.is_some();
                if is_new && !self.unread_part && !self.unread.contains(word) {
                    let is_any = |(var, own): &(VarId, &Var)| {
                        own.any && own.name == word && variables.states[*var].part == 0
                    };
                    let any = variables.vars.iter_enumerated().find(is_any).map(|(_, own)| own.span);
                    self.report(match any {
                        Some(any) => only_any(word, span, any),
                        None if variables.in_negative() => fresh_in_negative(word, span, near.as_deref()),
                        None => unbound(word, span, near.as_deref()),
                    });
                }
                None
            }
        }
    }

    /// Narrows a variable to what a place takes; reports where it does not fit.
    pub fn narrow(&mut self, variables: &mut Variables, var: VarId, ty: Ty, span: Span) -> bool {
        let before = variables.vars[var].ty;
        if variables.narrow(&self.out, var, ty) {
            return true;
        }
        variables.broken = true;
        let Var { name, span: first, .. } = &variables.vars[var];
        let diagnostic = Diagnostic::new(
            Code::KindMismatch,
            format!(
                "`{name}` is {} and cannot be {} too",
                a(self.out.type_name(before)),
                a(self.out.type_name(ty))
            ),
        )
        .at(span, format!("{} here", a(self.out.type_name(ty))))
        .at(*first, format!("{} here", a(self.out.type_name(before))))
        .help("use two different words");
        self.report(diagnostic);
        false
    }

    fn any_in_slot(&mut self, variables: &mut Variables, word: &Word, ty: Ty, span: Span) -> Option<Term> {
        if self.parameter(&word.text, word.span).is_some() {
            self.report(
                Diagnostic::new(Code::ParameterClash, format!("`{}` is a parameter", word.text))
                    .at(word.span, "nothing else may be called so")
                    .help("choose another word"),
            );
            return None;
        }
        let var = variables.add(&word.text, Some(ty), span, true);
        variables.states[var].mentions = 1;
        variables.anys.push((word.text.clone(), span));
        if variables.in_negative() {
            if variables.scopes.iter().rev().skip(1).any(|scope| scope.names.contains_key(&word.text)) {
                self.report_bad_any(&word.text, span);
                return None;
            }
            let innermost = variables.scopes.len() - 1;
            let names = &mut variables.scopes[innermost].names;
            let named = if names.contains_key(&word.text) { Named::Several } else { Named::One(var) };
            names.insert(word.text.clone(), named);
        }
        Some(Term::Var(var))
    }

    /// Reports each `any WORD` whose word the clause also uses plainly.
    pub fn check_anys(&mut self, variables: &Variables) {
        for (word, span) in &variables.anys {
            if variables.scopes[0].names.contains_key(word) {
                self.report_bad_any(word, *span);
            }
        }
    }

    fn report_bad_any(&mut self, word: &str, span: Span) {
        self.report(
            Diagnostic::new(Code::BadAny, format!("`{word}` is already in use here, so it is not just any"))
                .at(span, "a new word is needed")
                .help(format!("write `{word}` alone if the same one is meant, else `any` with another word")),
        );
    }
}

fn near_word(variables: &Variables, word: &str) -> Option<String> {
    let known = variables.vars.iter().filter(|var| !var.any).map(|var| var.name.as_str());
    nearest(word, known).map(str::to_owned)
}

fn fresh_in_negative(word: &str, span: Span, near: Option<&str>) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::FreshInNegative, format!("nothing names `{word}` outside this part"))
            .at(span, "new here");
    match near {
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`? If whichever it is does not matter, write `any {word}`"))
            .fix(Fix::replace(format!("write `{near}`"), span, near, false)),
        None => diagnostic
            .help(format!("write `any {word}` if whichever it is does not matter"))
            .fix(Fix::replace(format!("write `any {word}`"), span, format!("any {word}"), false)),
    }
}

fn only_any(word: &str, span: Span, any: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnboundWord,
        format!("`any {word}` is whichever there is, so `{word}` stands for none"),
    )
    .at(span, "has no value here")
    .at(any, "named here, but as any")
    .help(format!("write `{word}` instead of `any {word}`"))
    .fix(Fix::replace(format!("write `{word}`"), any, word, false))
}

fn unbound(word: &str, span: Span, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::UnboundWord, format!("no sentence says what `{word}` is"))
        .at(span, "has no value here");
    match (missing_word(word), near) {
        (Some(help), _) => diagnostic.help(help),
        (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")).fix(Fix::replace(
            format!("write `{near}`"),
            span,
            near,
            false,
        )),
        (None, None) => diagnostic.help(format!("name `{word}` in a sentence, or put a text in quotes")),
    }
}
