//! Tables whose cells come by columns: their texts become ids a chunk at a time, parts side by side; what
//! they mean is found out as for scanned tables.

use super::cells::header_problem;
use super::columns::{Part, Plain, Use, targets, things};
use super::meaning::state;
use super::scan::{Shape, Share, Target};
use super::{BLOCK, TableCells, digest, rows, unreadable};
use crate::base::BitSet;
use crate::base::parallel::{each, each_of};
use crate::diag::{DataPlace, Diagnostic};
use crate::facts::FactSetBuilder;
use crate::facts::names::{Names, Sought};
use crate::model::Ruleset;
use crate::source::{BAD, CellColumn, Cells, Chunk, ReadAt, Refusal};

/// Texts whose look-ups are begun together.
const BATCH: usize = 256;

/// The most rows of a table, since rows are counted in 32 bits.
const MOST_ROWS: usize = u32::MAX as usize - 1;

/// States what one table says; hands back what is wrong with it.
pub(super) fn read(
    ruleset: &Ruleset,
    input: &TableCells,
    builder: &mut FactSetBuilder<'_>,
) -> Vec<Diagnostic> {
    let (at, cells) = (input.at, &*input.cells);
    let table = &ruleset.tables[at];
    let names = cells.columns();
    let header: Vec<String> = if table.cells.header {
        names.iter().map(|name| name.trim().to_owned()).collect()
    } else {
        (1..=names.len()).map(|column| format!("c{column}")).collect()
    };
    if let Some(problem) = header_problem(table, &header) {
        return vec![problem];
    }
    let mut uses = things(ruleset);
    let (targets, numbered) = targets(ruleset, at, &header, &mut uses);
    let (mut parts, bad) = match take_all(cells, &targets, &uses) {
        Ok(taken) => taken,
        Err(refusal) => return vec![refused(ruleset, at, &refusal)],
    };
    if let Some(bytes) = cells.bytes() {
        match digests(bytes) {
            Ok(digests) => {
                parts
                    .iter_mut()
                    .flat_map(|part| &mut part.shares)
                    .flatten()
                    .for_each(|share| share.digests.clear());
                if let Some(Some(share)) = parts.first_mut().and_then(|part| part.shares.first_mut()) {
                    share.digests = digests;
                }
            }
            Err(reason) => return vec![unreadable(ruleset, at, &reason)],
        }
    }
    let shape = Shape { delimiter: 0, cells: header.len(), body: 0, targets };
    let plain = Plain { at, bytes: &NOTHING, header, shape, quoted: false, has_header: false, by_row: true };
    if !bad
        && !numbered
        && state(ruleset, std::slice::from_ref(&plain), &uses, &mut parts, builder).is_empty()
    {
        return Vec::new();
    }
    by_rows(ruleset, &plain, &parts, builder)
}

/// The bytes of a table that is read otherwise.
const NOTHING: Vec<u8> = Vec::new();

/// Why a table is not read.
pub(super) fn refused(ruleset: &Ruleset, at: usize, refusal: &Refusal) -> Diagnostic {
    let table = &ruleset.tables[at];
    Diagnostic::new(refusal.code, format!("`{}` {}", table.path, refusal.reason))
        .at(table.span, "named here")
        .data(DataPlace { file: table.path.clone(), ..DataPlace::default() })
        .help(refusal.help.clone())
}

fn digests(bytes: &dyn ReadAt) -> Result<Vec<u64>, String> {
    let size = bytes.size();
    let block = |at: u64| {
        let mut buffer = vec![0; (size - at).min(BLOCK as u64) as usize];
        bytes.read_at(at, &mut buffer)?;
        Ok(xxhash_rust::xxh3::xxh3_64(&buffer))
    };
    let starts: Vec<u64> = (0..size).step_by(BLOCK).collect();
    let digests = each_of(starts, block).into_iter().collect();
    bytes.unchanged()?;
    digests
}

/// Takes all cells asked for, a part per thread; says too whether a cell was a bad one.
fn take_all(cells: &dyn Cells, targets: &[Target], uses: &[Use]) -> Result<(Vec<Part>, bool), Refusal> {
    let mut columns: Vec<usize> = targets.iter().map(|target| target.column).collect();
    columns.dedup();
    let places: Vec<usize> =
        targets.iter().map(|target| columns.partition_point(|column| *column < target.column)).collect();
    let count = cells.parts();
    let threads = rayon::current_num_threads().min(count).max(1);
    let part = |thread: usize| {
        let mut taker = Taker {
            targets,
            places: &places,
            pools: uses.iter().map(|_| Names::new()).collect(),
            share: Share { columns: vec![Vec::new(); targets.len()], ..Share::default() },
            cells: Vec::new(),
            sought: Vec::new(),
            bad: false,
            full: false,
        };
        let own = count * thread / threads..count * (thread + 1) / threads;
        let digested = cells.bytes().is_none();
        cells.read(own, &columns, &mut |chunk| taker.take(chunk, digested))?;
        if taker.full {
            return Err(Refusal::broken(format_args!("it has more than {MOST_ROWS} rows")));
        }
        taker.share.met = taker.pools.iter().map(|pool| pool.len() as u32).collect();
        let part = Part { pools: taker.pools, shares: vec![Some(taker.share)], empties: Vec::new() };
        Ok((part, taker.bad))
    };
    let taken: Vec<Result<(Part, bool), Refusal>> = each(threads, part);
    let mut bad = false;
    let mut parts = Vec::new();
    for taken in taken {
        let (part, own) = taken?;
        bad |= own;
        parts.push(part);
    }
    Ok((parts, bad))
}

