//! Names that several threads gathered, as names of one dictionary. Ids count in the order in which
//! names first come in the tables, however many threads read them.

use super::columns::Part;
use crate::base::parallel::each;
use crate::facts::names::{NOWHERE, Names};

/// Names looked up by a thread at a time.
const CHUNK: usize = 1 << 16;

/// The dictionary itself, among the pools a name may stand in.
const KNOWN: u32 = u32::MAX;

/// No id yet.
const UNSET: u32 = u32::MAX;

/// Where a name also stands: the pool of an earlier part, or the dictionary; and its id there.
type Link = (u32, u32);

const NONE: Link = (0, NOWHERE);

/// The names of one pool: those of each part, and the dictionary they go to.
pub(super) struct Gathered {
    /// Which pool of each part.
    pub pool: usize,
    /// The names, by part.
    pub parts: Vec<Names>,
    /// Those known before; after merging, all.
    pub names: Names,
    /// Where each name of a part also stands.
    links: Vec<Vec<Link>>,
}

impl Gathered {
    /// Takes the names out of their parts.
    pub fn take(parts: &mut [Part], pool: usize, names: Names) -> Self {
        let parts = parts.iter_mut().map(|part| std::mem::take(&mut part.pools[pool])).collect();
        Self { pool, parts, names, links: Vec::new() }
    }

    /// Finds out where each name also stands: in the dictionary, or in an earlier part. Nothing is looked up after that.
    pub fn link(&mut self) {
        if self.names.len() > 0 {
            self.names.build_finder();
        }
        let pools: Vec<&Names> = self.parts.iter().collect();
        self.links = (0..pools.len()).map(|part| links(&pools, part, &self.names)).collect();
        self.names.forget_finder();
        self.parts.iter_mut().for_each(Names::forget_finder);
    }

    /// Adds the names of each part to the dictionary's. `order` says which names of which part come one after
    /// another in the tables. Hands back the id of each name, by part; where the parts' names are not wanted any
    /// more, their memory is used.
    pub fn merge(&mut self, order: &[(usize, std::ops::Range<u32>)], wanted: bool) -> Vec<Vec<u32>> {
        let Self { parts, names, links, .. } = self;
        let mut ids: Vec<Vec<u32>> = parts.iter().map(|pool| vec![UNSET; pool.len()]).collect();
        let mut order = order.iter().filter(|(_, range)| !range.is_empty()).peekable();
        // What comes first is the dictionary, where that is all of a part and nothing was known.
        if let Some((part, _)) =
            order.next_if(|(part, range)| !wanted && names.len() == 0 && range.len() == parts[*part].len())
        {
            *names = std::mem::take(&mut parts[*part]);
            ids[*part] = (0..names.len() as u32).collect();
            for (text, (earlier, there)) in (0..).zip(&links[*part]) {
                if (*earlier, *there) != NONE {
                    ids[*earlier as usize][*there as usize] = text;
                }
            }
        }
        let met = |part: usize| links[part].iter().filter(|link| **link != NONE).count();
        let more = |part: usize| parts[part].len().saturating_sub(met(part));
        names.reserve((0..parts.len()).map(more).sum(), parts.iter().map(Names::long_len).sum());
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
                    names.add_new(parts[*part].bytes(text));
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
    let chunks: Vec<Vec<Link>> = each(count.div_ceil(CHUNK), chunk);
    chunks.concat()
}
