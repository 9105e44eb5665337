//! `GET /api/orders/{id}/`

use crate::{Shown, show};
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::{Caller, PathId, Reply};
use oms_core::views::order::OrderView;
use oms_domain::OrderId;

/// An order in full.
#[utoipa::path(
    get, path = "/api/orders/{id}/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such order for the caller", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
) -> Reply<Shown> {
    Ok(show(&app.orders(&caller).load(id).await?))
}
