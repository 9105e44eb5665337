//! `GET /api/order-items/{id}/`

use crate::{of_item, tagged};
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::views::item::ItemView;
use oms_http::{Authenticated, PathId, Reply};

/// An item.
#[utoipa::path(
    get, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    responses(Read<ItemView>),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<LineId>,
) -> Reply<Tagged<ItemView>> {
    let seen = app.orders(&caller).load(id.order()).await.map_err(of_item)?;
    Ok(tagged(&seen.order, id)?)
}
