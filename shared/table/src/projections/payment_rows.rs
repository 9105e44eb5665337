//! The rows of payments: where each stands in the lists of its user's, its store's and all
//! payments. Written by the stream's consumer where something about a payment has changed; a row
//! that is older than the one that is there is not written.
//!
//! | sk | index | hash | range |
//! |---|---|---|---|
//! | `PAYMENT#<n>` | `by-user` | `PAYMENTS#USER#<sub>` | time of making |
//! | `PAYMENT#<n>`, `PAYMENT#<n>#STORE` | `by-payment` | scope | time of making |
//! | | `by-facets` | scope and facets | time of making |
//! | | `by-total` | scope | amount, time of making |
//!
//! A scope is `PAYMENTS#<shard>` or `PAYMENTS#STORE#<id>`. Every entry carries the same few facts,
//! a quarter of a kilobyte; the rest of a payment is in its order.

use crate::attribute_json;
use crate::counters::layout::{letters_of_payment, payment_facets_of};
use crate::keys::{self, Index};
use crate::lists::{Entry, OrderList, RangeKeys, Span};
use crate::projections::order_rows::total_position;
use crate::writes::VERSION;
use crate::{Item, Layout, Table, TableError, entity};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::tally::PaymentFacets;
use oms_domain::{Order, PaymentEntry, StoreId, UserId};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::borrow::Cow;
use std::collections::BTreeMap;

const ENTRY: &str = "facts";

/// What the index entries carry of a payment, beside the keys.
fn entry_text(entry: &PaymentEntry) -> String {
    let letters = letters_of_payment(&entry.facets);
    let (amount, store) = (entry.amount, entry.store.0.simple());
    format!("{letters} {amount} {store} {} {}", entry.order_number, entry.transaction_id)
}

/// Reads [`entry_text`], and the place in a list: `<time>#<id>`, behind the amount or not.
fn parse(place: &str, entry: &str) -> Option<PaymentEntry> {
    let mut places = place.rsplit('#');
    let (id, created_at) = (places.next()?.parse().ok()?, places.next()?.parse().ok()?);
    let mut entry = entry.splitn(5, ' ');
    Some(PaymentEntry {
        id,
        created_at,
        facets: payment_facets_of(entry.next()?)?,
        amount: entry.next()?.parse().ok()?,
        store: entry.next()?.parse().ok()?,
        order_number: entry.next()?.to_owned(),
        transaction_id: entry.next()?.to_owned(),
    })
}

/// Where a payment stands in a list by time.
#[must_use]
pub fn position_of(entry: &PaymentEntry) -> String {
    keys::list_at(entry.created_at, entry.id)
}

/// The row as an index carries it: by either range key, and under either name.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    list_at: Cow<'a, str>,
    #[serde(borrow, default)]
    list_total: Cow<'a, str>,
    #[serde(borrow, default)]
    facts: Cow<'a, str>,
    #[serde(borrow, default)]
    summary: Cow<'a, str>,
}

impl Entry for PaymentEntry {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        let row: Row<'_> = attribute_json::read(json, &[])?;
        let at = if row.list_at.is_empty() { &row.list_total } else { &row.list_at };
        let facts = if row.facts.is_empty() { &row.summary } else { &row.facts };
        let entry = parse(at, facts).ok_or_else(|| D::Error::custom("neither a place nor facts"))?;
        Ok((RangeKeys::new(row.list_at, row.list_total), entry))
    }
}

fn list_of_user(id: &UserId) -> String {
    keys::list_of_user_payments(id)
}

fn list_of_store(id: StoreId, shard: u16) -> String {
    keys::list_of_store_payments(id, shard)
}

fn list_shard(shard: u16) -> String {
    keys::list_of_all_payments(shard)
}

/// Where the payments of some facets stand in `by-facets`.
pub fn of_facets(scope: &str, facets: &PaymentFacets) -> String {
    format!("{scope}#{}", letters_of_payment(facets))
}

