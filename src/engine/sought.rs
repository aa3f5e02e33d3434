//! Ids that are searched for among many ascending ones, several at once.

/// An id that is searched for among ascending ones.
pub(super) struct Sought {
    pub id: u32,
    /// The first row left, how many are left, and the row past all of them.
    pub low: u32,
    pub rows: u32,
    pub past: u32,
    /// Where what is found goes.
    pub place: usize,
}

/// Sets `low` of each to the first row whose id is not less; all go on step by step, so that memory is waited for
/// together.
pub(super) fn first_rows(column: &[u32], sought: &mut [Sought]) {
    let most = sought.iter().map(|sought| sought.rows).max().unwrap_or(0);
    let mut left = most;
    while left > 0 {
        for Sought { id, low, rows, .. } in &mut *sought {
            // Rounded up, so that all are done after as many steps as the longest takes.
            let half = rows.div_ceil(2);
            let less = half > 0 && column[(*low + half - 1) as usize] < *id;
            *low += if less { half } else { 0 };
            *rows = if less { *rows - half } else { half.saturating_sub(1) };
        }
        left /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_searched_for_at_once_are_where_one_alone_would_be() {
        let column: Vec<u32> = (0..500).map(|row| row / 3 * 4).collect();
        let sought = (0..700_u32).map(|place| {
            let (low, past) = (place % 90, place % 90 + place * 7 % 400);
            Sought { id: place * 11 % 680, low, rows: past - low, past, place: place as usize }
        });
        let mut sought: Vec<Sought> = sought.collect();
        let starts: Vec<u32> = sought.iter().map(|sought| sought.low).collect();
        sought.chunks_mut(16).for_each(|sought| first_rows(&column, sought));
        for (start, Sought { id, low, past, .. }) in starts.iter().zip(&sought) {
            let rows = &column[*start as usize..*past as usize];
            assert_eq!(*low, start + rows.partition_point(|other| other < id) as u32);
        }
    }
}
