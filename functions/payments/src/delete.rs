//! `DELETE /api/payments/{id}/`

use crate::{not_found, of_payment};
use axum::Json;
use oms_core::app::App;
use oms_domain::PaymentId;
use oms_http::responses::Removed;
use oms_http::views::Deleted;
use oms_http::views::payment::PaymentView;
use oms_http::{Reply, Target};

/// Takes a payment out that moved no money: a pending, failed or cancelled one. Its order's log
/// keeps it.
#[utoipa::path(
    delete, path = "/api/payments/{id}/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    responses(Removed<PaymentView>, (status = 400, description = "Its status does not allow it")),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Target { caller, id, expected }: Target<PaymentId>,
) -> Reply<Json<Deleted>> {
    let deleted = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        expected.check(seen.order.version)?;
        Ok(seen.order.remove_payment(id, by)?.into())
    });
    deleted.await.map_err(of_payment)?;
    Ok(Json(Deleted { message: "Payment deleted successfully" }))
}
