//! What texts of scanned cells stand for, and the facts their rows state.

use super::cells::{compare, is_empty, place_of, read, wrapped};
use super::columns::{Part, Plain, Use};
use super::digest;
use super::merge::Gathered;
use super::scan::Share;
use super::slots::{Filled, Ids, Stated, written};
use super::values::{BAD, EMPTY, ids_of, values_of};
use crate::base::BitSet;
use crate::base::parallel::{each, each_of, each_part_mut};
use crate::facts::names::Names;
use crate::facts::{Dictionary, FactSetBuilder, Origin, TableRead};
use crate::model::{
    CellCond, CellFormat, CellTerm, Column, DomainId, Ruleset, TableSentence, TableStates, Ty,
};
use crate::value::{Value, ValueKind};

/// Per part and pool what each text stands for.
type Meanings = Vec<Vec<Vec<u32>>>;

/// States what was scanned; hands back tables with something in them that cannot be read, whose shares stay
/// with their parts.
pub(super) fn state(
    ruleset: &Ruleset,
    plain: &[Plain<'_>],
    uses: &[Use],
    parts: &mut [Part],
    builder: &mut FactSetBuilder<'_>,
) -> Vec<usize> {
    for part in parts.iter_mut() {
        part.note_empties(ruleset, plain);
    }
    let meanings = understand(ruleset, plain, uses, parts, builder);
    let mut odd = Vec::new();
    // One table after the other: its cells are let go before the next one's facts take their place.
    for (at, plain) in plain.iter().enumerate() {
        let own = parts.iter_mut().enumerate();
        let shares: Vec<(usize, Share)> =
            own.filter_map(|(part, own)| Some((part, own.shares[at].take()?))).collect();
        let mut table = Scanned {
            ruleset,
            table: plain,
            uses,
            parts,
            meanings: &meanings,
            shares: &shares,
            numbered: None,
        };
        if table.is_readable() {
            table.numbered = table.number_rows(builder);
        }
        match table.sentences(builder) {
            Some(stated) => table.state(stated, builder),
            None => {
                odd.push(plain.at);
                // They may be all that is left of the table.
                shares.into_iter().for_each(|(part, share)| parts[part].shares[at] = Some(share));
            }
        }
    }
    odd
}

/// Gives texts their ids, in the order in which they first come in the tables: names of things as they
/// stand there, values, then names made of cells by a function.
fn understand(
    ruleset: &Ruleset,
    plain: &[Plain<'_>],
    uses: &[Use],
    parts: &mut [Part],
    builder: &mut FactSetBuilder<'_>,
) -> Meanings {
    let mut meanings: Meanings = parts.iter().map(|part| vec![Vec::new(); part.pools.len()]).collect();
    // Where its cells cannot be read again, texts of a table are kept.
    let wanted = plain.iter().any(|table| table.by_row);
    let mut things: Vec<(DomainId, Gathered)> = Vec::new();
    for (pool, usage) in uses.iter().enumerate() {
        if let Use::Things(domain) = usage
            && let Some(names) = builder.dictionary_mut(*domain).names_mut()
        {
            things.push((*domain, Gathered::take(parts, pool, std::mem::take(names))));
        }
    }
    each_part_mut(&mut things, 1, |_, own| own.iter_mut().for_each(|(_, gathered)| gathered.link()));
    // No text is looked up any more: what that took is room for what follows.
    for part in parts.iter_mut() {
        part.pools.iter_mut().for_each(Names::forget_finder);
    }
    let scanned = &*parts;
    let merged = |(domain, mut gathered): (DomainId, Gathered)| {
        let ids = gathered.merge(&in_order(plain, scanned, gathered.pool), wanted);
        if !wanted {
            gathered.parts.clear();
        }
        (domain, gathered, ids)
    };
    let cells: Vec<Cells<'_>> =
        (0..uses.len()).filter_map(|pool| Cells::of(ruleset, plain, uses, pool)).collect();
    let (merged, ()) =
        rayon::join(|| each_of(things, merged), || values(ruleset, &cells, scanned, builder, &mut meanings));
    for (domain, Gathered { pool, parts: names, names: all, .. }, ids) in merged {
        if let Some(known) = builder.dictionary_mut(domain).names_mut() {
            *known = all;
        }
        meanings.iter_mut().zip(ids).for_each(|(meanings, ids)| meanings[pool] = ids);
        parts.iter_mut().zip(names).for_each(|(part, names)| part.pools[pool] = names);
    }
    for cells in cells.iter().filter(|cells| matches!(cells.ty, Ty::Thing(_))) {
        for (meanings, part) in meanings.iter_mut().zip(&*parts) {
            let texts = &part.pools[cells.pool];
            let own =
                |text| meaning(ruleset, cells.format, &cells.column, cells.ty, texts.get(text), builder);
            meanings[cells.pool] = (0..texts.len() as u32).map(own).collect();
        }
    }
    if !wanted {
        // What cells stand for is known now; a `where` still looks at its texts.
        for cells in &cells {
            parts.iter_mut().for_each(|part| part.pools[cells.pool] = Names::default());
        }
    }
    meanings
}

/// The ids of what the numbers of so many rows stand for, given to them now where they had none.
fn numbers_of(
    rows: usize,
    format: &CellFormat,
    column: &Column,
    ty: Ty,
    dictionary: &mut Dictionary,
) -> Vec<u32> {
    let kind = match ty {
        Ty::Thing(_) => {
            return dictionary.names_mut().map_or_else(Vec::new, |names| names.intern_numbers(rows));
        }
        Ty::Value(kind) => kind,
    };
    let mut texts = Names::new();
    texts.intern_numbers(rows);
    ids_of(vec![values_of(format, column, kind, &texts)], dictionary).pop().unwrap_or_default()
}

/// A pool of the cells of one column.
struct Cells<'r> {
    pool: usize,
    format: &'r CellFormat,
    column: Column,
    ty: Ty,
}

impl<'r> Cells<'r> {
    fn of(ruleset: &'r Ruleset, plain: &[Plain<'_>], uses: &[Use], pool: usize) -> Option<Self> {
        let Use::Cells { table, ty, wrapped, .. } = &uses[pool] else { return None };
        let own = plain.iter().find(|plain| plain.at == *table)?;
        let format = &ruleset.tables[*table].cells;
        let column = Column { name: String::new(), wrapped: wrapped.clone(), span: own.span(ruleset) };
        Some(Self { pool, format, column, ty: *ty })
    }
}

