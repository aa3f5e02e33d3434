//! Aggregates whose members are rows of one atom, with what tables of one row per thing add to them: the rows are read
//! where they lie, many at once, and not found way by way.

use std::cmp::Ordering;

use super::batch::{Bail, Batch};
use super::batch_aggregate::taken;
use super::batch_compare::Test;
use super::batch_extremes::is_extreme;
use super::batch_fold::{Fold, Folded, Limit};
use super::batch_units::Amounts;
use super::lower::{Inner, Op, Ranged, Scan, calculation_vars};
use super::meet::Begun;
use super::operators::Run;
use super::program::{AggregatePlan, Calculation, Comparison, Computed, Program, Step, Within};
use crate::builtin::AggregateKind;
use crate::facts::MISSING;
use crate::value::Value;

/// Members looked at at once: what is read of them stays near.
const MEMBERS: usize = 1 << 13;

/// What an aggregate ranges over, where that is rows of one atom.
struct Rows<'p> {
    /// The atom, and the levels it is narrowed by.
    atom: usize,
    from: usize,
    to: usize,
    /// What it is narrowed by then.
    within: Option<&'p Within>,
    /// The variables of the next levels.
    vars: Vec<usize>,
    /// What is asked of the rows, or added to them.
    steps: Vec<Follow<'p>>,
    /// The levels of the variables of which each combination counts once.
    keys: Vec<usize>,
    /// Those variables that stand for values.
    values: Vec<usize>,
    /// How combinations lie in the rows.
    lie: Lie,
}

/// How the combinations that count once lie in the rows of an atom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// Each row is one of its own, or counts as one.
    EachOnce,
    /// The rows of one stand side by side.
    Together,
    /// Anywhere.
    Scattered,
}

