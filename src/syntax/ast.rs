//! The abstract syntax: what a text says, before anything is looked up.
//! Built only by `syntax::parse`; owns its text; `Broken` stands where a line could not be read.

use crate::base::Span;
use crate::value::{Date, Decimal};

/// A bare word or a quoted name as it stands in the text.
#[derive(Clone, Debug)]
pub struct Word {
    /// The text, without quotes and with escapes resolved.
    pub text: String,
    /// Where, quotes included.
    pub span: Span,
}

/// One file.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// Its declarations in order.
    pub items: Vec<Item>,
}

/// A declaration with the lints it allows.
#[derive(Clone, Debug)]
pub struct Item {
    /// `allow LINT "reason"` lines directly before it.
    pub allows: Vec<Allow>,
    /// What is declared.
    pub kind: ItemKind,
    /// The whole declaration.
    pub span: Span,
}

/// `allow LINT "reason"`.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The lint's code or name.
    pub lint: Word,
    /// Why.
    pub reason: Option<Word>,
    /// The line.
    pub span: Span,
}

/// All sorts of declaration.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `ruleset "Title"`.
    Ruleset(Word),
    /// `language 1`.
    Language(Word),
    /// `use "file.lens"`.
    Use(Word),
    /// `kind A: B`.
    Kind {
        /// The new kind.
        name: Word,
        /// What it is a part of.
        parent: Option<Word>,
        /// A description.
        text: Option<Word>,
    },
    /// `relation …`.
    Relation(Relation),
    /// `define … when …`.
    Define(Define),
    /// `question …`.
    Question(Question),
    /// `lens … { … }`.
    Lens(Lens),
    /// `never … when …`.
    Never(Never),
    /// `parameter …`.
    Parameter(Parameter),
    /// `panel name "Title": lens, lens`.
    Panel(Panel),
    /// `weight`, `label`, `slice` and `changeable`.
    Repeat(Repeat),
    /// `scenario name "Title" { … }`.
    Scenario(Scenario),
    /// `facts { … }`.
    Facts(Vec<FactLine>),
    /// `from "file" { … }`.
    From(From),
    /// A declaration that could not be read; its error is reported already.
    Broken,
}

/// A relation and its readings.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The readings; the first is the main one.
    pub readings: Vec<Reading>,
    /// `keeping the fewest` or `the most`.
    pub keeping: Option<(Keeping, Span)>,
    /// The description.
    pub text: Option<Word>,
}

/// Which value is kept per key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeping {
    /// The least.
    Fewest,
    /// The greatest.
    Most,
}

/// A reading: slots and lower-case words.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its parts in order.
    pub parts: Vec<ReadingPart>,
    /// Where.
    pub span: Span,
}

/// A part of a reading.
#[derive(Clone, Debug)]
pub enum ReadingPart {
    /// A lower-case word.
    Word(Word),
    /// A slot.
    Slot(Slot),
}

/// `Kind`, `name: Kind` or `Kind?`.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The name given to the slot.
    pub name: Option<Word>,
    /// Its kind.
    pub kind: Word,
    /// Whether it is marked `?`.
    pub open: bool,
    /// Where.
    pub span: Span,
}

/// `define SENTENCE when BODY`.
#[derive(Clone, Debug)]
pub struct Define {
    /// The sentence that follows.
    pub conclusion: Sentence,
    /// From what it follows.
    pub when: Body,
    /// What bars it.
    pub unless: Option<Body>,
}

/// `question SENTENCE-WITH-VERDICTS among BODY`.
#[derive(Clone, Debug)]
pub struct Question {
    /// Slots, words and the one place of the verdicts.
    pub parts: Vec<QuestionPart>,
    /// A description.
    pub text: Option<Word>,
    /// Who is classified.
    pub among: Option<Body>,
}

/// A part of a question's sentence.
#[derive(Clone, Debug)]
pub enum QuestionPart {
    /// A lower-case word.
    Word(Word),
    /// A slot.
    Slot(Slot),
    /// `customer | partner | other`.
    Verdicts(Vec<Word>),
}

/// A lens.
#[derive(Clone, Debug)]
pub struct Lens {
    /// Its name.
    pub name: Word,
    /// `answers customer`, where there are several questions.
    pub answers: Option<Word>,
    /// Its title.
    pub title: Option<Word>,
    /// What stands between its braces, in order.
    pub lines: Vec<LensLine>,
}

/// A line of a lens.
#[derive(Clone, Debug)]
pub struct LensLine {
    /// What it says.
    pub kind: LensLineKind,
    /// Where.
    pub span: Span,
}

/// All sorts of line in a lens.
#[derive(Clone, Debug)]
pub enum LensLineKind {
    /// `cites "…"`.
    Cites(Word),
    /// `first match wins`.
    FirstMatch,
    /// `label: verdict "reason" when … unless …`.
    Row(Row),
    /// `label overrides label, label`.
    Overrides {
        /// The stronger row.
        label: Word,
        /// The weaker ones.
        others: Vec<Word>,
    },
    /// `otherwise VERDICT`.
    Otherwise(Word),
    /// `otherwise as LENS`.
    OtherwiseAs(Word),
    /// Could not be read; reported already.
    Broken,
}

/// A row of a lens.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its label.
    pub label: Option<Word>,
    /// The verdict it gives.
    pub verdict: Word,
    /// The reason in words.
    pub reason: Option<Word>,
    /// When it matches.
    pub when: Body,
    /// What bars it.
    pub unless: Option<Body>,
}

