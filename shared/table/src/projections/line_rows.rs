//! The rows of the lines of orders: where each stands among the lines of its product and of its
//! variant. Written by the stream's consumer where a line has changed; a row that is older than the
//! one that is there is not written.
//!
//! | sk | index | hash | range |
//! |---|---|---|---|
//! | `LINE#<n>` | `by-store` | `LINES#PRODUCT#<id>` | time of adding |
//! | | `by-user` | `LINES#VARIANT#<id>` | time of adding |

use crate::keys::{self, Index};
use crate::lists::{Entry, RangeKeys, Span, through_item};
use crate::writes::VERSION;
use crate::{Item, Table, TableError, entity, text};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use oms_domain::{Decimal, Line, LineId, Order, ProductId, StoreId, UserId, VariantId};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What lists know of a line before they read its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// Which line.
    pub id: LineId,
    /// When it was added.
    pub created_at: Timestamp,
    /// What lists filter, sort and search by.
    pub entry: Facts,
}

/// What an entry carries, under names that are as short as the entries are many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What is bought.
    #[serde(rename = "p")]
    pub product: ProductId,
    /// Of which variant.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantId>,
    /// Whose shop.
    #[serde(rename = "s")]
    pub store: StoreId,
    /// Whose order.
    #[serde(rename = "u")]
    pub user: UserId,
    /// How many.
    #[serde(rename = "q")]
    pub quantity: u32,
    /// The price of one, in the order's currency.
    #[serde(rename = "e")]
    pub unit_price: Decimal,
    /// The price of all, in the order's currency.
    #[serde(rename = "t")]
    pub total_price: Decimal,
    /// The order's number, as people know it.
    #[serde(rename = "o")]
    pub order_number: String,
    /// The product's name when it was ordered.
    #[serde(rename = "n")]
    pub product_name: String,
    /// The variant's name, empty where there is none.
    #[serde(rename = "w", default, skip_serializing_if = "String::is_empty")]
    pub variant_name: String,
}

impl LineRow {
    /// The row of a line of an order.
    #[must_use]
    pub fn of(order: &Order, line: &Line) -> Self {
        let variant = line.variant.as_ref();
        let entry = Facts {
            product: line.product.id,
            variant: variant.map(|variant| variant.id),
            store: order.store.id,
            user: order.user.id.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            total_price: line.total_price,
            order_number: order.order_number.clone(),
            product_name: line.product.name.clone(),
            variant_name: variant.map(|variant| variant.name.clone()).unwrap_or_default(),
        };
        Self { id: line.id, created_at: line.created_at, entry }
    }

    /// Where it stands in a list by time.
    pub fn position(&self) -> String {
        keys::list_at(self.created_at, self.id)
    }
}

impl Entry for LineRow {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        through_item(json, Self::read)
    }
}

impl LineRow {
    fn read(item: Item) -> Result<Self, TableError> {
        let (created_at, id) = text(&item, keys::LIST_AT).split_once('#').unwrap_or_default();
        let row = || {
            let entry = serde_json::from_str(text(&item, keys::SUMMARY)).ok()?;
            Some(Self { id: id.parse().ok()?, created_at: created_at.parse().ok()?, entry })
        };
        row().ok_or_else(|| TableError::Shape {
            what: "a line's row",
            source: serde::de::Error::custom("neither a place nor facts"),
        })
    }
}

/// The part of an index that keeps the lines of a variant, or of a product, by time.
pub fn span_of_lines(product: Option<ProductId>, variant: Option<VariantId>) -> Option<Span> {
    match (product, variant) {
        (_, Some(variant)) => Some(Span::all(Index::User, list_of_variant(variant))),
        (Some(product), None) => Some(Span::all(Index::Store, list_of_product(product))),
        (None, None) => None,
    }
}

fn list_of_product(id: ProductId) -> String {
    keys::list_of_product_lines(id)
}

fn list_of_variant(id: VariantId) -> String {
    keys::list_of_variant_lines(id)
}

/// The rows of an order's lines by their sort key, without the version: also of those that are no
/// more and of those of a deleted order, which are in no list, and keep older ones from being
/// written.
fn rows(order: &Order) -> Result<BTreeMap<String, Item>, TableError> {
    let mut rows = BTreeMap::new();
    let last = order.lines.iter().map(|line| line.id.number()).max().unwrap_or(0);
    for number in 1..=order.lines_made.max(last) {
        let sk = keys::line(number);
        let mut item = crate::key(keys::order(order.id), sk.clone());
        if let Some(line) = order.line(order.id.line(number)).filter(|_| !order.is_deleted()) {
            let row = LineRow::of(order, line);
            let entry = serde_json::to_string(&row.entry);
            let entry = entry.map_err(|error| TableError::request(std::io::Error::other(error)))?;
            let texts = [
                (Index::Store.hash_key(), list_of_product(row.entry.product)),
                (keys::LIST_AT, row.position()),
                (keys::SUMMARY, entry),
            ];
            item = entity::with_texts(item, texts);
            if let Some(variant) = row.entry.variant {
                let list = AttributeValue::S(list_of_variant(variant));
                item.insert(Index::User.hash_key().to_owned(), list);
            }
        }
        rows.insert(sk, item);
    }
    Ok(rows)
}

impl Table {
    /// Writes the rows of lines that have changed since the orders were as before, unless newer
    /// ones are there. The same again changes nothing.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn write_line_rows<'a>(
        &self,
        changes: impl IntoIterator<Item = (Option<&'a Order>, &'a Order)>,
    ) -> Result<(), TableError> {
        let mut puts = Vec::new();
        for (before, after) in changes {
            let before = before.map(rows).transpose()?.unwrap_or_default();
            for (sk, mut row) in rows(after)? {
                if before.get(&sk) != Some(&row) {
                    row.insert(VERSION.into(), AttributeValue::N(after.version.to_string()));
                    puts.push(self.put_newer(row, after.version)?);
                }
            }
        }
        self.put_all_newer(puts).await
    }
}
