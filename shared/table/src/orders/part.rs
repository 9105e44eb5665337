//! Parts of orders, for lists that show some of each of twenty. What is left out, the log above
//! all, costs as many read units as before, but is neither sent nor decoded.

use crate::answer::FromAnswer;
use crate::orders::item;
use crate::orders::stored::{self, Attributes};
use crate::schema::{Kind, SCHEMA_ATTRIBUTE};
use crate::{Item, Table, TableError, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::{Order, OrderId};
use serde::de::Deserializer;

/// Which part of an order is read, beside what lists and statistics show of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderPart {
    /// Its lines.
    Lines,
    /// Its payments.
    Payments,
}

const LINES: &str = "items";
const PAYMENTS: &str = "payments";
/// Of these at least one is not asked for.
const LISTS: [&str; 2] = [LINES, "log"];
/// What no order is without, its shape, and whether it has been deleted.
const ALWAYS: [&str; 12] = [
    keys::PK,
    SCHEMA_ATTRIBUTE,
    keys::SUMMARY,
    item::DELETED_AT,
    "version",
    "status_since",
    "subtotal",
    "tax_rate",
    "tax_amount",
    "shipping_cost",
    "discount_amount",
    "shipping_address",
];

impl OrderPart {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Lines => LINES,
            Self::Payments => PAYMENTS,
        }
    }

    /// What is asked for.
    pub(crate) fn attributes(self) -> Vec<&'static str> {
        ALWAYS.into_iter().chain([self.attribute()]).collect()
    }
}

/// The order of some attributes of its item, without log and whatever else was not asked for.
#[derive(Debug)]
pub(crate) struct Part(pub(crate) Order);

impl FromAnswer for Part {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let newest = |attributes: Attributes<'_>| stored::order_of_attributes(attributes, &LISTS);
        stored::read(json, newest, older).map(Self)
    }
}

/// An order of another shape is brought up to date as an item.
fn older(mut item: Item) -> Result<Order, TableError> {
    for list in LISTS {
        item.entry(list.to_owned()).or_insert_with(|| AttributeValue::L(Vec::new()));
    }
    Kind::Order.upgrade(&mut item);
    stored::order_of(item)
}

impl Table {
    /// A part of several orders, perhaps a moment old, for half the price of
    /// [`orders`](Self::orders). They are to be shown, never to be changed: most of each is
    /// missing. What does not exist or has been deleted is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn parts_of_orders_soon(
        &self,
        ids: impl IntoIterator<Item = OrderId>,
        part: OrderPart,
    ) -> Result<Vec<Order>, TableError> {
        let keys = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let orders = self.get_parts_soon(keys.collect(), &part.attributes()).await?;
        Ok(orders.into_iter().map(|Part(order)| order).filter(|order| !order.is_deleted()).collect())
    }
}
