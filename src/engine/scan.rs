//! Gives variables the ids of rows of one atom as they lie.

use super::batch::{Bail, Batch, ROWS};
use super::extend::TRIES;
use super::lower::{Op, Scan};
use super::meet::Begun;
use super::operators::{Run, Then};

/// Which rows of an atom are gone through next, for each row of a batch. Where one that is met will do, each tries a few
/// of its rows, then those not met yet ever more at once.
struct Turns<'b> {
    begun: &'b Begun<'b>,
    rows: usize,
    /// How many of its rows each tries now.
    most: u32,
    /// In turns after the first the rows of the batch, with what is left of the atom.
    open: Option<Vec<(u32, u32, u32)>>,
    /// What is left for turns to come.
    later: Vec<(u32, u32, u32)>,
    /// The place of the row of the batch, its rows up to where they are gone through now, and past the last.
    place: usize,
    now: (u32, u32, u32, u32),
}

impl<'b> Turns<'b> {
    fn new(begun: &'b Begun<'b>, rows: usize, one_is_enough: bool) -> Self {
        let most = if one_is_enough { TRIES as u32 } else { u32::MAX };
        let mut out = Self { begun, rows, most, open: None, later: Vec::new(), place: 0, now: (0, 0, 0, 0) };
        out.begin();
        out
    }

    /// Whether there is anything left in this turn.
    #[inline]
    fn goes_on(&self) -> bool {
        self.place < self.rows
    }

    /// Whether there is anything left at all.
    fn is_open(&self) -> bool {
        self.goes_on() || !self.later.is_empty()
    }

    /// Begins with the row of the batch at the place.
    #[inline]
    fn begin(&mut self) {
        if self.place < self.rows {
            let (row, low, high) = match &self.open {
                None => {
                    let (low, high) = self.begun.at(self.place);
                    (self.place as u32, low, high)
                }
                Some(open) => open[self.place],
            };
            self.now = (row, low, high.min(low.saturating_add(self.most)), high);
        }
    }

    /// Puts rows to be gone through behind others; whether they are as many as are gone through at once.
    #[inline]
    fn put(&mut self, parents: &mut Vec<u32>, rows: &mut Vec<u32>) -> bool {
        let (row, low, end, high) = self.now;
        let until = end.min(low + (ROWS - rows.len()) as u32);
        if until - low == 1 {
            rows.push(low);
            parents.push(row);
        } else {
            rows.extend(low..until);
            parents.resize(rows.len(), row);
        }
        self.now.1 = until;
        if until == end {
            if end < high {
                self.later.push((row, end, high));
            }
            self.place += 1;
            self.begin();
        }
        rows.len() >= ROWS
    }

    /// Begins the next turn, with the rows of the batch that are still to be met.
    fn again(&mut self, is_open: impl Fn(u32) -> bool) {
        let mut later = std::mem::take(&mut self.later);
        later.retain(|(row, ..)| is_open(*row));
        self.most = self.most.saturating_mul(4);
        (self.rows, self.place, self.open) = (later.len(), 0, Some(later));
        self.begin();
    }
}

impl Run<'_, '_> {
    /// Gives variables the ids of all rows left of one atom.
    pub(super) fn scan(
        &mut self,
        (ops, next): (&[Op<'_>], usize),
        scan: &Scan,
        batch: &Batch,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        self.clock.time()?;
        let whole = self.whole;
        let keep = &ops[next - 1].keep;
        let index = &*whole.program.atoms[scan.atom].index;
        let begun = self.left(batch, (scan.atom, scan.from), self.window);
        if matches!(begun, Begun::All(_)) {
            self.window = None;
        }
        let end = whole.registers.range(whole.program.atoms[scan.atom].ranges + index.columns.len());
        let asked = |register: usize| {
            let of =
                |atom: usize, level: usize| whole.registers.range(whole.program.atoms[atom].ranges + level);
            let ends = |(atom, _, to): &(usize, usize, usize)| [of(*atom, *to), of(*atom, *to) + 1];
            scan.also.iter().any(|also| ends(also).contains(&register))
        };
        let made = |register: usize| {
            register == end || register == end + 1 || scan.vars.contains(&register) || asked(register)
        };
        let copied: Vec<usize> = keep.iter().copied().filter(|register| !made(*register)).collect();
        let mut out = self.spare();
        out.clear(keep);
        let (mut parents, mut rows): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut turns = Turns::new(&begun, batch.len, self.one_is_enough());
        while turns.is_open() {
            let is_full = turns.put(&mut parents, &mut rows);
            if !is_full && turns.goes_on() {
                continue;
            }
            for (level, var) in (scan.from..).zip(&scan.vars) {
                if !scan.also.is_empty() || keep.binary_search(var).is_ok() {
                    let ids = &index.columns[level];
                    out.columns[*var].clear();
                    out.columns[*var].extend(rows.iter().map(|row| ids[*row as usize]));
                }
            }
            for register in keep.iter().filter(|register| !scan.vars.contains(register)) {
                let column = &mut out.columns[*register];
                column.clear();
                if *register == end {
                    column.extend_from_slice(&rows);
                } else if *register == end + 1 {
                    column.extend(rows.iter().map(|row| row + 1));
                }
            }
            for register in &copied {
                let from = &batch.columns[*register];
                out.columns[*register].extend(parents.iter().map(|row| from[*row as usize]));
            }
            out.len = rows.len();
            rows.clear();
            parents.clear();
            self.ask_others(scan, keep, &mut out);
            if out.len > 0 {
                self.ops(ops, next, &mut out, then)?;
            }
            out.clear(keep);
            if !turns.goes_on() {
                turns.again(|row| !self.is_done(batch, row));
            }
        }
        self.give_back(out);
        Ok(())
    }

    /// Gives variables the ids of the one row of an atom that is left in each row.
    pub(super) fn look_up(&self, scan: &Scan, keep: &[usize], batch: &mut Batch) {
        let index = &*self.whole.program.atoms[scan.atom].index;
        let ranges = self.whole.program.atoms[scan.atom].ranges;
        let at = self.whole.registers.range(ranges + scan.from);
        for (level, var) in (scan.from..).zip(&scan.vars) {
            if !scan.also.is_empty() || keep.binary_search(var).is_ok() {
                let ids = &index.columns[level];
                let mut column = std::mem::take(&mut batch.columns[*var]);
                column.clear();
                column.extend(batch.columns[at][..batch.len].iter().map(|row| ids[*row as usize]));
                batch.columns[*var] = column;
            }
            let after = self.whole.registers.range(ranges + level + 1);
            for end in [0, 1].into_iter().filter(|end| keep.binary_search(&(after + end)).is_ok()) {
                let mut column = std::mem::take(&mut batch.columns[after + end]);
                column.clear();
                column.extend_from_slice(&batch.columns[at + end][..batch.len]);
                batch.columns[after + end] = column;
            }
        }
    }
}
