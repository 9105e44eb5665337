//! Stripe: PaymentIntents and refunds.
//!
//! A client of our own, for the four calls that are made, on the HTTPS stack that the SDK of AWS
//! has brought along: the maintained crate (`async-stripe`) would bring a second one, and with its
//! types be larger than everything else in the function, which a cold start would pay for.
//!
//! The idempotency keys are the payment's and the refund's ids, which makes asking again the way to
//! find out. Stripe forgets keys after a day; what is older is looked up by the id in its metadata.

pub(super) mod answers;

use super::{Charge, Charged, Customer, GatewayError, NextAction, RefundRequest};
use answers::{
    called_off, declined, entries, minor_units, outcome, refund_outcome, refusal, text, unanswered, undecided,
};
use aws_smithy_types::body::SdkBody;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use oms_domain::PaymentId;
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::ChargeOutcome;
use oms_runtime::clock::now;
use oms_runtime::config::{Secret, StripeConfig};
use oms_runtime::sdk::https;
use serde_json::{Map, Value};
use std::time::Duration;

/// The version of the API that this is written for.
const VERSION: &str = "2024-06-20";
/// How long Stripe may take over one call, if the invocation has the time.
const TIMEOUT: Duration = Duration::from_secs(12);
/// For how long an idempotency key is sure to be known to Stripe, which says a day.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(20);
/// From which age on a charge that Stripe's search does not find was never sent. The last request
/// for it was at most [`KEYS_KEPT`] after the first; the search's index follows within minutes as a
/// rule.
const SEARCHABLE: SignedDuration = SignedDuration::from_hours(26);
/// How many refunds of a charge are looked through, a hundred a page. A payment of ours has fewer;
/// who works in Stripe's dashboard may add some.
const MAX_PAGES: usize = 10;

/// Stripe, with a key.
#[derive(Clone, Debug)]
pub struct Stripe {
    config: StripeConfig,
}

/// An answer of Stripe's, with its status.
type Answered = (StatusCode, Value);

impl Stripe {
    /// With the settings' key.
    #[must_use]
    pub const fn new(config: StripeConfig) -> Self {
        Self { config }
    }

    /// Makes a PaymentIntent and confirms it, once for each payment.
    ///
    /// # Errors
    /// Where Stripe does not answer, or not with an end.
    pub async fn charge(&self, charge: Charge<'_>) -> Result<Charged, GatewayError> {
        let Some(amount) = minor_units(charge.amount, charge.currency) else {
            let why = "The amount cannot be charged in its currency.";
            return Ok(declined("amount_not_chargeable", why).into());
        };
        let key = charge.payment.to_string();
        if is_older(charge.since, KEYS_KEPT) {
            return self.find(&key, &charge).await.map(Charged::from);
        }
        let mut form = vec![
            ("amount", amount.to_string()),
            ("currency", charge.currency.code().to_ascii_lowercase()),
            ("confirm", "true".to_owned()),
            ("payment_method_types[]", "card".to_owned()),
            ("metadata[payment]", key.clone()),
        ];
        let token = charge.details.get("token").or_else(|| charge.details.get("payment_method"));
        match token.and_then(Value::as_str) {
            Some(token) if token.starts_with("tok_") => {
                form.push(("payment_method_data[type]", "card".to_owned()));
                form.push(("payment_method_data[card][token]", token.to_owned()));
            }
            Some(method) => form.push(("payment_method", method.to_owned())),
            None => return Ok(declined("token_missing", "The payment has no token.").into()),
        }
        if charge.customer != Customer::Away {
            // What they have to do is done by Stripe's own script, in the browser.
            form.push(("use_stripe_sdk", "true".to_owned()));
        }
        let (status, intent) = self.post("payment_intents", &form, Some(&key)).await?;
        if !status.is_success() {
            return refusal(status, &intent).map(Charged::from);
        }
        match outcome(&intent) {
            Some(outcome) => Ok(outcome.into()),
            None if charge.customer == Customer::There => self.ask(&intent).await,
            None => self.conclude(&intent, charge.customer).await.map(Charged::from),
        }
    }