/// `never NAME "Title" when BODY unless BODY`.
#[derive(Clone, Debug)]
pub struct Never {
    /// Its name.
    pub name: Word,
    /// Its title.
    pub title: Option<Word>,
    /// What must not be.
    pub when: Body,
    /// What excuses it.
    pub unless: Option<Body>,
}

/// `parameter name: Kind = value "text"`.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Word,
    /// `Number`, `Text`, `Date` or `Flag`.
    pub kind: Word,
    /// The default.
    pub value: Option<Term>,
    /// What it is.
    pub text: Option<Word>,
}

/// `panel name "Title": lens, lens`.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Its name.
    pub name: Word,
    /// Its title.
    pub title: Option<Word>,
    /// Its lenses.
    pub lenses: Vec<Word>,
}

/// What a repeated relation is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RepeatRole {
    /// Counts by a weight.
    Weight,
    /// A label beside a name.
    Label,
    /// A dimension to cut by.
    Slice,
    /// What may be proposed to change.
    Changeable,
}

/// `weight …`, `label …`, `slice name: …`, `changeable …`.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// For what.
    pub role: RepeatRole,
    /// The name of a slice.
    pub name: Option<Word>,
    /// The relation's reading, repeated.
    pub reading: Reading,
}

/// A small world with expectations.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: Word,
    /// Its title.
    pub title: Option<Word>,
    /// Its lines in order.
    pub lines: Vec<ScenarioLine>,
}

/// A line of a scenario.
#[derive(Clone, Debug)]
pub enum ScenarioLine {
    /// A fact.
    Fact(FactLine),
    /// `given name = value`.
    Given {
        /// The parameter.
        name: Word,
        /// Its value here.
        value: Term,
        /// Where.
        span: Span,
    },
    /// `expect …`.
    Expect(Expect),
    /// Could not be read; reported already.
    Broken(Span),
}

/// A stated or doubtful fact.
#[derive(Clone, Debug)]
pub struct FactLine {
    /// Whether `maybe` leads it.
    pub maybe: bool,
    /// The sentence; in it bare words are names. `acme is an Organisation` may stand here too.
    pub sentence: Sentence,
    /// Where.
    pub span: Span,
}

/// An expectation.
#[derive(Clone, Debug)]
pub struct Expect {
    /// What is expected.
    pub kind: ExpectKind,
    /// Where, from the word `expect`.
    pub span: Span,
}

/// All sorts of expectation.
#[derive(Clone, Debug)]
pub enum ExpectKind {
    /// A verdict sentence with its lenses, perhaps `by LABEL`, perhaps denied.
    Verdict {
        /// `expect not …`.
        not: bool,
        /// The sentence with the verdict in it.
        sentence: Sentence,
        /// `according to …`.
        lenses: LensSelection,
        /// `by LABEL`.
        by: Option<Word>,
    },
    /// `expect client, charity: customer by seybold; unknown by kde`.
    Grid {
        /// The subject, in slot order.
        subject: Vec<Term>,
        /// Outcomes with the lenses they are expected of.
        cells: Vec<GridCell>,
    },
    /// `expect lenses a and b disagree on client, charity`.
    Disagree {
        /// `expect not …`.
        not: bool,
        /// One lens.
        left: Word,
        /// The other.
        right: Word,
        /// The subject, in slot order.
        subject: Vec<Term>,
    },
    /// `expect outside stranger, charity`.
    Outside {
        /// The subject, in slot order.
        subject: Vec<Term>,
    },
    /// `expect breaks NEVER`.
    Breaks {
        /// `expect not …`.
        not: bool,
        /// The name of the `never`.
        name: Word,
    },
    /// A plain sentence.
    Plain {
        /// `expect not …`.
        not: bool,
        /// The sentence.
        sentence: Sentence,
    },
}

/// `customer by seybold, kde`.
#[derive(Clone, Debug)]
pub struct GridCell {
    /// A verdict, or `unknown`, `conflict`, `none`.
    pub outcome: Word,
    /// The lenses.
    pub lenses: Vec<Word>,
}

/// `from "file" { … }`.
#[derive(Clone, Debug)]
pub struct From {
    /// The path.
    pub path: Word,
    /// `sqlite` or `postgres` before it, `env` and `query` after it: read, and refused for now.
    pub database: Option<Word>,
    /// Its lines.
    pub lines: Vec<FromLine>,
}

/// A line of a `from`.
#[derive(Clone, Debug)]
pub enum FromLine {
    /// `empty is "NA", "-"`.
    Empty(Vec<Word>),
    /// `date is "DD.MM.YYYY"`.
    DateFormat(Word),
    /// `decimal comma`.
    DecimalComma(Span),
    /// `delimiter ";"`.
    Delimiter(Word),
    /// `no header`.
    NoHeader(Span),
    /// `on bad rows skip|unknown|fail`.
    OnBadRows(Word),
    /// `on duplicates merge`.
    OnDuplicates(Word),
    /// A sentence over columns, perhaps `maybe`, perhaps `where …`.
    Sentence {
        /// Whether `maybe` leads it.
        maybe: bool,
        /// The sentence; its bare words in slots are columns.
        sentence: Sentence,
        /// The condition over columns.
        filter: Option<Body>,
        /// Where.
        span: Span,
    },
    /// Could not be read; reported already.
    Broken(Span),
}

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
