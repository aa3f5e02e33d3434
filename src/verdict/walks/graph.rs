//! Nodes, where steps lead from them, and which of them lead to each other.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::base::parallel::each;
use crate::base::{self, Order};
use crate::engine::{Bail, BatchProgram, Clock, Place, TupleSet, Values};
use crate::verdict::legs::Leg;
use crate::verdict::reach::read;
use crate::verdict::search::vars_of;

/// Nodes of which one thread works out where they lead, at a time.
const SHARE: usize = 1 << 13;

/// Where a leg leads: from node to node, by the places these have among their own, and which leg it is.
pub(super) struct Edge {
    pub from: u32,
    pub to: u32,
    pub leg: u8,
}

/// Nodes in the order they are met.
pub(super) enum Nodes {
    /// Of one id each: per id the place of its node, counted from 1, and the ids.
    Ids {
        places: Vec<u32>,
        ids: Vec<u32>,
    },
    Tuples(TupleSet, usize),
}

impl Nodes {
    pub fn new(arity: usize) -> Self {
        match arity {
            1 => Self::Ids { places: Vec::new(), ids: Vec::new() },
            _ => Self::Tuples(TupleSet::new(arity, None), arity),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Ids { ids, .. } => ids.len(),
            Self::Tuples(set, _) => set.len(),
        }
    }

    /// The place of a node, which is added where it is new.
    pub fn place(&mut self, node: &[u32]) -> u32 {
        match self {
            Self::Ids { places, ids } => {
                let id = node[0] as usize;
                if id >= places.len() {
                    places.resize(id + 1, 0);
                }
                if places[id] == 0 {
                    ids.push(node[0]);
                    places[id] = ids.len() as u32;
                }
                places[id] - 1
            }
            Self::Tuples(set, _) => set.place(node),
        }
    }

    /// What stands in one place of some nodes.
    fn part(&self, place: usize, nodes: Range<usize>) -> Vec<u32> {
        match self {
            Self::Ids { ids, .. } => ids[nodes].to_vec(),
            Self::Tuples(set, arity) => {
                let data = &set.data()[nodes.start * arity..nodes.end * arity];
                data.chunks_exact(*arity).map(|node| node[place]).collect()
            }
        }
    }

    /// The nodes as ascending columns, and per place the rank of its node among them.
    pub fn ranked(self) -> (Vec<Vec<u32>>, Vec<u32>) {
        let columns: Vec<Vec<u32>> = match self {
            Self::Ids { ids, .. } => vec![ids],
            Self::Tuples(set, arity) => (0..arity)
                .map(|slot| set.data().chunks_exact(arity).map(|tuple| tuple[slot]).collect())
                .collect(),
        };
        let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let Order { columns, places } = base::sorted(&slices, true);
        let count = columns.first().map_or(0, Vec::len);
        let mut ranks: Vec<u32> = (0..count as u32).collect();
        for (rank, place) in (0_u32..).zip(places.iter().flatten()) {
            ranks[*place as usize] = rank;
        }
        (columns, ranks)
    }
}

