//! `refunds/{refund}/confirm/`

use crate::{Shown, not_found, of_payment, show};
use oms_core::app::App;
use oms_domain::{Error, Kind, PaymentId, RefundId};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::payment::PaymentView;
use oms_http::{Authenticated, JsonObject, PathId, Reply};

/// Somebody has handed over what a customer had paid by hand (cash on delivery, a bank transfer) when
/// they called their order off: the refund has succeeded.
#[utoipa::path(
    post, path = "/api/payments/{id}/refunds/{refund}/confirm/", tag = "payments",
    params(
        ("id" = uuid::Uuid, Path, description = "The payment"),
        ("refund" = uuid::Uuid, Path, description = "The refund"),
    ),
    responses(
        (status = 200, description = "The payment as it is now", body = PaymentView),
        (status = 400, description = "The refund does not wait for that", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The caller does not run the order", body = ErrorBody),
        (status = 404, description = "No such payment for the caller, or no such refund of it", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn confirm_refund(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<PaymentId>,
    PathId(refund): PathId<RefundId>,
    expected: IfMatch,
    _body: JsonObject,
) -> Reply<Shown> {
    let confirmed = app.orders(&caller).change(id.order(), |seen, by| {
        let payment = seen.order.payment(id).ok_or_else(not_found)?;
        payment.refund(refund).ok_or(Error::NotFound(Kind::Refund))?;
        let order = seen.managed()?;
        expected.check(order.version)?;
        Ok(order.confirm_refund(refund, by)?)
    });
    let is_of_refund = |error: &Error| matches!(error, Error::NotFound(Kind::Refund));
    let of_either = |error| if is_of_refund(&error) { error } else { of_payment(error) };
    Ok(show(&confirmed.await.map_err(of_either)?.order, id)?)
}
