//! `GET /api/orders/{id}/history/`

use axum::Json;
use oms_core::app::App;
use oms_core::lists::paging::{CursorBound, cut};
use oms_domain::OrderId;
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::views::history::ChangeView;
use oms_http::{Authenticated, Page, PageRequest, PathId, Reply};

/// Everything that ever happened to an order, oldest first. Admins are also told what happened to
/// one that has been deleted.
#[utoipa::path(
    get, path = "/api/orders/{id}/history/", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
    ),
    responses(
        Listed<Page<ChangeView>>,
        (status = 404, description = "No such order for the caller, or no such page"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn history(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<OrderId>,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<ChangeView>>> {
    let seen = app.orders(&caller).load_history(id).await?;
    let at = CursorBound::read(&request, |text| text.parse::<u64>().ok())?;
    let changes = seen.order.history().into_iter().map(|change| (change.version, change));
    let cut = cut(changes.collect(), u64::cmp, &request, at.as_ref())?;
    let ends = cut.ends(|change| change.version.to_string());
    let shown = cut.listed.iter().map(|change| (change.version.to_string(), ChangeView::from(change)));
    Ok(Json(cut.page(ends, shown.collect(), &links)))
}
