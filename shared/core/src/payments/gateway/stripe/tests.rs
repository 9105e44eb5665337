use super::answers::units_in;
use super::*;
use crate::testing::Server;
use oms_domain::{Currency, Decimal};
use oms_domain::{OrderId, PaymentId};
use oms_runtime::ids::random_uuid_v7;
use serde_json::json;

#[test]
fn amounts_are_in_the_currencys_smallest_unit() {
    for (amount, currency, units) in [
        ("42.99", Currency::USD, Some(4299)),
        ("1500", Currency::JPY, Some(1500)),
        ("1.230", Currency::KWD, Some(1230)),
        ("1.234", Currency::KWD, None),
        ("500", Currency::ISK, Some(50_000)),
        ("7.00", Currency::MGA, Some(7)),
        ("7.50", Currency::MGA, None),
    ] {
        let amount: Decimal = amount.parse().unwrap();
        assert_eq!(minor_units(amount, currency), units, "{amount} {currency:?}");
        assert!(units.is_none_or(|units| units_in(units, currency) == amount), "{amount} {currency:?}");
    }
}

#[test]
fn an_error_is_a_decline_or_leaves_the_question_open() {
    let decline = json!({ "error": {
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.", "payment_intent": { "id": "pi_1" },
    }});
    let ChargeOutcome::Declined(response, why) = refusal(StatusCode::PAYMENT_REQUIRED, &decline).unwrap()
    else {
        panic!("it is a decline")
    };
    assert_eq!((&response["id"], &response["decline_code"]), (&json!("pi_1"), &json!("insufficient_funds")));
    assert_eq!(why, "Your card has insufficient funds.");
    let reused = json!({ "error": { "type": "idempotency_error" } });
    for (status, body) in [(400, &reused), (401, &decline), (409, &decline), (429, &decline), (500, &decline)]
    {
        assert!(refusal(StatusCode::from_u16(status).unwrap(), body).is_err(), "{status}");
    }
}

const LONG_AGO: SignedDuration = SignedDuration::from_hours(21);

/// Stripe, where it is a server that answers as a script says: the first part of the request line
/// (`GET /v1/refunds?`), the status, the body. What is not in it is 599.
fn scripted(script: &'static [(&'static str, u16, &'static str)]) -> (Stripe, Server) {
    let server = Server::saying(move |line| {
        let said = script.iter().find(|(begin, ..)| line.starts_with(begin));
        said.map_or((599, "{}".to_owned()), |(_, status, body)| (*status, (*body).to_owned()))
    });
    let config = StripeConfig { secret_key: Secret::from("sk_test_1"), api_url: server.url.clone() };
    (Stripe::new(config), server)
}

fn payment() -> PaymentId {
    OrderId::from_fresh(random_uuid_v7()).payment(0)
}

async fn refunds(stripe: &Stripe, age: SignedDuration) -> Result<RefundOutcome, GatewayError> {
    let charged = Map::from_iter([("id".to_owned(), json!("pi_1"))]);
    let since = now() - age;
    let (refund, amount) = (payment().refund(0), Decimal::TEN);
    stripe.refund(RefundRequest { refund, amount, currency: Currency::USD, charged: &charged, since }).await
}

async fn charges(stripe: &Stripe, age: SignedDuration) -> Result<ChargeOutcome, GatewayError> {
    let details = Map::from_iter([("token".to_owned(), json!("pm_card_visa"))]);
    let since = now() - age;
    let (amount, currency) = (Decimal::TEN, Currency::USD);
    let customer = Customer::Away;
    let charge = Charge { payment: payment(), amount, currency, details: &details, since, customer };
    match stripe.charge(charge).await? {
        Charged::Ended(answer) => Ok(answer.outcome),
        Charged::Asks(next) => panic!("nobody is there for {}", next.kind),
    }
}

