//! Bodies of `define`s, questions, lenses and constraints.

use super::clause::Purpose;
use super::ir::{LensId, Otherwise, Policy, QuestionId, Row, RowId, Rule, Ty};
use super::resolver::Resolver;
use crate::base::{FileId, IndexVec, Span};
use crate::diag::{Code, Diagnostic, nearest};
use crate::syntax::ast::{self, Ast, ItemKind, LensLineKind, QuestionPart, Word};

/// Resolves all rules of all files; everything they name is declared.
pub(super) fn resolve_rules(resolver: &mut Resolver<'_>, files: &[(FileId, Ast)]) {
    let items = || files.iter().flat_map(|(_, ast)| &ast.items);
    for item in items() {
        match &item.kind {
            ItemKind::Question(question) => resolver.among(question),
            ItemKind::Define(define) => resolver.define(define, item.span),
            _ => {}
        }
    }
    for item in items() {
        match &item.kind {
            ItemKind::Lens(lens) => resolver.lens(lens, item.span),
            ItemKind::Never(never) => resolver.never(never, item.span),
            _ => {}
        }
    }
}

impl Resolver<'_> {
    fn among(&mut self, question: &ast::Question) {
        let name = question.parts.iter().find_map(|part| match part {
            QuestionPart::Verdicts(words) => words.first(),
            QuestionPart::Word(_) | QuestionPart::Slot(_) => None,
        });
        let id = name.and_then(|name| self.questions.get(&name.text));
        let (Some(id), Some(among)) = (id, &question.among) else { return };
        let subject = self.out.questions[id].slots.clone();
        let purpose = Purpose { subject: &subject, bound: false, head: Vec::new(), span: among.span };
        if let Some((clause, _)) = self.clause(among, None, &purpose) {
            self.out.questions[id].among = Some(clause);
        } else {
            self.broken.others = true;
        }
    }

    fn define(&mut self, define: &ast::Define, span: Span) {
        let Some(found) = self.readings.find(&define.conclusion) else {
            self.report_unknown_sentence(&define.conclusion, None);
            self.broken.others = true;
            return;
        };
        let relation = found.relation;
        if self.out.relations[relation].open.is_some() {
            let declared = self.out.relations[relation].span;
            self.report(
                Diagnostic::new(Code::NotAFact, "a value that may be missing is stated, not defined")
                    .at(span, "defined here")
                    .at(declared, "declared with `?` here")
                    .help("define another sentence, or take the `?` away"),
            );
            return;
        }
        let types: Vec<Ty> = self.out.relations[relation].slots.iter().map(|slot| slot.ty).collect();
        let head = found.args.into_iter().zip(types).collect();
        let purpose = Purpose { subject: &[], bound: false, head, span };
        match self.clause(&define.when, define.unless.as_ref(), &purpose) {
            Some((clause, head)) => {
                let rule = self.out.rules.push(Rule { relation, head, clause, span });
                self.out.relations[relation].rules.push(rule);
            }
            None => self.broken.others = true,
        }
    }

    fn never(&mut self, never: &ast::Never, span: Span) {
        let Some(id) = self.nevers.get(&never.name.text).filter(|id| self.out.nevers[*id].span == span)
        else {
            return;
        };
        let purpose = Purpose { subject: &[], bound: false, head: Vec::new(), span };
        match self.clause(&never.when, never.unless.as_ref(), &purpose) {
            Some((clause, _)) => self.out.nevers[id].clause = clause,
            None => self.broken.others = true,
        }
    }

    fn lens(&mut self, lens: &ast::Lens, span: Span) {
        let Some(id) = self.lenses.get(&lens.name.text).filter(|id| self.out.lenses[*id].span == span) else {
            return;
        };
        let question = self.out.lenses[id].question;
        let mut first_match: Option<Span> = None;
        let mut overrides: Vec<(&Word, &Vec<Word>, Span)> = Vec::new();
        let mut otherwise: Option<Span> = None;
        let mut row_seen: Option<Span> = None;
        for line in &lens.lines {
            match &line.kind {
                LensLineKind::Cites(text) => self.out.lenses[id].cites.push(text.text.clone()),
                LensLineKind::FirstMatch => {
                    if let Some(first) = first_match.or(row_seen) {
                        self.report_policy(
                            "`first match wins` stands once, before the rows",
                            line.span,
                            first,
                        );
                    }
                    first_match = Some(line.span);
                }
                LensLineKind::Row(row) => {
                    row_seen.get_or_insert(line.span);
                    self.row(id, question, row, line.span);
                }
                LensLineKind::Overrides { label, others } => overrides.push((label, others, line.span)),
                LensLineKind::Otherwise(_) | LensLineKind::OtherwiseAs(_) if otherwise.is_some() => {
                    let first = otherwise.unwrap_or(line.span);
                    self.report(
                        Diagnostic::new(Code::Duplicate, "`otherwise` stands twice in this lens")
                            .at(line.span, "the second")
                            .at(first, "the first")
                            .help("keep one of them"),
                    );
                }
                LensLineKind::Otherwise(word) => {
                    otherwise = Some(line.span);
                    if let Some(verdict) = self.find_verdict(question, word.clone()) {
                        self.out.lenses[id].otherwise = Otherwise::Verdict(verdict, line.span);
                    }
                }
                LensLineKind::OtherwiseAs(name) => {
                    otherwise = Some(line.span);
                    if let Some(other) = self.find_lens(name)
                        && self.same_question(id, other, name.span)
                    {
                        self.out.lenses[id].otherwise = Otherwise::As(other, line.span);
                    }
                }
                LensLineKind::Broken => self.broken.others = true,
            }
        }
        if let (Some(first), Some((_, _, span))) = (first_match, overrides.first()) {
            self.report_policy("`overrides` cannot stand beside `first match wins`", *span, first);
        } else if first_match.is_some() {
            self.out.lenses[id].policy = Policy::FirstMatch;
        } else {
            self.overrides(id, &overrides);
        }
    }

    fn report_policy(&mut self, message: &str, span: Span, other: Span) {
        self.report(
            Diagnostic::new(Code::PolicyClash, message)
                .at(span, "this")
                .at(other, "and this")
                .help("choose one way to settle rows that both match, and say it before the rows"),
        );
    }

    fn row(&mut self, lens: LensId, question: QuestionId, row: &ast::Row, span: Span) {
        let label = row.label.as_ref().map(|label| label.text.clone());
        if let Some(word) = &row.label {
            let same =
                self.out.lenses[lens].rows.iter().find(|other| other.label.as_ref() == Some(&word.text));
            if let Some(first) = same.map(|other| other.span) {
                self.report_duplicate("in this lens the row", word, first);
            }
        }
        let verdict = self.find_verdict(question, row.verdict.clone());
        let subject = self.out.questions[question].slots.clone();
        let bound = self.out.questions[question].among.is_some() || self.broken.any();
        let purpose = Purpose { subject: &subject, bound, head: Vec::new(), span };
        let clause = self.clause(&row.when, row.unless.as_ref(), &purpose);
        let (Some(verdict), Some((clause, _))) = (verdict, clause) else {
            self.broken.others = true;
            return;
        };
        let reason = row.reason.as_ref().map(|reason| reason.text.clone());
        self.out.lenses[lens].rows.push(Row { label, verdict, reason, clause, span });
    }

    fn overrides(&mut self, lens: LensId, lines: &[(&Word, &Vec<Word>, Span)]) {
        let mut pairs: Vec<(RowId, RowId)> = Vec::new();
        for (label, others, _) in lines {
            let stronger = self.find_row(lens, label);
            for other in *others {
                let weaker = self.find_row(lens, other);
                if let (Some(stronger), Some(weaker)) = (stronger, weaker) {
                    pairs.push((stronger, weaker));
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        if let Some(row) = in_loop(&pairs, &self.out.lenses[lens].rows) {
            let place = lines.first().map_or(row, |(_, _, span)| *span);
            self.report(
                Diagnostic::new(Code::OverrideLoop, "rows override each other in a loop")
                    .at(place, "these lines lead back to where they began")
                    .at(row, "this row ends up overriding itself")
                    .help("take away one of the `overrides`, so that some row is the strongest"),
            );
        }
        self.out.lenses[lens].policy = Policy::Unique { overrides: pairs };
    }

    fn find_row(&mut self, lens: LensId, label: &Word) -> Option<RowId> {
        let rows = &self.out.lenses[lens].rows;
        let found = rows.iter_enumerated().find(|(_, row)| row.label.as_ref() == Some(&label.text));
        if let Some((id, _)) = found {
            return Some(id);
        }
        if !self.broken.others {
            let labels = rows.iter().filter_map(|row| row.label.as_deref());
            let near = nearest(&label.text, labels).map(str::to_owned);
            let declare = "put the label before a row of this lens, as in `label: verdict when …`";
            self.report_unknown(Code::UnknownRow, "row", label, near.as_deref(), declare);
        }
        None
    }
}

/// A row from which the pairs lead back to itself.
fn in_loop(pairs: &[(RowId, RowId)], rows: &IndexVec<RowId, Row>) -> Option<Span> {
    let mut left: Vec<(RowId, RowId)> = pairs.to_vec();
    loop {
        // A row nothing overrides is in no loop, so neither is what it overrides because of it.
        let before = left.len();
        let weaker: Vec<RowId> = left.iter().map(|(_, weaker)| *weaker).collect();
        left.retain(|(stronger, _)| weaker.contains(stronger));
        if left.is_empty() {
            return None;
        }
        if left.len() == before {
            return left.first().map(|(stronger, _)| rows[*stronger].span);
        }
    }
}
