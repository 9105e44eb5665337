//! `GET /api/addresses/`

use super::view::AddressView;
use crate::listing::{self, Entry};
use axum::Json;
use oms_core::app::App;
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};
use oms_table::catalog::addresses::BookEntry;

/// The caller's own addresses, newest first, also for staff, who name another user by `user`.
#[utoipa::path(
    get, path = "/api/addresses/", tag = "addresses",
    params(
        ("user" = Option<String>, Query, description = "For staff: whose addresses, by the subject of their token"),
        ("search" = Option<String>, Query, description = "Terms that the name, the first line, the town or the postal code must contain"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `name`, with `-` for descending"),
    ),
    responses(Listed<Page<AddressView>>),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<AddressView>>> {
    let asked = if caller.is_staff() { query.user("user")? } else { None };
    let user = asked.unwrap_or(caller.user.id);
    let book = app.table().addresses(&user).await?;
    let entries = book.iter().map(entry).collect();
    Ok(Json(listing::found(entries, &query, &request)?.page(|shown| Some(shown.clone()), &links)))
}

fn entry(entry: &BookEntry) -> Entry<AddressView> {
    let address = &entry.record.entity.address;
    let searched = [&address.full_name, &address.address_line1, &address.city, &address.postal_code];
    Entry {
        id: address.id.0,
        name: address.full_name.clone(),
        created_at: entry.record.entity.created_at,
        searched: searched.map(Clone::clone).to_vec(),
        shown: AddressView::from(entry),
    }
}
