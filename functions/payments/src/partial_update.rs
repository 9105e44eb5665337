//! `PATCH /api/payments/{id}/`

use crate::Shown;
use crate::edit::{PatchPayment, change};
use oms_core::app::App;
use oms_domain::PaymentId;
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::Mode;
use oms_http::views::payment::PaymentView;
use oms_http::{Authenticated, JsonObject, PathId, Reply};

/// Changes some of a pending payment. Those who run the order may dismiss what a person had to look at
/// (`{"attention": null}`), whatever its status.
#[utoipa::path(
    patch, path = "/api/payments/{id}/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    request_body = PatchPayment,
    responses(
        (status = 200, description = "The payment as it is now", body = PaymentView),
        (status = 400, description = "A field is wrong, or the payment is no longer pending", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such payment for the caller", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<PaymentId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(change(&app, &caller, id, &expected, body, Mode::Partial).await?)
}
