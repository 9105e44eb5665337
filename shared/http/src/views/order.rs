//! An order, as clients see it: in full, and as an entry of a list.

use super::details::{AddressDetails, StoreDetails, UserDetails};
use super::item::ItemView;
use super::payment::PaymentView;
use super::{money, optional_time, time};
use oms_domain::order::Rating;
use oms_domain::{Decimal, Order, OrderSummary, Status};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the customer thought of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RatingView {
    /// From 1, bad, to 5, good.
    #[schema(minimum = 1, maximum = 5, example = 5)]
    pub rating: u8,
    /// In their words.
    #[schema(example = "Arrived a day early")]
    pub comment: String,
    /// When they said so.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
}

/// An order in full.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderView {
    /// What paths name the order by.
    pub id: Uuid,
    /// Whose it is.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    pub user: String,
    /// What they are called.
    #[schema(example = "ada")]
    pub user_username: String,
    /// Where mail reaches them.
    #[schema(example = "ada@example.com")]
    pub user_email: String,
    /// The user as they were when it was placed.
    pub user_details: UserDetails,
    /// Who sells it.
    pub store: Uuid,
    /// The store's name then.
    #[schema(example = "Mugs & More")]
    pub store_name: String,
    /// The store as it was then.
    pub store_details: StoreDetails,
    /// `ORD-YYYYMMDD-NNNN`, unique.
    #[schema(example = "ORD-20261122-0001")]
    pub order_number: String,
    /// The client's own name for the customer.
    #[schema(example = "CUST123")]
    pub customer_id: String,
    /// Where it stands.
    #[schema(example = "pending")]
    pub status: &'static str,
    /// The same for people.
    #[schema(example = "Pending")]
    pub status_display: &'static str,
    /// How its money stands; follows the payments.
    #[schema(example = "pending")]
    pub payment_status: &'static str,
    /// The same for people.
    #[schema(example = "Pending")]
    pub payment_status_display: &'static str,
    /// What the customer said they would pay with.
    #[schema(example = "credit_card")]
    pub payment_method: &'static str,
    /// The same for people.
    #[schema(example = "Credit Card")]
    pub payment_method_display: &'static str,
    /// The payment's name elsewhere.
    pub payment_reference: String,
    /// The lines' totals together, in the order's `currency`, as every amount here.
    #[schema(example = "59.98")]
    pub subtotal: String,
    /// Tax on the subtotal less the discount, rounded half up to the currency's digits.
    #[schema(example = "6.00")]
    pub tax_amount: String,
    /// The store's price for the shipping method.
    #[schema(example = "10.00")]
    pub shipping_cost: String,
    /// What staff took off, at most subtotal and shipping.
    #[schema(example = "0.00")]
    pub discount_amount: String,
    /// What there is to pay: subtotal + tax + shipping − discount.
    #[schema(example = "75.98")]
    pub total_amount: String,
    /// The currency of all amounts, ISO 4217.
    #[schema(example = "USD")]
    pub currency: &'static str,
    /// Where it goes.
    pub shipping_address: Uuid,
    /// That address as it was when it was placed.
    pub shipping_address_details: AddressDetails,
    /// Where the bill goes, if elsewhere.
    pub billing_address: Option<Uuid>,
    /// That address as it was when it was placed.
    pub billing_address_details: Option<AddressDetails>,
    /// How it travels.
    #[schema(example = "standard")]
    pub shipping_method: &'static str,
    /// The same for people.
    #[schema(example = "Standard Shipping")]
    pub shipping_method_display: &'static str,
    /// The carrier's number.
    #[schema(example = "1Z999AA10123456784")]
    pub tracking_number: String,
    /// When it should arrive.
    #[schema(example = "2026-11-25T12:00:00.000000Z")]
    pub estimated_delivery: Option<String>,
    /// The customer's notes.
    #[schema(example = "Please deliver after 6 PM")]
    pub notes: String,
    /// For the courier.
    pub special_instructions: String,
    /// The customer's language.
    #[schema(example = "en")]
    pub language: String,
    /// What the client keeps with it.
    #[schema(value_type = Object)]
    pub extra_data: Map<String, Value>,
    /// When it was placed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub updated_at: String,
    /// When the store accepted it.
    pub confirmed_at: Option<String>,
    /// When it was handed to the carrier.
    pub shipped_at: Option<String>,
    /// When it arrived.
    pub delivered_at: Option<String>,
    /// When it was called off.
    pub cancelled_at: Option<String>,
    /// What was bought.
    pub items: Vec<ItemView>,
    /// Whether the caller may cancel it now.
    pub can_cancel: bool,
    /// Whether it can be refunded now.
    pub can_refund: bool,
    /// Whether it is paid, and not all of that has gone back.
    pub is_paid: bool,
    /// Whether it has left the store.
    pub is_shipped: bool,
    /// Whether it has arrived.
    pub is_delivered: bool,
    /// Whether it was called off.
    pub is_cancelled: bool,
    /// What the customer thought of it, once they said so.
    pub rating: Option<RatingView>,
    /// Its payments, oldest first.
    pub payments: Vec<PaymentView>,
    /// How many changes it has had.
    #[schema(example = 1)]
    pub version: u64,
}

