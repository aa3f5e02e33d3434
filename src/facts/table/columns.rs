//! Scanned columns to facts: texts become things and values once each, then whole columns at a time.
//! Ids count in the order in which texts first come in the tables, however many threads read them.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{columns_of, header_problem, place_of};
use super::meaning::state;
use super::scan::{Shape, Share, Target, Trouble, scan, scan_quoted};
use super::{BLOCK, TableBytes, TableFormat, unreadable};
use crate::base::parallel::each;
use crate::base::{InOrder, Span};
use crate::diag::Diagnostic;
use crate::facts::FactSetBuilder;
use crate::facts::names::Names;
use crate::model::{
    CellFunction, CellTerm, Column, Domain, DomainId, Ruleset, TableSentence, TableStates, Ty,
};
use crate::source::ReadAt;

/// A header is looked for in so many bytes.
const HEADER: usize = BLOCK;

/// What a pool of texts is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// Names of things, of all tables.
    Things(DomainId),
    /// Cells of one column of one table that stand for things or values.
    Cells { table: usize, column: usize, ty: Ty, wrapped: Vec<CellFunction> },
    /// Cells of one column of one table that a `where` looks at.
    Filter { table: usize, column: usize },
}

/// A table that can be scanned.
pub(super) struct Plain<'t> {
    /// Its place among `Ruleset::tables`.
    pub at: usize,
    /// Its bytes; none where its cells come in chunks.
    pub bytes: &'t dyn ReadAt,
    pub header: Vec<String>,
    pub shape: Shape,
    /// Whether quoted cells may go over several lines.
    pub quoted: bool,
    pub has_header: bool,
    /// Whether its rows are counted as rows, for want of lines.
    pub by_row: bool,
}

impl Plain<'_> {
    /// The line at which the first part's count of lines begins.
    pub fn first_line(&self) -> u32 {
        if self.has_header && !self.quoted { 2 } else { 1 }
    }

    pub fn span(&self, ruleset: &Ruleset) -> Span {
        ruleset.tables[self.at].span
    }
}

/// What one thread read: pools of texts, and a share of each table.
pub(super) struct Part {
    pub pools: Vec<Names>,
    pub shares: Vec<Option<Share>>,
    /// Per pool the texts among it that some table takes for empty.
    pub empties: Vec<BTreeMap<String, u32>>,
}

