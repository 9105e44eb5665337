//! `DELETE /api/order-items/{id}/`

use crate::{not_found, of_item};
use axum::Json;
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::Deleted;
use oms_http::{Authenticated, PathId, Reply};

/// Takes an item out of a pending order: puts its stock back, reprices the order, and a pending
/// payment's amount follows, all or nothing. An order keeps one item at least.
#[utoipa::path(
    delete, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 400, description = "It is the last one, or the order's items are fixed", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such item for the caller", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<LineId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    let deleted = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.line(id).ok_or_else(not_found)?;
        expected.check(seen.order.version)?;
        Ok(seen.order.remove_line(id, by)?)
    });
    deleted.await.map_err(of_item)?;
    Ok(Json(Deleted { message: "Order item deleted successfully" }))
}
