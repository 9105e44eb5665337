//! How much room an item takes, as DynamoDB counts (see [`oms_domain::size`]).

use crate::Item;
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::size::of_number;

/// The largest item, in bytes.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

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
