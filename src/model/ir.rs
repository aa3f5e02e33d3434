//! The checked ruleset: every name is an id, every word a variable, every sentence an atom.
//! Built only by `model::resolve`, and only when no error was found.

use crate::base::{IndexVec, Span, newtype_id};
use crate::builtin::{AggregateKind, Builtin};
use crate::value::{Value, ValueKind};

pub use super::world::*;
pub use crate::syntax::ast::{BinaryOp, CompareOp, DateUnit, Keeping, RepeatRole};

newtype_id! {
    /// A declared kind of thing.
    KindId,
    /// A set of values that ids count through: one per root kind, then one per value kind.
    DomainId,
    /// A relation.
    RelationId,
    /// A rule of a `define`.
    RuleId,
    /// A question.
    QuestionId,
    /// A verdict, counted within its question.
    VerdictId,
    /// A lens.
    LensId,
    /// A row, counted within its lens.
    RowId,
    /// A `never`.
    NeverId,
    /// A parameter; `today` is one.
    ParameterId,
    /// A panel.
    PanelId,
    /// A scenario.
    ScenarioId,
    /// A variable, counted within its clause.
    VarId,
}

/// A checked ruleset.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// Its title.
    pub title: String,
    /// Kinds of thing, in order of declaration.
    pub kinds: IndexVec<KindId, Kind>,
    /// One domain per root kind, in their order, then one per value kind (`ValueKind::ALL`).
    pub domains: IndexVec<DomainId, Domain>,
    /// Relations, in order of declaration.
    pub relations: IndexVec<RelationId, Relation>,
    /// The rules of all `define`s, in order.
    pub rules: IndexVec<RuleId, Rule>,
    /// Questions.
    pub questions: IndexVec<QuestionId, Question>,
    /// Lenses.
    pub lenses: IndexVec<LensId, Lens>,
    /// House constraints.
    pub nevers: IndexVec<NeverId, Never>,
    /// Parameters; `today` is the last where a rule uses it.
    pub parameters: IndexVec<ParameterId, Parameter>,
    /// Panels.
    pub panels: IndexVec<PanelId, Panel>,
    /// Weights, labels, slices and changeable relations.
    pub repeats: Vec<Repeat>,
    /// Scenarios.
    pub scenarios: IndexVec<ScenarioId, Scenario>,
    /// The facts of all `facts` blocks.
    pub facts: Statements,
    /// The tables facts come from.
    pub tables: Vec<Table>,
}

/// A kind of thing.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// What it is a part of; always an earlier or later kind of the same root.
    pub parent: Option<KindId>,
    /// The kind at the top; itself for a root.
    pub root: KindId,
    /// The domain of its root.
    pub domain: DomainId,
    /// Where it is declared.
    pub span: Span,
}

/// What a domain's ids stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Domain {
    /// Names of things of this root kind.
    Things(KindId),
    /// Values.
    Values(ValueKind),
}

/// The type of a slot or variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ty {
    /// Things of a kind.
    Thing(KindId),
    /// Values.
    Value(ValueKind),
}

/// A relation.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its readings; the first is the main one.
    pub readings: Vec<Reading>,
    /// Its slots, in the order of the main reading.
    pub slots: Vec<Slot>,
    /// The value slot that is open (`?`); the others are its key.
    pub open: Option<usize>,
    /// The value slot of which the fewest or most is kept per the others.
    pub keeping: Option<(Keeping, usize)>,
    /// The rules that conclude it, in order.
    pub rules: Vec<RuleId>,
    /// The description.
    pub text: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

impl Relation {
    /// The slot that says something of what stands in the others: the open one, else the only one that holds a value.
    pub fn value_slot(&self) -> Option<usize> {
        let mut values = (0..self.slots.len()).filter(|slot| matches!(self.slots[*slot].ty, Ty::Value(_)));
        let only = values.next().filter(|_| values.next().is_none());
        self.open.or(only)
    }
}

/// A slot of a relation or question.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The name given to it, or its kind's in lower case.
    pub name: String,
    /// What fills it.
    pub ty: Ty,
}

