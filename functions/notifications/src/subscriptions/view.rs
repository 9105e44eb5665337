//! A subscription, as clients see it.

use oms_http::views::time;
use oms_table::notifications::subscriptions::SubscriptionRecord;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who hears of which events.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionView {
    /// Its id.
    id: Uuid,
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
    /// `pending` until the endpoint has agreed, `confirmed`, or `unsubscribed` where it no longer
    /// hears.
    #[schema(example = "pending")]
    status: &'static str,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    updated_at: String,
}

impl From<&SubscriptionRecord> for SubscriptionView {
    fn from(record: &SubscriptionRecord) -> Self {
        let subscription = &record.subscription;
        Self {
            id: subscription.id.0,
            protocol: subscription.protocol.as_str(),
            endpoint: subscription.endpoint.clone(),
            event_types: subscription.event_types.iter().map(|event_type| event_type.as_str()).collect(),
            store: subscription.store.map(|store| store.0),
            status: record.status.as_str(),
            created_at: time(subscription.created_at),
            updated_at: time(subscription.updated_at),
        }
    }
}
