//! `GET /api/notifications/`

use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::pages::Links;
use oms_core::http::{ApiError, Caller, Page, PageRequest, Reply};
use oms_core::table::notifications::Notification;
use oms_core::views::time;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How deep a page may lie that is asked for by its number alone, in entries.
const DEEPEST: u64 = 10_000;

/// Something that a user should know.
#[derive(Clone, Debug, Serialize, ToSchema)]
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

/// What the caller should know, newest first.
#[utoipa::path(
    get, path = "/api/notifications/", tag = "notifications",
    params(
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<NotificationView>),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such page", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<NotificationView>>> {
    let user = &caller.user.id;
    let count = app.table().count_notifications(user).await? as u64;
    let number = request.resolve(count)?;
    let size = u64::from(request.size);
    let after = request.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    // With a cursor the page begins right there; without one the entries before are read over.
    let skipped = if after.is_some() { 0 } else { (number - 1) * size };
    if skipped > DEEPEST {
        return Err(ApiError::InvalidPage);
    }
    let limit = usize::try_from(skipped + size + 1).unwrap_or(usize::MAX);
    let found = app.table().newest_notifications(user, after, limit).await?;
    let mut page: Vec<_> = found.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect();
    let has_next = page.len() as u64 > size;
    page.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let cursor = page.last().map(|last| last.id.to_string());
    Ok(Json(Page {
        count,
        next: has_next.then(|| links.page(number + 1, cursor.as_deref())),
        previous: (number > 1).then(|| links.page(number - 1, None)),
        results: page.into_iter().map(NotificationView::from).collect(),
    }))
}
