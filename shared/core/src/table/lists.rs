//! Pages of the indexes, and small collections of the base table.

use super::keys::{self, Index};
use super::record::{OrderSummary, summary_from_item};
use super::{Item, Table, TableError, meter_read, text};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};
use futures::future::try_join_all;
use jiff::Timestamp;
use oms_domain::tally::Scope;
use oms_domain::{Status, StoreId, UserId};

/// How many pages of a query are read at most: 1 MB each.
const MAX_QUERY_PAGES: usize = 20;
/// How many entries of a list are looked at first where only some are wanted; doubled each time.
const SIFTED: usize = 100;

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

impl OrderList {
    /// The orders that a scope's statistics are of.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        match scope {
            Scope::User(user) => Self::OfUser(user.clone()),
            Scope::Store(store) => Self::OfStore(*store),
            Scope::All => Self::All,
        }
    }
}

/// Which entries of a list are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Those after this position: the [`position`] of the last one seen.
    pub after: Option<&'a str>,
    /// Those made since then.
    pub since: Option<Timestamp>,
    /// Orders of this status.
    pub status: Option<Status>,
}

impl Table {
    /// The newest orders of some lists together, each once: `limit` of those that are wanted.
    /// A status is found at once in a store's list, and by reading on in the others.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn newest_orders(
        &self,
        lists: &[OrderList],
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<OrderSummary>, TableError> {
        let parts: Vec<_> = lists.iter().flat_map(|list| self.parts_of(list, wanted.status)).collect();
        let pages = parts.iter().map(|(index, hash)| self.newest_wanted(*index, hash, wanted, limit));
        let mut items: Vec<Item> = try_join_all(pages).await?.into_iter().flatten().collect();
        items.sort_by(|a, b| text(b, keys::LIST_AT).cmp(text(a, keys::LIST_AT)));
        items.dedup_by(|a, b| text(a, keys::PK) == text(b, keys::PK));
        items.into_iter().take(limit).map(summary_from_item).collect()
    }

    /// How many orders of a list were made from one time on and before another.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn count_orders(
        &self,
        list: &OrderList,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<u64, TableError> {
        let parts = self.parts_of(list, None);
        let counts = parts.iter().map(|(index, hash)| self.count_part(*index, hash, from, before));
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    /// The parts of the indexes that a list is spread over.
    fn parts_of(&self, list: &OrderList, status: Option<Status>) -> Vec<(Index, String)> {
        match list {
            OrderList::OfUser(user) => vec![(Index::User, keys::list_of_user(user))],
            OrderList::OfStore(store) => {
                let statuses = Status::ALL.iter().filter(|of| status.is_none_or(|status| status == **of));
                let parts = statuses.map(|status| keys::list_of_store(*store, *status));
                parts.map(|hash| (Index::Store, hash)).collect()
            }
            OrderList::All => (0..self.shards.max(1)).map(|n| (Index::All, keys::list_shard(n))).collect(),
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
        self.newest_wanted(index, hash, &Wanted { after, ..Wanted::default() }, limit).await
    }

    async fn newest_wanted(
        &self,
        index: Index,
        hash: &str,
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<Item>, TableError> {
        // Who comes with a position before the list's beginning has made it up; DynamoDB refuses such a range.
        let begin = wanted.since.map(|since| keys::list_at(since, ""));
        if begin.zip(wanted.after).is_some_and(|(begin, after)| after < begin.as_str()) {
            return Ok(Vec::new());
        }
        // A store's list is a status's already.
        let status = wanted.status.filter(|_| index != Index::Store);
        let mut found = Vec::new();
        let mut start = None;
        for page in 0..MAX_QUERY_PAGES {
            let missing = limit.saturating_sub(found.len());
            // What is left out counts towards the limit: reading further each time finds what is rare.
            let looked_at = if status.is_some() { missing.max(SIFTED << page.min(10)) } else { missing };
            let query = self
                .part_query(index, hash, wanted.since, wanted.after)
                .scan_index_forward(false)
                .limit(i32::try_from(looked_at).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start);
            let query = match status {
                None => query,
                Some(status) => query
                    .filter_expression("#summary.#status = :status")
                    .expression_attribute_names("#summary", keys::SUMMARY)
                    .expression_attribute_names("#status", "status")
                    .expression_attribute_values(":status", AttributeValue::S(status.to_string())),
            };
            let page = query.send().await?;
            meter_read(page.consumed_capacity());
            let items = page.items.unwrap_or_default().into_iter();
            found.extend(items.filter(|item| wanted.after != Some(text(item, keys::LIST_AT))));
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    async fn count_part(
        &self,
        index: Index,
        hash: &str,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<u64, TableError> {
        let before = keys::list_at(before, "");
        let mut count = 0;
        let mut start = None;
        for _ in 0..MAX_QUERY_PAGES {
            let query = self.part_query(index, hash, Some(from), Some(&before)).select(Select::Count);
            let page = query.set_exclusive_start_key(start).send().await?;
            meter_read(page.consumed_capacity());
            count += u64::try_from(page.count).unwrap_or(0);
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(count)
    }

    /// A query of an index's list from one end or position to another, both inclusive where both
    /// are given: a range has no other form.
    fn part_query(
        &self,
        index: Index,
        hash: &str,
        since: Option<Timestamp>,
        before: Option<&str>,
    ) -> QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(index.name())
            .expression_attribute_names("#hash", index.hash_key())
            .expression_attribute_values(":hash", AttributeValue::S(hash.to_owned()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let condition = match (since, before) {
            (None, None) => return query.key_condition_expression("#hash = :hash"),
            (None, Some(_)) => "#hash = :hash AND #at < :before",
            (Some(_), None) => "#hash = :hash AND #at >= :since",
            (Some(_), Some(_)) => "#hash = :hash AND #at BETWEEN :since AND :before",
        };
        let mut query =
            query.key_condition_expression(condition).expression_attribute_names("#at", keys::LIST_AT);
        if let Some(since) = since {
            let since = AttributeValue::S(keys::list_at(since, ""));
            query = query.expression_attribute_values(":since", since);
        }
        match before {
            Some(before) => {
                query.expression_attribute_values(":before", AttributeValue::S(before.to_owned()))
            }
            None => query,
        }
    }

    /// All items of a partition of the base table whose sort key has a prefix, in its order.
    pub(crate) async fn collection(&self, pk: String, prefix: &str) -> Result<Vec<Item>, TableError> {
        self.range(pk, prefix, true).await
    }

    /// All items of a partition whose sort key starts with `from`, or (`!exact`) is not below it.
    pub(crate) async fn range(&self, pk: String, from: &str, exact: bool) -> Result<Vec<Item>, TableError> {
        let query = self.client.query().consistent_read(exact);
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
        self.all_of(pk, query).await
    }

    /// All items of a partition from one sort key to another, both included. Not a consistent read.
    pub(crate) async fn between(
        &self,
        pk: String,
        from: String,
        to: String,
    ) -> Result<Vec<Item>, TableError> {
        let query = self
            .client
            .query()
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(to));
        self.all_of(pk, query).await
    }

    /// Every page of a query of a partition of the base table.
    async fn all_of(&self, pk: String, query: QueryFluentBuilder) -> Result<Vec<Item>, TableError> {
        let query = query
            .table_name(&self.name)
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut found = Vec::new();
        let mut start = None;
        for _ in 0..MAX_QUERY_PAGES {
            let page = query.clone().set_exclusive_start_key(start).send().await?;
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
