//! Sentences, conditions and calculations.

use super::Word;
use crate::base::Span;
use crate::value::{Date, Decimal};

/// A sentence: words and terms in a row. Which of its words are fixed and which stand in slots is
/// found by the resolver.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Its parts, at least one.
    pub parts: Vec<Term>,
    /// Where.
    pub span: Span,
}

/// A part of a sentence.
#[derive(Clone, Debug)]
pub struct Term {
    /// What stands there.
    pub kind: TermKind,
    /// Where.
    pub span: Span,
}

/// What may stand in a sentence.
#[derive(Clone, Debug)]
pub enum TermKind {
    /// A bare word, capitalised ones (kinds) and `yes`, `no`, `today` included.
    Word(String),
    /// A quoted name or text.
    Quoted(String),
    /// A column in backquotes (only in `from`).
    Column(String),
    /// A number, with its sign.
    Number(Decimal),
    /// A date.
    Date(Date),
    /// `any WORD`.
    Any(Word),
    /// `lower(name)` or `trim(name)` around a column (only in `from`).
    Wrapped {
        /// The function.
        function: Word,
        /// The column.
        column: Box<Term>,
    },
}

/// A condition.
#[derive(Clone, Debug)]
pub struct Body {
    /// What it says.
    pub kind: BodyKind,
    /// Where, without surrounding brackets.
    pub span: Span,
}

/// All sorts of condition.
#[derive(Clone, Debug)]
pub enum BodyKind {
    /// All of them.
    And(Vec<Body>),
    /// Any of them.
    Or(Vec<Body>),
    /// Not so.
    Not(Box<Body>),
    /// `known SENTENCE`.
    Known(Box<Body>),
    /// A sentence; `a is b`, `a is not b`, `x is a Kind` and, with one part, a lone word too.
    Sentence(Sentence),
    /// `SENTENCE op expression`: a sentence whose last word is compared at once.
    SentenceCompare {
        /// The sentence.
        sentence: Sentence,
        /// The operator.
        op: CompareOp,
        /// The other side.
        rhs: Expr,
    },
    /// `expression op expression`.
    Compare {
        /// One side.
        lhs: Expr,
        /// The operator.
        op: CompareOp,
        /// The other side.
        rhs: Expr,
    },
    /// `x is one of "a", "b"` (`not`: `x is not one of …`).
    OneOf {
        /// What is looked for.
        item: Term,
        /// `is not one of`.
        not: bool,
        /// Where it is looked for.
        options: Vec<Term>,
    },
    /// `SENTENCE according to …`: the sentence is a verdict's.
    AccordingTo {
        /// The verdict's sentence.
        sentence: Sentence,
        /// Which lenses, how many of them.
        lenses: LensSelection,
    },
    /// `lenses a and b disagree on x, y`.
    Disagree {
        /// One lens.
        left: Word,
        /// The other.
        right: Word,
        /// The words of the subject, in slot order.
        on: Vec<Term>,
    },
    /// A calculation in brackets; only inside a larger one.
    Calculation(Expr),
    /// Could not be read; reported already.
    Broken,
}

/// Lenses after `according to`.
#[derive(Clone, Debug)]
pub struct LensSelection {
    /// How many of them must say so.
    pub quantifier: Quantifier,
    /// The lenses.
    pub lenses: Vec<Word>,
    /// Where.
    pub span: Span,
}

/// How many lenses must say so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantifier {
    /// One lens, named alone; in an expectation each of the list.
    Each,
    /// `any of`.
    Any,
    /// `all of`.
    All,
    /// `at least N of`.
    AtLeast(u32),
}

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    /// The comparison that holds just where this one does not.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }

    /// The same comparison with its sides exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }
}

/// A calculation.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What is calculated.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// All sorts of calculation.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A word, text, number or date.
    Term(Term),
    /// `-x`.
    Negate(Box<Expr>),
    /// `a + b` and the like.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `30 days`, `2 months`, `n years`: a length of time to add to a date.
    Duration(Box<Expr>, DateUnit),
    /// `name(a, b)`.
    Call {
        /// The function.
        function: Word,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `count(thing: …)` and the like.
    Aggregate(Box<Aggregate>),
    /// Could not be read; reported already.
    Broken,
}

/// An aggregate.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// `count`, `sum`, `average`, `median`, `min` or `max`.
    pub function: Word,
    /// What is aggregated.
    pub value: Expr,
    /// The words after `for each`.
    pub for_each: Vec<Word>,
    /// What follows `weighted by`.
    pub weight: Option<Expr>,
    /// What it ranges over.
    pub body: Body,
}

/// Operators of arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
}

/// Units of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateUnit {
    /// Days.
    Days,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}