impl Part {
    /// Finds the texts that tables take for empty, while texts can be looked up.
    pub fn note_empties(&mut self, ruleset: &Ruleset, plain: &[Plain<'_>]) {
        let mut tokens: BTreeSet<&str> = BTreeSet::from([""]);
        for table in plain {
            tokens.extend(ruleset.tables[table.at].cells.empty.iter().map(String::as_str));
        }
        let own = |pool: &Names| {
            let found = |token: &&str| Some(((*token).to_owned(), pool.find(token)?));
            tokens.iter().filter_map(found).collect()
        };
        self.empties = self.pools.iter().map(own).collect();
    }
}

/// States what scanned tables say; hands back those that must be read row by row.
pub(super) fn read(
    ruleset: &Ruleset,
    tables: &[TableBytes],
    builder: &mut FactSetBuilder<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let mut odd = Vec::new();
    let mut uses = things(ruleset);
    let mut plain = Vec::new();
    for input in tables {
        match begin(ruleset, input, &mut uses) {
            Ok(Ok(table)) => plain.push(table),
            Ok(Err(problem)) => problems.push(problem),
            Err(()) => odd.push(input.at),
        }
    }
    loop {
        let mut parts = scan_all(&plain, uses.len());
        let mut found = Vec::new();
        for (at, trouble) in &parts.troubles {
            match trouble {
                Trouble::Quoted => plain[*at].quoted = true,
                Trouble::Odd => found.push(*at),
                Trouble::Read(reason) => {
                    problems.push(unreadable(ruleset, plain[*at].at, reason));
                    found.push(*at);
                }
            }
        }
        let again = !parts.troubles.is_empty();
        let mut place = 0;
        plain.retain(|table| {
            let keep = !found.contains(&place);
            let failed =
                parts.troubles.iter().any(|(at, why)| *at == place && matches!(why, Trouble::Read(_)));
            if !keep && !failed {
                odd.push(table.at);
            }
            place += 1;
            keep
        });
        if !again {
            odd.extend(state(ruleset, &plain, &uses, &mut parts.parts, builder));
            break;
        }
        if !problems.is_empty() {
            break;
        }
    }
    odd.sort_unstable();
    odd
}

/// A pool for the names of each root kind.
pub(super) fn things(ruleset: &Ruleset) -> Vec<Use> {
    let domains = ruleset.domains.iter_enumerated();
    domains.filter(|(_, domain)| matches!(domain, Domain::Things(_))).map(|(id, _)| Use::Things(id)).collect()
}

/// The shape of a table, by its header; what is wrong with that; or `Err` where it cannot be scanned.
fn begin<'t>(
    ruleset: &Ruleset,
    input: &'t TableBytes,
    uses: &mut Vec<Use>,
) -> Result<Result<Plain<'t>, Diagnostic>, ()> {
    let TableFormat::Separated(by_ending) = input.format else { return Err(()) };
    let table = &ruleset.tables[input.at];
    let mut head = vec![0; HEADER.min(input.bytes.size() as usize)];
    input.bytes.read_at(0, &mut head).map_err(|_| ())?;
    let start = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let end = start + memchr::memchr(b'\n', &head[start..]).ok_or(())?;
    let quoted = memchr::memchr(b'"', &head[start..end]).is_some();
    let delimiter = table.cells.delimiter.unwrap_or(by_ending);
    let mut cells: Vec<String> = Vec::new();
    let mut reader = simd_csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(&head[start..]);
    let mut record = simd_csv::ByteRecord::new();
    let first = if quoted { reader.read_byte_record(&mut record).map_err(|_| ())? } else { false };
    if quoted && first {
        for cell in &record {
            cells.push(std::str::from_utf8(cell).map_err(|_| ())?.to_owned());
        }
    } else {
        let line = std::str::from_utf8(&head[start..end]).map_err(|_| ())?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Err(());
        }
        cells.extend(line.split(char::from(delimiter)).map(str::to_owned));
    }
    let header: Vec<String> = if table.cells.header {
        cells.iter().map(|cell| cell.trim().to_owned()).collect()
    } else {
        (1..=cells.len()).map(|column| format!("c{column}")).collect()
    };
    if let Some(problem) = header_problem(table, &header) {
        return Ok(Err(problem));
    }
    let (targets, numbered) = targets(ruleset, input.at, &header, uses);
    if numbered {
        return Err(());
    }
    let body = if table.cells.header { end + 1 } else { start };
    let shape = Shape { delimiter, cells: header.len(), body, targets };
    Ok(Ok(Plain {
        at: input.at,
        bytes: &*input.bytes,
        header,
        shape,
        quoted: goes_over_lines(&head[start..]),
        has_header: table.cells.header,
        by_row: false,
    }))
}

/// Whether a line ends within quotation marks.
fn goes_over_lines(head: &[u8]) -> bool {
    let mut is_open = false;
    memchr::memchr2_iter(b'"', b'\n', head).any(|at| {
        is_open ^= head[at] == b'"';
        is_open && head[at] == b'\n'
    })
}

/// What a table asks for, with a pool for each use of a column; and whether a `where` asks for the number
/// of a row, which is rare and found out row by row.
pub(super) fn targets(
    ruleset: &Ruleset,
    at: usize,
    header: &[String],
    uses: &mut Vec<Use>,
) -> (Vec<Target>, bool) {
    let mut targets: Vec<Target> = Vec::new();
    let mut numbered = false;
    let mut ask = |column: Option<usize>, wanted: &dyn Fn(usize) -> Use| {
        let Some(column) = column else { return };
        let wanted = wanted(column);
        let pool = uses.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            uses.push(wanted);
            uses.len() - 1
        });
        targets.push(Target { column, pool });
    };
    for sentence in &ruleset.tables[at].sentences {
        for (term, ty) in filled(ruleset, sentence) {
            if let CellTerm::Column(column) = term {
                ask(place_of(header, column), &|place| use_of(ruleset, at, place, column, ty));
            }
        }
        let mut looked = Vec::new();
        sentence.filter.iter().for_each(|filter| columns_of(filter, &mut looked));
        for column in looked {
            numbered |= place_of(header, column).is_none();
            ask(place_of(header, column), &|column| Use::Filter { table: at, column });
        }
    }
    targets.sort_unstable();
    targets.dedup();
    (targets, numbered)
}

