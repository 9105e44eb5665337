//! `GET /api/notifications/`

use crate::view::NotificationView;
use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::pages::Links;
use oms_core::http::{ApiError, Caller, Page, PageRequest, Query, Reply};
use oms_core::sorted::{At, Window};
use oms_core::table::notifications::{Start, Wanted};
use oms_domain::NotificationId;

/// How deep in its month a page may lie that is asked for by its number alone, in entries.
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
    let at = At::read(&request, |id| id.parse::<NotificationId>().ok())?;
    let mut window = Window::of(inbox.count(wanted), &request, at.as_ref())?;
    let from = match at {
        Some(At::After(id)) => Start::OlderThan(id),
        Some(At::Before(id)) => Start::NewerThan(id),
        None => {
            let (from, left) = inbox.jump(wanted, window.from_end, window.skipped);
            window.skipped = left;
            from
        }
    };
    if window.skipped > DEEPEST {
        let words = format!(
            "More than {DEEPEST} notifications of its month lie before this page: follow next or previous."
        );
        return Err(ApiError::field("page", words));
    }
    let found = app.table().notifications(user, &inbox, wanted, from, window.reach(), now).await?;
    let cut = window.cut(found);
    let ends = cut.ends(|one| one.id.to_string());
    let shown = cut.listed.iter().cloned().map(NotificationView::from).collect();
    Ok(Json(cut.page(ends, shown, &links)))
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
