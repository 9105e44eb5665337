//! `simulate_action/`

use crate::{not_found, of_payment, pays, tagged};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use oms_core::app::App;
use oms_core::payments::gateway::{Gateway, Simulated, SimulatedOutcome};
use oms_domain::{Error, Outcome, PaymentId, RuleViolation};
use oms_http::Tagged;
use oms_http::error::ApiError;
use oms_http::responses::Changed;
use oms_http::validation::{Choice, Fields, Mode};
use oms_http::views::payment::PaymentView;
use oms_http::{JsonObject, Reply, Target};
use utoipa::ToSchema;

/// What the customer does about what their bank asks.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct SimulateAction {
    /// `succeed` or `fail`.
    #[schema(value_type = String, example = "succeed")]
    outcome: ActionOutcome,
}

/// The outcome's word.
#[derive(Clone, Copy, Debug)]
struct ActionOutcome(SimulatedOutcome);

impl Choice for ActionOutcome {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "succeed" => Some(Self(SimulatedOutcome::Succeed)),
            "fail" => Some(Self(SimulatedOutcome::Fail)),
            _ => None,
        }
    }
}

impl SimulateAction {
    fn read(body: JsonObject) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Create);
        let outcome = fields.required::<ActionOutcome>("outcome");
        fields.finish()?;
        let outcome = outcome.ok_or_else(|| Error::internal("the outcome was neither read nor refused"))?;
        Ok(Self { outcome })
    }
}

/// The simulated gateway, where it is the deployment's.
pub(crate) struct SimulatedOnly(Simulated);

impl<S> FromRequestParts<S> for SimulatedOnly
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Reply<Self> {
        match App::from_ref(state).gateway() {
            Gateway::Simulated(simulated) => Ok(Self(simulated.clone())),
            Gateway::Stripe(_) => Err(ApiError::UnknownPath),
        }
    }
}

/// Plays the customer of a payment that waits for them (`next_action`), with the simulated gateway:
/// they do what their bank asks, or fail to. There is no such path with another gateway.
#[utoipa::path(
    post, path = "/api/payments/{id}/simulate_action/", tag = "payments",
    params(("id" = uuid::Uuid, Path, description = "The payment")),
    request_body = SimulateAction,
    responses(
        Changed<PaymentView>,
        (status = 200, description = "The payment as it is now: paid or failed", body = PaymentView),
        (status = 400, description = "It does not wait for its customer"),
        (status = 403, description = "The caller is neither the order's customer nor staff"),
        (status = 404, description = "No such payment for the caller, or another gateway"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn simulate_action(
    app: App,
    SimulatedOnly(gateway): SimulatedOnly,
    Target { caller, id, expected }: Target<PaymentId>,
    body: JsonObject,
) -> Reply<Tagged<PaymentView>> {
    let order = app.orders(&caller).load(id.order()).await.map_err(of_payment)?.order;
    let payment = order.payment(id).ok_or_else(not_found)?;
    if !pays(&caller, &order) {
        return Err(Error::Forbidden.into());
    }
    let SimulateAction { outcome: ActionOutcome(outcome) } = SimulateAction::read(body)?;
    expected.check(order.version)?;
    if payment.waits_for_customer_until(app.now()).is_none() {
        return Err(RuleViolation::PaymentNotProcessable.into());
    }
    gateway
        .act(app.charge_of(&order, payment), outcome)
        .await
        .map_err(|error| Error::Unavailable(error.into()))?;
    Ok(tagged(&app.charge(order, id, &caller.user.id).await?.order, id)?)
}
