//! What lists and statistics show of an order: the map `summary`, which the indexes carry.
//!
//! Ten of them are read for statistics and twenty for a page, so its names are short: a page of
//! names would cost more than what they name. [`NAMES`] is the only place that knows them.

use super::{Item, TableError, keys, text};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use oms_domain::order::StoreSnapshot;
use oms_domain::tally::OrderFacets;
use oms_domain::{
    Currency, Decimal, Order, OrderId, Payment, PaymentMethod, PaymentState, PaymentStatus, ShippingMethod,
    Status, User,
};
use serde::{Deserialize, Serialize};

/// The order's fields that stand in its summary instead of beside it, and their names there. Of
/// `u` and `s` the parts are in [`PART_NAMES`].
const NAMES: [(&str, &str); 16] = [
    ("order_number", "n"),
    ("user", "u"),
    ("store", "s"),
    ("status", "st"),
    ("payment_status", "ps"),
    ("payment_method", "pm"),
    ("payment_reference", "pr"),
    ("shipping_method", "sm"),
    ("total_amount", "t"),
    ("currency", "cu"),
    ("tracking_number", "tn"),
    ("created_at", "c"),
    ("updated_at", "m"),
    ("confirmed_at", "co"),
    ("shipped_at", "sh"),
    ("delivered_at", "de"),
];
/// The names of the parts of a user and a store.
const PART_NAMES: [(&str, &str); 8] = [
    ("id", "i"),
    ("username", "u"),
    ("email", "e"),
    ("first_name", "f"),
    ("last_name", "l"),
    ("name", "n"),
    ("slug", "s"),
    ("description", "d"),
];
/// What the rest of the order amounts to: how many lines it has, its version, whether it can be
/// refunded, its payments, the oldest first.
const LINES: &str = "l";
const ORDER_VERSION: &str = "v";
const CAN_REFUND: &str = "r";
const PAYMENTS: &str = "p";
/// The most payments that a summary tells of, the newest: as many as statistics show.
const MAX_PAYMENTS: usize = 10;
/// Where whose it is stands in an item.
pub(super) const OWNER_PATHS: [&str; 2] = ["summary.u.i", "summary.s.i"];

/// What lists show of an order.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderSummary {
    /// Its id; not in the summary itself, but in the key that every index carries.
    #[serde(skip_deserializing, default = "no_order")]
    pub id: OrderId,
    /// `ORD-YYYYMMDD-NNNN`.
    pub order_number: String,
    /// Whose it is.
    pub user: User,
    /// Who sells it.
    pub store: StoreSnapshot,
    /// Where it stands.
    pub status: Status,
    /// How its money stands.
    pub payment_status: PaymentStatus,
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// What there is to pay, in the order's currency.
    pub total_amount: Decimal,
    /// In which currency.
    pub currency: Currency,
    /// The carrier's number.
    #[serde(default)]
    pub tracking_number: String,
    /// The payment's name elsewhere.
    #[serde(default)]
    pub payment_reference: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the store accepted it.
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// When it was handed to the carrier.
    #[serde(default)]
    pub shipped_at: Option<Timestamp>,
    /// When it arrived.
    #[serde(default)]
    pub delivered_at: Option<Timestamp>,
    /// How many changes it has had.
    #[serde(rename = "v")]
    pub version: u64,
    /// How many lines it has.
    #[serde(rename = "l")]
    pub item_count: u32,
    /// Whether it can be refunded.
    #[serde(rename = "r", default)]
    pub can_refund: bool,
    /// Its payments, the oldest first; the newest ten.
    #[serde(rename = "p", default)]
    pub payments: Vec<PaymentSummary>,
}

/// What statistics show of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentSummary {
    /// Its number within its order, from which its id follows.
    #[serde(rename = "n")]
    pub number: u16,
    /// Its name elsewhere, or a short one for people.
    #[serde(rename = "t")]
    pub transaction_id: String,
    /// How much, in the order's currency.
    #[serde(rename = "a")]
    pub amount: Decimal,
    /// Where it stands.
    #[serde(rename = "s")]
    pub status: PaymentState,
    /// When it was made.
    #[serde(rename = "c")]
    pub created_at: Timestamp,
}

