//! `DELETE /api/order-items/{id}/`

use crate::{not_found, of_item};
use axum::Json;
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::responses::Removed;
use oms_http::views::Deleted;
use oms_http::views::item::ItemView;
use oms_http::{Reply, Target};

/// Takes an item out of a pending order: puts its stock back, reprices the order, and a pending
/// payment's amount follows, all or nothing. An order keeps one item at least.
#[utoipa::path(
    delete, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    responses(
        Removed<ItemView>,
        (status = 400, description = "It is the last one, or the order's items are fixed"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Target { caller, id, expected }: Target<LineId>,
) -> Reply<Json<Deleted>> {
    let deleted = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.line(id).ok_or_else(not_found)?;
        expected.check(seen.order.version)?;
        Ok(seen.order.remove_line(id, by)?)
    });
    deleted.await.map_err(of_item)?;
    Ok(Json(Deleted { message: "Order item deleted successfully" }))
}
