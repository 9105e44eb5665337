//! Pages of the indexes, and small collections of the base table.

use super::keys::{self, Index};
use super::record::{OrderSummary, summary_from_item};
use super::{Item, Table, TableError, meter_read, text};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures::future::try_join_all;
use oms_domain::{Status, StoreId, UserId};

/// How many pages of a query are read at most: 1 MB each.
const MAX_QUERY_PAGES: usize = 20;

/// A list that an index keeps, newest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderList {
    /// A user's orders.
    OfUser(UserId),
    /// A store's orders.
    OfStore(StoreId),
    /// All orders.
    All,
}

impl Table {
    /// The newest orders of some lists together, each once: `limit` of them after the position
    /// `after` (the [`position`] of the last one seen).
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn newest_orders(
        &self,
        lists: &[OrderList],
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<OrderSummary>, TableError> {
        let parts: Vec<_> = lists.iter().flat_map(|list| self.parts_of(list)).collect();
        let pages = parts
            .iter()
            .map(|(index, hash)| self.newest(*index, hash, after, limit));
        let mut items: Vec<Item> = try_join_all(pages).await?.into_iter().flatten().collect();
        items.sort_by(|a, b| text(b, keys::LIST_AT).cmp(text(a, keys::LIST_AT)));
        items.dedup_by(|a, b| text(a, keys::PK) == text(b, keys::PK));
        items
            .into_iter()
            .take(limit)
            .map(summary_from_item)
            .collect()
    }

    fn parts_of(&self, list: &OrderList) -> Vec<(Index, String)> {
        match list {
            OrderList::OfUser(user) => vec![(Index::ByUser, keys::list_of_user(user))],
            OrderList::OfStore(store) => {
                let parts = Status::ALL
                    .iter()
                    .map(|status| keys::list_of_store(*store, *status));
                parts.map(|hash| (Index::ByStore, hash)).collect()
            }
            OrderList::All => (0..self.shards.max(1))
                .map(|n| (Index::ByAll, keys::list_shard(n)))
                .collect(),
        }
    }

    /// Up to `limit` of the newest entries of an index's list, after the position `after`.
    pub(crate) async fn newest(
        &self,
        index: Index,
        hash: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Item>, TableError> {
        let mut found = Vec::new();
        let mut start = None;
        for _ in 0..MAX_QUERY_PAGES {
            let missing = i32::try_from(limit.saturating_sub(found.len())).unwrap_or(i32::MAX);
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(index.name())
                .expression_attribute_names("#hash", index.hash_key())
                .expression_attribute_values(":hash", AttributeValue::S(hash.to_owned()))
                .scan_index_forward(false)
                .limit(missing)
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let query = match after {
                None => query.key_condition_expression("#hash = :hash"),
                Some(after) => query
                    .key_condition_expression("#hash = :hash AND #at < :after")
                    .expression_attribute_names("#at", keys::LIST_AT)
                    .expression_attribute_values(":after", AttributeValue::S(after.to_owned())),
            };
            let page = query.send().await?;
            meter_read(page.consumed_capacity());
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// All items of a partition of the base table whose sort key has a prefix, in its order.
    pub(crate) async fn collection(
        &self,
        pk: String,
        prefix: &str,
    ) -> Result<Vec<Item>, TableError> {
        self.range(pk, prefix, true).await
    }

    /// All items of a partition whose sort key starts with `from`, or (`!exact`) is not below it.
    pub(crate) async fn range(
        &self,
        pk: String,
        from: &str,
        exact: bool,
    ) -> Result<Vec<Item>, TableError> {
        let mut found = Vec::new();
        let mut start = None;
        for _ in 0..MAX_QUERY_PAGES {
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .consistent_read(exact)
                .expression_attribute_names("#pk", keys::PK)
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let query = match (from, exact) {
                ("", _) => query.key_condition_expression("#pk = :pk"),
                (_, true) => query.key_condition_expression("#pk = :pk AND begins_with(#sk, :sk)"),
                (_, false) => query.key_condition_expression("#pk = :pk AND #sk >= :sk"),
            };
            let query = if from.is_empty() {
                query
            } else {
                query
                    .expression_attribute_names("#sk", keys::SK)
                    .expression_attribute_values(":sk", AttributeValue::S(from.to_owned()))
            };
            let page = query.send().await?;
            meter_read(page.consumed_capacity());
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// Where an entry stands in a list, as the cursor that continues after it.
#[must_use]
pub fn position(made: jiff::Timestamp, id: impl std::fmt::Display) -> String {
    keys::list_at(made, id)
}
