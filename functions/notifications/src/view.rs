//! A notification, as clients see it.

use oms_http::views::time;
use oms_table::notifications::Notification;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that a user should know.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationView {
    /// Its id.
    id: Uuid,
    /// Which order it is about.
    order: Uuid,
    /// A few words.
    #[schema(example = "Order shipped")]
    title: String,
    /// A sentence.
    #[schema(example = "Your order ORD-20261122-0001 has been shipped.")]
    message: String,
    /// What it is about.
    #[schema(example = "shipping_update")]
    notification_type: &'static str,
    /// How good the news is: `info`, `success` or `warning`.
    #[schema(example = "info")]
    level: &'static str,
    /// Where to read more: the order's path.
    #[schema(example = "/api/orders/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000/")]
    link: String,
    /// Whether the user has read it.
    is_read: bool,
    /// When it happened.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
}

impl From<Notification> for NotificationView {
    fn from(notification: Notification) -> Self {
        Self {
            id: notification.id.0,
            order: notification.order.0,
            title: notification.title,
            message: notification.message,
            notification_type: notification.notification_type.as_str(),
            level: notification.level.as_str(),
            link: notification.link,
            is_read: notification.is_read,
            created_at: time(notification.created_at),
        }
    }
}
