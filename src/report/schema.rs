//! The JSON Schema of `parallax/report@1`.

/// Draft 2020-12.
pub const SCHEMA: &str = include_str!("report.schema.json");
