//! `out_for_delivery_order/`

use super::act;
use crate::Shown;
use oms_core::app::App;
use oms_domain::{Order, OrderId};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::order::OrderView;
use oms_http::{Authenticated, PathId, Reply, UnusedBody};

/// The courier sets out with an order: shipped → out_for_delivery.
#[utoipa::path(
    patch, path = "/api/orders/{id}/out_for_delivery_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The order as it is now", body = OrderView),
        (status = 400, description = "Its status does not allow it", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The caller does not run the order", body = ErrorBody),
        (status = 404, description = "No such order for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn out_for_delivery_order(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<OrderId>,
    expected: IfMatch,
    _: UnusedBody,
) -> Reply<Shown> {
    Ok(act(&app, &caller, id, &expected, Order::send_out_for_delivery).await?)
}
