//! `POST /api/payments/webhook/`

use crate::news;
use axum::Json;
use axum::body::Body;
use http::HeaderMap;
use oms_core::app::App;
use oms_core::payments::gateway::stripe_events::{Unsigned, check, read};
use oms_domain::Error;
use oms_http::Reply;
use oms_http::body;
use oms_http::error::ApiError;
use oms_runtime::metrics;
use serde::Serialize;
use utoipa::ToSchema;

/// An event was taken.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Received {
    /// Always true.
    received: bool,
}

/// Stripe tells how a charge or a refund ended, and of disputes. The signature is the only token.
/// An event that is repeated, late, out of order or of no concern changes nothing; one of another
/// amount, currency or mode than was asked for is noted for a person to look at.
#[utoipa::path(
    post, path = "/api/payments/webhook/", tag = "payments",
    params(("Stripe-Signature" = String, Header, description = "`t=<seconds>,v1=<HMAC-SHA256>`")),
    request_body(content = Object, description = "An event, as Stripe writes it"),
    responses(
        (status = 200, description = "It was taken", body = Received),
        (status = 400, description = "It is not Stripe's, or not of now"),
        (status = 404, description = "This deployment has no Stripe"),
        (status = 409, description = "Others changed the order at the same time"),
        (status = 503, description = "Stripe does not say which payment it is about"),
    ),
)]
pub(crate) async fn webhook(app: App, headers: HeaderMap, body: Body) -> Reply<Json<Received>> {
    let secret = app.config().stripe_webhook_secret.as_ref().ok_or(ApiError::UnknownPath)?;
    let body = body::read(body).await?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    check(signature, &body, secret, app.now()).map_err(|error| refused(&app, error))?;
    let event = serde_json::from_slice(&body).map_err(|error| ApiError::ParseError(error.to_string()))?;
    news::write_down(&app, read(&event)).await?;
    Ok(Json(Received { received: true }))
}

/// What a request is answered that is no event of the gateway. One that claims to be an event
/// counts.
fn refused(app: &App, error: Unsigned) -> Error {
    let claims = error != Unsigned::Header;
    if let Some(stack) = app.config().stack_name.as_ref().filter(|_| claims) {
        metrics::webhook_refused(stack, app.now(), std::io::stdout());
    }
    Error::Rule { code: "invalid_signature", message: error.to_string() }
}