/// What is asked of a row, or added to it.
enum Follow<'p> {
    /// The one row of an atom for the id of a variable, where it has one.
    Row(usize, usize),
    /// The ids of that row.
    Ids(&'p Scan),
    /// A comparison.
    Test(&'p Op<'p>, Test<'p>),
    /// A value that is not missing.
    Stated(usize),
}

impl<'p> Rows<'p> {
    /// What the conditions of an aggregate come to; `None` where they are more than rows of one atom.
    fn of(plan: &AggregatePlan, inner: &'p Inner<'p>, program: &Program) -> Option<Self> {
        let mut lead: Option<(usize, usize, usize)> = None;
        let mut out = Self {
            atom: 0,
            from: 0,
            to: 0,
            within: None,
            vars: Vec::new(),
            steps: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            lie: Lie::Scattered,
        };
        for op in &inner.ops {
            let next = lead.map(|(atom, _, to)| (atom, to + out.vars.len()));
            match (&op.scan, op.step) {
                (Some(scan), _) if !scan.also.is_empty() => return None,
                (Some(scan), _) if next == Some((scan.atom, scan.from)) => out.vars.extend(&scan.vars),
                (Some(scan), _) if scan.single && scan.from == 1 && out.has_row_of(scan.atom) => {
                    out.steps.push(Follow::Ids(scan));
                }
                (None, Step::Seek { atom, from: 0, to: 0 })
                    if !program.atoms[*atom].narrowed
                        && !program.atoms[*atom].index.columns[0].is_empty() => {}
                (None, Step::Seek { atom, from, to }) if lead.is_none() && from < to => {
                    lead = Some((*atom, *from, *to));
                }
                (None, Step::Within(within)) if out.vars.is_empty() && out.within.is_none() => {
                    let (atom, _, to) = *lead.get_or_insert((within.atom, 0, 0));
                    if (atom, to) != (within.atom, within.level) {
                        return None;
                    }
                    out.within = Some(within);
                }
                (None, Step::Extend { var, atoms }) => out.extend(*var, atoms, &mut lead, program)?,
                (None, Step::Compare { left, op: how, right, possible }) if op.aggregates.is_empty() => {
                    let test = Test { left, op: *how, right, possible: *possible };
                    out.steps.push(Follow::Test(op, test));
                }
                (None, Step::Stated(var)) => out.steps.push(Follow::Stated(*var)),
                _ => return None,
            }
        }
        (out.atom, out.from, out.to) = lead?;
        let index = &program.atoms[out.atom].index;
        let level = |var: usize| Some(out.to + out.vars.iter().position(|other| *other == var)?);
        let keys: Option<Vec<usize>> = plan.keys.iter().map(|(var, _)| level(*var)).collect();
        let any_order = is_extreme(plan);
        out.keys = if any_order { keys.unwrap_or_default() } else { keys? };
        out.keys.sort_unstable();
        if out.keys.is_empty() && !any_order {
            return None;
        }
        let is_whole = index.distinct && out.to + out.vars.len() == index.columns.len();
        out.lie = if any_order || is_whole && out.keys.len() == out.vars.len() {
            Lie::EachOnce
        } else if (out.to..).zip(&out.keys).all(|(level, key)| level == *key) {
            Lie::Together
        } else {
            Lie::Scattered
        };
        out.values = plan.keys.iter().filter(|(_, is_value)| *is_value).map(|(var, _)| *var).collect();
        Some(out)
    }

    /// The ids that the least or the greatest is wanted of, where rows lie in the order of their values and nothing else
    /// is asked of them: then it is at an end.
    fn outermost<'r>(&self, plan: &AggregatePlan, program: &'r Program) -> Option<&'r [u32]> {
        let within = self.within.filter(|within| is_extreme(plan) && within.level == self.to)?;
        let is_it = matches!(plan.value, Calculation::Var { var, .. } if self.vars.first() == Some(&var));
        let column = || program.atoms[self.atom].index.columns[within.level].as_slice();
        (is_it && self.steps.is_empty()).then(column)
    }

    fn has_row_of(&self, atom: usize) -> bool {
        self.steps.iter().any(|step| matches!(step, Follow::Row(other, _) if *other == atom))
    }

    /// A variable that takes the ids of the next level, of which other atoms have a row each.
    fn extend(
        &mut self,
        var: usize,
        atoms: &[(usize, usize, usize)],
        lead: &mut Option<(usize, usize, usize)>,
        program: &Program,
    ) -> Option<()> {
        if lead.is_none() {
            // The fewest rows lead.
            let rows = |atom: usize| program.atoms[atom].index.columns[0].len();
            let (atom, from, _) = atoms.iter().min_by_key(|(atom, ..)| rows(*atom))?;
            if *from > 0 || program.atoms[*atom].narrowed {
                return None;
            }
            *lead = Some((*atom, 0, 0));
        }
        let (own, _, to) = (*lead)?;
        let level = to + self.vars.len();
        let mut leads = false;
        for (atom, from, to) in atoms {
            if (*atom, *from, *to) == (own, level, level + 1) {
                leads = true;
                continue;
            }
            let plan = &program.atoms[*atom];
            if (*from, *to) != (0, 1) || plan.narrowed || !plan.index.single || plan.index.starts().is_none()
            {
                return None;
            }
            self.steps.push(Follow::Row(*atom, var));
        }
        self.vars.push(var);
        leads.then_some(())
    }

    /// The variables whose ids are read of each member.
    fn read(&self, plan: &AggregatePlan) -> Vec<usize> {
        let mut read = self.values.clone();
        if plan.kind != AggregateKind::Count {
            calculation_vars(&plan.value, &mut |var| read.push(var));
        }
        for step in &self.steps {
            match step {
                Follow::Row(_, var) | Follow::Stated(var) => read.push(*var),
                Follow::Ids(_) => {}
                Follow::Test(_, Test { left, right, .. }) => {
                    calculation_vars(left, &mut |var| read.push(var));
                    calculation_vars(right, &mut |var| read.push(var));
                }
            }
        }
        read.sort_unstable();
        read.dedup();
        read
    }
}

/// The columns of members, in the places the registers of a program have for them.
struct Places {
    /// The row outside.
    origin: usize,
    /// The row of the atom.
    row: usize,
    /// Variables that are read.
    read: Vec<usize>,
    /// Everything that is kept of a member.
    all: Vec<usize>,
}

impl Run<'_, '_> {
    /// What an aggregate comes to in the rows of a batch in which it has members, ascending; `None` where its members are
    /// not just rows of an atom, or not in units.
    pub(super) fn by_rows(
        &mut self,
        ranged: &Ranged<'_>,
        batch: &Batch,
    ) -> Result<Option<Vec<(u32, Computed)>>, Bail> {
        Ok(self.folded(ranged, None, batch)?.map(|folded| folded.values))
    }

    /// The same of whether it compares so with a constant, which it stands to the left of.
    pub(super) fn met_by_rows(
        &mut self,
        ranged: &Ranged<'_>,
        limit: (Comparison, &Value, bool),
        batch: &Batch,
    ) -> Result<Option<Vec<(u32, bool)>>, Bail> {
        Ok(self.folded(ranged, Some(limit), batch)?.map(|folded| folded.met))
    }

