//! What stands together in a partition of the base table: read whole where it is small, page by
//! page where it may be large. What is more than may be read is an error, and never left out in
//! silence.

use crate::{Item, Table, TableError, keys, meter_read};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

/// How many pages of what is read whole are read at most: 1 MB each.
const MAX_PAGES: usize = 20;
/// The same of what is read page by page, of which one at a time is held.
const MAX_PAGES_ONE_BY_ONE: usize = 10_000;

/// The pages of a query, of 1 MB at most, each read when it is asked for.
#[derive(Debug)]
pub(crate) struct Pages {
    query: QueryFluentBuilder,
    start: Option<Item>,
    /// How many more may be read.
    left: usize,
    is_over: bool,
}

impl Pages {
    /// The next page; none where there is none.
    ///
    /// # Errors
    /// [`TableError::TooMuch`] where there are more than may be read.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Item>>, TableError> {
        if self.is_over {
            return Ok(None);
        }
        self.left = self.left.checked_sub(1).ok_or(TableError::TooMuch)?;
        let page = self.query.clone().set_exclusive_start_key(self.start.take()).send().await?;
        meter_read(page.consumed_capacity());
        self.start = page.last_evaluated_key;
        self.is_over = self.start.is_none();
        Ok(Some(page.items.unwrap_or_default()))
    }

    /// All items, or `limit` and a few.
    async fn whole(mut self, limit: usize) -> Result<Vec<Item>, TableError> {
        let mut found = Vec::new();
        while let Some(items) = self.next().await? {
            found.extend(items);
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}

impl Table {
    /// All items of a partition of the base table whose sort key has a prefix, in its order.
    ///
    /// # Errors
    /// [`TableError::TooMuch`] beyond 20 MB, as of all below.
    pub async fn collection(&self, pk: String, prefix: &str) -> Result<Vec<Item>, TableError> {
        self.range(pk, prefix, true).await
    }

    /// The same, page by page, in its order or against it.
    pub(crate) fn pages(&self, pk: String, prefix: &str, is_forward: bool) -> Pages {
        let query = self.beginning_with(prefix).consistent_read(true).scan_index_forward(is_forward);
        self.pages_of(pk, query, MAX_PAGES_ONE_BY_ONE)
    }

    /// All items of a partition whose sort key starts with `from`, or (`!exact`) is not below it.
    pub async fn range(&self, pk: String, from: &str, exact: bool) -> Result<Vec<Item>, TableError> {
        let query = if exact || from.is_empty() {
            self.beginning_with(from)
        } else {
            self.client
                .query()
                .key_condition_expression("#pk = :pk AND #sk >= :sk")
                .expression_attribute_names("#sk", keys::SK)
                .expression_attribute_values(":sk", AttributeValue::S(from.to_owned()))
        };
        self.pages_of(pk, query.consistent_read(exact), MAX_PAGES).whole(usize::MAX).await
    }

    /// Up to `limit` items and a few of a partition whose sort key begins so. Not a consistent
    /// read.
    pub async fn beginning(&self, pk: String, sk: String, limit: usize) -> Result<Vec<Item>, TableError> {
        let query = self.beginning_with(&sk).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        self.pages_of(pk, query, MAX_PAGES).whole(limit).await
    }

    /// All items of a partition from one sort key to another, both included. Not a consistent read.
    pub async fn between(&self, pk: String, from: String, to: String) -> Result<Vec<Item>, TableError> {
        self.between_keys(pk, from, to, false).await
    }

    /// All items of a partition from one sort key to another, both included.
    pub async fn between_exactly(
        &self,
        pk: String,
        from: String,
        to: String,
    ) -> Result<Vec<Item>, TableError> {
        self.between_keys(pk, from, to, true).await
    }

    async fn between_keys(
        &self,
        pk: String,
        from: String,
        to: String,
        is_consistent: bool,
    ) -> Result<Vec<Item>, TableError> {
        let query = self
            .client
            .query()
            .consistent_read(is_consistent)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(to));
        self.pages_of(pk, query, MAX_PAGES).whole(usize::MAX).await
    }

    fn beginning_with(&self, prefix: &str) -> QueryFluentBuilder {
        let query = self.client.query();
        if prefix.is_empty() {
            return query.key_condition_expression("#pk = :pk");
        }
        query
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :sk)")
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":sk", AttributeValue::S(prefix.to_owned()))
    }

    fn pages_of(&self, pk: String, query: QueryFluentBuilder, most: usize) -> Pages {
        let query = query
            .table_name(&self.name)
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        Pages { query, start: None, left: most, is_over: false }
    }
}