/// A sentence's frame.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its parts in order.
    pub parts: Vec<ReadingPart>,
    /// Where it is written.
    pub span: Span,
}

/// A part of a sentence's frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadingPart {
    /// A fixed word.
    Word(String),
    /// The slot of this number.
    Slot(usize),
    /// The place of the verdict; only in questions.
    Verdict,
}

/// A rule: the conclusion holds whenever the body does.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The relation concluded.
    pub relation: RelationId,
    /// What fills its slots.
    pub head: Vec<Term>,
    /// The condition.
    pub clause: Clause,
    /// The whole `define`.
    pub span: Span,
}

/// A body with its variables.
#[derive(Clone, Debug)]
pub struct Clause {
    /// All variables. In rows, `among` and `never`s of a question's lens the question's slots come
    /// first, in order; the rest are only asked to exist, except where a rule's head uses them.
    pub vars: IndexVec<VarId, Var>,
    /// What must hold.
    pub when: Cond,
    /// What bars it, tried for each way `when` holds.
    pub unless: Option<Cond>,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Var {
    /// The word that stands for it.
    pub name: String,
    /// What it stands for: the narrowest kind its places allow.
    pub ty: Ty,
    /// Whether it was written `any WORD`.
    pub any: bool,
    /// Where it is first named.
    pub span: Span,
}

/// A condition. A variable that is named only inside a `Not` is one some value of which is sought
/// there; one named only in a branch of an `Or` likewise within the branch.
#[derive(Clone, Debug)]
pub enum Cond {
    /// All hold; empty is true.
    And(Vec<Cond>),
    /// One holds.
    Or(Vec<Cond>),
    /// It does not hold, whatever its own variables.
    Not(Box<Cond>, Span),
    /// A fact, a verdict or a disagreement.
    Atom(Atom),
    /// A comparison of two values or two things of one domain (`Eq` and `Ne` only for things).
    Compare {
        /// One side.
        lhs: Expr,
        /// How.
        op: CompareOp,
        /// The other side.
        rhs: Expr,
        /// Where.
        span: Span,
    },
    /// The variable takes the value.
    Let {
        /// The variable; nothing else names it positively.
        var: VarId,
        /// The value.
        value: Expr,
        /// Where.
        span: Span,
    },
    /// The variable has a value that somebody stated, or that follows from such; decided always.
    Stated {
        /// The variable.
        var: VarId,
        /// Where.
        span: Span,
    },
    /// The thing is stated to be of the kind (or of a part of it).
    IsKind {
        /// The thing; bound by this where nothing else does.
        term: Term,
        /// The kind.
        kind: KindId,
        /// Where.
        span: Span,
    },
}

/// A sentence with its slots filled.
#[derive(Clone, Debug)]
pub struct Atom {
    /// What it asks.
    pub source: AtomSource,
    /// What fills the slots.
    pub args: Vec<Term>,
    /// Whether only what is certain counts, wherever it stands (`known`).
    pub known: bool,
    /// Where. No two atoms of a clause stand in one place.
    pub span: Span,
}

/// What a sentence asks.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AtomSource {
    /// A relation's facts, stated and derived.
    Relation(RelationId),
    /// At least `needed` of the lenses give the subject this verdict. The lenses answer one question.
    Verdict {
        /// The question.
        question: QuestionId,
        /// The verdict.
        verdict: VerdictId,
        /// How many lenses must say so; from 1 to their number.
        needed: u32,
        /// The lenses, sorted, each once.
        lenses: Vec<LensId>,
    },
    /// The two lenses, of one question, disagree on the subject.
    Disagree {
        /// The question.
        question: QuestionId,
        /// One lens.
        left: LensId,
        /// The other.
        right: LensId,
    },
}

/// What fills a slot.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Term {
    /// A variable.
    Var(VarId),
    /// A thing or value.
    Constant(Constant),
    /// A parameter's value.
    Parameter(ParameterId),
}

