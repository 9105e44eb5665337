//! `PATCH /api/orders/{id}/`

use crate::edit::{PatchOrder, change};
use http::StatusCode;
use oms_core::app::App;
use oms_domain::OrderId;
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::Mode;
use oms_http::views::order::OrderView;
use oms_http::{JsonObject, Reply, Target};

/// Changes any part of an order. What the caller may not write is ignored.
#[utoipa::path(
    patch, path = "/api/orders/{id}/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    request_body = PatchOrder,
    responses(
        Changed<OrderView>,
        (status = 202, description = "`status` asked for a refund about which the gateway has not answered yet: it is pending, and the order moves when it has", body = OrderView),
        (status = 400, description = "A field is wrong, its status does not allow it, or the stock does not suffice"),
        (status = 402, description = "The gateway refused the refund that `status` asked for"),
        (status = 403, description = "The caller may not move it to this status"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Target { caller, id, expected }: Target<OrderId>,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<OrderView>)> {
    Ok(change(&app, &caller, id, &expected, &body, Mode::Partial).await?)
}
