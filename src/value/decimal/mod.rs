//! Decimal numbers of 34 significant digits, rounded half to even, the same on every machine.
//! The rules are those of IEEE 754-2008 decimal128, without signed zero, infinities and NaN.

mod functions;
mod text;
mod wide;

use std::cmp::Ordering;
use std::ops::Neg;

pub use functions::Sum;
use wide::Wide;

/// Digits a number holds.
const DIGITS: u32 = 34;
/// 10^34: coefficients are below it.
const LIMIT: i128 = 10_i128.pow(DIGITS);
/// The largest exponent of a number's last digit.
const MOST_EXPONENT: i32 = 6111;
/// The smallest exponent of a number's last digit.
const LEAST_EXPONENT: i32 = -6176;

/// A number `coefficient · 10^exponent`. The coefficient has no trailing zeros and zero has the
/// exponent zero, so equal numbers are equal in every field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Decimal {
    // Two halves instead of an i128, which would align the whole to 16 bytes.
    high: i64,
    low: u64,
    exponent: i32,
    spare: Spare,
}

/// A byte of one value: its others tell apart what else may stand in the place of a number, in a
/// [`Value`](super::Value), without a field for that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
enum Spare {
    #[default]
    Byte = 0,
}

/// Why a calculation has no result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DomainError {
    /// Division by zero, or zero to a negative power.
    DivisionByZero,
    /// The result is too large to be held.
    Overflow,
    /// A negative number to a power that is not whole.
    NegativeBase,
    /// A date is moved by a number of units that is not whole.
    FractionalShift,
    /// The logarithm of zero or of a negative number.
    LogarithmOfNothing,
    /// A pattern that cannot be read.
    BadPattern,
    /// One combination has two values to add up.
    TwoValues,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { high: 0, low: 0, exponent: 0, spare: Spare::Byte };

    /// The number `coefficient · 10^exponent`, rounded to 34 digits.
    pub fn scaled(coefficient: i128, exponent: i32) -> Result<Self, DomainError> {
        Self::rounded(coefficient, i64::from(exponent))
    }

    /// How often the unit `10^exponent` goes into the number, where it does a whole number of times.
    pub fn in_units(self, exponent: i32) -> Option<i64> {
        let shift = u32::try_from(self.exponent.checked_sub(exponent)?).ok();
        match shift {
            _ if self.coefficient() == 0 => Some(0),
            Some(shift) => i64::try_from(self.coefficient().checked_mul(10_i128.checked_pow(shift)?)?).ok(),
            None => None,
        }
    }

    /// The number as floating point, off by a few units of its last place; zero or infinite past the range
    /// of that.
    pub fn about(self) -> f64 {
        let coefficient = i64::try_from(self.coefficient())
            .map_or_else(|_| self.coefficient() as f64, |short| short as f64);
        // Powers of ten up to 22 are exact; dividing rounds once where multiplying by 0.1 would twice.
        match self.exponent {
            0 => coefficient,
            exponent if exponent > 0 => coefficient * 10_f64.powi(exponent),
            exponent if exponent >= -300 => coefficient / 10_f64.powi(-exponent),
            _ => 0.0,
        }
    }

    /// The exponent of the last digit.
    pub fn exponent(self) -> i32 {
        self.exponent
    }

    fn from_parts(coefficient: i128, exponent: i32) -> Self {
        Self { high: (coefficient >> 64) as i64, low: coefficient as u64, exponent, spare: Spare::Byte }
    }

    fn coefficient(self) -> i128 {
        (i128::from(self.high) << 64) | i128::from(self.low)
    }

    /// Its fields: the halves of the coefficient, and the exponent.
    pub fn to_bits(self) -> (i64, u64, i32) {
        (self.high, self.low, self.exponent)
    }

    /// The number with these fields, where `to_bits` can have given them.
    pub fn from_bits(high: i64, low: u64, exponent: i32) -> Option<Self> {
        let wanted = Self { high, low, exponent, spare: Spare::Byte };
        let coefficient = wanted.coefficient();
        let fits = coefficient.unsigned_abs() < LIMIT.unsigned_abs();
        let made = if fits { Self::canonical(coefficient, i64::from(exponent)).ok() } else { None };
        made.filter(|made| *made == wanted)
    }

    /// The number with this coefficient and exponent, rounded to 34 digits.
    fn rounded(coefficient: i128, exponent: i64) -> Result<Self, DomainError> {
        if coefficient.unsigned_abs() < LIMIT.unsigned_abs() {
            return Self::canonical(coefficient, exponent);
        }
        Self::from_wide(coefficient < 0, Wide::from(coefficient.unsigned_abs()), exponent, false)
    }

    /// Rounds a wide coefficient; `sticky` says that something non-zero was cut off below it.
    fn from_wide(negative: bool, mut wide: Wide, exponent: i64, sticky: bool) -> Result<Self, DomainError> {
        let mut exponent = exponent;
        let mut sticky = sticky;
        let mut last = 0;
        let limit = Wide::from(LIMIT.unsigned_abs());
        while wide >= limit || last_exponent_too_small(exponent, &wide) {
            sticky |= last != 0;
            last = wide.divide_by_ten();
            exponent += 1;
        }
        let mut coefficient = wide.low() as i128;
        if last > 5 || last == 5 && (sticky || coefficient % 2 == 1) {
            coefficient += 1;
        }
        Self::canonical(if negative { -coefficient } else { coefficient }, exponent)
    }

    /// Takes trailing zeros off; `coefficient` has at most 35 digits, the last zero.
    fn canonical(mut coefficient: i128, mut exponent: i64) -> Result<Self, DomainError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        if exponent < i64::from(LEAST_EXPONENT) {
            let wide = Wide::from(coefficient.unsigned_abs());
            return Self::from_wide(coefficient < 0, wide, exponent, false);
        }
        let (left, zeros) = without_zeros(coefficient.unsigned_abs());
        exponent += i64::from(zeros);
        coefficient = if coefficient < 0 { -(left as i128) } else { left as i128 };
        if exponent > i64::from(MOST_EXPONENT) {
            // Leading digits to spare can take up some of the exponent.
            let spare = i64::from(DIGITS) - i64::from(digits(coefficient.unsigned_abs()));
            if exponent - i64::from(MOST_EXPONENT) > spare {
                return Err(DomainError::Overflow);
            }
        }
        Ok(Self::from_parts(coefficient, exponent as i32))
    }

    /// The sum, rounded once.
    pub fn checked_add(self, other: Self) -> Result<Self, DomainError> {
        let (a, b) = (self.coefficient(), other.coefficient());
        if a == 0 || b == 0 {
            return Ok(if a == 0 { other } else { self });
        }
        if self.exponent == other.exponent {
            return Self::rounded(a + b, i64::from(self.exponent));
        }
        let (upper, lower) = if self.exponent > other.exponent { (self, other) } else { (other, self) };
        let shift = (upper.exponent - lower.exponent).unsigned_abs();
        let (top, bottom) = (upper.coefficient(), lower.coefficient());
        if shift <= 37
            && let Some(scaled) = 10_i128.checked_pow(shift).and_then(|power| top.checked_mul(power))
            && let Some(sum) = scaled.checked_add(bottom)
        {
            return Self::rounded(sum, i64::from(lower.exponent));
        }
        // 34 digits moved up by 36 places leave the smaller number below the last digit that counts.
        let lift = shift.min(36);
        let mut wide = Wide::from(top.unsigned_abs());
        wide.multiply_by_power_of_ten(lift);
        let exponent = i64::from(upper.exponent) - i64::from(lift);
        let (mut small, sticky) = (Wide::from(bottom.unsigned_abs()), lift < shift);
        if sticky {
            let mut rest = false;
            for _ in 0..(shift - lift).min(40) {
                rest |= small.divide_by_ten() != 0;
            }
            let cut = rest || !small.is_zero() && shift - lift > 40;
            if (top < 0) == (bottom < 0) {
                wide.add(&small);
                return Self::from_wide(top < 0, wide, exponent, cut);
            }
            wide.subtract(&small);
            if cut {
                wide.subtract(&Wide::from(1));
            }
            return Self::from_wide(top < 0, wide, exponent, cut);
        }
        if (top < 0) == (bottom < 0) {
            wide.add(&small);
            return Self::from_wide(top < 0, wide, exponent, false);
        }
        if wide >= small {
            wide.subtract(&small);
            return Self::from_wide(top < 0, wide, exponent, false);
        }
        small.subtract(&wide);
        Self::from_wide(bottom < 0, small, exponent, false)
    }

    /// The difference, rounded once.
    pub fn checked_sub(self, other: Self) -> Result<Self, DomainError> {
        self.checked_add(-other)
    }

    /// The product, rounded once.
    pub fn checked_mul(self, other: Self) -> Result<Self, DomainError> {
        let (a, b) = (self.coefficient(), other.coefficient());
        let exponent = i64::from(self.exponent) + i64::from(other.exponent);
        if let Some(product) = a.checked_mul(b) {
            return Self::rounded(product, exponent);
        }
        let wide = Wide::product(a.unsigned_abs(), b.unsigned_abs());
        Self::from_wide((a < 0) != (b < 0), wide, exponent, false)
    }

    /// The quotient, rounded once.
    pub fn checked_div(self, other: Self) -> Result<Self, DomainError> {
        let (a, b) = (self.coefficient(), other.coefficient());
        if b == 0 {
            return Err(DomainError::DivisionByZero);
        }
        if a == 0 {
            return Ok(Self::ZERO);
        }
        let exponent = i64::from(self.exponent) - i64::from(other.exponent);
        if let (Ok(top), Ok(bottom)) = (u64::try_from(a.unsigned_abs()), u64::try_from(b.unsigned_abs())) {
            let (quotient, lift, rest) = short_quotient(top, bottom);
            return Self::from_wide(
                (a < 0) != (b < 0),
                Wide::from(quotient),
                exponent - i64::from(lift),
                rest,
            );
        }
        // Enough digits that the quotient has more than 34, and one to round by.
        let lift = 36 + digits(b.unsigned_abs()).saturating_sub(digits(a.unsigned_abs()));
        let mut wide = Wide::from(a.unsigned_abs());
        wide.multiply_by_power_of_ten(lift);
        let (quotient, rest) = wide.divide(b.unsigned_abs());
        Self::from_wide((a < 0) != (b < 0), quotient, exponent - i64::from(lift), rest)
    }

    /// The power; whole exponents by repeated squaring, each step rounded to 34 digits, others by
    /// e^(power · ln self), rounded once.
    pub fn checked_pow(self, power: Self) -> Result<Self, DomainError> {
        let Some(whole) = power.to_i64() else {
            return self.fractional_power(power);
        };
        if whole < 0 && self == Self::ZERO {
            return Err(DomainError::DivisionByZero);
        }
        let mut result = Self::from(1);
        let mut base = self;
        let mut left = whole.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = result.checked_mul(base)?;
            }
            left >>= 1;
            if left > 0 {
                base = base.checked_mul(base)?;
            }
        }
        if whole < 0 { Self::from(1).checked_div(result) } else { Ok(result) }
    }

    /// The number, where it is whole and fits.
    pub fn to_i64(self) -> Option<i64> {
        let exponent = u32::try_from(self.exponent).ok()?;
        let whole = 10_i128.checked_pow(exponent)?.checked_mul(self.coefficient())?;
        i64::try_from(whole).ok()
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self::from_parts(-self.coefficient(), self.exponent)
    }
}

