//! Decimals as text, both ways.

use std::fmt;

use super::wide::Wide;
use super::{Decimal, digits};

/// Up to this many characters a number is written without an exponent.
const PLAIN: i64 = 40;

impl Decimal {
    /// Reads a sign, digits with an optional dot anywhere, and an optional exponent. More than 34
    /// digits are rounded; `None` where it is no number or too large to be held.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let mut wide = Wide::from(0);
        let (mut exponent, mut seen, mut dot, mut sticky) = (exponent, 0_u32, false, false);
        let mut any = false;
        for byte in mantissa.bytes() {
            match byte {
                b'.' if !dot => dot = true,
                b'0'..=b'9' => {
                    any = true;
                    let digit = u128::from(byte - b'0');
                    if seen < 60 {
                        wide.multiply_by_power_of_ten(1);
                        wide.add(&Wide::from(digit));
                        seen += u32::from(seen > 0 || digit > 0);
                        exponent -= i64::from(dot);
                    } else {
                        sticky |= digit != 0;
                        exponent += i64::from(!dot);
                    }
                }
                _ => return None,
            }
        }
        if !any {
            return None;
        }
        if wide.is_zero() {
            return Some(Self::ZERO);
        }
        if exponent < -20_000 {
            return Some(Self::ZERO);
        }
        Self::from_wide(negative, wide, exponent, sticky).ok()
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Far beyond what can be held, whatever the digits before it.
    let size = digits.trim_start_matches('0');
    let size = if size.len() > 9 { 999_999_999 } else { size.parse().unwrap_or(0) };
    Some(if text.starts_with('-') { -size } else { size })
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coefficient = self.coefficient();
        let size = coefficient.unsigned_abs();
        let sign = if coefficient < 0 { "-" } else { "" };
        let exponent = i64::from(self.exponent);
        let count = i64::from(digits(size));
        let text = size.to_string();
        let point = count + exponent;
        if exponent >= 0 && point <= PLAIN {
            return f.pad_integral(coefficient >= 0, "", &format!("{text}{}", "0".repeat(exponent as usize)));
        }
        let shown = if exponent < 0 && point > 0 {
            let (whole, part) = text.split_at(point as usize);
            format!("{sign}{whole}.{part}")
        } else if exponent < 0 && count - point <= PLAIN {
            format!("{sign}0.{}{text}", "0".repeat(-point as usize))
        } else {
            let (first, rest) = text.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{dot}{rest}e{}", point - 1)
        };
        f.pad(&shown)
    }
}
