//! Gives a variable the ids that atoms allow: the atom with the fewest rows left proposes them, run by
//! run, the others are asked for all of a batch at once.

use super::batch::{Bail, Batch, ROWS};
use super::lower::Op;
use super::meet::{Asked, Begun, Next, Open, mark, meet};
use super::operators::{Run, Then};
use super::planted::{Bug, planted};
use super::sought::{Sought, first_rows};
use super::table::{FEW, Index};

/// Ids tried first of what need only be met once.
pub(super) const TRIES: usize = 4;

/// So many ids are searched for at once.
const AT_ONCE: usize = 16;

/// What an operator makes, where it is read later: rows left of an atom.
struct Level {
    /// The place of the atom.
    place: usize,
    /// Where its first row goes; past the last one behind.
    at: usize,
    ends: [bool; 2],
}

/// An operator that gives a variable its values.
struct Extend<'o> {
    /// The operators and the place after it.
    ops: &'o [Op<'o>],
    next: usize,
    var: usize,
    /// Atoms with the levels at which the variable stands.
    atoms: &'o [(usize, usize, usize)],
    levels: Vec<Level>,
    /// Columns handed on as they are.
    copied: Vec<usize>,
    wants_var: bool,
    /// The ids that the first variable sought may take.
    window: Option<(u32, u32)>,
}

/// Rows proposed by one atom.
#[derive(Default)]
struct Proposed {
    parents: Vec<u32>,
    ids: Vec<u32>,
    /// The place of the atom that proposes.
    lead: usize,
    /// The rows left of each atom, by place.
    left_of: Vec<[Vec<u32>; 2]>,
}

