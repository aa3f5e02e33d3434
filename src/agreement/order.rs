//! The order of subjects by their names: byte order of names and texts, size of numbers and dates.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::base::{BitSet, IndexVec, sorted};
use crate::facts::Dictionary;
use crate::model::{DomainId, Ruleset};
use crate::verdict::VerdictTable;

/// The order of two subjects by their names.
pub fn compare_subjects(
    ruleset: &Ruleset,
    dictionaries: &IndexVec<DomainId, Dictionary>,
    table: &VerdictTable,
    left: usize,
    right: usize,
) -> Ordering {
    let slots = &ruleset.questions[table.question].slots;
    slots
        .iter()
        .zip(&table.subjects)
        .map(|(slot, column)| dictionaries[ruleset.domain_of(slot.ty)].compare(column[left], column[right]))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The same subjects, in places of the table, in the order of their names. Each name is compared once for all whom it
/// stands in.
pub fn in_name_order(
    ruleset: &Ruleset,
    dictionaries: &IndexVec<DomainId, Dictionary>,
    table: &VerdictTable,
    places: &[u32],
) -> Vec<u32> {
    let slots = &ruleset.questions[table.question].slots;
    let ranked = slots.iter().zip(&table.subjects).map(|(slot, column)| {
        let ids: Vec<u32> = places.par_iter().map(|place| column[*place as usize]).collect();
        let ranks = ranks(&dictionaries[ruleset.domain_of(slot.ty)], &ids);
        ids.into_par_iter().map(|id| ranks[id as usize]).collect()
    });
    let ranked: Vec<Vec<u32>> = ranked.collect();
    let columns: Vec<&[u32]> = ranked.iter().map(Vec::as_slice).collect();
    match sorted(&columns, true).places {
        Some(order) => order.into_iter().map(|at| places[at as usize]).collect(),
        None => places.to_vec(),
    }
}

/// For each of these ids how many of them come before it; of other ids nothing is said.
fn ranks(dictionary: &Dictionary, ids: &[u32]) -> Vec<u32> {
    let mut held = BitSet::new(dictionary.len());
    ids.iter().for_each(|id| held.insert(*id as usize));
    let keyed = |id: usize| (dictionary.order_key(id as u32), id as u32);
    let mut ordered: Vec<(u64, u32)> = held.iter().map(keyed).collect();
    ordered.par_sort_unstable_by(|(left_key, left), (right_key, right)| {
        left_key.cmp(right_key).then_with(|| dictionary.compare(*left, *right))
    });
    let mut ranks = vec![0; dictionary.len()];
    ordered.iter().enumerate().for_each(|(rank, (_, id))| ranks[*id as usize] = rank as u32);
    ranks
}
