//! `PATCH /api/payments/{id}/`

use crate::edit::{PatchPayment, change};
use oms_core::app::App;
use oms_domain::PaymentId;
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::Mode;
use oms_http::views::payment::PaymentView;
use oms_http::{JsonObject, Reply, Target};

/// Changes some of a pending payment. Those who run the order may dismiss what a person had to look
/// at (`{"attention": null}`), whatever its status.
#[utoipa::path(
    patch, path = "/api/payments/{id}/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    request_body = PatchPayment,
    responses(
        Changed<PaymentView>,
        (status = 400, description = "A field is wrong, or the payment is no longer pending"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Target { caller, id, expected }: Target<PaymentId>,
    body: JsonObject,
) -> Reply<Tagged<PaymentView>> {
    Ok(change(&app, &caller, id, &expected, body, Mode::Partial).await?)
}