/// Turns the cells of chunks into ids.
struct Taker<'t> {
    targets: &'t [Target],
    /// Per target the place of its column in a chunk.
    places: &'t [usize],
    pools: Vec<Names>,
    share: Share,
    cells: Vec<(usize, usize)>,
    sought: Vec<Sought>,
    bad: bool,
    full: bool,
}

impl Taker<'_> {
    fn take(&mut self, chunk: &Chunk, digested: bool) {
        let last = (chunk.first as usize).saturating_add(chunk.rows);
        if self.share.rows + chunk.rows > MOST_ROWS || last > MOST_ROWS {
            self.full = true;
            return;
        }
        // Runs count lines from the first.
        let (row, line) = (self.share.rows as u32, chunk.first.saturating_sub(1) as u32);
        let follows = self.share.runs.last().is_some_and(|(from, first)| first + (row - from) == line);
        if !follows {
            self.share.runs.push((row, line));
        }
        for (at, place) in self.places.iter().enumerate() {
            self.column(at, &chunk.columns[*place]);
        }
        if digested {
            self.share.digests.extend(chunk.columns.iter().flat_map(digests_of));
        }
        self.share.rows += chunk.rows;
    }

    fn column(&mut self, at: usize, column: &CellColumn) {
        let (text, ends) = column.texts();
        self.bad = self.bad || memchr::memchr(BAD as u8, text.as_bytes()).is_some();
        let pool = &mut self.pools[self.targets[at].pool];
        let out = &mut self.share.columns[at];
        let mut start = 0;
        for ends in ends.chunks(BATCH) {
            self.cells.clear();
            self.sought.clear();
            for end in ends {
                let (mut from, mut to) = (start, *end);
                start = to;
                let bytes = text.as_bytes();
                while from < to && matches!(bytes[from], b' ' | b'\t') {
                    from += 1;
                }
                while from < to && matches!(bytes[to - 1], b' ' | b'\t') {
                    to -= 1;
                }
                self.cells.push((from, to));
                self.sought.push(pool.seek(&bytes[from..to]));
            }
            pool.look(&mut self.sought);
            let found = self.cells.iter().zip(&self.sought);
            out.extend(found.map(|((from, to), sought)| pool.resolve(*sought, &text.as_bytes()[*from..*to])));
        }
    }
}

/// The digests of a column's texts and of where they end.
fn digests_of(column: &CellColumn) -> [u64; 2] {
    let (text, ends) = column.texts();
    let ends: Vec<u8> = ends.iter().flat_map(|end| (*end as u64).to_le_bytes()).collect();
    [text.as_bytes(), &ends].map(xxhash_rust::xxh3::xxh3_64)
}

/// Reads what was taken row by row, to say what is wrong with it.
fn by_rows(
    ruleset: &Ruleset,
    plain: &Plain<'_>,
    parts: &[Part],
    builder: &mut FactSetBuilder<'_>,
) -> Vec<Diagnostic> {
    // One target for each column, whatever its pool.
    let mut known = BitSet::new(plain.header.len());
    let mut columns: Vec<(usize, usize)> = Vec::new();
    for (at, target) in plain.shape.targets.iter().enumerate() {
        if !known.contains(target.column) {
            known.insert(target.column);
            columns.push((at, target.pool));
        }
    }
    let header =
        columns.iter().map(|(at, _)| plain.header[plain.shape.targets[*at].column].clone()).collect();
    let shares = || parts.iter().filter_map(|part| Some((part, part.shares.first()?.as_ref()?)));
    let digest = digest(shares().flat_map(|(_, share)| share.digests.iter().copied()));
    let visit = |row: &mut dyn FnMut(&[&str], u64)| {
        for (part, share) in shares() {
            let ends = share.runs.iter().skip(1).map(|(row, _)| *row).chain([share.rows as u32]);
            for ((from, line), end) in share.runs.iter().zip(ends) {
                for at in *from..end {
                    let cells: Vec<&str> = columns
                        .iter()
                        .map(|(target, pool)| part.pools[*pool].get(share.columns[*target][at as usize]))
                        .collect();
                    row(&cells, u64::from(line + (at - from)) + 1);
                }
            }
        }
    };
    rows::read_taken(ruleset, plain.at, header, digest, visit, builder)
}