/// Where the legs lead from the nodes and from all they lead to; the nodes of the relation come first, then those where
/// ways only pass. `None` where that is more than `most` edges.
pub(super) fn explored(
    nodes: &mut [Nodes],
    legs: &[Leg<'_>],
    most: usize,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Vec<Edge>>, Bail> {
    let count = AtomicUsize::new(0);
    let leads: Vec<Lead<'_>> = legs
        .iter()
        .map(|leg| {
            let wanted = vars_of(&leg.head).chain(std::iter::once(leg.place));
            let batch = BatchProgram::new(leg.program, wanted, None);
            Lead { batch, leg, most, count: &count }
        })
        .collect();
    let mut edges: Vec<Edge> = Vec::new();
    // How many nodes each leg has been gone from.
    let mut gone = vec![0; legs.len()];
    let mut round = 0;
    while legs.iter().zip(&gone).any(|(leg, gone)| *gone < nodes[leg.from].len()) {
        round += 1;
        clock.round(round)?;
        // What a round finds in the relation is what the next begins with; what lies between is gone on from at once.
        let begun = nodes[0].len();
        for (at, lead) in (0_u8..).zip(&leads) {
            let leg = lead.leg;
            let to = if leg.from == 0 { begun } else { nodes[leg.from].len() };
            let from = std::mem::replace(&mut gone[usize::from(at)], to);
            let shares: Vec<Range<usize>> =
                (from..to).step_by(SHARE).map(|from| from..to.min(from + SHARE)).collect();
            // A few shares at a time, so that what they lead to need not all be held.
            for shares in shares.chunks(rayon::current_num_threads() * 4) {
                let known = &nodes[leg.from];
                let found: Vec<_> = each(shares.len(), |at| lead.from(known, &shares[at], values, clock));
                if count.load(Ordering::Relaxed) > most {
                    return Ok(None);
                }
                for found in found {
                    let (sources, targets) = found?;
                    let targets = targets.chunks_exact(leg.head.len());
                    let nodes = &mut nodes[leg.to];
                    let pairs = sources.into_iter().zip(targets);
                    edges.extend(pairs.map(|(from, to)| Edge { from, to: nodes.place(to), leg: at }));
                }
            }
        }
    }
    Ok(Some(edges))
}

/// A leg that leads from node to node.
struct Lead<'l> {
    batch: BatchProgram<'l>,
    leg: &'l Leg<'l>,
    /// So many edges are looked for at most, and so many were found by all.
    most: usize,
    count: &'l AtomicUsize,
}

impl Lead<'_> {
    /// Where it leads from some nodes: the place of each and, end to end, the nodes. It bails where that is too many.
    fn from(
        &self,
        nodes: &Nodes,
        share: &Range<usize>,
        values: &Values<'_>,
        clock: &Clock,
    ) -> Result<(Vec<u32>, Vec<u32>), Bail> {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let Leg { args, head, place, .. } = self.leg;
        let (places, given) = read(|slot| nodes.part(slot, share.clone()), share.clone(), args);
        let given = given.iter().map(|(var, ids)| (*var, ids.as_slice()));
        let given: Vec<(usize, &[u32])> = given.chain(std::iter::once((*place, places.as_slice()))).collect();
        self.batch.run_with(values, clock, &given, &mut |found| {
            if self.count.fetch_add(found.len(), Ordering::Relaxed) + found.len() > self.most {
                return Err(Bail::Calculation);
            }
            sources.extend_from_slice(&found.var(*place)[..found.len()]);
            for row in 0..found.len() {
                targets.extend(head.iter().map(|place| match place {
                    Place::Var(var) => found.var(*var)[row],
                    Place::Id(id) => *id,
                }));
            }
            Ok(())
        })?;
        Ok((sources, targets))
    }
}

/// Nodes with those each leads to.
pub(super) struct Graph {
    /// Where the edges of each node begin; one more entry than nodes.
    pub starts: Vec<u32>,
    pub targets: Vec<u32>,
}

impl Graph {
    pub fn new(count: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; count + 1];
        let mut all = 0;
        for (from, _) in edges.clone() {
            starts[from as usize + 1] += 1;
            all += 1;
        }
        for node in 0..count {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut targets = vec![0_u32; all];
        for (from, to) in edges {
            targets[next[from as usize] as usize] = to;
            next[from as usize] += 1;
        }
        Self { starts, targets }
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn of(&self, node: usize) -> &[u32] {
        &self.targets[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

/// The strongly connected components of a graph.
pub(super) struct Components {
    /// Per node its component.
    pub of: Vec<u32>,
    /// Which lead to which others.
    pub graph: Graph,
    /// Their nodes.
    pub members: Graph,
}

impl Components {
    pub fn of(graph: &Graph) -> Self {
        let edge = |node: usize, at: usize| graph.of(node).get(at).map(|to| *to as usize);
        let of: Vec<u32> = base::components(graph.len(), edge).into_iter().map(|at| at as u32).collect();
        let count = of.iter().max().map_or(0, |last| *last as usize + 1);
        let mut edges: Vec<(u32, u32)> = (0..graph.len())
            .flat_map(|node| graph.of(node).iter().map(move |to| (node, *to as usize)))
            .map(|(from, to)| (of[from], of[to]))
            .filter(|(from, to)| from != to)
            .collect();
        edges.par_sort_unstable();
        edges.dedup();
        let members = Graph::new(count, of.iter().copied().zip(0_u32..));
        Self { graph: Graph::new(count, edges.iter().copied()), members, of }
    }
}