/// The rows of an order's payments by their sort key, without the version: also of those that are
/// no more and of those of a deleted order, which are in no list, and keep older ones from being
/// written.
fn rows(order: &Order, layout: Layout) -> BTreeMap<String, Item> {
    let mut rows = BTreeMap::new();
    for number in 0..order.payments_ever() {
        let id = order.id.payment(number);
        let payment = order.payment(id).filter(|_| !order.is_deleted());
        let all = list_shard(keys::shard_of(order.id, layout.lists.all));
        let of_store = keys::shard_of(order.id, layout.lists.of_store);
        let scopes = [("", all), ("#STORE", list_of_store(order.store.id, of_store))];
        for (of, scope) in scopes {
            let sk = format!("{}{of}", keys::payment(number));
            let mut item = crate::key(keys::order(order.id), sk.clone());
            if let Some(payment) = payment {
                let row = PaymentEntry::of(order, payment);
                let (at, entry) = (position_of(&row), entry_text(&row));
                let texts = [
                    (Index::Facets.hash_key(), of_facets(&scope, &row.facets)),
                    (Index::Payment.hash_key(), scope.clone()),
                    (Index::Total.hash_key(), scope),
                    (Index::Total.range_key(), total_position(row.amount, &at)),
                    (keys::LIST_AT, at),
                    (keys::SUMMARY, entry.clone()),
                    (ENTRY, entry),
                ];
                item = entity::with_texts(item, texts);
                if of.is_empty() {
                    let list = AttributeValue::S(list_of_user(&order.user.id));
                    item.insert(Index::User.hash_key().to_owned(), list);
                }
            }
            rows.insert(sk, item);
        }
    }
    rows
}

impl Table {
    /// The parts of the indexes that keep a list of payments by time.
    ///
    /// # Errors
    /// As [`Table::list_shards`].
    pub async fn spans_of_payments(&self, list: &OrderList) -> Result<Vec<Span>, TableError> {
        Ok(match list {
            OrderList::OfUser(user) => vec![Span::all(Index::User, list_of_user(user))],
            OrderList::OfStore(_) | OrderList::All => {
                let scopes = self.payment_scopes(list).await?.into_iter();
                scopes.map(|scope| Span::all(Index::Payment, scope)).collect()
            }
        })
    }

    /// The names under which a list of payments stands in the indexes of rows; none for a user's.
    ///
    /// # Errors
    /// As [`Table::list_shards`].
    pub async fn payment_scopes(&self, list: &OrderList) -> Result<Vec<String>, TableError> {
        Ok(match list {
            OrderList::OfUser(_) => Vec::new(),
            OrderList::OfStore(store) => {
                let shards = 0..self.list_shards().await?.of_store;
                shards.map(|n| list_of_store(*store, n)).collect()
            }
            OrderList::All => (0..self.list_shards().await?.all).map(list_shard).collect(),
        })
    }

    /// Writes the rows of payments that have changed since the orders were as before, unless newer
    /// ones are there. The same again changes nothing.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn write_payment_rows<'a>(
        &self,
        changes: impl IntoIterator<Item = (Option<&'a Order>, &'a Order)>,
    ) -> Result<(), TableError> {
        let (layout, mut puts) = (self.layout_of_lists().await?, Vec::new());
        for (before, after) in changes {
            let before = before.map(|before| rows(before, layout)).unwrap_or_default();
            for (sk, mut row) in rows(after, layout) {
                if before.get(&sk) != Some(&row) {
                    row.insert(VERSION.into(), AttributeValue::N(after.version.to_string()));
                    puts.push(self.put_newer(row, after.version)?);
                }
            }
        }
        self.put_all_newer(puts).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::{Currency, Decimal, OrderId, PaymentMethod, PaymentState};

    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn a_row_is_read_from_either_index_as_it_was_written() {
        let row = PaymentEntry {
            id: OrderId::from_fresh(Uuid::from_u128(7 << 80)).payment(2),
            created_at: "2026-11-22T10:42:21.311047Z".parse().unwrap(),
            facets: PaymentFacets {
                status: PaymentState::Failed,
                payment_method: PaymentMethod::DigitalWallet,
                currency: Currency::JPY,
                attention: true,
            },
            amount: Decimal::new(7598, 2),
            store: StoreId(Uuid::from_u128(9)),
            order_number: "ORD-20261122-0001".into(),
            transaction_id: "Wire 7,  of \"May\"".into(),
        };
        for (range, place) in [
            (keys::LIST_AT, position_of(&row)),
            (Index::Total.range_key(), total_position(row.amount, &position_of(&row))),
        ] {
            for carried in [ENTRY, keys::SUMMARY] {
                let sent = json!({ range: {"S": place}, carried: {"S": entry_text(&row)} });
                assert_eq!(PaymentEntry::from_answer(sent).unwrap().1, row);
            }
        }
        assert!(PaymentEntry::from_answer(json!({})).is_err());
    }
}
