//! `refund_payment/`

use crate::{not_found, of_payment, tagged};
use http::StatusCode;
use oms_core::app::App;
use oms_domain::lifecycle::NewRefund;
use oms_domain::{Decimal, Error, Order, Outcome, PaymentId, RefundId, RefundState};
use oms_http::Tagged;
use oms_http::responses::{Changed, ManagersOnly};
use oms_http::validation::{Amount, BlankText, Fields, Mode};
use oms_http::views::payment::PaymentView;
use oms_http::{ActionBody, Reply, Target};
use serde_json::json;
use utoipa::ToSchema;

/// How much of a payment goes back. An empty body means all that is left.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct RefundPayment {
    /// How much, in the payment's currency; all that is left where it is left out.
    #[schema(value_type = Option<String>, example = "10.00")]
    amount: Option<Decimal>,
    /// In the caller's words.
    #[schema(value_type = Option<String>, max_length = 500, example = "One mug arrived broken")]
    reason: String,
}

impl RefundPayment {
    fn read(body: ActionBody) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Partial);
        let amount = fields.optional::<Amount>("amount");
        let reason = fields.optional::<BlankText<500>>("reason").unwrap_or_default();
        fields.finish()?;
        Ok(Self { amount: amount.map(|amount| amount.0), reason: reason.0 })
    }
}

/// Gives some or all of a paid payment back, never more than was paid. A gateway that gives no
/// answer in time answers 202: the refund stays pending and is settled within minutes. After 50
/// refunds only all that is left goes back, and of the reason 40 characters are kept.
#[utoipa::path(
    post, path = "/api/payments/{id}/refund_payment/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    request_body(content = Option<RefundPayment>, description = "May be left out"),
    responses(
        Changed<PaymentView>, ManagersOnly,
        (status = 202, description = "The gateway has not answered yet; the refund is pending", body = PaymentView),
        (status = 400, description = "Its status or what is left of it does not allow it"),
        (status = 402, description = "The gateway refused the refund"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn refund_payment(
    app: App,
    Target { caller, id, expected }: Target<PaymentId>,
    body: ActionBody,
) -> Reply<(StatusCode, Tagged<PaymentView>)> {
    let started = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        let order = seen.managed()?;
        let RefundPayment { amount, reason } = RefundPayment::read(body.clone())?;
        expected.check(order.version)?;
        let refund = NewRefund { amount, reason, ..NewRefund::default() };
        Ok(order.start_refund(id, refund, by)?.0)
    });
    let order = started.await.map_err(of_payment)?.order;
    let last = order.payment(id).and_then(|payment| payment.refunds.last());
    let refund = last.map(|last| last.id).ok_or_else(|| Error::internal("the refund was not added"))?;
    let order = app.send_refunds(order, &caller.user.id).await?;
    let status = match state_of(&order, refund) {
        Some(RefundState::Failed) => {
            let details = json!({ "refund": ["The gateway refused the refund."] });
            return Err(Error::Declined(details).into());
        }
        Some(RefundState::Pending) => StatusCode::ACCEPTED,
        Some(RefundState::Succeeded) | None => StatusCode::OK,
    };
    Ok((status, tagged(&order, id)?))
}

fn state_of(order: &Order, id: RefundId) -> Option<RefundState> {
    let payment = order.payment(id.payment())?;
    payment.refunds.iter().find(|refund| refund.id == id).map(|refund| refund.status)
}
