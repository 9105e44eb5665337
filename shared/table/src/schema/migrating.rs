//! Making all items of a table have one shape, while requests go on: for operators.

use super::{Kind, Shape};
use crate::{Item, Table, TableError, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use futures::stream::{StreamExt, TryStreamExt};
use oms_runtime::retry;
use std::collections::BTreeMap;

/// How many items are written at the same time.
const WRITES_AT_ONCE: usize = 32;
/// Where an order or the older half of its log says what was seen of it.
const LOG: &str = "log";

/// What came of some items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Migrated {
    /// How many have another shape now.
    pub changed: usize,
    /// How many had it already.
    pub unchanged: usize,
    /// The keys of those that a newer version wrote; they stay.
    pub newer: Vec<String>,
    /// Where to go on.
    pub next: Option<Item>,
}

/// How many items there are of each kind and shape that can change: of orders, and of the older
/// halves of their logs.
pub type Shapes = BTreeMap<(&'static str, u32), usize>;

impl Table {
    /// Makes the next orders and older halves of logs, up to 1 MB of the table, have the shape in
    /// which this table is written. Each is written only where nobody else has changed it since it
    /// was read; else it is read again, [`retry::LOST_RACES`] times at most. Repeating it does
    /// nothing.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written; [`TableError::Conflict`] where
    /// others were faster each time.
    pub async fn migrate_page(&self, after: Option<Item>) -> Result<Migrated, TableError> {
        let (items, next) = self.scan_shaped(after, None).await?;
        let migrated = futures::stream::iter(items.into_iter().map(|item| self.migrate_item(item)));
        let outcomes: Vec<_> = migrated.buffer_unordered(WRITES_AT_ONCE).try_collect().await?;
        let mut page = Migrated { next, ..Migrated::default() };
        for outcome in outcomes {
            match outcome {
                Ok(true) => page.changed += 1,
                Ok(false) => page.unchanged += 1,
                Err(newer) => page.newer.push(newer),
            }
        }
        Ok(page)
    }

    /// Adds up to 1 MB of the table to what there is of each shape, and says where to go on.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn count_shapes(
        &self,
        after: Option<Item>,
        shapes: &mut Shapes,
    ) -> Result<Option<Item>, TableError> {
        let (items, next) = self.scan_shaped(after, Some("#pk, #sk, #schema")).await?;
        for item in items {
            *shapes.entry((Kind::of(&item).what(), Shape::of(&item).schema)).or_default() += 1;
        }
        Ok(next)
    }

    /// Whether an item was changed; or its key, where a newer version wrote it.
    async fn migrate_item(&self, mut item: Item) -> Result<Result<bool, String>, TableError> {
        let (pk, sk) = (text(&item, keys::PK).to_owned(), text(&item, keys::SK).to_owned());
        for races in 1..=retry::LOST_RACES {
            let seen = item.get(LOG).cloned();
            match Kind::of(&item).migrate(&mut item, self.layout.schema) {
                Ok(false) => return Ok(Ok(false)),
                Err(_) => return Ok(Err(format!("{pk} {sk}"))),
                Ok(true) => {}
            }
            match self.put(self.put_over_log(item, seen)?, None).await {
                Ok(()) => return Ok(Ok(true)),
                Err(TableError::Conflict) => retry::backoff(races).await,
                Err(error) => return Err(error),
            }
            match self.get_item(pk.clone(), sk.clone()).await? {
                Some(again) => item = again,
                None => return Ok(Ok(false)),
            }
        }
        Err(TableError::Conflict)
    }

    /// A put over an item whose log must still be as it was seen: by it each change of an order is
    /// known, and so is each of the older half of a log.
    fn put_over_log(&self, item: Item, seen: Option<AttributeValue>) -> Result<Put, TableError> {
        let put = Put::builder().table_name(&self.name).set_item(Some(item));
        let put = put.expression_attribute_names("#log", LOG);
        let put = match seen {
            Some(seen) => put.condition_expression("#log = :log").expression_attribute_values(":log", seen),
            None => put.condition_expression("attribute_not_exists(#log)"),
        };
        put.build().map_err(TableError::request)
    }

    async fn scan_shaped(
        &self,
        after: Option<Item>,
        attributes: Option<&str>,
    ) -> Result<(Vec<Item>, Option<Item>), TableError> {
        let mut scan = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("#sk = :order OR begins_with(#sk, :log)")
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":order", AttributeValue::S(keys::ORDER.to_owned()))
            .expression_attribute_values(":log", AttributeValue::S(keys::LOG_PREFIX.to_owned()))
            .set_exclusive_start_key(after)
            .consistent_read(true);
        if let Some(attributes) = attributes {
            scan = scan
                .projection_expression(attributes)
                .expression_attribute_names("#pk", keys::PK)
                .expression_attribute_names("#schema", super::SCHEMA_ATTRIBUTE);
        }
        let page = scan.send().await?;
        let next = page
            .last_evaluated_key
            .map(|last| key(text(&last, keys::PK).to_owned(), text(&last, keys::SK).to_owned()));
        Ok((page.items.unwrap_or_default(), next))
    }
}
