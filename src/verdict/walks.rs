//! Relations that grow along a graph. Where each step reads and changes only some slots of a tuple and carries
//! the others along, what stands in those slots is a node. Where a step leads from a node is worked out once,
//! not for each tuple that comes there; what is carried then walks from node to node.

use std::ops::Range;

use rayon::prelude::*;

use super::reach::{Compiled, Step, read};
use super::search::vars_of;
use crate::base::{self, Order};
use crate::engine::{Bail, BatchProgram, Clock, Place, Sorted, Table, TupleSet, Values};

/// Nodes of which one thread works out where they lead, at a time.
const SHARE: usize = 1 << 13;

/// Starts from which it is tried how far walks go.
const TRIED: usize = 64;

/// Starts whose walks one thread goes at a time, at most.
const MOST_STARTS: usize = 1 << 10;

/// Where walks would go along each edge more often than this, components are walked instead of nodes.
const OFTEN: usize = 4;

/// Slots of a relation, by what its steps do with them.
pub(super) struct Layout {
    /// Those only carried along.
    carried: Vec<usize>,
    /// Those that are read or change.
    node: Vec<usize>,
}

impl Layout {
    /// How steps use the slots; `None` where there is nothing they only carry along.
    pub fn of(steps: &[Step<'_>], arity: usize) -> Option<Self> {
        let (carried, node): (Vec<usize>, Vec<usize>) =
            (0..arity).partition(|slot| steps.iter().all(|step| step.only_carries(*slot)));
        (!carried.is_empty() && !node.is_empty()).then_some(Self { carried, node })
    }

    /// Whether nodes are single ids, which are told apart without being looked up.
    pub fn is_simple(&self) -> bool {
        self.node.len() == 1
    }
}

/// All tuples that grow from some. `None` where the graph has more than `most` edges.
pub(super) fn walked(
    seeds: &Sorted,
    layout: &Layout,
    steps: &[Compiled],
    most: usize,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Table>, Bail> {
    let mut nodes = Nodes::new(layout.node.len());
    let mut node = Vec::with_capacity(layout.node.len());
    let begins: Vec<u32> = seeds
        .rows()
        .map(|tuple| {
            node.clear();
            node.extend(layout.node.iter().map(|slot| tuple[*slot]));
            nodes.place(&node)
        })
        .collect();
    let Some(edges) = explored(&mut nodes, layout, steps, most, values, clock)? else { return Ok(None) };
    let (nodes, ranks) = nodes.ranked();
    let graph =
        Graph::new(ranks.len(), edges.iter().map(|(from, to)| (ranks[*from as usize], ranks[*to as usize])));
    drop(edges);
    let starts = Starts::new(seeds, layout, begins.iter().map(|begin| ranks[*begin as usize]));
    let components = starts.walk_often(&graph).then(|| Components::of(&graph));
    let jobs = starts.jobs();
    let walk = |job: &Range<usize>| -> Result<Walked, Bail> {
        let mut walker = Walker::new(&graph, components.as_ref());
        let mut walked = Walked { from: job.start, counts: Vec::with_capacity(job.len()), nodes: Vec::new() };
        for start in job.clone() {
            let before = walked.nodes.len();
            walker.walk(starts.nodes_of(start));
            walker.hand_over(&mut walked.nodes);
            let count = walked.nodes.len() - before;
            walked.counts.push(count);
            clock.derived((count - starts.nodes_of(start).len()) as u64)?;
        }
        clock.time()?;
        Ok(walked)
    };
    let found: Vec<Result<Walked, Bail>> = jobs.par_iter().map(walk).collect();
    let found: Vec<Walked> = found.into_iter().collect::<Result<_, Bail>>()?;
    Ok(Some(assembled(found, layout, &starts, &nodes)))
}

/// What walks from some starts have found.
struct Walked {
    /// The first start.
    from: usize,
    /// How many nodes each start came to.
    counts: Vec<usize>,
    /// The nodes, start after start, ascending within each.
    nodes: Vec<u32>,
}

/// The tuples walks have found as a table.
fn assembled(found: Vec<Walked>, layout: &Layout, starts: &Starts, nodes: &[Vec<u32>]) -> Table {
    let mut columns: Vec<Vec<u32>> = vec![Vec::new(); layout.carried.len() + layout.node.len()];
    for (slot, of) in layout.carried.iter().zip(&starts.carried) {
        columns[*slot] = filled(&found, |walked, column| {
            let mut rest = column;
            for (id, count) in of[walked.from..].iter().zip(&walked.counts) {
                let (own, others) = rest.split_at_mut(*count);
                own.fill(*id);
                rest = others;
            }
        });
    }
    for (slot, of) in layout.node.iter().zip(nodes) {
        columns[*slot] = filled(&found, |walked, column| {
            column.iter_mut().zip(&walked.nodes).for_each(|(id, node)| *id = of[*node as usize]);
        });
    }
    drop(found);
    let ascends = layout.carried.iter().chain(&layout.node).is_sorted();
    if ascends {
        return Table::sorted(columns);
    }
    let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
    Table::sorted(base::sorted(&columns, false).columns)
}

/// A column that each part of what was found fills for itself.
fn filled(found: &[Walked], fill: impl Fn(&Walked, &mut [u32]) + Sync) -> Vec<u32> {
    let mut column = vec![0; found.iter().map(|walked| walked.nodes.len()).sum()];
    let mut rest = column.as_mut_slice();
    let mut parts = Vec::with_capacity(found.len());
    for walked in found {
        let (own, others) = rest.split_at_mut(walked.nodes.len());
        parts.push((walked, own));
        rest = others;
    }
    parts.into_par_iter().for_each(|(walked, own)| fill(walked, own));
    column
}

/// Nodes in the order they are met.
enum Nodes {
    /// Of one id each: per id the place of its node, counted from 1, and the ids.
    Ids {
        places: Vec<u32>,
        ids: Vec<u32>,
    },
    Tuples(TupleSet, usize),
}

impl Nodes {
    fn new(arity: usize) -> Self {
        match arity {
            1 => Self::Ids { places: Vec::new(), ids: Vec::new() },
            _ => Self::Tuples(TupleSet::new(arity, None), arity),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ids { ids, .. } => ids.len(),
            Self::Tuples(set, _) => set.len(),
        }
    }

    /// The place of a node, which is added where it is new.
    fn place(&mut self, node: &[u32]) -> u32 {
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

    fn row(&self, at: usize) -> &[u32] {
        match self {
            Self::Ids { ids, .. } => &ids[at..=at],
            Self::Tuples(set, _) => set.row(at as u32),
        }
    }

    /// The nodes as ascending columns, and per place the rank of its node among them.
    fn ranked(self) -> (Vec<Vec<u32>>, Vec<u32>) {
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

/// Where the steps lead from the nodes and from all they lead to, by place. `None` where that is more than
/// `most` edges.
fn explored(
    nodes: &mut Nodes,
    layout: &Layout,
    steps: &[Compiled],
    most: usize,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Vec<(u32, u32)>>, Bail> {
    let heads: Vec<Vec<Place>> =
        steps.iter().map(|step| layout.node.iter().map(|slot| step.head[*slot]).collect()).collect();
    let batches: Vec<BatchProgram<'_>> = steps
        .iter()
        .zip(&heads)
        .map(|(step, head)| {
            BatchProgram::new(&step.program, vars_of(head).chain(std::iter::once(step.place)), None)
        })
        .collect();
    let arity = layout.node.len();
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let mut from = 0;
    let mut round = 0;
    while from < nodes.len() {
        round += 1;
        clock.round(round)?;
        let to = nodes.len();
        let shares: Vec<Range<usize>> =
            (from..to).step_by(SHARE).map(|from| from..to.min(from + SHARE)).collect();
        for ((step, batch), head) in steps.iter().zip(&batches).zip(&heads) {
            let args: Vec<Place> = layout.node.iter().map(|slot| step.args[*slot]).collect();
            let lead = Lead { batch, head, args: &args, place: step.place };
            // A few shares at a time, so that what they lead to need not all be held.
            for shares in shares.chunks(rayon::current_num_threads() * 4) {
                let known = &*nodes;
                let found: Vec<_> =
                    shares.par_iter().map(|share| lead.from(known, share, values, clock)).collect();
                for found in found {
                    let (sources, targets) = found?;
                    let targets = targets.chunks_exact(arity);
                    edges.extend(sources.into_iter().zip(targets).map(|(from, to)| (from, nodes.place(to))));
                }
                if edges.len() > most {
                    return Ok(None);
                }
            }
        }
        from = to;
    }
    Ok(Some(edges))
}

/// A step that leads from node to node.
struct Lead<'l> {
    batch: &'l BatchProgram<'l>,
    head: &'l [Place],
    args: &'l [Place],
    place: usize,
}

impl Lead<'_> {
    /// Where it leads from some nodes: the place of each and, end to end, the nodes.
    fn from(
        &self,
        nodes: &Nodes,
        share: &Range<usize>,
        values: &Values<'_>,
        clock: &Clock,
    ) -> Result<(Vec<u32>, Vec<u32>), Bail> {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let (places, given) = read(|at| nodes.row(at), share.clone(), self.args);
        let given = given.iter().map(|(var, ids)| (*var, ids.as_slice()));
        let given: Vec<(usize, &[u32])> =
            given.chain(std::iter::once((self.place, places.as_slice()))).collect();
        self.batch.run_with(values, clock, &given, &mut |found| {
            sources.extend_from_slice(&found.var(self.place)[..found.len()]);
            for row in 0..found.len() {
                targets.extend(self.head.iter().map(|place| match place {
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
struct Graph {
    /// Where the edges of each node begin; one more entry than nodes.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Graph {
    fn new(count: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
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

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn of(&self, node: usize) -> &[u32] {
        &self.targets[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

/// The strongly connected components of a graph.
struct Components {
    /// Per node its component.
    of: Vec<u32>,
    /// Which lead to which others.
    graph: Graph,
    /// Their nodes.
    members: Graph,
}

impl Components {
    fn of(graph: &Graph) -> Self {
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

/// What is carried, with the nodes from which it walks.
struct Starts {
    /// What is carried, ascending, each once.
    carried: Vec<Vec<u32>>,
    /// The nodes of each.
    nodes: Graph,
}

impl Starts {
    fn new(seeds: &Sorted, layout: &Layout, begins: impl Iterator<Item = u32>) -> Self {
        let columns: Vec<Vec<u32>> = layout.carried.iter().map(|slot| seeds.column(*slot)).collect();
        let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let Order { columns, places } = base::sorted(&slices, true);
        let mut begins: Vec<u32> = begins.collect();
        if let Some(places) = &places {
            begins = base::gathered(&begins, places);
        }
        let mut carried: Vec<Vec<u32>> = vec![Vec::new(); columns.len()];
        let mut starts = Vec::new();
        for row in 0..begins.len() {
            if row == 0 || columns.iter().any(|column| column[row] != column[row - 1]) {
                starts.push(row as u32);
                carried.iter_mut().zip(&columns).for_each(|(carried, column)| carried.push(column[row]));
            }
        }
        starts.push(begins.len() as u32);
        Self { carried, nodes: Graph { starts, targets: begins } }
    }

    fn nodes_of(&self, start: usize) -> &[u32] {
        self.nodes.of(start)
    }

    /// Parts of the starts for threads to walk.
    fn jobs(&self) -> Vec<Range<usize>> {
        let count = self.nodes.len();
        let most = count.div_ceil(rayon::current_num_threads() * 8).clamp(1, MOST_STARTS);
        (0..count).step_by(most).map(|from| from..count.min(from + most)).collect()
    }

    /// Whether walks from all of them go along the same edges again and again, as some tell.
    fn walk_often(&self, graph: &Graph) -> bool {
        let count = self.nodes.len();
        if count <= TRIED {
            return false;
        }
        let mut walker = Walker::new(graph, None);
        let mut tried: usize = 0;
        for at in 0..TRIED {
            tried += walker.walk(self.nodes_of(at * count / TRIED));
            walker.forget();
        }
        tried.saturating_mul(count / TRIED) > graph.targets.len().saturating_mul(OFTEN)
    }
}

/// Walks a graph, from some nodes at a time.
struct Walker<'g> {
    graph: &'g Graph,
    components: Option<&'g Components>,
    /// The nodes (or components) met, as bits and as they were met.
    seen: Vec<u64>,
    met: Vec<u32>,
}

impl<'g> Walker<'g> {
    fn new(graph: &'g Graph, components: Option<&'g Components>) -> Self {
        Self { graph, components, seen: vec![0; graph.len().div_ceil(64)], met: Vec::new() }
    }

    fn meet(&mut self, node: u32) {
        let (word, bit) = (node as usize / 64, 1_u64 << (node % 64));
        if self.seen[word] & bit == 0 {
            self.seen[word] |= bit;
            self.met.push(node);
        }
    }

    /// Goes wherever edges lead from some nodes. Hands back along how many edges that was.
    fn walk(&mut self, from: &[u32]) -> usize {
        for node in from {
            self.meet(self.components.map_or(*node, |components| components.of[*node as usize]));
        }
        let graph = self.components.map_or(self.graph, |components| &components.graph);
        let (mut at, mut edges) = (0, 0);
        while at < self.met.len() {
            let targets = graph.of(self.met[at] as usize);
            targets.iter().for_each(|to| self.meet(*to));
            edges += targets.len();
            at += 1;
        }
        edges
    }

    /// Forgets where it has been.
    fn forget(&mut self) {
        self.met.iter().for_each(|node| self.seen[*node as usize / 64] = 0);
        self.met.clear();
    }

    /// Adds the nodes met to others, ascending, and forgets them.
    fn hand_over(&mut self, found: &mut Vec<u32>) {
        if let Some(components) = self.components {
            let met = std::mem::take(&mut self.met);
            met.iter().for_each(|component| self.seen[*component as usize / 64] = 0);
            self.met = met
                .iter()
                .flat_map(|component| components.members.of(*component as usize))
                .copied()
                .collect();
        }
        let words = self.seen.len();
        if self.met.len() < words / 4 {
            self.met.sort_unstable();
            found.extend_from_slice(&self.met);
        } else {
            self.met.iter().for_each(|node| self.seen[*node as usize / 64] |= 1 << (node % 64));
            for (at, word) in self.seen.iter().enumerate() {
                let mut left = *word;
                while left != 0 {
                    found.push(at as u32 * 64 + left.trailing_zeros());
                    left &= left - 1;
                }
            }
        }
        self.forget();
    }
}
