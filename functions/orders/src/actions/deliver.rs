//! `deliver_order/`

use super::act;
use oms_core::app::App;
use oms_domain::{Order, OrderId};
use oms_http::Tagged;
use oms_http::responses::{Changed, ManagersOnly};
use oms_http::views::order::OrderView;
use oms_http::{Reply, Target, UnusedBody};

/// The customer has an order: shipped or out_for_delivery → delivered.
#[utoipa::path(
    patch, path = "/api/orders/{id}/deliver_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        Changed<OrderView>, ManagersOnly,
        (status = 400, description = "Its status does not allow it"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn deliver_order(
    app: App,
    Target { caller, id, expected }: Target<OrderId>,
    _: UnusedBody,
) -> Reply<Tagged<OrderView>> {
    Ok(act(&app, &caller, id, &expected, Order::deliver).await?)
}
