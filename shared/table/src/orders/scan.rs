//! All orders there are, for operators: it reads the whole table, 1 MB at a time, or several parts
//! of it side by side. No request may.

use crate::keys::{self, Index};
use crate::{Item, Table, TableError, orders::item, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::tally::Scope;
use oms_domain::{Order, OrderId};

/// Some of all orders, in no order that means anything, deleted ones too.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// Those that can be read.
    pub orders: Vec<Order>,
    /// Those of them that stand in other parts of lists than these settings give them.
    pub elsewhere: Vec<OrderId>,
    /// The others, which are no reason to stop.
    pub unreadable: Vec<Unreadable>,
    /// Where to go on.
    pub next: Option<Item>,
}

/// An order that cannot be read, for a reason that does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which one; the key of its item where even that is no id.
    pub order: String,
    /// Why.
    pub why: String,
    /// Where it may have been counted; none where not even that can be told.
    pub scopes: Option<[Scope; 3]>,
}

impl Unreadable {
    /// An order that an error is about.
    #[must_use]
    pub fn new(order: String, error: &TableError, scopes: Option<[Scope; 3]>) -> Self {
        Self { order, why: oms_runtime::logging::chain(error), scopes }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "order {} cannot be read: {}", self.order, self.why)
    }
}

/// A part of the table, to be read beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which one, from 0.
    pub number: u16,
    /// Of how many.
    pub of: u16,
}

impl Segment {
    /// The whole table.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// The parts of a table that is read in so many.
    pub fn all(of: u16) -> impl Iterator<Item = Self> {
        (0..of).map(move |number| Self { number, of })
    }
}

impl Table {
    /// The next orders of a part of the table.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn scan_orders(&self, part: Segment, after: Option<Item>) -> Result<Scanned, TableError> {
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("#sk = :order")
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":order", AttributeValue::S(keys::ORDER.to_owned()))
            .segment(part.number.into())
            .total_segments(part.of.into())
            .set_exclusive_start_key(after)
            .consistent_read(true)
            .send()
            .await?;
        let mut scanned = Scanned { next: page.last_evaluated_key, ..Scanned::default() };
        for item in page.items.unwrap_or_default() {
            let pk = text(&item, keys::PK).to_owned();
            let owners = item::owners_ever_of(&item);
            let [store, all] =
                [Index::Store, Index::All].map(|index| text(&item, index.hash_key()).to_owned());
            match item::from_item(item) {
                Ok(order) => {
                    let [in_store, in_all] = item::split_lists(&order, self.layout.lists);
                    let is_there = (store, all) == (in_store.1, in_all.1) || order.is_deleted();
                    scanned.elsewhere.extend((!is_there).then_some(order.id));
                    scanned.orders.push(order);
                }
                Err(error) => {
                    let id = keys::order_of(&pk).map_or(pk, |id| id.to_string());
                    let scopes = owners.map(|of| [Scope::User(of.user), Scope::Store(of.store), Scope::All]);
                    scanned.unreadable.push(Unreadable::new(id, &error, scopes));
                }
            }
        }
        Ok(scanned)
    }
}
