//! Parts of orders, for lists that show some of each of twenty. What is left out, the log above
//! all, costs as many read units as before, but is neither sent nor decoded.

use crate::orders::item;
use crate::schema::{Kind, SCHEMA_ATTRIBUTE};
use crate::{Item, Table, TableError, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::{Order, OrderId};

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
const LOG: &str = "log";
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

    /// The order of these attributes of its item, without log and whatever else was not read.
    pub(crate) fn read(self, mut item: Item) -> Result<Order, TableError> {
        // What was not asked for is as if there were none.
        for list in [LINES, LOG].into_iter().filter(|list| *list != self.attribute()) {
            item.entry(list.to_owned()).or_insert_with(|| AttributeValue::L(Vec::new()));
        }
        Kind::Order.upgrade(&mut item);
        item::order_of(item)
    }
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
        let items = self.get_parts_soon(keys.collect(), &part.attributes()).await?;
        let orders: Vec<Order> = items.into_iter().map(|item| part.read(item)).collect::<Result<_, _>>()?;
        Ok(orders.into_iter().filter(|order| !order.is_deleted()).collect())
    }
}
