//! Who may ask: the operator's credentials and clock, the keys of tokens, the gateway's key, and
//! whether the API answers.

use super::Patient;
use super::finding::Finding;
use aws_credential_types::provider::ProvideCredentials;
use http::Request;
use http::header::{AUTHORIZATION, DATE, HeaderValue};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use oms_http::auth::Verifier;
use oms_runtime::config::{Gateway, KeySource, StripeConfig};
use oms_runtime::logging::chain;
use oms_runtime::sdk::https::{self, RequestBody};
use serde_json::Value;

/// How far this machine's clock may be off before it is told, in seconds.
const SKEW_WARN_S: i64 = 30;
/// How far before AWS refuses each signature, in seconds.
const SKEW_LIMIT_S: i64 = 5 * 60;

/// Everything that is not about the table or messages.
pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    let (credentials, clock, tokens, gateway, api) = futures::join!(
        patient.within("credentials", credentials(patient)),
        patient.within("clock", clock(patient)),
        patient.within("tokens", tokens(patient)),
        patient.within("gateway", gateway(patient)),
        patient.within("api", api(patient))
    );
    [credentials, clock, tokens, gateway, api].concat()
}

async fn credentials(patient: &Patient) -> Vec<Finding> {
    vec![match patient.config().aws.credentials.provide_credentials().await {
        Ok(_) => Finding::ok("credentials", format!("found, for {}", patient.config().aws.region)),
        Err(error) => {
            let mend = "aws configure, aws sso login, or --profile NAME";
            Finding::fail("credentials", chain(&error), mend)
        }
    }]
}

/// The Date header of whoever answers for the table; nothing is signed, so that it comes however
/// wrong the clock is.
async fn clock(patient: &Patient) -> Vec<Finding> {
    let aws = &patient.config().aws;
    let url = aws.dynamodb_endpoint.clone();
    let url = url.unwrap_or_else(|| format!("https://dynamodb.{}.amazonaws.com", aws.region));
    let Ok(request) = Request::get(&url).body(RequestBody::empty()) else {
        return vec![Finding::fail("clock", format!("{url} is no URL"), "see AWS_ENDPOINT_URL_DYNAMODB")];
    };
    vec![match https::send_within(request, patient.limit).await {
        Ok(answer) => {
            let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
            skew(
                date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp()),
                patient.app.now(),
            )
        }
        Err(error) => {
            let mend = "see the region, and whether this machine reaches the table";
            Finding::fail("clock", format!("{url}: {}", chain(&error)), mend)
        }
    }]
}

fn skew(theirs: Option<Timestamp>, ours: Timestamp) -> Finding {
    let Some(theirs) = theirs else { return Finding::unknown("clock", "the answer has no Date") };
    let off = ours.as_second() - theirs.as_second();
    let told = match off {
        0 => "as the table's".to_owned(),
        off => format!("{} s {} the table's", off.abs(), if off > 0 { "before" } else { "behind" }),
    };
    let mend = "set this machine's clock: AWS refuses signatures that are five minutes off";
    match off.abs() {
        off if off >= SKEW_LIMIT_S => Finding::fail("clock", told, mend),
        off if off >= SKEW_WARN_S => Finding::warn("clock", told, mend),
        _ => Finding::ok("clock", told),
    }
}

async fn tokens(patient: &Patient) -> Vec<Finding> {
    let mut config = patient.config().clone();
    let Some(auth) = &mut config.auth else {
        return vec![Finding::unknown("tokens", "not asked: AUTH_ISSUER is not set here")];
    };
    let issuer = auth.issuer.clone();
    let from = match &auth.keys {
        KeySource::Inline(_) => "AUTH_JWKS".to_owned(),
        KeySource::Url(url) => url.clone(),
    };
    if let KeySource::Url(url) = &auth.keys {
        match https::get(url).await {
            Ok(keys) => auth.keys = KeySource::Inline(String::from_utf8_lossy(&keys).into_owned()),
            Err(error) => {
                let mend = "see AUTH_ISSUER and AUTH_JWKS_URL: until it answers, no new token is taken";
                return vec![Finding::fail("tokens", format!("{url}: {}", chain(&error)), mend)];
            }
        }
    }
    vec![match Verifier::from_config(&config) {
        Ok(_) => Finding::ok("tokens", format!("those of {issuer}, by the keys of {from}")),
        Err(error) => Finding::fail("tokens", format!("{from}: {error}"), "give a JSON Web Key Set"),
    }]
}

