//! Logarithms, powers and exact sums, by way of numbers of more digits; each result is rounded once.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::IBig;

use super::{DIGITS, Decimal, DomainError};

type Big = FBig<HalfEven, 10>;

/// Digits worked with, so that the 34 handed on are right even where a power has large parts.
const WORKING: usize = 60;
/// The largest power of e that can be held, roughly: ln(10^6145).
const MOST_POWER: i64 = 14150;

fn big(number: Decimal) -> Big {
    Big::from_parts(IBig::from(number.coefficient()), number.exponent as isize)
}

fn working(number: Decimal) -> Big {
    big(number).with_precision(WORKING).value()
}

fn back(number: &Big) -> Result<Decimal, DomainError> {
    let rounded = number.clone().with_precision(DIGITS as usize).value();
    let (significand, exponent) = (rounded.repr().significand().clone(), rounded.repr().exponent());
    let significand = i128::try_from(significand).map_err(|_| DomainError::Overflow)?;
    Decimal::rounded(significand, exponent as i64)
}

impl Decimal {
    /// Whether the number is less than zero.
    pub fn is_negative(self) -> bool {
        self.high < 0
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.is_negative() { -self } else { self }
    }

    /// The natural logarithm; of zero and below there is none.
    pub fn checked_ln(self) -> Result<Self, DomainError> {
        if self <= Self::ZERO { Err(DomainError::LogarithmOfNothing) } else { back(&working(self).ln()) }
    }

    /// e to this power.
    pub fn checked_exp(self) -> Result<Self, DomainError> {
        if self > Self::from(MOST_POWER) {
            return Err(DomainError::Overflow);
        }
        if self < Self::from(-MOST_POWER) {
            return Ok(Self::ZERO);
        }
        back(&working(self).exp())
    }

    /// A positive number to a power that is not whole: e^(power · ln number).
    pub(super) fn fractional_power(self, power: Self) -> Result<Self, DomainError> {
        if self == Self::ZERO {
            return if power.is_negative() { Err(DomainError::DivisionByZero) } else { Ok(Self::ZERO) };
        }
        if self.is_negative() {
            return Err(DomainError::NegativeBase);
        }
        let exponent = working(power) * working(self).ln();
        if exponent > Big::from(MOST_POWER) {
            return Err(DomainError::Overflow);
        }
        if exponent < Big::from(-MOST_POWER) {
            return Ok(Self::ZERO);
        }
        back(&exponent.exp())
    }

    /// Rounded half to even to so many places after the point; before it, where negative.
    pub fn round_to(self, places: i64) -> Result<Self, DomainError> {
        self.cut(places, |part, half| match part.cmp(&half) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => 2,
            std::cmp::Ordering::Greater => 1,
        })
    }

    /// The greatest whole number that is not above this one.
    #[must_use]
    pub fn floor(self) -> Self {
        let whole = self.truncated();
        if whole > self { whole.checked_sub(Self::from(1)).unwrap_or(whole) } else { whole }
    }

    /// The least whole number that is not below this one.
    #[must_use]
    pub fn ceiling(self) -> Self {
        -(-self).floor()
    }

    fn truncated(self) -> Self {
        self.cut(0, |_, _| 0).unwrap_or(self)
    }

    /// Digits past `places` taken off; `up` says from what is taken off and half a unit whether the
    /// rest grows by one (1), not (0), or becomes even (2).
    fn cut(self, places: i64, up: impl Fn(u128, u128) -> u8) -> Result<Self, DomainError> {
        let drop = -i64::from(self.exponent) - places;
        if drop <= 0 {
            return Ok(self);
        }
        if drop > i64::from(DIGITS) + 1 {
            return Ok(Self::ZERO);
        }
        let unit = 10_u128.pow(drop as u32);
        let coefficient = self.coefficient();
        let (rest, part) = (coefficient.unsigned_abs() / unit, coefficient.unsigned_abs() % unit);
        let grown = match up(part, unit / 2) {
            0 => rest,
            1 => rest + 1,
            _ => rest + rest % 2,
        };
        let signed = if coefficient < 0 { -(grown as i128) } else { grown as i128 };
        Self::rounded(signed, i64::from(self.exponent) + drop)
    }
}

/// A sum that is rounded once, when it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// Terms that share an exponent, while they fit.
    near: i128,
    exponent: i32,
    far: Option<Big>,
}

