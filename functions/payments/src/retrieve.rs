//! `GET /api/payments/{id}/`

use crate::{not_found, of_payment, pays, tagged, tagged_for_payer};
use oms_core::app::App;
use oms_domain::PaymentId;
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::views::payment::PaymentView;
use oms_http::{Authenticated, PathId, Reply};

/// A payment. While it waits for its customer, whoever pays is told again what there is to do.
#[utoipa::path(
    get, path = "/api/payments/{id}/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    responses(Read<PaymentView>),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<PaymentId>,
) -> Reply<Tagged<PaymentView>> {
    let seen = app.orders(&caller).load(id.order()).await.map_err(of_payment)?;
    let payment = seen.order.payment(id).ok_or_else(not_found)?;
    if payment.waits_for_customer_until(app.now()).is_none() || !pays(&caller, &seen.order) {
        return Ok(tagged(&seen.order, id)?);
    }
    // The secret is kept nowhere, so the gateway is asked; what it says by then is not lost.
    let sent = app.charge(seen.order, id, &caller.user.id).await?;
    Ok(tagged_for_payer(&caller, &sent, id)?)
}
