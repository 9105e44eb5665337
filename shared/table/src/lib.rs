//! The one table: an order is one item with its own log; everything else stands beside it.
//!
//! This module and its children are the only code that speaks to DynamoDB. Reads of the base table
//! are consistent; reads of the indexes are not, and never decide a write.

mod answer;
mod attribute_json;
pub mod catalog;
pub mod counters;
pub mod description;
pub mod entity;
mod error;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod list_shards;
pub mod lists;
pub mod notifications;
pub mod orders;
pub mod people;
mod personal_data;
pub mod projections;
pub mod recent_writes;
pub mod schema;
pub mod size;
mod writes;

pub use crate::orders::item::OrderOwners;
pub use crate::orders::summary::Carried;
pub use error::TableError;

use crate::answer::{Answer, Asked, FromAnswer, Gotten};
use crate::catalog::stock::shards::Remembered;
use crate::list_shards::{KnownListShards, ListShards};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, KeysAndAttributes, ReturnConsumedCapacity};
use futures::stream::{StreamExt, TryStreamExt};
use oms_runtime::meter;
use oms_runtime::retry;
use std::collections::HashMap;

/// An item as the SDK knows it.
pub type Item = HashMap<String, AttributeValue>;

/// The table, and how to reach it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    layout: Layout,
    remembered: Remembered,
    list_shards: KnownListShards,
}

/// How items are written; they are read however they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Into how many parts lists are split.
    pub lists: ListShards,
    /// Into how many parts at most a shelf is split where orders meet at it.
    pub stock_shards: u16,
    /// Which shape they have, of those in [`schema`].
    pub schema: u32,
}

/// How many items one BatchGetItem may ask for.
const BATCH_GET_LIMIT: usize = 100;
/// How many BatchGetItems of one request are under way at the same time.
const TRIPS_AT_ONCE: usize = 8;

impl Table {
    /// The table called `name`, with its items written so.
    #[must_use]
    pub fn new(client: Client, name: String, layout: Layout) -> Self {
        let list_shards = KnownListShards::default();
        Self { client, name, layout, remembered: Remembered::default(), list_shards }
    }

    /// A consistent read of one item.
    pub async fn get_item(&self, pk: String, sk: String) -> Result<Option<Item>, TableError> {
        let answer = self.get_request(pk, sk).send().await?;
        meter_read(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// The same, read straight into what it means.
    pub(crate) async fn get<T: FromAnswer>(&self, pk: String, sk: String) -> Result<Option<T>, TableError> {
        let answer = Answer::to(Asked::GetItem);
        self.get_request(pk, sk).customize().interceptor(answer.clone()).send().await?;
        let (item, units) = answer.item()?;
        meter::record_trip();
        meter::record_read(units);
        Ok(item)
    }

    fn get_request(&self, pk: String, sk: String) -> GetItemFluentBuilder {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key(pk, sk)));
        get.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Consistent reads of some items, [`BATCH_GET_LIMIT`] in each trip, [`TRIPS_AT_ONCE`] trips at
    /// the same time; what does not exist is left out, and the order is not kept.
    pub async fn get_items(&self, keys: Vec<(String, String)>) -> Result<Vec<Item>, TableError> {
        self.get_parts(keys, &[]).await
    }

    /// Like [`get_items`](Self::get_items), of which only the attributes at some paths are sent,
    /// such as `summary.user`; all where there are none.
    pub async fn get_parts(
        &self,
        keys: Vec<(String, String)>,
        paths: &[&str],
    ) -> Result<Vec<Item>, TableError> {
        self.get_batches(keys, paths, true).await
    }

    /// Like [`get_parts`](Self::get_parts), for half the price and perhaps a moment old.
    pub(crate) async fn get_parts_soon<T: FromAnswer>(
        &self,
        keys: Vec<(String, String)>,
        paths: &[&str],
    ) -> Result<Vec<T>, TableError> {
        self.get_batches(keys, paths, false).await
    }

    pub(crate) async fn get_batches<T: FromAnswer>(
        &self,
        keys: Vec<(String, String)>,
        paths: &[&str],
        consistent: bool,
    ) -> Result<Vec<T>, TableError> {
        let keys: Vec<Item> = keys.into_iter().map(|(pk, sk)| key(pk, sk)).collect();
        let batches: Vec<Vec<Item>> = keys.chunks(BATCH_GET_LIMIT).map(<[Item]>::to_vec).collect();
        let trips = batches.into_iter().map(|batch| self.get_batch(batch, paths, consistent));
        futures::stream::iter(trips).buffer_unordered(TRIPS_AT_ONCE).try_concat().await
    }

    async fn get_batch<T: FromAnswer>(
        &self,
        mut wanted: Vec<Item>,
        paths: &[&str],
        consistent: bool,
    ) -> Result<Vec<T>, TableError> {
        let mut found = Vec::with_capacity(wanted.len());
        let expression: Vec<String> =
            paths.iter().map(|path| format!("#{}", path.replace('.', ".#"))).collect();
        let names = paths.iter().flat_map(|path| path.split('.'));
        let names: HashMap<_, _> = names.map(|name| (format!("#{name}"), name.to_owned())).collect();
        let shape = KeysAndAttributes::builder()
            .set_projection_expression((!paths.is_empty()).then(|| expression.join(", ")))
            .set_expression_attribute_names((!paths.is_empty()).then_some(names))
            .consistent_read(consistent);
        let mut vain = 0;
        while !wanted.is_empty() {
            let asked = wanted.len();
            let request = shape.clone().set_keys(Some(std::mem::take(&mut wanted)));
            let request = request.build().map_err(TableError::request)?;
            let batch = self.client.batch_get_item().request_items(&self.name, request);
            let batch = batch.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = Answer::to(Asked::BatchGetItem);
            batch.customize().interceptor(answer.clone()).send().await?;
            let Gotten { items, left, units } = answer.batch()?;
            meter::record_trip();
            meter::record_read(units);
            found.extend(items);
            wanted = left;
            vain = if wanted.len() < asked { 0 } else { vain + 1 };
            if vain == retry::UNPROCESSED {
                return Err(TableError::Throttled);
            }
            if !wanted.is_empty() {
                // What it left out was too much at a time, and would be so again at once.
                retry::backoff(vain).await;
            }
        }
        Ok(found)
    }
}

/// A primary key.
pub fn key(pk: String, sk: String) -> Item {
    HashMap::from([
        (keys::PK.to_owned(), AttributeValue::S(pk)),
        (keys::SK.to_owned(), AttributeValue::S(sk)),
    ])
}

/// A string attribute of an item, or nothing.
pub fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// A whole number of an item that is not negative, or nothing.
pub fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn meter_read(capacity: Option<&ConsumedCapacity>) {
    meter::record_trip();
    meter::record_read(capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default());
}
