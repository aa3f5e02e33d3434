//! Lines of cells to columns of ids, block by block: each part of a table on a thread of its own, only
//! the columns that are asked for, cells as ids of their texts. Knows no meaning of cells.

use super::BLOCK;
use super::rows::Lines;
use crate::facts::names::{Names, Sought};
use crate::source::ReadAt;

/// Rows whose look-ups are begun together.
const BATCH: usize = 256;

/// Room after the bytes of a buffer, so that eight can be loaded anywhere.
const ROOM: usize = 16;

/// Is no short text: none has this byte.
const NO_TEXT: u64 = u64::MAX;

/// How the lines of a table are read.
pub(super) struct Shape {
    /// What separates cells.
    pub delimiter: u8,
    /// How many cells each line has.
    pub cells: usize,
    /// Where the first line after the header begins.
    pub body: usize,
    /// The columns asked for, ascending by column.
    pub targets: Vec<Target>,
}

/// A column asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Target {
    /// Its place in the header.
    pub column: usize,
    /// The pool its texts go to.
    pub pool: usize,
}

/// What one part of a table holds.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Per target the ids of the cells' texts in their pool.
    pub columns: Vec<Vec<u32>>,
    /// The number of rows.
    pub rows: usize,
    /// Rows from which on lines follow each other, and the line there, counted from the part's first.
    pub runs: Vec<(u32, u32)>,
    /// The number of lines.
    pub lines: u32,
    /// The XXH3 of each block.
    pub digests: Vec<u64>,
    /// Per pool how many texts it held after this part.
    pub met: Vec<u32>,
}

/// Why a part was not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// A quoted cell goes over several lines, or a quotation mark stands where none is expected.
    Quoted,
    /// A line is not as expected; reading row by row will say how.
    Odd,
    /// The source fails.
    Read(String),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Read(reason)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    start: u32,
    len: u32,
}

/// Gathers cells and turns them into ids, a batch at a time.
struct Taker<'p> {
    targets: &'p [Target],
    pools: &'p mut [Names],
    /// Per target the cells of the rows at hand.
    cells: Vec<Vec<Cell>>,
    pending: usize,
    sought: Vec<Sought>,
    /// The places of the cells that are sought.
    heads: Vec<u32>,
    share: Share,
    /// How many texts each pool held before, and the bytes of the longer ones.
    before: Vec<(usize, usize)>,
}

/// Of a column that is taken for a key, at least one cell in so many is new.
const KEY: usize = 2;

impl<'p> Taker<'p> {
    fn new(shape: &'p Shape, pools: &'p mut [Names]) -> Self {
        let columns = vec![Vec::new(); shape.targets.len()];
        let share = Share { columns, runs: vec![(0, 0)], ..Share::default() };
        let cells = shape.targets.iter().map(|_| Vec::with_capacity(BATCH)).collect();
        let before = pools.iter().map(|pool| (pool.len(), pool.long_len())).collect();
        Self {
            before,
            targets: &shape.targets,
            pools,
            cells,
            pending: 0,
            sought: Vec::new(),
            heads: Vec::new(),
            share,
        }
    }

    /// Makes room for about so many more rows, and for their keys.
    fn reserve(&mut self, rows: usize) {
        self.share.columns.iter_mut().for_each(|column| column.reserve_exact(rows));
        let taken = self.share.rows.max(1);
        for (pool, (texts, long)) in self.pools.iter_mut().zip(&self.before) {
            let (texts, long) = (pool.len() - texts, pool.long_len() - long);
            if texts * KEY >= taken {
                pool.reserve(texts * rows / taken, long * rows / taken);
            }
        }
    }

