//! How much room a value takes once it is stored, as DynamoDB counts: names and texts by their
//! bytes in UTF-8, a number a byte and half a one for each of its digits before and behind the
//! point, a list or a map three and one more for each of its entries.

use crate::number::significant;
use serde_json::{Map, Value};

/// The bytes that a JSON object takes, without the name that it is stored by.
#[must_use]
pub fn of_map(map: &Map<String, Value>) -> usize {
    3 + map.iter().map(|(name, value)| 1 + name.len() + of_json(value)).sum::<usize>()
}

/// The bytes that a JSON value takes, without the name that it is stored by.
#[must_use]
pub fn of_json(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => of_number(&number.to_string()),
        Value::String(text) => text.len(),
        Value::Array(entries) => 3 + entries.iter().map(|entry| 1 + of_json(entry)).sum::<usize>(),
        Value::Object(map) => of_map(map),
    }
}

/// The bytes that a number takes.
#[must_use]
pub fn of_number(number: &str) -> usize {
    let Some((is_negative, digits, exponent)) = significant(number) else { return number.len() };
    let before = usize::try_from(exponent.saturating_add_unsigned(digits as u64)).unwrap_or(0).min(digits);
    1 + before.div_ceil(2) + (digits - before).div_ceil(2) + usize::from(is_negative)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_take_what_dynamodb_counts() {
        for (value, bytes) in [
            (json!(""), 0),
            (json!("été"), 5),
            (json!(0), 1),
            (json!(7), 2),
            (json!(-42), 3),
            (json!(1200), 2),
            (json!(0.05), 2),
            (json!(12.5), 3),
            (json!(123_456), 4),
            (json!(true), 1),
            (json!(null), 1),
            (json!([]), 3),
            (json!({}), 3),
            (json!({"n": [1, 2]}), 3 + 2 + 3 + 2 * 3),
        ] {
            assert_eq!(of_json(&value), bytes, "{value}");
        }
        let small = Value::from(vec![1; 140_000]);
        assert_eq!(of_json(&small), 3 + 140_000 * 3);
    }
}
