//! Sizes as people write them.

/// Bytes from a text such as `2GiB`, `800MB`, `512M` or `1000000`: `K`, `M`, `G` and `T` with `iB` or alone
/// count in steps of 1024, with `B` in steps of 1000.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || "write it as in 2GiB, 800MB or 1000000".to_owned();
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let unit = unit.trim().to_ascii_lowercase();
    let power = match unit.chars().next() {
        None | Some('b') => 0,
        Some('k') => 1,
        Some('m') => 2,
        Some('g') => 3,
        Some('t') => 4,
        Some(_) => return Err(wrong()),
    };
    let step: u64 = match unit.get(usize::from(power > 0)..).unwrap_or_default() {
        "" | "ib" => 1024,
        "b" => 1000,
        _ => return Err(wrong()),
    };
    step.checked_pow(power).and_then(|unit| unit.checked_mul(count)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes() {
        let sizes = [
            ("2GiB", 2 << 30),
            ("800MB", 800_000_000),
            ("512m", 512 << 20),
            ("17", 17),
            ("3 kB", 3000),
            ("9b", 9),
        ];
        for (text, bytes) in sizes {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5GiB", "2XB", "99999999999999999999", "99999999999TiB", "5ib5", "b"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
