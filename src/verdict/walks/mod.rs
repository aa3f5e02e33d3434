//! Relations that grow along a graph. Where each step reads and changes only some slots of a tuple and carries
//! the others along, what stands in those slots is a node. Where a step leads from a node is worked out once,
//! not for each tuple that comes there; what is carried then walks from node to node.

mod graph;
mod kept;
mod walker;

use std::ops::Range;

use self::graph::{Components, Edge, Graph, Nodes, explored};
pub(super) use self::kept::{Kept, best};
use self::walker::{Shortest, Walker};
use super::legs::Leg;
use super::search::makes_values;
use super::steps::{Compiled, Step};
use crate::base::parallel::each_of;
use crate::base::{self, Order};
use crate::engine::{Bail, Clock, Sorted, Table, Values};
use crate::plan::Inputs;

/// Parts of the walks per thread: enough that none waits long for the last.
const PARTS: usize = 16;

/// Starts from which it is tried how far walks go.
const TRIED: usize = 64;

/// Where walks would go along each edge more often than this, components are walked instead of nodes.
const OFTEN: usize = 4;

/// Slots of a relation, by what its steps do with them.
pub(super) struct Layout {
    /// Those only carried along.
    carried: Vec<usize>,
    /// Those that are read or change.
    node: Vec<usize>,
    /// That of a kept value.
    kept: Option<usize>,
}

impl Layout {
    /// How steps use the slots, of which one may hold a value that is kept; `None` where neither that nor
    /// anything only carried along tells tuples at one node apart, or where there are too many steps.
    pub fn of(steps: &[Step<'_>], arity: usize, kept: Option<usize>) -> Option<Self> {
        let slots = (0..arity).filter(|slot| Some(*slot) != kept);
        let (carried, node): (Vec<usize>, Vec<usize>) =
            slots.partition(|slot| steps.iter().all(|step| step.only_carries(*slot)));
        let is_one = !node.is_empty() && u8::try_from(steps.len()).is_ok();
        (is_one && (kept.is_some() || !carried.is_empty())).then_some(Self { carried, node, kept })
    }

    /// A step as a leg.
    pub fn whole<'c>(&self, step: usize, compiled: &'c Compiled) -> Leg<'c> {
        Leg::whole(step, compiled, &self.node)
    }

    /// A step in parts between words through which all of it leads. `None` where it has no such words.
    pub fn parts(&self, step: &Step<'_>, inputs: &Inputs<'_>, possible: bool) -> Option<Vec<Compiled>> {
        let parts = step.in_parts(&self.node, inputs, possible)?;
        (!parts.iter().any(|part| makes_values(&part.program.body.steps))).then_some(parts)
    }

    /// Steps as legs: in their parts where they have some.
    pub fn legs<'c>(&self, steps: &'c [Compiled], parts: &'c [Option<Vec<Compiled>>]) -> Vec<Leg<'c>> {
        let mut legs = Vec::new();
        let mut stops = 1;
        for (at, (step, parts)) in steps.iter().zip(parts).enumerate() {
            match parts {
                None => legs.push(self.whole(at, step)),
                Some(parts) => {
                    legs.extend(Leg::parts(at, parts, stops));
                    stops += parts.len() - 1;
                }
            }
        }
        legs
    }

    /// Whether nodes are single ids, which are told apart without being looked up.
    pub fn is_simple(&self) -> bool {
        self.node.len() == 1
    }
}

