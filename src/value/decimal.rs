//! stub
#![expect(missing_docs)]
use std::fmt;
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Decimal(i128);
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainError {
    DivisionByZero,
    Overflow,
}
impl Decimal {
    pub const ZERO: Self = Self(0);
    pub fn parse(t: &str) -> Option<Self> {
        t.parse().ok().map(Self)
    }
    pub fn checked_add(self, o: Self) -> Result<Self, DomainError> {
        Ok(Self(self.0 + o.0))
    }
    pub fn checked_sub(self, o: Self) -> Result<Self, DomainError> {
        Ok(Self(self.0 - o.0))
    }
    pub fn checked_mul(self, o: Self) -> Result<Self, DomainError> {
        Ok(Self(self.0 * o.0))
    }
    pub fn checked_div(self, o: Self) -> Result<Self, DomainError> {
        if o.0 == 0 { Err(DomainError::DivisionByZero) } else { Ok(Self(self.0 / o.0)) }
    }
    pub fn checked_pow(self, o: Self) -> Result<Self, DomainError> {
        Ok(Self(self.0.pow(o.0 as u32)))
    }
    pub fn neg(self) -> Self {
        Self(-self.0)
    }
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }
}
impl From<i64> for Decimal {
    fn from(n: i64) -> Self {
        Self(n.into())
    }
}
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
