//! Pages of the indexes, and small collections of the base table.

mod collection;
mod entry;
mod page;

pub use self::entry::{Entry, RangeKeys};

pub(crate) use self::entry::through_item;

use crate::answer::{Answer, Asked};
use crate::keys::{self, Index};
use crate::{Item, Table, TableError, meter_read};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};
use futures::future::try_join_all;
use oms_domain::tally::Scope;
use oms_domain::{OrderId, OrderSummary, StoreId, UserId};
use oms_runtime::meter::{self, side_by_side};

/// How many pages of a query are read at most: 1 MB each.
const MAX_QUERY_PAGES: usize = 20;
/// The same where only their number is wanted, which must be exact.
const MAX_COUNTED_PAGES: usize = 200;

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

    /// Whether an order belongs to it.
    #[must_use]
    pub fn holds(&self, order: &OrderSummary) -> bool {
        match self {
            Self::OfUser(user) => *user == order.user.id,
            Self::OfStore(store) => *store == order.store.id,
            Self::All => true,
        }
    }
}

/// Which entries of a list are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Those after this position: the [`position`] of the last one seen.
    pub after: Option<&'a str>,
    /// The oldest first.
    pub oldest_first: bool,
}

/// A part of an index's list: what stands between two texts, which themselves do not belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it is kept.
    pub index: Index,
    /// Its hash key.
    pub hash: String,
    /// The sort key that it begins behind; from the beginning where there is none.
    pub above: Option<String>,
    /// The sort key that it ends before; to the end where there is none.
    pub below: Option<String>,
}

/// What one query of a span found, and where the next one goes on, if there may be more.
#[derive(Debug)]
pub struct Found<T> {
    /// The entries, in order, and the range key of each.
    pub entries: Vec<(String, T)>,
    /// Where to go on; nothing at the end.
    pub rest: Option<Item>,
}

impl Span {
    /// A whole list.
    pub const fn all(index: Index, hash: String) -> Self {
        Self { index, hash, above: None, below: None }
    }

    /// What no list has.
    pub const fn nothing() -> Self {
        Self::all(Index::All, String::new())
    }

    /// What of it comes after a place, read from its upper end where it `descends`.
    pub fn narrowed(mut self, after: Option<String>, descends: bool) -> Self {
        if let Some(after) = after {
            if descends {
                self.below = Some(self.below.map_or(after.clone(), |below| below.min(after)));
            } else {
                self.above = Some(self.above.map_or(after.clone(), |above| above.max(after)));
            }
        }
        self
    }

    /// Whether nothing can stand between its ends.
    pub fn is_empty(&self) -> bool {
        self.above.is_some() && self.below.is_some() && self.above >= self.below
    }

    fn has(&self, at: &str) -> bool {
        self.above.as_deref() != Some(at) && self.below.as_deref() != Some(at)
    }
}

impl Table {
    /// Orders of some lists together, each once, the newest first unless it is said otherwise:
    /// `limit` of those that are wanted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn listed_orders(
        &self,
        lists: &[OrderList],
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<OrderSummary>, TableError> {
        let spans = try_join_all(lists.iter().map(|list| self.spans_of(list))).await?;
        let descends = !wanted.oldest_first;
        let narrowed = |span: Span| span.narrowed(wanted.after.map(str::to_owned), descends);
        let spans: Vec<Span> = spans.into_iter().flatten().map(narrowed).collect();
        let pages = spans.iter().map(|span| self.entries_of(span, descends, limit));
        let mut entries: Vec<(String, OrderSummary)> =
            side_by_side(pages).await?.into_iter().flatten().collect();
        entries.sort_by(|(a, _), (b, _)| if descends { b.cmp(a) } else { a.cmp(b) });
        entries.dedup_by(|(_, a), (_, b)| a.id == b.id);
        Ok(entries.into_iter().take(limit).map(|(_, order)| order).collect())
    }

    /// The parts of the indexes that a list is spread over.
    ///
    /// # Errors
    /// As [`Table::list_shards`].
    pub async fn spans_of(&self, list: &OrderList) -> Result<Vec<Span>, TableError> {
        let (index, hashes): (Index, Vec<String>) = match list {
            OrderList::OfUser(user) => (Index::User, vec![keys::list_of_user(user)]),
            OrderList::OfStore(store) => {
                let shards = 0..self.list_shards().await?.of_store;
                (Index::Store, shards.map(|n| keys::list_of_store(*store, n)).collect())
            }
            OrderList::All => {
                (Index::All, (0..self.list_shards().await?.all).map(keys::list_shard).collect())
            }
        };
        Ok(hashes.into_iter().map(|hash| Span::all(index, hash)).collect())
    }

