//! What Stripe tells by itself: signed events, <https://docs.stripe.com/webhooks#verify-manually>.

use super::stripe::answers::{minor_units, outcome, refund_outcome, units_in};
use jiff::Timestamp;
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::ChargeOutcome;
use oms_domain::{Currency, Decimal, PaymentId, RefundId};
use oms_runtime::config::Secret;
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
pub enum Reported {
    /// How a charge ended.
    Charge(PaymentId, ChargeOutcome, Figures),
    /// How a refund ended.
    Refund(RefundId, RefundOutcome, Figures),
    /// Where a dispute over a charge stands.
    Dispute(Disputed, Figures),
    /// Nothing.
    Nothing,
}

/// A dispute over the charge of a PaymentIntent, in Stripe's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// The PaymentIntent, whose metadata names the payment.
    pub intent: String,
    /// The dispute.
    pub id: String,
    /// Where it stands.
    pub status: String,
    /// Why.
    pub reason: String,
}

/// Of how much money an event speaks, and whether it is real.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    units: Option<i64>,
    currency: String,
    is_live: Option<bool>,
}

impl Figures {
    fn of(event: &Value) -> Self {
        let object = &event["data"]["object"];
        Self {
            units: object["amount"].as_i64(),
            currency: object["currency"].as_str().unwrap_or_default().to_ascii_uppercase(),
            is_live: event["livemode"].as_bool(),
        }
    }

    /// How much it is; nothing where it is in another currency.
    #[must_use]
    pub fn amount_in(&self, currency: Currency) -> Option<Decimal> {
        self.units.filter(|_| self.currency == currency.code()).map(|units| units_in(units, currency))
    }

    /// What it says that cannot be, where `amount` was asked for, for a person to read.
    /// `is_live` is whether our key moves real money, where there is one.
    #[must_use]
    pub fn contradict(&self, amount: Decimal, currency: Currency, is_live: Option<bool>) -> Option<String> {
        let asked = format!("{amount} {}", currency.code());
        let Some(units) = self.units else { return self.contradict_mode(is_live) };
        if self.currency == currency.code() && Some(units) == minor_units(amount, currency) {
            return self.contradict_mode(is_live);
        }
        let said = Currency::from_code(&self.currency).map(|currency| units_in(units, currency));
        let said = said.map_or_else(|| units.to_string(), |amount| format!("{amount} {}", self.currency));
        Some(format!("Stripe reports {said} where {asked} was asked for."))
    }

    /// The same of the mode alone.
    #[must_use]
    pub fn contradict_mode(&self, is_live: Option<bool>) -> Option<String> {
        let (said, ours) = self.is_live.zip(is_live)?;
        let mode = if said { "live" } else { "test" };
        (said != ours).then(|| format!("Stripe reports it in {mode} mode, which is not this shop's."))
    }
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
pub fn read(event: &Value) -> Reported {
    let object = &event["data"]["object"];
    let named = |name: &str| object["metadata"][name].as_str().map(str::to_owned);
    match event["type"].as_str().unwrap_or_default() {
        "payment_intent.succeeded" | "payment_intent.payment_failed" | "payment_intent.canceled" => {
            let payment = named("payment").and_then(|id| id.parse().ok());
            let told = payment.zip(outcome(object));
            told.map_or(Reported::Nothing, |(payment, outcome)| {
                Reported::Charge(payment, outcome, Figures::of(event))
            })
        }
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            let refund = named("refund").and_then(|id| id.parse().ok());
            let told = refund.zip(refund_outcome(object));
            told.map_or(Reported::Nothing, |(refund, outcome)| {
                Reported::Refund(refund, outcome, Figures::of(event))
            })
        }
        "charge.dispute.created" | "charge.dispute.updated" | "charge.dispute.closed" => {
            let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
            let intent = text("payment_intent");
            let disputed = || {
                let (id, status, reason) = (text("id"), text("status"), text("reason"));
                Reported::Dispute(Disputed { intent: intent.clone(), id, status, reason }, Figures::of(event))
            };
            if is_name(&intent) { disputed() } else { Reported::Nothing }
        }
        _ => Reported::Nothing,
    }
}

/// Whether a text can be a name of Stripe's, and so stand in a path.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
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
        let payment = oms_domain::OrderId::from_fresh(oms_runtime::ids::random_uuid_v7()).payment(0);
        let event = |kind: &str, status: &str, metadata: Value| json!({ "type": kind, "data": { "object": { "id": "x", "status": status, "metadata": metadata } } });
        let paid = event("payment_intent.succeeded", "succeeded", json!({ "payment": payment }));
        assert!(matches!(read(&paid), Reported::Charge(id, ChargeOutcome::Paid(_), _) if id == payment));
        let failed =
            event("payment_intent.payment_failed", "requires_payment_method", json!({ "payment": payment }));
        assert!(matches!(read(&failed), Reported::Charge(_, ChargeOutcome::Declined(..), _)));
        let back = event("refund.updated", "succeeded", json!({ "refund": payment.refund(1) }));
        let refund = payment.refund(1);
        assert!(matches!(read(&back), Reported::Refund(id, RefundOutcome::Succeeded, _) if id == refund));
        let dispute = json!({
            "type": "charge.dispute.created", "livemode": false, "data": { "object": {
                "id": "dp_1", "payment_intent": "pi_1", "status": "needs_response", "reason": "fraudulent",
                "amount": 7598, "currency": "usd",
            } },
        });
        let Reported::Dispute(disputed, figures) = read(&dispute) else { panic!("it is a dispute") };
        assert_eq!((&*disputed.intent, &*disputed.status), ("pi_1", "needs_response"));
        assert_eq!(figures.amount_in(Currency::USD), Some(Decimal::new(7598, 2)));
        assert_eq!(figures.amount_in(Currency::EUR), None);
        let mut elsewhere = dispute;
        elsewhere["data"]["object"]["payment_intent"] = json!("pi_1/../../v1/balance");
        assert_eq!(read(&elsewhere), Reported::Nothing);
        let not_yet = event("refund.created", "pending", json!({ "refund": payment.refund(1) }));
        let foreign = event("payment_intent.succeeded", "succeeded", json!({}));
        let other = event("customer.created", "succeeded", json!({ "payment": payment }));
        for event in [not_yet, foreign, other, json!({}), json!([])] {
            assert_eq!(read(&event), Reported::Nothing, "{event}");
        }
    }

    #[test]
    fn an_event_about_other_money_than_was_asked_for_contradicts() {
        let figures = |amount: Value, currency: &str, live: Value| {
            let object = json!({ "amount": amount, "currency": currency });
            Figures::of(&json!({ "livemode": live, "data": { "object": object } }))
        };
        let said = |figures: Figures| figures.contradict(Decimal::new(7598, 2), Currency::USD, Some(false));
        assert_eq!(said(figures(json!(7598), "usd", json!(false))), None);
        assert_eq!(said(figures(json!(7598), "usd", json!(null))), None);
        assert_eq!(said(figures(json!(null), "", json!(false))), None, "it says nothing");
        for (wrong, words) in [
            (figures(json!(7599), "usd", json!(false)), "75.99 USD where 75.98 USD"),
            (figures(json!(7598), "jpy", json!(false)), "7598 JPY where 75.98 USD"),
            (figures(json!(7598), "?", json!(false)), "7598 where 75.98 USD"),
            (figures(json!(7598), "usd", json!(true)), "live mode"),
        ] {
            let text = said(wrong.clone()).unwrap_or_default();
            assert!(text.contains(words), "{wrong:?}: {text}");
        }
    }
}
