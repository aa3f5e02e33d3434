//! Dictionaries as streams and back.

use std::sync::Arc;

use super::blocks::{Loaded, Streams};
use crate::facts::Dictionary;
use crate::facts::names::Names;
use crate::model::{Domain, DomainId};
use crate::value::{Date, Decimal, Value, ValueKind};

/// Words of a number.
const NUMBER: usize = 5;

pub(super) fn write<'f>(dictionary: &'f Dictionary, streams: &mut Streams<'f>) {
    if let Some(names) = dictionary.stored_names() {
        let (text, ends) = names.parts();
        streams.words(lengths(&ends));
        streams.bytes(text);
        return;
    }
    let values = dictionary.stored_values();
    match dictionary.value_kind() {
        Some(ValueKind::Text) => {
            let texts = || values.iter().map(|value| if let Value::Text(text) = value { text } else { "" });
            streams.words(texts().map(|text| text.len() as u32).collect::<Vec<u32>>());
            streams.bytes(texts().collect::<String>().into_bytes());
        }
        _ => {
            let words = values.iter().flat_map(|value| match value {
                Value::Number(number) => {
                    let (high, low, exponent) = number.to_bits();
                    vec![high as u32, (high >> 32) as u32, low as u32, (low >> 32) as u32, exponent as u32]
                }
                Value::Date(date) => vec![date.days() as u32],
                Value::Flag(flag) => vec![u32::from(*flag)],
                Value::Text(_) => Vec::new(),
            });
            streams.words(words.collect::<Vec<u32>>());
        }
    }
}

pub(super) fn read(id: DomainId, domain: Domain, streams: &mut Loaded) -> Option<Dictionary> {
    let kind = match domain {
        Domain::Things(_) => {
            let (ends, text) = texts(streams)?;
            return Some(Dictionary::from_names(id, Names::from_parts(&text, &ends)));
        }
        Domain::Values(kind) => kind,
    };
    if kind == ValueKind::Text {
        let (ends, text) = texts(streams)?;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let texts = starts.zip(&ends).map(|(start, end)| &text[start as usize..*end as usize]);
        return Some(Dictionary::from_values(kind, texts.map(|text| Value::Text(Arc::from(text))).collect()));
    }
    let (words, _) = streams.words()?;
    let wide = if kind == ValueKind::Number { NUMBER } else { 1 };
    if !words.len().is_multiple_of(wide) {
        return None;
    }
    let value = |words: &[u32]| match (kind, words) {
        (ValueKind::Number, [a, b, c, d, exponent]) => {
            let wide = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
            Decimal::from_bits(wide(*a, *b) as i64, wide(*c, *d), *exponent as i32).map(Value::Number)
        }
        (ValueKind::Date, [days]) => Date::from_days(*days as i32).map(Value::Date),
        (ValueKind::Flag, [flag @ (0 | 1)]) => Some(Value::Flag(*flag == 1)),
        _ => None,
    };
    let values: Option<Vec<Value>> = words.chunks_exact(wide).map(value).collect();
    Some(Dictionary::from_values(kind, values?))
}

fn lengths(ends: &[u64]) -> Vec<u32> {
    let starts = std::iter::once(&0).chain(ends);
    starts.zip(ends).map(|(start, end)| (end - start) as u32).collect()
}

/// Where texts end, and the texts end to end.
fn texts(streams: &mut Loaded) -> Option<(Vec<u64>, String)> {
    let (lengths, _) = streams.words()?;
    let text = String::from_utf8(streams.bytes()?).ok()?;
    let mut end = 0_u64;
    let mut split = true;
    let ends = lengths.iter().map(|len| {
        end += u64::from(*len);
        split &= usize::try_from(end).is_ok_and(|end| text.is_char_boundary(end));
        end
    });
    let ends: Vec<u64> = ends.collect();
    (split && end == text.len() as u64 && u32::try_from(ends.len()).is_ok()).then_some((ends, text))
}
