//! The rows of an order: where it stands in the lists of its store and of all orders, beyond those
//! that the order itself is in. Written by the stream's consumer, so that they cost no request
//! anything; a row that is older than the one that is there is not written.
//!
//! | sk | index | hash | range | what the entries carry |
//! |---|---|---|---|---|
//! | `ROW#ALL`, `ROW#STORE` | `by-status` | scope and status | time of placing | the summary |
//! | | `by-payment` | scope and payment status | time of placing | the facts |
//! | | `by-methods` | scope, payment method, shipping method and currency | time of placing | the facts |
//! | | `by-facets` | scope and all of these | time of placing | the facts |
//! | | `by-total` | scope | total, time of placing | the summary |
//!
//! The facts are the facets but the status, and the total: a fourth of what the summary takes, to
//! look through for what is rare. The status is told by the hash key of `by-facets`; so an order
//! that goes on moves in the indexes by status alone, and nothing is written to `by-payment` and
//! `by-methods`. Twenty-one entries, a page and whether there is another, lie within the 4 KB that
//! the smallest read costs; so names and hashes are short.

use crate::counters::layout::{
    facets_but_status, facets_of, letter, letters_but_status, letters_of, methods_of,
};
use crate::keys::{self, Index};
use crate::lists::OrderList;
use crate::writes::VERSION;
use crate::{Item, Layout, Table, TableError, entity, orders::item};
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use futures::StreamExt;
use futures::TryStreamExt;
use jiff::Timestamp;
use oms_domain::tally::OrderFacets;
use oms_domain::totals::sortable;
use oms_domain::{
    Currency, Decimal, Order, OrderId, OrderSummary, PaymentMethod, PaymentStatus, ShippingMethod, Status,
};

/// How many rows are written at the same time.
const AT_ONCE: usize = 16;
const ALL: &str = keys::ROW_OF_ALL;
const STORE: &str = keys::ROW_OF_STORE;
/// The sort keys of rows.
pub const ROWS: [&str; 2] = [ALL, STORE];
const ENTRY: &str = "facts";

/// What the entries of the thin indexes tell of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which order.
    pub id: OrderId,
    /// When it was placed.
    pub created_at: Timestamp,
    /// What lists filter by, as far as it tells.
    pub facets: KnownFacets,
    /// What it costs, in its own currency.
    pub total: Decimal,
}

/// The facets of an order as far as an entry tells them: all of them but the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFacets {
    /// Where it stands; told by the entries of `by-facets`.
    pub status: Option<Status>,
    /// How its money stands.
    pub payment_status: PaymentStatus,
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// The currency of its amounts.
    pub currency: Currency,
}

impl From<OrderFacets> for KnownFacets {
    fn from(facets: OrderFacets) -> Self {
        let OrderFacets { status, payment_status, payment_method, shipping_method, currency } = facets;
        let status = Some(status);
        Self { status, payment_status, payment_method, shipping_method, currency }
    }
}

/// The facts of an entry, with its hash key in `by-facets`, if it is from there; none of one that
/// carries a summary.
pub(crate) fn facts_of(pk: &str, at: &str, facts: &str, of_facets: &str) -> Option<Facts> {
    let (created_at, _) = at.split_once('#')?;
    let (letters, total) = facts.split_once(' ')?;
    let facets = match of_facets.rsplit_once('#') {
        Some((_, letters)) => facets_of(letters)?.into(),
        None => KnownFacets { status: None, ..facets_but_status(Status::Pending, letters)?.into() },
    };
    Some(Facts {
        id: keys::order_of(pk)?,
        created_at: created_at.parse().ok()?,
        facets,
        total: total.parse().ok()?,
    })
}

/// Where the entries of a status stand in `by-status`.
pub fn of_status(scope: &str, status: Status) -> String {
    format!("{scope}#{status}")
}

/// Where the entries of some facets stand in `by-facets`.
pub fn of_facets(scope: &str, facets: &OrderFacets) -> String {
    format!("{scope}#{}", letters_of(facets))
}

/// Where the entries of a payment status stand in `by-payment`.
pub fn of_payment(scope: &str, status: PaymentStatus) -> String {
    format!("{scope}#{}", letter(PaymentStatus::ALL, &status))
}

/// Where the entries of the facets that an order is placed with stand in `by-methods`.
pub fn of_methods(scope: &str, facets: &OrderFacets) -> String {
    format!("{scope}#{}", methods_of(facets))
}

/// A total's place in `by-total`, before which all smaller ones stand.
pub fn total_bound(total: Decimal) -> String {
    sortable(total, true)
}

/// A total's place in `by-total`, after which all larger ones stand.
pub fn after_total(total: Decimal) -> String {
    if total < Decimal::ZERO { String::from("!") } else { format!("{}$", sortable(total, false)) }
}

/// Where an order stands in `by-total`.
pub fn total_position(total: Decimal, position: &str) -> String {
    format!("{}#{position}", sortable(total, false))
}

