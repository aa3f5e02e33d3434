//! One walk at a time: to whatever can be reached, or to each node by the shortest way.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::graph::{Components, Graph};
use crate::engine::Bail;

/// Walks a graph, from some nodes at a time.
pub(super) struct Walker<'g> {
    graph: &'g Graph,
    components: Option<&'g Components>,
    /// The nodes (or components) met, as bits and as they were met.
    seen: Vec<u64>,
    met: Vec<u32>,
}

impl<'g> Walker<'g> {
    pub fn new(graph: &'g Graph, components: Option<&'g Components>) -> Self {
        Self { graph, components, seen: vec![0; graph.len().div_ceil(64)], met: Vec::new() }
    }

    fn meet(&mut self, node: u32) {
        let (word, bit) = (node as usize / 64, 1_u64 << (node % 64));
        if self.seen[word] & bit == 0 {
            self.seen[word] |= bit;
            self.met.push(node);
        }
    }

    /// Goes wherever edges lead from some nodes. Hands back along how many edges that was, and in how many rounds
    /// of one edge each.
    pub fn walk(&mut self, from: &[u32]) -> (usize, u32) {
        for node in from {
            self.meet(self.components.map_or(*node, |components| components.of[*node as usize]));
        }
        let graph = self.components.map_or(self.graph, |components| &components.graph);
        let (mut at, mut edges) = (0, 0);
        let (mut rounds, mut end) = (0, 0);
        while at < self.met.len() {
            if at == end {
                rounds += 1;
                end = self.met.len();
            }
            let targets = graph.of(self.met[at] as usize);
            targets.iter().for_each(|to| self.meet(*to));
            edges += targets.len();
            at += 1;
        }
        (edges, rounds)
    }

    /// Forgets where it has been.
    pub fn forget(&mut self) {
        self.met.iter().for_each(|node| self.seen[*node as usize / 64] = 0);
        self.met.clear();
    }

    /// Adds the nodes met to others, ascending, and forgets them.
    pub fn hand_over(&mut self, found: &mut Vec<u32>) {
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

/// What going along an edge adds to the length of a way, and the greatest length that may come of it.
#[derive(Clone, Copy)]
pub(super) struct Length {
    pub adds: i64,
    pub most: i64,
}

/// A length no way has.
const NEVER: i64 = i64::MAX;

/// Walks a graph by the shortest ways, from some nodes at a time.
pub(super) struct Shortest<'g> {
    graph: &'g Graph,
    /// The step that each edge of the graph is, and how long steps are.
    steps: &'g [u32],
    lengths: &'g [Length],
    /// Whether all steps that add something add the same: then ways come by length without being put in order.
    is_even: bool,
    /// The least length to each node so far, of how many edges that way is, and the nodes that have one.
    least: Vec<i64>,
    edges: Vec<u32>,
    met: Vec<u32>,
    /// With even steps the nodes to begin with and those met on the way, each by length.
    begins: VecDeque<(i64, u32)>,
    queue: VecDeque<(i64, u32)>,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
}

impl<'g> Shortest<'g> {
    pub fn new(graph: &'g Graph, steps: &'g [u32], lengths: &'g [Length]) -> Self {
        let mut added = lengths.iter().map(|length| length.adds).filter(|adds| *adds != 0);
        let first = added.next();
        Self {
            graph,
            steps,
            lengths,
            is_even: added.all(|adds| Some(adds) == first),
            least: vec![NEVER; graph.len()],
            edges: vec![0; graph.len()],
            met: Vec::new(),
            begins: VecDeque::new(),
            queue: VecDeque::new(),
            heap: BinaryHeap::new(),
        }
    }

    /// Goes wherever edges lead from some nodes, which have lengths already (Dijkstra's algorithm, 1959; with
    /// even steps a queue does for the heap). Hands back the rounds of one edge each that the longest of them takes.
    /// It bails where a length grows past all bounds.
    pub fn walk(&mut self, from: impl Iterator<Item = (u32, i64)>) -> Result<u32, Bail> {
        let mut begins: Vec<(i64, u32)> = from.map(|(node, length)| (length, node)).collect();
        begins.sort_unstable();
        for (length, node) in begins {
            self.meet(node, length, (0, 1));
        }
        let mut rounds = 0;
        std::mem::swap(&mut self.begins, &mut self.queue);
        while let Some((length, node)) = self.next() {
            if self.least[node as usize] < length {
                continue;
            }
            let round = self.edges[node as usize] + 1;
            rounds = rounds.max(round);
            let edges =
                self.graph.starts[node as usize] as usize..self.graph.starts[node as usize + 1] as usize;
            for edge in edges {
                let step = self.lengths[self.steps[edge] as usize];
                let length = length.checked_add(step.adds).filter(|length| *length < NEVER);
                let length = length.ok_or(Bail::Calculation)?;
                if length <= step.most {
                    self.meet(self.graph.targets[edge], length, (round, step.adds));
                }
            }
        }
        Ok(rounds)
    }

    /// Comes to a node at the end of a way of so many edges, the last of which adds so much.
    fn meet(&mut self, node: u32, length: i64, (edges, added): (u32, i64)) {
        let least = &mut self.least[node as usize];
        if *least <= length {
            return;
        }
        if *least == NEVER {
            self.met.push(node);
        }
        *least = length;
        self.edges[node as usize] = edges;
        if self.is_even && added == 0 {
            self.queue.push_front((length, node));
        } else if self.is_even {
            self.queue.push_back((length, node));
        } else {
            self.heap.push(Reverse((length, node)));
        }
    }

    fn next(&mut self) -> Option<(i64, u32)> {
        if !self.is_even {
            return self.heap.pop().map(|Reverse(next)| next);
        }
        match (self.begins.front(), self.queue.front()) {
            (Some(begin), Some(met)) if met < begin => self.queue.pop_front(),
            (Some(_), _) => self.begins.pop_front(),
            (None, _) => self.queue.pop_front(),
        }
    }

    /// Adds the nodes met to others, ascending, with their lengths, and forgets them.
    pub fn hand_over(&mut self, nodes: &mut Vec<u32>, lengths: &mut Vec<i64>) {
        self.met.sort_unstable();
        for node in self.met.drain(..) {
            nodes.push(node);
            lengths.push(std::mem::replace(&mut self.least[node as usize], NEVER));
        }
    }
}
