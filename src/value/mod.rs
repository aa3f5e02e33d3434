//! Values: decimals, dates, texts and flags, and how they compare.
//! Knows no rules; hands on `Value`.

mod about;
mod date;
mod decimal;
mod kinds;

pub use about::About;
pub use date::Date;
pub use decimal::{Decimal, DomainError, Sum};
pub use kinds::{Value, ValueKind};
