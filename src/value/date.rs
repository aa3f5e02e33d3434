//! Calendar dates, proleptic Gregorian, years 1 to 9999.

use std::fmt;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(i32);

const FIRST: i32 = days_of(1, 1, 1);
const LAST: i32 = days_of(9999, 12, 31);

/// Days since 1970-01-01, by the counting of 400-year eras that begin in March.
const fn days_of(year: i32, month: i32, day: i32) -> i32 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn days_in(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Date {
    /// The day that days are counted from, 1970-01-01.
    pub const EPOCH: Self = Self(0);

    /// The day, where the calendar has it.
    pub fn from_ymd(year: i32, month: i32, day: i32) -> Option<Self> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day);
        exists.then(|| Self(days_of(year, month, day)))
    }

    /// Year, month and day of the month.
    pub fn ymd(self) -> (i32, i32, i32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, of_year - (153 * shifted + 2) / 5 + 1)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    /// The day so many days after 1970-01-01, where the calendar has it.
    pub fn from_days(days: i32) -> Option<Self> {
        (FIRST..=LAST).contains(&days).then_some(Self(days))
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse_iso(text: &str) -> Option<Self> {
        Self::parse_with("YYYY-MM-DD", text)
    }

    /// Reads a date by a pattern of `YYYY`, `MM` and `DD` (or `M` and `D`, of one or two digits) with
    /// other characters standing for themselves.
    pub fn parse_with(pattern: &str, text: &str) -> Option<Self> {
        let (mut rest, mut left) = (pattern, text);
        let (mut year, mut month, mut day) = (None, None, None);
        while !rest.is_empty() {
            let (field, length, least, most) = match rest {
                _ if rest.starts_with("YYYY") => (&mut year, 4, 4, 4),
                _ if rest.starts_with("MM") => (&mut month, 2, 2, 2),
                _ if rest.starts_with("DD") => (&mut day, 2, 2, 2),
                _ if rest.starts_with('M') => (&mut month, 1, 1, 2),
                _ if rest.starts_with('D') => (&mut day, 1, 1, 2),
                _ => {
                    let literal = rest.chars().next()?;
                    left = left.strip_prefix(literal)?;
                    rest = &rest[literal.len_utf8()..];
                    continue;
                }
            };
            let digits = left.bytes().take(most).take_while(u8::is_ascii_digit).count();
            if digits < least {
                return None;
            }
            *field = Some(left[..digits].parse::<i32>().ok()?);
            left = &left[digits..];
            rest = &rest[length..];
        }
        if left.is_empty() { Self::from_ymd(year?, month?, day?) } else { None }
    }

    /// Writes it by a pattern that `parse_with` reads it by.
    pub fn show_with(self, pattern: &str) -> String {
        let (year, month, day) = self.ymd();
        let (mut rest, mut out) = (pattern, String::new());
        while let Some(first) = rest.chars().next() {
            let (text, length) = match rest {
                _ if rest.starts_with("YYYY") => (format!("{year:04}"), 4),
                _ if rest.starts_with("MM") => (format!("{month:02}"), 2),
                _ if rest.starts_with("DD") => (format!("{day:02}"), 2),
                _ if first == 'M' => (month.to_string(), 1),
                _ if first == 'D' => (day.to_string(), 1),
                _ => (first.to_string(), first.len_utf8()),
            };
            out.push_str(&text);
            rest = &rest[length..];
        }
        out
    }

    fn checked(days: i64) -> Option<Self> {
        let days = i32::try_from(days).ok()?;
        (FIRST..=LAST).contains(&days).then_some(Self(days))
    }

    /// The day so many days later, where it can be held.
    pub fn add_days(self, days: i64) -> Option<Self> {
        Self::checked(i64::from(self.0).checked_add(days)?)
    }

    /// The same day so many months later; the last day of a month that is shorter.
    pub fn add_months(self, months: i64) -> Option<Self> {
        let (year, month, day) = self.ymd();
        let count =
            i64::from(year).checked_mul(12)?.checked_add(i64::from(month) - 1)?.checked_add(months)?;
        let year = i32::try_from(count.div_euclid(12)).ok()?;
        let month = i32::try_from(count.rem_euclid(12)).ok()? + 1;
        Self::from_ymd(year, month, day.min(days_in(year, month)))
    }

    /// The same day so many years later; 28 February where there is no 29th.
    pub fn add_years(self, years: i64) -> Option<Self> {
        self.add_months(years.checked_mul(12)?)
    }

    /// Days from `other` to this day.
    pub fn days_since(self, other: Self) -> i64 {
        i64::from(self.0) - i64::from(other.0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    fn date(text: &str) -> Date {
        Date::parse_iso(text).expect("a date")
    }

    #[test]
    fn days_are_counted_through_all_years() {
        let (mut at, last) = (date("0001-01-01"), date("9999-12-31"));
        let mut count = 0;
        while at < last {
            let next = at.add_days(1).expect("within the calendar");
            assert_eq!(Date::parse_iso(&next.to_string()), Some(next));
            at = next;
            count += 1;
        }
        assert_eq!(count, 3_652_058);
        assert_eq!(last.add_days(1), None);
        assert_eq!(date("1970-01-01").0, 0);
        assert_eq!(date("2000-03-01").days_since(date("2000-02-28")), 2);
    }

    #[test]
    fn months_end_where_they_are_shorter() {
        assert_eq!(date("2024-01-31").add_months(1), Some(date("2024-02-29")));
        assert_eq!(date("2024-03-31").add_months(-1), Some(date("2024-02-29")));
        assert_eq!(date("2024-02-29").add_years(1), Some(date("2025-02-28")));
        assert_eq!(date("2024-12-15").add_months(1), Some(date("2025-01-15")));
    }

    #[test]
    fn other_patterns_and_wrong_days() {
        assert_eq!(Date::parse_with("DD.MM.YYYY", "31.01.2026"), Some(date("2026-01-31")));
        assert_eq!(Date::parse_with("M/D/YYYY", "1/31/2026"), Some(date("2026-01-31")));
        for pattern in ["DD.MM.YYYY", "M/D/YYYY", "YYYYMMDD", "YYYY-MM-DD"] {
            let shown = date("0987-12-03").show_with(pattern);
            assert_eq!(Date::parse_with(pattern, &shown), Some(date("0987-12-03")), "{pattern}: {shown}");
        }
        for text in ["2026-02-30", "2026-13-01", "2026-1-01", "26-01-01", "2026-01-01x", "0000-01-01", ""] {
            assert_eq!(Date::parse_iso(text), None, "{text}");
        }
    }
}
