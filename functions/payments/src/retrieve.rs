//! `GET /api/payments/{id}/`

use crate::{Shown, not_found, of_payment, pays, show, show_to_payer};
use oms_core::app::App;
use oms_domain::PaymentId;
use oms_http::error::ErrorBody;
use oms_http::views::payment::PaymentView;
use oms_http::{Authenticated, PathId, Reply};

/// A payment. While it waits for its customer, whoever pays is told again what there is to do.
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
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<PaymentId>,
) -> Reply<Shown> {
    let seen = app.orders(&caller).load(id.order()).await.map_err(of_payment)?;
    let payment = seen.order.payment(id).ok_or_else(not_found)?;
    if payment.waits_for_customer_until(app.now()).is_none() || !pays(&caller, &seen.order) {
        return Ok(show(&seen.order, id)?);
    }
    // The secret is kept nowhere, so the gateway is asked; what it says by then is not lost.
    let sent = app.charge(seen.order, id, &caller.user.id).await?;
    Ok(show_to_payer(&caller, &sent, id)?)
}
