//! What is kept of a person, as they are handed it.

use crate::addresses::view::AddressView;
use oms_domain::{Order, UserId};
use oms_http::views::details::UserDetails;
use oms_http::views::history::ChangeView;
use oms_http::views::order::OrderView;
use oms_http::views::{optional_time, time};
use oms_table::notifications::Notification;
use oms_table::notifications::subscriptions::SubscriptionRecord;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of all that is kept of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PersonalExport {
    /// Whose it is.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    pub(super) user: String,
    /// Who they were when they placed their last order; null where there is none, and on all pages
    /// but the first.
    pub(super) profile: Option<UserDetails>,
    /// Their addresses, all on the first page.
    pub(super) addresses: Vec<AddressView>,
    /// The endpoints that they have subscribed to events, all on the first page.
    pub(super) subscriptions: Vec<ExportedSubscription>,
    /// What they have been told, the newest first.
    pub(super) notifications: Vec<ExportedNotification>,
    /// Their orders, the oldest first, those that were deleted last.
    pub(super) orders: Vec<ExportedOrder>,
    /// The next page; null on the last.
    pub(super) next: Option<String>,
}

impl PersonalExport {
    /// An empty page.
    pub(super) fn of(person: &UserId) -> Self {
        Self {
            user: person.0.clone(),
            profile: None,
            addresses: Vec::new(),
            subscriptions: Vec::new(),
            notifications: Vec::new(),
            orders: Vec::new(),
            next: None,
        }
    }
}

/// An endpoint that a person has subscribed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExportedSubscription {
    /// How the endpoint is told.
    #[schema(example = "email")]
    protocol: &'static str,
    /// Where.
    #[schema(example = "orders@shop.example.com")]
    endpoint: String,
    /// What it hears of.
    #[schema(example = json!(["order.confirmed", "order.shipped"]))]
    event_types: Vec<&'static str>,
    /// The store whose events it hears of; null for all.
    store: Option<Uuid>,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
}

impl From<&SubscriptionRecord> for ExportedSubscription {
    fn from(record: &SubscriptionRecord) -> Self {
        let subscription = &record.subscription;
        Self {
            protocol: subscription.protocol.as_str(),
            endpoint: subscription.endpoint.clone(),
            event_types: subscription.event_types.iter().map(|event_type| event_type.as_str()).collect(),
            store: subscription.store.map(|store| store.0),
            created_at: time(subscription.created_at),
        }
    }
}

/// Something that a person has been told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExportedNotification {
    /// Which order it is about.
    order: Uuid,
    /// A few words.
    #[schema(example = "Order shipped")]
    title: String,
    /// A sentence.
    #[schema(example = "Your order ORD-20261122-0001 has been shipped.")]
    message: String,
    /// Whether they have read it.
    is_read: bool,
    /// When it happened.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
}

impl From<Notification> for ExportedNotification {
    fn from(notification: Notification) -> Self {
        Self {
            order: notification.order.0,
            title: notification.title,
            message: notification.message,
            is_read: notification.is_read,
            created_at: time(notification.created_at),
        }
    }
}

/// An order of a person, with its payments and what happened to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExportedOrder {
    /// The order as it is now.
    order: OrderView,
    /// When it was deleted; null where it is still there.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    deleted_at: Option<String>,
    /// Every change of it, the oldest first; the next page goes on where it is too long for one.
    pub(super) history: Vec<ChangeView>,
}

impl ExportedOrder {
    /// An order, yet without its history.
    pub(super) fn new(order: &Order) -> Self {
        Self {
            order: OrderView::new(order, false),
            deleted_at: optional_time(order.deleted_at),
            history: Vec::new(),
        }
    }
}
