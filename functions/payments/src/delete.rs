//! `DELETE /api/payments/{id}/`

use crate::{not_found, of_payment};
use axum::Json;
use oms_core::app::App;
use oms_domain::PaymentId;
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::Deleted;
use oms_http::{Authenticated, PathId, Reply};

/// Takes a payment out that moved no money: a pending, failed or cancelled one. Its order's log
/// keeps it.
#[utoipa::path(
    delete, path = "/api/payments/{id}/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 400, description = "Its status does not allow it", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such payment for the caller", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<PaymentId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    let deleted = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        expected.check(seen.order.version)?;
        Ok(seen.order.remove_payment(id, by)?.into())
    });
    deleted.await.map_err(of_payment)?;
    Ok(Json(Deleted { message: "Payment deleted successfully" }))
}