/// What could be read as "there is no such thing": none of it says so.
const NO_ANSWERS: [(u16, &str); 8] = [
    (401, r#"{"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}"#),
    (403, r#"{"error": {"type": "invalid_request_error"}}"#),
    (404, r#"{"error": {"type": "invalid_request_error"}}"#),
    (429, r#"{"error": {"type": "rate_limit_error"}}"#),
    (500, r#"{"error": {"type": "api_error"}}"#),
    (302, r#"{"status": "succeeded", "data": [], "has_more": false}"#),
    (200, "{}"),
    (200, r#"{"data": []}"#),
];

#[tokio::test]
async fn a_lookup_that_fails_pays_nobody_back_a_second_time() {
    for (status, body) in NO_ANSWERS {
        let script = Vec::leak(vec![
            ("GET /v1/refunds?", status, body),
            ("POST ", 200, r#"{"id": "re_1", "status": "succeeded"}"#),
        ]);
        let (stripe, server) = scripted(script);
        let outcome = refunds(&stripe, LONG_AGO).await;
        assert!(matches!(outcome, Err(GatewayError::Undecided(_))), "{status} {body}: {outcome:?}");
        assert_eq!(server.calls(), 1, "{status} {body}: it was paid again");
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_read_decides_nothing() {
    for (status, body) in NO_ANSWERS {
        let open = Vec::leak(vec![
            ("POST /v1/refunds", 200, r#"{"id": "re_1", "status": "pending"}"#),
            ("GET /v1/refunds/re_1", status, body),
            ("POST /v1/payment_intents/pi_1/cancel", status, body),
            ("POST /v1/payment_intents", 200, r#"{"id": "pi_1", "status": "requires_action"}"#),
            ("GET /v1/payment_intents/pi_1", status, body),
        ]);
        let (stripe, _server) = scripted(open);
        let refund = refunds(&stripe, SignedDuration::ZERO).await;
        assert!(matches!(refund, Err(GatewayError::Undecided(_))), "{status} {body}: {refund:?}");
        let charge = charges(&stripe, SignedDuration::ZERO).await;
        assert!(matches!(charge, Err(GatewayError::Undecided(_))), "{status} {body}: {charge:?}");
        let search = Vec::leak(vec![("GET /v1/payment_intents/search?", status, body)]);
        let (stripe, server) = scripted(search);
        let charge = charges(&stripe, LONG_AGO).await;
        assert!(matches!(charge, Err(GatewayError::Undecided(_))), "{status} {body}: {charge:?}");
        assert_eq!(server.calls(), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn an_old_refund_is_looked_for_on_every_page_and_only_then_sent() {
    let refund = payment().refund(0);
    let charged = Map::from_iter([("id".to_owned(), json!("pi_1"))]);
    let give_back = |refund| RefundRequest {
        refund,
        amount: Decimal::TEN,
        currency: Currency::USD,
        charged: &charged,
        since: now() - LONG_AGO,
    };
    let server = Server::saying(move |line| {
        let page = if line.starts_with("POST ") {
            json!({ "id": "re_new", "status": "succeeded" })
        } else if line.contains("starting_after=re_100") {
            json!({ "has_more": false, "data": [{ "id": "re_101", "status": "failed", "metadata": { "refund": refund } }] })
        } else {
            json!({ "has_more": true, "data": [{ "id": "re_1", "metadata": {} }, { "id": "re_100" }] })
        };
        (200, page.to_string())
    });
    let config = StripeConfig { secret_key: Secret::from("sk_test_1"), api_url: server.url.clone() };
    let stripe = Stripe::new(config);
    assert_eq!(stripe.refund(give_back(refund)).await.unwrap(), RefundOutcome::Refused);
    assert_eq!(server.calls(), 2);
    // Stripe has never heard of this one.
    assert_eq!(stripe.refund(give_back(payment().refund(0))).await.unwrap(), RefundOutcome::Succeeded);
    assert_eq!(server.calls(), 5);
}

#[tokio::test]
async fn a_charge_that_the_search_does_not_find_was_not_sent_once_its_index_must_have_it() {
    let (stripe, _server) =
        scripted(&[("GET /v1/payment_intents/search?", 200, r#"{"data": [], "has_more": false}"#)]);
    let young = charges(&stripe, LONG_AGO).await;
    assert!(matches!(young, Err(GatewayError::Undecided(_))), "{young:?}");
    let old = charges(&stripe, SignedDuration::from_hours(27)).await.unwrap();
    assert!(matches!(old, ChargeOutcome::Declined(response, _) if response["decline_code"] == "not_sent"));
}

#[tokio::test]
async fn what_the_search_shows_of_a_charge_may_be_out_of_date() {
    let (stripe, _server) = scripted(&[
        (
            "GET /v1/payment_intents/search?",
            200,
            r#"{"data": [{"id": "pi_1", "status": "requires_payment_method"}]}"#,
        ),
        ("GET /v1/payment_intents/pi_1", 200, r#"{"id": "pi_1", "status": "succeeded"}"#),
    ]);
    let found = charges(&stripe, LONG_AGO).await.unwrap();
    assert!(matches!(found, ChargeOutcome::Paid(_)), "{found:?}");
}
