//! `process_payment/`

use crate::{Shown, not_found, of_payment, show};
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::{ApiError, ErrorBody};
use oms_core::http::etag::IfMatch;
use oms_core::http::{Caller, PathId, Reply};
use oms_core::idempotency;
use oms_core::views::payment::PaymentView;
use oms_domain::lifecycle::Moved;
use oms_domain::{Payment, PaymentId, PaymentState};
use serde_json::json;

/// Takes the money of a pending payment: pending → processing → paid, or failed.
#[utoipa::path(
    post, path = "/api/payments/{id}/process_payment/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    responses(
        (status = 200, description = "The payment, paid", body = PaymentView),
        (status = 400, description = "Its status does not allow it", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 402, description = "The gateway declined it; `details` says why", body = ErrorBody),
        (status = 404, description = "No such payment for the caller", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
        (status = 503, description = "The gateway gave no answer; the payment stays in `processing`", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn process_payment(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<PaymentId>,
    expected: IfMatch,
) -> Reply<Shown> {
    idempotency::more_to_come();
    let started = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        expected.check(seen.order.version)?;
        Ok(Moved { order: seen.order.start_payment(id, by)?, stock: Vec::new() })
    });
    let order = started.await.map_err(of_payment)?.order;
    let order = app.charge(order, id, &caller.user.id).await?;
    match order.payment(id).filter(|payment| payment.status == PaymentState::Failed) {
        Some(payment) => Err(declined(payment)),
        None => show(&order, id),
    }
}

fn declined(payment: &Payment) -> ApiError {
    let code = payment.gateway_response.get("decline_code");
    ApiError::Declined {
        details: json!({
            "payment": payment.id,
            "status": payment.status,
            "decline_code": code,
            "error_message": payment.error_message,
        }),
    }
}