/// A named thing or a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Constant {
    /// The thing of this name, of the root kind of the domain.
    Thing(DomainId, String),
    /// A value.
    Value(Value),
}

/// A calculation. Its parts have the kinds the operation needs; `model` has checked that.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A variable, constant or parameter.
    Term(Term),
    /// `-x` of a number.
    Negate(Box<Expr>),
    /// Arithmetic on two numbers.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// The days from the second date to the first.
    DaysBetween(Box<Expr>, Box<Expr>),
    /// A date moved by a whole number of units; back for `-`.
    Shift {
        /// The date.
        date: Box<Expr>,
        /// How many units.
        amount: Box<Expr>,
        /// Which unit.
        unit: DateUnit,
        /// Whether it moves back.
        back: bool,
    },
    /// A function of values of the kinds it takes.
    Call(&'static Builtin, Vec<Expr>),
    /// One value made of several.
    Aggregate(Box<Aggregate>),
}

/// An aggregate over the ways to meet a body. It looks at the variables outside its own, and gives
/// them no values.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which.
    pub kind: AggregateKind,
    /// What is aggregated; for `Count` a variable, each value of which counts once.
    pub value: Expr,
    /// For `Sum`, `Average` and `Median` the variables of which each combination counts once.
    pub each: Vec<VarId>,
    /// How much each combination counts.
    pub weight: Option<Expr>,
    /// What it ranges over.
    pub body: Cond,
    /// Its own variables: those from the first to before the last.
    pub own: std::ops::Range<u32>,
    /// Where it names variables outside its own, each place once, in the order of the text.
    pub outside: Vec<(Span, VarId)>,
    /// Where.
    pub span: Span,
}

impl Aggregate {
    /// Whether the variable is one of its own.
    pub fn owns(&self, var: VarId) -> bool {
        self.own.contains(&var.0)
    }
}

impl Expr {
    /// The same with others in place of what it is worked out from; aggregates stay as they are.
    pub(crate) fn with_parts(&self, part: &mut dyn FnMut(&Self) -> Self) -> Self {
        let mut own = |inner: &Self| Box::new(part(inner));
        match self {
            Self::Term(_) | Self::Aggregate(_) => self.clone(),
            Self::Negate(inner) => Self::Negate(own(inner)),
            Self::Binary(op, lhs, rhs) => Self::Binary(*op, own(lhs), own(rhs)),
            Self::DaysBetween(lhs, rhs) => Self::DaysBetween(own(lhs), own(rhs)),
            Self::Shift { date, amount, unit, back } => {
                Self::Shift { date: own(date), amount: own(amount), unit: *unit, back: *back }
            }
            Self::Call(function, args) => Self::Call(function, args.iter().map(part).collect()),
        }
    }

    /// Calls `visit` with each aggregate, those inside others left out.
    pub fn aggregates<'e>(&'e self, visit: &mut dyn FnMut(&'e Aggregate)) {
        match self {
            Self::Term(_) => {}
            Self::Negate(inner) => inner.aggregates(visit),
            Self::Binary(_, lhs, rhs) | Self::DaysBetween(lhs, rhs) => {
                lhs.aggregates(visit);
                rhs.aggregates(visit);
            }
            Self::Shift { date, amount, .. } => {
                date.aggregates(visit);
                amount.aggregates(visit);
            }
            Self::Call(_, args) => args.iter().for_each(|arg| arg.aggregates(visit)),
            Self::Aggregate(aggregate) => visit(aggregate),
        }
    }
}

