//! `PATCH /api/order-items/{id}/`

use crate::edit::{PatchOrderItem, change};
use crate::{Shown, show};
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::Mode;
use oms_http::views::item::ItemView;
use oms_http::{Authenticated, JsonObject, PathId, Reply};

/// Changes any part of an item of a pending order: moves its stock, reprices the order, and a
/// pending payment's amount follows, all or nothing.
#[utoipa::path(
    patch, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    request_body = PatchOrderItem,
    responses(
        (status = 200, description = "The item as it is now", body = ItemView),
        (status = 400, description = "A field is wrong, the order's items are fixed, or the stock does not suffice", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such item for the caller", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<LineId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    let order = change(&app, &caller, id, &expected, &body, Mode::Partial).await?;
    Ok(show(&order, id)?)
}
