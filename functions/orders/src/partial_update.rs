//! `PATCH /api/orders/{id}/`

use crate::edit::{PatchOrder, change};
use crate::{Shown, show};
use oms_core::app::App;
use oms_domain::OrderId;
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::Mode;
use oms_http::views::order::OrderView;
use oms_http::{Authenticated, JsonObject, PathId, Reply};

/// Changes any part of an order. What the caller may not write is ignored.
#[utoipa::path(
    patch, path = "/api/orders/{id}/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    request_body = PatchOrder,
    responses(
        (status = 200, description = "The order as it is now", body = OrderView),
        (status = 400, description = "A field is wrong, its status does not allow it, or the stock does not suffice", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 402, description = "The gateway refused the refund that `status` asked for", body = ErrorBody),
        (status = 403, description = "The caller may not move it to this status", body = ErrorBody),
        (status = 404, description = "No such order for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<OrderId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(show(&change(&app, &caller, id, &expected, &body, Mode::Partial).await?))
}
