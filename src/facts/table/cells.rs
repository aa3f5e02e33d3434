//! Cells of tables: which columns a block names, what their texts mean.

use std::borrow::Cow;

use crate::diag::{Code, DataPlace, Diagnostic, nearest};
use crate::model::{CellCond, CellFormat, CellFunction, CellTerm, Column, CompareOp, Table, TableStates};
use crate::value::{Date, Decimal, Value, ValueKind};

/// The place of a column among those of the header.
pub(super) fn place_of(header: &[String], column: &Column) -> Option<usize> {
    header.iter().position(|name| *name == column.name)
}

/// The columns the block names, in order.
pub(super) fn named_columns(table: &Table) -> Vec<&Column> {
    let mut columns: Vec<&Column> = Vec::new();
    for sentence in &table.sentences {
        let terms: Vec<&CellTerm> = match &sentence.states {
            TableStates::Fact(_, terms) => terms.iter().collect(),
            TableStates::Kind(term, _) => vec![term],
        };
        columns.extend(terms.into_iter().filter_map(|term| match term {
            CellTerm::Column(column) => Some(column),
            CellTerm::Constant(_) => None,
        }));
        if let Some(filter) = &sentence.filter {
            columns_of(filter, &mut columns);
        }
    }
    columns
}

/// The columns a condition names.
pub(super) fn columns_of<'c>(cond: &'c CellCond, out: &mut Vec<&'c Column>) {
    match cond {
        CellCond::And(parts) | CellCond::Or(parts) => parts.iter().for_each(|part| columns_of(part, out)),
        CellCond::Not(inner) => columns_of(inner, out),
        CellCond::Empty(column) | CellCond::Compare(column, ..) => out.push(column),
        CellCond::CompareColumns(left, _, right) => out.extend([left, right]),
    }
}

/// What is wrong with a header: it has a named column twice, or not at all.
pub(super) fn header_problem(table: &Table, header: &[String]) -> Option<Diagnostic> {
    doubled_columns(table, header).or_else(|| missing_columns(table, header))
}

fn doubled_columns(table: &Table, header: &[String]) -> Option<Diagnostic> {
    let count = |column: &&Column| header.iter().filter(|name| **name == column.name).count();
    let doubled = named_columns(table).into_iter().find(|column| count(column) > 1)?;
    Some(
        Diagnostic::new(
            Code::UnknownColumn,
            format!("`{}` has several columns `{}`", table.path, doubled.name),
        )
        .at(doubled.span, "which one?")
        .at(table.span, "in this table")
        .data(DataPlace { file: table.path.clone(), row: 1, ..DataPlace::default() })
        .help("give them different names in the table, or write `no header` and use `c1`, `c2` …"),
    )
}

fn missing_columns(table: &Table, header: &[String]) -> Option<Diagnostic> {
    let columns = named_columns(table);
    let missing =
        columns.into_iter().find(|column| place_of(header, column).is_none() && column.name != "row")?;
    let near = nearest(&missing.name, header.iter().map(String::as_str));
    let help = near.map_or_else(
        || {
            let names: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
            format!("its columns are {}", names.join(", "))
        },
        |near| format!("did you mean `{near}`?"),
    );
    Some(
        Diagnostic::new(Code::UnknownColumn, format!("`{}` has no column `{}`", table.path, missing.name))
            .at(missing.span, "no such column")
            .at(table.span, "in this table")
            .data(DataPlace { file: table.path.clone(), row: 1, ..DataPlace::default() })
            .help(help),
    )
}

/// Whether a cell without outer blanks counts as empty.
pub(super) fn is_empty(format: &CellFormat, cell: &str) -> bool {
    cell.is_empty() || format.empty.iter().any(|token| token == cell)
}

/// A cell without outer blanks, with the functions around its column.
pub(super) fn wrapped<'c>(column: &Column, cell: &'c str) -> Cow<'c, str> {
    let mut text = Cow::Borrowed(cell);
    for function in column.wrapped.iter().rev() {
        text = match function {
            CellFunction::Lower => text.to_lowercase().into(),
            CellFunction::Trim => text.trim().to_owned().into(),
        };
    }
    text
}

/// The cell's text, or nothing where it is empty.
pub(super) fn cell_text<'c>(table: &Table, column: &Column, raw: &'c str) -> Option<Cow<'c, str>> {
    let raw = raw.trim_matches([' ', '\t']);
    if is_empty(&table.cells, raw) { None } else { Some(wrapped(column, raw)) }
}

/// The value a text stands for, where it is one of the kind.
pub(super) fn read(format: &CellFormat, kind: ValueKind, text: &str) -> Option<Value> {
    match kind {
        ValueKind::Number if format.decimal_comma => {
            let dotted = text.replace('.', "\u{0}").replace(',', ".");
            Decimal::parse(&dotted).map(Value::Number)
        }
        ValueKind::Number => Decimal::parse(text).map(Value::Number),
        ValueKind::Date => match &format.date {
            Some(pattern) => Date::parse_with(pattern, text).map(Value::Date),
            None => Date::parse_iso(text).map(Value::Date),
        },
        ValueKind::Text => Some(Value::Text(text.into())),
        ValueKind::Flag => match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" => Some(Value::Flag(true)),
            "no" | "false" | "0" => Some(Value::Flag(false)),
            _ => None,
        },
    }
}

/// Whether two values compare so.
pub(super) fn compare<V: PartialOrd>(left: &V, op: CompareOp, right: &V) -> bool {
    match op {
        CompareOp::Eq => left == right,
        CompareOp::Ne => left != right,
        CompareOp::Lt => left < right,
        CompareOp::Le => left <= right,
        CompareOp::Gt => left > right,
        CompareOp::Ge => left >= right,
    }
}
