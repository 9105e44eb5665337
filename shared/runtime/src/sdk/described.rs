//! What the log tells of a request to the table: which kinds of items it is about, and what it
//! cost. Keys hold ids of users and what people typed, so that no more of them is told than where
//! they begin.

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_get_items::{TransactGetItemsInput, TransactGetItemsOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, Get, TransactWriteItem, WriteRequest};
use aws_smithy_runtime_api::client::interceptors::context::{Input, Output};
use std::collections::{BTreeSet, HashMap};

type Item = HashMap<String, AttributeValue>;

/// The attributes that are the table's keys.
const KEYS: [&str; 2] = ["pk", "sk"];

/// The kinds of the items that a request is about, such as `ORDER/ORDER`; of a query, the index
/// too.
pub(crate) fn kinds(input: &Input) -> String {
    let kinds: BTreeSet<String> = if let Some(get) = input.downcast_ref::<GetItemInput>() {
        get.key().map(kind).into_iter().collect()
    } else if let Some(put) = input.downcast_ref::<PutItemInput>() {
        put.item().map(kind).into_iter().collect()
    } else if let Some(update) = input.downcast_ref::<UpdateItemInput>() {
        update.key().map(kind).into_iter().collect()
    } else if let Some(query) = input.downcast_ref::<QueryInput>() {
        queried(query).into_iter().collect()
    } else if let Some(batch) = input.downcast_ref::<BatchGetItemInput>() {
        let asked = batch.request_items().into_iter().flat_map(HashMap::values);
        asked.flat_map(|asked| asked.keys()).map(kind).collect()
    } else if let Some(batch) = input.downcast_ref::<BatchWriteItemInput>() {
        let writes = batch.request_items().into_iter().flat_map(HashMap::values).flatten();
        writes.filter_map(WriteRequest::put_request).map(|put| kind(put.item())).collect()
    } else if let Some(writes) = input.downcast_ref::<TransactWriteItemsInput>() {
        writes.transact_items().iter().filter_map(written).map(kind).collect()
    } else if let Some(reads) = input.downcast_ref::<TransactGetItemsInput>() {
        let gets = reads.transact_items().iter().filter_map(|item| item.get());
        gets.map(Get::key).map(kind).collect()
    } else {
        BTreeSet::new()
    };
    kinds.into_iter().collect::<Vec<_>>().join(" ")
}

/// The units that a request took, where its answer tells.
pub(crate) fn units(output: &Output) -> Option<f64> {
    macro_rules! one {
        ($($answer:ty),+) => {$(
            if let Some(answer) = output.downcast_ref::<$answer>() {
                return answer.consumed_capacity().and_then(ConsumedCapacity::capacity_units);
            }
        )+};
    }
    macro_rules! several {
        ($($answer:ty),+) => {$(
            if let Some(answer) = output.downcast_ref::<$answer>() {
                let units = answer.consumed_capacity().iter().filter_map(ConsumedCapacity::capacity_units);
                return Some(units.sum());
            }
        )+};
    }
    one!(GetItemOutput, PutItemOutput, UpdateItemOutput, QueryOutput, ScanOutput);
    several!(BatchGetItemOutput, BatchWriteItemOutput, TransactWriteItemsOutput, TransactGetItemsOutput);
    None
}

/// The kind of an item, by where its keys begin.
fn kind(item: &Item) -> String {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    KEYS.map(|name| text(name).and_then(|text| beginning(text)).unwrap_or("-")).join("/")
}

/// What a query goes through: the one of its values that is the key of a list or a collection.
fn queried(query: &QueryInput) -> Option<String> {
    let values = query.expression_attribute_values().into_iter().flat_map(HashMap::values);
    let texts = values.filter_map(|value| AttributeValue::as_s(value).ok()).filter(|text| text.contains('#'));
    let list = texts.filter_map(|text| beginning(text)).min()?;
    Some(query.index_name().map_or_else(|| list.to_owned(), |index| format!("{index}:{list}")))
}

fn written(action: &TransactWriteItem) -> Option<&Item> {
    let put = action.put().map(|put| put.item());
    let update = || action.update().map(|update| update.key());
    let delete = || action.delete().map(|delete| delete.key());
    let check = || action.condition_check().map(|check| check.key());
    put.or_else(update).or_else(delete).or_else(check)
}

/// What a key begins with, up to its first `#`: a word of ours, and never what somebody typed.
fn beginning(key: &str) -> Option<&str> {
    let word = key.split('#').next().unwrap_or_default();
    let is_ours = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    is_ours.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_of_a_key_is_told_than_our_own_words() {
        let key = [("pk", "USER#ada@example.com"), ("sk", "ADDRESS#7")];
        let key = key.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
        let input = GetItemInput::builder().set_key(Some(key.into())).build().unwrap();
        assert_eq!(kinds(&Input::erase(input)), "USER/ADDRESS");
        for typed in ["ada@example.com", "4242424242424242", "ord-2026#x", ""] {
            assert_eq!(beginning(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_query_is_told_by_its_list() {
        let of = |text: &str| AttributeValue::S(text.to_owned());
        let query = QueryInput::builder()
            .index_name("by-user")
            .expression_attribute_values(":list", of("USER#ada@example.com"))
            .expression_attribute_values(":from", of("2026-11-22T10:42:21Z#x"))
            .build()
            .unwrap();
        assert_eq!(kinds(&Input::erase(query)), "by-user:USER");
    }

    #[test]
    fn units_add_up() {
        let units_of = |units: f64| ConsumedCapacity::builder().capacity_units(units).build();
        let output = TransactWriteItemsOutput::builder()
            .consumed_capacity(units_of(2.0))
            .consumed_capacity(units_of(4.5))
            .build();
        assert_eq!(units(&Output::erase(output)), Some(6.5));
    }
}