/// What fills the slots of a sentence, with their types.
pub(super) fn filled<'s>(ruleset: &Ruleset, sentence: &'s TableSentence) -> Vec<(&'s CellTerm, Ty)> {
    match &sentence.states {
        TableStates::Fact(relation, terms) => {
            terms.iter().zip(ruleset.relations[*relation].slots.iter().map(|slot| slot.ty)).collect()
        }
        TableStates::Kind(term, kind) => vec![(term, Ty::Thing(*kind))],
    }
}

pub(super) fn use_of(ruleset: &Ruleset, table: usize, at: usize, column: &Column, ty: Ty) -> Use {
    match ty {
        Ty::Thing(kind) if column.wrapped.is_empty() => Use::Things(ruleset.kinds[kind].domain),
        // Which kind of the same root makes no difference to what a cell names.
        Ty::Thing(kind) => Use::Cells {
            table,
            column: at,
            ty: Ty::Thing(ruleset.kinds[kind].root),
            wrapped: column.wrapped.clone(),
        },
        Ty::Value(_) => Use::Cells { table, column: at, ty, wrapped: column.wrapped.clone() },
    }
}

/// What came of scanning.
struct Parts {
    parts: Vec<Part>,
    /// Tables that could not be scanned, by place, ascending.
    troubles: Vec<(usize, Trouble)>,
}

fn scan_all(plain: &[Plain<'_>], pools: usize) -> Parts {
    let blocks = |table: &Plain<'_>| (table.bytes.size() as usize).div_ceil(BLOCK);
    let all: usize = plain.iter().filter(|table| !table.quoted).map(blocks).sum();
    let threads = rayon::current_num_threads().min(all).max(1);
    // One part per thread takes its share of every plain table; then one per table with cells of several lines.
    let quoted: Vec<usize> = (0..plain.len()).filter(|at| plain[*at].quoted).collect();
    let work = |part: usize| -> (Part, Vec<(usize, Trouble)>) {
        let pools = (0..pools).map(|_| Names::new()).collect();
        let mut own = Part { pools, shares: Vec::new(), empties: Vec::new() };
        let mut troubles = Vec::new();
        let mut buffer = Vec::new();
        for (at, table) in plain.iter().enumerate() {
            let header = table.has_header;
            let share = if part >= threads {
                (quoted[part - threads] == at).then(|| {
                    let bytes = table.bytes.all()?;
                    scan_quoted(&bytes, &table.shape, header, &mut own.pools)
                })
            } else if table.quoted {
                None
            } else {
                let count = blocks(table);
                let range = count * part / threads..count * (part + 1) / threads;
                Some(scan(table.bytes, &table.shape, range, &mut own.pools, &mut buffer))
            };
            let share = share.transpose().unwrap_or_else(|trouble| {
                troubles.push((at, trouble));
                None
            });
            own.shares.push(share);
        }
        (own, troubles)
    };
    let count = threads + quoted.len();
    let results: Vec<_> = each(count, work);
    let mut out = Parts { parts: Vec::new(), troubles: Vec::new() };
    for (part, troubles) in results {
        out.parts.push(part);
        for (at, trouble) in troubles {
            if !out.troubles.iter().any(|(known, _)| *known == at) {
                out.troubles.push((at, trouble));
            }
        }
    }
    for (at, table) in plain.iter().enumerate() {
        let known = out.troubles.iter().any(|(known, _)| *known == at);
        if let (Err(reason), false) = (table.bytes.unchanged(), known) {
            out.troubles.push((at, Trouble::Read(reason)));
        }
    }
    out.troubles.order_by_key(|(at, _)| *at);
    out
}