/// Gives the texts of cells that stand for values their ids, one kind of value after the other.
fn values(
    ruleset: &Ruleset,
    cells: &[Cells<'_>],
    parts: &[Part],
    builder: &mut FactSetBuilder<'_>,
    meanings: &mut Meanings,
) {
    for kind in ValueKind::ALL {
        let own: Vec<&Cells<'_>> = cells.iter().filter(|cells| cells.ty == Ty::Value(kind)).collect();
        let runs = own.iter().flat_map(|cells| parts.iter().enumerate().map(move |part| (*cells, part)));
        let runs: Vec<(&Cells<'_>, (usize, &Part))> = runs.collect();
        if runs.is_empty() {
            continue;
        }
        let meant = |(cells, (_, part)): &(&Cells<'_>, (usize, &Part))| {
            values_of(cells.format, &cells.column, kind, &part.pools[cells.pool])
        };
        let meant = runs.iter().map(meant).collect();
        let dictionary = builder.dictionary_mut(ruleset.domain_of(Ty::Value(kind)));
        for ((cells, (part, _)), ids) in runs.iter().zip(ids_of(meant, dictionary)) {
            meanings[*part][cells.pool] = ids;
        }
    }
}

/// Which texts of a pool of which part come one after another in the tables.
fn in_order(plain: &[Plain<'_>], parts: &[Part], pool: usize) -> Vec<(usize, std::ops::Range<u32>)> {
    let mut from = vec![0; parts.len()];
    let mut order = Vec::new();
    for at in 0..plain.len() {
        for (part, own) in parts.iter().enumerate() {
            let Some(share) = &own.shares[at] else { continue };
            let to = share.met[pool];
            order.push((part, std::mem::replace(&mut from[part], to)..to));
        }
    }
    order
}

/// The id of what a cell without outer blanks stands for.
fn meaning(
    ruleset: &Ruleset,
    format: &CellFormat,
    column: &Column,
    ty: Ty,
    cell: &str,
    builder: &mut FactSetBuilder<'_>,
) -> u32 {
    if is_empty(format, cell) {
        return EMPTY;
    }
    let text = wrapped(column, cell);
    let domain = ruleset.domain_of(ty);
    match ty {
        Ty::Thing(_) => builder.dictionary_mut(domain).intern_name(&text),
        Ty::Value(kind) => {
            read(format, kind, &text).map_or(BAD, |value| builder.dictionary_mut(domain).intern_value(&value))
        }
    }
}

/// One scanned table.
struct Scanned<'s> {
    ruleset: &'s Ruleset,
    table: &'s Plain<'s>,
    uses: &'s [Use],
    parts: &'s [Part],
    meanings: &'s Meanings,
    /// With the parts they are of.
    shares: &'s [(usize, Share)],
    /// `None` where some cell or number cannot be read.
    numbered: Option<Vec<Numbered>>,
}

/// What the numbers of a table's rows stand for among the names or values of a domain; a mark where they stand for none.
struct Numbered {
    domain: DomainId,
    ids: Vec<u32>,
}

impl Scanned<'_> {
    /// What all sentences state; `None` where some cell cannot be read.
    fn sentences(&self, builder: &FactSetBuilder<'_>) -> Option<Vec<Stated>> {
        self.numbered.as_ref()?;
        let sentences = &self.ruleset.tables[self.table.at].sentences;
        let filled = each(sentences.len(), |at| self.sentence(&sentences[at], builder));
        filled.into_iter().collect::<Option<Vec<Filled<'_>>>>().map(written)
    }

    /// States all facts.
    fn state(&self, stated: Vec<Stated>, builder: &mut FactSetBuilder<'_>) {
        let table = &self.ruleset.tables[self.table.at];
        for (sentence, stated) in table.sentences.iter().zip(stated) {
            match &sentence.states {
                TableStates::Fact(relation, _) => {
                    let facts = builder.stated(*relation, sentence.maybe);
                    facts.append(stated.columns, |run| self.runs(&stated.rows, run));
                }
                TableStates::Kind(_, kind) => {
                    let members = builder.members_mut(*kind);
                    stated.columns.iter().for_each(|column| members.insert_all(column));
                }
            }
        }
        let rows = self.shares.iter().map(|(_, share)| share.rows as u64).sum();
        let digests = self.shares.iter().flat_map(|(_, share)| share.digests.iter().copied());
        builder.note_read(TableRead {
            table: self.table.at as u32,
            path: table.path.clone(),
            rows,
            skipped: 0,
            repeated: 0,
            digest: digest(digests),
            by_row: self.table.by_row,
        });
    }

    fn is_readable(&self) -> bool {
        let own = |usage: &Use| matches!(usage, Use::Cells { table, .. } if *table == self.table.at);
        let mut pools = (0..self.uses.len()).filter(|pool| own(&self.uses[*pool]));
        !pools.any(|pool| self.shares.iter().any(|(part, _)| self.meanings[*part][pool].contains(&BAD)))
    }

    /// What the numbers of rows stand for, where a sentence asks for them; `None` where one may count as empty.
    fn number_rows(&self, builder: &mut FactSetBuilder<'_>) -> Option<Vec<Numbered>> {
        let rows: usize = self.shares.iter().map(|(_, share)| share.rows).sum();
        let format = &self.ruleset.tables[self.table.at].cells;
        let mut numbered: Vec<Numbered> = Vec::new();
        for sentence in &self.ruleset.tables[self.table.at].sentences {
            for (term, ty) in super::columns::filled(self.ruleset, sentence) {
                let domain = self.ruleset.domain_of(ty);
                let dictionary = builder.dictionary_mut(domain);
                match term {
                    CellTerm::Constant(constant) => _ = dictionary.intern(constant),
                    CellTerm::Column(column) => {
                        let is_known = numbered.iter().any(|numbered| numbered.domain == domain);
                        if is_known || place_of(&self.table.header, column).is_some() {
                            continue;
                        }
                        if format.empty.iter().any(|token| token.parse::<u64>().is_ok()) {
                            return None;
                        }
                        let ids = numbers_of(rows, format, column, ty, dictionary);
                        numbered.push(Numbered { domain, ids });
                    }
                }
            }
        }
        Some(numbered)
    }

    /// What a sentence states; `None` where some cell cannot be read.
    fn sentence(&self, sentence: &TableSentence, builder: &FactSetBuilder<'_>) -> Option<Filled<'_>> {
        let format = &self.ruleset.tables[self.table.at].cells;
        let terms = super::columns::filled(self.ruleset, sentence);
        let mut rows = Vec::new();
        let mut slots: Vec<Vec<Ids<'_>>> = Vec::new();
        let mut before = 0;
        for (part, share) in self.shares {
            let mut keep: Option<BitSet> = None;
            if let Some(filter) = &sentence.filter {
                let looks = self.look(filter, *part, share, format);
                let mut kept = BitSet::new(share.rows);
                for row in 0..share.rows {
                    if meets(&looks, row)? {
                        kept.insert(row);
                    }
                }
                keep = Some(kept);
            }
            let mut own = Vec::with_capacity(terms.len());
            for (term, ty) in &terms {
                own.push(self.column(term, *ty, *part, share, before, builder, &mut keep)?);
            }
            slots.push(own);
            before += share.rows;
            rows.push(keep.map(|keep| {
                let mut rows = Vec::with_capacity(keep.count());
                rows.extend(keep.iter().map(|row| row as u32));
                rows
            }));
        }
        let counts = self.shares.iter().zip(&rows);
        let count = counts.map(|((_, share), rows)| rows.as_ref().map_or(share.rows, Vec::len)).sum();
        Some(Filled { slots, rows, count })
    }

    /// A slot's ids over the rows of one part; rows without one are taken out of `keep`.
    #[expect(clippy::too_many_arguments, reason = "a slot of a part of a sentence")]
    fn column<'c>(
        &'c self,
        term: &CellTerm,
        ty: Ty,
        part: usize,
        share: &'c Share,
        before: usize,
        builder: &FactSetBuilder<'_>,
        keep: &mut Option<BitSet>,
    ) -> Option<Ids<'c>> {
        let format = &self.ruleset.tables[self.table.at].cells;
        let dictionary = builder.dictionary(self.ruleset.domain_of(ty));
        let column = match term {
            CellTerm::Constant(constant) => return Some(Ids::Same(dictionary.find(constant)?, share.rows)),
            CellTerm::Column(column) => column,
        };
        let Some(place) = place_of(&self.table.header, column) else {
            let domain = self.ruleset.domain_of(ty);
            let numbered = self.numbered.iter().flatten().find(|numbered| numbered.domain == domain)?;
            let own = &numbered.ids[before..before + share.rows];
            return Some(Ids::Rows(own)).filter(|_| !own.contains(&BAD));
        };
        let usage = super::columns::use_of(self.ruleset, self.table.at, place, column, ty);
        let target = self
            .table
            .shape
            .targets
            .iter()
            .position(|target| target.column == place && self.uses[target.pool] == usage)?;
        let pool = self.table.shape.targets[target].pool;
        let (texts, meanings) = (&share.columns[target], &self.meanings[part][pool]);
        let empty: Vec<u32> = match usage {
            // Names are the same in all tables; which cells are empty is each table's own affair.
            Use::Things(_) => {
                let tokens = std::iter::once("").chain(format.empty.iter().map(String::as_str));
                tokens.filter_map(|token| self.parts[part].empties[pool].get(token).copied()).collect()
            }
            Use::Cells { .. } | Use::Filter { .. } => {
                (0..meanings.len() as u32).filter(|text| meanings[*text as usize] == EMPTY).collect()
            }
        };
        if !empty.is_empty() {
            let mut known = BitSet::new(meanings.len());
            empty.iter().for_each(|text| known.insert(*text as usize));
            let kept = keep.get_or_insert_with(|| BitSet::full(share.rows));
            for (row, text) in texts.iter().enumerate() {
                if known.contains(*text as usize) {
                    kept.remove(row);
                }
            }
        }
        Some(Ids::Texts(texts, meanings))
    }

    /// Where the facts were stated: calls `run` with the first of lines that follow each other, and how many do.
    fn runs(&self, rows: &[Option<Vec<u32>>], run: &mut dyn FnMut(Origin, usize)) {
        let table = self.table.at as u32;
        let mut first = self.table.first_line();
        for ((_, share), rows) in self.shares.iter().zip(rows) {
            let ends = share.runs.iter().skip(1).map(|(row, _)| *row).chain([share.rows as u32]);
            let runs = share.runs.iter().zip(ends).map(|((row, line), end)| (*row, end, first + line));
            for (from, to, line) in runs {
                let origin = |row: u32| Origin::Row { table, line: line + (row - from) };
                match rows {
                    None => run(origin(from), (to - from) as usize),
                    Some(rows) => {
                        let own =
                            rows.partition_point(|row| *row < from)..rows.partition_point(|row| *row < to);
                        for next in rows[own].chunk_by(|row, next| row + 1 == *next) {
                            run(origin(next[0]), next.len());
                        }
                    }
                }
            }
            first += share.lines;
        }
    }

    /// A condition with the texts it looks at.
    fn look<'c>(
        &'c self,
        cond: &'c CellCond,
        part: usize,
        share: &'c Share,
        format: &'c CellFormat,
    ) -> Look<'c> {
        let cells = |column: &Column| {
            let wanted = place_of(&self.table.header, column);
            let is_it = |usage: &Use| matches!(usage, Use::Filter { table, column } if *table == self.table.at && Some(*column) == wanted);
            let target = self
                .table
                .shape
                .targets
                .iter()
                .position(|target| is_it(&self.uses[target.pool]))
                .unwrap_or(0);
            (share.columns[target].as_slice(), &self.parts[part].pools[self.table.shape.targets[target].pool])
        };
        let text = |column: &Column, cell: &str| {
            if is_empty(format, cell) { None } else { Some(wrapped(column, cell).into_owned()) }
        };
        match cond {
            CellCond::And(parts) => {
                Look::And(parts.iter().map(|inner| self.look(inner, part, share, format)).collect())
            }
            CellCond::Or(parts) => {
                Look::Or(parts.iter().map(|inner| self.look(inner, part, share, format)).collect())
            }
            CellCond::Not(inner) => Look::Not(Box::new(self.look(inner, part, share, format))),
            CellCond::Empty(column) => {
                let (cells, pool) = cells(column);
                let met = |id| Some(text(column, pool.get(id)).is_none());
                Look::Each(cells, (0..pool.len() as u32).map(met).collect())
            }
            CellCond::Compare(column, op, value) => {
                let (cells, pool) = cells(column);
                let met = |id| match text(column, pool.get(id)) {
                    None => Some(false),
                    Some(text) => read(format, value.kind(), &text).map(|cell| compare(&cell, *op, value)),
                };
                Look::Each(cells, (0..pool.len() as u32).map(met).collect())
            }
            CellCond::CompareColumns(left, op, right) => {
                let side = |column| {
                    let (cells, pool) = cells(column);
                    let values = (0..pool.len() as u32).map(|id| {
                        let text = text(column, pool.get(id))?;
                        let number = read(format, ValueKind::Number, &text);
                        Some((number, Value::Text(text.into())))
                    });
                    (cells, values.collect())
                };
                Look::Two(side(left), *op, side(right))
            }
        }
    }
}