impl Sum {
    /// Adds a number.
    pub fn add(&mut self, number: Decimal) {
        self.add_parts(number.coefficient(), number.exponent);
    }

    /// Adds the exact product of two numbers.
    pub fn add_product(&mut self, left: Decimal, right: Decimal) {
        match left.coefficient().checked_mul(right.coefficient()) {
            Some(product) => self.add_parts(product, left.exponent + right.exponent),
            None => {
                self.add_far(&(big(left).with_precision(0).value() * big(right).with_precision(0).value()));
            }
        }
    }

    fn add_parts(&mut self, coefficient: i128, exponent: i32) {
        if coefficient == 0 {
            return;
        }
        if self.near == 0 {
            (self.near, self.exponent) = (coefficient, exponent);
            return;
        }
        let common = self.exponent.min(exponent);
        let scaled = |number: i128, from: i32| {
            10_i128.checked_pow((from - common) as u32).and_then(|unit| number.checked_mul(unit))
        };
        let sum = scaled(self.near, self.exponent)
            .zip(scaled(coefficient, exponent))
            .and_then(|(near, more)| near.checked_add(more));
        if let Some(sum) = sum {
            (self.near, self.exponent) = (sum, common);
        } else {
            self.flush();
            (self.near, self.exponent) = (coefficient, exponent);
        }
    }

    fn flush(&mut self) {
        let near = Big::from_parts(IBig::from(self.near), self.exponent as isize);
        self.near = 0;
        self.add_far(&near);
    }

    fn add_far(&mut self, number: &Big) {
        let number = number.clone().with_precision(0).value();
        self.far = Some(match self.far.take() {
            Some(far) => far + number,
            None => number,
        });
    }

    /// The sum, rounded to 34 digits.
    pub fn total(mut self) -> Result<Decimal, DomainError> {
        if self.far.is_none() {
            return Decimal::rounded(self.near, i64::from(self.exponent));
        }
        self.flush();
        self.far.map_or(Ok(Decimal::ZERO), |far| back(&far))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect("a number")
    }

    #[test]
    fn logarithms_and_powers() {
        // Digits from tables of e, ln 2 and √2.
        let close = |found: Decimal, wanted: &str| {
            let apart = found.checked_sub(number(wanted)).expect("in range").abs();
            assert!(apart < number("1e-32"), "{found} {wanted}");
        };
        close(number("1").checked_exp().expect("in range"), "2.718281828459045235360287471352662");
        close(number("2").checked_ln().expect("in range"), "0.6931471805599453094172321214581766");
        close(
            number("2").checked_pow(number("0.5")).expect("in range"),
            "1.414213562373095048801688724209698",
        );
        assert_eq!(number("0").checked_ln(), Err(DomainError::LogarithmOfNothing));
        assert_eq!(number("-8").checked_pow(number("0.5")), Err(DomainError::NegativeBase));
        assert_eq!(number("1e9").checked_exp(), Err(DomainError::Overflow));
        assert_eq!(number("-1e9").checked_exp(), Ok(Decimal::ZERO));
        assert_eq!(number("4").checked_pow(number("-0.5")).map(|x| x.to_string()), Ok("0.5".to_owned()));
    }

    #[test]
    fn rounding() {
        let to = |text: &str, places| number(text).round_to(places).map(|x| x.to_string());
        assert_eq!(to("2.5", 0), Ok("2".to_owned()));
        assert_eq!(to("3.5", 0), Ok("4".to_owned()));
        assert_eq!(to("-2.567", 2), Ok("-2.57".to_owned()));
        assert_eq!(to("1234", -2), Ok("1200".to_owned()));
        assert_eq!((number("-2.1").floor(), number("-2.1").ceiling()), (number("-3"), number("-2")));
        assert_eq!((number("7").floor(), number("0.5").ceiling()), (number("7"), number("1")));
    }

    #[test]
    fn sums_are_exact() {
        let mut sum = Sum::default();
        for text in ["1e40", "0.1", "0.2", "-1e40", "1e-40"] {
            sum.add(number(text));
        }
        assert_eq!(sum.total(), Ok(number("0.3").checked_add(number("1e-40")).expect("in range")));
        let mut sum = Sum::default();
        let long = number("9999999999999999999999999999999999");
        sum.add_product(long, long);
        sum.add_product(-long, long);
        sum.add_product(number("0.5"), number("3"));
        assert_eq!(sum.total(), Ok(number("1.5")));
    }
}
