//! `GET /api/order-items/{id}/`

use crate::{Shown, of_item, show};
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::error::ErrorBody;
use oms_http::views::item::ItemView;
use oms_http::{Authenticated, PathId, Reply};

/// An item.
#[utoipa::path(
    get, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    responses(
        (status = 200, description = "The item", body = ItemView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such item for the caller", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<LineId>,
) -> Reply<Shown> {
    let seen = app.orders(&caller).load(id.order()).await.map_err(of_item)?;
    Ok(show(&seen.order, id)?)
}
