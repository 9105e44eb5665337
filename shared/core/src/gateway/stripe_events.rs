//! What Stripe tells by itself: signed events, <https://docs.stripe.com/webhooks#verify-manually>.

use super::stripe::{outcome, refund_outcome};
use crate::config::Secret;
use jiff::Timestamp;
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::ChargeOutcome;
use oms_domain::{PaymentId, RefundId};
use ring::hmac;
use serde_json::Value;

/// How far an event's time may be from ours, in seconds: older ones may be somebody's recording.
pub const TOLERANCE_S: i64 = 300;
/// How many signatures of an event are looked at. While a secret is rolled over there are two.
const SIGNATURES: usize = 8;

/// An event that is not Stripe's, or not of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// The header is missing or makes no sense.
    #[error("Invalid Stripe-Signature header.")]
    Header,
    /// No signature fits.
    #[error("The signature does not match.")]
    Mismatch,
    /// It was signed more than [`TOLERANCE_S`] ago.
    #[error("The timestamp is outside the tolerance.")]
    Old,
}

/// What an event says that concerns us.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// How a charge ended.
    Charge(PaymentId, ChargeOutcome),
    /// How a refund ended.
    Refund(RefundId, RefundOutcome),
    /// Nothing.
    Nothing,
}

/// Checks that `body` is Stripe's, by the value of its `Stripe-Signature`.
///
/// # Errors
/// [`Unsigned`].
pub fn check(header: &str, body: &[u8], secret: &Secret, now: Timestamp) -> Result<(), Unsigned> {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let of = |wanted: &'static str| parts().filter(move |(name, _)| *name == wanted).map(|(_, value)| value);
    let time = of("t").next().ok_or(Unsigned::Header)?;
    let signed_at: i64 = time.parse().map_err(|_| Unsigned::Header)?;
    let message = [time.as_bytes(), b".", body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let fits = |hex: &str| unhex(hex).is_some_and(|tag| hmac::verify(&key, &message, &tag).is_ok());
    if !of("v1").take(SIGNATURES).any(fits) {
        return Err(Unsigned::Mismatch);
    }
    if now.as_second().abs_diff(signed_at) > TOLERANCE_S.unsigned_abs() { Err(Unsigned::Old) } else { Ok(()) }
}

/// Reads what an event says. What it is about is told by the metadata that we gave it.
#[must_use]
pub fn read(event: &Value) -> Told {
    let object = &event["data"]["object"];
    let named = |name: &str| object["metadata"][name].as_str().map(str::to_owned);
    match event["type"].as_str().unwrap_or_default() {
        "payment_intent.succeeded" | "payment_intent.payment_failed" | "payment_intent.canceled" => {
            let payment = named("payment").and_then(|id| id.parse().ok());
            let told = payment.zip(outcome(object));
            told.map_or(Told::Nothing, |(payment, outcome)| Told::Charge(payment, outcome))
        }
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            let refund = named("refund").and_then(|id| id.parse().ok());
            let told = refund.zip(refund_outcome(object));
            told.map_or(Told::Nothing, |(refund, outcome)| Told::Refund(refund, outcome))
        }
        _ => Told::Nothing,
    }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Made with Python: `hmac.new(b"whsec_test", b"1790000000." + body, "sha256").hexdigest()`.
    const BODY: &[u8] = br#"{"id": "evt_1", "type": "payment_intent.succeeded"}"#;
    const SIGNATURE: &str = "fbb48ee880f45c7076736db0c16e0590597f19d104fe91edcd88a770916c5c1e";

    fn checked(header: &str, body: &[u8], second: i64) -> Result<(), Unsigned> {
        check(header, body, &Secret::from("whsec_test"), Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn an_event_is_stripes_where_its_signature_fits_and_is_of_now() {
        let header = format!("t=1790000000,v1={SIGNATURE},v0=6ffbb59b");
        assert_eq!(checked(&header, BODY, 1_790_000_299), Ok(()));
        assert_eq!(checked(&header, BODY, 1_790_000_301), Err(Unsigned::Old));
        assert_eq!(checked(&header, BODY, 1_789_999_699), Err(Unsigned::Old));
        assert_eq!(checked(&header, b"{}", 1_790_000_000), Err(Unsigned::Mismatch));
        let rolled = format!("t=1790000000,v1={},v1={SIGNATURE}", "0".repeat(64));
        assert_eq!(checked(&rolled, BODY, 1_790_000_000), Ok(()));
        let later = format!("t=1790000001,v1={SIGNATURE}");
        assert_eq!(checked(&later, BODY, 1_790_000_000), Err(Unsigned::Mismatch));
        for (header, error) in [
            ("", Unsigned::Header),
            ("v1=00", Unsigned::Header),
            ("t=now,v1=00", Unsigned::Header),
            ("t=1790000000", Unsigned::Mismatch),
            ("t=1790000000,v1=zz", Unsigned::Mismatch),
        ] {
            assert_eq!(checked(header, BODY, 1_790_000_000), Err(error), "{header}");
        }
    }

    #[test]
    fn an_event_tells_of_what_we_named_in_its_metadata() {
        let payment = oms_domain::OrderId::from_fresh(crate::config::random_uuid_v7()).payment(0);
        let event = |kind: &str, status: &str, metadata: Value| json!({ "type": kind, "data": { "object": { "id": "x", "status": status, "metadata": metadata } } });
        let paid = event("payment_intent.succeeded", "succeeded", json!({ "payment": payment }));
        assert!(matches!(read(&paid), Told::Charge(id, ChargeOutcome::Paid(_)) if id == payment));
        let failed =
            event("payment_intent.payment_failed", "requires_payment_method", json!({ "payment": payment }));
        assert!(matches!(read(&failed), Told::Charge(_, ChargeOutcome::Declined(..))));
        let back = event("refund.updated", "succeeded", json!({ "refund": payment.refund(1) }));
        assert_eq!(read(&back), Told::Refund(payment.refund(1), RefundOutcome::Succeeded));
        let not_yet = event("refund.created", "pending", json!({ "refund": payment.refund(1) }));
        let foreign = event("payment_intent.succeeded", "succeeded", json!({}));
        let other = event("customer.created", "succeeded", json!({ "payment": payment }));
        for event in [not_yet, foreign, other, json!({}), json!([])] {
            assert_eq!(read(&event), Told::Nothing, "{event}");
        }
    }
}
