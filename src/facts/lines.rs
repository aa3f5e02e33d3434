//! JSON Lines: an object per line; a column is a key, or keys joined by dots for what lies within.

use serde_json::Value;

/// The cells of a line at these paths, empty where nothing or `null` stands there; `Err` says what is
/// wrong, with the path where one is to blame.
pub(super) fn cells(line: &str, columns: &[Vec<String>]) -> Result<Vec<String>, (Option<usize>, String)> {
    let object: Value = serde_json::from_str(line).map_err(|error| (None, format!("no JSON: {error}")))?;
    if !object.is_object() {
        return Err((None, "no JSON object".to_owned()));
    }
    columns.iter().enumerate().map(|(at, path)| cell(&object, path).map_err(|raw| (Some(at), raw))).collect()
}

fn cell(object: &Value, path: &[String]) -> Result<String, String> {
    let found = find(object, path);
    match found {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(other @ (Value::Array(_) | Value::Object(_))) => Err(other.to_string()),
    }
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

/// Whether some line has something at this path.
pub(super) fn is_known(line: &str, path: &[String]) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|object| find(&object, path).is_some())
}
