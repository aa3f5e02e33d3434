//! The values that rules compare with: those are the ones at which an answer may turn.

use std::collections::{BTreeMap, BTreeSet};

use super::dates::{LIKE_A_YEAR, turning_year};
use super::even::Even;
use super::texts::{Asked, asked};
use super::world::{Node, World};
use crate::builtin::{AggregateKind, Builtin, Takes, fitting, unfitting};
use crate::model::clause::expr_vars;
use crate::model::{BinaryOp, Clause, Cond, Constant, DateUnit, Expr, Term, VarId};
use crate::value::{Value, ValueKind};

/// Texts are made up to this length where rules ask how long one is.
const LONGEST: i64 = 64;
/// Of up to this many texts that rules name each is made longer, and put before each other one.
const FEW_TEXTS: usize = 4;

/// Of up to this many texts that rules name others are made that functions turn into them.
const MOST_SPELLED: usize = 20;

/// What rules compare with.
#[derive(Clone, Default)]
pub(super) struct Found {
    pub values: BTreeSet<Value>,
    /// How many sentences ask only what is known.
    pub known: usize,
    /// Whether texts stand for patterns that rules do not name.
    pub patterns: bool,
    /// The functions that rules call.
    pub called: BTreeSet<&'static str>,
    /// Whether for some pattern no text could be made.
    pub unmade: bool,
    /// Kinds of values of which what rules ask could be met by one that nobody tries: between two at which it is not
    /// met the sides of a comparison may come near each other and part again.
    pub rough: BTreeSet<ValueKind>,
    /// The same where several values of a kind go on at once.
    pub rough_together: BTreeSet<ValueKind>,
    /// The same where facts are in doubt beside: each way in which the members of an average turn out asks for a value of
    /// its own.
    pub rough_beside: BTreeSet<ValueKind>,
    /// Whether words are compared with each other that are each compared with something else too.
    pub narrow: bool,
    /// Kinds of values of which what rules ask may be met again and again, however far one goes.
    pub endless: BTreeSet<ValueKind>,
    /// Kinds of values that are compared with something fixed alone.
    pub even: Even,
    /// Whether dates are moved, or so many units counted between two: days, months, years.
    pub moved: [bool; 3],
    /// How many functions of texts are called.
    texts: usize,
    /// How often words are compared with texts as they stand.
    plain: usize,
    /// The numbers that the years of dates are compared with.
    pub years: BTreeSet<i64>,
    /// The words of each comparison of a clause.
    words: Vec<Vec<VarId>>,
}

