//! All orders there are, for operators: it reads the whole table, 1 MB at a time. No request may.

use crate::{Item, Table, TableError, keys, orders::item, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::Order;
use oms_domain::tally::Scope;

/// Some of all orders, in no order that means anything, deleted ones too.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// Those that can be read.
    pub orders: Vec<Order>,
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

impl Table {
    /// The next orders of all.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn scan_orders(&self, after: Option<Item>) -> Result<Scanned, TableError> {
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("#sk = :order")
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":order", AttributeValue::S(keys::ORDER.to_owned()))
            .set_exclusive_start_key(after)
            .consistent_read(true)
            .send()
            .await?;
        let mut scanned = Scanned { next: page.last_evaluated_key, ..Scanned::default() };
        for item in page.items.unwrap_or_default() {
            let pk = text(&item, keys::PK).to_owned();
            let owners = item::owners_ever_of(&item);
            match item::from_item(item) {
                Ok(order) => scanned.orders.push(order),
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