    fn folded(
        &mut self,
        ranged: &Ranged<'_>,
        limit: Option<(Comparison, &Value, bool)>,
        batch: &Batch,
    ) -> Result<Option<Folded>, Bail> {
        let Ranged { plan, certain, possible: None, all_but: None } = ranged else { return Ok(None) };
        let (Some(origin), Some(rows)) = (certain.origin, Rows::of(plan, certain, self.whole.program)) else {
            return Ok(None);
        };
        let Some((units, measure)) = taken(plan, self.values) else { return Ok(None) };
        let limit = match limit {
            None => None,
            Some((op, constant, possible)) => match Limit::new(measure, op, constant, possible) {
                None => return Ok(None),
                limit => limit,
            },
        };
        let Some(mut ends) = self.ends(&rows, batch)? else { return Ok(None) };
        if let Some(ids) = rows.outermost(plan, self.whole.program) {
            ends = at_an_end(&ends, ids, plan.kind);
        }
        let atom = &self.whole.program.atoms[rows.atom];
        let row = self.whole.registers.range(atom.ranges + rows.to + rows.vars.len());
        let read = rows.read(plan);
        let mut all = read.clone();
        all.extend([origin, row]);
        for step in &rows.steps {
            if let Follow::Row(atom, _) = step {
                all.push(self.whole.registers.range(self.whole.program.atoms[*atom].ranges + 1));
            }
        }
        let places = Places { origin, row, read, all };
        let mut own = self.spare();
        let mut fold = Fold::new(plan.kind, measure, limit);
        let mut at = 0;
        while at < batch.len {
            self.clock.time()?;
            own.clear(&places.all);
            at = gather(&ends, at, &places, &mut own);
            if !self.members_of(&rows, &places, batch, &mut own)? {
                return Ok(None);
            }
            let amounts = units.as_ref().map(|units| units.amounts(&own));
            if amounts.as_ref().is_some_and(|amounts| !amounts.too_large.is_empty()) {
                return Ok(None);
            }
            let amounts = amounts.map(|Amounts { units, .. }| units);
            self.fold(&rows, &places, &own, amounts.as_deref(), &mut fold)?;
        }
        own.clear(&places.all);
        self.give_back(own);
        fold.finish().map(Some)
    }

    /// The rows of the atom left in each row of a batch.
    fn ends(&mut self, rows: &Rows<'_>, batch: &Batch) -> Result<Option<[Vec<u32>; 2]>, Bail> {
        let whole = Begun::All(self.whole.program.atoms[rows.atom].index.all());
        let mut ends = if rows.from < rows.to {
            self.sought(rows.atom, rows.from, rows.to, batch, &mut Vec::new())
        } else {
            None
        };
        if let Some(within) = rows.within {
            let begun = ends.as_ref().map_or(whole, |[first, past]| Begun::Each(first, past));
            ends = Some(self.bounded(within, &begun, batch)?);
        } else if ends.is_none() {
            ends = Some((0..batch.len).map(|row| whole.at(row)).unzip().into());
        }
        Ok(ends)
    }

    /// Adds to members what is read of them, and leaves those out of which something is not so. Whether all of it could
    /// be told.
    fn members_of(
        &mut self,
        rows: &Rows<'_>,
        places: &Places,
        batch: &Batch,
        own: &mut Batch,
    ) -> Result<bool, Bail> {
        let index = &self.whole.program.atoms[rows.atom].index;
        let mut given: Vec<usize> = rows
            .steps
            .iter()
            .flat_map(|step| match step {
                Follow::Ids(scan) => scan.vars.as_slice(),
                _ => &[],
            })
            .copied()
            .collect();
        for (level, var) in (rows.to..).zip(&rows.vars) {
            given.push(*var);
            if places.read.contains(var) {
                let ids = &index.columns[level];
                own.columns[*var] = own.columns[places.row].iter().map(|row| ids[*row as usize]).collect();
            }
        }
        for var in places.read.iter().filter(|var| !given.contains(var)) {
            let outside = &batch.columns[*var];
            if outside.len() < batch.len {
                return Ok(false);
            }
            own.columns[*var] = own.columns[places.origin].iter().map(|row| outside[*row as usize]).collect();
        }
        let mut kept: Vec<u32> = Vec::new();
        for step in &rows.steps {
            kept.clear();
            match step {
                Follow::Row(atom, var) => {
                    let plan = &self.whole.program.atoms[*atom];
                    let Some(starts) = plan.index.starts() else { return Ok(false) };
                    let first = self.whole.registers.range(plan.ranges + 1);
                    let mut found = Vec::with_capacity(own.len);
                    for (member, id) in (0..).zip(&own.columns[*var]) {
                        let (row, past) = starts.rows(*id);
                        found.push(row);
                        if row < past {
                            kept.push(member);
                        }
                    }
                    own.columns[first] = found;
                }
                Follow::Ids(scan) => {
                    let plan = &self.whole.program.atoms[scan.atom];
                    let first = self.whole.registers.range(plan.ranges + 1);
                    for (ids, var) in plan.index.columns[1..].iter().zip(&scan.vars) {
                        if places.read.contains(var) {
                            own.columns[*var] =
                                own.columns[first].iter().map(|row| ids[*row as usize]).collect();
                        }
                    }
                    continue;
                }
                Follow::Test(op, test) => self.compared(op, *test, own, &mut kept)?,
                Follow::Stated(var) => {
                    let stated = (0..).zip(&own.columns[*var]).filter(|(_, id)| **id != MISSING);
                    kept.extend(stated.map(|(member, _)| member));
                }
            }
            let made: Vec<usize> =
                places.all.iter().copied().filter(|place| own.columns[*place].len() == own.len).collect();
            own.pick(&made, &kept);
        }
        Ok(true)
    }

