//! `DELETE /api/orders/{id}/`

use axum::Json;
use oms_core::app::App;
use oms_domain::{Error, OrderId};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::Deleted;
use oms_http::{Authenticated, PathId, Reply};

/// Deletes an order, for admins: it is gone from every list, count and statistic, and what was not
/// shipped is back on the shelf. Its change records stay. One that holds money of the customer's has
/// to be refunded first.
#[utoipa::path(
    delete, path = "/api/orders/{id}/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 400, description = "It holds a payment, or one is on its way", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The caller is no admin", body = ErrorBody),
        (status = 404, description = "No such order for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<OrderId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    let deleted = app.orders(&caller).change(id, |seen, by| {
        if !caller.is_admin() {
            return Err(Error::Forbidden);
        }
        expected.check(seen.order.version)?;
        Ok(seen.order.delete(by)?)
    });
    deleted.await?;
    Ok(Json(Deleted { message: "Order deleted successfully" }))
}
