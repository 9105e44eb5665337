//! `DELETE /api/orders/{id}/`

use axum::Json;
use oms_core::app::App;
use oms_domain::{Error, OrderId};
use oms_http::responses::Removed;
use oms_http::views::Deleted;
use oms_http::views::order::OrderView;
use oms_http::{Reply, Target};

/// Deletes an order, for admins: it is gone from every list, count and statistic, and what was not
/// shipped is back on the shelf. Its change records stay. One that holds money of the customer's
/// has to be refunded first.
#[utoipa::path(
    delete, path = "/api/orders/{id}/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        Removed<OrderView>,
        (status = 400, description = "It holds a payment, or one is on its way"),
        (status = 403, description = "The caller is no admin"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Target { caller, id, expected }: Target<OrderId>,
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