    /// How an open PaymentIntent stands now that may wait for its customer: a repeated request is
    /// answered as the first one was.
    async fn ask(&self, intent: &Value) -> Result<Charged, GatewayError> {
        let now = self.intent(text(&intent["id"])).await?;
        if let Some(outcome) = outcome(&now) {
            if now["status"] == "requires_payment_method" {
                // The browser still has the secret, with which it could try another card.
                return self.conclude(&now, Customer::There).await.map(Charged::from);
            }
            return Ok(outcome.into());
        }
        match (text(&now["next_action"]["type"]), now["client_secret"].as_str()) {
            (kind, Some(secret)) if now["status"] == "requires_action" => {
                Ok(Charged::Asks(NextAction { kind: kind.to_owned(), client_secret: Secret::from(secret) }))
            }
            _ => Err(undecided(&now)),
        }
    }

    /// Gives money of a PaymentIntent back, once for each refund.
    ///
    /// # Errors
    /// Where Stripe does not answer, or not with an end.
    pub async fn refund(&self, refund: RefundRequest<'_>) -> Result<RefundOutcome, GatewayError> {
        let intent = refund.charged.get("id").and_then(Value::as_str);
        let (Some(intent), Some(amount)) = (intent, minor_units(refund.amount, refund.currency)) else {
            return Ok(RefundOutcome::Refused);
        };
        let key = refund.refund.to_string();
        if is_older(refund.since, KEYS_KEPT)
            && let Some(known) = self.find_refund(intent, &key).await?
        {
            return refund_outcome(&known).ok_or_else(|| undecided(&known));
        }
        let form = [
            ("payment_intent", intent.to_owned()),
            ("amount", amount.to_string()),
            ("metadata[refund]", key.clone()),
        ];
        let (status, made) = self.post("refunds", &form, Some(&key)).await?;
        if !status.is_success() {
            return refusal(status, &made).map(|_| RefundOutcome::Refused);
        }
        if let Some(outcome) = refund_outcome(&made) {
            return Ok(outcome);
        }
        let now = self.get(&format!("refunds/{}", text(&made["id"]))).await?;
        refund_outcome(&now).ok_or_else(|| undecided(&now))
    }

    /// Cancels a PaymentIntent that has failed; one that is cancelled already is refused, which is
    /// as good.
    ///
    /// # Errors
    /// Where Stripe does not answer.
    pub async fn close(&self, failed: &Map<String, Value>) -> Result<(), GatewayError> {
        let Some(id) = failed.get("id").and_then(Value::as_str) else { return Ok(()) };
        self.post(&format!("payment_intents/{id}/cancel"), &[], None).await.map(|_| ())
    }

    /// The payment that a PaymentIntent is of, as its metadata says; nothing where it is none of
    /// ours.
    ///
    /// # Errors
    /// Where Stripe does not answer.
    pub async fn payment_of(&self, intent: &str) -> Result<Option<PaymentId>, GatewayError> {
        let intent = self.intent(intent).await?;
        Ok(text(&intent["metadata"]["payment"]).parse().ok())
    }

    /// Whether its key moves real money.
    #[must_use]
    pub fn is_live(&self) -> bool {
        ["sk_live_", "rk_live_"].iter().any(|kind| self.config.secret_key.reveal().starts_with(kind))
    }

    /// Brings an open PaymentIntent to its end: one that waits for its customer, who is not there,
    /// is called off. The answer to a repeated request is the first one, so how it stands now has
    /// to be asked.
    async fn conclude(&self, intent: &Value, customer: Customer) -> Result<ChargeOutcome, GatewayError> {
        let id = text(&intent["id"]);
        let waits = text(&intent["status"]).starts_with("requires_");
        if waits {
            let (status, cancelled) = self.post(&format!("payment_intents/{id}/cancel"), &[], None).await?;
            if status.is_success() {
                let failed = outcome(intent).filter(|_| intent["last_payment_error"].is_object());
                let called_off =
                    || (cancelled["status"] == "canceled").then(|| called_off(&cancelled, customer));
                return failed.or_else(called_off).ok_or_else(|| undecided(&cancelled));
            }
        }
        let now = self.intent(id).await?;
        outcome(&now).ok_or_else(|| undecided(&now))
    }