    #[inline]
    fn cell(&mut self, target: usize, bytes: &[u8], start: usize, end: usize) {
        let (mut start, mut end) = (start, end);
        while start < end && matches!(bytes[start], b' ' | b'\t') {
            start += 1;
        }
        while start < end && matches!(bytes[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        self.cells[target].push(Cell { start: start as u32, len: (end - start) as u32 });
    }

    /// The row that was just given begins on this line.
    fn line(&mut self, line: u32) {
        let row = self.share.rows as u32;
        let (from, first) = *self.share.runs.last().unwrap_or(&(0, 0));
        if first + (row - from) != line {
            if from == row {
                self.share.runs.pop();
            }
            self.share.runs.push((row, line));
        }
        self.share.rows += 1;
        self.pending += 1;
    }

    fn is_full(&self) -> bool {
        self.pending >= BATCH
    }

    /// Turns the cells so far into ids; `bytes` has room behind each of them. Of cells that say the same one after the
    /// other, as where rows are grouped, the first is looked up.
    fn flush(&mut self, bytes: &[u8]) {
        for (at, target) in self.targets.iter().enumerate() {
            let pool = &mut self.pools[target.pool];
            let own = &mut self.cells[at];
            let text = |cell: Cell| &bytes[cell.start as usize..(cell.start + cell.len) as usize];
            self.sought.clear();
            self.heads.clear();
            // The short text before, or the place of the longer one.
            let (mut before, mut long_before) = (NO_TEXT, None);
            for (place, cell) in (0_u32..).zip(own.iter()) {
                let start = cell.start as usize;
                let word = match bytes.get(start..start + 8).and_then(|found| found.first_chunk::<8>()) {
                    Some(word) if cell.len < 8 => u64::from_le_bytes(*word) & !(u64::MAX << (cell.len * 8)),
                    Some(word) if cell.len == 8 => u64::from_le_bytes(*word),
                    _ => {
                        if long_before.is_none_or(|before| text(before) != text(*cell)) {
                            self.sought.push(pool.seek(text(*cell)));
                            self.heads.push(place);
                        }
                        (before, long_before) = (NO_TEXT, Some(*cell));
                        continue;
                    }
                };
                if word != before {
                    self.sought.push(pool.seek_short(word, cell.len as usize));
                    self.heads.push(place);
                }
                (before, long_before) = (word, None);
            }
            pool.look(&mut self.sought);
            let column = &mut self.share.columns[at];
            self.heads.push(own.len() as u32);
            for (run, sought) in self.heads.windows(2).zip(&self.sought) {
                let id = pool.resolve(*sought, text(own[run[0] as usize]));
                column.extend(std::iter::repeat_n(id, (run[1] - run[0]) as usize));
            }
            own.clear();
        }
        self.pending = 0;
    }

    fn finish(mut self) -> Share {
        self.share.met = self.pools.iter().map(|pool| pool.len() as u32).collect();
        self.share
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// The lowest set bit marks the first zero byte.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// The place of the next of three bytes, of which there is one.
#[inline]
fn next_of(bytes: &[u8], mut at: usize, wanted: [u64; 3]) -> usize {
    loop {
        let word = match bytes.get(at..at + 8).and_then(|found| found.first_chunk::<8>()) {
            Some(word) => u64::from_le_bytes(*word),
            None => return bytes.len().saturating_sub(1),
        };
        let [first, second, third] = wanted.map(|wanted| zero_bytes(word ^ wanted));
        let hits = first | second | third;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
}

/// Where a cell begins and ends without its quotation marks, and the place of the delimiter or line end behind it.
type Found = (usize, usize, usize);

/// The cell that begins here, in lines where a quoted cell may be; the text of a quoted cell that is asked for
/// comes to stand as it is meant.
fn found_cell(bytes: &mut [u8], at: usize, delimiter: u8, asked: bool) -> Result<Found, Trouble> {
    if bytes[at] != b'"' {
        let wanted = [delimiter, b'\n', b'"'].map(|byte| ONES * u64::from(byte));
        let stop = next_of(bytes, at, wanted);
        return if bytes[stop] == b'"' { Err(Trouble::Quoted) } else { Ok((at, stop, stop)) };
    }
    let start = at + 1;
    // What is doubled is moved together: the text up to `from` stands up to `to`.
    let (mut from, mut to) = (start, start);
    loop {
        let mark = from + memchr::memchr2(b'"', b'\n', &bytes[from..]).ok_or(Trouble::Quoted)?;
        if bytes[mark] == b'\n' {
            return Err(Trouble::Quoted);
        }
        let doubled = bytes[mark + 1] == b'"';
        let end = mark + usize::from(doubled);
        if asked && to < from {
            bytes.copy_within(from..end, to);
        }
        to += end - from;
        from = mark + 2;
        if !doubled {
            let behind = mark + 1;
            let stop = behind + usize::from(bytes[behind] == b'\r' && bytes[behind + 1] == b'\n');
            let is_over = bytes[stop] == b'\n' || bytes[stop] == delimiter;
            return if is_over { Ok((start, to, stop)) } else { Err(Trouble::Quoted) };
        }
    }
}

/// Reads the lines that begin in these blocks of a source in which no quoted cell goes over several lines.
pub(super) fn scan(
    source: &dyn ReadAt,
    shape: &Shape,
    blocks: std::ops::Range<usize>,
    pools: &mut [Names],
    buffer: &mut Vec<u8>,
) -> Result<Share, Trouble> {
    let size = source.size() as usize;
    let end = size.min(blocks.end * BLOCK);
    let mut at = blocks.start * BLOCK;
    let mut taker = Taker::new(shape, pools);
    let mut skipping = false;
    if at > 0 && at < end {
        let mut before = [0];
        source.read_at(at as u64 - 1, &mut before)?;
        skipping = before[0] != b'\n';
    }
    let mut carry = 0;
    while at < end {
        let len = BLOCK.min(end - at);
        buffer.resize(carry + len + ROOM, 0);
        source.read_at(at as u64, &mut buffer[carry..carry + len])?;
        taker.share.digests.push(xxhash_rust::xxh3::xxh3_64(&buffer[carry..carry + len]));
        let mut from = if at == 0 { shape.body.min(len) } else { 0 };
        at += len;
        let filled = carry + len;
        if skipping {
            match memchr::memchr(b'\n', &buffer[..filled]) {
                Some(found) => (from, skipping) = (found + 1, false),
                None => continue,
            }
        }
        let last = memchr::memrchr(b'\n', &buffer[from..filled]).map_or(from, |found| from + found + 1);
        let rows = taker.share.rows;
        lines(&mut taker, shape, buffer, from, last)?;
        if rows == 0 {
            // Lines further on are about as long; a column that grows once more does no harm.
            let left = (end - at) as u64 * taker.share.rows as u64 / (last - from).max(1) as u64;
            taker.reserve((left + left / 32) as usize + BATCH);
        }
        buffer.copy_within(last..filled, 0);
        carry = filled - last;
    }
    // The last line may end in a later block, or with the source.
    let mut searched = 0;
    while carry > searched {
        match memchr::memchr(b'\n', &buffer[searched..carry]) {
            Some(found) => {
                lines(&mut taker, shape, buffer, 0, searched + found + 1)?;
                break;
            }
            None if at == size => {
                buffer.resize(carry + 1 + ROOM, 0);
                buffer[carry] = b'\n';
                lines(&mut taker, shape, buffer, 0, carry + 1)?;
                break;
            }
            None => {
                let len = BLOCK.min(size - at).min(4096);
                buffer.resize(carry + len + ROOM, 0);
                source.read_at(at as u64, &mut buffer[carry..carry + len])?;
                searched = carry;
                carry += len;
                at += len;
            }
        }
    }
    Ok(taker.finish())
}

/// Takes the rows of whole lines.
fn lines(
    taker: &mut Taker<'_>,
    shape: &Shape,
    bytes: &mut [u8],
    from: usize,
    end: usize,
) -> Result<(), Trouble> {
    let whole = &bytes[from..end];
    if std::str::from_utf8(whole).is_err() || memchr::memchr(0, whole).is_some() {
        return Err(Trouble::Odd);
    }
    let quoted = memchr::memchr(b'"', whole).is_some();
    let delimiter = u64::from(shape.delimiter) * ONES;
    let wanted = [delimiter, delimiter, ONES * u64::from(b'\n')];
    let mut at = from;
    while at < end {
        if bytes[at] == b'\n' || bytes[at] == b'\r' && bytes[at + 1] == b'\n' {
            at += if bytes[at] == b'\n' { 1 } else { 2 };
            taker.share.lines += 1;
            continue;
        }
        let (mut column, mut next) = (0, 0);
        loop {
            let is_asked =
                |next: usize| shape.targets.get(next).is_some_and(|target| target.column == column);
            let (start, close, stop) = if quoted {
                found_cell(bytes, at, shape.delimiter, is_asked(next))?
            } else {
                let stop = next_of(bytes, at, wanted);
                (at, stop, stop)
            };
            let last = bytes[stop] == b'\n';
            let ends_in_return = last && close == stop && stop > at && bytes[stop - 1] == b'\r';
            while is_asked(next) {
                taker.cell(next, bytes, start, close - usize::from(ends_in_return));
                next += 1;
            }
            column += 1;
            at = stop + 1;
            if last {
                break;
            }
        }
        if column != shape.cells {
            return Err(Trouble::Odd);
        }
        taker.line(taker.share.lines);
        taker.share.lines += 1;
        if taker.is_full() {
            taker.flush(bytes);
        }
    }
    taker.flush(bytes);
    Ok(())
}

/// Reads all rows of a source in which quoted cells may go over several lines.
pub(super) fn scan_quoted(
    bytes: &[u8],
    shape: &Shape,
    header: bool,
    pools: &mut [Names],
) -> Result<Share, Trouble> {
    if std::str::from_utf8(bytes).is_err()
        || memchr::memchr(0, bytes).is_some()
        || super::rows::unclosed_quote(bytes, shape.delimiter).is_some()
    {
        return Err(Trouble::Odd);
    }
    let mut taker = Taker::new(shape, pools);
    taker.share.digests = bytes.chunks(BLOCK).map(xxhash_rust::xxh3::xxh3_64).collect();
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = simd_csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(shape.delimiter)
        .from_reader(body);
    let mut record = simd_csv::ByteRecord::new();
    let mut lines = Lines::new(body);
    let mut texts: Vec<u8> = Vec::new();
    let mut first = header;
    loop {
        let line = lines.start_of_row(reader.position() as usize);
        if !reader.read_byte_record(&mut record).map_err(|_| Trouble::Odd)? {
            break;
        }
        if std::mem::take(&mut first)
            || record.len() == 1 && shape.cells != 1 && record.iter().all(<[u8]>::is_empty)
        {
            continue;
        }
        if record.len() != shape.cells {
            return Err(Trouble::Odd);
        }
        let mut next = 0;
        for (column, cell) in record.iter().enumerate() {
            while shape.targets.get(next).is_some_and(|target| target.column == column) {
                let start = texts.len();
                texts.extend_from_slice(cell);
                taker.cell(next, &texts, start, start + cell.len());
                next += 1;
            }
        }
        // Lines count from the first one here.
        taker.line(line as u32 - 1);
        if taker.is_full() {
            texts.extend_from_slice(&[0; ROOM]);
            taker.flush(&texts);
            texts.clear();
        }
    }
    texts.extend_from_slice(&[0; ROOM]);
    taker.flush(&texts);
    Ok(taker.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: [&str; 14] = [
        "",
        "plain",
        "12.5",
        "two words",
        "a longer cell, with a comma",
        "said \"no\"",
        "\"",
        "\"\"",
        ",\",",
        "\" and \"",
        "ü\"ö",
        "return\rwithin",
        "12345678",
        "\"ends",
    ];

    /// How a cell is written: with quotation marks where it must have them, and elsewhere now and then.
    fn written(cell: &str, quoted: bool) -> String {
        if quoted || cell.contains([',', '"', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    }

    fn shape(body: usize) -> Shape {
        // The first column goes to two pools, the second is not asked for.
        let targets = [(0, 0), (0, 1), (2, 1)].map(|(column, pool)| Target { column, pool });
        Shape { delimiter: b',', cells: 3, body, targets: targets.to_vec() }
    }

    /// The texts of the targets of each row, and its line.
    fn rows(parts: &[(Share, Vec<Names>)], shape: &Shape) -> Vec<(Vec<String>, u32)> {
        let mut out = Vec::new();
        let mut before = 0;
        for (share, pools) in parts {
            for row in 0..share.rows {
                let cells = shape.targets.iter().zip(&share.columns);
                let cells = cells.map(|(target, ids)| pools[target.pool].get(ids[row]).to_owned()).collect();
                let run = share.runs.partition_point(|(from, _)| *from <= row as u32) - 1;
                let (from, line) = share.runs[run];
                out.push((cells, before + line + row as u32 - from));
            }
            before += share.lines;
        }
        out
    }

    fn scanned(text: &str, shape: &Shape, parts: usize) -> Result<Vec<(Share, Vec<Names>)>, Trouble> {
        let bytes = text.as_bytes().to_vec();
        let blocks = bytes.len().div_ceil(BLOCK);
        let part = |at: usize| {
            let mut pools = vec![Names::new(), Names::new()];
            let own = blocks * at / parts..blocks * (at + 1) / parts;
            scan(&bytes, shape, own, &mut pools, &mut Vec::new()).map(|share| (share, pools))
        };
        (0..parts).map(part).collect()
    }

    #[test]
    fn quoted_cells_are_read_in_parts_as_they_are_meant() {
        let mut text = "a,\"b\",c\n".to_owned();
        let body = text.len();
        let mut expected = Vec::new();
        let mut line = 0;
        for at in 0..40_000_usize {
            let cell = |column: usize| CELLS[(at * 7 + column * 5 + at / 13) % CELLS.len()];
            let cells = [cell(0), cell(1), cell(2)];
            let quoted = |column: usize| (at + column).is_multiple_of(3);
            let written: Vec<String> = (0..3).map(|column| written(cells[column], quoted(column))).collect();
            text.push_str(&written.join(","));
            text.push_str(if at.is_multiple_of(5) { "\r\n" } else { "\n" });
            expected.push(([cells[0], cells[0], cells[2]].map(str::to_owned).to_vec(), line));
            line += 1;
            if at % 1000 == 7 {
                text.push('\n');
                line += 1;
            }
        }
        text.pop();
        assert!(text.len() > 3 * BLOCK);
        let shape = shape(body);
        for parts in 1..=4 {
            let own = scanned(&text, &shape, parts).expect("nothing odd");
            assert!(rows(&own, &shape) == expected, "{parts} parts");
        }
    }

    #[test]
    fn what_is_no_plain_quoted_cell_is_left_to_others() {
        for odd in
            ["\"a\nb\",c,d", "a\"b,c,d", "\"a\" ,b,c", "\"a\"b,c,d", "a,b,\"c", "a,\"b\"\"", "a,b,c\"\n"]
        {
            let text = format!("x,y,z\n1,2,3\n{odd}\n4,5,6\n");
            assert_eq!(scanned(&text, &shape(6), 1).map(|_| ()), Err(Trouble::Quoted), "{odd}");
        }
        for odd in ["\"a\",b", "a,\"b\",c,d", "\"a\",\u{0},c"] {
            let text = format!("x,y,z\n1,2,3\n{odd}\n4,5,6\n");
            assert_eq!(scanned(&text, &shape(6), 1).map(|_| ()), Err(Trouble::Odd), "{odd}");
        }
    }
}