/// All tuples that grow from some, with a `kept` value the least of each. `None` where the graph has more than
/// `most` edges.
pub(super) fn walked(
    seeds: &Sorted,
    layout: &Layout,
    legs: &[Leg<'_>],
    kept: Option<&Kept>,
    most: usize,
    values: &Values<'_>,
    clock: &Clock,
) -> Result<Option<Table>, Bail> {
    let stops = legs.iter().map(|leg| leg.to).max().unwrap_or(0);
    let mut all: Vec<Nodes> = vec![Nodes::new(layout.node.len())];
    all.extend((0..stops).map(|_| Nodes::new(1)));
    let mut node = Vec::with_capacity(layout.node.len());
    let begins: Vec<u32> = (0..seeds.len())
        .map(|seed| {
            node.clear();
            node.extend(layout.node.iter().map(|slot| seeds.id(seed, *slot)));
            all[0].place(&node)
        })
        .collect();
    let Some(edges) = explored(&mut all, legs, most, values, clock)? else { return Ok(None) };
    // Stops come behind the nodes of the relation, each among its own as it was found.
    let mut counts: Vec<usize> = all.iter().map(Nodes::len).collect();
    let (nodes, ranks) = all.swap_remove(0).ranked();
    let own = ranks.len() as u32;
    let mut firsts = Vec::with_capacity(counts.len());
    let whole = counts.iter_mut().fold(0, |sum, count| {
        firsts.push(sum as u32);
        sum + *count
    });
    let rank = |class: usize, place: u32| match class {
        0 => ranks[place as usize],
        class => firsts[class] + place,
    };
    let from = |edge: &Edge| rank(legs[usize::from(edge.leg)].from, edge.from);
    let to = |edge: &Edge| rank(legs[usize::from(edge.leg)].to, edge.to);
    let graph = Graph::new(whole, edges.iter().map(|edge| (from(edge), to(edge))));
    // Edges stand in the order of the graph's.
    let of_leg = |edge: &Edge| (from(edge), u32::from(edge.leg));
    let of_legs = kept.map(|kept| (kept.of_legs(legs), Graph::new(whole, edges.iter().map(of_leg)).targets));
    drop(edges);
    let starts = Starts::new(seeds, layout, begins.iter().map(|begin| ranks[*begin as usize]));
    // Over components rounds are not counted, nor over legs, so there must be none too many.
    let is_counted = stops == 0;
    if !is_counted && !clock.allows(own as usize) {
        return Ok(None);
    }
    let is_condensed = kept.is_none() && clock.allows(own as usize) && starts.walk_often(&graph);
    let components = is_condensed.then(|| Components::of(&graph));
    let walk = |job: &Range<usize>| -> Result<Walked, Bail> {
        let mut walker = Walker::new(&graph, components.as_ref());
        let mut shortest = kept
            .zip(of_legs.as_ref())
            .map(|(kept, (lengths, of_legs))| (kept, Shortest::new(&graph, of_legs, lengths)));
        let mut walked = Walked { from: job.start, ..Walked::default() };
        for start in job.clone() {
            let before = walked.nodes.len();
            let begins = starts.nodes.of(start);
            let rounds = if let Some((kept, shortest)) = &mut shortest {
                let begins = begins.iter().copied().zip(kept.lengths(starts.seeds_of(start)));
                let rounds = shortest.walk(begins)?;
                shortest.hand_over(&mut walked.nodes, &mut walked.lengths);
                rounds
            } else {
                let rounds = walker.walk(begins).1;
                walker.hand_over(&mut walked.nodes);
                rounds
            };
            clock.round(if is_counted { rounds } else { 0 })?;
            // Stops are no tuples; they come last.
            let count = walked.nodes[before..].partition_point(|node| *node < own);
            walked.nodes.truncate(before + count);
            walked.lengths.truncate(before + count);
            walked.counts.push(count);
            clock.derived((count - begins.len()) as u64)?;
        }
        clock.time()?;
        Ok(walked)
    };
    let found: Vec<Result<Walked, Bail>> = each_of(starts.jobs().iter().collect(), walk);
    let found: Vec<Walked> = found.into_iter().collect::<Result<_, Bail>>()?;
    Ok(Some(assembled(found, layout, &starts, &nodes, kept, values)?))
}

/// What walks from some starts have found.
#[derive(Default)]
struct Walked {
    /// The first start.
    from: usize,
    /// How many nodes each start came to.
    counts: Vec<usize>,
    /// The nodes, start after start, ascending within each.
    nodes: Vec<u32>,
    /// The lengths of the ways to them, where those are asked.
    lengths: Vec<i64>,
}

/// The tuples walks have found as a table.
fn assembled(
    found: Vec<Walked>,
    layout: &Layout,
    starts: &Starts,
    nodes: &[Vec<u32>],
    kept: Option<&Kept>,
    values: &Values<'_>,
) -> Result<Table, Bail> {
    let arity = layout.carried.len() + layout.node.len() + usize::from(layout.kept.is_some());
    let mut columns: Vec<Vec<u32>> = vec![Vec::new(); arity];
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
    if let (Some(slot), Some(kept)) = (layout.kept, kept) {
        let ids = kept.ids(&found, values)?;
        columns[slot] = filled(&found, |walked, column| {
            column.iter_mut().zip(&walked.lengths).for_each(|(id, length)| *id = ids[length]);
        });
    }
    drop(found);
    let ascends = layout.carried.iter().chain(&layout.node).chain(&layout.kept).is_sorted();
    if ascends {
        return Ok(Table::sorted(columns));
    }
    let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
    Ok(Table::sorted(base::sorted(&columns, false).columns))
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
    each_of(parts, |(walked, own)| fill(walked, own));
    column
}

/// What is carried, with the nodes from which it walks.
struct Starts {
    /// What is carried, ascending, each once.
    carried: Vec<Vec<u32>>,
    /// The nodes of each.
    nodes: Graph,
    /// The places of the seeds in this order; as they stand where `None`.
    seeds: Option<Vec<u32>>,
}

impl Starts {
    fn new(seeds: &Sorted, layout: &Layout, begins: impl Iterator<Item = u32>) -> Self {
        let columns: Vec<Vec<u32>> = layout.carried.iter().map(|slot| seeds.column(*slot)).collect();
        let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let Order { columns, places } =
            if slices.is_empty() { Order { columns, places: None } } else { base::sorted(&slices, true) };
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
        Self { carried, nodes: Graph { starts, targets: begins }, seeds: places }
    }

    /// The places of the seeds of a start, in the order of its nodes.
    fn seeds_of(&self, start: usize) -> impl Iterator<Item = usize> {
        let rows = self.nodes.starts[start] as usize..self.nodes.starts[start + 1] as usize;
        rows.map(|row| self.seeds.as_ref().map_or(row, |places| places[row] as usize))
    }

    /// Parts of the starts for threads to walk.
    fn jobs(&self) -> Vec<Range<usize>> {
        let count = self.nodes.len();
        let most = count.div_ceil(rayon::current_num_threads() * PARTS).max(1);
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
            tried += walker.walk(self.nodes.of(at * count / TRIED)).0;
            walker.forget();
        }
        tried.saturating_mul(count / TRIED) > graph.targets.len().saturating_mul(OFTEN)
    }
}
