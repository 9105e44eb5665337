//! Lists of orders.

use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::pages::Links;
use oms_core::http::{Caller, Page, PageRequest, Reply};
use oms_core::order_lists::Which;
use oms_core::views::order::OrderListView;
use oms_domain::Status;

/// The orders that the caller may see, newest first: their own; a vendor's also those of their
/// stores; for staff all.
#[utoipa::path(
    get, path = "/api/orders/", tag = "orders",
    params(
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<OrderListView>),
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
) -> Reply<Json<Page<OrderListView>>> {
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_orders(&caller, &visible, Which::All, &request, &links).await?))
}

/// The caller's own orders, newest first, also for staff.
#[utoipa::path(
    get, path = "/api/orders/my_orders/", tag = "orders",
    params(
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<OrderListView>),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such page", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn my_orders(
    State(app): State<App>,
    caller: Caller,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<OrderListView>>> {
    let own = app.own_orders(&caller);
    Ok(Json(app.page_of_orders(&caller, &own, Which::All, &request, &links).await?))
}

/// The orders of the last 30 days that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/orders/recent_orders/", tag = "orders",
    params(
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<OrderListView>),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such page", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn recent_orders(
    State(app): State<App>,
    caller: Caller,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<OrderListView>>> {
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_orders(&caller, &visible, app.recent(), &request, &links).await?))
}

/// The pending orders that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/orders/pending_orders/", tag = "orders",
    params(
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<OrderListView>),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such page", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn pending_orders(
    State(app): State<App>,
    caller: Caller,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<OrderListView>>> {
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_orders(&caller, &visible, Which::OfStatus(Status::Pending), &request, &links).await?))
}
