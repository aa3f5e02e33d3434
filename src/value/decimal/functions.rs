//! Logarithms, powers and exact sums, by way of numbers of more digits; each result is rounded once.

use std::cell::RefCell;
use std::hash::{BuildHasher, BuildHasherDefault};

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use dashu_int::ops::{BitTest, DivRem};
use dashu_int::{IBig, UBig};
use rustc_hash::FxHasher;

use super::wide::Wide;
use super::{DIGITS, Decimal, DomainError};

type Big = FBig<HalfEven, 10>;
type Binary = FBig<HalfEven, 2>;

/// Bits worked with, so that the 34 digits handed on are right even where a power has large parts.
const WORKING: usize = 200;
/// The largest power of e that can be held, roughly: ln(10^6145).
const MOST_POWER: i64 = 14150;

/// Digits before rounding, at most one less; and how many digits a bit has.
const BEFORE: i64 = 37;
const PER_BIT: f64 = std::f64::consts::LOG10_2;

/// So many results are remembered on each thread: what is calculated from columns often has few different values.
const REMEMBERED: usize = 1 << 15;

fn big(number: Decimal) -> Big {
    Big::from_parts(IBig::from(number.coefficient()), number.exponent as isize)
}

fn working(number: Decimal) -> Binary {
    big(number).with_base_and_precision::<2>(WORKING).value()
}

/// A number, rounded to 34 digits.
fn near(number: &Binary) -> Result<Decimal, DomainError> {
    let (significand, exponent) = (number.repr().significand(), number.repr().exponent() as i64);
    let digits = ((significand.bit_len() as i64 + exponent) as f64 * PER_BIT).floor() as i64;
    let shift = BEFORE - digits - 1;
    let ten = |power: i64| UBig::from(10_u8).pow(power.unsigned_abs() as usize);
    let two = |power: i64| UBig::ONE << power.unsigned_abs() as usize;
    let (mut above, mut below) = (significand.clone(), UBig::ONE);
    for (power, unit) in [(shift, ten(shift)), (exponent, two(exponent))] {
        if power >= 0 {
            above *= unit;
        } else {
            below *= unit;
        }
    }
    let (whole, rest) = above.div_rem(&IBig::from(below));
    let whole = i128::try_from(whole).map_err(|_| DomainError::Overflow)?;
    Decimal::from_wide(whole < 0, Wide::from(whole.unsigned_abs()), -shift, rest != IBig::ZERO)
}

fn back(number: &Big) -> Result<Decimal, DomainError> {
    let rounded = number.clone().with_precision(DIGITS as usize).value();
    let (significand, exponent) = (rounded.repr().significand().clone(), rounded.repr().exponent());
    let significand = i128::try_from(significand).map_err(|_| DomainError::Overflow)?;
    Decimal::rounded(significand, exponent as i64)
}

/// What is worked out by numbers of more digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Ln(Decimal),
    Exp(Decimal),
    Power(Decimal, Decimal),
}

/// Works something out, unless it was worked out before and is remembered.
fn remembered(
    work: Work,
    result: impl FnOnce() -> Result<Decimal, DomainError>,
) -> Result<Decimal, DomainError> {
    type Known = Vec<Option<(Work, Result<Decimal, DomainError>)>>;
    thread_local! {
        static KNOWN: RefCell<Known> = const { RefCell::new(Vec::new()) };
    }
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one(work);
    let place = (hash >> 32) as usize % REMEMBERED;
    let known = KNOWN.with_borrow(|known| known.get(place).copied().flatten());
    if let Some((_, result)) = known.filter(|(other, _)| *other == work) {
        return result;
    }
    let result = result();
    KNOWN.with_borrow_mut(|known| {
        known.resize(REMEMBERED, None);
        known[place] = Some((work, result));
    });
    result
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
        if self <= Self::ZERO {
            return Err(DomainError::LogarithmOfNothing);
        }
        remembered(Work::Ln(self), || near(&working(self).ln()))
    }

    /// e to this power.
    pub fn checked_exp(self) -> Result<Self, DomainError> {
        if self > Self::from(MOST_POWER) {
            return Err(DomainError::Overflow);
        }
        if self < Self::from(-MOST_POWER) {
            return Ok(Self::ZERO);
        }
        remembered(Work::Exp(self), || near(&working(self).exp()))
    }

    /// A positive number to a power that is not whole: e^(power · ln number).
    pub(super) fn fractional_power(self, power: Self) -> Result<Self, DomainError> {
        if self == Self::ZERO {
            return if power.is_negative() { Err(DomainError::DivisionByZero) } else { Ok(Self::ZERO) };
        }
        if self.is_negative() {
            return Err(DomainError::NegativeBase);
        }
        remembered(Work::Power(self, power), || {
            let exponent = working(power) * working(self).ln();
            if exponent > Binary::from(MOST_POWER) {
                return Err(DomainError::Overflow);
            }
            if exponent < Binary::from(-MOST_POWER) {
                return Ok(Self::ZERO);
            }
            near(&exponent.exp())
        })
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

    /// The same by decimal arithmetic of sixty digits, which takes five times as long.
    #[test]
    fn results_are_those_of_decimal_arithmetic() {
        let slow = |number: Decimal| big(number).with_precision(60).value();
        for (at, text) in [
            "1",
            "2",
            "0.5",
            "0.7",
            "1e-30",
            "1.0000000000000000000000000000000001",
            "0.9938",
            "123.456",
            "1e20",
            "9999999999999999999999999999999992",
            "3.141592653589793238462643383279503",
            "1.2e-7",
            "88.5",
            "650.25",
        ]
        .into_iter()
        .enumerate()
        {
            let x = number(text);
            assert_eq!(x.checked_ln(), back(&slow(x).ln()), "ln({text})");
            for power in ["-1.2", "0.241", "0.5", "-0.302", "7.25", "-33.3"] {
                let wanted = back(&(slow(number(power)) * slow(x).ln()).exp());
                assert_eq!(x.checked_pow(number(power)), wanted, "{text} ^ {power}");
            }
            for x in [x, -x, Decimal::from(at as i64 * 500)] {
                let wanted = back(&slow(x).exp());
                let is_held = x.abs() < Decimal::from(14000);
                assert!(!is_held || x.checked_exp() == wanted, "exp({x}): {:?} {wanted:?}", x.checked_exp());
            }
        }
        // Asked again, remembered.
        assert_eq!(number("2").checked_ln(), number("2").checked_ln());
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