/// An order as an entry of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderListView {
    /// What paths name the order by.
    pub id: Uuid,
    /// `ORD-YYYYMMDD-NNNN`, unique.
    #[schema(example = "ORD-20261122-0001")]
    pub order_number: String,
    /// Whose it is.
    pub user: String,
    /// What they are called.
    #[schema(example = "ada")]
    pub user_username: String,
    /// The user as they were when it was placed.
    pub user_details: UserDetails,
    /// Who sells it.
    pub store: Uuid,
    /// The store's name then.
    #[schema(example = "Mugs & More")]
    pub store_name: String,
    /// The store as it was then.
    pub store_details: StoreDetails,
    /// Where it stands.
    #[schema(example = "pending")]
    pub status: &'static str,
    /// The same for people.
    #[schema(example = "Pending")]
    pub status_display: &'static str,
    /// How its money stands.
    #[schema(example = "pending")]
    pub payment_status: &'static str,
    /// The same for people.
    #[schema(example = "Pending")]
    pub payment_status_display: &'static str,
    /// What it is paid with.
    #[schema(example = "credit_card")]
    pub payment_method: &'static str,
    /// How it travels.
    #[schema(example = "standard")]
    pub shipping_method: &'static str,
    /// What there is to pay, in its `currency`.
    #[schema(example = "75.98")]
    pub total_amount: String,
    /// In which currency.
    #[schema(example = "USD")]
    pub currency: &'static str,
    /// The carrier's number.
    pub tracking_number: String,
    /// When it was placed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub updated_at: String,
    /// How many lines it has.
    #[schema(example = 1)]
    pub item_count: u32,
    /// Whether the caller may cancel it now.
    pub can_cancel: bool,
    /// Whether it can be refunded now.
    pub can_refund: bool,
    /// Whether it is paid, and not all of that has gone back.
    pub is_paid: bool,
}

impl From<&Rating> for RatingView {
    fn from(rating: &Rating) -> Self {
        Self { rating: rating.stars, comment: rating.comment.clone(), created_at: time(rating.created_at) }
    }
}