    /// How a PaymentIntent stands now.
    async fn intent(&self, id: &str) -> Result<Value, GatewayError> {
        self.get(&format!("payment_intents/{id}")).await
    }

    /// What became of a payment of long ago. What the search shows of a PaymentIntent may be older
    /// than the intent itself, so that is read. One that it does not find was never sent, unless it
    /// is too young to be sure.
    async fn find(&self, key: &str, charge: &Charge<'_>) -> Result<ChargeOutcome, GatewayError> {
        let query = [("query", format!("metadata['payment']:'{key}'"))];
        let found = self.get(&format!("payment_intents/search?{}", encoded(&query))).await?;
        match entries(&found)?.first() {
            Some(intent) => {
                let intent = self.intent(text(&intent["id"])).await?;
                match outcome(&intent) {
                    Some(outcome) => Ok(outcome),
                    None => self.conclude(&intent, charge.customer).await,
                }
            }
            None if is_older(charge.since, SEARCHABLE) => {
                Ok(declined("not_sent", "The payment never reached the gateway."))
            }
            None => Err(GatewayError::Undecided("it may not be searchable yet".to_owned())),
        }
    }

    /// A refund of long ago; nothing where Stripe has never heard of it.
    async fn find_refund(&self, intent: &str, key: &str) -> Result<Option<Value>, GatewayError> {
        let mut query = vec![("payment_intent", intent.to_owned()), ("limit", "100".to_owned())];
        for _ in 0..MAX_PAGES {
            let page = self.get(&format!("refunds?{}", encoded(&query))).await?;
            let refunds = entries(&page)?;
            if let Some(known) = refunds.iter().find(|known| known["metadata"]["refund"] == key) {
                return Ok(Some(known.clone()));
            }
            match (page["has_more"].as_bool(), refunds.last()) {
                (Some(false), _) => return Ok(None),
                (Some(true), Some(last)) => {
                    query.truncate(2);
                    query.push(("starting_after", text(&last["id"]).to_owned()));
                }
                (Some(true), None) | (None, _) => return Err(undecided(&page)),
            }
        }
        Err(GatewayError::Undecided("the charge has too many refunds to look through".to_owned()))
    }

    async fn post(
        &self,
        path: &str,
        form: &[(&str, String)],
        key: Option<&str>,
    ) -> Result<Answered, GatewayError> {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        self.send(request.body(SdkBody::from(encoded(form)))).await
    }

    /// What Stripe knows. Anything but a success says nothing about that.
    async fn get(&self, path: &str) -> Result<Value, GatewayError> {
        let (status, body) = self.send(self.request(Method::GET, path).body(SdkBody::empty())).await?;
        if status.is_success() { Ok(body) } else { Err(unanswered(status, &body)) }
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        http::Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.config.api_url))
            .header("authorization", format!("Bearer {}", self.config.secret_key.reveal()))
            .header("stripe-version", VERSION)
    }

    async fn send(
        &self,
        request: Result<http::Request<SdkBody>, http::Error>,
    ) -> Result<Answered, GatewayError> {
        let no_answer = |error: https::FetchError| GatewayError::NoAnswer(error.into());
        let request = request.map_err(|error| GatewayError::NoAnswer(error.into()))?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = https::send_within(request, TIMEOUT).await.map_err(no_answer)?;
        tracing::debug!(%method, path, status = answer.status().as_u16(), "Stripe answered");
        let body = serde_json::from_slice(answer.body());
        Ok((answer.status(), body.map_err(|error| GatewayError::NoAnswer(error.into()))?))
    }
}

fn encoded(form: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Whether it is longer ago that something was first asked for.
fn is_older(since: Timestamp, age: SignedDuration) -> bool {
    now().duration_since(since) > age
}

#[cfg(test)]
mod tests;
