//! The values that rules compare with: those are the ones at which an answer may turn.

use std::collections::BTreeSet;

use super::world::{Node, World};
use crate::builtin::{fitting, unfitting};
use crate::model::{Clause, Cond, Constant, Expr, Term};
use crate::value::Value;

/// Texts are made up to this length where rules ask how long one is.
const LONGEST: i64 = 64;
/// Of up to this many texts that rules name each is made longer, and put before each other one.
const FEW_TEXTS: usize = 4;

/// What rules compare with.
#[derive(Default)]
pub(super) struct Found {
    pub values: BTreeSet<Value>,
    /// Whether texts stand for patterns that rules do not name.
    pub patterns: bool,
    /// The functions that rules call.
    called: BTreeSet<&'static str>,
    /// Whether for some pattern no text could be made.
    pub unmade: bool,
}

impl World<'_> {
    /// The constants rules that matter here compare with, texts made for their patterns, and parameters' values.
    pub fn constants_of(&self, nodes: &BTreeSet<Node>) -> BTreeSet<Value> {
        self.compared_with(nodes).values
    }

    /// The same, with what else is known of them.
    pub(super) fn compared_with(&self, nodes: &BTreeSet<Node>) -> Found {
        let mut found = Found {
            values: self.evaluation.parameters.iter().flatten().cloned().collect(),
            ..Found::default()
        };
        let mut add = |clause: &Clause| {
            found.cond(&clause.when);
            clause.unless.iter().for_each(|unless| found.cond(unless));
        };
        for node in nodes {
            match node {
                Node::Relation(relation) => {
                    let rules = self.ruleset.rules.iter().filter(|rule| rule.relation == *relation);
                    rules.for_each(|rule| add(&rule.clause));
                }
                Node::Population(question) => {
                    self.ruleset.questions[*question].among.iter().for_each(&mut add);
                }
                Node::Lens(lens) => {
                    self.ruleset.lenses[*lens].rows.iter().for_each(|row| add(&row.clause));
                }
                Node::Kind(_) => {}
            }
        }
        found.make_texts();
        found
    }
}

impl Found {
    fn cond(&mut self, cond: &Cond) {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| self.cond(part)),
            Cond::Not(inner, _) => self.cond(inner),
            Cond::Atom(atom) => atom.args.iter().for_each(|term| self.term(term)),
            Cond::Compare { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Cond::Let { value, .. } => self.expr(value),
            Cond::Stated { .. } | Cond::IsKind { .. } => {}
        }
        let mut bodies = Vec::new();
        cond.aggregated(&mut |body| bodies.push(body));
        bodies.into_iter().for_each(|body| self.cond(body));
    }

    fn term(&mut self, term: &Term) {
        if let Term::Constant(Constant::Value(value)) = term {
            self.values.insert(value.clone());
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Term(term) => self.term(term),
            Expr::Negate(inner) => self.expr(inner),
            Expr::Binary(_, lhs, rhs) | Expr::DaysBetween(lhs, rhs) => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Shift { date, amount, .. } => {
                self.expr(date);
                self.expr(amount);
            }
            Expr::Call(function, args) => {
                match (function.name, args.as_slice()) {
                    ("matches", [_, Expr::Term(Term::Constant(Constant::Value(Value::Text(pattern))))]) => {
                        self.pattern(pattern);
                    }
                    ("matches", _) => self.patterns = true,
                    _ => _ = self.called.insert(function.name),
                }
                args.iter().for_each(|arg| self.expr(arg));
            }
            Expr::Aggregate(aggregate) => {
                self.expr(&aggregate.value);
                aggregate.weight.iter().for_each(|weight| self.expr(weight));
            }
        }
    }

    fn pattern(&mut self, pattern: &str) {
        let made = fitting(pattern);
        self.unmade |= made.is_empty();
        let texts = made.into_iter().chain(unfitting(pattern));
        self.values.extend(texts.map(|text| Value::Text(text.as_str().into())));
    }

    /// Texts of the lengths that rules ask about, and such that have several parts.
    fn make_texts(&mut self) {
        let mut texts: Vec<String> = self.texts();
        let parts = ["starts-with", "ends-with", "contains"].iter().any(|name| self.called.contains(name));
        if parts && texts.len() <= FEW_TEXTS {
            let both = texts.iter().flat_map(|one| texts.iter().map(move |other| format!("{one}{other}")));
            texts = both.chain(["x".to_owned()]).collect();
            self.values.extend(texts.iter().map(|text| Value::Text(text.as_str().into())));
        }
        if !self.called.contains("length") {
            return;
        }
        let mut bases = self.texts();
        bases.truncate(FEW_TEXTS);
        bases.push(String::new());
        let lengths = self.values.iter().filter_map(|value| match value {
            Value::Number(number) => number.to_i64().filter(|length| (0..=LONGEST).contains(length)),
            Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
        });
        let lengths: BTreeSet<i64> = lengths
            .flat_map(|length| [length - 1, length, length + 1])
            .filter(|length| *length >= 0)
            .collect();
        for base in bases {
            let own = base.chars().count();
            for length in lengths.iter().filter_map(|length| usize::try_from(*length).ok()) {
                if length >= own {
                    let text = format!("{base}{}", "x".repeat(length - own));
                    self.values.insert(Value::Text(text.as_str().into()));
                }
            }
        }
    }

    fn texts(&self) -> Vec<String> {
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.to_string()),
            Value::Number(_) | Value::Date(_) | Value::Flag(_) => None,
        };
        self.values.iter().filter_map(text).collect()
    }
}
