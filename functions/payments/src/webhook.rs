//! `POST /api/payments/webhook/`

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::HeaderMap;
use oms_core::app::App;
use oms_core::gateway::stripe_events::{Told, check, read};
use oms_core::http::Reply;
use oms_core::http::body;
use oms_core::http::error::{ApiError, ErrorBody};
use oms_domain::payment::Mover;
use oms_domain::{Order, OrderId, PaymentId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// Whose doing it is in an order's history.
const STRIPE: &str = "stripe";

/// An event was taken.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Received {
    /// Always true.
    received: bool,
}

/// Stripe tells how a charge or a refund ended. The signature is the only token. An event that is
/// repeated, late, out of order or of no concern changes nothing.
#[utoipa::path(
    post, path = "/api/payments/webhook/", tag = "payments",
    params(("Stripe-Signature" = String, Header, description = "`t=<seconds>,v1=<HMAC-SHA256>`")),
    request_body(content = Object, description = "An event, as Stripe writes it"),
    responses(
        (status = 200, description = "It was taken", body = Received),
        (status = 400, description = "It is not Stripe's, or not of now", body = ErrorBody),
        (status = 404, description = "This deployment has no Stripe", body = ErrorBody),
        (status = 409, description = "Others changed the order at the same time", body = ErrorBody),
    ),
)]
pub(crate) async fn webhook(State(app): State<App>, headers: HeaderMap, body: Body) -> Reply<Json<Received>> {
    let secret = app.config().stripe_webhook_secret.as_ref().ok_or(ApiError::UnknownPath)?;
    let body = body::read(body).await?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    check(signature, &body, secret, app.now())
        .map_err(|error| ApiError::Rule { code: "invalid_signature", message: error.to_string() })?;
    let event = serde_json::from_slice(&body).map_err(|error| ApiError::ParseError(error.to_string()))?;
    let by = UserId(STRIPE.to_owned());
    match read(&event) {
        Told::Charge(id, outcome) => {
            if let Some(order) = order_of(&app, id).await? {
                let order = app.finish_charge(order, id, &outcome, &by).await?;
                app.close_failed(&order, id).await;
                app.send_refunds(order, &by).await?;
            }
        }
        Told::Refund(id, outcome) => {
            if let Some(order) = order_of(&app, id.payment()).await? {
                app.finish_refund(order, id, outcome, &by).await?;
            }
        }
        Told::Nothing => {}
    }
    Ok(Json(Received { received: true }))
}

/// The order of a payment that Stripe was asked for. What names another is no concern of ours:
/// the account may serve other systems too.
async fn order_of(app: &App, id: PaymentId) -> Reply<Option<Order>> {
    let order: OrderId = id.order();
    let order = app.table().order_or_tombstone(order).await?;
    let is_stripes = |order: &Order| order.payment(id).is_some_and(|it| it.mover == Some(Mover::Stripe));
    Ok(order.filter(is_stripes))
}
