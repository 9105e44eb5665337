//! `GET /api/payments/{id}/`

use crate::{Shown, of_payment, show};
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::{Caller, PathId, Reply};
use oms_core::views::payment::PaymentView;
use oms_domain::PaymentId;

/// A payment.
#[utoipa::path(
    get, path = "/api/payments/{id}/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    responses(
        (status = 200, description = "The payment", body = PaymentView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such payment for the caller", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<PaymentId>,
) -> Reply<Shown> {
    let seen = app.orders(&caller).load(id.order()).await.map_err(of_payment)?;
    show(&seen.order, id)
}
