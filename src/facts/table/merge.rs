//! Names that several threads gathered, as names of one dictionary. Ids count in the order in which
//! names first come in the tables, however many threads read them.

use rayon::prelude::*;

use super::columns::Part;
use crate::facts::names::{NOWHERE, Names};

/// Names looked up by a thread at a time.
const CHUNK: usize = 1 << 16;

/// The dictionary itself, among the pools a name may stand in.
const KNOWN: u32 = u32::MAX;

/// No id yet.
const UNSET: u32 = u32::MAX;

/// Where a name also stands: the pool of an earlier part, or the dictionary; and its id there.
pub(super) type Link = (u32, u32);

const NONE: Link = (0, NOWHERE);

/// Where each name of one pool of each part also stands: in the dictionary, or in an earlier part.
pub(super) fn all_links(parts: &[Part], pool: usize, names: &mut Names) -> Vec<Vec<Link>> {
    let pools: Vec<&Names> = parts.iter().map(|part| &part.pools[pool]).collect();
    if names.len() > 0 {
        names.build_slots();
    }
    let links = (0..pools.len()).map(|part| links(&pools, part, names)).collect();
    names.forget_slots();
    links
}

/// Adds the names of one pool of each part to the dictionary's. `order` says which names of which part
/// come one after another in the tables. Hands back the id of each name, by part.
pub(super) fn merge(
    parts: &[Part],
    pool: usize,
    order: &[(usize, std::ops::Range<u32>)],
    links: &[Vec<Link>],
    names: &mut Names,
) -> Vec<Vec<u32>> {
    let pools: Vec<&Names> = parts.iter().map(|part| &part.pools[pool]).collect();
    let met = |part: usize| links[part].iter().filter(|link| **link != NONE).count();
    names.reserve((0..pools.len()).map(|part| pools[part].len() - met(part)).sum());
    let mut ids: Vec<Vec<u32>> = pools.iter().map(|pool| vec![UNSET; pool.len()]).collect();
    for (part, range) in order {
        for text in range.clone() {
            let at = text as usize;
            if ids[*part][at] != UNSET {
                continue;
            }
            let (earlier, there) = links[*part].get(at).copied().unwrap_or(NONE);
            let own = match (earlier, there) {
                NONE => None,
                (KNOWN, known) => Some(known),
                (earlier, there) => match ids[earlier as usize][there as usize] {
                    UNSET => None,
                    known => Some(known),
                },
            };
            let own = own.unwrap_or_else(|| {
                names.add_new(pools[*part].bytes(text));
                names.len() as u32 - 1
            });
            ids[*part][at] = own;
            if (earlier, there) != NONE && earlier != KNOWN {
                ids[earlier as usize][there as usize] = own;
            }
        }
    }
    ids
}

/// Where each name of a part also stands; empty where none of them does.
fn links(pools: &[&Names], part: usize, known: &Names) -> Vec<Link> {
    let count = pools[part].len();
    if known.len() == 0 && part == 0 {
        return Vec::new();
    }
    let chunk = |at: usize| {
        let texts = (at * CHUNK) as u32..((at + 1) * CHUNK).min(count) as u32;
        let mut out = vec![NONE; texts.len()];
        let mut found = Vec::with_capacity(texts.len());
        let earlier = pools[..part].iter().enumerate().map(|(at, pool)| (at as u32, *pool));
        for (at, pool) in std::iter::once((KNOWN, known)).chain(earlier) {
            found.clear();
            pool.find_all(pools[part], texts.clone(), &mut found);
            for (link, there) in out.iter_mut().zip(&found) {
                if *link == NONE && *there != NOWHERE {
                    *link = (at, *there);
                }
            }
        }
        out
    };
    let chunks: Vec<Vec<Link>> = (0..count.div_ceil(CHUNK)).into_par_iter().map(chunk).collect();
    chunks.concat()
}
