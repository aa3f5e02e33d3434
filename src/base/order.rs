//! Tuples in ascending order of their ids: counted by their first column, then sorted within
//! each of its ids, both on all cores.

use rayon::prelude::*;

/// Below this many tuples one thread does it.
const FEW: usize = 1 << 14;

/// Places of tuples in ascending order, and where those of each id of the first column begin.
pub struct Order {
    /// The place of each tuple.
    pub places: Vec<u32>,
    /// One more entry than ids.
    pub starts: Vec<u32>,
}

/// Sorts tuples by the columns in this order, equal ones by place. `starts` is empty where the ids of
/// the first column range far wider than there are tuples.
pub fn order(columns: &[&[u32]]) -> Order {
    let Some(first) = columns.first() else { return Order { places: Vec::new(), starts: Vec::new() } };
    let most = first.par_iter().with_min_len(FEW).copied().max();
    let Some(most) = most else { return Order { places: Vec::new(), starts: vec![0] } };
    if most as usize / 8 > first.len() {
        let mut places: Vec<u32> = (0..first.len() as u32).collect();
        let key = |place: u32| columns.iter().map(move |column| column[place as usize]);
        places.par_sort_unstable_by(|left, right| key(*left).cmp(key(*right)).then(left.cmp(right)));
        return Order { places, starts: Vec::new() };
    }
    let (mut places, starts) = counted(first, most as usize + 1);
    if columns.len() > 1 {
        for_groups(&mut places, &starts, |group, scratch| sort_group(group, &columns[1..], scratch));
    }
    Order { places, starts }
}

/// Places by id, those of one id ascending, and where those of each id begin. Each thread looks at all
/// ids and takes those of its own range, so that no two write to one place.
pub fn counted(ids: &[u32], count: usize) -> (Vec<u32>, Vec<u32>) {
    let parts = if ids.len() < FEW { 1 } else { rayon::current_num_threads().min(4) };
    let bound = |part: usize| (count * part / parts) as u32;
    let mut starts = vec![0_u32; count + 1];
    let each = |(part, own): (usize, &mut [u32])| {
        let (from, to) = (bound(part), bound(part + 1));
        for id in ids {
            if (from..to).contains(id) {
                own[(id - from) as usize] += 1;
            }
        }
    };
    split(&mut starts[1..], (0..parts).map(|part| (bound(part + 1) - bound(part)) as usize), each);
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    let mut places = vec![0_u32; ids.len()];
    let share = |part: usize| (starts[bound(part + 1) as usize] - starts[bound(part) as usize]) as usize;
    let each = |(part, own): (usize, &mut [u32])| {
        let (from, to) = (bound(part), bound(part + 1));
        let base = starts[from as usize];
        let mut next = starts[from as usize..to as usize].to_vec();
        for (place, id) in (0_u32..).zip(ids) {
            if (from..to).contains(id) {
                let at = &mut next[(id - from) as usize];
                own[(*at - base) as usize] = place;
                *at += 1;
            }
        }
    };
    split(&mut places, (0..parts).map(share), each);
    (places, starts)
}

/// Calls `work` with pieces of these lengths and their numbers, each on a thread.
fn split(
    mut rest: &mut [u32],
    lengths: impl Iterator<Item = usize>,
    work: impl Fn((usize, &mut [u32])) + Sync + Send,
) {
    let mut pieces = Vec::new();
    for (part, len) in lengths.enumerate() {
        let (piece, more) = rest.split_at_mut(len);
        pieces.push((part, piece));
        rest = more;
    }
    if pieces.len() == 1 {
        pieces.into_iter().for_each(work);
    } else {
        pieces.into_par_iter().for_each(work);
    }
}

type Scratch = Vec<(u64, u32)>;

/// Calls `work` with the places of each id that has more than one.
fn for_groups(places: &mut [u32], starts: &[u32], work: impl Fn(&mut [u32], &mut Scratch) + Sync) {
    let ids = starts.len() - 1;
    let parts = if places.len() < FEW { 1 } else { rayon::current_num_threads() * 8 };
    let mut shares = Vec::new();
    let mut rest = places;
    let mut from = 0;
    for part in 1..=parts {
        // Shares of about equal length that end between two ids.
        let end = (starts[ids] as usize * part / parts) as u32;
        let to =
            if part == parts { ids } else { starts.partition_point(|start| *start < end).clamp(from, ids) };
        let (share, more) = rest.split_at_mut((starts[to] - starts[from]) as usize);
        shares.push((share, from, to));
        (rest, from) = (more, to);
    }
    let each = |(share, from, to): (&mut [u32], usize, usize)| {
        let mut scratch = Scratch::new();
        let base = starts[from];
        for ends in starts[from..=to].windows(2).filter(|ends| ends[1] - ends[0] > 1) {
            work(&mut share[(ends[0] - base) as usize..(ends[1] - base) as usize], &mut scratch);
        }
    };
    if parts == 1 {
        shares.into_iter().for_each(each);
    } else {
        shares.into_par_iter().for_each(each);
    }
}

fn sort_group(group: &mut [u32], columns: &[&[u32]], scratch: &mut Scratch) {
    let key = |place: u32| {
        let second = columns.get(1).map_or(0, |column| column[place as usize]);
        u64::from(columns[0][place as usize]) << 32 | u64::from(second)
    };
    scratch.clear();
    scratch.extend(group.iter().map(|place| (key(*place), *place)));
    if columns.len() <= 2 {
        scratch.sort_unstable();
    } else {
        let rest = |place: u32| columns[2..].iter().map(move |column| column[place as usize]);
        scratch.sort_unstable_by(|left, right| {
            let more = || rest(left.1).cmp(rest(right.1)).then(left.1.cmp(&right.1));
            left.0.cmp(&right.0).then_with(more)
        });
    }
    group.iter_mut().zip(scratch).for_each(|(place, (_, sorted))| *place = *sorted);
}

/// The ids of a column in this order.
pub fn gathered(column: &[u32], places: &[u32]) -> Vec<u32> {
    if places.len() < FEW {
        return places.iter().map(|place| column[*place as usize]).collect();
    }
    places.par_iter().with_min_len(FEW).map(|place| column[*place as usize]).collect()
}
