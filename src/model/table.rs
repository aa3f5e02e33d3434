//! `from` blocks: how a table is read and what each of its rows states.

use super::ir::{
    BadRows, CellCond, CellFormat, CellFunction, CellTerm, Column, CompareOp, Table, TableFrom,
    TableSentence, TableStates, Ty,
};
use super::readings::plain_word;
use super::resolver::Resolver;
use super::types::literal;
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::{
    self, Body, BodyKind, Expr as Written, ExprKind, FromLine, FromSource, Sentence, Term as WrittenTerm,
    TermKind, Word,
};
use crate::value::Value;

impl Resolver<'_> {
    /// Adds the table a `from` names.
    pub fn table(&mut self, from: &ast::From) {
        let mut sheet = None;
        let mut cells = CellFormat {
            empty: Vec::new(),
            date: None,
            decimal_comma: false,
            delimiter: None,
            header: true,
            bad_rows: BadRows::Fail,
            merge_duplicates: false,
        };
        let mut sentences = Vec::new();
        for line in &from.lines {
            match line {
                FromLine::Empty(words) => cells.empty.extend(words.iter().map(|word| word.text.clone())),
                FromLine::DateFormat(word) => cells.date = Some(word.text.clone()),
                FromLine::DecimalComma(_) => cells.decimal_comma = true,
                FromLine::Delimiter(word) => cells.delimiter = self.delimiter(word),
                FromLine::Sheet(word) => sheet = Some(word),
                FromLine::NoHeader(_) => cells.header = false,
                FromLine::OnBadRows(word) => {
                    cells.bad_rows = match word.text.as_str() {
                        "skip" => BadRows::Skip,
                        "unknown" => BadRows::Unknown,
                        _ => BadRows::Fail,
                    }
                }
                FromLine::OnDuplicates(_) => cells.merge_duplicates = true,
                FromLine::Sentence { maybe, sentence, filter, span } => {
                    let states = self.table_sentence(sentence).filter(|states| match states {
                        TableStates::Fact(relation, _) => !(*maybe && self.no_doubt(*relation, *span)),
                        TableStates::Kind(..) => true,
                    });
                    let filter = filter.as_ref().map(|body| self.cell_cond(body));
                    if let (Some(states), None | Some(Some(_))) = (states, &filter) {
                        let filter = filter.flatten();
                        sentences.push(TableSentence { states, maybe: *maybe, filter, span: *span });
                    }
                }
                FromLine::Broken(_) => self.broken.others = true,
            }
        }
        let span = match &from.source {
            FromSource::File(path) | FromSource::Sqlite { path, .. } => path.span,
            FromSource::Postgres { variable, .. } => variable.span,
        };
        let from = self.table_from(&from.source, sheet);
        let path = self.table_name(&from);
        self.out.tables.push(Table { path, from, span, cells, sentences });
    }

    fn table_from(&mut self, source: &FromSource, sheet: Option<&Word>) -> TableFrom {
        let is_workbook = matches!(source, FromSource::File(path) if path.text.ends_with(".xlsx"));
        if let (Some(sheet), false) = (sheet, is_workbook) {
            self.report(
                Diagnostic::new(Code::UnexpectedText, "only a workbook has sheets")
                    .at(sheet.span, "this table is not one")
                    .help("name a file that ends in `.xlsx`, or take the line out"),
            );
        }
        match source {
            FromSource::File(path) => {
                TableFrom::File { path: path.text.clone(), sheet: sheet.map(|sheet| sheet.text.clone()) }
            }
            FromSource::Sqlite { path, query } => {
                TableFrom::Sqlite { path: path.text.clone(), query: query.text.clone() }
            }
            FromSource::Postgres { variable, query } => {
                TableFrom::Postgres { variable: variable.text.clone(), query: query.text.clone() }
            }
        }
    }

    /// What a table is called: `crm.db`; `crm.db#1`, `crm.db#2` where it is asked several queries;
    /// `book.xlsx#People` where a sheet is named.
    fn table_name(&mut self, from: &TableFrom) -> String {
        let name = from.name();
        match from {
            TableFrom::File { sheet: None, .. } => name.to_owned(),
            TableFrom::File { sheet: Some(sheet), .. } => format!("{name}#{sheet}"),
            TableFrom::Sqlite { .. } | TableFrom::Postgres { .. } => {
                let asked = |table: &&mut Table| {
                    !matches!(table.from, TableFrom::File { .. }) && table.from.name() == name
                };
                let mut before: Vec<&mut Table> = self.out.tables.iter_mut().filter(asked).collect();
                match before.as_mut_slice() {
                    [] => name.to_owned(),
                    [first, rest @ ..] => {
                        first.path = format!("{name}#1");
                        format!("{name}#{}", rest.len() + 2)
                    }
                }
            }
        }
    }

    fn delimiter(&mut self, word: &Word) -> Option<u8> {
        match word.text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
            b"\\t" => Some(b'\t'),
            _ => {
                self.report(
                    Diagnostic::new(Code::UnexpectedText, "a delimiter is one plain character")
                        .at(word.span, "not one")
                        .help("write it in quotes, as in `delimiter \";\"`"),
                );
                None
            }
        }
    }

    fn table_sentence(&mut self, sentence: &Sentence) -> Option<TableStates> {
        let Some(found) = self.readings.find(sentence) else {
            if let [thing, is, article, kind] = sentence.parts.as_slice()
                && plain_word(is) == Some("is")
                && matches!(plain_word(article), Some("a" | "an"))
                && let Some(name) = plain_word(kind)
            {
                let kind = self.find_kind(&Word { text: name.to_owned(), span: kind.span })?;
                return Some(TableStates::Kind(self.cell_term(thing, Ty::Thing(kind))?, kind));
            }
            self.report_unknown_sentence(sentence, None);
            return None;
        };
        let types: Vec<Ty> = self.out.relations[found.relation].slots.iter().map(|slot| slot.ty).collect();
        let args: Option<Vec<CellTerm>> =
            found.args.iter().zip(types).map(|(term, ty)| self.cell_term(term, ty)).collect();
        Some(TableStates::Fact(found.relation, args?))
    }

    fn cell_term(&mut self, term: &WrittenTerm, ty: Ty) -> Option<CellTerm> {
        if let Some(column) = self.column(term) {
            return Some(CellTerm::Column(column));
        }
        if matches!(term.kind, TermKind::Wrapped { .. }) {
            // Reported with its function.
            return None;
        }
        self.fact_constant(term, ty).map(CellTerm::Constant)
    }

    fn column(&mut self, term: &WrittenTerm) -> Option<Column> {
        match &term.kind {
            TermKind::Word(word) if matches!(word.as_str(), "yes" | "no") => None,
            TermKind::Word(name) | TermKind::Column(name) => {
                Some(Column { name: name.clone(), wrapped: Vec::new(), span: term.span })
            }
            TermKind::Wrapped { function, column } => {
                let mut inner = self.column(column)?;
                let wrapped = match function.text.as_str() {
                    "lower" => CellFunction::Lower,
                    "trim" => CellFunction::Trim,
                    _ => {
                        let declare = "`lower` and `trim` may stand around a column";
                        self.report_unknown(Code::UnknownFunction, "function", function, None, declare);
                        return None;
                    }
                };
                inner.wrapped.insert(0, wrapped);
                Some(inner)
            }
            TermKind::Quoted(_) | TermKind::Number(_) | TermKind::Date(_) | TermKind::Any(_) => None,
        }
    }

    fn cell_cond(&mut self, body: &Body) -> Option<CellCond> {
        match &body.kind {
            BodyKind::And(parts) => {
                parts.iter().map(|part| self.cell_cond(part)).collect::<Option<_>>().map(CellCond::And)
            }
            BodyKind::Or(parts) => {
                parts.iter().map(|part| self.cell_cond(part)).collect::<Option<_>>().map(CellCond::Or)
            }
            BodyKind::Not(inner) => self.cell_cond(inner).map(|inner| CellCond::Not(Box::new(inner))),
            BodyKind::Sentence(sentence) => self.cell_is(sentence),
            BodyKind::Compare { lhs, op, rhs } => self.cell_compare(lhs, *op, rhs, body),
            BodyKind::OneOf { item, not, options } => {
                let column = self.column(item);
                let parts: Option<Vec<CellCond>> = options
                    .iter()
                    .map(|option| Some(CellCond::Compare(column.clone()?, CompareOp::Eq, literal(option)?)))
                    .collect();
                match parts {
                    Some(parts) if *not => Some(CellCond::Not(Box::new(CellCond::Or(parts)))),
                    Some(parts) => Some(CellCond::Or(parts)),
                    None => self.report_cell_cond(body),
                }
            }
            BodyKind::Broken => None,
            BodyKind::Known(_)
            | BodyKind::Calculation(_)
            | BodyKind::SentenceCompare { .. }
            | BodyKind::AccordingTo { .. }
            | BodyKind::Disagree { .. } => self.report_cell_cond(body),
        }
    }

    fn report_cell_cond(&mut self, body: &Body) -> Option<CellCond> {
        self.report(
            Diagnostic::new(Code::UnexpectedText, "this cannot be asked of a row of a table")
                .at(body.span, "only its cells are known here")
                .help("compare columns with values, as in `amount > 0`, or write `tail is not empty`"),
        );
        None
    }

    /// `tail is empty`, `tail is not empty`, `state is "MA"`.
    fn cell_is(&mut self, sentence: &Sentence) -> Option<CellCond> {
        let (first, rest) = sentence.parts.split_first()?;
        let column = self.column(first)?;
        let words: Vec<Option<&str>> = rest.iter().map(plain_word).collect();
        let (not, object) = match words.as_slice() {
            [Some("is"), Some("not"), _] => (true, &rest[2]),
            [Some("is"), _] => (false, &rest[1]),
            _ => {
                let body = Body { kind: BodyKind::Broken, span: sentence.span };
                return self.report_cell_cond(&body);
            }
        };
        let cond = match (plain_word(object), literal(object)) {
            (Some("empty"), _) => CellCond::Empty(column),
            (_, Some(value)) => CellCond::Compare(column, CompareOp::Eq, value),
            _ => CellCond::CompareColumns(column, CompareOp::Eq, self.column(object)?),
        };
        Some(if not { CellCond::Not(Box::new(cond)) } else { cond })
    }

    fn cell_compare(&mut self, lhs: &Written, op: CompareOp, rhs: &Written, body: &Body) -> Option<CellCond> {
        let left = self.cell_side(lhs);
        let right = self.cell_side(rhs);
        match (left, right) {
            (Some(CellSide::Column(column)), Some(CellSide::Value(value))) => {
                Some(CellCond::Compare(column, op, value))
            }
            (Some(CellSide::Value(value)), Some(CellSide::Column(column))) => {
                Some(CellCond::Compare(column, op.mirrored(), value))
            }
            (Some(CellSide::Column(left)), Some(CellSide::Column(right))) => {
                Some(CellCond::CompareColumns(left, op, right))
            }
            _ => self.report_cell_cond(body),
        }
    }

    fn cell_side(&mut self, expr: &Written) -> Option<CellSide> {
        match &expr.kind {
            ExprKind::Term(term) => match literal(term) {
                Some(value) => Some(CellSide::Value(value)),
                None => self.column(term).map(CellSide::Column),
            },
            ExprKind::Negate(inner) => match self.cell_side(inner)? {
                CellSide::Value(Value::Number(number)) => Some(CellSide::Value(Value::Number(-number))),
                CellSide::Value(_) | CellSide::Column(_) => None,
            },
            ExprKind::Call { function, args } => {
                let [arg] = args.as_slice() else { return None };
                let CellSide::Column(mut column) = self.cell_side(arg)? else { return None };
                let wrapped = match function.text.as_str() {
                    "lower" => CellFunction::Lower,
                    "trim" => CellFunction::Trim,
                    _ => return None,
                };
                column.wrapped.insert(0, wrapped);
                Some(CellSide::Column(column))
            }
            ExprKind::Binary(..) | ExprKind::Duration(..) | ExprKind::Aggregate(_) | ExprKind::Broken => None,
        }
    }
}

enum CellSide {
    Column(Column),
    Value(Value),
}
