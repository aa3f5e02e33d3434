//! Whole numbers in the order of some of their bits.

use std::ops::Range;

/// The most bits looked at at once.
const DIGIT: u32 = 11;

/// How many values they may have.
const VALUES: usize = 1 << DIGIT;

/// The numbers in ascending order of these bits, those that agree in them as they stood. Takes time for each bit, but no
/// comparisons: the faster way for many numbers that lie near each other in memory, and fewer than 2^32.
///
/// The least significant digits come first (D. Knuth, *The Art of Computer Programming*, volume 3, 5.2.5).
pub fn sorted_by_bits(numbers: Vec<u64>, bits: Range<u32>) -> Vec<u64> {
    let wanted = bits.end.saturating_sub(bits.start);
    if wanted == 0 || numbers.len() < 2 {
        return numbers;
    }
    let digits = wanted.div_ceil(DIGIT);
    // Bits past the last one count for nothing.
    let mask = u64::MAX >> (u64::BITS - bits.end);
    let value_of = |number: u64, digit: u32| (number & mask) >> (bits.start + digit * DIGIT);
    // Per digit how many numbers have each value of it, then where the next of those goes.
    let mut places = vec![[0_u32; VALUES]; digits as usize];
    for number in &numbers {
        for (digit, counts) in (0..digits).zip(&mut places) {
            counts[value_of(*number, digit) as usize % VALUES] += 1;
        }
    }
    let (mut from, mut to) = (numbers, Vec::new());
    to.resize(from.len(), 0);
    for (digit, next) in (0..digits).zip(&mut places) {
        let mut before = 0;
        for place in &mut *next {
            before += std::mem::replace(place, before);
        }
        for number in &from {
            let place = &mut next[value_of(*number, digit) as usize % VALUES];
            // Always there; asked so, nothing has to be made ready for it not to be.
            if let Some(to) = to.get_mut(*place as usize) {
                *to = *number;
            }
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_bits_are_put_in_order_and_the_others_stay() {
        let mut state = 9_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        };
        for bits in [0..0, 0..64, 3..4, 5..17, 60..64, 16..49, 0..11, 0..12] {
            for count in [0, 1, 2, 300] {
                let numbers: Vec<u64> = (0..count).map(|_| next()).collect();
                let mask = (0..64).filter(|bit| bits.contains(bit)).fold(0, |mask, bit| mask | 1 << bit);
                let mut wanted = numbers.clone();
                wanted.sort_by_key(|number| number & mask);
                assert_eq!(sorted_by_bits(numbers, bits.clone()), wanted, "{bits:?}");
            }
        }
    }
}
