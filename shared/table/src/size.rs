//! How much room an item takes, as DynamoDB counts (see [`oms_domain::size`]).

use crate::Item;
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::size::of_number;

/// The largest item, in bytes.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The most that an item may take as JSON. Of an order the stream tells what it was and what it is
/// in one record, and Lambda takes events of 6 MB. It is seven times [`MAX_ITEM_BYTES`]: only a
/// great many empty texts reach it, which are stored for a byte each and told in nine.
pub const MAX_JSON_BYTES: usize = 7 * MAX_ITEM_BYTES;

/// Whether an item may be written, and what the stream tells of it be read.
#[must_use]
pub fn fits(item: &Item) -> bool {
    of_item(item) <= MAX_ITEM_BYTES && as_json(item) <= MAX_JSON_BYTES
}

/// The bytes that an item takes as JSON, as the stream and every answer write it, but for what
/// characters are escaped.
fn as_json(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + 4 + value_as_json(value)).sum()
}

/// The same of a value, as in `{"S":"…"}`.
fn value_as_json(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => 8 + text.len(),
        AttributeValue::L(entries) => 8 + entries.iter().map(|entry| 1 + value_as_json(entry)).sum::<usize>(),
        AttributeValue::M(map) => 8 + as_json(map),
        // A flag is `{"BOOL":false}`; of the rest orders have none.
        AttributeValue::Bool(_) | AttributeValue::Null(_) | _ => 14 + of_value(value),
    }
}

/// The bytes that an item takes.
#[must_use]
pub fn of_item(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + of_value(value)).sum()
}

/// The bytes that a value takes within an item, without its name.
#[must_use]
pub fn of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => of_number(number),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| of_number(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(entries) => 3 + entries.iter().map(|entry| 1 + of_value(entry)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + of_value(value)).sum::<usize>()
        }
        // Of a kind that is newer than this code, which writes none.
        AttributeValue::Bool(_) | AttributeValue::Null(_) | _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::size::of_json;
    use serde_json::{Value, json};

    #[test]
    fn what_the_stream_tells_of_an_item_has_a_limit_of_its_own() {
        let item =
            |value: Value| Item::from([("a".to_owned(), serde_dynamo::to_attribute_value(value).unwrap())]);
        for value in [json!(""), json!("text"), json!([1, "", null, true]), json!({"n": {"m": []}})] {
            let stored = item(value.clone());
            let told = serde_json::to_string(&serde_dynamo::Item::from(stored.clone())).unwrap();
            let counted = as_json(&stored);
            assert!((told.len() - 1..told.len() + 12).contains(&counted), "{counted} for {told}");
        }
        assert!(fits(&item(Value::from(vec![7; 100_000]))));
        let empty = item(Value::from(vec![""; 350_000]));
        assert!(of_item(&empty) < MAX_ITEM_BYTES && !fits(&empty));
    }

    /// What was let in by its size as JSON is as large in the table.
    #[test]
    fn a_value_takes_as_much_as_its_json_said_and_as_dynamodb_counts() {
        for (value, bytes) in [
            (json!(""), 0),
            (json!("été"), 5),
            (json!(0), 1),
            (json!(-42), 3),
            (json!(1200), 2),
            (json!(0.05), 2),
            (json!(12.5), 3),
            (json!(1e20), 2),
            (json!(true), 1),
            (json!(null), 1),
            (json!([]), 3),
            (json!({}), 3),
            (json!({"n": [1, 2]}), 3 + 2 + 3 + 2 * 3),
            (Value::from(vec![1; 140_000]), 3 + 140_000 * 3),
        ] {
            let stored: AttributeValue = serde_dynamo::to_attribute_value(&value).unwrap();
            assert_eq!((of_value(&stored), of_json(&value)), (bytes, bytes));
        }
    }
}