impl OrderView {
    /// An order, for a caller who runs it (`manages`) or whose it is.
    #[must_use]
    pub fn new(order: &Order, manages: bool) -> Self {
        // Every field stands here by name, so that the compiler asks what clients see of a new one.
        #[rustfmt::skip]
        let Order {
            id, version, order_number, user, store, customer_id, status, status_since: _,
            payment_status, payment_method, payment_reference, subtotal, tax_rate: _,
            tax_amount, shipping_cost, discount_amount, total_amount, currency,
            shipping_address, billing_address, shipping_method, tracking_number,
            estimated_delivery, notes, special_instructions, language, extra_data, created_at,
            updated_at, confirmed_at, shipped_at, delivered_at, cancelled_at, deleted_at: _, erased_at: _,
            unpaid_limits: _, rating, lines, lines_made: _, payments, payments_made: _, log: _,
            stored: _,
        } = order;
        let amount = |amount: &Decimal| money(*amount, *currency);
        Self {
            id: id.0,
            user: user.id.0.clone(),
            user_username: user.username.clone(),
            user_email: user.email.clone(),
            user_details: UserDetails::from(user),
            store: store.id.0,
            store_name: store.name.clone(),
            store_details: StoreDetails::from(store),
            order_number: order_number.clone(),
            customer_id: customer_id.clone(),
            status: status.as_str(),
            status_display: status.label(),
            payment_status: payment_status.as_str(),
            payment_status_display: payment_status.label(),
            payment_method: payment_method.as_str(),
            payment_method_display: payment_method.label(),
            payment_reference: payment_reference.clone(),
            subtotal: amount(subtotal),
            tax_amount: amount(tax_amount),
            shipping_cost: amount(shipping_cost),
            discount_amount: amount(discount_amount),
            total_amount: amount(total_amount),
            currency: currency.code(),
            shipping_address: shipping_address.id.0,
            shipping_address_details: AddressDetails::from(shipping_address),
            billing_address: billing_address.as_ref().map(|address| address.id.0),
            billing_address_details: billing_address.as_ref().map(AddressDetails::from),
            shipping_method: shipping_method.as_str(),
            shipping_method_display: shipping_method.label(),
            tracking_number: tracking_number.clone(),
            estimated_delivery: optional_time(*estimated_delivery),
            notes: notes.clone(),
            special_instructions: special_instructions.clone(),
            language: language.clone(),
            extra_data: extra_data.clone(),
            created_at: time(*created_at),
            updated_at: time(*updated_at),
            confirmed_at: optional_time(*confirmed_at),
            shipped_at: optional_time(*shipped_at),
            delivered_at: optional_time(*delivered_at),
            cancelled_at: optional_time(*cancelled_at),
            items: lines.iter().map(|line| ItemView::new(order, line)).collect(),
            can_cancel: order.can_cancel(manages),
            can_refund: order.can_refund(),
            is_paid: payment_status.is_paid(),
            is_shipped: status.is_shipped(),
            is_delivered: *status == Status::Delivered,
            is_cancelled: *status == Status::Cancelled,
            rating: rating.as_ref().map(RatingView::from),
            payments: payments.iter().map(|p| PaymentView::new(order, p)).collect(),
            version: *version,
        }
    }
}

impl OrderListView {
    /// An entry of a list, for a caller who runs the order (`manages`) or whose it is.
    #[must_use]
    pub fn new(order: &OrderSummary, manages: bool) -> Self {
        // As above.
        #[rustfmt::skip]
        let OrderSummary {
            id, order_number, user, store, status, payment_status, payment_method,
            payment_reference: _, shipping_method, total_amount, currency, tracking_number,
            created_at, updated_at, confirmed_at: _, shipped_at: _, delivered_at: _, version: _,
            item_count, can_refund, payments: _,
        } = order;
        Self {
            id: id.0,
            order_number: order_number.clone(),
            user: user.id.0.clone(),
            user_username: user.username.clone(),
            user_details: UserDetails::from(user),
            store: store.id.0,
            store_name: store.name.clone(),
            store_details: StoreDetails::from(store),
            status: status.as_str(),
            status_display: status.label(),
            payment_status: payment_status.as_str(),
            payment_status_display: payment_status.label(),
            payment_method: payment_method.as_str(),
            shipping_method: shipping_method.as_str(),
            total_amount: money(*total_amount, *currency),
            currency: currency.code(),
            tracking_number: tracking_number.clone(),
            created_at: time(*created_at),
            updated_at: time(*updated_at),
            item_count: *item_count,
            can_cancel: status.can_cancel(manages),
            can_refund: *can_refund,
            is_paid: payment_status.is_paid(),
        }
    }
}
