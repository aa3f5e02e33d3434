//! stub
#![expect(missing_docs)]
use std::fmt;
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(i32);
impl Date {
    pub fn parse_iso(_: &str) -> Option<Self> {
        None
    }
    pub fn add_days(self, n: i64) -> Option<Self> {
        Some(Self(self.0 + n as i32))
    }
    pub fn add_months(self, _: i64) -> Option<Self> {
        Some(self)
    }
    pub fn add_years(self, _: i64) -> Option<Self> {
        Some(self)
    }
    pub fn days_since(self, o: Self) -> i64 {
        i64::from(self.0 - o.0)
    }
}
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