/// A text's number, where it is one, and itself; nothing where the cell is empty.
type Comparable = Option<(Option<Value>, Value)>;

/// A condition over the rows of one part.
enum Look<'c> {
    And(Vec<Look<'c>>),
    Or(Vec<Look<'c>>),
    Not(Box<Look<'c>>),
    /// Per text whether it is met; `None` where it cannot be read.
    Each(&'c [u32], Vec<Option<bool>>),
    Two((&'c [u32], Vec<Comparable>), crate::model::CompareOp, (&'c [u32], Vec<Comparable>)),
}

/// Whether a row meets a condition; `None` where a cell cannot be read.
fn meets(look: &Look<'_>, row: usize) -> Option<bool> {
    match look {
        Look::And(parts) => {
            for part in parts {
                if !meets(part, row)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        Look::Or(parts) => {
            for part in parts {
                if meets(part, row)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        Look::Not(inner) => meets(inner, row).map(|met| !met),
        Look::Each(cells, met) => met[cells[row] as usize],
        Look::Two((left, lefts), op, (right, rights)) => {
            let (Some(left), Some(right)) = (&lefts[left[row] as usize], &rights[right[row] as usize]) else {
                return Some(false);
            };
            Some(match (&left.0, &right.0) {
                (Some(left), Some(right)) => compare(left, *op, right),
                _ => compare(&left.1, *op, &right.1),
            })
        }
    }
}
