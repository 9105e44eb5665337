//! How much room an item takes, as DynamoDB counts: names and texts by their bytes in UTF-8, a
//! number a byte and half a one for each of its digits before and behind the point, a list or a map
//! three and one more for each of its entries.

use super::{Item, TableError};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::number::significant;
use serde::Serialize;

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

/// The bytes that anything takes once it is stored.
///
/// # Errors
/// [`TableError::Shape`] for what cannot be.
pub fn once_stored(value: &impl Serialize) -> Result<usize, TableError> {
    let value: AttributeValue =
        serde_dynamo::to_attribute_value(value).map_err(TableError::shape("a value"))?;
    Ok(of_value(&value))
}

fn of_number(number: &str) -> usize {
    let Some((is_negative, digits, exponent)) = significant(number) else { return number.len() };
    let before = usize::try_from(exponent.saturating_add_unsigned(digits as u64)).unwrap_or(0).min(digits);
    1 + before.div_ceil(2) + (digits - before).div_ceil(2) + usize::from(is_negative)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

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
            assert_eq!(once_stored(&value).unwrap(), bytes, "{value}");
        }
        let small = Value::from(vec![1; 140_000]);
        assert_eq!(once_stored(&small).unwrap(), 3 + 140_000 * 3);
    }
}