    /// Adds members to what their rows outside come to.
    fn fold(
        &self,
        rows: &Rows<'_>,
        places: &Places,
        own: &Batch,
        amounts: Option<&[i64]>,
        fold: &mut Fold,
    ) -> Result<(), Bail> {
        let index = &self.whole.program.atoms[rows.atom].index;
        let (outside, of_atom) = (&own.columns[places.origin], &own.columns[places.row]);
        let of_row = |member: u32| of_atom[member as usize] as usize;
        let amount = |member: u32| amounts.map_or(0, |amounts| amounts[member as usize]);
        let mut add = |member: u32| {
            let at = member as usize;
            let known = rows.values.iter().all(|var| own.columns[*var][at] != MISSING);
            fold.add(outside[at], amount(member), known)
        };
        if rows.lie == Lie::EachOnce {
            return (0..own.len as u32).try_for_each(add);
        }
        let compare = |left: u32, right: u32| {
            let (left, right) = (of_row(left), of_row(right));
            let keys = rows.keys.iter().map(|level| &index.columns[*level]);
            keys.map(|key| key[left].cmp(&key[right])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        };
        let mut members: Vec<u32> = (0..own.len as u32).collect();
        for group in members.chunk_by_mut(|left, right| outside[*left as usize] == outside[*right as usize]) {
            if rows.lie == Lie::Scattered {
                group.sort_unstable_by(|left, right| compare(*left, *right));
            }
            for same in group.chunk_by(|left, right| compare(*left, *right).is_eq()) {
                // Two values of one combination: one way after the other says what that means.
                if same.iter().any(|member| amount(*member) != amount(same[0])) {
                    return Err(Bail::Calculation);
                }
                add(same[0])?;
            }
        }
        Ok(())
    }
}

/// Of rows that lie in the order of values the one that holds the least or the greatest, or a missing one, which stands at
/// an end.
fn at_an_end(ends: &[Vec<u32>; 2], ids: &[u32], kind: AggregateKind) -> [Vec<u32>; 2] {
    let one = |(first, past): (&u32, &u32)| {
        let (first, past) = (*first, *past);
        if first >= past {
            return (first, first);
        }
        let last = past - 1;
        let is_first =
            ids[first as usize] == MISSING || ids[last as usize] != MISSING && kind == AggregateKind::Min;
        let row = if is_first { first } else { last };
        (row, row + 1)
    };
    ends[0].iter().zip(&ends[1]).map(one).unzip().into()
}

/// Puts rows left of the atom into an empty batch, those of one row outside after the other, until there are many; hands
/// back the first row outside not looked at.
fn gather(ends: &[Vec<u32>; 2], from: usize, places: &Places, own: &mut Batch) -> usize {
    let mut outside = std::mem::take(&mut own.columns[places.origin]);
    let mut rows = std::mem::take(&mut own.columns[places.row]);
    let mut at = from;
    while at < ends[0].len() && rows.len() < MEMBERS {
        rows.extend(ends[0][at]..ends[1][at]);
        outside.resize(rows.len(), at as u32);
        at += 1;
    }
    own.len = rows.len();
    own.columns[places.origin] = outside;
    own.columns[places.row] = rows;
    at
}
