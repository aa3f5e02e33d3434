//! Gives variables the ids of rows of one atom as they lie.

use super::batch::{Bail, Batch, ROWS};
use super::lower::{Op, Scan};
use super::meet::Begun;
use super::operators::{Run, Then};

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
        let mut row = 0;
        let (mut low, mut high) = if batch.len > 0 { begun.at(0) } else { (0, 0) };
        while row < batch.len {
            let until = high.min(low + (ROWS - rows.len()) as u32);
            if until - low == 1 {
                rows.push(low);
                parents.push(row as u32);
            } else {
                rows.extend(low..until);
                parents.resize(rows.len(), row as u32);
            }
            low = until;
            if low == high {
                row += 1;
                if row < batch.len {
                    (low, high) = begun.at(row);
                }
            }
            if rows.len() < ROWS && row < batch.len {
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