impl Cond {
    /// From the first to the last place of it; `None` where it has no part.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().filter_map(Self::span).reduce(|all, span| {
                Span { start: all.start.min(span.start), end: all.end.max(span.end), ..all }
            }),
            Self::Not(_, span)
            | Self::Compare { span, .. }
            | Self::Let { span, .. }
            | Self::Stated { span, .. }
            | Self::IsKind { span, .. } => Some(*span),
            Self::Atom(atom) => Some(atom.span),
        }
    }

    /// Calls `visit` with each calculation of this one condition, not of its parts.
    pub fn calculations<'c>(&'c self, visit: &mut dyn FnMut(&'c Expr)) {
        match self {
            Self::Compare { lhs, rhs, .. } => {
                visit(lhs);
                visit(rhs);
            }
            Self::Let { value, .. } => visit(value),
            Self::And(_)
            | Self::Or(_)
            | Self::Not(..)
            | Self::Atom(_)
            | Self::Stated { .. }
            | Self::IsKind { .. } => {}
        }
    }

    /// Calls `visit` with each aggregate of it and of its parts, those inside others left out.
    pub fn each_aggregate<'c>(&'c self, visit: &mut dyn FnMut(&'c Aggregate)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each_aggregate(visit)),
            Self::Not(inner, _) => inner.each_aggregate(visit),
            Self::Atom(_) | Self::Stated { .. } | Self::IsKind { .. } => {}
            Self::Compare { lhs, rhs, .. } => [lhs, rhs].into_iter().for_each(|side| side.aggregates(visit)),
            Self::Let { value, .. } => value.aggregates(visit),
        }
    }

    /// Calls `visit` with the body of each aggregate of this one condition.
    pub fn aggregated<'c>(&'c self, visit: &mut dyn FnMut(&'c Cond)) {
        self.calculations(&mut |expr| {
            expr.aggregates(&mut |aggregate| {
                visit(&aggregate.body);
            });
        });
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name: its first verdict.
    pub name: String,
    /// Its sentence, for printing.
    pub reading: Reading,
    /// The subject's slots.
    pub slots: Vec<Slot>,
    /// Its verdicts; the first is the focus.
    pub verdicts: IndexVec<VerdictId, Verdict>,
    /// Who is classified; without it, whom any row of any lens matches.
    pub among: Option<Clause>,
    /// Its description.
    pub text: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// A verdict.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Its word.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
}

/// A lens.
#[derive(Clone, Debug)]
pub struct Lens {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its sources.
    pub cites: Vec<String>,
    /// What it answers.
    pub question: QuestionId,
    /// How matching rows are settled.
    pub policy: Policy,
    /// Its rows, in order.
    pub rows: IndexVec<RowId, Row>,
    /// What holds where no row decides.
    pub otherwise: Otherwise,
    /// Where it is declared.
    pub span: Span,
}

/// How matching rows are settled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Matching rows must agree; pairs `(stronger, weaker)`: a matching row is out when a matching
    /// stronger row, even one that is out, overrides it. The pairs form no loop and may be none.
    Unique {
        /// The pairs, sorted.
        overrides: Vec<(RowId, RowId)>,
    },
    /// The first matching row decides.
    FirstMatch,
}

/// What holds where no row decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Otherwise {
    /// Nothing: the outcome is `none`.
    Nothing,
    /// A verdict.
    Verdict(VerdictId, Span),
    /// All outcomes of another lens of the question.
    As(LensId, Span),
}

/// A row of a lens.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its label.
    pub label: Option<String>,
    /// The verdict it gives.
    pub verdict: VerdictId,
    /// Its reason.
    pub reason: Option<String>,
    /// When it matches; its first variables are the question's slots.
    pub clause: Clause,
    /// The row, from label to the end of its body.
    pub span: Span,
}

/// A house constraint.
#[derive(Clone, Debug)]
pub struct Never {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// What must not be. All variables not marked `any` and named outside negative parts are shown.
    pub clause: Clause,
    /// Where it is declared.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ValueKind,
    /// Its default; `today` has none.
    pub value: Option<Value>,
    /// What it is.
    pub text: Option<String>,
    /// Where it is declared (for `today`, where it is first used).
    pub span: Span,
}

/// A panel of lenses.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its lenses, in the order given.
    pub lenses: Vec<LensId>,
    /// Where it is declared.
    pub span: Span,
}

/// A relation used as weight, label, slice or as changeable.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// For what.
    pub role: RepeatRole,
    /// The name of a slice.
    pub name: Option<String>,
    /// The relation.
    pub relation: RelationId,
    /// Where it is declared.
    pub span: Span,
}