    /// Up to `limit` of the newest entries of an index's list.
    pub async fn newest<T: Entry>(
        &self,
        index: Index,
        hash: &str,
        limit: usize,
    ) -> Result<Vec<T>, TableError> {
        let found = self.entries_of(&Span::all(index, hash.to_owned()), true, limit).await?;
        Ok(found.into_iter().map(|(_, entry)| entry).collect())
    }

    async fn entries_of<T: Entry>(
        &self,
        span: &Span,
        descends: bool,
        limit: usize,
    ) -> Result<Vec<(String, T)>, TableError> {
        let mut found = Vec::new();
        let mut rest = None;
        for _ in 0..MAX_QUERY_PAGES {
            let page = self.read_span(span, descends, limit.saturating_sub(found.len()), rest).await?;
            found.extend(page.entries);
            rest = page.rest;
            if rest.is_none() || found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// Up to `limit` entries of a span, from its upper end where it `descends`, or from where an
    /// earlier query stopped. One query, of 1 MB at most.
    pub async fn read_span<T: Entry>(
        &self,
        span: &Span,
        descends: bool,
        limit: usize,
        start: Option<Item>,
    ) -> Result<Found<T>, TableError> {
        let query = self.query_of(span).scan_index_forward(!descends);
        let limit = i32::try_from(limit.max(1)).unwrap_or(i32::MAX);
        let query = query.limit(limit).set_exclusive_start_key(start);
        let answer = Answer::to(Asked::Query);
        query.customize().interceptor(answer.clone()).send().await?;
        let (mut found, units) = answer.page(span.index)?;
        meter::record_trip();
        meter::record_read(units);
        found.entries.retain(|(at, _)| span.has(at));
        Ok(found)
    }

    /// How many entries a span has.
    ///
    /// # Errors
    /// [`TableError::TooMuch`] where they are more than [`MAX_COUNTED_PAGES`] find.
    pub async fn count_span(&self, span: &Span) -> Result<u64, TableError> {
        let (count, is_all) = self.count_pages(self.query_of(span), MAX_COUNTED_PAGES).await?;
        if is_all { Ok(count) } else { Err(TableError::TooMuch) }
    }

    /// How many entries a span has besides those of some orders, 100 at most; none where they are
    /// more than [`MAX_QUERY_PAGES`] find.
    pub async fn count_all_but(&self, span: &Span, orders: &[OrderId]) -> Result<Option<u64>, TableError> {
        let mut query = self.query_of(span);
        if !orders.is_empty() {
            let names: Vec<String> = (0..orders.len()).map(|n| format!(":but{n}")).collect();
            query = query
                .filter_expression(format!("NOT #pk IN ({})", names.join(", ")))
                .expression_attribute_names("#pk", keys::PK);
            for (name, order) in names.into_iter().zip(orders) {
                query = query.expression_attribute_values(name, AttributeValue::S(keys::order(*order)));
            }
        }
        let (count, is_all) = self.count_pages(query, MAX_QUERY_PAGES).await?;
        Ok(is_all.then_some(count))
    }

    async fn count_pages(&self, query: QueryFluentBuilder, most: usize) -> Result<(u64, bool), TableError> {
        let query = query.select(Select::Count);
        let mut count = 0;
        let mut start = None;
        for _ in 0..most {
            let page = query.clone().set_exclusive_start_key(start).send().await?;
            meter_read(page.consumed_capacity());
            count += u64::try_from(page.count).unwrap_or(0);
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok((count, start.is_none()))
    }

    /// A query of a span. Where it has two ends, they are found too: a range has no other form.
    fn query_of(&self, span: &Span) -> QueryFluentBuilder {
        let text = |text: &String| AttributeValue::S(text.clone());
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(span.index.name())
            .expression_attribute_names("#hash", span.index.hash_key())
            .expression_attribute_values(":hash", text(&span.hash))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let query = match (&span.above, &span.below) {
            (None, None) => return query.key_condition_expression("#hash = :hash"),
            (None, Some(below)) => query
                .key_condition_expression("#hash = :hash AND #at < :below")
                .expression_attribute_values(":below", text(below)),
            (Some(above), None) => query
                .key_condition_expression("#hash = :hash AND #at > :above")
                .expression_attribute_values(":above", text(above)),
            (Some(above), Some(below)) => query
                .key_condition_expression("#hash = :hash AND #at BETWEEN :above AND :below")
                .expression_attribute_values(":above", text(above))
                .expression_attribute_values(":below", text(below)),
        };
        query.expression_attribute_names("#at", span.index.range_key())
    }
}

/// What stands between all that was made before a time and all that was made then or later.
pub fn time_bound(at: jiff::Timestamp) -> String {
    keys::list_at(at, "")
}

/// Where an entry stands in a list, as the cursor that continues after it.
#[must_use]
pub fn position(made: jiff::Timestamp, id: impl std::fmt::Display) -> String {
    keys::list_at(made, id)
}
