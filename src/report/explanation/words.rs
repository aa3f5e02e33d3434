//! Sentences of a ruleset with names in their slots, and conditions and calculations in words.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::amounts::compared;
use crate::base::{IndexVec, SourceMap, Span, article, printable};
use crate::checker::{Derivation, Fact, Held, Says};
use crate::explain::{Newcomers, asked_beside};
use crate::facts::Origin;
use crate::model::clause::{all_cond_vars, parameters_in};
use crate::model::readings::singular;
use crate::model::{
    Aggregate, Atom, AtomSource, BinaryOp, Clause, CompareOp, Cond, Constant, Expr, KindId, LensId,
    ParameterId, QuestionId, Reading, ReadingPart, RelationId, Ruleset, Term, Ty, VarId,
};
use crate::value::Value;

/// What sentences are made with.
pub(in crate::report) struct Words<'a> {
    pub ruleset: &'a Ruleset,
    pub sources: &'a SourceMap,
    /// The values parameters have, where they are told.
    pub parameters: Option<&'a IndexVec<ParameterId, Option<Value>>>,
    /// How those are called whom changes bring in, where it is told who is new.
    pub newcomers: Option<&'a Newcomers>,
}

/// A body with what its words stand for.
pub(in crate::report) struct Body<'a> {
    pub clause: &'a Clause,
    pub words: &'a [Held],
    /// Words without a value that were named already.
    named: RefCell<BTreeSet<VarId>>,
}

impl<'a> Body<'a> {
    pub fn new(clause: &'a Clause, derivation: &'a Derivation) -> Self {
        Self { clause, words: &derivation.words, named: RefCell::default() }
    }

    fn is_free(&self, var: VarId) -> bool {
        matches!(self.words.get(var.0 as usize), Some(Held::Free) | None)
    }

    pub fn with_words(clause: &'a Clause, words: &'a [Held]) -> Self {
        Self { clause, words, named: RefCell::default() }
    }

    /// What a word is called: without the digits that tell it from others, where nothing else is called so.
    pub fn name(&self, var: VarId) -> &'a str {
        let full = self.clause.vars[var].name.as_str();
        let short = |name: &'a str| name.trim_end_matches(|c: char| c.is_ascii_digit());
        let name = short(full);
        let mut vars = self.clause.vars.iter_enumerated();
        let shared = name.is_empty() || vars.any(|(other, entry)| other != var && short(&entry.name) == name);
        // Aggregates are shown as they are written.
        let mut shown = Vec::new();
        for cond in std::iter::once(&self.clause.when).chain(&self.clause.unless) {
            counted(cond, &mut shown);
        }
        if shared || shown.contains(&var) { full } else { name }
    }

    /// Forgets which words were named.
    pub fn afresh(&self) {
        self.named.borrow_mut().clear();
    }
}

/// The words in aggregates of a condition.
fn counted(cond: &Cond, out: &mut Vec<VarId>) {
    match cond {
        Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| counted(part, out)),
        Cond::Not(inner, _) => counted(inner, out),
        Cond::Atom(_)
        | Cond::Compare { .. }
        | Cond::Let { .. }
        | Cond::Stated { .. }
        | Cond::IsKind { .. } => {}
    }
    cond.aggregated(&mut |body| all_cond_vars(body, out));
}

