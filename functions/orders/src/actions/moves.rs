//! The actions that only move an order on: `confirm_order/`, `process_order/`,
//! `out_for_delivery_order/` and `deliver_order/`.

use super::act;
use oms_core::app::App;
use oms_domain::OrderId;
use oms_http::Tagged;
use oms_http::responses::{Changed, ManagersOnly};
use oms_http::views::order::OrderView;
use oms_http::{Reply, Target, UnusedBody};

/// The store accepts an order: pending → confirmed.
#[utoipa::path(
    patch, path = "/api/orders/{id}/confirm_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        Changed<OrderView>, ManagersOnly,
        (status = 400, description = "Its status does not allow it"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn confirm_order(
    app: App,
    target: Target<OrderId>,
    _: UnusedBody,
) -> Reply<Tagged<OrderView>> {
    Ok(act(&app, &target, || Ok(()), |order, (), by| order.confirm(by)).await?)
}

/// The store begins to pack an order: confirmed → processing.
#[utoipa::path(
    patch, path = "/api/orders/{id}/process_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        Changed<OrderView>, ManagersOnly,
        (status = 400, description = "Its status does not allow it"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn process_order(
    app: App,
    target: Target<OrderId>,
    _: UnusedBody,
) -> Reply<Tagged<OrderView>> {
    Ok(act(&app, &target, || Ok(()), |order, (), by| order.process(by)).await?)
}

/// The courier sets out with an order: shipped → out_for_delivery.
#[utoipa::path(
    patch, path = "/api/orders/{id}/out_for_delivery_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        Changed<OrderView>, ManagersOnly,
        (status = 400, description = "Its status does not allow it"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn out_for_delivery_order(
    app: App,
    target: Target<OrderId>,
    _: UnusedBody,
) -> Reply<Tagged<OrderView>> {
    Ok(act(&app, &target, || Ok(()), |order, (), by| order.send_out_for_delivery(by)).await?)
}

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
    target: Target<OrderId>,
    _: UnusedBody,
) -> Reply<Tagged<OrderView>> {
    Ok(act(&app, &target, || Ok(()), |order, (), by| order.deliver(by)).await?)
}
