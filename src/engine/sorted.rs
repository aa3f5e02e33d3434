//! Tuples gathered in any order, then ascending and each once. Doubles met while gathering are
//! dropped along the way, so that memory follows what is different, not what is found.

/// Tuples of ids end to end, ascending, each once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sorted {
    arity: usize,
    rows: usize,
    data: Vec<u32>,
}

impl Sorted {
    /// Just the tuple without places, or nothing.
    pub fn truth(holds: bool) -> Self {
        Self { arity: 0, rows: usize::from(holds), data: Vec::new() }
    }

    /// Tuples end to end that ascend, each once.
    pub fn concat(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let Some(mut all) = parts.next() else { return Self::default() };
        for part in parts {
            all.arity = part.arity;
            all.rows += part.rows;
            all.data.extend_from_slice(&part.data);
        }
        all
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The tuple in place `at`.
    pub fn row(&self, at: usize) -> &[u32] {
        &self.data[at * self.arity..(at + 1) * self.arity]
    }

    /// All tuples in order.
    pub fn rows(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.rows).map(|at| self.row(at))
    }

    /// Whether the tuple is among them.
    pub fn contains(&self, tuple: &[u32]) -> bool {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low.midpoint(high);
            match self.row(middle).cmp(tuple) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return true,
            }
        }
        false
    }

    /// The ids in one place of all tuples.
    pub fn column(&self, place: usize) -> Vec<u32> {
        self.data.chunks_exact(self.arity.max(1)).map(|tuple| tuple[place]).collect()
    }

    /// The ids, tuple after tuple.
    pub fn data(&self) -> &[u32] {
        &self.data
    }
}

/// Tuples as they are found.
#[derive(Debug)]
pub struct Gather {
    arity: usize,
    data: Vec<u32>,
    /// The length at which doubles are dropped again.
    full: usize,
}

/// Below this many ids nothing is dropped while gathering.
const SMALL: usize = 1 << 20;

impl Gather {
    /// Nothing yet; the tuples have at least one place.
    pub fn new(arity: usize) -> Self {
        Self { arity: arity.max(1), data: Vec::new(), full: SMALL }
    }

    /// Adds a tuple. Hands back how many different ones there are where that was just worked out.
    pub fn add(&mut self, tuple: &[u32]) -> Option<usize> {
        self.data.extend_from_slice(tuple);
        if self.data.len() < self.full {
            return None;
        }
        sort(self.arity, &mut self.data);
        self.full = SMALL.max(self.data.len() * 2);
        Some(self.data.len() / self.arity)
    }

    /// Adds many.
    pub fn add_all(&mut self, tuples: Sorted) {
        self.data.extend_from_slice(&tuples.data);
    }

    /// All of them, ascending, each once.
    pub fn finish(mut self) -> Sorted {
        sort(self.arity, &mut self.data);
        Sorted { arity: self.arity, rows: self.data.len() / self.arity, data: self.data }
    }
}

/// Sorts tuples end to end and drops doubles.
fn sort(arity: usize, data: &mut Vec<u32>) {
    match arity {
        1 => {
            data.sort_unstable();
            data.dedup();
        }
        2 => {
            let mut packed: Vec<u64> =
                data.chunks_exact(2).map(|pair| u64::from(pair[0]) << 32 | u64::from(pair[1])).collect();
            packed.sort_unstable();
            packed.dedup();
            data.clear();
            data.extend(packed.into_iter().flat_map(|pair| [(pair >> 32) as u32, pair as u32]));
        }
        _ => {
            let mut rows: Vec<&[u32]> = data.chunks_exact(arity).collect();
            rows.sort_unstable();
            rows.dedup();
            *data = rows.concat();
        }
    }
}
