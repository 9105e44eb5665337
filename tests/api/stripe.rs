//! Stripe, as localstripe stands in for it, and its signed events.

use oms_tests::localstripe::{LocalStripe, signature};
use oms_tests::shop::text;
use oms_tests::stack::WEBHOOK_SECRET;
use oms_tests::{Client, Cut, Function, Person, Shop, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// A payment of a new order of one mug, with a payment method of Stripe's.
async fn payment_of(ada: &Person, shop: &Shop, method: &str) -> Value {
    let mug = shop.sells("Mug", 1).await;
    let order = ada.order(shop, &mug, 1).await;
    let new = json!({
        "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": method },
    });
    ada.client.post("/api/payments/", new).await.expect(201)
}

fn path_of(payment: &Value) -> String {
    format!("/api/payments/{}/", text(&payment["id"]))
}

/// Asks a function for something, as somebody.
async fn asks(function: &mut Function, who: &Person, path: &str, body: Value) -> (u16, Value) {
    function.request(who.client.token(), path, &body).await.expect("the function lives")
}

#[tokio::test]
async fn a_card_is_charged_and_paid_back_in_parts_through_stripe() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let payment = payment_of(&ada, &shop, "pm_card_visa").await;
    let path = path_of(&payment);
    let (status, paid) = asks(&mut payments, &ada, &format!("{path}process_payment/"), json!({})).await;
    assert_eq!((status, &paid["status"]), (200, &json!("paid")), "{paid}");
    let intents = stripe.of("payment_intents", "payment", &payment["id"]).await;
    let [intent] = &intents[..] else { panic!("one intent: {intents:?}") };
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(4299), &json!("usd")));
    assert_eq!(paid["gateway_response"]["id"], intent["id"]);
    assert_eq!(paid["gateway_response"]["gateway"], "stripe");
    assert!(!paid.to_string().contains("secret"), "{paid}");

    let refund = format!("{path}refund_payment/");
    let (status, part) = asks(&mut payments, &shop.vendor, &refund, json!({ "amount": "10.00" })).await;
    assert_eq!((status, &part["status"]), (200, &json!("partially_refunded")), "{part}");
    let (status, whole) = asks(&mut payments, &shop.vendor, &refund, json!({})).await;
    assert_eq!((status, &whole["refunded_amount"]), (200, &json!("42.99")), "{whole}");
    let mut back = Vec::new();
    for refund in whole["refunds"].as_array().expect("refunds") {
        let known = stripe.of("refunds", "refund", &refund["id"]).await;
        back.extend(known.iter().map(|one| one["amount"].clone()));
    }
    assert_eq!(back, [1000, 3299]);
}

#[tokio::test]
async fn a_decline_of_stripes_reads_well_and_a_method_that_it_does_not_know_is_one() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    // Of this card the bank asks its owner, whom we cannot ask: the intent is called off.
    let asks_owner = stripe.card("4000002500003155").await;
    for (method, code) in [
        ("pm_card_chargeCustomerFail", "card_declined"),
        ("pm_of_another_world", "invalid_request_error"),
        (&*asks_owner, "authentication_required"),
    ] {
        let payment = payment_of(&ada, &shop, method).await;
        let process = format!("{}process_payment/", path_of(&payment));
        let (status, declined) = asks(&mut payments, &ada, &process, json!({})).await;
        assert_eq!((status, &declined["error"]), (402, &json!("Payment was declined")), "{declined}");
        assert_eq!(declined["details"]["decline_code"], code, "{declined}");
        assert_ne!(declined["details"]["error_message"], "", "{declined}");
        assert_eq!(ada.client.get(&path_of(&payment)).await.expect(200)["status"], "failed");
        let intents = stripe.of("payment_intents", "payment", &payment["id"]).await;
        assert!(intents.iter().all(|intent| intent["status"] != "succeeded"), "{intents:?}");
    }
}

#[tokio::test]
async fn an_answer_of_stripes_that_got_lost_is_asked_for_again_and_nobody_is_charged_twice() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let mut worker = Function::start("job-worker", &stripe.environment()).await;
    for cut in [Cut::Before(0), Cut::After(0)] {
        let payment = payment_of(&ada, &shop, "pm_card_visa").await;
        let path = path_of(&payment);
        stripe.proxy.cut(Some(cut), None);
        let (status, waits) = asks(&mut payments, &ada, &format!("{path}process_payment/"), json!({})).await;
        assert_eq!((status, &waits["status"]), (202, &json!("processing")), "{cut:?}: {waits}");
        settle(&mut worker, &payment["order"]).await;
        assert_eq!(ada.client.get(&path).await.expect(200)["status"], "paid", "{cut:?}");
        assert_eq!(stripe.of("payment_intents", "payment", &payment["id"]).await.len(), 1, "{cut:?}");

        stripe.proxy.cut(Some(cut), None);
        let refund = json!({ "amount": "10.00" });
        let (status, waits) =
            asks(&mut payments, &shop.staff, &format!("{path}refund_payment/"), refund).await;
        assert_eq!((status, &waits["refunds"][0]["status"]), (202, &json!("pending")), "{cut:?}: {waits}");
        settle(&mut worker, &payment["order"]).await;
        let settled = ada.client.get(&path).await.expect(200);
        assert_eq!(settled["refunded_amount"], "10.00", "{cut:?}");
        assert_eq!(stripe.of("refunds", "refund", &settled["refunds"][0]["id"]).await.len(), 1, "{cut:?}");
    }
}

