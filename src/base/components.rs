//! The strongly connected components of a graph.

const NONE: usize = usize::MAX;

/// For each of `count` nodes the number of its component, numbered so that what a component leads to has a
/// lower number: Tarjan's algorithm (1972), without recursion. `edge` hands on the node that an edge of a node
/// leads to, by its place among the node's edges, until there are no more.
pub fn components(count: usize, edge: impl Fn(usize, usize) -> Option<usize>) -> Vec<usize> {
    let (mut index, mut low, mut component) = (vec![NONE; count], vec![0; count], vec![NONE; count]);
    let (mut next, mut found) = (0, 0);
    let mut path: Vec<usize> = Vec::new();
    for start in 0..count {
        if index[start] != NONE {
            continue;
        }
        let mut work: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, at)) = work.pop() {
            if at == 0 {
                index[node] = next;
                low[node] = next;
                next += 1;
                path.push(node);
            }
            if let Some(to) = edge(node, at) {
                work.push((node, at + 1));
                if index[to] == NONE {
                    work.push((to, 0));
                } else if component[to] == NONE {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            if low[node] == index[node] {
                while let Some(member) = path.pop() {
                    component[member] = found;
                    if member == node {
                        break;
                    }
                }
                found += 1;
            }
            if let Some((parent, _)) = work.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
        }
    }
    component
}
