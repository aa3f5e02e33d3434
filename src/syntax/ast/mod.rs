//! The abstract syntax: what a text says, before anything is looked up.
//! Built only by `syntax::parse`; owns its text; `Broken` stands where a line could not be read.

mod body;

pub use body::*;

use crate::base::Span;

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
    /// Where the rows come from.
    pub source: FromSource,
    /// Its lines.
    pub lines: Vec<FromLine>,
}

/// Where the rows of a `from` come from.
#[derive(Clone, Debug)]
pub enum FromSource {
    /// `"payments.csv"`.
    File(Word),
    /// `sqlite "crm.db" query "select …"`.
    Sqlite {
        /// The path.
        path: Word,
        /// The query.
        query: Word,
    },
    /// `postgres env CRM_URL query "select …"`.
    Postgres {
        /// The environment variable that says where the database is and who asks.
        variable: Word,
        /// The query.
        query: Word,
    },
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
    /// `sheet "People"`.
    Sheet(Word),
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
