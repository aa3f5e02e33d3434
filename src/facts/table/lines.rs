//! JSON Lines: an object per line; a column is a key, or keys joined by dots for what lies within.

use serde_json::Value;

/// What is wrong with a line: the place of the path to blame, where one is, and what stands there.
pub(super) type Fault = (Option<usize>, String);

/// The object a line holds.
pub(super) fn object(line: &str) -> Result<Value, Fault> {
    let object: Value = serde_json::from_str(line).map_err(|error| (None, format!("no JSON: {error}")))?;
    if object.is_object() { Ok(object) } else { Err((None, "no JSON object".to_owned())) }
}

/// The cells of an object at these paths: `None` where nothing stands there, empty for `null`.
pub(super) fn cells(object: &Value, columns: &[Vec<String>]) -> Result<Vec<Option<String>>, Fault> {
    let cell = |(at, path): (usize, &Vec<String>)| match find(object, path) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(String::new())),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other @ (Value::Array(_) | Value::Object(_))) => Err((Some(at), other.to_string())),
    };
    columns.iter().enumerate().map(cell).collect()
}

/// What stands at a path; a key that has dots itself comes first.
fn find<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    let [first, rest @ ..] = path else { return Some(value) };
    let whole = path.join(".");
    if let Some(found) = value.get(&whole) {
        return Some(found);
    }
    find(value.get(first)?, rest)
}