impl World<'_> {
    /// The constants rules that matter here compare with, texts made for their patterns, and parameters' values; with what
    /// else is known of them.
    pub(super) fn compared_with(&self, nodes: &BTreeSet<Node>) -> Found {
        let mut found = Found {
            values: self.evaluation.parameters.iter().flatten().cloned().collect(),
            ..Found::default()
        };
        let mut everywhere = Asked::default();
        let mut texts = BTreeSet::new();
        let mut add = |clause: &Clause| {
            let mut words = BTreeMap::new();
            for cond in std::iter::once(&clause.when).chain(&clause.unless) {
                found.cond(cond);
                asked(cond, &mut words);
            }
            found.together();
            found.even.clause(clause);
            // Two words may stand for one text.
            let mut together = Asked::default();
            words.values().for_each(|word| together.add(word));
            everywhere.add(&together);
            words.values().chain([&together]).for_each(|word| texts.extend(word.made()));
        };
        for node in nodes {
            match node {
                Node::Relation(relation) => {
                    let rules = self.ruleset.rules_of(&[*relation]);
                    rules.for_each(|(_, rule)| add(&rule.clause));
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
        for node in nodes {
            if let Node::Relation(relation) = node
                && let entry = &self.ruleset.relations[*relation]
                && let Some((_, slot)) = entry.keeping
            {
                found.even.keeps(entry.slots[slot].ty);
            }
        }
        found.make_texts();
        texts.extend(everywhere.made());
        found.values.extend(texts.iter().map(|text| Value::Text(text.as_str().into())));
        found.judge();
        found
    }
}

impl Found {
    fn cond(&mut self, cond: &Cond) {
        match cond {
            Cond::And(parts) | Cond::Or(parts) => parts.iter().for_each(|part| self.cond(part)),
            Cond::Not(inner, _) => self.cond(inner),
            Cond::Atom(atom) => {
                self.known += usize::from(atom.known);
                atom.args.iter().for_each(|term| self.term(term));
            }
            Cond::Compare { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
                self.plain += usize::from(is_plain(lhs, rhs) || is_plain(rhs, lhs));
                self.sides(&[lhs, rhs]);
                self.year(lhs, rhs);
            }
            Cond::Let { value, .. } => {
                self.expr(value);
                self.sides(&[value]);
            }
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
                self.moved[0] |= matches!(expr, Expr::DaysBetween(..));
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Shift { date, amount, unit, .. } => {
                let at = match unit {
                    DateUnit::Days => 0,
                    DateUnit::Months => 1,
                    DateUnit::Years => 2,
                };
                self.moved[at] = true;
                self.expr(date);
                self.expr(amount);
            }
            Expr::Call(function, args) => {
                self.texts += usize::from(takes(function, ValueKind::Text));
                self.moved[2] |= function.name == "years-between";
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

    /// Notes where the sides of a comparison may near each other and part again while one value of theirs goes on.
    fn sides(&mut self, sides: &[&Expr]) {
        let mut shapes = Shapes::default();
        let mut vars = Vec::new();
        for side in sides {
            shapes.expr(side);
            expr_vars(side, &mut vars);
        }
        let named = vars.len();
        vars.sort_unstable();
        vars.dedup();
        let again = vars.len() < named;
        // A text that is not told by those named: it stands beside itself, or beside another that varies.
        if shapes.texts > 0 && (again || vars.len() > 1) {
            self.rough.insert(ValueKind::Text);
        }
        if shapes.bent || shapes.divided > 1 || again && (shapes.curved || shapes.stepped) {
            self.rough.insert(ValueKind::Number);
        }
        // Of two words that are multiplied or divided each value of one asks for one of its own of the other.
        if shapes.curved {
            self.rough_together.insert(ValueKind::Number);
        }
        if shapes.averages > 0 {
            self.rough_beside.insert(ValueKind::Number);
        }
        if again && shapes.stepped {
            self.endless.extend([ValueKind::Number, ValueKind::Date]);
            self.rough.insert(ValueKind::Date);
        }
        self.words.push(vars);
    }

    /// Notes where words that are compared with each other are each compared with something else too: between that
    /// there may be room for some pair that nobody tries.
    fn together(&mut self) {
        let words = std::mem::take(&mut self.words);
        let is_bound = |at: usize, word: &VarId| {
            words.iter().enumerate().any(|(other, words)| other != at && words.contains(word))
        };
        let is_narrow =
            |(at, own): (usize, &Vec<VarId>)| own.iter().filter(|word| is_bound(at, word)).count() > 1;
        if words.iter().enumerate().any(is_narrow) {
            self.narrow = true;
            self.rough_together.extend([ValueKind::Number, ValueKind::Date]);
        }
    }

    /// What follows from all that is called together.
    fn judge(&mut self) {
        let is_spelled = ["lower", "trim"].iter().any(|name| self.called.contains(name));
        if self.texts > 1 || is_spelled && self.plain > 0 {
            self.rough.insert(ValueKind::Text);
        }
        if ["month", "day"].iter().any(|name| self.called.contains(name)) {
            self.endless.insert(ValueKind::Date);
            if self.moved.contains(&true) {
                self.rough.insert(ValueKind::Date);
            }
        }
    }

    /// Notes the numbers beside which the year of a date stands.
    fn year(&mut self, lhs: &Expr, rhs: &Expr) {
        let mut own = Self::default();
        own.expr(lhs);
        own.expr(rhs);
        if !own.called.contains("year") {
            return;
        }
        if let Some(year) = turning_year(lhs, rhs) {
            self.years.extend([year, year + 1]);
            return;
        }
        // What the year is divided by, say, is no year.
        let whole = |value: Value| match value {
            Value::Number(number) => number.to_i64().filter(|year| *year >= LIKE_A_YEAR),
            Value::Text(_) | Value::Date(_) | Value::Flag(_) => None,
        };
        self.years.extend(own.values.into_iter().filter_map(whole));
    }

    fn pattern(&mut self, pattern: &str) {
        let made = fitting(pattern);
        self.unmade |= made.is_empty();
        let texts = made.into_iter().chain(unfitting(pattern));
        self.values.extend(texts.map(|text| Value::Text(text.as_str().into())));
    }

    /// Texts of the lengths that rules ask about, such that have several parts, and such that functions turn into others.
    fn make_texts(&mut self) {
        let mut spelled = self.texts();
        if spelled.is_empty() {
            spelled.push("x".to_owned());
        }
        let all = |spell: fn(&str) -> String| {
            let made = spelled.iter().take(MOST_SPELLED).map(|text| spell(text));
            made.map(|text| Value::Text(text.as_str().into())).collect::<Vec<_>>()
        };
        let mut large = if self.called.contains("lower") { all(str::to_uppercase) } else { Vec::new() };
        if !large.is_empty() {
            large.extend(all(capital));
        }
        let wide = if self.called.contains("trim") { all(|text| format!(" {text}")) } else { Vec::new() };
        self.values.extend(large.into_iter().chain(wide));
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

/// A text with its first letter in capitals and the others small.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.flat_map(char::to_lowercase)).collect()
}

/// How the sides of a comparison run while one value of theirs goes on.
#[derive(Default)]
struct Shapes {
    /// Whether they turn back.
    bent: bool,
    /// Whether values are multiplied with each other.
    curved: bool,
    /// Whether they run in steps.
    stepped: bool,
    /// How often they are divided by what goes on.
    divided: usize,
    /// How many averages and medians are among them.
    averages: usize,
    /// How many functions of texts are called.
    texts: usize,
}

impl Shapes {
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Term(_) => {}
            Expr::Negate(inner) => self.expr(inner),
            Expr::Binary(op, lhs, rhs) => {
                let (left, right) = (varies(lhs), varies(rhs));
                match op {
                    BinaryOp::Add | BinaryOp::Subtract => {}
                    BinaryOp::Multiply => self.curved |= left && right,
                    BinaryOp::Divide => {
                        self.divided += usize::from(right);
                        self.curved |= right;
                    }
                    BinaryOp::Power => self.bent |= left || right,
                }
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::DaysBetween(lhs, rhs) => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Shift { date, amount, unit, .. } => {
                // Months end on different days.
                self.stepped |= !matches!(unit, DateUnit::Days);
                self.expr(date);
                self.expr(amount);
            }
            Expr::Call(function, args) => {
                self.texts += usize::from(takes(function, ValueKind::Text));
                self.bent |= function.name == "abs" && args.iter().any(varies);
                self.stepped |= takes(function, ValueKind::Number);
                args.iter().for_each(|arg| self.expr(arg));
            }
            Expr::Aggregate(aggregate) => {
                let is_average = matches!(aggregate.kind, AggregateKind::Average | AggregateKind::Median);
                self.averages += usize::from(is_average);
                self.expr(&aggregate.value);
            }
        }
    }
}

/// Whether a word is compared with a text.
fn is_plain(lhs: &Expr, rhs: &Expr) -> bool {
    matches!(lhs, Expr::Term(Term::Var(_)))
        && matches!(rhs, Expr::Term(Term::Constant(Constant::Value(Value::Text(_)))))
}

/// Whether what a calculation comes to hangs on facts.
pub(super) fn varies(expr: &Expr) -> bool {
    let mut vars = Vec::new();
    expr_vars(expr, &mut vars);
    let mut figures = false;
    expr.aggregates(&mut |_| figures = true);
    figures || !vars.is_empty()
}

/// Whether some of these functions is called.
pub(super) fn calls(expr: &Expr, names: &[&str]) -> bool {
    let mut found = Found::default();
    found.expr(expr);
    names.iter().any(|name| found.called.contains(name))
}

/// Whether a function takes values of a kind.
fn takes(function: &Builtin, kind: ValueKind) -> bool {
    match function.takes {
        Takes::Kinds(kinds) | Takes::Optional(kinds, _) => kinds.contains(&kind),
        Takes::Several => matches!(kind, ValueKind::Number | ValueKind::Date),
    }
}
