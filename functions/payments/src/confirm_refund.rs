//! `refunds/{refund}/confirm/`

use crate::{not_found, of_payment, tagged};
use oms_core::app::App;
use oms_domain::{Error, Kind, PaymentId, RefundId};
use oms_http::Tagged;
use oms_http::responses::{Changed, ManagersOnly};
use oms_http::views::payment::PaymentView;
use oms_http::{JsonObject, PathId, Reply, Target};

/// Somebody has handed over what a customer had paid by hand (cash on delivery, a bank transfer)
/// when they called their order off: the refund has succeeded.
#[utoipa::path(
    post, path = "/api/payments/{id}/refunds/{refund}/confirm/", tag = "payments",
    params(
        ("id" = uuid::Uuid, Path, description = "The payment"),
        ("refund" = uuid::Uuid, Path, description = "The refund"),
    ),
    responses(
        Changed<PaymentView>, ManagersOnly,
        (status = 400, description = "The refund does not wait for that"),
        (status = 404, description = "No such payment for the caller, or no such refund of it"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn confirm_refund(
    app: App,
    Target { caller, id, expected }: Target<PaymentId>,
    PathId(refund): PathId<RefundId>,
    _body: JsonObject,
) -> Reply<Tagged<PaymentView>> {
    let confirmed = app.orders(&caller).change(id.order(), |seen, by| {
        let payment = seen.order.payment(id).ok_or_else(not_found)?;
        payment.refund(refund).ok_or(Error::NotFound(Kind::Refund))?;
        let order = seen.managed()?;
        expected.check(order.version)?;
        Ok(order.confirm_refund(refund, by)?)
    });
    let is_of_refund = |error: &Error| matches!(error, Error::NotFound(Kind::Refund));
    let of_either = |error| if is_of_refund(&error) { error } else { of_payment(error) };
    Ok(tagged(&confirmed.await.map_err(of_either)?.order, id)?)
}