fn last_exponent_too_small(exponent: i64, wide: &Wide) -> bool {
    exponent < i64::from(LEAST_EXPONENT) && !wide.is_zero()
}

/// A number other than zero without its trailing zeros, and how many there were.
fn without_zeros(number: u128) -> (u128, u32) {
    let mut zeros = 0;
    let mut left = number;
    while left > u128::from(u64::MAX) {
        if !left.is_multiple_of(10) {
            return (left, zeros);
        }
        left /= 10;
        zeros += 1;
    }
    let mut short = left as u64;
    while short.is_multiple_of(10) {
        short /= 10;
        zeros += 1;
    }
    (u128::from(short), zeros)
}

/// `top · 10^lift / bottom` cut off to a whole number, with the lift, and whether something was cut off:
/// then it has 36 digits.
fn short_quotient(top: u64, bottom: u64) -> (u128, u32, bool) {
    let (mut quotient, mut rest) = (u128::from(top / bottom), u128::from(top % bottom));
    let bottom = u128::from(bottom);
    let mut lift = 0;
    while rest > 0 {
        let step = (36 - digits(quotient)).min(18);
        if step == 0 {
            break;
        }
        let power = 10_u128.pow(step);
        let more = rest * power;
        quotient = quotient * power + more / bottom;
        rest = more % bottom;
        lift += step;
    }
    (quotient, lift, rest > 0)
}

/// The number of decimal digits; 1 for zero.
fn digits(number: u128) -> u32 {
    number.checked_ilog10().map_or(1, |log| log + 1)
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        // INVARIANT: 19 digits need no rounding and the exponent stays below 19.
        Self::canonical(i128::from(number), 0).unwrap_or(Self::ZERO)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.coefficient(), other.coefficient());
        if self.exponent == other.exponent || a.signum() != b.signum() {
            return a.cmp(&b);
        }
        // Same sign, not zero: first by the place of the leading digit, then by the digits.
        let leading =
            |number: i128, exponent: i32| i64::from(digits(number.unsigned_abs())) + i64::from(exponent);
        let by_size = leading(a, self.exponent).cmp(&leading(b, other.exponent)).then_with(|| {
            let lift = |number: i128| {
                let mut wide = Wide::from(number.unsigned_abs());
                wide.multiply_by_power_of_ten(DIGITS - digits(number.unsigned_abs()).min(DIGITS));
                wide
            };
            lift(a).cmp(&lift(b))
        });
        if a < 0 { by_size.reverse() } else { by_size }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