impl Run<'_, '_> {
    /// Gives a variable its values and hands the rows on to the operators after it.
    pub(super) fn extend(
        &mut self,
        (ops, next): (&[Op<'_>], usize),
        var: usize,
        atoms: &[(usize, usize, usize)],
        batch: &Batch,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        self.clock.time()?;
        let whole = self.whole;
        let keep = &ops[next - 1].keep;
        let kept = |register: usize| keep.binary_search(&register).is_ok();
        let levels: Vec<Level> = atoms
            .iter()
            .enumerate()
            .map(|(place, (atom, _, to))| {
                let at = whole.registers.range(whole.program.atoms[*atom].ranges + to);
                Level { place, at, ends: [kept(at), kept(at + 1)] }
            })
            .filter(|level| level.ends[0] || level.ends[1])
            .collect();
        let made = |register: usize| {
            register == var || levels.iter().any(|level| register == level.at || register == level.at + 1)
        };
        let copied: Vec<usize> = keep.iter().copied().filter(|register| !made(*register)).collect();
        let window = self.window.take();
        // Of a conjunction that need only be met, one way is enough.
        let only = ops.len() == next
            && copied.len() == 1
            && levels.is_empty()
            && !kept(var)
            && copied[0] >= whole.registers.origin(0);
        let extend = Extend { ops, next, var, atoms, levels, copied, wants_var: kept(var), window };
        let mut out = self.spare();
        out.clear(keep);
        let ended = if only {
            let parents = self.having_any(&extend, batch);
            self.hand_on(&extend, batch, &mut out, &Proposed { parents, ..Proposed::default() }, then)
        } else {
            self.extend_all(&extend, batch, &mut out, then)
        };
        self.give_back(out);
        ended
    }

    #[inline]
    fn index(&self, atom: usize) -> &Index {
        &self.whole.program.atoms[atom].index
    }

    /// The rows left of each atom before the operator.
    fn begun<'b>(&self, extend: &Extend<'_>, batch: &'b Batch) -> Vec<Begun<'b>> {
        let begun = |(atom, from, _): &(usize, usize, usize)| self.left(batch, (*atom, *from), extend.window);
        extend.atoms.iter().map(begun).collect()
    }

    fn extend_all(
        &mut self,
        extend: &Extend<'_>,
        batch: &Batch,
        out: &mut Batch,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        let begun = self.begun(extend, batch);
        let mut proposed = Proposed::new(extend);
        let is_narrow = extend.atoms.iter().all(|(_, from, _)| *from > 0);
        if extend.atoms.len() > 1 && (is_narrow || self.one_is_enough()) {
            return self.meet_all(extend, begun, batch, out, &mut proposed, then);
        }
        if let ([begun], [(atom, from, _)]) = (begun.as_slice(), extend.atoms) {
            begun.touch(&self.index(*atom).columns[*from]);
        }
        if !self.one_is_enough() {
            for row in 0..batch.len {
                let (lead, range) = lead(&begun, row);
                self.in_row(
                    extend,
                    (row as u32, lead, range),
                    u32::MAX,
                    &begun,
                    batch,
                    out,
                    &mut proposed,
                    then,
                )?;
            }
            return self.flush(extend, &begun, batch, out, &mut proposed, then);
        }
        // Each row tries a few ids; those still not met then try ever more at once.
        let mut most = TRIES as u32;
        let mut open: Vec<(u32, usize, (u32, u32))> = (0..batch.len)
            .map(|row| {
                let (lead, range) = lead(&begun, row);
                (row as u32, lead, range)
            })
            .collect();
        while !open.is_empty() {
            let mut left = Vec::new();
            for (row, lead, range) in open {
                if self.is_done(batch, row) {
                    continue;
                }
                let range =
                    self.in_row(extend, (row, lead, range), most, &begun, batch, out, &mut proposed, then)?;
                if range.0 < range.1 {
                    left.push((row, lead, range));
                }
            }
            self.flush(extend, &begun, batch, out, &mut proposed, then)?;
            open = left;
            most = most.saturating_mul(4);
        }
        Ok(())
    }

    /// The same where all atoms have few rows left in each row: they are gone through side by side.
    fn meet_all(
        &mut self,
        extend: &Extend<'_>,
        begun: Vec<Begun<'_>>,
        batch: &Batch,
        out: &mut Batch,
        proposed: &mut Proposed,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        let whole = self.whole;
        let mut asked: Vec<Asked<'_>> = extend
            .atoms
            .iter()
            .zip(begun)
            .map(|((atom, from, to), begun)| Asked {
                index: &whole.program.atoms[*atom].index,
                from: *from,
                to: *to,
                begun,
                marked: None,
            })
            .collect();
        mark(&mut asked, batch.len);
        let one_is_enough = self.one_is_enough();
        let mut most = if one_is_enough { TRIES as u32 } else { u32::MAX };
        let mut open: Option<Open> = None;
        loop {
            let (mut before, mut tried) = (u32::MAX, 0);
            let barren = extend.ops[extend.next - 1].barren.as_ref();
            let left = meet(&asked, barren, batch.len, open.as_ref(), &mut |row, id, found| {
                if before != row {
                    (before, tried) = (row, 0);
                }
                if one_is_enough && self.is_done(batch, row) {
                    return Ok(Next::Row);
                }
                proposed.add(extend, row, id, found);
                if proposed.parents.len() == ROWS {
                    self.hand_on(extend, batch, out, proposed, then)?;
                    proposed.clear();
                }
                tried += 1;
                Ok(if tried < most { Next::Id } else { Next::Later })
            })?;
            self.hand_on(extend, batch, out, proposed, then)?;
            proposed.clear();
            if left.is_empty() {
                return Ok(());
            }
            open = Some(left.into_iter().filter(|(row, _)| !self.is_done(batch, *row)).collect());
            most = most.saturating_mul(4);
        }
    }

    /// Proposes about so many ids of a row, and hands back the rows not looked at.
    #[expect(clippy::too_many_arguments, reason = "the state of one operator")]
    #[inline]
    fn in_row(
        &mut self,
        extend: &Extend<'_>,
        (row, lead, (mut low, high)): (u32, usize, (u32, u32)),
        most: u32,
        begun: &[Begun<'_>],
        batch: &Batch,
        out: &mut Batch,
        proposed: &mut Proposed,
        then: &mut Then<'_>,
    ) -> Result<(u32, u32), Bail> {
        if proposed.lead != lead {
            self.flush(extend, begun, batch, out, proposed, then)?;
            proposed.lead = lead;
        }
        let (atom, level, _) = extend.atoms[lead];
        let end = high.min(low.saturating_add(most));
        while low < end {
            let most = ROWS.min(proposed.parents.len() + (end - low) as usize);
            low = proposed.propose(row, self.index(atom), level, (low, high), most);
            if proposed.parents.len() >= ROWS {
                self.flush(extend, begun, batch, out, proposed, then)?;
            }
        }
        Ok((low, high))
    }

    /// The rows in which some id is allowed: of those still without one, ever more ids are tried at once.
    fn having_any(&self, extend: &Extend<'_>, batch: &Batch) -> Vec<u32> {
        let begun = self.begun(extend, batch);
        let barren = extend.ops[extend.next - 1].barren.as_ref();
        let mut met = vec![false; batch.len];
        let mut proposed = Proposed::new(extend);
        // Per atom that proposes the rows not decided yet, and which of its rows were not tried.
        let mut open: Vec<Vec<(u32, u32, u32)>> = vec![Vec::new(); begun.len()];
        for row in 0..batch.len {
            let (lead, (low, high)) = lead(&begun, row);
            let is_barren = barren.is_some_and(|barren| barren.contains(begun[barren.place].at(row)));
            if low < high && !is_barren {
                open[lead].push((row as u32, low, high));
            }
        }
        let mut tries = TRIES;
        while open.iter().any(|open| !open.is_empty()) {
            for (lead, rows) in open.iter_mut().enumerate() {
                proposed.lead = lead;
                let (atom, level, _) = extend.atoms[lead];
                let mut left = Vec::new();
                let mut tried = std::mem::take(rows).into_iter().peekable();
                while tried.peek().is_some() {
                    while let Some((row, low, high)) = tried.next_if(|_| proposed.parents.len() < ROWS) {
                        let most = proposed.parents.len() + tries;
                        let low = proposed.propose(row, self.index(atom), level, (low, high), most);
                        if low < high {
                            left.push((row, low, high));
                        }
                    }
                    self.ask(extend, lead, &begun, &mut proposed);
                    proposed.parents.iter().for_each(|row| met[*row as usize] = true);
                    proposed.clear();
                }
                left.retain(|(row, ..)| !met[*row as usize]);
                *rows = left;
            }
            tries = (tries * 4).min(ROWS);
        }
        if let Some(barren) = barren {
            let nothing = (0..batch.len).filter(|row| !met[*row] || planted(Bug::FalseBarren));
            nothing.for_each(|row| barren.insert(begun[barren.place].at(row)));
        }
        (0..batch.len as u32).filter(|row| met[*row as usize]).collect()
    }

    /// Asks the other atoms about what one proposed; what they do not allow is taken out.
    fn ask(&self, extend: &Extend<'_>, lead: usize, begun: &[Begun<'_>], proposed: &mut Proposed) {
        let (atom, level, to) = extend.atoms[lead];
        for level in level + 1..to {
            let own = std::mem::take(&mut proposed.left_of[lead]);
            let begun = Begun::Each(&own[0], &own[1]);
            proposed.left_of[lead] = narrowed(self.index(atom), level, &begun, None, &proposed.ids);
            proposed.drop_empty(lead);
        }
        for (place, (atom, from, to)) in extend.atoms.iter().enumerate() {
            for level in *from..*to {
                if place == lead {
                    break;
                }
                let index = self.index(*atom);
                let (parents, ids) = (&proposed.parents, &proposed.ids);
                let found = if level == *from {
                    narrowed(index, level, &begun[place], Some(parents), ids)
                } else {
                    let own = std::mem::take(&mut proposed.left_of[place]);
                    narrowed(index, level, &Begun::Each(&own[0], &own[1]), None, ids)
                };
                proposed.left_of[place] = found;
                proposed.drop_empty(place);
            }
        }
    }

    fn flush(
        &mut self,
        extend: &Extend<'_>,
        begun: &[Begun<'_>],
        batch: &Batch,
        out: &mut Batch,
        proposed: &mut Proposed,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        self.ask(extend, proposed.lead, begun, proposed);
        let ended = self.hand_on(extend, batch, out, proposed, then);
        proposed.clear();
        ended
    }

    fn hand_on(
        &mut self,
        extend: &Extend<'_>,
        batch: &Batch,
        out: &mut Batch,
        proposed: &Proposed,
        then: &mut Then<'_>,
    ) -> Result<(), Bail> {
        if proposed.parents.is_empty() {
            return Ok(());
        }
        let fill = |column: &mut Vec<u32>, ids: &[u32]| {
            column.clear();
            column.extend_from_slice(ids);
        };
        if extend.wants_var {
            fill(&mut out.columns[extend.var], &proposed.ids);
        }
        for Level { place, at, ends } in &extend.levels {
            for end in [0, 1].into_iter().filter(|end| ends[*end]) {
                fill(&mut out.columns[at + end], &proposed.left_of[*place][end]);
            }
        }
        for register in &extend.copied {
            let from = &batch.columns[*register][..batch.len];
            out.columns[*register].clear();
            out.columns[*register].extend(proposed.parents.iter().map(|row| from[*row as usize]));
        }
        out.len = proposed.parents.len();
        self.ops(extend.ops, extend.next, out, then)?;
        out.clear(&extend.ops[extend.next - 1].keep);
        Ok(())
    }
}

/// The place of the atom with the fewest rows left, and those.
#[inline]
fn lead(begun: &[Begun<'_>], row: usize) -> (usize, (u32, u32)) {
    let mut best = (0, begun[0].at(row));
    for (place, begun) in begun.iter().enumerate().skip(1) {
        let range = begun.at(row);
        if range.1 - range.0 < best.1.1 - best.1.0 {
            best = (place, range);
        }
    }
    best
}

/// The rows of an index with these ids at a level; `parents` are the rows of what was begun with.
pub(super) fn narrowed(
    index: &Index,
    level: usize,
    begun: &Begun<'_>,
    parents: Option<&Vec<u32>>,
    ids: &[u32],
) -> [Vec<u32>; 2] {
    if level == 0 && index.dense {
        let rows = index.columns[0].len() as u32;
        let bound = |more: u32| ids.iter().map(|id| if *id < rows { id + more } else { 0 }).collect();
        return [bound(0), bound(1)];
    }
    if let (0, Some(starts)) = (level, index.starts()) {
        let mut ends = [vec![0; ids.len()], vec![0; ids.len()]];
        let [first, past] = &mut ends;
        for ((first, past), id) in first.iter_mut().zip(past).zip(ids) {
            (*first, *past) = starts.rows(*id);
        }
        return ends;
    }
    let column = &index.columns[level];
    let same = match parents {
        Some(parents) => begun.same(parents.iter().map(|row| *row as usize)),
        None => begun.same(0..ids.len()),
    };
    if let Some(rows) = same
        && let Some(ends) = index.ranges.look_up((level, column), rows, ids)
    {
        return ends;
    }
    let mut ends = [Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len())];
    if parents.is_none() {
        begun.touch(column);
    }
    // Many rows are searched for several ids at once: each step waits for memory.
    let mut sought: Vec<Sought> = Vec::new();
    for (row, id) in ids.iter().enumerate() {
        let range = begun.at(parents.map_or(row, |parents| parents[row] as usize));
        let (first, past) = if range.1 - range.0 == 1 {
            (range.0, range.0 + u32::from(column[range.0 as usize] == *id))
        } else if range.1 - range.0 > FEW as u32 {
            sought.push(Sought { id: *id, low: range.0, rows: range.1 - range.0, past: range.1, place: row });
            range
        } else {
            index.narrow(level, range, *id)
        };
        ends[0].push(first);
        ends[1].push(past);
    }
    for sought in sought.chunks_mut(AT_ONCE) {
        first_rows(column, sought);
        for Sought { id, low, past, place, .. } in sought {
            (ends[0][*place], ends[1][*place]) = index.same(level, (*low, *past), *id);
        }
    }
    ends
}

impl Proposed {
    fn new(extend: &Extend<'_>) -> Self {
        let mut proposed = Self::default();
        proposed.left_of.resize_with(extend.atoms.len(), Default::default);
        proposed
    }

    /// Adds an id of a row that all atoms allow, with what is read later of their rows left.
    #[inline]
    fn add(&mut self, extend: &Extend<'_>, row: u32, id: u32, found: &[(u32, u32)]) {
        self.parents.push(row);
        if extend.wants_var {
            self.ids.push(id);
        }
        for level in &extend.levels {
            let [first, past] = &mut self.left_of[level.place];
            first.push(found[level.place].0);
            past.push(found[level.place].1);
        }
    }

    fn clear(&mut self) {
        self.parents.clear();
        self.ids.clear();
        self.left_of.iter_mut().flatten().for_each(Vec::clear);
    }

    /// Proposes ids of a row from a range of an index, until there are so many; hands back where to go on.
    #[inline]
    fn propose(
        &mut self,
        row: u32,
        index: &Index,
        level: usize,
        (mut low, high): (u32, u32),
        most: usize,
    ) -> u32 {
        let column = &index.columns[level];
        let room = most.saturating_sub(self.parents.len()).max(1);
        let [first, past] = &mut self.left_of[self.lead];
        if index.own_id(level) && high - low > 1 {
            let end = high.min(low + room as u32);
            self.ids.extend_from_slice(&column[low as usize..end as usize]);
            self.parents.resize(self.parents.len() + (end - low) as usize, row);
            first.extend(low..end);
            past.extend(low + 1..=end);
            return end;
        }
        let before = first.len();
        for _ in 0..room {
            if low >= high {
                break;
            }
            self.ids.push(column[low as usize]);
            first.push(low);
            low = if high - low == 1 { high } else { index.skip(level, low, high) };
        }
        // A run ends where the next begins.
        past.extend_from_slice(first.get(before + 1..).unwrap_or_default());
        if first.len() > before {
            past.push(low);
        }
        self.parents.resize(first.len(), row);
        low
    }

    /// Takes the rows out for which an atom has no rows left.
    fn drop_empty(&mut self, place: usize) {
        let [first, past] = &self.left_of[place];
        if first.iter().zip(past).all(|(first, past)| first < past) {
            return;
        }
        let mut kept = Vec::with_capacity(first.len());
        kept.extend(
            (0..).zip(first.iter().zip(past)).filter(|(_, (first, past))| first < past).map(|(row, _)| row),
        );
        let pick = |column: &mut Vec<u32>| {
            if column.is_empty() {
                return;
            }
            for (to, from) in kept.iter().enumerate() {
                column[to] = column[*from as usize];
            }
            column.truncate(kept.len());
        };
        pick(&mut self.parents);
        pick(&mut self.ids);
        self.left_of.iter_mut().flatten().for_each(pick);
    }
}
