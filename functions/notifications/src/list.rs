//! `GET /api/notifications/`

use crate::view::NotificationView;
use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::pages::Links;
use oms_core::http::{ApiError, Caller, Page, PageRequest, Query, Reply};
use oms_core::table::notifications::Wanted;

/// How deep a page may lie that is asked for by its number alone, in entries.
const DEEPEST: u64 = 10_000;

/// What the caller should know, newest first. Notifications are kept for a year, to the end of its
/// month.
#[utoipa::path(
    get, path = "/api/notifications/", tag = "notifications",
    params(
        ("is_read" = Option<bool>, Query, description = "Only those that are read, or that are not"),
        ("notification_type" = Option<String>, Query, description = "Only those about this, such as `shipping_update`"),
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<NotificationView>),
        (status = 400, description = "A filter is no choice", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such page", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<NotificationView>>> {
    let wanted = wanted(&query)?;
    let (user, now) = (&caller.user.id, app.now());
    let inbox = app.table().inbox(user, now).await?;
    let count = inbox.count(wanted);
    let number = request.resolve(count)?;
    let size = u64::from(request.size);
    let after = request.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    // With a cursor the page begins right there; without one the entries before are read over.
    let skipped = if after.is_some() { 0 } else { (number - 1) * size };
    if skipped > DEEPEST {
        return Err(ApiError::InvalidPage);
    }
    let limit = usize::try_from(skipped + size + 1).unwrap_or(usize::MAX);
    let found = app.table().newest_notifications(user, &inbox, wanted, after, limit, now).await?;
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

/// Reads the filters. An `is_read` that is neither `true` nor `false` filters nothing, as
/// django-filter has it.
fn wanted(query: &Query) -> Reply<Wanted> {
    let is_read = query.filled("is_read").and_then(|word| match word.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    });
    let kind = query.choice("notification_type", |word| word.parse().ok())?;
    Ok(Wanted { is_read, kind })
}
