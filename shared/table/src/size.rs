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
