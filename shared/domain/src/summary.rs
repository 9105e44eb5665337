//! What lists and statistics show of an order and of a payment without reading the order itself.

use crate::order::StoreSnapshot;
use crate::tally::{OrderFacets, PaymentFacets};
use crate::{
    Currency, Decimal, Order, OrderId, Payment, PaymentId, PaymentMethod, PaymentState, PaymentStatus,
    ShippingMethod, Status, StoreId, User,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most payments that a summary tells of, the newest: as many as statistics show.
pub const MAX_PAYMENTS: usize = 10;

/// What lists show of an order. The short names are those it is stored by.
#[derive(Clone, Debug, PartialEq, Deserialize)]
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
    /// What there is to pay, in `currency`, rounded to its digits.
    pub total_amount: Decimal,
    /// The currency of every amount of the order.
    pub currency: Currency,
    /// The carrier's number; empty until there is one.
    #[serde(default)]
    pub tracking_number: String,
    /// The payment's name elsewhere; empty until there is one.
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
    /// Its payments, the oldest first; the newest [`MAX_PAYMENTS`].
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
    /// How much, in the order's currency, rounded to its digits.
    #[serde(rename = "a")]
    pub amount: Decimal,
    /// Where it stands.
    #[serde(rename = "s")]
    pub status: PaymentState,
    /// When it was made.
    #[serde(rename = "c")]
    pub created_at: Timestamp,
}

/// What an entry in a list of payments tells before the payment's order is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentEntry {
    /// Which payment.
    pub id: PaymentId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What lists filter by.
    pub facets: PaymentFacets,
    /// How much, in the order's currency, rounded to its digits.
    pub amount: Decimal,
    /// Whose shop.
    pub store: StoreId,
    /// The order's number, as people know it.
    pub order_number: String,
    /// The gateway's name for it, empty until there is one.
    pub transaction_id: String,
}

/// The id that stands where the summary's reader has yet to put the order's own.
#[must_use]
pub fn no_order() -> OrderId {
    OrderId(uuid::Uuid::nil())
}

impl OrderSummary {
    /// What lists will show of an order.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            id: order.id,
            order_number: order.order_number.clone(),
            user: order.user.clone(),
            store: order.store.clone(),
            status: order.status,
            payment_status: order.payment_status,
            payment_method: order.payment_method,
            shipping_method: order.shipping_method,
            total_amount: order.total_amount,
            currency: order.currency,
            tracking_number: order.tracking_number.clone(),
            payment_reference: order.payment_reference.clone(),
            created_at: order.created_at,
            updated_at: order.updated_at,
            confirmed_at: order.confirmed_at,
            shipped_at: order.shipped_at,
            delivered_at: order.delivered_at,
            version: order.version,
            item_count: u32::try_from(order.lines.len()).unwrap_or(u32::MAX),
            can_refund: order.can_refund(),
            payments: newest_payments(order).map(PaymentSummary::of).collect(),
        }
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

/// The payments that an order's summary tells of.
pub fn newest_payments(order: &Order) -> impl Iterator<Item = &Payment> {
    order.payments.iter().skip(order.payments.len().saturating_sub(MAX_PAYMENTS))
}

impl PaymentSummary {
    /// What statistics will show of a payment.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        Self {
            number: payment.id.number().unwrap_or_default(),
            transaction_id: payment.transaction_id.clone(),
            amount: payment.amount,
            status: payment.status,
            created_at: payment.created_at,
        }
    }
}

impl PaymentEntry {
    /// The entry of a payment of an order.
    #[must_use]
    pub fn of(order: &Order, payment: &Payment) -> Self {
        Self {
            id: payment.id,
            created_at: payment.created_at,
            facets: PaymentFacets {
                status: payment.status,
                payment_method: payment.payment_method,
                currency: order.currency,
                attention: payment.needs_attention(),
            },
            amount: payment.amount,
            store: order.store.id,
            order_number: order.order_number.clone(),
            transaction_id: payment.transaction_id.clone(),
        }
    }
}