impl Words<'_> {
    #[expect(clippy::unused_self, reason = "all that makes words is asked of them")]
    pub fn constant(&self, constant: &Constant) -> String {
        match constant {
            Constant::Thing(_, name) => printable(name).into_owned(),
            Constant::Value(value) => printable(&value.to_string()).into_owned(),
        }
    }

    /// The same as sentences have it: texts, and names that are no bare words, in quotes.
    pub fn written(&self, constant: &Constant) -> String {
        let text = self.constant(constant);
        match constant {
            Constant::Thing(_, name) if is_bare(name) => text,
            Constant::Thing(..) | Constant::Value(Value::Text(_)) => quote(&text),
            Constant::Value(_) => text,
        }
    }

    pub fn held(&self, constant: Option<&Constant>) -> String {
        constant.map_or_else(|| "…".to_owned(), |constant| self.written(constant))
    }

    /// Names as the command line has them: in quotes where a comma or a quote stands in one.
    pub fn listed(&self, names: &[Constant]) -> String {
        let one = |name: &Constant| {
            let text = self.constant(name);
            if text.contains([',', '"']) { quote(&text) } else { text }
        };
        names.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    #[expect(clippy::unused_self, reason = "all that makes words is asked of them")]
    fn reading(&self, reading: &Reading, slots: &[String], verdict: &str) -> String {
        let mut one = false;
        let parts = reading.parts.iter().map(|part| match part {
            ReadingPart::Word(word) => {
                if std::mem::take(&mut one) {
                    singular(word)
                } else {
                    word.clone()
                }
            }
            ReadingPart::Slot(slot) => {
                let text = slots.get(*slot).map_or("…", String::as_str);
                one = text == "1";
                text.to_owned()
            }
            ReadingPart::Verdict => verdict.to_owned(),
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    /// How somebody new of a kind is called; nothing of anybody else.
    pub fn named(&self, kind: KindId, thing: &Constant) -> Option<String> {
        let Constant::Thing(_, name) = thing else { return None };
        let kind = &self.ruleset.kinds[kind].name;
        Some(match self.newcomers?.place(name)? {
            0 => format!("a new {kind}"),
            1 => format!("another new {kind}"),
            _ => format!("yet another new {kind}"),
        })
    }

    /// `council pays charity for advocacy`.
    pub fn fact(&self, relation: RelationId, args: &[Option<Constant>]) -> String {
        let slots = self.ruleset.relations[relation].slots.iter().zip(args);
        let slots: Vec<String> = slots
            .map(|(slot, arg)| match (slot.ty, arg) {
                (Ty::Thing(kind), Some(thing)) => {
                    self.named(kind, thing).unwrap_or_else(|| self.held(arg.as_ref()))
                }
                _ => self.held(arg.as_ref()),
            })
            .collect();
        self.relation(relation, &slots)
    }

    pub fn relation(&self, relation: RelationId, slots: &[String]) -> String {
        self.reading(&self.ruleset.relations[relation].readings[0], slots, "")
    }

    /// `council is customer of charity`.
    pub fn verdict(&self, question: QuestionId, subject: &[Constant], verdict: &str) -> String {
        let slots: Vec<String> = subject.iter().map(|name| self.written(name)).collect();
        self.reading(&self.ruleset.questions[question].reading, &slots, verdict)
    }

    /// `customer`, `conflict`, `unknown (customer or other)`.
    pub fn says(&self, question: QuestionId, says: &Says) -> String {
        let all = self.outcomes(question, says);
        match all.as_slice() {
            [] => "outside".to_owned(),
            [one] => one.clone(),
            many => format!("unknown ({})", many.join(" or ")),
        }
    }

    pub fn outcomes(&self, question: QuestionId, says: &Says) -> Vec<String> {
        let verdicts = &self.ruleset.questions[question].verdicts;
        let mut all: Vec<String> = says.verdicts.iter().map(|id| verdicts[*id].name.clone()).collect();
        if says.conflict {
            all.push("conflict".to_owned());
        }
        if says.none {
            all.push("none".to_owned());
        }
        all
    }

    /// `file:line`, or `table:row`; `None` where nobody stated it.
    pub fn place(&self, origin: Origin) -> Option<String> {
        match origin {
            Origin::Nobody => None,
            Origin::Text(span) => Some(self.span(span)),
            Origin::Row { table, line } => {
                let path = self.ruleset.tables.get(table as usize).map_or("a table", |table| &table.path);
                Some(format!("{path}:{line}"))
            }
        }
    }

    pub fn span(&self, span: Span) -> String {
        self.sources.place(span)
    }

    pub fn term(&self, term: &Term, body: &Body<'_>) -> String {
        match term {
            Term::Constant(constant) => self.written(constant),
            Term::Parameter(parameter) => self.ruleset.parameters[*parameter].name.clone(),
            Term::Var(var) => match body.words.get(var.0 as usize) {
                Some(Held::Is(constant)) => self.written(constant),
                Some(Held::Missing) => "…".to_owned(),
                Some(Held::Free) | None => {
                    let name = body.name(*var);
                    let first = body.named.borrow_mut().insert(*var);
                    format!("{} {name}", if first { "any" } else { "that" })
                }
            },
        }
    }

    pub fn atom(&self, atom: &Atom, body: &Body<'_>) -> String {
        self.sentence(atom, &[], body)
    }

    /// A sentence; that values of words in it are known is said where they stand.
    fn sentence(&self, atom: &Atom, stated: &[VarId], body: &Body<'_>) -> String {
        let mut open = false;
        let slots: Vec<String> = atom
            .args
            .iter()
            .map(|term| match term {
                Term::Var(var) if stated.contains(var) && body.is_free(*var) => {
                    open = true;
                    body.named.borrow_mut().insert(*var);
                    format!("a known {}", body.name(*var))
                }
                other => self.term(other, body),
            })
            .collect();
        let known = if atom.known && !open { "it is known that " } else { "" };
        let lens = |id: &LensId| self.ruleset.lenses[*id].name.clone();
        match &atom.source {
            AtomSource::Relation(relation) => format!("{known}{}", self.relation(*relation, &slots)),
            AtomSource::Verdict { question, verdict, needed, lenses } => {
                let question = &self.ruleset.questions[*question];
                let sentence = self.reading(&question.reading, &slots, &question.verdicts[*verdict].name);
                let names: Vec<String> = lenses.iter().map(lens).collect();
                format!("{known}{sentence} according to {}", among(*needed, &names))
            }
            AtomSource::Disagree { left, right, .. } => {
                format!("{known}lenses {} and {} disagree on {}", lens(left), lens(right), slots.join(", "))
            }
        }
    }

    /// A condition in words.
    pub fn cond(&self, cond: &Cond, body: &Body<'_>) -> String {
        match cond {
            Cond::And(_) => {
                let mut parts = Vec::new();
                flat(cond, &mut parts);
                self.all_of(&parts, body)
            }
            Cond::Or(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.cond(part, body)).collect();
                parts.join(" or ")
            }
            Cond::Not(inner, _) => format!("not {}", self.bracketed(inner, body)),
            Cond::Atom(atom) => self.atom(atom, body),
            Cond::Compare {
                lhs: lhs @ Expr::Call(..),
                op: CompareOp::Eq,
                rhs: Expr::Term(Term::Constant(Constant::Value(Value::Flag(is)))),
                ..
            } => format!("{}{}", if *is { "" } else { "not " }, self.expr(lhs, body)),
            Cond::Compare { lhs, op, rhs, .. } => {
                format!("{} {} {}", self.expr(lhs, body), symbol(*op, lhs, rhs), self.expr(rhs, body))
            }
            Cond::Let { var, value, .. } => {
                format!("{} = {}", body.name(*var), self.expr(value, body))
            }
            Cond::Stated { var, .. } => format!("{} is known", body.name(*var)),
            Cond::IsKind { term, kind, .. } => {
                let kind = &self.ruleset.kinds[*kind].name;
                format!("{} is {} {kind}", self.term(term, body), article(kind))
            }
        }
    }

    fn all_of(&self, parts: &[&Cond], body: &Body<'_>) -> String {
        let with_values = |atom: &Atom| -> Vec<VarId> {
            let stated = parts.iter().filter_map(|part| match part {
                Cond::Stated { var, span } if *span == atom.span => Some(*var),
                _ => None,
            });
            stated.collect()
        };
        let told = parts.iter().filter_map(|part| match part {
            Cond::Atom(atom) => Some(self.sentence(atom, &with_values(atom), body)),
            Cond::Stated { span, .. }
                if parts.iter().any(|part| matches!(part, Cond::Atom(atom) if atom.span == *span)) =>
            {
                None
            }
            other => Some(self.cond(other, body)),
        });
        told.collect::<Vec<_>>().join(" and ")
    }

    /// What a fact states, and not what a sentence asks.
    pub fn instead(&self, fact: &Fact, cond: &Cond, body: &Body<'_>) -> String {
        let sentence = self.fact(fact.relation, &fact.args);
        let slot = self.ruleset.relations[fact.relation].value_slot();
        let asked = match (asked_beside(cond), slot) {
            (Some((atom, None)), Some(slot)) => self.term(&atom.args[slot], body),
            (Some((atom, Some(Cond::Compare { lhs, op, rhs, .. }))), Some(slot)) => {
                let is_word = matches!(lhs, Expr::Term(term) if *term == atom.args[slot]);
                let (op, other) = if is_word { (*op, rhs) } else { (op.mirrored(), lhs) };
                let is_day = matches!(fact.args[slot], Some(Constant::Value(Value::Date(_))));
                match op {
                    // That it is this value is all there is to say.
                    CompareOp::Ne => return sentence,
                    CompareOp::Eq => self.expr(other, body),
                    _ => format!("{} {}", compared(op, is_day), self.expr(other, body)),
                }
            }
            _ => return sentence,
        };
        format!("{sentence}, not {asked}{}", self.with_parameters(cond))
    }

    /// What the parameters are that a condition names.
    fn with_parameters(&self, cond: &Cond) -> String {
        let value = |id: ParameterId| {
            let value = self.parameters?.get(id)?.clone()?;
            let name = &self.ruleset.parameters[id].name;
            Some(format!("{name} is {}", self.written(&Constant::Value(value))))
        };
        let told: Vec<String> = parameters_in(cond).into_iter().filter_map(value).collect();
        if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
    }

    /// That a condition does not hold.
    pub fn denied(&self, cond: &Cond, certain: bool, body: &Body<'_>) -> String {
        let thing = |expr: &Expr| match expr {
            Expr::Term(Term::Constant(Constant::Thing(..))) => true,
            Expr::Term(Term::Var(var)) => matches!(body.clause.vars[*var].ty, Ty::Thing(_)),
            _ => false,
        };
        match cond {
            Cond::Compare { lhs, op, rhs, .. } if thing(lhs) || thing(rhs) => {
                let (lhs_text, rhs_text) = (self.expr(lhs, body), self.expr(rhs, body));
                match (op, lhs) {
                    (CompareOp::Ne, Expr::Term(Term::Var(var))) if lhs_text == rhs_text => {
                        format!("{} is {rhs_text}", body.name(*var))
                    }
                    (CompareOp::Ne, _) => format!("{lhs_text} is {rhs_text}"),
                    _ => format!("{lhs_text} is not {rhs_text}"),
                }
            }
            Cond::Compare { .. } => {
                format!("it is not so that {}{}", self.cond(cond, body), self.with_parameters(cond))
            }
            Cond::Stated { var, .. } => format!("{} is not known", body.name(*var)),
            Cond::And(_)
            | Cond::Or(_)
            | Cond::Not(..)
            | Cond::Atom(_)
            | Cond::Let { .. }
            | Cond::IsKind { .. } => {
                let record = if certain { "there is no record" } else { "there is no certain record" };
                format!("{record} that {}{}", self.cond(cond, body), self.with_parameters(cond))
            }
        }
    }

    fn bracketed(&self, cond: &Cond, body: &Body<'_>) -> String {
        match cond {
            Cond::And(_) | Cond::Or(_) => format!("({})", self.cond(cond, body)),
            other => self.cond(other, body),
        }
    }

    /// A calculation in words: of words the names, as the ruleset writes it.
    pub fn expr(&self, expr: &Expr, body: &Body<'_>) -> String {
        match expr {
            Expr::Term(term @ Term::Var(var)) => {
                match (body.words.get(var.0 as usize), body.clause.vars[*var].ty) {
                    (Some(Held::Is(Constant::Thing(..))), _) | (Some(Held::Free), Ty::Thing(_)) => {
                        self.term(term, body)
                    }
                    _ => body.name(*var).to_owned(),
                }
            }
            Expr::Term(term) => self.term(term, body),
            Expr::Negate(inner) => format!("-{}", self.operand(inner, body)),
            Expr::Binary(op, lhs, rhs) => {
                let op = match op {
                    BinaryOp::Add => "+",
                    BinaryOp::Subtract => "-",
                    BinaryOp::Multiply => "*",
                    BinaryOp::Divide => "/",
                    BinaryOp::Power => "^",
                };
                format!("{} {op} {}", self.operand(lhs, body), self.operand(rhs, body))
            }
            Expr::DaysBetween(lhs, rhs) => format!("{} - {}", self.expr(lhs, body), self.expr(rhs, body)),
            Expr::Shift { date, amount, unit, back } => format!(
                "{} {} {} {}",
                self.expr(date, body),
                if *back { "-" } else { "+" },
                self.expr(amount, body),
                format!("{unit:?}").to_lowercase()
            ),
            Expr::Call(function, args) => {
                let args: Vec<String> = args.iter().map(|arg| self.expr(arg, body)).collect();
                format!("{}({})", function.name, args.join(", "))
            }
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, body),
        }
    }

    /// A side of an operation, in brackets where it is one itself.
    fn operand(&self, expr: &Expr, body: &Body<'_>) -> String {
        let text = self.expr(expr, body);
        match expr {
            Expr::Binary(..) | Expr::DaysBetween(..) | Expr::Shift { .. } => format!("({text})"),
            Expr::Term(_) | Expr::Negate(_) | Expr::Call(..) | Expr::Aggregate(_) => text,
        }
    }

    /// An aggregate as it is written, with what words from outside stand for.
    fn aggregate(&self, aggregate: &Aggregate, body: &Body<'_>) -> String {
        let mut text = String::new();
        let mut at = Span { end: aggregate.span.start, ..aggregate.span };
        for (span, var) in &aggregate.outside {
            let Some(Held::Is(constant)) = body.words.get(var.0 as usize) else { continue };
            text.push_str(self.sources.slice(Span { start: at.end, end: span.start, ..at }));
            text.push_str(&self.written(constant));
            at = *span;
        }
        text.push_str(self.sources.slice(Span { start: at.end, end: aggregate.span.end, ..at }));
        in_one_line(&text)
    }

    /// What stands in a text, in one line.
    pub fn as_written(&self, span: Span) -> String {
        in_one_line(self.sources.slice(span))
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name or text in quotes, as the language reads it.
pub(in crate::report) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether facts may name something so without quotes.
fn is_bare(name: &str) -> bool {
    const WORDS: [&str; 15] = [
        "and",
        "or",
        "not",
        "when",
        "unless",
        "where",
        "among",
        "according",
        "otherwise",
        "any",
        "known",
        "maybe",
        "yes",
        "no",
        "today",
    ];
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    name.starts_with(|c: char| c.is_alphabetic() && !c.is_uppercase())
        && name.chars().all(part)
        && !name.ends_with('-')
        && !name.contains("--")
        && !WORDS.contains(&name)
}

/// The parts of a condition that must all hold.
fn flat<'c>(cond: &'c Cond, out: &mut Vec<&'c Cond>) {
    match cond {
        Cond::And(parts) => parts.iter().for_each(|part| flat(part, out)),
        other => out.push(other),
    }
}

/// `kde`, `all of kde, mier`, `at least 2 of a, b, c`.
pub(super) fn among(needed: u32, names: &[String]) -> String {
    match (needed as usize, names) {
        (_, [one]) => one.clone(),
        (1, _) => format!("any of {}", names.join(", ")),
        (needed, _) if needed == names.len() => format!("all of {}", names.join(", ")),
        (needed, _) => format!("at least {needed} of {}", names.join(", ")),
    }
}

pub(super) fn symbol(op: CompareOp, lhs: &Expr, rhs: &Expr) -> &'static str {
    let thing = |expr: &Expr| matches!(expr, Expr::Term(Term::Constant(Constant::Thing(..))));
    let plain = |expr: &Expr| matches!(expr, Expr::Term(_));
    match op {
        CompareOp::Eq if thing(lhs) || thing(rhs) || plain(lhs) && plain(rhs) => "is",
        CompareOp::Ne if thing(lhs) || thing(rhs) || plain(lhs) && plain(rhs) => "is not",
        CompareOp::Eq => "=",
        CompareOp::Ne => "!=",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}