/// The rows of an order. A deleted one's are in no list, and keep older ones from being written.
fn rows(order: &Order, layout: Layout) -> Result<Vec<Item>, TableError> {
    let of_store = keys::shard_of(order.id, layout.lists.of_store);
    let listed = [
        (ALL, keys::list_of_all(order.id, layout.lists.all)),
        (STORE, keys::rows_of_store(order.store.id, of_store)),
    ];
    let at = keys::list_at(order.created_at, order.id);
    let summary = item::summary_of(order)?;
    let facets = OrderFacets {
        status: order.status,
        payment_status: order.payment_status,
        payment_method: order.payment_method,
        shipping_method: order.shipping_method,
        currency: order.currency,
    };
    let rows = listed.into_iter().map(|(sk, scope)| {
        let mut item = crate::key(keys::order(order.id), sk.to_owned());
        item.insert(VERSION.into(), AttributeValue::N(order.version.to_string()));
        if order.is_deleted() {
            return item;
        }
        item.insert(keys::SUMMARY.into(), AttributeValue::M(summary.clone()));
        let texts = [
            (Index::Status.hash_key(), of_status(&scope, order.status)),
            (Index::Facets.hash_key(), of_facets(&scope, &facets)),
            (Index::Payment.hash_key(), of_payment(&scope, order.payment_status)),
            (Index::Methods.hash_key(), of_methods(&scope, &facets)),
            (Index::Total.hash_key(), scope),
            (keys::LIST_AT, at.clone()),
            (Index::Total.range_key(), total_position(order.total_amount, &at)),
            (ENTRY, format!("{} {}", letters_but_status(&facets), order.total_amount)),
        ];
        entity::with_texts(item, texts)
    });
    Ok(rows.collect())
}

impl Table {
    /// The names under which rows know a list; none for a user's, which has no rows.
    ///
    /// # Errors
    /// As [`Table::list_shards`].
    pub async fn row_scopes(&self, list: &OrderList) -> Result<Vec<String>, TableError> {
        Ok(match list {
            OrderList::OfUser(_) => Vec::new(),
            OrderList::OfStore(store) => {
                let shards = 0..self.list_shards().await?.of_store;
                shards.map(|n| keys::rows_of_store(*store, n)).collect()
            }
            OrderList::All => (0..self.list_shards().await?.all).map(keys::list_shard).collect(),
        })
    }

    /// Writes the rows of some orders, unless newer ones are there. The same again changes nothing.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn write_order_rows<'a>(
        &self,
        orders: impl IntoIterator<Item = &'a Order>,
    ) -> Result<(), TableError> {
        let (layout, mut puts) = (self.layout_of_lists().await?, Vec::new());
        for order in orders {
            for row in rows(order, layout)? {
                puts.push(self.put_newer(row, order.version)?);
            }
        }
        self.put_all_newer(puts).await
    }

    /// Writes rows, but for those of which newer ones are there.
    pub(crate) async fn put_all_newer(&self, puts: Vec<Put>) -> Result<(), TableError> {
        let writes = futures::stream::iter(puts.into_iter().map(|put| async {
            match self.put(put, None).await {
                Ok(()) | Err(TableError::Conflict) => Ok(()),
                Err(error) => Err(error),
            }
        }));
        writes.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Writes the rows of some orders, their payments and lines, and those that searches find them
    /// by, also where the same version's are there.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn replace_rows(&self, orders: &[Order]) -> Result<(), TableError> {
        self.write_order_rows(orders).await?;
        self.write_payment_rows(orders.iter().map(|order| (None, order))).await?;
        self.write_line_rows(orders.iter().map(|order| (None, order))).await?;
        self.write_search_rows(orders.iter().map(|order| (None, order))).await
    }

    pub(crate) fn put_newer(&self, item: Item, version: u64) -> Result<Put, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#version) OR #version <= :version")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        put.build().map_err(TableError::request)
    }

    /// What lists show of some orders, those that there are, in no order. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn summaries(&self, orders: &[OrderId]) -> Result<Vec<OrderSummary>, TableError> {
        let wanted = orders.iter().map(|id| (keys::order(*id), ALL.to_owned())).collect();
        let rows: Vec<Option<OrderSummary>> = self.get_parts_soon(wanted, &[]).await?;
        Ok(rows.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_tells_the_status_only_where_it_stands_by_it() {
        let pk = "ORDER#0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
        let at = "2026-11-22T10:42:21.311047Z#0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
        let facts = |of_facets| facts_of(pk, at, "cbeUSD 75.98", of_facets).unwrap().facets;
        let known = KnownFacets {
            status: None,
            payment_status: PaymentStatus::Paid,
            payment_method: PaymentMethod::DebitCard,
            shipping_method: ShippingMethod::International,
            currency: Currency::USD,
        };
        assert_eq!(facts(""), known);
        assert_eq!(facts("STORE#7#fcbeUSD"), KnownFacets { status: Some(Status::Delivered), ..known });
        assert!(facts_of(pk, at, "", "").is_none(), "it carries a summary");
    }
}
