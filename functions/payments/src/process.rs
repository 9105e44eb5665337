//! `process_payment/`

use crate::{not_found, of_payment, tagged, tagged_for_payer};
use http::StatusCode;
use oms_core::app::App;
use oms_core::orders::VisibleOrder;
use oms_domain::{Actor, Error, Order, Outcome, Payment, PaymentId, PaymentState};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::responses::Changed;
use oms_http::validation::{BlankText, Fields, Mode};
use oms_http::views::payment::PaymentView;
use oms_http::{ActionBody, Reply, Target};
use serde_json::json;
use utoipa::ToSchema;

/// How a payment was made that no gateway knows of. Empty for all others.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct ProcessPayment {
    /// Of a bank transfer or cash on delivery: what it is called there. It
    /// becomes the payment's `transaction_id` and the order's `payment_reference`.
    #[schema(value_type = Option<String>, max_length = 100, example = "RECEIPT-0042")]
    reference: String,
    /// `false` where the customer is there to do what their bank may ask: the answer is then a 202
    /// with the `next_action`, which has an hour. `true`, or left out: the payment is declined.
    #[schema(value_type = Option<bool>, example = false)]
    error_on_requires_action: bool,
}

impl ProcessPayment {
    fn read(body: ActionBody) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Partial);
        let reference = fields.optional::<BlankText<100>>("reference").unwrap_or_default();
        let error_on_requires_action = fields.optional::<bool>("error_on_requires_action").unwrap_or(true);
        fields.finish()?;
        Ok(Self { reference: reference.0, error_on_requires_action })
    }
}

/// Takes the money of a pending payment: pending → processing → paid, or failed. The money of a
/// bank transfer and of cash on delivery has been taken by people: those who run the order say so.
/// A payment of nothing is paid at once. A gateway that gives no answer in time answers 202: the
/// payment stays in `processing` and is settled within minutes. So does, if the request says that
/// it can wait for that, a bank that wants its customer: what nobody has done within an hour is
/// failed.
#[utoipa::path(
    post, path = "/api/payments/{id}/process_payment/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    request_body(content = Option<ProcessPayment>, description = "May be left out"),
    responses(
        Changed<PaymentView>,
        (status = 200, description = "The payment, paid", body = PaymentView),
        (status = 202, description = "The gateway has not answered yet, or the customer has to act (`next_action`); the payment is in `processing`", body = PaymentView),
        (status = 400, description = "Its status does not allow it"),
        (status = 402, description = "The gateway declined it; `details` says why"),
        (status = 403, description = "Bank transfers and cash on delivery are for those who run the order"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn process_payment(
    app: App,
    Target { caller, id, expected }: Target<PaymentId>,
    body: ActionBody,
) -> Reply<(StatusCode, Tagged<PaymentView>)> {
    let started = app.orders(&caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        start(&app, seen, id, &body, &expected, by).map(Into::into)
    });
    let order = started.await.map_err(of_payment)?.order;
    let sent = app.charge(order, id, &caller.user.id).await?;
    if sent.next_action.is_some() {
        app.request().answer_is_secret();
    }
    let payment = sent.order.payment(id).ok_or_else(not_found)?;
    match payment.status {
        PaymentState::Failed => Err(declined(payment).into()),
        PaymentState::Processing => Ok((StatusCode::ACCEPTED, tagged_for_payer(&caller, &sent, id)?)),
        PaymentState::Pending
        | PaymentState::Authorized
        | PaymentState::Paid
        | PaymentState::Cancelled
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => Ok((StatusCode::OK, tagged(&sent.order, id)?)),
    }
}

fn start(
    app: &App,
    seen: VisibleOrder,
    id: PaymentId,
    body: &ActionBody,
    expected: &IfMatch,
    by: &Actor,
) -> Outcome<Order> {
    let is_manual = seen.order.payment(id).is_some_and(|payment| payment.payment_method.is_manual());
    if is_manual && !seen.manages {
        return Err(Error::ForbiddenBecause("The seller confirms cash on delivery and bank transfers."));
    }
    let wanted = ProcessPayment::read(body.clone())?;
    expected.check(seen.order.version)?;
    if is_manual {
        return Ok(seen.order.pay_manually(id, &wanted.reference, by)?);
    }
    let provider = app.gateway().provider();
    let order = match wanted.error_on_requires_action {
        true => seen.order.start_payment(id, provider, by)?,
        false => seen.order.start_payment_with_customer(id, provider, by)?,
    };
    if order.awaits_gateway() {
        app.request().more_to_come();
    }
    Ok(order)
}

fn declined(payment: &Payment) -> Error {
    let code = payment.gateway_response.get("decline_code");
    Error::Declined(json!({
        "payment": payment.id,
        "status": payment.status,
        "decline_code": code,
        "error_message": payment.error_message,
    }))
}
