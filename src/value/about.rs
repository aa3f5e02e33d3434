//! Numbers in floating point with how far they can be off: what is told apart so needs no exact arithmetic. A
//! floating-point filter as in J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
//! Predicates" (1997), with bounds carried along instead of worked out beforehand.

use std::cmp::Ordering;

use super::Decimal;

/// More than any one operation rounds by, of its result, logarithms and powers of e included; exact arithmetic rounds far
/// less.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// More than what underflow can lose.
const TINY: f64 = 1e-290;

/// Past this nothing is claimed.
const HUGE: f64 = 1e290;

/// The largest power of e below that, and how far a power may be off.
const MOST_POWER: f64 = 660.0;
const OFF_POWER: f64 = 1e-3;

/// A number and how far it can be off.
#[derive(Clone, Copy, Debug)]
pub struct About {
    value: f64,
    off: f64,
}

impl About {
    /// A number; `None` where floating point cannot hold it.
    pub fn of(number: Decimal) -> Option<Self> {
        Self::new(number.about(), 0.0)
    }

    /// What an operation came to, and how far that can be off but for its own rounding.
    fn new(value: f64, off: f64) -> Option<Self> {
        let off = off + value.abs() * ROUNDING + TINY;
        (value.abs() < HUGE && off < HUGE).then_some(Self { value, off })
    }

    /// `-x`
    #[must_use]
    pub fn negated(self) -> Self {
        Self { value: -self.value, off: self.off }
    }

    /// `x + y`
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::new(self.value + other.value, self.off + other.off)
    }

    /// `x - y`
    pub fn minus(self, other: Self) -> Option<Self> {
        Self::new(self.value - other.value, self.off + other.off)
    }

    /// `x * y`
    pub fn times(self, other: Self) -> Option<Self> {
        let off = self.off * other.value.abs() + other.off * self.value.abs() + self.off * other.off;
        Self::new(self.value * other.value, off * (1.0 + ROUNDING))
    }

    /// `x / y`
    pub fn through(self, other: Self) -> Option<Self> {
        let least = other.value.abs() - other.off;
        if least <= other.value.abs() / 2.0 {
            return None;
        }
        let value = self.value / other.value;
        Self::new(value, (self.off + value.abs() * other.off) / least * (1.0 + ROUNDING))
    }

    /// `x ^ y` of what is surely above zero.
    pub fn power(self, power: Self) -> Option<Self> {
        self.ln()?.times(power)?.exp()
    }

    /// The natural logarithm of what is surely above zero: it rises by at most `off / least`.
    pub fn ln(self) -> Option<Self> {
        let least = self.value - self.off;
        if least <= self.value / 2.0 {
            return None;
        }
        Self::new(self.value.ln(), self.off / least * (1.0 + ROUNDING))
    }

    /// e to this power; where that is off by little, the result is by little more of itself.
    pub fn exp(self) -> Option<Self> {
        if self.value.abs() > MOST_POWER || self.off > OFF_POWER {
            return None;
        }
        let value = self.value.exp();
        Self::new(value, value * self.off * (1.0 + 2.0 * OFF_POWER))
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { value: self.value.abs(), off: self.off }
    }

    /// The lesser of two.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self { value: self.value.min(other.value), off: self.off.max(other.off) }
    }

    /// The greater of two.
    #[must_use]
    pub fn greatest(self, other: Self) -> Self {
        Self { value: self.value.max(other.value), off: self.off.max(other.off) }
    }

    /// How two numbers compare, where they lie far enough apart.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        let difference = self.value - other.value;
        (difference.abs() > 2.0 * (self.off + other.off)).then(|| difference.total_cmp(&0.0))
    }
}
