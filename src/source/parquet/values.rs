//! How the values of a Parquet column are written as cells, by its type.

use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use ::parquet::schema::types::ColumnDescriptor;
use dashu_int::{IBig, UBig};

use crate::source::cells::{CellColumn, Style, time};
use crate::value::Date;

/// The day 1970-01-01 in the count that old timestamps use.
const FIRST_DAY: i128 = 2_440_588;

/// The form of a column's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// As they are: whole numbers, texts.
    Plain,
    /// Whole numbers without sign.
    Unsigned,
    /// So many digits after the point.
    Decimal(u32),
    /// Days since 1970-01-01.
    Date,
    /// Points in time, in units of which so many are a second; in UTC or of no zone.
    Moment { per_second: i64, utc: bool },
    /// Times of the day.
    Time { per_second: i64 },
    /// Numbers in half precision.
    Half,
    /// Identifiers of 16 bytes.
    Uuid,
    /// What is no single value one could read.
    Odd,
}

impl Form {
    /// The form of a column.
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        let unit = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        if let Some(logical) = column.logical_type_ref() {
            return match logical {
                LogicalType::Decimal(decimal) => {
                    Self::Decimal(u32::try_from(decimal.scale).unwrap_or_default())
                }
                LogicalType::Date => Self::Date,
                LogicalType::Time(time) => Self::Time { per_second: unit(&time.unit) },
                LogicalType::Timestamp(moment) => {
                    Self::Moment { per_second: unit(&moment.unit), utc: moment.is_adjusted_to_u_t_c }
                }
                LogicalType::Integer(whole) if !whole.is_signed => Self::Unsigned,
                LogicalType::Float16 => Self::Half,
                LogicalType::Uuid => Self::Uuid,
                LogicalType::Integer(_)
                | LogicalType::String
                | LogicalType::Enum
                | LogicalType::Json
                | LogicalType::Unknown => Self::Plain,
                _ => Self::Odd,
            };
        }
        match column.converted_type() {
            ConvertedType::DECIMAL => Self::Decimal(u32::try_from(column.type_scale()).unwrap_or_default()),
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIME_MILLIS => Self::Time { per_second: 1_000 },
            ConvertedType::TIME_MICROS => Self::Time { per_second: 1_000_000 },
            ConvertedType::TIMESTAMP_MILLIS => Self::Moment { per_second: 1_000, utc: true },
            ConvertedType::TIMESTAMP_MICROS => Self::Moment { per_second: 1_000_000, utc: true },
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Self::Unsigned,
            ConvertedType::BSON | ConvertedType::INTERVAL => Self::Odd,
            _ if column.physical_type() == Type::FIXED_LEN_BYTE_ARRAY => Self::Odd,
            _ => Self::Plain,
        }
    }

    /// Adds a number of 32 bits.
    pub(super) fn int(self, style: &Style, cells: &mut CellColumn, number: i32) {
        if self == Self::Unsigned {
            return cells.show(number.cast_unsigned());
        }
        self.long(style, cells, i64::from(number));
    }

    /// Adds a number of 64 bits.
    pub(super) fn long(self, style: &Style, cells: &mut CellColumn, number: i64) {
        match self {
            Self::Unsigned => cells.show(number.cast_unsigned()),
            Self::Decimal(scale) => {
                decimal(style, cells, number < 0, number.unsigned_abs().to_string(), scale);
            }
            Self::Date => match Date::from_ymd(1970, 1, 1).and_then(|first| first.add_days(number)) {
                Some(date) => style.date(cells, date),
                None => cells.bad(format_args!("day {number} since 1970")),
            },
            Self::Moment { per_second, utc } => {
                style.moment(cells, i128::from(number), per_second, if utc { "Z" } else { "" });
            }
            Self::Time { per_second } if (0..per_second * 86_400).contains(&number) => {
                cells.show(time(number, per_second));
            }
            Self::Time { .. } => cells.bad(format_args!("{number} units of a day")),
            Self::Plain | Self::Half | Self::Uuid | Self::Odd => cells.show(number),
        }
    }

    /// Adds bytes.
    pub(super) fn bytes(self, style: &Style, cells: &mut CellColumn, bytes: &[u8]) {
        match self {
            Self::Decimal(scale) => {
                let (negative, size) = whole(bytes);
                decimal(style, cells, negative, size.to_string(), scale);
            }
            Self::Half => match bytes {
                [low, high] => style.single(cells, half(u16::from_le_bytes([*low, *high]))),
                _ => cells.bytes(bytes),
            },
            Self::Uuid if bytes.len() == 16 => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let (a, b, c) = (&digits[..8], &digits[8..12], &digits[12..16]);
                cells.show(format_args!("{a}-{b}-{c}-{}-{}", &digits[16..20], &digits[20..]));
            }
            Self::Odd | Self::Uuid => cells.bytes(bytes),
            _ => match std::str::from_utf8(bytes) {
                Ok(text) => cells.text(text),
                Err(_) => cells.bytes(bytes),
            },
        }
    }
}

/// Adds a timestamp of the old sort: nanoseconds of a day and the day.
pub(super) fn moment(style: &Style, cells: &mut CellColumn, words: &[u32]) {
    let [low, high, day] = words else { return cells.bad("no timestamp") };
    let of_day = i128::from(*low) | i128::from(*high) << 32;
    let units = (i128::from(day.cast_signed()) - FIRST_DAY) * 86_400_000_000_000 + of_day;
    style.moment(cells, units, 1_000_000_000, "");
}

/// The sign and size of a whole number, its highest byte first.
fn whole(bytes: &[u8]) -> (bool, UBig) {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let number = IBig::from(UBig::from_be_bytes(bytes));
    let number = if negative { number - (IBig::ONE << (bytes.len() * 8)) } else { number };
    (negative, number.into_parts().1)
}

fn decimal(style: &Style, cells: &mut CellColumn, negative: bool, mut digits: String, scale: u32) {
    let scale = scale as usize;
    if digits.len() <= scale {
        digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
    }
    if scale > 0 {
        digits.insert(digits.len() - scale, '.');
    }
    style.number(cells, format_args!("{}{digits}", if negative { "-" } else { "" }));
}

/// A number in half precision.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    };
    sign * size
}
