//! What several tables say of the same things, side by side: one row for each thing that all of them have.

use std::sync::{Arc, PoisonError, Weak};

use super::table::{Index, Table};
use crate::base;
use crate::base::parallel::each_of;

/// So many rows at least a thread goes through.
const ROWS: usize = 1 << 14;

/// A table that says one thing of each thing.
#[derive(Clone, Debug)]
pub struct Ray {
    /// The table.
    pub table: Arc<Table>,
    /// The column of the things, none of which stands in it twice.
    pub column: usize,
    /// Columns with the ids that must stand in them; others are not asked.
    pub constants: Vec<(usize, u32)>,
}

/// A ray as it is known again, without holding the table.
#[derive(Debug)]
struct Known {
    table: Weak<Table>,
    column: usize,
    constants: Vec<(usize, u32)>,
}

/// Such tables put side by side before.
#[derive(Debug)]
pub(super) struct Star {
    rays: Vec<Known>,
    made: Arc<Table>,
}

impl Star {
    fn is_of(&self, rays: &[Ray]) -> bool {
        let is_it = |(known, ray): (&Known, &Ray)| {
            std::ptr::eq(known.table.as_ptr(), Arc::as_ptr(&ray.table))
                && known.column == ray.column
                && known.constants == ray.constants
        };
        self.rays.len() == rays.len() && self.rays.iter().zip(rays).all(is_it)
    }
}

impl Table {
    /// The things that all rays have a row of, ascending, and what stands in the other columns of each, ray by ray, without
    /// those of constants. Made once.
    pub fn star(rays: Vec<Ray>) -> Arc<Self> {
        let Some(first) = rays.first().map(|ray| Arc::clone(&ray.table)) else { return Arc::default() };
        let lock = || first.stars.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().iter().find(|star| star.is_of(&rays)).map(|star| Arc::clone(&star.made));
        if let Some(known) = known {
            return known;
        }
        // Not under the lock: threads may be set to other work, which may ask for the same.
        let made = Arc::new(put_side_by_side(&rays));
        let own = |ray: Ray| Known {
            table: Arc::downgrade(&ray.table),
            column: ray.column,
            constants: ray.constants,
        };
        let star = Star { rays: rays.into_iter().map(own).collect(), made: Arc::clone(&made) };
        lock().push(star);
        made
    }
}

/// A ray with its rows in the order of the things.
struct Ordered<'r> {
    index: Arc<Index>,
    /// Places of the columns that are handed on, and of those of constants with the ids.
    kept: Vec<usize>,
    constants: Vec<(usize, u32)>,
    ray: &'r Ray,
}

impl<'r> Ordered<'r> {
    fn of(ray: &'r Ray) -> Self {
        let others = (0..ray.table.columns().len()).filter(|column| *column != ray.column);
        let order: Vec<usize> = std::iter::once(ray.column).chain(others).collect();
        let id_at = |column: usize| ray.constants.iter().find(|(own, _)| *own == column).map(|(_, id)| *id);
        let kept = (1..order.len()).filter(|place| id_at(order[*place]).is_none()).collect();
        let constants = (1..order.len()).filter_map(|place| Some((place, id_at(order[place])?))).collect();
        Self { index: ray.table.index(&order), kept, constants, ray }
    }

    fn ids(&self) -> &[u32] {
        &self.index.columns[0]
    }

    /// Whether a row has the ids that constants ask for.
    fn is_met(&self, row: usize) -> bool {
        self.constants.iter().all(|(place, id)| self.index.columns[*place][row] == *id)
    }
}

fn put_side_by_side(rays: &[Ray]) -> Table {
    let ordered: Vec<Ordered<'_>> = rays.iter().map(Ordered::of).collect();
    // Those of the fewest rows lead.
    let lead = (0..ordered.len()).min_by_key(|at| ordered[*at].ray.table.len()).unwrap_or(0);
    let all = ordered[lead].ids().len();
    let part = (all / (rayon::current_num_threads() * 4)).max(ROWS) + 1;
    let parts: Vec<usize> = (0..all).step_by(part).collect();
    let found: Vec<Vec<Vec<u32>>> =
        each_of(parts, |from| rows_of(&ordered, lead, from..(from + part).min(all)));
    let places: Vec<Vec<u32>> = (0..ordered.len())
        .map(|ray| found.iter().flat_map(|part| part[ray].iter().copied()).collect())
        .collect();
    drop(found);
    let mut columns = vec![base::gathered(ordered[lead].ids(), &places[lead])];
    for (ray, places) in ordered.iter().zip(&places) {
        columns.extend(ray.kept.iter().map(|place| base::gathered(&ray.index.columns[*place], places)));
    }
    Table::sorted(columns)
}

/// Of some rows of the ray that leads those that all others have a row for, with the rows of these.
fn rows_of(ordered: &[Ordered<'_>], lead: usize, rows: std::ops::Range<usize>) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::with_capacity(rows.len()); ordered.len()];
    let mut left: Vec<(u32, u32)> = ordered.iter().map(|ray| ray.index.all()).collect();
    let mut at = vec![0; ordered.len()];
    'rows: for row in rows {
        if !ordered[lead].is_met(row) {
            continue;
        }
        let id = ordered[lead].ids()[row];
        for (place, ray) in ordered.iter().enumerate() {
            let (own, past) = if place == lead {
                (row as u32, row as u32 + 1)
            } else {
                ray.index.advance(0, &mut left[place], id)
            };
            if own == past || place != lead && !ray.is_met(own as usize) {
                continue 'rows;
            }
            at[place] = own;
        }
        out.iter_mut().zip(&at).for_each(|(out, at)| out.push(*at));
    }
    out
}