/// What the queue brings to a worker that asks Stripe; the stack's own asks the simulated gateway,
/// and keeps its hands off payments of Stripe's.
async fn settle(worker: &mut Function, order: &Value) {
    let job = json!({ "job": "settle_payment", "order": order });
    let event = json!({ "Records": [{ "messageId": "1", "body": job.to_string() }] });
    let answer = worker.invoke(event).await.expect("the worker lives");
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
}

#[tokio::test]
async fn what_stripe_tells_by_itself_finishes_a_payment_once() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    stripe.tells_the_stack().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let payment = payment_of(&ada, &shop, "pm_card_visa").await;
    let path = path_of(&payment);
    // Stripe charges and its answer gets lost; what it tells comes a second later.
    stripe.proxy.cut(Some(Cut::After(0)), None);
    let (status, _) = asks(&mut payments, &ada, &format!("{path}process_payment/"), json!({})).await;
    assert_eq!(status, 202);
    let get = || async { ada.client.get(&path).await.expect(200) };
    let paid = eventually(get, |payment| payment["status"] == "paid").await;
    let intent = stripe.of("payment_intents", "payment", &payment["id"]).await.remove(0);
    assert_eq!(paid["gateway_response"]["id"], intent["id"]);

    // The same again, and a contradiction that comes late, change nothing.
    let version = async || {
        let order = format!("/api/orders/{}/", text(&payment["order"]));
        ada.client.get(&order).await.expect(200)["version"].clone()
    };
    let before = version().await;
    let mut failed = intent.clone();
    failed["status"] = json!("requires_payment_method");
    for (kind, object) in [("payment_intent.succeeded", &intent), ("payment_intent.payment_failed", &failed)]
    {
        let event = json!({ "id": "evt_1", "type": kind, "data": { "object": object } });
        let answer = tells(&event.to_string(), jiff::Timestamp::now().as_second(), WEBHOOK_SECRET).await;
        assert_eq!((answer.status, &answer.body), (200, &json!({ "received": true })));
    }
    assert_eq!(version().await, before);
}

/// Tells the stack an event, signed with a secret at some time.
async fn tells(event: &str, at: i64, secret: &str) -> oms_tests::Answer {
    let signature = signature(event, at, secret);
    let body = serde_json::from_str(event).expect("JSON");
    let headers = [("Stripe-Signature", signature.as_str())];
    Client::stranger().send(Method::POST, "/api/payments/webhook/", Some(body), &headers).await
}

/// Tells the stack an event of Stripe's of now.
pub(crate) async fn tell(event: &Value) -> oms_tests::Answer {
    tells(&event.to_string(), jiff::Timestamp::now().as_second(), WEBHOOK_SECRET).await
}

#[tokio::test]
async fn an_event_that_is_not_stripes_or_not_of_now_is_refused_and_one_of_no_concern_is_taken() {
    let now = jiff::Timestamp::now().as_second();
    let event = json!({ "type": "customer.created" }).to_string();
    assert_eq!(tells(&event, now, WEBHOOK_SECRET).await.status, 200);
    for (at, secret, why) in [
        (now, "whsec_guessed", "The signature does not match."),
        (now - 301, WEBHOOK_SECRET, "The timestamp is outside the tolerance."),
    ] {
        let refused = tells(&event, at, secret).await;
        assert_eq!((refused.status, refused.error()), (400, why));
        assert_eq!(refused.body["code"], "invalid_signature");
    }
    let unsigned = Client::stranger().post("/api/payments/webhook/", json!({})).await;
    assert_eq!((unsigned.status, unsigned.error()), (400, "Invalid Stripe-Signature header."));
}

#[tokio::test]
async fn an_event_about_somebody_elses_payment_moves_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let payment = payment_of(&ada, &shop, "tok_timeout_before").await;
    let process = format!("{}process_payment/", path_of(&payment));
    assert_eq!(ada.client.post(&process, json!({})).await.status, 202);
    // A payment of the simulated gateway is none of Stripe's business.
    let object = json!({
        "id": "pi_1", "status": "requires_payment_method", "metadata": { "payment": payment["id"] },
    });
    let event = json!({ "type": "payment_intent.payment_failed", "data": { "object": object } });
    let now = jiff::Timestamp::now().as_second();
    assert_eq!(tells(&event.to_string(), now, WEBHOOK_SECRET).await.status, 200);
    let get = || async { ada.client.get(&path_of(&payment)).await.expect(200) };
    eventually(get, |payment| payment["status"] == "paid").await;
}
