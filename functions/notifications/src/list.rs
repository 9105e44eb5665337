//! `GET /api/notifications/`

use crate::view::NotificationView;
use axum::Json;
use oms_core::app::App;
use oms_core::lists::paging::{ByTime, CursorBound, Sorting, Window};
use oms_domain::{Error, NotificationId, Outcome};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::search::contains_all;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};
use oms_table::notifications::{Notification, Start, Wanted};

/// How deep in its month a page may lie that is asked for by its number alone, in entries.
const DEEPEST: u64 = 10_000;

/// How many notifications are looked through for those that a search finds.
const MOST_SEARCHED: usize = 10_000;

/// What the caller should know, newest first. Notifications are kept for a year, to the end of its
/// month.
#[utoipa::path(
    get, path = "/api/notifications/", tag = "notifications",
    params(
        ("is_read" = Option<bool>, Query, description = "Only those that are read, or that are not"),
        ("notification_type" = Option<String>, Query, description = "Only those about this, such as `shipping_update`"),
        ("search" = Option<String>, Query, description = "Terms that the title or the message, which names the order's number, must contain"),
        ("ordering" = Option<String>, Query, description = "`created_at`, or `-created_at`, which it is unless said otherwise"),
    ),
    responses(
        Listed<Page<NotificationView>>,
        (status = 400, description = "A filter is no choice, or there are too many to search"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<NotificationView>>> {
    let wanted = wanted(&query)?;
    let (user, now) = (&caller.user.id, app.now());
    let inbox = app.table().inbox(user, now).await?;
    let by = Sorting::<ByTime>::read(&query);
    let terms = query.search_terms();
    if !terms.is_empty() {
        let all =
            app.table().notifications(user, &inbox, wanted, Start::Newest, MOST_SEARCHED + 1, now).await?;
        return Ok(Json(found_page(all, &terms, &by, &request, &links)?));
    }
    let at = CursorBound::read(&request, |id| id.parse::<NotificationId>().ok())?;
    let mut window = Window::of(inbox.count(wanted), &request, at.as_ref())?;
    let from = match at {
        Some(CursorBound::After(id)) if by.descends => Start::OlderThan(id),
        Some(CursorBound::Before(id)) if !by.descends => Start::OlderThan(id),
        Some(CursorBound::After(id) | CursorBound::Before(id)) => Start::NewerThan(id),
        None => {
            let oldest_first = window.from_end == by.descends;
            let (from, left) = inbox.jump(wanted, oldest_first, window.skipped);
            window.skipped = left;
            from
        }
    };
    if window.skipped > DEEPEST {
        let words = format!(
            "More than {DEEPEST} notifications of its month lie before this page: follow next or previous."
        );
        return Err(Error::field("page", words).into());
    }
    let found = app.table().notifications(user, &inbox, wanted, from, window.reach(), now).await?;
    let cut = window.cut(found);
    let ends = cut.ends(|one| one.id.to_string());
    let shown =
        cut.listed.iter().cloned().map(|one| (one.id.to_string(), NotificationView::from(one))).collect();
    Ok(Json(cut.page(ends, shown, &links)))
}

/// A page of those that contain every term.
fn found_page(
    all: Vec<Notification>,
    terms: &[String],
    by: &Sorting<ByTime>,
    request: &PageRequest,
    links: &Links,
) -> Outcome<Page<NotificationView>> {
    if all.len() > MOST_SEARCHED {
        let words = format!("More than {MOST_SEARCHED} notifications to search: narrow the filter.");
        return Err(Error::field("search", words));
    }
    let place = |one: &Notification| by.place_in_time(one.created_at, one.id.0);
    let found = all.into_iter().filter(|one| contains_all([&*one.title, &*one.message], terms));
    let cut = by.cut(found.map(|one| (place(&one), one)).collect(), request, by.at(request)?.as_ref())?;
    let shown = cut.listed.iter().map(|one| (place(one), NotificationView::from(one.clone()))).collect();
    Ok(by.page(&cut, cut.ends(place), shown, links))
}

/// Reads the filters.
fn wanted(query: &Query) -> Outcome<Wanted> {
    let is_read = query.flag("is_read");
    let kind = query.choice("notification_type", |word| word.parse().ok())?;
    Ok(Wanted { is_read, kind })
}
