//! Worlds of a checked ruleset: facts, scenarios with what they expect, tables.

use super::ir::{
    CompareOp, Constant, KindId, LensId, NeverId, ParameterId, QuestionId, RelationId, VerdictId,
};
use crate::base::Span;
use crate::value::Value;

/// Facts and kinds stated in a ruleset.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// The facts, in order.
    pub facts: Vec<Fact>,
    /// `acme is an Organisation`, in order.
    pub kinds: Vec<KindFact>,
}

/// A stated or doubtful fact.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The relation.
    pub relation: RelationId,
    /// What fills its slots.
    pub args: Vec<Constant>,
    /// Whether it is only possible.
    pub maybe: bool,
    /// Where it is stated.
    pub span: Span,
}

/// A thing stated to be of a kind.
#[derive(Clone, Debug)]
pub struct KindFact {
    /// The thing.
    pub name: String,
    /// The kind.
    pub kind: KindId,
    /// Where it is stated.
    pub span: Span,
}

/// A small world with expectations.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its world.
    pub statements: Statements,
    /// Parameters set here.
    pub given: Vec<(ParameterId, Value)>,
    /// What is expected.
    pub expectations: Vec<Expectation>,
    /// Where it is declared.
    pub span: Span,
}

/// An expectation of a scenario.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What is expected.
    pub kind: ExpectationKind,
    /// Whether the opposite is.
    pub not: bool,
    /// Where.
    pub span: Span,
}

/// All sorts of expectation.
#[derive(Clone, Debug)]
pub enum ExpectationKind {
    /// The outcome of each of the lenses is exactly this.
    Outcome {
        /// The subject, in slot order.
        subject: Vec<Constant>,
        /// The outcome.
        outcome: ExpectedOutcome,
        /// The lenses.
        lenses: Vec<LensId>,
        /// The label of a row that must decide.
        by: Option<String>,
    },
    /// Two lenses certainly disagree.
    Disagree {
        /// One lens.
        left: LensId,
        /// The other.
        right: LensId,
        /// The subject, in slot order.
        subject: Vec<Constant>,
    },
    /// The subject is not in the population.
    Outside {
        /// The question.
        question: QuestionId,
        /// The subject, in slot order.
        subject: Vec<Constant>,
    },
    /// The constraint is broken.
    Breaks(NeverId),
    /// The fact holds, stated or derived.
    Plain(RelationId, Vec<Constant>),
}

/// The outcome expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExpectedOutcome {
    /// This verdict, settled.
    Verdict(VerdictId),
    /// More than one outcome open.
    Unknown,
    /// Rows contradict each other.
    Conflict,
    /// No row, no `otherwise`.
    None,
}

/// A table that states facts, row by row.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name: the path or variable as written; `#` and the sheet, or the number of the query where a
    /// database is asked several.
    pub path: String,
    /// Where its rows come from.
    pub from: TableFrom,
    /// Where the path is written.
    pub span: Span,
    /// How its cells are read.
    pub cells: CellFormat,
    /// What each row states.
    pub sentences: Vec<TableSentence>,
}

/// Where the rows of a table come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TableFrom {
    /// A file.
    File {
        /// The path as written, relative to the folder of the ruleset's file it stands in.
        path: String,
        /// The sheet of a workbook; its first where `None`.
        sheet: Option<String>,
    },
    /// A query of an SQLite database.
    Sqlite {
        /// The path as written, relative to the folder of the ruleset's file it stands in.
        path: String,
        /// The query.
        query: String,
    },
    /// A query of a PostgreSQL database.
    Postgres {
        /// The environment variable that says where it is and who asks.
        variable: String,
        /// The query.
        query: String,
    },
}

impl TableFrom {
    /// The path or variable as written.
    pub fn name(&self) -> &str {
        match self {
            Self::File { path, .. } | Self::Sqlite { path, .. } => path,
            Self::Postgres { variable, .. } => variable,
        }
    }
}

/// How cells are read.
#[derive(Clone, Debug)]
pub struct CellFormat {
    /// Texts that mean an empty cell, beside the empty one.
    pub empty: Vec<String>,
    /// The pattern of dates; ISO where `None`.
    pub date: Option<String>,
    /// Whether a comma separates the decimals.
    pub decimal_comma: bool,
    /// What separates cells; by the file's ending where `None`.
    pub delimiter: Option<u8>,
    /// Whether the first row names the columns.
    pub header: bool,
    /// What happens to a row with a cell that cannot be read.
    pub bad_rows: BadRows,
    /// Whether equal rows may feed what an aggregate reads.
    pub merge_duplicates: bool,
}

/// What happens to a row with a cell that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadRows {
    /// It is an error.
    Fail,
    /// The row is left out and counted.
    Skip,
    /// The cell counts as empty.
    Unknown,
}

/// What a row of a table states.
#[derive(Clone, Debug)]
pub struct TableSentence {
    /// The fact or kind stated.
    pub states: TableStates,
    /// Whether it is only possible.
    pub maybe: bool,
    /// For which rows.
    pub filter: Option<CellCond>,
    /// Where.
    pub span: Span,
}

/// What a sentence of a table states.
#[derive(Clone, Debug)]
pub enum TableStates {
    /// A fact.
    Fact(RelationId, Vec<CellTerm>),
    /// A thing's kind.
    Kind(CellTerm, KindId),
}

/// What fills a slot in a table's sentence.
#[derive(Clone, Debug)]
pub enum CellTerm {
    /// A column's cell.
    Column(Column),
    /// The same for each row.
    Constant(Constant),
}

/// A column, by its name in the header (`c1`, `c2` … without one; `row` is the row's number where
/// no column has that name).
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `lower` or `trim` around it, outermost first.
    pub wrapped: Vec<CellFunction>,
    /// Where it is named.
    pub span: Span,
}

/// A function that may stand around a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CellFunction {
    /// Lower case.
    Lower,
    /// Without outer blanks.
    Trim,
}

/// A condition over the cells of a row.
#[derive(Clone, Debug)]
pub enum CellCond {
    /// All hold.
    And(Vec<CellCond>),
    /// One holds.
    Or(Vec<CellCond>),
    /// It does not hold.
    Not(Box<CellCond>),
    /// The cell is empty (`not`: is not).
    Empty(Column),
    /// The cell compares so with the value, read as the value's kind; never met by an empty cell.
    Compare(Column, CompareOp, Value),
    /// Two cells compare so, as numbers where both are numbers, else as texts.
    CompareColumns(Column, CompareOp, Column),
}
