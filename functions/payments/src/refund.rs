//! `refund_payment/`

use crate::{Shown, not_found, of_payment, show};
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::{ApiError, ErrorBody};
use oms_core::http::etag::IfMatch;
use oms_core::http::validation::{BlankText, Fields, Mode, UnsignedDigits};
use oms_core::http::{Caller, JsonObject, PathId, Reply};
use oms_core::views::payment::PaymentView;
use oms_domain::lifecycle::{Moved, NewRefund};
use oms_domain::{Decimal, Order, PaymentId, RefundState};
use serde_json::json;
use utoipa::ToSchema;

/// How much of a payment goes back. An empty body means all that is left.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct RefundPayment {
    /// How much; all that is left where it is left out.
    #[schema(value_type = Option<String>, example = "10.00")]
    amount: Option<Decimal>,
    /// In the caller's words, at most 500 characters.
    #[schema(value_type = Option<String>, example = "One mug arrived broken")]
    reason: String,
}

impl RefundPayment {
    fn read(body: JsonObject) -> Reply<Self> {
        let mut fields = Fields::new(body.0, Mode::Partial);
        let amount = fields.nullable::<UnsignedDigits<13, 3>>("amount").flatten();
        let reason = fields.optional::<BlankText<500>>("reason").unwrap_or_default();
        fields.finish()?;
        Ok(Self { amount: amount.map(|amount| amount.0), reason: reason.0 })
    }
}

/// Gives some or all of a paid payment back, never more than was paid.
#[utoipa::path(
    post, path = "/api/payments/{id}/refund_payment/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    request_body(content = Option<RefundPayment>, description = "May be left out"),
    responses(
        (status = 200, description = "The payment as it is now", body = PaymentView),
        (status = 400, description = "Its status or what is left of it does not allow it", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 402, description = "The gateway refused the refund", body = ErrorBody),
        (status = 403, description = "The caller does not run the order", body = ErrorBody),
        (status = 404, description = "No such payment for the caller", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
        (status = 503, description = "The gateway gave no answer; the refund stays pending", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn refund_payment(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<PaymentId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    let wanted = RefundPayment::read(body)?;
    let started = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        let order = seen.managed()?;
        expected.check(order.version)?;
        let refund =
            NewRefund { amount: wanted.amount, reason: wanted.reason.clone(), ..NewRefund::default() };
        let (order, _) = order.start_refund(id, refund, by)?;
        Ok(Moved { order, stock: Vec::new() })
    });
    let order = started.await.map_err(of_payment)?.order;
    let refund = order.payment(id).and_then(|payment| payment.refunds.last()).map(|last| last.id);
    let order = app.send_refunds(order, &caller.user.id).await?;
    if refund.is_some_and(|refund| was_refused(&order, id, refund)) {
        return Err(ApiError::Declined { details: json!({ "refund": ["The gateway refused the refund."] }) });
    }
    show(&order, id)
}

fn was_refused(order: &Order, id: PaymentId, refund: oms_domain::RefundId) -> bool {
    let refunds = order.payment(id).map(|payment| payment.refunds.as_slice()).unwrap_or_default();
    refunds.iter().any(|one| one.id == refund && one.status == RefundState::Failed)
}