impl OrderSummary {
    /// What the indexes will have of an order.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it cannot be told: never of an order that was read.
    pub fn of(order: &Order) -> Result<Self, TableError> {
        let mut fields = serde_dynamo::to_item(order).map_err(TableError::shape("an order"))?;
        let summary = take(order, &mut fields)?;
        let summary: Self =
            serde_dynamo::from_item(fields_of(summary)).map_err(TableError::shape("a summary"))?;
        Ok(Self { id: order.id, ..summary })
    }

    /// Its facets, which counters count by.
    #[must_use]
    pub const fn facets(&self) -> OrderFacets {
        OrderFacets {
            status: self.status,
            payment_status: self.payment_status,
            payment_method: self.payment_method,
            shipping_method: self.shipping_method,
            currency: self.currency,
        }
    }
}

fn no_order() -> OrderId {
    OrderId(uuid::Uuid::nil())
}

fn of_payment(payment: &Payment) -> PaymentSummary {
    PaymentSummary {
        number: payment.id.number().unwrap_or_default(),
        transaction_id: payment.transaction_id.clone(),
        amount: payment.amount,
        status: payment.status,
        created_at: payment.created_at,
    }
}

/// Takes what the summary holds out of an order's fields.
pub(super) fn take(order: &Order, fields: &mut Item) -> Result<Item, TableError> {
    let mut summary = Item::new();
    for (name, short) in NAMES {
        if let Some(value) = fields.remove(name) {
            summary.insert(short.to_owned(), with_parts(value, |(name, short)| (name, short)));
        }
    }
    summary.insert(ORDER_VERSION.into(), AttributeValue::N(order.version.to_string()));
    summary.insert(LINES.into(), AttributeValue::N(order.lines.len().to_string()));
    if order.can_refund() {
        summary.insert(CAN_REFUND.into(), AttributeValue::Bool(true));
    }
    if !order.payments.is_empty() {
        let newest = order.payments.iter().skip(order.payments.len().saturating_sub(MAX_PAYMENTS));
        let payments: Vec<PaymentSummary> = newest.map(of_payment).collect();
        let payments = serde_dynamo::to_attribute_value(payments).map_err(TableError::shape("a summary"))?;
        summary.insert(PAYMENTS.into(), payments);
    }
    Ok(summary)
}

/// What a summary holds of an order's fields, under their own names; what it derives from the rest
/// keeps its short name, under which an order knows nothing.
pub(super) fn fields_of(mut summary: Item) -> Item {
    let mut fields = Item::new();
    for (name, short) in NAMES {
        if let Some(value) = summary.remove(short) {
            fields.insert(name.to_owned(), with_parts(value, |(name, short)| (short, name)));
        }
    }
    fields.extend(summary);
    fields
}

/// A value whose parts, if it has any, have other names.
fn with_parts(
    value: AttributeValue,
    renaming: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> AttributeValue {
    let AttributeValue::M(mut parts) = value else { return value };
    let renamed = PART_NAMES.into_iter().map(renaming);
    let renamed = renamed.filter_map(|(from, to)| Some((to.to_owned(), parts.remove(from)?)));
    AttributeValue::M(renamed.collect())
}

/// Whose order an item's summary is of, and which store's.
pub(super) fn owners_of(summary: &Item) -> Option<(&str, &str)> {
    let id_of = |name: &str| Some(text(summary.get(name)?.as_m().ok()?, "i"));
    Some((id_of("u")?, id_of("s")?))
}

/// The summary that an index carries of an order.
pub fn summary_from_item(mut item: Item) -> Result<OrderSummary, TableError> {
    let id = keys::order_of(text(&item, keys::PK)).unwrap_or_else(no_order);
    let Some(AttributeValue::M(summary)) = item.remove(keys::SUMMARY) else {
        return Err(TableError::Shape {
            what: "a summary",
            source: serde::de::Error::missing_field(keys::SUMMARY),
        });
    };
    let summary: OrderSummary =
        serde_dynamo::from_item(fields_of(summary)).map_err(TableError::shape("a summary"))?;
    Ok(OrderSummary { id, ..summary })
}