async fn gateway(patient: &Patient) -> Vec<Finding> {
    if patient.settings.get("PAYMENT_GATEWAY").is_none() {
        return vec![Finding::unknown("gateway", "not asked: PAYMENT_GATEWAY is not set here")];
    }
    vec![match &patient.config().payment_gateway {
        Gateway::Simulated => Finding::ok("gateway", "simulated: it takes no money"),
        Gateway::Stripe(stripe) if stripe.secret_key.reveal().is_empty() => {
            Finding::unknown("gateway", "not asked: STRIPE_SECRET_KEY is not set here")
        }
        Gateway::Stripe(stripe) => ask_stripe(patient, stripe).await,
    }]
}

/// Lists one payment, which changes nothing.
async fn ask_stripe(patient: &Patient, stripe: &StripeConfig) -> Finding {
    let mend = "see STRIPE_SECRET_KEY and its permissions (PaymentIntents, Refunds) at Stripe";
    let key = HeaderValue::from_str(&format!("Bearer {}", stripe.secret_key.reveal()));
    let Ok(mut key) = key else {
        return Finding::fail("gateway", "STRIPE_SECRET_KEY has characters that no key has", mend);
    };
    key.set_sensitive(true);
    let url = format!("{}/v1/payment_intents?limit=1", stripe.api_url);
    let request = Request::get(url).header(AUTHORIZATION, key).body(RequestBody::empty());
    let Ok(request) = request else { return Finding::fail("gateway", "STRIPE_API_URL is no URL", mend) };
    match https::send_within(request, patient.limit).await {
        Ok(answer) if answer.status().is_success() => Finding::ok("gateway", "Stripe takes the key"),
        Ok(answer) => Finding::fail("gateway", format!("Stripe answered {}", answer.status()), mend),
        Err(error) => Finding::fail("gateway", chain(&error), "see whether this machine reaches Stripe"),
    }
}

async fn api(patient: &Patient) -> Vec<Finding> {
    let Some(api) = patient.settings.get("API_URL") else {
        return vec![Finding::unknown("api", "not asked: API_URL is not set here")];
    };
    let url = format!("{}/api/health/", api.trim_end_matches('/'));
    let request = match Request::get(&url).body(RequestBody::empty()) {
        Ok(request) => request,
        Err(error) => return vec![Finding::fail("api", format!("{url}: {error}"), "see API_URL")],
    };
    vec![match https::send_within(request, patient.limit).await {
        Ok(answer) => {
            let health: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            let is_well = answer.status().is_success() && health["status"] == "ok";
            let told = format!("{api} answers {}, health {}", answer.status().as_u16(), health["status"]);
            Finding::of(
                is_well,
                "api",
                told,
                "see the log of the function docs, and what it says at /api/health/",
            )
        }
        Err(error) => Finding::fail("api", format!("{url}: {}", chain(&error)), "see API_URL and the stack"),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_clock_is_told_from_half_a_minute_and_fails_from_five() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let at = |off: i64| skew(Some(Timestamp::from_second(1_000_000 - off).unwrap()), now);
        for (off, state) in [
            (0, State::Ok),
            (29, State::Ok),
            (-29, State::Ok),
            (30, State::Warn),
            (-299, State::Warn),
            (300, State::Fail),
            (-3_600, State::Fail),
        ] {
            assert_eq!(at(off).state, state, "{off}");
        }
        assert!(at(40).what.contains("40 s before") && at(-40).what.contains("40 s behind"));
        assert_eq!(skew(None, now).state, State::Unknown);
    }
}
