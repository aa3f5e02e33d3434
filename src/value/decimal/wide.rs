//! Whole numbers of 320 bits, just wide enough for a product or quotient before it is rounded.

/// Five limbs, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wide([u64; 5]);

impl From<u128> for Wide {
    fn from(number: u128) -> Self {
        Self([number as u64, (number >> 64) as u64, 0, 0, 0])
    }
}

impl Wide {
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 5]
    }

    /// The lowest 128 bits.
    pub fn low(&self) -> u128 {
        u128::from(self.0[1]) << 64 | u128::from(self.0[0])
    }

    pub fn product(a: u128, b: u128) -> Self {
        let (a, b) = ([a as u64, (a >> 64) as u64], [b as u64, (b >> 64) as u64]);
        let mut out = Self([0; 5]);
        for (i, x) in a.into_iter().enumerate() {
            let mut carry = 0_u128;
            for (j, y) in b.into_iter().enumerate() {
                let sum = u128::from(x) * u128::from(y) + u128::from(out.0[i + j]) + carry;
                out.0[i + j] = sum as u64;
                carry = sum >> 64;
            }
            out.0[i + 2] = carry as u64;
        }
        out
    }

    pub fn multiply_by_power_of_ten(&mut self, power: u32) {
        let mut left = power;
        while left > 0 {
            let step = left.min(19);
            self.multiply_small(10_u64.pow(step));
            left -= step;
        }
    }

    fn multiply_small(&mut self, factor: u64) {
        let mut carry = 0_u128;
        for limb in &mut self.0 {
            let product = u128::from(*limb) * u128::from(factor) + carry;
            *limb = product as u64;
            carry = product >> 64;
        }
        debug_assert_eq!(carry, 0);
    }

    /// Divides in place; returns the last digit cut off.
    pub fn divide_by_ten(&mut self) -> u64 {
        let mut rest = 0_u128;
        for limb in self.0.iter_mut().rev() {
            let part = rest << 64 | u128::from(*limb);
            *limb = (part / 10) as u64;
            rest = part % 10;
        }
        rest as u64
    }

    pub fn add(&mut self, other: &Self) {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (sum, first) = limb.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
    }

    /// Subtracts a number that is not greater.
    pub fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (rest, first) = limb.overflowing_sub(other);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            *limb = rest;
            borrow = first || second;
        }
        debug_assert!(!borrow);
    }

    /// The quotient, and whether something is left over. Binary long division: 320 steps.
    pub fn divide(&self, divisor: u128) -> (Self, bool) {
        let mut quotient = Self([0; 5]);
        let mut rest = 0_u128;
        for bit in (0..320).rev() {
            let carry = rest >> 127 == 1;
            rest = rest << 1 | u128::from(self.0[bit / 64] >> (bit % 64) & 1);
            if carry || rest >= divisor {
                rest = rest.wrapping_sub(divisor);
                quotient.0[bit / 64] |= 1 << (bit % 64);
            }
        }
        (quotient, rest != 0)
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
